/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Services by the responder's port (IANA's names of 1998, as the data set spells
 * them), ICMP by message type.  In the data set UDP knows only domain_u, ntp_u, tftp_u,
 * private and other.  "private" is IANA's dynamic range; what has no name is "other".
 */
#include "feature/kdd_service.h"

enum { DYNAMIC_PORTS = 49152 };

struct port_service {
    uint16_t port;
    const char *name;
};

/* Sorted by port: find_port() halves. */
static const struct port_service tcp_services[] = {
    {5, "rje"},         {7, "echo"},         {9, "discard"},       {11, "systat"},
    {13, "daytime"},    {15, "netstat"},     {20, "ftp_data"},     {21, "ftp"},
    {22, "ssh"},        {23, "telnet"},      {25, "smtp"},         {37, "time"},
    {42, "name"},       {43, "whois"},       {53, "domain"},       {57, "mtp"},
    {70, "gopher"},     {71, "remote_job"},  {77, "rje"},          {79, "finger"},
    {80, "http"},       {84, "ctf"},         {87, "link"},         {95, "supdup"},
    {101, "hostnames"}, {102, "iso_tsap"},   {105, "csnet_ns"},    {109, "pop_2"},
    {110, "pop_3"},     {111, "sunrpc"},     {113, "auth"},        {117, "uucp_path"},
    {119, "nntp"},      {137, "netbios_ns"}, {138, "netbios_dgm"}, {139, "netbios_ssn"},
    {143, "imap4"},     {150, "sql_net"},    {175, "vmnet"},       {179, "bgp"},
    {194, "IRC"},       {210, "Z39_50"},     {389, "ldap"},        {433, "nnsp"},
    {443, "http_443"},  {512, "exec"},       {513, "login"},       {514, "shell"},
    {515, "printer"},   {520, "efs"},        {530, "courier"},     {540, "uucp"},
    {543, "klogin"},    {544, "kshell"},     {1521, "sql_net"},    {2784, "http_2784"},
    {5190, "aol"},      {6000, "X11"},       {6667, "IRC"},        {8001, "http_8001"},
    {8080, "http"},
};

static const struct port_service udp_services[] = {
    {53, "domain_u"},
    {69, "tftp_u"},
    {123, "ntp_u"},
};

static const char *find_port(const struct port_service *table, size_t n, uint16_t port)
{
    size_t lo = 0;
    size_t hi = n;

    while (lo < hi) {
        size_t mid = (lo + hi) / 2;

        if (table[mid].port == port)
            return table[mid].name;
        if (table[mid].port < port)
            lo = mid + 1;
        else
            hi = mid;
    }
    return port >= DYNAMIC_PORTS ? "private" : "other";
}

/* RFC 792 types; ICMPv6 (RFC 4443) by the same meanings. */
static const char *icmp_service(const struct lw_record *rec)
{
    bool v6 = rec->kind == LW_FLOW_ICMP6;

    switch (v6 ? rec->icmp_type + 1000 : rec->icmp_type) {
    case 0:
    case 1129:
        return "ecr_i";
    case 8:
    case 1128:
        return "eco_i";
    case 3: /* unreachable: host or port and protocol */
        return rec->icmp_code == 1 ? "urh_i" : "urp_i";
    case 1001:
        return rec->icmp_code == 4 ? "urp_i" : "urh_i";
    case 5:
    case 1137:
        return "red_i";
    case 11:
    case 1003:
        return "tim_i";
    default:
        return "other";
    }
}

const char *kdd_service_name(const struct lw_record *rec)
{
    uint16_t port = rec->port[1 - lw_record_initiator(rec)];

    if (rec->kind == LW_FLOW_TCP)
        return find_port(tcp_services, sizeof tcp_services / sizeof tcp_services[0],
                         port);
    if (rec->kind == LW_FLOW_UDP)
        return find_port(udp_services, sizeof udp_services / sizeof udp_services[0],
                         port);
    if (rec->kind == LW_FLOW_ICMP || rec->kind == LW_FLOW_ICMP6)
        return icmp_service(rec);
    return "other";
}

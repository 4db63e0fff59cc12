/* SPDX-License-Identifier: Apache-2.0 */
/* A flow record as a `netflow` row; sides are initiator and responder. */
#include "base/timefmt.h"
#include "feature/extract_priv.h"
#include "feature/view_table.h"

#include <math.h>
#include <string.h>

enum { WELL_KNOWN_PORTS = 1024, DYNAMIC_PORTS = 49152 };

static const struct {
    uint16_t port;
    const char *service;
} buckets[] = {
    {20, "ftp"},        {21, "ftp"},      {22, "ssh"},      {23, "telnet"},
    {25, "smtp"},       {53, "dns"},      {67, "dhcp"},     {68, "dhcp"},
    {69, "tftp"},       {80, "http"},     {110, "pop3"},    {123, "ntp"},
    {137, "netbios"},   {138, "netbios"}, {139, "netbios"}, {143, "imap"},
    {161, "snmp"},      {162, "snmp"},    {389, "ldap"},    {443, "https"},
    {445, "smb"},       {465, "smtp"},    {514, "syslog"},  {587, "smtp"},
    {636, "ldap"},      {993, "imap"},    {995, "pop3"},    {1433, "database"},
    {1521, "database"}, {1883, "mqtt"},   {1900, "ssdp"},   {3306, "database"},
    {3389, "rdp"},      {5060, "sip"},    {5353, "mdns"},   {5432, "database"},
    {6667, "irc"},      {8080, "http"},   {8443, "https"},  {8883, "mqtt"},
};

static const char *service_bucket(const struct lw_record *rec, unsigned to)
{
    uint16_t port = rec->port[to];

    if (!rec->has_ports)
        return "none";
    for (size_t i = 0; i < sizeof buckets / sizeof buckets[0]; i++)
        if (buckets[i].port == port)
            return buckets[i].service;
    if (port < WELL_KNOWN_PORTS)
        return "system";
    return port < DYNAMIC_PORTS ? "registered" : "dynamic";
}

/* The name's code, or that of "other" for one that the view does not list. */
static float category(enum netflow_column column, const char *name)
{
    const struct lw_feature *f = &view_netflow.features[column];
    float code = lw_feature_category(f, name);

    return code >= 0 ? code : lw_feature_category(f, "other");
}

static void fill_flags(const struct lw_side *s, enum netflow_column first, float *v)
{
    static const uint8_t bits[] = {LW_TCP_FIN, LW_TCP_SYN, LW_TCP_RST, LW_TCP_PSH,
                                   LW_TCP_ACK};

    for (size_t i = 0; i < sizeof bits; i++)
        v[first + i] = (s->tcp_flags & bits[i]) != 0 ? 1.0f : 0.0f;
}

static void fill_volume(const struct lw_record *rec, const struct lw_side *src,
                        const struct lw_side *dst, float *v)
{
    double seconds = (double)(rec->end_ns - rec->start_ns) / (double)NS_PER_S;
    double packets = (double)(src->packets + dst->packets);
    double bytes = (double)(src->frame_bytes + dst->frame_bytes);

    v[NETFLOW_duration] = (float)seconds;
    v[NETFLOW_total_packets] = (float)packets;
    v[NETFLOW_total_bytes] = (float)bytes;
    v[NETFLOW_src_packets] = (float)src->packets;
    v[NETFLOW_dst_packets] = (float)dst->packets;
    v[NETFLOW_src_bytes] = (float)src->frame_bytes;
    v[NETFLOW_dst_bytes] = (float)dst->frame_bytes;
    v[NETFLOW_bytes_per_packet] = packets > 0 ? (float)(bytes / packets) : NAN;
    v[NETFLOW_src_byte_share] =
        bytes > 0 ? (float)((double)src->frame_bytes / bytes) : NAN;
    v[NETFLOW_packets_per_s] = seconds > 0 ? (float)(packets / seconds) : NAN;
    v[NETFLOW_bytes_per_s] = seconds > 0 ? (float)(bytes / seconds) : NAN;
}

void netflow_make_row(const struct lw_record *rec, float *values)
{
    unsigned from = lw_record_initiator(rec);
    const struct lw_side *src = &rec->side[from];
    const struct lw_side *dst = &rec->side[1 - from];
    bool tcp = rec->kind == LW_FLOW_TCP;

    values[NETFLOW_protocol] = category(NETFLOW_protocol, lw_flow_kind_name(rec->kind));
    values[NETFLOW_direction] = category(NETFLOW_direction, lw_dir_name(rec->dir));
    values[NETFLOW_state] = category(NETFLOW_state, tcp ? "tcp" : rec->state);
    values[NETFLOW_service] = category(NETFLOW_service, service_bucket(rec, 1 - from));
    values[NETFLOW_src_tos] = src->packets > 0 ? (float)src->tos : NAN;
    values[NETFLOW_dst_tos] = dst->packets > 0 ? (float)dst->tos : NAN;
    fill_volume(rec, src, dst, values);
    fill_flags(src, NETFLOW_src_fin, values);
    fill_flags(dst, NETFLOW_dst_fin, values);
}

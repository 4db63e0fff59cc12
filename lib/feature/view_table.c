/* SPDX-License-Identifier: Apache-2.0 */
/* The .def rows, unfolded into the tables of every view. */
#include "feature/view_table.h"

#define KDD_SOURCE     "KDD Cup 1999 task description"
#define NETFLOW_SOURCE "flow record, CTU-13 columns"

enum { M = LW_EVIDENCE_MEASURED, D = LW_EVIDENCE_DERIVED, U = LW_EVIDENCE_UNAVAILABLE };

static const char *const kdd_protocols[] = {"tcp", "udp", "icmp"};

static const char *const kdd_services[] = {
    "IRC",      "X11",         "Z39_50",     "aol",         "auth",    "bgp",
    "courier",  "csnet_ns",    "ctf",        "daytime",     "discard", "domain",
    "domain_u", "echo",        "eco_i",      "ecr_i",       "efs",     "exec",
    "finger",   "ftp",         "ftp_data",   "gopher",      "harvest", "hostnames",
    "http",     "http_2784",   "http_443",   "http_8001",   "imap4",   "iso_tsap",
    "klogin",   "kshell",      "ldap",       "link",        "login",   "mtp",
    "name",     "netbios_dgm", "netbios_ns", "netbios_ssn", "netstat", "nnsp",
    "nntp",     "ntp_u",       "other",      "pm_dump",     "pop_2",   "pop_3",
    "printer",  "private",     "red_i",      "remote_job",  "rje",     "shell",
    "smtp",     "sql_net",     "ssh",        "sunrpc",      "supdup",  "systat",
    "telnet",   "tftp_u",      "tim_i",      "time",        "urh_i",   "urp_i",
    "uucp",     "uucp_path",   "vmnet",      "whois",
};

static const char *const kdd_flags[] = {"SF", "S0", "REJ",    "RSTR", "RSTO", "S1",
                                        "SH", "S2", "RSTOS0", "S3",   "OTH"};

static const char *const netflow_protocols[] = {
    "tcp", "udp", "icmp", "ipv6-icmp", "igmp", "arp", "esp", "gre", "sctp", "other"};

static const char *const netflow_directions[] = {
#define DIR_NAME(name, text) text,
    LW_DIR_LIST(DIR_NAME)
#undef DIR_NAME
};

/* Argus' words for what is not TCP (ra(1) and argus' argus_print). */
static const char *const netflow_states[] = {
    "tcp", "CON", "INT", "REQ", "RSP",   "ACC",    "RED",    "ECO", "ECR",
    "URP", "URH", "URN", "URF", "URFIL", "URHPRO", "URNPRO", "SRC", "TXD",
    "PAR", "MAS", "MSR", "IRQ", "IRR",   "TST",    "TSR",    "RTA", "RTS",
    "NRS", "NRA", "MHR", "MHA", "TIM",   "UNK",    "other"};

static const char *const netflow_services[] = {
    "ftp",   "ssh",  "telnet",   "smtp",    "dns",        "dhcp",    "tftp",
    "http",  "pop3", "ntp",      "netbios", "imap",       "snmp",    "ldap",
    "https", "smb",  "syslog",   "rdp",     "sip",        "irc",     "mqtt",
    "ssdp",  "mdns", "database", "system",  "registered", "dynamic", "none"};

#define COUNT_OF(list) ((uint16_t)(sizeof(list) / sizeof((list)[0])))

#define NUMBER_ROW(n, al, un, p, b, z, wo, de, so)                                     \
    {.name = #n,                                                                       \
     .alias = (al),                                                                    \
     .unit = (un),                                                                     \
     .doc = (de),                                                                      \
     .source = (so),                                                                   \
     .words = (wo),                                                                    \
     .type = LW_FEATURE_NUMBER,                                                        \
     .evidence = {(enum lw_evidence)(p), (enum lw_evidence)(b),                        \
                  (enum lw_evidence)(z)}},
#define CATEGORY_ROW(n, al, list, p, b, z, wo, de, so)                                 \
    {.name = #n,                                                                       \
     .alias = (al),                                                                    \
     .unit = "",                                                                       \
     .doc = (de),                                                                      \
     .source = (so),                                                                   \
     .words = (wo),                                                                    \
     .categories = (list),                                                             \
     .type = LW_FEATURE_CATEGORY,                                                      \
     .n_categories = COUNT_OF(list),                                                   \
     .evidence = {(enum lw_evidence)(p), (enum lw_evidence)(b),                        \
                  (enum lw_evidence)(z)}},
#define NO_ROW(...)

#define NUM31(n, al, un, p, b, z, wo, de)                                              \
    NUMBER_ROW(n, al, un, p, b, z, wo, de, KDD_SOURCE)
#define NUM41 NUM31
#define CAT31(n, al, li, p, b, z, wo, de)                                              \
    CATEGORY_ROW(n, al, li, p, b, z, wo, de, KDD_SOURCE)
static const struct lw_feature kdd_features[] = {
#include "feature/kdd.def"
};
#undef NUM41
#undef CAT31

/* The request's order: the numbers, then the three categories. */
static const struct lw_feature kdd31_features[] = {
#define NUM41 NO_ROW
#define CAT31 NO_ROW
#include "feature/kdd.def"
#undef NUM31
#undef CAT31
#define NUM31 NO_ROW
#define CAT31(n, al, li, p, b, z, wo, de)                                              \
    CATEGORY_ROW(n, al, li, p, b, z, wo, de, KDD_SOURCE)
#include "feature/kdd.def"
#undef NUM31
#undef NUM41
#undef CAT31
};

#define NUM(n, al, un, p, b, z, wo, de)                                                \
    NUMBER_ROW(n, al, un, p, b, z, wo, de, NETFLOW_SOURCE)
#define CAT(n, al, li, p, b, z, wo, de)                                                \
    CATEGORY_ROW(n, al, li, p, b, z, wo, de, NETFLOW_SOURCE)
static const struct lw_feature netflow_features[] = {
#include "feature/netflow.def"
};
#undef NUM
#undef CAT

const struct lw_view view_kdd = {
    .name = "kdd",
    .doc = "the 41 features of the KDD Cup 1999",
    .version = 1,
    .n_features = COUNT_OF(kdd_features),
    .features = kdd_features,
};

const struct lw_view view_kdd31 = {
    .name = "kdd31",
    .doc = "the 31 of them that a classify request carries",
    .version = 1,
    .n_features = COUNT_OF(kdd31_features),
    .features = kdd31_features,
};

const struct lw_view view_netflow = {
    .name = "netflow",
    .doc = "what a flow record alone tells",
    .version = 1,
    .n_features = COUNT_OF(netflow_features),
    .features = netflow_features,
};

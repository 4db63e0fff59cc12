/* SPDX-License-Identifier: Apache-2.0 */
#include "proto_name.h"

#include <lapwing/record.h>

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

static const char *const kind_names[] = {
#define KIND_NAME(name, text) text,
    LW_FLOW_KIND_LIST(KIND_NAME)
#undef KIND_NAME
};

static const char *const dir_names[] = {
#define DIR_NAME(name, text) text,
    LW_DIR_LIST(DIR_NAME)
#undef DIR_NAME
};

static const char *const conn_names[] = {
#define CONN_NAME(name, text) text,
    LW_CONN_LIST(CONN_NAME)
#undef CONN_NAME
};

static const char *const end_names[] = {
#define END_NAME(name, text) text,
    LW_END_LIST(END_NAME)
#undef END_NAME
};

static const char *const tunnel_names[] = {
#define TUNNEL_NAME(name, text) text,
    LW_TUNNEL_LIST(TUNNEL_NAME)
#undef TUNNEL_NAME
};

const char *lw_flow_kind_name(enum lw_flow_kind kind)
{
    return (unsigned)kind < LW_N_FLOW_KINDS ? kind_names[kind] : "?";
}

const char *lw_dir_name(enum lw_dir dir)
{
    return (unsigned)dir < LW_N_DIRS ? dir_names[dir] : "?";
}

const char *lw_conn_name(enum lw_conn conn)
{
    return (unsigned)conn < LW_N_CONNS ? conn_names[conn] : "?";
}

const char *lw_end_reason_name(enum lw_end_reason reason)
{
    return (unsigned)reason < LW_N_END_REASONS ? end_names[reason] : "?";
}

const char *lw_tunnel_name(enum lw_tunnel_kind kind)
{
    return (unsigned)kind < LW_N_TUNNELS ? tunnel_names[kind] : "?";
}

unsigned lw_record_initiator(const struct lw_record *rec)
{
    return rec->initiator;
}

static bool has_macs(const struct lw_record *rec)
{
    return rec->ip_version == 0 && rec->kind != LW_FLOW_ARP;
}

static char *put_mac(char *p, const uint8_t bytes[6])
{
    static const char digits[] = "0123456789abcdef";

    for (unsigned i = 0; i < 6; i++) {
        if (i > 0)
            *p++ = ':';
        *p++ = digits[bytes[i] >> 4];
        *p++ = digits[bytes[i] & 15];
    }
    return p;
}

static char *put_ip4(char *p, const uint8_t bytes[4])
{
    for (unsigned i = 0; i < 4; i++) {
        unsigned v = bytes[i];

        if (i > 0)
            *p++ = '.';
        if (v >= 100)
            *p++ = (char)('0' + v / 100);
        if (v >= 10)
            *p++ = (char)('0' + v / 10 % 10);
        *p++ = (char)('0' + v % 10);
    }
    return p;
}

/* The commonest kinds by hand: formatting addresses is most of the work of printing a
 * flow. */
size_t lw_record_addr_text(const struct lw_record *rec, unsigned side,
                           char out[LW_ADDR_TEXT_MAX])
{
    const uint8_t *bytes = rec->addr[side].bytes;
    char *p = out;

    if (rec->ip_version == 6) {
        if (inet_ntop(AF_INET6, bytes, out, LW_ADDR_TEXT_MAX) != NULL)
            return strlen(out);
    } else {
        p = has_macs(rec) ? put_mac(out, bytes) : put_ip4(out, bytes);
    }
    *p = '\0';
    return (size_t)(p - out);
}

const char *lw_record_proto_text(const struct lw_record *rec, char out[16])
{
    const char *name;

    if (rec->kind == LW_FLOW_IP)
        return proto_name_of_ip(rec->protocol);
    if (rec->kind != LW_FLOW_OTHER)
        return lw_flow_kind_name(rec->kind);
    if (rec->ether_type < 1536)
        return "llc";
    name = proto_name_of_ether(rec->ether_type);
    if (name != NULL)
        return name;
    (void)snprintf(out, 16, "%u", rec->ether_type);
    return out;
}

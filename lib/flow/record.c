/* SPDX-License-Identifier: Apache-2.0 */
#include "base/put.h"
#include "proto_name.h"

#include <lapwing/record.h>

#include <stdio.h>

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

bool lw_record_heard(const struct lw_record *rec, unsigned side)
{
    const struct lw_side *s = &rec->side[side];
    bool sent = s->frame_bytes > 0 || s->ip_bytes > 0 || s->tcp_flags != 0;

    return sent || (s->packets > 0 && !(rec->lacks & LW_LACKS_SIDE_PACKETS));
}

unsigned lw_record_initiator(const struct lw_record *rec)
{
    return rec->initiator;
}

static bool has_macs(const struct lw_record *rec)
{
    return rec->ip_version == 0 && rec->kind != LW_FLOW_ARP;
}

size_t lw_record_addr_text(const struct lw_record *rec, unsigned side,
                           char out[LW_ADDR_TEXT_MAX])
{
    const uint8_t *bytes = rec->addr[side].bytes;
    char *end = rec->ip_version == 6 ? put_ip6(out, bytes)
                : has_macs(rec)      ? put_mac(out, bytes)
                                     : put_ip4(out, bytes);

    *end = '\0';
    return (size_t)(end - out);
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

/* SPDX-License-Identifier: Apache-2.0 */
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

unsigned lw_record_initiator(const struct lw_record *rec)
{
    return rec->dir == LW_DIR_BACKWARD || rec->dir == LW_DIR_MAYBE_BACK ? 1 : 0;
}

size_t lw_record_addr_text(const struct lw_record *rec, unsigned side,
                           char out[LW_ADDR_TEXT_MAX])
{
    const uint8_t *b = rec->addr[side].bytes;

    if (rec->ip_version == 0 && rec->kind != LW_FLOW_ARP)
        return (size_t)snprintf(out, LW_ADDR_TEXT_MAX, "%02x:%02x:%02x:%02x:%02x:%02x",
                                b[0], b[1], b[2], b[3], b[4], b[5]);
    if (inet_ntop(rec->ip_version == 6 ? AF_INET6 : AF_INET, b, out,
                  LW_ADDR_TEXT_MAX) == NULL)
        out[0] = '\0';
    return strlen(out);
}

const char *lw_record_proto_text(const struct lw_record *rec, char out[16])
{
    if (rec->kind == LW_FLOW_IP)
        (void)snprintf(out, 16, "%u", rec->protocol);
    else if (rec->kind == LW_FLOW_OTHER && rec->ether_type >= 1536)
        (void)snprintf(out, 16, "0x%04x", rec->ether_type);
    else if (rec->kind == LW_FLOW_OTHER)
        (void)snprintf(out, 16, "llc");
    else
        return lw_flow_kind_name(rec->kind);
    return out;
}

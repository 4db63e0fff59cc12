/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The formats csv and json: all fields of field.def.  CSV keeps to RFC 4180 but for the
 * line end, which is LF as everywhere in Unix; JSON has one object a line.
 */
#include "base/put.h"
#include "format.h"

#include <string.h>

/* ---- one function a field ------------------------------------------------------- */

static const struct lw_side *src_of(const struct flow_line *l)
{
    return &l->rec->side[l->src];
}

static const struct lw_side *dst_of(const struct flow_line *l)
{
    return &l->rec->side[l->dst];
}

/* Absent unless `known`. */
static char *put_if(char *p, bool known, uint64_t v)
{
    return known ? put_u64(p, v) : p;
}

static bool is_icmp(const struct lw_record *rec)
{
    return rec->kind == LW_FLOW_ICMP || rec->kind == LW_FLOW_ICMP6;
}

static char *put_time(char *p, bool known, int64_t ns)
{
    return known ? put_fixed(p, ns, 9) : p;
}

static char *put_addr(char *p, const struct lw_record *rec, unsigned side)
{
    return p + lw_record_addr_text(rec, side, p);
}

/* A value of the record, absent unless `known`. */
#define NUMBER_OF_RECORD(name, known, value)                                           \
    static char *put_##name(char *p, const struct flow_line *l)                        \
    {                                                                                  \
        const struct lw_record *rec = l->rec;                                          \
                                                                                       \
        return put_if(p, known, value);                                                \
    }

/* A value of each side; `s` is the side. */
#define NUMBER_OF_SIDES(name, known, value)                                            \
    static char *put_src_##name(char *p, const struct flow_line *l)                    \
    {                                                                                  \
        const struct lw_record *rec = l->rec;                                          \
        const struct lw_side *s = src_of(l);                                           \
                                                                                       \
        (void)rec;                                                                     \
        return put_if(p, known, value);                                                \
    }                                                                                  \
    static char *put_dst_##name(char *p, const struct flow_line *l)                    \
    {                                                                                  \
        const struct lw_record *rec = l->rec;                                          \
        const struct lw_side *s = dst_of(l);                                           \
                                                                                       \
        (void)rec;                                                                     \
        return put_if(p, known, value);                                                \
    }

NUMBER_OF_RECORD(flow_id, true, rec->flow_id)
NUMBER_OF_RECORD(ip_version, rec->ip_version != 0, rec->ip_version)
NUMBER_OF_RECORD(protocol, rec->ip_version != 0, rec->protocol)
NUMBER_OF_RECORD(ether_type, rec->ether_type >= 1536, rec->ether_type)
NUMBER_OF_RECORD(llc_dsap, rec->ether_type < 1536, rec->llc[0])
NUMBER_OF_RECORD(llc_ssap, rec->ether_type < 1536, rec->llc[1])
NUMBER_OF_RECORD(vlan, rec->vlan_id != 0, rec->vlan_id)
NUMBER_OF_RECORD(tunnel_depth, rec->tunnel_depth != 0, rec->tunnel_depth)
NUMBER_OF_RECORD(tunnel_id, rec->tunnel_id != 0, rec->tunnel_id)
NUMBER_OF_RECORD(icmp_type, is_icmp(rec), rec->icmp_type)
NUMBER_OF_RECORD(icmp_code, is_icmp(rec), rec->icmp_code)
NUMBER_OF_RECORD(icmp_id, is_icmp(rec), rec->icmp_id)
NUMBER_OF_RECORD(spi, rec->kind == LW_FLOW_ESP, rec->spi)
NUMBER_OF_RECORD(missed_bytes, rec->conn_log.known, rec->conn_log.missed_bytes)
NUMBER_OF_RECORD(src_port, rec->has_ports, rec->port[l->src])
NUMBER_OF_RECORD(dst_port, rec->has_ports, rec->port[l->dst])
NUMBER_OF_SIDES(packets, true, s->packets)
NUMBER_OF_SIDES(bytes, true, s->frame_bytes)
NUMBER_OF_SIDES(ip_bytes, rec->ip_version != 0, s->ip_bytes)
NUMBER_OF_SIDES(payload_bytes, true, s->payload_bytes)
NUMBER_OF_SIDES(tcp_flags, rec->kind == LW_FLOW_TCP, s->tcp_flags)
NUMBER_OF_SIDES(retransmitted, rec->kind == LW_FLOW_TCP, s->retransmitted)
NUMBER_OF_SIDES(urgent, rec->kind == LW_FLOW_TCP, s->urgent)
NUMBER_OF_SIDES(bad_fragments, rec->ip_version != 0, s->bad_fragments)
NUMBER_OF_SIDES(overlapping_fragments, rec->ip_version != 0, s->overlapping_fragments)
NUMBER_OF_SIDES(tos, s->has_ip, s->tos)
NUMBER_OF_SIDES(ttl, s->has_ip, s->ttl)

static char *put_start(char *p, const struct flow_line *l)
{
    return put_time(p, true, l->rec->start_ns);
}

static char *put_end(char *p, const struct flow_line *l)
{
    return put_time(p, true, l->rec->end_ns);
}

static char *put_duration(char *p, const struct flow_line *l)
{
    uint64_t ns = (uint64_t)l->rec->end_ns - (uint64_t)l->rec->start_ns;

    return put_time(p, true, (int64_t)ns);
}

static char *put_src_start(char *p, const struct flow_line *l)
{
    return put_time(p, src_of(l)->packets > 0, src_of(l)->first_ns);
}

static char *put_src_end(char *p, const struct flow_line *l)
{
    return put_time(p, src_of(l)->packets > 0, src_of(l)->last_ns);
}

static char *put_dst_start(char *p, const struct flow_line *l)
{
    return put_time(p, dst_of(l)->packets > 0, dst_of(l)->first_ns);
}

static char *put_dst_end(char *p, const struct flow_line *l)
{
    return put_time(p, dst_of(l)->packets > 0, dst_of(l)->last_ns);
}

static char *put_proto(char *p, const struct flow_line *l)
{
    char text[16];

    return put_text(p, lw_record_proto_text(l->rec, text));
}

static char *put_src_addr(char *p, const struct flow_line *l)
{
    return put_addr(p, l->rec, l->src);
}

static char *put_dst_addr(char *p, const struct flow_line *l)
{
    return put_addr(p, l->rec, l->dst);
}

static char *put_dir(char *p, const struct flow_line *l)
{
    return put_text(p, lw_dir_name(l->rec->dir));
}

static char *put_state(char *p, const struct flow_line *l)
{
    return put_text(p, l->rec->state);
}

static char *put_conn_state(char *p, const struct flow_line *l)
{
    enum lw_conn conn = l->rec->conn;

    return conn == LW_CONN_NONE ? p : put_text(p, lw_conn_name(conn));
}

static char *put_tunnel(char *p, const struct flow_line *l)
{
    enum lw_tunnel_kind kind = l->rec->tunnel_kind;

    return kind == LW_TUNNEL_NONE ? p : put_text(p, lw_tunnel_name(kind));
}

static char *put_zeek_state(char *p, const struct flow_line *l)
{
    const struct lw_conn_log *c = &l->rec->conn_log;

    return c->known ? put_text(p, lw_conn_name(c->state)) : p;
}

static char *put_history(char *p, const struct flow_line *l)
{
    return put_text(p, l->rec->conn_log.history);
}

static char *put_first_sender(char *p, const struct flow_line *l)
{
    return put_text(p, l->src == 0 ? "src" : "dst");
}

static char *put_end_reason(char *p, const struct flow_line *l)
{
    return put_text(p, lw_end_reason_name(l->rec->end_reason));
}

static char *put_community_id(char *p, const struct flow_line *l)
{
    lw_record_community_id(l->rec, l->community_id_seed, p);
    return p + strlen(p);
}

static char *put_app(char *p, const struct flow_line *l)
{
    return l->rec->app == LW_APP_UNKNOWN ? p : put_text(p, lw_app_name(l->rec->app));
}

static char *put_label(char *p, const struct flow_line *l)
{
    return l->put_text(p, l->label, strlen(l->label));
}

static const struct flow_field fields[] = {
#define FIELD(name, shape, type, unit, doc, source)                                    \
    {{#name, type, unit, doc, source, false},                                          \
     put_##name,                                                                       \
     FLOW_##shape,                                                                     \
     FLOW_NEEDS_NOTHING},
#define ZEEK_FIELD(name, shape, type, unit, doc, source)                               \
    {{#name, type, unit, doc, source, true},                                           \
     put_##name,                                                                       \
     FLOW_##shape,                                                                     \
     FLOW_NEEDS_CONN_LOG},
#define APP_FIELD(name, shape, type, unit, doc, source)                                \
    {{#name, type, unit, doc, source, true}, put_##name, FLOW_##shape, FLOW_NEEDS_APPS},
#include "flow/field.def"
#undef FIELD
#undef ZEEK_FIELD
#undef APP_FIELD
};

/* ---- csv ------------------------------------------------------------------------ */

static char *csv_header(char *p, struct flow_columns c, int64_t time_ns)
{
    (void)time_ns;
    return put_text(flow_put_names(p, c, ','), "\n");
}

static char *csv_record(char *p, struct flow_columns c, const struct flow_line *l)
{
    return put_text(flow_put_values(p, c, l, ',', ""), "\n");
}

const struct lw_flow_format flow_format_csv = {
    .name = "csv",
    .doc = "everything that is known of a flow, comma-separated (RFC 4180)",
    .fields = fields,
    .n_fields = sizeof fields / sizeof fields[0],
    .put_text = put_csv,
    .header = csv_header,
    .record = csv_record,
};

/* ---- json ----------------------------------------------------------------------- */

/* Field `i`; nothing when the value is absent. */
static char *json_member(char *p, struct flow_columns c, size_t i,
                         const struct flow_line *l)
{
    const struct flow_field *f = c.fields[i];
    bool number = f->shape == FLOW_NUMBER;
    char *q = p;
    char *value;

    *q++ = '"';
    q = put_bytes(q, f->about.name, c.name_len[i]);
    *q++ = '"';
    *q++ = ':';
    if (!number)
        *q++ = '"';
    value = q;
    q = f->put(q, l);
    if (q == value)
        return p;
    if (!number)
        *q++ = '"';
    *q++ = ',';
    return q;
}

static char *json_record(char *p, struct flow_columns c, const struct flow_line *l)
{
    const char *start;

    *p++ = '{';
    start = p;
    for (size_t i = 0; i < c.n; i++)
        p = json_member(p, c, i, l);
    if (p > start)
        p--; /* the last comma */
    return put_text(p, "}\n");
}

const struct lw_flow_format flow_format_json = {
    .name = "json",
    .doc = "the same as JSON, one object a line; what is absent is left out",
    .fields = fields,
    .n_fields = sizeof fields / sizeof fields[0],
    .put_text = put_json,
    .record = json_record,
};

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The format eve: a flow as Suricata's EVE log tells it (Suricata 7:
 * doc/userguide/output/eve/eve-json-format.rst and etc/schema.json).  The parts are
 * public, as events about verdicts are made of them, too.  Field by field:
 *
 *   timestamp   the flow's last packet: an event is about the flow as a whole, and a
 *               capture read twice gives the same lines
 *   flow_id     the meter's number; the same in a flow's alert and flow event
 *   src, dest   the initiator and the other, as Suricata has them
 *   bytes_to*   whole frames, as Suricata counts
 *   flow.state  new, established or closed; flow.reason timeout (also a TCP connection
 *               that is over), forced (pushed out of a full table), shutdown (end of
 *               the capture) or unknown (interim record of a flow that goes on)
 *   metadata    only the label; values are arrays of strings there
 *
 * A flow that is not IP has no src_ip; its MAC addresses are in `ether`.
 */
#include "base/assert.h"
#include "base/put.h"
#include "base/timefmt.h"
#include "format.h"

#include <ctype.h>
#include <string.h>

/* ORDER lw_conn: flow.state and tcp.state in Suricata's words; NULL: not known. */
static const struct conn_info {
    const char *flow_state;
    const char *tcp_state;
} conn_info[LW_N_CONNS] = {
    [LW_CONN_NONE] = {"established", NULL},
    [LW_CONN_S0] = {"new", "syn_sent"},
    [LW_CONN_S1] = {"established", "established"},
    [LW_CONN_SF] = {"closed", "closed"},
    [LW_CONN_REJ] = {"closed", "closed"},
    [LW_CONN_S2] = {"established", "fin_wait2"},
    [LW_CONN_S3] = {"established", "close_wait"},
    [LW_CONN_RSTO] = {"closed", "closed"},
    [LW_CONN_RSTR] = {"closed", "closed"},
    [LW_CONN_RSTOS0] = {"closed", "closed"},
    [LW_CONN_RSTRH] = {"closed", "closed"},
    [LW_CONN_SH] = {"new", "syn_sent"},
    [LW_CONN_SHR] = {"new", "syn_recv"},
    [LW_CONN_OTH] = {"established", NULL},
};

/* ORDER lw_end_reason */
static const char *const end_reasons[LW_N_END_REASONS] = {
    [LW_END_IDLE] = "timeout",   [LW_END_STATUS] = "unknown",
    [LW_END_CLOSED] = "timeout", [LW_END_EVICTED] = "forced",
    [LW_END_FLUSH] = "shutdown",
};

/* ---- members -------------------------------------------------------------------- */

/* `key` comes with its comma, quotes and colon. */
static char *put_number(char *p, const char *key, uint64_t v)
{
    return put_u64(put_text(p, key), v);
}

static char *put_word(char *p, const char *key, const char *word)
{
    p = put_text(p, key);
    *p++ = '"';
    p = put_text(p, word);
    *p++ = '"';
    return p;
}

static char *put_time(char *p, const char *key, int64_t time_ns)
{
    p = put_text(p, key);
    *p++ = '"';
    p += timefmt_eve(time_ns, p);
    *p++ = '"';
    return p;
}

static char *put_addr(char *p, const char *key, const struct lw_record *rec,
                      unsigned side)
{
    p = put_text(p, key);
    *p++ = '"';
    p += lw_record_addr_text(rec, side, p);
    *p++ = '"';
    return p;
}

/* ---- who talked to whom --------------------------------------------------------- */

static char *put_endpoints(char *p, const struct lw_record *rec)
{
    unsigned from = rec->initiator;

    if (rec->kind == LW_FLOW_OTHER) {
        p = put_addr(p, ",\"ether\":{\"src_mac\":", rec, from);
        p = put_addr(p, ",\"dest_mac\":", rec, from ^ 1);
        return put_text(p, "}");
    }
    p = put_addr(p, ",\"src_ip\":", rec, from);
    if (rec->has_ports)
        p = put_number(p, ",\"src_port\":", rec->port[from]);
    p = put_addr(p, ",\"dest_ip\":", rec, from ^ 1);
    if (rec->has_ports)
        p = put_number(p, ",\"dest_port\":", rec->port[from ^ 1]);
    return p;
}

/* Upper case, but for one of Suricata's spellings. */
static char *put_proto(char *p, const struct lw_record *rec)
{
    char text[16];
    const char *name = lw_record_proto_text(rec, text);

    p = put_text(p, ",\"proto\":\"");
    if (rec->kind == LW_FLOW_ICMP6)
        return put_text(p, "IPv6-ICMP\"");
    for (; *name != '\0'; name++)
        *p++ = (char)toupper((unsigned char)*name);
    *p++ = '"';
    return p;
}

static char *put_head(char *p, const struct lw_record *rec, const char *event_type,
                      uint16_t seed)
{
    char community_id[LW_COMMUNITY_ID_MAX];

    p = put_time(p, "\"timestamp\":", rec->end_ns);
    p = put_number(p, ",\"flow_id\":", rec->flow_id);
    p = put_word(p, ",\"event_type\":", event_type);
    if (rec->vlan_id != 0) {
        p = put_number(p, ",\"vlan\":[", rec->vlan_id);
        *p++ = ']';
    }
    p = put_endpoints(p, rec);
    p = put_proto(p, rec);
    if (rec->kind == LW_FLOW_ICMP || rec->kind == LW_FLOW_ICMP6) {
        p = put_number(p, ",\"icmp_type\":", rec->icmp_type);
        p = put_number(p, ",\"icmp_code\":", rec->icmp_code);
    }
    lw_record_community_id(rec, seed, community_id);
    if (community_id[0] != '\0')
        p = put_word(p, ",\"community_id\":", community_id);
    return p;
}

/* ---- the flow -------------------------------------------------------------------- */

static const char *flow_state(const struct lw_record *rec)
{
    LW_ASSERT((unsigned)rec->conn < LW_N_CONNS);
    if (rec->kind == LW_FLOW_TCP)
        return conn_info[rec->conn].flow_state;
    return rec->side[0].packets == 0 || rec->side[1].packets == 0 ? "new"
                                                                  : "established";
}

/* Whole seconds between the seconds of start and end, as Suricata counts. */
static uint64_t age_s(const struct lw_record *rec)
{
    int64_t age = rec->end_ns / NS_PER_S - rec->start_ns / NS_PER_S;

    return age < 0 ? 0 : (uint64_t)age;
}

static char *put_flow(char *p, const struct lw_record *rec, enum lw_eve_flow what)
{
    const struct lw_side *to_server = &rec->side[rec->initiator];
    const struct lw_side *to_client = &rec->side[rec->initiator ^ 1];

    LW_ASSERT((unsigned)rec->end_reason < LW_N_END_REASONS);
    p = put_number(p, "\"flow\":{\"pkts_toserver\":", to_server->packets);
    p = put_number(p, ",\"pkts_toclient\":", to_client->packets);
    p = put_number(p, ",\"bytes_toserver\":", to_server->frame_bytes);
    p = put_number(p, ",\"bytes_toclient\":", to_client->frame_bytes);
    p = put_time(p, ",\"start\":", rec->start_ns);
    if (what != LW_EVE_FLOW_BRIEF) {
        p = put_time(p, ",\"end\":", rec->end_ns);
        p = put_number(p, ",\"age\":", age_s(rec));
        p = put_word(p, ",\"state\":", flow_state(rec));
        p = put_word(p, ",\"reason\":", end_reasons[rec->end_reason]);
        p = put_text(p, what == LW_EVE_FLOW_ALERTED ? ",\"alerted\":true"
                                                    : ",\"alerted\":false");
    }
    return put_text(p, "}");
}

static char *put_flags(char *p, const char *key, unsigned flags)
{
    p = put_hex(put_text(p, key), flags, 2);
    *p++ = '"';
    return p;
}

static char *put_tcp(char *p, const struct lw_record *rec)
{
    static const struct {
        const char *text;
        unsigned bit;
    } bits[] = {{",\"syn\":true", LW_TCP_SYN}, {",\"fin\":true", LW_TCP_FIN},
                {",\"rst\":true", LW_TCP_RST}, {",\"psh\":true", LW_TCP_PSH},
                {",\"ack\":true", LW_TCP_ACK}, {",\"urg\":true", LW_TCP_URG},
                {",\"ecn\":true", LW_TCP_ECE}, {",\"cwr\":true", LW_TCP_CWR}};
    unsigned from = rec->initiator;
    unsigned all = rec->side[0].tcp_flags | rec->side[1].tcp_flags;

    LW_ASSERT((unsigned)rec->conn < LW_N_CONNS);
    p = put_flags(p, "\"tcp\":{\"tcp_flags\":\"", all);
    p = put_flags(p, ",\"tcp_flags_ts\":\"", rec->side[from].tcp_flags);
    p = put_flags(p, ",\"tcp_flags_tc\":\"", rec->side[from ^ 1].tcp_flags);
    for (size_t i = 0; i < sizeof bits / sizeof bits[0]; i++)
        if ((all & bits[i].bit) != 0)
            p = put_text(p, bits[i].text);
    if (conn_info[rec->conn].tcp_state != NULL)
        p = put_word(p, ",\"state\":", conn_info[rec->conn].tcp_state);
    return put_text(p, "}");
}

/* ---- the parts for others -------------------------------------------------------- */

static size_t end_text(const char *start, char *p)
{
    size_t n = (size_t)(p - start);

    LW_ASSERT(n < LW_EVE_PART_MAX);
    *p = '\0';
    return n;
}

size_t lw_eve_put_head(const struct lw_record *rec, const char *event_type,
                       uint16_t community_id_seed, char out[LW_EVE_PART_MAX])
{
    return end_text(out, put_head(out, rec, event_type, community_id_seed));
}

size_t lw_eve_put_flow(const struct lw_record *rec, enum lw_eve_flow what,
                       char out[LW_EVE_PART_MAX])
{
    return end_text(out, put_flow(out, rec, what));
}

size_t lw_eve_put_tcp(const struct lw_record *rec, char out[LW_EVE_PART_MAX])
{
    return end_text(out, put_tcp(out, rec));
}

/* ---- the format ------------------------------------------------------------------ */

static char *record(char *p, struct flow_columns c, const struct flow_line *l)
{
    (void)c;
    *p++ = '{';
    p = put_head(p, l->rec, "flow", l->community_id_seed);
    *p++ = ',';
    p = put_flow(p, l->rec, LW_EVE_FLOW_QUIET);
    if (l->rec->kind == LW_FLOW_TCP) {
        *p++ = ',';
        p = put_tcp(p, l->rec);
    }
    if (*l->label != '\0') {
        p = put_text(p, ",\"metadata\":{\"label\":[\"");
        p = put_json(p, l->label, strlen(l->label));
        p = put_text(p, "\"]}");
    }
    return put_text(p, "}\n");
}

const struct lw_flow_format flow_format_eve = {
    .name = "eve",
    .doc = "flow events of Suricata's EVE log, one JSON object a line "
           "(share/eve.schema.json)",
    .record = record,
};

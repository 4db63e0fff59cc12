/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A row of Zeek's conn.log as a record: what zeek.c writes, and Zeek's own.
 *
 * It counts IP length, packets and payload of either side.  TCP flags are what the
 * history tells: S a SYN, H a SYN with ACK, F a FIN, R a RST; A an ACK alone; D data,
 * which has an ACK; a RST has one if it is all that a side sent, as it answers a SYN
 * then (RFC 9293, 3.10.7.1).  An unset duration is that of one moment.  The payload is
 * unset then, too, and is what the headers leave of the IP length: of TCP nothing,
 * where the history has no data.
 *
 * Argus' words for direction and state are put together from what was heard, by the
 * rules of report.c.
 */
#include "base/timefmt.h"
#include "flow_reader.h"
#include "icmp.h"

#include <ctype.h>
#include <string.h>

enum { PROTOCOL_ICMP = 1, PROTOCOL_TCP = 6, PROTOCOL_UDP = 17, PROTOCOL_ICMP6 = 58 };

/* A log is written in the order in which connections are forgotten: idle ones minutes
 * after their last packet, and logs of several hours are put together. */
#define DELAY_NS (3600 * NS_PER_S)

static const struct flow_column columns[] = {
    {"ts", CELL_START, true},
    {"id.orig_h", CELL_SRC, true},
    {"id.orig_p", CELL_SRC_PORT, false},
    {"id.resp_h", CELL_DST, true},
    {"id.resp_p", CELL_DST_PORT, false},
    {"proto", CELL_PROTO, true},
    {"duration", CELL_DURATION, false},
    {"orig_bytes", CELL_SRC_PAYLOAD, false},
    {"resp_bytes", CELL_DST_PAYLOAD, false},
    {"conn_state", CELL_STATE, false},
    {"history", CELL_HISTORY, false},
    {"orig_pkts", CELL_SRC_PACKETS, false},
    {"orig_ip_bytes", CELL_SRC_BYTES, false},
    {"resp_pkts", CELL_DST_PACKETS, false},
    {"resp_ip_bytes", CELL_DST_BYTES, false},
    {"ip_proto", CELL_IP_PROTO, false},
    {"label", CELL_LABEL, false},
};

/* ---- protocol and endpoints ------------------------------------------------------ */

static enum lw_flow_kind kind_of_ip_protocol(uint64_t protocol)
{
    switch (protocol) {
    case 2:
        return LW_FLOW_IGMP;
    case 47:
        return LW_FLOW_GRE;
    case 50:
        return LW_FLOW_ESP;
    case 132:
        return LW_FLOW_SCTP;
    default:
        return LW_FLOW_IP;
    }
}

static bool read_protocol(struct flow_cells *c, struct lw_record *rec, uint8_t version)
{
    uint64_t protocol = 0;

    if (flow_cell_is(c, CELL_PROTO, "tcp")) {
        flow_set_protocol(rec, LW_FLOW_TCP, PROTOCOL_TCP, version);
    } else if (flow_cell_is(c, CELL_PROTO, "udp")) {
        flow_set_protocol(rec, LW_FLOW_UDP, PROTOCOL_UDP, version);
    } else if (flow_cell_is(c, CELL_PROTO, "icmp")) {
        flow_set_protocol(rec, version == 6 ? LW_FLOW_ICMP6 : LW_FLOW_ICMP,
                          version == 6 ? PROTOCOL_ICMP6 : PROTOCOL_ICMP, version);
    } else if (flow_field_missing(c->cell[CELL_PROTO])) {
        return false;
    } else {
        if (!flow_cell_number(c, CELL_IP_PROTO, &protocol) || protocol > UINT8_MAX)
            protocol = 0;
        flow_set_protocol(rec, kind_of_ip_protocol(protocol), (uint8_t)protocol,
                          version);
    }
    return true;
}

/* The responder's port of ICMP is the type that answers, or the code. */
static void read_ports(struct flow_cells *c, struct lw_record *rec)
{
    bool v6 = rec->kind == LW_FLOW_ICMP6;
    uint32_t port[2] = {0, 0};
    bool has_src = flow_cell_port(c, CELL_SRC_PORT, UINT16_MAX, &port[0]);
    bool has_dst = flow_cell_port(c, CELL_DST_PORT, UINT16_MAX, &port[1]);

    if (v6 || rec->kind == LW_FLOW_ICMP) {
        rec->icmp_type = (uint8_t)port[0];
        if (icmp_counterpart(v6, rec->icmp_type) < 0)
            rec->icmp_code = (uint8_t)port[1];
    } else if (rec->kind == LW_FLOW_TCP || rec->kind == LW_FLOW_UDP) {
        rec->has_ports = has_src && has_dst;
        rec->port[0] = (uint16_t)port[0];
        rec->port[1] = (uint16_t)port[1];
    }
}

static bool read_endpoints(struct flow_cells *c, struct lw_record *rec)
{
    uint8_t version[2];

    if (!flow_cell_addr(c, CELL_SRC, &rec->addr[0], &version[0]) ||
        !flow_cell_addr(c, CELL_DST, &rec->addr[1], &version[1]))
        return false;
    if (version[0] != version[1])
        flow_cell_note(c, CELL_DST, "an address of the originator's family");
    return version[0] == version[1] && read_protocol(c, rec, version[0]);
}

/* ---- history --------------------------------------------------------------------- */

static const struct {
    char letter;
    uint8_t flags;
} letters[] = {
    {'S', LW_TCP_SYN}, {'H', LW_TCP_SYN | LW_TCP_ACK}, {'A', LW_TCP_ACK},
    {'D', LW_TCP_ACK}, {'F', LW_TCP_FIN | LW_TCP_ACK}, {'R', LW_TCP_RST},
};

static void read_letter(char c, struct lw_record *rec)
{
    unsigned char upper = (unsigned char)toupper((unsigned char)c);
    struct lw_side *s = &rec->side[(unsigned char)c == upper ? 0 : 1];

    if (upper == 'T')
        s->retransmitted = 1;
    for (size_t i = 0; i < sizeof letters / sizeof letters[0]; i++) {
        if ((unsigned char)letters[i].letter == upper)
            s->tcp_flags |= letters[i].flags;
    }
}

static void read_history(const struct flow_cells *c, struct lw_record *rec)
{
    struct csv_field f = c->cell[CELL_HISTORY];

    if (flow_field_missing(f)) {
        rec->lacks |= LW_LACKS_FLAGS | LW_LACKS_RETRANSMITTED;
        return;
    }
    for (size_t i = 0; i < f.n; i++)
        read_letter(f.p[i], rec);
    for (unsigned i = 0; i < 2; i++) {
        if (rec->side[i].tcp_flags == LW_TCP_RST)
            rec->side[i].tcp_flags |= LW_TCP_ACK;
    }
}

static bool history_has(const struct flow_cells *c, char letter)
{
    struct csv_field f = c->cell[CELL_HISTORY];

    return f.n > 0 && memchr(f.p, letter, f.n) != NULL;
}

/* ---- volume ---------------------------------------------------------------------- */

static void read_packets(struct flow_cells *c, struct lw_record *rec)
{
    if (!flow_cell_number(c, CELL_SRC_PACKETS, &rec->side[0].packets) ||
        !flow_cell_number(c, CELL_DST_PACKETS, &rec->side[1].packets))
        rec->lacks |= LW_LACKS_PACKETS | LW_LACKS_SIDE_PACKETS;
    if (!flow_cell_number(c, CELL_SRC_BYTES, &rec->side[0].ip_bytes) ||
        !flow_cell_number(c, CELL_DST_BYTES, &rec->side[1].ip_bytes))
        rec->lacks |= LW_LACKS_IP_BYTES;
}

/* What the headers leave of a side's IP length, where Zeek does not say. */
static bool payload_of_moment(const struct flow_cells *c, const struct lw_record *rec,
                              unsigned side, uint64_t *out)
{
    enum { IP4_HEADER = 20, IP6_HEADER = 40, UDP_HEADER = 8 };
    const struct lw_side *s = &rec->side[side];
    uint64_t headers = s->packets * (rec->ip_version == 6 ? IP6_HEADER : IP4_HEADER);

    if (rec->lacks & (LW_LACKS_IP_BYTES | LW_LACKS_PACKETS))
        return false;
    *out = 0;
    if (rec->kind == LW_FLOW_TCP)
        return !(rec->lacks & LW_LACKS_FLAGS) && !history_has(c, side == 0 ? 'D' : 'd');
    if (rec->kind == LW_FLOW_UDP || rec->kind == LW_FLOW_ICMP ||
        rec->kind == LW_FLOW_ICMP6)
        headers += s->packets * UDP_HEADER;
    *out = s->ip_bytes > headers ? s->ip_bytes - headers : 0;
    return true;
}

static void read_payload(struct flow_cells *c, struct lw_record *rec, bool is_moment)
{
    for (unsigned i = 0; i < 2; i++) {
        enum flow_cell cell = i == 0 ? CELL_SRC_PAYLOAD : CELL_DST_PAYLOAD;
        uint64_t *payload = &rec->side[i].payload_bytes;

        if (!flow_cell_number(c, cell, payload) &&
            !(is_moment && payload_of_moment(c, rec, i, payload)))
            rec->lacks |= LW_LACKS_PAYLOAD;
    }
}

/* ---- state ----------------------------------------------------------------------- */

static enum lw_conn conn_named(const struct flow_cells *c)
{
    for (unsigned i = 0; i < LW_N_CONNS; i++) {
        if (flow_cell_is(c, CELL_STATE, lw_conn_name((enum lw_conn)i)))
            return (enum lw_conn)i;
    }
    return LW_CONN_NONE;
}

/* A SYN of either side is the start; without a history, the states that have one. */
static bool start_seen(const struct lw_record *rec)
{
    switch (rec->conn) {
    case LW_CONN_NONE:
    case LW_CONN_RSTRH:
    case LW_CONN_SHR:
    case LW_CONN_OTH:
        return ((rec->side[0].tcp_flags | rec->side[1].tcp_flags) & LW_TCP_SYN) != 0;
    case LW_CONN_S0:
    case LW_CONN_S1:
    case LW_CONN_SF:
    case LW_CONN_REJ:
    case LW_CONN_S2:
    case LW_CONN_S3:
    case LW_CONN_RSTO:
    case LW_CONN_RSTR:
    case LW_CONN_RSTOS0:
    case LW_CONN_SH:
    case LW_N_CONNS:
        break;
    }
    return true;
}

static enum lw_dir direction(const struct lw_record *rec)
{
    bool src = lw_record_heard(rec, 0);
    bool dst = lw_record_heard(rec, 1);

    if (rec->kind != LW_FLOW_TCP) {
        if (src && dst)
            return LW_DIR_BOTH;
        return src || !dst ? LW_DIR_FORWARD : LW_DIR_BACKWARD;
    }
    if (start_seen(rec))
        return LW_DIR_FORWARD;
    if (src && dst)
        return LW_DIR_UNKNOWN;
    return src || !dst ? LW_DIR_MAYBE_FWD : LW_DIR_MAYBE_BACK;
}

static void set_state(struct lw_record *rec)
{
    bool src = lw_record_heard(rec, 0);
    bool dst = lw_record_heard(rec, 1);
    bool v6 = rec->kind == LW_FLOW_ICMP6;
    uint8_t type = rec->icmp_type;
    const char *text = src && dst ? "CON" : "INT";

    if (rec->kind == LW_FLOW_TCP)
        return;
    if (dst && !src)
        text = "RSP";
    if (v6 || rec->kind == LW_FLOW_ICMP) {
        if (src)
            (void)icmp_pair(v6, type, &type);
        text = icmp_state_name(v6, type, rec->icmp_code);
    }
    memcpy(rec->state, text, strlen(text) + 1);
}

static bool zeek_record(struct flow_cells *c, struct lw_record *rec)
{
    int64_t duration_ns = 0;
    bool is_moment;

    if (!flow_cell_time(c, CELL_START, &rec->start_ns) || !read_endpoints(c, rec))
        return false;
    rec->lacks =
        LW_LACKS_FRAME_BYTES | LW_LACKS_TOS | LW_LACKS_MINOR_FLAGS | LW_LACKS_DETAIL;
    is_moment = !flow_cell_time(c, CELL_DURATION, &duration_ns);
    rec->end_ns = rec->start_ns + duration_ns;
    read_ports(c, rec);
    read_packets(c, rec);
    if (rec->kind == LW_FLOW_TCP) {
        read_history(c, rec);
        rec->conn = conn_named(c);
    }
    read_payload(c, rec, is_moment);
    rec->dir = direction(rec);
    set_state(rec);
    return true;
}

static int64_t zeek_watermark(int64_t latest_start_ns, int64_t latest_end_ns)
{
    (void)latest_start_ns;
    return latest_end_ns - DELAY_NS;
}

const struct flow_text_format flow_text_zeek = {
    .name = "zeek",
    .columns = columns,
    .n_columns = sizeof columns / sizeof columns[0],
    .record = zeek_record,
    .watermark = zeek_watermark,
};

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A row of an Argus binetflow as a record: what binetflow.c writes, and CTU-13's own.
 *
 * TotBytes counts whole frames.  SrcBytes is the left side's part of it; packets are
 * counted together, unless there is a column more that says otherwise.  Ports of ICMP
 * are code and type, those of ESP its SPI.  The state of TCP is the flags of either
 * side, which tell the connection's state but for the order of events; a state in words
 * ("CON", "FIN") tells neither.
 */
#include "base/timefmt.h"
#include "flow_reader.h"
#include "icmp.h"
#include "proto_name.h"
#include "tcp_state.h"

#include <string.h>

enum { PROTOCOL_ICMP = 1, PROTOCOL_TCP = 6, PROTOCOL_UDP = 17, PROTOCOL_ICMP6 = 58 };

static const struct flow_column columns[] = {
    {"StartTime", CELL_START, true},      {"Dur", CELL_DURATION, false},
    {"Proto", CELL_PROTO, true},          {"SrcAddr", CELL_SRC, true},
    {"Sport", CELL_SRC_PORT, false},      {"Dir", CELL_DIR, false},
    {"DstAddr", CELL_DST, true},          {"Dport", CELL_DST_PORT, false},
    {"State", CELL_STATE, false},         {"sTos", CELL_SRC_TOS, false},
    {"dTos", CELL_DST_TOS, false},        {"TotPkts", CELL_PACKETS, false},
    {"TotBytes", CELL_BYTES, false},      {"SrcBytes", CELL_SRC_BYTES, false},
    {"SrcPkts", CELL_SRC_PACKETS, false}, {"DstPkts", CELL_DST_PACKETS, false},
    {"Label", CELL_LABEL, false},         {"label", CELL_LABEL, false},
};

/* ---- protocol and endpoints ------------------------------------------------------ */

/* Kinds by Argus' words; what it tells apart by content is UDP. */
static const struct {
    const char *name;
    enum lw_flow_kind kind;
    uint8_t protocol;
} kinds[] = {
    {"tcp", LW_FLOW_TCP, PROTOCOL_TCP},
    {"udp", LW_FLOW_UDP, PROTOCOL_UDP},
    {"icmp", LW_FLOW_ICMP, PROTOCOL_ICMP},
    {"ipv6-icmp", LW_FLOW_ICMP6, PROTOCOL_ICMP6},
    {"arp", LW_FLOW_ARP, 0},
    {"rtp", LW_FLOW_UDP, PROTOCOL_UDP},
    {"rtcp", LW_FLOW_UDP, PROTOCOL_UDP},
    {"udt", LW_FLOW_UDP, PROTOCOL_UDP},
    {"igmp", LW_FLOW_IGMP, 2},
    {"gre", LW_FLOW_GRE, 47},
    {"esp", LW_FLOW_ESP, 50},
    {"sctp", LW_FLOW_SCTP, 132},
};

static void read_protocol(const struct flow_cells *c, struct lw_record *rec,
                          uint8_t version)
{
    struct csv_field f = c->cell[CELL_PROTO];
    uint8_t protocol = 0;

    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (flow_cell_is(c, CELL_PROTO, kinds[i].name)) {
            flow_set_protocol(rec, kinds[i].kind, kinds[i].protocol, version);
            return;
        }
    }
    if (version != 0 && proto_of_ip_name(f.p, f.n, &protocol)) {
        flow_set_protocol(rec, LW_FLOW_IP, protocol, version);
        return;
    }
    flow_set_protocol(rec, version != 0 ? LW_FLOW_IP : LW_FLOW_OTHER, 0, version);
    (void)proto_of_ether_name(f.p, f.n, &rec->ether_type);
}

static bool read_endpoints(struct flow_cells *c, struct lw_record *rec)
{
    uint8_t version[2];

    if (flow_field_missing(c->cell[CELL_PROTO]) ||
        !flow_cell_addr(c, CELL_SRC, &rec->addr[0], &version[0]) ||
        !flow_cell_addr(c, CELL_DST, &rec->addr[1], &version[1]))
        return false;
    /* ARP of older versions of Argus has an IPv4 and a MAC address. */
    read_protocol(c, rec, version[0] == version[1] ? version[0] : 0);
    return true;
}

static void read_icmp(struct flow_cells *c, struct lw_record *rec)
{
    uint32_t word;

    if (rec->kind == LW_FLOW_ICMP6) {
        if (flow_cell_port(c, CELL_SRC_PORT, UINT8_MAX, &word))
            rec->icmp_type = (uint8_t)word;
        if (flow_cell_port(c, CELL_DST_PORT, UINT8_MAX, &word))
            rec->icmp_code = (uint8_t)word;
        return;
    }
    if (flow_cell_port(c, CELL_SRC_PORT, UINT16_MAX, &word)) {
        rec->icmp_type = (uint8_t)word;
        rec->icmp_code = (uint8_t)(word >> 8);
    }
    /* As Argus keeps it, its bytes swapped. */
    if (flow_cell_port(c, CELL_DST_PORT, UINT32_MAX, &word))
        rec->icmp_id = __builtin_bswap16((uint16_t)word);
}

static void read_ports(struct flow_cells *c, struct lw_record *rec)
{
    uint32_t port[2];

    if (rec->kind == LW_FLOW_ICMP || rec->kind == LW_FLOW_ICMP6) {
        read_icmp(c, rec);
    } else if (rec->kind == LW_FLOW_ESP) {
        (void)flow_cell_port(c, CELL_DST_PORT, UINT32_MAX, &rec->spi);
    } else if (rec->kind == LW_FLOW_TCP || rec->kind == LW_FLOW_UDP) {
        bool has_src = flow_cell_port(c, CELL_SRC_PORT, UINT16_MAX, &port[0]);
        bool has_dst = flow_cell_port(c, CELL_DST_PORT, UINT16_MAX, &port[1]);

        rec->has_ports = has_src && has_dst;
        rec->port[0] = has_src ? (uint16_t)port[0] : 0;
        rec->port[1] = has_dst ? (uint16_t)port[1] : 0;
    }
}

/* ---- volume ---------------------------------------------------------------------- */

/* CTU-13 has TotPkts alone. */
static void read_packets(struct flow_cells *c, struct lw_record *rec)
{
    uint64_t all = 0;
    uint64_t src = 0;
    uint64_t dst = 0;
    bool has_all = flow_cell_number(c, CELL_PACKETS, &all);
    bool has_src = flow_cell_number(c, CELL_SRC_PACKETS, &src);
    bool has_dst = flow_cell_number(c, CELL_DST_PACKETS, &dst);

    if (has_src && (has_dst || (has_all && src <= all))) {
        rec->side[0].packets = src;
        rec->side[1].packets = has_dst ? dst : all - src;
        return;
    }
    rec->lacks |= LW_LACKS_SIDE_PACKETS;
    if (has_all)
        rec->side[0].packets = all;
    else
        rec->lacks |= LW_LACKS_PACKETS;
}

static void read_bytes(struct flow_cells *c, struct lw_record *rec)
{
    uint64_t all = 0;
    uint64_t src = 0;

    rec->lacks |=
        LW_LACKS_IP_BYTES | LW_LACKS_PAYLOAD | LW_LACKS_RETRANSMITTED | LW_LACKS_DETAIL;
    if (!flow_cell_number(c, CELL_BYTES, &all) ||
        !flow_cell_number(c, CELL_SRC_BYTES, &src)) {
        rec->lacks |= LW_LACKS_FRAME_BYTES;
    } else if (src > all) {
        rec->lacks |= LW_LACKS_FRAME_BYTES;
        flow_cell_note(c, CELL_SRC_BYTES, "at most TotBytes");
    } else {
        rec->side[0].frame_bytes = src;
        rec->side[1].frame_bytes = all - src;
    }
}

static void read_tos(struct flow_cells *c, enum flow_cell i, struct lw_side *s)
{
    uint64_t tos;

    if (!flow_cell_number(c, i, &tos))
        return;
    if (tos > UINT8_MAX) {
        flow_cell_note(c, i, "a number from 0 to 255");
        return;
    }
    s->tos = (uint8_t)tos;
    s->has_ip = true;
}

/* ---- state ----------------------------------------------------------------------- */

static bool flag_of(char letter, uint8_t *flag)
{
    static const char letters[] = "FSRPAUEC"; /* ORDER of their bits on the wire: */
    static const uint8_t bits[] = {LW_TCP_FIN, LW_TCP_SYN, LW_TCP_RST, LW_TCP_PSH,
                                   LW_TCP_ACK, LW_TCP_URG, LW_TCP_ECE, LW_TCP_CWR};
    const char *at = letter == '\0' ? NULL : strchr(letters, letter);

    if (at == NULL)
        return false;
    *flag = bits[at - letters];
    return true;
}

/* "FSPA_FSA"; false for a state in words. */
static bool read_flags(struct csv_field f, uint8_t flags[2])
{
    unsigned side = 0;

    flags[0] = 0;
    flags[1] = 0;
    for (size_t i = 0; i < f.n; i++) {
        uint8_t flag = 0;

        if (f.p[i] == '_' && side == 0)
            side = 1;
        else if (flag_of(f.p[i], &flag))
            flags[side] |= flag;
        else
            return false;
    }
    return side == 1;
}

/* How far an endpoint has come, when `from` is all that it sent and `peer` what it
 * heard.  A RST behind both FINs does not count: tcp_state.h. */
static uint8_t endpoint_of(uint8_t from, uint8_t peer, bool is_orig)
{
    bool opened = (from & LW_TCP_SYN) != 0;
    bool closed = (from & LW_TCP_FIN) != 0 && (peer & LW_TCP_FIN) != 0;
    enum tcp_endpoint now = TCP_PARTIAL;

    if (from == 0)
        return TCP_INACTIVE;
    if (opened && (!is_orig || (peer & LW_TCP_SYN) != 0))
        now = TCP_ESTABLISHED;
    else if (opened)
        now = from & LW_TCP_ACK ? TCP_SYN_ACK_SENT : TCP_SYN_SENT;
    if (from & LW_TCP_RST && !closed)
        return (uint8_t)((unsigned)now << 4 | TCP_RESET);
    if (from & LW_TCP_FIN)
        return (uint8_t)((unsigned)now << 4 | TCP_CLOSED);
    return (uint8_t)now;
}

static enum lw_conn conn_of(const uint8_t flags[2])
{
    uint8_t state[2] = {endpoint_of(flags[0], flags[1], true),
                        endpoint_of(flags[1], flags[0], false)};

    return tcp_state_conn(state, 0, ((flags[0] | flags[1]) & LW_TCP_PSH) != 0);
}

static void read_state(struct flow_cells *c, struct lw_record *rec)
{
    struct csv_field f = c->cell[CELL_STATE];
    uint8_t flags[2];

    if (f.n < sizeof rec->state)
        memcpy(rec->state, f.p == NULL ? "" : f.p, f.n);
    if (rec->kind != LW_FLOW_TCP)
        return;
    if (!read_flags(f, flags)) {
        rec->lacks |= LW_LACKS_FLAGS | LW_LACKS_MINOR_FLAGS;
        return;
    }
    rec->side[0].tcp_flags = flags[0];
    rec->side[1].tcp_flags = flags[1];
    rec->conn = conn_of(flags);
}

/* What is not told is what it is mostly. */
static void read_dir(const struct flow_cells *c, struct lw_record *rec)
{
    struct csv_field f = c->cell[CELL_DIR];

    for (unsigned i = 0; i < LW_N_DIRS; i++) {
        const char *name = lw_dir_name((enum lw_dir)i);

        if (f.n == strlen(name) && memcmp(f.p, name, f.n) == 0) {
            rec->dir = (enum lw_dir)i;
            return;
        }
    }
    rec->dir = rec->kind == LW_FLOW_TCP || !lw_record_heard(rec, 1) ? LW_DIR_FORWARD
                                                                    : LW_DIR_BOTH;
}

static bool binetflow_record(struct flow_cells *c, struct lw_record *rec)
{
    int64_t duration_ns = 0;

    /* Argus' own status, which is about no flow. */
    c->no_flow = flow_cell_is(c, CELL_PROTO, "man");
    if (c->no_flow)
        return true;
    if (!flow_cell_time(c, CELL_START, &rec->start_ns) || !read_endpoints(c, rec))
        return false;
    if (!flow_cell_time(c, CELL_DURATION, &duration_ns))
        rec->lacks |= LW_LACKS_DURATION;
    rec->end_ns = rec->start_ns + duration_ns;
    read_ports(c, rec);
    read_packets(c, rec);
    read_bytes(c, rec);
    read_tos(c, CELL_SRC_TOS, &rec->side[0]);
    read_tos(c, CELL_DST_TOS, &rec->side[1]);
    read_state(c, rec);
    read_dir(c, rec);
    return true;
}

/* ra writes them in the order of their starts. */
static int64_t binetflow_watermark(int64_t latest_start_ns, int64_t latest_end_ns)
{
    (void)latest_end_ns;
    return latest_start_ns;
}

const struct flow_text_format flow_text_binetflow = {
    .name = "binetflow",
    .columns = columns,
    .n_columns = sizeof columns / sizeof columns[0],
    .record = binetflow_record,
    .watermark = binetflow_watermark,
};

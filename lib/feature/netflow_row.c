/* SPDX-License-Identifier: Apache-2.0 */
/*
 * feature/netflow_row.c - a flow record as a row of the netflow view.
 *
 * Sides and direction are those that the binetflow form prints (lib/flow/binetflow.c):
 * the initiator is the source, and a flow that it began at the other end is turned
 * round.  Names that the view does not list are `other`.
 */
#include "base/timefmt.h"
#include "feature/extract_priv.h"
#include "feature/flow_past.h"
#include "feature/netflow_names.h"

#include <math.h>
#include <string.h>

enum { PRIVILEGED_PORTS = 1024, ETHER_HEADER = 14 };

_Static_assert((int)NETFLOW_CONN_OTH == (int)LW_CONN_OTH, "codes of conn_state");

static const char *const state_names[] = {
#define STATE_NAME(name, text) text,
    NETFLOW_STATE_LIST(STATE_NAME)
#undef STATE_NAME
};

static const uint8_t protocol_of_kind[LW_N_FLOW_KINDS] = {
    [LW_FLOW_OTHER] = NETFLOW_PROTOCOL_OTHER, [LW_FLOW_TCP] = NETFLOW_PROTOCOL_TCP,
    [LW_FLOW_UDP] = NETFLOW_PROTOCOL_UDP,     [LW_FLOW_ICMP] = NETFLOW_PROTOCOL_ICMP,
    [LW_FLOW_ICMP6] = NETFLOW_PROTOCOL_ICMP6, [LW_FLOW_IGMP] = NETFLOW_PROTOCOL_IGMP,
    [LW_FLOW_ARP] = NETFLOW_PROTOCOL_ARP,     [LW_FLOW_ESP] = NETFLOW_PROTOCOL_ESP,
    [LW_FLOW_GRE] = NETFLOW_PROTOCOL_GRE,     [LW_FLOW_SCTP] = NETFLOW_PROTOCOL_SCTP,
    [LW_FLOW_IP] = NETFLOW_PROTOCOL_OTHER,
};

static enum netflow_service service_of_port(uint16_t port)
{
    switch (port) {
#define NETFLOW_PORT(number, group)                                                    \
    case number:                                                                       \
        return NETFLOW_SERVICE_##group;
#include "feature/netflow_port.def"
#undef NETFLOW_PORT
    default:
        return port < PRIVILEGED_PORTS ? NETFLOW_SERVICE_LOW : NETFLOW_SERVICE_HIGH;
    }
}

enum netflow_service netflow_service_of(const struct lw_record *rec)
{
    return rec->has_ports ? service_of_port(rec->port[1 - lw_record_initiator(rec)])
                          : NETFLOW_SERVICE_NONE;
}

enum netflow_protocol netflow_protocol_of(const struct lw_record *rec)
{
    return (enum netflow_protocol)protocol_of_kind[rec->kind];
}

static enum netflow_state state_of(const struct lw_record *rec)
{
    if (rec->kind == LW_FLOW_TCP)
        return NETFLOW_STATE_TCP;
    for (unsigned i = 0; i < N_NETFLOW_STATES; i++) {
        if (strcmp(state_names[i], rec->state) == 0)
            return (enum netflow_state)i;
    }
    return NETFLOW_STATE_OTHER;
}

/* Of what is not TCP it follows from who was heard, as in Zeek. */
static float conn_state_of(const struct lw_record *rec, bool src, bool dst)
{
    if (rec->ip_version == 0)
        return (float)LW_CONN_NONE;
    if (rec->kind == LW_FLOW_TCP)
        return rec->conn == LW_CONN_NONE ? NAN : (float)rec->conn;
    if (rec->kind != LW_FLOW_UDP)
        return (float)LW_CONN_OTH;
    if (src && dst)
        return (float)LW_CONN_SF;
    return dst ? (float)LW_CONN_SHR : (float)LW_CONN_S0;
}

/* ---- TCP flags ------------------------------------------------------------------ */

/* ORDER of the columns from src_fin and from dst_fin on. */
static const uint8_t flags[] = {LW_TCP_FIN, LW_TCP_SYN, LW_TCP_RST, LW_TCP_PSH,
                                LW_TCP_ACK, LW_TCP_URG, LW_TCP_ECE, LW_TCP_CWR};

enum { N_FLAGS = sizeof flags / sizeof flags[0] };

_Static_assert(NETFLOW_src_cwr - NETFLOW_src_fin == N_FLAGS - 1 &&
                   NETFLOW_dst_cwr - NETFLOW_dst_fin == N_FLAGS - 1,
               "a column for every flag");

static void fill_flags(const struct lw_record *rec, const struct lw_side *side,
                       float *v)
{
    const uint8_t major = LW_TCP_FIN | LW_TCP_SYN | LW_TCP_RST | LW_TCP_ACK;

    for (unsigned i = 0; i < N_FLAGS; i++) {
        bool is_lacking = flags[i] & major
                              ? rec->kind == LW_FLOW_TCP && rec->lacks & LW_LACKS_FLAGS
                              : (rec->lacks & LW_LACKS_MINOR_FLAGS) != 0;

        v[i] = (side->tcp_flags & flags[i]) != 0 ? 1.0f : 0.0f;
        if (is_lacking)
            v[i] = NAN;
    }
}

static float tos_of(const struct lw_side *s)
{
    return s->has_ip ? (float)s->tos : NAN;
}

/* ---- volume --------------------------------------------------------------------- */

/* A quotient, missing where it is not defined. */
static float per(double part, double whole)
{
    return whole > 0 ? (float)(part / whole) : NAN;
}

static double known(const struct lw_record *rec, uint32_t lack, uint64_t value)
{
    return rec->lacks & lack ? (double)NAN : (double)value;
}

/* As an Ethernet frame without tag or padding; what has no IP, as it was. */
static double bytes_of(const struct lw_record *rec, unsigned side)
{
    const struct lw_side *s = &rec->side[side];

    if (rec->ip_version == 0 || rec->lacks & LW_LACKS_IP_BYTES)
        return known(rec, LW_LACKS_FRAME_BYTES, s->frame_bytes);
    return known(rec, LW_LACKS_SIDE_PACKETS, s->ip_bytes + s->packets * ETHER_HEADER);
}

/* Times are cut to microseconds first, as they are printed: a row made from the record
 * and one made from its printed form are the same. */
static double seconds_of(const struct lw_record *rec)
{
    int64_t us = rec->end_ns / NS_PER_US - rec->start_ns / NS_PER_US;

    return rec->lacks & LW_LACKS_DURATION ? (double)NAN : (double)us / 1e6;
}

static void fill_volume(const struct lw_record *rec, unsigned src, float *v)
{
    unsigned dst = 1 - src;
    double seconds = seconds_of(rec);
    double packets =
        known(rec, LW_LACKS_PACKETS, rec->side[0].packets + rec->side[1].packets);
    double src_packets = known(rec, LW_LACKS_SIDE_PACKETS, rec->side[src].packets);
    double dst_packets = known(rec, LW_LACKS_SIDE_PACKETS, rec->side[dst].packets);
    double src_bytes = bytes_of(rec, src);
    double dst_bytes = bytes_of(rec, dst);
    double bytes = src_bytes + dst_bytes;

    v[NETFLOW_duration] = (float)seconds;
    v[NETFLOW_packets] = (float)packets;
    v[NETFLOW_src_packets] = (float)src_packets;
    v[NETFLOW_dst_packets] = (float)dst_packets;
    v[NETFLOW_bytes] = (float)bytes;
    v[NETFLOW_src_bytes] = (float)src_bytes;
    v[NETFLOW_dst_bytes] = (float)dst_bytes;
    v[NETFLOW_src_byte_share] = per(src_bytes, bytes);
    v[NETFLOW_src_packet_share] = per(src_packets, packets);
    v[NETFLOW_bytes_per_packet] = per(bytes, packets);
    v[NETFLOW_src_bytes_per_packet] = per(src_bytes, src_packets);
    v[NETFLOW_dst_bytes_per_packet] = per(dst_bytes, dst_packets);
    v[NETFLOW_packets_per_second] = per(packets, seconds);
    v[NETFLOW_bytes_per_second] = per(bytes, seconds);
}

static float resent(const struct lw_record *rec, unsigned side)
{
    return (float)known(rec, LW_LACKS_RETRANSMITTED,
                        rec->side[side].retransmitted > 0 ? 1 : 0);
}

static void fill_data(const struct lw_record *rec, unsigned src, float *v)
{
    unsigned dst = 1 - src;

    v[NETFLOW_src_payload] =
        (float)known(rec, LW_LACKS_PAYLOAD, rec->side[src].payload_bytes);
    v[NETFLOW_dst_payload] =
        (float)known(rec, LW_LACKS_PAYLOAD, rec->side[dst].payload_bytes);
    v[NETFLOW_src_retransmitted] = resent(rec, src);
    v[NETFLOW_dst_retransmitted] = resent(rec, dst);
}

/* Whom a record without bytes has heard, only TCP's flags can tell. */
static bool tells_who_spoke(const struct lw_record *rec)
{
    const uint32_t bytes = LW_LACKS_FRAME_BYTES | LW_LACKS_IP_BYTES;

    return (rec->lacks & bytes) != bytes || !(rec->lacks & LW_LACKS_SIDE_PACKETS) ||
           (rec->kind == LW_FLOW_TCP && !(rec->lacks & LW_LACKS_FLAGS));
}

static void netflow_make_row(void *state, const struct lw_record *rec, const float *own,
                             float *values)
{
    unsigned src = lw_record_initiator(rec);
    unsigned dst = 1 - src;
    bool src_heard = lw_record_heard(rec, src);
    bool dst_heard = lw_record_heard(rec, dst);

    (void)state;
    (void)own;
    values[NETFLOW_protocol] = (float)netflow_protocol_of(rec);
    values[NETFLOW_direction] = (float)rec->dir;
    values[NETFLOW_state] = (float)state_of(rec);
    values[NETFLOW_conn_state] = conn_state_of(rec, src_heard, dst_heard);
    values[NETFLOW_service] = (float)netflow_service_of(rec);
    values[NETFLOW_answered] = tells_who_spoke(rec) ? (dst_heard ? 1.0f : 0.0f) : NAN;
    values[NETFLOW_failed] =
        tells_who_spoke(rec) ? (flow_failed(rec) ? 1.0f : 0.0f) : NAN;
    values[NETFLOW_to_group] = flow_to_group(rec) ? 1.0f : 0.0f;
    values[NETFLOW_src_tos] = tos_of(&rec->side[src]);
    values[NETFLOW_dst_tos] = tos_of(&rec->side[dst]);
    fill_flags(rec, &rec->side[src], values + NETFLOW_src_fin);
    fill_flags(rec, &rec->side[dst], values + NETFLOW_dst_fin);
    fill_volume(rec, src, values);
    fill_data(rec, src, values);
}

const struct row_maker netflow_rows = {
    .view = "netflow",
    .n_columns = N_NETFLOW,
    .make = netflow_make_row,
};

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
#include "feature/netflow_names.h"

#include <math.h>
#include <string.h>

enum { PRIVILEGED_PORTS = 1024 };

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

static float has_flag(const struct lw_side *s, uint8_t flag)
{
    return (s->tcp_flags & flag) != 0 ? 1.0f : 0.0f;
}

static void fill_flags(const struct lw_side *src, const struct lw_side *dst, float *v)
{
    v[NETFLOW_src_fin] = has_flag(src, LW_TCP_FIN);
    v[NETFLOW_src_syn] = has_flag(src, LW_TCP_SYN);
    v[NETFLOW_src_rst] = has_flag(src, LW_TCP_RST);
    v[NETFLOW_src_psh] = has_flag(src, LW_TCP_PSH);
    v[NETFLOW_src_ack] = has_flag(src, LW_TCP_ACK);
    v[NETFLOW_src_urg] = has_flag(src, LW_TCP_URG);
    v[NETFLOW_src_ece] = has_flag(src, LW_TCP_ECE);
    v[NETFLOW_src_cwr] = has_flag(src, LW_TCP_CWR);
    v[NETFLOW_dst_fin] = has_flag(dst, LW_TCP_FIN);
    v[NETFLOW_dst_syn] = has_flag(dst, LW_TCP_SYN);
    v[NETFLOW_dst_rst] = has_flag(dst, LW_TCP_RST);
    v[NETFLOW_dst_psh] = has_flag(dst, LW_TCP_PSH);
    v[NETFLOW_dst_ack] = has_flag(dst, LW_TCP_ACK);
    v[NETFLOW_dst_urg] = has_flag(dst, LW_TCP_URG);
    v[NETFLOW_dst_ece] = has_flag(dst, LW_TCP_ECE);
    v[NETFLOW_dst_cwr] = has_flag(dst, LW_TCP_CWR);
}

static float tos_of(const struct lw_side *s)
{
    return s->has_ip ? (float)s->tos : NAN;
}

/* A quotient, missing where it is not defined. */
static float per(double part, double whole)
{
    return whole > 0 ? (float)(part / whole) : NAN;
}

/* Times are cut to microseconds first, as they are printed: a row made from the record
 * and one made from its printed form are the same. */
static double seconds_of(const struct lw_record *rec)
{
    int64_t us = rec->end_ns / NS_PER_US - rec->start_ns / NS_PER_US;

    return (double)us / 1e6;
}

static void fill_volume(const struct lw_record *rec, const struct lw_side *src,
                        const struct lw_side *dst, float *v)
{
    double seconds = seconds_of(rec);
    double packets = (double)(src->packets + dst->packets);
    double bytes = (double)(src->frame_bytes + dst->frame_bytes);

    v[NETFLOW_duration] = (float)seconds;
    v[NETFLOW_packets] = (float)packets;
    v[NETFLOW_bytes] = (float)bytes;
    v[NETFLOW_src_bytes] = (float)src->frame_bytes;
    v[NETFLOW_dst_bytes] = (float)dst->frame_bytes;
    v[NETFLOW_src_byte_share] = per((double)src->frame_bytes, bytes);
    v[NETFLOW_bytes_per_packet] = per(bytes, packets);
    v[NETFLOW_packets_per_second] = per(packets, seconds);
    v[NETFLOW_bytes_per_second] = per(bytes, seconds);
}

static void netflow_make_row(void *state, const struct lw_record *rec, const float *own,
                             float *values)
{
    unsigned from = lw_record_initiator(rec);
    const struct lw_side *src = &rec->side[from];
    const struct lw_side *dst = &rec->side[1 - from];

    (void)state;
    (void)own;
    values[NETFLOW_protocol] = (float)netflow_protocol_of(rec);
    values[NETFLOW_direction] = (float)rec->dir;
    values[NETFLOW_state] = (float)state_of(rec);
    values[NETFLOW_service] = (float)netflow_service_of(rec);
    values[NETFLOW_src_tos] = tos_of(src);
    values[NETFLOW_dst_tos] = tos_of(dst);
    fill_flags(src, dst, values);
    fill_volume(rec, src, dst, values);
}

const struct row_maker netflow_rows = {
    .view = "netflow",
    .n_columns = N_NETFLOW,
    .make = netflow_make_row,
};

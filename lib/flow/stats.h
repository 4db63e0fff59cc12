/* SPDX-License-Identifier: Apache-2.0 */
/*
 * flow/stats.h - collecting lapwing/flow_stats.h, packet by packet.
 *
 * These live beside the flow table (flow_table_attach), so that a meter without them
 * is as small and as fast as if they did not exist.
 */
#ifndef FLOW_STATS_H
#define FLOW_STATS_H

#include "packet/decode.h"
#include "packet/plain.h"

#include <lapwing/flow_stats.h>

#include <stddef.h>

/** Packets with data that may become a bulk. */
struct flow_run {
    uint64_t packets; /* 0: none */
    uint64_t payload_bytes;
    int64_t start_ns;
    int64_t last_ns;
};

struct flow_stats {
    int64_t start_ns; /* first packet of the record */
    int64_t last_ns;  /* latest time, of either side and of each */
    int64_t side_last_ns[2];
    int64_t active_start_ns; /* of the present active period */
    struct flow_run run[2];
    uint32_t last_ack[2]; /* TCP: by side, of its last packet */
    uint16_t last_window[2];
    bool begun;
    struct lw_flow_stats known; /* what a record shows */
};

/** What flow_stats_add() touches with every packet comes first. */
#define FLOW_STATS_HOT_BYTES offsetof(struct flow_stats, known.start.head)

/** The first packet of a flow comes. */
void flow_stats_begin(struct flow_stats *s);

/** The first packet of another record of the same flow comes: nothing yet, but how it
 *  began. */
void flow_stats_continue(struct flow_stats *s);

/** What statistics look at of a packet, however it was read. */
struct stats_packet {
    int64_t time_ns;
    unsigned from; /* 0 for the side that sent the first packet of the flow */
    uint32_t frame_bytes;
    uint32_t ip_bytes; /* of what is not IP, the whole frame */
    uint32_t payload_bytes;
    struct span payload; /* what was captured of it */
    bool has_transport;  /* its header, and what follows here, is known */
    bool is_tcp;
    uint8_t transport_bytes;
    uint8_t tcp_flags; /* 0 of what has none */
    uint16_t tcp_window;
    uint32_t tcp_ack;
};

static inline struct stats_packet stats_packet_of(const struct decoded *d,
                                                  unsigned from, int64_t time_ns)
{
    return (struct stats_packet){.time_ns = time_ns,
                                 .from = from,
                                 .frame_bytes = d->frame_bytes,
                                 .ip_bytes =
                                     d->ip_version != 0 ? d->ip_bytes : d->frame_bytes,
                                 .payload_bytes = d->payload_bytes,
                                 .payload = d->payload,
                                 .has_transport = d->layer == DECODE_TRANSPORT,
                                 .is_tcp = d->protocol == PLAIN_TCP,
                                 .transport_bytes = d->transport_bytes,
                                 .tcp_flags = d->tcp_flags,
                                 .tcp_window = d->tcp_window,
                                 .tcp_ack = d->tcp_ack};
}

/** The same of a plain packet. */
static inline struct stats_packet stats_packet_of_plain(const struct plain *p,
                                                        unsigned from, int64_t time_ns)
{
    const bool is_tcp = p->protocol == PLAIN_TCP;

    return (struct stats_packet){.time_ns = time_ns,
                                 .from = from,
                                 .frame_bytes = p->frame_bytes,
                                 .ip_bytes = p->ip_bytes,
                                 .payload_bytes = p->payload_bytes,
                                 .payload = plain_payload(p),
                                 .has_transport = true,
                                 .is_tcp = is_tcp,
                                 .transport_bytes = (uint8_t)p->header_bytes,
                                 .tcp_flags = is_tcp ? plain_tcp_flags(p) : 0,
                                 .tcp_window = is_tcp ? plain_tcp_window(p) : 0,
                                 .tcp_ack = is_tcp ? plain_tcp_ack(p) : 0};
}

/** Count a packet. */
void flow_stats_add(struct flow_stats *s, const struct stats_packet *p);

/** Close the last active period; returns what is known.  Nothing may be added before
 *  the next record. */
const struct lw_flow_stats *flow_stats_finish(struct flow_stats *s);

#endif /* FLOW_STATS_H */

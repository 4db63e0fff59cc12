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

/** Count a packet; `from` is 0 for the side that sent the first one of the flow. */
void flow_stats_add(struct flow_stats *s, const struct decoded *d, unsigned from,
                    int64_t time_ns);

/** Close the last active period; returns what is known.  Nothing may be added before
 *  the next record. */
const struct lw_flow_stats *flow_stats_finish(struct flow_stats *s);

#endif /* FLOW_STATS_H */

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * serve/watch_wire.h - what the server and the process that watches an interface tell
 * each other.
 *
 * The server sends one request and gets frames (frames.h): flows as they are judged
 * (those of judge_wire.h), packets as they came, once a second a tick, and one end.
 */
#ifndef SERVE_WATCH_WIRE_H
#define SERVE_WATCH_WIRE_H

#include "serve/judge_wire.h"

#include <net/if.h>

enum watch_kind { WATCH_PACKETS = 'K', WATCH_TICK = 'T' };

enum {
    WATCH_SNAPLEN = 65536,         /* longer packets are cut off */
    WATCH_PACKETS_MAX = 128 * 1024 /* bytes of a frame from which on it is sent */
};

struct watch_request {
    char interface[IFNAMSIZ];
    struct wire_request judge; /* of its files only the traffic model's */
};

void watch_put_request(struct buf *out, const char *interface,
                       const struct judge_config *cfg);
/** LW_EFORMAT, LW_ENOMEM; then there is nothing to release.  Release `judge`. */
LW_MUST enum lw_status watch_take_request(struct watch_request *out, struct span bytes,
                                          struct lw_error *err);

/** Sums since the process began, but for the delays. */
struct watch_tick {
    uint64_t packets; /* seen */
    uint64_t bytes;   /* of these, on the wire */
    uint64_t drops;   /* lost before they were seen */
    uint64_t flows;   /* judged: one each 10 s of a long flow */
    uint64_t alerts;
    uint64_t active; /* flows in the table now */
    uint64_t by_class[LW_N_VERDICTS];
    /* From a flow's last packet to its verdict: of `delays` flows since the last tick,
     * in sum and at most. */
    uint64_t delays;
    int64_t delay_sum_ns;
    int64_t delay_max_ns;
};

void watch_put_tick(struct buf *out, const struct watch_tick *t);
/** False: it is none. */
bool watch_take_tick(struct span payload, struct watch_tick *out);

/** Add a packet to the records of a frame's payload, as a pcap file has them. */
void watch_put_packet(struct buf *records, const struct lw_packet *pkt);
/** A frame of packets of one link type. */
void watch_put_packets(struct buf *out, uint32_t link_type, const struct buf *records);
/** False: it is none.  *records is borrowed. */
bool watch_take_packets(struct span payload, uint32_t *link_type, struct span *records);

/** The beginning of a pcap file (nanoseconds) with such records. */
void watch_put_file_head(struct buf *out, uint32_t link_type);

#endif /* SERVE_WATCH_WIRE_H */

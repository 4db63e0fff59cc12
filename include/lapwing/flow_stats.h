/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lapwing/flow_stats.h - how the packets of a flow are spread in size and time.
 *
 * Collected only when the meter is told to (`flow_stats` in struct lw_meter_config); a
 * record then carries a pointer to them, with index 0 for the endpoint that sent the
 * first packet, as in the record itself.  They cover the packets of the record: a
 * status record begins them anew.
 *
 * Counts and sums are exact integers.  Times are differences of packet times; a packet
 * older than one before it came 0 ns after it.
 */
#ifndef LW_FLOW_STATS_H
#define LW_FLOW_STATS_H

#include <lapwing/error.h>

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
    LW_FIRST_PACKETS = 16, /* so many packets of a flow are remembered one by one */
    LW_N_TCP_FLAGS = 8,
    /* A bulk: so many packets with data from one side, none with data from the other
     * side between them, and no silence longer than LW_BULK_SILENCE_NS. */
    LW_BULK_PACKETS = 4
};

#define LW_BULK_SILENCE_NS    INT64_C(1000000000)
#define LW_SUBFLOW_SILENCE_NS INT64_C(1000000000) /* longer: a new subflow */
#define LW_IDLE_SILENCE_NS    INT64_C(5000000000) /* longer: the flow was idle */

/** Lengths of packets. */
struct lw_length_stats {
    uint64_t n;
    uint64_t sum_bytes;
    uint64_t sum_squares; /* lengths count with at most 1 MiB each here */
    uint32_t min_bytes;   /* 0 when n is 0, */
    uint32_t max_bytes;   /* and so is this */
};

/** Lengths of time. */
struct lw_time_stats {
    uint64_t n;
    int64_t sum_ns;
    int64_t min_ns; /* 0 when n is 0, */
    int64_t max_ns; /* and so is this */
    double mean_ns;
    double m2_ns2; /* sum of the squared differences from the mean */
};

/** What one side sent in bulks. */
struct lw_bulk_stats {
    uint64_t n; /* bulks */
    uint64_t packets;
    uint64_t payload_bytes;
    int64_t duration_ns; /* of all, each from its first packet to its last */
};

/** Of one side. */
struct lw_side_stats {
    struct lw_length_stats payload; /* above the transport header; no padding */
    struct lw_length_stats frame;   /* whole frames on the wire */
    struct lw_time_stats gap;       /* between packets of this side */
    struct lw_bulk_stats bulk;
    uint64_t header_bytes; /* transport headers */
    uint64_t data_packets; /* with payload */
    uint32_t
        tcp_flags[LW_N_TCP_FLAGS]; /* packets with bit i set: FIN SYN RST PSH ... */
    uint16_t first_window;         /* TCP window of the first packet, unscaled */
    bool has_window;               /* it is known */
    uint8_t min_header_bytes;      /* shortest transport header; 0: none seen */
};

/** One of the first packets. */
struct lw_first_packet {
    int64_t offset_ns; /* after the first packet of the record */
    uint32_t payload_bytes;
    uint8_t from; /* index of the side that sent it */
    uint8_t tcp_flags;
};

struct lw_flow_stats {
    struct lw_side_stats side[2];
    struct lw_time_stats gap;    /* between packets of either side */
    struct lw_time_stats active; /* periods of more than one packet that no idle silence
                                    interrupts, the last one included */
    struct lw_time_stats idle;   /* silences longer than LW_IDLE_SILENCE_NS */
    uint32_t subflows;           /* parts that longer silences separate; 1 or more */
    uint32_t n_first;
    struct lw_first_packet first[LW_FIRST_PACKETS]; /* (n_first) */
};

/** Put another set of lengths to the first. */
LW_API void lw_length_stats_merge(struct lw_length_stats *to,
                                  const struct lw_length_stats *more);

/** In bytes; NaN when n is 0. */
LW_API double lw_length_mean(const struct lw_length_stats *s);

/** Sample variance (divided by n - 1), in square bytes; 0 when n is 1, NaN when it is
 *  0. */
LW_API double lw_length_variance(const struct lw_length_stats *s);

/** Sample variance in square nanoseconds; 0 when n is 1, NaN when it is 0. */
LW_API double lw_time_variance(const struct lw_time_stats *s);

#ifdef __cplusplus
}
#endif

#endif /* LW_FLOW_STATS_H */

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lapwing/flow_stats.h - how the packets of a flow are spread in size and time.
 *
 * Collected only when the meter is told to (`flow_stats` in struct lw_meter_config); a
 * record then carries a pointer to them, with index 0 for the endpoint that sent the
 * first packet, as in the record itself.  They cover the packets of the record: a
 * status record begins them anew.  How the flow began (struct lw_flow_start) stays with
 * it, also in its later records.
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
    LW_FIRST_PACKETS = 20, /* so many packets of a flow are remembered one by one */
    LW_HEAD_BYTES = 64,    /* and so many bytes of payload of each side */
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
    double payload_cubes;    /* sum of cubes of payload lengths, of at most 1 MiB each;
                                exact below 2^53 */
    uint64_t header_bytes;   /* transport headers */
    uint64_t data_packets;   /* with payload */
    uint32_t duplicate_acks; /* TCP segments without data, SYN, FIN or RST that
                                acknowledge what the one before them did, with the same
                                window (RFC 5681, 2, less "has outstanding data") */
    uint32_t zero_windows;   /* TCP packets without RST that leave no room */
    uint32_t
        tcp_flags[LW_N_TCP_FLAGS]; /* packets with bit i set: FIN SYN RST PSH ... */
    uint16_t first_window;         /* TCP window of the first packet, unscaled, */
    uint16_t min_window;           /* and the least */
    uint16_t max_window;           /* and greatest */
    bool has_window;               /* they are known */
    uint8_t min_header_bytes;      /* shortest transport header; 0: none seen */
};

/** One of the first packets. */
struct lw_first_packet {
    int64_t offset_ns; /* after the first packet of the flow */
    uint32_t payload_bytes;
    uint16_t ip_bytes; /* IP header and payload, 65,535 at most; of what is not IP the
                          whole frame */
    uint8_t from;      /* index of the side that sent it */
    uint8_t tcp_flags;
};

/** How a flow began. */
struct lw_flow_start {
    int64_t start_ns; /* its first packet */
    uint32_t records; /* of this flow before this one */
    uint32_t n_packets;
    uint8_t n_head[2];              /* bytes of payload that are known, by side */
    uint8_t head[2][LW_HEAD_BYTES]; /* the first of them, as they came */
    struct lw_first_packet packet[LW_FIRST_PACKETS]; /* (n_packets) */
};

struct lw_flow_stats {
    struct lw_side_stats side[2];
    struct lw_time_stats gap;    /* between packets of either side */
    struct lw_time_stats active; /* periods of more than one packet that no idle silence
                                    interrupts, the last one included */
    struct lw_time_stats idle;   /* silences longer than LW_IDLE_SILENCE_NS */
    uint32_t subflows;           /* parts that longer silences separate; 1 or more */
    struct lw_flow_start start;
};

/** Put another set of lengths to the first. */
LW_API void lw_length_stats_merge(struct lw_length_stats *to,
                                  const struct lw_length_stats *more);

/** In bytes; NaN when n is 0. */
LW_API double lw_length_mean(const struct lw_length_stats *s);

/** Sample variance (divided by n - 1), in square bytes; 0 when n is 1, NaN when it is
 *  0. */
LW_API double lw_length_variance(const struct lw_length_stats *s);

/** Skewness, m3 / m2^(3/2) with moments about the mean divided by n; `cubes` is the sum
 * of the cubes.  0 where all lengths are the same, NaN when n is 0. */
LW_API double lw_length_skewness(const struct lw_length_stats *s, double cubes);

/** Sample variance in square nanoseconds; 0 when n is 1, NaN when it is 0. */
LW_API double lw_time_variance(const struct lw_time_stats *s);

#ifdef __cplusplus
}
#endif

#endif /* LW_FLOW_STATS_H */

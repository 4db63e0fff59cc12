/* SPDX-License-Identifier: Apache-2.0 */
/*
 * flow/history.h - what Zeek's conn.log says of a connection, kept packet by packet.
 *
 * Kept apart from the flows, in memory of its own that is indexed as the flow table's:
 * whoever does not ask for it pays one test a packet and no memory.
 */
#ifndef FLOW_HISTORY_H
#define FLOW_HISTORY_H

#include "table.h"

enum { HISTORY_HELD = 4 };

/** Numbers of a TCP stream, counted from its SYN (0) and without wrapping around. */
struct stream_range {
    int64_t from;
    int64_t to;
};

/** What one side of a connection did. */
struct history_side {
    uint64_t packets;
    uint64_t ip_bytes;
    uint64_t payload_bytes;
    uint64_t missed_bytes;
    /* TCP from here on. */
    int64_t sent;      /* after the highest number that it sent */
    int64_t acked;     /* after the highest that the peer acknowledged */
    int64_t delivered; /* after what came in order, or is known to be missing */
    int64_t trimmed;   /* what lies before it is done with */
    int64_t stored;    /* after the last byte captured */
    int64_t fin;       /* after its FIN */
    struct stream_range held[HISTORY_HELD]; /* captured behind a hole, in order */
    uint32_t start;                         /* the sequence number that counts as 0 */
    uint32_t last_syn;
    uint32_t last_fin;
    uint32_t last_rst;
    uint32_t n_bad_sums;
    uint32_t n_gaps;
    uint32_t n_retransmitted;
    uint32_t n_zero_windows;
    uint16_t seen; /* what was noted already: history_tcp.c */
    uint8_t n_held;
};

struct history {
    struct history_side side[2]; /* of the flow's key */
    int64_t start_ns;
    int64_t last_ns;   /* of the last packet that Zeek counts */
    int64_t closed_ns; /* TCP: last_ns when it was over; 0: it is not */
    uint8_t tcp[2];    /* tcp_state.h */
    uint8_t orig;      /* which side is the originator */
    uint8_t kind;      /* enum lw_flow_kind */
    bool logged;       /* Zeek would have a line for it */
    bool partial;      /* TCP: the start was not seen */
    bool close_waits;  /* for data that is missing */
    uint8_t n_letters;
    char letters[LW_HISTORY_MAX];
};

struct histories {
    struct history **chunks; /* owned (n_chunks), each owned or NULL */
    uint32_t n_chunks;       /* 0: nothing is kept */
    bool any_checksum;       /* wrong ones are as good as right ones */
};

/** Get ready for flows up to index `max_flows`.  False when memory is out. */
bool histories_init(struct histories *hs, uint32_t max_flows);
void histories_release(struct histories *hs);

static inline bool histories_kept(const struct histories *hs)
{
    return hs->n_chunks != 0;
}

/** A new flow, before its first packet. */
void histories_begin(struct histories *hs, const struct flow *f);

/** One more packet of the flow. */
void histories_add(struct histories *hs, const struct flow *f, const struct decoded *d,
                   unsigned from, int64_t time_ns);

/** Fill in rec->conn_log. */
void histories_report(const struct histories *hs, const struct flow *f,
                      struct lw_record *rec);

/** Whether Zeek would take a packet that arrives now for the first of a new connection,
 *  though the flow is there and has not been idle for too long. */
bool histories_is_over(const struct histories *hs, const struct flow *f,
                       const struct decoded *d, int64_t time_ns);

#endif /* FLOW_HISTORY_H */

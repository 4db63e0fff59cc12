/* SPDX-License-Identifier: Apache-2.0 */
/*
 * flow/streams.h - what the endpoints of flows say to each other, for those who ask.
 *
 * Kept apart from the flows: whoever does not ask for it pays one test a packet and no
 * memory.  A TCP connection is put in order (stream_side.h) from its first payload on,
 * until its protocol is known and nobody wants to read it.
 */
#ifndef FLOW_STREAMS_H
#define FLOW_STREAMS_H

#include "slab.h"
#include "table.h"

#include <lapwing/flow.h>

struct stream_slot;

struct stream_counts {
    uint64_t begun;
    uint64_t refused;
    uint64_t delivered_bytes;
    uint64_t missing_bytes;
    uint64_t repeated_bytes;
};

struct streams {
    struct stream_slot **chunks; /* owned (n_chunks), each owned or NULL: one a flow */
    uint32_t n_chunks;           /* 0: nobody asks */
    struct slab streams;         /* of struct stream */
    struct slab pieces;          /* of struct stream_piece */
    struct slab openings;        /* of struct opening */
    struct slab states;          /* of the tap */
    struct slab handshakes;      /* of struct handshake, of streams and after them */
    struct slab hellos;          /* of struct hello */
    bool reads_handshakes;
    const struct lw_stream_tap *tap; /* NULL: none */
    uint64_t read_max;               /* bytes of a side that it gets */
    uint32_t pieces_max;             /* of a side */
    struct stream_counts counts;
};

/** Get ready for flows up to index `max_flows`, as configured.  False when memory is
 *  out. */
bool streams_init(struct streams *ss, uint32_t max_flows,
                  const struct lw_meter_config *cfg);
void streams_release(struct streams *ss);

static inline bool streams_kept(const struct streams *ss)
{
    return ss->n_chunks != 0;
}

/** Size of what records' `tapped` points to; 0: nobody listens. */
static inline size_t streams_tapped_bytes(const struct streams *ss)
{
    return ss->tap != NULL ? ss->states.object_bytes : 0;
}

/** A new flow, before its first packet. */
void streams_begin(struct streams *ss, const struct flow *f);

/** One more packet of the flow, which has accounted for it.  The bytes are borrowed.
 *  When nothing that the flow may still say matters here, it becomes FLOW_UNHEARD, and
 *  its packets need not be added any more. */
void streams_add(struct streams *ss, struct flow *f, const struct decoded *d,
                 unsigned from);

enum { STREAM_SLOT_BYTES = 16 };

/** The flow will be over soon: ask memory for what is known of its stream. */
PREFETCHES static inline void streams_prefetch(const struct streams *ss,
                                               const struct flow *f)
{
    const char *chunk = (const char *)ss->chunks[f->index >> FLOW_CHUNK_SHIFT];

    if (chunk != NULL)
        __builtin_prefetch(chunk +
                           (size_t)(f->index & (FLOW_CHUNK - 1)) * STREAM_SLOT_BYTES);
}

/** The flow is over: before its last record. */
void streams_end(struct streams *ss, const struct flow *f);

/** Fill in what a record carries. */
void streams_report(const struct streams *ss, const struct flow *f,
                    struct lw_record *rec);

/** After the flow's last record. */
void streams_forget(struct streams *ss, const struct flow *f);

#endif /* FLOW_STREAMS_H */

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * flow/stream_side.h - the bytes that one side of a TCP connection sent, in order.
 *
 * Bytes that arrive in order are handed on as they stand in the packet.  What arrives
 * behind a hole is copied and held until the hole is filled, or is known to stay: the
 * peer has acknowledged what lies in it, no more can be held, the connection is over.
 * Of bytes that arrive twice the first copy counts (docs/streams.md).
 */
#ifndef FLOW_STREAM_SIDE_H
#define FLOW_STREAM_SIDE_H

#include "base/span.h"
#include "slab.h"

enum { PIECE_BYTES = 2032 };

/** Bytes that wait behind a hole, in the order of their sequence numbers. */
struct stream_piece {
    uint32_t next; /* in the slab; SLAB_NONE: the last one */
    uint32_t seq;
    uint32_t n;    /* captured bytes */
    uint32_t lost; /* bytes after them that were sent, but not captured */
    uint8_t bytes[PIECE_BYTES];
};

struct stream_side {
    uint64_t delivered; /* bytes handed on */
    uint64_t missing;   /* bytes in gaps */
    uint64_t repeated;  /* bytes that had come before */
    uint32_t next;      /* sequence number of the next byte to hand on */
    uint32_t acked;     /* the peer has all before it */
    uint32_t fin;       /* sequence number of its FIN */
    uint32_t first;     /* piece; SLAB_NONE: nothing is held */
    uint32_t last;
    uint32_t n_pieces;
    bool started; /* `next` is known */
    bool has_ack;
    bool has_fin;
    bool is_over; /* all before its FIN was handed on */
};

/** Where the bytes go: exactly the stream, without a hole. */
struct stream_out {
    void (*data)(void *ctx, const uint8_t *bytes, size_t n);
    void (*gap)(void *ctx, uint64_t n_bytes);
    void *ctx;
    struct slab *pieces; /* of struct stream_piece, shared by all streams */
    uint32_t pieces_max; /* that one side may hold */
};

/** Nothing is known yet. */
void stream_side_init(struct stream_side *s);

/** Its SYN: the stream begins behind it, or begins anew. */
void stream_side_syn(struct stream_side *s, uint32_t seq, const struct stream_out *out);

/** A segment's payload: `wire_bytes` from `seq` on, of which `captured` is the
 *  beginning. */
void stream_side_add(struct stream_side *s, uint32_t seq, struct span captured,
                     uint32_t wire_bytes, const struct stream_out *out);

/** Its FIN comes after the byte before `seq`. */
void stream_side_fin(struct stream_side *s, uint32_t seq);

/** The peer has all before `ack`. */
void stream_side_ack(struct stream_side *s, uint32_t ack, const struct stream_out *out);

/** No more will come: hand on what is held, and the gaps in it. */
void stream_side_end(struct stream_side *s, const struct stream_out *out);

/** Forget what is held. */
void stream_side_drop(struct stream_side *s, struct slab *pieces);

#endif /* FLOW_STREAM_SIDE_H */

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * packet/feed.h - the bytes of a capture file, a few at a time, without copying.
 *
 * A feed keeps in sight what its stream holds anyway, so that most packets cost two
 * comparisons and no call.  Bytes in sight are borrowed until the next feed_need().
 */
#ifndef PACKET_FEED_H
#define PACKET_FEED_H

#include "base/span.h"
#include "base/stream.h"

#include <lapwing/error.h>

#include <stdint.h>

struct feed {
    struct stream *in; /* owned */
    struct span ahead; /* in sight, from the present place on; borrowed from `in` */
    size_t passed;     /* bytes skipped that the stream was not told of yet */
    uint64_t told;     /* bytes skipped that it was told of */
};

/** Takes over `in`. */
void feed_init(struct feed *f, struct stream *in);
/** Closes the stream; an all-zero feed is fine. */
void feed_release(struct feed *f);

/** What feed_need() does when too little is in sight. */
LW_MUST enum lw_status feed_more(struct feed *f, size_t n, struct lw_error *err);

/** Bring at least `n` bytes in sight.  At the end of the data there are fewer, with
 *  LW_OK.  Otherwise the statuses of stream_peek(). */
LW_MUST static inline enum lw_status feed_need(struct feed *f, size_t n,
                                               struct lw_error *err)
{
    return f->ahead.n >= n ? LW_OK : feed_more(f, n, err);
}

/** Move on by `n` bytes that are in sight. */
static inline void feed_skip(struct feed *f, size_t n)
{
    f->ahead = span_from(f->ahead, n);
    f->passed += n;
}

/** Move on by `n` bytes wherever they are; fewer at the end of the data, when *whole is
 *  false.  Statuses of stream_peek(). */
LW_MUST enum lw_status feed_pass(struct feed *f, uint64_t n, bool *whole,
                                 struct lw_error *err);

/** Keep what was in sight: see stream_trade(). */
LW_MUST bool feed_trade(struct feed *f, struct stream_buffer *buf);

/** Where we are in the (decompressed) data. */
static inline uint64_t feed_offset(const struct feed *f)
{
    return f->told + f->passed;
}

#endif /* PACKET_FEED_H */

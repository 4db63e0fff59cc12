/* SPDX-License-Identifier: Apache-2.0 */
#include "packet/feed.h"

void feed_init(struct feed *f, struct stream *in)
{
    *f = (struct feed){.in = in};
}

void feed_release(struct feed *f)
{
    stream_close(f->in);
    *f = (struct feed){0};
}

enum lw_status feed_more(struct feed *f, size_t n, struct lw_error *err)
{
    stream_skip(f->in, f->passed);
    f->told += f->passed;
    f->passed = 0;
    return stream_peek(f->in, n, &f->ahead, err);
}

enum lw_status feed_pass(struct feed *f, uint64_t n, bool *whole, struct lw_error *err)
{
    enum lw_status st = LW_OK;

    while (n > 0 && st == LW_OK) {
        size_t now = n < f->ahead.n ? (size_t)n : f->ahead.n;

        feed_skip(f, now);
        n -= now;
        if (n == 0)
            break;
        st = feed_more(f, 1, err);
        if (f->ahead.n == 0)
            break;
    }
    *whole = n == 0;
    return st;
}

bool feed_trade(struct feed *f, struct stream_buffer *buf)
{
    struct lw_error ignored;

    stream_skip(f->in, f->passed);
    f->told += f->passed;
    f->passed = 0;
    if (!stream_trade(f->in, buf))
        return false;
    /* Asks for nothing that is not there, so it cannot fail. */
    (void)!stream_peek(f->in, 0, &f->ahead, &ignored);
    return true;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "base/lines.h"

#include "base/assert.h"

#include <string.h>

void lines_init(struct lines *l, struct stream *in, struct sha256 *digest)
{
    *l = (struct lines){.in = in, .digest = digest};
}

/* Digests see large pieces. */
void lines_release(struct lines *l)
{
    if (l->digest != NULL)
        sha256_add(l->digest, l->window.p, l->used);
    stream_skip(l->in, l->used);
    l->window = span_from(l->window, l->used);
    l->used = 0;
}

enum lw_status lines_look_ahead(struct lines *l, size_t n, struct span *out,
                                struct lw_error *err)
{
    enum lw_status st;

    lines_release(l);
    st = stream_peek(l->in, n, &l->window, err);
    l->at_end = l->window.n < n;
    *out = l->window;
    return st;
}

enum lw_status lines_next(struct lines *l, struct span *text, struct lw_error *err)
{
    for (;;) {
        struct span rest = span_from(l->window, l->used);
        const uint8_t *end = rest.n == 0 ? NULL : memchr(rest.p, '\n', rest.n);
        enum lw_status st;

        if (end != NULL || (l->at_end && rest.n > 0)) {
            size_t n = end == NULL ? rest.n : (size_t)(end - rest.p);

            l->at = l->used;
            l->used += end == NULL ? n : n + 1;
            l->number++;
            n -= n > 0 && rest.p[n - 1] == '\r' ? 1 : 0;
            *text = span_first(rest, n);
            return LW_OK;
        }
        if (l->at_end)
            return LW_END;
        if (rest.n >= LINE_BYTES_MAX)
            return lw_fail(err, LW_EFORMAT,
                           "%s:%zu: a line of over %d bytes; is this a table?",
                           stream_name(l->in), l->number + 1, LINE_BYTES_MAX);
        st = lines_look_ahead(l, rest.n + 1, &rest, err);
        if (st != LW_OK)
            return st;
    }
}

void lines_unread(struct lines *l)
{
    LW_ASSERT(l->number > 0);
    l->used = l->at;
    l->number--;
}

void lines_pass(struct lines *l, size_t n)
{
    LW_ASSERT(l->number > 0 && n <= l->used - l->at);
    l->at += n;
}

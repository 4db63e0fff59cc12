/* SPDX-License-Identifier: Apache-2.0 */
/* A form's body, fed in pieces: the first byte says how large, the second begins the
 * boundary.  The same form in one piece gives the same parts. */
#include "base/assert.h"
#include "base/buf.h"
#include "fuzz.h"
#include "serve/multipart.h"

#include <string.h>

static enum lw_status on_begin(void *ctx, const char *name, const char *file_name,
                               struct lw_error *err)
{
    struct buf *seen = ctx;

    (void)err;
    LW_ASSERT(strlen(name) < MULTIPART_NAME_MAX);
    LW_ASSERT(strlen(file_name) < MULTIPART_NAME_MAX);
    buf_printf(seen, "\1%s\2%s\3", name, file_name);
    return LW_OK;
}

static enum lw_status on_data(void *ctx, const void *p, size_t n, struct lw_error *err)
{
    (void)err;
    LW_ASSERT(n > 0);
    buf_add(ctx, p, n);
    return LW_OK;
}

static enum lw_status on_end(void *ctx, struct lw_error *err)
{
    (void)err;
    buf_add_char(ctx, '\4');
    return LW_OK;
}

static enum lw_status run(struct span body, size_t piece, struct buf *seen)
{
    static const struct multipart_ops ops = {on_begin, on_data, on_end};
    struct multipart m;
    struct lw_error err;
    enum lw_status st =
        multipart_init(&m, "multipart/form-data; boundary=\"xX\"", &ops, seen, &err);

    while (body.n > 0 && st == LW_OK) {
        st = multipart_feed(&m, span_first(body, piece), &err);
        body = span_from(body, piece);
    }
    return st == LW_OK ? multipart_finish(&m, &err) : st;
}

void fuzz_one(const uint8_t *data, size_t n)
{
    struct span body = span_from(span_of(data, n), 1);
    size_t piece = n == 0 ? 1 : (size_t)data[0] % 16 + 1;
    struct multipart m;
    struct buf pieces;
    struct buf whole;
    char text[80];

    buf_init(&pieces);
    buf_init(&whole);
    if (body.n > 0) {
        enum lw_status st = run(body, piece, &pieces);

        LW_ASSERT(st == run(body, body.n, &whole));
        if (buf_ok(&pieces) && buf_ok(&whole)) {
            LW_ASSERT(pieces.len == whole.len);
            LW_ASSERT(whole.len == 0 ||
                      memcmp(pieces.data, whole.data, whole.len) == 0);
        }
    }
    buf_release(&pieces);
    buf_release(&whole);
    /* And as a header. */
    if (n < sizeof text) {
        static const struct multipart_ops ops = {on_begin, on_data, on_end};

        memcpy(text, data, n);
        text[n] = '\0';
        if (multipart_init(&m, text, &ops, NULL, NULL) == LW_OK)
            LW_ASSERT(m.mark_len > 4 && m.mark_len <= MULTIPART_BOUNDARY_MAX + 4);
    }
}

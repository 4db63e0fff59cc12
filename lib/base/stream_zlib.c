/* SPDX-License-Identifier: Apache-2.0 */
/* The one user of zlib: gzip members. */
#include "base/mem.h"
#include "base/stream.h"

#include <zlib.h>

#include <limits.h>

static const uint8_t gzip_magic[] = {0x1f, 0x8b};

/* 16 tells zlib to expect a gzip header (zlib.h, inflateInit2). */
enum { GZIP_WINDOW_BITS = 15 + 16 };

static void *gzip_open(void)
{
    z_stream *z = mem_zalloc(1, sizeof *z);

    if (z == NULL)
        return NULL;
    if (inflateInit2(z, GZIP_WINDOW_BITS) != Z_OK) {
        mem_free(z);
        return NULL;
    }
    return z;
}

static int gzip_step(void *state, struct span in, size_t *used, uint8_t *out,
                     size_t size, size_t *made, bool last)
{
    z_stream *z = state;
    uInt n_in = in.n > UINT_MAX ? UINT_MAX : (uInt)in.n;
    uInt n_out = size > UINT_MAX ? UINT_MAX : (uInt)size;
    int r;

    (void)last;
    z->next_in = (Bytef *)(uintptr_t)in.p;
    z->avail_in = n_in;
    z->next_out = out;
    z->avail_out = n_out;
    r = inflate(z, Z_NO_FLUSH);
    *used = n_in - z->avail_in;
    *made = n_out - z->avail_out;
    if (r == Z_STREAM_END)
        return 0;
    return r == Z_OK || r == Z_BUF_ERROR ? 1 : -1;
}

static bool gzip_again(void *state)
{
    return inflateReset((z_stream *)state) == Z_OK;
}

static void gzip_close(void *state)
{
    (void)inflateEnd((z_stream *)state);
    mem_free(state);
}

const struct stream_codec_ops stream_codec_gzip = {
    .name = "gzip",
    .magic = gzip_magic,
    .n_magic = sizeof gzip_magic,
    .open = gzip_open,
    .step = gzip_step,
    .again = gzip_again,
    .close = gzip_close,
};

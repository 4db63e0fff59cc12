/* SPDX-License-Identifier: Apache-2.0 */
/* The one user of liblzma: xz streams. */
#include "base/mem.h"
#include "base/stream.h"

#include <lzma.h>

static const uint8_t xz_magic[] = {0xfd, '7', 'z', 'X', 'Z', 0x00};

/* Enough for `xz -9` (65 MiB); a crafted header cannot ask for more. */
#define XZ_MEMORY_MAX (UINT64_C(128) << 20)

static void *xz_open(void)
{
    lzma_stream *z = mem_zalloc(1, sizeof *z);

    if (z == NULL)
        return NULL;
    if (lzma_stream_decoder(z, XZ_MEMORY_MAX, 0) != LZMA_OK) {
        mem_free(z);
        return NULL;
    }
    return z;
}

static int xz_step(void *state, struct span in, size_t *used, uint8_t *out, size_t size,
                   size_t *made, bool last)
{
    lzma_stream *z = state;
    lzma_ret r;

    z->next_in = in.p;
    z->avail_in = in.n;
    z->next_out = out;
    z->avail_out = size;
    r = lzma_code(z, last && in.n == 0 ? LZMA_FINISH : LZMA_RUN);
    *used = in.n - z->avail_in;
    *made = size - z->avail_out;
    if (r == LZMA_STREAM_END)
        return 0;
    return r == LZMA_OK || r == LZMA_BUF_ERROR ? 1 : -1;
}

static bool xz_again(void *state)
{
    return lzma_stream_decoder((lzma_stream *)state, XZ_MEMORY_MAX, 0) == LZMA_OK;
}

static void xz_close(void *state)
{
    lzma_end((lzma_stream *)state);
    mem_free(state);
}

const struct stream_codec_ops stream_codec_xz = {
    .name = "xz",
    .magic = xz_magic,
    .n_magic = sizeof xz_magic,
    .open = xz_open,
    .step = xz_step,
    .again = xz_again,
    .close = xz_close,
};

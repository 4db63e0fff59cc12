/* SPDX-License-Identifier: Apache-2.0 */
/* The one user of zstd. */
#include "base/stream.h"

#include <zstd.h>

static const uint8_t zstd_magic[] = {0x28, 0xb5, 0x2f, 0xfd};

/* 128 MiB windows, as `zstd --long=27` makes them; a larger one is refused, so a
 * crafted header cannot ask for gigabytes. */
enum { WINDOW_LOG_MAX = 27 };

static void *codec_open(void)
{
    ZSTD_DCtx *d = ZSTD_createDCtx();

    if (d != NULL)
        (void)ZSTD_DCtx_setParameter(d, ZSTD_d_windowLogMax, WINDOW_LOG_MAX);
    return d;
}

static int codec_step(void *state, struct span in, size_t *used, uint8_t *out,
                      size_t size, size_t *made, bool last)
{
    ZSTD_inBuffer src = {in.p, in.n, 0};
    ZSTD_outBuffer dst = {out, size, 0};
    size_t r = ZSTD_decompressStream(state, &dst, &src);

    (void)last;
    *used = src.pos;
    *made = dst.pos;
    if (ZSTD_isError(r))
        return -1;
    return r == 0 ? 0 : 1;
}

static bool codec_again(void *state)
{
    return !ZSTD_isError(ZSTD_DCtx_reset(state, ZSTD_reset_session_only));
}

static void codec_close(void *state)
{
    (void)ZSTD_freeDCtx(state);
}

const struct stream_codec_ops stream_codec_zstd = {
    .name = "zstd",
    .magic = zstd_magic,
    .n_magic = sizeof zstd_magic,
    .open = codec_open,
    .step = codec_step,
    .again = codec_again,
    .close = codec_close,
};

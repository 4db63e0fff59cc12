/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/http.h"

#include "base/assert.h"
#include "base/mem.h"
#include "serve/problem.h"

#include <errno.h>
#include <unistd.h>

void http_reply_header(struct http_reply *reply, const char *name, const char *value)
{
    char *text = reply->text + reply->text_len;
    size_t room = sizeof reply->text - reply->text_len;
    size_t n = 0;

    LW_ASSERT(reply->n_headers < HTTP_HEADERS_MAX);
    if (room == 0)
        return;
    for (; value[n] != '\0' && n + 1 < room; n++)
        text[n] = '?';
    for (size_t i = 0; i < n; i++)
        if (value[i] >= ' ' && value[i] <= '~')
            text[i] = value[i];
    text[n] = '\0';
    reply->headers[reply->n_headers++] = (struct http_header){name, text};
    reply->text_len += n + 1;
}

const struct http_header http_common_headers[] = {
    {"X-Content-Type-Options", "nosniff"},
    {"Content-Security-Policy",
     "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"},
    {"Cross-Origin-Opener-Policy", "same-origin"},
    {"Cross-Origin-Resource-Policy", "same-origin"},
    {"Referrer-Policy", "no-referrer"},
    {"Cache-Control", "no-store"},
    {NULL, NULL},
};

/* ---- files ----------------------------------------------------------------------- */

/* Read piece by piece and not by sendfile(), which would not tell how fast the client
 * reads. */
struct file_stream {
    int fd;
    uint64_t at;
    uint64_t n_bytes;
};

static ssize_t file_read(void *ctx, char *out, size_t max)
{
    struct file_stream *f = ctx;
    uint64_t left = f->n_bytes - f->at;
    ssize_t n;

    if (left == 0)
        return HTTP_STREAM_END;
    do
        n = pread(f->fd, out, left < max ? (size_t)left : max, (off_t)f->at);
    while (n < 0 && errno == EINTR);
    if (n <= 0)
        return HTTP_STREAM_FAILED; /* it became shorter: the client must notice */
    f->at += (uint64_t)n;
    return n;
}

static void file_close(void *ctx)
{
    struct file_stream *f = ctx;

    (void)close(f->fd);
    mem_free(f);
}

void http_reply_file(struct http_reply *reply, int fd, uint64_t n_bytes)
{
    static const struct http_stream_ops ops = {file_read, file_close};
    struct file_stream *f = mem_zalloc(1, sizeof *f);

    if (f == NULL) {
        (void)close(fd);
        problem_reply(reply, 503, NULL, "out of memory");
        return;
    }
    *f = (struct file_stream){.fd = fd, .n_bytes = n_bytes};
    reply->stream = &ops;
    reply->stream_ctx = f;
    reply->stream_bytes = n_bytes;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/frames.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

static bool write_all(int fd, const void *data, size_t n)
{
    const uint8_t *p = data;

    while (n > 0) {
        ssize_t done = write(fd, p, n);

        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return false;
        p += done;
        n -= (size_t)done;
    }
    return true;
}

/* ---- the process ----------------------------------------------------------------- */

size_t frame_begin(struct buf *out, uint8_t kind)
{
    buf_add_u8(out, kind);
    buf_add_le32(out, 0);
    return out->len;
}

void frame_end(struct buf *out, size_t at)
{
    size_t n = out->len - at;

    if (!buf_ok(out))
        return;
    for (size_t i = 0; i < 4; i++)
        ((uint8_t *)out->data)[at - 4 + i] = (uint8_t)(n >> (8 * i));
}

bool tell(struct teller *t, size_t at_least)
{
    if (t->out.len < at_least)
        return true;
    t->broken = t->broken || !buf_ok(&t->out) ||
                !write_all(STDOUT_FILENO, t->out.data, t->out.len);
    buf_reset(&t->out);
    return !t->broken;
}

bool read_request(struct buf *out)
{
    char piece[FRAMES_PIECE_BYTES];
    ssize_t n;

    while ((n = read(STDIN_FILENO, piece, sizeof piece)) > 0)
        buf_add(out, piece, (size_t)n);
    return n == 0 && buf_ok(out);
}

/* ---- the server ------------------------------------------------------------------ */

/* The request may be larger than a pipe: the process reads it all before it answers. */
static enum lw_status send_request(struct frames *f, const struct buf *request,
                                   struct lw_error *err)
{
    bool ok = buf_ok(request) && write_all(f->child.in, request->data, request->len);

    (void)close(f->child.in);
    f->child.in = -1;
    return ok ? LW_OK : lw_fail(err, LW_EIO, "the process that judges does not listen");
}

enum lw_status frames_start(struct frames *f, const char *const *words, size_t n_words,
                            const int *fds, size_t n_fds, const struct buf *request,
                            struct lw_error *err)
{
    enum lw_status st;

    *f = (struct frames){.log_open = true};
    buf_init(&f->in);
    st = child_start(&f->child, words, n_words, fds, n_fds, err);
    if (st != LW_OK)
        return st;
    st = send_request(f, request, err);
    if (st != LW_OK)
        (void)frames_end(f, true);
    return st;
}

static void take_log(struct frames *f)
{
    char piece[512];
    ssize_t n = read(f->child.log, piece, sizeof piece);
    size_t room = FRAMES_LOG_MAX - 1 - f->n_log;

    f->log_open = n > 0;
    if (n > 0) {
        memcpy(f->log + f->n_log, piece, (size_t)n < room ? (size_t)n : room);
        f->n_log += (size_t)n < room ? (size_t)n : room;
    }
}

/* What was given out goes. */
static void drop_taken(struct frames *f)
{
    if (f->taken > 0)
        memmove(f->in.data, f->in.data + f->taken, f->in.len - f->taken);
    f->in.len -= f->taken;
    f->taken = 0;
}

static enum frames_heard take_piece(struct frames *f)
{
    char piece[FRAMES_PIECE_BYTES];
    ssize_t n = read(f->child.out, piece, sizeof piece);

    if (n < 0 && errno == EINTR)
        return FRAMES_HEARD;
    if (n <= 0)
        return FRAMES_OVER;
    drop_taken(f);
    buf_add(&f->in, piece, (size_t)n);
    return FRAMES_HEARD;
}

enum frames_heard frames_wait(struct frames *f, int ms)
{
    struct pollfd p[2] = {{.fd = f->child.out, .events = POLLIN},
                          {.fd = f->log_open ? f->child.log : -1, .events = POLLIN}};
    int n = poll(p, 2, ms);

    if (n > 0 && p[1].revents != 0)
        take_log(f);
    if (n > 0 && p[0].revents != 0)
        return take_piece(f);
    return n == 0 ? FRAMES_SILENCE : FRAMES_HEARD;
}

enum lw_status frames_next(struct frames *f, uint8_t *kind, struct span *payload,
                           struct lw_error *err)
{
    struct span s = span_of(f->in.data, f->in.len);
    uint32_t n = 0;

    if (!buf_ok(&f->in))
        return lw_fail(err, LW_ENOMEM, "out of memory for flows");
    s = span_from(s, f->taken);
    if (!span_take_u8(&s, kind) || !span_take_le32(&s, &n))
        return LW_END;
    if (n > FRAMES_PAYLOAD_MAX)
        return lw_fail(err, LW_EFORMAT,
                       "the process that judges says what is no answer");
    if (!span_take(&s, n, payload))
        return LW_END;
    f->taken += FRAMES_HEADER_BYTES + n;
    return LW_OK;
}

struct child_result frames_end(struct frames *f, bool now)
{
    struct child_result r;

    if (now)
        child_kill(&f->child);
    r = child_wait(&f->child);
    buf_release(&f->in);
    return r;
}

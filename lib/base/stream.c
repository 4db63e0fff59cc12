/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two buffers at most: `raw` holds source bytes, `plain` decompressed ones.  Without
 * compression only `raw` exists and peeking costs nothing; memory sources are their
 * own raw buffer.
 */
#include "base/stream.h"

#include "base/assert.h"
#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    CHUNK_BYTES = 128 * 1024, /* leaves room for others in a second-level cache */
    MAGIC_MAX = 6,
    STOP_CHECK_MS = 250
};

/* A window of bytes [at, end) of a growing allocation, or of somebody's memory. */
struct window {
    const uint8_t *data; /* what is looked at: `own`, or bytes borrowed for good */
    uint8_t *own;        /* owned; NULL when borrowed */
    size_t cap;
    size_t at;
    size_t end;
};

struct stream {
    char *name; /* owned */
    int fd;     /* owned; -1 for memory */
    bool source_end;
    bool plain_end;
    bool in_member;
    bool may_wait; /* the source is no regular file */
    bool is_stdin;
    const atomic_bool *stop; /* borrowed; NULL: read to the end */
    struct lw_error broken;  /* why nothing more can be read; code 0 while it can */
    uint64_t bytes_read;
    uint64_t bytes_total;
    const struct stream_codec_ops *codec; /* NULL: not compressed */
    void *codec_state;                    /* owned */
    struct window raw;
    struct window plain;
};

static const struct stream_codec_ops *const codecs[] = {
    &stream_codec_gzip,
    &stream_codec_zstd,
    &stream_codec_xz,
};

static struct span window_span(const struct window *w)
{
    return span_of(w->data == NULL ? NULL : w->data + w->at, w->end - w->at);
}

/* Room for at least CHUNK_BYTES behind `end`, which is what is read into it, however
 * much room there is: a buffer that outgrows the cache makes everything slower.  What
 * is left moves to the front first.  Growing by half keeps a long peek linear. */
static bool window_room(struct window *w)
{
    uint8_t *p;
    size_t cap;

    if (w->own != NULL && w->at > 0) {
        memmove(w->own, w->own + w->at, w->end - w->at);
        w->end -= w->at;
        w->at = 0;
    }
    if (w->cap - w->end >= CHUNK_BYTES)
        return true;
    cap = w->end + w->end / 2 + CHUNK_BYTES;
    p = mem_resize(w->own, cap, 1);
    if (p == NULL)
        return false;
    w->own = p;
    w->data = p;
    w->cap = cap;
    return true;
}

/* Wait until a pipe has something to read; false when told to stop. */
static bool wait_readable(const struct stream *s)
{
    struct pollfd p = {.fd = s->fd, .events = POLLIN};

    if (!s->may_wait || s->stop == NULL)
        return true;
    while (!atomic_load_explicit(s->stop, memory_order_relaxed)) {
        /* Errors and hang-ups are for read() to find. */
        if (poll(&p, 1, STOP_CHECK_MS) > 0)
            return true;
    }
    return false;
}

/* Read one more chunk of the source; sets source_end. */
static enum lw_status fill_raw(struct stream *s, struct lw_error *err)
{
    ssize_t n;

    if (s->source_end || s->fd < 0) {
        s->source_end = true;
        return LW_OK;
    }
    if (!window_room(&s->raw))
        return lw_fail(err, LW_ENOMEM, "%s: out of memory", s->name);
    if (!wait_readable(s)) {
        s->source_end = true;
        return LW_OK;
    }
    do
        n = read(s->fd, s->raw.own + s->raw.end, CHUNK_BYTES);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return lw_fail(err, LW_EIO, "%s: cannot read: %s", s->name, strerror(errno));
    s->raw.end += (size_t)n;
    s->bytes_read += (uint64_t)n;
    s->source_end = n == 0;
    return LW_OK;
}

/* Between members: is there another one?  Trailing garbage after a complete member is
 * ignored, as gzip and zstd do with padding. */
static enum lw_status next_member(struct stream *s, struct lw_error *err)
{
    enum lw_status st = LW_OK;

    while (st == LW_OK && !s->source_end && s->raw.end - s->raw.at < s->codec->n_magic)
        st = fill_raw(s, err);
    if (st != LW_OK)
        return st;
    if (!span_begins(window_span(&s->raw), s->codec->magic, s->codec->n_magic)) {
        s->plain_end = true;
        return LW_OK;
    }
    if (!s->codec->again(s->codec_state))
        return lw_fail(err, LW_ENOMEM, "%s: out of memory", s->name);
    s->in_member = true;
    return LW_OK;
}

/* Decompress one more chunk; sets plain_end. */
static enum lw_status fill_plain(struct stream *s, struct lw_error *err)
{
    size_t used = 0;
    size_t made = 0;
    int more;

    if (!s->in_member)
        return next_member(s, err);
    if (s->raw.at == s->raw.end && !s->source_end) {
        enum lw_status st = fill_raw(s, err);

        if (st != LW_OK)
            return st;
    }
    if (!window_room(&s->plain))
        return lw_fail(err, LW_ENOMEM, "%s: out of memory", s->name);
    more =
        s->codec->step(s->codec_state, window_span(&s->raw), &used,
                       s->plain.own + s->plain.end, CHUNK_BYTES, &made, s->source_end);
    if (more < 0)
        return lw_fail(err, LW_EFORMAT, "%s: damaged %s data near byte %llu", s->name,
                       s->codec->name, (unsigned long long)s->bytes_read);
    s->raw.at += used;
    s->plain.end += made;
    if (more == 0) {
        s->in_member = false;
    } else if (used == 0 && made == 0 && s->source_end) {
        return lw_fail(err, LW_ETRUNCATED, "%s: the %s data is cut off", s->name,
                       s->codec->name);
    }
    return LW_OK;
}

static enum lw_status detect_codec(struct stream *s, struct lw_error *err)
{
    struct span head;
    enum lw_status st = LW_OK;

    while (st == LW_OK && !s->source_end && s->raw.end < MAGIC_MAX)
        st = fill_raw(s, err);
    if (st != LW_OK)
        return st;
    head = window_span(&s->raw);
    for (size_t i = 0; i < sizeof codecs / sizeof codecs[0]; i++) {
        if (!span_begins(head, codecs[i]->magic, codecs[i]->n_magic))
            continue;
        s->codec = codecs[i];
        s->codec_state = codecs[i]->open();
        if (s->codec_state == NULL)
            return lw_fail(err, LW_ENOMEM, "%s: out of memory", s->name);
        s->in_member = true;
    }
    return LW_OK;
}

static struct stream *stream_alloc(const char *name)
{
    struct stream *s = mem_zalloc(1, sizeof *s);

    if (s == NULL)
        return NULL;
    s->fd = -1;
    s->name = mem_strdup(name);
    if (s->name == NULL) {
        mem_free(s);
        return NULL;
    }
    return s;
}

/* Standard input that was looked at; owned. */
static struct stream *kept;

void stream_put_back(struct stream *s)
{
    if (!s->is_stdin) {
        stream_close(s);
        return;
    }
    LW_ASSERT(kept == NULL);
    s->stop = NULL;
    kept = s;
}

/* Take over s->fd, which may be -1 for an open that failed. */
static enum lw_status begin_fd(struct stream **out, struct stream *s,
                               struct lw_error *err)
{
    struct stat info;
    enum lw_status st;

    if (s->fd < 0) {
        st = lw_fail(err, errno == ENOENT ? LW_ENOTFOUND : LW_EIO,
                     "%s: cannot open: %s", s->name, strerror(errno));
        goto out;
    }
    s->may_wait = true;
    if (fstat(s->fd, &info) == 0 && S_ISREG(info.st_mode)) {
        s->may_wait = false;
        s->bytes_total = (uint64_t)info.st_size;
        (void)posix_fadvise(s->fd, 0, 0, POSIX_FADV_SEQUENTIAL);
    }
    st = detect_codec(s, err);
out:
    if (st != LW_OK) {
        stream_close(s);
        return st;
    }
    *out = s;
    return LW_OK;
}

enum lw_status stream_open(struct stream **out, const char *path, struct lw_error *err)
{
    bool is_stdin = strcmp(path, "-") == 0;
    struct stream *s;

    if (is_stdin && kept != NULL) {
        *out = kept; /* ownership moves to the caller */
        kept = NULL;
        return LW_OK;
    }
    s = stream_alloc(is_stdin ? "standard input" : path);
    if (s == NULL)
        return lw_fail(err, LW_ENOMEM, "%s: out of memory", path);
    /* A duplicate, so that closing the stream leaves standard input open. */
    s->fd = is_stdin ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0)
                     : open(path, O_RDONLY | O_CLOEXEC);
    s->is_stdin = is_stdin;
    return begin_fd(out, s, err);
}

enum lw_status stream_open_fd(struct stream **out, int fd, const char *name,
                              struct lw_error *err)
{
    struct stream *s = stream_alloc(name);

    if (s == NULL)
        return lw_fail(err, LW_ENOMEM, "%s: out of memory", name);
    s->fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    if (s->fd >= 0)
        (void)lseek(s->fd, 0, SEEK_SET); /* a pipe has none */
    return begin_fd(out, s, err);
}

enum lw_status stream_open_memory(struct stream **out, const void *data, size_t n_bytes,
                                  const char *name, struct lw_error *err)
{
    struct stream *s = stream_alloc(name);
    enum lw_status st;

    if (s == NULL)
        return lw_fail(err, LW_ENOMEM, "%s: out of memory", name);
    s->raw.data = data;
    s->raw.end = n_bytes;
    s->bytes_read = n_bytes;
    s->bytes_total = n_bytes;
    st = detect_codec(s, err);
    if (st != LW_OK) {
        stream_close(s);
        return st;
    }
    *out = s;
    return LW_OK;
}

void stream_close(struct stream *s)
{
    if (s == NULL)
        return;
    if (s->codec_state != NULL)
        s->codec->close(s->codec_state);
    if (s->fd >= 0)
        (void)close(s->fd);
    mem_free(s->raw.own);
    mem_free(s->plain.own);
    mem_free(s->name);
    mem_free(s);
}

void stream_set_stop(struct stream *s, const atomic_bool *stop)
{
    s->stop = stop;
}

/* One more chunk for whoever peeks. */
static enum lw_status fill(struct stream *s, struct lw_error *err)
{
    enum lw_status st;

    if (s->broken.code != LW_OK)
        return lw_fail(err, s->broken.code, "%s", s->broken.msg);
    st = s->codec == NULL ? fill_raw(s, &s->broken) : fill_plain(s, &s->broken);
    if (st == LW_OK)
        return LW_OK;
    st = lw_fail(err, st, "%s", s->broken.msg);
    if (st == LW_ENOMEM) /* may be there another time */
        s->broken.code = LW_OK;
    return st;
}

enum lw_status stream_peek(struct stream *s, size_t n, struct span *out,
                           struct lw_error *err)
{
    struct window *w = s->codec == NULL ? &s->raw : &s->plain;
    enum lw_status st = LW_OK;

    while (st == LW_OK && w->end - w->at < n) {
        if (s->codec == NULL ? s->source_end : s->plain_end)
            break;
        st = fill(s, err);
    }
    *out = window_span(w);
    return st;
}

void stream_skip(struct stream *s, size_t n)
{
    struct window *w = s->codec == NULL ? &s->raw : &s->plain;

    LW_ASSERT(n <= w->end - w->at);
    w->at += n;
}

bool stream_trade(struct stream *s, struct stream_buffer *buf)
{
    struct window *w = s->codec == NULL ? &s->raw : &s->plain;
    size_t left = w->end - w->at;
    struct stream_buffer old = {w->own, w->cap};

    if (w->own == NULL)
        return true;
    if (buf->cap < left + CHUNK_BYTES) {
        /* With room for what may be left the next time. */
        size_t cap = left + left / 2 + CHUNK_BYTES + CHUNK_BYTES / 4;
        uint8_t *p = mem_alloc(cap);

        if (p == NULL)
            return false;
        mem_free(buf->data);
        *buf = (struct stream_buffer){p, cap};
    }
    memcpy(buf->data, w->own + w->at, left);
    *w = (struct window){buf->data, buf->data, buf->cap, 0, left};
    *buf = old;
    return true;
}

const char *stream_name(const struct stream *s)
{
    return s->name;
}

uint64_t stream_bytes_read(const struct stream *s)
{
    return s->bytes_read;
}

uint64_t stream_bytes_total(const struct stream *s)
{
    return s->bytes_total;
}

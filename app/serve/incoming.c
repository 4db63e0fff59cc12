/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/incoming.h"

#include "base/assert.h"
#include "base/jsonw.h"
#include "base/mem.h"
#include "serve/metrics.h"
#include "serve/multipart.h"
#include "serve/server_priv.h"

#include <stdio.h>
#include <string.h>

enum { NAME_BYTES = 200, HEAD_BYTES = 6, GATHER_BYTES = 256 * 1024 };

struct incoming {
    struct server *server; /* borrowed: outlives requests */
    char name[NAME_BYTES + 1];
    bool form;
    bool analyse;
    bool in_file; /* the part of the form that is it */
    bool had_file;
    uint64_t limit_bytes;
    struct multipart multipart;
    uint8_t head[HEAD_BYTES]; /* first bytes of the file */
    size_t n_head;
    struct buf gathered; /* not yet in the store: its writes are large */
    int64_t upload;      /* 0: not begun */
    uint64_t offset;
    bool committed;
    enum lw_status st;
    struct lw_error why;
};

/* ---- what a capture is ----------------------------------------------------------- */

bool incoming_is_capture(const uint8_t *p, size_t n)
{
    static const struct {
        const char *bytes;
        size_t n;
    } magics[] = {
        {"\xa1\xb2\xc3\xd4", 4},
        {"\xd4\xc3\xb2\xa1", 4}, /* pcap */
        {"\xa1\xb2\x3c\x4d", 4},
        {"\x4d\x3c\xb2\xa1", 4}, /* in nanoseconds */
        {"\xa1\xb2\xcd\x34", 4},
        {"\x34\xcd\xb2\xa1", 4},         /* Kuznetzov's */
        {"\x0a\x0d\x0d\x0a", 4},         /* pcapng */
        {"\x1f\x8b", 2},                 /* gzip, */
        {"\x28\xb5\x2f\xfd", 4},         /* zstd */
        {"\xfd\x37\x7a\x58\x5a\x00", 6}, /* and xz: what is inside is seen later */
    };

    for (size_t i = 0; i < sizeof magics / sizeof magics[0]; i++)
        if (n >= magics[i].n && memcmp(p, magics[i].bytes, magics[i].n) == 0)
            return true;
    return false;
}

bool incoming_name_ok(const char *name)
{
    size_t n = strlen(name);
    struct jsonw w;
    struct buf text;
    bool ok;

    if (n == 0 || n > NAME_BYTES || strpbrk(name, "/\\") != NULL)
        return false;
    for (size_t i = 0; i < n; i++)
        if ((uint8_t)name[i] < ' ' || name[i] == 0x7f)
            return false;
    /* The JSON writer puts U+FFFD for what is no UTF-8. */
    buf_init(&text);
    jsonw_init(&w, &text);
    jsonw_text(&w, name);
    ok = buf_ok(&text) && strstr(buf_text(&text), "\xef\xbf\xbd") == NULL;
    buf_release(&text);
    return ok;
}

/* ---- to the store ---------------------------------------------------------------- */

static enum lw_status begin(struct incoming *in, struct lw_error *err)
{
    const struct store_upload_config cfg = {.name = in->name, .analyse = in->analyse};

    if (!incoming_name_ok(in->name))
        return lw_fail(err, LW_EINVAL,
                       "a capture's name has 1 to %d bytes of UTF-8, no slash and no "
                       "control character",
                       NAME_BYTES);
    return store_upload_begin(in->server->store, &cfg, &in->upload, err);
}

static enum lw_status write_gathered(struct incoming *in, struct lw_error *err)
{
    enum lw_status st = LW_OK;

    if (!buf_ok(&in->gathered))
        return lw_fail(err, LW_ENOMEM, "out of memory");
    if (in->gathered.len == 0)
        return LW_OK;
    if (in->upload == 0)
        st = begin(in, err);
    if (st == LW_OK)
        st = store_upload_append(in->server->store, in->upload, in->offset,
                                 in->gathered.data, in->gathered.len, err);
    in->offset += in->gathered.len;
    buf_reset(&in->gathered);
    return st;
}

static enum lw_status take(struct incoming *in, const void *data, size_t n,
                           struct lw_error *err)
{
    size_t room = HEAD_BYTES - in->n_head;

    if (room > 0) {
        room = n < room ? n : room;
        memcpy(in->head + in->n_head, data, room);
        in->n_head += room;
        if (in->n_head >= 4 && !incoming_is_capture(in->head, in->n_head) &&
            (in->n_head == HEAD_BYTES || in->head[0] != 0xfd))
            return lw_fail(err, LW_EFORMAT,
                           "%.80s: no capture: expected pcap or pcapng, perhaps packed "
                           "with gzip, zstd or xz",
                           in->name);
    }
    if (in->offset + in->gathered.len + n > in->limit_bytes)
        return lw_fail(err, LW_ELIMIT, "a capture may have %llu bytes",
                       (unsigned long long)in->limit_bytes);
    buf_add(&in->gathered, data, n);
    return in->gathered.len < GATHER_BYTES ? LW_OK : write_gathered(in, err);
}

/* ---- forms ----------------------------------------------------------------------- */

static enum lw_status on_part(void *ctx, const char *name, const char *file_name,
                              struct lw_error *err)
{
    struct incoming *in = ctx;

    in->in_file = strcmp(name, "the_file") == 0 || strcmp(name, "file") == 0;
    if (!in->in_file)
        return LW_OK;
    if (in->had_file)
        return lw_fail(err, LW_EFORMAT,
                       "the form has more than one file; send one each");
    in->had_file = true;
    if (in->name[0] == '\0')
        (void)snprintf(in->name, sizeof in->name, "%s", file_name);
    return LW_OK;
}

static enum lw_status on_data(void *ctx, const void *p, size_t n, struct lw_error *err)
{
    struct incoming *in = ctx;

    return in->in_file ? take(in, p, n, err) : LW_OK;
}

static enum lw_status on_end(void *ctx, struct lw_error *err)
{
    struct incoming *in = ctx;

    (void)err;
    in->in_file = false;
    return LW_OK;
}

/* ---- the sink -------------------------------------------------------------------- */

static bool incoming_write(void *ctx, const void *data, size_t n)
{
    struct incoming *in = ctx;

    in->st = in->form ? multipart_feed(&in->multipart, span_of(data, n), &in->why)
                      : take(in, data, n, &in->why);
    return in->st == LW_OK;
}

static void incoming_close(void *ctx)
{
    struct incoming *in = ctx;

    if (!in->committed) {
        metrics_add(in->server->metrics, METRICS_uploads_failed, 1);
        if (in->upload != 0 &&
            store_upload_drop(in->server->store, in->upload, NULL) != LW_OK)
            in->upload = 0; /* the next start clears it away */
    }
    buf_release(&in->gathered);
    mem_free(in);
}

const struct http_sink_ops incoming_ops = {incoming_write, incoming_close};

enum lw_status incoming_new(struct incoming **out, struct server *s,
                            const struct incoming_config *cfg, struct lw_error *err)
{
    static const struct multipart_ops ops = {on_part, on_data, on_end};
    struct incoming *in = mem_zalloc(1, sizeof *in);
    enum lw_status st = LW_OK;

    if (in == NULL)
        return lw_fail(err, LW_ENOMEM, "out of memory");
    in->server = s;
    in->form = cfg->form;
    in->analyse = cfg->analyse;
    in->limit_bytes = cfg->limit_bytes;
    if (cfg->name != NULL)
        (void)snprintf(in->name, sizeof in->name, "%s", cfg->name);
    buf_init(&in->gathered);
    if (cfg->form)
        st = multipart_init(&in->multipart, cfg->type, &ops, in, err);
    if (st != LW_OK) {
        mem_free(in);
        return st;
    }
    *out = in;
    return LW_OK;
}

static enum lw_status check_whole(struct incoming *in, struct lw_error *err)
{
    if (in->st != LW_OK) {
        *err = in->why;
        return in->st;
    }
    if (in->form) {
        enum lw_status st = multipart_finish(&in->multipart, err);

        if (st != LW_OK)
            return st;
        if (!in->had_file)
            return lw_fail(err, LW_EFORMAT,
                           "the form has no file; call its field the_file");
    }
    if (!incoming_is_capture(in->head, in->n_head))
        return lw_fail(
            err, LW_EFORMAT,
            "%.80s: no capture: expected pcap or pcapng, perhaps packed with "
            "gzip, zstd or xz",
            in->name);
    return LW_OK;
}

enum lw_status incoming_commit(struct incoming *in, int64_t *capture, int64_t *job,
                               struct lw_error *err)
{
    enum lw_status st = check_whole(in, err);

    if (st == LW_OK)
        st = write_gathered(in, err);
    if (st == LW_OK)
        st = store_upload_commit(in->server->store, in->upload, capture, job, err);
    in->committed = st == LW_OK;
    if (in->committed) {
        metrics_add(in->server->metrics, METRICS_uploads, 1);
        metrics_add(in->server->metrics, METRICS_upload_bytes, in->offset);
    }
    return st;
}

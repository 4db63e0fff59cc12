/* SPDX-License-Identifier: Apache-2.0 */
/* Captures in pieces: announce, append at an offset, go on after a break. */
#include "base/buf.h"
#include "base/mem.h"
#include "serve/answer.h"
#include "serve/form.h"
#include "serve/incoming.h"
#include "serve/jobs.h"
#include "serve/metrics.h"
#include "serve/present.h"
#include "serve/problem.h"
#include "serve/route.h"
#include "serve/server_priv.h"
#include "serve/tell.h"

#include <stdio.h>
#include <string.h>

/* ---- announcing ------------------------------------------------------------------ */

static void on_upload(void *ctx, const struct store_upload *u)
{
    put_upload(ctx, u);
}

static void show(const struct call *c, int64_t id)
{
    struct lw_error err;
    struct jsonw w;

    jsonw_init(&w, c->reply->body);
    answer_one_end(c->reply,
                   store_upload_get(c->server->store, id, on_upload, &w, &err), &err);
}

static bool is_sha256(const char *text)
{
    return strlen(text) == 64 && strspn(text, "0123456789abcdef") == 64;
}

void route_upload_create(const struct call *c)
{
    struct store_upload_config cfg = {.analyse = true, .resumable = true};
    int64_t size = 0;
    int64_t id = 0;
    struct lw_error err;
    struct form f;

    form_init(&f, c->req->body, c->reply);
    form_require(&f, "name");
    form_require(&f, "size");
    cfg.name = form_text(&f, "name", 1, 200);
    (void)form_int(&f, "size", 1, INT64_C(9007199254740991), &size);
    cfg.sha256 = form_text(&f, "sha256", 64, 64);
    (void)form_bool(&f, "analyse", &cfg.analyse);
    if (!f.failed && (cfg.name == NULL || !incoming_name_ok(cfg.name)))
        form_wrong(&f, "name", "expected 1 to 200 bytes without slashes");
    if (!f.failed && cfg.sha256 != NULL && !is_sha256(cfg.sha256))
        form_wrong(&f, "sha256", "expected 64 lower-case hexadecimal digits");
    if (form_end(&f) && (uint64_t)size > c->server->limits.capture_bytes) {
        char detail[96];

        (void)snprintf(detail, sizeof detail, "size: a capture may have %llu bytes",
                       (unsigned long long)c->server->limits.capture_bytes);
        problem_reply(c->reply, 413, "size", detail);
    } else if (!f.failed) {
        cfg.size_bytes = (uint64_t)size;
        if (!answer_failed(c->reply,
                           store_upload_begin(c->server->store, &cfg, &id, &err), &err))
            show(c, id);
        if (c->reply->status == 200)
            answer_created(c->reply, 201, "/api/v1/uploads", id);
    }
    form_release(&f);
}

void route_upload_get(const struct call *c)
{
    int64_t id;

    if (route_id(c, 0, &id))
        show(c, id);
}

void route_upload_drop(const struct call *c)
{
    struct lw_error err;
    int64_t id;

    if (route_id(c, 0, &id) &&
        !answer_failed(c->reply, store_upload_drop(c->server->store, id, &err), &err))
        answer_nothing(c->reply);
}

/* ---- pieces ---------------------------------------------------------------------- */

/* A piece on its way. */
struct piece {
    struct store *store; /* borrowed */
    int64_t upload;
    uint64_t offset; /* of the next byte */
    bool appended;   /* something that is not synced */
    enum lw_status st;
    struct lw_error why;
};

static bool piece_write(void *ctx, const void *data, size_t n)
{
    struct piece *p = ctx;

    p->st = store_upload_append(p->store, p->upload, p->offset, data, n, &p->why);
    if (p->st != LW_OK)
        return false;
    p->appended = true;
    p->offset += n;
    return true;
}

static void piece_close(void *ctx)
{
    struct piece *p = ctx;

    /* It broke off: what came of it is kept, for the client to go on from there. */
    if (p->appended &&
        store_upload_sync(p->store, p->upload, &p->offset, NULL) != LW_OK)
        p->appended = false;
    mem_free(p);
}

void route_upload_append_open(const struct call *c, struct http_plan *plan)
{
    static const struct http_sink_ops ops = {piece_write, piece_close};
    struct piece *piece;
    struct params p;
    int64_t offset = -1;
    int64_t id;

    plan->refused = true;
    params_init(&p, c->req->query, c->reply);
    if (!params_int(&p, "offset", 0, INT64_C(9007199254740991), &offset) && offset < 0)
        params_wrong(&p, "offset", "say where this piece begins: ?offset=0");
    if (!params_end(&p) || !route_id(c, 0, &id))
        return;
    piece = mem_zalloc(1, sizeof *piece);
    if (piece == NULL) {
        problem_reply(c->reply, 503, NULL, "out of memory");
        return;
    }
    piece->store = c->server->store;
    piece->upload = id;
    piece->offset = (uint64_t)offset;
    plan->max_body_bytes = c->server->limits.chunk_bytes;
    plan->refused = false;
    plan->sink = &ops;
    plan->sink_ctx = piece;
}

struct upload_state {
    uint64_t size_bytes;
    uint64_t offset;
    int64_t capture;
};

static void on_state(void *ctx, const struct store_upload *u)
{
    struct upload_state *s = ctx;

    *s = (struct upload_state){u->size_bytes, u->offset, u->capture};
}

static void refuse_offset(const struct call *c, const struct upload_state *u)
{
    char detail[96];

    (void)snprintf(detail, sizeof detail, "offset: the next piece begins at byte %llu",
                   (unsigned long long)u->offset);
    problem_reply(c->reply, 409, "offset", detail);
    /* One member more: before the closing brace and the line's end. */
    c->reply->body->len -= 2;
    c->reply->body->data[c->reply->body->len] = '\0';
    buf_printf(c->reply->body, ",\"offset\":%llu}\n", (unsigned long long)u->offset);
}

/* With the last byte it becomes a capture. */
static bool complete(const struct call *c, int64_t upload)
{
    struct lw_error err;
    int64_t capture = 0;
    int64_t job = 0;

    if (answer_failed(
            c->reply,
            store_upload_commit(c->server->store, upload, &capture, &job, &err), &err))
        return false;
    metrics_add(c->server->metrics, METRICS_uploads, 1);
    tell_capture(c->server, capture);
    if (job != 0)
        jobs_look(c->server->jobs, job);
    return true;
}

void route_upload_append(const struct call *c)
{
    struct piece *piece = c->sink;
    struct upload_state now = {0};
    struct lw_error err;

    if (piece->appended) {
        uint64_t offset;
        enum lw_status st =
            store_upload_sync(c->server->store, piece->upload, &offset, &err);

        if (answer_failed(c->reply, st, &err))
            return;
        piece->appended = false;
    }
    if (answer_failed(
            c->reply,
            store_upload_get(c->server->store, piece->upload, on_state, &now, &err),
            &err))
        return;
    if (piece->st == LW_EMISMATCH ||
        (piece->st == LW_OK && piece->offset != now.offset))
        refuse_offset(c, &now);
    else if (piece->st == LW_ELIMIT)
        problem_reply(c->reply, 422, NULL, piece->why.msg);
    else if (!answer_failed(c->reply, piece->st, &piece->why) &&
             (now.capture != 0 || now.offset < now.size_bytes ||
              complete(c, piece->upload)))
        show(c, piece->upload);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `POST /api/v1/classify`: records of any view.
 *
 * CSV and JSON lines are judged while they arrive and may be of any length; their
 * answers wait in a spool until the request is complete, because HTTP/1.1 clients do
 * not read before they have written.  JSON is one record or an array that fits into
 * memory.
 */
#include "base/assert.h"
#include "base/mem.h"
#include "serve/batch.h"
#include "serve/metrics.h"
#include "serve/params.h"
#include "serve/problem.h"
#include "serve/route.h"
#include "serve/server_priv.h"

#include <string.h>
#include <strings.h>

enum { JSON_BYTES_MAX = 16 * 1024 * 1024 };

/* Rows of any size: a month of records. */
#define BATCH_BYTES_MAX ((size_t)1 << 36)

/* A request, from its headers to the last byte of its answer. */
struct records {
    struct batch *batch;                 /* owned */
    struct model *models[N_MODEL_ROLES]; /* a use of each; NULL: none */
    enum batch_format format;
    enum lw_status st; /* of feeding */
    struct lw_error why;
    _Atomic unsigned holders; /* the request's sink and the answer's stream */
};

static void records_drop(struct records *r)
{
    if (r == NULL || atomic_fetch_sub(&r->holders, 1) != 1)
        return;
    batch_free(r->batch);
    for (int i = 0; i < N_MODEL_ROLES; i++)
        model_drop(r->models[i]);
    mem_free(r);
}

/* ---- the request ----------------------------------------------------------------- */

static bool type_is(const char *content_type, const char *name)
{
    size_t n = strlen(name);

    return content_type != NULL && strncasecmp(content_type, name, n) == 0 &&
           strchr("; \t", content_type[n]) != NULL;
}

static bool read_format(const struct call *c, enum batch_format *out)
{
    const char *type = c->req->content_type;

    if (type == NULL || type_is(type, "application/json"))
        *out = BATCH_JSON;
    else if (type_is(type, "text/csv"))
        *out = BATCH_CSV;
    else if (type_is(type, "application/x-ndjson") ||
             type_is(type, "application/jsonl"))
        *out = BATCH_JSON_LINES;
    else
        problem_reply(c->reply, 415, NULL,
                      "send application/json, text/csv or application/x-ndjson");
    return c->reply->status == 200;
}

/* The models that may judge, the one that wants most first, so that a record with the
 * fields of two views is judged by the wider. */
static bool choose_models(struct records *r, struct server *s, const char *view,
                          struct batch_config *cfg)
{
    static const enum model_role order[] = {MODEL_ROLE_TRAFFIC, MODEL_ROLE_BOTNET,
                                            MODEL_ROLE_ATTACK, MODEL_ROLE_CLASSIFY,
                                            MODEL_ROLE_NORMAL};

    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++) {
        struct model *m = models_take(s->models, order[i]);

        r->models[order[i]] = m;
        if (m == NULL)
            continue;
        if (view != NULL && strcmp(lw_classifier_view(m->classifier)->name, view) != 0)
            continue;
        cfg->models[cfg->n_models++] = (struct batch_model){m->classifier, m->names};
    }
    return cfg->n_models > 0;
}

static bool write_piece(void *ctx, const void *data, size_t n)
{
    struct records *r = ctx;

    r->st = batch_feed(r->batch, span_of(data, n), &r->why);
    return r->st == LW_OK;
}

static void close_sink(void *ctx)
{
    records_drop(ctx);
}

static const struct http_sink_ops sink_ops = {write_piece, close_sink};

static struct records *open_records(const struct call *c, enum batch_format format)
{
    struct batch_config cfg = {.format = format, .spool_dir = c->server->spool_dir};
    struct records *r = mem_zalloc(1, sizeof *r);
    struct params p;
    const char *view;
    struct lw_error err;

    params_init(&p, c->req->query, c->reply);
    view = params_text(&p, "view");
    (void)params_bool(&p, "explain", &cfg.explain);
    if (r == NULL)
        problem_reply(c->reply, 503, NULL, "out of memory");
    if (r == NULL || !params_end(&p)) {
        mem_free(r);
        return NULL;
    }
    r->format = format;
    atomic_init(&r->holders, 1);
    if (!choose_models(r, c->server, view, &cfg))
        params_wrong(&p, "view", "no model that is active here is of this view");
    else if (batch_new(&r->batch, &cfg, &err) == LW_OK)
        return r;
    else
        problem_reply(c->reply, 503, NULL, err.msg);
    records_drop(r);
    return NULL;
}

void route_batch_open(const struct call *c, struct http_plan *plan)
{
    enum batch_format format = BATCH_JSON;
    struct records *r;

    if (!read_format(c, &format)) {
        plan->refused = true;
        return;
    }
    if (format == BATCH_JSON) {
        plan->max_body_bytes = JSON_BYTES_MAX;
        plan->slow = true;
        return;
    }
    plan->max_body_bytes = BATCH_BYTES_MAX;
    r = open_records(c, format);
    plan->refused = r == NULL;
    plan->sink = r == NULL ? NULL : &sink_ops;
    plan->sink_ctx = r;
}

/* ---- the answer ------------------------------------------------------------------ */

static ssize_t read_answers(void *ctx, char *out, size_t max)
{
    struct records *r = ctx;
    ssize_t n = spool_read(batch_answers(r->batch), out, max);

    return n == 0 ? HTTP_STREAM_END : n < 0 ? HTTP_STREAM_FAILED : n;
}

static void answer(const struct call *c, struct records *r)
{
    static const struct http_stream_ops ops = {read_answers, close_sink};
    static const char *const types[] = {[BATCH_CSV] = "text/csv; charset=utf-8",
                                        [BATCH_JSON_LINES] = "application/x-ndjson",
                                        [BATCH_JSON] = "application/json"};

    metrics_add(c->server->metrics, METRICS_records_classified,
                batch_records(r->batch));
    (void)atomic_fetch_add(&r->holders, 1);
    c->reply->content_type = types[r->format];
    c->reply->stream = &ops;
    c->reply->stream_ctx = r;
    c->reply->stream_bytes = spool_bytes(batch_answers(r->batch));
}

static void refuse(const struct call *c, const struct records *r)
{
    const char *field = batch_field(r->batch);
    unsigned status = r->st == LW_EIO || r->st == LW_ENOMEM ? 503
                      : r->st == LW_EINVAL                  ? 422
                                                            : 400;

    problem_reply(c->reply, status, field[0] == '\0' ? NULL : field, r->why.msg);
}

void route_batch(const struct call *c)
{
    struct records *r = c->sink;
    bool is_json = r == NULL;

    if (is_json) {
        r = open_records(c, BATCH_JSON);
        if (r == NULL)
            return;
        r->st = batch_judge_json(r->batch, c->req->body, &r->why);
    } else if (r->st == LW_OK) {
        r->st = batch_finish(r->batch, &r->why);
    }
    if (r->st == LW_OK)
        answer(c, r);
    else
        refuse(c, r);
    if (is_json)
        records_drop(r);
}

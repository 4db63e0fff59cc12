/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Routes that clients of other systems rely on: captures by name, a call that returns
 * when the analysis has finished, and alerts flow by flow, every one of them.
 */
#include "base/assert.h"
#include "base/mem.h"
#include "base/timefmt.h"
#include "serve/answer.h"
#include "serve/jobs.h"
#include "serve/present.h"
#include "serve/problem.h"
#include "serve/route.h"
#include "serve/server_priv.h"

#include <stdio.h>
#include <string.h>

/* ---- lists of everything ----------------------------------------------------------
 */

/* An array that is as long as there are rows, made page by page while it is sent. */
struct rows {
    struct store *store; /* borrowed: outlives requests */
    enum lw_status (*list)(struct rows *r);
    struct store_page page;
    char cursor[STORE_CURSOR_MAX];
    struct buf out; /* not sent yet from `sent` on */
    size_t sent;
    bool any;
    bool at_end;
};

static void put_text_id(struct jsonw *w, int64_t id)
{
    char text[24];

    (void)snprintf(text, sizeof text, "%lld", (long long)id);
    jsonw_put_text(w, "_id", text);
}

static void begin_row(struct rows *r, struct jsonw *w)
{
    if (r->any)
        buf_add_char(&r->out, ',');
    r->any = true;
    jsonw_init(w, &r->out);
    jsonw_object(w);
}

static ssize_t rows_read(void *ctx, char *out, size_t max)
{
    struct rows *r = ctx;
    size_t n;

    if (r->sent == r->out.len) {
        if (r->at_end)
            return HTTP_STREAM_END;
        buf_reset(&r->out);
        r->sent = 0;
        if (r->page.cursor == NULL)
            buf_add_char(&r->out, '[');
        if (r->list(r) != LW_OK)
            return HTTP_STREAM_FAILED;
        memcpy(r->cursor, r->page.next, sizeof r->cursor);
        r->page.cursor = r->cursor;
        r->at_end = r->cursor[0] == '\0';
        if (r->at_end)
            buf_add_text(&r->out, "]\n");
        if (!buf_ok(&r->out))
            return HTTP_STREAM_FAILED;
    }
    n = r->out.len - r->sent;
    if (n > max)
        n = max;
    memcpy(out, r->out.data + r->sent, n);
    r->sent += n;
    return (ssize_t)n;
}

static void rows_close(void *ctx)
{
    struct rows *r = ctx;

    buf_release(&r->out);
    mem_free(r);
}

static void answer_rows(const struct call *c, enum lw_status (*list)(struct rows *r))
{
    static const struct http_stream_ops ops = {rows_read, rows_close};
    struct rows *r = mem_zalloc(1, sizeof *r);

    if (r == NULL) {
        problem_reply(c->reply, 503, NULL, "out of memory");
        return;
    }
    r->store = c->server->store;
    r->list = list;
    r->page.limit = STORE_PAGE_MAX;
    buf_init(&r->out);
    c->reply->stream = &ops;
    c->reply->stream_ctx = r;
}

static void on_file(void *ctx, const struct store_capture *c)
{
    struct rows *r = ctx;
    struct jsonw w;

    begin_row(r, &w);
    jsonw_put_text(&w, "filename", c->name);
    put_text_id(&w, c->id);
    jsonw_object_end(&w);
}

static enum lw_status list_files(struct rows *r)
{
    return store_capture_list(r->store, NULL, &r->page, on_file, r, NULL);
}

void route_file_list(const struct call *c)
{
    answer_rows(c, list_files);
}

static void on_flow_alert(void *ctx, const struct store_flow *f)
{
    struct rows *r = ctx;
    char text[TIMEFMT_MAX + STORE_ADDR_TEXT_MAX];
    struct jsonw w;

    begin_row(r, &w);
    put_text_id(&w, f->id);
    jsonw_put_u64(&w, "n_packet", f->packets[0] + f->packets[1]);
    jsonw_put_u64(&w, "src_bytes", f->bytes[0]);
    (void)store_addr_text(&f->addr[0], text);
    jsonw_put_text(&w, "src_addr", text);
    (void)store_addr_text(&f->addr[1], text);
    jsonw_put_text(&w, "dst_addr", text);
    jsonw_put_text(&w, "Protocol", f->proto == NULL ? "" : f->proto);
    (void)timefmt_argus(f->start_ns, text);
    jsonw_put_text(&w, "Timestamp", text);
    jsonw_put_text(&w, "Predictions", lw_verdict_name(f->told_verdict));
    jsonw_object_end(&w);
}

static enum lw_status list_flow_alerts(struct rows *r)
{
    return store_flow_alert_list(r->store, &r->page, on_flow_alert, r, NULL);
}

void route_flow_alert_list(const struct call *c)
{
    answer_rows(c, list_flow_alerts);
}

void route_flow_alert_resolve(const struct call *c)
{
    struct lw_error err;
    int64_t id;

    if (route_id(c, 0, &id) &&
        !answer_failed(c->reply, store_flow_alert_resolve(c->server->store, id, &err),
                       &err))
        answer_nothing(c->reply);
}

/* ---- processing ------------------------------------------------------------------ */

struct latest {
    int64_t job;
    bool is_under_way;
};

static void on_latest(void *ctx, const struct store_capture *c)
{
    struct latest *l = ctx;

    l->job = c->job;
    l->is_under_way =
        c->state == STORE_CAPTURE_QUEUED || c->state == STORE_CAPTURE_RUNNING;
}

/* One that is under way is waited for; otherwise there is a new one. */
void route_file_process(const struct call *c)
{
    struct latest l = {0};
    struct lw_error err;
    int64_t id;

    if (!route_id(c, 0, &id) ||
        answer_failed(c->reply,
                      store_capture_get(c->server->store, id, on_latest, &l, &err),
                      &err))
        return;
    if (!l.is_under_way) {
        if (answer_failed(c->reply,
                          store_job_create(c->server->store, STORE_JOB_ANALYSE, id,
                                           c->who, c->server->limits.queue, &l.job,
                                           &err),
                          &err))
            return;
        jobs_look(c->server->jobs, l.job);
    }
    jobs_answer_at_end(c->server->jobs, l.job, c->req, c->reply);
}

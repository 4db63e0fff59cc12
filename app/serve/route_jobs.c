/* SPDX-License-Identifier: Apache-2.0 */
#include "base/timefmt.h"
#include "serve/answer.h"
#include "serve/form.h"
#include "serve/jobs.h"
#include "serve/present.h"
#include "serve/problem.h"
#include "serve/route.h"
#include "serve/server_priv.h"
#include "serve/tell.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char *const kind_names[STORE_N_JOB_KINDS] = {
    [STORE_JOB_ANALYSE] = "analyse",
    [STORE_JOB_PROFILE] = "profile",
    [STORE_JOB_EMBED] = "embed",
    [STORE_JOB_REPORT] = "report",
};

static const char *const state_names[STORE_N_JOB_STATES] = {
    [STORE_JOB_QUEUED] = "queued",       [STORE_JOB_RUNNING] = "running",
    [STORE_JOB_DONE] = "done",           [STORE_JOB_FAILED] = "failed",
    [STORE_JOB_CANCELLED] = "cancelled",
};

/* ---- jobs ------------------------------------------------------------------------ */

static void on_job(void *ctx, const struct store_job *j)
{
    put_job(ctx, j);
}

static void show(const struct call *c, int64_t id)
{
    struct lw_error err;
    struct jsonw w;

    jsonw_init(&w, c->reply->body);
    answer_one_end(c->reply, store_job_get(c->server->store, id, on_job, &w, &err),
                   &err);
}

void route_job_list(const struct call *c)
{
    struct answer_page page;
    struct params p;
    struct lw_error err;
    size_t state = 0;
    int64_t capture = 0;
    bool has_state;

    params_init(&p, c->req->query, c->reply);
    has_state = params_choice(&p, "state", state_names, STORE_N_JOB_STATES, &state);
    (void)params_int(&p, "capture", 1, INT64_MAX, &capture);
    answer_page_params(&page, &p);
    if (!params_end(&p))
        return;
    answer_page_begin(&page, c->reply);
    answer_page_end(&page,
                    store_job_list(c->server->store, has_state ? (int)state : -1,
                                   capture, &page.page, on_job, &page.w, &err),
                    &err);
}

void route_job_submit(const struct call *c)
{
    size_t kind = STORE_JOB_ANALYSE;
    int64_t capture = 0;
    int64_t id = 0;
    struct lw_error err;
    struct form f;

    form_init(&f, c->req->body, c->reply);
    form_require(&f, "capture");
    (void)form_int(&f, "capture", 1, INT64_C(9007199254740991), &capture);
    (void)form_choice(&f, "kind", kind_names, STORE_N_JOB_KINDS, &kind);
    if (form_end(&f) &&
        !answer_failed(c->reply,
                       store_job_create(c->server->store, (enum store_job_kind)kind,
                                        capture, c->who, c->server->limits.queue, &id,
                                        &err),
                       &err)) {
        show(c, id);
        if (c->reply->status == 200)
            answer_created(c->reply, 202, "/api/v1/jobs", id);
        jobs_look(c->server->jobs, id);
    }
    form_release(&f);
}

void route_job_get(const struct call *c)
{
    int64_t id;

    if (route_id(c, 0, &id))
        show(c, id);
}

void route_job_cancel(const struct call *c)
{
    struct lw_error err;
    int64_t id;

    if (route_id(c, 0, &id) &&
        !answer_failed(c->reply, jobs_cancel(c->server->jobs, id, &err), &err))
        show(c, id);
}

static void on_line(void *ctx, int64_t time_ns, const char *line)
{
    struct buf *out = ctx;
    char text[TIMEFMT_MAX];
    size_t n = timefmt_eve(time_ns, text);

    buf_add(out, text, n - 5);
    buf_add_text(out, "Z ");
    buf_add_text(out, line);
    buf_add_char(out, '\n');
}

void route_job_log(const struct call *c)
{
    struct lw_error err;
    int64_t id;

    if (!route_id(c, 0, &id))
        return;
    c->reply->content_type = "text/plain; charset=utf-8";
    if (store_job_log_read(c->server->store, id, on_line, c->reply->body, &err) !=
        LW_OK)
        problem_reply(c->reply, 404, NULL, err.msg);
}

/* ---- artefacts ------------------------------------------------------------------- */

static void on_artefact(void *ctx, const struct store_artefact *a)
{
    put_artefact(ctx, a);
}

void route_artefact_list(const struct call *c)
{
    struct answer_page page;
    struct params p;
    struct lw_error err;
    size_t kind = 0;
    int64_t capture = 0;
    bool has_kind;

    params_init(&p, c->req->query, c->reply);
    /* The first kind makes none. */
    has_kind = params_choice(&p, "kind", kind_names + 1, STORE_N_JOB_KINDS - 1, &kind);
    (void)params_int(&p, "capture", 1, INT64_MAX, &capture);
    answer_page_params(&page, &p);
    if (!params_end(&p))
        return;
    answer_page_begin(&page, c->reply);
    answer_page_end(&page,
                    store_artefact_list(c->server->store, has_kind ? (int)kind + 1 : -1,
                                        capture, &page.page, on_artefact, &page.w,
                                        &err),
                    &err);
}

static void on_type(void *ctx, const struct store_artefact *a)
{
    static const char *const types[] = {"application/json", "text/html; charset=utf-8",
                                        "text/csv; charset=utf-8", "image/svg+xml"};
    const char **type = ctx;

    *type = "application/octet-stream";
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        if (strncmp(types[i], a->type, strcspn(types[i], ";")) == 0)
            *type = types[i];
}

/*
 * A page that we made says what may run in it, by digests, before anything that comes
 * from outside.  That becomes the answer's policy, with the page in a sandbox: whatever
 * got into it is not of our origin.  Where a page says nothing, nothing runs.
 */
static void page_policy(struct http_reply *reply, int fd)
{
    static const char mark[] = "http-equiv=\"Content-Security-Policy\" content=\"";
    char text[1024];
    char policy[768] = "default-src 'none'";
    ssize_t n = pread(fd, text, sizeof text - 1, 0);
    const char *said;
    char all[sizeof policy + 64];

    text[n > 0 ? n : 0] = '\0';
    said = strstr(text, mark);
    if (said != NULL && strchr(said + sizeof mark - 1, '"') != NULL) {
        said += sizeof mark - 1;
        (void)snprintf(policy, sizeof policy, "%.*s", (int)strcspn(said, "\""), said);
    }
    (void)snprintf(all, sizeof all, "sandbox allow-scripts; %s; frame-ancestors 'none'",
                   policy);
    http_reply_header(reply, "Content-Security-Policy", all);
}

void route_artefact_get(const struct call *c)
{
    const char *type = NULL;
    struct lw_error err;
    uint64_t size;
    int64_t id;
    int fd;

    if (!route_id(c, 0, &id) ||
        answer_failed(c->reply,
                      store_artefact_get(c->server->store, id, on_type, &type, &err),
                      &err) ||
        answer_failed(c->reply,
                      store_artefact_open(c->server->store, id, &fd, &size, &err),
                      &err))
        return;
    c->reply->content_type = type;
    if (strncmp(type, "text/html", 9) == 0)
        page_policy(c->reply, fd);
    http_reply_file(c->reply, fd, size);
}

void route_artefact_delete(const struct call *c)
{
    struct lw_error err;
    int64_t id;

    if (!route_id(c, 0, &id) ||
        answer_failed(c->reply, store_artefact_delete(c->server->store, id, &err),
                      &err))
        return;
    tell_deleted(c->server, "artefact", id);
    answer_nothing(c->reply);
}

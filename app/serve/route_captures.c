/* SPDX-License-Identifier: Apache-2.0 */
#include "base/assert.h"
#include "serve/answer.h"
#include "serve/incoming.h"
#include "serve/jobs.h"
#include "serve/present.h"
#include "serve/problem.h"
#include "serve/route.h"
#include "serve/server_priv.h"
#include "serve/tell.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

/* ---- lists ----------------------------------------------------------------------- */

static void on_capture(void *ctx, const struct store_capture *c)
{
    put_capture(ctx, c);
}

void route_capture_list(const struct call *c)
{
    struct answer_page page;
    struct params p;
    struct lw_error err;
    const char *name;

    params_init(&p, c->req->query, c->reply);
    name = params_text(&p, "name");
    if (name != NULL && (name[0] == '\0' || strlen(name) > 200))
        params_wrong(&p, "name", "expected 1 to 200 bytes");
    answer_page_params(&page, &p);
    if (!params_end(&p))
        return;
    answer_page_begin(&page, c->reply);
    answer_page_end(&page,
                    store_capture_list(c->server->store, name, &page.page, on_capture,
                                       &page.w, &err),
                    &err);
}

static void show(const struct call *c, int64_t id)
{
    struct lw_error err;
    struct jsonw w;

    jsonw_init(&w, c->reply->body);
    answer_one_end(c->reply,
                   store_capture_get(c->server->store, id, on_capture, &w, &err), &err);
}

void route_capture_get(const struct call *c)
{
    int64_t id;

    if (route_id(c, 0, &id))
        show(c, id);
}

void route_capture_delete(const struct call *c)
{
    struct lw_error err;
    int64_t id;

    if (!route_id(c, 0, &id))
        return;
    jobs_cancel_capture(c->server->jobs, id);
    if (answer_failed(c->reply, store_capture_delete(c->server->store, id, &err), &err))
        return;
    tell_deleted(c->server, "capture", id);
    answer_nothing(c->reply);
}

static void on_name(void *ctx, const struct store_capture *c)
{
    struct http_reply *reply = ctx;
    char text[300] = "attachment; filename=\"";
    size_t n = strlen(text);

    for (const char *p = c->name; *p != '\0' && n < 250; p++)
        text[n++] = *p == '"' || *p < ' ' || *p > '~' ? '_' : *p;
    (void)snprintf(text + n, sizeof text - n, "\"");
    http_reply_header(reply, "Content-Disposition", text);
}

void route_capture_file(const struct call *c)
{
    struct lw_error err;
    uint64_t size;
    int64_t id;
    int fd;

    if (!route_id(c, 0, &id) ||
        answer_failed(c->reply,
                      store_capture_get(c->server->store, id, on_name, c->reply, &err),
                      &err) ||
        answer_failed(c->reply,
                      store_capture_open(c->server->store, id, &fd, &size, &err), &err))
        return;
    c->reply->content_type = "application/octet-stream";
    http_reply_file(c->reply, fd, size);
}

/* ---- uploads in one piece -------------------------------------------------------- */

static bool is_form(const char *type)
{
    return type != NULL && strncasecmp(type, "multipart/", 10) == 0;
}

static void open_sink(const struct call *c, struct http_plan *plan,
                      const struct incoming_config *cfg)
{
    struct incoming *in = NULL;
    struct lw_error err;
    enum lw_status st = LW_OK;

    plan->max_body_bytes = c->server->limits.capture_bytes;
    plan->refused = true;
    if (cfg->name != NULL && !incoming_name_ok(cfg->name)) {
        problem_reply(c->reply, 400, "name",
                      "name: expected 1 to 200 bytes of UTF-8 without slashes");
        return;
    }
    if (!c->req->has_length || c->req->length_bytes <= plan->max_body_bytes)
        st = incoming_new(&in, c->server, cfg, &err);
    if (st != LW_OK) {
        problem_reply(c->reply, st == LW_ENOMEM ? 503 : 400, NULL, err.msg);
        return;
    }
    plan->refused = false;
    plan->sink = in == NULL ? NULL : &incoming_ops;
    plan->sink_ctx = in;
}

void route_capture_post_open(const struct call *c, struct http_plan *plan)
{
    struct incoming_config cfg = {.form = is_form(c->req->content_type),
                                  .type = c->req->content_type,
                                  .analyse = true,
                                  .limit_bytes = c->server->limits.capture_bytes};
    struct params p;

    params_init(&p, c->req->query, c->reply);
    cfg.name = params_text(&p, "name");
    (void)params_bool(&p, "analyse", &cfg.analyse);
    if (cfg.name == NULL && !cfg.form)
        params_wrong(&p, "name", "say the file's name: ?name=office.pcap");
    if (params_end(&p))
        open_sink(c, plan, &cfg);
    else
        plan->refused = true;
}

void route_capture_put_open(const struct call *c, struct http_plan *plan)
{
    struct incoming_config cfg = {.name = c->arg[0],
                                  .analyse = true,
                                  .limit_bytes = c->server->limits.capture_bytes};
    struct params p;

    params_init(&p, c->req->query, c->reply);
    (void)params_bool(&p, "analyse", &cfg.analyse);
    if (params_end(&p))
        open_sink(c, plan, &cfg);
    else
        plan->refused = true;
}

/* The old clients' upload: named in the path, always a form. */
void route_file_open(const struct call *c, struct http_plan *plan)
{
    const struct incoming_config cfg = {.name = c->arg[0],
                                        .form = true,
                                        .type = c->req->content_type,
                                        .limit_bytes = c->server->limits.capture_bytes};

    open_sink(c, plan, &cfg);
}

static bool commit(const struct call *c, int64_t *capture)
{
    struct lw_error err;
    int64_t job = 0;
    enum lw_status st = incoming_commit(c->sink, capture, &job, &err);

    if (st == LW_ELIMIT)
        problem_reply(c->reply, 413, NULL, err.msg);
    else if (st == LW_EFORMAT || st == LW_ETRUNCATED)
        problem_reply(c->reply, 422, NULL, err.msg);
    else if (st == LW_EINVAL)
        problem_reply(c->reply, 422, "name", err.msg);
    else if (st != LW_OK)
        answer_error(c->reply, st, &err);
    if (st != LW_OK)
        return false;
    tell_capture(c->server, *capture);
    if (job != 0)
        jobs_look(c->server->jobs, job);
    return true;
}

void route_capture_post(const struct call *c)
{
    int64_t id;

    LW_ASSERT(c->sink != NULL);
    if (!commit(c, &id))
        return;
    show(c, id);
    if (c->reply->status == 200)
        answer_created(c->reply, 201, "/api/v1/captures", id);
}

void route_file_post(const struct call *c)
{
    int64_t id;

    if (commit(c, &id))
        answer_nothing(c->reply);
}

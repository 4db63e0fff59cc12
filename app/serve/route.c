/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/route.h"

#include "base/assert.h"
#include "serve/admit.h"
#include "serve/metrics.h"
#include "serve/problem.h"
#include "serve/server_priv.h"

#include <lapwing/log.h>

#include <stdio.h>
#include <string.h>

/* ---- patterns -------------------------------------------------------------------- */

/* Does the path fit the pattern?  Each {...} takes what stands between two slashes, at
 * least a byte, into c->arg. */
static bool path_fits(struct call *c, const char *pattern, const char *path)
{
    c->n_args = 0;
    while (*pattern != '\0') {
        if (*pattern == '{') {
            size_t n = strcspn(path, "/");

            LW_ASSERT(c->n_args < ROUTE_ARGS_MAX);
            if (n == 0 || n >= ROUTE_ARG_BYTES_MAX)
                return false;
            memcpy(c->arg[c->n_args], path, n);
            c->arg[c->n_args++][n] = '\0';
            path += n;
            pattern = strchr(pattern, '}') + 1;
        } else if (*pattern++ != *path++) {
            return false;
        }
    }
    return *path == '\0';
}

/* HEAD is GET whose body the listener leaves out. */
static bool method_fits(const char *method, const char *route_method)
{
    return strcmp(method, route_method) == 0 ||
           (strcmp(method, "HEAD") == 0 && strcmp(route_method, "GET") == 0);
}

bool route_id(const struct call *c, size_t arg, int64_t *out)
{
    const char *text = c->arg[arg];
    int64_t v = 0;
    size_t n = 0;

    LW_ASSERT(arg < c->n_args);
    for (; n < 16 && text[n] >= '0' && text[n] <= '9'; n++)
        v = v * 10 + (text[n] - '0');
    if (n == 0 || text[n] != '\0' || v == 0) {
        problem_reply(c->reply, 404, NULL,
                      "there is no such id; ids are numbers from 1");
        return false;
    }
    *out = v;
    return true;
}

/* ---- plans ----------------------------------------------------------------------- */

static void refuse_method(const struct call *c, struct http_plan *plan,
                          const char *allowed)
{
    char detail[160];

    plan->refused = true;
    if (strcmp(c->req->method, "OPTIONS") == 0) {
        c->reply->status = 204;
        c->reply->content_type = NULL;
    } else {
        (void)snprintf(detail, sizeof detail,
                       "%.16s is no method of %.48s; it takes %s", c->req->method,
                       c->req->path, allowed);
        problem_reply(c->reply, 405, NULL, detail);
    }
    http_reply_header(c->reply, "Allow", allowed);
}

/* The route of a request.  Otherwise NULL, and the methods that the path would take. */
static const struct route *find_route(struct call *c, char *allowed, size_t size)
{
    size_t n = 0;

    allowed[0] = '\0';
    for (size_t i = 0; i < n_routes; i++) {
        const struct route *r = &route_table[i];

        if (!path_fits(c, r->pattern, c->req->path))
            continue;
        if (method_fits(c->req->method, r->method))
            return r;
        n += (size_t)snprintf(allowed + n, size - n, "%s%s%s", n == 0 ? "" : ", ",
                              r->method, strcmp(r->method, "GET") == 0 ? ", HEAD" : "");
    }
    return NULL;
}

static void plan_asset(struct call *c, struct http_plan *plan, const char *allowed)
{
    if (allowed[0] == '\0' && welcome_asset(c->server, c->req->path, c->req) != NULL) {
        if (method_fits(c->req->method, "GET"))
            c->reply->fixed = welcome_asset(c->server, c->req->path, c->req);
        else
            allowed = "GET, HEAD";
    }
    plan->refused = true;
    if (allowed[0] != '\0')
        refuse_method(c, plan, allowed);
    else if (c->reply->fixed == NULL)
        problem_reply(c->reply, 404, NULL,
                      "there is nothing here; / tells what there is");
}

void route_plan(void *ctx, const struct http_request *req, struct http_plan *plan,
                struct http_reply *reply)
{
    struct call c;
    char allowed[64];

    c.server = ctx;
    c.req = req;
    c.reply = reply;
    c.sink = NULL;
    plan->max_body_bytes = ROUTE_BODY_BYTES;
    c.route = find_route(&c, allowed, sizeof allowed);
    if (!admit_request(&c)) {
        plan->refused = true;
        return;
    }
    if (c.route == NULL) {
        plan_asset(&c, plan, allowed);
        return;
    }
    plan->route = c.route;
    c.who = plan->who;
    if (!admit_client(&c, plan->who)) {
        plan->refused = true;
        return;
    }
    plan->slow = c.route->slow;
    if (c.route->max_body_bytes > 0)
        plan->max_body_bytes = c.route->max_body_bytes;
    if (c.route->open != NULL)
        c.route->open(&c, plan);
}

void route_request(void *ctx, const struct http_request *req,
                   const struct http_plan *plan, struct http_reply *reply)
{
    struct call c;

    c.server = ctx;
    c.req = req;
    c.reply = reply;
    c.route = plan->route;
    c.who = plan->who;
    c.sink = plan->sink_ctx;
    LW_ASSERT(path_fits(&c, c.route->pattern, req->path));
    c.route->handle(&c);
    /* Who did what: whatever changes something, refused or not. */
    if (c.route->slow && !c.route->notes && strcmp(c.route->method, "GET") != 0)
        admit_note(&c, c.who, c.n_args > 0 ? c.arg[0] : "");
}

/* As members of a JSON object; the route and not the path, which may hold names. */
static void log_request(const struct server *s, const struct http_request *req,
                        const struct route *r, unsigned status)
{
    char peer[HTTP_PEER_MAX];

    admit_address(s, req, peer);
    lw_log(LW_LOG_INFO,
           "{\"event\":\"request\",\"client\":\"%s\",\"method\":\"%s\","
           "\"route\":\"%s\",\"status\":%u}",
           peer, r == NULL ? "" : r->method, r == NULL ? "other" : r->pattern, status);
}

void route_done(void *ctx, const struct http_request *req, const struct http_plan *plan,
                unsigned status)
{
    struct server *s = ctx;
    const struct route *r = plan->route;

    if (s->log_requests)
        log_request(s, req, r, status);
    metrics_count_request(s->metrics, r == NULL ? n_routes : (size_t)(r - route_table),
                          status);
}

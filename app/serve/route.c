/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/route.h"

#include "base/assert.h"
#include "base/timefmt.h"
#include "serve/auth.h"
#include "serve/listen.h"
#include "serve/metrics.h"
#include "serve/problem.h"
#include "serve/server_priv.h"
#include "store/admin.h"

#include <lapwing/log.h>

#include <stdio.h>
#include <string.h>
#include <time.h>

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

/*
 * A page of a foreign site can make its own name resolve to 127.0.0.1 and then read
 * our answers as if they were its own ("DNS rebinding").  Its browser still sends that
 * name as Host, so on a loopback address only loopback names are served.
 */
static bool host_is_ours(const struct call *c)
{
    return c->req->host == NULL || listen_host_is_loopback(c->req->host);
}

static int64_t clock_ns(clockid_t clock)
{
    struct timespec t;

    (void)clock_gettime(clock, &t);
    return (int64_t)t.tv_sec * NS_PER_S + t.tv_nsec;
}

static void refuse_client(struct http_reply *reply, unsigned status)
{
    static const char missing[] =
        "send a token as 'Authorization: Bearer TOKEN'; lapwing token makes them";

    if (status == 401) {
        problem_reply(reply, status, NULL, missing);
        http_reply_header(reply, "WWW-Authenticate", "Bearer");
    } else if (status == 429) {
        problem_reply(reply, status, NULL, "too many requests without a valid token");
        http_reply_header(reply, "Retry-After", "1");
    } else if (status == 403) {
        problem_reply(reply, status, NULL, "the token does not allow this");
    } else {
        problem_reply(reply, status, NULL, "tokens cannot be looked up now");
    }
}

/* auth_check() of the request, for a scope. */
static unsigned check(const struct call *c, uint32_t needs, struct auth_principal *who)
{
    char peer[HTTP_PEER_MAX];
    const struct auth_request req = {.authorization = c->req->authorization,
                                     .client = peer,
                                     .needs = needs,
                                     .mono_ns = clock_ns(CLOCK_MONOTONIC),
                                     .now_ns = clock_ns(CLOCK_REALTIME)};

    http_request_peer(c->req, peer);
    return auth_check(c->server->auth, &req, who);
}

bool route_principal(const struct call *c, struct auth_principal *who)
{
    return c->server->needs_auth && c->req->authorization != NULL &&
           check(c, 0, who) == 0;
}

/* Does who asks have what the route needs?  Otherwise the reply is a problem. */
static bool admitted(const struct call *c, struct http_plan *plan)
{
    static const uint32_t bit[] = {[SCOPE_NONE] = 0,
                                   [SCOPE_READ] = STORE_SCOPE_READ,
                                   [SCOPE_ANALYSE] = STORE_SCOPE_ANALYSE,
                                   [SCOPE_ADMIN] = STORE_SCOPE_ADMIN};
    struct auth_principal who;
    unsigned status;

    plan->who[0] = '\0';
    if (!c->server->needs_auth || c->route->scope == SCOPE_NONE)
        return true;
    status = check(c, bit[c->route->scope], &who);
    if (status != 0)
        refuse_client(c->reply, status);
    else
        (void)snprintf(plan->who, sizeof plan->who, "%s", who.name);
    return status == 0;
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
    if (!host_is_ours(&c)) {
        plan->refused = true;
        problem_reply(reply, 421, NULL,
                      "this server answers to localhost, 127.0.0.1 and [::1] only");
        return;
    }
    c.route = find_route(&c, allowed, sizeof allowed);
    if (c.route == NULL) {
        plan_asset(&c, plan, allowed);
        return;
    }
    plan->route = c.route;
    c.who = plan->who;
    if (!admitted(&c, plan)) {
        plan->refused = true;
        return;
    }
    plan->slow = c.route->slow;
    if (c.route->max_body_bytes > 0)
        plan->max_body_bytes = c.route->max_body_bytes;
    if (c.route->open != NULL)
        c.route->open(&c, plan);
}

/* Who did what, for the audit log: whatever changes something, refused or not. */
static void note(const struct call *c)
{
    char action[96];
    char outcome[16];
    char peer[HTTP_PEER_MAX];
    struct lw_error err;
    const struct store_audit a = {.who = c->who,
                                  .action = action,
                                  .object = c->n_args > 0 ? c->arg[0] : "",
                                  .outcome = outcome,
                                  .client = peer};

    (void)snprintf(action, sizeof action, "%s %s", c->route->method, c->route->pattern);
    (void)snprintf(outcome, sizeof outcome, "%u", c->reply->status);
    http_request_peer(c->req, peer);
    if (store_audit_add(c->server->store, &a, &err) != LW_OK)
        lw_log(LW_LOG_ERROR, "the audit log: %s", err.msg);
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
    if (c.route->slow && strcmp(c.route->method, "GET") != 0)
        note(&c);
}

/* As members of a JSON object; the route and not the path, which may hold names. */
static void log_request(const struct http_request *req, const struct route *r,
                        unsigned status)
{
    char peer[HTTP_PEER_MAX];

    http_request_peer(req, peer);
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
        log_request(req, r, status);
    metrics_count_request(s->metrics, r == NULL ? n_routes : (size_t)(r - route_table),
                          status);
}

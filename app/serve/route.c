/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/route.h"

#include "serve/listen.h"
#include "serve/problem.h"
#include "serve/server_priv.h"

#include <stdio.h>
#include <string.h>

struct route {
    const char *method;
    const char *path;
    route_fn handle;
};

static const struct route routes[] = {
    {"GET", "/", route_welcome},
    {"GET", "/healthz", route_health},
    {"POST", "/classify", route_classify},
};

enum { N_ROUTES = sizeof routes / sizeof routes[0] };

/* HEAD is GET whose body the listener leaves out. */
static bool method_fits(const char *method, const char *route_method)
{
    return strcmp(method, route_method) == 0 ||
           (strcmp(method, "HEAD") == 0 && strcmp(route_method, "GET") == 0);
}

static void not_allowed(struct http_reply *reply, const char *method, const char *path,
                        const char *route_method)
{
    const char *allowed = strcmp(route_method, "GET") == 0 ? "GET, HEAD" : route_method;
    char detail[128];

    (void)snprintf(detail, sizeof detail, "%.16s is no method of %.48s; it takes %s",
                   method, path, allowed);
    problem_reply(reply, 405, NULL, detail);
    http_reply_header(reply, "Allow", allowed);
}

static void dispatch(const struct server *s, const struct http_request *req,
                     struct http_reply *reply)
{
    for (size_t i = 0; i < N_ROUTES; i++) {
        if (strcmp(req->path, routes[i].path) != 0)
            continue;
        if (method_fits(req->method, routes[i].method))
            routes[i].handle(s, req, reply);
        else
            not_allowed(reply, req->method, req->path, routes[i].method);
        return;
    }
    reply->fixed = welcome_asset(s, req->path, req);
    if (reply->fixed == NULL)
        problem_reply(reply, 404, NULL, "there is nothing here; / tells what there is");
    else if (!method_fits(req->method, "GET"))
        not_allowed(reply, req->method, req->path, "GET");
}

/*
 * A page of a foreign site can make its own name resolve to 127.0.0.1 and then read
 * our answers as if they were its own ("DNS rebinding").  Its browser still sends that
 * name as Host, so on a loopback address only loopback names are served.
 */
void route_request(void *ctx, const struct http_request *req, struct http_reply *reply)
{
    const struct server *s = ctx;

    if (req->host != NULL && !listen_host_is_loopback(req->host))
        problem_reply(reply, 421, NULL,
                      "this server answers to localhost, 127.0.0.1 and [::1] only");
    else
        dispatch(s, req, reply);
}

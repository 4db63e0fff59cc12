/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/metrics.h"
#include "serve/route.h"
#include "serve/server_priv.h"

/* A server that answers is alive: it does not start without its models. */
void route_health(const struct call *c)
{
    buf_add_text(c->reply->body, "{\"status\":\"ok\"}\n");
}

void route_ready(const struct call *c)
{
    buf_add_text(c->reply->body, "{\"status\":\"ok\"}\n");
}

void route_metrics(const struct call *c)
{
    const struct server *s = c->server;
    struct metrics_gauges g = {.connections = http_connections(s->listener)};

    metrics_write(s->metrics, &g, c->reply->body);
    c->reply->content_type = "text/plain; version=0.0.4; charset=utf-8";
}

void route_description(const struct call *c)
{
    c->reply->fixed = welcome_asset(c->server, "/ui/openapi.yaml", c->req);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * serve/route.h - which request goes where.
 *
 * One row of the table in route.c per method and path; the handler is in the file
 * route_<what>.c.  HEAD is GET; an unknown path is 404, a known path with another
 * method 405.
 */
#ifndef SERVE_ROUTE_H
#define SERVE_ROUTE_H

#include "serve/http.h"

struct server; /* serve/server.h */

typedef void (*route_fn)(const struct server *s, const struct http_request *req,
                         struct http_reply *reply);

/** An http_handler_fn; `ctx` is a const struct server. */
void route_request(void *ctx, const struct http_request *req, struct http_reply *reply);

void route_welcome(const struct server *s, const struct http_request *req,
                   struct http_reply *reply);
void route_health(const struct server *s, const struct http_request *req,
                  struct http_reply *reply);
void route_classify(const struct server *s, const struct http_request *req,
                    struct http_reply *reply);

#endif /* SERVE_ROUTE_H */

/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/route.h"

/* A server that answers is well: it does not start without its models. */
void route_health(const struct server *s, const struct http_request *req,
                  struct http_reply *reply)
{
    (void)s;
    (void)req;
    buf_add_text(reply->body, "{\"status\":\"ok\"}\n");
}

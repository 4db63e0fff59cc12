/* SPDX-License-Identifier: Apache-2.0 */
/* What routes read of a request: a query (up to the first line end), and behind it a
 * JSON body.  Whatever is wrong is a problem in the reply; whatever is right is in
 * bounds. */
#include "base/assert.h"
#include "base/json.h"
#include "fuzz.h"
#include "serve/form.h"
#include "serve/params.h"

#include <string.h>

static void read_query(const char *query, struct http_reply *reply)
{
    static const char *const names[] = {"asc", "desc"};
    struct params p;
    int64_t limit = 1;
    double score = 0;
    bool alerted = false;
    int64_t from = 0;
    size_t order = 0;

    params_init(&p, query, reply);
    (void)params_int(&p, "limit", 1, 1000, &limit);
    (void)params_number(&p, "min_score", 0, 1, &score);
    (void)params_bool(&p, "alerted", &alerted);
    (void)params_time(&p, "from", &from);
    (void)params_choice(&p, "order", names, 2, &order);
    (void)params_text(&p, "cursor");
    LW_ASSERT(limit >= 1 && limit <= 1000 && score >= 0 && score <= 1 && order < 2);
    if (!params_end(&p))
        LW_ASSERT(reply->status == 400 && reply->body->len > 0);
}

static void read_body(struct span body, struct http_reply *reply)
{
    static const char *const names[] = {"open", "resolved"};
    struct form f;
    struct form inner;
    int64_t size = 1;
    size_t state = 0;
    double v = 0;

    form_init(&f, body, reply);
    form_require(&f, "name");
    (void)form_text(&f, "name", 1, 200);
    (void)form_int(&f, "size", 1, 1000000, &size);
    (void)form_choice(&f, "state", names, 2, &state);
    if (form_object(&f, "thresholds", &inner))
        (void)form_number(&inner, "botnet", 0, 1, &v);
    (void)form_end(&inner);
    LW_ASSERT(size >= 1 && size <= 1000000 && state < 2 && v >= 0 && v <= 1);
    if (!form_end(&f))
        LW_ASSERT(reply->status == 400 || reply->status == 422);
    form_release(&f);
}

void fuzz_one(const uint8_t *data, size_t n)
{
    struct http_reply reply = {.status = 200};
    const uint8_t *end = memchr(data, '\n', n);
    size_t len = end == NULL ? n : (size_t)(end - data);
    char query[512];
    struct buf body;

    buf_init(&body);
    reply.body = &body;
    if (len < sizeof query) {
        memcpy(query, data, len);
        query[len] = '\0';
        read_query(query, &reply);
    }
    reply.status = 200;
    read_body(span_from(span_of(data, n), len + 1), &reply);
    buf_release(&body);
}

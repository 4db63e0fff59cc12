/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/answer.h"

#include "base/assert.h"
#include "serve/problem.h"

#include <stdio.h>
#include <string.h>

static unsigned status_of(enum lw_status st, const struct lw_error *err)
{
    switch (st) {
    case LW_ENOTFOUND:
        return 404;
    case LW_EINVAL:
    case LW_EFORMAT:
    case LW_ETRUNCATED:
        return 422;
    case LW_EMISMATCH:
        return 409;
    case LW_EUNSUPPORTED:
        return 422;
    case LW_EPERM:
        return 409;
    case LW_ELIMIT:
        return 429;
    case LW_EIO:
        return strstr(err->msg, "full") != NULL || strstr(err->msg, "No space") != NULL
                   ? 507
                   : 503;
    case LW_ENOMEM:
    case LW_OK:
    case LW_END:
    default:
        return 503;
    }
}

void answer_error(struct http_reply *reply, enum lw_status st,
                  const struct lw_error *err)
{
    LW_ASSERT(st != LW_OK);
    problem_reply(reply, status_of(st, err), NULL, err->msg);
}

bool answer_failed(struct http_reply *reply, enum lw_status st,
                   const struct lw_error *err)
{
    if (st != LW_OK)
        answer_error(reply, st, err);
    return st != LW_OK;
}

void answer_created(struct http_reply *reply, unsigned status, const char *path,
                    int64_t id)
{
    char where[128];

    (void)snprintf(where, sizeof where, "%s/%lld", path, (long long)id);
    reply->status = status;
    http_reply_header(reply, "Location", where);
}

void answer_nothing(struct http_reply *reply)
{
    buf_reset(reply->body);
    reply->status = 204;
    reply->content_type = NULL;
}

void answer_one_end(struct http_reply *reply, enum lw_status st,
                    const struct lw_error *err)
{
    if (!answer_failed(reply, st, err))
        buf_add_char(reply->body, '\n');
}

void answer_page_params(struct answer_page *p, struct params *params)
{
    int64_t limit = 100;

    (void)params_int(params, "limit", 1, STORE_PAGE_MAX, &limit);
    p->page = (struct store_page){.limit = (uint32_t)limit};
    p->page.cursor = params_text(params, "cursor");
}

void answer_page_begin(struct answer_page *p, struct http_reply *reply)
{
    p->reply = reply;
    jsonw_init(&p->w, reply->body);
    jsonw_object(&p->w);
    jsonw_key(&p->w, "items");
    jsonw_array(&p->w);
}

void answer_page_end(struct answer_page *p, enum lw_status st,
                     const struct lw_error *err)
{
    if (st == LW_EINVAL) {
        /* The filter was checked before: it can only be the cursor. */
        problem_reply(p->reply, 400, "cursor", err->msg);
        return;
    }
    if (answer_failed(p->reply, st, err))
        return;
    jsonw_array_end(&p->w);
    jsonw_key(&p->w, "next");
    if (p->page.next[0] == '\0')
        jsonw_null(&p->w);
    else
        jsonw_text(&p->w, p->page.next);
    jsonw_object_end(&p->w);
    buf_add_char(p->reply->body, '\n');
}

/* SPDX-License-Identifier: Apache-2.0 */
/* serve/answer.h - what the routes' answers have in common: rows, pages, failures. */
#ifndef SERVE_ANSWER_H
#define SERVE_ANSWER_H

#include "base/jsonw.h"
#include "serve/http.h"
#include "serve/params.h"
#include "store/store.h"

/** What the store (or the library) could not do, as a problem. */
void answer_error(struct http_reply *reply, enum lw_status st,
                  const struct lw_error *err);
/** If it is one. */
bool answer_failed(struct http_reply *reply, enum lw_status st,
                   const struct lw_error *err);

/** Status, and a Location header made of a path and an id. */
void answer_created(struct http_reply *reply, unsigned status, const char *path,
                    int64_t id);
/** 204. */
void answer_nothing(struct http_reply *reply);

/** The end of an answer that is one object, which has put itself: a line end, or where
 *  `st` says that it could not be had, a problem instead. */
void answer_one_end(struct http_reply *reply, enum lw_status st,
                    const struct lw_error *err);

/** A page under way: `{"items": [` ... `], "next": ...}`. */
struct answer_page {
    struct jsonw w;
    struct store_page page;
    struct http_reply *reply;
};

/** Read `limit` and `cursor`. */
void answer_page_params(struct answer_page *p, struct params *params);
/** After params_end(). */
void answer_page_begin(struct answer_page *p, struct http_reply *reply);
/** `st` is what the listing said: a failure becomes a problem. */
void answer_page_end(struct answer_page *p, enum lw_status st,
                     const struct lw_error *err);

#endif /* SERVE_ANSWER_H */

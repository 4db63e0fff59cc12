/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `POST /classify`: one connection record in, {"Attack Type": "..."} out.
 *
 * Two models, because a model must not be fed holes: that of the role classify was
 * trained on the 31 fields that clients of this route always sent, attack's on all 41.
 * Which of them judges is the form's decision, by what the body has.
 *
 * There are only as many answers as classes, so they are made in advance.
 */
#include "base/assert.h"
#include "base/jsonw.h"
#include "serve/problem.h"
#include "serve/route.h"
#include "serve/server_priv.h"

#include <stdio.h>
#include <string.h>

enum { KDD31_FEATURES = 31 };

static void write_answer(struct buf *out, enum lw_verdict_class c)
{
    struct jsonw w;

    jsonw_init(&w, out);
    jsonw_object(&w);
    jsonw_put_text(&w, "Attack Type", lw_verdict_name(c));
    jsonw_object_end(&w);
}

static enum lw_status make_answers(struct server *s, struct lw_error *err)
{
    enum lw_status st = LW_OK;
    struct buf text;

    buf_init(&text);
    for (int c = 0; st == LW_OK && c < LW_N_VERDICTS; c++) {
        struct http_fixed_config cfg = {
            .status = 200, .content_type = "application/json", .secure = s->secure};

        buf_reset(&text);
        write_answer(&text, (enum lw_verdict_class)c);
        cfg.body = span_of(buf_text(&text), text.len);
        st = buf_ok(&text) ? http_fixed_new(&s->verdicts[c], &cfg, err)
                           : lw_fail(err, LW_ENOMEM, "out of memory");
    }
    buf_release(&text);
    return st;
}

enum lw_status classify_init(struct server *s, struct lw_error *err)
{
    enum lw_status st =
        classify_form_new(&s->form, lw_view_get("kdd"), lw_view_get("kdd31"), err);

    return st == LW_OK ? make_answers(s, err) : st;
}

void classify_release(struct server *s)
{
    for (int c = 0; c < LW_N_VERDICTS; c++)
        http_fixed_free(s->verdicts[c]);
    classify_form_free(s->form);
}

static void refuse(struct http_reply *reply, enum lw_status st,
                   const struct classify_row *row, const struct lw_error *err)
{
    /* What is no JSON is a bad request; JSON that says something impossible is
     * understood, and refused (RFC 9110, 15.5.1 and 15.5.21). */
    problem_reply(reply, st == LW_EINVAL ? 422 : 400,
                  row->field[0] == '\0' ? NULL : row->field, err->msg);
}

void route_classify(const struct call *c)
{
    /* A client's bodies look alike, and most of the time those of all. */
    static _Thread_local struct classify_memory memory;
    const struct server *s = c->server;
    struct http_reply *reply = c->reply;
    struct model *model;
    struct classify_row row;
    struct lw_verdict verdict;
    struct lw_error err;
    enum lw_status st = classify_form_read(s->form, c->req->body, &memory, &row, &err);

    if (st != LW_OK) {
        refuse(reply, st, &row, &err);
        return;
    }
    model = models_take(s->models, row.view->n_features == KDD31_FEATURES
                                       ? MODEL_ROLE_CLASSIFY
                                       : MODEL_ROLE_ATTACK);
    LW_ASSERT(model != NULL && lw_classifier_view(model->classifier) == row.view);
    st = lw_classifier_judge(model->classifier, row.values, 1, &verdict, &err);
    model_drop(model);
    if (st != LW_OK) {
        problem_reply(reply, 503, NULL, err.msg);
        return;
    }
    LW_ASSERT((unsigned)verdict.verdict < LW_N_VERDICTS);
    if (row.ignored[0] == '\0') {
        reply->fixed = s->verdicts[verdict.verdict];
        return;
    }
    http_reply_header(reply, "X-Lapwing-Ignored", row.ignored);
    write_answer(reply->body, verdict.verdict);
}

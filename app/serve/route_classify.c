/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `POST /classify`: one connection record in, {"Attack Type": "..."} out.
 *
 * Two models, because a model must not be fed holes: classify.lwm was trained on the 31
 * fields that clients of this route always sent, attack.lwm on all 41.  Which of them
 * judges is the form's decision, by what the body has.
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
        buf_reset(&text);
        write_answer(&text, (enum lw_verdict_class)c);
        st = buf_ok(&text)
                 ? http_fixed_new(&s->verdicts[c], 200, "application/json",
                                  span_of(buf_text(&text), text.len), NULL, 0, err)
                 : lw_fail(err, LW_ENOMEM, "out of memory");
    }
    buf_release(&text);
    return st;
}

static enum lw_status load_model(struct lw_classifier **out, const char *dir,
                                 const char *file, const char *view,
                                 struct lw_error *err)
{
    char path[4096];
    enum lw_status st;

    if (snprintf(path, sizeof path, "%s/%s", dir, file) >= (int)sizeof path)
        return lw_fail(err, LW_EINVAL, "%.64s...: the path is too long", dir);
    st = lw_classifier_load(out, path, err);
    if (st != LW_OK)
        return st;
    if (strcmp(lw_classifier_view(*out)->name, view) != 0)
        return lw_fail(err, LW_EMISMATCH,
                       "%.160s: made for view %s, /classify needs view %s; train it "
                       "with --view %s",
                       path, lw_classifier_view(*out)->name, view, view);
    return LW_OK;
}

enum lw_status classify_init(struct server *s, const char *models_dir,
                             struct lw_error *err)
{
    enum lw_status st =
        load_model(&s->narrow, models_dir, "classify.lwm", "kdd31", err);

    if (st == LW_OK)
        st = load_model(&s->wide, models_dir, "attack.lwm", "kdd", err);
    if (st == LW_OK)
        st = classify_form_new(&s->form, lw_classifier_view(s->wide),
                               lw_classifier_view(s->narrow), err);
    return st == LW_OK ? make_answers(s, err) : st;
}

void classify_release(struct server *s)
{
    for (int c = 0; c < LW_N_VERDICTS; c++)
        http_fixed_free(s->verdicts[c]);
    classify_form_free(s->form);
    lw_classifier_free(s->wide);
    lw_classifier_free(s->narrow);
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
    const struct server *s = c->server;
    struct http_reply *reply = c->reply;
    const struct lw_classifier *model;
    struct classify_row row;
    struct lw_verdict verdict;
    struct lw_error err;
    enum lw_status st = classify_form_read(s->form, c->req->body, &row, &err);

    if (st != LW_OK) {
        refuse(reply, st, &row, &err);
        return;
    }
    model = row.view == lw_classifier_view(s->wide) ? s->wide : s->narrow;
    st = lw_classifier_judge(model, row.values, 1, &verdict, &err);
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

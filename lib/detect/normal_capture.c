/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is normal on a network, from flows of captures that somebody declared normal.
 *
 * Parts of a capture follow each other in time, so that nothing is judged by what went
 * on beside what it learnt from: each capture is cut into fifths.  Methods are judged
 * with three of them to learn from, one for the threshold and one to count false alarms
 * in; the model that is written learns from four and has its p-values from the last.
 *
 * No more than ROWS_MAX rows are kept: when they are full, every second one is let go,
 * and of those to come only every second is taken from then on, and so forth.
 */
#include "base/mem.h"
#include "detect/capture_rows.h"
#include "detect/normal_priv.h"
#include "detect/provenance.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { ROWS_MAX = 100000, ROWS_LEAST = 100, FIFTHS = 5, AGAINST = FIFTHS };

/* Rows of some captures, thinned. */
struct pool {
    size_t width;
    float *x;          /* (n, width), owned */
    uint32_t *capture; /* (n), owned */
    size_t n;
    size_t cap;
    uint64_t seen;
    uint64_t step; /* every step-th row is kept */
    uint32_t at;   /* the capture being read */
    bool failed;
};

struct run {
    const struct lw_normal_capture_config *cfg;
    struct train_set set;
    uint8_t *part; /* (set rows) fifth of its capture, or AGAINST; owned */
    struct normal_method method[NORMAL_METHODS + 1];
    size_t n_methods;
};

/* ---- rows ------------------------------------------------------------------------ */

static void pool_release(struct pool *p)
{
    mem_free(p->x);
    mem_free(p->capture);
}

static bool make_room(struct pool *p)
{
    size_t cap = p->cap == 0 ? 1024 : 2 * p->cap;
    void *v;

    if (p->n < p->cap)
        return true;
    v = mem_resize(p->x, cap, p->width * sizeof *p->x);
    if (v == NULL)
        return false;
    p->x = v;
    v = mem_resize(p->capture, cap, sizeof *p->capture);
    if (v == NULL)
        return false;
    p->capture = v;
    p->cap = cap;
    return true;
}

static void thin(struct pool *p)
{
    p->step *= 2;
    p->n = (p->n + 1) / 2;
    for (size_t i = 1; i < p->n; i++) {
        memcpy(p->x + i * p->width, p->x + 2 * i * p->width, p->width * sizeof *p->x);
        p->capture[i] = p->capture[2 * i];
    }
}

static void on_row(void *ctx, const struct lw_row *row)
{
    struct pool *p = ctx;

    if (p->failed || p->seen++ % p->step != 0)
        return;
    if (p->n == ROWS_MAX) {
        thin(p);
        if ((p->seen - 1) % p->step != 0)
            return;
    }
    if (!make_room(p)) {
        p->failed = true;
        return;
    }
    memcpy(p->x + p->n * p->width, row->values, p->width * sizeof *p->x);
    p->capture[p->n++] = p->at;
}

static enum lw_status read_captures(struct pool *p, const struct lw_view *view,
                                    const char *const *paths, size_t n,
                                    struct lw_error *err)
{
    enum lw_status st = LW_OK;

    p->width = view->n_features;
    p->step = 1;
    for (size_t i = 0; st == LW_OK && i < n; i++, p->at++) {
        struct lw_capture *cap = NULL;

        st = lw_capture_open(&cap, paths[i], NULL, err);
        if (st == LW_OK)
            st = capture_rows_run(view, cap, on_row, p, err);
        if (st == LW_OK && p->failed)
            st = lw_fail(err, LW_ENOMEM, "out of memory for flows");
        lw_capture_close(cap);
    }
    return st;
}

/* Which fifth of its capture each row is in. */
static void cut(const struct pool *p, uint8_t *part)
{
    for (size_t from = 0, upto; from < p->n; from = upto) {
        for (upto = from; upto < p->n && p->capture[upto] == p->capture[from];)
            upto++;
        for (size_t i = from; i < upto; i++)
            part[i] = (uint8_t)((i - from) * FIFTHS / (upto - from));
    }
}

static enum lw_status join(struct run *run, const struct pool *normal,
                           const struct pool *against, struct lw_error *err)
{
    size_t n = normal->n + against->n;
    enum lw_status st = lw_matrix_init(&run->set.x, n, normal->width, err);

    if (st != LW_OK)
        return st;
    run->part = mem_zalloc(n, 1);
    if (run->part == NULL)
        return lw_fail(err, LW_ENOMEM, "out of memory for %zu rows", n);
    memcpy(run->set.x.x, normal->x, normal->n * normal->width * sizeof *normal->x);
    if (against->n > 0)
        memcpy(run->set.x.x + normal->n * normal->width, against->x,
               against->n * normal->width * sizeof *normal->x);
    cut(normal, run->part);
    memset(run->part + normal->n, AGAINST, against->n);
    return LW_OK;
}

static enum lw_status read_rows(struct run *run, struct lw_normal_capture_report *r,
                                struct lw_error *err)
{
    const struct lw_normal_capture_config *cfg = run->cfg;
    struct pool normal = {0};
    struct pool against = {0};
    enum lw_status st =
        read_captures(&normal, run->set.view, cfg->captures, cfg->n_captures, err);

    if (st == LW_OK && normal.n < ROWS_LEAST)
        st = lw_fail(err, LW_EFORMAT,
                     "%s: %zu flows; at least %d are needed to know what is normal",
                     cfg->captures[0], normal.n, ROWS_LEAST);
    if (st == LW_OK)
        st = read_captures(&against, run->set.view, cfg->against, cfg->n_against, err);
    if (st == LW_OK && cfg->n_against > 0 && against.n == 0)
        st = lw_fail(err, LW_EFORMAT, "%s: no flows to judge by", cfg->against[0]);
    if (st == LW_OK)
        st = join(run, &normal, &against, err);
    r->n_rows = normal.seen;
    r->n_used = normal.n;
    r->n_against = against.n;
    pool_release(&normal);
    pool_release(&against);
    return st;
}

/* Numbers of the rows whose part is one of [from, upto]. */
static size_t take(const struct run *run, unsigned from, unsigned upto, size_t *rows)
{
    size_t n = 0;

    for (size_t r = 0; r < run->set.x.n_rows; r++)
        if (run->part[r] >= from && run->part[r] <= upto)
            rows[n++] = r;
    return n;
}

/* ---- judging --------------------------------------------------------------------- */

static int ascending(const void *a, const void *b)
{
    float x = *(const float *)a;
    float y = *(const float *)b;

    return (x > y) - (x < y);
}

/* What all but a share of the fourth fifth stays at or below. */
static enum lw_status find_threshold(const struct run *run,
                                     const struct lw_classifier *c,
                                     struct normal_judged *j, double budget, float *out,
                                     struct lw_error *err)
{
    enum lw_status st;
    size_t over;

    j->n = take(run, 3, 3, j->rows);
    st = normal_score(c, &run->set, j->rows, j->n, j->score, err);
    if (st != LW_OK)
        return st;
    qsort(j->score, j->n, sizeof *j->score, ascending);
    over = (size_t)(budget * (double)j->n);
    *out = j->n == 0 ? INFINITY : j->score[j->n - 1 - (over < j->n ? over : j->n - 1)];
    return LW_OK;
}

static void count_alarms(const struct run *run, const struct normal_judged *j,
                         float threshold, double share[2])
{
    double alarms[2] = {0};
    double n[2] = {0};

    for (size_t i = 0; i < j->n; i++) {
        size_t side = run->part[j->rows[i]] == AGAINST;

        n[side]++;
        alarms[side] += j->score[i] > threshold ? 1 : 0;
    }
    for (size_t k = 0; k < 2; k++)
        share[k] = n[k] > 0 ? alarms[k] / n[k] : (double)NAN;
}

static enum lw_status judge(const struct run *run, size_t which,
                            struct normal_judged *j, struct lw_normal_capture_report *r,
                            struct lw_error *err)
{
    const struct normal_method *m = &run->method[which];
    struct lw_classifier c = {.view = run->set.view};
    struct lw_eval e = {.roc_auc = (double)NAN};
    double share[2] = {0};
    float threshold = 0;
    enum lw_status st;

    j->n = take(run, 0, 2, j->rows);
    st = normal_fit(&c, &run->set, m, j->rows, j->n, run->cfg->seed, err);
    if (st == LW_OK)
        st = find_threshold(run, &c, j, r->false_alarm, &threshold, err);
    if (st == LW_OK) {
        j->n = take(run, FIFTHS - 1, AGAINST, j->rows);
        st = normal_score(&c, &run->set, j->rows, j->n, j->score, err);
    }
    for (size_t i = 0; i < j->n; i++)
        j->truth[i] = run->part[j->rows[i]] == AGAINST;
    if (st == LW_OK)
        count_alarms(run, j, threshold, share);
    if (st == LW_OK && r->n_against > 0)
        st = lw_eval_compute(&e, j->truth, j->truth, j->n, 2, j->score, err);
    normal_clear(&c);
    (void)snprintf(r->method[which].name, sizeof r->method[which].name, "%s", m->name);
    r->method[which].is_trivial = m->is_trivial;
    r->method[which].false_alarms = share[0];
    r->method[which].found = share[1];
    r->method[which].roc_auc = e.roc_auc;
    r->n_judged = j->n - r->n_against;
    return st;
}

static enum lw_status judge_all(const struct run *run,
                                struct lw_normal_capture_report *r,
                                struct lw_error *err)
{
    const struct lw_normal_capture_config *cfg = run->cfg;
    struct normal_judged j = {0};
    enum lw_status st = normal_judged_init(&j, run->set.x.n_rows, err);

    r->n_methods = run->n_methods;
    for (size_t i = 0; st == LW_OK && i < run->n_methods; i++) {
        st = judge(run, i, &j, r, err);
        if (cfg->progress != NULL)
            cfg->progress(cfg->progress_ctx,
                          (double)(i + 1) / (double)(run->n_methods + 1),
                          run->method[i].name);
    }
    normal_judged_release(&j);
    return st;
}

static double worth(const struct lw_normal_capture_report *r, size_t i)
{
    return r->method[i].roc_auc + r->method[i].found;
}

/* ---- the model file -------------------------------------------------------------- */

static enum lw_status describe(struct lw_classifier *c, const struct run *run,
                               const struct lw_normal_capture_report *r,
                               struct lw_error *err)
{
    const struct normal_method *m = &run->method[r->chosen];
    struct provenance p;
    struct jsonw *w = &p.w;

    c->types = mem_strdup("normal");
    if (c->types == NULL)
        return lw_fail(err, LW_ENOMEM, "out of memory");
    provenance_begin(&p, false);
    jsonw_put_text(w, "preset", "normal");
    jsonw_put_text(w, "view", run->set.view->name);
    provenance_put_rows(&p, run->set.x.x, r->n_used * run->set.x.n_cols);
    jsonw_put_u64(w, "captures", run->cfg->n_captures);
    jsonw_put_u64(w, "rows", r->n_rows);
    jsonw_put_u64(w, "rows_used", r->n_used);
    jsonw_put_text(w, "method", m->name);
    jsonw_put_text(w, "model", m->kind);
    jsonw_put_text(w, "options", m->options == NULL ? "" : m->options);
    jsonw_put_u64(w, "seed", run->cfg->seed);
    jsonw_put_f64(w, "budget", r->false_alarm);
    jsonw_put_f64(w, "false_alarms", r->method[r->chosen].false_alarms);
    return provenance_end(&p, &c->provenance, err);
}

static enum lw_status write_model(const struct run *run, const char *path,
                                  struct lw_normal_capture_report *r,
                                  struct lw_error *err)
{
    struct lw_classifier c = {.view = run->set.view,
                              .n_classes = 2,
                              .class_of = {LW_VERDICT_NORMAL, LW_VERDICT_ANOMALY},
                              .cut = (float)(1 - r->false_alarm)};
    size_t *rows = mem_zalloc(run->set.x.n_rows, sizeof *rows);
    clock_t start = clock();
    enum lw_status st;
    size_t n;

    if (rows == NULL)
        return lw_fail(err, LW_ENOMEM, "out of memory for rows");
    n = take(run, 0, FIFTHS - 2, rows);
    st = normal_fit(&c, &run->set, &run->method[r->chosen], rows, n, run->cfg->seed,
                    err);
    r->train_seconds = (double)(clock() - start) / CLOCKS_PER_SEC;
    if (st == LW_OK)
        st = normal_usual(&c, &run->set, rows, n, err);
    n = take(run, FIFTHS - 1, FIFTHS - 1, rows);
    if (st == LW_OK)
        st = normal_calibrate(&c, &run->set, rows, n, err);
    if (st == LW_OK)
        st = describe(&c, run, r, err);
    if (st == LW_OK)
        st = classifier_save(&c, path, err);
    normal_clear(&c);
    mem_free(rows);
    return st;
}

enum lw_status lw_normal_train_captures(const char *path,
                                        const struct lw_normal_capture_config *cfg,
                                        struct lw_normal_capture_report *report,
                                        struct lw_error *err)
{
    struct run run = {.cfg = cfg};
    size_t asked = 0;
    enum lw_status st = normal_list_methods(run.method, &run.n_methods, &asked,
                                            cfg->preset, cfg->model, cfg->options, err);

    memset(report, 0, sizeof *report);
    report->false_alarm = cfg->false_alarm > 0 ? cfg->false_alarm : 0.01;
    if (st != LW_OK)
        return st;
    run.set.view = lw_view_get(cfg->view == NULL ? "flow" : cfg->view);
    if (run.set.view == NULL)
        return lw_fail(
            err, LW_EINVAL,
            "no view '%s'; there are flow, kdd, kdd31, netflow and netflow_host",
            cfg->view);
    if (cfg->n_captures == 0)
        return lw_fail(err, LW_EINVAL, "no capture to learn from");
    st = read_rows(&run, report, err);
    if (st == LW_OK)
        st = judge_all(&run, report, err);
    for (size_t i = 1; st == LW_OK && i < run.n_methods && report->n_against > 0; i++)
        if (worth(report, i) > worth(report, report->winner))
            report->winner = i;
    if (st == LW_OK) {
        report->chosen = asked < run.n_methods ? asked : report->winner;
        report->winner = report->n_against > 0 ? report->winner : report->chosen;
        st = write_model(&run, path, report, err);
    }
    train_set_release(&run.set);
    mem_free(run.part);
    return st;
}

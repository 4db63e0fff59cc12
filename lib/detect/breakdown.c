/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A class's score as a sum over the features of a row.
 *
 * Most kinds of models say it themselves, exactly.  For the others the row's values are
 * put into a normal record one after the other, in a random order, and each feature is
 * given what the score gained when its value came in; the mean over records and orders
 * is an estimate of the Shapley values (Strumbelj and Kononenko, "Explaining prediction
 * models and individual predictions with feature contributions", 2014).  Every order is
 * also gone through backwards, which halves the noise for the same work.  Whatever the
 * noise, the parts and the base add up to the score: each order's gains do.
 */
#include "base/mem.h"
#include "base/rng.h"
#include "detect/classifier_priv.h"
#include "learn/model_ops.h"

#include <lapwing/explain.h>

#include <string.h>

enum { ORDERS = 64, ORDER_SEED = 1 };

_Static_assert((int)LW_EXPLAIN_FEATURES_MAX == (int)CLASSIFIER_FEATURES_MAX,
               "a breakdown has room for every view");

enum lw_status breakdown_exact(const struct lw_classifier *c, const float *row,
                               uint32_t class_idx, struct lw_breakdown *out,
                               struct lw_error *err)
{
    size_t n_cols = encoder_outputs(c->encoder);
    float *x = mem_zalloc(n_cols, sizeof *x);
    double *phi = mem_zalloc(n_cols + 1, sizeof *phi);
    enum lw_status st = LW_ENOMEM;

    *out = (struct lw_breakdown){.kind = LW_BREAKDOWN_EXACT, .class_idx = class_idx};
    if (x == NULL || phi == NULL) {
        (void)lw_fail(err, LW_ENOMEM, "out of memory for reasons");
        goto out;
    }
    encoder_apply(c->encoder, row, 1, x);
    st = lw_model_contributions(c->model, x, class_idx, phi, err);
    for (size_t i = 0; st == LW_OK && i < n_cols; i++)
        out->part[encoder_source(c->encoder, i)] += phi[i];
    if (st == LW_OK)
        out->base = phi[n_cols];
out:
    mem_free(x);
    mem_free(phi);
    return st;
}

/* One order of putting a row's values into a normal record, all steps at once. */
struct walk {
    const struct lw_classifier *c;
    const float *row;
    uint32_t class_idx;
    float *rows;    /* (n_features + 1, n_features) */
    float *encoded; /* (n_features + 1, columns) */
    float *margins; /* (n_features + 1, n_classes) */
};

static void walk_order(const struct walk *w, const float *normal, const uint32_t *order,
                       double weight, struct lw_breakdown *out)
{
    size_t n = w->c->view->n_features;

    memcpy(w->rows, normal, n * sizeof *normal);
    for (size_t i = 0; i < n; i++) {
        float *next = w->rows + (i + 1) * n;

        memcpy(next, next - n, n * sizeof *next);
        next[order[i]] = w->row[order[i]];
    }
    encoder_apply(w->c->encoder, w->rows, n + 1, w->encoded);
    model_margins(w->c->model, w->encoded, n + 1, w->margins);
    out->base += weight * (double)w->margins[w->class_idx];
    for (size_t i = 0; i < n; i++) {
        const float *before = w->margins + i * w->c->n_classes + w->class_idx;

        out->part[order[i]] +=
            weight * ((double)before[w->c->n_classes] - (double)before[0]);
    }
}

static void walk_all(const struct walk *w, const struct lw_matrix *normals,
                     struct lw_breakdown *out)
{
    uint32_t n = w->c->view->n_features;
    uint32_t order[LW_EXPLAIN_FEATURES_MAX];
    struct rng rng;

    rng_init(&rng, ORDER_SEED);
    for (unsigned k = 0; k < ORDERS / 2; k++) {
        const float *normal = normals->x + rng_below(&rng, normals->n_rows) * (size_t)n;

        for (uint32_t i = 0; i < n; i++)
            order[i] = i;
        rng_shuffle(&rng, order, n);
        walk_order(w, normal, order, 1.0 / ORDERS, out);
        for (uint32_t i = 0; i < n / 2; i++) {
            uint32_t swap = order[i];

            order[i] = order[n - 1 - i];
            order[n - 1 - i] = swap;
        }
        walk_order(w, normal, order, 1.0 / ORDERS, out);
    }
}

static enum lw_status shuffled(const struct lw_classifier *c, const float *row,
                               uint32_t class_idx, const struct lw_matrix *normals,
                               struct lw_breakdown *out, struct lw_error *err)
{
    size_t n = c->view->n_features;
    struct walk w = {.c = c, .row = row, .class_idx = class_idx};
    enum lw_status st = LW_OK;

    w.rows = mem_alloc((n + 1) * n * sizeof *w.rows);
    w.encoded = mem_alloc((n + 1) * encoder_outputs(c->encoder) * sizeof *w.encoded);
    w.margins = mem_alloc((n + 1) * c->n_classes * sizeof *w.margins);
    if (w.rows == NULL || w.encoded == NULL || w.margins == NULL)
        st = lw_fail(err, LW_ENOMEM, "out of memory for reasons");
    else
        walk_all(&w, normals, out);
    mem_free(w.rows);
    mem_free(w.encoded);
    mem_free(w.margins);
    return st;
}

enum lw_status lw_classifier_breakdown(const struct lw_classifier *c, const float *row,
                                       uint32_t class_idx,
                                       const struct lw_matrix *normals,
                                       struct lw_breakdown *out, struct lw_error *err)
{
    struct lw_error why = {LW_OK, ""};
    enum lw_status st;

    st = breakdown_exact(c, row, class_idx, out, &why);
    if (st == LW_EUNSUPPORTED) {
        if (normals == NULL)
            normals = &c->sample;
        *out = (struct lw_breakdown){.kind = LW_BREAKDOWN_SHUFFLED,
                                     .class_idx = class_idx};
        if (normals->n_rows == 0)
            return lw_fail(err, LW_EUNSUPPORTED,
                           "a model of kind %s needs normal records to explain a score "
                           "with, and its file keeps none",
                           lw_model_kind(c->model));
        st = shuffled(c, row, class_idx, normals, out, &why);
    }
    if (st != LW_OK) {
        if (err != NULL)
            *err = why;
        return st;
    }
    out->score = out->base;
    for (size_t i = 0; i < c->view->n_features; i++)
        out->score += out->part[i];
    return LW_OK;
}

uint32_t lw_classifier_class_of(const struct lw_classifier *c,
                                const struct lw_verdict *v)
{
    for (uint32_t i = 0; i < c->n_classes; i++)
        if (c->class_of[i] == v->decision)
            return i;
    return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Gaussian naive Bayes: within a class every column has a normal distribution of its
 * own, and the columns know nothing of each other.
 *
 * A missing value is left out of the product.  `smoothing` times the largest variance
 * of all columns is added to each variance, as in scikit-learn.
 *
 * In a file: scales (prep.h); per class f64 logarithm of its share of the training
 * weight; f64 means (n_classes, n_cols); f64 variances (n_classes, n_cols).
 */
#include "base/mem.h"
#include "learn/link.h"
#include "learn/model_ops.h"
#include "learn/model_option.h"
#include "learn/prep.h"
#include "learn/proba.h"
#include "learn/store.h"

#include <float.h>
#include <math.h>
#include <string.h>

enum { SCALE, SMOOTHING };

static const struct lw_model_option bayes_options[] = {
    [SCALE] = PREP_OPTION,
    [SMOOTHING] = MODEL_NUMBER("smoothing", 1e-9, 1e-12, 1,
                               "share of the largest variance added to all"),
};

/* A class without training rows has this instead of log 0. */
#define NEVER (-1e9)

/* Bounds of what a file may hold: no sum overflows. */
#define MEAN_MAX 1e38
#define VAR_MAX  1e80
#define VAR_MIN  1e-100

struct bayes {
    struct lw_model base;
    struct prep prep;
    double *prior; /* (n_classes), owned: logarithms */
    double *mean;  /* (n_classes, n_cols), owned */
    double *var;   /* (n_classes, n_cols), owned */
    double *norm;  /* (n_classes, n_cols), owned: -log(2 pi var) / 2 */
};

static void bayes_free(struct lw_model *m)
{
    struct bayes *b = (struct bayes *)m;

    prep_release(&b->prep);
    mem_free(b->prior);
    mem_free(b->mean);
    mem_free(b->var);
    mem_free(b->norm);
    mem_free(b);
}

static enum lw_status bayes_new(struct bayes **out, uint32_t n_cols, uint32_t n_classes,
                                struct lw_error *err)
{
    struct bayes *b = mem_zalloc(1, sizeof *b);
    size_t n = (size_t)n_cols * n_classes;

    if (b == NULL)
        return lw_fail(err, LW_ENOMEM, "out of memory");
    b->base = (struct lw_model){&model_bayes, n_cols, n_classes};
    b->prior = mem_zalloc(n_classes, sizeof *b->prior);
    b->mean = mem_zalloc(n, sizeof *b->mean);
    b->var = mem_zalloc(n, sizeof *b->var);
    b->norm = mem_zalloc(n, sizeof *b->norm);
    if (b->prior == NULL || b->mean == NULL || b->var == NULL || b->norm == NULL) {
        bayes_free(&b->base);
        return lw_fail(err, LW_ENOMEM, "out of memory for %u classes", n_classes);
    }
    *out = b;
    return LW_OK;
}

static void finish(struct bayes *b)
{
    for (size_t i = 0; i < (size_t)b->base.n_cols * b->base.n_classes; i++)
        b->norm[i] = -0.5 * (link_log(b->var[i]) + 0x1.d67f1c864beb5p+0); /* log 2 pi */
}

/* ---- fitting ---- */

/* Largest variance of a column over all rows.  Row by row, as they lie in memory; work
 * has room for two numbers a column, all zero, and is left so. */
static double largest_variance(const struct lw_matrix *x, const float *prepared,
                               double *work)
{
    size_t d = x->n_cols;
    double *mean = work;
    double *squares = work + d;
    double largest = 0;

    for (size_t r = 0; r < x->n_rows; r++)
        for (size_t c = 0; c < d; c++)
            mean[c] += (double)prepared[r * d + c];
    for (size_t c = 0; c < d; c++)
        mean[c] /= (double)x->n_rows;
    for (size_t r = 0; r < x->n_rows; r++)
        for (size_t c = 0; c < d; c++) {
            double from_mean = (double)prepared[r * d + c] - mean[c];

            squares[c] += from_mean * from_mean;
        }
    for (size_t c = 0; c < d; c++)
        largest = fmax(largest, squares[c] / (double)x->n_rows);
    memset(work, 0, 2 * d * sizeof *work);
    return largest;
}

/* Add up what the rows say: `seen` (n_classes, n_cols) gets the weights; with `square`
 * the squares of distances from the means are added, else the values. */
static void add_rows(const struct bayes *b, const struct model_task *t,
                     const float *prepared, bool square, double *sum, double *seen)
{
    size_t d = t->x->n_cols;

    for (size_t r = 0; r < t->x->n_rows; r++) {
        double w = t->weights == NULL ? 1 : (double)t->weights[r];
        size_t at = t->labels[r] * d;

        for (size_t c = 0; c < d; c++) {
            double v = (double)prepared[r * d + c] - (square ? b->mean[at + c] : 0);

            if (isnan(t->x->x[r * d + c]))
                continue;
            sum[at + c] += w * (square ? v * v : v);
            if (!square)
                seen[at + c] += w;
        }
    }
}

static void fit_priors(struct bayes *b, const struct model_task *t)
{
    double sum = 0;

    for (size_t r = 0; r < t->x->n_rows; r++) {
        double w = t->weights == NULL ? 1 : (double)t->weights[r];

        b->prior[t->labels[r]] += w;
        sum += w;
    }
    for (uint32_t k = 0; k < t->n_classes; k++)
        b->prior[k] = b->prior[k] > 0 ? link_log(b->prior[k] / sum) : NEVER;
}

static void fit_normals(struct bayes *b, const struct model_task *t,
                        const float *prepared, double *seen)
{
    size_t n = t->x->n_cols * t->n_classes;
    double add = t->option[SMOOTHING] * largest_variance(t->x, prepared, seen);

    add_rows(b, t, prepared, false, b->mean, seen);
    for (size_t i = 0; i < n; i++)
        b->mean[i] = seen[i] > 0 ? b->mean[i] / seen[i] : 0;
    add_rows(b, t, prepared, true, b->var, seen);
    for (size_t i = 0; i < n; i++) {
        b->var[i] = seen[i] > 0 ? b->var[i] / seen[i] + add : 1;
        b->var[i] = b->var[i] > VAR_MIN ? b->var[i] : VAR_MIN;
    }
    fit_priors(b, t);
    finish(b);
}

static enum lw_status bayes_fit(struct lw_model **out, const struct model_task *t,
                                struct lw_error *err)
{
    size_t n = t->x->n_cols * t->n_classes;
    double *seen = mem_zalloc(n, sizeof *seen);
    struct lw_matrix prepared = {0};
    struct bayes *b = NULL;
    enum lw_status st =
        t->n_classes > MODEL_CLASSES_MAX
            ? lw_fail(err, LW_ELIMIT, "naive Bayes for %u classes", t->n_classes)
            : bayes_new(&b, (uint32_t)t->x->n_cols, t->n_classes, err);

    if (st == LW_OK && seen == NULL)
        st = lw_fail(err, LW_ENOMEM, "out of memory for %u classes", t->n_classes);
    if (st == LW_OK)
        st = prep_fit(&b->prep, (enum prep_scale)t->option[SCALE], t->x, NULL, 0, err);
    if (st == LW_OK)
        st = prep_rows(&b->prep, &prepared, t->x, NULL, 0, err);
    if (st == LW_OK) {
        fit_normals(b, t, prepared.x, seen);
        *out = &b->base;
    } else if (b != NULL) {
        bayes_free(&b->base);
    }
    lw_matrix_release(&prepared);
    mem_free(seen);
    return st;
}

/* ---- use ---- */

/* Logarithms, the likeliest class having 0.  What is 100 below has no probability that
 * single precision can show. */
static void bayes_margins(const struct lw_model *m, const float *rows, size_t n_rows,
                          float *out)
{
    const struct bayes *b = (const struct bayes *)m;
    uint32_t d = m->n_cols;
    float x[PREP_COLS_MAX];
    double score[MODEL_CLASSES_MAX];

    for (size_t r = 0; r < n_rows; r++, rows += d, out += m->n_classes) {
        double best = -(double)INFINITY;

        prep_row(&b->prep, rows, x);
        for (uint32_t k = 0; k < m->n_classes; k++) {
            double sum = b->prior[k];

            for (uint32_t c = 0; c < d; c++) {
                size_t i = (size_t)k * d + c;
                double v = (double)x[c] - b->mean[i];

                if (!isnan(rows[c]))
                    sum += b->norm[i] - 0.5 * v * v / b->var[i];
            }
            score[k] = sum;
            best = sum > best ? sum : best;
        }
        for (uint32_t k = 0; k < m->n_classes; k++)
            out[k] = score[k] - best > -100 ? (float)(score[k] - best) : -100;
    }
}

static void bayes_predict(const struct lw_model *m, const float *rows, size_t n_rows,
                          float *out)
{
    bayes_margins(m, rows, n_rows, out);
    for (size_t r = 0; r < n_rows; r++)
        link_softmax(out + r * m->n_classes, m->n_classes);
}

/* ---- storage ---- */

static void bayes_save(const struct lw_model *m, struct buf *out)
{
    const struct bayes *b = (const struct bayes *)m;
    size_t n = (size_t)m->n_cols * m->n_classes;

    prep_save(&b->prep, out);
    store_doubles(out, b->prior, m->n_classes);
    store_doubles(out, b->mean, n);
    store_doubles(out, b->var, n);
}

static bool take_all(struct bayes *b, struct span *s)
{
    size_t n = (size_t)b->base.n_cols * b->base.n_classes;

    if (!store_take_doubles(s, b->prior, b->base.n_classes, -NEVER) ||
        !store_take_doubles(s, b->mean, n, MEAN_MAX) ||
        !store_take_doubles(s, b->var, n, VAR_MAX))
        return false;
    for (size_t i = 0; i < n; i++)
        if (b->var[i] < VAR_MIN)
            return false;
    return true;
}

static enum lw_status bayes_load(struct lw_model **out, struct span s, uint32_t n_cols,
                                 uint32_t n_classes, struct lw_error *err)
{
    struct bayes *b = NULL;
    struct prep prep;
    enum lw_status st;

    if (n_classes < 2 || n_classes > MODEL_CLASSES_MAX)
        return lw_fail(err, LW_ELIMIT, "naive Bayes for %u classes", n_classes);
    st = prep_load(&prep, &s, n_cols, err);
    if (st != LW_OK)
        return st;
    if (s.n != 8 * ((size_t)n_classes + 2 * (size_t)n_cols * n_classes))
        st = lw_fail(err, LW_EFORMAT, "naive Bayes: %zu bytes are not its size", s.n);
    if (st == LW_OK)
        st = bayes_new(&b, n_cols, n_classes, err);
    if (st != LW_OK) {
        prep_release(&prep);
        return st;
    }
    b->prep = prep;
    if (!take_all(b, &s)) {
        bayes_free(&b->base);
        return lw_fail(err, LW_EFORMAT, "naive Bayes: a number is out of range");
    }
    finish(b);
    *out = &b->base;
    return LW_OK;
}

const struct model_ops model_bayes = {
    .name = "bayes",
    .doc = "Gaussian naive Bayes",
    .options = bayes_options,
    .n_options = sizeof bayes_options / sizeof bayes_options[0],
    .fit = bayes_fit,
    .predict = bayes_predict,
    .margins = bayes_margins,
    .contributions = proba_no_reasons,
    .save = bayes_save,
    .load = bayes_load,
    .free = bayes_free,
};

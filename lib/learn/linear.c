/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Logistic regression and linear support vector machine: one plane a class against all
 * others, found by liblinear, used here.
 *
 * A class's score is a weighted sum; a logistic curve makes a probability of it, and
 * the classes' probabilities are brought to the sum 1.  For logistic regression the
 * score is the log odds themselves.  A support vector machine's scores have no such
 * scale: one curve for all classes is fitted on them (platt.h), so the likeliest class
 * stays that of the largest score.
 *
 * In a file: scales (prep.h); f64 slope and offset of the curve; per class u8 whether
 * it had training rows; f64 weights (n_classes, n_cols + 1), the constant last.
 */
#include "base/mem.h"
#include "learn/linear_liblinear.h"
#include "learn/link.h"
#include "learn/model_ops.h"
#include "learn/model_option.h"
#include "learn/platt.h"
#include "learn/prep.h"
#include "learn/proba.h"
#include "learn/store.h"

#include <math.h>
#include <string.h>

static const char *const no_yes[] = {"no", "yes", NULL};

enum { SCALE, COST, TOLERANCE, BALANCED };

static const struct lw_model_option linear_options[] = {
    [SCALE] = PREP_OPTION,
    [COST] = MODEL_NUMBER("cost", 1, 1e-6, 1e6,
                          "of errors; less of it makes smaller weights"),
    [TOLERANCE] = MODEL_NUMBER("tolerance", 1e-4, 1e-8, 1, "when to stop"),
    [BALANCED] =
        MODEL_WORD("balanced", no_yes, "give every class the same weight in all"),
};

#define NUMBER_MAX 1e30

/* Enough to fit a curve of two numbers. */
enum { CURVE_SCORES = 20000 };

struct linear {
    struct lw_model base;
    struct prep prep;
    struct platt curve;
    bool *has; /* (n_classes), owned: had training rows */
    double *w; /* (n_classes, n_cols + 1), owned */
};

static void linear_free(struct lw_model *m)
{
    struct linear *l = (struct linear *)m;

    prep_release(&l->prep);
    mem_free(l->has);
    mem_free(l->w);
    mem_free(l);
}

static enum lw_status linear_new(struct linear **out, const struct model_ops *ops,
                                 uint32_t n_cols, uint32_t n_classes,
                                 struct lw_error *err)
{
    struct linear *l;

    if (n_classes < 2 || n_classes > MODEL_CLASSES_MAX)
        return lw_fail(err, LW_ELIMIT, "planes for %u classes", n_classes);
    l = mem_zalloc(1, sizeof *l);
    if (l == NULL)
        return lw_fail(err, LW_ENOMEM, "out of memory");
    l->base = (struct lw_model){ops, n_cols, n_classes};
    l->has = mem_zalloc(n_classes, sizeof *l->has);
    l->w = mem_zalloc(((size_t)n_cols + 1) * n_classes, sizeof *l->w);
    if (l->has == NULL || l->w == NULL) {
        linear_free(&l->base);
        return lw_fail(err, LW_ENOMEM, "out of memory");
    }
    l->curve.slope = 1;
    *out = l;
    return LW_OK;
}

/* Of a prepared row. */
static double plane_score(const struct linear *l, uint32_t k, const float *x)
{
    const double *w = l->w + k * ((size_t)l->base.n_cols + 1);
    double sum = w[l->base.n_cols];

    for (uint32_t c = 0; c < l->base.n_cols; c++)
        sum += w[c] * (double)x[c];
    return sum;
}

/* ---- fitting ---- */

static enum lw_status fit_curve(struct linear *l, const struct lw_matrix *x,
                                const uint32_t *labels, struct lw_error *err)
{
    size_t k = l->base.n_classes;
    size_t step = x->n_rows * k / CURVE_SCORES + 1;
    size_t room = (x->n_rows + step - 1) / step * k;
    double *score = mem_zalloc(room, sizeof *score);
    uint8_t *is_class = mem_zalloc(room, 1);
    size_t n = 0;

    for (size_t r = 0; score != NULL && is_class != NULL && r < x->n_rows; r += step)
        for (uint32_t c = 0; c < k; c++) {
            if (!l->has[c])
                continue;
            score[n] = plane_score(l, c, x->x + r * x->n_cols);
            is_class[n++] = labels[r] == c;
        }
    if (n > 0)
        platt_fit(&l->curve, score, is_class, n, 0);
    mem_free(score);
    mem_free(is_class);
    if (n == 0)
        return lw_fail(err, LW_ENOMEM, "out of memory for scores");
    /* Planes that are worse than none still have a likeliest class. */
    if (!(l->curve.slope > 1e-6))
        l->curve = (struct platt){1, 0};
    return LW_OK;
}

static enum lw_status fit_planes(struct linear *l, const struct model_task *t, bool svm,
                                 struct lw_error *err)
{
    struct lw_matrix x = {0};
    double weight[MODEL_CLASSES_MAX] = {0};
    const struct linear_task task = {.x = &x,
                                     .labels = t->labels,
                                     .n_classes = t->n_classes,
                                     .class_weight = weight,
                                     .svm = svm,
                                     .cost = t->option[COST],
                                     .tolerance = t->option[TOLERANCE]};
    enum lw_status st =
        prep_fit(&l->prep, (enum prep_scale)t->option[SCALE], t->x, NULL, 0, err);

    if (st == LW_OK)
        st = prep_rows(&l->prep, &x, t->x, NULL, 0, err);
    /* liblinear knows no weights of rows. */
    model_class_weights(t, t->option[BALANCED] > 0, weight);
    if (st == LW_OK)
        st = linear_train(l->w, l->has, &task, err);
    if (st == LW_OK && svm)
        st = fit_curve(l, &x, t->labels, err);
    lw_matrix_release(&x);
    return st;
}

static enum lw_status fit(struct lw_model **out, const struct model_ops *ops,
                          const struct model_task *t, bool svm, struct lw_error *err)
{
    struct linear *l = NULL;
    enum lw_status st = linear_new(&l, ops, (uint32_t)t->x->n_cols, t->n_classes, err);

    if (l == NULL)
        return st;
    st = fit_planes(l, t, svm, err);
    if (st == LW_OK)
        *out = &l->base;
    else
        linear_free(&l->base);
    return st;
}

static enum lw_status logit_fit(struct lw_model **out, const struct model_task *t,
                                struct lw_error *err)
{
    return fit(out, &model_logit, t, false, err);
}

static enum lw_status linsvm_fit(struct lw_model **out, const struct model_task *t,
                                 struct lw_error *err)
{
    return fit(out, &model_linsvm, t, true, err);
}

/* ---- use ---- */

static void linear_predict(const struct lw_model *m, const float *rows, size_t n_rows,
                           float *out)
{
    const struct linear *l = (const struct linear *)m;
    float x[PREP_COLS_MAX];

    for (size_t r = 0; r < n_rows; r++) {
        float *p = out + r * m->n_classes;

        prep_row(&l->prep, rows + r * m->n_cols, x);
        for (uint32_t k = 0; k < m->n_classes; k++) {
            double z = l->curve.slope * plane_score(l, k, x) + l->curve.offset;

            p[k] = l->has[k] ? link_logistic((float)fmax(fmin(z, 80), -80)) : 0;
        }
    }
    proba_normalise(out, n_rows, m->n_classes);
}

static void linear_margins(const struct lw_model *m, const float *rows, size_t n_rows,
                           float *out)
{
    linear_predict(m, rows, n_rows, out);
    proba_log(out, n_rows * m->n_classes);
}

/* Of the class's own score, against a row of means. */
static enum lw_status linear_contributions(const struct lw_model *m, const float *row,
                                           uint32_t class_idx, double *phi,
                                           struct lw_error *err)
{
    const struct linear *l = (const struct linear *)m;
    const double *w = l->w + class_idx * ((size_t)m->n_cols + 1);
    float x[PREP_COLS_MAX];

    (void)err;
    prep_row(&l->prep, row, x);
    for (uint32_t c = 0; c < m->n_cols; c++)
        phi[c] = w[c] * ((double)x[c] - (double)l->prep.fill[c]);
    phi[m->n_cols] = plane_score(l, class_idx, l->prep.fill);
    return LW_OK;
}

/* ---- storage ---- */

static void linear_save(const struct lw_model *m, struct buf *out)
{
    const struct linear *l = (const struct linear *)m;

    prep_save(&l->prep, out);
    buf_add_f64(out, l->curve.slope);
    buf_add_f64(out, l->curve.offset);
    for (uint32_t k = 0; k < m->n_classes; k++)
        buf_add_u8(out, l->has[k]);
    store_doubles(out, l->w, ((size_t)m->n_cols + 1) * m->n_classes);
}

static bool take_planes(struct linear *l, struct span *s)
{
    size_t n = ((size_t)l->base.n_cols + 1) * l->base.n_classes;
    uint8_t has;

    if (!store_take_doubles(s, &l->curve.slope, 1, NUMBER_MAX) ||
        !store_take_doubles(s, &l->curve.offset, 1, NUMBER_MAX))
        return false;
    for (uint32_t k = 0; k < l->base.n_classes; k++) {
        if (!span_take_u8(s, &has) || has > 1)
            return false;
        l->has[k] = has == 1;
    }
    return store_take_doubles(s, l->w, n, NUMBER_MAX) && s->n == 0;
}

static enum lw_status load(struct lw_model **out, const struct model_ops *ops,
                           struct span s, uint32_t n_cols, uint32_t n_classes,
                           struct lw_error *err)
{
    struct linear *l = NULL;
    struct prep prep;
    enum lw_status st = prep_load(&prep, &s, n_cols, err);

    if (st != LW_OK)
        return st;
    if (s.n < 8 * ((uint64_t)n_cols + 1) * n_classes)
        st = lw_fail(err, LW_ETRUNCATED, "planes: cut off");
    if (st == LW_OK)
        st = linear_new(&l, ops, n_cols, n_classes, err);
    if (l == NULL) {
        prep_release(&prep);
        return st;
    }
    l->prep = prep;
    if (!take_planes(l, &s)) {
        linear_free(&l->base);
        return lw_fail(err, LW_EFORMAT, "planes: a number is out of range");
    }
    *out = &l->base;
    return LW_OK;
}

static enum lw_status logit_load(struct lw_model **out, struct span s, uint32_t n_cols,
                                 uint32_t n_classes, struct lw_error *err)
{
    return load(out, &model_logit, s, n_cols, n_classes, err);
}

static enum lw_status linsvm_load(struct lw_model **out, struct span s, uint32_t n_cols,
                                  uint32_t n_classes, struct lw_error *err)
{
    return load(out, &model_linsvm, s, n_cols, n_classes, err);
}

const struct model_ops model_logit = {
    .name = "logit",
    .doc = "logistic regression by liblinear, a class against the others",
    .options = linear_options,
    .n_options = sizeof linear_options / sizeof linear_options[0],
    .fit = logit_fit,
    .predict = linear_predict,
    .margins = linear_margins,
    .contributions = linear_contributions,
    .save = linear_save,
    .load = logit_load,
    .free = linear_free,
};

const struct model_ops model_linsvm = {
    .name = "linsvm",
    .doc = "linear support vector machine by liblinear, a class against the others",
    .options = linear_options,
    .n_options = sizeof linear_options / sizeof linear_options[0],
    .fit = linsvm_fit,
    .predict = linear_predict,
    .margins = linear_margins,
    .contributions = linear_contributions,
    .save = linear_save,
    .load = linsvm_load,
    .free = linear_free,
};

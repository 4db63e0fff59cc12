/* SPDX-License-Identifier: Apache-2.0 */
#include "learn/anomaly.h"

#include "base/mem.h"
#include "learn/link.h"
#include "learn/platt.h"
#include "learn/proba.h"
#include "learn/store.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Enough to fit a curve of two numbers. */
enum { CURVE_ROWS = 4000 };

#define SLOPE_MIN  1e-12
#define NUMBER_MAX 1e30

void anomaly_release(struct anomaly_link *l)
{
    mem_free(l->share);
    memset(l, 0, sizeof *l);
}

static enum lw_status link_init(struct anomaly_link *l, uint32_t n_classes,
                                struct lw_error *err)
{
    memset(l, 0, sizeof *l);
    if (n_classes < 2 || n_classes > MODEL_CLASSES_MAX)
        return lw_fail(err, LW_ELIMIT, "%u classes; 2 to %d are possible", n_classes,
                       MODEL_CLASSES_MAX);
    l->n_classes = n_classes;
    l->share = mem_zalloc(n_classes, sizeof *l->share);
    return l->share == NULL ? lw_fail(err, LW_ENOMEM, "out of memory") : LW_OK;
}

static void share_out(struct anomaly_link *l, const struct model_task *t)
{
    double sum = 0;

    for (size_t r = 0; r < t->x->n_rows; r++) {
        float w = t->weights == NULL ? 1 : t->weights[r];

        if (t->labels[r] > 0) {
            l->share[t->labels[r]] += w;
            sum += (double)w;
        }
    }
    for (uint32_t k = 1; k < l->n_classes; k++)
        l->share[k] = sum > 0 ? (float)((double)l->share[k] / sum)
                              : 1 / (float)(l->n_classes - 1);
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;

    return (x > y) - (x < y);
}

/* Odds of 1 at the 95 % quantile and of 1/19 at the median of normal scores (n). */
static void link_by_quantiles(struct anomaly_link *l, double *score, size_t n)
{
    double mid;
    double high;

    qsort(score, n, sizeof *score, ascending);
    mid = score[n / 2];
    high = score[(size_t)(0.95 * (double)(n - 1))];
    l->slope = high > mid ? link_log(19) / (high - mid) : 1;
    l->offset = -l->slope * high;
}

/* Scores of at most CURVE_ROWS rows of either side, evenly spread over the rows. */
static size_t gather(const struct lw_model *m, anomaly_score_fn score,
                     const double *normal_score, const struct model_task *t,
                     double *out, uint8_t *is_other, size_t *n_other)
{
    size_t total[2] = {0, 0};
    size_t seen[2] = {0, 0};
    size_t n = 0;

    for (size_t r = 0; r < t->x->n_rows; r++)
        total[t->labels[r] > 0]++;
    for (size_t r = 0; r < t->x->n_rows; r++) {
        size_t side = t->labels[r] > 0;
        size_t step = total[side] / CURVE_ROWS + 1;
        size_t i = seen[side]++;

        if (i % step != 0)
            continue;
        out[n] = side == 0 && normal_score != NULL
                     ? normal_score[i]
                     : score(m, t->x->x + r * t->x->n_cols);
        is_other[n++] = (uint8_t)side;
        *n_other += side;
    }
    return n;
}

static double bounded(double v, double least, double most)
{
    return v < least ? least : v > most ? most : v;
}

enum lw_status anomaly_fit(struct anomaly_link *l, const struct lw_model *m,
                           anomaly_score_fn score, const double *normal_score,
                           const struct model_task *t, struct lw_error *err)
{
    size_t room = t->x->n_rows < 2 * CURVE_ROWS ? t->x->n_rows : 2 * CURVE_ROWS;
    double *scores = mem_zalloc(room, sizeof *scores);
    uint8_t *is_other = mem_zalloc(room, 1);
    size_t n_other = 0;
    enum lw_status st = link_init(l, t->n_classes, err);

    if (st == LW_OK && (scores == NULL || is_other == NULL))
        st = lw_fail(err, LW_ENOMEM, "out of memory for %zu scores", room);
    if (st == LW_OK) {
        size_t n = gather(m, score, normal_score, t, scores, is_other, &n_other);
        struct platt curve = {0, 0};

        share_out(l, t);
        if (n_other > 0)
            platt_fit(&curve, scores, is_other, n, 1);
        l->slope = curve.slope;
        l->offset = curve.offset;
        /* Others that look more normal than normal ones cannot turn the score round. */
        if (!(curve.slope > SLOPE_MIN)) {
            size_t n_normal = 0;

            for (size_t i = 0; i < n; i++)
                if (!is_other[i])
                    scores[n_normal++] = scores[i];
            link_by_quantiles(l, scores, n_normal);
        }
        l->slope = bounded(l->slope, SLOPE_MIN, NUMBER_MAX);
        l->offset = bounded(l->offset, -NUMBER_MAX, NUMBER_MAX);
    }
    mem_free(scores);
    mem_free(is_other);
    return st;
}

void anomaly_odds(const struct anomaly_link *l, double score, float *out)
{
    double z = l->slope * score + l->offset;
    float other = link_logistic((float)bounded(z, -80, 80));

    /* From the side that is small, so that it is not rounded away. */
    out[0] = link_logistic((float)bounded(-z, -80, 80));
    for (uint32_t k = 1; k < l->n_classes; k++)
        out[k] = other * l->share[k];
}

void anomaly_predict(const struct anomaly_link *l, const struct lw_model *m,
                     anomaly_score_fn score, const float *rows, size_t n_rows,
                     float *out)
{
    for (size_t r = 0; r < n_rows; r++)
        anomaly_odds(l, score(m, rows + r * m->n_cols), out + r * l->n_classes);
}

void anomaly_margins(const struct anomaly_link *l, const struct lw_model *m,
                     anomaly_score_fn score, const float *rows, size_t n_rows,
                     float *out)
{
    anomaly_predict(l, m, score, rows, n_rows, out);
    proba_log(out, n_rows * l->n_classes);
}

void anomaly_save(const struct anomaly_link *l, struct buf *out)
{
    buf_add_f64(out, l->slope);
    buf_add_f64(out, l->offset);
    store_floats(out, l->share, l->n_classes);
}

enum lw_status anomaly_load(struct anomaly_link *l, struct span *s, uint32_t n_classes,
                            struct lw_error *err)
{
    enum lw_status st = link_init(l, n_classes, err);
    double sum = 0;
    bool ok;

    if (st != LW_OK)
        return st;
    ok = store_take_doubles(s, &l->slope, 1, NUMBER_MAX) && l->slope >= SLOPE_MIN &&
         store_take_doubles(s, &l->offset, 1, NUMBER_MAX) &&
         store_take_floats(s, l->share, n_classes, 1) && !(l->share[0] > 0);
    for (uint32_t k = 0; ok && k < n_classes; k++) {
        ok = l->share[k] >= 0;
        sum += (double)l->share[k];
    }
    if (ok && fabs(sum - 1) < 1e-6)
        return LW_OK;
    anomaly_release(l);
    return lw_fail(err, LW_EFORMAT, "the curve from scores to odds is damaged");
}

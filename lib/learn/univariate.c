/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The two simplest ideas of what is normal, column by column; whoever does not beat
 * them has learnt nothing of how columns belong together.
 *
 *   hist    sum over the columns of -log of the histogram's share at the value
 *           (Goldstein and Dengel, "Histogram-based outlier score", KI 2012); shares
 * are over bins of equal width, with one more bin on either side limits  one threshold
 * for each column: the score is the largest distance of a value from its column's mean,
 * in standard deviations
 *
 * In a file: scales (prep.h); curve (anomaly.h); of hist also u32 bins, then per column
 * f32 least value, f32 bins for each unit, f32 -log share of each bin (bins + 2).
 */
#include "base/mem.h"
#include "learn/anomaly.h"
#include "learn/link.h"
#include "learn/model_option.h"
#include "learn/prep.h"
#include "learn/proba.h"
#include "learn/store.h"

#include <math.h>

enum { SCALE, BINS };
enum { BINS_MAX = 1000 };

static const struct lw_model_option options[] = {
    [SCALE] = PREP_OPTION,
    [BINS] = MODEL_WHOLE("bins", 20, 2, BINS_MAX, "of each column's histogram"),
};

struct univariate {
    struct lw_model base;
    struct prep prep;
    struct anomaly_link link;
    uint32_t n_bins; /* 0: limits */
    float *table;    /* (n_cols, 2 + n_bins + 2), owned; NULL: limits */
};

static void univariate_free(struct lw_model *m)
{
    struct univariate *u = (struct univariate *)m;

    prep_release(&u->prep);
    anomaly_release(&u->link);
    mem_free(u->table);
    mem_free(u);
}

static size_t width_of(const struct univariate *u)
{
    return (size_t)u->n_bins + 4;
}

static enum lw_status univariate_new(struct univariate **out,
                                     const struct model_ops *ops, uint32_t n_cols,
                                     uint32_t n_classes, uint32_t n_bins,
                                     struct lw_error *err)
{
    struct univariate *u = mem_zalloc(1, sizeof *u);

    if (u == NULL)
        return lw_fail(err, LW_ENOMEM, "out of memory");
    u->base = (struct lw_model){ops, n_cols, n_classes};
    u->n_bins = n_bins;
    if (n_bins > 0) {
        u->table = mem_zalloc(n_cols * width_of(u), sizeof *u->table);
        if (u->table == NULL) {
            mem_free(u);
            return lw_fail(err, LW_ENOMEM, "out of memory for %u histograms", n_cols);
        }
    }
    *out = u;
    return LW_OK;
}

/* Number of a value's bin: 0 is below all, n_bins + 1 above. */
static uint32_t bin_of(const float *column, uint32_t n_bins, float v)
{
    float at = (v - column[0]) * column[1];

    if (!(at >= 0))
        return 0;
    return at >= (float)n_bins ? n_bins + 1 : (uint32_t)at + 1;
}

static double hist_score(const struct lw_model *m, const float *row)
{
    const struct univariate *u = (const struct univariate *)m;
    float x[PREP_COLS_MAX];
    double sum = 0;

    prep_row(&u->prep, row, x);
    for (uint32_t c = 0; c < m->n_cols; c++) {
        const float *column = u->table + c * width_of(u);

        sum += (double)column[2 + bin_of(column, u->n_bins, x[c])];
    }
    return sum;
}

static double limits_score(const struct lw_model *m, const float *row)
{
    const struct univariate *u = (const struct univariate *)m;
    float x[PREP_COLS_MAX];
    float most = 0;

    prep_row(&u->prep, row, x);
    for (uint32_t c = 0; c < m->n_cols; c++) {
        float far = fabsf(x[c] - u->prep.fill[c]);

        most = far > most ? far : most;
    }
    return link_log((double)most + 1e-6);
}

/* Half a row is added to every bin, so that none is impossible. */
static void fit_histogram(float *column, uint32_t n_bins, const struct lw_matrix *x,
                          size_t c)
{
    double n[BINS_MAX + 2] = {0};
    float low = x->x[c];
    float high = low;

    for (size_t r = 0; r < x->n_rows; r++) {
        float v = x->x[r * x->n_cols + c];

        low = v < low ? v : low;
        high = v > high ? v : high;
    }
    column[0] = low;
    /* A little wider than the values, for the largest belongs to the last bin. */
    column[1] = high - low > 1e-6f * fabsf(low)
                    ? (float)n_bins / ((high - low) * 1.0001f)
                    : (float)n_bins / fmaxf(1e-6f * fabsf(low), 1e-6f);
    for (size_t r = 0; r < x->n_rows; r++)
        n[bin_of(column, n_bins, x->x[r * x->n_cols + c])] += 1;
    for (uint32_t i = 0; i < n_bins + 2; i++)
        column[2 + i] =
            (float)-link_log((n[i] + 0.5) / ((double)x->n_rows + 0.5 * (n_bins + 2)));
}

static enum lw_status univariate_fit(struct lw_model **out, const struct model_ops *ops,
                                     uint32_t n_bins, const struct model_task *t,
                                     struct lw_error *err)
{
    struct univariate *u = NULL;
    struct lw_matrix normal = {0};
    enum lw_status st =
        univariate_new(&u, ops, (uint32_t)t->x->n_cols, t->n_classes, n_bins, err);

    if (u == NULL)
        return st;
    st = prep_fit(&u->prep, (enum prep_scale)t->option[SCALE], t->x, t->labels, 0, err);
    if (st == LW_OK)
        st = prep_rows(&u->prep, &normal, t->x, t->labels, 0, err);
    for (size_t c = 0; st == LW_OK && n_bins > 0 && c < normal.n_cols; c++)
        fit_histogram(u->table + c * width_of(u), n_bins, &normal, c);
    lw_matrix_release(&normal);
    if (st == LW_OK)
        st = anomaly_fit(&u->link, &u->base, ops->score, NULL, t, err);
    if (st == LW_OK)
        *out = &u->base;
    else
        univariate_free(&u->base);
    return st;
}

static enum lw_status hist_fit(struct lw_model **out, const struct model_task *t,
                               struct lw_error *err)
{
    return univariate_fit(out, &model_hist, (uint32_t)t->option[BINS], t, err);
}

static enum lw_status limits_fit(struct lw_model **out, const struct model_task *t,
                                 struct lw_error *err)
{
    return univariate_fit(out, &model_limits, 0, t, err);
}

static void univariate_predict(const struct lw_model *m, const float *rows,
                               size_t n_rows, float *out)
{
    anomaly_predict(&((const struct univariate *)m)->link, m, m->ops->score, rows,
                    n_rows, out);
}

static void univariate_margins(const struct lw_model *m, const float *rows,
                               size_t n_rows, float *out)
{
    anomaly_margins(&((const struct univariate *)m)->link, m, m->ops->score, rows,
                    n_rows, out);
}

static void univariate_save(const struct lw_model *m, struct buf *out)
{
    const struct univariate *u = (const struct univariate *)m;

    prep_save(&u->prep, out);
    anomaly_save(&u->link, out);
    if (u->n_bins == 0)
        return;
    buf_add_le32(out, u->n_bins);
    store_floats(out, u->table, m->n_cols * width_of(u));
}

static enum lw_status load(struct lw_model **out, const struct model_ops *ops,
                           struct span s, uint32_t n_cols, uint32_t n_classes,
                           struct lw_error *err)
{
    struct univariate *u = NULL;
    struct prep prep;
    struct anomaly_link link = {0};
    uint32_t n_bins = 0;
    enum lw_status st = prep_load(&prep, &s, n_cols, err);

    if (st != LW_OK)
        return st;
    st = anomaly_load(&link, &s, n_classes, err);
    if (st == LW_OK && ops == &model_hist &&
        (!span_take_le32(&s, &n_bins) || n_bins < 2 || n_bins > BINS_MAX))
        st = lw_fail(err, LW_EFORMAT, "histograms: their bins are damaged");
    if (st == LW_OK && s.n != (n_bins > 0 ? 4 * ((uint64_t)n_bins + 4) * n_cols : 0))
        st = lw_fail(err, LW_EFORMAT, "%s: %zu bytes too many or too few", ops->name,
                     s.n);
    if (st == LW_OK)
        st = univariate_new(&u, ops, n_cols, n_classes, n_bins, err);
    if (u == NULL) {
        prep_release(&prep);
        anomaly_release(&link);
        return st;
    }
    u->prep = prep;
    u->link = link;
    if (n_bins > 0 &&
        !store_take_floats(&s, u->table, n_cols * width_of(u), PREP_VALUE_MAX)) {
        univariate_free(&u->base);
        return lw_fail(err, LW_EFORMAT, "histograms: a number is impossible");
    }
    *out = &u->base;
    return LW_OK;
}

static enum lw_status hist_load(struct lw_model **out, struct span s, uint32_t n_cols,
                                uint32_t n_classes, struct lw_error *err)
{
    return load(out, &model_hist, s, n_cols, n_classes, err);
}

static enum lw_status limits_load(struct lw_model **out, struct span s, uint32_t n_cols,
                                  uint32_t n_classes, struct lw_error *err)
{
    return load(out, &model_limits, s, n_cols, n_classes, err);
}

const struct model_ops model_hist = {
    .name = "hist",
    .doc = "a histogram of each column; learns from normal rows only",
    .options = options,
    .n_options = 2,
    .fit = hist_fit,
    .predict = univariate_predict,
    .margins = univariate_margins,
    .contributions = proba_no_reasons,
    .score = hist_score,
    .save = univariate_save,
    .load = hist_load,
    .free = univariate_free,
};

const struct model_ops model_limits = {
    .name = "limits",
    .doc = "one threshold for each column; learns from normal rows only",
    .options = options,
    .n_options = 1,
    .fit = limits_fit,
    .predict = univariate_predict,
    .margins = univariate_margins,
    .contributions = proba_no_reasons,
    .score = limits_score,
    .save = univariate_save,
    .load = limits_load,
    .free = univariate_free,
};

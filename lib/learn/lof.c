/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Local outlier factor: Breunig, Kriegel, Ng and Sander, "LOF: identifying
 * density-based local outliers" (SIGMOD 2000), used for new rows.
 *
 *   reach(x, o) = max(distance(x, o), distance of o to its own k-th neighbour)
 *   density(x)  = 1 / mean of reach(x, o) over the k nearest o
 *   factor(x)   = mean density of the k nearest / density(x)
 *
 * 1e-10 is added to the mean reach, as in scikit-learn: rows that occur more than k
 * times are infinitely dense otherwise.  The score is the factor's logarithm.
 *
 * In a file: scales (prep.h); curve (anomaly.h); u32 k; u32 number of rows; f32
 * distance of each to its k-th neighbour; f64 density of each; f32 prepared rows.
 */
#include "base/mem.h"
#include "learn/anomaly.h"
#include "learn/link.h"
#include "learn/model_option.h"
#include "learn/neighbours.h"
#include "learn/prep.h"
#include "learn/proba.h"
#include "learn/store.h"

#include <float.h>
#include <math.h>
#include <string.h>

enum { SCALE, K, MAX_ROWS };

static const struct lw_model_option lof_options[] = {
    [SCALE] = PREP_OPTION,
    [K] = MODEL_WHOLE("k", 20, 1, NEIGHBOURS_MAX,
                      "neighbours that density is taken over"),
    [MAX_ROWS] = MODEL_WHOLE("max-rows", 50000, 2, 1e7,
                             "refuse to keep more normal rows than this"),
};

#define LEAST_REACH 1e-10

struct lof {
    struct lw_model base;
    struct prep prep;
    struct anomaly_link link;
    struct neighbours *rows; /* owned */
    float *reach;            /* (rows), owned: distance to the k-th neighbour */
    double *density;         /* (rows), owned */
    uint32_t k;
};

static void lof_free(struct lw_model *m)
{
    struct lof *l = (struct lof *)m;

    prep_release(&l->prep);
    anomaly_release(&l->link);
    neighbours_free(l->rows);
    mem_free(l->reach);
    mem_free(l->density);
    mem_free(l);
}

static enum lw_status lof_new(struct lof **out, uint32_t n_cols, uint32_t n_classes,
                              struct lw_error *err)
{
    struct lof *l = mem_zalloc(1, sizeof *l);

    if (l == NULL)
        return lw_fail(err, LW_ENOMEM, "out of memory");
    l->base = (struct lw_model){&model_lof, n_cols, n_classes};
    *out = l;
    return LW_OK;
}

static enum lw_status make_room(struct lof *l, size_t n_rows, struct lw_error *err)
{
    l->reach = mem_zalloc(n_rows, sizeof *l->reach);
    l->density = mem_zalloc(n_rows, sizeof *l->density);
    return l->reach == NULL || l->density == NULL
               ? lw_fail(err, LW_ENOMEM, "out of memory for %zu rows", n_rows)
               : LW_OK;
}

static double density(const struct lof *l, const struct neighbour *found, uint32_t n)
{
    double sum = 0;

    for (uint32_t i = 0; i < n; i++) {
        float d = sqrtf(found[i].distance);

        sum += (double)(d > l->reach[found[i].row] ? d : l->reach[found[i].row]);
    }
    return 1 / (sum / n + LEAST_REACH);
}

static double factor(const struct lof *l, const struct neighbour *found, uint32_t n,
                     double own)
{
    double sum = 0;

    for (uint32_t i = 0; i < n; i++)
        sum += l->density[found[i].row];
    return link_log(sum / n / own);
}

static double lof_score(const struct lw_model *m, const float *row)
{
    const struct lof *l = (const struct lof *)m;
    struct neighbour found[NEIGHBOURS_MAX];
    float x[PREP_COLS_MAX];
    uint32_t n;

    prep_row(&l->prep, row, x);
    n = neighbours_find(l->rows, x, l->k, NEIGHBOURS_NONE, found);
    return factor(l, found, n, density(l, found, n));
}

/* Neighbours of every training row but itself: found (n_rows, k). */
static void learn_densities(struct lof *l, const struct lw_matrix *x,
                            struct neighbour *found, double *score,
                            const struct lw_model_params *p)
{
    uint32_t n = (uint32_t)x->n_rows;
    uint32_t k = l->k;

    for (uint32_t r = 0; r < n; r++) {
        (void)neighbours_find(l->rows, x->x + (size_t)r * x->n_cols, k, r,
                              found + (size_t)r * k);
        l->reach[r] = sqrtf(found[(size_t)r * k + k - 1].distance);
        if (p->progress != NULL && r % 1024 == 1023)
            p->progress(p->progress_ctx, (r + 1.0) / n, "finding neighbours");
    }
    for (uint32_t r = 0; r < n; r++)
        l->density[r] = density(l, found + (size_t)r * k, k);
    for (uint32_t r = 0; r < n; r++)
        score[r] = factor(l, found + (size_t)r * k, k, l->density[r]);
}

/* x: the prepared normal rows. */
static enum lw_status learn(struct lof *l, const struct lw_matrix *x,
                            const struct model_task *t, struct lw_error *err)
{
    struct neighbour *found = NULL;
    double *score = NULL;
    enum lw_status st;

    if (x->n_rows < 2)
        return lw_fail(err, LW_EINVAL, "one normal row has no neighbours");
    if ((double)x->n_rows > t->option[MAX_ROWS])
        return lw_fail(err, LW_ELIMIT,
                       "%zu normal rows; a local outlier factor keeps them all and "
                       "searches them for each: learn from fewer, or allow more with "
                       "max-rows=%zu",
                       x->n_rows, x->n_rows);
    l->k = (uint32_t)t->option[K];
    if (l->k >= x->n_rows)
        l->k = (uint32_t)x->n_rows - 1;
    st = make_room(l, x->n_rows, err);
    if (st == LW_OK)
        st = neighbours_new(&l->rows, x, NEIGHBOURS_EUCLID, err);
    if (st != LW_OK)
        return st;
    found = mem_zalloc(x->n_rows * l->k, sizeof *found);
    score = mem_zalloc(x->n_rows, sizeof *score);
    if (found == NULL || score == NULL) {
        st = lw_fail(err, LW_ENOMEM, "out of memory for %zu rows", x->n_rows);
    } else {
        learn_densities(l, x, found, score, t->params);
        st = anomaly_fit(&l->link, &l->base, lof_score, score, t, err);
    }
    mem_free(found);
    mem_free(score);
    return st;
}

static enum lw_status lof_fit(struct lw_model **out, const struct model_task *t,
                              struct lw_error *err)
{
    struct lw_matrix normal = {0};
    struct lof *l = NULL;
    enum lw_status st = lof_new(&l, (uint32_t)t->x->n_cols, t->n_classes, err);

    if (l == NULL)
        return st;
    st = prep_fit(&l->prep, (enum prep_scale)t->option[SCALE], t->x, t->labels, 0, err);
    if (st == LW_OK)
        st = prep_rows(&l->prep, &normal, t->x, t->labels, 0, err);
    if (st == LW_OK)
        st = learn(l, &normal, t, err);
    lw_matrix_release(&normal);
    if (st == LW_OK)
        *out = &l->base;
    else
        lof_free(&l->base);
    return st;
}

static void lof_predict(const struct lw_model *m, const float *rows, size_t n_rows,
                        float *out)
{
    anomaly_predict(&((const struct lof *)m)->link, m, lof_score, rows, n_rows, out);
}

static void lof_margins(const struct lw_model *m, const float *rows, size_t n_rows,
                        float *out)
{
    anomaly_margins(&((const struct lof *)m)->link, m, lof_score, rows, n_rows, out);
}

static void lof_save(const struct lw_model *m, struct buf *out)
{
    const struct lof *l = (const struct lof *)m;
    uint32_t n_rows = neighbours_rows(l->rows);
    float row[PREP_COLS_MAX];

    prep_save(&l->prep, out);
    anomaly_save(&l->link, out);
    buf_add_le32(out, l->k);
    buf_add_le32(out, n_rows);
    store_floats(out, l->reach, n_rows);
    store_doubles(out, l->density, n_rows);
    for (uint32_t r = 0; r < n_rows; r++) {
        neighbours_row(l->rows, r, row);
        store_floats(out, row, m->n_cols);
    }
}

static bool take_rows(struct lof *l, struct span *s, struct lw_matrix *x)
{
    if (!store_take_floats(s, l->reach, x->n_rows, FLT_MAX) ||
        !store_take_doubles(s, l->density, x->n_rows, 1 / LEAST_REACH) ||
        !store_take_floats(s, x->x, x->n_rows * x->n_cols, PREP_VALUE_MAX))
        return false;
    for (size_t r = 0; r < x->n_rows; r++)
        if (l->reach[r] < 0 || !(l->density[r] > 1e-40))
            return false;
    return true;
}

static enum lw_status load_rows(struct lof *l, struct span s, struct lw_error *err)
{
    struct lw_matrix x = {0};
    uint32_t n_rows;
    enum lw_status st;

    if (!span_take_le32(&s, &l->k) || !span_take_le32(&s, &n_rows))
        return lw_fail(err, LW_ETRUNCATED, "local outlier factor: cut off");
    if (l->k < 1 || l->k > NEIGHBOURS_MAX || n_rows <= l->k ||
        s.n != (uint64_t)n_rows * (12 + 4 * (uint64_t)l->base.n_cols))
        return lw_fail(err, LW_EFORMAT, "local outlier factor: %zu bytes for %u rows",
                       s.n, n_rows);
    st = make_room(l, n_rows, err);
    if (st == LW_OK)
        st = lw_matrix_init(&x, n_rows, l->base.n_cols, err);
    if (st == LW_OK && !take_rows(l, &s, &x))
        st = lw_fail(err, LW_EFORMAT, "local outlier factor: a number is out of range");
    if (st == LW_OK)
        st = neighbours_new(&l->rows, &x, NEIGHBOURS_EUCLID, err);
    lw_matrix_release(&x);
    return st;
}

static enum lw_status lof_load(struct lw_model **out, struct span s, uint32_t n_cols,
                               uint32_t n_classes, struct lw_error *err)
{
    struct lof *l = NULL;
    enum lw_status st = lof_new(&l, n_cols, n_classes, err);

    if (l == NULL)
        return st;
    st = prep_load(&l->prep, &s, n_cols, err);
    if (st == LW_OK)
        st = anomaly_load(&l->link, &s, n_classes, err);
    if (st == LW_OK)
        st = load_rows(l, s, err);
    if (st == LW_OK)
        *out = &l->base;
    else
        lof_free(&l->base);
    return st;
}

const struct model_ops model_lof = {
    .name = "lof",
    .doc = "local outlier factor; learns from normal rows only",
    .options = lof_options,
    .n_options = sizeof lof_options / sizeof lof_options[0],
    .fit = lof_fit,
    .predict = lof_predict,
    .margins = lof_margins,
    .contributions = proba_no_reasons,
    .score = lof_score,
    .save = lof_save,
    .load = lof_load,
    .free = lof_free,
};

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * k nearest neighbours: the classes of the k training rows nearest to a row have a vote
 * each, or one over their distance.  The model is its training rows.
 *
 * In a file: scales (prep.h); u8 metric; u8 votes; u32 k; u32 number of rows; u16 class
 * of each; f32 prepared rows (n_rows, n_cols).
 */
#include "base/mem.h"
#include "learn/model_ops.h"
#include "learn/model_option.h"
#include "learn/neighbours.h"
#include "learn/prep.h"
#include "learn/proba.h"
#include "learn/store.h"

#include <math.h>

static const char *const metrics[] = {"euclid", "manhattan", NULL};
static const char *const votes[] = {"same", "distance", NULL};

enum { SCALE, K, METRIC, VOTES, MAX_ROWS };

static const struct lw_model_option knn_options[] = {
    [SCALE] = PREP_OPTION,
    [K] = MODEL_WHOLE("k", 5, 1, NEIGHBOURS_MAX, "neighbours that vote"),
    [METRIC] = MODEL_WORD("metric", metrics, "how distance is measured"),
    [VOTES] = MODEL_WORD("votes", votes, "all the same, or each one over its distance"),
    [MAX_ROWS] = MODEL_WHOLE("max-rows", 200000, 1, 1e7,
                             "refuse to keep more training rows than this"),
};

struct knn {
    struct lw_model base;
    struct prep prep;
    struct neighbours *rows; /* owned */
    uint16_t *label;         /* (rows), owned */
    uint32_t k;
    uint8_t metric;
    uint8_t votes;
};

static void knn_free(struct lw_model *m)
{
    struct knn *n = (struct knn *)m;

    prep_release(&n->prep);
    neighbours_free(n->rows);
    mem_free(n->label);
    mem_free(n);
}

static enum lw_status knn_new(struct knn **out, uint32_t n_cols, uint32_t n_classes,
                              size_t n_rows, struct lw_error *err)
{
    struct knn *n;

    if (n_classes < 2 || n_classes > MODEL_CLASSES_MAX)
        return lw_fail(err, LW_ELIMIT, "nearest neighbours of %u classes", n_classes);
    n = mem_zalloc(1, sizeof *n);
    if (n == NULL)
        return lw_fail(err, LW_ENOMEM, "out of memory");
    n->base = (struct lw_model){&model_knn, n_cols, n_classes};
    n->label = mem_zalloc(n_rows, sizeof *n->label);
    if (n->label == NULL) {
        mem_free(n);
        return lw_fail(err, LW_ENOMEM, "out of memory for %zu rows", n_rows);
    }
    *out = n;
    return LW_OK;
}

static enum lw_status knn_fit(struct lw_model **out, const struct model_task *t,
                              struct lw_error *err)
{
    size_t n_rows = t->x->n_rows;
    struct lw_matrix prepared = {0};
    struct knn *n = NULL;
    enum lw_status st;

    if ((double)n_rows > t->option[MAX_ROWS])
        return lw_fail(err, LW_ELIMIT,
                       "%zu rows; nearest neighbours keep them all and search them for "
                       "every answer: learn from fewer, or allow more with "
                       "max-rows=%zu",
                       n_rows, n_rows);
    st = knn_new(&n, (uint32_t)t->x->n_cols, t->n_classes, n_rows, err);
    if (st == LW_OK)
        st = prep_fit(&n->prep, (enum prep_scale)t->option[SCALE], t->x, NULL, 0, err);
    if (st == LW_OK)
        st = prep_rows(&n->prep, &prepared, t->x, NULL, 0, err);
    if (st == LW_OK) {
        n->k = (uint32_t)t->option[K];
        n->metric = (uint8_t)t->option[METRIC];
        n->votes = (uint8_t)t->option[VOTES];
        for (size_t r = 0; r < n_rows; r++)
            n->label[r] = (uint16_t)t->labels[r];
        st =
            neighbours_new(&n->rows, &prepared, (enum neighbours_metric)n->metric, err);
    }
    lw_matrix_release(&prepared);
    if (st == LW_OK)
        *out = &n->base;
    else if (n != NULL)
        knn_free(&n->base);
    return st;
}

/* A neighbour in the same place outvotes all that are not. */
static float vote(const struct knn *n, const struct neighbour *found)
{
    float d = n->metric == NEIGHBOURS_EUCLID ? sqrtf(found->distance) : found->distance;

    if (n->votes == 0)
        return 1;
    return d > 1e-30f ? 1 / d : 1e30f;
}

static void knn_predict(const struct lw_model *m, const float *rows, size_t n_rows,
                        float *out)
{
    const struct knn *n = (const struct knn *)m;
    struct neighbour found[NEIGHBOURS_MAX];
    float x[PREP_COLS_MAX];

    for (size_t r = 0; r < n_rows; r++) {
        float *p = out + r * m->n_classes;
        uint32_t n_found;

        prep_row(&n->prep, rows + r * m->n_cols, x);
        n_found = neighbours_find(n->rows, x, n->k, NEIGHBOURS_NONE, found);
        for (uint32_t k = 0; k < m->n_classes; k++)
            p[k] = 0;
        for (uint32_t i = 0; i < n_found; i++)
            p[n->label[found[i].row]] += vote(n, &found[i]);
    }
    proba_normalise(out, n_rows, m->n_classes);
}

static void knn_margins(const struct lw_model *m, const float *rows, size_t n_rows,
                        float *out)
{
    knn_predict(m, rows, n_rows, out);
    proba_log(out, n_rows * m->n_classes);
}

static void knn_save(const struct lw_model *m, struct buf *out)
{
    const struct knn *n = (const struct knn *)m;
    uint32_t n_rows = neighbours_rows(n->rows);
    float row[PREP_COLS_MAX];

    prep_save(&n->prep, out);
    buf_add_u8(out, n->metric);
    buf_add_u8(out, n->votes);
    buf_add_le32(out, n->k);
    buf_add_le32(out, n_rows);
    for (uint32_t r = 0; r < n_rows; r++)
        buf_add_le16(out, n->label[r]);
    for (uint32_t r = 0; r < n_rows; r++) {
        neighbours_row(n->rows, r, row);
        store_floats(out, row, m->n_cols);
    }
}

static bool take_labels(struct knn *n, struct span *s, uint32_t n_rows)
{
    for (uint32_t r = 0; r < n_rows; r++)
        if (!span_take_le16(s, &n->label[r]) || n->label[r] >= n->base.n_classes)
            return false;
    return true;
}

/* What follows the scales. */
static enum lw_status load_rows(struct knn **out, struct span s, uint32_t n_cols,
                                uint32_t n_classes, struct lw_error *err)
{
    struct lw_matrix x = {0};
    struct knn *n = NULL;
    uint8_t metric;
    uint8_t how;
    uint32_t k;
    uint32_t n_rows;
    enum lw_status st;

    if (!span_take_u8(&s, &metric) || !span_take_u8(&s, &how) ||
        !span_take_le32(&s, &k) || !span_take_le32(&s, &n_rows))
        return lw_fail(err, LW_ETRUNCATED, "nearest neighbours: cut off");
    if (metric > NEIGHBOURS_MANHATTAN || how > 1 || k < 1 || k > NEIGHBOURS_MAX ||
        n_rows < 1 || s.n != (uint64_t)n_rows * (2 + 4 * (uint64_t)n_cols))
        return lw_fail(err, LW_EFORMAT, "nearest neighbours: %zu bytes for %u rows",
                       s.n, n_rows);
    st = knn_new(&n, n_cols, n_classes, n_rows, err);
    if (st != LW_OK)
        return st;
    n->k = k;
    n->metric = metric;
    n->votes = how;
    st = lw_matrix_init(&x, n_rows, n_cols, err);
    if (st == LW_OK &&
        (!take_labels(n, &s, n_rows) ||
         !store_take_floats(&s, x.x, (size_t)n_rows * n_cols, PREP_VALUE_MAX)))
        st = lw_fail(err, LW_EFORMAT, "nearest neighbours: a number is out of range");
    if (st == LW_OK)
        st = neighbours_new(&n->rows, &x, (enum neighbours_metric)metric, err);
    lw_matrix_release(&x);
    if (st == LW_OK)
        *out = n;
    else
        knn_free(&n->base);
    return st;
}

static enum lw_status knn_load(struct lw_model **out, struct span s, uint32_t n_cols,
                               uint32_t n_classes, struct lw_error *err)
{
    struct knn *n = NULL;
    struct prep prep;
    enum lw_status st = prep_load(&prep, &s, n_cols, err);

    if (st != LW_OK)
        return st;
    st = load_rows(&n, s, n_cols, n_classes, err);
    if (n == NULL) {
        prep_release(&prep);
        return st;
    }
    n->prep = prep;
    *out = &n->base;
    return LW_OK;
}

const struct model_ops model_knn = {
    .name = "knn",
    .doc = "k nearest neighbours",
    .options = knn_options,
    .n_options = sizeof knn_options / sizeof knn_options[0],
    .fit = knn_fit,
    .predict = knn_predict,
    .margins = knn_margins,
    .contributions = proba_no_reasons,
    .save = knn_save,
    .load = knn_load,
    .free = knn_free,
};

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Isolation forest: Liu, Ting and Zhou, "Isolation forest" (ICDM 2008).
 *
 * A tree splits a small sample at random, a random column at a random value, until
 * every row is alone or the tree is as deep as a balanced one would be.  Rows that are
 * soon alone are odd.  The trees are kept and walked as a forest (learn/forest.h) whose
 * margin is the sum of the path lengths: a leaf with n rows adds the mean path of a
 * search tree of n.  The score is -mean path / mean path of the whole sample, which
 * orders rows as the paper's 2^(-...) does.
 *
 * In a file: curve (anomaly.h); u32 rows a tree was grown on; the forest.
 */
#include "base/mem.h"
#include "base/rng.h"
#include "learn/anomaly.h"
#include "learn/forest.h"
#include "learn/link.h"
#include "learn/model_option.h"
#include "learn/proba.h"

#include <float.h>
#include <math.h>

enum { TREES, SAMPLES };

static const struct lw_model_option isolation_options[] = {
    [TREES] = MODEL_WHOLE("trees", 100, 1, 10000, "how many trees"),
    [SAMPLES] =
        MODEL_WHOLE("samples", 256, 2, 65536, "normal rows drawn for each tree"),
};

enum { SAMPLES_MAX = 65536, STACK_MAX = FOREST_DEPTH_MAX + 2 };

struct isolation {
    struct lw_model base;
    struct anomaly_link link;
    struct forest *forest; /* owned */
    uint32_t n_samples;
    double unit; /* mean path of a tree of n_samples, times the number of trees */
};

/* Mean path of an unsuccessful search in a binary search tree of n. */
static double mean_path(uint32_t n)
{
    static const double euler = 0.5772156649015329;

    if (n <= 1)
        return 0;
    if (n == 2)
        return 1;
    return 2 * (link_log(n - 1) + euler) - 2 * (double)(n - 1) / n;
}

static void isolation_free(struct lw_model *m)
{
    struct isolation *f = (struct isolation *)m;

    anomaly_release(&f->link);
    forest_free(f->forest);
    mem_free(f);
}

static double isolation_score(const struct lw_model *m, const float *row)
{
    const struct isolation *f = (const struct isolation *)m;
    float sum;

    forest_margins(f->forest, row, 1, &sum);
    return -(double)sum / f->unit;
}

/* ---- growing ---- */

struct grower {
    const struct lw_matrix *x;
    struct forest *forest; /* borrowed */
    struct rng rng;
    uint32_t *normal; /* rows of class 0, owned */
    uint32_t n_normal;
    uint32_t n_samples;
    uint32_t depth;   /* at most */
    uint32_t *column; /* (n_cols), owned */
};

struct part {
    uint32_t from;
    uint32_t to;
    uint32_t depth;
};

static float bounded(float v)
{
    return v > FLT_MAX ? FLT_MAX : v < -FLT_MAX ? -FLT_MAX : v;
}

/* Least and largest value of a column; false where they are the same or missing. */
static bool varies(const struct grower *g, struct part p, uint32_t column, float *low,
                   float *high)
{
    *low = FLT_MAX;
    *high = -FLT_MAX;
    for (uint32_t i = p.from; i < p.to; i++) {
        float v = bounded(g->x->x[(size_t)g->normal[i] * g->x->n_cols + column]);

        *low = v < *low ? v : *low;
        *high = v > *high ? v : *high;
    }
    return *low < *high;
}

/* A column that varies, and where to split it; false where none does. */
static bool choose(struct grower *g, struct part p, uint32_t *column, float *threshold)
{
    uint32_t n_cols = (uint32_t)g->x->n_cols;

    for (uint32_t i = 0; i < n_cols; i++) {
        uint32_t j = i + (uint32_t)rng_below(&g->rng, n_cols - i);
        uint32_t c = g->column[j];
        float low;
        float high;

        g->column[j] = g->column[i];
        g->column[i] = c;
        if (!varies(g, p, c, &low, &high))
            continue;
        *column = c;
        *threshold =
            (float)((double)low + rng_unit(&g->rng) * ((double)high - (double)low));
        if (!(*threshold > low))
            *threshold = nextafterf(low, FLT_MAX);
        return true;
    }
    return false;
}

/* Rows below the threshold in front, missing ones on the side that has more. */
static uint32_t divide(struct grower *g, struct part p, uint32_t column,
                       float threshold, bool *default_left)
{
    uint32_t mid = p.from;
    uint32_t n_left = 0;
    uint32_t n_right = 0;

    for (uint32_t i = p.from; i < p.to; i++) {
        float v = g->x->x[(size_t)g->normal[i] * g->x->n_cols + column];

        n_left += v < threshold ? 1 : 0;
        n_right += v >= threshold ? 1 : 0;
    }
    *default_left = n_left > n_right;
    for (uint32_t i = p.from; i < p.to; i++) {
        uint32_t row = g->normal[i];
        float v = g->x->x[(size_t)row * g->x->n_cols + column];

        if (isnan(v) ? !*default_left : !(v < threshold))
            continue;
        g->normal[i] = g->normal[mid];
        g->normal[mid++] = row;
    }
    return mid;
}

static enum lw_status grow_tree(struct grower *g, struct lw_error *err)
{
    struct part stack[STACK_MAX];
    size_t n_stack = 0;
    enum lw_status st = LW_OK;

    for (uint32_t i = 0; i < g->n_samples; i++) {
        uint32_t j = i + (uint32_t)rng_below(&g->rng, g->n_normal - i);
        uint32_t row = g->normal[j];

        g->normal[j] = g->normal[i];
        g->normal[i] = row;
    }
    stack[n_stack++] = (struct part){.to = g->n_samples};
    while (n_stack > 0 && st == LW_OK) {
        struct part p = stack[--n_stack];
        struct forest_node node = {.cover = (float)(p.to - p.from)};
        uint32_t column;

        if (p.to - p.from > 1 && p.depth < g->depth &&
            choose(g, p, &column, &node.value)) {
            uint32_t mid = divide(g, p, column, node.value, &node.default_left);

            node.feature = (uint16_t)column;
            stack[n_stack++] = (struct part){mid, p.to, p.depth + 1};
            stack[n_stack++] = (struct part){p.from, mid, p.depth + 1};
        } else {
            node.feature = FOREST_LEAF;
            node.value = (float)(p.depth + mean_path(p.to - p.from));
        }
        st = forest_add(g->forest, &node, err);
    }
    return st;
}

static enum lw_status grower_init(struct grower *g, const struct model_task *t,
                                  struct lw_error *err)
{
    *g = (struct grower){.x = t->x};
    g->normal = mem_zalloc(t->x->n_rows, sizeof *g->normal);
    g->column = mem_zalloc(t->x->n_cols, sizeof *g->column);
    if (g->normal == NULL || g->column == NULL)
        return lw_fail(err, LW_ENOMEM, "out of memory for %zu rows", t->x->n_rows);
    for (uint32_t c = 0; c < t->x->n_cols; c++)
        g->column[c] = c;
    for (size_t r = 0; r < t->x->n_rows; r++)
        if (t->labels[r] == 0)
            g->normal[g->n_normal++] = (uint32_t)r;
    if (g->n_normal < 2)
        return lw_fail(err, LW_EINVAL, "%u normal rows to learn from", g->n_normal);
    g->n_samples = (uint32_t)t->option[SAMPLES];
    if (g->n_samples > g->n_normal)
        g->n_samples = g->n_normal;
    while (g->depth < FOREST_DEPTH_MAX && UINT32_C(1) << g->depth < g->n_samples)
        g->depth++;
    rng_init(&g->rng, t->params->seed);
    return LW_OK;
}

static enum lw_status isolation_new(struct isolation **out, uint32_t n_cols,
                                    uint32_t n_classes, struct lw_error *err)
{
    struct isolation *f = mem_zalloc(1, sizeof *f);

    if (f == NULL)
        return lw_fail(err, LW_ENOMEM, "out of memory");
    f->base = (struct lw_model){&model_isolation, n_cols, n_classes};
    *out = f;
    return LW_OK;
}

static enum lw_status grow(struct isolation *f, const struct model_task *t,
                           struct lw_error *err)
{
    struct grower g;
    enum lw_status st = forest_new(&f->forest, (uint32_t)t->x->n_cols, 2, 0, err);

    if (st != LW_OK)
        return st;
    st = grower_init(&g, t, err);
    g.forest = f->forest;
    for (uint32_t i = 0; st == LW_OK && i < (uint32_t)t->option[TREES]; i++)
        st = grow_tree(&g, err);
    if (st == LW_OK)
        st = forest_finish(f->forest, err);
    f->n_samples = g.n_samples;
    mem_free(g.normal);
    mem_free(g.column);
    if (st == LW_OK)
        f->unit = mean_path(f->n_samples) * f->forest->n_trees;
    return st;
}

static enum lw_status isolation_fit(struct lw_model **out, const struct model_task *t,
                                    struct lw_error *err)
{
    struct isolation *f = NULL;
    enum lw_status st = isolation_new(&f, (uint32_t)t->x->n_cols, t->n_classes, err);

    if (st != LW_OK)
        return st;
    st = grow(f, t, err);
    if (st == LW_OK)
        st = anomaly_fit(&f->link, &f->base, isolation_score, NULL, t, err);
    if (st == LW_OK)
        *out = &f->base;
    else
        isolation_free(&f->base);
    return st;
}

/* ---- use ---- */

static void isolation_predict(const struct lw_model *m, const float *rows,
                              size_t n_rows, float *out)
{
    anomaly_predict(&((const struct isolation *)m)->link, m, isolation_score, rows,
                    n_rows, out);
}

static void isolation_margins(const struct lw_model *m, const float *rows,
                              size_t n_rows, float *out)
{
    anomaly_margins(&((const struct isolation *)m)->link, m, isolation_score, rows,
                    n_rows, out);
}

static void isolation_save(const struct lw_model *m, struct buf *out)
{
    const struct isolation *f = (const struct isolation *)m;

    anomaly_save(&f->link, out);
    buf_add_le32(out, f->n_samples);
    forest_save(f->forest, out);
}

static enum lw_status isolation_load(struct lw_model **out, struct span s,
                                     uint32_t n_cols, uint32_t n_classes,
                                     struct lw_error *err)
{
    struct isolation *f = NULL;
    enum lw_status st = isolation_new(&f, n_cols, n_classes, err);

    if (st != LW_OK)
        return st;
    st = anomaly_load(&f->link, &s, n_classes, err);
    if (st == LW_OK && (!span_take_le32(&s, &f->n_samples) || f->n_samples < 2 ||
                        f->n_samples > SAMPLES_MAX))
        st = lw_fail(err, LW_EFORMAT, "isolation forest: no such sample");
    if (st == LW_OK)
        st = forest_load(&f->forest, s, n_cols, 2, err);
    if (st == LW_OK && f->forest->n_trees == 0)
        st = lw_fail(err, LW_EFORMAT, "isolation forest without trees");
    if (st != LW_OK) {
        isolation_free(&f->base);
        return st;
    }
    f->unit = mean_path(f->n_samples) * f->forest->n_trees;
    *out = &f->base;
    return LW_OK;
}

const struct model_ops model_isolation = {
    .name = "iforest",
    .doc = "isolation forest; learns from normal rows only",
    .options = isolation_options,
    .n_options = sizeof isolation_options / sizeof isolation_options[0],
    .fit = isolation_fit,
    .predict = isolation_predict,
    .margins = isolation_margins,
    .contributions = proba_no_reasons,
    .score = isolation_score,
    .save = isolation_save,
    .load = isolation_load,
    .free = isolation_free,
};

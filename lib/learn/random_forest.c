/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A decision tree, and many of them on resampled rows and columns: Breiman, "Random
 * forests" (Machine Learning, 2001).  A forest's probabilities are the mean of its
 * trees' (as in scikit-learn; Breiman's trees each have one vote).
 *
 * Each tree draws from a generator of its own, seeded by the seed and its number.
 */
#include "base/mem.h"
#include "base/rng.h"
#include "learn/cart.h"
#include "learn/model_ops.h"
#include "learn/model_option.h"
#include "learn/proba.h"

#include <math.h>

struct tree_model {
    struct lw_model base;
    struct trees *trees; /* owned */
};

static const char *const criteria[] = {"gini", "entropy", NULL};
static const char *const no_yes[] = {"no", "yes", NULL};
static const char *const yes_no[] = {"yes", "no", NULL};

enum { CRITERION, DEPTH, SPLIT, LEAF, FEATURES, BALANCED, TREES, BOOTSTRAP };

#define TREE_OPTIONS                                                                   \
    [CRITERION] = MODEL_WORD("criterion", criteria, "how mixed a node is"),            \
    [DEPTH] = MODEL_WHOLE("depth", FOREST_DEPTH_MAX, 1, FOREST_DEPTH_MAX,              \
                          "most splits above a leaf"),                                 \
    [SPLIT] = MODEL_WHOLE("split", 2, 2, 1e9, "rows a node needs to be split"),        \
    [LEAF] = MODEL_WHOLE("leaf", 1, 1, 1e9, "rows a leaf needs"),                      \
    [FEATURES] = MODEL_WHOLE("features", 0, 0, FOREST_COLS_MAX,                        \
                             "columns drawn for a split; 0: all for a tree, the "      \
                             "square root of their number for a forest"),              \
    [BALANCED] =                                                                       \
        MODEL_WORD("balanced", no_yes, "give every class the same weight in all")

static const struct lw_model_option tree_options[] = {TREE_OPTIONS};
static const struct lw_model_option forest_options[] = {
    TREE_OPTIONS,
    [TREES] = MODEL_WHOLE("trees", 100, 1, 10000, "how many trees"),
    [BOOTSTRAP] = MODEL_WORD("bootstrap", yes_no, "draw each tree's rows at random"),
};

static const struct trees *trees_of(const struct lw_model *m)
{
    return ((const struct tree_model *)m)->trees;
}

static void tree_model_free(struct lw_model *m)
{
    struct tree_model *t = (struct tree_model *)m;

    trees_free(t->trees);
    mem_free(t);
}

/* Takes `trees`, also when it fails. */
static enum lw_status wrap(struct lw_model **out, const struct model_ops *ops,
                           struct trees *trees, struct lw_error *err)
{
    struct tree_model *t = mem_zalloc(1, sizeof *t);

    if (t == NULL) {
        trees_free(trees);
        return lw_fail(err, LW_ENOMEM, "out of memory");
    }
    t->base = (struct lw_model){ops, trees->n_cols, trees->n_classes};
    t->trees = trees;
    *out = &t->base;
    return LW_OK;
}

/* ---- fitting ---- */

struct growth {
    const struct model_task *task;
    struct cart_params params;
    uint32_t n_trees;
    bool bootstrap;
    double *class_weight;       /* (n_classes), owned */
    uint32_t *drawn;            /* (n_rows), owned: how often, for this tree */
    struct cart_sample *sample; /* (n_rows), owned */
    struct bins bins;
    struct cart *cart;
};

static void growth_release(struct growth *g)
{
    mem_free(g->class_weight);
    mem_free(g->drawn);
    mem_free(g->sample);
    cart_free(g->cart);
    bins_release(&g->bins);
}

/* What makes every class' weight the same, or 1. */
static void weigh_classes(struct growth *g, bool balanced)
{
    const struct model_task *t = g->task;
    double sum = 0;

    for (uint32_t k = 0; k < t->n_classes; k++)
        g->class_weight[k] = balanced ? 0 : 1;
    if (!balanced)
        return;
    for (size_t r = 0; r < t->x->n_rows; r++) {
        double w = t->weights == NULL ? 1 : (double)t->weights[r];

        g->class_weight[t->labels[r]] += w;
        sum += w;
    }
    for (uint32_t k = 0; k < t->n_classes; k++)
        if (g->class_weight[k] > 0)
            g->class_weight[k] = sum / (t->n_classes * g->class_weight[k]);
}

static enum lw_status growth_init(struct growth *g, const struct model_task *t,
                                  bool one_tree, struct lw_error *err)
{
    size_t n = t->x->n_rows;
    const double *o = t->option;
    double features = o[FEATURES];
    enum lw_status st;

    if (n > UINT32_MAX / 2)
        return lw_fail(err, LW_ELIMIT, "more rows than trees can number");
    if (features <= 0)
        features = one_tree ? (double)t->x->n_cols : floor(sqrt((double)t->x->n_cols));
    *g = (struct growth){
        .task = t,
        .params = {.entropy = o[CRITERION] > 0,
                   .max_depth = (uint32_t)o[DEPTH],
                   .min_split = (uint32_t)o[SPLIT],
                   .min_leaf = (uint32_t)o[LEAF],
                   .n_features = (uint32_t)features},
        .n_trees = one_tree ? 1 : (uint32_t)o[TREES],
        .bootstrap = !one_tree && o[BOOTSTRAP] <= 0,
    };
    g->class_weight = mem_zalloc(t->n_classes, sizeof *g->class_weight);
    g->drawn = mem_zalloc(n, sizeof *g->drawn);
    g->sample = mem_zalloc(n, sizeof *g->sample);
    if (g->class_weight == NULL || g->drawn == NULL || g->sample == NULL)
        return lw_fail(err, LW_ENOMEM, "out of memory for %zu rows", n);
    weigh_classes(g, o[BALANCED] > 0);
    st = bins_init(&g->bins, t->x, err);
    return st == LW_OK ? cart_new(&g->cart, &g->bins, t->n_classes, n, err) : st;
}

/* The tree's samples: rows that were drawn and weigh anything. */
static size_t draw(struct growth *g, struct rng *rng)
{
    const struct model_task *t = g->task;
    size_t n = 0;

    for (size_t r = 0; r < t->x->n_rows; r++)
        g->drawn[r] = g->bootstrap ? 0 : 1;
    for (size_t r = 0; g->bootstrap && r < t->x->n_rows; r++)
        g->drawn[rng_below(rng, t->x->n_rows)]++;
    for (size_t r = 0; r < t->x->n_rows; r++) {
        double w = g->class_weight[t->labels[r]] * g->drawn[r] *
                   (t->weights == NULL ? 1 : (double)t->weights[r]);

        if ((float)w > 0)
            g->sample[n++] = (struct cart_sample){(uint32_t)r, t->labels[r], (float)w};
    }
    return n;
}

static enum lw_status grow(struct growth *g, struct trees *out, struct lw_error *err)
{
    const struct lw_model_params *p = g->task->params;

    for (uint32_t i = 0; i < g->n_trees; i++) {
        struct rng rng;
        size_t n;
        enum lw_status st;

        rng_init(&rng, p->seed * FOREST_TREES_MAX + i);
        n = draw(g, &rng);
        if (n == 0)
            return lw_fail(err, LW_EINVAL, "no row has a weight above 0");
        st = cart_grow(g->cart, out, g->sample, n, &g->params, &rng, err);
        if (st != LW_OK)
            return st;
        if (p->progress != NULL)
            p->progress(p->progress_ctx, (i + 1.0) / g->n_trees, "growing trees");
    }
    return trees_finish(out, err);
}

static enum lw_status fit(struct lw_model **out, const struct model_ops *ops,
                          const struct model_task *task, bool one_tree,
                          struct lw_error *err)
{
    struct growth g = {0};
    struct trees *trees = NULL;
    enum lw_status st =
        trees_new(&trees, (uint32_t)task->x->n_cols, task->n_classes, err);

    if (st == LW_OK)
        st = growth_init(&g, task, one_tree, err);
    if (st == LW_OK)
        st = grow(&g, trees, err);
    growth_release(&g);
    if (st == LW_OK)
        return wrap(out, ops, trees, err);
    trees_free(trees);
    return st;
}

static enum lw_status tree_fit(struct lw_model **out, const struct model_task *task,
                               struct lw_error *err)
{
    return fit(out, &model_tree, task, true, err);
}

static enum lw_status forest_fit(struct lw_model **out, const struct model_task *task,
                                 struct lw_error *err)
{
    return fit(out, &model_forest, task, false, err);
}

/* ---- use ---- */

static void tree_model_predict(const struct lw_model *m, const float *rows,
                               size_t n_rows, float *out)
{
    trees_sum(trees_of(m), rows, n_rows, out);
    proba_normalise(out, n_rows, m->n_classes);
}

static void tree_model_margins(const struct lw_model *m, const float *rows,
                               size_t n_rows, float *out)
{
    tree_model_predict(m, rows, n_rows, out);
    proba_log(out, n_rows * m->n_classes);
}

/* Of the probability: that is what the trees add up. */
static enum lw_status tree_model_contributions(const struct lw_model *m,
                                               const float *row, uint32_t class_idx,
                                               double *phi, struct lw_error *err)
{
    const struct trees *t = trees_of(m);

    return trees_contributions(t, 1 / (float)t->n_trees, row, class_idx, phi, err);
}

static void tree_model_save(const struct lw_model *m, struct buf *out)
{
    trees_save(trees_of(m), out);
}

static enum lw_status load(struct lw_model **out, const struct model_ops *ops,
                           struct span s, uint32_t n_cols, uint32_t n_classes,
                           struct lw_error *err)
{
    struct trees *trees = NULL;
    enum lw_status st = trees_load(&trees, s, n_cols, n_classes, err);

    return st == LW_OK ? wrap(out, ops, trees, err) : st;
}

static enum lw_status tree_load(struct lw_model **out, struct span s, uint32_t n_cols,
                                uint32_t n_classes, struct lw_error *err)
{
    return load(out, &model_tree, s, n_cols, n_classes, err);
}

static enum lw_status forest_model_load(struct lw_model **out, struct span s,
                                        uint32_t n_cols, uint32_t n_classes,
                                        struct lw_error *err)
{
    return load(out, &model_forest, s, n_cols, n_classes, err);
}

const struct model_ops model_tree = {
    .name = "tree",
    .doc = "one decision tree (CART)",
    .options = tree_options,
    .n_options = sizeof tree_options / sizeof tree_options[0],
    .fit = tree_fit,
    .predict = tree_model_predict,
    .margins = tree_model_margins,
    .contributions = tree_model_contributions,
    .save = tree_model_save,
    .load = tree_load,
    .free = tree_model_free,
};

const struct model_ops model_forest = {
    .name = "forest",
    .doc = "random forest",
    .options = forest_options,
    .n_options = sizeof forest_options / sizeof forest_options[0],
    .fit = forest_fit,
    .predict = tree_model_predict,
    .margins = tree_model_margins,
    .contributions = tree_model_contributions,
    .save = tree_model_save,
    .load = forest_model_load,
    .free = tree_model_free,
};

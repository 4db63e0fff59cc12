/* SPDX-License-Identifier: Apache-2.0 */
/*
 * AdaBoost for several classes: SAMME (Zhu, Zou, Rosset and Hastie, "Multi-class
 * AdaBoost", Statistics and its Interface 2009) over small trees of ours.
 *
 * Each tree is grown on rows weighed by how the trees before it failed on them, and has
 * a say of log((1 - e) / e) + log(K - 1), times `rate`, where e is the share of the
 * weight that it gets wrong.  Its leaves hold that for the class they say and 0 for the
 * others, so the sum over the trees is the votes.  Probabilities are the softmax of the
 * shares of the votes over K - 1, as in scikit-learn; they are never near 0 or 1.
 *
 * In a file: the trees (trees.c).
 */
#include "base/mem.h"
#include "base/rng.h"
#include "learn/cart.h"
#include "learn/link.h"
#include "learn/model_ops.h"
#include "learn/model_option.h"

#include <math.h>
#include <string.h>

enum { TREES, RATE, DEPTH, LEAF };

static const struct lw_model_option ada_options[] = {
    [TREES] = MODEL_WHOLE("trees", 50, 1, 10000, "how many trees at most"),
    [RATE] = MODEL_NUMBER("rate", 1, 1e-3, 10, "of a tree's say"),
    [DEPTH] = MODEL_WHOLE("depth", 1, 1, FOREST_DEPTH_MAX, "of a tree"),
    [LEAF] = MODEL_WHOLE("leaf", 1, 1, 1e9, "rows a leaf needs"),
};

struct ada {
    struct lw_model base;
    struct trees *trees; /* owned */
};

static const struct trees *trees_of(const struct lw_model *m)
{
    return ((const struct ada *)m)->trees;
}

static void ada_free(struct lw_model *m)
{
    struct ada *a = (struct ada *)m;

    trees_free(a->trees);
    mem_free(a);
}

/* Takes `trees`, also when it fails. */
static enum lw_status wrap(struct lw_model **out, struct trees *trees,
                           struct lw_error *err)
{
    struct ada *a = mem_zalloc(1, sizeof *a);

    if (a == NULL) {
        trees_free(trees);
        return lw_fail(err, LW_ENOMEM, "out of memory");
    }
    a->base = (struct lw_model){&model_ada, trees->n_cols, trees->n_classes};
    a->trees = trees;
    *out = &a->base;
    return LW_OK;
}

/* ---- fitting ---- */

struct boost {
    const struct model_task *task;
    struct cart_params params;
    struct bins bins;
    struct cart *cart;
    struct rng rng;
    double *weight;             /* (n_rows), owned; sum 1 */
    uint8_t *wrong;             /* (n_rows), owned: what the last tree got wrong */
    struct cart_sample *sample; /* (n_rows), owned */
    float *vote;                /* (n_classes), owned */
};

static void boost_release(struct boost *b)
{
    bins_release(&b->bins);
    cart_free(b->cart);
    mem_free(b->weight);
    mem_free(b->wrong);
    mem_free(b->sample);
    mem_free(b->vote);
}

static bool normalise(struct boost *b)
{
    size_t n = b->task->x->n_rows;
    double sum = 0;

    for (size_t r = 0; r < n; r++)
        sum += b->weight[r];
    if (!(sum > 0) || !isfinite(sum))
        return false;
    for (size_t r = 0; r < n; r++)
        b->weight[r] /= sum;
    return true;
}

static enum lw_status boost_init(struct boost *b, const struct model_task *t,
                                 struct lw_error *err)
{
    size_t n = t->x->n_rows;
    enum lw_status st;

    *b = (struct boost){.task = t,
                        .params = {.max_depth = (uint32_t)t->option[DEPTH],
                                   .min_split = 2,
                                   .min_leaf = (uint32_t)t->option[LEAF],
                                   .n_features = (uint32_t)t->x->n_cols}};
    if (n > UINT32_MAX / 2)
        return lw_fail(err, LW_ELIMIT, "more rows than trees can number");
    rng_init(&b->rng, t->params->seed);
    b->weight = mem_zalloc(n, sizeof *b->weight);
    b->wrong = mem_zalloc(n, 1);
    b->sample = mem_zalloc(n, sizeof *b->sample);
    b->vote = mem_zalloc(t->n_classes, sizeof *b->vote);
    if (b->weight == NULL || b->wrong == NULL || b->sample == NULL || b->vote == NULL)
        return lw_fail(err, LW_ENOMEM, "out of memory for %zu rows", n);
    for (size_t r = 0; r < n; r++)
        b->weight[r] = t->weights == NULL ? 1 : (double)t->weights[r];
    if (!normalise(b))
        return lw_fail(err, LW_EINVAL, "no row has a weight above 0");
    st = bins_init(&b->bins, t->x, err);
    return st == LW_OK ? cart_new(&b->cart, &b->bins, t->n_classes, n, err) : st;
}

/* A tree for the weights as they are; the caller frees it. */
static enum lw_status grow(struct boost *b, struct trees **out, struct lw_error *err)
{
    const struct model_task *t = b->task;
    struct trees *tree = NULL;
    size_t n = 0;
    enum lw_status st = trees_new(&tree, (uint32_t)t->x->n_cols, t->n_classes, err);

    /* Weights have the sum 1: of many rows in single precision they stay far from 0
     * when they are counted in rows. */
    for (size_t r = 0; r < t->x->n_rows; r++) {
        float w = (float)(b->weight[r] * (double)t->x->n_rows);

        if (w > 0)
            b->sample[n++] = (struct cart_sample){(uint32_t)r, t->labels[r], w};
    }
    if (st == LW_OK)
        st = cart_grow(b->cart, tree, b->sample, n, &b->params, &b->rng, err);
    if (st == LW_OK)
        st = trees_finish(tree, err);
    if (st == LW_OK)
        *out = tree;
    else
        trees_free(tree);
    return st;
}

static uint32_t largest(const float *v, uint32_t n)
{
    uint32_t best = 0;

    for (uint32_t k = 1; k < n; k++)
        if (v[k] > v[best])
            best = k;
    return best;
}

/* Share of the weight that the tree gets wrong; marks these rows. */
static double judge(struct boost *b, const struct trees *tree)
{
    const struct model_task *t = b->task;
    double sum = 0;

    for (size_t r = 0; r < t->x->n_rows; r++) {
        const float *leaf = trees_leaf(tree, 0, t->x->x + r * t->x->n_cols);

        b->wrong[r] = largest(leaf, t->n_classes) != t->labels[r];
        sum += b->wrong[r] ? b->weight[r] : 0;
    }
    return sum;
}

static enum lw_status add_votes(struct boost *b, struct trees *out,
                                const struct trees *tree, double say,
                                struct lw_error *err)
{
    uint32_t k = tree->n_classes;
    enum lw_status st = LW_OK;

    for (uint32_t i = 0; st == LW_OK && i < tree->n_nodes; i++) {
        const struct trees_node *node = &tree->nodes[i];

        if (node->feature == FOREST_LEAF) {
            memset(b->vote, 0, k * sizeof *b->vote);
            b->vote[largest(tree->leaf + (size_t)node->next * k, k)] = (float)say;
        }
        st = trees_add(out, node, b->vote, err);
    }
    return st;
}

/* Rows that were wrong weigh e^say more.  In steps: e^x is known to single precision.
 */
static bool reweigh(struct boost *b, double say)
{
    double factor = 1;

    for (; say > 50; say -= 50)
        factor *= (double)link_exp(50);
    factor *= (double)link_exp((float)say);
    for (size_t r = 0; r < b->task->x->n_rows; r++)
        if (b->wrong[r])
            b->weight[r] *= factor;
    return normalise(b);
}

/* One round; *more says whether another can help. */
static enum lw_status round_of(struct boost *b, struct trees *out, bool *more,
                               struct lw_error *err)
{
    double chance = 1 - 1 / (double)b->task->n_classes;
    struct trees *tree = NULL;
    enum lw_status st = grow(b, &tree, err);
    double e;
    double say;

    if (st != LW_OK)
        return st;
    e = judge(b, tree);
    /* A tree without errors says all; one no better than chance nothing, and so would
     * the next. */
    *more = e > 0 && e < chance;
    say = e > 0 ? b->task->option[RATE] *
                      (link_log((1 - e) / e) + link_log(b->task->n_classes - 1))
                : 1;
    if (e < chance)
        st = add_votes(b, out, tree, fmin(say, (double)TREES_VALUE_MAX), err);
    else if (out->n_nodes == 0)
        st = lw_fail(err, LW_EINVAL, "no tree of this depth is better than chance");
    if (*more)
        *more = reweigh(b, say);
    trees_free(tree);
    return st;
}

static enum lw_status ada_fit(struct lw_model **out, const struct model_task *t,
                              struct lw_error *err)
{
    const struct lw_model_params *p = t->params;
    uint32_t n = (uint32_t)t->option[TREES];
    struct trees *trees = NULL;
    struct boost b = {0};
    bool more = true;
    enum lw_status st = trees_new(&trees, (uint32_t)t->x->n_cols, t->n_classes, err);

    if (st == LW_OK)
        st = boost_init(&b, t, err);
    for (uint32_t i = 0; st == LW_OK && more && i < n; i++) {
        st = round_of(&b, trees, &more, err);
        if (p->progress != NULL)
            p->progress(p->progress_ctx, (i + 1.0) / n, "boosting");
    }
    if (st == LW_OK)
        st = trees_finish(trees, err);
    boost_release(&b);
    if (st == LW_OK)
        return wrap(out, trees, err);
    trees_free(trees);
    return st;
}

/* ---- use ---- */

static void ada_margins(const struct lw_model *m, const float *rows, size_t n_rows,
                        float *out)
{
    size_t k = m->n_classes;

    trees_sum(trees_of(m), rows, n_rows, out);
    for (size_t r = 0; r < n_rows; r++, out += k) {
        double sum = 0;

        for (size_t c = 0; c < k; c++)
            sum += (double)out[c];
        for (size_t c = 0; c < k; c++)
            out[c] = sum > 0 ? (float)((double)out[c] / sum / (double)(k - 1)) : 0;
    }
}

static void ada_predict(const struct lw_model *m, const float *rows, size_t n_rows,
                        float *out)
{
    ada_margins(m, rows, n_rows, out);
    for (size_t r = 0; r < n_rows; r++)
        link_softmax(out + r * m->n_classes, m->n_classes);
}

/* Of the votes. */
static enum lw_status ada_contributions(const struct lw_model *m, const float *row,
                                        uint32_t class_idx, double *phi,
                                        struct lw_error *err)
{
    return trees_contributions(trees_of(m), 1, row, class_idx, phi, err);
}

static void ada_save(const struct lw_model *m, struct buf *out)
{
    trees_save(trees_of(m), out);
}

static enum lw_status ada_load(struct lw_model **out, struct span s, uint32_t n_cols,
                               uint32_t n_classes, struct lw_error *err)
{
    struct trees *trees = NULL;
    enum lw_status st = trees_load(&trees, s, n_cols, n_classes, err);

    return st == LW_OK ? wrap(out, trees, err) : st;
}

const struct model_ops model_ada = {
    .name = "ada",
    .doc = "AdaBoost (SAMME) over small trees",
    .options = ada_options,
    .n_options = sizeof ada_options / sizeof ada_options[0],
    .fit = ada_fit,
    .predict = ada_predict,
    .margins = ada_margins,
    .contributions = ada_contributions,
    .save = ada_save,
    .load = ada_load,
    .free = ada_free,
};

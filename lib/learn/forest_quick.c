/* SPDX-License-Identifier: Apache-2.0 */
/*
 * QuickScorer (Lucchese et al., SIGIR 2015): evaluate a forest by feature instead of by
 * tree, without a jump that depends on a tree's shape.
 *
 * A tree of at most 64 leaves, numbered from the left, has a word with a bit for each
 * leaf that can still be reached.  A split that sends the row right makes the leaves of
 * its left subtree unreachable: it ANDs the word with a mask that lacks them.  When all
 * splits that send right have been applied, the lowest bit left is the exit leaf.
 *
 * The splits of one feature, over all trees, are sorted by threshold: those that send
 * the value x right (threshold <= x) are a prefix, so one pass stops at the first
 * threshold above x and never looks at the others.
 *
 *   feature 7:   threshold  0.5   0.5   2.0   8.0   8.5        row[7] = 3
 *                tree         0    12     3     0     7
 *                mask        m0    m1    m2    m3    m4
 *                          <--- applied --->  <-- not looked at -->
 *
 * A missing value goes each split's default way: a second list per feature has the
 * splits whose default is right.
 *
 * Trees are taken in blocks, so that a block's words stay in the first-level cache and
 * fit on the stack.  Larger trees are served by forest_walk.c.
 */
#include "base/assert.h"
#include "base/mem.h"
#include "learn/forest_kernel.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK_TREES = 1024, LEAVES_MAX = 64 };

struct quick_split {
    uint64_t mask; /* the leaves that stay when the split sends right */
    float threshold;
    uint16_t tree; /* in the block */
    uint16_t column;
};

/* One feature of one block; ranges into `splits`. */
struct quick_feature {
    uint32_t column;
    uint32_t begin; /* sorted by threshold */
    uint32_t end;
    uint32_t missing_begin; /* applied when the value is missing */
    uint32_t missing_end;
};

struct quick_block {
    uint32_t first_tree;
    uint32_t n_trees;
    uint32_t features_begin; /* into `features` */
    uint32_t features_end;
};

struct quick_plan {
    struct forest_plan base;
    struct quick_split *splits;     /* (2 * n splits at most), owned */
    struct quick_feature *features; /* (n_features), owned */
    struct quick_block *blocks;     /* (n_blocks), owned */
    float *leaves;                  /* (n leaves), owned: tree by tree, left to right */
    uint32_t *first_leaf;           /* (n_trees), owned */
    uint32_t n_splits;
    uint32_t n_features;
    uint32_t n_blocks;
    size_t cap_features;
};

static const struct quick_plan *quick_of(const struct forest_plan *plan)
{
    return (const struct quick_plan *)plan;
}

static void quick_free(struct forest_plan *plan)
{
    struct quick_plan *q = (struct quick_plan *)plan;

    if (q == NULL)
        return;
    mem_free(q->splits);
    mem_free(q->features);
    mem_free(q->blocks);
    mem_free(q->leaves);
    mem_free(q->first_leaf);
    mem_free(q);
}

/* A binary tree of n nodes has (n + 1) / 2 leaves. */
static bool quick_suits(const struct forest *f)
{
    for (uint32_t t = 0; t < f->n_trees; t++)
        if (f->root[t + 1] - f->root[t] > 2 * LEAVES_MAX - 1)
            return false;
    return true;
}

/* qsort order: feature, threshold, tree. */
static int compare_splits(const void *pa, const void *pb)
{
    const struct quick_split *a = pa;
    const struct quick_split *b = pb;

    if (a->column != b->column)
        return a->column < b->column ? -1 : 1;
    if (a->threshold < b->threshold || a->threshold > b->threshold)
        return a->threshold < b->threshold ? -1 : 1;
    return (a->tree > b->tree) - (a->tree < b->tree);
}

/* The leaves of a split's left subtree, which in preorder is the nodes between the
 * split and its right child, follow the leaves seen before it. */
static uint64_t split_mask(const struct forest *f, uint32_t split, uint32_t n_before)
{
    uint32_t n_left = (f->nodes[split].right - split) / 2;

    LW_ASSERT(n_left > 0 && n_left + n_before < LEAVES_MAX);
    return ~(((UINT64_C(1) << n_left) - 1) << n_before);
}

/* Put the splits of the block into `q->splits` from `q->n_splits` on: all of them, or
 * those with default right and no threshold.  Returns how many. */
static uint32_t gather_splits(struct quick_plan *q, const struct forest *f,
                              const struct quick_block *b, bool missing)
{
    uint32_t n = q->n_splits;

    for (uint32_t t = 0; t < b->n_trees; t++) {
        uint32_t n_leaves = 0;
        uint32_t tree = b->first_tree + t;

        for (uint32_t i = f->root[tree]; i < f->root[tree + 1]; i++) {
            const struct forest_node *node = &f->nodes[i];

            if (node->feature == FOREST_LEAF) {
                n_leaves++;
            } else if (!missing || !node->default_left) {
                q->splits[n++] = (struct quick_split){
                    .mask = split_mask(f, i, n_leaves),
                    .threshold = missing ? 0.0f : node->value,
                    .tree = (uint16_t)t,
                    .column = node->feature,
                };
            }
        }
    }
    return n - q->n_splits;
}

/* Sort what was gathered and make one entry of equal ones; returns how many are left.
 */
static uint32_t merge_splits(struct quick_split *s, uint32_t n)
{
    uint32_t n_out = 0;

    qsort(s, n, sizeof *s, compare_splits);
    for (uint32_t i = 0; i < n; i++) {
        if (n_out > 0 && compare_splits(&s[n_out - 1], &s[i]) == 0)
            s[n_out - 1].mask &= s[i].mask;
        else
            s[n_out++] = s[i];
    }
    return n_out;
}

static enum lw_status add_feature(struct quick_plan *q, uint32_t begin, uint32_t end,
                                  struct lw_error *err)
{
    struct quick_feature *grown = mem_grow(
        q->features, &q->cap_features, (size_t)q->n_features + 1, sizeof *q->features);

    if (grown == NULL)
        return lw_fail(err, LW_ENOMEM, "out of memory");
    q->features = grown;
    q->features[q->n_features++] = (struct quick_feature){
        .column = q->splits[begin].column, .begin = begin, .end = end};
    return LW_OK;
}

/* Every feature with a missing list has a threshold list: walk both in column order. */
static void assign_missing(struct quick_plan *q, const struct quick_block *b,
                           uint32_t begin, uint32_t end)
{
    for (uint32_t k = b->features_begin; k < b->features_end; k++) {
        struct quick_feature *feature = &q->features[k];

        feature->missing_begin = begin;
        while (begin < end && q->splits[begin].column == feature->column)
            begin++;
        feature->missing_end = begin;
    }
    LW_ASSERT(begin == end);
}

static enum lw_status build_block(struct quick_plan *q, const struct forest *f,
                                  struct quick_block *b, struct lw_error *err)
{
    uint32_t begin = q->n_splits;
    enum lw_status st = LW_OK;

    q->n_splits += merge_splits(q->splits + begin, gather_splits(q, f, b, false));
    b->features_begin = q->n_features;
    while (begin < q->n_splits && st == LW_OK) {
        uint32_t end = begin;

        while (end < q->n_splits && q->splits[end].column == q->splits[begin].column)
            end++;
        st = add_feature(q, begin, end, err);
        begin = end;
    }
    b->features_end = q->n_features;
    if (st != LW_OK)
        return st;
    q->n_splits += merge_splits(q->splits + begin, gather_splits(q, f, b, true));
    assign_missing(q, b, begin, q->n_splits);
    return LW_OK;
}

static void copy_leaves(struct quick_plan *q, const struct forest *f)
{
    uint32_t n = 0;

    for (uint32_t t = 0; t < f->n_trees; t++) {
        q->first_leaf[t] = n;
        for (uint32_t i = f->root[t]; i < f->root[t + 1]; i++)
            if (f->nodes[i].feature == FOREST_LEAF)
                q->leaves[n++] = f->nodes[i].value;
    }
}

/* An empty plan with room for all that the forest has. */
static struct quick_plan *quick_alloc(const struct forest *f)
{
    struct quick_plan *q = mem_zalloc(1, sizeof *q);

    if (q == NULL)
        return NULL;
    q->base.kernel = &forest_kernel_quick;
    q->n_blocks = (f->n_trees + BLOCK_TREES - 1) / BLOCK_TREES;
    q->splits = mem_zalloc(f->n_nodes, sizeof *q->splits);
    q->blocks = mem_zalloc(q->n_blocks, sizeof *q->blocks);
    q->leaves = mem_zalloc(f->n_nodes, sizeof *q->leaves);
    q->first_leaf = mem_zalloc(f->n_trees, sizeof *q->first_leaf);
    if (q->splits == NULL || q->blocks == NULL || q->leaves == NULL ||
        q->first_leaf == NULL) {
        quick_free(&q->base);
        return NULL;
    }
    return q;
}

static enum lw_status quick_build(struct forest_plan **out, const struct forest *f,
                                  struct lw_error *err)
{
    struct quick_plan *q = quick_alloc(f);

    if (q == NULL)
        return lw_fail(err, LW_ENOMEM, "out of memory");
    for (uint32_t k = 0; k < q->n_blocks; k++) {
        struct quick_block *b = &q->blocks[k];
        enum lw_status st;

        b->first_tree = k * BLOCK_TREES;
        b->n_trees = f->n_trees - b->first_tree;
        if (b->n_trees > BLOCK_TREES)
            b->n_trees = BLOCK_TREES;
        st = build_block(q, f, b, err);
        if (st != LW_OK) {
            quick_free(&q->base);
            return st;
        }
    }
    copy_leaves(q, f);
    *out = &q->base;
    return LW_OK;
}

/* Strike out the leaves that the row cannot reach. */
static void mark_block(const struct quick_plan *q, const struct quick_block *b,
                       const float *row, uint64_t *live)
{
    memset(live, 0xff, b->n_trees * sizeof *live);
    for (uint32_t k = b->features_begin; k < b->features_end; k++) {
        const struct quick_feature *feature = &q->features[k];
        float x = row[feature->column];
        const struct quick_split *s = q->splits + feature->begin;
        const struct quick_split *end = q->splits + feature->end;

        if (isnan(x)) {
            s = q->splits + feature->missing_begin;
            end = q->splits + feature->missing_end;
            for (; s < end; s++)
                live[s->tree] &= s->mask;
        }
        for (; s < end && s->threshold <= x; s++)
            live[s->tree] &= s->mask;
    }
}

/* Add the exit leaves, group by group and within each in the order of the trees. */
static void sum_block(const struct quick_plan *q, const struct quick_block *b,
                      const uint64_t *live, uint32_t n_groups, float *margin)
{
    const uint32_t *first_leaf = q->first_leaf + b->first_tree;

    for (uint32_t g = 0; g < n_groups; g++) {
        uint32_t t = (g + n_groups - b->first_tree % n_groups) % n_groups;
        float sum = margin[g];

        for (; t < b->n_trees; t += n_groups)
            sum += q->leaves[first_leaf[t] + (unsigned)__builtin_ctzll(live[t])];
        margin[g] = sum;
    }
}

static void quick_margins(const struct forest *f, const struct forest_plan *plan,
                          const float *rows, size_t n_rows, float *out)
{
    const struct quick_plan *q = quick_of(plan);
    uint64_t live[BLOCK_TREES];

    for (size_t r = 0; r < n_rows; r++) {
        float *margin = out + r * f->n_groups;

        for (uint32_t g = 0; g < f->n_groups; g++)
            margin[g] = f->base;
        for (uint32_t k = 0; k < q->n_blocks; k++) {
            mark_block(q, &q->blocks[k], rows + r * f->n_cols, live);
            sum_block(q, &q->blocks[k], live, f->n_groups, margin);
        }
    }
}

const struct forest_kernel forest_kernel_quick = {
    .name = "quick",
    .suits = quick_suits,
    .build = quick_build,
    .margins = quick_margins,
    .free = quick_free,
};

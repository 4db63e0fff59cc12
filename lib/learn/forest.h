/* SPDX-License-Identifier: Apache-2.0 */
/*
 * learn/forest.h - boosted trees as we keep, store and evaluate them.
 *
 * The trees' nodes lie in one array, tree after tree, each tree in preorder: a split's
 * left child is the next node, its right child is `right`.  A row goes left where its
 * value is below the threshold, right where it is not; a missing value (NaN) goes the
 * split's default way.  Tree t adds its leaf to the margin of group t % n_groups, in
 * single precision, in the order of the trees: the sum is the same bits whoever
 * computes it (XGBoost adds in this order too).
 *
 * Several classes have a group each and become probabilities by softmax; two classes
 * share one group, the log-odds of class 1.
 *
 * A forest is filled node by node and then finished, which checks everything; nothing
 * else may be done with it before.  Thread safety: a finished forest never changes.
 */
#ifndef LEARN_FOREST_H
#define LEARN_FOREST_H

#include "base/buf.h"
#include "base/span.h"

#include <lapwing/error.h>

#include <stdbool.h>
#include <stdint.h>

enum {
    FOREST_LEAF = 0xffff, /* `feature` of a node that is a leaf */
    FOREST_COLS_MAX = 0xffff,
    FOREST_CLASSES_MAX = 1024,
    FOREST_TREES_MAX = 1 << 17,
    FOREST_NODES_MAX = 1 << 26,
    FOREST_DEPTH_MAX = 32 /* splits above the deepest leaf */
};

/** Bound of leaf values and of the base: no sum of them overflows. */
#define FOREST_VALUE_MAX 1e9f

struct forest_node {
    float value;    /* threshold of a split, or what a leaf adds to the margin */
    float cover;    /* sum of the training rows' second derivatives that came here */
    uint32_t right; /* index of a split's right child, made by forest_finish() */
    uint16_t feature;
    bool default_left;
};

struct treeshap_plan; /* learn/treeshap.h */
struct forest_plan;   /* a kernel's own form of the trees, learn/forest_kernel.h */

struct forest {
    struct forest_node *nodes; /* (n_nodes), owned */
    uint32_t *root;           /* (n_trees + 1), owned: tree t is [root[t], root[t+1]) */
    double *expected;         /* (n_groups), owned: mean margin over training covers */
    struct forest_plan *plan; /* owned */
    struct forest_plan *plan_many; /* owned: for many rows; NULL: there is none */
    struct treeshap_plan *reasons; /* owned */
    size_t cap_nodes;
    uint32_t n_nodes;
    uint32_t n_trees;
    uint32_t n_cols;
    uint32_t n_classes;
    uint32_t n_groups; /* 1 for two classes, else n_classes */
    uint32_t largest;  /* nodes of the largest tree, at least 1 */
    uint32_t depth;    /* splits above the deepest leaf of all */
    float base;        /* every margin before the first tree */
};

/** Share of a split's training cover that went left; half where none came at all. */
static inline double forest_left_share(const struct forest *f, uint32_t split)
{
    double left = (double)f->nodes[split + 1].cover;
    double sum = left + (double)f->nodes[f->nodes[split].right].cover;

    return sum > 0 ? left / sum : 0.5;
}

/** Whether trees over so many columns, for so many classes, are possible: LW_OK or
 *  LW_ELIMIT. */
LW_MUST enum lw_status forest_check_size(uint32_t n_cols, uint32_t n_classes,
                                         struct lw_error *err);

/** An empty forest; the caller owns *out.  LW_ELIMIT: columns or classes out of range.
 *  LW_ENOMEM. */
LW_MUST enum lw_status forest_new(struct forest **out, uint32_t n_cols,
                                  uint32_t n_classes, float base, struct lw_error *err);

/** Append a node, in preorder.  LW_ELIMIT, LW_ENOMEM. */
LW_MUST enum lw_status forest_add(struct forest *f, const struct forest_node *node,
                                  struct lw_error *err);

/** Check every node, link the trees, choose the kernel.  LW_EFORMAT says which tree and
 *  node is wrong.  LW_ENOMEM. */
LW_MUST enum lw_status forest_finish(struct forest *f, struct lw_error *err);

/** NULL is fine. */
void forest_free(struct forest *f);

/** Raw scores: out (n_rows, n_groups); rows (n_rows, n_cols). */
void forest_margins(const struct forest *f, const float *rows, size_t n_rows,
                    float *out);

/** Class probabilities: out (n_rows, n_classes). */
void forest_predict(const struct forest *f, const float *rows, size_t n_rows,
                    float *out);

/** Append the stored form to `out`, or read it and finish the forest.  The layout is
 *  told in forest_file.c.  LW_EFORMAT, LW_ETRUNCATED, LW_ELIMIT, LW_ENOMEM. */
void forest_save(const struct forest *f, struct buf *out);
LW_MUST enum lw_status forest_load(struct forest **out, struct span s, uint32_t n_cols,
                                   uint32_t n_classes, struct lw_error *err);

#endif /* LEARN_FOREST_H */

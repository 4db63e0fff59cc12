/* SPDX-License-Identifier: Apache-2.0 */
/*
 * learn/trees.h - trees whose leaves say something of every class.
 *
 * The trees of learn/forest.h add one number each to one class's margin, as boosting
 * does.  A tree that was grown for all classes together has a number for each class in
 * a leaf; as one tree a class it would be walked once a class.  Otherwise they are
 * alike: nodes in one array, tree after tree, each in preorder; a row goes left where
 * its value is below the threshold, and a missing one the split's default way.
 *
 * Trees are filled node by node and then finished, which checks everything.  Thread
 * safety: finished trees never change.
 */
#ifndef LEARN_TREES_H
#define LEARN_TREES_H

#include "base/buf.h"
#include "base/span.h"
#include "learn/forest.h"

/** Bound of what leaves hold. */
#define TREES_VALUE_MAX 1e6f

struct trees_node {
    float threshold;
    float cover;      /* weight of the training rows that came here */
    uint32_t next;    /* a split's right child; a leaf's row in `leaf` */
    uint16_t feature; /* FOREST_LEAF for a leaf */
    bool default_left;
};

struct trees {
    struct trees_node *nodes; /* (n_nodes), owned */
    float *leaf;              /* (n_leaves, n_classes), owned */
    uint32_t *root;           /* (n_trees + 1), owned: tree t is [root[t], root[t+1]) */
    size_t cap_nodes;
    size_t cap_leaf; /* floats */
    uint32_t n_nodes;
    uint32_t n_leaves;
    uint32_t n_trees;
    uint32_t n_cols;
    uint32_t n_classes;
};

/** Empty trees; the caller owns *out.  LW_ELIMIT: columns or classes out of range.
 *  LW_ENOMEM. */
LW_MUST enum lw_status trees_new(struct trees **out, uint32_t n_cols,
                                 uint32_t n_classes, struct lw_error *err);

/** Append a node, in preorder: a split, or a leaf with its values (n_classes).
 *  `next` is ignored.  LW_ELIMIT, LW_ENOMEM. */
LW_MUST enum lw_status trees_add(struct trees *t, const struct trees_node *node,
                                 const float *values, struct lw_error *err);

/** Check every node and link the trees.  LW_EFORMAT says which tree is wrong.
 *  LW_ELIMIT, LW_ENOMEM. */
LW_MUST enum lw_status trees_finish(struct trees *t, struct lw_error *err);

/** NULL is fine. */
void trees_free(struct trees *t);

/** The values of the leaf that a row reaches in one tree, (n_classes), borrowed. */
const float *trees_leaf(const struct trees *t, uint32_t tree, const float *row);

/** Sum over all trees, in their order: out (n_rows, n_classes). */
void trees_sum(const struct trees *t, const float *rows, size_t n_rows, float *out);

/** TreeSHAP of one class's sum, multiplied by `scale`: phi (n_cols + 1). */
LW_MUST enum lw_status trees_contributions(const struct trees *t, float scale,
                                           const float *row, uint32_t class_idx,
                                           double *phi, struct lw_error *err);

/** Append the stored form, or read it and finish the trees.  The layout is told in
 *  trees.c.  LW_EFORMAT, LW_ETRUNCATED, LW_ELIMIT, LW_ENOMEM. */
void trees_save(const struct trees *t, struct buf *out);
LW_MUST enum lw_status trees_load(struct trees **out, struct span s, uint32_t n_cols,
                                  uint32_t n_classes, struct lw_error *err);

#endif /* LEARN_TREES_H */

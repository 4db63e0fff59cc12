/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The stored form, little-endian:
 *
 *   offset  size  meaning
 *        0     4  number of trees
 *        4     4  number of nodes
 *        8     4  number of leaves
 *       12   12n  the nodes, tree after tree, each tree in preorder:
 *                   0  2  column that is compared, or 0xffff for a leaf
 *                   2  1  1 where a missing value goes left
 *                   3  1  0
 *                   4  4  threshold, 0 for a leaf (IEEE single)
 *                   8  4  weight of the training rows (IEEE single)
 *            4lk  the leaves' values in the order of the leaves, a number for each of
 *                 the k classes (IEEE single)
 *
 * Links are not stored: preorder implies them, so no file can describe a loop.
 */
#include "learn/trees.h"

#include "base/assert.h"
#include "base/mem.h"
#include "learn/treeshap.h"

#include <math.h>
#include <string.h>

enum { NODE_BYTES = 12, BLOCK_ROWS = 64 };

enum lw_status trees_new(struct trees **out, uint32_t n_cols, uint32_t n_classes,
                         struct lw_error *err)
{
    enum lw_status st = forest_check_size(n_cols, n_classes, err);
    struct trees *t;

    if (st != LW_OK)
        return st;
    t = mem_zalloc(1, sizeof *t);
    if (t == NULL)
        return lw_fail(err, LW_ENOMEM, "out of memory");
    t->n_cols = n_cols;
    t->n_classes = n_classes;
    *out = t;
    return LW_OK;
}

void trees_free(struct trees *t)
{
    if (t == NULL)
        return;
    mem_free(t->nodes);
    mem_free(t->leaf);
    mem_free(t->root);
    mem_free(t);
}

static enum lw_status add_leaf(struct trees *t, const float *values,
                               struct lw_error *err)
{
    size_t k = t->n_classes;
    float *grown =
        mem_grow(t->leaf, &t->cap_leaf, ((size_t)t->n_leaves + 1) * k, sizeof *grown);

    if (grown == NULL)
        return lw_fail(err, LW_ENOMEM, "out of memory for trees");
    t->leaf = grown;
    memcpy(t->leaf + t->n_leaves++ * k, values, k * sizeof *values);
    return LW_OK;
}

enum lw_status trees_add(struct trees *t, const struct trees_node *node,
                         const float *values, struct lw_error *err)
{
    struct trees_node *grown;

    LW_ASSERT(t->root == NULL);
    if (t->n_nodes == FOREST_NODES_MAX)
        return lw_fail(err, LW_ELIMIT, "more than %d tree nodes", FOREST_NODES_MAX);
    grown = mem_grow(t->nodes, &t->cap_nodes, (size_t)t->n_nodes + 1, sizeof *grown);
    if (grown == NULL)
        return lw_fail(err, LW_ENOMEM, "out of memory for trees");
    t->nodes = grown;
    t->nodes[t->n_nodes] = *node;
    t->nodes[t->n_nodes++].next = t->n_leaves;
    return node->feature == FOREST_LEAF ? add_leaf(t, values, err) : LW_OK;
}

static enum lw_status check_node(const struct trees *t, const struct trees_node *n,
                                 struct lw_error *err)
{
    const float *v = t->leaf + (size_t)n->next * t->n_classes;

    if (!isfinite(n->threshold) || !isfinite(n->cover) || n->cover < 0)
        return lw_fail(err, LW_EFORMAT, "tree %u: a number is out of range",
                       t->n_trees);
    if (n->feature != FOREST_LEAF)
        return n->feature < t->n_cols
                   ? LW_OK
                   : lw_fail(err, LW_EFORMAT, "tree %u splits column %u of %u",
                             t->n_trees, n->feature, t->n_cols);
    for (uint32_t k = 0; k < t->n_classes; k++)
        if (!(v[k] >= 0 && v[k] <= TREES_VALUE_MAX))
            return lw_fail(err, LW_EFORMAT, "tree %u: a leaf's value is out of range",
                           t->n_trees);
    return LW_OK;
}

/* A leaf completes the left side of the innermost split that waits for its right
 * child, or the tree (as in forest.c). */
static enum lw_status link_tree(struct trees *t, uint32_t *at, struct lw_error *err)
{
    uint32_t waiting[FOREST_DEPTH_MAX];
    uint32_t depth_of[FOREST_DEPTH_MAX];
    uint32_t n_waiting = 0;
    uint32_t depth = 0;

    for (uint32_t i = *at; i < t->n_nodes; i++) {
        enum lw_status st = check_node(t, &t->nodes[i], err);

        if (st != LW_OK)
            return st;
        if (t->nodes[i].feature != FOREST_LEAF) {
            if (depth == FOREST_DEPTH_MAX)
                return lw_fail(err, LW_ELIMIT, "tree %u is deeper than %d", t->n_trees,
                               FOREST_DEPTH_MAX);
            waiting[n_waiting] = i;
            depth_of[n_waiting++] = ++depth;
            continue;
        }
        if (n_waiting == 0) {
            *at = i + 1;
            return LW_OK;
        }
        t->nodes[waiting[--n_waiting]].next = i + 1;
        depth = depth_of[n_waiting];
    }
    return lw_fail(err, LW_EFORMAT, "tree %u ends before its last leaf", t->n_trees);
}

enum lw_status trees_finish(struct trees *t, struct lw_error *err)
{
    uint32_t at = 0;

    LW_ASSERT(t->root == NULL);
    if (t->n_nodes == 0)
        return lw_fail(err, LW_EFORMAT, "no trees");
    t->root = mem_zalloc((size_t)t->n_nodes + 1, sizeof *t->root);
    if (t->root == NULL)
        return lw_fail(err, LW_ENOMEM, "out of memory for trees");
    while (at < t->n_nodes) {
        enum lw_status st = link_tree(t, &at, err);

        if (st != LW_OK)
            return st;
        if (t->n_trees == FOREST_TREES_MAX)
            return lw_fail(err, LW_ELIMIT, "more than %d trees", FOREST_TREES_MAX);
        t->root[++t->n_trees] = at;
    }
    return LW_OK;
}

/* ---- use ---- */

const float *trees_leaf(const struct trees *t, uint32_t tree, const float *row)
{
    const struct trees_node *nodes = t->nodes;
    uint32_t i = t->root[tree];

    while (nodes[i].feature != FOREST_LEAF) {
        float x = row[nodes[i].feature];
        bool left = isnan(x) ? nodes[i].default_left : x < nodes[i].threshold;

        i = left ? i + 1 : nodes[i].next;
    }
    return t->leaf + (size_t)nodes[i].next * t->n_classes;
}

/* A block of rows goes through one tree while its nodes are at hand; each row's sum is
 * in the order of the trees whatever the blocks are. */
void trees_sum(const struct trees *t, const float *rows, size_t n_rows, float *out)
{
    size_t k = t->n_classes;

    memset(out, 0, n_rows * k * sizeof *out);
    for (size_t from = 0; from < n_rows; from += BLOCK_ROWS) {
        size_t to = n_rows - from < BLOCK_ROWS ? n_rows : from + BLOCK_ROWS;

        for (uint32_t tree = 0; tree < t->n_trees; tree++) {
            for (size_t r = from; r < to; r++) {
                const float *v = trees_leaf(t, tree, rows + r * t->n_cols);

                for (size_t c = 0; c < k; c++)
                    out[r * k + c] += v[c];
            }
        }
    }
}

/* One class of the trees, as a forest whose margin of class 1 is its sum. */
static enum lw_status class_forest(struct forest **out, const struct trees *t,
                                   float scale, uint32_t class_idx,
                                   struct lw_error *err)
{
    struct forest *f = NULL;
    enum lw_status st = forest_new(&f, t->n_cols, 2, 0, err);

    for (uint32_t i = 0; st == LW_OK && i < t->n_nodes; i++) {
        const struct trees_node *n = &t->nodes[i];
        bool leaf = n->feature == FOREST_LEAF;

        st = forest_add(
            f,
            &(struct forest_node){
                .feature = n->feature,
                .default_left = n->default_left,
                .cover = n->cover,
                .value =
                    leaf ? scale * t->leaf[(size_t)n->next * t->n_classes + class_idx]
                         : n->threshold},
            err);
    }
    if (st == LW_OK)
        st = forest_finish(f, err);
    if (st == LW_OK)
        *out = f;
    else
        forest_free(f);
    return st;
}

enum lw_status trees_contributions(const struct trees *t, float scale, const float *row,
                                   uint32_t class_idx, double *phi,
                                   struct lw_error *err)
{
    struct forest *f = NULL;
    enum lw_status st = class_forest(&f, t, scale, class_idx, err);

    if (st == LW_OK)
        st = treeshap_row(f, row, 1, phi, err);
    forest_free(f);
    return st;
}

/* ---- storage ---- */

void trees_save(const struct trees *t, struct buf *out)
{
    size_t n_values = (size_t)t->n_leaves * t->n_classes;

    buf_add_le32(out, t->n_trees);
    buf_add_le32(out, t->n_nodes);
    buf_add_le32(out, t->n_leaves);
    for (uint32_t i = 0; i < t->n_nodes; i++) {
        const struct trees_node *n = &t->nodes[i];

        buf_add_le16(out, n->feature);
        buf_add_u8(out, n->default_left);
        buf_add_u8(out, 0);
        buf_add_f32(out, n->threshold);
        buf_add_f32(out, n->cover);
    }
    for (size_t i = 0; i < n_values; i++)
        buf_add_f32(out, t->leaf[i]);
}

static enum lw_status load_node(struct trees *t, struct span *nodes,
                                struct span *values, float *leaf, struct lw_error *err)
{
    struct trees_node n = {0};
    uint8_t left = 0;
    uint8_t zero = 0;
    bool whole = span_take_le16(nodes, &n.feature) && span_take_u8(nodes, &left) &&
                 span_take_u8(nodes, &zero) && span_take_f32(nodes, &n.threshold) &&
                 span_take_f32(nodes, &n.cover);

    LW_ASSERT(whole); /* the caller compared length and count */
    if (left > 1 || zero != 0)
        return lw_fail(err, LW_EFORMAT, "tree node %u: unknown flags", t->n_nodes);
    n.default_left = left == 1;
    for (uint32_t k = 0; n.feature == FOREST_LEAF && k < t->n_classes; k++)
        if (!span_take_f32(values, &leaf[k]))
            return lw_fail(err, LW_EFORMAT, "trees: fewer leaves than announced");
    return trees_add(t, &n, leaf, err);
}

static enum lw_status load_nodes(struct trees *t, struct span s, uint32_t n_nodes,
                                 struct lw_error *err)
{
    struct span nodes = span_first(s, (size_t)n_nodes * NODE_BYTES);
    struct span values = span_from(s, (size_t)n_nodes * NODE_BYTES);
    float leaf[FOREST_CLASSES_MAX];
    enum lw_status st = LW_OK;

    for (uint32_t i = 0; i < n_nodes && st == LW_OK; i++)
        st = load_node(t, &nodes, &values, leaf, err);
    if (st == LW_OK && values.n > 0)
        st = lw_fail(err, LW_EFORMAT, "trees: more leaves than announced");
    return st == LW_OK ? trees_finish(t, err) : st;
}

enum lw_status trees_load(struct trees **out, struct span s, uint32_t n_cols,
                          uint32_t n_classes, struct lw_error *err)
{
    struct trees *t = NULL;
    uint32_t n_trees;
    uint32_t n_nodes;
    uint32_t n_leaves;
    uint64_t n_bytes;
    enum lw_status st;

    if (!span_take_le32(&s, &n_trees) || !span_take_le32(&s, &n_nodes) ||
        !span_take_le32(&s, &n_leaves))
        return lw_fail(err, LW_ETRUNCATED, "trees: cut off in their header");
    st = trees_new(&t, n_cols, n_classes, err);
    if (st != LW_OK)
        return st;
    n_bytes = (uint64_t)n_nodes * NODE_BYTES + (uint64_t)n_leaves * n_classes * 4;
    if (s.n != n_bytes)
        st = lw_fail(err, s.n < n_bytes ? LW_ETRUNCATED : LW_EFORMAT,
                     "trees: %zu bytes for %u nodes and %u leaves", s.n, n_nodes,
                     n_leaves);
    if (st == LW_OK)
        st = load_nodes(t, s, n_nodes, err);
    if (st == LW_OK && (t->n_trees != n_trees || t->n_leaves != n_leaves))
        st = lw_fail(err, LW_EFORMAT, "trees: not as many as announced");
    if (st == LW_OK)
        *out = t;
    else
        trees_free(t);
    return st;
}

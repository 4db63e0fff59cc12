/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A forest's stored form, little-endian:
 *
 *   offset  size  meaning
 *        0     4  base margin (IEEE single)
 *        4     4  number of trees
 *        8     4  number of nodes
 *       12   12n  the nodes, tree after tree, each tree in preorder:
 *                   0  2  column that is compared, or 0xffff for a leaf
 *                   2  1  1 where a missing value goes left
 *                   3  1  0
 *                   4  4  threshold or leaf value (IEEE single)
 *                   8  4  cover (IEEE single)
 *
 * Links between nodes are not stored: preorder implies them, so no file can describe a
 * loop or a node with two parents.
 */
#include "base/assert.h"
#include "learn/forest.h"

enum { NODE_BYTES = 12 };

void forest_save(const struct forest *f, struct buf *out)
{
    buf_add_f32(out, f->base);
    buf_add_le32(out, f->n_trees);
    buf_add_le32(out, f->n_nodes);
    for (uint32_t i = 0; i < f->n_nodes; i++) {
        const struct forest_node *n = &f->nodes[i];

        buf_add_le16(out, n->feature);
        buf_add_u8(out, n->default_left);
        buf_add_u8(out, 0);
        buf_add_f32(out, n->value);
        buf_add_f32(out, n->cover);
    }
}

static enum lw_status load_node(struct forest *f, struct span *s, struct lw_error *err)
{
    struct forest_node n = {0};
    uint8_t left = 0;
    uint8_t zero = 0;
    bool whole = span_take_le16(s, &n.feature) && span_take_u8(s, &left) &&
                 span_take_u8(s, &zero) && span_take_f32(s, &n.value) &&
                 span_take_f32(s, &n.cover);

    LW_ASSERT(whole); /* the caller compared length and count */
    if (left > 1 || zero != 0)
        return lw_fail(err, LW_EFORMAT, "tree node %u: unknown flags", f->n_nodes);
    n.default_left = left == 1;
    return forest_add(f, &n, err);
}

static enum lw_status load_nodes(struct forest *f, struct span s, uint32_t n_trees,
                                 uint32_t n_nodes, struct lw_error *err)
{
    enum lw_status st = LW_OK;

    for (uint32_t i = 0; i < n_nodes && st == LW_OK; i++)
        st = load_node(f, &s, err);
    if (st == LW_OK)
        st = forest_finish(f, err);
    if (st == LW_OK && f->n_trees != n_trees)
        st = lw_fail(err, LW_EFORMAT, "%u trees where %u were announced", f->n_trees,
                     n_trees);
    return st;
}

enum lw_status forest_load(struct forest **out, struct span s, uint32_t n_cols,
                           uint32_t n_classes, struct lw_error *err)
{
    struct forest *f = NULL;
    enum lw_status st;
    float base = 0;
    uint32_t n_trees = 0;
    uint32_t n_nodes = 0;

    if (!span_take_f32(&s, &base) || !span_take_le32(&s, &n_trees) ||
        !span_take_le32(&s, &n_nodes))
        return lw_fail(err, LW_ETRUNCATED, "trees: cut off in their header");
    if (!(base >= -FOREST_VALUE_MAX && base <= FOREST_VALUE_MAX))
        return lw_fail(err, LW_EFORMAT, "trees: the base margin is out of range");
    if (s.n / NODE_BYTES != n_nodes || s.n % NODE_BYTES != 0)
        return lw_fail(err, s.n / NODE_BYTES < n_nodes ? LW_ETRUNCATED : LW_EFORMAT,
                       "trees: %zu bytes for %u nodes of %d bytes", s.n, n_nodes,
                       NODE_BYTES);
    st = forest_new(&f, n_cols, n_classes, base, err);
    if (st != LW_OK)
        return st;
    st = load_nodes(f, s, n_trees, n_nodes, err);
    if (st != LW_OK) {
        forest_free(f);
        return st;
    }
    *out = f;
    return LW_OK;
}

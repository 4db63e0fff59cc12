/* SPDX-License-Identifier: Apache-2.0 */
#include "learn/forest_block.h"

#include "base/assert.h"
#include "base/mem.h"

static const struct block_plan *block_of(const struct forest_plan *plan)
{
    return (const struct block_plan *)plan;
}

bool block_suits(const struct forest *f)
{
    return f->n_groups <= BLOCK_GROUPS_MAX && f->largest < 2 * BLOCK_LEAVES_MAX;
}

void block_free(struct forest_plan *plan)
{
    struct block_plan *b = (struct block_plan *)plan;

    if (b == NULL)
        return;
    mem_free(b->splits);
    mem_free(b->trees);
    mem_free(b->leaves);
    ranks_release(&b->ranks);
    mem_free(b);
}

/* ---- the plan ---------------------------------------------------------------------
 */

static struct block_split find_split(const struct block_plan *b,
                                     const struct forest_node *node)
{
    struct block_split s = {0};
    uint32_t slice = ranks_find(&b->ranks, node, &s.rank);

    s.ranks = (uint16_t)(2 * slice + node->default_left);
    return s;
}

/* One tree's nodes, which are in preorder: a node's place is known once the splits and
 * leaves before it are counted. */
static void lay_tree(struct block_plan *b, const struct forest *f, uint32_t t)
{
    const struct forest_node *nodes = f->nodes + f->root[t];
    uint32_t n_nodes = f->root[t + 1] - f->root[t];
    struct block_tree *tree = &b->trees[t];
    uint8_t place[2 * BLOCK_LEAVES_MAX];
    uint8_t n_splits = 0;
    uint8_t n_leaves = 0;

    for (uint32_t i = 0; i < n_nodes; i++) {
        if (nodes[i].feature == FOREST_LEAF) {
            place[i] = (uint8_t)(BLOCK_LEAF_PLACE + n_leaves);
            b->leaves[tree->first_leaf + n_leaves++] = nodes[i].value;
        } else {
            place[i] = n_splits++;
        }
    }
    for (uint32_t i = 0; i < n_nodes; i++) {
        struct block_split *s;

        if (nodes[i].feature == FOREST_LEAF)
            continue;
        s = &b->splits[tree->first_split + place[i]];
        *s = find_split(b, &nodes[i]);
        s->left = place[i + 1];
        s->right = place[nodes[i].right - f->root[t]];
    }
    tree->n_leaves = n_leaves;
}

static void lay_trees(struct block_plan *b, const struct forest *f)
{
    uint32_t n_splits = 0;
    uint32_t n_leaves = 0;

    for (uint32_t t = 0; t < f->n_trees; t++) {
        b->trees[t].first_split = n_splits;
        b->trees[t].first_leaf = n_leaves;
        lay_tree(b, f, t);
        n_leaves += b->trees[t].n_leaves;
        n_splits += b->trees[t].n_leaves - 1;
    }
}

static bool block_alloc(struct block_plan *b, const struct forest *f)
{
    b->splits = mem_zalloc(f->n_nodes, sizeof *b->splits);
    b->trees = mem_zalloc(f->n_trees, sizeof *b->trees);
    b->leaves = mem_zalloc((size_t)f->n_nodes + BLOCK_LEAVES_MAX, sizeof *b->leaves);
    return b->splits != NULL && b->trees != NULL && b->leaves != NULL;
}

enum lw_status block_build(const struct forest_kernel *kernel, size_t size,
                           struct forest_plan **out, const struct forest *f,
                           struct lw_error *err)
{
    struct block_plan *b;
    enum lw_status st;

    LW_ASSERT(size >= sizeof *b);
    b = mem_zalloc(1, size);
    if (b == NULL)
        return lw_fail(err, LW_ENOMEM, "out of memory");
    st = ranks_init(&b->ranks, f, err);
    if (st == LW_OK && !block_alloc(b, f))
        st = lw_fail(err, LW_ENOMEM, "out of memory");
    if (st != LW_OK) {
        block_free(&b->base);
        return st;
    }
    b->base.kernel = kernel;
    lay_trees(b, f);
    *out = &b->base;
    return LW_OK;
}

/* ---- use --------------------------------------------------------------------------
 */

void block_margins(const struct forest *f, const struct forest_plan *plan,
                   block_sum_fn *sum, const float *rows, size_t n_rows, float *out)
{
    const struct block_plan *b = block_of(plan);
    _Alignas(64) block_ranks ranks[2 * RANKS_SLICES_MAX];
    _Alignas(64) float sums[BLOCK_GROUPS_MAX][BLOCK_ROWS];

    for (size_t from = 0; from < n_rows; from += BLOCK_ROWS) {
        size_t n = n_rows - from < BLOCK_ROWS ? n_rows - from : BLOCK_ROWS;

        ranks_apply(&b->ranks, rows + from * f->n_cols, f->n_cols, n_rows - from,
                    ranks[0], BLOCK_ROWS);
        for (uint32_t g = 0; g < f->n_groups; g++)
            for (size_t r = 0; r < BLOCK_ROWS; r++)
                sums[g][r] = f->base;
        sum(f, b, ranks, sums);
        for (size_t r = 0; r < n; r++)
            for (uint32_t g = 0; g < f->n_groups; g++)
                out[(from + r) * f->n_groups + g] = sums[g][r];
    }
}

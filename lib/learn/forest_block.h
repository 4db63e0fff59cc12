/* SPDX-License-Identifier: Apache-2.0 */
/*
 * learn/forest_block.h - 64 rows at a time through a forest, by ranks of one byte.
 *
 * One comparison of 64 ranks (learn/forest_ranks.h) evaluates a split for 64 rows.
 * A tree is a list of splits, parents first.  A split takes the rows that reach
 * it apart into those of its two children; leaves are numbered from the left, and each
 * row gets the number of the leaf that it reaches.  Nothing jumps.
 */
#ifndef LEARN_FOREST_BLOCK_H
#define LEARN_FOREST_BLOCK_H

#include "learn/forest_kernel.h"
#include "learn/forest_ranks.h"

enum {
    BLOCK_ROWS = RANKS_ROWS,
    BLOCK_LEAVES_MAX = 64, /* of a tree */
    BLOCK_GROUPS_MAX = 64,
    /* Where rows wait: at split s in place s, at leaf n in place LEAF_PLACE + n. */
    BLOCK_LEAF_PLACE = 64,
    BLOCK_PLACES = 128
};

struct block_split {
    uint16_t ranks; /* which 64 of the block's ranks: twice the slice, and 1 more where
                       a missing value goes left */
    uint8_t rank;   /* rows of this rank and above go right */
    uint8_t left;   /* place of the child */
    uint8_t right;
};

struct block_tree {
    uint32_t first_split; /* one less than leaves */
    uint32_t first_leaf;
    uint32_t n_leaves;
};

struct block_plan {
    struct forest_plan base;
    struct block_split *splits; /* (n_splits), owned */
    struct block_tree *trees;   /* (n_trees), owned */
    float *leaves;              /* (n leaves + BLOCK_LEAVES_MAX), owned */
    struct ranks ranks;         /* owned */
};

/** The ranks of a block's rows: (2 * n_slices, BLOCK_ROWS). */
typedef uint8_t block_ranks[BLOCK_ROWS];

/** Add the leaves that a block's rows reach to sums (n_groups, BLOCK_ROWS), in the
 * order of the trees.  All rows' sums are alike when it begins; the ranks are its own.
 */
typedef void block_sum_fn(const struct forest *f, const struct block_plan *plan,
                          block_ranks *ranks, float (*sums)[BLOCK_ROWS]);

/** What the kernels share: see struct forest_kernel.  A plan has `size` bytes, of which
 *  the first are a struct block_plan. */
bool block_suits(const struct forest *f);
enum lw_status block_build(const struct forest_kernel *kernel, size_t size,
                           struct forest_plan **out, const struct forest *f,
                           struct lw_error *err);

void block_margins(const struct forest *f, const struct forest_plan *plan,
                   block_sum_fn *sum, const float *rows, size_t n_rows, float *out);
void block_free(struct forest_plan *plan);

#endif /* LEARN_FOREST_BLOCK_H */

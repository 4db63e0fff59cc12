/* SPDX-License-Identifier: Apache-2.0 */
/*
 * learn/forest_block.h - 64 rows at a time through a forest, by ranks of one byte.
 *
 * A comparison with a threshold needs only to know how many of the model's own
 * thresholds of that column are not above the value.  That rank replaces the value: up
 * to 254 thresholds make a slice of a column, whose ranks fit a byte (a column with
 * more has several slices), and one comparison of 64 bytes evaluates a split for 64
 * rows, exactly.
 *
 *   slice of column 7:  0.5  2.0  8.0  8.5       value 3 -> rank 2
 *   split "below 8.0":  third of the slice       right where rank >= 3
 *
 * Each tree is then a list of splits, parents first.  A split takes the rows that reach
 * it apart into those of its two children; leaves are numbered from the left, and each
 * row gets the number of the leaf that it reaches.  Nothing jumps.
 *
 * Missing values have rank 0 for the splits that send them left, 255 for the others.
 */
#ifndef LEARN_FOREST_BLOCK_H
#define LEARN_FOREST_BLOCK_H

#include "learn/forest_kernel.h"

enum {
    BLOCK_ROWS = 64,
    BLOCK_LEAVES_MAX = 64, /* of a tree */
    BLOCK_SLICES_MAX = 512,
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

struct block_slice {
    uint32_t column;
    uint32_t first;    /* threshold, into `thresholds` */
    uint32_t n_padded; /* a multiple of 16, the last of which are NaN */
};

struct block_plan {
    struct forest_plan base;
    struct block_split *splits; /* (n_splits), owned */
    struct block_tree *trees;   /* (n_trees), owned */
    float *leaves;              /* (n leaves + BLOCK_LEAVES_MAX), owned */
    struct block_slice *slices; /* (n_slices), owned, in order of columns */
    float *thresholds;          /* owned; ascending in each slice */
    uint32_t n_slices;
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

/** The ranks of up to BLOCK_ROWS rows: out (2 * n_slices, stride), of which the first
 *  BLOCK_ROWS of each are written. */
void block_rank(const struct forest *f, const struct block_plan *b, const float *rows,
                size_t n_rows, uint8_t *out, size_t stride);
void block_margins(const struct forest *f, const struct forest_plan *plan,
                   block_sum_fn *sum, const float *rows, size_t n_rows, float *out);
void block_free(struct forest_plan *plan);

#endif /* LEARN_FOREST_BLOCK_H */

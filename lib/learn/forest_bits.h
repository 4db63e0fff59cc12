/* SPDX-License-Identifier: Apache-2.0 */
/*
 * learn/forest_bits.h - 256 rows at a time through a forest, a bit for each row.
 *
 * Every cut (a column's slice, a rank: see learn/forest_ranks.h) of a block of rows is
 * a mask: one bit a row, set where it goes right.  Trees share cuts, so a mask is made
 * once for all splits that are alike.  Every leaf of a tree has a number, its code; the
 * bits of the code of the leaf that each row reaches are masks too, its planes.  They
 * are found from the leaves up: a split chooses between its children's planes,
 *
 *   plane = (right child's & mask) | (left child's & ~mask)
 *
 * for 256 rows by three instructions.  Codes are dealt so that most planes need no
 * choice: where all leaves below a split have the same bit it is known beforehand, and
 * where they differ as the two sides do, the plane is the split's mask.
 *
 * Codes: small subtrees (pieces) of height h take 2^h codes, the left half of which are
 * the left child's.  Pieces are dealt from the highest to the lowest, so each begins at
 * a multiple of its size.  Whole trees as pieces need the fewest choices, single leaves
 * the fewest codes; each tree takes what costs least.
 *
 * All choices of many trees are one list, so that nothing depends on how large a tree
 * is.  Planes lie in the arena, 32 bytes each: all bits clear, all set, then the masks
 * of a chunk's cuts, then what the choices of a part made.
 *
 *   chunk   trees of which the masks have room
 *     part  trees of which the planes have room
 */
#ifndef LEARN_FOREST_BITS_H
#define LEARN_FOREST_BITS_H

#include "learn/forest_block.h"

enum {
    BITS_ROWS = 256,
    BITS_PLANE = BITS_ROWS / 8, /* bytes */
    BITS_CODE = 6,              /* bits of the largest tree's codes */
    BITS_MASKS_MAX = 4096,      /* of a chunk */
    BITS_MADE_MAX = 1024,       /* planes of a part */
    BITS_FIRST_MASK = 2,
    BITS_FIRST_MADE = BITS_FIRST_MASK + BITS_MASKS_MAX,
    BITS_ARENA = BITS_FIRST_MADE + BITS_MADE_MAX,
    BITS_SET = 16,      /* leaves of which a shuffle of bytes finds one */
    BITS_SET_BYTES = 64 /* their first bytes, their second bytes and so on */
};

/** A choice between two planes; all three as bytes from the arena's begin. */
struct bits_choice {
    uint32_t left;
    uint32_t right;
    uint32_t mask;
};

struct bits_tree {
    uint32_t planes[BITS_CODE]; /* bytes from the arena's begin, lowest bit first */
    uint32_t n_sets;            /* 1: codes of four bits, 2: of five, 4: of six */
};

struct bits_part {
    uint32_t n_choices;
    uint32_t n_trees;
};

/** Cuts of the same ranks. */
struct bits_run {
    uint32_t ranks; /* which of the block's ranks */
    uint32_t n_cuts;
};

struct bits_chunk {
    uint32_t n_runs;
    uint32_t n_parts;
};

struct bits_plan {
    struct block_plan base;
    struct bits_chunk *chunks; /* (n_chunks) owned */
    struct bits_run *runs;     /* owned; those of a chunk after those before */
    uint8_t *cuts;           /* owned; of all runs: the rank from which rows go right */
    struct bits_part *parts; /* owned */
    struct bits_choice *choices; /* owned */
    struct bits_tree *trees;     /* (n_trees) owned */
    uint8_t *sets;               /* owned; of all trees (n_sets, 4, 16) */
    uint32_t n_chunks;
};

/** Lay the trees out.  See struct forest_kernel. */
enum lw_status bits_build(const struct forest_kernel *kernel, struct forest_plan **out,
                          const struct forest *f, struct lw_error *err);
void bits_free(struct forest_plan *plan);

#endif /* LEARN_FOREST_BITS_H */

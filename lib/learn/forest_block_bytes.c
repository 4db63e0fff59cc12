/* SPDX-License-Identifier: Apache-2.0 */
/* Blocks of rows with a byte for each row, for any processor. */
#include "learn/forest_block.h"

#include <string.h>

enum { LANES = 32 };

typedef uint8_t lanes __attribute__((vector_size(LANES), aligned(LANES)));

/* Half of the block's rows through one tree; leaf numbers out (LANES). */
static void leaves_of(const struct block_plan *b, const struct block_tree *tree,
                      const block_ranks *ranks, size_t from, uint8_t *out)
{
    const struct block_split *s = b->splits + tree->first_split;
    const struct block_split *end = s + tree->n_leaves - 1;
    lanes at[BLOCK_PLACES]; /* 0xff: the row comes here */
    lanes number = {0};
    lanes which = {0};

    at[0] = ~number;
    for (uint32_t i = 0; s < end; s++, i++) {
        lanes rank;
        lanes right;

        memcpy(&rank, &ranks[s->ranks][from], sizeof rank);
        right = (lanes)(rank >= s->rank) & at[i];
        at[s->left] = at[i] ^ right;
        at[s->right] = right;
    }
    for (uint32_t leaf = 1; leaf < tree->n_leaves; leaf++) {
        number += 1;
        which |= at[BLOCK_LEAF_PLACE + leaf] & number;
    }
    memcpy(out, &which, sizeof which);
}

static void sum_any(const struct forest *f, const struct block_plan *b,
                    block_ranks *ranks, float (*sums)[BLOCK_ROWS])
{
    for (uint32_t t = 0, g = 0; t < f->n_trees; t++) {
        const float *leaves = b->leaves + b->trees[t].first_leaf;

        for (size_t from = 0; from < BLOCK_ROWS; from += LANES) {
            uint8_t which[LANES];

            leaves_of(b, &b->trees[t], (const block_ranks *)ranks, from, which);
            for (size_t r = 0; r < LANES; r++)
                sums[g][from + r] += leaves[which[r]];
        }
        g = g + 1 == f->n_groups ? 0 : g + 1;
    }
}

static enum lw_status build_any(struct forest_plan **out, const struct forest *f,
                                struct lw_error *err)
{
    return block_build(&forest_kernel_block, sizeof(struct block_plan), out, f, err);
}

static void margins_any(const struct forest *f, const struct forest_plan *plan,
                        const float *rows, size_t n_rows, float *out)
{
    block_margins(f, plan, sum_any, rows, n_rows, out);
}

const struct forest_kernel forest_kernel_block = {
    .name = "block",
    .for_many = true,
    .suits = block_suits,
    .build = build_any,
    .margins = margins_any,
    .free = block_free,
};

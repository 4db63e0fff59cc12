/* SPDX-License-Identifier: Apache-2.0 */
/* Blocks of rows with a byte for each row, by AVX2: half a block in a register. */
#include "learn/forest_block.h"

#if defined(__x86_64__)

#include <immintrin.h>

#define WITH_AVX2 __attribute__((target("avx2")))

enum { LANES = 32 };

/* Half of the block's rows through one tree; leaf numbers out. */
WITH_AVX2 static inline __m256i leaves_of(const struct block_plan *b,
                                          const struct block_tree *tree,
                                          const block_ranks *ranks, size_t from)
{
    const struct block_split *s = b->splits + tree->first_split;
    const struct block_split *end = s + tree->n_leaves - 1;
    const __m256i one = _mm256_set1_epi8(1);
    __m256i number = _mm256_setzero_si256();
    __m256i which = number;
    __m256i at[BLOCK_PLACES]; /* 0xff: the row comes here */

    at[0] = _mm256_set1_epi8(-1);
    for (uint32_t i = 0; s < end; s++, i++) {
        __m256i rank = _mm256_load_si256((const __m256i *)(ranks[s->ranks] + from));
        __m256i least = _mm256_set1_epi8((char)s->rank);
        __m256i right = _mm256_cmpeq_epi8(_mm256_max_epu8(rank, least), rank);

        at[s->left] = _mm256_andnot_si256(right, at[i]);
        at[s->right] = _mm256_and_si256(right, at[i]);
    }
    for (uint32_t leaf = 1; leaf < tree->n_leaves; leaf++) {
        number = _mm256_add_epi8(number, one);
        which = _mm256_or_si256(which,
                                _mm256_and_si256(at[BLOCK_LEAF_PLACE + leaf], number));
    }
    return which;
}

/* What 8 leaves of numbers below 16 hold; there is room to read 64. */
WITH_AVX2 static inline __m256 value_of_16(const float *leaves, __m256i which)
{
    __m256 low = _mm256_permutevar8x32_ps(_mm256_loadu_ps(leaves), which);
    __m256 high = _mm256_permutevar8x32_ps(_mm256_loadu_ps(leaves + 8), which);

    /* The sign is bit 3 of the number. */
    return _mm256_blendv_ps(low, high,
                            _mm256_castsi256_ps(_mm256_slli_epi32(which, 28)));
}

/* The same for numbers below n_leaves. */
WITH_AVX2 static inline __m256 values_of(const float *leaves, uint32_t n_leaves,
                                         __m256i which)
{
    __m256 v = value_of_16(leaves, which);

    for (uint32_t from = 16; from < n_leaves; from += 16) {
        __m256i past = _mm256_cmpgt_epi32(which, _mm256_set1_epi32((int)from - 1));

        v = _mm256_blendv_ps(v, value_of_16(leaves + from, which),
                             _mm256_castsi256_ps(past));
    }
    return v;
}

WITH_AVX2 static inline void add_leaves(const float *leaves, uint32_t n_leaves,
                                        __m256i which, float *sums)
{
    const __m128i half[2] = {_mm256_castsi256_si128(which),
                             _mm256_extracti128_si256(which, 1)};

    for (size_t i = 0; i < LANES / 8; i++) {
        __m128i eight = i % 2 == 0 ? half[i / 2] : _mm_srli_si128(half[i / 2], 8);
        __m256 v = values_of(leaves, n_leaves, _mm256_cvtepu8_epi32(eight));

        _mm256_store_ps(sums + 8 * i, _mm256_add_ps(_mm256_load_ps(sums + 8 * i), v));
    }
}

WITH_AVX2 static void sum_avx2(const struct forest *f, const struct block_plan *b,
                               const block_ranks *ranks, float (*sums)[BLOCK_ROWS])
{
    for (uint32_t t = 0, g = 0; t < f->n_trees; t++) {
        const struct block_tree *tree = &b->trees[t];

        for (size_t from = 0; from < BLOCK_ROWS; from += LANES)
            add_leaves(b->leaves + tree->first_leaf, tree->n_leaves,
                       leaves_of(b, tree, ranks, from), sums[g] + from);
        g = g + 1 == f->n_groups ? 0 : g + 1;
    }
}

static bool suits_avx2(const struct forest *f)
{
    return __builtin_cpu_supports("avx2") && block_suits(f);
}

static enum lw_status build_avx2(struct forest_plan **out, const struct forest *f,
                                 struct lw_error *err)
{
    return block_build(&forest_kernel_block_avx2, out, f, err);
}

static void margins_avx2(const struct forest *f, const struct forest_plan *plan,
                         const float *rows, size_t n_rows, float *out)
{
    block_margins(f, plan, sum_avx2, rows, n_rows, out);
}

const struct forest_kernel forest_kernel_block_avx2 = {
    .name = "block-avx2",
    .for_many = true,
    .suits = suits_avx2,
    .build = build_avx2,
    .margins = margins_avx2,
    .free = block_free,
};

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* Blocks of rows with a bit for each row, by AVX-512. */
#include "learn/forest_block.h"

#if defined(__x86_64__)

#include <immintrin.h>

#define WITH_AVX512 __attribute__((target("avx512f,avx512bw")))

/* The block's rows through one tree; leaf numbers out. */
WITH_AVX512 static inline __m512i leaves_of(const struct block_plan *b,
                                            const struct block_tree *tree,
                                            const block_ranks *ranks)
{
    const struct block_split *s = b->splits + tree->first_split;
    const struct block_split *end = s + tree->n_leaves - 1;
    const __m512i one = _mm512_set1_epi8(1);
    __m512i number = _mm512_setzero_si512();
    __m512i which = number;
    uint64_t at[BLOCK_PLACES];

    at[0] = UINT64_MAX;
    for (uint32_t i = 0; s < end; s++, i++) {
        __m512i rank = _mm512_load_si512(ranks[s->ranks]);
        uint64_t right =
            _mm512_cmpge_epu8_mask(rank, _mm512_set1_epi8((char)s->rank)) & at[i];

        at[s->left] = at[i] ^ right;
        at[s->right] = right;
    }
    for (uint32_t leaf = 1; leaf < tree->n_leaves; leaf++) {
        number = _mm512_add_epi8(number, one);
        which = _mm512_mask_mov_epi8(which, at[BLOCK_LEAF_PLACE + leaf], number);
    }
    return which;
}

/* What 16 leaves of numbers below n_leaves hold; there is room to read 64. */
WITH_AVX512 static inline __m512 values_of(const float *leaves, uint32_t n_leaves,
                                           __m512i which)
{
    __m512 first = _mm512_permutex2var_ps(_mm512_loadu_ps(leaves), which,
                                          _mm512_loadu_ps(leaves + 16));
    __m512 second;

    if (n_leaves <= 32)
        return first;
    second = _mm512_permutex2var_ps(_mm512_loadu_ps(leaves + 32), which,
                                    _mm512_loadu_ps(leaves + 48));
    return _mm512_mask_mov_ps(
        first, _mm512_cmpge_epi32_mask(which, _mm512_set1_epi32(32)), second);
}

WITH_AVX512 static inline void add_leaves(const float *leaves, uint32_t n_leaves,
                                          __m512i which, float *sums)
{
    const __m128i part[4] = {
        _mm512_extracti32x4_epi32(which, 0), _mm512_extracti32x4_epi32(which, 1),
        _mm512_extracti32x4_epi32(which, 2), _mm512_extracti32x4_epi32(which, 3)};

    for (size_t i = 0; i < 4; i++) {
        __m512 v = values_of(leaves, n_leaves, _mm512_cvtepu8_epi32(part[i]));

        _mm512_store_ps(sums + 16 * i, _mm512_add_ps(_mm512_load_ps(sums + 16 * i), v));
    }
}

WITH_AVX512 static void sum_avx512(const struct forest *f, const struct block_plan *b,
                                   block_ranks *ranks, float (*sums)[BLOCK_ROWS])
{
    for (uint32_t t = 0, g = 0; t < f->n_trees; t++) {
        const struct block_tree *tree = &b->trees[t];

        add_leaves(b->leaves + tree->first_leaf, tree->n_leaves,
                   leaves_of(b, tree, (const block_ranks *)ranks), sums[g]);
        g = g + 1 == f->n_groups ? 0 : g + 1;
    }
}

static bool suits_avx512(const struct forest *f)
{
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           block_suits(f);
}

static enum lw_status build_avx512(struct forest_plan **out, const struct forest *f,
                                   struct lw_error *err)
{
    return block_build(&forest_kernel_block_avx512, sizeof(struct block_plan), out, f,
                       err);
}

static void margins_avx512(const struct forest *f, const struct forest_plan *plan,
                           const float *rows, size_t n_rows, float *out)
{
    block_margins(f, plan, sum_avx512, rows, n_rows, out);
}

const struct forest_kernel forest_kernel_block_avx512 = {
    .name = "block-avx512",
    .for_many = true,
    .suits = suits_avx512,
    .build = build_avx512,
    .margins = margins_avx512,
    .free = block_free,
};

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Blocks of rows with a byte for each row, by AVX2.
 *
 * Trees are evaluated from the leaves up: the numbers of the leaves that a split's two
 * sides lead to are known when it is its turn, and it takes one or the other for each
 * row.  So a split costs a comparison and a choice for 32 rows, and leaves cost
 * nothing.
 *
 * What a leaf holds is looked up 32 rows at a time too: the leaves' values lie in four
 * planes, the first bytes of 16 leaves, their second bytes and so on, and a shuffle of
 * bytes finds one plane's byte for each row.  Put together, rows come out in another
 * order, in which the sums are kept until the end.
 */
#include "learn/forest_block.h"

#if defined(__x86_64__)

#include "base/mem.h"

#include <immintrin.h>
#include <string.h>

#define WITH_AVX2 __attribute__((target("avx2")))

enum { LANES = 32, PLANES = 4, PLANE_LEAVES = 16, PLANE_BYTES = PLANES * PLANE_LEAVES };

/* A split with what a step needs, in bytes from where it is looked for. */
struct wide_split {
    uint32_t ranks;
    uint16_t left;
    uint16_t right;
    uint32_t rank; /* four times, each with its sign turned: bytes compare signed */
};

struct wide_plan {
    struct block_plan base;
    struct wide_split *splits; /* (n_splits) children first in each tree, owned */
    uint8_t *planes; /* per tree (n_leaves / 16 rounded up, PLANES, 16), owned */
};

/* What leads to a place: leaf numbers of the block's rows. */
typedef uint8_t numbers[BLOCK_ROWS];

/* ---- the plan ---------------------------------------------------------------------
 */

static uint32_t plane_sets(const struct block_tree *tree)
{
    return (tree->n_leaves + PLANE_LEAVES - 1) / PLANE_LEAVES;
}

static struct wide_split widen(const struct block_split *s)
{
    return (struct wide_split){
        .ranks = s->ranks * (uint32_t)sizeof(block_ranks),
        .left = (uint16_t)(s->left * sizeof(numbers)),
        .right = (uint16_t)(s->right * sizeof(numbers)),
        .rank = (s->rank ^ 0x80u) * 0x01010101u,
    };
}

static void lay_planes(const struct block_plan *b, const struct block_tree *tree,
                       uint8_t *out)
{
    for (uint32_t leaf = 0; leaf < tree->n_leaves; leaf++) {
        uint8_t *set = out + leaf / PLANE_LEAVES * PLANE_BYTES;
        uint8_t bytes[PLANES];

        memcpy(bytes, &b->leaves[tree->first_leaf + leaf], sizeof bytes);
        for (size_t p = 0; p < PLANES; p++)
            set[p * PLANE_LEAVES + leaf % PLANE_LEAVES] = bytes[p];
    }
}

static void wide_free(struct forest_plan *plan)
{
    struct wide_plan *w = (struct wide_plan *)plan;

    if (w == NULL)
        return;
    mem_free(w->splits);
    mem_free(w->planes);
    block_free(plan);
}

static enum lw_status build_avx2(struct forest_plan **out, const struct forest *f,
                                 struct lw_error *err)
{
    struct forest_plan *plan = NULL;
    struct wide_plan *w;
    size_t n_sets = 0;
    enum lw_status st =
        block_build(&forest_kernel_block_avx2, sizeof *w, &plan, f, err);

    if (st != LW_OK)
        return st;
    w = (struct wide_plan *)plan;
    for (uint32_t t = 0; t < f->n_trees; t++)
        n_sets += plane_sets(&w->base.trees[t]);
    w->splits = mem_zalloc(f->n_nodes, sizeof *w->splits);
    w->planes = mem_zalloc(n_sets, PLANE_BYTES);
    if (w->splits == NULL || w->planes == NULL) {
        wide_free(plan);
        return lw_fail(err, LW_ENOMEM, "out of memory");
    }
    n_sets = 0;
    for (uint32_t t = 0; t < f->n_trees; t++) {
        const struct block_tree *tree = &w->base.trees[t];
        const struct block_split *s = w->base.splits + tree->first_split;

        for (uint32_t i = 0; i + 1 < tree->n_leaves; i++)
            w->splits[tree->first_split + i] = widen(&s[i]);
        lay_planes(&w->base, tree, w->planes + n_sets * PLANE_BYTES);
        n_sets += plane_sets(tree);
    }
    *out = plan;
    return LW_OK;
}

/* ---- use --------------------------------------------------------------------------
 */

/* The block's rows through one tree; leaf numbers to `at[0]`. */
WITH_AVX2 static inline void find_leaves(const struct wide_split *s, uint32_t n_splits,
                                         const block_ranks *ranks, numbers *at)
{
    for (uint32_t i = n_splits; i-- > 0;) {
        const __m256i *rank = (const __m256i *)((const uint8_t *)ranks + s[i].ranks);
        const __m256i *left = (const __m256i *)((const uint8_t *)at + s[i].left);
        const __m256i *right = (const __m256i *)((const uint8_t *)at + s[i].right);
        __m256i least = _mm256_set1_epi32((int)s[i].rank);

        for (size_t half = 0; half < 2; half++) {
            __m256i below = _mm256_cmpgt_epi8(least, _mm256_load_si256(rank + half));
            __m256i number = _mm256_blendv_epi8(_mm256_load_si256(right + half),
                                                _mm256_load_si256(left + half), below);

            _mm256_store_si256((__m256i *)at[i] + half, number);
        }
    }
}

/* 16 bytes of a plane in both halves of a register. */
WITH_AVX2 static inline __m256i table_of(const uint8_t *plane)
{
    return _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)plane));
}

/* The planes' bytes of 32 leaves, whose numbers are below 16 * n_sets. */
WITH_AVX2 static inline void look_up(const uint8_t *set, uint32_t n_sets, __m256i which,
                                     __m256i *out)
{
    for (size_t p = 0; p < PLANES; p++)
        out[p] = _mm256_shuffle_epi8(table_of(set + p * PLANE_LEAVES),
                                     _mm256_adds_epu8(which, _mm256_set1_epi8(0x70)));
    /* A shuffle gives 0 where bit 7 is set.  Of a set's numbers, taken from 0, only 0
     * to 15 have it clear after 0x70 was added with saturation. */
    for (uint32_t i = 1; i < n_sets; i++) {
        __m256i from = _mm256_sub_epi8(which, _mm256_set1_epi8((char)(16 * i)));

        set += PLANE_BYTES;
        from = _mm256_adds_epu8(from, _mm256_set1_epi8(0x70));
        for (size_t p = 0; p < PLANES; p++)
            out[p] = _mm256_or_si256(
                out[p], _mm256_shuffle_epi8(table_of(set + p * PLANE_LEAVES), from));
    }
}

WITH_AVX2 static inline void add_to(float *sum, __m256i v)
{
    _mm256_store_ps(sum, _mm256_add_ps(_mm256_load_ps(sum), _mm256_castsi256_ps(v)));
}

/* Add the leaves of 32 rows: sums of rows 0 to 3 and 16 to 19, 4 to 7 and 20 to 23 and
 * so on. */
WITH_AVX2 static inline void add_leaves(const uint8_t *planes, uint32_t n_sets,
                                        __m256i which, float *sums)
{
    __m256i p[PLANES];
    __m256i low;
    __m256i high;

    look_up(planes, n_sets, which, p);
    low = _mm256_unpacklo_epi8(p[0], p[1]);
    high = _mm256_unpacklo_epi8(p[2], p[3]);
    add_to(sums, _mm256_unpacklo_epi16(low, high));
    add_to(sums + 8, _mm256_unpackhi_epi16(low, high));
    low = _mm256_unpackhi_epi8(p[0], p[1]);
    high = _mm256_unpackhi_epi8(p[2], p[3]);
    add_to(sums + 16, _mm256_unpacklo_epi16(low, high));
    add_to(sums + 24, _mm256_unpackhi_epi16(low, high));
}

/* Sums of 16 rows, out of the order that add_leaves() makes. */
WITH_AVX2 static inline void order_sums(float *sums)
{
    for (size_t from = 0; from < BLOCK_ROWS; from += LANES) {
        __m256 v[4];

        for (size_t i = 0; i < 4; i++)
            v[i] = _mm256_load_ps(sums + from + 8 * i);
        _mm256_store_ps(sums + from, _mm256_permute2f128_ps(v[0], v[1], 0x20));
        _mm256_store_ps(sums + from + 8, _mm256_permute2f128_ps(v[2], v[3], 0x20));
        _mm256_store_ps(sums + from + 16, _mm256_permute2f128_ps(v[0], v[1], 0x31));
        _mm256_store_ps(sums + from + 24, _mm256_permute2f128_ps(v[2], v[3], 0x31));
    }
}

WITH_AVX2 static void sum_avx2(const struct forest *f, const struct block_plan *b,
                               block_ranks *ranks, float (*sums)[BLOCK_ROWS])
{
    const struct wide_plan *w = (const struct wide_plan *)b;
    const uint8_t *planes = w->planes;
    _Alignas(64) numbers at[BLOCK_PLACES];

    for (size_t i = 0; i < 2 * b->n_slices; i++)
        for (size_t r = 0; r < BLOCK_ROWS; r++)
            ranks[i][r] ^= 0x80;
    for (size_t leaf = 0; leaf < BLOCK_LEAVES_MAX; leaf++)
        memset(at[BLOCK_LEAF_PLACE + leaf], (int)leaf, sizeof at[0]);
    for (uint32_t t = 0, g = 0; t < f->n_trees; t++) {
        const struct block_tree *tree = &b->trees[t];
        uint32_t n_sets = plane_sets(tree);
        const __m256i *which =
            (const __m256i *)at[tree->n_leaves > 1 ? 0 : BLOCK_LEAF_PLACE];

        find_leaves(w->splits + tree->first_split, tree->n_leaves - 1,
                    (const block_ranks *)ranks, at);
        for (size_t half = 0; half < 2; half++)
            add_leaves(planes, n_sets, _mm256_load_si256(which + half),
                       sums[g] + half * LANES);
        planes += n_sets * PLANE_BYTES;
        g = g + 1 == f->n_groups ? 0 : g + 1;
    }
    for (uint32_t g = 0; g < f->n_groups; g++)
        order_sums(sums[g]);
}

static bool suits_avx2(const struct forest *f)
{
    return __builtin_cpu_supports("avx2") && block_suits(f);
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
    .free = wide_free,
};

#endif

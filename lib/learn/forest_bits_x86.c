/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Blocks of rows with a bit for each row, by AVX2; and the same compiled for AVX-512,
 * which has a choice of bits as one instruction and twice the registers.
 *
 * Bit j of byte i of a plane is row 32 * j + i of the block: comparing 32 ranks gives
 * bytes of ones, of which each keeps its bit.  To know the codes of 32 rows as bytes,
 * eight planes are transposed as 32 matrices of 8 by 8 bits, in registers.
 *
 * What a leaf holds is looked up 32 rows at a time: the leaves' values lie in four
 * rows of bytes, the first bytes of 16 leaves, their second bytes and so on, and a
 * shuffle of bytes finds one for each row.  Put together, rows come out in another
 * order, in which the sums are kept until the end.
 */
#include "learn/forest_bits.h"

#if defined(__x86_64__)

#include <immintrin.h>
#include <string.h>

#define WITH_AVX2   __attribute__((target("avx2")))
#define WITH_AVX512 __attribute__((target("avx2,avx512f,avx512bw,avx512vl")))
#define INLINE      WITH_AVX2 inline __attribute__((always_inline))

enum { LANES = 32, VECTORS = BITS_ROWS / LANES, LEAF_BYTES = 4 };

/* What belongs to a block. */
struct work {
    uint8_t arena[BITS_ARENA][BITS_PLANE];
    uint8_t ranks[2 * RANKS_SLICES_MAX][BITS_ROWS];
    float sums[BLOCK_GROUPS_MAX][BITS_ROWS];
};

/* Where the plan is read. */
struct reader {
    const struct bits_run *run;
    const uint8_t *cut;
    const struct bits_part *part;
    const struct bits_choice *choice;
    const struct bits_tree *tree;
    const uint8_t *set;
    uint32_t group;
};

static INLINE __m256i load(const void *p)
{
    return _mm256_load_si256((const __m256i *)p);
}

static INLINE void store(void *p, __m256i v)
{
    _mm256_store_si256((__m256i *)p, v);
}

/* ---- masks ------------------------------------------------------------------------
 */

/* The masks of a run's cuts, for as many vectors of ranks as have rows. */
static INLINE void mask_run(const uint8_t *ranks, const uint8_t *cuts, uint32_t n_cuts,
                            uint32_t n_vectors, uint8_t *out)
{
    const __m256i sign = _mm256_set1_epi8((char)0x80); /* bytes compare signed */
    __m256i rank[VECTORS];

    for (uint32_t j = 0; j < n_vectors; j++)
        rank[j] = _mm256_xor_si256(load(ranks + (size_t)j * LANES), sign);
    for (uint32_t c = 0; c < n_cuts; c++) {
        /* rank >= cut is rank > cut - 1; no cut is 0. */
        __m256i below = _mm256_set1_epi8((char)((cuts[c] - 1) ^ 0x80));
        __m256i mask = _mm256_setzero_si256();

        /* Twice what was, and 1 where it is above: the last vector's bit is bit 0. */
        for (uint32_t j = n_vectors; j-- > 0;)
            mask = _mm256_sub_epi8(_mm256_add_epi8(mask, mask),
                                   _mm256_cmpgt_epi8(rank[j], below));
        store(out + (size_t)c * BITS_PLANE, mask);
    }
}

static INLINE void make_masks(struct work *w, struct reader *r, uint32_t n_runs,
                              uint32_t n_vectors)
{
    uint8_t *out = w->arena[BITS_FIRST_MASK];

    for (uint32_t i = 0; i < n_runs; i++, r->run++) {
        if (n_vectors == VECTORS)
            mask_run(w->ranks[r->run->ranks], r->cut, r->run->n_cuts, VECTORS, out);
        else
            mask_run(w->ranks[r->run->ranks], r->cut, r->run->n_cuts, n_vectors, out);
        r->cut += r->run->n_cuts;
        out += (size_t)r->run->n_cuts * BITS_PLANE;
    }
}

/* ---- codes ------------------------------------------------------------------------
 */

static INLINE void choose(struct work *w, const struct bits_choice *choice, uint32_t n)
{
    const uint8_t *arena = w->arena[0];
    uint8_t *out = w->arena[BITS_FIRST_MADE];

    for (uint32_t i = 0; i < n; i++, out += BITS_PLANE) {
        __m256i mask = load(arena + choice[i].mask);
        __m256i right = _mm256_and_si256(mask, load(arena + choice[i].right));
        __m256i left = _mm256_andnot_si256(mask, load(arena + choice[i].left));

        store(out, _mm256_or_si256(left, right));
    }
}

/* Exchange the bits of `a` that are `shift` above those of `b` that `keep` has. */
#define EXCHANGE(a, b, shift, keep)                                                    \
    do {                                                                               \
        __m256i t_ =                                                                   \
            _mm256_and_si256(_mm256_xor_si256(_mm256_srli_epi16(a, shift), b), keep);  \
        (b) = _mm256_xor_si256(b, t_);                                                 \
        (a) = _mm256_xor_si256(a, _mm256_slli_epi16(t_, shift));                       \
    } while (0)

/* The same where `b` is zero. */
#define SPLIT(a, b, shift, keep)                                                       \
    do {                                                                               \
        (b) = _mm256_and_si256(_mm256_srli_epi16(a, shift), keep);                     \
        (a) = _mm256_and_si256(a, keep);                                               \
    } while (0)

/* The codes of the block's rows, a byte each (VECTORS, LANES), from four or six
 * planes.  Hacker's Delight, 7-3, with a register for each row of the matrix. */
static INLINE void code_rows(const uint8_t *arena, const uint32_t *planes, bool six,
                             uint8_t *out)
{
    const __m256i k1 = _mm256_set1_epi8(0x55);
    const __m256i k2 = _mm256_set1_epi8(0x33);
    const __m256i k4 = _mm256_set1_epi8(0x0f);
    __m256i v[VECTORS];

    for (size_t i = 0; i < (six ? BITS_CODE : 4); i++)
        v[i] = load(arena + planes[i]);
    EXCHANGE(v[0], v[1], 1, k1);
    EXCHANGE(v[2], v[3], 1, k1);
    EXCHANGE(v[0], v[2], 2, k2);
    EXCHANGE(v[1], v[3], 2, k2);
    if (six) {
        EXCHANGE(v[4], v[5], 1, k1);
        SPLIT(v[4], v[6], 2, k2);
        SPLIT(v[5], v[7], 2, k2);
        for (size_t i = 0; i < 4; i++)
            EXCHANGE(v[i], v[i + 4], 4, k4);
    } else {
        for (size_t i = 0; i < 4; i++)
            SPLIT(v[i], v[i + 4], 4, k4);
    }
    for (size_t i = 0; i < VECTORS; i++)
        store(out + i * LANES, v[i]);
}

/* ---- leaves -----------------------------------------------------------------------
 */

/* 16 bytes in both halves of a register. */
static INLINE __m256i table_of(const uint8_t *bytes)
{
    return _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)bytes));
}

/* One byte of the leaves of 32 rows, whose codes are below 16 * n_sets.  A shuffle
 * looks at the lowest four bits of a code, a choice at the highest bit of a byte. */
static INLINE __m256i look_up(const uint8_t *set, uint32_t n_sets, __m256i code)
{
    const __m256i bit4 = _mm256_slli_epi16(code, 3);
    __m256i v = _mm256_shuffle_epi8(table_of(set), code);

    if (n_sets == 1)
        return v;
    v = _mm256_blendv_epi8(v, _mm256_shuffle_epi8(table_of(set + BITS_SET_BYTES), code),
                           bit4);
    if (n_sets == 2)
        return v;
    return _mm256_blendv_epi8(
        v,
        _mm256_blendv_epi8(
            _mm256_shuffle_epi8(table_of(set + (size_t)2 * BITS_SET_BYTES), code),
            _mm256_shuffle_epi8(table_of(set + (size_t)3 * BITS_SET_BYTES), code),
            bit4),
        _mm256_slli_epi16(code, 2));
}

static INLINE void add_to(float *sum, __m256i v)
{
    _mm256_store_ps(sum, _mm256_add_ps(_mm256_load_ps(sum), _mm256_castsi256_ps(v)));
}

/* Add the leaves of 32 rows: sums of rows 0 to 3 and 16 to 19, 4 to 7 and 20 to 23 and
 * so on. */
static INLINE void add_leaves(const uint8_t *set, uint32_t n_sets, __m256i code,
                              float *sums)
{
    __m256i p[LEAF_BYTES];
    __m256i low;
    __m256i high;

    for (size_t i = 0; i < LEAF_BYTES; i++)
        p[i] = look_up(set + i * BITS_SET, n_sets, code);
    low = _mm256_unpacklo_epi8(p[0], p[1]);
    high = _mm256_unpacklo_epi8(p[2], p[3]);
    add_to(sums, _mm256_unpacklo_epi16(low, high));
    add_to(sums + 8, _mm256_unpackhi_epi16(low, high));
    low = _mm256_unpackhi_epi8(p[0], p[1]);
    high = _mm256_unpackhi_epi8(p[2], p[3]);
    add_to(sums + 16, _mm256_unpacklo_epi16(low, high));
    add_to(sums + 24, _mm256_unpackhi_epi16(low, high));
}

static INLINE void add_tree(const uint8_t *arena, const struct bits_tree *tree,
                            const uint8_t *set, uint32_t n_sets, uint32_t n_vectors,
                            float *sums)
{
    _Alignas(LANES) uint8_t codes[BITS_ROWS];

    code_rows(arena, tree->planes, n_sets > 1, codes);
    for (uint32_t j = 0; j < n_vectors; j++)
        add_leaves(set, n_sets, load(codes + (size_t)j * LANES),
                   sums + (size_t)j * LANES);
}

static INLINE void add_trees(const struct forest *f, struct work *w, struct reader *r,
                             uint32_t n_trees, uint32_t n_vectors)
{
    const uint8_t *arena = w->arena[0];

    for (uint32_t i = 0; i < n_trees; i++, r->tree++) {
        float *sums = w->sums[r->group];

        if (r->tree->n_sets == 1)
            add_tree(arena, r->tree, r->set, 1, n_vectors, sums);
        else if (r->tree->n_sets == 2)
            add_tree(arena, r->tree, r->set, 2, n_vectors, sums);
        else
            add_tree(arena, r->tree, r->set, 4, n_vectors, sums);
        r->set += (size_t)r->tree->n_sets * BITS_SET_BYTES;
        r->group = r->group + 1 == f->n_groups ? 0 : r->group + 1;
    }
}

/* ---- use --------------------------------------------------------------------------
 */

/* Sums of 16 rows, out of the order that add_leaves() makes. */
static INLINE void order_sums(float *sums)
{
    for (size_t from = 0; from < BITS_ROWS; from += LANES) {
        __m256 v[4];

        for (size_t i = 0; i < 4; i++)
            v[i] = _mm256_load_ps(sums + from + 8 * i);
        _mm256_store_ps(sums + from, _mm256_permute2f128_ps(v[0], v[1], 0x20));
        _mm256_store_ps(sums + from + 8, _mm256_permute2f128_ps(v[2], v[3], 0x20));
        _mm256_store_ps(sums + from + 16, _mm256_permute2f128_ps(v[0], v[1], 0x31));
        _mm256_store_ps(sums + from + 24, _mm256_permute2f128_ps(v[2], v[3], 0x31));
    }
}

static INLINE void sum_block(const struct forest *f, const struct bits_plan *p,
                             struct work *w, uint32_t n_vectors)
{
    struct reader r = {.run = p->runs,
                       .cut = p->cuts,
                       .part = p->parts,
                       .choice = p->choices,
                       .tree = p->trees,
                       .set = p->sets};

    for (uint32_t g = 0; g < f->n_groups; g++)
        for (size_t i = 0; i < BITS_ROWS; i++)
            w->sums[g][i] = f->base;
    for (uint32_t c = 0; c < p->n_chunks; c++) {
        make_masks(w, &r, p->chunks[c].n_runs, n_vectors);
        for (uint32_t i = 0; i < p->chunks[c].n_parts; i++, r.part++) {
            choose(w, r.choice, r.part->n_choices);
            r.choice += r.part->n_choices;
            add_trees(f, w, &r, r.part->n_trees, n_vectors);
        }
    }
    for (uint32_t g = 0; g < f->n_groups; g++)
        order_sums(w->sums[g]);
}

typedef void sum_fn(const struct forest *f, const struct bits_plan *p, struct work *w,
                    uint32_t n_vectors);

WITH_AVX2 static void sum_avx2(const struct forest *f, const struct bits_plan *p,
                               struct work *w, uint32_t n_vectors)
{
    sum_block(f, p, w, n_vectors);
}

WITH_AVX512 static void sum_avx512(const struct forest *f, const struct bits_plan *p,
                                   struct work *w, uint32_t n_vectors)
{
    sum_block(f, p, w, n_vectors);
}

static void margins(const struct forest *f, const struct forest_plan *plan, sum_fn *sum,
                    const float *rows, size_t n_rows, float *out)
{
    const struct bits_plan *p = (const struct bits_plan *)plan;
    _Alignas(64) struct work w;

    memset(w.arena[0], 0, BITS_PLANE);
    memset(w.arena[1], 0xff, BITS_PLANE);
    for (size_t from = 0; from < n_rows; from += BITS_ROWS) {
        size_t n = n_rows - from < BITS_ROWS ? n_rows - from : BITS_ROWS;

        for (size_t i = 0; i < n; i += RANKS_ROWS)
            ranks_apply(&p->base.ranks, rows + (from + i) * f->n_cols, f->n_cols,
                        n_rows - from - i, w.ranks[0] + i, BITS_ROWS);
        sum(f, p, &w, (uint32_t)((n + LANES - 1) / LANES));
        for (size_t i = 0; i < n; i++)
            for (uint32_t g = 0; g < f->n_groups; g++)
                out[(from + i) * f->n_groups + g] = w.sums[g][i];
    }
}

static bool suits_avx2(const struct forest *f)
{
    return __builtin_cpu_supports("avx2") && block_suits(f);
}

static enum lw_status build_avx2(struct forest_plan **out, const struct forest *f,
                                 struct lw_error *err)
{
    return bits_build(&forest_kernel_bits_avx2, out, f, err);
}

static void margins_avx2(const struct forest *f, const struct forest_plan *plan,
                         const float *rows, size_t n_rows, float *out)
{
    margins(f, plan, sum_avx2, rows, n_rows, out);
}

static bool suits_avx512(const struct forest *f)
{
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512vl") && suits_avx2(f);
}

static enum lw_status build_avx512(struct forest_plan **out, const struct forest *f,
                                   struct lw_error *err)
{
    return bits_build(&forest_kernel_bits_avx512, out, f, err);
}

static void margins_avx512(const struct forest *f, const struct forest_plan *plan,
                           const float *rows, size_t n_rows, float *out)
{
    margins(f, plan, sum_avx512, rows, n_rows, out);
}

const struct forest_kernel forest_kernel_bits_avx2 = {
    .name = "bits-avx2",
    .for_many = true,
    .suits = suits_avx2,
    .build = build_avx2,
    .margins = margins_avx2,
    .free = bits_free,
};

const struct forest_kernel forest_kernel_bits_avx512 = {
    .name = "bits-avx512",
    .for_many = true,
    .suits = suits_avx512,
    .build = build_avx512,
    .margins = margins_avx512,
    .free = bits_free,
};

#endif

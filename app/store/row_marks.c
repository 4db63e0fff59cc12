/* SPDX-License-Identifier: Apache-2.0 */
/* Plain loops, twice: the common instruction set cannot compare 64-bit integers. */
#include "store/row_marks.h"

#include "base/simd.h"

#include <math.h>

SIMD_BODY void mark_i64_body(uint8_t *hit, const int64_t *values, uint32_t n,
                             int64_t least, int64_t greatest)
{
    for (uint32_t i = 0; i < n; i++)
        hit[i] = (uint8_t)((values[i] >= least) & (values[i] <= greatest));
}

static void mark_i64_plain(uint8_t *hit, const int64_t *values, uint32_t n,
                           int64_t least, int64_t greatest)
{
    mark_i64_body(hit, values, n, least, greatest);
}

SIMD_AVX2 static void mark_i64_avx2(uint8_t *hit, const int64_t *values, uint32_t n,
                                    int64_t least, int64_t greatest)
{
    mark_i64_body(hit, values, n, least, greatest);
}

void mark_i64(uint8_t *hit, const int64_t *values, uint32_t n, int64_t least,
              int64_t greatest)
{
    (simd_has_avx2() ? mark_i64_avx2 : mark_i64_plain)(hit, values, n, least, greatest);
}

SIMD_BODY void keep_i64_body(uint8_t *keep, const int64_t *values, uint32_t n,
                             int64_t least, int64_t greatest)
{
    for (uint32_t i = 0; i < n; i++)
        keep[i] &= (uint8_t)((values[i] >= least) & (values[i] <= greatest));
}

static void keep_i64_plain(uint8_t *keep, const int64_t *values, uint32_t n,
                           int64_t least, int64_t greatest)
{
    keep_i64_body(keep, values, n, least, greatest);
}

SIMD_AVX2 static void keep_i64_avx2(uint8_t *keep, const int64_t *values, uint32_t n,
                                    int64_t least, int64_t greatest)
{
    keep_i64_body(keep, values, n, least, greatest);
}

void keep_i64(uint8_t *keep, const int64_t *values, uint32_t n, int64_t least,
              int64_t greatest)
{
    (simd_has_avx2() ? keep_i64_avx2 : keep_i64_plain)(keep, values, n, least,
                                                       greatest);
}

/* The least float that is not below a double. */
static float float_from(double v)
{
    float f = (float)v;

    return (double)f < v ? nextafterf(f, INFINITY) : f;
}

static float float_to(double v)
{
    float f = (float)v;

    return (double)f > v ? nextafterf(f, -INFINITY) : f;
}

void mark_f32(uint8_t *hit, const float *values, uint32_t n, double least,
              double greatest)
{
    float lo = float_from(least);
    float hi = float_to(greatest);

    for (uint32_t i = 0; i < n; i++)
        hit[i] = (uint8_t)((values[i] >= lo) & (values[i] <= hi));
}

void keep_f32(uint8_t *keep, const float *values, uint32_t n, double least)
{
    float lo = float_from(least);

    for (uint32_t i = 0; i < n; i++)
        keep[i] &= (uint8_t)(values[i] >= lo);
}

void mark_also_u32(uint8_t *hit, const uint32_t *values, uint32_t n, uint32_t least,
                   uint32_t greatest)
{
    for (uint32_t i = 0; i < n; i++)
        hit[i] |= (uint8_t)(values[i] - least <= greatest - least);
}

void mark_also_equal(uint8_t *hit, const int32_t *values, uint32_t n, int32_t value)
{
    for (uint32_t i = 0; i < n; i++)
        hit[i] |= (uint8_t)(values[i] == value);
}

/* Few facets are bits of a word, which vectors can shift; a look into a table is one by
 * one. */
SIMD_BODY void keep_few_body(uint8_t *keep, const uint32_t *facets, uint32_t n,
                             uint32_t bits)
{
    for (uint32_t i = 0; i < n; i++) {
        uint32_t at = facets[i] - 1;

        keep[i] &= (uint8_t)((at < 32) & (bits >> (at & 31)));
    }
}

static void keep_few_plain(uint8_t *keep, const uint32_t *facets, uint32_t n,
                           uint32_t bits)
{
    keep_few_body(keep, facets, n, bits);
}

SIMD_AVX2 static void keep_few_avx2(uint8_t *keep, const uint32_t *facets, uint32_t n,
                                    uint32_t bits)
{
    keep_few_body(keep, facets, n, bits);
}

void keep_facets(uint8_t *keep, const uint32_t *facets, uint32_t n, const uint8_t *mask,
                 uint32_t n_facets)
{
    uint32_t bits = 0;

    if (n_facets <= 32) {
        for (uint32_t i = 0; i < n_facets; i++)
            bits |= (uint32_t)mask[i] << i;
        (simd_has_avx2() ? keep_few_avx2 : keep_few_plain)(keep, facets, n, bits);
        return;
    }
    for (uint32_t i = 0; i < n; i++)
        keep[i] &= facets[i] - 1 < n_facets ? mask[facets[i] - 1] : 0;
}

void keep_marked(uint8_t *keep, const uint8_t *hit, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        keep[i] &= hit[i];
}

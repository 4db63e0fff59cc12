/* SPDX-License-Identifier: Apache-2.0 */
/*
 * base/quick.h - functions of the C library to single precision, for loops over many
 * numbers.
 *
 * Polynomials without fused operations: the same bits on every processor, which the C
 * library does not promise.  The forms for eight numbers do the same operations on
 * vectors, which gcc does not make of the others by itself; compiled for a processor
 * that has smaller ones, they are taken apart.
 */
#ifndef BASE_QUICK_H
#define BASE_QUICK_H

#include <math.h>
#include <stdint.h>
#include <string.h>
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

typedef float quick8 __attribute__((vector_size(32)));
typedef int32_t quick8_bits __attribute__((vector_size(32)));
/** The same of eight floats that lie anywhere. */
typedef float quick8_at __attribute__((vector_size(32), aligned(4), may_alias));

/** log2(1 + x) for x from 0 to 1e37: absolute error below 1e-6. */
static inline float quick_log2_1p(float x)
{
    /* log2(1 + f) for f from 0 to 1, by the least greatest error. */
    static const float c[] = {1.44266782F, -0.72058532F, 0.47355243F, -0.32589907F,
                              0.19428995F, -0.07955449F, 0.01552898F};
    float y = 1.0F + x;
    int32_t bits;
    float whole;
    float f;

    memcpy(&bits, &y, sizeof bits);
    whole = (float)((bits >> 23) - 127);
    bits = (bits & 0x7fffff) | 0x3f800000;
    memcpy(&f, &bits, sizeof f);
    f -= 1.0F;
    f *= c[0] +
         f * (c[1] + f * (c[2] + f * (c[3] + f * (c[4] + f * (c[5] + f * c[6])))));
    return whole + f;
}

/** 1 / (1 + exp(-x)): absolute error below 1e-6, and never quite 0. */
static inline float quick_sigmoid(float x)
{
    /* 2^f - 1 for f from 0 to 1, by the least greatest error. */
    static const float c[] = {0.69315247F, 0.24015281F, 0.05583593F, 0.00897337F,
                              0.0018853F};
    const float log2_e = 1.44269504F;
    float t = -x * log2_e;
    float scale;
    float f;
    int32_t whole;
    int32_t bits;

    t = t < -100.0F ? -100.0F : t;
    t = t > 100.0F ? 100.0F : t;
    whole = (int32_t)(t + 101.0F); /* rounds down: it is positive */
    f = t - (float)(whole - 101);
    bits = (whole + 26) * (1 << 23);
    memcpy(&scale, &bits, sizeof scale);
    f *= c[0] + f * (c[1] + f * (c[2] + f * (c[3] + f * c[4])));
    return 1.0F / (1.0F + (scale + scale * f));
}

#define QUICK_INLINE static inline __attribute__((always_inline))

/** *v where the mask has no bits, otherwise x.  A macro: clang minds vectors that are
 *  passed by value, even to what is always inlined. */
#define quick8_put(v, x, mask)                                                         \
    (*(v) = (quick8)(((quick8_bits) * (v) & ~(mask)) |                                 \
                     ((quick8_bits)((quick8){0} + (x)) & (mask))))

/** Square roots of eight numbers, in place: exact, as sqrtf() is. */
QUICK_INLINE void quick8_sqrt(quick8 *v)
{
#if defined(__SSE2__)
    __m128 half[2];

    memcpy(half, v, sizeof half);
    half[0] = _mm_sqrt_ps(half[0]);
    half[1] = _mm_sqrt_ps(half[1]);
    memcpy(v, half, sizeof half);
#else
    for (int i = 0; i < 8; i++)
        (*v)[i] = sqrtf((*v)[i]);
#endif
}

/** quick_sigmoid() of eight numbers, in place. */
QUICK_INLINE void quick8_sigmoid(quick8 *v)
{
    quick8 t = -*v * 1.44269504F;
    quick8_bits whole;
    quick8 scale;
    quick8 f;

    quick8_put(&t, -100.0F, t < -100.0F);
    quick8_put(&t, 100.0F, t > 100.0F);
    whole = __builtin_convertvector(t + 101.0F, quick8_bits);
    f = t - __builtin_convertvector(whole - 101, quick8);
    scale = (quick8)((whole + 26) * (1 << 23));
    f *= 0.69315247F +
         f * (0.24015281F + f * (0.05583593F + f * (0.00897337F + f * 0.0018853F)));
    *v = 1.0F / (1.0F + (scale + scale * f));
}

/** sign(x) log2(1 + |x|) of eight numbers, in place, by quick_log2_1p()'s operations.
 */
QUICK_INLINE void quick8_signed_log2_1p(quick8 *v)
{
    const quick8_bits sign = (quick8_bits)*v & INT32_MIN;
    quick8 y = (quick8)((quick8_bits)*v & INT32_MAX) + 1.0F;
    quick8_bits bits = (quick8_bits)y;
    quick8 whole = __builtin_convertvector((bits >> 23) - 127, quick8);
    quick8 f = (quick8)((bits & 0x7fffff) | 0x3f800000) - 1.0F;

    f *= 1.44266782F +
         f * (-0.72058532F +
              f * (0.47355243F +
                   f * (-0.32589907F +
                        f * (0.19428995F + f * (-0.07955449F + f * 0.01552898F)))));
    *v = (quick8)((quick8_bits)(whole + f) | sign);
}

#endif /* BASE_QUICK_H */

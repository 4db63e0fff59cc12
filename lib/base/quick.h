/* SPDX-License-Identifier: Apache-2.0 */
/*
 * base/quick.h - functions of the C library to single precision, for loops over many
 * numbers.
 *
 * Polynomials without a branch, which a compiler turns into vectors, and without fused
 * operations: the same bits on every processor, which the C library does not promise.
 */
#ifndef BASE_QUICK_H
#define BASE_QUICK_H

#include <stdint.h>
#include <string.h>

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

#endif /* BASE_QUICK_H */

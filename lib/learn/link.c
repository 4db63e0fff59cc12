/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The C library picks its expf() by processor, and its versions differ: a score would
 * depend on where it was computed.  This one uses only additions, multiplications and
 * bit patterns of IEEE doubles, without fused operations (-ffp-contract=off), so every
 * machine gives the same bits.
 *
 * e^x = 2^k e^r with k = round(x / ln 2) and |r| <= ln 2 / 2 = 0.347.  The Taylor sum
 * to r^9 leaves r^10 / 10! < 7e-12; what remains is the rounding to float, half a unit
 * in the last place or 6e-8.  The order of operations of softmax and logistic is that
 * of XGBoost 1.7 (src/common/math.h), whose probabilities these equal but for that
 * last place.
 */
#include "learn/link.h"

#include "base/simd.h"

#include <float.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

/* Past these e^x is 0 or infinite in single precision. */
static const float x_min = -104.0f;
static const float x_max = 89.0f;

/* 2^k for k in the range of double's normal numbers. */
static double power_of_two(int k)
{
    uint64_t bits = (uint64_t)(1023 + k) << 52;
    double v;

    memcpy(&v, &bits, sizeof v);
    return v;
}

float link_exp(float x)
{
    static const double log2_e = 0x1.71547652b82fep+0;
    static const double ln_2 = 0x1.62e42fefa39efp-1;
    /* 1/9!, 1/8!, ... 1/0! */
    static const double c[] = {1.0 / 362880, 1.0 / 40320, 1.0 / 5040, 1.0 / 720,
                               1.0 / 120,    1.0 / 24,    1.0 / 6,    0.5,
                               1.0,          1.0};
    /* Adding and taking away 1.5 * 2^52 rounds to the nearest integer. */
    static const double round = 0x1.8p+52;
    double k;
    double r;
    double sum = c[0];

    if (!(x > x_min))
        return 0.0f;
    if (x > x_max)
        x = x_max;
    k = ((double)x * log2_e + round) - round;
    r = (double)x - k * ln_2;
    for (size_t i = 1; i < sizeof c / sizeof c[0]; i++)
        sum = sum * r + c[i];
    return (float)(sum * power_of_two((int)k));
}

/* x = m 2^k with m in [sqrt(1/2), sqrt(2)); log m = 2 artanh s, s = (m - 1) / (m + 1),
 * |s| <= 0.172.  The series to s^19 leaves 2 s^21 / 21 < 1e-17. */
double link_log(double x)
{
    static const double ln_2 = 0x1.62e42fefa39efp-1;
    static const double root = 0x1.6a09e667f3bcdp+0;
    double m;
    double s;
    double t;
    double sum = 1.0 / 19;
    uint64_t bits;
    int k;

    memcpy(&bits, &x, sizeof bits);
    k = (int)(bits >> 52) - 1023;
    bits = (bits & 0xfffffffffffffu) | (uint64_t)1023 << 52;
    memcpy(&m, &bits, sizeof m);
    if (m > root) {
        m /= 2;
        k++;
    }
    s = (m - 1) / (m + 1);
    t = s * s;
    for (int i = 17; i > 0; i -= 2)
        sum = sum * t + 1.0 / i;
    return 2 * s * sum + k * ln_2;
}

float link_squash(float v)
{
    double size = v < 0 ? -(double)v : (double)v;
    double log;

    if (isnan(v))
        return v;
    log = link_log(1 + (size < (double)FLT_MAX ? size : (double)FLT_MAX));
    return (float)(v < 0 ? -log : log);
}

enum { LANES = 4 };

typedef float floats __attribute__((vector_size(4 * LANES)));
typedef double doubles __attribute__((vector_size(8 * LANES)));
typedef uint64_t words __attribute__((vector_size(8 * LANES)));

/* link_squash() of four numbers, with the steps of link_log().  A vector has no
 * conversion between 64-bit integers and doubles: the exponent becomes one as the last
 * bits of 2^52. */
SIMD_BODY void squash_four(const float *v, float *out)
{
    static const double c[] = {1.0 / 17, 1.0 / 15, 1.0 / 13, 1.0 / 11, 1.0 / 9,
                               1.0 / 7,  1.0 / 5,  1.0 / 3,  1.0};
    const words sign = (words){0} + (UINT64_C(1) << 63);
    const words one = (words){0} + (UINT64_C(1023) << 52);
    const words half = (words){0} + (UINT64_C(1022) << 52);
    const doubles most = (doubles){0} + (double)FLT_MAX;
    doubles sum = (doubles){0} + 1.0 / 19;
    floats in;
    doubles x;
    doubles m;
    doubles s;
    doubles t;
    words bits;
    words over; /* all ones where true, as comparisons give it */
    words minus;
    words wrong;

    memcpy(&in, v, sizeof in);
    x = __builtin_convertvector(in, doubles);
    minus = (words)(x < 0) & sign;
    wrong = (words)(x != x);
    bits = (words)x & ~sign;
    over = (words)((doubles)bits < most);
    bits = (words)(1 + (doubles)((over & bits) | (~over & (words)most)));
    m = (doubles)((bits & 0xfffffffffffffu) | one);
    over = (words)(m > 0x1.6a09e667f3bcdp+0);
    m *= (doubles)((over & half) | (~over & one));
    s = (m - 1) / (m + 1);
    t = s * s;
    for (size_t j = 0; j < sizeof c / sizeof c[0]; j++)
        sum = sum * t + c[j];
    /* How many powers of two; `over` is -1 where there is one more. */
    m = (doubles)((bits >> 52) - over + (UINT64_C(0x433) << 52)) - (0x1p52 + 1023);
    m = 2 * s * sum + m * 0x1.62e42fefa39efp-1;
    m = (doubles)((words)m ^ minus);
    m = (doubles)((wrong & (words)x) | (~wrong & (words)m));
    in = __builtin_convertvector(m, floats);
    memcpy(out, &in, sizeof in);
}

SIMD_BODY void squash_body(const float *v, size_t n, float *out)
{
    float rest[LANES] = {0};
    size_t i = 0;

    for (; i + LANES <= n; i += LANES)
        squash_four(v + i, out + i);
    if (i == n)
        return;
    memcpy(rest, v + i, (n - i) * sizeof *rest);
    squash_four(rest, rest);
    memcpy(out + i, rest, (n - i) * sizeof *rest);
}

static void squash_plain(const float *v, size_t n, float *out)
{
    squash_body(v, n, out);
}

SIMD_AVX2 static void squash_avx2(const float *v, size_t n, float *out)
{
    squash_body(v, n, out);
}

void link_squash_all(const float *v, size_t n, float *out)
{
    (simd_has_avx2() ? squash_avx2 : squash_plain)(v, n, out);
}

void link_softmax(float *margins, size_t n)
{
    float top = margins[0];
    double sum = 0;

    for (size_t i = 1; i < n; i++)
        if (margins[i] > top)
            top = margins[i];
    for (size_t i = 0; i < n; i++) {
        margins[i] = link_exp(margins[i] - top);
        sum += (double)margins[i];
    }
    for (size_t i = 0; i < n; i++)
        margins[i] /= (float)sum;
}

float link_logistic(float x)
{
    /* XGBoost bounds the exponent so that the quotient is never 0. */
    static const float most = 88.7f;
    float y = -x < most ? -x : most;

    return 1.0f / (link_exp(y) + 1.0f);
}

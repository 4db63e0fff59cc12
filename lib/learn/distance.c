/* SPDX-License-Identifier: Apache-2.0 */
#include "learn/distance.h"

#include "base/simd.h"

enum { LANES = 8 };

SIMD_BODY float squared_body(const float *a, const float *b, size_t d)
{
    float lane[LANES] = {0};
    float sum = 0;
    size_t c = 0;

    for (; c + LANES <= d; c += LANES)
        for (size_t l = 0; l < LANES; l++)
            lane[l] += (a[c + l] - b[c + l]) * (a[c + l] - b[c + l]);
    for (; c < d; c++)
        sum += (a[c] - b[c]) * (a[c] - b[c]);
    for (size_t l = 0; l < LANES; l++)
        sum += lane[l];
    return sum;
}

SIMD_AVX2 static float squared_avx2(const float *a, const float *b, size_t d)
{
    return squared_body(a, b, d);
}

float distance_squared(const float *a, const float *b, size_t d)
{
    return simd_has_avx2() ? squared_avx2(a, b, d) : squared_body(a, b, d);
}

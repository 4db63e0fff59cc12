/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/quantile.h"

#include <math.h>
#include <stdlib.h>

int quantile_order(const void *a, const void *b)
{
    float x = *(const float *)a;
    float y = *(const float *)b;

    return x < y ? -1 : x > y ? 1 : 0;
}

void quantile_fit(float *quantile, size_t n, float *values, size_t n_values)
{
    qsort(values, n_values, sizeof *values, quantile_order);
    for (size_t i = 0; i < n; i++)
        quantile[i] = values[i * (n_values - 1) / (n - 1)];
}

float quantile_p_value(const float *quantile, size_t n, float v)
{
    size_t lo = 0; /* quantiles below lo are smaller than v */
    size_t hi = n;

    while (lo < hi) {
        size_t mid = (lo + hi) / 2;

        if (quantile[mid] < v)
            lo = mid + 1;
        else
            hi = mid;
    }
    /* One is added on both sides: the row itself is as strange as itself, and no
     * p-value is 0 (Vovk et al., Algorithmic Learning in a Random World, 2005). */
    return (float)(n - lo + 1) / (float)(n + 1);
}

void quantile_save(const float *quantile, size_t n, struct buf *out)
{
    for (size_t i = 0; i < n; i++)
        buf_add_f32(out, quantile[i]);
}

bool quantile_load(float *quantile, size_t n, struct span *in)
{
    for (size_t i = 0; i < n; i++)
        if (!span_take_f32(in, &quantile[i]) || !isfinite(quantile[i]) ||
            (i > 0 && quantile[i] < quantile[i - 1]))
            return false;
    return true;
}

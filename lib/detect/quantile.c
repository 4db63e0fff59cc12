/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/quantile.h"

#include "base/assert.h"

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

size_t quantile_below(const float *quantile, size_t n, float v)
{
    size_t lo = 0;

    if (n == 0)
        return 0;
    /* Where the next step goes is arithmetic and no jump: nobody could guess it. */
    for (; n > 1; n -= n / 2)
        lo += n / 2 & -(size_t)(quantile[lo + n / 2 - 1] < v);
    return lo + (quantile[lo] < v ? 1 : 0);
}

void quantile_mark(const float *quantile, size_t n, float marks[QUANTILE_MARKS])
{
    LW_ASSERT(n >= QUANTILE_STEP && n <= QUANTILE_MARKS * QUANTILE_STEP);
    for (size_t i = 0; i < QUANTILE_MARKS; i++) {
        size_t last = (i + 1) * QUANTILE_STEP - 1;

        marks[i] = last < n ? quantile[last] : INFINITY;
    }
}

/* How many of 32 numbers are below v. */
static size_t count_below(const float *p, float v)
{
    unsigned below = 0;

    for (size_t i = 0; i < QUANTILE_STEP; i++)
        below += p[i] < v ? 1 : 0;
    return below;
}

size_t quantile_below_marked(const float *quantile, const float *marks, size_t n,
                             float v)
{
    size_t lo = QUANTILE_STEP * count_below(marks, v);

    /* The quantiles before lo are below too, and may be counted. */
    if (lo > n - QUANTILE_STEP)
        lo = n - QUANTILE_STEP;
    return lo + count_below(quantile + lo, v);
}

float quantile_p_value(const float *quantile, size_t n, float v)
{
    size_t lo = quantile_below(quantile, n, v);

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

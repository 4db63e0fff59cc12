/* SPDX-License-Identifier: Apache-2.0 */
#include "learn/store.h"

#include <math.h>

void store_floats(struct buf *out, const float *v, size_t n)
{
    for (size_t i = 0; i < n; i++)
        buf_add_f32(out, v[i]);
}

void store_doubles(struct buf *out, const double *v, size_t n)
{
    for (size_t i = 0; i < n; i++)
        buf_add_f64(out, v[i]);
}

bool store_take_floats(struct span *s, float *v, size_t n, float most)
{
    for (size_t i = 0; i < n; i++)
        if (!span_take_f32(s, &v[i]) || !(fabsf(v[i]) <= most))
            return false;
    return true;
}

bool store_take_doubles(struct span *s, double *v, size_t n, double most)
{
    for (size_t i = 0; i < n; i++)
        if (!span_take_f64(s, &v[i]) || !(fabs(v[i]) <= most))
            return false;
    return true;
}

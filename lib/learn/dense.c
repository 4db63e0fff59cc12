/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A row's scores must not depend on batch, thread or processor, and OpenBLAS keeps none
 * of these promises (docs/adr/0006).  Here every element of a product is one sum in the
 * order of the inner index.  Vectors run over the columns, so their width changes no
 * sum, and products are not fused (-ffp-contract=off).
 *
 * There is one kernel, for training and for use, compiled for two widths of vectors:
 * tiles of six rows and sixteen columns with AVX2, of four rows and eight columns
 * without.
 */
#include "learn/dense.h"

#include "base/simd.h"

#include <stdbool.h>
#include <string.h>

enum { TILE_MAX = 12 };

struct product {
    float *out;     /* (n, n_cols) */
    const float *a; /* (n, n_inner) */
    const float *b; /* (n_inner, n_cols) */
    const float *bias;
    size_t n;
    size_t n_inner;
    size_t n_cols;
    bool turned; /* a is (n_inner, n) */
};

#define DENSE_LANES    4
#define DENSE_OF(name) name##_4
#include "learn/dense_kernel.h"
#undef DENSE_LANES
#undef DENSE_OF
#define DENSE_LANES    8
#define DENSE_OF(name) name##_8
#include "learn/dense_kernel.h"

static void multiply_plain(const struct product *p)
{
    if (p->turned)
        multiply_body_4(p, 4, true);
    else
        multiply_body_4(p, 4, false);
}

SIMD_AVX2 static void multiply_avx2(const struct product *p)
{
    if (p->turned)
        multiply_body_8(p, 6, true);
    else
        multiply_body_8(p, 6, false);
}

void dense_multiply(float *restrict out, const float *restrict a,
                    const float *restrict b, const float *restrict bias, size_t n,
                    size_t n_inner, size_t n_cols)
{
    const struct product p = {out, a, b, bias, n, n_inner, n_cols, false};

    (simd_has_avx2() ? multiply_avx2 : multiply_plain)(&p);
}

void dense_multiply_turned(float *restrict out, const float *restrict a,
                           const float *restrict b, size_t n, size_t n_inner,
                           size_t n_cols)
{
    const struct product p = {out, a, b, NULL, n, n_inner, n_cols, true};

    (simd_has_avx2() ? multiply_avx2 : multiply_plain)(&p);
}

void dense_transpose(float *restrict out, const float *restrict in, size_t n_rows,
                     size_t n_cols)
{
    for (size_t r = 0; r < n_rows; r++)
        for (size_t c = 0; c < n_cols; c++)
            out[c * n_rows + r] = in[r * n_cols + c];
}

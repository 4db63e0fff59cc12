/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A row's scores must not depend on batch, thread or processor, and OpenBLAS keeps none
 * of these promises (docs/adr/0006).  Here every element of a product is one sum in the
 * order of the inner index.  Vectors run over the columns, so their width changes no
 * sum, and products are not fused (-ffp-contract=off).
 *
 * A tile of four rows and eight columns stays in registers over the whole sum; with
 * AVX2 a larger one (dense_avx2.c).
 */
#include "learn/dense.h"

#include "base/simd.h"
#include "learn/dense_priv.h"

#include <string.h>

enum { LANES = 4, TILE = 2 * LANES, TILE_ROWS = 4 };

typedef float lanes __attribute__((vector_size(16)));

static inline lanes take(const float *p)
{
    lanes v;

    memcpy(&v, p, sizeof v);
    return v;
}

/* Four rows of a (4, n_inner), eight columns of b and out. */
static void multiply_tile(float *restrict out, const float *restrict a,
                          const float *restrict b, lanes low, lanes high,
                          size_t n_inner, size_t n_cols)
{
    const float *a1 = a + n_inner;
    const float *a2 = a1 + n_inner;
    const float *a3 = a2 + n_inner;
    lanes s00 = low, s10 = low, s20 = low, s30 = low;
    lanes s01 = high, s11 = high, s21 = high, s31 = high;

    for (size_t k = 0; k < n_inner; k++, b += n_cols) {
        lanes b0 = take(b);
        lanes b1 = take(b + LANES);

        s00 += a[k] * b0;
        s01 += a[k] * b1;
        s10 += a1[k] * b0;
        s11 += a1[k] * b1;
        s20 += a2[k] * b0;
        s21 += a2[k] * b1;
        s30 += a3[k] * b0;
        s31 += a3[k] * b1;
    }
    memcpy(out, &s00, sizeof s00);
    memcpy(out + LANES, &s01, sizeof s01);
    memcpy(out + n_cols, &s10, sizeof s10);
    memcpy(out + n_cols + LANES, &s11, sizeof s11);
    memcpy(out + 2 * n_cols, &s20, sizeof s20);
    memcpy(out + 2 * n_cols + LANES, &s21, sizeof s21);
    memcpy(out + 3 * n_cols, &s30, sizeof s30);
    memcpy(out + 3 * n_cols + LANES, &s31, sizeof s31);
}

/* One row of a, n <= TILE columns. */
static void multiply_row(float *restrict out, const float *restrict a,
                         const float *restrict b, const float *restrict bias,
                         size_t n_inner, size_t n_cols, size_t n)
{
    float sum[TILE] = {0};

    for (size_t j = 0; bias != NULL && j < n; j++)
        sum[j] = bias[j];
    if (n == TILE)
        for (size_t k = 0; k < n_inner; k++, b += n_cols)
            for (size_t j = 0; j < TILE; j++)
                sum[j] += a[k] * b[j];
    else
        for (size_t k = 0; k < n_inner; k++, b += n_cols)
            for (size_t j = 0; j < n; j++)
                sum[j] += a[k] * b[j];
    memcpy(out, sum, n * sizeof *sum);
}

void dense_multiply(float *restrict out, const float *restrict a,
                    const float *restrict b, const float *restrict bias, size_t n,
                    size_t n_inner, size_t n_cols)
{
    if (simd_has_avx2()) {
        const struct dense_product p = {out, a, b, bias, n_inner, n_cols};

        dense_multiply_avx2(&p, n);
        return;
    }
    for (size_t j = 0; j < n_cols; j += TILE) {
        size_t width = n_cols - j < TILE ? n_cols - j : TILE;
        const float *start = bias == NULL ? NULL : bias + j;
        lanes low = {0};
        lanes high = {0};
        size_t r = 0;

        if (start != NULL && width == TILE) {
            low = take(start);
            high = take(start + LANES);
        }
        for (; width == TILE && r + TILE_ROWS <= n; r += TILE_ROWS)
            multiply_tile(out + r * n_cols + j, a + r * n_inner, b + j, low, high,
                          n_inner, n_cols);
        for (; r < n; r++)
            multiply_row(out + r * n_cols + j, a + r * n_inner, b + j, start, n_inner,
                         n_cols, width);
    }
}

void dense_transpose(float *restrict out, const float *restrict in, size_t n_rows,
                     size_t n_cols)
{
    for (size_t r = 0; r < n_rows; r++)
        for (size_t c = 0; c < n_cols; c++)
            out[c * n_rows + r] = in[r * n_cols + c];
}

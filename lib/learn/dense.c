/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A row's scores must not depend on batch, thread or processor, and OpenBLAS keeps none
 * of these promises (docs/adr/0006).  Here every element of a product is one sum in the
 * order of the inner index.  Vectors run over the columns, so their width changes no
 * sum, and products are not fused (-ffp-contract=off): the wider code that the loader
 * picks on newer processors gives the same bits.
 *
 * A tile of four rows and sixteen columns stays in registers over the whole sum.
 */
#include "learn/dense.h"

#include <string.h>

/* Sanitizers run before the loader can pick. */
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) &&                 \
    !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define WIDER __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define WIDER
#endif

enum { TILE = 16, TILE_ROWS = 4 };

typedef float tile __attribute__((vector_size(4 * TILE)));

WIDER void dense_multiply(float *restrict out, const float *restrict a,
                          const float *restrict b, const float *restrict bias, size_t n,
                          size_t n_inner, size_t n_cols)
{
    size_t whole = n_cols - n_cols % TILE;

    for (size_t j = 0; j < whole; j += TILE) {
        tile first = {0};
        size_t r = 0;

        if (bias != NULL)
            memcpy(&first, bias + j, sizeof first);
        for (; r + TILE_ROWS <= n; r += TILE_ROWS) {
            const float *row = a + r * n_inner;
            tile sum[TILE_ROWS] = {first, first, first, first};

            for (size_t k = 0; k < n_inner; k++) {
                tile v;

                memcpy(&v, b + k * n_cols + j, sizeof v);
                sum[0] += row[k] * v;
                sum[1] += row[n_inner + k] * v;
                sum[2] += row[2 * n_inner + k] * v;
                sum[3] += row[3 * n_inner + k] * v;
            }
            for (size_t i = 0; i < TILE_ROWS; i++)
                memcpy(out + (r + i) * n_cols + j, &sum[i], sizeof sum[i]);
        }
        for (; r < n; r++) {
            tile sum = first;

            for (size_t k = 0; k < n_inner; k++) {
                tile v;

                memcpy(&v, b + k * n_cols + j, sizeof v);
                sum += a[r * n_inner + k] * v;
            }
            memcpy(out + r * n_cols + j, &sum, sizeof sum);
        }
    }
    if (whole == n_cols)
        return;
    for (size_t r = 0; r < n; r++) {
        float sum[TILE] = {0};

        for (size_t j = whole; bias != NULL && j < n_cols; j++)
            sum[j - whole] = bias[j];
        for (size_t k = 0; k < n_inner; k++)
            for (size_t j = whole; j < n_cols; j++)
                sum[j - whole] += a[r * n_inner + k] * b[k * n_cols + j];
        memcpy(out + r * n_cols + whole, sum, (n_cols - whole) * sizeof *sum);
    }
}

void dense_transpose(float *restrict out, const float *restrict in, size_t n_rows,
                     size_t n_cols)
{
    for (size_t r = 0; r < n_rows; r++)
        for (size_t c = 0; c < n_cols; c++)
            out[c * n_rows + r] = in[r * n_cols + c];
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Products by AVX2: a tile of four rows and two vectors of columns stays in registers
 * over the whole sum, or one row and eight vectors where there are no four rows.
 */
#include "base/simd.h"
#include "learn/dense_priv.h"

#include <string.h>

enum { LANES = 8, TILE_ROWS = 4, TILE_MAX = 8 };

/* Sizes of tiles are constants where it is called. */
#define TILE SIMD_AVX2 static inline __attribute__((always_inline))

typedef float lanes __attribute__((vector_size(4 * LANES)));

/* Rows from r on, vectors of columns from j on: n_rows * n_vectors <= TILE_MAX. */
TILE void multiply_tile(const struct dense_product *p, size_t r, size_t j,
                        size_t n_rows, size_t n_vectors)
{
    const float *a = p->a + r * p->n_inner;
    const float *b = p->b + j;
    lanes sum[TILE_MAX] = {0};

    for (size_t v = 0; p->bias != NULL && v < n_vectors; v++)
        for (size_t i = 0; i < n_rows; i++)
            memcpy(&sum[i * n_vectors + v], p->bias + j + v * LANES, sizeof sum[0]);
    for (size_t k = 0; k < p->n_inner; k++, b += p->n_cols)
        for (size_t v = 0; v < n_vectors; v++) {
            lanes w;

            memcpy(&w, b + v * LANES, sizeof w);
            for (size_t i = 0; i < n_rows; i++)
                sum[i * n_vectors + v] += a[i * p->n_inner + k] * w;
        }
    for (size_t v = 0; v < n_vectors; v++)
        for (size_t i = 0; i < n_rows; i++)
            memcpy(p->out + (r + i) * p->n_cols + j + v * LANES,
                   &sum[i * n_vectors + v], sizeof sum[0]);
}

/* The last columns, fewer than a vector.  What a vector has of the next row of b is
 * summed too and not looked at; only at the end of b nothing may follow. */
TILE void multiply_last(const struct dense_product *p, size_t r, size_t j,
                        size_t n_rows)
{
    size_t n_bytes = (p->n_cols - j) * sizeof *p->b;
    const float *a = p->a + r * p->n_inner;
    const float *b = p->b + j;
    const float *end = p->b + p->n_inner * p->n_cols;
    lanes sum[TILE_MAX] = {0};

    for (size_t i = 0; p->bias != NULL && i < n_rows; i++)
        memcpy(&sum[i], p->bias + j, n_bytes);
    for (size_t k = 0; k < p->n_inner; k++, b += p->n_cols) {
        lanes w = {0};

        if (end - b >= LANES)
            memcpy(&w, b, sizeof w);
        else
            memcpy(&w, b, n_bytes);
        for (size_t i = 0; i < n_rows; i++)
            sum[i] += a[i * p->n_inner + k] * w;
    }
    for (size_t i = 0; i < n_rows; i++)
        memcpy(p->out + (r + i) * p->n_cols + j, &sum[i], n_bytes);
}

/* Whole tiles of rows [from, upto); returns the first column that is left. */
TILE size_t multiply_tiles(const struct dense_product *p, size_t from, size_t upto,
                           size_t j, size_t n_rows, size_t n_vectors)
{
    for (; j + n_vectors * LANES <= p->n_cols; j += n_vectors * LANES)
        for (size_t r = from; r < upto; r += n_rows)
            multiply_tile(p, r, j, n_rows, n_vectors);
    return j;
}

SIMD_AVX2 void dense_multiply_avx2(const struct dense_product *p, size_t n)
{
    size_t whole = n - n % TILE_ROWS;
    size_t j = multiply_tiles(p, 0, whole, 0, TILE_ROWS, 2);

    j = multiply_tiles(p, 0, whole, j, TILE_ROWS, 1);
    for (size_t r = 0; j < p->n_cols && r < whole; r += TILE_ROWS)
        multiply_last(p, r, j, TILE_ROWS);
    j = multiply_tiles(p, whole, n, 0, 1, TILE_MAX);
    j = multiply_tiles(p, whole, n, j, 1, 3);
    j = multiply_tiles(p, whole, n, j, 1, 1);
    for (size_t r = whole; j < p->n_cols && r < n; r++)
        multiply_last(p, r, j, 1);
}

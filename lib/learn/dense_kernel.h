/* SPDX-License-Identifier: Apache-2.0 */
/*
 * learn/dense_kernel.h - the kernel of dense.c, which includes it once for each width
 * of vectors: DENSE_LANES floats, and DENSE_OF(name) is the name of that width.
 *
 * A tile of rows and vectors of columns stays in registers over the whole sum.  Where
 * columns are no multiple of a vector, the last one begins earlier and computes some
 * columns again, to the same bits: a part of a vector would be put together in memory
 * for each step of the sum.
 */
typedef float DENSE_OF(lanes) __attribute__((vector_size(4 * DENSE_LANES)));
/* The same that lies anywhere. */
typedef float DENSE_OF(lanes_at)
    __attribute__((vector_size(4 * DENSE_LANES), aligned(4), may_alias));

/* Rows from r on, vectors of columns from j on: n_rows * n_vectors <= TILE_MAX.  Sizes
 * of tiles are constants where it is called. */
SIMD_BODY void DENSE_OF(multiply_tile)(const struct product *p, size_t r, size_t j,
                                       size_t n_rows, size_t n_vectors, bool turned)
{
    size_t row = turned ? 1 : p->n_inner;
    size_t step = turned ? p->n : 1;
    const float *a = p->a + r * row;
    const float *b = p->b + j;
    float *out = p->out + r * p->n_cols + j;
    DENSE_OF(lanes) sum[TILE_MAX];

#pragma GCC unroll 12
    for (size_t v = 0; v < n_vectors; v++) {
        DENSE_OF(lanes) start = {0};

        if (p->bias != NULL)
            start = *(const DENSE_OF(lanes_at) *)(p->bias + j + v * DENSE_LANES);
#pragma GCC unroll 12
        for (size_t i = 0; i < n_rows; i++)
            sum[i * n_vectors + v] = start;
    }
    for (size_t k = 0; k < p->n_inner; k++, a += step, b += p->n_cols) {
        DENSE_OF(lanes) w[TILE_MAX];

#pragma GCC unroll 12
        for (size_t v = 0; v < n_vectors; v++)
            w[v] = *(const DENSE_OF(lanes_at) *)(b + v * DENSE_LANES);
#pragma GCC unroll 12
        for (size_t i = 0; i < n_rows; i++)
#pragma GCC unroll 12
            for (size_t v = 0; v < n_vectors; v++)
                sum[i * n_vectors + v] += a[i * row] * w[v];
    }
#pragma GCC unroll 12
    for (size_t i = 0; i < n_rows; i++)
#pragma GCC unroll 12
        for (size_t v = 0; v < n_vectors; v++)
            *(DENSE_OF(lanes_at) *)(out + i * p->n_cols + v * DENSE_LANES) =
                sum[i * n_vectors + v];
}

/* Fewer columns than a vector has, all of them.  What a vector has of the next row of b
 * is summed too and not looked at; only at the end of b nothing may follow. */
SIMD_BODY void DENSE_OF(multiply_narrow)(const struct product *p, size_t r,
                                         size_t n_rows, bool turned)
{
    size_t row = turned ? 1 : p->n_inner;
    size_t step = turned ? p->n : 1;
    size_t n_bytes = p->n_cols * sizeof *p->b;
    const float *a = p->a + r * row;
    const float *b = p->b;
    const float *end = b + p->n_inner * p->n_cols;
    DENSE_OF(lanes) sum[TILE_MAX] = {0};

    for (size_t i = 0; p->bias != NULL && i < n_rows; i++)
        memcpy(&sum[i], p->bias, n_bytes);
    for (size_t k = 0; k < p->n_inner; k++, a += step, b += p->n_cols) {
        DENSE_OF(lanes) w = {0};

        if (end - b >= DENSE_LANES)
            memcpy(&w, b, sizeof w);
        else
            memcpy(&w, b, n_bytes);
        for (size_t i = 0; i < n_rows; i++)
            sum[i] += a[i * row] * w;
    }
    for (size_t i = 0; i < n_rows; i++)
        memcpy(p->out + (r + i) * p->n_cols, &sum[i], n_bytes);
}

/* All whole tiles from column j on; returns the first column that is left. */
SIMD_BODY size_t DENSE_OF(multiply_tiles)(const struct product *p, size_t r, size_t j,
                                          size_t n_rows, size_t n_vectors, bool turned)
{
    for (; j + n_vectors * DENSE_LANES <= p->n_cols; j += n_vectors * DENSE_LANES)
        DENSE_OF(multiply_tile)(p, r, j, n_rows, n_vectors, turned);
    return j;
}

/* All columns of so many rows. */
SIMD_BODY void DENSE_OF(multiply_rows)(const struct product *p, size_t r, size_t n_rows,
                                       bool turned)
{
    size_t j = 0;

    if (p->n_cols < DENSE_LANES) {
        DENSE_OF(multiply_narrow)(p, r, n_rows, turned);
        return;
    }
    if (n_rows == 1) /* sums that do not wait for each other: as many as of six rows */
        j = DENSE_OF(multiply_tiles)(p, r, j, 1, 8, turned);
    j = DENSE_OF(multiply_tiles)(p, r, j, n_rows, 2, turned);
    if (p->n_cols - j > DENSE_LANES && j > 0) {
        DENSE_OF(multiply_tile)
        (p, r, p->n_cols - (size_t)2 * DENSE_LANES, n_rows, 2, turned);
        return;
    }
    j = DENSE_OF(multiply_tiles)(p, r, j, n_rows, 1, turned);
    if (j < p->n_cols)
        DENSE_OF(multiply_tile)(p, r, p->n_cols - DENSE_LANES, n_rows, 1, turned);
}

SIMD_BODY void DENSE_OF(multiply_body)(const struct product *p, size_t tile,
                                       bool turned)
{
    size_t r = 0;

    for (; r + tile <= p->n; r += tile)
        DENSE_OF(multiply_rows)(p, r, tile, turned);
    for (; tile > 2 && r + 2 <= p->n; r += 2)
        DENSE_OF(multiply_rows)(p, r, 2, turned);
    if (r < p->n)
        DENSE_OF(multiply_rows)(p, r, 1, turned);
}

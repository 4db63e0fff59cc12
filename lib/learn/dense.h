/* SPDX-License-Identifier: Apache-2.0 */
/*
 * learn/dense.h - products of small dense matrices, the same bits on every machine.
 */
#ifndef LEARN_DENSE_H
#define LEARN_DENSE_H

#include <stddef.h>

/** out (n, n_cols) = a (n, n_inner) times b (n_inner, n_cols), plus bias (n_cols) in
 *  every row unless it is NULL.  Each element is summed in the order of the inner
 * index, whatever the vectors of the processor. */
void dense_multiply(float *restrict out, const float *restrict a,
                    const float *restrict b, const float *restrict bias, size_t n,
                    size_t n_inner, size_t n_cols);

/** out (n, n_cols) = a (n_inner, n) turned times b (n_inner, n_cols), summed in the
 * same order. */
void dense_multiply_turned(float *restrict out, const float *restrict a,
                           const float *restrict b, size_t n, size_t n_inner,
                           size_t n_cols);

/** out (n_cols, n_rows) = in (n_rows, n_cols) turned. */
void dense_transpose(float *restrict out, const float *restrict in, size_t n_rows,
                     size_t n_cols);

#endif /* LEARN_DENSE_H */

/* SPDX-License-Identifier: Apache-2.0 */
/* learn/dense_priv.h - what the ways to multiply share. */
#ifndef LEARN_DENSE_PRIV_H
#define LEARN_DENSE_PRIV_H

#include <stddef.h>

/** The operands of dense_multiply(). */
struct dense_product {
    float *out;
    const float *a;
    const float *b;
    const float *bias; /* NULL: none */
    size_t n_inner;
    size_t n_cols;
};

/** dense_multiply() of `n` rows, on a processor with AVX2. */
void dense_multiply_avx2(const struct dense_product *p, size_t n);

#endif /* LEARN_DENSE_PRIV_H */

/* SPDX-License-Identifier: Apache-2.0 */
/* learn/fourier.h - fast Fourier transforms, the same bits on every machine. */
#ifndef LEARN_FOURIER_H
#define LEARN_FOURIER_H

#include <stdbool.h>
#include <stddef.h>

enum { FOURIER_SIDE = 16 };

/** One element of each of 16 complex sequences. */
struct fourier_strip {
    float re[FOURIER_SIDE];
    float im[FOURIER_SIDE];
};

/** Tables for sequences of length n. */
struct fourier {
    size_t n;
    bool is_odd;   /* the power of two in n is an odd one */
    float *wave;   /* (n, 2), owned: real and imaginary part of e^(-2 pi i k / n) */
    size_t *place; /* (n), owned: where the forward transform puts frequency k */
};

/** n: a power of two, at least 4, or three times one.  False: out of memory. */
bool fourier_init(struct fourier *f, size_t n);
/** All zero is fine. */
void fourier_release(struct fourier *f);

/** In place, v (n): from the order of the sequence to that of `place`. */
void fourier_forward(const struct fourier *f, struct fourier_strip *v);
/** The other way round; the sequence comes out n times as large. */
void fourier_backward(const struct fourier *f, struct fourier_strip *v);

#endif /* LEARN_FOURIER_H */

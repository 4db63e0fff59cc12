/* SPDX-License-Identifier: Apache-2.0 */
/*
 * learn/link.h - between margins, logarithms and probabilities, the same bits on every
 * machine.
 */
#ifndef LEARN_LINK_H
#define LEARN_LINK_H

#include <stddef.h>

/** e^x rounded to float; relative error below 6.1e-8 where the result is normal. */
float link_exp(float x);

/** Natural logarithm of a positive, normal, finite number; absolute error below 1e-15
 *  times the larger of 1 and the result. */
double link_log(double x);

/** sign(v) log(1 + |v|), what counts and bytes are measured on: they span many powers
 * of ten.  NaN stays NaN; infinities count as the largest float. */
float link_squash(float v);

/** link_squash() of `n` numbers, out (n); the same bits, in a fifth of the time. */
void link_squash_all(const float *v, size_t n, float *out);

/** Softmax in place over `n` margins: largest subtracted, sum in double. */
void link_softmax(float *margins, size_t n);

/** 1 / (1 + e^-x). */
float link_logistic(float x);

#endif /* LEARN_LINK_H */

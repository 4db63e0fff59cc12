/* SPDX-License-Identifier: Apache-2.0 */
/*
 * learn/link.h - from margins to probabilities, the same bits on every machine.
 */
#ifndef LEARN_LINK_H
#define LEARN_LINK_H

#include <stddef.h>

/** e^x rounded to float; relative error below 6.1e-8 where the result is normal. */
float link_exp(float x);

/** Softmax in place over `n` margins: largest subtracted, sum in double. */
void link_softmax(float *margins, size_t n);

/** 1 / (1 + e^-x). */
float link_logistic(float x);

#endif /* LEARN_LINK_H */

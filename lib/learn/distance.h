/* SPDX-License-Identifier: Apache-2.0 */
/*
 * learn/distance.h - squared distances of rows, the same bits on every machine.
 */
#ifndef LEARN_DISTANCE_H
#define LEARN_DISTANCE_H

#include <stddef.h>

/** Of a (d) and b (d): eight sums side by side, added at the end in a fixed order. */
float distance_squared(const float *a, const float *b, size_t d);

#endif /* LEARN_DISTANCE_H */

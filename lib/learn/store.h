/* SPDX-License-Identifier: Apache-2.0 */
/* learn/store.h - arrays of numbers in a model's stored form. */
#ifndef LEARN_STORE_H
#define LEARN_STORE_H

#include "base/buf.h"
#include "base/span.h"

#include <stdbool.h>

void store_floats(struct buf *out, const float *v, size_t n);
void store_doubles(struct buf *out, const double *v, size_t n);

/** Read n numbers; false where one is missing, no number, or larger than `most` in
 *  size. */
bool store_take_floats(struct span *s, float *v, size_t n, float most);
bool store_take_doubles(struct span *s, double *v, size_t n, double most);

#endif /* LEARN_STORE_H */

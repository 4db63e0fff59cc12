/* SPDX-License-Identifier: Apache-2.0 */
/*
 * detect/quantile.h - a distribution as evenly spaced quantiles, and p-values from it.
 */
#ifndef DETECT_QUANTILE_H
#define DETECT_QUANTILE_H

#include "base/buf.h"
#include "base/span.h"

/** Set quantile (n, ascending) from values (n_values > 0), which are sorted in place.
 */
void quantile_fit(float *quantile, size_t n, float *values, size_t n_values);

/** Share of the distribution that is at least `v`; never 0. */
float quantile_p_value(const float *quantile, size_t n, float v);

void quantile_save(const float *quantile, size_t n, struct buf *out);
/** False: cut off, not finite or not ascending. */
bool quantile_load(float *quantile, size_t n, struct span *in);

/** Order of two floats for qsort(). */
int quantile_order(const void *a, const void *b);

#endif /* DETECT_QUANTILE_H */

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

/** How many of the quantiles (n, ascending) are below `v`. */
size_t quantile_below(const float *quantile, size_t n, float v);

enum { QUANTILE_STEP = 32, QUANTILE_MARKS = 32 };

/** Every 32nd of quantiles (32 <= n <= 1024), by which quantile_below_marked() finds
 * its way in a third of the time, and touches a few lines of memory. */
void quantile_mark(const float *quantile, size_t n, float marks[QUANTILE_MARKS]);
size_t quantile_below_marked(const float *quantile, const float *marks, size_t n,
                             float v);

/** Share of the distribution that is at least `v`; never 0. */
float quantile_p_value(const float *quantile, size_t n, float v);

void quantile_save(const float *quantile, size_t n, struct buf *out);
/** False: cut off, not finite or not ascending. */
bool quantile_load(float *quantile, size_t n, struct span *in);

/** Order of two floats for qsort(). */
int quantile_order(const void *a, const void *b);

#endif /* DETECT_QUANTILE_H */

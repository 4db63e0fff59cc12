/* SPDX-License-Identifier: Apache-2.0 */
/* learn/platt.h - from scores to probabilities by a logistic curve. */
#ifndef LEARN_PLATT_H
#define LEARN_PLATT_H

#include <stddef.h>
#include <stdint.h>

/** log odds = slope * score + offset */
struct platt {
    double slope;
    double offset;
};

/** Fit on scores (n) of rows that are (1) or are not (0) of a class; balanced: as if
 *  there were as many of either.  Needs at least one of either. */
void platt_fit(struct platt *out, const double *score, const uint8_t *is_class,
               size_t n, int balanced);

#endif /* LEARN_PLATT_H */

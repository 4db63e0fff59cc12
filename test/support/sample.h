/* SPDX-License-Identifier: Apache-2.0 */
/* support/sample.h - small random training sets for the tests of estimators. */
#ifndef SUPPORT_SAMPLE_H
#define SUPPORT_SAMPLE_H

#include <lapwing/dataset.h>

#include <stdint.h>

enum { SAMPLE_ROWS = 600, SAMPLE_COLS = 7, SAMPLE_CLASSES_MAX = 5 };

/** Rows with what real ones have: few distinct values in some columns, missing values,
 *  infinities.  The class depends on some columns and on what is missing. */
struct sample {
    struct lw_matrix x;
    uint32_t labels[SAMPLE_ROWS];
    float weights[SAMPLE_ROWS];
    uint32_t n_classes;
};

struct rng; /* base/rng.h */

/** One value of a column like those of the sample. */
float sample_value(struct rng *r, size_t col);

void sample_init(struct sample *s, uint32_t n_classes, uint64_t seed);
void sample_release(struct sample *s);

#endif /* SUPPORT_SAMPLE_H */

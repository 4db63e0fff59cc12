/* SPDX-License-Identifier: Apache-2.0 */
/*
 * learn/bins.h - a matrix with each value replaced by the number of its interval.
 *
 * A tree that is grown on at most 255 intervals a column adds up a histogram instead of
 * sorting values at every node.  A column of at most 255 different values has each in
 * an interval of its own, so the same splits are possible as without; one of more is
 * cut so that the intervals hold about the same number of rows.
 */
#ifndef LEARN_BINS_H
#define LEARN_BINS_H

#include <lapwing/dataset.h>

#include <stdint.h>

enum { BINS_MAX = 255, BINS_MISSING = 255 };

struct bins {
    uint8_t *code;    /* (n_cols, n_rows), owned: interval, or BINS_MISSING */
    float *low;       /* (n_cols, BINS_MAX), owned: least value in the interval */
    float *high;      /* (n_cols, BINS_MAX), owned: largest */
    uint32_t *n_bins; /* (n_cols), owned: 0 where all is missing */
    size_t n_rows;
    size_t n_cols;
};

/** LW_ENOMEM. */
LW_MUST enum lw_status bins_init(struct bins *b, const struct lw_matrix *x,
                                 struct lw_error *err);
void bins_release(struct bins *b);

static inline const uint8_t *bins_codes(const struct bins *b, size_t col)
{
    return b->code + col * b->n_rows;
}

/** A finite number above all of interval `left` and not above any of `right`. */
float bins_between(const struct bins *b, size_t col, uint32_t left, uint32_t right);

#endif /* LEARN_BINS_H */

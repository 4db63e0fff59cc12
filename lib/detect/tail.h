/* SPDX-License-Identifier: Apache-2.0 */
/*
 * detect/tail.h - how high normal traffic scores, exactly where it matters.
 *
 * Evenly spaced quantiles say nothing of one flow in ten thousand.  Kept are the
 * greatest scores of normal rows one by one and, below these, every rank that is 3 %
 * farther down than the one before: what a score's rank lies between is known to that.
 * Ranks between two are taken for the lower score's, so that no p-value is too small.
 */
#ifndef DETECT_TAIL_H
#define DETECT_TAIL_H

#include "base/buf.h"
#include "base/span.h"

#include <lapwing/error.h>

enum { TAIL_EXACT = 512, TAIL_KEPT_MAX = 2048 };

struct tail {
    uint32_t n; /* normal rows */
    uint32_t n_kept;
    uint32_t rank[TAIL_KEPT_MAX]; /* (n_kept) from 1, ascending; the last is n */
    float score[TAIL_KEPT_MAX];   /* (n_kept) of the row of that rank, descending */
};

/** Set from scores (n > 0, at most 2^31), which are sorted in place, greatest first. */
void tail_fit(struct tail *t, float *scores, size_t n);

/** Share of normal rows that score at least so high, not too small; never 0. */
float tail_p_value(const struct tail *t, float score);

/** The least threshold that at most this share of normal rows reaches; above 1 where
 *  even the greatest score is reached too often. */
float tail_threshold(const struct tail *t, double share);

void tail_save(const struct tail *t, struct buf *out);
/** False: damaged. */
bool tail_load(struct tail *t, struct span in);

#endif /* DETECT_TAIL_H */

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lapwing/curve.h - what a score is worth at every threshold, small enough to draw.
 *
 * A file of millions of rows has millions of thresholds; a picture needs a few hundred.
 * The points kept lie on the true curve: their counts are exact.
 */
#ifndef LW_CURVE_H
#define LW_CURVE_H

#include <lapwing/error.h>

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
    LW_CURVE_MAX_POINTS = 256,
    LW_CURVE_BINS = 40,       /* of the score distributions */
    LW_CURVE_RELIABILITY = 10 /* bins of [0, 1] */
};

/** Rows whose score is at least `threshold`. */
struct lw_curve_point {
    float threshold;
    uint64_t true_pos;
    uint64_t false_pos;
};

/** Rows whose score lies in one tenth of [0, 1]; the last one includes 1. */
struct lw_reliability_bin {
    uint64_t n_rows;
    uint64_t n_attacks;
    double mean_score; /* NaN without rows */
};

/** Index 0 is normal, 1 attack. */
struct lw_curve {
    uint64_t n_rows[2];
    size_t n_points; /* at least 1; the last one takes every row */
    struct lw_curve_point points[LW_CURVE_MAX_POINTS]; /* falling threshold */
    float lowest;                                      /* score */
    float highest;
    uint64_t bins[2][LW_CURVE_BINS]; /* equal widths from lowest to highest */
    size_t n_reliability; /* 0 where scores outside [0, 1] are no probabilities */
    struct lw_reliability_bin reliability[LW_CURVE_RELIABILITY];
};

/** truth (n_rows): 0 is normal, anything else an attack; attack_score (n_rows), higher
 * = more attack.  Points are spread evenly over the recall and the square root of the
 *  false-alarm rate, so that few false alarms are drawn finely.
 *  LW_EINVAL: no rows, a score that is not finite.  LW_ENOMEM.  *out is written only on
 *  success. */
LW_API LW_MUST enum lw_status lw_curve_compute(struct lw_curve *out,
                                               const uint32_t *truth,
                                               const float *attack_score, size_t n_rows,
                                               struct lw_error *err);

#ifdef __cplusplus
}
#endif

#endif /* LW_CURVE_H */

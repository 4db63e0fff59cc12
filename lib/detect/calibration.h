/* SPDX-License-Identifier: Apache-2.0 */
/*
 * detect/calibration.h - from the rule's probabilities to what they turned out to mean.
 *
 * For each class a rising curve, fitted to held-out rows by isotonic regression
 * (Zadrozny and Elkan, "Transforming classifier scores into accurate multiclass
 * probability estimates", KDD 2002).  P(normal) is what its curve says; what is left is
 * shared among the attacks as their curves say.  So the order of rows by P(normal)
 * stays, and with it every figure that thresholds give.  The class decided is not
 * touched either: that is the rule's.
 *
 * In a file: u8 classes; for each u8 knots; for each knot f32 score, f32 probability.
 */
#ifndef DETECT_CALIBRATION_H
#define DETECT_CALIBRATION_H

#include "base/buf.h"
#include "base/span.h"

#include <lapwing/detect.h>

enum { CALIBRATION_KNOTS_MAX = 64 };

struct calibration_curve {
    uint32_t n;                               /* knots, at least 1 */
    float score[CALIBRATION_KNOTS_MAX];       /* rising */
    float probability[CALIBRATION_KNOTS_MAX]; /* not falling */
};

struct calibration {
    uint32_t n_classes; /* 0: none, probabilities stay as they are */
    struct calibration_curve curve[LW_MAX_CLASSES];
};

/** A held-out row's probability of a class, and whether it was of it. */
struct calibration_point {
    float score;
    float weight; /* > 0 */
    uint32_t idx; /* breaks ties, so that sums have an order */
    bool is_class;
};

/** Fit a curve to points (n > 0), which are sorted in place. */
void calibration_fit(struct calibration_curve *out, struct calibration_point *points,
                     size_t n);

/** Probabilities (n_classes), in place. */
void calibration_apply(const struct calibration *c, float *p);

void calibration_save(const struct calibration *c, struct buf *out);
LW_MUST enum lw_status calibration_load(struct calibration *c, struct span in,
                                        struct lw_error *err);

#endif /* DETECT_CALIBRATION_H */

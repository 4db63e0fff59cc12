/* SPDX-License-Identifier: Apache-2.0 */
/*
 * detect/novelty.h - when the answer is "Not recognized".
 *
 * A row is not recognized when any of three things holds:
 *   - one of its categories was never seen in training,
 *   - no class reaches the probability `least_confidence`,
 *   - it is farther from every known attack type (and from normal) than
 *     `farthest`, by Mahalanobis distance.
 * Both numbers are quantiles over training rows that were held out while their model
 * was fitted, so that known rows fail either test, or have a new category, less than
 * once in a hundred.
 */
#ifndef DETECT_NOVELTY_H
#define DETECT_NOVELTY_H

#include "base/buf.h"
#include "base/span.h"
#include "learn/mahalanobis.h"

#include <lapwing/detect.h>

/** Share of known held-out rows that may fail either test. */
#define NOVELTY_SHARE 0.0045

enum { NOVELTY_QUANTILES = 1001 };

struct novelty {
    struct mahalanobis *distance; /* owned */
    float least_confidence;
    float farthest;
    float quantile[NOVELTY_QUANTILES]; /* of the distances of known held-out rows */
};

void novelty_release(struct novelty *n);

/** Set both thresholds and the quantiles from held-out known rows: confidence (n_rows)
 *  of the likeliest class, distance (n_rows).  Sorts both in place. */
void novelty_calibrate(struct novelty *n, float *confidence, float *distance,
                       size_t n_rows);

/** Share of known held-out rows that are at least as far. */
float novelty_p_value(const struct novelty *n, float distance);

/** The rule, without the unseen categories. */
bool novelty_rejects(const struct novelty *n, float confidence, float distance);

void novelty_save(const struct novelty *n, struct buf *out);
LW_MUST enum lw_status novelty_load(struct novelty *n, struct span in,
                                    struct lw_error *err);

#endif /* DETECT_NOVELTY_H */

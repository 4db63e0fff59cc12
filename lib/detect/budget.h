/* SPDX-License-Identifier: Apache-2.0 */
/*
 * detect/budget.h - a threshold from how many false alarms may come.
 *
 * Of a share of normal flows the classifier's own record of normal scores tells the
 * threshold (detect/tail.h).  Of alerts a day it depends on how many flows a day
 * brings, which is counted as they come: packet time since the first, an hour at
 * least, so that a busy first second does not promise a busy day.  Until the count
 * settles the threshold moves; the same traffic always moves it alike.
 *
 * A model that knows n normal rows cannot promise less than 1 in n: below that the
 * threshold stays above all it has seen.
 */
#ifndef DETECT_BUDGET_H
#define DETECT_BUDGET_H

#include <lapwing/detect.h>

struct budget {
    double share;   /* of normal flows; 0: not told */
    double per_day; /* 0: not told */
    int64_t first_ns;
    uint64_t n_rows;
    float cuts[LW_MAX_CLASSES]; /* the thresholds now */
};

/** LW_EINVAL: out of range, both told; LW_EUNSUPPORTED: the classifier has no record of
 *  normal scores. */
LW_MUST enum lw_status budget_init(struct budget *b, const struct lw_classifier *c,
                                   double share, double per_day, struct lw_error *err);

/** Some more rows were judged, the last at this time: what becomes of the threshold. */
void budget_move(struct budget *b, const struct lw_classifier *c, uint64_t n_rows,
                 int64_t now_ns);

/** Decide a verdict anew by the threshold as it is; nothing without a budget. */
void budget_decide(const struct budget *b, const struct lw_classifier *c,
                   struct lw_verdict *v);

#endif /* DETECT_BUDGET_H */

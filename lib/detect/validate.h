/* SPDX-License-Identifier: Apache-2.0 */
/*
 * detect/validate.h - what a recipe does with rows, and with attack types, that it was
 * not fitted on.
 */
#ifndef DETECT_VALIDATE_H
#define DETECT_VALIDATE_H

#include "detect/fit.h"

struct validate_plan {
    unsigned n_repeats;     /* at most LW_REPEATS_MAX */
    double budget;          /* share of held-out normal rows that may be alarmed */
    struct lw_cost tune_by; /* what the rule is chosen by */
};

/** Judge a recipe by the naive random split and by leaving attacks out in four folds,
 * as often as planned and each time in other folds; fills the report's figures under
 * both. Chooses the numbers of final's rule, whose costs are set, within the budget,
 * and sets the thresholds of its novelty; nothing of *final need be fitted. */
LW_MUST enum lw_status validate(const struct fit_task *task,
                                const struct validate_plan *plan,
                                struct lw_classifier *final,
                                struct lw_train_report *report, struct lw_error *err);

/** A classifier with view and the five classes set, nothing fitted. */
void classifier_begin(struct lw_classifier *c, const struct lw_view *view);
/** Free what was fitted into a classifier in the caller's storage. */
void classifier_clear(struct lw_classifier *c);

#endif /* DETECT_VALIDATE_H */

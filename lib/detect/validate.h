/* SPDX-License-Identifier: Apache-2.0 */
/*
 * detect/validate.h - what a recipe does with rows, and with attack types, that it was
 * not fitted on.
 */
#ifndef DETECT_VALIDATE_H
#define DETECT_VALIDATE_H

#include "detect/fit.h"

/** Leave attacks out in four folds; fills the report's figures under that protocol and
 *  sets the thresholds of *final (fitted or not) from all held-out known rows. */
LW_MUST enum lw_status validate_leave_attack_out(const struct fit_task *task,
                                                 struct novelty *final,
                                                 struct lw_train_report *report,
                                                 struct lw_error *err);

/** The naive protocol: 30 % of the rows at random, class by class, likeliest class. */
LW_MUST enum lw_status validate_random(const struct fit_task *task,
                                       struct lw_train_report *report,
                                       struct lw_error *err);

/** A classifier with view and the five classes set, nothing fitted. */
void classifier_begin(struct lw_classifier *c, const struct lw_view *view);
/** Free what was fitted into a classifier in the caller's storage. */
void classifier_clear(struct lw_classifier *c);

#endif /* DETECT_VALIDATE_H */

/* SPDX-License-Identifier: Apache-2.0 */
/* detect/fit.h - one fit of a classifier's learned parts on chosen rows. */
#ifndef DETECT_FIT_H
#define DETECT_FIT_H

#include "detect/classifier_priv.h"
#include "detect/train_set.h"

/** Which rows to fit on: those whose `part` is LW_PART_TRAIN; NULL for all. */
struct fit_task {
    const struct train_set *set;
    const uint8_t *part; /* (set rows) */
    bool mask;           /* also learn from copies without what packets cannot give */
    const char *model;   /* kind of estimator */
    struct lw_model_params params;
};

/** Fit encoder, model and distance into *c (whose view and classes are set).  On
 *  failure what was made is freed with the classifier.  LW_ENOMEM, LW_EINVAL. */
LW_MUST enum lw_status fit_classifier(struct lw_classifier *c,
                                      const struct fit_task *task,
                                      struct lw_error *err);

/** Set to NaN what packets cannot give in rows (n_rows, view->n_features). */
void fit_mask_rows(const struct lw_view *view, float *rows, size_t n_rows);

#endif /* DETECT_FIT_H */

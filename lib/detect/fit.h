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
    bool mask;           /* also learn from copies without what may be missing */
    const char *model;   /* kind of estimator */
    size_t most_normal;  /* rows to learn the classes from, at random; 0: all */
    size_t most_of_type; /* the same of each attack type */
    float nearness;      /* of the decision rule, when rows held out are judged */
    struct lw_model_params params;
};

/** Fit encoder, model and distances into *c (whose view and classes are set).  On
 *  failure what was made is freed with the classifier.  LW_ENOMEM, LW_EINVAL. */
LW_MUST enum lw_status fit_classifier(struct lw_classifier *c,
                                      const struct fit_task *task,
                                      struct lw_error *err);

/** Fit the encoder to rows (n, view->n_features): one-hot, with the services in groups.
 *  What encoder_fit() says. */
LW_MUST enum lw_status fit_encoder(struct lw_classifier *c, const struct lw_matrix *x,
                                   struct lw_error *err);

/** Set to NaN what packets do not always give in rows (n_rows, view->n_features): what
 *  they never do, and all that is said inside a connection, which may be encrypted. */
void fit_mask_rows(const struct lw_view *view, float *rows, size_t n_rows);

#endif /* DETECT_FIT_H */

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * detect/pipeline.h - from a table's rows to answers: encoder, cleaner and estimator,
 * fitted together on training rows and applied together to any others.
 */
#ifndef DETECT_PIPELINE_H
#define DETECT_PIPELINE_H

#include "base/buf.h"
#include "base/span.h"
#include "data/clean.h"
#include "data/encode.h"
#include "data/recode.h"

#include <lapwing/bundle.h>
#include <lapwing/model.h>

/** What is fitted, and how.  Everything borrowed. */
struct pipeline_config {
    const char *kind;                     /* lapwing/model_kind.h */
    const struct lw_model_params *params; /* seed and all */
    const char *clean;   /* clean_config_read(); NULL: nothing.  Infinite numbers become
                            missing unless it says otherwise */
    const char *balance; /* balance_config_read(); NULL: rows are taken as they are */
    const struct encode_input *inputs; /* (n_cols of the rows) */
    uint32_t n_classes;
};

/** Training rows. */
struct pipeline_rows {
    const struct lw_matrix *x; /* (n_rows, n_inputs), borrowed */
    const uint32_t *label;     /* (n_rows) below n_classes, borrowed */
    const uint32_t *type;      /* (n_rows) of attack, below n_types, borrowed */
    uint32_t n_types;
};

/** All zero: nothing is fitted. */
struct pipeline {
    struct recoder *recoder; /* owned; NULL: categories are encoded as they are */
    struct encoder *encoder; /* owned */
    struct cleaner *cleaner; /* owned */
    struct lw_model *model;  /* owned */
    double fit_s;            /* processor seconds of the estimator's fit */
};

/** Fit all of it; on failure *p is released.  LW_EINVAL: a kind, option or step that is
 *  not there, or no column left; LW_ELIMIT, LW_ENOMEM. */
LW_MUST enum lw_status pipeline_fit(struct pipeline *p,
                                    const struct pipeline_config *cfg,
                                    const struct pipeline_rows *rows,
                                    struct lw_error *err);
void pipeline_release(struct pipeline *p);

/** Class probabilities of rows (n_rows, n_inputs): out (n_rows, n_classes).
 *  LW_ENOMEM. */
LW_MUST enum lw_status pipeline_predict(const struct pipeline *p, const float *rows,
                                        size_t n_rows, float *out,
                                        struct lw_error *err);

/** How many categories of a row the training rows did not have. */
size_t pipeline_unseen(const struct pipeline *p, const float *row);

/** Put the parts into sections of a model file (RECODE if any, ENCODER, CLEAN, MODEL);
 * read them back for rows of n_inputs and answers of n_classes, trusting nothing.  What
 *  lw_bundle_put() says; LW_EFORMAT, LW_ENOMEM. */
LW_MUST enum lw_status pipeline_save(const struct pipeline *p, struct lw_bundle *b,
                                     struct lw_error *err);
LW_MUST enum lw_status pipeline_load(struct pipeline *p, const struct lw_bundle *b,
                                     size_t n_inputs, uint32_t n_classes,
                                     struct lw_error *err);

#endif /* DETECT_PIPELINE_H */

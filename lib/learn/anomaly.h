/* SPDX-License-Identifier: Apache-2.0 */
/*
 * learn/anomaly.h - what the kinds share that only learn what is normal.
 *
 * They learn from the rows of class 0 alone and give a row one number: how unlike these
 * it is.  The other classes' rows, where there are any, only say which number means
 * what: a logistic curve makes odds of it, fitted as if there were as many normal rows
 * as others.  Without such rows even odds are at what 5 % of the normal ones exceed.
 *
 * Which of several other classes it is the number cannot say; they share its
 * probability as they shared the training weight.
 */
#ifndef LEARN_ANOMALY_H
#define LEARN_ANOMALY_H

#include "base/buf.h"
#include "base/span.h"
#include "learn/model_ops.h"

struct anomaly_link {
    double slope; /* above 0 */
    double offset;
    float *share; /* (n_classes), owned: of the probability not to be normal */
    uint32_t n_classes;
};

/** Fit; m has learnt to score.  normal_score: (rows of class 0), their scores where the
 *  kind knows better than `score` does, or NULL.  LW_ENOMEM. */
LW_MUST enum lw_status anomaly_fit(struct anomaly_link *l, const struct lw_model *m,
                                   anomaly_score_fn score, const double *normal_score,
                                   const struct model_task *task, struct lw_error *err);
/** All zero is fine. */
void anomaly_release(struct anomaly_link *l);

/** Probabilities of one row by its score: out (n_classes). */
void anomaly_odds(const struct anomaly_link *l, double score, float *out);

/** Probabilities or their logarithms: out (n_rows, n_classes). */
void anomaly_predict(const struct anomaly_link *l, const struct lw_model *m,
                     anomaly_score_fn score, const float *rows, size_t n_rows,
                     float *out);
void anomaly_margins(const struct anomaly_link *l, const struct lw_model *m,
                     anomaly_score_fn score, const float *rows, size_t n_rows,
                     float *out);

/** In a file: f64 slope, f64 offset, f32 shares of all classes. */
void anomaly_save(const struct anomaly_link *l, struct buf *out);
/** LW_EFORMAT, LW_ELIMIT, LW_ENOMEM; then *l needs no release. */
LW_MUST enum lw_status anomaly_load(struct anomaly_link *l, struct span *s,
                                    uint32_t n_classes, struct lw_error *err);

#endif /* LEARN_ANOMALY_H */

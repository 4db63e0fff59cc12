/* SPDX-License-Identifier: Apache-2.0 */
/*
 * learn/baseline.h - the trivial rivals that every model is printed beside.
 *
 * The majority class, and the best rule on one single feature (1R: Holte, "Very simple
 * classification rules perform well on most commonly used datasets", 1993).
 */
#ifndef LEARN_BASELINE_H
#define LEARN_BASELINE_H

#include <lapwing/dataset.h>

#include <stdbool.h>

/** The most frequent label of labels (n_rows); n_classes at most 32. */
uint32_t baseline_majority(const uint32_t *labels, size_t n_rows, uint32_t n_classes);

enum { ONE_RULE_MAX_BINS = 128 };

struct one_rule {
    size_t feature_idx;
    bool category;                     /* bins are codes, else between the edges */
    uint32_t n_bins;                   /* bin 0 holds missing and unseen values */
    float edge[ONE_RULE_MAX_BINS];     /* bin b holds values up to edge[b] */
    uint32_t label[ONE_RULE_MAX_BINS]; /* the majority in each bin */
};

/** Fit on x (n_rows, n_cols); is_category (n_cols).  Numbers are cut at the training
 *  rows' 16 quantiles.  LW_EINVAL, LW_ENOMEM. */
LW_MUST enum lw_status one_rule_fit(struct one_rule *out, const struct lw_matrix *x,
                                    const bool *is_category, const uint32_t *labels,
                                    uint32_t n_classes, struct lw_error *err);

uint32_t one_rule_predict(const struct one_rule *rule, const float *row);

#endif /* LEARN_BASELINE_H */

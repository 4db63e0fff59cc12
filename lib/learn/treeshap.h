/* SPDX-License-Identifier: Apache-2.0 */
/*
 * learn/treeshap.h - how much each column of a row moved its margin.
 */
#ifndef LEARN_TREESHAP_H
#define LEARN_TREESHAP_H

#include "learn/forest.h"

/** Path-dependent SHAP values of one row for one class: phi (n_cols + 1), the last the
 *  expected margin; they sum to the margin.  Of two classes, class 0 has the negated
 *  values of class 1.  LW_ENOMEM. */
LW_MUST enum lw_status treeshap_row(const struct forest *f, const float *row,
                                    uint32_t class_idx, double *phi,
                                    struct lw_error *err);

#endif /* LEARN_TREESHAP_H */

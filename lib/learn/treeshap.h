/* SPDX-License-Identifier: Apache-2.0 */
/*
 * learn/treeshap.h - how much each column of a row moved its margin.
 */
#ifndef LEARN_TREESHAP_H
#define LEARN_TREESHAP_H

#include "learn/forest.h"

/** What explaining needs of a forest besides the row; the caller owns *out.  Of a
 *  finished forest but for its `reasons`, which this is to become.  LW_ENOMEM. */
LW_MUST enum lw_status treeshap_plan_new(struct treeshap_plan **out,
                                         const struct forest *f, struct lw_error *err);
/** NULL is fine. */
void treeshap_plan_free(struct treeshap_plan *p);

/** Path-dependent SHAP values of one row for one class: phi (n_cols + 1), the last the
 *  expected margin; they sum to the margin.  Of two classes, class 0 has the negated
 *  values of class 1.  LW_ENOMEM. */
LW_MUST enum lw_status treeshap_row(const struct forest *f, const float *row,
                                    uint32_t class_idx, double *phi,
                                    struct lw_error *err);

#endif /* LEARN_TREESHAP_H */

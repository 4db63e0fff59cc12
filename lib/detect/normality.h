/* SPDX-License-Identifier: Apache-2.0 */
/*
 * detect/normality.h - how unusual is a row among normal ones?
 *
 * Its Mahalanobis distance to the mean of the normal training rows, as a p-value: the
 * share of them that lie at least as far.
 */
#ifndef DETECT_NORMALITY_H
#define DETECT_NORMALITY_H

#include "base/buf.h"
#include "base/span.h"
#include "learn/mahalanobis.h"

enum { NORMALITY_QUANTILES = 1001 };

struct normality {
    struct mahalanobis *distance; /* of one group; owned */
    float quantile[NORMALITY_QUANTILES];
};

void normality_release(struct normality *n);

/** Fit on the rows of x (n_rows, n_cols) whose label is 0.  LW_EINVAL: none is.
 *  LW_ENOMEM. */
LW_MUST enum lw_status normality_fit(struct normality *n, const struct lw_matrix *x,
                                     const uint32_t *labels, struct lw_error *err);

/** Logarithm of the p-value of a row (n_cols), squashed already (link_squash_all());
 *  never below -log 1002. */
float normality_log_p(const struct normality *n, const float *squashed);

void normality_save(const struct normality *n, struct buf *out);
LW_MUST enum lw_status normality_load(struct normality *n, struct span in,
                                      struct lw_error *err);

#endif /* DETECT_NORMALITY_H */

/* SPDX-License-Identifier: Apache-2.0 */
/* detect/usual.h - the ranges that features of normal rows usually have. */
#ifndef DETECT_USUAL_H
#define DETECT_USUAL_H

#include "detect/classifier_priv.h"

/** The i-th row (features of the view), borrowed; NULL: it is not normal. */
typedef const float *(*usual_row_fn)(const void *of, size_t i);

/** Fill in c->usual: the middle 90 % of the normal ones among n rows, feature by
 *  feature; missing values do not count.  LW_ENOMEM. */
LW_MUST enum lw_status usual_find(struct lw_classifier *c, usual_row_fn row,
                                  const void *of, size_t n, struct lw_error *err);

#endif /* DETECT_USUAL_H */

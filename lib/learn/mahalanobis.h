/* SPDX-License-Identifier: Apache-2.0 */
/*
 * learn/mahalanobis.h - how far is a row from everything that is known?
 *
 * Rows are grouped (by attack type); all groups share one covariance.  The distance of
 * a row is that to the nearest group's mean.  A missing value counts as the mean of
 * the group it is compared with: what was not seen cannot be strange.
 */
#ifndef LEARN_MAHALANOBIS_H
#define LEARN_MAHALANOBIS_H

#include "base/buf.h"
#include "base/span.h"

#include <lapwing/dataset.h>

enum { MAHALANOBIS_COLUMNS_MAX = 512 };

struct mahalanobis; /* opaque */

/** Fit on x (n_rows, n_cols) with group numbers below n_groups.  Columns are taken as
 *  sign(v) log(1 + |v|): counts and bytes span many powers of ten.  LW_EINVAL,
 *  LW_ENOMEM. */
LW_MUST enum lw_status mahalanobis_fit(struct mahalanobis **out,
                                       const struct lw_matrix *x,
                                       const uint32_t *groups, uint32_t n_groups,
                                       struct lw_error *err);
void mahalanobis_free(struct mahalanobis *m);

size_t mahalanobis_columns(const struct mahalanobis *m);

/** Distance of one row (n_cols), squashed already (link_squash_all()), to the nearest
 *  group; *group (NULL is fine) says which. */
float mahalanobis_distance(const struct mahalanobis *m, const float *squashed,
                           uint32_t *group);

uint32_t mahalanobis_groups(const struct mahalanobis *m);

/** Distance of one squashed row (n_cols) to the nearest group of each class: class_of
 * (n_groups), groups whose class is n_classes or more are passed over; out (n_classes),
 * FLT_MAX where a class has no group.  Returns mahalanobis_distance(), which it knows
 * then. */
float mahalanobis_by_class(const struct mahalanobis *m, const float *squashed,
                           const uint8_t *class_of, uint32_t n_classes, float *out);

/** How far one column lies from a group's mean, in standard deviations; 0 when it is
 *  missing. */
float mahalanobis_deviation(const struct mahalanobis *m, const float *row,
                            size_t column, uint32_t group);

void mahalanobis_save(const struct mahalanobis *m, struct buf *out);
LW_MUST enum lw_status mahalanobis_load(struct mahalanobis **out, struct span *in,
                                        struct lw_error *err);

#endif /* LEARN_MAHALANOBIS_H */

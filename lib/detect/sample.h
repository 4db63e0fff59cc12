/* SPDX-License-Identifier: Apache-2.0 */
/*
 * detect/sample.h - a few normal training rows that a model file keeps, to compare
 * with.
 *
 * In a file: u32 rows, then f32 (rows, features); NaN is a missing value.
 */
#ifndef DETECT_SAMPLE_H
#define DETECT_SAMPLE_H

#include "base/buf.h"
#include "base/span.h"
#include "detect/train_set.h"

enum { SAMPLE_ROWS = 256, SAMPLE_ROWS_MAX = 65536 };

/** Up to SAMPLE_ROWS normal rows of a set, chosen at random by `seed`, in the order of
 *  the set.  The caller releases *out.  LW_ENOMEM. */
LW_MUST enum lw_status sample_choose(struct lw_matrix *out, const struct train_set *s,
                                     uint64_t seed, struct lw_error *err);

/** Append to a section; read it back, trusting nothing.  LW_EFORMAT, LW_ENOMEM. */
void sample_save(const struct lw_matrix *sample, struct buf *out);
LW_MUST enum lw_status sample_load(struct lw_matrix *out, struct span in,
                                   size_t n_features, struct lw_error *err);

/** Mean and standard deviation (n_features, at least 0.05) of squashed numbers, missing
 *  ones left out. */
void sample_spread(const struct lw_matrix *sample, float *mean, float *sd);

#endif /* DETECT_SAMPLE_H */

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * learn/gbdt_xgboost.h - growing boosted trees with XGBoost.
 *
 * A booster lives inside XGBoost only while it is trained; its trees are then exported
 * to a forest of our own, which predicts.  The booster's own answers are what tests and
 * benchmarks compare the forest's with.
 *
 * Thread safety: one thread per booster.
 */
#ifndef LEARN_GBDT_XGBOOST_H
#define LEARN_GBDT_XGBOOST_H

#include "learn/forest.h"
#include "learn/model_ops.h"

struct booster; /* opaque */

/** Train.  Same task and seed give the same trees.  Training values beyond the range of
 *  thresholds, infinities too, count as the largest there are.  The caller owns *out.
 *  LW_EINVAL: a parameter out of range; says which.  LW_ENOMEM. */
LW_MUST enum lw_status booster_fit(struct booster **out, const struct model_task *task,
                                   struct lw_error *err);

/** The booster's trees as a finished forest; the caller owns *out.  LW_ENOMEM. */
LW_MUST enum lw_status booster_export(struct forest **out, const struct booster *b,
                                      struct lw_error *err);

/** Append XGBoost's own model file, JSON or UBJSON. */
LW_MUST enum lw_status booster_save(const struct booster *b, bool binary,
                                    struct buf *out, struct lw_error *err);

/** A booster from such a file; the caller owns *out.  LW_EINVAL: XGBoost refuses it. */
LW_MUST enum lw_status booster_load(struct booster **out, const void *model,
                                    size_t n_bytes, uint32_t n_cols, uint32_t n_classes,
                                    struct lw_error *err);

enum booster_output {
    BOOSTER_PROBABILITY,  /* (n_rows, n_groups) */
    BOOSTER_MARGIN,       /* (n_rows, n_groups) */
    BOOSTER_CONTRIBUTIONS /* (n_rows, n_groups, n_cols + 1) */
};

/** XGBoost's own prediction on one thread, copied to `out` (n_out values). */
LW_MUST enum lw_status booster_predict(const struct booster *b, const float *rows,
                                       size_t n_rows, enum booster_output what,
                                       float *out, size_t n_out, struct lw_error *err);

/** NULL is fine. */
void booster_free(struct booster *b);

/** Name and version of the library that trains: "XGBoost 1.7.4". */
void gbdt_trainer_version(char out[32]);

#endif /* LEARN_GBDT_XGBOOST_H */

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * learn/members.h - models inside of a model: of blend, mean, cascade and versus.
 *
 * In a file: u8 number of members; per member u32 bytes and an estimator with its
 * header (model.c).  No member has members itself.
 */
#ifndef LEARN_MEMBERS_H
#define LEARN_MEMBERS_H

#include "learn/model_ops.h"

enum { MEMBERS_MAX = 8 };

/** Members' scores are computed a few rows at a time, on the stack. */
enum { MEMBERS_BLOCK_SCORES = 1024, MEMBERS_CLASSES_MAX = MEMBERS_BLOCK_SCORES };

struct members {
    struct lw_model *of[MEMBERS_MAX]; /* owned */
    uint32_t n;
};

/** Kinds that can be members: words of a list option, ended by NULL. */
extern const char *const members_kinds[];

/* Values of such an option: indices in members_kinds. */
enum { MEMBERS_GBDT = 0, MEMBERS_FOREST = 2, MEMBERS_LOGIT = 9 };

/** All zero is fine. */
void members_release(struct members *m);

/** Every "KIND.NAME=VALUE" of the options names one of these n kinds.  LW_EINVAL. */
LW_MUST enum lw_status members_check_options(const char *options,
                                             const struct model_ops *const *kinds,
                                             uint32_t n, struct lw_error *err);

/** Fit one more member, of `n_all` at last, on the task.  The member's own options are
 *  those of the task that begin with "KIND.", and defaults.  As ops->fit(). */
LW_MUST enum lw_status members_add(struct members *m, const struct model_ops *kind,
                                   const struct model_task *task, uint32_t n_all,
                                   struct lw_error *err);

/** As model_latent(), of the first member that can. */
uint32_t members_latent(const struct members *m, const float *rows, size_t n_rows,
                        float *out);
/** As lw_model_contributions(): the mean of the members' that can say. */
LW_MUST enum lw_status members_contributions(const struct members *m, const float *row,
                                             uint32_t class_idx, double *phi,
                                             struct lw_error *err);

void members_save(const struct members *m, struct buf *out);
/** Takes all of s; `who` is the kind for messages.  What was read before a failure is
 *  left to members_release().  LW_EFORMAT also where a member has not n_cols columns;
 *  its classes are the caller's to check. */
LW_MUST enum lw_status members_load(struct members *m, struct span s, uint32_t n_cols,
                                    const char *who, struct lw_error *err);

#endif /* LEARN_MEMBERS_H */

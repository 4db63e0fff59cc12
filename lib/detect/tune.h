/* SPDX-License-Identifier: Apache-2.0 */
/*
 * detect/tune.h - the numbers of a decision rule, chosen on attacks that were left out.
 *
 * A trial is one judgement of a row that was held out while its model was fitted.  The
 * rule chosen is the one of least mean cost over the trials, by a matrix that need not
 * be the rule's own: half of the weight on normal rows, a quarter on attacks of known
 * types, a quarter on types left out; within a quarter a type with n rows weighs log(1
 * + n).  Rules that alarm a larger share of the normal trials than the budget are not
 * considered.  The share is the median of the folds': a fold's normal rows are
 * neighbours in the file, and where something new to all that is normal fills one of
 * them, no rule that finds anything lets it pass; it says nothing of the others.
 */
#ifndef DETECT_TUNE_H
#define DETECT_TUNE_H

#include "detect/rule.h"

enum { TUNE_FOLDS_MAX = LW_TRAIN_FOLDS * LW_REPEATS_MAX };

struct tune_trial {
    float margins[LW_MAX_CLASSES]; /* (n_classes) */
    float log_p;                   /* of the novelty */
    float weight;                  /* in the mean cost */
    uint16_t fold;
    uint8_t truth;
};

struct tune; /* opaque: what every rule of the grid does to every fold */

/** Try the grid's rules on trials (n), deciding by the costs of `rule` and judging by
 *  those of `by`; everything is borrowed for the call.  The caller owns *out.
 *  LW_ENOMEM. */
LW_MUST enum lw_status tune_new(struct tune **out, const struct rule *rule,
                                const struct lw_cost *by,
                                const struct tune_trial *trials, size_t n,
                                size_t n_folds, struct lw_error *err);

/** Which folds a rule is chosen on: [from, upto) but `leave`; none is left out when
 * that is beyond. */
struct tune_folds {
    size_t from;
    size_t upto;
    size_t leave;
};

/** Set the four numbers of *rule to the best of the grid over folds.  No more than
 *  `budget` of the normal trials may be alarmed, neither in the median of these folds
 *  nor in that of `known`, trials of models that had met every attack type (NULL: there
 *  are none). */
void tune_choose(const struct tune *t, const struct tune_folds *folds,
                 const struct tune *known, double budget, struct rule *rule);

/** NULL is fine. */
void tune_free(struct tune *t);

#endif /* DETECT_TUNE_H */

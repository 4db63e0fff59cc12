/* SPDX-License-Identifier: Apache-2.0 */
/* detect/trial.h - judgements of held-out rows, and what is set and measured on them.
 */
#ifndef DETECT_TRIAL_H
#define DETECT_TRIAL_H

#include "detect/calibration.h"
#include "detect/conformal.h"
#include "detect/tune.h"

enum { TRIAL_CLASSES = LW_N_KDD_CLASSES };

/* What is known of a judgement besides what the rules are tried on. */
struct trial {
    float masked[TRIAL_CLASSES]; /* scores without what packets cannot give */
    float masked_log_p;
    float distance;
    float class_distance[TRIAL_CLASSES]; /* to the nearest kind of row of each class */
    float posterior[TRIAL_CLASSES];      /* by the rule */
    float calibrated[TRIAL_CLASSES];     /* by the curves of other folds */
    float confidence;
    float attack_score;
    uint32_t type;
    uint8_t said;
    uint8_t said_masked;
    uint8_t by_majority;
    uint8_t by_one_rule;
    uint8_t set; /* bit k: class k is not excluded */
    bool unseen_type;
    bool unseen_category;
    bool rejected;   /* no class is left */
    bool too_unlike; /* "Not recognized" by distance and confidence alone */
};

struct trials {
    struct trial *t;         /* (n), owned */
    struct tune_trial *tune; /* (n), owned */
    size_t n;
    size_t n_folds;
};

/** Trials of the folds [from, upto) but `leave`. */
struct trial_range {
    const struct trials *all;
    size_t from;
    size_t upto;
    size_t leave;
};

/** Set p-values from the known rows of a range; n_rows (TRIAL_CLASSES): different rows
 *  of each class.  What conformal_fit() says. */
LW_MUST enum lw_status trials_conformal(const struct trial_range *of,
                                        const uint64_t *n_rows, struct conformal *out,
                                        struct lw_error *err);

/** Set the curves of calibration from all rows of a range, which have posteriors and
 *  weights.  LW_EINVAL: there are none.  LW_ENOMEM. */
LW_MUST enum lw_status trials_calibrate(const struct trial_range *of,
                                        struct calibration *out, struct lw_error *err);

/** Fill the report's figures of calibration and of sets, once every trial has both, and
 *  those of the protocol, where mistakes cost what `cost` says. */
void trials_assess(const struct trials *all, const struct lw_cost *cost,
                   struct lw_train_report *report);

#endif /* DETECT_TRIAL_H */

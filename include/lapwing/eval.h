/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lapwing/eval.h - how good are these predictions?
 *
 * Accuracy alone is never reported: it rewards whoever says "normal" most often.
 */
#ifndef LW_EVAL_H
#define LW_EVAL_H

#include <lapwing/error.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { LW_EVAL_MAX_CLASSES = 32 };

/** A confusion matrix and what follows from it.  Class 0 is normal.  Column
 *  `n_classes` counts answers that name none of the classes ("Not recognized"). */
struct lw_eval {
    uint32_t n_classes;
    uint64_t n_rows;
    uint64_t confusion[LW_EVAL_MAX_CLASSES][LW_EVAL_MAX_CLASSES + 1]; /* (true, said) */
    double precision[LW_EVAL_MAX_CLASSES]; /* NaN where a class was never said */
    double recall[LW_EVAL_MAX_CLASSES];    /* NaN where a class has no rows */
    double f1[LW_EVAL_MAX_CLASSES];        /* 0 where precision or recall is NaN or 0 */
    uint64_t support[LW_EVAL_MAX_CLASSES];
    double accuracy;
    double macro_f1; /* over classes that have rows */
    double weighted_f1;
    double average_cost; /* NaN until who knows the costs sets it (lapwing/cost.h) */
    double mcc;          /* Gorodkin's R_K for several classes */
    double
        false_alarm;  /* share of normal rows said to be an attack or not recognized */
    double detection; /* share of attack rows not said to be normal */
    double roc_auc;   /* attack score; NaN without scores or with one class only */
    double pr_auc;    /* average precision */
    double tpr_at_fpr_1e2;
    double tpr_at_fpr_1e3;
};

/** Judge answers.  truth (n_rows) in [0, n_classes), said (n_rows) in [0, n_classes]
 *  where n_classes means none of them; attack_score (n_rows), higher = more attack, or
 *  NULL.  LW_EINVAL: no rows, too few or too many classes, a value out of
 *  range, a score that is NaN.  LW_ENOMEM.  On failure *out has no meaning. */
LW_API LW_MUST enum lw_status
lw_eval_compute(struct lw_eval *out, const uint32_t *truth, const uint32_t *said,
                size_t n_rows, uint32_t n_classes, const float *attack_score,
                struct lw_error *err);

/** The same judgement with classes taken together: group (in->n_classes) below
 *  n_groups, of which 0 is normal and gets no attack.  Figures of scores and costs are
 *  in's.  LW_EINVAL. */
LW_API LW_MUST enum lw_status lw_eval_merge(struct lw_eval *out,
                                            const struct lw_eval *in,
                                            const uint32_t *group, uint32_t n_groups,
                                            struct lw_error *err);

enum { LW_EVAL_NAMES_MAX = 128, LW_EVAL_NAME_BYTES = 64 };

/** What was said of the rows of each label. */
struct lw_eval_name {
    char name[LW_EVAL_NAME_BYTES]; /* cut where it is longer */
    bool is_attack;
    bool is_unseen; /* the training set did not have it */
    uint64_t n_rows;
    uint64_t said[LW_EVAL_MAX_CLASSES + 1]; /* by class; the last: none of them */
};

struct lw_eval_names {
    struct lw_eval_name name[LW_EVAL_NAMES_MAX]; /* (n) in the order of appearance */
    size_t n;
    size_t n_left_out; /* labels for which there is no room */
};

#ifdef __cplusplus
}
#endif

#endif /* LW_EVAL_H */

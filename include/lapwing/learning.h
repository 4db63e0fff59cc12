/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lapwing/learning.h - how a model gets better with more rows, and which columns it
 * needs.
 *
 * Both are measured on rows held out, under the protocol that the model is judged by.
 */
#ifndef LW_LEARNING_H
#define LW_LEARNING_H

#include <lapwing/compare.h>
#include <lapwing/curve.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { LW_LEARNING_POINTS = 4 };

/** What a share of each fold's training rows is worth. */
struct lw_learning_point {
    double share;
    size_t n_train;  /* mean over folds */
    double macro_f1; /* of the rows held out; NaN where not to be computed */
    double mcc;
    double roc_auc;
    double tpr_at_fpr_1e2;
};

/** What becomes worse without a column. */
struct lw_importance {
    size_t feature; /* its number in the table */
    double loss;    /* of macro F1, when the column's values are dealt anew among the
                         held-out rows of the first fold (Breiman 2001); about 0 or
                         below: nothing */
};

struct lw_learning {
    struct lw_learning_point point[LW_LEARNING_POINTS]; /* growing share; the last: 1 */
    struct lw_eval eval;                                /* with all training rows */
    struct lw_curve curve;                              /* the same */
    bool has_curve;                   /* false: scores that none can be made of */
    struct lw_importance *importance; /* (n_columns), the greatest loss first; owned */
    size_t n_columns;
};

LW_API void lw_learning_release(struct lw_learning *l);

/** Measure one kind of model.  A share has the same share of every class, evenly
 * spaced. One seed.  What lw_compare_run() says. */
LW_API LW_MUST enum lw_status lw_learning_run(struct lw_learning *out,
                                              const struct lw_compare_table *t,
                                              const struct lw_compare_model *model,
                                              const struct lw_compare_config *cfg,
                                              struct lw_error *err);

/** The kind and parameters that a preset of lw_train() has, for what the caller leaves
 *  0 in *model.  LW_EINVAL: no such preset. */
LW_API LW_MUST enum lw_status lw_learning_recipe(struct lw_compare_model *model,
                                                 const char *preset,
                                                 struct lw_error *err);

#ifdef __cplusplus
}
#endif

#endif /* LW_LEARNING_H */

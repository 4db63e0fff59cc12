/* SPDX-License-Identifier: Apache-2.0 */
/*
 * learn/balance.h - rare classes made to count: rows left out, repeated, made up, or
 * weighed.
 *
 * For training rows only.  Resampling before a split puts repeats and neighbours of the
 * rows that judge among those that are learnt from, and changes how frequent attacks
 * are among those that judge; there is no way to ask for it here.
 */
#ifndef LEARN_BALANCE_H
#define LEARN_BALANCE_H

#include <lapwing/dataset.h>

#include <stdbool.h>

/** After a step no class has less than `ratio` times the rows of the largest one. */
enum balance_kind {
    BALANCE_UNDER,   /* larger classes lose rows, at random */
    BALANCE_OVER,    /* rows of smaller ones are repeated, at random */
    BALANCE_SMOTE,   /* smaller ones get rows between neighbours */
    BALANCE_SMOTE_NC /* the same where some columns are categories */
};

enum balance_weights {
    BALANCE_NO_WEIGHTS,
    BALANCE_BY_CLASS, /* every class weighs the same */
    BALANCE_BY_TYPE   /* an attack type of n rows weighs the square root of n */
};

enum { BALANCE_STEPS_MAX = 4 };

struct balance_config {
    struct balance_step {
        enum balance_kind kind;
        double ratio;          /* above 0, at most 1 */
    } step[BALANCE_STEPS_MAX]; /* (n_steps), in this order */
    size_t n_steps;
    uint32_t neighbours; /* of a row, from which another one is made; default 5 */
    enum balance_weights weights;
};

/** Read "under=0.1,smote-nc=1,neighbours=5,weights=class": steps in their order; a
 *  ratio left out is 1.  LW_EINVAL names what is unknown, or says why resampling before
 *  a split ("before-split") is refused. */
LW_MUST enum lw_status balance_config_read(struct balance_config *out, const char *text,
                                           struct lw_error *err);

struct balanced {
    struct lw_matrix x; /* owned */
    uint32_t *source;   /* (n_rows) the row it is, or was made from; owned */
};

void balanced_release(struct balanced *b);

/** Resample x (n_rows, n_cols) of labels (n_rows) below n_classes; is_category
 * (n_cols). Rows that stay keep their order, new ones come behind.  Of made-up rows
 * (Chawla et al., JAIR 16, 2002) numbers lie at random between a row and one of its
 * neighbours in the class; a missing or infinite number stays that of the row; a
 * category is the most frequent among the neighbours.  Distances are between numbers of
 * variance 1; a category that differs counts as the median deviation of the class's
 * numbers. LW_EINVAL: smote and categories.  LW_ELIMIT: too many categories. LW_ENOMEM.
 */
LW_MUST enum lw_status balance_rows(struct balanced *out,
                                    const struct balance_config *cfg,
                                    const struct lw_matrix *x, const bool *is_category,
                                    const uint32_t *labels, uint32_t n_classes,
                                    uint64_t seed, struct lw_error *err);

/** Weights of rows by their kind (class or type, below n_kinds), 1 in the mean: out
 *  (n_rows).  LW_ENOMEM. */
LW_MUST enum lw_status balance_weigh(enum balance_weights how, const uint32_t *kinds,
                                     size_t n_rows, uint32_t n_kinds, float *out,
                                     struct lw_error *err);

#endif /* LEARN_BALANCE_H */

/* SPDX-License-Identifier: Apache-2.0 */
/* learn/linear_liblinear.h - planes found by liblinear (Fan and others, "LIBLINEAR: a
 * library for large linear classification", JMLR 2008). */
#ifndef LEARN_LINEAR_LIBLINEAR_H
#define LEARN_LINEAR_LIBLINEAR_H

#include <lapwing/dataset.h>

#include <stdbool.h>

struct linear_task {
    const struct lw_matrix *x; /* (n_rows, n_cols), finite */
    const uint32_t *labels;    /* (n_rows) */
    uint32_t n_classes;
    const double *class_weight; /* (n_classes), 0 of those without rows */
    bool svm;                   /* squared hinge loss, else logistic */
    double cost;                /* of errors, beside half the squared length */
    double tolerance;           /* of the gradient when to stop */
};

/** One plane a class against all others: w (n_classes, n_cols + 1), the constant last.
 *  The row of a class without training rows is all 0, and has[class] is false.
 *  LW_EINVAL: rows of one class only.  LW_ENOMEM. */
LW_MUST enum lw_status linear_train(double *w, bool *has, const struct linear_task *t,
                                    struct lw_error *err);

#endif /* LEARN_LINEAR_LIBLINEAR_H */

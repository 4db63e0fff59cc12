/* SPDX-License-Identifier: Apache-2.0 */
/* learn/kernel_libsvm.h - support vectors found by libsvm (Chang and Lin, "LIBSVM: a
 * library for support vector machines", ACM TIST 2011). */
#ifndef LEARN_KERNEL_LIBSVM_H
#define LEARN_KERNEL_LIBSVM_H

#include "learn/kernel.h"

struct kernel_task {
    const struct lw_matrix *x;  /* (n_rows, n_cols), finite */
    const uint32_t *labels;     /* (n_rows); NULL: learn what all rows have in common */
    const double *class_weight; /* (n_classes), 0 of those without rows; NULL */
    uint32_t n_classes;
    double cost;
    double nu; /* without labels: about the share of rows left outside */
    double tolerance;
    double cache_mb;
    uint64_t seed;
};

/** Fill support vectors into *m, whose kernel is set and whose arrays are empty; the
 *  caller releases it in any case.  LW_EINVAL: one class only, or what libsvm objects
 *  to.  LW_ENOMEM. */
LW_MUST enum lw_status kernel_train(struct kernel_machine *m,
                                    const struct kernel_task *t, struct lw_error *err);

#endif /* LEARN_KERNEL_LIBSVM_H */

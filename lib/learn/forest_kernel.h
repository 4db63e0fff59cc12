/* SPDX-License-Identifier: Apache-2.0 */
/*
 * learn/forest_kernel.h - ways to run rows through a forest.
 *
 * A kernel may lay the trees out anew (its plan) and visit nodes in any order, but must
 * add the leaves in the order of the trees: every kernel gives the same bits.  The
 * table is in order of preference; the first kernel that suits forest and processor is
 * taken.
 */
#ifndef LEARN_FOREST_KERNEL_H
#define LEARN_FOREST_KERNEL_H

#include "learn/forest.h"

struct forest_kernel {
    const char *name;
    bool (*suits)(const struct forest *f);
    /** Make the plan; the caller owns *out and frees it with `free`. */
    enum lw_status (*build)(struct forest_plan **out, const struct forest *f,
                            struct lw_error *err);
    /** Margins of rows: out (n_rows, n_groups). */
    void (*margins)(const struct forest *f, const struct forest_plan *plan,
                    const float *rows, size_t n_rows, float *out);
    void (*free)(struct forest_plan *plan); /* NULL is fine */
};

/** First member of every kernel's plan. */
struct forest_plan {
    const struct forest_kernel *kernel;
};

extern const struct forest_kernel forest_kernel_quick; /* forest_quick.c */
extern const struct forest_kernel forest_kernel_walk;  /* forest_walk.c */

/** The i-th kernel, NULL past the last. */
const struct forest_kernel *forest_kernel_at(size_t i);

/** Make `kernel` the one that serves this forest.  LW_EUNSUPPORTED: it does not suit.
 *  LW_ENOMEM. */
LW_MUST enum lw_status forest_use(struct forest *f, const struct forest_kernel *kernel,
                                  struct lw_error *err);

#endif /* LEARN_FOREST_KERNEL_H */

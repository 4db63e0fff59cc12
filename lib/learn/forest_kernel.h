/* SPDX-License-Identifier: Apache-2.0 */
/*
 * learn/forest_kernel.h - ways to run rows through a forest.
 *
 * A kernel may lay the trees out anew (its plan) and visit nodes in any order, but must
 * add the leaves in the order of the trees: every kernel gives the same bits.  The
 * table is in order of preference; the first kernel that suits forest and processor is
 * taken, one for single rows and one for many.
 */
#ifndef LEARN_FOREST_KERNEL_H
#define LEARN_FOREST_KERNEL_H

#include "learn/forest.h"

struct forest_kernel {
    const char *name;
    bool for_many; /* rows at a time; wasteful for single ones */
    bool (*suits)(const struct forest *f);
    /** Make the plan; the caller owns *out and frees it with `free`.  LW_EUNSUPPORTED:
     *  the trees do not suit after all. */
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

extern const struct forest_kernel forest_kernel_small; /* forest_small.c */
extern const struct forest_kernel forest_kernel_quick; /* forest_quick.c */
extern const struct forest_kernel forest_kernel_walk;  /* forest_walk.c */
extern const struct forest_kernel forest_kernel_block; /* forest_block_bytes.c */
#if defined(__x86_64__)
extern const struct forest_kernel forest_kernel_bits_avx2; /* forest_bits_x86.c */
extern const struct forest_kernel forest_kernel_bits_avx512;
#endif

/** The i-th kernel, NULL past the last. */
const struct forest_kernel *forest_kernel_at(size_t i);

/** Make `kernel` the one that serves this forest, however many rows.  LW_EUNSUPPORTED:
 * it does not suit. LW_ENOMEM. */
LW_MUST enum lw_status forest_use(struct forest *f, const struct forest_kernel *kernel,
                                  struct lw_error *err);

#endif /* LEARN_FOREST_KERNEL_H */

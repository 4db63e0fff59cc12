/* SPDX-License-Identifier: Apache-2.0 */
/*
 * learn/kernel.h - a machine of support vectors: sums of kernels with training rows.
 *
 * Of several classes there is a decision for each pair i < j (in the order of `label`):
 * above 0 it speaks for i.  A support vector of class i has a weight in each of the
 * decisions of i; libsvm's layout is kept: weight[j - 1] of a vector of class i < j,
 * and weight[i] of one of class j.
 */
#ifndef LEARN_KERNEL_H
#define LEARN_KERNEL_H

#include "base/buf.h"
#include "base/span.h"

#include <lapwing/dataset.h>

enum {
    KERNEL_CLASSES_MAX = 64,
    KERNEL_PAIRS_MAX = 64 * 63 / 2,
    KERNEL_COLS_MAX = 4096
};

enum kernel_kind { KERNEL_RBF, KERNEL_POLY, KERNEL_LINEAR };

struct kernel_machine {
    enum kernel_kind kind;
    double gamma;
    double coef0;
    uint32_t degree;
    uint32_t n_cols;
    uint32_t n_present; /* classes with training rows; 1: one-class */
    uint32_t n_vectors;
    uint32_t label[KERNEL_CLASSES_MAX]; /* (n_present) */
    uint32_t n_of[KERNEL_CLASSES_MAX];  /* (n_present) vectors of each, in this order */
    float *vector;                      /* (n_vectors, n_cols), owned */
    double
        *weight;   /* (n_weights, n_vectors), owned; n_weights is n_present - 1, or 1 */
    double *rho;   /* (n_pairs), owned: taken away from each decision */
    double *slope; /* (n_pairs), owned: odds of i are exp(-(slope f + offset)) */
    double *offset;
};

/** All zero is fine. */
void kernel_release(struct kernel_machine *m);

static inline uint32_t kernel_pairs(const struct kernel_machine *m)
{
    return m->n_present < 2 ? 1 : m->n_present * (m->n_present - 1) / 2;
}

static inline uint32_t kernel_weights(const struct kernel_machine *m)
{
    return m->n_present < 2 ? 1 : m->n_present - 1;
}

/** Arrays for what n_cols, n_present and n_vectors say.  LW_ENOMEM. */
LW_MUST enum lw_status kernel_alloc(struct kernel_machine *m, struct lw_error *err);

/** Decisions of a row: out (n_pairs). */
void kernel_decide(const struct kernel_machine *m, const float *row, double *out);

/** Probabilities of the present classes from the pairs' decisions: out (n_present). Wu,
 *  Lin and Weng, "Probability estimates for multi-class classification by pairwise
 *  coupling" (JMLR 2004), the second method. */
void kernel_couple(const struct kernel_machine *m, const double *decision, double *out);

/** In a file: u8 kind; f64 gamma; f64 coef0; u32 degree; u32 n_present; u32 n_vectors;
 *  u32 label and u32 vectors of each present class; f64 rho, slope and offset of each
 *  pair; f64 weights; f32 vectors. */
void kernel_save(const struct kernel_machine *m, struct buf *out);
/** n_classes 0: one-class.  On failure *m needs no release.  LW_EFORMAT,
 *  LW_ETRUNCATED, LW_ENOMEM. */
LW_MUST enum lw_status kernel_load(struct kernel_machine *m, struct span *s,
                                   uint32_t n_cols, uint32_t n_classes,
                                   struct lw_error *err);

#endif /* LEARN_KERNEL_H */

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * learn/prep.h - rows brought to one scale, without missing values: for kinds of models
 * that measure distances or add up columns.
 *
 * A missing value becomes the column's mean over the rows fitted on: it says nothing.
 */
#ifndef LEARN_PREP_H
#define LEARN_PREP_H

#include "base/buf.h"
#include "base/span.h"

#include <lapwing/dataset.h>

enum { PREP_COLS_MAX = 4096 };

/** Prepared values are at most this large. */
#define PREP_VALUE_MAX 1e15f

enum prep_scale {
    PREP_LOG,      /* sign(v) log(1 + |v|), then mean 0 and deviation 1 */
    PREP_STANDARD, /* mean 0 and deviation 1 */
    PREP_MINMAX,   /* 0 to 1 */
    PREP_NONE
};

/** Words of the parameter `scale`, in the order of enum prep_scale, ended by NULL. */
extern const char *const prep_scales[];

struct prep {
    float *shift;  /* (n_cols), owned */
    float *factor; /* (n_cols), owned: prepared = (v - shift) factor */
    float *fill;   /* (n_cols), owned: prepared value of a missing one */
    uint32_t n_cols;
    enum prep_scale scale;
};

/** Fit on the rows of x whose label is `only`, or on all (labels NULL).
 *  LW_ELIMIT: too many columns.  LW_ENOMEM. */
LW_MUST enum lw_status prep_fit(struct prep *p, enum prep_scale scale,
                                const struct lw_matrix *x, const uint32_t *labels,
                                uint32_t only, struct lw_error *err);
/** All zero is fine. */
void prep_release(struct prep *p);

/** row (n_cols), which may be out (n_cols). */
void prep_row(const struct prep *p, const float *row, float *out);

/** Prepare the rows of x whose label is `only`, or all (labels NULL), into a matrix of
 *  the caller's.  LW_EINVAL: there are none.  LW_ENOMEM. */
LW_MUST enum lw_status prep_rows(const struct prep *p, struct lw_matrix *out,
                                 const struct lw_matrix *x, const uint32_t *labels,
                                 uint32_t only, struct lw_error *err);

/** Those rows as they are.  LW_EINVAL: there are none.  LW_ENOMEM. */
LW_MUST enum lw_status prep_gather(struct lw_matrix *out, const struct lw_matrix *x,
                                   const uint32_t *labels, uint32_t only,
                                   struct lw_error *err);

/** In a file: u8 scale, then f32 shift, factor and fill of all columns. */
void prep_save(const struct prep *p, struct buf *out);
/** LW_EFORMAT, LW_ELIMIT, LW_ENOMEM; then *p needs no release. */
LW_MUST enum lw_status prep_load(struct prep *p, struct span *s, uint32_t n_cols,
                                 struct lw_error *err);

#define PREP_OPTION MODEL_WORD("scale", prep_scales, "how columns are made comparable")

#endif /* LEARN_PREP_H */

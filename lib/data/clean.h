/* SPDX-License-Identifier: Apache-2.0 */
/*
 * data/clean.h - numbers made fit to learn from: repaired, thinned out, scaled.
 *
 * A cleaner is fitted once, on training rows, and applied anywhere.  Its steps, in this
 * order, each of which may be left out: infinite values are repaired, missing ones
 * filled in, columns that say nothing (constant) or the same as others (correlated,
 * inflated) are left out, the rest is scaled.
 */
#ifndef DATA_CLEAN_H
#define DATA_CLEAN_H

#include "base/buf.h"
#include "base/span.h"
#include "data/recode.h"

#include <lapwing/dataset.h>

#include <stdbool.h>

enum clean_infinite {
    CLEAN_INFINITE_KEEP,
    CLEAN_INFINITE_MISSING,
    CLEAN_INFINITE_CLIP /* to the least or greatest finite value of the column */
};

enum clean_missing {
    CLEAN_MISSING_KEEP, /* trees take them as they are */
    CLEAN_MISSING_ZERO,
    CLEAN_MISSING_MEAN,
    CLEAN_MISSING_MEDIAN
};

enum clean_scale {
    CLEAN_SCALE_NONE,
    CLEAN_SCALE_STANDARD, /* mean 0, variance 1 */
    CLEAN_SCALE_MIN_MAX,  /* 0 to 1 */
    CLEAN_SCALE_ROBUST,   /* median 0, interquartile range 1 */
    CLEAN_SCALE_LOG       /* sign(v) log(1 + |v|) */
};

/** All zero: nothing is done.  What becomes of categories is for who encodes: a cleaner
 *  sees numbers. */
struct clean_config {
    enum recode_kind encode;
    double rare; /* categories of fewer training rows are taken together; 0: off */
    enum clean_infinite infinite;
    enum clean_missing missing;
    enum clean_scale scale;
    bool drop_constant;
    double max_correlation; /* of two columns whose correlation is beyond, the later one
                               goes; 0: off */
    double max_vif; /* the column with the greatest variance inflation goes, until none
                       is beyond; 0: off.  LW_EINVAL for more than 512 columns */
};

/** Read "encode=target,rare=20,infinite=missing,missing=median,constant,
 *  correlation=0.99,vif=10,scale=robust" without blanks, any of it in any order.
 * LW_EINVAL names what is unknown or out of range. */
LW_MUST enum lw_status clean_config_read(struct clean_config *out, const char *text,
                                         struct lw_error *err);

enum clean_fate { CLEAN_KEPT, CLEAN_CONSTANT, CLEAN_CORRELATED, CLEAN_INFLATED };

struct cleaner; /* opaque; immutable once made */

/** Fit on x (n_rows, n_cols), training rows only.  The caller owns *out.  Correlations
 *  take missing and infinite values for the column's mean.
 *  LW_EINVAL: no rows or columns, or a limit that is none.  LW_ENOMEM. */
LW_MUST enum lw_status cleaner_fit(struct cleaner **out, const struct clean_config *cfg,
                                   const struct lw_matrix *x, struct lw_error *err);
/** NULL is fine. */
void cleaner_free(struct cleaner *c);

size_t cleaner_inputs(const struct cleaner *c);
size_t cleaner_outputs(const struct cleaner *c);
/** The input that an output column is. */
size_t cleaner_source(const struct cleaner *c, size_t output);
/** What became of an input, and the name of that. */
enum clean_fate cleaner_fate(const struct cleaner *c, size_t input);
const char *clean_fate_name(enum clean_fate f);

/** rows (n_rows, n_inputs) to out (n_rows, n_outputs). */
void cleaner_apply(const struct cleaner *c, const float *rows, size_t n_rows,
                   float *out);

/** Append to a file section; read it back, moving `in` past it.  Loading validates
 *  everything.  LW_EFORMAT, LW_ENOMEM. */
void cleaner_save(const struct cleaner *c, struct buf *out);
LW_MUST enum lw_status cleaner_load(struct cleaner **out, struct span *in,
                                    struct lw_error *err);

#endif /* DATA_CLEAN_H */

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * data/encode.h - rows of numbers and categories into rows of numbers.
 *
 * An encoder is fitted once, on training rows, and applied anywhere.  Numbers pass
 * through, or are scaled for scores that measure distance; a category becomes one
 * column for each value that the training rows had (one-hot).  A value that they did
 * not have is all zeros there, and is counted by encoder_unseen().  A missing category
 * is NaN in all of its columns.
 *
 * Categories that mean the same to who learns may share a column: their group's.  A
 * group has one when the training rows had any of its categories; a category that they
 * did not have still counts as unseen, though its group's column says 1.
 */
#ifndef DATA_ENCODE_H
#define DATA_ENCODE_H

#include "base/buf.h"
#include "base/span.h"

#include <lapwing/dataset.h>

#include <stdbool.h>

enum encode_type { ENCODE_NUMBER, ENCODE_CATEGORY };

struct encode_input {
    enum encode_type type;
    uint32_t
        n_categories;     /* codes are 0 to n_categories - 1; anything else is unseen */
    const uint8_t *group; /* (n_categories) group of each, below 255; borrowed for the
                             call; NULL: each is its own */
};

/** What becomes of numbers.  Trees want neither. */
struct encode_scale {
    bool log1p;       /* v becomes sign(v) * log(1 + |v|) */
    bool standardise; /* then the training rows have mean 0 and variance 1 */
};

struct encoder; /* opaque; immutable once made, so threads may share it */

/** Fit on x (n_rows, n_inputs), training rows only.  The caller owns *out.
 *  LW_EINVAL: not n_inputs columns, no rows, too many inputs, categories or outputs.
 *  LW_ENOMEM. */
LW_MUST enum lw_status encoder_fit(struct encoder **out,
                                   const struct encode_input *inputs, size_t n_inputs,
                                   const struct lw_matrix *x, struct lw_error *err);
/** The same, with numbers scaled. */
LW_MUST enum lw_status encoder_fit_scaled(struct encoder **out,
                                          const struct encode_input *inputs,
                                          size_t n_inputs, struct encode_scale scale,
                                          const struct lw_matrix *x,
                                          struct lw_error *err);
/** NULL is fine. */
void encoder_free(struct encoder *e);

size_t encoder_inputs(const struct encoder *e);
size_t encoder_outputs(const struct encoder *e);
/** The input that an output column was made from. */
size_t encoder_source(const struct encoder *e, size_t output);
/** The category whose column it is (of a group the first), -1 for a number's. */
int32_t encoder_category(const struct encoder *e, size_t output);

/** rows (n_rows, n_inputs) to out (n_rows, n_outputs). */
void encoder_apply(const struct encoder *e, const float *rows, size_t n_rows,
                   float *out);

/** How many categories of a row the training rows did not have; *first (NULL is fine)
 *  is the first such input. */
size_t encoder_unseen(const struct encoder *e, const float *row, size_t *first);

/** Append to a file section; read it back, moving `in` past it.  Loading validates
 *  everything.  LW_EFORMAT, LW_ENOMEM. */
void encoder_save(const struct encoder *e, struct buf *out);
LW_MUST enum lw_status encoder_load(struct encoder **out, struct span *in,
                                    struct lw_error *err);

#endif /* DATA_ENCODE_H */

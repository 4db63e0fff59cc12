/* SPDX-License-Identifier: Apache-2.0 */
/*
 * detect/columns.h - which features of a view a model may look at, and which way.
 *
 * A view tells more than a model should learn: what identifies one network is true
 * there only.  A list of uses names the features that hold anywhere; all others have
 * nothing to split on.  Of a category single values are used, told from all others.  A
 * direction is a monotone constraint: more failure, say, never speaks for good.
 */
#ifndef DETECT_COLUMNS_H
#define DETECT_COLUMNS_H

#include "data/encode.h"

#include <lapwing/model.h>
#include <lapwing/view.h>

struct column_use {
    const char *feature;
    const char *category; /* NULL: a number; "a|b": either, as one column */
    int8_t monotone;      /* 1: more of it never lowers the score, -1: never raises */
};

enum { COLUMNS_MAX = 512 };

/** Fit an encoder of rows (n, view's features) to the uses; categories that are not
 *  used pass as numbers.  The caller owns *out.  LW_ENOMEM and what encoder_fit() says.
 */
LW_MUST enum lw_status columns_fit(struct encoder **out, const struct lw_view *view,
                                   const struct column_use *uses, size_t n_uses,
                                   const struct lw_matrix *rows, struct lw_error *err);

/** Rows in the encoder's columns, those not used missing throughout: *x becomes a
 *  matrix that the caller releases, whatever comes of it; monotone (COLUMNS_MAX) the
 *  direction of each.  LW_ELIMIT, LW_ENOMEM. */
LW_MUST enum lw_status columns_encode(const struct encoder *e,
                                      const struct lw_view *view,
                                      const struct column_use *uses, size_t n_uses,
                                      const struct lw_matrix *rows, struct lw_matrix *x,
                                      int8_t *monotone, struct lw_error *err);

#endif /* DETECT_COLUMNS_H */

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * learn/neighbours.h - the nearest of many rows, exactly.
 *
 * Of rows at the same distance the one with the lower number is nearer, so the answer
 * does not depend on how the search goes.  Thread safety: a finished index never
 * changes.
 */
#ifndef LEARN_NEIGHBOURS_H
#define LEARN_NEIGHBOURS_H

#include <lapwing/dataset.h>

#include <stdint.h>

enum { NEIGHBOURS_MAX = 256, NEIGHBOURS_COLS_MAX = 4096 };

#define NEIGHBOURS_NONE UINT32_MAX

enum neighbours_metric { NEIGHBOURS_EUCLID, NEIGHBOURS_MANHATTAN };

struct neighbour {
    float distance; /* Euclid: squared */
    uint32_t row;
};

struct neighbours; /* opaque */

/** Index rows (at least one, finite numbers); they are copied.  LW_ELIMIT, LW_ENOMEM.
 */
LW_MUST enum lw_status neighbours_new(struct neighbours **out,
                                      const struct lw_matrix *rows,
                                      enum neighbours_metric metric,
                                      struct lw_error *err);
/** NULL is fine. */
void neighbours_free(struct neighbours *n);

/** The k (at most NEIGHBOURS_MAX) rows nearest to `query`, nearest first, without row
 *  `except` (NEIGHBOURS_NONE: all rows); returns how many there are. */
uint32_t neighbours_find(const struct neighbours *n, const float *query, uint32_t k,
                         uint32_t except, struct neighbour *out);

/** Copy a row as it was given; out (n_cols). */
void neighbours_row(const struct neighbours *n, uint32_t row, float *out);
uint32_t neighbours_rows(const struct neighbours *n);

#endif /* LEARN_NEIGHBOURS_H */

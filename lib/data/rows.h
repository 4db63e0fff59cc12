/* SPDX-License-Identifier: Apache-2.0 */
/* data/rows.h - repeated rows: how many are distinct, which is the first of its kind.
 */
#ifndef DATA_ROWS_H
#define DATA_ROWS_H

#include <lapwing/dataset.h>

/** first (n_rows) becomes the number of the first row with the same values (bit by
 *  bit) and label; labels may be NULL.  *n_distinct counts the kinds.  LW_ENOMEM. */
LW_MUST enum lw_status rows_find_first(const struct lw_matrix *x,
                                       const uint32_t *labels, uint32_t *first,
                                       size_t *n_distinct, struct lw_error *err);

#endif /* DATA_ROWS_H */

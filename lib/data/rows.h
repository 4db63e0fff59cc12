/* SPDX-License-Identifier: Apache-2.0 */
/* data/rows.h - repeated rows: how many are distinct, which is the first of its kind.
 */
#ifndef DATA_ROWS_H
#define DATA_ROWS_H

#include <lapwing/dataset.h>

/** first (n_rows) becomes the number of the first row with the same values (bit by
 *  bit) and label; labels may be NULL.  *n_distinct counts the kinds.
 *  LW_ELIMIT: more rows than 32 bits number.  LW_ENOMEM. */
LW_MUST enum lw_status rows_find_first(const struct lw_matrix *x,
                                       const uint32_t *labels, uint32_t *first,
                                       size_t *n_distinct, struct lw_error *err);

/** Drop repeated rows: keep (n_distinct) becomes the first row of each kind, in order,
 *  count (n_distinct) how often it occurs.  `first` is what rows_find_first() found. */
void rows_count_kinds(const uint32_t *first, size_t n_rows, uint32_t *keep,
                      uint32_t *count);

#endif /* DATA_ROWS_H */

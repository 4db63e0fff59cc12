/* SPDX-License-Identifier: Apache-2.0 */
/* learn/near_forest.h - the nearest of very many rows, nearly. */
#ifndef LEARN_NEAR_FOREST_H
#define LEARN_NEAR_FOREST_H

#include "learn/neighbours.h"

/** The k (at most NEIGHBOURS_MAX, below n_rows) nearest rows of each, without itself:
 *  out (n_rows, k), nearest first.  Some may be missed for others a little farther.
 *  LW_ENOMEM. */
LW_MUST enum lw_status near_forest_find(struct neighbour *out,
                                        const struct lw_matrix *x, uint32_t k,
                                        uint64_t seed, struct lw_error *err);

#endif /* LEARN_NEAR_FOREST_H */

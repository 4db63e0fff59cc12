/* SPDX-License-Identifier: Apache-2.0 */
/* learn/cart.h - growing one classification tree. */
#ifndef LEARN_CART_H
#define LEARN_CART_H

#include "base/rng.h"
#include "learn/bins.h"
#include "learn/trees.h"

/** Zero is not a default here. */
struct cart_params {
    bool entropy;        /* how mixed a node is: entropy, else Gini's index */
    uint32_t max_depth;  /* at most FOREST_DEPTH_MAX */
    uint32_t min_split;  /* rows a node needs to be split */
    uint32_t min_leaf;   /* rows each side of a split needs */
    uint32_t n_features; /* columns looked at for a split, drawn at random */
};

struct cart_sample {
    uint32_t row; /* of the bins */
    uint32_t label;
    float weight; /* above 0 */
};

struct cart; /* room to grow trees in, opaque */

/** Room for trees of up to n_max samples; `bins` is borrowed.  LW_ENOMEM. */
LW_MUST enum lw_status cart_new(struct cart **out, const struct bins *bins,
                                uint32_t n_classes, size_t n_max, struct lw_error *err);
/** NULL is fine. */
void cart_free(struct cart *c);

/** Append a tree to `out`; its leaves hold the classes' shares of their weight.
 *  Puts `samples` (n, at least 1) in another order.  LW_ELIMIT, LW_ENOMEM. */
LW_MUST enum lw_status cart_grow(struct cart *c, struct trees *out,
                                 struct cart_sample *samples, size_t n,
                                 const struct cart_params *params, struct rng *rng,
                                 struct lw_error *err);

#endif /* LEARN_CART_H */

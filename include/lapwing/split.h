/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lapwing/split.h - which rows train and which judge.
 *
 * A split is a list of folds; in each every row has one part.  Splits are made from
 * labels and a seed alone, so a run can be repeated exactly.
 */
#ifndef LW_SPLIT_H
#define LW_SPLIT_H

#include <lapwing/error.h>

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum lw_part {
    LW_PART_TRAIN,
    LW_PART_TEST,       /* rows of types (or groups) that the training part has too */
    LW_PART_TEST_UNSEEN /* rows of types that the training part has none of */
};

struct lw_split {
    uint8_t *part; /* (n_folds, n_rows) of enum lw_part, owned */
    size_t n_rows;
    size_t n_folds;
};

LW_API void lw_split_release(struct lw_split *s);

/** One fold: a random `test_share` of the rows.  The naive protocol. */
LW_API LW_MUST enum lw_status lw_split_random(struct lw_split *out, size_t n_rows,
                                              double test_share, uint64_t seed,
                                              struct lw_error *err);

/** As lw_split_random(), the same share of every label. */
LW_API LW_MUST enum lw_status lw_split_stratified(struct lw_split *out,
                                                  const uint32_t *labels, size_t n_rows,
                                                  double test_share, uint64_t seed,
                                                  struct lw_error *err);

/** Leave attacks out: `n_folds` folds, each holding out whole attack types (every
 *  class's types dealt out over the folds), a contiguous share of the normal rows in
 *  file order, and the same share of the rows of each known type, never all of them.
 *  types (n_rows): attack type; type_class (n_types): its class, 0 is normal.
 *  LW_EINVAL: a type without class, a row without type, fewer than 2 folds.
 *  LW_ENOMEM.  On failure *out has no meaning. */
LW_API LW_MUST enum lw_status
lw_split_leave_attack_out(struct lw_split *out, const uint32_t *types, size_t n_rows,
                          const int *type_class, uint32_t n_types, size_t n_folds,
                          uint64_t seed, struct lw_error *err);

/** One fold: the last `test_share` of the rows in the order of time (n_rows), finite;
 *  rows of the same time stay in file order; NULL: the order is the file's.  LW_EINVAL:
 *  a time that is not finite.  LW_ENOMEM. */
LW_API LW_MUST enum lw_status lw_split_ordered(struct lw_split *out, const float *time,
                                               size_t n_rows, double test_share,
                                               struct lw_error *err);

/** Whole groups (captures, hosts, attack types) together: `n_folds` folds over which
 *  the groups are dealt, in random order, the next one to the fold with the fewest rows
 *  so far; a fold tests its own as LW_PART_TEST_UNSEEN.  0 folds: one a group.
 *  groups (n_rows): below n_groups.  LW_EINVAL: fewer than 2 groups that have rows,
 * more folds than these, more than 1,000 folds.  LW_ENOMEM. */
LW_API LW_MUST enum lw_status lw_split_grouped(struct lw_split *out,
                                               const uint32_t *groups, size_t n_rows,
                                               uint32_t n_groups, size_t n_folds,
                                               uint64_t seed, struct lw_error *err);

#ifdef __cplusplus
}
#endif

#endif /* LW_SPLIT_H */

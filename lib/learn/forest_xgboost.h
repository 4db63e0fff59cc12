/* SPDX-License-Identifier: Apache-2.0 */
/*
 * learn/forest_xgboost.h - forests from and to XGBoost's model files, without XGBoost.
 */
#ifndef LEARN_FOREST_XGBOOST_H
#define LEARN_FOREST_XGBOOST_H

#include "learn/forest.h"

/** Read a model that XGBoost saved as JSON or UBJSON, known by its bytes: trees of
 *  numeric splits (booster gbtree) for two or more classes.  The caller owns *out, a
 *  finished forest.  LW_EFORMAT: not such a file, or trees that are none.
 *  LW_EUNSUPPORTED: says what we have not: another objective or booster, splits by
 *  category, trees of several outputs.  LW_ELIMIT, LW_ENOMEM. */
LW_MUST enum lw_status forest_from_xgboost(struct forest **out, struct span file,
                                           struct lw_error *err);

/** Append the forest as the JSON of XGBoost 1.7, which XGBoost loads.  What is not kept
 *  in a forest (gains) is 0. */
void forest_to_xgboost(const struct forest *f, struct buf *out);

/** Append C source without dependencies but <math.h>: a function
 *  `void PREFIX_predict(const float *row, float *proba)`, columns and classes as
 *  PREFIX_COLUMNS and PREFIX_CLASSES.  Its margins are those of forest_margins(), bit
 *  for bit; `prefix` is a C identifier. */
void forest_to_c(const struct forest *f, const char *prefix, struct buf *out);

/** The same as a part of a larger source (learn/model_c.h): tables, and a static
 *  function NAME_margins() of as many margins as there are classes. */
void forest_part_to_c(const struct forest *f, const char *name, struct buf *out);

#endif /* LEARN_FOREST_XGBOOST_H */

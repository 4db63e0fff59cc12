/* SPDX-License-Identifier: Apache-2.0 */
/* learn/model_c.h - models as C source without dependencies. */
#ifndef LEARN_MODEL_C_H
#define LEARN_MODEL_C_H

#include "learn/model_ops.h"

/** Append a whole source: `void PREFIX_margins(const float *row, float *margin)` and
 *  `void PREFIX_predict(const float *row, float *proba)`, columns and classes as
 *  PREFIX_COLUMNS and PREFIX_CLASSES.  Boosted trees alone are forest_to_c()'s.
 *  LW_EUNSUPPORTED: the kind, or one of its members, cannot be told in C; says which.
 */
LW_MUST enum lw_status model_to_c(const struct lw_model *m, const char *prefix,
                                  struct buf *out, struct lw_error *err);

/** A part of such a source: `static void NAME_margins(const float *row, float
 * *margin)`, where margin has room for the classes and the probabilities are its
 * softmax.  What the ops' to_c() are made of. */
LW_MUST enum lw_status model_part_to_c(const struct lw_model *m, const char *name,
                                       struct buf *out, struct lw_error *err);

/** Append a list of floats in hexadecimal, which is exact. */
void model_c_floats(struct buf *out, const float *v, size_t n);

enum { MODEL_C_NAME_MAX = 64 };

/** The name of a member's part. */
const char *model_c_member(const char *name, uint32_t i, char out[MODEL_C_NAME_MAX]);

#endif /* LEARN_MODEL_C_H */

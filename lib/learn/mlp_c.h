/* SPDX-License-Identifier: Apache-2.0 */
/* learn/mlp_c.h - a perceptron as C source. */
#ifndef LEARN_MLP_C_H
#define LEARN_MLP_C_H

#include "learn/model_ops.h"

/** The `to_c` of model_mlp. */
LW_MUST enum lw_status mlp_to_c(const struct lw_model *m, const char *name,
                                struct buf *out, struct lw_error *err);

#endif /* LEARN_MLP_C_H */

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * learn/mlp.h - a multilayer perceptron: its form, shared by fitting (mlp_fit.c) and
 * use (mlp.c).
 */
#ifndef LEARN_MLP_H
#define LEARN_MLP_H

#include "learn/model_ops.h"

enum {
    MLP_LAYERS = 3, /* two hidden ones and the scores */
    MLP_WIDTH_MAX = 1024,
    MLP_CLASSES_MAX = 1024
};

/** Scaled inputs are cut off here, in standard deviations. */
#define MLP_CLIP 4.0f

/** No weight is larger: scores stay finite whatever the row. */
#define MLP_WEIGHT_MAX 1e6f

struct mlp_layer {
    uint32_t n_in;
    uint32_t n_out;
    float *w;    /* (n_in, n_out), owned */
    float *bias; /* (n_out), owned */
};

struct mlp {
    struct lw_model base;
    /* What a column goes through before the first layer: missing values become 0,
     * others (v - mean) / deviation, after sign(v) log(1 + |v|) where `squash` says so.
     */
    float *mean;      /* (n_cols), owned */
    float *deviation; /* (n_cols) > 0, owned */
    bool *squash;     /* (n_cols), owned */
    struct mlp_layer layer[MLP_LAYERS];
};

/** Storage for a perceptron, all zero; the caller owns *out.  LW_ELIMIT: too wide.
 *  LW_ENOMEM. */
LW_MUST enum lw_status mlp_new(struct mlp **out, uint32_t n_cols, uint32_t hidden,
                               uint32_t n_classes, struct lw_error *err);
/** NULL is fine. */
void mlp_free(struct mlp *m);

/** The `fit` of model_mlp, in mlp_fit.c. */
LW_MUST enum lw_status mlp_fit(struct lw_model **out, const struct model_task *task,
                               struct lw_error *err);

/** One row (n_cols) scaled: out (n_cols). */
void mlp_scale(const struct mlp *m, const float *row, float *out);

#endif /* LEARN_MLP_H */

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lapwing/model.h - estimators: fit, predict, explain, save, load.
 *
 * An estimator sees numbers only: a dense matrix whose rows an encoder made.  Each
 * kind is a row in one table of operations.  A model that was loaded predicts without
 * the library that trained it, and a row's score depends on nothing but the row: not
 * on batch, thread count or processor.
 */
#ifndef LW_MODEL_H
#define LW_MODEL_H

#include <lapwing/dataset.h>
#include <lapwing/error.h>

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct lw_model; /* opaque */

/** Zero means the default of the kind. */
struct lw_model_params {
    uint32_t n_rounds;       /* gbdt: boosting rounds, default 100 */
    uint32_t max_depth;      /* gbdt: default 6, at most 32 */
    double learning_rate;    /* gbdt: default 0.3 */
    double lambda;           /* gbdt: L2 on leaf values, default 1 */
    double min_child_weight; /* gbdt: least sum of second derivatives, default 1 */
    double subsample;        /* gbdt: share of the rows for each tree, default 1 */
    double colsample;        /* gbdt: share of the columns for each tree, default 1 */
    const int8_t *monotone;  /* gbdt: (n_cols) 1: the score never falls where the column
                                rises, -1: never rises, 0: either; NULL: all 0 */
    uint32_t hidden;         /* mlp: units in each of two hidden layers, default 64 */
    uint32_t n_steps;        /* mlp: batches of 256 rows, default 4,000 */
    double noise;        /* mlp: added to inputs in training, in deviations; 0: none */
    double dropout;      /* mlp: share of inputs left out in training; 0: none */
    const char *options; /* "name=value,...": lapwing/model_kind.h; NULL */
    uint32_t n_threads;  /* default 1: the same model on every machine */
    uint64_t seed;
    lw_progress_fn progress; /* NULL: silent */
    void *progress_ctx;      /* borrowed */
};

/** Fit a model of `kind` (lapwing/model_kind.h lists them).  x: (n_rows, n_cols), NaN =
 * missing; labels: (n_rows) in [0, n_classes); weights: (n_rows) or NULL; params: NULL
 * for defaults. The caller owns *out.  LW_EINVAL: unknown kind, bad label, weight or
 * parameter. LW_ELIMIT: too many columns or classes.  LW_ENOMEM. */
LW_API LW_MUST enum lw_status lw_model_fit(struct lw_model **out, const char *kind,
                                           const struct lw_model_params *params,
                                           const struct lw_matrix *x,
                                           const uint32_t *labels, uint32_t n_classes,
                                           const float *weights, struct lw_error *err);

/** Class probabilities: out (n_rows, n_classes); rows (n_rows, n_cols), NaN = missing.
 *  Thread-safe on one model. */
LW_API void lw_model_predict(const struct lw_model *m, const float *rows, size_t n_rows,
                             float *out);

/** Additive attributions of one row's raw score (margin) for one class: phi
 *  (n_cols + 1), the last being the expected value; they sum to the margin.
 *  Exact TreeSHAP (Lundberg et al. 2020, path-dependent) for trees; DeepLIFT's
 *  (Shrikumar et al. 2017) from the mean row for a perceptron; of a blend or mean the
 *  mean of the members' that can say, of a cascade those of its first stage.
 * LW_EUNSUPPORTED: the kind cannot say.  LW_ENOMEM. */
LW_API LW_MUST enum lw_status lw_model_contributions(const struct lw_model *m,
                                                     const float *row,
                                                     uint32_t class_idx, double *phi,
                                                     struct lw_error *err);

LW_API uint32_t lw_model_classes(const struct lw_model *m);
LW_API uint32_t lw_model_columns(const struct lw_model *m);
LW_API const char *lw_model_kind(const struct lw_model *m);
/** NULL is fine. */
LW_API void lw_model_free(struct lw_model *m);

#ifdef __cplusplus
}
#endif

#endif /* LW_MODEL_H */

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * learn/model_ops.h - what a kind of estimator must be able to do.
 *
 * Each kind is a `const struct model_ops` in its own file and a line in model.c's
 * table.  A kind's own struct begins with a struct lw_model.
 */
#ifndef LEARN_MODEL_OPS_H
#define LEARN_MODEL_OPS_H

#include "base/buf.h"
#include "base/span.h"

#include <lapwing/model.h>
#include <lapwing/model_kind.h>

/** What to learn from: arguments of lw_model_fit(), checked, everything borrowed. */
struct model_task {
    const struct lw_model_params *params;
    const struct lw_matrix *x; /* (n_rows, n_cols), at least one row and column */
    const uint32_t *labels;    /* (n_rows), below n_classes */
    const float *weights;      /* (n_rows), finite and not negative, or NULL */
    uint32_t n_classes;        /* at least 2 */
    const double *option;      /* (the kind's n_options), checked */
};

/** How unlike normal rows one row is, as it is given to predict(). */
typedef double (*anomaly_score_fn)(const struct lw_model *m, const float *row);

struct model_ops {
    const char *name;
    const char *stored; /* name in files, at most 7 characters; NULL: `name` */
    const char *doc;    /* a line */
    const struct lw_model_option *options; /* NULL: none by name */
    size_t n_options;
    enum lw_status (*fit)(struct lw_model **out, const struct model_task *task,
                          struct lw_error *err);
    void (*predict)(const struct lw_model *m, const float *rows, size_t n_rows,
                    float *out);
    /** Scores (n_rows, n_classes) of which predict() is the softmax. */
    void (*margins)(const struct lw_model *m, const float *rows, size_t n_rows,
                    float *out);
    /** Where the model sees rows that are alike side by side: out (n_rows, width),
     * unless it is NULL.  Returns the width, 0 where there is no such layer.  NULL: the
     * kind has none. */
    uint32_t (*latent)(const struct lw_model *m, const float *rows, size_t n_rows,
                       float *out);
    /** LW_EUNSUPPORTED: this kind cannot say. */
    enum lw_status (*contributions)(const struct lw_model *m, const float *row,
                                    uint32_t class_idx, double *phi,
                                    struct lw_error *err);
    /** NULL: the kind does not measure a distance from normal. */
    anomaly_score_fn score;
    /** Append C source of a function of the margins (learn/model_c.h); NULL: the kind
     *  cannot be told so. */
    enum lw_status (*to_c)(const struct lw_model *m, const char *name, struct buf *out,
                           struct lw_error *err);
    /** Append the estimator's own bytes. */
    void (*save)(const struct lw_model *m, struct buf *out);
    /** Read them back, trusting nothing. */
    enum lw_status (*load)(struct lw_model **out, struct span s, uint32_t n_cols,
                           uint32_t n_classes, struct lw_error *err);
    void (*free)(struct lw_model *m);
};

/** First member of every estimator. */
struct lw_model {
    const struct model_ops *ops;
    uint32_t n_cols;
    uint32_t n_classes;
};

extern const struct model_ops model_gbdt;  /* gbdt.c */
extern const struct model_ops model_mlp;   /* mlp.c */
extern const struct model_ops model_blend; /* blend.c */
extern const struct model_ops model_mean;
extern const struct model_ops model_cascade; /* cascade.c */
extern const struct model_ops model_versus;  /* versus.c */
extern const struct model_ops model_tree;    /* random_forest.c */
extern const struct model_ops model_forest;
extern const struct model_ops model_ada;       /* ada.c */
extern const struct model_ops model_bayes;     /* bayes.c */
extern const struct model_ops model_knn;       /* knn.c */
extern const struct model_ops model_isolation; /* isolation.c */
extern const struct model_ops model_lof;       /* lof.c */
extern const struct model_ops model_pca;       /* pca.c */
extern const struct model_ops model_logit;     /* linear.c */
extern const struct model_ops model_linsvm;
extern const struct model_ops model_svm; /* svm.c */
extern const struct model_ops model_ocsvm;
extern const struct model_ops model_autoencoder;
extern const struct model_ops model_mahal;
extern const struct model_ops model_hist;
extern const struct model_ops model_limits;

enum { MODEL_CLASSES_MAX = 1024 };

/** The kind of that name; NULL: there is none. */
const struct model_ops *model_ops_get(const char *name);

/** For trainers that cannot weigh rows one by one: to each class the mean of its rows'
 *  weights, or with `balanced` what gives every class the same weight in all; 0 where
 * it has no row.  weight (n_classes). */
void model_class_weights(const struct model_task *t, bool balanced, double *weight);

/** Scores of which the class probabilities are the softmax: out (n_rows, n_classes). */
void model_margins(const struct lw_model *m, const float *rows, size_t n_rows,
                   float *out);

/** The layer before the last: out (n_rows, width), unless it is NULL.  Returns the
 * width, 0 where there is none. */
uint32_t model_latent(const struct lw_model *m, const float *rows, size_t n_rows,
                      float *out);

struct forest; /* learn/forest.h */

/** The trees of a model of kind gbdt, borrowed; NULL: it is of another kind. */
const struct forest *model_forest_of(const struct lw_model *m);

/** A model of kind gbdt.  Takes `forest`, also when it fails.  LW_ENOMEM. */
LW_MUST enum lw_status model_of_forest(struct lw_model **out, struct forest *forest,
                                       struct lw_error *err);

/** Append a model's stored form; the same model always gives the same bytes.  Failed
 *  allocations show in buf_ok(). */
void model_save(const struct lw_model *m, struct buf *out);

/** Read a stored model; the caller owns *out.  LW_EFORMAT, LW_ETRUNCATED, LW_ELIMIT,
 *  LW_EUNSUPPORTED (a kind or version from a newer program), LW_ENOMEM. */
LW_MUST enum lw_status model_load(struct lw_model **out, struct span s,
                                  struct lw_error *err);

#endif /* LEARN_MODEL_OPS_H */

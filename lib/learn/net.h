/* SPDX-License-Identifier: Apache-2.0 */
/*
 * learn/net.h - a dense network of any number of layers, and how it is fitted.
 *
 * A network turns rows of numbers into rows of numbers.  It is fitted to targets by
 * mini-batches; the same rows, plan and seed give the same bits on every machine.
 */
#ifndef LEARN_NET_H
#define LEARN_NET_H

#include "base/buf.h"
#include "base/span.h"

#include <lapwing/dataset.h>
#include <lapwing/model.h>

enum { NET_LAYERS_MAX = 8, NET_WIDTH_MAX = 1024, NET_EPOCHS_MAX = 10000 };

/** No parameter is larger: outputs stay finite. */
#define NET_WEIGHT_MAX 1e6f

enum net_act { NET_LINEAR, NET_RELU, NET_TANH, NET_SIGMOID, NET_N_ACTS };

/** Words of the parameters of that name, ended by NULL. */
extern const char *const net_acts[];
extern const char *const net_optimisers[];
extern const char *const net_losses[];

struct net_layer {
    uint32_t n_in;
    uint32_t n_out;
    enum net_act act;
    size_t w;    /* in net.param: (n_in, n_out) */
    size_t bias; /* in net.param: (n_out) */
};

struct net {
    uint32_t n_layers;
    struct net_layer layer[NET_LAYERS_MAX];
    float *param; /* (n_params), owned */
    size_t n_params;
};

/** All zero; width (n_layers + 1), act (n_layers).  LW_ELIMIT: too many layers, or too
 *  wide.  LW_ENOMEM. */
LW_MUST enum lw_status net_init(struct net *net, uint32_t n_layers,
                                const uint32_t *width, const enum net_act *act,
                                struct lw_error *err);
/** All zero is fine. */
void net_release(struct net *net);

/** Random weights: uniform with the variance that the activation wants (Glorot and
 *  Bengio, AISTATS 2010; He et al., ICCV 2015), biases 0. */
void net_begin(struct net *net, uint64_t seed);

/** Floats that net_run() needs as scratch for so many rows. */
size_t net_scratch(const struct net *net, size_t n_rows);

/** Outputs of the layers from `from` up to `upto` (excluded): rows (n_rows, n_in of the
 *  first), out (n_rows, n_out of the last). */
void net_run(const struct net *net, uint32_t from, uint32_t upto, const float *rows,
             size_t n_rows, float *out, float *scratch);

/** In a file: u32 layers, u32 inputs; per layer u32 outputs, u8 activation; then f32
 *  parameters, per layer weights (n_in, n_out) and bias. */
void net_save(const struct net *net, struct buf *out);
/** LW_EFORMAT, LW_ETRUNCATED, LW_ELIMIT, LW_ENOMEM; then *net needs no release. */
LW_MUST enum lw_status net_load(struct net *net, struct span *s, struct lw_error *err);

/* ---- fitting (net_fit.c) ---- */

enum net_optimiser { NET_ADAM, NET_ADADELTA, NET_SGD };
enum net_loss { NET_MSE, NET_HUBER };

struct net_plan {
    enum net_optimiser optimiser;
    enum net_loss loss; /* mean over rows and outputs */
    float rate;
    float momentum;                    /* of NET_SGD; 0: none */
    float huber;                       /* where the loss turns straight */
    float l1;                          /* of the weights */
    float l2;                          /* of the weights */
    float activity_l1[NET_LAYERS_MAX]; /* of a layer's outputs, mean over rows */
    float activity_l2[NET_LAYERS_MAX];
    float dropout;     /* share of hidden outputs left out */
    float noise;       /* deviation of what is added to inputs */
    uint32_t batch;    /* rows */
    uint32_t n_epochs; /* at most, in this call */
    uint32_t patience; /* epochs without a better validation loss before it stops, and
                          goes back to the best; 0: never */
    double validation; /* share of the rows, the last ones, kept for validation */
    uint64_t seed;
    lw_progress_fn progress; /* NULL: silent */
    void *progress_ctx;
};

/** What fitting remembers between calls: with it, ten epochs in two calls of five give
 *  the bits of ten in one (early stopping apart, which begins anew). */
struct net_state {
    float *first;  /* (n_params) running moments, owned */
    float *second; /* (n_params), owned */
    size_t n_params;
    uint64_t n_steps;
    uint32_t n_epochs;
};

LW_MUST enum lw_status net_state_init(struct net_state *s, const struct net *net,
                                      struct lw_error *err);
/** All zero is fine. */
void net_state_release(struct net_state *s);

/** Called after each epoch; losses without penalties, NaN without validation rows. */
typedef void (*net_epoch_fn)(void *ctx, uint32_t epoch, double loss,
                             double validation_loss);

/** Fit: x (n_rows, n_in), y (n_rows, n_out), which may be x.  epoch: NULL is fine.
 *  LW_EINVAL: a setting out of range; weights that ran away.  LW_ENOMEM. */
LW_MUST enum lw_status net_fit(struct net *net, struct net_state *state,
                               const struct net_plan *plan, const struct lw_matrix *x,
                               const struct lw_matrix *y, net_epoch_fn epoch, void *ctx,
                               struct lw_error *err);

/** Loss with penalties over all rows as one batch, without noise and dropout, and its
 *  gradient (n_params).  LW_ENOMEM. */
LW_MUST enum lw_status net_gradient(const struct net *net, const struct net_plan *plan,
                                    const struct lw_matrix *x,
                                    const struct lw_matrix *y, double *loss,
                                    float *gradient, struct lw_error *err);

#endif /* LEARN_NET_H */

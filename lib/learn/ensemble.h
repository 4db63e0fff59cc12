/* SPDX-License-Identifier: Apache-2.0 */
/*
 * learn/ensemble.h - many small autoencoders, and one over what they say.
 *
 * Mirsky et al., "Kitsune: an ensemble of autoencoders for online network intrusion
 * detection" (NDSS 2018), section V: each group of columns that belong together has an
 * autoencoder of one hidden layer, a quarter narrower than the group; the root mean
 * squared errors of all are scaled and given back by one more, whose error is the
 * score.  Everything is fitted by one row at a time, so no row needs to be kept.
 *
 * Inputs are scaled to 0 to 1 by the ranges of the training rows; what lies outside
 * counts up to `clip` beyond them.
 */
#ifndef LEARN_ENSEMBLE_H
#define LEARN_ENSEMBLE_H

#include "base/buf.h"
#include "base/rng.h"
#include "base/span.h"

#include <lapwing/error.h>

#include <stdbool.h>
#include <stdint.h>

enum {
    ENSEMBLE_COLS_MAX = 128, /* also of groups */
    ENSEMBLE_BLOCK = 16      /* rows that are scored together */
};

struct small_net {
    uint32_t n;      /* inputs, and outputs */
    uint32_t hidden; /* a quarter fewer, rounded up */
    uint32_t first;  /* its inputs are the ensemble's order[first] and so on */
    float *w1;       /* (hidden, n) */
    float *b1;       /* (hidden) */
    float *w2;       /* (n, hidden) */
    float *b2;       /* (n) */
};

struct ensemble {
    uint32_t n_cols;
    uint32_t n_nets; /* groups; the net over them is nets[n_nets] */
    float clip;
    struct small_net nets[ENSEMBLE_COLS_MAX + 1];
    uint8_t order[ENSEMBLE_COLS_MAX]; /* columns, group by group */
    float low[ENSEMBLE_COLS_MAX];     /* of inputs in that order: (x - low) * scale */
    float scale[ENSEMBLE_COLS_MAX];
    float net_low[ENSEMBLE_COLS_MAX]; /* of the errors of groups */
    float net_scale[ENSEMBLE_COLS_MAX];
    float *weights; /* of all nets, owned */
    size_t n_weights;
};

/** Columns with their groups (feature_map_groups()) and ranges (n_cols); weights are
 *  random.  LW_ENOMEM. */
LW_MUST enum lw_status ensemble_init(struct ensemble *e, uint32_t n_cols,
                                     const uint8_t *group, const float *least,
                                     const float *most, float clip, struct rng *rng,
                                     struct lw_error *err);
/** An all-zero ensemble is fine. */
void ensemble_release(struct ensemble *e);

/** One step of gradient descent of the groups' nets on a row (n_cols). */
void ensemble_fit_groups(struct ensemble *e, const float *row, float rate);
/** The ranges of the groups' errors (n_nets), which scale them. */
void ensemble_set_errors(struct ensemble *e, const float *least, const float *most);
/** The groups' errors of one row: out (n_nets). */
void ensemble_errors(const struct ensemble *e, const float *row, float *out);
/** One step of the net over the errors of a row. */
void ensemble_fit_top(struct ensemble *e, const float *errors, float rate);

/** Scores of a block of rows, column by column: x (n_cols, ENSEMBLE_BLOCK).  A row's
 *  score does not depend on the others. */
void ensemble_score(const struct ensemble *e, const float *x,
                    float out[ENSEMBLE_BLOCK]);

/** The column of a row that is given back worst, of the group that stands out most. */
uint32_t ensemble_worst(const struct ensemble *e, const float *row);

void ensemble_save(const struct ensemble *e, struct buf *out);
/** Trusts nothing.  LW_EFORMAT, LW_ENOMEM; *e is all zero then. */
LW_MUST enum lw_status ensemble_load(struct ensemble *e, struct span in,
                                     uint32_t n_cols, struct lw_error *err);

#endif /* LEARN_ENSEMBLE_H */

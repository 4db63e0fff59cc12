/* SPDX-License-Identifier: Apache-2.0 */
/*
 * data/recode.h - categories brought into another form before they are encoded.
 *
 * A recoder is fitted once, on training rows, and applied anywhere.  Numbers pass
 * through.  A category becomes
 *
 *   itself (RECODE_ONE_HOT)      the encoder makes columns of it
 *   its code (RECODE_ORDINAL)    missing where training did not have it
 *   its share (RECODE_FREQUENCY) of the training rows, 0 where they did not have it
 *   what its rows were (RECODE_TARGET): for each class but the first the share of the
 *       category's training rows, drawn towards the share in all rows as if ten more
 *       rows of the average had it (an m-estimate: Micci-Barreca, SIGKDD Explorations
 *       3:1, 2001); the average where training did not have it.  A training row's own
 *       label must not come back to it: its value is made of the rows of four of five
 *       random folds, those that it is not in.
 *
 * Categories of fewer training rows than asked for are taken together as one, which
 * those that training did not have belong to as well.
 */
#ifndef DATA_RECODE_H
#define DATA_RECODE_H

#include "base/buf.h"
#include "base/span.h"
#include "data/encode.h"

enum recode_kind {
    RECODE_ONE_HOT,
    RECODE_ORDINAL,
    RECODE_FREQUENCY,
    RECODE_TARGET,
    RECODE_N_KINDS
};

struct recode_config {
    enum recode_kind kind;
    uint32_t rare;      /* categories of fewer rows are taken together; 0: none */
    uint32_t n_classes; /* for RECODE_TARGET */
    uint64_t seed;      /* of the folds */
};

struct recoder; /* opaque; immutable once made */

/** Fit on x (n_rows, n_inputs) with labels (n_rows), training rows only, and recode
 *  them: *rows becomes a matrix (n_rows, outputs) that the caller releases.  The caller
 *  owns *out.  LW_EINVAL: no rows; LW_ELIMIT: too many outputs; LW_ENOMEM. */
LW_MUST enum lw_status recoder_fit(struct recoder **out,
                                   const struct recode_config *cfg,
                                   const struct encode_input *inputs,
                                   const struct lw_matrix *x, const uint32_t *labels,
                                   struct lw_matrix *rows, struct lw_error *err);
/** NULL is fine. */
void recoder_free(struct recoder *r);

size_t recoder_inputs(const struct recoder *r);
size_t recoder_outputs(const struct recoder *r);
/** What an encoder takes: out (n_outputs). */
void recoder_describe(const struct recoder *r, struct encode_input *out);

/** rows (n_rows, n_inputs) to out (n_rows, n_outputs). */
void recoder_apply(const struct recoder *r, const float *rows, size_t n_rows,
                   float *out);

/** How many categories of a row the training rows did not have. */
size_t recoder_unseen(const struct recoder *r, const float *row);

/** Append to a file section; read it back, moving `in` past it, trusting nothing.
 *  LW_EFORMAT, LW_ENOMEM. */
void recoder_save(const struct recoder *r, struct buf *out);
LW_MUST enum lw_status recoder_load(struct recoder **out, struct span *in,
                                    struct lw_error *err);

#endif /* DATA_RECODE_H */

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lapwing/autoencoder.h - an autoencoder of any table, with checkpoints.
 *
 * It learns from the first normal rows of a table to give their numbers back
 * (100-50-50-100 units, min-max scales, Adadelta).  Columns that say who or when,
 * and text, are left out.  Where labels are kept, a linear classifier on the middle
 * layer tells their kinds apart.  A checkpoint has the columns' names, the scales, the
 * network and its optimiser's moments: training goes on from it as if it had not been
 * interrupted.
 */
#ifndef LW_AUTOENCODER_H
#define LW_AUTOENCODER_H

#include <lapwing/dataset.h>
#include <lapwing/model.h>

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

struct lw_autoencoder; /* opaque */

/** Zero means the default. */
struct lw_autoencoder_config {
    uint32_t n_epochs; /* of this call; default 10 */
    uint64_t seed;
    lw_progress_fn progress; /* NULL: silent */
    void *progress_ctx;      /* borrowed */
    /** Told of each column left out, with the reason; NULL: nobody. */
    void (*dropped)(void *ctx, const char *column, const char *why);
    void *dropped_ctx;
    /** Told of each epoch, counted from the checkpoint's first; NULL: nobody. */
    void (*epoch)(void *ctx, uint32_t epoch, double loss, double validation_loss);
    void *epoch_ctx;
    /** Learn the labels, too, as they are spelt; a checkpoint that did goes on so. */
    bool learn_kinds;
};

struct lw_autoencoder_report {
    uint64_t n_rows;        /* normal rows learnt from */
    uint32_t n_columns;     /* given back */
    uint32_t n_epochs;      /* in all */
    uint32_t n_kinds;       /* labels that it tells apart; 0: none */
    double loss;            /* of the last epoch */
    double validation_loss; /* of the last fifth of the rows */
};

/** Start, where *a is NULL, or go on, with the rows of one table after the other's
 *  (n_tables, at least 1).  Rows whose label says attack are left out; a table without
 *  labels is all normal.  LW_EFORMAT: fewer than 100 normal rows, no column to learn
 *  from, a column of the checkpoint that is missing, or no labels to learn.  LW_EINVAL,
 *  LW_ELIMIT, LW_ENOMEM.  *a, which the caller owns, is to be used after LW_OK only. */
LW_API LW_MUST enum lw_status
lw_autoencoder_train(struct lw_autoencoder **a, const struct lw_frame *const *tables,
                     size_t n_tables, const struct lw_autoencoder_config *cfg,
                     struct lw_autoencoder_report *report, struct lw_error *err);

/** Mean squared residual of each row, scaled: out (n_rows).  LW_EFORMAT: a column is
 *  missing or has no numbers.  LW_ENOMEM. */
LW_API LW_MUST enum lw_status lw_autoencoder_score(const struct lw_autoencoder *a,
                                                   const struct lw_frame *frame,
                                                   float *out, struct lw_error *err);

/** What one in a hundred of the normal rows kept for validation exceeds. */
LW_API float lw_autoencoder_cut(const struct lw_autoencoder *a);

/** The middle layer of some rows of a table: rows (n_rows) of the frame; *out becomes a
 *  matrix (n_rows, width) that the caller releases.  Errors as lw_autoencoder_score().
 */
LW_API LW_MUST enum lw_status lw_autoencoder_latent(const struct lw_autoencoder *a,
                                                    const struct lw_frame *frame,
                                                    const size_t *rows, size_t n_rows,
                                                    struct lw_matrix *out,
                                                    struct lw_error *err);

/** How many labels it tells apart; 0: none were learnt. */
LW_API uint32_t lw_autoencoder_kinds(const struct lw_autoencoder *a);
/** The label of that index, below lw_autoencoder_kinds(); borrowed. */
LW_API const char *lw_autoencoder_kind_name(const struct lw_autoencoder *a,
                                            uint32_t kind);
/** The likeliest label of each row: out (n_rows).  LW_EINVAL: none were learnt; else as
 *  lw_autoencoder_score(). */
LW_API LW_MUST enum lw_status lw_autoencoder_tell(const struct lw_autoencoder *a,
                                                  const struct lw_frame *frame,
                                                  uint32_t *out, struct lw_error *err);

LW_API LW_MUST enum lw_status lw_autoencoder_save(const struct lw_autoencoder *a,
                                                  const char *path,
                                                  struct lw_error *err);
/** What lw_bundle_load() says; LW_EFORMAT: no checkpoint. */
LW_API LW_MUST enum lw_status lw_autoencoder_load(struct lw_autoencoder **out,
                                                  const char *path,
                                                  struct lw_error *err);
/** NULL is fine. */
LW_API void lw_autoencoder_free(struct lw_autoencoder *a);

#ifdef __cplusplus
}
#endif

#endif /* LW_AUTOENCODER_H */

/* SPDX-License-Identifier: Apache-2.0 */
/* detect/table_autoencoder.h - what the files of lw_autoencoder share. */
#ifndef DETECT_TABLE_AUTOENCODER_H
#define DETECT_TABLE_AUTOENCODER_H

#include "base/buf.h"
#include "base/span.h"
#include "learn/net.h"
#include "learn/prep.h"

#include <lapwing/autoencoder.h>
#include <lapwing/schema.h>

enum { AUTOENCODER_LAYERS = 5, AUTOENCODER_MIDDLE = 2 };

/* Tells the labels of a table apart by the middle layer. */
struct autoencoder_kinds {
    char **names;           /* (n), owned */
    uint32_t n;             /* 0: not learnt */
    struct lw_model *model; /* owned */
};

struct lw_autoencoder {
    char *names[NET_WIDTH_MAX]; /* (n_cols), owned */
    uint32_t n_cols;
    struct prep prep;
    struct net net;
    struct net_state state;
    float cut;
    struct autoencoder_kinds kinds;
};

/** A table whose columns were found. */
struct autoencoder_columns {
    const float *numbers[NET_WIDTH_MAX]; /* (n_cols of the network), borrowed */
};

/** Find the network's columns by name.  LW_EFORMAT: one is missing, or no numbers. */
LW_MUST enum lw_status autoencoder_find(const struct lw_autoencoder *a,
                                        const struct lw_frame *f,
                                        struct autoencoder_columns *out,
                                        struct lw_error *err);

/** Its middle layer for one row of the table: out (width of the middle).  scratch:
 *  floats, autoencoder_scratch() of them. */
void autoencoder_middle(const struct lw_autoencoder *a,
                        const struct autoencoder_columns *c, size_t row, float *out,
                        float *scratch);
size_t autoencoder_scratch(const struct lw_autoencoder *a);
uint32_t autoencoder_width(const struct lw_autoencoder *a);

/** Learn to tell the labels apart, from the first rows of each.  tables (n_tables).
 *  LW_EFORMAT: fewer than two labels.  LW_ELIMIT: too many.  LW_ENOMEM. */
LW_MUST enum lw_status autoencoder_kinds_fit(struct lw_autoencoder *a,
                                             const struct lw_frame *const *tables,
                                             const struct lw_target *targets,
                                             size_t n_tables, uint64_t seed,
                                             struct lw_error *err);
void autoencoder_kinds_release(struct autoencoder_kinds *k);

/** In a checkpoint: le16 number of names; le16 length and bytes of each; the model. */
void autoencoder_kinds_save(const struct autoencoder_kinds *k, struct buf *out);
LW_MUST enum lw_status autoencoder_kinds_load(struct autoencoder_kinds *k,
                                              struct span s, uint32_t width,
                                              struct lw_error *err);

#endif /* DETECT_TABLE_AUTOENCODER_H */

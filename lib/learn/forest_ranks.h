/* SPDX-License-Identifier: Apache-2.0 */
/*
 * learn/forest_ranks.h - values as ranks among a forest's own thresholds, a byte each.
 *
 * A comparison with a threshold needs only to know how many of the forest's thresholds
 * of that column are not above the value.  That rank replaces the value: up to 254
 * thresholds make a slice of a column, whose ranks fit a byte (a column with more has
 * several slices), and comparing bytes evaluates splits exactly.
 *
 *   slice of column 7:  0.5  2.0  8.0  8.5       value 3 -> rank 2
 *   split "below 8.0":  third of the slice       right where rank >= 3
 *
 * Missing values have rank 0 for the splits that send them left, 255 for the others.
 *
 * How a rank is found: the bits of a float, as an integer with the same order, are its
 * key.  A table over the keys' highest bits has the number of thresholds before each
 * bucket of keys; those within, mostly one, are compared.  The table's width is chosen
 * by slice: a jump that cannot be guessed costs more than all the rest.
 */
#ifndef LEARN_FOREST_RANKS_H
#define LEARN_FOREST_RANKS_H

#include "learn/forest.h"

enum {
    RANKS_ROWS = 64, /* at a time */
    RANKS_SLICES_MAX = 512,
    RANKS_OF_SLICE = 256 /* more than any rank but that of missing values */
};

struct rank_slice {
    uint32_t column;
    uint32_t first;     /* key, into `keys` */
    uint32_t n_padded;  /* a multiple of 16, the last of which are above all keys */
    uint32_t table;     /* first bucket, into `tables` */
    int32_t least;      /* keys at or below are before all thresholds */
    int32_t greatest;   /* of the thresholds' keys */
    uint8_t shift;      /* bits of a key within a bucket */
    uint8_t per_bucket; /* thresholds at most; 0: there is no table */
};

struct ranks {
    struct rank_slice *slices; /* (n_slices), owned, in order of columns */
    int32_t *keys;             /* owned; ascending in each slice */
    uint8_t *tables;           /* owned */
    uint32_t n_slices;
};

/** The thresholds of a forest; the caller releases `r`, which is zeroed, even on
 *  failure.  LW_EUNSUPPORTED: there are too many.  LW_ENOMEM. */
LW_MUST enum lw_status ranks_init(struct ranks *r, const struct forest *f,
                                  struct lw_error *err);
void ranks_release(struct ranks *r);

/** Which slice has a split's threshold; rows of rank *rank and above go right. */
uint32_t ranks_find(const struct ranks *r, const struct forest_node *split,
                    uint8_t *rank);

/** The ranks of the first RANKS_ROWS, or fewer, of rows (n_rows, n_cols): out
 *  (2 * n_slices, stride), of which the first RANKS_ROWS of each are written; of a
 * slice first those with missing values as 255, then as 0.  Past the last row they mean
 *  nothing.  The rows after are asked for ahead. */
void ranks_apply(const struct ranks *r, const float *rows, uint32_t n_cols,
                 size_t n_rows, uint8_t *out, size_t stride);

#endif /* LEARN_FOREST_RANKS_H */

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * learn/feature_map.h - which columns belong together, by how they rise and fall.
 *
 * Rows go by one at a time and only sums of products are kept, so that a stream of any
 * length can be mapped.  Columns are then clustered by 1 - correlation, and the tree of
 * clusters is cut where parts are small enough (Mirsky et al., NDSS 2018, section V-B).
 */
#ifndef LEARN_FEATURE_MAP_H
#define LEARN_FEATURE_MAP_H

#include <lapwing/error.h>

#include <stddef.h>
#include <stdint.h>

enum { FEATURE_MAP_COLS_MAX = 128 };

struct feature_map {
    size_t n_cols; /* at most FEATURE_MAP_COLS_MAX */
    uint64_t n_rows;
    double *sum;      /* (n_cols), owned */
    double *products; /* (n_cols, n_cols), the half on and below the diagonal, owned */
    float *shift;     /* (n_cols), owned: the first row, which is subtracted */
    float *least;     /* (n_cols), owned */
    float *most;      /* (n_cols), owned */
};

LW_MUST enum lw_status feature_map_init(struct feature_map *m, size_t n_cols,
                                        struct lw_error *err);
/** An all-zero map is fine. */
void feature_map_release(struct feature_map *m);

/** The least and the greatest value of each column; cheap. */
void feature_map_range(struct feature_map *m, const float *row);
/** Correlations: some n_cols^2 operations. */
void feature_map_add(struct feature_map *m, const float *row);

/** Put the columns into groups of at most `most` (1 or more): group (n_cols) becomes
 *  their numbers from 0 in the order of their first columns.  Returns how many. */
size_t feature_map_groups(const struct feature_map *m, size_t most, uint8_t *group);

#endif /* LEARN_FEATURE_MAP_H */

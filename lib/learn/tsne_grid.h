/* SPDX-License-Identifier: Apache-2.0 */
/*
 * learn/tsne_grid.h - what every point of a map feels of all others.
 *
 * Each point has the potential sum over all points j, itself included, of
 * 1 / (1 + |y - y_j|^2); its slope is what t-SNE pushes with.
 */
#ifndef LEARN_TSNE_GRID_H
#define LEARN_TSNE_GRID_H

#include <lapwing/error.h>

#include <stddef.h>

struct tsne_grid; /* opaque: tables and room that are kept from step to step */

/** LW_ENOMEM. */
LW_MUST enum lw_status tsne_grid_new(struct tsne_grid **out, struct lw_error *err);
/** NULL is fine. */
void tsne_grid_free(struct tsne_grid *g);

/** y: (n, 2), finite.  push (n, 2) becomes the sum over j of
 *  (y_i - y_j) / (1 + |y_i - y_j|^2)^2; returned in *total is the sum of
 *  1 / (1 + |y_i - y_j|^2) over pairs of different points, both ways.  LW_ENOMEM. */
LW_MUST enum lw_status tsne_grid_push(struct tsne_grid *g, const float *y, size_t n,
                                      float *push, double *total, struct lw_error *err);

/** The same, pair by pair. */
void tsne_pairs_push(const float *y, size_t n, float *push, double *total);

#endif /* LEARN_TSNE_GRID_H */

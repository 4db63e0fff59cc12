/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd/map_layout.h - where things are in a picture of maps, whatever it is drawn with.
 *
 * Maps are square and have no axes: the coordinates of t-SNE mean nothing.  Large
 * classes are drawn first, so that small ones are not hidden.
 */
#ifndef CMD_MAP_LAYOUT_H
#define CMD_MAP_LAYOUT_H

#include "cmd/map_picture.h"

/** In pixels: a map's side, its left and upper edge, from one map to the next, the
 *  legend's width, the picture's height. */
enum {
    MAP_SIDE = 760,
    MAP_LEFT = 20,
    MAP_TOP = 84,
    MAP_PANEL = MAP_SIDE + 40,
    MAP_LEGEND = 160,
    MAP_HEIGHT = 870,
    MAP_LEGEND_STEP = 40
};

/** The part of the plane that a map shows. */
struct map_window {
    double low[2];
    double scale;
};

/** All points, in the middle of a square. */
void map_window_find(struct map_window *w, const struct lw_matrix *points);

/** Pixels from the map's left edge, and from the picture's upper one. */
double map_window_x(const struct map_window *w, const float point[2]);
double map_window_y(const struct map_window *w, const float point[2]);

/** The k-th class in the order of drawing: most points first. */
size_t map_kth_largest(const struct map_classes *c, size_t k);

#endif /* CMD_MAP_LAYOUT_H */

/* SPDX-License-Identifier: Apache-2.0 */
/* cmd/map_picture.h - what a picture of maps shows. */
#ifndef CMD_MAP_PICTURE_H
#define CMD_MAP_PICTURE_H

#include "cmd/map_classes.h"

#include <lapwing/embed.h>

enum { MAP_PAGE_MAPS_MAX = 2 };

struct map_panel {
    const char *name;
    const char *caption;
    const struct lw_matrix *points; /* (n, 2) */
};

/** Maps of the same rows side by side; everything borrowed. */
struct map_picture {
    const char *title;
    struct map_panel map[MAP_PAGE_MAPS_MAX];
    size_t n_maps;
    const struct map_classes *classes;
    const struct lw_frame *frame;
    const struct lw_target *target; /* NULL: no labels */
    const struct lw_embed_rows *rows;
};

#endif /* CMD_MAP_PICTURE_H */

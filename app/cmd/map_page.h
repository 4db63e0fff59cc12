/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd/map_page.h - maps of the same rows side by side as a page of its own.
 *
 * The page (ui/map.html) asks for nothing from elsewhere: points and records are in it.
 */
#ifndef CMD_MAP_PAGE_H
#define CMD_MAP_PAGE_H

#include "cmd/map_classes.h"

#include <lapwing/embed.h>

#include <stdio.h>

enum { MAP_PAGE_MAPS_MAX = 2 };

struct map_page_map {
    const char *name;
    const char *caption;
    const struct lw_matrix *points; /* (n, 2) */
};

struct map_page {
    const char *title;
    struct map_page_map map[MAP_PAGE_MAPS_MAX];
    size_t n_maps;
    const struct map_classes *classes;
    const struct lw_frame *frame;
    const struct lw_target *target; /* NULL: no labels */
    const struct lw_embed_rows *rows;
};

/** The whole page.  LW_ENOMEM. */
LW_MUST enum lw_status map_page_write(FILE *out, const struct map_page *p,
                                      struct lw_error *err);

#endif /* CMD_MAP_PAGE_H */

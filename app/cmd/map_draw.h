/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd/map_draw.h - a table's rows as maps, from the table to the file.
 *
 * map_take() chooses the rows; who has another way to see them fills in `latent`;
 * map_arrange() places them and map_write() draws what came of it.
 */
#ifndef CMD_MAP_DRAW_H
#define CMD_MAP_DRAW_H

#include "cmd/map_picture.h"

/* One way to see the rows. */
struct map_side {
    const char *name;
    const struct lw_matrix *x;
    struct lw_matrix points; /* owned */
    struct lw_embed_report report;
    struct lw_embed_quality quality;
    char figures[400]; /* in words */
};

/** Rows of a table, and their points; release with map_release(). */
struct map {
    const char *title;            /* borrowed */
    const struct lw_frame *frame; /* borrowed */
    struct lw_target target;
    bool has_target;
    struct lw_embed_rows rows;
    struct lw_matrix latent; /* (rows, any), owned; no rows: there is no second map */
    struct map_side side[MAP_PAGE_MAPS_MAX];
    size_t n_sides;
    struct map_classes classes;
};

void map_release(struct map *m);

/** Take `n` rows of a frame at random (0: all), with their classes; schema NULL is
 * fine. All of *m is written.  What lw_embed_rows_make() says. */
LW_MUST enum lw_status map_take(struct map *m, const char *title,
                                const struct lw_frame *frame,
                                const struct lw_schema *schema, size_t n, uint64_t seed,
                                struct lw_error *err);

/** Place the rows, and their latent vectors if they are there; shows progress.  What
 *  lw_embed() says. */
LW_MUST enum lw_status map_arrange(struct map *m, const struct lw_embed_config *cfg,
                                   struct lw_error *err);

/** A map is a file of these endings: .csv, .svg, .png, .html. */
bool map_can_write(const char *path);

/** Draw; "-" is CSV on standard output.  The exit status; a failure was told of. */
int map_write(const struct map *m, const char *path);

/** Notes on standard error: the columns left out, the maps' figures. */
void map_say(const struct map *m);

#endif /* CMD_MAP_DRAW_H */

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd/map_classes.h - the classes that a map's points are told apart by.
 *
 * Normal rows are green; attacks have colours that the colour-blind tell apart too
 * (Okabe and Ito, "Color Universal Design", 2008), and a shape each.
 */
#ifndef CMD_MAP_CLASSES_H
#define CMD_MAP_CLASSES_H

#include <lapwing/schema.h>

enum { MAP_CLASSES_MAX = 8 };

enum map_shape {
    MAP_CIRCLE,
    MAP_SQUARE,
    MAP_UP,
    MAP_DIAMOND,
    MAP_DOWN,
    MAP_CROSS,
    MAP_PLUS,
    MAP_N_SHAPES
};

/** Each as an SVG path around 0, about 6 wide. */
extern const char *const map_shape_path[MAP_N_SHAPES];

struct map_class {
    const char *name; /* static, or borrowed from the target */
    const char *colour;
    enum map_shape shape;
    size_t n_points;
};

struct map_classes {
    struct map_class of[MAP_CLASSES_MAX];
    size_t n;
    uint8_t *point; /* (n_points) index into `of`, owned */
};

/** The five classes of KDD'99 where every label is one of theirs; else normal rows,
 *  the attacks that occur most, all others, and what nobody knows.  `row` (n) are the
 *  points' rows of the table; target NULL: one class.  LW_ENOMEM. */
LW_MUST enum lw_status map_classes_init(struct map_classes *c,
                                        const struct lw_target *target,
                                        const size_t *row, size_t n,
                                        struct lw_error *err);
void map_classes_release(struct map_classes *c);

#endif /* CMD_MAP_CLASSES_H */

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * detect/conformal.h - which classes a row may belong to, each with a p-value.
 *
 * Class-conditional conformal prediction (Vovk, Gammerman and Shafer, "Algorithmic
 * Learning in a Random World", 2005, 4.5): a row's p-value for a class is the share of
 * that class's own held-out rows that were at least as strange for it.  The classes
 * whose p-value exceeds the level are the row's set; of rows like those held out, the
 * true class is missing from it at most as often as the level says.  No class: not
 * recognized.  Several: they cannot be told apart.
 *
 * How strange a row is for a class has two sides, and both count: how unlikely the
 * model holds the class, and how far the row lies from the nearest kind of row of that
 * class (Mahalanobis).  Each becomes a p-value, and the strangeness is minus the
 * logarithm of their product (Fisher 1932), itself ranked among the class's held-out
 * rows.
 *
 * A row that is farther from every kind of row than all but CONFORMAL_FAR_SHARE of the
 * held-out ones has an empty set in any case: classes of many unlike kinds have
 * held-out rows that are themselves far from everything.
 *
 * Attack classes with fewer than CONFORMAL_ROWS_MIN rows have no tail to speak of: they
 * share the smallest class that has so many, and its guarantee, not one of their own.
 *
 * In a file: f32 level; f32 farthest; u8 classes; u8 table of each class; u8 tables;
 * u16 groups; u8 class of each group of the distance, 255: none; f32 quantiles (tables,
 * 3, CONFORMAL_POINTS): of distance, of unlikeliness, of both.
 */
#ifndef DETECT_CONFORMAL_H
#define DETECT_CONFORMAL_H

#include "base/buf.h"
#include "base/span.h"
#include "detect/quantile.h"
#include "learn/mahalanobis.h"

#include <lapwing/detect.h>

#define CONFORMAL_LEVEL     0.01f
#define CONFORMAL_FAR_SHARE 0.003

enum { CONFORMAL_POINTS = 1001, CONFORMAL_ROWS_MIN = 200, CONFORMAL_NO_CLASS = 255 };

struct conformal {
    float level;
    float farthest;     /* distance to the nearest kind of row */
    uint32_t n_classes; /* 0: none, nothing is said */
    uint32_t n_tables;
    uint8_t table_of[LW_MAX_CLASSES]; /* (n_classes) */
    uint8_t *class_of_group;          /* (n_groups) of the distance, owned */
    uint32_t n_groups;
    float *quantile; /* (n_tables, 3, CONFORMAL_POINTS) ascending, owned */
    float marks[LW_MAX_CLASSES][3][QUANTILE_MARKS]; /* of the quantiles */
    float
        log_p[CONFORMAL_POINTS + 1]; /* of a p-value, by how many quantiles are below */
};

/** What is known of a held-out row. */
struct conformal_row {
    const float *margins;  /* (n_classes), borrowed */
    const float *distance; /* (n_classes), borrowed: to the nearest group of each */
    uint32_t truth;
};

/** The i-th of the rows to calibrate on; false: it is left out. */
typedef bool (*conformal_row_fn)(const void *ctx, size_t i, struct conformal_row *out);

/** Calibrate on rows (n) of `n_classes` classes, of which each has n_rows[k] different
 *  ones.  class_of_group stays as it is.  LW_EINVAL: a class without any.  LW_ENOMEM.
 */
LW_MUST enum lw_status conformal_fit(struct conformal *out, uint32_t n_classes,
                                     const uint64_t *n_rows, conformal_row_fn row,
                                     const void *ctx, size_t n, struct lw_error *err);
void conformal_release(struct conformal *c);

/** Say which class each group of the distance belongs to; CONFORMAL_NO_CLASS: to none,
 *  as nothing is in it.  LW_ENOMEM. */
LW_MUST enum lw_status conformal_groups(struct conformal *c, const uint8_t *class_of,
                                        uint32_t n_groups, struct lw_error *err);

/** p-values out (n_classes) from a row's scores (n_classes) and its distances
 *  (n_classes). */
void conformal_p_values(const struct conformal *c, const float *margins,
                        const float *distance, float *out);

/** Bit k: class k is in the set.  nearest: least of the row's distances. */
uint32_t conformal_set(const struct conformal *c, const float *p_values, float nearest);

void conformal_save(const struct conformal *c, struct buf *out);
/** LW_EFORMAT, LW_ENOMEM; on failure there is nothing to release. */
LW_MUST enum lw_status conformal_load(struct conformal *c, struct span in,
                                      struct lw_error *err);

#endif /* DETECT_CONFORMAL_H */

/* SPDX-License-Identifier: Apache-2.0 */
/* cmd/learning_curve.h - losses by epoch, as a table and as a picture. */
#ifndef CMD_LEARNING_CURVE_H
#define CMD_LEARNING_CURVE_H

#include <lapwing/error.h>

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum { LEARNING_CURVE_MAX = 10000 };

struct learning_point {
    uint32_t epoch;
    double loss;
    double validation_loss; /* NaN: no rows were kept back */
};

struct learning_curve {
    struct learning_point *point; /* (n), owned */
    size_t n;
};

/** LW_ENOMEM. */
LW_MUST enum lw_status learning_curve_init(struct learning_curve *c,
                                           struct lw_error *err);
void learning_curve_release(struct learning_curve *c);

/** Append; beyond LEARNING_CURVE_MAX points are dropped. */
void learning_curve_add(struct learning_curve *c, uint32_t epoch, double loss,
                        double validation_loss);

/** CSV with a header; write errors show on the stream. */
void learning_curve_csv(const struct learning_curve *c, FILE *out);
/** An SVG picture, losses on a logarithmic scale; needs a point at least. */
void learning_curve_svg(const struct learning_curve *c, FILE *out);

#endif /* CMD_LEARNING_CURVE_H */

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lapwing/cost.h - what mistakes cost.
 *
 * A cost matrix says what it costs to say one class where another is true.  A
 * classifier that was trained with one says the class of least expected cost.
 */
#ifndef LW_COST_H
#define LW_COST_H

#include <lapwing/error.h>
#include <lapwing/eval.h>

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { LW_COST_CLASSES_MAX = 8 };

/** No cost is larger. */
#define LW_COST_MAX 1e6F

struct lw_cost {
    uint32_t n_classes;
    float of[LW_COST_CLASSES_MAX][LW_COST_CLASSES_MAX]; /* (true, said), >= 0 */
};

/** Every mistake costs 1. */
LW_API void lw_cost_plain(struct lw_cost *c, uint32_t n_classes);

/** The matrix of the KDD Cup 1999, for the five classes in the order of
 *  LW_KDD_CLASS_LIST. */
LW_API void lw_cost_kddcup99(struct lw_cost *c);

/** Read a matrix for the five classes: a CSV whose first line names the classes said,
 *  and whose other lines begin with the class that is true, in any order.  The first
 *  cell is ignored.  LW_EIO.  LW_EFORMAT: names file, line and what is wrong. */
LW_API LW_MUST enum lw_status lw_cost_read(struct lw_cost *c, const char *path,
                                           struct lw_error *err);

/** Mean cost of the answers in a confusion matrix.  An answer that names no class costs
 *  what the dearest mistake about the true class does. */
LW_API double lw_cost_average(const struct lw_cost *c, const struct lw_eval *e);

#ifdef __cplusplus
}
#endif

#endif /* LW_COST_H */

/* SPDX-License-Identifier: Apache-2.0 */
/* cmd/test_level.h - lapwing test --level: answers by coarser classes, or by label. */
#ifndef CMD_TEST_LEVEL_H
#define CMD_TEST_LEVEL_H

#include "base/jsonw.h"

#include <lapwing/compare.h>
#include <lapwing/eval.h>

/** A judgement at a level. */
struct test_level {
    struct lw_eval eval;
    const char *class_names[LW_EVAL_MAX_CLASSES]; /* borrowed */
    const struct lw_eval_names *names; /* by label, too; NULL: not asked for */
    const char *const *said_names;     /* classes that `names` counts */
    uint32_t n_said;
};

/** What was judged, at a level; auto is the model's own.  Borrows all three. LW_EINVAL:
 *  the model's classes are too coarse for it. */
LW_MUST enum lw_status test_level_make(struct test_level *out, enum lw_level level,
                                       const struct lw_eval *eval,
                                       const char *const *class_names,
                                       const struct lw_eval_names *names,
                                       struct lw_error *err);

/** The table by label, where it was asked for. */
void test_level_print(const struct test_level *l);
void test_level_put(struct jsonw *w, const struct test_level *l);

#endif /* CMD_TEST_LEVEL_H */

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * serve/batch.h - records in, verdicts out, as many as come.
 *
 * Records of any view arrive in pieces of any size, as CSV with a header line or as
 * JSON lines; each gives one line of the answer, in order.  Memory does not grow with
 * their number: answers wait in a spool.
 */
#ifndef SERVE_BATCH_H
#define SERVE_BATCH_H

#include "base/span.h"
#include "serve/spool.h"

#include <lapwing/detect.h>

enum { BATCH_MODELS_MAX = 8, BATCH_FIELD_MAX = 64, BATCH_LINE_MAX = 64 * 1024 };

struct view_names; /* serve/view_names.h */

enum batch_format { BATCH_CSV, BATCH_JSON_LINES, BATCH_JSON };

/** A model that may judge; borrowed while the batch lives. */
struct batch_model {
    const struct lw_classifier *classifier;
    const struct view_names *names;
};

struct batch_config {
    enum batch_format format;
    /* In order of preference: the first whose features are all there judges. */
    struct batch_model models[BATCH_MODELS_MAX];
    size_t n_models; /* at least 1 */
    bool explain;
    const char *spool_dir; /* borrowed */
};

struct batch; /* opaque */

/** LW_ENOMEM. */
LW_MUST enum lw_status batch_new(struct batch **out, const struct batch_config *cfg,
                                 struct lw_error *err);
/** NULL is fine. */
void batch_free(struct batch *b);

/** The next piece.  A record that cannot be judged is answered so and is no failure.
 *  LW_EFORMAT: CSV whose header has not what any model needs, a line too long.
 *  LW_EIO: the spool's disk. */
LW_MUST enum lw_status batch_feed(struct batch *b, struct span piece,
                                  struct lw_error *err);
/** There is no more. */
LW_MUST enum lw_status batch_finish(struct batch *b, struct lw_error *err);

/** For BATCH_JSON: one object or an array of objects, whole. */
LW_MUST enum lw_status batch_judge_json(struct batch *b, struct span body,
                                        struct lw_error *err);

/** The answers so far; borrowed. */
struct spool *batch_answers(struct batch *b);
uint64_t batch_records(const struct batch *b);
/** After a failure: the column or member that is meant; "" if none. */
const char *batch_field(const struct batch *b);

#endif /* SERVE_BATCH_H */

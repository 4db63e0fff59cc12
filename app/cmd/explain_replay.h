/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd/explain_replay.h - alerts of an EVE log, judged again.
 *
 * An alert names its model by digest and carries the vector that was judged; a row's
 * verdict depends on nothing else.  So judging it again must give every number and
 * every word of the alert, bit for bit, on every machine.
 */
#ifndef CMD_EXPLAIN_REPLAY_H
#define CMD_EXPLAIN_REPLAY_H

#include "base/json.h"
#include "base/stream.h"

#include <lapwing/explain.h>

/** One alert of a log; everything borrowed for the call.  `number` counts alerts
 * from 1. Setting *stop ends the reading. */
typedef enum lw_status (*replay_fn)(void *ctx, const struct json_value *event,
                                    uint64_t number, bool *stop, struct lw_error *err);

/** Go through the alerts of a log, plain or packed.  LW_EFORMAT names the line; what
 *  `fn` returns. */
LW_MUST enum lw_status replay_each(const char *path, replay_fn fn, void *ctx,
                                   struct lw_error *err);

/** The same of what is open already, and stays so. */
LW_MUST enum lw_status replay_lines(struct stream *in, replay_fn fn, void *ctx,
                                    struct lw_error *err);

/** The id of the model that judged an alert.  LW_EFORMAT: it names none. */
LW_MUST enum lw_status replay_model_id(const struct json_value *event, const char **out,
                                       struct lw_error *err);

/** The vector that was judged: out (n_features).  LW_EFORMAT: it carries none (written
 *  by an older version), or a damaged one.  LW_EMISMATCH: of another view. */
LW_MUST enum lw_status replay_vector(const struct json_value *event,
                                     const struct lw_classifier *c, float *out,
                                     struct lw_error *err);

/** The sign that an alert is by; NULL: by the model. */
const char *replay_sign(const struct json_value *event);

/** NULL when the verdict and reasons are those of the alert bit for bit, else the name
 *  of the first field that differs; static storage. */
const char *replay_difference(const struct json_value *event,
                              const struct lw_classifier *c, const struct lw_verdict *v,
                              const struct lw_reason *reasons, size_t n_reasons);

#endif /* CMD_EXPLAIN_REPLAY_H */

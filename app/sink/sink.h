/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sink/sink.h - where findings go besides the terminal.
 *
 * A sink takes findings in order and gives them to a file or a program.  Each kind is
 * a row of one table of operations.  What sink_flush() returned for is out of this
 * process: killing it takes nothing back.
 */
#ifndef SINK_SINK_H
#define SINK_SINK_H

#include <lapwing/detect.h>
#include <lapwing/error.h>

#include <stdbool.h>

struct sink_config {
    const char *target;                     /* a path, "-" for standard output */
    bool append;                            /* a log that goes on; false: start anew */
    const struct lw_classifier *classifier; /* whose verdicts these are; borrowed */
};

/** `state` is the kind's own. */
struct sink_ops {
    const char *name;
    enum lw_status (*open)(void **state, const struct sink_config *cfg,
                           struct lw_error *err);
    enum lw_status (*put)(void *state, const struct lw_finding *f,
                          struct lw_error *err);
    enum lw_status (*flush)(void *state, struct lw_error *err);
    void (*close)(void *state);
};

struct sink; /* opaque */

/** Open a sink of a kind ("eve").  The caller owns *out.  LW_EIO, LW_ENOMEM; LW_EINVAL
 *  for a kind that there is not. */
LW_MUST enum lw_status sink_open(struct sink **out, const char *kind,
                                 const struct sink_config *cfg, struct lw_error *err);
/** Add a finding; it may wait in memory for sink_flush(). */
LW_MUST enum lw_status sink_put(struct sink *s, const struct lw_finding *f,
                                struct lw_error *err);
/** Hand everything over. */
LW_MUST enum lw_status sink_flush(struct sink *s, struct lw_error *err);
/** Free; what was not flushed is lost.  NULL is fine. */
void sink_close(struct sink *s);

#endif /* SINK_SINK_H */

/* SPDX-License-Identifier: Apache-2.0 */
/* serve/upkeep.h - a thread that deletes what is over the limits of retention, and
 * uploads that were given up, every minute. */
#ifndef SERVE_UPKEEP_H
#define SERVE_UPKEEP_H

#include <lapwing/error.h>

struct server; /* serve/server.h */
struct upkeep; /* opaque */

/** The caller owns *out.  LW_ENOMEM, LW_EIO. */
LW_MUST enum lw_status upkeep_new(struct upkeep **out, struct server *s,
                                  struct lw_error *err);
/** NULL is fine. */
void upkeep_free(struct upkeep *u);
/** The limits have changed: do not wait for the minute. */
void upkeep_look(struct upkeep *u);

#endif /* SERVE_UPKEEP_H */

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * serve/refusals.h - what was refused, for the audit log.
 *
 * Whoever is refused may come back a thousand times a second, and must not fill the
 * disk by it, or make others wait for it.  So refusals are gathered for a second and
 * written by a thread of their own, the same ones as one entry with their number, at
 * most REFUSALS_MAX entries at a time and one more for all others.
 */
#ifndef SERVE_REFUSALS_H
#define SERVE_REFUSALS_H

#include <lapwing/error.h>

struct refusals; /* opaque */
struct store;    /* store/store.h */

enum { REFUSALS_MAX = 16 };

/** Start; `store` is borrowed until refusals_free().  LW_ENOMEM, LW_EIO. */
LW_MUST enum lw_status refusals_new(struct refusals **out, struct store *store,
                                    struct lw_error *err);
/** Writes what is left.  NULL is fine. */
void refusals_free(struct refusals *r);

/** One more: who ("": nobody knows) asked for what from where.  Any thread; waits for
 *  nothing. */
void refusals_add(struct refusals *r, const char *who, const char *client,
                  const char *action, unsigned status);

#endif /* SERVE_REFUSALS_H */

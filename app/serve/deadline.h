/* SPDX-License-Identifier: Apache-2.0 */
/*
 * serve/deadline.h - connections that take too long are cut off.
 *
 * Each connection carries a point in time by which something must have happened; one
 * thread looks at all of them a few times a second and shuts down the socket of each
 * that is late, which its owner then sees as the end of the connection.
 */
#ifndef SERVE_DEADLINE_H
#define SERVE_DEADLINE_H

#include <lapwing/error.h>

#include <stdatomic.h>
#include <stdint.h>

/** Part of a connection; all fields belong to deadline.c. */
struct deadline {
    struct deadline *prev; /* borrowed; neighbours in the watch's list */
    struct deadline *next;
    _Atomic int64_t due_ms; /* on the monotonic clock */
    int fd;                 /* borrowed */
};

struct deadline_watch; /* opaque */

/** Start the watching thread; the caller owns *out.  LW_ENOMEM, LW_EIO. */
LW_MUST enum lw_status deadline_watch_new(struct deadline_watch **out,
                                          struct lw_error *err);
/** Every deadline must have been removed.  NULL is fine. */
void deadline_watch_free(struct deadline_watch *w);

/** Watch `fd` until deadline_remove(), which must come before it is closed: a number
 *  used again must not be shut down in its predecessor's place. */
void deadline_add(struct deadline_watch *w, struct deadline *d, int fd, int64_t in_ms);
void deadline_remove(struct deadline_watch *w, struct deadline *d);

/** Put off: due `in_ms` from now.  Any thread, no lock. */
void deadline_set(struct deadline *d, int64_t in_ms);

#endif /* SERVE_DEADLINE_H */

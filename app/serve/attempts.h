/* SPDX-License-Identifier: Apache-2.0 */
/*
 * serve/attempts.h - how often somebody may be wrong.
 *
 * Whoever fails spends one of `budget` attempts; they come back one each `each_ns`. The
 * table is bounded: where two clients share a row, the later one takes over what the
 * former had left, so that many addresses are no way to more guesses.  An IPv6 client
 * is its /64, which one machine has all of.
 *
 * Thread safety: any thread.
 */
#ifndef SERVE_ATTEMPTS_H
#define SERVE_ATTEMPTS_H

#include <lapwing/error.h>

#include <stdbool.h>
#include <stdint.h>

struct attempts; /* opaque */

enum { ATTEMPTS_ROWS = 4096 };

/** LW_ENOMEM; LW_EIO: no random numbers. */
LW_MUST enum lw_status attempts_new(struct attempts **out, unsigned budget,
                                    int64_t each_ns, struct lw_error *err);
/** NULL is fine. */
void attempts_free(struct attempts *a);

/** Has the client, an address as text, one left?  `mono_ns` is a clock that only goes
 *  forward. */
bool attempts_left(struct attempts *a, const char *client, int64_t mono_ns);
/** Spend one; false where there is none left. */
bool attempts_take(struct attempts *a, const char *client, int64_t mono_ns);
/** It was no failure: give one back. */
void attempts_give(struct attempts *a, const char *client);

#endif /* SERVE_ATTEMPTS_H */

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * serve/slow_pool.h - a few threads for requests that may take their time, so that
 * those that do not are never behind them.
 */
#ifndef SERVE_SLOW_POOL_H
#define SERVE_SLOW_POOL_H

#include <lapwing/error.h>

/** One piece of work; part of whatever it is about.  Belongs to the pool from
 *  slow_pool_add() until `run` is called. */
struct slow_work {
    struct slow_work *next;
    void (*run)(struct slow_work *w);
};

struct slow_pool; /* opaque */

/** Start the threads; the caller owns *out.  LW_ENOMEM, LW_EIO. */
LW_MUST enum lw_status slow_pool_new(struct slow_pool **out, unsigned n_threads,
                                     struct lw_error *err);
/** Run what is queued, end the threads, free.  NULL is fine. */
void slow_pool_free(struct slow_pool *p);
/** First come, first served.  Any thread. */
void slow_pool_add(struct slow_pool *p, struct slow_work *w);

#endif /* SERVE_SLOW_POOL_H */

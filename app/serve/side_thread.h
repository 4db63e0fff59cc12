/* SPDX-License-Identifier: Apache-2.0 */
/*
 * serve/side_thread.h - a thread that does something now and then until it is stopped.
 *
 * What is shared with it is read and written under its lock; it waits by
 * side_thread_wait() and looks at `stopping` after that.  Times are those of the
 * monotonic clock, so that nobody who sets the other one makes it wait for years.
 */
#ifndef SERVE_SIDE_THREAD_H
#define SERVE_SIDE_THREAD_H

#include <lapwing/error.h>

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

struct side_thread {
    pthread_mutex_t lock;
    pthread_cond_t wake; /* signalled by whoever has something for it */
    pthread_t thread;
    bool stopping; /* under the lock */
};

/** Start run(ctx).  LW_EIO: the system has no thread; then there is nothing to stop. */
LW_MUST enum lw_status side_thread_start(struct side_thread *t, void *(*run)(void *),
                                         void *ctx, struct lw_error *err);
/** Tell it to stop and wait until it has. */
void side_thread_stop(struct side_thread *t);

/** The time on the monotonic clock in so many milliseconds. */
struct timespec side_thread_in(int64_t ms);
/** With the lock held, wait until somebody signals `wake` (or for no reason at all).
 *  False when `until` has come. */
bool side_thread_wait(struct side_thread *t, const struct timespec *until);

#endif /* SERVE_SIDE_THREAD_H */

/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/side_thread.h"

#include <string.h>

#define NS_PER_MS INT64_C(1000000)
#define MS_PER_S  INT64_C(1000)

static void release(struct side_thread *t)
{
    (void)pthread_cond_destroy(&t->wake);
    (void)pthread_mutex_destroy(&t->lock);
}

enum lw_status side_thread_start(struct side_thread *t, void *(*run)(void *), void *ctx,
                                 struct lw_error *err)
{
    pthread_condattr_t attr;
    int failure;

    t->stopping = false;
    (void)pthread_mutex_init(&t->lock, NULL);
    (void)pthread_condattr_init(&attr);
    (void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&t->wake, &attr);
    (void)pthread_condattr_destroy(&attr);
    failure = pthread_create(&t->thread, NULL, run, ctx);
    if (failure == 0)
        return LW_OK;
    release(t);
    return lw_fail(err, LW_EIO, "cannot start a thread: %s", strerror(failure));
}

void side_thread_stop(struct side_thread *t)
{
    (void)pthread_mutex_lock(&t->lock);
    t->stopping = true;
    (void)pthread_cond_signal(&t->wake);
    (void)pthread_mutex_unlock(&t->lock);
    (void)pthread_join(t->thread, NULL);
    release(t);
}

struct timespec side_thread_in(int64_t ms)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    ms += t.tv_nsec / NS_PER_MS;
    t.tv_sec += (time_t)(ms / MS_PER_S);
    t.tv_nsec = (long)(ms % MS_PER_S * NS_PER_MS) + t.tv_nsec % NS_PER_MS;
    return t;
}

bool side_thread_wait(struct side_thread *t, const struct timespec *until)
{
    return pthread_cond_timedwait(&t->wake, &t->lock, until) == 0;
}

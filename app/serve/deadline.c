/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Why not the timeout that HTTP libraries offer: it measures silence.  A client that
 * sends one byte every few seconds is never silent, and a few thousand of those hold
 * every connection ("Slowloris", R. Hansen, 2009).  A deadline for the whole request
 * does not care how the time was spent.
 *
 * The list is locked where connections come and go and during a look at it; putting
 * off, which happens with every request, is one atomic store.
 */
#include "serve/deadline.h"

#include "base/assert.h"
#include "base/mem.h"
#include "serve/side_thread.h"

#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

enum { LOOK_EVERY_MS = 250 };

struct deadline_watch {
    struct side_thread side;
    struct deadline head; /* of the ring of all deadlines; under side.lock */
};

static int64_t now_ms(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC_COARSE, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void cut_off_late(struct deadline_watch *w)
{
    int64_t now = now_ms();

    for (struct deadline *d = w->head.next; d != &w->head; d = d->next) {
        if (atomic_load_explicit(&d->due_ms, memory_order_relaxed) > now)
            continue;
        (void)shutdown(d->fd, SHUT_RDWR);
        atomic_store_explicit(&d->due_ms, INT64_MAX, memory_order_relaxed);
    }
}

static void *watch(void *ctx)
{
    struct deadline_watch *w = ctx;

    (void)pthread_mutex_lock(&w->side.lock);
    while (!w->side.stopping) {
        struct timespec until;

        cut_off_late(w);
        until = side_thread_in(LOOK_EVERY_MS);
        (void)side_thread_wait(&w->side, &until);
    }
    (void)pthread_mutex_unlock(&w->side.lock);
    return NULL;
}

enum lw_status deadline_watch_new(struct deadline_watch **out, struct lw_error *err)
{
    struct deadline_watch *w = mem_zalloc(1, sizeof *w);
    enum lw_status st;

    if (w == NULL)
        return lw_fail(err, LW_ENOMEM, "out of memory");
    w->head.prev = &w->head;
    w->head.next = &w->head;
    st = side_thread_start(&w->side, watch, w, err);
    if (st != LW_OK) {
        mem_free(w);
        return st;
    }
    *out = w;
    return LW_OK;
}

void deadline_watch_free(struct deadline_watch *w)
{
    if (w == NULL)
        return;
    LW_ASSERT(w->head.next == &w->head);
    side_thread_stop(&w->side);
    mem_free(w);
}

void deadline_add(struct deadline_watch *w, struct deadline *d, int fd, int64_t in_ms)
{
    d->fd = fd;
    deadline_set(d, in_ms);
    (void)pthread_mutex_lock(&w->side.lock);
    d->next = w->head.next;
    d->prev = &w->head;
    d->next->prev = d;
    w->head.next = d;
    (void)pthread_mutex_unlock(&w->side.lock);
}

void deadline_remove(struct deadline_watch *w, struct deadline *d)
{
    (void)pthread_mutex_lock(&w->side.lock);
    d->prev->next = d->next;
    d->next->prev = d->prev;
    (void)pthread_mutex_unlock(&w->side.lock);
}

void deadline_set(struct deadline *d, int64_t in_ms)
{
    LW_ASSERT(in_ms > 0);
    atomic_store_explicit(&d->due_ms, now_ms() + in_ms, memory_order_relaxed);
}

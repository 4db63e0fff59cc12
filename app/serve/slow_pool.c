/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/slow_pool.h"

#include "base/assert.h"
#include "base/mem.h"

#include <pthread.h>
#include <stdbool.h>
#include <string.h>

struct slow_pool {
    pthread_mutex_t lock;
    pthread_cond_t more;
    struct slow_work *first; /* borrowed; in the order of arrival */
    struct slow_work **end;
    bool stopping;
    unsigned n_threads;
    pthread_t threads[]; /* (n_threads) */
};

static void *work(void *ctx)
{
    struct slow_pool *p = ctx;

    (void)pthread_mutex_lock(&p->lock);
    for (;;) {
        struct slow_work *w = p->first;

        if (w == NULL && p->stopping)
            break;
        if (w == NULL) {
            (void)pthread_cond_wait(&p->more, &p->lock);
            continue;
        }
        p->first = w->next;
        if (p->first == NULL)
            p->end = &p->first;
        (void)pthread_mutex_unlock(&p->lock);
        w->run(w);
        (void)pthread_mutex_lock(&p->lock);
    }
    (void)pthread_mutex_unlock(&p->lock);
    return NULL;
}

enum lw_status slow_pool_new(struct slow_pool **out, unsigned n_threads,
                             struct lw_error *err)
{
    struct slow_pool *p =
        mem_zalloc(1, sizeof *p + (size_t)n_threads * sizeof p->threads[0]);

    LW_ASSERT(n_threads > 0);
    if (p == NULL)
        return lw_fail(err, LW_ENOMEM, "out of memory");
    (void)pthread_mutex_init(&p->lock, NULL);
    (void)pthread_cond_init(&p->more, NULL);
    p->end = &p->first;
    for (; p->n_threads < n_threads; p->n_threads++) {
        int failure = pthread_create(&p->threads[p->n_threads], NULL, work, p);

        if (failure != 0) {
            slow_pool_free(p);
            return lw_fail(err, LW_EIO, "cannot start a thread: %s", strerror(failure));
        }
    }
    *out = p;
    return LW_OK;
}

void slow_pool_free(struct slow_pool *p)
{
    if (p == NULL)
        return;
    (void)pthread_mutex_lock(&p->lock);
    p->stopping = true;
    (void)pthread_cond_broadcast(&p->more);
    (void)pthread_mutex_unlock(&p->lock);
    for (unsigned i = 0; i < p->n_threads; i++)
        (void)pthread_join(p->threads[i], NULL);
    (void)pthread_cond_destroy(&p->more);
    (void)pthread_mutex_destroy(&p->lock);
    mem_free(p);
}

void slow_pool_add(struct slow_pool *p, struct slow_work *w)
{
    w->next = NULL;
    (void)pthread_mutex_lock(&p->lock);
    LW_ASSERT(!p->stopping);
    *p->end = w;
    p->end = &w->next;
    (void)pthread_cond_signal(&p->more);
    (void)pthread_mutex_unlock(&p->lock);
}

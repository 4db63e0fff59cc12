/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/refusals.h"

#include "base/mem.h"
#include "serve/auth.h"
#include "serve/http.h"
#include "store/admin.h"

#include <lapwing/log.h>

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { GATHER_S = 1, ACTION_MAX = 96 };

struct refusal {
    char who[AUTH_NAME_MAX];
    char client[HTTP_PEER_MAX];
    char action[ACTION_MAX];
    unsigned status;
    unsigned n;
};

struct batch {
    struct refusal row[REFUSALS_MAX];
    size_t n;
    unsigned n_others;
};

struct refusals {
    struct store *store; /* borrowed */
    pthread_mutex_t lock;
    pthread_cond_t wake;
    pthread_t thread;
    struct batch batch;
    bool stopping;
};

static void write_row(struct store *s, const struct refusal *f)
{
    char times[32] = "";
    char outcome[16];
    struct lw_error err;
    const struct store_audit a = {.who = f->who,
                                  .action = f->action,
                                  .object = times,
                                  .outcome = outcome,
                                  .client = f->client};

    if (f->n > 1)
        (void)snprintf(times, sizeof times, "%u times", f->n);
    (void)snprintf(outcome, sizeof outcome, "%u", f->status);
    if (store_audit_add(s, &a, &err) != LW_OK)
        lw_log(LW_LOG_ERROR, "the audit log: %s", err.msg);
}

static void write_batch(struct store *s, const struct batch *b)
{
    for (size_t i = 0; i < b->n; i++)
        write_row(s, &b->row[i]);
    if (b->n_others > 0) {
        struct refusal rest = {.action = "others refused", .n = b->n_others};

        rest.status = b->row[0].status;
        write_row(s, &rest);
    }
}

static void *gather(void *ctx)
{
    struct refusals *r = ctx;

    (void)pthread_mutex_lock(&r->lock);
    while (!r->stopping || r->batch.n > 0) {
        struct timespec until;
        struct batch b;

        while (!r->stopping && r->batch.n == 0)
            (void)pthread_cond_wait(&r->wake, &r->lock);
        (void)clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_sec += GATHER_S;
        while (!r->stopping && pthread_cond_timedwait(&r->wake, &r->lock, &until) == 0)
            continue;
        b = r->batch;
        r->batch.n = 0;
        r->batch.n_others = 0;
        (void)pthread_mutex_unlock(&r->lock);
        write_batch(r->store, &b);
        (void)pthread_mutex_lock(&r->lock);
    }
    (void)pthread_mutex_unlock(&r->lock);
    return NULL;
}

enum lw_status refusals_new(struct refusals **out, struct store *store,
                            struct lw_error *err)
{
    struct refusals *r = mem_zalloc(1, sizeof *r);
    pthread_condattr_t attr;
    int failure;

    if (r == NULL)
        return lw_fail(err, LW_ENOMEM, "out of memory");
    r->store = store;
    (void)pthread_mutex_init(&r->lock, NULL);
    (void)pthread_condattr_init(&attr);
    (void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&r->wake, &attr);
    (void)pthread_condattr_destroy(&attr);
    failure = pthread_create(&r->thread, NULL, gather, r);
    if (failure != 0) {
        (void)pthread_cond_destroy(&r->wake);
        (void)pthread_mutex_destroy(&r->lock);
        mem_free(r);
        return lw_fail(err, LW_EIO, "cannot start a thread: %s", strerror(failure));
    }
    *out = r;
    return LW_OK;
}

void refusals_free(struct refusals *r)
{
    if (r == NULL)
        return;
    (void)pthread_mutex_lock(&r->lock);
    r->stopping = true;
    (void)pthread_cond_signal(&r->wake);
    (void)pthread_mutex_unlock(&r->lock);
    (void)pthread_join(r->thread, NULL);
    (void)pthread_cond_destroy(&r->wake);
    (void)pthread_mutex_destroy(&r->lock);
    mem_free(r);
}

static void put(struct batch *b, const struct refusal *f)
{
    for (size_t i = 0; i < b->n; i++) {
        struct refusal *has = &b->row[i];

        if (has->status == f->status && strcmp(has->who, f->who) == 0 &&
            strcmp(has->client, f->client) == 0 &&
            strcmp(has->action, f->action) == 0) {
            has->n++;
            return;
        }
    }
    if (b->n < REFUSALS_MAX)
        b->row[b->n++] = *f;
    else
        b->n_others++;
}

void refusals_add(struct refusals *r, const char *who, const char *client,
                  const char *action, unsigned status)
{
    struct refusal f = {.status = status, .n = 1};

    (void)snprintf(f.who, sizeof f.who, "%s", who);
    (void)snprintf(f.client, sizeof f.client, "%s", client);
    (void)snprintf(f.action, sizeof f.action, "%s", action);
    (void)pthread_mutex_lock(&r->lock);
    put(&r->batch, &f);
    if (r->batch.n == 1 && r->batch.row[0].n == 1)
        (void)pthread_cond_signal(&r->wake);
    (void)pthread_mutex_unlock(&r->lock);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/refusals.h"

#include "base/mem.h"
#include "serve/auth.h"
#include "serve/http.h"
#include "serve/side_thread.h"
#include "store/admin.h"

#include <lapwing/log.h>

#include <stdio.h>
#include <string.h>
#include <time.h>

enum { GATHER_MS = 1000, ACTION_MAX = 96 };

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
    struct side_thread side;
    struct batch batch; /* under side.lock */
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

    (void)pthread_mutex_lock(&r->side.lock);
    while (!r->side.stopping || r->batch.n > 0) {
        struct timespec until;
        struct batch b;

        while (!r->side.stopping && r->batch.n == 0)
            (void)pthread_cond_wait(&r->side.wake, &r->side.lock);
        until = side_thread_in(GATHER_MS);
        while (!r->side.stopping && side_thread_wait(&r->side, &until))
            continue;
        b = r->batch;
        r->batch.n = 0;
        r->batch.n_others = 0;
        (void)pthread_mutex_unlock(&r->side.lock);
        write_batch(r->store, &b);
        (void)pthread_mutex_lock(&r->side.lock);
    }
    (void)pthread_mutex_unlock(&r->side.lock);
    return NULL;
}

enum lw_status refusals_new(struct refusals **out, struct store *store,
                            struct lw_error *err)
{
    struct refusals *r = mem_zalloc(1, sizeof *r);
    enum lw_status st;

    if (r == NULL)
        return lw_fail(err, LW_ENOMEM, "out of memory");
    r->store = store;
    st = side_thread_start(&r->side, gather, r, err);
    if (st != LW_OK) {
        mem_free(r);
        return st;
    }
    *out = r;
    return LW_OK;
}

void refusals_free(struct refusals *r)
{
    if (r == NULL)
        return;
    side_thread_stop(&r->side);
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
    (void)pthread_mutex_lock(&r->side.lock);
    put(&r->batch, &f);
    if (r->batch.n == 1 && r->batch.row[0].n == 1)
        (void)pthread_cond_signal(&r->side.wake);
    (void)pthread_mutex_unlock(&r->side.lock);
}

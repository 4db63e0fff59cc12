/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/upkeep.h"

#include "base/mem.h"
#include "base/timefmt.h"
#include "serve/present.h"
#include "serve/server_priv.h"
#include "store/admin.h"

#include <lapwing/log.h>

#include <pthread.h>
#include <string.h>
#include <time.h>

enum { EVERY_S = 60, TRIM_EVERY_S = 3600, AUDIT_KEPT = 200000 };

struct upkeep {
    struct server *server; /* borrowed: outlives this */
    pthread_mutex_t lock;
    pthread_cond_t wake;
    pthread_t thread;
    int64_t trim_ns; /* when the audit log is looked at again */
    bool look;
    bool stopping;
};

static void retain(struct server *s)
{
    const struct store_retention limits = settings_retention(s);
    struct store_retained done = {0};
    struct lw_error err;

    if (store_retain(s->store, &limits, clock_ns(), &done, &err) != LW_OK)
        lw_log(LW_LOG_WARNING, "retention: %s", err.msg);
    if (done.captures + done.uploads > 0)
        lw_log(LW_LOG_INFO,
               "retention: %llu captures and %llu abandoned uploads deleted",
               (unsigned long long)done.captures, (unsigned long long)done.uploads);
}

static void trim_audit(struct upkeep *u)
{
    struct lw_error err;
    uint64_t n = 0;

    if (clock_ns() < u->trim_ns)
        return;
    u->trim_ns = clock_ns() + TRIM_EVERY_S * NS_PER_S;
    if (store_audit_trim(u->server->store, AUDIT_KEPT, &n, &err) != LW_OK)
        lw_log(LW_LOG_WARNING, "the audit log: %s", err.msg);
    else if (n > 0)
        lw_log(LW_LOG_INFO, "the audit log: %llu old refusals forgotten",
               (unsigned long long)n);
}

static void *keep_up(void *ctx)
{
    struct upkeep *u = ctx;

    (void)pthread_mutex_lock(&u->lock);
    while (!u->stopping) {
        struct timespec until;

        (void)clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_sec += EVERY_S;
        while (!u->stopping && !u->look)
            if (pthread_cond_timedwait(&u->wake, &u->lock, &until) != 0)
                break;
        u->look = false;
        if (u->stopping)
            break;
        (void)pthread_mutex_unlock(&u->lock);
        retain(u->server);
        trim_audit(u);
        (void)pthread_mutex_lock(&u->lock);
    }
    (void)pthread_mutex_unlock(&u->lock);
    return NULL;
}

enum lw_status upkeep_new(struct upkeep **out, struct server *s, struct lw_error *err)
{
    struct upkeep *u = mem_zalloc(1, sizeof *u);
    pthread_condattr_t attr;
    int failure;

    if (u == NULL)
        return lw_fail(err, LW_ENOMEM, "out of memory");
    u->server = s;
    (void)pthread_mutex_init(&u->lock, NULL);
    (void)pthread_condattr_init(&attr);
    (void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&u->wake, &attr);
    (void)pthread_condattr_destroy(&attr);
    failure = pthread_create(&u->thread, NULL, keep_up, u);
    if (failure != 0) {
        mem_free(u);
        return lw_fail(err, LW_EIO, "cannot start a thread: %s", strerror(failure));
    }
    *out = u;
    return LW_OK;
}

void upkeep_free(struct upkeep *u)
{
    if (u == NULL)
        return;
    (void)pthread_mutex_lock(&u->lock);
    u->stopping = true;
    (void)pthread_cond_signal(&u->wake);
    (void)pthread_mutex_unlock(&u->lock);
    (void)pthread_join(u->thread, NULL);
    (void)pthread_cond_destroy(&u->wake);
    (void)pthread_mutex_destroy(&u->lock);
    mem_free(u);
}

void upkeep_look(struct upkeep *u)
{
    (void)pthread_mutex_lock(&u->lock);
    u->look = true;
    (void)pthread_cond_signal(&u->wake);
    (void)pthread_mutex_unlock(&u->lock);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/upkeep.h"

#include "base/mem.h"
#include "base/timefmt.h"
#include "serve/present.h"
#include "serve/server_priv.h"
#include "serve/side_thread.h"
#include "store/admin.h"

#include <lapwing/log.h>

#include <string.h>
#include <time.h>

enum { EVERY_MS = 60000, TRIM_EVERY_S = 3600, AUDIT_KEPT = 200000 };

struct upkeep {
    struct server *server; /* borrowed: outlives this */
    struct side_thread side;
    int64_t trim_ns; /* when the audit log is looked at again */
    bool look;       /* under side.lock */
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

    (void)pthread_mutex_lock(&u->side.lock);
    while (!u->side.stopping) {
        struct timespec until = side_thread_in(EVERY_MS);

        while (!u->side.stopping && !u->look && side_thread_wait(&u->side, &until))
            continue;
        u->look = false;
        if (u->side.stopping)
            break;
        (void)pthread_mutex_unlock(&u->side.lock);
        retain(u->server);
        trim_audit(u);
        (void)pthread_mutex_lock(&u->side.lock);
    }
    (void)pthread_mutex_unlock(&u->side.lock);
    return NULL;
}

enum lw_status upkeep_new(struct upkeep **out, struct server *s, struct lw_error *err)
{
    struct upkeep *u = mem_zalloc(1, sizeof *u);
    enum lw_status st;

    if (u == NULL)
        return lw_fail(err, LW_ENOMEM, "out of memory");
    u->server = s;
    st = side_thread_start(&u->side, keep_up, u, err);
    if (st != LW_OK) {
        mem_free(u);
        return st;
    }
    *out = u;
    return LW_OK;
}

void upkeep_free(struct upkeep *u)
{
    if (u == NULL)
        return;
    side_thread_stop(&u->side);
    mem_free(u);
}

void upkeep_look(struct upkeep *u)
{
    (void)pthread_mutex_lock(&u->side.lock);
    u->look = true;
    (void)pthread_cond_signal(&u->side.wake);
    (void)pthread_mutex_unlock(&u->side.lock);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/jobs.h"

#include "base/assert.h"
#include "base/mem.h"
#include "serve/answer.h"
#include "serve/metrics.h"
#include "serve/problem.h"
#include "serve/server_priv.h"
#include "serve/tell.h"

#include <lapwing/log.h>

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { WORKERS_MAX = 64, TELL_EVERY_MS = 250, LINE_BYTES = 400, WAITERS_MAX = 256 };

/* An answer that is held until a job ends. */
struct waiter {
    struct waiter *next;
    int64_t job;
    struct http_reply *reply; /* borrowed until it is given */
    struct http_waker *waker;
};

struct jobs {
    struct server *server; /* borrowed: outlives this */
    pthread_mutex_t lock;
    pthread_cond_t more;
    bool look; /* something may have been queued */
    bool stopping;
    struct waiter *waiters;
    unsigned n_waiters;
    unsigned n_threads;
    pthread_t threads[WORKERS_MAX];
};

static int64_t now_ms(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* ---- one job --------------------------------------------------------------------- */

static bool is_stopping(struct jobs *j)
{
    bool stopping;

    (void)pthread_mutex_lock(&j->lock);
    stopping = j->stopping;
    (void)pthread_mutex_unlock(&j->lock);
    return stopping;
}

bool job_progress(struct job_run *r, const struct store_job_progress *p)
{
    struct server *s = r->server;
    bool cancel = false;
    int64_t now = now_ms();

    if (store_job_progress(s->store, r->id, p, &cancel, NULL) != LW_OK)
        cancel = true; /* its capture is gone */
    if (now - r->told_ms >= TELL_EVERY_MS) {
        r->told_ms = now;
        tell_job(s, r->id);
    }
    return !cancel && !is_stopping(s->jobs);
}

void job_log(struct job_run *r, const char *fmt, ...)
{
    char line[LINE_BYTES];
    va_list ap;

    va_start(ap, fmt);
    (void)vsnprintf(line, sizeof line, fmt, ap);
    va_end(ap);
    if (store_job_log(r->server->store, r->id, line, NULL) != LW_OK)
        lw_log(LW_LOG_WARNING, "job %lld: %s", (long long)r->id, line);
}

/* The job could not do its work: what becomes of it? */
static void end_badly(struct job_run *r, enum lw_status st, const struct lw_error *why)
{
    struct server *s = r->server;
    struct lw_error err;
    enum lw_status ended;

    if (st == LW_EPERM && is_stopping(s->jobs)) {
        job_log(r, "the server stops; the job goes back into the queue");
        ended = store_job_requeue(s->store, r->id, &err);
    } else if (st == LW_EPERM) {
        job_log(r, "cancelled");
        ended = store_job_cancelled(s->store, r->id, &err);
        metrics_add(s->metrics, METRICS_jobs_cancelled, 1);
    } else {
        job_log(r, "failed: %s", why->msg);
        ended = store_job_fail(s->store, r->id, why->msg, &err);
        metrics_add(s->metrics, METRICS_jobs_failed, 1);
    }
    /* Deleting a capture takes its jobs along. */
    if (ended != LW_OK && ended != LW_ENOTFOUND)
        lw_log(LW_LOG_ERROR, "job %lld: %s", (long long)r->id, err.msg);
}

static void run(struct job_run *r)
{
    struct lw_error err = {0};
    enum lw_status st;

    tell_job(r->server, r->id);
    job_log(r, "%s of capture %lld begins", store_job_kind_name(r->kind),
            (long long)r->capture);
    st = r->kind == STORE_JOB_ANALYSE ? job_analyse(r, &err) : job_artefact(r, &err);
    if (st == LW_OK)
        metrics_add(r->server->metrics, METRICS_jobs_done, 1);
    else
        end_badly(r, st, &err);
    tell_job(r->server, r->id);
    if (r->kind == STORE_JOB_ANALYSE) {
        tell_capture(r->server, r->capture);
        if (st == LW_OK)
            tell_alerts_of(r->server, r->capture);
    }
}

/* ---- those who wait -------------------------------------------------------------- */

struct outcome {
    enum store_job_state state;
    char error[256];
};

static void on_outcome(void *ctx, const struct store_job *j)
{
    struct outcome *o = ctx;

    o->state = j->state;
    (void)snprintf(o->error, sizeof o->error, "%s", j->error == NULL ? "" : j->error);
}

/* What a job's end is as an answer; false: it has not ended. */
static bool answer_end(struct server *s, int64_t job, struct http_reply *reply)
{
    struct outcome o = {.state = STORE_JOB_FAILED};
    struct lw_error err;

    if (answer_failed(reply, store_job_get(s->store, job, on_outcome, &o, &err), &err))
        return true;
    switch (o.state) {
    case STORE_JOB_DONE:
        answer_nothing(reply);
        return true;
    case STORE_JOB_FAILED:
        problem_reply(reply, 422, NULL, o.error);
        return true;
    case STORE_JOB_CANCELLED:
        problem_reply(reply, 409, NULL, "the job was cancelled");
        return true;
    case STORE_JOB_QUEUED:
    case STORE_JOB_RUNNING:
    case STORE_N_JOB_STATES:
    default:
        return false;
    }
}

static void give(struct jobs *j, struct waiter *w, bool stopping)
{
    if (!answer_end(j->server, w->job, w->reply) && stopping)
        problem_reply(w->reply, 503, NULL,
                      "the server stops; the job goes on when it is back");
    http_give(w->waker);
    mem_free(w);
}

/* Take those of a job (0: all) out of the list. */
static struct waiter *take_waiters(struct jobs *j, int64_t job)
{
    struct waiter *taken = NULL;
    struct waiter **at = &j->waiters;

    (void)pthread_mutex_lock(&j->lock);
    while (*at != NULL) {
        struct waiter *w = *at;

        if (job != 0 && w->job != job) {
            at = &w->next;
            continue;
        }
        *at = w->next;
        w->next = taken;
        taken = w;
        j->n_waiters--;
    }
    (void)pthread_mutex_unlock(&j->lock);
    return taken;
}

static void give_all(struct jobs *j, int64_t job, bool stopping)
{
    struct waiter *w = take_waiters(j, job);

    while (w != NULL) {
        struct waiter *next = w->next;

        give(j, w, stopping);
        w = next;
    }
}

static bool has_ended(struct jobs *j, int64_t job)
{
    struct outcome o = {.state = STORE_JOB_FAILED};

    return store_job_get(j->server->store, job, on_outcome, &o, NULL) != LW_OK ||
           (o.state != STORE_JOB_QUEUED && o.state != STORE_JOB_RUNNING);
}

void jobs_answer_at_end(struct jobs *j, int64_t job, const struct http_request *req,
                        struct http_reply *reply)
{
    struct waiter *w = mem_zalloc(1, sizeof *w);
    bool full;

    (void)pthread_mutex_lock(&j->lock);
    full = w == NULL || j->stopping || j->n_waiters == WAITERS_MAX;
    if (!full) {
        w->job = job;
        w->reply = reply;
        w->waker = http_hold(req, reply);
        w->next = j->waiters;
        j->waiters = w;
        j->n_waiters++;
    }
    (void)pthread_mutex_unlock(&j->lock);
    if (full) {
        mem_free(w);
        problem_reply(reply, 503, NULL,
                      "too many clients wait already; ask for the job's state instead");
    }
    /* From here on the reply is the waiter's; it may have ended before it was in the
     * list, and then nobody else looks. */
    if (!full && has_ended(j, job))
        give_all(j, job, false);
}

/* ---- workers --------------------------------------------------------------------- */

static void on_claimed(void *ctx, const struct store_job *job)
{
    struct job_run *r = ctx;

    r->id = job->id;
    r->capture = job->capture;
    r->kind = job->kind;
}

/* Wait for something to do; false: the end. */
static bool wait_for_work(struct jobs *j)
{
    bool go_on;

    (void)pthread_mutex_lock(&j->lock);
    while (!j->look && !j->stopping) {
        struct timespec until;

        /* A look now and then finds what nobody announced. */
        (void)clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_sec += 5;
        if (pthread_cond_timedwait(&j->more, &j->lock, &until) != 0)
            break;
    }
    j->look = false;
    go_on = !j->stopping;
    (void)pthread_mutex_unlock(&j->lock);
    return go_on;
}

static void *work(void *ctx)
{
    struct jobs *j = ctx;

    while (wait_for_work(j)) {
        for (;;) {
            struct job_run r = {.server = j->server};
            struct lw_error err;
            enum lw_status st = store_job_claim(j->server->store, on_claimed, &r, &err);

            if (st == LW_END)
                break;
            if (st != LW_OK) {
                lw_log(LW_LOG_ERROR, "the queue: %s", err.msg);
                break;
            }
            /* There may be more for the others. */
            jobs_look(j, 0);
            run(&r);
            give_all(j, r.id, false);
            if (is_stopping(j))
                break;
        }
    }
    return NULL;
}

enum lw_status jobs_new(struct jobs **out, struct server *s, unsigned n_workers,
                        struct lw_error *err)
{
    struct jobs *j = mem_zalloc(1, sizeof *j);
    pthread_condattr_t attr;

    LW_ASSERT(n_workers > 0 && n_workers <= WORKERS_MAX);
    if (j == NULL)
        return lw_fail(err, LW_ENOMEM, "out of memory");
    j->server = s;
    j->look = true;
    (void)pthread_mutex_init(&j->lock, NULL);
    (void)pthread_condattr_init(&attr);
    (void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&j->more, &attr);
    (void)pthread_condattr_destroy(&attr);
    /* The workers look at it through the server. */
    *out = j;
    for (; j->n_threads < n_workers; j->n_threads++) {
        int failure = pthread_create(&j->threads[j->n_threads], NULL, work, j);

        if (failure != 0)
            return lw_fail(err, LW_EIO, "cannot start a thread: %s", strerror(failure));
    }
    return LW_OK;
}

void jobs_stop(struct jobs *j)
{
    if (j == NULL || j->stopping)
        return;
    (void)pthread_mutex_lock(&j->lock);
    j->stopping = true;
    (void)pthread_cond_broadcast(&j->more);
    (void)pthread_mutex_unlock(&j->lock);
    for (unsigned i = 0; i < j->n_threads; i++)
        (void)pthread_join(j->threads[i], NULL);
    give_all(j, 0, true);
}

void jobs_free(struct jobs *j)
{
    if (j == NULL)
        return;
    jobs_stop(j);
    (void)pthread_cond_destroy(&j->more);
    (void)pthread_mutex_destroy(&j->lock);
    mem_free(j);
}

void jobs_look(struct jobs *j, int64_t job)
{
    (void)pthread_mutex_lock(&j->lock);
    j->look = true;
    (void)pthread_cond_signal(&j->more);
    (void)pthread_mutex_unlock(&j->lock);
    if (job != 0)
        tell_job(j->server, job);
}

enum lw_status jobs_cancel(struct jobs *j, int64_t job, struct lw_error *err)
{
    enum lw_status st = store_job_cancel(j->server->store, job, err);

    if (st != LW_OK)
        return st;
    tell_job(j->server, job);
    if (has_ended(j, job))
        give_all(j, job, false);
    return LW_OK;
}

/* ---- all of a capture ------------------------------------------------------------ */

struct found {
    int64_t ids[STORE_PAGE_MAX];
    size_t n;
};

static void on_found(void *ctx, const struct store_job *job)
{
    struct found *f = ctx;

    if (f->n < STORE_PAGE_MAX)
        f->ids[f->n++] = job->id;
}

void jobs_cancel_capture(struct jobs *j, int64_t capture)
{
    static const int states[] = {STORE_JOB_QUEUED, STORE_JOB_RUNNING};

    for (size_t k = 0; k < sizeof states / sizeof states[0]; k++) {
        struct store_page page = {.limit = STORE_PAGE_MAX};
        struct found f = {.n = 0};

        if (store_job_list(j->server->store, states[k], capture, &page, on_found, &f,
                           NULL) != LW_OK)
            return;
        for (size_t i = 0; i < f.n; i++)
            if (store_job_cancel(j->server->store, f.ids[i], NULL) != LW_OK)
                continue; /* it ended meanwhile */
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Jobs: a queue that survives.
 *
 * A job's rank is its place in the queue; one that goes back keeps its own.  Progress
 * is kept in memory, because it is told often and is worth nothing after a restart.
 */
#include "store/store_priv.h"

#include <inttypes.h>
#include <stdio.h>

enum { ATTEMPTS_MAX = 3, LINES_MAX = 10000 };

#define JOB_COLUMNS                                                                    \
    "id, kind, state, capture, progress, packets, flows, alerts, queued, started,"     \
    " finished, attempts, owner, error, artefact,"                                     \
    " CASE WHEN state = 0 THEN (SELECT count(*) FROM jobs o WHERE o.state = 0"         \
    " AND o.rank <= jobs.rank) ELSE 0 END FROM jobs"

const char *store_job_kind_name(enum store_job_kind kind)
{
    static const char *const names[STORE_N_JOB_KINDS] = {"analyse", "profile", "embed",
                                                         "report"};

    return names[kind];
}

const char *store_job_state_name(enum store_job_state state)
{
    static const char *const names[STORE_N_JOB_STATES] = {"queued", "running", "done",
                                                          "failed", "cancelled"};

    return names[state];
}

/* ------------------------------------------------------------- what runs now */

/* The pool lock is held. */
static struct running_job *running(struct store *s, int64_t id)
{
    for (size_t i = 0; i < STORE_RUNNING_MAX; i++)
        if (s->running[i].id == id)
            return &s->running[i];
    return NULL;
}

/* A worker more than there are places would only lack progress and cancelling. */
static void note_start(struct store *s, int64_t id)
{
    struct running_job *r;

    (void)pthread_mutex_lock(&s->pool_lock);
    r = running(s, 0);
    if (r != NULL)
        *r = (struct running_job){.id = id};
    (void)pthread_mutex_unlock(&s->pool_lock);
}

void job_forget(struct store *s, int64_t id)
{
    struct running_job *r;

    (void)pthread_mutex_lock(&s->pool_lock);
    r = running(s, id);
    if (r != NULL)
        r->id = 0;
    (void)pthread_mutex_unlock(&s->pool_lock);
}

bool job_cancel_asked(struct store *s, int64_t id)
{
    const struct running_job *r;
    bool asked;

    (void)pthread_mutex_lock(&s->pool_lock);
    r = running(s, id);
    asked = r != NULL && r->cancel;
    (void)pthread_mutex_unlock(&s->pool_lock);
    return asked;
}

/* -------------------------------------------------------------------- reading */

struct reading {
    struct store *s;
    store_job_fn fn;
    void *ctx;
    uint32_t limit;
    uint32_t n;
    int64_t last;
};

static void add_progress(struct store *s, struct store_job *j)
{
    const struct running_job *r;

    (void)pthread_mutex_lock(&s->pool_lock);
    r = running(s, j->id);
    if (r != NULL) {
        j->progress = r->progress.progress;
        j->packets = r->progress.packets;
        j->flows = r->progress.flows;
        j->alerts = r->progress.alerts;
        j->cancel_asked = r->cancel;
    }
    (void)pthread_mutex_unlock(&s->pool_lock);
}

static void read_job(void *ctx, struct db_stmt *q)
{
    struct reading *r = ctx;
    struct store_job j = {
        .id = db_int(q, 0),
        .kind = (enum store_job_kind)db_int(q, 1),
        .state = (enum store_job_state)db_int(q, 2),
        .capture = db_int(q, 3),
        .progress = db_real(q, 4),
        .packets = (uint64_t)db_int(q, 5),
        .flows = (uint64_t)db_int(q, 6),
        .alerts = (uint64_t)db_int(q, 7),
        .queued_ns = db_int(q, 8),
        .started_ns = db_int(q, 9),
        .finished_ns = db_int(q, 10),
        .attempts = (uint32_t)db_int(q, 11),
        .owner = db_text(q, 12),
        .error = db_text(q, 13),
        .artefact = db_int(q, 14),
        .position = (uint64_t)db_int(q, 15),
    };

    if (++r->n > r->limit)
        return;
    r->last = j.id;
    if (j.state == STORE_JOB_RUNNING)
        add_progress(r->s, &j);
    r->fn(r->ctx, &j);
}

enum lw_status store_job_get(struct store *s, int64_t id, store_job_fn fn, void *ctx,
                             struct lw_error *err)
{
    struct reading r = {.s = s, .fn = fn, .ctx = ctx, .limit = 1};
    struct db *d = NULL;
    enum lw_status st = store_reader_take(s, &d, err);

    if (st == LW_OK)
        st = db_query(d, err, read_job, &r, NULL, "SELECT " JOB_COLUMNS " WHERE id = ?",
                      "i", id);
    store_reader_give(s, d);
    return st == LW_OK && r.n == 0 ? store_missing("job", id, err) : st;
}

enum lw_status store_job_list(struct store *s, int state, int64_t capture,
                              struct store_page *page, store_job_fn fn, void *ctx,
                              struct lw_error *err)
{
    struct reading r = {.s = s, .fn = fn, .ctx = ctx};
    struct db *d = NULL;
    int64_t before = 0;
    enum lw_status st = store_page_before(page, &before, &r.limit, err);

    if (st == LW_OK)
        st = store_reader_take(s, &d, err);
    if (st == LW_OK)
        st = db_query(d, err, read_job, &r, NULL,
                      "SELECT " JOB_COLUMNS " WHERE id < ?1"
                      " AND (?2 < 0 OR state = ?2) AND (?3 = 0 OR capture = ?3)"
                      " ORDER BY id DESC LIMIT ?4",
                      "iiii", before, (int64_t)state, capture, (int64_t)r.limit + 1);
    store_reader_give(s, d);
    if (st == LW_OK)
        store_page_after(page, r.last, r.n > r.limit);
    return st;
}

static void read_count(void *ctx, struct db_stmt *q)
{
    uint64_t *n = ctx;
    int64_t state = db_int(q, 0);

    if (state >= 0 && state < STORE_N_JOB_STATES)
        n[state] = (uint64_t)db_int(q, 1);
}

enum lw_status store_job_counts(struct store *s, uint64_t n[STORE_N_JOB_STATES],
                                struct lw_error *err)
{
    struct db *d = NULL;
    enum lw_status st = store_reader_take(s, &d, err);

    for (int i = 0; i < STORE_N_JOB_STATES; i++)
        n[i] = 0;
    if (st == LW_OK)
        st = db_query(d, err, read_count, n, NULL,
                      "SELECT state, count(*) FROM jobs GROUP BY state", "");
    store_reader_give(s, d);
    return st;
}

/* ------------------------------------------------------------------- creating */

enum lw_status job_create(struct store *s, enum store_job_kind kind, int64_t capture,
                          const char *owner, int64_t *id, struct lw_error *err)
{
    enum lw_status st = db_run(
        s->writer, err,
        "INSERT INTO jobs (kind, state, capture, owner, rank, queued)"
        " SELECT ?1, 0, id, ?3, (SELECT coalesce(max(rank), 0) + 1 FROM jobs), ?4"
        " FROM captures WHERE id = ?2",
        "iiti", (int64_t)kind, capture, owner == NULL ? "" : owner, store_now_ns());

    if (st == LW_OK && db_changes(s->writer) == 0)
        return store_missing("capture", capture, err);
    *id = db_last_id(s->writer);
    if (st == LW_OK && kind == STORE_JOB_ANALYSE)
        st = db_run(s->writer, err, "UPDATE captures SET job = ? WHERE id = ?", "ii",
                    *id, capture);
    return st;
}

enum lw_status store_job_create(struct store *s, enum store_job_kind kind,
                                int64_t capture, const char *owner, uint64_t queue_max,
                                int64_t *id, struct lw_error *err)
{
    int64_t waiting = 0;
    enum lw_status st = store_begin(s, err);

    if (st != LW_OK)
        return st;
    st = db_number(s->writer, err, &waiting, 0,
                   "SELECT count(*) FROM jobs WHERE state = 0", "");
    if (st == LW_OK && queue_max != 0 && (uint64_t)waiting >= queue_max)
        st = lw_fail(err, LW_ELIMIT, "%" PRId64 " jobs wait already: try again later",
                     waiting);
    if (st == LW_OK)
        st = job_create(s, kind, capture, owner, id, err);
    return store_end(s, st, err);
}

/* -------------------------------------------------------------------- claiming */

/* One that was started so often and never ended takes the server with it. */
static enum lw_status fail_hopeless(struct store *s, struct lw_error *err)
{
    return db_run(s->writer, err,
                  "UPDATE jobs SET state = 3, finished = ?, error = 'started ' ||"
                  " attempts || ' times, and each time the server ended before it'"
                  " WHERE state = 0 AND attempts >= ?",
                  "ii", store_now_ns(), (int64_t)ATTEMPTS_MAX);
}

static enum lw_status claim(struct store *s, int64_t *id, struct lw_error *err)
{
    enum lw_status st = fail_hopeless(s, err);

    if (st == LW_OK)
        st = db_number(s->writer, err, id, 0,
                       "SELECT id FROM jobs j WHERE state = 0 ORDER BY"
                       " (SELECT count(*) FROM jobs r WHERE r.state = 1"
                       " AND r.owner = j.owner), rank LIMIT 1",
                       "");
    if (st == LW_OK && *id != 0)
        st = db_run(s->writer, err,
                    "UPDATE jobs SET state = 1, started = ?, attempts = attempts + 1,"
                    " progress = 0 WHERE id = ?",
                    "ii", store_now_ns(), *id);
    return st;
}

enum lw_status store_job_claim(struct store *s, store_job_fn fn, void *ctx,
                               struct lw_error *err)
{
    int64_t id = 0;
    int64_t waiting = 0;
    struct db *d = NULL;
    enum lw_status st = store_reader_take(s, &d, err);

    /* Most often nothing waits, which is seen without writing. */
    if (st == LW_OK)
        st = db_number(d, err, &waiting, 0,
                       "SELECT EXISTS (SELECT 1 FROM jobs WHERE state = 0)", "");
    store_reader_give(s, d);
    if (st != LW_OK)
        return st;
    if (waiting == 0)
        return LW_END;
    st = store_begin(s, err);
    if (st != LW_OK)
        return st;
    st = store_end(s, claim(s, &id, err), err);
    if (st != LW_OK)
        return st;
    if (id == 0)
        return LW_END;
    note_start(s, id);
    return store_job_get(s, id, fn, ctx, err);
}

enum lw_status store_job_progress(struct store *s, int64_t id,
                                  const struct store_job_progress *p, bool *cancel,
                                  struct lw_error *err)
{
    struct running_job *r;

    (void)pthread_mutex_lock(&s->pool_lock);
    r = running(s, id);
    if (r != NULL) {
        r->progress = *p;
        *cancel = r->cancel;
    }
    (void)pthread_mutex_unlock(&s->pool_lock);
    return r == NULL ? lw_fail(err, LW_EMISMATCH, "job %" PRId64 " does not run", id)
                     : LW_OK;
}

/* ---------------------------------------------------------------------- ending */

static enum lw_status does_not_run(int64_t id, struct lw_error *err)
{
    return lw_fail(err, LW_EMISMATCH, "job %" PRId64 " does not run", id);
}

enum lw_status job_end(struct store *s, int64_t id, enum store_job_state state,
                       const char *why, int64_t artefact, struct lw_error *err)
{
    struct store_job j = {.id = id};
    enum lw_status st;

    j.progress = state == STORE_JOB_DONE ? 1 : 0;
    add_progress(s, &j);
    if (state == STORE_JOB_DONE)
        j.progress = 1;
    st = db_run(s->writer, err,
                "UPDATE jobs SET state = ?, error = ?, finished = ?, progress = ?,"
                " packets = ?, flows = ?, alerts = ?, artefact = nullif(?, 0)"
                " WHERE id = ? AND state = 1",
                "itidiiiii", (int64_t)state, why, store_now_ns(), j.progress,
                (int64_t)j.packets, (int64_t)j.flows, (int64_t)j.alerts, artefact, id);
    if (st == LW_OK && db_changes(s->writer) == 0)
        return does_not_run(id, err);
    return st;
}

static enum lw_status end(struct store *s, int64_t id, enum store_job_state state,
                          const char *why, int64_t artefact, struct lw_error *err)
{
    enum lw_status st = store_begin(s, err);

    if (st != LW_OK)
        return st;
    st = store_end(s, job_end(s, id, state, why, artefact, err), err);
    if (st == LW_OK)
        job_forget(s, id);
    return st;
}

enum lw_status store_job_finish(struct store *s, int64_t id, int64_t artefact,
                                struct lw_error *err)
{
    return end(s, id, STORE_JOB_DONE, NULL, artefact, err);
}

enum lw_status store_job_fail(struct store *s, int64_t id, const char *why,
                              struct lw_error *err)
{
    return end(s, id, STORE_JOB_FAILED, why, 0, err);
}

enum lw_status store_job_cancelled(struct store *s, int64_t id, struct lw_error *err)
{
    return end(s, id, STORE_JOB_CANCELLED, NULL, 0, err);
}

enum lw_status store_job_cancel(struct store *s, int64_t id, struct lw_error *err)
{
    uint64_t changed = 0;
    struct running_job *r;
    enum lw_status st = store_write(
        s, err, &changed, NULL,
        "UPDATE jobs SET state = 4, finished = ? WHERE id = ? AND state = 0", "ii",
        store_now_ns(), id);

    if (st != LW_OK || changed > 0)
        return st;
    (void)pthread_mutex_lock(&s->pool_lock);
    r = running(s, id);
    if (r != NULL)
        r->cancel = true;
    (void)pthread_mutex_unlock(&s->pool_lock);
    if (r != NULL)
        return LW_OK;
    return lw_fail(err, LW_EMISMATCH, "job %" PRId64 " has ended, or never was", id);
}

enum lw_status store_job_requeue(struct store *s, int64_t id, struct lw_error *err)
{
    uint64_t changed = 0;
    /* Stopped on purpose: this start does not count. */
    enum lw_status st =
        store_write(s, err, &changed, NULL,
                    "UPDATE jobs SET state = 0, started = 0, progress = 0,"
                    " attempts = max(attempts - 1, 0)"
                    " WHERE id = ? AND state = 1",
                    "i", id);

    if (st == LW_OK && changed == 0)
        return does_not_run(id, err);
    if (st == LW_OK)
        job_forget(s, id);
    return st;
}

/* ------------------------------------------------------------------------- log */

enum lw_status store_job_log(struct store *s, int64_t id, const char *line,
                             struct lw_error *err)
{
    return store_write(s, err, NULL, NULL,
                       "INSERT INTO job_lines SELECT ?1, n, ?3, CASE WHEN n > ?4 THEN"
                       " 'and more, which were not kept' ELSE ?2 END FROM"
                       " (SELECT coalesce(max(n), 0) + 1 AS n FROM job_lines"
                       " WHERE job = ?1) WHERE n <= ?4 + 1"
                       " AND EXISTS (SELECT 1 FROM jobs WHERE id = ?1)",
                       "itii", id, line, store_now_ns(), (int64_t)LINES_MAX);
}

struct lines {
    store_line_fn fn;
    void *ctx;
};

static void read_line(void *ctx, struct db_stmt *q)
{
    const struct lines *l = ctx;

    l->fn(l->ctx, db_int(q, 0), db_text(q, 1));
}

enum lw_status store_job_log_read(struct store *s, int64_t id, store_line_fn fn,
                                  void *ctx, struct lw_error *err)
{
    struct lines l = {fn, ctx};
    int64_t known = 0;
    struct db *d = NULL;
    enum lw_status st = store_reader_take(s, &d, err);

    if (st == LW_OK)
        st = db_number(d, err, &known, 0, "SELECT count(*) FROM jobs WHERE id = ?", "i",
                       id);
    if (st == LW_OK && known == 0)
        st = store_missing("job", id, err);
    if (st == LW_OK)
        st = db_query(d, err, read_line, &l, NULL,
                      "SELECT time, line FROM job_lines WHERE job = ? ORDER BY n", "i",
                      id);
    store_reader_give(s, d);
    return st;
}

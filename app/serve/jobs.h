/* SPDX-License-Identifier: Apache-2.0 */
/*
 * serve/jobs.h - the work on captures: a few workers that take what the store has
 * queued.
 *
 * What a job does is in job_<kind>.c.  The queue itself, its order and what becomes of
 * jobs that a killed server left behind are the store's.
 */
#ifndef SERVE_JOBS_H
#define SERVE_JOBS_H

#include "serve/http.h"
#include "store/store.h"

struct server; /* serve/server.h */
struct jobs;   /* opaque */

/** Start the workers; the caller owns *out.  LW_ENOMEM, LW_EIO. */
LW_MUST enum lw_status jobs_new(struct jobs **out, struct server *s, unsigned n_workers,
                                struct lw_error *err);
/** Take no more; running jobs are stopped and put back into the queue, waiting answers
 *  given. */
void jobs_stop(struct jobs *j);
/** After jobs_stop().  NULL is fine. */
void jobs_free(struct jobs *j);

/** A job was queued: have a look. */
void jobs_look(struct jobs *j, int64_t job);
/** Cancel one, whether it waits or runs.  What store_job_cancel() says. */
LW_MUST enum lw_status jobs_cancel(struct jobs *j, int64_t job, struct lw_error *err);
/** Cancel those of a capture. */
void jobs_cancel_capture(struct jobs *j, int64_t capture);

/** Answer a request when the job has ended: 204, or a problem where it failed.  From
 *  the request's handler. */
void jobs_answer_at_end(struct jobs *j, int64_t job, const struct http_request *req,
                        struct http_reply *reply);

/** What a worker runs: one job, to its end. */
struct job_run {
    struct server *server;
    int64_t id;
    int64_t capture;
    enum store_job_kind kind;
    int64_t told_ms; /* when its progress was told last */
};

/** Note progress, tell it a few times a second.  False: stop. */
bool job_progress(struct job_run *r, const struct store_job_progress *p);
void job_log(struct job_run *r, const char *fmt, ...) LW_PRINTF(2, 3);

/** Each ends the job in the store when it succeeds.  LW_EPERM: it was told to stop. */
LW_MUST enum lw_status job_analyse(struct job_run *r, struct lw_error *err);
LW_MUST enum lw_status job_artefact(struct job_run *r, struct lw_error *err);

#endif /* SERVE_JOBS_H */

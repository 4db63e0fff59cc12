/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store/store.h - what the server keeps: captures, jobs, flows, alerts, settings.
 *
 * A store is one folder:
 *
 *     lapwing.db         SQLite (WAL, STRICT tables): everything but what follows
 *     blobs/ab/cdef...   files by their SHA-256: captures, models, artefacts
 *     flows/17.db        the judged flows of one analysis, written once (flows.h)
 *     partial/           uploads and analyses under way
 *
 * What a function here acknowledges (LW_OK) survives kill -9 and a power cut: the file
 * is synced and renamed before the row that names it is committed, and a row goes
 * before its file.  Opening clears away what was under way, re-queues jobs that ran,
 * and cuts partial uploads to what was acknowledged.
 *
 * Rows are handed to functions of the caller, whose texts are borrowed for the call;
 * such a function must not call the store.  Lists are pages: `next` becomes the cursor
 * of the next page, "" after the last.  Times are nanoseconds since 1970; 0 in a row
 * means "not known" or "never".  Ids are positive and are never used again.
 *
 * Thread safety: every function may be called from any thread at any time, but
 * store_close().  One process has a store open for writing; a second one gets LW_EPERM.
 * Failures of all: LW_EIO (disk full, read-only, damaged: the message says which),
 * LW_ENOMEM; LW_ENOTFOUND where an id is taken.
 */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include "base/digest.h"

#include <lapwing/error.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct store; /* opaque */

enum {
    STORE_SHA_TEXT = 2 * SHA256_BYTES + 1, /* hexadecimal, with its end */
    STORE_CURSOR_MAX = 128,                /* with its end; [A-Za-z0-9_.~-] only */
    STORE_PAGE_MAX = 1000                  /* rows of a page at most */
};

/** Zero means the default. */
struct store_config {
    int64_t alert_gap_ns; /* flows that far apart are two alerts; default 10 minutes */
    bool create;          /* make the folder and an empty store where none is */
    /* Beside a server that may have it open: nothing is cleared away or migrated, and
     * the progress of its jobs is not seen. */
    bool beside;    /* reading and writing: tokens, settings */
    bool read_only; /* reading */
};

/** Open the store in folder `dir`; older schema versions are migrated.  The caller
 *  closes it.  LW_ENOTFOUND: no store there and not asked to create one.  LW_EPERM: in
 *  use, or may not be written.  LW_EUNSUPPORTED: a newer version made it. */
LW_MUST enum lw_status store_open(struct store **out, const char *dir,
                                  const struct store_config *cfg, struct lw_error *err);
/** No call may be running.  NULL is fine. */
void store_close(struct store *s);

/** The folder; borrowed. */
const char *store_dir(const struct store *s);

/** Can a row be written now?  For /readyz. */
LW_MUST enum lw_status store_ready(struct store *s, struct lw_error *err);

struct store_sizes {
    uint64_t database_bytes;
    uint64_t blob_bytes;
    uint64_t flow_bytes;
    uint64_t free_bytes; /* of the file system, to those without privileges */
};

LW_MUST enum lw_status store_sizes(struct store *s, struct store_sizes *out,
                                   struct lw_error *err);

/** A page of a list. */
struct store_page {
    uint32_t limit;              /* 1 to STORE_PAGE_MAX; 0: 100 */
    const char *cursor;          /* borrowed; NULL or "": the first page */
    char next[STORE_CURSOR_MAX]; /* result */
};

/* ------------------------------------------------------------------- captures */

/** ORDER: store_capture_state_name(), and the check in schema.c. */
enum store_capture_state {
    STORE_CAPTURE_STORED, /* never analysed; then those of its latest analysis */
    STORE_CAPTURE_QUEUED,
    STORE_CAPTURE_RUNNING,
    STORE_CAPTURE_DONE,
    STORE_CAPTURE_FAILED,
    STORE_CAPTURE_CANCELLED
};
const char *store_capture_state_name(enum store_capture_state state);

struct store_capture {
    int64_t id;
    const char *name;
    uint64_t size_bytes;
    char sha256[STORE_SHA_TEXT];
    int64_t uploaded_ns;
    enum store_capture_state state;
    int64_t job; /* its latest analysis; 0: none */
    uint64_t packets;
    uint64_t flows;
    uint64_t alerts; /* open or resolved */
    int64_t first_ns;
    int64_t last_ns;
};

typedef void (*store_capture_fn)(void *ctx, const struct store_capture *c);

LW_MUST enum lw_status store_capture_get(struct store *s, int64_t id,
                                         store_capture_fn fn, void *ctx,
                                         struct lw_error *err);
/** The latest first.  name_part: only whose name contains it, in any case; NULL: all.
 */
LW_MUST enum lw_status store_capture_list(struct store *s, const char *name_part,
                                          struct store_page *page, store_capture_fn fn,
                                          void *ctx, struct lw_error *err);
/** Delete with flows, alerts, artefacts and jobs.  The caller cancels running jobs
 *  first; one that still runs finds its capture gone when it ends. */
LW_MUST enum lw_status store_capture_delete(struct store *s, int64_t id,
                                            struct lw_error *err);
/** The file, open for reading: the caller closes *fd. */
LW_MUST enum lw_status store_capture_open(struct store *s, int64_t id, int *fd,
                                          uint64_t *size_bytes, struct lw_error *err);

/* -------------------------------------------------------------------- uploads */

/** How an upload starts. */
struct store_upload_config {
    const char *name;    /* of the file, 1 to 800 bytes of UTF-8 */
    uint64_t size_bytes; /* of the whole; 0: not known until it ends */
    const char *sha256;  /* hexadecimal; checked at the end; NULL */
    bool analyse;        /* queue a job with the commit */
    bool resumable;      /* outlives a restart; otherwise dropped then */
};

struct store_upload {
    int64_t id;
    const char *name;
    uint64_t size_bytes; /* 0: not known */
    uint64_t offset;     /* acknowledged bytes; the next piece begins here */
    int64_t capture;     /* once complete; 0 before */
    int64_t created_ns;
    int64_t touched_ns;
};

typedef void (*store_upload_fn)(void *ctx, const struct store_upload *u);

LW_MUST enum lw_status store_upload_begin(struct store *s,
                                          const struct store_upload_config *cfg,
                                          int64_t *id, struct lw_error *err);
/** Write n bytes at `offset`, where the last ones ended.  Not acknowledged until
 *  store_upload_sync().  LW_EMISMATCH: another offset (store_upload_get() tells it).
 *  LW_ELIMIT: more than the size announced.  LW_EPERM: another thread is at it. */
LW_MUST enum lw_status store_upload_append(struct store *s, int64_t id, uint64_t offset,
                                           const void *data, size_t n,
                                           struct lw_error *err);
/** What was appended is on disk; *offset is where the next piece begins. */
LW_MUST enum lw_status store_upload_sync(struct store *s, int64_t id, uint64_t *offset,
                                         struct lw_error *err);
/** Take back what was appended since the last sync (a piece that broke off). */
LW_MUST enum lw_status store_upload_revert(struct store *s, int64_t id,
                                           struct lw_error *err);
/** Make it a capture; *job becomes 0 where none was asked for (job may be NULL).  Again
 *  for a complete one: the same answer.  LW_EMISMATCH: size or digest is not what was
 *  announced; the upload stays. */
LW_MUST enum lw_status store_upload_commit(struct store *s, int64_t id,
                                           int64_t *capture, int64_t *job,
                                           struct lw_error *err);
LW_MUST enum lw_status store_upload_get(struct store *s, int64_t id, store_upload_fn fn,
                                        void *ctx, struct lw_error *err);
LW_MUST enum lw_status store_upload_drop(struct store *s, int64_t id,
                                         struct lw_error *err);
/** Drop those to which nothing was added since; *n may be NULL. */
LW_MUST enum lw_status store_upload_expire(struct store *s, int64_t before_ns,
                                           uint64_t *n, struct lw_error *err);

/* ----------------------------------------------------------------------- jobs */

enum store_job_kind {
    STORE_JOB_ANALYSE,
    STORE_JOB_PROFILE,
    STORE_JOB_EMBED,
    STORE_JOB_REPORT,
    STORE_N_JOB_KINDS
};
enum store_job_state {
    STORE_JOB_QUEUED,
    STORE_JOB_RUNNING,
    STORE_JOB_DONE,
    STORE_JOB_FAILED,
    STORE_JOB_CANCELLED,
    STORE_N_JOB_STATES
};
const char *store_job_kind_name(enum store_job_kind kind);
const char *store_job_state_name(enum store_job_state state);

struct store_job {
    int64_t id;
    enum store_job_kind kind;
    enum store_job_state state;
    int64_t capture;
    double progress;   /* 0 to 1 */
    uint64_t position; /* in the queue, from 1; 0: not queued */
    uint64_t packets;
    uint64_t flows;
    uint64_t alerts;
    int64_t queued_ns;
    int64_t started_ns;
    int64_t finished_ns;
    uint32_t attempts;
    const char *owner; /* who asked, for fairness; "" */
    const char *error; /* NULL: none */
    int64_t artefact;  /* 0: none */
    bool cancel_asked; /* it runs and is to stop */
};

typedef void (*store_job_fn)(void *ctx, const struct store_job *j);

/** Queue work.  LW_ELIMIT: `queue_max` jobs wait already (0: any number). */
LW_MUST enum lw_status store_job_create(struct store *s, enum store_job_kind kind,
                                        int64_t capture, const char *owner,
                                        uint64_t queue_max, int64_t *id,
                                        struct lw_error *err);
/** Take the next job to run: of the owner with the fewest running ones the oldest.
 *  fn sees it as running.  LW_END: nothing waits.  A job that was started three times
 *  and never ended (it kills the server) is failed instead. */
LW_MUST enum lw_status store_job_claim(struct store *s, store_job_fn fn, void *ctx,
                                       struct lw_error *err);
struct store_job_progress {
    double progress; /* 0 to 1 */
    uint64_t packets;
    uint64_t flows;
    uint64_t alerts;
};
/** Kept in memory only: as often as you like.  *cancel: it is to stop. */
LW_MUST enum lw_status store_job_progress(struct store *s, int64_t id,
                                          const struct store_job_progress *p,
                                          bool *cancel, struct lw_error *err);
/** End a running job; `artefact` 0: none.  An analysis ends with store_load_finish()
 *  instead.  LW_EMISMATCH: it does not run. */
LW_MUST enum lw_status store_job_finish(struct store *s, int64_t id, int64_t artefact,
                                        struct lw_error *err);
LW_MUST enum lw_status store_job_fail(struct store *s, int64_t id, const char *why,
                                      struct lw_error *err);
/** A queued one is cancelled at once; a running one is told to stop, and its worker
 *  calls store_job_cancelled().  LW_EMISMATCH: it has ended. */
LW_MUST enum lw_status store_job_cancel(struct store *s, int64_t id,
                                        struct lw_error *err);
LW_MUST enum lw_status store_job_cancelled(struct store *s, int64_t id,
                                           struct lw_error *err);
/** A running one goes back into the queue, in front (the server stops). */
LW_MUST enum lw_status store_job_requeue(struct store *s, int64_t id,
                                         struct lw_error *err);
LW_MUST enum lw_status store_job_get(struct store *s, int64_t id, store_job_fn fn,
                                     void *ctx, struct lw_error *err);
/** The latest first.  state -1: all; capture 0: all. */
LW_MUST enum lw_status store_job_list(struct store *s, int state, int64_t capture,
                                      struct store_page *page, store_job_fn fn,
                                      void *ctx, struct lw_error *err);
LW_MUST enum lw_status store_job_counts(struct store *s, uint64_t n[STORE_N_JOB_STATES],
                                        struct lw_error *err);

typedef void (*store_line_fn)(void *ctx, int64_t time_ns, const char *line);

/** A line of a job's log; beyond 10,000 lines of a job they are not kept. */
LW_MUST enum lw_status store_job_log(struct store *s, int64_t id, const char *line,
                                     struct lw_error *err);
LW_MUST enum lw_status store_job_log_read(struct store *s, int64_t id, store_line_fn fn,
                                          void *ctx, struct lw_error *err);

/* ------------------------------------------------------------------ artefacts */

struct store_artefact {
    int64_t id;
    enum store_job_kind kind;
    int64_t capture;
    int64_t job;
    int64_t created_ns;
    uint64_t size_bytes;
    const char *type; /* media type */
    char sha256[STORE_SHA_TEXT];
};

typedef void (*store_artefact_fn)(void *ctx, const struct store_artefact *a);

/** Keep a file that a job made; store_job_finish() then names it. */
LW_MUST enum lw_status store_artefact_add(struct store *s, int64_t job,
                                          const char *type, const void *data, size_t n,
                                          int64_t *id, struct lw_error *err);
LW_MUST enum lw_status store_artefact_get(struct store *s, int64_t id,
                                          store_artefact_fn fn, void *ctx,
                                          struct lw_error *err);
LW_MUST enum lw_status store_artefact_open(struct store *s, int64_t id, int *fd,
                                           uint64_t *size_bytes, struct lw_error *err);
/** The latest first.  kind -1, capture 0: all. */
LW_MUST enum lw_status store_artefact_list(struct store *s, int kind, int64_t capture,
                                           struct store_page *page,
                                           store_artefact_fn fn, void *ctx,
                                           struct lw_error *err);
LW_MUST enum lw_status store_artefact_delete(struct store *s, int64_t id,
                                             struct lw_error *err);

/* ------------------------------------------------------------------ retention */

/** Zero means no limit. */
struct store_retention {
    int64_t max_age_ns; /* captures uploaded longer ago go */
    uint64_t max_bytes; /* of the whole store: the oldest captures go first */
};

struct store_retained {
    uint64_t captures; /* deleted */
    uint64_t uploads;  /* dropped: nothing was added for a day */
};

/** Delete what is over the limits; captures with a queued or running job stay.  Serving
 *  goes on meanwhile: one capture at a time. */
LW_MUST enum lw_status store_retain(struct store *s, const struct store_retention *r,
                                    int64_t now_ns, struct store_retained *out,
                                    struct lw_error *err);

/* ------------------------------------------------------------------ upkeep */

/** A complaint of store_check(), one line. */
typedef void (*store_problem_fn)(void *ctx, const char *problem);

/** Integrity of every database, foreign keys, files that no row names, files that are
 *  missing or (deep) whose content is not their name.  *n problems were found. */
LW_MUST enum lw_status store_check(struct store *s, bool deep, store_problem_fn fn,
                                   void *ctx, uint64_t *n, struct lw_error *err);
/** Give free pages of the database back to the file system. */
LW_MUST enum lw_status store_vacuum(struct store *s, struct lw_error *err);
/** A consistent copy of the whole store in the new folder `to`, while serving.
 *  LW_EINVAL: it exists. */
LW_MUST enum lw_status store_backup(struct store *s, const char *to,
                                    struct lw_error *err);

/** What store_open() would do to an older store: the version found and the present one.
 *  LW_ENOTFOUND: no store. */
LW_MUST enum lw_status store_versions(const char *dir, int *found, int *present,
                                      struct lw_error *err);

#endif /* STORE_STORE_H */

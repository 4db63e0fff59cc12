/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store/store_priv.h - what the files of the store share.
 *
 * One connection writes, under a mutex; readers have connections of their own from a
 * pool.  Files that rows no longer name are removed after the commit and before the
 * mutex is let go: so nobody can name one again in between.
 */
#ifndef STORE_STORE_PRIV_H
#define STORE_STORE_PRIV_H

#include "base/buf.h"
#include "store/db.h"
#include "store/files.h"
#include "store/store.h"

#include <pthread.h>

enum { STORE_READERS_MAX = 8, STORE_FLOW_DBS_MAX = 32, STORE_RUNNING_MAX = 64 };

struct flow_db;     /* flow_pool.h */
struct open_upload; /* uploads.c */

/* What a running job said last. */
struct running_job {
    int64_t id; /* 0: free */
    struct store_job_progress progress;
    bool cancel;
};

struct store {
    char *dir; /* owned */
    struct store_config cfg;
    int lock_fd; /* -1: none */

    pthread_mutex_t write_lock;
    struct db *writer;   /* owned; NULL: read-only */
    struct buf removals; /* paths, each with its end, to go after the commit */

    pthread_mutex_t pool_lock;             /* of what follows */
    struct db *readers[STORE_READERS_MAX]; /* (n_readers) owned, idle */
    size_t n_readers;
    struct flow_db *flow_dbs[STORE_FLOW_DBS_MAX]; /* (n_flow_dbs) owned, idle */
    size_t n_flow_dbs;
    struct running_job running[STORE_RUNNING_MAX];

    pthread_mutex_t upload_lock;
    struct open_upload *uploads; /* owned list */
};

/** Nanoseconds since 1970. */
int64_t store_now_ns(void);

/** Begin to write: the writer is `s->writer` until store_end().  LW_EPERM: the store
 * was opened for reading. */
LW_MUST enum lw_status store_begin(struct store *s, struct lw_error *err);
/** Commit when `st` is LW_OK, else take everything back; returns what came of it. */
LW_MUST enum lw_status store_end(struct store *s, enum lw_status st,
                                 struct lw_error *err);
/** Remove a file once the present transaction is committed. */
void store_remove_later(struct store *s, const char *path);
/** Remove a blob then, if no row names it any more. */
LW_MUST enum lw_status store_release_blob(struct store *s, const char *sha256,
                                          struct lw_error *err);

/** A connection to read with, and its return. */
LW_MUST enum lw_status store_reader_take(struct store *s, struct db **out,
                                         struct lw_error *err);
void store_reader_give(struct store *s, struct db *d);

/** Run one writing statement as a transaction.  *changed may be NULL. */
LW_MUST enum lw_status store_write(struct store *s, struct lw_error *err,
                                   uint64_t *changed, int64_t *id, const char *sql,
                                   const char *types, ...);

/** "store: no capture 17" and LW_ENOTFOUND. */
enum lw_status store_missing(const char *what, int64_t id, struct lw_error *err);

/** The id in a list's cursor, latest first: rows have lesser ids.  LW_EINVAL. */
LW_MUST enum lw_status store_page_before(struct store_page *page, int64_t *before,
                                         uint32_t *limit, struct lw_error *err);
/** Tell the cursor after the row `last`, when there are more. */
void store_page_after(struct store_page *page, int64_t last, bool more);

/** Clear away what was under way when the last process ended (recover.c). */
LW_MUST enum lw_status store_recover(struct store *s, struct lw_error *err);
/** Delete a capture within a transaction (captures.c). */
LW_MUST enum lw_status capture_delete(struct store *s, int64_t id,
                                      struct lw_error *err);
/** Queue a job within a transaction (jobs.c). */
LW_MUST enum lw_status job_create(struct store *s, enum store_job_kind kind,
                                  int64_t capture, const char *owner, int64_t *id,
                                  struct lw_error *err);
/** End a running job within a transaction (jobs.c). */
LW_MUST enum lw_status job_end(struct store *s, int64_t id, enum store_job_state state,
                               const char *why, int64_t artefact, struct lw_error *err);
/** A job ended: its progress is no longer of interest. */
void job_forget(struct store *s, int64_t id);
/** Is a running job to stop? */
bool job_cancel_asked(struct store *s, int64_t id);
/** Free the uploads in memory (uploads.c). */
void uploads_release(struct store *s);

#endif /* STORE_STORE_PRIV_H */

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store/db.h - SQLite, as far as the store uses it.
 *
 * A connection serves one thread at a time.  Statements are prepared once and kept by
 * their text.  Values are bound by a word of types:
 *
 *     i  int64_t        d  double          t  const char *, NULL is NULL
 *     b  const void *, size_t (kept by the caller until the statement is done)
 */
#ifndef STORE_DB_H
#define STORE_DB_H

#include <lapwing/error.h>

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** For what is done as far as it can be: should it fail, what follows is the same. */
static inline void best_effort(enum lw_status st)
{
    (void)st;
}

struct db;      /* opaque connection */
struct db_stmt; /* opaque, owned by its connection */

enum db_mode {
    DB_WRITE,     /* read and write, must exist */
    DB_CREATE,    /* the same, made where it is not */
    DB_READ,      /* read only */
    DB_IMMUTABLE, /* read only, and nobody writes: no locks */
    DB_SCRATCH    /* new; nothing is kept safe until db_settle() */
};

/** Open a database.  LW_ENOTFOUND: no such file. */
LW_MUST enum lw_status db_open(struct db **out, const char *path, enum db_mode mode,
                               struct lw_error *err);
/** NULL is fine. */
void db_close(struct db *d);
const char *db_path(const struct db *d); /* borrowed */

/** Run statements without values or rows. */
LW_MUST enum lw_status db_exec(struct db *d, const char *sql, struct lw_error *err);

/** A statement ready to be bound; borrowed.  It is kept by its text. */
LW_MUST enum lw_status db_prepare(struct db *d, const char *sql, struct db_stmt **out,
                                  struct lw_error *err);
/** Bind values from `first` (1 is the first) on. */
void db_bind(struct db_stmt *q, int first, const char *types, ...);
void db_bind_list(struct db_stmt *q, int first, const char *types, va_list ap);
void db_bind_int(struct db_stmt *q, int at, int64_t v);
void db_bind_real(struct db_stmt *q, int at, double v);
void db_bind_null(struct db_stmt *q, int at);
/** Both are borrowed until the statement is done. */
void db_bind_text(struct db_stmt *q, int at, const char *s);
void db_bind_blob(struct db_stmt *q, int at, const void *p, size_t n);
/** LW_OK: a row.  LW_END: no more; done. */
LW_MUST enum lw_status db_step(struct db_stmt *q, struct lw_error *err);
/** End a statement before its end; harmless when it is done. */
void db_done(struct db_stmt *q);

/* Columns of the present row, from 0. */
int64_t db_int(struct db_stmt *q, int col);
double db_real(struct db_stmt *q, int col);
/** NULL where it is NULL; borrowed until the next step. */
const char *db_text(struct db_stmt *q, int col);
const void *db_blob(struct db_stmt *q, int col, size_t *n);
bool db_is_null(struct db_stmt *q, int col);

/** Run one statement that gives no rows.  LW_EMISMATCH: a constraint forbids it. */
LW_MUST enum lw_status db_run(struct db *d, struct lw_error *err, const char *sql,
                              const char *types, ...);
/** Rows that the last db_run() changed, and the id of the last row inserted. */
uint64_t db_changes(struct db *d);
int64_t db_last_id(struct db *d);

/** Sees a row. */
typedef void (*db_row_fn)(void *ctx, struct db_stmt *q);

/** Run a query; fn sees its rows.  *n (may be NULL) becomes their number. */
LW_MUST enum lw_status db_query(struct db *d, struct lw_error *err, db_row_fn fn,
                                void *ctx, uint64_t *n, const char *sql,
                                const char *types, ...);
/** The first column of the first row, or `none`. */
LW_MUST enum lw_status db_number(struct db *d, struct lw_error *err, int64_t *out,
                                 int64_t none, const char *sql, const char *types, ...);

/** Read a blob of n bytes, as it is, without going through a row.  LW_EFORMAT: it is
 * not there, or of another size. */
LW_MUST enum lw_status db_read_blob(struct db *d, const char *table, const char *column,
                                    int64_t id, size_t offset, void *out, size_t n,
                                    struct lw_error *err);
/** Put what a scratch database holds on disk. */
LW_MUST enum lw_status db_settle(struct db *d, struct lw_error *err);
/** A consistent copy in the new file `to`. */
LW_MUST enum lw_status db_copy(struct db *d, const char *to, struct lw_error *err);
/** Let a long statement of another thread end with an error. */
void db_interrupt(struct db *d);

#endif /* STORE_DB_H */

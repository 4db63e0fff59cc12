/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one user of SQLite.
 *
 * Connections are opened without SQLite's own mutex, because each serves one thread at
 * a time.  Failures become messages that say what to do: a full disk, a medium that
 * cannot be written and a damaged file are told apart.
 */
#include "base/assert.h"
#include "base/mem.h"
#include "store/db.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { STATEMENTS_MAX = 96, BUSY_MS = 20000, COPY_PAGES = 1000 };

struct db_stmt {
    struct db *db;   /* borrowed */
    sqlite3_stmt *s; /* owned */
    char *sql;       /* owned */
    uint64_t used;   /* when, by the connection's count */
    bool busy;       /* stepped and not done */
};

struct db {
    sqlite3 *c;                                 /* owned */
    char *path;                                 /* owned */
    struct db_stmt *statements[STATEMENTS_MAX]; /* (n) owned */
    size_t n;
    uint64_t count;
    sqlite3_blob *blob; /* owned: the last one read; NULL */
    int64_t blob_id;    /* its row; 0: it is not usable as it is */
};

static enum lw_status status_of(int code)
{
    switch (code & 0xff) {
    case SQLITE_NOMEM:
        return LW_ENOMEM;
    case SQLITE_CONSTRAINT:
        return LW_EMISMATCH;
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return LW_EPERM;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return LW_EFORMAT;
    default:
        return LW_EIO;
    }
}

static const char *remedy_of(int code)
{
    switch (code & 0xff) {
    case SQLITE_FULL:
        return "the disk is full: make room, or lower the retention";
    case SQLITE_READONLY:
    case SQLITE_PERM:
        return "it cannot be written: check owner and permissions, and whether the "
               "file "
               "system is mounted read-only";
    case SQLITE_CANTOPEN:
        return "it cannot be opened: check the folder's owner and permissions";
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return "another process is writing to it";
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return "it is damaged: see lapwing db check, and restore a backup";
    case SQLITE_IOERR:
        return "the disk does not answer as it should, or is full";
    default:
        return NULL;
    }
}

static enum lw_status fail(struct db *d, int code, struct lw_error *err)
{
    const char *remedy = remedy_of(code);
    int system = d->c == NULL ? 0 : sqlite3_system_errno(d->c);

    if ((code & 0xff) == SQLITE_NOMEM)
        return lw_fail(err, LW_ENOMEM, "out of memory");
    /* SQLite says "I/O error" where a limit of the file size or a quota is met. */
    if ((code & 0xff) == SQLITE_IOERR &&
        (system == ENOSPC || system == EFBIG || system == EDQUOT))
        return lw_fail(err, LW_EIO, "%s: %s", d->path, remedy_of(SQLITE_FULL));
    if (remedy != NULL)
        return lw_fail(err, status_of(code), "%s: %s", d->path, remedy);
    return lw_fail(err, status_of(code), "%s: %s", d->path,
                   d->c == NULL ? sqlite3_errstr(code) : sqlite3_errmsg(d->c));
}

/* A flow file never changes, so it may be mapped: its columns are copied once less. */
static const char *settings_of(enum db_mode mode)
{
    switch (mode) {
    case DB_SCRATCH:
        return "PRAGMA page_size=32768;PRAGMA journal_mode=OFF;PRAGMA synchronous=OFF;"
               "PRAGMA locking_mode=EXCLUSIVE;PRAGMA cache_size=-65536;"
               "PRAGMA temp_store=FILE";
    case DB_IMMUTABLE:
        return "PRAGMA query_only=ON;PRAGMA cache_size=-8192;PRAGMA "
               "mmap_size=68719476736";
    case DB_READ:
        return "PRAGMA query_only=ON;PRAGMA cache_size=-4096";
    case DB_WRITE:
    case DB_CREATE:
        break;
    }
    return "PRAGMA journal_mode=WAL;PRAGMA synchronous=FULL;PRAGMA foreign_keys=ON;"
           "PRAGMA journal_size_limit=16777216;PRAGMA secure_delete=OFF;"
           "PRAGMA trusted_schema=OFF";
}

/* "file:" with the path's characters that mean something in a URI escaped. */
static char *uri_of(const char *path, bool immutable)
{
    static const char hex[] = "0123456789abcdef";
    char *uri = mem_alloc(3 * strlen(path) + 32);
    char *p = uri;

    if (uri == NULL)
        return NULL;
    p = mempcpy(p, "file:", 5);
    for (; *path != '\0'; path++) {
        if (*path == '%' || *path == '?' || *path == '#') {
            *p++ = '%';
            *p++ = hex[(unsigned char)*path >> 4];
            *p++ = hex[*path & 15];
        } else {
            *p++ = *path;
        }
    }
    p = mempcpy(p, "?immutable=1", immutable ? 12 : 0);
    *p = '\0';
    return uri;
}

static int flags_of(enum db_mode mode)
{
    int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_URI | SQLITE_OPEN_EXRESCODE;

    if (mode == DB_READ || mode == DB_IMMUTABLE)
        return flags | SQLITE_OPEN_READONLY;
    if (mode == DB_CREATE || mode == DB_SCRATCH)
        return flags | SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
    return flags | SQLITE_OPEN_READWRITE;
}

static enum lw_status connect(struct db *d, enum db_mode mode, struct lw_error *err)
{
    char *uri = uri_of(d->path, mode == DB_IMMUTABLE);
    int code;

    if (uri == NULL)
        return lw_fail(err, LW_ENOMEM, "out of memory");
    code = sqlite3_open_v2(uri, &d->c, flags_of(mode), NULL);
    mem_free(uri);
    if (code != SQLITE_OK)
        return fail(d, code, err);
    (void)sqlite3_busy_timeout(d->c, BUSY_MS);
    return db_exec(d, settings_of(mode), err);
}

enum lw_status db_open(struct db **out, const char *path, enum db_mode mode,
                       struct lw_error *err)
{
    struct db *d;
    enum lw_status st;

    if (mode != DB_CREATE && mode != DB_SCRATCH && access(path, F_OK) != 0 &&
        errno == ENOENT)
        return lw_fail(err, LW_ENOTFOUND, "%s: no such file", path);
    d = mem_zalloc(1, sizeof *d);
    if (d == NULL)
        return lw_fail(err, LW_ENOMEM, "out of memory");
    d->path = mem_strdup(path);
    st = d->path == NULL ? lw_fail(err, LW_ENOMEM, "out of memory")
                         : connect(d, mode, err);
    if (st != LW_OK) {
        db_close(d);
        return st;
    }
    *out = d;
    return LW_OK;
}

static void forget(struct db_stmt *q)
{
    (void)sqlite3_finalize(q->s);
    mem_free(q->sql);
    mem_free(q);
}

void db_close(struct db *d)
{
    if (d == NULL)
        return;
    for (size_t i = 0; i < d->n; i++)
        forget(d->statements[i]);
    (void)sqlite3_blob_close(d->blob);
    (void)sqlite3_close(d->c);
    mem_free(d->path);
    mem_free(d);
}

const char *db_path(const struct db *d)
{
    return d->path;
}

enum lw_status db_exec(struct db *d, const char *sql, struct lw_error *err)
{
    int code = sqlite3_exec(d->c, sql, NULL, NULL, NULL);

    return code == SQLITE_OK ? LW_OK : fail(d, code, err);
}

/* Room for one more statement: the one that was not used for longest goes. */
static size_t make_room(struct db *d)
{
    size_t oldest = STATEMENTS_MAX;

    if (d->n < STATEMENTS_MAX)
        return d->n++;
    for (size_t i = 0; i < d->n; i++)
        if (!d->statements[i]->busy &&
            (oldest == STATEMENTS_MAX ||
             d->statements[i]->used < d->statements[oldest]->used))
            oldest = i;
    LW_ASSERT(oldest < STATEMENTS_MAX);
    forget(d->statements[oldest]);
    d->statements[oldest] = NULL;
    return oldest;
}

static enum lw_status prepare(struct db *d, const char *sql, struct db_stmt **out,
                              struct lw_error *err)
{
    struct db_stmt *q = mem_zalloc(1, sizeof *q);
    int code;

    if (q == NULL)
        return lw_fail(err, LW_ENOMEM, "out of memory");
    q->db = d;
    q->used = d->count;
    q->sql = mem_strdup(sql);
    if (q->sql == NULL) {
        forget(q);
        return lw_fail(err, LW_ENOMEM, "out of memory");
    }
    code = sqlite3_prepare_v3(d->c, sql, -1, SQLITE_PREPARE_PERSISTENT, &q->s, NULL);
    if (code != SQLITE_OK) {
        forget(q);
        return fail(d, code, err);
    }
    LW_ASSERT(q->s != NULL);
    d->statements[make_room(d)] = q;
    *out = q;
    return LW_OK;
}

enum lw_status db_prepare(struct db *d, const char *sql, struct db_stmt **out,
                          struct lw_error *err)
{
    d->count++;
    for (size_t i = 0; i < d->n; i++) {
        struct db_stmt *q = d->statements[i];

        if (q->busy || strcmp(q->sql, sql) != 0)
            continue;
        q->used = d->count;
        *out = q;
        return LW_OK;
    }
    return prepare(d, sql, out, err);
}

void db_bind_int(struct db_stmt *q, int at, int64_t v)
{
    (void)sqlite3_bind_int64(q->s, at, v);
}

void db_bind_real(struct db_stmt *q, int at, double v)
{
    (void)sqlite3_bind_double(q->s, at, v);
}

void db_bind_null(struct db_stmt *q, int at)
{
    (void)sqlite3_bind_null(q->s, at);
}

void db_bind_text(struct db_stmt *q, int at, const char *s)
{
    (void)sqlite3_bind_text(q->s, at, s, -1, SQLITE_STATIC);
}

void db_bind_blob(struct db_stmt *q, int at, const void *p, size_t n)
{
    (void)sqlite3_bind_blob64(q->s, at, p, n, SQLITE_STATIC);
}

void db_bind_list(struct db_stmt *q, int at, const char *types, va_list ap)
{
    for (; *types != '\0'; types++, at++) {
        if (*types == 'i') {
            db_bind_int(q, at, va_arg(ap, int64_t));
        } else if (*types == 'd') {
            db_bind_real(q, at, va_arg(ap, double));
        } else if (*types == 't') {
            db_bind_text(q, at, va_arg(ap, const char *));
        } else {
            const void *p = va_arg(ap, const void *);

            LW_ASSERT(*types == 'b');
            db_bind_blob(q, at, p, va_arg(ap, size_t));
        }
    }
}

void db_bind(struct db_stmt *q, int first, const char *types, ...)
{
    va_list ap;

    va_start(ap, types);
    db_bind_list(q, first, types, ap);
    va_end(ap);
}

enum lw_status db_step(struct db_stmt *q, struct lw_error *err)
{
    int code = sqlite3_step(q->s);

    q->busy = code == SQLITE_ROW;
    if (code == SQLITE_ROW)
        return LW_OK;
    if (code == SQLITE_DONE) {
        (void)sqlite3_reset(q->s);
        return LW_END;
    }
    (void)fail(q->db, code, err);
    (void)sqlite3_reset(q->s);
    return (code & 0xff) == SQLITE_IOERR ? LW_EIO : status_of(code);
}

void db_done(struct db_stmt *q)
{
    (void)sqlite3_reset(q->s);
    q->busy = false;
}

int64_t db_int(struct db_stmt *q, int col)
{
    return sqlite3_column_int64(q->s, col);
}

double db_real(struct db_stmt *q, int col)
{
    return sqlite3_column_double(q->s, col);
}

const char *db_text(struct db_stmt *q, int col)
{
    return (const char *)sqlite3_column_text(q->s, col);
}

const void *db_blob(struct db_stmt *q, int col, size_t *n)
{
    const void *p = sqlite3_column_blob(q->s, col);

    *n = (size_t)sqlite3_column_bytes(q->s, col);
    return p;
}

bool db_is_null(struct db_stmt *q, int col)
{
    return sqlite3_column_type(q->s, col) == SQLITE_NULL;
}

static enum lw_status start(struct db *d, const char *sql, const char *types,
                            va_list ap, struct db_stmt **out, struct lw_error *err)
{
    enum lw_status st = db_prepare(d, sql, out, err);

    if (st != LW_OK)
        return st;
    LW_ASSERT(*out != NULL);
    db_bind_list(*out, 1, types, ap);
    return LW_OK;
}

enum lw_status db_run(struct db *d, struct lw_error *err, const char *sql,
                      const char *types, ...)
{
    struct db_stmt *q = NULL;
    enum lw_status st;
    va_list ap;

    va_start(ap, types);
    st = start(d, sql, types, ap, &q, err);
    va_end(ap);
    if (st != LW_OK)
        return st;
    st = db_step(q, err);
    db_done(q);
    return st == LW_END ? LW_OK : st;
}

uint64_t db_changes(struct db *d)
{
    return (uint64_t)sqlite3_changes64(d->c);
}

int64_t db_last_id(struct db *d)
{
    return sqlite3_last_insert_rowid(d->c);
}

enum lw_status db_query(struct db *d, struct lw_error *err, db_row_fn fn, void *ctx,
                        uint64_t *n, const char *sql, const char *types, ...)
{
    struct db_stmt *q = NULL;
    uint64_t rows = 0;
    enum lw_status st;
    va_list ap;

    va_start(ap, types);
    st = start(d, sql, types, ap, &q, err);
    va_end(ap);
    if (st != LW_OK)
        return st;
    while ((st = db_step(q, err)) == LW_OK) {
        fn(ctx, q);
        rows++;
    }
    if (n != NULL)
        *n = rows;
    return st == LW_END ? LW_OK : st;
}

enum lw_status db_number(struct db *d, struct lw_error *err, int64_t *out, int64_t none,
                         const char *sql, const char *types, ...)
{
    struct db_stmt *q = NULL;
    enum lw_status st;
    va_list ap;

    va_start(ap, types);
    st = start(d, sql, types, ap, &q, err);
    va_end(ap);
    if (st != LW_OK)
        return st;
    st = db_step(q, err);
    *out = st == LW_OK && !db_is_null(q, 0) ? db_int(q, 0) : none;
    db_done(q);
    return st == LW_END ? LW_OK : st;
}

/* The handle moves from blob to blob of the one table that has large ones. */
static enum lw_status find_blob(struct db *d, const char *table, const char *column,
                                int64_t id, size_t n, struct lw_error *err)
{
    int code = SQLITE_ABORT;

    if (d->blob != NULL && d->blob_id == id)
        return LW_OK;
    d->blob_id = id;
    if (d->blob != NULL)
        code = sqlite3_blob_reopen(d->blob, id);
    if (code != SQLITE_OK) {
        (void)sqlite3_blob_close(d->blob);
        d->blob = NULL;
        code = sqlite3_blob_open(d->c, "main", table, column, id, 0, &d->blob);
    }
    if (code == SQLITE_ERROR ||
        (code == SQLITE_OK && (size_t)sqlite3_blob_bytes(d->blob) < n)) {
        d->blob_id = 0;
        return lw_fail(err, LW_EFORMAT, "%s: a part is missing: see lapwing db check",
                       d->path);
    }
    if (code == SQLITE_OK)
        return LW_OK;
    d->blob_id = 0;
    return fail(d, code, err);
}

enum lw_status db_read_blob(struct db *d, const char *table, const char *column,
                            int64_t id, size_t offset, void *out, size_t n,
                            struct lw_error *err)
{
    enum lw_status st = find_blob(d, table, column, id, offset + n, err);
    int code;

    if (st != LW_OK)
        return st;
    code = sqlite3_blob_read(d->blob, out, (int)n, (int)offset);
    return code == SQLITE_OK ? LW_OK : fail(d, code, err);
}

enum lw_status db_settle(struct db *d, struct lw_error *err)
{
    int fd;
    int failed;

    if (sqlite3_db_cacheflush(d->c) != SQLITE_OK)
        return fail(d, sqlite3_errcode(d->c), err);
    fd = open(d->path, O_RDONLY | O_CLOEXEC);
    failed = fd < 0 ? errno : fsync(fd) != 0 ? errno : 0;
    if (fd >= 0)
        (void)close(fd);
    if (failed != 0)
        return lw_fail(err, LW_EIO, "%s: %s", d->path, strerror(failed));
    return LW_OK;
}

enum lw_status db_copy(struct db *d, const char *to, struct lw_error *err)
{
    struct db *copy = NULL;
    sqlite3_backup *b;
    int code = SQLITE_OK;
    enum lw_status st = db_open(&copy, to, DB_SCRATCH, err);

    if (st != LW_OK)
        return st;
    b = sqlite3_backup_init(copy->c, "main", d->c, "main");
    if (b == NULL) {
        st = fail(copy, sqlite3_errcode(copy->c), err);
        goto out;
    }
    do {
        code = sqlite3_backup_step(b, COPY_PAGES);
    } while (code == SQLITE_OK || code == SQLITE_BUSY || code == SQLITE_LOCKED);
    code = sqlite3_backup_finish(b);
    st = code == SQLITE_OK ? db_settle(copy, err) : fail(copy, code, err);
out:
    db_close(copy);
    return st;
}

void db_interrupt(struct db *d)
{
    sqlite3_interrupt(d->c);
}

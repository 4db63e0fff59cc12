/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opening, closing, and the two ways to the database: one that writes and many that
 * read.  Readers see the last commit (WAL) and wait for nobody.
 */
#include "base/mem.h"
#include "store/flow_pool.h"
#include "store/schema.h"
#include "store/store_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

enum { PAGE_DEFAULT = 100 };

#define ALERT_GAP_NS (INT64_C(600) * 1000000000)

int64_t store_now_ns(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

enum lw_status store_missing(const char *what, int64_t id, struct lw_error *err)
{
    return lw_fail(err, LW_ENOTFOUND, "there is no %s %" PRId64, what, id);
}

/* ------------------------------------------------------------------- opening */

static enum lw_status make_folders(const char *dir, struct lw_error *err)
{
    static const char *const names[] = {FILES_BLOBS, FILES_FLOWS, FILES_PARTIAL};
    enum lw_status st = files_make_dir(dir, err);
    char path[FILES_PATH_MAX];

    for (size_t i = 0; st == LW_OK && i < sizeof names / sizeof names[0]; i++) {
        st = files_path(path, dir, names[i], err);
        if (st == LW_OK)
            st = files_make_dir(path, err);
    }
    return st == LW_OK ? files_sync_dir(dir, err) : st;
}

static enum lw_status lock_folder(struct store *s, struct lw_error *err)
{
    char path[FILES_PATH_MAX];
    enum lw_status st = files_path(path, s->dir, FILES_LOCK, err);

    if (st != LW_OK)
        return st;
    s->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (s->lock_fd < 0)
        return files_fail(path, errno, err);
    if (flock(s->lock_fd, LOCK_EX | LOCK_NB) != 0)
        return lw_fail(err, LW_EPERM,
                       "%s: another process has this store open: stop it first",
                       s->dir);
    return LW_OK;
}

static enum lw_status open_beside(struct store *s, const char *path,
                                  struct lw_error *err)
{
    struct db *d = NULL;
    int version = 0;
    enum lw_status st = db_open(&d, path, s->cfg.read_only ? DB_READ : DB_WRITE, err);

    if (st != LW_OK)
        return st;
    st = schema_version(&schema_main, d, &version, err);
    if (st == LW_OK && version != schema_main.version)
        st = lw_fail(err, LW_EUNSUPPORTED,
                     "%s: tables of version %d, this Lapwing has %d: %s", path, version,
                     schema_main.version,
                     version < schema_main.version ? "run lapwing db migrate"
                                                   : "use the newer one");
    if (st != LW_OK || s->cfg.read_only)
        db_close(d);
    else
        s->writer = d;
    return st;
}

static enum lw_status open_files(struct store *s, struct lw_error *err)
{
    char path[FILES_PATH_MAX];
    enum lw_status st = files_path(path, s->dir, FILES_DB, err);

    if (st != LW_OK)
        return st;
    if (!s->cfg.create && access(path, F_OK) != 0)
        return lw_fail(err, LW_ENOTFOUND, "%s: no store of Lapwing is there", s->dir);
    if (s->cfg.read_only || s->cfg.beside)
        return open_beside(s, path, err);
    st = make_folders(s->dir, err);
    if (st == LW_OK)
        st = lock_folder(s, err);
    if (st == LW_OK)
        st = db_open(&s->writer, path, DB_CREATE, err);
    if (st == LW_OK)
        st = schema_migrate(&schema_main, s->writer, -1, err);
    if (st == LW_OK)
        st = files_sync_dir(s->dir, err);
    return st == LW_OK ? store_recover(s, err) : st;
}

enum lw_status store_open(struct store **out, const char *dir,
                          const struct store_config *cfg, struct lw_error *err)
{
    static const struct store_config none;
    struct store *s = mem_zalloc(1, sizeof *s);
    enum lw_status st;

    if (s == NULL)
        return lw_fail(err, LW_ENOMEM, "out of memory");
    s->cfg = cfg == NULL ? none : *cfg;
    if (s->cfg.alert_gap_ns == 0)
        s->cfg.alert_gap_ns = ALERT_GAP_NS;
    s->lock_fd = -1;
    buf_init(&s->removals);
    (void)pthread_mutex_init(&s->write_lock, NULL);
    (void)pthread_mutex_init(&s->pool_lock, NULL);
    (void)pthread_mutex_init(&s->upload_lock, NULL);
    s->dir = mem_strdup(dir);
    st = s->dir == NULL ? lw_fail(err, LW_ENOMEM, "out of memory") : open_files(s, err);
    if (st != LW_OK) {
        store_close(s);
        return st;
    }
    *out = s;
    return LW_OK;
}

void store_close(struct store *s)
{
    if (s == NULL)
        return;
    uploads_release(s);
    flow_pool_release(s);
    for (size_t i = 0; i < s->n_readers; i++)
        db_close(s->readers[i]);
    db_close(s->writer);
    buf_release(&s->removals);
    if (s->lock_fd >= 0)
        (void)close(s->lock_fd);
    (void)pthread_mutex_destroy(&s->write_lock);
    (void)pthread_mutex_destroy(&s->pool_lock);
    (void)pthread_mutex_destroy(&s->upload_lock);
    mem_free(s->dir);
    mem_free(s);
}

const char *store_dir(const struct store *s)
{
    return s->dir;
}

enum lw_status store_versions(const char *dir, int *found, int *present,
                              struct lw_error *err)
{
    char path[FILES_PATH_MAX];
    struct db *d = NULL;
    enum lw_status st = files_path(path, dir, FILES_DB, err);

    if (st == LW_OK)
        st = db_open(&d, path, DB_READ, err);
    if (st == LW_OK)
        st = schema_version(&schema_main, d, found, err);
    *present = schema_main.version;
    db_close(d);
    return st;
}

/* ------------------------------------------------------------------- writing */

enum lw_status store_begin(struct store *s, struct lw_error *err)
{
    enum lw_status st;

    if (s->writer == NULL)
        return lw_fail(err, LW_EPERM, "%s: opened for reading only", s->dir);
    (void)pthread_mutex_lock(&s->write_lock);
    buf_reset(&s->removals);
    st = db_exec(s->writer, "BEGIN IMMEDIATE", err);
    if (st != LW_OK)
        (void)pthread_mutex_unlock(&s->write_lock);
    return st;
}

void store_remove_later(struct store *s, const char *path)
{
    /* Where memory is out the file stays until the store is opened again. */
    if (buf_reserve(&s->removals, strlen(path) + 1))
        buf_add(&s->removals, path, strlen(path) + 1);
}

enum lw_status store_release_blob(struct store *s, const char *sha256,
                                  struct lw_error *err)
{
    char path[FILES_PATH_MAX];
    int64_t named = 0;
    enum lw_status st =
        db_number(s->writer, err, &named, 0,
                  "SELECT EXISTS (SELECT 1 FROM captures WHERE sha256 = ?1)"
                  " OR EXISTS (SELECT 1 FROM artefacts WHERE sha256 = ?1)"
                  " OR EXISTS (SELECT 1 FROM models WHERE sha256 = ?1)",
                  "t", sha256);

    if (st == LW_OK && named == 0)
        st = files_blob_path(path, s->dir, sha256, err);
    if (st == LW_OK && named == 0)
        store_remove_later(s, path);
    return st;
}

enum lw_status store_end(struct store *s, enum lw_status st, struct lw_error *err)
{
    if (st == LW_OK)
        st = db_exec(s->writer, "COMMIT", err);
    if (st != LW_OK)
        best_effort(db_exec(s->writer, "ROLLBACK", NULL));
    for (size_t at = 0; st == LW_OK && at < s->removals.len;) {
        const char *path = s->removals.data + at;

        best_effort(files_remove(path, NULL)); /* or when the store is opened again */
        at += strlen(path) + 1;
    }
    buf_reset(&s->removals);
    (void)pthread_mutex_unlock(&s->write_lock);
    return st;
}

static enum lw_status run_bound(struct db *d, struct lw_error *err, const char *sql,
                                const char *types, va_list ap)
{
    struct db_stmt *q = NULL;
    enum lw_status st = db_prepare(d, sql, &q, err);

    if (st != LW_OK)
        return st;
    db_bind_list(q, 1, types, ap);
    st = db_step(q, err);
    db_done(q);
    return st == LW_END ? LW_OK : st;
}

enum lw_status store_write(struct store *s, struct lw_error *err, uint64_t *changed,
                           int64_t *id, const char *sql, const char *types, ...)
{
    enum lw_status st = store_begin(s, err);
    va_list ap;

    if (st != LW_OK)
        return st;
    va_start(ap, types);
    st = run_bound(s->writer, err, sql, types, ap);
    va_end(ap);
    if (st == LW_OK && changed != NULL)
        *changed = db_changes(s->writer);
    if (st == LW_OK && id != NULL)
        *id = db_last_id(s->writer);
    return store_end(s, st, err);
}

enum lw_status store_ready(struct store *s, struct lw_error *err)
{
    return store_write(
        s, err, NULL, NULL,
        "INSERT INTO settings VALUES ('store.ready', '1')"
        " ON CONFLICT (key) DO UPDATE SET value = CAST(value + 1 AS TEXT)",
        "");
}

/* ------------------------------------------------------------------- reading */

enum lw_status store_reader_take(struct store *s, struct db **out, struct lw_error *err)
{
    char path[FILES_PATH_MAX];
    enum lw_status st;

    *out = NULL;
    (void)pthread_mutex_lock(&s->pool_lock);
    if (s->n_readers > 0)
        *out = s->readers[--s->n_readers];
    (void)pthread_mutex_unlock(&s->pool_lock);
    if (*out != NULL)
        return LW_OK;
    st = files_path(path, s->dir, FILES_DB, err);
    return st == LW_OK ? db_open(out, path, DB_READ, err) : st;
}

void store_reader_give(struct store *s, struct db *d)
{
    if (d == NULL)
        return;
    (void)pthread_mutex_lock(&s->pool_lock);
    if (s->n_readers < STORE_READERS_MAX) {
        s->readers[s->n_readers++] = d;
        d = NULL;
    }
    (void)pthread_mutex_unlock(&s->pool_lock);
    db_close(d);
}

/* --------------------------------------------------------------------- pages */

enum lw_status store_page_before(struct store_page *page, int64_t *before,
                                 uint32_t *limit, struct lw_error *err)
{
    const char *p = page->cursor;
    int64_t id = 0;

    page->next[0] = '\0';
    *limit = page->limit == 0 ? PAGE_DEFAULT : page->limit;
    if (*limit > STORE_PAGE_MAX)
        *limit = STORE_PAGE_MAX;
    *before = INT64_MAX;
    if (p == NULL || *p == '\0')
        return LW_OK;
    for (; *p >= '0' && *p <= '9' && id < INT64_MAX / 10 - 1; p++)
        id = 10 * id + (*p - '0');
    if (*p != '\0' || id == 0)
        return lw_fail(err, LW_EINVAL, "this cursor was not made here");
    *before = id;
    return LW_OK;
}

void store_page_after(struct store_page *page, int64_t last, bool more)
{
    if (more)
        (void)snprintf(page->next, sizeof page->next, "%" PRId64, last);
}

/* --------------------------------------------------------------------- sizes */

static void add_size(void *ctx, const char *name, uint64_t size_bytes)
{
    uint64_t *sum = ctx;

    (void)name;
    *sum += size_bytes;
}

static enum lw_status size_below(const struct store *s, const char *name, uint64_t *sum,
                                 struct lw_error *err)
{
    char path[FILES_PATH_MAX];
    enum lw_status st = files_path(path, s->dir, name, err);

    return st == LW_OK ? files_each(path, 1, add_size, sum, err) : st;
}

static uint64_t size_of(const struct store *s, const char *name)
{
    char path[FILES_PATH_MAX];
    struct stat info;

    if (files_path(path, s->dir, name, NULL) != LW_OK || stat(path, &info) != 0)
        return 0;
    return (uint64_t)info.st_size;
}

enum lw_status store_sizes(struct store *s, struct store_sizes *out,
                           struct lw_error *err)
{
    struct statvfs fs;
    enum lw_status st;

    memset(out, 0, sizeof *out);
    out->database_bytes = size_of(s, FILES_DB) + size_of(s, FILES_DB "-wal");
    st = size_below(s, FILES_BLOBS, &out->blob_bytes, err);
    if (st == LW_OK)
        st = size_below(s, FILES_FLOWS, &out->flow_bytes, err);
    if (st == LW_OK && statvfs(s->dir, &fs) == 0)
        out->free_bytes = (uint64_t)fs.f_bavail * fs.f_frsize;
    return st;
}

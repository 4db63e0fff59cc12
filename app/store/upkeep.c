/* SPDX-License-Identifier: Apache-2.0 */
/* Checking, compacting and copying a store. */
#include "base/mem.h"
#include "store/schema.h"
#include "store/store_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct checking {
    struct store *s;
    struct db *d; /* lapwing.db */
    const char *what;
    bool deep;
    store_problem_fn fn;
    void *ctx;
    uint64_t n;
    enum lw_status st;
    struct lw_error *err;
};

static void LW_PRINTF(2, 3) complain(struct checking *c, const char *fmt, ...)
{
    char line[FILES_PATH_MAX + 256];
    va_list ap;

    va_start(ap, fmt);
    (void)vsnprintf(line, sizeof line, fmt, ap);
    va_end(ap);
    c->n++;
    if (c->fn != NULL)
        c->fn(c->ctx, line);
}

/* -------------------------------------------------------------------- databases */

static void read_integrity(void *ctx, struct db_stmt *q)
{
    struct checking *c = ctx;
    const char *said = db_text(q, 0);

    if (said == NULL || strcmp(said, "ok") != 0)
        complain(c, "%s: %s", c->what, said == NULL ? "?" : said);
}

static void read_foreign_key(void *ctx, struct db_stmt *q)
{
    struct checking *c = ctx;

    complain(c, "%s: row %" PRId64 " of %s refers to a row of %s that is not there",
             c->what, db_int(q, 1), db_text(q, 0), db_text(q, 2));
}

/* A damaged database is a finding; that the disk does not answer is not. */
static enum lw_status check_db(struct checking *c, struct db *d, struct lw_error *err)
{
    struct lw_error own = {.msg = ""};
    enum lw_status st =
        db_query(d, &own, read_integrity, c, NULL,
                 c->deep ? "PRAGMA integrity_check" : "PRAGMA quick_check", "");

    if (st == LW_OK)
        st = db_query(d, &own, read_foreign_key, c, NULL, "PRAGMA foreign_key_check",
                      "");
    if (st == LW_EFORMAT) {
        complain(c, "%s", own.msg);
        return LW_OK;
    }
    if (st != LW_OK && err != NULL)
        *err = own;
    return st;
}

static void check_flow_file(void *ctx, struct db_stmt *q)
{
    struct checking *c = ctx;
    char path[FILES_PATH_MAX];
    struct lw_error own = {.msg = ""};
    struct db *d = NULL;
    int64_t flows = 0;
    int64_t run = db_int(q, 0);
    enum lw_status st;

    if (c->st != LW_OK)
        return;
    c->st = files_run_path(path, c->s->dir, run, c->err);
    if (c->st != LW_OK)
        return;
    st = db_open(&d, path, DB_IMMUTABLE, &own);
    if (st == LW_OK)
        st = db_number(d, &own, &flows, 0, "SELECT value FROM meta WHERE key = 'flows'",
                       "");
    if (st != LW_OK)
        complain(c, "missing or damaged: %s", own.msg);
    else if (flows != db_int(q, 1))
        complain(c, "%s: %" PRId64 " flows, where there were %" PRId64, path, flows,
                 db_int(q, 1));
    c->what = path;
    if (st == LW_OK)
        c->st = check_db(c, d, c->err);
    db_close(d);
}

/* ------------------------------------------------------------------------ files */

static void check_blob(void *ctx, struct db_stmt *q)
{
    struct checking *c = ctx;
    const char *sha256 = db_text(q, 0);
    uint64_t size = (uint64_t)db_int(q, 1);
    char path[FILES_PATH_MAX];
    struct sha256 *sum = NULL;
    struct stat info;
    uint8_t digest[SHA256_BYTES];
    char found[STORE_SHA_TEXT];

    if (c->st != LW_OK || files_blob_path(path, c->s->dir, sha256, NULL) != LW_OK)
        return;
    if (stat(path, &info) != 0) {
        complain(c, "%s: missing", path);
        return;
    }
    if ((uint64_t)info.st_size != size) {
        complain(c, "%s: %lld bytes, where there were %" PRIu64, path,
                 (long long)info.st_size, size);
        return;
    }
    if (!c->deep)
        return;
    c->st = files_digest(path, size, &sum, c->err);
    if (c->st != LW_OK)
        return;
    sha256_finish(sum, digest);
    digest_hex(digest, sizeof digest, found);
    if (strcmp(found, sha256) != 0)
        complain(c, "%s: its content has changed", path);
}

static void check_named(struct checking *c, const char *folder, const char *name,
                        const char *sql, const char *value)
{
    int64_t known = 0;

    if (c->st == LW_OK)
        c->st = db_number(c->d, c->err, &known, 0, sql, "t", value);
    if (c->st == LW_OK && known == 0)
        complain(c,
                 "%s/%s/%s: no row names it (opening the store for writing removes it)",
                 c->s->dir, folder, name);
}

static void check_blob_file(void *ctx, const char *name, uint64_t size_bytes)
{
    char sha256[FILES_PATH_MAX];

    (void)size_bytes;
    (void)snprintf(sha256, sizeof sha256, "%.2s%s", name,
                   strlen(name) > 3 ? name + 3 : "");
    check_named(ctx, FILES_BLOBS, name,
                "SELECT EXISTS (SELECT 1 FROM captures WHERE sha256 = ?1)"
                " OR EXISTS (SELECT 1 FROM artefacts WHERE sha256 = ?1)"
                " OR EXISTS (SELECT 1 FROM models WHERE sha256 = ?1)",
                sha256);
}

static void check_run_file(void *ctx, const char *name, uint64_t size_bytes)
{
    (void)size_bytes;
    check_named(ctx, FILES_FLOWS, name,
                "SELECT count(*) FROM runs WHERE ?1 = id || '.db'", name);
}

static enum lw_status check_folder(struct checking *c, const char *folder,
                                   files_each_fn fn)
{
    char path[FILES_PATH_MAX];
    enum lw_status st = files_path(path, c->s->dir, folder, c->err);

    if (st == LW_OK)
        st = files_each(path, 1, fn, c, c->err);
    return st == LW_OK ? c->st : st;
}

static enum lw_status check_all(struct checking *c)
{
    enum lw_status st;

    c->what = FILES_DB;
    st = check_db(c, c->d, c->err);
    if (st == LW_OK)
        st = db_query(c->d, c->err, check_blob, c, NULL,
                      "SELECT sha256, size FROM captures UNION SELECT sha256, size FROM"
                      " artefacts UNION SELECT sha256, size FROM models",
                      "");
    if (st == LW_OK && c->st == LW_OK)
        st = db_query(c->d, c->err, check_flow_file, c, NULL,
                      "SELECT id, flows FROM runs WHERE complete", "");
    if (st == LW_OK && c->st == LW_OK)
        st = check_folder(c, FILES_BLOBS, check_blob_file);
    if (st == LW_OK)
        st = check_folder(c, FILES_FLOWS, check_run_file);
    return st == LW_OK ? c->st : st;
}

enum lw_status store_check(struct store *s, bool deep, store_problem_fn fn, void *ctx,
                           uint64_t *n, struct lw_error *err)
{
    struct checking c = {
        .s = s, .deep = deep, .fn = fn, .ctx = ctx, .st = LW_OK, .err = err};
    enum lw_status st = store_reader_take(s, &c.d, err);

    if (st == LW_OK)
        st = check_all(&c);
    store_reader_give(s, c.d);
    *n = c.n;
    return st;
}

enum lw_status store_vacuum(struct store *s, struct lw_error *err)
{
    enum lw_status st;

    if (s->writer == NULL)
        return lw_fail(err, LW_EPERM, "%s: opened for reading only", s->dir);
    (void)pthread_mutex_lock(&s->write_lock);
    st = db_exec(s->writer, "VACUUM; PRAGMA wal_checkpoint(TRUNCATE)", err);
    (void)pthread_mutex_unlock(&s->write_lock);
    return st;
}

/* ----------------------------------------------------------------------- backup */

enum { COPY_BYTES = 256 * 1024 };

static enum lw_status copy_bytes(int from, int to, const char *path, uint64_t n,
                                 struct lw_error *err)
{
    char *bytes = mem_alloc(COPY_BYTES);
    enum lw_status st =
        bytes == NULL ? lw_fail(err, LW_ENOMEM, "out of memory") : LW_OK;

    for (uint64_t at = 0; st == LW_OK && at < n;) {
        ssize_t got = pread(from, bytes, COPY_BYTES, (off_t)at);

        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            st = got < 0 ? files_fail(path, errno, err)
                         : lw_fail(err, LW_ETRUNCATED, "%s: shorter than it was", path);
        else
            st = files_write(to, path, bytes, (size_t)got, at, err);
        at += got > 0 ? (uint64_t)got : 0;
    }
    if (st == LW_OK && fsync(to) != 0)
        st = files_fail(path, errno, err);
    mem_free(bytes);
    return st;
}

static enum lw_status copy_file(int from, const char *to, uint64_t n,
                                struct lw_error *err)
{
    int fd = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    enum lw_status st;

    if (fd < 0)
        return files_fail(to, errno, err);
    st = copy_bytes(from, fd, to, n, err);
    (void)close(fd);
    return st;
}

/* Copying takes time, in which things may be deleted or analysed anew.  So the database
 * is copied first, its files after, and what was gone by then is taken out of the copy:
 * a capture without its file goes, one without its flows is to be analysed again. */
struct copying {
    struct store *s;
    struct db *copy;
    const char *to;
    enum lw_status st;
    struct lw_error *err;
};

static enum lw_status make_blob_folder(const struct copying *c, const char *sha256)
{
    char path[FILES_PATH_MAX];
    char name[16];

    (void)snprintf(name, sizeof name, FILES_BLOBS "/%.2s", sha256);
    if (files_path(path, c->to, name, c->err) != LW_OK)
        return LW_EINVAL;
    return files_make_dir(path, c->err);
}

/* From one path to another; what was deleted meanwhile is no failure. */
static void copy_path(struct copying *c, const char *from, const char *to)
{
    uint64_t size = 0;
    int fd = -1;

    if (c->st == LW_OK)
        c->st = files_open(from, &fd, &size, c->err);
    if (c->st == LW_ENOTFOUND) {
        c->st = LW_OK;
        return;
    }
    if (c->st == LW_OK)
        c->st = copy_file(fd, to, size, c->err);
    if (fd >= 0)
        (void)close(fd);
}

static void copy_blob(void *ctx, struct db_stmt *q)
{
    struct copying *c = ctx;
    char from[FILES_PATH_MAX];
    char to[FILES_PATH_MAX];

    if (c->st != LW_OK)
        return;
    c->st = files_blob_path(from, c->s->dir, db_text(q, 0), c->err);
    if (c->st == LW_OK)
        c->st = files_blob_path(to, c->to, db_text(q, 0), c->err);
    if (c->st == LW_OK)
        c->st = make_blob_folder(c, db_text(q, 0));
    copy_path(c, from, to);
}

static void copy_run(void *ctx, struct db_stmt *q)
{
    struct copying *c = ctx;
    char from[FILES_PATH_MAX];
    char to[FILES_PATH_MAX];

    if (c->st != LW_OK)
        return;
    c->st = files_run_path(from, c->s->dir, db_int(q, 0), c->err);
    if (c->st == LW_OK)
        c->st = files_run_path(to, c->to, db_int(q, 0), c->err);
    copy_path(c, from, to);
}

static bool is_there(const char *path)
{
    return access(path, F_OK) == 0;
}

/* Delete a row (id, sha256) whose blob is not in the copy. */
static void drop_without_blob(struct copying *c, struct db_stmt *q, const char *sql)
{
    char path[FILES_PATH_MAX];

    if (c->st == LW_OK)
        c->st = files_blob_path(path, c->to, db_text(q, 1), c->err);
    if (c->st == LW_OK && !is_there(path))
        c->st = db_run(c->copy, c->err, sql, "i", db_int(q, 0));
}

static void drop_capture(void *ctx, struct db_stmt *q)
{
    drop_without_blob(ctx, q, "DELETE FROM captures WHERE id = ?");
}

static void drop_artefact(void *ctx, struct db_stmt *q)
{
    drop_without_blob(ctx, q, "DELETE FROM artefacts WHERE id = ?");
}

static void drop_run(void *ctx, struct db_stmt *q)
{
    struct copying *c = ctx;
    char path[FILES_PATH_MAX];

    if (c->st == LW_OK)
        c->st = files_run_path(path, c->to, db_int(q, 0), c->err);
    if (c->st != LW_OK || is_there(path))
        return;
    c->st = db_run(c->copy, c->err,
                   "UPDATE jobs SET state = 0, started = 0, finished = 0 WHERE id ="
                   " (SELECT job FROM runs WHERE id = ?)",
                   "i", db_int(q, 0));
    if (c->st == LW_OK)
        c->st = db_run(c->copy, c->err, "UPDATE captures SET run = NULL WHERE run = ?",
                       "i", db_int(q, 0));
    if (c->st == LW_OK)
        c->st =
            db_run(c->copy, c->err, "DELETE FROM runs WHERE id = ?", "i", db_int(q, 0));
}

static enum lw_status fill_copy(struct copying *c)
{
    enum lw_status st = db_query(c->copy, c->err, copy_blob, c, NULL,
                                 "SELECT sha256 FROM captures UNION SELECT sha256 FROM"
                                 " artefacts UNION SELECT sha256 FROM models",
                                 "");

    if (st == LW_OK && c->st == LW_OK)
        st = db_query(c->copy, c->err, copy_run, c, NULL,
                      "SELECT id FROM runs WHERE complete", "");
    /* Half-sent captures and running analyses stay behind. */
    if (st == LW_OK && c->st == LW_OK)
        st = db_run(c->copy, c->err, "DELETE FROM uploads WHERE capture IS NULL", "");
    if (st == LW_OK && c->st == LW_OK)
        st = db_query(c->copy, c->err, drop_capture, c, NULL,
                      "SELECT id, sha256 FROM captures", "");
    if (st == LW_OK && c->st == LW_OK)
        st = db_query(c->copy, c->err, drop_artefact, c, NULL,
                      "SELECT id, sha256 FROM artefacts", "");
    if (st == LW_OK && c->st == LW_OK)
        st = db_query(c->copy, c->err, drop_run, c, NULL,
                      "SELECT id FROM runs WHERE complete", "");
    return st == LW_OK ? c->st : st;
}

enum lw_status store_backup(struct store *s, const char *to, struct lw_error *err)
{
    static const char *const folders[] = {"", FILES_BLOBS, FILES_FLOWS, FILES_PARTIAL};
    struct copying c = {.s = s, .to = to, .st = LW_OK, .err = err};
    char path[FILES_PATH_MAX];
    struct db *d = NULL;
    enum lw_status st = LW_OK;

    if (is_there(to))
        return lw_fail(err, LW_EINVAL, "%s: exists already: name a new folder", to);
    for (size_t i = 0; st == LW_OK && i < sizeof folders / sizeof folders[0]; i++) {
        st = files_path(path, to, folders[i], err);
        if (st == LW_OK)
            st = files_make_dir(path, err);
    }
    if (st == LW_OK)
        st = files_path(path, to, FILES_DB, err);
    if (st == LW_OK)
        st = store_reader_take(s, &d, err);
    if (st == LW_OK)
        st = db_copy(d, path, err);
    store_reader_give(s, d);
    if (st == LW_OK)
        st = db_open(&c.copy, path, DB_WRITE, err);
    if (st == LW_OK)
        st = fill_copy(&c);
    if (st == LW_OK)
        st = db_exec(c.copy, "PRAGMA wal_checkpoint(TRUNCATE)", err);
    db_close(c.copy);
    return st == LW_OK ? files_sync_dir(to, err) : st;
}

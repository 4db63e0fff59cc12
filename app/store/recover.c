/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is done when a store is opened: whatever was under way when the last process
 * ended is put back to a state that a row describes.
 *
 *     a job that ran                   waits again, in its old place
 *     a resumable upload               is cut to what was acknowledged
 *     another upload, an analysis      is dropped
 *     a file that no row names         is removed
 */
#include "store/store_priv.h"

#include <lapwing/log.h>

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct sweep {
    struct store *s;
    const char *folder;
    bool (*named)(struct store *s, const char *name, enum lw_status *st,
                  struct lw_error *err);
    enum lw_status st;
    struct lw_error *err;
};

static void sweep_file(void *ctx, const char *name, uint64_t size_bytes)
{
    struct sweep *w = ctx;
    char folder[FILES_PATH_MAX];
    char path[FILES_PATH_MAX];

    (void)size_bytes;
    if (w->st != LW_OK || w->named(w->s, name, &w->st, w->err) || w->st != LW_OK)
        return;
    w->st = files_path(folder, w->s->dir, w->folder, w->err);
    if (w->st == LW_OK)
        w->st = files_path(path, folder, name, w->err);
    if (w->st == LW_OK)
        w->st = files_remove(path, w->err);
}

static bool exists(struct store *s, const char *sql, const char *text,
                   enum lw_status *st, struct lw_error *err)
{
    int64_t n = 0;

    *st = db_number(s->writer, err, &n, 0, sql, "t", text);
    return n != 0;
}

static bool blob_named(struct store *s, const char *name, enum lw_status *st,
                       struct lw_error *err)
{
    char sha256[STORE_SHA_TEXT];

    if (strlen(name) != STORE_SHA_TEXT || name[2] != '/')
        return false;
    (void)snprintf(sha256, sizeof sha256, "%.2s%s", name, name + 3);
    return exists(s,
                  "SELECT EXISTS (SELECT 1 FROM captures WHERE sha256 = ?1)"
                  " OR EXISTS (SELECT 1 FROM artefacts WHERE sha256 = ?1)"
                  " OR EXISTS (SELECT 1 FROM models WHERE sha256 = ?1)",
                  sha256, st, err);
}

static bool run_named(struct store *s, const char *name, enum lw_status *st,
                      struct lw_error *err)
{
    return exists(s, "SELECT count(*) FROM runs WHERE complete AND ?1 = id || '.db'",
                  name, st, err);
}

static bool partial_named(struct store *s, const char *name, enum lw_status *st,
                          struct lw_error *err)
{
    return exists(s,
                  "SELECT count(*) FROM uploads WHERE capture IS NULL"
                  " AND ?1 = 'upload-' || id",
                  name, st, err);
}

static enum lw_status sweep(struct store *s, const char *folder,
                            bool (*named)(struct store *, const char *,
                                          enum lw_status *, struct lw_error *),
                            struct lw_error *err)
{
    struct sweep w = {s, folder, named, LW_OK, err};
    char path[FILES_PATH_MAX];
    enum lw_status st = files_path(path, s->dir, folder, err);

    if (st == LW_OK)
        st = files_each(path, 1, sweep_file, &w, err);
    return st == LW_OK ? w.st : st;
}

struct cut {
    struct store *s;
    enum lw_status st;
    struct lw_error *err;
};

/* Bytes beyond what was acknowledged may be there or not.  Fewer there cannot be,
 * unless somebody took them: then the sender is told to begin earlier. */
static void cut_upload(void *ctx, struct db_stmt *q)
{
    struct cut *c = ctx;
    int64_t id = db_int(q, 0);
    int64_t offset = db_int(q, 1);
    char path[FILES_PATH_MAX];
    struct stat info = {.st_size = 0};

    if (c->st == LW_OK)
        c->st = files_upload_path(path, c->s->dir, id, c->err);
    if (c->st != LW_OK)
        return;
    if (stat(path, &info) != 0)
        info.st_size = 0;
    if (info.st_size > offset && truncate(path, (off_t)offset) != 0)
        c->st = files_fail(path, errno, c->err);
    if (info.st_size >= offset)
        return;
    lw_log(LW_LOG_WARNING,
           "%s: only %lld of the %" PRId64 " bytes that were acknowledged", path,
           (long long)info.st_size, offset);
    c->st = db_run(c->s->writer, c->err, "UPDATE uploads SET offset = ? WHERE id = ?",
                   "ii", (int64_t)info.st_size, id);
}

static enum lw_status settle_rows(struct store *s, struct lw_error *err)
{
    static const char *const steps[] = {
        "UPDATE jobs SET state = 0, started = 0, progress = 0 WHERE state = 1",
        "DELETE FROM uploads WHERE capture IS NULL AND resumable = 0",
        "DELETE FROM runs WHERE complete = 0",
    };
    enum lw_status st = store_begin(s, err);

    if (st != LW_OK)
        return st;
    for (size_t i = 0; st == LW_OK && i < sizeof steps / sizeof steps[0]; i++)
        st = db_run(s->writer, err, steps[i], "");
    return store_end(s, st, err);
}

enum lw_status store_recover(struct store *s, struct lw_error *err)
{
    struct cut c = {s, LW_OK, err};
    enum lw_status st = settle_rows(s, err);

    if (st == LW_OK)
        st = sweep(s, FILES_PARTIAL, partial_named, err);
    if (st == LW_OK)
        st = sweep(s, FILES_FLOWS, run_named, err);
    if (st == LW_OK)
        st = sweep(s, FILES_BLOBS, blob_named, err);
    if (st == LW_OK)
        st = db_query(
            s->writer, err, cut_upload, &c, NULL,
            "SELECT id, offset FROM uploads WHERE capture IS NULL AND offset > 0", "");
    return st == LW_OK ? c.st : st;
}

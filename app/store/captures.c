/* SPDX-License-Identifier: Apache-2.0 */
/* Captures: their rows, their files, and how they go. */
#include "store/flow_pool.h"
#include "store/store_priv.h"

#include <stdio.h>
#include <string.h>

#define CAPTURE_COLUMNS                                                                \
    "c.id, c.name, c.size, c.sha256, c.uploaded, c.job, j.state, c.packets, c.flows,"  \
    " c.first, c.last,"                                                                \
    " (SELECT count(*) FROM alerts a WHERE a.capture = c.id AND a.deleted = 0)"        \
    " FROM captures c LEFT JOIN jobs j ON j.id = c.job"

const char *store_capture_state_name(enum store_capture_state state)
{
    static const char *const names[] = {"stored", "queued", "running",
                                        "done",   "failed", "cancelled"};

    return names[state];
}

struct reading {
    store_capture_fn fn;
    void *ctx;
    uint32_t limit;
    uint32_t n;
    int64_t last;
};

static void read_capture(void *ctx, struct db_stmt *q)
{
    struct reading *r = ctx;
    struct store_capture c = {
        .id = db_int(q, 0),
        .name = db_text(q, 1),
        .size_bytes = (uint64_t)db_int(q, 2),
        .uploaded_ns = db_int(q, 4),
        .job = db_int(q, 5),
        /* A job's states are in the order of a capture's, which has one before. */
        .state = db_is_null(q, 6) ? STORE_CAPTURE_STORED
                                  : (enum store_capture_state)(db_int(q, 6) + 1),
        .packets = (uint64_t)db_int(q, 7),
        .flows = (uint64_t)db_int(q, 8),
        .first_ns = db_int(q, 9),
        .last_ns = db_int(q, 10),
        .alerts = (uint64_t)db_int(q, 11),
    };

    if (++r->n > r->limit)
        return;
    (void)snprintf(c.sha256, sizeof c.sha256, "%s", db_text(q, 3));
    r->last = c.id;
    r->fn(r->ctx, &c);
}

enum lw_status store_capture_get(struct store *s, int64_t id, store_capture_fn fn,
                                 void *ctx, struct lw_error *err)
{
    struct reading r = {.fn = fn, .ctx = ctx, .limit = 1};
    struct db *d = NULL;
    enum lw_status st = store_reader_take(s, &d, err);

    if (st == LW_OK)
        st = db_query(d, err, read_capture, &r, NULL,
                      "SELECT " CAPTURE_COLUMNS " WHERE c.id = ?", "i", id);
    store_reader_give(s, d);
    return st == LW_OK && r.n == 0 ? store_missing("capture", id, err) : st;
}

enum lw_status store_capture_list(struct store *s, const char *name_part,
                                  struct store_page *page, store_capture_fn fn,
                                  void *ctx, struct lw_error *err)
{
    struct reading r = {.fn = fn, .ctx = ctx};
    struct db *d = NULL;
    int64_t before = 0;
    enum lw_status st = store_page_before(page, &before, &r.limit, err);

    if (st == LW_OK)
        st = store_reader_take(s, &d, err);
    if (st == LW_OK)
        st = db_query(d, err, read_capture, &r, NULL,
                      "SELECT " CAPTURE_COLUMNS " WHERE c.id < ?1 AND (?2 IS NULL OR"
                      " instr(lower(c.name), lower(?2)) > 0)"
                      " ORDER BY c.id DESC LIMIT ?3",
                      "iti", before, name_part, (int64_t)r.limit + 1);
    store_reader_give(s, d);
    if (st == LW_OK)
        store_page_after(page, r.last, r.n > r.limit);
    return st;
}

struct file {
    char sha256[STORE_SHA_TEXT];
    bool found;
};

static void read_file(void *ctx, struct db_stmt *q)
{
    struct file *f = ctx;

    (void)snprintf(f->sha256, sizeof f->sha256, "%s", db_text(q, 0));
    f->found = true;
}

enum lw_status store_capture_open(struct store *s, int64_t id, int *fd,
                                  uint64_t *size_bytes, struct lw_error *err)
{
    struct file f = {.found = false};
    char path[FILES_PATH_MAX];
    struct db *d = NULL;
    enum lw_status st = store_reader_take(s, &d, err);

    if (st == LW_OK)
        st = db_query(d, err, read_file, &f, NULL,
                      "SELECT sha256 FROM captures WHERE id = ?", "i", id);
    store_reader_give(s, d);
    if (st == LW_OK && !f.found)
        return store_missing("capture", id, err);
    if (st == LW_OK)
        st = files_blob_path(path, s->dir, f.sha256, err);
    return st == LW_OK ? files_open(path, fd, size_bytes, err) : st;
}

/* ------------------------------------------------------------------ deleting */

struct going {
    struct store *s;
    struct buf blobs; /* digests, each with its end */
};

static void note_blob(void *ctx, struct db_stmt *q)
{
    struct going *g = ctx;
    const char *sha256 = db_text(q, 0);

    buf_add(&g->blobs, sha256, strlen(sha256) + 1);
}

static void note_run(void *ctx, struct db_stmt *q)
{
    const struct going *g = ctx;
    char path[FILES_PATH_MAX];

    if (files_run_path(path, g->s->dir, db_int(q, 0), NULL) == LW_OK)
        store_remove_later(g->s, path);
    flow_pool_forget(g->s, db_int(q, 0));
}

/* An upload that became this capture is no more either: what is left to answer its
 * sender with is that the capture is gone. */
static enum lw_status delete_rows(struct store *s, int64_t id, struct lw_error *err)
{
    enum lw_status st =
        db_run(s->writer, err, "DELETE FROM uploads WHERE capture = ?", "i", id);

    if (st == LW_OK)
        st = db_run(s->writer, err, "DELETE FROM captures WHERE id = ?", "i", id);
    if (st == LW_OK && db_changes(s->writer) == 0)
        return store_missing("capture", id, err);
    return st;
}

enum lw_status capture_delete(struct store *s, int64_t id, struct lw_error *err)
{
    struct going g = {.s = s};
    enum lw_status st;

    buf_init(&g.blobs);
    st = db_query(s->writer, err, note_blob, &g, NULL,
                  "SELECT sha256 FROM captures WHERE id = ?1"
                  " UNION SELECT sha256 FROM artefacts WHERE capture = ?1",
                  "i", id);
    if (st == LW_OK)
        st = db_query(s->writer, err, note_run, &g, NULL,
                      "SELECT id FROM runs WHERE capture = ? AND complete", "i", id);
    if (st == LW_OK)
        st = delete_rows(s, id, err);
    for (size_t at = 0; st == LW_OK && at < g.blobs.len;) {
        const char *sha256 = g.blobs.data + at;

        st = store_release_blob(s, sha256, err);
        at += strlen(sha256) + 1;
    }
    buf_release(&g.blobs);
    return st;
}

enum lw_status store_capture_delete(struct store *s, int64_t id, struct lw_error *err)
{
    enum lw_status st = store_begin(s, err);

    return st == LW_OK ? store_end(s, capture_delete(s, id, err), err) : st;
}

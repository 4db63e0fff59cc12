/* SPDX-License-Identifier: Apache-2.0 */
/* Files that jobs made: profiles, maps, reports. */
#include "store/store_priv.h"

#include <stdio.h>

#define ARTEFACT_COLUMNS                                                               \
    "id, kind, capture, job, created, size, type, sha256 FROM artefacts"

struct reading {
    store_artefact_fn fn;
    void *ctx;
    uint32_t limit;
    uint32_t n;
    int64_t last;
    char sha256[STORE_SHA_TEXT]; /* of the last */
};

static void read_artefact(void *ctx, struct db_stmt *q)
{
    struct reading *r = ctx;
    struct store_artefact a = {
        .id = db_int(q, 0),
        .kind = (enum store_job_kind)db_int(q, 1),
        .capture = db_int(q, 2),
        .job = db_int(q, 3),
        .created_ns = db_int(q, 4),
        .size_bytes = (uint64_t)db_int(q, 5),
        .type = db_text(q, 6),
    };

    if (++r->n > r->limit)
        return;
    (void)snprintf(a.sha256, sizeof a.sha256, "%s", db_text(q, 7));
    (void)snprintf(r->sha256, sizeof r->sha256, "%s", a.sha256);
    r->last = a.id;
    if (r->fn != NULL)
        r->fn(r->ctx, &a);
}

static enum lw_status get(struct store *s, int64_t id, struct reading *r,
                          struct lw_error *err)
{
    struct db *d = NULL;
    enum lw_status st = store_reader_take(s, &d, err);

    r->limit = 1;
    if (st == LW_OK)
        st = db_query(d, err, read_artefact, r, NULL,
                      "SELECT " ARTEFACT_COLUMNS " WHERE id = ?", "i", id);
    store_reader_give(s, d);
    return st == LW_OK && r->n == 0 ? store_missing("artefact", id, err) : st;
}

enum lw_status store_artefact_get(struct store *s, int64_t id, store_artefact_fn fn,
                                  void *ctx, struct lw_error *err)
{
    struct reading r = {.fn = fn, .ctx = ctx};

    return get(s, id, &r, err);
}

enum lw_status store_artefact_open(struct store *s, int64_t id, int *fd,
                                   uint64_t *size_bytes, struct lw_error *err)
{
    struct reading r = {.fn = NULL};
    char path[FILES_PATH_MAX];
    enum lw_status st = get(s, id, &r, err);

    if (st == LW_OK)
        st = files_blob_path(path, s->dir, r.sha256, err);
    return st == LW_OK ? files_open(path, fd, size_bytes, err) : st;
}

enum lw_status store_artefact_list(struct store *s, int kind, int64_t capture,
                                   struct store_page *page, store_artefact_fn fn,
                                   void *ctx, struct lw_error *err)
{
    struct reading r = {.fn = fn, .ctx = ctx};
    struct db *d = NULL;
    int64_t before = 0;
    enum lw_status st = store_page_before(page, &before, &r.limit, err);

    if (st == LW_OK)
        st = store_reader_take(s, &d, err);
    if (st == LW_OK)
        st = db_query(d, err, read_artefact, &r, NULL,
                      "SELECT " ARTEFACT_COLUMNS " WHERE id < ?1"
                      " AND (?2 < 0 OR kind = ?2) AND (?3 = 0 OR capture = ?3)"
                      " ORDER BY id DESC LIMIT ?4",
                      "iiii", before, (int64_t)kind, capture, (int64_t)r.limit + 1);
    store_reader_give(s, d);
    if (st == LW_OK)
        store_page_after(page, r.last, r.n > r.limit);
    return st;
}

enum lw_status store_artefact_add(struct store *s, int64_t job, const char *type,
                                  const void *data, size_t n, int64_t *id,
                                  struct lw_error *err)
{
    char sha256[STORE_SHA_TEXT];
    int64_t known = 0;
    enum lw_status st = store_begin(s, err);

    if (st != LW_OK)
        return st;
    st = db_number(s->writer, err, &known, 0, "SELECT count(*) FROM jobs WHERE id = ?",
                   "i", job);
    if (st == LW_OK && known == 0)
        st = store_missing("job", job, err);
    if (st == LW_OK)
        st = files_put_blob(s->dir, data, n, sha256, err);
    if (st == LW_OK)
        st = db_run(
            s->writer, err,
            "INSERT INTO artefacts (kind, capture, job, created, size, type, sha256)"
            " SELECT kind, capture, id, ?, ?, ?, ? FROM jobs WHERE id = ?",
            "iitti", store_now_ns(), (int64_t)n, type, sha256, job);
    *id = db_last_id(s->writer);
    return store_end(s, st, err);
}

enum lw_status store_artefact_delete(struct store *s, int64_t id, struct lw_error *err)
{
    struct reading r = {.fn = NULL};
    enum lw_status st = get(s, id, &r, err);

    if (st == LW_OK)
        st = store_begin(s, err);
    if (st != LW_OK)
        return st;
    st = db_run(s->writer, err, "DELETE FROM artefacts WHERE id = ?", "i", id);
    if (st == LW_OK)
        st = db_run(s->writer, err,
                    "UPDATE jobs SET artefact = NULL WHERE artefact = ?", "i", id);
    if (st == LW_OK)
        st = store_release_blob(s, r.sha256, err);
    return store_end(s, st, err);
}

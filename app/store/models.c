/* SPDX-License-Identifier: Apache-2.0 */
/* Model files: which there are, which one is used for a role, and which one was. */
#include "store/admin.h"
#include "store/store_priv.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { ID_DIGITS = 12 };

struct reading {
    store_model_fn fn;
    void *ctx;
    char sha256[STORE_SHA_TEXT]; /* of the last */
    char role[64];
    bool active;
    bool bundled;
    uint64_t n;
};

static void read_model(void *ctx, struct db_stmt *q)
{
    struct reading *r = ctx;
    struct store_model m = {
        .id = db_text(q, 0),
        .role = db_text(q, 1),
        .size_bytes = (uint64_t)db_int(q, 2),
        .uploaded_ns = db_int(q, 4),
        .bundled = db_int(q, 5) != 0,
        .active = db_int(q, 6) != 0,
    };

    (void)snprintf(m.sha256, sizeof m.sha256, "%s", db_text(q, 3));
    (void)snprintf(r->sha256, sizeof r->sha256, "%s", m.sha256);
    (void)snprintf(r->role, sizeof r->role, "%s", m.role);
    r->active = m.active;
    r->bundled = m.bundled;
    r->n++;
    if (r->fn != NULL)
        r->fn(r->ctx, &m);
}

#define MODEL_COLUMNS "id, role, size, sha256, uploaded, bundled, active FROM models"

static enum lw_status no_model(const char *id, struct lw_error *err)
{
    return lw_fail(err, LW_ENOTFOUND, "there is no model %.64s", id);
}

static enum lw_status get(struct db *d, const char *id, struct reading *r,
                          struct lw_error *err)
{
    enum lw_status st = db_query(d, err, read_model, r, NULL,
                                 "SELECT " MODEL_COLUMNS " WHERE id = ?", "t", id);

    return st == LW_OK && r->n == 0 ? no_model(id, err) : st;
}

enum lw_status store_model_get(struct store *s, const char *id, store_model_fn fn,
                               void *ctx, struct lw_error *err)
{
    struct reading r = {.fn = fn, .ctx = ctx};
    struct db *d = NULL;
    enum lw_status st = store_reader_take(s, &d, err);

    if (st == LW_OK)
        st = get(d, id, &r, err);
    store_reader_give(s, d);
    return st;
}

enum lw_status store_model_open(struct store *s, const char *id, int *fd,
                                uint64_t *size_bytes, struct lw_error *err)
{
    struct reading r = {.fn = NULL};
    char path[FILES_PATH_MAX];
    struct db *d = NULL;
    enum lw_status st = store_reader_take(s, &d, err);

    if (st == LW_OK)
        st = get(d, id, &r, err);
    store_reader_give(s, d);
    if (st == LW_OK)
        st = files_blob_path(path, s->dir, r.sha256, err);
    return st == LW_OK ? files_open(path, fd, size_bytes, err) : st;
}

enum lw_status store_model_list(struct store *s, store_model_fn fn, void *ctx,
                                struct lw_error *err)
{
    struct reading r = {.fn = fn, .ctx = ctx};
    struct db *d = NULL;
    enum lw_status st = store_reader_take(s, &d, err);

    if (st == LW_OK)
        st = db_query(
            d, err, read_model, &r, NULL,
            "SELECT " MODEL_COLUMNS " ORDER BY role, active DESC, uploaded, id", "");
    store_reader_give(s, d);
    return st;
}

enum lw_status store_model_add(struct store *s, const char *role, const void *data,
                               size_t n, bool bundled, char id[13],
                               struct lw_error *err)
{
    char sha256[STORE_SHA_TEXT];
    enum lw_status st = store_begin(s, err);

    if (st != LW_OK)
        return st;
    st = files_put_blob(s->dir, data, n, sha256, err);
    if (st == LW_OK)
        (void)snprintf(id, ID_DIGITS + 1, "%.12s", sha256);
    if (st == LW_OK)
        st = db_run(s->writer, err,
                    "INSERT INTO models (id, role, size, sha256, uploaded, bundled)"
                    " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE"
                    " SET bundled = max(bundled, excluded.bundled)",
                    "ttitii", id, role, (int64_t)n, sha256, store_now_ns(),
                    (int64_t)bundled);
    return store_end(s, st, err);
}

static enum lw_status delete_model(struct store *s, const char *id,
                                   struct lw_error *err)
{
    struct reading r = {.fn = NULL};
    enum lw_status st = get(s->writer, id, &r, err);

    if (st == LW_OK && (r.active || r.bundled))
        return lw_fail(err, LW_EMISMATCH, "model %s %s", id,
                       r.active ? "is in use: activate another one first"
                                : "came with the server and stays");
    if (st == LW_OK)
        st = db_run(s->writer, err, "DELETE FROM models WHERE id = ?", "t", id);
    return st == LW_OK ? store_release_blob(s, r.sha256, err) : st;
}

enum lw_status store_model_delete(struct store *s, const char *id, struct lw_error *err)
{
    enum lw_status st = store_begin(s, err);

    return st == LW_OK ? store_end(s, delete_model(s, id, err), err) : st;
}

static enum lw_status use(struct store *s, const char *role, const char *id,
                          struct lw_error *err)
{
    return db_run(s->writer, err, "UPDATE models SET active = (id = ?) WHERE role = ?",
                  "tt", id, role);
}

static enum lw_status activate(struct store *s, const char *id, struct lw_error *err)
{
    struct reading r = {.fn = NULL};
    enum lw_status st = get(s->writer, id, &r, err);

    if (st != LW_OK || r.active)
        return st;
    st = db_run(s->writer, err,
                "INSERT INTO model_past (role, model, time) SELECT role, id, ?"
                " FROM models WHERE role = ? AND active",
                "it", store_now_ns(), r.role);
    return st == LW_OK ? use(s, r.role, id, err) : st;
}

enum lw_status store_model_activate(struct store *s, const char *id,
                                    struct lw_error *err)
{
    enum lw_status st = store_begin(s, err);

    return st == LW_OK ? store_end(s, activate(s, id, err), err) : st;
}

struct past {
    int64_t id;
    char model[ID_DIGITS + 1];
};

static void read_past(void *ctx, struct db_stmt *q)
{
    struct past *p = ctx;

    p->id = db_int(q, 0);
    (void)snprintf(p->model, sizeof p->model, "%s", db_text(q, 1));
}

static enum lw_status roll_back(struct store *s, const char *role, char id[13],
                                struct lw_error *err)
{
    struct past p = {.id = 0};
    enum lw_status st = db_query(s->writer, err, read_past, &p, NULL,
                                 "SELECT id, model FROM model_past WHERE role = ?"
                                 " ORDER BY id DESC LIMIT 1",
                                 "t", role);

    if (st == LW_OK && p.id == 0)
        return lw_fail(err, LW_EMISMATCH,
                       "no other model was active before for the role %s", role);
    if (st == LW_OK)
        st = db_run(s->writer, err, "DELETE FROM model_past WHERE id = ?", "i", p.id);
    if (st == LW_OK)
        st = use(s, role, p.model, err);
    (void)snprintf(id, ID_DIGITS + 1, "%s", p.model);
    return st;
}

enum lw_status store_model_roll_back(struct store *s, const char *role, char id[13],
                                     struct lw_error *err)
{
    enum lw_status st = store_begin(s, err);

    return st == LW_OK ? store_end(s, roll_back(s, role, id, err), err) : st;
}

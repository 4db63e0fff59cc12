/* SPDX-License-Identifier: Apache-2.0 */
/* Tokens, sessions and users.  Secrets are seen as digests only. */
#include "store/admin.h"
#include "store/store_priv.h"

#include <inttypes.h>
#include <string.h>

#define MINUTE_NS (INT64_C(60) * 1000000000)

/* A reader of rows and what it hands them to. */
struct reading {
    union {
        store_token_fn token;
        store_session_fn session;
        store_user_fn user;
    } fn;
    void *ctx;
};

static enum lw_status read_rows(struct store *s, db_row_fn fn, struct reading *r,
                                const char *what, struct lw_error *err, const char *sql,
                                const char *types, const void *value, size_t n)
{
    uint64_t rows = 0;
    struct db *d = NULL;
    enum lw_status st = store_reader_take(s, &d, err);

    if (st == LW_OK)
        st = db_query(d, err, fn, r, &rows, sql, types, value, n);
    store_reader_give(s, d);
    return st == LW_OK && what != NULL && rows == 0
               ? lw_fail(err, LW_ENOTFOUND, "no such %s", what)
               : st;
}

const char *store_scope_text(uint32_t scopes)
{
    return (scopes & STORE_SCOPE_ADMIN) != 0     ? "admin"
           : (scopes & STORE_SCOPE_ANALYSE) != 0 ? "analyse"
                                                 : "read";
}

/* ---------------------------------------------------------------------- tokens */

#define TOKEN_COLUMNS "id, name, scopes, created, expires, used, revoked FROM tokens"

static void read_token(void *ctx, struct db_stmt *q)
{
    const struct reading *r = ctx;
    const struct store_token t = {
        .id = db_int(q, 0),
        .name = db_text(q, 1),
        .scopes = (uint32_t)db_int(q, 2),
        .created_ns = db_int(q, 3),
        .expires_ns = db_int(q, 4),
        .used_ns = db_int(q, 5),
        .revoked_ns = db_int(q, 6),
    };

    r->fn.token(r->ctx, &t);
}

enum lw_status store_token_add(struct store *s, const char *name,
                               const uint8_t digest[SHA256_BYTES], uint32_t scopes,
                               int64_t expires_ns, int64_t *id, struct lw_error *err)
{
    enum lw_status st =
        store_write(s, err, NULL, id,
                    "INSERT INTO tokens (name, digest, scopes, created, expires)"
                    " VALUES (?, ?, ?, ?, ?)",
                    "tbiii", name, digest, (size_t)SHA256_BYTES, (int64_t)scopes,
                    store_now_ns(), expires_ns);

    if (st == LW_EMISMATCH)
        return lw_fail(err, st,
                       "a token called %s exists: revoke it, or choose another name",
                       name);
    return st;
}

enum lw_status store_token_find(struct store *s, const uint8_t digest[SHA256_BYTES],
                                store_token_fn fn, void *ctx, struct lw_error *err)
{
    struct reading r = {.fn.token = fn, .ctx = ctx};

    return read_rows(s, read_token, &r, "token", err,
                     "SELECT " TOKEN_COLUMNS " WHERE digest = ?", "b", digest,
                     SHA256_BYTES);
}

enum lw_status store_token_list(struct store *s, store_token_fn fn, void *ctx,
                                struct lw_error *err)
{
    struct reading r = {.fn.token = fn, .ctx = ctx};

    return read_rows(s, read_token, &r, NULL, err,
                     "SELECT " TOKEN_COLUMNS " ORDER BY id", "", NULL, 0);
}

static enum lw_status revoke(struct store *s, int64_t id, struct lw_error *err)
{
    int64_t known = 0;
    enum lw_status st = db_number(s->writer, err, &known, 0,
                                  "SELECT count(*) FROM tokens WHERE id = ?", "i", id);

    if (st == LW_OK && known == 0)
        return store_missing("token", id, err);
    if (st == LW_OK)
        st = db_run(s->writer, err,
                    "UPDATE tokens SET revoked = ? WHERE id = ? AND revoked = 0", "ii",
                    store_now_ns(), id);
    if (st == LW_OK)
        st = db_run(s->writer, err, "DELETE FROM sessions WHERE token = ?", "i", id);
    return st;
}

enum lw_status store_token_revoke(struct store *s, int64_t id, struct lw_error *err)
{
    enum lw_status st = store_begin(s, err);

    return st == LW_OK ? store_end(s, revoke(s, id, err), err) : st;
}

enum lw_status store_token_used(struct store *s, int64_t id, int64_t now_ns,
                                struct lw_error *err)
{
    int64_t due = 0;
    struct db *d = NULL;
    enum lw_status st = store_reader_take(s, &d, err);

    if (st == LW_OK)
        st = db_number(d, err, &due, 0,
                       "SELECT count(*) FROM tokens WHERE id = ? AND used <= ?", "ii",
                       id, now_ns - MINUTE_NS);
    store_reader_give(s, d);
    if (st != LW_OK || due == 0)
        return st;
    return store_write(s, err, NULL, NULL, "UPDATE tokens SET used = ? WHERE id = ?",
                       "ii", now_ns, id);
}

/* -------------------------------------------------------------------- sessions */

static void read_session(void *ctx, struct db_stmt *q)
{
    const struct reading *r = ctx;
    const struct store_session n = {
        .id = db_int(q, 0),
        .token = db_int(q, 1),
        .user = db_int(q, 2),
        .name = db_text(q, 3),
        .scopes = (uint32_t)db_int(q, 4),
        .csrf = db_text(q, 5),
        .created_ns = db_int(q, 6),
        .expires_ns = db_int(q, 7),
    };

    r->fn.session(r->ctx, &n);
}

/* The name is that of the token or user, where there is one. */
enum lw_status store_session_add(struct store *s, const uint8_t digest[SHA256_BYTES],
                                 const struct store_session *n, int64_t *id,
                                 struct lw_error *err)
{
    enum lw_status st =
        store_write(s, err, NULL, id,
                    "INSERT INTO sessions (digest, token, user, name, scopes, csrf, "
                    "created, expires)"
                    " VALUES (?1, nullif(?2, 0), nullif(?3, 0),"
                    " coalesce((SELECT name FROM tokens WHERE id = ?2),"
                    " (SELECT name FROM users WHERE id = ?3), ?4, ''), ?5, ?6, ?7, ?8)",
                    "biititii", digest, (size_t)SHA256_BYTES, n->token, n->user,
                    n->name, (int64_t)n->scopes, n->csrf == NULL ? "" : n->csrf,
                    n->created_ns == 0 ? store_now_ns() : n->created_ns, n->expires_ns);

    if (st == LW_EMISMATCH)
        return lw_fail(err, st, "no token or user with that id");
    return st;
}

enum lw_status store_session_find(struct store *s, const uint8_t digest[SHA256_BYTES],
                                  store_session_fn fn, void *ctx, struct lw_error *err)
{
    struct reading r = {.fn.session = fn, .ctx = ctx};

    return read_rows(s, read_session, &r, "session", err,
                     "SELECT id, token, user, name, scopes, csrf, created, expires"
                     " FROM sessions WHERE digest = ?",
                     "b", digest, SHA256_BYTES);
}

enum lw_status store_session_rotate(struct store *s, int64_t id,
                                    const uint8_t digest[SHA256_BYTES],
                                    int64_t expires_ns, struct lw_error *err)
{
    uint64_t changed = 0;
    enum lw_status st =
        store_write(s, err, &changed, NULL,
                    "UPDATE sessions SET digest = ?, expires = ? WHERE id = ?", "bii",
                    digest, (size_t)SHA256_BYTES, expires_ns, id);

    return st == LW_OK && changed == 0 ? store_missing("session", id, err) : st;
}

enum lw_status store_session_delete(struct store *s, int64_t id, struct lw_error *err)
{
    return store_write(s, err, NULL, NULL, "DELETE FROM sessions WHERE id = ?", "i",
                       id);
}

enum lw_status store_session_expire(struct store *s, int64_t now_ns,
                                    struct lw_error *err)
{
    return store_write(s, err, NULL, NULL, "DELETE FROM sessions WHERE expires <= ?",
                       "i", now_ns);
}

/* ----------------------------------------------------------------------- users */

#define USER_COLUMNS "id, name, password, scopes, created, disabled FROM users"

static void read_user(void *ctx, struct db_stmt *q)
{
    const struct reading *r = ctx;
    const struct store_user u = {
        .id = db_int(q, 0),
        .name = db_text(q, 1),
        .password = db_text(q, 2),
        .scopes = (uint32_t)db_int(q, 3),
        .created_ns = db_int(q, 4),
        .disabled = db_int(q, 5) != 0,
    };

    r->fn.user(r->ctx, &u);
}

static enum lw_status add_user(struct store *s, const struct store_user *u, bool first,
                               int64_t *id, struct lw_error *err)
{
    enum lw_status st = db_run(
        s->writer, err,
        "INSERT INTO users (name, password, scopes, created, disabled)"
        " SELECT ?, ?, ?, ?, ? WHERE NOT ? OR NOT EXISTS (SELECT 1 FROM users UNION ALL"
        " SELECT 1 FROM tokens WHERE revoked = 0)",
        "ttiiii", u->name, u->password, (int64_t)u->scopes, store_now_ns(),
        (int64_t)u->disabled, (int64_t)first);

    if (st == LW_EMISMATCH)
        return lw_fail(err, st, "a user called %s exists", u->name);
    if (st == LW_OK && db_changes(s->writer) == 0)
        return lw_fail(err, LW_EMISMATCH, "the first administrator is there already");
    *id = db_last_id(s->writer);
    return st;
}

enum lw_status store_user_add(struct store *s, const struct store_user *u, int64_t *id,
                              struct lw_error *err)
{
    enum lw_status st = store_begin(s, err);

    return st == LW_OK ? store_end(s, add_user(s, u, false, id, err), err) : st;
}

enum lw_status store_user_add_first(struct store *s, const struct store_user *u,
                                    int64_t *id, struct lw_error *err)
{
    enum lw_status st = store_begin(s, err);

    return st == LW_OK ? store_end(s, add_user(s, u, true, id, err), err) : st;
}

enum lw_status store_user_find(struct store *s, const char *name, store_user_fn fn,
                               void *ctx, struct lw_error *err)
{
    struct reading r = {.fn.user = fn, .ctx = ctx};

    return read_rows(s, read_user, &r, "user", err,
                     "SELECT " USER_COLUMNS " WHERE name = ?", "t", name, 0);
}

enum lw_status store_user_get(struct store *s, int64_t id, store_user_fn fn, void *ctx,
                              struct lw_error *err)
{
    struct reading r = {.fn.user = fn, .ctx = ctx};
    uint64_t rows = 0;
    struct db *d = NULL;
    enum lw_status st = store_reader_take(s, &d, err);

    if (st == LW_OK)
        st = db_query(d, err, read_user, &r, &rows,
                      "SELECT " USER_COLUMNS " WHERE id = ?", "i", id);
    store_reader_give(s, d);
    return st == LW_OK && rows == 0 ? store_missing("user", id, err) : st;
}

enum lw_status store_user_list(struct store *s, store_user_fn fn, void *ctx,
                               struct lw_error *err)
{
    struct reading r = {.fn.user = fn, .ctx = ctx};

    return read_rows(s, read_user, &r, NULL, err, "SELECT " USER_COLUMNS " ORDER BY id",
                     "", NULL, 0);
}

/* Is there another one who may everything, or is this none such? */
static enum lw_status check_last_admin(struct store *s, int64_t id,
                                       struct lw_error *err)
{
    int64_t is_last = 0;
    enum lw_status st =
        db_number(s->writer, err, &is_last, 0,
                  "SELECT count(*) FROM users WHERE id = ?1 AND disabled = 0 AND"
                  " (scopes & ?2) <> 0 AND NOT EXISTS (SELECT 1 FROM users WHERE"
                  " id <> ?1 AND disabled = 0 AND (scopes & ?2) <> 0)",
                  "ii", id, (int64_t)STORE_SCOPE_ADMIN);

    if (st == LW_OK && is_last != 0)
        return lw_fail(err, LW_EMISMATCH,
                       "this is the last administrator: make another one first");
    return st;
}

static enum lw_status change_user(struct store *s, int64_t id,
                                  const struct store_user_change *what,
                                  struct lw_error *err)
{
    bool lessens = what->disabled == 1 ||
                   (what->scopes != 0 && (what->scopes & STORE_SCOPE_ADMIN) == 0);
    enum lw_status st =
        what->keep_admin && lessens ? check_last_admin(s, id, err) : LW_OK;

    if (st == LW_OK)
        st = db_run(s->writer, err,
                    "UPDATE users SET password = coalesce(?, password),"
                    " scopes = coalesce(nullif(?, 0), scopes),"
                    " disabled = coalesce(nullif(?, -1), disabled) WHERE id = ?",
                    "tiii", what->password, (int64_t)what->scopes,
                    (int64_t)what->disabled, id);
    if (st == LW_OK && db_changes(s->writer) == 0)
        return store_missing("user", id, err);
    if (st == LW_OK)
        st = db_run(s->writer, err, "DELETE FROM sessions WHERE user = ?", "i", id);
    return st;
}

enum lw_status store_user_change(struct store *s, int64_t id,
                                 const struct store_user_change *what,
                                 struct lw_error *err)
{
    enum lw_status st = store_begin(s, err);

    return st == LW_OK ? store_end(s, change_user(s, id, what, err), err) : st;
}

static enum lw_status delete_user(struct store *s, int64_t id, bool keep_admin,
                                  struct lw_error *err)
{
    enum lw_status st = keep_admin ? check_last_admin(s, id, err) : LW_OK;

    if (st == LW_OK)
        st = db_run(s->writer, err, "DELETE FROM sessions WHERE user = ?", "i", id);
    if (st == LW_OK)
        st = db_run(s->writer, err, "DELETE FROM users WHERE id = ?", "i", id);
    return st == LW_OK && db_changes(s->writer) == 0 ? store_missing("user", id, err)
                                                     : st;
}

enum lw_status store_user_delete(struct store *s, int64_t id, bool keep_admin,
                                 struct lw_error *err)
{
    enum lw_status st = store_begin(s, err);

    return st == LW_OK ? store_end(s, delete_user(s, id, keep_admin, err), err) : st;
}

enum lw_status store_access_counts(struct store *s, uint64_t *users, uint64_t *tokens,
                                   struct lw_error *err)
{
    int64_t n[2] = {0, 0};
    struct db *d = NULL;
    enum lw_status st = store_reader_take(s, &d, err);

    if (st == LW_OK)
        st = db_number(d, err, &n[0], 0, "SELECT count(*) FROM users", "");
    if (st == LW_OK)
        st = db_number(d, err, &n[1], 0,
                       "SELECT count(*) FROM tokens WHERE revoked = 0", "");
    store_reader_give(s, d);
    *users = (uint64_t)n[0];
    *tokens = (uint64_t)n[1];
    return st;
}

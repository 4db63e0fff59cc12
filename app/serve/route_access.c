/* SPDX-License-Identifier: Apache-2.0 */
/* People, tokens, and the log of who did what. */
#include "serve/admit.h"
#include "serve/answer.h"
#include "serve/auth.h"
#include "serve/form.h"
#include "serve/password.h"
#include "serve/present.h"
#include "serve/problem.h"
#include "serve/route.h"
#include "serve/server_priv.h"
#include "store/admin.h"

#include <stdio.h>
#include <string.h>

/* What may be given to people and tokens; each includes those before. */
enum { N_SCOPES = 3 };

static const char *const scope_names[N_SCOPES] = {"read", "analyse", "admin"};
static const uint32_t scope_bits[N_SCOPES] = {
    STORE_SCOPE_READ, STORE_SCOPE_READ | STORE_SCOPE_ANALYSE,
    STORE_SCOPE_READ | STORE_SCOPE_ANALYSE | STORE_SCOPE_ADMIN};

/* ---- people ---------------------------------------------------------------------- */

static void on_user(void *ctx, const struct store_user *u)
{
    put_user(ctx, u);
}

void route_user_list(const struct call *c)
{
    struct answer_page page = {.page = {.limit = 1}};
    struct params p;
    struct lw_error err;

    params_init(&p, c->req->query, c->reply);
    if (!params_end(&p))
        return;
    answer_page_begin(&page, c->reply);
    answer_page_end(&page, store_user_list(c->server->store, on_user, &page.w, &err),
                    &err);
}

/* The one with this id, as the answer. */
static void answer_user(const struct call *c, int64_t id)
{
    struct lw_error err;
    struct jsonw w;

    jsonw_init(&w, c->reply->body);
    answer_one_end(c->reply, store_user_get(c->server->store, id, on_user, &w, &err),
                   &err);
}

/* False: the reply says why. */
static bool hash_of(const struct call *c, const char *password,
                    char hash[PASSWORD_HASH_MAX])
{
    struct lw_error err;
    enum lw_status st = password_hash(password, hash, &err);

    if (st != LW_OK)
        problem_reply(c->reply, st == LW_EINVAL ? 422 : 503, "password", err.msg);
    return st == LW_OK;
}

static void add_user(const struct call *c, const char *name, const char *password,
                     size_t scope)
{
    char hash[PASSWORD_HASH_MAX];
    const struct store_user u = {
        .name = name, .password = hash, .scopes = scope_bits[scope]};
    struct lw_error err;
    int64_t id = 0;

    if (!hash_of(c, password, hash) ||
        answer_failed(c->reply, store_user_add(c->server->store, &u, &id, &err), &err))
        return;
    answer_user(c, id);
    if (c->reply->status == 200)
        answer_created(c->reply, 201, "/api/v1/users", id);
}

void route_user_create(const struct call *c)
{
    const char *name;
    const char *password;
    size_t scope = 0;
    struct form f;

    form_init(&f, c->req->body, c->reply);
    form_require(&f, "name");
    form_require(&f, "password");
    form_require(&f, "scope");
    name = form_plain(&f, "name", 1, AUTH_NAME_MAX - 1);
    password = form_text(&f, "password", PASSWORD_MIN, PASSWORD_MAX);
    (void)form_choice(&f, "scope", scope_names, N_SCOPES, &scope);
    if (!f.failed && (name == NULL || password == NULL))
        form_wrong(&f, name == NULL ? "name" : "password", "expected text");
    if (form_end(&f))
        add_user(c, name, password, scope);
    admit_note(c, c->who, f.failed ? "" : name);
    form_release(&f);
}

void route_user_change(const struct call *c)
{
    struct store_user_change what = {.disabled = -1, .keep_admin = true};
    char hash[PASSWORD_HASH_MAX];
    const char *password;
    bool disabled = false;
    size_t scope = 0;
    struct lw_error err;
    struct form f;
    int64_t id;

    if (!route_id(c, 0, &id))
        return;
    form_init(&f, c->req->body, c->reply);
    password = form_text(&f, "password", PASSWORD_MIN, PASSWORD_MAX);
    if (form_choice(&f, "scope", scope_names, N_SCOPES, &scope))
        what.scopes = scope_bits[scope];
    if (form_bool(&f, "disabled", &disabled))
        what.disabled = disabled ? 1 : 0;
    if (!f.failed && password == NULL && what.scopes == 0 && what.disabled < 0)
        form_wrong(&f, "scope", "expected this, password or disabled");
    if (form_end(&f) && (password == NULL || hash_of(c, password, hash))) {
        what.password = password == NULL ? NULL : hash;
        if (!answer_failed(c->reply,
                           store_user_change(c->server->store, id, &what, &err), &err))
            answer_user(c, id);
    }
    form_release(&f);
}

void route_user_delete(const struct call *c)
{
    struct lw_error err;
    int64_t id;

    if (route_id(c, 0, &id) &&
        !answer_failed(c->reply, store_user_delete(c->server->store, id, true, &err),
                       &err))
        answer_nothing(c->reply);
}

/* ---- tokens ---------------------------------------------------------------------- */

static void on_token(void *ctx, const struct store_token *t)
{
    put_token(ctx, t);
}

void route_token_list(const struct call *c)
{
    struct answer_page page = {.page = {.limit = 1}};
    struct params p;
    struct lw_error err;

    params_init(&p, c->req->query, c->reply);
    if (!params_end(&p))
        return;
    answer_page_begin(&page, c->reply);
    answer_page_end(&page, store_token_list(c->server->store, on_token, &page.w, &err),
                    &err);
}

static void make_token(const struct call *c, const char *name, size_t scope,
                       int64_t expires_ns)
{
    uint8_t digest[SHA256_BYTES];
    char text[AUTH_TOKEN_TEXT];
    struct lw_error err;
    struct jsonw w;
    int64_t id = 0;

    if (auth_token_make(text, digest, &err) != LW_OK) {
        problem_reply(c->reply, 503, NULL, err.msg);
        return;
    }
    if (answer_failed(c->reply,
                      store_token_add(c->server->store, name, digest, scope_bits[scope],
                                      expires_ns, &id, &err),
                      &err))
        return;
    jsonw_init(&w, c->reply->body);
    jsonw_object(&w);
    jsonw_key(&w, "id");
    jsonw_i64(&w, id);
    jsonw_put_text(&w, "name", name);
    jsonw_put_text(&w, "scope", scope_names[scope]);
    jsonw_put_text(&w, "token", text);
    jsonw_object_end(&w);
    buf_add_char(c->reply->body, '\n');
    http_reply_header(c->reply, "Cache-Control", "no-store");
    answer_created(c->reply, 201, "/api/v1/tokens", id);
}

void route_token_create(const struct call *c)
{
    const char *name;
    size_t scope = 0;
    int64_t expires = 0;
    struct form f;

    form_init(&f, c->req->body, c->reply);
    form_require(&f, "name");
    form_require(&f, "scope");
    name = form_plain(&f, "name", 1, AUTH_NAME_MAX - 1);
    (void)form_choice(&f, "scope", scope_names, N_SCOPES, &scope);
    (void)form_time(&f, "expires", &expires);
    if (!f.failed && name == NULL)
        form_wrong(&f, "name", "missing");
    if (form_end(&f))
        make_token(c, name, scope, expires);
    form_release(&f);
}

void route_token_revoke(const struct call *c)
{
    struct lw_error err;
    int64_t id;

    if (route_id(c, 0, &id) &&
        !answer_failed(c->reply, store_token_revoke(c->server->store, id, &err), &err))
        answer_nothing(c->reply);
}

/* ---- audit ----------------------------------------------------------------------- */

static void on_entry(void *ctx, const struct store_audit *a)
{
    put_audit(ctx, a);
}

void route_audit_list(const struct call *c)
{
    struct answer_page page;
    struct params p;
    struct lw_error err;

    params_init(&p, c->req->query, c->reply);
    answer_page_params(&page, &p);
    if (!params_end(&p))
        return;
    answer_page_begin(&page, c->reply);
    answer_page_end(
        &page, store_audit_list(c->server->store, &page.page, on_entry, &page.w, &err),
        &err);
}

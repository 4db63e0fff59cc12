/* SPDX-License-Identifier: Apache-2.0 */
/* Tokens, and the log of who did what. */
#include "serve/answer.h"
#include "serve/auth.h"
#include "serve/form.h"
#include "serve/present.h"
#include "serve/problem.h"
#include "serve/route.h"
#include "serve/server_priv.h"
#include "store/admin.h"

#include <stdio.h>
#include <string.h>

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

static uint32_t scopes_of(size_t choice)
{
    static const uint32_t scopes[] = {
        STORE_SCOPE_READ, STORE_SCOPE_READ | STORE_SCOPE_ANALYSE,
        STORE_SCOPE_READ | STORE_SCOPE_ANALYSE | STORE_SCOPE_ADMIN};

    return scopes[choice];
}

static void make_token(const struct call *c, const char *name, size_t scope,
                       const char *scope_name, int64_t expires_ns)
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
                      store_token_add(c->server->store, name, digest, scopes_of(scope),
                                      expires_ns, &id, &err),
                      &err))
        return;
    jsonw_init(&w, c->reply->body);
    jsonw_object(&w);
    jsonw_key(&w, "id");
    jsonw_i64(&w, id);
    jsonw_put_text(&w, "name", name);
    jsonw_put_text(&w, "scope", scope_name);
    jsonw_put_text(&w, "token", text);
    jsonw_object_end(&w);
    buf_add_char(c->reply->body, '\n');
    http_reply_header(c->reply, "Cache-Control", "no-store");
    answer_created(c->reply, 201, "/api/v1/tokens", id);
}

void route_token_create(const struct call *c)
{
    static const char *const scopes[] = {"read", "analyse", "admin"};
    const char *name;
    size_t scope = 0;
    int64_t expires = 0;
    struct form f;

    form_init(&f, c->req->body, c->reply);
    form_require(&f, "name");
    form_require(&f, "scope");
    name = form_text(&f, "name", 1, 64);
    (void)form_choice(&f, "scope", scopes, 3, &scope);
    (void)form_time(&f, "expires", &expires);
    for (const char *p = name; p != NULL && *p != '\0' && !f.failed; p++)
        if (*p < ' ' || *p > '~')
            form_wrong(&f, "name", "expected plain characters");
    if (!f.failed && name == NULL)
        form_wrong(&f, "name", "missing");
    if (form_end(&f))
        make_token(c, name, scope, scopes[scope], expires);
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

/* SPDX-License-Identifier: Apache-2.0 */
/* Who is there; logging in and out; the first administrator. */
#include "serve/admit.h"
#include "serve/answer.h"
#include "serve/auth.h"
#include "serve/form.h"
#include "serve/password.h"
#include "serve/present.h"
#include "serve/problem.h"
#include "serve/route.h"
#include "serve/server_priv.h"
#include "serve/session.h"
#include "store/admin.h"

#include <stdio.h>
#include <string.h>

/* Where nobody is asked who he is, whoever can connect may do everything. */
static void put_session(const struct call *c, const struct auth_principal *who)
{
    struct server *s = c->server;
    const char *csrf = who != NULL && who->session != 0 ? who->csrf : NULL;
    struct jsonw w;

    jsonw_init(&w, c->reply->body);
    jsonw_object(&w);
    jsonw_put_bool(&w, "authenticated", who != NULL);
    put_text_or_null(&w, "scope",
                     who != NULL     ? store_scope_text(who->scopes)
                     : s->needs_auth ? NULL
                                     : "admin");
    put_text_or_null(&w, "name", who != NULL ? who->name : NULL);
    put_text_or_null(&w, "csrf", csrf);
    put_time_or_null(&w, "expires", who != NULL ? who->expires_ns : 0);
    jsonw_put_bool(&w, "first", s->needs_auth && auth_first_is_open(s->auth));
    jsonw_object_end(&w);
    buf_add_char(c->reply->body, '\n');
}

/* The page asks this when it is loaded: a good moment for another secret. */
void route_session_get(const struct call *c)
{
    char cookie[SESSION_COOKIE_MAX] = "";
    struct auth_principal who;
    struct lw_error err;
    struct params p;
    bool known;

    params_init(&p, c->req->query, c->reply);
    if (!params_end(&p))
        return;
    known = admit_principal(c, &who);
    if (known && who.session != 0 &&
        answer_failed(c->reply,
                      sessions_renew(auth_sessions(c->server->auth), c->req->cookie,
                                     clock_ns(), cookie, &err),
                      &err))
        return;
    if (cookie[0] != '\0')
        http_reply_header(c->reply, "Set-Cookie", cookie);
    put_session(c, known ? &who : NULL);
}

static void let_in(const struct call *c, struct auth_principal *who)
{
    char cookie[SESSION_COOKIE_MAX];
    struct lw_error err;

    if (answer_failed(c->reply,
                      sessions_begin(auth_sessions(c->server->auth), who, clock_ns(),
                                     cookie, &err),
                      &err))
        return;
    http_reply_header(c->reply, "Set-Cookie", cookie);
    c->reply->status = 201;
    put_session(c, who);
    admit_note(c, who->name, "");
}

static bool asks_for_login(const struct call *c)
{
    if (!c->server->needs_auth)
        problem_reply(c->reply, 409, NULL,
                      "this server knows nobody: it was started without --auth");
    return c->server->needs_auth;
}

void route_session_create(const struct call *c)
{
    char client[HTTP_PEER_MAX];
    struct auth_login in = {.client = client};
    struct auth_principal who;
    unsigned status = 0;
    struct form f;
    bool good;

    if (!asks_for_login(c))
        return;
    form_init(&f, c->req->body, c->reply);
    in.token = form_text(&f, "token", 1, 200);
    if (in.token == NULL) {
        form_require(&f, "name");
        form_require(&f, "password");
        in.name = form_plain(&f, "name", 1, AUTH_NAME_MAX - 1);
        in.password = form_text(&f, "password", 1, PASSWORD_MAX);
        if (!f.failed && (in.name == NULL || in.password == NULL))
            form_wrong(&f, in.name == NULL ? "name" : "password", "expected text");
    }
    good = form_end(&f);
    if (good) {
        admit_address(c->server, c->req, client);
        in.mono_ns = admit_mono_ns();
        in.now_ns = clock_ns();
        status = auth_log_in(c->server->auth, &in, &who);
        if (status != 0)
            admit_refuse_login(c, in.name == NULL ? "" : in.name, status);
    }
    form_release(&f);
    if (good && status == 0)
        let_in(c, &who);
}

void route_session_delete(const struct call *c)
{
    char cookie[SESSION_COOKIE_MAX];
    struct auth_principal who;
    struct lw_error err;

    if (!admit_principal(c, &who) || who.session == 0) {
        problem_reply(c->reply, 404, NULL, "there is no session to end");
        return;
    }
    if (answer_failed(
            c->reply,
            sessions_end(auth_sessions(c->server->auth), who.session, cookie, &err),
            &err))
        return;
    answer_nothing(c->reply);
    http_reply_header(c->reply, "Set-Cookie", cookie);
}

void route_administrator_create(const struct call *c)
{
    char client[HTTP_PEER_MAX];
    struct auth_login in = {.client = client};
    struct auth_principal who;
    unsigned status = 0;
    struct lw_error err;
    struct form f;
    bool good;

    if (!asks_for_login(c))
        return;
    form_init(&f, c->req->body, c->reply);
    form_require(&f, "token");
    form_require(&f, "name");
    form_require(&f, "password");
    in.token = form_text(&f, "token", 1, 200);
    in.name = form_plain(&f, "name", 1, AUTH_NAME_MAX - 1);
    in.password = form_text(&f, "password", PASSWORD_MIN, PASSWORD_MAX);
    if (!f.failed && (in.token == NULL || in.name == NULL || in.password == NULL))
        form_wrong(&f, "token", "expected text, as name and password");
    good = form_end(&f);
    if (good) {
        admit_address(c->server, c->req, client);
        in.mono_ns = admit_mono_ns();
        in.now_ns = clock_ns();
        status = auth_first_make(c->server->auth, &in, &who, &err);
        if (status == 422)
            problem_reply(c->reply, 422, "password", err.msg);
        else if (status != 0)
            admit_refuse_login(c, in.name, status);
    }
    form_release(&f);
    if (good && status == 0)
        let_in(c, &who);
}

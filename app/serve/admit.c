/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/admit.h"

#include "base/timefmt.h"
#include "serve/attempts.h"
#include "serve/forwarded.h"
#include "serve/listen.h"
#include "serve/password.h"
#include "serve/present.h"
#include "serve/problem.h"
#include "serve/refusals.h"
#include "serve/server_priv.h"
#include "serve/session.h"
#include "store/admin.h"

#include <lapwing/log.h>

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#define CSRF_HEADER "X-CSRF-Token"

enum { HOST_KNOWN_MAX = 64 };

int64_t admit_mono_ns(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * NS_PER_S + t.tv_nsec;
}

void admit_address(const struct server *s, const struct http_request *req,
                   char out[HTTP_PEER_MAX])
{
    char peer[HTTP_PEER_MAX];

    http_request_peer(req, peer);
    if (s->behind_proxy && forwarded_is_proxy(&s->proxies, peer))
        forwarded_client(&s->proxies, peer, req->forwarded_for, out);
    else
        memcpy(out, peer, sizeof peer);
}

/* ---- the audit log --------------------------------------------------------------- */

/* The route and not the path, which may hold names. */
static void action_of(const struct call *c, char out[96])
{
    if (c->route == NULL)
        (void)snprintf(out, 96, "%.16s, no route", c->req->method);
    else
        (void)snprintf(out, 96, "%s %s", c->route->method, c->route->pattern);
}

void admit_note(const struct call *c, const char *who, const char *object)
{
    char action[96];
    char outcome[16];
    char client[HTTP_PEER_MAX];
    struct lw_error err;
    const struct store_audit a = {.who = who,
                                  .action = action,
                                  .object = object,
                                  .outcome = outcome,
                                  .client = client};

    action_of(c, action);
    (void)snprintf(outcome, sizeof outcome, "%u", c->reply->status);
    admit_address(c->server, c->req, client);
    if (store_audit_add(c->server->store, &a, &err) != LW_OK)
        lw_log(LW_LOG_ERROR, "the audit log: %s", err.msg);
}

static void note_refusal(const struct call *c, const char *who)
{
    char action[96];
    char client[HTTP_PEER_MAX];

    action_of(c, action);
    admit_address(c->server, c->req, client);
    refusals_add(c->server->refusals, who, client, action, c->reply->status);
}

static bool refuse(const struct call *c, unsigned status, const char *field,
                   const char *detail)
{
    problem_reply(c->reply, status, field, detail);
    if (status == 401 || status == 403 || status == 429)
        note_refusal(c, "");
    return false;
}

/* ---- from where ------------------------------------------------------------------ */

static bool is_health(const struct call *c)
{
    return c->route != NULL && (strcmp(c->route->pattern, "/healthz") == 0 ||
                                strcmp(c->route->pattern, "/readyz") == 0);
}

/* Behind a proxy nobody else may ask, since only the way over the proxy is encrypted:
 * but for what a supervisor on the same network wants to know. */
static bool comes_over_proxy(const struct call *c)
{
    char peer[HTTP_PEER_MAX];

    http_request_peer(c->req, peer);
    return forwarded_is_proxy(&c->server->proxies, peer) || is_health(c);
}

/*
 * A page of a foreign site can make its own name resolve to 127.0.0.1 and then read
 * our answers as if they were its own ("DNS rebinding").  Its browser still sends that
 * name as Host, so on a loopback address only loopback names are served.  Elsewhere a
 * token is asked for, which the foreign page has not, and the browser's cookie goes to
 * the name only that it came from.
 */
static bool host_is_ours(const struct call *c)
{
    /* A client names the same host again and again. */
    static _Thread_local char known[HOST_KNOWN_MAX];
    const char *host = c->req->host;

    if (!c->server->loopback_only || host == NULL || strcmp(host, known) == 0)
        return true;
    if (!listen_host_is_loopback(host))
        return false;
    if (strlen(host) < sizeof known)
        memcpy(known, host, strlen(host) + 1);
    return true;
}

/* "https://host:port" beside "host:port". */
static bool origin_names(const char *origin, const char *host)
{
    const char *rest = strstr(origin, "://");

    return rest != NULL && host != NULL && strcasecmp(rest + 3, host) == 0;
}

/*
 * Was it made by a page of another site?  Browsers say so in Sec-Fetch-Site, older ones
 * at least in Origin, and no page can keep them from it; programs send neither.
 */
static bool comes_from_elsewhere(const struct call *c)
{
    const char *site = c->req->fetch_site;
    const char *origin = c->req->origin;

    if (site != NULL)
        return strcmp(site, "same-origin") != 0 && strcmp(site, "none") != 0;
    if (origin == NULL || origin_names(origin, c->req->host))
        return false;
    return !c->server->behind_proxy ||
           !origin_names(origin, http_request_header(c->req, "X-Forwarded-Host"));
}

static bool only_reads(const struct call *c)
{
    const char *m = c->req->method;

    return strcmp(m, "GET") == 0 || strcmp(m, "HEAD") == 0 || strcmp(m, "OPTIONS") == 0;
}

/* Whoever asks very often is told to wait, before more is done for him. */
static bool is_within_rate(const struct call *c)
{
    char client[HTTP_PEER_MAX];

    if (c->server->rates == NULL || is_health(c))
        return true;
    admit_address(c->server, c->req, client);
    return attempts_take(c->server->rates, client, admit_mono_ns());
}

bool admit_request(const struct call *c)
{
    if (c->server->behind_proxy && !comes_over_proxy(c))
        return refuse(c, 403, NULL, "this server is asked through its proxy only");
    if (!is_within_rate(c)) {
        (void)refuse(c, 429, NULL, "too many requests a second (--client-rate)");
        http_reply_header(c->reply, "Retry-After", "1");
        return false;
    }
    if (!host_is_ours(c)) {
        problem_reply(c->reply, 421, NULL,
                      "this server answers to localhost, 127.0.0.1 and [::1] only");
        return false;
    }
    /* One route of another system starts work by GET. */
    if (c->route != NULL && (!only_reads(c) || c->route->scope >= SCOPE_ANALYSE) &&
        comes_from_elsewhere(c))
        return refuse(c, 403, NULL, "a page of another site asked for this");
    return true;
}

/* ---- who ------------------------------------------------------------------------- */

static bool refuse_client(const struct call *c, const char *who, unsigned status)
{
    static const char *const missing =
        "log in, or send a token as 'Authorization: Bearer TOKEN'; lapwing token makes "
        "them";

    switch (status) {
    case 401:
        problem_reply(c->reply, status, NULL, missing);
        http_reply_header(c->reply, "WWW-Authenticate", "Bearer");
        break;
    case 403:
        problem_reply(c->reply, status, NULL, "this is not allowed to you");
        break;
    case 429:
        problem_reply(c->reply, status, NULL, "too many requests with a wrong token");
        http_reply_header(c->reply, "Retry-After", "1");
        break;
    default:
        problem_reply(c->reply, status, NULL, "tokens cannot be looked up now");
        return false;
    }
    note_refusal(c, who);
    return false;
}

void admit_refuse_login(const struct call *c, const char *name, unsigned status)
{
    char seconds[16];

    (void)snprintf(seconds, sizeof seconds, "%d", AUTH_LOGIN_S);
    switch (status) {
    case 401:
        problem_reply(c->reply, status, NULL,
                      "that token, or that name with that password, is not known here");
        break;
    case 409:
        problem_reply(c->reply, status, NULL,
                      "the first administrator is there already");
        break;
    case 429:
        problem_reply(c->reply, status, NULL,
                      "too many attempts to log in; wait half a minute for each more");
        http_reply_header(c->reply, "Retry-After", seconds);
        break;
    default:
        problem_reply(c->reply, status, NULL, "nobody can be looked up now");
        break;
    }
    if (status != 503)
        note_refusal(c, name);
}

static unsigned check(const struct call *c, uint32_t needs, struct auth_principal *who)
{
    char client[HTTP_PEER_MAX];
    const struct auth_request req = {.authorization = c->req->authorization,
                                     .cookie = c->req->cookie,
                                     .client = client,
                                     .needs = needs,
                                     .mono_ns = admit_mono_ns(),
                                     .now_ns = clock_ns()};

    admit_address(c->server, c->req, client);
    return auth_check(c->server->auth, &req, who);
}

bool admit_principal(const struct call *c, struct auth_principal *who)
{
    return c->server->needs_auth && check(c, 0, who) == 0;
}

/* A cookie comes along with requests that others make in the browser's name; the token
 * beside it only our own pages can read. */
static bool csrf_fits(const struct call *c, const struct auth_principal *who)
{
    const char *sent = http_request_header(c->req, CSRF_HEADER);

    return sent != NULL && secret_equals(sent, who->csrf);
}

bool admit_client(const struct call *c, char who[HTTP_WHO_MAX])
{
    static const uint32_t bit[] = {[SCOPE_NONE] = 0,
                                   [SCOPE_READ] = STORE_SCOPE_READ,
                                   [SCOPE_ANALYSE] = STORE_SCOPE_ANALYSE,
                                   [SCOPE_ADMIN] = STORE_SCOPE_ADMIN};
    struct auth_principal found;
    unsigned status;

    _Static_assert((int)HTTP_WHO_MAX >= (int)AUTH_NAME_MAX, "a name fits");
    who[0] = '\0';
    if (!c->server->needs_auth || c->route->scope == SCOPE_NONE)
        return true;
    status = check(c, bit[c->route->scope], &found);
    if (status != 0)
        return refuse_client(c, found.name, status);
    if (found.session != 0 && !only_reads(c) && !csrf_fits(c, &found)) {
        problem_reply(c->reply, 403, CSRF_HEADER,
                      CSRF_HEADER " is missing or of another session; GET "
                                  "/api/v1/session tells it");
        note_refusal(c, found.name);
        return false;
    }
    (void)snprintf(who, HTTP_WHO_MAX, "%s", found.name);
    return true;
}

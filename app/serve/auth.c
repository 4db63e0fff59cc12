/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/auth.h"

#include "base/mem.h"
#include "serve/attempts.h"
#include "serve/password.h"
#include "serve/session.h"
#include "store/admin.h"

#include <lapwing/log.h>

#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>

#define S_NS INT64_C(1000000000)

struct auth {
    struct store *store;       /* borrowed */
    struct attempts *failures; /* owned */
    struct attempts *logins;   /* owned */
    struct sessions *sessions; /* owned */
    pthread_mutex_t lock;      /* of what follows: the first administrator */
    bool first_open;
    uint8_t first[SHA256_BYTES]; /* of the one-time token */
};

static bool random_bytes(void *out, size_t n)
{
    return getrandom(out, n, 0) == (ssize_t)n;
}

enum lw_status auth_token_make(char text[AUTH_TOKEN_TEXT], uint8_t digest[SHA256_BYTES],
                               struct lw_error *err)
{
    uint8_t secret[AUTH_TOKEN_BYTES];

    if (!random_bytes(secret, sizeof secret))
        return lw_fail(err, LW_EIO, "the system gives no random numbers");
    memcpy(text, "lw_", 3);
    digest_hex(secret, sizeof secret, text + 3);
    explicit_bzero(secret, sizeof secret);
    digest_sha256(text, strlen(text), digest);
    return LW_OK;
}

enum lw_status auth_new(struct auth **out, struct store *store, bool secure,
                        struct lw_error *err)
{
    struct auth *a = mem_zalloc(1, sizeof *a);
    enum lw_status st;

    if (a == NULL)
        return lw_fail(err, LW_ENOMEM, "out of memory");
    a->store = store;
    (void)pthread_mutex_init(&a->lock, NULL);
    st = attempts_new(&a->failures, AUTH_FAILURES, S_NS, err);
    if (st == LW_OK)
        st = attempts_new(&a->logins, AUTH_LOGINS, AUTH_LOGIN_S * S_NS, err);
    if (st == LW_OK)
        st = sessions_new(&a->sessions, store, secure, err);
    if (st != LW_OK) {
        auth_free(a);
        return st;
    }
    *out = a;
    return LW_OK;
}

void auth_free(struct auth *a)
{
    if (a == NULL)
        return;
    sessions_free(a->sessions);
    attempts_free(a->logins);
    attempts_free(a->failures);
    (void)pthread_mutex_destroy(&a->lock);
    mem_free(a);
}

struct sessions *auth_sessions(struct auth *a)
{
    return a->sessions;
}

/* ---- tokens ---------------------------------------------------------------------- */

/* Does it look like one of ours? */
static bool is_token(const char *text)
{
    return strncmp(text, "lw_", 3) == 0 && strlen(text) == AUTH_TOKEN_TEXT - 1;
}

/* The token of "Bearer TOKEN", NULL where it is none of ours. */
static const char *bearer_of(const char *authorization)
{
    const char *token;

    if (strncasecmp(authorization, "Bearer ", 7) != 0)
        return NULL;
    token = authorization + 7;
    return is_token(token) ? token : NULL;
}

struct found {
    struct auth_principal who;
    int64_t now_ns;
    bool valid;
};

static void on_token(void *ctx, const struct store_token *t)
{
    struct found *f = ctx;

    if (t->revoked_ns != 0 || (t->expires_ns != 0 && t->expires_ns <= f->now_ns))
        return;
    f->valid = true;
    f->who.token = t->id;
    f->who.scopes = t->scopes;
    f->who.expires_ns = t->expires_ns;
    (void)snprintf(f->who.name, sizeof f->who.name, "%s", t->name);
}

/* 0, 401 or 503. */
static unsigned find_token(struct auth *a, const char *text, int64_t now_ns,
                           struct auth_principal *who)
{
    struct found f = {.now_ns = now_ns};
    uint8_t digest[SHA256_BYTES];
    struct lw_error err;
    enum lw_status st;

    digest_sha256(text, strlen(text), digest);
    st = store_token_find(a->store, digest, on_token, &f, &err);
    if (st != LW_OK && st != LW_ENOTFOUND) {
        lw_log(LW_LOG_ERROR, "tokens: %s", err.msg);
        return 503;
    }
    if (!f.valid)
        return 401;
    if (store_token_used(a->store, f.who.token, now_ns, &err) != LW_OK)
        lw_log(LW_LOG_ERROR, "tokens: %s", err.msg);
    *who = f.who;
    return 0;
}

static unsigned check_bearer(struct auth *a, const struct auth_request *req,
                             struct auth_principal *who)
{
    const char *token = bearer_of(req->authorization);
    unsigned status;

    if (!attempts_left(a->failures, req->client, req->mono_ns))
        return 429;
    status = token == NULL ? 401 : find_token(a, token, req->now_ns, who);
    if (status == 401 && !attempts_take(a->failures, req->client, req->mono_ns))
        return 429;
    return status;
}

static unsigned check_cookie(struct auth *a, const struct auth_request *req,
                             struct auth_principal *who)
{
    struct lw_error err;
    enum lw_status st = sessions_find(a->sessions, req->cookie, req->now_ns, who, &err);

    if (st == LW_OK)
        return 0;
    if (st == LW_ENOTFOUND)
        return 401;
    lw_log(LW_LOG_ERROR, "sessions: %s", err.msg);
    return 503;
}

unsigned auth_check(struct auth *a, const struct auth_request *req,
                    struct auth_principal *who)
{
    unsigned status;

    memset(who, 0, sizeof *who);
    status = req->authorization != NULL ? check_bearer(a, req, who)
                                        : check_cookie(a, req, who);
    if (status == 0 && (who->scopes & req->needs) != req->needs)
        return 403;
    return status;
}

/* ---- logging in ------------------------------------------------------------------ */

struct person {
    struct auth_principal who;
    char hash[PASSWORD_HASH_MAX];
    bool valid;
};

static void on_user(void *ctx, const struct store_user *u)
{
    struct person *p = ctx;

    if (u->disabled || strlen(u->password) >= sizeof p->hash)
        return;
    p->valid = true;
    p->who.user = u->id;
    p->who.scopes = u->scopes;
    (void)snprintf(p->who.name, sizeof p->who.name, "%s", u->name);
    (void)snprintf(p->hash, sizeof p->hash, "%s", u->password);
}

static unsigned find_person(struct auth *a, const struct auth_login *req,
                            struct auth_principal *who)
{
    struct person p = {.valid = false};
    struct lw_error err;
    enum lw_status st = store_user_find(a->store, req->name, on_user, &p, &err);

    if (st != LW_OK && st != LW_ENOTFOUND) {
        lw_log(LW_LOG_ERROR, "users: %s", err.msg);
        return 503;
    }
    /* For nobody's name it takes as long. */
    if (!password_fits(req->password, p.valid ? p.hash : NULL))
        return 401;
    *who = p.who;
    return 0;
}

unsigned auth_log_in(struct auth *a, const struct auth_login *req,
                     struct auth_principal *who)
{
    unsigned status;

    memset(who, 0, sizeof *who);
    /* Spent before it is looked at: many at a time are not more guesses. */
    if (!attempts_take(a->logins, req->client, req->mono_ns))
        return 429;
    if (req->token == NULL)
        status = find_person(a, req, who);
    else
        status =
            is_token(req->token) ? find_token(a, req->token, req->now_ns, who) : 401;
    if (status != 401)
        attempts_give(a->logins, req->client);
    return status;
}

/* ---- the first administrator ----------------------------------------------------- */

enum lw_status auth_first_begin(struct auth *a, char text[AUTH_TOKEN_TEXT],
                                struct lw_error *err)
{
    enum lw_status st;

    (void)pthread_mutex_lock(&a->lock);
    st = auth_token_make(text, a->first, err);
    a->first_open = st == LW_OK;
    (void)pthread_mutex_unlock(&a->lock);
    return st;
}

bool auth_first_is_open(struct auth *a)
{
    bool open;

    (void)pthread_mutex_lock(&a->lock);
    open = a->first_open;
    (void)pthread_mutex_unlock(&a->lock);
    return open;
}

static void first_close(struct auth *a)
{
    (void)pthread_mutex_lock(&a->lock);
    a->first_open = false;
    (void)pthread_mutex_unlock(&a->lock);
}

static bool first_fits(struct auth *a, const char *text)
{
    uint8_t digest[SHA256_BYTES];
    bool fits;

    digest_sha256(text, strlen(text), digest);
    (void)pthread_mutex_lock(&a->lock);
    fits = a->first_open && memcmp(digest, a->first, sizeof digest) == 0;
    (void)pthread_mutex_unlock(&a->lock);
    return fits;
}

unsigned auth_first_make(struct auth *a, const struct auth_login *req,
                         struct auth_principal *who, struct lw_error *err)
{
    char hash[PASSWORD_HASH_MAX];
    const struct store_user u = {.name = req->name,
                                 .password = hash,
                                 .scopes = STORE_SCOPE_READ | STORE_SCOPE_ANALYSE |
                                           STORE_SCOPE_ADMIN};
    enum lw_status st;

    memset(who, 0, sizeof *who);
    if (!auth_first_is_open(a))
        return 409;
    if (!attempts_take(a->logins, req->client, req->mono_ns))
        return 429;
    if (!first_fits(a, req->token))
        return 401;
    attempts_give(a->logins, req->client);
    st = password_hash(req->password, hash, err);
    if (st != LW_OK)
        return st == LW_EINVAL ? 422 : 503;
    st = store_user_add_first(a->store, &u, &who->user, err);
    if (st != LW_OK && st != LW_EMISMATCH)
        return 503;
    first_close(a);
    if (st != LW_OK)
        return 409;
    who->scopes = u.scopes;
    (void)snprintf(who->name, sizeof who->name, "%s", req->name);
    return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/auth.h"

#include "base/mem.h"
#include "store/admin.h"

#include <lapwing/log.h>

#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>

#define NS_PER_FAILURE INT64_C(1000000000)

/* What a client may still get wrong, as the time at which it has all back. */
struct client {
    int64_t full_ns;
};

struct auth {
    struct store *store; /* borrowed */
    pthread_mutex_t lock;
    uint8_t key[16]; /* of the table: nobody can choose a row */
    struct client clients[AUTH_CLIENTS];
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

enum lw_status auth_new(struct auth **out, struct store *store, struct lw_error *err)
{
    struct auth *a = mem_zalloc(1, sizeof *a);

    if (a == NULL)
        return lw_fail(err, LW_ENOMEM, "out of memory for the table of clients");
    if (!random_bytes(a->key, sizeof a->key)) {
        mem_free(a);
        return lw_fail(err, LW_EIO, "the system gives no random numbers");
    }
    a->store = store;
    (void)pthread_mutex_init(&a->lock, NULL);
    *out = a;
    return LW_OK;
}

void auth_free(struct auth *a)
{
    if (a == NULL)
        return;
    (void)pthread_mutex_destroy(&a->lock);
    mem_free(a);
}

/* ---- how often --------------------------------------------------------------------
 */

static struct client *client_row(struct auth *a, const char *address)
{
    uint8_t text[sizeof a->key + 64];
    uint8_t digest[SHA256_BYTES];
    size_t n = strnlen(address, 64);

    memcpy(text, a->key, sizeof a->key);
    memcpy(text + sizeof a->key, address, n);
    digest_sha256(text, sizeof a->key + n, digest);
    return &a->clients[(digest[0] | (unsigned)digest[1] << 8) % AUTH_CLIENTS];
}

static bool may_try(struct auth *a, const struct auth_request *req)
{
    bool may;

    (void)pthread_mutex_lock(&a->lock);
    may = client_row(a, req->client)->full_ns - req->mono_ns <=
          (AUTH_FAILURES - 1) * NS_PER_FAILURE;
    (void)pthread_mutex_unlock(&a->lock);
    return may;
}

static unsigned failed(struct auth *a, const struct auth_request *req)
{
    struct client *c;

    (void)pthread_mutex_lock(&a->lock);
    c = client_row(a, req->client);
    if (c->full_ns < req->mono_ns)
        c->full_ns = req->mono_ns;
    c->full_ns += NS_PER_FAILURE;
    (void)pthread_mutex_unlock(&a->lock);
    return 401;
}

/* ---- tokens -----------------------------------------------------------------------
 */

/* The token of "Bearer TOKEN", NULL where it is none of ours. */
static const char *bearer_of(const char *authorization)
{
    const char *token;

    if (authorization == NULL || strncasecmp(authorization, "Bearer ", 7) != 0)
        return NULL;
    token = authorization + 7;
    if (strncmp(token, "lw_", 3) != 0 || strlen(token) != AUTH_TOKEN_TEXT - 1)
        return NULL;
    return token;
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
    (void)snprintf(f->who.name, sizeof f->who.name, "%s", t->name);
}

unsigned auth_check(struct auth *a, const struct auth_request *req,
                    struct auth_principal *who)
{
    const char *token = bearer_of(req->authorization);
    struct found f = {.now_ns = req->now_ns};
    uint8_t digest[SHA256_BYTES];
    struct lw_error err;
    enum lw_status st;

    if (!may_try(a, req))
        return 429;
    if (token == NULL)
        return failed(a, req);
    digest_sha256(token, strlen(token), digest);
    st = store_token_find(a->store, digest, on_token, &f, &err);
    if (st != LW_OK && st != LW_ENOTFOUND) {
        lw_log(LW_LOG_ERROR, "tokens: %s", err.msg);
        return 503;
    }
    if (!f.valid)
        return failed(a, req);
    if ((f.who.scopes & req->needs) != req->needs)
        return 403;
    if (store_token_used(a->store, f.who.token, req->now_ns, &err) != LW_OK)
        lw_log(LW_LOG_ERROR, "tokens: %s", err.msg);
    *who = f.who;
    return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/session.h"

#include "base/mem.h"
#include "store/admin.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

enum { FORMER_MAX = 64, CSRF_BYTES = 16 };

#define FORMER_NS (INT64_C(60) * 1000000000)
/* Two pages that are loaded at the same time must not change the secret twice. */
#define RENEW_NS (INT64_C(30) * 1000000000)

struct former {
    uint8_t was[SHA256_BYTES]; /* digests */
    uint8_t now[SHA256_BYTES];
    int64_t made_ns;
    int64_t used_ns; /* the new one, first; 0: not yet */
};

struct sessions {
    struct store *store; /* borrowed */
    bool secure;
    pthread_mutex_t lock;
    struct former former[FORMER_MAX]; /* a ring; made_ns 0: empty */
    size_t next;
};

enum lw_status sessions_new(struct sessions **out, struct store *store, bool secure,
                            struct lw_error *err)
{
    struct sessions *s = mem_zalloc(1, sizeof *s);

    if (s == NULL)
        return lw_fail(err, LW_ENOMEM, "out of memory");
    s->store = store;
    s->secure = secure;
    (void)pthread_mutex_init(&s->lock, NULL);
    *out = s;
    return LW_OK;
}

void sessions_free(struct sessions *s)
{
    if (s == NULL)
        return;
    (void)pthread_mutex_destroy(&s->lock);
    mem_free(s);
}

/* ---- the cookie ------------------------------------------------------------------ */

/* Browsers take a name with this prefix only over TLS and from the host itself, so that
 * no neighbouring host can put one of its own in its place. */
static const char *cookie_name(const struct sessions *s)
{
    return s->secure ? "__Host-lapwing_session" : "lapwing_session";
}

static void cookie_write(const struct sessions *s, const char *secret,
                         char cookie[SESSION_COOKIE_MAX])
{
    (void)snprintf(cookie, SESSION_COOKIE_MAX,
                   "%s=%s; Path=/; HttpOnly; SameSite=Strict%s%s", cookie_name(s),
                   secret, s->secure ? "; Secure" : "",
                   secret[0] == '\0' ? "; Max-Age=0" : "");
}

static bool is_secret(const char *p, size_t n)
{
    if (n != SESSION_TEXT - 1)
        return false;
    for (size_t i = 0; i < n; i++)
        if (!((p[i] >= '0' && p[i] <= '9') || (p[i] >= 'a' && p[i] <= 'f')))
            return false;
    return true;
}

bool session_cookie_read(const char *header, const char *name, char out[SESSION_TEXT])
{
    size_t n_name = strlen(name);

    while (header != NULL && *header != '\0') {
        size_t n;

        header += strspn(header, " \t;");
        n = strcspn(header, ";");
        if (n > n_name && strncmp(header, name, n_name) == 0 && header[n_name] == '=') {
            const char *value = header + n_name + 1;
            size_t n_value = n - n_name - 1;

            while (n_value > 0 &&
                   (value[n_value - 1] == ' ' || value[n_value - 1] == '\t'))
                n_value--;
            if (is_secret(value, n_value)) {
                memcpy(out, value, n_value);
                out[n_value] = '\0';
                return true;
            }
        }
        header += n;
    }
    return false;
}

static bool digest_of(const struct sessions *s, const char *header,
                      uint8_t digest[SHA256_BYTES])
{
    char secret[SESSION_TEXT];

    if (!session_cookie_read(header, cookie_name(s), secret))
        return false;
    digest_sha256(secret, strlen(secret), digest);
    explicit_bzero(secret, sizeof secret);
    return true;
}

static enum lw_status make_secret(char text[SESSION_TEXT], uint8_t digest[SHA256_BYTES],
                                  struct lw_error *err)
{
    uint8_t bytes[SESSION_BYTES];

    if (getrandom(bytes, sizeof bytes, 0) != (ssize_t)sizeof bytes)
        return lw_fail(err, LW_EIO, "the system gives no random numbers");
    digest_hex(bytes, sizeof bytes, text);
    digest_sha256(text, SESSION_TEXT - 1, digest);
    explicit_bzero(bytes, sizeof bytes);
    return LW_OK;
}

/* ---- former secrets -------------------------------------------------------------- */

/* The lock is held.  Where a digest was replaced, what it is now; NULL: it was not, or
 * too long ago. */
static struct former *former_of(struct sessions *s, const uint8_t digest[SHA256_BYTES],
                                int64_t now_ns)
{
    for (size_t i = 0; i < FORMER_MAX; i++) {
        struct former *f = &s->former[i];

        if (f->made_ns != 0 && memcmp(f->was, digest, SHA256_BYTES) == 0 &&
            (f->used_ns == 0 || now_ns - f->used_ns < FORMER_NS))
            return f;
    }
    return NULL;
}

/* Replace a former digest by the present one; one that is in use now begins the end of
 * the one before it. */
static void follow(struct sessions *s, uint8_t digest[SHA256_BYTES], int64_t now_ns)
{
    struct former *f;

    (void)pthread_mutex_lock(&s->lock);
    for (size_t i = 0; i < FORMER_MAX; i++) {
        f = &s->former[i];
        if (f->made_ns != 0 && f->used_ns == 0 &&
            memcmp(f->now, digest, SHA256_BYTES) == 0)
            f->used_ns = now_ns;
    }
    /* It may have been replaced more than once since. */
    for (size_t hops = 0; hops < FORMER_MAX; hops++) {
        f = former_of(s, digest, now_ns);
        if (f == NULL)
            break;
        memcpy(digest, f->now, SHA256_BYTES);
    }
    (void)pthread_mutex_unlock(&s->lock);
}

/* ---- life ------------------------------------------------------------------------ */

enum lw_status sessions_begin(struct sessions *s, struct auth_principal *who,
                              int64_t now_ns, char cookie[SESSION_COOKIE_MAX],
                              struct lw_error *err)
{
    uint8_t random[CSRF_BYTES];
    uint8_t digest[SHA256_BYTES];
    char secret[SESSION_TEXT];
    enum lw_status st = make_secret(secret, digest, err);

    if (st != LW_OK)
        return st;
    if (getrandom(random, sizeof random, 0) != (ssize_t)sizeof random)
        return lw_fail(err, LW_EIO, "the system gives no random numbers");
    digest_hex(random, sizeof random, who->csrf);
    if (who->expires_ns == 0 || who->expires_ns > now_ns + SESSION_NS)
        who->expires_ns = now_ns + SESSION_NS;
    st = store_session_expire(s->store, now_ns, err);
    if (st == LW_OK) {
        const struct store_session n = {.token = who->token,
                                        .user = who->user,
                                        .name = who->name,
                                        .scopes = who->scopes,
                                        .csrf = who->csrf,
                                        .created_ns = now_ns,
                                        .expires_ns = who->expires_ns};

        st = store_session_add(s->store, digest, &n, &who->session, err);
    }
    cookie_write(s, secret, cookie);
    explicit_bzero(secret, sizeof secret);
    return st;
}

static void on_session(void *ctx, const struct store_session *n)
{
    struct auth_principal *who = ctx;

    *who = (struct auth_principal){.token = n->token,
                                   .user = n->user,
                                   .session = n->id,
                                   .scopes = n->scopes,
                                   .expires_ns = n->expires_ns};
    (void)snprintf(who->name, sizeof who->name, "%s", n->name);
    (void)snprintf(who->csrf, sizeof who->csrf, "%s", n->csrf);
}

static enum lw_status find(struct sessions *s, const uint8_t digest[SHA256_BYTES],
                           int64_t now_ns, struct auth_principal *who,
                           struct lw_error *err)
{
    struct auth_principal found;
    enum lw_status st = store_session_find(s->store, digest, on_session, &found, err);

    if (st != LW_OK)
        return st;
    if (found.expires_ns <= now_ns)
        return lw_fail(err, LW_ENOTFOUND, "the session has ended");
    *who = found;
    return LW_OK;
}

enum lw_status sessions_find(struct sessions *s, const char *header, int64_t now_ns,
                             struct auth_principal *who, struct lw_error *err)
{
    uint8_t digest[SHA256_BYTES];

    if (!digest_of(s, header, digest))
        return lw_fail(err, LW_ENOTFOUND, "no session");
    follow(s, digest, now_ns);
    return find(s, digest, now_ns, who, err);
}

/* The lock is held, so that of two requests with one secret only one changes it. */
static enum lw_status renew(struct sessions *s, const uint8_t was[SHA256_BYTES],
                            int64_t now_ns, char cookie[SESSION_COOKIE_MAX],
                            struct lw_error *err)
{
    struct former *f = former_of(s, was, now_ns);
    struct auth_principal who = {.session = 0};
    uint8_t digest[SHA256_BYTES];
    char secret[SESSION_TEXT];
    enum lw_status st;

    /* Used already, the new one is in the browser; just made, it may be on its way. */
    if (f != NULL && (f->used_ns != 0 || now_ns - f->made_ns < RENEW_NS))
        return LW_OK;
    st = find(s, f == NULL ? was : f->now, now_ns, &who, err);
    if (st == LW_OK)
        st = make_secret(secret, digest, err);
    if (st == LW_OK)
        st = store_session_rotate(s->store, who.session, digest, who.expires_ns, err);
    if (st != LW_OK)
        return st;
    if (f == NULL) {
        f = &s->former[s->next];
        s->next = (s->next + 1) % FORMER_MAX;
        memcpy(f->was, was, SHA256_BYTES);
    }
    memcpy(f->now, digest, SHA256_BYTES);
    f->made_ns = now_ns;
    f->used_ns = 0;
    cookie_write(s, secret, cookie);
    explicit_bzero(secret, sizeof secret);
    return LW_OK;
}

enum lw_status sessions_renew(struct sessions *s, const char *header, int64_t now_ns,
                              char cookie[SESSION_COOKIE_MAX], struct lw_error *err)
{
    uint8_t was[SHA256_BYTES];
    enum lw_status st;

    cookie[0] = '\0';
    if (!digest_of(s, header, was))
        return lw_fail(err, LW_ENOTFOUND, "no session");
    (void)pthread_mutex_lock(&s->lock);
    st = renew(s, was, now_ns, cookie, err);
    (void)pthread_mutex_unlock(&s->lock);
    return st;
}

enum lw_status sessions_end(struct sessions *s, int64_t session,
                            char cookie[SESSION_COOKIE_MAX], struct lw_error *err)
{
    cookie_write(s, "", cookie);
    return store_session_delete(s->store, session, err);
}

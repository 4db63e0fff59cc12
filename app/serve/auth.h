/* SPDX-License-Identifier: Apache-2.0 */
/*
 * serve/auth.h - who may do what: API tokens, sessions, people with a password, and how
 * often a client may guess.
 *
 * A token is "lw_" and 256 random bits in hexadecimal.  It is shown once; the store
 * keeps its SHA-256, which is enough for a secret that cannot be guessed.  It is looked
 * up at every request, so that revoking one counts at once.  A browser sends the cookie
 * of a session instead (session.h), which begins with a token or with a name and a
 * password.
 *
 * A client that sends a wrong token spends one of AUTH_FAILURES; they come back one a
 * second.  With none left its tokens are answered 429, also right ones.  Logging in has
 * a budget of its own, AUTH_LOGINS, which comes back more slowly: passwords can be
 * guessed.  A request without token and cookie, or with an old cookie, guesses nothing.
 *
 * On a store that nobody has been on, the first administrator is whoever knows the
 * one-time token of this start.  It is kept in memory only.
 *
 * Thread safety: any thread.
 */
#ifndef SERVE_AUTH_H
#define SERVE_AUTH_H

#include "base/digest.h"

#include <lapwing/error.h>

#include <stdbool.h>
#include <stdint.h>

struct auth;     /* opaque */
struct sessions; /* serve/session.h */
struct store;    /* store/store.h */

enum {
    AUTH_TOKEN_BYTES = 32,
    AUTH_TOKEN_TEXT = 3 + 2 * AUTH_TOKEN_BYTES + 1, /* with its end */
    AUTH_NAME_MAX = 65,                             /* with its end */
    AUTH_CSRF_TEXT = 33,                            /* with its end */
    AUTH_FAILURES = 20,                             /* one back a second */
    AUTH_LOGINS = 10                                /* one back each AUTH_LOGIN_S */
};

enum { AUTH_LOGIN_S = 30 };

/** Make a token: its text, for the one who asked, and its digest, for the store.
 *  LW_EIO: no random numbers. */
LW_MUST enum lw_status auth_token_make(char text[AUTH_TOKEN_TEXT],
                                       uint8_t digest[SHA256_BYTES],
                                       struct lw_error *err);

/** `store` is borrowed until auth_free(); `secure`: cookies must not leave TLS.
 *  LW_ENOMEM; LW_EIO: no random numbers. */
LW_MUST enum lw_status auth_new(struct auth **out, struct store *store, bool secure,
                                struct lw_error *err);
/** NULL is fine. */
void auth_free(struct auth *a);

/** Who asks, as far as it is known. */
struct auth_principal {
    int64_t token;      /* 0: a person's session */
    int64_t user;       /* 0: not a person */
    int64_t session;    /* 0: a token of its own came with the request */
    int64_t expires_ns; /* of the session, or at login: of the token; 0: never */
    uint32_t scopes;
    char name[AUTH_NAME_MAX];
    char csrf[AUTH_CSRF_TEXT]; /* of the session */
};

struct auth_request {
    const char *authorization; /* the header; NULL: absent */
    const char *cookie;        /* the header; looked at without `authorization` */
    const char *client;        /* its address, without the port */
    uint32_t needs;            /* a STORE_SCOPE_... bit */
    int64_t mono_ns;           /* a clock that only goes forward */
    int64_t now_ns;            /* the wall clock */
};

/** May this request be answered?  0: yes; otherwise the status to answer: 401 no valid
 *  token or session, 403 its scopes are too few, 429 too many failures, 503 the store
 *  cannot be read.  `who` says as whom, also with 403; otherwise it is nobody. */
LW_MUST unsigned auth_check(struct auth *a, const struct auth_request *req,
                            struct auth_principal *who);

/** How somebody wants to be let in: with a token, or with a name and a password. */
struct auth_login {
    const char *token; /* NULL: name and password */
    const char *name;
    const char *password;
    const char *client;
    int64_t mono_ns;
    int64_t now_ns;
};

/** 0: `who` is known, for sessions_begin(); otherwise 401, 429 or 503. */
LW_MUST unsigned auth_log_in(struct auth *a, const struct auth_login *req,
                             struct auth_principal *who);

/** Nobody has been on this store: make a one-time token, whose text is for whoever
 *  started the server.  LW_EIO: no random numbers. */
LW_MUST enum lw_status auth_first_begin(struct auth *a, char text[AUTH_TOKEN_TEXT],
                                        struct lw_error *err);
/** Is the first administrator still to come? */
bool auth_first_is_open(struct auth *a);
/** Make the first administrator: auth_login with all three.  0: `who` is; otherwise 401
 *  another token, 409 somebody was first, 422 the password (err says what), 429, 503.
 */
LW_MUST unsigned auth_first_make(struct auth *a, const struct auth_login *req,
                                 struct auth_principal *who, struct lw_error *err);

/** Where sessions are kept; borrowed. */
struct sessions *auth_sessions(struct auth *a);

#endif /* SERVE_AUTH_H */

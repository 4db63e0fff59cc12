/* SPDX-License-Identifier: Apache-2.0 */
/*
 * serve/auth.h - who may do what: API tokens and how often a client may guess.
 *
 * A token is "lw_" and 256 random bits in hexadecimal.  It is shown once; the store
 * keeps its SHA-256, which is enough for a secret that cannot be guessed.  It is looked
 * up at every request, so that revoking one counts at once.
 *
 * A client that fails spends one of AUTH_FAILURES; they come back one a second.  With
 * none left it is answered 429, whatever it sends.  The table of clients is bounded:
 * where two share a row, the later one takes over what the former had left, so that
 * many addresses are no way to more guesses.
 *
 * Thread safety: any thread.
 */
#ifndef SERVE_AUTH_H
#define SERVE_AUTH_H

#include "base/digest.h"

#include <lapwing/error.h>

#include <stdint.h>

struct auth;  /* opaque */
struct store; /* store/store.h */

enum {
    AUTH_TOKEN_BYTES = 32,
    AUTH_TOKEN_TEXT = 3 + 2 * AUTH_TOKEN_BYTES + 1, /* with its end */
    AUTH_NAME_MAX = 65,                             /* with its end */
    AUTH_FAILURES = 20,
    AUTH_CLIENTS = 4096 /* rows of the table of clients */
};

/** Make a token: its text, for the one who asked, and its digest, for the store.
 *  LW_EIO: no random numbers. */
LW_MUST enum lw_status auth_token_make(char text[AUTH_TOKEN_TEXT],
                                       uint8_t digest[SHA256_BYTES],
                                       struct lw_error *err);

/** `store` is borrowed until auth_free().  LW_ENOMEM; LW_EIO: no random numbers. */
LW_MUST enum lw_status auth_new(struct auth **out, struct store *store,
                                struct lw_error *err);
/** NULL is fine. */
void auth_free(struct auth *a);

struct auth_request {
    const char *authorization; /* the header; NULL: absent */
    const char *client;        /* its address, without the port */
    uint32_t needs;            /* a STORE_SCOPE_... bit */
    int64_t mono_ns;           /* a clock that only goes forward */
    int64_t now_ns;            /* the wall clock */
};

struct auth_principal {
    int64_t token;
    uint32_t scopes;
    char name[AUTH_NAME_MAX];
};

/** May this request be answered?  0: yes, and `who` says as whom; otherwise the status
 *  to answer: 401 no valid token, 403 its scopes are too few, 429 too many failures,
 *  503 the store cannot be read. */
LW_MUST unsigned auth_check(struct auth *a, const struct auth_request *req,
                            struct auth_principal *who);

#endif /* SERVE_AUTH_H */

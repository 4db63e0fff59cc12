/* SPDX-License-Identifier: Apache-2.0 */
/*
 * serve/session.h - a browser that has logged in.
 *
 * A session is a cookie with 256 random bits, of which the store keeps the SHA-256, and
 * a second secret that only our own pages get to read (against requests that other
 * sites make in the browser's name).  It ends SESSION_NS after the login, with the
 * token that it was made with, or when somebody logs out.
 *
 * The cookie's secret changes whenever the page is loaded (sessions_renew), so that one
 * that leaked is soon of no use.  A browser may have requests under way with the former
 * one, or never have seen the new one, since its answer was lost: the former is good
 * until FORMER_NS after the new one was first used.  Former secrets are in memory only:
 * after a restart the new ones count.
 *
 * Thread safety: any thread.
 */
#ifndef SERVE_SESSION_H
#define SERVE_SESSION_H

#include "base/digest.h"
#include "serve/auth.h"

enum {
    SESSION_BYTES = 32,
    SESSION_TEXT = 2 * SESSION_BYTES + 1, /* with its end */
    SESSION_COOKIE_MAX = 192
};

#define SESSION_NS (INT64_C(12) * 3600 * 1000000000)

struct sessions; /* opaque */

/** `store` is borrowed until sessions_free(); `secure`: the cookie must not leave TLS.
 *  LW_ENOMEM. */
LW_MUST enum lw_status sessions_new(struct sessions **out, struct store *store,
                                    bool secure, struct lw_error *err);
/** NULL is fine. */
void sessions_free(struct sessions *s);

/** Begin one for who has just logged in; `who` gets csrf, session and expires_ns, and
 *  `cookie` the value of Set-Cookie.  What the store says; LW_EIO: no random numbers.
 */
LW_MUST enum lw_status sessions_begin(struct sessions *s, struct auth_principal *who,
                                      int64_t now_ns, char cookie[SESSION_COOKIE_MAX],
                                      struct lw_error *err);
/** Whose is a Cookie header (NULL: absent)?  LW_ENOTFOUND: nobody's, or it has ended.
 */
LW_MUST enum lw_status sessions_find(struct sessions *s, const char *header,
                                     int64_t now_ns, struct auth_principal *who,
                                     struct lw_error *err);
/** Give the session of a Cookie header another secret: the value of Set-Cookie; ""
 * where it has just got one. */
LW_MUST enum lw_status sessions_renew(struct sessions *s, const char *header,
                                      int64_t now_ns, char cookie[SESSION_COOKIE_MAX],
                                      struct lw_error *err);
/** Log out: the value of Set-Cookie that makes the browser forget it. */
LW_MUST enum lw_status sessions_end(struct sessions *s, int64_t session,
                                    char cookie[SESSION_COOKIE_MAX],
                                    struct lw_error *err);

/** The value of a cookie that is a secret of ours (RFC 6265, 4.2.1), in lower-case
 *  hexadecimal; false where there is none. */
bool session_cookie_read(const char *header, const char *name, char out[SESSION_TEXT]);

#endif /* SERVE_SESSION_H */

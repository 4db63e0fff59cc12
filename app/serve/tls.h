/* SPDX-License-Identifier: Apache-2.0 */
/*
 * serve/tls.h - the server's certificate and key, looked at before they are used, and
 * read again when they were renewed.
 *
 * What is wrong with them is said with the file's name, and not by the first client.
 * Whoever begins a handshake gets the latest pair that was good.
 * docs/adr/0008-tls-by-libmicrohttpd.md says who speaks TLS.
 */
#ifndef SERVE_TLS_H
#define SERVE_TLS_H

#include <lapwing/error.h>

struct tls; /* opaque */

/** Read both and check that they go together.  A certificate whose time has not come or
 *  is over, or is over within two weeks, and a key that others can read, are warned of.
 *  The caller owns *out; there is one in a process.
 *  LW_EIO: a file cannot be read.  LW_EFORMAT: it is no PEM, or the key needs a
 *  password.  LW_EMISMATCH: the key is another's.  LW_ENOMEM. */
LW_MUST enum lw_status tls_new(struct tls **out, const char *cert_path,
                               const char *key_path, struct lw_error *err);
/** After the listener has stopped.  NULL is fine. */
void tls_free(struct tls *t);

/** Read the files again, for handshakes from now on.  On failure, as above, the former
 *  pair stays in use.  One thread at a time. */
LW_MUST enum lw_status tls_reload(struct tls *t, struct lw_error *err);

/** What GnuTLS calls for a certificate: a gnutls_certificate_retrieve_function2. */
typedef void (*tls_retrieve_fn)(void);
tls_retrieve_fn tls_retrieve(const struct tls *t);

#endif /* SERVE_TLS_H */

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * serve/tls.h - the server's certificate and key, looked at before they are used.
 *
 * What is wrong with them is said at the start, with the file's name, and not by the
 * first client.  docs/adr/0008-tls-by-libmicrohttpd.md says who speaks TLS.
 */
#ifndef SERVE_TLS_H
#define SERVE_TLS_H

#include "base/buf.h"

#include <lapwing/error.h>

struct tls_files {
    struct buf cert; /* PEM, the server's certificate first; as text */
    struct buf key;  /* PEM */
};

/** Read both and check that they go together.  A certificate whose time has not come or
 *  is over, or is over within two weeks, and a key that others can read, are warned of.
 *  LW_EIO: a file cannot be read.  LW_EFORMAT: it is no PEM, or the key needs a
 *  password.  LW_EMISMATCH: the key is another's.  On failure there is nothing to
 *  release. */
LW_MUST enum lw_status tls_load(struct tls_files *out, const char *cert_path,
                                const char *key_path, struct lw_error *err);
/** Wipes the key. */
void tls_release(struct tls_files *files);

#endif /* SERVE_TLS_H */

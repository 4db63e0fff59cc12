/* SPDX-License-Identifier: Apache-2.0 */
/*
 * serve/incoming.h - a capture on its way from a request's body to the store.
 *
 * The body is the file itself, or a form of which one part is the file.  Nothing of it
 * is acknowledged before it is whole and on disk.
 */
#ifndef SERVE_INCOMING_H
#define SERVE_INCOMING_H

#include "serve/http.h"
#include "store/store.h"

struct server; /* serve/server.h */

struct incoming_config {
    const char *name;     /* of the file; copied; NULL: the form tells it */
    bool form;            /* the body is multipart/form-data ... */
    const char *type;     /* ... as this header says; borrowed for the call */
    bool analyse;         /* queue a job for it */
    uint64_t limit_bytes; /* of the file */
};

struct incoming; /* opaque: a sink's context */

extern const struct http_sink_ops incoming_ops;

/** LW_EFORMAT: the form's boundary.  LW_ENOMEM. */
LW_MUST enum lw_status incoming_new(struct incoming **out, struct server *s,
                                    const struct incoming_config *cfg,
                                    struct lw_error *err);

/** After the last byte: make it a capture.  *job is 0 where none was queued.
 *  LW_EFORMAT: no capture, a broken form.  LW_ELIMIT: too large.  What the store says.
 */
LW_MUST enum lw_status incoming_commit(struct incoming *in, int64_t *capture,
                                       int64_t *job, struct lw_error *err);

/** Do these first bytes of a file begin a capture, or something packed? */
bool incoming_is_capture(const uint8_t *p, size_t n);

/** A name that a client gave a file: 1 to 200 bytes of UTF-8 without slashes and
 *  control characters. */
bool incoming_name_ok(const char *name);

#endif /* SERVE_INCOMING_H */

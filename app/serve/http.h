/* SPDX-License-Identifier: Apache-2.0 */
/*
 * serve/http.h - requests in, answers out, whatever library speaks HTTP.
 *
 * The listener owns sockets, threads, limits and framing; a handler sees one complete
 * request and fills in one answer.  Handlers run on several threads at once.
 */
#ifndef SERVE_HTTP_H
#define SERVE_HTTP_H

#include "base/buf.h"
#include "base/span.h"

#include <lapwing/error.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { HTTP_HEADERS_MAX = 4, HTTP_HEADER_TEXT_MAX = 1024 };

/** A complete request; everything is borrowed for the call. */
struct http_request {
    const char *method;          /* "GET" */
    const char *path;            /* decoded, without the query */
    const char *host;            /* NULL: absent, which only HTTP/1.0 allows */
    const char *accept;          /* NULL: absent */
    const char *accept_encoding; /* NULL: absent */
    struct span body;
};

struct http_header {
    const char *name;
    const char *value;
};

/** An answer made once and given often: status, headers and body. */
struct http_fixed; /* opaque */

/** An answer: a fixed one, or the other fields. */
struct http_reply {
    const struct http_fixed *fixed; /* borrowed; NULL: see below */
    unsigned status;
    const char *content_type; /* static */
    struct buf *body;         /* borrowed, empty at first: append to it */
    struct http_header headers[HTTP_HEADERS_MAX];
    size_t n_headers;
    char text[HTTP_HEADER_TEXT_MAX]; /* of the headers' values */
    size_t text_len;
};

/** Add a header; `name` is static, `value` is copied, and cut where it does not fit.
 *  Bytes that a header must not carry become '?'. */
void http_reply_header(struct http_reply *reply, const char *name, const char *value);

/** Make a fixed answer; `body` is copied, `headers` (n_headers) too.  The caller frees
 *  it, after the listener has stopped.  LW_ENOMEM. */
LW_MUST enum lw_status http_fixed_new(struct http_fixed **out, unsigned status,
                                      const char *content_type, struct span body,
                                      const struct http_header *headers,
                                      size_t n_headers, struct lw_error *err);
/** NULL is fine. */
void http_fixed_free(struct http_fixed *fixed);

typedef void (*http_handler_fn)(void *ctx, const struct http_request *req,
                                struct http_reply *reply);

struct http_config {
    int listen_fd;            /* listening socket; the listener closes it */
    unsigned n_threads;       /* at least 1 */
    unsigned max_connections; /* more are refused at once */
    size_t max_body_bytes;    /* more is answered 413 */
    int64_t request_ms;       /* from the first line to the answer's last byte */
    int64_t idle_ms;          /* from connecting or an answer to the next first line */
    http_handler_fn handler;
    void *ctx; /* borrowed */
};

struct http_listener; /* opaque */

/** Start serving; the caller owns *out.  LW_ENOMEM, LW_EIO.  On failure the socket is
 *  still the caller's. */
LW_MUST enum lw_status http_start(struct http_listener **out,
                                  const struct http_config *cfg, struct lw_error *err);
/** Accept no more, let running requests end (for up to a second), close everything and
 *  free.  NULL is fine. */
void http_stop(struct http_listener *l);

#endif /* SERVE_HTTP_H */

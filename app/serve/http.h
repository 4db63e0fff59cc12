/* SPDX-License-Identifier: Apache-2.0 */
/*
 * serve/http.h - requests in, answers out, whatever library speaks HTTP.
 *
 * The listener owns sockets, threads, limits and framing.  Of each request it asks a
 * plan as soon as the headers are there: how large the body may be, where it goes (into
 * memory, or piece by piece to a sink), and whether the handler may take its time and
 * so belongs on a thread of its own.  Then the handler sees the complete request and
 * fills in one answer: text, a file, or a stream that is pulled from while the client
 * reads.  Plans and handlers run on several threads at once.
 */
#ifndef SERVE_HTTP_H
#define SERVE_HTTP_H

#include "base/buf.h"
#include "base/span.h"

#include <lapwing/error.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum {
    HTTP_HEADERS_MAX = 8,
    HTTP_HEADER_TEXT_MAX = 1024,
    HTTP_PEER_MAX = 48,
    HTTP_WHO_MAX = 65
};

/** Rates below which a client that sends or reads much is cut off, bytes a second. */
#define HTTP_SLOWEST_BYTES_S 4096

/** A request; everything is borrowed until it has ended. */
struct http_request {
    const char *method; /* "GET" */
    const char *path;   /* decoded, without the query */
    const char *query;  /* as sent, what follows the '?'; "" without one */
    const char *host;   /* NULL: absent, which only HTTP/1.0 allows */
    const char *accept; /* NULL: absent; as the next two */
    const char *content_type;
    const char *authorization;
    const char *cookie;
    const char *forwarded_for; /* the last X-Forwarded-For of several */
    const char *fetch_site;    /* Sec-Fetch-Site; NULL: absent; as the next */
    const char *origin;
    bool has_length;       /* Content-Length was said, */
    uint64_t length_bytes; /* and this is it */
    struct span body;      /* where the plan has no sink */
    struct conn *conn;     /* the listener's own */
};

/** Another header of the request, or NULL. */
const char *http_request_header(const struct http_request *req, const char *name);
/** The client's address as text, without the port. */
void http_request_peer(const struct http_request *req, char out[HTTP_PEER_MAX]);

struct http_header {
    const char *name;
    const char *value;
};

/** Every answer has these headers, unless it has its own of that name: nothing is
 *  loaded or run by it, nobody frames it, no other site gets to read it, nobody keeps
 *  it.  Then NULL. */
extern const struct http_header http_common_headers[];

/** An answer made once and given often: status, headers and body. */
struct http_fixed; /* opaque */

/** Wakes a stream that had nothing to send; see http_wake(). */
struct http_waker; /* opaque */

enum { HTTP_STREAM_END = -1, HTTP_STREAM_FAILED = -2, HTTP_STREAM_WAIT = 0 };

/** A body made while it is sent.  All calls come from one thread at a time. */
struct http_stream_ops {
    /** Up to `max` bytes to out: their number or one of HTTP_STREAM_...  Failed breaks
     *  the connection off, so that the client sees that something is missing.  After
     *  WAIT the stream sleeps until somebody calls http_wake(). */
    ssize_t (*read)(void *ctx, char *out, size_t max);
    /** The last call, also where the client left early.  Nobody must wake the stream
     *  after it. */
    void (*close)(void *ctx);
};

#define HTTP_LENGTH_UNKNOWN UINT64_MAX

/** An answer: a fixed one, a stream, or the body. */
struct http_reply {
    const struct http_fixed *fixed; /* borrowed; NULL: see below */
    unsigned status;
    const char *content_type; /* static; NULL: none, for an answer without a body */
    struct buf *body;         /* borrowed, empty at first: append to it */
    const struct http_stream_ops *stream; /* NULL: none */
    void *stream_ctx;                     /* taken over together with it */
    uint64_t stream_bytes;                /* its length, or HTTP_LENGTH_UNKNOWN */
    bool held;                            /* the answer comes later: see http_hold() */
    struct http_header headers[HTTP_HEADERS_MAX];
    size_t n_headers;
    char text[HTTP_HEADER_TEXT_MAX]; /* of the headers' values */
    size_t text_len;
};

/** Add a header; `name` is static, `value` is copied, and cut where it does not fit.
 *  Bytes that a header must not carry become '?'. */
void http_reply_header(struct http_reply *reply, const char *name, const char *value);

/** Answer with the first `n_bytes` of an open file, which is taken over, and closed
 * also where this fails (then the reply is a problem). */
void http_reply_file(struct http_reply *reply, int fd, uint64_t n_bytes);

/** What a fixed answer is made of; all copied. */
struct http_fixed_config {
    unsigned status;
    const char *content_type;
    struct span body;
    const struct http_header *headers; /* (n_headers) */
    size_t n_headers;
    bool secure; /* see http_config */
};

/** Make a fixed answer.  The caller frees it, after the listener has stopped.
 *  LW_ENOMEM. */
LW_MUST enum lw_status http_fixed_new(struct http_fixed **out,
                                      const struct http_fixed_config *cfg,
                                      struct lw_error *err);
/** NULL is fine. */
void http_fixed_free(struct http_fixed *fixed);

/** Where a large body goes.  All calls come from one thread at a time. */
struct http_sink_ops {
    /** The next piece.  False: it is of no use any more, and the handler will say why;
     *  what follows is thrown away. */
    bool (*write)(void *ctx, const void *data, size_t n);
    /** The last call, after the handler, or without it where the client left early. */
    void (*close)(void *ctx);
};

/** What is to be done with a request, decided by its headers. */
struct http_plan {
    const void *route;     /* for the handler */
    size_t max_body_bytes; /* more is answered 413; of what goes to a sink, too */
    const struct http_sink_ops *sink; /* NULL: the body is kept in memory */
    void *sink_ctx;                   /* taken over together with it */
    bool slow;                        /* the handler is called on a thread of its own */
    bool refused;           /* the reply is made already; the handler is not called */
    char who[HTTP_WHO_MAX]; /* for the handler: who asks; "": nobody knows */
};

typedef void (*http_plan_fn)(void *ctx, const struct http_request *req,
                             struct http_plan *plan, struct http_reply *reply);
typedef void (*http_handler_fn)(void *ctx, const struct http_request *req,
                                const struct http_plan *plan, struct http_reply *reply);
/** A request has ended; status 0: the client left before it was answered. */
typedef void (*http_done_fn)(void *ctx, const struct http_request *req,
                             const struct http_plan *plan, unsigned status);

struct http_config {
    int listen_fd;              /* listening socket; the listener closes it */
    void (*tls_retrieve)(void); /* a gnutls_certificate_retrieve_function2; NULL: no TLS
                                 */
    bool secure;              /* clients speak TLS, here or with a proxy: say that they
                                 must always */
    unsigned n_threads;       /* at least 1 */
    unsigned n_slow_threads;  /* at least 1 */
    unsigned max_connections; /* more are refused at once */
    int64_t request_ms;       /* from the first line to the answer's last byte, and a
                                 second more for each HTTP_SLOWEST_BYTES_S of body */
    int64_t idle_ms;          /* from connecting or an answer to the next first line */
    http_plan_fn plan;
    http_handler_fn handler;
    http_done_fn done;
    void *ctx; /* borrowed */
};

struct http_listener; /* opaque */

/** Start serving; the caller owns *out.  LW_ENOMEM, LW_EIO.  On failure the socket is
 *  still the caller's. */
LW_MUST enum lw_status http_start(struct http_listener **out,
                                  const struct http_config *cfg, struct lw_error *err);
/** Accept no more, let running requests end (for up to a second), close everything and
 *  free.  Streams that wait must have been woken to their end, answers that are held
 *  given.  NULL is fine. */
void http_stop(struct http_listener *l);
/** Accept no more; what is connected is served on. */
void http_quiesce(struct http_listener *l);

unsigned http_connections(const struct http_listener *l);

/** From a handler: the stream that will be given with this answer is woken with it,
 *  until its close(). */
struct http_waker *http_request_waker(const struct http_request *req);
/** Ask a waiting stream to be read from again.  Any thread; waking one that does not
 *  wait is harmless. */
void http_wake(struct http_waker *w);

/** From a handler: the answer comes later, by http_give(), called exactly once from any
 *  thread.  Until then the request's reply belongs to whoever called this. */
struct http_waker *http_hold(const struct http_request *req, struct http_reply *reply);
void http_give(struct http_waker *w);

#endif /* SERVE_HTTP_H */

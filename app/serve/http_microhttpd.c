/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one user of libmicrohttpd: an epoll loop per thread, all on one listening socket.
 *
 * A request goes through these phases; libmicrohttpd calls on_request() once with the
 * headers, once per piece of body, and once at the end.
 *
 *     on_request_line()        on_request(): headers   body...        end
 *     PHASE_LINE ------------> check_headers() ------> take_body() -> give_answer()
 *                                  | plan()             PHASE_BODY       |
 *                                  | wrong framing, or far too large     |
 *                                  +--> answered at once, closed         |
 *     PHASE_ANSWERED <---- send_reply() <---- handler() <----------------+
 *                               ^   here, or on a thread of the slow pool|
 *                               +---- PHASE_READY <---- PHASE_AWAY <-----+
 *
 * While a request is away (a slow handler, an answer that is held, a stream that waits)
 * its connection is suspended: the loop does not look at it, and nobody else touches
 * it, until it is resumed.
 *
 * Two things the library leaves to us.  *Time*: its timeout measures silence, so a
 * connection's deadline (deadline.h) is set here, from first line to last byte and
 * from there to the next first line.  What is long may take longer, as long as bytes
 * flow at HTTP_SLOWEST_BYTES_S on average and never stop for a request's time.
 * *Framing*: it is not strict about where a request ends; http_framing.h is.
 *
 * What libmicrohttpd refuses by itself (a header of 16 KiB, a length that is no number,
 * a line without a colon) gets its own 4xx page, whose header 0.9.75 may send twice,
 * and is closed.  It does so for as little as can be: Host, blanks in the path, the
 * number of headers and all of the query are looked at here, and are problems.
 *
 * A connection's memory is made when it is accepted and used again by each of its
 * requests; a fixed answer is one libmicrohttpd response for all.  So the common
 * request allocates nothing here.
 */
#include "base/assert.h"
#include "base/mem.h"
#include "serve/deadline.h"
#include "serve/http_framing.h"
#include "serve/open_files.h"
#include "serve/problem.h"
#include "serve/slow_pool.h"

#include <lapwing/log.h>

#include <microhttpd.h>

#include <arpa/inet.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

enum {
    /* libmicrohttpd's buffers of one connection: bounds line and headers. */
    POOL_BYTES = 16 * 1024,
    /* A body over the limit is swallowed up to here, so that its sender gets to read
     * the answer instead of a reset connection. */
    SWALLOW_BYTES = 1024 * 1024,
    /* Buffers that grew beyond are not kept for the connection's next request. */
    KEEP_BYTES = 8 * 1024,
    STOP_WAIT_MS = 1000,
    /* A piece of a stream. */
    STREAM_BYTES = 32 * 1024
};

/* Of what waits for something else than its client. */
#define NO_DEADLINE_MS (INT64_MAX / 4)

enum phase { PHASE_LINE, PHASE_BODY, PHASE_AWAY, PHASE_READY, PHASE_ANSWERED };

struct http_fixed {
    struct MHD_Response *response; /* owned */
    void *body;                    /* owned; the response borrows it */
    unsigned status;
};

struct http_listener {
    struct http_config cfg;
    struct MHD_Daemon *daemon;    /* owned */
    struct deadline_watch *watch; /* owned */
    struct slow_pool *slow;       /* owned */
    _Atomic unsigned n_connections;
    _Atomic unsigned n_requests; /* between first line and last byte */
    bool quiet;
};

/* A connection and the request that is on it. */
struct conn {
    struct deadline deadline;
    struct http_listener *listener; /* borrowed: outlives the connection */
    struct MHD_Connection *link;    /* borrowed: lives as long */
    struct buf body;
    struct buf answer;
    struct buf query;        /* as sent; libmicrohttpd takes its own to pieces */
    struct http_request req; /* texts borrowed from libmicrohttpd until the end */
    struct http_plan plan;
    struct http_reply reply;
    struct slow_work work;
    _Atomic int pending; /* of a slow handler and a held answer: not done yet */
    bool on_slow_thread;
    enum phase phase;
    unsigned status;      /* answered; 0: not yet */
    int64_t began_ms;     /* of what is long: when, */
    uint64_t moved_bytes; /* and what was sent or received since */
    size_t body_bytes;    /* received, kept or not */
    size_t thrown_bytes;  /* of these, thrown away */
    bool sink_failed;
    struct http_framing framing;
};

/* ---------------------------------------------------------------------------- time */

static int64_t now_ms(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC_COARSE, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* More of something long went through: its deadline moves on, as far as the average
 * earns it. */
static void long_moved(struct conn *c, size_t n)
{
    int64_t request_ms = c->listener->cfg.request_ms;
    int64_t earned;

    c->moved_bytes += n;
    earned = c->began_ms + request_ms +
             (int64_t)(c->moved_bytes * 1000 / HTTP_SLOWEST_BYTES_S) - now_ms();
    if (earned > request_ms)
        earned = request_ms;
    deadline_set(&c->deadline, earned > 0 ? earned : 1);
}

static void long_begins(struct conn *c)
{
    c->began_ms = now_ms();
    c->moved_bytes = 0;
}

/* ------------------------------------------------------------------- answers out */

static bool has_header(const struct http_header *headers, size_t n_headers,
                       const char *name)
{
    for (size_t i = 0; i < n_headers; i++)
        if (strcasecmp(headers[i].name, name) == 0)
            return true;
    return false;
}

static bool add_headers(struct MHD_Response *r, const char *content_type,
                        const struct http_header *headers, size_t n_headers,
                        bool secure)
{
    bool ok = content_type == NULL ||
              MHD_add_response_header(r, "Content-Type", content_type) == MHD_YES;

    for (size_t i = 0; ok && i < n_headers; i++)
        ok = MHD_add_response_header(r, headers[i].name, headers[i].value) == MHD_YES;
    for (const struct http_header *h = http_common_headers; ok && h->name != NULL; h++)
        ok = has_header(headers, n_headers, h->name) ||
             MHD_add_response_header(r, h->name, h->value) == MHD_YES;
    return ok && (!secure || MHD_add_response_header(r, "Strict-Transport-Security",
                                                     "max-age=31536000") == MHD_YES);
}

enum lw_status http_fixed_new(struct http_fixed **out,
                              const struct http_fixed_config *cfg, struct lw_error *err)
{
    struct http_fixed *f = mem_zalloc(1, sizeof *f);

    if (f == NULL)
        return lw_fail(err, LW_ENOMEM, "out of memory");
    f->status = cfg->status;
    f->body = mem_dup(cfg->body.p, cfg->body.n);
    if (f->body != NULL)
        f->response = MHD_create_response_from_buffer(cfg->body.n, f->body,
                                                      MHD_RESPMEM_PERSISTENT);
    if (f->response == NULL ||
        !add_headers(f->response, cfg->content_type, cfg->headers, cfg->n_headers,
                     cfg->secure)) {
        http_fixed_free(f);
        return lw_fail(err, LW_ENOMEM, "out of memory");
    }
    *out = f;
    return LW_OK;
}

void http_fixed_free(struct http_fixed *fixed)
{
    if (fixed == NULL)
        return;
    if (fixed->response != NULL)
        MHD_destroy_response(fixed->response);
    mem_free(fixed->body);
    mem_free(fixed);
}

static ssize_t stream_read(void *ctx, uint64_t at, char *out, size_t max)
{
    struct conn *c = ctx;
    ssize_t n = c->reply.stream->read(c->reply.stream_ctx, out, max);

    (void)at;
    if (n == HTTP_STREAM_END)
        return MHD_CONTENT_READER_END_OF_STREAM;
    if (n == HTTP_STREAM_FAILED)
        return MHD_CONTENT_READER_END_WITH_ERROR;
    if (n != HTTP_STREAM_WAIT) {
        long_moved(c, (size_t)n);
        return n;
    }
    /* A waker that came in between is not lost: libmicrohttpd then does not suspend. */
    deadline_set(&c->deadline, NO_DEADLINE_MS);
    MHD_suspend_connection(c->link);
    return 0;
}

static struct MHD_Response *make_response(struct conn *c)
{
    struct http_reply *reply = &c->reply;

    if (reply->stream == NULL)
        return buf_ok(reply->body)
                   ? MHD_create_response_from_buffer(
                         reply->body->len, reply->body->data, MHD_RESPMEM_MUST_COPY)
                   : NULL;
    long_begins(c);
    deadline_set(&c->deadline, c->listener->cfg.request_ms);
    /* The stream is closed by on_request_end(). */
    return MHD_create_response_from_callback(reply->stream_bytes == HTTP_LENGTH_UNKNOWN
                                                 ? MHD_SIZE_UNKNOWN
                                                 : reply->stream_bytes,
                                             STREAM_BYTES, stream_read, c, NULL);
}

static enum MHD_Result send_reply(struct MHD_Connection *link, struct conn *c)
{
    struct http_reply *reply = &c->reply;
    struct MHD_Response *r;
    enum MHD_Result sent;

    c->phase = PHASE_ANSWERED;
    if (reply->fixed != NULL) {
        c->status = reply->fixed->status;
        return MHD_queue_response(link, reply->fixed->status, reply->fixed->response);
    }
    r = make_response(c);
    if (r == NULL)
        return MHD_NO;
    if (!add_headers(r, reply->content_type, reply->headers, reply->n_headers,
                     c->listener->cfg.secure)) {
        MHD_destroy_response(r);
        return MHD_NO;
    }
    c->status = reply->status;
    sent = MHD_queue_response(link, reply->status, r);
    MHD_destroy_response(r);
    return sent;
}

static void reply_init(struct conn *c)
{
    struct http_reply *reply = &c->reply;

    buf_reset(&c->answer);
    reply->fixed = NULL;
    reply->status = 200;
    reply->content_type = "application/json";
    reply->body = &c->answer;
    reply->stream = NULL;
    reply->stream_bytes = HTTP_LENGTH_UNKNOWN;
    reply->held = false;
    reply->n_headers = 0;
    reply->text_len = 0;
}

/* The answer is there, on whatever thread. */
static void come_back(struct conn *c)
{
    deadline_set(&c->deadline, c->listener->cfg.request_ms);
    c->phase = PHASE_READY;
    MHD_resume_connection(c->link);
}

static void run_slow(struct slow_work *w)
{
    /* The work is a member of its connection. */
    struct conn *c = (struct conn *)((char *)w - offsetof(struct conn, work));
    struct http_listener *l = c->listener;

    l->cfg.handler(l->cfg.ctx, &c->req, &c->plan, &c->reply);
    /* From here on the connection may be gone, unless we are the last. */
    if (atomic_fetch_sub(&c->pending, 1) == 1)
        come_back(c);
}

static enum MHD_Result go_away(struct MHD_Connection *link, struct conn *c)
{
    c->phase = PHASE_AWAY;
    c->on_slow_thread = true;
    atomic_store(&c->pending, 1);
    deadline_set(&c->deadline, NO_DEADLINE_MS);
    MHD_suspend_connection(link);
    c->work.run = run_slow;
    slow_pool_add(c->listener->slow, &c->work);
    return MHD_YES;
}

static enum MHD_Result give_answer(struct MHD_Connection *link, struct conn *c)
{
    struct http_listener *l = c->listener;

    if (c->plan.refused)
        return send_reply(link, c);
    if (!buf_ok(&c->body))
        return MHD_NO;
    c->req.body = span_of(buf_text(&c->body), c->body.len);
    if (c->plan.slow)
        return go_away(link, c);
    l->cfg.handler(l->cfg.ctx, &c->req, &c->plan, &c->reply);
    return c->reply.held ? MHD_YES : send_reply(link, c);
}

struct http_waker *http_hold(const struct http_request *req, struct http_reply *reply)
{
    struct conn *c = req->conn;

    LW_ASSERT(!reply->held);
    reply->held = true;
    if (c->on_slow_thread) {
        atomic_store(&c->pending, 2);
    } else {
        c->phase = PHASE_AWAY;
        deadline_set(&c->deadline, NO_DEADLINE_MS);
        MHD_suspend_connection(c->link);
    }
    return (struct http_waker *)c;
}

void http_give(struct http_waker *w)
{
    struct conn *c = (struct conn *)w;

    if (!c->on_slow_thread || atomic_fetch_sub(&c->pending, 1) == 1)
        come_back(c);
}

struct http_waker *http_request_waker(const struct http_request *req)
{
    return (struct http_waker *)req->conn;
}

void http_wake(struct http_waker *w)
{
    MHD_resume_connection(((struct conn *)w)->link);
}

/* Answer before the body was read: libmicrohttpd then closes the connection. */
static enum MHD_Result refuse_at_once(struct MHD_Connection *link, struct conn *c)
{
    http_reply_header(&c->reply, "Connection", "close");
    return send_reply(link, c);
}

static enum MHD_Result refuse(struct MHD_Connection *link, struct conn *c,
                              unsigned status, const char *detail)
{
    reply_init(c);
    problem_reply(&c->reply, status, NULL, detail);
    return refuse_at_once(link, c);
}

static void too_large(struct conn *c)
{
    char detail[96];

    c->plan.refused = true;
    (void)snprintf(detail, sizeof detail, "the body is larger than %zu bytes",
                   c->plan.max_body_bytes);
    reply_init(c);
    problem_reply(&c->reply, 413, NULL, detail);
}

/* -------------------------------------------------------------------- requests in */

static enum MHD_Result note_header(void *ctx, enum MHD_ValueKind kind, const char *name,
                                   const char *value)
{
    struct conn *c = ctx;

    (void)kind;
    http_framing_header(&c->framing, &c->req, name, value);
    return MHD_YES;
}

/* The headers are good: what is to become of the request? */
static enum MHD_Result ask_plan(struct MHD_Connection *link, struct conn *c,
                                size_t announced)
{
    struct http_listener *l = c->listener;
    const struct http_framing *f = &c->framing;
    size_t limit;

    c->req.has_length = c->framing.length != NULL;
    c->req.length_bytes = announced;
    c->req.query = buf_text(&c->query);
    reply_init(c);
    l->cfg.plan(l->cfg.ctx, &c->req, &c->plan, &c->reply);
    if (!c->plan.refused && announced > c->plan.max_body_bytes)
        too_large(c);
    if (!c->plan.refused) {
        if (c->plan.sink != NULL)
            long_begins(c);
        return MHD_YES;
    }
    /* A small body is swallowed, so that the connection can go on. */
    limit = f->expects_continue || f->coding != NULL ? 0 : SWALLOW_BYTES;
    return announced > limit || (f->coding != NULL && f->expects_continue)
               ? refuse_at_once(link, c)
               : MHD_YES;
}

static enum MHD_Result check_headers(struct MHD_Connection *link, struct conn *c,
                                     const char *method, const char *path,
                                     const char *version)
{
    const bool old = strcmp(version, MHD_HTTP_VERSION_1_0) == 0;
    size_t announced;
    unsigned status;
    const char *fault;

    c->phase = PHASE_BODY;
    c->req.method = method;
    c->req.path = path;
    (void)MHD_get_connection_values(link, MHD_HEADER_KIND, note_header, c);
    fault = http_framing_fault(&c->framing, &c->req, old, &announced, &status);
    return fault == NULL ? ask_plan(link, c, announced)
                         : refuse(link, c, status, fault);
}

static enum MHD_Result take_body(struct conn *c, const char *data, size_t n)
{
    c->body_bytes += n;
    if (!c->plan.refused && c->body_bytes > c->plan.max_body_bytes)
        too_large(c);
    if (c->plan.refused || c->sink_failed) {
        c->thrown_bytes += n;
        return c->thrown_bytes <= SWALLOW_BYTES ? MHD_YES : MHD_NO;
    }
    if (c->plan.sink == NULL) {
        buf_add(&c->body, data, n);
        return MHD_YES;
    }
    long_moved(c, n);
    c->sink_failed = !c->plan.sink->write(c->plan.sink_ctx, data, n);
    return MHD_YES;
}

static enum MHD_Result on_request(void *ctx, struct MHD_Connection *link,
                                  const char *path, const char *method,
                                  const char *version, const char *data, size_t *n,
                                  void **request)
{
    struct conn *c = *request;

    (void)ctx;
    if (c == NULL)
        return MHD_NO;
    if (c->phase == PHASE_LINE)
        return check_headers(link, c, method, path, version);
    if (*n > 0) {
        size_t taken = *n;

        *n = 0;
        return c->phase == PHASE_BODY ? take_body(c, data, taken) : MHD_YES;
    }
    if (c->phase == PHASE_READY)
        return send_reply(link, c);
    return c->phase == PHASE_BODY ? give_answer(link, c) : MHD_YES;
}

/* Keep the query, and let libmicrohttpd see an empty one.  It would make an entry of
 * each parameter in the connection's memory, for nobody here; and where that memory is
 * too small (some 250 parameters) 0.9.75 neither goes on nor refuses.  The text is its
 * own buffer, which it takes to pieces as soon as this has returned. */
static void take_query(struct conn *c, const char *uri)
{
    union {
        const char *text;
        char *own;
    } mark = {.text = strchr(uri, '?')};

    if (mark.text == NULL)
        return;
    buf_add_text(&c->query, mark.text + 1);
    mark.own[1] = '\0';
}

/* What libmicrohttpd calls its URI log: the request line has arrived.  The result is
 * on_request()'s `request`; uri is NULL where the line has none. */
static void *on_request_line(void *ctx, const char *uri, struct MHD_Connection *link)
{
    struct http_listener *l = ctx;
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(link, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    struct conn *c = info == NULL ? NULL : info->socket_context;

    if (c == NULL || uri == NULL)
        return NULL;
    deadline_set(&c->deadline, l->cfg.request_ms);
    (void)atomic_fetch_add_explicit(&l->n_requests, 1, memory_order_relaxed);
    memset(&c->req, 0, sizeof c->req);
    memset(&c->plan, 0, sizeof c->plan);
    c->req.conn = c;
    buf_reset(&c->body);
    buf_reset(&c->query);
    c->framing = (struct http_framing){0};
    http_framing_target(&c->framing, uri);
    take_query(c, uri);
    c->phase = PHASE_LINE;
    c->status = 0;
    c->body_bytes = 0;
    c->thrown_bytes = 0;
    c->sink_failed = false;
    c->on_slow_thread = false;
    c->reply.stream = NULL;
    return c;
}

static void on_request_end(void *ctx, struct MHD_Connection *link, void **request,
                           enum MHD_RequestTerminationCode how)
{
    struct http_listener *l = ctx;
    struct conn *c = *request;

    (void)link;
    if (c == NULL)
        return;
    if (c->reply.stream != NULL)
        c->reply.stream->close(c->reply.stream_ctx);
    if (c->plan.sink != NULL)
        c->plan.sink->close(c->plan.sink_ctx);
    l->cfg.done(l->cfg.ctx, &c->req, &c->plan,
                how == MHD_REQUEST_TERMINATED_COMPLETED_OK ? c->status : 0);
    if (c->body.cap > KEEP_BYTES)
        buf_release(&c->body);
    if (c->answer.cap > KEEP_BYTES)
        buf_release(&c->answer);
    deadline_set(&c->deadline, l->cfg.idle_ms);
    (void)atomic_fetch_sub_explicit(&l->n_requests, 1, memory_order_relaxed);
    *request = NULL;
}

/* -------------------------------------------------------------------- connections */

static enum MHD_Result on_accept(void *ctx, const struct sockaddr *peer, socklen_t n)
{
    struct http_listener *l = ctx;

    (void)peer;
    (void)n;
    return atomic_load(&l->n_connections) < l->cfg.max_connections ? MHD_YES : MHD_NO;
}

static void conn_open(struct http_listener *l, struct MHD_Connection *link,
                      void **socket)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(link, MHD_CONNECTION_INFO_CONNECTION_FD);
    struct conn *c = mem_zalloc(1, sizeof *c);

    /* Without memory the connection stays empty, and its first request closes it. */
    *socket = c;
    (void)atomic_fetch_add(&l->n_connections, 1);
    if (c == NULL)
        return;
    c->listener = l;
    c->link = link;
    buf_init(&c->body);
    buf_init(&c->answer);
    buf_init(&c->query);
    LW_ASSERT(info != NULL);
    deadline_add(l->watch, &c->deadline, info->connect_fd, l->cfg.idle_ms);
}

static void conn_close(struct http_listener *l, struct conn *c)
{
    (void)atomic_fetch_sub(&l->n_connections, 1);
    if (c == NULL)
        return;
    deadline_remove(l->watch, &c->deadline);
    buf_release(&c->body);
    buf_release(&c->answer);
    buf_release(&c->query);
    mem_free(c);
}

const char *http_request_header(const struct http_request *req, const char *name)
{
    return MHD_lookup_connection_value(req->conn->link, MHD_HEADER_KIND, name);
}

void http_request_peer(const struct http_request *req, char out[HTTP_PEER_MAX])
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(req->conn->link, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    const struct sockaddr *a = info == NULL ? NULL : info->client_addr;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;

    (void)snprintf(out, HTTP_PEER_MAX, "unknown");
    if (a != NULL && a->sa_family == AF_INET) {
        memcpy(&v4, a, sizeof v4);
        (void)inet_ntop(AF_INET, &v4.sin_addr, out, HTTP_PEER_MAX);
    } else if (a != NULL && a->sa_family == AF_INET6) {
        memcpy(&v6, a, sizeof v6);
        /* An IPv4 client of a socket for both. */
        if (IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr))
            (void)inet_ntop(AF_INET, v6.sin6_addr.s6_addr + 12, out, HTTP_PEER_MAX);
        else
            (void)inet_ntop(AF_INET6, &v6.sin6_addr, out, HTTP_PEER_MAX);
    }
}

/* libmicrohttpd announces the closing before it closes the socket, as deadline_remove()
 * wants. */
static void on_connection(void *ctx, struct MHD_Connection *link, void **socket,
                          enum MHD_ConnectionNotificationCode what)
{
    if (what == MHD_CONNECTION_NOTIFY_STARTED)
        conn_open(ctx, link, socket);
    else
        conn_close(ctx, *socket);
}

/* ----------------------------------------------------------------------- listener */

static void on_message(void *ctx, const char *fmt, va_list ap) LW_PRINTF(2, 0);

static void on_message(void *ctx, const char *fmt, va_list ap)
{
    char text[256];
    size_t n;

    (void)ctx;
    (void)vsnprintf(text, sizeof text, fmt, ap);
    n = strcspn(text, "\n");
    text[n] = '\0';
    lw_log(LW_LOG_DEBUG, "http: %s", text);
}

/* The library's table of options knows no functions, and is not const. */
static struct MHD_OptionItem option_fn(enum MHD_OPTION option, void (*fn)(void))
{
    union {
        void (*fn)(void);
        void *any;
    } value = {.fn = fn};

    return (struct MHD_OptionItem){option, 0, value.any};
}

static struct MHD_OptionItem option_text(enum MHD_OPTION option, const char *text)
{
    union {
        const char *text;
        void *any;
    } value = {.text = text};

    return (struct MHD_OptionItem){option, 0, value.any};
}

/* TLS 1.2 with authenticated encryption and forward secrecy, and 1.3. */
#define TLS_PRIORITIES                                                                 \
    "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:-RSA:-CIPHER-ALL:+AES-256-GCM:"        \
    "+AES-128-GCM:+CHACHA20-POLY1305:%SERVER_PRECEDENCE"

static struct MHD_Daemon *start_daemon(struct http_listener *l)
{
    const struct http_config *cfg = &l->cfg;
    const unsigned tls = cfg->tls_retrieve == NULL ? 0 : MHD_USE_TLS;
    const unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_TURBO | MHD_USE_ITC |
                           MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG | tls;
    struct MHD_OptionItem options[4];
    size_t n = 0;

    /* One thread is no pool.  Refusing is our work (on_accept): at its own limit the
     * library lets clients wait. */
    if (cfg->n_threads > 1)
        options[n++] = (struct MHD_OptionItem){MHD_OPTION_THREAD_POOL_SIZE,
                                               (intptr_t)cfg->n_threads, NULL};
    if (tls != 0) {
        options[n++] = option_fn(MHD_OPTION_HTTPS_CERT_CALLBACK, cfg->tls_retrieve);
        options[n++] = option_text(MHD_OPTION_HTTPS_PRIORITIES, TLS_PRIORITIES);
    }
    options[n] = (struct MHD_OptionItem){MHD_OPTION_END, 0, NULL};
    return MHD_start_daemon(
        flags, 0, on_accept, l, on_request, l, MHD_OPTION_EXTERNAL_LOGGER, on_message,
        NULL, MHD_OPTION_LISTEN_SOCKET, cfg->listen_fd, MHD_OPTION_CONNECTION_LIMIT,
        (cfg->max_connections + 1) * cfg->n_threads, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        (size_t)POOL_BYTES, MHD_OPTION_STRICT_FOR_CLIENT, 0,
        MHD_OPTION_URI_LOG_CALLBACK, on_request_line, l, MHD_OPTION_NOTIFY_COMPLETED,
        on_request_end, l, MHD_OPTION_NOTIFY_CONNECTION, on_connection, l,
        MHD_OPTION_ARRAY, options, MHD_OPTION_END);
}

enum lw_status http_start(struct http_listener **out, const struct http_config *cfg,
                          struct lw_error *err)
{
    struct http_listener *l;
    enum lw_status st;

    LW_ASSERT(cfg->n_threads > 0 && cfg->max_connections > 0);
    LW_ASSERT(cfg->n_slow_threads > 0);
    LW_ASSERT(cfg->handler != NULL && cfg->plan != NULL && cfg->done != NULL);
    if (cfg->tls_retrieve != NULL &&
        MHD_is_feature_supported(MHD_FEATURE_HTTPS_CERT_CALLBACK) != MHD_YES)
        return lw_fail(err, LW_EUNSUPPORTED, "this libmicrohttpd (%s) has no TLS",
                       MHD_get_version());
    l = mem_zalloc(1, sizeof *l);
    if (l == NULL)
        return lw_fail(err, LW_ENOMEM, "out of memory");
    l->cfg = *cfg;
    l->cfg.max_connections = open_files_fit(cfg->max_connections);
    st = deadline_watch_new(&l->watch, err);
    if (st == LW_OK)
        st = slow_pool_new(&l->slow, cfg->n_slow_threads, err);
    if (st != LW_OK) {
        deadline_watch_free(l->watch);
        mem_free(l);
        return st;
    }
    l->daemon = start_daemon(l);
    if (l->daemon == NULL) {
        slow_pool_free(l->slow);
        deadline_watch_free(l->watch);
        mem_free(l);
        return lw_fail(err, LW_EIO, "cannot start the HTTP server (libmicrohttpd %s)",
                       MHD_get_version());
    }
    *out = l;
    return LW_OK;
}

void http_quiesce(struct http_listener *l)
{
    if (l->quiet)
        return;
    l->quiet = true;
    (void)MHD_quiesce_daemon(l->daemon);
    (void)close(l->cfg.listen_fd);
}

unsigned http_connections(const struct http_listener *l)
{
    return atomic_load(&l->n_connections);
}

void http_stop(struct http_listener *l)
{
    const struct timespec pause = {.tv_nsec = 10 * 1000000L};

    if (l == NULL)
        return;
    http_quiesce(l);
    for (int waited = 0; waited < STOP_WAIT_MS && atomic_load(&l->n_requests) > 0;
         waited += 10)
        (void)nanosleep(&pause, NULL);
    /* No connection may be away when the loops end. */
    slow_pool_free(l->slow);
    MHD_stop_daemon(l->daemon);
    deadline_watch_free(l->watch);
    mem_free(l);
}

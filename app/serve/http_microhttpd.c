/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one user of libmicrohttpd: an epoll loop per thread, all on one listening socket.
 *
 * A request goes through these phases; libmicrohttpd calls on_request() once with the
 * headers, once per piece of body, and once at the end.
 *
 *     on_request_line()        on_request(): headers   body...        end
 *     PHASE_LINE ------------> check_headers() ------> take_body() -> give_answer()
 *                                  | wrong framing, or far too large
 *                                  +--> answered at once, connection closed
 *
 * Two things the library leaves to us.  *Time*: its timeout measures silence, so a
 * connection's deadline (deadline.h) is set here, from first line to last byte and
 * from there to the next first line.  *Framing*: a request whose length is said in two
 * ways, or in a way that this and another program might read differently, is refused
 * (RFC 9112, sections 6.1, 6.3 and 11.2), since behind a proxy the difference is a
 * second, hidden request.
 *
 * What libmicrohttpd refuses by itself (no Host, a header of 16 KiB, a length that is
 * no number) gets its own 4xx page, whose header 0.9.75 sends twice, and is closed.
 *
 * A connection's memory is made when it is accepted and used again by each of its
 * requests; a fixed answer is one libmicrohttpd response for all.  So the common
 * request allocates nothing here.
 */
#include "base/assert.h"
#include "base/mem.h"
#include "serve/deadline.h"
#include "serve/http.h"
#include "serve/problem.h"

#include <lapwing/log.h>

#include <microhttpd.h>

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/resource.h>
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
    /* Descriptors that are not connections. */
    SPARE_FILES = 64,
    STOP_WAIT_MS = 1000
};

enum phase { PHASE_LINE, PHASE_BODY, PHASE_ANSWERED };

struct http_fixed {
    struct MHD_Response *response; /* owned */
    void *body;                    /* owned; the response borrows it */
    unsigned status;
};

struct http_listener {
    struct http_config cfg;
    struct MHD_Daemon *daemon;    /* owned */
    struct deadline_watch *watch; /* owned */
    _Atomic unsigned n_connections;
    _Atomic unsigned n_requests; /* between first line and last byte */
};

/* A connection and the request that is on it. */
struct conn {
    struct deadline deadline;
    struct http_listener *listener; /* borrowed: outlives the connection */
    struct buf body;
    struct buf answer;
    struct http_request req; /* texts borrowed from libmicrohttpd until the end */
    enum phase phase;
    size_t body_bytes; /* received, kept or not */
    const char *length;
    const char *coding;
    unsigned n_lengths;
    unsigned n_codings;
    bool expects_continue;
    bool bad_name;    /* of a header */
    bool path_is_cut; /* a decoded zero byte ends the path before its end */
};

/* ------------------------------------------------------------------- answers out */

static bool add_headers(struct MHD_Response *r, const char *content_type,
                        const struct http_header *headers, size_t n_headers)
{
    bool ok =
        MHD_add_response_header(r, "Content-Type", content_type) == MHD_YES &&
        MHD_add_response_header(r, "X-Content-Type-Options", "nosniff") == MHD_YES;

    for (size_t i = 0; ok && i < n_headers; i++)
        ok = MHD_add_response_header(r, headers[i].name, headers[i].value) == MHD_YES;
    return ok;
}

enum lw_status http_fixed_new(struct http_fixed **out, unsigned status,
                              const char *content_type, struct span body,
                              const struct http_header *headers, size_t n_headers,
                              struct lw_error *err)
{
    struct http_fixed *f = mem_zalloc(1, sizeof *f);

    if (f == NULL)
        return lw_fail(err, LW_ENOMEM, "out of memory");
    f->status = status;
    f->body = mem_dup(body.p, body.n);
    if (f->body != NULL)
        f->response =
            MHD_create_response_from_buffer(body.n, f->body, MHD_RESPMEM_PERSISTENT);
    if (f->response == NULL ||
        !add_headers(f->response, content_type, headers, n_headers)) {
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

static enum MHD_Result send_reply(struct MHD_Connection *link, struct conn *c,
                                  const struct http_reply *reply)
{
    struct MHD_Response *r;
    enum MHD_Result sent;

    c->phase = PHASE_ANSWERED;
    if (reply->fixed != NULL)
        return MHD_queue_response(link, reply->fixed->status, reply->fixed->response);
    if (!buf_ok(reply->body))
        return MHD_NO;
    r = MHD_create_response_from_buffer(reply->body->len, reply->body->data,
                                        MHD_RESPMEM_MUST_COPY);
    if (r == NULL)
        return MHD_NO;
    if (!add_headers(r, reply->content_type, reply->headers, reply->n_headers)) {
        MHD_destroy_response(r);
        return MHD_NO;
    }
    sent = MHD_queue_response(link, reply->status, r);
    MHD_destroy_response(r);
    return sent;
}

static void reply_init(struct http_reply *reply, struct conn *c)
{
    buf_reset(&c->answer);
    reply->fixed = NULL;
    reply->status = 200;
    reply->content_type = "application/json";
    reply->body = &c->answer;
    reply->n_headers = 0;
    reply->text_len = 0;
}

static enum MHD_Result give_answer(struct MHD_Connection *link, struct conn *c)
{
    struct http_listener *l = c->listener;
    struct http_reply reply;

    reply_init(&reply, c);
    if (c->body_bytes > l->cfg.max_body_bytes) {
        char detail[96];

        (void)snprintf(detail, sizeof detail, "the body is larger than %zu bytes",
                       l->cfg.max_body_bytes);
        problem_reply(&reply, 413, NULL, detail);
    } else if (!buf_ok(&c->body)) {
        return MHD_NO;
    } else {
        c->req.body = span_of(buf_text(&c->body), c->body.len);
        l->cfg.handler(l->cfg.ctx, &c->req, &reply);
    }
    return send_reply(link, c, &reply);
}

/* Answer before the body was read: libmicrohttpd then closes the connection. */
static enum MHD_Result refuse(struct MHD_Connection *link, struct conn *c,
                              unsigned status, const char *detail)
{
    struct http_reply reply;

    reply_init(&reply, c);
    problem_reply(&reply, status, NULL, detail);
    http_reply_header(&reply, "Connection", "close");
    return send_reply(link, c, &reply);
}

/* -------------------------------------------------------------------- requests in */

/* RFC 9110, 5.6.2.  libmicrohttpd takes any name, also "Transfer-Encoding " with the
 * blank that makes one program see a transfer coding where another sees none. */
static bool is_token(const char *name)
{
    static const char others[] = "!#$%&'*+-.^_`|~";

    if (*name == '\0')
        return false;
    for (; *name != '\0'; name++) {
        char c = *name;
        bool usual = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-';

        if (!usual && !(c >= '0' && c <= '9') && strchr(others, c) == NULL)
            return false;
    }
    return true;
}

static enum MHD_Result note_header(void *ctx, enum MHD_ValueKind kind, const char *key,
                                   const char *value)
{
    struct conn *c = ctx;

    (void)kind;
    c->bad_name |= !is_token(key);
    /* The first letter spares most headers the comparisons. */
    switch (key[0] | 0x20) {
    case 'a':
        if (strcasecmp(key, "Accept") == 0)
            c->req.accept = value;
        else if (strcasecmp(key, "Accept-Encoding") == 0)
            c->req.accept_encoding = value;
        break;
    case 'c':
        if (strcasecmp(key, "Content-Length") == 0) {
            c->length = value;
            c->n_lengths++;
        }
        break;
    case 'e':
        c->expects_continue |= strcasecmp(key, "Expect") == 0;
        break;
    case 'h':
        if (strcasecmp(key, "Host") == 0)
            c->req.host = value;
        break;
    case 't':
        if (strcasecmp(key, "Transfer-Encoding") == 0) {
            c->coding = value;
            c->n_codings++;
        }
        break;
    default:
        break;
    }
    return MHD_YES;
}

/* The announced length, SIZE_MAX where it does not fit; false when it is no number. */
static bool parse_length(const char *text, size_t *out)
{
    size_t v = 0;

    if (text == NULL || *text == '\0')
        return text == NULL;
    for (; *text != '\0'; text++) {
        if (*text < '0' || *text > '9')
            return false;
        v = v > SIZE_MAX / 10 - 1 ? SIZE_MAX : v * 10 + (size_t)(*text - '0');
    }
    *out = v;
    return true;
}

static enum MHD_Result check_headers(struct MHD_Connection *link, struct conn *c,
                                     const char *method, const char *path)
{
    size_t announced = 0;
    size_t limit = SWALLOW_BYTES;

    c->phase = PHASE_BODY;
    c->req.method = method;
    c->req.path = path;
    (void)MHD_get_connection_values(link, MHD_HEADER_KIND, note_header, c);
    if (c->expects_continue)
        limit = c->listener->cfg.max_body_bytes;
    if (c->path_is_cut)
        return refuse(link, c, 400, "the path has a zero byte");
    if (c->bad_name)
        return refuse(link, c, 400, "a header's name is empty or not made of letters");
    if (c->n_lengths > 1 || c->n_codings > 1 || (c->n_lengths > 0 && c->n_codings > 0))
        return refuse(link, c, 400, "the length of the body is said more than once");
    if (c->coding != NULL && strcasecmp(c->coding, "chunked") != 0)
        return refuse(link, c, 400, "the only transfer coding known here is chunked");
    if (!parse_length(c->length, &announced))
        return refuse(link, c, 400, "Content-Length is no number");
    if (announced > limit)
        return refuse(link, c, 413, "the body is too large");
    return MHD_YES;
}

static enum MHD_Result take_body(struct conn *c, const char *data, size_t n)
{
    c->body_bytes += n;
    if (c->body_bytes <= c->listener->cfg.max_body_bytes)
        buf_add(&c->body, data, n);
    return c->body_bytes <= SWALLOW_BYTES ? MHD_YES : MHD_NO;
}

static enum MHD_Result on_request(void *ctx, struct MHD_Connection *link,
                                  const char *path, const char *method,
                                  const char *version, const char *data, size_t *n,
                                  void **request)
{
    struct conn *c = *request;

    (void)ctx;
    (void)version;
    if (c == NULL)
        return MHD_NO;
    if (c->phase == PHASE_LINE)
        return check_headers(link, c, method, path);
    if (*n > 0) {
        size_t taken = *n;

        *n = 0;
        return c->phase == PHASE_BODY ? take_body(c, data, taken) : MHD_YES;
    }
    return c->phase == PHASE_BODY ? give_answer(link, c) : MHD_YES;
}

/* What libmicrohttpd calls its URI log: the request line has arrived.  The result is
 * on_request()'s `request`. */
static void *on_request_line(void *ctx, const char *uri, struct MHD_Connection *link)
{
    struct http_listener *l = ctx;
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(link, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    struct conn *c = info == NULL ? NULL : info->socket_context;

    if (c == NULL)
        return NULL;
    deadline_set(&c->deadline, l->cfg.request_ms);
    (void)atomic_fetch_add_explicit(&l->n_requests, 1, memory_order_relaxed);
    memset(&c->req, 0, sizeof c->req);
    buf_reset(&c->body);
    c->phase = PHASE_LINE;
    c->body_bytes = 0;
    c->length = NULL;
    c->coding = NULL;
    c->n_lengths = 0;
    c->n_codings = 0;
    c->expects_continue = false;
    c->bad_name = false;
    c->path_is_cut = strstr(uri, "%00") != NULL;
    return c;
}

static void on_request_end(void *ctx, struct MHD_Connection *link, void **request,
                           enum MHD_RequestTerminationCode how)
{
    struct http_listener *l = ctx;
    struct conn *c = *request;

    (void)link;
    (void)how;
    if (c == NULL)
        return;
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
    buf_init(&c->body);
    buf_init(&c->answer);
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
    mem_free(c);
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

/* As many connections as descriptors allow; the soft limit is usually 1,024. */
static unsigned fit_open_files(unsigned wanted)
{
    struct rlimit lim;
    rlim_t need = (rlim_t)wanted + SPARE_FILES;

    if (getrlimit(RLIMIT_NOFILE, &lim) != 0)
        return wanted;
    if (lim.rlim_cur < need && lim.rlim_cur < lim.rlim_max) {
        lim.rlim_cur = need < lim.rlim_max ? need : lim.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &lim);
        (void)getrlimit(RLIMIT_NOFILE, &lim);
    }
    if (lim.rlim_cur >= need)
        return wanted;
    return lim.rlim_cur > (rlim_t)2 * SPARE_FILES ? (unsigned)lim.rlim_cur - SPARE_FILES
                                                  : SPARE_FILES;
}

static struct MHD_Daemon *start_daemon(struct http_listener *l)
{
    const unsigned flags =
        MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_TURBO | MHD_USE_ITC | MHD_USE_ERROR_LOG;
    const struct http_config *cfg = &l->cfg;
    /* One thread is no pool.  Refusing is our work (on_accept): at its own limit the
     * library lets clients wait. */
    struct MHD_OptionItem pool[] = {
        {MHD_OPTION_THREAD_POOL_SIZE, (intptr_t)cfg->n_threads, NULL},
        {MHD_OPTION_END, 0, NULL}};

    if (cfg->n_threads == 1)
        pool[0].option = MHD_OPTION_END;
    return MHD_start_daemon(
        flags, 0, on_accept, l, on_request, l, MHD_OPTION_EXTERNAL_LOGGER, on_message,
        NULL, MHD_OPTION_LISTEN_SOCKET, cfg->listen_fd, MHD_OPTION_CONNECTION_LIMIT,
        (cfg->max_connections + 1) * cfg->n_threads, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        (size_t)POOL_BYTES, MHD_OPTION_STRICT_FOR_CLIENT, 1,
        MHD_OPTION_URI_LOG_CALLBACK, on_request_line, l, MHD_OPTION_NOTIFY_COMPLETED,
        on_request_end, l, MHD_OPTION_NOTIFY_CONNECTION, on_connection, l,
        MHD_OPTION_ARRAY, pool, MHD_OPTION_END);
}

enum lw_status http_start(struct http_listener **out, const struct http_config *cfg,
                          struct lw_error *err)
{
    struct http_listener *l;
    enum lw_status st;

    LW_ASSERT(cfg->n_threads > 0 && cfg->max_connections > 0);
    LW_ASSERT(cfg->handler != NULL);
    l = mem_zalloc(1, sizeof *l);
    if (l == NULL)
        return lw_fail(err, LW_ENOMEM, "out of memory");
    l->cfg = *cfg;
    l->cfg.max_connections = fit_open_files(cfg->max_connections);
    st = deadline_watch_new(&l->watch, err);
    if (st != LW_OK) {
        mem_free(l);
        return st;
    }
    l->daemon = start_daemon(l);
    if (l->daemon == NULL) {
        deadline_watch_free(l->watch);
        mem_free(l);
        return lw_fail(err, LW_EIO, "cannot start the HTTP server (libmicrohttpd %s)",
                       MHD_get_version());
    }
    *out = l;
    return LW_OK;
}

void http_stop(struct http_listener *l)
{
    const struct timespec pause = {.tv_nsec = 10 * 1000000L};

    if (l == NULL)
        return;
    (void)MHD_quiesce_daemon(l->daemon);
    (void)close(l->cfg.listen_fd);
    for (int waited = 0; waited < STOP_WAIT_MS && atomic_load(&l->n_requests) > 0;
         waited += 10)
        (void)nanosleep(&pause, NULL);
    MHD_stop_daemon(l->daemon);
    deadline_watch_free(l->watch);
    mem_free(l);
}

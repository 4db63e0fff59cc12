/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `GET /` has two kinds of visitors.  A program gets a welcome message in JSON; a
 * browser, known by text/html in its Accept header, gets the page.  The page and what
 * belongs to it are the files of ui/, built into the program, packed with gzip; they
 * are unpacked at the start for clients that do not take that.
 */
#include "base/assert.h"
#include "base/jsonw.h"
#include "base/stream.h"
#include "serve/route.h"
#include "serve/server_priv.h"

#include <string.h>
#include <strings.h>

#define PAGE_PATH "/ui/index.html"

/* Nothing from elsewhere, nothing inline, no framing. */
#define POLICY                                                                         \
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "        \
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

enum { ASSET_HEADERS_MAX = 4 };

static enum lw_status make_message(struct http_fixed **out, bool secure,
                                   struct lw_error *err)
{
    static const struct http_header vary = {"Vary", "Accept"};
    struct http_fixed_config cfg = {.status = 200,
                                    .content_type = "application/json",
                                    .headers = &vary,
                                    .n_headers = 1,
                                    .secure = secure};
    struct buf text;
    struct jsonw w;
    enum lw_status st;

    buf_init(&text);
    jsonw_init(&w, &text);
    jsonw_object(&w);
    jsonw_put_text(&w, "message",
                   "Welcome to Lapwing. POST a connection record to /classify.");
    jsonw_put_text(&w, "version", lw_version());
    jsonw_put_text(&w, "api", "/api/v1/openapi.yaml");
    jsonw_object_end(&w);
    buf_add_char(&text, '\n');
    cfg.body = span_of(buf_text(&text), text.len);
    st = buf_ok(&text) ? http_fixed_new(out, &cfg, err)
                       : lw_fail(err, LW_ENOMEM, "out of memory");
    buf_release(&text);
    return st;
}

/* One form of a file: packed, or as it is. */
static enum lw_status make_asset(struct http_fixed **out, const struct ui_asset *a,
                                 struct span body, bool is_packed, bool secure,
                                 struct lw_error *err)
{
    struct http_header headers[ASSET_HEADERS_MAX] = {
        {"Content-Security-Policy", POLICY},
        {"Vary", "Accept, Accept-Encoding"},
        {"Cache-Control",
         a->is_lasting ? "public, max-age=31536000, immutable" : "no-cache"},
        {"Content-Encoding", "gzip"}};
    const struct http_fixed_config cfg = {.status = 200,
                                          .content_type = a->content_type,
                                          .body = body,
                                          .headers = headers,
                                          .n_headers = is_packed ? 4 : 3,
                                          .secure = secure};

    return http_fixed_new(out, &cfg, err);
}

static enum lw_status unpack(const struct ui_asset *a, struct buf *out,
                             struct lw_error *err)
{
    struct stream *in = NULL;
    enum lw_status st = stream_open_memory(&in, a->data, a->size, a->path, err);

    while (st == LW_OK) {
        struct span seen;

        st = stream_peek(in, 1, &seen, err);
        if (st != LW_OK || seen.n == 0)
            break;
        buf_add(out, seen.p, seen.n);
        stream_skip(in, seen.n);
    }
    stream_close(in);
    if (st == LW_OK && !buf_ok(out))
        st = lw_fail(err, LW_ENOMEM, "out of memory");
    return st;
}

static enum lw_status init_asset(struct server *s, size_t i, struct lw_error *err)
{
    const struct ui_asset *a = &ui_assets[i];
    struct buf plain;
    enum lw_status st;

    if (!a->is_packed)
        return make_asset(&s->assets[i], a, span_of(a->data, a->size), false, s->secure,
                          err);
    buf_init(&plain);
    st = unpack(a, &plain, err);
    if (st == LW_OK)
        st = make_asset(&s->assets[i], a, span_of(plain.data, plain.len), false,
                        s->secure, err);
    if (st == LW_OK)
        st = make_asset(&s->packed[i], a, span_of(a->data, a->size), true, s->secure,
                        err);
    buf_release(&plain);
    return st;
}

enum lw_status welcome_init(struct server *s, struct lw_error *err)
{
    enum lw_status st = make_message(&s->welcome, s->secure, err);

    LW_ASSERT(n_ui_assets <= UI_ASSETS_MAX);
    for (size_t i = 0; st == LW_OK && i < n_ui_assets; i++)
        st = init_asset(s, i, err);
    return st;
}

void welcome_release(struct server *s)
{
    http_fixed_free(s->welcome);
    for (size_t i = 0; i < n_ui_assets; i++) {
        http_fixed_free(s->assets[i]);
        http_fixed_free(s->packed[i]);
    }
}

/* Does an Accept-Encoding take gzip (RFC 9110, 12.5.3)?  A weight of nought refuses;
 * other weights do not matter, since we have nothing better. */
static bool takes_gzip(const char *accept)
{
    while (accept != NULL && *accept != '\0') {
        size_t n = strcspn(accept, ",");
        size_t skip = strspn(accept, " \t");
        size_t name = strcspn(accept + skip, " \t;,");

        if (name == 4 && strncasecmp(accept + skip, "gzip", 4) == 0) {
            const char *weight = memmem(accept, n, "q=", 2);

            return weight == NULL ||
                   strspn(weight + 2, "0.") != strcspn(weight + 2, ", \t");
        }
        accept += n + (accept[n] == ',');
    }
    return false;
}

const struct http_fixed *welcome_asset(const struct server *s, const char *path,
                                       const struct http_request *req)
{
    for (size_t i = 0; i < n_ui_assets; i++)
        if (strcmp(ui_assets[i].path, path) == 0)
            return s->packed[i] != NULL &&
                           takes_gzip(http_request_header(req, "Accept-Encoding"))
                       ? s->packed[i]
                       : s->assets[i];
    return NULL;
}

void route_welcome(const struct call *c)
{
    const char *accept = c->req->accept;
    bool browser = accept != NULL && strstr(accept, "text/html") != NULL;

    c->reply->fixed =
        browser ? welcome_asset(c->server, PAGE_PATH, c->req) : c->server->welcome;
    LW_ASSERT(c->reply->fixed != NULL);
}

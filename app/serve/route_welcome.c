/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `GET /` has two kinds of visitors.  A program gets a welcome message in JSON; a
 * browser, known by text/html in its Accept header, gets the page.  The page and what
 * belongs to it are the files of ui/, built into the program.
 */
#include "base/assert.h"
#include "base/jsonw.h"
#include "serve/route.h"
#include "serve/server_priv.h"

#include <string.h>

#define PAGE_PATH "/ui/index.html"

/* Nothing from elsewhere, nothing inline, no framing. */
static const struct http_header asset_headers[] = {
    {"Content-Security-Policy",
     "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
     "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"},
    {"Referrer-Policy", "no-referrer"},
    {"Cache-Control", "no-cache"},
    {"Vary", "Accept"},
};

enum { N_ASSET_HEADERS = sizeof asset_headers / sizeof asset_headers[0] };

static enum lw_status make_message(struct http_fixed **out, struct lw_error *err)
{
    static const struct http_header vary = {"Vary", "Accept"};
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
    st = buf_ok(&text)
             ? http_fixed_new(out, 200, "application/json",
                              span_of(buf_text(&text), text.len), &vary, 1, err)
             : lw_fail(err, LW_ENOMEM, "out of memory");
    buf_release(&text);
    return st;
}

enum lw_status welcome_init(struct server *s, struct lw_error *err)
{
    enum lw_status st = make_message(&s->welcome, err);

    LW_ASSERT(n_ui_assets <= UI_ASSETS_MAX);
    for (size_t i = 0; st == LW_OK && i < n_ui_assets; i++)
        st = http_fixed_new(&s->assets[i], 200, ui_assets[i].content_type,
                            span_of(ui_assets[i].data, ui_assets[i].size),
                            asset_headers, N_ASSET_HEADERS, err);
    return st;
}

void welcome_release(struct server *s)
{
    http_fixed_free(s->welcome);
    for (size_t i = 0; i < n_ui_assets; i++)
        http_fixed_free(s->assets[i]);
}

const struct http_fixed *welcome_asset(const struct server *s, const char *path)
{
    for (size_t i = 0; i < n_ui_assets; i++)
        if (strcmp(ui_assets[i].path, path) == 0)
            return s->assets[i];
    return NULL;
}

void route_welcome(const struct call *c)
{
    const char *accept = c->req->accept;
    bool browser = accept != NULL && strstr(accept, "text/html") != NULL;

    c->reply->fixed =
        browser ? welcome_asset(c->server, PAGE_PATH) : c->server->welcome;
    LW_ASSERT(c->reply->fixed != NULL);
}

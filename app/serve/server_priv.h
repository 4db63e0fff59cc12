/* SPDX-License-Identifier: Apache-2.0 */
/* serve/server_priv.h - what the routes see of the server: read-only while it runs. */
#ifndef SERVE_SERVER_PRIV_H
#define SERVE_SERVER_PRIV_H

#include "serve/http.h"
#include "serve/listen.h"
#include "serve/server.h"
#include "serve/ui_assets.h"

struct server {
    struct http_listener *listener;           /* owned */
    struct http_fixed *welcome;               /* owned: for a program */
    struct http_fixed *assets[UI_ASSETS_MAX]; /* (n_ui_assets) owned, same order */
    char url[LISTEN_TEXT_MAX + 16];
};

/** Make what a route answers with.  LW_ENOMEM. */
LW_MUST enum lw_status welcome_init(struct server *s, struct lw_error *err);
void welcome_release(struct server *s);

/** The file of ui/ with that path, or NULL. */
const struct http_fixed *welcome_asset(const struct server *s, const char *path);

#endif /* SERVE_SERVER_PRIV_H */

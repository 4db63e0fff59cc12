/* SPDX-License-Identifier: Apache-2.0 */
/* serve/server_priv.h - what the routes see of the server. */
#ifndef SERVE_SERVER_PRIV_H
#define SERVE_SERVER_PRIV_H

#include "serve/classify_form.h"
#include "serve/events.h"
#include "serve/http.h"
#include "serve/listen.h"
#include "serve/metrics.h"
#include "serve/models.h"
#include "serve/server.h"
#include "serve/ui_assets.h"

#include <lapwing/detect.h>

struct server {
    struct http_listener *listener;             /* owned */
    struct metrics *metrics;                    /* owned */
    struct events *events;                      /* owned */
    struct http_fixed *welcome;                 /* owned: for a program */
    struct http_fixed *assets[UI_ASSETS_MAX];   /* (n_ui_assets) owned, same order */
    struct http_fixed *packed[UI_ASSETS_MAX];   /* owned; NULL: packing saves nothing */
    struct http_fixed *verdicts[LW_N_VERDICTS]; /* owned: answers of /classify */
    struct models *models;                      /* owned */
    struct classify_form *form;                 /* owned */
    const char *spool_dir; /* for what is too much for memory; borrowed */
    char url[LISTEN_TEXT_MAX + 16];
};

/** Make what a route answers with.  LW_ENOMEM and what loading a model can say. */
LW_MUST enum lw_status welcome_init(struct server *s, struct lw_error *err);
void welcome_release(struct server *s);
LW_MUST enum lw_status classify_init(struct server *s, struct lw_error *err);
void classify_release(struct server *s);

/** The file of ui/ with that path, packed if the client takes that; or NULL. */
const struct http_fixed *welcome_asset(const struct server *s, const char *path,
                                       const struct http_request *req);

#endif /* SERVE_SERVER_PRIV_H */

/* SPDX-License-Identifier: Apache-2.0 */
/* serve/server_priv.h - what the routes and jobs see of the server. */
#ifndef SERVE_SERVER_PRIV_H
#define SERVE_SERVER_PRIV_H

#include "serve/auth.h"
#include "serve/classify_form.h"
#include "serve/http.h"
#include "serve/judge_apart.h"
#include "serve/listen.h"
#include "serve/models.h"
#include "serve/server.h"
#include "serve/settings.h"
#include "serve/ui_assets.h"
#include "store/flows.h"
#include "store/store.h"

#include <lapwing/detect.h>

#include <stdatomic.h>

struct attempts; /* serve/attempts.h */
struct events;   /* serve/events.h */
struct jobs;     /* serve/jobs.h */
struct metrics;  /* serve/metrics.h */
struct refusals; /* serve/refusals.h */
struct tls;      /* serve/tls.h */
struct upkeep;   /* serve/upkeep.h */
struct watches;  /* serve/watch.h */

struct server_limits {
    uint64_t capture_bytes;
    uint64_t chunk_bytes;
    unsigned queue;
    unsigned workers;
    struct judge_limits analysis; /* of the process that reads a capture */
    uint64_t analysis_flows;      /* that one capture may come to */
};

struct server {
    struct http_listener *listener; /* owned */
    struct tls *tls;                /* owned; NULL: not spoken here */
    struct auth *auth;              /* owned */
    struct attempts *rates;         /* owned: requests of each client; NULL: no limit */
    struct refusals *refusals;      /* owned */
    struct metrics *metrics;        /* owned */
    struct events *events;          /* owned */
    struct store *store;            /* owned */
    struct jobs *jobs;              /* owned */
    struct upkeep *upkeep;          /* owned */
    struct watches *watches;        /* owned */
    struct models *models;          /* owned */
    struct settings settings;       /* locks itself */
    struct http_fixed *welcome;     /* owned: for a program */
    struct http_fixed *assets[UI_ASSETS_MAX];   /* (n_ui_assets) owned, same order */
    struct http_fixed *packed[UI_ASSETS_MAX];   /* owned; NULL: packing saves nothing */
    struct http_fixed *verdicts[LW_N_VERDICTS]; /* owned: answers of /classify */
    struct classify_form *form;                 /* owned */
    struct server_limits limits;
    const char *spool_dir; /* for what is too much for memory; borrowed */
    int64_t started_ns;
    bool has_settings;
    bool needs_auth;
    bool loopback_only; /* requests must name a loopback host */
    bool secure;        /* clients speak TLS, with us or with the proxy */
    bool behind_proxy;
    struct store_net proxies;          /* where behind_proxy */
    char first_token[AUTH_TOKEN_TEXT]; /* of the first administrator; "": he is there */
    bool log_requests;
    atomic_bool stopping;
    char url[LISTEN_TEXT_MAX + 16];
};

/** Make what a route answers with.  LW_ENOMEM and what loading a model can say. */
LW_MUST enum lw_status welcome_init(struct server *s, struct lw_error *err);
void welcome_release(struct server *s);
LW_MUST enum lw_status classify_init(struct server *s, struct lw_error *err);
void classify_release(struct server *s);
/** Bring the models of the store and the bundled ones together. */
LW_MUST enum lw_status route_models_init(struct server *s, struct lw_error *err);

/** The file of ui/ with that path, packed if the client takes that; or NULL. */
const struct http_fixed *welcome_asset(const struct server *s, const char *path,
                                       const struct http_request *req);

#endif /* SERVE_SERVER_PRIV_H */

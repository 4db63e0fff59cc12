/* SPDX-License-Identifier: Apache-2.0 */
/*
 * serve/settings.h - what administrators change while the server runs.
 *
 * Kept in the store under "threshold.<role>", "home_networks" (separated by blanks),
 * "retention.max_age_days" and "retention.max_bytes"; what was never set is as the
 * command line says.
 */
#ifndef SERVE_SETTINGS_H
#define SERVE_SETTINGS_H

#include "serve/models.h"
#include "store/flows.h"
#include "store/store.h"

#include <pthread.h>

struct server; /* serve/server.h */

enum { SETTINGS_NETS_MAX = 256 };

/** All fields belong to settings.c and route_settings.c. */
struct settings {
    pthread_mutex_t lock;
    float threshold[N_MODEL_ROLES]; /* negative: not set */
    struct store_net nets[SETTINGS_NETS_MAX];
    size_t n_nets;
    struct store_retention retention;
};

/** Read them from the store; `initial` holds where nothing was set. */
LW_MUST enum lw_status settings_init(struct server *s,
                                     const struct store_retention *initial,
                                     struct lw_error *err);
void settings_release(struct server *s);

/** One was set in the store to this; "" removes it. */
void settings_apply(struct server *s, const char *key, const char *value);

/** The attack score from which on a model's verdict is an alert; negative: the model
 *  decides by its own rule, which the traffic model does until a threshold is set. */
float settings_rule(struct server *s, const struct model *m);
struct store_retention settings_retention(struct server *s);
/** Networks of one's own, to nets (SETTINGS_NETS_MAX); their number. */
size_t settings_home(struct server *s, struct store_net *nets);

#endif /* SERVE_SETTINGS_H */

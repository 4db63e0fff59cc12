/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/settings.h"

#include "base/numfmt.h"
#include "serve/server_priv.h"
#include "store/admin.h"

#include <stdio.h>
#include <string.h>

#define NS_PER_DAY 86400e9

static void read_nets(struct settings *set, const char *text)
{
    set->n_nets = 0;
    while (*text != '\0' && set->n_nets < SETTINGS_NETS_MAX) {
        size_t n;

        text += strspn(text, " ");
        n = strcspn(text, " ");
        if (n > 0 && store_net_parse(span_of(text, n), &set->nets[set->n_nets]))
            set->n_nets++;
        text += n;
    }
}

static void on_setting(void *ctx, const char *key, const char *value)
{
    struct settings *set = ctx;
    double v = 0;
    bool is_number = numfmt_parse(value, strlen(value), &v);

    for (int role = 0; role < N_MODEL_ROLES; role++) {
        char name[40];

        (void)snprintf(name, sizeof name, "threshold.%s", model_role_names[role]);
        if (strcmp(key, name) == 0)
            set->threshold[role] = is_number ? (float)v : -1;
    }
    if (strcmp(key, "home_networks") == 0)
        read_nets(set, value);
    if (strcmp(key, "retention.max_age_days") == 0 && is_number)
        set->retention.max_age_ns = (int64_t)(v * NS_PER_DAY);
    if (strcmp(key, "retention.max_bytes") == 0 && is_number)
        set->retention.max_bytes = (uint64_t)v;
}

enum lw_status settings_init(struct server *s, const struct store_retention *initial,
                             struct lw_error *err)
{
    struct settings *set = &s->settings;

    (void)pthread_mutex_init(&set->lock, NULL);
    for (int role = 0; role < N_MODEL_ROLES; role++)
        set->threshold[role] = -1;
    set->retention = *initial;
    return store_setting_list(s->store, on_setting, set, err);
}

void settings_release(struct server *s)
{
    (void)pthread_mutex_destroy(&s->settings.lock);
}

void settings_apply(struct server *s, const char *key, const char *value)
{
    (void)pthread_mutex_lock(&s->settings.lock);
    on_setting(&s->settings, key, value);
    (void)pthread_mutex_unlock(&s->settings.lock);
}

float settings_rule(struct server *s, const struct model *m)
{
    float v;

    (void)pthread_mutex_lock(&s->settings.lock);
    v = s->settings.threshold[m->role];
    (void)pthread_mutex_unlock(&s->settings.lock);
    return v < 0 && m->role != MODEL_ROLE_TRAFFIC ? m->threshold : v;
}

struct store_retention settings_retention(struct server *s)
{
    struct store_retention r;

    (void)pthread_mutex_lock(&s->settings.lock);
    r = s->settings.retention;
    (void)pthread_mutex_unlock(&s->settings.lock);
    return r;
}

size_t settings_home(struct server *s, struct store_net *nets)
{
    size_t n;

    (void)pthread_mutex_lock(&s->settings.lock);
    n = s->settings.n_nets;
    memcpy(nets, s->settings.nets, n * sizeof nets[0]);
    (void)pthread_mutex_unlock(&s->settings.lock);
    return n;
}

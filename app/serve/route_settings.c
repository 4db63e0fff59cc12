/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"
#include "base/mem.h"
#include "base/numfmt.h"
#include "serve/answer.h"
#include "serve/form.h"
#include "serve/present.h"
#include "serve/route.h"
#include "serve/server_priv.h"
#include "serve/settings.h"
#include "serve/upkeep.h"
#include "store/admin.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define NS_PER_DAY 86400e9

/* ---- showing --------------------------------------------------------------------- */

static void put_threshold(struct jsonw *w, struct server *s, enum model_role role)
{
    struct model *m = models_take(s->models, role);

    /* A server without such a model alerts on nothing of it. */
    put_rule(w, model_role_names[role], m == NULL ? 1.0F : settings_rule(s, m));
    model_drop(m);
}

static void put_retention(struct jsonw *w, const struct store_retention *r)
{
    jsonw_key(w, "retention");
    jsonw_object(w);
    jsonw_key(w, "max_age_days");
    if (r->max_age_ns == 0)
        jsonw_null(w);
    else
        jsonw_f64(w, (double)r->max_age_ns / NS_PER_DAY);
    jsonw_key(w, "max_bytes");
    if (r->max_bytes == 0)
        jsonw_null(w);
    else
        jsonw_u64(w, r->max_bytes);
    jsonw_object_end(w);
}

static void show(const struct call *c)
{
    struct store_retention retention = settings_retention(c->server);
    struct store_net *nets = mem_zalloc(SETTINGS_NETS_MAX, sizeof nets[0]);
    size_t n = nets == NULL ? 0 : settings_home(c->server, nets);
    char text[STORE_ADDR_TEXT_MAX + 4];
    struct jsonw w;

    jsonw_init(&w, c->reply->body);
    jsonw_object(&w);
    jsonw_key(&w, "thresholds");
    jsonw_object(&w);
    put_threshold(&w, c->server, MODEL_ROLE_TRAFFIC);
    put_threshold(&w, c->server, MODEL_ROLE_ATTACK);
    put_threshold(&w, c->server, MODEL_ROLE_BOTNET);
    jsonw_object_end(&w);
    jsonw_key(&w, "home_networks");
    jsonw_array(&w);
    for (size_t i = 0; i < n; i++) {
        net_text(&nets[i], text);
        jsonw_text(&w, text);
    }
    jsonw_array_end(&w);
    put_retention(&w, &retention);
    jsonw_object_end(&w);
    buf_add_char(c->reply->body, '\n');
    mem_free(nets);
}

void route_settings_get(const struct call *c)
{
    struct params p;

    params_init(&p, c->req->query, c->reply);
    if (params_end(&p))
        show(c);
}

/* ---- changing -------------------------------------------------------------------- */

enum { CHANGES_MAX = 8, VALUE_MAX = NUMFMT_MAX };

/* What is to be stored; an empty value removes it. */
struct changes {
    struct {
        char key[40];
        char number[VALUE_MAX];
        const char *value; /* `number`, a buffer's text, or NULL */
    } item[CHANGES_MAX];
    size_t n;
    struct buf nets;
};

static void add(struct changes *ch, const char *key, const double *number,
                const char *text)
{
    size_t i = ch->n++;

    (void)snprintf(ch->item[i].key, sizeof ch->item[i].key, "%s", key);
    ch->item[i].value = text;
    if (number != NULL) {
        (void)numfmt_f64(*number, ch->item[i].number);
        ch->item[i].value = ch->item[i].number;
    }
}

/* null: what the model's author gave it. */
static void read_threshold(struct form *f, struct changes *ch, const char *name,
                           const char *key)
{
    double v;

    if (form_is_null(f, name)) {
        (void)form_text(f, name, 0, 0);
        add(ch, key, NULL, NULL);
    } else if (form_number(f, name, 0, 1, &v)) {
        add(ch, key, &v, NULL);
    }
}

static void read_thresholds(struct form *f, struct changes *ch)
{
    struct form inner;

    if (form_object(f, "thresholds", &inner)) {
        read_threshold(&inner, ch, "traffic", "threshold.traffic");
        read_threshold(&inner, ch, "attack", "threshold.attack");
        read_threshold(&inner, ch, "botnet", "threshold.botnet");
    }
    (void)form_end(&inner);
}

static void read_nets(struct form *f, struct changes *ch)
{
    const struct json_value *list = form_array(f, "home_networks");

    if (list == NULL)
        return;
    if (json_length(list) > SETTINGS_NETS_MAX)
        form_wrong(f, "home_networks", "too many");
    for (size_t i = 0; i < json_length(list) && !f->failed; i++) {
        const char *text = json_text(json_at(list, i));
        struct store_net net;

        if (text == NULL || !store_net_parse(span_of(text, strlen(text)), &net)) {
            form_wrong(f, "home_networks", "expected networks such as \"10.0.0.0/8\"");
            return;
        }
        buf_add_text(&ch->nets, text);
        buf_add_char(&ch->nets, ' ');
    }
    add(ch, "home_networks", NULL, ch->nets.len == 0 ? NULL : buf_text(&ch->nets));
}

static void read_retention(struct form *f, struct changes *ch)
{
    struct form inner;
    int64_t bytes;
    double v;

    if (form_object(f, "retention", &inner)) {
        if (form_is_null(&inner, "max_age_days")) {
            (void)form_text(&inner, "max_age_days", 0, 0);
            v = 0;
            add(ch, "retention.max_age_days", &v, NULL);
        } else if (form_number(&inner, "max_age_days", 0.01, 36500, &v)) {
            add(ch, "retention.max_age_days", &v, NULL);
        }
        if (form_is_null(&inner, "max_bytes")) {
            (void)form_text(&inner, "max_bytes", 0, 0);
            v = 0;
            add(ch, "retention.max_bytes", &v, NULL);
        } else if (form_int(&inner, "max_bytes", 1048576, INT64_C(9007199254740991),
                            &bytes)) {
            v = (double)bytes;
            add(ch, "retention.max_bytes", &v, NULL);
        }
    }
    (void)form_end(&inner);
}

/* What was stored holds from now on. */
static void apply(struct server *s, const struct changes *ch)
{
    for (size_t i = 0; i < ch->n; i++)
        settings_apply(s, ch->item[i].key,
                       ch->item[i].value == NULL ? "" : ch->item[i].value);
}

static void store_changes(const struct call *c, const struct changes *ch)
{
    const char *keys[CHANGES_MAX];
    const char *values[CHANGES_MAX];
    struct lw_error err;

    for (size_t i = 0; i < ch->n; i++) {
        keys[i] = ch->item[i].key;
        values[i] = ch->item[i].value;
    }
    if (answer_failed(
            c->reply,
            store_setting_set_many(c->server->store, keys, values, ch->n, &err), &err))
        return;
    apply(c->server, ch);
    upkeep_look(c->server->upkeep);
    show(c);
}

void route_settings_change(const struct call *c)
{
    struct changes ch = {.n = 0};
    struct form f;

    buf_init(&ch.nets);
    form_init(&f, c->req->body, c->reply);
    read_thresholds(&f, &ch);
    read_nets(&f, &ch);
    read_retention(&f, &ch);
    if (!f.failed && ch.n == 0)
        form_wrong(&f, "thresholds", "say what to change");
    if (form_end(&f))
        store_changes(c, &ch);
    buf_release(&ch.nets);
    form_release(&f);
}

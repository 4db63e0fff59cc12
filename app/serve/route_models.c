/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Models: which there are, which judge, and exchanging them.
 *
 * The store remembers what is active; models.h has it loaded.  A change goes to the
 * store first: a server that is killed in between starts with what was acknowledged.
 */
#include "base/assert.h"
#include "base/mem.h"
#include "serve/answer.h"
#include "serve/present.h"
#include "serve/problem.h"
#include "serve/route.h"
#include "serve/server_priv.h"
#include "serve/settings.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { ROLE_TEXT_MAX = 16, ID_BYTES = 13 };

/* What the store says of one, kept. */
struct entry {
    char id[ID_BYTES];
    char role[ROLE_TEXT_MAX];
    uint64_t size_bytes;
    int64_t uploaded_ns;
    bool active;
    bool bundled;
};

struct entries {
    struct entry *items; /* owned */
    size_t n;
    size_t cap;
    bool failed;
};

static bool role_of(const char *name, enum model_role *out)
{
    for (int role = 0; role < N_MODEL_ROLES; role++)
        if (strcmp(model_role_names[role], name) == 0) {
            *out = (enum model_role)role;
            return true;
        }
    return false;
}

static void keep(struct entry *e, const struct store_model *m)
{
    (void)snprintf(e->id, sizeof e->id, "%s", m->id);
    (void)snprintf(e->role, sizeof e->role, "%s", m->role);
    e->size_bytes = m->size_bytes;
    e->uploaded_ns = m->uploaded_ns;
    e->active = m->active;
    e->bundled = m->bundled;
}

static void on_entry(void *ctx, const struct store_model *m)
{
    keep(ctx, m);
}

static void on_entries(void *ctx, const struct store_model *m)
{
    struct entries *list = ctx;
    void *grown = mem_grow(list->items, &list->cap, list->n + 1, sizeof list->items[0]);

    if (grown == NULL) {
        list->failed = true;
        return;
    }
    list->items = grown;
    keep(&list->items[list->n++], m);
}

/* ---- loading --------------------------------------------------------------------- */

static enum lw_status read_all(int fd, uint8_t *out, size_t n, struct lw_error *err)
{
    size_t at = 0;

    while (at < n) {
        ssize_t got = pread(fd, out + at, n - at, (off_t)at);

        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return lw_fail(err, LW_EIO, "a model's file cannot be read");
        at += (size_t)got;
    }
    return LW_OK;
}

static enum lw_status load(struct server *s, const struct entry *e, struct model **out,
                           struct lw_error *err)
{
    enum model_role role;
    uint8_t *data;
    uint64_t size = 0;
    int fd = -1;
    enum lw_status st;

    if (!role_of(e->role, &role))
        return lw_fail(err, LW_EFORMAT, "%.16s is no role", e->role);
    st = store_model_open(s->store, e->id, &fd, &size, err);
    if (st != LW_OK)
        return st;
    data = mem_alloc((size_t)size);
    st = data == NULL ? lw_fail(err, LW_ENOMEM, "out of memory")
                      : read_all(fd, data, (size_t)size, err);
    (void)close(fd);
    if (st == LW_OK)
        st = model_new(out, role, data, (size_t)size, e->id, err);
    mem_free(data);
    return st;
}

/* The bundled models become known to the store, and what is active there becomes so
 * here. */
enum lw_status route_models_init(struct server *s, struct lw_error *err)
{
    struct entries list = {0};
    enum lw_status st = LW_OK;

    for (int role = 0; st == LW_OK && role < N_MODEL_ROLES; role++) {
        struct model *m = models_take_bundled(s->models, (enum model_role)role);
        char id[ID_BYTES];

        if (m == NULL)
            continue;
        st = store_model_add(s->store, model_role_names[role], m->file, m->n_file, true,
                             id, err);
        model_drop(m);
    }
    if (st == LW_OK)
        st = store_model_list(s->store, on_entries, &list, err);
    if (st == LW_OK && list.failed)
        st = lw_fail(err, LW_ENOMEM, "out of memory");
    for (size_t i = 0; st == LW_OK && i < list.n; i++) {
        struct model *m = NULL;

        if (!list.items[i].active || list.items[i].bundled)
            continue;
        st = load(s, &list.items[i], &m, err);
        if (st == LW_OK)
            models_set(s->models, m);
    }
    mem_free(list.items);
    return st;
}

/* ---- showing --------------------------------------------------------------------- */

/* Is this entry what judges now?  A bundled one does where no other is active. */
static bool is_active(struct server *s, const struct entry *e)
{
    enum model_role role;
    struct model *m;
    bool same;

    if (!role_of(e->role, &role))
        return false;
    m = models_take(s->models, role);
    same = m != NULL && strcmp(lw_classifier_id(m->classifier), e->id) == 0;
    model_drop(m);
    return same;
}

static void put_model(struct jsonw *w, struct server *s, const struct entry *e,
                      const struct model *m)
{
    const struct lw_classifier *c = m->classifier;

    jsonw_put_text(w, "id", e->id);
    jsonw_put_text(w, "role", e->role);
    jsonw_put_text(w, "view", lw_classifier_view(c)->name);
    jsonw_key(w, "classes");
    jsonw_array(w);
    for (uint32_t i = 0; i < lw_classifier_classes(c); i++)
        jsonw_text(w, lw_classifier_class_name(c, i));
    jsonw_array_end(w);
    jsonw_put_bool(w, "active", is_active(s, e));
    jsonw_put_bool(w, "bundled", e->bundled);
    jsonw_put_u64(w, "size", e->size_bytes);
    put_time_or_null(w, "uploaded", e->uploaded_ns);
    put_rule(w, "threshold", settings_rule(s, m));
}

static void put_card(struct jsonw *w, const struct model *m)
{
    const struct lw_view *view = lw_classifier_view(m->classifier);

    jsonw_key(w, "features");
    jsonw_array(w);
    for (uint16_t i = 0; i < view->n_features; i++)
        jsonw_text(w, view->features[i].name);
    jsonw_array_end(w);
    jsonw_key(w, "provenance");
    jsonw_raw(w, lw_classifier_provenance(m->classifier));
}

static bool take_loaded(struct server *s, const struct entry *e, struct model **out)
{
    enum model_role role;

    *out = NULL;
    if (!role_of(e->role, &role))
        return false;
    *out = models_take(s->models, role);
    if (*out != NULL && strcmp(lw_classifier_id((*out)->classifier), e->id) == 0)
        return true;
    model_drop(*out);
    *out = NULL;
    return load(s, e, out, NULL) == LW_OK;
}

void route_model_list(const struct call *c)
{
    struct answer_page page = {.page = {.limit = 1}};
    struct entries list = {0};
    struct lw_error err;
    struct params p;
    enum lw_status st;

    params_init(&p, c->req->query, c->reply);
    if (!params_end(&p))
        return;
    st = store_model_list(c->server->store, on_entries, &list, &err);
    if (st == LW_OK && list.failed)
        st = lw_fail(&err, LW_ENOMEM, "out of memory");
    answer_page_begin(&page, c->reply);
    for (size_t i = 0; st == LW_OK && i < list.n; i++) {
        struct model *m;

        if (!take_loaded(c->server, &list.items[i], &m))
            continue; /* of a version whose views are no longer known */
        jsonw_object(&page.w);
        put_model(&page.w, c->server, &list.items[i], m);
        jsonw_object_end(&page.w);
        model_drop(m);
    }
    mem_free(list.items);
    answer_page_end(&page, st, &err);
}

static bool show(const struct call *c, const char *id, bool card)
{
    struct entry e;
    struct model *m;
    struct lw_error err;
    struct jsonw w;

    if (answer_failed(c->reply,
                      store_model_get(c->server->store, id, on_entry, &e, &err), &err))
        return false;
    if (!take_loaded(c->server, &e, &m)) {
        problem_reply(c->reply, 409, NULL,
                      "this version cannot load the model: its view has changed");
        return false;
    }
    jsonw_init(&w, c->reply->body);
    jsonw_object(&w);
    put_model(&w, c->server, &e, m);
    if (card)
        put_card(&w, m);
    jsonw_object_end(&w);
    buf_add_char(c->reply->body, '\n');
    model_drop(m);
    return true;
}

void route_model_get(const struct call *c)
{
    (void)show(c, c->arg[0], true);
}

/* ---- changing -------------------------------------------------------------------- */

static bool read_role(const struct call *c, enum model_role *role)
{
    struct params p;
    size_t choice = 0;

    params_init(&p, c->req->query, c->reply);
    if (!params_choice(&p, "role", model_role_names, N_MODEL_ROLES, &choice) &&
        !p.failed)
        params_wrong(&p, "role", "say what the model is for: ?role=botnet");
    *role = (enum model_role)choice;
    return params_end(&p);
}

void route_model_upload(const struct call *c)
{
    const struct span body = c->req->body;
    enum model_role role;
    struct model *m = NULL;
    struct lw_error err;
    char id[ID_BYTES];
    char where[64];
    enum lw_status st;

    if (!read_role(c, &role))
        return;
    st = model_new(&m, role, body.p == NULL ? (const void *)"" : body.p, body.n,
                   "the model", &err);
    if (st != LW_OK) {
        problem_reply(c->reply, st == LW_ENOMEM ? 503 : 422, NULL, err.msg);
        return;
    }
    model_drop(m);
    if (answer_failed(c->reply,
                      store_model_add(c->server->store, model_role_names[role], body.p,
                                      body.n, false, id, &err),
                      &err) ||
        !show(c, id, false))
        return;
    c->reply->status = 201;
    (void)snprintf(where, sizeof where, "/api/v1/models/%s", id);
    http_reply_header(c->reply, "Location", where);
}

/* Make what the store says is active so. */
static bool switch_to(const struct call *c, const char *id)
{
    struct entry e;
    struct model *m = NULL;
    struct lw_error err;
    enum lw_status st = store_model_get(c->server->store, id, on_entry, &e, &err);

    if (st == LW_OK)
        st = load(c->server, &e, &m, &err);
    if (answer_failed(c->reply, st, &err))
        return false;
    models_set(c->server->models, m);
    return true;
}

void route_model_activate(const struct call *c)
{
    struct entry e;
    struct model *m = NULL;
    struct lw_error err;

    if (answer_failed(c->reply,
                      store_model_get(c->server->store, c->arg[0], on_entry, &e, &err),
                      &err))
        return;
    /* One that cannot be loaded must not become active. */
    if (!take_loaded(c->server, &e, &m)) {
        problem_reply(c->reply, 409, NULL,
                      "this version cannot load the model: its view has changed");
        return;
    }
    model_drop(m);
    if (!answer_failed(c->reply, store_model_activate(c->server->store, e.id, &err),
                       &err) &&
        switch_to(c, e.id))
        (void)show(c, e.id, false);
}

void route_model_roll_back(const struct call *c)
{
    enum model_role role;
    struct lw_error err;
    char id[ID_BYTES];

    if (read_role(c, &role) &&
        !answer_failed(
            c->reply,
            store_model_roll_back(c->server->store, model_role_names[role], id, &err),
            &err) &&
        switch_to(c, id))
        (void)show(c, id, false);
}

void route_model_delete(const struct call *c)
{
    struct lw_error err;

    if (!answer_failed(c->reply, store_model_delete(c->server->store, c->arg[0], &err),
                       &err))
        answer_nothing(c->reply);
}

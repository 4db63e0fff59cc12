/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"
#include "serve/answer.h"
#include "serve/form.h"
#include "serve/present.h"
#include "serve/problem.h"
#include "serve/route.h"
#include "serve/server_priv.h"
#include "serve/tell.h"

#include <string.h>

static const char *const class_names[LW_N_VERDICTS] = {
#define CLASS_NAME(name, text) text,
    LW_VERDICT_LIST(CLASS_NAME)
#undef CLASS_NAME
};

/* ---- lists ----------------------------------------------------------------------- */

static void on_alert(void *ctx, const struct store_alert *a)
{
    put_alert(ctx, a);
}

static void on_flow(void *ctx, const struct store_flow *f)
{
    put_flow(ctx, f);
}

static void read_host(struct params *p, struct store_net *out)
{
    const char *text = params_text(p, "host");

    if (text != NULL && !store_net_parse(span_of(text, strlen(text)), out))
        params_wrong(p, "host", "expected an address or a network, 10.0.0.0/8");
}

static void read_filter(struct params *p, struct store_alert_filter *f)
{
    static const char *const states[] = {"open", "resolved", "all"};
    static const char *const labels[] = {"none", "right", "wrong"};
    static const char *const sorts[] = {"time", "severity", "score", "flows"};
    static const char *const orders[] = {"desc", "asc"};
    size_t choice = 0;

    store_alert_filter_init(f);
    (void)params_choice(p, "state", states, 3, &choice);
    f->resolved = choice == 2 ? -1 : (int)choice;
    (void)params_int(p, "capture", 1, INT64_MAX, &f->capture);
    (void)params_time(p, "from", &f->from_ns);
    (void)params_time(p, "to", &f->to_ns);
    read_host(p, &f->host);
    if (params_choice(p, "class", class_names, LW_N_VERDICTS, &choice))
        f->verdict = (int)choice;
    if (params_choice(p, "severity", severity_names + 1, 4, &choice))
        f->severity = (int)choice + 1;
    if (params_choice(p, "label", labels, 3, &choice))
        f->label = (int)choice;
    choice = STORE_ALERT_SEVERITY;
    (void)params_choice(p, "sort", sorts, 4, &choice);
    f->sort = (enum store_alert_sort)choice;
    choice = 0;
    (void)params_choice(p, "order", orders, 2, &choice);
    f->ascending = choice == 1;
}

void route_alert_list(const struct call *c)
{
    struct store_alert_filter filter;
    struct answer_page page;
    struct params p;
    struct lw_error err;

    params_init(&p, c->req->query, c->reply);
    read_filter(&p, &filter);
    answer_page_params(&page, &p);
    if (!params_end(&p))
        return;
    answer_page_begin(&page, c->reply);
    answer_page_end(&page,
                    store_alert_list(c->server->store, &filter, &page.page, on_alert,
                                     &page.w, &err),
                    &err);
}

static void show(const struct call *c, int64_t id)
{
    struct lw_error err;
    struct jsonw w;

    jsonw_init(&w, c->reply->body);
    answer_one_end(c->reply, store_alert_get(c->server->store, id, on_alert, &w, &err),
                   &err);
}

void route_alert_get(const struct call *c)
{
    int64_t id;

    if (route_id(c, 0, &id))
        show(c, id);
}

void route_alert_flows(const struct call *c)
{
    struct answer_page page;
    struct params p;
    struct lw_error err;
    int64_t id;

    params_init(&p, c->req->query, c->reply);
    answer_page_params(&page, &p);
    if (!params_end(&p) || !route_id(c, 0, &id))
        return;
    answer_page_begin(&page, c->reply);
    answer_page_end(
        &page,
        store_alert_flows(c->server->store, id, &page.page, on_flow, &page.w, &err),
        &err);
}

/* ---- changes --------------------------------------------------------------------- */

static void read_change(struct form *f, struct store_alert_change *change)
{
    static const char *const states[] = {"open", "resolved"};
    static const char *const labels[] = {"right", "wrong"};
    size_t choice = 0;

    *change = (struct store_alert_change){.resolved = -1, .label = -1};
    if (form_choice(f, "state", states, 2, &choice))
        change->resolved = (int)choice;
    if (form_is_null(f, "label")) {
        change->label = STORE_LABEL_NONE;
        (void)form_text(f, "label", 0, 0);
    } else if (form_choice(f, "label", labels, 2, &choice)) {
        change->label = (int)choice + STORE_LABEL_RIGHT;
    }
    if (form_is_null(f, "comment"))
        form_wrong(f, "comment", "expected a text; an empty one removes it");
    change->comment = form_text(f, "comment", 0, 2000 * 4);
    if (change->resolved < 0 && change->label < 0 && change->comment == NULL)
        form_wrong(f, "state", "say what to change: state, label or comment");
}

void route_alert_change(const struct call *c)
{
    struct store_alert_change change;
    struct lw_error err;
    struct form f;
    int64_t id;

    if (!route_id(c, 0, &id))
        return;
    form_init(&f, c->req->body, c->reply);
    read_change(&f, &change);
    if (form_end(&f) &&
        !answer_failed(c->reply,
                       store_alert_change(c->server->store, id, &change, NULL, &err),
                       &err)) {
        tell_alert(c->server, id);
        show(c, id);
    }
    form_release(&f);
}

void route_alert_delete(const struct call *c)
{
    struct lw_error err;
    int64_t id;

    if (!route_id(c, 0, &id) ||
        answer_failed(c->reply, store_alert_delete(c->server->store, id, NULL, &err),
                      &err))
        return;
    tell_deleted(c->server, "alert", id);
    answer_nothing(c->reply);
}

static void put_count(const struct call *c, const char *name, uint64_t n)
{
    struct jsonw w;

    jsonw_init(&w, c->reply->body);
    jsonw_object(&w);
    jsonw_put_u64(&w, name, n);
    jsonw_object_end(&w);
    buf_add_char(c->reply->body, '\n');
}

void route_alert_delete_resolved(const struct call *c)
{
    static const char *const only[] = {"resolved"};
    struct params p;
    struct lw_error err;
    size_t choice;
    int64_t capture = 0;
    uint64_t n = 0;

    params_init(&p, c->req->query, c->reply);
    if (!params_choice(&p, "state", only, 1, &choice) && !p.failed)
        params_wrong(&p, "state", "say which: ?state=resolved");
    (void)params_int(&p, "capture", 1, INT64_MAX, &capture);
    if (params_end(&p) && !answer_failed(c->reply,
                                         store_alert_delete_resolved(
                                             c->server->store, capture, &n, NULL, &err),
                                         &err))
        put_count(c, "deleted", n);
}

void route_alert_undo(const struct call *c)
{
    struct params p;
    struct lw_error err;
    uint64_t n = 0;

    params_init(&p, c->req->query, c->reply);
    if (params_end(&p) &&
        !answer_failed(c->reply, store_undo(c->server->store, 0, &n, &err), &err))
        put_count(c, "restored", n);
}

/* ---- suppressions ---------------------------------------------------------------- */

struct suppression_list {
    struct jsonw w;
    int64_t now_ns;
    int64_t only; /* id; 0: all */
};

static void on_suppression(void *ctx, const struct store_suppression *p)
{
    struct suppression_list *l = ctx;

    if (l->only == 0 || l->only == p->id)
        put_suppression(&l->w, p, l->now_ns);
}

void route_suppression_list(const struct call *c)
{
    struct suppression_list l = {.now_ns = clock_ns()};
    struct answer_page page = {.page = {.limit = 1}};
    struct lw_error err;
    enum lw_status st;
    struct params p;

    params_init(&p, c->req->query, c->reply);
    if (!params_end(&p))
        return;
    answer_page_begin(&page, c->reply);
    l.w = page.w;
    st = store_suppression_list(c->server->store, 0, on_suppression, &l, &err);
    page.w = l.w;
    answer_page_end(&page, st, &err);
}

static void read_net(struct form *f, const char *name, struct store_net *out)
{
    const char *text = form_text(f, name, 2, 64);

    if (text != NULL && !store_net_parse(span_of(text, strlen(text)), out))
        form_wrong(f, name, "expected an address or a network, 10.0.0.0/8");
}

static void read_suppression(struct form *f, struct store_suppression *p)
{
    size_t choice = 0;
    int64_t port = -1;

    *p = (struct store_suppression){.port = -1, .verdict = -1};
    form_require(f, "reason");
    p->reason = form_text(f, "reason", 1, 500 * 4);
    read_net(f, "source", &p->source);
    read_net(f, "destination", &p->destination);
    (void)form_int(f, "port", 0, 65535, &port);
    p->port = (int32_t)port;
    if (form_choice(f, "class", class_names, LW_N_VERDICTS, &choice))
        p->verdict = (int)choice;
    (void)form_time(f, "expires", &p->expires_ns);
    if (p->source.addr.bytes[0] == 0 && p->destination.addr.bytes[0] == 0 &&
        p->port < 0 && p->verdict < 0)
        form_wrong(f, "source",
                   "say of which flows: source, destination, port or class");
}

void route_suppression_create(const struct call *c)
{
    struct suppression_list l = {.now_ns = clock_ns()};
    struct store_suppression p;
    struct lw_error err;
    struct form f;

    form_init(&f, c->req->body, c->reply);
    read_suppression(&f, &p);
    if (form_end(&f) &&
        !answer_failed(c->reply,
                       store_suppression_add(c->server->store, &p, &l.only, &err),
                       &err)) {
        jsonw_init(&l.w, c->reply->body);
        if (!answer_failed(
                c->reply,
                store_suppression_list(c->server->store, 0, on_suppression, &l, &err),
                &err)) {
            buf_add_char(c->reply->body, '\n');
            answer_created(c->reply, 201, "/api/v1/suppressions", l.only);
        }
    }
    form_release(&f);
}

void route_suppression_delete(const struct call *c)
{
    struct lw_error err;
    int64_t id;

    if (route_id(c, 0, &id) &&
        !answer_failed(c->reply, store_suppression_delete(c->server->store, id, &err),
                       &err))
        answer_nothing(c->reply);
}

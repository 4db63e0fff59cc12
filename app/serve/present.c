/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/present.h"

#include "base/timefmt.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

const char *const severity_names[5] = {"", "low", "medium", "high", "critical"};

int64_t clock_ns(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * NS_PER_S + t.tv_nsec;
}

/* ---- members --------------------------------------------------------------------- */

void put_time(struct jsonw *w, const char *key, int64_t time_ns)
{
    char text[TIMEFMT_MAX];
    size_t n = timefmt_eve(time_ns, text);

    /* As RFC 3339 has it, for "+0000". */
    (void)snprintf(text + n - 5, 2, "Z");
    jsonw_put_text(w, key, text);
}

void put_time_or_null(struct jsonw *w, const char *key, int64_t time_ns)
{
    if (time_ns != 0) {
        put_time(w, key, time_ns);
        return;
    }
    jsonw_key(w, key);
    jsonw_null(w);
}

void put_text_or_null(struct jsonw *w, const char *key, const char *text)
{
    jsonw_key(w, key);
    if (text == NULL || text[0] == '\0')
        jsonw_null(w);
    else
        jsonw_text(w, text);
}

static void put_id(struct jsonw *w, const char *key, int64_t id)
{
    jsonw_key(w, key);
    jsonw_i64(w, id);
}

void put_id_or_null(struct jsonw *w, const char *key, int64_t id)
{
    jsonw_key(w, key);
    if (id == 0)
        jsonw_null(w);
    else
        jsonw_i64(w, id);
}

/* A share that rounding took out of its bounds is put back. */
void put_share(struct jsonw *w, const char *key, double v)
{
    jsonw_key(w, key);
    jsonw_f64(w, v > 1 ? 1 : v < 0 ? 0 : v);
}

/* The same of a float, which has fewer digits. */
void put_share32(struct jsonw *w, const char *key, float v)
{
    jsonw_key(w, key);
    jsonw_f32(w, v > 1 ? 1 : v < 0 ? 0 : v);
}

void put_rule(struct jsonw *w, const char *key, float threshold)
{
    if (threshold >= 0) {
        put_share32(w, key, threshold);
        return;
    }
    jsonw_key(w, key);
    jsonw_null(w);
}

static void put_addr(struct jsonw *w, const char *key, const struct store_addr *a)
{
    char text[STORE_ADDR_TEXT_MAX];

    (void)store_addr_text(a, text);
    put_text_or_null(w, key, text);
}

void net_text(const struct store_net *net, char out[STORE_ADDR_TEXT_MAX + 4])
{
    char addr[STORE_ADDR_TEXT_MAX];
    uint8_t kind = net->addr.bytes[0];
    unsigned whole = kind == 4 ? 32 : kind == 6 ? 128 : 48;

    (void)store_addr_text(&net->addr, addr);
    if (kind == 0 || net->bits == whole)
        (void)snprintf(out, STORE_ADDR_TEXT_MAX + 4, "%s", addr);
    else
        (void)snprintf(out, STORE_ADDR_TEXT_MAX + 4, "%s/%u", addr, net->bits);
}

static void put_net(struct jsonw *w, const char *key, const struct store_net *net)
{
    char text[STORE_ADDR_TEXT_MAX + 4];

    net_text(net, text);
    put_text_or_null(w, key, text);
}

static void put_severity(struct jsonw *w, uint8_t severity)
{
    put_text_or_null(w, "severity", severity <= 4 ? severity_names[severity] : "");
}

/* ---- captures and jobs ----------------------------------------------------------- */

void put_capture(struct jsonw *w, const struct store_capture *c)
{
    jsonw_object(w);
    put_id(w, "id", c->id);
    jsonw_put_text(w, "name", c->name);
    jsonw_put_u64(w, "size", c->size_bytes);
    jsonw_put_text(w, "sha256", c->sha256);
    put_time(w, "uploaded", c->uploaded_ns);
    jsonw_put_text(w, "state", store_capture_state_name(c->state));
    put_id_or_null(w, "job", c->job);
    jsonw_put_u64(w, "packets", c->packets);
    jsonw_put_u64(w, "flows", c->flows);
    jsonw_put_u64(w, "alerts", c->alerts);
    put_time_or_null(w, "first", c->first_ns);
    put_time_or_null(w, "last", c->last_ns);
    jsonw_object_end(w);
}

void put_upload(struct jsonw *w, const struct store_upload *u)
{
    jsonw_object(w);
    put_id(w, "id", u->id);
    jsonw_put_text(w, "name", u->name);
    jsonw_put_u64(w, "size", u->size_bytes);
    jsonw_put_u64(w, "offset", u->offset);
    put_id_or_null(w, "capture", u->capture);
    jsonw_object_end(w);
}

void put_job(struct jsonw *w, const struct store_job *j)
{
    jsonw_object(w);
    put_id(w, "id", j->id);
    jsonw_put_text(w, "kind", store_job_kind_name(j->kind));
    put_id(w, "capture", j->capture);
    jsonw_put_text(w, "state", store_job_state_name(j->state));
    put_share(w, "progress", j->progress);
    put_id_or_null(w, "position", (int64_t)j->position);
    jsonw_put_u64(w, "packets", j->packets);
    jsonw_put_u64(w, "flows", j->flows);
    jsonw_put_u64(w, "alerts", j->alerts);
    put_time(w, "queued", j->queued_ns);
    put_time_or_null(w, "started", j->started_ns);
    put_time_or_null(w, "finished", j->finished_ns);
    jsonw_put_u64(w, "attempts", j->attempts);
    put_text_or_null(w, "error", j->error);
    put_id_or_null(w, "artefact", j->artefact);
    jsonw_object_end(w);
}

void put_artefact(struct jsonw *w, const struct store_artefact *a)
{
    jsonw_object(w);
    put_id(w, "id", a->id);
    jsonw_put_text(w, "kind", store_job_kind_name(a->kind));
    put_id(w, "capture", a->capture);
    put_id(w, "job", a->job);
    put_time(w, "created", a->created_ns);
    jsonw_put_u64(w, "size", a->size_bytes);
    jsonw_put_text(w, "type", a->type);
    jsonw_object_end(w);
}

/* ---- flows ----------------------------------------------------------------------- */

static void put_end(struct jsonw *w, const char *const keys[5],
                    const struct store_flow *f, unsigned side)
{
    put_addr(w, keys[0], &f->addr[side]);
    jsonw_key(w, keys[1]);
    if (f->port[side] < 0)
        jsonw_null(w);
    else
        jsonw_i64(w, f->port[side]);
    put_text_or_null(w, keys[2], f->name[side]);
    jsonw_put_u64(w, keys[3], f->packets[side]);
    jsonw_put_u64(w, keys[4], f->bytes[side]);
}

static void put_flow_members(struct jsonw *w, const struct store_flow *f)
{
    static const char *const source[5] = {"source", "source_port", "source_name",
                                          "source_packets", "source_bytes"};
    static const char *const destination[5] = {
        "destination", "destination_port", "destination_name", "destination_packets",
        "destination_bytes"};
    const char *detector = f->detector_name;

    if (detector == NULL && f->scores != NULL && f->detector < f->n_scores)
        detector = f->scores[f->detector].detector;
    put_id(w, "id", f->id);
    put_id(w, "capture", f->capture);
    put_time(w, "start", f->start_ns);
    jsonw_put_f64(w, "duration", (double)f->duration_ns / (double)NS_PER_S);
    jsonw_put_text(w, "protocol", f->proto == NULL ? "" : f->proto);
    put_text_or_null(w, "service", f->service);
    jsonw_put_text(w, "state", f->state == NULL ? "" : f->state);
    put_end(w, source, f, 0);
    put_end(w, destination, f, 1);
    jsonw_put_text(w, "class", lw_verdict_name(f->verdict));
    put_share32(w, "score", isnan(f->score) ? 0 : f->score);
    put_severity(w, f->severity);
    put_text_or_null(w, "detector", detector);
    put_id_or_null(w, "alert", f->alert);
    jsonw_put_bool(w, "suppressed", f->suppressed);
    put_text_or_null(w, "attack_id", f->attack_id);
    put_text_or_null(w, "community_id", f->community_id);
    put_text_or_null(w, "words", f->words);
}

void put_flow(struct jsonw *w, const struct store_flow *f)
{
    jsonw_object(w);
    put_flow_members(w, f);
    jsonw_object_end(w);
}

static void put_score(struct jsonw *w, const struct store_score *s)
{
    jsonw_object(w);
    jsonw_put_text(w, "detector", s->detector);
    jsonw_put_text(w, "model", s->model);
    jsonw_put_text(w, "class", lw_verdict_name(s->verdict));
    put_share32(w, "score", s->score);
    put_share32(w, "threshold", s->threshold);
    put_share32(w, "confidence", s->confidence);
    put_share32(w, "p_value", s->p_value);
    put_share32(w, "unavailable", s->unavailable);
    jsonw_put_bool(w, "alert", s->alert);
    jsonw_key(w, "reasons");
    jsonw_raw(w, s->reasons == NULL || s->reasons[0] == '\0' ? "[]" : s->reasons);
    jsonw_object_end(w);
}

void put_flow_detail(struct jsonw *w, const struct store_flow *f)
{
    put_flow_members(w, f);
    jsonw_key(w, "verdicts");
    jsonw_array(w);
    for (uint32_t i = 0; f->scores != NULL && i < f->n_scores; i++)
        put_score(w, &f->scores[i]);
    jsonw_array_end(w);
    jsonw_key(w, "first_packets");
    if (f->first_packets == NULL || f->first_packets[0] == '\0')
        jsonw_null(w);
    else
        jsonw_raw(w, f->first_packets);
}

/* ---- alerts ---------------------------------------------------------------------- */

void put_alert(struct jsonw *w, const struct store_alert *a)
{
    static const char *const labels[] = {[STORE_LABEL_NONE] = "",
                                         [STORE_LABEL_RIGHT] = "right",
                                         [STORE_LABEL_WRONG] = "wrong"};

    jsonw_object(w);
    put_id(w, "id", a->id);
    put_id(w, "capture", a->capture);
    jsonw_put_text(w, "class", lw_verdict_name(a->verdict));
    jsonw_put_text(w, "detector", a->detector);
    put_severity(w, a->severity);
    put_text_or_null(w, "attack_id", a->attack_id);
    put_share(w, "score", isnan(a->score) ? 0 : a->score);
    put_addr(w, "source", &a->source);
    put_text_or_null(w, "source_name", a->source_name);
    jsonw_put_u64(w, "sources", a->sources);
    put_addr(w, "destination", &a->destination);
    put_text_or_null(w, "destination_name", a->destination_name);
    jsonw_put_u64(w, "destinations", a->destinations);
    jsonw_put_u64(w, "ports", a->ports);
    jsonw_put_text(w, "protocol", a->proto == NULL ? "" : a->proto);
    put_text_or_null(w, "service", a->service);
    put_time(w, "first", a->first_ns);
    put_time(w, "last", a->last_ns);
    jsonw_put_u64(w, "flows", a->flows);
    put_id_or_null(w, "top_flow", a->flow);
    jsonw_put_text(w, "state", a->resolved ? "resolved" : "open");
    put_time_or_null(w, "resolved", a->resolved ? a->resolved_ns : 0);
    put_text_or_null(w, "label", labels[a->label]);
    put_text_or_null(w, "comment", a->comment);
    jsonw_put_text(w, "words", a->words == NULL ? "" : a->words);
    jsonw_object_end(w);
}

void put_suppression(struct jsonw *w, const struct store_suppression *p, int64_t now_ns)
{
    jsonw_object(w);
    put_id(w, "id", p->id);
    put_net(w, "source", &p->source);
    put_net(w, "destination", &p->destination);
    jsonw_key(w, "port");
    if (p->port < 0)
        jsonw_null(w);
    else
        jsonw_i64(w, p->port);
    put_text_or_null(
        w, "class",
        p->verdict < 0 ? NULL : lw_verdict_name((enum lw_verdict_class)p->verdict));
    jsonw_put_text(w, "reason", p->reason);
    put_time(w, "created", p->created_ns);
    put_time_or_null(w, "expires", p->expires_ns);
    jsonw_put_bool(w, "active", p->expires_ns == 0 || p->expires_ns > now_ns);
    jsonw_object_end(w);
}

/* ---- access ---------------------------------------------------------------------- */

void put_audit(struct jsonw *w, const struct store_audit *a)
{
    jsonw_object(w);
    put_id(w, "id", a->id);
    put_time(w, "time", a->time_ns);
    jsonw_put_text(w, "who", a->who);
    jsonw_put_text(w, "action", a->action);
    jsonw_put_text(w, "object", a->object);
    jsonw_put_text(w, "outcome", a->outcome);
    jsonw_put_text(w, "client", a->client);
    jsonw_object_end(w);
}

void put_user(struct jsonw *w, const struct store_user *u)
{
    jsonw_object(w);
    put_id(w, "id", u->id);
    jsonw_put_text(w, "name", u->name);
    jsonw_put_text(w, "scope", store_scope_text(u->scopes));
    put_time(w, "created", u->created_ns);
    jsonw_put_bool(w, "disabled", u->disabled);
    jsonw_object_end(w);
}

void put_token(struct jsonw *w, const struct store_token *t)
{
    jsonw_object(w);
    put_id(w, "id", t->id);
    jsonw_put_text(w, "name", t->name);
    jsonw_put_text(w, "scope", store_scope_text(t->scopes));
    put_time(w, "created", t->created_ns);
    put_time_or_null(w, "expires", t->expires_ns);
    put_time_or_null(w, "last_used", t->used_ns);
    jsonw_put_bool(w, "revoked", t->revoked_ns != 0);
    jsonw_object_end(w);
}

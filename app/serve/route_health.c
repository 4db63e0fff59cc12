/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/events.h"
#include "serve/judge.h"
#include "serve/metrics.h"
#include "serve/params.h"
#include "serve/present.h"
#include "serve/problem.h"
#include "serve/route.h"
#include "serve/server_priv.h"
#include "serve/settings.h"

/* A server that answers is alive: it does not start without its models. */
void route_health(const struct call *c)
{
    buf_add_text(c->reply->body, "{\"status\":\"ok\"}\n");
}

void route_ready(const struct call *c)
{
    struct lw_error err;

    if (atomic_load(&c->server->stopping))
        problem_reply(c->reply, 503, NULL, "the server stops");
    else if (store_ready(c->server->store, &err) != LW_OK)
        problem_reply(c->reply, 503, NULL, err.msg);
    else
        buf_add_text(c->reply->body, "{\"status\":\"ok\"}\n");
}

void route_metrics(const struct call *c)
{
    const struct server *s = c->server;
    uint64_t jobs[STORE_N_JOB_STATES] = {0};
    struct store_sizes sizes = {0};
    struct metrics_gauges g = {.connections = http_connections(s->listener),
                               .event_clients = events_clients(s->events)};

    /* What the store cannot say now is 0, and lapwing_store_up tells so. */
    g.store_up = store_job_counts(s->store, jobs, NULL) == LW_OK &&
                 store_sizes(s->store, &sizes, NULL) == LW_OK;
    g.jobs_queued = (unsigned)jobs[STORE_JOB_QUEUED];
    g.jobs_running = (unsigned)jobs[STORE_JOB_RUNNING];
    g.database_bytes = sizes.database_bytes + sizes.flow_bytes;
    g.blob_bytes = sizes.blob_bytes;
    metrics_write(s->metrics, &g, c->reply->body);
    c->reply->content_type = "text/plain; version=0.0.4; charset=utf-8";
}

void route_description(const struct call *c)
{
    c->reply->fixed = welcome_asset(c->server, "/ui/openapi.yaml", c->req);
}

static void put_detectors(struct jsonw *w, struct server *s)
{
    jsonw_key(w, "detectors");
    jsonw_array(w);
    for (int i = 0; i < N_JUDGES; i++) {
        struct model *m = models_take(s->models, judge_roles[i]);

        if (m == NULL)
            continue;
        jsonw_object(w);
        jsonw_put_text(w, "detector", model_role_names[judge_roles[i]]);
        jsonw_put_text(w, "model", lw_classifier_id(m->classifier));
        put_rule(w, "threshold", settings_rule(s, m));
        jsonw_object_end(w);
        model_drop(m);
    }
    jsonw_array_end(w);
}

void route_about(const struct call *c)
{
    struct server *s = c->server;
    struct params p;
    struct jsonw w;

    params_init(&p, c->req->query, c->reply);
    if (!params_end(&p))
        return;
    jsonw_init(&w, c->reply->body);
    jsonw_object(&w);
    jsonw_put_text(&w, "version", lw_version());
    jsonw_put_bool(&w, "authentication", s->needs_auth);
    put_time(&w, "time", clock_ns());
    jsonw_key(&w, "limits");
    jsonw_object(&w);
    jsonw_put_u64(&w, "capture_bytes", s->limits.capture_bytes);
    jsonw_put_u64(&w, "chunk_bytes", s->limits.chunk_bytes);
    jsonw_put_u64(&w, "queue", s->limits.queue);
    jsonw_put_u64(&w, "workers", s->limits.workers);
    jsonw_object_end(&w);
    put_detectors(&w, s);
    jsonw_object_end(&w);
    buf_add_char(c->reply->body, '\n');
}

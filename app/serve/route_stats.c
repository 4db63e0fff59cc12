/* SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"
#include "serve/answer.h"
#include "serve/metrics.h"
#include "serve/present.h"
#include "serve/problem.h"
#include "serve/route.h"
#include "serve/server_priv.h"
#include "serve/watch.h"

#include <string.h>

static void read_window(struct params *p, struct store_flow_filter *f)
{
    store_flow_filter_init(f);
    (void)params_int(p, "capture", 1, INT64_MAX, &f->capture);
    (void)params_time(p, "from", &f->from_ns);
    (void)params_time(p, "to", &f->to_ns);
}

/* ---- counts ---------------------------------------------------------------------- */

static void put_summary(struct jsonw *w, const struct store_summary *s)
{
    jsonw_object(w);
    jsonw_put_u64(w, "captures", s->captures);
    jsonw_put_u64(w, "flows", s->flows);
    jsonw_put_u64(w, "packets", s->packets);
    jsonw_put_u64(w, "bytes", s->bytes);
    put_time_or_null(w, "first", s->first_ns);
    put_time_or_null(w, "last", s->last_ns);
    jsonw_key(w, "by_class");
    jsonw_object(w);
    for (int k = 0; k < LW_N_VERDICTS; k++)
        jsonw_put_u64(w, lw_verdict_name((enum lw_verdict_class)k), s->by_class[k]);
    jsonw_object_end(w);
    jsonw_key(w, "alerts");
    jsonw_object(w);
    jsonw_put_u64(w, "open", s->alerts_open);
    jsonw_put_u64(w, "resolved", s->alerts_resolved);
    jsonw_key(w, "by_severity");
    jsonw_object(w);
    for (int k = 1; k <= 4; k++)
        jsonw_put_u64(w, severity_names[k], s->open_by_severity[k]);
    jsonw_object_end(w);
    jsonw_object_end(w);
    jsonw_object_end(w);
}

void route_stats_summary(const struct call *c)
{
    struct store_flow_filter filter;
    struct store_summary summary;
    struct lw_error err;
    struct params p;
    struct jsonw w;

    params_init(&p, c->req->query, c->reply);
    read_window(&p, &filter);
    if (!params_end(&p) ||
        answer_failed(c->reply,
                      store_stats_summary(c->server->store, &filter, &summary, &err),
                      &err))
        return;
    jsonw_init(&w, c->reply->body);
    put_summary(&w, &summary);
    buf_add_char(c->reply->body, '\n');
}

/* ---- over time ------------------------------------------------------------------- */

static void put_bin(struct jsonw *w, const struct store_bin *b, int64_t time_ns)
{
    jsonw_object(w);
    put_time(w, "time", time_ns);
    jsonw_put_u64(w, "flows", b->flows);
    jsonw_put_u64(w, "packets", b->packets);
    jsonw_put_u64(w, "bytes", b->bytes);
    jsonw_put_u64(w, "alerted", b->alerted);
    jsonw_key(w, "by_class");
    jsonw_object(w);
    for (int k = 0; k < LW_N_VERDICTS; k++)
        if (k != LW_VERDICT_NORMAL && b->by_class[k] > 0)
            jsonw_put_u64(w, lw_verdict_name((enum lw_verdict_class)k), b->by_class[k]);
    jsonw_object_end(w);
    jsonw_object_end(w);
}

static void put_series(struct jsonw *w, const struct store_series *s,
                       const struct store_bin *bins, uint32_t n_bins)
{
    bool empty = s->bin_ns == 0;

    jsonw_object(w);
    put_time_or_null(w, "from", empty ? 0 : s->from_ns);
    put_time_or_null(w, "to", empty ? 0 : s->to_ns);
    jsonw_put_f64(w, "bin_seconds", (double)s->bin_ns / 1e9);
    jsonw_key(w, "items");
    jsonw_array(w);
    for (uint32_t i = 0; !empty && i < n_bins; i++)
        put_bin(w, &bins[i], s->from_ns + (int64_t)i * s->bin_ns);
    jsonw_array_end(w);
    jsonw_object_end(w);
}

void route_stats_series(const struct call *c)
{
    struct store_flow_filter filter;
    struct store_series series = {0};
    struct store_bin *bins;
    struct lw_error err;
    struct params p;
    struct jsonw w;
    int64_t n = 100;

    params_init(&p, c->req->query, c->reply);
    read_window(&p, &filter);
    (void)params_int(&p, "bins", 1, STORE_BINS_MAX, &n);
    if (!params_end(&p))
        return;
    bins = mem_zalloc((size_t)n, sizeof bins[0]);
    if (bins == NULL) {
        problem_reply(c->reply, 503, NULL, "out of memory");
        return;
    }
    if (!answer_failed(c->reply,
                       store_stats_series(c->server->store, &filter, bins, (uint32_t)n,
                                          &series, &err),
                       &err)) {
        jsonw_init(&w, c->reply->body);
        put_series(&w, &series, bins, (uint32_t)n);
        buf_add_char(c->reply->body, '\n');
    }
    mem_free(bins);
}

/* ---- the largest ----------------------------------------------------------------- */

static void put_counts(struct jsonw *w, const struct store_top_row *row)
{
    jsonw_put_u64(w, "flows", row->flows);
    jsonw_put_u64(w, "packets", row->packets);
    jsonw_put_u64(w, "bytes", row->bytes);
    jsonw_put_u64(w, "alerted", row->alerted);
}

static void on_top(void *ctx, const struct store_top_row *row)
{
    struct jsonw *w = ctx;

    jsonw_object(w);
    jsonw_put_text(w, "key", row->key == NULL ? "" : row->key);
    put_text_or_null(w, "name", row->name);
    put_counts(w, row);
    jsonw_object_end(w);
}

static void on_pair(void *ctx, const struct store_top_row *row)
{
    struct jsonw *w = ctx;

    jsonw_object(w);
    jsonw_put_text(w, "source", row->key == NULL ? "" : row->key);
    put_text_or_null(w, "source_name", row->name);
    jsonw_put_text(w, "destination", row->key2 == NULL ? "" : row->key2);
    put_text_or_null(w, "destination_name", row->name2);
    put_counts(w, row);
    jsonw_object_end(w);
}

static void list_top(const struct call *c, struct params *p, size_t what, size_t by,
                     store_top_fn fn)
{
    struct store_flow_filter filter;
    struct lw_error err;
    struct jsonw w;
    int64_t limit = 10;

    read_window(p, &filter);
    (void)params_int(p, "limit", 1, 100, &limit);
    if (!params_end(p))
        return;
    jsonw_init(&w, c->reply->body);
    jsonw_object(&w);
    jsonw_key(&w, "items");
    jsonw_array(&w);
    if (answer_failed(c->reply,
                      store_stats_top(c->server->store, (enum store_top)what,
                                      (enum store_top_by)by, &filter, (uint32_t)limit,
                                      fn, &w, &err),
                      &err))
        return;
    jsonw_array_end(&w);
    jsonw_object_end(&w);
    buf_add_char(c->reply->body, '\n');
}

static const char *const by_names[] = {"flows", "packets", "bytes", "alerts"};

void route_stats_top(const struct call *c)
{
    static const char *const whats[] = {"sources", "destinations", "services", "ports",
                                        "protocols"};
    struct params p;
    size_t what = 0;
    size_t by = STORE_BY_FLOWS;

    params_init(&p, c->req->query, c->reply);
    if (!params_choice(&p, "what", whats, 5, &what) && !p.failed)
        params_wrong(&p, "what", "say what of: ?what=sources");
    (void)params_choice(&p, "by", by_names, 4, &by);
    list_top(c, &p, what, by, on_top);
}

void route_stats_conversations(const struct call *c)
{
    struct params p;
    size_t by = STORE_BY_BYTES;

    params_init(&p, c->req->query, c->reply);
    (void)params_choice(&p, "by", by_names, 4, &by);
    list_top(c, &p, STORE_TOP_CONVERSATIONS, by, on_pair);
}

/* ---- the server ------------------------------------------------------------------ */

static void put_interfaces(struct jsonw *w, const struct server *s)
{
    size_t n[WATCH_FAILED + 1] = {0};

    jsonw_key(w, "packets");
    if (watches_count(s->watches) == 0) {
        jsonw_null(w);
        return;
    }
    for (size_t i = 0; i < watches_count(s->watches); i++) {
        struct watch_view view;

        (void)watches_get(s->watches, i, &view, NULL);
        n[view.state]++;
    }
    jsonw_object(w);
    jsonw_put_u64(w, "seen", metrics_get(s->metrics, METRICS_live_packets));
    jsonw_put_u64(w, "dropped", metrics_get(s->metrics, METRICS_live_drops));
    jsonw_put_u64(w, "watched", n[WATCH_RUNNING]);
    jsonw_put_u64(w, "failed", n[WATCH_FAILED]);
    jsonw_object_end(w);
}

static void put_health(const struct call *c, struct jsonw *w, const char *status,
                       const uint64_t jobs[STORE_N_JOB_STATES],
                       const struct store_sizes *sizes)
{
    const struct server *s = c->server;

    jsonw_object(w);
    jsonw_put_text(w, "status", status);
    jsonw_put_text(w, "version", lw_version());
    put_time(w, "started", s->started_ns);
    jsonw_put_f64(w, "uptime_seconds",
                  (double)((clock_ns() - s->started_ns) / 1000000) / 1e3);
    jsonw_put_u64(w, "requests", metrics_requests(s->metrics));
    jsonw_put_u64(w, "connections", http_connections(s->listener));
    jsonw_put_u64(w, "memory_bytes", metrics_resident_bytes());
    put_interfaces(w, s);
    jsonw_key(w, "jobs");
    jsonw_object(w);
    jsonw_put_u64(w, "queued", jobs[STORE_JOB_QUEUED]);
    jsonw_put_u64(w, "running", jobs[STORE_JOB_RUNNING]);
    jsonw_put_u64(w, "workers", s->limits.workers);
    jsonw_object_end(w);
    jsonw_key(w, "store");
    jsonw_object(w);
    jsonw_put_u64(w, "database_bytes", sizes->database_bytes);
    jsonw_put_u64(w, "flow_bytes", sizes->flow_bytes);
    jsonw_put_u64(w, "blob_bytes", sizes->blob_bytes);
    jsonw_put_u64(w, "free_bytes", sizes->free_bytes);
    jsonw_object_end(w);
    jsonw_object_end(w);
}

void route_stats_health(const struct call *c)
{
    uint64_t jobs[STORE_N_JOB_STATES] = {0};
    struct store_sizes sizes = {0};
    struct params p;
    struct jsonw w;
    bool ok;

    params_init(&p, c->req->query, c->reply);
    if (!params_end(&p))
        return;
    ok = store_ready(c->server->store, NULL) == LW_OK;
    ok = store_job_counts(c->server->store, jobs, NULL) == LW_OK && ok;
    ok = store_sizes(c->server->store, &sizes, NULL) == LW_OK && ok;
    jsonw_init(&w, c->reply->body);
    put_health(c, &w, ok ? "ok" : "degraded", jobs, &sizes);
    buf_add_char(c->reply->body, '\n');
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/server.h"

#include "base/assert.h"
#include "base/mem.h"
#include "base/timefmt.h"
#include "serve/attempts.h"
#include "serve/auth.h"
#include "serve/events.h"
#include "serve/jobs.h"
#include "serve/metrics.h"
#include "serve/present.h"
#include "serve/refusals.h"
#include "serve/route.h"
#include "serve/server_priv.h"
#include "serve/tls.h"
#include "serve/upkeep.h"
#include "serve/watch.h"
#include "store/admin.h"

#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { THREADS_MAX = 64, SLOW_THREADS = 4 };

/* A piece of an upload: so much is sent again at most when a connection breaks. */
#define CHUNK_BYTES    ((uint64_t)1 << 30)
#define ANALYSIS_BYTES ((uint64_t)4 << 30)
#define CAPTURE_BYTES  ((uint64_t)16 << 30)
#define LIVE_BYTES     ((uint64_t)256 << 20)
#define LIVE_EVERY_NS  (INT64_C(300) * 1000000000)

static unsigned n_processors(void)
{
    cpu_set_t set;
    int n = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;

    return n > THREADS_MAX ? THREADS_MAX : (unsigned)n;
}

static struct server_config with_defaults(const struct server_config *cfg)
{
    struct server_config c = *cfg;

    if (c.listen == NULL)
        c.listen = "127.0.0.1:5000";
    if (c.n_threads == 0)
        c.n_threads = n_processors();
    if (c.max_connections == 0)
        c.max_connections = 4096;
    if (c.request_timeout_ms == 0)
        c.request_timeout_ms = 10000;
    if (c.idle_timeout_ms == 0)
        c.idle_timeout_ms = 30000;
    if (c.workers == 0)
        c.workers = (n_processors() + 1) / 2;
    if (c.queue == 0)
        c.queue = 1000;
    if (c.analysis_bytes == 0)
        c.analysis_bytes = ANALYSIS_BYTES;
    if (c.analysis_s == 0)
        c.analysis_s = 3600;
    if (c.analysis_flows == 0)
        c.analysis_flows = 20000000;
    if (c.capture_bytes == 0)
        c.capture_bytes = CAPTURE_BYTES;
    if (c.live_every_ns == 0)
        c.live_every_ns = LIVE_EVERY_NS;
    return c;
}

/* Whom other machines can reach must know who asks, and nobody on the way may listen.
 */
static enum lw_status check_exposure(const struct server_config *cfg,
                                     struct lw_error *err)
{
    if (cfg->tls_cert != NULL && cfg->auth)
        return LW_OK;
    return lw_fail(err, LW_EPERM,
                   "%.64s can be reached from other machines:%s%s. Or listen on "
                   "127.0.0.1 and reach it through an SSH tunnel; or let a proxy "
                   "speak TLS, with --behind-proxy ADDRESS",
                   cfg->listen,
                   cfg->tls_cert == NULL ? " give it --tls-cert and --tls-key" : "",
                   cfg->auth               ? ""
                   : cfg->tls_cert == NULL ? " and --auth"
                                           : " add --auth");
}

/* Where, and who may ask there. */
static enum lw_status parse_addresses(const struct server_config *cfg, struct server *s,
                                      struct listen_address *out, struct lw_error *err)
{
    enum lw_status st = listen_parse(cfg->listen, out, err);
    const char *proxy = cfg->behind_proxy;

    if (st != LW_OK)
        return st;
    if ((cfg->tls_cert == NULL) != (cfg->tls_key == NULL))
        return lw_fail(err, LW_EINVAL, "--tls-cert and --tls-key go together");
    s->needs_auth = cfg->auth || proxy != NULL;
    s->behind_proxy = proxy != NULL;
    s->secure = cfg->tls_cert != NULL || proxy != NULL;
    s->loopback_only = listen_is_loopback(out) && proxy == NULL;
    if (proxy != NULL &&
        (!store_net_parse(span_of(proxy, strlen(proxy)), &s->proxies) ||
         (s->proxies.addr.bytes[0] != 4 && s->proxies.addr.bytes[0] != 6)))
        return lw_fail(err, LW_EINVAL,
                       "\"%.64s\" is no address of a proxy; give the one that it "
                       "connects from, such as 10.0.0.2 or 10.0.0.0/24",
                       proxy);
    return listen_is_loopback(out) || proxy != NULL ? LW_OK : check_exposure(cfg, err);
}

static enum lw_status start_listener(struct server *s, const struct server_config *cfg,
                                     struct listen_address *address,
                                     struct lw_error *err)
{
    struct http_config http = {.n_threads = cfg->n_threads,
                               .max_connections = cfg->max_connections,
                               .n_slow_threads = SLOW_THREADS,
                               .request_ms = cfg->request_timeout_ms,
                               .idle_ms = cfg->idle_timeout_ms,
                               .plan = route_plan,
                               .handler = route_request,
                               .done = route_done,
                               .secure = s->secure,
                               .ctx = s};
    char text[LISTEN_TEXT_MAX];
    enum lw_status st = listen_open(address, &http.listen_fd, err);

    if (st != LW_OK)
        return st;
    listen_format(address, text);
    (void)snprintf(s->url, sizeof s->url, "http%s://%s/", s->tls == NULL ? "" : "s",
                   text);
    if (s->tls != NULL)
        http.tls_retrieve = tls_retrieve(s->tls);
    st = http_start(&s->listener, &http, err);
    if (st != LW_OK)
        (void)close(http.listen_fd);
    return st;
}

/* A client may fall two seconds' requests behind before it is held to its rate. */
static enum lw_status open_rates(struct server *s, const struct server_config *cfg,
                                 struct lw_error *err)
{
    int64_t rate = cfg->client_rate;

    if (rate < 0)
        rate = s->needs_auth ? SERVER_CLIENT_RATE : 0;
    return rate == 0
               ? LW_OK
               : attempts_new(&s->rates, (unsigned)(2 * rate), NS_PER_S / rate, err);
}

/* With nobody to let in, the first administrator is made over HTTP. */
static enum lw_status open_access(struct server *s, struct lw_error *err)
{
    uint64_t users = 0;
    uint64_t tokens = 0;
    enum lw_status st = auth_new(&s->auth, s->store, s->secure, err);

    if (st == LW_OK)
        st = refusals_new(&s->refusals, s->store, err);
    if (st == LW_OK && s->needs_auth)
        st = store_access_counts(s->store, &users, &tokens, err);
    return st == LW_OK && s->needs_auth && users + tokens == 0
               ? auth_first_begin(s->auth, s->first_token, err)
               : st;
}

static enum lw_status open_state(struct server *s, const struct server_config *cfg,
                                 struct lw_error *err)
{
    const struct store_config store = {.create = true};
    const struct store_retention retention = {.max_age_ns = cfg->keep_ns,
                                              .max_bytes = cfg->keep_bytes};
    enum lw_status st = store_open(&s->store, cfg->state_dir, &store, err);

    if (st != LW_OK)
        return st;
    s->spool_dir = store_dir(s->store);
    st = open_access(s, err);
    if (st != LW_OK)
        return st;
    s->has_settings = true;
    st = settings_init(s, &retention, err);
    return st == LW_OK ? route_models_init(s, err) : st;
}

/* No capture is made that would be too large to be sent; nor one that takes long to
 * analyse. */
static uint64_t live_bytes(const struct server_config *cfg)
{
    return cfg->capture_bytes < LIVE_BYTES ? cfg->capture_bytes : LIVE_BYTES;
}

static enum lw_status make_parts(struct server *s, const struct server_config *cfg,
                                 struct lw_error *err)
{
    enum lw_status st = metrics_new(&s->metrics, err);

    if (st == LW_OK)
        st = open_rates(s, cfg, err);
    if (st == LW_OK)
        st = models_new(&s->models, cfg->models_dir, err);
    if (st == LW_OK)
        st = classify_init(s, err);
    if (st == LW_OK)
        st = welcome_init(s, err);
    if (st == LW_OK)
        st = open_state(s, cfg, err);
    if (st == LW_OK)
        st = events_new(&s->events, err);
    if (st == LW_OK)
        st = jobs_new(&s->jobs, s, cfg->workers, err);
    if (st == LW_OK)
        st = upkeep_new(&s->upkeep, s, err);
    return st == LW_OK ? watches_new(&s->watches, s, cfg->live, cfg->live_every_ns,
                                     live_bytes(cfg), err)
                       : st;
}

static enum lw_status start_all(struct server *s, const struct server_config *cfg,
                                struct listen_address *address, struct lw_error *err)
{
    enum lw_status st = cfg->tls_cert == NULL
                            ? LW_OK
                            : tls_new(&s->tls, cfg->tls_cert, cfg->tls_key, err);

    if (st == LW_OK)
        st = make_parts(s, cfg, err);
    return st == LW_OK ? start_listener(s, cfg, address, err) : st;
}

enum lw_status server_start(struct server **out, const struct server_config *cfg,
                            struct lw_error *err)
{
    struct server_config c = with_defaults(cfg);
    struct listen_address address;
    struct server *s = mem_zalloc(1, sizeof *s);
    enum lw_status st;

    LW_ASSERT(c.models_dir != NULL && c.state_dir != NULL);
    if (s == NULL)
        return lw_fail(err, LW_ENOMEM, "out of memory");
    st = parse_addresses(&c, s, &address, err);
    s->started_ns = clock_ns();
    s->log_requests = c.log_requests;
    s->limits = (struct server_limits){
        .capture_bytes = c.capture_bytes,
        .chunk_bytes = c.capture_bytes < CHUNK_BYTES ? c.capture_bytes : CHUNK_BYTES,
        .queue = c.queue,
        .workers = c.workers,
        .analysis = {.memory_bytes = c.analysis_bytes, .cpu_s = c.analysis_s},
        .analysis_flows = c.analysis_flows};
    if (st == LW_OK)
        st = start_all(s, &c, &address, err);
    if (st != LW_OK) {
        server_stop(s);
        return st;
    }
    *out = s;
    return LW_OK;
}

enum lw_status server_reload(struct server *s, struct lw_error *err)
{
    return s->tls == NULL ? LW_OK : tls_reload(s->tls, err);
}

const char *server_first_token(const struct server *s)
{
    return s->first_token[0] == '\0' ? NULL : s->first_token;
}

const char *server_url(const struct server *s)
{
    return s->url;
}

void server_stop(struct server *s)
{
    if (s == NULL)
        return;
    atomic_store(&s->stopping, true);
    if (s->listener != NULL)
        http_quiesce(s->listener);
    /* Answers that wait for jobs and streams that wait for events are given and ended
     * before the listener goes. */
    watches_stop(s->watches);
    jobs_stop(s->jobs);
    events_close(s->events);
    http_stop(s->listener);
    tls_free(s->tls);
    upkeep_free(s->upkeep);
    watches_free(s->watches);
    jobs_free(s->jobs);
    events_free(s->events);
    if (s->has_settings)
        settings_release(s);
    refusals_free(s->refusals);
    attempts_free(s->rates);
    auth_free(s->auth);
    store_close(s->store);
    welcome_release(s);
    classify_release(s);
    models_free(s->models);
    metrics_free(s->metrics);
    mem_free(s);
}

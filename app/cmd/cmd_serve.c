/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"
#include "base/jsonw.h"
#include "base/span.h"
#include "base/timefmt.h"
#include "cmd/command.h"
#include "cmd/model_path.h"
#include "cmd/signals.h"
#include "serve/server.h"

#include <lapwing/log.h>

#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static struct {
    const char *listen;
    const char *tls_cert;
    const char *tls_key;
    const char *behind_proxy;
    const char *models;
    int64_t threads;
    int64_t connections;
    int64_t request_timeout_ns;
    int64_t idle_timeout_ns;
    const char *state;
    int64_t workers;
    int64_t queue;
    uint64_t capture_limit;
    uint64_t analysis_memory;
    int64_t analysis_time_ns;
    int64_t analysis_flows;
    int64_t keep_ns;
    uint64_t keep_bytes;
    int log_format;
    const char *live;
    int64_t live_every_ns;
    int64_t client_rate;
    bool auth;
    bool log_requests;
} o = {.client_rate = -1};

static const char *const log_formats[] = {"text", "json", NULL};

static const struct opt rows[] = {
    {"listen", 0, OPT_TO_TEXT(&o.listen), .metavar = "HOST:PORT",
     .help =
         "where to listen; port 0 takes a free one (default: 127.0.0.1:5000; behind "
         "a proxy port $PORT of all addresses)"},
    {"models", 0, OPT_TO_TEXT(&o.models), .metavar = "DIR",
     .help =
         "folder with classify.lwm, attack.lwm and traffic.lwm (default: the bundled "
         "models)"},
    {"threads", 0, OPT_TO_INT(&o.threads), .metavar = "N", .initial = "0", .min = 0,
     .max = 64, .help = "how many threads answer; 0: one per processor"},
    {"connections", 0, OPT_TO_INT(&o.connections), .metavar = "N", .initial = "4096",
     .min = 1, .max = 65536, .help = "more than that are refused"},
    {"request-timeout", 0, OPT_TO_DURATION(&o.request_timeout_ns), .metavar = "TIME",
     .initial = "10s", .min = 0.1, .max = 3600,
     .help = "a request that takes longer is cut off"},
    {"idle-timeout", 0, OPT_TO_DURATION(&o.idle_timeout_ns), .metavar = "TIME",
     .initial = "30s", .min = 0.1, .max = 3600,
     .help = "a connection without a request is closed"},
};

static const struct opt access_rows[] = {
    {"auth", 0, OPT_TO_FLAG(&o.auth),
     .help = "whoever asks must log in, or send a token; see lapwing user and lapwing "
             "token"},
    {"tls-cert", 0, OPT_TO_TEXT(&o.tls_cert), .metavar = "FILE",
     .help = "speak TLS with this certificate (PEM, then those of its issuers)"},
    {"tls-key", 0, OPT_TO_TEXT(&o.tls_key), .metavar = "FILE",
     .help = "the certificate's key (PEM)"},
    {"client-rate", 0, OPT_TO_INT(&o.client_rate), .metavar = "N", .min = 0,
     .max = 1000000,
     .help = "requests a second of one client; beyond them 429; 0: no limit (default: "
             "1000 with --auth or --behind-proxy, else 0)"},
    {"behind-proxy", 0, OPT_TO_TEXT(&o.behind_proxy), .metavar = "ADDRESS[/BITS]",
     .help = "a proxy there speaks TLS: nobody else may ask, its X-Forwarded-For is "
             "believed, and --auth holds"},
};

static const struct opt state_rows[] = {
    {"state", 0, OPT_TO_TEXT(&o.state), .metavar = "DIR",
     .help = "where captures, flows, alerts and settings are kept (default: "
             "/var/lib/lapwing for root, else $XDG_STATE_HOME/lapwing or "
             "~/.local/state/lapwing)"},
    {"workers", 0, OPT_TO_INT(&o.workers), .metavar = "N", .initial = "0", .min = 0,
     .max = 64,
     .help = "how many captures are analysed at one time; 0: half as many "
             "as there are processors"},
    {"queue", 0, OPT_TO_INT(&o.queue), .metavar = "N", .initial = "1000", .min = 1,
     .max = 1000000, .help = "more jobs than that do not wait, but are refused"},
    {"capture-limit", 0, OPT_TO_SIZE(&o.capture_limit), .metavar = "SIZE",
     .initial = "16G", .min = 1024, .max = 1e15,
     .help = "a capture that is larger is refused"},
    {"analysis-memory", 0, OPT_TO_SIZE(&o.analysis_memory), .metavar = "SIZE",
     .initial = "4G", .min = 268435456, .max = 1e15,
     .help = "an analysis that needs more is ended"},
    {"analysis-time", 0, OPT_TO_DURATION(&o.analysis_time_ns), .metavar = "TIME",
     .initial = "1h", .min = 1, .max = 3.15e7,
     .help = "of processor time; an analysis that needs more is ended"},
    {"analysis-flows", 0, OPT_TO_INT(&o.analysis_flows), .metavar = "N",
     .initial = "20000000", .min = 1, .max = 1e9,
     .help = "the analysis of a capture with more flows is ended"},
    {"keep", 0, OPT_TO_DURATION(&o.keep_ns), .metavar = "TIME", .min = 60,
     .max = 3.15e9,
     .help = "delete captures that were sent longer ago, with all that "
             "was found in them (default: never)"},
    {"keep-size", 0, OPT_TO_SIZE(&o.keep_bytes), .metavar = "SIZE", .min = 1048576,
     .max = 1e15,
     .help = "delete the oldest captures when all together is larger "
             "(default: no limit)"},
};

static const struct opt live_rows[] = {
    {"live", 0, OPT_TO_TEXT(&o.live), .metavar = "INTERFACE[,INTERFACE]",
     .help = "watch these network interfaces until an administrator stops it on the "
             "page; no others can be asked for"},
    {"live-every", 0, OPT_TO_DURATION(&o.live_every_ns), .metavar = "TIME",
     .initial = "5m", .min = 10, .max = 86400,
     .help = "make a capture of what was seen so often; sooner at 256 MiB, and when "
             "somebody new is alerted"},
};

static const struct opt log_rows[] = {
    {"log-format", 0, OPT_TO_CHOICE(&o.log_format), .metavar = "NAME",
     .initial = "text", .choices = log_formats,
     .help = "messages on standard error as text, or a JSON object a line"},
    {"log-requests", 0, OPT_TO_FLAG(&o.log_requests),
     .help = "a message for each request"},
};

static const struct opt_group group = {"Options", rows, sizeof rows / sizeof rows[0]};
static const struct opt_group access_group = {
    "Access", access_rows, sizeof access_rows / sizeof access_rows[0]};
static const struct opt_group state_group = {"State", state_rows,
                                             sizeof state_rows / sizeof state_rows[0]};
static const struct opt_group live_group = {"Live", live_rows,
                                            sizeof live_rows / sizeof live_rows[0]};
static const struct opt_group log_group = {"Log", log_rows,
                                           sizeof log_rows / sizeof log_rows[0]};
static const struct opt_group *const groups[] = {
    &group, &access_group, &state_group, &live_group, &log_group, NULL};

/* Async-signal-safe, whichever thread the signal comes to: libraries have threads of
 * their own (OpenBLAS from its loading on), in which blocking does not help. */
static void post(void *stop)
{
    (void)sem_post(stop);
}

static void reload(struct server *server)
{
    struct lw_error err;

    if (server_reload(server, &err) == LW_OK)
        lw_log(LW_LOG_INFO, "the certificate was read again");
    else
        lw_log(LW_LOG_ERROR, "the former certificate stays in use: %s", err.msg);
}

/* INT and TERM end it, HUP does not. */
static void wait_for(sem_t *called, struct server *server)
{
    while (!signals_stopped()) {
        while (sem_wait(called) != 0)
            continue;
        if (signals_take_reload())
            reload(server);
    }
}

/* The folder to load from: the one named, or that of the bundled models. */
static const char *models_dir(char path[MODEL_PATH_MAX])
{
    char *slash;

    if (o.models != NULL)
        return o.models;
    if (model_path_find("classify.lwm", path, NULL) != LW_OK)
        return NULL;
    slash = strrchr(path, '/');
    if (slash != NULL)
        *slash = '\0';
    return path;
}

/* Where everything is kept: what was named, or where the system has such things. */
static const char *state_dir(char path[MODEL_PATH_MAX])
{
    const char *state = getenv("XDG_STATE_HOME");
    const char *home = getenv("HOME");
    int n = -1;

    if (o.state != NULL)
        return o.state;
    if (state != NULL && state[0] == '/')
        n = snprintf(path, MODEL_PATH_MAX, "%s/lapwing", state);
    else if (geteuid() == 0)
        n = snprintf(path, MODEL_PATH_MAX, "/var/lib/lapwing");
    else if (home != NULL && home[0] == '/')
        n = snprintf(path, MODEL_PATH_MAX, "%s/.local/state/lapwing", home);
    return n > 0 && n < MODEL_PATH_MAX ? path : NULL;
}

static void log_json(void *ctx, enum lw_log_level level, const char *message)
{
    static const char *const names[] = {"error", "warning", "info", "debug"};
    char when[TIMEFMT_MAX];
    struct timespec now;
    struct jsonw w;
    struct buf line;
    size_t n;

    (void)ctx;
    if (level == LW_LOG_DEBUG && !command_verbose())
        return;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    n = timefmt_eve((int64_t)now.tv_sec * NS_PER_S + now.tv_nsec, when);
    (void)snprintf(when + n - 5, 2, "Z");
    buf_init(&line);
    jsonw_init(&w, &line);
    jsonw_object(&w);
    jsonw_put_text(&w, "time", when);
    jsonw_put_text(&w, "level", names[level]);
    /* A message that is an object already is its members. */
    if (message[0] == '{' && message[1] != '}') {
        struct span inner = span_of(message + 1, strlen(message) - 2);

        buf_add_char(&line, ',');
        buf_add(&line, inner.p, inner.n);
    } else {
        jsonw_put_text(&w, "message", message);
    }
    jsonw_object_end(&w);
    buf_add_char(&line, '\n');
    if (buf_ok(&line))
        (void)fwrite(line.data, 1, line.len, stderr);
    buf_release(&line);
}

/* Where to listen: what was said; behind a proxy what a container's surroundings say.
 */
static const char *listen_on(char text[64])
{
    const char *port = getenv("PORT");

    if (o.listen != NULL || o.behind_proxy == NULL)
        return o.listen;
    (void)snprintf(text, 64, "0.0.0.0:%.20s", port == NULL ? "5000" : port);
    return text;
}

static int run_serve(char *const *words, size_t n_words)
{
    char path[MODEL_PATH_MAX];
    char state_path[MODEL_PATH_MAX];
    char where[64];
    const struct server_config cfg = {
        .listen = listen_on(where),
        .tls_cert = o.tls_cert,
        .tls_key = o.tls_key,
        .behind_proxy = o.behind_proxy,
        .models_dir = models_dir(path),
        .n_threads = (unsigned)o.threads,
        .max_connections = (unsigned)o.connections,
        .request_timeout_ms = o.request_timeout_ns / 1000000,
        .idle_timeout_ms = o.idle_timeout_ns / 1000000,
        .state_dir = state_dir(state_path),
        .workers = (unsigned)o.workers,
        .queue = (unsigned)o.queue,
        .capture_bytes = o.capture_limit,
        .analysis_bytes = o.analysis_memory,
        .analysis_s = (unsigned)(o.analysis_time_ns / NS_PER_S),
        .analysis_flows = (uint64_t)o.analysis_flows,
        .keep_ns = o.keep_ns,
        .keep_bytes = o.keep_bytes,
        .live = o.live,
        .live_every_ns = o.live_every_ns,
        .auth = o.auth,
        .client_rate = o.client_rate,
        .log_requests = o.log_requests,
    };
    struct server *server = NULL;
    struct lw_error err;
    sem_t stop;

    (void)words;
    (void)n_words;
    if (cfg.models_dir == NULL)
        return command_fail("no classify.lwm among the bundled models; make the models "
                            "with 'lapwing train' or name their folder with --models");
    if (cfg.state_dir == NULL)
        return command_fail("no home folder; say with --state where to keep captures "
                            "and what is found in them");
    if (o.log_format == 1)
        lw_log_set(log_json, NULL);
    (void)sem_init(&stop, 0, 0);
    signals_catch(post, &stop);
    /* Without a certificate a terminal that is closed ends the server. */
    if (cfg.tls_cert != NULL)
        signals_catch_reload();
    if (server_start(&server, &cfg, &err) != LW_OK)
        return command_error(&err);
    (void)printf("Serving on %s\n", server_url(server));
    if (server_first_token(server) != NULL)
        (void)printf("Nobody can log in yet. The page makes the first administrator of "
                     "whoever has this token, once:\n%s\n",
                     server_first_token(server));
    (void)fflush(stdout);
    command_note("stop with Ctrl-C");
    wait_for(&stop, server);
    server_stop(server);
    return STATUS_OK;
}

const struct command command_serve = {
    .name = "serve",
    .help = "analyse captures over HTTP: the page, the API, alerts, history",
    .synopsis = "",
    .doc =
        "Serve the web page and the API until INT or TERM: captures are sent, analysed "
        "in the background and kept, with their flows, verdicts and alerts, in one "
        "folder. docs/server.md shows how; /api/v1/openapi.yaml describes every "
        "route.\n\n"
        "INT and TERM end it in order: requests are answered to their end, jobs that "
        "run go back into the queue and run again at the next start. Nothing that was "
        "acknowledged is lost if it is killed instead. With --tls-cert, HUP reads the "
        "certificate and its key again, for connections from then on.\n\n"
        "On a loopback address only requests whose Host header is a loopback name are "
        "answered. Other addresses are listened on with --tls-cert, --tls-key and "
        "--auth only, or --behind-proxy. The first administrator is made with a "
        "one-time token that is printed.",
    .examples = "# serve on http://127.0.0.1:5000/\n"
                "lapwing serve\n"
                "# keep what was sent in the last 30 days, at most 200 GiB\n"
                "lapwing serve --state /srv/lapwing --keep 30d --keep-size 200G\n"
                "# for others, over TLS\n"
                "lapwing serve --listen 0.0.0.0:8443 --auth --tls-cert chain.pem "
                "--tls-key key.pem\n"
                "# is it well?\n"
                "curl http://127.0.0.1:5000/healthz\n",
    .groups = groups,
    .max_words = 0,
    .run = run_serve,
};

/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/command.h"
#include "cmd/model_path.h"
#include "cmd/signals.h"
#include "serve/server.h"

#include <semaphore.h>
#include <stdio.h>
#include <string.h>

static struct {
    const char *listen;
    const char *models;
    int64_t threads;
    int64_t connections;
    int64_t request_timeout_ns;
    int64_t idle_timeout_ns;
} o;

static const struct opt rows[] = {
    {"listen", 0, OPT_TO_TEXT(&o.listen), .metavar = "HOST:PORT",
     .initial = "127.0.0.1:5000", .help = "where to listen; port 0 takes a free one"},
    {"models", 0, OPT_TO_TEXT(&o.models), .metavar = "DIR",
     .help = "folder with classify.lwm and attack.lwm (default: the bundled models)"},
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

static const struct opt_group group = {"Options", rows, sizeof rows / sizeof rows[0]};
static const struct opt_group *const groups[] = {&group, NULL};

/* Async-signal-safe, whichever thread the signal comes to: libraries have threads of
 * their own (OpenBLAS from its loading on), in which blocking does not help. */
static void post(void *stop)
{
    (void)sem_post(stop);
}

static void wait_for(sem_t *stop)
{
    while (sem_wait(stop) != 0)
        continue;
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

static int run_serve(char *const *words, size_t n_words)
{
    char path[MODEL_PATH_MAX];
    const struct server_config cfg = {
        .listen = o.listen,
        .models_dir = models_dir(path),
        .n_threads = (unsigned)o.threads,
        .max_connections = (unsigned)o.connections,
        .request_timeout_ms = o.request_timeout_ns / 1000000,
        .idle_timeout_ms = o.idle_timeout_ns / 1000000,
    };
    struct server *server = NULL;
    struct lw_error err;
    sem_t stop;

    (void)words;
    (void)n_words;
    if (cfg.models_dir == NULL)
        return command_fail("no classify.lwm among the bundled models; make the models "
                            "with 'lapwing train' or name their folder with --models");
    (void)sem_init(&stop, 0, 0);
    signals_catch(post, &stop);
    if (server_start(&server, &cfg, &err) != LW_OK)
        return command_error(&err);
    (void)printf("Serving on %s\n", server_url(server));
    (void)fflush(stdout);
    command_note("stop with Ctrl-C");
    wait_for(&stop);
    server_stop(server);
    return STATUS_OK;
}

const struct command command_serve = {
    .name = "serve",
    .help = "answer over HTTP: the page, and POST /classify",
    .synopsis = "",
    .doc =
        "Serve the web page and the classifier's API until INT or TERM.\n\n"
        "Only loopback addresses are listened on, and only requests whose Host header "
        "is a loopback name are answered. To reach it from elsewhere, use an SSH "
        "tunnel or a proxy on the same machine.",
    .examples = "# serve on http://127.0.0.1:5000/\n"
                "lapwing serve\n"
                "# is it well?\n"
                "curl http://127.0.0.1:5000/healthz\n",
    .groups = groups,
    .max_words = 0,
    .run = run_serve,
};

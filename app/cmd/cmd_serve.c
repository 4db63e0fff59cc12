/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/command.h"
#include "cmd/signals.h"
#include "serve/server.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

static struct {
    const char *listen;
    int64_t threads;
    int64_t connections;
    int64_t request_timeout_ns;
    int64_t idle_timeout_ns;
} o;

static const struct opt rows[] = {
    {"listen", 0, OPT_TO_TEXT(&o.listen), .metavar = "HOST:PORT",
     .initial = "127.0.0.1:5000", .help = "where to listen; port 0 takes a free one"},
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

/* From a signal handler. */
static void wake(void *ctx)
{
    const uint64_t one = 1;
    const int *fd = ctx;
    int saved = errno;

    if (write(*fd, &one, sizeof one) < 0) {
        /* The counter is full: it was woken before. */
    }
    errno = saved;
}

static void wait_for_signal(int fd)
{
    uint64_t n;

    while (!signals_stopped())
        if (read(fd, &n, sizeof n) < 0 && errno != EINTR)
            return;
}

static int run_serve(char *const *words, size_t n_words)
{
    const struct server_config cfg = {
        .listen = o.listen,
        .n_threads = (unsigned)o.threads,
        .max_connections = (unsigned)o.connections,
        .request_timeout_ms = o.request_timeout_ns / 1000000,
        .idle_timeout_ms = o.idle_timeout_ns / 1000000,
    };
    struct server *server = NULL;
    struct lw_error err;
    int fd = eventfd(0, EFD_CLOEXEC);

    (void)words;
    (void)n_words;
    if (fd < 0)
        return command_fail("cannot wait for signals: %s", strerror(errno));
    signals_catch(wake, &fd);
    if (server_start(&server, &cfg, &err) != LW_OK) {
        signals_release();
        (void)close(fd);
        return command_error(&err);
    }
    (void)printf("Serving on %s\n", server_url(server));
    (void)fflush(stdout);
    command_note("stop with Ctrl-C");
    wait_for_signal(fd);
    server_stop(server);
    signals_release();
    (void)close(fd);
    return STATUS_OK;
}

const struct command command_serve = {
    .name = "serve",
    .help = "answer over HTTP: the page, and POST /classify",
    .synopsis = "[OPTION]...",
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

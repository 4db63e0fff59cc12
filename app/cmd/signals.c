/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/signals.h"

#include <signal.h>
#include <stddef.h>

static volatile sig_atomic_t pipe_closed;
static volatile sig_atomic_t stopped;
static volatile sig_atomic_t dump_wanted;
static volatile sig_atomic_t reload_wanted;

/* Set before the handler is installed, unset after it is gone. */
static signals_stop_fn stop_fn;
static void *stop_ctx; /* borrowed between signals_catch() and signals_release() */

static void on_pipe(int sig)
{
    (void)sig;
    pipe_closed = 1;
}

/* SA_RESETHAND has put the default back: the next one kills. */
static void on_stop(int sig)
{
    (void)sig;
    stopped = 1;
    stop_fn(stop_ctx);
}

static void on_dump(int sig)
{
    (void)sig;
    dump_wanted = 1;
}

static void on_reload(int sig)
{
    (void)sig;
    reload_wanted = 1;
    stop_fn(stop_ctx);
}

static void set_handler(int sig, void (*fn)(int), int flags)
{
    struct sigaction sa = {.sa_handler = fn, .sa_flags = flags};

    (void)sigemptyset(&sa.sa_mask);
    (void)sigaction(sig, &sa, NULL);
}

void signals_ignore_pipe(void)
{
    set_handler(SIGPIPE, on_pipe, SA_RESTART);
}

bool signals_pipe_closed(void)
{
    return pipe_closed != 0;
}

void signals_catch(signals_stop_fn fn, void *ctx)
{
    stop_fn = fn;
    stop_ctx = ctx;
    stopped = 0;
    set_handler(SIGINT, on_stop, (int)(SA_RESETHAND | SA_RESTART));
    set_handler(SIGTERM, on_stop, (int)(SA_RESETHAND | SA_RESTART));
    set_handler(SIGUSR1, on_dump, SA_RESTART);
}

void signals_catch_reload(void)
{
    reload_wanted = 0;
    set_handler(SIGHUP, on_reload, SA_RESTART);
}

bool signals_take_reload(void)
{
    bool wanted = reload_wanted != 0;

    reload_wanted = 0;
    return wanted;
}

void signals_release(void)
{
    set_handler(SIGINT, SIG_DFL, 0);
    set_handler(SIGTERM, SIG_DFL, 0);
    set_handler(SIGUSR1, SIG_DFL, 0);
    stop_fn = NULL;
    stop_ctx = NULL;
}

bool signals_stopped(void)
{
    return stopped != 0;
}

bool signals_pending(void)
{
    return (dump_wanted | pipe_closed) != 0;
}

bool signals_take_dump(void)
{
    bool wanted = dump_wanted != 0;

    dump_wanted = 0;
    return wanted;
}

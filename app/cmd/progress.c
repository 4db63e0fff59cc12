/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/progress.h"

#include "base/timefmt.h"
#include "cmd/command.h"
#include "cmd/terminal.h"
#include "cmd/text.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

enum { BAR_COLUMNS = 20 };

static const int64_t first_ns = NS_PER_S;
static const int64_t interval_ns = NS_PER_S / 10;

/* There is one standard error, so there is one bar. */
static struct {
    int64_t start_ns; /* 0: not started */
    int64_t shown_ns;
    bool visible;
} bar;

static int64_t now_ns(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * NS_PER_S + t.tv_nsec;
}

static void format_left(double seconds, char out[24])
{
    unsigned s = seconds < 360000 ? (unsigned)(seconds + 0.5) : 360000;

    if (s >= 3600)
        (void)snprintf(out, 24, "%u:%02u:%02u left", s / 3600, s / 60 % 60, s % 60);
    else
        (void)snprintf(out, 24, "%u:%02u left", s / 60, s % 60);
}

static void draw(double done, const char *what, double elapsed_s)
{
    char line[256];
    int width = (int)terminal_width(stderr) - 1;

    if (done < 0) {
        (void)snprintf(line, sizeof line, "%s", what);
    } else {
        char cells[BAR_COLUMNS + 1];
        char left[24] = "";

        done = done > 1 ? 1 : done;
        for (int i = 0; i < BAR_COLUMNS; i++)
            cells[i] = i < (int)(done * BAR_COLUMNS) ? '#' : '.';
        cells[BAR_COLUMNS] = '\0';
        if (done > 0.01)
            format_left(elapsed_s / done - elapsed_s, left);
        (void)snprintf(line, sizeof line, "[%s] %3d%%  %s  %s", cells,
                       (int)(done * 100), what, left);
    }
    (void)fprintf(stderr, "\r\033[K%.*s", width, line);
    (void)fflush(stderr);
}

void progress_show(void *ctx, double done, const char *what)
{
    int64_t now = now_ns();

    (void)ctx;
    if (command_quiet() || !terminal_is(stderr))
        return;
    if (bar.start_ns == 0)
        bar.start_ns = now;
    if (now - bar.start_ns < first_ns || now - bar.shown_ns < interval_ns)
        return;
    bar.shown_ns = now;
    bar.visible = true;
    draw(done, what, (double)(now - bar.start_ns) / (double)NS_PER_S);
}

void progress_rows(void *ctx, uint64_t n_rows, double done)
{
    const char *name = ctx;
    char count[TEXT_MAX];
    char what[128];

    (void)snprintf(what, sizeof what, "%s%.40s%s rows", name == NULL ? "" : name,
                   name == NULL ? "" : ": ", text_count(n_rows, count));
    progress_show(NULL, done, what);
}

void progress_clear(void)
{
    if (!bar.visible)
        return;
    bar.visible = false;
    (void)fputs("\r\033[K", stderr);
    (void)fflush(stderr);
}

void progress_end(void)
{
    progress_clear();
    bar.start_ns = 0;
}

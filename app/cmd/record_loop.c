/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/record_loop.h"

#include "cmd/capture_loop.h"
#include "cmd/command.h"
#include "cmd/progress.h"
#include "cmd/signals.h"
#include "cmd/text.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { ROWS_PER_LOOK = 4096 };

static const char *const words[] = {
#define BAD_ROWS_WORD(name, text) text,
    LW_BAD_ROWS_LIST(BAD_ROWS_WORD)
#undef BAD_ROWS_WORD
        NULL};

static int bad_rows;
static struct lw_error cut_off; /* code LW_OK: it was not */
static bool interrupted;

static const struct opt rows[] = {
    {"on-bad-row", 0, OPT_TO_CHOICE(&bad_rows), .metavar = "DO", .initial = "stop",
     .choices = words,
     .help = "of a row of flow records that cannot be read: stop there, skip it, or "
             "take the value for missing"},
};

const struct opt_group record_group = {"Flow records", rows,
                                       sizeof rows / sizeof rows[0]};

enum lw_status record_loop_open(struct lw_flow_reader **out, struct lw_error *err)
{
    const struct lw_flow_reader_config cfg = {.bad_rows = (enum lw_bad_rows)bad_rows};
    const char *path = capture_read_path();
    struct stat info;

    if (path == NULL || capture_is_live() ||
        (strcmp(path, "-") != 0 && stat(path, &info) == 0 && S_ISDIR(info.st_mode)))
        return lw_fail(err, LW_EUNSUPPORTED, "no flow records");
    return lw_flow_reader_open(out, path, &cfg, err);
}

static void stop_reader(void *ctx)
{
    lw_flow_reader_stop(ctx);
}

static void look_up(struct lw_flow_reader *r)
{
    struct lw_flow_reader_stats s;
    char count[TEXT_MAX];
    char what[64];

    lw_flow_reader_get_stats(r, &s);
    (void)signals_take_dump();
    if (signals_pipe_closed())
        lw_flow_reader_stop(r);
    (void)snprintf(what, sizeof what, "%s rows", text_count(s.rows, count));
    progress_show(NULL,
                  s.bytes_total > 0 ? (double)s.bytes_read / (double)s.bytes_total : -1,
                  what);
}

static enum lw_status run(struct lw_flow_reader *r, record_loop_fn fn, void *ctx,
                          struct lw_error *err)
{
    const struct lw_record *rec;
    enum lw_status st;

    for (uint64_t n = 0; (st = lw_flow_reader_next(r, &rec, err)) == LW_OK; n++) {
        st = fn(ctx, rec, err);
        if (st != LW_OK)
            return st;
        if (n % ROWS_PER_LOOK == 0)
            look_up(r);
    }
    if (st != LW_ETRUNCATED)
        return st == LW_END ? LW_OK : st;
    (void)lw_fail(&cut_off, st, "%s", err->msg);
    return LW_OK;
}

enum lw_status record_loop(struct lw_flow_reader *r, record_loop_fn fn, void *ctx,
                           struct lw_error *err)
{
    enum lw_status st;

    signals_catch(stop_reader, r);
    st = run(r, fn, ctx, err);
    signals_release();
    interrupted = signals_stopped();
    progress_clear();
    if (st == LW_EFORMAT)
        command_note(
            "--on-bad-row skip leaves such rows out, missing takes such values "
            "for unknown");
    return st;
}

void record_loop_report(const struct lw_flow_reader *r)
{
    struct lw_flow_reader_stats s;
    char n[4][TEXT_MAX];

    lw_flow_reader_get_stats(r, &s);
    if (cut_off.code != LW_OK)
        command_warn("%s", cut_off.msg);
    if (s.left_out + s.unread > 0)
        command_warn("%s rows left out, %s values taken for unknown; the first: %s",
                     text_count(s.left_out, n[0]), text_count(s.unread, n[1]),
                     s.first_bad);
    if (interrupted)
        command_note("interrupted; the results cover what was read");
    if (command_verbose())
        (void)fprintf(stderr,
                      "%s: %s rows = %s records + %s about no flow + %s left out\n",
                      lw_flow_reader_format(r), text_count(s.rows, n[0]),
                      text_count(s.records, n[1]), text_count(s.no_flow, n[2]),
                      text_count(s.left_out, n[3]));
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lapwing features: a capture in, the rows out that a model would be shown.
 *
 * The meter runs with the same defaults as in `lapwing detect`, so that what is printed
 * here is what is judged there.
 */
#include "base/assert.h"
#include "base/buf.h"
#include "base/outfile.h"
#include "base/timefmt.h"
#include "cmd/capture_loop.h"
#include "cmd/command.h"
#include "cmd/features_describe.h"
#include "cmd/interim_option.h"
#include "cmd/signals.h"
#include "cmd/tunnel_option.h"

#include <lapwing/view.h>

#include <math.h>
#include <stdio.h>

/* Live, a row waits so long at most for connections that ended before its own. */
#define LIVE_DELAY_NS (5 * NS_PER_S)

/* A row of the widest view is below 2 kB. */
enum { LINE_MAX_BYTES = 8192, COLUMNS_MAX = 256 };

static struct {
    const char *view;
    const char *write;
    bool no_header;
    bool kdd_zero;
    bool describe;
    bool json;
} o;

static const struct opt rows[] = {
    {"view", 0, OPT_TO_TEXT(&o.view), .metavar = "VIEW",
     .help = "kdd, kdd31, netflow or flow (default kdd; with --describe all)"},
    {"write", 'w', OPT_TO_TEXT(&o.write), .metavar = "FILE|-", .initial = "-",
     .help = "write there instead of to standard output"},
    {"no-header", 0, OPT_TO_FLAG(&o.no_header),
     .help = "leave out the line with the features' names"},
    {"kdd-zero", 0, OPT_TO_FLAG(&o.kdd_zero),
     .help = "write 0 for what packets cannot tell, as other extractors do, instead of "
             "nothing"},
};

static const struct opt describe_rows[] = {
    {"describe", 0, OPT_TO_FLAG(&o.describe),
     .help = "say what every feature means, where its definition comes from and which "
             "sources of data give it; no capture is read"},
    {"json", 0, OPT_TO_FLAG(&o.json), .help = "with --describe: print as JSON"},
};

static const struct opt_group group = {"Output", rows, sizeof rows / sizeof rows[0]};
static const struct opt_group describe_group = {
    "Reference", describe_rows, sizeof describe_rows / sizeof describe_rows[0]};
static const struct opt_group *const groups[] = {
    &capture_group, &group, &interim_group, &tunnel_group, &describe_group, NULL};

/* One run of the command. */
struct run {
    const struct lw_view *view;
    struct lw_meter *meter;         /* owned */
    struct lw_extractor *extractor; /* owned */
    struct outfile *out;            /* owned; NULL until the capture is open */
    enum lw_status failed;          /* inside a callback */
};

static void on_row(void *ctx, const struct lw_row *row)
{
    struct run *r = ctx;
    float filled[COLUMNS_MAX];
    char line[LINE_MAX_BYTES];
    size_t n;

    for (unsigned i = 0; i < r->view->n_features; i++)
        filled[i] = o.kdd_zero && isnan(row->values[i]) ? 0.0f : row->values[i];
    n = lw_view_csv_row(r->view, filled, line, sizeof line);
    LW_ASSERT(n < sizeof line);
    /* A failure shows in on_batch() or outfile_commit(). */
    (void)fwrite(line, 1, n, outfile_stream(r->out));
}

static void on_record(void *ctx, const struct lw_record *rec)
{
    struct run *r = ctx;

    if (r->failed == LW_OK)
        r->failed = lw_extractor_add(r->extractor, rec, lw_meter_watermark_ns(r->meter),
                                     on_row, r);
}

/* No more can be written.  A reader of our standard output that has read enough is no
 * failure: the loop notices it and ends the capture. */
static enum lw_status give_up(struct run *r, struct lw_error *err)
{
    enum lw_status st;

    if (signals_pipe_closed())
        return LW_OK;
    st = outfile_commit(r->out, err);
    r->out = NULL;
    LW_ASSERT(st != LW_OK);
    return st;
}

static enum lw_status run_meter(void *ctx, struct lw_capture *cap, struct lw_run *run,
                                struct lw_error *err)
{
    struct run *r = ctx;

    run->record = on_record;
    run->record_ctx = r;
    return lw_meter_run(r->meter, cap, run, err);
}

static enum lw_status on_batch(void *ctx, const struct lw_run_batch *batch,
                               struct lw_error *err)
{
    struct run *r = ctx;

    if (capture_is_live()) {
        lw_extractor_advance(r->extractor, lw_meter_watermark_ns(r->meter), on_row, r);
        if (batch->packets[0].data == NULL) /* a pause: do not wait in memory */
            (void)fflush(outfile_stream(r->out));
    }
    if (r->failed != LW_OK)
        return lw_fail(err, r->failed, "out of memory for records that wait");
    return ferror(outfile_stream(r->out)) ? give_up(r, err) : LW_OK;
}

static void get_meter(void *ctx, struct lw_meter_stats *out)
{
    const struct run *r = ctx;

    lw_meter_get_stats(r->meter, out);
}

static enum lw_status open_output(void *ctx, struct lw_error *err)
{
    struct run *r = ctx;
    char line[LINE_MAX_BYTES];
    enum lw_status st = capture_check_output(o.write, err);

    if (st == LW_OK)
        st = outfile_open(&r->out, o.write, err);
    if (st == LW_OK && !o.no_header) {
        LW_ASSERT(lw_view_csv_header(r->view, line, sizeof line) < sizeof line);
        (void)fputs(line, outfile_stream(r->out));
    }
    return st;
}

static enum lw_status set_up(struct run *r, struct lw_error *err)
{
    struct lw_meter_config meter = {.tunnels = tunnel_option()};
    const struct lw_extractor_config cfg = {.max_delay_ns =
                                                capture_is_live() ? LIVE_DELAY_NS : 0};
    enum lw_status st;

    interim_option(&meter);
    lw_view_meter_needs(r->view, &meter);
    st = lw_meter_new(&r->meter, &meter, err);
    return st == LW_OK ? lw_extractor_new(&r->extractor, r->view, &cfg, err) : st;
}

/* A capture that was cut off still gives the rows it had. */
static int finish(struct run *r, const struct capture_job *job,
                  const struct capture_report *report)
{
    struct lw_error err;
    enum lw_status st = LW_OK;

    lw_meter_flush(r->meter, on_record, r);
    lw_extractor_flush(r->extractor, on_row, r);
    if (r->failed != LW_OK) {
        (void)lw_fail(&err, r->failed, "out of memory for records that wait");
        return command_error(&err);
    }
    st = outfile_commit(r->out, &err);
    r->out = NULL;
    if (st != LW_OK)
        return command_output_error(o.write, &err);
    capture_report_print(job, report);
    return STATUS_OK;
}

static int extract(const struct lw_view *view, char *const *words, size_t n_words)
{
    struct run r = {.view = view};
    struct capture_job job = {.filter = words,
                              .n_filter = n_words,
                              .start = open_output,
                              .run = run_meter,
                              .batch = on_batch,
                              .meter = get_meter,
                              .ctx = &r};
    struct capture_report report;
    struct lw_error err;
    int status;

    LW_ASSERT(view->n_features <= COLUMNS_MAX);
    if (set_up(&r, &err) != LW_OK) {
        status = command_error(&err);
        goto out;
    }
    status = capture_loop(&job, &report);
    if (status == STATUS_OK)
        status = finish(&r, &job, &report);
out:
    outfile_abort(r.out);
    lw_extractor_free(r.extractor);
    lw_meter_free(r.meter);
    return status;
}

/* ---- reference --------------------------------------------------------------------
 */

static enum lw_status print_reference(FILE *f, const struct lw_view *view,
                                      struct lw_error *err)
{
    const struct lw_view *v;

    if (o.json)
        return features_describe_json(f, view, err);
    for (size_t i = 0; (v = lw_view_at(i)) != NULL; i++) {
        if (view == NULL || view == v)
            features_describe(f, v);
    }
    return LW_OK;
}

static int describe(const struct lw_view *view)
{
    struct outfile *out = NULL;
    struct lw_error err;
    enum lw_status st = outfile_open(&out, o.write, &err);

    if (st != LW_OK)
        return command_error(&err);
    st = print_reference(outfile_stream(out), view, &err);
    if (st != LW_OK) {
        outfile_abort(out);
        return command_error(&err);
    }
    st = outfile_commit(out, &err);
    return st == LW_OK ? STATUS_OK : command_output_error(o.write, &err);
}

static int no_view(const char *name)
{
    const struct lw_view *v;
    struct buf names;
    int status;

    buf_init(&names);
    for (size_t i = 0; (v = lw_view_at(i)) != NULL; i++)
        buf_printf(&names, "%s%s", i == 0 ? "" : ", ", v->name);
    status = command_usage("no view '%s'; there are %s", name, buf_text(&names));
    buf_release(&names);
    return status;
}

static int run_features(char *const *words, size_t n_words)
{
    const struct lw_view *view = NULL;

    if (o.view != NULL) {
        view = lw_view_get(o.view);
        if (view == NULL)
            return no_view(o.view);
    }
    if (o.describe)
        return describe(view);
    if (o.json)
        return command_usage("--json goes with --describe; rows are written as CSV");
    return extract(view == NULL ? lw_view_get("kdd") : view, words, n_words);
}

const struct command command_features = {
    .name = "features",
    .help = "turn traffic into the rows that models learn from",
    .synopsis = CAPTURE_SYNOPSIS " | --describe",
    .doc =
        "Writes one line of CSV per flow: the 41 features of KDD Cup 1999 in their "
        "order (kdd), the 31 of them that a classify request carries (kdd31), what a "
        "flow record alone gives (netflow), or statistics of its packets and of what "
        "its hosts did lately (flow).  A value that cannot be had is empty.  Rows of "
        "the "
        "kdd and flow views are in the order in which the flows ended; flows that are "
        "not TCP, UDP or ICMP have no kdd row.  A flow that goes on has a row every so "
        "often, of the time since the one before.",
    .examples = "# rows for training, as lapwing detect would see them\n"
                "lapwing features -r capture.pcap -w rows.csv\n"
                "# flow statistics of one host\n"
                "lapwing features -r capture.pcap --view netflow host 10.0.0.9\n"
                "# what does dst_host_srv_count mean?\n"
                "lapwing features --describe --view kdd\n",
    .groups = groups,
    .max_words = CAPTURE_FILTER_WORDS,
    .run = run_features,
};

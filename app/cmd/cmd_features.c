/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lapwing features: traffic in, the rows out that a model would be shown.
 *
 * Traffic is a capture, or the flow records of another meter.  Ours runs with the same
 * defaults as in `lapwing detect`, so that what is printed here is what is judged
 * there.
 */
#include "base/assert.h"
#include "base/buf.h"
#include "base/outfile.h"
#include "base/timefmt.h"
#include "cmd/capture_loop.h"
#include "cmd/command.h"
#include "cmd/features_describe.h"
#include "cmd/host_option.h"
#include "cmd/interim_option.h"
#include "cmd/record_loop.h"
#include "cmd/row_file.h"
#include "cmd/signals.h"
#include "cmd/tunnel_option.h"
#include "cmd/word_list.h"

#include <lapwing/view.h>

#include <math.h>
#include <stdio.h>

/* Live, a row waits so long at most for connections that ended before its own. */
#define LIVE_DELAY_NS (5 * NS_PER_S)

static struct {
    const char *view;
    const char *write;
    int format; /* enum row_format */
    bool no_header;
    bool kdd_zero;
    bool keys;
    bool label;
    bool describe;
    bool json;
} o;

/* ORDER of enum row_format. */
static const char *const formats[] = {"auto", "csv", "npy", NULL};

static const struct opt rows[] = {
    {"view", 0, OPT_TO_TEXT(&o.view), .metavar = "VIEW",
     .help = "kdd, kdd31, netflow, netflow_host or flow (default kdd; with --describe "
             "all)"},
    {"write", 'w', OPT_TO_TEXT(&o.write), .metavar = "FILE|-", .initial = "-",
     .help = "write there instead of to standard output"},
    {"format", 0, OPT_TO_CHOICE(&o.format), .metavar = "FORMAT", .initial = "auto",
     .choices = formats,
     .help =
         "csv, or npy: a NumPy array of floats, with what its columns are beside it "
         "as JSON, and keys and labels as CSV; auto is npy for a FILE of that name, "
         "or else csv"},
    {"no-header", 0, OPT_TO_FLAG(&o.no_header),
     .help = "leave out the line with the features' names"},
    {"kdd-zero", 0, OPT_TO_FLAG(&o.kdd_zero),
     .help = "write 0 for what packets cannot tell, as other extractors do, instead of "
             "nothing"},
    {"keys", 0, OPT_TO_FLAG(&o.keys),
     .help = "put before each row which flow it is: start, addresses and ports, which "
             "are no features"},
    {"label", 0, OPT_TO_FLAG(&o.label),
     .help = "add the label that the flow records have as a last column"},
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
    &capture_group, &record_group, &group,          &interim_group,
    &host_group,    &tunnel_group, &describe_group, NULL};

/* One run of the command. */
struct run {
    const struct lw_view *view;
    struct lw_meter *meter;         /* owned; NULL: flow records are read */
    struct lw_flow_reader *reader;  /* owned; NULL: packets are read */
    struct word_list labels;        /* by the records' tags */
    struct lw_extractor *extractor; /* owned */
    struct row_file *out;           /* owned; NULL until the capture is open */
    enum lw_status failed;          /* inside a callback */
};

static void on_row(void *ctx, const struct lw_row *row)
{
    struct run *r = ctx;

    /* A failure shows in on_batch() or row_file_commit(). */
    row_file_put(r->out, row,
                 o.label ? word_list_get(&r->labels, row->rec->tag) : NULL);
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
    st = row_file_commit(r->out, err);
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
            (void)fflush(row_file_stream(r->out));
    }
    if (r->failed != LW_OK)
        return lw_fail(err, r->failed, "out of memory for records that wait");
    return ferror(row_file_stream(r->out)) ? give_up(r, err) : LW_OK;
}

static void get_meter(void *ctx, struct lw_meter_stats *out)
{
    const struct run *r = ctx;

    lw_meter_get_stats(r->meter, out);
}

static enum lw_status open_output(void *ctx, struct lw_error *err)
{
    struct run *r = ctx;
    const struct row_file_config cfg = {.view = r->view,
                                        .path = o.write,
                                        .format = (enum row_format)o.format,
                                        .no_header = o.no_header,
                                        .zero = o.kdd_zero,
                                        .keys = o.keys,
                                        .label = o.label};
    enum lw_status st = capture_check_output(o.write, err);

    return st == LW_OK ? row_file_open(&r->out, &cfg, err) : st;
}

static enum lw_status set_up(struct run *r, struct lw_error *err)
{
    struct lw_meter_config meter = {.tunnels = tunnel_option()};
    struct lw_extractor_config cfg = {.max_delay_ns =
                                          capture_is_live() ? LIVE_DELAY_NS : 0};
    enum lw_status st;

    host_option(&cfg);
    st = lw_extractor_new(&r->extractor, r->view, &cfg, err);
    if (st != LW_OK || r->reader != NULL)
        return st;
    interim_option(&meter);
    lw_view_meter_needs(r->view, &meter);
    return lw_meter_new(&r->meter, &meter, err);
}

/* Rows that waited are written; false and a status where that failed. */
static bool close_output(struct run *r, int *status)
{
    struct lw_error err;
    enum lw_status st;

    lw_extractor_flush(r->extractor, on_row, r);
    if (r->failed != LW_OK) {
        (void)lw_fail(&err, r->failed, "out of memory for records that wait");
        *status = command_error(&err);
        return false;
    }
    st = row_file_commit(r->out, &err);
    r->out = NULL;
    if (st != LW_OK)
        *status = command_output_error(o.write, &err);
    return st == LW_OK;
}

/* A capture that was cut off still gives the rows it had. */
static int finish(struct run *r, const struct capture_job *job,
                  const struct capture_report *report)
{
    int status = STATUS_OK;

    lw_meter_flush(r->meter, on_record, r);
    if (close_output(r, &status))
        capture_report_print(job, report);
    return status;
}

static int extract_packets(struct run *r, char *const *words, size_t n_words)
{
    struct capture_job job = {.filter = words,
                              .n_filter = n_words,
                              .start = open_output,
                              .run = run_meter,
                              .batch = on_batch,
                              .meter = get_meter,
                              .ctx = r};
    struct capture_report report;
    int status;

    if (o.label)
        return command_usage("--label: %s has packets, and no labels",
                             capture_source_name());
    status = capture_loop(&job, &report);
    return status == STATUS_OK ? finish(r, &job, &report) : status;
}

/* ---- flow records -----------------------------------------------------------------
 */

static enum lw_status on_read(void *ctx, const struct lw_record *rec,
                              struct lw_error *err)
{
    struct run *r = ctx;
    struct lw_record tagged = *rec;
    enum lw_status st = LW_ENOMEM;

    if (!o.label ||
        word_list_number(&r->labels, lw_flow_reader_label(r->reader), &tagged.tag))
        st = lw_extractor_add(r->extractor, &tagged,
                              lw_flow_reader_watermark_ns(r->reader), on_row, r);
    if (st != LW_OK)
        return lw_fail(err, st, "out of memory for records that wait");
    return ferror(row_file_stream(r->out)) ? give_up(r, err) : LW_OK;
}

static void warn_of_order(const struct run *r)
{
    struct lw_extractor_stats s;

    lw_extractor_get_stats(r->extractor, &s);
    if (s.late > 0)
        command_warn(
            "%llu records came so late that rows of younger ones had left; sort "
            "the file by time",
            (unsigned long long)s.late);
}

static int extract_records(struct run *r, size_t n_words)
{
    struct lw_error err;
    enum lw_status st;
    int status = STATUS_OK;

    if (n_words > 0)
        return command_usage("a filter is for packets; %s has flow records",
                             capture_source_name());
    st = open_output(r, &err);
    if (st == LW_OK)
        st = record_loop(r->reader, on_read, r, &err);
    if (st != LW_OK)
        return command_refused(st, &err);
    if (r->out == NULL) /* nobody reads on */
        return STATUS_OK;
    if (close_output(r, &status)) {
        record_loop_report(r->reader);
        warn_of_order(r);
    }
    return status;
}

/* ---- both -------------------------------------------------------------------------
 */

static int extract(const struct lw_view *view, char *const *words, size_t n_words)
{
    struct run r = {.view = view};
    struct lw_error err;
    enum lw_status st = record_loop_open(&r.reader, &err);
    int status;

    /* What cannot be opened, the capture's own message is about. */
    if (st == LW_OK || st == LW_EUNSUPPORTED || st == LW_ENOTFOUND || st == LW_EIO)
        st = set_up(&r, &err);
    if (st != LW_OK)
        status = command_error(&err);
    else if (r.reader != NULL)
        status = extract_records(&r, n_words);
    else
        status = extract_packets(&r, words, n_words);
    row_file_abort(r.out);
    lw_extractor_free(r.extractor);
    lw_meter_free(r.meter);
    lw_flow_reader_close(r.reader);
    word_list_release(&r.labels);
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
    .help = "turn traffic or flow records into the rows that models learn from",
    .synopsis = CAPTURE_SYNOPSIS " | --describe",
    .doc =
        "Reads a capture, or flow records of another meter: a binetflow (Argus) or "
        "Zeek's conn.log, as they are or compressed, known by what is in them.  "
        "Writes one line of CSV per flow: the 41 features of KDD Cup 1999 in their "
        "order (kdd), the 31 of them that a classify request carries (kdd31), what a "
        "flow record alone gives (netflow), the same against the recent past of its "
        "hosts (netflow_host), or statistics of its packets and of what its hosts did "
        "lately (flow).  A value that cannot be had is empty.  Rows of "
        "the kdd, netflow_host and flow views are in the order in which the flows "
        "ended; flows that "
        "are "
        "not TCP, UDP or ICMP have no kdd row.  A flow that goes on has a row every so "
        "often, of the time since the one before.",
    .examples = "# rows for training, as lapwing detect would see them\n"
                "lapwing features -r capture.pcap -w rows.csv\n"
                "# flow statistics of one host\n"
                "lapwing features -r capture.pcap --view netflow host 10.0.0.9\n"
                "# statistics of packets as a NumPy array, described in rows.json\n"
                "lapwing features -r capture.pcap --view flow -w rows.npy\n"
                "# the netflow view of a labelled data set\n"
                "lapwing features -r capture.binetflow.xz --view netflow --label\n"
                "# what does dst_host_srv_count mean?\n"
                "lapwing features --describe --view kdd\n",
    .groups = groups,
    .max_words = CAPTURE_FILTER_WORDS,
    .run = run_features,
};

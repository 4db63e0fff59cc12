/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lapwing flows: a capture in, flow records out; flows_log.c writes them.
 *
 * Argus begins to count a flow's idle time when its status interval has passed. Records
 * are only comparable with its own when we do that, too; so the timeouts here are those
 * of Argus plus the status interval.
 */
#include "base/timefmt.h"
#include "cmd/capture_loop.h"
#include "cmd/command.h"
#include "cmd/flows_cic.h"
#include "cmd/flows_log.h"
#include "cmd/tunnel_option.h"

#include <lapwing/flow.h>

static struct {
    int64_t status_ns;
    int64_t idle_ns;
    int64_t max_flows;
    bool corrected;
    bool ignore_checksums;
} o;

static const struct opt meter_rows[] = {
    {"status-interval", 0, OPT_TO_DURATION(&o.status_ns), .metavar = "TIME",
     .initial = "1h", .min = 1, .max = 31536000,
     .help = "report a flow that lasts longer each time so much of it has passed"},
    {"corrected", 0, OPT_TO_FLAG(&o.corrected),
     .help = "in binetflow, too, write what happened where Argus says something else"},
    {"idle-timeout", 0, OPT_TO_DURATION(&o.idle_ns), .metavar = "TIME", .min = 1e-3,
     .max = 31536000,
     .help =
         "a flow is over when it was silent for so long; by default as in Argus, the "
         "status interval and then 60 s for TCP, 5 s for ICMP and ARP, 30 s for "
         "others, or with --format zeek as in Zeek, 300 s for TCP and 60 s for others"},
    {"max-flows", 0, OPT_TO_INT(&o.max_flows), .metavar = "N", .initial = "1048576",
     .min = 1, .max = 16777216, .unit = "flows",
     .help = "flows to remember at once; beyond, unanswered ones are reported early"},
    {"ignore-checksums", 0, OPT_TO_FLAG(&o.ignore_checksums),
     .help =
         "for what Zeek tells of a flow: take packets with wrong checksums, too, as "
         "in captures on their sender, whose network card was to write them"},
};

static const struct opt_group meter_group = {"Flows", meter_rows,
                                             sizeof meter_rows / sizeof meter_rows[0]};
static const struct opt_group *const groups[] = {
    &capture_group,   &flows_log_group,      &meter_group, &tunnel_group,
    &flows_cic_group, &flows_describe_group, NULL};

/* One run of the command. */
struct run {
    struct lw_meter *meter;   /* owned; NULL with --cic-compat, */
    struct lw_cic_meter *cic; /* owned; NULL without it */
    struct flows_log *log;    /* owned */
};

static enum lw_status run_meter(void *ctx, struct lw_capture *cap, struct lw_run *run,
                                struct lw_error *err)
{
    struct run *r = ctx;

    if (r->cic != NULL)
        return flows_cic_run(r->cic, cap, run, flows_log_line, r->log, err);
    run->record = flows_log_record;
    run->record_ctx = r->log;
    return lw_meter_run(r->meter, cap, run, err);
}

static enum lw_status on_batch(void *ctx, const struct lw_run_batch *batch,
                               struct lw_error *err)
{
    struct run *r = ctx;

    (void)batch;
    return flows_log_check(r->log, err);
}

static void get_meter(void *ctx, struct lw_meter_stats *out)
{
    const struct run *r = ctx;

    if (r->cic != NULL)
        lw_cic_meter_get_stats(r->cic, out);
    else
        lw_meter_get_stats(r->meter, out);
}

static enum lw_status open_output(void *ctx, struct lw_error *err)
{
    struct run *r = ctx;

    return flows_log_open(r->log, err);
}

/* Where flows are cut as Argus or Zeek cuts them, timeouts are the meter's own. */
static void set_timeouts(struct lw_meter_config *cfg)
{
    static const int64_t tcp_s = 60;
    static const int64_t icmp_s = 5;
    static const int64_t other_s = 30;
    int64_t idle_ns = o.idle_ns;
    bool given = idle_ns != 0 || cfg->cuts != LW_CUTS_PLAIN;

    cfg->status_interval_ns = o.status_ns;
    cfg->idle_tcp_ns = given ? idle_ns : o.status_ns + tcp_s * NS_PER_S;
    cfg->closed_tcp_ns = cfg->idle_tcp_ns;
    cfg->idle_udp_ns = given ? idle_ns : o.status_ns + other_s * NS_PER_S;
    cfg->idle_icmp_ns = given ? idle_ns : o.status_ns + icmp_s * NS_PER_S;
    cfg->idle_arp_ns = cfg->idle_icmp_ns;
}

static int make_cic_meter(struct run *r)
{
    struct lw_cic_config cfg = {.max_flows = (uint32_t)o.max_flows,
                                .label = flows_log_label()};
    struct lw_error err;
    int status = flows_cic_configure(flows_log_format(), &cfg);
    enum lw_status st;

    if (status != STATUS_OK)
        return status;
    st = flows_log_take_lines(r->log, lw_cic_header(cfg.names), &err);
    if (st == LW_OK)
        st = lw_cic_meter_new(&r->cic, &cfg, &err);
    return st == LW_OK ? STATUS_OK : command_refused(st, &err);
}

static int make_meter(struct run *r)
{
    struct lw_meter_config cfg = {.max_flows = (uint32_t)o.max_flows,
                                  .ignore_checksums = o.ignore_checksums,
                                  .tunnels = tunnel_option()};
    struct lw_error err;

    if (flows_cic_wanted())
        return make_cic_meter(r);
    flows_log_configure(r->log, &cfg);
    if (o.corrected && cfg.cuts == LW_CUTS_ARGUS)
        cfg.cuts = LW_CUTS_PLAIN;
    set_timeouts(&cfg);
    return lw_meter_new(&r->meter, &cfg, &err) == LW_OK ? STATUS_OK
                                                        : command_error(&err);
}

/* A capture that could not be read to its end still gives the flows it had. */
static int finish(struct run *r, const struct capture_job *job,
                  const struct capture_report *report)
{
    int status;

    if (r->cic != NULL)
        lw_cic_meter_flush(r->cic, flows_log_line, r->log);
    else
        lw_meter_flush(r->meter, flows_log_record, r->log);
    status = flows_log_close(r->log);
    if (status == STATUS_OK)
        capture_report_print(job, report);
    return status;
}

static int run_flows(char *const *words, size_t n_words)
{
    struct run r = {.meter = NULL};
    struct capture_job job = {.filter = words,
                              .n_filter = n_words,
                              .start = open_output,
                              .run = run_meter,
                              .batch = on_batch,
                              .meter = get_meter,
                              .ctx = &r};
    struct capture_report report;
    int status;

    if (flows_log_wants_reference())
        return flows_log_print_reference();
    status = flows_log_new(&r.log);
    if (status == STATUS_OK)
        status = make_meter(&r);
    if (status == STATUS_OK)
        status = capture_loop(&job, &report);
    if (status == STATUS_OK)
        status = finish(&r, &job, &report);
    flows_log_free(r.log);
    lw_meter_free(r.meter);
    lw_cic_meter_free(r.cic);
    return status;
}

const struct command command_flows = {
    .name = "flows",
    .help = "list the flows of a capture",
    .synopsis = CAPTURE_SYNOPSIS " | --describe",
    .doc = "Writes one record per bidirectional flow, in one of several formats: the "
           "columns of the CTU-13 data sets in the words of Argus (binetflow), "
           "everything that is known of a flow as CSV or as JSON lines, flow events of "
           "Suricata's EVE log, Zeek's conn.log, or CICFlowMeter's columns with its "
           "errors corrected (or, for old data sets, kept).  What is absent is empty, "
           "not zero.\n\n"
           "A file of --labels is a table whose header names its columns: start, end "
           "(when the flow's first packet came), src, dst (an address or a network), "
           "sport, dport, proto and label or class; other columns are ignored.  Empty, "
           "* and any stand for anything.  A rule holds for both directions; the most "
           "specific one wins, of equals the first.  Labelled binetflow files and Zeek "
           "logs are such tables, too.\n\n"
           "The words after the options are a filter in the language of tcpdump; it "
           "sees the outermost packet, also with --tunnel inner.",
    .examples = "# the flows of a capture\n"
                "lapwing flows -r capture.pcap -w flows.binetflow\n"
                "# who asked whom, as JSON lines\n"
                "lapwing flows -r capture.pcap --format json "
                "--fields start,src_addr,dst_addr udp port 53\n"
                "# a labelled conn.log\n"
                "lapwing flows -r capture.pcap --format zeek --labels truth.csv "
                "--label Benign\n"
                "# to compare with the CIC-IDS2017 files\n"
                "lapwing flows -r capture.pcap --format cic --cic-compat "
                "--cic-timezone -03:00\n",
    .groups = groups,
    .max_words = CAPTURE_FILTER_WORDS,
    .run = run_flows,
};

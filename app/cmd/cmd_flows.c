/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lapwing flows: a capture in, flow records out; flows_log.c writes them.
 */
#include "base/timefmt.h"
#include "cmd/capture_loop.h"
#include "cmd/command.h"
#include "cmd/flows_log.h"

#include <lapwing/flow.h>

static struct {
    int64_t status_ns;
    int64_t idle_ns;
    int64_t max_flows;
    bool corrected;
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
         "others"},
    {"max-flows", 0, OPT_TO_INT(&o.max_flows), .metavar = "N", .initial = "1048576",
     .min = 1, .max = 16777216, .unit = "flows",
     .help = "flows to remember at once; beyond, unanswered ones are reported early"},
};

static const struct opt_group meter_group = {"Flows", meter_rows,
                                             sizeof meter_rows / sizeof meter_rows[0]};
static const struct opt_group *const groups[] = {
    &capture_group, &flows_log_group, &meter_group, &flows_describe_group, NULL};

/* One run of the command. */
struct run {
    struct lw_meter *meter; /* owned */
    struct flows_log *log;  /* owned */
};

static enum lw_status run_meter(void *ctx, struct lw_capture *cap, struct lw_run *run,
                                struct lw_error *err)
{
    struct run *r = ctx;

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

    lw_meter_get_stats(r->meter, out);
}

static enum lw_status open_output(void *ctx, struct lw_error *err)
{
    struct run *r = ctx;

    return flows_log_open(r->log, err);
}

/* Argus' own default is left to the meter; that of flows as they are is as long. */
static int64_t idle_or(enum lw_cuts cuts, int64_t argus_s)
{
    if (o.idle_ns != 0 || cuts == LW_CUTS_ARGUS)
        return o.idle_ns;
    return o.status_ns + argus_s * NS_PER_S;
}

static enum lw_status make_meter(struct run *r, struct lw_error *err)
{
    const enum lw_cuts cuts =
        flows_log_is_argus() && !o.corrected ? LW_CUTS_ARGUS : LW_CUTS_PLAIN;
    const struct lw_meter_config cfg = {.max_flows = (uint32_t)o.max_flows,
                                        .status_interval_ns = o.status_ns,
                                        .idle_tcp_ns = idle_or(cuts, 60),
                                        .closed_tcp_ns = idle_or(cuts, 60),
                                        .idle_udp_ns = idle_or(cuts, 30),
                                        .idle_icmp_ns = idle_or(cuts, 5),
                                        .idle_arp_ns = idle_or(cuts, 5),
                                        .cuts = cuts};

    return lw_meter_new(&r->meter, &cfg, err);
}

/* A capture that could not be read to its end still gives the flows it had. */
static int finish(struct run *r, const struct capture_job *job,
                  const struct capture_report *report)
{
    int status;

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
    struct lw_error err;
    int status;

    if (flows_log_wants_reference())
        return flows_log_print_reference();
    status = flows_log_new(&r.log);
    if (status == STATUS_OK && make_meter(&r, &err) != LW_OK)
        status = command_error(&err);
    if (status == STATUS_OK)
        status = capture_loop(&job, &report);
    if (status == STATUS_OK)
        status = finish(&r, &job, &report);
    flows_log_free(r.log);
    lw_meter_free(r.meter);
    return status;
}

const struct command command_flows = {
    .name = "flows",
    .help = "list the flows of a capture",
    .synopsis = CAPTURE_SYNOPSIS " | --describe",
    .doc = "Writes one record per bidirectional flow, in one of several formats: the "
           "columns of the CTU-13 data sets in the words of Argus (binetflow), "
           "everything that is known of a flow as CSV or as JSON lines, flow events of "
           "Suricata's EVE log, or Zeek's conn.log.  What is absent is empty, not "
           "zero.  binetflow repeats what Argus would say, also where that is not what "
           "happened, unless --corrected is given; the others say what happened.\n\n"
           "The words after the options are a filter in the language of tcpdump.",
    .examples = "# the flows of a capture\n"
                "lapwing flows -r capture.pcap -w flows.binetflow\n"
                "# who asked whom, as JSON lines\n"
                "lapwing flows -r capture.pcap --format json "
                "--fields start,src_addr,dst_addr udp port 53\n",
    .groups = groups,
    .max_words = CAPTURE_FILTER_WORDS,
    .run = run_flows,
};

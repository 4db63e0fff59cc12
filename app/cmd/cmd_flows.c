/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lapwing flows: a capture in, flow records out, as Argus' ra writes them for CTU-13.
 *
 * Argus begins to count a flow's idle time when its status interval has passed. Records
 * are only comparable with its own when we do that, too; so the timeouts here are those
 * of Argus plus the status interval.
 */
#include "base/assert.h"
#include "base/mem.h"
#include "base/outfile.h"
#include "base/timefmt.h"
#include "cmd/capture_loop.h"
#include "cmd/command.h"
#include "cmd/signals.h"

#include <lapwing/flow.h>

#include <stdio.h>
#include <string.h>

static struct {
    const char *write;
    const char *label;
    int64_t status_ns;
    int64_t idle_ns;
    int64_t max_flows;
} o;

static const struct opt rows[] = {
    {"write", 'w', OPT_TO_TEXT(&o.write), .metavar = "FILE|-", .initial = "-",
     .help = "write the records there instead of to standard output"},
    {"label", 0, OPT_TO_TEXT(&o.label), .metavar = "TEXT", .initial = "",
     .help = "fill the Label column"},
};

static const struct opt meter_rows[] = {
    {"status-interval", 0, OPT_TO_DURATION(&o.status_ns), .metavar = "TIME",
     .initial = "1h", .min = 1, .max = 31536000,
     .help = "report a flow that lasts longer each time so much of it has passed"},
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

static const struct opt_group group = {"Output", rows, sizeof rows / sizeof rows[0]};
static const struct opt_group meter_group = {"Flows", meter_rows,
                                             sizeof meter_rows / sizeof meter_rows[0]};
static const struct opt_group *const groups[] = {&capture_group, &group, &meter_group,
                                                 NULL};

/* Lines are collected here and written in one piece. */
enum { BLOCK_BYTES = 64 * 1024 };

/* One run of the command. */
struct run {
    struct lw_meter *meter; /* owned */
    struct outfile *out;    /* owned; NULL until the capture is open */
    char *block;            /* owned (BLOCK_BYTES) */
    size_t n_block;
    const char *label; /* with what CSV cannot hold replaced; borrowed */
};

static void write_block(struct run *r)
{
    /* A failure shows in on_batch() or outfile_commit(). */
    (void)fwrite(r->block, 1, r->n_block, outfile_stream(r->out));
    r->n_block = 0;
    if (capture_is_live())
        (void)fflush(outfile_stream(r->out));
}

static void on_record(void *ctx, const struct lw_record *rec)
{
    struct run *r = ctx;

    if (BLOCK_BYTES - r->n_block < LW_BINETFLOW_LINE_MAX)
        write_block(r);
    r->n_block += lw_binetflow_format(rec, r->label, r->block + r->n_block);
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

    (void)batch;
    /* Live, what is known must not wait in memory. */
    if (capture_is_live() && r->n_block > 0)
        write_block(r);
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
    enum lw_status st = capture_check_output(o.write, err);

    if (st == LW_OK)
        st = outfile_open(&r->out, o.write, err);
    if (st == LW_OK)
        (void)fputs(lw_binetflow_header(), outfile_stream(r->out));
    return st;
}

static int64_t idle_or(int64_t argus_s)
{
    return o.idle_ns != 0 ? o.idle_ns : o.status_ns + argus_s * NS_PER_S;
}

static enum lw_status set_up(struct run *r, struct lw_error *err)
{
    const struct lw_meter_config cfg = {.max_flows = (uint32_t)o.max_flows,
                                        .status_interval_ns = o.status_ns,
                                        .idle_tcp_ns = idle_or(60),
                                        .closed_tcp_ns = idle_or(60),
                                        .idle_udp_ns = idle_or(30),
                                        .idle_icmp_ns = idle_or(5),
                                        .idle_arp_ns = idle_or(5)};

    r->label = o.label;
    r->block = mem_alloc(BLOCK_BYTES);
    if (r->block == NULL)
        return lw_fail(err, LW_ENOMEM, "out of memory");
    return lw_meter_new(&r->meter, &cfg, err);
}

/* A capture that could not be read to its end still gives the flows it had. */
static int finish(struct run *r, const struct capture_job *job,
                  const struct capture_report *report)
{
    struct lw_error err;
    enum lw_status st;

    lw_meter_flush(r->meter, on_record, r);
    write_block(r);
    st = outfile_commit(r->out, &err);
    r->out = NULL;
    if (st != LW_OK)
        return command_output_error(o.write, &err);
    capture_report_print(job, report);
    return STATUS_OK;
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

    if (strpbrk(o.label, ",\"\r\n") != NULL)
        return command_usage("--label: no commas, quotes or line ends, please");
    if (set_up(&r, &err) != LW_OK) {
        status = command_error(&err);
        goto out;
    }
    status = capture_loop(&job, &report);
    if (status == STATUS_OK)
        status = finish(&r, &job, &report);
out:
    outfile_abort(r.out);
    lw_meter_free(r.meter);
    mem_free(r.block);
    return status;
}

const struct command command_flows = {
    .name = "flows",
    .help = "list the flows of a capture",
    .synopsis = CAPTURE_SYNOPSIS,
    .doc = "Writes one line per bidirectional flow in the binetflow form of the CTU-13 "
           "data sets, with the words of Argus: StartTime, Dur, Proto, SrcAddr, Sport, "
           "Dir, DstAddr, Dport, State, sTos, dTos, TotPkts, TotBytes, SrcBytes, "
           "Label.\n\n"
           "The words after the options are a filter in the language of tcpdump.",
    .examples = "# the flows of a capture\n"
                "lapwing flows -r capture.pcap -w flows.binetflow\n"
                "# only name lookups\n"
                "lapwing flows -r capture.pcap udp port 53\n",
    .groups = groups,
    .max_words = CAPTURE_FILTER_WORDS,
    .run = run_flows,
};

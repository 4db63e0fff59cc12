/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lapwing detect: a capture in, verdicts out.
 *
 * Every finding goes to the EVE output first and then into the summary (or, live, onto
 * the terminal), so that whatever a person was shown is in the log, even if the process
 * is killed the next moment.
 */
#include "base/timefmt.h"
#include "cmd/capture_loop.h"
#include "cmd/command.h"
#include "cmd/detect_stream.h"
#include "cmd/detect_summary.h"
#include "cmd/fuse.h"
#include "cmd/host_option.h"
#include "cmd/interim_option.h"
#include "cmd/model_path.h"
#include "cmd/progress.h"
#include "cmd/tunnel_option.h"
#include "sink/sink.h"

#include <string.h>

/* Live, a row waits so long at most for connections that ended before its own. */
#define LIVE_DELAY_NS (5 * NS_PER_S)

static struct {
    const char *write;
    const char *model;
    struct opt_list fuse;
    int64_t top;
    double fpr;
    double per_day;
    bool json;
    bool rivals;
    bool no_signs;
} o;

static const struct opt rows[] = {
    {"write", 'w', OPT_TO_TEXT(&o.write), .metavar = "FILE|-",
     .help = "write every flow and alert as a line of JSON in the conventions of "
             "Suricata's EVE log; a live log is appended to, any other started anew; "
             "with - the summary moves to standard error"},
    {"model", 'm', OPT_TO_TEXT(&o.model), .metavar = "FILE",
     .help = "judge with this model file instead of " LW_DETECT_MODEL},
    {"fuse", 0, OPT_TO_LIST(&o.fuse), .metavar = "FILE",
     .help = "judge with this model file besides, and make one verdict of the least "
             "p-value that one of them has, each with an equal share of the false "
             "alarms (--fpr, else 0.001 of normal flows); can be given several "
             "times; the capture is read once for each"},
    {"fpr", 0, OPT_TO_FLOAT(&o.fpr), .metavar = "SHARE",
     .help = "alarm at most this share of normal flows, such as 0.0005, instead of "
             "what the model was made for"},
    {"alerts-per-day", 0, OPT_TO_FLOAT(&o.per_day), .metavar = "N",
     .help = "at the rate at which flows come, let normal ones make about so many "
             "alerts a day, as far as the model has met enough of them"},
    {"no-signs", 0, OPT_TO_FLAG(&o.no_signs),
     .help = "let the model judge alone: what only attacks show, such as packets from "
             "an address to itself or ports tried one after the other, is not looked "
             "for besides"},
    {"top", 0, OPT_TO_INT(&o.top), .metavar = "N", .initial = "10", .min = 0,
     .max = SUMMARY_TOP_MAX, .help = "list that many of the most suspicious flows"},
    {"rivals", 0, OPT_TO_FLAG(&o.rivals),
     .help =
         "print beside it what a box plot of packet rates alarms, and with a model of "
         "packet streams what other detectors on the same statistics do"},
    {"json", 0, OPT_TO_FLAG(&o.json), .help = "print the summary as JSON"},
};

static const struct opt_group group = {"Output", rows, sizeof rows / sizeof rows[0]};
static const struct opt_group *const groups[] = {
    &capture_group, &group, &interim_group, &host_group, &tunnel_group, NULL};

/* One run of the command. */
struct detection {
    char model_path[MODEL_PATH_MAX];
    struct lw_classifier *classifier; /* owned */
    struct lw_detector *detector;     /* owned */
    struct suspects *suspects;        /* owned */
    struct fuse *fuse;                /* owned; NULL without --fuse */
    struct sink *sink;                /* owned; NULL without -w */
    struct lw_rate *rate;             /* owned; NULL without --rivals */
    enum lw_status failed;            /* inside a callback, kept in `why` */
    struct lw_error why;
};

static bool writes_stdout(void)
{
    return o.write != NULL && strcmp(o.write, "-") == 0;
}

/* Where the summary goes: not between the lines of the log. */
static FILE *summary_stream(void)
{
    return writes_stdout() ? stderr : stdout;
}

/* ---- findings -------------------------------------------------------------------- */

/* The first of its kind, the tenth, the hundredth: a scan must not scroll everything
 * else off the screen. */
static bool is_power_of_ten(uint64_t n)
{
    while (n >= 10 && n % 10 == 0)
        n /= 10;
    return n == 1;
}

static enum lw_status take_alert(struct detection *d, const struct lw_finding *f)
{
    uint64_t n_flows;
    enum lw_status st = suspects_add(d->suspects, f, &n_flows, &d->why);

    if (st != LW_OK || !capture_is_live() || o.json || !is_power_of_ten(n_flows))
        return st;
    if (d->sink != NULL)
        st = sink_flush(d->sink, &d->why);
    if (st != LW_OK)
        return st;
    progress_clear();
    return summary_print_alert(summary_stream(), d->classifier, f, n_flows, &d->why);
}

static void on_finding(void *ctx, const struct lw_finding *f)
{
    struct detection *d = ctx;
    struct lw_finding fused;

    if (d->failed == LW_OK && d->fuse != NULL) {
        d->failed = fuse_finding(d->fuse, f, &fused, &d->why);
        f = &fused;
    }
    if (d->failed != LW_OK)
        return;
    if (d->sink != NULL)
        d->failed = sink_put(d->sink, f, &d->why);
    if (d->failed == LW_OK && f->alert)
        d->failed = take_alert(d, f);
}

static enum lw_status outcome(struct detection *d, struct lw_error *err)
{
    if (d->failed != LW_OK)
        *err = d->why;
    return d->failed;
}

static enum lw_status run_detector(void *ctx, struct lw_capture *cap,
                                   struct lw_run *run, struct lw_error *err)
{
    struct detection *d = ctx;

    return lw_detector_run(d->detector, cap, run, err);
}

static enum lw_status on_batch(void *ctx, const struct lw_run_batch *batch,
                               struct lw_error *err)
{
    struct detection *d = ctx;

    for (size_t i = 0; d->rate != NULL && d->failed == LW_OK && i < batch->n_packets;
         i++)
        if (batch->packets[i].data != NULL)
            d->failed = lw_rate_add(d->rate, batch->packets[i].time_ns, &d->why);
    /* A pause: what was found must not wait in memory. */
    if (batch->packets[0].data == NULL && d->sink != NULL && d->failed == LW_OK)
        d->failed = sink_flush(d->sink, &d->why);
    return outcome(d, err);
}

static void get_meter(void *ctx, struct lw_meter_stats *out)
{
    struct detection *d = ctx;
    struct lw_detector_stats stats;

    lw_detector_get_stats(d->detector, &stats);
    *out = stats.meter;
}

/* ---- setting up ------------------------------------------------------------------ */

static enum lw_status open_sink(void *ctx, struct lw_error *err)
{
    struct detection *d = ctx;
    struct sink_config cfg = {
        .target = o.write, .append = capture_is_live(), .classifier = d->classifier};
    enum lw_status st;

    if (o.write == NULL)
        return LW_OK;
    st = capture_check_output(o.write, err);
    return st == LW_OK ? sink_open(&d->sink, "eve", &cfg, err) : st;
}

static enum lw_status load_model(struct detection *d, struct lw_error *err)
{
    enum lw_status st = LW_OK;

    if (o.model != NULL)
        (void)snprintf(d->model_path, sizeof d->model_path, "%s", o.model);
    else
        st = model_path_find(LW_DETECT_MODEL, d->model_path, err);
    return st == LW_OK ? lw_classifier_load(&d->classifier, d->model_path, err) : st;
}

static void configure(struct lw_detector_config *cfg)
{
    *cfg = (struct lw_detector_config){.meter = {.tunnels = tunnel_option()}};
    interim_option(&cfg->meter);
    host_option(&cfg->extractor);
}

static enum lw_status set_up(struct detection *d, struct lw_error *err)
{
    struct lw_detector_config cfg;
    enum lw_status st;

    configure(&cfg);
    cfg.finding = on_finding;
    cfg.ctx = d;
    /* Of a thousand alerts the summary explains ten. */
    cfg.no_reasons = o.write == NULL;
    cfg.no_signs = o.no_signs;
    cfg.false_alarm = d->fuse == NULL ? o.fpr : 0;
    cfg.alerts_per_day = o.per_day;
    cfg.extractor.max_delay_ns = capture_is_live() ? LIVE_DELAY_NS : 0;
    cfg.hindsight_ns = capture_is_live() ? -1 : 0;
    st = lw_detector_new(&d->detector, d->classifier, &cfg, err);
    if (st == LW_OK && o.rivals)
        st = lw_rate_new(&d->rate, err);
    return st == LW_OK ? suspects_new(&d->suspects, err) : st;
}

static void tear_down(struct detection *d)
{
    sink_close(d->sink);
    lw_rate_free(d->rate);
    suspects_free(d->suspects);
    fuse_free(d->fuse);
    lw_detector_free(d->detector);
    lw_classifier_free(d->classifier);
}

/* ---- the end --------------------------------------------------------------------- */

static enum lw_status finish(struct detection *d, struct lw_error *err)
{
    enum lw_status st = lw_detector_flush(d->detector, err);

    if (st == LW_OK)
        st = outcome(d, err);
    if (st == LW_OK && d->sink != NULL)
        st = sink_flush(d->sink, err);
    return st;
}

static enum lw_status print_summary(const struct detection *d,
                                    const struct capture_report *report,
                                    struct lw_error *err)
{
    struct lw_detector_stats stats;
    struct lw_rate_report rate;
    struct detect_summary s = {
        .source = capture_source_name(),
        .model_path = d->model_path,
        .classifier = d->classifier,
        .report = report,
        .stats = &stats,
        .suspects = d->suspects,
        .top = (size_t)o.top,
    };
    struct buf text;
    enum lw_status st;

    lw_detector_get_stats(d->detector, &stats);
    if (d->fuse != NULL) {
        const struct fuse_totals *t = fuse_get(d->fuse);

        stats.alerts = t->alerts;
        memcpy(stats.by_class, t->by_class, sizeof stats.by_class);
        s.fuse = d->fuse;
    }
    if (d->rate != NULL) {
        if (lw_rate_judge(d->rate, &rate, err) != LW_OK)
            return err->code;
        s.rate = &rate;
    }
    if (!o.json)
        return summary_print(summary_stream(), &s, err);
    buf_init(&text);
    st = summary_json(&text, &s, err);
    if (st == LW_OK)
        (void)fputs(buf_text(&text), summary_stream());
    buf_release(&text);
    return st;
}

/* What the further models say, before the main one is asked. */
static int ask_others(struct detection *d, const struct capture_job *job)
{
    struct lw_detector_config cfg;
    struct lw_error err;

    if (o.fuse.n == 0)
        return STATUS_OK;
    if (o.per_day > 0)
        return command_usage("--fuse takes its budget from --fpr");
    if (capture_is_live() || strcmp(capture_read_path(), "-") == 0)
        return command_usage("--fuse reads the capture once for each model: name a "
                             "file or directory (-r)");
    configure(&cfg);
    cfg.no_reasons = o.write == NULL;
    if (fuse_new(&d->fuse, d->classifier, &o.fuse, o.fpr, &err) != LW_OK)
        return command_error(&err);
    return fuse_listen(d->fuse, &cfg, job->filter, job->n_filter);
}

static int run_detection(struct detection *d, const struct capture_job *job)
{
    struct capture_report report;
    struct lw_error err;
    int status;

    if (load_model(d, &err) != LW_OK)
        return command_error(&err);
    status = ask_others(d, job);
    if (status != STATUS_OK)
        return status;
    if (set_up(d, &err) != LW_OK)
        return command_error(&err);
    status = capture_loop(job, &report);
    if (status != STATUS_OK)
        return status;
    if (finish(d, &err) != LW_OK || print_summary(d, &report, &err) != LW_OK)
        return command_error(&err);
    if (o.json)
        capture_report_print(job, &report);
    else
        capture_report_notes(job, &report); /* the summary has the damage */
    return STATUS_OK;
}

/* With a model of packet streams there are no flows to wait for. */
static int run_on_packets(const struct lw_stream_model *m, char *const *words,
                          size_t n_words)
{
    const struct detect_stream cfg = {.model = m,
                                      .model_path = o.model,
                                      .write = o.write,
                                      .false_alarm = o.fpr,
                                      .top = (size_t)o.top,
                                      .rivals = o.rivals,
                                      .json = o.json,
                                      .filter = words,
                                      .n_filter = n_words};

    if (o.fuse.n > 0)
        return command_usage("--fuse is for models of flows");
    if (o.per_day > 0)
        return command_usage("--alerts-per-day is for models of flows; --fpr sets the "
                             "share of normal packets that may be alarmed");
    return detect_stream(&cfg);
}

static int run_on_flows(char *const *words, size_t n_words)
{
    struct detection d = {0};
    struct capture_job job = {
        .filter = words,
        .n_filter = n_words,
        .start = open_sink,
        .run = run_detector,
        .batch = on_batch,
        .meter = get_meter,
        .ctx = &d,
    };
    int status = run_detection(&d, &job);

    tear_down(&d);
    return status;
}

static int run_detect(char *const *words, size_t n_words)
{
    struct lw_stream_model *m = NULL;
    int status = capture_check_input();

    if (status != STATUS_OK)
        return status;
    /* What is wrong with any other file is said where it is loaded as one of flows. */
    if (o.model == NULL || lw_stream_model_load(&m, o.model, NULL) != LW_OK)
        return run_on_flows(words, n_words);
    status = run_on_packets(m, words, n_words);
    lw_stream_model_free(m);
    return status;
}

const struct command command_detect = {
    .name = "detect",
    .help = "find attacks in traffic and say why",
    .synopsis = CAPTURE_SYNOPSIS,
    .doc =
        "Read packets, put them together to flows, judge every flow and print a "
        "summary: how many flows of which class, who attacked whom, and the most "
        "suspicious flows with the three features that drove each verdict.\n\n"
        "A flow is over when nothing was heard of it for 60 s (TCP), 5 s (closed TCP, "
        "ICMP, ARP) or 30 s (others), so that alerts do not wait for an hour as "
        "records of lapwing flows do. In a file, standard input included, its verdict "
        "waits 600 s of packet time more, or 8,192 flows, for what shows that it was "
        "the beginning of an attack; on an interface it does not.\n\n"
        "On an interface the alerts are shown as flows end: the first between two "
        "hosts, then the tenth, the hundredth and so on; -w has every one. INT "
        "(Ctrl-C) ends the listening and prints the summary.\n\n"
        "A model of packet streams (lapwing train --model packet-stream) judges "
        "packets "
        "instead of flows: -w writes a CSV line for each with its score and p-value.",
    .examples =
        "# What happened in this capture?\n"
        "lapwing detect -r incident.pcap\n"
        "# Everything as JSON lines, only traffic of one host\n"
        "lapwing detect -r incident.pcap -w eve.json host 10.0.0.9\n"
        "# What is unlike the packets of this network?\n"
        "lapwing detect -r today.pcap -m here.lwm --rivals -w scores.csv\n"
        "# Alarm where one of three models finds what few normal flows look like\n"
        "lapwing detect -r incident.pcap --fuse models/attack.lwm --fuse "
        "models/botnet.lwm\n"
        "# Watch an interface\n"
        "lapwing detect -i eth0 -w /var/log/lapwing/eve.json\n",
    .groups = groups,
    .max_words = CAPTURE_FILTER_WORDS,
    .run = run_detect,
};

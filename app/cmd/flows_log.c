/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/flows_log.h"

#include "base/assert.h"
#include "base/buf.h"
#include "base/mem.h"
#include "base/outfile.h"
#include "cmd/capture_loop.h"
#include "cmd/command.h"
#include "cmd/flows_describe.h"
#include "cmd/signals.h"
#include "cmd/text.h"

#include <lapwing/flowlog.h>

#include <stdio.h>
#include <string.h>

static struct {
    const char *write;
    int format;
    const char *fields;
    bool no_header;
    bool apps;
    const char *label;
    const char *labels;
    int64_t community_id_seed;
    bool describe;
    bool json;
} o;

/* The library's formats, in its order; the first is the default. */
static const char *const formats[] = {"binetflow", "csv", "json",    "eve",
                                      "zeek",      "cic", "cic2018", NULL};

static const struct opt rows[] = {
    {"write", 'w', OPT_TO_TEXT(&o.write), .metavar = "FILE|-", .initial = "-",
     .help = "write the records there instead of to standard output"},
    {"format", 0, OPT_TO_CHOICE(&o.format), .metavar = "FORMAT", .initial = "binetflow",
     .choices = formats, .help = "how to write them"},
    {"fields", 0, OPT_TO_TEXT(&o.fields), .metavar = "NAME,...",
     .help = "only these fields, in this order; --describe lists them"},
    {"apps", 0, OPT_TO_FLAG(&o.apps),
     .help =
         "recognise the application protocol of each flow by what is said in it: the "
         "field app of csv and json, service of zeek"},
    {"no-header", 0, OPT_TO_FLAG(&o.no_header), .help = "only records"},
    {"label", 0, OPT_TO_TEXT(&o.label), .metavar = "TEXT", .initial = "",
     .help = "fill the label column; with --labels, of flows that no rule fits"},
    {"labels", 0, OPT_TO_TEXT(&o.labels), .metavar = "FILE",
     .help =
         "label flows by ground truth: a table with columns such as start, end, src, "
         "dst, sport, dport, proto and label, or labelled flows of Argus or Zeek"},
    {"community-id-seed", 0, OPT_TO_INT(&o.community_id_seed), .metavar = "N",
     .initial = "0", .min = 0, .max = 65535,
     .help = "seed of the Community ID, for sites that have their own"},
};

static const struct opt describe_rows[] = {
    {"describe", 0, OPT_TO_FLAG(&o.describe),
     .help = "list the formats and say what every field means; no capture is read"},
    {"json", 0, OPT_TO_FLAG(&o.json), .help = "with --describe: print as JSON"},
};

const struct opt_group flows_log_group = {"Output", rows, sizeof rows / sizeof rows[0]};
const struct opt_group flows_describe_group = {
    "Reference", describe_rows, sizeof describe_rows / sizeof describe_rows[0]};

struct flows_log {
    struct lw_labels *labels; /* owned; NULL: none */
    struct lw_flowlog *text;  /* owned */
    struct outfile *out;      /* owned; NULL unless open */
    const char *lines_header; /* borrowed; NULL: records, not lines made elsewhere */
    enum lw_status st;        /* the first failure, in `err` */
    struct lw_error err;
};

/* ---- reference ------------------------------------------------------------------ */

bool flows_log_wants_reference(void)
{
    return o.describe;
}

int flows_log_print_reference(void)
{
    struct outfile *out = NULL;
    struct lw_error err;
    struct buf text;
    enum lw_status st = outfile_open(&out, o.write, &err);

    if (st != LW_OK)
        return command_error(&err);
    buf_init(&text);
    if (o.json)
        flows_describe_json(&text);
    else
        flows_describe(outfile_stream(out));
    (void)fwrite(buf_text(&text), 1, text.len, outfile_stream(out));
    if (!buf_ok(&text)) {
        outfile_abort(out);
        st = lw_fail(&err, LW_ENOMEM, "out of memory");
    } else {
        st = outfile_commit(out, &err);
    }
    buf_release(&text);
    return st == LW_OK ? STATUS_OK : command_output_error(o.write, &err);
}

/* ---- records -------------------------------------------------------------------- */

const char *flows_log_format(void)
{
    return formats[o.format];
}

const char *flows_log_label(void)
{
    return o.label;
}

static enum lw_status set_up(struct flows_log *log, struct lw_error *err)
{
    struct lw_flowlog_config cfg = {.format = formats[o.format],
                                    .fields = o.fields,
                                    .label = o.label,
                                    .no_header = o.no_header,
                                    .apps = o.apps,
                                    .community_id_seed = (uint16_t)o.community_id_seed};

    /* The options must be right before a file is read that may be large. */
    enum lw_status st = lw_flowlog_new(&log->text, &cfg, err);

    if (st != LW_OK || o.labels == NULL)
        return st;
    lw_flowlog_free(log->text);
    log->text = NULL;
    st = lw_labels_read(&log->labels, o.labels, err);
    cfg.labels = log->labels;
    return st == LW_OK ? lw_flowlog_new(&log->text, &cfg, err) : st;
}

int flows_log_new(struct flows_log **out)
{
    struct flows_log *log;
    struct lw_error err;
    enum lw_status st = LW_ENOMEM;

    if (o.json)
        return command_usage(
            "--json goes with --describe; records as JSON: --format json");
    log = mem_zalloc(1, sizeof *log);
    if (log == NULL)
        (void)lw_fail(&err, LW_ENOMEM, "out of memory");
    else
        st = set_up(log, &err);
    if (st != LW_OK) {
        flows_log_free(log);
        return command_refused(st, &err);
    }
    *out = log;
    return STATUS_OK;
}

void flows_log_configure(const struct flows_log *log, struct lw_meter_config *cfg)
{
    const struct lw_flow_format *format = lw_flow_format_get(formats[o.format]);

    cfg->cuts = lw_flow_format_cuts(format);
    cfg->flow_stats = lw_flow_format_needs_stats(format);
    cfg->conn_log = lw_flowlog_needs_conn_log(log->text);
    cfg->apps = lw_flowlog_needs_apps(log->text);
}

void flows_log_free(struct flows_log *log)
{
    if (log == NULL)
        return;
    outfile_abort(log->out);
    lw_flowlog_free(log->text);
    lw_labels_free(log->labels);
    mem_free(log);
}

/* A failure to write shows in flows_log_check() or outfile_commit(). */
static void write_out(struct flows_log *log)
{
    const char *text;
    size_t n;

    if (log->st == LW_OK)
        log->st = lw_flowlog_take(log->text, &text, &n, &log->err);
    if (log->st != LW_OK)
        return;
    (void)fwrite(text, 1, n, outfile_stream(log->out));
    if (capture_is_live())
        (void)fflush(outfile_stream(log->out));
}

enum lw_status flows_log_open(struct flows_log *log, struct lw_error *err)
{
    enum lw_status st = capture_check_output(o.write, err);

    if (st == LW_OK)
        st = outfile_open(&log->out, o.write, err);
    if (st != LW_OK)
        return st;
    if (log->lines_header == NULL)
        lw_flowlog_header(log->text);
    else if (!o.no_header)
        flows_log_line(log, log->lines_header, strlen(log->lines_header));
    write_out(log);
    return LW_OK;
}

enum lw_status flows_log_take_lines(struct flows_log *log, const char *header,
                                    struct lw_error *err)
{
    if (o.fields != NULL)
        return lw_fail(err, LW_EINVAL, "--fields: these lines have all their columns");
    if (o.labels != NULL)
        return lw_fail(err, LW_EINVAL, "--labels: these lines have one label, --label");
    log->lines_header = header;
    return LW_OK;
}

/* Failures show as with records. */
void flows_log_line(void *ctx, const char *line, size_t n)
{
    struct flows_log *log = ctx;

    (void)fwrite(line, 1, n, outfile_stream(log->out));
    if (capture_is_live())
        (void)fflush(outfile_stream(log->out));
}

void flows_log_record(void *ctx, const struct lw_record *rec)
{
    struct flows_log *log = ctx;

    lw_flowlog_record(log->text, rec);
    if (capture_is_live() || lw_flowlog_pending(log->text) > LW_FLOWLOG_BLOCK)
        write_out(log);
}

enum lw_status flows_log_check(struct flows_log *log, struct lw_error *err)
{
    if (log->st == LW_OK && !ferror(outfile_stream(log->out)))
        return LW_OK;
    if (log->st == LW_OK) {
        if (signals_pipe_closed())
            return LW_OK;
        log->st = outfile_commit(log->out, &log->err);
        log->out = NULL;
        LW_ASSERT(log->st != LW_OK);
    }
    *err = log->err;
    return log->st;
}

static void say_what_was_written(const struct flows_log *log)
{
    struct lw_flowlog_stats s;
    char written[64];
    char left_out[TEXT_MAX];

    lw_flowlog_get_stats(log->text, &s);
    if (s.left_out > 0)
        command_note("%s written; %s left out, as %s has no place for their protocol",
                     text_plural(s.written, "record", written, sizeof written),
                     text_count(s.left_out, left_out), formats[o.format]);
}

static void say_what_was_labelled(const struct flows_log *log)
{
    struct lw_labels_stats s;
    char labelled[64];
    char unused[64];
    char others[TEXT_MAX];
    char rules[TEXT_MAX];

    if (log->labels == NULL)
        return;
    lw_labels_get_stats(log->labels, &s);
    command_note("labels: %s labelled, %s not; %s of %s never used",
                 text_plural(s.records_labelled, "record", labelled, sizeof labelled),
                 text_count(s.records_unlabelled, others),
                 text_plural(s.rules - s.rules_used, "rule", unused, sizeof unused),
                 text_count(s.rules, rules));
}

int flows_log_close(struct flows_log *log)
{
    struct lw_error err;
    enum lw_status st;

    if (log->lines_header == NULL)
        lw_flowlog_end(log->text);
    write_out(log);
    if (log->st != LW_OK)
        return command_output_error(o.write, &log->err);
    st = outfile_commit(log->out, &err);
    log->out = NULL;
    if (st != LW_OK)
        return command_output_error(o.write, &err);
    if (command_verbose()) {
        say_what_was_written(log);
        say_what_was_labelled(log);
    }
    return STATUS_OK;
}

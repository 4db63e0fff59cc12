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

static struct {
    const char *write;
    int format;
    const char *fields;
    bool no_header;
    const char *label;
    int64_t community_id_seed;
    bool describe;
    bool json;
} o;

/* The library's formats, in its order; the first, binetflow, is the default. */
static const char *const formats[] = {"binetflow", "csv", "json", "eve", "zeek", NULL};

static const struct opt rows[] = {
    {"write", 'w', OPT_TO_TEXT(&o.write), .metavar = "FILE|-", .initial = "-",
     .help = "write the records there instead of to standard output"},
    {"format", 0, OPT_TO_CHOICE(&o.format), .metavar = "FORMAT", .initial = "binetflow",
     .choices = formats, .help = "how to write them"},
    {"fields", 0, OPT_TO_TEXT(&o.fields), .metavar = "NAME,...",
     .help = "only these fields, in this order; --describe lists them"},
    {"no-header", 0, OPT_TO_FLAG(&o.no_header), .help = "only records"},
    {"label", 0, OPT_TO_TEXT(&o.label), .metavar = "TEXT", .initial = "",
     .help = "fill the label column"},
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
    struct lw_flowlog *text; /* owned */
    struct outfile *out;     /* owned; NULL unless open */
    enum lw_status st;       /* the first failure, in `err` */
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

bool flows_log_is_argus(void)
{
    return o.format == 0;
}

/* ---- records -------------------------------------------------------------------- */

int flows_log_new(struct flows_log **out)
{
    const struct lw_flowlog_config cfg = {.format = formats[o.format],
                                          .fields = o.fields,
                                          .label = o.label,
                                          .no_header = o.no_header,
                                          .community_id_seed =
                                              (uint16_t)o.community_id_seed};
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
        st = lw_flowlog_new(&log->text, &cfg, &err);
    if (st != LW_OK) {
        flows_log_free(log);
        return st == LW_EINVAL ? command_usage("%s", err.msg) : command_error(&err);
    }
    *out = log;
    return STATUS_OK;
}

void flows_log_free(struct flows_log *log)
{
    if (log == NULL)
        return;
    outfile_abort(log->out);
    lw_flowlog_free(log->text);
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
    lw_flowlog_header(log->text);
    write_out(log);
    return LW_OK;
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

    lw_flowlog_get_stats(log->text, &s);
    if (s.left_out > 0)
        command_note("%s written; %llu left out, as %s has no place for their protocol",
                     text_plural(s.written, "record", written, sizeof written),
                     (unsigned long long)s.left_out, formats[o.format]);
}

int flows_log_close(struct flows_log *log)
{
    struct lw_error err;
    enum lw_status st;

    lw_flowlog_end(log->text);
    write_out(log);
    if (log->st != LW_OK)
        return command_output_error(o.write, &log->err);
    st = outfile_commit(log->out, &err);
    log->out = NULL;
    if (st != LW_OK)
        return command_output_error(o.write, &err);
    if (command_verbose())
        say_what_was_written(log);
    return STATUS_OK;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/command.h"
#include "cmd/profile_print.h"
#include "cmd/progress.h"
#include "cmd/table_options.h"
#include "report/page.h"

#include <stdio.h>

static struct {
    bool schema_only;
    bool distributions;
    int64_t top;
    int64_t pair_rows;
    const char *report;
    bool json;
} o;

static const struct opt rows[] = {
    {"schema-only", 0, OPT_TO_FLAG(&o.schema_only),
     .help = "show what the table's columns were taken for, and no figures"},
    {"distributions", 0, OPT_TO_FLAG(&o.distributions),
     .help = "add quantiles and frequent words of each column, by class"},
    {"top", 0, OPT_TO_INT(&o.top), .metavar = "N", .initial = "0", .min = 0,
     .max = 4096, .help = "list so many columns, those that tell most first; 0 is all"},
    {"pair-rows", 0, OPT_TO_INT(&o.pair_rows), .metavar = "N", .initial = "200000",
     .min = 2000, .max = 4294967295,
     .help = "rows, evenly spaced, that correlations and variance inflation are "
             "computed from"},
    {"report", 0, OPT_TO_TEXT(&o.report), .metavar = "FILE",
     .help = "also write it as an HTML page that needs no other file, with "
             "distributions and correlations"},
    {"json", 0, OPT_TO_FLAG(&o.json), .help = "print everything as JSON"},
};

static const struct opt_group group = {"Options", rows, sizeof rows / sizeof rows[0]};
static const struct opt_group *const groups[] = {&group, &table_group, NULL};

static int print(const struct profile_view *v)
{
    struct lw_error err;

    if (o.json)
        return profile_print_json(v);
    profile_print(stdout, v);
    if (fflush(stdout) != 0 || ferror(stdout)) {
        (void)lw_fail(&err, LW_EIO, "standard output: cannot write");
        return command_output_error("-", &err);
    }
    return STATUS_OK;
}

static void put_page(struct jsonw *w, const void *of)
{
    const struct profile_view *v = of;

    jsonw_key(w, "facts");
    jsonw_object(w);
    jsonw_put_text(w, "table", v->path);
    jsonw_put_text(w, "format", lw_frame_format(v->frame));
    jsonw_put_u64(w, "rows", lw_frame_rows(v->frame));
    jsonw_put_u64(w, "columns", lw_frame_columns(v->frame));
    if (v->target != NULL) {
        jsonw_put_u64(w, "normal rows", v->target->side_rows[LW_SIDE_NEGATIVE]);
        jsonw_put_u64(w, "attack rows", v->target->side_rows[LW_SIDE_POSITIVE]);
        jsonw_put_u64(w, "rows of neither", v->target->side_rows[LW_SIDE_NEITHER]);
    }
    jsonw_object_end(w);
    jsonw_key(w, "profile");
    jsonw_object(w);
    profile_put_json(w, v);
    jsonw_object_end(w);
}

static int write_report(const struct profile_view *v)
{
    struct lw_error err;

    if (o.report == NULL)
        return STATUS_OK;
    if (report_write(o.report, REPORT_PROFILE, "Lapwing: what tells attacks", put_page,
                     v, &err) != LW_OK)
        return command_error(&err);
    return STATUS_OK;
}

static int show(const char *path, const struct lw_schema *schema,
                const struct lw_frame *frame, const struct lw_target *target)
{
    const struct lw_profile_config cfg = {.max_pair_rows = (size_t)o.pair_rows,
                                          .progress = progress_show};
    struct lw_profile profile = {0};
    struct profile_view view = {.path = path,
                                .frame = frame,
                                .target = target,
                                .top = (size_t)o.top,
                                .distributions = o.distributions};
    struct lw_error err;
    enum lw_status st;
    int status;

    if (o.schema_only)
        return print(&view);
    st = lw_profile_make(&profile, frame, target, schema, &cfg, &err);
    progress_end();
    if (st != LW_OK)
        return command_fail("%s: %s", path, err.msg);
    view.profile = &profile;
    status = print(&view);
    if (status == STATUS_OK)
        status = write_report(&view);
    lw_profile_release(&profile);
    return status;
}

static int profile_table(const char *path, const struct lw_schema *schema)
{
    struct lw_frame *frame = NULL;
    struct lw_target target = {0};
    struct lw_error err;
    enum lw_status st;
    int status;

    if (table_read(&frame, path, schema, false, &err) != LW_OK)
        return command_error(&err);
    st = lw_target_find(&target, frame, schema, &err);
    if (st == LW_ENOTFOUND)
        command_note("%s: %s; say which with --label", path, err.msg);
    if (st == LW_OK || st == LW_ENOTFOUND)
        status = show(path, schema, frame, st == LW_OK ? &target : NULL);
    else
        status = command_fail("%s: %s", path, err.msg);
    lw_target_release(&target);
    lw_frame_free(frame);
    return status;
}

static int run_profile(char *const *words, size_t n_words)
{
    struct lw_schema schema;
    struct lw_error err;
    enum lw_status st;
    int status;

    if (n_words != 1)
        return command_usage("say which table to profile");
    if (o.report != NULL && o.schema_only)
        return command_usage("--schema-only has no figures to --report");
    st = table_schema(&schema, &err);
    if (st != LW_OK)
        return command_refused(st, &err);
    status = profile_table(words[0], &schema);
    lw_schema_release(&schema);
    return status;
}

const struct command command_profile = {
    .name = "profile",
    .help = "say what tells attacks from normal rows in a labelled table",
    .synopsis = "FILE",
    .doc =
        "Reads KDD'99 and NSL-KDD records, Argus flows, Zeek logs and any other "
        "delimited table, plain or packed (gz, zst, xz); - is standard input. Prints "
        "how "
        "each column differs between normal and attack rows: tests with their p-values "
        "after correction, effect sizes, the AUC of the column alone, mutual "
        "information, correlations, variance inflation and outliers; which rows occur "
        "more than once; and which columns should be no features, because they tell by "
        "how the data were made (leakage lint).\n\n"
        "With many rows nearly every difference is significant: look at the effect "
        "sizes. Rows of traffic are not independent of each other, so p-values are "
        "smaller than they should be. What each figure means, and when a test does not "
        "apply, is in docs/data.md.",
    .examples = "# what the columns were taken for\n"
                "lapwing profile --schema-only UNSW-NB15_1.csv\n"
                "# the ten columns of NSL-KDD that tell most, with quantiles\n"
                "lapwing profile --top 10 --distributions KDDTrain+.txt\n"
                "# the same and more as a page\n"
                "lapwing profile --report factors.html KDDTrain+.txt\n",
    .groups = groups,
    .max_words = 1,
    .run = run_profile,
};

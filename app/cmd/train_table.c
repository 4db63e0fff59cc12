/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/train_table.h"

#include "cmd/command.h"
#include "cmd/eval_print.h"
#include "cmd/print_json.h"
#include "cmd/progress.h"
#include "cmd/table_options.h"
#include "cmd/text.h"
#include "cmd/train_report.h"

#include <lapwing/tabular.h>
#include <lapwing/view.h>

#include <stdio.h>
#include <string.h>

static struct {
    int level;
    const char *columns;
    const char *clean;
    const char *balance;
    const char *protocol;
    const char *group;
    const char *time;
    double test_share;
    double threshold;
    int64_t folds;
} o;

static const struct opt rows[] = {
    {"level", 0, OPT_TO_CHOICE(&o.level), .metavar = "LEVEL", .initial = "auto",
     .choices = table_levels,
     .help = "what the classes are: binary (normal or attack), class (the five of "
             "KDD'99), name (each label), or auto (class where the labels are of "
             "KDD'99, else binary)"},
    {"columns", 0, OPT_TO_TEXT(&o.columns), .metavar = "NAMES",
     .help = "learn from these columns only, separated by commas; leakage lint leaves "
             "them alone"},
    {"clean", 0, OPT_TO_TEXT(&o.clean), .metavar = "STEPS",
     .help = "as lapwing compare; what is fitted goes into the model"},
    {"balance", 0, OPT_TO_TEXT(&o.balance), .metavar = "STEPS",
     .help =
         "make rare classes count, among a fold's training rows: under=R, over=R, "
         "smote=R or smote-nc=R (no class has less than R times the rows of the "
         "largest "
         "one; of itself 1), neighbours=K, weights=class or type; separated by commas"},
    {"protocol", 0, OPT_TO_TEXT(&o.protocol), .metavar = "NAME",
     .help = "what is held out to judge by, as lapwing compare (stratified, or group "
             "with --group)"},
    {"group", 0, OPT_TO_TEXT(&o.group), .metavar = "NAME",
     .help = "column of words that says what belongs together (a capture, a host): "
             "held out together, and not learnt from"},
    {"time", 0, OPT_TO_TEXT(&o.time), .metavar = "NAME",
     .help = "column that protocol time orders rows by (one of times, else the file's "
             "order)"},
    {"test-share", 0, OPT_TO_FLOAT(&o.test_share), .metavar = "SHARE", .initial = "0.3",
     .min = 0.01, .max = 0.99,
     .help = "share of the rows that judge: random, stratified and time"},
    {"folds", 0, OPT_TO_INT(&o.folds), .metavar = "N", .initial = "4", .min = 2,
     .max = 1000, .help = "folds of group and leave-attack-out"},
    {"threshold", 0, OPT_TO_FLOAT(&o.threshold), .metavar = "P", .min = 0.001,
     .max = 0.999,
     .help = "say an attack where the probability of all attacks is at least this (the "
             "likeliest class)"},
};

const struct opt_group train_table_group = {"Learning from any table", rows,
                                            sizeof rows / sizeof rows[0]};

const char *train_table_said(void)
{
    const char *table = table_said();

    if (table != NULL)
        return table;
    return o.columns != NULL    ? "columns"
           : o.clean != NULL    ? "clean"
           : o.balance != NULL  ? "balance"
           : o.protocol != NULL ? "protocol"
           : o.group != NULL    ? "group"
           : o.time != NULL     ? "time"
           : o.threshold > 0    ? "threshold"
                                : NULL;
}

bool train_table_wanted(void)
{
    return o.level != LW_LEVEL_AUTO;
}

static enum lw_protocol protocol(void)
{
    int at = 0;

    if (o.protocol == NULL)
        return o.group != NULL ? LW_PROTOCOL_GROUP : LW_PROTOCOL_STRATIFIED;
    while (at < LW_N_PROTOCOLS &&
           strcmp(lw_protocol_name((enum lw_protocol)at), o.protocol) != 0)
        at++;
    return (enum lw_protocol)at;
}

int train_table_check(void)
{
    enum lw_protocol p = protocol();
    struct lw_error err;

    if (p == LW_N_PROTOCOLS)
        return command_usage("no protocol is called '%s'", o.protocol);
    if (o.group == NULL && (p == LW_PROTOCOL_GROUP || p == LW_PROTOCOL_LEAVE_GROUP_OUT))
        return command_usage("protocol %s: name the column that says what belongs "
                             "together with --group",
                             o.protocol);
    if (o.clean != NULL && lw_clean_check(o.clean, &err) != LW_OK)
        return command_usage("%s", err.msg);
    if (o.balance != NULL && lw_balance_check(o.balance, &err) != LW_OK)
        return command_usage("%s", err.msg);
    return STATUS_OK;
}

/* ---- what a table is ---- */

static bool has_view(const struct lw_frame *frame, const struct lw_view *view)
{
    size_t n = 0;

    for (uint16_t f = 0; f < view->n_features; f++)
        for (size_t i = 0; i < lw_frame_columns(frame); i++) {
            struct lw_column c;

            lw_frame_column(frame, i, &c);
            if (lw_view_find(view, c.name) != (int)f)
                continue;
            n++;
            break;
        }
    return n == view->n_features;
}

bool train_table_is_kdd(const struct lw_frame *frame, const struct lw_schema *schema)
{
    struct lw_target target = {0};
    struct lw_error err;
    bool is_kdd = has_view(frame, lw_view_get("kdd31"));

    if (is_kdd)
        is_kdd = lw_target_find(&target, frame, schema, &err) == LW_OK;
    for (uint32_t w = 0; is_kdd && w < target.n_words; w++)
        is_kdd = lw_kdd_class_of(target.words[w]) >= 0;
    lw_target_release(&target);
    return is_kdd;
}

/* ---- what is printed ---- */

struct trained {
    const struct lw_tabular *t;
    const struct lw_tabular_report *r;
    const struct train_table *cfg;
};

static void print_people(const struct trained *tr)
{
    const struct lw_tabular_report *r = tr->r;
    const char *const *names = lw_tabular_class_names(tr->t);
    const struct eval_column columns[] = {
        {"held out", &r->held_out},
        {"majority class", &r->majority},
        {"one rule", &r->one_rule},
    };
    char count[4][TEXT_MAX];

    (void)printf("%s rows", text_count(r->n_rows, count[0]));
    if (r->n_neither > 0)
        (void)printf(" (and %s of neither class)", text_count(r->n_neither, count[1]));
    (void)printf(", %s distinct; %u columns, label %s\n",
                 text_count(r->n_distinct_rows, count[2]), r->n_columns,
                 lw_tabular_label(tr->t));
    if (r->n_contradicting > 0)
        (void)printf("%s of them equal a row of another class in every column\n",
                     text_count(r->n_contradicting, count[3]));
    (void)printf("\nWhat to expect: %s, beside the trivial rivals.\n",
                 lw_protocol_doc(protocol()));
    eval_print_columns(stdout, columns, 3, names);
    (void)printf("\nConfusion, held out:\n");
    eval_print_confusion(stdout, &r->held_out, names);
    (void)printf("\n%s written (%s); the final fit took %.1f s of processor time.\n",
                 tr->cfg->output, lw_tabular_kind(tr->t), r->train_seconds);
}

static void put(struct jsonw *w, const char *key, const struct lw_eval *e,
                const char *const *names)
{
    jsonw_key(w, key);
    jsonw_object(w);
    eval_print_json(w, e, names);
    jsonw_object_end(w);
}

static void put_report(struct jsonw *w, const void *of)
{
    const struct trained *tr = of;
    const struct lw_tabular_report *r = tr->r;
    const char *const *names = lw_tabular_class_names(tr->t);

    jsonw_put_text(w, "model", lw_tabular_kind(tr->t));
    jsonw_put_text(w, "label", lw_tabular_label(tr->t));
    jsonw_put_u64(w, "rows", r->n_rows);
    jsonw_put_u64(w, "rows_of_neither_class", r->n_neither);
    jsonw_put_u64(w, "distinct_rows", r->n_distinct_rows);
    jsonw_put_u64(w, "contradicting_rows", r->n_contradicting);
    jsonw_put_u64(w, "columns", r->n_columns);
    jsonw_put_u64(w, "kept_against_lint", r->n_kept_leaks);
    jsonw_put_text(w, "protocol", lw_protocol_name(protocol()));
    put(w, "held_out", &r->held_out, names);
    put(w, "baseline_majority", &r->majority, names);
    put(w, "baseline_one_rule", &r->one_rule, names);
    jsonw_put_f64(w, "train_seconds", r->train_seconds);
}

/* ---- the page ---- */

static int write_page(const struct lw_frame *frame, const struct train_table *cfg,
                      const struct lw_tabular_config *how)
{
    struct lw_compare_table_config table = how->table;
    const struct lw_compare_model model = {.kind =
                                               how->model == NULL ? "gbdt" : how->model,
                                           .options = how->params.options,
                                           .params = how->params};
    const struct train_report report = {.path = cfg->report,
                                        .data = cfg->data,
                                        .output = cfg->output,
                                        .frame = frame,
                                        .table = &table,
                                        .judge = &how->judge,
                                        .model = &model};

    table.drop_repeats = true;
    table.note = NULL; /* told already */
    return train_report_write(&report);
}

/* ---- training ---- */

int train_table(const struct lw_frame *frame, const struct train_table *cfg)
{
    const struct lw_tabular_config how = {
        .model = cfg->model,
        .table = {.columns = o.columns,
                  .group = o.group,
                  .time = o.time,
                  .level = (enum lw_level)o.level,
                  .lint = o.columns == NULL,
                  .note = table_note_column,
                  .schema = cfg->schema},
        .judge = {.protocol = protocol(),
                  .test_share = o.test_share,
                  .threshold = o.threshold,
                  .clean = o.clean,
                  .balance = o.balance,
                  .n_folds = (size_t)o.folds,
                  .seed = cfg->params.seed,
                  .progress = progress_show},
        .params = cfg->params,
    };
    struct lw_tabular_report report;
    struct lw_tabular *t = NULL;
    struct trained tr = {.r = &report, .cfg = cfg};
    struct lw_error err;
    enum lw_status st = lw_tabular_train(&t, frame, &how, &report, &err);
    int status = STATUS_OK;

    progress_end();
    if (st != LW_OK)
        return command_fail("%s: %s", cfg->data, err.msg);
    tr.t = t;
    if (lw_tabular_save(t, cfg->output, &err) != LW_OK)
        status = command_error(&err);
    else if (cfg->json)
        status = print_json(put_report, &tr);
    else
        print_people(&tr);
    if (status == STATUS_OK && cfg->report != NULL)
        status = write_page(frame, cfg, &how);
    lw_tabular_free(t);
    return status;
}

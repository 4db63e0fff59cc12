/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/command.h"
#include "cmd/eval_print.h"
#include "cmd/print_json.h"
#include "cmd/score_file.h"
#include "cmd/score_view.h"
#include "cmd/table_options.h"
#include "cmd/test_botnet.h"
#include "cmd/test_level.h"
#include "cmd/test_table.h"
#include "cmd/text.h"
#include "report/page.h"

#include <lapwing/detect.h>

#include <stdio.h>
#include <string.h>

static struct {
    const char *model;
    const char *data;
    const char *output;
    const char *cost;
    const char *report;
    int level;
    bool json;
    char *const *files; /* operands, (n_files) */
    size_t n_files;
} o;

static const struct opt rows[] = {
    {"model", 0, OPT_TO_TEXT(&o.model), .metavar = "FILE",
     .help = "the model to judge"},
    {"data", 0, OPT_TO_TEXT(&o.data), .metavar = "FILE",
     .help = "records, plain or packed (gz, zst, xz); - is standard input; the same as "
             "FILE behind the options"},
    {"output", 'w', OPT_TO_TEXT(&o.output), .metavar = "FILE",
     .help = "write the records, labelled or not, with label, score and p-value behind "
             "each; - is standard output"},
    {"cost", 0, OPT_TO_TEXT(&o.cost), .metavar = "FILE",
     .help =
         "what mistakes cost, as for lapwing train; else the model's own matrix, or "
         "the KDD Cup's where the model was trained with none"},
    {"level", 0, OPT_TO_CHOICE(&o.level), .metavar = "LEVEL", .initial = "auto",
     .choices = table_levels,
     .help = "judge by binary (normal or attack), class (the five of KDD'99) or name "
             "(what was said of each label) instead of the model's own classes"},
    {"report", 0, OPT_TO_TEXT(&o.report), .metavar = "FILE",
     .help = "write the figures and charts as one HTML page, too"},
    {"json", 0, OPT_TO_FLAG(&o.json), .help = "print the figures as JSON"},
};

static const struct opt_group group = {"Options", rows, sizeof rows / sizeof rows[0]};
static const struct opt_group *const groups[] = {&group, &table_group, NULL};

enum { FILES_MAX = 64 };

/* What is printed. */
struct judged {
    const struct lw_classifier *c;
    const struct lw_test_report *r;
    const char *const *class_names; /* the model's */
    struct test_level at;
};

static double share_rejected(const struct lw_test_report *r, uint32_t from,
                             uint32_t upto)
{
    double rejected = 0;
    double n = 0;

    for (uint32_t k = from; k < upto; k++) {
        rejected += (double)r->n_rejected[k];
        n += (double)r->all.support[k];
    }
    return n > 0 ? rejected / n : 0;
}

static void print_people(const struct judged *j)
{
    const struct lw_test_report *r = j->r;
    const struct eval_column column = {"on this file", &j->at.eval};
    char count[TEXT_MAX];
    char distinct[TEXT_MAX];

    (void)printf("%s rows, %s distinct; classes by the official KDD'99 mapping\n\n",
                 text_count(r->all.n_rows, count),
                 text_count(r->n_distinct_rows, distinct));
    eval_print_confusion(stdout, &j->at.eval, j->at.class_names);
    (void)putchar('\n');
    eval_print_columns(stdout, &column, 1, j->at.class_names);
    test_level_print(&j->at);
    (void)printf(
        "\nThe classes above are decided in any case.  \"Not recognized\" would "
        "be answered for\n%.2f %% of the normal rows and %.2f %% of the "
        "attacks; %.1f %% of the wrong answers are among these.\n",
        100 * share_rejected(r, 0, 1), 100 * share_rejected(r, 1, r->all.n_classes),
        100 * r->wrong_rejected);
    if (r->n_unseen_rows > 0)
        (void)printf(
            "\n%s rows of attack types the model was not trained on, %.1f %% of "
            "them not called normal:\n%s\n",
            text_count(r->n_unseen_rows, count),
            100 * (double)r->n_unseen_found / (double)r->n_unseen_rows,
            r->unseen_types);
}

static void put_unseen(struct jsonw *w, const struct lw_test_report *r)
{
    jsonw_put_u64(w, "distinct_rows", r->n_distinct_rows);
    jsonw_key(w, "unseen_types");
    jsonw_object(w);
    jsonw_put_text(w, "names", r->unseen_types);
    jsonw_put_u64(w, "rows", r->n_unseen_rows);
    jsonw_put_u64(w, "not_called_normal", r->n_unseen_found);
    jsonw_object_end(w);
}

/* What "Not recognized" would have been answered to, by the class that is true. */
static void put_rejected(struct jsonw *w, const struct judged *j)
{
    jsonw_key(w, "not_recognized");
    jsonw_object(w);
    for (uint32_t k = 0; k < j->r->all.n_classes; k++) {
        jsonw_put_u64(w, j->class_names[k], j->r->n_rejected[k]);
    }
    jsonw_put_f64(w, "share_of_wrong_answers", j->r->wrong_rejected);
    jsonw_object_end(w);
}

static void put_judged(struct jsonw *w, const void *of)
{
    const struct judged *j = of;

    jsonw_put_text(w, "model", lw_classifier_id(j->c));
    jsonw_put_text(w, "view", lw_classifier_view(j->c)->name);
    eval_print_json(w, &j->at.eval, j->at.class_names);
    test_level_put(w, &j->at);
    put_rejected(w, j);
    put_unseen(w, j->r);
}

static void put_page(struct jsonw *w, const void *of)
{
    const struct judged *j = of;

    jsonw_key(w, "facts");
    jsonw_object(w);
    jsonw_put_text(w, "model", lw_classifier_id(j->c));
    jsonw_put_text(w, "model file", o.model);
    jsonw_put_text(w, "view", lw_classifier_view(j->c)->name);
    jsonw_put_text(w, "data", o.data);
    jsonw_put_u64(w, "rows", j->r->all.n_rows);
    jsonw_put_u64(w, "distinct rows", j->r->n_distinct_rows);
    jsonw_object_end(w);
    report_put_eval(w, &j->at.eval, j->at.class_names);
    report_put_curve(w, &j->r->curve);
}

static int judge(const struct lw_classifier *c)
{
    const char *class_names[LW_MAX_CLASSES];
    struct lw_test_report report;
    struct judged judged = {.c = c, .r = &report, .class_names = class_names};
    struct lw_schema schema = {0};
    struct lw_frame *frame = NULL;
    struct lw_cost cost;
    struct lw_error err;
    enum lw_status st;

    for (uint32_t i = 0; i < lw_classifier_classes(c); i++)
        class_names[i] = lw_classifier_class_name(c, i);
    if (o.cost != NULL && lw_cost_read(&cost, o.cost, &err) != LW_OK)
        return command_error(&err);
    st = table_schema(&schema, &err);
    if (st == LW_OK)
        st = table_read(&frame, o.data, &schema, false, &err);
    lw_schema_release(&schema);
    if (st != LW_OK)
        return command_error(&err);
    st = lw_test(c, frame, o.cost != NULL ? &cost : NULL, &report, &err);
    lw_frame_free(frame);
    if (st != LW_OK)
        return command_fail("%s: %s", o.data, err.msg);
    if (test_level_make(&judged.at, (enum lw_level)o.level, &report.all, class_names,
                        &report.names, &err) != LW_OK)
        return command_usage("%s", err.msg);
    if (o.report != NULL &&
        report_write(o.report, REPORT_TEST, "Lapwing: a model judged", put_page,
                     &judged, &err) != LW_OK)
        return command_error(&err);
    if (o.json)
        return print_json(put_judged, &judged);
    print_people(&judged);
    return STATUS_OK;
}

static int judge_bots(const struct lw_classifier *c)
{
    const char *files[FILES_MAX] = {o.data};
    struct test_botnet cfg = {.model_path = o.model,
                              .files = files,
                              .n_files = 1,
                              .report = o.report,
                              .json = o.json};

    if (o.cost != NULL || o.level == LW_LEVEL_CLASS)
        return command_usage("--%s is for models of KDD'99's five classes",
                             o.cost != NULL ? "cost" : "level class");
    for (size_t i = 1; i < o.n_files; i++)
        files[cfg.n_files++] = o.files[i];
    return test_botnet(c, &cfg);
}

static int test_classifier(const char *data)
{
    const char *other = table_said();
    struct lw_classifier *c = NULL;
    struct lw_error err;
    int status;

    if (lw_classifier_load(&c, o.model, &err) != LW_OK)
        return command_error(&err);
    if (o.output != NULL && o.n_files > 1)
        status = command_usage("'%s': -w writes one file's records", o.files[1]);
    else if (o.output != NULL)
        status = o.report != NULL || o.json
                     ? command_usage("-w scores; judge with --report or --json apart")
                     : score_view(c, data, o.data, o.output);
    else if (other != NULL)
        status = command_usage("--%s: %s knows its columns and labels by itself", other,
                               o.model);
    else if (test_botnet_is(c))
        status = judge_bots(c);
    else if (o.n_files > 1)
        status =
            command_usage("'%s': more than one file is for models of bots", o.files[1]);
    else
        status = judge(c);
    lw_classifier_free(c);
    return status;
}

static int test_any(const char *data)
{
    const struct test_table cfg = {.model_path = o.model,
                                   .data = data,
                                   .name = o.data,
                                   .output = o.output,
                                   .report = o.report,
                                   .level = (enum lw_level)o.level,
                                   .json = o.json};
    struct lw_tabular *t = NULL;
    struct lw_error err;
    enum lw_status st = lw_tabular_load(&t, o.model, &err);
    int status;

    if (st == LW_EMISMATCH)
        return test_classifier(data);
    if (st != LW_OK)
        return command_error(&err);
    if (o.cost != NULL)
        status = command_usage("--cost is for models of KDD'99's five classes");
    else if (o.n_files > 1)
        status =
            command_usage("'%s': more than one file is for models of bots", o.files[1]);
    else
        status = test_table(t, &cfg);
    lw_tabular_free(t);
    return status;
}

static int run_test(char *const *words, size_t n_words)
{
    char spool[SCORE_PATH_MAX];
    struct lw_error err;

    if (n_words > 0 && o.data != NULL)
        return command_usage("'%s': --data says what to judge the model on", words[0]);
    if (n_words > 0)
        o.data = words[0];
    o.files = words;
    o.n_files = n_words;
    if (o.model == NULL || o.data == NULL)
        return command_usage("say which model with --model FILE and what to judge it "
                             "on (FILE)");
    /* What is scored is read more than once. */
    if (o.output == NULL || strcmp(o.data, "-") != 0)
        return test_any(o.data);
    if (score_spool(spool, &err) != LW_OK)
        return command_error(&err);
    return test_any(spool);
}

const struct command command_test = {
    .name = "test",
    .help = "judge a model on labelled records, or label records with it",
    .synopsis = "--model FILE FILE...",
    .doc =
        "Prints the confusion matrix, recall and precision of each class, macro F1, "
        "MCC, the average cost and what becomes of attack types the model has never "
        "seen. The figures are of the class decided, also where \"Not recognized\" "
        "would be answered; how often it would is printed beside them.\n\n"
        "With -w the records are written with three columns more: the label that the "
        "model gives, the score (the probability of an attack) and the p-value.  "
        "docs/models.md says what each model's means.",
    .examples =
        "# on the official test file\n"
        "lapwing test --model models/attack.lwm --data KDDTest+.txt\n"
        "# a model of bots, capture by capture\n"
        "lapwing test --model models/botnet.lwm a.binetflow b.conn.log.labeled\n"
        "# label records that have none\n"
        "lapwing test --model own.lwm today.csv.gz -w labelled.csv\n"
        "zcat conn.log.gz | lapwing test --model models/botnet.lwm - -w - "
        "| grep Botnet\n",
    .groups = groups,
    .max_words = FILES_MAX,
    .run = run_test,
};

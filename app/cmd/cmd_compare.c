/* SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"
#include "cmd/command.h"
#include "cmd/compare_print.h"
#include "cmd/model_kinds.h"
#include "cmd/peak_memory.h"
#include "cmd/print_json.h"
#include "cmd/progress.h"
#include "cmd/table_options.h"
#include "report/page.h"

#include <stdio.h>
#include <string.h>

/* The two trivial rivals and the models. */
enum { ROWS_MAX = COMPARE_MODELS_MAX + 2, WORD_MAX = 32 };

static struct {
    const char *preset;
    const char *models;
    struct opt_list params;
    const char *protocol;
    const char *view;
    const char *columns;
    const char *group;
    const char *time;
    const char *clean;
    const char *balance;
    int level;
    double test_share;
    double threshold;
    int64_t folds;
    int64_t seeds;
    int64_t seed;
    const char *report;
    bool distinct;
    bool json;
} o;

static const struct opt rows[] = {
    {"preset", 0, OPT_TO_TEXT(&o.preset), .metavar = "NAME",
     .help = "a published experiment and an honest one beside it: nsl-kdd (six models "
             "on 31 features) or ctu13 (three on six columns of flows)"},
    {"models", 0, OPT_TO_TEXT(&o.models), .metavar = "KINDS",
     .help = "kinds of models, separated by commas (logit, bayes, tree, forest, ada, "
             "gbdt, mlp and blend, or the preset's); \"help\" lists all"},
    {"params", 0, OPT_TO_LIST(&o.params), .metavar = "KIND:NAME=VALUE,...",
     .help = "what a kind is told, such as forest:trees=300,depth=12; once for each "
             "kind"},
    {"protocol", 0, OPT_TO_TEXT(&o.protocol), .metavar = "NAMES",
     .help = "random, stratified, time, group, leave-group-out or leave-attack-out; "
             "of several, separated by commas, each makes a table (random and "
             "leave-attack-out)"},
    {"view", 0, OPT_TO_TEXT(&o.view), .metavar = "NAME",
     .help = "learn from the features of a view, such as kdd31 or netflow, instead of "
             "the table's columns"},
    {"columns", 0, OPT_TO_TEXT(&o.columns), .metavar = "NAMES",
     .help = "learn from these columns only, separated by commas"},
    {"level", 0, OPT_TO_CHOICE(&o.level), .metavar = "LEVEL", .initial = "auto",
     .choices = table_levels,
     .help = "what the classes are: binary (normal or attack), class (the five of "
             "KDD'99), name (each label), or auto (class where the labels are of "
             "KDD'99, else binary)"},
    {"group", 0, OPT_TO_TEXT(&o.group), .metavar = "NAME",
     .help = "column of words that says what belongs together: a capture, a host"},
    {"time", 0, OPT_TO_TEXT(&o.time), .metavar = "NAME",
     .help = "column that rows are ordered by (one of times, else the file's order)"},
    {"clean", 0, OPT_TO_TEXT(&o.clean), .metavar = "STEPS",
     .help =
         "what is done to the columns, fitted on a fold's training rows: "
         "encode=one-hot, ordinal, frequency or target (out of fold), rare=N (words of "
         "fewer rows are one), infinite=missing or clip, missing=zero, mean or median, "
         "constant, correlation=R, vif=V (leave out such columns), scale=standard, "
         "min-max, robust or log; separated by commas"},
    {"balance", 0, OPT_TO_TEXT(&o.balance), .metavar = "STEPS",
     .help =
         "make rare classes count, among a fold's training rows: under=R, over=R, "
         "smote=R or smote-nc=R (no class has less than R times the rows of the "
         "largest "
         "one; of itself 1), neighbours=K, weights=class or type; separated by commas"},
    {"test-share", 0, OPT_TO_FLOAT(&o.test_share), .metavar = "SHARE", .initial = "0.3",
     .min = 0.01, .max = 0.99,
     .help = "share of the rows that judge: random, stratified and time"},
    {"threshold", 0, OPT_TO_FLOAT(&o.threshold), .metavar = "P", .min = 0.001,
     .max = 0.999,
     .help = "say an attack where the probability of all attacks is at least this (the "
             "likeliest class; of ctu13 0.3)"},
    {"folds", 0, OPT_TO_INT(&o.folds), .metavar = "N", .initial = "4", .min = 2,
     .max = 1000, .help = "folds of group and leave-attack-out"},
    {"seeds", 0, OPT_TO_INT(&o.seeds), .metavar = "N", .initial = "1", .min = 1,
     .max = LW_COMPARE_SEEDS_MAX,
     .help = "how often everything is done, each time with other folds and random "
             "numbers"},
    {"seed", 0, OPT_TO_INT(&o.seed), .metavar = "N", .initial = "1", .min = 0,
     .max = 4294967295, .help = "the first seed"},
    {"distinct", 0, OPT_TO_FLAG(&o.distinct),
     .help = "of equal rows keep the first only"},
    {"report", 0, OPT_TO_TEXT(&o.report), .metavar = "FILE",
     .help = "also write it as an HTML page that needs no other file, with charts"},
    {"json", 0, OPT_TO_FLAG(&o.json), .help = "print everything as JSON"},
};

static const struct opt_group group = {"Options", rows, sizeof rows / sizeof rows[0]};
static const struct opt_group *const groups[] = {&group, &table_group, NULL};

/* What is to be done: a preset, or what the options say. */
struct plan {
    const char *path;                    /* of the table */
    const struct compare_preset *preset; /* NULL: none */
    struct compare_experiment experiment[COMPARE_EXPERIMENTS_MAX];
    size_t n_experiments;
    struct lw_compare_model model[ROWS_MAX];
    double published[ROWS_MAX];
    char kind[ROWS_MAX][WORD_MAX]; /* names that the command line gave */
    size_t n_models;
};

/* ---- the plan ---- */

/* The next of a list of words separated by commas; false at its end. */
static bool next_word(const char **list, char out[WORD_MAX])
{
    size_t n = strcspn(*list, ",");

    if (**list == '\0')
        return false;
    (void)snprintf(out, WORD_MAX, "%.*s", (int)n, *list);
    *list += n + ((*list)[n] == ',' ? 1 : 0);
    return true;
}

static const char *params_of(const char *kind, const char *otherwise)
{
    size_t n = strlen(kind);

    for (size_t i = 0; i < o.params.n; i++)
        if (strncmp(o.params.items[i], kind, n) == 0 && o.params.items[i][n] == ':')
            return o.params.items[i] + n + 1;
    return otherwise;
}

static void add_model(struct plan *p, const struct lw_compare_model *model,
                      double published)
{
    p->model[p->n_models] = *model;
    p->published[p->n_models] = published;
    p->model[p->n_models].options = params_of(model->kind, model->options);
    p->n_models++;
}

/* The preset's model of that kind, with what was published of it. */
static void add_kind(struct plan *p, const char *name)
{
    struct lw_compare_model model = {.kind = p->kind[p->n_models]};
    double published = 0;

    for (size_t i = 0; p->preset != NULL && i < p->preset->n_models; i++)
        if (strcmp(p->preset->model[i].kind, name) == 0) {
            model = p->preset->model[i];
            published = p->preset->published[i];
        }
    (void)snprintf(p->kind[p->n_models], WORD_MAX, "%s", name);
    add_model(p, &model, published);
}

static int plan_models(struct plan *p)
{
    static const char defaults[] = "logit,bayes,tree,forest,ada,gbdt,mlp,blend";
    const char *list = o.models != NULL ? o.models : defaults;
    char name[WORD_MAX];

    add_model(p, &(struct lw_compare_model){.kind = "majority"}, 0);
    add_model(p, &(struct lw_compare_model){.kind = "one-rule"}, 0);
    if (o.models == NULL && p->preset != NULL) {
        for (size_t i = 0; i < p->preset->n_models; i++)
            add_model(p, &p->preset->model[i], p->preset->published[i]);
    } else {
        while (next_word(&list, name)) {
            if (!model_kinds_have(name))
                return command_usage("no kind of model is called '%s'; --models help "
                                     "lists them",
                                     name);
            if (p->n_models == ROWS_MAX)
                return command_usage("at most %d models", COMPARE_MODELS_MAX);
            add_kind(p, name);
        }
    }
    for (size_t i = 0; i < o.params.n; i++) {
        const char *of = o.params.items[i];
        size_t n = strcspn(of, ":");
        bool found = false;

        for (size_t m = 2; m < p->n_models; m++)
            found = found || (of[n] == ':' && strlen(p->model[m].kind) == n &&
                              memcmp(p->model[m].kind, of, n) == 0);
        if (!found)
            return command_usage("--params %s: say KIND:NAME=VALUE,... of a kind that "
                                 "is compared",
                                 of);
    }
    return STATUS_OK;
}

static int plan_protocols(struct plan *p)
{
    const char *list = o.protocol != NULL ? o.protocol : "random,leave-attack-out";
    char name[WORD_MAX];

    while (next_word(&list, name)) {
        struct compare_experiment *e = &p->experiment[p->n_experiments];
        int at = 0;

        while (at < LW_N_PROTOCOLS &&
               strcmp(lw_protocol_name((enum lw_protocol)at), name) != 0)
            at++;
        if (at == LW_N_PROTOCOLS)
            return command_usage("no protocol is called '%s'", name);
        if (p->n_experiments++ == COMPARE_EXPERIMENTS_MAX)
            return command_usage("at most %d protocols", COMPARE_EXPERIMENTS_MAX);
        *e =
            (struct compare_experiment){.title = lw_protocol_name((enum lw_protocol)at),
                                        .table = {.view = o.view,
                                                  .columns = o.columns,
                                                  .group = o.group,
                                                  .time = o.time,
                                                  .drop_repeats = o.distinct},
                                        .protocol = (enum lw_protocol)at,
                                        .test_share = o.test_share,
                                        .threshold = o.threshold,
                                        .n_folds = (size_t)o.folds};
        if (o.group == NULL && (e->protocol == LW_PROTOCOL_GROUP ||
                                e->protocol == LW_PROTOCOL_LEAVE_GROUP_OUT))
            return command_usage("protocol %s: name the column that says what belongs "
                                 "together with --group",
                                 name);
    }
    return STATUS_OK;
}

static int make_plan(struct plan *p)
{
    struct lw_error err;
    int status;

    if (o.view != NULL && o.columns != NULL)
        return command_usage("--view and --columns exclude each other");
    if (o.clean != NULL && lw_clean_check(o.clean, &err) != LW_OK)
        return command_usage("%s", err.msg);
    if (o.balance != NULL && lw_balance_check(o.balance, &err) != LW_OK)
        return command_usage("%s", err.msg);
    if (o.preset == NULL) {
        status = plan_protocols(p);
        return status == STATUS_OK ? plan_models(p) : status;
    }
    p->preset = compare_preset_get(o.preset);
    if (p->preset == NULL)
        return command_usage("no preset is called '%s': nsl-kdd or ctu13", o.preset);
    if (o.protocol != NULL || o.view != NULL || o.columns != NULL || o.distinct)
        return command_usage("a preset says protocol and columns itself");
    memcpy(p->experiment, p->preset->experiment, sizeof p->experiment);
    p->n_experiments = p->preset->n_experiments;
    for (size_t i = 0; o.threshold > 0 && i < p->n_experiments; i++)
        p->experiment[i].threshold = o.threshold;
    return plan_models(p);
}

/* ---- running ---- */

/* Progress of a model, and of which. */
static void show(void *ctx, double done, const char *what)
{
    progress_show(ctx, done, what);
}

static void run_models(struct compare_result *r, const struct plan *p,
                       const struct lw_compare_table *table, bool *failed)
{
    const struct lw_compare_config cfg = {.protocol = r->experiment->protocol,
                                          .test_share = r->experiment->test_share,
                                          .threshold = r->experiment->threshold,
                                          .clean = o.clean,
                                          .balance = o.balance,
                                          .n_folds = r->experiment->n_folds,
                                          .n_seeds = (uint32_t)o.seeds,
                                          .seed = (uint64_t)o.seed,
                                          .peak_bytes = peak_memory,
                                          .progress = show};
    struct lw_error err;

    for (; r->n < p->n_models; r->n++) {
        struct compare_row *row = &r->row[r->n];
        /* The first experiment is the one that figures were published of. */
        bool is_first = r->experiment == &p->experiment[0];

        row->model = p->model[r->n];
        row->published = is_first ? p->published[r->n] : 0;
        if (lw_compare_run(&row->score, table, &row->model, &cfg, &err) == LW_OK)
            continue;
        progress_clear();
        command_warn("%s: %s", row->model.kind, err.msg);
        row->error = mem_strdup(err.msg);
        if (row->error == NULL)
            break;
        *failed = true;
    }
    progress_clear();
}

static void result_release(struct compare_result *r)
{
    for (size_t i = 0; r->row != NULL && i < r->n; i++)
        mem_free(r->row[i].error);
    for (uint32_t k = 0; k < r->n_classes; k++)
        mem_free(r->class_names[k]);
    mem_free(r->row);
    *r = (struct compare_result){0};
}

/* They outlive the table. */
static bool copy_names(struct compare_result *r, const struct lw_compare_table *table)
{
    const char *const *names = lw_compare_table_class_names(table);

    for (; r->n_classes < lw_compare_table_classes(table); r->n_classes++) {
        r->class_names[r->n_classes] = mem_strdup(names[r->n_classes]);
        if (r->class_names[r->n_classes] == NULL)
            return false;
    }
    return true;
}

static int run_experiment(struct compare_result *r, const struct plan *p, size_t at,
                          const struct lw_frame *frame, const struct lw_schema *schema,
                          bool *failed)
{
    struct lw_compare_table_config cfg = p->experiment[at].table;
    struct lw_compare_table *table = NULL;
    struct lw_error err;

    cfg.schema = schema;
    if (o.level != LW_LEVEL_AUTO)
        cfg.level = (enum lw_level)o.level;
    cfg.lint = cfg.view == NULL && cfg.columns == NULL;
    /* Once is enough: every protocol has the same columns. */
    cfg.note = at == 0 ? table_note_column : NULL;
    cfg.seed = (uint64_t)o.seed;
    if (lw_compare_table_new(&table, frame, &cfg, &err) != LW_OK)
        return command_fail("%s: %s", p->path, err.msg);
    r->experiment = &p->experiment[at];
    r->n_rows = lw_compare_table_rows(table);
    r->n_features = lw_compare_table_features(table);
    r->row = mem_zalloc(p->n_models, sizeof *r->row);
    if (r->row != NULL && copy_names(r, table))
        run_models(r, p, table, failed);
    lw_compare_table_free(table);
    return r->row != NULL && r->n == p->n_models ? STATUS_OK
                                                 : command_fail("out of memory");
}

struct results {
    const struct compare_result *of;
    size_t n;
};

static void put_results(struct jsonw *w, const void *of)
{
    const struct results *r = of;

    jsonw_key(w, "experiments");
    jsonw_array(w);
    for (size_t i = 0; i < r->n; i++)
        compare_print_json(w, &r->of[i]);
    jsonw_array_end(w);
}

struct page {
    const char *path; /* of the table */
    const struct results *results;
};

static void put_page(struct jsonw *w, const void *of)
{
    const struct page *p = of;

    jsonw_key(w, "facts");
    jsonw_object(w);
    jsonw_put_text(w, "table", p->path);
    if (o.preset != NULL)
        jsonw_put_text(w, "preset", o.preset);
    jsonw_put_u64(w, "seeds", (uint64_t)o.seeds);
    if (o.clean != NULL)
        jsonw_put_text(w, "cleaned by", o.clean);
    jsonw_object_end(w);
    put_results(w, p->results);
}

/* What the options ask for beside the tables. */
static int write_results(const struct results *r, const char *path)
{
    const struct page page = {path, r};
    struct lw_error err;

    if (o.report != NULL &&
        report_write(o.report, REPORT_COMPARE, "Lapwing: models side by side", put_page,
                     &page, &err) != LW_OK)
        return command_error(&err);
    return o.json ? print_json(put_results, r) : STATUS_OK;
}

static int run_plan(const struct plan *p, const char *path,
                    const struct lw_frame *frame, const struct lw_schema *schema)
{
    struct compare_result result[COMPARE_EXPERIMENTS_MAX] = {0};
    bool failed = false;
    int status = STATUS_OK;

    for (size_t i = 0; status == STATUS_OK && i < p->n_experiments; i++) {
        status = run_experiment(&result[i], p, i, frame, schema, &failed);
        if (status != STATUS_OK || o.json)
            continue;
        if (i > 0)
            (void)printf("\n\n");
        compare_print(stdout, &result[i]);
        (void)fflush(stdout);
    }
    if (status == STATUS_OK)
        status = write_results(&(struct results){result, p->n_experiments}, path);
    for (size_t i = 0; i < p->n_experiments; i++)
        result_release(&result[i]);
    return status == STATUS_OK && failed ? STATUS_FAILED : status;
}

static int read_and_run(const struct plan *p, const char *path)
{
    struct lw_schema schema = {0};
    struct lw_frame *frame = NULL;
    struct lw_error err;
    enum lw_status st = table_schema(&schema, &err);
    int status;

    if (st == LW_EINVAL)
        return command_usage("%s", err.msg);
    if (st == LW_OK && p->preset != NULL && p->preset->positive != NULL &&
        schema.positive.n == 0)
        st = lw_schema_set(&schema, "positive", p->preset->positive, &err);
    if (st == LW_OK)
        st = table_read(&frame, path, &schema, false, &err);
    if (st == LW_OK)
        table_note_labels(frame, &schema, path);
    status = st == LW_OK ? run_plan(p, path, frame, &schema) : command_error(&err);
    lw_frame_free(frame);
    lw_schema_release(&schema);
    return status;
}

static int run_compare(char *const *words, size_t n_words)
{
    struct plan plan = {0};
    int status;

    if (o.models != NULL && strcmp(o.models, "help") == 0) {
        model_kinds_print(stdout);
        return STATUS_OK;
    }
    if (n_words != 1)
        return command_usage("say which labelled table to compare on");
    status = make_plan(&plan);
    plan.path = words[0];
    return status == STATUS_OK ? read_and_run(&plan, words[0]) : status;
}

const struct command command_compare = {
    .name = "compare",
    .help = "fit several kinds of models and judge them side by side",
    .synopsis = "FILE",
    .doc =
        "Fits each kind of model on the same folds of a labelled table (plain or "
        "packed; - is standard input) and prints, with the trivial rivals in the first "
        "rows: processor time of a fit and of a million answers, size of the model, "
        "memory, accuracy, F1, MCC, ROC-AUC, PR-AUC, the share of attacks found at one "
        "false alarm in a thousand, and recall and precision of each class; with "
        "--seeds means and 95 % intervals.\n\n"
        "A random split tests on what was trained on; believe the protocols that leave "
        "attacks, groups or later rows out. docs/compare.md says how to read it.",
    .examples =
        "# what a published comparison found, and what it is worth\n"
        "lapwing compare --preset nsl-kdd KDDTrain+.txt\n"
        "# two kinds, five seeds, attack types left out\n"
        "lapwing compare --models forest,gbdt --params forest:trees=300 --seeds 5 "
        "--protocol leave-attack-out --view kdd KDDTrain+.txt\n"
        "# bots: hosts left out\n"
        "lapwing compare --protocol group --group SrcAddr --view netflow "
        "capture.binetflow\n",
    .groups = groups,
    .max_words = 1,
    .run = run_compare,
};

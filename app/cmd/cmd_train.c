/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/command.h"
#include "cmd/eval_print.h"
#include "cmd/model_kinds.h"
#include "cmd/print_json.h"
#include "cmd/progress.h"
#include "cmd/table_options.h"
#include "cmd/text.h"
#include "cmd/train_botnet.h"
#include "cmd/train_normal.h"
#include "cmd/train_report.h"
#include "cmd/train_stream.h"
#include "cmd/train_table.h"
#include "cmd/train_traffic.h"

#include <lapwing/detect.h>
#include <lapwing/learning.h>

#include <stdio.h>
#include <string.h>

static struct {
    const char *preset;
    const char *data;
    const char *read;
    const char *output;
    const char *view;
    const char *exclude;
    const char *model;
    const char *params;
    const char *cost;
    const char *folds;
    double budget;
    int64_t repeats;
    int64_t seed;
    int64_t rounds;
    int64_t depth;
    int64_t hidden;
    int64_t steps;
    const char *report;
    bool no_validation;
    bool json;
} o;

static const struct opt rows[] = {
    {"preset", 0, OPT_TO_TEXT(&o.preset), .metavar = "NAME",
     .help = "recipe: nsl-kdd (every mistake costs the same) or kddcup99 (what it cost "
             "in the KDD Cup 1999), five classes from KDD'99 or NSL-KDD records; or "
             "botnet, two from flow records; or normal (or ddos-autoencoder), which "
             "learns from the normal records alone; or traffic, which learns from "
             "captures that the table --data names (columns capture, truth and group); "
             "or table, which learns from the "
             "columns of any labelled table as they are (nsl-kdd for KDD'99 and "
             "NSL-KDD records, else table)"},
    {"data", 0, OPT_TO_TEXT(&o.data), .metavar = "FILE",
     .help = "labelled records, plain or packed (gz, zst, xz); - is standard input; "
             "the same as FILE behind the options"},
    {"read", 'r', OPT_TO_TEXT(&o.read), .metavar = "FILE|DIR",
     .help = "model packet-stream: normal packets, a capture or the captures of a "
             "directory; further ones behind the options"},
    {"output", 'o', OPT_TO_TEXT(&o.output), .metavar = "FILE",
     .help = "the model file to write"},
    {"view", 0, OPT_TO_TEXT(&o.view), .metavar = "NAME",
     .help = "features to learn from: kdd (the preset's) or kdd31"},
    {"exclude", 0, OPT_TO_TEXT(&o.exclude), .metavar = "NAMES",
     .help = "attack names to leave out, separated by commas"},
    {"model", 0, OPT_TO_TEXT(&o.model), .metavar = "KIND",
     .help = "kind of model instead of the preset's; \"help\" lists them"},
    {"params", 0, OPT_TO_TEXT(&o.params), .metavar = "NAME=VALUE,...",
     .help = "what the kind of model is told, such as trees=300,depth=12"},
    {"cost", 0, OPT_TO_TEXT(&o.cost), .metavar = "FILE",
     .help = "what mistakes cost, instead of the preset's: a CSV with a line for each "
             "class that is true and a column for each class said"},
    {"alarm-budget", 0, OPT_TO_FLOAT(&o.budget), .metavar = "SHARE",
     .help =
         "share of a quarter's held-out normal rows that the decision rule may alarm "
         "in the median, instead of the preset's"},
    {"repeats", 0, OPT_TO_INT(&o.repeats), .metavar = "N", .initial = "3", .min = 1,
     .max = 10, .help = "how often attacks are left out, each time in other folds"},
    {"folds", 0, OPT_TO_TEXT(&o.folds), .metavar = "PREFIX",
     .help =
         "preset traffic: also write the five models that each did not know a fifth "
         "of the groups, as PREFIX0.lwm and so on, to judge that fifth with"},
    {"seed", 0, OPT_TO_INT(&o.seed), .metavar = "N", .initial = "1", .min = 0,
     .max = 4294967295, .help = "the same seed and data give the same file"},
    {"rounds", 0, OPT_TO_INT(&o.rounds), .metavar = "N", .min = 1, .max = 10000,
     .help = "boosting rounds, each a tree for each class, instead of the "
             "preset's"},
    {"depth", 0, OPT_TO_INT(&o.depth), .metavar = "N", .min = 1, .max = 16,
     .help = "depth of a tree, instead of the preset's"},
    {"hidden", 0, OPT_TO_INT(&o.hidden), .metavar = "N", .min = 1, .max = 1024,
     .help = "units in each of the perceptron's two layers, instead of the preset's"},
    {"steps", 0, OPT_TO_INT(&o.steps), .metavar = "N", .min = 1, .max = 1000000,
     .help = "batches of 256 rows to fit the perceptron on, instead of the preset's"},
    {"report", 0, OPT_TO_TEXT(&o.report), .metavar = "FILE",
     .help = "also write an HTML page that needs no other file: learning curve, what "
             "columns are worth, confusion and calibration on rows held out; takes "
             "about twice the time"},
    {"no-random-split", 0, OPT_TO_FLAG(&o.no_validation),
     .help = "do not print the naive validation, which only serves comparison"},
    {"json", 0, OPT_TO_FLAG(&o.json), .help = "print the figures as JSON"},
};

enum { BOTNET_WORDS = 64 };

static const struct opt_group group = {"Options", rows, sizeof rows / sizeof rows[0]};
static const struct opt_group *const groups[] = {&group, &train_table_group,
                                                 &table_group, NULL};

static const char *const class_names[] = {
#define CLASS_TEXT(name, text) text,
    LW_KDD_CLASS_LIST(CLASS_TEXT)
#undef CLASS_TEXT
};

static void print_repeats(const struct lw_train_report *r)
{
    if (r->n_repeats < 2)
        return;
    (void)printf("\n%u repeats with other folds, mean and 95 %% interval:\n",
                 r->n_repeats);
    for (size_t i = 0; i < eval_n_figures(); i++) {
        struct eval_interval v = eval_interval(i, r->repeat, r->n_repeats);

        (void)printf("%-20s %16.4f +- %.4f\n", eval_figure_text(i), v.mean,
                     v.half_width);
    }
}

/* The figure that the rule is chosen by, and how normal rows fare in each quarter. */
static void print_protocol(const struct lw_train_report *r)
{
    struct eval_interval cost = eval_interval_of(r->weighted_cost, r->n_repeats);

    (void)printf("\nWeighted cost %.4f", cost.mean);
    if (r->n_repeats > 1)
        (void)printf(" +- %.4f", cost.half_width);
    (void)printf(": normal rows weigh a half, attacks of known types and of types left "
                 "out\na quarter each, a type of n rows log(1 + n) in its quarter.\n"
                 "Normal rows alarmed, by quarter of the file:");
    for (size_t f = 0; f < LW_TRAIN_FOLDS; f++)
        (void)printf("%s %.2f %%", f == 0 ? "" : ",", 100 * r->alarmed[f]);
    (void)printf(".\n");
}

static void print_people(const struct lw_train_report *r)
{
    const struct eval_column columns[] = {
        {"attacks left out", &r->leave_attack_out},
        {"as from packets", &r->leave_attack_out_masked},
        {"random split", &r->random_split},
    };
    const struct eval_column rivals[] = {
        {"attacks left out", &r->leave_attack_out},
        {"majority class", &r->baseline_majority},
        {"one rule", &r->baseline_one_rule},
    };
    size_t n = o.no_validation ? 2 : 3;
    char count[TEXT_MAX];
    char distinct[TEXT_MAX];

    (void)printf("%s rows, %s distinct; classes by the official KDD'99 mapping\n\n",
                 text_count(r->n_rows, count),
                 text_count(r->n_distinct_rows, distinct));
    (void)printf("What to expect: whole attack types left out, four folds.%s\n",
                 o.no_validation ? ""
                                 : "  Beside it the\nnaive random split, which tests "
                                   "on attacks it was trained on.");
    eval_print_columns(stdout, columns, n, class_names);
    print_repeats(r);
    print_protocol(r);
    (void)printf("\nThe same folds, beside the trivial rivals:\n");
    eval_print_columns(stdout, rivals, 3, class_names);
    (void)printf("\nConfusion, attacks left out:\n");
    eval_print_confusion(stdout, &r->leave_attack_out, class_names);
    (void)printf(
        "\nNot recognized: %.2f %% of held-out rows of known types, %.1f %% of "
        "those of types never\nseen; %.1f %% of the latter are not called normal.\n",
        100 * r->known_rejected, 100 * r->unseen_rejected, 100 * r->unseen_detected);
    (void)printf(
        "Decision rule: temperature %g, attack factor %g, novelty power %g, mix "
        "%g, nearness %g.\n",
        r->temperature, r->attack_factor, r->novelty_power, r->mix, r->nearness);
    (void)printf("%s written; the final fit took %.1f s of processor time.\n", o.output,
                 r->train_seconds);
}

static void put(struct jsonw *w, const char *key, const struct lw_eval *e)
{
    jsonw_key(w, key);
    jsonw_object(w);
    eval_print_json(w, e, class_names);
    jsonw_object_end(w);
}

static void put_interval(struct jsonw *w, const char *key, struct eval_interval i)
{
    jsonw_key(w, key);
    jsonw_object(w);
    jsonw_put_f64(w, "mean", i.mean);
    jsonw_put_f64(w, "half_width_95", i.half_width);
    jsonw_object_end(w);
}

static void put_report(struct jsonw *w, const void *of)
{
    const struct lw_train_report *r = of;

    jsonw_put_u64(w, "rows", r->n_rows);
    jsonw_put_u64(w, "distinct_rows", r->n_distinct_rows);
    put(w, "leave_attack_out", &r->leave_attack_out);
    jsonw_key(w, "leave_attack_out_repeats");
    jsonw_object(w);
    for (size_t i = 0; i < eval_n_figures(); i++)
        put_interval(w, eval_figure_key(i), eval_interval(i, r->repeat, r->n_repeats));
    jsonw_object_end(w);
    put_interval(w, "weighted_cost", eval_interval_of(r->weighted_cost, r->n_repeats));
    jsonw_key(w, "alarmed_by_quarter");
    jsonw_array(w);
    for (size_t f = 0; f < LW_TRAIN_FOLDS; f++)
        jsonw_f64(w, r->alarmed[f]);
    jsonw_array_end(w);
    put(w, "leave_attack_out_as_from_packets", &r->leave_attack_out_masked);
    if (!o.no_validation)
        put(w, "random_split", &r->random_split);
    put(w, "baseline_majority", &r->baseline_majority);
    put(w, "baseline_one_rule", &r->baseline_one_rule);
    jsonw_put_f64(w, "known_rejected", r->known_rejected);
    jsonw_put_f64(w, "unseen_rejected", r->unseen_rejected);
    jsonw_put_f64(w, "unseen_detected", r->unseen_detected);
    jsonw_key(w, "rule");
    jsonw_object(w);
    jsonw_put_f64(w, "temperature", r->temperature);
    jsonw_put_f64(w, "attack_factor", r->attack_factor);
    jsonw_put_f64(w, "novelty_power", r->novelty_power);
    jsonw_put_f64(w, "mix", r->mix);
    jsonw_put_f64(w, "nearness", r->nearness);
    jsonw_object_end(w);
    jsonw_put_f64(w, "train_seconds", r->train_seconds);
}

static struct lw_model_params params(void)
{
    return (struct lw_model_params){.n_rounds = (uint32_t)o.rounds,
                                    .max_depth = (uint32_t)o.depth,
                                    .hidden = (uint32_t)o.hidden,
                                    .n_steps = (uint32_t)o.steps,
                                    .seed = (uint64_t)o.seed,
                                    .options = o.params,
                                    .progress = progress_show};
}

/* The learning curve is of the recipe's kind of model, under its protocol. */
static int write_page(const struct lw_frame *frame, const struct lw_train_config *cfg,
                      const struct lw_train_report *found)
{
    const struct lw_compare_table_config table = {.view =
                                                      o.view == NULL ? "kdd" : o.view,
                                                  .level = LW_LEVEL_CLASS,
                                                  .drop_repeats = true};
    const struct lw_compare_config judge = {.protocol = LW_PROTOCOL_LEAVE_ATTACK_OUT,
                                            .seed = (uint64_t)o.seed,
                                            .progress = progress_show};
    struct lw_compare_model model = {.kind = o.model, .params = cfg->params};
    const struct train_report page = {.path = o.report,
                                      .data = o.data,
                                      .output = o.output,
                                      .frame = frame,
                                      .table = &table,
                                      .judge = &judge,
                                      .model = &model,
                                      .recipe = found};
    struct lw_error err;

    model.options = cfg->params.options;
    if (lw_learning_recipe(&model, cfg->preset, &err) != LW_OK)
        return command_error(&err);
    return train_report_write(&page);
}

static int train_on(const struct lw_frame *frame, const struct lw_cost *cost)
{
    const struct lw_train_config cfg = {
        .preset = o.preset == NULL ? "nsl-kdd" : o.preset,
        .view = o.view,
        .exclude = o.exclude,
        .model = o.model,
        .cost = cost,
        .alarm_budget = o.budget,
        .n_repeats = (uint32_t)o.repeats,
        .params = params(),
    };
    struct lw_train_report report;
    struct lw_error err;
    enum lw_status st = lw_train(frame, o.output, &cfg, &report, &err);
    int status = STATUS_OK;

    progress_end();
    if (st != LW_OK)
        return command_fail("%s: %s", o.data, err.msg);
    if (o.json)
        status = print_json(put_report, &report);
    else
        print_people(&report);
    return status == STATUS_OK && o.report != NULL ? write_page(frame, &cfg, &report)
                                                   : status;
}

static bool is_preset(const char *name)
{
    return o.preset != NULL && strcmp(o.preset, name) == 0;
}

/* Presets that learn from normal rows alone; so does the autoencoder. */
static bool is_normal_preset(void)
{
    return is_preset("normal") || is_preset("ddos-autoencoder") ||
           (o.model != NULL && strcmp(o.model, "autoencoder") == 0);
}

static int train_normal_on(const struct lw_frame *frame)
{
    const struct lw_normal_config cfg = {
        .view = o.view,
        .preset = is_preset("nsl-kdd") ? NULL : o.preset,
        .model = o.model,
        .options = o.params,
        .false_alarm = o.budget,
        .n_repeats = (uint32_t)o.repeats,
        .seed = (uint64_t)o.seed,
        .progress = progress_show,
    };

    return train_normal(frame, o.data, o.output, &cfg, o.json);
}

static int train_any_table(const struct lw_frame *frame, const struct lw_schema *schema)
{
    const struct train_table cfg = {.data = o.data,
                                    .output = o.output,
                                    .model = o.model,
                                    .schema = schema,
                                    .params = params(),
                                    .report = o.report,
                                    .json = o.json};
    const char *other = o.view != NULL      ? "view"
                        : o.exclude != NULL ? "exclude"
                        : o.cost != NULL    ? "cost"
                        : o.budget > 0      ? "alarm-budget"
                                            : NULL;

    if (other != NULL)
        return command_usage(
            "--%s is for KDD'99 and NSL-KDD records and their recipes; "
            "%s is learnt from as a table of its own",
            other, o.data);
    return train_table(frame, &cfg);
}

/* By one of the recipes for KDD'99 records. */
static int train_by_recipe(const struct lw_frame *frame)
{
    const char *other = train_table_said();
    struct lw_cost cost;
    struct lw_error err;

    if (other != NULL)
        return command_usage("--%s is not for the recipes of KDD'99 records, whose "
                             "columns, labels and steps are known; --preset table "
                             "learns from %s as from any table",
                             other, o.data);
    if (o.cost != NULL && lw_cost_read(&cost, o.cost, &err) != LW_OK)
        return command_error(&err);
    return is_normal_preset() ? train_normal_on(frame)
                              : train_on(frame, o.cost != NULL ? &cost : NULL);
}

static int read_and_train(void)
{
    struct lw_schema schema = {0};
    struct lw_frame *frame = NULL;
    struct lw_error err;
    enum lw_status st = table_schema(&schema, &err);
    bool as_table = is_preset("table") || train_table_wanted();
    int status;

    if (st == LW_EINVAL)
        return command_usage("%s", err.msg);
    if (st == LW_OK)
        st = table_read(&frame, o.data, &schema, true, &err);
    if (st == LW_OK && o.preset == NULL)
        as_table = as_table || !train_table_is_kdd(frame, &schema);
    if (st == LW_OK && as_table)
        table_note_labels(frame, &schema, o.data);
    if (st != LW_OK)
        status = command_error(&err);
    else
        status = as_table ? train_any_table(frame, &schema) : train_by_recipe(frame);
    lw_frame_free(frame);
    lw_schema_release(&schema);
    return status;
}

/* From captures; -r is one more. */
static int train_stream_on(char *const *words, size_t n_words)
{
    const char *captures[BOTNET_WORDS + 1];
    struct lw_stream_train_config cfg = {.captures = captures,
                                         .options = o.params,
                                         .false_alarm = o.budget,
                                         .seed = (uint64_t)o.seed,
                                         .progress = progress_show};

    if (o.read != NULL)
        captures[cfg.n_captures++] = o.read;
    for (size_t i = 0; i < n_words; i++)
        captures[cfg.n_captures++] = words[i];
    if (cfg.n_captures == 0 || o.output == NULL || o.data != NULL || o.preset != NULL)
        return command_usage("model packet-stream: -r CAPTURE of normal packets, and "
                             "-o MODEL");
    return train_stream(&cfg, o.output, o.json);
}

static int run_train(char *const *words, size_t n_words)
{
    int status;

    if (o.model != NULL && strcmp(o.model, "help") == 0) {
        model_kinds_print(stdout);
        model_kinds_print_stream(stdout);
        return STATUS_OK;
    }
    if (o.model != NULL && strcmp(o.model, "packet-stream") == 0)
        return train_stream_on(words, n_words);
    if (o.read != NULL)
        return command_usage(
            "-r is for --model packet-stream; name what else is learnt "
            "from with --data");
    if (o.model != NULL && !model_kinds_have(o.model))
        return command_usage("no kind of model is called '%s'; --model help lists them",
                             o.model);
    if (o.report != NULL &&
        (is_preset("botnet") || is_preset("traffic") || is_normal_preset()))
        return command_usage("--report is of models of tables and of KDD'99 records, "
                             "not of what this learns");
    if (is_preset("botnet")) {
        if (o.output == NULL || o.data != NULL)
            return command_usage(
                "preset botnet: -o MODEL, and the files of flow records "
                "behind the options");
        return train_botnet(words, n_words, o.output, (uint64_t)o.seed, o.json);
    }
    if (n_words > (o.data == NULL ? 1 : 0))
        return command_usage("'%s': more than one file is for preset botnet",
                             words[n_words - 1]);
    if (n_words == 1)
        o.data = words[0];
    if (o.data == NULL || o.output == NULL)
        return command_usage("say what to learn from (FILE) and where to put the model "
                             "(-o FILE)");
    if (is_preset("traffic")) {
        const struct lw_traffic_config cfg = {.index = o.data,
                                              .false_alarm = o.budget,
                                              .folds = o.folds,
                                              .seed = (uint64_t)o.seed,
                                              .progress = progress_show};

        return train_traffic(&cfg, o.output, o.json);
    }
    if (train_table_wanted() && o.preset != NULL && !is_preset("table"))
        return command_usage("--level is not for preset %s", o.preset);
    status = train_table_check();
    return status == STATUS_OK ? read_and_train() : status;
}

const struct command command_train = {
    .name = "train",
    .help = "learn from labelled records and say honestly how well",
    .synopsis = "FILE -o MODEL | --preset botnet -o MODEL FILE[,FILE...]... | "
                "--model packet-stream -r CAPTURE -o MODEL",
    .doc =
        "Fits the mean of boosted trees and a perceptron for the five classes of "
        "KDD'99, "
        "chooses a decision rule by the cost of mistakes and when to answer "
        "\"Not recognized\", writes a model file and prints how well it does on attack "
        "types that were left out of the training.\n\n"
        "Any other labelled table is learnt from as it is, whatever its columns: the "
        "label "
        "is found by its name, repeated rows count once, columns that leak it are "
        "named "
        "and left out, and what the model does to rows that were held out is printed "
        "beside what no skill would. docs/models.md says what goes into the file.\n\n"
        "The same data, options and seed always give the same file.",
    .examples =
        "# the bundled model\n"
        "lapwing train --preset nsl-kdd --data KDDTrain+.txt -o models/attack.lwm\n"
        "# one that scores the 31 fields of a classify request\n"
        "lapwing train --data KDDTrain+.txt --view kdd31 -o models/classify.lwm\n"
        "# one that weighs mistakes as the KDD Cup 1999 did\n"
        "lapwing train --preset kddcup99 --data kddcup.data_10_percent -o cup.lwm\n"
        "# any labelled table: a forest, a class for each label, days held out\n"
        "lapwing train flows.csv -o own.lwm --model forest --level name --group Day "
        "--categorical Day\n"
        "# one for bots, from labelled flow records; what belongs together is left out "
        "together\n"
        "lapwing train --preset botnet -o models/botnet.lwm a.binetflow "
        "b.log,c.log d.log\n"
        "# what is normal on this network, packet by packet\n"
        "lapwing train --model packet-stream -r monday.pcap -o here.lwm tuesday.pcap\n",
    .groups = groups,
    .max_words = BOTNET_WORDS,
    .run = run_train,
};

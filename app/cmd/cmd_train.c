/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/command.h"
#include "cmd/eval_print.h"
#include "cmd/progress.h"
#include "cmd/text.h"
#include "cmd/train_botnet.h"

#include <lapwing/detect.h>

#include <stdio.h>
#include <string.h>

static struct {
    const char *preset;
    const char *data;
    const char *output;
    const char *view;
    const char *exclude;
    int64_t seed;
    int64_t rounds;
    int64_t depth;
    bool no_validation;
    bool json;
} o;

static const struct opt rows[] = {
    {"preset", 0, OPT_TO_TEXT(&o.preset), .metavar = "NAME", .initial = "nsl-kdd",
     .help = "recipe: nsl-kdd, five classes from KDD'99 or NSL-KDD records; "
             "botnet, two from flow records"},
    {"data", 0, OPT_TO_TEXT(&o.data), .metavar = "FILE",
     .help = "labelled records, plain or packed (gz, zst, xz); - is standard input"},
    {"output", 'o', OPT_TO_TEXT(&o.output), .metavar = "FILE",
     .help = "the model file to write"},
    {"view", 0, OPT_TO_TEXT(&o.view), .metavar = "NAME",
     .help = "features to learn from: kdd (the preset's) or kdd31"},
    {"exclude", 0, OPT_TO_TEXT(&o.exclude), .metavar = "NAMES",
     .help = "attack names to leave out, separated by commas"},
    {"seed", 0, OPT_TO_INT(&o.seed), .metavar = "N", .initial = "1", .min = 0,
     .max = 4294967295, .help = "the same seed and data give the same file"},
    {"rounds", 0, OPT_TO_INT(&o.rounds), .metavar = "N", .initial = "100", .min = 1,
     .max = 10000, .help = "boosting rounds, each a tree for each class"},
    {"depth", 0, OPT_TO_INT(&o.depth), .metavar = "N", .initial = "6", .min = 1,
     .max = 16, .help = "depth of a tree"},
    {"no-random-split", 0, OPT_TO_FLAG(&o.no_validation),
     .help = "leave out the naive validation, which only serves comparison"},
    {"json", 0, OPT_TO_FLAG(&o.json), .help = "print the figures as JSON"},
};

enum { BOTNET_WORDS = 64 };

static const struct opt_group group = {"Options", rows, sizeof rows / sizeof rows[0]};
static const struct opt_group *const groups[] = {&group, NULL};

static const char *const class_names[] = {
#define CLASS_TEXT(name, text) text,
    LW_KDD_CLASS_LIST(CLASS_TEXT)
#undef CLASS_TEXT
};

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
    (void)printf("\nThe same folds, beside the trivial rivals:\n");
    eval_print_columns(stdout, rivals, 3, class_names);
    (void)printf("\nConfusion, attacks left out:\n");
    eval_print_confusion(stdout, &r->leave_attack_out, class_names);
    (void)printf(
        "\nNot recognized: %.2f %% of held-out rows of known types, %.1f %% of "
        "those of types never\nseen; %.1f %% of the latter are not called normal.\n",
        100 * r->known_rejected, 100 * r->unseen_rejected, 100 * r->unseen_detected);
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

static int print_json(const struct lw_train_report *r)
{
    struct buf text;
    struct jsonw w;
    bool ok;

    buf_init(&text);
    jsonw_init(&w, &text);
    jsonw_object(&w);
    jsonw_key(&w, "rows");
    jsonw_u64(&w, r->n_rows);
    jsonw_key(&w, "distinct_rows");
    jsonw_u64(&w, r->n_distinct_rows);
    put(&w, "leave_attack_out", &r->leave_attack_out);
    put(&w, "leave_attack_out_as_from_packets", &r->leave_attack_out_masked);
    if (!o.no_validation)
        put(&w, "random_split", &r->random_split);
    put(&w, "baseline_majority", &r->baseline_majority);
    put(&w, "baseline_one_rule", &r->baseline_one_rule);
    jsonw_key(&w, "known_rejected");
    jsonw_f64(&w, r->known_rejected);
    jsonw_key(&w, "unseen_rejected");
    jsonw_f64(&w, r->unseen_rejected);
    jsonw_key(&w, "unseen_detected");
    jsonw_f64(&w, r->unseen_detected);
    jsonw_key(&w, "train_seconds");
    jsonw_f64(&w, r->train_seconds);
    jsonw_object_end(&w);
    ok = buf_ok(&text) && puts(buf_text(&text)) >= 0;
    buf_release(&text);
    return ok ? STATUS_OK : command_fail("standard output: cannot write");
}

static int train_on(const struct lw_frame *frame)
{
    const struct lw_train_config cfg = {
        .preset = o.preset,
        .view = o.view,
        .exclude = o.exclude,
        .params = {.n_rounds = (uint32_t)o.rounds,
                   .max_depth = (uint32_t)o.depth,
                   .seed = (uint64_t)o.seed,
                   .progress = progress_show},
        .no_validation = o.no_validation,
    };
    struct lw_train_report report;
    struct lw_error err;
    enum lw_status st = lw_train(frame, o.output, &cfg, &report, &err);

    progress_clear();
    if (st != LW_OK)
        return command_fail("%s: %s", o.data, err.msg);
    if (o.json)
        return print_json(&report);
    print_people(&report);
    return STATUS_OK;
}

static int run_train(char *const *words, size_t n_words)
{
    struct lw_frame *frame = NULL;
    struct lw_error err;
    int status;

    if (strcmp(o.preset, "botnet") == 0) {
        if (o.output == NULL || o.data != NULL)
            return command_usage(
                "preset botnet: -o MODEL, and the files of flow records "
                "behind the options");
        return train_botnet(words, n_words, o.output, (uint64_t)o.seed, o.json);
    }
    if (n_words > 0)
        return command_usage("'%s': files behind the options are for preset botnet",
                             words[0]);
    if (o.data == NULL || o.output == NULL)
        return command_usage("say what to learn from with --data FILE and where to put "
                             "the model with -o FILE");
    if (lw_frame_read(&frame, o.data, NULL, &err) != LW_OK)
        return command_error(&err);
    status = train_on(frame);
    lw_frame_free(frame);
    return status;
}

const struct command command_train = {
    .name = "train",
    .help = "learn from labelled records and say honestly how well",
    .synopsis = "--data FILE -o MODEL | --preset botnet -o MODEL FILE[,FILE...]...",
    .doc =
        "Fits boosted trees for the five classes of KDD'99, chooses when to answer "
        "\"Not recognized\", writes a model file and prints how well it does on attack "
        "types that were left out of the training.\n\n"
        "The same data, options and seed always give the same file.",
    .examples =
        "# the bundled model\n"
        "lapwing train --preset nsl-kdd --data KDDTrain+.txt -o models/attack.lwm\n"
        "# one that scores the 31 fields of a classify request\n"
        "lapwing train --data KDDTrain+.txt --view kdd31 -o models/classify.lwm\n"
        "# one for bots, from labelled flow records; what belongs together is left out "
        "together\n"
        "lapwing train --preset botnet -o models/botnet.lwm a.binetflow "
        "b.log,c.log d.log\n",
    .groups = groups,
    .max_words = BOTNET_WORDS,
    .run = run_train,
};

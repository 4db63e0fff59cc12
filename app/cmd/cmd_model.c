/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"
#include "cmd/command.h"
#include "cmd/print_json.h"

#include <lapwing/exchange.h>
#include <lapwing/explain.h>
#include <lapwing/packet_stream.h>

#include <stdio.h>
#include <string.h>

enum { PROVENANCE_DEPTH = 16 };

static struct {
    bool json;
    bool c;
    const char *like;
    const char *write;
} o;

static const struct opt rows[] = {
    {"json", 0, OPT_TO_FLAG(&o.json),
     .help = "info: print as JSON; export: JSON that XGBoost loads (default)"},
    {"c", 0, OPT_TO_FLAG(&o.c),
     .help = "export: C source without dependencies, of blends and the like too"},
    {"like", 0, OPT_TO_TEXT(&o.like), .metavar = "FILE",
     .help = "import: the model whose view, encoding, classes and rule are taken"},
    {"write", 'w', OPT_TO_TEXT(&o.write), .metavar = "FILE|-", .initial = "-",
     .help = "import, export: where to; import needs a file"},
};

static const struct opt_group group = {"Options", rows, sizeof rows / sizeof rows[0]};
static const struct opt_group *const groups[] = {&group, NULL};

static void put_classes(struct jsonw *w, const struct lw_classifier *c)
{
    jsonw_key(w, "classes");
    jsonw_array(w);
    for (uint32_t i = 0; i < lw_classifier_classes(c); i++)
        jsonw_text(w, lw_classifier_class_name(c, i));
    jsonw_array_end(w);
}

static void put_model(struct jsonw *w, const void *of)
{
    const struct lw_classifier *c = of;

    jsonw_put_text(w, "id", lw_classifier_id(c));
    jsonw_put_text(w, "view", lw_classifier_view(c)->name);
    put_classes(w, c);
    jsonw_put_bool(w, "calibrated", lw_classifier_calibrated(c));
    jsonw_put_f64(w, "level", (double)lw_classifier_level(c));
    jsonw_put_u64(w, "normals", lw_classifier_normals(c)->n_rows);
    jsonw_key(w, "provenance");
    jsonw_raw(w, lw_classifier_provenance(c));
}

static double number_of(const struct json_value *object, const char *key)
{
    double v = 0;

    (void)json_number(json_get(object, key), &v);
    return v;
}

static double number_at(const struct json_value *array, size_t i)
{
    double v = 0;

    (void)json_number(json_at(array, i), &v);
    return v;
}

/* Tenths of what was said, and how many of the rows were attacks. */
static void print_reliability(const struct json_value *before,
                              const struct json_value *after)
{
    const struct json_value *a = json_get(before, "curve");
    const struct json_value *z = json_get(after, "curve");

    (void)printf(
        "\nP(attack) on rows held out, whole attack types left out, by weight\n"
        "                    as the rule has it         calibrated\n"
        "Brier score         %18.4f %18.4f\n"
        "calibration error   %18.4f %18.4f\n"
        "of all classes, Brier %16.4f %18.4f\n"
        "said (%%)       rows (%%)  attacks (%%)  rows (%%)  attacks (%%)\n",
        number_of(before, "brier"), number_of(after, "brier"), number_of(before, "ece"),
        number_of(after, "ece"), number_of(before, "brier_classes"),
        number_of(after, "brier_classes"));
    for (size_t i = 0; i < json_length(a) && i < json_length(z); i++)
        (void)printf(
            "%3zu to %-3zu %12.1f %12.1f %9.1f %12.1f\n", 10 * i, 10 * i + 10,
            100 * number_at(json_at(a, i), 0), 100 * number_at(json_at(a, i), 2),
            100 * number_at(json_at(z, i), 0), 100 * number_at(json_at(z, i), 2));
}

static void print_sets(const struct json_value *validation)
{
    const struct json_value *sets = json_get(validation, "sets");
    const struct json_value *coverage = json_get(sets, "coverage");
    const struct json_value *value = NULL;
    const char *key = NULL;
    void *iter = NULL;

    (void)printf(
        "\nSets of classes at the level of %g %%; of rows held out, in %%\n"
        "                  known types   types left out\n"
        "not recognized    %11.2f %16.2f\n"
        "one class         %11.2f %16.2f\n"
        "several           %11.2f %16.2f\n"
        "the true class is in the set: nominal %g, measured",
        100 * number_of(sets, "level"), 100 * number_of(validation, "known_rejected"),
        100 * number_of(validation, "unseen_rejected"),
        100 * number_of(sets, "known_one_class"),
        100 * number_of(sets, "unseen_one_class"),
        100 * number_of(sets, "known_several"), 100 * number_of(sets, "unseen_several"),
        100 - 100 * number_of(sets, "level"));
    while ((iter = json_next(coverage, iter, &key, &value)) != NULL) {
        double share = 0;

        (void)json_number(value, &share);
        (void)printf(" %s %.1f", key, 100 * share);
    }
    (void)putchar('\n');
}

/* What validation said of probabilities and sets, where it did. */
static void print_trust(const struct lw_classifier *c)
{
    const char *text = lw_classifier_provenance(c);
    struct json_doc *doc = NULL;
    const struct json_value *validation;

    if (!lw_classifier_calibrated(c) ||
        json_parse(&doc, text, strlen(text), PROVENANCE_DEPTH, NULL) != LW_OK)
        return;
    validation = json_get(json_root(doc), "validation");
    if (validation == NULL) {
        json_free(doc);
        return;
    }
    print_reliability(json_get(validation, "uncalibrated"),
                      json_get(validation, "calibrated"));
    if (lw_classifier_level(c) > 0)
        print_sets(validation);
    json_free(doc);
}

static void print_people(const struct lw_classifier *c)
{
    const struct lw_view *v = lw_classifier_view(c);

    (void)printf("id          %s\n", lw_classifier_id(c));
    (void)printf("view        %s, %u features (%s)\n", v->name, v->n_features, v->doc);
    (void)printf("classes    ");
    for (uint32_t i = 0; i < lw_classifier_classes(c); i++)
        (void)printf(" %s", lw_classifier_class_name(c, i));
    (void)printf("\nnormals     %zu records kept to compare with\n",
                 lw_classifier_normals(c)->n_rows);
    (void)printf("provenance  %s\n", lw_classifier_provenance(c));
    print_trust(c);
}

static int run_info(const struct lw_classifier *c)
{
    if (o.json)
        return print_json(put_model, c);
    print_people(c);
    return STATUS_OK;
}

static int run_export(const struct lw_classifier *c)
{
    struct lw_error err;

    if (o.json && o.c)
        return command_usage("--json or --c, not both");
    if (lw_classifier_export(c, o.c ? LW_EXCHANGE_C : LW_EXCHANGE_XGBOOST, o.write,
                             &err) != LW_OK)
        return command_error(&err);
    return STATUS_OK;
}

static int run_import(const struct lw_classifier *like, const char *trees)
{
    struct lw_error err;

    if (lw_classifier_import(like, trees, o.write, &err) != LW_OK)
        return command_error(&err);
    return STATUS_OK;
}

static void put_stream(struct jsonw *w, const void *of)
{
    const struct lw_stream_model *m = of;

    jsonw_put_text(w, "id", lw_stream_model_id(m));
    jsonw_put_text(w, "kind", "packet-stream");
    jsonw_put_u64(w, "autoencoders", lw_stream_model_groups(m));
    jsonw_put_f64(w, "threshold", (double)lw_stream_model_threshold(m));
    jsonw_put_f64(w, "false_alarm", lw_stream_model_false_alarm(m));
    jsonw_key(w, "rivals");
    jsonw_array(w);
    for (uint32_t i = 0; i < lw_stream_model_rivals(m); i++)
        jsonw_text(w, lw_stream_model_rival_name(m, i));
    jsonw_array_end(w);
    jsonw_key(w, "provenance");
    jsonw_raw(w, lw_stream_model_provenance(m));
}

static int run_stream_info(const struct lw_stream_model *m)
{
    if (o.json)
        return print_json(put_stream, m);
    (void)printf("id          %s\nkind        packet-stream, %u autoencoders over "
                 "statistics of packets\nthreshold   %g, which a share of %g of normal "
                 "packets reach\nrivals     ",
                 lw_stream_model_id(m), lw_stream_model_groups(m),
                 (double)lw_stream_model_threshold(m), lw_stream_model_false_alarm(m));
    for (uint32_t i = 0; i < lw_stream_model_rivals(m); i++)
        (void)printf("%s %s", i == 0 ? "" : ",", lw_stream_model_rival_name(m, i));
    (void)printf("\nprovenance  %s\n", lw_stream_model_provenance(m));
    return STATUS_OK;
}

static int run_model(char *const *words, size_t n_words)
{
    bool import = n_words > 0 && strcmp(words[0], "import") == 0;
    bool export = n_words > 0 && strcmp(words[0], "export") == 0;
    struct lw_stream_model *stream = NULL;
    struct lw_classifier *c = NULL;
    struct lw_error err;
    int status;

    if (n_words != 2 || (!import && !export && strcmp(words[0], "info") != 0))
        return command_usage("say which model: lapwing model info|export|import FILE");
    if (import && (o.like == NULL || strcmp(o.write, "-") == 0))
        return command_usage("model import needs --like MODEL and -w FILE");
    if (!import && !export && lw_stream_model_load(&stream, words[1], NULL) == LW_OK) {
        status = run_stream_info(stream);
        lw_stream_model_free(stream);
        return status;
    }
    if (lw_classifier_load(&c, import ? o.like : words[1], &err) != LW_OK)
        return command_error(&err);
    status = import ? run_import(c, words[1]) : export ? run_export(c) : run_info(c);
    lw_classifier_free(c);
    return status;
}

const struct command command_model = {
    .name = "model",
    .help = "say what a model file holds; exchange trees with XGBoost",
    .synopsis = "info|export|import FILE",
    .doc = "Prints a model's identity, what it looks at, how it was trained and "
           "validated, what its probabilities mean and how often its sets of classes "
           "hold. export writes the trees of a gbdt model; import makes a model "
           "file of trees that XGBoost saved, JSON or UBJSON, over the columns that "
           "--like's encoding makes. Its decision rule was tuned for other scores: "
           "judge the new model with lapwing test.",
    .examples =
        "# the bundled model\nlapwing model info models/attack.lwm\n"
        "# its trees as C source\nlapwing model export --c gbdt.lwm -w trees.c\n",
    .groups = groups,
    .max_words = 2,
    .run = run_model,
};

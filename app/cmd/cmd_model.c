/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/command.h"
#include "cmd/print_json.h"

#include <lapwing/exchange.h>

#include <stdio.h>
#include <string.h>

static struct {
    bool json;
    bool c;
    const char *like;
    const char *write;
} o;

static const struct opt rows[] = {
    {"json", 0, OPT_TO_FLAG(&o.json),
     .help = "info: print as JSON; export: JSON that XGBoost loads (default)"},
    {"c", 0, OPT_TO_FLAG(&o.c), .help = "export: C source without dependencies"},
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
    jsonw_key(w, "provenance");
    jsonw_raw(w, lw_classifier_provenance(c));
}

static void print_people(const struct lw_classifier *c)
{
    const struct lw_view *v = lw_classifier_view(c);

    (void)printf("id          %s\n", lw_classifier_id(c));
    (void)printf("view        %s, %u features (%s)\n", v->name, v->n_features, v->doc);
    (void)printf("classes    ");
    for (uint32_t i = 0; i < lw_classifier_classes(c); i++)
        (void)printf(" %s", lw_classifier_class_name(c, i));
    (void)printf("\nprovenance  %s\n", lw_classifier_provenance(c));
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

static int run_model(char *const *words, size_t n_words)
{
    bool import = n_words > 0 && strcmp(words[0], "import") == 0;
    bool export = n_words > 0 && strcmp(words[0], "export") == 0;
    struct lw_classifier *c = NULL;
    struct lw_error err;
    int status;

    if (n_words != 2 || (!import && !export && strcmp(words[0], "info") != 0))
        return command_usage("say which model: lapwing model info|export|import FILE");
    if (import && (o.like == NULL || strcmp(o.write, "-") == 0))
        return command_usage("model import needs --like MODEL and -w FILE");
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
    .doc = "Prints a model's identity, what it looks at, and how it was trained and "
           "validated. export writes the trees of a gbdt model; import makes a model "
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

/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/command.h"
#include "cmd/print_json.h"

#include <lapwing/detect.h>

#include <stdio.h>
#include <string.h>

static struct {
    bool json;
} o;

static const struct opt rows[] = {
    {"json", 0, OPT_TO_FLAG(&o.json), .help = "print as JSON"},
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

    jsonw_key(w, "id");
    jsonw_text(w, lw_classifier_id(c));
    jsonw_key(w, "view");
    jsonw_text(w, lw_classifier_view(c)->name);
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

static int run_model(char *const *words, size_t n_words)
{
    struct lw_classifier *c = NULL;
    struct lw_error err;
    int status = STATUS_OK;

    if (n_words != 2 || strcmp(words[0], "info") != 0)
        return command_usage("say which model: lapwing model info FILE");
    if (lw_classifier_load(&c, words[1], &err) != LW_OK)
        return command_error(&err);
    if (o.json)
        status = print_json(put_model, c);
    else
        print_people(c);
    lw_classifier_free(c);
    return status;
}

const struct command command_model = {
    .name = "model",
    .help = "say what a model file holds",
    .synopsis = "info FILE",
    .doc = "Prints a model's identity, what it looks at, and how it was trained and "
           "validated.",
    .examples = "# the bundled model\nlapwing model info models/attack.lwm\n",
    .groups = groups,
    .max_words = 2,
    .run = run_model,
};

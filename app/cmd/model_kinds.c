/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/model_kinds.h"

#include <lapwing/model_kind.h>

#include <string.h>

bool model_kinds_have(const char *name)
{
    struct lw_model_kind kind;

    for (size_t i = 0; lw_model_kind_at(i, &kind); i++)
        if (strcmp(kind.name, name) == 0)
            return true;
    return false;
}

static void print_option(FILE *out, const struct lw_model_option *o)
{
    size_t first = o->words == NULL ? 0 : (size_t)o->initial;

    (void)fprintf(out, "    %-12s ", o->name);
    if (o->words == NULL) {
        (void)fprintf(out, "%g to %g, default %g", o->min, o->max, o->initial);
    } else {
        for (size_t i = 0; o->words[i] != NULL; i++)
            (void)fprintf(out, "%s%s", i == 0 ? "" : " or ", o->words[i]);
        (void)fprintf(out, ", default %s", o->words[first]);
    }
    (void)fprintf(out, ": %s\n", o->help);
}

void model_kinds_print(FILE *out)
{
    struct lw_model_kind kind;

    for (size_t i = 0; lw_model_kind_at(i, &kind); i++) {
        (void)fprintf(out, "%-9s %s\n", kind.name, kind.doc);
        for (size_t k = 0; k < kind.n_options; k++)
            print_option(out, &kind.options[k]);
    }
}

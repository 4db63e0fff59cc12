/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/model_kinds.h"

#include <lapwing/model_kind.h>
#include <lapwing/packet_stream.h>

#include <string.h>

bool model_kinds_have(const char *name)
{
    struct lw_model_kind kind;

    for (size_t i = 0; lw_model_kind_at(i, &kind); i++)
        if (strcmp(kind.name, name) == 0)
            return true;
    return false;
}

static void print_words(FILE *out, const struct lw_model_option *o)
{
    uint32_t at[LW_MODEL_LIST_MAX];
    uint32_t n = 1;

    for (size_t i = 0; o->words[i] != NULL; i++)
        (void)fprintf(out, "%s%s", i == 0 ? "" : " or ", o->words[i]);
    if (o->list)
        n = lw_model_option_list(o->initial, at);
    else
        at[0] = (uint32_t)o->initial;
    if (o->list && o->min < o->max)
        (void)fprintf(out, ", %g to %g with + between", o->min, o->max);
    else if (o->list)
        (void)fprintf(out, ", %g with + between", o->min);
    for (uint32_t i = 0; i < n; i++)
        (void)fprintf(out, "%s%s", i == 0 ? ", default " : "+", o->words[at[i]]);
}

static void print_option(FILE *out, const struct lw_model_option *o)
{
    (void)fprintf(out, "    %-12s ", o->name);
    if (o->words == NULL)
        (void)fprintf(out, "%g to %g, default %g", o->min, o->max, o->initial);
    else
        print_words(out, o);
    (void)fprintf(out, ": %s\n", o->help);
}

static void print_kind(FILE *out, const struct lw_model_kind *kind)
{
    (void)fprintf(out, "%-9s %s\n", kind->name, kind->doc);
    for (size_t k = 0; k < kind->n_options; k++)
        print_option(out, &kind->options[k]);
}

void model_kinds_print(FILE *out)
{
    struct lw_model_kind kind;

    for (size_t i = 0; lw_model_kind_at(i, &kind); i++)
        print_kind(out, &kind);
}

void model_kinds_print_stream(FILE *out)
{
    struct lw_model_kind kind;

    lw_stream_kind(&kind);
    print_kind(out, &kind);
}

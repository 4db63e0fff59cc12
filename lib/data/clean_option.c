/* SPDX-License-Identifier: Apache-2.0 */
/* "missing=median,constant,scale=robust": what a cleaner is told, as text. */
#include "data/clean.h"

#include <float.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_MAX = 32, WORDS_MAX = 5 };

static const struct step {
    const char *name;
    size_t at;                        /* in struct clean_config */
    const char *words[WORDS_MAX + 1]; /* of an enum, from 0 on; none: see `limit` */
    double limit; /* the greatest number above 0 that is allowed; 0: the name stands
                     alone */
} steps[] = {
    {"encode",
     offsetof(struct clean_config, encode),
     {"one-hot", "ordinal", "frequency", "target"},
     0},
    {"rare", offsetof(struct clean_config, rare), {NULL}, 1e9},
    {"infinite",
     offsetof(struct clean_config, infinite),
     {"keep", "missing", "clip"},
     0},
    {"missing",
     offsetof(struct clean_config, missing),
     {"keep", "zero", "mean", "median"},
     0},
    {"scale",
     offsetof(struct clean_config, scale),
     {"none", "standard", "min-max", "robust", "log"},
     0},
    {"constant", offsetof(struct clean_config, drop_constant), {NULL}, 0},
    {"correlation", offsetof(struct clean_config, max_correlation), {NULL}, 1},
    {"vif", offsetof(struct clean_config, max_vif), {NULL}, DBL_MAX},
};

enum { N_STEPS = sizeof steps / sizeof steps[0] };

/* The enums have their words' places as values and, all of them, the size of int. */
_Static_assert(sizeof(enum clean_infinite) == sizeof(int) &&
                   sizeof(enum recode_kind) == sizeof(int) &&
                   sizeof(enum clean_missing) == sizeof(int) &&
                   sizeof(enum clean_scale) == sizeof(int),
               "enums are set as numbers");

static enum lw_status wrong_value(const struct step *s, const char *value,
                                  struct lw_error *err)
{
    char known[TEXT_MAX * WORDS_MAX] = "";
    size_t n = 0;

    if (s->limit > 0)
        return lw_fail(err, LW_EINVAL,
                       "cleaning step %s: '%s' is no number above 0 and up to %g",
                       s->name, value, s->limit);
    if (s->words[0] == NULL)
        return lw_fail(err, LW_EINVAL, "cleaning step %s takes no value", s->name);
    for (size_t i = 0; s->words[i] != NULL; i++)
        n += (size_t)snprintf(known + n, sizeof known - n, "%s%s", i > 0 ? ", " : "",
                              s->words[i]);
    return lw_fail(err, LW_EINVAL, "cleaning step %s: '%s' is none of %s", s->name,
                   value, known);
}

static enum lw_status set_step(struct clean_config *cfg, const struct step *s,
                               const char *value, struct lw_error *err)
{
    unsigned char *to = (unsigned char *)cfg + s->at;

    if (s->words[0] != NULL) {
        for (int i = 0; s->words[i] != NULL; i++)
            if (strcmp(s->words[i], value) == 0) {
                memcpy(to, &i, sizeof i);
                return LW_OK;
            }
    } else if (s->limit > 0) {
        char *end;
        double v = strtod(value, &end);

        if (end != value && *end == '\0' && v > 0 && v <= s->limit) {
            memcpy(to, &v, sizeof v);
            return LW_OK;
        }
    } else if (*value == '\0') {
        cfg->drop_constant = true;
        return LW_OK;
    }
    return wrong_value(s, value, err);
}

enum lw_status clean_config_read(struct clean_config *out, const char *text,
                                 struct lw_error *err)
{
    *out = (struct clean_config){.encode = RECODE_ONE_HOT};
    while (*text != '\0') {
        size_t n = strcspn(text, ",");
        size_t n_name = strcspn(text, "=,");
        char name[TEXT_MAX];
        char value[TEXT_MAX] = "";
        enum lw_status st = LW_EINVAL;
        size_t i = 0;

        (void)snprintf(name, sizeof name, "%.*s", (int)n_name, text);
        if (n > n_name)
            (void)snprintf(value, sizeof value, "%.*s", (int)(n - n_name - 1),
                           text + n_name + 1);
        while (i < N_STEPS && strcmp(steps[i].name, name) != 0)
            i++;
        if (i == N_STEPS)
            return lw_fail(err, LW_EINVAL,
                           "no cleaning step is called '%s': encode, rare, infinite, "
                           "missing, scale, constant, correlation or vif",
                           name);
        st = set_step(out, &steps[i], value, err);
        if (st != LW_OK)
            return st;
        text += n + (text[n] == ',' ? 1 : 0);
    }
    return LW_OK;
}

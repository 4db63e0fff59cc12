/* SPDX-License-Identifier: Apache-2.0 */
/* "under=0.1,smote-nc,weights=class": how classes are balanced, as text. */
#include "learn/balance.h"
#include "learn/neighbours.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_MAX = 32 };

static const char *const steps[] = {"under", "over", "smote", "smote-nc"};
static const char *const weights[] = {"none", "class", "type"};

/* A number above 0 and up to `most`; what is not said is `most`. */
static bool number_of(const char *value, double most, double *out)
{
    char *end;

    *out = *value == '\0' ? most : strtod(value, &end);
    return *value == '\0' || (end != value && *end == '\0' && *out > 0 && *out <= most);
}

static enum lw_status set_step(struct balance_config *cfg, enum balance_kind kind,
                               const char *value, struct lw_error *err)
{
    struct balance_step *step = &cfg->step[cfg->n_steps];

    if (cfg->n_steps == BALANCE_STEPS_MAX)
        return lw_fail(err, LW_EINVAL, "at most %d steps of balancing",
                       BALANCE_STEPS_MAX);
    step->kind = kind;
    if (!number_of(value, 1, &step->ratio))
        return lw_fail(err, LW_EINVAL, "balancing %s: '%s' is no share above 0",
                       steps[kind], value);
    cfg->n_steps++;
    return LW_OK;
}

static enum lw_status set(struct balance_config *cfg, const char *name,
                          const char *value, struct lw_error *err)
{
    double n;

    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++)
        if (strcmp(name, steps[i]) == 0)
            return set_step(cfg, (enum balance_kind)i, value, err);
    if (strcmp(name, "before-split") == 0)
        return lw_fail(
            err, LW_EINVAL,
            "resampling before a split is refused: repeats and neighbours of "
            "the rows that judge would be learnt from, and attacks would be "
            "as frequent as normal rows where they are not; it is done to "
            "each fold's training rows");
    if (strcmp(name, "neighbours") == 0) {
        if (!number_of(value, NEIGHBOURS_MAX, &n) || n < 1)
            return lw_fail(err, LW_EINVAL, "neighbours: '%s' is none of 1 to %d", value,
                           NEIGHBOURS_MAX);
        cfg->neighbours = (uint32_t)n;
        return LW_OK;
    }
    if (strcmp(name, "weights") != 0)
        return lw_fail(err, LW_EINVAL,
                       "no way of balancing is called '%s': under, over, smote, "
                       "smote-nc, neighbours or weights",
                       name);
    for (size_t i = 0; i < sizeof weights / sizeof weights[0]; i++)
        if (strcmp(value, weights[i]) == 0) {
            cfg->weights = (enum balance_weights)i;
            return LW_OK;
        }
    return lw_fail(err, LW_EINVAL, "weights: '%s' is none of none, class, type", value);
}

enum lw_status balance_config_read(struct balance_config *out, const char *text,
                                   struct lw_error *err)
{
    *out = (struct balance_config){0};
    while (*text != '\0') {
        size_t n = strcspn(text, ",");
        size_t n_name = strcspn(text, "=,");
        char name[TEXT_MAX];
        char value[TEXT_MAX] = "";
        enum lw_status st;

        (void)snprintf(name, sizeof name, "%.*s", (int)n_name, text);
        if (n > n_name)
            (void)snprintf(value, sizeof value, "%.*s", (int)(n - n_name - 1),
                           text + n_name + 1);
        st = set(out, name, value, err);
        if (st != LW_OK)
            return st;
        text += n + (text[n] == ',' ? 1 : 0);
    }
    return LW_OK;
}

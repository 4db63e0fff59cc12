/* SPDX-License-Identifier: Apache-2.0 */
#include "learn/model_option.h"

#include "base/assert.h"
#include "base/span.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { VALUE_MAX = 32 };

static bool is_word(struct span s, const char *word)
{
    return s.n == strlen(word) && memcmp(s.p, word, s.n) == 0;
}

static enum lw_status unknown_option(const struct lw_model_kind *kind, struct span name,
                                     struct lw_error *err)
{
    char list[192] = "";
    size_t n = 0;

    for (size_t i = 0; i < kind->n_options && n < sizeof list; i++)
        n += (size_t)snprintf(list + n, sizeof list - n, "%s%s", i == 0 ? "" : ", ",
                              kind->options[i].name);
    return lw_fail(err, LW_EINVAL, "%s has no parameter \"%.*s\"; it has %s",
                   kind->name, (int)(name.n < 32 ? name.n : 32), (const char *)name.p,
                   kind->n_options == 0 ? "none" : list);
}

static enum lw_status read_word(double *out, const struct lw_model_option *o,
                                struct span value, struct lw_error *err)
{
    char list[160] = "";
    size_t n = 0;

    for (size_t i = 0; o->words[i] != NULL; i++) {
        if (is_word(value, o->words[i])) {
            *out = (double)i;
            return LW_OK;
        }
        if (n < sizeof list)
            n += (size_t)snprintf(list + n, sizeof list - n, "%s%s", i == 0 ? "" : ", ",
                                  o->words[i]);
    }
    return lw_fail(err, LW_EINVAL, "%s=%.*s: it can be %s", o->name,
                   (int)(value.n < 32 ? value.n : 32), (const char *)value.p, list);
}

uint32_t lw_model_option_list(double value, uint32_t out[LW_MODEL_LIST_MAX])
{
    uint64_t rest = (uint64_t)value;
    uint32_t n = 0;

    for (; rest > 0 && n < LW_MODEL_LIST_MAX; rest /= MODEL_LIST_BASE)
        out[n++] = (uint32_t)(rest % MODEL_LIST_BASE) - 1;
    return n;
}

static enum lw_status read_list(double *out, const struct lw_model_option *o,
                                struct span value, struct lw_error *err)
{
    struct span rest = value;
    double unit = 1;
    uint32_t n = 0;

    *out = 0;
    for (; rest.n > 0 && n < LW_MODEL_LIST_MAX; n++, unit *= MODEL_LIST_BASE) {
        const uint8_t *plus = memchr(rest.p, '+', rest.n);
        size_t length = plus == NULL ? rest.n : (size_t)(plus - rest.p);
        double at;
        enum lw_status st = read_word(&at, o, span_first(rest, length), err);

        if (st != LW_OK)
            return st;
        *out += unit * (at + 1);
        rest = span_from(rest, length + 1);
    }
    if (rest.n > 0 || n < o->min || n > o->max)
        return lw_fail(err, LW_EINVAL, "%s=%.*s: name %g to %g, with + between",
                       o->name, (int)(value.n < 64 ? value.n : 64),
                       (const char *)value.p, o->min, o->max);
    return LW_OK;
}

static enum lw_status read_number(double *out, const struct lw_model_option *o,
                                  struct span value, struct lw_error *err)
{
    char text[VALUE_MAX] = "";
    char *end = text;
    double v = (double)NAN;

    if (value.n > 0 && value.n < sizeof text) {
        memcpy(text, value.p, value.n);
        v = strtod(text, &end);
    }
    if (end == text || *end != '\0' || !(v >= o->min && v <= o->max) ||
        (o->whole && v != floor(v)))
        return lw_fail(err, LW_EINVAL, "%s=%.*s: it is a %snumber from %g to %g",
                       o->name, (int)(value.n < 32 ? value.n : 32),
                       (const char *)value.p, o->whole ? "whole " : "", o->min, o->max);
    *out = v;
    return LW_OK;
}

static enum lw_status read_one(double *out, const struct lw_model_kind *kind,
                               struct span s, struct lw_error *err)
{
    const uint8_t *equals = memchr(s.p, '=', s.n);
    struct span name = span_first(s, equals == NULL ? s.n : (size_t)(equals - s.p));
    struct span value = span_from(s, name.n + 1);

    for (size_t i = 0; i < kind->n_options; i++) {
        const struct lw_model_option *o = &kind->options[i];

        if (is_word(name, o->name) && o->list)
            return read_list(&out[i], o, value, err);
        if (is_word(name, o->name))
            return o->words != NULL ? read_word(&out[i], o, value, err)
                                    : read_number(&out[i], o, value, err);
    }
    return unknown_option(kind, name, err);
}

struct span model_option_next(struct span *rest)
{
    const uint8_t *comma = memchr(rest->p, ',', rest->n);
    size_t n = comma == NULL ? rest->n : (size_t)(comma - rest->p);
    struct span one = span_first(*rest, n);

    *rest = span_from(*rest, n + 1);
    return one;
}

size_t model_option_dot(struct span option)
{
    for (size_t i = 0; i < option.n && option.p[i] != '='; i++)
        if (option.p[i] == '.')
            return i;
    return option.n;
}

/* Has it members, that may have options of their own? */
static bool has_list(const struct lw_model_kind *kind)
{
    for (size_t i = 0; i < kind->n_options; i++)
        if (kind->options[i].list)
            return true;
    return false;
}

enum lw_status model_options_read(double *out, const struct lw_model_kind *kind,
                                  const char *text, struct lw_error *err)
{
    struct span rest = span_of(text, text == NULL ? 0 : strlen(text));
    enum lw_status st = LW_OK;

    LW_ASSERT(kind->n_options <= LW_MODEL_OPTIONS_MAX);
    for (size_t i = 0; i < kind->n_options; i++)
        out[i] = kind->options[i].initial;
    while (rest.n > 0 && st == LW_OK) {
        struct span one = model_option_next(&rest);

        if (model_option_dot(one) == one.n || !has_list(kind))
            st = read_one(out, kind, one, err);
    }
    return st;
}

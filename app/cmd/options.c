/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/options.h"

#include "base/assert.h"
#include "base/nearest.h"
#include "base/numfmt.h"
#include "base/timefmt.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WORD_MAX = 64, CANDIDATES_MAX = 128 };

/* Words still to be read, and the place where operands are put: never behind the
 * reading place, so that both share one array. */
struct parse {
    const struct opt_group *const *groups;
    char **argv; /* (n) */
    size_t n;
    size_t at;
    size_t n_operands;
};

static const struct opt *find_long(const struct opt_group *const *groups,
                                   const char *name, size_t n)
{
    for (; *groups != NULL; groups++) {
        for (size_t i = 0; i < (*groups)->n_rows; i++) {
            const struct opt *o = &(*groups)->rows[i];

            if (strncmp(o->name, name, n) == 0 && o->name[n] == '\0')
                return o;
        }
    }
    return NULL;
}

static const struct opt *find_letter(const struct opt_group *const *groups, char letter)
{
    for (; *groups != NULL; groups++) {
        for (size_t i = 0; i < (*groups)->n_rows; i++) {
            if ((*groups)->rows[i].letter == letter)
                return &(*groups)->rows[i];
        }
    }
    return NULL;
}

static enum lw_status unknown_option(const struct opt_group *const *groups,
                                     const char *name, size_t n, struct lw_error *err)
{
    const char *names[CANDIDATES_MAX + 1];
    size_t n_names = 0;
    char word[WORD_MAX + 1];
    const char *near;

    for (; *groups != NULL; groups++) {
        for (size_t i = 0; i < (*groups)->n_rows; i++) {
            if ((*groups)->rows[i].help != NULL && n_names < CANDIDATES_MAX)
                names[n_names++] = (*groups)->rows[i].name;
        }
    }
    names[n_names] = NULL;
    (void)snprintf(word, sizeof word, "%.*s", (int)(n < 80 ? n : 80), name);
    near = nearest_word(word, names);
    if (near == NULL)
        return lw_fail(err, LW_EINVAL, "unknown option --%s", word);
    return lw_fail(err, LW_EINVAL, "unknown option --%s; did you mean --%s?", word,
                   near);
}

static enum lw_status bad_value(const struct opt *o, const char *value,
                                const char *wanted, struct lw_error *err)
{
    return lw_fail(err, LW_EINVAL, "--%s: '%s' is not %s", o->name, value, wanted);
}

/* `v` in the unit of the row's range. */
static enum lw_status check_range(const struct opt *o, double v, const char *value,
                                  struct lw_error *err)
{
    char lo[NUMFMT_MAX];
    char hi[NUMFMT_MAX];

    if (!(o->min < o->max) || (v >= o->min && v <= o->max))
        return LW_OK;
    (void)numfmt_f64(o->min, lo);
    (void)numfmt_f64(o->max, hi);
    return lw_fail(err, LW_EINVAL, "--%s: %s is out of range (%s to %s%s%s)", o->name,
                   value, lo, hi, o->unit == NULL ? "" : " ",
                   o->unit == NULL ? "" : o->unit);
}

static enum lw_status store_int(const struct opt *o, const char *value,
                                struct lw_error *err)
{
    char *end = NULL;
    long long v;
    enum lw_status st;

    errno = 0;
    v = strtoll(value, &end, 10);
    if (end == value || *end != '\0' || errno != 0)
        return bad_value(o, value, "a whole number", err);
    st = check_range(o, (double)v, value, err);
    if (st == LW_OK)
        *o->to.number = v;
    return st;
}

static enum lw_status store_float(const struct opt *o, const char *value,
                                  struct lw_error *err)
{
    double v;
    enum lw_status st;

    if (!numfmt_parse(value, strlen(value), &v) || !isfinite(v))
        return bad_value(o, value, "a number", err);
    st = check_range(o, v, value, err);
    if (st == LW_OK)
        *o->to.real = v;
    return st;
}

struct suffix {
    const char *text;
    double factor;
};

/* A number and one of the suffixes (the first is for none); false when neither. */
static bool parse_scaled(const char *value, const struct suffix *list, double *out)
{
    size_t n = strspn(value, "0123456789.");
    double v;

    if (!numfmt_parse(value, n, &v))
        return false;
    for (; list->text != NULL; list++) {
        if (strcmp(value + n, list->text) == 0) {
            *out = v * list->factor;
            return true;
        }
    }
    return false;
}

static enum lw_status store_duration(const struct opt *o, const char *value,
                                     struct lw_error *err)
{
    static const struct suffix units[] = {{"", 1},      {"s", 1},  {"us", 1e-6},
                                          {"ms", 1e-3}, {"m", 60}, {"h", 3600},
                                          {"d", 86400}, {NULL, 0}};
    double s;
    enum lw_status st;

    if (!parse_scaled(value, units, &s) || s > 9e9)
        return bad_value(o, value, "a duration such as 90s, 500ms, 5m or 1h", err);
    st = check_range(o, s, value, err);
    if (st == LW_OK)
        *o->to.number = (int64_t)(s * (double)NS_PER_S);
    return st;
}

static enum lw_status store_size(const struct opt *o, const char *value,
                                 struct lw_error *err)
{
    static const struct suffix units[] = {
        {"", 1},        {"k", 1024},         {"K", 1024},         {"m", 1048576},
        {"M", 1048576}, {"g", 1073741824.0}, {"G", 1073741824.0}, {NULL, 0}};
    double v;
    enum lw_status st;

    if (!parse_scaled(value, units, &v) || v > 1e18)
        return bad_value(o, value, "a size such as 65536, 64k, 10M or 2G", err);
    st = check_range(o, v, value, err);
    if (st == LW_OK)
        *o->to.bytes = (uint64_t)v;
    return st;
}

static enum lw_status store_choice(const struct opt *o, const char *value,
                                   struct lw_error *err)
{
    char list[160] = "";
    size_t n = 0;
    const char *near;

    for (int i = 0; o->choices[i] != NULL; i++) {
        if (strcmp(o->choices[i], value) == 0) {
            *o->to.choice = i;
            return LW_OK;
        }
        n += (size_t)snprintf(list + n, sizeof list - n, "%s%s", i == 0 ? "" : ", ",
                              o->choices[i]);
        if (n >= sizeof list)
            n = sizeof list - 1;
    }
    near = nearest_word(value, o->choices);
    if (near != NULL)
        return lw_fail(err, LW_EINVAL, "--%s: no '%s'; did you mean %s? (%s)", o->name,
                       value, near, list);
    return lw_fail(err, LW_EINVAL, "--%s: no '%s'; it takes one of %s", o->name, value,
                   list);
}

static enum lw_status store_list(const struct opt *o, const char *value,
                                 struct lw_error *err)
{
    if (o->to.list->n == OPT_LIST_MAX)
        return lw_fail(err, LW_EINVAL, "--%s: given more than %d times", o->name,
                       OPT_LIST_MAX);
    o->to.list->items[o->to.list->n++] = value;
    return LW_OK;
}

/* `value` is NULL for flags and for nothing else. */
static enum lw_status store(const struct opt *o, const char *value,
                            struct lw_error *err)
{
    if (o->type == OPT_FLAG) {
        *o->to.flag = true;
        return LW_OK;
    }
    LW_ASSERT(value != NULL);
    switch (o->type) {
    case OPT_TEXT:
        *o->to.text = value;
        return LW_OK;
    case OPT_INT:
        return store_int(o, value, err);
    case OPT_FLOAT:
        return store_float(o, value, err);
    case OPT_DURATION:
        return store_duration(o, value, err);
    case OPT_SIZE:
        return store_size(o, value, err);
    case OPT_CHOICE:
        return store_choice(o, value, err);
    case OPT_LIST:
        return store_list(o, value, err);
    case OPT_FLAG:
        break;
    }
    LW_ASSERT(false); /* an option type without a parser */
    return LW_EINVAL;
}

static void store_defaults(const struct opt_group *const *groups)
{
    for (; *groups != NULL; groups++) {
        for (size_t i = 0; i < (*groups)->n_rows; i++) {
            const struct opt *o = &(*groups)->rows[i];

            if (o->initial != NULL && o->type != OPT_FLAG) {
                enum lw_status st = store(o, o->initial, NULL);

                LW_ASSERT(st == LW_OK); /* a default that its own row refuses */
            }
        }
    }
}

/* The value of an option that takes one: what is glued to it, or the next word. */
static enum lw_status take_value(struct parse *p, const struct opt *o,
                                 const char *glued, const char **out,
                                 struct lw_error *err)
{
    *out = glued;
    if (glued != NULL)
        return LW_OK;
    if (p->at == p->n)
        return lw_fail(err, LW_EINVAL, "--%s needs a value: --%s %s", o->name, o->name,
                       o->metavar);
    *out = p->argv[p->at++];
    return LW_OK;
}

static enum lw_status parse_long(struct parse *p, const char *word,
                                 struct lw_error *err)
{
    size_t n = strcspn(word, "=");
    const char *glued = word[n] == '=' ? word + n + 1 : NULL;
    const struct opt *o = find_long(p->groups, word, n);
    const char *value = NULL;
    enum lw_status st;

    if (o == NULL)
        return unknown_option(p->groups, word, n, err);
    if (o->type == OPT_FLAG) {
        if (glued != NULL)
            return lw_fail(err, LW_EINVAL, "--%s takes no value", o->name);
        return store(o, NULL, err);
    }
    st = take_value(p, o, glued, &value, err);
    return st == LW_OK ? store(o, value, err) : st;
}

/* "-vq", "-rFILE", "-r FILE": letters after one dash. */
static enum lw_status parse_letters(struct parse *p, const char *letters,
                                    struct lw_error *err)
{
    for (; *letters != '\0'; letters++) {
        const struct opt *o = find_letter(p->groups, *letters);
        const char *value = NULL;
        enum lw_status st;

        if (o == NULL)
            return lw_fail(err, LW_EINVAL, "unknown option -%c", *letters);
        if (o->type == OPT_FLAG) {
            st = store(o, NULL, err);
            if (st != LW_OK)
                return st;
            continue;
        }
        st = take_value(p, o, letters[1] == '\0' ? NULL : letters + 1, &value, err);
        return st == LW_OK ? store(o, value, err) : st;
    }
    return LW_OK;
}

enum lw_status opt_parse(const struct opt_group *const *groups, char **argv,
                         size_t *n_words, struct lw_error *err)
{
    struct parse p = {.groups = groups, .argv = argv, .n = *n_words};
    bool only_operands = false;

    store_defaults(groups);
    while (p.at < p.n) {
        char *word = argv[p.at++];
        enum lw_status st = LW_OK;

        if (only_operands || word[0] != '-' || word[1] == '\0')
            argv[p.n_operands++] = word;
        else if (strcmp(word, "--") == 0)
            only_operands = true;
        else if (word[1] == '-')
            st = parse_long(&p, word + 2, err);
        else
            st = parse_letters(&p, word + 1, err);
        if (st != LW_OK)
            return st;
    }
    *n_words = p.n_operands;
    return LW_OK;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "data/schema.h"

#include "base/mem.h"

#include <string.h>

static void words_release(struct lw_words *w)
{
    for (size_t i = 0; i < w->n; i++)
        mem_free(w->items[i]);
    mem_free(w->items);
}

void lw_schema_release(struct lw_schema *s)
{
    mem_free(s->format);
    mem_free(s->label);
    words_release(&s->columns);
    words_release(&s->positive);
    words_release(&s->drop);
    words_release(&s->categorical);
    words_release(&s->keep);
    *s = (struct lw_schema){0};
}

/* ---- names ---- */

static bool counts(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
           ((unsigned char)c & 0x80) != 0;
}

static char folded(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

bool name_is_like(const char *a, const char *b)
{
    for (;; a++, b++) {
        while (*a != '\0' && !counts(*a))
            a++;
        while (*b != '\0' && !counts(*b))
            b++;
        if (folded(*a) != folded(*b))
            return false;
        if (*a == '\0')
            return true;
    }
}

int name_find(const char *wanted, const char *(*get)(const void *ctx, size_t i),
              const void *ctx, size_t n)
{
    int found = NAME_NONE;
    size_t n_found = 0;

    for (size_t i = 0; i < n; i++)
        if (strcmp(get(ctx, i), wanted) == 0)
            return (int)i;
    for (size_t i = 0; i < n; i++)
        if (name_is_like(get(ctx, i), wanted)) {
            found = (int)i;
            n_found++;
        }
    return n_found == 1 ? found : NAME_NONE;
}

/* ---- saying things ---- */

static enum lw_status out_of_memory(struct lw_error *err)
{
    return lw_fail(err, LW_ENOMEM, "out of memory for a schema");
}

static enum lw_status set_text(char **at, const char *key, const char *value,
                               struct lw_error *err)
{
    if (*at != NULL)
        return lw_fail(err, LW_EINVAL, "%s is said twice: '%.40s' and '%.40s'", key,
                       *at, value);
    *at = mem_strdup(value);
    return *at != NULL ? LW_OK : out_of_memory(err);
}

static enum lw_status add_word(struct lw_words *w, const char *value,
                               struct lw_error *err)
{
    char **items = mem_grow(w->items, &w->cap, w->n + 1, sizeof *items);

    if (items == NULL)
        return out_of_memory(err);
    w->items = items;
    items[w->n] = mem_strdup(value);
    if (items[w->n] == NULL)
        return out_of_memory(err);
    w->n++;
    return LW_OK;
}

struct choice {
    const char *word;
    int value;
};

static enum lw_status choose(int *out, const struct choice *choices, size_t n,
                             const char *key, const char *value, struct lw_error *err)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(choices[i].word, value) == 0) {
            *out = choices[i].value;
            return LW_OK;
        }
    return lw_fail(err, LW_EINVAL, "%s cannot be '%.40s'", key, value);
}

static enum lw_status set_delimiter(struct lw_schema *s, const char *value,
                                    struct lw_error *err)
{
    static const struct choice names[] = {{"comma", ','},
                                          {"tab", '\t'},
                                          {"semicolon", ';'},
                                          {"pipe", '|'},
                                          {"\\t", '\t'}};
    int c = value[0];
    enum lw_status st = LW_OK;

    if (value[0] == '\0' || value[1] != '\0')
        st = choose(&c, names, sizeof names / sizeof names[0], "delimiter", value, err);
    else if (counts(value[0]) || value[0] == '"' || value[0] == '\n' ||
             value[0] == '\r' || value[0] == '.' || value[0] == '-')
        st = lw_fail(err, LW_EINVAL, "delimiter cannot be '%c'",
                     value[0] >= ' ' && value[0] <= '~' ? value[0] : '?');
    if (st == LW_OK)
        s->delimiter = (char)c;
    return st;
}

static enum lw_status set_header(struct lw_schema *s, const char *value,
                                 struct lw_error *err)
{
    static const struct choice words[] = {{"yes", LW_HEADER_YES},
                                          {"true", LW_HEADER_YES},
                                          {"no", LW_HEADER_NO},
                                          {"false", LW_HEADER_NO},
                                          {"auto", LW_HEADER_BY_LOOKING}};
    int v = 0;
    enum lw_status st =
        choose(&v, words, sizeof words / sizeof words[0], "header", value, err);

    if (st == LW_OK)
        s->header = (enum lw_header)v;
    return st;
}

static enum lw_status set_on_bad_row(struct lw_schema *s, const char *value,
                                     struct lw_error *err)
{
    static const struct choice words[] = {{"stop", LW_BAD_ROWS_STOP},
                                          {"skip", LW_BAD_ROWS_SKIP},
                                          {"missing", LW_BAD_ROWS_MISSING}};
    int v = 0;
    enum lw_status st =
        choose(&v, words, sizeof words / sizeof words[0], "on_bad_row", value, err);

    if (st != LW_OK)
        return st;
    s->bad_rows = (enum lw_bad_rows)v;
    s->has_bad_rows = true;
    return LW_OK;
}

enum lw_status lw_schema_set(struct lw_schema *s, const char *key, const char *value,
                             struct lw_error *err)
{
    const struct {
        const char *key;
        char **text;
        struct lw_words *words;
        enum lw_status (*set)(struct lw_schema *s, const char *value,
                              struct lw_error *err);
    } keys[] = {
        {"format", &s->format, NULL, NULL},
        {"label", &s->label, NULL, NULL},
        {"delimiter", NULL, NULL, set_delimiter},
        {"header", NULL, NULL, set_header},
        {"on_bad_row", NULL, NULL, set_on_bad_row},
        {"columns", NULL, &s->columns, NULL},
        {"positive", NULL, &s->positive, NULL},
        {"drop", NULL, &s->drop, NULL},
        {"categorical", NULL, &s->categorical, NULL},
        {"keep", NULL, &s->keep, NULL},
    };

    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        if (strcmp(keys[i].key, key) != 0)
            continue;
        if (keys[i].text != NULL)
            return set_text(keys[i].text, key, value, err);
        return keys[i].words != NULL ? add_word(keys[i].words, value, err)
                                     : keys[i].set(s, value, err);
    }
    return lw_fail(err, LW_EINVAL,
                   "no key is called '%.40s': use format, label, delimiter, header, "
                   "on_bad_row, columns, positive, drop, categorical or keep",
                   key);
}

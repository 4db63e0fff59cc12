/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A line of JSON into cells, where it lies.
 *
 * Not a general reader: members are looked for by name, their values are taken as
 * text, and what is inside of objects and arrays is passed over.  Nothing is copied:
 * an escape in a text stays as it is, which no value that is read here has.
 */
#include "flow_reader.h"

#include <string.h>

struct scan {
    const char *p;
    const char *end;
};

static void skip_blanks(struct scan *s)
{
    while (s->p < s->end && (*s->p == ' ' || *s->p == '\t'))
        s->p++;
}

static bool take(struct scan *s, char c)
{
    skip_blanks(s);
    if (s->p == s->end || *s->p != c)
        return false;
    s->p++;
    return true;
}

/* Behind the opening quote; without the quotes. */
static bool take_text(struct scan *s, struct csv_field *out)
{
    const char *start = s->p;

    for (; s->p < s->end && *s->p != '"'; s->p++) {
        if (*s->p == '\\' && ++s->p == s->end)
            return false;
    }
    if (s->p == s->end)
        return false;
    *out = (struct csv_field){start, (size_t)(s->p - start)};
    s->p++;
    return true;
}

/* An object or array with all that is in it. */
static bool skip_nested(struct scan *s)
{
    struct csv_field ignored;
    size_t depth = 0;

    do {
        char c;

        if (s->p == s->end)
            return false;
        c = *s->p++;
        if (c == '"' && !take_text(s, &ignored))
            return false;
        depth += c == '{' || c == '[' ? 1 : 0;
        depth -= c == '}' || c == ']' ? 1 : 0;
    } while (depth > 0);
    return true;
}

static bool take_value(struct scan *s, struct csv_field *out)
{
    const char *start;

    skip_blanks(s);
    *out = (struct csv_field){s->p, 0};
    if (s->p == s->end)
        return false;
    if (*s->p == '{' || *s->p == '[')
        return skip_nested(s);
    if (*s->p == '"') {
        s->p++;
        return take_text(s, out);
    }
    start = s->p;
    while (s->p < s->end && *s->p != ',' && *s->p != '}')
        s->p++;
    *out = csv_trim(start, (size_t)(s->p - start));
    return out->n > 0;
}

/* Members come in the same order in every line: the guess is the column behind the
 * last one found. */
static struct csv_field *cell_named(struct flow_cells *c,
                                    const struct flow_text_format *format,
                                    struct csv_field name, size_t *guess)
{
    for (size_t n = 0; n < format->n_columns; n++) {
        size_t i = (*guess + n) % format->n_columns;
        const char *wanted = format->columns[i].name;

        if (strlen(wanted) == name.n && memcmp(wanted, name.p, name.n) == 0) {
            *guess = i + 1;
            return &c->cell[format->columns[i].cell];
        }
    }
    return NULL;
}

bool flow_cells_of_json(struct flow_cells *c, const struct flow_text_format *format,
                        struct span line)
{
    struct scan s = {(const char *)line.p, (const char *)line.p + line.n};
    size_t guess = 0;

    if (!take(&s, '{'))
        return false;
    while (!take(&s, '}')) {
        struct csv_field name;
        struct csv_field value;
        struct csv_field *cell;

        if (!take(&s, '"') || !take_text(&s, &name) || !take(&s, ':') ||
            !take_value(&s, &value))
            return false;
        cell = cell_named(c, format, name, &guess);
        if (cell != NULL)
            *cell = value;
        if (!take(&s, ',') && (s.p == s.end || *s.p != '}'))
            return false;
    }
    skip_blanks(&s);
    return s.p == s.end;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any delimited table.  What it holds is found by looking at its first SAMPLE_BYTES.
 *
 * Header: a first line in which no field is a number, except where every column is text
 * and the line's words come again in later rows of the same columns, as values do and
 * names do not.  The numbers 0, 1, 2, ... in order are names too: that is how a table
 * is written that never had any.
 *
 * Types: a column is numeric unless a value of the sample is no number.  Who wants bad
 * rows left out or repaired says that there are some, so one value in ten may be none
 * then.  Large numbers that lie within half a century around now, read as seconds since
 * 1970 or thousandths, millionths or billionths of them, are times; they are counted
 * from the first one, for a float has no room for them.
 */
#include "base/buf.h"
#include "base/mem.h"
#include "base/numfmt.h"
#include "data/table.h"

#include <stdio.h>
#include <string.h>

enum { SAMPLE_BYTES = 128 * 1024, BAD_IN = 10, NAME_MAX_BYTES = 256 };

/* 1990 and 2040 in seconds since 1970. */
static const double time_min = 631152000;
static const double time_max = 2208988800;

/* What the sample tells of a column. */
struct look {
    uint32_t n_numbers;
    uint32_t n_words;
    bool is_again;          /* a later row has what the first line has */
    bool is_time;           /* every number so far may be a time, */
    double unit;            /* of so many to a second */
    struct csv_field first; /* what the first line has */
};

/* Any table has the form; formats with a form of their own are asked first. */
static bool csv_probe(const struct table *t, struct span text)
{
    (void)text;
    return t->line.n > 0;
}

/* ---- names ---- */

/* No field is a number, or they are 0, 1, 2, ... */
static bool may_be_names(const struct csv_line *l)
{
    size_t n_numbers = 0;
    size_t n_ordinals = 0;
    double v;

    for (size_t i = 0; i < l->n; i++) {
        if (!table_parse_number(l->fields[i].p, l->fields[i].n, &v))
            continue;
        n_numbers++;
        n_ordinals += v == (double)i ? 1 : 0;
    }
    return n_numbers == 0 || (l->n > 2 && n_ordinals == l->n);
}

static bool is_taken(const struct lw_frame *f, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(f->columns[i].name, name) == 0)
            return true;
    return false;
}

/* Give column `i` a name of its own: "column_3" where it has none, "name.1" where an
 * earlier one has it. */
static bool rename_column(struct lw_frame *f, size_t i)
{
    struct frame_column *c = &f->columns[i];
    char name[NAME_MAX_BYTES];
    char *copy;

    if (c->name[0] == '\0')
        (void)snprintf(name, sizeof name, "column_%zu", i + 1);
    else
        (void)snprintf(name, sizeof name, "%.200s.1", c->name);
    for (size_t k = 2; is_taken(f, i, name); k++)
        (void)snprintf(name, sizeof name, "%.200s.%zu",
                       c->name[0] == '\0' ? "column" : c->name, k);
    copy = mem_strdup(name);
    if (copy == NULL)
        return false;
    mem_free(c->name);
    c->name = copy;
    return true;
}

static enum lw_status name_apart(struct table *t, struct lw_error *err)
{
    struct lw_frame *f = t->frame;

    for (size_t i = 0; i < f->n_columns; i++) {
        if (f->columns[i].name[0] != '\0' && !is_taken(f, i, f->columns[i].name))
            continue;
        if (!rename_column(f, i))
            return lw_fail(err, LW_ENOMEM, "%s: out of memory", t->name);
        f->report.n_renamed++;
    }
    return LW_OK;
}

/* The schema's names take the place of a header's. */
static enum lw_status name_by_schema(struct table *t, struct lw_error *err)
{
    const struct lw_words *names = &t->cfg->schema->columns;

    if (names->n != t->frame->n_columns)
        return lw_fail(err, LW_EINVAL,
                       "%s: the schema names %zu columns, the first line has %zu",
                       t->name, names->n, t->frame->n_columns);
    for (size_t i = 0; i < names->n; i++) {
        char *copy = mem_strdup(names->items[i]);

        if (copy == NULL)
            return lw_fail(err, LW_ENOMEM, "%s: out of memory", t->name);
        mem_free(t->frame->columns[i].name);
        t->frame->columns[i].name = copy;
    }
    return LW_OK;
}

static enum lw_status forget_names(struct table *t, struct lw_error *err)
{
    for (size_t i = 0; i < t->frame->n_columns; i++) {
        char *none = mem_strdup("");

        if (none == NULL)
            return lw_fail(err, LW_ENOMEM, "%s: out of memory", t->name);
        mem_free(t->frame->columns[i].name);
        t->frame->columns[i].name = none;
    }
    return LW_OK;
}

/* ---- the sample ---- */

static void look_at_number(struct look *k, double v)
{
    if (k->n_numbers++ == 0) {
        k->unit = v >= time_min * 1e9   ? 1e9
                  : v >= time_min * 1e6 ? 1e6
                  : v >= time_min * 1e3 ? 1e3
                                        : 1;
        k->is_time = true;
    }
    k->is_time = k->is_time && v >= time_min * k->unit && v <= time_max * k->unit;
}

/* A damaged line is reported with its number when the rows are read; false only when
 * memory is out. */
static bool look_at_line(struct table *t, struct look *look, struct span text)
{
    size_t n = t->frame->n_columns;
    enum csv_outcome r;
    bool differs = false;
    double v;

    r = csv_line_split(&t->line, text, t->delimiter, true);
    for (size_t i = 0; r == CSV_OK && i < t->line.n && i < n; i++)
        differs = differs || t->line.fields[i].n != look[i].first.n ||
                  memcmp(t->line.fields[i].p, look[i].first.p, look[i].first.n) != 0;
    for (size_t i = 0; differs && i < t->line.n && i < n; i++) {
        struct csv_field field = t->line.fields[i];

        if (field.n > 0 && field.n == look[i].first.n &&
            memcmp(field.p, look[i].first.p, field.n) == 0)
            look[i].is_again = true;
        if (table_field_is_missing(field))
            continue;
        if (table_parse_number(field.p, field.n, &v))
            look_at_number(&look[i], v);
        else
            look[i].n_words++;
    }
    return r != CSV_NO_MEMORY;
}

/* `sample` begins with the first line, which is not looked at. */
static bool look_at_sample(struct table *t, struct look *look, struct span sample)
{
    bool is_first = true;

    sample = span_first(sample, SAMPLE_BYTES);
    while (sample.n > 0) {
        const uint8_t *end = memchr(sample.p, '\n', sample.n);
        size_t n = end == NULL ? sample.n : (size_t)(end - sample.p);
        struct span line = span_first(sample, n);

        /* A line that the sample cuts would show wrong values. */
        if (end == NULL && !t->lines.at_end)
            return true;
        line.n -= line.n > 0 && line.p[line.n - 1] == '\r' ? 1 : 0;
        if (!is_first && line.n > 0 && !look_at_line(t, look, line))
            return false;
        is_first = false;
        sample = span_from(sample, n + 1);
    }
    return true;
}

/* ---- what follows from it ---- */

static bool has_header(const struct table *t, const struct look *look, bool may_be)
{
    const struct lw_schema *s = t->cfg->schema;
    bool any_again = false;

    if (s != NULL && s->header != LW_HEADER_BY_LOOKING)
        return s->header == LW_HEADER_YES;
    if (!may_be)
        return false;
    for (size_t i = 0; i < t->frame->n_columns; i++) {
        if (look[i].n_numbers > 0)
            return true;
        any_again = any_again || look[i].is_again;
    }
    return !any_again;
}

static void set_types(struct table *t, const struct look *look)
{
    for (size_t i = 0; i < t->frame->n_columns; i++) {
        struct frame_column *c = &t->frame->columns[i];
        uint64_t n = (uint64_t)look[i].n_numbers + look[i].n_words;
        uint64_t n_bad = t->bad_rows == LW_BAD_ROWS_STOP ? 0 : n / BAD_IN;

        if (look[i].n_words > n_bad)
            c->type = LW_COLUMN_TEXT;
        else if (look[i].n_numbers > 1 && look[i].is_time)
            c->parse = numfmt_parse;
    }
}

/* Keep the header line, so that it is known when it comes again. */
static enum lw_status keep_header(struct table *t, struct lw_error *err)
{
    struct span text = {0};
    enum lw_status st = lines_next(&t->lines, &text, err);

    if (st != LW_OK)
        return st;
    t->frame->report.has_header = true;
    t->header = mem_dup(text.p, text.n);
    t->n_header = text.n;
    return t->header != NULL ? LW_OK
                             : lw_fail(err, LW_ENOMEM, "%s: out of memory", t->name);
}

/* Name and type the columns; the next line is the first one again. */
static enum lw_status find_columns(struct table *t, struct look *look, bool may_be,
                                   struct lw_error *err)
{
    const struct lw_schema *s = t->cfg->schema;
    enum lw_status st = LW_OK;
    bool header = has_header(t, look, may_be);

    if (!header)
        for (size_t i = 0; i < t->frame->n_columns; i++) {
            struct csv_field f = look[i].first;
            double v;

            if (table_field_is_missing(f))
                continue;
            if (table_parse_number(f.p, f.n, &v))
                look_at_number(&look[i], v);
            else
                look[i].n_words++;
        }
    set_types(t, look);
    if (header)
        st = keep_header(t, err);
    if (st == LW_OK && s != NULL && s->columns.n > 0)
        st = name_by_schema(t, err);
    else if (st == LW_OK && !header)
        st = forget_names(t, err);
    return st == LW_OK ? name_apart(t, err) : st;
}

static enum lw_status csv_begin(struct table *t, struct span text, struct lw_error *err)
{
    struct buf first; /* the fields of the first line, one behind the other */
    struct look *look = NULL;
    bool may_be = may_be_names(&t->line);
    struct span sample;
    enum lw_status st = table_name_columns(t, NULL, err);

    (void)text;
    if (st != LW_OK)
        return st;
    t->types_by_looking = true;
    buf_init(&first);
    look = mem_zalloc(t->line.n, sizeof *look);
    for (size_t i = 0; i < t->line.n; i++)
        buf_add(&first, t->line.fields[i].p, t->line.fields[i].n);
    if (look == NULL || !buf_ok(&first))
        st = lw_fail(err, LW_ENOMEM, "%s: out of memory", t->name);
    for (size_t i = 0, at = 0; st == LW_OK && i < t->line.n; i++) {
        look[i].first = (struct csv_field){buf_text(&first) + at, t->line.fields[i].n};
        at += look[i].first.n;
    }
    lines_unread(&t->lines);
    if (st == LW_OK)
        st = lines_look_ahead(&t->lines, SAMPLE_BYTES, &sample, err);
    if (st == LW_OK && !look_at_sample(t, look, sample))
        st = lw_fail(err, LW_ENOMEM, "%s: out of memory", t->name);
    if (st == LW_OK)
        st = find_columns(t, look, may_be, err);
    mem_free(look);
    buf_release(&first);
    return st;
}

const struct table_format table_format_csv = {"csv", csv_probe, csv_begin, NULL};

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any delimited table with a header line.  Types are found by looking at the first
 * SAMPLE_BYTES: a column is numeric unless a value there is no number.
 */
#include "base/numfmt.h"
#include "data/table.h"

#include <string.h>

enum { SAMPLE_BYTES = 128 * 1024 };

/* A header has names, and no name is a number. */
static bool csv_probe(const struct table *t, struct span text)
{
    double v;

    (void)text;
    for (size_t i = 0; i < t->line.n; i++)
        if (numfmt_parse(t->line.fields[i].p, t->line.fields[i].n, &v))
            return false;
    return t->line.n > 0;
}

/* Mark as text every column where a value of the line is no number.  A damaged line is
 * reported with its number when the rows are read; false only when memory is out. */
static bool look_at_line(struct table *t, struct span text)
{
    struct lw_frame *f = t->frame;
    enum csv_outcome r;
    double v;

    text.n -= text.n > 0 && text.p[text.n - 1] == '\r' ? 1 : 0;
    r = csv_line_split(&t->line, text, t->delimiter, true);
    for (size_t i = 0; r == CSV_OK && i < t->line.n && i < f->n_columns; i++) {
        struct csv_field field = t->line.fields[i];

        if (!table_field_is_missing(field) && !numfmt_parse(field.p, field.n, &v))
            f->columns[i].type = LW_COLUMN_TEXT;
    }
    return r != CSV_NO_MEMORY;
}

static enum lw_status csv_begin(struct table *t, struct span text, struct lw_error *err)
{
    struct span sample;
    enum lw_status st;

    (void)text;
    t->types_by_looking = true;
    st = table_name_columns(t, NULL, err);
    if (st == LW_OK)
        st = lines_look_ahead(&t->lines, SAMPLE_BYTES, &sample, err);
    if (st != LW_OK)
        return st;
    sample = span_first(sample, SAMPLE_BYTES);
    while (sample.n > 0) {
        const uint8_t *end = memchr(sample.p, '\n', sample.n);
        size_t n = end == NULL ? sample.n : (size_t)(end - sample.p);

        /* A line that the sample cuts would show wrong values. */
        if (end == NULL && !t->lines.at_end)
            break;
        if (!look_at_line(t, span_first(sample, n)))
            return lw_fail(err, LW_ENOMEM, "%s: out of memory", t->name);
        sample = span_from(sample, n + 1);
    }
    return LW_OK;
}

const struct table_format table_format_csv = {"csv", csv_probe, csv_begin, NULL};

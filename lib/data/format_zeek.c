/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Zeek logs: lines of "#" describe the columns, tabs separate them, "-" is no value.
 * In the labelled logs of IoT-23 the last field is three, set off by three blanks each,
 * in the header as in the rows.  Re-encoded as CSV a log has only its #fields line
 * left, without "#fields"; types are then those that conn.log has in Zeek's own
 * documentation.
 *
 * A log may be several ones after another: later headers must name the same columns.
 */
#include "base/mem.h"
#include "base/numfmt.h"
#include "data/table.h"

#include <string.h>

/* Types of Zeek whose values are numbers; the others are text. */
static const char *const number_types[] = {"count",    "int",  "double",
                                           "interval", "port", "time"};

/* The columns of conn.log of these types. */
static const char *const conn_numbers[] = {
    "ts",           "id.orig_p",     "id.resp_p",
    "duration",     "orig_bytes",    "resp_bytes",
    "missed_bytes", "orig_pkts",     "orig_ip_bytes",
    "resp_pkts",    "resp_ip_bytes",
};

static bool is_one_of(struct csv_field f, const char *const *words, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (table_field_is(f, words[i]))
            return true;
    return false;
}

static void set_type(struct frame_column *c, bool is_number, bool is_time)
{
    c->type = is_number ? LW_COLUMN_NUMBER : LW_COLUMN_TEXT;
    c->parse = is_time ? numfmt_parse : NULL;
}

static enum lw_status cut(struct table *t, struct span text, struct lw_error *err)
{
    if (csv_line_split_zeek(&t->line, text, t->delimiter) == CSV_OK)
        return LW_OK;
    return lw_fail(err, LW_ENOMEM, "%s:%zu: out of memory", t->name, t->lines.number);
}

static bool starts_with(struct span text, const char *word)
{
    return text.n >= strlen(word) && memcmp(text.p, word, strlen(word)) == 0;
}

/* The fields of a "#fields" or "#types" line, without that word, into t->line. */
static enum lw_status cut_header(struct table *t, struct span text,
                                 struct lw_error *err)
{
    const uint8_t *tab = memchr(text.p, t->delimiter, text.n);

    if (tab == NULL)
        return lw_fail(err, LW_EFORMAT, "%s:%zu: a header line that names nothing",
                       t->name, t->lines.number);
    return cut(t, span_from(text, (size_t)(tab - text.p) + 1), err);
}

static enum lw_status read_types(struct table *t, struct span text,
                                 struct lw_error *err)
{
    const size_t n_types = sizeof number_types / sizeof number_types[0];
    enum lw_status st = cut_header(t, text, err);

    if (st != LW_OK)
        return st;
    if (t->line.n != t->frame->n_columns)
        return lw_fail(err, LW_EFORMAT, "%s:%zu: %zu types for %zu fields", t->name,
                       t->lines.number, t->line.n, t->frame->n_columns);
    for (size_t i = 0; i < t->line.n; i++)
        set_type(&t->frame->columns[i],
                 is_one_of(t->line.fields[i], number_types, n_types),
                 table_field_is(t->line.fields[i], "time"));
    return LW_OK;
}

static enum lw_status read_fields(struct table *t, struct span text,
                                  struct lw_error *err)
{
    const struct lw_frame *f = t->frame;
    enum lw_status st = cut_header(t, text, err);

    if (st != LW_OK)
        return st;
    if (f->columns == NULL)
        return table_name_columns(t, NULL, err);
    if (t->line.n != f->n_columns)
        st = LW_EFORMAT;
    for (size_t i = 0; st == LW_OK && i < f->n_columns; i++)
        if (!table_field_is(t->line.fields[i], f->columns[i].name))
            st = LW_EFORMAT;
    if (st == LW_OK)
        return LW_OK;
    return lw_fail(err, st, "%s:%zu: the fields change within the file", t->name,
                   t->lines.number);
}

static bool zeek_probe(const struct table *t, struct span text)
{
    (void)t;
    return starts_with(text, "#separator");
}

static enum lw_status zeek_begin(struct table *t, struct span text,
                                 struct lw_error *err)
{
    bool has_types = false;
    enum lw_status st = LW_OK;

    if (!starts_with(text, "#separator \\x09"))
        return lw_fail(err, LW_EUNSUPPORTED,
                       "%s:%zu: a Zeek log that is not separated by tabs", t->name,
                       t->lines.number);
    t->delimiter = '\t';
    while (st == LW_OK && text.n > 0 && text.p[0] == '#') {
        if (starts_with(text, "#fields"))
            st = read_fields(t, text, err);
        else if (starts_with(text, "#types") && t->frame->columns != NULL) {
            st = read_types(t, text, err);
            has_types = true;
        }
        if (st == LW_OK)
            st = lines_next(&t->lines, &text, err);
    }
    if (st == LW_END)
        return lw_fail(err, LW_EFORMAT, "%s: a Zeek log without rows", t->name);
    if (st != LW_OK)
        return st;
    if (t->frame->columns == NULL || !has_types)
        return lw_fail(err, LW_EFORMAT,
                       "%s:%zu: rows before the #fields and #types lines of a Zeek log",
                       t->name, t->lines.number);
    lines_unread(&t->lines);
    return LW_OK;
}

static enum lw_status zeek_split(struct table *t, struct span text,
                                 struct lw_error *err)
{
    enum lw_status st = LW_OK;

    if (text.n == 0 || text.p[0] != '#')
        return cut(t, text, err);
    if (starts_with(text, "#fields"))
        st = read_fields(t, text, err);
    t->line.n = 0;
    return st;
}

static bool zeek_csv_probe(const struct table *t, struct span text)
{
    (void)text;
    return t->line.n > 3 && table_field_is(t->line.fields[0], "ts") &&
           table_field_is(t->line.fields[1], "uid") &&
           table_field_is(t->line.fields[2], "id.orig_h");
}

static enum lw_status zeek_csv_begin(struct table *t, struct span text,
                                     struct lw_error *err)
{
    const size_t n_numbers = sizeof conn_numbers / sizeof conn_numbers[0];
    enum lw_status st = table_name_columns(t, NULL, err);

    (void)text;
    if (st != LW_OK)
        return st;
    t->frame->report.has_header = true;
    for (size_t i = 0; i < t->line.n; i++)
        set_type(&t->frame->columns[i],
                 is_one_of(t->line.fields[i], conn_numbers, n_numbers), i == 0);
    return LW_OK;
}

const struct table_format table_format_zeek = {"zeek", zeek_probe, zeek_begin,
                                               zeek_split};
const struct table_format table_format_zeek_csv = {"zeek-csv", zeek_csv_probe,
                                                   zeek_csv_begin, NULL};

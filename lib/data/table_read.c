/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The engine that reads tables into frames.
 *
 * Lines are read where they lie in the stream's window; nothing is allocated per row
 * or field, only for new words and when columns grow.  Nearly every line is plain: no
 * quotes, cells that are short decimals or known words.  store_plain_row() reads such a
 * line in one pass, number and delimiter together; whatever it does not like goes
 * through the general way, cell by cell (store_field()) or as a whole line
 * (csv_line_split()).  Both ways give the same values: a test reads tables through
 * both.
 *
 * Where types were found by looking, a column of numbers becomes text at the first
 * value that is none, as long as its numbers are words as well: missing values and
 * whole numbers with one spelling, as codes and ports have.  The column keeps the line.
 * Any other value that does not fit its column is a bad one, which names its place.
 * What a bad row has put into the dictionaries is taken back with it.
 */
#include "base/assert.h"
#include "base/mem.h"
#include "base/numfmt.h"
#include "data/scan.h"
#include "data/table.h"

#include <math.h>
#include <string.h>
#include <strings.h>

enum {
    COLUMNS_MAX = 4096,
    ROWS_FIRST = 1024,
    VALUE_SHOWN = 40,
    ROWS_PER_WORD = 8192,
    GROWTH_MAX = 16
};

/* Rows are numbered with 32 bits all over the data layer. */
#define ROWS_MAX ((size_t)UINT32_MAX - 1)

/* Tried in this order: the first whose probe likes the first line. */
static const struct table_format *const formats[] = {
    &table_format_nsl_kdd,  &table_format_kdd99,     &table_format_zeek,
    &table_format_zeek_csv, &table_format_binetflow, &table_format_json,
    &table_format_csv,
};

/* ---- fields ---- */

bool table_field_is(struct csv_field f, const char *text)
{
    return f.n == strlen(text) && memcmp(f.p, text, f.n) == 0;
}

bool table_field_is_missing(struct csv_field f)
{
    return f.n == 0 || (f.n == 1 && (*f.p == '?' || *f.p == '-')) ||
           (f.n == 2 && strncasecmp(f.p, "NA", 2) == 0) ||
           (f.n == 4 && strncasecmp(f.p, "null", 4) == 0);
}

/* A cell for a message: short, and without bytes that a terminal would obey. */
static const char *shown(struct csv_field f, char out[VALUE_SHOWN + 1])
{
    size_t n = 0;

    for (; n < f.n && n < VALUE_SHOWN; n++)
        out[n] = (char)(f.p[n] >= ' ' && f.p[n] <= '~' ? f.p[n] : '?');
    out[n] = '\0';
    return out;
}

static enum lw_status fail_memory(const struct table *t, struct lw_error *err)
{
    return lw_fail(err, LW_ENOMEM, "%s:%zu: out of memory", t->name, t->lines.number);
}

enum lw_status table_split(struct table *t, struct span text, struct lw_error *err)
{
    switch (csv_line_split(&t->line, text, t->delimiter, true)) {
    case CSV_OK:
        return LW_OK;
    case CSV_NO_MEMORY:
        return fail_memory(t, err);
    case CSV_AFTER_QUOTE:
        return lw_fail(err, LW_EFORMAT,
                       "%s:%zu: column %zu: something follows a closing quote", t->name,
                       t->lines.number, t->line.n + 1);
    case CSV_OPEN_QUOTE:
        break;
    }
    return lw_fail(err, LW_EFORMAT,
                   "%s:%zu: column %zu: a quoted field does not end on its line",
                   t->name, t->lines.number, t->line.n + 1);
}

/* ---- columns ---- */

enum lw_status table_name_columns(struct table *t, const char *const *names,
                                  struct lw_error *err)
{
    struct lw_frame *f = t->frame;
    size_t n = t->line.n;

    LW_ASSERT(f->columns == NULL);
    if (n > COLUMNS_MAX)
        return lw_fail(err, LW_EFORMAT, "%s:%zu: %zu columns; at most %d are read",
                       t->name, t->lines.number, n, COLUMNS_MAX);
    f->columns = mem_zalloc(n, sizeof *f->columns);
    if (f->columns == NULL)
        return fail_memory(t, err);
    f->n_columns = n;
    for (size_t i = 0; i < n; i++) {
        struct csv_field field = t->line.fields[i];

        f->columns[i].name =
            names != NULL ? mem_strdup(names[i]) : mem_strndup(field.p, field.n);
        if (f->columns[i].name == NULL)
            return fail_memory(t, err);
        dict_init(&f->columns[i].dict);
    }
    return LW_OK;
}

/* A column of whole numbers becomes text; missing ones read "" then. */
static enum lw_status become_text(struct table *t, struct frame_column *c,
                                  struct lw_error *err)
{
    uint32_t *codes = mem_zalloc(t->frame->cap, sizeof *codes);
    bool ok = codes != NULL;

    for (size_t i = 0; ok && i < t->frame->n_rows; i++) {
        char word[NUMFMT_MAX];
        size_t n = isnan(c->numbers[i]) ? 0 : numfmt_f32(c->numbers[i], word);

        ok = dict_code(&c->dict, word, n, &codes[i]);
    }
    if (!ok) {
        mem_free(codes);
        dict_release(&c->dict);
        return fail_memory(t, err);
    }
    mem_free(c->numbers);
    c->numbers = NULL;
    c->codes = codes;
    c->type = LW_COLUMN_TEXT;
    c->text_line = t->lines.number;
    return LW_OK;
}

/* Digits that a float has room for, spelt as numfmt_f32() would. */
static bool is_only_spelling(struct csv_field f)
{
    if (f.n == 0 || f.n > 7 || (f.n > 1 && f.p[0] == '0'))
        return false;
    for (size_t i = 0; i < f.n; i++)
        if (f.p[i] < '0' || f.p[i] > '9')
            return false;
    return true;
}

bool table_parse_number(const char *p, size_t n, double *out)
{
    uint32_t v = 0;

    if (n < 3 || n > 10 || p[0] != '0' || (p[1] != 'x' && p[1] != 'X'))
        return numfmt_parse(p, n, out);
    for (size_t i = 2; i < n; i++) {
        char c = (char)(p[i] | 0x20);

        if (p[i] >= '0' && p[i] <= '9')
            v = v * 16 + (uint32_t)(p[i] - '0');
        else if (c >= 'a' && c <= 'f')
            v = v * 16 + (uint32_t)(c - 'a') + 10;
        else
            return false;
    }
    *out = v;
    return true;
}

/* ---- cells ---- */

static enum lw_status store_text(struct table *t, size_t i, struct csv_field field,
                                 struct lw_error *err)
{
    struct frame_column *c = &t->frame->columns[i];
    size_t n_words = c->dict.n_words;

    if (field.n > 0 && memchr(field.p, '\0', field.n) != NULL)
        return lw_fail(err, LW_EFORMAT,
                       "%s:%zu: column %zu (%s): a NUL byte; is this a text file?",
                       t->name, t->lines.number, i + 1, c->name);
    if (!dict_code(&c->dict, field.p, field.n, &c->codes[t->frame->n_rows]))
        return fail_memory(t, err);
    if (c->dict.n_words != n_words)
        c->changed_row = t->frame->n_rows + 1;
    return LW_OK;
}

static void store_number(struct lw_frame *f, struct frame_column *c, double v)
{
    if (c->parse != NULL && !c->has_origin && isfinite(v)) {
        c->origin = v;
        c->has_origin = true;
    }
    c->numbers[f->n_rows] = (float)(v - c->origin);
}

static enum lw_status fail_value(const struct table *t, size_t i,
                                 struct csv_field field, struct lw_error *err)
{
    const struct frame_column *c = &t->frame->columns[i];
    char value[VALUE_SHOWN + 1];

    return lw_fail(err, LW_EFORMAT, "%s:%zu: column %zu (%s): '%s' is not a %s",
                   t->name, t->lines.number, i + 1, c->name, shown(field, value),
                   c->parse != NULL ? "time" : "number");
}

/* A value of a column of numbers is none. */
static enum lw_status store_misfit(struct table *t, size_t i, struct csv_field field,
                                   struct lw_error *err)
{
    struct frame_column *c = &t->frame->columns[i];
    struct lw_error why;
    enum lw_status st;

    if (t->bad_rows == LW_BAD_ROWS_STOP && t->types_by_looking && !c->is_spelt &&
        c->parse == NULL) {
        st = become_text(t, c, err);
        return st == LW_OK ? store_text(t, i, field, err) : st;
    }
    st = fail_value(t, i, field, &why);
    if (t->bad_rows == LW_BAD_ROWS_MISSING) {
        if (t->cfg->bad_row != NULL)
            t->cfg->bad_row(t->cfg->bad_row_ctx, why.msg);
        c->n_repaired++;
        c->changed_row = t->frame->n_rows + 1;
        t->frame->report.n_repaired++;
        store_number(t->frame, c, (double)NAN);
        return LW_OK;
    }
    return lw_fail(err, st, "%s", why.msg);
}

static enum lw_status store_field(struct table *t, size_t i, struct csv_field field,
                                  struct lw_error *err)
{
    struct frame_column *c = &t->frame->columns[i];
    frame_parse_fn parse = c->parse != NULL ? c->parse : table_parse_number;
    double v;

    if (c->is_dropped)
        return LW_OK;
    if (c->type == LW_COLUMN_TEXT)
        return store_text(t, i, field, err);
    /* What failed to parse may have left anything in v. */
    if (table_field_is_missing(field)) {
        store_number(t->frame, c, (double)NAN);
        return LW_OK;
    }
    if (parse(field.p, field.n, &v)) {
        c->is_spelt = c->is_spelt || !is_only_spelling(field);
        store_number(t->frame, c, v);
        return LW_OK;
    }
    return store_misfit(t, i, field, err);
}

static enum lw_status fail_short(const struct table *t, size_t n, struct csv_field last,
                                 struct lw_error *err)
{
    char value[VALUE_SHOWN + 1];

    return lw_fail(err, LW_EFORMAT,
                   "%s:%zu: %zu columns where %zu are expected; the last is '%s' (%s)",
                   t->name, t->lines.number, n, t->frame->n_columns, shown(last, value),
                   t->frame->columns[n - 1].name);
}

static enum lw_status fail_long(const struct table *t, struct csv_field extra,
                                struct lw_error *err)
{
    char value[VALUE_SHOWN + 1];

    return lw_fail(err, LW_EFORMAT,
                   "%s:%zu: more than the %zu expected columns; the first too many is "
                   "'%s'",
                   t->name, t->lines.number, t->frame->n_columns, shown(extra, value));
}

/* ---- rows ---- */

/* As many rows as the file will have if it goes on as it began, but not too many at
 * once: the rest may be of another kind. */
static size_t guess_rows(const struct table *t)
{
    double read = (double)stream_bytes_read(t->lines.in);
    double total = (double)stream_bytes_total(t->lines.in);
    double n = (double)t->frame->n_rows;
    double guess = read > 0 ? n * total / read * 1.1 : 0;

    return (size_t)(guess < n * GROWTH_MAX ? guess : n * GROWTH_MAX);
}

static enum lw_status make_room(struct table *t, struct lw_error *err)
{
    size_t cap;

    struct lw_frame *f = t->frame;

    if (f->n_rows < f->cap)
        return LW_OK;
    if (f->n_rows >= ROWS_MAX)
        return lw_fail(err, LW_ELIMIT, "%s:%zu: more than %zu rows", t->name,
                       t->lines.number, ROWS_MAX);
    cap = guess_rows(t);
    if (cap > f->cap + f->cap / 2 && frame_set_capacity(f, cap))
        return LW_OK;
    if (!frame_set_capacity(f, f->cap == 0 ? ROWS_FIRST : f->cap + f->cap / 2))
        return fail_memory(t, err);
    return LW_OK;
}

/* Any cell of a line without quotes, from `cell` on; *stop is what ends it. */
static enum lw_status store_plain_cell(struct table *t, size_t i, const char *cell,
                                       const char *end, const char **stop,
                                       struct lw_error *err)
{
    struct frame_column *c = &t->frame->columns[i];
    const char *p = memchr(cell, t->delimiter, (size_t)(end - cell));
    enum lw_status st;

    *stop = p == NULL ? end : p;
    st = store_field(t, i, csv_trim(cell, (size_t)(*stop - cell)), err);
    if (st == LW_OK && c->type == LW_COLUMN_TEXT && !c->is_dropped) {
        c->again_code = c->codes[t->frame->n_rows];
        c->again = c->dict.words[c->again_code];
        c->n_again = strlen(c->again);
    }
    return st;
}

/* Where the word of the last cell ends, if the cell is the same; else NULL.  No plain
 * cell's word holds a delimiter. */
static inline const char *skip_again(const struct frame_column *c, const char *cell,
                                     const char *end, char delimiter)
{
    size_t n = (size_t)(end - cell);

    if (c->again == NULL || n < c->n_again ||
        (n > c->n_again && cell[c->n_again] != delimiter) ||
        memcmp(cell, c->again, c->n_again) != 0)
        return NULL;
    return cell + c->n_again;
}

/* A line without quotes, cell by cell where it lies. */
static enum lw_status store_plain_row(struct table *t, struct span text,
                                      struct lw_error *err)
{
    struct lw_frame *f = t->frame;
    const char *p = (const char *)text.p;
    const char *end = p + text.n;

    for (size_t i = 0; i < f->n_columns; i++) {
        struct frame_column *c = &f->columns[i];
        const char *cell = p;
        double v;

        if (c->type == LW_COLUMN_TEXT) {
            p = skip_again(c, cell, end, t->delimiter);
            if (p != NULL)
                c->codes[f->n_rows] = c->again_code;
        } else {
            p = c->parse != NULL
                    ? NULL
                    : scan_decimal(cell, end, t->delimiter, &v, &c->is_spelt);
            if (p != NULL)
                c->numbers[f->n_rows] = (float)v;
        }
        if (p == NULL) {
            enum lw_status st = store_plain_cell(t, i, cell, end, &p, err);

            if (st != LW_OK)
                return st;
        }
        if (p == end && i + 1 < f->n_columns)
            return fail_short(t, i + 1, csv_trim(cell, (size_t)(p - cell)), err);
        p++;
    }
    if (p <= end)
        return fail_long(t, csv_trim(p, (size_t)(end - p)), err);
    f->n_rows++;
    return LW_OK;
}

/* The general way: cut the line, then store the fields. */
static enum lw_status store_split_row(struct table *t, struct span text,
                                      struct lw_error *err)
{
    struct lw_frame *f = t->frame;
    const struct csv_line *l = &t->line;
    enum lw_status st = t->format->split != NULL ? t->format->split(t, text, err)
                                                 : table_split(t, text, err);

    if (st != LW_OK || l->n == 0)
        return st;
    if (l->n < f->n_columns)
        return fail_short(t, l->n, l->fields[l->n - 1], err);
    if (l->n > f->n_columns)
        return fail_long(t, l->fields[f->n_columns], err);
    for (size_t i = 0; st == LW_OK && i < f->n_columns; i++)
        st = store_field(t, i, l->fields[i], err);
    if (st == LW_OK)
        f->n_rows++;
    return st;
}

/* What a row that is left out has added. */
static void forget_row(struct lw_frame *f)
{
    for (size_t i = 0; i < f->n_columns; i++) {
        struct frame_column *c = &f->columns[i];

        if (c->changed_row != f->n_rows + 1)
            continue;
        c->changed_row = 0;
        c->again = NULL;
        if (c->type == LW_COLUMN_TEXT) {
            dict_forget_last(&c->dict);
        } else {
            c->n_repaired--;
            f->report.n_repaired--;
        }
    }
    f->report.n_skipped++;
}

static enum lw_status store_row(struct table *t, struct span text, struct lw_error *err)
{
    struct lw_error why;
    enum lw_status st;

    if (t->n_header == text.n && t->header != NULL &&
        memcmp(t->header, text.p, text.n) == 0) {
        t->frame->report.n_headers++;
        return LW_OK;
    }
    st = t->format->split != NULL || memchr(text.p, '"', text.n) != NULL
             ? store_split_row(t, text, &why)
             : store_plain_row(t, text, &why);
    if (st == LW_OK)
        return st;
    if (st == LW_EFORMAT && t->bad_rows == LW_BAD_ROWS_STOP && t->cfg->stopped != NULL)
        *t->cfg->stopped = true;
    if (st != LW_EFORMAT || t->bad_rows == LW_BAD_ROWS_STOP)
        return lw_fail(err, st, "%s", why.msg);
    forget_row(t->frame);
    if (t->cfg->bad_row != NULL)
        t->cfg->bad_row(t->cfg->bad_row_ctx, why.msg);
    return LW_OK;
}

static void tell_rows(const struct table *t)
{
    uint64_t total = stream_bytes_total(t->lines.in);
    double done =
        total > 0 ? (double)stream_bytes_read(t->lines.in) / (double)total : -1;

    t->cfg->rows_read(t->cfg->rows_read_ctx, t->frame->n_rows, done);
}

static enum lw_status read_rows(struct table *t, struct lw_error *err)
{
    struct lw_frame *f = t->frame;
    struct span text = {0};

    while (t->cfg->max_rows == 0 || f->n_rows < t->cfg->max_rows) {
        enum lw_status st = lines_next(&t->lines, &text, err);

        if (st == LW_END)
            break;
        if (t->cfg->rows_read != NULL && t->lines.number % ROWS_PER_WORD == 0)
            tell_rows(t);
        if (st == LW_OK)
            st = make_room(t, err);
        if (st == LW_OK && text.n > 0)
            st = store_row(t, text, err);
        if (st != LW_OK)
            return st;
    }
    if (f->n_rows == 0 && f->report.n_skipped > 0)
        return lw_fail(err, LW_EFORMAT, "%s: none of %llu rows can be read", t->name,
                       (unsigned long long)f->report.n_skipped);
    if (f->n_rows == 0)
        return lw_fail(err, LW_EFORMAT, "%s: a header but no rows", t->name);
    lines_release(&t->lines);
    frame_forget_dropped(f);
    /* Shrinking what fits already cannot fail to fit; if it does, nothing is lost. */
    (void)frame_set_capacity(f, f->n_rows);
    return LW_OK;
}

/* ---- formats ---- */

/* The delimiter that cuts the first line into most fields; quoted ones do not count. */
static char find_delimiter(struct span text)
{
    static const char candidates[] = ",\t;|";
    char best = ',';
    size_t best_n = 0;

    for (const char *c = candidates; *c != '\0'; c++) {
        size_t n = 0;
        bool quoted = false;

        for (size_t i = 0; i < text.n; i++) {
            quoted ^= text.p[i] == '"';
            n += (char)text.p[i] == *c && !quoted ? 1 : 0;
        }
        if (n > best_n) {
            best_n = n;
            best = *c;
        }
    }
    return best;
}

/* What people have and we do not read, by its first byte. */
static enum lw_status refuse_known(const struct table *t, struct span text,
                                   struct lw_error *err)
{
    uint8_t first = 0;

    (void)span_get_u8(text, 0, &first);
    if (first == '[')
        return lw_fail(err, LW_EUNSUPPORTED,
                       "%s:%zu: a list in JSON; an object a line is read: jq -c '.[]' "
                       "makes it of a list",
                       t->name, t->lines.number);
    if (first == '@')
        return lw_fail(err, LW_EUNSUPPORTED,
                       "%s:%zu: an ARFF file; use the .txt or .csv file of the same "
                       "data",
                       t->name, t->lines.number);
    return LW_OK;
}

static enum lw_status choose_format(struct table *t, struct span text,
                                    const char *wanted, struct lw_error *err)
{
    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++) {
        if (wanted != NULL && strcmp(wanted, formats[i]->name) != 0)
            continue;
        if (formats[i]->probe(t, text)) {
            t->format = formats[i];
            return LW_OK;
        }
        if (wanted != NULL)
            return lw_fail(err, LW_EFORMAT, "%s:%zu: not in the format %s", t->name,
                           t->lines.number, wanted);
    }
    if (wanted != NULL)
        return lw_fail(err, LW_EINVAL,
                       "%s: no such table format: use nsl-kdd, kdd99, zeek, zeek-csv, "
                       "binetflow, json or csv",
                       wanted);
    return lw_fail(err, LW_EFORMAT, "%s:%zu: no table", t->name, t->lines.number);
}

static const char *frame_name(const void *ctx, size_t i)
{
    return ((const struct lw_frame *)ctx)->columns[i].name;
}

int lw_frame_find_like(const struct lw_frame *f, const char *name)
{
    return name_find(name, frame_name, f, f->n_columns);
}

/* The column that somebody speaks of. */
static enum lw_status find_named(const struct table *t, const char *what,
                                 const char *name, struct frame_column **out,
                                 struct lw_error *err)
{
    int at = lw_frame_find_like(t->frame, name);

    if (at < 0)
        return lw_fail(err, LW_EINVAL, "%s: no column is called '%.60s' (to be %s)",
                       t->name, name, what);
    *out = &t->frame->columns[at];
    return LW_OK;
}

/* What the schema says of columns that the format has named and typed. */
static enum lw_status apply_schema(struct table *t, struct lw_error *err)
{
    const struct lw_schema *s = t->cfg->schema;
    struct frame_column *c = NULL;
    enum lw_status st = LW_OK;
    size_t n_left = t->frame->n_columns;

    for (size_t i = 0; st == LW_OK && s != NULL && i < s->categorical.n; i++) {
        st = find_named(t, "categorical", s->categorical.items[i], &c, err);
        if (st == LW_OK) {
            c->type = LW_COLUMN_TEXT;
            c->parse = NULL;
        }
    }
    for (size_t i = 0; st == LW_OK && s != NULL && i < s->drop.n; i++) {
        st = find_named(t, "dropped", s->drop.items[i], &c, err);
        if (st != LW_OK || c->is_dropped)
            continue;
        c->is_dropped = true;
        c->type = LW_COLUMN_TEXT; /* the type whose cells nobody parses */
        if (--n_left == 0)
            return lw_fail(err, LW_EINVAL, "%s: every column is dropped", t->name);
    }
    return st;
}

/* Pass over empty lines and the byte order mark some programs begin a file with. */
static enum lw_status find_first_line(struct table *t, struct span *text,
                                      struct lw_error *err)
{
    enum lw_status st;

    do {
        st = lines_next(&t->lines, text, err);
        if (st == LW_OK && text->n >= 3 && memcmp(text->p, "\xef\xbb\xbf", 3) == 0) {
            *text = span_from(*text, 3);
            lines_pass(&t->lines, 3);
        }
    } while (st == LW_OK && text->n == 0);
    if (st == LW_END)
        return lw_fail(err, LW_EFORMAT, "%s: no rows; the file is empty", t->name);
    if (st == LW_OK && memchr(text->p, '\0', text->n) != NULL)
        return lw_fail(err, LW_EFORMAT, "%s:%zu: a NUL byte; is this a text file?",
                       t->name, t->lines.number);
    return st;
}

static enum lw_status read_head(struct table *t, const char *wanted,
                                struct lw_error *err)
{
    struct span text = {0};
    enum lw_status st = find_first_line(t, &text, err);

    if (st != LW_OK)
        return st;
    LW_ASSERT(text.p != NULL);
    t->delimiter = t->cfg->schema != NULL && t->cfg->schema->delimiter != 0
                       ? t->cfg->schema->delimiter
                       : find_delimiter(text);
    st = refuse_known(t, text, err);
    /* An object in JSON is not cut at commas. */
    if (st == LW_OK && text.p[0] != '{')
        st = table_split(t, text, err);
    if (st == LW_OK)
        st = choose_format(t, text, wanted, err);
    if (st == LW_OK)
        st = t->format->begin(t, text, err);
    if (st == LW_OK)
        st = apply_schema(t, err);
    t->frame->report.delimiter = t->delimiter;
    return st;
}

static const char *wanted_format(const struct lw_frame_config *cfg)
{
    return cfg->format == NULL && cfg->schema != NULL ? cfg->schema->format
                                                      : cfg->format;
}

static enum lw_status read_table(struct lw_frame **out, struct stream *in,
                                 const struct lw_frame_config *cfg,
                                 struct lw_error *err)
{
    static const struct lw_frame_config defaults;
    struct table t = {.name = stream_name(in), .cfg = cfg == NULL ? &defaults : cfg};
    struct sha256 *digest = NULL;
    enum lw_status st = LW_OK;

    csv_line_init(&t.line);
    t.bad_rows = t.cfg->schema != NULL && t.cfg->schema->has_bad_rows
                     ? t.cfg->schema->bad_rows
                     : t.cfg->bad_rows;
    digest = t.cfg->no_digest ? NULL : sha256_new();
    lines_init(&t.lines, in, digest);
    t.frame = mem_zalloc(1, sizeof *t.frame);
    if ((digest == NULL && !t.cfg->no_digest) || t.frame == NULL)
        st = lw_fail(err, LW_ENOMEM, "%s: out of memory", t.name);
    if (st == LW_OK)
        st = read_head(&t, wanted_format(t.cfg), err);
    if (st == LW_OK)
        st = read_rows(&t, err);
    if (st == LW_OK) {
        if (digest != NULL)
            sha256_finish(digest, t.frame->digest);
        digest = NULL;
        t.frame->format = t.format->name;
        *out = t.frame;
        t.frame = NULL;
    }
    csv_line_release(&t.line);
    mem_free(t.header);
    sha256_free(digest);
    lw_frame_free(t.frame);
    stream_close(in);
    return st;
}

enum lw_status lw_frame_read(struct lw_frame **out, const char *path,
                             const struct lw_frame_config *cfg, struct lw_error *err)
{
    struct stream *in = NULL;
    enum lw_status st = stream_open(&in, path, err);

    return st == LW_OK ? read_table(out, in, cfg, err) : st;
}

enum lw_status lw_frame_read_memory(struct lw_frame **out, const void *data,
                                    size_t n_bytes, const char *name,
                                    const struct lw_frame_config *cfg,
                                    struct lw_error *err)
{
    struct stream *in = NULL;
    enum lw_status st = stream_open_memory(&in, data, n_bytes, name, err);

    return st == LW_OK ? read_table(out, in, cfg, err) : st;
}

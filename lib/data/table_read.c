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
 * Types never change silently.  A value that does not fit its column is an error that
 * names its place, except where a column had nothing but missing values so far in a
 * format whose types were found by looking: then it becomes text.
 */
#include "base/assert.h"
#include "base/mem.h"
#include "base/numfmt.h"
#include "data/table.h"

#include <math.h>
#include <string.h>
#include <strings.h>

enum { COLUMNS_MAX = 4096, ROWS_FIRST = 1024, VALUE_SHOWN = 40 };

/* Rows are numbered with 32 bits all over the data layer. */
#define ROWS_MAX ((size_t)UINT32_MAX - 1)

/* Tried in this order: the first whose probe likes the first line. */
static const struct table_format *const formats[] = {
    &table_format_nsl_kdd,  &table_format_kdd99,     &table_format_zeek,
    &table_format_zeek_csv, &table_format_binetflow, &table_format_csv,
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

/* A column of missing values becomes text; they all read "" then. */
static enum lw_status become_text(struct table *t, struct frame_column *c,
                                  struct lw_error *err)
{
    uint32_t *codes = mem_zalloc(t->frame->cap, sizeof *codes);
    uint32_t empty;

    if (codes == NULL ||
        (t->frame->n_rows > 0 && !dict_code(&c->dict, "", 0, &empty))) {
        mem_free(codes);
        return fail_memory(t, err);
    }
    mem_free(c->numbers);
    c->numbers = NULL;
    c->codes = codes;
    c->type = LW_COLUMN_TEXT;
    return LW_OK;
}

static bool is_all_missing(const struct lw_frame *f, const struct frame_column *c)
{
    for (size_t i = 0; i < f->n_rows; i++)
        if (!isnan(c->numbers[i]))
            return false;
    return true;
}

/* ---- cells ---- */

static enum lw_status store_text(struct table *t, size_t i, struct csv_field field,
                                 struct lw_error *err)
{
    struct frame_column *c = &t->frame->columns[i];

    if (field.n > 0 && memchr(field.p, '\0', field.n) != NULL)
        return lw_fail(err, LW_EFORMAT,
                       "%s:%zu: column %zu (%s): a NUL byte; is this a text file?",
                       t->name, t->lines.number, i + 1, c->name);
    if (!dict_code(&c->dict, field.p, field.n, &c->codes[t->frame->n_rows]))
        return fail_memory(t, err);
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

static enum lw_status store_field(struct table *t, size_t i, struct csv_field field,
                                  struct lw_error *err)
{
    struct frame_column *c = &t->frame->columns[i];
    frame_parse_fn parse = c->parse != NULL ? c->parse : numfmt_parse;
    enum lw_status st;
    double v;

    if (c->type == LW_COLUMN_TEXT)
        return store_text(t, i, field, err);
    /* What failed to parse may have left anything in v. */
    if (table_field_is_missing(field)) {
        store_number(t->frame, c, (double)NAN);
        return LW_OK;
    }
    if (parse(field.p, field.n, &v)) {
        store_number(t->frame, c, v);
        return LW_OK;
    }
    if (!t->types_by_looking || !is_all_missing(t->frame, c))
        return fail_value(t, i, field, err);
    st = become_text(t, c, err);
    return st == LW_OK ? store_text(t, i, field, err) : st;
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

static enum lw_status make_room(struct table *t, struct lw_error *err)
{
    struct lw_frame *f = t->frame;

    if (f->n_rows < f->cap)
        return LW_OK;
    if (f->n_rows >= ROWS_MAX)
        return lw_fail(err, LW_ELIMIT, "%s:%zu: more than %zu rows", t->name,
                       t->lines.number, ROWS_MAX);
    if (!frame_set_capacity(f, f->cap == 0 ? ROWS_FIRST : f->cap + f->cap / 2))
        return fail_memory(t, err);
    return LW_OK;
}

/* A plain decimal from `p` up to `stop` or `end`.  NULL for any other text.  At most 15
 * digits and 15 decimals make one exact division (Clinger 1990), so the value is the
 * one that numfmt_parse() gives. */
static const char *scan_decimal(const char *p, const char *end, char stop, double *out)
{
    static const double pow10[] = {1e0, 1e1, 1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                   1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};
    const char *start = p;
    const char *point = NULL;
    uint64_t mantissa = 0;
    ptrdiff_t digits;

    for (; p < end && *p != stop; p++) {
        unsigned digit = (unsigned)(*p - '0');

        if (digit <= 9)
            mantissa = mantissa * 10 + digit;
        else if (*p == '.' && point == NULL)
            point = p;
        else
            return NULL;
    }
    digits = p - start - (point != NULL ? 1 : 0);
    if (digits < 1 || digits > 15)
        return NULL;
    *out = (double)mantissa;
    if (point != NULL)
        *out /= pow10[p - point - 1];
    return p;
}

/* A line without quotes, cell by cell where it lies. */
static enum lw_status store_plain_row(struct table *t, struct span text,
                                      struct lw_error *err)
{
    struct lw_frame *f = t->frame;
    const char *p = (const char *)text.p;
    const char *end = p + text.n;
    enum lw_status st;

    for (size_t i = 0; i < f->n_columns; i++) {
        struct frame_column *c = &f->columns[i];
        const char *cell = p;
        double v;

        p = NULL;
        if (c->type == LW_COLUMN_NUMBER && c->parse == NULL)
            p = scan_decimal(cell, end, t->delimiter, &v);
        if (p != NULL) {
            c->numbers[f->n_rows] = (float)v;
        } else {
            p = memchr(cell, t->delimiter, (size_t)(end - cell));
            p = p == NULL ? end : p;
            st = store_field(t, i, csv_trim(cell, (size_t)(p - cell)), err);
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

static enum lw_status read_rows(struct table *t, struct lw_error *err)
{
    struct lw_frame *f = t->frame;
    struct span text = {0};

    while (t->max_rows == 0 || f->n_rows < t->max_rows) {
        enum lw_status st = lines_next(&t->lines, &text, err);

        if (st == LW_END)
            break;
        if (st == LW_OK)
            st = make_room(t, err);
        if (st == LW_OK && text.n > 0)
            st = t->format->split != NULL || memchr(text.p, '"', text.n) != NULL
                     ? store_split_row(t, text, err)
                     : store_plain_row(t, text, err);
        if (st != LW_OK)
            return st;
    }
    if (f->n_rows == 0)
        return lw_fail(err, LW_EFORMAT, "%s: a header but no rows", t->name);
    lines_release(&t->lines);
    /* Shrinking what fits already cannot fail to fit; if it does, nothing is lost. */
    (void)frame_set_capacity(f, f->n_rows);
    return LW_OK;
}

/* ---- formats ---- */

/* The delimiter that cuts the first line into most fields. */
static char find_delimiter(struct span text)
{
    static const char candidates[] = ",\t;|";
    char best = ',';
    size_t best_n = 0;

    for (const char *c = candidates; *c != '\0'; c++) {
        size_t n = 0;

        for (size_t i = 0; i < text.n; i++)
            n += (char)text.p[i] == *c ? 1 : 0;
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
    if (first == '{' || first == '[')
        return lw_fail(err, LW_EUNSUPPORTED,
                       "%s:%zu: JSON; only delimited tables are read: export it as CSV "
                       "with a header line",
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
                       "binetflow or csv",
                       wanted);
    return lw_fail(err, LW_EFORMAT,
                   "%s:%zu: neither a header line nor a KDD record; add a line with "
                   "the column names",
                   t->name, t->lines.number);
}

/* Pass over empty lines and the byte order mark some programs begin a file with. */
static enum lw_status find_first_line(struct table *t, struct span *text,
                                      struct lw_error *err)
{
    enum lw_status st;

    do {
        st = lines_next(&t->lines, text, err);
        if (st == LW_OK && text->n >= 3 && memcmp(text->p, "\xef\xbb\xbf", 3) == 0)
            *text = span_from(*text, 3);
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
    t->delimiter = find_delimiter(text);
    st = refuse_known(t, text, err);
    if (st == LW_OK)
        st = table_split(t, text, err);
    if (st == LW_OK)
        st = choose_format(t, text, wanted, err);
    if (st == LW_OK)
        st = t->format->begin(t, text, err);
    return st;
}

static enum lw_status read_table(struct lw_frame **out, struct stream *in,
                                 const struct lw_frame_config *cfg,
                                 struct lw_error *err)
{
    struct table t = {.name = stream_name(in)};
    struct sha256 *digest = NULL;
    enum lw_status st = LW_OK;

    csv_line_init(&t.line);
    t.max_rows = cfg == NULL ? 0 : cfg->max_rows;
    digest = sha256_new();
    lines_init(&t.lines, in, digest);
    t.frame = mem_zalloc(1, sizeof *t.frame);
    if (digest == NULL || t.frame == NULL)
        st = lw_fail(err, LW_ENOMEM, "%s: out of memory", t.name);
    if (st == LW_OK)
        st = read_head(&t, cfg == NULL ? NULL : cfg->format, err);
    if (st == LW_OK)
        st = read_rows(&t, err);
    if (st == LW_OK) {
        sha256_finish(digest, t.frame->digest);
        digest = NULL;
        t.frame->format = t.format->name;
        *out = t.frame;
        t.frame = NULL;
    }
    csv_line_release(&t.line);
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

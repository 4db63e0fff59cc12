/* SPDX-License-Identifier: Apache-2.0 */
/*
 * flow/flow_reader.c - the engine that reads flow records from text.
 *
 * Rows are cut where they lie in the stream's window; nothing is allocated per row.
 * What a file is, its first line tells:
 *
 *     #separator \x09 ...      a Zeek log; lines of # name the columns, now and again
 *     {"ts": ..., "id.orig_h"  its JSON form
 *     StartTime,Dur,...        any other header with the columns that a format needs
 */
#include "flow_reader.h"

#include "base/assert.h"
#include "base/lines.h"
#include "base/mem.h"

#include <lapwing/flowread.h>
#include <lapwing/labels.h>

#include <stdio.h>
#include <string.h>

enum { VALUE_SHOWN = 40, FIELDS_MAX = 4096, NO_CELL = N_FLOW_CELLS };

/* How a row is cut. */
enum shape { SHAPE_CSV, SHAPE_ZEEK, SHAPE_JSON };

struct lw_flow_reader {
    struct stream *in; /* owned */
    struct lines lines;
    struct csv_line line; /* the fields of the current line */
    const struct flow_text_format *format;
    enum shape shape;
    char delimiter;
    uint8_t *cell_of; /* (n_fields) enum flow_cell or NO_CELL, owned */
    size_t n_fields;
    enum lw_bad_rows bad_rows;
    int64_t latest_start_ns;
    int64_t latest_end_ns;
    struct lw_flow_reader_stats stats;
    atomic_bool stop;
    struct lw_record rec;
    char label[LW_LABEL_MAX + 1];
};

static enum lw_status fail_memory(const struct lw_flow_reader *r, struct lw_error *err)
{
    return lw_fail(err, LW_ENOMEM, "%s: out of memory", stream_name(r->in));
}

/* ---- headers --------------------------------------------------------------------- */

static bool field_is(struct csv_field f, const char *text)
{
    return f.n == strlen(text) && memcmp(f.p, text, f.n) == 0;
}

static bool begins(struct span text, const char *word)
{
    return span_begins(text, word, strlen(word));
}

static bool line_has(const struct csv_line *l, const char *name)
{
    for (size_t i = 0; i < l->n; i++) {
        if (field_is(l->fields[i], name))
            return true;
    }
    return false;
}

/* Does the header in r->line have what a format needs?  `missing`: the first that it
 * does not. */
static bool has_required(const struct lw_flow_reader *r,
                         const struct flow_text_format *format, const char **missing)
{
    for (size_t i = 0; i < format->n_columns; i++) {
        if (format->columns[i].required &&
            !line_has(&r->line, format->columns[i].name)) {
            *missing = format->columns[i].name;
            return false;
        }
    }
    return true;
}

/* The header in r->line becomes the list of what each field means. */
static enum lw_status map_fields(struct lw_flow_reader *r, struct lw_error *err)
{
    const struct flow_text_format *format = r->format;
    uint8_t *cells = NULL;

    if (r->line.n <= FIELDS_MAX)
        cells = mem_resize(r->cell_of, r->line.n + 1, 1);
    if (cells == NULL)
        return fail_memory(r, err);
    r->cell_of = cells;
    r->n_fields = r->line.n;
    for (size_t i = 0; i < r->line.n; i++) {
        cells[i] = NO_CELL;
        for (size_t k = 0; k < format->n_columns; k++) {
            if (field_is(r->line.fields[i], format->columns[k].name))
                cells[i] = (uint8_t)format->columns[k].cell;
        }
    }
    return LW_OK;
}

/* "#fields\tts\tuid\t...": the names into r->line. */
static enum lw_status read_zeek_fields(struct lw_flow_reader *r, struct span text,
                                       struct lw_error *err)
{
    const uint8_t *tab = memchr(text.p, r->delimiter, text.n);
    const char *missing = "ts";
    struct span names;

    if (tab == NULL)
        return lw_fail(err, LW_EFORMAT, "%s:%zu: a #fields line that names nothing",
                       stream_name(r->in), r->lines.number);
    names = span_from(text, (size_t)(tab - text.p) + 1);
    if (csv_line_split_zeek(&r->line, names, r->delimiter) != CSV_OK)
        return fail_memory(r, err);
    if (!has_required(r, r->format, &missing))
        return lw_fail(err, LW_EUNSUPPORTED,
                       "%s:%zu: a Zeek log without the field %s; conn.log is read",
                       stream_name(r->in), r->lines.number, missing);
    return map_fields(r, err);
}

/* "#separator \x09" */
static void read_separator(struct lw_flow_reader *r, struct span text)
{
    unsigned v = '\t';
    char word[8] = "";

    (void)span_copy(span_from(text, strlen("#separator ")), 0, word, 4);
    if (sscanf(word, "\\x%2x", &v) == 1)
        r->delimiter = (char)v;
}

static enum lw_status read_zeek_header(struct lw_flow_reader *r, struct span text,
                                       struct lw_error *err)
{
    if (begins(text, "#separator "))
        read_separator(r, text);
    if (begins(text, "#fields"))
        return read_zeek_fields(r, text, err);
    return LW_OK;
}

/* The delimiter that cuts a line into most fields. */
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

static enum lw_status begin_csv(struct lw_flow_reader *r, struct span text,
                                struct lw_error *err)
{
    static const struct flow_text_format *const formats[] = {&flow_text_binetflow,
                                                             &flow_text_zeek};
    const char *missing;

    r->shape = SHAPE_CSV;
    r->delimiter = find_delimiter(text);
    if (csv_line_split(&r->line, text, r->delimiter, true) == CSV_NO_MEMORY)
        return fail_memory(r, err);
    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++) {
        if (has_required(r, formats[i], &missing)) {
            r->format = formats[i];
            return map_fields(r, err);
        }
    }
    return lw_fail(err, LW_EUNSUPPORTED,
                   "%s: no flow records: its first line is neither the header of a "
                   "binetflow nor that of a conn.log",
                   stream_name(r->in));
}

static enum lw_status begin_json(struct lw_flow_reader *r, struct span text,
                                 struct lw_error *err)
{
    struct flow_cells c = {.bad = N_FLOW_CELLS};

    r->shape = SHAPE_JSON;
    r->format = &flow_text_zeek;
    lines_unread(&r->lines);
    if (flow_cells_of_json(&c, r->format, text) && c.cell[CELL_START].n > 0 &&
        c.cell[CELL_SRC].n > 0)
        return LW_OK;
    return lw_fail(err, LW_EUNSUPPORTED,
                   "%s: no flow records: JSON, but not Zeek's conn.log",
                   stream_name(r->in));
}

/* Is it text at all?  Looking at four bytes does not wait for a line, which a capture
 * that comes through a pipe may not have for long. */
static enum lw_status look(struct lw_flow_reader *r, struct lw_error *err)
{
    struct span ahead;
    enum lw_status st = lines_look_ahead(&r->lines, 4, &ahead, err);

    if (st != LW_OK)
        return st;
    if (begins(ahead, "\xef\xbb\xbf")) { /* a byte order mark */
        r->lines.used = 3;
        return LW_OK;
    }
    for (size_t i = 0; i < ahead.n && i < 4; i++) {
        uint8_t c = ahead.p[i];

        if ((c < ' ' && c != '\t' && c != '\r' && c != '\n') || c >= 0x7f)
            return lw_fail(err, LW_EUNSUPPORTED, "%s: no flow records: not text",
                           stream_name(r->in));
    }
    return LW_OK;
}

static enum lw_status begin(struct lw_flow_reader *r, struct lw_error *err)
{
    struct span text = {0};
    enum lw_status st = look(r, err);

    if (st == LW_OK)
        st = lines_next(&r->lines, &text, err);
    if (st == LW_EFORMAT)
        return lw_fail(err, LW_EUNSUPPORTED, "%s: no flow records: no lines",
                       stream_name(r->in));
    if (st != LW_OK)
        return st;
    if (begins(text, "#separator ") || begins(text, "#fields")) {
        r->shape = SHAPE_ZEEK;
        r->format = &flow_text_zeek;
        r->delimiter = '\t';
        return read_zeek_header(r, text, err);
    }
    return begins(text, "{") ? begin_json(r, text, err) : begin_csv(r, text, err);
}

/* ---- rows ------------------------------------------------------------------------ */

/* A value for a message: short, and without bytes that a terminal would obey. */
static const char *shown(struct csv_field f, char out[VALUE_SHOWN + 1])
{
    size_t n = 0;

    for (; n < f.n && n < VALUE_SHOWN; n++)
        out[n] = (char)(f.p[n] >= ' ' && f.p[n] <= '~' ? f.p[n] : '?');
    out[n] = '\0';
    return out;
}

static const char *name_of_cell(const struct lw_flow_reader *r, enum flow_cell cell)
{
    for (size_t i = 0; i < r->format->n_columns; i++) {
        if (r->format->columns[i].cell == cell)
            return r->format->columns[i].name;
    }
    return "?";
}

/* Number of the column, from 1; 0 in JSON. */
static size_t column_of(const struct lw_flow_reader *r, enum flow_cell cell)
{
    for (size_t i = 0; r->shape != SHAPE_JSON && i < r->n_fields; i++) {
        if (r->cell_of[i] == (uint8_t)cell)
            return i + 1;
    }
    return 0;
}

static enum lw_status fail_value(const struct lw_flow_reader *r,
                                 const struct flow_cells *c, struct lw_error *err)
{
    char value[VALUE_SHOWN + 1];
    char place[32] = "";

    if (column_of(r, c->bad) > 0)
        (void)snprintf(place, sizeof place, "column %zu ", column_of(r, c->bad));
    return lw_fail(err, LW_EFORMAT, "%s:%zu: %s(%s): '%s' is not %s",
                   stream_name(r->in), r->lines.number, place, name_of_cell(r, c->bad),
                   shown(c->cell[c->bad], value), c->wanted);
}

/* The fields of r->line into cells. */
static enum lw_status place_fields(struct lw_flow_reader *r, struct flow_cells *c,
                                   struct lw_error *err)
{
    /* A last value that is empty may be left out together with its separator. */
    if (r->line.n != r->n_fields && r->line.n + 1 != r->n_fields)
        return lw_fail(err, LW_EFORMAT, "%s:%zu: %zu columns where %zu are expected",
                       stream_name(r->in), r->lines.number, r->line.n, r->n_fields);
    for (size_t i = 0; i < r->line.n; i++) {
        if (r->cell_of[i] != NO_CELL)
            c->cell[r->cell_of[i]] = r->line.fields[i];
    }
    return LW_OK;
}

static enum lw_status cut_csv(struct lw_flow_reader *r, struct span text,
                              struct flow_cells *c, struct lw_error *err)
{
    switch (csv_line_split(&r->line, text, r->delimiter, true)) {
    case CSV_OK:
        return place_fields(r, c, err);
    case CSV_NO_MEMORY:
        return fail_memory(r, err);
    case CSV_OPEN_QUOTE:
    case CSV_AFTER_QUOTE:
        break;
    }
    return lw_fail(err, LW_EFORMAT, "%s:%zu: column %zu: quotes that do not match",
                   stream_name(r->in), r->lines.number, r->line.n + 1);
}

static enum lw_status cut_zeek(struct lw_flow_reader *r, struct span text,
                               struct flow_cells *c, struct lw_error *err)
{
    if (r->n_fields == 0)
        return lw_fail(err, LW_EFORMAT, "%s:%zu: a row before the #fields line",
                       stream_name(r->in), r->lines.number);
    if (csv_line_split_zeek(&r->line, text, r->delimiter) != CSV_OK)
        return fail_memory(r, err);
    return place_fields(r, c, err);
}

static enum lw_status cut_row(struct lw_flow_reader *r, struct span text,
                              struct flow_cells *c, struct lw_error *err)
{
    if (r->shape == SHAPE_ZEEK)
        return cut_zeek(r, text, c, err);
    if (r->shape == SHAPE_CSV)
        return cut_csv(r, text, c, err);
    if (flow_cells_of_json(c, r->format, text))
        return LW_OK;
    return lw_fail(err, LW_EFORMAT, "%s:%zu: not an object of JSON", stream_name(r->in),
                   r->lines.number);
}

static void keep_label(struct lw_flow_reader *r, struct csv_field f)
{
    size_t n = flow_field_missing(f) ? 0 : f.n;

    n = n < LW_LABEL_MAX ? n : LW_LABEL_MAX;
    for (size_t i = 0; i < n; i++)
        r->label[i] = (char)((unsigned char)f.p[i] < ' ' ? '?' : f.p[i]);
    r->label[n] = '\0';
}

/* What is missing although a record cannot be without it. */
static enum lw_status fail_missing(struct lw_flow_reader *r, struct flow_cells *c,
                                   struct lw_error *err)
{
    static const enum flow_cell needed[] = {CELL_START, CELL_SRC, CELL_DST, CELL_PROTO};

    for (size_t i = 0; i < sizeof needed / sizeof needed[0]; i++) {
        if (flow_field_missing(c->cell[needed[i]])) {
            flow_cell_note(c, needed[i], "a value, which no record can be without");
            break;
        }
    }
    return fail_value(r, c, err);
}

/* The record of a row, or what is wrong with it. */
static enum lw_status make_record(struct lw_flow_reader *r, struct span text,
                                  bool *is_flow, struct lw_error *err)
{
    struct flow_cells c = {.bad = N_FLOW_CELLS};
    enum lw_status st = cut_row(r, text, &c, err);

    if (st != LW_OK)
        return st;
    memset(&r->rec, 0, sizeof r->rec);
    r->rec.flow_id = r->stats.rows;
    if (!r->format->record(&c, &r->rec))
        return fail_missing(r, &c, err);
    *is_flow = !c.no_flow;
    if (c.n_bad > 0 && r->bad_rows != LW_BAD_ROWS_MISSING)
        return fail_value(r, &c, err);
    if (c.n_bad > 0 && r->stats.unread == 0 && r->stats.left_out == 0) {
        struct lw_error first;

        (void)fail_value(r, &c, &first);
        memcpy(r->stats.first_bad, first.msg, sizeof first.msg);
    }
    r->stats.unread += c.n_bad;
    keep_label(r, c.cell[CELL_LABEL]);
    return LW_OK;
}

/* The next line that is a row. */
static enum lw_status next_row(struct lw_flow_reader *r, struct span *text,
                               struct lw_error *err)
{
    enum lw_status st;

    for (;;) {
        st = lines_next(&r->lines, text, err);
        if (st != LW_OK || atomic_load_explicit(&r->stop, memory_order_relaxed))
            return st == LW_OK ? LW_END : st;
        if (text->n == 0)
            continue;
        if (r->shape != SHAPE_ZEEK || text->p[0] != '#')
            return LW_OK;
        st = read_zeek_header(r, *text, err);
        if (st != LW_OK)
            return st;
    }
}

static void note_times(struct lw_flow_reader *r)
{
    if (r->stats.records++ == 0 || r->rec.start_ns > r->latest_start_ns)
        r->latest_start_ns = r->rec.start_ns;
    if (r->stats.records == 1 || r->rec.end_ns > r->latest_end_ns)
        r->latest_end_ns = r->rec.end_ns;
}

enum lw_status lw_flow_reader_next(struct lw_flow_reader *r,
                                   const struct lw_record **out, struct lw_error *err)
{
    for (;;) {
        struct span text = {0};
        struct lw_error bad;
        bool is_flow = true;
        enum lw_status st = next_row(r, &text, err);

        if (st != LW_OK)
            return st;
        r->stats.rows++;
        st = make_record(r, text, &is_flow, &bad);
        if (st == LW_OK && !is_flow) {
            r->stats.no_flow++;
            continue;
        }
        if (st == LW_OK) {
            note_times(r);
            *out = &r->rec;
            return LW_OK;
        }
        if (st != LW_EFORMAT || r->bad_rows == LW_BAD_ROWS_STOP)
            return lw_fail(err, st, "%s", bad.msg);
        if (r->stats.first_bad[0] == '\0')
            memcpy(r->stats.first_bad, bad.msg, sizeof bad.msg);
        r->stats.left_out++;
    }
}

/* ---- life ------------------------------------------------------------------------ */

static enum lw_status reader_new(struct lw_flow_reader **out, struct stream *in,
                                 const struct lw_flow_reader_config *cfg,
                                 struct lw_error *err)
{
    struct lw_flow_reader *r = mem_zalloc(1, sizeof *r);
    enum lw_status st;

    if (r == NULL) {
        st = lw_fail(err, LW_ENOMEM, "%s: out of memory", stream_name(in));
        stream_close(in);
        return st;
    }
    r->in = in;
    r->bad_rows = cfg == NULL ? LW_BAD_ROWS_STOP : cfg->bad_rows;
    lines_init(&r->lines, in, NULL);
    csv_line_init(&r->line);
    stream_set_stop(in, &r->stop);
    st = begin(r, err);
    if (st == LW_END)
        st = lw_fail(err, LW_EUNSUPPORTED, "%s: no flow records: it is empty",
                     stream_name(in));
    if (st == LW_EUNSUPPORTED) {
        stream_put_back(r->in);
        r->in = NULL;
    }
    if (st != LW_OK) {
        lw_flow_reader_close(r);
        return st;
    }
    *out = r; /* ownership moves to the caller */
    return LW_OK;
}

enum lw_status lw_flow_reader_open(struct lw_flow_reader **out, const char *path,
                                   const struct lw_flow_reader_config *cfg,
                                   struct lw_error *err)
{
    struct stream *in = NULL;
    enum lw_status st = stream_open(&in, path, err);

    return st == LW_OK ? reader_new(out, in, cfg, err) : st;
}

enum lw_status lw_flow_reader_open_memory(struct lw_flow_reader **out, const void *data,
                                          size_t n_bytes, const char *name,
                                          const struct lw_flow_reader_config *cfg,
                                          struct lw_error *err)
{
    struct stream *in = NULL;
    enum lw_status st = stream_open_memory(&in, data, n_bytes, name, err);

    return st == LW_OK ? reader_new(out, in, cfg, err) : st;
}

void lw_flow_reader_close(struct lw_flow_reader *r)
{
    if (r == NULL)
        return;
    csv_line_release(&r->line);
    mem_free(r->cell_of);
    stream_close(r->in);
    mem_free(r);
}

const char *lw_flow_reader_label(const struct lw_flow_reader *r)
{
    return r->label;
}

int64_t lw_flow_reader_watermark_ns(const struct lw_flow_reader *r)
{
    if (r->stats.records == 0)
        return INT64_MIN;
    return r->format->watermark(r->latest_start_ns, r->latest_end_ns);
}

const char *lw_flow_reader_format(const struct lw_flow_reader *r)
{
    return r->format->name;
}

void lw_flow_reader_stop(struct lw_flow_reader *r)
{
    atomic_store_explicit(&r->stop, true, memory_order_relaxed);
}

void lw_flow_reader_get_stats(const struct lw_flow_reader *r,
                              struct lw_flow_reader_stats *out)
{
    *out = r->stats;
    out->bytes_read = stream_bytes_read(r->in);
    out->bytes_total = stream_bytes_total(r->in);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tables into frames.
 *
 * A format is recognised by its first line: KDD'99 and NSL-KDD rows have 41 to 43
 * fields with a protocol in the second and no header; any other table needs a header
 * line.  Column types are found in the first SAMPLE_BYTES: a column is numeric unless a
 * value there is no number; a later value that does not fit is an error that names its
 * place, never a silent change of type.  Rows are parsed where they lie in the
 * stream's window; nothing is allocated per row or field.
 */
#include "base/mem.h"
#include "base/numfmt.h"
#include "base/stream.h"
#include "data/csv_line.h"
#include "data/frame_priv.h"

#include <math.h>
#include <string.h>
#include <strings.h>

enum {
    SAMPLE_BYTES = 128 * 1024,
    LINE_BYTES_MAX = 1024 * 1024,
    COLUMNS_MAX = 4096,
    ROWS_FIRST = 1024,
    N_KDD_FEATURES = 41
};

/* Names of the 41 features, the label and NSL-KDD's difficulty: kddcup.names. */
static const char *const kdd_names[N_KDD_FEATURES + 2] = {"duration",
                                                          "protocol_type",
                                                          "service",
                                                          "flag",
                                                          "src_bytes",
                                                          "dst_bytes",
                                                          "land",
                                                          "wrong_fragment",
                                                          "urgent",
                                                          "hot",
                                                          "num_failed_logins",
                                                          "logged_in",
                                                          "num_compromised",
                                                          "root_shell",
                                                          "su_attempted",
                                                          "num_root",
                                                          "num_file_creations",
                                                          "num_shells",
                                                          "num_access_files",
                                                          "num_outbound_cmds",
                                                          "is_host_login",
                                                          "is_guest_login",
                                                          "count",
                                                          "srv_count",
                                                          "serror_rate",
                                                          "srv_serror_rate",
                                                          "rerror_rate",
                                                          "srv_rerror_rate",
                                                          "same_srv_rate",
                                                          "diff_srv_rate",
                                                          "srv_diff_host_rate",
                                                          "dst_host_count",
                                                          "dst_host_srv_count",
                                                          "dst_host_same_srv_rate",
                                                          "dst_host_diff_srv_rate",
                                                          "dst_host_same_src_port_rate",
                                                          "dst_host_srv_diff_host_rate",
                                                          "dst_host_serror_rate",
                                                          "dst_host_srv_serror_rate",
                                                          "dst_host_rerror_rate",
                                                          "dst_host_srv_rerror_rate",
                                                          "label",
                                                          "difficulty"};

struct table_format {
    const char *name;
    bool (*probe)(const struct csv_line *first);
    const char *const *names; /* NULL: the first line has them */
};

static bool is_kdd_row(const struct csv_line *l)
{
    static const char *const protocols[] = {"tcp", "udp", "icmp"};

    if (l->n < N_KDD_FEATURES || l->n > N_KDD_FEATURES + 2)
        return false;
    for (size_t i = 0; i < 3; i++)
        if (l->fields[1].n == strlen(protocols[i]) &&
            memcmp(l->fields[1].p, protocols[i], l->fields[1].n) == 0)
            return true;
    return false;
}

static bool probe_nsl_kdd(const struct csv_line *l)
{
    return is_kdd_row(l) && l->n == N_KDD_FEATURES + 2;
}

static bool probe_kdd99(const struct csv_line *l)
{
    return is_kdd_row(l) && l->n <= N_KDD_FEATURES + 1;
}

/* A header has names, and no name is a number. */
static bool probe_header(const struct csv_line *l)
{
    double v;

    for (size_t i = 0; i < l->n; i++)
        if (numfmt_parse(l->fields[i].p, l->fields[i].n, &v))
            return false;
    return l->n > 0;
}

static const struct table_format formats[] = {
    {"nsl-kdd", probe_nsl_kdd, kdd_names},
    {"kdd99", probe_kdd99, kdd_names},
    {"csv", probe_header, NULL},
};

struct reader {
    struct stream *in;     /* owned */
    const char *name;      /* borrowed from the stream */
    struct sha256 *digest; /* owned */
    struct csv_line line;
    size_t line_number;
    char delimiter;
    struct lw_frame *frame; /* owned until handed over */
    const struct table_format *format;
    uint64_t max_rows;
};

/* The next line without its end, or LW_END.  *taken is its length with its end. */
static enum lw_status next_line(struct reader *r, struct span *text, size_t *taken,
                                struct lw_error *err)
{
    size_t want = 1;

    for (;;) {
        struct span have;
        enum lw_status st = stream_peek(r->in, want, &have, err);
        const uint8_t *end;

        if (st != LW_OK)
            return st;
        if (have.n == 0)
            return LW_END;
        end = memchr(have.p, '\n', have.n);
        if (end != NULL || have.n < want) {
            size_t n = end == NULL ? have.n : (size_t)(end - have.p);

            *text = span_first(have, n);
            *taken = end == NULL ? n : n + 1;
            r->line_number++;
            return LW_OK;
        }
        if (have.n >= LINE_BYTES_MAX)
            return lw_fail(err, LW_EFORMAT,
                           "%s:%zu: a line of over %d bytes; is this a table?", r->name,
                           r->line_number + 1, LINE_BYTES_MAX);
        want = have.n + 1;
    }
}

static void consume(struct reader *r, struct span text, size_t taken)
{
    sha256_add(r->digest, text.p, taken);
    stream_skip(r->in, taken);
}

static enum lw_status split_line(struct reader *r, struct span text,
                                 struct lw_error *err)
{
    switch (csv_line_split(&r->line, text, r->delimiter)) {
    case CSV_OK:
        return LW_OK;
    case CSV_NO_MEMORY:
        return lw_fail(err, LW_ENOMEM, "%s:%zu: out of memory", r->name,
                       r->line_number);
    case CSV_OPEN_QUOTE:
        break;
    }
    return lw_fail(err, LW_EFORMAT, "%s:%zu: a quoted field does not end on its line",
                   r->name, r->line_number);
}

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

static enum lw_status choose_format(struct reader *r, const char *wanted,
                                    struct lw_error *err)
{
    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++) {
        if (wanted != NULL && strcmp(wanted, formats[i].name) != 0)
            continue;
        if (formats[i].probe(&r->line)) {
            r->format = &formats[i];
            return LW_OK;
        }
        if (wanted != NULL)
            return lw_fail(err, LW_EFORMAT, "%s:%zu: not in the format %s", r->name,
                           r->line_number, wanted);
    }
    if (wanted != NULL)
        return lw_fail(err, LW_EINVAL,
                       "%s: no such table format: use nsl-kdd, kdd99 or csv", wanted);
    return lw_fail(
        err, LW_EFORMAT,
        "%s:%zu: neither a header line nor a KDD record; add a line with the "
        "column names",
        r->name, r->line_number);
}

static enum lw_status name_columns(struct reader *r, struct lw_error *err)
{
    struct lw_frame *f = r->frame;

    if (r->line.n > COLUMNS_MAX)
        return lw_fail(err, LW_EFORMAT, "%s:%zu: %zu columns; at most %d are read",
                       r->name, r->line_number, r->line.n, COLUMNS_MAX);
    f->columns = mem_zalloc(r->line.n, sizeof *f->columns);
    if (f->columns == NULL)
        return lw_fail(err, LW_ENOMEM, "%s: out of memory", r->name);
    f->n_columns = r->line.n;
    for (size_t i = 0; i < f->n_columns; i++) {
        f->columns[i].name =
            r->format->names != NULL
                ? mem_strdup(r->format->names[i])
                : mem_strndup(r->line.fields[i].p, r->line.fields[i].n);
        if (f->columns[i].name == NULL)
            return lw_fail(err, LW_ENOMEM, "%s: out of memory", r->name);
        dict_init(&f->columns[i].dict);
    }
    return LW_OK;
}

static bool is_missing(struct csv_field f)
{
    return f.n == 0 || (f.n == 1 && (*f.p == '?' || *f.p == '-')) ||
           (f.n == 2 && strncasecmp(f.p, "NA", 2) == 0) ||
           (f.n == 4 && strncasecmp(f.p, "null", 4) == 0);
}

/* Mark as text every column with a value in the sample that is no number. */
static enum lw_status find_types(struct reader *r, struct lw_error *err)
{
    struct lw_frame *f = r->frame;
    struct span sample;
    enum lw_status st = stream_peek(r->in, SAMPLE_BYTES, &sample, err);
    double v;

    if (st != LW_OK)
        return st;
    sample = span_first(sample, SAMPLE_BYTES);
    while (sample.n > 0) {
        const uint8_t *end = memchr(sample.p, '\n', sample.n);
        size_t n = end == NULL ? sample.n : (size_t)(end - sample.p);

        /* A cut-off last line would show wrong values; a damaged one is reported
         * with its number when the rows are read. */
        if (end == NULL && sample.n == SAMPLE_BYTES)
            break;
        if (csv_line_split(&r->line, span_first(sample, n), r->delimiter) == CSV_OK)
            for (size_t i = 0; i < r->line.n && i < f->n_columns; i++)
                if (!is_missing(r->line.fields[i]) &&
                    !numfmt_parse(r->line.fields[i].p, r->line.fields[i].n, &v))
                    f->columns[i].type = LW_COLUMN_TEXT;
        sample = span_from(sample, end == NULL ? n : n + 1);
    }
    return LW_OK;
}

static enum lw_status grow_rows(struct reader *r, struct lw_error *err)
{
    struct lw_frame *f = r->frame;
    size_t cap = f->cap == 0 ? ROWS_FIRST : f->cap + f->cap / 2;

    for (size_t i = 0; i < f->n_columns; i++) {
        struct frame_column *c = &f->columns[i];
        bool text = c->type == LW_COLUMN_TEXT;
        void *p = mem_resize(text ? (void *)c->codes : (void *)c->numbers, cap,
                             sizeof(float));

        if (p == NULL)
            return lw_fail(err, LW_ENOMEM, "%s: out of memory after %zu rows", r->name,
                           f->n_rows);
        if (text)
            c->codes = p;
        else
            c->numbers = p;
    }
    f->cap = cap;
    return LW_OK;
}

static enum lw_status store_field(struct reader *r, size_t i, struct lw_error *err)
{
    struct frame_column *c = &r->frame->columns[i];
    struct csv_field field = r->line.fields[i];
    size_t row = r->frame->n_rows;
    double v = (double)NAN;

    if (c->type == LW_COLUMN_TEXT) {
        if (!dict_code(&c->dict, field.p, field.n, &c->codes[row]))
            return lw_fail(err, LW_ENOMEM, "%s:%zu: out of memory", r->name,
                           r->line_number);
        return LW_OK;
    }
    if (!numfmt_parse(field.p, field.n, &v) && !is_missing(field))
        return lw_fail(err, LW_EFORMAT,
                       "%s:%zu: column %zu (%s): '%.*s' is not a number", r->name,
                       r->line_number, i + 1, c->name,
                       (int)(field.n < 40 ? field.n : 40), field.p);
    c->numbers[row] = (float)v;
    return LW_OK;
}

static enum lw_status store_row(struct reader *r, struct lw_error *err)
{
    struct lw_frame *f = r->frame;
    enum lw_status st = LW_OK;

    if (r->line.n == 0)
        return LW_OK;
    if (r->line.n != f->n_columns)
        return lw_fail(err, LW_EFORMAT, "%s:%zu: %zu columns where %zu are expected",
                       r->name, r->line_number, r->line.n, f->n_columns);
    if (f->n_rows == f->cap)
        st = grow_rows(r, err);
    for (size_t i = 0; st == LW_OK && i < f->n_columns; i++)
        st = store_field(r, i, err);
    if (st == LW_OK)
        f->n_rows++;
    return st;
}

/* The first line that is not empty decides format, delimiter and columns. */
static enum lw_status read_head(struct reader *r, const char *wanted,
                                struct lw_error *err)
{
    struct span text;
    size_t taken;
    enum lw_status st;

    for (;;) {
        st = next_line(r, &text, &taken, err);
        if (st == LW_END)
            return lw_fail(err, LW_EFORMAT, "%s: no rows; the file is empty", r->name);
        if (st != LW_OK)
            return st;
        if (text.n > 0 && !(text.n == 1 && text.p[0] == '\r'))
            break;
        consume(r, text, taken);
    }
    r->delimiter = find_delimiter(text);
    st = split_line(r, text, err);
    if (st == LW_OK)
        st = choose_format(r, wanted, err);
    if (st == LW_OK)
        st = name_columns(r, err);
    if (st != LW_OK)
        return st;
    r->frame->format = r->format->name;
    if (r->format->names == NULL)
        consume(r, text, taken);
    else
        r->line_number--; /* the first line is a row and is read again */
    return find_types(r, err);
}

static enum lw_status read_rows(struct reader *r, struct lw_error *err)
{
    for (;;) {
        struct span text;
        size_t taken;
        enum lw_status st = next_line(r, &text, &taken, err);

        if (st == LW_END)
            break;
        if (st == LW_OK)
            st = split_line(r, text, err);
        if (st == LW_OK)
            st = store_row(r, err);
        if (st != LW_OK)
            return st;
        consume(r, text, taken);
        if (r->max_rows != 0 && r->frame->n_rows >= r->max_rows)
            break;
    }
    if (r->frame->n_rows == 0)
        return lw_fail(err, LW_EFORMAT, "%s: a header but no rows", r->name);
    return LW_OK;
}

static enum lw_status read_frame(struct lw_frame **out, struct stream *in,
                                 const struct lw_frame_config *cfg,
                                 struct lw_error *err)
{
    struct reader r = {.in = in, .name = stream_name(in)};
    enum lw_status st = LW_OK;

    csv_line_init(&r.line);
    r.max_rows = cfg == NULL ? 0 : cfg->max_rows;
    r.digest = sha256_new();
    r.frame = mem_zalloc(1, sizeof *r.frame);
    if (r.digest == NULL || r.frame == NULL)
        st = lw_fail(err, LW_ENOMEM, "%s: out of memory", r.name);
    if (st == LW_OK)
        st = read_head(&r, cfg == NULL ? NULL : cfg->format, err);
    if (st == LW_OK)
        st = read_rows(&r, err);
    if (st == LW_OK) {
        sha256_finish(r.digest, r.frame->digest);
        r.digest = NULL;
        *out = r.frame;
        r.frame = NULL;
    }
    csv_line_release(&r.line);
    sha256_free(r.digest);
    lw_frame_free(r.frame);
    stream_close(in);
    return st;
}

enum lw_status lw_frame_read(struct lw_frame **out, const char *path,
                             const struct lw_frame_config *cfg, struct lw_error *err)
{
    struct stream *in = NULL;
    enum lw_status st = stream_open(&in, path, err);

    return st == LW_OK ? read_frame(out, in, cfg, err) : st;
}

enum lw_status lw_frame_read_memory(struct lw_frame **out, const void *data,
                                    size_t n_bytes, const char *name,
                                    const struct lw_frame_config *cfg,
                                    struct lw_error *err)
{
    struct stream *in = NULL;
    enum lw_status st = stream_open_memory(&in, data, n_bytes, name, err);

    return st == LW_OK ? read_frame(out, in, cfg, err) : st;
}

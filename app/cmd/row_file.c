/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/row_file.h"

#include "base/assert.h"
#include "base/buf.h"
#include "base/mem.h"
#include "base/outfile.h"
#include "cmd/features_describe.h"
#include "cmd/features_key.h"

#include <errno.h>
#include <math.h>
#include <string.h>

/* A row of the widest view is below 4 kB. */
enum {
    LINE_MAX_BYTES = 16384,
    LABEL_ROOM = 1024,
    COLUMNS_MAX = 256,
    NPY_HEADER_BYTES = 128
};

struct row_file {
    struct row_file_config cfg;
    struct outfile *out; /* owned */
    struct outfile
        *beside; /* owned; NumPy: keys and labels; NULL: none are asked for */
    uint64_t n_rows;
};

static bool ends_with(const char *text, const char *end)
{
    size_t n = strlen(text);

    return n >= strlen(end) && strcmp(text + n - strlen(end), end) == 0;
}

/* ---- CSV ------------------------------------------------------------------------ */

/* The line's `n` bytes of keys, and what fill_line() put behind them. */
static void csv_end(const struct row_file *f, FILE *out, char *line, size_t n,
                    const char *label)
{
    LW_ASSERT(n + LABEL_ROOM < LINE_MAX_BYTES);
    if (f->cfg.label)
        n = features_put_label(line, n, label);
    (void)fwrite(line, 1, n, out);
}

static void csv_begin(struct row_file *f)
{
    char line[LINE_MAX_BYTES];
    size_t n = f->cfg.keys ? features_key_header(line) : 0;

    if (f->cfg.no_header)
        return;
    n += lw_view_csv_header(f->cfg.view, line + n, sizeof line - n);
    csv_end(f, outfile_stream(f->out), line, n, "label");
}

static void csv_put(struct row_file *f, const struct lw_row *row, const float *values,
                    const char *label)
{
    char line[LINE_MAX_BYTES];
    size_t n = f->cfg.keys ? features_key(row->rec, line) : 0;

    n += lw_view_csv_row(f->cfg.view, values, line + n, sizeof line - n);
    csv_end(f, outfile_stream(f->out), line, n, label);
}

/* ---- NumPy ---------------------------------------------------------------------- */

/*
 *     0    6  "\x93NUMPY"
 *     6    2  1, 0: version
 *     8    2  bytes of what follows up to the data
 *    10  ...  a dictionary in Python's notation, blanks, a line end: the data begin at
 * a multiple of 64
 *
 * The length does not depend on the number of rows, so that the header can be written
 * again over itself.
 */
static void npy_header(const struct row_file *f)
{
    enum { FIXED = 10 };
    char text[NPY_HEADER_BYTES + 1];
    uint8_t begin[FIXED] = {0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0};
    size_t room = NPY_HEADER_BYTES - FIXED;
    int n = snprintf(text, sizeof text,
                     "{'descr': '<f4', 'fortran_order': False, 'shape': (%llu, %u), }",
                     (unsigned long long)f->n_rows, (unsigned)f->cfg.view->n_features);

    LW_ASSERT(n > 0 && (size_t)n < room);
    memset(text + n, ' ', room - (size_t)n);
    text[room - 1] = '\n';
    begin[8] = (uint8_t)room;
    (void)fwrite(begin, 1, sizeof begin, outfile_stream(f->out));
    (void)fwrite(text, 1, room, outfile_stream(f->out));
}

static enum lw_status go_back(const struct row_file *f, struct lw_error *err)
{
    errno = 0;
    if (fseek(outfile_stream(f->out), 0, SEEK_SET) == 0)
        return LW_OK;
    return lw_fail(err, LW_EIO,
                   "%s: cannot go back to its header: %s; NumPy's form needs a file",
                   f->cfg.path, strerror(errno));
}

/* "rows.npy" -> "rows.json", "rows" -> "rows.json" */
static enum lw_status open_beside(const struct row_file *f, const char *end,
                                  struct outfile **out, struct lw_error *err)
{
    const char *path = f->cfg.path;
    struct buf name;
    enum lw_status st;

    buf_init(&name);
    buf_add(&name, path, strlen(path) - (ends_with(path, ".npy") ? 4 : 0));
    buf_printf(&name, "%s", end);
    st = buf_ok(&name) ? outfile_open(out, buf_text(&name), err)
                       : lw_fail(err, LW_ENOMEM, "%s: out of memory", path);
    buf_release(&name);
    return st;
}

static enum lw_status write_schema(const struct row_file *f, struct lw_error *err)
{
    struct outfile *out = NULL;
    enum lw_status st = open_beside(f, ".json", &out, err);

    if (st == LW_OK)
        st = features_schema_json(outfile_stream(out), f->cfg.view, f->n_rows, err);
    if (st == LW_OK)
        return outfile_commit(out, err);
    outfile_abort(out);
    return st;
}

/* Keys end with a comma, a label begins with one. */
static void beside_put(struct row_file *f, char *line, size_t n, const char *label)
{
    if (n > 0)
        line[n - 1] = '\n';
    else
        line[n++] = '\n';
    if (f->cfg.keys) {
        csv_end(f, outfile_stream(f->beside), line, n, label);
    } else {
        n = features_put_label(line, n, label);
        (void)fwrite(line + 1, 1, n - 1, outfile_stream(f->beside));
    }
}

static enum lw_status beside_begin(struct row_file *f, struct lw_error *err)
{
    char line[LINE_MAX_BYTES];
    enum lw_status st;

    if (!f->cfg.keys && !f->cfg.label)
        return LW_OK;
    st = open_beside(f, ".csv", &f->beside, err);
    if (st == LW_OK && !f->cfg.no_header)
        beside_put(f, line, f->cfg.keys ? features_key_header(line) : 0, "label");
    return st;
}

static enum lw_status beside_end(struct row_file *f, struct lw_error *err)
{
    enum lw_status st = LW_OK;

    if (f->beside != NULL)
        st = outfile_commit(f->beside, err);
    f->beside = NULL;
    return st;
}

/* A device has no name to put a schema beside. */
static bool is_device(const char *path)
{
    return strncmp(path, "/dev/", 5) == 0;
}

static enum lw_status npy_begin(struct row_file *f, struct lw_error *err)
{
    enum lw_status st = go_back(f, err);

    if (st != LW_OK)
        return st;
    npy_header(f);
    return is_device(f->cfg.path) ? LW_OK : beside_begin(f, err);
}

/* Little-endian, whatever the machine is. */
static void write_floats(const float *values, size_t n, FILE *out)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    (void)fwrite(values, sizeof *values, n, out);
#else
    for (size_t i = 0; i < n; i++) {
        uint8_t bytes[sizeof *values];
        uint32_t bits;

        memcpy(&bits, &values[i], sizeof bits);
        for (unsigned b = 0; b < sizeof bytes; b++)
            bytes[b] = (uint8_t)(bits >> (8 * b));
        (void)fwrite(bytes, 1, sizeof bytes, out);
    }
#endif
}

static void npy_put(struct row_file *f, const struct lw_row *row, const float *values,
                    const char *label)
{
    write_floats(values, f->cfg.view->n_features, outfile_stream(f->out));
    if (f->beside != NULL) {
        char line[LINE_MAX_BYTES];

        beside_put(f, line, f->cfg.keys ? features_key(row->rec, line) : 0, label);
    }
}

static enum lw_status npy_end(struct row_file *f, struct lw_error *err)
{
    enum lw_status st = go_back(f, err);

    if (st != LW_OK)
        return st;
    npy_header(f);
    if (is_device(f->cfg.path))
        return LW_OK;
    st = write_schema(f, err);
    return st == LW_OK ? beside_end(f, err) : st;
}

/* ---- either --------------------------------------------------------------------- */

static bool is_npy(const struct row_file *f)
{
    return f->cfg.format == ROW_FORMAT_NPY;
}

static enum lw_status begin(struct row_file *f, struct lw_error *err)
{
    if (is_npy(f) && strcmp(f->cfg.path, "-") == 0)
        return lw_fail(err, LW_EINVAL, "NumPy's form needs a file: name one with -w");
    return outfile_open(&f->out, f->cfg.path, err);
}

enum lw_status row_file_open(struct row_file **out, const struct row_file_config *cfg,
                             struct lw_error *err)
{
    struct row_file *f = mem_zalloc(1, sizeof *f);
    enum lw_status st;

    LW_ASSERT(cfg->view->n_features <= COLUMNS_MAX);
    if (f == NULL)
        return lw_fail(err, LW_ENOMEM, "%s: out of memory", cfg->path);
    f->cfg = *cfg;
    if (cfg->format == ROW_FORMAT_BY_NAME)
        f->cfg.format = ends_with(cfg->path, ".npy") ? ROW_FORMAT_NPY : ROW_FORMAT_CSV;
    st = begin(f, err);
    if (st == LW_OK && is_npy(f))
        st = npy_begin(f, err);
    if (st != LW_OK) {
        row_file_abort(f);
        return st;
    }
    if (!is_npy(f))
        csv_begin(f);
    *out = f;
    return LW_OK;
}

void row_file_put(struct row_file *f, const struct lw_row *row, const char *label)
{
    const float *values = row->values;
    float filled[COLUMNS_MAX];

    if (f->cfg.zero) {
        for (unsigned i = 0; i < f->cfg.view->n_features; i++)
            filled[i] = isnan(values[i]) ? 0.0f : values[i];
        values = filled;
    }
    f->n_rows++;
    if (is_npy(f))
        npy_put(f, row, values, label);
    else
        csv_put(f, row, values, label);
}

FILE *row_file_stream(struct row_file *f)
{
    return outfile_stream(f->out);
}

enum lw_status row_file_commit(struct row_file *f, struct lw_error *err)
{
    enum lw_status st = LW_OK;

    if (is_npy(f) && !ferror(outfile_stream(f->out)))
        st = npy_end(f, err);
    if (st != LW_OK) {
        row_file_abort(f);
        return st;
    }
    st = outfile_commit(f->out, err);
    mem_free(f);
    return st;
}

void row_file_abort(struct row_file *f)
{
    if (f == NULL)
        return;
    outfile_abort(f->out);
    outfile_abort(f->beside);
    mem_free(f);
}

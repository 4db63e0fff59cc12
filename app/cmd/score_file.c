/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A row takes a line: quoted fields hold no line end.  So the lines can be passed on
 * without taking them apart, and what a reader does not keep of them (spelling,
 * quotes, digits) stays as it was.
 */
#include "cmd/score_file.h"

#include "base/buf.h"
#include "base/json.h"
#include "base/jsonw.h"
#include "base/lines.h"
#include "base/mem.h"
#include "base/numfmt.h"
#include "base/outfile.h"
#include "base/stream.h"

#include <lapwing/schema.h>

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { N_ADDED = 3, NAME_BYTES = 32, JSON_DEPTH_MAX = 16 };

static const char *const added[N_ADDED] = {"label", "score", "p_value"};

/* One writing. */
struct writing {
    const struct score_file *s;
    FILE *out;
    char delimiter;
    bool is_json;
    bool in_rows;
    struct buf header; /* the first line, owned */
    size_t at;         /* next row */
};

/* ---- header ---- */

/* A name that no column of the table has, be it a little like it. */
static void name_of(const struct lw_frame *f, size_t i, char out[NAME_BYTES])
{
    bool taken = lw_frame_find_like(f, added[i]) >= 0;

    (void)snprintf(out, NAME_BYTES, "%s%s", taken ? "predicted_" : "", added[i]);
}

static void put_line(const struct writing *w, struct span line)
{
    (void)fwrite(line.p, 1, line.n, w->out);
}

static void put_names(const struct writing *w, struct span line)
{
    put_line(w, line);
    for (size_t i = 0; i < N_ADDED; i++) {
        char name[NAME_BYTES];

        name_of(w->s->frame, i, name);
        (void)fprintf(w->out, "%c%s", w->delimiter, name);
    }
    (void)fputc('\n', w->out);
}

static bool starts_with(struct span line, const char *text)
{
    size_t n = strlen(text);

    return line.n >= n && memcmp(line.p, text, n) == 0;
}

/* Of a Zeek log. */
static void put_comment(const struct writing *w, struct span line)
{
    if (starts_with(line, "#fields")) {
        put_names(w, line);
        return;
    }
    put_line(w, line);
    if (starts_with(line, "#types"))
        (void)fprintf(w->out, "%cstring%cdouble%cdouble", w->delimiter, w->delimiter,
                      w->delimiter);
    (void)fputc('\n', w->out);
}

/* ---- rows ---- */

/* A word is quoted where it must be. */
static void put_word(const struct writing *w, const char *word)
{
    bool plain = strchr(word, w->delimiter) == NULL && strpbrk(word, "\"\r\n") == NULL;

    if (plain) {
        (void)fputs(word, w->out);
        return;
    }
    (void)fputc('"', w->out);
    for (; *word != '\0'; word++) {
        if (*word == '"')
            (void)fputc('"', w->out);
        (void)fputc(*word, w->out);
    }
    (void)fputc('"', w->out);
}

static void put_row(struct writing *w, struct span line)
{
    struct score_row row = {0};
    char number[NUMFMT_MAX];

    w->s->get(w->s->ctx, w->at++, &row);
    put_line(w, line);
    (void)fputc(w->delimiter, w->out);
    if (row.label != NULL)
        put_word(w, row.label);
    (void)fputc(w->delimiter, w->out);
    if (row.label != NULL && numfmt_f32(row.score, number) > 0)
        (void)fputs(number, w->out);
    (void)fputc(w->delimiter, w->out);
    if (row.label != NULL && !isnan(row.p_value) && numfmt_f32(row.p_value, number) > 0)
        (void)fputs(number, w->out);
    (void)fputc('\n', w->out);
}

/* ---- JSON lines ---- */

/* An event of Suricata that is no flow, and so was no row. */
static bool is_other_event(struct span line)
{
    struct json_doc *doc = NULL;
    struct lw_error err;
    const char *type;
    bool is_other;

    if (json_parse(&doc, line.p, line.n, JSON_DEPTH_MAX, &err) != LW_OK)
        return false;
    type = json_text(json_get(json_root(doc), "event_type"));
    is_other = type != NULL && strcmp(type, "flow") != 0;
    json_free(doc);
    return is_other;
}

/* The object gets three members more. */
static bool put_members(struct writing *w, struct span line)
{
    struct score_row row = {0};
    char name[N_ADDED][NAME_BYTES];
    struct jsonw json;
    struct buf text;
    bool ok;

    for (size_t i = 0; i < N_ADDED; i++)
        name_of(w->s->frame, i, name[i]);
    w->s->get(w->s->ctx, w->at++, &row);
    buf_init(&text);
    jsonw_init(&json, &text);
    jsonw_object(&json);
    if (row.label != NULL) {
        jsonw_put_text(&json, name[0], row.label);
        jsonw_put_f64(&json, name[1], (double)row.score);
        jsonw_put_f64(&json, name[2], (double)row.p_value);
    }
    jsonw_object_end(&json);
    ok = buf_ok(&text);
    while (line.n > 0 && line.p[line.n - 1] != '}')
        line.n--;
    if (ok && row.label != NULL && line.n > 0) {
        line.n--;
        put_line(w, line);
        (void)fprintf(w->out, ",%s\n", buf_text(&text) + 1);
    }
    buf_release(&text);
    return ok;
}

static bool is_header(const struct writing *w, struct span line)
{
    return w->header.len > 0 && w->header.len == line.n &&
           memcmp(w->header.data, line.p, line.n) == 0;
}

static enum lw_status take_line(struct writing *w, struct span line, size_t number,
                                struct lw_error *err)
{
    bool is_zeek = strcmp(lw_frame_format(w->s->frame), "zeek") == 0;

    if (line.n == 0)
        return LW_OK;
    if (w->is_json && is_other_event(line)) {
        put_line(w, line);
        (void)fputc('\n', w->out);
        return LW_OK;
    }
    if (is_zeek && line.p[0] == '#') {
        put_comment(w, line);
        return LW_OK;
    }
    if (!w->in_rows) {
        buf_add(&w->header, line.p, line.n);
        put_names(w, line);
        w->in_rows = true;
        return buf_ok(&w->header) ? LW_OK : lw_fail(err, LW_ENOMEM, "out of memory");
    }
    if (is_header(w, line))
        return LW_OK; /* as often where files were put together */
    if (w->at == lw_frame_rows(w->s->frame))
        return lw_fail(err, LW_EFORMAT, "%s:%zu: no row of the table as it was read",
                       w->s->input, number);
    if (w->is_json)
        return put_members(w, line) ? LW_OK : lw_fail(err, LW_ENOMEM, "out of memory");
    put_row(w, line);
    return LW_OK;
}

static enum lw_status pass_lines(struct writing *w, struct stream *in,
                                 struct lw_error *err)
{
    struct lines l;
    struct span line;
    enum lw_status st;

    lines_init(&l, in, NULL);
    while ((st = lines_next(&l, &line, err)) == LW_OK) {
        st = take_line(w, line, l.number, err);
        if (st != LW_OK)
            return st;
    }
    if (st == LW_END && w->at < lw_frame_rows(w->s->frame))
        return lw_fail(err, LW_EFORMAT, "%s: changed while it was read", w->s->input);
    return st == LW_END ? LW_OK : st;
}

/* ---- the whole ---- */

static enum lw_status check(const struct score_file *s,
                            const struct lw_read_report *report, struct lw_error *err)
{
    if (report->n_skipped > 0)
        return lw_fail(err, LW_EINVAL,
                       "%s: %llu rows could not be read, and to score a table all of "
                       "them are wanted; repair or remove them",
                       s->input, (unsigned long long)report->n_skipped);
    return LW_OK;
}

enum lw_status score_file_write(const struct score_file *s, struct lw_error *err)
{
    struct lw_read_report report;
    struct writing w = {.s = s};
    struct stream *in = NULL;
    struct outfile *out = NULL;
    enum lw_status st;

    lw_frame_read_report(s->frame, &report);
    st = check(s, &report, err);
    if (st == LW_OK)
        st = stream_open(&in, s->input, err);
    if (st == LW_OK)
        st = outfile_open(&out, s->output, err);
    if (st == LW_OK) {
        buf_init(&w.header);
        w.out = outfile_stream(out);
        w.delimiter = report.delimiter;
        w.is_json = strcmp(lw_frame_format(s->frame), "json") == 0;
        w.in_rows =
            !report.has_header || strcmp(lw_frame_format(s->frame), "zeek") == 0;
        st = pass_lines(&w, in, err);
        buf_release(&w.header);
        if (st == LW_OK)
            st = outfile_commit(out, err);
        else
            outfile_abort(out);
    }
    stream_close(in);
    return st;
}

enum lw_status score_spool(char path[SCORE_PATH_MAX], struct lw_error *err)
{
    static char bytes[64 * 1024];
    const char *folder = getenv("TMPDIR");
    char name[4096];
    FILE *f = NULL;
    size_t n;
    int fd;

    (void)snprintf(name, sizeof name, "%s/lapwing-XXXXXX",
                   folder == NULL || folder[0] == '\0' ? "/tmp" : folder);
    fd = mkstemp(name);
    if (fd >= 0) {
        (void)unlink(name);
        f = fdopen(fd, "w+");
    }
    if (f == NULL)
        return lw_fail(err, LW_EIO, "%s: cannot keep standard input: %s", name,
                       strerror(errno));
    while ((n = fread(bytes, 1, sizeof bytes, stdin)) > 0)
        if (fwrite(bytes, 1, n, f) < n)
            break;
    if (fflush(f) != 0 || ferror(f) || ferror(stdin))
        return lw_fail(err, LW_EIO, "%s: cannot keep standard input: %s", name,
                       strerror(errno));
    /* Left open: it goes when the program does. */
    (void)snprintf(path, SCORE_PATH_MAX, "/dev/fd/%d", fd);
    return LW_OK;
}

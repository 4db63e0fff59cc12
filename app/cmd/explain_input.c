/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/explain_input.h"

#include "base/buf.h"
#include "base/stream.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { INPUT_BYTES_MAX = 64 << 20, JSON_DEPTH = 8 };

static enum lw_status take_row(const struct lw_frame *frame, const char *name,
                               const struct lw_view *view, uint64_t number, float *out,
                               struct lw_error *err)
{
    struct lw_matrix m;
    struct lw_error why;

    if (lw_frame_rows(frame) < number)
        return lw_fail(err, LW_ENOTFOUND, "%s: has %zu rows; there is no row %llu",
                       name, (size_t)lw_frame_rows(frame), (unsigned long long)number);
    if (lw_view_map(view, frame, &m, &why) != LW_OK)
        return lw_fail(err, why.code, "%s: %.200s", name, why.msg);
    memcpy(out, m.x + (number - 1) * m.n_cols, m.n_cols * sizeof *out);
    lw_matrix_release(&m);
    return LW_OK;
}

enum lw_status explain_read_table(const char *path, const struct lw_view *view,
                                  uint64_t number, float *out, struct lw_error *err)
{
    const struct lw_frame_config cfg = {.max_rows = number, .no_digest = true};
    struct lw_frame *frame = NULL;
    enum lw_status st = lw_frame_read(&frame, path, &cfg, err);

    if (st == LW_OK)
        st = take_row(frame, path, view, number, out, err);
    lw_frame_free(frame);
    return st;
}

/* ---- standard input -------------------------------------------------------------- */

static enum lw_status read_all(struct buf *out, struct lw_error *err)
{
    struct stream *in = NULL;
    struct span seen;
    enum lw_status st = stream_open(&in, "-", err);

    while (st == LW_OK) {
        st = stream_peek(in, 1, &seen, err);
        if (st != LW_OK || seen.n == 0)
            break;
        buf_add(out, seen.p, seen.n);
        if (out->len > INPUT_BYTES_MAX)
            st = lw_fail(err, LW_ELIMIT,
                         "standard input: more than %d MB; use --data FILE",
                         INPUT_BYTES_MAX >> 20);
        else
            stream_skip(in, seen.n);
    }
    stream_close(in);
    if (st == LW_OK && !buf_ok(out))
        return lw_fail(err, LW_ENOMEM, "out of memory for standard input");
    if (st == LW_OK && out->len == 0)
        return lw_fail(err, LW_EFORMAT,
                       "standard input: is empty; give a record on it, or --data FILE");
    return st;
}

static size_t count_fields(const char *line)
{
    size_t n = 1;

    for (; *line != '\0' && *line != '\n'; line++)
        n += *line == ',' ? 1 : 0;
    return n;
}

/* A line of the view's values and nothing else has no header: it gets one. */
static bool lacks_header(const char *text, const struct lw_view *view)
{
    char first[64] = "";

    (void)snprintf(first, sizeof first, "%.*s", (int)strcspn(text, ","), text);
    return count_fields(text) == view->n_features && lw_view_find(view, first) < 0;
}

static enum lw_status read_csv(const struct buf *text, const struct lw_view *view,
                               uint64_t number, float *out, struct lw_error *err)
{
    const struct lw_frame_config cfg = {.format = "csv", .no_digest = true};
    bool bare = lacks_header(buf_text(text), view);
    struct lw_frame *frame = NULL;
    char header[8192];
    struct buf whole;
    enum lw_status st = LW_OK;

    buf_init(&whole);
    if (bare) {
        (void)lw_view_csv_header(view, header, sizeof header);
        buf_add_text(&whole, header);
    }
    buf_add(&whole, text->data, text->len);
    if (!buf_ok(&whole))
        st = lw_fail(err, LW_ENOMEM, "out of memory for standard input");
    if (st == LW_OK)
        st = lw_frame_read_memory(&frame, whole.data, whole.len, "standard input",
                                  bare ? &cfg : NULL, err);
    if (st == LW_OK)
        st = take_row(frame, "standard input", view, number, out, err);
    lw_frame_free(frame);
    buf_release(&whole);
    return st;
}

enum lw_status explain_read_stdin(const struct lw_view *view, uint64_t number,
                                  float *out, struct lw_error *err)
{
    struct json_doc *doc = NULL;
    struct buf text;
    enum lw_status st;

    buf_init(&text);
    st = read_all(&text, err);
    if (st == LW_OK && buf_text(&text)[strspn(buf_text(&text), " \t\r\n")] == '{') {
        st = json_parse(&doc, text.data, text.len, JSON_DEPTH, err);
        if (st == LW_OK)
            st = explain_read_object(json_root(doc), view, out, err);
        json_free(doc);
    } else if (st == LW_OK) {
        st = read_csv(&text, view, number, out, err);
    }
    buf_release(&text);
    return st;
}

/* ---- JSON ------------------------------------------------------------------------ */

static enum lw_status read_member(const struct json_value *v,
                                  const struct lw_feature *f, float *out,
                                  struct lw_error *err)
{
    const char *text = json_text(v);
    double number;

    if (json_kind(v) == JSON_KIND_NULL)
        *out = NAN;
    else if (f->type == LW_FEATURE_CATEGORY && text != NULL)
        *out = lw_feature_category(f, text);
    else if (f->type == LW_FEATURE_NUMBER && json_number(v, &number))
        *out = (float)number;
    else
        return lw_fail(err, LW_EFORMAT, "%s needs a %s", f->name,
                       f->type == LW_FEATURE_NUMBER ? "number" : "name");
    return LW_OK;
}

enum lw_status explain_read_object(const struct json_value *object,
                                   const struct lw_view *view, float *out,
                                   struct lw_error *err)
{
    const struct json_value *value = NULL;
    const char *key = NULL;
    void *iter = NULL;

    for (size_t i = 0; i < view->n_features; i++)
        out[i] = NAN;
    while ((iter = json_next(object, iter, &key, &value)) != NULL) {
        int at = lw_view_find(view, key);
        enum lw_status st;

        if (at < 0)
            return lw_fail(err, LW_EFORMAT, "view %s has no feature '%.64s'",
                           view->name, key);
        st = read_member(value, &view->features[at], &out[at], err);
        if (st != LW_OK)
            return st;
    }
    return LW_OK;
}

enum lw_status explain_read_vector(const struct json_value *array,
                                   const struct lw_view *view, float *out,
                                   struct lw_error *err)
{
    if (json_kind(array) != JSON_KIND_ARRAY || json_length(array) != view->n_features)
        return lw_fail(err, LW_EFORMAT,
                       "its vector does not have the %u values of view %s",
                       view->n_features, view->name);
    for (size_t i = 0; i < view->n_features; i++) {
        const struct json_value *v = json_at(array, i);
        double number;

        if (json_kind(v) == JSON_KIND_NULL)
            out[i] = NAN;
        else if (json_number(v, &number))
            out[i] = (float)number;
        else
            return lw_fail(err, LW_EFORMAT, "value %zu of its vector is no number",
                           i + 1);
    }
    return LW_OK;
}

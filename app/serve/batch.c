/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records are read into rows, rows are judged BATCH_ROWS at a time (a forest walks many
 * rows in less time than one by one), and each becomes a line of the answer.  A record
 * that cannot be read keeps its place among them, with the reason.
 *
 * Which model judges is decided once, by the columns of the header or the members of
 * the first record.
 *
 * Speed is in the numbers, most of which are a few digits (plain.h), and in that JSON
 * lines look alike, record for record (json_layout.h).
 */
#include "serve/batch.h"

#include "base/assert.h"
#include "base/csv_line.h"
#include "base/jsonw.h"
#include "base/mem.h"
#include "base/numfmt.h"
#include "serve/flatjson.h"
#include "serve/json_layout.h"
#include "serve/plain.h"
#include "serve/view_names.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { BATCH_ROWS = 256, COLUMNS_MAX = 1024, WHY_MAX = 120 };

/* Why a record has no verdict. */
struct refusal {
    bool is_set;
    char field[BATCH_FIELD_MAX];
    char why[WHY_MAX];
};

struct batch {
    struct batch_config cfg;
    const struct batch_model *model; /* NULL: not decided yet */
    size_t width;                    /* of its view */
    struct buf carry;                /* a line that is not complete */
    struct csv_line line;            /* for lines with quotes */
    int *column;                     /* (n_columns) feature or -1, owned */
    bool *is_number;                 /* (n_columns), owned */
    size_t n_columns;
    struct json_layout *layout;  /* of the last record read member by member; owned */
    struct layout_value *values; /* (JSON_LAYOUT_MEMBERS_MAX), owned */
    float *rows;                 /* (BATCH_ROWS, width), owned */
    struct lw_verdict *verdicts; /* (BATCH_ROWS), owned */
    struct refusal *refusals;    /* (BATCH_ROWS), owned */
    size_t n_rows;
    uint64_t n_records;
    uint64_t n_refused;
    uint64_t n_lines;
    struct spool answers;
    char field[BATCH_FIELD_MAX];
    /* While a record of JSON is read: */
    float *row;
    struct span record;
    uint64_t seen[(COLUMNS_MAX + 63) / 64];
    size_t n_members;
    size_t n_found;
};

static bool parse_number(const char *s, size_t n, float *out)
{
    double v;

    if (plain_read(s, s + n, out) == s + n)
        return true;
    if (!numfmt_parse(s, n, &v))
        return false;
    if (isfinite(v) && fabs(v) > (double)FLT_MAX)
        return false;
    *out = isfinite(v) ? (float)v : NAN;
    return true;
}

/* ---- refusing -------------------------------------------------------------------- */

static void show_name(const char *p, size_t n, char out[BATCH_FIELD_MAX])
{
    if (n > BATCH_FIELD_MAX - 1)
        n = BATCH_FIELD_MAX - 1;
    for (size_t i = 0; i < n; i++)
        out[i] = p[i] >= ' ' && p[i] <= '~' ? p[i] : '?';
    out[n] = '\0';
}

static void refuse(struct batch *b, size_t i, const char *field, size_t n_field,
                   const char *why)
{
    struct refusal *r = &b->refusals[i];

    if (r->is_set)
        return;
    r->is_set = true;
    show_name(field, n_field, r->field);
    (void)snprintf(r->why, sizeof r->why, "%.119s", why);
    b->n_refused++;
}

/* ---- answers --------------------------------------------------------------------- */

/* A share with four digits; a line of the answer is not the place for more. */
static void put_share(struct buf *out, float v)
{
    char text[8] = "0.0000";
    unsigned n = v >= 0 && v <= 1 ? (unsigned)(v * 10000.0f + 0.5f) : 0;

    if (!(v >= 0))
        return;
    text[0] = (char)('0' + n / 10000);
    for (size_t i = 5; i >= 2; i--, n /= 10)
        text[i] = (char)('0' + n % 10);
    buf_add(out, text, 6);
}

static void put_csv(struct batch *b, size_t i)
{
    const struct lw_verdict *v = &b->verdicts[i];
    struct buf *out = &b->answers.memory;

    if (b->refusals[i].is_set) {
        /* No quotes or commas are in these words. */
        buf_printf(out, ",,,%s: %s\n", b->refusals[i].field, b->refusals[i].why);
        return;
    }
    buf_add_text(out, lw_verdict_name(v->verdict));
    buf_add_char(out, ',');
    put_share(out, v->confidence);
    buf_add_char(out, ',');
    put_share(out, v->attack_score);
    buf_add(out, ",\n", 2);
}

static void put_reasons(struct batch *b, struct jsonw *w, size_t i,
                        const struct lw_verdict *v)
{
    const struct lw_view *view = view_names_view(b->model->names);
    struct lw_reason reasons[LW_MAX_REASONS];
    size_t n = 0;

    if (lw_classifier_explain(b->model->classifier, b->rows + i * b->width, v, reasons,
                              LW_MAX_REASONS, &n, NULL) != LW_OK)
        n = 0;
    jsonw_key(w, "reasons");
    jsonw_array(w);
    for (size_t k = 0; k < n; k++) {
        jsonw_object(w);
        jsonw_put_text(w, "feature", view->features[reasons[k].feature_idx].name);
        jsonw_key(w, "value");
        jsonw_f32(w, reasons[k].value);
        jsonw_key(w, "contribution");
        jsonw_f32(w, reasons[k].contribution);
        jsonw_put_text(w, "words", reasons[k].words);
        jsonw_object_end(w);
    }
    jsonw_array_end(w);
}

static void put_refusal(struct jsonw *w, const struct refusal *r)
{
    jsonw_object(w);
    jsonw_key(w, "class");
    jsonw_null(w);
    if (r->field[0] != '\0')
        jsonw_put_text(w, "field", r->field);
    jsonw_put_text(w, "error", r->why);
    jsonw_object_end(w);
}

/* Long enough for a person, of a model's view and id. */
static void put_whole(struct batch *b, struct jsonw *w, size_t i)
{
    const struct lw_classifier *c = b->model->classifier;
    const struct lw_verdict *v = &b->verdicts[i];

    jsonw_object(w);
    jsonw_put_text(w, "class", lw_verdict_name(v->verdict));
    jsonw_key(w, "confidence");
    jsonw_f32(w, v->confidence);
    jsonw_key(w, "attack_score");
    jsonw_f32(w, v->attack_score);
    jsonw_key(w, "scores");
    jsonw_object(w);
    for (uint32_t k = 0; k < lw_classifier_classes(c); k++) {
        jsonw_key(w, lw_classifier_class_name(c, k));
        jsonw_f32(w, v->score[k]);
    }
    jsonw_object_end(w);
    jsonw_key(w, "p_value");
    jsonw_f32(w, v->p_value);
    jsonw_key(w, "unavailable");
    jsonw_f32(w, v->unavailable);
    jsonw_put_text(w, "view", view_names_view(b->model->names)->name);
    jsonw_put_text(w, "model", lw_classifier_id(c));
    if (b->cfg.explain)
        put_reasons(b, w, i, v);
    jsonw_object_end(w);
}

static void put_json_line(struct batch *b, size_t i)
{
    const struct lw_verdict *v = &b->verdicts[i];
    struct buf *out = &b->answers.memory;
    struct jsonw w;

    if (b->refusals[i].is_set) {
        jsonw_init(&w, out);
        put_refusal(&w, &b->refusals[i]);
    } else if (b->cfg.explain || b->cfg.format == BATCH_JSON) {
        jsonw_init(&w, out);
        put_whole(b, &w, i);
    } else {
        /* No name of a class needs an escape. */
        buf_add_text(out, "{\"class\":\"");
        buf_add_text(out, lw_verdict_name(v->verdict));
        buf_add_text(out, "\",\"confidence\":");
        put_share(out, v->confidence);
        buf_add_text(out, ",\"attack_score\":");
        put_share(out, v->attack_score);
        buf_add_char(out, '}');
    }
    if (b->cfg.format == BATCH_JSON_LINES)
        buf_add_char(out, '\n');
}

static enum lw_status judge_rows(struct batch *b, struct lw_error *err)
{
    size_t n = b->n_rows;
    enum lw_status st;

    b->n_rows = 0;
    if (n == 0)
        return LW_OK;
    if (b->model != NULL) {
        st = lw_classifier_judge(b->model->classifier, b->rows, n, b->verdicts, err);
        if (st != LW_OK)
            return st;
    }
    for (size_t i = 0; i < n; i++) {
        if (b->cfg.format == BATCH_CSV)
            put_csv(b, i);
        else
            put_json_line(b, i);
        if (b->cfg.format == BATCH_JSON && i + 1 < n)
            buf_add_char(&b->answers.memory, ',');
        b->refusals[i].is_set = false;
    }
    return spool_settle(&b->answers, err);
}

/* Room for one more record; `*i` is its place. */
static enum lw_status next_row(struct batch *b, size_t *i, struct lw_error *err)
{
    enum lw_status st = LW_OK;

    if (b->n_rows == BATCH_ROWS) {
        st = judge_rows(b, err);
        if (b->cfg.format == BATCH_JSON)
            buf_add_char(&b->answers.memory, ',');
    }
    *i = b->n_rows++;
    b->n_records++;
    return st;
}

static enum lw_status choose(struct batch *b, const struct batch_model *m,
                             struct lw_error *err)
{
    b->width = view_names_view(m->names)->n_features;
    b->rows = mem_zalloc(BATCH_ROWS * b->width, sizeof b->rows[0]);
    if (b->rows == NULL)
        return lw_fail(err, LW_ENOMEM, "out of memory");
    b->model = m;
    return LW_OK;
}

/* ---- CSV ------------------------------------------------------------------------- */

static enum lw_status read_field(struct batch *b, size_t i, size_t idx, const char *p,
                                 size_t n)
{
    const struct lw_feature *f = &view_names_view(b->model->names)->features[idx];
    float *out = b->rows + i * b->width + idx;

    if (f->type == LW_FEATURE_CATEGORY)
        *out = n == 0 ? NAN : view_names_category(b->model->names, idx, span_of(p, n));
    else if (n == 0)
        *out = NAN;
    else if (!parse_number(p, n, out))
        refuse(b, i, f->name, strlen(f->name), "must be a number");
    return LW_OK;
}

static enum lw_status split(struct batch *b, struct span text, struct lw_error *err)
{
    switch (csv_line_split(&b->line, text, ',', true)) {
    case CSV_OK:
        return LW_OK;
    case CSV_NO_MEMORY:
        return lw_fail(err, LW_ENOMEM, "out of memory");
    case CSV_OPEN_QUOTE:
    case CSV_AFTER_QUOTE:
    default:
        return lw_fail(err, LW_EFORMAT, "line %llu: quotes that do not match",
                       (unsigned long long)b->n_lines);
    }
}

/* How many of the view's features the header names; the first that it does not. */
static size_t count_found(struct batch *b, const struct batch_model *m, int *column,
                          size_t *missing)
{
    const struct lw_view *view = view_names_view(m->names);
    size_t n = 0;

    memset(b->seen, 0, sizeof b->seen);
    for (size_t k = 0; k < b->line.n; k++) {
        int idx = view_names_find(m->names,
                                  span_of(b->line.fields[k].p, b->line.fields[k].n));

        /* The first of two columns of one name counts. */
        if (idx >= 0 && (b->seen[idx / 64] >> (idx % 64) & 1) != 0)
            idx = -1;
        column[k] = idx;
        if (idx >= 0) {
            b->seen[idx / 64] |= UINT64_C(1) << (idx % 64);
            n++;
        }
    }
    for (*missing = 0; *missing < view->n_features; ++*missing)
        if ((b->seen[*missing / 64] >> (*missing % 64) & 1) == 0)
            break;
    return n;
}

static void mark_numbers(struct batch *b, const struct lw_view *view)
{
    for (size_t k = 0; k < b->n_columns; k++)
        b->is_number[k] =
            b->column[k] >= 0 && view->features[b->column[k]].type == LW_FEATURE_NUMBER;
}

static enum lw_status read_header(struct batch *b, struct span text,
                                  struct lw_error *err)
{
    size_t missing = 0;
    enum lw_status st = split(b, text, err);
    const struct lw_view *view = view_names_view(b->cfg.models[0].names);

    if (st != LW_OK)
        return st;
    if (b->line.n > COLUMNS_MAX)
        return lw_fail(err, LW_ELIMIT, "more than %d columns", COLUMNS_MAX);
    b->n_columns = b->line.n;
    b->column = mem_zalloc(b->n_columns + 1, sizeof b->column[0]);
    b->is_number = mem_zalloc(b->n_columns + 1, sizeof b->is_number[0]);
    if (b->column == NULL || b->is_number == NULL)
        return lw_fail(err, LW_ENOMEM, "out of memory");
    for (size_t m = 0; m < b->cfg.n_models; m++) {
        view = view_names_view(b->cfg.models[m].names);
        if (count_found(b, &b->cfg.models[m], b->column, &missing) ==
            view->n_features) {
            mark_numbers(b, view);
            buf_add_text(&b->answers.memory, "class,confidence,attack_score,error\n");
            return choose(b, &b->cfg.models[m], err);
        }
    }
    show_name(view->features[missing].name, strlen(view->features[missing].name),
              b->field);
    return lw_fail(
        err, LW_EFORMAT,
        "the header has no column \"%s\" of view %s; the first line must name "
        "the columns of a view",
        b->field, view->name);
}

static void read_columns(struct batch *b, size_t i, struct span text, size_t *n_fields)
{
    const char *p = (const char *)text.p;
    const char *end = p + text.n;
    float *row = b->rows + i * b->width;
    size_t k = 0;

    for (;; k++, p++) {
        int idx = k < b->n_columns ? b->column[k] : -1;
        const char *stop = NULL;

        if (idx >= 0 && b->is_number[k])
            stop = plain_read(p, end, row + idx);
        if (stop == NULL || (stop < end && *stop != ',')) {
            struct csv_field f;

            stop = memchr(p, ',', (size_t)(end - p));
            stop = stop == NULL ? end : stop;
            f = csv_trim(p, (size_t)(stop - p));
            if (idx >= 0)
                (void)read_field(b, i, (size_t)idx, f.p, f.n);
        }
        p = stop;
        if (p == end)
            break;
    }
    *n_fields = k + 1;
}

static enum lw_status read_csv(struct batch *b, struct span text, struct lw_error *err)
{
    size_t n_fields = 0;
    size_t i;
    enum lw_status st = next_row(b, &i, err);

    if (st != LW_OK)
        return st;
    if (memchr(text.p, '"', text.n) == NULL) {
        read_columns(b, i, text, &n_fields);
    } else if (split(b, text, NULL) == LW_OK) {
        n_fields = b->line.n;
        for (size_t k = 0; k < n_fields && k < b->n_columns; k++)
            if (b->column[k] >= 0)
                (void)read_field(b, i, (size_t)b->column[k], b->line.fields[k].p,
                                 b->line.fields[k].n);
    }
    if (n_fields != b->n_columns)
        refuse(b, i, "", 0, "has not as many fields as the header");
    return LW_OK;
}

/* ---- JSON ------------------------------------------------------------------------ */

static enum lw_status read_value(struct batch *b, size_t idx,
                                 const struct flatjson_member *m)
{
    const struct lw_feature *f = &view_names_view(b->model->names)->features[idx];
    float *out = b->row + idx;

    if (m->kind == FLATJSON_LITERAL && m->value.n == 4 && m->value.p[0] == 'n')
        *out = NAN;
    else if (f->type == LW_FEATURE_CATEGORY && m->kind == FLATJSON_TEXT)
        *out = view_names_category(b->model->names, idx, m->value);
    else if (f->type == LW_FEATURE_NUMBER && m->kind == FLATJSON_NUMBER &&
             parse_number((const char *)m->value.p, m->value.n, out))
        return LW_OK;
    else
        refuse(b, b->n_rows - 1, f->name, strlen(f->name),
               f->type == LW_FEATURE_CATEGORY ? "must be a text" : "must be a number");
    return LW_OK;
}

static enum lw_status on_member(void *ctx, const struct flatjson_member *m,
                                struct lw_error *err)
{
    struct batch *b = ctx;
    int idx;
    uint64_t bit;

    if (b->n_members == COLUMNS_MAX)
        return lw_fail(err, LW_ELIMIT, "has more than %d members", COLUMNS_MAX);
    idx = view_names_find(b->model->names, m->key);
    b->n_members++;
    json_layout_note(b->layout, b->record, m, idx);
    if (idx < 0)
        return LW_OK;
    bit = UINT64_C(1) << (idx % 64);
    if ((b->seen[idx / 64] & bit) != 0) {
        refuse(b, b->n_rows - 1, (const char *)m->key.p, m->key.n, "is there twice");
        return LW_OK;
    }
    b->seen[idx / 64] |= bit;
    b->n_found++;
    return read_value(b, (size_t)idx, m);
}

/* Only which members there are. */
static enum lw_status on_member_name(void *ctx, const struct flatjson_member *m,
                                     struct lw_error *err)
{
    struct batch *b = ctx;
    int idx;

    if (b->n_members++ == COLUMNS_MAX)
        return lw_fail(err, LW_ELIMIT, "has more than %d members", COLUMNS_MAX);
    idx = view_names_find(b->model->names, m->key);
    if (idx >= 0 && (b->seen[idx / 64] >> (idx % 64) & 1) == 0) {
        b->seen[idx / 64] |= UINT64_C(1) << (idx % 64);
        b->n_found++;
    }
    return LW_OK;
}

/* The model that the first record is for; the last one where it is for none, which then
 * says what is missing. */
static enum lw_status choose_by_record(struct batch *b, struct span text,
                                       struct lw_error *err)
{
    const struct batch_model *chosen = &b->cfg.models[b->cfg.n_models - 1];

    for (size_t m = 0; m < b->cfg.n_models; m++) {
        b->model = &b->cfg.models[m];
        b->n_found = 0;
        b->n_members = 0;
        memset(b->seen, 0, sizeof b->seen);
        if (flatjson_read(text, on_member_name, b, NULL) == LW_OK &&
            b->n_found == view_names_view(b->model->names)->n_features) {
            chosen = b->model;
            break;
        }
    }
    b->model = NULL;
    return choose(b, chosen, err);
}

static void refuse_missing(struct batch *b, size_t i)
{
    const struct lw_view *view = view_names_view(b->model->names);
    char why[WHY_MAX];

    for (size_t k = 0; k < view->n_features; k++) {
        if ((b->seen[k / 64] >> (k % 64) & 1) != 0)
            continue;
        (void)snprintf(why, sizeof why, "is missing (view %s)", view->name);
        refuse(b, i, view->features[k].name, strlen(view->features[k].name), why);
        return;
    }
}

/* A record that looks like the one before.  False: read it member by member. */
static bool read_alike(struct batch *b, struct span text)
{
    const struct lw_view *view = view_names_view(b->model->names);

    if (!json_layout_read(b->layout, text, b->values))
        return false;
    for (size_t i = 0; i < b->layout->n; i++) {
        const struct layout_value *v = &b->values[i];
        bool is_word = v->text.p != NULL;

        if (v->tag < 0)
            continue;
        if (is_word != (view->features[v->tag].type == LW_FEATURE_CATEGORY))
            return false;
        b->row[v->tag] =
            is_word ? view_names_category(b->model->names, (size_t)v->tag, v->text)
                    : v->number;
    }
    return true;
}

static enum lw_status read_json(struct batch *b, struct span text, struct lw_error *err)
{
    struct lw_error why;
    size_t i;
    enum lw_status st = LW_OK;

    if (b->model == NULL)
        st = choose_by_record(b, text, err);
    if (st == LW_OK)
        st = next_row(b, &i, err);
    if (st != LW_OK)
        return st;
    b->row = b->rows + i * b->width;
    if (read_alike(b, text))
        return LW_OK;
    json_layout_begin(b->layout);
    b->record = text;
    b->n_members = 0;
    b->n_found = 0;
    memset(b->seen, 0, (b->width + 63) / 64 * sizeof b->seen[0]);
    if (flatjson_read(text, on_member, b, &why) != LW_OK)
        refuse(b, i, "", 0, why.msg);
    else if (b->n_found != b->width)
        refuse_missing(b, i);
    else if (!b->refusals[i].is_set)
        json_layout_end(b->layout, text);
    return LW_OK;
}

/* ---- pieces ---------------------------------------------------------------------- */

static enum lw_status take_line(struct batch *b, struct span text, struct lw_error *err)
{
    b->n_lines++;
    if (text.n > 0 && text.p[text.n - 1] == '\r')
        text.n--;
    if (text.n == 0)
        return LW_OK;
    if (b->cfg.format == BATCH_JSON_LINES)
        return read_json(b, text, err);
    return b->model == NULL ? read_header(b, text, err) : read_csv(b, text, err);
}

static enum lw_status keep_rest(struct batch *b, struct span rest, struct lw_error *err)
{
    if (b->carry.len + rest.n > BATCH_LINE_MAX)
        return lw_fail(err, LW_EFORMAT, "line %llu is longer than %d bytes",
                       (unsigned long long)b->n_lines + 1, BATCH_LINE_MAX);
    buf_add(&b->carry, rest.p, rest.n);
    return buf_ok(&b->carry) ? LW_OK : lw_fail(err, LW_ENOMEM, "out of memory");
}

enum lw_status batch_feed(struct batch *b, struct span piece, struct lw_error *err)
{
    enum lw_status st = LW_OK;

    while (piece.n > 0 && st == LW_OK) {
        const uint8_t *end = memchr(piece.p, '\n', piece.n);
        size_t n = end == NULL ? piece.n : (size_t)(end - piece.p);
        struct span text = span_first(piece, n);

        if (end == NULL || b->carry.len > 0)
            st = keep_rest(b, text, err);
        if (end == NULL || st != LW_OK)
            return st;
        if (b->carry.len > 0)
            text = span_of(b->carry.data, b->carry.len);
        st = take_line(b, text, err);
        buf_reset(&b->carry);
        piece = span_from(piece, n + 1);
    }
    return st;
}

enum lw_status batch_finish(struct batch *b, struct lw_error *err)
{
    enum lw_status st = LW_OK;

    if (b->carry.len > 0)
        st = take_line(b, span_of(b->carry.data, b->carry.len), err);
    if (st == LW_OK && b->cfg.format == BATCH_CSV && b->model == NULL)
        return lw_fail(err, LW_EFORMAT, "there is no header line");
    return st == LW_OK ? judge_rows(b, err) : st;
}

/* The object at the start of `text`, brackets in strings left out of account; what is
 * inside is checked by whoever reads it. */
static size_t object_length(struct span text)
{
    size_t depth = 0;
    bool in_text = false;

    for (size_t i = 0; i < text.n; i++) {
        uint8_t c = text.p[i];

        if (in_text) {
            if (c == '\\')
                i++;
            in_text = c != '"';
        } else if (c == '"') {
            in_text = true;
        } else if (c == '{' || c == '[') {
            depth++;
        } else if ((c == '}' || c == ']') && --depth == 0) {
            return i + 1;
        }
    }
    return 0;
}

static struct span skip_blanks(struct span s)
{
    while (s.n > 0 && memchr(" \t\r\n", s.p[0], 4) != NULL)
        s = span_from(s, 1);
    return s;
}

static enum lw_status no_array(struct lw_error *err)
{
    return lw_fail(err, LW_EFORMAT,
                   "expected a JSON object, or an array of objects and nothing else");
}

static enum lw_status judge_array(struct batch *b, struct span at, struct lw_error *err)
{
    enum lw_status st = LW_OK;
    bool more = true;

    buf_add_char(&b->answers.memory, '[');
    at = skip_blanks(span_from(at, 1));
    if (at.n > 0 && at.p[0] == ']')
        more = false;
    while (more && st == LW_OK) {
        size_t n = at.n > 0 && at.p[0] == '{' ? object_length(at) : 0;

        if (n == 0)
            return no_array(err);
        st = read_json(b, span_first(at, n), err);
        at = skip_blanks(span_from(at, n));
        if (at.n == 0 || (at.p[0] != ',' && at.p[0] != ']'))
            return no_array(err);
        more = at.p[0] == ',';
        if (more)
            at = skip_blanks(span_from(at, 1));
    }
    if (st != LW_OK)
        return st;
    if (skip_blanks(span_from(at, 1)).n > 0)
        return no_array(err);
    st = judge_rows(b, err);
    buf_add_text(&b->answers.memory, "]\n");
    return st;
}

enum lw_status batch_judge_json(struct batch *b, struct span body, struct lw_error *err)
{
    struct span at = skip_blanks(body);
    enum lw_status st;

    LW_ASSERT(b->cfg.format == BATCH_JSON);
    if (at.n > 0 && at.p[0] == '[')
        return judge_array(b, at, err);
    if (at.n == 0 || at.p[0] != '{')
        return no_array(err);
    st = read_json(b, at, err);
    if (st != LW_OK)
        return st;
    if (b->refusals[0].is_set) {
        /* One record is one request. */
        memcpy(b->field, b->refusals[0].field, sizeof b->field);
        return lw_fail(err, b->field[0] == '\0' ? LW_EFORMAT : LW_EINVAL, "%s%s%s",
                       b->field, b->field[0] == '\0' ? "" : ": ", b->refusals[0].why);
    }
    st = judge_rows(b, err);
    buf_add_char(&b->answers.memory, '\n');
    return st;
}

/* ---- life ------------------------------------------------------------------------ */

enum lw_status batch_new(struct batch **out, const struct batch_config *cfg,
                         struct lw_error *err)
{
    struct batch *b = mem_zalloc(1, sizeof *b);

    LW_ASSERT(cfg->n_models > 0 && cfg->n_models <= BATCH_MODELS_MAX);
    if (b == NULL)
        return lw_fail(err, LW_ENOMEM, "out of memory");
    b->cfg = *cfg;
    buf_init(&b->carry);
    csv_line_init(&b->line);
    spool_init(&b->answers, cfg->spool_dir);
    b->layout = mem_zalloc(1, sizeof *b->layout);
    b->values = mem_zalloc(JSON_LAYOUT_MEMBERS_MAX, sizeof b->values[0]);
    b->verdicts = mem_zalloc(BATCH_ROWS, sizeof b->verdicts[0]);
    b->refusals = mem_zalloc(BATCH_ROWS, sizeof b->refusals[0]);
    if (b->layout == NULL || b->values == NULL || b->verdicts == NULL ||
        b->refusals == NULL) {
        batch_free(b);
        return lw_fail(err, LW_ENOMEM, "out of memory");
    }
    *out = b;
    return LW_OK;
}

void batch_free(struct batch *b)
{
    if (b == NULL)
        return;
    buf_release(&b->carry);
    csv_line_release(&b->line);
    spool_release(&b->answers);
    mem_free(b->column);
    mem_free(b->is_number);
    mem_free(b->layout);
    mem_free(b->values);
    mem_free(b->rows);
    mem_free(b->verdicts);
    mem_free(b->refusals);
    mem_free(b);
}

struct spool *batch_answers(struct batch *b)
{
    return &b->answers;
}

uint64_t batch_records(const struct batch *b)
{
    return b->n_records;
}

const char *batch_field(const struct batch *b)
{
    return b->field;
}

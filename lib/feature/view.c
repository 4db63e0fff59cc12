/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"
#include "base/digest.h"
#include "base/mem.h"
#include "base/numfmt.h"
#include "feature/view_table.h"

#include <lapwing/view.h>

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static const struct lw_view *const views[] = {&view_kdd, &view_kdd31, &view_netflow};

const struct lw_view *lw_view_at(size_t i)
{
    return i < sizeof views / sizeof views[0] ? views[i] : NULL;
}

const struct lw_view *lw_view_get(const char *name)
{
    for (size_t i = 0; i < sizeof views / sizeof views[0]; i++)
        if (strcmp(views[i]->name, name) == 0)
            return views[i];
    return NULL;
}

/* Equal but for case and underscores: src_bytes, srcbytes, SrcBytes.  `a` ends at a
 * blank too, so that one of several aliases can be compared in place. */
static bool same_spelling(const char *a, const char *b)
{
    for (;;) {
        while (*a == '_')
            a++;
        while (*b == '_')
            b++;
        if (*a == '\0' || *a == ' ' || *b == '\0')
            return (*a == '\0' || *a == ' ') && *b == '\0';
        if (tolower((unsigned char)*a) != tolower((unsigned char)*b))
            return false;
        a++;
        b++;
    }
}

static bool has_alias(const char *aliases, const char *name)
{
    for (const char *a = aliases; *a != '\0';) {
        if (same_spelling(a, name))
            return true;
        a += strcspn(a, " ");
        a += strspn(a, " ");
    }
    return false;
}

int lw_view_find(const struct lw_view *view, const char *name)
{
    for (int i = 0; i < view->n_features; i++)
        if (same_spelling(view->features[i].name, name))
            return i;
    for (int i = 0; i < view->n_features; i++)
        if (has_alias(view->features[i].alias, name))
            return i;
    return -1;
}

static void add_text(struct sha256 *s, const char *text)
{
    sha256_add(s, text, strlen(text) + 1);
}

/* Every text with its closing 0, so that no two lists give the same bytes. */
static void add_feature(struct sha256 *s, const struct lw_feature *f)
{
    add_text(s, f->name);
    add_text(s, f->type == LW_FEATURE_CATEGORY ? "category" : "number");
    for (size_t i = 0; i < f->n_categories; i++)
        add_text(s, f->categories[i]);
    add_text(s, "");
}

void lw_view_hash(const struct lw_view *view, uint8_t out[LW_VIEW_HASH_BYTES])
{
    char version[16];
    struct sha256 *s = sha256_new();

    if (s == NULL) { /* a hash that matches nothing: loading refuses the model */
        memset(out, 0, LW_VIEW_HASH_BYTES);
        return;
    }
    (void)snprintf(version, sizeof version, "%u", view->version);
    add_text(s, view->name);
    add_text(s, version);
    for (size_t i = 0; i < view->n_features; i++)
        add_feature(s, &view->features[i]);
    sha256_finish(s, out);
}

float lw_feature_category(const struct lw_feature *f, const char *name)
{
    for (size_t i = 0; i < f->n_categories; i++)
        if (strcmp(f->categories[i], name) == 0)
            return (float)i;
    return LW_CAT_UNSEEN;
}

enum lw_status lw_view_project(const struct lw_view *from, const float *row,
                               const struct lw_view *to, float *out,
                               struct lw_error *err)
{
    for (size_t i = 0; i < to->n_features; i++) {
        int at = lw_view_find(from, to->features[i].name);

        if (at < 0)
            return lw_fail(err, LW_EMISMATCH,
                           "view %s has no feature %s, which %s needs", from->name,
                           to->features[i].name, to->name);
        out[i] = row[at];
    }
    return LW_OK;
}

static int find_column(const struct lw_view *view, size_t feature_idx,
                       const struct lw_frame *frame)
{
    struct lw_column c;

    for (size_t i = 0; i < lw_frame_columns(frame); i++) {
        lw_frame_column(frame, i, &c);
        if (lw_view_find(view, c.name) == (int)feature_idx)
            return (int)i;
    }
    return -1;
}

/* A text column as a category: each word's code in the view, once per word. */
static enum lw_status map_words(const struct lw_feature *f, const struct lw_column *c,
                                size_t stride, float *out, size_t n_rows,
                                struct lw_error *err)
{
    float *code = mem_zalloc(c->n_words, sizeof *code);

    if (code == NULL)
        return lw_fail(err, LW_ENOMEM, "out of memory for column %s", c->name);
    for (uint32_t w = 0; w < c->n_words; w++)
        code[w] = c->dictionary[w][0] == '\0'
                      ? NAN
                      : lw_feature_category(f, c->dictionary[w]);
    for (size_t r = 0; r < n_rows; r++)
        out[r * stride] = code[c->codes[r]];
    mem_free(code);
    return LW_OK;
}

static enum lw_status map_column(const struct lw_view *view, size_t i,
                                 const struct lw_frame *frame, struct lw_matrix *m,
                                 struct lw_error *err)
{
    const struct lw_feature *f = &view->features[i];
    int at = find_column(view, i, frame);
    struct lw_column c;

    if (at < 0)
        return lw_fail(err, LW_EFORMAT,
                       "no column %s, which view %s needs; add it, or use another view",
                       f->name, view->name);
    lw_frame_column(frame, (size_t)at, &c);
    if (f->type == LW_FEATURE_CATEGORY && c.type == LW_COLUMN_TEXT)
        return map_words(f, &c, m->n_cols, m->x + i, m->n_rows, err);
    if (f->type == LW_FEATURE_NUMBER && c.type == LW_COLUMN_TEXT)
        return lw_fail(err, LW_EFORMAT,
                       "column %s holds words such as '%s' where view %s "
                       "needs numbers",
                       c.name, c.dictionary[0], view->name);
    for (size_t r = 0; r < m->n_rows; r++)
        m->x[r * m->n_cols + i] = f->type == LW_FEATURE_CATEGORY && !isnan(c.numbers[r])
                                      ? LW_CAT_UNSEEN /* numbers name no category */
                                      : c.numbers[r];
    return LW_OK;
}

enum lw_status lw_view_map(const struct lw_view *view, const struct lw_frame *frame,
                           struct lw_matrix *out, struct lw_error *err)
{
    struct lw_matrix m;
    enum lw_status st = lw_matrix_init(&m, lw_frame_rows(frame), view->n_features, err);

    for (size_t i = 0; st == LW_OK && i < view->n_features; i++)
        st = map_column(view, i, frame, &m, err);
    if (st != LW_OK) {
        lw_matrix_release(&m);
        return st;
    }
    *out = m;
    return LW_OK;
}

/* Text that goes on counting past the end of its room, as snprintf does. */
struct line {
    char *out;
    size_t size;
    size_t len;
};

static void line_add(struct line *l, const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++, l->len++)
        if (l->len + 1 < l->size)
            l->out[l->len] = s[i];
}

static size_t line_end(struct line *l)
{
    line_add(l, "\n", 1);
    if (l->size > 0)
        l->out[l->len < l->size ? l->len : l->size - 1] = '\0';
    return l->len;
}

size_t lw_view_csv_header(const struct lw_view *view, char *out, size_t size)
{
    struct line l = {out, size, 0};

    for (size_t i = 0; i < view->n_features; i++) {
        if (i > 0)
            line_add(&l, ",", 1);
        line_add(&l, view->features[i].name, strlen(view->features[i].name));
    }
    return line_end(&l);
}

size_t lw_view_csv_row(const struct lw_view *view, const float *values, char *out,
                       size_t size)
{
    struct line l = {out, size, 0};
    char text[NUMFMT_MAX];

    for (size_t i = 0; i < view->n_features; i++) {
        const struct lw_feature *f = &view->features[i];
        float v = values[i];

        if (i > 0)
            line_add(&l, ",", 1);
        if (isnan(v))
            continue;
        if (f->type == LW_FEATURE_NUMBER)
            line_add(&l, text, numfmt_f32(v, text));
        else if (v >= 0 && v < (float)f->n_categories)
            line_add(&l, f->categories[(size_t)v], strlen(f->categories[(size_t)v]));
        else
            line_add(&l, "?", 1);
    }
    return line_end(&l);
}

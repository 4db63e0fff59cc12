/* SPDX-License-Identifier: Apache-2.0 */
/*
 * feature/view_map.c - a table's columns as a view's matrix.
 *
 * A column belongs to a feature when it has its name or one of its other spellings;
 * columns that belong to none are left alone.  A text column is translated word by
 * word once, and row by row through that list.
 */
#include "base/mem.h"

#include <lapwing/view.h>

#include <math.h>

enum { NO_COLUMN = -1 };

/* The column of feature `i`; two of them contradict each other. */
static enum lw_status find_column(const struct lw_view *view, unsigned i,
                                  const struct lw_frame *frame, int *out,
                                  struct lw_error *err)
{
    struct lw_column first;
    struct lw_column col;
    int found = NO_COLUMN;

    for (size_t c = 0; c < lw_frame_columns(frame); c++) {
        lw_frame_column(frame, c, &col);
        if (lw_view_find(view, col.name) != (int)i)
            continue;
        if (found != NO_COLUMN)
            return lw_fail(err, LW_EFORMAT,
                           "columns %s and %s are both %s of view %s: remove one",
                           first.name, col.name, view->features[i].name, view->name);
        found = (int)c;
        first = col;
    }
    if (found == NO_COLUMN)
        return lw_fail(err, LW_EFORMAT, "column %s is missing, which view %s needs",
                       view->features[i].name, view->name);
    *out = found;
    return LW_OK;
}

/* Words of the column to codes of the feature; an empty word is a missing value. */
static enum lw_status copy_categories(const struct lw_feature *f,
                                      const struct lw_column *col, float *x,
                                      size_t n_rows, size_t stride,
                                      struct lw_error *err)
{
    float *code = mem_zalloc((size_t)col->n_words + 1, sizeof *code); /* (n_words) */

    if (code == NULL)
        return lw_fail(err, LW_ENOMEM, "out of memory");
    for (uint32_t w = 0; w < col->n_words; w++)
        code[w] = col->dictionary[w][0] == '\0'
                      ? NAN
                      : lw_feature_category(f, col->dictionary[w]);
    for (size_t r = 0; r < n_rows; r++)
        x[r * stride] = code[col->codes[r]];
    mem_free(code);
    return LW_OK;
}

static enum lw_status copy_column(const struct lw_feature *f,
                                  const struct lw_column *col, float *x, size_t n_rows,
                                  size_t stride, struct lw_error *err)
{
    if (f->type == LW_FEATURE_CATEGORY && col->type == LW_COLUMN_TEXT)
        return copy_categories(f, col, x, n_rows, stride, err);
    if (f->type == LW_FEATURE_CATEGORY)
        return lw_fail(err, LW_EFORMAT,
                       "column %s has numbers where names such as \"%s\" are expected",
                       col->name, f->categories[0]);
    if (col->type == LW_COLUMN_TEXT && col->text_line > 0)
        return lw_fail(err, LW_EFORMAT,
                       "column %s has text in line %llu, where numbers are expected",
                       col->name, (unsigned long long)col->text_line);
    if (col->type == LW_COLUMN_TEXT)
        return lw_fail(err, LW_EFORMAT,
                       "column %s has text (\"%s\") where numbers are expected",
                       col->name, col->n_words > 0 ? col->dictionary[0] : "");
    for (size_t r = 0; r < n_rows; r++)
        x[r * stride] = col->numbers[r];
    return LW_OK;
}

static enum lw_status fill(const struct lw_view *view, const struct lw_frame *frame,
                           struct lw_matrix *m, struct lw_error *err)
{
    for (unsigned i = 0; i < view->n_features; i++) {
        struct lw_column col;
        enum lw_status st;
        int at = NO_COLUMN;

        st = find_column(view, i, frame, &at, err);
        if (st != LW_OK)
            return st;
        lw_frame_column(frame, (size_t)at, &col);
        st = copy_column(&view->features[i], &col, m->x + i, m->n_rows, m->n_cols, err);
        if (st != LW_OK)
            return st;
    }
    return LW_OK;
}

enum lw_status lw_view_map(const struct lw_view *view, const struct lw_frame *frame,
                           struct lw_matrix *out, struct lw_error *err)
{
    struct lw_matrix m;
    enum lw_status st;

    st = lw_matrix_init(&m, lw_frame_rows(frame), view->n_features, err);
    if (st != LW_OK)
        return st;
    st = fill(view, frame, &m, err);
    if (st != LW_OK) {
        lw_matrix_release(&m);
        return st;
    }
    *out = m; /* ownership moves to the caller */
    return LW_OK;
}

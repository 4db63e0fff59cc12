/* SPDX-License-Identifier: Apache-2.0 */
/*
 * feature/view_csv.c - a view's rows as CSV.
 *
 * Numbers in their shortest form, an unavailable value as nothing, categories by name
 * ("?" for one that is not in the list).
 */
#include "base/numfmt.h"

#include <lapwing/view.h>

#include <math.h>
#include <stdbool.h>
#include <string.h>

/* Counts as snprintf does: `len` goes on when `out` is full. */
struct line {
    char *out;
    size_t size;
    size_t len;
};

static inline void line_add(struct line *l, const char *text, size_t n)
{
    if (n == 1 && l->len < l->size) {
        l->out[l->len] = *text;
    } else if (l->len < l->size) {
        size_t room = l->size - l->len;

        memcpy(l->out + l->len, text, n < room ? n : room);
    }
    l->len += n;
}

static size_t line_end(struct line *l)
{
    line_add(l, "\n", 1);
    if (l->size > 0)
        l->out[l->len < l->size ? l->len : l->size - 1] = '\0';
    return l->len;
}

/* Most numbers of most views are one digit.  As bits, those from 0 to 10 are less than
 * 10 is, and what has a sign or is no number is not. */
static inline bool line_digit(struct line *l, float v)
{
    const float ten = 10;
    uint32_t bits;
    uint32_t limit;
    int digit;

    memcpy(&bits, &v, sizeof bits);
    memcpy(&limit, &ten, sizeof limit);
    if (bits >= limit || l->len >= l->size)
        return false;
    digit = (int)v;
    if ((float)digit != v)
        return false;
    l->out[l->len++] = (char)('0' + digit);
    return true;
}

static void line_number(struct line *l, float v)
{
    char buf[NUMFMT_MAX];

    if (line_digit(l, v) || isnan(v))
        return;
    if (l->len < l->size && l->size - l->len >= NUMFMT_MAX)
        l->len += numfmt_f32(v, l->out + l->len); /* in place */
    else
        line_add(l, buf, numfmt_f32(v, buf));
}

static void line_category(struct line *l, const struct lw_feature *f, float v)
{
    const char *name = "?";

    if (isnan(v))
        return;
    if (v >= 0.0f && v < (float)f->n_categories)
        name = f->categories[(size_t)v];
    line_add(l, name, strlen(name));
}

size_t lw_view_csv_header(const struct lw_view *view, char *out, size_t size)
{
    struct line l = {out, size, 0};

    for (unsigned i = 0; i < view->n_features; i++) {
        const char *name = view->features[i].name;

        if (i > 0)
            line_add(&l, ",", 1);
        line_add(&l, name, strlen(name));
    }
    return line_end(&l);
}

size_t lw_view_csv_row(const struct lw_view *view, const float *values, char *out,
                       size_t size)
{
    struct line l = {out, size, 0};

    for (unsigned i = 0; i < view->n_features; i++) {
        const struct lw_feature *f = &view->features[i];

        if (i > 0)
            line_add(&l, ",", 1);
        if (f->type == LW_FEATURE_CATEGORY)
            line_category(&l, f, values[i]);
        else
            line_number(&l, values[i]);
    }
    return line_end(&l);
}

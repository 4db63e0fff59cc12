/* SPDX-License-Identifier: Apache-2.0 */
#include "learn/prep.h"

#include "base/mem.h"
#include "base/simd.h"
#include "learn/link.h"
#include "learn/store.h"

#include <float.h>
#include <math.h>
#include <string.h>

const char *const prep_scales[] = {"log", "standard", "minmax", "none", NULL};

void prep_release(struct prep *p)
{
    mem_free(p->shift);
    mem_free(p->factor);
    mem_free(p->fill);
    memset(p, 0, sizeof *p);
}

static enum lw_status prep_init(struct prep *p, enum prep_scale scale, size_t n_cols,
                                struct lw_error *err)
{
    memset(p, 0, sizeof *p);
    if (n_cols < 1 || n_cols > PREP_COLS_MAX)
        return lw_fail(err, LW_ELIMIT, "%zu columns; this kind of model takes 1 to %d",
                       n_cols, PREP_COLS_MAX);
    p->scale = scale;
    p->n_cols = (uint32_t)n_cols;
    p->shift = mem_zalloc(n_cols, sizeof *p->shift);
    p->factor = mem_zalloc(n_cols, sizeof *p->factor);
    p->fill = mem_zalloc(n_cols, sizeof *p->fill);
    if (p->shift == NULL || p->factor == NULL || p->fill == NULL) {
        prep_release(p);
        return lw_fail(err, LW_ENOMEM, "out of memory for %zu columns", n_cols);
    }
    return LW_OK;
}

/* Before shift and factor: infinities are the largest numbers.  in and out may be the
 * same. */
static void first_step(const struct prep *p, const float *in, float *out)
{
    if (p->scale == PREP_LOG) {
        link_squash_all(in, p->n_cols, out);
        return;
    }
    for (uint32_t c = 0; c < p->n_cols; c++) {
        float v = in[c] > FLT_MAX ? FLT_MAX : in[c];

        out[c] = v < -FLT_MAX ? -FLT_MAX : v;
    }
}

/* What is added up of a column, in double, of differences from the first value: a
 * column of large numbers close to each other keeps its deviation. */
struct column_sums {
    float low;
    float high;
    double origin;
    double sum;
    double squares;
    double n;
};

static void add_value(struct column_sums *s, float v)
{
    double d;

    if (isnan(v))
        return;
    if (s->n < 1) {
        s->low = s->high = v;
        s->origin = (double)v;
    }
    d = (double)v - s->origin;
    s->sum += d;
    s->squares += d * d;
    s->n++;
    s->low = v < s->low ? v : s->low;
    s->high = v > s->high ? v : s->high;
}

static void fit_column(struct prep *p, const struct column_sums *s, size_t col)
{
    double mean = s->n > 0 ? s->sum / s->n : 0;
    double sd = s->n > 0 ? sqrt(fmax(s->squares / s->n - mean * mean, 0)) : 0;

    mean += s->origin;
    if (p->scale == PREP_NONE) {
        p->factor[col] = 1;
        p->fill[col] = (float)mean;
        return;
    }
    if (p->scale == PREP_MINMAX) {
        sd = (double)s->high - (double)s->low;
        p->shift[col] = s->low;
    } else {
        p->shift[col] = (float)mean;
    }
    /* A column that never varied keeps its unit: a value that differs is that far off.
     */
    p->factor[col] = sd > 1e-30 ? (float)(1 / sd) : 1;
    p->fill[col] = (float)((mean - (double)p->shift[col]) * (double)p->factor[col]);
}

enum lw_status prep_fit(struct prep *p, enum prep_scale scale,
                        const struct lw_matrix *x, const uint32_t *labels,
                        uint32_t only, struct lw_error *err)
{
    enum lw_status st = prep_init(p, scale, x->n_cols, err);
    struct column_sums *sums;
    float *row;

    if (st != LW_OK)
        return st;
    sums = mem_zalloc(x->n_cols, sizeof *sums);
    row = mem_zalloc(x->n_cols, sizeof *row);
    if (sums == NULL || row == NULL) {
        prep_release(p);
        st = lw_fail(err, LW_ENOMEM, "out of memory for %zu columns", x->n_cols);
    }
    for (size_t r = 0; st == LW_OK && r < x->n_rows; r++) {
        if (labels != NULL && labels[r] != only)
            continue;
        first_step(p, x->x + r * x->n_cols, row);
        for (size_t c = 0; c < x->n_cols; c++)
            add_value(&sums[c], row[c]);
    }
    for (size_t c = 0; st == LW_OK && c < x->n_cols; c++)
        fit_column(p, &sums[c], c);
    mem_free(row);
    mem_free(sums);
    return st;
}

SIMD_BODY void last_step_body(const struct prep *p, float *row)
{
    const float *restrict shift = p->shift;
    const float *restrict factor = p->factor;
    const float *restrict fill = p->fill;

    for (uint32_t c = 0; c < p->n_cols; c++) {
        float v = (row[c] - shift[c]) * factor[c];

        v = v > PREP_VALUE_MAX ? PREP_VALUE_MAX : v;
        v = v < -PREP_VALUE_MAX ? -PREP_VALUE_MAX : v;
        row[c] = isnan(v) ? fill[c] : v;
    }
}

static void last_step_plain(const struct prep *p, float *row)
{
    last_step_body(p, row);
}

SIMD_AVX2 static void last_step_avx2(const struct prep *p, float *row)
{
    last_step_body(p, row);
}

void prep_row(const struct prep *p, const float *row, float *out)
{
    first_step(p, row, out);
    (simd_has_avx2() ? last_step_avx2 : last_step_plain)(p, out);
}

enum lw_status prep_gather(struct lw_matrix *out, const struct lw_matrix *x,
                           const uint32_t *labels, uint32_t only, struct lw_error *err)
{
    size_t n = 0;
    enum lw_status st;

    for (size_t r = 0; r < x->n_rows; r++)
        n += labels == NULL || labels[r] == only ? 1 : 0;
    if (n == 0)
        return lw_fail(err, LW_EINVAL, "no row of class %u to learn from", only);
    st = lw_matrix_init(out, n, x->n_cols, err);
    n = 0;
    for (size_t r = 0; st == LW_OK && r < x->n_rows; r++)
        if (labels == NULL || labels[r] == only)
            memcpy(out->x + n++ * x->n_cols, x->x + r * x->n_cols,
                   x->n_cols * sizeof *x->x);
    return st;
}

enum lw_status prep_rows(const struct prep *p, struct lw_matrix *out,
                         const struct lw_matrix *x, const uint32_t *labels,
                         uint32_t only, struct lw_error *err)
{
    enum lw_status st = prep_gather(out, x, labels, only, err);

    for (size_t r = 0; st == LW_OK && r < out->n_rows; r++)
        prep_row(p, out->x + r * x->n_cols, out->x + r * x->n_cols);
    return st;
}

void prep_save(const struct prep *p, struct buf *out)
{
    buf_add_u8(out, (uint8_t)p->scale);
    store_floats(out, p->shift, p->n_cols);
    store_floats(out, p->factor, p->n_cols);
    store_floats(out, p->fill, p->n_cols);
}

enum lw_status prep_load(struct prep *p, struct span *s, uint32_t n_cols,
                         struct lw_error *err)
{
    uint8_t scale;
    enum lw_status st;

    memset(p, 0, sizeof *p);
    if (!span_take_u8(s, &scale) || scale > PREP_NONE ||
        s->n / (3 * sizeof(float)) < n_cols)
        return lw_fail(err, LW_EFORMAT, "the scales of the columns are damaged");
    st = prep_init(p, (enum prep_scale)scale, n_cols, err);
    if (st != LW_OK)
        return st;
    if (!store_take_floats(s, p->shift, n_cols, FLT_MAX) ||
        !store_take_floats(s, p->factor, n_cols, FLT_MAX) ||
        !store_take_floats(s, p->fill, n_cols, PREP_VALUE_MAX)) {
        prep_release(p);
        return lw_fail(err, LW_EFORMAT, "the scales of the columns are damaged");
    }
    return LW_OK;
}

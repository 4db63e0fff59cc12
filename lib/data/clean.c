/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All that is learnt of a column fits into one struct: what takes the place of missing
 * and infinite values, and a shift and a divisor.  Applying a step that was left out is
 * shifting by 0 and dividing by 1.
 *
 * Saved, little-endian: u32 number of inputs, u8 infinite, u8 missing, u8 scale, then
 * an input each: u8 fate, f64 low, high, fill, shift, divisor.
 */
#include "data/clean.h"

#include "base/assert.h"
#include "base/mem.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { INPUTS_MAX = 65535, VIF_MAX_COLUMNS = 512 };

struct clean_column {
    enum clean_fate fate;
    double low; /* least and greatest finite value */
    double high;
    double fill;    /* in the place of missing ones; NaN: they stay */
    double shift;   /* after the logarithm, if any: this is taken away */
    double divisor; /* then it is divided by this; > 0 */
};

struct cleaner {
    enum clean_infinite infinite;
    enum clean_missing missing;
    enum clean_scale scale;
    bool is_plain; /* all columns stay, and values but infinite ones */
    size_t n_inputs;
    size_t n_outputs;
    struct clean_column *columns; /* (n_inputs), owned */
    uint32_t *source;             /* (n_outputs of n_inputs), owned; made last */
};

const char *clean_fate_name(enum clean_fate f)
{
    static const char *const names[] = {"kept", "constant", "correlated", "inflated"};

    return names[f];
}

void cleaner_free(struct cleaner *c)
{
    if (c == NULL)
        return;
    mem_free(c->columns);
    mem_free(c->source);
    mem_free(c);
}

static struct cleaner *cleaner_new(size_t n_inputs)
{
    struct cleaner *c = mem_zalloc(1, sizeof *c);

    if (c == NULL)
        return NULL;
    c->n_inputs = n_inputs;
    c->columns = mem_zalloc(n_inputs, sizeof *c->columns);
    c->source = mem_zalloc(n_inputs, sizeof *c->source);
    if (c->columns != NULL && c->source != NULL)
        return c;
    cleaner_free(c);
    return NULL;
}

static void number_outputs(struct cleaner *c)
{
    c->n_outputs = 0;
    for (size_t i = 0; i < c->n_inputs; i++)
        if (c->columns[i].fate == CLEAN_KEPT)
            c->source[c->n_outputs++] = (uint32_t)i;
    c->is_plain = c->n_outputs == c->n_inputs && c->scale == CLEAN_SCALE_NONE &&
                  c->missing == CLEAN_MISSING_KEEP &&
                  c->infinite != CLEAN_INFINITE_CLIP;
}

/* ---- use ---- */

/* Infinite and missing values repaired. */
static double repaired(const struct cleaner *c, const struct clean_column *k, double v)
{
    if (isinf(v) && c->infinite == CLEAN_INFINITE_MISSING)
        v = (double)NAN;
    else if (isinf(v) && c->infinite == CLEAN_INFINITE_CLIP)
        v = v < 0 ? k->low : k->high;
    return isnan(v) ? k->fill : v;
}

static void apply_plain(const struct cleaner *c, const float *rows, size_t n,
                        float *out)
{
    if (c->infinite == CLEAN_INFINITE_KEEP)
        memcpy(out, rows, n * sizeof *out);
    else
        for (size_t i = 0; i < n; i++)
            out[i] = fabsf(rows[i]) <= FLT_MAX ? rows[i] : NAN;
}

void cleaner_apply(const struct cleaner *c, const float *rows, size_t n_rows,
                   float *out)
{
    if (c->is_plain) {
        apply_plain(c, rows, n_rows * c->n_inputs, out);
        return;
    }
    for (size_t r = 0; r < n_rows; r++, rows += c->n_inputs)
        for (size_t o = 0; o < c->n_outputs; o++) {
            const struct clean_column *k = &c->columns[c->source[o]];
            double v = repaired(c, k, (double)rows[c->source[o]]);

            if (c->scale == CLEAN_SCALE_LOG)
                v = copysign(log1p(fabs(v)), v);
            *out++ = (float)((v - k->shift) / k->divisor);
        }
}

size_t cleaner_inputs(const struct cleaner *c)
{
    return c->n_inputs;
}

size_t cleaner_outputs(const struct cleaner *c)
{
    return c->n_outputs;
}

size_t cleaner_source(const struct cleaner *c, size_t output)
{
    LW_ASSERT(output < c->n_outputs);
    return c->source[output];
}

enum clean_fate cleaner_fate(const struct cleaner *c, size_t input)
{
    LW_ASSERT(input < c->n_inputs);
    return c->columns[input].fate;
}

/* ---- fitting one column ---- */

static int by_value(const void *a, const void *b)
{
    float x = *(const float *)a;
    float y = *(const float *)b;

    return (x > y) - (x < y);
}

static double quantile(const float *sorted, size_t n, double share)
{
    double at = share * (double)(n - 1);
    size_t below = (size_t)at;
    double rest = at - (double)below;

    return below + 1 >= n
               ? (double)sorted[n - 1]
               : (double)sorted[below] * (1 - rest) + (double)sorted[below + 1] * rest;
}

static double mean_of(const float *v, size_t n)
{
    double sum = 0;

    for (size_t i = 0; i < n; i++)
        sum += (double)v[i];
    return n == 0 ? 0 : sum / (double)n;
}

static double deviation_of(const float *v, size_t n, double mean)
{
    double squares = 0;

    for (size_t i = 0; i < n; i++)
        squares += ((double)v[i] - mean) * ((double)v[i] - mean);
    return n == 0 ? 0 : sqrt(squares / (double)n);
}

/* sorted (n): what the column has after its repair. */
static void fit_scale(const struct cleaner *c, struct clean_column *k,
                      const float *sorted, size_t n)
{
    k->divisor = 1;
    if (n == 0)
        return;
    switch (c->scale) {
    case CLEAN_SCALE_STANDARD:
        k->shift = mean_of(sorted, n);
        k->divisor = deviation_of(sorted, n, k->shift);
        break;
    case CLEAN_SCALE_MIN_MAX:
        k->shift = (double)sorted[0];
        k->divisor = (double)sorted[n - 1] - k->shift;
        break;
    case CLEAN_SCALE_ROBUST:
        k->shift = quantile(sorted, n, .5);
        k->divisor = quantile(sorted, n, .75) - quantile(sorted, n, .25);
        break;
    case CLEAN_SCALE_NONE:
    case CLEAN_SCALE_LOG:
        break;
    }
    /* A column without spread is shifted only. */
    if (!(k->divisor > 0))
        k->divisor = 1;
}

/* The finite values of a column, sorted; returns their number. */
static size_t finite_values(const struct lw_matrix *x, size_t i, float *sorted)
{
    size_t n = 0;

    for (size_t r = 0; r < x->n_rows; r++)
        if (isfinite(x->x[r * x->n_cols + i]))
            sorted[n++] = x->x[r * x->n_cols + i];
    qsort(sorted, n, sizeof *sorted, by_value);
    return n;
}

/* Do the steps need to know the column's values? */
static bool looks_at_values(const struct cleaner *c, bool drop_constant)
{
    return drop_constant || c->infinite == CLEAN_INFINITE_CLIP ||
           c->missing == CLEAN_MISSING_MEAN || c->missing == CLEAN_MISSING_MEDIAN ||
           (c->scale != CLEAN_SCALE_NONE && c->scale != CLEAN_SCALE_LOG);
}

static void fit_column(const struct cleaner *c, size_t i, bool drop_constant,
                       const struct lw_matrix *x, float *sorted)
{
    struct clean_column *k = &c->columns[i];
    size_t n;
    bool is_constant;
    size_t n_left = 0;
    float first = 0;

    k->divisor = 1;
    k->fill = c->missing == CLEAN_MISSING_KEEP ? (double)NAN : 0;
    if (!looks_at_values(c, drop_constant))
        return;
    n = finite_values(x, i, sorted);
    k->low = n == 0 ? 0 : (double)sorted[0];
    k->high = n == 0 ? 0 : (double)sorted[n - 1];
    k->fill = c->missing == CLEAN_MISSING_KEEP             ? (double)NAN
              : c->missing == CLEAN_MISSING_ZERO || n == 0 ? 0
              : c->missing == CLEAN_MISSING_MEAN           ? mean_of(sorted, n)
                                                           : quantile(sorted, n, .5);
    /* One value, or none, and nothing that is missing or infinite in some rows only. */
    is_constant = true;
    for (size_t r = 0; r < x->n_rows; r++) {
        float v = (float)repaired(c, k, (double)x->x[r * x->n_cols + i]);

        if (r == 0)
            first = v;
        is_constant = is_constant && (v == first || (isnan(v) && isnan(first)));
        if (isfinite(v))
            sorted[n_left++] = v;
    }
    if (is_constant && drop_constant)
        k->fate = CLEAN_CONSTANT;
    qsort(sorted, n_left, sizeof *sorted, by_value);
    fit_scale(c, k, sorted, n_left);
}

/* ---- columns that say the same ---- */

/* z (n_cols, n_rows): mean 0 and length 1; gaps are 0, and so are columns that are gone
 * or have no spread. */
static void normalise(const struct cleaner *c, const struct lw_matrix *x, float *z)
{
    for (size_t i = 0; i < c->n_inputs; i++) {
        float *to = z + i * x->n_rows;
        double sum = 0;
        double squares = 0;
        size_t n = 0;

        for (size_t r = 0; r < x->n_rows; r++) {
            to[r] = (float)repaired(c, &c->columns[i], (double)x->x[r * x->n_cols + i]);
            if (isfinite(to[r])) {
                sum += (double)to[r];
                n++;
            }
        }
        for (size_t r = 0; r < x->n_rows; r++) {
            to[r] = isfinite(to[r]) ? (float)((double)to[r] - sum / (double)n) : 0;
            squares += (double)to[r] * (double)to[r];
        }
        for (size_t r = 0; r < x->n_rows; r++)
            to[r] = squares > 0 && c->columns[i].fate == CLEAN_KEPT
                        ? (float)((double)to[r] / sqrt(squares))
                        : 0;
    }
}

static double product(const float *a, const float *b, size_t n)
{
    double sum = 0;

    for (size_t i = 0; i < n; i++)
        sum += (double)a[i] * (double)b[i];
    return sum;
}

static void drop_correlated(struct cleaner *c, const float *z, size_t n_rows,
                            double limit)
{
    for (size_t i = 1; i < c->n_inputs; i++)
        for (size_t k = 0; k < i && c->columns[i].fate == CLEAN_KEPT; k++)
            if (c->columns[k].fate == CLEAN_KEPT &&
                fabs(product(z + i * n_rows, z + k * n_rows, n_rows)) > limit)
                c->columns[i].fate = CLEAN_CORRELATED;
}

/* The inverse's diagonal by sweeping (see profile_pairs.c), into vif (n); a column
 * whose pivot vanishes is infinite. */
static void find_inflation(double *a, size_t n, double *vif)
{
    for (size_t k = 0; k < n; k++) {
        double pivot = a[k * n + k];

        vif[k] = 0;
        if (pivot < 1e-9) {
            vif[k] = (double)INFINITY;
            continue;
        }
        for (size_t j = 0; j < n; j++)
            a[k * n + j] /= pivot;
        for (size_t i = 0; i < n; i++) {
            double b = a[i * n + k];

            if (i == k || b == 0)
                continue;
            for (size_t j = 0; j < n; j++)
                a[i * n + j] -= b * a[k * n + j];
            a[i * n + k] = -b / pivot;
        }
        a[k * n + k] = 1 / pivot;
    }
    for (size_t k = 0; k < n; k++)
        vif[k] = isinf(vif[k]) ? vif[k] : a[k * n + k];
}

static enum lw_status drop_inflated(struct cleaner *c, const float *z, size_t n_rows,
                                    double limit, struct lw_error *err)
{
    size_t n = c->n_inputs;
    double *a = mem_zalloc(n * n, sizeof *a);
    double *r = mem_zalloc(n * n, sizeof *r);
    double *vif = mem_zalloc(n, sizeof *vif);
    size_t worst = 0;
    enum lw_status st = LW_OK;

    if (a == NULL || r == NULL || vif == NULL) {
        st = lw_fail(err, LW_ENOMEM, "out of memory for %zu columns", n);
        goto out;
    }
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k <= i; k++)
            r[i * n + k] = r[k * n + i] =
                product(z + i * n_rows, z + k * n_rows, n_rows);
    for (;;) {
        size_t m = 0;

        number_outputs(c);
        for (size_t i = 0; i < c->n_outputs; i++)
            for (size_t k = 0; k < c->n_outputs; k++)
                a[m++] = r[c->source[i] * n + c->source[k]];
        /* A column without spread inflates nothing. */
        for (size_t i = 0; i < c->n_outputs; i++)
            if (a[i * c->n_outputs + i] == 0)
                a[i * c->n_outputs + i] = 1;
        find_inflation(a, c->n_outputs, vif);
        worst = 0;
        for (size_t i = 1; i < c->n_outputs; i++)
            worst = vif[i] > vif[worst] ? i : worst;
        if (c->n_outputs < 2 || !(vif[worst] > limit))
            break;
        c->columns[c->source[worst]].fate = CLEAN_INFLATED;
    }
out:
    mem_free(a);
    mem_free(r);
    mem_free(vif);
    return st;
}

/* ---- fitting ---- */

static enum lw_status check(const struct clean_config *cfg, const struct lw_matrix *x,
                            struct lw_error *err)
{
    if (x->n_rows == 0 || x->n_cols == 0 || x->n_cols > INPUTS_MAX)
        return lw_fail(err, LW_EINVAL, "cannot clean %zu rows of %zu columns",
                       x->n_rows, x->n_cols);
    if (!(cfg->max_correlation >= 0 && cfg->max_correlation <= 1))
        return lw_fail(err, LW_EINVAL, "a correlation cannot be limited to %g",
                       cfg->max_correlation);
    if (!(cfg->max_vif == 0 || cfg->max_vif >= 1))
        return lw_fail(err, LW_EINVAL, "variance inflation cannot be limited to %g",
                       cfg->max_vif);
    if (cfg->max_vif > 0 && x->n_cols > VIF_MAX_COLUMNS)
        return lw_fail(
            err, LW_EINVAL,
            "variance inflation of %zu columns; at most %d can be thinned out",
            x->n_cols, VIF_MAX_COLUMNS);
    return LW_OK;
}

static enum lw_status fit(struct cleaner *c, const struct clean_config *cfg,
                          const struct lw_matrix *x, struct lw_error *err)
{
    bool pairs = cfg->max_correlation > 0 || cfg->max_vif > 0;
    float *sorted = mem_zalloc(x->n_rows, sizeof *sorted);
    float *z = pairs ? mem_zalloc(x->n_cols, x->n_rows * sizeof *z) : NULL;
    enum lw_status st = LW_OK;

    if (sorted == NULL || (pairs && z == NULL)) {
        st = lw_fail(err, LW_ENOMEM, "out of memory to clean %zu rows", x->n_rows);
        goto out;
    }
    for (size_t i = 0; i < x->n_cols; i++)
        fit_column(c, i, cfg->drop_constant, x, sorted);
    if (pairs)
        normalise(c, x, z);
    if (cfg->max_correlation > 0)
        drop_correlated(c, z, x->n_rows, cfg->max_correlation);
    if (cfg->max_vif > 0)
        st = drop_inflated(c, z, x->n_rows, cfg->max_vif, err);
    number_outputs(c);
out:
    mem_free(sorted);
    mem_free(z);
    return st;
}

enum lw_status cleaner_fit(struct cleaner **out, const struct clean_config *cfg,
                           const struct lw_matrix *x, struct lw_error *err)
{
    struct cleaner *c;
    enum lw_status st = check(cfg, x, err);

    if (st != LW_OK)
        return st;
    c = cleaner_new(x->n_cols);
    if (c == NULL)
        return lw_fail(err, LW_ENOMEM, "out of memory for a cleaner");
    c->infinite = cfg->infinite;
    c->missing = cfg->missing;
    c->scale = cfg->scale;
    st = fit(c, cfg, x, err);
    if (st != LW_OK) {
        cleaner_free(c);
        return st;
    }
    *out = c;
    return LW_OK;
}

/* ---- files ---- */

void cleaner_save(const struct cleaner *c, struct buf *out)
{
    buf_add_le32(out, (uint32_t)c->n_inputs);
    buf_add_u8(out, (uint8_t)c->infinite);
    buf_add_u8(out, (uint8_t)c->missing);
    buf_add_u8(out, (uint8_t)c->scale);
    for (size_t i = 0; i < c->n_inputs; i++) {
        const struct clean_column *k = &c->columns[i];

        buf_add_u8(out, (uint8_t)k->fate);
        buf_add_f64(out, k->low);
        buf_add_f64(out, k->high);
        buf_add_f64(out, k->fill);
        buf_add_f64(out, k->shift);
        buf_add_f64(out, k->divisor);
    }
}

static bool take_column(struct span *in, const struct cleaner *c,
                        struct clean_column *k)
{
    uint8_t fate;

    if (!span_take_u8(in, &fate) || !span_take_f64(in, &k->low) ||
        !span_take_f64(in, &k->high) || !span_take_f64(in, &k->fill) ||
        !span_take_f64(in, &k->shift) || !span_take_f64(in, &k->divisor))
        return false;
    k->fate = (enum clean_fate)fate;
    return fate <= CLEAN_INFLATED && isfinite(k->low) && isfinite(k->high) &&
           isfinite(k->shift) && isfinite(k->divisor) && k->divisor > 0 &&
           (c->missing == CLEAN_MISSING_KEEP ? isnan(k->fill) : isfinite(k->fill));
}

enum lw_status cleaner_load(struct cleaner **out, struct span *in, struct lw_error *err)
{
    uint32_t n = 0;
    uint8_t infinite = 0;
    uint8_t missing = 0;
    uint8_t scale = 0;
    struct cleaner *c;
    bool ok = true;

    if (!span_take_le32(in, &n) || !span_take_u8(in, &infinite) ||
        !span_take_u8(in, &missing) || !span_take_u8(in, &scale) || n == 0 ||
        n > INPUTS_MAX || infinite > CLEAN_INFINITE_CLIP ||
        missing > CLEAN_MISSING_MEDIAN || scale > CLEAN_SCALE_LOG)
        return lw_fail(err, LW_EFORMAT, "a damaged cleaner");
    c = cleaner_new(n);
    if (c == NULL)
        return lw_fail(err, LW_ENOMEM, "out of memory for a cleaner");
    c->infinite = (enum clean_infinite)infinite;
    c->missing = (enum clean_missing)missing;
    c->scale = (enum clean_scale)scale;
    for (size_t i = 0; ok && i < n; i++)
        ok = take_column(in, c, &c->columns[i]);
    if (!ok) {
        cleaner_free(c);
        return lw_fail(err, LW_EFORMAT, "a damaged cleaner");
    }
    number_outputs(c);
    *out = c;
    return LW_OK;
}

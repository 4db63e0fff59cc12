/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How columns of numbers go together: Pearson's correlation, Spearman's (the same of
 * ranks), and how far the others determine each (variance inflation).
 *
 * They are computed from rows evenly spaced over the file, without missing and infinite
 * values: pair by pair, from the rows that have both.  Columns are brought to mean 0
 * and length 1 first, so that the product of two complete ones is their correlation.
 *
 * Variance inflation is the diagonal of the correlation matrix' inverse, found by the
 * sweep operator (Goodnight, Am. Stat. 33, 1979).  A column whose pivot is less than
 * PIVOT_MIN is a sum of those swept before: it and those that it is made of are
 * infinite.
 */
#include "base/mem.h"
#include "data/profile_priv.h"

#include <math.h>
#include <string.h>

enum { ROWS_MIN = 2000, VIF_COLUMNS_MAX = 1024, BLOCK = 256, LANES = 8 };

/* Multiplications that all pairs may take. */
static const double work_max = 4e9;

/* Correlations come from sums of floats; less is noise. */
static const double pivot_min = 1e-5;
static const double share_min = 1e-3;

struct sample {
    const struct profiling *p;
    struct lw_profile *out;
    size_t n;          /* rows */
    float *x;          /* (n_numbers, n), owned; NaN where missing */
    bool *has_gaps;    /* (n_numbers), owned */
    uint64_t *items;   /* (n), owned */
    uint64_t *scratch; /* (n), owned */
};

static void sample_release(struct sample *s)
{
    mem_free(s->x);
    mem_free(s->has_gaps);
    mem_free(s->items);
    mem_free(s->scratch);
}

/* Labelled rows, evenly spaced. */
static void take_column(const struct sample *s, const float *numbers, float *x)
{
    const struct profiling *p = s->p;
    size_t seen = 0;
    size_t k = 0;

    for (size_t r = 0; r < p->n_rows && k < s->n; r++) {
        if (p->side[r] == LW_SIDE_NEITHER)
            continue;
        if ((double)seen++ * (double)s->n < (double)k * (double)p->n)
            continue;
        x[k++] = isinf(numbers[r]) ? (float)NAN : numbers[r];
    }
    for (; k < s->n; k++)
        x[k] = (float)NAN;
}

/* Mean 0 and length 1; false when the column has one value only. */
static bool normalise(float *x, size_t n, bool *has_gaps)
{
    double sum = 0;
    double squares = 0;
    double mean;
    size_t k = 0;

    for (size_t i = 0; i < n; i++)
        if (!isnan(x[i])) {
            sum += (double)x[i];
            k++;
        }
    *has_gaps = k < n;
    mean = k == 0 ? 0 : sum / (double)k;
    for (size_t i = 0; i < n; i++)
        if (!isnan(x[i]))
            squares += ((double)x[i] - mean) * ((double)x[i] - mean);
    if (!(squares > 0))
        return false;
    for (size_t i = 0; i < n; i++)
        x[i] = (float)(((double)x[i] - mean) / sqrt(squares));
    return true;
}

/* Values become their ranks; equal ones the mean of theirs. */
static void rank_column(const struct sample *s, float *x)
{
    size_t n = 0;

    for (size_t i = 0; i < s->n; i++)
        if (!isnan(x[i]))
            s->items[n++] = (uint64_t)profile_order_of(x[i]) << 32 | i;
    profile_sort(s->items, s->scratch, n, 32);
    for (size_t i = 0; i < n;) {
        size_t start = i;
        float rank;

        while (i < n && s->items[i] >> 32 == s->items[start] >> 32)
            i++;
        rank = (float)((double)(start + i - 1) / 2);
        for (size_t k = start; k < i; k++)
            x[(uint32_t)s->items[k]] = rank;
    }
}

static float product(const float *a, const float *b, size_t n)
{
    double sum = 0;

    for (size_t i = 0; i < n; i += BLOCK) {
        size_t end = n - i < BLOCK ? n : i + BLOCK;
        float lane[LANES] = {0};
        size_t k = i;

        for (; k + LANES <= end; k += LANES)
            for (size_t l = 0; l < LANES; l++)
                lane[l] += a[k + l] * b[k + l];
        for (; k < end; k++)
            lane[0] += a[k] * b[k];
        for (size_t l = 0; l < LANES; l++)
            sum += (double)lane[l];
    }
    return (float)sum;
}

/* The correlation of the rows that have both. */
static float pair_with_gaps(const float *a, const float *b, size_t n)
{
    double sa = 0;
    double sb = 0;
    double saa = 0;
    double sbb = 0;
    double sab = 0;
    double k = 0;
    double va;
    double vb;

    for (size_t i = 0; i < n; i++) {
        double x = (double)a[i];
        double y = (double)b[i];

        if (isnan(x) || isnan(y))
            continue;
        k++;
        sa += x;
        sb += y;
        saa += x * x;
        sbb += y * y;
        sab += x * y;
    }
    va = saa - sa * sa / k;
    vb = sbb - sb * sb / k;
    /* What is left of rounding is no spread. */
    if (k < 3 || va <= 1e-12 * saa || vb <= 1e-12 * sbb)
        return (float)NAN;
    return (float)((sab - sa * sb / k) / sqrt(va * vb));
}

static void fill_matrix(const struct sample *s, float *r)
{
    size_t n = s->out->n_numbers;

    for (size_t i = 0; i < n; i++) {
        r[i * n + i] = 1;
        for (size_t k = 0; k < i; k++) {
            const float *a = s->x + i * s->n;
            const float *b = s->x + k * s->n;
            float v = s->has_gaps[i] || s->has_gaps[k] ? pair_with_gaps(a, b, s->n)
                                                       : product(a, b, s->n);

            v = v > 1 ? 1 : v < -1 ? -1 : v;
            r[i * n + k] = r[k * n + i] = v;
        }
    }
}

/* Columns of numbers that are no labels and have more than one value in the sample. */
static void choose_columns(struct sample *s)
{
    struct lw_profile *out = s->out;

    for (size_t i = 0; i < out->n_features; i++) {
        struct lw_column c;

        if (out->features[i].is_text || out->features[i].is_label)
            continue;
        lw_frame_column(s->p->frame, out->features[i].column, &c);
        take_column(s, c.numbers, s->x + out->n_numbers * s->n);
        if (normalise(s->x + out->n_numbers * s->n, s->n, &s->has_gaps[out->n_numbers]))
            out->numbers[out->n_numbers++] = i;
    }
}

static void name_strongest(struct lw_profile *out)
{
    size_t n = out->n_numbers;

    for (size_t i = 0; i < n; i++) {
        struct lw_profile_feature *f = &out->features[out->numbers[i]];

        for (size_t k = 0; k < n; k++) {
            double r = (double)out->pearson[i * n + k];

            if (k == i || isnan(r) || fabs(r) <= fabs(f->correlation))
                continue;
            f->correlation = r;
            f->correlated_with = out->numbers[k];
        }
    }
}

/* ---- variance inflation ---- */

void profile_sweep(double *a, size_t n, size_t k)
{
    double pivot = a[k * n + k];

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

/* Columns with gaps again, now with their mean there: what is correlated pair by pair,
 * each from other rows, may contradict itself. */
static void fill_gaps(struct sample *s, double *a)
{
    size_t n = s->out->n_numbers;

    for (size_t i = 0; i < n; i++) {
        float *x = s->x + i * s->n;
        struct lw_column c;

        lw_frame_column(s->p->frame, s->out->features[s->out->numbers[i]].column, &c);
        take_column(s, c.numbers, x);
        (void)normalise(x, s->n, &s->has_gaps[i]);
        for (size_t r = 0; s->has_gaps[i] && r < s->n; r++)
            x[r] = isnan(x[r]) ? 0 : x[r];
    }
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < i; k++)
            if (s->has_gaps[i] || s->has_gaps[k])
                a[i * n + k] = a[k * n + i] =
                    (double)product(s->x + i * s->n, s->x + k * s->n, s->n);
}

static enum lw_status find_inflation(struct sample *s, struct lw_error *err)
{
    struct lw_profile *out = s->out;
    size_t n = out->n_numbers;
    double *a;
    bool *is_swept;
    bool *is_infinite;

    if (n == 0 || n > VIF_COLUMNS_MAX)
        return LW_OK;
    a = mem_zalloc(n * n, sizeof *a);
    is_swept = mem_zalloc(n, sizeof *is_swept);
    is_infinite = mem_zalloc(n, sizeof *is_infinite);
    if (a == NULL || is_swept == NULL || is_infinite == NULL) {
        mem_free(a);
        mem_free(is_swept);
        mem_free(is_infinite);
        return lw_fail(err, LW_ENOMEM, "out of memory for %zu columns", n);
    }
    for (size_t i = 0; i < n * n; i++)
        a[i] = (double)out->pearson[i];
    fill_gaps(s, a);
    for (size_t k = 0; k < n; k++) {
        if (a[k * n + k] >= pivot_min) {
            profile_sweep(a, n, k);
            is_swept[k] = true;
            continue;
        }
        is_infinite[k] = true;
        for (size_t i = 0; i < k; i++)
            if (is_swept[i] && fabs(a[i * n + k]) > share_min)
                is_infinite[i] = true;
    }
    for (size_t k = 0; k < n; k++)
        out->features[out->numbers[k]].vif =
            is_infinite[k] || a[k * n + k] > 1 / pivot_min ? (double)INFINITY
                                                           : a[k * n + k];
    mem_free(a);
    mem_free(is_swept);
    mem_free(is_infinite);
    return LW_OK;
}

/* ---- the whole ---- */

static size_t sample_rows(const struct profiling *p, size_t n_numbers, size_t max_rows)
{
    double pairs = (double)n_numbers * (double)n_numbers;
    double fit = pairs > 0 ? work_max / pairs : 0;
    size_t n = (double)max_rows < fit ? max_rows : (size_t)fit;

    n = n < ROWS_MIN ? ROWS_MIN : n;
    return n < p->n ? n : p->n;
}

static enum lw_status sample_init(struct sample *s, size_t max_rows,
                                  struct lw_error *err)
{
    struct lw_profile *out = s->out;
    size_t n = 0;

    for (size_t i = 0; i < out->n_features; i++)
        n += out->features[i].is_text || out->features[i].is_label ? 0 : 1;
    s->n = sample_rows(s->p, n, max_rows);
    s->has_gaps = mem_zalloc(n, sizeof *s->has_gaps);
    s->items = mem_alloc(s->n * sizeof *s->items);
    s->scratch = mem_alloc(s->n * sizeof *s->scratch);
    s->x = mem_zalloc(n, s->n * sizeof *s->x);
    out->numbers = mem_zalloc(n, sizeof *out->numbers);
    out->pearson = mem_zalloc(n * n, sizeof *out->pearson);
    out->spearman = mem_zalloc(n * n, sizeof *out->spearman);
    if (s->x == NULL || s->has_gaps == NULL || s->items == NULL || s->scratch == NULL ||
        out->numbers == NULL || out->pearson == NULL || out->spearman == NULL)
        return lw_fail(err, LW_ENOMEM, "out of memory for %zu columns of %zu rows", n,
                       s->n);
    out->n_pair_rows = s->n;
    return LW_OK;
}

enum lw_status profile_pairs(const struct profiling *p, struct lw_profile *out,
                             size_t max_rows, struct lw_error *err)
{
    struct sample s = {.p = p, .out = out};
    enum lw_status st = sample_init(&s, max_rows, err);

    if (st == LW_OK) {
        choose_columns(&s);
        fill_matrix(&s, out->pearson);
        for (size_t i = 0; i < out->n_numbers; i++) {
            rank_column(&s, s.x + i * s.n);
            (void)normalise(s.x + i * s.n, s.n, &s.has_gaps[i]);
        }
        fill_matrix(&s, out->spearman);
        name_strongest(out);
        st = find_inflation(&s, err);
    }
    sample_release(&s);
    return st;
}

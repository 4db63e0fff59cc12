/* SPDX-License-Identifier: Apache-2.0 */
#include "learn/bins.h"

#include "base/mem.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Different values of a column, upwards, and how many rows have each. */
struct census {
    float *value;    /* (n), owned; room for all rows */
    uint32_t *count; /* (n), owned */
    size_t n;
    float *sorted; /* scratch (n_rows), owned */
};

/* Infinities are the largest numbers: a threshold between must be finite. */
static float bounded(float v)
{
    return v > FLT_MAX ? FLT_MAX : v < -FLT_MAX ? -FLT_MAX : v;
}

static int ascending(const void *a, const void *b)
{
    float x = *(const float *)a;
    float y = *(const float *)b;

    return (x > y) - (x < y);
}

/* Most columns of encoded records have two values: look each up before sorting all.
 * False where there are more than BINS_MAX. */
static bool count_few(struct census *s, const struct lw_matrix *x, size_t col)
{
    s->n = 0;
    for (size_t r = 0; r < x->n_rows; r++) {
        float v = bounded(x->x[r * x->n_cols + col]);
        size_t lo = 0;
        size_t hi = s->n;

        if (isnan(v))
            continue;
        while (lo < hi) {
            size_t mid = (lo + hi) / 2;

            if (s->value[mid] < v)
                lo = mid + 1;
            else
                hi = mid;
        }
        if (lo < s->n && s->value[lo] <= v) {
            s->count[lo]++;
            continue;
        }
        if (s->n == BINS_MAX)
            return false;
        memmove(s->value + lo + 1, s->value + lo, (s->n - lo) * sizeof *s->value);
        memmove(s->count + lo + 1, s->count + lo, (s->n - lo) * sizeof *s->count);
        s->value[lo] = v;
        s->count[lo] = 1;
        s->n++;
    }
    return true;
}

static void count_many(struct census *s, const struct lw_matrix *x, size_t col)
{
    size_t n = 0;

    for (size_t r = 0; r < x->n_rows; r++) {
        float v = bounded(x->x[r * x->n_cols + col]);

        if (!isnan(v))
            s->sorted[n++] = v;
    }
    qsort(s->sorted, n, sizeof *s->sorted, ascending);
    s->n = 0;
    for (size_t i = 0; i < n; i++) {
        if (s->n == 0 || s->sorted[i] > s->value[s->n - 1]) {
            s->value[s->n] = s->sorted[i];
            s->count[s->n++] = 0;
        }
        s->count[s->n - 1]++;
    }
}

/* Close an interval where it has its share of the rows that are left; a value with more
 * rows than that has an interval of its own.  Returns how many intervals there are. */
static uint32_t cut(const struct census *s, float *low, float *high)
{
    size_t left = 0;
    size_t held = 0; /* rows in the interval that is open */
    uint32_t n = 0;

    for (size_t i = 0; i < s->n; i++)
        left += s->count[i];
    for (size_t i = 0; i < s->n; i++) {
        size_t share = left / (BINS_MAX - n);

        if (held == 0)
            low[n] = s->value[i];
        held += s->count[i];
        high[n] = s->value[i];
        if (s->n <= BINS_MAX || i + 1 == s->n ||
            (n < BINS_MAX - 1 && (held >= share || s->count[i + 1] >= share))) {
            left -= held;
            held = 0;
            n++;
        }
    }
    return n;
}

static uint8_t interval(const float *high, uint32_t n, float v)
{
    size_t lo = 0;
    size_t hi = n;

    if (isnan(v))
        return BINS_MISSING;
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;

        if (high[mid] < v)
            lo = mid + 1;
        else
            hi = mid;
    }
    return (uint8_t)lo;
}

static void fill_column(struct bins *b, struct census *s, const struct lw_matrix *x,
                        size_t col)
{
    float *high = b->high + col * BINS_MAX;
    uint8_t *code = b->code + col * b->n_rows;

    if (!count_few(s, x, col))
        count_many(s, x, col);
    b->n_bins[col] = cut(s, b->low + col * BINS_MAX, high);
    for (size_t r = 0; r < x->n_rows; r++)
        code[r] = interval(high, b->n_bins[col], bounded(x->x[r * x->n_cols + col]));
}

float bins_between(const struct bins *b, size_t col, uint32_t left, uint32_t right)
{
    float from = b->high[col * BINS_MAX + left];
    float to = b->low[col * BINS_MAX + right];
    float mid = (float)(((double)from + (double)to) / 2);

    return mid > from ? mid : to;
}

void bins_release(struct bins *b)
{
    mem_free(b->code);
    mem_free(b->low);
    mem_free(b->high);
    mem_free(b->n_bins);
    memset(b, 0, sizeof *b);
}

enum lw_status bins_init(struct bins *b, const struct lw_matrix *x,
                         struct lw_error *err)
{
    size_t room = x->n_rows > BINS_MAX ? x->n_rows : BINS_MAX;
    struct census s = {.value = mem_zalloc(room, sizeof *s.value),
                       .count = mem_zalloc(room, sizeof *s.count),
                       .sorted = mem_zalloc(x->n_rows, sizeof *s.sorted)};
    enum lw_status st = LW_OK;

    *b = (struct bins){.n_rows = x->n_rows, .n_cols = x->n_cols};
    b->code = mem_zalloc(x->n_cols, x->n_rows);
    b->low = mem_zalloc(x->n_cols * BINS_MAX, sizeof *b->low);
    b->high = mem_zalloc(x->n_cols * BINS_MAX, sizeof *b->high);
    b->n_bins = mem_zalloc(x->n_cols, sizeof *b->n_bins);
    if (s.value == NULL || s.count == NULL || s.sorted == NULL || b->code == NULL ||
        b->low == NULL || b->high == NULL || b->n_bins == NULL) {
        bins_release(b);
        st = lw_fail(err, LW_ENOMEM, "out of memory for %zu rows of %zu columns",
                     x->n_rows, x->n_cols);
    }
    for (size_t c = 0; st == LW_OK && c < x->n_cols; c++)
        fill_column(b, &s, x, c);
    mem_free(s.value);
    mem_free(s.count);
    mem_free(s.sorted);
    return st;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A column of numbers.  One sort gives nearly all: an item is the number's bits in
 * order, with its side in the lowest bit.  Ties stay together, so ranks, bins and
 * different values are found in one pass over the runs.
 *
 * Infinite numbers have a rank and are counted, but means, quantiles, outliers and
 * Welch's test are of the finite ones.
 */
#include "data/distribution.h"
#include "data/profile_priv.h"

#include <math.h>

/* Bins of equal count for mutual information, and one for missing values. */
enum { BINS = 20 };

/* What one pass over the sorted items finds. */
struct runs {
    uint64_t n[2]; /* items of each side */
    double wins;   /* pairs in which the attack has the greater value; ties are half */
    double ties;   /* sum of t^3 - t over runs of t equal values */
    uint64_t pure; /* items of their run's more frequent side */
    uint64_t n_distinct;
    uint64_t cells[2 * (BINS + 1)];
};

/* Items of the values that are there; returns their number. */
static size_t fill_items(struct profiling *p, const float *numbers,
                         struct lw_profile_feature *f, struct profile_hint *hint)
{
    size_t n = 0;
    uint64_t n_pairs = 0;
    uint64_t n_ascending = 0;
    float before = (float)NAN;

    hint->is_whole = true;
    for (size_t r = 0; r < p->n_rows; r++) {
        float v = numbers[r];
        unsigned side = p->side[r];

        if (side == LW_SIDE_NEITHER)
            continue;
        if (isnan(v)) {
            f->side[side].n_missing++;
            continue;
        }
        if (isinf(v))
            f->side[side].n_infinite++;
        else
            hint->is_whole = hint->is_whole && v == floorf(v);
        if (!isnan(before)) {
            n_pairs++;
            n_ascending += v >= before ? 1 : 0;
        }
        before = v;
        p->items[n++] = (uint64_t)profile_order_of(v) << 1 | side;
    }
    hint->ascending = n_pairs == 0 ? 0 : (double)n_ascending / (double)n_pairs;
    return n;
}

static void walk_runs(struct runs *r, const uint64_t *items, size_t n)
{
    *r = (struct runs){0};
    for (size_t i = 0; i < n;) {
        uint64_t count[2] = {0, 0};
        size_t bin = i * BINS / n;
        size_t start = i;
        double t;

        for (; i < n && items[i] >> 1 == items[start] >> 1; i++)
            count[items[i] & 1]++;
        t = (double)(i - start);
        r->wins += (double)count[1] * ((double)r->n[0] + (double)count[0] / 2);
        r->ties += t * t * t - t;
        r->pure += count[0] > count[1] ? count[0] : count[1];
        r->n_distinct++;
        for (size_t s = 0; s < 2; s++) {
            r->n[s] += count[s];
            r->cells[2 * bin + s] += count[s];
        }
    }
}

/* ---- moments and quantiles of sorted, finite values ---- */

static double quantile(const float *sorted, size_t n, double share)
{
    double at = share * (double)(n - 1);
    size_t below = (size_t)at;
    double rest = at - (double)below;

    if (below + 1 >= n)
        return (double)sorted[n - 1];
    return (double)sorted[below] * (1 - rest) + (double)sorted[below + 1] * rest;
}

static void describe_side(struct lw_profile_side *s, const float *sorted, size_t n)
{
    double sum = 0;
    double squares = 0;

    if (n == 0)
        return;
    for (size_t i = 0; i < n; i++)
        sum += (double)sorted[i];
    s->mean = sum / (double)n;
    for (size_t i = 0; i < n; i++) {
        double d = (double)sorted[i] - s->mean;

        squares += d * d;
    }
    if (n > 1)
        s->deviation = sqrt(squares / (double)(n - 1));
    for (size_t q = 0; q < LW_PROFILE_QUANTILES; q++)
        s->quantile[q] = quantile(sorted, n, lw_profile_quantile[q]);
}

/* How far the median value lies from the median: the k-th smallest distance, by merging
 * those to the left with those to the right. */
static double median_distance(const float *sorted, size_t n, double median)
{
    size_t left = 0; /* values below the median, nearest last */
    size_t right;
    double before = 0;
    double d = 0;

    while (left < n && (double)sorted[left] < median)
        left++;
    right = left;
    for (size_t k = 0; k <= n / 2; k++) {
        before = d;
        if (right < n && (left == 0 || (double)sorted[right] - median <=
                                           median - (double)sorted[left - 1]))
            d = (double)sorted[right++] - median;
        else
            d = median - (double)sorted[--left];
    }
    return n % 2 == 1 ? d : (before + d) / 2;
}

static double mean_distance(const float *sorted, size_t n, double from)
{
    double sum = 0;

    for (size_t i = 0; i < n; i++)
        sum += fabs((double)sorted[i] - from);
    return sum / (double)n;
}

/* Tukey's fences, and the modified z-score of Iglewicz and Hoaglin (1993): distances in
 * units of a deviation that a normal distribution with this median distance has.  Where
 * half of the values are the median, the mean distance takes its place. */
static void count_outliers(struct lw_profile_feature *f, const float *sorted, size_t n)
{
    double low = quantile(sorted, n, .25);
    double high = quantile(sorted, n, .75);
    double median = quantile(sorted, n, .5);
    double reach = 1.5 * (high - low);
    double deviation = 1.4826 * median_distance(sorted, n, median);

    if (deviation == 0)
        deviation = 1.2533 * mean_distance(sorted, n, median);
    for (size_t i = 0; i < n; i++) {
        double v = (double)sorted[i];

        if (v < low - reach || v > high + reach)
            f->n_outliers_iqr++;
        if (deviation > 0 && fabs(v - median) > 3.5 * deviation)
            f->n_outliers_z++;
    }
}

/* ---- tests ---- */

static enum lw_test_state test_state(const uint64_t n[2], bool is_constant)
{
    if (n[0] == 0 || n[1] == 0)
        return LW_TEST_NO_CLASSES;
    if (is_constant)
        return LW_TEST_CONSTANT;
    return n[0] < PROFILE_VALUES_MIN || n[1] < PROFILE_VALUES_MIN ? LW_TEST_TOO_FEW
                                                                  : LW_TEST_APPLIES;
}

/* Welch, Biometrika 34 (1947); degrees of freedom by Satterthwaite. */
static void test_means(struct lw_profile_feature *f, const uint64_t n[2],
                       bool is_constant)
{
    double square[2]; /* of the error of the mean */
    double spread = 0;
    double difference = f->side[1].mean - f->side[0].mean;
    struct lw_profile_test *t = &f->welch;

    t->state = test_state(n, is_constant);
    if (t->state != LW_TEST_APPLIES)
        return;
    for (size_t s = 0; s < 2; s++) {
        double variance = f->side[s].deviation * f->side[s].deviation;

        square[s] = variance / (double)n[s];
        spread += variance * (double)(n[s] - 1);
    }
    spread = sqrt(spread / (double)(n[0] + n[1] - 2));
    t->statistic = difference / sqrt(square[0] + square[1]);
    t->df = (square[0] + square[1]) * (square[0] + square[1]) /
            (square[0] * square[0] / (double)(n[0] - 1) +
             square[1] * square[1] / (double)(n[1] - 1));
    if (square[0] + square[1] == 0)
        t->df = (double)(n[0] + n[1] - 2);
    t->p = student_two_sided(t->statistic, t->df);
    f->cohen_d = difference / spread;
}

/* Mann and Whitney, Ann. Math. Stat. 18 (1947), normal approximation with ties. */
static void test_ranks(struct lw_profile_feature *f, const struct runs *r)
{
    double pairs = (double)r->n[0] * (double)r->n[1];
    double n = (double)(r->n[0] + r->n[1]);
    double variance = pairs / 12 * (n + 1 - r->ties / (n * (n - 1)));
    struct lw_profile_test *t = &f->rank;

    if (pairs > 0)
        f->auc = r->wins / pairs;
    t->state = test_state(r->n, r->n_distinct == 1);
    if (t->state != LW_TEST_APPLIES)
        return;
    t->statistic = (r->wins - pairs / 2) / sqrt(variance);
    t->p = normal_two_sided(t->statistic);
}

/* ---- the whole ---- */

void profile_number(struct profiling *p, struct lw_profile_feature *f,
                    struct profile_hint *hint)
{
    struct lw_column c;
    struct runs runs;
    uint64_t n_finite[2];
    size_t at[2];
    size_t n;
    size_t n_all;

    lw_frame_column(p->frame, f->column, &c);
    n = fill_items(p, c.numbers, f, hint);
    profile_sort(p->items, p->scratch, n, 1);
    walk_runs(&runs, p->items, n);
    for (size_t s = 0; s < 2; s++) {
        n_finite[s] = runs.n[s] - f->side[s].n_infinite;
        runs.cells[2 * BINS + s] = f->side[s].n_missing;
    }
    f->n_distinct = runs.n_distinct;
    f->mutual_information = profile_information(runs.cells, BINS + 1);
    hint->purity = n == 0 ? 0 : (double)runs.pure / (double)n;

    at[0] = 0;
    at[1] = n_finite[0];
    for (size_t i = 0; i < n; i++) {
        float v = profile_value_of((uint32_t)(p->items[i] >> 1));

        if (!isinf(v))
            p->values[at[p->items[i] & 1]++] = v;
    }
    describe_side(&f->side[0], p->values, n_finite[0]);
    describe_side(&f->side[1], p->values + n_finite[0], n_finite[1]);
    test_means(f, n_finite, n > 0 && runs.n_distinct == 1);
    test_ranks(f, &runs);

    n_all = 0;
    for (size_t i = 0; i < n; i++) {
        float v = profile_value_of((uint32_t)(p->items[i] >> 1));

        if (!isinf(v))
            p->values[n_all++] = v;
    }
    if (n_all > 0)
        count_outliers(f, p->values, n_all);
}

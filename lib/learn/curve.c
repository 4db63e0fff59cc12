/* SPDX-License-Identifier: Apache-2.0 */
/*
 * learn/curve.c - thresholds, distributions and reliability of a score.
 *
 * Rows are sorted by falling score and walked once.  Equal scores cannot be told apart
 * by any threshold, so they make one point.  Which points are kept depends on the
 * counts alone, never on the order of the rows.
 */
#include "base/mem.h"

#include <lapwing/curve.h>

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

struct ranked {
    float score;
    bool attack;
};

static int by_falling_score(const void *a, const void *b)
{
    float x = ((const struct ranked *)a)->score;
    float y = ((const struct ranked *)b)->score;

    return (x < y) - (x > y);
}

static double share(uint64_t n, uint64_t of)
{
    return of > 0 ? (double)n / (double)of : 0;
}

/* Which of the slots a point falls into; grows along the curve. */
static size_t slot_of(const struct lw_curve *c, uint64_t tp, uint64_t fp)
{
    double way = (share(tp, c->n_rows[1]) + sqrt(share(fp, c->n_rows[0]))) / 2;

    return (size_t)(way * (LW_CURVE_MAX_POINTS - 2));
}

static void add_points(struct lw_curve *c, const struct ranked *r, size_t n)
{
    uint64_t tp = 0;
    uint64_t fp = 0;
    size_t last_slot = SIZE_MAX;

    for (size_t i = 0; i < n; i++) {
        tp += r[i].attack;
        fp += !r[i].attack;
        if (i + 1 < n && r[i + 1].score >= r[i].score)
            continue;
        size_t slot = slot_of(c, tp, fp);
        if (slot == last_slot && i + 1 < n)
            continue;
        last_slot = slot;
        c->points[c->n_points++] = (struct lw_curve_point){r[i].score, tp, fp};
    }
}

static void add_bins(struct lw_curve *c, const struct ranked *r, size_t n)
{
    double lowest = (double)c->lowest;
    double width = ((double)c->highest - lowest) / LW_CURVE_BINS;

    for (size_t i = 0; i < n; i++) {
        size_t bin = width > 0 ? (size_t)(((double)r[i].score - lowest) / width) : 0;

        if (bin >= LW_CURVE_BINS)
            bin = LW_CURVE_BINS - 1;
        c->bins[r[i].attack][bin]++;
    }
}

static void add_reliability(struct lw_curve *c, const struct ranked *r, size_t n)
{
    double sum[LW_CURVE_RELIABILITY] = {0};

    if (c->lowest < 0 || c->highest > 1)
        return;
    c->n_reliability = LW_CURVE_RELIABILITY;
    for (size_t i = 0; i < n; i++) {
        size_t bin = (size_t)((double)r[i].score * LW_CURVE_RELIABILITY);

        if (bin >= LW_CURVE_RELIABILITY)
            bin = LW_CURVE_RELIABILITY - 1;
        c->reliability[bin].n_rows++;
        c->reliability[bin].n_attacks += r[i].attack;
        sum[bin] += (double)r[i].score;
    }
    for (size_t bin = 0; bin < LW_CURVE_RELIABILITY; bin++) {
        uint64_t rows = c->reliability[bin].n_rows;

        c->reliability[bin].mean_score =
            rows > 0 ? sum[bin] / (double)rows : (double)NAN;
    }
}

static enum lw_status rank_rows(struct ranked *r, const uint32_t *truth,
                                const float *score, size_t n_rows, struct lw_error *err)
{
    for (size_t i = 0; i < n_rows; i++) {
        if (!isfinite(score[i]))
            return lw_fail(err, LW_EINVAL, "row %zu: the attack score is not finite",
                           i);
        r[i] = (struct ranked){score[i], truth[i] != 0};
    }
    qsort(r, n_rows, sizeof *r, by_falling_score);
    return LW_OK;
}

enum lw_status lw_curve_compute(struct lw_curve *out, const uint32_t *truth,
                                const float *attack_score, size_t n_rows,
                                struct lw_error *err)
{
    struct lw_curve c = {.n_points = 0};
    struct ranked *r = NULL;
    enum lw_status st;

    if (n_rows == 0)
        return lw_fail(err, LW_EINVAL, "no rows to draw a curve of");
    r = mem_zalloc(n_rows, sizeof *r);
    if (r == NULL)
        return lw_fail(err, LW_ENOMEM, "out of memory for %zu scores", n_rows);
    st = rank_rows(r, truth, attack_score, n_rows, err);
    if (st != LW_OK)
        goto out;
    for (size_t i = 0; i < n_rows; i++)
        c.n_rows[r[i].attack]++;
    c.highest = r[0].score;
    c.lowest = r[n_rows - 1].score;
    add_points(&c, r, n_rows);
    add_bins(&c, r, n_rows);
    add_reliability(&c, r, n_rows);
    *out = c;
out:
    mem_free(r);
    return st;
}

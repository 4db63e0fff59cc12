/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How well a map keeps neighbours.  Trustworthiness (Venna and Kaski, "Neighborhood
 * preservation in nonlinear projection methods", ICANN 2001) counts, for each row, how
 * far down the true order those rows are that the map puts among its k nearest.  Rows
 * as far as each other have the same rank: which of the rows that are the same is shown
 * nearest makes no difference.
 */
#include "base/mem.h"
#include "learn/distance.h"

#include <lapwing/embed.h>

enum { K_MAX = 256 };

/* Squared distances of row i to all; its own is set beyond all. */
static void distances(const struct lw_matrix *x, size_t i, float *out)
{
    size_t d = x->n_cols;
    const float *a = x->x + i * d;

    for (size_t r = 0; r < x->n_rows; r++)
        out[r] = distance_squared(a, x->x + r * d, d);
}

static bool is_nearer(const float *d, size_t a, size_t b)
{
    return d[a] < d[b] || (d[a] <= d[b] && a < b);
}

/* The k rows nearest to row i, in no order but the farthest last. */
static void nearest(const float *d, size_t n, size_t i, uint32_t k, size_t *out)
{
    uint32_t have = 0;

    for (size_t r = 0; r < n; r++) {
        uint32_t at = have;

        if (r == i || (have == k && !is_nearer(d, r, out[k - 1])))
            continue;
        if (have < k)
            have++;
        else
            at = k - 1;
        for (; at > 0 && is_nearer(d, r, out[at - 1]); at--)
            out[at] = out[at - 1];
        out[at] = r;
    }
}

static size_t rank_of(const float *d, size_t n, size_t i, size_t row)
{
    size_t rank = 1;

    for (size_t r = 0; r < n; r++)
        rank += r != i && d[r] < d[row];
    return rank;
}

static void judge_row(const struct lw_matrix *x, const struct lw_matrix *y, size_t i,
                      uint32_t k, float *room, double *penalty, double *kept)
{
    size_t n = x->n_rows;
    size_t shown[K_MAX];
    size_t truly[K_MAX];

    distances(x, i, room);
    distances(y, i, room + n);
    nearest(room, n, i, k, truly);
    nearest(room + n, n, i, k, shown);
    for (uint32_t s = 0; s < k; s++) {
        if (room[shown[s]] <= room[truly[k - 1]]) {
            *kept += 1;
            continue;
        }
        *penalty += (double)rank_of(room, n, i, shown[s]) - (double)k;
    }
}

enum lw_status lw_embed_judge(struct lw_embed_quality *out, const struct lw_matrix *x,
                              const struct lw_matrix *y, uint32_t k, size_t max_rows,
                              struct lw_error *err)
{
    size_t n = x->n_rows;
    size_t n_rows = max_rows == 0 || max_rows > n ? n : max_rows;
    double nk = (double)n_rows * (double)k;
    double penalty = 0;
    double kept = 0;
    float *room;

    if (y->n_rows != n || k < 1 || k > K_MAX || 2 * (size_t)k >= n)
        return lw_fail(err, LW_EINVAL, "%u neighbours of %zu rows and %zu points", k, n,
                       y->n_rows);
    room = mem_zalloc(2 * n, sizeof *room);
    if (room == NULL)
        return lw_fail(err, LW_ENOMEM, "out of memory");
    for (size_t s = 0; s < n_rows; s++)
        judge_row(x, y, s * n / n_rows, k, room, &penalty, &kept);
    mem_free(room);
    *out = (struct lw_embed_quality){
        .trustworthiness = 1 - penalty * 2 / (nk * (2 * (double)n - 3 * (double)k - 1)),
        .recall = kept / nk,
        .k = k,
        .n_rows = n_rows,
    };
    return LW_OK;
}

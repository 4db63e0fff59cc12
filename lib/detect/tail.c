/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/tail.h"

#include "base/assert.h"
#include "detect/quantile.h"

#include <math.h>
#include <stdlib.h>

static int descending(const void *a, const void *b)
{
    return quantile_order(b, a);
}

void tail_fit(struct tail *t, float *scores, size_t n)
{
    uint64_t rank = 1;

    LW_ASSERT(n > 0 && n <= INT32_MAX);
    qsort(scores, n, sizeof *scores, descending);
    t->n = (uint32_t)n;
    t->n_kept = 0;
    while (rank <= n) {
        LW_ASSERT(t->n_kept < TAIL_KEPT_MAX);
        t->rank[t->n_kept] = (uint32_t)rank;
        t->score[t->n_kept++] = scores[rank - 1];
        if (rank == n)
            break;
        rank = rank < TAIL_EXACT ? rank + 1 : rank + rank / 32;
        rank = rank < n ? rank : n;
    }
}

float tail_p_value(const struct tail *t, float score)
{
    uint32_t lo = 0; /* scores kept below lo are at least as great */
    uint32_t hi = t->n_kept;
    uint32_t reached;

    while (lo < hi) {
        uint32_t mid = (lo + hi) / 2;

        if (t->score[mid] >= score)
            lo = mid + 1;
        else
            hi = mid;
    }
    /* All before the first that is known to be lower may be as great. */
    reached = lo < t->n_kept ? t->rank[lo] - 1 : t->n;
    /* One is added on both sides: see quantile_p_value(). */
    return (float)(((double)reached + 1) / ((double)t->n + 1));
}

float tail_threshold(const struct tail *t, double share)
{
    double allowed = floor(share * (double)t->n + 1e-9);
    uint32_t at = 0;

    if (allowed >= (double)t->n)
        return 0;
    /* Above the score of a rank are no more rows than come before it. */
    while (at + 1 < t->n_kept && (double)t->rank[at + 1] <= allowed + 1)
        at++;
    return nextafterf(t->score[at], INFINITY);
}

void tail_save(const struct tail *t, struct buf *out)
{
    buf_add_le32(out, t->n);
    buf_add_le32(out, t->n_kept);
    for (uint32_t i = 0; i < t->n_kept; i++) {
        buf_add_le32(out, t->rank[i]);
        buf_add_f32(out, t->score[i]);
    }
}

bool tail_load(struct tail *t, struct span in)
{
    if (!span_take_le32(&in, &t->n) || !span_take_le32(&in, &t->n_kept) ||
        t->n_kept == 0 || t->n_kept > TAIL_KEPT_MAX || in.n != 8 * (size_t)t->n_kept)
        return false;
    for (uint32_t i = 0; i < t->n_kept; i++) {
        if (!span_take_le32(&in, &t->rank[i]) || !span_take_f32(&in, &t->score[i]) ||
            !isfinite(t->score[i]) || t->rank[i] == 0 ||
            (i > 0 && (t->rank[i] <= t->rank[i - 1] || t->score[i] > t->score[i - 1])))
            return false;
    }
    return t->rank[0] == 1 && t->rank[t->n_kept - 1] == t->n;
}

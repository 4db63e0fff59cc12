/* SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"

#include <lapwing/packet_rate.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct lw_rate {
    uint64_t *count; /* (cap), owned */
    size_t cap;
    size_t n;
    int64_t start_ns;
};

enum lw_status lw_rate_new(struct lw_rate **out, struct lw_error *err)
{
    struct lw_rate *r = mem_zalloc(1, sizeof *r);

    if (r == NULL)
        return lw_fail(err, LW_ENOMEM, "out of memory");
    *out = r;
    return LW_OK;
}

void lw_rate_free(struct lw_rate *r)
{
    if (r == NULL)
        return;
    mem_free(r->count);
    mem_free(r);
}

enum lw_status lw_rate_add(struct lw_rate *r, int64_t time_ns, struct lw_error *err)
{
    int64_t at = 0;

    if (r->n == 0)
        r->start_ns = time_ns;
    if (time_ns > r->start_ns)
        at = (time_ns - r->start_ns) / LW_RATE_WINDOW_NS;
    if (at >= LW_RATE_WINDOWS_MAX)
        return LW_OK;
    if ((size_t)at >= r->n) {
        size_t n = (size_t)at + 1;

        if (n > r->cap) {
            uint64_t *p = mem_grow(r->count, &r->cap, n, sizeof *p);

            if (p == NULL)
                return lw_fail(err, LW_ENOMEM, "out of memory for packet rates");
            r->count = p;
        }
        memset(r->count + r->n, 0, (n - r->n) * sizeof *r->count);
        r->n = n;
    }
    r->count[at]++;
    return LW_OK;
}

static int ascending(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a;
    uint64_t y = *(const uint64_t *)b;

    return x < y ? -1 : x > y ? 1 : 0;
}

/* Between the ranks by a straight line (Hyndman and Fan's definition 7). */
static double quartile(const uint64_t *sorted, size_t n, double share)
{
    double at = share * (double)(n - 1);
    size_t low = (size_t)at;
    size_t high = low + 1 < n ? low + 1 : low;

    return (double)sorted[low] +
           (at - (double)low) * ((double)sorted[high] - (double)sorted[low]);
}

enum lw_status lw_rate_judge(const struct lw_rate *r, struct lw_rate_report *out,
                             struct lw_error *err)
{
    uint64_t *sorted;
    double q1;
    double q3;

    *out = (struct lw_rate_report){
        .start_ns = r->start_ns, .n_windows = r->n, .limit = (double)NAN};
    for (size_t i = 0; i < r->n; i++)
        if (r->count[i] > out->most) {
            out->most = r->count[i];
            out->most_ns = r->start_ns + (int64_t)i * LW_RATE_WINDOW_NS;
        }
    if (r->n < LW_RATE_LEAST_WINDOWS)
        return LW_OK;
    sorted = mem_dup(r->count, r->n * sizeof *sorted);
    if (sorted == NULL)
        return lw_fail(err, LW_ENOMEM, "out of memory for packet rates");
    qsort(sorted, r->n, sizeof *sorted, ascending);
    q1 = quartile(sorted, r->n, 0.25);
    q3 = quartile(sorted, r->n, 0.75);
    mem_free(sorted);
    out->limit = q3 + 1.5 * (q3 - q1);
    for (size_t i = 0; i < r->n; i++)
        out->n_alarmed += (double)r->count[i] > out->limit ? 1 : 0;
    return LW_OK;
}

uint64_t lw_rate_window(const struct lw_rate *r, size_t i)
{
    return i < r->n ? r->count[i] : 0;
}

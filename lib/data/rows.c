/* SPDX-License-Identifier: Apache-2.0 */
#include "data/rows.h"

#include "base/assert.h"
#include "base/hash.h"
#include "base/mem.h"

#include <stdbool.h>

static bool same_row(const struct lw_matrix *x, const uint32_t *labels, size_t a,
                     size_t b)
{
    return (labels == NULL || labels[a] == labels[b]) &&
           memcmp(x->x + a * x->n_cols, x->x + b * x->n_cols,
                  x->n_cols * sizeof *x->x) == 0;
}

enum lw_status rows_find_first(const struct lw_matrix *x, const uint32_t *labels,
                               uint32_t *first, size_t *n_distinct,
                               struct lw_error *err)
{
    uint64_t seed = hash_random_seed();
    size_t n_slots = 16;
    uint32_t *slots; /* row number + 1, 0 = free */

    if (x->n_rows >= UINT32_MAX)
        return lw_fail(err, LW_ELIMIT, "%zu rows are too many to compare", x->n_rows);
    while (n_slots < 2 * x->n_rows)
        n_slots *= 2;
    slots = mem_zalloc(n_slots, sizeof *slots);
    if (slots == NULL)
        return lw_fail(err, LW_ENOMEM, "out of memory for %zu rows", x->n_rows);
    *n_distinct = 0;
    for (size_t r = 0; r < x->n_rows; r++) {
        uint64_t h = hash_bytes(x->x + r * x->n_cols, x->n_cols * sizeof *x->x,
                                labels == NULL ? seed : seed ^ labels[r]);
        size_t i = (size_t)h & (n_slots - 1);

        while (slots[i] != 0 && !same_row(x, labels, slots[i] - 1, r))
            i = (i + 1) & (n_slots - 1);
        if (slots[i] == 0) {
            slots[i] = (uint32_t)r + 1;
            ++*n_distinct;
        }
        first[r] = slots[i] - 1;
    }
    mem_free(slots);
    return LW_OK;
}

void rows_count_kinds(const uint32_t *first, size_t n_rows, uint32_t *keep,
                      uint32_t *count)
{
    size_t n = 0;

    for (size_t r = 0; r < n_rows; r++) {
        size_t lo = 0;
        size_t hi = n;

        if (first[r] == r) {
            keep[n] = (uint32_t)r;
            count[n++] = 1;
            continue;
        }
        /* `keep` ascends: its entry for this kind is found by halving. */
        while (hi - lo > 1) {
            size_t middle = lo + (hi - lo) / 2;

            if (keep[middle] <= first[r])
                lo = middle;
            else
                hi = middle;
        }
        LW_ASSERT(n > 0 && keep[lo] == first[r]);
        count[lo]++;
    }
}

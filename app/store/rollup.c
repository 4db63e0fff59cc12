/* SPDX-License-Identifier: Apache-2.0 */
#include "store/rollup.h"

#include "base/hash.h"
#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

enum { SLOTS_MIN = 1024 };

void rollup_init(struct rollup *r)
{
    memset(r, 0, sizeof *r);
    r->width_ns = INT64_C(1000000000);
}

void rollup_release(struct rollup *r)
{
    mem_free(r->counts);
    r->counts = NULL;
}

static struct rollup_count *place(struct rollup_count *counts, size_t n_slots,
                                  int64_t bin, uint32_t facet)
{
    const uint64_t key[2] = {(uint64_t)bin, facet};
    size_t at = hash_bytes(key, sizeof key, 0) & (n_slots - 1);

    while (counts[at].facet != 0 &&
           (counts[at].bin != bin || counts[at].facet != facet))
        at = (at + 1) & (n_slots - 1);
    return &counts[at];
}

/* Rounded down, also before 1970. */
static int64_t half(int64_t bin)
{
    return bin < 0 ? (bin - 1) / 2 : bin / 2;
}

static int64_t bin_of(int64_t start_ns, int64_t width_ns)
{
    int64_t bin = start_ns / width_ns;

    return bin * width_ns > start_ns ? bin - 1 : bin;
}

/* Into a table of n_slots; `merge` makes two bins one. */
static bool rebuild(struct rollup *r, size_t n_slots, bool merge)
{
    struct rollup_count *counts = mem_zalloc(n_slots, sizeof *counts);
    size_t n = 0;

    if (counts == NULL)
        return false;
    for (size_t i = 0; i < r->n_slots; i++) {
        struct rollup_count c = r->counts[i];
        struct rollup_count *to;

        if (c.facet == 0)
            continue;
        if (merge)
            c.bin = half(c.bin);
        to = place(counts, n_slots, c.bin, c.facet);
        n += to->facet == 0;
        c.flows += to->flows;
        c.packets += to->packets;
        c.bytes += to->bytes;
        *to = c;
    }
    mem_free(r->counts);
    r->counts = counts;
    r->n_slots = n_slots;
    r->n = n;
    if (merge) {
        r->width_ns *= 2;
        r->first = half(r->first);
        r->last = half(r->last);
    }
    return true;
}

bool rollup_add(struct rollup *r, int64_t start_ns, uint32_t facet, uint64_t packets,
                uint64_t bytes)
{
    int64_t bin = bin_of(start_ns, r->width_ns);
    struct rollup_count *c;

    if (r->n == 0) {
        r->first = bin;
        r->last = bin;
    }
    while ((bin > r->last ? bin : r->last) - (bin < r->first ? bin : r->first) >=
           ROLLUP_BINS_MAX) {
        if (!rebuild(r, r->n_slots, true))
            return false;
        bin = bin_of(start_ns, r->width_ns);
    }
    if (2 * (r->n + 1) > r->n_slots &&
        !rebuild(r, r->n_slots == 0 ? SLOTS_MIN : 2 * r->n_slots, false))
        return false;
    r->first = bin < r->first ? bin : r->first;
    r->last = bin > r->last ? bin : r->last;
    c = place(r->counts, r->n_slots, bin, facet);
    r->n += c->facet == 0;
    c->bin = bin;
    c->facet = facet;
    c->flows++;
    c->packets += packets;
    c->bytes += bytes;
    return true;
}

static int compare(const void *x, const void *y)
{
    const struct rollup_count *a = x;
    const struct rollup_count *b = y;

    if (a->bin != b->bin)
        return a->bin < b->bin ? -1 : 1;
    return (a->facet > b->facet) - (a->facet < b->facet);
}

void rollup_sort(struct rollup *r)
{
    size_t n = 0;

    for (size_t i = 0; i < r->n_slots; i++)
        if (r->counts[i].facet != 0)
            r->counts[n++] = r->counts[i];
    if (n > 0)
        qsort(r->counts, n, sizeof *r->counts, compare);
}

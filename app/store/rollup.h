/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store/rollup.h - traffic over time in bounded memory.
 *
 * Counts by time bin and facet.  All bins have one width; when they would become too
 * many, the width doubles and pairs of bins become one, so that the counts stay exact.
 */
#ifndef STORE_ROLLUP_H
#define STORE_ROLLUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ROLLUP_BINS_MAX = 2048 };

struct rollup_count {
    int64_t bin;    /* begins at bin * width_ns */
    uint32_t facet; /* 0: a free slot */
    uint64_t flows;
    uint64_t packets;
    uint64_t bytes;
};

struct rollup {
    int64_t width_ns;
    int64_t first; /* bins in use */
    int64_t last;
    struct rollup_count *counts; /* (n_slots) owned: a hash table */
    size_t n_slots;              /* a power of two, or 0 */
    size_t n;
};

void rollup_init(struct rollup *r);
void rollup_release(struct rollup *r);
/** Count a flow that begins at start_ns; false when memory is out. */
bool rollup_add(struct rollup *r, int64_t start_ns, uint32_t facet, uint64_t packets,
                uint64_t bytes);
/** Order the counts by bin and facet, dense from 0 to n; nothing may be added after. */
void rollup_sort(struct rollup *r);

#endif /* STORE_ROLLUP_H */

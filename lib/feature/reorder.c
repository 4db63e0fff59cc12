/* SPDX-License-Identifier: Apache-2.0 */
/*
 * feature/reorder.c - a binary heap of keys over a pool of records.
 *
 * Only the keys move; a record is copied once on its way in.  The heap's unused tail
 * lists the pool's free slots, so that the arrays are all there is.
 */
#include "feature/reorder.h"

#include "base/assert.h"
#include "base/mem.h"

enum { FIRST_CAPACITY = 256 };

void reorder_init(struct reorder *r, size_t n_own)
{
    *r = (struct reorder){.n_own = n_own};
}

void reorder_release(struct reorder *r)
{
    mem_free(r->heap);
    mem_free(r->records);
    mem_free(r->own);
    reorder_init(r, r->n_own);
}

static bool goes_first(const struct reorder_key *a, const struct reorder_key *b)
{
    if (a->end_ns != b->end_ns)
        return a->end_ns < b->end_ns;
    if (a->start_ns != b->start_ns)
        return a->start_ns < b->start_ns;
    return a->flow_id < b->flow_id;
}

/* An array that grew before another could not stays larger than `cap` says. */
static bool grow(struct reorder *r)
{
    size_t cap = r->cap == 0 ? FIRST_CAPACITY : 2 * r->cap;
    struct reorder_key *heap;
    struct lw_record *records;
    float *own;

    if (cap > UINT32_MAX)
        return false;
    heap = mem_resize(r->heap, cap, sizeof *heap);
    if (heap == NULL)
        return false;
    r->heap = heap;
    records = mem_resize(r->records, cap, sizeof *records);
    if (records == NULL)
        return false;
    r->records = records;
    if (r->n_own > 0) {
        own = mem_resize(r->own, cap, r->n_own * sizeof *own);
        if (own == NULL)
            return false;
        r->own = own;
    }
    for (size_t i = r->cap; i < cap; i++)
        heap[i].slot = (uint32_t)i;
    r->cap = cap;
    return true;
}

static float *own_of(const struct reorder *r, uint32_t slot)
{
    return r->n_own == 0 ? NULL : r->own + (size_t)slot * r->n_own;
}

bool reorder_push(struct reorder *r, const struct lw_record *rec, float **own)
{
    struct reorder_key key = {rec->end_ns, rec->start_ns, rec->flow_id, 0};
    size_t i = r->n;

    if (r->n == r->cap && !grow(r))
        return false;
    key.slot = r->heap[r->n++].slot;
    r->records[key.slot] = *rec;
    r->records[key.slot].stats = NULL;
    r->records[key.slot].tapped = NULL;
    r->records[key.slot].handshake = NULL;
    *own = own_of(r, key.slot);
    while (i > 0 && goes_first(&key, &r->heap[(i - 1) / 2])) {
        r->heap[i] = r->heap[(i - 1) / 2];
        i = (i - 1) / 2;
    }
    r->heap[i] = key;
    return true;
}

/* Put `last` where the top was taken away, sinking to its place. */
static void sink(struct reorder *r, struct reorder_key last)
{
    size_t i = 0;

    for (;;) {
        size_t child = 2 * i + 1;

        if (child >= r->n)
            break;
        if (child + 1 < r->n && goes_first(&r->heap[child + 1], &r->heap[child]))
            child++;
        if (!goes_first(&r->heap[child], &last))
            break;
        r->heap[i] = r->heap[child];
        i = child;
    }
    r->heap[i] = last;
}

const struct lw_record *reorder_pop(struct reorder *r, const float **own)
{
    uint32_t slot;

    if (r->n == 0)
        return NULL;
    slot = r->heap[0].slot;
    r->n--;
    sink(r, r->heap[r->n]);
    r->heap[r->n].slot = slot;
    *own = own_of(r, slot);
    return &r->records[slot];
}

int64_t reorder_first_end_ns(const struct reorder *r)
{
    LW_ASSERT(r->n > 0);
    return r->heap[0].end_ns;
}

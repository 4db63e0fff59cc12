/* SPDX-License-Identifier: Apache-2.0 */
#include "feature/reorder.h"

#include "base/mem.h"

void reorder_init(struct reorder *r)
{
    *r = (struct reorder){0};
}

void reorder_release(struct reorder *r)
{
    mem_free(r->heap);
    reorder_init(r);
}

static bool goes_first(const struct lw_record *a, const struct lw_record *b)
{
    if (a->end_ns != b->end_ns)
        return a->end_ns < b->end_ns;
    if (a->start_ns != b->start_ns)
        return a->start_ns < b->start_ns;
    return a->flow_id < b->flow_id;
}

bool reorder_push(struct reorder *r, const struct lw_record *rec)
{
    size_t i = r->n;
    struct lw_record *heap = mem_grow(r->heap, &r->cap, r->n + 1, sizeof *heap);

    if (heap == NULL)
        return false;
    r->heap = heap;
    r->n++;
    while (i > 0 && goes_first(rec, &heap[(i - 1) / 2])) {
        heap[i] = heap[(i - 1) / 2];
        i = (i - 1) / 2;
    }
    heap[i] = *rec;
    return true;
}

/* Put `last` where the top was taken away, sinking to its place. */
static void sink(struct reorder *r, const struct lw_record *last)
{
    size_t i = 0;

    for (;;) {
        size_t child = 2 * i + 1;

        if (child >= r->n)
            break;
        if (child + 1 < r->n && goes_first(&r->heap[child + 1], &r->heap[child]))
            child++;
        if (!goes_first(&r->heap[child], last))
            break;
        r->heap[i] = r->heap[child];
        i = child;
    }
    r->heap[i] = *last;
}

bool reorder_pop(struct reorder *r, int64_t before_ns, struct lw_record *out)
{
    struct lw_record last;

    if (r->n == 0 || r->heap[0].end_ns >= before_ns)
        return false;
    *out = r->heap[0];
    last = r->heap[--r->n];
    if (r->n > 0)
        sink(r, &last);
    return true;
}

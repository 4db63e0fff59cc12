/* SPDX-License-Identifier: Apache-2.0 */
/*
 * feature/reorder.c - a small binary heap before a radix heap of keys.
 *
 * Time is cut into units.  Keys up to the unit `now` are in a binary heap, the later
 * ones in buckets: where the highest byte in which its unit differs from `now` is byte
 * number L, and its value B, a key is in bucket B of level L.  So all of a bucket come
 * before those of the next, and these before those of a higher level.  When the heap
 * runs low, `now` moves on to the first bucket: of the lowest level it goes to the
 * heap, of another it is shared out to the levels below.  (Ahuja, Mehlhorn, Orlin and
 * Tarjan, "Faster algorithms for the shortest path problem", J. ACM 37, 1990.)  What
 * comes too late goes to the heap at once, which no radix heap could do.
 *
 * A heap of all of them would be as right.  But thousands wait for the seconds after
 * which a silent flow is over, and each step down such a heap is a wait for memory and
 * a jump that nobody can guess.
 *
 *     keys     heap, and chunks of seven in the buckets: only these move
 *     slots    record | own values, copied once on the way in, in rooms that double
 */
#include "feature/reorder.h"

#include "base/assert.h"
#include "base/mem.h"
#include "base/prefetch.h"

#include <stdint.h>
#include <string.h>

enum {
    FIRST_SHIFT = 8,
    FIRST_CAPACITY = 1 << FIRST_SHIFT,
    UNIT_SHIFT = 22, /* 4.2 ms */
    DIGIT_BITS = 8,
    LINE = 64
};

_Static_assert(REORDER_LEVELS *DIGIT_BITS + UNIT_SHIFT >= 64, "any time has a bucket");
_Static_assert(REORDER_BUCKETS == 1 << DIGIT_BITS, "a bucket for each digit");

void reorder_init(struct reorder *r, size_t n_own)
{
    const size_t bytes = sizeof(struct lw_record) + n_own * sizeof(float);

    *r = (struct reorder){.n_own = n_own, .stride = (bytes + LINE - 1) / LINE * LINE};
}

void reorder_release(struct reorder *r)
{
    for (uint32_t i = 0; i < r->n_rooms; i++)
        mem_free(r->rooms[i]);
    mem_free(r->heap);
    mem_free(r->chunks);
    mem_free(r->free_slots);
    reorder_init(r, r->n_own);
}

/* ---- slots ---------------------------------------------------------------------- */

/* Room i has FIRST_CAPACITY << i slots, but the first two are of the same size. */
static struct lw_record *record_at(const struct reorder *r, uint32_t slot)
{
    uint32_t room = 0;
    uint32_t at = slot;

    if (slot >= FIRST_CAPACITY) {
        room = 32U - FIRST_SHIFT - (uint32_t)__builtin_clz(slot);
        at = slot - ((uint32_t)FIRST_CAPACITY << (room - 1));
    }
    return (void *)(r->rooms[room] + at * r->stride);
}

static float *own_of(const struct reorder *r, struct lw_record *rec)
{
    return r->n_own == 0 ? NULL : (float *)(void *)(rec + 1);
}

/* As many chunks as the keys can take, if each bucket has one that is not full. */
static size_t chunks_for(size_t cap)
{
    const size_t partial = (size_t)REORDER_LEVELS * REORDER_BUCKETS;

    return cap / REORDER_CHUNK + (cap < partial ? cap : partial) + 1;
}

/* An array that grew before another could not stays larger than `cap` says. */
static bool grow(struct reorder *r)
{
    size_t cap = r->cap == 0 ? FIRST_CAPACITY : 2 * r->cap;
    struct reorder_key *heap;
    struct reorder_chunk *chunks;
    uint32_t *free_slots;
    char *room;

    if (r->n_rooms == REORDER_ROOMS || cap > UINT32_MAX / 2)
        return false;
    heap = mem_resize(r->heap, cap, sizeof *heap);
    if (heap == NULL)
        return false;
    r->heap = heap;
    chunks = mem_resize(r->chunks, chunks_for(cap), sizeof *chunks);
    if (chunks == NULL)
        return false;
    r->chunks = chunks;
    free_slots = mem_resize(r->free_slots, cap, sizeof *free_slots);
    if (free_slots == NULL)
        return false;
    r->free_slots = free_slots;
    room = mem_alloc_table(cap - r->cap, r->stride);
    if (room == NULL)
        return false;
    r->rooms[r->n_rooms++] = room;
    for (size_t i = 0; i < cap - r->cap; i++)
        free_slots[i] = (uint32_t)(cap - 1 - i);
    r->cap = cap;
    return true;
}

_Static_assert(offsetof(struct lw_record, conn_log) + sizeof(struct lw_conn_log) ==
                       sizeof(struct lw_record) &&
                   offsetof(struct lw_record, argus) <
                       offsetof(struct lw_record, conn_log),
               "nothing else comes after these two");

/* What a record does not know is not worth a copy. */
static void copy_record(struct lw_record *to, const struct lw_record *from)
{
    if (from->argus.is_set || from->conn_log.known) {
        *to = *from;
    } else {
        memcpy(to, from, offsetof(struct lw_record, argus));
        to->argus.is_set = false;
        to->conn_log.known = false;
        to->conn_log.history[0] = '\0';
    }
    to->stats = NULL;
    to->tapped = NULL;
    to->handshake = NULL;
}

/* ---- the heap ------------------------------------------------------------------- */

static bool goes_first(const struct reorder_key *a, const struct reorder_key *b)
{
    if (a->end_ns != b->end_ns)
        return a->end_ns < b->end_ns;
    if (a->start_ns != b->start_ns)
        return a->start_ns < b->start_ns;
    if (a->flow_id != b->flow_id)
        return a->flow_id < b->flow_id;
    return (int32_t)(a->number - b->number) < 0;
}

static void heap_push(struct reorder *r, const struct reorder_key *key)
{
    size_t i = r->n_heap++;

    while (i > 0 && goes_first(key, &r->heap[(i - 1) / 2])) {
        r->heap[i] = r->heap[(i - 1) / 2];
        i = (i - 1) / 2;
    }
    r->heap[i] = *key;
}

/* Put `last` where the top was taken away, sinking to its place. */
static void sink(struct reorder *r, struct reorder_key last)
{
    size_t i = 0;

    for (;;) {
        size_t child = 2 * i + 1;

        if (child >= r->n_heap)
            break;
        if (child + 1 < r->n_heap && goes_first(&r->heap[child + 1], &r->heap[child]))
            child++;
        if (!goes_first(&r->heap[child], &last))
            break;
        r->heap[i] = r->heap[child];
        i = child;
    }
    r->heap[i] = last;
}

/* ---- buckets -------------------------------------------------------------------- */

static uint64_t unit_of(const struct reorder_key *key)
{
    return ((uint64_t)key->end_ns ^ UINT64_C(1) << 63) >> UNIT_SHIFT;
}

static uint32_t take_chunk(struct reorder *r)
{
    uint32_t chunk = r->free_chunk;

    if (chunk == 0)
        return ++r->n_chunks;
    r->free_chunk = r->chunks[chunk - 1].next;
    return chunk;
}

static void bucket_push(struct reorder *r, unsigned level, unsigned b,
                        const struct reorder_key *key)
{
    uint32_t *first = &r->bucket[level][b];
    struct reorder_chunk *c;

    if (*first == 0 || r->chunks[*first - 1].n == REORDER_CHUNK) {
        uint32_t chunk = take_chunk(r);

        r->chunks[chunk - 1].next = *first;
        r->chunks[chunk - 1].n = 0;
        *first = chunk;
        r->used[level][b / 64] |= UINT64_C(1) << b % 64;
    }
    c = &r->chunks[*first - 1];
    c->keys[c->n++] = *key;
}

/* To the heap, or to its bucket. */
static void put_key(struct reorder *r, const struct reorder_key *key)
{
    const uint64_t unit = unit_of(key);
    unsigned level;

    if (unit <= r->now) {
        heap_push(r, key);
        return;
    }
    level = (63U - (unsigned)__builtin_clzll(unit ^ r->now)) / DIGIT_BITS;
    bucket_push(r, level, unit >> (level * DIGIT_BITS) & (REORDER_BUCKETS - 1), key);
}

/* The first bucket of a level that has any; -1: none has. */
static int first_bucket(const struct reorder *r, unsigned level)
{
    for (unsigned i = 0; i < REORDER_BUCKETS / 64; i++) {
        if (r->used[level][i] != 0)
            return (int)(64 * i) + __builtin_ctzll(r->used[level][i]);
    }
    return -1;
}

/* Move on to a bucket: what is in it goes to the heap or to lower levels. */
static void enter_bucket(struct reorder *r, unsigned level, unsigned b)
{
    const unsigned shift = level * DIGIT_BITS;
    uint32_t chunk = r->bucket[level][b];

    r->now = (r->now >> shift >> DIGIT_BITS << DIGIT_BITS | b) << shift;
    r->bucket[level][b] = 0;
    r->used[level][b / 64] &= ~(UINT64_C(1) << b % 64);
    while (chunk != 0) {
        /* A copy: the chunk may be needed again at once. */
        const struct reorder_chunk c = r->chunks[chunk - 1];

        r->chunks[chunk - 1].next = r->free_chunk;
        r->free_chunk = chunk;
        for (uint32_t i = 0; i < c.n; i++)
            put_key(r, &c.keys[i]);
        chunk = c.next;
    }
}

/* Until the heap knows the next few, as far as there are any. */
static void refill(struct reorder *r)
{
    while (r->n_heap < REORDER_AHEAD && r->n_heap < r->n) {
        unsigned level = 0;
        int b;

        while ((b = first_bucket(r, level)) < 0)
            level++;
        enter_bucket(r, level, (unsigned)b);
    }
}

/* ---- the queue ------------------------------------------------------------------ */

bool reorder_push(struct reorder *r, const struct lw_record *rec, float **own)
{
    struct reorder_key key = {rec->end_ns, rec->start_ns, rec->flow_id, r->n_pushed++,
                              0};
    struct lw_record *copy;

    if (r->n == r->cap && !grow(r))
        return false;
    key.slot = r->free_slots[r->cap - r->n - 1];
    copy = record_at(r, key.slot);
    copy_record(copy, rec);
    *own = own_of(r, copy);
    if (r->n++ == 0)
        r->now = unit_of(&key);
    put_key(r, &key);
    refill(r);
    return true;
}

const struct lw_record *reorder_pop(struct reorder *r, const float **own)
{
    struct lw_record *rec;
    uint32_t slot;

    if (r->n == 0)
        return NULL;
    slot = r->heap[0].slot;
    r->n--;
    r->n_heap--;
    sink(r, r->heap[r->n_heap]);
    r->free_slots[r->cap - r->n - 1] = slot;
    refill(r);
    rec = record_at(r, slot);
    *own = own_of(r, rec);
    return rec;
}

int64_t reorder_first_end_ns(const struct reorder *r)
{
    LW_ASSERT(r->n > 0);
    return r->heap[0].end_ns;
}

/* The lines that a row is made of. */
PREFETCHES static inline void fetch(const struct reorder *r,
                                    const struct reorder_key *key)
{
    const struct lw_record *rec = record_at(r, key->slot);

    prefetch_lines(rec, offsetof(struct lw_record, argus));
    prefetch_lines(rec + 1, r->stride - sizeof *rec);
}

const struct lw_record *reorder_coming(const struct reorder *r)
{
    const struct reorder_key *h = r->heap;

    if (r->n_heap == 0)
        return NULL;
    fetch(r, &h[0]);
    if (r->n_heap > 1)
        fetch(r, r->n_heap > 2 && goes_first(&h[2], &h[1]) ? &h[2] : &h[1]);
    return record_at(r, h[0].slot);
}

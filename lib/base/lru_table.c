/* SPDX-License-Identifier: Apache-2.0 */
/*
 * base/lru_table.c - chained buckets of nodes, and two queues of nodes.
 *
 *     buckets: [ ] [n]--chain--[n] [ ] ...     node: links | key | entry
 *     trial:   oldest [n][ ][n][n] newest      the first is forgotten next
 *     kept:    oldest [n][n][ ][n] newest      the first is on trial again
 *
 * A queue is an array that nodes are put at the end of; one that is asked for again
 * leaves a hole where it was.  Lists through the nodes would bring two neighbours from
 * memory each time; holes cost one store, and are swept out when there are as many as
 * nodes.  Nodes are in slabs, each twice the one before, and never move, so that an
 * entry's address holds.
 */
#include "base/lru_table.h"

#include "base/assert.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/prefetch.h"

#include <string.h>

/* Slab i has memory for 1024 << i nodes. */
enum { SLAB_SHIFT = 10, SLABS_MAX = 20, NONE = -1, ALIGN = 8, QUEUE_MIN = 1024 };

struct node {
    uint32_t chain; /* next in the bucket, plus one; 0: none */
    uint32_t hash;
    uint32_t at; /* place in its queue */
    bool kept;   /* which queue */
};

struct queue {
    int32_t *nodes; /* (cap), owned; NONE: a hole */
    uint32_t cap;
    uint32_t first; /* nothing before it */
    uint32_t end;
    uint32_t n; /* without holes */
};

struct lru_table {
    size_t key_bytes;
    size_t key_room; /* rounded up */
    size_t entry_bytes;
    size_t node_bytes;
    uint64_t seed;
    uint32_t max;
    uint32_t n;
    uint32_t mask;             /* of buckets */
    uint32_t *buckets;         /* (mask + 1), owned: a node plus one; 0: none */
    uint32_t n_room;           /* nodes that have memory */
    uint32_t n_slabs;          /* that have memory */
    uint8_t *slabs[SLABS_MAX]; /* owned */
    struct queue trial;
    struct queue kept;
    uint64_t forgotten;
};

static size_t round_up(size_t n)
{
    return (n + ALIGN - 1) / ALIGN * ALIGN;
}

/* As many holes as nodes have room, so that sweeping costs little for each. */
static bool queue_init(struct queue *q, uint32_t max_entries)
{
    q->cap = 2 * max_entries + QUEUE_MIN;
    q->nodes = mem_alloc(q->cap * sizeof *q->nodes);
    return q->nodes != NULL;
}

struct lru_table *lru_table_new(size_t key_bytes, size_t entry_bytes,
                                uint32_t max_entries, uint64_t seed)
{
    struct lru_table *t = mem_zalloc(1, sizeof *t);
    uint32_t n_buckets = 1;

    LW_ASSERT(max_entries > 0 && max_entries <= INT32_MAX / 4);
    if (t == NULL)
        return NULL;
    while (n_buckets < max_entries)
        n_buckets *= 2;
    n_buckets *= 2; /* most have one node or none */
    t->key_bytes = key_bytes;
    t->key_room = round_up(key_bytes);
    t->entry_bytes = entry_bytes;
    t->node_bytes = round_up(sizeof(struct node)) + t->key_room + round_up(entry_bytes);
    t->seed = seed;
    t->max = max_entries;
    t->mask = n_buckets - 1;
    t->buckets = mem_zalloc(n_buckets, sizeof *t->buckets);
    if (t->buckets == NULL || !queue_init(&t->trial, max_entries) ||
        !queue_init(&t->kept, max_entries)) {
        lru_table_free(t);
        return NULL;
    }
    return t;
}

void lru_table_free(struct lru_table *t)
{
    if (t == NULL)
        return;
    for (uint32_t i = 0; i < t->n_slabs; i++)
        mem_free(t->slabs[i]);
    mem_free(t->buckets);
    mem_free(t->trial.nodes);
    mem_free(t->kept.nodes);
    mem_free(t);
}

/* ---- nodes ---------------------------------------------------------------------- */

static inline struct node *node_at(const struct lru_table *t, int32_t i)
{
    uint32_t n = ((uint32_t)i >> SLAB_SHIFT) + 1;
    uint32_t slab = 31U - (uint32_t)__builtin_clz(n);
    uint32_t before = ((1U << slab) - 1) << SLAB_SHIFT;

    return (void *)(t->slabs[slab] + ((uint32_t)i - before) * t->node_bytes);
}

static uint8_t *key_of(struct node *n)
{
    return (uint8_t *)n + round_up(sizeof *n);
}

static void *entry_of(const struct lru_table *t, struct node *n)
{
    return key_of(n) + t->key_room;
}

/* ---- queues --------------------------------------------------------------------- */

__attribute__((noinline)) static void sweep(struct lru_table *t, struct queue *q)
{
    uint32_t end = 0;

    for (uint32_t at = q->first; at < q->end; at++) {
        int32_t i = q->nodes[at];

        if (i == NONE)
            continue;
        node_at(t, i)->at = end;
        q->nodes[end++] = i;
    }
    LW_ASSERT(end == q->n);
    q->first = 0;
    q->end = end;
}

/* Few nodes need not wander through all of the array. */
static bool is_full(const struct queue *q)
{
    return q->end == q->cap || q->end - q->first > q->n * UINT64_C(4) + QUEUE_MIN;
}

static void push_newest(struct lru_table *t, struct queue *q, int32_t i)
{
    if (is_full(q))
        sweep(t, q);
    node_at(t, i)->at = q->end;
    q->nodes[q->end++] = i;
    q->n++;
}

static void leave_queue(struct queue *q, const struct node *n)
{
    q->nodes[n->at] = NONE;
    q->n--;
}

static int32_t pop_oldest(struct queue *q)
{
    int32_t i;

    while (q->nodes[q->first] == NONE)
        q->first++;
    i = q->nodes[q->first++];
    q->n--;
    return i;
}

/* Move a node that was asked for again to the end of those kept. */
static void keep(struct lru_table *t, int32_t i)
{
    struct node *n = node_at(t, i);
    int32_t oldest;

    if (n->kept && n->at + 1 == t->kept.end)
        return;
    leave_queue(n->kept ? &t->kept : &t->trial, n);
    n->kept = true;
    push_newest(t, &t->kept, i);
    if (t->kept.n <= t->max - t->max / 5)
        return;
    oldest = pop_oldest(&t->kept);
    node_at(t, oldest)->kept = false;
    push_newest(t, &t->trial, oldest);
}

static void leave_bucket(struct lru_table *t, int32_t i)
{
    struct node *n = node_at(t, i);
    uint32_t *link = &t->buckets[n->hash & t->mask];

    while (*link != (uint32_t)i + 1)
        link = &node_at(t, (int32_t)(*link - 1))->chain;
    *link = n->chain;
}

static int32_t forget(struct lru_table *t)
{
    int32_t i = pop_oldest(t->trial.n > 0 ? &t->trial : &t->kept);

    leave_bucket(t, i);
    t->forgotten++;
    return i;
}

static bool add_slab(struct lru_table *t)
{
    uint32_t n = 1U << (SLAB_SHIFT + t->n_slabs);
    uint8_t *slab;

    LW_ASSERT(t->n_slabs < SLABS_MAX);
    if (n > t->max - t->n_room)
        n = t->max - t->n_room;
    slab = mem_alloc_table(n, t->node_bytes);
    if (slab == NULL)
        return false;
    t->slabs[t->n_slabs++] = slab;
    t->n_room += n;
    return true;
}

/* A node that nobody has; NONE when memory is out and there is none to forget. */
static int32_t take_node(struct lru_table *t)
{
    if (t->n < t->max && (t->n < t->n_room || add_slab(t)))
        return (int32_t)t->n++;
    return t->n > 0 ? forget(t) : NONE;
}

/* ---- keys ----------------------------------------------------------------------- */

/* The C library's comparison costs more than these few words. */
static inline bool same_key(const uint8_t *a, const uint8_t *b, size_t n)
{
    for (; n >= 8; n -= 8, a += 8, b += 8) {
        if (hash_load64(a) != hash_load64(b))
            return false;
    }
    return n == 0 || memcmp(a, b, n) == 0;
}

static int32_t look_up(const struct lru_table *t, const void *key, uint32_t hash)
{
    uint32_t next = t->buckets[hash & t->mask];

    while (next != 0) {
        struct node *n = node_at(t, (int32_t)(next - 1));

        if (n->hash == hash && same_key(key_of(n), key, t->key_bytes))
            return (int32_t)(next - 1);
        next = n->chain;
    }
    return NONE;
}

uint32_t lru_table_hash(const struct lru_table *t, const void *key)
{
    return (uint32_t)hash_bytes(key, t->key_bytes, t->seed);
}

void lru_table_fetch_bucket(const struct lru_table *t, uint32_t hash)
{
    __builtin_prefetch(&t->buckets[hash & t->mask], 1);
}

void lru_table_fetch_entry(const struct lru_table *t, uint32_t hash)
{
    uint32_t next = t->buckets[hash & t->mask];

    if (next != 0)
        prefetch_lines(node_at(t, (int32_t)(next - 1)), t->node_bytes);
}

void *lru_table_get(struct lru_table *t, const void *key, bool *is_new)
{
    return lru_table_get_hashed(t, key, lru_table_hash(t, key), is_new);
}

void *lru_table_get_hashed(struct lru_table *t, const void *key, uint32_t hash,
                           bool *is_new)
{
    int32_t i = look_up(t, key, hash);
    struct node *n;

    *is_new = i == NONE;
    if (i != NONE) {
        keep(t, i);
        return entry_of(t, node_at(t, i));
    }
    i = take_node(t);
    if (i == NONE)
        return NULL;
    n = node_at(t, i);
    *n = (struct node){.chain = t->buckets[hash & t->mask], .hash = hash};
    t->buckets[hash & t->mask] = (uint32_t)i + 1;
    memcpy(key_of(n), key, t->key_bytes);
    memset(entry_of(t, n), 0, t->entry_bytes);
    push_newest(t, &t->trial, i);
    return entry_of(t, n);
}

void *lru_table_find(const struct lru_table *t, const void *key)
{
    int32_t i = look_up(t, key, lru_table_hash(t, key));

    return i == NONE ? NULL : entry_of(t, node_at(t, i));
}

uint32_t lru_table_count(const struct lru_table *t)
{
    return t->n;
}

uint64_t lru_table_forgotten(const struct lru_table *t)
{
    return t->forgotten;
}

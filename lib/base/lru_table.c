/* SPDX-License-Identifier: Apache-2.0 */
/*
 * base/lru_table.c - chained buckets of nodes; each node is also in one of two lists.
 *
 *     buckets: [ ] [n]--chain--[n] [ ] ...     node: links | key | entry
 *     trial:   newest ... oldest -> forgotten next
 *     kept:    newest ... oldest -> on trial again
 *
 * Nodes are in slabs and never move, so that an entry's address holds.
 */
#include "base/lru_table.h"

#include "base/assert.h"
#include "base/hash.h"
#include "base/mem.h"

#include <string.h>

enum { SLAB_NODES = 1024, NONE = -1, ALIGN = 8 };

struct node {
    int32_t chain; /* next in the bucket */
    int32_t newer; /* neighbours in the list */
    int32_t older;
    uint32_t hash;
    bool kept;
};

struct list {
    int32_t newest;
    int32_t oldest;
    uint32_t n;
};

struct lru_table {
    size_t key_bytes;
    size_t key_room; /* rounded up */
    size_t entry_bytes;
    size_t node_bytes;
    uint64_t seed;
    uint32_t max;
    uint32_t n;
    uint32_t mask;    /* of buckets */
    int32_t *buckets; /* (mask + 1), owned */
    uint8_t **slabs;  /* owned, as what they point to; NULL: not needed yet */
    uint32_t n_slabs;
    struct list trial;
    struct list kept;
    uint64_t forgotten;
};

static size_t round_up(size_t n)
{
    return (n + ALIGN - 1) / ALIGN * ALIGN;
}

struct lru_table *lru_table_new(size_t key_bytes, size_t entry_bytes,
                                uint32_t max_entries, uint64_t seed)
{
    struct lru_table *t = mem_zalloc(1, sizeof *t);
    uint32_t n_buckets = 1;

    LW_ASSERT(max_entries > 0 && max_entries <= INT32_MAX / 2);
    if (t == NULL)
        return NULL;
    while (n_buckets < max_entries)
        n_buckets *= 2;
    t->key_bytes = key_bytes;
    t->key_room = round_up(key_bytes);
    t->entry_bytes = entry_bytes;
    t->node_bytes = round_up(sizeof(struct node)) + t->key_room + round_up(entry_bytes);
    t->seed = seed;
    t->max = max_entries;
    t->mask = n_buckets - 1;
    t->n_slabs = (max_entries + SLAB_NODES - 1) / SLAB_NODES;
    t->trial = (struct list){NONE, NONE, 0};
    t->kept = t->trial;
    t->buckets = mem_zalloc(n_buckets, sizeof *t->buckets);
    t->slabs = mem_zalloc(t->n_slabs, sizeof *t->slabs);
    if (t->buckets == NULL || t->slabs == NULL) {
        lru_table_free(t);
        return NULL;
    }
    for (uint32_t i = 0; i < n_buckets; i++)
        t->buckets[i] = NONE;
    return t;
}

void lru_table_free(struct lru_table *t)
{
    if (t == NULL)
        return;
    for (uint32_t i = 0; t->slabs != NULL && i < t->n_slabs; i++)
        mem_free(t->slabs[i]);
    mem_free(t->slabs);
    mem_free(t->buckets);
    mem_free(t);
}

/* ---- nodes ---------------------------------------------------------------------- */

static struct node *node_at(const struct lru_table *t, int32_t i)
{
    uint32_t at = (uint32_t)i;
    uint8_t *slab = t->slabs[at / SLAB_NODES];

    return (void *)(slab + at % SLAB_NODES * t->node_bytes);
}

static uint8_t *key_of(struct node *n)
{
    return (uint8_t *)n + round_up(sizeof *n);
}

static void *entry_of(const struct lru_table *t, struct node *n)
{
    return key_of(n) + t->key_room;
}

static void unlink_node(struct lru_table *t, struct list *l, const struct node *n)
{
    if (n->newer == NONE)
        l->newest = n->older;
    else
        node_at(t, n->newer)->older = n->older;
    if (n->older == NONE)
        l->oldest = n->newer;
    else
        node_at(t, n->older)->newer = n->newer;
    l->n--;
}

static void push_newest(struct lru_table *t, struct list *l, int32_t i)
{
    struct node *n = node_at(t, i);

    n->newer = NONE;
    n->older = l->newest;
    if (l->newest == NONE)
        l->oldest = i;
    else
        node_at(t, l->newest)->newer = i;
    l->newest = i;
    l->n++;
}

/* Move a node that was asked for again to the head of those kept. */
static void keep(struct lru_table *t, int32_t i)
{
    struct node *n = node_at(t, i);
    int32_t oldest;

    unlink_node(t, n->kept ? &t->kept : &t->trial, n);
    n->kept = true;
    push_newest(t, &t->kept, i);
    if (t->kept.n <= t->max - t->max / 5)
        return;
    oldest = t->kept.oldest;
    unlink_node(t, &t->kept, node_at(t, oldest));
    node_at(t, oldest)->kept = false;
    push_newest(t, &t->trial, oldest);
}

static void leave_bucket(struct lru_table *t, int32_t i)
{
    struct node *n = node_at(t, i);
    int32_t *link = &t->buckets[n->hash & t->mask];

    while (*link != i)
        link = &node_at(t, *link)->chain;
    *link = n->chain;
}

static int32_t forget(struct lru_table *t)
{
    struct list *l = t->trial.n > 0 ? &t->trial : &t->kept;
    int32_t i = l->oldest;

    unlink_node(t, l, node_at(t, i));
    leave_bucket(t, i);
    t->forgotten++;
    return i;
}

/* A node that nobody has; NONE when memory is out and there is none to forget. */
static int32_t take_node(struct lru_table *t)
{
    if (t->n < t->max) {
        uint8_t **slab = &t->slabs[t->n / SLAB_NODES];

        if (*slab == NULL)
            *slab = mem_zalloc(SLAB_NODES, t->node_bytes);
        if (*slab != NULL)
            return (int32_t)t->n++;
    }
    return t->n > 0 ? forget(t) : NONE;
}

/* ---- keys ----------------------------------------------------------------------- */

static int32_t look_up(const struct lru_table *t, const void *key, uint32_t hash)
{
    int32_t i = t->buckets[hash & t->mask];

    while (i != NONE) {
        struct node *n = node_at(t, i);

        if (n->hash == hash && memcmp(key_of(n), key, t->key_bytes) == 0)
            return i;
        i = n->chain;
    }
    return NONE;
}

void *lru_table_get(struct lru_table *t, const void *key, bool *is_new)
{
    uint32_t hash = (uint32_t)hash_bytes(key, t->key_bytes, t->seed);
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
    t->buckets[hash & t->mask] = i;
    memcpy(key_of(n), key, t->key_bytes);
    memset(entry_of(t, n), 0, t->entry_bytes);
    push_newest(t, &t->trial, i);
    return entry_of(t, n);
}

void *lru_table_find(const struct lru_table *t, const void *key)
{
    int32_t i = look_up(t, key, (uint32_t)hash_bytes(key, t->key_bytes, t->seed));

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

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A chained hash table over indices.  Keys are chosen by whoever sends packets, so the
 * hash is seeded; nothing that is printed depends on it.  Slots double when flows
 * outnumber them, which moves indices only: the steady state allocates nothing.
 */
#include "flow/table.h"

#include "base/assert.h"
#include "base/hash.h"
#include "base/mem.h"

#include <string.h>

enum { CHUNK_FLOWS = 4096, SLOTS_FIRST = 4096 };

static struct flow *flow_at(const struct flow_table *t, uint32_t i)
{
    return &t->chunks[i / CHUNK_FLOWS][i % CHUNK_FLOWS];
}

enum lw_status flow_table_init(struct flow_table *t, uint32_t max_flows,
                               struct lw_error *err)
{
    memset(t, 0, sizeof *t);
    t->max_flows = max_flows;
    t->free_head = FLOW_NONE;
    t->seed = hash_random_seed();
    t->n_slots = SLOTS_FIRST;
    t->slots = mem_alloc(SLOTS_FIRST * sizeof *t->slots);
    t->chunks = mem_zalloc(max_flows / CHUNK_FLOWS + 1, sizeof(struct flow *));
    if (t->slots == NULL || t->chunks == NULL) {
        flow_table_release(t);
        return lw_fail(err, LW_ENOMEM, "out of memory for a flow table");
    }
    memset(t->slots, 0xff, SLOTS_FIRST * sizeof *t->slots);
    memset(t->lists, 0xff, sizeof t->lists);
    return LW_OK;
}

void flow_table_release(struct flow_table *t)
{
    for (size_t i = 0; i < t->n_chunks; i++)
        mem_free(t->chunks[i]);
    mem_free(t->chunks);
    mem_free(t->slots);
    memset(t, 0, sizeof *t);
}

struct flow *flow_table_find(struct flow_table *t, const struct flow_key *key,
                             uint32_t *hash)
{
    uint32_t h = (uint32_t)hash_bytes(key, sizeof *key, t->seed);

    *hash = h;
    for (uint32_t i = t->slots[h & (t->n_slots - 1)]; i != FLOW_NONE;) {
        struct flow *f = flow_at(t, i);

        if (f->hash == h && memcmp(&f->key, key, sizeof *key) == 0)
            return f;
        i = f->next_in_slot;
    }
    return NULL;
}

/* Twice the slots; when memory is out the chains just get longer. */
static void widen(struct flow_table *t)
{
    uint32_t n_slots = 2 * t->n_slots;
    uint32_t *slots = mem_alloc(n_slots * sizeof *slots);

    if (slots == NULL)
        return;
    memset(slots, 0xff, n_slots * sizeof *slots);
    for (uint32_t s = 0; s < t->n_slots; s++) {
        for (uint32_t i = t->slots[s]; i != FLOW_NONE;) {
            struct flow *f = flow_at(t, i);
            uint32_t next = f->next_in_slot;

            f->next_in_slot = slots[f->hash & (n_slots - 1)];
            slots[f->hash & (n_slots - 1)] = i;
            i = next;
        }
    }
    mem_free(t->slots);
    t->slots = slots;
    t->n_slots = n_slots;
}

static void list_append(struct flow_table *t, struct flow *f)
{
    struct flow_list *l = &t->lists[f->patience][f->answered];

    f->newer = FLOW_NONE;
    f->older = l->newest;
    if (l->newest != FLOW_NONE)
        flow_at(t, l->newest)->newer = f->self;
    else
        l->oldest = f->self;
    l->newest = f->self;
}

static void list_unlink(struct flow_table *t, struct flow *f)
{
    struct flow_list *l = &t->lists[f->patience][f->answered];

    if (f->older != FLOW_NONE)
        flow_at(t, f->older)->newer = f->newer;
    else
        l->oldest = f->newer;
    if (f->newer != FLOW_NONE)
        flow_at(t, f->newer)->older = f->older;
    else
        l->newest = f->older;
}

/* An unused flow's index, or FLOW_NONE. */
static uint32_t take_free(struct flow_table *t)
{
    uint32_t i = t->free_head;

    if (i != FLOW_NONE) {
        t->free_head = flow_at(t, i)->next_in_slot;
        return i;
    }
    if (t->n_made == t->max_flows)
        return FLOW_NONE;
    if (t->n_made == t->n_chunks * CHUNK_FLOWS) {
        t->chunks[t->n_chunks] = mem_zalloc(CHUNK_FLOWS, sizeof(struct flow));
        if (t->chunks[t->n_chunks] == NULL)
            return FLOW_NONE;
        t->n_chunks++;
    }
    return t->n_made++;
}

struct flow *flow_table_insert(struct flow_table *t, const struct flow_key *key,
                               uint32_t hash, enum flow_patience patience,
                               int64_t now_ns)
{
    uint32_t i = take_free(t);
    struct flow *f;

    if (i == FLOW_NONE)
        return NULL;
    if (t->n_active >= t->n_slots)
        widen(t);
    f = flow_at(t, i);
    memset(f, 0, sizeof *f);
    f->key = *key;
    f->self = i;
    f->hash = hash;
    f->next_in_slot = t->slots[hash & (t->n_slots - 1)];
    t->slots[hash & (t->n_slots - 1)] = i;
    f->patience = (uint8_t)patience;
    f->touched_ns = now_ns;
    list_append(t, f);
    t->n_active++;
    return f;
}

void flow_table_touch(struct flow_table *t, struct flow *f, enum flow_patience patience,
                      bool answered, int64_t now_ns)
{
    bool stays = f->patience == (uint8_t)patience && f->answered == answered;

    f->touched_ns = now_ns;
    if (stays && f->newer == FLOW_NONE)
        return;
    list_unlink(t, f);
    f->patience = (uint8_t)patience;
    f->answered = answered;
    list_append(t, f);
}

void flow_table_remove(struct flow_table *t, struct flow *f)
{
    uint32_t *link = &t->slots[f->hash & (t->n_slots - 1)];

    while (*link != f->self) {
        LW_DEBUG_ASSERT(*link != FLOW_NONE);
        link = &flow_at(t, *link)->next_in_slot;
    }
    *link = f->next_in_slot;
    list_unlink(t, f);
    f->next_in_slot = t->free_head;
    t->free_head = f->self;
    t->n_active--;
}

struct flow *flow_table_oldest(const struct flow_table *t, enum flow_patience patience,
                               bool answered)
{
    uint32_t i = t->lists[patience][answered].oldest;

    return i == FLOW_NONE ? NULL : flow_at(t, i);
}

struct flow *flow_table_oldest_of_all(const struct flow_table *t, int answered)
{
    struct flow *oldest = NULL;

    for (int p = 0; p < N_FLOW_PATIENCES; p++) {
        for (int a = 0; a < 2; a++) {
            struct flow *f = flow_table_oldest(t, (enum flow_patience)p, a == 1);

            if (f == NULL || (answered >= 0 && a != answered))
                continue;
            if (oldest == NULL || f->touched_ns < oldest->touched_ns)
                oldest = f;
        }
    }
    return oldest;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The flow table: an open-addressed index over a slab.
 *
 *     slots    [hash,ref][hash,ref][  0  ][hash,ref] ...   linear probing, at most 3/4
 *                   |                                      full, a power of two
 *     chunks   [ flow flow flow ... ][ flow ... ]          each twice the one before
 *
 * A slot holds 32 bits of hash beside the reference, so that a probe looks at one cache
 * line of the index and touches a flow only when it is almost surely the right one, and
 * so that the index grows without reading flows.  Removal closes the gap (Knuth, vol.
 * 3, 6.4, algorithm R) instead of leaving tombstones: an index under flood stays as
 * fast as a fresh one.  Chaining through the flows was rejected: each step is a cache
 * miss.
 *
 * Keys are hashed with a random seed; an attacker who chooses ports cannot choose
 * slots. Nothing that is reported depends on the order of slots.
 *
 * When memory is out the table behaves as a full one: it keeps working at the size it
 * has reached.
 */
#include "table.h"

#include "base/assert.h"
#include "base/mem.h"

#include <string.h>

enum { SLOTS_MIN = 1024 };

/* How many flows the first `n` chunks hold. */
static uint32_t chunks_hold(uint32_t n)
{
    return ((1U << n) - 1) << FLOW_CHUNK_SHIFT;
}

static bool add_beside(struct flow_table *t, uint32_t chunk, uint32_t n)
{
    if (t->beside_bytes == 0)
        return true;
    t->beside[chunk] = mem_alloc_table(n, t->beside_bytes);
    return t->beside[chunk] != NULL;
}

/* Called only below the limit, so that a chunk is missing; the last one is as long as
 * the limit needs. */
static bool add_chunk(struct flow_table *t)
{
    uint32_t before = chunks_hold(t->n_chunks);
    uint32_t n = (uint32_t)FLOW_CHUNK << t->n_chunks;
    struct flow *chunk;

    LW_ASSERT(before < t->max_flows);
    if (n > t->max_flows - before)
        n = t->max_flows - before;
    chunk = mem_alloc_table(n, sizeof *chunk);
    if (chunk == NULL)
        return false;
    if (!add_beside(t, t->n_chunks, n)) {
        mem_free(chunk);
        return false;
    }
    t->chunks[t->n_chunks++] = chunk;
    return true;
}

static struct flow_slot *new_slots(uint32_t n)
{
    struct flow_slot *slots = mem_alloc_table(n, sizeof *slots);

    if (slots != NULL)
        memset(slots, 0, n * sizeof *slots);
    return slots;
}

bool flow_table_init(struct flow_table *t, uint32_t max_flows)
{
    LW_ASSERT(max_flows >= 1 && max_flows <= 1U << 24);
    *t = (struct flow_table){.max_flows = max_flows,
                             .mask = SLOTS_MIN - 1,
                             .free_list = FLOW_NONE,
                             .seed = hash_random_seed()};
    t->slots = new_slots(SLOTS_MIN);
    if (t->slots != NULL && add_chunk(t))
        return true;
    flow_table_release(t);
    return false;
}

bool flow_table_attach(struct flow_table *t, size_t bytes, size_t hot_bytes)
{
    LW_ASSERT(t->n_made == 0 && t->n_chunks == 1 && t->beside_bytes == 0);
    t->beside_bytes = bytes;
    t->beside_hot_bytes = hot_bytes;
    return add_beside(t, 0,
                      t->max_flows < FLOW_CHUNK ? t->max_flows : (uint32_t)FLOW_CHUNK);
}

void flow_table_release(struct flow_table *t)
{
    for (uint32_t i = 0; i < t->n_chunks; i++) {
        mem_free(t->chunks[i]);
        mem_free(t->beside[i]);
    }
    mem_free(t->slots);
    *t = (struct flow_table){.slots = NULL};
}

struct flow *flow_table_get(const struct flow_table *t, const struct flow_key *key,
                            uint32_t hash)
{
    for (uint32_t at = hash & t->mask; t->slots[at].ref != 0; at = (at + 1) & t->mask) {
        struct flow *f;

        if (t->slots[at].hash != hash)
            continue;
        f = flow_at(t, t->slots[at].ref - 1);
        if (flow_key_equal(&f->key, key))
            return f;
    }
    return NULL;
}

static void put_slot(struct flow_slot *slots, uint32_t mask, struct flow_slot slot)
{
    uint32_t at = slot.hash & mask;

    while (slots[at].ref != 0)
        at = (at + 1) & mask;
    slots[at] = slot;
}

static bool grow_slots(struct flow_table *t)
{
    uint32_t n = t->mask + 1;
    struct flow_slot *slots = new_slots(n * 2);

    if (slots == NULL)
        return false;
    for (uint32_t i = 0; i < n; i++) {
        if (t->slots[i].ref != 0)
            put_slot(slots, n * 2 - 1, t->slots[i]);
    }
    mem_free(t->slots);
    t->slots = slots;
    t->mask = n * 2 - 1;
    return true;
}

/* Memory for one more flow: its index, or FLOW_NONE. */
static uint32_t take_memory(struct flow_table *t)
{
    uint32_t index = t->free_list;

    if (index != FLOW_NONE) {
        t->free_list = flow_at(t, index)->link[FLOW_LINK_TIMER].next;
        return index;
    }
    if (t->n_made == chunks_hold(t->n_chunks) && !add_chunk(t))
        return FLOW_NONE;
    return t->n_made++;
}

struct flow *flow_table_insert(struct flow_table *t, const struct flow_key *key,
                               uint32_t hash)
{
    uint32_t index;
    struct flow *f;

    if (t->n_flows == t->max_flows)
        return NULL;
    if (t->n_flows >= t->mask / 4 * 3 && !grow_slots(t))
        return NULL;
    index = take_memory(t);
    if (index == FLOW_NONE)
        return NULL;
    f = flow_at(t, index);
    memset(f, 0, sizeof *f);
    f->key = *key;
    f->hash = hash;
    f->index = index;
    put_slot(t->slots, t->mask, (struct flow_slot){hash, index + 1});
    t->n_flows++;
    return f;
}

/* Move later entries of the same run back over the hole, as long as that does not take
 * one before its own place. */
static void close_gap(struct flow_table *t, uint32_t hole)
{
    for (uint32_t at = (hole + 1) & t->mask; t->slots[at].ref != 0;
         at = (at + 1) & t->mask) {
        uint32_t home = t->slots[at].hash & t->mask;

        if (((at - home) & t->mask) >= ((at - hole) & t->mask)) {
            t->slots[hole] = t->slots[at];
            hole = at;
        }
    }
    t->slots[hole] = (struct flow_slot){0, 0};
}

void flow_table_remove(struct flow_table *t, struct flow *f)
{
    uint32_t at = f->hash & t->mask;

    while (t->slots[at].ref != f->index + 1) {
        LW_ASSERT(t->slots[at].ref != 0);
        at = (at + 1) & t->mask;
    }
    close_gap(t, at);
    f->key.kind = FLOW_KEY_FREE;
    f->link[FLOW_LINK_TIMER].next = t->free_list;
    f->id = 0;
    t->free_list = f->index;
    t->n_flows--;
}

void flow_table_clear(struct flow_table *t)
{
    memset(t->slots, 0, ((size_t)t->mask + 1) * sizeof *t->slots);
    t->n_flows = 0;
    t->n_made = 0;
    t->free_list = FLOW_NONE;
}

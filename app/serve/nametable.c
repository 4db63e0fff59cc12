/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Open addressing, linear probing, at most half full.  Names come from our own tables,
 * only look-ups from strangers, so that no seed is needed: nobody can lengthen a probe.
 */
#include "serve/nametable.h"

#include "base/assert.h"
#include "base/hash.h"
#include "base/mem.h"

void nametable_init(struct nametable *t)
{
    *t = (struct nametable){NULL, 0, 0};
}

void nametable_release(struct nametable *t)
{
    for (size_t i = 0; i < t->cap; i++)
        mem_free(t->slots[i].name);
    mem_free(t->slots);
    nametable_init(t);
}

/* The slot of a name, or the free one where it belongs. */
static struct nametable_slot *slot_of(struct nametable_slot *slots, size_t cap,
                                      struct span name, uint64_t hash)
{
    size_t i = hash & (cap - 1);

    while (slots[i].name != NULL && (slots[i].hash != hash || slots[i].len != name.n ||
                                     memcmp(slots[i].name, name.p, name.n) != 0))
        i = (i + 1) & (cap - 1);
    return &slots[i];
}

static bool grow(struct nametable *t)
{
    size_t cap = t->cap == 0 ? 64 : 2 * t->cap;
    struct nametable_slot *slots = mem_zalloc(cap, sizeof *slots);

    if (slots == NULL)
        return false;
    for (size_t i = 0; i < t->cap; i++) {
        const struct nametable_slot *old = &t->slots[i];

        if (old->name != NULL)
            *slot_of(slots, cap, span_of(old->name, old->len), old->hash) = *old;
    }
    mem_free(t->slots);
    t->slots = slots;
    t->cap = cap;
    return true;
}

enum lw_status nametable_add(struct nametable *t, struct span name, uint32_t value,
                             struct lw_error *err)
{
    uint64_t hash = hash_bytes(name.p, name.n, 0);
    struct nametable_slot *slot;

    LW_ASSERT(name.p != NULL);
    if (2 * (t->n + 1) > t->cap && !grow(t))
        return lw_fail(err, LW_ENOMEM, "out of memory");
    slot = slot_of(t->slots, t->cap, name, hash);
    if (slot->name != NULL)
        return LW_OK;
    slot->name = mem_dup(name.p, name.n);
    if (slot->name == NULL)
        return lw_fail(err, LW_ENOMEM, "out of memory");
    slot->hash = hash;
    slot->len = name.n;
    slot->value = value;
    t->n++;
    return LW_OK;
}

int64_t nametable_find(const struct nametable *t, struct span name)
{
    const struct nametable_slot *slot;

    if (t->cap == 0)
        return -1;
    slot = slot_of(t->slots, t->cap, name, hash_bytes(name.p, name.n, 0));
    return slot->name == NULL ? -1 : (int64_t)slot->value;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * feature/intern.c - an open-addressed table that is at most half full.
 *
 * Deleting closes the gap by moving later entries of the same run back (Knuth, The Art
 * of Computer Programming, volume 3, algorithm 6.4R), so there are no tombstones and
 * probes stay short whatever the history.
 */
#include "feature/intern.h"

#include "base/assert.h"
#include "base/hash.h"

#include <stdbool.h>
#include <string.h>

enum { SLOT_MASK = INTERN_SLOTS - 1 };

_Static_assert((INTERN_SLOTS & SLOT_MASK) == 0, "slots are a power of two");

void intern_init(struct intern *t, uint64_t seed)
{
    memset(t, 0, sizeof *t);
    t->seed = seed;
    t->n_free = INTERN_MAX;
    for (unsigned i = 0; i < INTERN_MAX; i++)
        t->free[i] = (uint16_t)(INTERN_MAX - 1 - i);
}

static uint16_t home_of(const struct intern *t, struct intern_key key)
{
    return (uint16_t)(hash_bytes(&key, sizeof key, t->seed) & SLOT_MASK);
}

static bool same_key(struct intern_key a, struct intern_key b)
{
    return a.word[0] == b.word[0] && a.word[1] == b.word[1];
}

uint16_t intern_take(struct intern *t, struct intern_key key)
{
    uint16_t home = home_of(t, key);
    unsigned at = home;
    uint16_t number;

    for (; t->slot[at] != 0; at = (at + 1) & SLOT_MASK) {
        number = (uint16_t)(t->slot[at] - 1);
        if (same_key(t->entry[number].key, key)) {
            t->entry[number].uses++;
            return number;
        }
    }
    LW_ASSERT(t->n_free > 0);
    number = t->free[--t->n_free];
    t->slot[at] = (uint16_t)(number + 1);
    t->entry[number] = (struct intern_entry){.key = key, .home = home, .uses = 1};
    return number;
}

static void close_gap(struct intern *t, unsigned gap)
{
    for (unsigned at = (gap + 1) & SLOT_MASK; t->slot[at] != 0;
         at = (at + 1) & SLOT_MASK) {
        unsigned home = t->entry[t->slot[at] - 1].home;

        /* It may move back when its home does not lie after the gap. */
        if (((at - home) & SLOT_MASK) >= ((at - gap) & SLOT_MASK)) {
            t->slot[gap] = t->slot[at];
            gap = at;
        }
    }
    t->slot[gap] = 0;
}

void intern_drop(struct intern *t, uint16_t number)
{
    struct intern_entry *e = &t->entry[number];
    unsigned at = e->home;

    LW_DEBUG_ASSERT(e->uses > 0);
    if (--e->uses > 0)
        return;
    while (t->slot[at] != number + 1)
        at = (at + 1) & SLOT_MASK;
    close_gap(t, at);
    t->free[t->n_free++] = number;
}

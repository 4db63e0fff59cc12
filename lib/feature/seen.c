/* SPDX-License-Identifier: Apache-2.0 */
#include "feature/seen.h"

#include "base/assert.h"
#include "base/mem.h"

_Static_assert(sizeof(struct seen_line) == 64, "one cache line");

bool seen_init(struct seen *s, uint32_t max)
{
    uint32_t n_lines = 1;

    LW_ASSERT(max > 0 && max <= 1U << 30);
    while (n_lines * SEEN_WAYS < max)
        n_lines *= 2;
    *s = (struct seen){.mask = n_lines - 1, .least_lost_ns = SEEN_NEVER};
    s->lines = mem_alloc_table(n_lines, sizeof *s->lines);
    if (s->lines == NULL)
        return false;
    memset(s->lines, 0, (size_t)n_lines * sizeof *s->lines);
    return true;
}

void seen_release(struct seen *s)
{
    mem_free(s->lines);
    s->lines = NULL;
}

/* A little later than now, as far as records may be out of order, is no time ago. */
static int64_t age_of(uint32_t tick, uint32_t now)
{
    enum { LITTLE = 1 << 20 };
    uint32_t ticks = now - tick;

    return tick - now < LITTLE ? 0 : (int64_t)ticks << DECAY_TICK_SHIFT;
}

static int64_t as_remembered(int64_t age_ns)
{
    return age_ns > SEEN_MEMORY_NS ? SEEN_NEVER : age_ns;
}

/* The place that is free, or was seen longest ago. */
static unsigned place_in(const struct seen_line *l, uint32_t now)
{
    unsigned place = 0;
    int64_t greatest = -1;

    for (unsigned i = 0; i < SEEN_WAYS; i++) {
        int64_t age = l->tag[i] == 0 ? SEEN_NEVER : age_of(l->tick[i], now);

        if (age > greatest) {
            greatest = age;
            place = i;
        }
    }
    return place;
}

static void give_way(struct seen *s, const struct seen_line *l, unsigned place,
                     uint32_t now)
{
    int64_t age = age_of(l->tick[place], now);

    if (l->tag[place] == 0 || age > SEEN_MEMORY_NS)
        return;
    s->forgotten++;
    if (age < s->least_lost_ns)
        s->least_lost_ns = age;
}

int64_t seen_touch(struct seen *s, uint64_t key, int64_t now_ns)
{
    struct seen_line *l = &s->lines[key & s->mask];
    uint32_t now = (uint32_t)((uint64_t)now_ns >> DECAY_TICK_SHIFT);
    uint32_t tag = (uint32_t)(key >> 32) | 1;
    unsigned place;

    for (unsigned i = 0; i < SEEN_WAYS; i++) {
        if (l->tag[i] == tag) {
            int64_t age = age_of(l->tick[i], now);

            l->tick[i] = now;
            return as_remembered(age);
        }
    }
    place = place_in(l, now);
    give_way(s, l, place, now);
    l->tag[place] = tag;
    l->tick[place] = now;
    return SEEN_NEVER;
}

static void count(struct distinct *d, int64_t age_ns, float times)
{
    struct decayed lost;

    if (age_ns == SEEN_NEVER) {
        decay_add(&d->n, times);
        decay_add(&d->new, times);
        return;
    }
    if (age_ns == 0)
        return;
    lost = decay_lost(age_ns);
    for (unsigned i = 0; i < DECAY_N; i++)
        d->n.v[i] += times * lost.v[i];
}

void distinct_add_aged(struct distinct *d, const struct decayed *lost, int64_t age_ns)
{
    decay_by(&d->n, lost);
    decay_by(&d->new, lost);
    count(d, as_remembered(age_ns), 1.0F);
}

/* One in so many of the peers is looked at: enough that those of the last second, the
 * shortest half-life, are about DISTINCT_EXACT at most. */
static uint32_t one_in(const struct distinct *d)
{
    uint32_t n = 1;

    for (float left = d->n.v[0]; left > (float)DISTINCT_EXACT && n < 1U << 16;
         left *= 0.5F)
        n *= 2;
    return n;
}

void distinct_add(struct distinct *d, const struct decayed *lost, struct seen *s,
                  uint64_t host, uint64_t peer, int64_t now_ns)
{
    uint32_t n;
    int64_t age;

    decay_by(&d->n, lost);
    decay_by(&d->new, lost);
    if (!d->has_first) {
        d->has_first = true;
        d->first = peer;
        d->first_ns = now_ns;
        count(d, SEEN_NEVER, 1.0F);
        return;
    }
    if (d->first == peer) {
        age = now_ns > d->first_ns ? now_ns - d->first_ns : 0;
        d->first_ns = now_ns > d->first_ns ? now_ns : d->first_ns;
        count(d, as_remembered(age), 1.0F);
        return;
    }
    n = one_in(d);
    if ((peer & (n - 1)) == 0)
        count(d, seen_touch(s, seen_key(host, peer), now_ns), (float)n);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lazy timer wheels.
 *
 * A flow of a class is filed in the slot of the time at which it would be over if no
 * packet came any more:
 *
 *            first                                  now + timeout
 *              |                                         |
 *     ...[  ][ a ][  ][ b c ][ ... ][  ][  ][  ][  ][ d e ][  ]...
 *
 * Packets do not move it.  When packet time has passed the slot, timers_expired()
 * looks: a flow that got packets meanwhile is filed anew, the others are over.  Keeping
 * all flows in the order of their last packets instead, the obvious way, costs three
 * cache misses a packet (two neighbours and the flow's own links).
 *
 * The first slot in use also bounds the last packet of every flow from below, which is
 * the meter's watermark.  So that a busy flow does not hold it back for a whole
 * timeout, each tick files anew what is stale in the first slots, until one holds a
 * flow that is really as old as that.
 *
 * A slot is a 128th of the timeout; with 256 of them the wheel spans two timeouts, and
 * a slot number belongs to one turn only.
 */
#include "timer.h"

#include "base/assert.h"

enum { SLOTS_PER_TIMEOUT = TIMER_SLOTS / 2 };

/* Times before 1970 come too: floor, not truncation. */
static int64_t slot_of(const struct timer_wheel *w, int64_t time_ns)
{
    int64_t q = time_ns / w->slot_ns;

    return time_ns % w->slot_ns < 0 ? q - 1 : q;
}

static struct flow_list *list_of(struct timer_wheel *w, int64_t slot)
{
    return &w->slots[(uint64_t)slot % TIMER_SLOTS];
}

void timers_init(struct timers *tm, const int64_t timeout_ns[N_TIMERS])
{
    tm->now_ns = INT64_MIN;
    tm->next_ns = INT64_MIN;
    tm->tick_ns = INT64_MAX;
    for (unsigned c = 0; c < N_TIMERS; c++) {
        struct timer_wheel *w = &tm->wheels[c];

        LW_ASSERT(timeout_ns[c] > 0);
        w->timeout_ns = timeout_ns[c];
        w->from_start = false;
        w->slot_ns = timeout_ns[c] / SLOTS_PER_TIMEOUT + 1;
        if (w->slot_ns < tm->tick_ns)
            tm->tick_ns = w->slot_ns;
    }
    timers_clear(tm);
}

void timers_clear(struct timers *tm)
{
    for (unsigned c = 0; c < N_TIMERS; c++) {
        struct timer_wheel *w = &tm->wheels[c];

        w->first = 0;
        w->n_flows = 0;
        for (unsigned i = 0; i < TIMER_SLOTS; i++)
            flow_list_init(&w->slots[i]);
    }
}

void timers_add(struct timers *tm, const struct flow_table *t, struct flow *f)
{
    struct timer_wheel *w = &tm->wheels[flow_timer_class(f)];
    int64_t slot = slot_of(w, timer_origin_ns(w, f) + w->timeout_ns);
    int64_t present = slot_of(w, tm->now_ns);

    /* A flow made of a packet from the past may be over already. */
    if (slot < present)
        slot = present;
    if (w->n_flows == 0 || slot < w->first)
        w->first = slot;
    LW_DEBUG_ASSERT(slot - w->first < TIMER_SLOTS);
    f->timer_slot = (uint8_t)((uint64_t)slot % TIMER_SLOTS);
    flow_list_push(&w->slots[f->timer_slot], t, f, FLOW_LINK_TIMER);
    w->n_flows++;
}

void timers_remove(struct timers *tm, const struct flow_table *t, struct flow *f)
{
    struct timer_wheel *w = &tm->wheels[flow_timer_class(f)];

    LW_DEBUG_ASSERT(w->n_flows > 0);
    flow_list_remove(&w->slots[f->timer_slot], t, f, FLOW_LINK_TIMER);
    w->n_flows--;
}

static void file_anew(struct timers *tm, const struct flow_table *t, struct flow *f)
{
    timers_remove(tm, t, f);
    timers_add(tm, t, f);
}

/* The head of the first slot in use, or NULL when the wheel is empty. */
static struct flow *first_flow(struct timer_wheel *w, const struct flow_table *t)
{
    if (w->n_flows == 0)
        return NULL;
    while (list_of(w, w->first)->head == FLOW_NONE)
        w->first++;
    return flow_at(t, list_of(w, w->first)->head);
}

/* All flows were filed before time moved on to now_ns, so that the slot of a flow that
 * is filed anew here lies less than a turn ahead of `first`. */
static struct flow *wheel_expired(struct timers *tm, struct timer_wheel *w,
                                  const struct flow_table *t)
{
    int64_t present = slot_of(w, tm->now_ns);
    struct flow *f;

    while ((f = first_flow(w, t)) != NULL && w->first < present) {
        if (timer_is_over(tm, f, tm->now_ns))
            return f;
        file_anew(tm, t, f);
    }
    return NULL;
}

/* File anew what is stale at the front of a wheel. */
static void settle(struct timers *tm, struct timer_wheel *w, const struct flow_table *t)
{
    struct flow *f;

    while ((f = first_flow(w, t)) != NULL &&
           slot_of(w, timer_origin_ns(w, f) + w->timeout_ns) > w->first)
        file_anew(tm, t, f);
}

struct flow *timers_expired(struct timers *tm, const struct flow_table *t)
{
    for (unsigned c = 0; c < N_TIMERS; c++) {
        struct flow *f = wheel_expired(tm, &tm->wheels[c], t);

        if (f != NULL)
            return f;
    }
    for (unsigned c = 0; c < N_TIMERS; c++)
        settle(tm, &tm->wheels[c], t);
    tm->next_ns = tm->now_ns + tm->tick_ns;
    return NULL;
}

const struct flow *timers_first(const struct timers *tm, const struct flow_table *t,
                                unsigned timer_class)
{
    const struct timer_wheel *w = &tm->wheels[timer_class];

    if (w->n_flows == 0)
        return NULL;
    return flow_at(t, w->slots[(uint64_t)w->first % TIMER_SLOTS].head);
}

int64_t timers_oldest_ns(const struct timers *tm)
{
    int64_t oldest = tm->now_ns;

    for (unsigned c = 0; c < N_TIMERS; c++) {
        const struct timer_wheel *w = &tm->wheels[c];
        int64_t at = w->first * w->slot_ns - w->timeout_ns;

        if (w->n_flows > 0 && at < oldest)
            oldest = at;
    }
    return oldest;
}

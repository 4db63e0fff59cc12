/* SPDX-License-Identifier: Apache-2.0 */
/*
 * flow/timer.h - which flows have been silent for too long, in packet time.
 *
 * Each timeout has a wheel of its own (timer.c).  A packet that arrives for a flow
 * costs nothing here: the wheel looks at the flow's last packet when its turn comes.
 */
#ifndef FLOW_TIMER_H
#define FLOW_TIMER_H

#include "list.h"

/** One class per timeout of struct lw_meter_config. */
enum timer_class {
    TIMER_TCP,
    TIMER_CLOSED,
    TIMER_UDP,
    TIMER_ICMP,
    TIMER_ARP,
    N_TIMERS
};

_Static_assert((int)N_TIMERS <= (int)FLOW_UNHEARD, "struct flow keeps both in a byte");

enum { TIMER_SLOTS = 256 }; /* struct flow keeps a slot in a byte */

struct timer_wheel {
    int64_t timeout_ns;
    bool from_start; /* the timeout runs from the start of the record, as Argus' does,
                        not from the last packet */
    int64_t slot_ns;
    int64_t first; /* no flow is in an earlier slot; slots are numbered by time */
    uint32_t n_flows;
    struct flow_list slots[TIMER_SLOTS]; /* by number modulo TIMER_SLOTS */
};

struct timers {
    int64_t now_ns;  /* the latest packet time */
    int64_t next_ns; /* no look at timers_expired() needed before */
    int64_t tick_ns;
    struct timer_wheel wheels[N_TIMERS];
};

/** `timeout_ns` by class, all above 0, from the last packet. */
void timers_init(struct timers *tm, const int64_t timeout_ns[N_TIMERS]);

/** File a flow by its last packet, under its timer class. */
void timers_add(struct timers *tm, const struct flow_table *t, struct flow *f);
void timers_remove(struct timers *tm, const struct flow_table *t, struct flow *f);

/** Forget all flows; time stays. */
void timers_clear(struct timers *tm);

/** A flow that has been silent for its timeout at tm->now_ns, or NULL when there is no
 *  more: then next_ns is set.  The flow stays filed. */
struct flow *timers_expired(struct timers *tm, const struct flow_table *t);

/** Of those of a class the flow that is looked at first when its time has come, after
 *  timers_expired() had no more; NULL when there is none. */
const struct flow *timers_first(const struct timers *tm, const struct flow_table *t,
                                unsigned timer_class);

/** No filed flow had its last packet before this time. */
int64_t timers_oldest_ns(const struct timers *tm);

/** The time from which a flow's timeout runs. */
static inline int64_t timer_origin_ns(const struct timer_wheel *w, const struct flow *f)
{
    return w->from_start ? f->start_ns : f->last_ns;
}

static inline bool timer_is_over(const struct timers *tm, const struct flow *f,
                                 int64_t now_ns)
{
    const struct timer_wheel *w = &tm->wheels[flow_timer_class(f)];

    return now_ns - timer_origin_ns(w, f) > w->timeout_ns;
}

#endif /* FLOW_TIMER_H */

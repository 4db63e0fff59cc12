/* SPDX-License-Identifier: Apache-2.0 */
/*
 * flow/list.h - doubly linked lists of flows, by index.
 *
 * A flow is on two lists at a time, one per pair of links: FLOW_LINK_TIMER (the slot of
 * its timer) and FLOW_LINK_AGE (the order of eviction).
 */
#ifndef FLOW_LIST_H
#define FLOW_LIST_H

#include "table.h"

struct flow_list {
    uint32_t head; /* FLOW_NONE when empty */
    uint32_t tail;
};

static inline void flow_list_init(struct flow_list *l)
{
    l->head = FLOW_NONE;
    l->tail = FLOW_NONE;
}

/** Append a flow that is on no list of that kind. */
static inline void flow_list_push(struct flow_list *l, const struct flow_table *t,
                                  struct flow *f, unsigned kind)
{
    f->link[kind] = (struct flow_link){l->tail, FLOW_NONE};
    if (l->tail == FLOW_NONE)
        l->head = f->index;
    else
        flow_at(t, l->tail)->link[kind].next = f->index;
    l->tail = f->index;
}

/** Take a flow out of the list that it is on. */
static inline void flow_list_remove(struct flow_list *l, const struct flow_table *t,
                                    struct flow *f, unsigned kind)
{
    struct flow_link link = f->link[kind];

    if (link.prev == FLOW_NONE)
        l->head = link.next;
    else
        flow_at(t, link.prev)->link[kind].next = link.next;
    if (link.next == FLOW_NONE)
        l->tail = link.prev;
    else
        flow_at(t, link.next)->link[kind].prev = link.prev;
}

#endif /* FLOW_LIST_H */

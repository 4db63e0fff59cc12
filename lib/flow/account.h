/* SPDX-License-Identifier: Apache-2.0 */
/* flow/account.h - what a packet adds to its flow. */
#ifndef FLOW_ACCOUNT_H
#define FLOW_ACCOUNT_H

#include "table.h"
#include "tcp_state.h"

/** Count a packet that side `from` of the flow's key sent. */
void flow_account(struct flow *f, const struct decoded *d, unsigned from,
                  int64_t time_ns);

/** Count a plain packet that changes nothing but the totals of its side: a segment of
 * an open connection, a datagram, both of a side that this record heard before, in the
 *  order of time.  False, with nothing done: it may change more, and is to be counted
 *  by flow_account(), which says the same of all others. */
static inline bool flow_account_plain(struct flow *f, const struct plain *p,
                                      unsigned from, int64_t time_ns);

/** Begin the next record of a flow that goes on: what is counted starts again from 0,
 *  what is known of the connection stays. */
void flow_continue(struct flow *f);

/* Sequence numbers wrap: compare by signed distance (RFC 9293, 3.4). */
static inline bool seq_after(uint32_t a, uint32_t b)
{
    return (int32_t)(a - b) > 0;
}

/* A segment that ends before the sequence number `end`. */
static inline void flow_side_note_seq(struct flow_side *s, uint32_t end, bool has_data)
{
    if (s->heard & HEARD_SEQ && !seq_after(end, s->next_seq)) {
        if (has_data)
            s->retransmitted++;
        return;
    }
    s->next_seq = end;
    s->heard |= HEARD_SEQ;
}

/* Flags that say more than that a segment belongs to an open connection. */
enum { TCP_NEWS = LW_TCP_SYN | LW_TCP_FIN | LW_TCP_RST | LW_TCP_URG };

/* The connection of a segment, or the flow of a datagram, takes notice of nothing but
 * totals. */
static inline bool flow_is_quiet(const struct flow *f, const struct plain *p,
                                 unsigned from)
{
    if (p->protocol == PLAIN_TCP)
        return f->flags & FLOW_STEADY && !(plain_tcp_flags(p) & TCP_NEWS) &&
               tcp_now(f->tcp_state[from]) != TCP_INACTIVE;
    return !(f->flags & FLOW_MEDIA);
}

static inline bool flow_account_plain(struct flow *f, const struct plain *p,
                                      unsigned from, int64_t time_ns)
{
    struct flow_side *s = &f->side[from];

    if (s->packets == 0 || time_ns < s->last_ns || !flow_is_quiet(f, p, from))
        return false;
    s->last_ns = time_ns;
    if (time_ns > f->last_ns)
        f->last_ns = time_ns;
    s->packets++;
    s->frame_bytes += p->frame_bytes;
    s->ip_bytes += p->ip_bytes;
    s->payload_bytes += p->payload_bytes;
    s->tos = plain_tos(p);
    if (p->protocol == PLAIN_TCP) {
        s->tcp_flags |= plain_tcp_flags(p);
        flow_side_note_seq(s, plain_tcp_seq(p) + p->payload_bytes,
                           p->payload_bytes > 0);
    }
    return true;
}

#endif /* FLOW_ACCOUNT_H */

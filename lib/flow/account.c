/* SPDX-License-Identifier: Apache-2.0 */
#include "account.h"

#include "argus.h"

static void account_seq(struct flow_side *s, const struct decoded *d)
{
    uint32_t n = d->payload_bytes + ((d->tcp_flags & LW_TCP_SYN) != 0) +
                 ((d->tcp_flags & LW_TCP_FIN) != 0);

    flow_side_note_seq(s, d->tcp_seq + n, d->payload_bytes > 0);
}

/* A SYN, or the answer to one, says who initiated.  Argus takes the flags of a packet
 * literally: SYN and nothing else, or SYN and ACK and nothing else (congestion
 * notification aside). */
static void account_initiator(struct flow *f, uint8_t flags, unsigned from)
{
    uint8_t plain = flags & (uint8_t) ~(LW_TCP_ECE | LW_TCP_CWR);
    unsigned side;

    if (f->flags & FLOW_SYN_KNOWN)
        return;
    if (plain == LW_TCP_SYN)
        side = from;
    else if (plain == (LW_TCP_SYN | LW_TCP_ACK))
        side = 1 - from;
    else
        return;
    f->flags |= (uint8_t)(FLOW_SYN_KNOWN | (side == 1 ? FLOW_SYN_SIDE : 0));
}

static unsigned originator(const struct flow *f)
{
    return f->flags & (f->flags & FLOW_SYN_KNOWN ? FLOW_SYN_SIDE : FLOW_FIRST_SIDE) ? 1
                                                                                    : 0;
}

static void account_tcp(struct flow *f, const struct decoded *d, unsigned from)
{
    enum { URGENT_MAX = (1 << 24) - 1 };
    struct flow_side *s = &f->side[from];

    if (!(f->flags & FLOW_STEADY) ||
        d->tcp_flags & (LW_TCP_SYN | LW_TCP_FIN | LW_TCP_RST))
        argus_tcp_step(f, d, from);
    s->tcp_flags |= d->tcp_flags;
    /* Most segments: of an open connection, with nothing to say but their data.  No
     * state of an endpoint that was heard before changes by them. */
    if (!(d->tcp_flags & TCP_NEWS) && tcp_now(f->tcp_state[from]) != TCP_INACTIVE) {
        account_seq(s, d);
        return;
    }
    if (d->tcp_flags & LW_TCP_URG && s->urgent < URGENT_MAX)
        s->urgent++;
    account_initiator(f, d->tcp_flags, from);
    (void)tcp_state_step(f->tcp_state, from, originator(f), d->tcp_flags,
                         d->payload_bytes > 0);
    /* RST segments carry sequence numbers of all kinds (RFC 9293, 3.5.2). */
    if (!(d->tcp_flags & LW_TCP_RST))
        account_seq(s, d);
}

static void account_ip(struct flow *f, const struct decoded *d, unsigned from)
{
    struct flow_side *s = &f->side[from];

    s->ip_bytes += d->ip_bytes;
    s->tos = d->tos;
    if (d->ip_version == 6)
        s->argus_tos = d->argus_tos;
    if (!(s->heard & HEARD_IP))
        s->ttl = d->ttl;
    s->heard |= HEARD_IP;
    if (d->bad_fragment && f->bad_fragments[from] < UINT16_MAX)
        f->bad_fragments[from]++;
}

/* Whoever asks or answers says by which MAC address it is reached. */
static void account_arp(struct flow_side *s, const struct decoded *d)
{
    if (s->heard & HEARD_SEQ && s->next_seq != d->arp_mac)
        s->heard |= HEARD_TWO_MACS;
    s->next_seq = d->arp_mac;
    s->heard |= HEARD_SEQ;
}

void flow_account(struct flow *f, const struct decoded *d, unsigned from,
                  int64_t time_ns)
{
    struct flow_side *s = &f->side[from];

    if (s->packets == 0) {
        s->first_ns = time_ns;
        s->last_ns = time_ns;
    } else if (time_ns < s->first_ns) {
        s->first_ns = time_ns;
    } else if (time_ns > s->last_ns) {
        s->last_ns = time_ns;
    }
    if (time_ns > f->last_ns)
        f->last_ns = time_ns;
    if (time_ns < f->start_ns)
        f->start_ns = time_ns;
    s->packets++;
    s->frame_bytes += d->frame_bytes;
    s->payload_bytes += d->payload_bytes;
    s->heard |= HEARD_PACKETS;
    if (d->ip_version != 0)
        account_ip(f, d, from);
    if (flow_kind(f) == LW_FLOW_ARP) {
        account_arp(s, d);
    } else if (flow_kind(f) != LW_FLOW_TCP) {
        if (f->flags & FLOW_MEDIA)
            argus_media_step(f, d, from);
    } else if (d->layer == DECODE_TRANSPORT) {
        account_tcp(f, d, from);
    }
}

static void side_continue(struct flow_side *s)
{
    *s = (struct flow_side){.next_seq = s->next_seq,
                            .argus_tos = s->argus_tos,
                            .tos = s->tos,
                            .ttl = s->ttl,
                            .heard = s->heard};
}

void flow_continue(struct flow *f)
{
    f->flags |= FLOW_CONTINUED;
    f->start_ns = INT64_MAX;
    for (unsigned i = 0; i < 2; i++) {
        side_continue(&f->side[i]);
        f->bad_fragments[i] = 0;
        f->overlapping[i] = 0;
    }
}

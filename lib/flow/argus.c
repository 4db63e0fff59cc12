/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Argus' idea of a TCP connection decides three things that show: whether a SYN begins
 * a new flow, which side is printed on the left, and whose flags are shown.  Found by
 * giving Argus 3.0.8.2 pairs and longer sequences of segments with all flags:
 *
 *     first packet                  then
 *     RST             RESET         any SYN begins a new flow
 *     SYN             SYN           SYN+ACK: SYN_ACK; FIN: FINISHING; ACK: ESTABLISHED
 *     SYN+ACK         SYN_ACK       FIN: FINISHING; ACK without SYN: ESTABLISHED
 *     ACK PSH URG     ESTABLISHED   FIN: FINISHING
 *     FIN, FIN+ACK    FINISHING     a bare SYN begins a new flow; the other side's ACK
 *                                   of a FIN: FINISHED, in which no SYN does
 *     others          CLOSING       a bare SYN begins a new flow
 *
 * A later RST leads to CLOSING, but not one that answers a SYN as a closed port does:
 * another try from the same port belongs to the same flow.  A "bare" SYN has no other
 * flag at all.
 *
 * When the other side begins the new flow, Argus leaves the old names on it: all that
 * one endpoint sends is printed as the other's from then on.
 */
#include "argus.h"

#include "account.h"
#include "icmp.h"
#include "service_port.h"
#include "tcp_state.h"

#include <string.h>

enum { PROTOCOL_IGMP = 2 };
enum { SYN = LW_TCP_SYN, ACK = LW_TCP_ACK, FIN = LW_TCP_FIN, RST = LW_TCP_RST };

/*
 * Keys differ in these:
 *
 *     IGMP         each datagram, by its identification, is a flow of its own; the
 * group in the message stands for the destination SCTP         ports tell nothing apart
 *     UDP, TCP     between a host and itself in IPv6 are two flows, one each way
 *     fragments    whose datagram's first one is not known: by their identification
 */
void argus_key(const struct decoded *d, struct flow_key *key, unsigned *from)
{
    enum { ECHO_REQUEST6 = 128, ECHO_REPLY6 = 129 };
    enum lw_flow_kind kind = (enum lw_flow_kind)(key->kind & ~FLOW_KEY_IP6);

    if (d->fragment_offset > 0 && d->layer == DECODE_NETWORK) {
        key->more = (uint16_t)d->fragment_id;
    } else if (kind == LW_FLOW_IGMP) {
        key->protocol = d->icmp_type;
        key->port[0] = d->icmp_id;
        key->port[1] = d->icmp_seq;
        key->more = (uint16_t)d->fragment_id;
    } else if (kind == LW_FLOW_SCTP ||
               (kind == LW_FLOW_ICMP6 && d->icmp_type >= ECHO_REQUEST6 &&
                d->icmp_type <= ECHO_REPLY6)) {
        key->port[0] = 0;
        key->port[1] = 0;
    } else if (key->kind & FLOW_KEY_IP6 &&
               (kind == LW_FLOW_UDP || kind == LW_FLOW_TCP) &&
               memcmp(&d->addr[0], &d->addr[1], sizeof d->addr[0]) == 0) {
        key->port[0] = d->port[0];
        key->port[1] = d->port[1];
        *from = 0;
    }
}

static unsigned first_side(const struct flow *f)
{
    return f->flags & FLOW_FIRST_SIDE ? 1 : 0;
}

/*
 * RTP and RTCP (RFC 3550) are what begins with version 2, between ports from 1024 on
 * but 7000 to 7010: sender's and receiver's reports are RTCP, everything else RTP,
 * until a side's SSRC changes or a header is extended.
 */
enum { RTP_BYTES = 12 };

static bool may_be_media(uint16_t port)
{
    return port >= 1024 && (port < 7000 || port > 7010);
}

void argus_udp_begin(struct flow *f, const struct decoded *d)
{
    enum { SENDER_REPORT = 200, RECEIVER_REPORT = 201 };
    uint8_t type;

    if (d->layer != DECODE_TRANSPORT || d->payload.n < RTP_BYTES ||
        span_u8(d->payload, 0) >> 6 != 2 || !may_be_media(d->port[0]) ||
        !may_be_media(d->port[1]))
        return;
    type = span_u8(d->payload, 1);
    if (type == SENDER_REPORT || type == RECEIVER_REPORT) {
        f->argus_tcp = ARGUS_UDP_RTCP;
        return;
    }
    f->argus_tcp = ARGUS_UDP_RTP;
    f->flags |= FLOW_MEDIA;
}

void argus_media_step(struct flow *f, const struct decoded *d, unsigned from)
{
    enum { VERSION_SHIFT = 6, EXTENDED = 0x10 };
    struct flow_side *s = &f->side[from];
    uint32_t source;

    if (d->payload.n < RTP_BYTES || span_u8(d->payload, 0) >> VERSION_SHIFT != 2)
        return;
    source = span_be32(d->payload, 8);
    if (!(s->heard & HEARD_SEQ)) {
        s->next_seq = source;
        s->heard |= HEARD_SEQ;
    } else if (source == 0 || source != s->next_seq ||
               span_u8(d->payload, 0) & EXTENDED) {
        f->argus_tcp = ARGUS_UDP_PLAIN;
        f->flags &= (uint8_t)~FLOW_MEDIA;
    }
}

static void begin(struct flow *f, uint8_t flags)
{
    enum { DATA = LW_TCP_ACK | LW_TCP_PSH | LW_TCP_URG };
    uint8_t plain = flags & (SYN | FIN | DATA);

    f->argus_opening = flags;
    if (flags & RST) {
        f->argus_tcp = ARGUS_TCP_RESET;
    } else if (plain == SYN) {
        f->argus_tcp = ARGUS_TCP_SYN;
        f->argus_flags |= ARGUS_SAW_SYN;
    } else if (plain == (SYN | ACK)) {
        f->argus_tcp = ARGUS_TCP_SYN_ACK;
        f->argus_flags |= ARGUS_SAW_SYN_ACK;
    } else {
        f->argus_flags |= ARGUS_GOING;
        if (plain != 0 && (plain & ~DATA) == 0)
            f->argus_tcp = ARGUS_TCP_ESTABLISHED;
        else if (plain == FIN || plain == (FIN | ACK))
            f->argus_tcp = ARGUS_TCP_FINISHING;
        else
            f->argus_tcp = ARGUS_TCP_CLOSING;
    }
}

/* A RST that answers the SYN, or takes it back.  Argus compares the sequence number
 * that it knows of the other side with the one that is acknowledged, 0 if none is. */
static bool is_refusal(const struct flow *f, const struct decoded *d, unsigned from)
{
    const struct flow_side *other = &f->side[1 - from];
    uint32_t known = other->heard & HEARD_SEQ ? other->next_seq - 1 : 0;
    uint32_t acked = d->tcp_flags & ACK && d->tcp_ack != 0 ? d->tcp_ack - 1 : 0;

    return known == acked;
}

/* An ACK without data of the other side's FIN.  Argus counts data, but neither SYN nor
 * FIN: after a connection without data it never sees one. */
static bool acks_fin(const struct flow *f, const struct decoded *d, unsigned from)
{
    const struct flow_side *other = &f->side[1 - from];

    return d->tcp_flags & ACK && d->payload_bytes == 0 && other->tcp_flags & FIN &&
           d->tcp_ack == other->next_seq &&
           (other->payload_bytes > 0 || !(other->tcp_flags & SYN));
}

static void handshake(struct flow *f, uint8_t flags)
{
    if (f->argus_tcp == ARGUS_TCP_SYN && flags == SYN)
        return;
    if (f->argus_tcp == ARGUS_TCP_SYN && flags == (SYN | ACK)) {
        f->argus_tcp = ARGUS_TCP_SYN_ACK;
        f->argus_flags |= ARGUS_SAW_SYN_ACK;
    } else if (flags & FIN) {
        f->argus_tcp = ARGUS_TCP_FINISHING;
        f->argus_flags |= ARGUS_GOING;
    } else if (flags & ACK && (f->argus_tcp == ARGUS_TCP_SYN || !(flags & SYN))) {
        f->argus_tcp = ARGUS_TCP_ESTABLISHED;
        f->argus_flags |= ARGUS_GOING;
    }
}

static void established(struct flow *f, uint8_t flags)
{
    if (flags & FIN)
        f->argus_tcp = ARGUS_TCP_FINISHING;
    else if ((flags & (SYN | ACK)) == (SYN | ACK))
        f->argus_flags |= ARGUS_SAW_SYN_ACK;
}

static void go_on(struct flow *f, const struct decoded *d, unsigned from)
{
    uint8_t flags = d->tcp_flags;

    f->argus_flags |= ARGUS_BOTH;
    if (flags & RST) {
        if (f->argus_tcp != ARGUS_TCP_SYN || !is_refusal(f, d, from))
            f->argus_tcp = ARGUS_TCP_CLOSING;
        return;
    }
    switch ((enum argus_tcp)f->argus_tcp) {
    case ARGUS_TCP_SYN:
    case ARGUS_TCP_SYN_ACK:
        handshake(f, flags);
        break;
    case ARGUS_TCP_ESTABLISHED:
        established(f, flags);
        break;
    case ARGUS_TCP_FINISHING:
        if (acks_fin(f, d, from))
            f->argus_tcp = ARGUS_TCP_FINISHED;
        break;
    case ARGUS_TCP_NEW:
    case ARGUS_TCP_RESET:
    case ARGUS_TCP_FINISHED:
    case ARGUS_TCP_CLOSING:
        break;
    }
}

/* Segments without SYN, FIN or RST change nothing any more. */
static bool is_steady(const struct flow *f)
{
    switch ((enum argus_tcp)f->argus_tcp) {
    case ARGUS_TCP_RESET:
        return true;
    case ARGUS_TCP_ESTABLISHED:
    case ARGUS_TCP_FINISHED:
    case ARGUS_TCP_CLOSING:
        return f->argus_flags & ARGUS_BOTH;
    case ARGUS_TCP_NEW:
    case ARGUS_TCP_SYN:
    case ARGUS_TCP_SYN_ACK:
    case ARGUS_TCP_FINISHING:
        break;
    }
    return false;
}

void argus_tcp_step(struct flow *f, const struct decoded *d, unsigned from)
{
    if (f->argus_tcp == ARGUS_TCP_NEW)
        begin(f, d->tcp_flags);
    else if (f->argus_tcp != ARGUS_TCP_RESET)
        go_on(f, d, from);
    if (is_steady(f))
        f->flags |= FLOW_STEADY;
    else
        f->flags &= (uint8_t)~FLOW_STEADY;
}

bool argus_tcp_reopens(const struct flow *f, const struct decoded *d)
{
    if (!(d->tcp_flags & SYN) || d->layer != DECODE_TRANSPORT)
        return false;
    if (f->argus_tcp == ARGUS_TCP_RESET)
        return true;
    return d->tcp_flags == SYN &&
           (f->argus_tcp == ARGUS_TCP_FINISHING || f->argus_tcp == ARGUS_TCP_CLOSING);
}

void argus_bequeath(const struct flow *f, unsigned from, struct argus_heritage *out)
{
    const struct flow_side *other = &f->side[1 - from];

    *out = (struct argus_heritage){.side = 1 - from,
                                   .tos = other->tos,
                                   .argus_tos = (uint8_t)other->argus_tos,
                                   .ttl = other->ttl,
                                   .heard = other->heard & HEARD_IP,
                                   .flags = f->argus_flags & ARGUS_SWAPPED};
    if (from == first_side(f))
        return;
    out->flags ^= ARGUS_SWAPPED;
    if (f->argus_tcp == ARGUS_TCP_RESET)
        out->flags |= ARGUS_ECHO;
}

void argus_inherit(struct flow *f, const struct argus_heritage *from)
{
    struct flow_side *s = &f->side[from->side];

    s->tos = from->tos;
    s->argus_tos = from->argus_tos;
    s->ttl = from->ttl;
    s->heard = from->heard;
    f->argus_flags = from->flags;
}

/* By the names of the endpoints, which may be each other's. */
static bool is_taken_for_server(const struct flow *f, unsigned side)
{
    unsigned name = f->argus_flags & ARGUS_SWAPPED ? 1 - side : side;

    return service_port_is_server(f->key.port[name], f->key.port[1 - name]);
}

/* The side of the key that is printed on the left. */
static unsigned tcp_source(const struct flow *f)
{
    unsigned first = first_side(f);

    /* ra turns no flow of IPv6 round. */
    if (f->argus_flags & ARGUS_SAW_SYN || f->key.kind & FLOW_KEY_IP6)
        return first;
    if (f->argus_flags & ARGUS_SAW_SYN_ACK)
        return f->argus_flags & ARGUS_GOING ? 1 - first : first;
    return is_taken_for_server(f, first) ? 1 - first : first;
}

static enum lw_dir tcp_direction(const struct flow *f, unsigned source)
{
    bool both = f->side[0].packets > 0 && f->side[1].packets > 0;

    if (f->argus_flags & (ARGUS_SAW_SYN | ARGUS_SAW_SYN_ACK))
        return LW_DIR_FORWARD;
    if (both)
        return LW_DIR_UNKNOWN;
    return f->side[source].packets > 0 ? LW_DIR_MAYBE_FWD : LW_DIR_MAYBE_BACK;
}

static uint8_t tcp_flags(const struct flow *f, unsigned side)
{
    uint8_t flags = f->side[side].tcp_flags;

    if (side == first_side(f))
        return flags;
    if (f->side[side].packets == 0 || !(f->argus_flags & ARGUS_BOTH))
        return 0;
    return f->argus_flags & ARGUS_ECHO ? flags | f->argus_opening : flags;
}

static void set_tcp(const struct flow *f, struct lw_argus *a)
{
    unsigned src = tcp_source(f);
    char *p = tcp_flags_text(a->state, tcp_flags(f, src));

    *p++ = '_';
    *tcp_flags_text(p, tcp_flags(f, 1 - src)) = '\0';
    a->source = (uint8_t)(src ^ first_side(f));
    a->dir = (uint8_t)tcp_direction(f, src);
}

/* A question that was complained about has the complaint's name. */
static void set_told(const struct flow *f, struct lw_argus *a)
{
    if (f->told_ns > a->end_ns)
        a->end_ns = f->told_ns;
    if (flow_kind(f) == LW_FLOW_ICMP) {
        const char *name = icmp_state_name(false, f->told_type, f->told_code);

        memcpy(a->state, name, strlen(name) + 1);
    }
}

/* What the message has where a group may stand. */
static void set_group(const struct flow *f, struct lw_argus *a)
{
    for (size_t i = 0; i < 2; i++) {
        a->group[2 * i] = (uint8_t)(f->key.port[i] >> 8);
        a->group[2 * i + 1] = (uint8_t)f->key.port[i];
    }
    a->has_group = true;
}

/* RTP must have gone on for a while. */
static const char *media_name(const struct flow *f)
{
    enum { PACKETS_MIN = 5 };

    if (f->argus_tcp == ARGUS_UDP_RTCP)
        return "rtcp";
    return f->argus_tcp == ARGUS_UDP_RTP && (f->side[0].packets >= PACKETS_MIN ||
                                             f->side[1].packets >= PACKETS_MIN)
               ? "rtp"
               : NULL;
}

void argus_report(const struct flow *f, struct lw_record *rec)
{
    unsigned first = first_side(f);
    struct lw_argus *a = &rec->argus;

    *a = (struct lw_argus){.is_set = true,
                           .swapped = (f->argus_flags & ARGUS_SWAPPED) != 0,
                           .source = rec->initiator,
                           .dir = (uint8_t)rec->dir,
                           .link_bytes = f->link_bytes,
                           .start_ns = rec->start_ns,
                           .end_ns = rec->end_ns};
    for (unsigned i = 0; i < 2; i++) {
        const struct flow_side *s = &f->side[i ^ first];

        a->has_tos[i] = (s->heard & HEARD_IP) != 0;
        a->tos[i] = rec->ip_version == 6 ? s->argus_tos : s->tos;
    }
    if (flow_kind(f) == LW_FLOW_TCP)
        set_tcp(f, a);
    else
        memcpy(a->state, rec->state, sizeof a->state);
    if (flow_kind(f) == LW_FLOW_OTHER)
        a->swapped = first == 1;
    if (flow_kind(f) == LW_FLOW_IGMP && f->key.protocol != PROTOCOL_IGMP)
        set_group(f, a);
    if (flow_kind(f) == LW_FLOW_UDP)
        a->proto = media_name(f);
    if (f->argus_flags & ARGUS_TOLD)
        set_told(f, a);
}

/* Argus notes time, ToS and flags of a packet before it sees that the packet is not
 * this flow's. */
void argus_report_reopened(struct flow *f, const struct decoded *d, unsigned from,
                           int64_t time_ns, struct lw_record *rec)
{
    struct flow_side *s = &f->side[from];

    argus_tell(f, time_ns);
    s->tos = d->tos;
    s->argus_tos = d->argus_tos;
    s->heard |= HEARD_IP;
    if (f->argus_tcp != ARGUS_TCP_RESET)
        s->tcp_flags |= d->tcp_flags;
    argus_report(f, rec);
    if (rec->side[0].packets + rec->side[1].packets == 1)
        rec->argus.start_ns = rec->argus.end_ns;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The steps of decoding, and the cursor that goes through them.
 *
 * Every step reads its header from the cursor, moves it past that header, sets
 * `layer`, and calls the step for what follows.  What the cursor still holds at the end
 * is the payload, whichever layer the end was.
 */
#ifndef PACKET_DECODE_PRIV_H
#define PACKET_DECODE_PRIV_H

#include "packet/decode.h"

/* EtherTypes that more than one step knows. */
enum {
    ETHER_TYPE_MIN = 1536, /* below it the field is an 802.3 length */
    ETHER_TYPE_IP4 = 0x0800,
    ETHER_TYPE_ARP = 0x0806,
    ETHER_TYPE_IP6 = 0x86dd
};

/* What is left of a frame: the bytes that were captured, and how many there were on the
 * wire from the same place on.  Invariant: rest.n <= wire. */
struct cursor {
    struct span rest;
    uint32_t wire;
};

static inline bool cursor_has(const struct cursor *c, size_t n)
{
    return span_has(c->rest, 0, n);
}

/* Why a header of `n` bytes is not there: the capture cut it off, or the sender never
 * sent that much. */
static inline enum decode_outcome cursor_short(const struct cursor *c, size_t n)
{
    return n <= c->wire ? DECODE_TRUNCATED : DECODE_MALFORMED;
}

/* Past a header of `n` bytes, of which the end may not have been captured. */
static inline void cursor_skip(struct cursor *c, uint32_t n)
{
    c->rest = span_from(c->rest, n);
    c->wire -= n < c->wire ? n : c->wire;
}

/* A length field says that only `n` bytes belong to what follows; the rest is padding
 * or a trailer. */
static inline void cursor_limit(struct cursor *c, uint32_t n)
{
    c->rest = span_first(c->rest, n);
    if (n < c->wire)
        c->wire = n;
}

/* Link types that tunnels carry, too (https://www.tcpdump.org/linktypes.html). */
enum {
    LINKTYPE_ETHERNET = 1,
    LINKTYPE_PPP = 9,
    LINKTYPE_RAW = 101,
    LINKTYPE_MPLS = 219,
    LINKTYPE_IPV4 = 228,
    LINKTYPE_IPV6 = 229
};

static inline bool is_mpls(uint16_t ether_type)
{
    return ether_type == 0x8847 || ether_type == 0x8848;
}

/* decode.c: a frame by the general way, step after step. */
enum decode_outcome decode_steps(const struct lw_packet *pkt, struct decoded *out);

/* decode_fast.c: a frame of the commonest kind; false, and *out undefined, when it is
 * not one. */
bool decode_fast(const struct lw_packet *pkt, struct decoded *out);

/* decode_link.c */
enum decode_outcome decode_link(struct cursor *c, uint32_t link_type,
                                struct decoded *d);

/* decode_net.c: by d->ether_type; an unknown one ends the decoding well. */
enum decode_outcome decode_network(struct cursor *c, struct decoded *d);

/* decode_net.c: a whole datagram in the place of the fragment *d that completed it,
 * from its first header, `protocol`, on; `known`: an earlier fragment had the transport
 * header.  DECODE_MALFORMED leaves *d alone. */
enum decode_outcome decode_datagram(struct span whole, uint8_t protocol, bool known,
                                    struct decoded *d);

/* A tunnel whose header the cursor has passed. */
struct tunnel {
    enum lw_tunnel_kind kind;
    uint32_t link_type; /* of what it carries */
    uint32_t id;
    bool names_network; /* the id is that of a virtual network, the same both ways */
};

/* decode_tunnel.c, decode_gre.c: past the header of a tunnel.  False: it carries
 * nothing that we decode; the cursor is anywhere. */
bool tunnel_over_udp(struct cursor *c, const struct decoded *d, struct tunnel *t);
bool tunnel_over_gre(struct cursor *c, struct tunnel *t);

/* decode_transport.c: by d->protocol; an unknown one ends the decoding well. */
enum decode_outcome decode_transport(struct cursor *c, struct decoded *d);

#endif /* PACKET_DECODE_PRIV_H */

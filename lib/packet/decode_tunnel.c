/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From one level of a packet to the next: tunnels.
 *
 * A tunnel header says what it carries as a link type (decode_link.c), and decoding
 * goes on from there as for a frame of its own.  One call goes in by one level; the
 * caller (levels.c) bounds how often.
 *
 *     in what       header, and what it is checked for
 *
 *     IP            none: protocols 4 (IPv4), 41 (IPv6), 143 (Ethernet, RFC 8986);
 *                   97 EtherIP (RFC 3378): version 3 in 2 bytes; 137 MPLS (RFC
 *                   4023); 47 GRE (decode_gre.c); in IPv4 each maybe behind 51,
 *                   an authentication header (RFC 4302), an extension in IPv6
 *     MPLS          a pseudowire (RFC 4448): Ethernet, maybe behind a control word
 *                   of 4 bytes (RFC 4385), with a plausible EtherType or length
 *     UDP 4789,     VXLAN (RFC 7348): flags 1, reserved 3, VNI 3, reserved 1
 *         8472
 *     UDP 4790      VXLAN-GPE: flags 1, reserved 2, next protocol 1, VNI 3,
 *                   reserved 1
 *     UDP 6081      Geneve (RFC 8926): version 2 bits, options 6 bits (words),
 *                   flags 1, EtherType 2, VNI 3, reserved 1, options
 *     UDP 3544      Teredo (RFC 4380): maybe authentication and origin, then IPv6
 *                   that fits, to or from 2001::/32 or a link-local address
 *     UDP 2152      GTP-U version 1 (3GPP TS 29.281): flags 1, type 1 (255: a
 *                   packet), length 2, TEID 4; sequence and so on 4 if E, S or
 *                   PN; extensions
 *     UDP 1701      L2TP version 2, data (RFC 2661): flags and version 2; length 2
 *                   if L; tunnel 2, session 2; sequence 4 if S; offset 2 if O.
 *                   Carries PPP.
 *     UDP 5072      AYIYA (draft-massar-v6ops-ayiya-02): length of the identity
 *                   (power of 2) and its type 1, of the signature (words) and its
 *                   method 1, operation 1, IP protocol 1, time 4; identity,
 *                   signature
 *
 * A port is no proof: what is found there must have the reserved bits of its protocol
 * zero and lengths that fit, or it is no tunnel.  (In VXLAN the 24 reserved bits may
 * have any value if an Ethernet frame follows: there is equipment that uses them.)  The
 * ports of VXLAN and Geneve are looked for as destination, as senders choose their own;
 * the others on either side.
 *
 * The tag tells levels apart that would otherwise be the same flow: the depth, and the
 * ids that name a virtual network (VXLAN, Geneve, NVGRE), as such networks use the same
 * private addresses.  Other ids (keys, TEIDs, calls, sessions, labels) may differ
 * between the directions of one conversation and must not part them.  The addresses of
 * the tunnel's ends are left out, too: a moving station, a failover or an asymmetric
 * route change them under a connection that goes on.
 */
#include "decode_priv.h"

enum {
    PROTOCOL_IP4 = 4,
    PROTOCOL_UDP = 17,
    PROTOCOL_IP6 = 41,
    PROTOCOL_GRE = 47,
    PROTOCOL_AUTHENTICATION = 51,
    PROTOCOL_ETHERIP = 97,
    PROTOCOL_MPLS = 137,
    PROTOCOL_ETHERNET = 143
};

enum {
    PORT_L2TP = 1701,
    PORT_GTP_U = 2152,
    PORT_TEREDO = 3544,
    PORT_VXLAN = 4789,
    PORT_VXLAN_GPE = 4790,
    PORT_AYIYA = 5072,
    PORT_GENEVE = 6081,
    PORT_VXLAN_LINUX = 8472
};

enum {
    ETHERNET_BYTES = 14,
    VXLAN_BYTES = 8,
    GENEVE_BYTES = 8,
    GTP_BYTES = 8,
    IP6_BYTES = 40
};

static bool carries(struct tunnel *t, enum lw_tunnel_kind kind, uint32_t link_type)
{
    t->kind = kind;
    t->link_type = link_type;
    return true;
}

/* Could an Ethernet frame begin there?  Its type must be one that carries traffic, or
 * its length fit. */
static bool is_ethernet(const struct cursor *c, size_t at)
{
    uint16_t type = span_be16(c->rest, at + 12);

    if (!span_has(c->rest, at, ETHERNET_BYTES))
        return false;
    switch (type) {
    case ETHER_TYPE_IP4:
    case ETHER_TYPE_ARP:
    case ETHER_TYPE_IP6:
    case 0x8100:
    case 0x88a8:
    case 0x9100:
    case 0x8863:
    case 0x8864:
        return true;
    default:
        return is_mpls(type) || (type > 2 && type + ETHERNET_BYTES <= 1514 &&
                                 type + at + ETHERNET_BYTES <= c->wire);
    }
}

/* ---- UDP ------------------------------------------------------------------------ */

static bool carries_ether_type(struct tunnel *t, enum lw_tunnel_kind kind,
                               uint16_t ether_type)
{
    switch (ether_type) {
    case 0x6558:
        return carries(t, kind, LINKTYPE_ETHERNET);
    case ETHER_TYPE_IP4:
        return carries(t, kind, LINKTYPE_IPV4);
    case ETHER_TYPE_IP6:
        return carries(t, kind, LINKTYPE_IPV6);
    default:
        return is_mpls(ether_type) && carries(t, kind, LINKTYPE_MPLS);
    }
}

static bool vxlan_gpe(struct tunnel *t, struct span header)
{
    enum { RESERVED_VERSION_OAM = 0xf1 };

    if (span_u8(header, 0) & RESERVED_VERSION_OAM || span_be16(header, 1) != 0)
        return false;
    switch (span_u8(header, 3)) {
    case 1:
        return carries(t, LW_TUNNEL_VXLAN_GPE, LINKTYPE_IPV4);
    case 2:
        return carries(t, LW_TUNNEL_VXLAN_GPE, LINKTYPE_IPV6);
    case 3:
        return carries(t, LW_TUNNEL_VXLAN_GPE, LINKTYPE_ETHERNET);
    case 5:
        return carries(t, LW_TUNNEL_VXLAN_GPE, LINKTYPE_MPLS);
    default:
        return false;
    }
}

/* The group policy extension has a bit and 16 bits more that are not reserved. */
static bool vxlan(struct cursor *c, uint16_t port, struct tunnel *t)
{
    enum { HAS_VNI = 0x08, HAS_PROTOCOL = 0x04, HAS_POLICY = 0x80 };
    struct span s = c->rest;
    uint8_t flags = span_u8(s, 0);

    if (!cursor_has(c, VXLAN_BYTES) || !(flags & HAS_VNI) || span_u8(s, 7) != 0)
        return false;
    t->id = span_be32(s, 4) >> 8;
    t->names_network = true;
    cursor_skip(c, VXLAN_BYTES);
    if (port == PORT_VXLAN_GPE || flags & HAS_PROTOCOL)
        return vxlan_gpe(t, s);
    if (flags & ~(HAS_VNI | HAS_POLICY) || (span_be16(s, 1) != 0 && !is_ethernet(c, 0)))
        return false;
    return carries(t, LW_TUNNEL_VXLAN, LINKTYPE_ETHERNET);
}

static bool geneve(struct cursor *c, struct tunnel *t)
{
    struct span s = c->rest;
    uint32_t n = GENEVE_BYTES + (span_u8(s, 0) & 0x3fU) * 4;

    if (!cursor_has(c, n) || span_u8(s, 0) >> 6 != 0 || span_u8(s, 1) & 0x3f ||
        span_u8(s, 7) != 0)
        return false;
    t->id = span_be32(s, 4) >> 8;
    t->names_network = true;
    cursor_skip(c, n);
    return carries_ether_type(t, LW_TUNNEL_GENEVE, span_be16(s, 2));
}

/* Past one extension header after another; each gives its length in words and ends with
 * the type of the next. */
static bool gtp_extensions(struct cursor *c, uint8_t next)
{
    enum { EXTENSIONS_MAX = 8 };

    for (unsigned i = 0; next != 0; i++) {
        uint32_t n = span_u8(c->rest, 0) * 4U;

        if (i == EXTENSIONS_MAX || n == 0 || !cursor_has(c, n))
            return false;
        next = span_u8(c->rest, n - 1);
        cursor_skip(c, n);
    }
    return true;
}

static bool gtp(struct cursor *c, struct tunnel *t)
{
    enum {
        VERSION_AND_TYPE = 0xf8,
        V1 = 0x30,
        OPTIONS = 7,
        EXTENDED = 4,
        PACKET = 255
    };
    struct span s = c->rest;
    uint8_t flags = span_u8(s, 0);
    uint32_t n = GTP_BYTES + span_be16(s, 2);

    if (!cursor_has(c, GTP_BYTES) || (flags & VERSION_AND_TYPE) != V1 ||
        span_u8(s, 1) != PACKET || n > c->wire)
        return false;
    t->id = span_be32(s, 4);
    cursor_limit(c, n);
    cursor_skip(c, GTP_BYTES);
    if (flags & OPTIONS) {
        uint8_t next = span_u8(c->rest, 3);

        if (!cursor_has(c, 4))
            return false;
        cursor_skip(c, 4);
        if (flags & EXTENDED && !gtp_extensions(c, next))
            return false;
    }
    switch (span_u8(c->rest, 0) >> 4) {
    case 4:
        return carries(t, LW_TUNNEL_GTP_U, LINKTYPE_IPV4);
    case 6:
        return carries(t, LW_TUNNEL_GTP_U, LINKTYPE_IPV6);
    default:
        return false;
    }
}

static bool teredo_address(struct span s, size_t at)
{
    return span_be32(s, at) == 0x20010000 || (span_be16(s, at) & 0xffc0) == 0xfe80;
}

static bool teredo(struct cursor *c, struct tunnel *t)
{
    enum { AUTHENTICATION = 1, ORIGIN = 0, ORIGIN_BYTES = 8 };
    struct span s = c->rest;

    if (cursor_has(c, 4) && span_be16(s, 0) == AUTHENTICATION) {
        /* identifier and value, of lengths given; nonce 8 and confirmation 1 */
        cursor_skip(c, 4U + span_u8(s, 2) + span_u8(s, 3) + 9);
        s = c->rest;
    }
    if (cursor_has(c, ORIGIN_BYTES) && span_be16(s, 0) == ORIGIN) {
        cursor_skip(c, ORIGIN_BYTES);
        s = c->rest;
    }
    if (!cursor_has(c, IP6_BYTES) || span_u8(s, 0) >> 4 != 6 ||
        IP6_BYTES + (uint32_t)span_be16(s, 4) > c->wire ||
        (!teredo_address(s, 8) && !teredo_address(s, 24)))
        return false;
    return carries(t, LW_TUNNEL_TEREDO, LINKTYPE_IPV6);
}

static bool l2tp(struct cursor *c, struct tunnel *t)
{
    enum { LENGTH = 0x4000, SEQUENCE = 0x0800, OFFSET = 0x0200, PRIORITY = 0x0100 };
    struct span s = c->rest;
    uint16_t flags = span_be16(s, 0);
    uint32_t n = 2;

    if ((flags & ~(LENGTH | SEQUENCE | OFFSET | PRIORITY)) != 2)
        return false;
    if (flags & LENGTH) {
        if (span_be16(s, 2) > c->wire)
            return false;
        cursor_limit(c, span_be16(s, 2));
        n += 2;
    }
    t->id = span_be32(s, n); /* tunnel and session */
    n += 4;
    if (flags & SEQUENCE)
        n += 4;
    if (flags & OFFSET)
        n += 2U + span_be16(s, n);
    if (!cursor_has(c, n))
        return false;
    cursor_skip(c, n);
    return carries(t, LW_TUNNEL_L2TP, LINKTYPE_PPP);
}

static bool ayiya(struct cursor *c, struct tunnel *t)
{
    enum { HEADER = 8, FORWARD = 1 };
    struct span s = c->rest;
    uint32_t n = HEADER + (1U << (span_u8(s, 0) >> 4)) + (span_u8(s, 1) >> 4) * 4U;

    if (!cursor_has(c, n) || (span_u8(s, 2) & 15) != FORWARD)
        return false;
    cursor_skip(c, n);
    if (span_u8(s, 3) == PROTOCOL_IP6 && span_u8(c->rest, 0) >> 4 == 6)
        return carries(t, LW_TUNNEL_AYIYA, LINKTYPE_IPV6);
    return span_u8(s, 3) == PROTOCOL_IP4 && span_u8(c->rest, 0) >> 4 == 4 &&
           carries(t, LW_TUNNEL_AYIYA, LINKTYPE_IPV4);
}

bool tunnel_over_udp(struct cursor *c, const struct decoded *d, struct tunnel *t)
{
    switch (d->port[1]) {
    case PORT_VXLAN:
    case PORT_VXLAN_GPE:
    case PORT_VXLAN_LINUX:
        return vxlan(c, d->port[1], t);
    case PORT_GENEVE:
        return geneve(c, t);
    default:
        break;
    }
    if (d->port[0] == PORT_GTP_U || d->port[1] == PORT_GTP_U)
        return gtp(c, t);
    if (d->port[0] == PORT_TEREDO || d->port[1] == PORT_TEREDO)
        return teredo(c, t);
    if (d->port[0] == PORT_L2TP || d->port[1] == PORT_L2TP)
        return l2tp(c, t);
    if (d->port[0] == PORT_AYIYA || d->port[1] == PORT_AYIYA)
        return ayiya(c, t);
    return false;
}

/* ---- MPLS ----------------------------------------------------------------------- */

static bool pseudowire(struct cursor *c, struct tunnel *t)
{
    enum { CONTROL_WORD = 4 };

    if (span_u8(c->rest, 0) >> 4 == 0 && is_ethernet(c, CONTROL_WORD))
        cursor_skip(c, CONTROL_WORD);
    else if (!is_ethernet(c, 0))
        return false;
    return carries(t, LW_TUNNEL_MPLS, LINKTYPE_ETHERNET);
}

/* ---- any ------------------------------------------------------------------------ */

static bool ether_ip(struct cursor *c, struct tunnel *t)
{
    if (!cursor_has(c, 2) || span_be16(c->rest, 0) != 0x3000)
        return false;
    cursor_skip(c, 2);
    return carries(t, LW_TUNNEL_ETHERIP, LINKTYPE_ETHERNET);
}

/* Past an authentication header; returns the protocol behind it, or 0.  Its length is
 * in words, less 2. */
static uint8_t authenticated(struct cursor *c)
{
    uint32_t n = (span_u8(c->rest, 1) + 2U) * 4;
    uint8_t next = span_u8(c->rest, 0);

    if (!cursor_has(c, n))
        return 0;
    cursor_skip(c, n);
    return next;
}

static bool over_ip(struct cursor *c, const struct decoded *d, struct tunnel *t)
{
    bool v6 = d->ip_version == 6;
    uint8_t protocol = d->protocol;

    if (protocol == PROTOCOL_UDP)
        return (d->layer == DECODE_TRANSPORT || d->reassembled) &&
               tunnel_over_udp(c, d, t);
    if (protocol == PROTOCOL_AUTHENTICATION)
        protocol = authenticated(c);
    switch (protocol) {
    case PROTOCOL_IP4:
        return carries(t, v6 ? LW_TUNNEL_4IN6 : LW_TUNNEL_4IN4, LINKTYPE_IPV4);
    case PROTOCOL_IP6:
        return carries(t, v6 ? LW_TUNNEL_6IN6 : LW_TUNNEL_6IN4, LINKTYPE_IPV6);
    case PROTOCOL_GRE:
        return tunnel_over_gre(c, t);
    case PROTOCOL_ETHERIP:
        return ether_ip(c, t);
    case PROTOCOL_ETHERNET:
        return carries(t, LW_TUNNEL_ETHERIP, LINKTYPE_ETHERNET);
    case PROTOCOL_MPLS:
        return carries(t, LW_TUNNEL_MPLS, LINKTYPE_MPLS);
    default:
        return false;
    }
}

static uint16_t tag_of(const struct decoded *outer, const struct tunnel *t)
{
    uint32_t id = t->names_network ? t->id + 1 : 0;
    uint32_t h = (outer->tunnel_tag + 1U) * 0x9e3779b1U ^ id * 0x85ebca6bU;

    h = (h ^ h >> 15) * 0xc2b2ae35U;
    h >>= 16;
    return (uint16_t)(h == 0 ? 1 : h);
}

/* Begin a level at the cursor, and go through it. */
static enum decode_outcome enter(struct cursor *c, const struct decoded *outer,
                                 const struct tunnel *t, struct decoded *inner)
{
    *inner = (struct decoded){.frame_bytes = c->wire,
                              .tunnel_depth = (uint8_t)(outer->tunnel_depth + 1),
                              .tunnel_kind = (uint8_t)t->kind,
                              .tunnel_tag = tag_of(outer, t),
                              .tunnel_id = t->id};
    return decode_link(c, t->link_type, inner);
}

bool packet_decode_inner(const struct decoded *outer, struct decoded *inner)
{
    struct cursor c = {outer->payload, outer->payload_bytes};
    struct tunnel t = {.kind = LW_TUNNEL_NONE};

    if (outer->is_fragment && !outer->reassembled)
        return false;
    if (outer->reassembled)
        c.wire = (uint32_t)outer->payload.n;
    if (outer->layer == DECODE_LINK) {
        if (!is_mpls(outer->ether_type) || !pseudowire(&c, &t))
            return false;
    } else if (outer->ip_version == 0 || !over_ip(&c, outer, &t)) {
        return false;
    }
    inner->outcome = enter(&c, outer, &t, inner);
    if (inner->outcome == DECODE_OK && inner->layer == DECODE_LINK &&
        !inner->has_macs && is_mpls(inner->ether_type) && pseudowire(&c, &t))
        inner->outcome = enter(&c, outer, &t, inner);
    inner->payload = c.rest;
    inner->payload_bytes = c.wire;
    /* PPP's own talk, compressed or encrypted packets stay the tunnel's payload. */
    return inner->outcome != DECODE_OK || inner->layer != DECODE_LINK ||
           inner->has_macs;
}

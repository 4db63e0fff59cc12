/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ARP (RFC 826), IPv4 (RFC 791) and IPv6 with its extension headers (RFC 8200).
 *
 * Lengths are where captures lie.  A frame that the network card was to cut up later
 * (segmentation offload) has IP length 0 or one that no longer fits 16 bits; a damaged
 * or forged one claims more than the wire carried.  In all these cases the wire is
 * believed.  A length below the header's own is malformed.
 */
#include "decode_priv.h"

enum {
    IP4_BYTES_MIN = 20,
    IP6_BYTES = 40,
    ARP_BYTES = 28, /* over Ethernet, for IPv4 */
    DATAGRAM_MAX = 65535,
    /* RFC 8200 (4.1) has at most seven headers in a packet; bounds the work. */
    EXTENSIONS_MAX = 16
};

/* IPv6 extension headers, by protocol number. */
enum {
    NEXT_HOP_BY_HOP = 0,
    NEXT_ROUTING = 43,
    NEXT_FRAGMENT = 44,
    NEXT_AUTHENTICATION = 51,
    NEXT_NONE = 59,
    NEXT_DESTINATION = 60
};

/* `n` is the part of the datagram in this packet and `header` what precedes the first
 * part: RFC 791 wants all parts but the last in multiples of 8 bytes, and nothing can
 * lie past the longest datagram (the "ping of death" does). */
static void set_fragment(struct decoded *d, uint32_t offset, bool more, uint32_t n,
                         uint32_t header)
{
    d->is_fragment = more || offset > 0;
    d->more_fragments = more;
    d->fragment_offset = (uint16_t)offset;
    d->bad_fragment =
        d->is_fragment && ((more && n % 8 != 0) || header + offset + n > DATAGRAM_MAX);
}

/* What follows is of a fragment. */
static void set_fragment_data(struct decoded *d, const struct cursor *c)
{
    d->fragment = c->rest;
    d->fragment_bytes = c->wire;
    d->fragment_protocol = d->protocol;
}

/* A first fragment may be too short for the header it begins with: that is only known
 * to be wrong when the datagram is complete. */
static enum decode_outcome unless_fragment(const struct decoded *d,
                                           enum decode_outcome outcome)
{
    return outcome == DECODE_MALFORMED && d->is_fragment ? DECODE_OK : outcome;
}

static enum decode_outcome decode_ip4(struct cursor *c, struct decoded *d)
{
    struct span s = c->rest;
    uint32_t header;
    uint32_t total;
    uint16_t fragment;

    if (!cursor_has(c, IP4_BYTES_MIN))
        return cursor_short(c, IP4_BYTES_MIN);
    header = (span_u8(s, 0) & 0xfU) * 4;
    total = span_be16(s, 2);
    if (total == 0 || total > c->wire)
        total = c->wire;
    if (span_u8(s, 0) >> 4 != 4 || header < IP4_BYTES_MIN || header > total)
        return DECODE_MALFORMED;
    fragment = span_be16(s, 6);
    d->ip_version = 4;
    d->tos = span_u8(s, 1);
    d->ip_bytes = total;
    d->fragment_id = span_be16(s, 4);
    d->ttl = span_u8(s, 8);
    d->protocol = span_u8(s, 9);
    (void)span_copy(s, 12, d->addr[0].bytes, 4);
    (void)span_copy(s, 16, d->addr[1].bytes, 4);
    if ((fragment & 0x3fff) != 0)
        set_fragment(d, (fragment & 0x1fffU) * 8, (fragment & 0x2000) != 0,
                     total - header, header);
    d->layer = DECODE_NETWORK;
    cursor_limit(c, total);
    if (!cursor_has(c, header))
        return DECODE_TRUNCATED;
    cursor_skip(c, header);
    if (!d->is_fragment)
        return decode_transport(c, d);
    set_fragment_data(d, c);
    if (d->fragment_offset > 0)
        return DECODE_OK;
    return unless_fragment(d, decode_transport(c, d));
}

/* The length in bytes of the extension header at the cursor; 0 when d->protocol is
 * none.  The first 8 bytes must be there. */
static uint32_t extension_bytes(const struct cursor *c, uint8_t protocol)
{
    uint32_t units = span_u8(c->rest, 1);

    switch (protocol) {
    case NEXT_HOP_BY_HOP:
    case NEXT_ROUTING:
    case NEXT_DESTINATION:
        return (units + 1) * 8;
    case NEXT_FRAGMENT:
        return 8;
    case NEXT_AUTHENTICATION: /* RFC 4302, 2.2: in words of 4 bytes, minus 2 */
        return (units + 2) * 4;
    default:
        return 0;
    }
}

static bool is_extension(uint8_t protocol)
{
    return protocol == NEXT_HOP_BY_HOP || protocol == NEXT_ROUTING ||
           protocol == NEXT_FRAGMENT || protocol == NEXT_AUTHENTICATION ||
           protocol == NEXT_DESTINATION;
}

static enum decode_outcome decode_extensions(struct cursor *c, struct decoded *d)
{
    for (unsigned i = 0; is_extension(d->protocol); i++) {
        uint32_t n;
        uint8_t this = d->protocol;

        if (i == EXTENSIONS_MAX)
            return DECODE_MALFORMED;
        if (!cursor_has(c, 8))
            return cursor_short(c, 8);
        n = extension_bytes(c, this);
        if (!cursor_has(c, n))
            return cursor_short(c, n);
        d->protocol = span_u8(c->rest, 0);
        if (this == NEXT_FRAGMENT) {
            uint16_t field = span_be16(c->rest, 2);

            d->fragment_id = span_be32(c->rest, 4);
            set_fragment(d, field & 0xfff8U, (field & 1) != 0, c->wire - 8, 0);
        }
        cursor_skip(c, n);
        if (this == NEXT_FRAGMENT && d->is_fragment)
            set_fragment_data(d, c);
        if (d->fragment_offset > 0)
            return DECODE_OK;
    }
    return decode_transport(c, d);
}

static enum decode_outcome decode_ip6(struct cursor *c, struct decoded *d)
{
    struct span s = c->rest;
    uint32_t first;
    uint32_t total;

    if (!cursor_has(c, IP6_BYTES))
        return cursor_short(c, IP6_BYTES);
    first = span_be32(s, 0);
    if (first >> 28 != 6)
        return DECODE_MALFORMED;
    d->protocol = span_u8(s, 6);
    total = IP6_BYTES + span_be16(s, 4);
    /* Length 0 is a jumbogram (RFC 2675) or offload, unless nothing is to follow. */
    if ((total == IP6_BYTES && d->protocol != NEXT_NONE) || total > c->wire)
        total = c->wire;
    d->ip_version = 6;
    d->tos = (uint8_t)(first >> 20);
    d->argus_tos = (uint8_t)(first >> 4);
    d->ip_bytes = total;
    d->ttl = span_u8(s, 7);
    (void)span_copy(s, 8, d->addr[0].bytes, 16);
    (void)span_copy(s, 24, d->addr[1].bytes, 16);
    d->layer = DECODE_NETWORK;
    cursor_limit(c, total);
    cursor_skip(c, IP6_BYTES);
    return unless_fragment(d, decode_extensions(c, d));
}

enum decode_outcome decode_datagram(struct span whole, uint8_t protocol, bool known,
                                    struct decoded *d)
{
    struct cursor c = {whole, (uint32_t)whole.n};
    struct decoded w = *d;
    enum decode_outcome outcome;

    w.protocol = protocol;
    w.layer = DECODE_NETWORK;
    w.is_fragment = false;
    w.fragment_offset = 0;
    outcome = w.ip_version == 6 ? decode_extensions(&c, &w) : decode_transport(&c, &w);
    if (outcome != DECODE_OK || w.is_fragment)
        return DECODE_MALFORMED;
    w.is_fragment = true;
    w.fragment_offset = d->fragment_offset;
    w.more_fragments = d->more_fragments;
    w.fragment_id = d->fragment_id;
    w.bad_fragment = d->bad_fragment;
    w.reassembled = true;
    w.payload = c.rest;
    if (known && d->layer != DECODE_TRANSPORT)
        w.layer = DECODE_NETWORK;
    /* The fragments that came without their header counted it as payload. */
    if (!known && w.layer == DECODE_TRANSPORT) {
        uint32_t header = (uint32_t)(whole.n - c.rest.n);

        w.payload_bytes -= header < w.payload_bytes ? header : w.payload_bytes;
    }
    *d = w;
    return DECODE_OK;
}

/* Only IPv4 over hardware with 6-byte addresses has what a flow needs; other ARP stays
 * at the link layer. */
static enum decode_outcome decode_arp(struct cursor *c, struct decoded *d)
{
    struct span s = c->rest;

    if (!cursor_has(c, 8))
        return cursor_short(c, 8);
    if (span_be16(s, 2) != ETHER_TYPE_IP4 || span_be16(s, 4) != 0x0604)
        return DECODE_OK;
    if (!cursor_has(c, ARP_BYTES))
        return cursor_short(c, ARP_BYTES);
    d->arp_op = span_be16(s, 6);
    d->arp_mac = span_be32(s, 10);
    (void)span_copy(s, 14, d->addr[0].bytes, 4);
    (void)span_copy(s, 24, d->addr[1].bytes, 4);
    d->layer = DECODE_NETWORK;
    cursor_skip(c, ARP_BYTES);
    return DECODE_OK;
}

enum decode_outcome decode_network(struct cursor *c, struct decoded *d)
{
    switch (d->ether_type) {
    case ETHER_TYPE_IP4:
        return decode_ip4(c, d);
    case ETHER_TYPE_IP6:
        return decode_ip6(c, d);
    case ETHER_TYPE_ARP:
        return decode_arp(c, d);
    default:
        return DECODE_OK;
    }
}

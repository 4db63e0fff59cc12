/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The packets that nearly all are: Ethernet, IPv4 without options or fragments, TCP or
 * UDP, all headers captured and true.  One look at the lengths, then plain loads; what
 * is in any way different is left to the general chain of steps, which says the same of
 * these packets as well (test/captures compares them on every capture at hand).
 */
#include "decode_priv.h"

enum {
    ETHERNET_BYTES = 14,
    IP4_BYTES = 20,
    IP4_AT = ETHERNET_BYTES,
    L4_AT = IP4_AT + IP4_BYTES,
    TCP_BYTES = 20,
    UDP_BYTES = 8,
    PROTOCOL_TCP = 6,
    PROTOCOL_UDP = 17
};

/* Version 4, 20 bytes of header. */
enum { IP4_PLAIN = 0x45 };

/* `n` bytes of header are behind us, `wire` of the datagram remain, and what of them
 * was captured. */
static void set_payload(struct decoded *d, struct span s, uint32_t at, uint32_t wire)
{
    d->transport_bytes = (uint8_t)(at - L4_AT);
    d->segment = span_first(span_from(s, L4_AT), at - L4_AT + wire);
    d->layer = DECODE_TRANSPORT;
    d->payload = span_first(span_from(s, at), wire);
    d->payload_bytes = wire;
}

static inline void set_link(struct decoded *d, struct span s)
{
    d->has_macs = true;
    (void)span_copy(s, 0, d->mac[1], sizeof d->mac[1]);
    (void)span_copy(s, 6, d->mac[0], sizeof d->mac[0]);
    d->ether_type = ETHER_TYPE_IP4;
}

static inline void set_ip4(struct decoded *d, struct span s, uint32_t total)
{
    d->ip_version = 4;
    d->protocol = span_u8(s, IP4_AT + 9);
    d->tos = span_u8(s, IP4_AT + 1);
    d->ttl = span_u8(s, IP4_AT + 8);
    d->ip_bytes = total;
    d->fragment_id = span_be16(s, IP4_AT + 4);
    (void)span_copy(s, IP4_AT + 12, d->addr[0].bytes, 4);
    (void)span_copy(s, IP4_AT + 16, d->addr[1].bytes, 4);
    d->port[0] = span_be16(s, L4_AT);
    d->port[1] = span_be16(s, L4_AT + 2);
}

static bool fast_tcp(struct decoded *d, struct span s, uint32_t total)
{
    uint32_t header;

    if (s.n < L4_AT + TCP_BYTES)
        return false;
    header = (span_u8(s, L4_AT + 12) >> 4) * 4U;
    if (header < TCP_BYTES || IP4_BYTES + header > total)
        return false;
    set_link(d, s);
    set_ip4(d, s, total);
    d->tcp_seq = span_be32(s, L4_AT + 4);
    d->tcp_ack = span_be32(s, L4_AT + 8);
    d->tcp_flags = span_u8(s, L4_AT + 13);
    d->tcp_window = span_be16(s, L4_AT + 14);
    d->tcp_urgent = span_be16(s, L4_AT + 18);
    set_payload(d, s, L4_AT + header, total - IP4_BYTES - header);
    return true;
}

static bool fast_udp(struct decoded *d, struct span s, uint32_t total)
{
    uint32_t n = span_be16(s, L4_AT + 4);

    if (n < UDP_BYTES || IP4_BYTES + n > total)
        return false;
    set_link(d, s);
    set_ip4(d, s, total);
    set_payload(d, s, L4_AT + UDP_BYTES, n - UDP_BYTES);
    return true;
}

bool decode_fast(const struct lw_packet *pkt, struct decoded *out)
{
    struct span s = span_of(pkt->data, pkt->captured_bytes);
    uint32_t wire =
        pkt->wire_bytes > pkt->captured_bytes ? pkt->wire_bytes : pkt->captured_bytes;
    uint32_t total;

    if (pkt->link_type != LINKTYPE_ETHERNET || s.n < L4_AT + UDP_BYTES ||
        span_be16(s, 12) != ETHER_TYPE_IP4 || span_u8(s, IP4_AT) != IP4_PLAIN ||
        (span_be16(s, IP4_AT + 6) & 0x3fff) != 0)
        return false;
    total = span_be16(s, IP4_AT + 2);
    if (total < IP4_BYTES || total > wire - ETHERNET_BYTES)
        return false;
    *out = (struct decoded){.outcome = DECODE_OK, .frame_bytes = wire};
    switch (span_u8(s, IP4_AT + 9)) {
    case PROTOCOL_TCP:
        return fast_tcp(out, s, total);
    case PROTOCOL_UDP:
        return fast_udp(out, s, total);
    default:
        return false;
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "edit_packet.h"

#include "base/inet_sum.h"

#include <string.h>

enum {
    LINK_ETHERNET = 1,
    LINK_RAW = 101,
    ETHER_BYTES = 14,
    ETHER_IP4 = 0x0800,
    ETHER_VLAN = 0x8100,
    ETHER_QINQ = 0x88a8,
    ETHER_IP6 = 0x86dd,
    IP4_BYTES = 20,
    IP6_BYTES = 40,
    ICMP = 1,
    IPIP = 4,
    TCP = 6,
    UDP = 17,
    SIXIN4 = 41,
    FRAGMENT = 44,
    GRE = 47,
    ICMP6 = 58,
    SCTP = 132
};

static struct span bytes_of(const struct packet *p)
{
    return span_of(p->bytes, p->n);
}

static void put_u8(struct packet *p, size_t at, unsigned v)
{
    if (at < p->n)
        p->bytes[at] = (uint8_t)v;
}

static void put_be16(struct packet *p, size_t at, unsigned v)
{
    put_u8(p, at, v >> 8);
    put_u8(p, at + 1, v & 0xff);
}

static void put_be32(struct packet *p, size_t at, uint32_t v)
{
    put_be16(p, at, v >> 16);
    put_be16(p, at + 2, v & 0xffff);
}

static void swap(struct packet *p, size_t a, size_t b, size_t n)
{
    if (!span_has(bytes_of(p), a, n) || !span_has(bytes_of(p), b, n))
        return;
    for (size_t i = 0; i < n; i++) {
        uint8_t byte = p->bytes[a + i];

        p->bytes[a + i] = p->bytes[b + i];
        p->bytes[b + i] = byte;
    }
}

/* ---- headers -------------------------------------------------------------------- */

/* Where the network header is, and 0 or its EtherType. */
static bool find_network(const struct packet *p, uint32_t link_type, size_t *at)
{
    const struct span s = bytes_of(p);
    uint16_t type;

    *at = 0;
    if (link_type == LINK_RAW)
        return true;
    if (link_type != LINK_ETHERNET || !span_has(s, 0, ETHER_BYTES))
        return false;
    type = span_be16(s, 12);
    *at = ETHER_BYTES;
    while (type == ETHER_VLAN || type == ETHER_QINQ) {
        type = span_be16(s, *at + 2);
        *at += 4;
    }
    return type == ETHER_IP4 || type == ETHER_IP6;
}

bool headers_find(const struct packet *p, uint32_t link_type, struct headers *out)
{
    const struct span s = bytes_of(p);
    struct span ip;

    if (!find_network(p, link_type, &out->ip))
        return false;
    ip = span_from(s, out->ip);
    out->version = span_u8(ip, 0) >> 4;
    if (out->version == 4 && ip.n >= IP4_BYTES) {
        out->transport = out->ip + 4U * (span_u8(ip, 0) & 15U);
        out->protocol = span_u8(ip, 9);
        out->is_fragment = (span_be16(ip, 6) & 0x3fff) != 0;
        return out->transport >= out->ip + IP4_BYTES && out->transport <= p->n;
    }
    out->transport = out->ip + IP6_BYTES;
    out->protocol = span_u8(ip, 6);
    out->is_fragment = out->protocol == FRAGMENT;
    return out->version == 6 && ip.n >= IP6_BYTES;
}

static bool has_ports(const struct headers *h)
{
    return !h->is_fragment &&
           (h->protocol == TCP || h->protocol == UDP || h->protocol == SCTP);
}

static size_t address_bytes(const struct headers *h)
{
    return h->version == 4 ? 4 : 16;
}

static size_t source_at(const struct headers *h)
{
    return h->ip + (h->version == 4 ? 12 : 8);
}

/* ---- checksums ------------------------------------------------------------------ */

static void put_sum(struct packet *p, size_t at, uint64_t sum)
{
    uint16_t folded;

    while (sum >> 16 != 0)
        sum = (sum & 0xffff) + (sum >> 16);
    folded = (uint16_t)~sum;
    if (span_has(bytes_of(p), at, sizeof folded))
        memcpy(p->bytes + at, &folded, sizeof folded);
}

static uint64_t pseudo_header(const struct packet *p, const struct headers *h, size_t n)
{
    const uint8_t rest[4] = {0, h->protocol, (uint8_t)(n >> 8), (uint8_t)n};
    const struct span addresses =
        span_first(span_from(bytes_of(p), source_at(h)), 2 * address_bytes(h));

    return inet_sum_add(inet_sum_add(0, addresses), span_of(rest, sizeof rest));
}

/* Where the checksum is in the transport header; 0: it has none that is known here. */
static size_t sum_offset(uint8_t protocol)
{
    switch (protocol) {
    case TCP:
        return 16;
    case UDP:
        return 6;
    case ICMP:
    case ICMP6:
        return 2;
    default:
        return 0;
    }
}

/* The bytes behind the IP header by the header's own length. */
static struct span transport_of(const struct packet *p, const struct headers *h)
{
    const struct span ip = span_from(bytes_of(p), h->ip);
    size_t n =
        h->version == 4 ? span_be16(ip, 2) : IP6_BYTES + (size_t)span_be16(ip, 4);

    return span_from(span_first(ip, n), h->transport - h->ip);
}

void edit_checksums(struct packet *p, uint32_t link_type)
{
    struct headers h;
    struct span t;
    size_t at;

    if (!headers_find(p, link_type, &h))
        return;
    if (h.version == 4) {
        put_be16(p, h.ip + 10, 0);
        put_sum(p, h.ip + 10,
                inet_sum_add(
                    0, span_first(span_from(bytes_of(p), h.ip), h.transport - h.ip)));
    }
    at = sum_offset(h.protocol);
    t = transport_of(p, &h);
    if (at == 0 || h.is_fragment || !span_has(t, at, 2))
        return;
    put_be16(p, h.transport + at, 0);
    put_sum(p, h.transport + at,
            inet_sum_add(h.protocol == ICMP ? 0 : pseudo_header(p, &h, t.n), t));
}

/* ---- fields --------------------------------------------------------------------- */

void edit_reverse(struct packet *p, uint32_t link_type)
{
    struct headers h;

    if (link_type == LINK_ETHERNET)
        swap(p, 0, 6, 6);
    if (!headers_find(p, link_type, &h))
        return;
    swap(p, source_at(&h), source_at(&h) + address_bytes(&h), address_bytes(&h));
    if (has_ports(&h))
        swap(p, h.transport, h.transport + 2, 2);
    if (has_ports(&h) && h.protocol == TCP)
        swap(p, h.transport + 4, h.transport + 8, 4);
    if (!h.is_fragment && h.protocol == ICMP) {
        uint8_t type = span_u8(bytes_of(p), h.transport);

        if (type == 0 || type == 8)
            put_u8(p, h.transport, 8U - type);
    }
}

void edit_endpoint(struct packet *p, uint32_t link_type, struct rng *r)
{
    static const uint16_t ports[] = {20,  21,  22,  25,   53,   80,   123,  137, 161,
                                     443, 445, 502, 1701, 2152, 3544, 4789, 6081};
    const size_t side = (size_t)rng_below(r, 2);
    struct headers h;

    if (!headers_find(p, link_type, &h))
        return;
    if (has_ports(&h) && rng_below(r, 3) != 0) {
        unsigned port = rng_below(r, 2) == 0
                            ? ports[rng_below(r, sizeof ports / sizeof ports[0])]
                            : (unsigned)rng_below(r, 65536);

        put_be16(p, h.transport + 2 * side, port);
        return;
    }
    put_u8(p, source_at(&h) + (side + 1) * address_bytes(&h) - 1,
           (unsigned)rng_below(r, 4));
}

/* Near where it was, at the ends of the numbers, or anywhere. */
static uint32_t other_number(uint32_t v, struct rng *r)
{
    switch (rng_below(r, 5)) {
    case 0:
        return v + 1;
    case 1:
        return v - 1;
    case 2:
        return v + (uint32_t)rng_below(r, 3000) - 1500;
    case 3:
        return (uint32_t)rng_below(r, 3) - 1;
    default:
        return (uint32_t)rng_next(r);
    }
}

void edit_tcp(struct packet *p, uint32_t link_type, struct rng *r)
{
    /* SYN, SYN-ACK, ACK, PSH-ACK, FIN-ACK, RST, RST-ACK, nothing, all. */
    static const uint8_t flags[] = {0x02, 0x12, 0x10, 0x18, 0x11, 0x04, 0x14, 0, 0xff};
    struct headers h;
    struct span t;

    if (!headers_find(p, link_type, &h) || h.protocol != TCP || h.is_fragment)
        return;
    t = span_from(bytes_of(p), h.transport);
    switch (rng_below(r, 6)) {
    case 0:
        put_u8(p, h.transport + 13, span_u8(t, 13) ^ 1U << rng_below(r, 8));
        break;
    case 1:
        put_u8(p, h.transport + 13, flags[rng_below(r, sizeof flags)]);
        break;
    case 2:
        put_be32(p, h.transport + 4, other_number(span_be32(t, 4), r));
        break;
    case 3:
        put_be32(p, h.transport + 8, other_number(span_be32(t, 8), r));
        break;
    case 4:
        put_be16(p, h.transport + 14, (unsigned)rng_below(r, 3) * 0x7fff);
        break;
    default:
        put_u8(p, h.transport + 12, (unsigned)rng_below(r, 16) << 4);
    }
}

void edit_length(struct packet *p, uint32_t link_type, struct rng *r)
{
    struct headers h;
    const uint32_t n = other_number((uint32_t)p->n, r);

    if (!headers_find(p, link_type, &h))
        return;
    switch (rng_below(r, 5)) {
    case 0:
        put_u8(p, h.ip + (h.version == 4 ? 9 : 6), (unsigned)rng_below(r, 256));
        break;
    case 1:
        if (h.protocol == UDP) {
            put_be16(p, h.transport + 4, n & 0xffff);
            break;
        }
        put_u8(p, h.ip, h.version == 4 ? 0x40U + (unsigned)rng_below(r, 16) : 0x60U);
        break;
    default:
        put_be16(p, h.ip + (h.version == 4 ? 2 : 4), n & 0xffff);
    }
}

void edit_size(struct packet *p, struct rng *r)
{
    size_t n;

    if (p->n == 0)
        return;
    n = (size_t)rng_below(r, p->n);
    switch (rng_below(r, 4)) {
    case 0:
        p->missing = (uint16_t)(p->n - n);
        p->n = n;
        break;
    case 1:
        p->missing = (uint16_t)rng_below(r, 2000);
        break;
    case 2:
        p->n = n;
        break;
    default:
        n = (size_t)rng_below(r, sizeof p->bytes - p->n + 1);
        memset(p->bytes + p->n, (int)rng_below(r, 256), n);
        p->n += n;
    }
}

/* ---- tunnels -------------------------------------------------------------------- */

/* Make room for `n` bytes in front of `at`, zeroed. */
static bool open_gap(struct packet *p, size_t at, size_t n)
{
    if (at > p->n || p->n + n > sizeof p->bytes)
        return false;
    memmove(p->bytes + at + n, p->bytes + at, p->n - at);
    memset(p->bytes + at, 0, n);
    p->n += n;
    return true;
}

/* An outer IPv4 header at `at`, for all behind it. */
static void put_outer(struct packet *p, size_t at, uint8_t protocol, uint8_t which)
{
    put_u8(p, at, 0x45);
    put_be16(p, at + 2, (unsigned)(p->n - at + p->missing) & 0xffff);
    put_u8(p, at + 8, 64);
    put_u8(p, at + 9, protocol);
    put_be32(p, at + 12, 0x0a000001);
    put_be32(p, at + 16, 0x0a000002U + which);
}

static void encapsulate_vlan(struct packet *p, uint8_t which)
{
    if (!open_gap(p, 12, 4))
        return;
    put_be16(p, 12, which & 8 ? ETHER_QINQ : ETHER_VLAN);
    put_be16(p, 14, which);
}

static void encapsulate_vxlan(struct packet *p, uint8_t which)
{
    const size_t outer = ETHER_BYTES;

    if (!open_gap(p, 0, ETHER_BYTES + IP4_BYTES + 8 + 8))
        return;
    put_be16(p, 12, ETHER_IP4);
    put_outer(p, outer, UDP, which);
    put_be16(p, outer + 20, 49152);
    put_be16(p, outer + 22, 4789);
    put_be16(p, outer + 24, (unsigned)(p->n - outer - IP4_BYTES + p->missing) & 0xffff);
    put_u8(p, outer + 28, 8);
    put_u8(p, outer + 34, which);
}

static void encapsulate_ip(struct packet *p, uint32_t link_type, bool gre,
                           uint8_t which)
{
    struct headers h;

    if (!headers_find(p, link_type, &h) ||
        !open_gap(p, h.ip, IP4_BYTES + (gre ? 4U : 0U)))
        return;
    put_outer(p, h.ip, gre ? GRE : h.version == 4 ? IPIP : SIXIN4, which);
    if (gre)
        put_be16(p, h.ip + IP4_BYTES + 2, h.version == 4 ? ETHER_IP4 : ETHER_IP6);
    if (link_type == LINK_ETHERNET)
        put_be16(p, h.ip - 2, ETHER_IP4);
}

void edit_encapsulate(struct packet *p, uint32_t link_type, enum encapsulation how,
                      uint8_t which)
{
    struct headers h;

    if (!headers_find(p, link_type, &h))
        return;
    if (how == ENCAPSULATE_VLAN && link_type == LINK_ETHERNET)
        encapsulate_vlan(p, which);
    else if (how == ENCAPSULATE_VXLAN && link_type == LINK_ETHERNET)
        encapsulate_vxlan(p, which);
    else
        encapsulate_ip(p, link_type, how != ENCAPSULATE_IP, which);
}

/* ---- fragments ------------------------------------------------------------------ */

size_t edit_fragmentable(const struct packet *p, uint32_t link_type)
{
    struct headers h;

    if (!headers_find(p, link_type, &h) || h.is_fragment)
        return 0;
    return transport_of(p, &h).n;
}

static void put_fragment_of_4(struct packet *out, const struct headers *h, size_t at,
                              bool more, uint16_t id)
{
    put_be16(out, h->ip + 2, (unsigned)(out->n - h->ip));
    put_be16(out, h->ip + 4, id);
    put_be16(out, h->ip + 6, (unsigned)(at / 8) | (more ? 0x2000U : 0));
}

/* The fragment header goes between the IP header and the rest. */
static bool put_fragment_of_6(struct packet *out, const struct headers *h, size_t at,
                              bool more, uint16_t id)
{
    if (!open_gap(out, h->transport, 8))
        return false;
    put_be16(out, h->ip + 4, (unsigned)(out->n - h->transport));
    put_u8(out, h->ip + 6, FRAGMENT);
    put_u8(out, h->transport, h->protocol);
    put_be16(out, h->transport + 2, (unsigned)at | (more ? 1U : 0));
    put_be16(out, h->transport + 6, id);
    return true;
}

bool edit_fragment(const struct packet *p, uint32_t link_type, size_t at, size_t n,
                   uint16_t id, struct packet *out)
{
    struct headers h;
    struct span t;
    bool more;

    if (!headers_find(p, link_type, &h) || h.is_fragment)
        return false;
    t = transport_of(p, &h);
    if (at >= t.n || at % 8 != 0)
        return false;
    more = n < t.n - at;
    if (!more)
        n = t.n - at;
    out->step = p->step;
    out->missing = 0;
    out->n = h.transport + n;
    memcpy(out->bytes, p->bytes, h.transport);
    memcpy(out->bytes + h.transport, t.p + at, n);
    if (h.version == 6)
        return put_fragment_of_6(out, &h, at, more, id);
    put_fragment_of_4(out, &h, at, more, id);
    return true;
}

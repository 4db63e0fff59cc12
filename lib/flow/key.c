/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Canonical keys.
 *
 * Endpoints (address, then port) are put in order; equal ones stay as they came.  What
 * does not have ports uses the port fields for what else Argus tells flows apart by:
 *
 *     kind         port[0]                 port[1]          two-way
 *     TCP UDP SCTP port of addr[0]         port of addr[1]  yes; UDP port 53 also has
 *                                                           the DNS id, in `more`
 *     ICMP query   identifier              sequence         yes
 *     ICMP other   code                    port, protocol   no
 *                                          or address (the
 *                                          rest in `more`)
 *                                          complained about
 *     IGMP         type                    0                no
 *     ESP          SPI, high half          SPI, low half    no
 *     ARP          0                       0                request and answer
 *     OTHER        DSAP << 8 | SSAP        0                yes
 *     GRE, IP      0                       0                yes
 *
 * One echo request and its answer are a flow of their own, as in Argus and as in the
 * KDD'99 data, where a ping flood is one connection per request.
 * A one-way key keeps the order of the packet: an answer would be another flow.
 */
#include "key.h"

#include "icmp.h"

enum {
    PROTOCOL_ICMP = 1,
    PROTOCOL_IGMP = 2,
    PROTOCOL_TCP = 6,
    PROTOCOL_UDP = 17,
    PROTOCOL_GRE = 47,
    PROTOCOL_ESP = 50,
    PROTOCOL_ICMP6 = 58,
    PROTOCOL_SCTP = 132
};

static enum lw_flow_kind kind_of_protocol(uint8_t protocol)
{
    switch (protocol) {
    case PROTOCOL_TCP:
        return LW_FLOW_TCP;
    case PROTOCOL_UDP:
        return LW_FLOW_UDP;
    case PROTOCOL_ICMP:
        return LW_FLOW_ICMP;
    case PROTOCOL_ICMP6:
        return LW_FLOW_ICMP6;
    case PROTOCOL_IGMP:
        return LW_FLOW_IGMP;
    case PROTOCOL_ESP:
        return LW_FLOW_ESP;
    case PROTOCOL_GRE:
        return LW_FLOW_GRE;
    case PROTOCOL_SCTP:
        return LW_FLOW_SCTP;
    default:
        return LW_FLOW_IP;
    }
}

/* As memcmp() has it, which is a call where two words do. */
static int addr_order(const struct lw_addr *a, const struct lw_addr *b)
{
    for (size_t i = 0; i < sizeof a->bytes; i += sizeof(uint64_t)) {
        uint64_t x = __builtin_bswap64(hash_load64(a->bytes + i));
        uint64_t y = __builtin_bswap64(hash_load64(b->bytes + i));

        if (x != y)
            return x < y ? -1 : 1;
    }
    return 0;
}

/* Put the endpoints in order.  The side of the sender is 1 when they were swapped. */
static unsigned set_endpoints(struct flow_key *key, const struct lw_addr *src,
                              const struct lw_addr *dst, uint16_t src_port,
                              uint16_t dst_port)
{
    int order = addr_order(src, dst);
    unsigned from = order > 0 || (order == 0 && src_port > dst_port) ? 1 : 0;

    key->addr[from] = *src;
    key->addr[1 - from] = *dst;
    key->port[from] = src_port;
    key->port[1 - from] = dst_port;
    return from;
}

static unsigned set_oneway(struct flow_key *key, const struct decoded *d)
{
    key->addr[0] = d->addr[0];
    key->addr[1] = d->addr[1];
    return 0;
}

static unsigned set_icmp(struct flow_key *key, const struct decoded *d)
{
    uint32_t subject;
    unsigned from;

    if (!icmp_pair(d->protocol == PROTOCOL_ICMP6, d->icmp_type, &key->protocol)) {
        key->protocol = d->icmp_type;
        key->port[0] = d->icmp_code;
        subject = icmp_subject(d);
        key->port[1] = (uint16_t)subject;
        key->more = (uint16_t)(subject >> 16);
        return set_oneway(key, d);
    }
    from = set_endpoints(key, &d->addr[0], &d->addr[1], 0, 0);
    key->port[0] = d->icmp_id;
    key->port[1] = d->icmp_seq;
    return from;
}

/* An ARP answer goes from the address that was asked for to the one who asked. */
static unsigned set_arp(struct flow_key *key, const struct decoded *d)
{
    unsigned from = d->arp_op == ARP_REPLY ? 1 : 0;

    key->addr[0] = d->addr[from];
    key->addr[1] = d->addr[1 - from];
    return from;
}

static unsigned set_link(struct flow_key *key, const struct decoded *d)
{
    struct lw_addr mac[2] = {{{0}}, {{0}}};
    unsigned from;

    for (unsigned i = 0; i < 2; i++)
        memcpy(mac[i].bytes, d->mac[i], sizeof d->mac[i]);
    from = set_endpoints(key, &mac[0], &mac[1], 0, 0);
    /* The length of an 802.3 frame tells nothing apart. */
    if (d->ether_type < LINK_ETHER_TYPE_MIN)
        key->port[0] = (uint16_t)(d->llc[0] << 8 | d->llc[1]);
    else
        key->more = d->ether_type;
    return from;
}

/* Argus takes every name lookup for a flow of its own, also those from one port. Unlike
 * there, what is no DNS message but uses its port is not cut up: the header must be
 * whole and its operation one that is assigned (RFC 1035, 4.1.1; at most 6, RFC 8490).
 */
static uint16_t dns_id(const struct decoded *d)
{
    enum { PORT_DNS = 53, HEADER_BYTES = 12, OPCODE_MAX = 6 };
    uint8_t flags = 0;
    uint16_t id = 0;

    if (d->layer != DECODE_TRANSPORT ||
        (d->port[0] != PORT_DNS && d->port[1] != PORT_DNS) ||
        d->payload_bytes < HEADER_BYTES || !span_get_u8(d->payload, 2, &flags) ||
        (flags >> 3 & 15) > OPCODE_MAX)
        return 0;
    (void)span_get_be16(d->payload, 0, &id);
    return id;
}

static unsigned set_ip(struct flow_key *key, enum lw_flow_kind kind,
                       const struct decoded *d)
{
    bool whole = d->layer == DECODE_TRANSPORT;

    if (kind == LW_FLOW_UDP)
        key->more = dns_id(d);
    switch (kind) {
    case LW_FLOW_TCP:
    case LW_FLOW_UDP:
    case LW_FLOW_SCTP:
        return set_endpoints(key, &d->addr[0], &d->addr[1], whole ? d->port[0] : 0,
                             whole ? d->port[1] : 0);
    case LW_FLOW_ICMP:
    case LW_FLOW_ICMP6:
        return set_icmp(key, d);
    case LW_FLOW_IGMP:
        key->port[0] = d->icmp_type;
        return set_oneway(key, d);
    case LW_FLOW_ESP:
        key->port[0] = (uint16_t)(d->spi >> 16);
        key->port[1] = (uint16_t)d->spi;
        return set_oneway(key, d);
    case LW_FLOW_OTHER:
    case LW_FLOW_ARP:
    case LW_FLOW_GRE:
    case LW_FLOW_IP:
    case LW_N_FLOW_KINDS:
        break;
    }
    return set_endpoints(key, &d->addr[0], &d->addr[1], 0, 0);
}

bool flow_key_make(const struct decoded *d, struct flow_key *key, unsigned *from)
{
    enum lw_flow_kind kind;

    if (d->layer == DECODE_NOTHING)
        return false;
    *key = (struct flow_key){.kind = 0};
    if (d->layer == DECODE_LINK) {
        key->kind = LW_FLOW_OTHER;
        *from = set_link(key, d);
    } else if (d->ip_version == 0) {
        key->kind = LW_FLOW_ARP;
        *from = set_arp(key, d);
    } else {
        kind = kind_of_protocol(d->protocol);
        key->kind = (uint8_t)(kind | (d->ip_version == 6 ? FLOW_KEY_IP6 : 0));
        key->protocol = d->protocol;
        *from = set_ip(key, kind, d);
    }
    return true;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/key.h"

#include <string.h>

enum {
    ETHER_ARP = 0x0806,
    ETHER_RARP = 0x8035,
    PROTO_ICMP = 1,
    PROTO_IGMP = 2,
    PROTO_TCP = 6,
    PROTO_UDP = 17,
    PROTO_GRE = 47,
    PROTO_ESP = 50,
    PROTO_ICMP6 = 58,
    PROTO_SCTP = 132,
    ICMP_ECHO = 8,
    ICMP_LAST_QUERY = 18,
    ICMP6_ECHO = 128
};

enum lw_flow_kind flow_kind_of(const struct decoded *d)
{
    if (d->layer < DECODE_NETWORK)
        return LW_FLOW_OTHER;
    if (d->ip_version == 0)
        return d->ether_type == ETHER_ARP || d->ether_type == ETHER_RARP
                   ? LW_FLOW_ARP
                   : LW_FLOW_OTHER;
    switch (d->protocol) {
    case PROTO_TCP:
        return LW_FLOW_TCP;
    case PROTO_UDP:
        return LW_FLOW_UDP;
    case PROTO_ICMP:
        return LW_FLOW_ICMP;
    case PROTO_ICMP6:
        return LW_FLOW_ICMP6;
    case PROTO_IGMP:
        return LW_FLOW_IGMP;
    case PROTO_ESP:
        return LW_FLOW_ESP;
    case PROTO_GRE:
        return LW_FLOW_GRE;
    case PROTO_SCTP:
        return LW_FLOW_SCTP;
    default:
        return LW_FLOW_IP;
    }
}

/* Questions and their answers are one flow: the answer takes the question's type.
 * Query types come in pairs (RFC 792: 8/0, 13/14, 15/16, 17/18; RFC 4443: 128/129). */
static uint16_t icmp_selector(const struct decoded *d, enum lw_flow_kind kind)
{
    uint8_t type = d->icmp_type;

    if (kind == LW_FLOW_ICMP6)
        type = type == ICMP6_ECHO + 1 ? ICMP6_ECHO : type;
    else if (type == 0)
        type = ICMP_ECHO;
    else if (type > 13 && type <= ICMP_LAST_QUERY && type % 2 == 0)
        type--;
    return (uint16_t)(type << 8 | d->icmp_code);
}

bool flow_key_make(struct flow_key *key, const struct decoded *d,
                   enum lw_flow_kind kind, const uint16_t port[2])
{
    struct lw_addr from = d->addr[0];
    struct lw_addr to = d->addr[1];
    uint16_t selector = 0;
    bool flipped;
    int c;

    memset(key, 0, sizeof *key);
    if (kind == LW_FLOW_OTHER && d->has_macs) {
        memset(&from, 0, sizeof from);
        memset(&to, 0, sizeof to);
        memcpy(from.bytes, d->mac[0], sizeof d->mac[0]);
        memcpy(to.bytes, d->mac[1], sizeof d->mac[1]);
    }
    if (kind == LW_FLOW_ICMP || kind == LW_FLOW_ICMP6)
        selector = icmp_selector(d, kind);
    else if (kind == LW_FLOW_ESP)
        selector = (uint16_t)d->spi;
    c = memcmp(&from, &to, sizeof from);
    flipped = c > 0 || (c == 0 && port[0] > port[1]);
    key->addr[flipped ? 1 : 0] = from;
    key->addr[flipped ? 0 : 1] = to;
    key->port[flipped ? 1 : 0] = port[0];
    key->port[flipped ? 0 : 1] = port[1];
    key->ether_type = kind == LW_FLOW_OTHER || kind == LW_FLOW_ARP ? d->ether_type : 0;
    key->selector = selector;
    key->protocol = d->protocol;
    key->kind = (uint8_t)kind;
    return flipped;
}

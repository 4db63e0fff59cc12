/* SPDX-License-Identifier: Apache-2.0 */
/*
 * flow/key.h - what makes two packets the same flow.
 *
 * A key is canonical: both directions of a flow give the same bytes.  Who sent a packet
 * is kept outside the key, as the side (0 or 1) that it came from.  There is no
 * padding, so keys are hashed and compared as bytes.
 */
#ifndef FLOW_KEY_H
#define FLOW_KEY_H

#include "base/hash.h"
#include "packet/decode.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum {
    FLOW_KEY_IP6 = 0x80,
    FLOW_KEY_FREE = 0xff /* the kind of no packet: where a flow was removed */
};
enum { ARP_REPLY = 2, LINK_ETHER_TYPE_MIN = 1536 };

struct flow_key {
    struct lw_addr addr[2];
    /* TCP, UDP, SCTP: the ports, in the order of the addresses.  Others: what else
     * tells flows apart, the same for both sides (key.c). */
    uint16_t port[2];
    uint16_t more;    /* EtherType of what is not IP; DNS: transaction id */
    uint8_t kind;     /* enum lw_flow_kind, and FLOW_KEY_IP6 */
    uint8_t protocol; /* of IP; for ICMP the message type, as `kind` says enough */
};

_Static_assert(sizeof(struct flow_key) == 40, "a key has no padding");
_Static_assert(offsetof(struct flow_key, port) == 32, "the last word is all the rest");

/** The key of a packet, and the side that sent it.  False: it belongs to no flow. */
bool flow_key_make(const struct decoded *d, struct flow_key *key, unsigned *from);

/* flow_key_make() for what nearly every packet is, a TCP segment or a UDP datagram that
 * is no name lookup, in IPv4.  False, with nothing done, for all others. */
static inline bool flow_key_make_ip4(const struct decoded *d, struct flow_key *key,
                                     unsigned *from)
{
    enum { PROTOCOL_TCP = 6, PROTOCOL_UDP = 17, PORT_DNS = 53 };
    uint32_t addr[2];
    uint64_t end[2];
    unsigned f;

    if (d->layer != DECODE_TRANSPORT || d->ip_version != 4 ||
        (d->protocol != PROTOCOL_TCP &&
         (d->protocol != PROTOCOL_UDP || d->port[0] == PORT_DNS ||
          d->port[1] == PORT_DNS)))
        return false;
    for (unsigned i = 0; i < 2; i++) {
        memcpy(&addr[i], d->addr[i].bytes, sizeof addr[i]);
        end[i] = (uint64_t)__builtin_bswap32(addr[i]) << 16 | d->port[i];
    }
    f = end[0] > end[1];
    *key = (struct flow_key){.port = {d->port[f], d->port[1 - f]},
                             .kind = d->protocol == PROTOCOL_TCP ? LW_FLOW_TCP
                                                                 : LW_FLOW_UDP,
                             .protocol = d->protocol};
    memcpy(key->addr[0].bytes, &addr[f], sizeof addr[f]);
    memcpy(key->addr[1].bytes, &addr[1 - f], sizeof addr[f]);
    *from = f;
    return true;
}

/* As five words: no call, no branch. */
static inline bool flow_key_equal(const struct flow_key *a, const struct flow_key *b)
{
    uint64_t differing = 0;

    for (size_t i = 0; i < sizeof *a; i += sizeof(uint64_t))
        differing |=
            hash_load64((const uint8_t *)a + i) ^ hash_load64((const uint8_t *)b + i);
    return differing == 0;
}

/* Addresses other than those of IPv6 have their bytes among the first 8. */
static inline uint32_t flow_key_hash(const struct flow_key *key, uint64_t seed)
{
    static const uint64_t k = 0x8bb84b93962eacc9ULL;
    uint64_t rest;

    if (key->kind & FLOW_KEY_IP6)
        return (uint32_t)hash_bytes(key, sizeof *key, seed);
    rest = hash_load64((const uint8_t *)key->port);
    return (uint32_t)hash_fold(hash_fold(hash_load64(key->addr[0].bytes) ^ seed,
                                         hash_load64(key->addr[1].bytes) ^ k),
                               rest ^ seed ^ k);
}

#endif /* FLOW_KEY_H */

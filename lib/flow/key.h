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
#include "packet/plain.h"

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

static inline void flow_key_put_word(struct flow_key *key, size_t at, uint64_t word)
{
    memcpy((uint8_t *)key + at, &word, sizeof word);
}

/* flow_key_make() for a plain packet that is no name lookup.  False, with nothing done,
 * for those, and on big-endian processors.  The key is written in the words that its
 * hash reads: a word that was written in parts is not there before all of them have
 * left the processor. */
static inline bool flow_key_make_plain(const struct plain *p, struct flow_key *key,
                                       unsigned *from)
{
    enum { PORT_DNS = 53 };
    const bool little = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__;
    const bool is_tcp = p->protocol == PLAIN_TCP;
    uint16_t port[2] = {plain_port(p, 0), plain_port(p, 1)};
    uint32_t addr[2] = {plain_addr(p, 0), plain_addr(p, 1)};
    uint32_t f;
    uint32_t swap;

    if (!little || (!is_tcp && (port[0] == PORT_DNS || port[1] == PORT_DNS)))
        return false;
    f = addr[0] == addr[1] ? port[0] > port[1] : addr[0] > addr[1];
    /* Either order is as likely as the other: no branch. */
    swap = (addr[0] ^ addr[1]) & (0 - f);
    addr[0] ^= swap;
    addr[1] ^= swap;
    swap = (uint32_t)(port[0] ^ port[1]) & (0 - f);
    port[0] ^= (uint16_t)swap;
    port[1] ^= (uint16_t)swap;
    flow_key_put_word(key, 0, __builtin_bswap32(addr[0]));
    flow_key_put_word(key, 8, 0);
    flow_key_put_word(key, 16, __builtin_bswap32(addr[1]));
    flow_key_put_word(key, 24, 0);
    flow_key_put_word(key, 32,
                      port[0] | (uint64_t)port[1] << 16 |
                          (uint64_t)(is_tcp ? LW_FLOW_TCP : LW_FLOW_UDP) << 48 |
                          (uint64_t)p->protocol << 56);
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

/* The same of the key of a plain packet: one of equal kind has zeros where it has. */
static inline bool flow_key_equal_plain(const struct flow_key *a,
                                        const struct flow_key *b)
{
    return ((hash_load64(a->addr[0].bytes) ^ hash_load64(b->addr[0].bytes)) |
            (hash_load64(a->addr[1].bytes) ^ hash_load64(b->addr[1].bytes)) |
            (hash_load64((const uint8_t *)a->port) ^
             hash_load64((const uint8_t *)b->port))) == 0;
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

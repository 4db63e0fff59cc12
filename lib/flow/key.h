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
#include <stdint.h>
#include <string.h>

enum { FLOW_KEY_IP6 = 0x80 };
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

/** The key of a packet, and the side that sent it.  False: it belongs to no flow. */
bool flow_key_make(const struct decoded *d, struct flow_key *key, unsigned *from);

static inline bool flow_key_equal(const struct flow_key *a, const struct flow_key *b)
{
    return memcmp(a, b, sizeof *a) == 0;
}

static inline uint32_t flow_key_hash(const struct flow_key *key, uint64_t seed)
{
    return (uint32_t)hash_bytes(key, sizeof *key, seed);
}

#endif /* FLOW_KEY_H */

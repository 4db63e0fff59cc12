/* SPDX-License-Identifier: Apache-2.0 */
/*
 * flow/key.h - which flow a packet belongs to.
 *
 * Both directions have one key: the endpoints are put in order and which one sent the
 * packet is told apart (`flipped`).  Every byte of a key is set, padding included, so
 * that keys are compared and hashed as bytes.
 */
#ifndef FLOW_KEY_H
#define FLOW_KEY_H

#include "packet/decode.h"

#include <lapwing/record.h>

#include <stdbool.h>

struct flow_key {
    struct lw_addr addr[2];
    uint16_t port[2];
    uint16_t ether_type;
    uint16_t selector; /* ICMP type and code, GRE or ESP: low half of the SPI */
    uint8_t protocol;
    uint8_t kind; /* enum lw_flow_kind */
    uint8_t zero[6];
};

_Static_assert(sizeof(struct flow_key) == 48, "a key has no padding of its own");

/** The kind of flow a decoded packet belongs to. */
enum lw_flow_kind flow_kind_of(const struct decoded *d);

/** Make the packet's key; returns whether its sender is the second endpoint in it. */
bool flow_key_make(struct flow_key *key, const struct decoded *d,
                   enum lw_flow_kind kind, const uint16_t port[2]);

#endif /* FLOW_KEY_H */

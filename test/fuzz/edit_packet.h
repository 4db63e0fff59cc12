/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz/edit_packet.h - changes to one packet that keep it a packet.
 *
 * Headers are looked for in Ethernet (behind VLAN tags) and raw IP only, and the
 * outermost ones only: what is in a tunnel was changed before it was put there.
 */
#ifndef FUZZ_EDIT_PACKET_H
#define FUZZ_EDIT_PACKET_H

#include "base/rng.h"
#include "sequence.h"

/** Where the headers of a packet are. */
struct headers {
    size_t ip;        /* offset of the IP header */
    size_t transport; /* offset behind it; IPv6 extension headers count as what is */
    uint8_t version;  /* 4 or 6 */
    uint8_t protocol; /* of what is at `transport` */
    bool is_fragment;
};

/** Find them; false: no IP header, or not whole. */
bool headers_find(const struct packet *p, uint32_t link_type, struct headers *out);

/** Let it go the other way: addresses, ports, MACs; TCP's two numbers, too. */
void edit_reverse(struct packet *p, uint32_t link_type);

/** Set the checksums of IP, TCP, UDP and ICMP right, as far as all is there. */
void edit_checksums(struct packet *p, uint32_t link_type);

/** Another endpoint: a port or the last byte of an address, source or destination. */
void edit_endpoint(struct packet *p, uint32_t link_type, struct rng *r);

/** Other TCP flags, sequence numbers, window or header length. */
void edit_tcp(struct packet *p, uint32_t link_type, struct rng *r);

/** A length field that is wrong, or another protocol. */
void edit_length(struct packet *p, uint32_t link_type, struct rng *r);

/** Cut it, in the capture or altogether, or make it longer. */
void edit_size(struct packet *p, struct rng *r);

enum encapsulation {
    ENCAPSULATE_VLAN, /* Ethernet only */
    ENCAPSULATE_GRE,
    ENCAPSULATE_IP,
    ENCAPSULATE_VXLAN, /* Ethernet only */
    N_ENCAPSULATIONS
};

/** Put it into a tunnel; `which` tells tunnels apart.  Unchanged when it does not fit
 * or has no IP header. */
void edit_encapsulate(struct packet *p, uint32_t link_type, enum encapsulation how,
                      uint8_t which);

/** Make `out` the fragment of `p` with `n` bytes (a multiple of 8, or the last ones)
 * from `at` on (a multiple of 8) of what is behind the IP header; false: it has no such
 * part, is a fragment itself, or does not fit. */
bool edit_fragment(const struct packet *p, uint32_t link_type, size_t at, size_t n,
                   uint16_t id, struct packet *out);

/** How many bytes there are to fragment; 0: none. */
size_t edit_fragmentable(const struct packet *p, uint32_t link_type);

#endif /* FUZZ_EDIT_PACKET_H */

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * packet/decode.h - one frame's headers, from link to transport.
 *
 * Decoding is a chain of steps (link, network, transport), each reading through a
 * span and saying where to go on.  It never fails on bad traffic: the outcome says how
 * far it came, and what was decoded before stays valid (`layer`).
 * All numbers come out in host byte order; addresses as on the wire.
 */
#ifndef PACKET_DECODE_H
#define PACKET_DECODE_H

#include "base/span.h"
#include "packet/plain.h"

#include <lapwing/capture.h>
#include <lapwing/record.h>

#include <stdbool.h>
#include <stdint.h>

/** Tunnels that are followed in one packet, one in another. */
enum { TUNNEL_DEPTH_MAX = 4 };

/** How decoding ended.  Only the first is a whole packet. */
enum decode_outcome {
    DECODE_OK,
    DECODE_TRUNCATED,   /* a header was on the wire, but not all of it was captured */
    DECODE_UNSUPPORTED, /* a link type that we do not decode */
    DECODE_MALFORMED /* a header contradicts itself, or the frame ends before it does */
};

/** The highest layer whose header is in the struct. */
enum decode_layer {
    DECODE_NOTHING,
    DECODE_LINK,      /* MACs (where the link has them) and EtherType */
    DECODE_NETWORK,   /* IP or ARP header */
    DECODE_TRANSPORT, /* ports, flags, or ICMP type */
};

struct decoded {
    enum decode_outcome outcome;
    enum decode_layer layer;

    /* frame */
    uint32_t frame_bytes; /* on the wire */

    /* link */
    bool has_macs;
    uint8_t mac[2][6];   /* source, destination */
    uint16_t ether_type; /* below 1536: 802.3 length, an LLC frame */
    uint16_t vlan_id;    /* outermost, 0 when untagged */
    uint8_t n_vlans;
    uint8_t llc[2]; /* DSAP, SSAP of an LLC frame */
    uint8_t
        link_bytes; /* of a header that Argus does not count: cooked, loopback, PPP */

    /* network */
    uint8_t ip_version; /* 4 or 6; 0 otherwise (ARP: addr holds IPv4 addresses) */
    uint8_t protocol;   /* of the last header, after IPv6 extensions */
    uint8_t tos;        /* or traffic class */
    uint8_t ttl;        /* or hop limit */
    uint8_t argus_tos; /* of IPv6: the bits of the flow label that Argus takes for it */
    uint16_t arp_op;   /* 1 request, 2 reply */
    uint32_t arp_mac;  /* the last four bytes of the address that its sender gives */
    uint32_t ip_bytes; /* header and payload by the header's own word; the wire's
                          length where that is less, or where segmentation offload
                          left the field 0 */
    bool is_fragment;  /* offset or more-fragments set */
    bool bad_fragment; /* cannot be part of a datagram (past 65,535; odd length) */
    bool more_fragments;
    uint16_t fragment_offset; /* bytes; only offset 0 has a transport header */
    uint32_t fragment_id;
    struct lw_addr addr[2]; /* source, destination; the rest zero */

    /* transport */
    uint16_t port[2];
    uint8_t transport_bytes; /* of its header, options included */
    uint8_t tcp_flags;
    uint32_t tcp_seq;
    uint32_t tcp_ack;
    uint16_t tcp_window;
    uint16_t tcp_urgent;
    uint8_t icmp_type;
    uint8_t icmp_code;
    uint16_t icmp_id; /* echo and other query messages; IGMP: halves of the group */
    uint16_t icmp_seq;
    uint32_t spi;           /* ESP */
    uint32_t payload_bytes; /* above transport, by the headers' own word */
    struct span segment;    /* what was captured of transport header and payload, */
    struct span payload;    /* and of the payload alone; borrowed from the packet */

    /* what a fragment (is_fragment) carries */
    uint8_t fragment_protocol; /* of its first header; IPv6: by the fragment header */
    uint32_t fragment_bytes;   /* on the wire */
    struct span fragment;      /* the captured part of it, borrowed from the packet */

    /* filled in by reassembly_add() */
    bool overlaps;    /* says anew what an earlier fragment said already */
    bool reassembled; /* completes its datagram: `protocol`, the transport fields and
                         `payload` (borrowed until the next packet) are those of the
                         whole, the rest is still this fragment's own.  `layer` is
                         DECODE_TRANSPORT when no earlier fragment had the header. */

    /* the tunnel that this level came out of; all 0 at the outermost level */
    uint8_t tunnel_depth;
    uint8_t tunnel_kind; /* enum lw_tunnel_kind */
    uint16_t tunnel_tag; /* tells levels and virtual networks apart (decode_tunnel.c) */
    uint32_t tunnel_id;  /* VNI, key, TEID, session, label; 0 when it has none */
};

/** Decode one frame.  Writes every field of *out that `layer` covers. */
enum decode_outcome packet_decode(const struct lw_packet *pkt, struct decoded *out);

/** The same of a plain packet, which has no outcome but DECODE_OK. */
void decode_plain(const struct plain *p, struct decoded *out);

/** Decode what a decoded frame carries in a tunnel.  False: it carries none that we
 *  know, or what is in it is neither IP nor an Ethernet frame; *inner is undefined.
 *  True: *inner is the level within, and inner->outcome says how far it came; its
 *  frame_bytes are those within the tunnel.  A fragment carries nothing before it is
 *  reassembled. */
bool packet_decode_inner(const struct decoded *outer, struct decoded *inner);

#endif /* PACKET_DECODE_H */

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * packet/plain.h - the packets that nearly all are: Ethernet, IPv4 without options or
 * fragments, TCP or UDP, all headers captured and true.
 *
 * One look at the lengths, then plain loads.  The general chain of steps (decode.h)
 * says the same of these packets; test/captures compares them on every capture at hand.
 */
#ifndef PACKET_PLAIN_H
#define PACKET_PLAIN_H

#include "base/span.h"

#include <lapwing/capture.h>

#include <stdbool.h>
#include <stdint.h>

enum {
    PLAIN_IP_AT = 14, /* behind the Ethernet header */
    PLAIN_IP_BYTES = 20,
    PLAIN_SEGMENT_AT = PLAIN_IP_AT + PLAIN_IP_BYTES,
    PLAIN_TCP = 6, /* IP's numbers */
    PLAIN_UDP = 17
};

/** What is known of a plain packet after that look; the rest is where it always is. */
struct plain {
    struct span frame;      /* what was captured, borrowed from the packet */
    uint32_t frame_bytes;   /* on the wire, */
    uint16_t ip_bytes;      /* and of these IP header and payload, */
    uint16_t header_bytes;  /* TCP or UDP header, */
    uint16_t payload_bytes; /* and what is above it */
    uint8_t protocol;       /* PLAIN_TCP or PLAIN_UDP */
};

static inline bool plain_tcp(struct plain *p)
{
    enum { TCP_BYTES = 20 };
    uint32_t header = (span_u8(p->frame, PLAIN_SEGMENT_AT + 12) >> 4) * 4U;

    if (p->frame.n < PLAIN_SEGMENT_AT + TCP_BYTES || header < TCP_BYTES ||
        PLAIN_IP_BYTES + header > p->ip_bytes)
        return false;
    p->header_bytes = (uint16_t)header;
    p->payload_bytes = (uint16_t)(p->ip_bytes - PLAIN_IP_BYTES - header);
    return true;
}

static inline bool plain_udp(struct plain *p)
{
    enum { UDP_BYTES = 8 };
    uint32_t n = span_be16(p->frame, PLAIN_SEGMENT_AT + 4);

    if (n < UDP_BYTES || PLAIN_IP_BYTES + n > p->ip_bytes)
        return false;
    p->header_bytes = UDP_BYTES;
    p->payload_bytes = (uint16_t)(n - UDP_BYTES);
    return true;
}

/** Look at a packet.  False, and *p undefined: it is not plain. */
static inline bool plain_look(const struct lw_packet *pkt, struct plain *p)
{
    enum { ETHERNET = 1, TYPE_IP4 = 0x0800, IP4_PLAIN = 0x45, UDP_BYTES = 8 };
    const struct span s = span_of(pkt->data, pkt->captured_bytes);
    const uint32_t wire =
        pkt->wire_bytes > pkt->captured_bytes ? pkt->wire_bytes : pkt->captured_bytes;

    if (pkt->link_type != ETHERNET || s.n < PLAIN_SEGMENT_AT + UDP_BYTES ||
        span_be16(s, PLAIN_IP_AT - 2) != TYPE_IP4 ||
        span_u8(s, PLAIN_IP_AT) != IP4_PLAIN ||
        (span_be16(s, PLAIN_IP_AT + 6) & 0x3fff) != 0)
        return false;
    p->frame = s;
    p->frame_bytes = wire;
    p->ip_bytes = span_be16(s, PLAIN_IP_AT + 2);
    p->protocol = span_u8(s, PLAIN_IP_AT + 9);
    if (p->ip_bytes < PLAIN_IP_BYTES || p->ip_bytes > wire - PLAIN_IP_AT)
        return false;
    return p->protocol == PLAIN_TCP   ? plain_tcp(p)
           : p->protocol == PLAIN_UDP ? plain_udp(p)
                                      : false;
}

static inline uint8_t plain_tos(const struct plain *p)
{
    return span_u8(p->frame, PLAIN_IP_AT + 1);
}

/* Of source (0) and destination (1), as a number. */
static inline uint32_t plain_addr(const struct plain *p, unsigned side)
{
    return span_be32(p->frame, PLAIN_IP_AT + 12 + 4 * side);
}

static inline uint16_t plain_port(const struct plain *p, unsigned side)
{
    return span_be16(p->frame, PLAIN_SEGMENT_AT + 2 * side);
}

static inline uint8_t plain_tcp_flags(const struct plain *p)
{
    return span_u8(p->frame, PLAIN_SEGMENT_AT + 13);
}

static inline uint32_t plain_tcp_seq(const struct plain *p)
{
    return span_be32(p->frame, PLAIN_SEGMENT_AT + 4);
}

static inline uint32_t plain_tcp_ack(const struct plain *p)
{
    return span_be32(p->frame, PLAIN_SEGMENT_AT + 8);
}

static inline uint16_t plain_tcp_window(const struct plain *p)
{
    return span_be16(p->frame, PLAIN_SEGMENT_AT + 14);
}

/* What was captured of it. */
static inline struct span plain_payload(const struct plain *p)
{
    return span_first(span_from(p->frame, (size_t)PLAIN_SEGMENT_AT + p->header_bytes),
                      p->payload_bytes);
}

#endif /* PACKET_PLAIN_H */

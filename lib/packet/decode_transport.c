/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TCP (RFC 9293), UDP (RFC 768), UDP-Lite (RFC 3828), SCTP (RFC 9260), ICMP (RFC 792),
 * ICMPv6 (RFC 4443), IGMP and ESP (RFC 4303).
 *
 * Options that the capture length cut off do not make a packet truncated: the fixed
 * header has all that a flow is made of, and captures of 68 bytes a packet are common.
 */
#include "decode_priv.h"

enum {
    PROTOCOL_ICMP = 1,
    PROTOCOL_IGMP = 2,
    PROTOCOL_TCP = 6,
    PROTOCOL_UDP = 17,
    PROTOCOL_ESP = 50,
    PROTOCOL_ICMP6 = 58,
    PROTOCOL_SCTP = 132,
    PROTOCOL_UDP_LITE = 136
};

enum {
    TCP_BYTES_MIN = 20,
    UDP_BYTES = 8,
    SCTP_BYTES = 12,
    ESP_BYTES = 8,
    ICMP_BYTES = 8,    /* with the word that depends on the type */
    ICMP_BYTES_MIN = 4 /* type, code, checksum */
};

/* Past the transport header, of which the fixed part is there. */
static void pass_header(struct cursor *c, struct decoded *d, uint32_t n)
{
    d->layer = DECODE_TRANSPORT;
    d->transport_bytes = (uint8_t)n;
    d->segment = c->rest;
    cursor_skip(c, n);
}

static enum decode_outcome decode_tcp(struct cursor *c, struct decoded *d)
{
    struct span s = c->rest;
    uint32_t header;

    if (!cursor_has(c, TCP_BYTES_MIN))
        return cursor_short(c, TCP_BYTES_MIN);
    header = (span_u8(s, 12) >> 4) * 4U;
    if (header < TCP_BYTES_MIN || header > c->wire)
        return DECODE_MALFORMED;
    d->port[0] = span_be16(s, 0);
    d->port[1] = span_be16(s, 2);
    d->tcp_seq = span_be32(s, 4);
    d->tcp_ack = span_be32(s, 8);
    d->tcp_flags = span_u8(s, 13);
    d->tcp_window = span_be16(s, 14);
    d->tcp_urgent = span_be16(s, 18);
    pass_header(c, d, header);
    return DECODE_OK;
}

/* The length field covers header and data of the whole datagram: a first fragment holds
 * less.  0 stands for "up to the end" (RFC 2675, and offload). */
static enum decode_outcome decode_udp(struct cursor *c, struct decoded *d)
{
    struct span s = c->rest;
    uint16_t n;

    if (!cursor_has(c, UDP_BYTES))
        return cursor_short(c, UDP_BYTES);
    n = span_be16(s, 4);
    if (n != 0 && n < UDP_BYTES)
        return DECODE_MALFORMED;
    d->port[0] = span_be16(s, 0);
    d->port[1] = span_be16(s, 2);
    if (n != 0)
        cursor_limit(c, n);
    pass_header(c, d, UDP_BYTES);
    return DECODE_OK;
}

/* Protocols that begin with two ports and need nothing else of us. */
static enum decode_outcome decode_ports(struct cursor *c, struct decoded *d,
                                        uint32_t header)
{
    if (!cursor_has(c, header))
        return cursor_short(c, header);
    d->port[0] = span_be16(c->rest, 0);
    d->port[1] = span_be16(c->rest, 2);
    pass_header(c, d, header);
    return DECODE_OK;
}

/* Queries and their answers carry an identifier and a sequence number; messages of IGMP
 * have the group there. */
static bool icmp_has_id(uint8_t protocol, uint8_t type)
{
    if (protocol == PROTOCOL_ICMP6)
        return type == 128 || type == 129;
    if (protocol == PROTOCOL_IGMP)
        return true;
    return protocol == PROTOCOL_ICMP &&
           (type == 0 || type == 8 || (type >= 13 && type <= 18));
}

static enum decode_outcome decode_icmp(struct cursor *c, struct decoded *d)
{
    if (!cursor_has(c, ICMP_BYTES_MIN))
        return cursor_short(c, ICMP_BYTES_MIN);
    d->icmp_type = span_u8(c->rest, 0);
    d->icmp_code = span_u8(c->rest, 1);
    if (icmp_has_id(d->protocol, d->icmp_type)) {
        d->icmp_id = span_be16(c->rest, 4);
        d->icmp_seq = span_be16(c->rest, 6);
    }
    pass_header(c, d, ICMP_BYTES);
    return DECODE_OK;
}

static enum decode_outcome decode_esp(struct cursor *c, struct decoded *d)
{
    if (!cursor_has(c, ESP_BYTES))
        return cursor_short(c, ESP_BYTES);
    d->spi = span_be32(c->rest, 0);
    pass_header(c, d, ESP_BYTES);
    return DECODE_OK;
}

enum decode_outcome decode_transport(struct cursor *c, struct decoded *d)
{
    switch (d->protocol) {
    case PROTOCOL_TCP:
        return decode_tcp(c, d);
    case PROTOCOL_UDP:
        return decode_udp(c, d);
    case PROTOCOL_ICMP:
    case PROTOCOL_ICMP6:
    case PROTOCOL_IGMP:
        return decode_icmp(c, d);
    case PROTOCOL_SCTP:
        return decode_ports(c, d, SCTP_BYTES);
    case PROTOCOL_UDP_LITE:
        return decode_ports(c, d, UDP_BYTES);
    case PROTOCOL_ESP:
        return decode_esp(c, d);
    default:
        return DECODE_OK;
    }
}

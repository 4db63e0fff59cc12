/* SPDX-License-Identifier: Apache-2.0 */
/* The packets that nearly all are (plain.h), without going through the steps. */
#include "decode_priv.h"
#include "packet/plain.h"

static void set_link(struct decoded *d, struct span s)
{
    d->has_macs = true;
    (void)span_copy(s, 0, d->mac[1], sizeof d->mac[1]);
    (void)span_copy(s, 6, d->mac[0], sizeof d->mac[0]);
    d->ether_type = ETHER_TYPE_IP4;
}

static void set_ip4(struct decoded *d, const struct plain *p)
{
    struct span s = p->frame;

    d->ip_version = 4;
    d->protocol = p->protocol;
    d->tos = plain_tos(p);
    d->ttl = span_u8(s, PLAIN_IP_AT + 8);
    d->ip_bytes = p->ip_bytes;
    d->fragment_id = span_be16(s, PLAIN_IP_AT + 4);
    (void)span_copy(s, PLAIN_IP_AT + 12, d->addr[0].bytes, 4);
    (void)span_copy(s, PLAIN_IP_AT + 16, d->addr[1].bytes, 4);
}

static void set_tcp(struct decoded *d, const struct plain *p)
{
    struct span s = span_from(p->frame, PLAIN_SEGMENT_AT);

    d->tcp_seq = plain_tcp_seq(p);
    d->tcp_ack = span_be32(s, 8);
    d->tcp_flags = plain_tcp_flags(p);
    d->tcp_window = span_be16(s, 14);
    d->tcp_urgent = span_be16(s, 18);
}

static void set_transport(struct decoded *d, const struct plain *p)
{
    struct span s = span_from(p->frame, PLAIN_SEGMENT_AT);

    d->layer = DECODE_TRANSPORT;
    d->port[0] = plain_port(p, 0);
    d->port[1] = plain_port(p, 1);
    d->transport_bytes = (uint8_t)p->header_bytes;
    d->segment = span_first(s, (size_t)p->header_bytes + p->payload_bytes);
    d->payload = span_first(span_from(s, p->header_bytes), p->payload_bytes);
    d->payload_bytes = p->payload_bytes;
}

void decode_plain(const struct plain *p, struct decoded *out)
{
    *out = (struct decoded){.outcome = DECODE_OK, .frame_bytes = p->frame_bytes};
    set_link(out, p->frame);
    set_ip4(out, p);
    if (p->protocol == PLAIN_TCP)
        set_tcp(out, p);
    set_transport(out, p);
}

bool decode_fast(const struct lw_packet *pkt, struct decoded *out)
{
    struct plain p;

    if (!plain_look(pkt, &p))
        return false;
    decode_plain(&p, out);
    return true;
}

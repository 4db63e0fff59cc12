/* SPDX-License-Identifier: Apache-2.0 */
#include "decoded.h"

#include <string.h>

static bool same_span(struct span a, struct span b)
{
    return a.n == b.n && (a.n == 0 || a.p == b.p);
}

bool decoded_same(const struct decoded *a, const struct decoded *b)
{
    return a->outcome == b->outcome && a->layer == b->layer &&
           a->frame_bytes == b->frame_bytes && a->has_macs == b->has_macs &&
           memcmp(a->mac, b->mac, sizeof a->mac) == 0 &&
           a->ether_type == b->ether_type && a->vlan_id == b->vlan_id &&
           a->n_vlans == b->n_vlans && a->ip_version == b->ip_version &&
           a->protocol == b->protocol && a->tos == b->tos && a->ttl == b->ttl &&
           a->ip_bytes == b->ip_bytes && a->is_fragment == b->is_fragment &&
           a->bad_fragment == b->bad_fragment &&
           a->fragment_offset == b->fragment_offset &&
           a->fragment_id == b->fragment_id &&
           memcmp(a->addr, b->addr, sizeof a->addr) == 0 &&
           memcmp(a->port, b->port, sizeof a->port) == 0 &&
           a->transport_bytes == b->transport_bytes && a->tcp_flags == b->tcp_flags &&
           a->tcp_seq == b->tcp_seq && a->tcp_ack == b->tcp_ack &&
           a->tcp_window == b->tcp_window && a->tcp_urgent == b->tcp_urgent &&
           a->icmp_type == b->icmp_type && a->payload_bytes == b->payload_bytes &&
           same_span(a->segment, b->segment) && same_span(a->payload, b->payload);
}

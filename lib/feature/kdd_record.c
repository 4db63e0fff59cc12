/* SPDX-License-Identifier: Apache-2.0 */
#include "feature/kdd_record.h"

#include <math.h>

enum { ETHER_HEADER = 14, IP4_HEADER = 20, IP6_HEADER = 40, UDP_HEADER = 8 };

/* Packets of a side; false where it is not known which are whose. */
static bool packets_of(const struct lw_record *rec, unsigned side, uint64_t *out)
{
    uint64_t all = rec->side[0].packets + rec->side[1].packets;

    if (rec->lacks & LW_LACKS_PACKETS)
        return false;
    if (!(rec->lacks & LW_LACKS_SIDE_PACKETS))
        *out = rec->side[side].packets;
    else if (!lw_record_heard(rec, 1 - side))
        *out = all;
    else if (all == 2)
        *out = 1;
    else
        return false;
    return true;
}

static float datagram_payload(const struct lw_record *rec, unsigned side)
{
    uint64_t header =
        ETHER_HEADER + UDP_HEADER + (rec->ip_version == 6 ? IP6_HEADER : IP4_HEADER);
    uint64_t bytes = rec->side[side].frame_bytes;
    uint64_t n;

    if (rec->lacks & LW_LACKS_FRAME_BYTES || !packets_of(rec, side, &n))
        return NAN;
    return bytes > n * header ? (float)(bytes - n * header) : 0.0f;
}

float kdd_payload(const struct lw_record *rec, unsigned side)
{
    const uint32_t no_flags = LW_LACKS_FLAGS | LW_LACKS_MINOR_FLAGS;
    const uint32_t no_bytes = LW_LACKS_FRAME_BYTES | LW_LACKS_IP_BYTES;
    uint8_t flags = rec->side[side].tcp_flags;

    if (!(rec->lacks & LW_LACKS_PAYLOAD))
        return (float)rec->side[side].payload_bytes;
    if ((rec->lacks & no_bytes) != no_bytes && !lw_record_heard(rec, side))
        return 0.0f;
    if (rec->kind != LW_FLOW_TCP)
        return datagram_payload(rec, side);
    return !(rec->lacks & no_flags) && flags & LW_TCP_SYN && !(flags & LW_TCP_PSH)
               ? 0.0f
               : NAN;
}

uint64_t kdd_messages(const struct lw_record *rec, unsigned side)
{
    uint64_t all = rec->side[0].packets + rec->side[1].packets;

    if (!(rec->lacks & LW_LACKS_SIDE_PACKETS))
        return rec->side[side].packets;
    if (!lw_record_heard(rec, side))
        return 0;
    return lw_record_heard(rec, 1 - side) ? (all + 1) / 2 : all;
}

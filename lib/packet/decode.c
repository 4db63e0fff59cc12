/* SPDX-License-Identifier: Apache-2.0 */
#include "decode_priv.h"

enum decode_outcome decode_steps(const struct lw_packet *pkt, struct decoded *out)
{
    struct cursor c = {span_of(pkt->data, pkt->captured_bytes), pkt->wire_bytes};

    if (c.wire < pkt->captured_bytes)
        c.wire = pkt->captured_bytes;
    *out = (struct decoded){.frame_bytes = c.wire};
    out->outcome = decode_link(&c, pkt->link_type, out);
    out->payload = c.rest;
    out->payload_bytes = c.wire;
    return out->outcome;
}

enum decode_outcome packet_decode(const struct lw_packet *pkt, struct decoded *out)
{
    return decode_fast(pkt, out) ? DECODE_OK : decode_steps(pkt, out);
}

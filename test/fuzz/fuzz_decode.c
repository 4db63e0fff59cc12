/* SPDX-License-Identifier: Apache-2.0 */
/* One frame and what it carries in tunnels: link type (2 bytes), bytes that were on the
 * wire but not captured (2), then what was captured.  Little-endian;
 * test/tools/make_corpus.c writes seeds.  Common frames are decoded in both ways. */
#include "base/assert.h"
#include "decoded.h"
#include "fuzz.h"
#include "packet/decode_priv.h"

static void check(const struct lw_packet *pkt, const struct decoded *d)
{
    LW_ASSERT(d->frame_bytes == pkt->wire_bytes);
    LW_ASSERT(d->payload.n <= d->payload_bytes);
    LW_ASSERT(d->payload_bytes <= d->frame_bytes);
    LW_ASSERT(d->payload.p >= pkt->data);
    LW_ASSERT(d->payload.p + d->payload.n <= pkt->data + pkt->captured_bytes);
    if (d->layer >= DECODE_NETWORK) {
        LW_ASSERT(d->ip_version != 0 || d->ether_type == 0x0806);
        LW_ASSERT(d->ip_bytes <= d->frame_bytes);
    }
    if (d->layer == DECODE_TRANSPORT)
        LW_ASSERT(d->outcome == DECODE_OK && d->fragment_offset == 0);
    if (d->outcome == DECODE_UNSUPPORTED)
        LW_ASSERT(d->layer == DECODE_NOTHING);
    if (d->outcome == DECODE_TRUNCATED)
        LW_ASSERT(pkt->captured_bytes < pkt->wire_bytes);
}

/* Every level lies within the one before it. */
static void check_inner(const struct decoded *outer, const struct decoded *d)
{
    LW_ASSERT(d->tunnel_depth == outer->tunnel_depth + 1);
    LW_ASSERT(d->tunnel_kind > LW_TUNNEL_NONE && d->tunnel_kind < LW_N_TUNNELS);
    LW_ASSERT(d->tunnel_tag != 0);
    LW_ASSERT(d->frame_bytes <= outer->payload_bytes);
    LW_ASSERT(d->payload.n <= d->payload_bytes);
    LW_ASSERT(d->payload_bytes <= d->frame_bytes);
    LW_ASSERT(d->payload.p >= outer->payload.p);
    LW_ASSERT(d->payload.p + d->payload.n <= outer->payload.p + outer->payload.n);
    LW_ASSERT(d->outcome != DECODE_UNSUPPORTED);
    if (d->layer >= DECODE_NETWORK)
        LW_ASSERT(d->ip_bytes <= d->frame_bytes);
    if (d->outcome == DECODE_OK)
        LW_ASSERT(d->layer >= DECODE_LINK);
}

static void follow(const struct decoded *outermost)
{
    struct decoded level[2] = {*outermost, *outermost};

    for (unsigned i = 0; i < TUNNEL_DEPTH_MAX; i++) {
        const struct decoded *outer = &level[i % 2];
        struct decoded *inner = &level[1 - i % 2];

        if (!packet_decode_inner(outer, inner))
            return;
        check_inner(outer, inner);
        if (inner->outcome != DECODE_OK)
            return;
    }
}

/* Whoever takes the short way must come to where the long one ends. */
static void check_fast(const struct lw_packet *pkt)
{
    struct decoded fast;
    struct decoded d;

    if (!decode_fast(pkt, &fast))
        return;
    LW_ASSERT(decode_steps(pkt, &d) == DECODE_OK);
    LW_ASSERT(decoded_same(&fast, &d));
}

void fuzz_one(const uint8_t *data, size_t n)
{
    struct span in = span_of(data, n);
    struct decoded d;
    struct lw_packet pkt = {0};
    uint16_t link_type;
    uint16_t missing;

    if (!span_take_le16(&in, &link_type) || !span_take_le16(&in, &missing))
        return;
    pkt.data = in.p;
    pkt.captured_bytes = (uint32_t)in.n;
    pkt.wire_bytes = (uint32_t)in.n + missing;
    pkt.link_type = link_type;
    LW_ASSERT(packet_decode(&pkt, &d) == d.outcome);
    check(&pkt, &d);
    check_fast(&pkt);
    if (d.outcome == DECODE_OK)
        follow(&d);
}

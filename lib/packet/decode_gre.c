/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GRE in its versions, and what is carried in it.
 *
 *     version 0          flags 2, EtherType 2; checksum and offset 4 if C or R;
 *     (RFC 2784, 2890)   key 4 if K; sequence 4 if S.  Source routes (R, RFC
 *                        1701) are not followed.
 *     version 1          flags 2, 0x880b 2; payload length 2, call 2; sequence 4
 *     (PPTP, RFC 2637)   if S (otherwise there is no payload); acknowledged 4 if
 *                        A.  Carries PPP.
 *     NVGRE              version 0 with a key: virtual subnet 24 bits, flow 8;
 *     (RFC 7637)         EtherType 0x6558, an Ethernet frame
 *     ERSPAN             0x88be: type I, without a sequence number, has no header
 *     (draft-foschiano-  of its own; type II has 8 bytes.  0x22eb: type III has
 *     erspan-03)         12, and 8 more if its last bit is set.
 *     Cisco metadata     0x8909: EtherType of what follows 2, version 1, length 1
 *                        in words, options
 *     WCCP               0x883e: IPv4, in version 2 behind a header of 4 bytes
 *
 * Only an NVGRE subnet names a network.  A plain key and a PPTP call may differ between
 * the two directions of one tunnel, and an ERSPAN session is of one mirror, whose two
 * directions may be two sessions.
 */
#include "decode_priv.h"

enum {
    GRE_CHECKSUM = 0x8000,
    GRE_ROUTING = 0x4000,
    GRE_KEY = 0x2000,
    GRE_SEQUENCE = 0x1000,
    GRE_ACKNOWLEDGED = 0x0080,
    GRE_VERSION = 7
};

enum {
    CARRIES_PPP = 0x880b,
    CARRIES_ETHERNET = 0x6558,
    CARRIES_ERSPAN2 = 0x88be,
    CARRIES_ERSPAN3 = 0x22eb,
    CARRIES_WCCP = 0x883e,
    CARRIES_METADATA = 0x8909
};

enum { ERSPAN2_BYTES = 8, ERSPAN3_BYTES = 12, ERSPAN3_SUBHEADER = 8, WCCP2_BYTES = 4 };

static bool carries(struct tunnel *t, enum lw_tunnel_kind kind, uint32_t link_type)
{
    t->kind = kind;
    t->link_type = link_type;
    return true;
}

static bool erspan2(struct cursor *c, struct tunnel *t, bool has_header)
{
    if (!has_header)
        return carries(t, LW_TUNNEL_ERSPAN1, LINKTYPE_ETHERNET);
    if (!cursor_has(c, ERSPAN2_BYTES) || span_u8(c->rest, 0) >> 4 != 1)
        return false;
    t->id = span_be16(c->rest, 2) & 0x3ffU;
    cursor_skip(c, ERSPAN2_BYTES);
    return carries(t, LW_TUNNEL_ERSPAN2, LINKTYPE_ETHERNET);
}

/* Frame type 0 is Ethernet, 2 an IP packet. */
static bool erspan3(struct cursor *c, struct tunnel *t)
{
    uint16_t last = span_be16(c->rest, 10);
    uint32_t n = ERSPAN3_BYTES + (last & 1 ? ERSPAN3_SUBHEADER : 0U);
    unsigned frame_type = last >> 10 & 0x1fU;

    if (!cursor_has(c, n) || span_u8(c->rest, 0) >> 4 != 2)
        return false;
    t->id = span_be16(c->rest, 2) & 0x3ffU;
    cursor_skip(c, n);
    if (frame_type == 2)
        return carries(t, LW_TUNNEL_ERSPAN3, LINKTYPE_RAW);
    return frame_type == 0 && carries(t, LW_TUNNEL_ERSPAN3, LINKTYPE_ETHERNET);
}

static bool ethernet(struct tunnel *t, bool has_key)
{
    if (!has_key)
        return carries(t, LW_TUNNEL_GRE, LINKTYPE_ETHERNET);
    t->id >>= 8;
    t->names_network = true;
    return carries(t, LW_TUNNEL_NVGRE, LINKTYPE_ETHERNET);
}

/* Past metadata; what follows it, or 0. */
static uint16_t metadata(struct cursor *c)
{
    uint32_t n = 4 + span_u8(c->rest, 3) * 4U;
    uint16_t type = span_be16(c->rest, 0);

    if (!cursor_has(c, n) || span_u8(c->rest, 2) != 1)
        return 0;
    cursor_skip(c, n);
    return type;
}

static bool version0(struct cursor *c, struct tunnel *t)
{
    uint16_t flags = span_be16(c->rest, 0);
    uint16_t type = span_be16(c->rest, 2);
    uint32_t n = 4;

    if (flags & GRE_ROUTING)
        return false;
    if (flags & GRE_CHECKSUM)
        n += 4;
    if (flags & GRE_KEY) {
        t->id = span_be32(c->rest, n);
        n += 4;
    }
    if (flags & GRE_SEQUENCE)
        n += 4;
    if (!cursor_has(c, n))
        return false;
    cursor_skip(c, n);
    if (type == CARRIES_METADATA)
        type = metadata(c);
    switch (type) {
    case ETHER_TYPE_IP4:
        return carries(t, LW_TUNNEL_GRE, LINKTYPE_IPV4);
    case ETHER_TYPE_IP6:
        return carries(t, LW_TUNNEL_GRE, LINKTYPE_IPV6);
    case CARRIES_ETHERNET:
        return ethernet(t, (flags & GRE_KEY) != 0);
    case CARRIES_ERSPAN2:
        return erspan2(c, t, (flags & GRE_SEQUENCE) != 0);
    case CARRIES_ERSPAN3:
        return erspan3(c, t);
    case CARRIES_PPP:
        return carries(t, LW_TUNNEL_GRE, LINKTYPE_PPP);
    case CARRIES_WCCP:
        if (span_u8(c->rest, 0) >> 4 != 4)
            cursor_skip(c, WCCP2_BYTES);
        return carries(t, LW_TUNNEL_GRE, LINKTYPE_IPV4);
    default:
        return is_mpls(type) && carries(t, LW_TUNNEL_GRE, LINKTYPE_MPLS);
    }
}

static bool version1(struct cursor *c, struct tunnel *t)
{
    uint16_t flags = span_be16(c->rest, 0);
    uint32_t n = flags & GRE_ACKNOWLEDGED ? 16 : 12;

    if (span_be16(c->rest, 2) != CARRIES_PPP || !(flags & GRE_KEY) ||
        !(flags & GRE_SEQUENCE) || !cursor_has(c, n))
        return false;
    t->id = span_be16(c->rest, 6);
    cursor_limit(c, n + span_be16(c->rest, 4));
    cursor_skip(c, n);
    return carries(t, LW_TUNNEL_PPTP, LINKTYPE_PPP);
}

bool tunnel_over_gre(struct cursor *c, struct tunnel *t)
{
    if (!cursor_has(c, 4))
        return false;
    switch (span_be16(c->rest, 0) & GRE_VERSION) {
    case 0:
        return version0(c, t);
    case 1:
        return version1(c, t);
    default:
        return false;
    }
}

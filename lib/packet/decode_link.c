/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the link header to the EtherType.
 *
 * Link types have the numbers of the LINKTYPE_ registry
 * (https://www.tcpdump.org/linktypes.html), which also describes each header.  Links
 * that only ever carry IP give the EtherType of the IP version.
 *
 *     Ethernet   destination 6, source 6, EtherType or 802.3 length 2
 *     802.1Q     priority and VLAN id 2, EtherType 2; any number of them
 *     LLC/SNAP   DSAP 1, SSAP 1, control 1; aa aa 03: organisation 3, EtherType 2
 *     SLL        packet type 2, ARPHRD 2, address length 2, address 8, EtherType 2
 *     SLL2       EtherType 2, reserved 2, interface 4, ARPHRD 2, packet type 1,
 *                address length 1, address 8
 *     NULL       address family 4, in the byte order of whoever captured
 *     LOOP       the same, big-endian
 *     PPP        [ff 03] protocol 1 or 2
 *     PPPoE      11, code 1, session 2, length 2, then PPP's protocol (RFC 2516)
 *     MPLS       label, class, bottom-of-stack bit and TTL 4; any number (RFC 3032)
 *     C_HDLC     address 1, control 1, EtherType 2
 */
#include "decode_priv.h"

enum {
    LINKTYPE_NULL = 0,
    LINKTYPE_RAW_BSD = 12,     /* DLT_RAW as BSDs and as OpenBSD number it: */
    LINKTYPE_RAW_OPENBSD = 14, /* not registered, but found in files */
    LINKTYPE_PPP_HDLC = 50,
    LINKTYPE_C_HDLC = 104,
    LINKTYPE_LOOP = 108,
    LINKTYPE_LINUX_SLL = 113,
    LINKTYPE_LINUX_SLL2 = 276
};

enum {
    ETHERNET_BYTES = 14,
    VLAN_BYTES = 4,
    /* More stacked tags than any network has; bounds the work per frame. */
    VLANS_MAX = 8,
    LLC_BYTES = 3,
    SNAP_BYTES = 8,
    LLC_SAP_SNAP = 0xaa,
    SLL_BYTES = 16,
    SLL2_BYTES = 20,
    C_HDLC_BYTES = 4,
    PPPOE_BYTES = 6,
    MPLS_BYTES = 4,
    MPLS_LABELS_MAX = 16,
    MAC_BYTES = 6,
    ARPHRD_NETLINK = 824
};

static bool is_vlan(uint16_t ether_type)
{
    return ether_type == 0x8100 || ether_type == 0x88a8 || ether_type == 0x9100;
}

static enum decode_outcome decode_ether_type(struct cursor *c, struct decoded *d);

static enum decode_outcome decode_fixed_ip(struct cursor *c, struct decoded *d,
                                           uint16_t ether_type)
{
    d->ether_type = ether_type;
    d->layer = DECODE_LINK;
    return decode_network(c, d);
}

/* PPP's protocol field, which may be compressed (RFC 1661: a low byte is odd, a high
 * one even), and what follows it. */
static enum decode_outcome decode_ppp_protocol(struct cursor *c, struct decoded *d)
{
    uint16_t protocol;

    if (!cursor_has(c, 2))
        return cursor_short(c, 2);
    protocol = span_u8(c->rest, 0);
    if (protocol & 1) {
        cursor_skip(c, 1);
    } else {
        protocol = span_be16(c->rest, 0);
        cursor_skip(c, 2);
    }
    d->layer = DECODE_LINK;
    if (protocol == 0x21)
        return decode_fixed_ip(c, d, ETHER_TYPE_IP4);
    if (protocol == 0x57)
        return decode_fixed_ip(c, d, ETHER_TYPE_IP6);
    return DECODE_OK;
}

/* The session stage; what is no data (code 0) ends here. */
static enum decode_outcome decode_pppoe(struct cursor *c, struct decoded *d)
{
    uint16_t n;

    if (!cursor_has(c, PPPOE_BYTES))
        return cursor_short(c, PPPOE_BYTES);
    if (span_be16(c->rest, 0) != 0x1100)
        return DECODE_OK;
    n = span_be16(c->rest, 4);
    cursor_skip(c, PPPOE_BYTES);
    cursor_limit(c, n);
    return decode_ppp_protocol(c, d);
}

/* Labels do not say what they carry.  As routers do, take the first four bits after
 * them for an IP version; anything else (a pseudowire) stays MPLS. */
static enum decode_outcome decode_mpls(struct cursor *c, struct decoded *d)
{
    uint32_t label = 0;

    for (unsigned i = 0; (label & 0x100) == 0; i++) {
        if (i == MPLS_LABELS_MAX)
            return DECODE_MALFORMED;
        if (!cursor_has(c, MPLS_BYTES))
            return cursor_short(c, MPLS_BYTES);
        label = span_be32(c->rest, 0);
        cursor_skip(c, MPLS_BYTES);
    }
    if (span_u8(c->rest, 0) >> 4 == 4)
        return decode_fixed_ip(c, d, ETHER_TYPE_IP4);
    if (span_u8(c->rest, 0) >> 4 == 6)
        return decode_fixed_ip(c, d, ETHER_TYPE_IP6);
    return DECODE_OK;
}

/* An 802.3 frame: d->ether_type is its length.  SNAP with the organisation of RFC 1042
 * or of 802.1H (f8) carries an EtherType after all; others stay LLC frames. */
static enum decode_outcome decode_llc(struct cursor *c, struct decoded *d)
{
    uint16_t ether_type;
    uint32_t organisation;

    cursor_limit(c, d->ether_type);
    if (!cursor_has(c, LLC_BYTES))
        return cursor_short(c, LLC_BYTES);
    d->llc[0] = span_u8(c->rest, 0);
    d->llc[1] = span_u8(c->rest, 1);
    if (d->llc[0] != LLC_SAP_SNAP || d->llc[1] != LLC_SAP_SNAP) {
        cursor_skip(c, LLC_BYTES);
        return DECODE_OK;
    }
    if (!cursor_has(c, SNAP_BYTES))
        return cursor_short(c, SNAP_BYTES);
    organisation = span_be32(c->rest, 2) & 0xffffff;
    ether_type = span_be16(c->rest, 6);
    cursor_skip(c, SNAP_BYTES);
    if ((organisation != 0 && organisation != 0xf8) || ether_type < ETHER_TYPE_MIN)
        return DECODE_OK;
    d->ether_type = ether_type;
    return decode_ether_type(c, d);
}

/* Go on by d->ether_type, through VLAN tags. */
static enum decode_outcome decode_ether_type(struct cursor *c, struct decoded *d)
{
    while (is_vlan(d->ether_type)) {
        if (d->n_vlans == VLANS_MAX)
            return DECODE_MALFORMED;
        if (!cursor_has(c, VLAN_BYTES))
            return cursor_short(c, VLAN_BYTES);
        if (d->n_vlans++ == 0)
            d->vlan_id = span_be16(c->rest, 0) & 0xfff;
        d->ether_type = span_be16(c->rest, 2);
        cursor_skip(c, VLAN_BYTES);
    }
    if (d->ether_type < ETHER_TYPE_MIN)
        return decode_llc(c, d);
    if (is_mpls(d->ether_type))
        return decode_mpls(c, d);
    if (d->ether_type == 0x8864)
        return decode_pppoe(c, d);
    return decode_network(c, d);
}

static enum decode_outcome decode_ethernet(struct cursor *c, struct decoded *d)
{
    if (!cursor_has(c, ETHERNET_BYTES))
        return cursor_short(c, ETHERNET_BYTES);
    (void)span_copy(c->rest, 0, d->mac[1], MAC_BYTES);
    (void)span_copy(c->rest, MAC_BYTES, d->mac[0], MAC_BYTES);
    d->has_macs = true;
    d->ether_type = span_be16(c->rest, 12);
    d->layer = DECODE_LINK;
    cursor_skip(c, ETHERNET_BYTES);
    return decode_ether_type(c, d);
}

/* The rest of a cooked header: the protocol field means an EtherType (or one of Linux'
 * ETH_P_ numbers below 1536, where 4 is LLC) except on netlink devices. */
static enum decode_outcome decode_cooked(struct cursor *c, struct decoded *d,
                                         uint16_t arphrd)
{
    enum { ETH_P_802_2 = 4 };

    d->layer = DECODE_LINK;
    if (arphrd == ARPHRD_NETLINK)
        return DECODE_OK;
    if (d->ether_type == ETH_P_802_2) {
        d->ether_type = c->wire < ETHER_TYPE_MIN ? (uint16_t)c->wire
                                                 : (uint16_t)(ETHER_TYPE_MIN - 1);
        return decode_llc(c, d);
    }
    if (d->ether_type < ETHER_TYPE_MIN)
        return DECODE_OK;
    return decode_ether_type(c, d);
}

static enum decode_outcome decode_sll(struct cursor *c, struct decoded *d)
{
    uint16_t arphrd;

    if (!cursor_has(c, SLL_BYTES))
        return cursor_short(c, SLL_BYTES);
    arphrd = span_be16(c->rest, 2);
    (void)span_copy(c->rest, 6, d->mac[0], MAC_BYTES);
    d->ether_type = span_be16(c->rest, 14);
    cursor_skip(c, SLL_BYTES);
    return decode_cooked(c, d, arphrd);
}

static enum decode_outcome decode_sll2(struct cursor *c, struct decoded *d)
{
    uint16_t arphrd;

    if (!cursor_has(c, SLL2_BYTES))
        return cursor_short(c, SLL2_BYTES);
    d->ether_type = span_be16(c->rest, 0);
    arphrd = span_be16(c->rest, 8);
    (void)span_copy(c->rest, 12, d->mac[0], MAC_BYTES);
    cursor_skip(c, SLL2_BYTES);
    return decode_cooked(c, d, arphrd);
}

/* Links without a header: the IP version is in the first four bits. */
static enum decode_outcome decode_raw_ip(struct cursor *c, struct decoded *d)
{
    uint8_t first;

    if (!span_get_u8(c->rest, 0, &first))
        return cursor_short(c, 1);
    if (first >> 4 == 4)
        d->ether_type = ETHER_TYPE_IP4;
    else if (first >> 4 == 6)
        d->ether_type = ETHER_TYPE_IP6;
    else
        return DECODE_MALFORMED;
    d->layer = DECODE_LINK;
    return decode_network(c, d);
}

/* BSD loopback.  IPv4 is family 2 everywhere; IPv6 has a number per system: NetBSD and
 * OpenBSD 24, FreeBSD 28, macOS 30, Linux 10.  All are below 256, so a value above
 * 65,535 was written in the other byte order. */
static enum decode_outcome decode_loopback(struct cursor *c, struct decoded *d)
{
    uint32_t family;

    if (!cursor_has(c, 4))
        return cursor_short(c, 4);
    family = span_be32(c->rest, 0);
    if (family > 0xffff)
        family = __builtin_bswap32(family);
    cursor_skip(c, 4);
    d->layer = DECODE_LINK;
    switch (family) {
    case 2:
        return decode_fixed_ip(c, d, ETHER_TYPE_IP4);
    case 10:
    case 24:
    case 28:
    case 30:
        return decode_fixed_ip(c, d, ETHER_TYPE_IP6);
    default:
        return DECODE_OK;
    }
}

static enum decode_outcome decode_c_hdlc(struct cursor *c, struct decoded *d)
{
    if (!cursor_has(c, C_HDLC_BYTES))
        return cursor_short(c, C_HDLC_BYTES);
    d->ether_type = span_be16(c->rest, 2);
    d->layer = DECODE_LINK;
    cursor_skip(c, C_HDLC_BYTES);
    if (d->ether_type < ETHER_TYPE_MIN)
        return DECODE_OK;
    return decode_ether_type(c, d);
}

/* PPP with or without its HDLC address and control bytes (RFC 1662).  Cisco HDLC is
 * also written with this link type. */
static enum decode_outcome decode_ppp(struct cursor *c, struct decoded *d)
{
    uint16_t start;

    if (!cursor_has(c, 2))
        return cursor_short(c, 2);
    start = span_be16(c->rest, 0);
    if (start == 0x0f00 || start == 0x8f00)
        return decode_c_hdlc(c, d);
    if (start == 0xff03)
        cursor_skip(c, 2);
    return decode_ppp_protocol(c, d);
}

static enum decode_outcome decode_link_type(struct cursor *c, uint32_t link_type,
                                            struct decoded *d)
{
    switch (link_type) {
    case LINKTYPE_ETHERNET:
        return decode_ethernet(c, d);
    case LINKTYPE_LINUX_SLL:
        return decode_sll(c, d);
    case LINKTYPE_LINUX_SLL2:
        return decode_sll2(c, d);
    case LINKTYPE_RAW_BSD:
    case LINKTYPE_RAW_OPENBSD:
    case LINKTYPE_RAW:
        return decode_raw_ip(c, d);
    case LINKTYPE_IPV4:
        return decode_fixed_ip(c, d, ETHER_TYPE_IP4);
    case LINKTYPE_IPV6:
        return decode_fixed_ip(c, d, ETHER_TYPE_IP6);
    case LINKTYPE_NULL:
    case LINKTYPE_LOOP:
        return decode_loopback(c, d);
    case LINKTYPE_PPP:
    case LINKTYPE_PPP_HDLC:
        return decode_ppp(c, d);
    case LINKTYPE_C_HDLC:
        return decode_c_hdlc(c, d);
    case LINKTYPE_MPLS:
        d->ether_type = 0x8847;
        d->layer = DECODE_LINK;
        return decode_mpls(c, d);
    default:
        return DECODE_UNSUPPORTED;
    }
}

/* Argus counts frames of these links from behind their header on. */
static uint8_t uncounted(uint32_t link_type)
{
    switch (link_type) {
    case LINKTYPE_LINUX_SLL:
        return SLL_BYTES;
    case LINKTYPE_NULL:
    case LINKTYPE_LOOP:
    case LINKTYPE_PPP:
    case LINKTYPE_PPP_HDLC:
    case LINKTYPE_C_HDLC:
        return 4;
    default:
        return 0;
    }
}

enum decode_outcome decode_link(struct cursor *c, uint32_t link_type, struct decoded *d)
{
    d->link_bytes = uncounted(link_type);
    return decode_link_type(c, link_type, d);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "frame.h"
#include "packet/decode.h"
#include "test.h"

#include <stdio.h>
#include <string.h>

static struct frame frame;

static struct decoded decode(const char *text)
{
    struct decoded d;

    (void)packet_decode(frame_at(&frame, 1, text), &d);
    return d;
}

static void tcp_over_ethernet(void **state)
{
    struct decoded d = decode("tcp 10.0.0.1:1234 > 10.1.2.3:80 SAPU seq=4000000001 "
                              "ack=7 win=513 urg=9 tos=3 ttl=61 ipid=99 len=5 pad=3");

    (void)state;
    assert_int_equal(d.outcome, DECODE_OK);
    assert_int_equal(d.layer, DECODE_TRANSPORT);
    assert_int_equal(d.frame_bytes, 14 + 20 + 20 + 5 + 3);
    assert_true(d.has_macs);
    assert_int_equal(d.mac[0][5], 1);
    assert_int_equal(d.mac[1][5], 2);
    assert_int_equal(d.ether_type, 0x0800);
    assert_int_equal(d.vlan_id, 0);
    assert_int_equal(d.ip_version, 4);
    assert_int_equal(d.protocol, 6);
    assert_int_equal(d.tos, 3);
    assert_int_equal(d.ttl, 61);
    assert_int_equal(d.fragment_id, 99);
    assert_int_equal(d.ip_bytes, 45);
    assert_memory_equal(d.addr[0].bytes, "\x0a\0\0\1\0\0\0\0\0\0\0\0\0\0\0\0", 16);
    assert_memory_equal(d.addr[1].bytes, "\x0a\1\2\3\0\0\0\0\0\0\0\0\0\0\0\0", 16);
    assert_int_equal(d.port[0], 1234);
    assert_int_equal(d.port[1], 80);
    assert_int_equal(d.tcp_flags, 0x02 | 0x10 | 0x08 | 0x20);
    assert_true(d.tcp_seq == 4000000001U);
    assert_int_equal(d.tcp_ack, 7);
    assert_int_equal(d.tcp_window, 513);
    assert_int_equal(d.tcp_urgent, 9);
    /* The padding is no payload. */
    assert_int_equal(d.payload_bytes, 5);
    assert_int_equal(d.payload.n, 5);
    assert_ptr_equal(d.payload.p, frame.bytes + 54);
}

static void every_link_type_reaches_transport(void **state)
{
    static const char *const links[] = {"eth",  "sll",     "sll2", "raw", "ip4",
                                        "null", "null-be", "loop", "ppp", "hdlc"};
    char text[128];

    (void)state;
    for (size_t i = 0; i < sizeof links / sizeof links[0]; i++) {
        (void)snprintf(text, sizeof text, "udp 10.0.0.1:53 > 10.0.0.2:99 len=4 link=%s",
                       links[i]);
        assert_int_equal(decode(text).outcome, DECODE_OK);
        assert_int_equal(decode(text).layer, DECODE_TRANSPORT);
        assert_int_equal(decode(text).port[1], 99);
        (void)snprintf(text, sizeof text,
                       "udp [fe80::1]:53 > [fe80::2]:99 len=4 link=%s",
                       strcmp(links[i], "ip4") == 0 ? "ip6" : links[i]);
        assert_int_equal(decode(text).outcome, DECODE_OK);
        assert_int_equal(decode(text).ether_type, 0x86dd);
        assert_int_equal(decode(text).port[1], 99);
        assert_int_equal(decode(text).payload_bytes, 4);
    }
}

static void only_links_with_both_macs_say_so(void **state)
{
    (void)state;
    assert_true(decode("udp 1.1.1.1:1 > 2.2.2.2:2").has_macs);
    assert_false(decode("udp 1.1.1.1:1 > 2.2.2.2:2 link=sll").has_macs);
    assert_int_equal(decode("udp 1.1.1.1:1 > 2.2.2.2:2 link=sll").mac[0][5], 1);
    assert_int_equal(decode("udp 1.1.1.1:1 > 2.2.2.2:2 link=sll2").mac[0][5], 1);
    assert_false(decode("udp 1.1.1.1:1 > 2.2.2.2:2 link=raw").has_macs);
}

/* The numbers that IPv6 has as a BSD address family, in both byte orders. */
static void loopback_families(void **state)
{
    static const uint8_t families[] = {10, 24, 28, 30};
    struct decoded d;

    (void)state;
    for (size_t i = 0; i < sizeof families; i++) {
        (void)frame_at(&frame, 1, "udp [::1]:1 > [::1]:2 link=loop");
        frame.bytes[3] = families[i];
        assert_int_equal(packet_decode(&frame.pkt, &d), DECODE_OK);
        assert_int_equal(d.layer, DECODE_TRANSPORT);
        (void)frame_at(&frame, 1, "udp [::1]:1 > [::1]:2 link=null");
        frame.bytes[0] = families[i];
        assert_int_equal(packet_decode(&frame.pkt, &d), DECODE_OK);
        assert_int_equal(d.layer, DECODE_TRANSPORT);
    }
    frame.bytes[0] = 77;
    assert_int_equal(packet_decode(&frame.pkt, &d), DECODE_OK);
    assert_int_equal(d.layer, DECODE_LINK);
    assert_int_equal(d.ether_type, 0);
}

static void ppp_in_its_forms(void **state)
{
    struct decoded d;
    struct lw_packet pkt;

    (void)state;
    /* Protocol field compressed to one byte, no address and control. */
    (void)frame_at(&frame, 1, "udp 1.1.1.1:1 > 2.2.2.2:2 link=ppp");
    frame.bytes[3] = 0x21;
    pkt = frame.pkt;
    pkt.data += 3;
    pkt.captured_bytes -= 3;
    assert_int_equal(packet_decode(&pkt, &d), DECODE_OK);
    assert_int_equal(d.layer, DECODE_TRANSPORT);
    /* Another protocol: LCP. */
    frame.bytes[2] = 0xc0;
    assert_int_equal(packet_decode(&frame.pkt, &d), DECODE_OK);
    assert_int_equal(d.layer, DECODE_LINK);
    /* Cisco HDLC under the PPP link type. */
    (void)frame_at(&frame, 1, "udp 1.1.1.1:1 > 2.2.2.2:2 link=hdlc");
    frame.pkt.link_type = 9;
    assert_int_equal(packet_decode(&frame.pkt, &d), DECODE_OK);
    assert_int_equal(d.layer, DECODE_TRANSPORT);
    /* Link type 50 is the same as 9. */
    frame.pkt.link_type = 50;
    assert_int_equal(packet_decode(&frame.pkt, &d), DECODE_OK);
}

static void unknown_links_are_unsupported(void **state)
{
    struct decoded d;

    (void)state;
    (void)frame_at(&frame, 1, "udp 1.1.1.1:1 > 2.2.2.2:2");
    frame.pkt.link_type = 105;
    assert_int_equal(packet_decode(&frame.pkt, &d), DECODE_UNSUPPORTED);
    assert_int_equal(d.outcome, DECODE_UNSUPPORTED);
    assert_int_equal(d.layer, DECODE_NOTHING);
    assert_int_equal(d.frame_bytes, frame.pkt.wire_bytes);
}

static void vlan_tags_stack(void **state)
{
    struct decoded d = decode("udp 1.1.1.1:1 > 2.2.2.2:2 vlan=4097 vlan=6");

    (void)state;
    assert_int_equal(d.outcome, DECODE_OK);
    assert_int_equal(d.n_vlans, 2);
    assert_int_equal(d.vlan_id, 1); /* the outer one, without its priority bits */
    assert_int_equal(d.ether_type, 0x0800);
    assert_int_equal(d.port[1], 2);
    assert_int_equal(decode("udp 1.1.1.1:1 > 2.2.2.2:2 vlantype=0x88a8 vlan=7").vlan_id,
                     7);
    assert_int_equal(decode("udp 1.1.1.1:1 > 2.2.2.2:2 vlantype=0x9100 vlan=7").vlan_id,
                     7);
    assert_int_equal(decode("udp 1.1.1.1:1 > 2.2.2.2:2 link=sll2 vlan=8").vlan_id, 8);
    assert_int_equal(decode("udp 1.1.1.1:1 > 2.2.2.2:2 vlan=1 vlan=1 vlan=1 vlan=1 "
                            "vlan=1 vlan=1 vlan=1 vlan=1")
                         .outcome,
                     DECODE_OK);
    d = decode("udp 1.1.1.1:1 > 2.2.2.2:2 vlan=1 vlan=1 vlan=1 vlan=1 vlan=1 vlan=1 "
               "vlan=1 vlan=1 vlan=1");
    assert_int_equal(d.outcome, DECODE_MALFORMED);
    assert_int_equal(d.layer, DECODE_LINK);
}

static void pppoe_sessions(void **state)
{
    struct decoded d = decode("udp 1.1.1.1:1 > 2.2.2.2:2 vlan=3 pppoe len=4 pad=9");

    (void)state;
    assert_int_equal(d.outcome, DECODE_OK);
    assert_int_equal(d.ether_type, 0x0800);
    assert_int_equal(d.port[1], 2);
    assert_int_equal(d.payload_bytes, 4);
    assert_int_equal(decode("udp [::1]:1 > [::2]:2 pppoe").port[1], 2);
    assert_int_equal(decode("udp 1.1.1.1:1 > 2.2.2.2:2 pppoe cap=19").outcome,
                     DECODE_TRUNCATED);
    /* The length field ends the packet, whatever IP says. */
    (void)frame_at(&frame, 1, "udp 1.1.1.1:1 > 2.2.2.2:2 pppoe len=4");
    frame.bytes[19] = 2 + 28 + 1;
    (void)packet_decode(&frame.pkt, &d);
    assert_int_equal(d.payload_bytes, 1);
    /* A discovery message carries no PPP. */
    frame.bytes[15] = 9;
    assert_int_equal(packet_decode(&frame.pkt, &d), DECODE_OK);
    assert_int_equal(d.layer, DECODE_LINK);
    assert_int_equal(d.ether_type, 0x8864);
}

static void mpls_labels(void **state)
{
    struct decoded d = decode("udp 1.1.1.1:1 > 2.2.2.2:2 mpls=3 len=4");

    (void)state;
    assert_int_equal(d.outcome, DECODE_OK);
    assert_int_equal(d.ether_type, 0x0800);
    assert_int_equal(d.port[1], 2);
    assert_int_equal(decode("udp [::1]:1 > [::2]:2 mpls=1").port[1], 2);
    assert_int_equal(decode("udp 1.1.1.1:1 > 2.2.2.2:2 mpls=16").outcome, DECODE_OK);
    assert_int_equal(decode("udp 1.1.1.1:1 > 2.2.2.2:2 mpls=17").outcome,
                     DECODE_MALFORMED);
    assert_int_equal(decode("udp 1.1.1.1:1 > 2.2.2.2:2 mpls=2 cap=20").outcome,
                     DECODE_TRUNCATED);
    /* Neither IPv4 nor IPv6: a pseudowire, which stays MPLS. */
    (void)frame_at(&frame, 1, "udp 1.1.1.1:1 > 2.2.2.2:2 mpls=1");
    frame.bytes[18] = 0;
    assert_int_equal(packet_decode(&frame.pkt, &d), DECODE_OK);
    assert_int_equal(d.layer, DECODE_LINK);
    assert_int_equal(d.ether_type, 0x8847);
    frame.bytes[12] = 0x88;
    frame.bytes[13] = 0x48; /* multicast */
    frame.bytes[18] = 0x45;
    (void)packet_decode(&frame.pkt, &d);
    assert_int_equal(d.layer, DECODE_TRANSPORT);
}

static void llc_and_snap(void **state)
{
    struct decoded d = decode("ether llc len=10 pad=20");

    (void)state;
    assert_int_equal(d.outcome, DECODE_OK);
    assert_int_equal(d.layer, DECODE_LINK);
    assert_int_equal(d.ether_type, 13);
    assert_int_equal(d.llc[0], 0x42);
    assert_int_equal(d.llc[1], 0x42);
    assert_int_equal(d.payload_bytes, 10);
    d = decode("udp 1.1.1.1:1 > 2.2.2.2:2 snap");
    assert_int_equal(d.layer, DECODE_TRANSPORT);
    assert_int_equal(d.ether_type, 0x0800);
    /* An organisation that is not Ethernet's stays LLC; 802.1H's does not. */
    (void)frame_at(&frame, 1, "udp 1.1.1.1:1 > 2.2.2.2:2 snap");
    frame.bytes[19] = 0x0c;
    (void)packet_decode(&frame.pkt, &d);
    assert_int_equal(d.layer, DECODE_LINK);
    assert_int_equal(d.outcome, DECODE_OK);
    frame.bytes[19] = 0xf8;
    (void)packet_decode(&frame.pkt, &d);
    assert_int_equal(d.layer, DECODE_TRANSPORT);
    /* SNAP inside SNAP ends here. */
    frame.bytes[20] = 0;
    frame.bytes[21] = 40;
    (void)packet_decode(&frame.pkt, &d);
    assert_int_equal(d.outcome, DECODE_OK);
    assert_int_equal(d.layer, DECODE_LINK);
    /* No room for an LLC header by the length field's own word. */
    (void)frame_at(&frame, 1, "ether llc len=10");
    frame.bytes[13] = 2;
    assert_int_equal(packet_decode(&frame.pkt, &d), DECODE_MALFORMED);
}

static void cooked_frames_that_carry_no_ether_type(void **state)
{
    struct decoded d;

    (void)state;
    (void)frame_at(&frame, 1, "ether ethertype=4 data=\x42\x42\x03rest link=sll");
    assert_int_equal(packet_decode(&frame.pkt, &d), DECODE_OK);
    assert_int_equal(d.llc[0], 0x42);
    assert_int_equal(d.payload_bytes, 4);
    (void)frame_at(&frame, 1, "ether ethertype=12 len=4 link=sll");
    assert_int_equal(packet_decode(&frame.pkt, &d), DECODE_OK);
    assert_int_equal(d.layer, DECODE_LINK);
    /* On netlink devices the field is a netlink family. */
    (void)frame_at(&frame, 1, "udp 1.1.1.1:1 > 2.2.2.2:2 link=sll");
    frame.bytes[2] = 824 >> 8;
    frame.bytes[3] = 824 & 0xff;
    assert_int_equal(packet_decode(&frame.pkt, &d), DECODE_OK);
    assert_int_equal(d.layer, DECODE_LINK);
}

static void arp(void **state)
{
    struct decoded d = decode("arp 10.0.0.1 > 10.0.0.9 op=2 pad=18");

    (void)state;
    assert_int_equal(d.outcome, DECODE_OK);
    assert_int_equal(d.layer, DECODE_NETWORK);
    assert_int_equal(d.ip_version, 0);
    assert_int_equal(d.arp_op, 2);
    assert_int_equal(d.addr[0].bytes[3], 1);
    assert_int_equal(d.addr[1].bytes[3], 9);
    assert_int_equal(decode("arp 10.0.0.1 > 10.0.0.9 cap=41").outcome,
                     DECODE_TRUNCATED);
    /* ARP for something else than IPv4 over Ethernet has no addresses for a flow. */
    (void)frame_at(&frame, 1, "arp 10.0.0.1 > 10.0.0.9");
    frame.bytes[18] = 8;
    assert_int_equal(packet_decode(&frame.pkt, &d), DECODE_OK);
    assert_int_equal(d.layer, DECODE_LINK);
}

static void ip4_options_are_skipped(void **state)
{
    struct decoded d = decode("udp 1.1.1.1:5 > 2.2.2.2:6 ipopt=12 len=3");

    (void)state;
    assert_int_equal(d.outcome, DECODE_OK);
    assert_int_equal(d.port[0], 5);
    assert_int_equal(d.ip_bytes, 20 + 12 + 8 + 3);
    assert_int_equal(d.payload_bytes, 3);
}

/* Frames that the network card was to cut up: the length field is 0. */
static void offload_believes_the_wire(void **state)
{
    struct decoded d = decode("tcp 1.1.1.1:5 > 2.2.2.2:6 A iplen=0 len=65500 cap=68");

    (void)state;
    assert_int_equal(d.outcome, DECODE_OK);
    assert_int_equal(d.ip_bytes, 20 + 20 + 65500);
    assert_int_equal(d.payload_bytes, 65500);
    assert_int_equal(d.payload.n, 68 - 54);
    d = decode("tcp [::1]:5 > [::2]:6 A iplen=0 len=65500");
    assert_int_equal(d.ip_bytes, 40 + 20 + 65500);
    assert_int_equal(d.payload_bytes, 65500);
    /* A length that is more than the wire carried is not believed either. */
    d = decode("udp 1.1.1.1:5 > 2.2.2.2:6 iplen=60000 udplen=59980 len=10");
    assert_int_equal(d.outcome, DECODE_OK);
    assert_int_equal(d.ip_bytes, 38);
    assert_int_equal(d.payload_bytes, 10);
    d = decode("udp [::1]:5 > [::2]:6 iplen=60000 udplen=60000 len=10");
    assert_int_equal(d.ip_bytes, 58);
    assert_int_equal(d.payload_bytes, 10);
    /* UDP length 0, too. */
    d = decode("udp 1.1.1.1:5 > 2.2.2.2:6 udplen=0 len=10");
    assert_int_equal(d.payload_bytes, 10);
    /* But "nothing follows" and length 0 is what it says, whatever the padding. */
    d = decode("ip ::1 > ::2 proto=59 iplen=0 pad=6");
    assert_int_equal(d.ip_bytes, 40);
    assert_int_equal(d.payload_bytes, 0);
    assert_int_equal(d.outcome, DECODE_OK);
}

static void capture_length_does_not_change_the_payload(void **state)
{
    struct decoded d = decode("udp 1.1.1.1:5 > 2.2.2.2:6 len=1000 cap=60");

    (void)state;
    assert_int_equal(d.outcome, DECODE_OK);
    assert_int_equal(d.payload_bytes, 1000);
    assert_int_equal(d.payload.n, 60 - 42);
    assert_int_equal(d.frame_bytes, 1042);
}

struct short_case {
    const char *text;
    enum decode_outcome outcome;
    enum decode_layer layer;
};

static void check_cases(const struct short_case *cases, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct decoded d = decode(cases[i].text);

        if (d.outcome != cases[i].outcome || d.layer != cases[i].layer)
            fail_msg("%s: outcome %d, layer %d", cases[i].text, (int)d.outcome,
                     (int)d.layer);
    }
}

/* Cut by the capture: truncated.  Cut on the wire: malformed. */
static void short_headers(void **state)
{
    static const struct short_case cases[] = {
        {"tcp 1.1.1.1:1 > 2.2.2.2:2 cap=0", DECODE_TRUNCATED, DECODE_NOTHING},
        {"tcp 1.1.1.1:1 > 2.2.2.2:2 cap=13", DECODE_TRUNCATED, DECODE_NOTHING},
        {"tcp 1.1.1.1:1 > 2.2.2.2:2 cap=13 wire=13", DECODE_MALFORMED, DECODE_NOTHING},
        {"tcp 1.1.1.1:1 > 2.2.2.2:2 cap=33", DECODE_TRUNCATED, DECODE_LINK},
        {"tcp 1.1.1.1:1 > 2.2.2.2:2 cap=33 wire=33", DECODE_MALFORMED, DECODE_LINK},
        {"tcp 1.1.1.1:1 > 2.2.2.2:2 ipopt=8 cap=41", DECODE_TRUNCATED, DECODE_NETWORK},
        {"tcp 1.1.1.1:1 > 2.2.2.2:2 cap=53", DECODE_TRUNCATED, DECODE_NETWORK},
        {"tcp 1.1.1.1:1 > 2.2.2.2:2 cap=53 wire=53", DECODE_MALFORMED, DECODE_NETWORK},
        {"tcp 1.1.1.1:1 > 2.2.2.2:2 iplen=39", DECODE_MALFORMED, DECODE_NETWORK},
        {"tcp [::1]:1 > [::2]:2 cap=53", DECODE_TRUNCATED, DECODE_LINK},
        {"tcp [::1]:1 > [::2]:2 cap=73", DECODE_TRUNCATED, DECODE_NETWORK},
        {"tcp [::1]:1 > [::2]:2 ext=60 cap=61", DECODE_TRUNCATED, DECODE_NETWORK},
        {"tcp [::1]:1 > [::2]:2 ext=60 cap=61 wire=61", DECODE_MALFORMED,
         DECODE_NETWORK},
        {"udp 1.1.1.1:1 > 2.2.2.2:2 cap=41", DECODE_TRUNCATED, DECODE_NETWORK},
        {"icmp 1.1.1.1 > 2.2.2.2 cap=37", DECODE_TRUNCATED, DECODE_NETWORK},
        {"esp 1.1.1.1 > 2.2.2.2 cap=40", DECODE_TRUNCATED, DECODE_NETWORK},
        {"sctp 1.1.1.1:1 > 2.2.2.2:2 cap=45", DECODE_TRUNCATED, DECODE_NETWORK},
        {"udp 1.1.1.1:1 > 2.2.2.2:2 vlan=1 cap=17", DECODE_TRUNCATED, DECODE_LINK},
        {"ether llc cap=16", DECODE_TRUNCATED, DECODE_LINK},
        {"ether snap cap=21", DECODE_TRUNCATED, DECODE_LINK},
        {"udp 1.1.1.1:1 > 2.2.2.2:2 link=sll cap=15", DECODE_TRUNCATED, DECODE_NOTHING},
        {"udp 1.1.1.1:1 > 2.2.2.2:2 link=sll2 cap=19", DECODE_TRUNCATED,
         DECODE_NOTHING},
        {"udp 1.1.1.1:1 > 2.2.2.2:2 link=null cap=3", DECODE_TRUNCATED, DECODE_NOTHING},
        {"udp 1.1.1.1:1 > 2.2.2.2:2 link=raw cap=0", DECODE_TRUNCATED, DECODE_NOTHING},
        {"udp 1.1.1.1:1 > 2.2.2.2:2 link=ppp cap=1", DECODE_TRUNCATED, DECODE_NOTHING},
        {"udp 1.1.1.1:1 > 2.2.2.2:2 link=ppp cap=3", DECODE_TRUNCATED, DECODE_NOTHING},
        {"udp 1.1.1.1:1 > 2.2.2.2:2 link=hdlc cap=3", DECODE_TRUNCATED, DECODE_NOTHING},
    };

    (void)state;
    check_cases(cases, sizeof cases / sizeof cases[0]);
}

static void headers_that_contradict_themselves(void **state)
{
    static const struct short_case cases[] = {
        {"tcp 1.1.1.1:1 > 2.2.2.2:2 doff=4", DECODE_MALFORMED, DECODE_NETWORK},
        {"tcp 1.1.1.1:1 > 2.2.2.2:2 doff=6", DECODE_MALFORMED, DECODE_NETWORK},
        {"tcp 1.1.1.1:1 > 2.2.2.2:2 iplen=19", DECODE_MALFORMED, DECODE_LINK},
        {"udp 1.1.1.1:1 > 2.2.2.2:2 udplen=7", DECODE_MALFORMED, DECODE_NETWORK},
        {"udp 1.1.1.1:1 > 2.2.2.2:2 iplen=27", DECODE_MALFORMED, DECODE_NETWORK},
        {"udp [::1]:1 > [::2]:2 link=ip4", DECODE_MALFORMED, DECODE_LINK},
        {"udp 1.1.1.1:1 > 2.2.2.2:2 link=ip6 len=20", DECODE_MALFORMED, DECODE_LINK},
        {"udp [::1]:1 > [::2]:2 ext=0,60,60,60,60,60,60,60,60,60,60,60,60,60,60,60,60",
         DECODE_MALFORMED, DECODE_NETWORK},
    };
    struct decoded d;

    (void)state;
    check_cases(cases, sizeof cases / sizeof cases[0]);
    /* A header length below the minimum, and one past the packet. */
    (void)frame_at(&frame, 1, "udp 1.1.1.1:1 > 2.2.2.2:2");
    frame.bytes[14] = 0x44;
    assert_int_equal(packet_decode(&frame.pkt, &d), DECODE_MALFORMED);
    frame.bytes[14] = 0x4f;
    assert_int_equal(packet_decode(&frame.pkt, &d), DECODE_MALFORMED);
    /* Neither IPv4 nor IPv6 on a link that has nothing else. */
    (void)frame_at(&frame, 1, "udp 1.1.1.1:1 > 2.2.2.2:2 link=raw");
    frame.bytes[0] = 0x55;
    assert_int_equal(packet_decode(&frame.pkt, &d), DECODE_MALFORMED);
}

/* Captures of 68 bytes a packet cut TCP options off; nothing of them is needed. */
static void cut_tcp_options_do_no_harm(void **state)
{
    struct decoded d = decode("tcp 1.1.1.1:1 > 2.2.2.2:2 S doff=10 len=20 cap=54");

    (void)state;
    assert_int_equal(d.outcome, DECODE_OK);
    assert_int_equal(d.tcp_flags, 2);
    assert_int_equal(d.payload_bytes, 0);
    assert_int_equal(d.payload.n, 0);
}

static void fragments(void **state)
{
    struct decoded d = decode("udp 1.1.1.1:1 > 2.2.2.2:2 mf ipid=7 udplen=2008 len=16");

    (void)state;
    /* The first one has the ports; the whole datagram's length is no lie. */
    assert_true(d.is_fragment);
    assert_false(d.bad_fragment);
    assert_int_equal(d.outcome, DECODE_OK);
    assert_int_equal(d.layer, DECODE_TRANSPORT);
    assert_int_equal(d.payload_bytes, 16);
    d = decode("udp 1.1.1.1:1 > 2.2.2.2:2 frag=1480 ipid=7 len=13");
    assert_true(d.is_fragment);
    assert_false(d.bad_fragment);
    assert_int_equal(d.fragment_offset, 1480);
    assert_int_equal(d.fragment_id, 7);
    assert_int_equal(d.layer, DECODE_NETWORK);
    assert_int_equal(d.outcome, DECODE_OK);
    assert_int_equal(d.payload_bytes, 13);
    /* Not a multiple of eight, and not the last. */
    assert_true(decode("udp 1.1.1.1:1 > 2.2.2.2:2 mf frag=1480 len=13").bad_fragment);
    /* The longest datagram ends at 65,535, header included. */
    assert_false(decode("ip 1.1.1.1 > 2.2.2.2 frag=65504 len=11").bad_fragment);
    assert_true(decode("ip 1.1.1.1 > 2.2.2.2 frag=65504 len=12").bad_fragment);
}

static void ip6_extension_headers(void **state)
{
    struct decoded d = decode("udp [fe80::1]:5 > [fe80::2]:6 ext=0,43,60,51 tos=0x12 "
                              "ttl=9 len=4");

    (void)state;
    assert_int_equal(d.outcome, DECODE_OK);
    assert_int_equal(d.protocol, 17);
    assert_int_equal(d.tos, 0x12);
    assert_int_equal(d.ttl, 9);
    assert_int_equal(d.port[1], 6);
    assert_int_equal(d.payload_bytes, 4);
    assert_int_equal(d.ip_bytes, 40 + 32 + 8 + 4);
    assert_int_equal(d.addr[0].bytes[0], 0xfe);
    assert_int_equal(d.addr[1].bytes[15], 2);
}

static void ip6_fragments(void **state)
{
    struct decoded d =
        decode("udp [::1]:5 > [::2]:6 ext=44 frag=1448 ipid=70000 len=9");

    (void)state;
    assert_true(d.is_fragment);
    assert_false(d.bad_fragment);
    assert_int_equal(d.fragment_offset, 1448);
    assert_int_equal(d.fragment_id, 70000);
    assert_int_equal(d.protocol, 17);
    assert_int_equal(d.layer, DECODE_NETWORK);
    d = decode("udp [::1]:5 > [::2]:6 ext=44 mf len=8");
    assert_true(d.is_fragment);
    assert_int_equal(d.layer, DECODE_TRANSPORT);
    assert_true(decode("udp [::1]:5 > [::2]:6 ext=44 mf len=9").bad_fragment);
    assert_true(decode("ip ::1 > ::2 ext=44 frag=65528 len=8").bad_fragment);
    assert_false(decode("ip ::1 > ::2 ext=44 frag=65528 len=7").bad_fragment);
    /* An atomic fragment is none. */
    assert_false(decode("udp [::1]:5 > [::2]:6 ext=44 len=9").is_fragment);
}

static void icmp_and_the_others(void **state)
{
    struct decoded d = decode("icmp 1.1.1.1 > 2.2.2.2 type=8 code=3 id=7 icmpseq=9");

    (void)state;
    assert_int_equal(d.layer, DECODE_TRANSPORT);
    assert_int_equal(d.icmp_type, 8);
    assert_int_equal(d.icmp_code, 3);
    assert_int_equal(d.icmp_id, 7);
    assert_int_equal(d.icmp_seq, 9);
    /* In other messages the word means something else. */
    assert_int_equal(decode("icmp 1.1.1.1 > 2.2.2.2 type=3 id=7").icmp_id, 0);
    assert_int_equal(decode("icmp 1.1.1.1 > 2.2.2.2 type=13 id=7").icmp_id, 7);
    d = decode("icmp6 ::1 > ::2 type=129 id=7 icmpseq=8");
    assert_int_equal(d.icmp_type, 129);
    assert_int_equal(d.icmp_id, 7);
    assert_int_equal(decode("icmp6 ::1 > ::2 type=8 id=7").icmp_id, 0);
    d = decode("igmp 1.1.1.1 > 224.0.0.1 type=0x16");
    assert_int_equal(d.icmp_type, 0x16);
    assert_int_equal(d.icmp_id, 0);
    assert_int_equal(d.layer, DECODE_TRANSPORT);
    assert_true(decode("esp 1.1.1.1 > 2.2.2.2 spi=0xdeadbeef").spi == 0xdeadbeef);
    d = decode("sctp 1.1.1.1:36412 > 2.2.2.2:7 len=4");
    assert_int_equal(d.port[0], 36412);
    assert_int_equal(d.payload_bytes, 4);
    assert_int_equal(decode("udplite 1.1.1.1:3 > 2.2.2.2:7").port[1], 7);
    d = decode("gre 1.1.1.1 > 2.2.2.2 len=9");
    assert_int_equal(d.outcome, DECODE_OK);
    assert_int_equal(d.layer, DECODE_NETWORK);
    assert_int_equal(d.protocol, 47);
    assert_int_equal(d.payload_bytes, 13);
}

static void other_ether_types_end_well(void **state)
{
    struct decoded d = decode("ether ethertype=0x88cc len=30");

    (void)state;
    assert_int_equal(d.outcome, DECODE_OK);
    assert_int_equal(d.layer, DECODE_LINK);
    assert_int_equal(d.ether_type, 0x88cc);
    assert_int_equal(d.payload_bytes, 30);
}

/* A record that claims to have captured more than there was. */
static void wire_is_at_least_what_was_captured(void **state)
{
    struct decoded d = decode("udp 1.1.1.1:1 > 2.2.2.2:2 len=5 wire=10");

    (void)state;
    assert_int_equal(d.frame_bytes, 47);
    assert_int_equal(d.outcome, DECODE_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tcp_over_ethernet),
        cmocka_unit_test(every_link_type_reaches_transport),
        cmocka_unit_test(only_links_with_both_macs_say_so),
        cmocka_unit_test(loopback_families),
        cmocka_unit_test(ppp_in_its_forms),
        cmocka_unit_test(unknown_links_are_unsupported),
        cmocka_unit_test(vlan_tags_stack),
        cmocka_unit_test(pppoe_sessions),
        cmocka_unit_test(mpls_labels),
        cmocka_unit_test(llc_and_snap),
        cmocka_unit_test(cooked_frames_that_carry_no_ether_type),
        cmocka_unit_test(arp),
        cmocka_unit_test(ip4_options_are_skipped),
        cmocka_unit_test(offload_believes_the_wire),
        cmocka_unit_test(capture_length_does_not_change_the_payload),
        cmocka_unit_test(short_headers),
        cmocka_unit_test(headers_that_contradict_themselves),
        cmocka_unit_test(cut_tcp_options_do_no_harm),
        cmocka_unit_test(fragments),
        cmocka_unit_test(ip6_extension_headers),
        cmocka_unit_test(ip6_fragments),
        cmocka_unit_test(icmp_and_the_others),
        cmocka_unit_test(other_ether_types_end_well),
        cmocka_unit_test(wire_is_at_least_what_was_captured),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

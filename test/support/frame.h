/* SPDX-License-Identifier: Apache-2.0 */
/*
 * support/frame.h - packets from readable text.
 *
 *     struct frame f;
 *     lw_meter_add(m, frame_at(&f, 1.5, "tcp 10.0.0.1:1234 > 10.0.0.2:80 S seq=1"),
 * ...);
 *
 * The text is a protocol, two endpoints, then words in any order:
 *
 *     tcp udp udplite sctp  A:port > B:port, IPv6 in brackets: [fe80::1]:80
 *     icmp icmp6 igmp esp gre ip  A > B
 *     arp  A > B            sender and target; op=1 request (default), 2 reply;
 *                           mac=N of the sender (default 1)
 *     ether                 no network header; ethertype=N (default 0x88b5)
 *
 *     S SA FPA ...          TCP flags, of FSRPAUEC; seq= ack= win= urg= doff=
 *     type= code=           ICMP; id= and icmpseq= for echo
 *     spi= proto=           ESP; the protocol number of `ip`
 *     len=N                 N zero bytes of payload; data=TEXT gives bytes, with \s for
 *                           a blank, \r, \n, and \x00 for any byte
 *     ttl= tos= ipid=       IP; frag=BYTES offset, mf more fragments
 *     cut=AT,N              only N bytes of the datagram from AT on, as a fragment
 *     iplen=N udplen=N      lie in the length fields
 *     ipopt=N               N bytes of IPv4 options; ext=N,N IPv6 extension headers
 *     vlan=N                a tag; several stack; vlantype=N for the next ones
 *     pppoe mpls=N          a PPPoE session, or N labels, between EtherType and IP
 *     llc snap              802.3 forms instead of an EtherType
 *     link=NAME             eth sll sll2 raw ip4 ip6 null null-be loop ppp hdlc
 *     cap=N wire=N          cut the captured part; claim another wire length
 *     pad=N                 N bytes of trailer
 *
 * What stands behind a bar is a frame that is the payload of the one before it, or,
 * with link=raw, a packet; there may be several:
 *
 *     udp A:9 > B:4789 vxlan=7 | tcp A:1 > B:2 S
 *     ip A > B proto=4 | udp A:1 > B:2 link=raw
 *
 *     vxlan= geneve=        a VNI; gtp= a TEID; l2tp= a session: headers in front of it
 *     grekey= greseq=       GRE's; grecsum; greproto= what it carries (default IPv4);
 *                           call= makes it PPTP
 *     hex=0123ab            bytes in front of it
 *
 * MACs are 02:00:00:00:00:01 > 02:00:00:00:00:02.  Checksums are 0, but for sum=N of
 * TCP, UDP and ICMP.  Text that does not parse ends the program.
 */
#ifndef SUPPORT_FRAME_H
#define SUPPORT_FRAME_H

#include "base/buf.h"

#include <lapwing/capture.h>

enum { FRAME_BYTES_MAX = 70000 };

struct frame {
    struct lw_packet pkt; /* pkt.data is borrowed from `bytes` */
    uint8_t bytes[FRAME_BYTES_MAX];
};

/** Build a frame; returns &f->pkt. */
const struct lw_packet *frame_ns(struct frame *f, int64_t time_ns, const char *text);
const struct lw_packet *frame_at(struct frame *f, double time_s, const char *text);

/** How to write a pcap file image.  All zero: microseconds, little-endian, Ethernet. */
struct pcap_style {
    bool big_endian;
    bool nanoseconds;
    bool modified;      /* the dialect with 24-byte packet headers */
    uint32_t link_type; /* 0: Ethernet; NULL links have none here */
    uint16_t minor;     /* 0: version 2.4 */
};

/** Append a file header, then packets, to `b`. */
void pcap_image_begin(struct buf *b, const struct pcap_style *style);
void pcap_image_add(struct buf *b, const struct pcap_style *style,
                    const struct lw_packet *pkt);

#endif /* SUPPORT_FRAME_H */

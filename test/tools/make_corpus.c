/* SPDX-License-Identifier: Apache-2.0 */
/*
 * make_corpus DIR - write the seeds of the capture and decode fuzz targets, and those
 * of the flows target that are about tunnels and fragments, below DIR (test/corpus).
 * What fuzzing found besides is there too, under its hash; compressed seeds are made
 * from these with `gzip -9n`, `zstd -19` and `xz -0`.
 */
#include "frame.h"
#include "pcapng_image.h"
#include "sequence.h"

#include <stdio.h>
#include <stdlib.h>

static struct frame frame;

static void save(const char *dir, const char *name, struct buf *b)
{
    char path[4096];
    FILE *f;

    (void)snprintf(path, sizeof path, "%s/%s", dir, name);
    f = fopen(path, "wb");
    if (f == NULL || fwrite(b->data, 1, b->len, f) != b->len || fclose(f) != 0) {
        perror(path);
        exit(1);
    }
    buf_release(b);
}

static void make_pcap(const char *dir, const char *name, const struct pcap_style *style)
{
    struct buf b;

    buf_init(&b);
    pcap_image_begin(&b, style);
    pcap_image_add(&b, style, frame_at(&frame, 1.5, "udp 1.1.1.1:1 > 2.2.2.2:2"));
    pcap_image_add(&b, style,
                   frame_at(&frame, 2, "tcp 1.1.1.1:1 > 2.2.2.2:2 S len=9 cap=60"));
    save(dir, name, &b);
}

static void make_sections(const char *dir)
{
    struct buf b;

    buf_init(&b);
    for (int big = 0; big < 2; big++) {
        struct ng w = {&b, big};

        ng_section(&w);
        ng_interface(&w, &(struct ng_interface){.has_tsresol = true, .tsresol = 9});
        ng_interface(&w, &(struct ng_interface){.link_type = 101, .tsoffset_s = 60});
        (void)frame_at(&frame, 0, "udp 1.1.1.1:1 > 2.2.2.2:2");
        ng_packet(&w, 0, 1500000000, &frame.pkt);
        ng_block(&w, 5, "statistics..", 12);
        ng_simple(&w, &frame.pkt);
        ng_obsolete(&w, 1, 2000000, frame_at(&frame, 0, "arp 1.1.1.1 > 2.2.2.2"));
    }
    save(dir, "sections.pcapng", &b);
}

/* A block that is not read, with a wrong length at its end, between packets. */
static void make_damaged(const char *dir)
{
    struct buf b;
    struct ng w = {&b, false};
    const struct lw_packet *pkt = frame_at(&frame, 0, "udp 1.1.1.1:1 > 2.2.2.2:2");

    buf_init(&b);
    ng_section(&w);
    ng_interface(&w, &(struct ng_interface){0});
    ng_packet(&w, 0, 1, pkt);
    ng_block(&w, 5, "statistics..", 12);
    b.data[b.len - 4] = 100;
    ng_packet(&w, 0, 2, pkt);
    save(dir, "damaged.pcapng", &b);
}

static void make_captures(const char *dir)
{
    make_pcap(dir, "two.pcap", &(struct pcap_style){0});
    make_pcap(dir, "big-ns.pcap",
              &(struct pcap_style){.big_endian = true, .nanoseconds = true});
    make_pcap(dir, "modified.pcap", &(struct pcap_style){.modified = true});
    make_pcap(dir, "v2.3.pcap", &(struct pcap_style){.minor = 3});
    make_sections(dir);
    make_damaged(dir);
}

/* A decode input: link type, bytes missing from the capture, frame. */
static void make_frame(const char *dir, const char *name, const char *text)
{
    struct buf b;

    (void)frame_at(&frame, 0, text);
    buf_init(&b);
    buf_add_le16(&b, (uint16_t)frame.pkt.link_type);
    buf_add_le16(&b, (uint16_t)(frame.pkt.wire_bytes - frame.pkt.captured_bytes));
    buf_add(&b, frame.pkt.data, frame.pkt.captured_bytes);
    save(dir, name, &b);
}

static void make_frames(const char *dir)
{
    static const char *const frames[][2] = {
        {"tcp", "tcp 10.0.0.1:1234 > 10.0.0.2:80 SA seq=1 ack=2 len=4 pad=2"},
        {"udp6-extensions", "udp [fe80::1]:1 > [fe80::2]:2 ext=0,43,60,51,44 len=4"},
        {"fragment", "udp 1.1.1.1:1 > 2.2.2.2:2 frag=1480 mf ipopt=4 len=8"},
        {"qinq-icmp", "icmp 1.1.1.1 > 2.2.2.2 vlantype=0x88a8 vlan=7 vlan=8 id=3"},
        {"snap", "udp 1.1.1.1:1 > 2.2.2.2:2 snap len=2"},
        {"llc", "ether llc len=9 pad=20"},
        {"arp", "arp 10.0.0.1 > 10.0.0.2"},
        {"sll", "esp 1.1.1.1 > 2.2.2.2 link=sll spi=5"},
        {"sll2-vlan", "sctp 1.1.1.1:3 > 2.2.2.2:4 link=sll2 vlan=9"},
        {"null", "icmp6 ::1 > ::2 link=null"},
        {"loop", "udplite 1.1.1.1:3 > 2.2.2.2:4 link=loop"},
        {"raw", "tcp [::1]:1 > [::2]:2 R link=raw"},
        {"ppp", "igmp 1.1.1.1 > 224.0.0.1 link=ppp type=22"},
        {"hdlc", "gre 1.1.1.1 > 2.2.2.2 link=hdlc len=20"},
        {"pppoe", "tcp 1.1.1.1:1 > 2.2.2.2:2 FA pppoe"},
        {"mpls", "tcp 1.1.1.1:1 > 2.2.2.2:2 FA mpls=2"},
        {"4in6",
         "ip ::1 > ::2 ext=0,60 proto=4 | tcp 1.1.1.1:1 > 2.2.2.2:2 S link=raw"},
        {"6in4", "ip 1.1.1.1 > 2.2.2.2 proto=41 | udp [::1]:1 > [::2]:2 link=raw"},
        {"authenticated",
         "ip 1.1.1.1 > 2.2.2.2 proto=51 hex=040400000000000000000000"
         "111122223333444455556666 | udp 1.1.1.1:1 > 2.2.2.2:2 link=raw"},
        {"gre", "gre 1.1.1.1 > 2.2.2.2 grecsum grekey=7 greseq=1 | tcp 1.1.1.1:1 > "
                "2.2.2.2:2 S link=raw"},
        {"nvgre",
         "gre 1.1.1.1 > 2.2.2.2 greproto=0x6558 grekey=0x700 | tcp 1.1.1.1:1 > "
         "2.2.2.2:2 S vlan=5"},
        {"pptp", "gre 1.1.1.1 > 2.2.2.2 call=9 greseq=1 | udp 1.1.1.1:1 > 2.2.2.2:2 "
                 "link=ppp"},
        {"wccp", "gre 1.1.1.1 > 2.2.2.2 greproto=0x883e hex=01020304 | udp 1.1.1.1:1 > "
                 "2.2.2.2:2 link=raw"},
        {"erspan2", "gre 1.1.1.1 > 2.2.2.2 greproto=0x88be greseq=7 "
                    "hex=1005000300000000 | tcp 1.1.1.1:1 > 2.2.2.2:2 S"},
        {"erspan3", "gre 1.1.1.1 > 2.2.2.2 greproto=0x22eb greseq=7 "
                    "hex=2005000400000000000000011122334455667788 | arp 1.1.1.1 > "
                    "2.2.2.2"},
        {"etherip",
         "ip 1.1.1.1 > 2.2.2.2 proto=97 hex=3000 | udp 1.1.1.1:1 > 2.2.2.2:2"},
        {"pseudowire", "ether mpls=2 hex=00000000 | tcp 1.1.1.1:1 > 2.2.2.2:2 S"},
        {"mpls-in-gre", "gre 1.1.1.1 > 2.2.2.2 greproto=0x8847 hex=0001014000000000 | "
                        "tcp 1.1.1.1:1 > 2.2.2.2:2 S"},
        {"vxlan", "udp 1.1.1.1:9 > 2.2.2.2:4789 vxlan=7 | tcp 1.1.1.1:1 > 2.2.2.2:2 S"},
        {"vxlan-gpe",
         "udp 1.1.1.1:9 > 2.2.2.2:4790 hex=0c00000100000700 | tcp 1.1.1.1:1 "
         "> 2.2.2.2:2 S link=raw"},
        {"geneve", "udp 1.1.1.1:9 > 2.2.2.2:6081 hex=0200655800000500"
                   "00000101ffffffff | tcp 1.1.1.1:1 > 2.2.2.2:2 S"},
        {"teredo", "udp 1.1.1.1:9 > 2.2.2.2:3544 hex=00010102aabbcc000000000000000000"
                   "0000112233445566 | udp [2001:0:1::1]:5 > [fd00::1]:6 link=raw"},
        {"gtp",
         "udp 1.1.1.1:9 > 2.2.2.2:2152 hex=36ff0030000000070001008501aabb00 | tcp "
         "1.1.1.1:1 > 2.2.2.2:2 S link=raw"},
        {"l2tp",
         "udp 1.1.1.1:9 > 2.2.2.2:1701 hex=4a02003c0001000900000000000201bc | tcp "
         "1.1.1.1:1 > 2.2.2.2:2 S link=ppp"},
        {"nested", "udp 1.1.1.1:9 > 2.2.2.2:4789 vxlan=7 | gre 1.1.1.1 > 1.1.1.2 | ip "
                   "2.2.2.1 > 2.2.2.2 proto=41 link=raw | udp [::1]:1 > [::2]:2 "
                   "link=raw"},
        {"offload", "tcp 1.1.1.1:1 > 2.2.2.2:2 A iplen=0 len=3000 cap=60"},
    };

    for (size_t i = 0; i < sizeof frames / sizeof frames[0]; i++)
        make_frame(dir, frames[i][0], frames[i][1]);
}

/* A flows input (fuzz/sequence.h); `fails`: which allocation, 0 none. */
static void make_flow(const char *dir, const char *name, uint8_t kind, uint8_t fails,
                      const char *const *texts)
{
    struct buf b;

    buf_init(&b);
    buf_add_u8(&b, 15);
    buf_add_u8(&b, kind);
    buf_add_u8(&b, 0x10);
    buf_add_u8(&b, fails);
    for (; *texts != NULL; texts++) {
        (void)frame_at(&frame, 0, *texts);
        sequence_put(
            &b,
            &(struct sequence_entry){
                .step = 20,
                .missing = (uint16_t)(frame.pkt.wire_bytes - frame.pkt.captured_bytes),
                .bytes = span_of(frame.pkt.data, frame.pkt.captured_bytes)});
    }
    save(dir, name, &b);
}

static void make_flows(const char *dir)
{
    enum { INNER = 0x10, BOTH = 0x20, FEW = 0x40, ALL = 0x82 };
    static const char *const tunnels[] = {
        "udp 1.1.1.1:9 > 2.2.2.2:4789 vxlan=7 | tcp 1.1.1.1:1 > 2.2.2.2:2 S",
        "udp 2.2.2.2:9 > 1.1.1.1:4789 vxlan=7 | tcp 2.2.2.2:2 > 1.1.1.1:1 SA",
        "gre 1.1.1.1 > 2.2.2.2 grekey=7 | icmp 1.1.1.1 > 2.2.2.2 id=5 link=raw",
        "gre 1.1.1.1 > 2.2.2.2 len=30", NULL};
    static const char *const fragments[] = {
        "tcp 1.1.1.1:1 > 2.2.2.2:2 S ipid=1 len=8 cut=0,8",
        "tcp 1.1.1.1:1 > 2.2.2.2:2 S ipid=1 len=8 cut=16,12",
        "tcp 1.1.1.1:1 > 2.2.2.2:2 S ipid=1 len=8 cut=8,8",
        "udp 1.1.1.1:1 > 2.2.2.2:2 ipid=2 len=40 cut=0,32",
        "udp 1.1.1.1:1 > 2.2.2.2:2 ipid=2 len=40 cut=24,24",
        NULL};
    static const char *const six[] = {
        "udp [::1]:1 > [::2]:2 ext=44 ipid=1 len=40 cut=24,24",
        "udp [::1]:1 > [::2]:2 ext=44 ipid=1 len=40 cut=0,24",
        "udp [::1]:1 > [::2]:2 ext=44 ipid=2 data=1234567890123456 cut=0,16",
        "ip ::1 > ::2 ext=44 ipid=2 proto=17 frag=8 len=16",
        "udp [::1]:1 > [::2]:2 ext=44 ipid=3 len=8 cut=0,8",
        "udp [::1]:1 > [::2]:2 ext=44 ipid=4 len=8 cut=0,8",
        "udp [::1]:1 > [::2]:2 ext=44 ipid=5 len=8 cut=0,8",
        NULL};
    static const char *const fragmented[] = {
        "gre 1.1.1.1 > 2.2.2.2 ipid=1 cut=0,24 | udp 1.1.1.1:1 > 2.2.2.2:2 len=8 "
        "link=raw",
        "gre 1.1.1.1 > 2.2.2.2 ipid=1 cut=24,16 | udp 1.1.1.1:1 > 2.2.2.2:2 len=8 "
        "link=raw",
        "ip ::1 > ::2 proto=4 | udp 1.1.1.1:1 > 2.2.2.2:2 len=8 ipid=4 cut=0,8 "
        "link=raw",
        "ip ::1 > ::2 proto=4 | udp 1.1.1.1:1 > 2.2.2.2:2 len=8 ipid=4 cut=8,8 "
        "link=raw",
        NULL};

    make_flow(dir, "tunnels-inner", INNER, 0, tunnels);
    make_flow(dir, "tunnels-both", BOTH, 0, tunnels);
    make_flow(dir, "fragments-tiny", 0, 0, fragments);
    make_flow(dir, "fragments-six", FEW, 0, six);
    make_flow(dir, "fragments-tunnel", INNER, 0, fragmented);
    /* Of these, some allocation after the other is the one that fails. */
    for (uint8_t fails = 1; fails < 32; fails += 3) {
        char name[32];

        (void)snprintf(name, sizeof name, "starved-%02u", fails);
        make_flow(dir, name, (uint8_t)(BOTH | ALL), fails, fragmented);
    }
}

int main(int argc, char **argv)
{
    char dir[2048];

    if (argc != 2) {
        (void)fprintf(stderr, "usage: make_corpus DIR\n");
        return 2;
    }
    (void)snprintf(dir, sizeof dir, "%s/capture", argv[1]);
    make_captures(dir);
    (void)snprintf(dir, sizeof dir, "%s/decode", argv[1]);
    make_frames(dir);
    (void)snprintf(dir, sizeof dir, "%s/flows", argv[1]);
    make_flows(dir);
    return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * make_corpus DIR - write the seeds of the capture and decode fuzz targets below DIR
 * (test/corpus).  What fuzzing found besides is there too, under its hash; compressed
 * seeds are made from these with `gzip -9n`, `zstd -19` and `xz -0`.
 */
#include "frame.h"
#include "pcapng_image.h"

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

static void make_captures(const char *dir)
{
    make_pcap(dir, "two.pcap", &(struct pcap_style){0});
    make_pcap(dir, "big-ns.pcap",
              &(struct pcap_style){.big_endian = true, .nanoseconds = true});
    make_pcap(dir, "modified.pcap", &(struct pcap_style){.modified = true});
    make_pcap(dir, "v2.3.pcap", &(struct pcap_style){.minor = 3});
    make_sections(dir);
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
        {"offload", "tcp 1.1.1.1:1 > 2.2.2.2:2 A iplen=0 len=3000 cap=60"},
    };

    for (size_t i = 0; i < sizeof frames / sizeof frames[0]; i++)
        make_frame(dir, frames[i][0], frames[i][1]);
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
    return 0;
}

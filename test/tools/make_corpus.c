/* SPDX-License-Identifier: Apache-2.0 */
/*
 * make_corpus DIR - write the seeds of the capture, decode and handshake fuzz targets,
 * and those of the flows target that are about tunnels, fragments and streams, below
 * DIR (test/corpus). What fuzzing found besides is there too, under its hash;
 * compressed seeds are made from these with `gzip -9n`, `zstd -19` and `xz -0`.
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
static void make_sequence(const char *dir, const char *name, uint8_t size, uint8_t kind,
                          uint8_t fails, const char *const *texts)
{
    struct buf b;

    buf_init(&b);
    buf_add_u8(&b, size);
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

static void make_flow(const char *dir, const char *name, uint8_t kind, uint8_t fails,
                      const char *const *texts)
{
    make_sequence(dir, name, 15, kind, fails, texts);
}

#define C "tcp 10.0.0.1:1234 > 10.0.0.2:80 "
#define S "tcp 10.0.0.2:80 > 10.0.0.1:1234 "

/* What is said, in order and not. */
static void make_streams(const char *dir)
{
    enum { WITH_STREAMS = 32, SIZE = WITH_STREAMS + 15 };
    static const char *const web[] = {C "S seq=1",
                                      S "SA seq=8 ack=2",
                                      C "A seq=2 ack=9",
                                      C "PA seq=12 ack=9 data=TTP/1.0\\r\\n\\r\\n",
                                      C "PA seq=2 ack=9 data=GET\\s/x\\sHTTP/1.0",
                                      S "PA seq=9 ack=24 data=HTTP/1.1\\s200\\r\\n",
                                      S "PA seq=30 ack=24 data=abcdefgh wire=200",
                                      S "PA seq=27 ack=24 data=xyzabcd",
                                      C "FA seq=24 ack=38",
                                      S "FA seq=38 ack=25",
                                      NULL};
    static const char *const mail[] = {S "PA seq=9 data=220\\shello\\r\\n",
                                       C "PA seq=2 ack=20 data=EHLO\\sme\\r\\n",
                                       S "PA seq=40 data=250\\sok\\r\\n",
                                       C "PA seq=11 ack=48 data=MAIL\\sFROM:",
                                       C "R seq=20 data=why",
                                       NULL};
    static const char *const shell[] = {
        S "PA seq=9 data=SSH-2.0-a\\sb\\r\\n", C "PA seq=2 data=SSH-2.0-c\\r\\n",
        C "PA seq=13 data=\\x00\\x00\\x00\\x24\\x04\\x140123456789abcdef"
          "\\x00\\x00\\x00\\x03a,b\\x00\\x00\\x00\\x01c",
        C "PA seq=42 data=\\x00\\x00\\x00\\x01d\\x00\\x00\\x00\\x00", NULL};
    static const char *const secret[] = {
        "tcp 10.0.0.1:5 > 10.0.0.2:443 PA seq=2 data=\\x16\\x03\\x01\\x00\\x40\\x01"
        "\\x00\\x00\\x3c\\x03\\x030123456789abcdef0123456789abcdef\\x00\\x00\\x04"
        "\\x13\\x01\\x1a\\x1a\\x01\\x00\\x00\\x0f",
        "tcp 10.0.0.1:5 > 10.0.0.2:443 PA seq=56 data=\\x00\\x00\\x00\\x06\\x00\\x04"
        "\\x00\\x00\\x01a\\x00\\x0a\\x00\\x00\\x16",
        "tcp 10.0.0.2:443 > 10.0.0.1:5 PA seq=2 data=\\x16\\x03\\x03\\x00\\x2c\\x02"
        "\\x00\\x00\\x28\\x03\\x030123456789abcdef0123456789abcdef\\x00\\x13\\x01"
        "\\x00\\x00\\x00\\x0b\\x00\\x09\\x00",
        "udp 10.0.0.1:5 > 10.0.0.2:443 data=\\xc0\\x00\\x00\\x00\\x01\\x02ab\\x01c"
        "\\x01t",
        "udp 10.0.0.2:443 > 10.0.0.1:5 data=\\xc0\\x00\\x00\\x00\\x00\\x01c\\x02ab",
        NULL};
    static const char *const lookups[] = {
        "udp 10.0.0.1:5 > 10.0.0.2:53 data=\\x12\\x34\\x01\\x00\\x00\\x01\\x00\\x00"
        "\\x00\\x00\\x00\\x00\\x01a\\x00\\x00\\x01\\x00\\x01",
        "tcp 10.0.0.1:5 > 10.0.0.2:23 PA seq=1 data=\\xff\\xfd\\x18",
        "tcp 10.0.0.1:6 > 10.0.0.2:513 PA seq=1 data=\\x00a\\x00b\\x00c/9\\x00",
        "udp 10.0.0.1:5 > 10.0.0.2:9 data=\\x80\\x00\\x00\\x01\\x00\\x00\\x00\\x00"
        "\\x01\\x02\\x03\\x04",
        "udp 10.0.0.1:5 > 10.0.0.2:9 data=\\x80\\x00\\x00\\x02\\x00\\x00\\x00\\x00"
        "\\x01\\x02\\x03\\x04",
        NULL};

    make_sequence(dir, "streams-web", SIZE, 0, 0, web);
    make_sequence(dir, "streams-mail", SIZE, 0x82, 0, mail);
    make_sequence(dir, "streams-shell", SIZE, 0, 0, shell);
    make_sequence(dir, "streams-secret", SIZE, 0x20, 0, secret);
    make_sequence(dir, "streams-lookups", WITH_STREAMS, 1, 0, lookups);
    for (uint8_t fails = 3; fails < 24; fails += 2) {
        char name[32];

        (void)snprintf(name, sizeof name, "streams-starved-%02u", fails);
        make_sequence(dir, name, SIZE, 0, fails, secret);
    }
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

    make_streams(dir);
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

/* ---- handshakes ------------------------------------------------------------------ */

struct said {
    unsigned from;
    const char *bytes; /* as in a frame's data */
};

/* The payload of a frame is what stands for the bytes. */
static void put_said(struct buf *b, const struct said *s)
{
    enum { HEADERS = 14 + 20 + 8 };
    char text[1500];
    size_t n;

    (void)snprintf(text, sizeof text, "udp 1.1.1.1:1 > 2.2.2.2:2 data=%s", s->bytes);
    (void)frame_at(&frame, 0, text);
    n = frame.pkt.captured_bytes - HEADERS;
    buf_add_u8(b, (uint8_t)(s->from | n >> 8 << 1));
    buf_add_u8(b, (uint8_t)n);
    buf_add(b, frame.pkt.data + HEADERS, n);
}

static void make_handshake(const char *dir, const char *name, uint8_t kind,
                           uint16_t port, const struct said *said, size_t n)
{
    struct buf b;

    buf_init(&b);
    buf_add_u8(&b, kind);
    buf_add_le16(&b, port);
    for (size_t i = 0; i < n; i++)
        put_said(&b, &said[i]);
    save(dir, name, &b);
}

#define RANDOM "0123456789abcdef0123456789abcdef"
#define MAKE(name, kind, port, said)                                                   \
    make_handshake(dir, name, kind, port, said, sizeof(said) / sizeof(said)[0])

static void make_handshakes(const char *dir)
{
    enum { TLS, SSH, QUIC, PROTOCOL };
    static const struct said tls[] = {
        {0, "\\x16\\x03\\x01\\x00\\x92\\x01\\x00\\x00\\x8e\\x03\\x03" RANDOM
            "\\x04abcd\\x00\\x06\\x1a\\x1a\\x13\\x01\\xc0\\x2b\\x01\\x00\\x00\\x5b"
            "\\x2a\\x2a\\x00\\x00\\x00\\x00\\x00\\x08\\x00\\x06\\x00\\x00\\x03a.b"},
        {0,
         "\\x00\\x0a\\x00\\x06\\x00\\x04\\x3a\\x3a\\x00\\x1d\\x00\\x0d\\x00\\x04"
         "\\x00\\x02\\x04\\x03\\x00\\x10\\x00\\x05\\x00\\x03\\x02h2"
         "\\x00\\x2b\\x00\\x05\\x04\\x03\\x04\\x03\\x03\\x00\\x33\\x00\\x09\\x00\\x07"
         "\\x00\\x1d\\x00\\x03abc\\x00\\x23\\x00\\x04tick\\x00\\x29\\x00\\x00"},
        {1, "\\x16\\x03\\x03\\x00\\x34\\x02\\x00\\x00\\x30\\x03\\x03" RANDOM
            "\\x00\\x13\\x01\\x00\\x00\\x08\\x00\\x2b\\x00\\x02\\x03\\x04\\x00\\x29"},
    };
    static const struct said old[] = {
        {0, "\\x80\\x2e\\x01\\x03\\x01\\x00\\x15\\x00\\x00\\x00\\x10abc"},
        {1, "\\x16\\x03\\x01\\x00\\x2a\\x02\\x00\\x00\\x26\\x03\\x01" RANDOM
            "\\x00\\x00\\x05\\x00\\x16\\x03\\x01\\x00\\x04\\x04\\x00\\x00\\x00"
            "\\x16\\x03\\x01\\x00\\x08\\x0b\\x00\\x00\\x04\\x00\\x00\\x01x"},
    };
    static const struct said resumed[] = {
        {1, "\\x16\\x03\\x03\\x00\\x2a\\x02\\x00\\x00\\x26\\x03\\x03" RANDOM
            "\\x00\\x00\\x05\\x00\\x14\\x03\\x03\\x00\\x01\\x01"},
        {0, "\\x15\\x03\\x03\\x00\\x02\\x02\\x28"},
    };
    static const struct said ssh[] = {
        {1, "hello\\r\\nSSH-2.0-OpenSSH_9.2\\sDebian\\r\\n"},
        {0, "SSH-1.5-old\\n"},
        {1, "\\x00\\x00\\x00\\x3c\\x04\\x140123456789abcdef\\x00\\x00\\x00\\x03a,b"},
        {1, "\\x00\\x00\\x00\\x01c\\x00\\x00\\x00\\x01d\\x00\\x00\\x00\\x00"
            "\\x00\\x00\\x00\\x03e,f\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x04none"},
    };
    static const struct said quic[] = {
        {0, "\\xc3\\x00\\x00\\x00\\x01\\x08abcdefgh\\x03abc\\x40\\x05token"},
        {1, "\\xc3\\x00\\x00\\x00\\x00\\x03abc\\x08abcdefgh"},
    };
    static const struct said google[] = {{0, "\\x0dabcdefghQ043\\x01"}};
    static const struct said mail[] = {{1, "220\\shello\\r\\n"}, {0, "EHLO\\sa\\r\\n"}};
    static const struct said lookup[] = {
        {0, "\\x12\\x34\\x01\\x00\\x00\\x01\\x00\\x00\\x00\\x00\\x00\\x00\\x01a\\x00"
            "\\x00\\x01\\x00\\x01"}};
    static const struct said ticket[] = {
        {0, "\\x00\\x00\\x00\\x40\\x6a\\x3e\\x30\\x3c\\xa1\\x03\\x02\\x01\\x05"
            "\\xa2\\x03\\x02\\x01\\x0a\\xa4\\x30\\x30\\x2e\\xa0\\x07\\x03\\x05"}};
    static const struct said shell[] = {{0, "1022\\x00me\\x00you\\x00ls\\x00"}};

    MAKE("tls", TLS, 443, tls);
    MAKE("tls-old", TLS, 443, old);
    MAKE("tls-resumed", TLS, 443, resumed);
    MAKE("ssh", SSH, 22, ssh);
    MAKE("quic", QUIC, 443, quic);
    MAKE("quic-google", QUIC, 443, google);
    MAKE("mail", PROTOCOL, 25, mail);
    MAKE("lookup", PROTOCOL, 53, lookup);
    MAKE("ticket", PROTOCOL, 88, ticket);
    MAKE("shell", PROTOCOL, 514, shell);
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
    (void)snprintf(dir, sizeof dir, "%s/handshake", argv[1]);
    make_handshakes(dir);
    return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Datagrams from their fragments: order, overlap, limits. */
#include "base/mem.h"
#include "base/rng.h"
#include "base/timefmt.h"
#include "frame.h"
#include "metered.h"
#include "packet/reassembly.h"
#include "test.h"

#include <stdio.h>
#include <string.h>

static struct frame frame;
static struct reassembly r;

static int set_up(void **state)
{
    (void)state;
    reassembly_init(&r, 0, 0);
    return 0;
}

static int tear_down(void **state)
{
    const struct reassembly_stats *s = &r.stats;

    (void)state;
    assert_true(s->begun >=
                s->completed + s->malformed + s->timed_out + s->evicted + s->dropped);
    reassembly_release(&r);
    return 0;
}

static struct decoded add_at(double time_s, const char *text)
{
    struct decoded d;

    assert_int_equal(packet_decode(frame_at(&frame, time_s, text), &d), DECODE_OK);
    assert_true(d.is_fragment);
    reassembly_add(&r, &d, frame.pkt.time_ns);
    return d;
}

static struct decoded add(const char *text)
{
    return add_at(0, text);
}

static void assert_payload(const struct decoded *d, const char *want)
{
    assert_true(d->reassembled);
    assert_int_equal(d->payload.n, strlen(want));
    assert_memory_equal(d->payload.p, want, d->payload.n);
}

#define TEXT     "abcdefghijklmnopqrstuvwxyz012345"
#define DATAGRAM "udp 10.0.0.1:1000 > 10.0.0.2:53 ipid=7 data=" TEXT

/* 8 bytes of header and 32 of data in pieces, in every order. */
static void pieces_in_any_order(void **state)
{
    static const unsigned cuts[][2] = {{0, 8}, {8, 16}, {24, 8}, {32, 8}};
    static const unsigned orders[][4] = {
        {0, 1, 2, 3}, {3, 2, 1, 0}, {1, 0, 3, 2}, {2, 3, 0, 1}};

    (void)state;
    for (size_t i = 0; i < sizeof orders / sizeof orders[0]; i++) {
        struct decoded d;

        for (unsigned k = 0; k < 4; k++) {
            char text[256];

            (void)snprintf(text, sizeof text, DATAGRAM " cut=%u,%u",
                           cuts[orders[i][k]][0], cuts[orders[i][k]][1]);
            d = add(text);
            assert_int_equal(d.reassembled, k == 3);
            assert_false(d.overlaps);
        }
        assert_payload(&d, TEXT);
        assert_int_equal(d.port[0], 1000);
        assert_int_equal(d.port[1], 53);
        /* What is this fragment's own stays. */
        assert_int_equal(d.fragment_offset, cuts[orders[i][3]][0]);
        assert_int_equal(d.ip_bytes, 20 + cuts[orders[i][3]][1]);
        /* Its header was counted with the first fragment. */
        assert_int_equal(d.layer,
                         orders[i][3] == 0 ? DECODE_TRANSPORT : DECODE_NETWORK);
    }
    assert_int_equal(r.stats.completed, 4);
    assert_int_equal(r.stats.begun, 4);
}

static void first_fragment_too_short_for_tcp(void **state)
{
    struct decoded d;

    (void)state;
    d = add("tcp 1.1.1.1:1 > 2.2.2.2:2 FPU seq=9 ipid=1 data=abcdefgh cut=0,8");
    assert_int_equal(d.layer, DECODE_NETWORK);
    d = add("tcp 1.1.1.1:1 > 2.2.2.2:2 FPU seq=9 ipid=1 data=abcdefgh cut=8,8");
    assert_false(d.reassembled);
    d = add("tcp 1.1.1.1:1 > 2.2.2.2:2 FPU seq=9 ipid=1 data=abcdefgh cut=16,12");
    assert_payload(&d, "abcdefgh");
    assert_int_equal(d.layer, DECODE_TRANSPORT);
    assert_int_equal(d.port[1], 2);
    assert_int_equal(d.tcp_flags, 0x29);
    assert_int_equal(d.tcp_seq, 9);
    /* 8 + 8 bytes of header were counted as payload before. */
    assert_int_equal(d.payload_bytes, 0);
}

static void datagrams_interleaved(void **state)
{
    struct decoded d;

    (void)state;
    (void)add("udp 1.1.1.1:1 > 2.2.2.2:2 ipid=1 data=11111111 cut=0,8");
    (void)add("udp 1.1.1.1:1 > 2.2.2.2:2 ipid=2 data=22222222 cut=0,8");
    (void)add("udp 1.1.1.1:1 > 3.3.3.3:2 ipid=1 data=33333333 cut=0,8");
    (void)add("udp 1.1.1.1:1 > 2.2.2.2:2 vlan=5 ipid=1 data=44444444 cut=0,8");
    (void)add("udplite 1.1.1.1:1 > 2.2.2.2:2 ipid=1 data=55555555 cut=0,8");
    d = add("udp 1.1.1.1:1 > 2.2.2.2:2 vlan=5 ipid=1 data=44444444 cut=8,8");
    assert_payload(&d, "44444444");
    d = add("udplite 1.1.1.1:1 > 2.2.2.2:2 ipid=1 data=55555555 cut=8,8");
    assert_payload(&d, "55555555");
    d = add("udp 1.1.1.1:1 > 3.3.3.3:2 ipid=1 data=33333333 cut=8,8");
    assert_payload(&d, "33333333");
    d = add("udp 1.1.1.1:1 > 2.2.2.2:2 ipid=1 data=11111111 cut=8,8");
    assert_payload(&d, "11111111");
    d = add("udp 1.1.1.1:1 > 2.2.2.2:2 ipid=2 data=22222222 cut=8,8");
    assert_payload(&d, "22222222");
}

static void duplicates_do_no_harm(void **state)
{
    struct decoded d;

    (void)state;
    (void)add(DATAGRAM " cut=0,24");
    d = add(DATAGRAM " cut=0,24");
    assert_false(d.overlaps);
    (void)add(DATAGRAM " cut=8,8");
    d = add(DATAGRAM " cut=24,16");
    assert_payload(&d, TEXT);
    assert_int_equal(r.stats.duplicates, 2);
    assert_int_equal(r.stats.overlaps, 0);
}

#define PIECE "ip 1.1.1.1 > 2.2.2.2 proto=17 ipid=5 "

/* IPv4: what came first is kept. */
static void first_bytes_win_in_ip4(void **state)
{
    struct decoded d;

    (void)state;
    (void)add("udp 1.1.1.1:1 > 2.2.2.2:2 ipid=5 mf udplen=36 data=aaaaaaaaAAAAAAAA");
    d = add(PIECE "mf frag=16 data=bbbbbbbbBBBBBBBB");
    assert_true(d.overlaps);
    d = add(PIECE "frag=32 data=cccc");
    assert_false(d.overlaps);
    assert_payload(&d, "aaaaaaaaAAAAAAAABBBBBBBBcccc");
    assert_int_equal(r.stats.overlaps, 1);
    /* The other way round: what is missing is filled from one that covers all. */
    (void)add(PIECE "frag=24 data=ccc");
    d = add("udp 1.1.1.1:1 > 2.2.2.2:2 ipid=5 mf udplen=27 data=xxxxxxxxyyyyyyyy");
    assert_false(d.overlaps);
    assert_payload(&d, "xxxxxxxxyyyyyyyyccc");
    (void)add(PIECE "mf frag=16 data=11111111");
    (void)add(PIECE "frag=24 data=22222222");
    d = add("udp 1.1.1.1:1 > 2.2.2.2:2 ipid=5 mf data=xxxxxxxxyyyyyyyyzzzzzzzz");
    assert_true(d.overlaps);
    assert_payload(&d, "xxxxxxxx1111111122222222");
}

/* Where the last fragment says the end is, and others say otherwise. */
static void contradicting_ends_drop_the_datagram(void **state)
{
    (void)state;
    (void)add(PIECE "frag=24 data=cccccccc");
    (void)add(PIECE "mf frag=32 data=dddddddd");
    assert_int_equal(r.stats.dropped, 1);
    /* Nothing of it counts any more. */
    (void)add("udp 1.1.1.1:1 > 2.2.2.2:2 ipid=5 mf data=xxxxxxxxyyyyyyyy");
    assert_int_equal(r.stats.completed, 0);
    (void)add("ip 1.1.1.1 > 2.2.2.2 proto=17 ipid=6 mf frag=64 data=cccccccc");
    (void)add("ip 1.1.1.1 > 2.2.2.2 proto=17 ipid=6 frag=24 data=cccccccc");
    assert_int_equal(r.stats.dropped, 2);
    (void)add("ip 1.1.1.1 > 2.2.2.2 proto=17 ipid=8 frag=24 data=cccccccc");
    (void)add("ip 1.1.1.1 > 2.2.2.2 proto=17 ipid=8 frag=32 data=cccccccc");
    assert_int_equal(r.stats.dropped, 3);
    assert_int_equal(r.stats.begun, 3);
}

/* The second fragment lies within the first ("teardrop"). */
static void teardrop(void **state)
{
    struct decoded d;

    (void)state;
    (void)add("udp 1.1.1.1:1 > 2.2.2.2:2 ipid=242 mf len=28");
    d = add("ip 1.1.1.1 > 2.2.2.2 proto=17 ipid=242 frag=24 len=4");
    assert_false(d.reassembled);
    /* The first has 36 bytes, which only a last one can. */
    assert_int_equal(r.stats.unusable, 1);
    (void)add("udp 1.1.1.1:1 > 2.2.2.2:2 ipid=243 mf len=32");
    d = add("ip 1.1.1.1 > 2.2.2.2 proto=17 ipid=243 frag=24 len=4");
    assert_true(d.overlaps);
    assert_false(d.reassembled);
    assert_int_equal(r.stats.dropped, 1);
}

static void ping_of_death(void **state)
{
    struct decoded d;

    (void)state;
    (void)add("icmp 1.1.1.1 > 2.2.2.2 ipid=1 mf len=1472");
    d = add("ip 1.1.1.1 > 2.2.2.2 proto=1 ipid=1 frag=65528 len=100");
    assert_true(d.bad_fragment);
    assert_int_equal(r.stats.unusable, 1);
}

static void longest_datagram(void **state)
{
    struct decoded d;
    char text[128];

    (void)state;
    (void)add("udp 1.1.1.1:1 > 2.2.2.2:2 ipid=1 mf len=32752 udplen=65515");
    for (unsigned at = 32760; at < 65504; at += 8) {
        (void)snprintf(text, sizeof text,
                       "ip 1.1.1.1 > 2.2.2.2 proto=17 ipid=1 mf frag=%u len=8", at);
        d = add(text);
        assert_false(d.reassembled);
    }
    d = add("ip 1.1.1.1 > 2.2.2.2 proto=17 ipid=1 frag=65504 len=11");
    assert_true(d.reassembled);
    assert_int_equal(d.payload.n, 65507);
}

#define SIX "udp [fd00::1]:5 > [fd00::2]:6 ext=44 ipid=70000 data=" TEXT

static void ip6_fragments(void **state)
{
    struct decoded d;

    (void)state;
    (void)add(SIX " cut=24,16");
    (void)add(SIX " cut=0,8");
    d = add(SIX " cut=8,16");
    assert_payload(&d, TEXT);
    assert_int_equal(d.port[1], 6);
    /* Extension headers behind the fragment header: a destination option of 8 bytes,
     * then UDP, cut between them. */
    (void)add("ip fd00::1 > fd00::2 ext=44 proto=60 ipid=1 mf hex=1100000000000000");
    d = add("ip fd00::1 > fd00::2 ext=44 proto=60 ipid=1 frag=8 "
            "hex=00050006000a00006162");
    assert_payload(&d, "ab");
    assert_int_equal(d.protocol, 17);
    assert_int_equal(d.port[0], 5);
    /* The next header of a later fragment is nothing to go by. */
    (void)add("udp [fd00::1]:5 > [fd00::2]:6 ext=44 ipid=2 mf udplen=18 data=abcdefgh");
    d = add("ip fd00::1 > fd00::2 ext=44 proto=99 ipid=2 frag=16 data=ij");
    assert_payload(&d, "abcdefghij");
    assert_int_equal(d.protocol, 17);
}

/* RFC 5722: with all that came and will come. */
static void overlap_drops_the_datagram_in_ip6(void **state)
{
    struct decoded d;

    (void)state;
    (void)add(SIX " cut=0,16");
    d = add("ip fd00::1 > fd00::2 ext=44 ipid=70000 proto=17 mf frag=8 len=16");
    assert_true(d.overlaps);
    d = add(SIX " cut=16,24");
    assert_false(d.reassembled);
    assert_int_equal(r.stats.dropped, 1);
    assert_int_equal(r.stats.begun, 1);
    /* But what is the same again is a duplicate. */
    (void)add("udp [fd00::1]:5 > [fd00::2]:6 ext=44 ipid=3 data=abcdefgh cut=0,8");
    (void)add("udp [fd00::1]:5 > [fd00::2]:6 ext=44 ipid=3 data=abcdefgh cut=0,8");
    d = add("udp [fd00::1]:5 > [fd00::2]:6 ext=44 ipid=3 data=abcdefgh cut=8,8");
    assert_payload(&d, "abcdefgh");
    assert_int_equal(r.stats.duplicates, 1);
}

static void complete_but_malformed(void **state)
{
    struct decoded d;

    (void)state;
    (void)add("tcp 1.1.1.1:1 > 2.2.2.2:2 S doff=3 ipid=1 data=abcdefgh cut=0,8");
    d = add("tcp 1.1.1.1:1 > 2.2.2.2:2 S doff=3 ipid=1 data=abcdefgh cut=8,20");
    assert_false(d.reassembled);
    assert_int_equal(r.stats.malformed, 1);
    /* A fragment header in what was put together from fragments. */
    (void)add("ip fd00::1 > fd00::2 ext=44 proto=44 ipid=1 frag=8 len=1");
    d = add("ip fd00::1 > fd00::2 ext=44 proto=44 ipid=1 mf hex=1100000100000009");
    assert_false(d.reassembled);
}

static void incomplete_ones_time_out(void **state)
{
    struct decoded d;

    (void)state;
    (void)add_at(0, DATAGRAM " cut=0,8");
    (void)add_at(20, DATAGRAM " cut=8,8");
    d = add_at(30, DATAGRAM " cut=16,24");
    assert_true(d.reassembled);
    (void)add_at(30, DATAGRAM " cut=0,8");
    d = add_at(60.001, DATAGRAM " cut=8,32");
    assert_false(d.reassembled);
    assert_int_equal(r.stats.timed_out, 1);
    /* By others' time, too; and a packet from the past ends nothing. */
    d = add_at(10, DATAGRAM " cut=0,8");
    assert_true(d.reassembled);
    (void)add_at(60, DATAGRAM " cut=0,8");
    (void)add_at(100, "udp 9.9.9.9:1 > 8.8.8.8:2 ipid=1 len=8 cut=0,8");
    assert_int_equal(r.stats.timed_out, 2);
}

static void unusable_fragments(void **state)
{
    (void)state;
    (void)add("udp 1.1.1.1:1 > 2.2.2.2:2 mf len=5");           /* odd length */
    (void)add("udp 1.1.1.1:1 > 2.2.2.2:2 mf len=800 cap=100"); /* not captured */
    (void)add("ip 1.1.1.1 > 2.2.2.2 mf");                      /* empty */
    assert_int_equal(r.stats.unusable, 3);
    assert_int_equal(r.stats.begun, 0);
}

/* A fragment of datagram number i. */
static void add_number(uint32_t i, const char *rest)
{
    char text[128];

    (void)snprintf(text, sizeof text, "ip 1.1.1.1 > 2.%u.%u.%u proto=17 ipid=%u %s",
                   i >> 24, i >> 16 & 255, i >> 8 & 255, i & 255, rest);
    (void)add(text);
}

static void oldest_datagram_gives_way(void **state)
{
    (void)state;
    reassembly_release(&r);
    reassembly_init(&r, 0, 3);
    for (uint32_t i = 0; i < 4; i++)
        add_number(i, "mf frag=8 len=8");
    assert_int_equal(r.stats.evicted, 1);
    /* Number 0 is begun anew for the loss of number 1; 2 and 3 are still there. */
    add_number(0, "frag=16 len=8");
    assert_int_equal(r.stats.evicted, 2);
    add_number(2, "frag=16 len=8");
    add_number(3, "frag=16 len=8");
    assert_int_equal(r.stats.begun, 5);
    assert_int_equal(r.stats.evicted, 2);
}

/* However many fragments come, memory is asked for only at first. */
static void floods_are_bounded(void **state)
{
    uint64_t before = 0;

    (void)state;
    reassembly_release(&r);
    reassembly_init(&r, REASSEMBLY_BYTES_MIN, 1000);
    for (uint32_t i = 0; i < 20000; i++) {
        if (i == 5000)
            before = mem_count();
        add_number(i, i % 3 == 0 ? "mf frag=0 len=1480" : "mf frag=1480 len=1480");
    }
    assert_int_equal(mem_count(), before);
    assert_true(r.n_pages_made <= REASSEMBLY_BYTES_MIN / 512);
    assert_int_equal(r.stats.begun, 20000);
    assert_true(r.stats.evicted > 19900);
    /* One datagram that wants nearly everything still fits. */
    for (unsigned at = 8; at < 65000; at += 504) {
        char text[64];

        (void)snprintf(text, sizeof text, "mf frag=%u len=504", at);
        add_number(1 << 20, text);
    }
    add_number(1 << 20, "frag=65024 len=8");
    add_number(1 << 20, "mf frag=0 len=8");
    assert_int_equal(r.stats.completed, 1);
}

static void without_memory_nothing_is_reassembled(void **state)
{
    (void)state;
    for (unsigned n = 1; n <= 5; n++) {
        struct decoded d;

        reassembly_release(&r);
        reassembly_init(&r, 0, 0);
        mem_fail_at(n, 1);
        (void)add(DATAGRAM " cut=0,24");
        d = add(DATAGRAM " cut=24,16");
        assert_false(d.reassembled);
        mem_fail_at(0, 0);
    }
}

static uint32_t below(struct rng *rng, uint32_t n)
{
    return (uint32_t)rng_below(rng, n);
}

/* Random pieces of random datagrams against a copy made byte by byte. */
static void agrees_with_a_simple_model(void **state)
{
    enum { N = 2000 };
    static uint8_t model[N];
    static bool there[N];
    struct rng rng;

    (void)state;
    rng_init(&rng, 7);
    for (uint32_t round = 0; round < 300; round++) {
        uint32_t total = 8 * (1 + below(&rng, N / 8)) - below(&rng, 8);
        uint32_t n_there = 0;
        struct decoded d = {.ip_version = 4, .protocol = 99, .is_fragment = true};

        memset(there, 0, sizeof there);
        d.fragment_protocol = 99;
        d.fragment_id = round;
        for (unsigned i = 0; !d.reassembled; i++) {
            uint8_t bytes[N];
            uint32_t at = 8 * below(&rng, (total + 7) / 8);
            uint32_t n = 8 * (1 + below(&rng, 40));

            assert_true(i < 100000);
            if (at + n > total)
                n = total - at;
            for (uint32_t k = 0; k < n; k++) {
                bytes[k] = (uint8_t)below(&rng, 256);
                if (!there[at + k])
                    model[at + k] = bytes[k];
                n_there += !there[at + k];
                there[at + k] = true;
            }
            d.fragment_offset = (uint16_t)at;
            d.more_fragments = at + n < total;
            d.fragment_bytes = n;
            d.fragment = span_of(bytes, n);
            reassembly_add(&r, &d, 0);
            assert_int_equal(d.reassembled, n_there == total);
        }
        assert_int_equal(d.payload.n, total);
        assert_memory_equal(d.payload.p, model, total);
    }
}

/* ---- in the meter --------------------------------------------------------------- */

static void scan_in_tiny_fragments_shows_its_ports(void **state)
{
    struct metered m;
    struct lw_meter_stats s;

    (void)state;
    metered_init(&m, NULL);
    metered_run(&m, "0 tcp 1.1.1.1:40000 > 2.2.2.2:80 S ipid=1 cut=0,8\n"
                    "0 tcp 1.1.1.1:40000 > 2.2.2.2:80 S ipid=1 cut=8,8\n"
                    "0 tcp 1.1.1.1:40000 > 2.2.2.2:80 S ipid=1 cut=16,4\n"
                    "0 tcp 2.2.2.2:80 > 1.1.1.1:40000 RA\n");
    metered_flush(&m);
    assert_int_equal(m.n_recs, 2);
    assert_string_equal(metered_line(&m, 0),
                        "tcp,1.1.1.1,0,   ?>,2.2.2.2,0,_,0,,2,84,84");
    assert_string_equal(metered_line(&m, 1),
                        "tcp,1.1.1.1,40000,   ->,2.2.2.2,80,S_RA,0,0,2,92,38");
    assert_int_equal(m.recs[1].conn, LW_CONN_REJ);
    lw_meter_get_stats(m.meter, &s);
    assert_int_equal(s.fragments, 3);
    assert_int_equal(s.datagrams, 1);
    assert_int_equal(s.datagrams_reassembled, 1);
    metered_release(&m);
}

static void flags_count_once(void **state)
{
    struct metered m;

    (void)state;
    metered_init(&m, NULL);
    metered_run(&m, "0 tcp 1.1.1.1:4 > 2.2.2.2:80 A seq=1 ipid=1 len=44 cut=0,32\n"
                    "0 tcp 1.1.1.1:4 > 2.2.2.2:80 A seq=1 ipid=1 len=44 cut=32,32\n"
                    "0 tcp 1.1.1.1:4 > 2.2.2.2:80 A seq=45 len=44\n");
    metered_flush(&m);
    assert_int_equal(m.n_recs, 1);
    assert_int_equal(m.recs[0].side[0].packets, 3);
    assert_int_equal(m.recs[0].side[0].payload_bytes, 88);
    assert_int_equal(m.recs[0].side[0].retransmitted, 0);
    metered_release(&m);
}

static void overlaps_are_counted_by_side(void **state)
{
    struct metered m;

    (void)state;
    metered_init(&m, NULL);
    metered_run(&m,
                "0 udp 1.1.1.1:1 > 2.2.2.2:2 ipid=1 mf len=32\n"
                "0 ip 1.1.1.1 > 2.2.2.2 proto=17 ipid=1 mf frag=8 len=16 data=x234567\n"
                "0 ip 1.1.1.1 > 2.2.2.2 proto=17 ipid=1 mf frag=8 data=12345678\n"
                "0 udp 2.2.2.2:2 > 1.1.1.1:1 ipid=1 mf len=32\n"
                "0 ip 2.2.2.2 > 1.1.1.1 proto=17 ipid=1 mf frag=8 len=8\n");
    metered_flush(&m);
    assert_int_equal(m.n_recs, 1);
    assert_int_equal(m.recs[0].side[0].overlapping_fragments, 1);
    assert_int_equal(m.recs[0].side[0].bad_fragments, 1);
    assert_int_equal(m.recs[0].side[1].overlapping_fragments, 0);
    metered_release(&m);
}

/* RFC 6946: an atomic fragment has nothing to do with others of the same id. */
static void atomic_fragments_are_whole(void **state)
{
    struct metered m;
    struct lw_meter_stats s;

    (void)state;
    metered_init(&m, NULL);
    metered_run(&m, "0 udp [::1]:1 > [::2]:2 ext=44 ipid=1 len=16 cut=0,8\n"
                    "0 udp [::1]:1 > [::2]:2 ext=44 ipid=1 len=16\n"
                    "0 udp [::1]:1 > [::2]:2 ext=44 ipid=1 len=16 cut=8,16\n");
    metered_flush(&m);
    assert_string_equal(metered_line(&m, 0), "udp,::1,1,   ->,::2,2,INT,0,,3,234,234");
    lw_meter_get_stats(m.meter, &s);
    assert_int_equal(s.fragments, 2);
    assert_int_equal(s.datagrams_reassembled, 1);
    metered_release(&m);
}

static void limits_are_checked(void **state)
{
    static const struct lw_meter_config wrong[] = {
        {.reassembly_bytes = REASSEMBLY_BYTES_MIN - 1},
        {.reassembly_bytes = REASSEMBLY_BYTES_MAX + 1U},
        {.reassembly_datagrams = REASSEMBLY_DATAGRAMS_MAX + 1U},
        {.tunnels = LW_N_TUNNEL_MODES},
    };
    struct lw_meter *m = NULL;
    struct lw_error err;

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_int_equal(lw_meter_new(&m, &wrong[i], &err), LW_EINVAL);
    assert_null(m);
}

#define REASSEMBLY_TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        REASSEMBLY_TEST(pieces_in_any_order),
        REASSEMBLY_TEST(first_fragment_too_short_for_tcp),
        REASSEMBLY_TEST(datagrams_interleaved),
        REASSEMBLY_TEST(duplicates_do_no_harm),
        REASSEMBLY_TEST(first_bytes_win_in_ip4),
        REASSEMBLY_TEST(contradicting_ends_drop_the_datagram),
        REASSEMBLY_TEST(teardrop),
        REASSEMBLY_TEST(ping_of_death),
        REASSEMBLY_TEST(longest_datagram),
        REASSEMBLY_TEST(ip6_fragments),
        REASSEMBLY_TEST(overlap_drops_the_datagram_in_ip6),
        REASSEMBLY_TEST(complete_but_malformed),
        REASSEMBLY_TEST(incomplete_ones_time_out),
        REASSEMBLY_TEST(unusable_fragments),
        REASSEMBLY_TEST(oldest_datagram_gives_way),
        REASSEMBLY_TEST(floods_are_bounded),
        REASSEMBLY_TEST(without_memory_nothing_is_reassembled),
        REASSEMBLY_TEST(agrees_with_a_simple_model),
        cmocka_unit_test(scan_in_tiny_fragments_shows_its_ports),
        cmocka_unit_test(flags_count_once),
        cmocka_unit_test(overlaps_are_counted_by_side),
        cmocka_unit_test(atomic_fragments_are_whole),
        cmocka_unit_test(limits_are_checked),
    };

    return cmocka_run_group_tests_name("reassembly", tests, NULL, NULL);
}

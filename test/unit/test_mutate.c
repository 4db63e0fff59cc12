/* SPDX-License-Identifier: Apache-2.0 */
/* The changes that the flows fuzz target makes to its inputs. */
#include "edit_packet.h"
#include "frame.h"
#include "mutate_packets.h"
#include "packet/decode.h"
#include "test.h"

#include <string.h>

enum { INPUT_MAX = 16384, ROUNDS = 3000 };

static struct frame frame;
static struct sequence seq;

static const char *const texts[] = {
    "tcp 10.0.0.1:1234 > 10.0.0.2:80 S seq=7",
    "tcp 10.0.0.2:80 > 10.0.0.1:1234 SA seq=9 ack=8",
    "tcp 10.0.0.1:1234 > 10.0.0.2:80 PA seq=8 ack=10 len=300",
    "udp [fe80::1]:53 > [fe80::2]:53 len=40",
    "icmp 1.1.1.1 > 2.2.2.2 id=5 vlan=7",
    "arp 1.1.1.1 > 2.2.2.2",
};

enum { N_TEXTS = sizeof texts / sizeof texts[0] };

static size_t make_input(uint8_t *out)
{
    struct buf b;
    size_t n;

    buf_init(&b);
    buf_add(&b, "\x0f\x82\x10\x00", SEQUENCE_HEAD);
    for (size_t i = 0; i < N_TEXTS; i++) {
        const struct lw_packet *pkt = frame_at(&frame, 0, texts[i]);

        sequence_put(&b,
                     &(struct sequence_entry){
                         .step = 20, .bytes = span_of(pkt->data, pkt->captured_bytes)});
    }
    n = b.len;
    assert_true(buf_ok(&b) && n <= INPUT_MAX);
    memcpy(out, b.data, n);
    buf_release(&b);
    return n;
}

static void set_packet(struct packet *p, const char *text)
{
    const struct lw_packet *pkt = frame_at(&frame, 0, text);

    p->step = 20;
    p->missing = 0;
    p->n = pkt->captured_bytes;
    memcpy(p->bytes, pkt->data, p->n);
}

static struct decoded decode(const struct packet *p)
{
    const struct lw_packet pkt = {.data = p->bytes,
                                  .captured_bytes = (uint32_t)p->n,
                                  .wire_bytes = (uint32_t)p->n + p->missing,
                                  .link_type = 1};
    struct decoded d;

    (void)packet_decode(&pkt, &d);
    return d;
}

static void inputs_are_read_and_written(void **state)
{
    static uint8_t in[INPUT_MAX];
    static uint8_t out[INPUT_MAX];
    size_t n = make_input(in);

    (void)state;
    sequence_read(&seq, in, n);
    assert_int_equal(seq.n, N_TEXTS);
    assert_int_equal(sequence_write(&seq, out, sizeof out), n);
    assert_memory_equal(in, out, n);
    seq.at[1]->missing = 70;
    n = sequence_write(&seq, out, sizeof out);
    sequence_read(&seq, out, n);
    assert_int_equal(seq.n, N_TEXTS);
    assert_int_equal(seq.at[1]->missing, 70);
    sequence_read(&seq, out, n - 1);
    assert_int_equal(seq.n, N_TEXTS - 1);
    sequence_read(&seq, out, 1);
    assert_int_equal(seq.n, 0);
    assert_int_equal(seq.head[0], 0x0f);
    assert_int_equal(seq.head[1], 0);
}

static void steps_have_codes(void **state)
{
    (void)state;
    for (unsigned code = 0; code < 256; code++) {
        int64_t ns = sequence_step_ns((uint8_t)code);

        assert_true(sequence_step_ns(sequence_step_code(ns)) == ns);
    }
    assert_true(sequence_step_ns(sequence_step_code(1000)) == 512);
    assert_true(sequence_step_ns(sequence_step_code(0)) == 1);
    assert_true(sequence_step_ns(sequence_step_code(INT64_MAX)) == INT64_C(1) << 61);
}

/* Whatever comes out is read to its last byte, and comes again. */
static void changed_inputs_are_sequences(void **state)
{
    static uint8_t a[INPUT_MAX];
    static uint8_t b[INPUT_MAX];
    size_t n = make_input(a);
    size_t n_different = 0;

    (void)state;
    for (unsigned seed = 0; seed < ROUNDS; seed++) {
        struct span in;
        struct sequence_entry e;
        const size_t before = n;
        const size_t max = seed % 7 == 0 ? SEQUENCE_HEAD + seed % 300 : INPUT_MAX;

        memcpy(b, a, n);
        n = mutate_packets(a, n, max, seed, NULL);
        assert_true(n <= max);
        assert_int_equal(mutate_packets(b, before, max, seed, NULL), n);
        assert_memory_equal(a, b, n);
        in = span_from(span_of(a, n), SEQUENCE_HEAD);
        while (sequence_take(&in, &e))
            continue;
        assert_int_equal(in.n, 0);
        n_different += n != before;
        if (seed % 50 == 0)
            n = make_input(a);
    }
    assert_true(n_different > ROUNDS / 4);
    assert_int_equal(mutate_packets(a, n, SEQUENCE_HEAD - 1, 1, NULL), 0);
}

static void two_inputs_make_one(void **state)
{
    static uint8_t a[INPUT_MAX];
    static uint8_t out[INPUT_MAX];
    const size_t n = make_input(a);

    (void)state;
    for (unsigned seed = 0; seed < 200; seed++) {
        size_t m = mutate_packets_cross(a, n, a, n, out, n + seed, seed);

        assert_true(m >= SEQUENCE_HEAD && m <= n + seed);
        sequence_read(&seq, out, m);
        assert_int_equal(seq.head[1], 0x82);
    }
}

static void reversed_twice_is_as_before(void **state)
{
    static struct packet p;
    static struct packet q;

    (void)state;
    for (size_t i = 0; i < N_TEXTS; i++) {
        set_packet(&p, texts[i]);
        q = p;
        edit_reverse(&p, 1);
        assert_true(memcmp(p.bytes, q.bytes, p.n) != 0);
        edit_reverse(&p, 1);
        assert_memory_equal(p.bytes, q.bytes, p.n);
    }
}

static void checksums_are_right(void **state)
{
    /* The example of RFC 1071's authors is not a packet; this one was summed by hand.
     */
    static struct packet p;

    (void)state;
    set_packet(&p, "udp 1.1.1.1:1 > 2.2.2.2:2");
    edit_checksums(&p, 1);
    /* 4500 001c 0000 0000 ttl 11 0101 0101 0202 0202, but for the sum itself */
    assert_int_equal(p.bytes[24] << 8 | p.bytes[25],
                     0xffff -
                         (0x4500 + 0x001c + (p.bytes[18] << 8 | p.bytes[19]) +
                          (p.bytes[20] << 8 | p.bytes[21]) + (p.bytes[22] << 8 | 0x11) +
                          0x0101 + 0x0101 + 0x0202 + 0x0202));
    /* pseudo-header, ports, length twice */
    assert_int_equal(p.bytes[40] << 8 | p.bytes[41],
                     0xffff - (2 * 0x0101 + 2 * 0x0202 + 0x11 + 8 + 1 + 2 + 8));
}

static void tunnels_can_be_decoded(void **state)
{
    static const enum lw_tunnel_kind kinds[N_ENCAPSULATIONS] = {
        [ENCAPSULATE_VLAN] = LW_TUNNEL_NONE,
        [ENCAPSULATE_GRE] = LW_TUNNEL_GRE,
        [ENCAPSULATE_IP] = LW_TUNNEL_4IN4,
        [ENCAPSULATE_VXLAN] = LW_TUNNEL_VXLAN};
    static struct packet p;

    (void)state;
    for (unsigned how = 0; how < N_ENCAPSULATIONS; how++) {
        struct decoded outer;
        struct decoded inner;

        set_packet(&p, texts[0]);
        edit_encapsulate(&p, 1, (enum encapsulation)how, 3);
        outer = decode(&p);
        assert_int_equal(outer.outcome, DECODE_OK);
        if (how == ENCAPSULATE_VLAN) {
            assert_int_equal(outer.vlan_id, 3);
            continue;
        }
        assert_true(packet_decode_inner(&outer, &inner));
        assert_int_equal(inner.outcome, DECODE_OK);
        assert_int_equal(inner.tunnel_kind, kinds[how]);
        assert_int_equal(inner.port[1], 80);
    }
}

static void fragments_are_whole_together(void **state)
{
    static const char *const whole[] = {
        "udp 1.1.1.1:1 > 2.2.2.2:2 len=100",
        "udp [fe80::1]:53 > [fe80::2]:53 len=100",
    };
    static struct packet p;
    static struct packet q;

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        size_t n;

        set_packet(&p, whole[i]);
        n = edit_fragmentable(&p, 1);
        assert_int_equal(n, 108);
        for (size_t at = 0; at < n; at += 40) {
            struct decoded d;

            assert_true(edit_fragment(&p, 1, at, 40, 1, &q));
            d = decode(&q);
            assert_int_equal(d.outcome, DECODE_OK);
            assert_true(d.is_fragment);
            assert_int_equal(d.fragment_offset, at);
        }
        assert_false(edit_fragment(&p, 1, 112, 8, 1, &q));
        assert_false(edit_fragment(&q, 1, 0, 8, 1, &p));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(inputs_are_read_and_written),
        cmocka_unit_test(steps_have_codes),
        cmocka_unit_test(changed_inputs_are_sequences),
        cmocka_unit_test(two_inputs_make_one),
        cmocka_unit_test(reversed_twice_is_as_before),
        cmocka_unit_test(checksums_are_right),
        cmocka_unit_test(tunnels_can_be_decoded),
        cmocka_unit_test(fragments_are_whole_together),
    };

    return cmocka_run_group_tests_name("mutate", tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One side of a connection put in order.  Cases are scripts of words:
 *
 *     S99        its SYN, of sequence number 99
 *     100:abc    a segment; "100:abc/5": 5 bytes of which 3 were captured
 *     F103       its FIN, after the byte before 103
 *     A103       the peer has acknowledged all before 103
 *     E          the end
 *
 * What comes out is the text, with gaps in brackets: "ab[3]f".
 */
#include "base/buf.h"
#include "base/rng.h"
#include "flow/stream_side.h"
#include "test.h"

#include <stdlib.h>
#include <string.h>

struct rig {
    struct stream_side side;
    struct slab pieces;
    struct stream_out out;
    struct buf text;
    uint64_t data_bytes;
    uint64_t gap_bytes;
};

static void on_data(void *ctx, const uint8_t *bytes, size_t n)
{
    struct rig *r = ctx;

    assert_true(n > 0);
    buf_add(&r->text, bytes, n);
    r->data_bytes += n;
}

static void on_gap(void *ctx, uint64_t n)
{
    struct rig *r = ctx;

    assert_true(n > 0);
    buf_printf(&r->text, "[%llu]", (unsigned long long)n);
    r->gap_bytes += n;
}

static void rig_init(struct rig *r, uint32_t pool, uint32_t per_side)
{
    memset(r, 0, sizeof *r);
    assert_true(slab_init(&r->pieces, pool, sizeof(struct stream_piece)));
    buf_init(&r->text);
    stream_side_init(&r->side);
    r->out = (struct stream_out){on_data, on_gap, r, &r->pieces, per_side};
}

static void rig_release(struct rig *r)
{
    assert_int_equal(r->side.delivered, r->data_bytes);
    assert_int_equal(r->side.missing, r->gap_bytes);
    stream_side_drop(&r->side, &r->pieces);
    assert_int_equal(r->pieces.n_used, 0);
    slab_release(&r->pieces);
    buf_release(&r->text);
}

static void do_word(struct rig *r, const char *word)
{
    char *rest = NULL;
    const bool is_segment = word[0] >= '0' && word[0] <= '9';
    uint32_t seq = (uint32_t)strtoul(is_segment ? word : word + 1, &rest, 10);

    if (is_segment) {
        size_t n = strcspn(rest + 1, "/");
        uint32_t wire = (uint32_t)n;

        assert_int_equal(*rest, ':');
        if (rest[1 + n] == '/')
            wire = (uint32_t)strtoul(rest + 2 + n, NULL, 10);
        stream_side_add(&r->side, seq, span_of(rest + 1, n), wire, &r->out);
    } else if (word[0] == 'S') {
        stream_side_syn(&r->side, seq, &r->out);
    } else if (word[0] == 'F') {
        stream_side_fin(&r->side, seq);
    } else if (word[0] == 'A') {
        stream_side_ack(&r->side, seq, &r->out);
    } else {
        assert_int_equal(word[0], 'E');
        stream_side_end(&r->side, &r->out);
    }
}

static void run_script(struct rig *r, const char *script)
{
    while (*script != '\0') {
        char word[64];
        size_t n = strcspn(script, " ");

        assert_true(n < sizeof word);
        memcpy(word, script, n);
        word[n] = '\0';
        do_word(r, word);
        script += n + (script[n] == ' ');
    }
}

struct script_case {
    const char *script;
    const char *expected;
};

static void check_cases(const struct script_case *c, size_t n, uint32_t pool,
                        uint32_t per_side)
{
    for (size_t i = 0; i < n; i++) {
        struct rig r;

        rig_init(&r, pool, per_side);
        run_script(&r, c[i].script);
        assert_string_equal(buf_text(&r.text), c[i].expected);
        rig_release(&r);
    }
}

#define CHECK(cases, pool, per_side)                                                   \
    check_cases(cases, sizeof(cases) / sizeof(cases)[0], pool, per_side)

static void puts_segments_in_order(void **state)
{
    static const struct script_case cases[] = {
        {"S99 100:abc 103:def", "abcdef"},
        /* Nothing is told that is not in order yet. */
        {"S99 103:def", ""},
        {"S99 103:def 100:abc", "abcdef"},
        {"S99 109:jkl 103:def 106:ghi 100:abc", "abcdefghijkl"},
        {"S99 106:ghi 103:def 100:abc", "abcdefghi"},
        {"S99 100:abc 103:def E", "abcdef"},
        /* A hole that stays. */
        {"S99 103:def E", "[3]def"},
        {"S99 100:a 103:d 106:g E", "a[2]d[2]g"},
        /* It begins in the middle. */
        {"500:abc 503:d", "abcd"},
        {"500:abc 497:xyz 503:d", "abcd"},
    };

    (void)state;
    CHECK(cases, 8, 8);
}

static void the_first_copy_counts(void **state)
{
    static const struct script_case cases[] = {
        {"S99 100:abc 100:XYZ 103:d", "abcd"},
        {"S99 100:abc 101:YZdef", "abcdef"},
        {"S99 103:def 103:XYZ 100:abc", "abcdef"},
        /* What is held came before what arrives in order now. */
        {"S99 103:def 100:abcXYZghi", "abcdefghi"},
        {"S99 102:c 104:e 100:abXdXf", "abcdef"},
        {"S99 102:c 104:e 101:BXDXF 100:a", "aBcDeF"},
        {"S99 104:e 102:CDXF 100:ab", "abCDeF"},
        {"S99 102:cdef 103:XX 100:ab", "abcdef"},
        {"S99 102:cd 103:Xef 100:ab", "abcdef"},
        {"S99 103:def 102:cXX 100:ab", "abcdef"},
        /* A keep-alive says the last byte again, or none. */
        {"S99 100:abc 102:X 103:d", "abcd"},
        {"S99 100:abc 102:Z 102:Z 103:d E", "abcd"},
    };

    (void)state;
    CHECK(cases, 8, 8);
}

static void a_hole_that_was_acknowledged_is_given_up(void **state)
{
    static const struct script_case cases[] = {
        {"S99 103:def A106", "[3]def"},
        {"S99 103:def A103", "[3]def"},
        /* Not all of it, so the rest may still come. */
        {"S99 103:def A102", ""},
        {"S99 103:def A102 100:abc", "abcdef"},
        /* The acknowledgement came first. */
        {"S99 A103 103:def", "[3]def"},
        {"S99 A200 103:def 120:x", "[3]def[14]x"},
        /* Of several holes only those. */
        {"S99 103:d 106:g 109:j A106", "[3]d[2]g"},
        /* An acknowledgement without data behind it: the data may come late. */
        {"S99 A106 100:abc 103:def", "abcdef"},
        /* It does not go back. */
        {"S99 A110 A100 103:def", "[3]def"},
    };

    (void)state;
    CHECK(cases, 8, 8);
}

static void what_was_not_captured_is_a_gap(void **state)
{
    static const struct script_case cases[] = {
        {"S99 100:abc/5 105:fgh", "abc[2]fgh"},
        {"S99 105:fgh/6 100:abcde 111:l", "abcdefgh[3]l"},
        {"S99 100:/4 104:e", "[4]e"},
        /* The first copy counts, with its hole. */
        {"S99 100:abc/5 100:abcde 105:f", "abc[2]f"},
        {"S99 103:d/3 103:def 100:abc", "abcd[2]"},
        {"S99 103:d/3 104:XX 100:abc", "abcd[2]"},
    };

    (void)state;
    CHECK(cases, 8, 8);
}

static void connections_end(void **state)
{
    static const struct script_case cases[] = {
        {"S99 100:abc F103 103:x E", "abc"},
        {"S99 F103 100:abc E", "abc"},
        {"S99 F103 100:a E", "a[2]"},
        {"S99 F103 101:bc E", "[1]bc"},
        {"S99 F100 E", ""},
        /* A FIN that lies behind what came. */
        {"S99 100:abc F101 103:d E", "abcd"},
        /* The same SYN again, and one of another connection. */
        {"S99 100:abc S99 103:d", "abcd"},
        {"100:abc S99 103:d", "abcd"},
        {"S99 100:abc 106:ghi S500000 500001:x", "abc[3]ghix"},
        {"S99 100:abc F103 S4000000000 4000000001:x", "abcx"},
    };

    (void)state;
    CHECK(cases, 8, 8);
}

static void sequence_numbers_wrap(void **state)
{
    static const struct script_case cases[] = {
        {"S4294967293 4294967294:abcd 2:e", "abcde"},
        {"S4294967293 2:ef 4294967294:abcd", "abcdef"},
        {"S4294967293 1:d 4294967294:ab E", "ab[1]d"},
        {"S4294967295 0:abc", "abc"},
        {"S4294967290 4294967294:x A1 E", "[3]x"},
        /* Further ahead than any window: a stray. */
        {"S99 100:abc 1500000000:x 103:d E", "abcd"},
        {"S99 100:abc 3000000000:x 103:d E", "abcd"},
        /* Nor does a stray acknowledgement give anything up. */
        {"S99 A1600000000 103:d 100:abc", "abcd"},
    };

    (void)state;
    CHECK(cases, 8, 8);
}

static void what_is_held_is_bounded(void **state)
{
    /* Two pieces. */
    static const struct script_case cases[] = {
        {"S99 102:c 104:e 100:ab 103:d", "abcde"},
        {"S99 102:c 104:e 106:g", "[2]c"},
        {"S99 102:c 104:e 106:g 108:i", "[2]c[1]e"},
        {"S99 102:c 104:e 106:g 105:f 103:d", "[2]cdefg"},
        /* What joins needs no piece of its own. */
        {"S99 102:c 103:d 104:e 105:f 108:i 100:ab E", "abcdef[2]i"},
    };
    /* None at all. */
    static const struct script_case none[] = {
        {"S99 102:c 100:ab 103:d", "[2]cd"},
    };

    (void)state;
    CHECK(cases, 8, 2);
    CHECK(cases, 2, 8);
    CHECK(none, 8, 0);
}

static void longer_segments_take_several_pieces(void **state)
{
    enum { N = 3 * PIECE_BYTES + 17 };
    static uint8_t bytes[N];
    struct rig r;

    (void)state;
    for (size_t i = 0; i < N; i++)
        bytes[i] = (uint8_t)('a' + i % 23);
    rig_init(&r, 8, 8);
    stream_side_syn(&r.side, 99, &r.out);
    stream_side_add(&r.side, 110, span_of(bytes + 10, N - 10), N - 10, &r.out);
    assert_int_equal(r.text.len, 0);
    assert_int_equal(r.pieces.n_used, 4);
    stream_side_add(&r.side, 100, span_of(bytes, 10), 10, &r.out);
    assert_int_equal(r.text.len, N);
    assert_memory_equal(r.text.data, bytes, N);
    rig_release(&r);
    /* More than can be held: the hole is given up, and nothing else is lost. */
    rig_init(&r, 8, 2);
    stream_side_syn(&r.side, 99, &r.out);
    stream_side_add(&r.side, 110, span_of(bytes + 10, N - 10), N - 10, &r.out);
    assert_int_equal(r.side.missing, 10);
    assert_int_equal(r.text.len, 4 + N - 10);
    assert_memory_equal(r.text.data + 4, bytes + 10, N - 10);
    assert_int_equal(r.side.repeated, 0);
    rig_release(&r);
}

/* ---- anything ------------------------------------------------------------------ */

enum { STREAM = 600, SEGMENTS = 60 };

/* What must come out: the first copy of each byte, 0 where none was captured. */
struct model {
    uint8_t bytes[STREAM];
    bool known[STREAM];
    size_t end;
};

static void model_add(struct model *m, size_t at, const uint8_t *bytes, size_t captured,
                      size_t wire)
{
    for (size_t i = 0; i < wire; i++) {
        if (m->known[at + i])
            continue;
        m->known[at + i] = true;
        m->bytes[at + i] = i < captured ? bytes[i] : 0;
    }
    if (at + wire > m->end)
        m->end = at + wire;
}

/* Where the bytes came out, in their places. */
struct placed {
    uint8_t bytes[STREAM];
    size_t n;
};

static void place_data(void *ctx, const uint8_t *bytes, size_t n)
{
    struct placed *p = ctx;

    assert_true(n > 0 && p->n + n <= STREAM);
    memcpy(p->bytes + p->n, bytes, n);
    p->n += n;
}

static void place_gap(void *ctx, uint64_t n)
{
    struct placed *p = ctx;

    assert_true(n > 0 && p->n + n <= STREAM);
    p->n += (size_t)n;
}

static void random_segments(struct rng *rng, uint32_t per_side, bool acks)
{
    const uint32_t base = (uint32_t)rng_next(rng);
    struct slab pieces;
    struct stream_side side;
    static struct placed placed;
    static struct model model;
    const struct stream_out out = {place_data, place_gap, &placed, &pieces, per_side};

    memset(&placed, 0, sizeof placed);
    memset(&model, 0, sizeof model);
    assert_true(slab_init(&pieces, 64, sizeof(struct stream_piece)));
    stream_side_init(&side);
    stream_side_syn(&side, base - 1, &out);
    for (unsigned i = 0; i < SEGMENTS; i++) {
        uint8_t bytes[40];
        size_t wire = 1 + rng_below(rng, sizeof bytes);
        size_t at = rng_below(rng, STREAM - wire);
        size_t captured = rng_below(rng, 4) == 0 ? rng_below(rng, wire) : wire;

        for (size_t k = 0; k < wire; k++)
            bytes[k] = (uint8_t)(1 + rng_below(rng, 255));
        model_add(&model, at, bytes, captured, wire);
        stream_side_add(&side, base + (uint32_t)at, span_of(bytes, captured),
                        (uint32_t)wire, &out);
        if (acks && rng_below(rng, 3) == 0)
            stream_side_ack(&side, base + (uint32_t)rng_below(rng, STREAM), &out);
        assert_int_equal(side.delivered + side.missing, placed.n);
        assert_int_equal(side.next - base, placed.n);
        assert_true(side.n_pieces <= per_side && side.n_pieces == pieces.n_used);
    }
    stream_side_end(&side, &out);
    assert_int_equal(placed.n, model.end);
    assert_int_equal(pieces.n_used, 0);
    if (per_side == 64 && !acks)
        assert_memory_equal(placed.bytes, model.bytes, STREAM);
    slab_release(&pieces);
}

static void any_segments_give_the_first_copies(void **state)
{
    struct rng rng;

    (void)state;
    rng_init(&rng, 11);
    for (unsigned i = 0; i < 1500; i++) {
        random_segments(&rng, 64, false);
        random_segments(&rng, 64, true);
        random_segments(&rng, 1 + i % 5, i % 2 == 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(puts_segments_in_order),
        cmocka_unit_test(the_first_copy_counts),
        cmocka_unit_test(a_hole_that_was_acknowledged_is_given_up),
        cmocka_unit_test(what_was_not_captured_is_a_gap),
        cmocka_unit_test(connections_end),
        cmocka_unit_test(sequence_numbers_wrap),
        cmocka_unit_test(what_is_held_is_bounded),
        cmocka_unit_test(longer_segments_take_several_pieces),
        cmocka_unit_test(any_segments_give_the_first_copies),
    };

    return cmocka_run_group_tests_name("stream_side", tests, NULL, NULL);
}

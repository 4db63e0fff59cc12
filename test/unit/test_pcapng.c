/* SPDX-License-Identifier: Apache-2.0 */
#include "frame.h"
#include "pcapng_image.h"
#include "test.h"

#include <lapwing/capture.h>

#include <string.h>

static struct frame frame;
static struct buf image;

static int begin(void **state)
{
    (void)state;
    buf_init(&image);
    return 0;
}

static int end(void **state)
{
    (void)state;
    buf_release(&image);
    return 0;
}

static const struct lw_packet *some_packet(void)
{
    return frame_at(&frame, 0, "udp 1.1.1.1:1 > 2.2.2.2:2 len=5 cap=45");
}

static struct lw_capture *open_image(void)
{
    struct lw_capture *cap = NULL;
    struct lw_error err = {0};

    if (lw_capture_open_memory(&cap, image.data, image.len, NULL, &err) != LW_OK)
        fail_msg("%s", err.msg);
    return cap;
}

static struct lw_packet next(struct lw_capture *cap)
{
    struct lw_packet pkt;

    assert_int_equal(lw_capture_next(cap, &pkt, NULL), LW_OK);
    return pkt;
}

/* Read to the end: so many packets, and a warning that says `part` (NULL: none). */
static void expect(unsigned n_packets, const char *part)
{
    struct lw_capture *cap = open_image();
    struct lw_capture_stats stats;
    struct lw_packet pkt;

    while (lw_capture_next(cap, &pkt, NULL) == LW_OK)
        ;
    lw_capture_get_stats(cap, &stats);
    assert_int_equal(stats.seen, n_packets);
    if (part == NULL)
        assert_string_equal(stats.warning, "");
    else if (strstr(stats.warning, part) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", stats.warning, part);
    lw_capture_close(cap);
}

static void every_packet_block_in_both_byte_orders(void **state)
{
    (void)state;
    for (int big = 0; big < 2; big++) {
        struct ng w = {&image, big};
        struct lw_capture *cap;

        buf_reset(&image);
        ng_section(&w);
        ng_interface(&w, &(struct ng_interface){.link_type = 113});
        ng_interface(&w, &(struct ng_interface){.snaplen = 45});
        ng_packet(&w, 1, 3000001, some_packet());
        ng_obsolete(&w, 1, 0x100000004, some_packet());
        ng_simple(&w, some_packet());
        cap = open_image();
        for (int i = 0; i < 2; i++) {
            struct lw_packet pkt = next(cap);

            assert_true(pkt.time_ns == (i == 0 ? 3000001000 : 4294967300000));
            assert_int_equal(pkt.captured_bytes, 45);
            assert_int_equal(pkt.wire_bytes, 47);
            assert_int_equal(pkt.link_type, 1);
            assert_memory_equal(pkt.data, frame.bytes, 45);
        }
        lw_capture_close(cap);
    }
}

/* Of the first interface; as long as its snaplen says; with the time before it. */
static void simple_packets(void **state)
{
    struct ng w = {&image, false};
    struct lw_capture *cap;
    struct lw_packet pkt;

    (void)state;
    ng_section(&w);
    ng_interface(&w, &(struct ng_interface){.link_type = 101, .snaplen = 45});
    ng_packet(&w, 0, 77, some_packet());
    ng_simple(&w, some_packet());
    ng_simple(&w, frame_at(&frame, 0, "udp 1.1.1.1:1 > 2.2.2.2:2"));
    cap = open_image();
    (void)next(cap);
    pkt = next(cap);
    assert_true(pkt.time_ns == 77000);
    assert_int_equal(pkt.captured_bytes, 45);
    assert_int_equal(pkt.wire_bytes, 47);
    assert_int_equal(pkt.link_type, 101);
    assert_int_equal(next(cap).captured_bytes, 42);
    lw_capture_close(cap);
}

struct time_case {
    bool has_tsresol;
    uint8_t tsresol;
    int64_t offset_s;
    uint64_t units;
    int64_t want_ns;
};

static void times_in_every_resolution(void **state)
{
    static const struct time_case cases[] = {
        {false, 0, 0, 1500000, 1500000000},
        {true, 0, 0, 3, 3000000000},
        {true, 3, 0, 1500, 1500000000},
        {true, 9, 0, 1500000007, 1500000007},
        {true, 12, 0, 1500000007999, 1500000007},
        {true, 0x80, 0, 3, 3000000000},
        {true, 0x8a, 0, 1536, 1500000000},
        {true, 0xa0, 0, 0x180000000, 1500000000},
        {true, 0xbf, 0, UINT64_MAX, 1999999999},
        {true, 0xff, 0, UINT64_MAX, 0},
        {true, 0x7f, 0, UINT64_MAX - 1, 0},
        {false, 0, 1600000000, 5, 1600000000000005000},
        {false, 0, -5, 6000000, 1000000000},
        /* What lies outside of 1970 to 2116 stays at the ends. */
        {false, 0, -7, 6000000, 0},
        {true, 9, INT64_MIN, 7, 0},
        {true, 9, INT64_MAX, 0, LW_TIME_MAX_NS},
        {true, 9, 0, LW_TIME_MAX_NS, LW_TIME_MAX_NS},
        {true, 9, 1, LW_TIME_MAX_NS, LW_TIME_MAX_NS},
        {true, 9, -1, LW_TIME_MAX_NS, LW_TIME_MAX_NS - 1000000000},
        {true, 9, 0, UINT64_MAX, LW_TIME_MAX_NS},
        {true, 0, 0, UINT64_MAX, LW_TIME_MAX_NS},
        {true, 0x80, 0, UINT64_MAX, LW_TIME_MAX_NS},
    };

    (void)state;
    for (unsigned i = 0; i < 2 * sizeof cases / sizeof cases[0]; i++) {
        const struct time_case *c = &cases[i / 2];
        struct ng w = {&image, i % 2 == 1};
        struct lw_capture *cap;
        struct lw_packet pkt;

        buf_reset(&image);
        ng_section(&w);
        ng_interface(&w, &(struct ng_interface){.has_tsresol = c->has_tsresol,
                                                .tsresol = c->tsresol,
                                                .tsoffset_s = c->offset_s});
        ng_packet(&w, 0, c->units, some_packet());
        cap = open_image();
        pkt = next(cap);
        if (pkt.time_ns != c->want_ns)
            fail_msg("resolution 0x%02x: %lld, not %lld", c->tsresol,
                     (long long)pkt.time_ns, (long long)c->want_ns);
        lw_capture_close(cap);
    }
}

/* A section has its own byte order and its own interfaces. */
static void sections_start_afresh(void **state)
{
    struct ng little = {&image, false};
    struct ng big = {&image, true};
    struct lw_capture *cap;

    (void)state;
    ng_section(&little);
    ng_interface(&little, &(struct ng_interface){.link_type = 101});
    ng_packet(&little, 0, 1, some_packet());
    ng_section(&big);
    ng_interface(&big, &(struct ng_interface){.link_type = 113});
    ng_packet(&big, 0, 2, some_packet());
    cap = open_image();
    assert_int_equal(next(cap).link_type, 101);
    assert_int_equal(next(cap).link_type, 113);
    lw_capture_close(cap);
    ng_section(&little);
    ng_packet(&little, 0, 3, some_packet());
    expect(2, "a packet of interface 0, of 0 described");
}

static void unknown_blocks_are_passed_over(void **state)
{
    struct ng w = {&image, false};
    static uint8_t large[300000];

    (void)state;
    ng_section(&w);
    ng_block(&w, 5, "statistics..", 12);
    ng_interface(&w, &(struct ng_interface){0});
    ng_block(&w, 0x80000001, large, sizeof large);
    ng_packet(&w, 0, 1, some_packet());
    ng_block(&w, 4, "name", 4);
    expect(1, NULL);
}

/* Where the padding is left out of the lengths. */
static void unpadded_lengths(void **state)
{
    struct ng w = {&image, false};

    (void)state;
    ng_section(&w);
    ng_block(&w, 0x99, "abc", 3);
    image.data[28 + 4] = 15;
    image.data[28 + 12] = 15;
    ng_interface(&w, &(struct ng_interface){0});
    ng_packet(&w, 0, 1, some_packet());
    expect(1, NULL);
}

/* Cut at every byte: what was whole is read, and only a cut at a boundary is silent. */
static void a_file_cut_anywhere_gives_what_it_has(void **state)
{
    struct ng w = {&image, false};
    size_t ends[4];
    size_t whole;

    (void)state;
    ng_section(&w);
    ends[0] = image.len;
    ng_interface(&w, &(struct ng_interface){0});
    ends[1] = image.len;
    ng_packet(&w, 0, 1, some_packet());
    ends[2] = image.len;
    ng_block(&w, 5, "statistics..", 12);
    ends[3] = image.len;
    whole = image.len;
    for (size_t n = ends[0]; n <= whole; n++) {
        bool boundary = n == ends[0] || n == ends[1] || n == ends[2] || n == ends[3];

        image.len = n;
        expect(n >= ends[2], boundary ? NULL : "cut off");
    }
    image.len = ends[0] - 1;
    assert_int_equal(lw_capture_open_memory(&(struct lw_capture *){NULL}, image.data,
                                            image.len, NULL, NULL),
                     LW_EFORMAT);
}

/* Overwrite 4 bytes of the image, little-endian. */
static void poke(size_t at, uint32_t v)
{
    for (unsigned i = 0; i < 4; i++)
        image.data[at + i] = (char)(v >> 8 * i);
}

static void damage_is_told_apart(void **state)
{
    struct ng w = {&image, false};
    size_t packet;
    size_t whole;

    (void)state;
    ng_section(&w);
    ng_interface(&w, &(struct ng_interface){0});
    packet = image.len;
    ng_packet(&w, 0, 1, some_packet());
    whole = image.len - packet;
    expect(1, NULL);

    poke(packet + 8, 1);
    expect(0, "a packet of interface 1, of 1 described");
    poke(packet + 8, 0);

    poke(packet + 20, (uint32_t)whole - 31);
    expect(0, "claims");
    poke(packet + 20, 45);

    poke(packet + 4, 8);
    expect(0, "a block of type 6 claims 8 bytes");
    poke(packet + 4, (16 << 20) + 4);
    expect(0, "a block of type 6 claims 16777220 bytes");
    poke(packet + 4, UINT32_MAX);
    expect(0, "claims 4294967295 bytes");
    poke(packet + 4, (uint32_t)whole);

    poke(image.len - 4, 100);
    expect(0, "ends with length 100");
    poke(image.len - 4, (uint32_t)whole);
    expect(1, NULL);

    ng_section(&w);
    poke(packet + whole + 8, 0x01010101);
    expect(1, "no byte-order magic");
    poke(packet + whole + 8, 0x1a2b3c4d);
    poke(packet + whole + 12, 2);
    expect(1, "version 2.0 is unknown");
    poke(packet + whole + 12, 1);
    poke(packet + whole + 4, 20);
    expect(1, "a section header claims 20 bytes");
}

/* What is behind a damaged block is not read, whether it was come upon while looking
 * for more packets or not. */
static void damage_ends_batches(void **state)
{
    struct ng w = {&image, false};
    struct lw_capture_stats stats;
    struct lw_packet pkts[8];
    struct lw_capture *cap;
    size_t n;

    (void)state;
    ng_section(&w);
    ng_interface(&w, &(struct ng_interface){0});
    ng_packet(&w, 0, 1, some_packet());
    ng_block(&w, 5, "statistics..", 12);
    poke(image.len - 4, 100);
    ng_packet(&w, 0, 2, some_packet());
    cap = open_image();
    assert_int_equal(lw_capture_next_batch(cap, pkts, 8, &n, NULL), LW_OK);
    assert_int_equal(n, 1);
    assert_int_equal(lw_capture_next_batch(cap, pkts, 8, &n, NULL), LW_END);
    lw_capture_get_stats(cap, &stats);
    assert_int_equal(stats.seen, 1);
    assert_false(stats.cut_off);
    lw_capture_close(cap);
    expect(1, "ends with length 100");
}

static void a_simple_packet_needs_an_interface(void **state)
{
    struct ng w = {&image, false};

    (void)state;
    ng_section(&w);
    ng_simple(&w, some_packet());
    expect(0, "before any interface");
}

static void damaged_options_are_not_read(void **state)
{
    static const uint8_t body[] = {1, 0, 0,    0,    0, 0, 0, 0,
                                   9, 0, 0xff, 0xff, 3, 0, 0, 0};
    struct ng w = {&image, false};
    struct lw_capture *cap;

    (void)state;
    ng_section(&w);
    ng_block(&w, 1, body, sizeof body);
    ng_packet(&w, 0, 5, some_packet());
    cap = open_image();
    assert_true(next(cap).time_ns == 5000);
    lw_capture_close(cap);
}

static void unknown_versions_are_refused(void **state)
{
    struct ng w = {&image, false};
    struct lw_capture *cap = NULL;
    struct lw_error err;

    (void)state;
    ng_section(&w);
    image.data[12] = 9;
    assert_int_equal(lw_capture_open_memory(&cap, image.data, image.len, NULL, &err),
                     LW_EFORMAT);
    assert_non_null(strstr(err.msg, "version 9.0 is unknown"));
}

static void link_types_have_words(void **state)
{
    (void)state;
    assert_string_equal(lw_link_type_text(127), "802.11 plus radiotap header");
    assert_string_equal(lw_link_type_text(101), lw_link_type_text(12));
    assert_string_equal(lw_link_type_text(65000), "unknown");
}

static void filters_follow_the_interface(void **state)
{
    const struct lw_capture_config cfg = {.filter = "udp port 2"};
    struct ng w = {&image, false};
    struct lw_capture *cap = NULL;
    struct lw_capture_stats stats;
    struct lw_packet pkt;
    unsigned n = 0;

    (void)state;
    ng_section(&w);
    /* More link types than programs are kept for. */
    for (uint16_t i = 0; i < 40; i++)
        ng_interface(&w, &(struct ng_interface){.link_type = i % 2 ? 101 : 200 + i});
    for (uint32_t i = 0; i < 40; i++)
        ng_packet(&w, i, 1,
                  frame_at(&frame, 0,
                           i % 4 == 1 ? "udp 1.1.1.1:1 > 2.2.2.2:2 link=raw"
                                      : "udp 1.1.1.1:1 > 2.2.2.2:3 link=raw"));
    assert_int_equal(lw_capture_open_memory(&cap, image.data, image.len, &cfg, NULL),
                     LW_OK);
    while (lw_capture_next(cap, &pkt, NULL) == LW_OK)
        n++;
    lw_capture_get_stats(cap, &stats);
    assert_int_equal(n, 10);
    assert_int_equal(stats.seen, 40);
    assert_int_equal(stats.filtered, 30);
    lw_capture_close(cap);
}

int main(void)
{
#define NG_TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)
    const struct CMUnitTest tests[] = {
        NG_TEST(every_packet_block_in_both_byte_orders),
        NG_TEST(simple_packets),
        NG_TEST(times_in_every_resolution),
        NG_TEST(sections_start_afresh),
        NG_TEST(unknown_blocks_are_passed_over),
        NG_TEST(unpadded_lengths),
        NG_TEST(a_file_cut_anywhere_gives_what_it_has),
        NG_TEST(damage_is_told_apart),
        NG_TEST(damage_ends_batches),
        NG_TEST(a_simple_packet_needs_an_interface),
        NG_TEST(damaged_options_are_not_read),
        NG_TEST(unknown_versions_are_refused),
        NG_TEST(link_types_have_words),
        NG_TEST(filters_follow_the_interface),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"
#include "frame.h"
#include "test.h"

#include <lapwing/capture.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static struct frame frame;

/* A pcap image with two packets, at 1.5 s and 2.000001001 s. */
static void two_packets(struct buf *b, const struct pcap_style *style)
{
    buf_init(b);
    pcap_image_begin(b, style);
    pcap_image_add(b, style, frame_ns(&frame, 1500000000, "udp 1.1.1.1:1 > 2.2.2.2:2"));
    pcap_image_add(
        b, style,
        frame_ns(&frame, 2000001001, "tcp 1.1.1.1:1 > 2.2.2.2:2 S len=9 cap=60"));
    assert_true(buf_ok(b));
}

static struct lw_capture *open_filtered(const void *data, size_t n, const char *filter)
{
    struct lw_capture_config cfg = {.filter = filter};
    struct lw_capture *cap = NULL;
    struct lw_error err = {0};

    if (lw_capture_open_memory(&cap, data, n, &cfg, &err) != LW_OK)
        fail_msg("%s", err.msg);
    return cap;
}

/* Read to the end; the number of packets. */
static unsigned drain(struct lw_capture *cap, struct lw_capture_stats *stats)
{
    struct lw_packet pkt;
    unsigned n = 0;
    enum lw_status st;

    while ((st = lw_capture_next(cap, &pkt, NULL)) == LW_OK)
        n++;
    assert_int_equal(st, LW_END);
    assert_int_equal(lw_capture_next(cap, &pkt, NULL), LW_END);
    lw_capture_get_stats(cap, stats);
    return n;
}

static unsigned read_image(const void *data, size_t n, struct lw_capture_stats *stats)
{
    struct lw_capture *cap = open_filtered(data, n, NULL);
    unsigned n_packets = drain(cap, stats);

    lw_capture_close(cap);
    return n_packets;
}

static void expect_refused(const void *data, size_t n, const char *part)
{
    struct lw_capture *cap = NULL;
    struct lw_error err = {0};

    assert_int_equal(lw_capture_open_memory(&cap, data, n, NULL, &err), LW_EFORMAT);
    assert_null(cap);
    if (strstr(err.msg, part) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", err.msg, part);
}

static void every_pcap_dialect(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 6; i++) {
        struct pcap_style style = {.big_endian = i & 1,
                                   .nanoseconds = (i & 2) != 0,
                                   .modified = i >= 4,
                                   .link_type = 113};
        struct lw_capture *cap;
        struct lw_packet pkt;
        struct buf b;

        two_packets(&b, &style);
        cap = open_filtered(b.data, b.len, NULL);
        assert_int_equal(lw_capture_next(cap, &pkt, NULL), LW_OK);
        assert_true(pkt.time_ns == 1500000000);
        assert_int_equal(pkt.captured_bytes, 42);
        assert_int_equal(pkt.wire_bytes, 42);
        assert_int_equal(pkt.link_type, 113);
        assert_int_equal(lw_capture_next(cap, &pkt, NULL), LW_OK);
        assert_true(pkt.time_ns == (style.nanoseconds ? 2000001001 : 2000001000));
        assert_int_equal(pkt.captured_bytes, 60);
        assert_int_equal(pkt.wire_bytes, 63);
        assert_memory_equal(pkt.data, frame.bytes, 60);
        assert_int_equal(lw_capture_next(cap, &pkt, NULL), LW_END);
        lw_capture_close(cap);
        buf_release(&b);
    }
}

/* Longer packet headers under the standard magic number. */
static void dialects_that_do_not_say_so(void **state)
{
    static const size_t extra[] = {8, 4};
    const struct pcap_style style = {0};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct lw_capture_stats stats;
        struct lw_capture *cap;
        struct lw_packet pkt;
        struct buf b;

        buf_init(&b);
        pcap_image_begin(&b, &style);
        (void)frame_at(&frame, 1600000000, "udp 1.1.1.1:1 > 2.2.2.2:2 len=30");
        for (int n = 0; n < 5; n++) {
            pcap_image_add(&b, &style, &frame.pkt);
            b.len -= frame.pkt.captured_bytes;
            buf_add(&b, "\0\0\0\0\0\0\0\0", extra[i]);
            buf_add(&b, frame.pkt.data, frame.pkt.captured_bytes);
        }
        cap = open_filtered(b.data, b.len, NULL);
        assert_int_equal(lw_capture_next(cap, &pkt, NULL), LW_OK);
        assert_memory_equal(pkt.data, frame.bytes, pkt.captured_bytes);
        assert_int_equal(drain(cap, &stats), 4);
        assert_string_equal(stats.warning, "");
        lw_capture_close(cap);
        buf_release(&b);
    }
}

/* Before version 2.3 the wire length came first; in 2.3 either did. */
static void old_versions_swap_the_lengths(void **state)
{
    static const struct {
        uint16_t minor;
        uint32_t captured, wire; /* as written */
        uint32_t want_captured;
    } cases[] = {{2, 63, 60, 60}, {3, 63, 60, 60}, {3, 60, 63, 60}, {4, 60, 63, 60}};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct pcap_style style = {.minor = cases[i].minor};
        struct lw_packet written = {.data = frame.bytes};
        struct lw_capture *cap;
        struct lw_packet pkt;
        struct buf b;

        buf_init(&b);
        pcap_image_begin(&b, &style);
        written.captured_bytes = cases[i].captured;
        written.wire_bytes = cases[i].wire;
        pcap_image_add(&b, &style, &written);
        cap = open_filtered(b.data, b.len, NULL);
        assert_int_equal(lw_capture_next(cap, &pkt, NULL), LW_OK);
        assert_int_equal(pkt.captured_bytes, cases[i].want_captured);
        assert_int_equal(pkt.wire_bytes, 63);
        lw_capture_close(cap);
        buf_release(&b);
    }
}

static void wire_length_is_at_least_the_captured(void **state)
{
    const struct pcap_style style = {0};
    struct lw_packet written = {
        .data = frame.bytes, .captured_bytes = 60, .wire_bytes = 10};
    struct lw_capture *cap;
    struct lw_packet pkt;
    struct buf b;

    (void)state;
    buf_init(&b);
    pcap_image_begin(&b, &style);
    pcap_image_add(&b, &style, &written);
    cap = open_filtered(b.data, b.len, NULL);
    assert_int_equal(lw_capture_next(cap, &pkt, NULL), LW_OK);
    assert_int_equal(pkt.wire_bytes, 60);
    lw_capture_close(cap);
    buf_release(&b);
}

/* Cut at every byte: what was whole is read, and only a cut at a boundary is silent. */
static void a_file_cut_anywhere_gives_what_it_has(void **state)
{
    const struct pcap_style style = {0};
    const size_t first = 24;
    const size_t second = first + 16 + 42;
    struct lw_capture_stats stats;
    struct buf b;

    (void)state;
    two_packets(&b, &style);
    for (size_t n = first; n <= b.len; n++) {
        bool boundary = n == first || n == second || n == b.len;

        assert_int_equal(read_image(b.data, n, &stats), n < second  ? 0
                                                        : n < b.len ? 1
                                                                    : 2);
        assert_int_equal(stats.cut_off, !boundary);
        assert_int_equal(stats.warning[0] == '\0', boundary);
    }
    for (size_t n = 4; n < first; n++)
        expect_refused(b.data, n, "cut off inside the file header");
    buf_release(&b);
}

/* Not among the first packets, whose damage could mean another dialect. */
static void a_damaged_length_ends_the_capture(void **state)
{
    const struct pcap_style style = {0};
    struct lw_capture_stats stats;
    size_t last;
    struct buf b;

    (void)state;
    two_packets(&b, &style);
    pcap_image_add(&b, &style, &frame.pkt);
    last = b.len;
    pcap_image_add(&b, &style, &frame.pkt);
    b.data[last + 10] = 5; /* captured length 60 + 5 * 65,536 */
    assert_int_equal(read_image(b.data, b.len, &stats), 3);
    assert_false(stats.cut_off);
    assert_non_null(strstr(stats.warning, "damaged at byte 234"));
    assert_non_null(strstr(stats.warning, "claims 327740 bytes"));
    buf_release(&b);
}

static void long_packets_of_some_links_are_real(void **state)
{
    static const struct {
        uint32_t link_type;
        bool fits;
    } cases[] = {{1, false}, {231, true}, {249, true}, {266, true}, {279, true}};
    static uint8_t data[262145];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct pcap_style style = {.link_type = cases[i].link_type};
        struct lw_packet pkt = {
            .data = data, .captured_bytes = sizeof data, .wire_bytes = sizeof data};
        struct lw_capture_stats stats;
        struct buf b;

        buf_init(&b);
        pcap_image_begin(&b, &style);
        pcap_image_add(&b, &style, &pkt);
        assert_int_equal(read_image(b.data, b.len, &stats), cases[i].fits);
        buf_release(&b);
    }
}

static void unreadable_headers_are_refused(void **state)
{
    const struct pcap_style style = {0};
    struct buf b;

    (void)state;
    two_packets(&b, &style);
    b.data[4] = 1;
    expect_refused(b.data, b.len, "version 1.4 is unknown");
    b.data[4] = 2;
    b.data[22] = 1;
    expect_refused(b.data, b.len, "no link type 65537");
    buf_release(&b);
    expect_refused("", 0, "empty");
    expect_refused("hello world, this is text", 25, "not a capture");
    expect_refused("snoop\0\0\0\0\0\0\2\0\0\0\4", 16, "a snoop capture (RFC 1761)");
    expect_refused("PK\3\4..........", 14, "zip archive");
}

/* The upper bits of the link type tell of frame check sequences. */
static void fcs_bits_do_not_change_the_link_type(void **state)
{
    const struct pcap_style style = {0};
    struct lw_capture *cap;
    struct lw_packet pkt;
    struct buf b;

    (void)state;
    two_packets(&b, &style);
    b.data[23] = 0x54;
    cap = open_filtered(b.data, b.len, NULL);
    assert_int_equal(lw_capture_next(cap, &pkt, NULL), LW_OK);
    assert_int_equal(pkt.link_type, 1);
    lw_capture_close(cap);
    buf_release(&b);
}

static void a_filter_counts_what_it_drops(void **state)
{
    const struct pcap_style style = {0};
    struct lw_capture_stats stats;
    struct lw_capture *cap;
    struct buf b;

    (void)state;
    two_packets(&b, &style);
    cap = open_filtered(b.data, b.len, "tcp and host 1.1.1.1");
    assert_int_equal(drain(cap, &stats), 1);
    assert_int_equal(stats.seen, 2);
    assert_int_equal(stats.filtered, 1);
    assert_string_equal(stats.warning, "");
    lw_capture_close(cap);
    cap = open_filtered(b.data, b.len, "");
    assert_int_equal(drain(cap, &stats), 2);
    lw_capture_close(cap);
    buf_release(&b);
}

/* Raw IP has another number in files than in libpcap. */
static void filters_fit_the_link_type(void **state)
{
    static const char *const links[] = {"raw", "sll", "sll2", "loop", "ppp", "ip4"};

    (void)state;
    for (size_t i = 0; i < sizeof links / sizeof links[0]; i++) {
        struct lw_capture_stats stats;
        struct pcap_style style = {0};
        struct lw_capture *cap;
        char text[64];
        struct buf b;

        (void)snprintf(text, sizeof text, "udp 1.1.1.1:1 > 2.2.2.2:53 link=%s",
                       links[i]);
        style.link_type = frame_at(&frame, 1, text)->link_type;
        buf_init(&b);
        pcap_image_begin(&b, &style);
        pcap_image_add(&b, &style, &frame.pkt);
        cap = open_filtered(b.data, b.len, "udp dst port 53");
        assert_int_equal(drain(cap, &stats), 1);
        lw_capture_close(cap);
        cap = open_filtered(b.data, b.len, "udp src port 53");
        assert_int_equal(drain(cap, &stats), 0);
        lw_capture_close(cap);
        buf_release(&b);
    }
}

static void a_wrong_filter_is_refused(void **state)
{
    const struct lw_capture_config cfg = {.filter = "tcp porp 80"};
    const struct pcap_style style = {0};
    struct lw_capture *cap = NULL;
    struct lw_error err;
    struct buf b;

    (void)state;
    two_packets(&b, &style);
    assert_int_equal(lw_capture_open_memory(&cap, b.data, b.len, &cfg, &err),
                     LW_EINVAL);
    assert_non_null(strstr(err.msg, "tcp porp 80"));
    buf_release(&b);
}

/* It is no mistake for a capture that could have had such frames. */
static void a_filter_for_other_links_lets_nothing_pass(void **state)
{
    const struct pcap_style style = {0};
    struct lw_capture_stats stats;
    struct lw_capture *cap;
    struct buf b;

    (void)state;
    two_packets(&b, &style);
    cap = open_filtered(b.data, b.len, "wlan type mgt");
    assert_int_equal(drain(cap, &stats), 0);
    assert_int_equal(stats.filtered, 2);
    assert_non_null(strstr(stats.warning, "link type 1"));
    lw_capture_close(cap);
    buf_release(&b);
}

static void progress_is_known_for_files(void **state)
{
    struct lw_capture_stats stats;
    struct lw_capture *cap = NULL;
    const char *path = test_source_path("test/corpus/capture/two.pcap");
    struct stat info;

    (void)state;
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(lw_capture_open(&cap, path, NULL, NULL), LW_OK);
    assert_int_equal(drain(cap, &stats), 2);
    assert_int_equal(stats.bytes_total, info.st_size);
    assert_int_equal(stats.bytes_read, info.st_size);
    lw_capture_close(cap);
}

static void read_all(const char *path, struct buf *b)
{
    FILE *f = fopen(path, "rb");
    char part[4096];
    size_t n;

    buf_init(b);
    assert_non_null(f);
    while ((n = fread(part, 1, sizeof part, f)) > 0)
        buf_add(b, part, n);
    (void)fclose(f);
}

static void compressed_captures(void **state)
{
    static const char *const names[] = {"two.pcap.gz", "two.pcap.zst", "two.pcap.xz"};
    struct lw_capture_stats stats;
    char relative[64];
    struct buf b;

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        (void)snprintf(relative, sizeof relative, "test/corpus/capture/%s", names[i]);
        read_all(test_source_path(relative), &b);
        assert_int_equal(read_image(b.data, b.len, &stats), 2);
        assert_string_equal(stats.warning, "");
        buf_release(&b);
    }
}

/* Cut compressed data at every byte: never a crash, and never silence. */
static void compressed_captures_cut_off(void **state)
{
    static const char *const names[] = {"two.pcap.gz", "two.pcap.zst", "two.pcap.xz"};
    struct lw_capture_stats stats;
    struct lw_capture *cap;
    char relative[64];
    struct buf b;

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        (void)snprintf(relative, sizeof relative, "test/corpus/capture/%s", names[i]);
        read_all(test_source_path(relative), &b);
        for (size_t n = 6; n < b.len; n++) {
            cap = NULL;
            if (lw_capture_open_memory(&cap, b.data, n, NULL, NULL) != LW_OK)
                continue;
            (void)drain(cap, &stats);
            assert_true(stats.warning[0] != '\0');
            assert_true(stats.cut_off);
            lw_capture_close(cap);
        }
        buf_release(&b);
    }
}

/* ---- files, pipes and directories ---- */

static char tmp_dir[64];

static int make_tmp_dir(void **state)
{
    (void)state;
    (void)snprintf(tmp_dir, sizeof tmp_dir, "/tmp/lw_test_capture.XXXXXX");
    return mkdtemp(tmp_dir) == NULL ? -1 : 0;
}

static int remove_tmp_dir(void **state)
{
    static const char *const names[] = {"a.pcap", "b.cap",      "c",
                                        "readme", "empty.pcap", "cut.pcap"};
    char path[128];

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        (void)snprintf(path, sizeof path, "%s/%s", tmp_dir, names[i]);
        (void)unlink(path);
    }
    (void)snprintf(path, sizeof path, "%s/sub", tmp_dir);
    (void)rmdir(path);
    return rmdir(tmp_dir);
}

static void write_file(const char *name, const void *data, size_t n)
{
    char path[128];
    FILE *f;

    (void)snprintf(path, sizeof path, "%s/%s", tmp_dir, name);
    f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(data, 1, n, f), n);
    assert_int_equal(fclose(f), 0);
}

/* A capture with one packet at `time_s`; drop_bytes are missing at its end. */
static void write_capture(const char *name, double time_s, size_t drop_bytes)
{
    const struct pcap_style style = {0};
    struct buf b;

    buf_init(&b);
    pcap_image_begin(&b, &style);
    pcap_image_add(&b, &style, frame_at(&frame, time_s, "udp 1.1.1.1:1 > 2.2.2.2:2"));
    write_file(name, b.data, b.len - drop_bytes);
    buf_release(&b);
}

static void a_directory_is_read_by_time(void **state)
{
    const struct pcap_style style = {0};
    struct lw_capture_stats stats;
    struct lw_capture *cap = NULL;
    struct lw_packet pkt;
    char sub[128];
    struct buf b;

    (void)state;
    (void)snprintf(sub, sizeof sub, "%s/sub", tmp_dir);
    assert_int_equal(mkdir(sub, 0700), 0);
    write_file("readme", "no capture", 10);
    write_capture("a.pcap", 30, 0);
    write_capture("b.cap", 10, 0);
    write_capture("c", 20, 0);
    write_capture("cut.pcap", 1, 5);
    buf_init(&b);
    pcap_image_begin(&b, &style);
    write_file("empty.pcap", b.data, b.len);
    buf_release(&b);

    assert_int_equal(lw_capture_open(&cap, tmp_dir, NULL, NULL), LW_OK);
    for (int i = 1; i <= 3; i++) {
        assert_int_equal(lw_capture_next(cap, &pkt, NULL), LW_OK);
        assert_true(pkt.time_ns == i * INT64_C(10000000000));
    }
    assert_int_equal(drain(cap, &stats), 0);
    assert_true(stats.cut_off);
    assert_non_null(strstr(stats.warning, "cut.pcap: cut off"));
    assert_int_equal(stats.seen, 3);
    assert_true(stats.bytes_total > 0);
    assert_int_equal(stats.bytes_read, stats.bytes_total);
    lw_capture_close(cap);
}

/* Batches of any size give what one packet after the other gives, and everything in a
 * batch can be read until the next one. */
static void expect_same_in_batches(const char *path, const char *filter)
{
    const struct lw_capture_config cfg = {.filter = filter};

    for (size_t max = 1; max <= 64; max *= 2) {
        struct lw_packet pkts[64];
        struct lw_packet want;
        struct lw_capture *one = NULL;
        struct lw_capture *many = NULL;
        struct lw_capture_stats stats[2];
        size_t n;

        assert_int_equal(lw_capture_open(&one, path, &cfg, NULL), LW_OK);
        assert_int_equal(lw_capture_open(&many, path, &cfg, NULL), LW_OK);
        while (lw_capture_next_batch(many, pkts, max, &n, NULL) == LW_OK) {
            assert_in_range(n, 1, max);
            for (size_t i = 0; i < n; i++) {
                assert_int_equal(lw_capture_next(one, &want, NULL), LW_OK);
                assert_true(pkts[i].time_ns == want.time_ns);
                assert_int_equal(pkts[i].captured_bytes, want.captured_bytes);
                assert_memory_equal(pkts[i].data, want.data, want.captured_bytes);
            }
        }
        assert_int_equal(n, 0);
        assert_int_equal(lw_capture_next(one, &want, NULL), LW_END);
        lw_capture_get_stats(one, &stats[0]);
        lw_capture_get_stats(many, &stats[1]);
        assert_int_equal(stats[0].seen, stats[1].seen);
        assert_int_equal(stats[0].filtered, stats[1].filtered);
        assert_int_equal(stats[0].cut_off, stats[1].cut_off);
        assert_string_equal(stats[0].warning, stats[1].warning);
        lw_capture_close(one);
        lw_capture_close(many);
    }
}

/* `n` packets of every other size, so that they fill more than one read. */
static void write_packets(const char *name, double time_s, unsigned n, size_t drop)
{
    const struct pcap_style style = {0};
    struct buf b;

    buf_init(&b);
    pcap_image_begin(&b, &style);
    for (unsigned i = 0; i < n; i++) {
        char text[64];

        (void)snprintf(text, sizeof text, "udp 1.1.1.1:%u > 2.2.2.2:2 len=%u", i % 9,
                       i % 1400);
        pcap_image_add(&b, &style, frame_at(&frame, time_s + i, text));
    }
    write_file(name, b.data, b.len - drop);
    buf_release(&b);
}

static void batches_are_the_same_packets(void **state)
{
    char path[128];

    (void)state;
    write_packets("b.cap", 1, 900, 0);
    write_packets("a.pcap", 2000, 5, 3);
    write_packets("c", 4000, 70, 0);
    expect_same_in_batches(tmp_dir, NULL);
    expect_same_in_batches(tmp_dir, "port 3");
    (void)snprintf(path, sizeof path, "%s/a.pcap", tmp_dir);
    expect_same_in_batches(path, NULL);
}

static void a_directory_without_captures_is_an_error(void **state)
{
    struct lw_capture *cap = NULL;
    struct lw_error err;

    (void)state;
    write_file("readme", "no capture", 10);
    assert_int_equal(lw_capture_open(&cap, tmp_dir, NULL, &err), LW_ENOTFOUND);
    assert_non_null(strstr(err.msg, tmp_dir));
    assert_non_null(strstr(err.msg, "no captures"));
    assert_int_equal(lw_capture_open(&cap, "/nonexistent.pcap", NULL, &err),
                     LW_ENOTFOUND);
    assert_non_null(strstr(err.msg, "/nonexistent.pcap"));
}

/* Put a pipe in the place of standard input; returns its writing end. */
static int pipe_to_stdin(int *saved)
{
    int ends[2];

    assert_int_equal(pipe(ends), 0);
    *saved = dup(STDIN_FILENO);
    assert_true(dup2(ends[0], STDIN_FILENO) >= 0);
    (void)close(ends[0]);
    return ends[1];
}

static void restore_stdin(int saved)
{
    if (saved >= 0) {
        (void)dup2(saved, STDIN_FILENO);
        (void)close(saved);
    }
}

static void standard_input(void **state)
{
    const struct pcap_style style = {0};
    struct lw_capture_stats stats;
    struct lw_capture *cap = NULL;
    struct buf b;
    int saved;
    int fd;

    (void)state;
    two_packets(&b, &style);
    fd = pipe_to_stdin(&saved);
    assert_int_equal(write(fd, b.data, b.len), b.len);
    (void)close(fd);
    assert_int_equal(lw_capture_open(&cap, "-", NULL, NULL), LW_OK);
    assert_int_equal(drain(cap, &stats), 2);
    assert_int_equal(stats.bytes_total, 0);
    lw_capture_close(cap);
    restore_stdin(saved);
    buf_release(&b);
}

static struct lw_capture *to_stop;

static void stop_it(int signal_number)
{
    (void)signal_number;
    lw_capture_stop(to_stop);
}

/* A signal ends the wait for a pipe that has no more to say just now. */
static void stopping_a_silent_pipe(void **state)
{
    const struct itimerval soon = {.it_value = {.tv_usec = 20000}};
    const struct pcap_style style = {0};
    struct lw_packet pkt;
    struct buf b;
    int saved;
    int fd;

    (void)state;
    two_packets(&b, &style);
    fd = pipe_to_stdin(&saved);
    assert_int_equal(write(fd, b.data, b.len), b.len);
    assert_int_equal(lw_capture_open(&to_stop, "-", NULL, NULL), LW_OK);
    assert_int_equal(lw_capture_next(to_stop, &pkt, NULL), LW_OK);
    assert_int_equal(lw_capture_next(to_stop, &pkt, NULL), LW_OK);
    (void)signal(SIGALRM, stop_it);
    assert_int_equal(setitimer(ITIMER_REAL, &soon, NULL), 0);
    assert_int_equal(lw_capture_next(to_stop, &pkt, NULL), LW_END);
    (void)signal(SIGALRM, SIG_DFL);
    lw_capture_close(to_stop);
    (void)close(fd);
    restore_stdin(saved);
    buf_release(&b);
}

static void stopping_between_packets(void **state)
{
    const struct pcap_style style = {0};
    struct lw_capture *cap;
    struct lw_packet pkt;
    struct buf b;

    (void)state;
    two_packets(&b, &style);
    cap = open_filtered(b.data, b.len, NULL);
    assert_int_equal(lw_capture_next(cap, &pkt, NULL), LW_OK);
    lw_capture_stop(cap);
    assert_int_equal(lw_capture_next(cap, &pkt, NULL), LW_END);
    lw_capture_close(cap);
    buf_release(&b);
}

static enum lw_status open_and_read(const char *path, struct lw_error *err)
{
    const struct lw_capture_config cfg = {.filter = "udp or tcp"};
    struct lw_capture *cap = NULL;
    enum lw_status st = lw_capture_open(&cap, path, &cfg, err);
    struct lw_packet pkt;

    if (st != LW_OK)
        return st;
    do
        st = lw_capture_next(cap, &pkt, err);
    while (st == LW_OK);
    lw_capture_close(cap);
    return st;
}

/* Fail every allocation in turn, until none fails. */
static void running_out_of_memory(void **state)
{
    const char *path = *state == NULL ? tmp_dir
                                      : test_source_path("test/corpus/capture/"
                                                         "sections.pcapng");
    struct lw_error err;
    enum lw_status st = LW_ENOMEM;
    unsigned n;

    write_capture("a.pcap", 30, 0);
    write_capture("b.cap", 10, 0);
    for (n = 1; n < 100; n++) {
        err.msg[0] = '\0';
        mem_fail_at(n, 0);
        st = open_and_read(path, &err);
        mem_fail_at(0, 0);
        if (st == LW_END)
            break;
        assert_int_equal(st, LW_ENOMEM);
        assert_non_null(strstr(err.msg, "out of memory"));
    }
    assert_int_equal(st, LW_END);
    assert_true(n > 5);
}

int main(void)
{
    static int a_file;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_pcap_dialect),
        cmocka_unit_test(dialects_that_do_not_say_so),
        cmocka_unit_test(old_versions_swap_the_lengths),
        cmocka_unit_test(wire_length_is_at_least_the_captured),
        cmocka_unit_test(a_file_cut_anywhere_gives_what_it_has),
        cmocka_unit_test(a_damaged_length_ends_the_capture),
        cmocka_unit_test(long_packets_of_some_links_are_real),
        cmocka_unit_test(unreadable_headers_are_refused),
        cmocka_unit_test(fcs_bits_do_not_change_the_link_type),
        cmocka_unit_test(a_filter_counts_what_it_drops),
        cmocka_unit_test(filters_fit_the_link_type),
        cmocka_unit_test(a_wrong_filter_is_refused),
        cmocka_unit_test(a_filter_for_other_links_lets_nothing_pass),
        cmocka_unit_test(progress_is_known_for_files),
        cmocka_unit_test(compressed_captures),
        cmocka_unit_test(compressed_captures_cut_off),
        cmocka_unit_test_setup_teardown(a_directory_is_read_by_time, make_tmp_dir,
                                        remove_tmp_dir),
        cmocka_unit_test_setup_teardown(batches_are_the_same_packets, make_tmp_dir,
                                        remove_tmp_dir),
        cmocka_unit_test_setup_teardown(a_directory_without_captures_is_an_error,
                                        make_tmp_dir, remove_tmp_dir),
        cmocka_unit_test(standard_input),
        cmocka_unit_test(stopping_a_silent_pipe),
        cmocka_unit_test(stopping_between_packets),
        cmocka_unit_test_setup_teardown(running_out_of_memory, make_tmp_dir,
                                        remove_tmp_dir),
        cmocka_unit_test_prestate_setup_teardown(running_out_of_memory, make_tmp_dir,
                                                 remove_tmp_dir, &a_file),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

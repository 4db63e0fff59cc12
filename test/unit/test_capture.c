/* SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"
#include "frame.h"
#include "test.h"

#include <lapwing/capture.h>

#include <string.h>

static struct frame frame;

/* A pcap image with two packets, 1.5 s and 2.000000001 s. */
static void two_packets(struct buf *b, const struct pcap_style *style)
{
    buf_init(b);
    pcap_image_begin(b, style);
    pcap_image_add(b, style, frame_ns(&frame, 1500000000, "udp 1.1.1.1:1 > 2.2.2.2:2"));
    pcap_image_add(
        b, style,
        frame_ns(&frame, 2000001001, "udp 1.1.1.1:1 > 2.2.2.2:2 len=9 cap=50"));
    assert_true(buf_ok(b));
}

static struct lw_capture *open_image(const struct buf *b)
{
    struct lw_capture *cap = NULL;
    struct lw_error err = {0};

    if (lw_capture_open_memory(&cap, b->data, b->len, NULL, &err) != LW_OK)
        fail_msg("%s", err.msg);
    return cap;
}

static void every_pcap_dialect(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 8; i++) {
        struct pcap_style style = {.big_endian = i & 1,
                                   .nanoseconds = (i & 2) != 0,
                                   .modified = i >= 4,
                                   .link_type = 113};
        struct lw_capture *cap;
        struct lw_packet pkt;
        struct buf b;

        if (style.modified && style.nanoseconds)
            continue;
        two_packets(&b, &style);
        cap = open_image(&b);
        assert_int_equal(lw_capture_next(cap, &pkt, NULL), LW_OK);
        assert_true(pkt.time_ns == 1500000000);
        assert_int_equal(pkt.captured_bytes, 42);
        assert_int_equal(pkt.wire_bytes, 42);
        assert_int_equal(pkt.link_type, 113);
        assert_int_equal(lw_capture_next(cap, &pkt, NULL), LW_OK);
        assert_true(pkt.time_ns == (style.nanoseconds ? 2000001001 : 2000001000));
        assert_int_equal(pkt.captured_bytes, 50);
        assert_int_equal(pkt.wire_bytes, 51);
        assert_memory_equal(pkt.data, frame.bytes, 50);
        assert_int_equal(lw_capture_next(cap, &pkt, NULL), LW_END);
        lw_capture_close(cap);
        buf_release(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_pcap_dialect),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/capture_loop.h"
#include "cmd/text.h"
#include "test.h"

#include <stdio.h>

static char out[TEXT_MAX];

static void counts_have_thousands(void **state)
{
    char phrase[64];

    (void)state;
    assert_string_equal(text_count(0, out), "0");
    assert_string_equal(text_count(999, out), "999");
    assert_string_equal(text_count(1000, out), "1,000");
    assert_string_equal(text_count(UINT64_MAX, out), "18,446,744,073,709,551,615");
    assert_string_equal(text_plural(1, "flow", phrase, sizeof phrase), "1 flow");
    assert_string_equal(text_plural(1234, "flow", phrase, sizeof phrase),
                        "1,234 flows");
}

static void durations_take_two_units(void **state)
{
    (void)state;
    assert_string_equal(text_duration(250000000, out), "0.25 s");
    assert_string_equal(text_duration(INT64_C(12340000000), out), "12.3 s");
    assert_string_equal(text_duration(INT64_C(312000000000), out), "5 min 12 s");
    assert_string_equal(text_duration(INT64_C(11100000000000), out), "3 h 05 min");
    assert_string_equal(text_duration(INT64_C(183600000000000), out), "2 d 03 h");
}

static void bytes_keep_one_decimal(void **state)
{
    (void)state;
    assert_string_equal(text_bytes(999, out), "999 B");
    assert_string_equal(text_bytes(1234, out), "1.2 kB");
    assert_string_equal(text_bytes(999960, out), "1.0 MB");
    assert_string_equal(text_bytes(UINT64_C(3400000000), out), "3.4 GB");
    assert_string_equal(text_bytes(UINT64_MAX, out), "18.4 EB");
}

static void times_are_utc(void **state)
{
    (void)state;
    assert_string_equal(text_time(INT64_C(1313488906972101000), out),
                        "2011-08-16 10:01:46");
    assert_string_equal(text_clock(INT64_C(1313488906972101000), out), "10:01:46.972");
}

static void damage_is_one_line(void **state)
{
    struct lw_capture_stats c = {.seen = 2000};
    struct lw_meter_stats m = {.seen = 2000, .decoded = 2000};
    char line[CAPTURE_DAMAGE_MAX];

    (void)state;
    capture_damage(&c, &m, line);
    assert_string_equal(line, "");
    m.truncated = 5;
    m.malformed = 7;
    capture_damage(&c, &m, line);
    assert_string_equal(line,
                        "12 of 2,000 packets not decoded (5 cut short, 7 malformed)");
    c.kernel_drops = 3;
    m.unsupported = 1;
    m.unsupported_link_type = 127;
    m.evicted_answered = 4;
    (void)snprintf(c.warning, sizeof c.warning, "a.pcap: cut off at byte 99");
    capture_damage(&c, &m, line);
    assert_string_equal(
        line, "13 of 2,000 packets not decoded (5 cut short, 1 of unsupported link "
              "types, first 127 (802.11 plus radiotap header), 7 malformed); 3 packets "
              "lost before they were seen; 4 flows cut "
              "in pieces because the flow table was full; a.pcap: cut off at byte 99");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_have_thousands),
        cmocka_unit_test(durations_take_two_units),
        cmocka_unit_test(bytes_keep_one_decimal),
        cmocka_unit_test(times_are_utc),
        cmocka_unit_test(damage_is_one_line),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

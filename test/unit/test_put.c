/* SPDX-License-Identifier: Apache-2.0 */
#include "base/put.h"
#include "base/rng.h"
#include "test.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

static char out[256];

/* End the text that was put into `out`. */
static const char *end(char *p)
{
    *p = '\0';
    return out;
}

static void numbers(void **state)
{
    (void)state;
    assert_string_equal(end(put_u64(out, 0)), "0");
    assert_string_equal(end(put_u64(out, UINT64_MAX)), "18446744073709551615");
    assert_string_equal(end(put_digits(out, 42, 4)), "0042");
    assert_string_equal(end(put_hex(out, 0xbeef, 8)), "0000beef");
    assert_string_equal(end(put_fixed(out, 0, 6)), "0.000000");
    assert_string_equal(end(put_fixed(out, 1500, 3)), "1.500");
    assert_string_equal(end(put_fixed(out, -1, 9)), "-0.000000001");
    assert_string_equal(end(put_fixed(out, INT64_MIN, 9)), "-9223372036.854775808");
    assert_string_equal(end(put_fixed(out, INT64_MAX, 18)), "9.223372036854775807");
}

static void csv_quotes_what_it_must(void **state)
{
    (void)state;
    assert_string_equal(end(put_csv(out, "plain text", 10)), "plain text");
    assert_string_equal(end(put_csv(out, "a,b", 3)), "\"a,b\"");
    assert_string_equal(end(put_csv(out, "say \"a\"", 7)), "\"say \"\"a\"\"\"");
    assert_string_equal(end(put_csv(out, "a\nb", 3)), "\"a\nb\"");
    assert_string_equal(end(put_csv(out, "", 0)), "");
}

static void json_escapes_what_it_must(void **state)
{
    (void)state;
    assert_string_equal(end(put_json(out, "a\"\\\x01\x7f", 5)),
                        "a\\\"\\\\\\u0001\\u007f");
    assert_string_equal(end(put_json(out, "\xc3\xa4\xff\xe2\x82", 5)),
                        "\xc3\xa4\\ufffd\\ufffd\\ufffd");
}

static void assert_as_inet_ntop(const uint8_t bytes[16])
{
    char want[INET6_ADDRSTRLEN];

    assert_non_null(inet_ntop(AF_INET6, bytes, want, sizeof want));
    assert_string_equal(end(put_ip6(out, bytes)), want);
}

/* Every pattern of zero groups, with groups of every width. */
static void ipv6_is_written_as_by_the_c_library(void **state)
{
    static const uint16_t groups[] = {0x1,    0x20, 0x300, 0xffff,
                                      0xabcd, 0x10, 0x8,   0x7f00};
    struct rng rng;

    (void)state;
    rng_init(&rng, 6);
    for (unsigned zeros = 0; zeros < 256; zeros++) {
        for (unsigned turn = 0; turn < 8; turn++) {
            uint8_t bytes[16] = {0};

            for (unsigned i = 0; i < 8; i++) {
                uint16_t v = groups[(i + turn) % 8];

                if ((zeros >> i & 1) != 0)
                    continue;
                bytes[2 * i] = (uint8_t)(v >> 8);
                bytes[2 * i + 1] = (uint8_t)v;
            }
            assert_as_inet_ntop(bytes);
        }
    }
    for (unsigned i = 0; i < 10000; i++) {
        uint8_t bytes[16];

        for (unsigned k = 0; k < 16; k++)
            bytes[k] = (uint8_t)(rng_below(&rng, 3));
        assert_as_inet_ntop(bytes);
    }
}

static void ipv4_and_mac(void **state)
{
    (void)state;
    for (unsigned v = 0; v < 256; v++) {
        const uint8_t bytes[4] = {(uint8_t)v, 0, (uint8_t)(255 - v), 10};
        char want[INET_ADDRSTRLEN];

        assert_non_null(inet_ntop(AF_INET, bytes, want, sizeof want));
        assert_string_equal(end(put_ip4(out, bytes)), want);
    }
    assert_string_equal(end(put_mac(out, (const uint8_t[]){0, 1, 0xab, 0xff, 16, 9})),
                        "00:01:ab:ff:10:09");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers),
        cmocka_unit_test(csv_quotes_what_it_must),
        cmocka_unit_test(json_escapes_what_it_must),
        cmocka_unit_test(ipv6_is_written_as_by_the_c_library),
        cmocka_unit_test(ipv4_and_mac),
    };

    return cmocka_run_group_tests_name("put", tests, NULL, NULL);
}

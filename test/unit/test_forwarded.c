/* SPDX-License-Identifier: Apache-2.0 */
/* For whom a proxy asks, and who only says so. */
#include "serve/forwarded.h"
#include "test.h"

#include <string.h>

static struct store_net net_of(const char *text)
{
    struct store_net net;

    assert_true(store_net_parse(span_of(text, strlen(text)), &net));
    return net;
}

static void the_rightmost_that_is_no_proxy(void **state)
{
    static const struct {
        const char *header;
        const char *client;
    } cases[] = {
        {NULL, "10.0.0.1"},
        {"", "10.0.0.1"},
        {"192.0.2.7", "192.0.2.7"},
        /* What the client wrote stands to the left of what the proxy did. */
        {"198.51.100.1, 192.0.2.7", "192.0.2.7"},
        {"198.51.100.1,192.0.2.7, 10.0.0.2", "192.0.2.7"},
        {"10.0.0.9", "10.0.0.9"},
        {"unknown", "10.0.0.1"},
        {"192.0.2.7, unknown", "10.0.0.1"},
        {"192.0.2.7,", "10.0.0.1"},
        {"192.0.2.7:4711", "192.0.2.7"},
        {"2001:db8::1", "2001:db8::1"},
        {"[2001:db8::1]", "2001:db8::1"},
        {"[2001:db8::1]:80", "2001:db8::1"},
        {"[2001:db8::1", "10.0.0.1"},
        {"::ffff:192.0.2.7", "192.0.2.7"},
        {"02:00:00:00:00:01", "10.0.0.1"},
    };
    const struct store_net proxies = net_of("10.0.0.0/8");
    char out[HTTP_PEER_MAX];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        forwarded_client(&proxies, "10.0.0.1", cases[i].header, out);
        assert_string_equal(out, cases[i].client);
    }
}

static void who_is_a_proxy(void **state)
{
    const struct store_net one = net_of("10.0.0.1");
    const struct store_net six = net_of("2001:db8::/32");

    (void)state;
    assert_true(forwarded_is_proxy(&one, "10.0.0.1"));
    assert_false(forwarded_is_proxy(&one, "10.0.0.2"));
    assert_true(forwarded_is_proxy(&one, "::ffff:10.0.0.1"));
    assert_true(forwarded_is_proxy(&six, "2001:db8::5"));
    assert_false(forwarded_is_proxy(&six, "10.0.0.1"));
    assert_false(forwarded_is_proxy(&six, "unknown"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_rightmost_that_is_no_proxy),
        cmocka_unit_test(who_is_a_proxy),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

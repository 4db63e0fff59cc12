/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/listen.h"
#include "test.h"

#include <string.h>
#include <unistd.h>

static void addresses_are_read_and_written(void **state)
{
    static const struct {
        const char *in;
        const char *out; /* NULL: refused */
    } cases[] = {
        {"127.0.0.1:5000", "127.0.0.1:5000"},
        {"localhost:80", "127.0.0.1:80"},
        {"LocalHost:80", "127.0.0.1:80"},
        {":5000", "127.0.0.1:5000"},
        {"5000", "127.0.0.1:5000"},
        {"0", "127.0.0.1:0"},
        {"[::1]:5000", "[::1]:5000"},
        {"0.0.0.0:65535", "0.0.0.0:65535"},
        {"", NULL},
        {"127.0.0.1", NULL},
        {"127.0.0.1:", NULL},
        {"127.0.0.1:65536", NULL},
        {"127.0.0.1:-1", NULL},
        {"127.0.0.1:5000 ", NULL},
        {"::1:5000", NULL},
        {"[::1]", NULL},
        {"[]:5000", "127.0.0.1:5000"},
        {"example.net:80", NULL},
        {"127.1:80", NULL},
        {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa:"
         "80",
         NULL},
    };
    struct listen_address a;
    char text[LISTEN_TEXT_MAX];
    struct lw_error err;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        enum lw_status st = listen_parse(cases[i].in, &a, &err);

        assert_int_equal(st, cases[i].out == NULL ? LW_EINVAL : LW_OK);
        if (st != LW_OK)
            continue;
        listen_format(&a, text);
        assert_string_equal(text, cases[i].out);
    }
}

static void loopback_is_told_from_the_rest(void **state)
{
    static const struct {
        const char *text;
        bool loopback;
    } cases[] = {
        {"127.0.0.1:1", true}, {"127.255.0.9:1", true}, {"[::1]:1", true},
        {"0.0.0.0:1", false},  {"128.0.0.1:1", false},  {"[::]:1", false},
        {"[::2]:1", false},    {"192.0.2.1:1", false},
    };
    struct listen_address a;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(listen_parse(cases[i].text, &a, NULL), LW_OK);
        assert_int_equal(listen_is_loopback(&a), cases[i].loopback);
    }
}

static void host_headers_are_judged(void **state)
{
    static const char *const ours[] = {"localhost",   "localhost:5000", "LOCALHOST",
                                       "127.0.0.1",   "127.0.0.1:1",    "[::1]",
                                       "[::1]:65535", "127.3.2.1"};
    static const char *const foreign[] = {
        "",
        ":",
        ":80",
        "5000",
        "example.net",
        "localhost.example.net",
        "localhost.",
        "127.0.0.1.example.net:80",
        "0.0.0.0",
        "[::2]",
        "[::1",
        "::1",
        "localhost:x",
        "localhost:",
        "localhost:80:80",
        "user@localhost",
        "127.0.0.1, example.net",
        ("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
         "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")};

    (void)state;
    for (size_t i = 0; i < sizeof ours / sizeof ours[0]; i++)
        assert_true(listen_host_is_loopback(ours[i]));
    for (size_t i = 0; i < sizeof foreign / sizeof foreign[0]; i++)
        if (listen_host_is_loopback(foreign[i]))
            fail_msg("taken for a loopback name: %s", foreign[i]);
}

static void a_port_in_use_is_said(void **state)
{
    struct listen_address a;
    struct listen_address b;
    char text[LISTEN_TEXT_MAX];
    struct lw_error err;
    int fd = -1;
    int other = -1;

    (void)state;
    assert_int_equal(listen_parse("127.0.0.1:0", &a, &err), LW_OK);
    assert_int_equal(listen_open(&a, &fd, &err), LW_OK);
    listen_format(&a, text);
    assert_string_not_equal(text, "127.0.0.1:0");
    assert_int_equal(listen_parse(text, &b, &err), LW_OK);
    assert_int_equal(listen_open(&b, &other, &err), LW_EIO);
    assert_non_null(strstr(err.msg, "in use"));
    assert_non_null(strstr(err.msg, text));
    assert_int_equal(close(fd), 0);
    assert_int_equal(listen_parse("192.0.2.1:0", &a, &err), LW_OK);
    assert_int_equal(listen_open(&a, &fd, &err), LW_EIO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_are_read_and_written),
        cmocka_unit_test(loopback_is_told_from_the_rest),
        cmocka_unit_test(host_headers_are_judged),
        cmocka_unit_test(a_port_in_use_is_said),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

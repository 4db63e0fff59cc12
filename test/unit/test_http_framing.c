/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/http_framing.h"
#include "test.h"

#include <string.h>

static struct http_framing framing;
static struct http_request req;
static size_t announced;
static unsigned status;

static int set_up(void **state)
{
    (void)state;
    framing = (struct http_framing){0};
    req = (struct http_request){0};
    return 0;
}

static void note(const char *name, const char *value)
{
    http_framing_header(&framing, &req, name, value);
}

static const char *fault(void)
{
    return http_framing_fault(&framing, &req, false, &announced, &status);
}

static void assert_refused(unsigned wanted, const char *word)
{
    const char *why = fault();

    assert_non_null(why);
    assert_int_equal(status, wanted);
    assert_non_null(strstr(why, word));
}

static void usual_headers_are_kept(void **state)
{
    (void)state;
    http_framing_target(&framing, "/api/v1/flows?limit=3");
    note("hOST", "127.0.0.1:5000");
    note("Accept", "text/html");
    note("Content-Length", "17");
    note("Content-Type", "application/json");
    note("Origin", "http://127.0.0.1:5000");
    note("Accept-Language", "eo");
    assert_null(fault());
    assert_int_equal(announced, 17);
    assert_string_equal(req.host, "127.0.0.1:5000");
    assert_string_equal(req.accept, "text/html");
    assert_string_equal(req.content_type, "application/json");
    assert_string_equal(req.origin, "http://127.0.0.1:5000");
    assert_null(req.authorization);
    assert_int_equal(framing.n_headers, 6);
}

static void without_a_length_there_is_no_body(void **state)
{
    (void)state;
    announced = 5;
    note("Host", "a");
    assert_null(fault());
    assert_int_equal(announced, 0);
}

static void only_the_old_version_may_leave_host_out(void **state)
{
    (void)state;
    assert_refused(400, "Host");
    assert_null(http_framing_fault(&framing, &req, true, &announced, &status));
}

static void a_length_said_twice_is_refused(void **state)
{
    (void)state;
    note("Host", "a");
    note("Content-Length", "5");
    note("content-length", "5");
    assert_refused(400, "more than once");
}

static void a_length_beside_a_coding_is_refused(void **state)
{
    (void)state;
    note("Host", "a");
    note("Content-Length", "5");
    note("Transfer-Encoding", "chunked");
    assert_refused(400, "more than once");
}

static void other_codings_are_refused(void **state)
{
    (void)state;
    note("Host", "a");
    note("Transfer-Encoding", "Chunked");
    assert_null(fault());
    framing.coding = "gzip, chunked";
    assert_refused(400, "chunked");
}

/* What strtoul() would take. */
static void a_length_has_digits_only(void **state)
{
    static const char *const wrong[] = {"", "+5", "-1", " 5", "5 ", "0x5", "5,5"};

    (void)state;
    note("Host", "a");
    note("Content-Length", "99999999999999999999999");
    assert_null(fault());
    assert_true(announced == SIZE_MAX);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        framing.length = wrong[i];
        assert_refused(400, "no number");
    }
}

static void names_are_tokens(void **state)
{
    static const char *const wrong[] = {"", "Transfer-Encoding ", "a:b", "a\tb",
                                        "\xc3"};

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        (void)set_up(NULL);
        note("Host", "a");
        note(wrong[i], "x");
        assert_refused(400, "name");
    }
}

static void paths_hold_no_blank_and_no_zero(void **state)
{
    (void)state;
    note("Host", "a");
    http_framing_target(&framing, "/a%00b");
    assert_refused(400, "zero byte");
    http_framing_target(&framing, "/a b");
    assert_refused(400, "blank");
    http_framing_target(&framing, "/a%20b");
    assert_null(fault());
}

static void a_hundred_headers_and_no_more(void **state)
{
    (void)state;
    note("Host", "a");
    for (unsigned i = 1; i < 100; i++)
        note("X-More", "1");
    assert_null(fault());
    note("X-More", "1");
    assert_refused(431, "too many");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(usual_headers_are_kept, set_up),
        cmocka_unit_test_setup(without_a_length_there_is_no_body, set_up),
        cmocka_unit_test_setup(only_the_old_version_may_leave_host_out, set_up),
        cmocka_unit_test_setup(a_length_said_twice_is_refused, set_up),
        cmocka_unit_test_setup(a_length_beside_a_coding_is_refused, set_up),
        cmocka_unit_test_setup(other_codings_are_refused, set_up),
        cmocka_unit_test_setup(a_length_has_digits_only, set_up),
        cmocka_unit_test_setup(names_are_tokens, set_up),
        cmocka_unit_test_setup(paths_hold_no_blank_and_no_zero, set_up),
        cmocka_unit_test_setup(a_hundred_headers_and_no_more, set_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

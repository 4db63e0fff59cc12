/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/http.h"
#include "serve/problem.h"
#include "test.h"

#include <string.h>

static void header_values_carry_no_line_ends(void **state)
{
    struct http_reply reply = {.n_headers = 0};

    (void)state;
    http_reply_header(&reply, "X-A", "a\r\nSet-Cookie: b\x7f\x80 c");
    http_reply_header(&reply, "X-B", "");
    assert_int_equal(reply.n_headers, 2);
    assert_string_equal(reply.headers[0].name, "X-A");
    assert_string_equal(reply.headers[0].value, "a??Set-Cookie: b?? c");
    assert_string_equal(reply.headers[1].value, "");
}

static void long_header_values_are_cut(void **state)
{
    struct http_reply reply = {.n_headers = 0};
    char value[2 * HTTP_HEADER_TEXT_MAX];

    (void)state;
    memset(value, 'x', sizeof value);
    value[sizeof value - 1] = '\0';
    http_reply_header(&reply, "X-A", "first");
    http_reply_header(&reply, "X-B", value);
    http_reply_header(&reply, "X-C", "no room");
    assert_int_equal(reply.n_headers, 2);
    assert_string_equal(reply.headers[0].value, "first");
    assert_int_equal(strlen(reply.headers[1].value), HTTP_HEADER_TEXT_MAX - 7);
}

static void problems_name_the_field(void **state)
{
    struct http_reply reply = {.n_headers = 0};
    struct buf body;

    (void)state;
    buf_init(&body);
    buf_add_text(&body, "half an answer");
    reply.body = &body;
    problem_reply(&reply, 422, "hot", "it is \"hot\"");
    assert_int_equal(reply.status, 422);
    assert_string_equal(reply.content_type, "application/problem+json");
    assert_string_equal(buf_text(&body),
                        "{\"type\":\"about:blank\",\"title\":\"Unprocessable Content\","
                        "\"status\":422,\"detail\":\"it is \\\"hot\\\"\","
                        "\"field\":\"hot\"}\n");
    problem_reply(&reply, 404, NULL, "no");
    assert_null(strstr(buf_text(&body), "field"));
    assert_string_equal(problem_title(999), "Error");
    buf_release(&body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(header_values_carry_no_line_ends),
        cmocka_unit_test(long_header_values_are_cut),
        cmocka_unit_test(problems_name_the_field),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/flatjson.h"
#include "test.h"

#include <stdio.h>
#include <string.h>

/* Members as text, "key=kind:value;", to compare with one string. */
struct seen {
    char text[1024];
    size_t len;
    enum lw_status answer; /* of the callback */
};

static enum lw_status note(void *ctx, const struct flatjson_member *m,
                           struct lw_error *err)
{
    struct seen *s = ctx;

    (void)err;
    s->len +=
        (size_t)snprintf(s->text + s->len, sizeof s->text - s->len, "%.*s=%c:%.*s;",
                         (int)m->key.n, (const char *)m->key.p, "NTLX"[m->kind],
                         (int)m -> value.n, (const char *)m->value.p);
    return s->answer;
}

static enum lw_status read_text(const char *text, size_t n, struct seen *s,
                                struct lw_error *err)
{
    memset(s, 0, sizeof *s);
    return flatjson_read(span_of(text, n), note, s, err);
}

static void members_come_in_order(void **state)
{
    static const char text[] =
        " { \"a\" : 1 , \"b\":\"x\",\"c\":true,\"d\":null,"
        "\"e\":-1.5e+3,\"f\":{\"g\":[1,\"}\",{}]},\"\":[]}\r\n\t";
    struct seen s;

    (void)state;
    assert_int_equal(read_text(text, sizeof text - 1, &s, NULL), LW_OK);
    assert_string_equal(s.text, "a=N:1;b=T:x;c=L:true;d=L:null;e=N:-1.5e+3;f=X:;=X:;");
    assert_int_equal(read_text("{}", 2, &s, NULL), LW_OK);
    assert_string_equal(s.text, "");
}

static void escapes_are_undone(void **state)
{
    static const char text[] = "{\"\\u0068\\u00e9\\u4E2d\\ud83d\\udc26\":"
                               "\"a\\\"\\\\\\/\\b\\f\\n\\r\\tz\"}";
    struct seen s;

    (void)state;
    assert_int_equal(read_text(text, sizeof text - 1, &s, NULL), LW_OK);
    assert_string_equal(s.text,
                        "h\xc3\xa9\xe4\xb8\xad\xf0\x9f\x90\xa6=T:a\"\\/\b\f\n\r\tz;");
}

static void long_keys_are_cut(void **state)
{
    char text[700];
    struct seen s;

    (void)state;
    (void)snprintf(text, sizeof text, "{\"%0200d\":1,\"\\n%0200d\":2}", 0, 0);
    assert_int_equal(read_text(text, strlen(text), &s, NULL), LW_OK);
    assert_int_equal(s.len, 2 * (FLATJSON_KEY_MAX + strlen("=N:1;")));
}

static void what_is_no_json_is_refused(void **state)
{
    static const char *const bad[] = {
        "",
        " ",
        "{",
        "}",
        "[]",
        "null",
        "1",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\":1,}",
        "{,}",
        "{a:1}",
        "{'a':1}",
        "{\"a\":1 \"b\":2}",
        "{\"a\":1}x",
        "{\"a\":1}{}",
        "{\"a\":01}",
        "{\"a\":+1}",
        "{\"a\":1.}",
        "{\"a\":.1}",
        "{\"a\":1e}",
        "{\"a\":-}",
        "{\"a\":NaN}",
        "{\"a\":Infinity}",
        "{\"a\":tru}",
        "{\"a\":True}",
        "{\"a\":\"}",
        "{\"a\":\"\n\"}",
        "{\"a\":\"\\x\"}",
        "{\"a\":\"\\u12g4\"}",
        "{\"a\":\"\\u123",
        "{\"a\":\"\\ud800\"}",
        "{\"a\":\"\\ud800\\u0041\"}",
        "{\"a\":\"\\udc00\"}",
        "{\"a\":\"\\",
        "{\"a\":[}",
        "{\"a\":[1}",
        "{\"a\":[1,]}",
        "{\"a\":{\"b\"}}",
        "{\"a\":{\"b\":1]}",
        "{\"a\":{,}}",
        "{\"a\":[1 2]}",
        "{\"a\":[",
        "{\"a\":{\"b\":",
        "{\"a\":\"\x80\"}",
        "{\"a\":\"\xc0\x80\"}",
        "{\"a\":\"\xe0\x80\x80\"}",
        "{\"a\":\"\xed\xa0\x80\"}",
        "{\"a\":\"\xc3\"}",
        "{\"a\":\"\xf0\x80\x80\x80\"}",
        "{\"a\":\"\xf4\x90\x80\x80\"}",
        "{\"a\":\"\xf5\x80\x80\x80\"}",
        "\xef\xbb\xbf{}",
    };
    struct seen s;
    struct lw_error err;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (read_text(bad[i], strlen(bad[i]), &s, &err) != LW_EFORMAT)
            fail_msg("taken for JSON: %s", bad[i]);
    /* A zero byte is not the end. */
    assert_int_equal(read_text("{}\0", 3, &s, &err), LW_EFORMAT);
    assert_int_equal(read_text("{\"a\":\"\0\"}", 9, &s, &err), LW_EFORMAT);
    assert_int_equal(read_text("{\"a\":\"\\\0\"}", 10, &s, &err), LW_EFORMAT);
}

static void messages_tell_the_place(void **state)
{
    struct seen s;
    struct lw_error err;

    (void)state;
    assert_int_equal(read_text("{\"a\":x}", 7, &s, &err), LW_EFORMAT);
    assert_string_equal(err.msg, "not JSON: unexpected byte 0x78 at byte 5");
    assert_int_equal(read_text("{\"a\":", 5, &s, &err), LW_EFORMAT);
    assert_string_equal(err.msg, "not JSON: it ends too early, at byte 5");
}

static void depth_is_limited(void **state)
{
    static const char at_limit[] = "{\"a\":[[[[[[[1]]]]]]]}";
    static const char beyond[] = "{\"a\":[[[[{\"b\":[[[]]]}]]]]}";
    char endless[5000];
    struct seen s;
    struct lw_error err;

    (void)state;
    assert_int_equal(read_text(at_limit, sizeof at_limit - 1, &s, &err), LW_OK);
    assert_int_equal(read_text(beyond, sizeof beyond - 1, &s, &err), LW_ELIMIT);
    memset(endless, '[', sizeof endless);
    memcpy(endless, "{\"a\":", 5);
    assert_int_equal(read_text(endless, sizeof endless, &s, &err), LW_ELIMIT);
}

static enum lw_status stop_at_once(void *ctx, const struct flatjson_member *m,
                                   struct lw_error *err)
{
    int *n = ctx;

    (void)m;
    (*n)++;
    return lw_fail(err, LW_EPERM, "enough");
}

static void the_callback_can_end_it(void **state)
{
    struct lw_error err;
    int n = 0;

    (void)state;
    assert_int_equal(
        flatjson_read(span_of("{\"a\":1,\"b\":2}", 13), stop_at_once, &n, &err),
        LW_EPERM);
    assert_int_equal(n, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(members_come_in_order),
        cmocka_unit_test(escapes_are_undone),
        cmocka_unit_test(long_keys_are_cut),
        cmocka_unit_test(what_is_no_json_is_refused),
        cmocka_unit_test(messages_tell_the_place),
        cmocka_unit_test(depth_is_limited),
        cmocka_unit_test(the_callback_can_end_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

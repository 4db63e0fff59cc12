/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/json_layout.h"
#include "test.h"

#include <string.h>

struct lesson {
    struct json_layout layout;
    struct layout_value values[JSON_LAYOUT_MEMBERS_MAX];
    struct span text;
    int n;
};

static struct span text_of(const char *s)
{
    return span_of(s, strlen(s));
}

static enum lw_status note(void *ctx, const struct flatjson_member *m,
                           struct lw_error *err)
{
    struct lesson *l = ctx;

    (void)err;
    json_layout_note(&l->layout, l->text, m, l->n++);
    return LW_OK;
}

static bool learn(struct lesson *l, const char *text)
{
    l->text = text_of(text);
    l->n = 0;
    json_layout_begin(&l->layout);
    assert_int_equal(flatjson_read(l->text, note, l, NULL), LW_OK);
    json_layout_end(&l->layout, l->text);
    return l->layout.is_known;
}

static bool reads(struct lesson *l, const char *text)
{
    return json_layout_read(&l->layout, text_of(text), l->values);
}

static void records_alike_are_read(void **state)
{
    static struct lesson l;

    (void)state;
    assert_false(reads(&l, "{}"));
    assert_true(learn(&l, "{\"a\": 1, \"b\" : \"tcp\",\"c\":0.5 }"));
    assert_true(reads(&l, "{\"a\": 17, \"b\" : \"\",\"c\":123456.789 }"));
    assert_int_equal(l.layout.n, 3);
    assert_true(l.values[0].number == 17 && l.values[0].text.p == NULL);
    assert_true(l.values[1].text.p != NULL && l.values[1].text.n == 0);
    assert_true(l.values[2].number == 123456.789f && l.values[2].tag == 2);
    assert_true(reads(&l, "{\"a\": \"x\", \"b\" : 0,\"c\":0 }"));
    assert_memory_equal(l.values[0].text.p, "x", 1);
}

/* What is read may differ only in numbers and words that JSON allows. */
static void others_are_not(void **state)
{
    static const char *const others[] = {
        "",
        "{",
        "{\"a\":",
        "{\"a\":1,\"b\":",
        "{\"a\":1,\"b\":2",
        "{\"a\":1,\"b\":2}}",
        "{\"a\":1,\"b\":2} ",
        "{\"a\":1, \"b\":2}",
        "{\"a\":01,\"b\":2}",
        "{\"a\":1.,\"b\":2}",
        "{\"a\":.5,\"b\":2}",
        "{\"a\":-1,\"b\":2}",
        "{\"a\":1e3,\"b\":2}",
        "{\"a\":1.5.2,\"b\":2}",
        "{\"a\":1234567890123456,\"b\":2}",
        "{\"a\":null,\"b\":2}",
        "{\"a\":[],\"b\":2}",
        "{\"a\":\"x\\n\",\"b\":2}",
        "{\"a\":\"\x01\",\"b\":2}",
        "{\"a\":\"\xc3\xa4\",\"b\":2}",
        "{\"a\":\"x,\"b\":2}",
        "{\"b\":1,\"a\":2}",
    };
    static struct lesson l;

    (void)state;
    assert_true(learn(&l, "{\"a\":1,\"b\":2}"));
    assert_true(reads(&l, "{\"a\":123456789012345,\"b\":2}"));
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        assert_false(reads(&l, others[i]));
}

static void what_cannot_come_again_is_not_learnt(void **state)
{
    static struct lesson l;

    (void)state;
    assert_false(learn(&l, "{\"a\":true}"));
    assert_false(learn(&l, "{\"a\":{\"b\":1}}"));
    assert_false(learn(&l, "{\"a\":\"\\u0041\"}"));
    assert_false(learn(&l, "{\"a name that is longer than all that is kept of what "
                           "stands between two values\":1}"));
    assert_false(reads(&l, "{\"a\":1}"));
    assert_true(learn(&l, "{\"\\u0061\":1}"));
    assert_true(reads(&l, "{\"\\u0061\":2}"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(records_alike_are_read),
        cmocka_unit_test(others_are_not),
        cmocka_unit_test(what_cannot_come_again_is_not_learnt),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

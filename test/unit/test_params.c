/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/form.h"
#include "serve/params.h"
#include "test.h"

#include <stdio.h>
#include <string.h>

static struct buf text;
static struct http_reply reply;

static int set_up(void **state)
{
    (void)state;
    buf_init(&text);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    buf_release(&text);
    return 0;
}

static struct http_reply *fresh(void)
{
    buf_reset(&text);
    reply = (struct http_reply){.status = 200, .body = &text};
    return &reply;
}

static void test_query(void **state)
{
    static const char *const orders[] = {"asc", "desc"};
    struct params p;
    int64_t limit = 100;
    double score = 0;
    bool flag = false;
    int64_t when = 0;
    size_t order = 0;

    (void)state;
    params_init(&p, "limit=7&min=0.25&flag=true&at=1.5&order=desc&name=a%26b+c%2Bd",
                fresh());
    assert_true(params_int(&p, "limit", 1, 1000, &limit));
    assert_true(params_number(&p, "min", 0, 1, &score));
    assert_true(params_bool(&p, "flag", &flag));
    assert_true(params_time(&p, "at", &when));
    assert_true(params_choice(&p, "order", orders, 2, &order));
    assert_string_equal(params_text(&p, "name"), "a&b c+d");
    assert_null(params_text(&p, "other"));
    assert_true(params_end(&p));
    assert_int_equal(limit, 7);
    assert_true(score == 0.25 && flag && when == 1500000000 && order == 1);
}

static void expect_wrong(const char *query, const char *field)
{
    static const char *const orders[] = {"asc", "desc"};
    struct params p;
    int64_t limit = 100;
    double score = 0;
    bool flag = false;
    int64_t when = 0;
    size_t order = 0;
    char member[64];

    params_init(&p, query, fresh());
    (void)params_int(&p, "limit", 1, 1000, &limit);
    (void)params_number(&p, "min", 0, 1, &score);
    (void)params_bool(&p, "flag", &flag);
    (void)params_time(&p, "at", &when);
    (void)params_choice(&p, "order", orders, 2, &order);
    assert_false(params_end(&p));
    assert_int_equal(reply.status, 400);
    (void)snprintf(member, sizeof member, "\"field\":\"%s\"", field);
    if (field[0] != '\0')
        assert_non_null(strstr(buf_text(&text), member));
    assert_true(limit == 100 && score == 0 && !flag && when == 0 && order == 0);
}

static void test_wrong_queries(void **state)
{
    (void)state;
    expect_wrong("limit=0", "limit");
    expect_wrong("limit=1001", "limit");
    expect_wrong("limit=", "limit");
    expect_wrong("limit=-1", "limit");
    expect_wrong("limit=5x", "limit");
    expect_wrong("limit=99999999999999999999999", "limit");
    expect_wrong("min=nan", "min");
    expect_wrong("min=1.1", "min");
    expect_wrong("flag=1", "flag");
    expect_wrong("at=yesterday", "at");
    expect_wrong("order=up", "order");
    expect_wrong("colour=red", "colour");
    expect_wrong("limit=%zz", "");
    expect_wrong("limit=%00", "");
    expect_wrong("a=%4", "");
    expect_wrong("colour=1&colour=2", "colour");
}

static void test_many(void **state)
{
    struct buf query;
    struct params p;

    (void)state;
    buf_init(&query);
    for (int i = 0; i < 40; i++)
        buf_printf(&query, "a%d=1&", i);
    params_init(&p, buf_text(&query), fresh());
    assert_false(params_end(&p));
    for (int i = 0; i < 1000; i++)
        buf_add_text(&query, "aaaaaaaaaa");
    params_init(&p, buf_text(&query), fresh());
    assert_false(params_end(&p));
    buf_release(&query);
}

static bool read_form(const char *body)
{
    static const char *const states[] = {"open", "resolved"};
    struct form f;
    struct form inner;
    int64_t size = 0;
    double v = 0;
    size_t state = 0;
    bool flag;
    bool ok;

    form_init(&f, span_of(body, strlen(body)), fresh());
    form_require(&f, "name");
    (void)form_text(&f, "name", 1, 5);
    (void)form_int(&f, "size", 1, 100, &size);
    (void)form_bool(&f, "flag", &flag);
    (void)form_choice(&f, "state", states, 2, &state);
    if (form_object(&f, "inner", &inner))
        (void)form_number(&inner, "v", 0, 1, &v);
    (void)form_end(&inner);
    ok = form_end(&f);
    form_release(&f);
    return ok;
}

static void test_forms(void **state)
{
    static const char *const good[] = {
        "{\"name\":\"a\"}",
        "{\"name\":\"a\",\"size\":5,\"flag\":true,\"inner\":{\"v\":1}}",
        "{\"name\":\"a\",\"state\":\"open\"}",
        "{\"name\":\"abcde\",\"inner\":{}}",
    };
    static const char *const wrong[] = {
        "{\"name\":\"\"}",
        "{\"name\":\"abcdef\"}",
        "{\"name\":7}",
        "{}",
        "{\"name\":\"a\",\"size\":0}",
        "{\"name\":\"a\",\"size\":1.5}",
        "{\"name\":\"a\",\"size\":\"5\"}",
        "{\"name\":\"a\",\"flag\":1}",
        "{\"name\":\"a\",\"state\":\"closed\"}",
        "{\"name\":\"a\",\"state\":1}",
        "{\"name\":\"a\",\"inner\":1}",
        "{\"name\":\"a\",\"inner\":{\"v\":2}}",
        "{\"name\":\"a\",\"inner\":{\"w\":2}}",
        "{\"name\":\"a\",\"other\":1}",
    };
    static const char *const broken[] = {"",
                                         "[]",
                                         "null",
                                         "{",
                                         "{\"name\":\"a\"}x",
                                         "{\"name\":\"a\",\"name\":\"b\"}",
                                         "[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]"};

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        assert_true(read_form(good[i]));
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_false(read_form(wrong[i]));
        assert_int_equal(reply.status, 422);
    }
    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++) {
        assert_false(read_form(broken[i]));
        assert_int_equal(reply.status, 400);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_query),
        cmocka_unit_test(test_wrong_queries),
        cmocka_unit_test(test_many),
        cmocka_unit_test(test_forms),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}

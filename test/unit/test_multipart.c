/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"
#include "serve/multipart.h"
#include "test.h"

#include <string.h>

static const char type[] = "multipart/form-data; boundary=----x";

/* What the parser said, in one line of text. */
static struct buf seen;

static enum lw_status on_begin(void *ctx, const char *name, const char *file_name,
                               struct lw_error *err)
{
    (void)ctx;
    (void)err;
    buf_printf(&seen, "[%s|%s|", name, file_name);
    return LW_OK;
}

static enum lw_status on_data(void *ctx, const void *p, size_t n, struct lw_error *err)
{
    (void)ctx;
    (void)err;
    buf_add(&seen, p, n);
    return LW_OK;
}

static enum lw_status on_end(void *ctx, struct lw_error *err)
{
    (void)ctx;
    (void)err;
    buf_add_char(&seen, ']');
    return LW_OK;
}

static const struct multipart_ops ops = {on_begin, on_data, on_end};

static enum lw_status feed(const char *body, size_t piece, struct lw_error *err)
{
    struct span rest = span_of(body, strlen(body));
    struct multipart m;
    enum lw_status st = multipart_init(&m, type, &ops, NULL, err);

    buf_reset(&seen);
    while (rest.n > 0 && st == LW_OK) {
        st = multipart_feed(&m, span_first(rest, piece), err);
        rest = span_from(rest, piece);
    }
    return st == LW_OK ? multipart_finish(&m, err) : st;
}

static int set_up(void **state)
{
    (void)state;
    buf_init(&seen);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    buf_release(&seen);
    return 0;
}

static void test_pieces_of_any_size(void **state)
{
    static const char body[] =
        "before\r\n------x\r\nContent-Type: text/plain\r\n"
        "content-disposition: form-data; name=\"the_file\"; filename=\"a "
        "\\\"b\\\".pcap\""
        "\r\n\r\nab\r\n\r\n------\r\n------y\r\r\n------x \t\r\n"
        "Content-Disposition: form-data; name=note\r\n\r\n\r\n------x--\r\nbehind";
    struct lw_error err;

    (void)state;
    for (size_t piece = 1; piece < sizeof body; piece++) {
        assert_int_equal(feed(body, piece, &err), LW_OK);
        assert_string_equal(buf_text(&seen),
                            "[the_file|a \"b\".pcap|ab\r\n\r\n------\r\n------y\r]"
                            "[note||]");
    }
}

static void test_broken_forms(void **state)
{
    static const struct {
        const char *body;
        enum lw_status st;
    } cases[] = {
        {"", LW_ETRUNCATED},
        {"------x", LW_ETRUNCATED},
        {"------xy\r\n", LW_EFORMAT},
        {"------x\r\n\r\n", LW_ETRUNCATED}, /* an empty head has not ended */
        {"------x\r\nA: b\r\n\r\nc", LW_EFORMAT},
        {"------x\r\nContent-Disposition: form-data\r\n\r\n", LW_EFORMAT},
        {"------x\r\nContent-Disposition: form-data; name=\"a\r\n\r\n", LW_EFORMAT},
        {"------x\r\nContent-Disposition: form-data; name=a\r\n\r\nabc", LW_ETRUNCATED},
        {"------x--", LW_OK},
    };
    struct lw_error err;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_int_equal(feed(cases[i].body, 7, &err), cases[i].st);
}

static void test_boundaries(void **state)
{
    static const char *const wrong[] = {
        "text/plain; boundary=x",
        "multipart/form-data",
        "multipart/form-data; boundary=",
        "multipart/form-data; boundary=\"a",
        "multipart/form-data; boundary=\"a \"",
        "multipart/form-data; boundary=\"a\nb\"",
        "multipart/form-data; "
        "boundary=01234567890123456789012345678901234567890123456789"
        "012345678901234567890",
    };
    struct multipart m;
    struct lw_error err;

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_int_equal(multipart_init(&m, wrong[i], &ops, NULL, &err), LW_EFORMAT);
    assert_int_equal(multipart_init(&m, NULL, &ops, NULL, &err), LW_EFORMAT);
    assert_int_equal(multipart_init(&m,
                                    "Multipart/Form-Data; a=\"b;c\"; BOUNDARY=\"a b\"",
                                    &ops, NULL, &err),
                     LW_OK);
    assert_string_equal(m.mark, "\r\n--a b");
}

static void test_limits(void **state)
{
    struct buf body;
    struct lw_error err;

    (void)state;
    buf_init(&body);
    buf_add_text(&body, "------x\r\nA: ");
    for (int i = 0; i < 5000; i++)
        buf_add_char(&body, 'a');
    assert_int_equal(feed(buf_text(&body), 100, &err), LW_ELIMIT);
    buf_reset(&body);
    for (int i = 0; i <= MULTIPART_PARTS_MAX; i++)
        buf_printf(&body, "%s------x\r\nContent-Disposition: x; name=a\r\n\r\n",
                   i == 0 ? "" : "\r\n");
    assert_int_equal(feed(buf_text(&body), 100, &err), LW_ELIMIT);
    buf_release(&body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pieces_of_any_size),
        cmocka_unit_test(test_broken_forms),
        cmocka_unit_test(test_boundaries),
        cmocka_unit_test(test_limits),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}

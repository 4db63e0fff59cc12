/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"
#include "base/mem.h"
#include "serve/classify_form.h"
#include "test.h"

#include <stdio.h>
#include <string.h>

static const struct lw_view *wide;
static const struct lw_view *narrow;
static struct classify_form *form;

static int make_form(void **state)
{
    struct lw_error err;

    (void)state;
    wide = lw_view_get("kdd");
    narrow = lw_view_get("kdd31");
    return classify_form_new(&form, wide, narrow, &err) == LW_OK ? 0 : -1;
}

static int free_form(void **state)
{
    (void)state;
    classify_form_free(form);
    return 0;
}

/* A body with every feature of a view under its own name: numbers count up from 1,
 * categories are their second. */
static void write_body(struct buf *b, const struct lw_view *view, const char *without)
{
    const char *comma = "{";

    buf_reset(b);
    for (uint16_t i = 0; i < view->n_features; i++) {
        const struct lw_feature *f = &view->features[i];

        if (strcmp(f->name, without) == 0)
            continue;
        if (f->type == LW_FEATURE_NUMBER)
            buf_printf(b, "%s\"%s\":%d", comma, f->name, i + 1);
        else
            buf_printf(b, "%s\"%s\":\"%s\"", comma, f->name, f->categories[1]);
        comma = ",";
    }
    buf_add_char(b, '}');
}

/* Whoever remembers the bodies before reads the same. */
static enum lw_status read_body(const struct buf *b, struct classify_row *row,
                                struct lw_error *err)
{
    static struct classify_memory memory;
    struct span body = span_of(b->data, b->len);
    enum lw_status st = classify_form_read(form, body, NULL, row, err);
    struct classify_row again;

    for (int i = 0; i < 2; i++) {
        assert_int_equal(classify_form_read(form, body, &memory, &again, NULL), st);
        assert_string_equal(again.field, row->field);
        assert_string_equal(again.ignored, row->ignored);
        if (st == LW_OK) {
            assert_ptr_equal(again.view, row->view);
            assert_memory_equal(again.values, row->values,
                                row->view->n_features * sizeof row->values[0]);
        }
    }
    return st;
}

/* From one body to the next only values differ, or what they are. */
static void bodies_alike_are_read_alike(void **state)
{
    static struct classify_memory memory;
    struct classify_row row;
    struct buf b;
    char *number;

    (void)state;
    buf_init(&b);
    write_body(&b, narrow, "");
    assert_int_equal(
        classify_form_read(form, span_of(b.data, b.len), &memory, &row, NULL), LW_OK);
    assert_true(memory.layout.is_known);
    number = strstr(buf_text(&b), "\"duration\":1,");
    assert_non_null(number);
    number[strlen("\"duration\":")] = '7';
    assert_int_equal(
        classify_form_read(form, span_of(b.data, b.len), &memory, &row, NULL), LW_OK);
    assert_true(row.view == narrow && row.values[0] == 7);
    number[strlen("\"duration\":")] = '-';
    assert_int_equal(
        classify_form_read(form, span_of(b.data, b.len), &memory, &row, NULL),
        LW_EFORMAT);
    buf_release(&b);
}

static void expect_values(const struct classify_row *row, const struct lw_view *view)
{
    assert_ptr_equal(row->view, view);
    for (uint16_t i = 0; i < view->n_features; i++)
        assert_near(row->values[i],
                    view->features[i].type == LW_FEATURE_NUMBER ? i + 1 : 1, 0);
}

static void the_body_decides_the_view(void **state)
{
    struct buf b;
    struct classify_row row;
    struct lw_error err;

    (void)state;
    buf_init(&b);
    write_body(&b, narrow, "");
    assert_int_equal(read_body(&b, &row, &err), LW_OK);
    expect_values(&row, narrow);
    assert_string_equal(row.ignored, "");
    write_body(&b, wide, "");
    assert_int_equal(read_body(&b, &row, &err), LW_OK);
    expect_values(&row, wide);
    assert_string_equal(row.ignored, "");
    /* One short of the wide view: the others beyond the narrow one are of no use. */
    write_body(&b, wide, "num_root");
    assert_int_equal(read_body(&b, &row, &err), LW_OK);
    assert_ptr_equal(row.view, narrow);
    assert_non_null(strstr(row.ignored, "isguestlogin, srvserrorrate"));
    assert_null(strstr(row.ignored, "numroot"));
    buf_release(&b);
}

static void the_missing_field_is_named_as_documented(void **state)
{
    struct buf b;
    struct classify_row row;
    struct lw_error err;

    (void)state;
    buf_init(&b);
    write_body(&b, narrow, "protocol_type");
    assert_int_equal(read_body(&b, &row, &err), LW_EINVAL);
    assert_string_equal(row.field, "protocol");
    assert_string_equal(err.msg, "field \"protocol\" is missing");
    write_body(&b, narrow, "dst_host_srv_diff_host_rate");
    assert_int_equal(read_body(&b, &row, &err), LW_EINVAL);
    assert_string_equal(row.field, "dsthostsrvdiffhostrate");
    buf_release(&b);
}

/* The value of the first number of the narrow view ("duration") said in other words. */
static enum lw_status read_with_duration(const char *member, struct classify_row *row,
                                         struct lw_error *err)
{
    enum lw_status st;
    struct buf b;

    buf_init(&b);
    write_body(&b, narrow, "duration");
    b.data[b.len - 1] = ',';
    buf_printf(&b, "%s}", member);
    st = read_body(&b, row, err);
    buf_release(&b);
    return st;
}

static void numbers_are_checked(void **state)
{
    static const char *const bad[] = {
        "\"duration\":-1",    "\"duration\":-1e-30", "\"duration\":1e39",
        "\"duration\":1e999", "\"duration\":\"1\"",  "\"duration\":true",
        "\"duration\":null",  "\"duration\":[1]",    "\"duration\":{}",
    };
    struct classify_row row;
    struct lw_error err;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(read_with_duration(bad[i], &row, &err), LW_EINVAL);
        assert_string_equal(row.field, "duration");
    }
    assert_int_equal(read_with_duration("\"duration\":-0.0", &row, &err), LW_OK);
    assert_false(__builtin_signbit(row.values[lw_view_find(narrow, "duration")]) != 0);
    assert_int_equal(read_with_duration("\"duration\":0.25e2", &row, &err), LW_OK);
    assert_near(row.values[lw_view_find(narrow, "duration")], 25, 0);
}

static void the_same_field_twice_is_refused(void **state)
{
    struct classify_row row;
    struct lw_error err;

    (void)state;
    assert_int_equal(read_with_duration("\"duration\":1,\"Duration\":1", &row, &err),
                     LW_EINVAL);
    assert_string_equal(row.field, "Duration");
}

static void unknown_members_are_ignored_and_listed(void **state)
{
    char many[8192] = "\"duration\":1";
    struct classify_row row;
    struct lw_error err;

    (void)state;
    assert_int_equal(
        read_with_duration("\"duration\":1,\"x y\":{\"a\":[]},\"\\u0000z\":null", &row,
                           &err),
        LW_OK);
    assert_string_equal(row.ignored, "x?y, ?z");
    for (int i = 0; i < 200; i++)
        (void)snprintf(many + strlen(many), sizeof many - strlen(many),
                       ",\"member%d\":1", i);
    assert_int_equal(read_with_duration(many, &row, &err), LW_OK);
    assert_true(strlen(row.ignored) < sizeof row.ignored);
    assert_string_equal(row.ignored + strlen(row.ignored) - 5, ", ...");
    for (int i = 0; i < 100; i++)
        (void)snprintf(many + strlen(many), sizeof many - strlen(many),
                       ",\"other%d\":1", i);
    assert_int_equal(read_with_duration(many, &row, &err), LW_ELIMIT);
}

static void every_spelling_is_known(void **state)
{
    char body[128];
    struct classify_row row;
    struct lw_error err;

    (void)state;
    for (uint16_t i = 0; i < wide->n_features; i++) {
        const struct lw_feature *f = &wide->features[i];
        char all[256];
        char *rest = all;
        const char *word;

        (void)snprintf(all, sizeof all, "%s %s", f->name, f->alias);
        while ((word = strsep(&rest, " ")) != NULL) {
            if (*word == '\0')
                continue;
            /* Of the wrong type, so that the answer names it. */
            (void)snprintf(body, sizeof body, "{\"%s\":[]}", word);
            assert_int_equal(
                classify_form_read(form, span_of(body, strlen(body)), NULL, &row, &err),
                LW_EINVAL);
            assert_string_equal(row.field, word);
        }
    }
}

static void categories_are_codes_of_the_view(void **state)
{
    const struct lw_feature *f = &wide->features[lw_view_find(wide, "service")];
    struct classify_row row;
    struct lw_error err;
    struct buf b;

    (void)state;
    buf_init(&b);
    for (uint16_t i = 0; i <= f->n_categories; i++) {
        const char *name = i < f->n_categories ? f->categories[i] : "no-such-service";

        write_body(&b, narrow, "service");
        b.data[b.len - 1] = ',';
        buf_printf(&b, "\"service\":\"%s\"}", name);
        assert_int_equal(read_body(&b, &row, &err), LW_OK);
        assert_near(row.values[lw_view_find(narrow, "service")],
                    lw_feature_category(f, name), 0);
    }
    buf_release(&b);
}

static void views_that_do_not_fit_are_refused(void **state)
{
    struct classify_form *other = NULL;
    struct lw_error err;

    (void)state;
    assert_int_equal(classify_form_new(&other, wide, lw_view_get("netflow"), &err),
                     LW_EMISMATCH);
    assert_null(other);
}

static void a_form_survives_lack_of_memory(void **state)
{
    struct classify_form *f = NULL;
    struct lw_error err;
    enum lw_status st = LW_ENOMEM;

    (void)state;
    for (uint64_t n = 1; st != LW_OK; n++) {
        mem_fail_at(n, 0);
        st = classify_form_new(&f, wide, narrow, &err);
        mem_fail_at(0, 0);
        if (st != LW_OK)
            assert_int_equal(st, LW_ENOMEM);
    }
    classify_form_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_body_decides_the_view),
        cmocka_unit_test(bodies_alike_are_read_alike),
        cmocka_unit_test(the_missing_field_is_named_as_documented),
        cmocka_unit_test(numbers_are_checked),
        cmocka_unit_test(the_same_field_twice_is_refused),
        cmocka_unit_test(unknown_members_are_ignored_and_listed),
        cmocka_unit_test(every_spelling_is_known),
        cmocka_unit_test(categories_are_codes_of_the_view),
        cmocka_unit_test(views_that_do_not_fit_are_refused),
        cmocka_unit_test(a_form_survives_lack_of_memory),
    };

    return cmocka_run_group_tests(tests, make_form, free_form);
}

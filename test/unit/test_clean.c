/* SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"
#include "data/clean.h"
#include "test.h"

#include <math.h>
#include <string.h>

static struct lw_error err;

#define NONE NAN
#define INF  INFINITY

/* (5, 3) */
static float small[] = {
    1, 10, 5, 2, NONE, 5, 3, 30, 5, INF, 40, 5, -INF, 20, 5,
};
static const struct lw_matrix five = {small, 5, 3};

static struct cleaner *fit(const struct clean_config *cfg, const struct lw_matrix *x)
{
    struct cleaner *c = NULL;

    if (cleaner_fit(&c, cfg, x, &err) != LW_OK)
        fail_msg("%s", err.msg);
    return c;
}

/* Apply to the small table; what comes out of a column. */
static void expect(const struct clean_config *cfg, size_t output, const float want[5])
{
    struct cleaner *c = fit(cfg, &five);
    float out[15];

    cleaner_apply(c, small, 5, out);
    for (size_t r = 0; r < 5; r++) {
        float got = out[r * cleaner_outputs(c) + output];

        if (isnan(want[r]) || isinf(want[r]))
            assert_true(isnan(want[r]) ? isnan(got) : got == want[r]);
        else
            assert_near(got, want[r], 1e-6);
    }
    cleaner_free(c);
}

static void nothing_is_done_unless_asked_for(void **state)
{
    static const struct clean_config none;

    (void)state;
    expect(&none, 0, (const float[]){1, 2, 3, INF, -INF});
    expect(&none, 1, (const float[]){10, NONE, 30, 40, 20});
    expect(&none, 2, (const float[]){5, 5, 5, 5, 5});
}

static void values_are_repaired_and_filled_in(void **state)
{
    (void)state;
    expect(&(struct clean_config){.infinite = CLEAN_INFINITE_CLIP}, 0,
           (const float[]){1, 2, 3, 3, 1});
    expect(&(struct clean_config){.infinite = CLEAN_INFINITE_MISSING}, 0,
           (const float[]){1, 2, 3, NONE, NONE});
    expect(&(struct clean_config){.infinite = CLEAN_INFINITE_MISSING,
                                  .missing = CLEAN_MISSING_MEAN},
           0, (const float[]){1, 2, 3, 2, 2});
    expect(&(struct clean_config){.missing = CLEAN_MISSING_MEDIAN}, 1,
           (const float[]){10, 25, 30, 40, 20});
    expect(&(struct clean_config){.missing = CLEAN_MISSING_ZERO}, 1,
           (const float[]){10, 0, 30, 40, 20});
}

static void columns_are_scaled(void **state)
{
    const float sd = sqrtf(125);

    (void)state;
    expect(&(struct clean_config){.scale = CLEAN_SCALE_STANDARD}, 1,
           (const float[]){-15 / sd, NONE, 5 / sd, 15 / sd, -5 / sd});
    expect(&(struct clean_config){.scale = CLEAN_SCALE_MIN_MAX}, 1,
           (const float[]){0, NONE, 2.0f / 3, 1, 1.0f / 3});
    expect(&(struct clean_config){.scale = CLEAN_SCALE_ROBUST}, 1,
           (const float[]){-1, NONE, 1.0f / 3, 1, -1.0f / 3});
    expect(&(struct clean_config){.scale = CLEAN_SCALE_LOG}, 0,
           (const float[]){logf(2), logf(3), logf(4), INF, -INF});
    /* A constant column is shifted, not divided by nothing. */
    expect(&(struct clean_config){.scale = CLEAN_SCALE_STANDARD}, 2,
           (const float[]){0, 0, 0, 0, 0});
}

/* a, b = 2 a, c free, d = a + c, e constant. */
static struct lw_matrix made_table(void)
{
    struct lw_matrix x;

    assert_int_equal(lw_matrix_init(&x, 200, 5, &err), LW_OK);
    for (size_t r = 0; r < 200; r++) {
        float a = (float)(r * 37 % 101);
        float c = (float)(r * 53 % 97);
        float row[] = {a, 2 * a, c, a + c, 7};

        memcpy(x.x + r * 5, row, sizeof row);
    }
    return x;
}

static void columns_that_say_nothing_new_are_left_out(void **state)
{
    const struct clean_config correlated = {.drop_constant = true,
                                            .max_correlation = .95};
    const struct clean_config inflated = {
        .drop_constant = true, .max_correlation = .95, .max_vif = 10};
    struct lw_matrix x = made_table();
    struct cleaner *c = fit(&correlated, &x);
    float out[4];

    (void)state;
    assert_int_equal(cleaner_inputs(c), 5);
    assert_int_equal(cleaner_outputs(c), 3);
    assert_int_equal(cleaner_fate(c, 1), CLEAN_CORRELATED);
    assert_int_equal(cleaner_fate(c, 4), CLEAN_CONSTANT);
    assert_int_equal(cleaner_source(c, 2), 3);
    cleaner_apply(c, x.x + 5, 1, out);
    assert_near(out[0], 37, 0);
    assert_near(out[1], 53, 0);
    assert_near(out[2], 90, 0);
    cleaner_free(c);
    c = fit(&inflated, &x);
    assert_int_equal(cleaner_outputs(c), 2);
    assert_int_equal(cleaner_fate(c, 3), CLEAN_INFLATED);
    assert_string_equal(clean_fate_name(CLEAN_INFLATED), "inflated");
    cleaner_free(c);
    lw_matrix_release(&x);
}

static void wrong_limits_are_refused(void **state)
{
    const struct lw_matrix none = {small, 0, 3};
    struct cleaner *c = NULL;

    (void)state;
    assert_int_equal(cleaner_fit(&c, &(struct clean_config){0}, &none, &err),
                     LW_EINVAL);
    assert_int_equal(
        cleaner_fit(&c, &(struct clean_config){.max_correlation = 1.5}, &five, &err),
        LW_EINVAL);
    assert_int_equal(
        cleaner_fit(&c, &(struct clean_config){.max_vif = .5}, &five, &err), LW_EINVAL);
}

static void what_is_loaded_is_what_was_saved(void **state)
{
    const struct clean_config cfg = {.infinite = CLEAN_INFINITE_CLIP,
                                     .missing = CLEAN_MISSING_MEDIAN,
                                     .scale = CLEAN_SCALE_ROBUST,
                                     .drop_constant = true};
    struct cleaner *c = fit(&cfg, &five);
    struct cleaner *back = NULL;
    struct buf text;
    struct span in;
    float a[10];
    float b[10];

    (void)state;
    buf_init(&text);
    cleaner_save(c, &text);
    in = span_of(text.data, text.len);
    assert_int_equal(cleaner_load(&back, &in, &err), LW_OK);
    assert_int_equal(in.n, 0);
    assert_int_equal(cleaner_outputs(back), 2);
    cleaner_apply(c, small, 5, a);
    cleaner_apply(back, small, 5, b);
    assert_memory_equal(a, b, sizeof a);
    cleaner_free(back);
    for (size_t n = 0; n < text.len; n++) {
        in = span_of(text.data, n);
        assert_int_equal(cleaner_load(&back, &in, &err), LW_EFORMAT);
    }
    for (size_t i = 0; i < text.len; i++) {
        text.data[i] = (char)(text.data[i] ^ 0x80);
        in = span_of(text.data, text.len);
        if (cleaner_load(&back, &in, &err) == LW_OK) {
            cleaner_apply(back, small, cleaner_inputs(back) == 3 ? 1 : 0, b);
            cleaner_free(back);
        }
        text.data[i] = (char)(text.data[i] ^ 0x80);
    }
    cleaner_free(c);
    buf_release(&text);
}

static void memory_may_run_out_anywhere(void **state)
{
    const struct clean_config cfg = {.max_correlation = .9, .max_vif = 5};

    (void)state;
    for (uint64_t n = 1;; n++) {
        struct cleaner *c = NULL;
        enum lw_status st;

        mem_fail_at(n, 0);
        st = cleaner_fit(&c, &cfg, &five, &err);
        mem_fail_at(0, 0);
        cleaner_free(c);
        if (st == LW_OK)
            break;
        assert_int_equal(st, LW_ENOMEM);
        assert_true(n < 100);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_done_unless_asked_for),
        cmocka_unit_test(values_are_repaired_and_filled_in),
        cmocka_unit_test(columns_are_scaled),
        cmocka_unit_test(columns_that_say_nothing_new_are_left_out),
        cmocka_unit_test(wrong_limits_are_refused),
        cmocka_unit_test(what_is_loaded_is_what_was_saved),
        cmocka_unit_test(memory_may_run_out_anywhere),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

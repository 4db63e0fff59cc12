/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"
#include "detect/tail.h"
#include "test.h"

#include <string.h>

enum { MANY = 100000 };

static struct tail tail;
static float scores[MANY];

static void fit(size_t n)
{
    for (size_t i = 0; i < n; i++)
        scores[i] = (float)((i * 7919) % n) / (float)n;
    tail_fit(&tail, scores, n);
}

static size_t reached(size_t n, float cut)
{
    size_t k = 0;

    for (size_t i = 0; i < n; i++)
        k += scores[i] >= cut ? 1 : 0;
    return k;
}

static void a_threshold_keeps_the_budget(void **state)
{
    static const double shares[] = {0, 1e-5, 5e-4, 0.001, 0.01, 0.5, 1};

    (void)state;
    fit(MANY);
    for (size_t i = 0; i < sizeof shares / sizeof shares[0]; i++) {
        double allowed = shares[i] * MANY;
        size_t n = reached(MANY, tail_threshold(&tail, shares[i]));

        assert_true((double)n <= allowed + 1e-6);
        assert_true((double)n >= allowed * 0.96 - 1e-6);
    }
}

static void equal_scores_are_reached_together(void **state)
{
    (void)state;
    for (size_t i = 0; i < 1000; i++)
        scores[i] = i < 10 ? 0.9F : 0.1F;
    tail_fit(&tail, scores, 1000);
    assert_int_equal(reached(1000, tail_threshold(&tail, 0.005)), 0);
    assert_int_equal(reached(1000, tail_threshold(&tail, 0.010)), 10);
    assert_near(tail_p_value(&tail, 0.9F), 11.0 / 1001, 1e-7);
    assert_near(tail_p_value(&tail, 0.95F), 1.0 / 1001, 1e-7);
    assert_near(tail_p_value(&tail, 0.0F), 1, 1e-7);
}

/* Never too small, and no more than 4 % too great. */
static void p_values_err_on_one_side(void **state)
{
    (void)state;
    fit(MANY);
    for (float v = 0; v <= 1; v += 0.0137F) {
        double right = ((double)reached(MANY, v) + 1) / (MANY + 1.0);
        double p = (double)tail_p_value(&tail, v);

        assert_true(p >= right - 1e-7);
        assert_true(p <= right * 1.04 + 1e-7);
    }
}

static void what_is_saved_comes_back(void **state)
{
    static struct tail again;
    struct buf bytes;

    (void)state;
    fit(5000);
    buf_init(&bytes);
    tail_save(&tail, &bytes);
    assert_true(buf_ok(&bytes));
    assert_true(tail_load(&again, span_of(buf_text(&bytes), bytes.len)));
    assert_int_equal(again.n, tail.n);
    assert_int_equal(again.n_kept, tail.n_kept);
    assert_memory_equal(again.score, tail.score, tail.n_kept * sizeof tail.score[0]);
    for (size_t n = 0; n < bytes.len; n += 7)
        assert_false(tail_load(&again, span_of(buf_text(&bytes), n)));
    buf_release(&bytes);
}

static void damage_is_found(void **state)
{
    struct buf bytes;

    (void)state;
    for (unsigned kind = 0; kind < 4; kind++) {
        fit(100);
        if (kind == 0)
            tail.n = 99;
        else if (kind == 1)
            tail.rank[5] = tail.rank[4];
        else if (kind == 2)
            tail.score[5] = tail.score[4] + 1;
        else
            tail.rank[0] = 0;
        buf_init(&bytes);
        tail_save(&tail, &bytes);
        assert_false(tail_load(&tail, span_of(buf_text(&bytes), bytes.len)));
        buf_release(&bytes);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_threshold_keeps_the_budget),
        cmocka_unit_test(equal_scores_are_reached_together),
        cmocka_unit_test(p_values_err_on_one_side),
        cmocka_unit_test(what_is_saved_comes_back),
        cmocka_unit_test(damage_is_found),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

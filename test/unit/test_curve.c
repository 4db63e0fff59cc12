/* SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"
#include "test.h"

#include <lapwing/curve.h>

#include <cmocka.h>

#include <math.h>
#include <string.h>

static const uint32_t truth[] = {0, 0, 0, 0, 1, 2, 1, 1};
static const float score[] = {0, .25f, .25f, .75f, .25f, .75f, 1, 1};

static void every_threshold_of_a_few_rows_is_a_point(void **state)
{
    static const struct lw_curve_point want[] = {
        {1, 2, 0}, {.75f, 3, 1}, {.25f, 4, 3}, {0, 4, 4}};
    struct lw_curve c;
    struct lw_error err;

    (void)state;
    assert_int_equal(lw_curve_compute(&c, truth, score, 8, &err), LW_OK);
    assert_int_equal(c.n_rows[0], 4);
    assert_int_equal(c.n_rows[1], 4);
    assert_int_equal(c.n_points, 4);
    for (size_t i = 0; i < 4; i++) {
        assert_near(c.points[i].threshold, want[i].threshold, 0);
        assert_int_equal(c.points[i].true_pos, want[i].true_pos);
        assert_int_equal(c.points[i].false_pos, want[i].false_pos);
    }
}

static void distribution_and_reliability_are_as_by_hand(void **state)
{
    struct lw_curve c;
    struct lw_error err;

    (void)state;
    assert_int_equal(lw_curve_compute(&c, truth, score, 8, &err), LW_OK);
    assert_int_equal(c.bins[0][0], 1);
    assert_int_equal(c.bins[0][10], 2);
    assert_int_equal(c.bins[1][10], 1);
    assert_int_equal(c.bins[1][LW_CURVE_BINS - 1], 2);
    assert_int_equal(c.n_reliability, LW_CURVE_RELIABILITY);
    assert_int_equal(c.reliability[2].n_rows, 3);
    assert_int_equal(c.reliability[2].n_attacks, 1);
    assert_near(c.reliability[2].mean_score, .25, 1e-12);
    assert_int_equal(c.reliability[9].n_rows, 2);
    assert_true(isnan(c.reliability[5].mean_score));
}

static void scores_that_are_no_probabilities_have_no_reliability(void **state)
{
    static const float wide[] = {-3, 7, 2, 2, 2, 2, 2, 2};
    struct lw_curve c;
    struct lw_error err;

    (void)state;
    assert_int_equal(lw_curve_compute(&c, truth, wide, 8, &err), LW_OK);
    assert_int_equal(c.n_reliability, 0);
    assert_near(c.lowest, -3, 0);
    assert_near(c.highest, 7, 0);
}

enum { MANY = 20000 };

/* Counts at a kept point must be what counting the rows again gives. */
static void many_rows_keep_few_points_that_are_exact(void **state)
{
    static uint32_t label[MANY];
    static float s[MANY];
    struct lw_curve c;
    struct lw_error err;

    (void)state;
    for (uint32_t i = 0; i < MANY; i++) {
        label[i] = i % 3 == 0;
        s[i] = (float)((i * 7919U) % 10007U) + (label[i] ? 2000.f : 0.f);
    }
    assert_int_equal(lw_curve_compute(&c, label, s, MANY, &err), LW_OK);
    assert_in_range(c.n_points, 100, LW_CURVE_MAX_POINTS);
    for (size_t k = 0; k < c.n_points; k++) {
        uint64_t n[2] = {0, 0};

        for (size_t i = 0; i < MANY; i++)
            n[label[i]] += s[i] >= c.points[k].threshold;
        assert_int_equal(c.points[k].false_pos, n[0]);
        assert_int_equal(c.points[k].true_pos, n[1]);
    }
    assert_int_equal(c.points[c.n_points - 1].false_pos, c.n_rows[0]);
    assert_int_equal(c.points[c.n_points - 1].true_pos, c.n_rows[1]);
}

static void bad_scores_and_no_memory_are_refused(void **state)
{
    static const float bad[] = {0, NAN};
    struct lw_curve c;
    struct lw_error err;

    (void)state;
    assert_int_equal(lw_curve_compute(&c, truth, bad, 2, &err), LW_EINVAL);
    assert_non_null(strstr(err.msg, "row 1"));
    assert_int_equal(lw_curve_compute(&c, truth, score, 0, &err), LW_EINVAL);
    mem_fail_at(1, 0);
    assert_int_equal(lw_curve_compute(&c, truth, score, 8, &err), LW_ENOMEM);
    mem_fail_at(0, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_threshold_of_a_few_rows_is_a_point),
        cmocka_unit_test(distribution_and_reliability_are_as_by_hand),
        cmocka_unit_test(scores_that_are_no_probabilities_have_no_reliability),
        cmocka_unit_test(many_rows_keep_few_points_that_are_exact),
        cmocka_unit_test(bad_scores_and_no_memory_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

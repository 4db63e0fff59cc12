/* SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"
#include "learn/baseline.h"
#include "test.h"

#include <cmocka.h>

#include <math.h>

static void majority_is_the_most_frequent_the_first_of_equals(void **state)
{
    static const uint32_t labels[] = {2, 1, 1, 2, 0};

    (void)state;
    assert_int_equal(baseline_majority(labels, 5, 3), 1);
    assert_int_equal(baseline_majority(labels, 1, 3), 2);
    assert_int_equal(baseline_majority(labels, 0, 3), 0);
}

/* Column 0 says nothing, 1 is a number that parts the classes at 50 but for the missing
 * values, 2 a category that gets three in four right. */
enum { N = 100 };
static float cells[N * 3];
static uint32_t labels[N];
static const bool is_category[] = {false, false, true};

static struct lw_matrix make_table(void)
{
    for (size_t i = 0; i < N; i++) {
        labels[i] = i >= 50;
        cells[3 * i] = 7;
        cells[3 * i + 1] = i % 10 == 3 ? NAN : (float)i;
        cells[3 * i + 2] = (float)(i % 4 == 0 ? 1 - labels[i] : labels[i]);
    }
    return (struct lw_matrix){cells, N, 3};
}

static void one_rule_finds_the_number_that_tells(void **state)
{
    struct lw_matrix x = make_table();
    struct one_rule rule;
    struct lw_error err;
    size_t right = 0;

    (void)state;
    assert_int_equal(one_rule_fit(&rule, &x, is_category, labels, 2, &err), LW_OK);
    assert_int_equal(rule.feature_idx, 1);
    assert_false(rule.category);
    for (size_t i = 0; i < N; i++)
        right += one_rule_predict(&rule, cells + 3 * i) == labels[i];
    /* Half of the ten missing ones, and at most one bin of six or seven rows. */
    assert_in_range(right, 91, 95);
    assert_int_equal(one_rule_predict(&rule, (float[]){0, -1e30f, 0}), 0);
    assert_int_equal(one_rule_predict(&rule, (float[]){0, 1e30f, 0}), 1);
}

static void one_rule_knows_categories_and_what_it_has_not_seen(void **state)
{
    struct lw_matrix x = make_table();
    struct one_rule rule;
    struct lw_error err;

    (void)state;
    for (size_t i = 0; i < N; i++)
        cells[3 * i + 1] = 0;
    labels[99] = labels[98] = labels[97] = 0; /* class 0 is the majority */
    assert_int_equal(one_rule_fit(&rule, &x, is_category, labels, 2, &err), LW_OK);
    assert_int_equal(rule.feature_idx, 2);
    assert_true(rule.category);
    assert_int_equal(one_rule_predict(&rule, (float[]){0, 0, 0}), 0);
    assert_int_equal(one_rule_predict(&rule, (float[]){0, 0, 1}), 1);
    /* Unseen, missing, far out: the majority. */
    assert_int_equal(one_rule_predict(&rule, (float[]){0, 0, -1}), 0);
    assert_int_equal(one_rule_predict(&rule, (float[]){0, 0, 2}), 0);
    assert_int_equal(one_rule_predict(&rule, (float[]){0, 0, 1e9f}), 0);
    assert_int_equal(one_rule_predict(&rule, (float[]){0, 0, NAN}), 0);
}

static void one_rule_bears_many_categories_and_no_values(void **state)
{
    enum { ROWS = 400 };
    static float wide[ROWS * 2];
    static uint32_t codes[ROWS];
    const bool kinds[] = {true, false};
    struct lw_matrix x = {wide, ROWS, 2};
    struct one_rule rule;
    struct lw_error err;

    (void)state;
    for (size_t i = 0; i < ROWS; i++) {
        wide[2 * i] = (float)i;
        wide[2 * i + 1] = NAN;
        codes[i] = i % 2;
    }
    assert_int_equal(one_rule_fit(&rule, &x, kinds, codes, 2, &err), LW_OK);
    assert_int_equal(rule.feature_idx, 0);
    assert_int_equal(rule.n_bins, ONE_RULE_MAX_BINS);
    assert_int_equal(one_rule_predict(&rule, (float[]){126, 0}), 0);
    assert_int_equal(one_rule_predict(&rule, (float[]){125, 0}), 1);
    x.n_rows = 0;
    assert_int_equal(one_rule_fit(&rule, &x, kinds, codes, 2, &err), LW_EINVAL);
    x.n_rows = ROWS;
    assert_int_equal(one_rule_fit(&rule, &x, kinds, codes, 33, &err), LW_EINVAL);
    mem_fail_at(1, 0);
    assert_int_equal(one_rule_fit(&rule, &x, kinds, codes, 2, &err), LW_ENOMEM);
    mem_fail_at(0, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(majority_is_the_most_frequent_the_first_of_equals),
        cmocka_unit_test(one_rule_finds_the_number_that_tells),
        cmocka_unit_test(one_rule_knows_categories_and_what_it_has_not_seen),
        cmocka_unit_test(one_rule_bears_many_categories_and_no_values),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "learn/link.h"
#include "test.h"

#include <cmocka.h>

#include <math.h>

/* Against the correctly rounded result: half a unit in the last place and a little. */
static void exponential_is_exact_to_the_last_place(void **state)
{
    double worst = 0;

    (void)state;
    for (float x = -87.3f; x < 88.7f; x += 0.00137f) {
        double is = (double)link_exp(x);
        double should = exp((double)x);

        if (fabs(is / should - 1) > worst)
            worst = fabs(is / should - 1);
    }
    assert_true(worst < 6.1e-8);
    assert_true(link_exp(0) == 1.0f);
}

static void exponential_has_ends(void **state)
{
    (void)state;
    assert_true(link_exp(-INFINITY) == 0.0f);
    assert_true(link_exp(-200) == 0.0f);
    assert_true(isinf(link_exp(INFINITY)));
    assert_near(link_exp(-100), exp(-100.0), 1e-45); /* below the normal range */
}

static void logarithm_is_exact(void **state)
{
    (void)state;
    assert_true(link_log(1) == 0);
    for (double x = 1e-300; x < 1e300; x *= 1.37) {
        double should = log(x);

        assert_near(link_log(x), should, 2e-15 * (1 + fabs(should)));
    }
}

static void squashing_keeps_order_and_sign(void **state)
{
    (void)state;
    assert_true(link_squash(0) == 0);
    assert_near(link_squash(1e6f), log1p(1e6), 1e-6);
    assert_true(link_squash(-5) == -link_squash(5));
    assert_near(link_squash(1e-3f), log1p(1e-3), 1e-9);
    assert_true(isnan(link_squash(NAN)));
    assert_true(isfinite(link_squash(INFINITY)) && link_squash(INFINITY) > 88);
    assert_true(link_squash(-INFINITY) == -link_squash(INFINITY));
}

static void softmax_sums_to_one(void **state)
{
    float p[5] = {1.5f, -2, 0, 80, 79};
    float far[3] = {-1e9f, 1e9f, 0};
    float sum = 0;

    (void)state;
    link_softmax(p, 5);
    for (size_t i = 0; i < 5; i++)
        sum += p[i];
    assert_near(sum, 1, 2e-7);
    assert_near(p[3], 1 / (1 + exp(-1.0)), 1e-7);
    link_softmax(far, 3);
    assert_true(far[0] == 0.0f && far[1] == 1.0f && far[2] == 0.0f);
}

static void logistic_is_never_out_of_range(void **state)
{
    (void)state;
    assert_true(link_logistic(0) == 0.5f);
    assert_near(link_logistic(2), 1 / (1 + exp(-2.0)), 6e-8);
    assert_true(link_logistic(1e9f) == 1.0f);
    assert_true(link_logistic(-1e9f) > 0.0f && link_logistic(-1e9f) < 1e-37f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exponential_is_exact_to_the_last_place),
        cmocka_unit_test(exponential_has_ends),
        cmocka_unit_test(logarithm_is_exact),
        cmocka_unit_test(squashing_keeps_order_and_sign),
        cmocka_unit_test(softmax_sums_to_one),
        cmocka_unit_test(logistic_is_never_out_of_range),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

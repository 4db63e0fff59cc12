/* SPDX-License-Identifier: Apache-2.0 */
#include "base/rng.h"
#include "learn/link.h"
#include "test.h"

#include <cmocka.h>

#include <float.h>
#include <math.h>
#include <string.h>

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

static void assert_same_squash(const float *v, size_t n)
{
    float out[67];

    link_squash_all(v, n, out);
    for (size_t i = 0; i < n; i++) {
        float one = link_squash(v[i]);

        assert_true(isnan(one) ? isnan(out[i])
                               : memcmp(&one, &out[i], sizeof one) == 0);
    }
}

static void squashing_many_gives_the_same_bits(void **state)
{
    static const float odd[] = {0,         -0.0f,   1,       -1,     NAN,     INFINITY,
                                -INFINITY, FLT_MAX, FLT_MIN, 1e-45f, -2.5e-3f};
    float v[67];
    struct rng r;

    (void)state;
    for (size_t n = 0; n <= sizeof odd / sizeof odd[0]; n++)
        assert_same_squash(odd, n);
    rng_init(&r, 9);
    for (size_t times = 0; times < 2000; times++) {
        for (size_t i = 0; i < 67; i++) {
            uint32_t bits = (uint32_t)rng_next(&r);

            memcpy(&v[i], &bits, sizeof bits);
        }
        assert_same_squash(v, 67);
    }
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
        cmocka_unit_test(squashing_many_gives_the_same_bits),
        cmocka_unit_test(softmax_sums_to_one),
        cmocka_unit_test(logistic_is_never_out_of_range),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

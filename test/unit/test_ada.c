/* SPDX-License-Identifier: Apache-2.0 */
#include "learn/model_ops.h"
#include "test.h"

#include <cmocka.h>

#include <math.h>
#include <string.h>

/* P(class 1) at 0, 1, 2 and 3. */
static void ask(const char *options, const uint32_t *labels, const float *weights,
                float *p1)
{
    float x[] = {0, 1, 2, 3};
    const struct lw_matrix m = {x, 4, 1};
    struct lw_model *out = NULL;
    struct lw_error err = {.msg = ""};
    float p[8];

    if (lw_model_fit(&out, "ada", &(struct lw_model_params){.options = options}, &m,
                     labels, 2, weights, &err) != LW_OK)
        fail_msg("%s", err.msg);
    lw_model_predict(out, x, 4, p);
    for (size_t i = 0; i < 4; i++)
        p1[i] = p[2 * i + 1];
    lw_model_free(out);
}

/* Labels 0 1 1 0.  Each round's tree has an error of 1/4, 1/6 and 1/10:
 *   1. below 0.5 or not: wrong at 3, say log 3; weights 1 1 1 3 (of 6)
 *   2. below 2.5 or not: says 1 below, wrong at 0, say log 5; weights 5 1 1 3 (of 10)
 * After two the votes for 1 are: at 0 log 5 of log 15, at 1 and 2 all, at 3 log 3. */
static void two_rounds_by_hand(void **state)
{
    static const uint32_t labels[] = {0, 1, 1, 0};
    float p[4];
    double share = log(5) / log(15);

    (void)state;
    ask("trees=2", labels, NULL, p);
    assert_near(p[0], 1 / (1 + exp(1 - 2 * share)), 1e-6);
    assert_near(p[1], 1 / (1 + exp(-1)), 1e-6);
    assert_near(p[2], 1 / (1 + exp(-1)), 1e-6);
    assert_near(p[3], 1 / (1 + exp(2 * share - 1)), 1e-6);
}

static void enough_rounds_learn_it(void **state)
{
    static const uint32_t labels[] = {0, 1, 1, 0};
    float p[4];

    (void)state;
    ask("trees=10", labels, NULL, p);
    assert_true(p[0] < 0.5f && p[1] > 0.5f && p[2] > 0.5f && p[3] < 0.5f);
}

/* Nothing is left to learn after the first tree, which says all. */
static void a_tree_without_errors_ends_it(void **state)
{
    static const uint32_t labels[] = {0, 0, 1, 1};
    float p[4];

    (void)state;
    ask("trees=50", labels, NULL, p);
    assert_near(p[0], 1 / (1 + exp(1)), 1e-6);
    assert_near(p[3], 1 / (1 + exp(-1)), 1e-6);
}

static void what_no_tree_tells_apart_is_refused(void **state)
{
    float x[] = {1, 1};
    const struct lw_matrix m = {x, 2, 1};
    static const uint32_t labels[] = {0, 1};
    struct lw_model *out = NULL;
    struct lw_error err;

    (void)state;
    assert_int_equal(lw_model_fit(&out, "ada", NULL, &m, labels, 2, NULL, &err),
                     LW_EINVAL);
    assert_non_null(strstr(err.msg, "better than chance"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_rounds_by_hand),
        cmocka_unit_test(enough_rounds_learn_it),
        cmocka_unit_test(a_tree_without_errors_ends_it),
        cmocka_unit_test(what_no_tree_tells_apart_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

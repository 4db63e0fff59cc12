/* SPDX-License-Identifier: Apache-2.0 */
#include "learn/model_ops.h"
#include "test.h"

#include <cmocka.h>

#include <math.h>

static float ask(const char *options, float *x, size_t n, const uint32_t *labels,
                 const float *weights, uint32_t n_classes, float a, float b)
{
    const struct lw_matrix m = {x, n, 2};
    struct lw_model *model = NULL;
    float row[2] = {a, b};
    float p[3];

    assert_int_equal(lw_model_fit(&model, "bayes",
                                  &(struct lw_model_params){.options = options}, &m,
                                  labels, n_classes, weights, NULL),
                     LW_OK);
    lw_model_predict(model, row, 1, p);
    lw_model_free(model);
    return p[1];
}

/* Class 0: column 0 at 0 and 2 (mean 1, variance 1); class 1: at 4 and 6 (mean 5,
 * variance 1); column 1 never varies.  The log odds are ((x - 1)^2 - (x - 5)^2) / 2 =
 * 4 x - 12. */
static float pairs[] = {0, 7, 2, 7, 4, 7, 6, 7};
static const uint32_t labels[] = {0, 0, 1, 1};
static const char options[] = "scale=none,smoothing=1e-12";

static void odds_are_those_of_normals(void **state)
{
    (void)state;
    assert_near(ask(options, pairs, 4, labels, NULL, 2, 3, 7), 0.5, 1e-6);
    assert_near(ask(options, pairs, 4, labels, NULL, 2, 3.25f, 7), 1 / (1 + exp(-1)),
                1e-6);
    assert_near(ask(options, pairs, 4, labels, NULL, 2, 2, 7), 1 / (1 + exp(4)), 1e-6);
}

static void weights_are_priors(void **state)
{
    static const float three_to_one[] = {1, 1, 3, 3};

    (void)state;
    assert_near(ask(options, pairs, 4, labels, three_to_one, 2, 3, 7), 0.75, 1e-6);
}

static void what_is_missing_says_nothing(void **state)
{
    static const float three_to_one[] = {1, 1, 3, 3};
    float holes[] = {0, 7, 2, NAN, 4, 7, 6, 7, NAN, 7};
    static const uint32_t more[] = {0, 0, 1, 1, 1};

    (void)state;
    assert_near(ask(options, pairs, 4, labels, three_to_one, 2, NAN, 7), 0.75, 1e-6);
    assert_near(ask(options, holes, 5, more, NULL, 2, 3, NAN), 0.6, 1e-6);
}

static void a_class_without_rows_is_never_said(void **state)
{
    static const uint32_t none_of_1[] = {0, 0, 2, 2};

    (void)state;
    assert_near(ask(options, pairs, 4, none_of_1, NULL, 3, 3, 7), 0, 1e-30);
}

/* Column 1 is a word that class 0 never had and class 1 has in half of its rows; column
 * 0 speaks for class 0. */
static void a_word_never_seen_rules_out_unless_smoothed(void **state)
{
    static float words[] = {0, 0, 2, 0, 4, 1, 6, 0};

    (void)state;
    assert_true(ask("scale=none", words, 4, labels, NULL, 2, 0, 1) > 0.999f);
    assert_true(ask("scale=none,smoothing=1", words, 4, labels, NULL, 2, 0, 1) < 0.5f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(odds_are_those_of_normals),
        cmocka_unit_test(weights_are_priors),
        cmocka_unit_test(what_is_missing_says_nothing),
        cmocka_unit_test(a_class_without_rows_is_never_said),
        cmocka_unit_test(a_word_never_seen_rules_out_unless_smoothed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

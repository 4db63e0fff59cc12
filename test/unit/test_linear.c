/* SPDX-License-Identifier: Apache-2.0 */
#include "learn/model_ops.h"
#include "test.h"

#include <cmocka.h>

#include <math.h>
#include <string.h>

static struct lw_model *fit(const char *kind, const char *options, float *x,
                            size_t n_rows, size_t n_cols, const uint32_t *labels,
                            const float *weights, uint32_t n_classes)
{
    const struct lw_matrix m = {x, n_rows, n_cols};
    struct lw_model *out = NULL;
    struct lw_error err = {.msg = ""};

    if (lw_model_fit(&out, kind, &(struct lw_model_params){.options = options}, &m,
                     labels, n_classes, weights, &err) != LW_OK)
        fail_msg("%s", err.msg);
    return out;
}

/* P(class 1) of a row of one column. */
static double ask(const struct lw_model *m, float a)
{
    float p[4];

    lw_model_predict(m, &a, 1, p);
    return (double)p[1];
}

/* Rows at -1 and 1; the gradient of w^2 / 2 + b^2 / 2 + C sum log(1 + e^-y(wx + b)) is
 * 0 at b = 0 and w = 2 C / (1 + e^w): for C = 1, w = 0.6748. */
static void odds_are_the_score(void **state)
{
    float x[] = {-1, 1};
    static const uint32_t labels[] = {0, 1};
    struct lw_model *m =
        fit("logit", "scale=none,tolerance=1e-8", x, 2, 1, labels, NULL, 2);
    double w = log(ask(m, 1) / (1 - ask(m, 1)));

    (void)state;
    assert_near(w, 2 / (1 + exp(w)), 1e-5);
    assert_near(ask(m, 0), 0.5, 1e-5);
    assert_near(log(ask(m, 3) / (1 - ask(m, 3))), 3 * w, 1e-4);
    assert_near(ask(m, NAN), 0.5, 1e-5); /* as the mean */
    lw_model_free(m);
}

static void reasons_add_up_to_the_score(void **state)
{
    float x[] = {-1, 0, 1, 3, 4, 0, 2, 2};
    static const uint32_t labels[] = {0, 1, 1, 0};
    struct lw_model *m = fit("logit", "scale=standard", x, 4, 2, labels, NULL, 2);
    float row[] = {3, 1};
    double phi[3];
    float p[2];

    (void)state;
    lw_model_predict(m, row, 1, p);
    assert_int_equal(lw_model_contributions(m, row, 1, phi, NULL), LW_OK);
    assert_near(phi[0] + phi[1] + phi[2], log((double)p[1] / (double)p[0]), 1e-4);
    lw_model_free(m);
}

/* The plane of the support vector machine lies in the middle. */
static void a_margin_is_in_the_middle(void **state)
{
    float x[] = {0, 1, 2, 6, 7, 8};
    static const uint32_t labels[] = {0, 0, 0, 1, 1, 1};
    struct lw_model *m =
        fit("linsvm", "scale=standard,cost=1000", x, 6, 1, labels, NULL, 2);

    (void)state;
    assert_near(ask(m, 4), 0.5, 0.01);
    assert_true(ask(m, 6) > 0.6 && ask(m, 2) < 0.4);
    lw_model_free(m);
}

static void a_class_without_rows_is_never_said(void **state)
{
    static const char *const kinds[] = {"logit", "linsvm"};
    float x[] = {0, 1, 2, 6, 7, 8};
    static const uint32_t labels[] = {0, 0, 2, 2, 3, 3};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct lw_model *m = fit(kinds[i], NULL, x, 6, 1, labels, NULL, 4);

        assert_near(ask(m, 3), 0, 0);
        lw_model_free(m);
    }
}

static void classes_can_be_balanced(void **state)
{
    float x[] = {0, 0, 0, 0, 0, 0};
    static const uint32_t labels[] = {0, 0, 0, 0, 0, 1};
    static const float weights[] = {1, 1, 1, 1, 1, 5};
    struct lw_model *m = fit("logit", "scale=none", x, 6, 1, labels, NULL, 2);

    (void)state;
    assert_true(ask(m, 0) < 0.4);
    lw_model_free(m);
    m = fit("logit", "scale=none,balanced=yes", x, 6, 1, labels, NULL, 2);
    assert_near(ask(m, 0), 0.5, 1e-4);
    lw_model_free(m);
    m = fit("logit", "scale=none", x, 6, 1, labels, weights, 2);
    assert_near(ask(m, 0), 0.5, 1e-4);
    lw_model_free(m);
}

static void one_class_is_refused(void **state)
{
    float v[] = {0, 1};
    const struct lw_matrix x = {v, 2, 1};
    static const uint32_t labels[] = {1, 1};
    struct lw_model *m = NULL;
    struct lw_error err;

    (void)state;
    assert_int_equal(lw_model_fit(&m, "logit", NULL, &x, labels, 2, NULL, &err),
                     LW_EINVAL);
    assert_non_null(strstr(err.msg, "one class"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(odds_are_the_score),
        cmocka_unit_test(reasons_add_up_to_the_score),
        cmocka_unit_test(a_margin_is_in_the_middle),
        cmocka_unit_test(a_class_without_rows_is_never_said),
        cmocka_unit_test(classes_can_be_balanced),
        cmocka_unit_test(one_class_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

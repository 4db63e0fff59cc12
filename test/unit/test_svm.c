/* SPDX-License-Identifier: Apache-2.0 */
#include "learn/kernel.h"
#include "learn/model_ops.h"
#include "test.h"

#include <cmocka.h>

#include <math.h>
#include <string.h>

enum { N = 60 };

/* Three classes at three corners of a square, none at the fourth. */
static void corners(float *x, uint32_t *labels)
{
    for (uint32_t i = 0; i < N; i++) {
        x[2 * i] = (float)(i % 3 == 1) + (float)(i % 5) / 20;
        x[2 * i + 1] = (float)(i % 3 == 2) + (float)(i % 7) / 30;
        labels[i] = i % 3;
    }
}

static enum lw_status fit(struct lw_model **out, const char *kind, const char *options,
                          float *x, const uint32_t *labels, uint32_t n_classes,
                          struct lw_error *err)
{
    const struct lw_matrix m = {x, N, 2};

    return lw_model_fit(out, kind,
                        &(struct lw_model_params){.options = options, .seed = 1}, &m,
                        labels, n_classes, NULL, err);
}

static void each_kernel_tells_corners_apart(void **state)
{
    static const char *const options[] = {"scale=none", "kernel=poly,coef0=1",
                                          "kernel=linear,cost=10"};
    uint32_t labels[N];
    float x[2 * N];

    (void)state;
    corners(x, labels);
    for (size_t i = 0; i < 3; i++) {
        struct lw_model *m = NULL;
        float p[4 * N];

        assert_int_equal(fit(&m, "svm", options[i], x, labels, 4, NULL), LW_OK);
        lw_model_predict(m, x, N, p);
        for (size_t r = 0; r < N; r++) {
            assert_true(p[4 * r + labels[r]] > 0.6f);
            assert_near(p[4 * r + 3], 0, 0); /* had no rows */
        }
        lw_model_free(m);
    }
}

/* Two vectors, 0 of class 5 and 2 of class 1, with weights 1 and -1 and rho 0.1: at 1
 * the kernels are equal; at 0 they are 1 and e^(-4 gamma). */
static void decisions_are_sums_of_kernels(void **state)
{
    float vector[] = {0, 2};
    double weight[] = {1, -1};
    double rho[] = {0.1};
    double slope[] = {-2};
    double offset[] = {0.5};
    const struct kernel_machine m = {.kind = KERNEL_RBF,
                                     .gamma = 0.5,
                                     .n_cols = 1,
                                     .n_present = 2,
                                     .n_vectors = 2,
                                     .label = {5, 1},
                                     .n_of = {1, 1},
                                     .vector = vector,
                                     .weight = weight,
                                     .rho = rho,
                                     .slope = slope,
                                     .offset = offset};
    double d;
    double p[2];

    (void)state;
    kernel_decide(&m, (float[]){1}, &d);
    assert_near(d, -0.1, 1e-7);
    kernel_decide(&m, (float[]){0}, &d);
    assert_near(d, 1 - exp(-2) - 0.1, 1e-6);
    kernel_couple(&m, &d, p);
    assert_near(p[0], 1 / (1 + exp(-2 * d + 0.5)), 2e-3);
    assert_near(p[0] + p[1], 1, 1e-12);
}

static void one_class_knows_its_own(void **state)
{
    uint32_t labels[N];
    uint32_t normal[N] = {0};
    float x[2 * N];
    struct lw_model *m = NULL;
    float far[] = {9, -9};
    float p[2 * N];
    size_t n_out = 0;

    (void)state;
    corners(x, labels);
    assert_int_equal(fit(&m, "ocsvm", "nu=0.1", x, normal, 2, NULL), LW_OK);
    lw_model_predict(m, far, 1, p);
    assert_true(p[1] > 0.5f);
    lw_model_predict(m, x, N, p);
    for (size_t r = 0; r < N; r++)
        n_out += p[2 * r + 1] > 0.5f ? 1 : 0;
    assert_in_range(n_out, 0, 6);
    lw_model_free(m);
}

static void what_cannot_be_learnt_is_refused(void **state)
{
    uint32_t labels[N];
    uint32_t one[N] = {0};
    float x[2 * N];
    struct lw_model *m = NULL;
    struct lw_error err;

    (void)state;
    corners(x, labels);
    assert_int_equal(fit(&m, "svm", "max-rows=59", x, labels, 3, &err), LW_ELIMIT);
    assert_non_null(strstr(err.msg, "max-rows=60"));
    assert_int_equal(fit(&m, "svm", NULL, x, one, 2, &err), LW_EINVAL);
    assert_int_equal(fit(&m, "svm", NULL, x, labels, 65, &err), LW_ELIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_kernel_tells_corners_apart),
        cmocka_unit_test(decisions_are_sums_of_kernels),
        cmocka_unit_test(one_class_knows_its_own),
        cmocka_unit_test(what_cannot_be_learnt_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

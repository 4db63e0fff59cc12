/* SPDX-License-Identifier: Apache-2.0 */
#include "base/rng.h"
#include "learn/eigen.h"
#include "learn/model_ops.h"
#include "learn/platt.h"
#include "test.h"

#include <cmocka.h>

#include <math.h>
#include <string.h>

static void eigenvalues_are_found(void **state)
{
    /* (3, 1; 1, 3): 4 along (1, 1), 2 along (1, -1). */
    double a[] = {3, 1, 1, 3};
    double value[2];
    double v[4];

    (void)state;
    eigen_symmetric(a, 2, value, v);
    assert_near(value[0], 4, 1e-12);
    assert_near(value[1], 2, 1e-12);
    assert_near(v[0], sqrt(0.5), 1e-12);
    assert_near(v[1], sqrt(0.5), 1e-12);
    assert_near(v[2] * v[3], -0.5, 1e-12);
}

/* A v = lambda v, and vectors are at right angles. */
static void eigenvectors_hold(void **state)
{
    enum { N = 40 };
    static double a[N * N];
    static double copy[N * N];
    static double v[N * N];
    double value[N];
    struct rng rng;

    (void)state;
    rng_init(&rng, 3);
    for (size_t i = 0; i < N; i++)
        for (size_t j = 0; j <= i; j++)
            a[i * N + j] = a[j * N + i] = i % 7 == 0 ? 0 : rng_unit(&rng) - 0.5;
    memcpy(copy, a, sizeof a);
    eigen_symmetric(a, N, value, v);
    for (size_t i = 0; i < N; i++) {
        assert_true(i == 0 || value[i] <= value[i - 1]);
        for (size_t r = 0; r < N; r++) {
            double sum = 0;

            for (size_t c = 0; c < N; c++)
                sum += copy[r * N + c] * v[i * N + c];
            assert_near(sum, value[i] * v[i * N + r], 1e-10);
        }
        for (size_t k = 0; k <= i; k++) {
            double dot = 0;

            for (size_t c = 0; c < N; c++)
                dot += v[i * N + c] * v[k * N + c];
            assert_near(dot, i == k ? 1 : 0, 1e-10);
        }
    }
}

/* Three of four rows at 1 and one of four at 0 are of the class: with so many rows that
 * the targets are nearly 0 and 1, the curve goes through 3/4 and 1/4. */
static void a_curve_meets_the_shares(void **state)
{
    enum { N = 8000 };
    static double score[N];
    static uint8_t is_class[N];
    struct platt p;

    (void)state;
    for (size_t i = 0; i < N; i++) {
        score[i] = 100 + (double)(i % 2) * 0.001;
        is_class[i] = (i / 2) % 4 < (i % 2 == 1 ? 3 : 1);
    }
    platt_fit(&p, score, is_class, N, 0);
    assert_near(p.slope * 100.001 + p.offset, log(3), 2e-3);
    assert_near(p.slope * 100 + p.offset, -log(3), 2e-3);
}

/* Without overlap the curve stays finite and the right way round. */
static void separate_classes_have_a_curve(void **state)
{
    static const double score[] = {-2, -1, 1, 2};
    static const uint8_t is_class[] = {0, 0, 1, 1};
    struct platt p;

    (void)state;
    platt_fit(&p, score, is_class, 4, 1);
    assert_true(p.slope > 0.3 && p.slope < 10);
    assert_near(p.offset, 0, 1e-3);
}

static struct lw_model *fit(const char *kind, const char *options, float *x,
                            size_t n_rows, size_t n_cols, const uint32_t *labels,
                            uint32_t n_classes)
{
    const struct lw_matrix m = {x, n_rows, n_cols};
    struct lw_model *out = NULL;
    struct lw_error err = {.msg = ""};

    if (lw_model_fit(&out, kind,
                     &(struct lw_model_params){.options = options, .seed = 1}, &m,
                     labels, n_classes, NULL, &err) != LW_OK)
        fail_msg("%s", err.msg);
    return out;
}

/* P(not normal) of a row of two. */
static double ask(const struct lw_model *m, float a, float b)
{
    const float row[2] = {a, b};
    float p[4];

    lw_model_predict(m, row, 1, p);
    return 1 - (double)p[0];
}

/* A cloud of 300 around the line y = 2 x, and nothing else. */
static void cloud(float *x)
{
    struct rng rng;

    rng_init(&rng, 5);
    for (size_t i = 0; i < 300; i++) {
        x[2 * i] = (float)(rng_unit(&rng) * 10);
        x[2 * i + 1] = 2 * x[2 * i] + (float)(rng_unit(&rng) - 0.5);
    }
}

static void the_odd_row_stands_out(void **state)
{
    static const char *const kinds[] = {"iforest", "lof", "pca"};
    static const char *const options[] = {"", "scale=standard",
                                          "scale=standard,components=1"};
    static const uint32_t labels[300];
    float x[600];

    (void)state;
    cloud(x);
    for (size_t i = 0; i < 3; i++) {
        struct lw_model *m = fit(kinds[i], options[i], x, 300, 2, labels, 2);
        size_t n_odd = 0;

        for (size_t r = 0; r < 300; r++)
            n_odd += ask(m, x[2 * r], x[2 * r + 1]) > 0.5 ? 1 : 0;
        /* Even odds are at the 95 % quantile. */
        assert_in_range(n_odd, 0, 40);
        assert_true(ask(m, 5, 10) < 0.5);
        assert_true(ask(m, 1, 18) > 0.5);
        assert_true(ask(m, 1, 18) > ask(m, 5, 10));
        lw_model_free(m);
    }
}

/* Other rows say what a score means, and how others share what is not normal. */
static void other_rows_set_the_odds(void **state)
{
    static const char *const kinds[] = {"iforest", "lof", "pca"};
    uint32_t labels[304] = {0};
    float x[608];
    float p[4];

    (void)state;
    cloud(x);
    for (size_t i = 300; i < 304; i++) {
        x[2 * i] = (float)(i - 299);
        x[2 * i + 1] = 25;
        labels[i] = i == 300 ? 1 : 3;
    }
    for (size_t i = 0; i < 3; i++) {
        struct lw_model *m = fit(kinds[i], "", x, 304, 2, labels, 4);

        lw_model_predict(m, x + 600, 1, p);
        assert_true(p[0] < 0.5f);
        assert_near(p[3], 3 * (double)p[1], 1e-6);
        assert_near(p[2], 0, 0);
        lw_model_free(m);
    }
}

/* On a line, exactly: rows 0, 1, 2, 3 and k = 1.  Each row's nearest is 1 away and all
 * reaches are 1, so at 1.5 the factor is 1; at 6 the reach is 3 and the factor 3. */
static void a_factor_by_hand(void **state)
{
    float x[] = {0, 0, 1, 0, 2, 0, 3, 0};
    static const uint32_t labels[4];
    struct lw_model *m = fit("lof", "scale=none,k=1", x, 4, 2, labels, 2);
    double near = log(1 / ask(m, 1.5f, 0) - 1);
    double far = log(1 / ask(m, 6, 0) - 1);
    double farther = log(1 / ask(m, 12, 0) - 1);

    (void)state;
    /* Log odds are linear in the factor's logarithm: 0, log 3, log 9. */
    assert_near(far - near, farther - far, 1e-4);
    assert_true(farther < far);
    lw_model_free(m);
}

static void what_cannot_be_learnt_is_refused(void **state)
{
    float x[] = {0, 1, 2, 3};
    const struct lw_matrix m = {x, 4, 1};
    static const uint32_t none[] = {1, 1, 1, 1};
    static const uint32_t all[] = {0, 0, 0, 0};
    struct lw_model *out = NULL;
    struct lw_error err;

    (void)state;
    assert_int_equal(lw_model_fit(&out, "iforest", NULL, &m, none, 2, NULL, &err),
                     LW_EINVAL);
    assert_int_equal(lw_model_fit(&out, "pca", NULL, &m, none, 2, NULL, &err),
                     LW_EINVAL);
    assert_non_null(strstr(err.msg, "no row of class 0"));
    assert_int_equal(lw_model_fit(&out, "lof",
                                  &(struct lw_model_params){.options = "max-rows=3"},
                                  &m, all, 2, NULL, &err),
                     LW_ELIMIT);
    assert_non_null(strstr(err.msg, "max-rows=4"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(eigenvalues_are_found),
        cmocka_unit_test(eigenvectors_hold),
        cmocka_unit_test(a_curve_meets_the_shares),
        cmocka_unit_test(separate_classes_have_a_curve),
        cmocka_unit_test(the_odd_row_stands_out),
        cmocka_unit_test(other_rows_set_the_odds),
        cmocka_unit_test(a_factor_by_hand),
        cmocka_unit_test(what_cannot_be_learnt_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

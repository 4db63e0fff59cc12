/* SPDX-License-Identifier: Apache-2.0 */
#include "learn/bins.h"
#include "learn/model_ops.h"
#include "sample.h"
#include "test.h"

#include <cmocka.h>

#include <float.h>
#include <math.h>
#include <string.h>

static struct lw_model *fit(const char *kind, const char *options, float *x,
                            size_t n_rows, size_t n_cols, const uint32_t *labels,
                            const float *weights)
{
    const struct lw_matrix m = {x, n_rows, n_cols};
    const struct lw_model_params params = {.options = options, .seed = 3};
    struct lw_model *out = NULL;
    struct lw_error err = {.msg = ""};

    if (lw_model_fit(&out, kind, &params, &m, labels, 2, weights, &err) != LW_OK)
        fail_msg("%s", err.msg);
    return out;
}

/* P(class 1) of a row of one or two columns. */
static float ask(const struct lw_model *m, float a, float b)
{
    const float row[2] = {a, b};
    float p[2];

    lw_model_predict(m, row, 1, p);
    return p[1];
}

static void a_split_lies_in_the_middle(void **state)
{
    float x[] = {1, 2, 3, 4};
    const uint32_t labels[] = {0, 0, 1, 1};
    struct lw_model *m = fit("tree", NULL, x, 4, 1, labels, NULL);

    (void)state;
    assert_near(ask(m, 2.49f, 0), 0, 0);
    assert_near(ask(m, 2.5f, 0), 1, 0);
    assert_near(ask(m, -INFINITY, 0), 0, 0);
    assert_near(ask(m, INFINITY, 0), 1, 0);
    lw_model_free(m);
}

/* Of ten rows three are of class 1: at 5, 9 and 10.  Splits of one level:
 *   below 9:  Gini sum 7^2/8 + 1/8 + 2^2/2 = 8.25, the best; the left side has 1 of 8.
 */
static void a_stump_takes_the_best_split(void **state)
{
    float x[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
    const uint32_t labels[] = {0, 0, 0, 0, 1, 0, 0, 0, 1, 1};
    struct lw_model *m = fit("tree", "depth=1", x, 10, 1, labels, NULL);

    (void)state;
    assert_near(ask(m, 8.4f, 0), 0.125, 1e-7);
    assert_near(ask(m, 8.5f, 0), 1, 0);
    lw_model_free(m);
    /* A leaf of at least three rows: below 5 has the sum 4^2/4 + (3^2 + 3^2)/6 = 7,
     * below 8 only (6^2 + 1)/7 + (1 + 2^2)/3 = 6.95. */
    m = fit("tree", "depth=1,leaf=3", x, 10, 1, labels, NULL);
    assert_near(ask(m, 4.4f, 0), 0, 0);
    assert_near(ask(m, 4.5f, 0), 0.5, 1e-7);
    lw_model_free(m);
    /* Too few rows to be split at all. */
    m = fit("tree", "split=11", x, 10, 1, labels, NULL);
    assert_near(ask(m, 10, 0), 0.3, 1e-7);
    lw_model_free(m);
}

static void weights_count(void **state)
{
    float x[] = {1, 1, 1};
    const uint32_t labels[] = {0, 1, 1};
    const float weights[] = {3, 1, 0};
    struct lw_model *m = fit("tree", NULL, x, 3, 1, labels, weights);

    (void)state;
    assert_near(ask(m, 1, 0), 0.25, 1e-7);
    lw_model_free(m);
    m = fit("tree", "balanced=yes", x, 3, 1, labels, weights);
    assert_near(ask(m, 1, 0), 0.5, 1e-7);
    lw_model_free(m);
}

static void missing_values_have_a_side(void **state)
{
    float with[] = {1, NAN, 2, NAN, 3, NAN};
    const uint32_t by_missing[] = {0, 1, 0, 1, 0, 1};
    float some[] = {1, NAN, 2, 3, 4, NAN};
    const uint32_t like_low[] = {0, 0, 0, 1, 1, 0};
    struct lw_model *m = fit("tree", NULL, with, 6, 1, by_missing, NULL);

    (void)state;
    assert_near(ask(m, NAN, 0), 1, 0);
    assert_near(ask(m, 1, 0), 0, 0);
    assert_near(ask(m, 99, 0), 0, 0);
    lw_model_free(m);
    m = fit("tree", NULL, some, 6, 1, like_low, NULL);
    assert_near(ask(m, NAN, 0), 0, 0);
    assert_near(ask(m, 2.6f, 0), 1, 0);
    lw_model_free(m);
    /* None in training: with the most. */
    m = fit("tree", NULL, (float[]){1, 2, 3, 4}, 4, 1, (uint32_t[]){0, 0, 0, 1}, NULL);
    assert_near(ask(m, NAN, 0), 0, 0);
    lw_model_free(m);
}

/* Exclusive or: no single split helps, and still it is learnt. */
static void useless_splits_lead_on(void **state)
{
    float x[] = {0, 0, 0, 1, 1, 0, 1, 1};
    const uint32_t labels[] = {0, 1, 1, 0};
    struct lw_model *m = fit("tree", "criterion=entropy", x, 4, 2, labels, NULL);

    (void)state;
    assert_near(ask(m, 0, 0), 0, 0);
    assert_near(ask(m, 0, 1), 1, 0);
    assert_near(ask(m, 1, 0), 1, 0);
    assert_near(ask(m, 1, 1), 0, 0);
    lw_model_free(m);
}

/* The reasons add up to the probability. */
static void reasons_add_up(void **state)
{
    struct sample s;
    struct lw_model *m = NULL;
    float p[4];

    (void)state;
    sample_init(&s, 4, 2);
    assert_int_equal(lw_model_fit(&m, "forest",
                                  &(struct lw_model_params){.options = "trees=7"}, &s.x,
                                  s.labels, 4, NULL, NULL),
                     LW_OK);
    for (size_t r = 0; r < 30; r++) {
        const float *row = s.x.x + r * SAMPLE_COLS;

        lw_model_predict(m, row, 1, p);
        for (uint32_t k = 0; k < 4; k++) {
            double phi[SAMPLE_COLS + 1];
            double sum = 0;

            assert_int_equal(lw_model_contributions(m, row, k, phi, NULL), LW_OK);
            for (size_t c = 0; c <= SAMPLE_COLS; c++)
                sum += phi[c];
            assert_near(sum, p[k], 1e-5);
        }
    }
    lw_model_free(m);
    sample_release(&s);
}

static void seeds_differ(void **state)
{
    struct sample s;
    float p[2][SAMPLE_ROWS * 2];

    (void)state;
    sample_init(&s, 2, 2);
    for (uint64_t i = 0; i < 2; i++) {
        struct lw_model *m = NULL;

        assert_int_equal(
            lw_model_fit(&m, "forest",
                         &(struct lw_model_params){.options = "trees=5", .seed = i},
                         &s.x, s.labels, 2, NULL, NULL),
            LW_OK);
        lw_model_predict(m, s.x.x, SAMPLE_ROWS, p[i]);
        lw_model_free(m);
    }
    assert_memory_not_equal(p[0], p[1], sizeof p[0]);
    sample_release(&s);
}

/* 1000 different values: 255 intervals of about as many rows, in order. */
static void intervals_are_even(void **state)
{
    enum { N = 1000 };
    float x[N];
    uint32_t n_in[BINS_MAX] = {0};
    const struct lw_matrix m = {x, N, 1};
    struct bins b;

    (void)state;
    for (size_t i = 0; i < N; i++)
        x[i] = (float)((i * 617) % N);
    x[0] = NAN;
    x[1] = INFINITY;
    x[2] = -INFINITY;
    assert_int_equal(bins_init(&b, &m, NULL), LW_OK);
    assert_int_equal(b.n_bins[0], BINS_MAX);
    assert_int_equal(bins_codes(&b, 0)[0], BINS_MISSING);
    assert_int_equal(bins_codes(&b, 0)[1], BINS_MAX - 1);
    assert_int_equal(bins_codes(&b, 0)[2], 0);
    for (size_t i = 1; i < N; i++)
        n_in[bins_codes(&b, 0)[i]]++;
    for (uint32_t i = 0; i < BINS_MAX; i++)
        assert_in_range(n_in[i], 1, 8);
    for (uint32_t i = 0; i + 1 < BINS_MAX; i++) {
        float t = bins_between(&b, 0, i, i + 1);

        assert_true(t > b.high[i] && t <= b.low[i + 1] && isfinite(t));
    }
    bins_release(&b);
}

static void neighbours_are_told_apart(void **state)
{
    float x[] = {1, 0, FLT_MAX, -FLT_MAX};
    const uint32_t labels[] = {0, 1, 1, 1};
    struct lw_model *m;

    (void)state;
    x[1] = nextafterf(1, 2);
    m = fit("tree", NULL, x, 4, 1, labels, NULL);
    for (size_t i = 0; i < 4; i++)
        assert_near(ask(m, x[i], 0), labels[i], 0);
    lw_model_free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_split_lies_in_the_middle),
        cmocka_unit_test(a_stump_takes_the_best_split),
        cmocka_unit_test(weights_count),
        cmocka_unit_test(missing_values_have_a_side),
        cmocka_unit_test(useless_splits_lead_on),
        cmocka_unit_test(reasons_add_up),
        cmocka_unit_test(seeds_differ),
        cmocka_unit_test(intervals_are_even),
        cmocka_unit_test(neighbours_are_told_apart),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "base/rng.h"
#include "learn/model_ops.h"
#include "learn/neighbours.h"
#include "test.h"

#include <cmocka.h>

#include <math.h>
#include <string.h>

static double plain_distance(const float *a, const float *b, size_t d,
                             enum neighbours_metric metric)
{
    double sum = 0;

    for (size_t c = 0; c < d; c++) {
        double v = (double)a[c] - (double)b[c];

        sum += metric == NEIGHBOURS_EUCLID ? v * v : fabs(v);
    }
    return sum;
}

/* Every row looked at, in double. */
static void check_query(const struct neighbours *n, const struct lw_matrix *x,
                        const float *q, uint32_t except, enum neighbours_metric metric)
{
    struct neighbour found[9];
    uint32_t n_found = neighbours_find(n, q, 9, except, found);
    uint8_t is_found[2000] = {0};

    assert_int_equal(n_found, 9);
    for (uint32_t i = 0; i < n_found; i++) {
        assert_int_not_equal(found[i].row, except);
        is_found[found[i].row] = 1;
        assert_near(
            found[i].distance,
            plain_distance(q, x->x + found[i].row * x->n_cols, x->n_cols, metric),
            1e-3);
        if (i > 0)
            assert_true(found[i].distance > found[i - 1].distance ||
                        (found[i].distance >= found[i - 1].distance &&
                         found[i].row > found[i - 1].row));
    }
    for (uint32_t r = 0; r < x->n_rows; r++)
        if (!is_found[r] && r != except)
            assert_true(plain_distance(q, x->x + r * x->n_cols, x->n_cols, metric) >
                        (double)found[8].distance - 1e-3);
}

static void none_nearer_is_missed(void **state)
{
    static const size_t widths[] = {1, 3, 8, 45};

    (void)state;
    for (size_t w = 0; w < 4; w++) {
        size_t d = widths[w];
        struct lw_matrix x;
        struct rng rng;

        rng_init(&rng, w);
        assert_int_equal(lw_matrix_init(&x, 2000, d, NULL), LW_OK);
        /* Half of the columns have few values, so there are ties and equal rows. */
        for (size_t i = 0; i < x.n_rows * d; i++)
            x.x[i] = i % 2 == 0 ? (float)rng_below(&rng, 3) : (float)rng_unit(&rng) * 4;
        for (int metric = 0; metric < 2; metric++) {
            struct neighbours *n = NULL;
            float q[45];

            assert_int_equal(
                neighbours_new(&n, &x, (enum neighbours_metric)metric, NULL), LW_OK);
            for (uint32_t i = 0; i < 60; i++) {
                for (size_t c = 0; c < d; c++)
                    q[c] = (float)rng_unit(&rng) * 6 - 1;
                check_query(n, &x, q, NEIGHBOURS_NONE, (enum neighbours_metric)metric);
                check_query(n, &x, x.x + i * d, i, (enum neighbours_metric)metric);
            }
            neighbours_free(n);
        }
        lw_matrix_release(&x);
    }
}

static void of_equals_the_first_is_nearer(void **state)
{
    float v[100 * 2] = {0};
    const struct lw_matrix x = {v, 100, 2};
    struct neighbours *n = NULL;
    struct neighbour found[5];

    (void)state;
    assert_int_equal(neighbours_new(&n, &x, NEIGHBOURS_EUCLID, NULL), LW_OK);
    assert_int_equal(neighbours_find(n, v, 5, 1, found), 5);
    assert_int_equal(found[0].row, 0);
    assert_int_equal(found[1].row, 2);
    assert_int_equal(found[4].row, 5);
    neighbours_free(n);
}

/* Values that halve each time would make a tree as deep as there are rows. */
static void lopsided_rows_do_not_go_deep(void **state)
{
    enum { N = 400 };
    float v[N];
    const struct lw_matrix x = {v, N, 1};
    struct neighbours *n = NULL;
    struct neighbour found[2];
    float q = 0.3f;

    (void)state;
    for (size_t i = 0; i < N; i++)
        v[i] = ldexpf(1, -(int)(i / 3));
    assert_int_equal(neighbours_new(&n, &x, NEIGHBOURS_MANHATTAN, NULL), LW_OK);
    assert_int_equal(neighbours_find(n, &q, 2, NEIGHBOURS_NONE, found), 2);
    assert_int_equal(found[0].row, 6);
    assert_int_equal(found[1].row, 7);
    neighbours_free(n);
}

static void ask(const char *options, float at, float *p)
{
    float v[] = {0, 1, 2, 10, 11};
    const struct lw_matrix x = {v, 5, 1};
    static const uint32_t labels[] = {0, 0, 1, 1, 1};
    struct lw_model *m = NULL;

    assert_int_equal(lw_model_fit(&m, "knn",
                                  &(struct lw_model_params){.options = options}, &x,
                                  labels, 2, NULL, NULL),
                     LW_OK);
    lw_model_predict(m, &at, 1, p);
    lw_model_free(m);
}

static void neighbours_vote(void **state)
{
    float p[2];

    (void)state;
    ask("scale=none,k=3", 0.9f, p); /* 1, 0 and 2 */
    assert_near(p[1], 1.0 / 3, 1e-6);
    ask("scale=none,k=3,metric=manhattan", 9, p); /* 10, 11 and 2 */
    assert_near(p[1], 1, 1e-6);
    /* At 4: one over 2, 3 and 4 away. */
    ask("scale=none,k=3,votes=distance", 4, p);
    assert_near(p[1], 0.5 / (0.5 + 1.0 / 3 + 0.25), 1e-6);
    ask("scale=none,k=3,votes=distance", 1, p);
    assert_near(p[0], 1, 1e-6);
    ask("scale=none,k=200", 4, p); /* all there are */
    assert_near(p[1], 0.6, 1e-6);
    ask("scale=none,k=1", NAN, p); /* as the mean, 4.8 */
    assert_near(p[1], 1, 1e-6);
}

static void too_many_rows_are_refused(void **state)
{
    float v[] = {0, 1, 2};
    const struct lw_matrix x = {v, 3, 1};
    static const uint32_t labels[] = {0, 0, 1};
    struct lw_model *m = NULL;
    struct lw_error err;

    (void)state;
    assert_int_equal(lw_model_fit(&m, "knn",
                                  &(struct lw_model_params){.options = "max-rows=2"},
                                  &x, labels, 2, NULL, &err),
                     LW_ELIMIT);
    assert_non_null(strstr(err.msg, "max-rows=3"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(none_nearer_is_missed),
        cmocka_unit_test(of_equals_the_first_is_nearer),
        cmocka_unit_test(lopsided_rows_do_not_go_deep),
        cmocka_unit_test(neighbours_vote),
        cmocka_unit_test(too_many_rows_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

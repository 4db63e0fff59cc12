/* SPDX-License-Identifier: Apache-2.0 */
/* Probabilities that mean what they say. */
#include "base/rng.h"
#include "detect/calibration.h"
#include "test.h"

#include <math.h>
#include <string.h>

enum { N = 20000 };

static struct calibration_point points[N];

/* Scores that are twice as sure of themselves as they may be. */
static void make_points(uint64_t seed)
{
    struct rng rng;

    rng_init(&rng, seed);
    for (uint32_t i = 0; i < N; i++) {
        double score = rng_unit(&rng);

        points[i] =
            (struct calibration_point){.score = (float)score,
                                       .weight = 1,
                                       .idx = i,
                                       .is_class = rng_unit(&rng) < score * score};
    }
}

static void a_curve_rises_and_tells_the_truth(void **state)
{
    struct calibration c = {.n_classes = 2};

    (void)state;
    make_points(1);
    calibration_fit(&c.curve[0], points, N);
    assert_in_range(c.curve[0].n, 8, CALIBRATION_KNOTS_MAX);
    for (uint32_t i = 1; i < c.curve[0].n; i++) {
        assert_true(c.curve[0].score[i] > c.curve[0].score[i - 1]);
        assert_true(c.curve[0].probability[i] >= c.curve[0].probability[i - 1]);
    }
    c.curve[1] = c.curve[0];
    for (int i = 1; i < 10; i++) {
        float p[2] = {(float)i / 10, 1 - (float)i / 10};

        calibration_apply(&c, p);
        assert_true(fabs((double)p[0] - i * i / 100.0) < 0.04);
        assert_true(fabs((double)(p[0] + p[1]) - 1) < 1e-6);
    }
}

/* The order of rows by P(normal) is that of the scores, whatever the curves. */
static void order_stays(void **state)
{
    struct calibration c = {.n_classes = 3};
    float before = -1;

    (void)state;
    make_points(2);
    for (size_t i = 0; i < N; i++)
        points[i].is_class = points[i].score > 0.5f; /* flat but for one step */
    calibration_fit(&c.curve[0], points, N);
    c.curve[1] = c.curve[2] = c.curve[0];
    for (int i = 0; i <= 1000; i++) {
        float p[3] = {(float)i / 1000, (1 - (float)i / 1000) / 3, 0};

        p[2] = 1 - p[0] - p[1];
        calibration_apply(&c, p);
        assert_true(p[0] > before);
        assert_true(p[1] >= 0 && p[2] >= 0 && p[0] + p[1] + p[2] < 1.00001f);
        before = p[0];
    }
}

/* Same points in another order: the same bytes. */
static void order_of_points_does_not_matter(void **state)
{
    static struct calibration_point shuffled[N];
    struct calibration_curve a;
    struct calibration_curve b;

    (void)state;
    make_points(3);
    for (size_t i = 0; i < N; i++)
        points[i].score = roundf(points[i].score * 50) / 50; /* ties */
    for (size_t i = 0; i < N; i++)
        shuffled[i] = points[N - 1 - i];
    memset(&a, 0, sizeof a);
    memset(&b, 0, sizeof b);
    calibration_fit(&a, points, N);
    calibration_fit(&b, shuffled, N);
    assert_memory_equal(&a, &b, sizeof a);
}

static void a_section_comes_back_and_damage_is_refused(void **state)
{
    struct calibration c = {.n_classes = 2};
    struct calibration back = {0};
    struct lw_error err;
    struct buf b;

    (void)state;
    make_points(4);
    calibration_fit(&c.curve[0], points, N);
    c.curve[1] = c.curve[0];
    buf_init(&b);
    calibration_save(&c, &b);
    assert_int_equal(calibration_load(&back, span_of(b.data, b.len), &err), LW_OK);
    assert_memory_equal(&back, &c, sizeof c);
    for (size_t n = 0; n < b.len; n++)
        assert_int_equal(calibration_load(&back, span_of(b.data, n), &err), LW_EFORMAT);
    memset(b.data + 2, 0xff, 4); /* a score that is no number */
    assert_int_equal(calibration_load(&back, span_of(b.data, b.len), &err), LW_EFORMAT);
    buf_release(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_curve_rises_and_tells_the_truth),
        cmocka_unit_test(order_stays),
        cmocka_unit_test(order_of_points_does_not_matter),
        cmocka_unit_test(a_section_comes_back_and_damage_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

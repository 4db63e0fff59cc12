/* SPDX-License-Identifier: Apache-2.0 */
/* Sets of classes keep what they promise on rows like those they were set on. */
#include "base/rng.h"
#include "detect/conformal.h"
#include "test.h"

#include <float.h>
#include <math.h>
#include <string.h>

enum { N = 12000, CLASSES = 3 };

struct row {
    float margins[CLASSES];
    float distance[CLASSES];
    uint32_t truth;
};

static struct row rows[2 * N];

static float normal(struct rng *rng)
{
    return (float)(sqrt(-2 * log(1 - rng_unit(rng))) * cos(6.283185 * rng_unit(rng)));
}

/* Three classes that overlap a little, in score and in distance. */
static void make_rows(void)
{
    struct rng rng;

    rng_init(&rng, 7);
    for (size_t i = 0; i < 2 * N; i++) {
        rows[i].truth = (uint32_t)rng_below(&rng, CLASSES);
        for (uint32_t k = 0; k < CLASSES; k++) {
            float far = k == rows[i].truth ? 0.0f : 4.0f;

            rows[i].margins[k] = normal(&rng) - far;
            rows[i].distance[k] = fabsf(normal(&rng)) + far;
        }
    }
}

static float nearest(const float *distance)
{
    return fminf(fminf(distance[0], distance[1]), distance[2]);
}

static bool first_half(const void *ctx, size_t i, struct conformal_row *out)
{
    (void)ctx;
    *out = (struct conformal_row){rows[i].margins, rows[i].distance, rows[i].truth};
    return true;
}

static void fit(struct conformal *c, const uint64_t *n_rows)
{
    static const uint8_t class_of[2] = {0, 1};
    struct lw_error err;

    memset(c, 0, sizeof *c);
    assert_int_equal(conformal_fit(c, CLASSES, n_rows, first_half, NULL, N, &err),
                     LW_OK);
    assert_int_equal(conformal_groups(c, class_of, 2, &err), LW_OK);
}

static void coverage_is_what_the_level_says(void **state)
{
    const uint64_t many[CLASSES] = {4000, 4000, 4000};
    double n[CLASSES] = {0};
    double missing[CLASSES] = {0};
    double one = 0;
    struct conformal c;

    (void)state;
    fit(&c, many);
    assert_int_equal(c.n_tables, CLASSES);
    c.level = 0.05f;
    for (size_t i = N; i < 2 * N; i++) {
        float p[CLASSES];
        uint32_t set;

        conformal_p_values(&c, rows[i].margins, rows[i].distance, p);
        set = conformal_set(&c, p, nearest(rows[i].distance));
        n[rows[i].truth]++;
        missing[rows[i].truth] += set >> rows[i].truth & 1 ? 0 : 1;
        one += set == UINT32_C(1) << rows[i].truth ? 1 : 0;
    }
    for (uint32_t k = 0; k < CLASSES; k++)
        assert_true(fabs(missing[k] / n[k] - 0.05) < 0.015);
    assert_true(one / N > 0.9);
    conformal_release(&c);
}

static void what_is_like_nothing_has_no_class(void **state)
{
    const uint64_t many[CLASSES] = {4000, 4000, 4000};
    const float sure[CLASSES] = {9, 0, 0};
    const float near[CLASSES] = {0.5f, 5, 5};
    const float nowhere[CLASSES] = {50, 50, FLT_MAX};
    struct conformal c;
    float p[CLASSES];

    (void)state;
    fit(&c, many);
    conformal_p_values(&c, sure, near, p);
    assert_int_equal(conformal_set(&c, p, nearest(near)), 1);
    assert_int_equal(conformal_set(&c, p, 50), 0); /* far from everything */
    conformal_p_values(&c, sure, nowhere, p);
    assert_int_equal(conformal_set(&c, p, 0), 0);
    for (uint32_t k = 0; k < CLASSES; k++)
        assert_true(p[k] > 0 && p[k] <= 1);
    conformal_release(&c);
}

/* A class of few rows shares the tables of the smallest that has enough. */
static void small_classes_share(void **state)
{
    const uint64_t few[CLASSES] = {4000, 4000, 20};
    const uint64_t none[CLASSES] = {4000, 20, 20};
    struct conformal c;

    (void)state;
    fit(&c, few);
    assert_int_equal(c.n_tables, 2);
    assert_int_equal(c.table_of[1], c.table_of[2]);
    conformal_release(&c);
    fit(&c, none);
    assert_int_equal(c.n_tables, 2);
    assert_int_equal(c.table_of[0], 0);
    assert_int_equal(c.table_of[1], c.table_of[2]);
    conformal_release(&c);
}

static void a_section_comes_back_and_damage_is_refused(void **state)
{
    const uint64_t many[CLASSES] = {4000, 4000, 4000};
    struct conformal c;
    struct conformal back = {0};
    struct lw_error err;
    struct buf b;
    float p[2][CLASSES];

    (void)state;
    fit(&c, many);
    buf_init(&b);
    conformal_save(&c, &b);
    assert_int_equal(conformal_load(&back, span_of(b.data, b.len), &err), LW_OK);
    for (size_t i = 0; i < 100; i++) {
        conformal_p_values(&c, rows[i].margins, rows[i].distance, p[0]);
        conformal_p_values(&back, rows[i].margins, rows[i].distance, p[1]);
        assert_memory_equal(p[0], p[1], sizeof p[0]);
    }
    conformal_release(&back);
    for (size_t n = 0; n < b.len; n += 97)
        assert_int_equal(conformal_load(&back, span_of(b.data, n), &err), LW_EFORMAT);
    b.data[9] = 9; /* a table that is not there */
    assert_int_equal(conformal_load(&back, span_of(b.data, b.len), &err), LW_EFORMAT);
    buf_release(&b);
    conformal_release(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(coverage_is_what_the_level_says),
        cmocka_unit_test(what_is_like_nothing_has_no_class),
        cmocka_unit_test(small_classes_share),
        cmocka_unit_test(a_section_comes_back_and_damage_is_refused),
    };

    make_rows();
    return cmocka_run_group_tests(tests, NULL, NULL);
}

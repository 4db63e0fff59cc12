/* SPDX-License-Identifier: Apache-2.0 */
/* Forests of random shapes: every kernel gives the bits of the plain one. */
#include "base/mem.h"
#include "base/rng.h"
#include "learn/forest_kernel.h"
#include "test.h"

#include <float.h>
#include <math.h>
#include <string.h>

enum { ROWS = 327, COLS_MAX = 64, GROUPS_MAX = 7 }; /* five blocks and a bit, or one */

struct shape {
    uint32_t n_cols;
    uint32_t n_classes;
    uint32_t n_rounds; /* trees for each group */
    uint32_t depth;
    uint32_t n_thresholds; /* different ones of a column, about */
    double leaf_share;     /* of nodes that could still be split */
};

/* Some of the values are thresholds, and some are the oddest there are. */
static float draw_threshold(struct rng *r, const struct shape *s)
{
    static const float odd[] = {0.0f,         -0.0f,   FLT_MIN / 4,
                                -FLT_MIN / 4, FLT_MAX, -FLT_MAX};

    if (rng_below(r, 50) == 0)
        return odd[rng_below(r, sizeof odd / sizeof odd[0])];
    return (float)rng_below(r, s->n_thresholds) / 8 - 3;
}

static float draw_value(struct rng *r, const struct shape *s)
{
    switch (rng_below(r, 12)) {
    case 0:
        return NAN;
    case 1:
        return rng_below(r, 2) ? INFINITY : -INFINITY;
    case 2:
        return (float)(rng_unit(r) * 2 * s->n_thresholds / 8 - 3);
    default:
        return draw_threshold(r, s);
    }
}

static void add_subtree(struct forest *f, struct rng *r, const struct shape *s,
                        uint32_t depth)
{
    struct forest_node n = {.feature = FOREST_LEAF, .cover = 1};

    if (depth == s->depth || rng_unit(r) < s->leaf_share) {
        n.value = (float)rng_unit(r) - 0.5f;
        assert_int_equal(forest_add(f, &n, NULL), LW_OK);
        return;
    }
    n.feature = (uint16_t)rng_below(r, s->n_cols);
    n.value = draw_threshold(r, s);
    n.default_left = rng_below(r, 2) == 0;
    assert_int_equal(forest_add(f, &n, NULL), LW_OK);
    add_subtree(f, r, s, depth + 1);
    add_subtree(f, r, s, depth + 1);
}

/* Returns how many kernels took part. */
static unsigned check_shape(const struct shape *s, uint64_t seed)
{
    static float rows[ROWS * COLS_MAX];
    static float should[ROWS * GROUPS_MAX];
    static float is[ROWS * GROUPS_MAX];
    struct forest *f = NULL;
    struct rng r;
    unsigned n = 0;

    rng_init(&r, seed);
    assert_int_equal(forest_new(&f, s->n_cols, s->n_classes, 0.25f, NULL), LW_OK);
    for (uint32_t t = 0; t < s->n_rounds * f->n_groups; t++)
        add_subtree(f, &r, s, 0);
    assert_int_equal(forest_finish(f, NULL), LW_OK);
    for (size_t i = 0; i < (size_t)ROWS * s->n_cols; i++)
        rows[i] = draw_value(&r, s);
    forest_margins(f, rows, ROWS, is); /* as chosen */
    assert_int_equal(forest_use(f, &forest_kernel_walk, NULL), LW_OK);
    forest_margins(f, rows, ROWS, should);
    assert_memory_equal(is, should, ROWS * f->n_groups * sizeof *is);
    for (size_t k = 0; forest_kernel_at(k) != NULL; k++) {
        if (forest_use(f, forest_kernel_at(k), NULL) != LW_OK)
            continue;
        memset(is, 0xff, sizeof is);
        forest_margins(f, rows, ROWS, is);
        assert_memory_equal(is, should, ROWS * f->n_groups * sizeof *is);
        n++;
    }
    forest_free(f);
    return n;
}

static void kernels_agree_on_any_shape(void **state)
{
    static const struct shape shapes[] = {
        {41, 5, 20, 6, 40, 0.1},  {1, 2, 1, 0, 2, 1}, /* one leaf */
        {3, 2, 10, 6, 2, 0},                          /* full trees, all of 64 leaves */
        {2, 3, 100, 6, 2000, 0}, /* a column has several slices of thresholds */
        {64, 7, 5, 5, 300, 0.3},  {41, 5, 150, 3, 400, 0.1}, /* small trees */
        {3, 2, 900, 3, 40, 0.1},  /* of which many split alike */
        {5, 2, 2000, 2, 17, 0.2}, /* more trees than a block of the row kernel */
    };

    (void)state;
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++)
        for (uint64_t seed = 1; seed <= 5; seed++)
            assert_true(check_shape(&shapes[i], seed) >= 3);
}

static void larger_trees_are_walked(void **state)
{
    static const struct shape deep = {6, 3, 4, 9, 50, 0};

    (void)state;
    assert_int_equal(check_shape(&deep, 1), 1);
}

/* More slices of thresholds than a block has ranks for. */
static void too_many_thresholds_are_left_to_others(void **state)
{
    static const struct shape wide = {40, 2, 4500, 6, 8000, 0};

    (void)state;
    assert_int_equal(check_shape(&wide, 1), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kernels_agree_on_any_shape),
        cmocka_unit_test(larger_trees_are_walked),
        cmocka_unit_test(too_many_thresholds_are_left_to_others),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

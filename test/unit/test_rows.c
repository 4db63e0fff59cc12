/* SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"
#include "base/rng.h"
#include "data/rows.h"
#include "test.h"

#include <cmocka.h>

#include <math.h>
#include <string.h>

/* Rows 0, 2 and 5 are alike, 1 and 4; the label of 5 differs. */
static float cells[] = {1, 2, 3, NAN, 1, 2, 0, 0, 3, NAN, 1, 2};
static const struct lw_matrix table = {cells, 6, 2};
static const uint32_t labels[] = {0, 0, 0, 0, 0, 1};

static void kinds_are_values_and_label(void **state)
{
    static const uint32_t with_labels[] = {0, 1, 0, 3, 1, 5};
    static const uint32_t without[] = {0, 1, 0, 3, 1, 0};
    uint32_t first[6];
    size_t n_distinct;
    struct lw_error err;

    (void)state;
    assert_int_equal(rows_find_first(&table, labels, first, &n_distinct, &err), LW_OK);
    assert_int_equal(n_distinct, 4);
    assert_memory_equal(first, with_labels, sizeof first);
    assert_int_equal(rows_find_first(&table, NULL, first, &n_distinct, &err), LW_OK);
    assert_int_equal(n_distinct, 3);
    assert_memory_equal(first, without, sizeof first);
}

static void repeated_rows_are_dropped_and_counted(void **state)
{
    static const uint32_t kept[] = {0, 1, 3};
    static const uint32_t counted[] = {3, 2, 1};
    uint32_t first[6];
    uint32_t keep[6];
    uint32_t count[6];
    size_t n_distinct;
    struct lw_error err;

    (void)state;
    assert_int_equal(rows_find_first(&table, NULL, first, &n_distinct, &err), LW_OK);
    rows_count_kinds(first, 6, keep, count);
    assert_memory_equal(keep, kept, sizeof kept);
    assert_memory_equal(count, counted, sizeof counted);
}

/* Compared with looking at every pair. */
static void random_rows_are_found_as_by_pairs(void **state)
{
    enum { N = 300, COLS = 3 };
    static float x[N * COLS];
    static uint32_t label[N];
    static uint32_t first[N];
    static uint32_t keep[N];
    static uint32_t count[N];
    struct lw_matrix m = {x, N, COLS};
    struct rng rng;
    struct lw_error err;
    size_t n_distinct;
    size_t total = 0;

    (void)state;
    rng_init(&rng, 9);
    for (size_t i = 0; i < N; i++) {
        label[i] = (uint32_t)rng_below(&rng, 2);
        for (size_t c = 0; c < COLS; c++)
            x[i * COLS + c] = (float)rng_below(&rng, 4);
    }
    assert_int_equal(rows_find_first(&m, label, first, &n_distinct, &err), LW_OK);
    for (size_t i = 0; i < N; i++) {
        size_t k = 0;

        while (label[k] != label[i] ||
               memcmp(x + k * COLS, x + i * COLS, COLS * sizeof *x) != 0)
            k++;
        assert_int_equal(first[i], k);
    }
    rows_count_kinds(first, N, keep, count);
    for (size_t i = 0; i < n_distinct; i++)
        total += count[i];
    assert_int_equal(total, N);
}

static void limits_and_memory_are_said(void **state)
{
    struct lw_matrix huge = {cells, UINT32_MAX, 2};
    uint32_t first[6];
    size_t n_distinct;
    struct lw_error err;

    (void)state;
    assert_int_equal(rows_find_first(&huge, NULL, first, &n_distinct, &err), LW_ELIMIT);
    mem_fail_at(1, 0);
    assert_int_equal(rows_find_first(&table, NULL, first, &n_distinct, &err),
                     LW_ENOMEM);
    mem_fail_at(0, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kinds_are_values_and_label),
        cmocka_unit_test(repeated_rows_are_dropped_and_counted),
        cmocka_unit_test(random_rows_are_found_as_by_pairs),
        cmocka_unit_test(limits_and_memory_are_said),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

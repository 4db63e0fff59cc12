/* SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"
#include "test.h"

#include <lapwing/split.h>

#include <cmocka.h>

#include <math.h>
#include <stdbool.h>
#include <string.h>

static size_t count_part(const struct lw_split *s, size_t fold, enum lw_part part)
{
    size_t n = 0;

    for (size_t i = 0; i < s->n_rows; i++)
        n += s->part[fold * s->n_rows + i] == part;
    return n;
}

static void random_split_takes_its_share_and_repeats(void **state)
{
    struct lw_split a;
    struct lw_split b;
    struct lw_split other;
    struct lw_error err;

    (void)state;
    assert_int_equal(lw_split_random(&a, 1000, 0.3, 7, &err), LW_OK);
    assert_int_equal(lw_split_random(&b, 1000, 0.3, 7, &err), LW_OK);
    assert_int_equal(lw_split_random(&other, 1000, 0.3, 8, &err), LW_OK);
    assert_int_equal(a.n_folds, 1);
    assert_int_equal(count_part(&a, 0, LW_PART_TEST), 300);
    assert_int_equal(count_part(&a, 0, LW_PART_TRAIN), 700);
    assert_memory_equal(a.part, b.part, 1000);
    assert_true(memcmp(a.part, other.part, 1000) != 0);
    lw_split_release(&a);
    lw_split_release(&b);
    lw_split_release(&other);
    assert_null(a.part);
}

static void stratified_split_takes_its_share_of_every_label(void **state)
{
    /* 700 of label 0, 250 of 5, 40 of 2, 10 of 9; the order is mixed. */
    uint32_t labels[1000];
    struct lw_split s;
    struct lw_error err;
    size_t n_test[10] = {0};

    (void)state;
    for (size_t i = 0; i < 1000; i++) {
        size_t k = i * 7 % 1000;

        labels[i] = k < 700 ? 0 : k < 950 ? 5 : k < 990 ? 2 : 9;
    }
    assert_int_equal(lw_split_stratified(&s, labels, 1000, 0.2, 1, &err), LW_OK);
    for (size_t i = 0; i < 1000; i++)
        n_test[labels[i]] += s.part[i] == LW_PART_TEST;
    assert_int_equal(n_test[0], 140);
    assert_int_equal(n_test[5], 50);
    assert_int_equal(n_test[2], 8);
    assert_int_equal(n_test[9], 2);
    lw_split_release(&s);
}

/* Classes as in KDD'99: 6 DoS, 4 probe, 8 R2L, 4 U2R types after normal.  Type t has
 * t * t rows (so type 1 has one), normal 4,000; they are mixed. */
enum { N_TYPES = 23, N_NORMAL = 4000, N_FOLDS = 4, ROWS_MAX = 9000 };
static int class_of[N_TYPES];
static uint32_t types[ROWS_MAX];
static size_t n_rows;

static void make_rows(void)
{
    static const size_t upto[] = {1, 7, 11, 19, 23}; /* first type past each class */
    size_t left[N_TYPES];
    size_t at = 0;
    int c = 0;

    n_rows = N_NORMAL;
    left[0] = N_NORMAL;
    for (size_t t = 0; t < N_TYPES; t++) {
        c += t == upto[c];
        class_of[t] = c;
        left[t] = t == 0 ? N_NORMAL : t * t;
        n_rows += t * t;
    }
    assert_true(n_rows <= ROWS_MAX);
    for (size_t t = 0; at < n_rows; t = (t + 1) % N_TYPES) {
        if (left[t] == 0)
            continue;
        left[t]--;
        types[at++] = (uint32_t)t;
    }
}

static struct lw_split leave_out(uint64_t seed)
{
    struct lw_split s;
    struct lw_error err;

    make_rows();
    assert_int_equal(lw_split_leave_attack_out(&s, types, n_rows, class_of, N_TYPES,
                                               N_FOLDS, seed, &err),
                     LW_OK);
    assert_int_equal(s.n_folds, N_FOLDS);
    assert_int_equal(s.n_rows, n_rows);
    return s;
}

static void whole_types_are_held_out_once_each(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 20; seed++) {
        struct lw_split s = leave_out(seed);
        size_t held_out[N_TYPES] = {0};

        for (size_t f = 0; f < N_FOLDS; f++) {
            bool unseen[N_TYPES] = {false};
            size_t per_class[5] = {0};

            for (size_t i = 0; i < n_rows; i++)
                if (s.part[f * n_rows + i] == LW_PART_TEST_UNSEEN)
                    unseen[types[i]] = true;
            for (size_t i = 0; i < n_rows; i++)
                assert_int_equal(s.part[f * n_rows + i] == LW_PART_TEST_UNSEEN,
                                 unseen[types[i]]);
            for (size_t t = 0; t < N_TYPES; t++) {
                held_out[t] += unseen[t];
                per_class[class_of[t]] += unseen[t];
            }
            assert_int_equal(per_class[0], 0);
            assert_in_range(per_class[1], 1, 2);
            assert_int_equal(per_class[2], 1);
            assert_int_equal(per_class[3], 2);
            assert_int_equal(per_class[4], 1);
        }
        for (size_t t = 0; t < N_TYPES; t++)
            assert_int_equal(held_out[t], t != 0);
        lw_split_release(&s);
    }
}

/* A known type of which no row is left to learn from would be judged as known and be
 * none; rare types have two rows, or one. */
static void a_known_type_keeps_rows_to_learn_from(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 200; seed++) {
        struct lw_split s = leave_out(seed);

        for (size_t f = 0; f < N_FOLDS; f++) {
            size_t n_train[N_TYPES] = {0};
            size_t n_known[N_TYPES] = {0};

            for (size_t i = 0; i < n_rows; i++) {
                uint8_t part = s.part[f * n_rows + i];

                n_train[types[i]] += part == LW_PART_TRAIN;
                n_known[types[i]] += part == LW_PART_TEST;
            }
            for (size_t t = 0; t < N_TYPES; t++) {
                assert_true(n_known[t] == 0 || n_train[t] > 0);
                if (t > 0 && n_train[t] > 0)
                    assert_in_range(n_known[t], t * t / N_FOLDS,
                                    (t * t + N_FOLDS - 1) / N_FOLDS);
            }
        }
        lw_split_release(&s);
    }
}

static void normal_rows_are_held_out_in_contiguous_quarters(void **state)
{
    struct lw_split s = leave_out(3);

    (void)state;
    for (size_t f = 0; f < N_FOLDS; f++) {
        size_t k = 0;

        for (size_t i = 0; i < n_rows; i++) {
            if (types[i] != 0)
                continue;
            assert_int_equal(s.part[f * n_rows + i], k / (N_NORMAL / N_FOLDS) == f
                                                         ? LW_PART_TEST
                                                         : LW_PART_TRAIN);
            k++;
        }
    }
    lw_split_release(&s);
}

static void leaving_out_follows_from_labels_and_seed(void **state)
{
    struct lw_split a = leave_out(11);
    struct lw_split b = leave_out(11);
    struct lw_split other = leave_out(12);

    (void)state;
    assert_memory_equal(a.part, b.part, n_rows * N_FOLDS);
    assert_true(memcmp(a.part, other.part, n_rows * N_FOLDS) != 0);
    lw_split_release(&a);
    lw_split_release(&b);
    lw_split_release(&other);
}

static void senseless_splits_are_refused(void **state)
{
    static const uint32_t few[] = {0, 1, 2};
    static const int classes[] = {0, 1, -1};
    static const int two[] = {0, 1};
    struct lw_split s;
    struct lw_error err;

    (void)state;
    assert_int_equal(lw_split_random(&s, 10, 0, 1, &err), LW_EINVAL);
    assert_int_equal(lw_split_random(&s, 10, 1, 1, &err), LW_EINVAL);
    assert_int_equal(lw_split_random(&s, 0, 0.5, 1, &err), LW_EINVAL);
    assert_int_equal(lw_split_random(&s, (size_t)1 << 32, 0.5, 1, &err), LW_EINVAL);
    assert_int_equal(lw_split_leave_attack_out(&s, few, 3, classes, 3, 4, 1, &err),
                     LW_EINVAL);
    assert_non_null(strstr(err.msg, "type 2 has no class"));
    assert_int_equal(lw_split_leave_attack_out(&s, few, 3, two, 2, 4, 1, &err),
                     LW_EINVAL);
    assert_non_null(strstr(err.msg, "row 2 has type 2 of 2"));
    assert_int_equal(lw_split_leave_attack_out(&s, few, 2, two, 2, 1, 1, &err),
                     LW_EINVAL);
    assert_int_equal(lw_split_leave_attack_out(&s, few, 2, two, 2, 1001, 1, &err),
                     LW_EINVAL);
}

static void the_last_rows_in_time_are_tested(void **state)
{
    static const float time[] = {5, 1, 9, 1, 7, 9, 0, 2, 3, 4};
    static const float gap[] = {1, NAN};
    struct lw_split s;
    struct lw_error err;

    (void)state;
    assert_int_equal(lw_split_ordered(&s, time, 10, 0.3, &err), LW_OK);
    for (size_t i = 0; i < 10; i++)
        assert_int_equal(s.part[i], time[i] > 6 ? LW_PART_TEST : LW_PART_TRAIN);
    lw_split_release(&s);
    /* Of rows of the same time the later in the file. */
    assert_int_equal(lw_split_ordered(&s, time, 10, 0.1, &err), LW_OK);
    assert_int_equal(s.part[2], LW_PART_TRAIN);
    assert_int_equal(s.part[5], LW_PART_TEST);
    lw_split_release(&s);
    assert_int_equal(lw_split_ordered(&s, NULL, 10, 0.2, &err), LW_OK);
    for (size_t i = 0; i < 10; i++)
        assert_int_equal(s.part[i], i >= 8 ? LW_PART_TEST : LW_PART_TRAIN);
    lw_split_release(&s);
    assert_int_equal(lw_split_ordered(&s, gap, 2, 0.5, &err), LW_EINVAL);
    assert_non_null(strstr(err.msg, "row 1 has no time"));
}

static void groups_are_left_out_whole(void **state)
{
    /* Group g < 7 has g rows, so group 0 has none and needs no fold. */
    static const size_t folds[] = {0, 2, 3, 6};
    uint32_t groups[21];
    size_t n = 0;
    struct lw_split s;
    struct lw_error err;

    (void)state;
    for (uint32_t g = 0; g < 7; g++)
        for (uint32_t i = 0; i < g; i++)
            groups[n++] = g;
    for (size_t k = 0; k < 4; k++) {
        size_t tested[21] = {0};

        assert_int_equal(lw_split_grouped(&s, groups, n, 7, folds[k], k, &err), LW_OK);
        assert_int_equal(s.n_folds, folds[k] == 0 ? 6 : folds[k]);
        for (size_t f = 0; f < s.n_folds; f++) {
            const uint8_t *part = s.part + f * n;

            assert_true(count_part(&s, f, LW_PART_TEST_UNSEEN) > 0);
            assert_int_equal(count_part(&s, f, LW_PART_TEST), 0);
            for (size_t i = 0; i < n; i++)
                tested[i] += part[i] != LW_PART_TRAIN;
            for (size_t i = 1; i < n; i++)
                if (groups[i] == groups[i - 1])
                    assert_int_equal(part[i], part[i - 1]);
        }
        for (size_t i = 0; i < n; i++)
            assert_int_equal(tested[i], 1);
        lw_split_release(&s);
    }
    assert_int_equal(lw_split_grouped(&s, groups, n, 7, 7, 1, &err), LW_EINVAL);
    assert_int_equal(lw_split_grouped(&s, groups, n, 6, 2, 1, &err), LW_EINVAL);
    assert_int_equal(lw_split_grouped(&s, groups, 1, 7, 0, 1, &err), LW_EINVAL);
    assert_int_equal(lw_split_grouped(&s, groups, n, 7, 1, 1, &err), LW_EINVAL);
}

static void memory_may_run_out_anywhere(void **state)
{
    static const uint32_t labels[] = {0, 1, 2, 0, 1, 2};
    static const int classes[] = {0, 1, 2};
    struct lw_split s = {0};
    struct lw_error err;

    (void)state;
    for (uint64_t n = 1; s.part == NULL; n++) {
        mem_fail_at(n, 0);
        if (lw_split_stratified(&s, labels, 6, 0.5, 1, &err) != LW_OK) {
            assert_int_equal(err.code, LW_ENOMEM);
            assert_null(s.part);
        }
    }
    lw_split_release(&s);
    for (uint64_t n = 1; s.part == NULL; n++) {
        mem_fail_at(n, 0);
        if (lw_split_leave_attack_out(&s, labels, 6, classes, 3, 2, 1, &err) != LW_OK) {
            assert_int_equal(err.code, LW_ENOMEM);
            assert_null(s.part);
        }
    }
    lw_split_release(&s);
    for (uint64_t n = 1; s.part == NULL; n++) {
        mem_fail_at(n, 0);
        if (lw_split_ordered(&s, NULL, 6, 0.5, &err) != LW_OK)
            assert_int_equal(err.code, LW_ENOMEM);
    }
    lw_split_release(&s);
    for (uint64_t n = 1; s.part == NULL; n++) {
        mem_fail_at(n, 0);
        if (lw_split_grouped(&s, labels, 6, 3, 0, 1, &err) != LW_OK)
            assert_int_equal(err.code, LW_ENOMEM);
    }
    mem_fail_at(0, 0);
    lw_split_release(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_split_takes_its_share_and_repeats),
        cmocka_unit_test(stratified_split_takes_its_share_of_every_label),
        cmocka_unit_test(whole_types_are_held_out_once_each),
        cmocka_unit_test(a_known_type_keeps_rows_to_learn_from),
        cmocka_unit_test(normal_rows_are_held_out_in_contiguous_quarters),
        cmocka_unit_test(leaving_out_follows_from_labels_and_seed),
        cmocka_unit_test(the_last_rows_in_time_are_tested),
        cmocka_unit_test(groups_are_left_out_whole),
        cmocka_unit_test(senseless_splits_are_refused),
        cmocka_unit_test(memory_may_run_out_anywhere),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

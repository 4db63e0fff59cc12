/* SPDX-License-Identifier: Apache-2.0 */
#include "base/lru_table.h"
#include "base/mem.h"
#include "base/rng.h"
#include "test.h"

#include <stdio.h>
#include <string.h>

/* Ask for a number's entry; was it remembered?  The entry counts how often. */
static bool ask(struct lru_table *t, uint64_t key)
{
    bool is_new;
    uint64_t *entry = lru_table_get(t, &key, &is_new);

    assert_non_null(entry);
    if (is_new)
        assert_int_equal(*entry, 0);
    *entry += 1;
    return !is_new;
}

static struct lru_table *table_of(uint32_t max)
{
    struct lru_table *t = lru_table_new(sizeof(uint64_t), sizeof(uint64_t), max, 12345);

    assert_non_null(t);
    return t;
}

static void remembers_as_many_as_it_may(void **state)
{
    struct lru_table *t = table_of(3000);
    uint64_t key = 7;

    (void)state;
    for (uint64_t i = 0; i < 3000; i++)
        assert_false(ask(t, i));
    for (uint64_t i = 0; i < 3000; i++)
        assert_true(ask(t, i));
    assert_int_equal(lru_table_count(t), 3000);
    assert_int_equal(lru_table_forgotten(t), 0);
    assert_int_equal(*(uint64_t *)lru_table_find(t, &key), 2);
    key = 3000;
    assert_null(lru_table_find(t, &key));
    lru_table_free(t);
}

/* Of ten, 0 to 3 were asked for twice; the trial list is then 9 ... 4. */
static void forgets_the_oldest_on_trial(void **state)
{
    struct lru_table *t = table_of(10);

    (void)state;
    for (uint64_t i = 0; i < 10; i++)
        (void)ask(t, i);
    for (uint64_t i = 0; i < 4; i++)
        (void)ask(t, i);
    assert_false(ask(t, 100)); /* 4 goes */
    assert_false(ask(t, 4));   /* 5 goes */
    assert_true(ask(t, 6));
    assert_true(ask(t, 100));
    assert_false(ask(t, 5));
    assert_int_equal(lru_table_count(t), 10);
    assert_int_equal(lru_table_forgotten(t), 3);
    lru_table_free(t);
}

/* A million keys that come once push out each other, and nobody who came twice. */
static void a_scan_pushes_out_only_itself(void **state)
{
    struct lru_table *t = table_of(1000);

    (void)state;
    for (int twice = 0; twice < 2; twice++)
        for (uint64_t i = 0; i < 500; i++)
            (void)ask(t, i);
    for (uint64_t i = 0; i < 1000000; i++)
        (void)ask(t, 1000 + i);
    for (uint64_t i = 0; i < 500; i++)
        assert_true(ask(t, i));
    assert_int_equal(lru_table_count(t), 1000);
    lru_table_free(t);
}

/* Of 10 at most 8 are kept: when all have come twice, 0 and 1 are on trial again, and
 * the next new key takes the place of 0. */
static void the_kept_are_at_most_four_fifths(void **state)
{
    struct lru_table *t = table_of(10);

    (void)state;
    for (int twice = 0; twice < 2; twice++)
        for (uint64_t i = 0; i < 10; i++)
            (void)ask(t, i);
    assert_false(ask(t, 10));
    assert_false(ask(t, 0)); /* takes the place of 1 */
    for (uint64_t i = 2; i < 10; i++)
        assert_true(ask(t, i));
    lru_table_free(t);
}

static void a_table_of_one_has_the_last(void **state)
{
    struct lru_table *t = table_of(1);

    (void)state;
    assert_false(ask(t, 1));
    assert_true(ask(t, 1));
    assert_false(ask(t, 2));
    assert_false(ask(t, 1));
    lru_table_free(t);
}

/* The seed is of the process; what is forgotten must not show it. */
static void the_seed_does_not_show(void **state)
{
    struct lru_table *t[2];
    uint64_t x = 1;

    (void)state;
    t[0] = lru_table_new(sizeof x, sizeof x, 100, 1);
    t[1] = lru_table_new(sizeof x, sizeof x, 100, UINT64_MAX);
    assert_non_null(t[0]);
    assert_non_null(t[1]);
    for (int i = 0; i < 100000; i++) {
        x = x * 6364136223846793005U + 1442695040888963407U;
        assert_int_equal(ask(t[0], x >> 56), ask(t[1], x >> 56));
    }
    assert_int_equal(lru_table_forgotten(t[0]), lru_table_forgotten(t[1]));
    lru_table_free(t[0]);
    lru_table_free(t[1]);
}

enum { LIST_MAX = 50 };

/* Keys from the oldest to the newest. */
struct list {
    uint64_t keys[LIST_MAX];
    size_t n;
};

static bool take(struct list *l, uint64_t key)
{
    for (size_t i = 0; i < l->n; i++) {
        if (l->keys[i] != key)
            continue;
        l->n--;
        memmove(&l->keys[i], &l->keys[i + 1], (l->n - i) * sizeof l->keys[0]);
        return true;
    }
    return false;
}

static void append(struct list *l, uint64_t key)
{
    assert_true(l->n < LIST_MAX);
    l->keys[l->n++] = key;
}

/* What ask() is to answer. */
static bool ask_lists(struct list *trial, struct list *kept, uint64_t key)
{
    if (!take(trial, key) && !take(kept, key)) {
        struct list *oldest = trial->n > 0 ? trial : kept;

        if (trial->n + kept->n == LIST_MAX)
            (void)take(oldest, oldest->keys[0]);
        append(trial, key);
        return false;
    }
    append(kept, key);
    if (kept->n > LIST_MAX - LIST_MAX / 5) {
        key = kept->keys[0];
        (void)take(kept, key);
        append(trial, key);
    }
    return true;
}

/* Few keys that come often, many that seldom do, for longer than the queues are; the
 * table, and two lists that are looked through from one end to the other. */
static void it_answers_as_two_lists_do(void **state)
{
    struct lru_table *t = table_of(LIST_MAX);
    struct list trial = {.n = 0};
    struct list kept = {.n = 0};
    struct rng rng;

    (void)state;
    rng_init(&rng, 1);
    for (int i = 0; i < 100000; i++) {
        uint64_t key = rng_below(&rng, 1 + rng_below(&rng, 150));

        assert_int_equal(ask(t, key), ask_lists(&trial, &kept, key));
    }
    assert_int_equal(lru_table_count(t), trial.n + kept.n);
    lru_table_free(t);
}

static void without_memory_it_stays_at_its_size(void **state)
{
    struct lru_table *t = table_of(3000);
    uint64_t key = 5000;
    bool is_new;

    (void)state;
    mem_fail_at(1, 1);
    assert_null(lru_table_get(t, &key, &is_new));
    mem_fail_at(0, 0);
    for (uint64_t i = 0; i < 1024; i++)
        (void)ask(t, i);
    mem_fail_at(1, 1);
    assert_false(ask(t, 5000));
    mem_fail_at(0, 0);
    assert_int_equal(lru_table_count(t), 1024);
    assert_int_equal(lru_table_forgotten(t), 1);
    lru_table_free(t);
    for (uint64_t i = 1; i <= 4; i++) {
        mem_fail_at(i, 0);
        assert_null(lru_table_new(8, 8, 10, 0));
        mem_fail_at(0, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(remembers_as_many_as_it_may),
        cmocka_unit_test(forgets_the_oldest_on_trial),
        cmocka_unit_test(a_scan_pushes_out_only_itself),
        cmocka_unit_test(the_kept_are_at_most_four_fifths),
        cmocka_unit_test(a_table_of_one_has_the_last),
        cmocka_unit_test(the_seed_does_not_show),
        cmocka_unit_test(it_answers_as_two_lists_do),
        cmocka_unit_test(without_memory_it_stays_at_its_size),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"
#include "flow/slab.h"
#include "test.h"

#include <string.h>

enum { MAX = 3 * SLAB_CHUNK + 5, BYTES = 13 };

static void fill(const struct slab *s, uint32_t index)
{
    memset(slab_at(s, index), (int)(index & 0xff), BYTES);
}

static void check(const struct slab *s, uint32_t index)
{
    const uint8_t *p = slab_at(s, index);

    for (size_t i = 0; i < BYTES; i++)
        assert_int_equal(p[i], index & 0xff);
}

static void holds_so_many_and_no_more(void **state)
{
    struct slab s;
    uint64_t asked;

    (void)state;
    assert_true(slab_init(&s, MAX, BYTES));
    for (unsigned round = 0; round < 2; round++) {
        asked = mem_count();
        for (uint32_t i = 0; i < MAX; i++)
            fill(&s, slab_take(&s));
        assert_int_equal(slab_take(&s), SLAB_NONE);
        assert_int_equal(s.n_used, MAX);
        for (uint32_t i = 0; i < MAX; i++)
            check(&s, i);
        for (uint32_t i = 0; i < MAX; i++)
            slab_give(&s, (i * 7) % MAX);
        assert_int_equal(s.n_used, 0);
    }
    /* Once grown it allocates nothing. */
    assert_int_equal(mem_count(), asked);
    slab_release(&s);
}

static void without_memory_it_is_full(void **state)
{
    struct slab s;
    uint32_t first;

    (void)state;
    mem_fail_at(1, 0);
    assert_false(slab_init(&s, MAX, BYTES));
    slab_release(&s);
    assert_true(slab_init(&s, MAX, BYTES));
    mem_fail_at(1, 0);
    assert_int_equal(slab_take(&s), SLAB_NONE);
    mem_fail_at(0, 0);
    first = slab_take(&s);
    assert_int_equal(first, 0);
    slab_give(&s, first);
    assert_int_equal(slab_take(&s), 0);
    slab_release(&s);
}

static void the_last_chunk_is_as_long_as_the_limit_needs(void **state)
{
    struct slab s;

    (void)state;
    assert_true(slab_init(&s, 1, 1));
    assert_int_equal(slab_take(&s), 0);
    *(uint8_t *)slab_at(&s, 0) = 1;
    assert_int_equal(slab_take(&s), SLAB_NONE);
    slab_release(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(holds_so_many_and_no_more),
        cmocka_unit_test(without_memory_it_is_full),
        cmocka_unit_test(the_last_chunk_is_as_long_as_the_limit_needs),
    };

    return cmocka_run_group_tests_name("slab", tests, NULL, NULL);
}

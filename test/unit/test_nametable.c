/* SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"
#include "serve/nametable.h"
#include "test.h"

#include <stdio.h>

static struct span name_of(int i, char text[16])
{
    return span_of(text, (size_t)snprintf(text, 16, "name %d", i));
}

static void names_are_found_again(void **state)
{
    struct nametable t;
    struct lw_error err;
    char text[16];

    (void)state;
    nametable_init(&t);
    assert_int_equal(nametable_find(&t, name_of(0, text)), -1);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(nametable_add(&t, name_of(i, text), (uint32_t)i, &err), LW_OK);
    /* One that is there keeps its value. */
    assert_int_equal(nametable_add(&t, name_of(7, text), 99, &err), LW_OK);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(nametable_find(&t, name_of(i, text)), i);
    assert_int_equal(nametable_find(&t, name_of(1000, text)), -1);
    assert_int_equal(nametable_find(&t, span_of("", 0)), -1);
    nametable_release(&t);
}

static void lack_of_memory_leaves_a_good_table(void **state)
{
    struct nametable t;
    struct lw_error err;
    char text[16];

    (void)state;
    nametable_init(&t);
    mem_fail_at(1, 0);
    assert_int_equal(nametable_add(&t, name_of(0, text), 0, &err), LW_ENOMEM);
    mem_fail_at(2, 0);
    assert_int_equal(nametable_add(&t, name_of(0, text), 0, &err), LW_ENOMEM);
    mem_fail_at(0, 0);
    assert_int_equal(nametable_find(&t, name_of(0, text)), -1);
    assert_int_equal(nametable_add(&t, name_of(0, text), 5, &err), LW_OK);
    assert_int_equal(nametable_find(&t, name_of(0, text)), 5);
    nametable_release(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_found_again),
        cmocka_unit_test(lack_of_memory_leaves_a_good_table),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

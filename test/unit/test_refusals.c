/* SPDX-License-Identifier: Apache-2.0 */
/* However often somebody is refused, the audit log grows by little. */
#include "serve/refusals.h"
#include "temp_store.h"
#include "test.h"

#include <stdio.h>
#include <string.h>

struct seen {
    unsigned n;
    unsigned n_all; /* refusals that the entries stand for */
    bool named;
};

static void on_entry(void *ctx, const struct store_audit *a)
{
    struct seen *s = ctx;
    unsigned times = 1;

    (void)sscanf(a->object, "%u times", &times);
    s->n++;
    s->n_all += times;
    s->named |= strcmp(a->who, "ann") == 0 && strcmp(a->client, "192.0.2.1") == 0 &&
                strcmp(a->action, "GET /x") == 0 && strcmp(a->outcome, "403") == 0;
}

static void a_flood_is_a_few_entries(void **state)
{
    struct store_page page = {.limit = 100};
    struct seen seen = {.n = 0};
    struct temp_store store;
    struct refusals *r;
    struct lw_error err;
    char client[32];

    (void)state;
    temp_store_init(&store);
    assert_int_equal(refusals_new(&r, store.s, &err), LW_OK);
    for (unsigned i = 0; i < 1000; i++)
        refusals_add(r, "ann", "192.0.2.1", "GET /x", 403);
    for (unsigned i = 0; i < 1000; i++) {
        (void)snprintf(client, sizeof client, "198.51.100.%u", i % 250);
        refusals_add(r, "", client, "GET /x", 401);
    }
    refusals_free(r);
    assert_int_equal(store_audit_list(store.s, &page, on_entry, &seen, &err), LW_OK);
    assert_true(seen.named);
    assert_int_equal(seen.n_all, 2000);
    /* Usually one second's; on a slow machine two or three. */
    assert_in_range(seen.n, 17, 3 * 17);
    temp_store_release(&store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_flood_is_a_few_entries),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"
#include "base/rng.h"
#include "flow/table.h"
#include "flow/timer.h"
#include "test.h"

#include <string.h>

static struct flow_key key_of(uint32_t n)
{
    struct flow_key key;

    memset(&key, 0, sizeof key);
    memcpy(key.addr[0].bytes, &n, sizeof n);
    key.kind = LW_FLOW_UDP;
    return key;
}

/* Few hashes, so that runs are long and wrap around the end of the index. */
static uint32_t hash_of(uint32_t n)
{
    return UINT32_MAX - 20 + n % 40;
}

static void finds_what_is_there_and_nothing_else(void **state)
{
    enum { KEYS = 300, STEPS = 20000 };
    struct flow_table t;
    struct flow *known[KEYS] = {NULL};
    struct rng rng;
    uint32_t n_known = 0;

    (void)state;
    rng_init(&rng, 1);
    assert_true(flow_table_init(&t, KEYS));
    for (unsigned step = 0; step < STEPS; step++) {
        uint32_t n = (uint32_t)rng_below(&rng, KEYS);
        struct flow_key key = key_of(n);
        struct flow *f = flow_table_get(&t, &key, hash_of(n));

        assert_ptr_equal(f, known[n]);
        if (f == NULL) {
            known[n] = flow_table_insert(&t, &key, hash_of(n));
            assert_non_null(known[n]);
            assert_int_equal(known[n]->side[0].packets, 0);
            known[n]->side[0].packets = n + 1;
            n_known++;
        } else {
            assert_int_equal(f->side[0].packets, n + 1);
            flow_table_remove(&t, f);
            known[n] = NULL;
            n_known--;
        }
        assert_int_equal(t.n_flows, n_known);
    }
    flow_table_release(&t);
}

static void grows_to_its_limit_and_no_further(void **state)
{
    enum { LIMIT = 5000 };
    struct flow_table t;

    (void)state;
    assert_true(flow_table_init(&t, LIMIT));
    for (uint32_t n = 0; n < LIMIT; n++) {
        struct flow_key key = key_of(n);

        assert_non_null(flow_table_insert(&t, &key, flow_key_hash(&key, t.seed)));
    }
    for (uint32_t n = 0; n < LIMIT + 5; n++) {
        struct flow_key key = key_of(n);
        struct flow *f = flow_table_get(&t, &key, flow_key_hash(&key, t.seed));

        assert_int_equal(f != NULL, n < LIMIT);
        if (n >= LIMIT)
            assert_null(flow_table_insert(&t, &key, flow_key_hash(&key, t.seed)));
    }
    flow_table_release(&t);
}

/* A table for a million flows must not cost what a million flows cost. */
static void small_use_takes_little_memory(void **state)
{
    struct flow_table t;

    (void)state;
    assert_true(flow_table_init(&t, 1U << 20));
    for (uint32_t n = 0; n < 100; n++) {
        struct flow_key key = key_of(n);

        assert_non_null(flow_table_insert(&t, &key, flow_key_hash(&key, t.seed)));
    }
    assert_int_equal(t.n_chunks, 1);
    assert_true(t.mask < 2048);
    flow_table_release(&t);
}

static void full_for_lack_of_memory(void **state)
{
    struct flow_table t;
    uint32_t n = 0;

    (void)state;
    assert_true(flow_table_init(&t, 1U << 20));
    mem_fail_at(1, 1);
    for (;; n++) {
        struct flow_key key = key_of(n);

        if (flow_table_insert(&t, &key, flow_key_hash(&key, t.seed)) == NULL)
            break;
    }
    mem_fail_at(0, 0);
    assert_int_equal(n, FLOW_CHUNK);
    flow_table_release(&t);
}

/* ---- timers --------------------------------------------------------------------- */

enum { TIMEOUT = 1000000 };

struct clock {
    struct flow_table table;
    struct timers timers;
};

static void clock_init(struct clock *c)
{
    const int64_t timeouts[N_TIMERS] = {TIMEOUT, TIMEOUT, TIMEOUT, TIMEOUT / 10,
                                        TIMEOUT};

    assert_true(flow_table_init(&c->table, 1000));
    timers_init(&c->timers, timeouts);
    c->timers.now_ns = 0;
}

static struct flow *clock_add(struct clock *c, uint32_t n, uint8_t class, int64_t last)
{
    struct flow_key key = key_of(n);
    struct flow *f = flow_table_insert(&c->table, &key, n);

    assert_non_null(f);
    f->timer_class = class;
    f->last_ns = last;
    timers_add(&c->timers, &c->table, f);
    return f;
}

/* How many are over at `now`; they are removed. */
static unsigned clock_advance(struct clock *c, int64_t now)
{
    unsigned n = 0;
    struct flow *f;

    c->timers.now_ns = now;
    while ((f = timers_expired(&c->timers, &c->table)) != NULL) {
        assert_true(timer_is_over(&c->timers, f, now));
        timers_remove(&c->timers, &c->table, f);
        flow_table_remove(&c->table, f);
        n++;
    }
    return n;
}

static void timers_fire_soon_after_their_time(void **state)
{
    struct clock c;
    struct flow *f;

    (void)state;
    clock_init(&c);
    (void)clock_add(&c, 1, TIMER_TCP, 0);
    f = clock_add(&c, 2, TIMER_TCP, 0);
    (void)clock_add(&c, 3, TIMER_ICMP, 0);
    assert_int_equal(clock_advance(&c, TIMEOUT / 10), 0);
    assert_int_equal(clock_advance(&c, TIMEOUT / 10 + TIMEOUT / 1000), 1);
    f->last_ns = TIMEOUT / 2;
    assert_int_equal(clock_advance(&c, TIMEOUT), 0);
    assert_int_equal(clock_advance(&c, TIMEOUT + TIMEOUT / 100), 1);
    assert_int_equal(clock_advance(&c, TIMEOUT + TIMEOUT / 2), 0);
    assert_int_equal(clock_advance(&c, TIMEOUT + TIMEOUT / 2 + TIMEOUT / 100), 1);
    assert_int_equal(c.table.n_flows, 0);
    flow_table_release(&c.table);
}

static void timers_stand_any_leap(void **state)
{
    struct clock c;
    struct rng rng;
    uint32_t n = 0;

    (void)state;
    rng_init(&rng, 2);
    clock_init(&c);
    for (unsigned step = 0; step < 3000; step++) {
        int64_t leap =
            (int64_t)rng_below(&rng, step % 50 == 0 ? TIMEOUT * 5 : TIMEOUT / 50);
        int64_t now = c.timers.now_ns + leap;

        (void)clock_advance(&c, now);
        if (c.table.n_flows < 900)
            (void)clock_add(&c, n++, (uint8_t)rng_below(&rng, N_TIMERS),
                            now - (int64_t)rng_below(&rng, TIMEOUT * 2));
        assert_true(timers_oldest_ns(&c.timers) <= now);
    }
    (void)clock_advance(&c, c.timers.now_ns + 2 * TIMEOUT);
    assert_int_equal(c.table.n_flows, 0);
    assert_int_equal(timers_oldest_ns(&c.timers), c.timers.now_ns);
    flow_table_release(&c.table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_what_is_there_and_nothing_else),
        cmocka_unit_test(grows_to_its_limit_and_no_further),
        cmocka_unit_test(small_use_takes_little_memory),
        cmocka_unit_test(full_for_lack_of_memory),
        cmocka_unit_test(timers_fire_soon_after_their_time),
        cmocka_unit_test(timers_stand_any_leap),
    };

    return cmocka_run_group_tests_name("flowtable", tests, NULL, NULL);
}

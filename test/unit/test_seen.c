/* SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"
#include "base/rng.h"
#include "base/timefmt.h"
#include "feature/seen.h"
#include "test.h"

#include <math.h>

/* ---- decay ---------------------------------------------------------------------- */

static void decay_halves(void **state)
{
    struct decayed none = decay_lost(0);
    struct decayed ten = decay_lost(10 * NS_PER_S);

    (void)state;
    for (unsigned i = 0; i < DECAY_N; i++)
        assert_true(none.v[i] == 0);
    assert_near((double)ten.v[0], 1 - 1.0 / 1024, 1e-6);
    assert_near((double)ten.v[1], 0.5, 1e-6);
    assert_near((double)ten.v[2], 1 - exp2(-1.0 / 6), 1e-6);
    assert_near((double)ten.v[3], 1 - exp2(-1.0 / 60), 1e-7);
}

/* Against the C library, from a microsecond to a day. */
static void decay_is_close_to_exp2(void **state)
{
    (void)state;
    for (double age_s = 1e-6; age_s < 1e5; age_s *= 1.001) {
        struct decayed lost = decay_lost((int64_t)(age_s * 1e9));

        for (unsigned i = 0; i < DECAY_N; i++) {
            double x =
                (double)(int64_t)(age_s * 1e9) * 1e-9 / (double)decay_half_lives_s[i];

            assert_near((double)lost.v[i] / -expm1(-x * log(2)), 1.0, 1e-6);
        }
    }
}

static void the_future_is_now(void **state)
{
    struct decayed d = decay_lost(-5);
    struct decayed far = decay_lost(INT64_MAX);

    (void)state;
    assert_true(d.v[0] == 0);
    assert_true(far.v[3] == 1.0F);
}

/* A million a second for ten seconds: a sum of r h / ln 2 (1 - 2^-(t / h)). */
static void what_is_touched_often_decays(void **state)
{
    struct decayed sum = {{0}};
    int64_t last_ns = 0;

    (void)state;
    for (int64_t now_ns = 0; now_ns < 10 * NS_PER_S; now_ns += 1000) {
        if (decay_tick_ns(now_ns) > last_ns) {
            struct decayed lost = decay_lost(decay_tick_ns(now_ns) - last_ns);

            last_ns = decay_tick_ns(now_ns);
            decay_by(&sum, &lost);
        }
        decay_add(&sum, 1);
    }
    for (unsigned i = 0; i < DECAY_N; i++) {
        double h = (double)decay_half_lives_s[i];

        assert_near((double)sum.v[i] / (1e6 * h / log(2) * (1 - exp2(-10 / h))), 1,
                    0.0042);
    }
}

/* ---- seen ----------------------------------------------------------------------- */

static void ages_are_told(void **state)
{
    struct seen s;
    const int64_t start = 1600000000 * NS_PER_S;

    (void)state;
    assert_true(seen_init(&s, 64));
    assert_true(seen_touch(&s, seen_key(1, 2), start) == SEEN_NEVER);
    assert_true(seen_touch(&s, seen_key(2, 1), start) == SEEN_NEVER);
    assert_near((double)seen_touch(&s, seen_key(1, 2), start + 10 * NS_PER_S) / 1e9, 10,
                0.005);
    assert_near((double)seen_touch(&s, seen_key(1, 2), start + 11 * NS_PER_S) / 1e9, 1,
                0.005);
    /* A little out of order: no time. */
    assert_int_equal(seen_touch(&s, seen_key(1, 2), start + 9 * NS_PER_S), 0);
    /* Longer ago than it remembers. */
    assert_true(seen_touch(&s, seen_key(2, 1), start + SEEN_MEMORY_NS + NS_PER_S) ==
                SEEN_NEVER);
    seen_release(&s);
}

/* One line of eight: the ninth key takes the place of the one seen longest ago. */
static void the_oldest_of_a_line_gives_way(void **state)
{
    struct seen s;

    (void)state;
    assert_true(seen_init(&s, 8));
    assert_int_equal(s.mask, 0);
    for (uint64_t i = 0; i < 8; i++)
        (void)seen_touch(&s, seen_key(i, i), (int64_t)i * NS_PER_S);
    assert_int_equal(s.forgotten, 0);
    assert_true(s.least_lost_ns == SEEN_NEVER);
    (void)seen_touch(&s, seen_key(0, 0), 8 * NS_PER_S);
    (void)seen_touch(&s, seen_key(9, 9), 9 * NS_PER_S);
    assert_int_equal(s.forgotten, 1);
    assert_near((double)s.least_lost_ns / 1e9, 8, 0.005);
    assert_true(seen_touch(&s, seen_key(0, 0), 9 * NS_PER_S) < SEEN_NEVER);
    assert_true(seen_touch(&s, seen_key(1, 1), 9 * NS_PER_S) == SEEN_NEVER);
    seen_release(&s);
}

/* Sums of one host as it would count them without limits. */
struct plain {
    int64_t last_ns[200000];
    bool has[200000];
};

static double plain_sum(const struct plain *p, size_t n, int64_t now_ns, unsigned i)
{
    double sum = 0;

    for (size_t k = 0; k < n; k++) {
        if (p->has[k])
            sum += exp2(-(double)(now_ns - p->last_ns[k]) / 1e9 /
                        (double)decay_half_lives_s[i]);
    }
    return sum;
}

/* `n_peers`, at random, `rate` visits a second for `seconds`; the sums must be within
 * `off` (relative) of the plain ones. */
static void check_distinct(unsigned n_peers, unsigned rate, unsigned seconds,
                           double off)
{
    static struct plain p;
    struct distinct d = {.has_first = false};
    struct seen s;
    struct rng r;
    int64_t last_ns = 0;

    memset(&p, 0, sizeof p);
    rng_init(&r, 7);
    assert_true(seen_init(&s, 1 << 18));
    for (uint64_t i = 0; i < (uint64_t)rate * seconds; i++) {
        int64_t now_ns = (int64_t)(i * 1000000000 / rate);
        uint64_t peer = rng_below(&r, n_peers);
        struct decayed lost = decay_lost(now_ns - last_ns);

        distinct_add(&d, &lost, &s, 1, seen_key(99, peer), now_ns);
        p.last_ns[peer] = now_ns;
        p.has[peer] = true;
        last_ns = now_ns;
    }
    for (unsigned i = 0; i < DECAY_N; i++) {
        double want = plain_sum(&p, n_peers, last_ns, i);

        assert_near((double)d.n.v[i] / want, 1.0, off);
    }
    assert_int_equal(s.forgotten, 0);
    seen_release(&s);
}

/* Few peers: what is off is the 4.2 ms to which ages are known. */
static void few_peers_are_counted_exactly(void **state)
{
    (void)state;
    check_distinct(1, 10, 100, 0.001);
    check_distinct(5, 10, 100, 0.01);
    check_distinct(300, 100, 100, 0.01);
}

static void many_peers_are_estimated(void **state)
{
    (void)state;
    check_distinct(5000, 5000, 20, 3 * 0.0625);
    check_distinct(200000, 20000, 20, 3 * 0.0625);
}

/* A scan of 16 million peers, 100,000 a second.  Every one is new: a sum of all flows
 * of n(t) = r h / ln 2 for those half-lives that are short against the scan.  It leaves
 * the table's other keys alone. */
static void a_scan_is_bounded(void **state)
{
    enum { SCANNED = 1 << 24, RATE = 100000 };
    struct distinct d = {.has_first = false};
    struct decayed lost = decay_lost(NS_PER_S / RATE);
    struct seen s;
    int64_t now_ns = 0;

    (void)state;
    assert_true(seen_init(&s, 1 << 18));
    for (uint64_t i = 0; i < SCANNED; i++) {
        now_ns = (int64_t)i * (NS_PER_S / RATE);
        distinct_add(&d, &lost, &s, 1, seen_key(99, i), now_ns);
    }
    assert_near((double)d.n.v[0] / (RATE / log(2)), 1.0, 3 * 0.0625);
    assert_near((double)d.n.v[1] / (RATE * 10 / log(2)), 1.0, 3 * 0.0625);
    assert_near((double)d.new.v[1] / (double)d.n.v[1], 1.0, 1e-3);
    assert_true(s.forgotten < 100); /* lines fill unevenly */
    seen_release(&s);
}

/* After it, the sums follow what is left: 20 peers, ten visits a second. */
static void a_scan_is_forgotten(void **state)
{
    struct distinct d = {.has_first = false};
    struct decayed lost = decay_lost(NS_PER_S / 1000);
    struct seen s;
    int64_t now_ns = 0;

    (void)state;
    assert_true(seen_init(&s, 1 << 16));
    for (uint64_t i = 0; i < 100000; i++, now_ns += NS_PER_S / 1000)
        distinct_add(&d, &lost, &s, 1, seen_key(99, 1000 + i), now_ns);
    lost = decay_lost(NS_PER_S / 10);
    for (uint64_t i = 0; i < 300; i++, now_ns += NS_PER_S / 10)
        distinct_add(&d, &lost, &s, 1, seen_key(99, i % 20), now_ns);
    /* Peer k was seen k / 10 s ago: the sum of 2^-(k / 10) for k below 20. */
    assert_near((double)d.n.v[0], (1 - exp2(-2)) / (1 - exp2(-0.1)), 0.1);
    seen_release(&s);
}

static void a_known_age_counts_the_same(void **state)
{
    struct distinct d = {.has_first = false};
    struct decayed lost = decay_lost(10 * NS_PER_S);

    (void)state;
    distinct_add_aged(&d, &lost, SEEN_NEVER);
    assert_true(d.n.v[0] == 1.0F && d.new.v[0] == 1.0F);
    /* The same one 10 s later is one again. */
    distinct_add_aged(&d, &lost, 10 * NS_PER_S);
    assert_near((double)d.n.v[1], 1, 1e-6);
    assert_near((double)d.new.v[1], 0.5, 1e-6);
    /* Another one. */
    distinct_add_aged(&d, &lost, SEEN_MEMORY_NS + 1);
    assert_near((double)d.n.v[1], 1.5, 1e-6);
    assert_near((double)d.new.v[1], 1.25, 1e-6);
}

static void survives_lack_of_memory(void **state)
{
    struct seen s;

    (void)state;
    mem_fail_at(1, 0);
    assert_false(seen_init(&s, 10));
    mem_fail_at(0, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decay_halves),
        cmocka_unit_test(decay_is_close_to_exp2),
        cmocka_unit_test(the_future_is_now),
        cmocka_unit_test(what_is_touched_often_decays),
        cmocka_unit_test(ages_are_told),
        cmocka_unit_test(the_oldest_of_a_line_gives_way),
        cmocka_unit_test(few_peers_are_counted_exactly),
        cmocka_unit_test(many_peers_are_estimated),
        cmocka_unit_test(a_scan_is_bounded),
        cmocka_unit_test(a_scan_is_forgotten),
        cmocka_unit_test(a_known_age_counts_the_same),
        cmocka_unit_test(survives_lack_of_memory),
    };

    return cmocka_run_group_tests_name("seen", tests, NULL, NULL);
}

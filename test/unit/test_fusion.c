/* SPDX-License-Identifier: Apache-2.0 */
#include "base/rng.h"
#include "test.h"

#include <lapwing/fusion.h>

#include <math.h>

static struct lw_error err;

static struct lw_fused fuse(const struct lw_opinion *o, size_t n, double level)
{
    struct lw_fused f;

    if (lw_fuse(&f, o, n, level, &err) != LW_OK)
        fail_msg("%s", err.msg);
    return f;
}

static void the_least_p_over_its_share_decides(void **state)
{
    struct lw_opinion o[] = {{.8, true, 1e-4, LW_VERDICT_PROBE},
                             {.2, true, 4e-5, LW_VERDICT_BOTNET},
                             {1, true, .5, LW_VERDICT_NORMAL}};
    struct lw_fused f;

    (void)state;
    f = fuse(o, 2, 1e-3); /* 1.25e-4 against 2e-4 */
    assert_near(f.p, 1.25e-4, 1e-12);
    assert_true(f.alert);
    assert_int_equal(f.by, 0);
    assert_int_equal(f.verdict, LW_VERDICT_PROBE);
    assert_true(f.is_disputed); /* Botnet, says the other */
    o[1].verdict = LW_VERDICT_PROBE;
    assert_false(fuse(o, 2, 1e-3).is_disputed);
    f = fuse(o, 2, 1e-4);
    assert_false(f.alert);
    assert_int_equal(f.verdict, LW_VERDICT_NORMAL);
    assert_true(f.is_disputed); /* each alone would have said something */
    f = fuse(o, 3, 1e-3);
    assert_true(f.alert);
    assert_true(f.is_disputed); /* the third sees nothing */
}

static void a_share_of_who_is_not_heard_is_left_over(void **state)
{
    struct lw_opinion o[] = {{1, false, (double)NAN, LW_VERDICT_DOS},
                             {1, true, 1e-3, LW_VERDICT_NORMAL}};
    struct lw_fused f = fuse(o, 2, 2e-3);

    (void)state;
    assert_int_equal(f.by, 1);
    assert_near(f.p, 2e-3, 1e-15);
    assert_int_equal(f.verdict, LW_VERDICT_ANOMALY); /* it names no attack */
    assert_false(f.is_disputed);
}

/* Whether detectors agree, contradict or know nothing of each other. */
static void normal_flows_keep_the_level(void **state)
{
    enum { FLOWS = 200000 };
    static const double level = .01;
    struct rng rng;

    (void)state;
    rng_init(&rng, 3);
    for (int how = 0; how < 3; how++) {
        size_t n = 0;

        for (size_t i = 0; i < FLOWS; i++) {
            double u = rng_unit(&rng);
            double v = how == 0 ? rng_unit(&rng) : how == 1 ? u : 1 - u;
            const struct lw_opinion o[] = {{3, true, u, LW_VERDICT_DOS},
                                           {1, true, v, LW_VERDICT_DOS}};

            n += fuse(o, 2, level).alert ? 1 : 0;
        }
        /* Four deviations. */
        assert_true((double)n <= FLOWS * level + 4 * sqrt(FLOWS * level));
    }
}

static void what_is_no_share_is_refused(void **state)
{
    struct lw_opinion o = {1, true, .5, LW_VERDICT_DOS};
    struct lw_fused f;

    (void)state;
    assert_int_equal(lw_fuse(&f, &o, 0, .01, &err), LW_EINVAL);
    assert_int_equal(lw_fuse(&f, &o, 1, 1.5, &err), LW_EINVAL);
    o.p = (double)NAN;
    assert_int_equal(lw_fuse(&f, &o, 1, .01, &err), LW_EINVAL);
    o = (struct lw_opinion){0, true, .5, LW_VERDICT_DOS};
    assert_int_equal(lw_fuse(&f, &o, 1, .01, &err), LW_EINVAL);
    o = (struct lw_opinion){1, false, .5, LW_VERDICT_DOS};
    assert_int_equal(lw_fuse(&f, &o, 1, .01, &err), LW_EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_least_p_over_its_share_decides),
        cmocka_unit_test(a_share_of_who_is_not_heard_is_left_over),
        cmocka_unit_test(normal_flows_keep_the_level),
        cmocka_unit_test(what_is_no_share_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

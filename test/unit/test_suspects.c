/* SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"
#include "cmd/suspects.h"
#include "finding.h"
#include "test.h"

static struct suspects *suspects;
static struct suspect_group group[SUSPECT_GROUPS_MAX];
static size_t n_groups;
static uint64_t rest;
static struct lw_error err;

static int set_up(void **state)
{
    (void)state;
    return suspects_new(&suspects, &err) == LW_OK ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    suspects_free(suspects);
    return 0;
}

/* `port` is also the first of the row's values. */
static uint64_t add(enum lw_verdict_class verdict, unsigned src, unsigned dst,
                    uint16_t port, float score)
{
    static uint64_t flow_id;
    struct finding f;
    uint64_t n = 0;

    (void)finding_make(&f, verdict);
    finding_host(&f, 0, src, 40000);
    finding_host(&f, 1, dst, port);
    f.rec.flow_id = ++flow_id;
    f.values[0] = port;
    f.f.verdict.attack_score = score;
    assert_int_equal(suspects_add(suspects, &f.f, &n, &err), LW_OK);
    return n;
}

static void get_groups(enum lw_verdict_class verdict)
{
    assert_int_equal(suspects_groups(suspects, verdict, group, &n_groups, &rest, &err),
                     LW_OK);
}

static void nothing_gives_nothing(void **state)
{
    const struct suspect *worst[4];

    (void)state;
    assert_int_equal(suspects_worst(suspects, worst, 4), 0);
    get_groups(LW_VERDICT_DOS);
    assert_int_equal(n_groups, 0);
    assert_int_equal(rest, 0);
}

static void scan_of_a_host_is_one_suspect(void **state)
{
    const struct suspect *worst[4];

    (void)state;
    for (uint16_t port = 1; port <= 1000; port++)
        assert_int_equal(add(LW_VERDICT_PROBE, 1, 2, port, 0.5F), port);
    assert_int_equal(suspects_worst(suspects, worst, 4), 1);
    assert_int_equal(worst[0]->n_flows, 1000);
    get_groups(LW_VERDICT_PROBE);
    assert_int_equal(n_groups, 1);
    assert_int_equal(group[0].n_flows, 1000);
    assert_int_equal(group[0].n_sources, 1);
    assert_int_equal(group[0].n_destinations, 1);
    assert_int_equal(group[0].port_min, 1);
    assert_int_equal(group[0].port_max, 1000);
    get_groups(LW_VERDICT_DOS);
    assert_int_equal(n_groups, 0);
}

static void worst_flow_stands_for_its_pair(void **state)
{
    const struct suspect *worst[4];

    (void)state;
    (void)add(LW_VERDICT_DOS, 1, 2, 80, 0.5F);
    (void)add(LW_VERDICT_DOS, 1, 2, 81, 0.9F);
    (void)add(LW_VERDICT_DOS, 1, 2, 82, 0.7F);
    assert_int_equal(suspects_worst(suspects, worst, 4), 1);
    assert_int_equal(worst[0]->worst.port[1], 81);
    assert_near(worst[0]->values[0], 81, 0);
    assert_near(worst[0]->worst_verdict.attack_score, 0.9, 1e-6);
}

static void sweep_and_flood_are_one_line_each(void **state)
{
    (void)state;
    for (unsigned host = 10; host < 60; host++) {
        (void)add(LW_VERDICT_PROBE, 1, host, 22, 0.5F);
        (void)add(LW_VERDICT_DOS, host, 2, 80, 0.5F);
    }
    get_groups(LW_VERDICT_PROBE);
    assert_int_equal(n_groups, 1);
    assert_int_equal(group[0].n_sources, 1);
    assert_int_equal(group[0].n_destinations, 50);
    get_groups(LW_VERDICT_DOS);
    assert_int_equal(n_groups, 1);
    assert_int_equal(group[0].n_sources, 50);
    assert_int_equal(group[0].n_destinations, 1);
    assert_false(group[0].more_sources);
}

static void port_scan_is_not_lost_in_a_sweep(void **state)
{
    (void)state;
    for (uint16_t port = 1; port <= 100; port++)
        (void)add(LW_VERDICT_PROBE, 1, 2, port, 0.5F);
    for (unsigned host = 10; host < 20; host++)
        (void)add(LW_VERDICT_PROBE, 1, host, 22, 0.5F);
    get_groups(LW_VERDICT_PROBE);
    assert_int_equal(n_groups, 2);
    assert_int_equal(group[0].n_flows, 100);
    assert_int_equal(group[0].n_destinations, 1);
    assert_int_equal(group[1].n_flows, 10);
    assert_int_equal(group[1].n_destinations, 10);
}

static void small_groups_are_counted_as_rest(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 8; i++)
        (void)add(LW_VERDICT_R2L, 100 + i, 200 + i, 21, 0.5F);
    get_groups(LW_VERDICT_R2L);
    assert_int_equal(n_groups, SUSPECT_GROUPS_MAX);
    assert_int_equal(rest, 3);
}

static void worst_are_different(void **state)
{
    const struct suspect *worst[10];

    (void)state;
    for (unsigned host = 10; host < 60; host++)
        (void)add(LW_VERDICT_PROBE, 1, host, 22, 0.99F);
    (void)add(LW_VERDICT_DOS, 3, 4, 80, 0.6F);
    (void)add(LW_VERDICT_NOT_RECOGNIZED, 5, 6, 80, 0.995F);
    assert_int_equal(suspects_worst(suspects, worst, 10), 5);
    /* One of each story, then the others of the sweep. */
    assert_int_equal(worst[0]->verdict, LW_VERDICT_PROBE);
    assert_int_equal(worst[1]->verdict, LW_VERDICT_DOS);
    assert_int_equal(worst[2]->verdict, LW_VERDICT_NOT_RECOGNIZED);
    assert_int_equal(worst[3]->verdict, LW_VERDICT_PROBE);
    assert_int_equal(worst[4]->verdict, LW_VERDICT_PROBE);
    assert_int_equal(suspects_worst(suspects, worst, 2), 2);
    assert_int_equal(worst[1]->verdict, LW_VERDICT_DOS);
}

static void flood_of_sources_stays_bounded(void **state)
{
    (void)state;
    for (unsigned host = 0; host < SUSPECT_PAIRS_MAX + 500; host++)
        (void)add(LW_VERDICT_DOS, host, 65535, 80, 0.5F);
    get_groups(LW_VERDICT_DOS);
    assert_int_equal(n_groups, 1);
    assert_int_equal(group[0].n_flows, SUSPECT_PAIRS_MAX + 500);
    assert_int_equal(group[0].n_destinations, 1);
    assert_true(group[0].more_sources);
    for (unsigned host = 0; host < SUSPECT_PAIRS_MAX; host++)
        (void)add(LW_VERDICT_PROBE, 70000, host, 22, 0.5F);
    get_groups(LW_VERDICT_PROBE);
    for (size_t i = 0; i < n_groups; i++)
        rest += group[i].n_flows;
    assert_int_equal(rest, SUSPECT_PAIRS_MAX); /* nothing is lost */
}

static void sources_without_room_are_no_host(void **state)
{
    (void)state;
    for (unsigned host = 0; host < SUSPECT_PAIRS_MAX; host++)
        (void)add(LW_VERDICT_PROBE, host, 40000 + host % 16000, 22, 0.5F);
    for (unsigned host = 0; host < 100; host++) {
        (void)add(LW_VERDICT_DOS, 50000 + host, 7, 80, 0.5F);
        (void)add(LW_VERDICT_DOS, 50000 + host, 8, 80, 0.5F);
    }
    get_groups(LW_VERDICT_DOS);
    assert_int_equal(n_groups, 2);
    assert_int_equal(group[0].n_flows, 100);
    assert_int_equal(group[0].n_destinations, 1);
    assert_true(group[0].more_sources && group[1].more_sources);
}

static void failing_memory_is_reported(void **state)
{
    struct suspects *s = NULL;
    struct finding f;
    uint64_t n;

    (void)state;
    for (unsigned i = 1; i <= 2; i++) {
        mem_fail_at(i, 0);
        assert_int_equal(suspects_new(&s, &err), LW_ENOMEM);
        mem_fail_at(0, 0);
        assert_null(s);
    }
    for (unsigned i = 1; i <= 2; i++) {
        mem_fail_at(i, 0);
        assert_int_equal(
            suspects_add(suspects, finding_make(&f, LW_VERDICT_DOS), &n, &err),
            LW_ENOMEM);
        mem_fail_at(0, 0);
    }
    (void)add(LW_VERDICT_DOS, 1, 2, 80, 0.5F);
    for (unsigned i = 1; i <= 3; i++) {
        mem_fail_at(i, 0);
        assert_int_equal(
            suspects_groups(suspects, LW_VERDICT_DOS, group, &n_groups, &rest, &err),
            LW_ENOMEM);
        mem_fail_at(0, 0);
    }
}

#define with_suspects(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        with_suspects(nothing_gives_nothing),
        with_suspects(scan_of_a_host_is_one_suspect),
        with_suspects(worst_flow_stands_for_its_pair),
        with_suspects(sweep_and_flood_are_one_line_each),
        with_suspects(port_scan_is_not_lost_in_a_sweep),
        with_suspects(small_groups_are_counted_as_rest),
        with_suspects(worst_are_different),
        with_suspects(flood_of_sources_stays_bounded),
        with_suspects(sources_without_room_are_no_host),
        with_suspects(failing_memory_is_reported),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

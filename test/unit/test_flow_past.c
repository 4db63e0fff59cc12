/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the flow view says of the hosts: every feature at every half-life, worked out
 * beside it, and that no traffic makes it grow.
 */
#include "base/mem.h"
#include "base/rng.h"
#include "base/timefmt.h"
#include "feature/decay.h"
#include "feature/flow_names.h"
#include "feature/flow_past.h"
#include "record.h"
#include "test.h"

#include <lapwing/view.h>

#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS_MAX = 16 };

static float rows[ROWS_MAX][N_FLOW];
static size_t n_rows;
static bool seen[N_FLOW];

static void keep(void *ctx, const struct lw_row *row)
{
    (void)ctx;
    if (n_rows < ROWS_MAX)
        memcpy(rows[n_rows], row->values, N_FLOW * sizeof row->values[0]);
    n_rows++;
}

static void run_limited(const struct lw_record *recs, size_t n,
                        const struct lw_extractor_config *cfg,
                        struct lw_extractor_stats *stats)
{
    struct lw_extractor *x = NULL;
    struct lw_error err;

    n_rows = 0;
    assert_int_equal(lw_extractor_new(&x, lw_view_get("flow"), cfg, &err), LW_OK);
    for (size_t i = 0; i < n; i++)
        assert_int_equal(lw_extractor_add(x, &recs[i], INT64_MIN, keep, NULL), LW_OK);
    lw_extractor_flush(x, keep, NULL);
    lw_extractor_get_stats(x, stats);
    lw_extractor_free(x);
}

static void run(const struct lw_record *recs, size_t n)
{
    struct lw_extractor_stats s;

    run_limited(recs, n, NULL, &s);
    assert_int_equal(n_rows, n);
}

/* A flow of UDP with an answer, of 300 bytes in all, that ends at `end_s`. */
static struct lw_record flow(double end_s, uint8_t src, uint8_t dst, uint16_t port)
{
    struct lw_record r = record_of(LW_FLOW_UDP, src, dst, port);

    record_set_time(&r, end_s, end_s);
    r.protocol = 17;
    r.side[0].frame_bytes = 100;
    r.side[1].frame_bytes = 200;
    return r;
}

static struct lw_record unanswered(double end_s, uint8_t src, uint8_t dst,
                                   uint16_t port)
{
    struct lw_record r = flow(end_s, src, dst, port);

    r.side[1] = (struct lw_side){.packets = 0};
    return r;
}

/* What is left of one `age_s` ago. */
static double left(double age_s, unsigned i)
{
    return exp2(-age_s / (double)decay_half_lives_s[i]);
}

/* What sums to the value: so much, so long ago. */
struct then {
    double much;
    double age_s;
};

static void check(size_t row, enum flow_column first, const struct then *parts,
                  size_t n)
{
    for (unsigned i = 0; i < DECAY_N; i++) {
        double want = 0;
        double v = (double)rows[row][first + i];

        for (size_t k = 0; k < n; k++)
            want += parts[k].much * left(parts[k].age_s, i);
        seen[first + i] = true;
        /* Time goes in ticks of 4.2 ms. */
        if (!(fabs(v - want) <=
              1e-9 + fabs(want) * (1e-5 + 0.0042 / (double)decay_half_lives_s[i])))
            fail_msg("%s of row %zu is %.9g, not %.9g",
                     lw_view_get("flow")->features[first + i].name, row, v, want);
    }
}

#define CHECK(row, column, ...)                                                        \
    do {                                                                               \
        static const struct then parts[] = {__VA_ARGS__};                              \
        check(row, FLOW_##column##_1s, parts, sizeof parts / sizeof parts[0]);         \
    } while (0)

/* Shares are quotients: check the part after multiplying by the whole. */
static void check_share(size_t row, enum flow_column share, enum flow_column whole,
                        const struct then *parts, size_t n)
{
    for (unsigned i = 0; i < DECAY_N; i++) {
        rows[row][share + i] *= rows[row][whole + i];
        seen[share + i] = true;
    }
    check(row, share, parts, n);
}

#define CHECK_SHARE(row, share, whole, ...)                                            \
    do {                                                                               \
        static const struct then parts[] = {__VA_ARGS__};                              \
        check_share(row, FLOW_##share##_1s, FLOW_##whole##_1s, parts,                  \
                    sizeof parts / sizeof parts[0]);                                   \
    } while (0)

/* 1 asks 2 at port 53, 10 s later 3, in vain, and 2 again 10 s after that; 4 is at port
 * 80 of 2 meanwhile. */
static void run_four(void)
{
    const struct lw_record recs[] = {flow(0, 1, 2, 53), unanswered(10, 1, 3, 53),
                                     flow(10, 4, 2, 80), flow(20, 1, 2, 53)};

    run(recs, 4);
}

static void of_the_source(void **state)
{
    (void)state;
    run_four();
    CHECK(0, src_flows, {1, 0});
    CHECK(0, src_peers, {1, 0});
    CHECK(0, src_new_peers, {1, 0});
    CHECK(1, src_flows, {1, 10}, {1, 0});
    CHECK(1, src_peers, {1, 10}, {1, 0});
    CHECK(3, src_flows, {1, 20}, {1, 10}, {1, 0});
    CHECK(3, src_bytes, {300, 20}, {100, 10}, {300, 0});
    CHECK(3, src_peers, {1, 10}, {1, 0});      /* 3 and 2 */
    CHECK(3, src_new_peers, {1, 20}, {1, 10}); /* 2 was, and 3 */
    CHECK(3, src_ports, {1, 0});               /* 53 */
    CHECK_SHARE(3, src_failed, src_flows, {1, 10});
}

static void of_the_destination(void **state)
{
    (void)state;
    run_four();
    CHECK(3, dst_flows, {1, 20}, {1, 10}, {1, 0});
    CHECK(3, dst_bytes, {300, 20}, {300, 10}, {300, 0});
    CHECK(3, dst_peers, {1, 10}, {1, 0});      /* 4 and 1 */
    CHECK(3, dst_new_peers, {1, 20}, {1, 10}); /* 1 was, and 4 */
    CHECK(3, dst_ports, {1, 10}, {1, 0});      /* 80 and 53 */
    CHECK_SHARE(3, dst_failed, dst_flows, {0, 0});
    CHECK_SHARE(1, dst_failed, dst_flows, {1, 0});
}

static void of_the_service(void **state)
{
    (void)state;
    run_four();
    CHECK(2, srv_flows, {1, 0});
    CHECK(3, srv_flows, {1, 20}, {1, 0});
    CHECK(3, srv_bytes, {300, 20}, {300, 0});
    CHECK(3, srv_peers, {1, 0});
    CHECK(3, srv_new_peers, {1, 20});
    CHECK_SHARE(3, srv_failed, srv_flows, {0, 0});
    CHECK_SHARE(1, srv_failed, srv_flows, {1, 0});
}

/* The same port of another protocol is another port and another service; the same
 * address of another version another host. */
static void hosts_and_ports_are_told_apart(void **state)
{
    struct lw_record recs[] = {flow(0, 1, 2, 53), flow(0, 1, 2, 53), flow(0, 1, 2, 53)};

    (void)state;
    recs[1].protocol = 6;
    recs[1].flow_id = 2;
    recs[2].ip_version = 6;
    recs[2].flow_id = 3;
    run(recs, 3);
    CHECK(1, src_flows, {2, 0});
    CHECK(1, src_peers, {1, 0});
    CHECK(1, src_ports, {2, 0});
    CHECK(1, dst_ports, {2, 0});
    CHECK(1, srv_flows, {1, 0});
    CHECK(2, src_flows, {1, 0});
    CHECK(2, dst_flows, {1, 0});
}

/* After an hour a peer is new again. */
static void an_hour_is_remembered(void **state)
{
    const struct lw_record recs[] = {flow(0, 1, 2, 53), flow(3590, 1, 2, 53),
                                     flow(7200, 1, 2, 53)};

    (void)state;
    run(recs, 3);
    CHECK(1, src_new_peers, {1, 3590});
    CHECK(1, dst_new_peers, {1, 3590});
    CHECK(1, srv_new_peers, {1, 3590});
    CHECK(2, src_new_peers, {1, 7200}, {1, 0});
}

/* By initiator, whoever was heard first. */
static void the_initiator_is_the_source(void **state)
{
    struct lw_record recs[] = {flow(0, 2, 1, 40000), flow(0, 1, 2, 53)};

    (void)state;
    recs[0].initiator = 1;
    recs[0].port[0] = 53;
    recs[1].flow_id = 2;
    run(recs, 2);
    CHECK(1, src_flows, {2, 0});
    CHECK(1, srv_flows, {2, 0});
}

static void what_failed(void **state)
{
    static const struct {
        enum lw_conn conn;
        bool failed;
    } cases[] = {{LW_CONN_SF, false},   {LW_CONN_REJ, true},   {LW_CONN_RSTOS0, true},
                 {LW_CONN_RSTO, false}, {LW_CONN_RSTR, false}, {LW_CONN_S1, false},
                 {LW_CONN_NONE, false}};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct lw_record r = record_of(LW_FLOW_TCP, 1, 2, 80);

        r.conn = cases[i].conn;
        assert_int_equal(flow_failed(&r), cases[i].failed);
        r.side[1].packets = 0;
        assert_true(flow_failed(&r));
    }
}

/* In the order of their ends, whatever the order in which they come. */
static void rows_come_in_order(void **state)
{
    const struct lw_record recs[] = {flow(10, 1, 3, 53), flow(0, 1, 2, 53)};

    (void)state;
    run(recs, 2);
    CHECK(0, src_flows, {1, 0});
    CHECK(1, src_flows, {1, 10}, {1, 0});
}

static struct lw_record any_flow(struct rng *rng, double end_s)
{
    return flow(end_s, (uint8_t)rng_below(rng, 9), (uint8_t)rng_below(rng, 9),
                (uint16_t)rng_below(rng, 4));
}

static void add_to_both(struct flow_past both[2], const struct lw_record *rec)
{
    struct flow_hosts h[2];

    for (unsigned i = 0; i < 2; i++)
        flow_past_add(&both[i], rec, false, &h[i]);
    assert_memory_equal(h[0].source, h[1].source, sizeof *h[0].source);
    assert_memory_equal(h[0].destination, h[1].destination, sizeof *h[0].destination);
    assert_memory_equal(h[0].service, h[1].service, offsetof(struct past_host, ports));
}

/* Of two, one hears of records before their turn: they lie where others did, and some
 * are overtaken by others that it heard of or did not. */
static void what_was_announced_is_counted_the_same(void **state)
{
    struct flow_past both[2];
    struct lw_record next = {.flow_id = 0};
    struct lw_record overtaking;
    struct rng rng;

    (void)state;
    rng_init(&rng, 1);
    for (unsigned i = 0; i < 2; i++)
        assert_true(flow_past_init(&both[i], 8, 64));
    for (unsigned i = 0; i < 1000; i++) {
        next = any_flow(&rng, i);
        for (unsigned step = 0; step < 2; step++)
            flow_past_fetch(&both[0], &next, step);
        for (uint64_t n_before = rng_below(&rng, 3); n_before > 0; n_before--) {
            overtaking = any_flow(&rng, i);
            if (rng_below(&rng, 2) == 1)
                flow_past_fetch(&both[0], &overtaking, 0);
            add_to_both(both, &overtaking);
        }
        add_to_both(both, &next);
    }
    for (unsigned i = 0; i < 2; i++)
        flow_past_release(&both[i]);
}

/* ---- limits --------------------------------------------------------------------- */

static void a_host_that_is_forgotten_begins_anew(void **state)
{
    const struct lw_record recs[] = {flow(0, 1, 2, 53), flow(1, 3, 4, 53),
                                     flow(2, 1, 2, 53)};
    const struct lw_extractor_config cfg = {.max_hosts = 1, .max_contacts = 8};
    struct lw_extractor_stats s;

    (void)state;
    run_limited(recs, 3, &cfg, &s);
    assert_int_equal(n_rows, 3);
    CHECK(2, src_flows, {1, 0});
    CHECK(2, dst_flows, {1, 0});
    CHECK(2, srv_flows, {1, 0});
    assert_int_equal(s.hosts, 3);
    assert_int_equal(s.hosts_forgotten, 6);
    assert_int_equal(s.contacts_forgotten, 0);
    assert_true(s.contact_memory_ns == INT64_MAX);
}

/* One source tries every address, a million a second, while ten others go on.  Nothing
 * is allocated after the first tenth, and the others are counted as if it were not
 * there. 2^18 addresses, or as LW_SCAN_BITS says. */
static void a_scan_does_not_grow(void **state)
{
    const char *bits = getenv("LW_SCAN_BITS");
    const uint64_t n = UINT64_C(1) << (bits == NULL ? 18 : atol(bits));
    const struct lw_extractor_config cfg = {.max_hosts = 10000, .max_contacts = 65536};
    struct lw_extractor *x = NULL;
    struct lw_extractor_stats s;
    struct lw_error err;
    uint64_t allocations = 0;

    (void)state;
    n_rows = 0;
    assert_int_equal(lw_extractor_new(&x, lw_view_get("flow"), &cfg, &err), LW_OK);
    for (uint64_t i = 0; i < n; i++) {
        double now_s = (double)i * 1e-6;
        struct lw_record probe = unanswered(now_s, 99, 0, 23);
        struct lw_record usual = flow(now_s, (uint8_t)(i / 100 % 10), 200, 53);

        probe.addr[1].bytes[0] = 11;
        for (unsigned k = 0; k < 3; k++)
            probe.addr[1].bytes[1 + k] = (uint8_t)(i >> (16 - 8 * k));
        if (i == n / 10)
            allocations = mem_count();
        n_rows = 0;
        assert_int_equal(lw_extractor_add(x, &probe, probe.end_ns + 1, keep, NULL),
                         LW_OK);
        if (i % 100 != 0)
            continue;
        n_rows = 1;
        assert_int_equal(lw_extractor_add(x, &usual, usual.end_ns + 1, keep, NULL),
                         LW_OK);
        assert_int_equal(n_rows, 2);
    }
    assert_int_equal(mem_count(), allocations);
    lw_extractor_get_stats(x, &s);
    assert_true(s.hosts <= 30000);
    assert_true(s.hosts_forgotten > 2 * (n - 10000));
    /* Within 1 s there were ten sources of 200, a thousand flows each. */
    assert_near((double)rows[1][FLOW_dst_peers_1s], 10, 0.1);
    /* A million peers a second, for the seconds that it went on. */
    assert_near((double)rows[0][FLOW_src_peers_1s] /
                    (1e6 / log(2) * (1 - exp2(-(double)n * 1e-6))),
                1, 0.2);
    assert_near((double)rows[0][FLOW_src_failed_1s], 1, 1e-3);
    lw_extractor_free(x);
}

static void memory_that_is_out_is_said(void **state)
{
    struct lw_extractor *x = NULL;
    struct lw_record r = flow(0, 1, 2, 53);
    struct lw_error err;
    uint64_t n = 1;

    (void)state;
    for (;; n++) {
        mem_fail_at(n, 0);
        if (lw_extractor_new(&x, lw_view_get("flow"), NULL, &err) == LW_OK)
            break;
        assert_int_equal(err.code, LW_ENOMEM);
        assert_null(x);
    }
    assert_true(n > 5);
    /* The first hosts find no memory: their features are missing. */
    mem_fail_at(0, 0);
    n_rows = 0;
    assert_int_equal(lw_extractor_add(x, &r, INT64_MIN, keep, NULL), LW_OK);
    mem_fail_at(1, 1);
    lw_extractor_flush(x, keep, NULL);
    mem_fail_at(0, 0);
    assert_int_equal(n_rows, 1);
    assert_true(isnan(rows[0][FLOW_src_flows_1s]) &&
                isnan(rows[0][FLOW_dst_flows_1s]) && isnan(rows[0][FLOW_srv_flows_1s]));
    assert_true(rows[0][FLOW_total_fwd_packets] == 1.0F);
    lw_extractor_free(x);
}

static void every_column_was_checked(void **state)
{
    (void)state;
    for (size_t i = N_FLOW_OWN; i < N_FLOW; i++) {
        if (!seen[i])
            fail_msg("%s has no test", lw_view_get("flow")->features[i].name);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(of_the_source),
        cmocka_unit_test(of_the_destination),
        cmocka_unit_test(of_the_service),
        cmocka_unit_test(hosts_and_ports_are_told_apart),
        cmocka_unit_test(an_hour_is_remembered),
        cmocka_unit_test(the_initiator_is_the_source),
        cmocka_unit_test(what_failed),
        cmocka_unit_test(rows_come_in_order),
        cmocka_unit_test(what_was_announced_is_counted_the_same),
        cmocka_unit_test(a_host_that_is_forgotten_begins_anew),
        cmocka_unit_test(a_scan_does_not_grow),
        cmocka_unit_test(memory_that_is_out_is_said),
        cmocka_unit_test(every_column_was_checked),
    };

    return cmocka_run_group_tests_name("flow_past", tests, NULL, NULL);
}

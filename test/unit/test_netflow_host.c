/* SPDX-License-Identifier: Apache-2.0 */
#include "base/lru_table.h"
#include "base/timefmt.h"
#include "feature/habit.h"
#include "feature/netflow_host_names.h"
#include "record.h"
#include "test.h"

#include <lapwing/view.h>

#include <math.h>
#include <string.h>

static float row_values[N_NETFLOW_HOST];
static struct lw_extractor *x;
static uint64_t n_flows;

static void keep(void *ctx, const struct lw_row *row)
{
    (void)ctx;
    memcpy(row_values, row->values, sizeof row_values);
}

static int begin(void **state)
{
    struct lw_error err;

    (void)state;
    n_flows = 0;
    return lw_extractor_new(&x, lw_view_get("netflow_host"), NULL, &err);
}

static int end(void **state)
{
    (void)state;
    lw_extractor_free(x);
    return 0;
}

/* Its row is in row_values then. */
static void add(struct lw_record *r)
{
    r->flow_id = ++n_flows;
    assert_int_equal(lw_extractor_add(x, r, INT64_MIN, keep, NULL), LW_OK);
    lw_extractor_flush(x, keep, NULL);
}

/* A flow of UDP at one moment, answered, 100 bytes each way as frames. */
static struct lw_record flow_at(double s, uint8_t src, uint8_t dst, uint16_t port)
{
    struct lw_record r = record_of(LW_FLOW_UDP, src, dst, port);

    record_set_time(&r, 1000 + s, 1000 + s);
    r.protocol = 17;
    r.side[0].ip_bytes = 86;
    r.side[1].ip_bytes = 86;
    return r;
}

static void add_at(double s, uint8_t src, uint8_t dst, uint16_t port)
{
    struct lw_record r = flow_at(s, src, dst, port);

    add(&r);
}

static void add_unanswered(double s, uint8_t src, uint8_t dst, uint16_t port)
{
    struct lw_record r = flow_at(s, src, dst, port);

    r.side[1] = (struct lw_side){.packets = 0};
    add(&r);
}

static double value(enum netflow_host_column column)
{
    return (double)row_values[column];
}

/* Times are told to 4.2 ms. */
static const double a_tick = 3e-4;

/* One of 10 s ago and one of now: 1 + 2^-1 at a half-life of 10 s, 1 + 2^-(1/6) at 60,
 * 1 + 2^-(1/60) at 600. */
static void assert_two_in_10s(enum netflow_host_column first)
{
    assert_near(row_values[first], 1.5, a_tick);
    assert_near(row_values[first + 1], 1 + pow(2, -1.0 / 6), a_tick);
    assert_near(row_values[first + 2], 1 + pow(2, -1.0 / 60), a_tick);
}

/* Only the one of now. */
static void assert_one(enum netflow_host_column first)
{
    for (unsigned i = 0; i < 3; i++)
        assert_near(row_values[first + i], 1, a_tick);
}

/* Failed 10 s ago, not now: 2^-1 of 1.5. */
static void assert_first_failed(enum netflow_host_column first)
{
    assert_near(row_values[first], 0.5 / 1.5, a_tick);
    assert_near(row_values[first + 1], 1 - 1 / (1 + pow(2, -1.0 / 6)), a_tick);
    assert_near(row_values[first + 2], 1 - 1 / (1 + pow(2, -1.0 / 60)), a_tick);
}

static void flows_of_netflow_come_first(void **state)
{
    const struct lw_view *netflow = lw_view_get("netflow");
    const struct lw_view *host = lw_view_get("netflow_host");

    (void)state;
    assert_int_equal(host->n_features, N_NETFLOW_HOST);
    for (unsigned i = 0; i < netflow->n_features; i++)
        assert_string_equal(host->features[i].name, netflow->features[i].name);
    add_at(0, 1, 2, 53);
    assert_near(row_values[NETFLOW_bytes], 200, 0);
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(host->features[NETFLOW_HOST_new_peer].evidence[i],
                         LW_EVIDENCE_DERIVED);
}

static void flows_of_the_source(void **state)
{
    (void)state;
    add_unanswered(0, 1, 2, 53);
    assert_one(NETFLOW_HOST_src_flows_10s);
    assert_one(NETFLOW_HOST_src_failed_10s);
    add_at(0, 4, 2, 53); /* another's */
    add_at(10, 1, 3, 80);
    assert_two_in_10s(NETFLOW_HOST_src_flows_10s);
    assert_first_failed(NETFLOW_HOST_src_failed_10s);
}

/* Nobody need answer what goes to a group. */
static void a_flow_to_a_group_does_not_fail(void **state)
{
    struct lw_record r = flow_at(0, 1, 2, 5353);

    (void)state;
    r.addr[1] = (struct lw_addr){{224, 0, 0, 251}};
    r.side[1] = (struct lw_side){.packets = 0};
    add(&r);
    assert_near(row_values[NETFLOW_failed], 0, 0);
    assert_near(row_values[NETFLOW_answered], 0, 0);
    assert_near(value(NETFLOW_HOST_src_failed_10s), 0, 0);
}

/* Not every source has others. */
static void only_tcp_udp_and_icmp_have_rows(void **state)
{
    static const enum lw_flow_kind kinds[] = {LW_FLOW_ARP, LW_FLOW_IGMP, LW_FLOW_OTHER,
                                              LW_FLOW_IP};
    struct lw_extractor_stats s;

    (void)state;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        struct lw_record r = flow_at(0, 1, 2, 0);

        r.kind = kinds[i];
        add(&r);
    }
    lw_extractor_get_stats(x, &s);
    assert_int_equal(s.rows, 0);
    assert_int_equal(s.no_row, 4);
}

static void peers_and_ports_of_the_source(void **state)
{
    (void)state;
    add_at(0, 1, 2, 53);
    add_at(10, 1, 3, 53);
    assert_two_in_10s(NETFLOW_HOST_src_peers_10s);
    assert_two_in_10s(NETFLOW_HOST_src_new_peers_10s);
    assert_one(NETFLOW_HOST_src_ports_10s);
    add_at(10, 5, 2, 53);
    add_at(20, 5, 2, 80);
    assert_one(NETFLOW_HOST_src_peers_10s);
    assert_two_in_10s(NETFLOW_HOST_src_ports_10s);
    /* The second was not new. */
    assert_near(value(NETFLOW_HOST_src_new_peers_10s), 0.5, a_tick);
}

static void flows_to_the_destination(void **state)
{
    (void)state;
    add_unanswered(0, 2, 1, 53);
    add_at(10, 3, 1, 80);
    assert_two_in_10s(NETFLOW_HOST_dst_flows_10s);
    assert_first_failed(NETFLOW_HOST_dst_failed_10s);
    assert_two_in_10s(NETFLOW_HOST_dst_peers_10s);
    assert_two_in_10s(NETFLOW_HOST_dst_ports_10s);
    assert_one(NETFLOW_HOST_srv_flows_10s);
}

static void flows_to_the_service(void **state)
{
    (void)state;
    add_unanswered(0, 2, 1, 53);
    add_at(5, 2, 1, 80);
    add_at(10, 3, 1, 53);
    assert_two_in_10s(NETFLOW_HOST_srv_flows_10s);
    assert_first_failed(NETFLOW_HOST_srv_failed_10s);
    assert_two_in_10s(NETFLOW_HOST_srv_peers_10s);
}

static void new_peers_and_ports(void **state)
{
    (void)state;
    add_at(0, 1, 2, 53);
    assert_near(value(NETFLOW_HOST_new_peer), 1, 0);
    assert_near(value(NETFLOW_HOST_new_port), 1, 0);
    add_at(1, 1, 3, 53);
    assert_near(value(NETFLOW_HOST_new_peer), 1, 0);
    assert_near(value(NETFLOW_HOST_new_port), 0, 0);
    add_at(2, 1, 2, 80);
    assert_near(value(NETFLOW_HOST_new_peer), 0, 0);
    assert_near(value(NETFLOW_HOST_new_port), 1, 0);
    add_at(3, 2, 1, 53); /* the other way round is another tie */
    assert_near(value(NETFLOW_HOST_new_peer), 1, 0);
}

/* Four flows at one moment: two to host 2, three to port 53. */
static void shares_of_peer_and_port(void **state)
{
    (void)state;
    add_at(0, 1, 2, 53);
    add_at(0, 1, 3, 53);
    add_at(0, 1, 4, 80);
    add_at(0, 1, 2, 53);
    assert_near(value(NETFLOW_HOST_peer_share), 0.5, 1e-6);
    assert_near(value(NETFLOW_HOST_port_share), 0.75, 1e-6);
}

/* Bytes as frames such that log(1 + bytes) is 5, 7 and 7, as near as whole bytes can:
 * 147 and 1,096 are e^5 - 1 and e^7 - 1 but for half a byte.  The mean of the first two
 * is 6 with a standard deviation of 1. */
static void sizes_against_the_usual(void **state)
{
    static const uint64_t sizes[] = {147, 1096, 1096};
    struct lw_record r;

    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        r = flow_at(0, 1, 2, 53);
        r.side[0].ip_bytes = sizes[i] - 28; /* and 14 for each packet */
        r.side[1].ip_bytes = 0;
        add(&r);
        if (i < 2)
            assert_true(isnan(value(NETFLOW_HOST_bytes_z)));
    }
    assert_near(value(NETFLOW_HOST_bytes_z), 1, 0.01);
    /* Another host's are its own. */
    r = flow_at(0, 2, 1, 53);
    add(&r);
    assert_true(isnan(value(NETFLOW_HOST_bytes_z)));
}

/* Two packets each: no spread, so a tenth is taken for it: log(1 + 1,000) less log(1 +
 * 2) is 5.8, far above the limit of 10 tenths. */
static void packets_against_the_usual(void **state)
{
    struct lw_record r;

    (void)state;
    add_at(0, 1, 2, 53);
    add_at(0, 1, 2, 53);
    add_at(0, 1, 2, 53);
    assert_near(value(NETFLOW_HOST_packets_z), 0, 1e-6);
    r = flow_at(0, 1, 2, 53);
    r.side[0].packets = 999;
    add(&r);
    assert_near(value(NETFLOW_HOST_packets_z), 10, 0);
    /* It counted as 3 tenths above: mean + 0.3 / 4, and (0.3^2) * 3/16 as variance. */
    r.side[0].packets = 1;
    add(&r);
    assert_near(value(NETFLOW_HOST_packets_z), -0.075 / sqrt(0.09 * 3 / 16), 1e-4);
}

/* 9 ms, 99 ms and 99 ms, with 1 ms more: a factor of ten, log 10 = 2.3026 apart.  Their
 * mean is half of that below the last, and so is the standard deviation. */
static void durations_against_the_usual(void **state)
{
    static const double seconds[] = {0.009, 0.099, 0.099};

    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        struct lw_record r = flow_at(0, 1, 2, 53);

        record_set_time(&r, 1000 - seconds[i], 1000);
        add(&r);
    }
    assert_near(value(NETFLOW_HOST_duration_z), 1, 1e-3);
}

static void what_is_lacking_is_not_compared(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        struct lw_record r = flow_at(0, 1, 2, 53);

        r.lacks = LW_LACKS_IP_BYTES | LW_LACKS_FRAME_BYTES | LW_LACKS_DURATION |
                  LW_LACKS_PACKETS;
        add(&r);
    }
    assert_true(isnan(value(NETFLOW_HOST_bytes_z)));
    assert_true(isnan(value(NETFLOW_HOST_packets_z)));
    assert_true(isnan(value(NETFLOW_HOST_duration_z)));
    assert_true(isnan(value(NETFLOW_HOST_size_variation)));
}

static void flows_of_a_tie(void **state)
{
    (void)state;
    add_unanswered(0, 1, 2, 53);
    add_at(0, 1, 2, 54);
    add_at(0, 2, 1, 53);
    add_at(600, 1, 2, 53);
    assert_near(value(NETFLOW_HOST_tie_flows), 1.5, 1e-5);
    assert_near(value(NETFLOW_HOST_tie_failed), 0.5 / 1.5, 1e-5);
}

/* Gaps of 10, 10 and 20 s: mean 40/3, variance 200/9, so 0.354. */
static void gaps_of_a_tie(void **state)
{
    (void)state;
    add_at(0, 1, 2, 53);
    assert_true(isnan(value(NETFLOW_HOST_gap)));
    add_at(10, 1, 2, 53);
    assert_near(value(NETFLOW_HOST_gap), 10, 0);
    add_at(15, 1, 2, 54);
    add_at(20, 1, 2, 53);
    assert_true(isnan(value(NETFLOW_HOST_gap_variation)));
    add_at(40, 1, 2, 53);
    assert_near(value(NETFLOW_HOST_gap), 20, 0);
    assert_near(value(NETFLOW_HOST_gap_variation), sqrt(200.0 / 9) / (40.0 / 3), 1e-6);
}

/* A beacon every 60 s, give or take nothing. */
static void a_beacon_does_not_vary(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 20; i++)
        add_at(60.0 * i, 1, 2, 443);
    assert_near(value(NETFLOW_HOST_gap_variation), 0, 1e-6);
    assert_near(value(NETFLOW_HOST_size_variation), 0, 1e-6);
}

/* 100, 100 and 200 bytes as frames: 0.354, as the gaps above. */
static void sizes_of_a_tie(void **state)
{
    struct lw_record r;

    (void)state;
    add_at(0, 1, 2, 53);
    add_at(0, 1, 2, 53);
    assert_true(isnan(value(NETFLOW_HOST_size_variation)));
    r = flow_at(0, 1, 2, 53);
    r.side[0].ip_bytes = 186;
    add(&r);
    assert_near(value(NETFLOW_HOST_size_variation), sqrt(200.0 / 9) / (40.0 / 3), 1e-6);
}

/* 100,000 sources, each to a host of its own, and one that comes again. */
static void a_scan_does_not_grow_it(void **state)
{
    const struct habit_flow flow = {100, 2, 1, 50, false};
    struct habit_view view;
    struct habits h;
    struct lw_record again = flow_at(0, 1, 2, 53);

    (void)state;
    assert_true(habits_init(&h, 100, 300));
    for (uint32_t i = 0; i < 100000; i++) {
        struct lw_record r = flow_at(0, 1, 2, 53);

        memcpy(r.addr[0].bytes, &i, sizeof i);
        memcpy(r.addr[1].bytes, &i, sizeof i);
        habits_add(&h, &r, &flow, &view);
        if (i % 10 == 0) {
            habits_add(&h, &again, &flow, &view);
            assert_near(view.new_peer, i == 0 ? 1 : 0, 0);
        }
    }
    assert_int_equal(lru_table_count(h.hosts), 100);
    assert_int_equal(lru_table_count(h.ties), 300);
    habits_release(&h);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(flows_of_netflow_come_first),
        TEST(flows_of_the_source),
        TEST(a_flow_to_a_group_does_not_fail),
        TEST(only_tcp_udp_and_icmp_have_rows),
        TEST(peers_and_ports_of_the_source),
        TEST(flows_to_the_destination),
        TEST(flows_to_the_service),
        TEST(new_peers_and_ports),
        TEST(shares_of_peer_and_port),
        TEST(sizes_against_the_usual),
        TEST(packets_against_the_usual),
        TEST(durations_against_the_usual),
        TEST(what_is_lacking_is_not_compared),
        TEST(flows_of_a_tie),
        TEST(gaps_of_a_tie),
        TEST(a_beacon_does_not_vary),
        TEST(sizes_of_a_tie),
        cmocka_unit_test(a_scan_does_not_grow_it),
    };

    return cmocka_run_group_tests_name("netflow_host", tests, NULL, NULL);
}

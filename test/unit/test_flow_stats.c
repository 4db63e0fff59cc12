/* SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"
#include "metered.h"
#include "test.h"

#include <math.h>

static const struct lw_meter_config with_stats = {.flow_stats = true};

/* Six packets: 0, 100 ms, 300 ms, 2.3 s, 9.3 s, 9.4 s; C sends 0, 0, 100, 300 bytes, S
 * sends 0 and 50. */
static const char conversation[] =
    "0    tcp 10.0.0.1:40000 > 10.0.0.2:80 S seq=1 win=1000\n"
    "0.1  tcp 10.0.0.2:80 > 10.0.0.1:40000 SA seq=9 ack=2 win=2000 doff=6 len=4\n"
    "0.3  tcp 10.0.0.1:40000 > 10.0.0.2:80 A seq=2 ack=10 win=3000\n"
    "2.3  tcp 10.0.0.1:40000 > 10.0.0.2:80 PA seq=2 ack=10 len=100\n"
    "9.3  tcp 10.0.0.1:40000 > 10.0.0.2:80 PAU seq=102 ack=10 len=300\n"
    "9.4  tcp 10.0.0.2:80 > 10.0.0.1:40000 PA seq=10 ack=402 len=50 win=9\n";

static void a_record_has_none_unless_asked(void **state)
{
    struct metered got;

    (void)state;
    metered_init(&got, NULL);
    metered_run(&got, conversation);
    metered_flush(&got);
    assert_int_equal(got.n_recs, 1);
    assert_null(got.recs[0].stats);
    metered_release(&got);
}

static void counts_lengths_exactly(void **state)
{
    struct metered got;
    const struct lw_flow_stats *s = &got.stats[0];
    struct lw_length_stats both;

    (void)state;
    metered_init(&got, &with_stats);
    metered_run(&got, conversation);
    metered_flush(&got);
    assert_int_equal(got.n_recs, 1);
    assert_int_equal(s->side[0].payload.n, 4);
    assert_int_equal(s->side[0].payload.sum_bytes, 400);
    assert_int_equal(s->side[0].payload.min_bytes, 0);
    assert_int_equal(s->side[0].payload.max_bytes, 300);
    assert_int_equal(s->side[0].data_packets, 2);
    /* 0 0 100 300 around 100: (10000 + 10000 + 0 + 40000) / 3 */
    assert_true(lw_length_mean(&s->side[0].payload) == 100);
    assert_true(lw_length_variance(&s->side[0].payload) == 20000);
    assert_int_equal(s->side[1].payload.n, 2);
    assert_int_equal(s->side[1].payload.sum_bytes, 50);
    /* 0 50 around 25 */
    assert_true(lw_length_variance(&s->side[1].payload) == 1250);
    both = s->side[0].payload;
    lw_length_stats_merge(&both, &s->side[1].payload);
    assert_int_equal(both.n, 6);
    assert_int_equal(both.sum_bytes, 450);
    assert_int_equal(both.max_bytes, 300);
    /* 0 0 100 300 0 50 around 75 */
    assert_true(fabs(lw_length_variance(&both) - (3 * 5625 + 625 + 50625 + 625) / 5.0) <
                1e-9);
    /* Ethernet 14, IPv4 20, TCP 20 or 24 */
    assert_int_equal(s->side[0].frame.sum_bytes, 4 * 54 + 400);
    assert_int_equal(s->side[0].header_bytes, 80);
    assert_int_equal(s->side[0].min_header_bytes, 20);
    assert_int_equal(s->side[1].header_bytes, 44);
    metered_release(&got);
}

static void counts_times(void **state)
{
    struct metered got;
    const struct lw_flow_stats *s = &got.stats[0];

    (void)state;
    metered_init(&got, &with_stats);
    metered_run(&got, conversation);
    metered_flush(&got);
    /* 0.1 0.2 2 7 0.1 s */
    assert_int_equal(s->gap.n, 5);
    assert_int_equal(s->gap.sum_ns, 9400000000);
    assert_int_equal(s->gap.min_ns, 100000000);
    assert_int_equal(s->gap.max_ns, 7000000000);
    assert_true(fabs(s->gap.mean_ns / 1e9 - 1.88) < 1e-12);
    /* 2 * 1.78^2 + 1.68^2 + 0.12^2 + 5.12^2 = 35.388 */
    assert_true(fabs(lw_time_variance(&s->gap) / 1e18 - 35.388 / 4) < 1e-9);
    /* 0.3 2 7 s */
    assert_int_equal(s->side[0].gap.n, 3);
    assert_int_equal(s->side[0].gap.sum_ns, 9300000000);
    assert_int_equal(s->side[1].gap.n, 1);
    assert_int_equal(s->side[1].gap.sum_ns, 9300000000);
    assert_true(lw_time_variance(&s->side[1].gap) == 0);
    /* silent longer than 1 s twice, longer than 5 s once */
    assert_int_equal(s->subflows, 3);
    assert_int_equal(s->idle.n, 1);
    assert_int_equal(s->idle.sum_ns, 7000000000);
    assert_int_equal(s->active.n, 2);
    assert_int_equal(s->active.min_ns, 100000000);
    assert_int_equal(s->active.max_ns, 2300000000);
    metered_release(&got);
}

static void counts_flags_and_windows(void **state)
{
    struct metered got;
    const struct lw_flow_stats *s = &got.stats[0];
    enum { FIN, SYN, RST, PSH, ACK, URG };

    (void)state;
    metered_init(&got, &with_stats);
    metered_run(&got, conversation);
    metered_flush(&got);
    assert_int_equal(s->side[0].tcp_flags[FIN], 0);
    assert_int_equal(s->side[0].tcp_flags[SYN], 1);
    assert_int_equal(s->side[0].tcp_flags[PSH], 2);
    assert_int_equal(s->side[0].tcp_flags[ACK], 3);
    assert_int_equal(s->side[0].tcp_flags[URG], 1);
    assert_int_equal(s->side[1].tcp_flags[SYN], 1);
    assert_int_equal(s->side[1].tcp_flags[PSH], 1);
    assert_int_equal(s->side[1].tcp_flags[RST], 0);
    assert_true(s->side[0].has_window && s->side[1].has_window);
    assert_int_equal(s->side[0].first_window, 1000);
    assert_int_equal(s->side[1].first_window, 2000);
    metered_release(&got);
}

static void keeps_the_first_packets(void **state)
{
    struct metered got;
    const struct lw_flow_stats *s = &got.stats[0];

    (void)state;
    metered_init(&got, &with_stats);
    metered_run(&got, conversation);
    for (unsigned i = 0; i < 30; i++)
        metered_run(&got, "10 tcp 10.0.0.1:40000 > 10.0.0.2:80 A seq=402 ack=60\n");
    metered_flush(&got);
    assert_int_equal(s->start.n_packets, LW_FIRST_PACKETS);
    assert_int_equal(s->start.packet[0].offset_ns, 0);
    assert_int_equal(s->start.packet[0].tcp_flags, LW_TCP_SYN);
    assert_int_equal(s->start.packet[1].from, 1);
    assert_int_equal(s->start.packet[3].offset_ns, 2300000000);
    assert_int_equal(s->start.packet[3].payload_bytes, 100);
    assert_int_equal(s->start.packet[19].offset_ns, 10000000000);
    metered_release(&got);
}

/* Bytes come together over packets, 64 of each side; 20 + 8 + 5 bytes of IP. */
static void keeps_the_first_bytes(void **state)
{
    struct metered got;
    const struct lw_flow_start *start = &got.stats[0].start;

    (void)state;
    metered_init(&got, &with_stats);
    metered_run(&got, "0 udp 10.0.0.1:5000 > 10.0.0.2:6000 data=Hello\n"
                      "1 udp 10.0.0.2:6000 > 10.0.0.1:5000 data=Good\n"
                      "2 udp 10.0.0.1:5000 > 10.0.0.2:6000 data=World\n"
                      "3 udp 10.0.0.1:5000 > 10.0.0.2:6000 len=100\n"
                      "4 udp 10.0.0.1:5000 > 10.0.0.2:6000 data=!\n");
    metered_flush(&got);
    assert_int_equal(start->n_head[0], LW_HEAD_BYTES);
    assert_memory_equal(start->head[0], "HelloWorld\0\0", 12);
    assert_int_equal(start->head[0][LW_HEAD_BYTES - 1], 0);
    assert_int_equal(start->n_head[1], 4);
    assert_memory_equal(start->head[1], "Good", 4);
    assert_int_equal(start->packet[0].ip_bytes, 33);
    metered_release(&got);
}

/* Only what was captured can be known. */
static void a_cut_packet_has_a_short_head(void **state)
{
    struct metered got;

    (void)state;
    metered_init(&got, &with_stats);
    metered_run(&got, "0 udp 10.0.0.1:5000 > 10.0.0.2:6000 data=HelloWorld cap=46\n");
    metered_flush(&got);
    assert_int_equal(got.stats[0].side[0].payload.sum_bytes, 10);
    assert_int_equal(got.stats[0].start.n_head[0], 4); /* 46 - 14 - 20 - 8 */
    metered_release(&got);
}

/* 0 0 100 300 about 100: m2 = 60000 / 4, m3 = (-1e6 - 1e6 + 0 + 8e6) / 4. */
static void measures_skewness(void **state)
{
    struct metered got;
    const struct lw_side_stats *c = &got.stats[0].side[0];
    const struct lw_length_stats none = {.n = 0};
    const struct lw_length_stats same = {.n = 2, .sum_bytes = 6, .sum_squares = 18};

    (void)state;
    metered_init(&got, &with_stats);
    metered_run(&got, conversation);
    metered_flush(&got);
    assert_true(c->payload_cubes == 1e6 + 27e6);
    assert_near(lw_length_skewness(&c->payload, c->payload_cubes),
                1.5e6 / pow(15000, 1.5), 1e-12);
    assert_true(lw_length_skewness(&same, 54) == 0);
    assert_true(isnan(lw_length_skewness(&none, 0)));
    metered_release(&got);
}

/* The server's second and third acknowledgement repeat its first; its fourth opens the
 * window, its fifth has data; a reset closes nothing. */
static void sees_signs_of_loss(void **state)
{
    struct metered got;
    const struct lw_side_stats *s = &got.stats[0].side[1];

    (void)state;
    metered_init(&got, &with_stats);
    metered_run(&got, "0 tcp 10.0.0.1:4000 > 10.0.0.2:80 PA seq=1 ack=1 len=9 win=5\n"
                      "1 tcp 10.0.0.2:80 > 10.0.0.1:4000 A seq=1 ack=10 win=0\n"
                      "2 tcp 10.0.0.2:80 > 10.0.0.1:4000 A seq=1 ack=10 win=0\n"
                      "3 tcp 10.0.0.2:80 > 10.0.0.1:4000 A seq=1 ack=10 win=0\n"
                      "4 tcp 10.0.0.2:80 > 10.0.0.1:4000 A seq=1 ack=10 win=700\n"
                      "5 tcp 10.0.0.2:80 > 10.0.0.1:4000 A seq=1 ack=10 win=700 len=1\n"
                      "6 tcp 10.0.0.2:80 > 10.0.0.1:4000 RA seq=2 ack=10 win=0\n");
    metered_flush(&got);
    assert_int_equal(s->duplicate_acks, 2);
    assert_int_equal(s->zero_windows, 3);
    assert_int_equal(s->first_window, 0);
    assert_int_equal(s->min_window, 0);
    assert_int_equal(s->max_window, 700);
    assert_int_equal(got.stats[0].side[0].duplicate_acks, 0);
    assert_int_equal(got.stats[0].side[0].min_window, 5);
    metered_release(&got);
}

/* Side 0 is who was heard first, whichever address is lower. */
static void goes_by_who_was_heard_first(void **state)
{
    struct metered got;

    (void)state;
    metered_init(&got, &with_stats);
    metered_run(&got, "0 udp 10.0.0.9:5000 > 10.0.0.2:6000 len=10\n"
                      "1 udp 10.0.0.2:6000 > 10.0.0.9:5000 len=20\n");
    metered_flush(&got);
    assert_int_equal(got.stats[0].side[0].payload.sum_bytes, 10);
    assert_int_equal(got.stats[0].side[1].payload.sum_bytes, 20);
    assert_int_equal(got.stats[0].side[0].header_bytes, 8);
    assert_false(got.stats[0].side[0].has_window);
    metered_release(&got);
}

static void finds_bulks(void **state)
{
    struct metered got;
    const struct lw_bulk_stats *bulk = &got.stats[0].side[1].bulk;

    (void)state;
    metered_init(&got, &with_stats);
    /* Five in a row, an empty one of the other side between them; then one with data
     * ends it; three are too few; a silence of 2 s begins anew. */
    metered_run(&got, "0    udp 10.0.0.1:5000 > 10.0.0.2:6000 len=1\n"
                      "0.1  udp 10.0.0.2:6000 > 10.0.0.1:5000 len=10\n"
                      "0.2  udp 10.0.0.2:6000 > 10.0.0.1:5000 len=20\n"
                      "0.3  udp 10.0.0.1:5000 > 10.0.0.2:6000\n"
                      "0.4  udp 10.0.0.2:6000 > 10.0.0.1:5000 len=30\n"
                      "0.5  udp 10.0.0.2:6000 > 10.0.0.1:5000 len=40\n"
                      "0.8  udp 10.0.0.2:6000 > 10.0.0.1:5000 len=50\n"
                      "0.9  udp 10.0.0.1:5000 > 10.0.0.2:6000 len=1\n"
                      "1.0  udp 10.0.0.2:6000 > 10.0.0.1:5000 len=1\n"
                      "1.1  udp 10.0.0.2:6000 > 10.0.0.1:5000 len=1\n"
                      "1.2  udp 10.0.0.2:6000 > 10.0.0.1:5000 len=1\n"
                      "3.2  udp 10.0.0.2:6000 > 10.0.0.1:5000 len=1\n");
    metered_flush(&got);
    assert_int_equal(bulk->n, 1);
    assert_int_equal(bulk->packets, 5);
    assert_int_equal(bulk->payload_bytes, 150);
    assert_int_equal(bulk->duration_ns, 700000000);
    assert_int_equal(got.stats[0].side[0].bulk.n, 0);
    metered_release(&got);
}

static void begins_anew_with_each_record(void **state)
{
    const struct lw_meter_config cfg = {.flow_stats = true,
                                        .status_interval_ns = 5000000000};
    struct metered got;

    (void)state;
    metered_init(&got, &cfg);
    metered_run(&got, "0 udp 10.0.0.1:5000 > 10.0.0.2:6000 len=1\n"
                      "1 udp 10.0.0.1:5000 > 10.0.0.2:6000 len=2\n"
                      "6 udp 10.0.0.2:6000 > 10.0.0.1:5000 len=4\n"
                      "8 udp 10.0.0.1:5000 > 10.0.0.2:6000 len=8\n"
                      "60 udp 10.0.0.1:5000 > 10.0.0.2:6000 len=16\n");
    metered_flush(&got);
    assert_int_equal(got.n_recs, 3);
    assert_int_equal(got.stats[0].side[0].payload.sum_bytes, 3);
    assert_int_equal(got.stats[0].gap.sum_ns, 1000000000);
    assert_int_equal(got.stats[1].side[1].payload.sum_bytes, 4);
    assert_int_equal(got.stats[1].side[0].payload.sum_bytes, 8);
    assert_int_equal(got.stats[1].gap.n, 1);
    assert_int_equal(got.stats[1].gap.sum_ns, 2000000000);
    assert_int_equal(got.stats[2].side[0].payload.sum_bytes, 16);
    /* How the flow began stays. */
    assert_int_equal(got.stats[0].start.n_packets, 2);
    assert_int_equal(got.stats[1].start.n_packets, 4);
    assert_int_equal(got.stats[1].start.packet[3].offset_ns, 8000000000);
    assert_int_equal(got.stats[1].start.start_ns, 0);
    assert_int_equal(got.stats[0].start.records, 0);
    assert_int_equal(got.stats[1].start.records, 1);
    assert_int_equal(got.stats[1].start.n_head[0], 11);
    /* After 52 s it is another flow. */
    assert_int_equal(got.stats[2].start.records, 0);
    assert_int_equal(got.stats[2].start.n_packets, 1);
    metered_release(&got);
}

static void time_never_goes_back(void **state)
{
    struct metered got;

    (void)state;
    metered_init(&got, &with_stats);
    metered_run(&got, "5 udp 10.0.0.1:5000 > 10.0.0.2:6000 len=1\n"
                      "4 udp 10.0.0.1:5000 > 10.0.0.2:6000 len=1\n"
                      "7 udp 10.0.0.1:5000 > 10.0.0.2:6000 len=1\n");
    metered_flush(&got);
    assert_int_equal(got.stats[0].gap.n, 2);
    assert_int_equal(got.stats[0].gap.min_ns, 0);
    assert_int_equal(got.stats[0].gap.max_ns, 2000000000);
    metered_release(&got);
}

static void what_was_not_seen_is_not_a_number(void **state)
{
    const struct lw_length_stats no_length = {0};
    const struct lw_time_stats no_time = {0};

    (void)state;
    assert_true(isnan(lw_length_mean(&no_length)));
    assert_true(isnan(lw_length_variance(&no_length)));
    assert_true(isnan(lw_time_variance(&no_time)));
}

static void memory_that_is_out_is_said(void **state)
{
    struct lw_meter *m = NULL;
    struct lw_error err;
    uint64_t n = 0;
    enum lw_status st;

    (void)state;
    do {
        mem_fail_at(++n, 0);
        st = lw_meter_new(&m, &with_stats, &err);
        mem_fail_at(0, 0);
        assert_true(st == LW_OK || st == LW_ENOMEM);
    } while (st != LW_OK);
    /* the meter, the index, and a chunk of flows and one of statistics */
    assert_true(n > 4);
    lw_meter_free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_record_has_none_unless_asked),
        cmocka_unit_test(counts_lengths_exactly),
        cmocka_unit_test(counts_times),
        cmocka_unit_test(counts_flags_and_windows),
        cmocka_unit_test(keeps_the_first_packets),
        cmocka_unit_test(keeps_the_first_bytes),
        cmocka_unit_test(a_cut_packet_has_a_short_head),
        cmocka_unit_test(measures_skewness),
        cmocka_unit_test(sees_signs_of_loss),
        cmocka_unit_test(goes_by_who_was_heard_first),
        cmocka_unit_test(finds_bulks),
        cmocka_unit_test(begins_anew_with_each_record),
        cmocka_unit_test(time_never_goes_back),
        cmocka_unit_test(what_was_not_seen_is_not_a_number),
        cmocka_unit_test(memory_that_is_out_is_said),
    };

    return cmocka_run_group_tests_name("flow_stats", tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every feature that the flow view takes from a flow alone, by conversations whose
 * values are worked out beside them.  What has no case here is found by the last test.
 */
#include "feature/flow_names.h"
#include "feature/head.h"
#include "feature/netflow_names.h"
#include "record.h"
#include "test.h"
#include "view_rows.h"

#include <lapwing/flow_stats.h>
#include <lapwing/handshake.h>

#include <math.h>
#include <string.h>

static struct view_rows got;
static bool seen[N_FLOW];

static void run(const char *lines)
{
    view_rows_run(&got, "flow", NULL, lines);
}

static double value(size_t row, enum flow_column column)
{
    assert_true(row < got.n_rows);
    seen[column] = true;
    return (double)got.row[row][column];
}

#define MISSING ((double)NAN)

struct want {
    enum flow_column column;
    double value;
};

/* Of the first row; values are floats. */
static void check(const struct want *want, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        double v = value(0, want[i].column);
        bool right = isnan(want[i].value)
                         ? isnan(v)
                         : fabs(v - want[i].value) <= 1e-6 * fabs(want[i].value);

        if (!right)
            fail_msg("%s is %.9g, not %.9g",
                     lw_view_get("flow")->features[want[i].column].name, v,
                     want[i].value);
    }
}

#define CHECK(...)                                                                     \
    do {                                                                               \
        static const struct want want[] = {__VA_ARGS__};                               \
        check(want, sizeof want / sizeof want[0]);                                     \
    } while (0)

/* Client C, server S.
 *
 *     at    0 C SYN   0.1 S SYN+ACK   0.2 C ACK   0.3 C 100   0.4 C 200   0.5 C 300
 *           0.6 C 400   2.6 S 1000    9.6 C 50    9.8 S 10    10 C FIN
 *
 * so C sends 0 0 100 200 300 400 50 0 and S 0 1000 10 bytes of payload; IP and TCP take
 * 40 bytes, S's SYN+ACK 44. */
static const char talk[] =
    "0    tcp 10.0.0.1:40000 > 10.0.0.2:443 S seq=1 win=1000 ttl=64\n"
    "0.1  tcp 10.0.0.2:443 > 10.0.0.1:40000 SA seq=1 ack=2 win=2000 doff=6 len=4 "
    "ttl=128\n"
    "0.2  tcp 10.0.0.1:40000 > 10.0.0.2:443 A seq=2 ack=2 win=3000\n"
    "0.3  tcp 10.0.0.1:40000 > 10.0.0.2:443 PA seq=2 ack=2 len=100 win=3000\n"
    "0.4  tcp 10.0.0.1:40000 > 10.0.0.2:443 A seq=102 ack=2 len=200 win=3000\n"
    "0.5  tcp 10.0.0.1:40000 > 10.0.0.2:443 A seq=302 ack=2 len=300 win=3000\n"
    "0.6  tcp 10.0.0.1:40000 > 10.0.0.2:443 A seq=602 ack=2 len=400 win=3000\n"
    "2.6  tcp 10.0.0.2:443 > 10.0.0.1:40000 PA seq=2 ack=1002 len=1000 win=900\n"
    "9.6  tcp 10.0.0.1:40000 > 10.0.0.2:443 PAU seq=1002 ack=1002 len=50 win=3000\n"
    "9.8  tcp 10.0.0.2:443 > 10.0.0.1:40000 PA seq=1002 ack=1052 len=10 win=900\n"
    "10   tcp 10.0.0.1:40000 > 10.0.0.2:443 FA seq=1052 ack=1012 win=3000\n";

/* One flow, over in one row: 10 s are not more than the interval, but as long. */
static const struct lw_meter_config whole = {.status_interval_ns =
                                                 INT64_C(3600000000000)};

static void run_talk(void)
{
    view_rows_run(&got, "flow", &whole, talk);
    assert_int_equal(got.n_rows, 1);
}

static void what_it_is(void **state)
{
    (void)state;
    run_talk();
    CHECK({FLOW_protocol, NETFLOW_PROTOCOL_TCP}, {FLOW_service, NETFLOW_SERVICE_WEB},
          {FLOW_conn_state, LW_CONN_S2}, /* closed by the originator only */
          {FLOW_interim, 0}, {FLOW_rows_before, 0}, {FLOW_flow_age, 10e6});
    run("0 udp 10.0.0.1:5000 > 10.0.0.2:53 len=1\n");
    CHECK({FLOW_protocol, NETFLOW_PROTOCOL_UDP}, {FLOW_service, NETFLOW_SERVICE_DNS},
          {FLOW_conn_state, LW_CONN_NONE}, {FLOW_flow_age, 0});
}

/* 8 and 3 packets, 1050 and 1010 bytes in 10 s. */
static void how_much(void **state)
{
    (void)state;
    run_talk();
    CHECK({FLOW_flow_duration, 10e6}, {FLOW_total_fwd_packets, 8},
          {FLOW_total_backward_packets, 3}, {FLOW_total_length_of_fwd_packets, 1050},
          {FLOW_total_length_of_bwd_packets, 1010}, {FLOW_flow_bytes_s, 206},
          {FLOW_flow_packets_s, 1.1}, {FLOW_fwd_packets_s, 0.8},
          {FLOW_bwd_packets_s, 0.3}, {FLOW_down_up_ratio, 3.0 / 8});
}

/* Forward 0 0 100 200 300 400 50 0: mean 131.25; squares 302500, less 8 * 131.25^2 =
 * 137812.5 leave 164687.5; cubes 100125000, so that the third moment is 100125000 / 8 -
 * 3 * 131.25 * 302500 / 8 + 2 * 131.25^3 = 2148925.78125.
 * Backward 0 1000 10: mean 1010 / 3; squares 1000100, less 1010^2 / 3 leave 660066.667;
 * cubes 1000001000: third moment 1000001000 / 3 - 1010 / 3 * 1000100 + 2 * (1010 / 3)^3
 * = 72951925.926. */
static void lengths(void **state)
{
    (void)state;
    run_talk();
    CHECK({FLOW_fwd_packet_length_max, 400}, {FLOW_fwd_packet_length_min, 0},
          {FLOW_fwd_packet_length_mean, 131.25}, {FLOW_bwd_packet_length_max, 1000},
          {FLOW_bwd_packet_length_min, 0}, {FLOW_bwd_packet_length_mean, 1010.0 / 3},
          {FLOW_min_packet_length, 0}, {FLOW_max_packet_length, 1000},
          {FLOW_packet_length_mean, 2060.0 / 11});
    assert_near(value(0, FLOW_fwd_packet_length_std), sqrt(164687.5 / 7), 1e-4);
    assert_near(value(0, FLOW_fwd_packet_length_skew),
                2148925.78125 / pow(164687.5 / 8, 1.5), 1e-6);
    assert_near(value(0, FLOW_bwd_packet_length_std), sqrt(660066.667 / 2), 1e-4);
    assert_near(value(0, FLOW_bwd_packet_length_skew),
                72951925.926 / pow(660066.667 / 3, 1.5), 1e-6);
    /* 302500 + 1000100 - 2060^2 / 11 = 916818.18 */
    assert_near(value(0, FLOW_packet_length_std), sqrt(91681.818), 1e-3);
    /* headers 8 * 20; 24 + 20 + 20 */
    CHECK({FLOW_fwd_header_length, 160}, {FLOW_bwd_header_length, 64},
          {FLOW_min_seg_size_forward, 20}, {FLOW_act_data_pkt_fwd, 5},
          {FLOW_act_data_pkt_bwd, 2});
}

/* All: 0.1 six times, 2, 7, 0.2, 0.2 s; mean 1, squares 0.06 + 4 + 49 + 0.08 = 53.14,
 * less 10 leave 43.14, by 9.  Forward: 0.2 0.1 0.1 0.1 0.1 9 0.4: sum 10, squares 81.24
 * less 100 / 7, by 6.  Backward: 2.5 7.2: mean 4.85, 2 * 2.35^2. */
static void times_between_packets(void **state)
{
    (void)state;
    run_talk();
    CHECK({FLOW_flow_iat_mean, 1e6}, {FLOW_flow_iat_max, 7e6}, {FLOW_flow_iat_min, 1e5},
          {FLOW_fwd_iat_total, 10e6}, {FLOW_fwd_iat_mean, 10e6 / 7},
          {FLOW_fwd_iat_max, 9e6}, {FLOW_fwd_iat_min, 1e5}, {FLOW_bwd_iat_total, 9.7e6},
          {FLOW_bwd_iat_mean, 4.85e6}, {FLOW_bwd_iat_max, 7.2e6},
          {FLOW_bwd_iat_min, 2.5e6}, {FLOW_response_delay, 1e5});
    assert_near(value(0, FLOW_flow_iat_std), 1e6 * sqrt(43.14 / 9), 1);
    assert_near(value(0, FLOW_fwd_iat_std), 1e6 * sqrt((81.24 - 100.0 / 7) / 6), 1);
    assert_near(value(0, FLOW_bwd_iat_std), 1e6 * sqrt(2 * 2.35 * 2.35), 1);
}

/* Active from 0 to 2.6 and from 9.6 to 10 s: mean 1.5, std 1.1 * sqrt(2). */
static void active_and_idle(void **state)
{
    (void)state;
    run_talk();
    CHECK({FLOW_active_mean, 1.5e6}, {FLOW_active_max, 2.6e6}, {FLOW_active_min, 0.4e6},
          {FLOW_idle_mean, 7e6}, {FLOW_idle_std, 0}, {FLOW_idle_max, 7e6},
          {FLOW_idle_min, 7e6});
    assert_near(value(0, FLOW_active_std), 1.1e6 * sqrt(2), 1);
    run("0 udp 10.0.0.1:5000 > 10.0.0.2:53 len=1\n");
    CHECK({FLOW_active_mean, 0}, {FLOW_idle_mean, 0});
}

/* C's four packets with data, 1000 bytes from 0.3 to 0.6 s, are a bulk.  Silences of
 * more than a second make three subflows. */
static void bulks_and_subflows(void **state)
{
    (void)state;
    run_talk();
    CHECK({FLOW_fwd_avg_bytes_bulk, 1000}, {FLOW_fwd_avg_packets_bulk, 4},
          {FLOW_fwd_avg_bulk_rate, 1000 / 0.3}, {FLOW_bwd_avg_bytes_bulk, 0},
          {FLOW_bwd_avg_packets_bulk, 0}, {FLOW_bwd_avg_bulk_rate, 0},
          {FLOW_subflow_fwd_packets, 8.0 / 3}, {FLOW_subflow_fwd_bytes, 350},
          {FLOW_subflow_bwd_packets, 1}, {FLOW_subflow_bwd_bytes, 1010.0 / 3});
    run("0   udp 10.0.0.1:5000 > 10.0.0.2:6000 len=1\n"
        "0.5 udp 10.0.0.2:6000 > 10.0.0.1:5000 len=10\n"
        "1   udp 10.0.0.2:6000 > 10.0.0.1:5000 len=20\n"
        "1.5 udp 10.0.0.2:6000 > 10.0.0.1:5000 len=30\n"
        "2   udp 10.0.0.2:6000 > 10.0.0.1:5000 len=40\n"
        "2.5 udp 10.0.0.2:6000 > 10.0.0.1:5000 len=50\n");
    CHECK({FLOW_bwd_avg_bytes_bulk, 150}, {FLOW_bwd_avg_packets_bulk, 5},
          {FLOW_bwd_avg_bulk_rate, 75});
}

static void flags(void **state)
{
    (void)state;
    run_talk();
    CHECK({FLOW_fwd_fin_flags, 1}, {FLOW_bwd_fin_flags, 0}, {FLOW_fwd_syn_flags, 1},
          {FLOW_bwd_syn_flags, 1}, {FLOW_fwd_rst_flags, 0}, {FLOW_bwd_rst_flags, 0},
          {FLOW_fwd_psh_flags, 2}, {FLOW_bwd_psh_flags, 2}, {FLOW_fwd_urg_flags, 1},
          {FLOW_bwd_urg_flags, 0}, {FLOW_fin_flag_count, 1}, {FLOW_syn_flag_count, 2},
          {FLOW_rst_flag_count, 0}, {FLOW_psh_flag_count, 4}, {FLOW_ack_flag_count, 10},
          {FLOW_urg_flag_count, 1}, {FLOW_cwe_flag_count, 0}, {FLOW_ece_flag_count, 0});
    /* The other way round, and what the talk has not. */
    run("0 tcp 10.0.0.1:40000 > 10.0.0.2:80 SEC seq=1\n"
        "1 tcp 10.0.0.2:80 > 10.0.0.1:40000 SAE seq=1 ack=2\n"
        "2 tcp 10.0.0.2:80 > 10.0.0.1:40000 FAU seq=2 ack=2\n"
        "3 tcp 10.0.0.1:40000 > 10.0.0.2:80 RA seq=2\n"
        "4 tcp 10.0.0.2:80 > 10.0.0.1:40000 R seq=2\n");
    CHECK({FLOW_bwd_fin_flags, 1}, {FLOW_fwd_rst_flags, 1}, {FLOW_bwd_rst_flags, 1},
          {FLOW_rst_flag_count, 2}, {FLOW_bwd_urg_flags, 1}, {FLOW_cwe_flag_count, 1},
          {FLOW_ece_flag_count, 2});
}

static void windows_and_losses(void **state)
{
    (void)state;
    run_talk();
    CHECK({FLOW_init_win_bytes_forward, 1000}, {FLOW_init_win_bytes_backward, 2000},
          {FLOW_fwd_window_min, 1000}, {FLOW_fwd_window_max, 3000},
          {FLOW_bwd_window_min, 900}, {FLOW_bwd_window_max, 2000},
          {FLOW_fwd_zero_windows, 0}, {FLOW_bwd_zero_windows, 0},
          {FLOW_fwd_retransmitted, 0}, {FLOW_bwd_retransmitted, 0},
          {FLOW_fwd_duplicate_acks, 0}, {FLOW_bwd_duplicate_acks, 0});
    /* S's second and third say again what its first said; C sends 10 bytes again; S
     * its byte; C acknowledges it twice and closes its window. */
    run("0 tcp 10.0.0.1:40000 > 10.0.0.2:80 PA seq=1 ack=1 len=10 win=9\n"
        "1 tcp 10.0.0.2:80 > 10.0.0.1:40000 A seq=1 ack=1 win=9\n"
        "2 tcp 10.0.0.2:80 > 10.0.0.1:40000 A seq=1 ack=1 win=9\n"
        "3 tcp 10.0.0.2:80 > 10.0.0.1:40000 A seq=1 ack=1 win=9\n"
        "4 tcp 10.0.0.1:40000 > 10.0.0.2:80 PA seq=1 ack=1 len=10 win=9\n"
        "5 tcp 10.0.0.2:80 > 10.0.0.1:40000 A seq=1 ack=11 len=1 win=0\n"
        "6 tcp 10.0.0.2:80 > 10.0.0.1:40000 A seq=1 ack=11 len=1 win=0\n"
        "7 tcp 10.0.0.1:40000 > 10.0.0.2:80 A seq=11 ack=2 win=0\n"
        "8 tcp 10.0.0.1:40000 > 10.0.0.2:80 A seq=11 ack=2 win=0\n");
    CHECK({FLOW_bwd_duplicate_acks, 2}, {FLOW_fwd_duplicate_acks, 1},
          {FLOW_fwd_retransmitted, 1}, {FLOW_bwd_retransmitted, 1},
          {FLOW_fwd_zero_windows, 2}, {FLOW_bwd_zero_windows, 2},
          {FLOW_fwd_window_min, 0}, {FLOW_fwd_window_max, 9});
}

static void ip(void **state)
{
    (void)state;
    run_talk();
    CHECK({FLOW_fwd_ttl, 64}, {FLOW_bwd_ttl, 128}, {FLOW_wrong_fragments, 0},
          {FLOW_overlapping_fragments, 0});
    /* 1480 bytes of payload in two parts of a datagram, the second one said twice, and
     * a third that goes beyond 65,535. */
    run("0 udp 10.0.0.1:9 > 10.0.0.2:9 len=1480 ipid=7 cut=0,800 ttl=3\n"
        "1 udp 10.0.0.1:9 > 10.0.0.2:9 len=1480 ipid=7 cut=400,800\n"
        "2 ip 10.0.0.1 > 10.0.0.2 proto=17 ipid=8 frag=65528 len=80\n");
    CHECK({FLOW_overlapping_fragments, 1}, {FLOW_fwd_ttl, 3}, {FLOW_bwd_ttl, MISSING});
    assert_int_equal(got.n_rows, 2);
    assert_near(value(1, FLOW_wrong_fragments), 1, 0);
}

/* "abab" is 1 bit, "abcdefgh" 3; all of them are text. */
static void entropy(void **state)
{
    (void)state;
    run("0 udp 10.0.0.1:5000 > 10.0.0.2:6000 data=abab\n"
        "1 udp 10.0.0.2:6000 > 10.0.0.1:5000 data=abcdefgh\n"
        "2 udp 10.0.0.2:6000 > 10.0.0.1:5000 len=8\n");
    /* 8 zeros more: 8 of 16 bytes are one, the others 8: 1/2 * 1 + 1/2 * 4. */
    CHECK({FLOW_fwd_entropy, 1}, {FLOW_fwd_printable, 1}, {FLOW_bwd_entropy, 2.5},
          {FLOW_bwd_printable, 0.5});
    run("0 tcp 10.0.0.1:5000 > 10.0.0.2:80 S\n");
    CHECK({FLOW_fwd_entropy, MISSING}, {FLOW_fwd_printable, MISSING},
          {FLOW_bwd_entropy, MISSING});
}

/* As they are defined. */
static void check_head(const uint8_t *bytes, unsigned n)
{
    unsigned counts[256] = {0};
    unsigned text = 0;
    double h = 0;

    for (unsigned i = 0; i < n; i++) {
        counts[bytes[i]]++;
        text += (bytes[i] >= 32 && bytes[i] < 127) || (bytes[i] >= 9 && bytes[i] <= 13);
    }
    for (unsigned c = 0; c < 256; c++) {
        if (counts[c] > 0)
            h -= counts[c] / (double)n * log2(counts[c] / (double)n);
    }
    assert_near(head_entropy(bytes, n), h, 1e-5);
    assert_near(head_printable(bytes, n), text / (double)n, 1e-6);
}

static void entropy_is_shannons(void **state)
{
    uint8_t bytes[64];

    (void)state;
    for (unsigned step = 0; step < 7; step++) {
        for (unsigned i = 0; i < sizeof bytes; i++)
            bytes[i] = (uint8_t)(i * i * step + i / (step + 1));
        for (unsigned n = 1; n <= sizeof bytes; n++)
            check_head(bytes, n);
    }
    assert_true(isnan(head_entropy(bytes, 0)));
    assert_true(isnan(head_printable(bytes, 0)));
}

/* Lengths of IP, the server's below 0. */
static void first_packets(void **state)
{
    static const double want[20] = {40,      -44,     40,      140,     240,
                                    340,     440,     -1040,   90,      -50,
                                    40,      MISSING, MISSING, MISSING, MISSING,
                                    MISSING, MISSING, MISSING, MISSING, MISSING};

    (void)state;
    run_talk();
    for (unsigned i = 0; i < 20; i++) {
        double v = value(0, (enum flow_column)(FLOW_packet_1 + i));

        assert_true(isnan(want[i]) ? isnan(v) : v == want[i]);
    }
}

/* The capture begins in the middle: the server's packet is the first one, but the
 * client is who has the port that is no service's. */
static void directions_follow_the_initiator(void **state)
{
    (void)state;
    run("0 tcp 10.0.0.2:80 > 10.0.0.1:40000 PA seq=9 ack=1 len=700 data=ab win=5\n"
        "1 tcp 10.0.0.1:40000 > 10.0.0.2:80 A seq=1 ack=709 win=7\n");
    CHECK({FLOW_total_length_of_fwd_packets, 0}, {FLOW_act_data_pkt_bwd, 1},
          {FLOW_init_win_bytes_forward, 7}, {FLOW_init_win_bytes_backward, 5},
          {FLOW_packet_2, 40}, {FLOW_response_delay, 0});
    assert_true(value(0, FLOW_packet_1) < -40);
}

static void a_side_that_is_silent_is_missing(void **state)
{
    (void)state;
    run("0 udp 10.0.0.1:5000 > 10.0.0.2:53 len=10\n");
    CHECK({FLOW_bwd_packet_length_max, MISSING}, {FLOW_bwd_packet_length_mean, MISSING},
          {FLOW_bwd_packet_length_skew, MISSING}, {FLOW_fwd_iat_mean, MISSING},
          {FLOW_flow_iat_mean, MISSING}, {FLOW_fwd_iat_total, MISSING},
          {FLOW_bwd_ttl, MISSING}, {FLOW_response_delay, MISSING},
          {FLOW_flow_bytes_s, MISSING}, {FLOW_init_win_bytes_forward, MISSING},
          {FLOW_fwd_window_min, MISSING}, {FLOW_down_up_ratio, 0},
          {FLOW_fwd_packet_length_skew, 0}, {FLOW_total_backward_packets, 0},
          {FLOW_fwd_syn_flags, 0});
    run("0 arp 10.0.0.1 > 10.0.0.2\n");
    CHECK({FLOW_protocol, NETFLOW_PROTOCOL_ARP}, {FLOW_service, NETFLOW_SERVICE_NONE},
          {FLOW_min_seg_size_forward, MISSING}, {FLOW_fwd_ttl, MISSING},
          {FLOW_packet_1, 42});
}

/* ---- flows that go on ------------------------------------------------------------ */

/* A packet a second from 0 to 24 s: rows end with the packets of 9, 19 and 24 s. */
static void a_long_flow_has_a_row_every_ten_seconds(void **state)
{
    char lines[2048] = "";
    size_t n = 0;

    (void)state;
    for (unsigned i = 0; i < 25; i++)
        n += (size_t)snprintf(lines + n, sizeof lines - n,
                              "%u udp 10.0.0.1:5000 > 10.0.0.2:6000 data=ab len=%u\n",
                              i, i);
    run(lines);
    assert_int_equal(got.n_rows, 3);
    for (unsigned r = 0; r < 3; r++) {
        assert_near(value(r, FLOW_interim), r < 2, 0);
        assert_near(value(r, FLOW_rows_before), r, 0);
        assert_near(value(r, FLOW_flow_age), (r < 2 ? 9 + 10 * r : 24) * 1e6, 0);
        assert_near(value(r, FLOW_flow_duration), (r < 2 ? 9 : 4) * 1e6, 0);
        assert_near(value(r, FLOW_total_fwd_packets), r < 2 ? 10 : 5, 0);
        assert_near(value(r, FLOW_fwd_iat_total), (r < 2 ? 9 : 4) * 1e6, 0);
        /* How it began stays. */
        assert_near(value(r, FLOW_packet_1), value(0, FLOW_packet_1), 0);
        /* Once a flow of this source. */
        assert_near(value(r, FLOW_src_flows_600s), exp2((r < 2 ? r * 10 : 15) / -600.0),
                    1e-5);
    }
    assert_true(isnan(value(0, FLOW_packet_11)));
    assert_true(value(1, FLOW_packet_11) > 0);
}

static void packets_make_rows_too(void **state)
{
    const struct lw_meter_config cfg = {.status_packets = 2};

    (void)state;
    view_rows_run(&got, "flow", &cfg,
                  "0   udp 10.0.0.1:5000 > 10.0.0.2:6000 len=1\n"
                  "0.1 udp 10.0.0.2:6000 > 10.0.0.1:5000 len=2\n"
                  "0.2 udp 10.0.0.1:5000 > 10.0.0.2:6000 len=4\n"
                  "0.3 udp 10.0.0.1:5000 > 10.0.0.2:6000 len=8\n"
                  "0.4 udp 10.0.0.1:5000 > 10.0.0.2:6000 len=16\n");
    assert_int_equal(got.n_rows, 3);
    assert_near(value(0, FLOW_total_length_of_fwd_packets), 1, 0);
    assert_near(value(1, FLOW_total_length_of_fwd_packets), 12, 0);
    assert_near(value(2, FLOW_total_length_of_fwd_packets), 16, 0);
    assert_near(value(2, FLOW_interim), 0, 0);
}

/* Another interval that was asked for stays, and the other views keep the meter's. */
static void the_interval_can_be_set(void **state)
{
    struct lw_meter_config cfg = {.status_interval_ns = 5};

    (void)state;
    lw_view_meter_needs(lw_view_get("flow"), &cfg);
    assert_int_equal(cfg.status_interval_ns, 5);
    cfg.status_interval_ns = 0;
    lw_view_meter_needs(lw_view_get("netflow"), &cfg);
    assert_int_equal(cfg.status_interval_ns, 0);
    lw_view_meter_needs(lw_view_get("flow"), &cfg);
    assert_int_equal(cfg.status_interval_ns, 10000000000);
}

static void keep_row(void *ctx, const struct lw_row *row)
{
    (void)ctx;
    memcpy(got.row[got.n_rows++], row->values, N_FLOW * sizeof row->values[0]);
}

static void run_record(const struct lw_record *rec)
{
    struct lw_extractor *x = NULL;
    struct lw_error err;

    got.n_rows = 0;
    assert_int_equal(lw_extractor_new(&x, lw_view_get("flow"), NULL, &err), LW_OK);
    assert_int_equal(lw_extractor_add(x, rec, INT64_MAX, keep_row, NULL), LW_OK);
    assert_int_equal(got.n_rows, 1);
    lw_extractor_free(x);
}

/* ---- handshakes ----------------------------------------------------------------- */

static void run_handshake(const struct lw_handshake *h)
{
    static const struct lw_flow_stats stats;
    struct lw_record r = record_of(LW_FLOW_TCP, 1, 2, 443);

    r.app = h->app;
    r.handshake = h;
    r.stats = &stats;
    run_record(&r);
}

/* Facts in their order, each another number; what was not seen is missing. */
static void what_is_said_in_clear(void **state)
{
    struct lw_handshake h = {.app = LW_APP_TLS};

    (void)state;
    h.tls = (struct lw_tls_facts){.client_hello_bytes = 508,
                                  .max_version = 0x0304,
                                  .n_ciphers = 31,
                                  .n_extensions = 12,
                                  .has_grease = 1,
                                  .server_name_bytes = 15,
                                  .n_alpn = 2,
                                  .n_groups = 10,
                                  .n_signatures = 20,
                                  .offers_resumption = 0,
                                  .version = 0x0303,
                                  .n_server_extensions = 5,
                                  .is_resumed = 1,
                                  .certificate_bytes = LW_NOT_SEEN};
    run_handshake(&h);
    CHECK({FLOW_app, LW_APP_TLS}, {FLOW_tls_hello_bytes, 508},
          {FLOW_tls_offered_version, 772}, {FLOW_tls_ciphers, 31},
          {FLOW_tls_extensions, 12}, {FLOW_tls_groups, 10}, {FLOW_tls_signatures, 20},
          {FLOW_tls_alpn, 2}, {FLOW_tls_server_name_bytes, 15}, {FLOW_tls_grease, 1},
          {FLOW_tls_offers_resumption, 0}, {FLOW_tls_version, 771},
          {FLOW_tls_server_extensions, 5}, {FLOW_tls_resumed, 1},
          {FLOW_tls_certificate_bytes, MISSING}, {FLOW_ssh_client_ciphers, MISSING});
    h = (struct lw_handshake){.app = LW_APP_SSH};
    h.ssh = (struct lw_ssh_facts){.software_bytes = {11, 12},
                                  .n_ciphers = {6, LW_NOT_SEEN},
                                  .kexinit_bytes = {1500, 1000}};
    run_handshake(&h);
    CHECK({FLOW_app, LW_APP_SSH}, {FLOW_ssh_client_software_bytes, 11},
          {FLOW_ssh_client_kexinit_bytes, 1500}, {FLOW_ssh_client_ciphers, 6},
          {FLOW_ssh_server_software_bytes, 12}, {FLOW_ssh_server_kexinit_bytes, 1000},
          {FLOW_ssh_server_ciphers, MISSING}, {FLOW_tls_ciphers, MISSING});
    h = (struct lw_handshake){.app = LW_APP_QUIC};
    h.quic = (struct lw_quic_facts){.version = {1, LW_NOT_SEEN},
                                    .to_id_bytes = {8, 0},
                                    .token_bytes = 3,
                                    .datagram_bytes = {1200, LW_NOT_SEEN}};
    run_handshake(&h);
    CHECK({FLOW_app, LW_APP_QUIC}, {FLOW_quic_version, 1}, {FLOW_quic_id_bytes, 8},
          {FLOW_quic_token_bytes, 3}, {FLOW_quic_datagram_bytes, 1200});
}

/* The meter looks for it when the view is made: in all rows of the flow. */
static void protocols_are_recognised(void **state)
{
    const struct lw_meter_config cfg = {.status_packets = 4};

    (void)state;
    view_rows_run(&got, "flow", &cfg,
                  "0 tcp 10.0.0.1:40000 > 10.0.0.2:8022 S seq=1\n"
                  "1 tcp 10.0.0.2:8022 > 10.0.0.1:40000 SA seq=1 ack=2\n"
                  "2 tcp 10.0.0.1:40000 > 10.0.0.2:8022 A seq=2 ack=2\n"
                  "3 tcp 10.0.0.2:8022 > 10.0.0.1:40000 PA seq=2 ack=2 "
                  "hex=5353482d322e302d610d0a\n"
                  "4 tcp 10.0.0.1:40000 > 10.0.0.2:8022 PA seq=2 ack=13 "
                  "hex=5353482d322e302d6262620d0a\n");
    assert_int_equal(got.n_rows, 2);
    assert_near(value(1, FLOW_app), LW_APP_SSH, 0);
    assert_near(value(1, FLOW_ssh_server_software_bytes), 1, 0);
    assert_near(value(1, FLOW_ssh_client_software_bytes), 3, 0);
    assert_true(isnan(value(1, FLOW_ssh_client_ciphers)));
    run("0 arp 10.0.0.1 > 10.0.0.2\n");
    CHECK({FLOW_app, LW_APP_UNKNOWN});
}

/* A record that was read, not metered, has what its source says; what the view says of
 * the sources must be so. */
static void records_of_elsewhere_have_what_is_promised(void **state)
{
    static const struct {
        enum lw_source source;
        uint32_t lacks;
    } cases[] = {
        {LW_SOURCE_BINETFLOW, LW_LACKS_SIDE_PACKETS | LW_LACKS_IP_BYTES |
                                  LW_LACKS_PAYLOAD | LW_LACKS_DETAIL},
        {LW_SOURCE_ZEEK,
         LW_LACKS_FRAME_BYTES | LW_LACKS_TOS | LW_LACKS_DETAIL | LW_LACKS_MINOR_FLAGS},
    };
    const struct lw_view *view = lw_view_get("flow");

    (void)state;
    for (size_t c = 0; c < 2; c++) {
        struct lw_record r = record_of(LW_FLOW_TCP, 1, 2, 80);

        record_set_time(&r, 1, 3);
        r.lacks = cases[c].lacks;
        run_record(&r);
        for (size_t i = 0; i < N_FLOW; i++) {
            bool missing = isnan(got.row[0][i]) != 0;

            if (missing != (view->features[i].evidence[cases[c].source] ==
                            LW_EVIDENCE_UNAVAILABLE))
                fail_msg("%s is %smissing", view->features[i].name,
                         missing ? "" : "not ");
        }
        assert_near(value(0, FLOW_flow_duration), 2e6, 0);
    }
}

static void every_column_was_checked(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_FLOW_OWN; i++) {
        if (!seen[i])
            fail_msg("%s has no test", lw_view_get("flow")->features[i].name);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_it_is),
        cmocka_unit_test(how_much),
        cmocka_unit_test(lengths),
        cmocka_unit_test(times_between_packets),
        cmocka_unit_test(active_and_idle),
        cmocka_unit_test(bulks_and_subflows),
        cmocka_unit_test(flags),
        cmocka_unit_test(windows_and_losses),
        cmocka_unit_test(ip),
        cmocka_unit_test(entropy),
        cmocka_unit_test(entropy_is_shannons),
        cmocka_unit_test(first_packets),
        cmocka_unit_test(directions_follow_the_initiator),
        cmocka_unit_test(a_side_that_is_silent_is_missing),
        cmocka_unit_test(a_long_flow_has_a_row_every_ten_seconds),
        cmocka_unit_test(packets_make_rows_too),
        cmocka_unit_test(the_interval_can_be_set),
        cmocka_unit_test(what_is_said_in_clear),
        cmocka_unit_test(protocols_are_recognised),
        cmocka_unit_test(records_of_elsewhere_have_what_is_promised),
        cmocka_unit_test(every_column_was_checked),
    };

    return cmocka_run_group_tests_name("flow_view", tests, NULL, NULL);
}

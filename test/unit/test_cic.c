/* SPDX-License-Identifier: Apache-2.0 */
#include "metered.h"
#include "test.h"

#include <lapwing/flowlog.h>

#include <stdlib.h>
#include <string.h>

static const struct lw_meter_config with_stats = {.flow_stats = true};

/* C begins; sends 0 0 100 300 0 bytes at 0 0.2 0.3 2.0 2.2 s.
 * S sends 0 10 20 30 40 0 0 bytes at 0.1 0.4 0.5 0.6 0.7 2.1 2.3 s: four make a bulk of
 * 0.3 s. */
static const char conversation[] =
    "0.0 tcp 10.0.0.9:4000 > 10.0.0.2:80 S seq=0 win=1000\n"
    "0.1 tcp 10.0.0.2:80 > 10.0.0.9:4000 SA seq=0 ack=1 win=2000\n"
    "0.2 tcp 10.0.0.9:4000 > 10.0.0.2:80 A seq=1 ack=1\n"
    "0.3 tcp 10.0.0.9:4000 > 10.0.0.2:80 PA seq=1 ack=1 len=100\n"
    "0.4 tcp 10.0.0.2:80 > 10.0.0.9:4000 A seq=1 ack=101 len=10 pad=6\n"
    "0.5 tcp 10.0.0.2:80 > 10.0.0.9:4000 A seq=11 ack=101 len=20\n"
    "0.6 tcp 10.0.0.2:80 > 10.0.0.9:4000 A seq=31 ack=101 len=30\n"
    "0.7 tcp 10.0.0.2:80 > 10.0.0.9:4000 PA seq=61 ack=101 len=40\n"
    "2.0 tcp 10.0.0.9:4000 > 10.0.0.2:80 PAU seq=101 ack=101 len=300\n"
    "2.1 tcp 10.0.0.2:80 > 10.0.0.9:4000 FA seq=101 ack=401\n"
    "2.2 tcp 10.0.0.9:4000 > 10.0.0.2:80 FA seq=401 ack=102\n"
    "2.3 tcp 10.0.0.2:80 > 10.0.0.9:4000 A seq=102 ack=402 win=9\n";

enum column {
#define CIC(id, ...) C_##id,
#define CIC_AGAIN(...)
#include "flow/cic.def"
#undef CIC
    N_COLUMNS
};

struct expected {
    enum column column;
    const char *text; /* as it must be, or */
    double near;      /* what it must be near to */
};

/* The line of a record, cut up. */
static void cut(const struct lw_record *rec, char *line[N_COLUMNS])
{
    static char text[4096];
    const struct lw_flowlog_config cfg = {
        .format = "cic", .no_header = true, .label = "why"};
    struct lw_flowlog *log = NULL;
    struct lw_error err;
    const char *all;
    size_t n;

    assert_int_equal(lw_flowlog_new(&log, &cfg, &err), LW_OK);
    lw_flowlog_record(log, rec);
    assert_int_equal(lw_flowlog_take(log, &all, &n, &err), LW_OK);
    assert_true(n > 0 && n < sizeof text && all[n - 1] == '\n');
    memcpy(text, all, n);
    text[n - 1] = '\0';
    line[0] = text;
    for (size_t i = 1; i < N_COLUMNS; i++) {
        line[i] = strchr(line[i - 1], ',');
        assert_non_null(line[i]);
        *line[i]++ = '\0';
    }
    assert_string_equal(line[C_label], "why");
    lw_flowlog_free(log);
}

static void check(const struct lw_record *rec, const struct expected *e, size_t n)
{
    char *line[N_COLUMNS];

    cut(rec, line);
    for (size_t i = 0; i < n; i++) {
        const char *text = line[e[i].column];

        if (e[i].text != NULL)
            assert_string_equal(text, e[i].text);
        else
            assert_near(strtod(text, NULL), e[i].near, 1e-9);
    }
}

#define CHECK(rec, ...)                                                                \
    do {                                                                               \
        const struct expected expected[] = {__VA_ARGS__};                              \
                                                                                       \
        check(rec, expected, sizeof expected / sizeof expected[0]);                    \
    } while (0)

static void meter(struct metered *got, const char *lines, size_t n_recs)
{
    metered_init(got, &with_stats);
    metered_run(got, lines);
    metered_flush(got);
    assert_int_equal(got->n_recs, n_recs);
}

static void one_connection_is_one_flow(void **state)
{
    struct metered got;

    (void)state;
    meter(&got, conversation, 1);
    CHECK(&got.recs[0], {C_flow_id, "10.0.0.9-10.0.0.2-4000-80-6", 0},
          {C_src_ip, "10.0.0.9", 0}, {C_src_port, "4000", 0}, {C_dst_ip, "10.0.0.2", 0},
          {C_dst_port, "80", 0}, {C_protocol, "6", 0},
          {C_timestamp, "1970-01-01 00:00:00.000000", 0}, {C_duration, "2300000", 0},
          {C_fwd_packets, "5", 0}, {C_bwd_packets, "7", 0},
          {C_packets_rate, NULL, 12 / 2.3}, {C_fwd_packets_rate, NULL, 5 / 2.3},
          {C_bwd_packets_rate, NULL, 7 / 2.3}, {C_down_up, "1.4", 0});
    metered_release(&got);
}

/* Each packet counts once, and its padding not at all. */
static void lengths(void **state)
{
    struct metered got;

    (void)state;
    meter(&got, conversation, 1);
    CHECK(&got.recs[0], {C_fwd_bytes, "400", 0}, {C_bwd_bytes, "100", 0},
          {C_fwd_len_max, "300", 0}, {C_fwd_len_min, "0", 0}, {C_fwd_len_mean, "80", 0},
          {C_fwd_len_std, NULL, 130.38404810405297}, {C_bwd_len_max, "40", 0},
          {C_bwd_len_min, "0", 0}, {C_bwd_len_mean, NULL, 100 / 7.0},
          {C_bwd_len_std, NULL, 16.18347187425374}, {C_bytes_rate, NULL, 500 / 2.3},
          {C_len_min, "0", 0}, {C_len_max, "300", 0}, {C_len_mean, NULL, 500 / 12.0},
          {C_len_std, NULL, 86.42740867165328}, {C_len_var, NULL, 7469.69696969697},
          {C_size_mean, NULL, 500 / 12.0}, {C_fwd_segment_mean, "80", 0},
          {C_bwd_segment_mean, NULL, 100 / 7.0}, {C_fwd_header, "100", 0},
          {C_bwd_header, "140", 0}, {C_fwd_header_min, "20", 0},
          {C_fwd_data_packets, "2", 0});
    metered_release(&got);
}

static void times(void **state)
{
    struct metered got;

    (void)state;
    meter(&got, conversation, 1);
    CHECK(&got.recs[0], {C_iat_mean, NULL, 2300000 / 11.0},
          {C_iat_std, NULL, 361813.61349331634}, {C_iat_max, "1300000", 0},
          {C_iat_min, "100000", 0}, {C_fwd_iat_total, "2200000", 0},
          {C_fwd_iat_mean, "550000", 0}, {C_fwd_iat_std, NULL, 768114.5747868608},
          {C_fwd_iat_max, "1700000", 0}, {C_fwd_iat_min, "100000", 0},
          {C_bwd_iat_total, "2200000", 0}, {C_bwd_iat_mean, NULL, 2200000 / 6.0},
          {C_bwd_iat_std, NULL, 512510.16250086855}, {C_bwd_iat_max, "1400000", 0},
          {C_bwd_iat_min, "100000", 0},
          /* never idle: active from end to end */
          {C_active_mean, "2300000", 0}, {C_active_std, "0", 0},
          {C_active_max, "2300000", 0}, {C_active_min, "2300000", 0},
          {C_idle_mean, "0", 0}, {C_idle_std, "0", 0}, {C_idle_max, "0", 0},
          {C_idle_min, "0", 0});
    metered_release(&got);
}

static void flags_windows_and_parts(void **state)
{
    struct metered got;

    (void)state;
    meter(&got, conversation, 1);
    CHECK(&got.recs[0], {C_fwd_psh, "2", 0}, {C_bwd_psh, "1", 0}, {C_fwd_urg, "1", 0},
          {C_bwd_urg, "0", 0}, {C_fin, "2", 0}, {C_syn, "2", 0}, {C_rst, "0", 0},
          {C_psh, "3", 0}, {C_ack, "11", 0}, {C_urg, "1", 0}, {C_cwr, "0", 0},
          {C_ece, "0", 0}, {C_fwd_window, "1000", 0}, {C_bwd_window, "2000", 0},
          {C_fwd_bulk_bytes, "0", 0}, {C_fwd_bulk_packets, "0", 0},
          {C_fwd_bulk_rate, "0", 0}, {C_bwd_bulk_bytes, "100", 0},
          {C_bwd_bulk_packets, "4", 0}, {C_bwd_bulk_rate, NULL, 100 / 0.3},
          /* a silence of 1.3 s makes two parts */
          {C_subflow_fwd_packets, "2.5", 0}, {C_subflow_fwd_bytes, "200", 0},
          {C_subflow_bwd_packets, "3.5", 0}, {C_subflow_bwd_bytes, "50", 0});
    metered_release(&got);
}

/* One packet: no times between, no rates, nothing of the other side. */
static void what_is_not_known_is_empty(void **state)
{
    struct metered got;

    (void)state;
    meter(&got, "5 udp [fe80::1]:1000 > [fe80::2]:2000 len=7\n", 1);
    CHECK(&got.recs[0], {C_flow_id, "fe80::1-fe80::2-1000-2000-17", 0},
          {C_duration, "0", 0}, {C_bwd_packets, "0", 0}, {C_bwd_bytes, "0", 0},
          {C_fwd_len_std, "0", 0}, {C_bwd_len_max, "", 0}, {C_bwd_len_min, "", 0},
          {C_bwd_len_mean, "", 0}, {C_bwd_len_std, "", 0}, {C_bytes_rate, "", 0},
          {C_packets_rate, "", 0}, {C_fwd_packets_rate, "", 0}, {C_iat_mean, "", 0},
          {C_iat_std, "", 0}, {C_iat_max, "", 0}, {C_fwd_iat_total, "", 0},
          {C_bwd_segment_mean, "", 0}, {C_fwd_window, "", 0}, {C_down_up, "0", 0},
          {C_len_mean, "7", 0}, {C_fwd_header_min, "8", 0}, {C_active_mean, "0", 0},
          {C_subflow_fwd_bytes, "7", 0});
    metered_release(&got);
}

/* Heard from the answer on, the client is still forward. */
static void forward_is_from_who_began(void **state)
{
    struct metered got;

    (void)state;
    meter(&got,
          "0 tcp 10.0.0.2:80 > 10.0.0.9:4000 SA seq=0 ack=1 win=5\n"
          "1 tcp 10.0.0.9:4000 > 10.0.0.2:80 PA seq=1 ack=1 len=3 win=6\n",
          1);
    CHECK(&got.recs[0], {C_src_port, "4000", 0}, {C_fwd_bytes, "3", 0},
          {C_bwd_bytes, "0", 0}, {C_fwd_window, "6", 0}, {C_bwd_window, "5", 0},
          {C_down_up, "1", 0});
    metered_release(&got);
}

static void active_and_idle(void **state)
{
    struct metered got;

    (void)state;
    meter(&got,
          "0 tcp 10.0.0.9:4000 > 10.0.0.2:80 A seq=1\n"
          "2 tcp 10.0.0.9:4000 > 10.0.0.2:80 A seq=1\n"
          "10 tcp 10.0.0.9:4000 > 10.0.0.2:80 A seq=1\n"
          "20 tcp 10.0.0.9:4000 > 10.0.0.2:80 A seq=1\n"
          "24 tcp 10.0.0.9:4000 > 10.0.0.2:80 A seq=1\n",
          1);
    CHECK(&got.recs[0], {C_active_mean, "3000000", 0}, {C_active_max, "4000000", 0},
          {C_active_min, "2000000", 0}, {C_active_std, NULL, 1414213.562373095},
          {C_idle_mean, "9000000", 0}, {C_idle_max, "10000000", 0},
          {C_idle_min, "8000000", 0});
    metered_release(&got);
}

static void all_ip_has_its_place_and_nothing_else(void **state)
{
    const struct lw_flowlog_config cfg = {.format = "cic2018"};
    struct lw_flowlog *log = NULL;
    struct lw_flowlog_stats written;
    struct lw_error err;
    struct metered got;

    (void)state;
    meter(&got,
          "0 arp 10.0.0.1 > 10.0.0.2\n"
          "1 icmp 10.0.0.1 > 10.0.0.2 type=8 id=1 len=20\n",
          2);
    assert_int_equal(lw_flowlog_new(&log, &cfg, &err), LW_OK);
    lw_flowlog_record(log, &got.recs[0]);
    lw_flowlog_record(log, &got.recs[1]);
    lw_flowlog_get_stats(log, &written);
    assert_int_equal(written.left_out, 1);
    CHECK(&got.recs[1], {C_protocol, "1", 0}, {C_src_port, "0", 0},
          {C_fwd_bytes, "20", 0}, {C_fin, "0", 0});
    lw_flowlog_free(log);
    metered_release(&got);
}

/* Without statistics there is little to say, and nothing wrong. */
static void a_record_without_statistics(void **state)
{
    struct metered got;

    (void)state;
    metered_init(&got, NULL);
    metered_run(&got, conversation);
    metered_flush(&got);
    CHECK(&got.recs[0], {C_src_ip, "10.0.0.9", 0}, {C_duration, "2300000", 0},
          {C_fwd_packets, "", 0}, {C_len_max, "", 0}, {C_iat_mean, "", 0},
          {C_idle_min, "", 0});
    metered_release(&got);
}

static void formats_say_what_they_need(void **state)
{
    (void)state;
    assert_true(lw_flow_format_needs_stats(lw_flow_format_get("cic")));
    assert_true(lw_flow_format_needs_stats(lw_flow_format_get("cic2018")));
    assert_false(lw_flow_format_needs_stats(lw_flow_format_get("binetflow")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_connection_is_one_flow),
        cmocka_unit_test(lengths),
        cmocka_unit_test(times),
        cmocka_unit_test(flags_windows_and_parts),
        cmocka_unit_test(what_is_not_known_is_empty),
        cmocka_unit_test(forward_is_from_who_began),
        cmocka_unit_test(active_and_idle),
        cmocka_unit_test(all_ip_has_its_place_and_nothing_else),
        cmocka_unit_test(a_record_without_statistics),
        cmocka_unit_test(formats_say_what_they_need),
    };

    return cmocka_run_group_tests_name("cic", tests, NULL, NULL);
}

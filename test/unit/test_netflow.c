/* SPDX-License-Identifier: Apache-2.0 */
#include "feature/netflow_names.h"
#include "record.h"
#include "test.h"

#include <lapwing/view.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

static float row_values[N_NETFLOW];
static size_t n_rows;

static void keep(void *ctx, const struct lw_row *row)
{
    (void)ctx;
    memcpy(row_values, row->values, sizeof row_values);
    n_rows++;
}

/* The row is there at once: this view does not wait. */
static void run(const struct lw_record *rec)
{
    struct lw_extractor *x = NULL;
    struct lw_extractor_stats s;
    struct lw_error err;

    n_rows = 0;
    assert_int_equal(lw_extractor_new(&x, lw_view_get("netflow"), NULL, &err), LW_OK);
    assert_int_equal(lw_extractor_add(x, rec, INT64_MIN, keep, NULL), LW_OK);
    assert_int_equal(n_rows, 1);
    lw_extractor_flush(x, keep, NULL);
    assert_int_equal(n_rows, 1);
    lw_extractor_get_stats(x, &s);
    assert_int_equal(s.records, 1);
    assert_int_equal(s.rows, 1);
    lw_extractor_free(x);
}

static double value(enum netflow_column column)
{
    return (double)row_values[column];
}

static const char *name(enum netflow_column column)
{
    return lw_view_get("netflow")->features[column].categories[(size_t)value(column)];
}

static void set_state(struct lw_record *r, const char *state)
{
    (void)snprintf(r->state, sizeof r->state, "%s", state);
}

/* 3 packets of 586 bytes of IP from the source, 1 of 86 back, in 0.5 s: 14 bytes more
 * each as frames, so 600 and 100. */
static struct lw_record sample(void)
{
    struct lw_record r = record_of(LW_FLOW_UDP, 1, 2, 53);

    record_set_time(&r, 1, 1.5);
    set_state(&r, "CON");
    r.dir = LW_DIR_BOTH;
    r.side[0].packets = 3;
    r.side[0].ip_bytes = 3 * 586;
    r.side[0].frame_bytes = 3 * 604; /* tagged: that does not count */
    r.side[0].payload_bytes = 3 * 558;
    r.side[1].ip_bytes = 86;
    r.side[1].frame_bytes = 100;
    r.side[1].payload_bytes = 58;
    r.side[0].tos = 184;
    return r;
}

static void volumes_and_rates(void **state)
{
    struct lw_record r = sample();

    (void)state;
    run(&r);
    assert_near(value(NETFLOW_duration), 0.5, 0);
    assert_string_equal(name(NETFLOW_protocol), "udp");
    assert_string_equal(name(NETFLOW_direction), "<->");
    assert_string_equal(name(NETFLOW_state), "CON");
    assert_string_equal(name(NETFLOW_service), "dns");
    assert_near(value(NETFLOW_packets), 4, 0);
    assert_near(value(NETFLOW_src_packets), 3, 0);
    assert_near(value(NETFLOW_dst_packets), 1, 0);
    assert_near(value(NETFLOW_bytes), 1900, 0);
    assert_near(value(NETFLOW_src_bytes), 1800, 0);
    assert_near(value(NETFLOW_dst_bytes), 100, 0);
    assert_near(value(NETFLOW_src_payload), 1674, 0);
    assert_near(value(NETFLOW_dst_payload), 58, 0);
    assert_near(value(NETFLOW_src_byte_share), 1800.0 / 1900, 1e-6);
    assert_near(value(NETFLOW_src_packet_share), 0.75, 0);
    assert_near(value(NETFLOW_bytes_per_packet), 475, 0);
    assert_near(value(NETFLOW_src_bytes_per_packet), 600, 0);
    assert_near(value(NETFLOW_dst_bytes_per_packet), 100, 0);
    assert_near(value(NETFLOW_packets_per_second), 8, 0);
    assert_near(value(NETFLOW_bytes_per_second), 3800, 0);
    assert_near(value(NETFLOW_src_tos), 184, 0);
    assert_near(value(NETFLOW_dst_tos), 0, 0);
    assert_near(value(NETFLOW_src_syn), 0, 0);
}

/* What has no IP counts as it was: an ARP question of 60 bytes, with its padding. */
static void without_ip_frames_count(void **state)
{
    struct lw_record r = record_of(LW_FLOW_ARP, 1, 2, 0);

    (void)state;
    r.ip_version = 0;
    r.side[0].frame_bytes = 60;
    r.side[1] = (struct lw_side){.packets = 0};
    run(&r);
    assert_near(value(NETFLOW_src_bytes), 60, 0);
    assert_near(value(NETFLOW_bytes), 60, 0);
    assert_string_equal(name(NETFLOW_conn_state), "none");
}

/* The same in Zeek's words, whatever the source. */
static void the_state_of_a_connection(void **state)
{
    struct lw_record r = sample();

    (void)state;
    run(&r);
    assert_string_equal(name(NETFLOW_conn_state), "SF");
    assert_near(value(NETFLOW_answered), 1, 0);
    assert_near(value(NETFLOW_failed), 0, 0);
    r.side[1] = (struct lw_side){.packets = 0};
    run(&r);
    assert_string_equal(name(NETFLOW_conn_state), "S0");
    assert_near(value(NETFLOW_answered), 0, 0);
    assert_near(value(NETFLOW_failed), 1, 0);
    r = sample();
    r.side[0] = (struct lw_side){.packets = 0};
    run(&r);
    assert_string_equal(name(NETFLOW_conn_state), "SHR");
    r = record_of(LW_FLOW_ICMP, 1, 2, 0);
    run(&r);
    assert_string_equal(name(NETFLOW_conn_state), "OTH");
    r = record_of(LW_FLOW_TCP, 1, 2, 80);
    r.conn = LW_CONN_RSTOS0;
    run(&r);
    assert_near(value(NETFLOW_failed), 1, 0);
    assert_string_equal(name(NETFLOW_conn_state), "RSTOS0");
}

static void groups_of_hosts(void **state)
{
    static const struct {
        uint8_t version;
        uint8_t bytes[16];
        bool is_group;
    } cases[] = {
        {4, {10, 0, 0, 2}, false},      {4, {223, 255, 255, 255}, false},
        {4, {224, 0, 0, 251}, true},    {4, {239, 255, 255, 250}, true},
        {4, {240, 0, 0, 1}, false},     {4, {255, 255, 255, 255}, true},
        {6, {0xff, 2, [15] = 1}, true}, {6, {0xfe, 0x80, [15] = 1}, false},
        {0, {0x01, 0, 0x5e}, true},     {0, {0x02, 0, 0x5e}, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct lw_record r = record_of(LW_FLOW_IP, 1, 2, 0);

        r.ip_version = cases[i].version;
        memcpy(r.addr[1].bytes, cases[i].bytes, sizeof cases[i].bytes);
        run(&r);
        assert_near(value(NETFLOW_to_group), cases[i].is_group, 0);
    }
}

static void what_was_sent_again(void **state)
{
    struct lw_record r = record_of(LW_FLOW_TCP, 1, 2, 80);

    (void)state;
    r.side[0].retransmitted = 3;
    run(&r);
    assert_near(value(NETFLOW_src_retransmitted), 1, 0);
    assert_near(value(NETFLOW_dst_retransmitted), 0, 0);
    r.lacks = LW_LACKS_RETRANSMITTED;
    run(&r);
    assert_true(isnan(value(NETFLOW_src_retransmitted)));
}

/* Every lack makes its columns missing, and no other. */
static void what_a_record_lacks_is_missing(void **state)
{
    static const struct {
        uint32_t lacks;
        enum netflow_column columns[10];
        unsigned n;
    } cases[] = {
        {0, {0}, 0},
        {LW_LACKS_DURATION,
         {NETFLOW_duration, NETFLOW_packets_per_second, NETFLOW_bytes_per_second},
         3},
        {LW_LACKS_PACKETS,
         {NETFLOW_packets, NETFLOW_src_packet_share, NETFLOW_bytes_per_packet,
          NETFLOW_packets_per_second},
         4},
        /* Bytes are told from packets, then. */
        {LW_LACKS_SIDE_PACKETS | LW_LACKS_IP_BYTES,
         {NETFLOW_src_packets, NETFLOW_dst_packets, NETFLOW_src_packet_share,
          NETFLOW_src_bytes_per_packet, NETFLOW_dst_bytes_per_packet},
         5},
        {LW_LACKS_IP_BYTES, {0}, 0},
        {LW_LACKS_FRAME_BYTES, {0}, 0},
        {LW_LACKS_FRAME_BYTES | LW_LACKS_IP_BYTES,
         {NETFLOW_bytes, NETFLOW_src_bytes, NETFLOW_dst_bytes, NETFLOW_src_byte_share,
          NETFLOW_bytes_per_packet, NETFLOW_src_bytes_per_packet,
          NETFLOW_dst_bytes_per_packet, NETFLOW_bytes_per_second},
         8},
        {LW_LACKS_PAYLOAD, {NETFLOW_src_payload, NETFLOW_dst_payload}, 2},
        {LW_LACKS_RETRANSMITTED,
         {NETFLOW_src_retransmitted, NETFLOW_dst_retransmitted},
         2},
        {LW_LACKS_MINOR_FLAGS,
         {NETFLOW_src_psh, NETFLOW_src_urg, NETFLOW_src_ece, NETFLOW_src_cwr,
          NETFLOW_dst_psh, NETFLOW_dst_urg, NETFLOW_dst_ece, NETFLOW_dst_cwr},
         8},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct lw_record r = sample();
        unsigned n_missing = 0;

        r.kind = LW_FLOW_TCP;
        r.conn = LW_CONN_SF;
        r.lacks = cases[i].lacks;
        run(&r);
        for (unsigned k = 0; k < cases[i].n; k++)
            assert_true(isnan(value(cases[i].columns[k])));
        for (unsigned k = 0; k < N_NETFLOW; k++)
            n_missing += isnan(row_values[k]) ? 1 : 0;
        assert_int_equal(n_missing, cases[i].n);
    }
}

/* Without flags, the state of the connection is not known either. */
static void tcp_without_flags(void **state)
{
    struct lw_record r = record_of(LW_FLOW_TCP, 1, 2, 80);

    (void)state;
    r.lacks = LW_LACKS_FLAGS | LW_LACKS_MINOR_FLAGS | LW_LACKS_SIDE_PACKETS |
              LW_LACKS_FRAME_BYTES | LW_LACKS_IP_BYTES;
    r.conn = LW_CONN_NONE;
    run(&r);
    for (unsigned k = NETFLOW_src_fin; k <= NETFLOW_dst_cwr; k++)
        assert_true(isnan(row_values[k]));
    assert_true(isnan(value(NETFLOW_conn_state)));
    assert_true(isnan(value(NETFLOW_answered)));
    assert_true(isnan(value(NETFLOW_failed)));
    /* Of what is not TCP there are none; but who never tells of PSH does not here. */
    r.kind = LW_FLOW_UDP;
    run(&r);
    assert_near(value(NETFLOW_src_syn), 0, 0);
    assert_true(isnan(value(NETFLOW_src_psh)));
}

static void what_was_not_heard_is_missing(void **state)
{
    struct lw_record r = record_of(LW_FLOW_TCP, 1, 2, 81);

    (void)state;
    r.side[1] = (struct lw_side){.packets = 0};
    run(&r);
    assert_true(isnan(value(NETFLOW_dst_tos)));
    assert_near(value(NETFLOW_src_tos), 0, 0);
    assert_true(isnan(value(NETFLOW_packets_per_second)));
    assert_true(isnan(value(NETFLOW_bytes_per_second)));
    assert_true(isnan(value(NETFLOW_dst_bytes_per_packet)));
    assert_near(value(NETFLOW_src_byte_share), 1, 0);
    r.side[0].has_ip = false;
    run(&r);
    assert_true(isnan(value(NETFLOW_src_tos)));
}

/* Every flag alone, on one side, has its own column. */
static void tcp_flags_have_a_column_each(void **state)
{
    static const enum netflow_column columns[2][8] = {
        {NETFLOW_src_fin, NETFLOW_src_syn, NETFLOW_src_rst, NETFLOW_src_psh,
         NETFLOW_src_ack, NETFLOW_src_urg, NETFLOW_src_ece, NETFLOW_src_cwr},
        {NETFLOW_dst_fin, NETFLOW_dst_syn, NETFLOW_dst_rst, NETFLOW_dst_psh,
         NETFLOW_dst_ack, NETFLOW_dst_urg, NETFLOW_dst_ece, NETFLOW_dst_cwr}};

    (void)state;
    for (int i = 0; i < 16; i++) {
        struct lw_record r = record_of(LW_FLOW_TCP, 1, 2, 80);

        r.side[i / 8].tcp_flags = (uint8_t)(1 << i % 8);
        run(&r);
        assert_string_equal(name(NETFLOW_state), "tcp");
        for (int k = 0; k < 16; k++)
            assert_near(value(columns[k / 8][k % 8]), k == i, 0);
    }
}

/* A flow that the second side began is turned round. */
static void the_initiator_is_the_source(void **state)
{
    struct lw_record r = record_of(LW_FLOW_TCP, 1, 2, 40001);

    (void)state;
    r.initiator = 1;
    r.port[0] = 22;
    r.side[0].tcp_flags = LW_TCP_RST;
    r.side[0].ip_bytes = 40;
    r.side[1].ip_bytes = 60;
    run(&r);
    assert_string_equal(name(NETFLOW_direction), "->");
    assert_string_equal(name(NETFLOW_service), "shell");
    assert_near(value(NETFLOW_src_bytes), 74, 0);
    assert_near(value(NETFLOW_dst_rst), 1, 0);
    assert_near(value(NETFLOW_src_rst), 0, 0);
}

static void unlisted_names_are_other(void **state)
{
    struct lw_record r = record_of(LW_FLOW_IP, 1, 2, 0);

    (void)state;
    set_state(&r, "XYZ");
    run(&r);
    assert_string_equal(name(NETFLOW_protocol), "other");
    assert_string_equal(name(NETFLOW_state), "other");
    assert_string_equal(name(NETFLOW_service), "none");
    r = record_of(LW_FLOW_TCP, 1, 2, 1000);
    run(&r);
    assert_string_equal(name(NETFLOW_service), "low");
    r = record_of(LW_FLOW_TCP, 1, 2, 50000);
    run(&r);
    assert_string_equal(name(NETFLOW_service), "high");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(volumes_and_rates),
        cmocka_unit_test(without_ip_frames_count),
        cmocka_unit_test(the_state_of_a_connection),
        cmocka_unit_test(groups_of_hosts),
        cmocka_unit_test(what_was_sent_again),
        cmocka_unit_test(what_a_record_lacks_is_missing),
        cmocka_unit_test(tcp_without_flags),
        cmocka_unit_test(what_was_not_heard_is_missing),
        cmocka_unit_test(tcp_flags_have_a_column_each),
        cmocka_unit_test(the_initiator_is_the_source),
        cmocka_unit_test(unlisted_names_are_other),
    };

    return cmocka_run_group_tests_name("netflow", tests, NULL, NULL);
}

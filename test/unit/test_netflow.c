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

/* 3 packets of 200 bytes from the source, 1 of 100 back, in 0.5 s. */
static void volumes_and_rates(void **state)
{
    struct lw_record r = record_of(LW_FLOW_UDP, 1, 2, 53);

    (void)state;
    record_set_time(&r, 1, 1.5);
    set_state(&r, "CON");
    r.dir = LW_DIR_BOTH;
    r.side[0].packets = 3;
    r.side[0].frame_bytes = 600;
    r.side[1].frame_bytes = 100;
    r.side[0].tos = 184;
    run(&r);
    assert_near(value(NETFLOW_duration), 0.5, 0);
    assert_string_equal(name(NETFLOW_protocol), "udp");
    assert_string_equal(name(NETFLOW_direction), "<->");
    assert_string_equal(name(NETFLOW_state), "CON");
    assert_string_equal(name(NETFLOW_service), "dns");
    assert_near(value(NETFLOW_packets), 4, 0);
    assert_near(value(NETFLOW_bytes), 700, 0);
    assert_near(value(NETFLOW_src_bytes), 600, 0);
    assert_near(value(NETFLOW_dst_bytes), 100, 0);
    assert_near(value(NETFLOW_src_byte_share), 600.0 / 700, 1e-6);
    assert_near(value(NETFLOW_bytes_per_packet), 175, 0);
    assert_near(value(NETFLOW_packets_per_second), 8, 0);
    assert_near(value(NETFLOW_bytes_per_second), 1400, 0);
    assert_near(value(NETFLOW_src_tos), 184, 0);
    assert_near(value(NETFLOW_dst_tos), 0, 0);
    assert_near(value(NETFLOW_src_syn), 0, 0);
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
    assert_true(isnan(value(NETFLOW_src_byte_share))); /* no bytes at all */
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
    r.side[0].frame_bytes = 10;
    r.side[1].frame_bytes = 30;
    run(&r);
    assert_string_equal(name(NETFLOW_direction), "->");
    assert_string_equal(name(NETFLOW_service), "shell");
    assert_near(value(NETFLOW_src_bytes), 30, 0);
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
        cmocka_unit_test(what_was_not_heard_is_missing),
        cmocka_unit_test(tcp_flags_have_a_column_each),
        cmocka_unit_test(the_initiator_is_the_source),
        cmocka_unit_test(unlisted_names_are_other),
    };

    return cmocka_run_group_tests_name("netflow", tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "feature/kdd_names.h"
#include "feature/kdd_record.h"
#include "record.h"
#include "test.h"

#include <lapwing/view.h>

#include <math.h>
#include <string.h>

static const uint32_t binetflow = LW_LACKS_SIDE_PACKETS | LW_LACKS_IP_BYTES |
                                  LW_LACKS_PAYLOAD | LW_LACKS_RETRANSMITTED |
                                  LW_LACKS_DETAIL;
static float row[N_KDD];

static void keep(void *ctx, const struct lw_row *r)
{
    (void)ctx;
    memcpy(row, r->values, sizeof row);
}

static void run(const struct lw_record *rec)
{
    struct lw_extractor *x = NULL;
    struct lw_error err;

    assert_int_equal(lw_extractor_new(&x, lw_view_get("kdd"), NULL, &err), LW_OK);
    assert_int_equal(lw_extractor_add(x, rec, INT64_MIN, keep, NULL), LW_OK);
    lw_extractor_flush(x, keep, NULL);
    lw_extractor_free(x);
}

/* A binetflow's record: packets of both sides are in the first. */
static struct lw_record flow_of(enum lw_flow_kind kind, uint64_t packets, uint64_t src,
                                uint64_t dst)
{
    struct lw_record r = record_of(kind, 1, 2, 80);

    r.lacks = binetflow;
    r.side[0].packets = packets;
    r.side[1].packets = 0;
    r.side[0].frame_bytes = src;
    r.side[1].frame_bytes = dst;
    return r;
}

/* Headers are 14 + 20 + 8 = 42 bytes: 100 - 42 = 58 and 200 - 42 = 158. */
static void a_question_and_its_answer(void **state)
{
    struct lw_record r = flow_of(LW_FLOW_UDP, 2, 100, 200);

    (void)state;
    run(&r);
    assert_near(row[KDD_src_bytes], 58, 0);
    assert_near(row[KDD_dst_bytes], 158, 0);
}

/* Three of one side: 300 - 3 * 42.  Of more on both sides nobody knows whose they are.
 */
static void packets_of_both_sides(void **state)
{
    struct lw_record r = flow_of(LW_FLOW_UDP, 3, 300, 0);

    (void)state;
    run(&r);
    assert_near(row[KDD_src_bytes], 174, 0);
    assert_near(row[KDD_dst_bytes], 0, 0);
    r = flow_of(LW_FLOW_UDP, 3, 300, 100);
    run(&r);
    assert_true(isnan(row[KDD_src_bytes]));
    assert_true(isnan(row[KDD_dst_bytes]));
    /* Unless a column says it. */
    r.lacks &= ~(uint32_t)LW_LACKS_SIDE_PACKETS;
    r.side[0].packets = 2;
    r.side[1].packets = 1;
    run(&r);
    assert_near(row[KDD_src_bytes], 216, 0);
    assert_near(row[KDD_dst_bytes], 58, 0);
    r.ip_version = 6;
    run(&r);
    assert_near(row[KDD_dst_bytes], 38, 0);
}

/* A SYN refused has no payload; what has PSH has one of unknown size. */
static void tcp_by_its_flags(void **state)
{
    struct lw_record r = flow_of(LW_FLOW_TCP, 2, 74, 60);

    (void)state;
    r.side[0].tcp_flags = LW_TCP_SYN;
    r.side[1].tcp_flags = LW_TCP_SYN | LW_TCP_PSH;
    run(&r);
    assert_near(row[KDD_src_bytes], 0, 0);
    assert_true(isnan(row[KDD_dst_bytes]));
    r.side[0].tcp_flags = LW_TCP_ACK; /* its start was not seen */
    run(&r);
    assert_true(isnan(row[KDD_src_bytes]));
}

/* 6 messages of 98 bytes as frames, half of them answers: the average of three, 56
 * bytes and 8 of header; three connections in the window. */
static void an_icmp_flow_is_its_messages(void **state)
{
    struct lw_record r = flow_of(LW_FLOW_ICMP, 6, 294, 294);

    (void)state;
    r.icmp_type = 8;
    run(&r);
    assert_near(row[KDD_count], 3, 0);
    assert_true(isnan(row[KDD_src_bytes]));
    r.lacks = LW_LACKS_FRAME_BYTES; /* Zeek's */
    r.side[0].packets = 3;
    r.side[0].payload_bytes = 3 * 56;
    run(&r);
    assert_near(row[KDD_src_bytes], 64, 0);
    assert_near(row[KDD_count], 3, 0);
}

static void what_is_lacking_is_missing(void **state)
{
    struct lw_record r = flow_of(LW_FLOW_TCP, 2, 74, 60);

    (void)state;
    r.lacks |= LW_LACKS_DURATION | LW_LACKS_FLAGS | LW_LACKS_MINOR_FLAGS;
    r.conn = LW_CONN_NONE;
    run(&r);
    assert_true(isnan(row[KDD_duration]));
    assert_true(isnan(row[KDD_flag]));
    assert_true(isnan(row[KDD_src_bytes]));
    assert_true(isnan(row[KDD_wrong_fragment]));
    assert_true(isnan(row[KDD_urgent]));
    assert_near(row[KDD_count], 1, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_question_and_its_answer),
        cmocka_unit_test(packets_of_both_sides),
        cmocka_unit_test(tcp_by_its_flags),
        cmocka_unit_test(an_icmp_flow_is_its_messages),
        cmocka_unit_test(what_is_lacking_is_missing),
    };

    return cmocka_run_group_tests_name("kdd_record", tests, NULL, NULL);
}

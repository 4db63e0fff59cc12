/* SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"
#include "flow/cic_compat.h"
#include "frame.h"
#include "test.h"

#include <lapwing/cic.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LINES_MAX = 8 };

/* The lines of a conversation written as in support/metered.h. */
struct got {
    struct lw_cic_meter *meter; /* owned */
    char lines[LINES_MAX][LW_CIC_LINE_MAX];
    size_t n;
};

static void on_line(void *ctx, const char *line, size_t n)
{
    struct got *g = ctx;

    assert_true(g->n < LINES_MAX);
    assert_true(n < LW_CIC_LINE_MAX && line[n - 1] == '\n');
    memcpy(g->lines[g->n], line, n);
    g->lines[g->n++][n] = '\0';
}

static void run(struct got *g, const struct lw_cic_config *cfg,
                const char *const *lines)
{
    static struct frame f;
    struct lw_error err;

    memset(g, 0, sizeof *g);
    assert_int_equal(lw_cic_meter_new(&g->meter, cfg, &err), LW_OK);
    for (; *lines != NULL; lines++) {
        char *rest = NULL;
        double time_s = strtod(*lines, &rest);

        lw_cic_meter_add(g->meter, frame_at(&f, time_s, rest + 1), on_line, g);
    }
    lw_cic_meter_flush(g->meter, on_line, g);
}

static void done(struct got *g)
{
    struct lw_meter_stats s;

    lw_cic_meter_get_stats(g->meter, &s);
    assert_int_equal(s.seen, s.decoded + s.truncated + s.unsupported + s.malformed);
    assert_int_equal(s.decoded, s.in_flows + s.not_in_flows);
    assert_int_equal(s.active, 0);
    assert_int_equal(s.records, g->n);
    lw_cic_meter_free(g->meter);
}

/* The value of a column of a line, by its name without blank; static storage. */
static const char *value(const char *line, const char *column)
{
    static char text[256];
    const char *name = lw_cic_header(LW_CIC_2017);

    for (name += *name == ' '; strncmp(name, column, strlen(column)) != 0 ||
                               strchr(",\n", name[strlen(column)]) == NULL;
         name += *name == ' ') {
        name += strcspn(name, ",\n");
        assert_true(*name == ',');
        name++;
        line += strcspn(line, ",\n") + 1;
    }
    (void)snprintf(text, sizeof text, "%.*s", (int)strcspn(line, ",\n"), line);
    return text;
}

#define assert_value(g, i, column, text)                                               \
    assert_string_equal(value((g)->lines[i], column), text)

static size_t count_columns(const char *line)
{
    size_t n = 1;

    for (; *line != '\0'; line++)
        n += *line == ',';
    return n;
}

/* C asks 10 bytes, S answers 30 and 20; 100 ms apart. */
static const char *const exchange[] = {
    "0.0 tcp 10.0.0.1:4000 > 10.0.0.2:80 S win=100",
    "0.1 tcp 10.0.0.2:80 > 10.0.0.1:4000 SA win=200",
    "0.2 tcp 10.0.0.1:4000 > 10.0.0.2:80 PA len=10",
    "0.3 tcp 10.0.0.2:80 > 10.0.0.1:4000 PA len=30",
    "0.4 tcp 10.0.0.2:80 > 10.0.0.1:4000 A len=20 win=300",
    NULL};

static void a_line_has_every_column(void **state)
{
    const struct lw_cic_config narrow = {.names = LW_CIC_2018};
    struct got g;

    (void)state;
    assert_int_equal(count_columns(lw_cic_header(LW_CIC_2017)), 85);
    assert_int_equal(count_columns(lw_cic_header(LW_CIC_2018)), 84);
    run(&g, NULL, exchange);
    assert_int_equal(g.n, 1);
    assert_int_equal(count_columns(g.lines[0]), 85);
    done(&g);
    run(&g, &narrow, exchange);
    assert_int_equal(count_columns(g.lines[0]), 84);
    done(&g);
}

static void sizes_and_times(void **state)
{
    struct got g;

    (void)state;
    run(&g, NULL, exchange);
    assert_value(&g, 0, "Flow ID", "10.0.0.1-10.0.0.2-4000-80-6");
    assert_value(&g, 0, "Source Port", "4000");
    assert_value(&g, 0, "Destination IP", "10.0.0.2");
    assert_value(&g, 0, "Flow Duration", "400000");
    assert_value(&g, 0, "Total Fwd Packets", "2");
    assert_value(&g, 0, "Total Backward Packets", "3");
    assert_value(&g, 0, "Total Length of Bwd Packets", "50.0");
    assert_value(&g, 0, "Bwd Packet Length Max", "30.0");
    /* 0 10: mean 5, variance 50 */
    assert_value(&g, 0, "Fwd Packet Length Mean", "5.0");
    assert_value(&g, 0, "Fwd Packet Length Std", "7.0710678118654755");
    assert_value(&g, 0, "Flow Bytes/s", "150.0");
    assert_value(&g, 0, "Flow Packets/s", "12.5");
    assert_value(&g, 0, "Flow IAT Mean", "100000.0");
    assert_value(&g, 0, "Flow IAT Std", "0.0");
    assert_value(&g, 0, "Fwd IAT Total", "200000.0");
    assert_value(&g, 0, "Bwd IAT Max", "200000.0");
    assert_value(&g, 0, "Fwd Header Length", "40");
    assert_value(&g, 0, "Bwd Packets/s", "7.5");
    assert_value(&g, 0, "act_data_pkt_fwd", "1");
    assert_value(&g, 0, "min_seg_size_forward", "20");
    assert_value(&g, 0, "Idle Max", "0");
    done(&g);
}

/* Each of these is wrong, and as the original has it. */
static void errors_are_kept(void **state)
{
    struct got g;

    (void)state;
    run(&g, NULL, exchange);
    /* 0 0 0 10 30 20 instead of 0 0 10 30 20 */
    assert_value(&g, 0, "Packet Length Mean", "10.0");
    assert_value(&g, 0, "Packet Length Variance", "160.0");
    assert_value(&g, 0, "Average Packet Size", "12.0");
    /* 3 / 2 */
    assert_value(&g, 0, "Down/Up Ratio", "1.0");
    /* SYN of the first packet stands under PSH; nothing else is counted */
    assert_value(&g, 0, "SYN Flag Count", "0");
    assert_value(&g, 0, "PSH Flag Count", "1");
    assert_value(&g, 0, "ACK Flag Count", "0");
    assert_value(&g, 0, "Fwd PSH Flags", "0");
    assert_value(&g, 0, "Init_Win_bytes_forward", "100");
    assert_value(&g, 0, "Init_Win_bytes_backward", "300");
    assert_value(&g, 0, "Subflow Bwd Packets", "3");
    assert_value(&g, 0, "Subflow Bwd Bytes", "50");
    assert_value(&g, 0, "Bwd Avg Bytes/Bulk", "0");
    done(&g);
}

static void flags_stand_under_other_names(void **state)
{
    static const char *const lines[] = {"0 tcp 10.0.0.1:1 > 10.0.0.2:2 FRPAUEC",
                                        "1 tcp 10.0.0.1:1 > 10.0.0.2:2 A", NULL};
    static const char *const one[] = {"0 tcp 10.0.0.1:1 > 10.0.0.2:2 F",
                                      "1 tcp 10.0.0.1:1 > 10.0.0.2:2 A", NULL};
    struct got g;

    (void)state;
    run(&g, NULL, lines);
    assert_value(&g, 0, "PSH Flag Count", "0"); /* SYN, the only one missing */
    assert_value(&g, 0, "FIN Flag Count", "1");
    assert_value(&g, 0, "Fwd PSH Flags", "1");
    assert_value(&g, 0, "Fwd URG Flags", "1");
    done(&g);
    run(&g, NULL, one);
    assert_value(&g, 0, "URG Flag Count", "1");
    assert_value(&g, 0, "FIN Flag Count", "0");
    done(&g);
}

/* What follows a FIN is another flow, the other way round here. */
static void fin_ends_a_flow(void **state)
{
    static const char *const lines[] = {"0.0 tcp 10.0.0.1:1 > 10.0.0.2:2 S",
                                        "0.1 tcp 10.0.0.2:2 > 10.0.0.1:1 SA",
                                        "0.2 tcp 10.0.0.1:1 > 10.0.0.2:2 FA",
                                        "0.3 tcp 10.0.0.2:2 > 10.0.0.1:1 A",
                                        "0.4 tcp 10.0.0.2:2 > 10.0.0.1:1 FA",
                                        "0.5 tcp 10.0.0.1:1 > 10.0.0.2:2 A",
                                        NULL};
    struct got g;

    (void)state;
    run(&g, NULL, lines);
    assert_int_equal(g.n, 2); /* the last packet is alone */
    assert_value(&g, 0, "Total Fwd Packets", "2");
    assert_value(&g, 1, "Source IP", "10.0.0.2");
    assert_value(&g, 1, "Total Fwd Packets", "2");
    assert_value(&g, 1, "Flow ID", "10.0.0.1-10.0.0.2-1-2-6");
    done(&g);
}

static void rst_and_silence_do_not(void **state)
{
    static const char *const lines[] = {
        "0 tcp 10.0.0.1:1 > 10.0.0.2:2 S",    "1 tcp 10.0.0.2:2 > 10.0.0.1:1 RA",
        "3 tcp 10.0.0.1:1 > 10.0.0.2:2 S",    "119 tcp 10.0.0.1:1 > 10.0.0.2:2 S",
        "120 tcp 10.0.0.2:2 > 10.0.0.1:1 RA", NULL};
    struct got g;

    (void)state;
    run(&g, NULL, lines);
    assert_int_equal(g.n, 1);
    assert_value(&g, 0, "Flow Duration", "120000000");
    assert_value(&g, 0, "Active Mean", "3000000.0");
    assert_value(&g, 0, "Idle Mean", "1.16E8");
    assert_value(&g, 0, "Idle Std", "0.0");
    done(&g);
}

/* The first packet of the next flow comes from the other side and counts as forward;
 * forward stays what it was. */
static void time_ends_a_flow(void **state)
{
    static const char *const lines[] = {"0 udp 10.0.0.1:1 > 10.0.0.2:2 len=1",
                                        "1 udp 10.0.0.2:2 > 10.0.0.1:1 len=2",
                                        "120.000001 udp 10.0.0.2:2 > 10.0.0.1:1 len=4",
                                        "121 udp 10.0.0.2:2 > 10.0.0.1:1 len=8",
                                        "122 udp 10.0.0.1:1 > 10.0.0.2:2 len=16",
                                        NULL};
    struct got g;

    (void)state;
    run(&g, NULL, lines);
    assert_int_equal(g.n, 2);
    assert_value(&g, 0, "Total Length of Bwd Packets", "2.0");
    assert_value(&g, 1, "Source IP", "10.0.0.1");
    assert_value(&g, 1, "Total Length of Fwd Packets", "20.0");
    assert_value(&g, 1, "Total Length of Bwd Packets", "8.0");
    assert_value(&g, 1, "Init_Win_bytes_forward", "-1");
    assert_value(&g, 1, "min_seg_size_forward", "8");
    done(&g);
}

static void what_it_sees_of_a_packet(void **state)
{
    static const char *const lines[] = {"0 tcp 10.0.0.1:1 > 10.0.0.2:2 S pad=6",
                                        "1 tcp 10.0.0.1:1 > 10.0.0.2:2 S pad=6",
                                        "2 icmp 10.0.0.1 > 10.0.0.2 type=8",
                                        "3 icmp 10.0.0.2 > 10.0.0.1 type=0",
                                        "4 gre 10.0.0.1 > 10.0.0.2 len=9",
                                        "5 udp [fe80::1]:1 > [fe80::2]:2 len=1",
                                        "6 udp [fe80::1]:1 > [fe80::2]:2 len=1",
                                        "7 arp 10.0.0.1 > 10.0.0.2",
                                        "7 udp 10.0.0.1:9 > 10.0.0.2:9",
                                        NULL};
    struct got g;

    (void)state;
    run(&g, NULL, lines);
    assert_int_equal(g.n, 2);
    /* padding is payload */
    assert_value(&g, 0, "Total Length of Fwd Packets", "12.0");
    /* all that is neither TCP nor UDP is one flow, without sizes */
    assert_value(&g, 1, "Protocol", "0");
    assert_value(&g, 1, "Total Fwd Packets", "2");
    assert_value(&g, 1, "Total Backward Packets", "1");
    assert_value(&g, 1, "Total Length of Fwd Packets", "0.0");
    assert_value(&g, 1, "Fwd Header Length", "0");
    done(&g);
}

static void nothing_in_no_time(void **state)
{
    static const char *const lines[] = {"0 udp 10.0.0.1:1 > 10.0.0.2:2",
                                        "0 udp 10.0.0.1:1 > 10.0.0.2:2", NULL};
    struct got g;

    (void)state;
    run(&g, NULL, lines);
    assert_value(&g, 0, "Flow Bytes/s", "NaN");
    assert_value(&g, 0, "Flow Packets/s", "Infinity");
    assert_value(&g, 0, "Fwd Packets/s", "0.0");
    done(&g);
}

/* Addresses are compared as signed bytes; hours go from 1 to 12. */
static void names_of_flows_and_hours(void **state)
{
    static const char *const lines[] = {"45296 udp 10.0.0.1:1 > 192.168.0.1:2",
                                        "45297 udp 10.0.0.1:1 > 192.168.0.1:2", NULL};
    const struct lw_cic_config west = {.utc_offset_s = -46800, .label = "Mine"};
    struct got g;

    (void)state;
    run(&g, NULL, lines);
    assert_value(&g, 0, "Flow ID", "192.168.0.1-10.0.0.1-2-1-17");
    assert_value(&g, 0, "Source IP", "10.0.0.1");
    assert_value(&g, 0, "Timestamp", "01/01/1970 12:34:56");
    assert_value(&g, 0, "Label", "");
    done(&g);
    run(&g, &west, lines);
    assert_value(&g, 0, "Timestamp", "31/12/1969 11:34:56");
    assert_value(&g, 0, "Label", "Mine");
    done(&g);
}

static void a_full_table_gives_out_the_oldest(void **state)
{
    static const char *const lines[] = {
        "0 udp 10.0.0.1:1 > 10.0.0.2:2", "1 udp 10.0.0.1:1 > 10.0.0.2:2",
        "2 udp 10.0.0.1:3 > 10.0.0.2:4", "3 udp 10.0.0.1:5 > 10.0.0.2:6",
        "4 udp 10.0.0.1:5 > 10.0.0.2:6", NULL};
    const struct lw_cic_config small = {.max_flows = 1};
    struct lw_meter_stats s;
    struct got g;

    (void)state;
    run(&g, &small, lines);
    assert_int_equal(g.n, 2);
    assert_value(&g, 0, "Source Port", "1");
    assert_value(&g, 1, "Source Port", "5");
    lw_cic_meter_get_stats(g.meter, &s);
    assert_int_equal(s.evicted_answered, 2);
    assert_int_equal(s.active_max, 1);
    done(&g);
}

static void numbers_as_java_writes_them(void **state)
{
    static const struct {
        double v;
        const char *text;
    } cases[] = {{0, "0.0"},
                 {1, "1.0"},
                 {-2.5, "-2.5"},
                 {100, "100.0"},
                 {9999999, "9999999.0"},
                 {1e7, "1.0E7"},
                 {20824295, "2.0824295E7"},
                 {0.001, "0.001"},
                 {0.00012, "1.2E-4"},
                 {0.1, "0.1"},
                 {1.0 / 3, "0.3333333333333333"},
                 {123456.789, "123456.789"},
                 {6904617.7058184035, "6904617.7058184035"},
                 {1.063040878085208e7, "1.063040878085208E7"},
                 {(double)INFINITY, "Infinity"},
                 {-(double)INFINITY, "-Infinity"},
                 {(double)NAN, "NaN"}};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[64];

        *cic_put_double(text, cases[i].v) = '\0';
        assert_string_equal(text, cases[i].text);
    }
}

static void configuration_is_checked(void **state)
{
    static const struct lw_cic_config bad[] = {
        {.max_flows = (1U << 24) + 1},      {.flow_timeout_ns = -1},
        {.activity_timeout_ns = INT64_MAX}, {.utc_offset_s = 86401},
        {.names = (enum lw_cic_names)2},    {.label = "a,b"}};
    struct lw_cic_meter *m = NULL;
    struct lw_error err;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(lw_cic_meter_new(&m, &bad[i], &err), LW_EINVAL);
    assert_null(m);
    lw_cic_meter_free(NULL);
}

static void memory_that_is_out_is_said(void **state)
{
    struct lw_cic_meter *m = NULL;
    struct lw_error err;
    uint64_t n = 0;
    enum lw_status st;

    (void)state;
    do {
        mem_fail_at(++n, 0);
        st = lw_cic_meter_new(&m, NULL, &err);
        mem_fail_at(0, 0);
        assert_true(st == LW_OK || st == LW_ENOMEM);
    } while (st != LW_OK);
    assert_int_equal(n, 5);
    lw_cic_meter_free(m);
}

static void packets_that_cannot_be_decoded_are_counted(void **state)
{
    static const char *const lines[] = {
        "0 tcp 1.1.1.1:1 > 2.2.2.2:2 S cap=20", /* the IP header is cut off */
        "1 tcp 1.1.1.1:1 > 2.2.2.2:2 S doff=1", NULL};
    static struct frame f;
    struct lw_packet of_unknown_link = *frame_at(&f, 2, "ether");
    struct lw_meter_stats s;
    struct got g;

    (void)state;
    of_unknown_link.link_type = 147;
    run(&g, NULL, lines);
    lw_cic_meter_add(g.meter, &of_unknown_link, on_line, &g);
    lw_cic_meter_get_stats(g.meter, &s);
    assert_int_equal(s.seen, 3);
    assert_int_equal(s.truncated, 1);
    assert_int_equal(s.malformed, 1);
    assert_int_equal(s.unsupported, 1);
    assert_int_equal(s.unsupported_link_type, 147);
    assert_int_equal(g.n, 0);
    done(&g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_has_every_column),
        cmocka_unit_test(sizes_and_times),
        cmocka_unit_test(errors_are_kept),
        cmocka_unit_test(flags_stand_under_other_names),
        cmocka_unit_test(fin_ends_a_flow),
        cmocka_unit_test(rst_and_silence_do_not),
        cmocka_unit_test(time_ends_a_flow),
        cmocka_unit_test(what_it_sees_of_a_packet),
        cmocka_unit_test(nothing_in_no_time),
        cmocka_unit_test(names_of_flows_and_hours),
        cmocka_unit_test(a_full_table_gives_out_the_oldest),
        cmocka_unit_test(numbers_as_java_writes_them),
        cmocka_unit_test(configuration_is_checked),
        cmocka_unit_test(packets_that_cannot_be_decoded_are_counted),
        cmocka_unit_test(memory_that_is_out_is_said),
    };

    return cmocka_run_group_tests_name("cic_compat", tests, NULL, NULL);
}

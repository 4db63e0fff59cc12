/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kdd rows, each rule on a sequence of records that is worked out in a comment, and
 * all windows together against a reference that looks at every pair of connections.
 */
#include "base/mem.h"
#include "base/rng.h"
#include "feature/kdd_names.h"
#include "record.h"
#include "test.h"

#include <lapwing/view.h>

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS_MAX = 4096 };

/* Rows as they were reported. */
static struct {
    float values[ROWS_MAX][N_KDD];
    uint64_t flow_id[ROWS_MAX];
    size_t n;
} rows;

static void keep(void *ctx, const struct lw_row *row)
{
    (void)ctx;
    assert_true(rows.n < ROWS_MAX);
    memcpy(rows.values[rows.n], row->values, sizeof rows.values[0]);
    rows.flow_id[rows.n++] = row->flow_id;
}

static struct lw_extractor *extractor_of(const char *view,
                                         const struct lw_extractor_config *cfg)
{
    struct lw_extractor *x = NULL;
    struct lw_error err;

    if (lw_extractor_new(&x, lw_view_get(view), cfg, &err) != LW_OK)
        fail_msg("%s", err.msg);
    rows.n = 0;
    return x;
}

static void add(struct lw_extractor *x, const struct lw_record *rec,
                int64_t watermark_ns)
{
    assert_int_equal(lw_extractor_add(x, rec, watermark_ns, keep, NULL), LW_OK);
}

/* Rows of these records in their order; record i ends at second i / 10 if it has no
 * time of its own. */
static void run(struct lw_record *recs, size_t n)
{
    struct lw_extractor *x = extractor_of("kdd", NULL);

    for (size_t i = 0; i < n; i++) {
        recs[i].flow_id = i + 1;
        if (recs[i].end_ns == 0)
            record_set_time(&recs[i], (double)i / 10, (double)i / 10);
        add(x, &recs[i], INT64_MIN);
    }
    lw_extractor_flush(x, keep, NULL);
    lw_extractor_free(x);
    assert_int_equal(rows.n, n);
}

/* Value of the last row. */
static double last(enum kdd_column column)
{
    return (double)rows.values[rows.n - 1][column];
}

static const char *last_name(enum kdd_column column)
{
    return lw_view_get("kdd")->features[column].categories[(size_t)last(column)];
}

static void assert_service(struct lw_record r, const char *name)
{
    run(&r, 1);
    assert_string_equal(last_name(KDD_service), name);
}

/* ---- the connection itself --------------------------------------------------------
 */

static void basic_features_come_from_the_record(void **state)
{
    struct lw_record r = record_of(LW_FLOW_TCP, 1, 2, 80);

    (void)state;
    record_set_time(&r, 10.2, 12.9); /* 2.7 s: 2, cut off */
    r.conn = LW_CONN_RSTO;
    r.side[0].payload_bytes = 181;
    r.side[1].payload_bytes = 5450;
    r.side[0].bad_fragments = 1;
    r.side[1].bad_fragments = 2;
    r.side[0].urgent = 3;
    r.side[1].urgent = 1;
    run(&r, 1);
    assert_near(last(KDD_duration), 2, 0);
    assert_string_equal(last_name(KDD_protocol_type), "tcp");
    assert_string_equal(last_name(KDD_service), "http");
    assert_string_equal(last_name(KDD_flag), "RSTO");
    assert_near(last(KDD_src_bytes), 181, 0);
    assert_near(last(KDD_dst_bytes), 5450, 0);
    assert_near(last(KDD_land), 0, 0);
    assert_near(last(KDD_wrong_fragment), 3, 0);
    assert_near(last(KDD_urgent), 4, 0);
}

/* Of what was said, but not heard. */
static void content_features_are_unavailable(void **state)
{
    struct lw_record r = record_of(LW_FLOW_TCP, 1, 2, 80);

    (void)state;
    r.side[0].payload_bytes = 1;
    run(&r, 1);
    for (int i = 0; i < N_KDD; i++)
        assert_int_equal(isnan((double)rows.values[0][i]),
                         i >= KDD_hot && i <= KDD_is_guest_login);
}

/* The second side began: everything is seen from there. */
static void initiator_is_the_source(void **state)
{
    struct lw_record r = record_of(LW_FLOW_TCP, 1, 2, 40000);

    (void)state;
    r.initiator = 1;
    r.port[0] = 25;
    r.side[0].payload_bytes = 10;
    r.side[1].payload_bytes = 99;
    run(&r, 1);
    assert_string_equal(last_name(KDD_service), "smtp");
    assert_near(last(KDD_src_bytes), 99, 0);
    assert_near(last(KDD_dst_bytes), 10, 0);
}

static void land_needs_address_and_port(void **state)
{
    struct lw_record same = record_of(LW_FLOW_TCP, 2, 2, 23);
    struct lw_record port = record_of(LW_FLOW_TCP, 1, 2, 23);

    (void)state;
    run(&same, 1); /* from port 40000 */
    assert_near(last(KDD_land), 0, 0);
    same.port[0] = 23;
    run(&same, 1);
    assert_near(last(KDD_land), 1, 0);
    port.port[0] = 23;
    run(&port, 1);
    assert_near(last(KDD_land), 0, 0);
}

static void services_follow_the_ports(void **state)
{
    struct lw_record ftp_data = record_of(LW_FLOW_TCP, 1, 2, 33000);

    (void)state;
    assert_service(record_of(LW_FLOW_TCP, 1, 2, 443), "http_443");
    assert_service(record_of(LW_FLOW_TCP, 1, 2, 6667), "IRC");
    assert_service(record_of(LW_FLOW_TCP, 1, 2, 53), "domain");
    assert_service(record_of(LW_FLOW_TCP, 1, 2, 1023), "private");
    assert_service(record_of(LW_FLOW_TCP, 1, 2, 1024), "other");
    assert_service(record_of(LW_FLOW_UDP, 1, 2, 53), "domain_u");
    assert_service(record_of(LW_FLOW_UDP, 1, 2, 69), "tftp_u");
    assert_service(record_of(LW_FLOW_UDP, 1, 2, 123), "ntp_u");
    assert_service(record_of(LW_FLOW_UDP, 1, 2, 80), "private");
    assert_service(record_of(LW_FLOW_UDP, 1, 2, 5000), "other");
    ftp_data.port[0] = 20;
    assert_service(ftp_data, "ftp_data");
}

static void icmp_services_follow_the_type(void **state)
{
    static const struct {
        enum lw_flow_kind kind;
        uint8_t type;
        uint8_t code;
        const char *name;
    } cases[] = {
        {LW_FLOW_ICMP, 0, 0, "ecr_i"},    {LW_FLOW_ICMP, 8, 0, "eco_i"},
        {LW_FLOW_ICMP, 3, 1, "urh_i"},    {LW_FLOW_ICMP, 3, 3, "urp_i"},
        {LW_FLOW_ICMP, 5, 1, "red_i"},    {LW_FLOW_ICMP, 11, 0, "tim_i"},
        {LW_FLOW_ICMP, 13, 0, "other"},   {LW_FLOW_ICMP6, 128, 0, "eco_i"},
        {LW_FLOW_ICMP6, 129, 0, "ecr_i"}, {LW_FLOW_ICMP6, 1, 4, "urp_i"},
        {LW_FLOW_ICMP6, 1, 3, "urh_i"},   {LW_FLOW_ICMP6, 3, 0, "tim_i"},
        {LW_FLOW_ICMP6, 137, 0, "red_i"}, {LW_FLOW_ICMP6, 135, 0, "other"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct lw_record r = record_of(cases[i].kind, 1, 2, 0);

        r.icmp_type = cases[i].type;
        r.icmp_code = cases[i].code;
        assert_service(r, cases[i].name);
        assert_string_equal(last_name(KDD_protocol_type), "icmp");
    }
}

static void flags_are_those_of_the_data_set(void **state)
{
    static const struct {
        enum lw_conn conn;
        const char *flag;
        double serror;
        double rerror;
    } cases[] = {
        {LW_CONN_SF, "SF", 0, 0},     {LW_CONN_S0, "S0", 1, 0},
        {LW_CONN_S1, "S1", 1, 0},     {LW_CONN_S2, "S2", 1, 0},
        {LW_CONN_S3, "S3", 1, 0},     {LW_CONN_SH, "SH", 1, 0},
        {LW_CONN_REJ, "REJ", 0, 1},   {LW_CONN_RSTO, "RSTO", 0, 1},
        {LW_CONN_RSTR, "RSTR", 0, 1}, {LW_CONN_RSTOS0, "RSTOS0", 0, 1},
        {LW_CONN_OTH, "OTH", 0, 0},   {LW_CONN_SHR, "OTH", 0, 0},
        {LW_CONN_RSTRH, "OTH", 0, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct lw_record r = record_of(LW_FLOW_TCP, 1, 2, 80);

        r.conn = cases[i].conn;
        run(&r, 1);
        assert_string_equal(last_name(KDD_flag), cases[i].flag);
        assert_near(last(KDD_serror_rate), cases[i].serror, 0);
        assert_near(last(KDD_dst_host_srv_serror_rate), cases[i].serror, 0);
        assert_near(last(KDD_rerror_rate), cases[i].rerror, 0);
        assert_near(last(KDD_dst_host_srv_rerror_rate), cases[i].rerror, 0);
    }
}

/* Zeek's OTH without a SYN was Bro's RSTOS0. */
static void a_reset_of_the_originator_needs_no_syn(void **state)
{
    struct lw_record r = record_of(LW_FLOW_TCP, 1, 2, 80);

    (void)state;
    r.conn = LW_CONN_OTH;
    r.side[0].tcp_flags = LW_TCP_RST;
    run(&r, 1);
    assert_string_equal(last_name(KDD_flag), "RSTOS0");
    assert_near(last(KDD_rerror_rate), 1, 0);
    r.initiator = 1;
    run(&r, 1);
    assert_string_equal(last_name(KDD_flag), "OTH");
}

static void only_tcp_udp_and_icmp_have_rows(void **state)
{
    struct lw_extractor *x = extractor_of("kdd", NULL);
    struct lw_record arp = record_of(LW_FLOW_ARP, 1, 2, 0);
    struct lw_record tcp = record_of(LW_FLOW_TCP, 1, 2, 80);
    struct lw_extractor_stats s;

    (void)state;
    add(x, &arp, INT64_MIN);
    add(x, &tcp, INT64_MIN);
    lw_extractor_get_stats(x, &s);
    assert_int_equal(s.records, 2);
    assert_int_equal(s.no_row, 1);
    assert_int_equal(s.waiting, 1);
    lw_extractor_flush(x, keep, NULL);
    lw_extractor_get_stats(x, &s);
    assert_int_equal(s.rows, 1);
    assert_int_equal(s.waiting, 0);
    assert_int_equal(rows.n, 1);
    lw_extractor_free(x);
}

/* ---- windows, by hand -------------------------------------------------------------
 */

static void first_connection_counts_itself(void **state)
{
    struct lw_record r = record_of(LW_FLOW_TCP, 1, 2, 80);

    (void)state;
    run(&r, 1);
    assert_near(last(KDD_count), 1, 0);
    assert_near(last(KDD_srv_count), 1, 0);
    assert_near(last(KDD_same_srv_rate), 1, 0);
    assert_near(last(KDD_diff_srv_rate), 0, 0);
    assert_near(last(KDD_srv_diff_host_rate), 0, 0);
    assert_near(last(KDD_dst_host_count), 1, 0);
    assert_near(last(KDD_dst_host_same_src_port_rate), 1, 0);
}

/*
 * Five connections; the last is http to host 2, SF, from port 40000.
 *   1  http to 2, S0                     same host and service
 *   2  smtp to 2, REJ, from port 50000   same host
 *   3  http to 3, S0                     same service
 *   4  telnet to 4, REJ                  neither
 * count 3 (1, 2, 5), srv_count 3 (1, 3, 5); of the host's three one S0 and one REJ, of
 * the service's three two S0; two of three are http; two services over three
 * connections; two hosts over three.  Two of the host's three are from port 40000.
 */
static void counts_are_as_worked_out(void **state)
{
    struct lw_record r[] = {
        record_of(LW_FLOW_TCP, 1, 2, 80), record_of(LW_FLOW_TCP, 1, 2, 25),
        record_of(LW_FLOW_TCP, 1, 3, 80), record_of(LW_FLOW_TCP, 1, 4, 23),
        record_of(LW_FLOW_TCP, 1, 2, 80),
    };

    (void)state;
    r[0].conn = LW_CONN_S0;
    r[1].conn = LW_CONN_REJ;
    r[1].port[0] = 50000;
    r[2].conn = LW_CONN_S0;
    r[3].conn = LW_CONN_REJ;
    run(r, 5);
    assert_near(last(KDD_count), 3, 0);
    assert_near(last(KDD_srv_count), 3, 0);
    assert_near(last(KDD_serror_rate), 0.33, 1e-6);
    assert_near(last(KDD_srv_serror_rate), 0.67, 1e-6);
    assert_near(last(KDD_rerror_rate), 0.33, 1e-6);
    assert_near(last(KDD_srv_rerror_rate), 0, 0);
    assert_near(last(KDD_same_srv_rate), 0.67, 1e-6);
    assert_near(last(KDD_diff_srv_rate), 0.67, 1e-6);
    assert_near(last(KDD_srv_diff_host_rate), 0.67, 1e-6);
    assert_near(last(KDD_dst_host_count), 3, 0);
    assert_near(last(KDD_dst_host_srv_count), 3, 0);
    assert_near(last(KDD_dst_host_same_srv_rate), 0.67, 1e-6);
    assert_near(last(KDD_dst_host_diff_srv_rate), 0.67, 1e-6);
    assert_near(last(KDD_dst_host_same_src_port_rate), 0.67, 1e-6);
    assert_near(last(KDD_dst_host_srv_diff_host_rate), 0.67, 1e-6);
    assert_near(last(KDD_dst_host_serror_rate), 0.33, 1e-6);
    assert_near(last(KDD_dst_host_srv_serror_rate), 0.67, 1e-6);
    assert_near(last(KDD_dst_host_rerror_rate), 0.33, 1e-6);
    assert_near(last(KDD_dst_host_srv_rerror_rate), 0, 0);
}

/* Exactly two seconds ago is still in the window, a nanosecond more is not; the host
 * window does not care. */
static void time_window_ends_at_two_seconds(void **state)
{
    struct lw_record r[] = {record_of(LW_FLOW_TCP, 1, 2, 80),
                            record_of(LW_FLOW_TCP, 1, 2, 80)};

    (void)state;
    record_set_time(&r[0], 5, 10);
    record_set_time(&r[1], 12, 12);
    run(r, 2);
    assert_near(last(KDD_count), 2, 0);
    r[1].end_ns++;
    run(r, 2);
    assert_near(last(KDD_count), 1, 0);
    assert_near(last(KDD_srv_count), 1, 0);
    assert_near(last(KDD_dst_host_count), 2, 0);
}

/* 600 connections at one moment: 511 and 255 is all that the windows hold. */
static void windows_are_bounded(void **state)
{
    struct lw_record r[600];

    (void)state;
    for (size_t i = 0; i < 600; i++) {
        r[i] = record_of(LW_FLOW_TCP, 1, 2, 80);
        record_set_time(&r[i], 1, 1);
    }
    run(r, 600);
    assert_near(last(KDD_count), 511, 0);
    assert_near(last(KDD_srv_count), 511, 0);
    assert_near(last(KDD_dst_host_count), 255, 0);
    assert_near(last(KDD_dst_host_srv_count), 255, 0);
    assert_near(rows.values[509][KDD_count], 510, 0);
    assert_near(rows.values[253][KDD_dst_host_count], 254, 0);
}

/* 255 connections to another host push the first out of the host window; it is still in
 * the two-second window, from which 511 of them push it. */
static void the_host_window_is_of_the_whole_network(void **state)
{
    struct lw_record r[513];

    (void)state;
    for (size_t i = 0; i < 513; i++) {
        r[i] = record_of(LW_FLOW_TCP, 1, 3, 25);
        record_set_time(&r[i], 1, 1);
    }
    r[0].addr[1].bytes[3] = 2;
    r[255].addr[1].bytes[3] = 2;
    r[512].addr[1].bytes[3] = 2;
    run(r, 256);
    assert_near(last(KDD_dst_host_count), 1, 0);
    assert_near(last(KDD_dst_host_srv_count), 255, 0);
    assert_near(last(KDD_count), 2, 0);
    run(r, 513); /* the first has gone, the middle one is the second of 2 */
    assert_near(last(KDD_count), 2, 0);
    assert_near(last(KDD_dst_host_count), 1, 0);
}

/* A scan of six ports: three without a name (2 tcp, 1 udp of the same number), two
 * names and one name twice.  Identity is the port, so there are five services on six.
 */
static void services_without_names_are_told_apart(void **state)
{
    struct lw_record r[] = {
        record_of(LW_FLOW_TCP, 1, 2, 5000), record_of(LW_FLOW_TCP, 1, 2, 5001),
        record_of(LW_FLOW_UDP, 1, 2, 5000), record_of(LW_FLOW_TCP, 1, 2, 80),
        record_of(LW_FLOW_TCP, 1, 2, 22),   record_of(LW_FLOW_TCP, 1, 2, 80),
    };

    (void)state;
    run(r, 6);
    assert_near(last(KDD_srv_count), 2, 0);
    assert_near(last(KDD_diff_srv_rate), 0.83, 1e-6);
    assert_near(rows.values[2][KDD_srv_count], 1, 0);
}

/* The data of active FTP go to any port, but are one service. */
static void ftp_data_is_one_service(void **state)
{
    struct lw_record r[] = {record_of(LW_FLOW_TCP, 1, 2, 33000),
                            record_of(LW_FLOW_TCP, 1, 2, 33001)};

    (void)state;
    r[0].port[0] = 20;
    r[1].port[0] = 20;
    run(r, 2);
    assert_near(last(KDD_srv_count), 2, 0);
}

/*
 * Rates of the data set: 5 / 8 is 0.62 and 1 / 8 is 0.12 (ties to even), 13 / 40 is
 * 0.32 (a single 0.325 lies below it).
 */
static void rates_round_as_in_the_data_set(void **state)
{
    struct lw_record r[40];

    (void)state;
    for (size_t i = 0; i < 40; i++) {
        r[i] = record_of(LW_FLOW_TCP, 1, 2, 80);
        r[i].conn = i < 5 || (i >= 8 && i < 16) ? LW_CONN_S0 : LW_CONN_SF;
        r[i].conn = i == 7 ? LW_CONN_REJ : r[i].conn;
        record_set_time(&r[i], 1, 1);
    }
    run(r, 40);
    assert_near(rows.values[7][KDD_serror_rate], 0.62, 1e-6);
    assert_near(rows.values[7][KDD_rerror_rate], 0.12, 1e-6);
    assert_near(rows.values[39][KDD_serror_rate], 0.32, 1e-6);
}

/* An echo flow of 5 requests of 56 bytes is a row of one message with its header, and 5
 * connections; the answers are none.  One of 101 requests over 100 s has 3 in its last
 * two seconds. */
static void icmp_messages_are_connections(void **state)
{
    struct lw_record r = record_of(LW_FLOW_ICMP, 1, 2, 0);

    (void)state;
    r.icmp_type = 8;
    r.side[0].packets = 5;
    r.side[0].payload_bytes = 5 * 56;
    r.side[1].packets = 5;
    r.side[1].payload_bytes = 5 * 56;
    record_set_time(&r, 1, 1.5);
    run(&r, 1);
    assert_near(last(KDD_src_bytes), 64, 0);
    assert_near(last(KDD_dst_bytes), 0, 0);
    assert_near(last(KDD_duration), 0, 0);
    assert_near(last(KDD_count), 5, 0);
    assert_near(last(KDD_dst_host_srv_count), 5, 0);
    r.side[0].packets = 101;
    record_set_time(&r, 0, 100);
    run(&r, 1);
    assert_near(last(KDD_count), 3, 0);
    r.side[0].packets = 1000000;
    run(&r, 1);
    assert_near(last(KDD_count), 511, 0);
    assert_near(last(KDD_dst_host_count), 255, 0);
}

/* ---- all windows against the definition -------------------------------------------
 */

struct expected {
    int host, service, both, port, hs, hr, ss, sr, services, hosts;
};

static bool same_dst(const struct lw_record *a, const struct lw_record *b)
{
    return memcmp(&a->addr[1], &b->addr[1], sizeof a->addr[1]) == 0;
}

static bool same_service(const struct lw_record *a, const struct lw_record *b)
{
    return a->kind == b->kind && a->port[1] == b->port[1];
}

/* Is there an earlier one in [from, i) with the same host and service as i? */
static bool seen_before(const struct lw_record *r, size_t from, size_t i)
{
    for (size_t j = from; j < i; j++) {
        if (same_dst(&r[j], &r[i]) && same_service(&r[j], &r[i]))
            return true;
    }
    return false;
}

/* What records [from, at] say of record `at`. */
static struct expected reference(const struct lw_record *r, size_t from, size_t at)
{
    struct expected e = {0};

    for (size_t i = from; i <= at; i++) {
        bool s0 = r[i].conn == LW_CONN_S0;
        bool rej = r[i].conn == LW_CONN_REJ;
        bool first = !seen_before(r, from, i);

        if (same_dst(&r[i], &r[at])) {
            e.host++;
            e.both += same_service(&r[i], &r[at]);
            e.port += r[i].port[0] == r[at].port[0];
            e.hs += s0;
            e.hr += rej;
            e.services += first;
        }
        if (same_service(&r[i], &r[at])) {
            e.service++;
            e.ss += s0;
            e.sr += rej;
            e.hosts += first;
        }
    }
    return e;
}

/* As the data set's authors must have printed it. */
static float printed(int part, int whole)
{
    char text[32];

    (void)snprintf(text, sizeof text, "%.2f", (double)((float)part / (float)whole));
    return strtof(text, NULL);
}

static float distinct(int n, int whole)
{
    return n < 2 ? 0.0f : printed(n, whole);
}

static void assert_row(const float *v, const struct expected *t,
                       const struct expected *h)
{
    const float expected[] = {
        (float)t->host,
        (float)t->service,
        printed(t->hs, t->host),
        printed(t->ss, t->service),
        printed(t->hr, t->host),
        printed(t->sr, t->service),
        printed(t->both, t->host),
        distinct(t->services, t->host),
        distinct(t->hosts, t->service),
        (float)h->host,
        (float)h->service,
        printed(h->both, h->host),
        distinct(h->services, h->host),
        printed(h->port, h->host),
        distinct(h->hosts, h->service),
        printed(h->hs, h->host),
        printed(h->ss, h->service),
        printed(h->hr, h->host),
        printed(h->sr, h->service),
    };

    for (int i = 0; i < N_KDD - KDD_count; i++) {
        if (v[KDD_count + i] != expected[i])
            fail_msg("%s is %g, not %g",
                     lw_view_get("kdd")->features[KDD_count + i].name,
                     (double)v[KDD_count + i], (double)expected[i]);
    }
}

static int by_end(const void *a, const void *b)
{
    const struct lw_record *x = a;
    const struct lw_record *y = b;

    if (x->end_ns != y->end_ns)
        return x->end_ns < y->end_ns ? -1 : 1;
    if (x->start_ns != y->start_ns)
        return x->start_ns < y->start_ns ? -1 : 1;
    return x->flow_id < y->flow_id ? -1 : 1;
}

/* Few hosts and ports, so that everything repeats; bursts that fill both windows and
 * pauses that empty the shorter. */
static void random_records(struct rng *rng, struct lw_record *r, size_t n)
{
    static const enum lw_conn conns[] = {LW_CONN_SF, LW_CONN_S0, LW_CONN_REJ};
    static const uint16_t ports[] = {80, 25, 22, 5000, 5001, 700, 701, 53};
    int64_t now_ns = 1000000000;

    for (size_t i = 0; i < n; i++) {
        uint64_t busy = i / 700 % 2 == 0 ? 2000000 : 30000000;
        uint16_t port = ports[rng_below(rng, 8)];

        r[i] = record_of(LW_FLOW_TCP, 1, (uint8_t)(2 + rng_below(rng, 5)), port);
        r[i].flow_id = i + 1;
        r[i].port[0] = (uint16_t)(40000 + rng_below(rng, 4));
        r[i].conn = conns[rng_below(rng, 3)];
        now_ns += (int64_t)rng_below(rng, busy);
        r[i].end_ns = now_ns - now_ns % 1000000; /* ties happen */
        r[i].start_ns = r[i].end_ns - (int64_t)rng_below(rng, 5) * 1000000;
    }
}

static void windows_equal_the_reference(void **state)
{
    enum { N = 3000 };
    static struct lw_record r[N];
    struct rng rng;

    (void)state;
    rng_init(&rng, 7);
    random_records(&rng, r, N);
    qsort(r, N, sizeof r[0], by_end);
    run(r, N);
    for (size_t i = 0; i < N; i++) {
        size_t h = i >= 254 ? i - 254 : 0;
        size_t t = i >= 510 ? i - 510 : 0;
        struct expected in_time;
        struct expected in_host;

        while (r[t].end_ns < r[i].end_ns - 2000000000)
            t++;
        in_time = reference(r, t, i);
        in_host = reference(r, h, i);
        assert_row(rows.values[i], &in_time, &in_host);
    }
}

/* ---- order ------------------------------------------------------------------------
 */

/* Records that come late, and a watermark that says so: the rows are those of sorted
 * records. */
static void waiting_equals_sorting(void **state)
{
    enum { N = 2000, LATE = 40 };
    static struct lw_record r[N];
    static float sorted[N][N_KDD];
    struct lw_extractor *x;
    struct lw_extractor_stats s;
    struct rng rng;

    (void)state;
    rng_init(&rng, 11);
    random_records(&rng, r, N);
    qsort(r, N, sizeof r[0], by_end);
    for (size_t i = 0; i < N; i++)
        r[i].flow_id = i + 1;
    run(r, N);
    memcpy(sorted, rows.values, sizeof sorted);
    x = extractor_of("kdd", NULL);
    for (size_t i = 0; i < N; i += LATE) {
        uint32_t order[LATE];

        for (uint32_t k = 0; k < LATE; k++)
            order[k] = k;
        rng_shuffle(&rng, order, LATE);
        for (size_t k = 0; k < LATE; k++)
            add(x, &r[i + order[k]], r[i].end_ns);
    }
    lw_extractor_flush(x, keep, NULL);
    lw_extractor_get_stats(x, &s);
    assert_int_equal(s.early, 0);
    assert_int_equal(s.late, 0);
    assert_int_equal(rows.n, N);
    for (size_t i = 0; i < N; i++) {
        assert_int_equal(rows.flow_id[i], i + 1);
        assert_memory_equal(rows.values[i], sorted[i], sizeof sorted[i]);
    }
    lw_extractor_free(x);
}

static struct lw_record ended_at(uint64_t id, double end_s)
{
    struct lw_record r = record_of(LW_FLOW_TCP, 1, 2, 80);

    r.flow_id = id;
    record_set_time(&r, end_s, end_s);
    return r;
}

/* A row is final when its end lies before the watermark, not at it. */
static void rows_wait_for_the_watermark(void **state)
{
    struct lw_extractor *x = extractor_of("kdd", NULL);
    struct lw_record a = ended_at(1, 5);
    struct lw_record b = ended_at(2, 4);

    (void)state;
    add(x, &a, 4000000000);
    add(x, &b, 4000000000);
    assert_int_equal(rows.n, 0);
    lw_extractor_advance(x, 4000000001, keep, NULL);
    assert_int_equal(rows.n, 1);
    assert_int_equal(rows.flow_id[0], 2);
    lw_extractor_flush(x, keep, NULL);
    assert_int_equal(rows.flow_id[1], 1);
    lw_extractor_free(x);
}

/* Live: after one second of packet time a row does not wait any more, and what comes
 * later is late. */
static void live_rows_do_not_wait_long(void **state)
{
    const struct lw_extractor_config cfg = {.max_delay_ns = 1000000000};
    struct lw_extractor *x = extractor_of("kdd", &cfg);
    struct lw_record a = ended_at(1, 5);
    struct lw_record b = ended_at(2, 6.5);
    struct lw_record c = ended_at(3, 3);
    struct lw_extractor_stats s;

    (void)state;
    add(x, &a, 0);
    assert_int_equal(rows.n, 0);
    add(x, &b, 0);
    assert_int_equal(rows.n, 1);
    add(x, &c, 0);
    assert_int_equal(rows.n, 2);
    assert_int_equal(rows.flow_id[1], 3);
    assert_near(last(KDD_count), 2, 0); /* it counts as ended with the first */
    lw_extractor_get_stats(x, &s);
    assert_int_equal(s.early, 2);
    assert_int_equal(s.late, 1);
    lw_extractor_free(x);
}

static void waiting_is_bounded(void **state)
{
    const struct lw_extractor_config cfg = {.max_waiting = 2};
    struct lw_extractor *x = extractor_of("kdd", &cfg);
    struct lw_extractor_stats s;

    (void)state;
    for (uint64_t id = 1; id <= 5; id++) {
        struct lw_record r = ended_at(id, (double)(10 - id));

        add(x, &r, 0);
    }
    /* 9 8 | 7 -> 7 | 6 -> 6 | 5 -> 5: the oldest of three leaves */
    lw_extractor_get_stats(x, &s);
    assert_int_equal(s.waiting, 2);
    assert_int_equal(rows.n, 3);
    assert_int_equal(rows.flow_id[0], 3);
    assert_int_equal(rows.flow_id[2], 5);
    assert_int_equal(s.early, 3);
    assert_int_equal(s.records, s.rows + s.no_row + s.waiting);
    lw_extractor_free(x);
}

/* ---- the rest ---------------------------------------------------------------------
 */

static void kdd31_is_a_projection(void **state)
{
    struct lw_record r = record_of(LW_FLOW_TCP, 1, 2, 80);
    const struct lw_view *kdd31 = lw_view_get("kdd31");
    float expected[N_KDD];
    struct lw_extractor *x;
    struct lw_error err;

    (void)state;
    r.side[0].payload_bytes = 77;
    run(&r, 1);
    assert_int_equal(
        lw_view_project(lw_view_get("kdd"), rows.values[0], kdd31, expected, &err),
        LW_OK);
    x = extractor_of("kdd31", NULL);
    add(x, &r, INT64_MAX);
    assert_int_equal(rows.n, 1);
    assert_memory_equal(rows.values[0], expected, 31 * sizeof expected[0]);
    lw_extractor_free(x);
}

static void unknown_views_are_refused(void **state)
{
    const struct lw_view other = {.name = "other"};
    struct lw_extractor *x = NULL;
    struct lw_error err;

    (void)state;
    assert_int_equal(lw_extractor_new(&x, &other, NULL, &err), LW_EUNSUPPORTED);
    assert_null(x);
    lw_extractor_free(NULL);
}

static void constructor_survives_lack_of_memory(void **state)
{
    struct lw_extractor *x = NULL;
    struct lw_error err;
    enum lw_status st = LW_ENOMEM;
    uint64_t n;

    (void)state;
    for (n = 1; st == LW_ENOMEM; n++) {
        mem_fail_at(n, 0);
        st = lw_extractor_new(&x, lw_view_get("kdd"), NULL, &err);
        mem_fail_at(0, 0);
    }
    assert_int_equal(st, LW_OK);
    assert_true(n > 2);
    lw_extractor_free(x);
}

/* A record that found no room was not taken, and the rest goes on. */
static void adding_survives_lack_of_memory(void **state)
{
    struct lw_extractor *x = extractor_of("kdd", NULL);
    struct lw_record r = ended_at(1, 1);
    struct lw_extractor_stats s;

    (void)state;
    for (uint64_t n = 1; n <= 2; n++) {
        mem_fail_at(n, 0);
        assert_int_equal(lw_extractor_add(x, &r, 0, keep, NULL), LW_ENOMEM);
        mem_fail_at(0, 0);
    }
    lw_extractor_get_stats(x, &s);
    assert_int_equal(s.records, 0);
    add(x, &r, INT64_MAX);
    assert_int_equal(rows.n, 1);
    lw_extractor_free(x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(basic_features_come_from_the_record),
        cmocka_unit_test(content_features_are_unavailable),
        cmocka_unit_test(initiator_is_the_source),
        cmocka_unit_test(land_needs_address_and_port),
        cmocka_unit_test(services_follow_the_ports),
        cmocka_unit_test(icmp_services_follow_the_type),
        cmocka_unit_test(flags_are_those_of_the_data_set),
        cmocka_unit_test(a_reset_of_the_originator_needs_no_syn),
        cmocka_unit_test(only_tcp_udp_and_icmp_have_rows),
        cmocka_unit_test(first_connection_counts_itself),
        cmocka_unit_test(counts_are_as_worked_out),
        cmocka_unit_test(time_window_ends_at_two_seconds),
        cmocka_unit_test(windows_are_bounded),
        cmocka_unit_test(the_host_window_is_of_the_whole_network),
        cmocka_unit_test(services_without_names_are_told_apart),
        cmocka_unit_test(ftp_data_is_one_service),
        cmocka_unit_test(rates_round_as_in_the_data_set),
        cmocka_unit_test(icmp_messages_are_connections),
        cmocka_unit_test(windows_equal_the_reference),
        cmocka_unit_test(waiting_equals_sorting),
        cmocka_unit_test(rows_wait_for_the_watermark),
        cmocka_unit_test(live_rows_do_not_wait_long),
        cmocka_unit_test(waiting_is_bounded),
        cmocka_unit_test(kdd31_is_a_projection),
        cmocka_unit_test(unknown_views_are_refused),
        cmocka_unit_test(constructor_survives_lack_of_memory),
        cmocka_unit_test(adding_survives_lack_of_memory),
    };

    return cmocka_run_group_tests_name("kdd", tests, NULL, NULL);
}

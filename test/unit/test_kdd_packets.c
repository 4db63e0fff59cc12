/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every feature of the kdd view but those of content, from packets: a sequence through
 * meter and extractor, and the value that it must have, worked out in the comment.
 */
#include "kdd_rows.h"
#include "test.h"

#include <string.h>

static struct kdd_rows k;

static void run(const char *lines)
{
    kdd_rows_begin(&k);
    kdd_rows_packets(&k, lines);
    kdd_rows_end(&k);
}

#define VALUE(i, column)           kdd_rows_value(&k, i, KDD_##column)
#define ASSERT_VALUE(i, column, v) assert_near(VALUE(i, column), v, 1e-6)
#define ASSERT_NAME(i, column, name)                                                   \
    assert_string_equal(kdd_rows_name(&k, i, KDD_##column), name)

/* ---- the connection ---------------------------------------------------------------
 */

/* From 0.2 s to 4.1 s: 3.9 s, cut off to 3. */
static void duration(void **state)
{
    (void)state;
    run("0.2 udp 10.0.0.1:1000 > 10.0.0.2:2000 len=1\n"
        "4.1 udp 10.0.0.2:2000 > 10.0.0.1:1000 len=1\n");
    assert_int_equal(k.n, 1);
    ASSERT_VALUE(0, duration, 3);
}

/* Two hours, with a packet every half minute: one row, not one for each hour. */
static void a_long_connection_is_one_row(void **state)
{
    char line[100];

    (void)state;
    kdd_rows_begin(&k);
    kdd_rows_packets(&k, "0 tcp 10.0.0.1:1000 > 10.0.0.2:80 S seq=0\n"
                         "0 tcp 10.0.0.2:80 > 10.0.0.1:1000 SA seq=0 ack=1\n");
    for (unsigned s = 30; s <= 7200; s += 30) {
        (void)snprintf(line, sizeof line,
                       "%u tcp 10.0.0.1:1000 > 10.0.0.2:80 A seq=%u ack=1 len=10\n", s,
                       1 + (s / 30 - 1) * 10);
        kdd_rows_packets(&k, line);
    }
    kdd_rows_end(&k);
    assert_int_equal(k.n, 1);
    ASSERT_VALUE(0, duration, 7200);
    ASSERT_VALUE(0, src_bytes, 2400);
}

/* ARP is none of the three and has no row. */
static void protocol_type(void **state)
{
    (void)state;
    run("0 tcp 10.0.0.1:1000 > 10.0.0.2:80 S\n"
        "1 udp 10.0.0.1:1000 > 10.0.0.2:53 len=1\n"
        "2 icmp 10.0.0.1 > 10.0.0.2 type=8 id=1\n"
        "3 arp 10.0.0.1 > 10.0.0.2\n");
    assert_int_equal(k.n, 3);
    ASSERT_NAME(0, protocol_type, "tcp");
    ASSERT_NAME(1, protocol_type, "udp");
    ASSERT_NAME(2, protocol_type, "icmp");
}

/* By port; HTTP to 8081 by what is said, and to 8001 by the port that has a name. */
static void service(void **state)
{
    static const struct say http[] = {CLIENT_SAYS("GET / HTTP/1.0\r\n\r\n"),
                                      SERVER_SAYS("HTTP/1.0 200 OK\r\n\r\n")};

    (void)state;
    kdd_rows_begin(&k);
    kdd_rows_packets(&k, "0 tcp 10.0.0.1:1000 > 10.0.0.2:79 S\n");
    kdd_rows_talk(&k, 1, 1001, 8081, http, 2);
    kdd_rows_talk(&k, 2, 1002, 8001, http, 2);
    kdd_rows_packets(&k, "3 tcp 10.0.0.1:1003 > 10.0.0.2:8081 S\n");
    kdd_rows_end(&k);
    assert_int_equal(k.n, 4);
    ASSERT_NAME(0, service, "finger");
    ASSERT_NAME(1, service, "http");
    ASSERT_NAME(2, service, "http_8001");
    ASSERT_NAME(3, service, "other");
}

/* No answer; refused; and a SYN that the originator takes back. */
static void flag(void **state)
{
    (void)state;
    run("0   tcp 10.0.0.1:1000 > 10.0.0.2:80 S seq=0\n"
        "1   tcp 10.0.0.1:1001 > 10.0.0.2:80 S seq=0\n"
        "1.1 tcp 10.0.0.2:80 > 10.0.0.1:1001 RA seq=0 ack=1\n"
        "2   tcp 10.0.0.1:1002 > 10.0.0.2:80 S seq=0\n"
        "2.1 tcp 10.0.0.1:1002 > 10.0.0.2:80 R seq=1\n"
        "3   tcp 10.0.0.1:1003 > 10.0.0.2:80 S seq=0\n"
        "3.1 tcp 10.0.0.2:80 > 10.0.0.1:1003 SA seq=0 ack=1\n"
        "3.2 tcp 10.0.0.1:1003 > 10.0.0.2:80 A seq=1 ack=1\n");
    assert_int_equal(k.n, 4);
    ASSERT_NAME(0, flag, "S0");
    ASSERT_NAME(1, flag, "REJ");
    ASSERT_NAME(2, flag, "RSTOS0");
    ASSERT_NAME(3, flag, "S1");
}

/* 100 + 50 bytes there, 7 back; a message of ICMP with its header of 8. */
static void bytes(void **state)
{
    (void)state;
    run("0   udp 10.0.0.1:1000 > 10.0.0.2:2000 len=100\n"
        "0.1 udp 10.0.0.1:1000 > 10.0.0.2:2000 len=50\n"
        "0.2 udp 10.0.0.2:2000 > 10.0.0.1:1000 len=7\n"
        "1   icmp 10.0.0.1 > 10.0.0.2 type=8 id=1 len=1024\n");
    assert_int_equal(k.n, 2);
    ASSERT_VALUE(0, src_bytes, 150);
    ASSERT_VALUE(0, dst_bytes, 7);
    ASSERT_VALUE(1, src_bytes, 1032);
    ASSERT_VALUE(1, dst_bytes, 0);
}

static void land(void **state)
{
    (void)state;
    run("0 tcp 10.0.0.1:139 > 10.0.0.1:139 S\n"
        "1 tcp 10.0.0.1:139 > 10.0.0.2:139 S\n");
    assert_int_equal(k.n, 2);
    ASSERT_VALUE(0, land, 1);
    ASSERT_VALUE(1, land, 0);
}

/* teardrop: its first fragment is 36 bytes long, which only a last one may be.  Then
 * one of 32 bytes with another that says its bytes 8 to 15 otherwise.  A datagram in
 * two fragments that fit has none that is wrong. */
static void wrong_fragment(void **state)
{
    (void)state;
    run("0   udp 10.0.0.1:1000 > 10.0.0.2:2000 ipid=7 mf len=28\n"
        "0.1 ip 10.0.0.1 > 10.0.0.2 proto=17 ipid=7 frag=24 len=4\n"
        "1   udp 10.0.0.1:1000 > 10.0.0.4:2000 ipid=8 mf len=24\n"
        "1.1 ip 10.0.0.1 > 10.0.0.4 proto=17 ipid=8 mf frag=8 data=12345678\n"
        "5   udp 10.0.0.1:1000 > 10.0.0.3:2000 ipid=9 mf len=16\n"
        "5.1 ip 10.0.0.1 > 10.0.0.3 proto=17 ipid=9 frag=24 len=24\n");
    assert_int_equal(k.n, 3);
    ASSERT_VALUE(0, wrong_fragment, 1);
    ASSERT_VALUE(1, wrong_fragment, 1);
    ASSERT_VALUE(2, wrong_fragment, 0);
}

/* Two segments with URG, one of each side. */
static void urgent(void **state)
{
    (void)state;
    run("0   tcp 10.0.0.1:1000 > 10.0.0.2:23 S seq=0\n"
        "0.1 tcp 10.0.0.2:23 > 10.0.0.1:1000 SA seq=0 ack=1\n"
        "0.2 tcp 10.0.0.1:1000 > 10.0.0.2:23 PAU seq=1 ack=1 len=3 urg=1\n"
        "0.3 tcp 10.0.0.2:23 > 10.0.0.1:1000 PAU seq=1 ack=4 len=1 urg=1\n"
        "0.4 tcp 10.0.0.1:1000 > 10.0.0.2:23 PA seq=4 ack=2 len=1\n");
    assert_int_equal(k.n, 1);
    ASSERT_VALUE(0, urgent, 2);
}

/* Two requests and their answers are four connections: each from who sent it, with its
 * own service.  The answers go to 10.0.0.1, of which the second one counts two. */
static void a_message_of_icmp_is_a_row(void **state)
{
    (void)state;
    run("0    icmp 10.0.0.1 > 10.0.0.2 type=8 id=1 icmpseq=1 len=56\n"
        "0.01 icmp 10.0.0.2 > 10.0.0.1 type=0 id=1 icmpseq=1 len=56\n"
        "1    icmp 10.0.0.1 > 10.0.0.2 type=8 id=1 icmpseq=2 len=56\n"
        "1.01 icmp 10.0.0.2 > 10.0.0.1 type=0 id=1 icmpseq=2 len=56\n");
    assert_int_equal(k.n, 4);
    for (size_t i = 0; i < 4; i++) {
        ASSERT_NAME(i, service, i % 2 == 0 ? "eco_i" : "ecr_i");
        ASSERT_VALUE(i, src_bytes, 64);
        ASSERT_VALUE(i, duration, 0);
        ASSERT_VALUE(i, count, 1 + (double)(i / 2));
        ASSERT_VALUE(i, srv_count, 1 + (double)(i / 2));
        ASSERT_VALUE(i, hot, 0);
    }
}

/* The later fragments of a message are no messages. */
static void fragments_of_icmp_are_no_rows(void **state)
{
    (void)state;
    run("0    icmp 10.0.0.1 > 10.0.0.2 type=8 id=1 len=3000 ipid=9 cut=0,1480\n"
        "0.01 icmp 10.0.0.1 > 10.0.0.2 type=8 id=1 len=3000 ipid=9 cut=1480,1480\n"
        "0.02 icmp 10.0.0.1 > 10.0.0.2 type=8 id=1 len=3000 ipid=9 cut=2960,48\n"
        "1    icmp 10.0.0.1 > 10.0.0.2 type=8 id=1 len=56\n");
    assert_int_equal(k.n, 2);
}

/* ---- windows ----------------------------------------------------------------------
 *
 * The connections of this sequence, in the order of their ends:
 *
 *     0  10.0.0.1:1000 > 10.0.0.2:80    S0    0.0 s
 *     1  10.0.0.1:1001 > 10.0.0.2:80    REJ   3.1 s
 *     2  10.0.0.1:1002 > 10.0.0.2:25    S0    3.2 s
 *     3  10.0.0.1:1003 > 10.0.0.3:80    S0    3.3 s
 *     4  10.0.0.1:1001 > 10.0.0.2:443   REJ   3.5 s
 *     5  10.0.0.1:1005 > 10.0.0.2:80    S0    4.0 s
 *
 * The last one's two seconds hold 1 to 5: to its host 1, 2, 4 and 5 (two S0, two REJ,
 * services http, smtp and http_443), to its service 1, 3 and 5 (two S0, one REJ, two
 * hosts).  The last 255 connections hold 0, too.
 */
static const char *const six = "0    tcp 10.0.0.1:1000 > 10.0.0.2:80 S seq=0\n"
                               "3    tcp 10.0.0.1:1001 > 10.0.0.2:80 S seq=0\n"
                               "3.1  tcp 10.0.0.2:80 > 10.0.0.1:1001 RA seq=0 ack=1\n"
                               "3.2  tcp 10.0.0.1:1002 > 10.0.0.2:25 S seq=0\n"
                               "3.3  tcp 10.0.0.1:1003 > 10.0.0.3:80 S seq=0\n"
                               "3.4  tcp 10.0.0.1:1001 > 10.0.0.2:443 S seq=0\n"
                               "3.5  tcp 10.0.0.2:443 > 10.0.0.1:1001 RA seq=0 ack=1\n"
                               "4    tcp 10.0.0.1:1005 > 10.0.0.2:80 S seq=0\n";

static void run_six(void)
{
    run(six);
    assert_int_equal(k.n, 6);
}

static void count(void **state)
{
    (void)state;
    run_six();
    ASSERT_VALUE(0, count, 1);
    ASSERT_VALUE(5, count, 4);
}

static void srv_count(void **state)
{
    (void)state;
    run_six();
    ASSERT_VALUE(5, srv_count, 3);
}

/* 2 and 5 of four */
static void serror_rate(void **state)
{
    (void)state;
    run_six();
    ASSERT_VALUE(5, serror_rate, 0.5);
}

/* 3 and 5 of three */
static void srv_serror_rate(void **state)
{
    (void)state;
    run_six();
    ASSERT_VALUE(5, srv_serror_rate, 0.67);
}

/* 1 and 4 of four */
static void rerror_rate(void **state)
{
    (void)state;
    run_six();
    ASSERT_VALUE(5, rerror_rate, 0.5);
}

/* 1 of three */
static void srv_rerror_rate(void **state)
{
    (void)state;
    run_six();
    ASSERT_VALUE(5, srv_rerror_rate, 0.33);
}

/* 1 and 5 of four are http */
static void same_srv_rate(void **state)
{
    (void)state;
    run_six();
    ASSERT_VALUE(5, same_srv_rate, 0.5);
}

/* three services over four connections */
static void diff_srv_rate(void **state)
{
    (void)state;
    run_six();
    ASSERT_VALUE(0, diff_srv_rate, 0);
    ASSERT_VALUE(5, diff_srv_rate, 0.75);
}

/* two hosts over three connections */
static void srv_diff_host_rate(void **state)
{
    (void)state;
    run_six();
    ASSERT_VALUE(0, srv_diff_host_rate, 0);
    ASSERT_VALUE(5, srv_diff_host_rate, 0.67);
}

/* 0, 1, 2, 4, 5 */
static void dst_host_count(void **state)
{
    (void)state;
    run_six();
    ASSERT_VALUE(5, dst_host_count, 5);
}

/* 0, 1, 3, 5 */
static void dst_host_srv_count(void **state)
{
    (void)state;
    run_six();
    ASSERT_VALUE(5, dst_host_srv_count, 4);
}

/* 0, 1 and 5 of five */
static void dst_host_same_srv_rate(void **state)
{
    (void)state;
    run_six();
    ASSERT_VALUE(5, dst_host_same_srv_rate, 0.6);
}

/* three services over five */
static void dst_host_diff_srv_rate(void **state)
{
    (void)state;
    run_six();
    ASSERT_VALUE(5, dst_host_diff_srv_rate, 0.6);
}

/* Of 4's four connections to its host (0, 1, 2, 4) two are from port 1001. */
static void dst_host_same_src_port_rate(void **state)
{
    (void)state;
    run_six();
    ASSERT_VALUE(4, dst_host_same_src_port_rate, 0.5);
    ASSERT_VALUE(5, dst_host_same_src_port_rate, 0.2);
}

/* two hosts over four */
static void dst_host_srv_diff_host_rate(void **state)
{
    (void)state;
    run_six();
    ASSERT_VALUE(5, dst_host_srv_diff_host_rate, 0.5);
}

/* 0, 2 and 5 of five */
static void dst_host_serror_rate(void **state)
{
    (void)state;
    run_six();
    ASSERT_VALUE(5, dst_host_serror_rate, 0.6);
}

/* 0, 3 and 5 of four */
static void dst_host_srv_serror_rate(void **state)
{
    (void)state;
    run_six();
    ASSERT_VALUE(5, dst_host_srv_serror_rate, 0.75);
}

/* 1 and 4 of five */
static void dst_host_rerror_rate(void **state)
{
    (void)state;
    run_six();
    ASSERT_VALUE(5, dst_host_rerror_rate, 0.4);
}

/* 1 of four */
static void dst_host_srv_rerror_rate(void **state)
{
    (void)state;
    run_six();
    ASSERT_VALUE(5, dst_host_srv_rerror_rate, 0.25);
}

/* A flood of 520 SYNs within half a second: the windows are full. */
static void windows_saturate(void **state)
{
    (void)state;
    kdd_rows_begin(&k);
    for (unsigned i = 0; i < 520; i++) {
        char line[100];

        (void)snprintf(line, sizeof line,
                       "%.3f tcp 10.0.0.1:%u > 10.0.0.2:80 S seq=0\n", i * 0.001,
                       1000 + i);
        kdd_rows_packets(&k, line);
    }
    kdd_rows_end(&k);
    assert_int_equal(k.n, 520);
    ASSERT_VALUE(519, count, 511);
    ASSERT_VALUE(519, srv_count, 511);
    ASSERT_VALUE(519, dst_host_count, 255);
    ASSERT_VALUE(519, dst_host_srv_count, 255);
    ASSERT_VALUE(519, serror_rate, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(duration),
        cmocka_unit_test(a_long_connection_is_one_row),
        cmocka_unit_test(protocol_type),
        cmocka_unit_test(service),
        cmocka_unit_test(flag),
        cmocka_unit_test(bytes),
        cmocka_unit_test(land),
        cmocka_unit_test(wrong_fragment),
        cmocka_unit_test(urgent),
        cmocka_unit_test(a_message_of_icmp_is_a_row),
        cmocka_unit_test(fragments_of_icmp_are_no_rows),
        cmocka_unit_test(count),
        cmocka_unit_test(srv_count),
        cmocka_unit_test(serror_rate),
        cmocka_unit_test(srv_serror_rate),
        cmocka_unit_test(rerror_rate),
        cmocka_unit_test(srv_rerror_rate),
        cmocka_unit_test(same_srv_rate),
        cmocka_unit_test(diff_srv_rate),
        cmocka_unit_test(srv_diff_host_rate),
        cmocka_unit_test(dst_host_count),
        cmocka_unit_test(dst_host_srv_count),
        cmocka_unit_test(dst_host_same_srv_rate),
        cmocka_unit_test(dst_host_diff_srv_rate),
        cmocka_unit_test(dst_host_same_src_port_rate),
        cmocka_unit_test(dst_host_srv_diff_host_rate),
        cmocka_unit_test(dst_host_serror_rate),
        cmocka_unit_test(dst_host_srv_serror_rate),
        cmocka_unit_test(dst_host_rerror_rate),
        cmocka_unit_test(dst_host_srv_rerror_rate),
        cmocka_unit_test(windows_saturate),
    };

    return cmocka_run_group_tests_name("kdd_packets", tests, NULL, NULL);
}

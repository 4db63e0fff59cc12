/* SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"
#include "base/timefmt.h"
#include "test.h"

#include <lapwing/flowread.h>

#include <stdio.h>
#include <string.h>

#define ARGUS_HEADER                                                                   \
    "StartTime,Dur,Proto,SrcAddr,Sport,Dir,DstAddr,Dport,State,sTos,dTos,TotPkts,"     \
    "TotBytes,SrcBytes,Label\n"
#define ZEEK_NAMES                                                                     \
    "ts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\tservice\tduration\t"  \
    "orig_bytes\tresp_bytes\tconn_state\tlocal_orig\tlocal_resp\tmissed_bytes\t"       \
    "history\torig_pkts\torig_ip_bytes\tresp_pkts\tresp_ip_bytes\ttunnel_parents"
#define ZEEK_HEADER "#separator \\x09\n#fields\t" ZEEK_NAMES "\n"

static struct lw_record rec;
static char label[300];
static struct lw_error err;

static struct lw_flow_reader *open_text(const char *text, enum lw_bad_rows bad_rows)
{
    const struct lw_flow_reader_config cfg = {.bad_rows = bad_rows};
    struct lw_flow_reader *r = NULL;
    enum lw_status st =
        lw_flow_reader_open_memory(&r, text, strlen(text), "f", &cfg, &err);

    if (st != LW_OK)
        print_error("%s\n", err.msg);
    assert_int_equal(st, LW_OK);
    return r;
}

static enum lw_status next(struct lw_flow_reader *r)
{
    const struct lw_record *got = NULL;
    enum lw_status st = lw_flow_reader_next(r, &got, &err);

    if (st == LW_OK) {
        rec = *got;
        (void)snprintf(label, sizeof label, "%s", lw_flow_reader_label(r));
    }
    return st;
}

/* The only row of a file. */
static void read_one(const char *text)
{
    struct lw_flow_reader *r = open_text(text, LW_BAD_ROWS_STOP);
    enum lw_status st = next(r);

    if (st != LW_OK)
        print_error("%s\n", err.msg);
    assert_int_equal(st, LW_OK);
    assert_int_equal(next(r), LW_END);
    lw_flow_reader_close(r);
}

static void assert_addr(unsigned side, const char *text)
{
    char got[LW_ADDR_TEXT_MAX];

    (void)lw_record_addr_text(&rec, side, got);
    assert_string_equal(got, text);
}

/* ---- binetflow ------------------------------------------------------------------- */

static void a_binetflow_row_of_tcp(void **state)
{
    (void)state;
    read_one(ARGUS_HEADER "2011/08/16 10:01:46.972101,3599.986572,tcp,88.176.79.163,"
                          "49213,  <?>,147.32.84.172,18250,FSPA_SA,0,184,414671,"
                          "415389446,10150692,flow=Background\n");
    assert_int_equal(rec.flow_id, 1);
    assert_int_equal(rec.kind, LW_FLOW_TCP);
    assert_int_equal(rec.protocol, 6);
    assert_int_equal(rec.ip_version, 4);
    /* 2011-08-16 is day 15,202. */
    assert_int_equal(rec.start_ns,
                     (15202 * INT64_C(86400) + 36106) * NS_PER_S + 972101000);
    assert_int_equal(rec.end_ns - rec.start_ns, INT64_C(3599986572000));
    assert_addr(0, "88.176.79.163");
    assert_addr(1, "147.32.84.172");
    assert_int_equal(rec.port[0], 49213);
    assert_int_equal(rec.port[1], 18250);
    assert_true(rec.has_ports);
    assert_int_equal(rec.dir, LW_DIR_UNKNOWN);
    assert_int_equal(rec.side[0].tcp_flags,
                     LW_TCP_FIN | LW_TCP_SYN | LW_TCP_PSH | LW_TCP_ACK);
    assert_int_equal(rec.side[1].tcp_flags, LW_TCP_SYN | LW_TCP_ACK);
    assert_string_equal(rec.state, "FSPA_SA");
    assert_int_equal(rec.side[0].tos, 0);
    assert_int_equal(rec.side[1].tos, 184);
    assert_int_equal(rec.side[0].packets, 414671);
    assert_int_equal(rec.side[0].frame_bytes, 10150692);
    assert_int_equal(rec.side[1].frame_bytes, 415389446 - 10150692);
    assert_int_equal(rec.lacks, LW_LACKS_SIDE_PACKETS | LW_LACKS_IP_BYTES |
                                    LW_LACKS_PAYLOAD | LW_LACKS_RETRANSMITTED |
                                    LW_LACKS_DETAIL);
    assert_true(lw_record_heard(&rec, 0));
    assert_true(lw_record_heard(&rec, 1));
    assert_string_equal(label, "flow=Background");
}

static void binetflow_rows_of_others(void **state)
{
    (void)state;
    read_one(ARGUS_HEADER "2011/08/16 10:09:42.706910,0.000000,icmp,147.32.85.123,"
                          "0x0103,   ->,93.72.137.88,0xf735,URH,0,,1,141,141,x\n");
    assert_int_equal(rec.kind, LW_FLOW_ICMP);
    assert_int_equal(rec.icmp_type, 3);
    assert_int_equal(rec.icmp_code, 1);
    assert_int_equal(rec.icmp_id, 0x35f7);
    assert_false(rec.side[1].has_ip);
    assert_false(lw_record_heard(&rec, 1));
    read_one(ARGUS_HEADER "1970/01/01 00:00:01,1,ipv6-icmp,fe80::1,135,   ->,"
                          "ff02::1:ff1b:d243,0,NNS,0,,1,86,86,x\n");
    assert_int_equal(rec.kind, LW_FLOW_ICMP6);
    assert_int_equal(rec.ip_version, 6);
    assert_int_equal(rec.icmp_type, 135);
    assert_addr(1, "ff02::1:ff1b:d243");
    read_one(ARGUS_HEADER "1970/01/01 00:00:01,1,arp,10.0.0.1,,  who,10.0.0.2,,INT,,,"
                          "1,60,60,x\n");
    assert_int_equal(rec.kind, LW_FLOW_ARP);
    assert_int_equal(rec.ip_version, 0);
    assert_int_equal(rec.dir, LW_DIR_WHO);
    assert_int_equal(rec.ether_type, 0x0806);
    read_one(ARGUS_HEADER "1970/01/01 00:00:01,1,ipx/spx,00:15:17:2c:e5:2d,,   ->,"
                          "ff:ff:ff:ff:ff:ff,,INT,,,1,60,60,x\n");
    assert_int_equal(rec.kind, LW_FLOW_OTHER);
    assert_int_equal(rec.ether_type, 0x8137);
    assert_addr(0, "00:15:17:2c:e5:2d");
    read_one(ARGUS_HEADER "1970/01/01 00:00:01,1,esp,10.0.0.1,,   ->,10.0.0.2,"
                          "0x2020597d,INT,0,,1,60,60,x\n");
    assert_int_equal(rec.kind, LW_FLOW_ESP);
    assert_int_equal(rec.spi, 0x2020597d);
    read_one(ARGUS_HEADER "1970/01/01 00:00:01,1,rtcp,10.0.0.1,1,  <->,10.0.0.2,2,CON,"
                          "0,0,1,60,60,x\n");
    assert_int_equal(rec.kind, LW_FLOW_UDP);
    read_one(ARGUS_HEADER "1970/01/01 00:00:01,1,pim,10.0.0.1,,   ->,10.0.0.2,,INT,0,,"
                          "1,60,60,x\n");
    assert_int_equal(rec.kind, LW_FLOW_IP);
    assert_int_equal(rec.protocol, 103);
}

/* What the flags of either side say of the connection; compare tcp_state.h. */
static void flags_tell_the_connection(void **state)
{
    static const struct {
        const char *flags;
        enum lw_conn conn;
    } cases[] = {
        {"S_", LW_CONN_S0},          {"S_RA", LW_CONN_REJ},
        {"SR_", LW_CONN_RSTOS0},     {"FS_", LW_CONN_SH},
        {"SPA_SPA", LW_CONN_S1},     {"FSPA_FSPA", LW_CONN_SF},
        {"FSPA_SPA", LW_CONN_S2},    {"SPA_FSPA", LW_CONN_S3},
        {"SRPA_FSPA", LW_CONN_RSTO}, {"FSPA_SRPA", LW_CONN_RSTR},
        {"FSRPA_FSPA", LW_CONN_SF},  {"PA_PA", LW_CONN_OTH},
        {"_FSA", LW_CONN_SHR},       {"_SRA", LW_CONN_RSTRH},
        {"A_", LW_CONN_OTH},
    };
    char text[512];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        (void)snprintf(text, sizeof text,
                       ARGUS_HEADER "1970/01/01 00:00:01,1,tcp,10.0.0.1,1,   ->,"
                                    "10.0.0.2,2,%s,0,0,2,120,60,x\n",
                       cases[i].flags);
        read_one(text);
        if (rec.conn != cases[i].conn)
            print_error("%s: %s\n", cases[i].flags, lw_conn_name(rec.conn));
        assert_int_equal(rec.conn, cases[i].conn);
    }
    read_one(ARGUS_HEADER "1970/01/01 00:00:01,1,tcp,10.0.0.1,1,   ->,10.0.0.2,2,CON,0,"
                          "0,2,120,60,x\n");
    assert_true(rec.lacks & LW_LACKS_FLAGS);
}

/* Columns in another order, others among them, some not there. */
static void columns_are_known_by_name(void **state)
{
    (void)state;
    read_one("Proto;DstAddr;SrcAddr;Extra;StartTime\n"
             "udp;10.0.0.2;10.0.0.1;\"a;b\";1313488906.5\n");
    assert_int_equal(rec.start_ns, INT64_C(1313488906500000000));
    assert_int_equal(rec.end_ns, rec.start_ns);
    assert_addr(0, "10.0.0.1");
    assert_true(rec.lacks & LW_LACKS_DURATION);
    assert_true(rec.lacks & LW_LACKS_PACKETS);
    assert_true(rec.lacks & LW_LACKS_FRAME_BYTES);
    assert_false(rec.has_ports);
    assert_string_equal(label, "");
}

/* SrcPkts, which CTU-13 lacks; a row of Argus' own is no flow. */
static void packets_of_each_side_where_a_column_has_them(void **state)
{
    static const char text[] =
        "StartTime\tDur\tProto\tSrcAddr\tSport\tDir\tDstAddr\tDport\tState\tTotPkts\t"
        "TotBytes\tSrcBytes\tSrcPkts\n"
        "1970/01/01 00:00:01\t1\tman\t0\t0\t\t0\t0\tSTA\t0\t0\t0\t0\n"
        "1970/01/01 00:00:01\t1\tudp\t10.0.0.1\t1\t  <->\t10.0.0.2\t2\tCON\t31\t8764\t"
        "1887\t15\n";
    struct lw_flow_reader *r = open_text(text, LW_BAD_ROWS_STOP);
    struct lw_flow_reader_stats s;

    (void)state;
    assert_int_equal(next(r), LW_OK);
    assert_int_equal(rec.flow_id, 2);
    assert_int_equal(rec.side[0].packets, 15);
    assert_int_equal(rec.side[1].packets, 16);
    assert_false(rec.lacks & LW_LACKS_SIDE_PACKETS);
    assert_int_equal(next(r), LW_END);
    lw_flow_reader_get_stats(r, &s);
    assert_int_equal(s.rows, 2);
    assert_int_equal(s.records, 1);
    assert_int_equal(s.no_flow, 1);
    lw_flow_reader_close(r);
}

/* ---- Zeek ------------------------------------------------------------------------ */

static void a_zeek_row_of_tcp(void **state)
{
    (void)state;
    read_one(ZEEK_HEADER
             "1545403848.981338\tC\t192.168.1.195\t41040\t185.244.25.235\t80\ttcp\t"
             "http\t1.477656\t149\t128252\tSF\t-\t-\t2896\tShADadttfF\t94\t5525\t96\t"
             "139044\t-\n");
    assert_int_equal(rec.kind, LW_FLOW_TCP);
    assert_int_equal(rec.start_ns, INT64_C(1545403848981338000));
    assert_int_equal(rec.end_ns - rec.start_ns, 1477656000);
    assert_int_equal(rec.conn, LW_CONN_SF);
    assert_int_equal(rec.dir, LW_DIR_FORWARD);
    assert_int_equal(rec.side[0].tcp_flags, LW_TCP_SYN | LW_TCP_ACK | LW_TCP_FIN);
    assert_int_equal(rec.side[1].tcp_flags, LW_TCP_SYN | LW_TCP_ACK | LW_TCP_FIN);
    assert_int_equal(rec.side[0].packets, 94);
    assert_int_equal(rec.side[0].ip_bytes, 5525);
    assert_int_equal(rec.side[0].payload_bytes, 149);
    assert_int_equal(rec.side[1].packets, 96);
    assert_int_equal(rec.side[1].ip_bytes, 139044);
    assert_int_equal(rec.side[1].payload_bytes, 128252);
    assert_int_equal(rec.side[0].retransmitted, 0);
    assert_int_equal(rec.side[1].retransmitted, 1);
    assert_int_equal(rec.lacks, LW_LACKS_FRAME_BYTES | LW_LACKS_TOS |
                                    LW_LACKS_MINOR_FLAGS | LW_LACKS_DETAIL);
    assert_string_equal(label, "");
}

/* A SYN refused: the RST that answers it has an ACK, though the history has no letter
 * for that. */
static void a_zeek_row_of_a_refusal(void **state)
{
    (void)state;
    read_one(ZEEK_HEADER "1.5\tC\t10.0.0.1\t40000\t10.0.0.2\t22\ttcp\t-\t0.1\t0\t0\tREJ"
                         "\t-\t-\t0\tSr\t1\t60\t1\t40\t-\n");
    assert_int_equal(rec.conn, LW_CONN_REJ);
    assert_int_equal(rec.side[0].tcp_flags, LW_TCP_SYN);
    assert_int_equal(rec.side[1].tcp_flags, LW_TCP_RST | LW_TCP_ACK);
}

/* Three blanks before the labels, CR LF at the end, unset values. */
static void a_zeek_row_with_labels(void **state)
{
    (void)state;
    read_one("#separator \\x09\r\n#fields\t" ZEEK_NAMES
             "   label   detailed-label\r\n#types\ttime   string   string\r\n"
             "1545403824.181240\tC\t192.168.1.195\t41040\t185.244.25.235\t80\ttcp\t-\t-"
             "\t-\t-\tS0\t-\t-\t0\tS\t1\t60\t0\t0\t-   Malicious   C&C\r\n"
             "#close\t2019-03-15-14-50-49\r\n");
    assert_string_equal(label, "Malicious");
    assert_int_equal(rec.end_ns, rec.start_ns);
    assert_int_equal(rec.conn, LW_CONN_S0);
    assert_int_equal(rec.side[0].tcp_flags, LW_TCP_SYN);
    assert_false(lw_record_heard(&rec, 1));
    /* A SYN alone has no payload, though Zeek leaves it unset. */
    assert_false(rec.lacks & LW_LACKS_PAYLOAD);
    assert_int_equal(rec.side[0].payload_bytes, 0);
}

/* As a table with "-" emptied: one datagram of 391 bytes, 20 of IPv4 and 8 of UDP. */
static void a_zeek_row_as_csv(void **state)
{
    (void)state;
    read_one("ts,uid,id.orig_h,id.orig_p,id.resp_h,id.resp_p,proto,service,duration,"
             "orig_bytes,resp_bytes,conn_state,local_orig,local_resp,missed_bytes,"
             "history,orig_pkts,orig_ip_bytes,resp_pkts,resp_ip_bytes,tunnel_parents,"
             "label,detailed-label\n"
             "1537522897.732295,C,192.168.2.1,5353,224.0.0.251,5353,udp,dns,,,,S0,,,0,"
             "D,1,391,0,0,,benign,-\n");
    assert_string_equal(label, "benign");
    assert_int_equal(rec.side[0].payload_bytes, 363);
    assert_int_equal(rec.side[1].payload_bytes, 0);
    assert_int_equal(rec.conn, LW_CONN_NONE); /* as of every flow that is not TCP */
    assert_string_equal(rec.state, "INT");
    assert_int_equal(rec.dir, LW_DIR_FORWARD);
}

static void a_zeek_row_as_json(void **state)
{
    (void)state;
    read_one(
        "{\"ts\":1664462456.755299,\"uid\":\"C\\\"5\",\"id.orig_h\":\"172.16.1.11\","
        "\"id.orig_p\":40042,\"id.resp_h\":\"8.8.8.8\",\"id.resp_p\":53,"
        "\"proto\":\"udp\",\"duration\":0.012166976928710938,\"orig_bytes\":0,"
        "\"resp_bytes\":111,\"conn_state\":\"SHR\",\"local_orig\":true, "
        "\"history\":\"^d\" , \"orig_pkts\":0,\"orig_ip_bytes\":0,\"resp_pkts\":1,"
        "\"resp_ip_bytes\":139,\"tunnel_parents\":[\"a]\",{\"b\":1}]}\n");
    assert_int_equal(rec.end_ns - rec.start_ns, 12166976);
    assert_int_equal(rec.port[0], 40042);
    assert_addr(1, "8.8.8.8");
    assert_int_equal(rec.side[1].packets, 1);
    assert_int_equal(rec.side[1].ip_bytes, 139);
    assert_int_equal(rec.side[1].payload_bytes, 111);
    assert_string_equal(rec.state, "RSP");
    assert_int_equal(rec.dir, LW_DIR_BACKWARD);
}

static void a_zeek_row_of_icmp(void **state)
{
    (void)state;
    read_one(ZEEK_HEADER "1.5\tC\t::1\t128\t::2\t129\ticmp\t-\t1\t56\t56\tOTH\t-\t-\t0"
                         "\t-\t1\t104\t1\t104\t-\n");
    assert_int_equal(rec.kind, LW_FLOW_ICMP6);
    assert_int_equal(rec.protocol, 58);
    assert_int_equal(rec.icmp_type, 128);
    assert_int_equal(rec.icmp_code, 0);
    assert_string_equal(rec.state, "ECO");
    assert_int_equal(rec.dir, LW_DIR_BOTH);
    read_one(ZEEK_HEADER "1.5\tC\t10.0.0.1\t3\t10.0.0.2\t1\ticmp\t-\t-\t-\t-\tOTH\t-\t-"
                         "\t0\t-\t1\t104\t0\t0\t-\n");
    assert_int_equal(rec.icmp_type, 3);
    assert_int_equal(rec.icmp_code, 1);
    assert_string_equal(rec.state, "URH");
    assert_int_equal(rec.side[0].payload_bytes, 76);
}

/* ---- files ----------------------------------------------------------------------- */

static void what_is_no_flow_records_is_refused(void **state)
{
    static const char *const texts[] = {
        "",
        "\xd4\xc3\xb2\xa1\x02\x00",
        "M<\xb2\xa1",
        "\n\r\r\n",
        "a,b,c\n1,2,3\n",
        "StartTime,Dur,Proto,SrcAddr\n",
        "{\"event_type\":\"flow\",\"src_ip\":\"10.0.0.1\"}\n",
        "{\"ts\":1,\"id.orig_h\":",
        "#separator \\x09\n#path\tdns\n#fields\tts\tquery\n1\ta\n",
        "0,tcp,http,SF,181,5450,0,0,0,0,0,1,0,0,0\n",
    };

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct lw_flow_reader *r = NULL;
        enum lw_status st =
            lw_flow_reader_open_memory(&r, texts[i], strlen(texts[i]), "f", NULL, &err);

        /* Of a log, what it lacks shows at the #fields line. */
        if (st == LW_OK)
            st = next(r);
        assert_int_equal(st, LW_EUNSUPPORTED);
        assert_int_equal(err.code, LW_EUNSUPPORTED);
        lw_flow_reader_close(r);
    }
}

static const char bad_rows[] = ARGUS_HEADER
    "1970/01/01 00:00:01,1,udp,10.0.0.1,1,  <->,10.0.0.2,2,CON,0,0,2,120,"
    "60,x\n"
    "1970/01/01 00:00:02,1,udp,10.0.0.1,1,  <->,10.0.0.2,2,CON,0,0,two,120,"
    "60,x\n"
    "1970/01/01 00:00:03,1,udp,10.0.0.1,1,  <->,nowhere,2,CON,0,0,2,120,60,"
    "x\n"
    "1970/01/01 00:00:04,1,udp\n"
    "1970/01/01 00:00:05,1,udp,10.0.0.1,1,  <->,10.0.0.2,2,CON,0,0,2,120,"
    "60,x\n";

static void a_bad_value_is_told_with_its_place(void **state)
{
    struct lw_flow_reader *r = open_text(bad_rows, LW_BAD_ROWS_STOP);

    (void)state;
    assert_int_equal(next(r), LW_OK);
    assert_int_equal(next(r), LW_EFORMAT);
    assert_string_equal(err.msg,
                        "f:3: column 12 (TotPkts): 'two' is not a number from 0 on");
    lw_flow_reader_close(r);
}

/* Else the end, which is their sum, would be before the start. */
static void a_start_and_a_duration_can_be_added(void **state)
{
    struct lw_flow_reader *r =
        open_text(ARGUS_HEADER
                  "4611686018,4611686018,udp,1.2.3.4,5,->,1.2.3.5,6,INT,0,,1,60,60,\n"
                  "9000000000,1,udp,1.2.3.4,5,->,1.2.3.5,6,INT,0,,1,60,60,\n"
                  "1,9000000000,udp,1.2.3.4,5,->,1.2.3.5,6,INT,0,,1,60,60,\n",
                  LW_BAD_ROWS_MISSING);

    (void)state;
    assert_int_equal(next(r), LW_OK);
    assert_true(rec.end_ns > rec.start_ns);
    /* Without a start there is no record; without a duration there is. */
    assert_int_equal(next(r), LW_OK);
    assert_int_equal(rec.start_ns, NS_PER_S);
    assert_int_equal(rec.end_ns, NS_PER_S);
    assert_true(rec.lacks & LW_LACKS_DURATION);
    assert_int_equal(next(r), LW_END);
    lw_flow_reader_close(r);
}

static void bad_rows_can_be_left_out(void **state)
{
    struct lw_flow_reader *r = open_text(bad_rows, LW_BAD_ROWS_SKIP);
    struct lw_flow_reader_stats s;

    (void)state;
    assert_int_equal(next(r), LW_OK);
    assert_int_equal(next(r), LW_OK);
    assert_int_equal(rec.flow_id, 5);
    assert_int_equal(next(r), LW_END);
    lw_flow_reader_get_stats(r, &s);
    assert_int_equal(s.rows, 5);
    assert_int_equal(s.records, 2);
    assert_int_equal(s.left_out, 3);
    assert_string_equal(s.first_bad,
                        "f:3: column 12 (TotPkts): 'two' is not a number from 0 on");
    lw_flow_reader_close(r);
}

static void bad_values_can_be_missing(void **state)
{
    struct lw_flow_reader *r = open_text(bad_rows, LW_BAD_ROWS_MISSING);
    struct lw_flow_reader_stats s;

    (void)state;
    assert_int_equal(next(r), LW_OK);
    assert_int_equal(next(r), LW_OK);
    assert_int_equal(rec.flow_id, 2);
    assert_true(rec.lacks & LW_LACKS_PACKETS);
    assert_int_equal(next(r), LW_OK);
    assert_int_equal(next(r), LW_END);
    lw_flow_reader_get_stats(r, &s);
    assert_int_equal(s.left_out, 2);
    assert_int_equal(s.unread, 1);
    lw_flow_reader_close(r);
}

/* A binetflow is in the order of starts, a conn.log in that of ends but for an hour. */
static void the_watermark_is_what_the_format_promises(void **state)
{
    struct lw_flow_reader *r = open_text(bad_rows, LW_BAD_ROWS_SKIP);

    (void)state;
    assert_true(lw_flow_reader_watermark_ns(r) == INT64_MIN);
    assert_int_equal(next(r), LW_OK);
    assert_int_equal(lw_flow_reader_watermark_ns(r), NS_PER_S);
    assert_string_equal(lw_flow_reader_format(r), "binetflow");
    lw_flow_reader_close(r);
    r = open_text(ZEEK_HEADER
                  "7200\tC\t::1\t128\t::2\t129\ticmp\t-\t1\t56\t56\tOTH\t-\t"
                  "-\t0\t-\t1\t104\t1\t104\t-\n",
                  LW_BAD_ROWS_STOP);
    assert_int_equal(next(r), LW_OK);
    assert_int_equal(lw_flow_reader_watermark_ns(r), 3601 * NS_PER_S);
    assert_string_equal(lw_flow_reader_format(r), "zeek");
    lw_flow_reader_stop(r);
    assert_int_equal(next(r), LW_END);
    lw_flow_reader_close(r);
}

static void without_memory_it_says_so(void **state)
{
    (void)state;
    for (uint64_t i = 1; i < 20; i++) {
        struct lw_flow_reader *r = NULL;
        enum lw_status st;

        mem_fail_at(i, 1);
        st =
            lw_flow_reader_open_memory(&r, bad_rows, strlen(bad_rows), "f", NULL, &err);
        mem_fail_at(0, 0);
        if (st == LW_OK) {
            lw_flow_reader_close(r);
            return;
        }
        assert_int_equal(st, LW_ENOMEM);
    }
    fail_msg("never enough memory");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_binetflow_row_of_tcp),
        cmocka_unit_test(binetflow_rows_of_others),
        cmocka_unit_test(flags_tell_the_connection),
        cmocka_unit_test(columns_are_known_by_name),
        cmocka_unit_test(packets_of_each_side_where_a_column_has_them),
        cmocka_unit_test(a_zeek_row_of_tcp),
        cmocka_unit_test(a_zeek_row_of_a_refusal),
        cmocka_unit_test(a_zeek_row_with_labels),
        cmocka_unit_test(a_zeek_row_as_csv),
        cmocka_unit_test(a_zeek_row_as_json),
        cmocka_unit_test(a_zeek_row_of_icmp),
        cmocka_unit_test(what_is_no_flow_records_is_refused),
        cmocka_unit_test(a_bad_value_is_told_with_its_place),
        cmocka_unit_test(a_start_and_a_duration_can_be_added),
        cmocka_unit_test(bad_rows_can_be_left_out),
        cmocka_unit_test(bad_values_can_be_missing),
        cmocka_unit_test(the_watermark_is_what_the_format_promises),
        cmocka_unit_test(without_memory_it_says_so),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

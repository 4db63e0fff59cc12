/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"
#include "base/mem.h"
#include "record.h"
#include "test.h"

#include <lapwing/dataset.h>
#include <lapwing/flow.h>
#include <lapwing/flowlog.h>

#include <arpa/inet.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static struct lw_error err;

/* A TCP connection whose initiator was heard second. */
static struct lw_record connection(void)
{
    struct lw_record r = record_of(LW_FLOW_TCP, 1, 2, 80);

    r.start_ns = INT64_C(1313488906972101007);
    r.end_ns = r.start_ns + 1500000;
    r.initiator = 1;
    r.protocol = 6;
    r.ether_type = 0x0800;
    r.side[0].frame_bytes = 60;
    r.side[1].frame_bytes = 200;
    r.side[1].tcp_flags = LW_TCP_SYN | LW_TCP_ACK;
    r.side[0].has_ip = false;
    memcpy(r.state, "SA_", 4);
    return r;
}

static struct lw_flowlog *open_log(const char *format, const char *fields,
                                   const char *label)
{
    const struct lw_flowlog_config cfg = {
        .format = format, .fields = fields, .label = label};
    struct lw_flowlog *log = NULL;

    if (lw_flowlog_new(&log, &cfg, &err) != LW_OK)
        fail_msg("%s", err.msg);
    return log;
}

/* All that was written, ended by 0; borrowed from the log. */
static const char *take(struct lw_flowlog *log)
{
    const char *text;
    size_t n;

    assert_int_equal(lw_flowlog_take(log, &text, &n, &err), LW_OK);
    assert_int_equal(strlen(text), n);
    return text;
}

static void assert_line(const char *format, const char *fields, const char *label,
                        const struct lw_record *rec, const char *want)
{
    struct lw_flowlog *log = open_log(format, fields, label);

    lw_flowlog_record(log, rec);
    assert_string_equal(take(log), want);
    lw_flowlog_free(log);
}

static void fields_are_chosen_and_ordered(void **state)
{
    struct lw_record r = connection();
    struct lw_flowlog *log = open_log("csv", "dst_port,src_addr,duration,start", NULL);

    (void)state;
    lw_flowlog_header(log);
    lw_flowlog_record(log, &r);
    lw_flowlog_end(log);
    assert_string_equal(take(log), "dst_port,src_addr,duration,start\n"
                                   "40000,10.0.0.2,0.001500000,1313488906.972101007\n");
    assert_int_equal(lw_flowlog_pending(log), 0);
    lw_flowlog_free(log);
    assert_line("binetflow", "Label,TotBytes,SrcBytes,Dir", "x", &r,
                "x,260,200,   ->\n");
}

static void what_is_absent_is_empty_or_left_out(void **state)
{
    static const char names[] =
        "src_tos,dst_tos,vlan,icmp_type,spi,llc_dsap,label,src_port,src_tcp_flags";
    struct lw_record r = connection();

    (void)state;
    assert_line("csv", names, NULL, &r, "0,,,,,,,80,18\n");
    assert_line("json", names, NULL, &r,
                "{\"src_tos\":0,\"src_port\":80,\"src_tcp_flags\":18}\n");
    r = record_of(LW_FLOW_ARP, 1, 2, 0);
    r.ip_version = 0;
    r.ether_type = 0x0806;
    assert_line("csv", "src_port,protocol,src_ip_bytes,conn_state,community_id,proto",
                NULL, &r, ",,,,,arp\n");
    assert_line("json", "src_port,vlan", NULL, &r, "{}\n");
}

static void text_is_escaped_as_the_format_wants(void **state)
{
    struct lw_record r = connection();

    (void)state;
    assert_line("csv", "label,proto", "a,\"b\"", &r, "\"a,\"\"b\"\"\",tcp\n");
    assert_line("binetflow", "Label", "a,b", &r, "\"a,b\"\n");
    assert_line("json", "label", "a,\"b\"\x01", &r,
                "{\"label\":\"a,\\\"b\\\"\\u0001\"}\n");
}

/* With all fields, each format gives as many values as it has names, and the longest
 * label fits. */
static void everything_fits(void **state)
{
    char label[LW_LABEL_MAX + 1];

    (void)state;
    memset(label, '\x01', sizeof label - 1);
    label[sizeof label - 1] = '\0';
    for (size_t i = 0; lw_flow_format_at(i) != NULL; i++) {
        struct lw_flowlog *log =
            open_log(lw_flow_format_name(lw_flow_format_at(i)), NULL, label);

        lw_flowlog_header(log);
        for (unsigned kind = 0; kind < LW_N_FLOW_KINDS; kind++) {
            struct lw_record r = record_of((enum lw_flow_kind)kind, 1, 2, 80);

            r.ip_version = 6;
            memset(&r.addr, 0xff, sizeof r.addr);
            memset(&r.side, 0xff, sizeof r.side);
            r.side[0].has_ip = r.side[1].has_ip = true;
            r.flow_id = UINT64_MAX;
            r.start_ns = INT64_MIN;
            r.end_ns = INT64_MIN;
            lw_flowlog_record(log, &r);
        }
        lw_flowlog_end(log);
        assert_true(strlen(take(log)) > 0);
        lw_flowlog_free(log);
    }
}

static void json_lines_are_json(void **state)
{
    struct lw_record r = connection();
    struct lw_flowlog *log = open_log("json", NULL, "flow=\"X\"");
    struct json_doc *doc = NULL;
    const char *text;

    (void)state;
    lw_flowlog_header(log);
    lw_flowlog_record(log, &r);
    lw_flowlog_end(log);
    text = take(log);
    assert_int_equal(json_parse(&doc, text, strlen(text), 4, &err), LW_OK);
    json_free(doc);
    lw_flowlog_free(log);
}

/* ---- Zeek ------------------------------------------------------------------------ */

/* One line of a Zeek log of these fields. */
static void assert_zeek(const char *fields, const struct lw_record *rec,
                        const char *want)
{
    assert_line("zeek", fields, "-", rec, want);
}

static void zeek_header_and_footer_have_packet_time(void **state)
{
    struct lw_record r = connection();
    struct lw_flowlog *log = open_log("zeek", "ts,id.orig_p,label", "x");

    (void)state;
    lw_flowlog_header(log);
    assert_int_equal(lw_flowlog_pending(log), 0);
    lw_flowlog_record(log, &r);
    r.end_ns += INT64_C(3600000000000);
    lw_flowlog_record(log, &r);
    r.end_ns = r.start_ns;
    lw_flowlog_record(log, &r);
    lw_flowlog_end(log);
    assert_string_equal(take(log), "#separator \\x09\n#set_separator\t,\n"
                                   "#empty_field\t(empty)\n#unset_field\t-\n"
                                   "#path\tconn\n#open\t2011-08-16-10-01-46\n"
                                   "#fields\tts\tid.orig_p\tlabel\n"
                                   "#types\ttime\tport\tstring\n"
                                   "1313488906.972101\t80\tx\n"
                                   "1313488906.972101\t80\tx\n"
                                   "1313488906.972101\t80\tx\n"
                                   "#close\t2011-08-16-11-01-46\n");
    lw_flowlog_free(log);
}

static void zeek_has_only_ip(void **state)
{
    struct lw_record r = record_of(LW_FLOW_ARP, 1, 2, 0);
    struct lw_flowlog *log = open_log("zeek", "proto", NULL);
    struct lw_flowlog_stats s;

    (void)state;
    r.ip_version = 0;
    lw_flowlog_header(log);
    lw_flowlog_record(log, &r);
    assert_int_equal(lw_flowlog_pending(log), 0);
    r = record_of(LW_FLOW_SCTP, 1, 2, 7);
    lw_flowlog_record(log, &r);
    assert_non_null(strstr(take(log), "\nunknown_transport\n"));
    lw_flowlog_get_stats(log, &s);
    assert_int_equal(s.records, 2);
    assert_int_equal(s.left_out, 1);
    assert_int_equal(s.written, 1);
    lw_flowlog_free(log);
}

static void zeek_ports_of_icmp_are_types(void **state)
{
    struct lw_record r = record_of(LW_FLOW_ICMP, 1, 2, 0);

    (void)state;
    r.icmp_type = 8;
    assert_zeek("id.orig_p,id.resp_p,proto", &r, "8\t0\ticmp\n");
    r.icmp_type = 3;
    r.icmp_code = 1;
    assert_zeek("id.orig_p,id.resp_p", &r, "3\t1\n");
    r.icmp_type = 14; /* an answer was heard first; who asked initiated */
    r.initiator = 1;
    assert_zeek("id.orig_p,id.resp_p", &r, "13\t14\n");
    r = record_of(LW_FLOW_ICMP6, 1, 2, 0);
    r.icmp_type = 134;
    assert_zeek("id.orig_p,id.resp_p,proto", &r, "134\t133\ticmp\n");
    r = record_of(LW_FLOW_SCTP, 1, 2, 7);
    assert_zeek("id.orig_p,id.resp_p", &r, "0\t0\n");
}

static void zeek_moments_have_no_duration(void **state)
{
    static const char fields[] = "duration,orig_bytes,resp_bytes,orig_pkts,resp_pkts";
    struct lw_record r = connection();

    (void)state;
    assert_zeek(fields, &r, "0.001500\t0\t0\t1\t1\n");
    r.end_ns = r.start_ns + 992; /* the same microsecond */
    assert_zeek(fields, &r, "-\t-\t-\t1\t1\n");
    r.end_ns++;
    assert_zeek(fields, &r, "0.000001\t0\t0\t1\t1\n");
}

static void zeek_text_is_escaped(void **state)
{
    struct lw_record r = connection();

    (void)state;
    assert_line("zeek", "label", "a\tb\\c", &r, "a\\x09b\\x5cc\n");
    assert_line("zeek", "label", "-", &r, "\\x2d\n");
    assert_line("zeek", "label", "--", &r, "--\n");
    assert_line("zeek", "label", "(empty)", &r, "\\x28empty)\n");
    assert_line("zeek", "label", "#close", &r, "\\x23close\n");
    assert_line("zeek", "label", NULL, &r, "-\n");
}

struct local_case {
    const char *addr;
    const char *local;
};

static void zeek_knows_local_addresses(void **state)
{
    static const struct local_case cases[] = {{"10.1.2.3", "T"},
                                              {"11.0.0.0", "F"},
                                              {"172.31.255.255", "T"},
                                              {"172.32.0.0", "F"},
                                              {"100.127.0.1", "T"},
                                              {"100.128.0.1", "F"},
                                              {"198.19.0.1", "T"},
                                              {"8.8.8.8", "F"},
                                              {"255.255.255.255", "T"},
                                              {"224.0.0.1", "T"},
                                              {"::", "T"},
                                              {"::1", "T"},
                                              {"::2", "F"},
                                              {"fe80::1", "T"},
                                              {"febf::1", "T"},
                                              {"fec0::1", "T"},
                                              {"ff00::1", "F"},
                                              {"224.0.1.1", "F"},
                                              {"239.1.2.3", "T"},
                                              {"fdff::1", "T"},
                                              {"ff02::1", "F"},
                                              {"2001:db8::1", "T"},
                                              {"2001:1ff::1", "T"},
                                              {"2001:200::1", "F"},
                                              {"100::ffff", "T"},
                                              {"100:0:0:1::", "F"},
                                              {"2002:a00::1", "T"},
                                              {"2002:808:808::", "F"},
                                              {"64:ff9b:1::7", "T"},
                                              {"64:ff9b::7", "F"}};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct lw_record r = record_of(LW_FLOW_UDP, 1, 2, 53);
        char want[8];

        r.ip_version = strchr(cases[i].addr, ':') != NULL ? 6 : 4;
        memset(&r.addr[0], 0, sizeof r.addr[0]);
        assert_int_equal(inet_pton(r.ip_version == 6 ? AF_INET6 : AF_INET,
                                   cases[i].addr, r.addr[0].bytes),
                         1);
        (void)snprintf(want, sizeof want, "%s\n", cases[i].local);
        assert_zeek("local_orig", &r, want);
    }
}

/* Equal for the same record, in whatever run; another for anything else. */
static void zeek_uids_identify_records(void **state)
{
    struct lw_record r = connection();
    char first[32];
    struct lw_flowlog *log = open_log("zeek", "uid", NULL);

    (void)state;
    lw_flowlog_record(log, &r);
    (void)snprintf(first, sizeof first, "%s", take(log));
    assert_int_equal(strlen(first), 18); /* with the line end */
    assert_int_equal(first[0], 'C');
    assert_zeek("uid", &r, first);
    r.flow_id++;
    assert_zeek("uid", &r, first);
    r.start_ns++;
    lw_flowlog_record(log, &r);
    assert_string_not_equal(take(log), first);
    lw_flowlog_free(log);
}

static void zeek_has_the_word_where_it_was_asked(void **state)
{
    static const char fields[] =
        "ts,id.orig_h,id.orig_p,duration,orig_bytes,resp_bytes,conn_state,missed_bytes,"
        "history,orig_pkts,orig_ip_bytes,resp_pkts,resp_ip_bytes";
    struct lw_record r = connection();

    (void)state;
    r.conn_log = (struct lw_conn_log){.known = true,
                                      .orig = 0,
                                      .state = LW_CONN_S1,
                                      .start_ns = r.start_ns + 1000,
                                      .duration_ns = 2999,
                                      .bytes = {1, 2},
                                      .packets = {3, 4},
                                      .ip_bytes = {5, 6},
                                      .missed_bytes = 7,
                                      .history = "^hD"};
    assert_zeek(
        fields, &r,
        "1313488906.972102\t10.0.0.1\t40000\t0.000003\t1\t2\tS1\t7\t^hD\t3\t5\t4"
        "\t6\n");
    assert_line("csv", "zeek_state,conn_state,history,missed_bytes", NULL, &r,
                "S1,SF,^hD,7\n");
    r.conn_log.known = false;
    r.conn_log.history[0] = '\0';
    assert_line("csv", "zeek_state,conn_state,history,missed_bytes", NULL, &r,
                ",SF,,\n");
    assert_zeek("conn_state,missed_bytes,history", &r, "SF\t-\t-\n");
}

static void applications_are_written_where_they_have_a_place(void **state)
{
    static const char *const names[] = {"csv", "json", "zeek"};
    struct lw_flowlog_config cfg = {.apps = true};
    struct lw_flowlog *log = NULL;

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        cfg.format = names[i];
        assert_int_equal(lw_flowlog_new(&log, &cfg, &err), LW_OK);
        assert_true(lw_flowlog_needs_apps(log));
        lw_flowlog_free(log);
        /* Named or not, and a column that is there anyway. */
        log = open_log(names[i], i == 2 ? "service" : "app", NULL);
        assert_true(lw_flowlog_needs_apps(log));
        lw_flowlog_free(log);
        log = open_log(names[i], NULL, NULL);
        assert_false(lw_flowlog_needs_apps(log));
        lw_flowlog_free(log);
    }
    cfg.format = "binetflow";
    assert_int_equal(lw_flowlog_new(&log, &cfg, &err), LW_EINVAL);
    assert_string_equal(err.msg, "binetflow has no place for application protocols");
}

static bool needs_conn_log(const char *format, const char *fields)
{
    struct lw_flowlog *log = open_log(format, fields, NULL);
    bool needs = lw_flowlog_needs_conn_log(log);

    lw_flowlog_free(log);
    return needs;
}

static void logs_tell_what_they_need(void **state)
{
    (void)state;
    assert_true(needs_conn_log("zeek", NULL));
    assert_false(needs_conn_log("zeek", "community_id"));
    assert_false(needs_conn_log("csv", NULL));
    assert_true(needs_conn_log("json", "history"));
    assert_false(needs_conn_log("binetflow", NULL));
    assert_int_equal(lw_flow_format_cuts(lw_flow_format_get("zeek")), LW_CUTS_ZEEK);
    assert_int_equal(lw_flow_format_cuts(lw_flow_format_get("binetflow")),
                     LW_CUTS_ARGUS);
    assert_int_equal(lw_flow_format_cuts(lw_flow_format_get("json")), LW_CUTS_PLAIN);
}

static void tunnels_are_told(void **state)
{
    static const char fields[] = "tunnel,tunnel_id,tunnel_depth";
    struct lw_record r = connection();

    (void)state;
    assert_line("csv", fields, NULL, &r, ",,\n");
    r.tunnel_kind = LW_TUNNEL_VXLAN_GPE;
    r.tunnel_id = 4242;
    r.tunnel_depth = 2;
    assert_line("csv", fields, NULL, &r, "vxlan-gpe,4242,2\n");
}

/* ---- read back ------------------------------------------------------------------- */

static double number_at(const struct lw_frame *f, const char *name, size_t row)
{
    struct lw_column c;

    assert_true(lw_frame_find(f, name) >= 0);
    lw_frame_column(f, (size_t)lw_frame_find(f, name), &c);
    assert_non_null(c.numbers);
    return c.origin + (double)c.numbers[row];
}

static const char *word_at(const struct lw_frame *f, const char *name, size_t row)
{
    struct lw_column c;

    assert_true(lw_frame_find(f, name) >= 0);
    lw_frame_column(f, (size_t)lw_frame_find(f, name), &c);
    assert_non_null(c.codes);
    return c.dictionary[c.codes[row]];
}

/* A TCP connection and a single UDP packet, through our own reader. */
static struct lw_frame *written_and_read(const char *format, const char *label)
{
    struct lw_record r = connection();
    struct lw_flowlog *log = open_log(format, NULL, label);
    struct lw_frame *f = NULL;
    const char *text;

    lw_flowlog_header(log);
    lw_flowlog_record(log, &r);
    r = record_of(LW_FLOW_UDP, 3, 4, 53);
    r.start_ns = r.end_ns = INT64_C(1313488907972101000);
    r.side[1].packets = 0;
    r.side[1].has_ip = false;
    lw_flowlog_record(log, &r);
    lw_flowlog_end(log);
    text = take(log);
    if (lw_frame_read_memory(&f, text, strlen(text), format, NULL, &err) != LW_OK)
        fail_msg("%s", err.msg);
    assert_string_equal(lw_frame_format(f), format);
    assert_int_equal(lw_frame_rows(f), 2);
    lw_flowlog_free(log);
    return f;
}

static void zeek_is_read_back(void **state)
{
    struct lw_frame *f = written_and_read("zeek", "Be nign");

    (void)state;
    assert_near(number_at(f, "ts", 0), 1313488906.972101, 1e-6);
    assert_near(number_at(f, "ts", 1), 1313488907.972101, 1e-6);
    assert_near(number_at(f, "duration", 0), 0.0015, 1e-9);
    assert_true(isnan(number_at(f, "duration", 1)));
    assert_near(number_at(f, "id.resp_p", 0), 40000, 0);
    assert_near(number_at(f, "orig_ip_bytes", 0), 0, 0);
    assert_near(number_at(f, "ip_proto", 0), 6, 0);
    assert_string_equal(word_at(f, "id.orig_h", 0), "10.0.0.2");
    assert_string_equal(word_at(f, "conn_state", 0), "SF");
    assert_string_equal(word_at(f, "label", 1), "Be nign");
    lw_frame_free(f);
}

static void binetflow_is_read_back(void **state)
{
    struct lw_frame *f = written_and_read("binetflow", "flow=\"A\", or B");

    (void)state;
    assert_near(number_at(f, "StartTime", 0), 1313488906.972101, 1e-6);
    assert_near(number_at(f, "StartTime", 1), 1313488907.972101, 1e-6);
    assert_near(number_at(f, "Dur", 0), 0.0015, 1e-9);
    assert_near(number_at(f, "TotBytes", 0), 260, 0);
    assert_near(number_at(f, "sTos", 0), 0, 0);
    assert_true(isnan(number_at(f, "dTos", 1)));
    assert_string_equal(word_at(f, "Dport", 1), "53");
    assert_string_equal(word_at(f, "State", 0), "SA_");
    assert_string_equal(word_at(f, "Dir", 0), "->");
    assert_string_equal(word_at(f, "Label", 1), "flow=\"A\", or B");
    lw_frame_free(f);
}

static void csv_is_read_back(void **state)
{
    struct lw_frame *f = written_and_read("csv", "a \"b\", c");

    (void)state;
    assert_near(number_at(f, "duration", 0), 0.0015, 1e-9);
    assert_near(number_at(f, "src_bytes", 0), 200, 0);
    assert_true(isnan(number_at(f, "dst_tos", 1)));
    assert_string_equal(word_at(f, "label", 0), "a \"b\", c");
    lw_frame_free(f);
}

/* ---- the log --------------------------------------------------------------------- */

/* The one-line form and the log agree. */
static void binetflow_has_one_form(void **state)
{
    struct lw_record r = connection();
    char line[LW_BINETFLOW_LINE_MAX];
    struct lw_flowlog *log = open_log("binetflow", NULL, "flow=X");

    (void)state;
    lw_flowlog_header(log);
    assert_string_equal(take(log), lw_binetflow_header());
    lw_flowlog_record(log, &r);
    (void)lw_binetflow_format(&r, "flow=X", line);
    assert_string_equal(take(log), line);
    lw_flowlog_free(log);
}

static void assert_refused(struct lw_flowlog_config cfg, const char *message)
{
    struct lw_flowlog *log = NULL;

    assert_int_equal(lw_flowlog_new(&log, &cfg, &err), LW_EINVAL);
    assert_null(log);
    assert_string_equal(err.msg, message);
}

static void mistakes_are_named(void **state)
{
    char label[LW_LABEL_MAX + 2];

    (void)state;
    assert_refused((struct lw_flowlog_config){.format = "jsn"},
                   "there is no format 'jsn'; the most similar one is 'json'");
    assert_refused((struct lw_flowlog_config){.format = "parquet"},
                   "there is no format 'parquet'");
    assert_refused(
        (struct lw_flowlog_config){.format = "csv", .fields = "start,src_prot"},
        "csv has no field 'src_prot'; the most similar one is 'src_port'");
    assert_refused((struct lw_flowlog_config){.format = "csv", .fields = "start,"},
                   "csv has no field ''");
    assert_refused(
        (struct lw_flowlog_config){.format = "csv", .fields = "end,start,end"},
        "the field 'end' is named twice");
    assert_refused((struct lw_flowlog_config){.label = "a\nb"},
                   "a label has no line ends");
    memset(label, 'x', sizeof label - 1);
    label[sizeof label - 1] = '\0';
    assert_refused((struct lw_flowlog_config){.label = label},
                   "a label of 256 bytes; at most 255 are kept");
}

static void header_can_be_left_out(void **state)
{
    const struct lw_flowlog_config cfg = {.format = "csv", .no_header = true};
    struct lw_flowlog *log = NULL;

    (void)state;
    assert_int_equal(lw_flowlog_new(&log, &cfg, &err), LW_OK);
    lw_flowlog_header(log);
    lw_flowlog_end(log);
    assert_int_equal(lw_flowlog_pending(log), 0);
    lw_flowlog_free(log);
}

/* A caller that takes the text in time causes no allocation; one that does not, grows
 * the log, and is told when that fails. */
static void memory_is_bounded_and_missed(void **state)
{
    struct lw_record r = connection();
    struct lw_flowlog *log = open_log("csv", NULL, NULL);
    const char *text;
    size_t n;

    (void)state;
    mem_fail_at(1, 1);
    for (unsigned i = 0; i < 10000; i++) {
        lw_flowlog_record(log, &r);
        if (lw_flowlog_pending(log) > LW_FLOWLOG_BLOCK)
            assert_int_equal(lw_flowlog_take(log, &text, &n, &err), LW_OK);
    }
    for (unsigned i = 0; i < 10000; i++)
        lw_flowlog_record(log, &r);
    mem_fail_at(0, 0);
    assert_int_equal(lw_flowlog_take(log, &text, &n, &err), LW_ENOMEM);
    lw_flowlog_free(log);
}

static void creation_survives_every_failing_allocation(void **state)
{
    const struct lw_flowlog_config cfg = {.format = "json", .fields = "start,end"};
    enum lw_status st = LW_ENOMEM;

    (void)state;
    for (uint64_t at = 1; st != LW_OK; at++) {
        struct lw_flowlog *log = NULL;

        mem_fail_at(at, 0);
        st = lw_flowlog_new(&log, &cfg, &err);
        mem_fail_at(0, 0);
        assert_true(st == LW_OK || (st == LW_ENOMEM && log == NULL));
        lw_flowlog_free(log);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_are_chosen_and_ordered),
        cmocka_unit_test(what_is_absent_is_empty_or_left_out),
        cmocka_unit_test(text_is_escaped_as_the_format_wants),
        cmocka_unit_test(everything_fits),
        cmocka_unit_test(json_lines_are_json),
        cmocka_unit_test(zeek_header_and_footer_have_packet_time),
        cmocka_unit_test(zeek_has_only_ip),
        cmocka_unit_test(zeek_ports_of_icmp_are_types),
        cmocka_unit_test(zeek_moments_have_no_duration),
        cmocka_unit_test(zeek_text_is_escaped),
        cmocka_unit_test(zeek_knows_local_addresses),
        cmocka_unit_test(zeek_uids_identify_records),
        cmocka_unit_test(zeek_has_the_word_where_it_was_asked),
        cmocka_unit_test(logs_tell_what_they_need),
        cmocka_unit_test(tunnels_are_told),
        cmocka_unit_test(zeek_is_read_back),
        cmocka_unit_test(binetflow_is_read_back),
        cmocka_unit_test(csv_is_read_back),
        cmocka_unit_test(binetflow_has_one_form),
        cmocka_unit_test(mistakes_are_named),
        cmocka_unit_test(header_can_be_left_out),
        cmocka_unit_test(memory_is_bounded_and_missed),
        cmocka_unit_test(applications_are_written_where_they_have_a_place),
        cmocka_unit_test(creation_survives_every_failing_allocation),
    };

    return cmocka_run_group_tests_name("flowlog", tests, NULL, NULL);
}

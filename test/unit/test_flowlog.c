/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"
#include "base/mem.h"
#include "record.h"
#include "test.h"

#include <lapwing/flow.h>
#include <lapwing/flowlog.h>

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
    char label[LW_FLOW_LABEL_MAX + 1];

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
    char label[LW_FLOW_LABEL_MAX + 2];

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
        cmocka_unit_test(binetflow_has_one_form),
        cmocka_unit_test(mistakes_are_named),
        cmocka_unit_test(header_can_be_left_out),
        cmocka_unit_test(memory_is_bounded_and_missed),
        cmocka_unit_test(creation_survives_every_failing_allocation),
    };

    return cmocka_run_group_tests_name("flowlog", tests, NULL, NULL);
}

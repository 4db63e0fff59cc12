/* SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"
#include "fake_classifier.h"
#include "finding.h"
#include "sink/eve.h"
#include "test.h"

#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct lw_classifier classifier;
static struct buf text;
static struct lw_error err;
static char path[] = "/tmp/lapwing-eve-XXXXXX";

static int set_up(void **state)
{
    int fd = mkstemp(path);

    (void)state;
    classifier = fake_classifier();
    buf_init(&text);
    return fd < 0 ? -1 : close(fd);
}

static int tear_down(void **state)
{
    (void)state;
    buf_release(&text);
    return unlink(path);
}

static const char *format(const struct lw_finding *f)
{
    buf_reset(&text);
    eve_format(&text, &classifier, f);
    assert_true(buf_ok(&text));
    return buf_text(&text);
}

static void assert_has(const char *all, const char *part)
{
    if (strstr(all, part) == NULL)
        fail_msg("no %s in %s", part, all);
}

static void assert_has_not(const char *all, const char *part)
{
    if (strstr(all, part) != NULL)
        fail_msg("%s in %s", part, all);
}

static void normal_flow_is_one_line(void **state)
{
    struct finding f;

    (void)state;
    assert_string_equal(
        format(finding_make(&f, LW_VERDICT_NORMAL)),
        "{\"timestamp\":\"2020-01-02T03:04:06.750000+0000\",\"flow_id\":7,"
        "\"event_type\":\"flow\",\"src_ip\":\"10.0.0.1\",\"src_port\":40000,"
        "\"dest_ip\":\"10.0.0.2\",\"dest_port\":80,\"proto\":\"TCP\","
        "\"community_id\":\"1:3k1SoWXs/FltHw2aBCgUTgbDQF4=\","
        "\"flow\":{\"pkts_toserver\":2,\"pkts_toclient\":1,\"bytes_toserver\":140,"
        "\"bytes_toclient\":60,\"start\":\"2020-01-02T03:04:05.250000+0000\","
        "\"end\":\"2020-01-02T03:04:06.750000+0000\",\"age\":1,\"state\":\"closed\","
        "\"reason\":\"timeout\",\"alerted\":false},"
        "\"tcp\":{\"tcp_flags\":\"1b\",\"tcp_flags_ts\":\"1b\",\"tcp_flags_tc\":\"12\","
        "\"syn\":true,\"fin\":true,\"psh\":true,\"ack\":true,\"state\":\"closed\"},"
        "\"lapwing\":{\"class\":\"Normal\",\"confidence\":0.75,"
        "\"scores\":{\"Normal\":0.125,\"DoS\":0.125,\"Probe\":0.75,\"R2L\":0,"
        "\"U2R\":0},\"p_values\":{\"known\":0.5,\"Normal\":0.25,\"DoS\":0.001,"
        "\"Probe\":0.5,\"R2L\":0.001,\"U2R\":0.002},\"set\":[\"Normal\",\"Probe\"],"
        "\"reasons\":[],"
        "\"models\":[\"0123456789ab\"],\"unavailable\":0.25,\"severity\":0,"
        "\"attack_id\":null}}\n");
}

static void alert_comes_before_its_flow(void **state)
{
    struct finding f;
    const char *lines = format(finding_make(&f, LW_VERDICT_PROBE));
    const char *second = strchr(lines, '\n') + 1;

    (void)state;
    assert_has(
        lines,
        "\"event_type\":\"alert\",\"src_ip\":\"10.0.0.1\",\"src_port\":40000,"
        "\"dest_ip\":\"10.0.0.2\",\"dest_port\":80,\"proto\":\"TCP\","
        "\"community_id\":\"1:3k1SoWXs/FltHw2aBCgUTgbDQF4=\","
        "\"alert\":{\"action\":\"allowed\",\"gid\":1,\"signature_id\":1900002,"
        "\"rev\":1,\"signature\":\"LAPWING probe\","
        "\"category\":\"Detection of a Network Scan\",\"severity\":3,"
        "\"metadata\":{\"score\":[\"0.8750\"],\"class\":[\"Probe\"],"
        "\"reasons\":[\"438 \\\"times\\\"\",\"hot unknown\"]}},"
        "\"flow\":{\"pkts_toserver\":2,\"pkts_toclient\":1,\"bytes_toserver\":140,"
        "\"bytes_toclient\":60,\"start\":\"2020-01-02T03:04:05.250000+0000\"},"
        "\"lapwing\":{\"class\":\"Probe\"");
    assert_has(lines, "\"reasons\":[{\"feature\":\"count\",\"value\":438,"
                      "\"contribution\":2.5,\"words\":\"438 \\\"times\\\"\"},"
                      "{\"feature\":\"hot\",\"value\":null,\"contribution\":1,"
                      "\"words\":\"hot unknown\"}]");
    assert_has(lines, "\"severity\":3,\"attack_id\":\"T1046\",\"input\":{"
                      "\"view\":\"kdd\",\"view_hash\":\"0123456789abcdef\","
                      "\"vector\":[0,0,0,");
    assert_has_not(second, "\"input\"");
    assert_has(second, "\"event_type\":\"flow\"");
    assert_has(second, "\"alerted\":true");
    assert_int_equal(second[strlen(second) - 1], '\n');
}

/* The text of a vector is its bits. */
static void a_vector_reads_back_bit_for_bit(void **state)
{
    static const float odd[] = {0.1f, -0.0f, 1e-45f, 3.4028235e38f, 16777217.0f, NAN};
    struct finding f;
    const char *at;

    (void)state;
    (void)finding_make(&f, LW_VERDICT_DOS);
    memcpy(f.values, odd, sizeof odd);
    at = strstr(format(&f.f), "\"vector\":[");
    assert_non_null(at);
    at += strlen("\"vector\":[");
    for (size_t i = 0; i < 5; i++) {
        float back = strtof(at, NULL);

        assert_memory_equal(&back, &odd[i], sizeof back);
        at = strchr(at, ',') + 1;
    }
    assert_int_equal(strncmp(at, "null,", 5), 0);
}

static void source_is_who_began(void **state)
{
    struct finding f;
    const char *line;

    (void)state;
    (void)finding_make(&f, LW_VERDICT_NORMAL);
    f.rec.initiator = 1;
    line = format(&f.f);
    assert_has(line, "\"src_ip\":\"10.0.0.2\",\"src_port\":80,\"dest_ip\":\"10.0.0.1\","
                     "\"dest_port\":40000");
    assert_has(line, "\"pkts_toserver\":1,\"pkts_toclient\":2,\"bytes_toserver\":60,"
                     "\"bytes_toclient\":140");
    assert_has(line, "\"tcp_flags_ts\":\"12\",\"tcp_flags_tc\":\"1b\"");
}

static void icmp_has_type_and_no_ports(void **state)
{
    struct finding f;
    const char *line;

    (void)state;
    (void)finding_make(&f, LW_VERDICT_NORMAL);
    f.rec.kind = LW_FLOW_ICMP;
    f.rec.protocol = 1;
    f.rec.conn = LW_CONN_NONE;
    f.rec.has_ports = false;
    f.rec.icmp_type = 8;
    f.rec.icmp_code = 3;
    f.rec.vlan_id = 12;
    line = format(&f.f);
    assert_has(line, "\"vlan\":[12],\"src_ip\":\"10.0.0.1\",\"dest_ip\":\"10.0.0.2\","
                     "\"proto\":\"ICMP\",\"icmp_type\":8,\"icmp_code\":3,");
    assert_has(line, "\"state\":\"established\"");
    assert_has_not(line, "port");
    assert_has_not(line, "\"tcp\"");
    f.rec.side[1].packets = 0;
    assert_has(format(&f.f), "\"state\":\"new\"");
    f.rec.kind = LW_FLOW_ICMP6;
    assert_has(format(&f.f), "\"proto\":\"IPv6-ICMP\"");
}

static void frame_without_ip_has_macs(void **state)
{
    struct finding f;
    const char *line;

    (void)state;
    (void)finding_make(&f, LW_VERDICT_NORMAL);
    f.rec.kind = LW_FLOW_OTHER;
    f.rec.ip_version = 0;
    f.rec.ether_type = 0x88cc;
    f.rec.conn = LW_CONN_NONE;
    f.rec.has_ports = false;
    line = format(&f.f);
    assert_has(line, "\"ether\":{\"src_mac\":\"0a:00:00:01:00:00\","
                     "\"dest_mac\":\"0a:00:00:02:00:00\"}");
    assert_has_not(line, "_ip\"");
    assert_has_not(line, "community_id");
}

static void ends_have_suricatas_words(void **state)
{
    static const struct {
        enum lw_end_reason end;
        const char *word;
    } cases[] = {{LW_END_IDLE, "\"reason\":\"timeout\""},
                 {LW_END_STATUS, "\"reason\":\"unknown\""},
                 {LW_END_EVICTED, "\"reason\":\"forced\""},
                 {LW_END_FLUSH, "\"reason\":\"shutdown\""}};
    struct finding f;

    (void)state;
    (void)finding_make(&f, LW_VERDICT_NORMAL);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        f.rec.end_reason = cases[i].end;
        assert_has(format(&f.f), cases[i].word);
    }
}

/* ---- the file -------------------------------------------------------------------- */

static struct sink *open_sink(const char *target, bool append)
{
    struct sink_config cfg = {
        .target = target, .append = append, .classifier = &classifier};
    struct sink *s = NULL;

    assert_int_equal(sink_open(&s, "eve", &cfg, &err), LW_OK);
    return s;
}

static long count_lines(void)
{
    FILE *f = fopen(path, "r");
    long n = 0;

    assert_non_null(f);
    for (int c = getc(f); c != EOF; c = getc(f))
        n += c == '\n';
    (void)fclose(f);
    return n;
}

static void put(struct sink *s, unsigned n)
{
    struct finding f;

    for (unsigned i = 0; i < n; i++)
        assert_int_equal(sink_put(s, finding_make(&f, LW_VERDICT_DOS), &err), LW_OK);
}

static void flushed_lines_are_in_the_file(void **state)
{
    struct sink *s = open_sink(path, false);

    (void)state;
    put(s, 3);
    assert_int_equal(count_lines(), 0);
    assert_int_equal(sink_flush(s, &err), LW_OK);
    assert_int_equal(count_lines(), 6); /* before close: a kill takes nothing back */
    put(s, 300);
    assert_true(count_lines() > 100); /* much is not kept in memory */
    assert_int_equal(sink_flush(s, &err), LW_OK);
    assert_int_equal(count_lines(), 606);
    sink_close(s);
}

static void log_goes_on_and_result_starts_anew(void **state)
{
    struct sink *s = open_sink(path, false);

    (void)state;
    put(s, 1);
    assert_int_equal(sink_flush(s, &err), LW_OK);
    sink_close(s);
    s = open_sink(path, true);
    put(s, 1);
    assert_int_equal(sink_flush(s, &err), LW_OK);
    sink_close(s);
    assert_int_equal(count_lines(), 4);
    sink_close(open_sink(path, false));
    assert_int_equal(count_lines(), 0);
}

static void assert_not_opened(const char *kind, const char *target, enum lw_status st,
                              const char *message)
{
    struct sink_config cfg = {.target = target, .classifier = &classifier};
    struct sink *s = NULL;

    assert_int_equal(sink_open(&s, kind, &cfg, &err), st);
    assert_string_equal(err.msg, message);
    assert_null(s);
}

static void bad_targets_are_named(void **state)
{
    (void)state;
    assert_not_opened("eve", "/tmp", LW_EIO, "/tmp: is a directory; name a file");
    assert_not_opened("eve", "/nowhere/x.json", LW_EIO,
                      "/nowhere/x.json: cannot write: No such file or directory");
    assert_not_opened("tape", path, LW_EINVAL, "no output of kind 'tape'");
}

static void full_disk_is_reported(void **state)
{
    struct sink *s = open_sink("/dev/full", false);

    (void)state;
    put(s, 1);
    assert_int_equal(sink_flush(s, &err), LW_EIO);
    assert_string_equal(err.msg, "/dev/full: cannot write: No space left on device");
    sink_close(s);
}

static void closed_pipe_is_reported(void **state)
{
    int ends[2];
    char name[32];
    struct sink *s;

    (void)state;
    assert_int_equal(pipe(ends), 0);
    (void)signal(SIGPIPE, SIG_IGN);
    (void)snprintf(name, sizeof name, "/dev/fd/%d", ends[1]);
    s = open_sink(name, true);
    (void)close(ends[0]);
    put(s, 1);
    assert_int_equal(sink_flush(s, &err), LW_EIO);
    assert_has(err.msg, "cannot write: Broken pipe");
    sink_close(s);
    (void)close(ends[1]);
}

static void failing_memory_is_reported(void **state)
{
    struct sink_config cfg = {.target = path, .classifier = &classifier};
    struct finding f;
    struct sink *s = NULL;
    enum lw_status st = LW_ENOMEM;

    (void)state;
    for (unsigned n = 1; st != LW_OK; n++) {
        mem_fail_at(n, 0);
        st = sink_open(&s, "eve", &cfg, &err);
        mem_fail_at(0, 0);
        assert_true(st == LW_OK || st == LW_ENOMEM);
        assert_true(n < 20);
    }
    mem_fail_at(1, 0);
    assert_int_equal(sink_put(s, finding_make(&f, LW_VERDICT_DOS), &err), LW_ENOMEM);
    mem_fail_at(0, 0);
    sink_close(s);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(normal_flow_is_one_line),
        cmocka_unit_test(alert_comes_before_its_flow),
        cmocka_unit_test(a_vector_reads_back_bit_for_bit),
        cmocka_unit_test(source_is_who_began),
        cmocka_unit_test(icmp_has_type_and_no_ports),
        cmocka_unit_test(frame_without_ip_has_macs),
        cmocka_unit_test(ends_have_suricatas_words),
        cmocka_unit_test(flushed_lines_are_in_the_file),
        cmocka_unit_test(log_goes_on_and_result_starts_anew),
        cmocka_unit_test(bad_targets_are_named),
        cmocka_unit_test(full_disk_is_reported),
        cmocka_unit_test(closed_pipe_is_reported),
        cmocka_unit_test(failing_memory_is_reported),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}

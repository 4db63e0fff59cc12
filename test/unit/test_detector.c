/* SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"
#include "fake_classifier.h"
#include "frame.h"
#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PORT_COLUMNS_MAX = 1000 };

static struct lw_classifier classifier;
static struct lw_detector *detector;
static struct lw_error err;
static struct frame frame;

/* What was found, in order. */
static uint64_t found[PORT_COLUMNS_MAX];
static struct lw_finding last;
static size_t n_found;
static size_t n_alerts;
static size_t n_judged_rows;
static size_t n_late; /* known later than with their end */
static int64_t last_end_ns;

static void on_finding(void *ctx, const struct lw_finding *f)
{
    (void)ctx;
    assert_true(n_found < PORT_COLUMNS_MAX);
    found[n_found++] = f->rec->port[0];
    n_alerts += f->alert ? 1 : 0;
    n_late += f->known_ns > f->rec->end_ns ? 1 : 0;
    last = *f;
}

static void count_in_order(void *ctx, const struct lw_finding *f)
{
    (void)ctx;
    assert_true(f->rec->end_ns > last_end_ns);
    last_end_ns = f->rec->end_ns;
    n_found++;
}

static int set_up(void **state)
{
    struct lw_detector_config cfg = {.finding = on_finding};

    (void)state;
    n_found = 0;
    n_alerts = 0;
    n_judged_rows = 0;
    n_late = 0;
    classifier = fake_classifier();
    return lw_detector_new(&detector, &classifier, &cfg, &err) == LW_OK ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    lw_detector_free(detector);
    return 0;
}

static enum lw_status send(double time_s, unsigned port)
{
    char text[96];

    (void)snprintf(text, sizeof text, "udp 10.0.0.1:%u > 10.0.0.2:53 len=10", port);
    return lw_detector_add(detector, frame_at(&frame, time_s, text), &err);
}

/* n flows of one packet, a millisecond apart. */
static void send_flows(unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        assert_int_equal(send(100 + i * 0.001, 1000 + i), LW_OK);
}

static enum lw_verdict_class loud(const float *row)
{
    (void)row;
    return LW_VERDICT_DOS;
}

static enum lw_verdict_class loud_from_the_third(const float *row)
{
    return row[22] >= 3 ? LW_VERDICT_PROBE : LW_VERDICT_NORMAL; /* count */
}

static enum lw_verdict_class loud_after_two_rows(const float *row)
{
    (void)row;
    return n_judged_rows++ < 2 ? LW_VERDICT_NORMAL : LW_VERDICT_DOS;
}

static void every_flow_is_judged_in_order(void **state)
{
    struct lw_detector_stats s;

    (void)state;
    send_flows(200);
    assert_int_equal(lw_detector_flush(detector, &err), LW_OK);
    assert_int_equal(n_found, 200);
    for (unsigned i = 0; i < 200; i++)
        assert_int_equal(found[i], 1000 + i);
    assert_true(classifier.n_judged >= 4 && classifier.largest_batch <= 64);
    lw_detector_get_stats(detector, &s);
    assert_int_equal(s.rows, 200);
    assert_int_equal(s.by_class[LW_VERDICT_NORMAL], 200);
    assert_int_equal(s.alerts, 0);
    assert_int_equal(s.meter.seen, 200);
    assert_int_equal(classifier.n_explained, 0);
}

static void alerts_have_reasons(void **state)
{
    struct lw_detector_stats s;

    (void)state;
    classifier.verdict = loud_from_the_third;
    send_flows(5);
    assert_int_equal(lw_detector_flush(detector, &err), LW_OK);
    assert_int_equal(n_alerts, 3);
    assert_int_equal(classifier.n_explained, 3);
    assert_int_equal(last.n_reasons, LW_MAX_REASONS);
    assert_string_equal(last.reasons[0].words, "duration is 0");
    lw_detector_get_stats(detector, &s);
    assert_int_equal(s.by_class[LW_VERDICT_PROBE], 3);
    assert_int_equal(s.by_class[LW_VERDICT_NORMAL], 2);
    assert_int_equal(s.alerts, 3);
}

/* A row a second of one flow: the first two are quiet, the others loud. */
static void a_flow_that_goes_on_counts_once(void **state)
{
    const struct lw_detector_config cfg = {.finding = on_finding,
                                           .meter = {.status_interval_ns = 1000000000}};
    struct lw_detector_stats s;

    (void)state;
    lw_detector_free(detector);
    classifier.verdict = loud_after_two_rows;
    assert_int_equal(lw_detector_new(&detector, &classifier, &cfg, &err), LW_OK);
    for (unsigned i = 0; i < 10; i++)
        assert_int_equal(send(100 + i * 0.5, 1000), LW_OK);
    assert_int_equal(lw_detector_flush(detector, &err), LW_OK);
    lw_detector_get_stats(detector, &s);
    assert_int_equal(s.meter.flows_created, 1);
    assert_true(s.rows >= 4);
    assert_int_equal(s.alerts, s.rows - 2);
    assert_int_equal(s.by_class[LW_VERDICT_DOS], 1);
    assert_int_equal(s.by_class[LW_VERDICT_NORMAL], 0);
    assert_true(last.again);
}

static void reasons_can_be_left_out(void **state)
{
    struct lw_detector_config cfg = {.finding = on_finding, .no_reasons = true};

    (void)state;
    lw_detector_free(detector);
    assert_int_equal(lw_detector_new(&detector, &classifier, &cfg, &err), LW_OK);
    classifier.verdict = loud;
    send_flows(5);
    assert_int_equal(lw_detector_flush(detector, &err), LW_OK);
    assert_int_equal(n_alerts, 5);
    assert_int_equal(last.n_reasons, 0);
    assert_int_equal(classifier.n_explained, 0);
}

static void pause_brings_findings_out(void **state)
{
    struct lw_packet pause = {.time_ns = INT64_C(131000000000)};

    (void)state;
    send_flows(3);
    assert_int_equal(n_found, 0);
    assert_int_equal(lw_detector_add(detector, &pause, &err), LW_OK);
    assert_int_equal(n_found, 3); /* UDP flows are over after 30 s */
}

static void other_traffic_brings_findings_out(void **state)
{
    (void)state;
    send_flows(3);
    /* One flow goes on and on: its packets move time, its end never comes. */
    for (unsigned i = 0; i < 40; i++)
        assert_int_equal(send(101 + i, 9), LW_OK);
    assert_int_equal(n_found, 3);
}

static void failed_judging_stays_failed(void **state)
{
    struct lw_detector_stats s;

    (void)state;
    classifier.fail_judge_at = 1;
    send_flows(3);
    assert_int_equal(lw_detector_flush(detector, &err), LW_ENOMEM);
    assert_string_equal(err.msg, "judging failed");
    memset(&err, 0, sizeof err);
    assert_int_equal(send(500, 1), LW_ENOMEM);
    assert_string_equal(err.msg, "judging failed");
    assert_int_equal(lw_detector_flush(detector, NULL), LW_ENOMEM);
    assert_int_equal(n_found, 0);
    lw_detector_get_stats(detector, &s);
    assert_int_equal(s.rows, 0);
}

static void view_that_packets_cannot_give_is_refused(void **state)
{
    struct lw_classifier c = fake_classifier();
    struct lw_view unknown = *c.view;
    struct lw_detector *d = NULL;

    (void)state;
    unknown.name = "unknown";
    c.view = &unknown;
    assert_int_equal(lw_detector_new(&d, &c, NULL, &err), LW_EUNSUPPORTED);
    assert_null(d);
}

/* Of a scan of twelve ports the ninth shows what the eight before it were. */
static void scan_twelve_ports(int64_t hindsight_ns)
{
    struct lw_detector_config cfg = {.finding = on_finding,
                                     .hindsight_ns = hindsight_ns};
    char text[96];

    lw_detector_free(detector);
    classifier.view = lw_view_get("flow");
    assert_int_equal(lw_detector_new(&detector, &classifier, &cfg, &err), LW_OK);
    for (unsigned i = 1; i <= 12; i++) {
        (void)snprintf(text, sizeof text, "tcp 10.0.0.1:4000 > 10.0.0.2:%u S", i);
        assert_int_equal(
            lw_detector_add(detector, frame_at(&frame, 100 + i * 0.1, text), &err),
            LW_OK);
    }
    assert_int_equal(lw_detector_flush(detector, &err), LW_OK);
    assert_int_equal(n_found, 12);
}

static void the_beginning_of_a_scan_is_known_later(void **state)
{
    struct lw_detector_stats s;

    (void)state;
    scan_twelve_ports(0);
    assert_int_equal(n_alerts, 12);
    assert_int_equal(n_late, 8);
    lw_detector_get_stats(detector, &s);
    assert_int_equal(s.by_class[LW_VERDICT_PROBE], 12);
    assert_string_equal(last.sign->name, "port-scan");
}

static void what_is_told_at_once_stays_told(void **state)
{
    (void)state;
    scan_twelve_ports(-1);
    assert_int_equal(n_alerts, 4);
    assert_int_equal(n_late, 0);
}

static void an_attack_by_the_classifier_stays_one(void **state)
{
    (void)state;
    classifier.verdict = loud;
    scan_twelve_ports(0);
    assert_int_equal(n_alerts, 12);
    assert_int_equal(n_late, 0);
    assert_int_equal(classifier.n_explained, 8);
}

/* More rows than can wait: each is told of once, in order. */
static void rows_wait_in_a_ring(void **state)
{
    struct lw_detector_config cfg = {.finding = count_in_order};
    struct lw_detector_stats s;

    (void)state;
    lw_detector_free(detector);
    classifier.view = lw_view_get("flow");
    assert_int_equal(lw_detector_new(&detector, &classifier, &cfg, &err), LW_OK);
    last_end_ns = 0;
    for (unsigned i = 0; i < 20000; i++)
        assert_int_equal(send(100 + i * 0.001, 1000 + i), LW_OK);
    assert_int_equal(lw_detector_flush(detector, &err), LW_OK);
    assert_int_equal(n_found, 20000);
    lw_detector_get_stats(detector, &s);
    assert_int_equal(s.rows, 20000);
}

/* Every allocation of a whole run fails once; nothing leaks, nothing crashes. */
static void failing_memory_is_reported(void **state)
{
    enum lw_status st = LW_ENOMEM;

    (void)state;
    for (unsigned n = 1; st != LW_OK; n++) {
        struct lw_detector_config cfg = {.meter.max_flows = 64, .finding = on_finding};

        lw_detector_free(detector);
        detector = NULL;
        n_found = 0;
        classifier.verdict = loud;
        mem_fail_at(n, 0);
        st = lw_detector_new(&detector, &classifier, &cfg, &err);
        for (unsigned i = 0; i < 20 && st == LW_OK; i++)
            st = send(100 + i * 0.001, 1000 + i);
        if (st == LW_OK)
            st = lw_detector_flush(detector, &err);
        mem_fail_at(0, 0);
        assert_true(st == LW_OK || st == LW_ENOMEM);
        assert_true(n < 1000);
    }
    assert_int_equal(n_found, 20);
}

#define with_detector(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        with_detector(every_flow_is_judged_in_order),
        with_detector(alerts_have_reasons),
        with_detector(a_flow_that_goes_on_counts_once),
        with_detector(reasons_can_be_left_out),
        with_detector(pause_brings_findings_out),
        with_detector(other_traffic_brings_findings_out),
        with_detector(failed_judging_stays_failed),
        with_detector(view_that_packets_cannot_give_is_refused),
        with_detector(the_beginning_of_a_scan_is_known_later),
        with_detector(what_is_told_at_once_stays_told),
        with_detector(an_attack_by_the_classifier_stays_one),
        with_detector(rows_wait_in_a_ring),
        with_detector(failing_memory_is_reported),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"
#include "base/mem.h"
#include "base/rng.h"
#include "cmd/stream_alerts.h"
#include "frame.h"
#include "test.h"

#include <lapwing/bundle.h>
#include <lapwing/packet_rate.h>
#include <lapwing/packet_stream.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { USUAL = 3000, SCAN = 300, SCORES_MAX = USUAL + SCAN };

static char folder[] = "/tmp/lw-stream-XXXXXX";
static char capture[64];
static char model_path[64];
static struct buf image; /* usual packets, then a scan */
static struct frame frame;

struct told {
    struct lw_stream_packet packets[SCORES_MAX];
    size_t n;
};

static struct told told[2];

/* Five clients that ask a server now and then, and are answered. */
static void add_usual(struct buf *b, const struct pcap_style *style, unsigned n)
{
    struct rng r;

    rng_init(&r, 11);
    for (unsigned i = 0; i < n; i++) {
        unsigned client = (unsigned)rng_below(&r, 5);
        bool back = i % 2 == 1;
        char text[128];

        (void)snprintf(text, sizeof text, "tcp 10.0.0.%u:%u > 10.0.0.9:80 PA len=%u",
                       1 + client, 40000 + client, 50 + (unsigned)rng_below(&r, 50));
        if (back)
            (void)snprintf(text, sizeof text,
                           "tcp 10.0.0.9:80 > 10.0.0.%u:%u PA len=%u", 1 + client,
                           40000 + client, 400 + (unsigned)rng_below(&r, 800));
        pcap_image_add(b, style, frame_at(&frame, 1000 + i * 0.02, text));
    }
}

static int set_up(void **state)
{
    const struct pcap_style style = {0};
    FILE *f;

    (void)state;
    if (mkdtemp(folder) == NULL)
        return -1;
    (void)snprintf(capture, sizeof capture, "%s/usual.pcap", folder);
    (void)snprintf(model_path, sizeof model_path, "%s/m.lwm", folder);
    buf_init(&image);
    pcap_image_begin(&image, &style);
    add_usual(&image, &style, USUAL);
    f = fopen(capture, "wb");
    if (f == NULL || fwrite(image.data, 1, image.len, f) != image.len || fclose(f) != 0)
        return -1;
    for (unsigned i = 0; i < SCAN; i++) {
        char text[96];

        (void)snprintf(text, sizeof text, "tcp 10.0.0.77:55555 > 10.0.0.9:%u S", i + 1);
        pcap_image_add(&image, &style,
                       frame_at(&frame, 1000 + USUAL * 0.02 + i * 0.0005, text));
    }
    return buf_ok(&image) ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    buf_release(&image);
    (void)unlink(capture);
    (void)unlink(model_path);
    return rmdir(folder);
}

static enum lw_status train(const char *options, bool no_rivals,
                            struct lw_stream_train_report *report)
{
    const char *captures[] = {capture};
    const struct lw_stream_train_config cfg = {.captures = captures,
                                               .n_captures = 1,
                                               .options = options,
                                               .false_alarm = 0.01,
                                               .seed = 1,
                                               .no_rivals = no_rivals};
    struct lw_error err;

    return lw_stream_train(model_path, &cfg, report, &err);
}

static void *read_model(size_t *n)
{
    FILE *f = fopen(model_path, "rb");
    void *data;

    assert_non_null(f);
    (void)fseek(f, 0, SEEK_END);
    *n = (size_t)ftell(f);
    rewind(f);
    data = malloc(*n);
    assert_non_null(data);
    assert_int_equal(fread(data, 1, *n, f), *n);
    (void)fclose(f);
    return data;
}

static void keep(void *ctx, const struct lw_stream_packet *p)
{
    struct told *t = ctx;

    assert_true(t->n < SCORES_MAX);
    t->packets[t->n++] = *p;
}

static void score_all(const struct lw_stream_model *m, bool rivals, struct told *t,
                      struct lw_stream_stats *stats)
{
    const struct lw_stream_config cfg = {.packet = keep, .ctx = t, .rivals = rivals};
    const struct lw_run run = {0};
    struct lw_capture *cap = NULL;
    struct lw_stream *s = NULL;
    struct lw_error err;

    t->n = 0;
    assert_int_equal(lw_stream_new(&s, m, &cfg, &err), LW_OK);
    assert_int_equal(lw_capture_open_memory(&cap, image.data, image.len, NULL, &err),
                     LW_OK);
    assert_int_equal(lw_stream_run(s, cap, &run, &err), LW_OK);
    lw_stream_flush(s);
    lw_stream_get_stats(s, stats);
    lw_capture_close(cap);
    lw_stream_free(s);
}

static void a_scan_stands_out(void **state)
{
    struct lw_stream_train_report report;
    struct lw_stream_model *m = NULL;
    struct lw_stream_stats stats;
    struct lw_error err;
    size_t in_scan = 0;
    size_t before = 0;

    (void)state;
    assert_int_equal(train(NULL, false, &report), LW_OK);
    assert_int_equal(report.n_packets, USUAL);
    assert_int_equal(report.n_fitted + report.n_held_out, USUAL);
    assert_true(report.n_alarmed <= 6); /* a hundredth of 600 */
    assert_int_equal(lw_stream_model_load(&m, model_path, &err), LW_OK);
    assert_int_equal(lw_stream_model_rivals(m), 8);
    assert_true(lw_stream_model_groups(m) >= 12); /* 115 statistics, 10 inputs */
    score_all(m, true, &told[0], &stats);
    assert_int_equal(told[0].n, USUAL + SCAN);
    assert_int_equal(stats.packets, USUAL + SCAN);
    assert_int_equal(stats.scored, USUAL + SCAN);
    for (size_t i = 0; i < told[0].n; i++) {
        const struct lw_stream_packet *p = &told[0].packets[i];

        assert_int_equal(p->number, i + 1);
        assert_true(isfinite(p->score) && p->p_value > 0 && p->p_value <= 1);
        assert_true(p->alert == (p->reason[0] != '\0'));
        if (i >= USUAL)
            in_scan += p->alert ? 1 : 0;
        else
            before += p->alert ? 1 : 0;
    }
    assert_true(in_scan > SCAN / 2);
    assert_true(before < USUAL / 20);
    assert_int_equal(stats.alerts, in_scan + before);
    lw_stream_model_free(m);
}

static void the_same_training_gives_the_same_file(void **state)
{
    struct lw_stream_train_report report;
    size_t n[2];
    void *data[2];

    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(train("epochs=1", true, &report), LW_OK);
        data[i] = read_model(&n[i]);
    }
    assert_int_equal(n[0], n[1]);
    assert_memory_equal(data[0], data[1], n[0]);
    free(data[0]);
    free(data[1]);
}

/* Blocks fill in another rhythm when packets come one by one and pauses between. */
static void scores_do_not_depend_on_blocks(void **state)
{
    struct lw_stream_train_report report;
    struct lw_stream_model *m = NULL;
    const struct lw_stream_config cfg = {.packet = keep, .ctx = &told[1]};
    struct lw_stream_stats stats;
    struct lw_capture *cap = NULL;
    struct lw_stream *s = NULL;
    struct lw_packet pkt;
    struct lw_error err;
    unsigned n = 0;

    (void)state;
    assert_int_equal(train("epochs=1", true, &report), LW_OK);
    assert_int_equal(lw_stream_model_load(&m, model_path, &err), LW_OK);
    score_all(m, false, &told[0], &stats);
    told[1].n = 0;
    assert_int_equal(lw_stream_new(&s, m, &cfg, &err), LW_OK);
    assert_int_equal(lw_capture_open_memory(&cap, image.data, image.len, NULL, &err),
                     LW_OK);
    while (lw_capture_next(cap, &pkt, &err) == LW_OK) {
        assert_int_equal(lw_stream_add(s, &pkt, &err), LW_OK);
        if (++n % 7 == 0)
            lw_stream_flush(s);
    }
    lw_stream_flush(s);
    assert_int_equal(told[0].n, told[1].n);
    for (size_t i = 0; i < told[0].n; i++)
        assert_memory_equal(&told[0].packets[i].score, &told[1].packets[i].score,
                            sizeof(float));
    lw_capture_close(cap);
    lw_stream_free(s);
    lw_stream_model_free(m);
}

static void bad_options_are_refused(void **state)
{
    struct lw_stream_train_report report;

    (void)state;
    assert_int_equal(train("inputs=0", true, &report), LW_EINVAL);
    assert_int_equal(train("nonsense=1", true, &report), LW_EINVAL);
}

static void damaged_files_are_refused(void **state)
{
    struct lw_stream_train_report report;
    struct lw_stream_model *m = NULL;
    struct lw_bundle *b = NULL;
    struct lw_error err;
    size_t n;
    char *data;

    (void)state;
    assert_int_equal(train("epochs=1", true, &report), LW_OK);
    data = read_model(&n);
    data[n / 2] ^= 1;
    assert_int_equal(lw_stream_model_load_memory(&m, data, n, "x", &err), LW_EFORMAT);
    data[n / 2] ^= 1;
    /* A section that is cut short, below a right checksum. */
    assert_int_equal(lw_bundle_load_memory(&b, data, n, "x", &err), LW_OK);
    assert_int_equal(lw_bundle_put(b, "TAIL", "abc", 3, &err), LW_OK);
    assert_int_equal(lw_bundle_save(b, model_path, &err), LW_OK);
    assert_int_equal(lw_stream_model_load(&m, model_path, &err), LW_EFORMAT);
    lw_bundle_free(b);
    assert_int_equal(
        lw_stream_model_load(&m, test_source_path("models/botnet.lwm"), &err),
        LW_EMISMATCH);
    free(data);
}

static void memory_that_runs_out_is_told(void **state)
{
    struct lw_stream_train_report report;

    (void)state;
    for (uint64_t i = 1; i < 40; i++) {
        enum lw_status st;

        mem_fail_at(i, 1);
        st = train("epochs=1", true, &report);
        mem_fail_at(0, 0);
        if (st == LW_OK)
            return;
        assert_int_equal(st, LW_ENOMEM);
    }
}

static void a_burst_is_above_the_whisker(void **state)
{
    struct lw_rate_report report;
    struct lw_rate *r = NULL;
    struct lw_error err;

    (void)state;
    assert_int_equal(lw_rate_new(&r, &err), LW_OK);
    assert_int_equal(lw_rate_judge(r, &report, &err), LW_OK);
    assert_int_equal(report.n_windows, 0);
    assert_true(isnan(report.limit));
    /* Windows of 10, 11, 12, 13 and 60 packets. */
    for (unsigned w = 0; w < 5; w++)
        for (unsigned i = 0; i < (w < 4 ? 10 + w : 60); i++)
            assert_int_equal(
                lw_rate_add(r, (w * 10LL + i / 10) * 1000000000LL + 7, &err), LW_OK);
    assert_int_equal(lw_rate_judge(r, &report, &err), LW_OK);
    assert_int_equal(report.n_windows, 5);
    assert_near(report.limit, 13 + 1.5 * (13 - 11), 1e-9);
    assert_int_equal(report.n_alarmed, 1);
    assert_int_equal(report.most, 60);
    assert_int_equal(report.most_ns, 40000000007LL);
    assert_int_equal(lw_rate_window(r, 1), 11);
    /* The year 2116 must not take gigabytes. */
    assert_int_equal(lw_rate_add(r, LW_TIME_MAX_NS, &err), LW_OK);
    assert_int_equal(lw_rate_judge(r, &report, &err), LW_OK);
    assert_int_equal(report.n_windows, 5);
    lw_rate_free(r);
}

static void alerts_are_gathered(void **state)
{
    struct stream_alerts *a = NULL;
    const struct stream_alert *top[4];
    struct lw_stream_packet p = {.ip_version = 4, .alert = true, .score = 1};
    struct lw_error err;

    (void)state;
    assert_int_equal(stream_alerts_new(&a, &err), LW_OK);
    for (unsigned i = 0; i < 100; i++) {
        p.port[1] = (uint16_t)(1000 - i);
        p.time_ns = i * 1000000LL;
        p.score = i == 50 ? 2.0F : 1.0F;
        assert_non_null(stream_alerts_add(a, &p));
    }
    assert_int_equal(stream_alerts_count(a), 1);
    p.time_ns += 61000000000LL; /* more than a minute later: another alert */
    assert_non_null(stream_alerts_add(a, &p));
    assert_int_equal(stream_alerts_count(a), 2);
    assert_int_equal(stream_alerts_largest(a, top, 4), 2);
    assert_int_equal(top[0]->n_packets, 100);
    assert_int_equal(top[0]->port_min, 901);
    assert_int_equal(top[0]->port_max, 1000);
    assert_near(top[0]->worst.score, 2, 0);
    /* A flood from invented addresses. */
    for (unsigned i = 0; i < 20000; i++) {
        memcpy(p.addr[0].bytes, &i, sizeof i);
        p.addr[1].bytes[0] = 5;
        assert_non_null(stream_alerts_add(a, &p));
    }
    assert_true(stream_alerts_count(a) <= STREAM_ALERTS_MAX);
    assert_int_equal(stream_alerts_largest(a, top, 1), 1);
    assert_true(top[0]->many_sources);
    stream_alerts_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_scan_stands_out),
        cmocka_unit_test(the_same_training_gives_the_same_file),
        cmocka_unit_test(scores_do_not_depend_on_blocks),
        cmocka_unit_test(bad_options_are_refused),
        cmocka_unit_test(damaged_files_are_refused),
        cmocka_unit_test(memory_that_runs_out_is_told),
        cmocka_unit_test(a_burst_is_above_the_whisker),
        cmocka_unit_test(alerts_are_gathered),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}

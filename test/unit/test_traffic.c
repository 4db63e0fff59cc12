/* SPDX-License-Identifier: Apache-2.0 */
#include "frame.h"
#include "test.h"

#include <lapwing/detect.h>
#include <lapwing/traffic.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PATH_ROOM = 64, NETWORKS = 6, VISITS = 60, PORTS = 80 };

static char folder[] = "/tmp/test_traffic-XXXXXX";
static struct frame frame;

static const char *in_folder(const char *name, char out[PATH_ROOM])
{
    (void)snprintf(out, PATH_ROOM, "%s/%s", folder, name);
    return out;
}

static void put(struct buf *b, double time_s, const char *text)
{
    static const struct pcap_style style;

    pcap_image_add(b, &style, frame_at(&frame, time_s, text));
}

/* A visit to a web server: opened, asked, answered, closed. */
static void put_visit(struct buf *b, double at, unsigned network, unsigned port)
{
    static const char *const said[] = {"S seq=0",
                                       "SA seq=0 ack=1",
                                       "A seq=1 ack=1",
                                       "PA seq=1 ack=1 len=200",
                                       "PA seq=1 ack=201 len=900",
                                       "FA seq=201 ack=901",
                                       "FA seq=901 ack=202",
                                       "A seq=202 ack=902"};
    static const bool back[] = {false, true, false, false, true, false, true, false};
    char text[128];

    for (size_t i = 0; i < sizeof back / sizeof back[0]; i++) {
        char client[32];
        char server[32];

        (void)snprintf(client, sizeof client, "10.%u.0.1:%u", network, port);
        (void)snprintf(server, sizeof server, "192.0.2.%u:80", network);
        (void)snprintf(text, sizeof text, "tcp %s > %s %s", back[i] ? server : client,
                       back[i] ? client : server, said[i]);
        put(b, at + 0.01 * (double)i, text);
    }
}

static void write_file(const char *name, const void *data, size_t n)
{
    char path[PATH_ROOM];
    FILE *f = fopen(in_folder(name, path), "w");

    assert_non_null(f);
    assert_int_equal(fwrite(data, 1, n, f), n);
    assert_int_equal(fclose(f), 0);
}

/* Visits all the time, and, where `scanned`, a scan of the server's ports. */
static void write_capture(const char *name, unsigned network, bool scanned)
{
    static const struct pcap_style style;
    struct buf b;

    buf_init(&b);
    pcap_image_begin(&b, &style);
    for (unsigned i = 0; i < VISITS; i++)
        put_visit(&b, 1000 + 2.0 * i, network, 40000 + i);
    for (unsigned i = 0; scanned && i < PORTS; i++) {
        char text[96];

        (void)snprintf(text, sizeof text, "tcp 10.%u.0.9:%u > 192.0.2.%u:%u S", network,
                       50000 + i, network, 100 + i);
        put(&b, 1130 + 0.02 * i, text);
    }
    assert_true(buf_ok(&b));
    write_file(name, b.data, b.len);
    buf_release(&b);
}

static void write_text(const char *name, const char *text)
{
    write_file(name, text, strlen(text));
}

static int set_up(void **state)
{
    (void)state;
    if (mkdtemp(folder) == NULL)
        return -1;
    for (unsigned i = 0; i < NETWORKS; i++) {
        char name[16];
        char truth[96];

        (void)snprintf(name, sizeof name, "%u.pcap", i);
        write_capture(name, i, i % 2 == 0);
        (void)snprintf(name, sizeof name, "%u.csv", i);
        (void)snprintf(truth, sizeof truth, "src,label\n10.%u.0.9,Probe\n", i);
        write_text(name, truth);
    }
    write_text("all", "group\tcapture\ttruth\n"
                      "a\t0.pcap\t0.csv\nb\t1.pcap\tNormal\nc\t2.pcap\t2.csv\n"
                      "d\t3.pcap\tNormal\ne\t4.pcap\t4.csv\nf\t5.pcap\tNormal\n");
    return 0;
}

static int tear_down(void **state)
{
    char command[PATH_ROOM];

    (void)state;
    (void)snprintf(command, sizeof command, "rm -r %s", folder);
    return system(command);
}

static enum lw_status train(const char *index, const char *out,
                            struct lw_traffic_report *report, struct lw_error *err)
{
    char table[PATH_ROOM];
    char path[PATH_ROOM];
    const struct lw_traffic_config cfg = {.index = in_folder(index, table), .seed = 1};

    return lw_traffic_train(in_folder(out, path), &cfg, report, err);
}

static void a_scan_is_known_from_other_networks(void **state)
{
    struct lw_traffic_report r;
    struct lw_error err;

    (void)state;
    assert_int_equal(train("all", "m", &r, &err), LW_OK);
    assert_int_equal(r.n_captures, NETWORKS);
    assert_int_equal(r.n_groups, NETWORKS);
    assert_int_equal(r.n_clean, NETWORKS / 2 * VISITS);
    assert_int_equal(r.n_beside, NETWORKS / 2 * VISITS);
    assert_int_equal(r.n_attack[2], NETWORKS / 2 * PORTS);
    assert_string_equal(lw_traffic_class_name(2), "Probe");
    assert_near(r.clean_alarmed, 0, 1e-9);
    assert_true(r.found[2] > 0.9);
    assert_near(r.named[2], 1, 1e-9);
}

static void *read_file(const char *name, size_t *n)
{
    char path[PATH_ROOM];
    FILE *f = fopen(in_folder(name, path), "rb");
    void *data = malloc(1 << 20);

    assert_non_null(f);
    assert_non_null(data);
    *n = fread(data, 1, 1 << 20, f);
    assert_true(*n > 0);
    assert_int_equal(fclose(f), 0);
    return data;
}

static void the_same_captures_give_the_same_bytes(void **state)
{
    struct lw_traffic_report r;
    struct lw_error err;
    size_t n[2];
    void *data[2];

    (void)state;
    assert_int_equal(train("all", "m", &r, &err), LW_OK);
    assert_int_equal(train("all", "again", &r, &err), LW_OK);
    data[0] = read_file("m", &n[0]);
    data[1] = read_file("again", &n[1]);
    assert_int_equal(n[0], n[1]);
    assert_memory_equal(data[0], data[1], n[0]);
    free(data[0]);
    free(data[1]);
}

/* Which flows a model finds in a capture. */
struct found {
    unsigned alerts;
    unsigned wrong;
    float least_p;
};

static void on_finding(void *ctx, const struct lw_finding *f)
{
    struct found *found = ctx;
    bool scan = f->rec->port[lw_record_initiator(f->rec)] >= 50000;

    found->alerts += f->alert ? 1 : 0;
    found->wrong +=
        f->alert && (!scan || f->verdict.verdict != LW_VERDICT_PROBE) ? 1 : 0;
    if (f->verdict.p_value < found->least_p)
        found->least_p = f->verdict.p_value;
}

/* Judge a capture of the folder; what comes of making the detector. */
static enum lw_status judge(const char *name, struct found *found, double false_alarm,
                            double alerts_per_day, struct lw_error *err)
{
    struct lw_detector_config cfg = {.finding = on_finding,
                                     .ctx = found,
                                     .no_signs = true,
                                     .false_alarm = false_alarm,
                                     .alerts_per_day = alerts_per_day};
    const struct lw_run run = {.n_threads = 1};
    struct lw_classifier *c = NULL;
    struct lw_detector *d = NULL;
    struct lw_capture *cap = NULL;
    char path[PATH_ROOM];
    enum lw_status st;

    *found = (struct found){.least_p = 1};
    assert_int_equal(lw_classifier_load(&c, in_folder("m", path), err), LW_OK);
    assert_int_equal(lw_classifier_classes(c), 2);
    st = lw_detector_new(&d, c, &cfg, err);
    if (st == LW_OK) {
        assert_int_equal(lw_capture_open(&cap, in_folder(name, path), NULL, err),
                         LW_OK);
        assert_int_equal(lw_detector_run(d, cap, &run, err), LW_OK);
        assert_int_equal(lw_detector_flush(d, err), LW_OK);
    }
    lw_capture_close(cap);
    lw_detector_free(d);
    lw_classifier_free(c);
    return st;
}

static void the_model_judges_a_capture(void **state)
{
    struct lw_traffic_report r;
    struct lw_error err;
    struct found found;

    (void)state;
    assert_int_equal(train("all", "m", &r, &err), LW_OK);
    assert_int_equal(judge("2.pcap", &found, 0, 0, &err), LW_OK);
    assert_true(found.alerts > PORTS * 9 / 10);
    assert_int_equal(found.wrong, 0);
    assert_true(found.least_p > 0 && found.least_p < 0.01F);
}

static void a_budget_sets_the_threshold(void **state)
{
    struct lw_traffic_report r;
    struct lw_error err;
    struct found own;
    struct found loose;
    struct found daily;

    (void)state;
    assert_int_equal(train("all", "m", &r, &err), LW_OK);
    assert_int_equal(judge("2.pcap", &own, 0, 0, &err), LW_OK);
    assert_int_equal(judge("2.pcap", &loose, 0.9, 0, &err), LW_OK);
    assert_true(loose.alerts > own.alerts);
    /* 140 flows in the first hour are some 3,000 a day. */
    assert_int_equal(judge("2.pcap", &daily, 0, 1, &err), LW_OK);
    assert_true(daily.alerts <= own.alerts);
    assert_int_equal(judge("1.pcap", &daily, 0, 1, &err), LW_OK);
    assert_int_equal(daily.alerts, 0);
    assert_int_equal(judge("1.pcap", &daily, 0, 3000, &err), LW_OK);
    assert_true(daily.alerts > 0);
}

static void a_budget_that_cannot_be_kept_is_refused(void **state)
{
    struct lw_detector_config cfg = {.false_alarm = 0.01};
    struct lw_classifier *c = NULL;
    struct lw_detector *d = NULL;
    struct lw_traffic_report r;
    struct lw_error err;
    struct found found;

    (void)state;
    assert_int_equal(train("all", "m", &r, &err), LW_OK);
    assert_int_equal(judge("1.pcap", &found, 1e-6, 0, &err), LW_EINVAL);
    assert_non_null(strstr(err.msg, "knows 180 normal flows"));
    assert_int_equal(judge("1.pcap", &found, 1.5, 0, &err), LW_EINVAL);
    assert_int_equal(judge("1.pcap", &found, -1, 0, &err), LW_EINVAL);
    assert_int_equal(judge("1.pcap", &found, 0, -1, &err), LW_EINVAL);
    assert_int_equal(judge("1.pcap", &found, 0.1, 1, &err), LW_EINVAL);
    assert_int_equal(
        lw_classifier_load(&c, test_source_path("models/attack.lwm"), &err), LW_OK);
    assert_int_equal(lw_detector_new(&d, c, &cfg, &err), LW_EUNSUPPORTED);
    assert_non_null(strstr(err.msg, "budget"));
    lw_classifier_free(c);
}

static void assert_refused(const char *table, enum lw_status why, const char *words)
{
    struct lw_traffic_report r;
    struct lw_error err;

    write_text("bad", table);
    assert_int_equal(train("bad", "n", &r, &err), why);
    if (strstr(err.msg, words) == NULL)
        print_error("%s\n", err.msg);
    assert_non_null(strstr(err.msg, words));
}

static void bad_tables_are_refused_with_their_place(void **state)
{
    (void)state;
    assert_refused("", LW_EFORMAT, "bad: empty");
    assert_refused("capture,truth\n", LW_EFORMAT, "bad:1: the header needs");
    assert_refused("capture,truth,group\n1.pcap,Normal\n", LW_EFORMAT,
                   "bad:2: fields are missing");
    assert_refused("capture,truth,group\n,Normal,a\n", LW_EFORMAT, "bad:2: an empty");
    assert_refused("capture,truth,group\n\"1.pcap,Normal,a\n", LW_EFORMAT,
                   "bad:2: quotes");
    assert_refused("capture,truth,group\nnone.pcap,Normal,a\n", LW_ENOTFOUND,
                   "bad:2: ");
    assert_refused("capture,truth,group\n1.pcap,Norml,a\n", LW_ENOTFOUND, "Norml");
    write_text("odd.csv", "src,label\n10.0.0.9,Weird\n");
    assert_refused("capture,truth,group\n0.pcap,odd.csv,a\n", LW_EFORMAT,
                   "'Weird' is no class");
    assert_refused("capture,truth,group\n1.pcap,Normal,a\n", LW_EINVAL, "1 groups");
    assert_refused("capture,truth,group\n1.pcap,Normal,a\n3.pcap,Normal,b\n",
                   LW_EFORMAT, "no malicious flows");
    assert_refused("capture,truth,group\n0.pcap,0.csv,a\n2.pcap,2.csv,b\n", LW_EFORMAT,
                   "no capture without attacks");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_scan_is_known_from_other_networks),
        cmocka_unit_test(the_same_captures_give_the_same_bytes),
        cmocka_unit_test(the_model_judges_a_capture),
        cmocka_unit_test(a_budget_sets_the_threshold),
        cmocka_unit_test(a_budget_that_cannot_be_kept_is_refused),
        cmocka_unit_test(bad_tables_are_refused_with_their_place),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}

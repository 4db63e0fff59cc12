/* SPDX-License-Identifier: Apache-2.0 */
#include "record.h"
#include "test.h"

#include <lapwing/botnet.h>
#include <lapwing/detect.h>
#include <lapwing/view.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PATH_ROOM = 64, FLOWS = 300 };

static char folder[] = "/tmp/test_botnet-XXXXXX";

static const char *in_folder(const char *name, char out[PATH_ROOM])
{
    (void)snprintf(out, PATH_ROOM, "%s/%s", folder, name);
    return out;
}

/* A conn.log as CSV: a host that is answered, a scanner that is not, and some flows
 * that are labelled as neither.  One in ten of the scanner's is of UDP. */
static void write_capture(const char *name, unsigned network, bool labelled)
{
    char path[PATH_ROOM];
    FILE *f = fopen(in_folder(name, path), "w");

    assert_non_null(f);
    (void)fputs("ts,uid,id.orig_h,id.orig_p,id.resp_h,id.resp_p,proto,duration,"
                "orig_bytes,resp_bytes,conn_state,history,orig_pkts,orig_ip_bytes,"
                "resp_pkts,resp_ip_bytes,label\n",
                f);
    for (unsigned i = 0; i < FLOWS; i++) {
        (void)fprintf(f,
                      "%u.5,C,10.%u.0.1,%u,192.0.2.%u,443,tcp,0.5,100,2000,SF,ShADadFf,"
                      "8,500,9,2500,%s\n",
                      1000 + i, network, 40000 + i, i % 20, labelled ? "Benign" : "");
        (void)fprintf(
            f, "%u.6,C,10.%u.0.9,%u,198.51.%u.%u,23,%s,,,,S0,%s,1,60,0,0,%s\n",
            1000 + i, network, 50000 + i, network, i % 250, i % 10 == 0 ? "udp" : "tcp",
            i % 10 == 0 ? "D" : "S", labelled ? "Malicious" : "");
        if (i % 100 == 0)
            (void)fprintf(f,
                          "%u.7,C,10.%u.0.5,1,192.0.2.1,80,tcp,1,1,1,SF,ShADadFf,8,500,"
                          "9,2500,Background\n",
                          1000 + i, network);
    }
    assert_int_equal(fclose(f), 0);
}

static int set_up(void **state)
{
    (void)state;
    if (mkdtemp(folder) == NULL)
        return -1;
    write_capture("a", 1, true);
    write_capture("b", 2, true);
    write_capture("c", 3, true);
    write_capture("none", 4, false);
    return 0;
}

static int tear_down(void **state)
{
    static const char *const names[] = {"a", "b", "c", "none", "m", "n"};
    char path[PATH_ROOM];

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        (void)unlink(in_folder(names[i], path));
    return rmdir(folder);
}

static enum lw_status train(const char *const *names, size_t n, const char *out,
                            struct lw_botnet_report *report, struct lw_error *err)
{
    char paths[4][2 * PATH_ROOM];
    const char *groups[4];
    char path[PATH_ROOM];
    struct lw_botnet_config cfg = {.groups = groups, .n_groups = n, .seed = 1};

    for (size_t i = 0; i < n; i++) {
        const char *second = strchr(names[i], ',');

        groups[i] = paths[i];
        (void)snprintf(paths[i], sizeof paths[i], "%s/%.*s%s%s%s", folder,
                       (int)strcspn(names[i], ","), names[i], second == NULL ? "" : ",",
                       second == NULL ? "" : folder, second == NULL ? "" : "/");
        if (second != NULL)
            (void)strncat(paths[i], second + 1, sizeof paths[i] - strlen(paths[i]) - 1);
    }
    return lw_botnet_train(in_folder(out, path), &cfg, report, err);
}

/* Nine in ten of the malicious are TCP without a reply, none of the benign; the model
 * knows from two captures what the third is. */
static void captures_are_left_out(void **state)
{
    static const char *const names[] = {"a", "b", "c"};
    struct lw_botnet_report r;
    struct lw_error err;

    (void)state;
    assert_int_equal(train(names, 3, "m", &r, &err), LW_OK);
    assert_int_equal(r.n_captures, 3);
    assert_string_equal(r.capture[1].name, "b");
    assert_true(r.capture[1].is_pooled);
    assert_int_equal(r.capture[1].figures.n_benign, FLOWS);
    assert_int_equal(r.capture[1].figures.n_malicious, FLOWS);
    assert_int_equal(r.capture[1].figures.n_background, FLOWS / 100);
    assert_near(r.capture[1].figures.rule_recall, 0.9, 1e-9);
    assert_near(r.pooled.rule_recall, 0.9, 1e-9);
    assert_near(r.pooled.rule_false_alarm, 0, 0);
    assert_int_equal(r.pooled.n_benign, 3 * FLOWS);
    assert_near(r.pooled.roc_auc, 1, 1e-9);
    assert_near(r.pooled.recall_at_rule, 1, 0);
    assert_near(r.pooled.recall_at_1e2, 1, 0);
    assert_near(r.pooled.recall, 1, 0);
    assert_near(r.pooled.false_alarm, 0, 0);
    assert_near(r.threshold, 0.3, 1e-6);
}

static long size_of(const char *name, char *bytes, size_t room)
{
    char path[PATH_ROOM];
    FILE *f = fopen(in_folder(name, path), "rb");
    size_t n;

    assert_non_null(f);
    n = fread(bytes, 1, room, f);
    (void)fclose(f);
    return (long)n;
}

static void the_same_flows_give_the_same_file(void **state)
{
    static const char *const names[] = {"a", "b,c"};
    static char one[1 << 20];
    static char two[1 << 20];
    struct lw_botnet_report r;
    struct lw_error err;
    long n;

    (void)state;
    assert_int_equal(train(names, 2, "m", &r, &err), LW_OK);
    assert_int_equal(r.n_captures, 3);
    assert_int_equal(train(names, 2, "n", &r, &err), LW_OK);
    n = size_of("m", one, sizeof one);
    assert_int_equal(n, size_of("n", two, sizeof two));
    assert_memory_equal(one, two, (size_t)n);
}

static float values[128];

static void keep(void *ctx, const struct lw_row *row)
{
    const struct lw_view *view = ctx;

    memcpy(values, row->values, view->n_features * sizeof *values);
}

/* The verdict of one flow of a host without a past. */
static struct lw_verdict judge(const struct lw_classifier *c, struct lw_record r)
{
    const struct lw_view *view = lw_view_get("netflow_host");
    struct lw_extractor *x = NULL;
    struct lw_verdict v;
    struct lw_error err;

    assert_int_equal(lw_extractor_new(&x, view, NULL, &err), LW_OK);
    assert_int_equal(lw_extractor_add(x, &r, INT64_MIN, keep, (void *)(uintptr_t)view),
                     LW_OK);
    lw_extractor_flush(x, keep, (void *)(uintptr_t)view);
    lw_extractor_free(x);
    assert_int_equal(lw_classifier_judge(c, values, 1, &v, &err), LW_OK);
    return v;
}

static void the_model_judges_by_its_threshold(void **state)
{
    static const char *const names[] = {"a", "b", "c"};
    struct lw_record r = record_of(LW_FLOW_TCP, 1, 2, 443);
    struct lw_classifier *c = NULL;
    struct lw_botnet_report report;
    struct lw_reason reasons[LW_MAX_REASONS];
    char path[PATH_ROOM];
    struct lw_verdict v;
    struct lw_error err;
    size_t n;

    (void)state;
    assert_int_equal(train(names, 3, "m", &report, &err), LW_OK);
    assert_int_equal(lw_classifier_load(&c, in_folder("m", path), &err), LW_OK);
    assert_int_equal(lw_classifier_classes(c), 2);
    assert_string_equal(lw_classifier_class_name(c, 1), "Botnet");
    r.conn = LW_CONN_SF;
    v = judge(c, r);
    assert_int_equal(v.verdict, LW_VERDICT_NORMAL);
    assert_true(v.attack_score < 0.3f);
    /* The threshold is of the score; the confidence is what scores turned out to mean,
     * and here they were right. */
    assert_near(v.score[1], v.attack_score, 0);
    assert_true(lw_classifier_calibrated(c));
    assert_true(v.confidence > 1 - v.attack_score);
    assert_true(report.curve.n_points > 0 && report.calibrated.n_points > 0);
    assert_true(report.brier[1] < report.brier[0]);
    assert_true(v.p_value > 0.01f);
    r.conn = LW_CONN_S0;
    r.side[0].tcp_flags = LW_TCP_SYN;
    r.side[1] = (struct lw_side){.packets = 0};
    v = judge(c, r);
    assert_int_equal(v.verdict, LW_VERDICT_BOTNET);
    assert_true(v.attack_score >= 0.3f);
    assert_true(v.p_value < 0.05f);
    assert_int_equal(
        lw_classifier_explain(c, values, &v, reasons, LW_MAX_REASONS, &n, &err), LW_OK);
    assert_true(n > 0);
    lw_classifier_free(c);
}

static void what_cannot_be_learnt_from_is_refused(void **state)
{
    static const char *const one[] = {"a"};
    static const char *const unlabelled[] = {"none", "none"};
    static const char *const missing[] = {"a", "x"};
    struct lw_botnet_report r;
    struct lw_error err;

    (void)state;
    assert_int_equal(train(one, 1, "m", &r, &err), LW_EINVAL);
    assert_int_equal(train(unlabelled, 2, "m", &r, &err), LW_EFORMAT);
    assert_int_equal(train(missing, 2, "m", &r, &err), LW_ENOTFOUND);
}

/* The file that was written, on a capture it knows and one without labels. */
static void a_model_is_judged_capture_by_capture(void **state)
{
    static const char *const names[] = {"a", "b"};
    char model[PATH_ROOM];
    char known[PATH_ROOM];
    char other[PATH_ROOM];
    const char *groups[] = {in_folder("c", known), in_folder("a", other)};
    struct lw_botnet_config cfg = {.groups = groups, .n_groups = 2};
    struct lw_botnet_report r;
    struct lw_botnet_result all;
    struct lw_classifier *c = NULL;
    struct lw_error err;

    (void)state;
    assert_int_equal(train(names, 2, "m", &r, &err), LW_OK);
    assert_int_equal(lw_classifier_load(&c, in_folder("m", model), &err), LW_OK);
    assert_int_equal(lw_botnet_test(c, &cfg, &r, &all, &err), LW_OK);
    assert_int_equal(r.n_captures, 2);
    assert_string_equal(r.capture[0].name, "c");
    assert_near(r.capture[0].figures.rule_recall, 0.9, 1e-9);
    assert_near(r.pooled.roc_auc, 1, 1e-9);
    assert_int_equal(r.pooled.n_background, 2 * FLOWS / 100);
    assert_int_equal(all.all.n_rows, 4 * FLOWS);
    assert_near(all.all.detection, r.pooled.recall, 1e-9);
    groups[0] = in_folder("none", known);
    cfg.n_groups = 1;
    assert_int_equal(lw_botnet_test(c, &cfg, &r, &all, &err), LW_EFORMAT);
    lw_classifier_free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_model_is_judged_capture_by_capture),
        cmocka_unit_test(captures_are_left_out),
        cmocka_unit_test(the_same_flows_give_the_same_file),
        cmocka_unit_test(the_model_judges_by_its_threshold),
        cmocka_unit_test(what_cannot_be_learnt_from_is_refused),
    };

    return cmocka_run_group_tests_name("botnet", tests, set_up, tear_down);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a labelled table to verdicts.  The table is made here: a few hundred records of
 * each of a few attack types, told apart by state, service and counts.
 */
#include "base/buf.h"
#include "base/mem.h"
#include "base/rng.h"
#include "test.h"

#include <lapwing/bundle.h>
#include <lapwing/detect.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char dir[] = "/tmp/lw-detect-XXXXXX";

static const char *temp_path(const char *name)
{
    static char path[128];

    (void)snprintf(path, sizeof path, "%s/%s", dir, name);
    return path;
}

struct kind {
    const char *label;
    const char *service;
    const char *flag;
    int bytes;
    int count;
};

static const struct kind kinds[] = {
    {"normal", "http", "SF", 300, 5},
    {"normal", "smtp", "SF", 900, 1},
    {"neptune", "private", "S0", 0, 200},
    {"smurf", "ecr_i", "SF", 1032, 500},
    {"satan", "other", "REJ", 0, 100},
    {"ipsweep", "eco_i", "SF", 8, 1},
    {"guess_passwd", "telnet", "SF", 125, 1},
    {"warezmaster", "ftp", "SF", 60, 1},
    {"buffer_overflow", "telnet", "SF", 1800, 1},
    {"rootkit", "ftp_data", "SF", 5000, 1},
};

/* 41 features and a label, `rows` of each kind, as NSL-KDD has them. */
static void make_table(struct buf *out, int rows)
{
    struct rng rng;

    rng_init(&rng, 3);
    for (int i = 0; i < rows; i++) {
        for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++) {
            int count = kinds[k].count + (int)rng_below(&rng, 5);
            int bytes = kinds[k].bytes + (int)rng_below(&rng, 20);

            buf_printf(out, "0,%s,%s,%s,%d,%d,0,0,0",
                       strstr(kinds[k].service, "_i") != NULL ? "icmp" : "tcp",
                       kinds[k].service, kinds[k].flag, bytes, bytes / 2);
            for (int c = 9; c < 22; c++)
                buf_add_text(out, ",0");
            buf_printf(out, ",%d,%d", count, count / 2 + 1);
            for (int c = 24; c < 41; c++)
                buf_printf(out, ",0.%02d", (int)rng_below(&rng, 10));
            buf_printf(out, ",%s,20\n", kinds[k].label);
        }
    }
}

static struct lw_frame *make_frame(int rows)
{
    struct lw_frame *f = NULL;
    struct lw_error err;
    struct buf text;

    buf_init(&text);
    make_table(&text, rows);
    assert_int_equal(
        lw_frame_read_memory(&f, buf_text(&text), text.len, "table", NULL, &err),
        LW_OK);
    buf_release(&text);
    return f;
}

static struct lw_train_config quick(void)
{
    return (struct lw_train_config){
        .preset = "nsl-kdd",
        .n_repeats = 1,
        .params = {
            .n_rounds = 5, .max_depth = 6, .n_steps = 100, .hidden = 16, .seed = 1}};
}

static char *read_file(const char *path, size_t *n)
{
    FILE *f = fopen(path, "rb");
    struct stat info;
    char *bytes;

    assert_non_null(f);
    assert_int_equal(fstat(fileno(f), &info), 0);
    *n = (size_t)info.st_size;
    bytes = malloc(*n);
    assert_int_equal(fread(bytes, 1, *n, f), *n);
    (void)fclose(f);
    return bytes;
}

static void same_table_same_seed_same_bytes(void **state)
{
    struct lw_train_config cfg = quick();
    struct lw_frame *f = make_frame(60);
    struct lw_train_report report;
    struct lw_error err = {LW_OK, ""};
    size_t n[2];
    char *bytes[2];

    (void)state;
    for (int i = 0; i < 2; i++) {
        const char *path = temp_path(i == 0 ? "a.lwm" : "another-name.lwm");

        assert_int_equal(lw_train(f, path, &cfg, &report, &err), LW_OK);
        bytes[i] = read_file(path, &n[i]);
    }
    assert_int_equal(n[0], n[1]);
    assert_memory_equal(bytes[0], bytes[1], n[0]);
    assert_true(report.leave_attack_out.n_rows > report.n_rows);
    free(bytes[0]);
    free(bytes[1]);
    lw_frame_free(f);
}

static void a_loaded_model_judges_and_explains(void **state)
{
    const struct lw_view *kdd = lw_view_get("kdd");
    struct lw_frame *f = make_frame(20);
    struct lw_classifier *c = NULL;
    struct lw_reason reasons[LW_MAX_REASONS];
    struct lw_verdict one;
    struct lw_verdict all[70];
    struct lw_matrix x;
    struct lw_error err = {LW_OK, ""};
    size_t n = 0;

    (void)state;
    assert_int_equal(lw_classifier_load(&c, temp_path("a.lwm"), &err), LW_OK);
    assert_ptr_equal(lw_classifier_view(c), kdd);
    assert_int_equal(strlen(lw_classifier_id(c)), 12);
    assert_int_equal(lw_view_map(kdd, f, &x, &err), LW_OK);
    assert_int_equal(lw_classifier_judge(c, x.x, 70, all, &err), LW_OK);
    assert_int_equal(all[0].verdict, LW_VERDICT_NORMAL);
    assert_int_equal(all[2].verdict, LW_VERDICT_DOS);
    assert_int_equal(all[4].verdict, LW_VERDICT_PROBE);
    /* A row's verdict does not depend on its company. */
    for (size_t i = 0; i < 70; i++) {
        assert_int_equal(lw_classifier_judge(c, x.x + i * 41, 1, &one, &err), LW_OK);
        assert_memory_equal(&one, &all[i], sizeof one);
    }
    assert_int_equal(
        lw_classifier_explain(c, x.x + 2 * 41, &all[2], reasons, 3, &n, &err), LW_OK);
    assert_in_range(n, 1, 3);
    for (size_t i = 1; i < n; i++)
        assert_true(reasons[i].contribution <= reasons[i - 1].contribution);
    assert_true(reasons[0].contribution > 0);
    assert_true(strlen(reasons[0].words) > 5);
    lw_matrix_release(&x);
    lw_frame_free(f);
    lw_classifier_free(c);
}

static void what_is_new_is_not_recognized(void **state)
{
    const struct lw_view *kdd = lw_view_get("kdd");
    int service = lw_view_find(kdd, "service");
    struct lw_frame *f = make_frame(1);
    struct lw_classifier *c = NULL;
    struct lw_reason reasons[LW_MAX_REASONS];
    struct lw_verdict v;
    struct lw_matrix x;
    struct lw_error err = {LW_OK, ""};
    size_t n = 0;

    (void)state;
    assert_int_equal(lw_classifier_load(&c, temp_path("a.lwm"), &err), LW_OK);
    assert_int_equal(lw_view_map(kdd, f, &x, &err), LW_OK);
    /* A service that the table does not have, and one that no list has. */
    x.x[service] = lw_feature_category(&kdd->features[service], "gopher");
    assert_int_equal(lw_classifier_judge(c, x.x, 1, &v, &err), LW_OK);
    assert_int_equal(v.verdict, LW_VERDICT_NOT_RECOGNIZED);
    assert_int_equal(lw_classifier_explain(c, x.x, &v, reasons, 5, &n, &err), LW_OK);
    assert_int_equal(reasons[0].feature_idx, service);
    x.x[service] = LW_CAT_UNSEEN;
    assert_int_equal(lw_classifier_judge(c, x.x, 1, &v, &err), LW_OK);
    assert_int_equal(v.verdict, LW_VERDICT_NOT_RECOGNIZED);
    /* Known categories, numbers from nowhere. */
    x.x[41 + 4] = 1e9f;
    assert_int_equal(lw_classifier_judge(c, x.x + 41, 1, &v, &err), LW_OK);
    assert_int_equal(v.verdict, LW_VERDICT_NOT_RECOGNIZED);
    assert_true(v.p_value < 0.01f);
    lw_matrix_release(&x);
    lw_frame_free(f);
    lw_classifier_free(c);
}

static void judging_counts_types_never_seen(void **state)
{
    struct lw_train_config cfg = quick();
    struct lw_frame *f = make_frame(60);
    struct lw_classifier *c = NULL;
    struct lw_train_report trained;
    struct lw_test_report report;
    struct lw_error err = {LW_OK, ""};

    (void)state;
    cfg.exclude = "satan,rootkit";
    assert_int_equal(lw_train(f, temp_path("b.lwm"), &cfg, &trained, &err), LW_OK);
    assert_int_equal(trained.n_rows, 8 * 60);
    assert_int_equal(lw_classifier_load(&c, temp_path("b.lwm"), &err), LW_OK);
    assert_int_equal(lw_test(c, f, NULL, &report, &err), LW_OK);
    assert_int_equal(report.n_unseen_rows, 120);
    assert_string_equal(report.unseen_types, "satan,rootkit");
    assert_int_equal(report.all.support[LW_KDD_PROBE], 120);
    /* "Not recognized" is counted beside the classes, not among them. */
    for (size_t k = 0; k < 5; k++)
        assert_int_equal(report.all.confusion[k][5], 0);
    lw_classifier_free(c);
    cfg.exclude = "satin";
    assert_int_equal(lw_train(f, temp_path("c.lwm"), &cfg, &trained, &err), LW_EINVAL);
    assert_non_null(strstr(err.msg, "satin"));
    lw_frame_free(f);
}

static void train_text(const char *text, enum lw_status expect, const char *word)
{
    struct lw_train_config cfg = quick();
    struct lw_train_report report;
    struct lw_frame *f = NULL;
    struct lw_error err = {LW_OK, ""};

    assert_int_equal(lw_frame_read_memory(&f, text, strlen(text), "t.csv", NULL, &err),
                     LW_OK);
    assert_int_equal(lw_train(f, temp_path("d.lwm"), &cfg, &report, &err), expect);
    assert_non_null(strstr(err.msg, word));
    assert_true(access(temp_path("d.lwm"), F_OK) != 0);
    lw_frame_free(f);
}

static void bad_tables_are_refused_by_name(void **state)
{
    (void)state;
    train_text("a,b\n1,2\n", LW_EFORMAT, "label");
    train_text("a,label\n1,normal\n", LW_EFORMAT, "duration");
}

static void models_that_do_not_fit_are_refused(void **state)
{
    struct lw_classifier *c = NULL;
    struct lw_bundle *b = NULL;
    struct lw_error err = {LW_OK, ""};
    uint8_t view[128];
    const void *p;
    size_t n;

    (void)state;
    /* Another definition of the view: one byte of the hash differs. */
    assert_int_equal(lw_bundle_load(&b, temp_path("a.lwm"), &err), LW_OK);
    p = lw_bundle_get(b, "VIEW", &n);
    assert_true(n <= sizeof view);
    memcpy(view, p, n);
    view[n - 1] ^= 1;
    assert_int_equal(lw_bundle_put(b, "VIEW", view, n, &err), LW_OK);
    assert_int_equal(lw_bundle_save(b, temp_path("e.lwm"), &err), LW_OK);
    assert_int_equal(lw_classifier_load(&c, temp_path("e.lwm"), &err), LW_EMISMATCH);
    assert_non_null(strstr(err.msg, "another definition of view kdd"));
    /* Another view altogether. */
    view[2] = 'x';
    assert_int_equal(lw_bundle_put(b, "VIEW", view, n, &err), LW_OK);
    assert_int_equal(lw_bundle_save(b, temp_path("e.lwm"), &err), LW_OK);
    assert_int_equal(lw_classifier_load(&c, temp_path("e.lwm"), &err), LW_EMISMATCH);
    /* Each section cut short. */
    for (size_t i = 0; i < 7; i++) {
        static const char *const tags[] = {"VIEW", "ENCODER", "MODEL", "CLASSES",
                                           "RULE", "NOVELTY", "NORMAL"};
        struct lw_bundle *whole = NULL;
        void *copy;

        assert_int_equal(lw_bundle_load(&whole, temp_path("a.lwm"), &err), LW_OK);
        p = lw_bundle_get(whole, tags[i], &n);
        copy = malloc(n);
        memcpy(copy, p, n);
        assert_int_equal(lw_bundle_put(whole, tags[i], copy, n - 1, &err), LW_OK);
        free(copy);
        assert_int_equal(lw_bundle_save(whole, temp_path("e.lwm"), &err), LW_OK);
        lw_bundle_free(whole);
        assert_int_not_equal(lw_classifier_load(&c, temp_path("e.lwm"), &err), LW_OK);
    }
    lw_bundle_free(b);
}

/* A model file without one of its sections says which, and what to do. */
static void older_models_say_so(void **state)
{
    struct lw_classifier *c = NULL;
    struct lw_bundle *b = NULL;
    struct lw_bundle *old = NULL;
    struct lw_error err = {LW_OK, ""};

    (void)state;
    assert_int_equal(lw_bundle_load(&b, temp_path("a.lwm"), &err), LW_OK);
    assert_int_equal(lw_bundle_new(&old, &err), LW_OK);
    for (size_t i = 0; i < 4; i++) {
        static const char *const tags[] = {"VIEW", "ENCODER", "MODEL", "CLASSES"};
        size_t n;
        const void *p = lw_bundle_get(b, tags[i], &n);

        assert_int_equal(lw_bundle_put(old, tags[i], p, n, &err), LW_OK);
    }
    assert_int_equal(lw_bundle_save(old, temp_path("e.lwm"), &err), LW_OK);
    assert_int_equal(lw_classifier_load(&c, temp_path("e.lwm"), &err), LW_EFORMAT);
    assert_non_null(strstr(err.msg, "no section RULE"));
    assert_non_null(strstr(err.msg, "train it again"));
    lw_bundle_free(old);
    lw_bundle_free(b);
}

static void costs_change_what_is_said(void **state)
{
    struct lw_train_config cfg = quick();
    struct lw_frame *f = make_frame(20);
    struct lw_classifier *c = NULL;
    struct lw_train_report trained;
    struct lw_test_report own;
    struct lw_test_report cup;
    struct lw_cost cost;
    struct lw_error err = {LW_OK, ""};

    (void)state;
    /* Where every alarm costs a thousand, none is given. */
    lw_cost_plain(&cost, 5);
    for (size_t k = 1; k < 5; k++)
        cost.of[0][k] = 1000;
    cfg.cost = &cost;
    assert_int_equal(lw_train(f, temp_path("b.lwm"), &cfg, &trained, &err), LW_OK);
    assert_true(trained.cost.of[0][1] == 1000);
    assert_int_equal(lw_classifier_load(&c, temp_path("b.lwm"), &err), LW_OK);
    assert_int_equal(lw_test(c, f, NULL, &own, &err), LW_OK);
    assert_true(own.all.false_alarm == 0);
    assert_near(own.all.average_cost, 1 - own.all.accuracy, 1e-9);
    lw_cost_kddcup99(&cost);
    assert_int_equal(lw_test(c, f, &cost, &cup, &err), LW_OK);
    assert_near(cup.all.average_cost, lw_cost_average(&cost, &own.all), 1e-12);
    lw_classifier_free(c);
    cfg.cost = NULL;
    cfg.preset = "kddcup98";
    assert_int_equal(lw_train(f, temp_path("d.lwm"), &cfg, &trained, &err), LW_EINVAL);
    cfg.preset = "kddcup99";
    cfg.n_repeats = 11;
    assert_int_equal(lw_train(f, temp_path("d.lwm"), &cfg, &trained, &err), LW_EINVAL);
    cfg.n_repeats = 1;
    cfg.alarm_budget = 2;
    assert_int_equal(lw_train(f, temp_path("d.lwm"), &cfg, &trained, &err), LW_EINVAL);
    lw_frame_free(f);
}

static void loading_survives_any_failed_allocation(void **state)
{
    struct lw_classifier *c = NULL;
    struct lw_error err = {LW_OK, ""};
    enum lw_status st = LW_ENOMEM;
    size_t n;
    char *bytes = read_file(temp_path("a.lwm"), &n);

    (void)state;
    for (uint64_t at = 1; st != LW_OK && at < 100000; at++) {
        mem_fail_at(at, 0);
        st = lw_classifier_load_memory(&c, bytes, n, "m", &err);
        mem_fail_at(0, 0);
        if (st != LW_OK)
            assert_int_equal(st, LW_ENOMEM);
    }
    assert_int_equal(st, LW_OK);
    lw_classifier_free(c);
    free(bytes);
}

static int make_dir(void **state)
{
    (void)state;
    return mkdtemp(dir) == NULL ? -1 : 0;
}

static int remove_dir(void **state)
{
    static const char *const names[] = {"a.lwm", "another-name.lwm", "b.lwm", "e.lwm"};

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        (void)unlink(temp_path(names[i]));
    return rmdir(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(same_table_same_seed_same_bytes),
        cmocka_unit_test(a_loaded_model_judges_and_explains),
        cmocka_unit_test(what_is_new_is_not_recognized),
        cmocka_unit_test(judging_counts_types_never_seen),
        cmocka_unit_test(bad_tables_are_refused_by_name),
        cmocka_unit_test(models_that_do_not_fit_are_refused),
        cmocka_unit_test(older_models_say_so),
        cmocka_unit_test(costs_change_what_is_said),
        cmocka_unit_test(loading_survives_any_failed_allocation),
    };

    return cmocka_run_group_tests(tests, make_dir, remove_dir);
}

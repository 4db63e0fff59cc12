/* SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"
#include "test.h"

#include <lapwing/compare.h>
#include <lapwing/schema.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

enum { N_ROWS = 240, N_TEXT = 32768 };

/* Class follows from `a` alone: above 5 an attack, of type t1 or t2; `near` is
 * correlated with it by 0.94, host says nothing. Every third row is background, and row
 * 7 has a gap. */
static struct lw_frame *make_frame(void)
{
    static char text[N_TEXT];
    struct lw_frame *f = NULL;
    struct lw_error err;
    size_t n = (size_t)snprintf(text, sizeof text, "near,a,b,host,word,label\n");

    for (int i = 0; i < N_ROWS; i++) {
        int a = i * 7 % 11;
        const char *label = i % 3 == 0   ? "background"
                            : a <= 5     ? "normal"
                            : i % 2 == 0 ? "t1"
                                         : "t2";

        n += (size_t)snprintf(text + n, sizeof text - n, "%d,%d,", a + i % 4, a);
        if (i != 7)
            n += (size_t)snprintf(text + n, sizeof text - n, "%d.5", i % 5);
        n += (size_t)snprintf(text + n, sizeof text - n, ",h%d,%s,%s\n", i / 60,
                              i % 4 == 0 ? "x" : "y", label);
    }
    assert_true(n < sizeof text);
    assert_int_equal(lw_frame_read_memory(&f, text, n, "rows.csv", NULL, &err), LW_OK);
    return f;
}

static struct lw_compare_table *make_table(const struct lw_frame *f,
                                           struct lw_compare_table_config cfg)
{
    struct lw_compare_table *t = NULL;
    struct lw_error err;

    cfg.columns = "a,b,word";
    assert_int_equal(lw_compare_table_new(&t, f, &cfg, &err), LW_OK);
    return t;
}

static void rows_are_chosen_as_said(void **state)
{
    struct lw_frame *f = make_frame();
    const struct lw_compare_table_config cfgs[] = {{0},
                                                   {.neither_is_normal = true},
                                                   {.drop_missing = true},
                                                   {.drop_repeats = true}};
    /* Distinct (a, b, word, label) were counted apart from this code. */
    static const size_t n[] = {160, 240, 159, 112};

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        struct lw_compare_table *t = make_table(f, cfgs[i]);

        assert_int_equal(lw_compare_table_features(t), 3);
        assert_int_equal(lw_compare_table_classes(t), 2);
        assert_string_equal(lw_compare_table_class_names(t)[1], "Attack");
        assert_int_equal(lw_compare_table_rows(t), n[i]);
        lw_compare_table_free(t);
    }
    lw_frame_free(f);
}

static void balanced_classes_have_as_many_rows(void **state)
{
    struct lw_frame *f = make_frame();
    struct lw_compare_table *t =
        make_table(f, (struct lw_compare_table_config){.balance = "under", .seed = 3});
    const struct lw_compare_model model = {.kind = "majority"};
    const struct lw_compare_config cfg = {.test_share = 0.5,
                                          .protocol = LW_PROTOCOL_STRATIFIED};
    struct lw_compare_score s;
    struct lw_error err;

    (void)state;
    assert_int_equal(lw_compare_run(&s, t, &model, &cfg, &err), LW_OK);
    assert_int_equal(s.eval[0].support[0], s.eval[0].support[1]);
    lw_compare_table_free(t);
    lw_frame_free(f);
}

static void a_tree_finds_the_rule_and_the_majority_does_not(void **state)
{
    static const enum lw_protocol protocols[] = {
        LW_PROTOCOL_RANDOM, LW_PROTOCOL_STRATIFIED,      LW_PROTOCOL_TIME,
        LW_PROTOCOL_GROUP,  LW_PROTOCOL_LEAVE_GROUP_OUT, LW_PROTOCOL_LEAVE_ATTACK_OUT};
    static const char *const kinds[] = {"majority", "one-rule", "tree"};
    struct lw_frame *f = make_frame();
    struct lw_compare_table *t =
        make_table(f, (struct lw_compare_table_config){.group = "host"});
    struct lw_error err;

    (void)state;
    for (size_t p = 0; p < 6; p++)
        for (size_t k = 0; k < 3; k++) {
            const struct lw_compare_model model = {.kind = kinds[k]};
            const struct lw_compare_config cfg = {
                .protocol = protocols[p], .n_seeds = 2, .n_folds = 2, .seed = 5};
            struct lw_compare_score s;

            assert_int_equal(lw_compare_run(&s, t, &model, &cfg, &err), LW_OK);
            assert_int_equal(s.n_seeds, 2);
            assert_int_equal(s.eval[1].n_rows, s.n_test);
            assert_int_equal(s.model_bytes > 0, k == 2);
            if (k > 0)
                assert_true(s.eval[0].accuracy > 0.999);
            else
                assert_true(s.eval[0].accuracy < 0.8);
            if (protocols[p] == LW_PROTOCOL_GROUP ||
                protocols[p] == LW_PROTOCOL_LEAVE_GROUP_OUT)
                assert_int_equal(s.n_test, 160); /* each row once */
            if (p < 3)
                assert_int_equal(s.n_test, 48);
        }
    lw_compare_table_free(t);
    lw_frame_free(f);
}

/* b tells little: a low threshold calls all an attack, a high one nothing. */
static void a_threshold_decides(void **state)
{
    static const double thresholds[] = {0.001, 0.999};
    struct lw_frame *f = make_frame();
    struct lw_compare_table *t = NULL;
    struct lw_error err;

    (void)state;
    assert_int_equal(
        lw_compare_table_new(&t, f, &(struct lw_compare_table_config){.columns = "b"},
                             &err),
        LW_OK);
    for (size_t i = 0; i < 2; i++) {
        const struct lw_compare_model model = {.kind = "logit"};
        const struct lw_compare_config cfg = {.threshold = thresholds[i]};
        struct lw_compare_score s;

        assert_int_equal(lw_compare_run(&s, t, &model, &cfg, &err), LW_OK);
        assert_near(s.eval[0].recall[0], i == 0 ? 0 : 1, 0);
        assert_near(s.eval[0].recall[1], i == 0 ? 1 : 0, 0);
        assert_true(s.eval[0].roc_auc > 0);
    }
    lw_compare_table_free(t);
    lw_frame_free(f);
}

/* Of `near` and `a`, the later goes where they are too much alike, and with it the
 * rule. */
static void cleaning_takes_columns(void **state)
{
    static const struct {
        const char *clean;
        bool finds;
    } cases[] = {{"correlation=0.99", true},
                 {"missing=mean,correlation=0.9,scale=robust", false},
                 {"vif=100,constant", true}};
    struct lw_frame *f = make_frame();
    struct lw_error err;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct lw_compare_table_config cfg = {.columns = "near,a"};
        const struct lw_compare_model model = {.kind = "tree"};
        const struct lw_compare_config run = {.clean = cases[i].clean};
        struct lw_compare_table *t = NULL;
        struct lw_compare_score s;

        assert_int_equal(lw_compare_table_new(&t, f, &cfg, &err), LW_OK);
        assert_int_equal(lw_compare_run(&s, t, &model, &run, &err), LW_OK);
        assert_int_equal(s.eval[0].accuracy > 0.999, cases[i].finds);
        lw_compare_table_free(t);
    }
    lw_frame_free(f);
}

static void cleaning_steps_are_checked(void **state)
{
    static const char *const bad[] = {"median",     "missing=none", "correlation=-1",
                                      "constant=1", "scale",        "vif="};
    struct lw_frame *f = make_frame();
    struct lw_compare_table *t = make_table(f, (struct lw_compare_table_config){0});
    const struct lw_compare_model model = {.kind = "tree"};
    struct lw_compare_score s;
    struct lw_error err;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        const struct lw_compare_config run = {.clean = bad[i]};

        assert_int_equal(lw_compare_run(&s, t, &model, &run, &err), LW_EINVAL);
        assert_non_null(strstr(err.msg, "cleaning step"));
        assert_int_equal(lw_clean_check(bad[i], &err), LW_EINVAL);
    }
    lw_compare_table_free(t);
    lw_frame_free(f);
}

static void what_cannot_be_is_refused(void **state)
{
    struct lw_frame *f = make_frame();
    struct lw_compare_table *t = NULL;
    struct lw_compare_score s;
    struct lw_error err;
    const struct lw_compare_table_config bad[] = {
        {.view = "nothing"}, {.columns = "a,c"}, {.group = "c"},
        {.group = "a"},      {.time = "host"},   {.columns = "label"}};

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(lw_compare_table_new(&t, f, &bad[i], &err), LW_EINVAL);
    t = make_table(f, (struct lw_compare_table_config){0});
    assert_int_equal(lw_compare_run(&s, t, &(struct lw_compare_model){.kind = "no"},
                                    &(struct lw_compare_config){0}, &err),
                     LW_EINVAL);
    assert_int_equal(
        lw_compare_run(&s, t, &(struct lw_compare_model){.kind = "majority"},
                       &(struct lw_compare_config){.protocol = LW_PROTOCOL_GROUP},
                       &err),
        LW_EINVAL);
    assert_non_null(strstr(err.msg, "belongs together"));
    lw_compare_table_free(t);
    lw_frame_free(f);
}

static void memory_may_run_out_anywhere(void **state)
{
    struct lw_frame *f = make_frame();
    const struct lw_compare_table_config cfg = {
        .columns = "a,word", .group = "host", .drop_repeats = true};
    const struct lw_compare_model model = {.kind = "tree"};
    const struct lw_compare_config run = {.protocol = LW_PROTOCOL_LEAVE_GROUP_OUT,
                                          .clean = "missing=mean"};
    struct lw_compare_table *t = NULL;
    struct lw_compare_score s;
    struct lw_error err;
    enum lw_status st = LW_ENOMEM;

    (void)state;
    for (uint64_t n = 1; t == NULL; n++) {
        mem_fail_at(n, 0);
        if (lw_compare_table_new(&t, f, &cfg, &err) != LW_OK)
            assert_int_equal(err.code, LW_ENOMEM);
    }
    for (uint64_t n = 1; st != LW_OK; n++) {
        mem_fail_at(n, 0);
        st = lw_compare_run(&s, t, &model, &run, &err);
        if (st != LW_OK)
            assert_int_equal(err.code, LW_ENOMEM);
    }
    mem_fail_at(0, 0);
    lw_compare_table_free(t);
    lw_frame_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_chosen_as_said),
        cmocka_unit_test(balanced_classes_have_as_many_rows),
        cmocka_unit_test(a_tree_finds_the_rule_and_the_majority_does_not),
        cmocka_unit_test(a_threshold_decides),
        cmocka_unit_test(cleaning_takes_columns),
        cmocka_unit_test(cleaning_steps_are_checked),
        cmocka_unit_test(what_cannot_be_is_refused),
        cmocka_unit_test(memory_may_run_out_anywhere),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

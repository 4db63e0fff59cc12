/* SPDX-License-Identifier: Apache-2.0 */
/* From scores to classes: the decision rule, its costs, its tuning, and what is normal.
 */
#include "base/buf.h"
#include "base/mem.h"
#include "base/rng.h"
#include "detect/normality.h"
#include "detect/rule.h"
#include "detect/service_group.h"
#include "detect/tune.h"
#include "test.h"

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void a_neutral_rule_trusts_the_model(void **state)
{
    const float margins[] = {1, 3, 2};
    struct rule r;
    float p[3];

    (void)state;
    rule_init(&r, 3);
    rule_posterior(&r, margins, -5, p);
    assert_near(p[1] / p[2], exp(1), 1e-5);
    assert_near(p[0] + p[1] + p[2], 1, 1e-6);
    assert_int_equal(rule_decide(&r, p), 1);
}

static void each_number_does_its_part(void **state)
{
    const float margins[] = {2, 1, 0};
    struct rule r;
    float p[3];

    (void)state;
    rule_init(&r, 3);
    r.temperature = 2;
    rule_posterior(&r, margins, 0, p);
    assert_near(p[0] / p[1], exp(0.5), 1e-5);
    rule_init(&r, 3);
    r.attack_factor = 10;
    rule_posterior(&r, margins, 0, p);
    assert_near(p[1] / p[0], 10 * exp(-1), 1e-4);
    assert_near(p[1] / p[2], exp(1), 1e-5);
    rule_init(&r, 3);
    r.novelty_power = 2;
    rule_posterior(&r, margins, -3, p);
    assert_near(p[1] / p[0], exp(-1 + 6), 1e-2);
    rule_init(&r, 3);
    r.mix = 1;
    rule_posterior(&r, margins, 0, p);
    assert_near(p[1], p[2], 1e-7);
    assert_near(p[0], exp(2) / (exp(2) + exp(1) + 1), 1e-6);
}

static void near_types_draw_their_class(void **state)
{
    const float distance[] = {1, 5, 2, 1e30f};
    float margins[] = {1, 3, 2, -1};
    float as_they_were[4];
    struct rule r;
    float before[4];
    float p[4];

    (void)state;
    memcpy(as_they_were, margins, sizeof margins);
    rule_init(&r, 4);
    rule_posterior(&r, margins, 0, before);
    rule_draw_near(&r, margins, NULL); /* not asked for */
    assert_memory_equal(margins, as_they_were, sizeof margins);
    r.nearness = 0.5f;
    rule_draw_near(&r, margins, distance);
    rule_posterior(&r, margins, 0, p);
    assert_near(p[0], before[0], 1e-6);
    assert_near(p[1] / p[2], exp(3 - 2 + 0.5 * (2 - 5)), 1e-5);
    assert_near(p[3], 0, 1e-12);
    assert_int_equal(rule_decide(&r, p), 2);
}

static void the_cheapest_class_is_said(void **state)
{
    /* Normal is likelier, but to miss an R2L costs 4 and an alarm 2. */
    const float likely[] = {0.6f, 0, 0, 0.4f, 0};
    /* Nothing is known but that it is no normal row: a probe is the cheapest guess. */
    const float unknown[] = {0.45f, 0.3f, 0.25f, 0, 0};
    struct rule r;

    (void)state;
    rule_init(&r, 5);
    assert_int_equal(rule_decide(&r, likely), 0);
    lw_cost_kddcup99(&r.cost);
    assert_int_equal(rule_decide(&r, likely), 3);
    assert_int_equal(rule_decide(&r, unknown), 2);
}

static void stored_rules_come_back_or_are_refused(void **state)
{
    static const struct {
        size_t at;
        float value;
    } harm[] = {{1, 0},        {1, 1e-40f},  {1, NAN},          {1, -1}, {5, 0},
                {5, INFINITY}, {9, -1},      {9, NAN},          {13, 2}, {13, -1},
                {17 + 4, NAN}, {17 + 4, -1}, {17 + 4, INFINITY}};
    struct rule r;
    struct rule back;
    struct lw_error err;
    struct buf b;

    (void)state;
    rule_init(&r, 5);
    lw_cost_kddcup99(&r.cost);
    r.temperature = 1.5f;
    r.mix = 0.25f;
    buf_init(&b);
    rule_save(&r, &b);
    assert_int_equal(rule_load(&back, span_of(b.data, b.len), &err), LW_OK);
    assert_true(back.temperature == 1.5f && back.mix == 0.25f);
    assert_memory_equal(back.cost.of[3], r.cost.of[3], 5 * sizeof(float));
    assert_true(back.nearness <= 0);
    for (size_t n = 0; n < b.len; n++)
        assert_int_equal(rule_load(&back, span_of(b.data, n), &err), LW_EFORMAT);
    buf_add_f32(&b, 0.5f); /* where there is one */
    assert_int_equal(rule_load(&back, span_of(b.data, b.len), &err), LW_OK);
    assert_true(back.nearness == 0.5f);
    assert_int_equal(rule_load(&back, span_of(b.data, b.len - 1), &err), LW_EFORMAT);
    b.len -= 4;
    buf_add_f32(&b, NAN);
    assert_int_equal(rule_load(&back, span_of(b.data, b.len), &err), LW_EFORMAT);
    b.len -= 4;
    for (size_t i = 0; i < sizeof harm / sizeof harm[0]; i++) {
        char copy[256];

        memcpy(copy, b.data, b.len);
        memcpy(copy + harm[i].at, &harm[i].value, sizeof(float));
        assert_int_equal(rule_load(&back, span_of(copy, b.len), &err), LW_EFORMAT);
    }
    b.data[0] = 1;
    assert_int_equal(rule_load(&back, span_of(b.data, b.len), &err), LW_EFORMAT);
    b.data[0] = 100;
    assert_int_equal(rule_load(&back, span_of(b.data, b.len), &err), LW_EFORMAT);
    buf_release(&b);
}

static enum lw_status read_cost(const char *text, struct lw_cost *c,
                                struct lw_error *err)
{
    char path[] = "/tmp/lw-cost-XXXXXX";
    int fd = mkstemp(path);
    enum lw_status st;

    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    (void)close(fd);
    st = lw_cost_read(c, path, err);
    (void)unlink(path);
    return st;
}

static void cost_files_are_read(void **state)
{
    /* The Cup's matrix in the Cup's own order of classes. */
    static const char text[] = "true,Normal,Probe,DoS,U2R,R2L\n"
                               "Normal,0,1,2,2,2\n"
                               "Probe,1,0,2,2,2\n"
                               "DoS,2,1,0,2,2\n"
                               "U2R,3,2,2,0,2\n"
                               "R2L,4,2,2,2,0\n";
    static const struct {
        const char *text;
        const char *why;
    } bad[] = {
        {"true,Normal\nNormal,0\n", "five classes"},
        {"t,Normal,Probe,DoS,U2R,Worse\nNormal,0,1,1,1,1\nProbe,1,0,1,1,1\n"
         "DoS,1,1,0,1,1\nU2R,1,1,1,0,1\nR2L,1,1,1,1,0\n",
         "'Worse' is no class"},
        {"t,Normal,Probe,DoS,U2R,R2L\nNormal,0,1,1,1,1\nProbe,1,0,1,1,1\n"
         "DoS,1,1,0,-1,1\nU2R,1,1,1,0,1\nR2L,1,1,1,1,0\n",
         "no number from 0 on"},
        {"t,Normal,Probe,DoS,U2R,R2L\nNormal,0,1,1,1,1\nProbe,1,0,1,1,1\n"
         "DoS,1,1,3,1,1\nU2R,1,1,1,0,1\nR2L,1,1,1,1,0\n",
         "must cost 0"},
        {"t,Normal,Probe,DoS,U2R,R2L\nNormal,0,1,1,1,1\nProbe,1,0,1,1,1\n"
         "Probe,1,0,1,1,1\nU2R,1,1,1,0,1\nR2L,1,1,1,1,0\n",
         "twice"},
    };
    struct lw_cost c;
    struct lw_cost cup;
    struct lw_error err = {LW_OK, ""};

    (void)state;
    lw_cost_kddcup99(&cup);
    if (read_cost(text, &c, &err) != LW_OK)
        fail_msg("%s", err.msg);
    assert_memory_equal(&c, &cup, sizeof c);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(read_cost(bad[i].text, &c, &err), LW_EFORMAT);
        if (strstr(err.msg, bad[i].why) == NULL)
            fail_msg("\"%s\" does not say \"%s\"", err.msg, bad[i].why);
    }
}

static void costs_are_averaged(void **state)
{
    const uint32_t truth[] = {0, 0, 3, 4, 3};
    const uint32_t said[] = {0, 2, 0, 4, 5}; /* the last names no class */
    struct lw_cost c;
    struct lw_eval e;

    (void)state;
    lw_cost_kddcup99(&c);
    assert_int_equal(lw_eval_compute(&e, truth, said, 5, 5, NULL, NULL), LW_OK);
    assert_near(lw_cost_average(&c, &e), (0 + 1 + 4 + 0 + 4) / 5.0, 1e-12);
}

/* Normal rows of score +1, known attacks of -2, attacks left out of +0.5: only with a
 * factor of 2 or more are the last found, and that alarms a twentieth of the normal
 * rows, whose score is 0.25. */
static void fill_trials(struct tune_trial *t, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        size_t kind = i % 4; /* two normal, one known, one left out */
        float score = kind < 2 ? 1.0f : kind == 2 ? -2.0f : 0.5f;

        if (kind == 0 && i % 40 == 0)
            score = 0.25f;
        t[i] = (struct tune_trial){.margins = {score, 0},
                                   .truth = kind < 2 ? 0 : 1,
                                   .fold = (uint16_t)(i / 4 % 2),
                                   .weight = 1 / (float)n};
    }
}

static void rules_are_chosen_under_a_budget(void **state)
{
    enum { N = 400 };
    struct tune_trial trials[N];
    const struct tune_folds both = {0, 2, 2};
    struct tune_folds one = both;
    struct tune *t = NULL;
    struct tune *known = NULL;
    struct rule r;
    float p[2];

    (void)state;
    fill_trials(trials, N);
    rule_init(&r, 2);
    assert_int_equal(tune_new(&t, &r, &r.cost, trials, N, 2, NULL), LW_OK);
    tune_choose(t, &both, NULL, 0.2, &r);
    rule_posterior(&r, trials[3].margins, 0, p);
    assert_int_equal(rule_decide(&r, p), 1); /* left out, found */
    rule_posterior(&r, trials[1].margins, 0, p);
    assert_int_equal(rule_decide(&r, p), 0);
    tune_choose(t, &both, NULL, 0.04, &r);
    rule_posterior(&r, trials[0].margins, 0, p);
    assert_int_equal(rule_decide(&r, p), 0); /* within the budget */
    rule_posterior(&r, trials[3].margins, 0, p);
    assert_int_equal(rule_decide(&r, p), 0);
    /* The rows of score 0.25 are all in one fold: without it they cost nothing. */
    one.leave = trials[0].fold;
    tune_choose(t, &one, NULL, 0.04, &r);
    rule_posterior(&r, trials[3].margins, 0, p);
    assert_int_equal(rule_decide(&r, p), 1);
    /* Nor may other trials be alarmed more often, whatever theirs cost. */
    assert_int_equal(tune_new(&known, &r, &r.cost, trials, N, 2, NULL), LW_OK);
    tune_choose(t, &one, known, 0.04, &r);
    rule_posterior(&r, trials[3].margins, 0, p);
    assert_int_equal(rule_decide(&r, p), 0);
    tune_free(known);
    tune_free(t);
    tune_free(NULL);
}

/* In one of three folds every normal row looks like the attacks left out. */
static void what_is_new_in_one_fold_spends_no_budget(void **state)
{
    enum { N = 1200 };
    struct tune_trial trials[N];
    const struct tune_folds all = {0, 3, 3};
    const struct tune_folds two = {0, 3, 2};
    struct tune *t = NULL;
    struct rule r;
    float p[2];

    (void)state;
    fill_trials(trials, N);
    for (size_t i = 0; i < N; i++) {
        trials[i].fold = (uint16_t)(i / 4 % 3);
        if (trials[i].truth == 0)
            trials[i].margins[0] = trials[i].fold == 0 ? 0.5f : 1.0f;
    }
    rule_init(&r, 2);
    assert_int_equal(tune_new(&t, &r, &r.cost, trials, N, 3, NULL), LW_OK);
    tune_choose(t, &all, NULL, 0.01, &r);
    rule_posterior(&r, trials[3].margins, 0, p);
    assert_int_equal(rule_decide(&r, p), 1);
    /* Of two folds it is the mean. */
    tune_choose(t, &two, NULL, 0.01, &r);
    rule_posterior(&r, trials[3].margins, 0, p);
    assert_int_equal(rule_decide(&r, p), 0);
    tune_free(t);
}

static void normality_is_a_p_value(void **state)
{
    enum { N = 3000, COLS = 3 };
    struct normality n = {0};
    struct normality back = {0};
    struct lw_matrix x;
    uint32_t label[N];
    const float middle[] = {0, 0, 0};
    const float near[] = {0.4f, -0.4f, 0.3f};
    const float far[] = {1e6f, -1e6f, 3};
    const float missing[] = {NAN, NAN, NAN};
    struct lw_error err;
    struct buf b;
    struct rng r;

    (void)state;
    rng_init(&r, 1);
    assert_int_equal(lw_matrix_init(&x, N, COLS, &err), LW_OK);
    for (size_t i = 0; i < N; i++) {
        label[i] = i % 3 == 0 ? 2 : 0; /* attacks lie elsewhere and do not count */
        for (size_t c = 0; c < COLS; c++)
            x.x[i * COLS + c] =
                (float)(rng_unit(&r) - 0.5) + (label[i] != 0 ? 1e4f : 0.0f);
    }
    assert_int_equal(normality_fit(&n, &x, label, &err), LW_OK);
    assert_true(normality_log_p(&n, middle) > -0.05f);
    assert_near(normality_log_p(&n, far), -log(1002), 1e-5);
    assert_near(normality_log_p(&n, missing), normality_log_p(&n, middle), 0.05);
    buf_init(&b);
    normality_save(&n, &b);
    assert_int_equal(normality_load(&back, span_of(b.data, b.len), &err), LW_OK);
    assert_true(normality_log_p(&back, near) == normality_log_p(&n, near));
    normality_release(&back);
    for (size_t cut = 0; cut < b.len; cut += 97) {
        assert_int_equal(normality_load(&back, span_of(b.data, cut), &err), LW_EFORMAT);
        normality_release(&back);
    }
    memset(b.data, 0x7f, 4); /* the least quantile becomes the largest */
    assert_int_equal(normality_load(&back, span_of(b.data, b.len), &err), LW_EFORMAT);
    for (size_t i = 0; i < N; i++)
        label[i] = 1;
    normality_release(&n);
    assert_int_equal(normality_fit(&n, &x, label, &err), LW_EINVAL);
    buf_release(&b);
    lw_matrix_release(&x);
}

static void services_of_a_kind_share_a_group(void **state)
{
    const struct lw_view *v = lw_view_get("kdd");
    const struct lw_feature *f = &v->features[lw_view_find(v, "service")];
    uint8_t group[256];
    size_t at[3];
    bool used[256] = {false};
    size_t n = 0;

    (void)state;
    assert_true(service_groups(f, group));
    at[0] = (size_t)lw_feature_category(f, "telnet");
    at[1] = (size_t)lw_feature_category(f, "login");
    at[2] = (size_t)lw_feature_category(f, "http");
    assert_int_equal(group[at[0]], group[at[1]]);
    assert_int_not_equal(group[at[0]], group[at[2]]);
    assert_int_not_equal(group[(size_t)lw_feature_category(f, "ftp")],
                         group[(size_t)lw_feature_category(f, "ftp_data")]);
    for (size_t i = 0; i < f->n_categories; i++)
        used[group[i]] = true;
    for (size_t i = 0; i < 256; i++)
        n += used[i];
    assert_in_range(n, 12, 16);
    assert_false(service_groups(&v->features[lw_view_find(v, "flag")], group));
    assert_false(service_groups(&v->features[lw_view_find(v, "count")], group));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_neutral_rule_trusts_the_model),
        cmocka_unit_test(each_number_does_its_part),
        cmocka_unit_test(near_types_draw_their_class),
        cmocka_unit_test(the_cheapest_class_is_said),
        cmocka_unit_test(stored_rules_come_back_or_are_refused),
        cmocka_unit_test(cost_files_are_read),
        cmocka_unit_test(costs_are_averaged),
        cmocka_unit_test(rules_are_chosen_under_a_budget),
        cmocka_unit_test(what_is_new_in_one_fold_spends_no_budget),
        cmocka_unit_test(normality_is_a_p_value),
        cmocka_unit_test(services_of_a_kind_share_a_group),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

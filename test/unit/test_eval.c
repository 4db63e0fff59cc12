/* SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"
#include "base/rng.h"
#include "test.h"

#include <lapwing/eval.h>

#include <cmocka.h>

#include <math.h>
#include <string.h>

enum { NONE = 3 };

/* Ten rows of three classes; one answer names none of them. */
static const uint32_t truth[] = {0, 0, 0, 0, 1, 1, 1, 2, 2, 2};
static const uint32_t said[] = {0, 0, 0, 1, 1, 1, 0, 2, NONE, 1};
static const float score[] = {.1f, .4f, .4f, .8f, .9f, .8f, .2f, .8f, .6f, .4f};

static struct lw_eval judged(void)
{
    struct lw_eval e;
    struct lw_error err;

    assert_int_equal(lw_eval_compute(&e, truth, said, 10, 3, score, &err), LW_OK);
    return e;
}

static void answers_are_judged_as_by_hand(void **state)
{
    static const uint64_t confusion[3][4] = {{3, 1, 0, 0}, {1, 2, 0, 0}, {0, 1, 1, 1}};
    struct lw_eval e = judged();

    (void)state;
    assert_int_equal(e.n_rows, 10);
    for (size_t i = 0; i < 3; i++)
        for (size_t k = 0; k < 4; k++)
            assert_int_equal(e.confusion[i][k], confusion[i][k]);
    assert_near(e.precision[0], 3.0 / 4, 1e-12);
    assert_near(e.precision[1], 2.0 / 4, 1e-12);
    assert_near(e.precision[2], 1, 1e-12);
    assert_near(e.recall[0], 3.0 / 4, 1e-12);
    assert_near(e.recall[1], 2.0 / 3, 1e-12);
    assert_near(e.recall[2], 1.0 / 3, 1e-12);
    assert_near(e.f1[0], 6.0 / 8, 1e-12);
    assert_near(e.f1[1], 4.0 / 7, 1e-12);
    assert_near(e.f1[2], 2.0 / 4, 1e-12);
    assert_int_equal(e.support[0], 4);
    assert_int_equal(e.support[2], 3);
    assert_near(e.accuracy, .6, 1e-12);
    assert_near(e.macro_f1, (6.0 / 8 + 4.0 / 7 + 2.0 / 4) / 3, 1e-12);
    assert_near(e.weighted_f1, (4 * 6.0 / 8 + 3 * 4.0 / 7 + 3 * 2.0 / 4) / 10, 1e-12);
    /* 6 right of 10; said 4, 4, 1, 1 and true 4, 3, 3, 0: (60 - 31) / (100 - 34). */
    assert_near(e.mcc, 29.0 / 66, 1e-12);
    assert_near(e.false_alarm, 1.0 / 4, 1e-12);
    assert_near(e.detection, 5.0 / 6, 1e-12);
}

static void scores_are_judged_as_by_hand(void **state)
{
    struct lw_eval e = judged();

    (void)state;
    /* Of 4 * 6 pairs the attack wins 4 + 2 * 3.5 + 3 + 2 + 1, ties being half. */
    assert_near(e.roc_auc, 17.0 / 24, 1e-12);
    /* Down the scores: precision 1, 3/4 (twice the recall), 4/5, 5/8, 6/9. */
    assert_near(e.pr_auc, (1 + 2 * 3.0 / 4 + 4.0 / 5 + 5.0 / 8 + 6.0 / 9) / 6, 1e-12);
    assert_near(e.tpr_at_fpr_1e2, 1.0 / 6, 1e-12);
    assert_near(e.tpr_at_fpr_1e3, 1.0 / 6, 1e-12);
}

/* 3,000 normal rows with scores 0 .. 2999, and attacks at chosen places among them. */
static void rates_are_met_exactly(void **state)
{
    enum { N = 3000, ATTACKS = 4 };
    static const float attack[ATTACKS] = {5000, 2996.5f, 2995.5f, 2969.5f};
    static uint32_t is[N + ATTACKS];
    static float at[N + ATTACKS];
    struct lw_eval e;
    struct lw_error err;

    (void)state;
    for (size_t i = 0; i < N + ATTACKS; i++) {
        is[i] = i >= N;
        at[i] = i >= N ? attack[i - N] : (float)i;
    }
    assert_int_equal(lw_eval_compute(&e, is, is, N + ATTACKS, 2, at, &err), LW_OK);
    /* 0, 3, 4 and 30 normal rows lie above: 3 is exactly 1e-3, 30 exactly 1e-2. */
    assert_near(e.tpr_at_fpr_1e3, 2.0 / 4, 1e-12);
    assert_near(e.tpr_at_fpr_1e2, 4.0 / 4, 1e-12);
}

static void edges_have_their_values(void **state)
{
    static const uint32_t only[] = {1, 1, 1};
    static const uint32_t zero[] = {0, 0, 0};
    static const float flat[] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
    struct lw_eval e;
    struct lw_error err;

    (void)state;
    /* One class only: nothing to rank, no normal row to alarm on. */
    assert_int_equal(lw_eval_compute(&e, only, zero, 3, 2, flat, &err), LW_OK);
    assert_true(isnan(e.roc_auc) && isnan(e.pr_auc) && isnan(e.tpr_at_fpr_1e2));
    assert_true(isnan(e.false_alarm) && isnan(e.recall[0]) && isnan(e.precision[1]));
    assert_near(e.detection, 0, 0);
    assert_near(e.mcc, 0, 0);
    assert_near(e.macro_f1, 0, 0);
    assert_int_equal(lw_eval_compute(&e, zero, zero, 3, 2, NULL, &err), LW_OK);
    assert_true(isnan(e.roc_auc) && isnan(e.detection));
    assert_near(e.macro_f1, 1, 0); /* over the classes that have rows */
    /* Scores that say nothing. */
    assert_int_equal(lw_eval_compute(&e, truth, said, 10, 3, flat, &err), LW_OK);
    assert_near(e.roc_auc, .5, 1e-12);
    assert_near(e.pr_auc, .6, 1e-12);
    assert_near(e.tpr_at_fpr_1e3, 0, 0);
    /* All right. */
    assert_int_equal(lw_eval_compute(&e, truth, truth, 10, 3, NULL, &err), LW_OK);
    assert_near(e.mcc, 1, 1e-12);
    assert_near(e.macro_f1, 1, 1e-12);
}

static void nonsense_is_refused(void **state)
{
    static const uint32_t high[] = {0, 3};
    static const uint32_t higher[] = {0, 4};
    static const float odd[] = {0, NAN, 0, 0, 0, 0, 0, 0, 0, 0};
    struct lw_eval e;
    struct lw_error err;

    (void)state;
    assert_int_equal(lw_eval_compute(&e, truth, said, 0, 3, NULL, &err), LW_EINVAL);
    assert_int_equal(lw_eval_compute(&e, truth, said, 10, 1, NULL, &err), LW_EINVAL);
    assert_int_equal(lw_eval_compute(&e, truth, said, 10, 33, NULL, &err), LW_EINVAL);
    assert_int_equal(lw_eval_compute(&e, high, high, 2, 3, NULL, &err), LW_EINVAL);
    assert_int_equal(lw_eval_compute(&e, truth, higher, 2, 3, NULL, &err), LW_EINVAL);
    assert_int_equal(lw_eval_compute(&e, truth, said, 10, 3, odd, &err), LW_EINVAL);
    assert_non_null(strstr(err.msg, "row 1"));
    mem_fail_at(1, 0);
    assert_int_equal(lw_eval_compute(&e, truth, said, 10, 3, score, &err), LW_ENOMEM);
    mem_fail_at(0, 0);
}

/* The area is the share of pairs that are in order, whatever the scores. */
static void area_equals_counting_pairs(void **state)
{
    enum { N = 80 };
    struct rng rng;

    (void)state;
    rng_init(&rng, 5);
    for (int round = 0; round < 100; round++) {
        uint32_t is[N];
        float at[N];
        double pairs = 0;
        double won = 0;
        struct lw_eval e;
        struct lw_error err;

        for (size_t i = 0; i < N; i++) {
            is[i] = i < 2 ? (uint32_t)i : (uint32_t)rng_below(&rng, 2);
            at[i] = (float)rng_below(&rng, 10);
        }
        for (size_t i = 0; i < N; i++)
            for (size_t k = 0; k < N; k++)
                if (is[i] == 1 && is[k] == 0) {
                    pairs++;
                    won += at[i] > at[k] ? 1 : at[i] < at[k] ? 0 : .5;
                }
        assert_int_equal(lw_eval_compute(&e, is, is, N, 2, at, &err), LW_OK);
        assert_near(e.roc_auc, won / pairs, 1e-12);
    }
}

static void classes_can_be_taken_together(void **state)
{
    const uint32_t is[] = {0, 0, 0, 1, 1, 2, 2, 2};
    const uint32_t given[] = {0, 1, 0, 2, 1, 2, 3, 0};
    const uint32_t group[] = {0, 1, 1};
    const uint32_t wrong[] = {0, 0, 1};
    struct lw_eval in;
    struct lw_eval e;
    struct lw_error err;

    (void)state;
    assert_int_equal(lw_eval_compute(&in, is, given, 8, 3, NULL, &err), LW_OK);
    assert_int_equal(lw_eval_merge(&e, &in, group, 2, &err), LW_OK);
    assert_int_equal(e.n_classes, 2);
    assert_int_equal(e.confusion[0][0], 2);
    assert_int_equal(e.confusion[0][1], 1);
    assert_int_equal(e.confusion[1][0], 1);
    assert_int_equal(e.confusion[1][1], 3);
    assert_int_equal(e.confusion[1][2], 1);
    assert_near(e.accuracy, 5.0 / 8, 1e-12);
    assert_near(e.detection, in.detection, 0);
    assert_near(e.false_alarm, in.false_alarm, 0);
    assert_int_equal(lw_eval_merge(&e, &in, wrong, 2, &err), LW_EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(classes_can_be_taken_together),
        cmocka_unit_test(answers_are_judged_as_by_hand),
        cmocka_unit_test(scores_are_judged_as_by_hand),
        cmocka_unit_test(rates_are_met_exactly),
        cmocka_unit_test(edges_have_their_values),
        cmocka_unit_test(nonsense_is_refused),
        cmocka_unit_test(area_equals_counting_pairs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

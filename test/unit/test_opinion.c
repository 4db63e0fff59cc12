/* SPDX-License-Identifier: Apache-2.0 */
/* What is kept of a detector's verdicts on a capture, and of how many flows the
 * reasons. */
#include "record.h"
#include "serve/models.h"
#include "serve/opinion.h"
#include "test.h"

#include <lapwing/detect.h>
#include <lapwing/view.h>

#include <string.h>

enum { FLOWS = 400, FEATURES_MAX = 512 };

static const struct lw_sign signs[] = {
    {"syn-flood", LW_VERDICT_DOS, "protocol", "so many"},
    {"port-scan", LW_VERDICT_PROBE, "protocol", "so many"},
};

static uint64_t number;

/* A flow by a sign; its record stays with the caller. */
static void add(struct opinions *o, const struct lw_sign *sign, struct lw_record *rec)
{
    static float values[FEATURES_MAX];
    struct lw_finding f = {.rec = rec,
                           .view = lw_view_get("flow"),
                           .values = values,
                           .sign = sign,
                           .n_reasons = 1};
    struct lw_reason why = {.feature_idx = 0, .words = "so many"};
    struct lw_error err;

    f.verdict.verdict = f.verdict.decision = sign->verdict;
    f.verdict.confidence = 1;
    f.reasons[0] = why;
    rec->flow_id = ++number;
    assert_int_equal(opinions_add(o, &f, &err), LW_OK);
}

static bool says_why(const struct opinions *o, const struct lw_record *rec)
{
    const struct opinion *p = opinions_get(o, rec);

    assert_non_null(p);
    assert_true(p->alert);
    return p->detail != NULL && strcmp(p->detail->words, "so many") == 0;
}

/* A flood of one host from many leaves reasons for the flood of another, and a scan of
 * many hosts by one for the scan by another. */
static void a_story_does_not_take_all_reasons(void **state)
{
    static struct lw_record flood[FLOWS];
    static struct lw_record scan[FLOWS];
    struct model model = {.role = MODEL_ROLE_TRAFFIC};
    struct lw_record other_flood = record_of(LW_FLOW_TCP, 1, 99, 80);
    struct lw_record other_scan = record_of(LW_FLOW_TCP, 98, 1, 22);
    struct opinions o;
    unsigned n[2] = {0, 0};

    (void)state;
    opinions_init(&o, &model, -1, OPINION_BY_NUMBER, 4 * FLOWS);
    for (unsigned i = 0; i < FLOWS; i++) {
        flood[i] = record_of(LW_FLOW_TCP, (uint8_t)i, 250, 80);
        add(&o, &signs[0], &flood[i]);
        scan[i] = record_of(LW_FLOW_TCP, 251, (uint8_t)i, (uint16_t)i);
        add(&o, &signs[1], &scan[i]);
    }
    add(&o, &signs[0], &other_flood);
    add(&o, &signs[1], &other_scan);
    for (unsigned i = 0; i < FLOWS; i++) {
        n[0] += says_why(&o, &flood[i]) ? 1 : 0;
        n[1] += says_why(&o, &scan[i]) ? 1 : 0;
    }
    assert_int_equal(n[0], OPINION_STORY_MAX);
    assert_int_equal(n[1], OPINION_STORY_MAX);
    assert_true(says_why(&o, &flood[0]));
    assert_true(says_why(&o, &other_flood));
    assert_true(says_why(&o, &other_scan));
    opinions_release(&o);
}

/* More than a block of them, and the table grown many times. */
static void many_flows_are_found_again(void **state)
{
    enum { MANY = OPINION_BLOCK + 10000 };
    struct model model = {.role = MODEL_ROLE_TRAFFIC};
    struct lw_record rec = record_of(LW_FLOW_TCP, 1, 2, 80);
    struct opinions o;

    (void)state;
    opinions_init(&o, &model, -1, OPINION_BY_NUMBER, MANY);
    number = 0;
    for (unsigned i = 0; i < MANY; i++)
        add(&o, &signs[i % 2], &rec);
    number = 0;
    add(&o, &signs[0], &rec); /* known already */
    assert_int_equal(o.n, MANY);
    for (unsigned i = 0; i < MANY; i++) {
        const struct opinion *p;

        rec.flow_id = i + 1;
        p = opinions_get(&o, &rec);
        assert_non_null(p);
        assert_int_equal(p->verdict, signs[i % 2].verdict);
    }
    rec.flow_id = MANY + 1;
    assert_null(opinions_get(&o, &rec));
    opinions_release(&o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_story_does_not_take_all_reasons),
        cmocka_unit_test(many_flows_are_found_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

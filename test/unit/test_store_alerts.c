/* SPDX-License-Identifier: Apache-2.0 */
/* Alerts: how flows become one, what people say of them, and how that is undone. */
#include "store/alert_group.h"
#include "temp_store.h"
#include "test.h"

#include <stdio.h>
#include <string.h>

#define OK(call)                                                                       \
    do {                                                                               \
        err.msg[0] = '\0';                                                             \
        if ((call) != LW_OK)                                                           \
            fail_msg("%s: %s", #call, err.msg);                                        \
    } while (0)

#define S INT64_C(1000000000)

static struct store_flow flow(enum lw_verdict_class verdict, uint8_t from, uint8_t to,
                              int64_t start_s)
{
    struct store_flow f = {
        .start_ns = start_s * S,
        .duration_ns = S,
        .proto = "tcp",
        .state = "S_",
        .addr = {{{4, 10, 0, 0, from}}, {{4, 10, 0, 1, to}}},
        .port = {1000, to},
        .packets = {1, 0},
        .bytes = {60, 0},
        .verdict = verdict,
        .score = 0.5F + (float)to / 1000,
        .severity = 2,
        .alerted = true,
        .words = "so many",
    };

    return f;
}

static int64_t load(struct temp_store *t, const struct store_flow *flows, size_t n,
                    int64_t capture)
{
    struct store_load *l = NULL;
    struct lw_error err;
    int64_t job = 0;

    if (capture == 0)
        capture = temp_store_capture(t, "a", "a", 1, &job);
    else
        OK(store_job_create(t->s, STORE_JOB_ANALYSE, capture, "", 0, &job, &err));
    assert_int_equal(temp_store_claim(t), job);
    OK(store_load_begin(&l, t->s, job, &err));
    for (size_t i = 0; i < n; i++)
        OK(store_load_add(l, &flows[i], false, &err));
    OK(store_load_finish(l, NULL, &err));
    return capture;
}

struct seen {
    struct store_alert a[16];
    char name[16][32];
    size_t n;
    int64_t flows[64];
    enum lw_verdict_class told[64];
    size_t n_flows;
};

static void note_alert(void *ctx, const struct store_alert *a)
{
    struct seen *s = ctx;

    s->a[s->n] = *a;
    (void)snprintf(s->name[s->n], sizeof s->name[0], "%s",
                   a->source_name == NULL ? "" : a->source_name);
    s->n++;
}

static void note_words(void *ctx, const struct store_alert *a)
{
    struct seen *s = ctx;

    (void)snprintf(s->name[s->n++], sizeof s->name[0], "%s", a->words);
}

static void note_flow(void *ctx, const struct store_flow *f)
{
    struct seen *s = ctx;

    s->told[s->n_flows] = f->told_verdict;
    s->flows[s->n_flows++] = f->id;
}

static void list(struct temp_store *t, struct seen *s)
{
    struct store_alert_filter f;
    struct store_page page = {.limit = 16};
    struct lw_error err;

    store_alert_filter_init(&f);
    f.sort = STORE_ALERT_TIME;
    f.ascending = true;
    memset(s, 0, sizeof *s);
    OK(store_alert_list(t->s, &f, &page, note_alert, s, &err));
}

static void a_scan_and_a_flood_are_one_alert_each(void **state)
{
    struct store_flow flows[40];
    struct store_page page = {.limit = 7};
    struct temp_store t;
    struct lw_error err;
    struct seen s;
    char cursor[STORE_CURSOR_MAX];

    (void)state;
    for (uint8_t i = 0; i < 20; i++) {
        flows[i] = flow(LW_VERDICT_PROBE, 1, i, 10 + i);     /* one scans 20 */
        flows[20 + i] = flow(LW_VERDICT_DOS, i, 5, 100 + i); /* 20 flood one */
    }
    flows[0].name[0] = "scanner.example";
    temp_store_init(&t);
    (void)load(&t, flows, 40, 0);
    list(&t, &s);
    assert_int_equal(s.n, 2);
    assert_int_equal(s.a[0].verdict, LW_VERDICT_PROBE);
    assert_int_equal(s.a[0].flows, 20);
    assert_int_equal(s.a[0].destinations, 20);
    assert_int_equal(s.a[0].sources, 1);
    assert_int_equal(s.a[0].ports, 20);
    assert_int_equal(s.a[0].source.bytes[0], 4);
    assert_int_equal(s.a[0].destination.bytes[0], 0);
    assert_string_equal(s.name[0], "scanner.example");
    assert_true(s.a[0].score > 0.518 && s.a[0].score < 0.52);
    assert_int_equal(s.a[0].first_ns, 10 * S);
    assert_int_equal(s.a[0].last_ns, 30 * S);
    assert_int_equal(s.a[1].verdict, LW_VERDICT_DOS);
    assert_int_equal(s.a[1].source.bytes[0], 0);
    assert_int_equal(s.a[1].destination.bytes[4], 5);
    do {
        OK(store_alert_flows(t.s, s.a[0].id, &page, note_flow, &s, &err));
        memcpy(cursor, page.next, sizeof cursor);
        page.cursor = cursor;
    } while (page.next[0] != '\0');
    assert_int_equal(s.n_flows, 20);
    temp_store_check(&t);
    temp_store_release(&t);
}

/* Reasons are kept of some flows only; an alert has those of one that has some. */
static void an_alert_says_why_if_any_flow_does(void **state)
{
    struct store_flow flows[3];
    struct temp_store t;
    struct store_alert_filter filter;
    struct store_page page = {.limit = 16};
    struct lw_error err;
    struct seen s = {.n = 0};

    (void)state;
    for (uint8_t i = 0; i < 3; i++) {
        flows[i] = flow(LW_VERDICT_DOS, i, 5, 100 + i);
        flows[i].words = i == 1 ? "for this" : "";
    }
    temp_store_init(&t);
    (void)load(&t, flows, 3, 0);
    store_alert_filter_init(&filter);
    OK(store_alert_list(t.s, &filter, &page, note_words, &s, &err));
    assert_int_equal(s.n, 1);
    assert_string_equal(s.name[0], "for this");
    temp_store_release(&t);
}

static void a_pause_makes_two(void **state)
{
    const struct store_flow flows[] = {
        flow(LW_VERDICT_PROBE, 1, 1, 5000), /* out of order, yet near the second */
        flow(LW_VERDICT_PROBE, 1, 2, 10), flow(LW_VERDICT_PROBE, 1, 3, 600),
        flow(LW_VERDICT_R2L, 1, 3, 601), /* of another class */
    };
    struct temp_store t;
    struct seen s;

    (void)state;
    temp_store_init(&t);
    (void)load(&t, flows, 4, 0);
    list(&t, &s);
    assert_int_equal(s.n, 3);
    assert_int_equal(s.a[0].flows, 2);
    temp_store_release(&t);
}

static void too_many_groups_share_one(void **state)
{
    struct alert_groups g;
    struct store_flow f = flow(LW_VERDICT_PROBE, 1, 1, 5);
    uint32_t last = 0;

    (void)state;
    alert_groups_init(&g, S);
    for (uint32_t i = 0; i < ALERT_GROUPS_MAX + 1000; i++) {
        memcpy(f.addr[0].bytes + 1, &i, sizeof i);
        last = alert_groups_add(&g, &f);
        assert_true(last > 0);
    }
    assert_int_equal(g.n, ALERT_GROUPS_MAX + 1);
    assert_int_equal(g.groups[last - 1].flows, 1000);
    assert_false(g.groups[last - 1].one_source);
    alert_groups_release(&g);
}

static void what_people_do_can_be_undone(void **state)
{
    const struct store_flow flows[] = {flow(LW_VERDICT_PROBE, 1, 1, 10),
                                       flow(LW_VERDICT_PROBE, 2, 1, 20)};
    const struct store_alert_change resolve = {.resolved = 1, .label = -1};
    const struct store_alert_change wrong = {
        .resolved = -1, .label = STORE_LABEL_WRONG, .comment = "ours"};
    struct temp_store t;
    struct lw_error err;
    struct seen s;
    uint64_t n = 0;
    int64_t step = 0;

    (void)state;
    temp_store_init(&t);
    (void)load(&t, flows, 2, 0);
    list(&t, &s);
    OK(store_alert_change(t.s, s.a[0].id, &resolve, NULL, &err));
    OK(store_alert_change(t.s, s.a[0].id, &wrong, &step, &err));
    temp_store_reopen(&t);
    list(&t, &s);
    assert_true(s.a[0].resolved && s.a[0].label == STORE_LABEL_WRONG);
    OK(store_alert_delete_resolved(t.s, 0, &n, NULL, &err));
    assert_int_equal(n, 1);
    list(&t, &s);
    assert_int_equal(s.n, 1);
    OK(store_undo(t.s, 0, &n, &err)); /* the deletion */
    assert_int_equal(n, 1);
    list(&t, &s);
    assert_true(s.n == 2 && s.a[0].label == STORE_LABEL_WRONG);
    OK(store_undo(t.s, step, &n, &err)); /* the label */
    list(&t, &s);
    assert_true(s.a[0].resolved && s.a[0].label == STORE_LABEL_NONE);
    assert_int_equal(store_undo(t.s, step, &n, &err), LW_ENOTFOUND);
    OK(store_undo(t.s, 0, &n, &err)); /* the resolution */
    list(&t, &s);
    assert_false(s.a[0].resolved);
    OK(store_alert_delete(t.s, s.a[1].id, NULL, &err));
    assert_int_equal(store_alert_get(t.s, s.a[1].id, note_alert, &s, &err),
                     LW_ENOTFOUND);
    assert_int_equal(store_alert_change(t.s, s.a[1].id, &wrong, NULL, &err),
                     LW_ENOTFOUND);
    temp_store_release(&t);
}

static void another_analysis_keeps_what_was_said(void **state)
{
    const struct store_flow flows[] = {flow(LW_VERDICT_PROBE, 1, 1, 10),
                                       flow(LW_VERDICT_PROBE, 2, 1, 20)};
    const struct store_alert_change wrong = {
        .resolved = 1, .label = STORE_LABEL_WRONG, .comment = "ours"};
    struct temp_store t;
    struct lw_error err;
    struct seen s;
    int64_t capture;
    int64_t old;

    (void)state;
    temp_store_init(&t);
    capture = load(&t, flows, 2, 0);
    list(&t, &s);
    old = s.a[0].id;
    OK(store_alert_change(t.s, old, &wrong, NULL, &err));
    (void)load(&t, flows, 2, capture);
    list(&t, &s);
    assert_int_equal(s.n, 2);
    assert_int_not_equal(s.a[0].id, old);
    assert_true(s.a[0].resolved && s.a[0].label == STORE_LABEL_WRONG);
    assert_int_equal(s.a[1].label, STORE_LABEL_NONE);
    temp_store_check(&t);
    temp_store_release(&t);
}

/* Many that scan one target, one that floods many; two of a kind stay two. */
static void many_of_a_kind_are_one_alert(void **state)
{
    struct store_flow flows[60];
    struct store_page page = {.limit = 50};
    struct temp_store t;
    struct lw_error err;
    struct seen s;
    size_t n = 0;

    (void)state;
    for (uint8_t i = 0; i < 20; i++) {
        flows[n++] = flow(LW_VERDICT_PROBE, (uint8_t)(10 + i), 5, 10 + i);
        flows[n++] = flow(LW_VERDICT_DOS, 7, (uint8_t)(30 + i), 40 + i);
    }
    flows[8].score = 0.9F;
    flows[8].words = "the worst";
    flows[n++] = flow(LW_VERDICT_R2L, 1, 9, 50);
    flows[n++] = flow(LW_VERDICT_R2L, 2, 9, 60);
    flows[n++] = flow(LW_VERDICT_PROBE, 90, 5, 100000); /* another day */
    temp_store_init(&t);
    (void)load(&t, flows, n, 0);
    list(&t, &s);
    assert_int_equal(s.n, 5);
    assert_int_equal(s.a[0].verdict, LW_VERDICT_PROBE);
    assert_int_equal(s.a[0].flows, 20);
    assert_int_equal(s.a[0].sources, 20);
    assert_int_equal(s.a[0].source.bytes[0], 0);
    assert_int_equal(s.a[0].destination.bytes[4], 5);
    assert_true(s.a[0].score > 0.8);
    OK(store_alert_flows(t.s, s.a[0].id, &page, note_flow, &s, &err));
    assert_int_equal(s.n_flows, 20);
    assert_int_equal(s.flows[4], s.a[0].flow);
    assert_int_equal(s.a[1].verdict, LW_VERDICT_DOS);
    assert_int_equal(s.a[1].destinations, 20);
    assert_int_equal(s.a[1].source.bytes[4], 7);
    assert_int_equal(s.a[2].verdict, LW_VERDICT_R2L);
    assert_int_equal(s.a[2].flows, 1);
    assert_int_equal(s.a[3].flows, 1);
    assert_int_equal(s.a[4].flows, 1);
    temp_store_check(&t);
    temp_store_release(&t);
}

/* The alerts of a host, or of a network with as many bits. */
static void list_of(struct temp_store *t, struct store_addr addr, uint8_t bits,
                    struct store_page *page, struct seen *s)
{
    struct store_alert_filter f;
    struct lw_error err;

    store_alert_filter_init(&f);
    f.sort = STORE_ALERT_TIME;
    f.ascending = true;
    f.host = (struct store_net){addr, bits};
    memset(s, 0, sizeof *s);
    OK(store_alert_list(t->s, &f, page, note_alert, s, &err));
}

/* A host is found in an alert that names it, and in one of many of which it is one. */
static void a_host_among_many_is_found(void **state)
{
    struct store_flow flows[60];
    struct store_page page = {.limit = 16};
    struct store_page first = {.limit = 1};
    struct temp_store t;
    struct seen s;
    size_t n = 0;

    (void)state;
    for (uint8_t i = 0; i < 20; i++) {
        flows[n++] = flow(LW_VERDICT_PROBE, (uint8_t)(10 + i), 5, 10 + i);
        flows[n++] = flow(LW_VERDICT_DOS, 7, (uint8_t)(30 + i), 40 + i);
    }
    flows[n] = flow(LW_VERDICT_R2L, 33, 9, 50);
    flows[n++].addr[0] = flows[7].addr[1];
    flows[n] = flow(LW_VERDICT_PROBE, 99, 5, 60);
    flows[n++].alerted = false;
    temp_store_init(&t);
    (void)load(&t, flows, n, 0);
    list_of(&t, flows[6].addr[0], 32, &page, &s); /* one that scans */
    assert_int_equal(s.n, 1);
    assert_int_equal(s.a[0].verdict, LW_VERDICT_PROBE);
    assert_int_equal(s.a[0].source.bytes[0], 0);
    list_of(&t, flows[0].addr[1], 32, &page, &s); /* what is scanned */
    assert_int_equal(s.n, 1);
    list_of(&t, flows[7].addr[1], 32, &page, &s); /* flooded, and guesses passwords */
    assert_int_equal(s.n, 2);
    assert_int_equal(s.a[0].verdict, LW_VERDICT_DOS);
    assert_int_equal(s.a[1].verdict, LW_VERDICT_R2L);
    list_of(&t, flows[n - 1].addr[0], 32, &page, &s); /* its flow is in no alert */
    assert_int_equal(s.n, 0);
    list_of(&t, (struct store_addr){{4, 10, 0, 0, 0}}, 24, &page, &s);
    assert_int_equal(s.n, 2);
    /* Page by page. */
    list_of(&t, flows[7].addr[1], 32, &first, &s);
    assert_int_equal(s.n, 1);
    assert_true(first.next[0] != '\0');
    page.cursor = first.next;
    list_of(&t, flows[7].addr[1], 32, &page, &s);
    assert_int_equal(s.n, 1);
    assert_int_equal(s.a[0].verdict, LW_VERDICT_R2L);
    assert_true(page.next[0] == '\0');
    temp_store_release(&t);
}

static struct store_flow told(struct store_flow f, enum lw_verdict_class verdict)
{
    f.told = true;
    f.told_verdict = verdict;
    return f;
}

static void flow_by_flow(void **state)
{
    const struct store_flow flows[] = {
        told(flow(LW_VERDICT_PROBE, 1, 1, 10), LW_VERDICT_PROBE),
        told(flow(LW_VERDICT_PROBE, 1, 2, 20), LW_VERDICT_PROBE),
        told(flow(LW_VERDICT_R2L, 3, 1, 20), LW_VERDICT_R2L)};
    struct store_page page = {.limit = 2};
    struct temp_store t;
    struct lw_error err;
    struct seen s;
    char cursor[STORE_CURSOR_MAX];

    (void)state;
    temp_store_init(&t);
    (void)load(&t, flows, 3, 0);
    memset(&s, 0, sizeof s);
    do {
        OK(store_flow_alert_list(t.s, &page, note_flow, &s, &err));
        memcpy(cursor, page.next, sizeof cursor);
        page.cursor = cursor;
    } while (page.next[0] != '\0');
    assert_int_equal(s.n_flows, 3);
    OK(store_flow_alert_resolve(t.s, s.flows[0], &err));
    OK(store_flow_alert_resolve(t.s, s.flows[0], &err));
    list(&t, &s);
    assert_false(s.a[0].resolved);
    page = (struct store_page){.limit = 100000};
    OK(store_flow_alert_list(t.s, &page, note_flow, &s, &err));
    assert_int_equal(s.n_flows, 2);
    OK(store_flow_alert_resolve(t.s, s.flows[0], &err)); /* the other one of the scan */
    list(&t, &s);
    assert_true(s.a[0].resolved);
    OK(store_flow_alert_list(t.s, &page, note_flow, &s, &err));
    assert_int_equal(s.n_flows, 1);
    assert_int_equal(store_flow_alert_resolve(t.s, 12345, &err), LW_ENOTFOUND);
    temp_store_release(&t);
}

/* What is told flow by flow need not be what makes alerts. */
static void told_without_an_alert(void **state)
{
    struct store_flow flows[] = {
        flow(LW_VERDICT_PROBE, 1, 1, 10),
        told(flow(LW_VERDICT_NORMAL, 2, 1, 20), LW_VERDICT_U2R),
        told(flow(LW_VERDICT_DOS, 3, 1, 30), LW_VERDICT_BOTNET)};
    struct store_page page = {.limit = 100000};
    struct temp_store t;
    struct lw_error err;
    struct seen s;
    int64_t first;
    int64_t capture;

    (void)state;
    flows[1].alerted = false;
    temp_store_init(&t);
    capture = load(&t, flows, 3, 0);
    memset(&s, 0, sizeof s);
    OK(store_flow_alert_list(t.s, &page, note_flow, &s, &err));
    assert_int_equal(s.n_flows, 2);
    assert_int_equal(s.told[0], LW_VERDICT_U2R);
    assert_int_equal(s.told[1], LW_VERDICT_BOTNET);
    first = s.flows[0];
    OK(store_flow_alert_resolve(t.s, first, &err));
    assert_int_equal(store_flow_alert_resolve(t.s, first - 1, &err), LW_ENOTFOUND);
    list(&t, &s);
    assert_int_equal(s.n, 2); /* a scan that is not told, a flood that is */
    OK(store_alert_change(t.s, s.a[1].id,
                          &(struct store_alert_change){.resolved = 1, .label = -1},
                          NULL, &err));
    OK(store_flow_alert_list(t.s, &page, note_flow, &s, &err));
    assert_int_equal(s.n_flows, 0);
    temp_store_check(&t);
    OK(store_capture_delete(t.s, capture, &err));
    temp_store_check(&t);
    temp_store_release(&t);
}

static void lists_filter_and_page(void **state)
{
    struct store_flow flows[12];
    struct temp_store t;
    struct lw_error err;

    (void)state;
    for (uint8_t i = 0; i < 12; i++) {
        flows[i] = flow(LW_VERDICT_PROBE, (uint8_t)(1 + i), (uint8_t)(i % 5), 10 * i);
        flows[i].severity = (uint8_t)(1 + i % 4);
        flows[i].addr[1].bytes[2] = i; /* none of them is like another */
    }
    temp_store_init(&t);
    (void)load(&t, flows, 12, 0);
    for (int sort = STORE_ALERT_TIME; sort <= STORE_ALERT_FLOWS; sort++) {
        for (int up = 0; up < 2; up++) {
            struct store_alert_filter f;
            struct store_page page = {.limit = 5};
            char cursor[STORE_CURSOR_MAX];
            struct seen s;

            store_alert_filter_init(&f);
            f.sort = (enum store_alert_sort)sort;
            f.ascending = up;
            memset(&s, 0, sizeof s);
            do {
                OK(store_alert_list(t.s, &f, &page, note_alert, &s, &err));
                memcpy(cursor, page.next, sizeof cursor);
                page.cursor = cursor;
            } while (page.next[0] != '\0');
            assert_int_equal(s.n, 12);
            for (size_t i = 1; sort == STORE_ALERT_SCORE && i < s.n; i++)
                assert_true(up ? s.a[i - 1].score <= s.a[i].score
                               : s.a[i - 1].score >= s.a[i].score);
        }
    }
    {
        struct store_alert_filter f;
        struct store_page page = {.limit = 16};
        struct seen s = {.n = 0};

        store_alert_filter_init(&f);
        f.severity = 3;
        assert_true(store_net_parse(span_of("10.0.0.0/29", 11), &f.host));
        OK(store_alert_list(t.s, &f, &page, note_alert, &s, &err));
        assert_int_equal(s.n, 3); /* sources 3, 4 and 7 */
    }
    temp_store_release(&t);
}

static void note_suppression(void *ctx, const struct store_suppression *p)
{
    struct store_suppression *out = ctx;

    *out = *p;
}

static void suppressions_expire(void **state)
{
    struct store_suppression p = {
        .port = -1, .verdict = LW_VERDICT_PROBE, .reason = "ours", .expires_ns = 100};
    struct store_suppression got = {.id = 0};
    struct store_flow f = flow(LW_VERDICT_PROBE, 9, 1, 1);
    struct temp_store t;
    struct lw_error err;
    int64_t id;

    (void)state;
    temp_store_init(&t);
    assert_true(store_net_parse(span_of("10.0.0.8/29", 11), &p.source));
    OK(store_suppression_add(t.s, &p, &id, &err));
    OK(store_suppression_list(t.s, 99, note_suppression, &got, &err));
    assert_int_equal(got.id, id);
    assert_true(store_suppression_covers(&got, &f));
    f.verdict = LW_VERDICT_DOS;
    assert_false(store_suppression_covers(&got, &f));
    got.id = 0;
    OK(store_suppression_list(t.s, 100, note_suppression, &got, &err));
    assert_int_equal(got.id, 0);
    OK(store_suppression_list(t.s, 0, note_suppression, &got, &err));
    assert_int_equal(got.id, id);
    OK(store_suppression_delete(t.s, id, &err));
    assert_int_equal(store_suppression_delete(t.s, id, &err), LW_ENOTFOUND);
    temp_store_release(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_scan_and_a_flood_are_one_alert_each),
        cmocka_unit_test(an_alert_says_why_if_any_flow_does),
        cmocka_unit_test(a_pause_makes_two),
        cmocka_unit_test(too_many_groups_share_one),
        cmocka_unit_test(what_people_do_can_be_undone),
        cmocka_unit_test(another_analysis_keeps_what_was_said),
        cmocka_unit_test(many_of_a_kind_are_one_alert),
        cmocka_unit_test(a_host_among_many_is_found),
        cmocka_unit_test(flow_by_flow),
        cmocka_unit_test(told_without_an_alert),
        cmocka_unit_test(lists_filter_and_page),
        cmocka_unit_test(suppressions_expire),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

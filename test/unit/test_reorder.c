/* SPDX-License-Identifier: Apache-2.0 */
/* Records come out by (end, start, flow id), equals as they came: compared with a list
 * that is looked through from one end to the other. */
#include "base/mem.h"
#include "base/rng.h"
#include "feature/reorder.h"
#include "test.h"

#include <lapwing/record.h>

#include <string.h>

enum { LIST_MAX = 4096 };

struct entry {
    int64_t end_ns;
    int64_t start_ns;
    uint64_t flow_id;
    uint32_t tag; /* the number of the record, in the order of coming */
};

struct pair {
    struct reorder queue;
    struct entry list[LIST_MAX];
    size_t n;
    uint32_t n_pushed;
};

static void push(struct pair *p, int64_t end_ns, int64_t start_ns, uint64_t flow_id)
{
    const struct lw_record rec = {
        .end_ns = end_ns, .start_ns = start_ns, .flow_id = flow_id, .tag = p->n_pushed};
    float *own;

    assert_true(p->n < LIST_MAX);
    p->list[p->n++] = (struct entry){end_ns, start_ns, flow_id, p->n_pushed++};
    assert_true(reorder_push(&p->queue, &rec, &own));
    own[0] = (float)rec.tag;
    own[1] = -1;
}

static bool is_before(const struct entry *a, const struct entry *b)
{
    if (a->end_ns != b->end_ns)
        return a->end_ns < b->end_ns;
    if (a->start_ns != b->start_ns)
        return a->start_ns < b->start_ns;
    return a->flow_id != b->flow_id ? a->flow_id < b->flow_id : a->tag < b->tag;
}

static void pop(struct pair *p)
{
    size_t first = 0;
    const struct lw_record *coming;
    const struct lw_record *rec;
    const float *own;

    for (size_t i = 1; i < p->n; i++) {
        if (is_before(&p->list[i], &p->list[first]))
            first = i;
    }
    assert_int_equal(reorder_first_end_ns(&p->queue), p->list[first].end_ns);
    coming = reorder_coming(&p->queue);
    rec = reorder_pop(&p->queue, &own);
    assert_ptr_equal(rec, coming);
    assert_int_equal(rec->tag, p->list[first].tag);
    assert_int_equal(rec->end_ns, p->list[first].end_ns);
    assert_float_equal(own[0], (float)rec->tag, 0);
    p->list[first] = p->list[--p->n];
}

static struct pair *new_pair(void)
{
    struct pair *p = mem_zalloc(1, sizeof *p);

    assert_non_null(p);
    reorder_init(&p->queue, 2);
    return p;
}

static void end(struct pair *p)
{
    const float *own;

    while (p->n > 0)
        pop(p);
    assert_null(reorder_pop(&p->queue, &own));
    assert_null(reorder_coming(&p->queue));
    reorder_release(&p->queue);
    mem_free(p);
}

/* Times that are spread by so many bits around a present that moves on: some come late,
 * some equal others. */
static void any_order_comes_out_sorted(void **state)
{
    static const unsigned bits[] = {1, 8, 22, 24, 30, 38, 46, 60};

    (void)state;
    for (size_t k = 0; k < sizeof bits / sizeof bits[0]; k++) {
        struct pair *p = new_pair();
        struct rng rng;
        int64_t now_ns = 0;

        rng_init(&rng, k);
        for (unsigned i = 0; i < 20000; i++) {
            const uint64_t spread = rng_next(&rng) & ((UINT64_C(1) << bits[k]) - 1);
            const uint64_t id = rng_next(&rng) % 2;

            now_ns += (int64_t)(spread >> 8);
            if (now_ns > INT64_MAX / 4)
                now_ns = INT64_MIN / 4;
            if (p->n < 1000 && rng_next(&rng) % 5 < 3)
                push(p, now_ns + (int64_t)spread, (int64_t)(spread & 1), id);
            else if (p->n > 0)
                pop(p);
        }
        end(p);
    }
}

static void times_leap_from_end_to_end(void **state)
{
    static const int64_t times[] = {0, INT64_MAX,     INT64_MIN, -1,
                                    1, INT64_MAX - 1, -5,        INT64_MIN,
                                    7, INT64_MAX,     0,         INT64_C(1) << 40};
    struct pair *p = new_pair();

    (void)state;
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        push(p, times[i], 0, i);
        if (i % 3 == 2)
            pop(p);
    }
    end(p);
}

/* What a record does not know is not copied, but is not known either. */
static void borrowed_and_unknown_parts_are_gone(void **state)
{
    struct pair *p = new_pair();
    struct lw_record rec = {.tag = 1, .tapped = p, .app = LW_APP_HTTP};
    const struct lw_record *out;
    float *own;
    const float *same;

    (void)state;
    assert_true(reorder_push(&p->queue, &rec, &own));
    rec.tag = 2;
    rec.conn_log.known = true;
    memcpy(rec.conn_log.history, "ShADaf", 7);
    assert_true(reorder_push(&p->queue, &rec, &own));
    out = reorder_pop(&p->queue, &same);
    assert_int_equal(out->app, LW_APP_HTTP);
    assert_null(out->tapped);
    assert_false(out->argus.is_set);
    assert_false(out->conn_log.known);
    assert_string_equal(out->conn_log.history, "");
    out = reorder_pop(&p->queue, &same);
    assert_int_equal(out->tag, 2);
    assert_true(out->conn_log.known);
    assert_string_equal(out->conn_log.history, "ShADaf");
    end(p);
}

static void without_memory_nothing_is_lost(void **state)
{
    struct pair *p = new_pair();
    const struct lw_record rec = {.tag = 0};
    float *own;

    (void)state;
    for (uint64_t i = 1; i <= 4; i++) {
        mem_fail_at(i, 0);
        assert_false(reorder_push(&p->queue, &rec, &own));
        mem_fail_at(0, 0);
    }
    for (unsigned i = 0; i < 256; i++)
        push(p, (int64_t)(i * 7919 % 256) << 24, 0, i);
    mem_fail_at(1, 1);
    assert_false(reorder_push(&p->queue, &rec, &own));
    mem_fail_at(0, 0);
    end(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_order_comes_out_sorted),
        cmocka_unit_test(times_leap_from_end_to_end),
        cmocka_unit_test(borrowed_and_unknown_parts_are_gone),
        cmocka_unit_test(without_memory_nothing_is_lost),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

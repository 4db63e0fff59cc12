/* SPDX-License-Identifier: Apache-2.0 */
/* Pages of flows beside a plain sort of the same flows in memory. */
#include "base/mem.h"
#include "base/rng.h"
#include "store/addr.h"
#include "store/cols.h"
#include "store/flow_filter.h"
#include "temp_store.h"
#include "test.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { N_FILES = 3, PER_FILE = 1500, N_FLOWS = N_FILES * PER_FILE };

static struct temp_store store;
static int64_t captures[N_FILES];
static struct store_flow flows[N_FLOWS]; /* without their scores */

static int load_all(void **state)
{
    (void)state;
    temp_store_init(&store);
    for (uint32_t k = 0; k < N_FILES; k++) {
        char name[16];

        (void)snprintf(name, sizeof name, "%u.pcap", k);
        captures[k] = temp_store_load(&store, name, k * PER_FILE, PER_FILE);
        for (uint32_t i = 0; i < PER_FILE; i++) {
            struct store_score scores[2];
            struct store_flow *f = &flows[k * PER_FILE + i];

            *f = temp_flow(k * PER_FILE + i, scores);
            f->capture = captures[k];
            f->id = (int64_t)((uint64_t)(k + 1) << 32 | (i + 1));
        }
    }
    return 0;
}

static int release_all(void **state)
{
    (void)state;
    temp_store_check(&store);
    temp_store_release(&store);
    return 0;
}

/* ------------------------------------------------------------------- the oracle */

static bool takes(const struct store_flow_filter *f, const struct store_flow *x)
{
    return (f->capture == 0 || f->capture == x->capture) && x->start_ns >= f->from_ns &&
           x->start_ns < f->to_ns &&
           (store_net_has(&f->host, &x->addr[0]) ||
            store_net_has(&f->host, &x->addr[1])) &&
           store_net_has(&f->source, &x->addr[0]) &&
           store_net_has(&f->destination, &x->addr[1]) &&
           (f->port < 0 || f->port == x->port[0] || f->port == x->port[1]) &&
           (f->proto[0] == '\0' || strcmp(f->proto, x->proto) == 0) &&
           (f->service[0] == '\0' ||
            (x->service != NULL && strcmp(f->service, x->service) == 0)) &&
           (f->verdict < 0 || f->verdict == (int)x->verdict) &&
           (double)x->score >= f->min_score &&
           (f->alerted < 0 || f->alerted == (int)x->alerted);
}

static const struct store_flow_filter *compared; /* qsort() has no room for it */

static double key_of(const struct store_flow *x)
{
    switch (compared->sort) {
    case STORE_SORT_SCORE:
        return (double)x->score;
    case STORE_SORT_DURATION:
        return (double)x->duration_ns;
    case STORE_SORT_PACKETS:
        return (double)(x->packets[0] + x->packets[1]);
    case STORE_SORT_BYTES:
        return (double)(x->bytes[0] + x->bytes[1]);
    case STORE_SORT_TIME:
    case STORE_N_SORTS:
        break;
    }
    return (double)(x->start_ns - INT64_C(1600000000000000000));
}

static int compare(const void *a, const void *b)
{
    const struct store_flow *x = *(const struct store_flow *const *)a;
    const struct store_flow *y = *(const struct store_flow *const *)b;
    double kx = key_of(x);
    double ky = key_of(y);
    int c = kx != ky ? (kx < ky ? -1 : 1) : (x->id < y->id ? -1 : x->id > y->id);

    return compared->ascending ? c : -c;
}

static size_t expect(const struct store_flow_filter *f,
                     const struct store_flow *out[N_FLOWS])
{
    size_t n = 0;

    for (size_t i = 0; i < N_FLOWS; i++)
        if (takes(f, &flows[i]))
            out[n++] = &flows[i];
    compared = f;
    qsort(out, n, sizeof out[0], compare);
    return n;
}

/* ------------------------------------------------------------------- the pages */

struct seen {
    int64_t ids[N_FLOWS + STORE_PAGE_MAX];
    size_t n;
};

static void note_flow(void *ctx, const struct store_flow *f)
{
    struct seen *s = ctx;
    const struct store_flow *x =
        &flows[((f->id >> 32) - 1) * PER_FILE + (f->id & 0xffff) - 1];

    assert_int_equal(f->id, x->id);
    assert_int_equal(f->capture, x->capture);
    assert_int_equal(f->start_ns, x->start_ns);
    assert_int_equal(f->duration_ns, x->duration_ns);
    assert_string_equal(f->proto, x->proto);
    assert_string_equal(f->state, x->state);
    assert_memory_equal(f->addr, x->addr, sizeof f->addr);
    assert_memory_equal(f->port, x->port, sizeof f->port);
    assert_memory_equal(f->packets, x->packets, sizeof f->packets);
    assert_memory_equal(f->bytes, x->bytes, sizeof f->bytes);
    assert_string_equal(f->community_id, x->community_id);
    assert_true((f->service == NULL) == (x->service == NULL));
    assert_int_equal(f->verdict, x->verdict);
    assert_true(f->score == x->score);
    assert_true((f->alert != 0) == x->alerted);
    assert_int_equal(f->n_scores, 2);
    assert_string_equal(f->scores[1].detector, "botnet");
    assert_true(isnan(f->scores[1].score));
    assert_true(f->scores[1].unavailable == 0.125F);
    s->ids[s->n++] = f->id;
}

static void check_pages(const struct store_flow_filter *f, uint32_t limit)
{
    static const struct store_flow *want[N_FLOWS];
    static struct seen seen;
    size_t n = expect(f, want);
    struct store_page page = {.limit = limit};
    char cursor[STORE_CURSOR_MAX];
    struct lw_error err = {.msg = ""};
    size_t pages = 0;

    seen.n = 0;
    do {
        size_t before = seen.n;

        if (store_flow_list(store.s, f, &page, note_flow, &seen, &err) != LW_OK)
            fail_msg("%s", err.msg);
        assert_true(seen.n <= n);
        for (size_t i = before; i < seen.n; i++)
            assert_int_equal(seen.ids[i], want[i]->id);
        if (page.next[0] == '\0')
            assert_int_equal(seen.n, n);
        else
            assert_int_equal(seen.n - before, limit);
        memcpy(cursor, page.next, sizeof cursor);
        page.cursor = cursor;
    } while (page.next[0] != '\0' && ++pages < 40);
}

static void every_sort_is_that_of_a_plain_sort(void **state)
{
    (void)state;
    for (int sort = 0; sort < STORE_N_SORTS; sort++) {
        for (int up = 0; up < 2; up++) {
            struct store_flow_filter f;

            store_flow_filter_init(&f);
            f.sort = (enum store_sort)sort;
            f.ascending = up;
            check_pages(&f, 997);
            f.capture = captures[1];
            check_pages(&f, 100);
        }
    }
}

static void set(struct store_flow_filter *f, const char *name, const char *value)
{
    struct lw_error err = {.msg = ""};

    if (store_flow_filter_set(f, name, span_of(value, strlen(value)), &err) != LW_OK)
        fail_msg("%s=%s: %s", name, value, err.msg);
}

/* One value of each parameter that finds something, and others that find little. */
static void set_random(struct store_flow_filter *f, struct rng *r)
{
    static const char *const values[][2] = {
        {"host", "10.0.0.1"},
        {"host", "10.0.7.77"},
        {"host", "10.0.0.0/30"},
        {"host", "10.0.0.0/8"},
        {"host", "2000::/16"},
        {"host", "2000::2"},
        {"source", "10.0.0.2"},
        {"source", "10.0.8.0/21"},
        {"destination", "10.0.0.3"},
        {"destination", "10.0.1.0/24"},
        {"port", "53"},
        {"port", "22"},
        {"port", "0"},
        {"protocol", "udp"},
        {"protocol", "gre"},
        {"service", "dns"},
        {"class", "DoS"},
        {"class", "Normal"},
        {"class", "Botnet"},
        {"min_score", "0.25"},
        {"min_score", "0.9"},
        {"alerted", "true"},
        {"alerted", "false"},
        {"from", "1600000700"},
        {"from", "2020-09-13T13:00:00Z"},
        {"to", "1600001400"},
        {"to", "1600003000.5"},
    };
    size_t n = rng_below(r, 4);

    for (size_t i = 0; i < n; i++) {
        size_t k = rng_below(r, sizeof values / sizeof values[0]);

        set(f, values[k][0], values[k][1]);
    }
}

static void filters_find_what_a_plain_look_finds(void **state)
{
    struct rng r;

    (void)state;
    rng_init(&r, 11);
    for (int i = 0; i < 60; i++) {
        struct store_flow_filter f;

        store_flow_filter_init(&f);
        set_random(&f, &r);
        f.sort = (enum store_sort)rng_below(&r, STORE_N_SORTS);
        f.ascending = rng_below(&r, 2) == 0;
        if (rng_below(&r, 3) == 0)
            f.capture = captures[rng_below(&r, N_FILES)];
        check_pages(&f, 1 + (uint32_t)rng_below(&r, 150));
    }
}

/* ------------------------------------------------------------------- many chunks */

enum { MANY = 2 * COLS_CHUNK + 20000, MANY_PAGES = 8 };

struct listed {
    int64_t ids[STORE_PAGE_MAX];
    size_t n;
};

static void list_flow(void *ctx, const struct store_flow *f)
{
    struct listed *l = ctx;

    l->ids[l->n++] = f->id;
}

/* The first pages, beside a sort of all that the filter takes. */
static void check_first_pages(struct store *s, const struct store_flow_filter *f,
                              const struct store_flow *many,
                              const struct store_flow **want)
{
    struct store_page page = {.limit = 300};
    char cursor[STORE_CURSOR_MAX];
    struct lw_error err = {.msg = ""};
    struct listed seen;
    size_t n = 0;
    size_t at = 0;

    for (size_t i = 0; i < MANY; i++)
        if (takes(f, &many[i]))
            want[n++] = &many[i];
    compared = f;
    qsort((void *)want, n, sizeof *want, compare);
    for (int pages = 0; pages < MANY_PAGES && at < n; pages++) {
        seen.n = 0;
        if (store_flow_list(s, f, &page, list_flow, &seen, &err) != LW_OK)
            fail_msg("%s", err.msg);
        assert_int_equal(seen.n, n - at < 300 ? n - at : 300);
        for (size_t i = 0; i < seen.n; i++)
            assert_int_equal(seen.ids[i], want[at + i]->id);
        at += seen.n;
        memcpy(cursor, page.next, sizeof cursor);
        page.cursor = cursor;
    }
}

/* Most keys are there many times, so that the id decides which chunks a page needs. */
static void equal_keys_in_many_chunks(void **state)
{
    static const char *const filters[][2] = {{"min_score", "0"}, {"class", "DoS"}};
    static const enum store_sort sorts[] = {STORE_SORT_SCORE, STORE_SORT_PACKETS,
                                            STORE_SORT_BYTES};
    struct store_flow *many = mem_zalloc(MANY, sizeof *many);
    const struct store_flow **want = mem_zalloc(MANY, sizeof *want);
    struct temp_store t;

    (void)state;
    assert_true(many != NULL && want != NULL);
    temp_store_init(&t);
    for (uint32_t i = 0; i < MANY; i++) {
        struct store_score scores[2];

        many[i] = temp_flow(i, scores);
        many[i].id = (int64_t)(UINT64_C(1) << 32 | (i + 1));
    }
    many[0].capture = temp_store_load(&t, "many.pcap", 0, MANY);
    for (size_t i = 0; i < 2 * 3 * 2; i++) {
        struct store_flow_filter f;

        store_flow_filter_init(&f);
        set(&f, filters[i % 2][0], filters[i % 2][1]);
        f.sort = sorts[i / 2 % 3];
        f.ascending = i >= 6;
        check_first_pages(t.s, &f, many, want);
    }
    temp_store_release(&t);
    mem_free(many);
    mem_free((void *)want);
}

static void ignore_flow(void *ctx, const struct store_flow *f)
{
    (void)ctx;
    (void)f;
}

static void cursors_are_checked(void **state)
{
    static const char *const bad[] = {
        "x",   "1", "1.2", "1.2.3.4", "-1.2.3", "1.2.3 ", "11111111111111111.2.3",
        "1..3"};
    struct store_page page = {.limit = 10};
    struct store_flow_filter f;
    char cursor[STORE_CURSOR_MAX];
    struct lw_error err;

    (void)state;
    store_flow_filter_init(&f);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        page.cursor = bad[i];
        assert_int_equal(store_flow_list(store.s, &f, &page, ignore_flow, NULL, &err),
                         LW_EINVAL);
    }
    page.cursor = NULL;
    assert_int_equal(store_flow_list(store.s, &f, &page, ignore_flow, NULL, &err),
                     LW_OK);
    memcpy(cursor, page.next, sizeof cursor);
    page.cursor = cursor;
    f.ascending = true; /* another list */
    assert_int_equal(store_flow_list(store.s, &f, &page, ignore_flow, NULL, &err),
                     LW_EINVAL);
    assert_non_null(strstr(err.msg, "another filter"));
}

static void parameters_are_checked(void **state)
{
    static const char *const bad[][2] = {
        {"capture", "0"},     {"capture", "x"},          {"from", "yesterday"},
        {"to", ""},           {"host", "10.0.0.256"},    {"host", "10.0.0.0/33"},
        {"source", "10/8"},   {"destination", "::/129"}, {"port", "65536"},
        {"port", "-1"},       {"protocol", ""},          {"class", "dos"},
        {"min_score", "1.5"}, {"min_score", "nan"},      {"alerted", "1"},
        {"sort", "name"},     {"order", "up"},
    };
    struct store_flow_filter f;
    struct lw_error err;

    (void)state;
    store_flow_filter_init(&f);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct span v = span_of(bad[i][1], strlen(bad[i][1]));

        if (store_flow_filter_set(&f, bad[i][0], v, &err) != LW_EINVAL)
            fail_msg("%s=%s was taken", bad[i][0], bad[i][1]);
    }
    assert_int_equal(store_flow_filter_set(&f, "colour", span_of("red", 3), &err),
                     LW_ENOTFOUND);
}

struct order {
    uint64_t n;
    uint64_t last;
    int64_t last_id;
};

static void check_order(void *ctx, const struct store_flow *f)
{
    struct order *o = ctx;
    uint64_t bytes = f->bytes[0] + f->bytes[1];

    assert_int_equal(f->verdict, LW_VERDICT_DOS);
    assert_true(o->n == 0 || bytes < o->last ||
                (bytes == o->last && f->id < o->last_id));
    o->last = bytes;
    o->last_id = f->id;
    o->n++;
}

static void many_chunks_are_one_list(void **state)
{
    enum { N = 140000 };
    struct store_page page = {.limit = 700};
    struct order o = {.n = 0};
    struct store_flow_filter f;
    struct temp_store big;
    char cursor[STORE_CURSOR_MAX];
    struct lw_error err;
    uint64_t want = 0;

    (void)state;
    temp_store_init(&big);
    (void)temp_store_load(&big, "big", 0, N);
    for (uint32_t i = 0; i < N; i++) {
        struct store_score scores[2];

        want += temp_flow(i, scores).verdict == LW_VERDICT_DOS;
    }
    store_flow_filter_init(&f);
    set(&f, "class", "DoS");
    set(&f, "sort", "bytes");
    do {
        assert_int_equal(store_flow_list(big.s, &f, &page, check_order, &o, &err),
                         LW_OK);
        memcpy(cursor, page.next, sizeof cursor);
        page.cursor = cursor;
    } while (page.next[0] != '\0');
    assert_int_equal(o.n, want);
    temp_store_release(&big);
}

/* --------------------------------------------------------------------- one flow */

static void check_detail(void *ctx, const struct store_flow *f)
{
    int *n = ctx;

    (*n)++;
    assert_string_equal(f->words, "many connections");
    assert_string_equal(f->scores[0].model, "0123456789ab");
    assert_string_equal(f->scores[0].view, "kdd");
    assert_string_equal(f->scores[0].reasons, "[{\"feature\":\"count\"}]");
    assert_int_equal(f->scores[0].n_vector, 3);
    assert_true(f->scores[0].vector[1] == 2.5F);
    assert_true(f->scores[0].threshold == 0.75F);
    assert_null(f->scores[1].reasons);
}

static void a_flow_has_its_evidence(void **state)
{
    struct lw_error err;
    size_t i = 0;
    int n = 0;

    (void)state;
    while (!flows[i].alerted)
        i++;
    assert_int_equal(store_flow_get(store.s, flows[i].id, check_detail, &n, &err),
                     LW_OK);
    assert_int_equal(n, 1);
    assert_int_equal(store_flow_get(store.s, 77, check_detail, &n, &err), LW_ENOTFOUND);
    assert_int_equal(
        store_flow_get(store.s, flows[i].id + 100000, check_detail, &n, &err),
        LW_ENOTFOUND);
}

/* ---------------------------------------------------------------------- figures */

static void summaries_are_sums(void **state)
{
    (void)state;
    for (int k = 0; k < 4; k++) {
        struct store_flow_filter f;
        struct store_summary got;
        uint64_t n = 0;
        uint64_t bytes = 0;
        uint64_t dos = 0;
        struct lw_error err;

        store_flow_filter_init(&f);
        if (k & 1)
            f.capture = captures[2];
        if (k & 2) {
            set(&f, "from", "1600000500");
            set(&f, "to", "1600002000");
        }
        for (size_t i = 0; i < N_FLOWS; i++) {
            if (!takes(&f, &flows[i]))
                continue;
            n++;
            bytes += flows[i].bytes[0] + flows[i].bytes[1];
            dos += flows[i].verdict == LW_VERDICT_DOS;
        }
        assert_int_equal(store_stats_summary(store.s, &f, &got, &err), LW_OK);
        assert_int_equal(got.flows, n);
        assert_int_equal(got.bytes, bytes);
        assert_int_equal(got.by_class[LW_VERDICT_DOS], dos);
        assert_int_equal(got.captures, k & 1 ? 1 : N_FILES);
        assert_true(got.alerts_open > 0 && got.alerts_resolved == 0);
    }
}

static void a_series_counts_every_flow_once(void **state)
{
    static struct store_bin bins[STORE_BINS_MAX];

    (void)state;
    for (uint32_t n_bins = 1; n_bins <= 1000; n_bins = 3 * n_bins + 1) {
        struct store_flow_filter f;
        struct store_series got;
        struct lw_error err;
        uint64_t n = 0;

        store_flow_filter_init(&f);
        assert_int_equal(store_stats_series(store.s, &f, bins, n_bins, &got, &err),
                         LW_OK);
        for (uint32_t i = 0; i < n_bins; i++) {
            uint64_t want = 0;

            for (size_t k = 0; k < N_FLOWS; k++)
                want += (flows[k].start_ns - got.from_ns) / got.bin_ns == (int64_t)i;
            assert_int_equal(bins[i].flows, want);
            n += bins[i].flows;
        }
        assert_int_equal(n, N_FLOWS);
    }
}

struct top {
    char key[64];
    uint64_t flows;
    uint64_t bytes;
    uint64_t alerted;
    size_t n;
};

static void note_first(void *ctx, const struct store_top_row *row)
{
    struct top *t = ctx;

    if (t->n++ > 0)
        return;
    (void)snprintf(t->key, sizeof t->key, "%s", row->key);
    t->flows = row->flows;
    t->bytes = row->bytes;
    t->alerted = row->alerted;
}

static void the_top_is_the_largest(void **state)
{
    struct store_flow_filter f;
    struct lw_error err;

    (void)state;
    store_flow_filter_init(&f);
    for (int what = STORE_TOP_SOURCES; what <= STORE_TOP_CONVERSATIONS; what++) {
        for (int part = 0; part < 2; part++) {
            struct top t = {.n = 0};

            if (part)
                set(&f, "from", "1600000500");
            assert_int_equal(store_stats_top(store.s, (enum store_top)what,
                                             STORE_BY_FLOWS, &f, 5, note_first, &t,
                                             &err),
                             LW_OK);
            assert_true(t.n > 0 && t.n <= 5);
            if (what == STORE_TOP_SOURCES) {
                uint64_t n = 0;
                uint64_t bytes = 0;
                uint64_t alerted = 0;

                for (size_t i = 0; i < N_FLOWS; i++) {
                    char text[STORE_ADDR_TEXT_MAX];

                    (void)store_addr_text(&flows[i].addr[0], text);
                    if (!takes(&f, &flows[i]) || strcmp(text, t.key) != 0)
                        continue;
                    n++;
                    bytes += flows[i].bytes[0] + flows[i].bytes[1];
                    alerted += flows[i].alerted;
                }
                assert_int_equal(t.flows, n);
                assert_int_equal(t.bytes, bytes);
                assert_int_equal(t.alerted, alerted);
            }
        }
        store_flow_filter_init(&f);
    }
}

static void addresses_read_back(void **state)
{
    static const char *const texts[] = {"10.0.0.1", "2001:db8::1", "aa:bb:cc:dd:ee:0f",
                                        "255.255.255.255", "::"};
    struct store_net net;
    struct store_addr a;

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        char text[STORE_ADDR_TEXT_MAX];

        assert_true(store_addr_parse(span_of(texts[i], strlen(texts[i])), &a));
        (void)store_addr_text(&a, text);
        assert_string_equal(text, texts[i]);
    }
    assert_true(store_net_parse(span_of("10.1.2.3/8", 10), &net));
    assert_true(store_addr_parse(span_of("10.255.0.0", 10), &a));
    assert_true(store_net_has(&net, &a));
    assert_true(store_addr_parse(span_of("11.0.0.0", 8), &a));
    assert_false(store_net_has(&net, &a));
    assert_true(
        store_addr_parse(span_of("a00::1", 6), &a)); /* begins with the same byte */
    assert_false(store_net_has(&net, &a));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_sort_is_that_of_a_plain_sort),
        cmocka_unit_test(filters_find_what_a_plain_look_finds),
        cmocka_unit_test(equal_keys_in_many_chunks),
        cmocka_unit_test(many_chunks_are_one_list),
        cmocka_unit_test(cursors_are_checked),
        cmocka_unit_test(parameters_are_checked),
        cmocka_unit_test(a_flow_has_its_evidence),
        cmocka_unit_test(summaries_are_sums),
        cmocka_unit_test(a_series_counts_every_flow_once),
        cmocka_unit_test(the_top_is_the_largest),
        cmocka_unit_test(addresses_read_back),
    };

    return cmocka_run_group_tests(tests, load_all, release_all);
}

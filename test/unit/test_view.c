/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"
#include "base/digest.h"
#include "base/mem.h"
#include "test.h"

#include <lapwing/flow.h>
#include <lapwing/view.h>

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* The documented request of the classify route, in its order. */
static const char *const request[] = {
    "duration",
    "srcbytes",
    "dstbytes",
    "land",
    "wrongfragment",
    "urgent",
    "hot",
    "numfailedlogins",
    "loggedin",
    "numcompromised",
    "rootshell",
    "suattempted",
    "numfilecreations",
    "numshells",
    "numaccessfiles",
    "ishostlogin",
    "count",
    "srvcount",
    "serrorrate",
    "rerrorrate",
    "samesrvrate",
    "diffsrvrate",
    "srvdiffhostrate",
    "dsthostcount",
    "dsthostsrvcount",
    "dsthostdiffsrvrate",
    "dsthostsamesrcportrate",
    "dsthostsrvdiffhostrate",
    "protocol",
    "service",
    "flag",
};

enum { N_REQUEST = sizeof request / sizeof request[0] };

static const struct lw_feature *feature(const char *view, const char *name)
{
    const struct lw_view *v = lw_view_get(view);
    int at = lw_view_find(v, name);

    assert_true(at >= 0);
    return &v->features[at];
}

static void views_are_found_by_name_and_place(void **state)
{
    (void)state;
    assert_ptr_equal(lw_view_get("kdd"), lw_view_at(0));
    assert_ptr_equal(lw_view_get("kdd31"), lw_view_at(1));
    assert_ptr_equal(lw_view_get("netflow"), lw_view_at(2));
    assert_ptr_equal(lw_view_get("flow"), lw_view_at(3));
    assert_ptr_equal(lw_view_get("netflow_host"), lw_view_at(4));
    assert_null(lw_view_at(5));
    assert_null(lw_view_get("KDD"));
    assert_int_equal(lw_view_get("kdd")->n_features, 41);
}

/* Every row is complete, every name and spelling means one feature of its view. */
static void rows_are_complete_and_unambiguous(void **state)
{
    const struct lw_view *v;

    (void)state;
    for (size_t n = 0; (v = lw_view_at(n)) != NULL; n++) {
        for (int i = 0; i < v->n_features; i++) {
            const struct lw_feature *f = &v->features[i];
            char alias[256];

            assert_non_null(f->name);
            assert_int_equal(lw_view_find(v, f->name), i);
            assert_true(strlen(f->doc) > 0 && strlen(f->source) > 0);
            assert_non_null(strstr(f->words, "%s"));
            assert_int_equal(f->type == LW_FEATURE_CATEGORY, f->categories != NULL);
            (void)snprintf(alias, sizeof alias, "%s", f->alias);
            for (char *rest = alias, *word; (word = strsep(&rest, " ")) != NULL;)
                if (*word != '\0')
                    assert_int_equal(lw_view_find(v, word), i);
        }
    }
}

static void spellings_of_kdd_headers_are_known(void **state)
{
    const struct lw_view *kdd = lw_view_get("kdd");

    (void)state;
    assert_int_equal(lw_view_find(kdd, "duration"), 0);
    assert_int_equal(lw_view_find(kdd, "protocoltype"), 1);
    assert_int_equal(lw_view_find(kdd, "Protocol"), 1);
    assert_int_equal(lw_view_find(kdd, "srcbytes"), 4);
    assert_int_equal(lw_view_find(kdd, "worngfragment"), 7);
    assert_int_equal(lw_view_find(kdd, "lnum_compromised"), 12);
    assert_int_equal(lw_view_find(kdd, "LNUM_OUTBOUND_CMDS"), 19);
    assert_int_equal(lw_view_find(kdd, "dsthostsrvrerrorrate"), 40);
    assert_int_equal(lw_view_find(kdd, "label"), -1);
    assert_int_equal(lw_view_find(kdd, ""), -1);
    assert_int_equal(lw_view_find(kdd, "src"), -1);
}

static void kdd31_has_the_order_of_the_request(void **state)
{
    const struct lw_view *v = lw_view_get("kdd31");

    (void)state;
    assert_int_equal(v->n_features, N_REQUEST);
    for (int i = 0; i < N_REQUEST; i++)
        assert_int_equal(lw_view_find(v, request[i]), i);
    assert_int_equal(lw_view_find(v, "num_root"), -1);
}

static void categories_have_codes(void **state)
{
    const struct lw_feature *service = feature("kdd", "service");

    (void)state;
    assert_int_equal(service->n_categories, 70);
    assert_int_equal(feature("kdd", "flag")->n_categories, 11);
    assert_near(lw_feature_category(feature("kdd", "protocol_type"), "icmp"), 2, 0);
    assert_near(lw_feature_category(service, "aol"), 0, 0);
    assert_near(lw_feature_category(service, "Z39_50"), 69, 0);
    assert_near(lw_feature_category(service, "z39_50"), LW_CAT_UNSEEN, 0);
    assert_near(lw_feature_category(service, ""), LW_CAT_UNSEEN, 0);
}

/* A change here makes every model file of the view refuse to load: raise the version
 * and train again. */
static void hashes_are_pinned(void **state)
{
    static const char *const pinned[] = {
        "dae3ae556e469cce08f46e0af81bf6ef2c257166d4300824fb0a208a6df3d6eb",
        "b710a4ae607b77c04f3cfecca1e799a91deb0ac4399b6006b77ab8fc6af09510",
        "7689089ef31aa6a5f8b88afca75229459df85d0965b057ae8473d050ba753f11",
    };
    uint8_t hash[LW_VIEW_HASH_BYTES];
    char text[2 * LW_VIEW_HASH_BYTES + 1];

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        lw_view_hash(lw_view_at(i), hash);
        digest_hex(hash, sizeof hash, text);
        assert_string_equal(text, pinned[i]);
    }
}

static void hash_sees_every_part(void **state)
{
    static const char *const words[] = {"a", "b"};
    static const char *const others[] = {"ab", ""};
    struct lw_feature f[2] = {{.name = "x"}, {.name = "y"}};
    struct lw_view base = {"v", "", 1, 2, f};
    struct lw_view v = base;
    uint8_t first[LW_VIEW_HASH_BYTES];
    uint8_t hash[LW_VIEW_HASH_BYTES];

    (void)state;
    lw_view_hash(&base, first);
    v.version = 2;
    lw_view_hash(&v, hash);
    assert_memory_not_equal(hash, first, sizeof hash);
    v = base;
    v.n_features = 1;
    lw_view_hash(&v, hash);
    assert_memory_not_equal(hash, first, sizeof hash);
    f[0].type = LW_FEATURE_CATEGORY;
    f[0].categories = words;
    f[0].n_categories = 2;
    lw_view_hash(&base, hash);
    assert_memory_not_equal(hash, first, sizeof hash);
    f[0].categories = others;
    lw_view_hash(&base, first);
    assert_memory_not_equal(hash, first, sizeof hash);
}

static void project_takes_a_subset(void **state)
{
    const struct lw_view *kdd = lw_view_get("kdd");
    const struct lw_view *kdd31 = lw_view_get("kdd31");
    float row[64];
    float out[64];
    struct lw_error err;

    (void)state;
    for (int i = 0; i < kdd->n_features; i++)
        row[i] = (float)i;
    row[2] = LW_CAT_UNSEEN;
    row[9] = NAN;
    assert_int_equal(lw_view_project(kdd, row, kdd31, out, &err), LW_OK);
    assert_near(out[0], 0, 0);              /* duration */
    assert_near(out[1], 4, 0);              /* src_bytes */
    assert_true(isnan(out[6]));             /* hot */
    assert_near(out[28], 1, 0);             /* protocol_type */
    assert_near(out[29], LW_CAT_UNSEEN, 0); /* service */
    assert_int_equal(lw_view_project(kdd31, out, kdd, row, &err), LW_EMISMATCH);
    assert_non_null(strstr(err.msg, "num_root"));
}

static struct lw_frame *frame_of(const char *csv)
{
    const struct lw_frame_config cfg = {.format = "csv"};
    struct lw_frame *f = NULL;
    struct lw_error err;

    if (lw_frame_read_memory(&f, csv, strlen(csv), "test.csv", &cfg, &err) != LW_OK)
        fail_msg("%s", err.msg);
    return f;
}

static const char *const two_names[] = {"tcp", "udp"};
static const struct lw_feature small_features[] = {
    {.name = "n", .alias = "number num"},
    {.name = "p",
     .alias = "",
     .type = LW_FEATURE_CATEGORY,
     .categories = two_names,
     .n_categories = 2},
};
static const struct lw_view small_view = {"small", "", 1, 2, small_features};

/* A word so late that the column was taken for one of numbers. */
static void map_names_the_line_of_a_late_word(void **state)
{
    struct lw_frame *f;
    struct lw_matrix m;
    struct lw_error err;
    struct buf b;
    size_t n_lines = 1;

    (void)state;
    buf_init(&b);
    for (buf_add_text(&b, "n,p\n"); b.len < 160 * 1024; n_lines++)
        buf_add_text(&b, "12,tcp\n");
    buf_add_text(&b, "lots,tcp\n");
    f = frame_of(buf_text(&b));
    assert_int_equal(lw_view_map(&small_view, f, &m, &err), LW_EFORMAT);
    buf_reset(&b);
    buf_printf(&b, "column n has text in line %zu,", n_lines + 1);
    assert_non_null(strstr(err.msg, buf_text(&b)));
    lw_frame_free(f);
    buf_release(&b);
}

static void map_finds_columns_by_any_spelling(void **state)
{
    struct lw_frame *f = frame_of("x,P,label,NUM\n9,udp,a,1.5\n9,sctp,b,2\n9,tcp,c,\n");
    struct lw_matrix m;
    struct lw_error err;

    (void)state;
    assert_int_equal(lw_view_map(&small_view, f, &m, &err), LW_OK);
    assert_int_equal(m.n_rows, 3);
    assert_int_equal(m.n_cols, 2);
    assert_near(m.x[0], 1.5, 0);
    assert_near(m.x[1], 1, 0);
    assert_near(m.x[2], 2, 0);
    assert_near(m.x[3], LW_CAT_UNSEEN, 0);
    assert_true(isnan(m.x[4]));
    assert_near(m.x[5], 0, 0);
    lw_matrix_release(&m);
    lw_frame_free(f);
}

static void expect_map_fails(const char *csv, const char *message)
{
    struct lw_frame *f = frame_of(csv);
    struct lw_matrix m;
    struct lw_error err;

    assert_int_equal(lw_view_map(&small_view, f, &m, &err), LW_EFORMAT);
    if (strstr(err.msg, message) == NULL)
        fail_msg("\"%s\" is not in \"%s\"", message, err.msg);
    lw_frame_free(f);
}

static void map_says_what_is_wrong(void **state)
{
    (void)state;
    expect_map_fails("p,x\ntcp,1\n", "column n is missing");
    expect_map_fails("n,p,num\n1,tcp,1\n", "columns n and num are both n");
    expect_map_fails("n,p\nlots,tcp\n", "column n has text (\"lots\")");
    expect_map_fails("n,p\n1,6\n", "column p has numbers");
}

static void map_survives_lack_of_memory(void **state)
{
    struct lw_frame *f = frame_of("n,p\n1,tcp\n");
    struct lw_matrix m;
    struct lw_error err;
    enum lw_status st = LW_ENOMEM;

    (void)state;
    for (uint64_t n = 1; st == LW_ENOMEM; n++) {
        mem_fail_at(n, 0);
        st = lw_view_map(&small_view, f, &m, &err);
        mem_fail_at(0, 0);
        assert_true(n > 1 || st == LW_ENOMEM);
    }
    assert_int_equal(st, LW_OK);
    lw_matrix_release(&m);
    lw_frame_free(f);
}

static void csv_is_short_and_names_categories(void **state)
{
    static const float rows[][2] = {
        {0.0f, 1.0f},          {255.0f, 0.0f}, {0.07f, NAN},
        {0.5f, LW_CAT_UNSEEN}, {NAN, 0.0f},    {693375616.0f, 0.0f},
        {0.015625f, 1.0f},     {-1.0f, 1.0f},  {99999.0f, 1.0f},
        {1.0f, 1.0f},          {0.004f, 1.0f}, {0.99f, 1.0f}};
    static const char *const lines[] = {
        "0,udp\n",     "255,tcp\n",       "0.07,\n",        "0.5,?\n",
        ",tcp\n",      "693375616,tcp\n", "0.015625,udp\n", "-1,udp\n",
        "99999,udp\n", "1,udp\n",         "0.004,udp\n",    "0.99,udp\n"};
    char out[64];

    (void)state;
    assert_int_equal(lw_view_csv_header(&small_view, out, sizeof out), 4);
    assert_string_equal(out, "n,p\n");
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        size_t n = lw_view_csv_row(&small_view, rows[i], out, sizeof out);

        assert_string_equal(out, lines[i]);
        assert_int_equal(n, strlen(lines[i]));
    }
}

static void csv_stays_within_its_buffer(void **state)
{
    static const float row[] = {255.0f, 1.0f};
    char out[8] = "#######";

    (void)state;
    assert_int_equal(lw_view_csv_row(&small_view, row, out, 5), 8);
    assert_string_equal(out, "255,");
    assert_int_equal(out[5], '#');
    assert_int_equal(lw_view_csv_row(&small_view, row, NULL, 0), 8);
}

/* Every rate of two decimals is printed as such. */
static void csv_prints_all_rates(void **state)
{
    char out[32];
    char expected[32];

    (void)state;
    for (int i = 1; i < 100; i++) {
        const float row[] = {(float)(i / 100.0), 0.0f};

        (void)lw_view_csv_row(&small_view, row, out, sizeof out);
        (void)snprintf(expected, sizeof expected, "%g,tcp\n", i / 100.0);
        assert_string_equal(out, expected);
    }
}

static void assert_said(const char *view, const char *name, float value,
                        const char *expected)
{
    char out[128];

    assert_int_equal(lw_feature_say(feature(view, name), value, out, sizeof out),
                     strlen(expected));
    assert_string_equal(out, expected);
}

static void values_are_said_in_words(void **state)
{
    (void)state;
    assert_said("kdd", "count", 438.0f, "438 connections to this host in 2 s");
    assert_said("kdd", "count", 1.0f, "1 connection to this host in 2 s");
    assert_said("kdd", "service", 21.0f, "service http");
    assert_said("kdd", "service", LW_CAT_UNSEEN, "service not seen in training");
    assert_said("kdd", "duration", 1.0f, "the connection lasted 1 s");
    assert_said("kdd", "serror_rate", 0.97f,
                "97 % of the connections to this host in 2 s had SYN errors");
    assert_said("kdd", "land", 1.0f, "source and destination are the same: yes");
    assert_said("kdd", "hot", NAN, "hot: unavailable");
    assert_said("netflow", "duration", 0.25f, "the flow lasted 0.25 s");
    assert_said("netflow", "bytes_per_second", 12345.6f, "12346 bytes a second");
    assert_said("flow", "flow_duration", 250.0f, "the flow lasted 250 us");
    assert_said("flow", "flow_duration", 1500.0f, "the flow lasted 1.5 ms");
    assert_said("flow", "flow_duration", 1e6f, "the flow lasted 1 s");
    assert_said("flow", "flow_packets_s", 1.0f, "1 packet/s");
    assert_said("flow", "packet_3", -52.0f, "packet 3 has -52 bytes");
    assert_said("flow", "src_peers_60s", 20.0f,
                "this source was in touch with 20 hosts lately (half-life 60 s)");
}

/* A view adds to what is switched on, and takes nothing away. */
static void views_switch_on_what_they_need(void **state)
{
    struct lw_meter_config cfg = {0};

    (void)state;
    lw_view_meter_needs(lw_view_get("kdd"), &cfg);
    lw_view_meter_needs(lw_view_get("netflow"), &cfg);
    assert_false(cfg.flow_stats);
    lw_view_meter_needs(lw_view_get("flow"), &cfg);
    assert_true(cfg.flow_stats);
    lw_view_meter_needs(lw_view_get("kdd"), &cfg);
    assert_true(cfg.flow_stats);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(views_are_found_by_name_and_place),
        cmocka_unit_test(rows_are_complete_and_unambiguous),
        cmocka_unit_test(spellings_of_kdd_headers_are_known),
        cmocka_unit_test(kdd31_has_the_order_of_the_request),
        cmocka_unit_test(categories_have_codes),
        cmocka_unit_test(hashes_are_pinned),
        cmocka_unit_test(hash_sees_every_part),
        cmocka_unit_test(project_takes_a_subset),
        cmocka_unit_test(map_finds_columns_by_any_spelling),
        cmocka_unit_test(map_names_the_line_of_a_late_word),
        cmocka_unit_test(map_says_what_is_wrong),
        cmocka_unit_test(map_survives_lack_of_memory),
        cmocka_unit_test(csv_is_short_and_names_categories),
        cmocka_unit_test(csv_stays_within_its_buffer),
        cmocka_unit_test(csv_prints_all_rates),
        cmocka_unit_test(values_are_said_in_words),
        cmocka_unit_test(views_switch_on_what_they_need),
    };

    return cmocka_run_group_tests_name("view", tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Profiles of small tables.  test/parity/profile compares figures with SciPy's; here it
 * is the odd cases, lint and repeated rows. */
#include "base/buf.h"
#include "base/mem.h"
#include "data/distribution.h"
#include "test.h"

#include <lapwing/profile.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

static struct lw_error err;

struct made {
    struct lw_frame *frame;
    struct lw_target target;
    struct lw_profile profile;
};

static enum lw_status try_make(struct made *m, const char *text, const char *yaml)
{
    struct lw_schema s = {0};
    struct lw_frame_config cfg = {.schema = &s};
    enum lw_status st = lw_schema_parse(&s, yaml, strlen(yaml), "s.yaml", &err);

    *m = (struct made){0};
    if (st == LW_OK)
        st = lw_frame_read_memory(&m->frame, text, strlen(text), "t.csv", &cfg, &err);
    if (st == LW_OK)
        st = lw_target_find(&m->target, m->frame, &s, &err);
    if (st == LW_OK || st == LW_ENOTFOUND)
        st = lw_profile_make(&m->profile, m->frame, st == LW_OK ? &m->target : NULL, &s,
                             NULL, &err);
    lw_schema_release(&s);
    return st;
}

static void unmake(struct made *m)
{
    lw_profile_release(&m->profile);
    lw_target_release(&m->target);
    lw_frame_free(m->frame);
}

static void make(struct made *m, const char *text, const char *yaml)
{
    if (try_make(m, text, yaml) != LW_OK)
        fail_msg("%s", err.msg);
}

static const struct lw_profile_feature *feature(const struct made *m, const char *name)
{
    size_t i = 0;

    while (i < m->profile.n_features && strcmp(m->profile.features[i].name, name) != 0)
        i++;
    if (i == m->profile.n_features)
        fail_msg("no feature %s", name);
    return &m->profile.features[i];
}

/* The kind of a column's finding, -1 for none. */
static int leak(const struct made *m, const char *name)
{
    for (size_t i = 0; i < m->profile.n_leaks; i++) {
        struct lw_column c;

        lw_frame_column(m->frame, m->profile.leaks[i].column, &c);
        if (strcmp(c.name, name) == 0)
            return (int)m->profile.leaks[i].kind;
    }
    return -1;
}

/* From SciPy 1.10: 2 * t.sf(2.5, 7.3) and so on. */
static void tails_are_those_of_other_programs(void **state)
{
    (void)state;
    assert_near(student_two_sided(2.5, 7.3), 0.039650234665600415, 1e-12);
    assert_near(student_two_sided(-2.5, 7.3), 0.039650234665600415, 1e-12);
    assert_near(student_two_sided(0.1, 1), 0.9365489651388929, 1e-12);
    assert_true(student_two_sided(40, 1e5) < 1e-300);
    assert_near(student_two_sided(0, 3), 1, 0);
    assert_near(student_two_sided((double)INFINITY, 3), 0, 0);
    assert_true(isnan(student_two_sided((double)NAN, 3)));
    assert_near(chi_square_upper(3.84, 1), 0.05004352124870519, 1e-12);
    assert_near(chi_square_upper(1000, 900), 0.010994608942135844, 1e-12);
    assert_near(chi_square_upper(.5, 10), 0.999993388289439, 1e-12);
    assert_near(chi_square_upper(0, 10), 1, 0);
    assert_near(chi_square_upper((double)INFINITY, 10), 0, 0);
    assert_true(isnan(chi_square_upper((double)NAN, 10)));
    assert_near(normal_two_sided(-1.96), 0.04999579029644087, 1e-12);
}

static void numbers_are_described_by_class(void **state)
{
    struct made m;
    const struct lw_profile_feature *x;

    (void)state;
    make(&m,
         "x,label\n1,normal\n2,normal\n3,normal\n,normal\n10,dos\ninf,dos\n5,flow="
         "Background\n",
         "");
    x = feature(&m, "x");
    assert_int_equal(m.profile.side_rows[LW_SIDE_NEITHER], 1);
    assert_int_equal(x->side[0].n_rows, 4);
    assert_int_equal(x->side[0].n_missing, 1);
    assert_near(x->side[0].mean, 2, 0);
    assert_near(x->side[0].deviation, 1, 0);
    assert_near(x->side[0].quantile[0], 1, 0);
    assert_near(x->side[0].quantile[2], 1.5, 0);
    assert_near(x->side[0].quantile[6], 3, 0);
    assert_int_equal(x->side[1].n_infinite, 1);
    assert_near(x->side[1].mean, 10, 0);
    assert_true(isnan(x->side[1].deviation));
    assert_int_equal(x->n_distinct, 5);
    assert_near(x->auc, 1, 0);
    assert_int_equal(x->welch.state, LW_TEST_TOO_FEW);
    assert_int_equal(x->rank.state, LW_TEST_TOO_FEW);
    assert_int_equal(x->chi_square.state, LW_TEST_OTHER_TYPE);
    assert_true(isnan(x->welch.p));
    unmake(&m);
}

/* `n` rows of a pattern, by row number. */
static char *many_rows(const char *header, size_t n,
                       void (*row)(struct buf *b, size_t i))
{
    struct buf b;

    buf_init(&b);
    buf_printf(&b, "%s\n", header);
    for (size_t i = 0; i < n; i++)
        row(&b, i);
    return buf_take(&b, NULL);
}

static void odd_row(struct buf *b, size_t i)
{
    buf_printf(b, "7,%zu,%s,,r%zu,%zu,%s\n", i % 7, i % 2 ? "b" : "a", i % 60,
               i % 3 ? i % 5 : 0, i % 2 ? "attack" : "normal");
}

static void tests_say_when_they_do_not_apply(void **state)
{
    char *text = many_rows("same,x,w,none,rare,z,class", 120, odd_row);
    struct made m;

    (void)state;
    make(&m, text, "");
    assert_int_equal(feature(&m, "same")->welch.state, LW_TEST_CONSTANT);
    assert_int_equal(feature(&m, "same")->rank.state, LW_TEST_CONSTANT);
    assert_near(feature(&m, "same")->auc, .5, 0);
    assert_int_equal(feature(&m, "none")->welch.state, LW_TEST_NO_CLASSES);
    assert_true(isnan(feature(&m, "none")->auc));
    assert_int_equal(feature(&m, "x")->welch.state, LW_TEST_APPLIES);
    assert_int_equal(feature(&m, "w")->chi_square.state, LW_TEST_APPLIES);
    assert_near(feature(&m, "w")->cramer_v, 1, 1e-12);
    assert_near(feature(&m, "w")->auc, 1, 0);
    assert_int_equal(feature(&m, "rare")->chi_square.state, LW_TEST_RARE);
    assert_int_equal(feature(&m, "rare")->n_pooled, 60);
    /* x and z by two tests each, w by one. */
    assert_int_equal(m.profile.n_tests, 5);
    assert_true(feature(&m, "x")->welch.q >= feature(&m, "x")->welch.p);
    assert_string_equal(lw_test_state_text(LW_TEST_CONSTANT), "one value only");
    unmake(&m);
    mem_free(text);
}

static void a_table_without_labels_is_described(void **state)
{
    struct made m;

    (void)state;
    make(&m, "x,y\n1,5.5\n2,6.5\n3,8.5\n", "");
    assert_int_equal(m.profile.side_rows[0], 3);
    assert_near(feature(&m, "y")->side[0].mean, 20.5 / 3, 1e-6);
    assert_int_equal(feature(&m, "x")->rank.state, LW_TEST_NO_CLASSES);
    assert_int_equal(m.profile.n_tests, 0);
    unmake(&m);
}

static void collinear_row(struct buf *b, size_t i)
{
    size_t a = i * 37 % 101;
    size_t c = i * 53 % 97;

    buf_printf(b, "%zu,%zu,%zu,%zu,%s\n", a, c, 2 * a + 3 * c, i * 11 % 89,
               i % 2 ? "x" : "0");
}

static void sums_of_others_have_infinite_inflation(void **state)
{
    char *text = many_rows("a,c,sum,free,label", 400, collinear_row);
    struct made m;

    (void)state;
    make(&m, text, "");
    assert_true(isinf(feature(&m, "a")->vif));
    assert_true(isinf(feature(&m, "c")->vif));
    assert_true(isinf(feature(&m, "sum")->vif));
    assert_true(feature(&m, "free")->vif < 1.2);
    assert_string_equal(m.profile.features[feature(&m, "a")->correlated_with].name,
                        "sum");
    unmake(&m);
    mem_free(text);
}

/* ---- lint ---- */

static void leaky_row(struct buf *b, size_t i)
{
    bool bad = i % 3 == 0;

    buf_printf(b,
               "%zu,C%zx,%zu.5,5/7/2017 "
               "8:%02zu,10.0.%zu.%zu,fe80::%zx,%zu,%s,%zu,%zu.25,%zu,%s\n",
               i + 1, i * 7919, 1421927414 + i, i % 60, i % 4, i % 250, i % 9 + 1,
               1024 + i * 31 % 5000,
               bad     ? "T"
               : i % 2 ? "F"
                       : "G",
               bad ? 9 : i % 7, bad ? i + 1000 : i, i * 17 % 23,
               bad ? "Bot" : "Benign");
}

static void leaks_are_named_with_their_figure(void **state)
{
    char *text =
        many_rows("nr,uid2,stime,when,src,dst6,Src Port,flag,code,sep,good,Label", 300,
                  leaky_row);
    struct made m;

    (void)state;
    make(&m, text, "keep: [src_port]\n");
    assert_int_equal(leak(&m, "nr"), LW_LEAK_IDENTIFIER);
    assert_int_equal(leak(&m, "uid2"), LW_LEAK_IDENTIFIER);
    assert_int_equal(leak(&m, "stime"), LW_LEAK_TIME);
    assert_int_equal(leak(&m, "when"), LW_LEAK_TIME);
    assert_int_equal(leak(&m, "src"), LW_LEAK_ADDRESS);
    assert_int_equal(leak(&m, "dst6"), LW_LEAK_ADDRESS);
    assert_int_equal(leak(&m, "Src Port"), LW_LEAK_PORT);
    assert_int_equal(leak(&m, "flag"), LW_LEAK_LABEL);
    assert_int_equal(leak(&m, "code"), LW_LEAK_LABEL);
    assert_int_equal(leak(&m, "sep"), LW_LEAK_SEPARATES);
    assert_int_equal(leak(&m, "good"), -1);
    assert_int_equal(m.profile.n_leaks, 10);
    assert_near(m.profile.leaks[0].figure, 1, 0);
    assert_string_equal(m.profile.leaks[0].reason,
                        "a different value in 100.0 % of the rows, counting up");
    assert_false(m.profile.leaks[0].is_kept);
    assert_true(m.profile.leaks[6].is_kept);
    assert_string_equal(lw_leak_name(LW_LEAK_TIME), "time");
    unmake(&m);
    mem_free(text);
}

static void measurements_are_no_identifiers(void **state)
{
    struct buf b;
    struct made m;

    (void)state;
    buf_init(&b);
    buf_add_text(&b, "bytes,rate,transport,label\n");
    for (size_t i = 0; i < 200; i++)
        buf_printf(&b, "%zu,%zu.25,%s,%s\n", i * 7919 % 10007, i * 31 % 997,
                   i % 2 ? "tcp" : "udp", i % 3 ? "normal" : "dos");
    make(&m, buf_text(&b), "");
    assert_int_equal(m.profile.n_leaks, 0);
    unmake(&m);
    buf_release(&b);
}

/* ---- repeated rows ---- */

static void repeated_rows_are_counted(void **state)
{
    struct made m;
    uint8_t part[10] = {0, 0, 0, 1, 1, 0, 0, 1, 0, 1};
    uint64_t n_test = 0;
    uint64_t n_known = 0;

    (void)state;
    make(&m,
         "n,w,label\n"
         "1,a,0\n1,a,0\n,b,1\n1,a,1\n2,a,0\nNaN,b,1\n5,a,1\n5,a,1\n8,b,0\n1,a,0\n",
         "");
    assert_int_equal(m.profile.rows.n_rows, 10);
    assert_int_equal(m.profile.rows.n_distinct, 5);
    /* 1,a is normal three times and an attack once. */
    assert_int_equal(m.profile.rows.n_contradicting, 4);
    assert_int_equal(m.profile.rows.n_last, 3);
    assert_int_equal(m.profile.rows.n_last_known, 2);
    assert_int_equal(
        lw_profile_known_rows(m.frame, &m.profile, part, &n_test, &n_known, &err),
        LW_OK);
    assert_int_equal(n_test, 4);
    assert_int_equal(n_known, 3);
    unmake(&m);
}

/* ---- the logistic regression ---- */

/* 120 rows; `odd` is attacks' alone. */
static void make_logit(struct made *m, bool is_complete)
{
    struct buf b;

    buf_init(&b);
    buf_add_text(&b, "a,twice,flat,odd,w,label\n");
    for (size_t i = 0; i < 120; i++) {
        bool bad = is_complete ? i * 37 % 97 > 50 : i * 31 % 7 > 3;

        buf_printf(&b, "%zu,%zu,3,%d,%s,%s\n", i * 37 % 97, 2 * (i * 37 % 97),
                   bad && i % 4 == 0, i % 3 ? "x" : "y", bad ? "dos" : "normal");
    }
    make(m, buf_text(&b), "keep: [a, twice]");
    buf_release(&b);
}

static void terms_without_a_coefficient_are_told(void **state)
{
    const struct lw_profile_logit *l;
    struct made m;

    (void)state;
    make_logit(&m, false);
    l = &m.profile.logit;
    assert_int_equal(l->state, LW_TEST_APPLIES);
    assert_int_equal(l->n_rows, 120);
    assert_int_equal(l->n_terms, 5);
    assert_true(l->is_converged);
    assert_false(l->is_complete);
    assert_int_equal(l->terms[0].state, LW_LOGIT_FITTED);
    assert_int_equal(l->terms[0].wald.state, LW_TEST_APPLIES);
    assert_int_equal(l->terms[1].state, LW_LOGIT_DETERMINED);
    assert_int_equal(l->terms[2].state, LW_LOGIT_CONSTANT);
    assert_int_equal(l->terms[3].state, LW_LOGIT_SEPARATES);
    assert_true(l->terms[3].coefficient > 0);
    assert_true(isnan(l->terms[3].error));
    assert_int_equal(l->n_separate, 1);
    assert_string_equal(l->terms[4].word, "y");
    assert_true(l->terms[4].error > 0);
    unmake(&m);
}

static void complete_separation_has_no_figures(void **state)
{
    struct made m;

    (void)state;
    make_logit(&m, true);
    assert_true(m.profile.logit.is_complete);
    assert_int_equal(m.profile.logit.terms[0].wald.state, LW_TEST_OTHER_TYPE);
    unmake(&m);
}

static void memory_may_run_out_anywhere(void **state)
{
    char text[1024] = "a,b,w,label\n";

    (void)state;
    for (size_t i = 0; i < 70; i++)
        (void)snprintf(text + strlen(text), sizeof text - strlen(text),
                       "%zu,%zu,%s,%zu\n", i % 7, i % 5, i % 3 ? "x" : "y", i % 2);
    for (uint64_t n = 1;; n++) {
        struct made m;
        enum lw_status st;

        mem_fail_at(n, 0);
        st = try_make(&m, text, "");
        mem_fail_at(0, 0);
        unmake(&m);
        if (st == LW_OK)
            break;
        assert_int_equal(st, LW_ENOMEM);
        assert_true(n < 1000);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tails_are_those_of_other_programs),
        cmocka_unit_test(numbers_are_described_by_class),
        cmocka_unit_test(tests_say_when_they_do_not_apply),
        cmocka_unit_test(a_table_without_labels_is_described),
        cmocka_unit_test(sums_of_others_have_infinite_inflation),
        cmocka_unit_test(leaks_are_named_with_their_figure),
        cmocka_unit_test(measurements_are_no_identifiers),
        cmocka_unit_test(repeated_rows_are_counted),
        cmocka_unit_test(terms_without_a_coefficient_are_told),
        cmocka_unit_test(complete_separation_has_no_figures),
        cmocka_unit_test(memory_may_run_out_anywhere),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"
#include "test.h"

#include <lapwing/bundle.h>
#include <lapwing/tabular.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { N_TEXT = 65536, N_ROWS = 400 };

/* A row is an attack when a is above 5 or the word is z; the address and the number of
 * the row tell nothing that should be learnt. */
static size_t write_rows(char *text, size_t size, int first, bool with_label)
{
    static const char *const words[] = {"x", "y", "z"};
    size_t n = (size_t)snprintf(text, size, "row,src ip,a,b,word%s\n",
                                with_label ? ",attack_cat,Label" : "");

    for (int i = first; i < first + N_ROWS; i++) {
        int a = i * 7 % 11;
        const char *word = words[i % 13 == 0 ? 2 : i % 2];
        bool attack = a > 5 || word[0] == 'z';

        n += (size_t)snprintf(text + n, size - n, "%d,10.0.%d.%d,%d,%s,%s", i, i % 7,
                              i % 200, a, i % 9 == 0 ? "Infinity" : "1.5", word);
        if (with_label)
            n += (size_t)snprintf(text + n, size - n, ",%s,%d",
                                  !attack          ? "Normal"
                                  : word[0] == 'z' ? "Worm"
                                                   : "Scan",
                                  attack ? 1 : 0);
        text[n++] = '\n';
        text[n] = '\0';
    }
    assert_true(n < size);
    return n;
}

static struct lw_frame *read_text(const char *text)
{
    struct lw_frame *f = NULL;
    struct lw_error err;

    assert_int_equal(
        lw_frame_read_memory(&f, text, strlen(text), "rows.csv", NULL, &err), LW_OK);
    return f;
}

static struct lw_frame *make_frame(int first, bool with_label)
{
    static char text[N_TEXT];

    (void)write_rows(text, sizeof text, first, with_label);
    return read_text(text);
}

struct notes {
    char text[512];
};

static void note(void *ctx, const char *column, const char *why, bool kept)
{
    struct notes *n = ctx;
    size_t at = strlen(n->text);

    (void)snprintf(n->text + at, sizeof n->text - at, "%s%s(%.*s) ", kept ? "+" : "-",
                   column, (int)strcspn(why, ":"), why);
}

static struct lw_tabular *train(const struct lw_tabular_config *cfg,
                                struct lw_tabular_report *r)
{
    struct lw_frame *f = make_frame(0, true);
    struct lw_tabular *t = NULL;
    struct lw_error err;

    if (lw_tabular_train(&t, f, cfg, r, &err) != LW_OK)
        fail_msg("%s", err.msg);
    lw_frame_free(f);
    return t;
}

static void leaks_are_left_out_and_the_rule_is_found(void **state)
{
    struct notes notes = {""};
    const struct lw_tabular_config cfg = {
        .model = "tree", .table = {.lint = true, .note = note, .note_ctx = &notes}};
    struct lw_tabular_report r;
    struct lw_tabular *t = train(&cfg, &r);

    (void)state;
    assert_string_equal(notes.text, "-row(identifier) -src ip(address) "
                                    "-attack_cat(another label) ");
    assert_int_equal(r.n_rows, N_ROWS);
    assert_int_equal(r.n_columns, 3);
    /* Combinations of a, word and whether b is infinite, counted apart. */
    assert_true(r.n_distinct_rows < 100);
    assert_int_equal(r.n_contradicting, 0);
    assert_true(r.held_out.accuracy > .9);
    assert_true(r.held_out.accuracy > r.one_rule.accuracy);
    assert_true(r.one_rule.accuracy > r.majority.accuracy);
    assert_string_equal(lw_tabular_label(t), "Label");
    assert_string_equal(lw_tabular_class_names(t)[1], "Attack");
    assert_non_null(
        strstr(lw_tabular_provenance(t), "\"left_out\":[{\"name\":\"row\""));
    lw_tabular_free(t);
}

static void what_is_kept_marks_the_model(void **state)
{
    struct notes notes = {""};
    struct lw_schema schema = {0};
    struct lw_tabular_config cfg = {
        .model = "tree", .table = {.lint = true, .note = note, .note_ctx = &notes}};
    struct lw_tabular_report r;
    struct lw_error err;
    struct lw_tabular *t;

    (void)state;
    assert_int_equal(lw_schema_set(&schema, "keep", "SrcIP", &err), LW_OK);
    cfg.table.schema = &schema;
    t = train(&cfg, &r);
    assert_non_null(strstr(notes.text, "+src ip(address)"));
    assert_int_equal(r.n_kept_leaks, 1);
    assert_int_equal(r.n_columns, 4);
    assert_non_null(strstr(lw_tabular_provenance(t),
                           "\"kept_against_lint\":[{\"name\":\"src ip\""));
    lw_tabular_free(t);
    lw_schema_release(&schema);
}

/* Answers to the rows from `first` on. */
static struct lw_tabular_answer *answers(const struct lw_tabular *t, int first)
{
    struct lw_frame *f = make_frame(first, false);
    struct lw_tabular_answer *a = mem_zalloc(N_ROWS, sizeof *a);
    struct lw_error err;

    assert_non_null(a);
    assert_int_equal(lw_tabular_score(t, f, a, &err), LW_OK);
    lw_frame_free(f);
    return a;
}

static void make_file(char *path)
{
    int fd = mkstemp(path);

    assert_true(fd >= 0);
    (void)close(fd);
}

static void a_model_is_the_same_after_a_file(void **state)
{
    static const char *const kinds[] = {"tree",  "gbdt", "logit", "knn",
                                        "bayes", "mlp",  "mahal", "iforest"};
    char path[] = "/tmp/test_tabular-XXXXXX";
    char sum[2][13];

    (void)state;
    make_file(path);
    for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++)
        for (int round = 0; round < 2; round++) {
            const struct lw_tabular_config cfg = {
                .model = kinds[k],
                .table = {.lint = true, .level = LW_LEVEL_BINARY},
                .judge = {.clean = k % 2 == 0 ? "missing=median,scale=standard"
                                              : "encode=target,rare=5",
                          .seed = 3},
                .params = {.n_rounds = 5, .n_steps = 50}};
            struct lw_tabular_report r;
            struct lw_tabular *t = train(&cfg, &r);
            struct lw_tabular *again = NULL;
            struct lw_error err;
            struct lw_tabular_answer *a = answers(t, 1000);
            struct lw_tabular_answer *b;

            assert_int_equal(lw_tabular_save(t, path, &err), LW_OK);
            assert_int_equal(lw_tabular_load(&again, path, &err), LW_OK);
            b = answers(again, 1000);
            for (size_t i = 0; i < N_ROWS; i++) {
                assert_int_equal(a[i].class_idx, b[i].class_idx);
                assert_memory_equal(&a[i].attack_score, &b[i].attack_score,
                                    sizeof a[i].attack_score);
                assert_true(a[i].p_value > 0 && a[i].p_value <= 1);
            }
            assert_string_equal(lw_tabular_provenance(again), lw_tabular_provenance(t));
            (void)snprintf(sum[round], sizeof sum[round], "%s", lw_tabular_id(again));
            if (round == 1)
                assert_string_equal(sum[0], sum[1]); /* the same bytes */
            mem_free(a);
            mem_free(b);
            lw_tabular_free(t);
            lw_tabular_free(again);
        }
    (void)remove(path);
}

static void names_are_classes_where_asked_for(void **state)
{
    struct lw_schema schema = {0};
    struct lw_tabular_config cfg = {.model = "tree",
                                    .table = {.lint = true, .level = LW_LEVEL_NAME}};
    struct lw_tabular_report r;
    struct lw_tabular_result *result = mem_zalloc(1, sizeof *result);
    struct lw_frame *f = make_frame(500, true);
    struct lw_error err;
    struct lw_tabular *t;

    (void)state;
    assert_non_null(result);
    assert_int_equal(lw_schema_set(&schema, "label", "attack_cat", &err), LW_OK);
    cfg.table.schema = &schema;
    t = train(&cfg, &r);
    assert_int_equal(lw_tabular_classes(t), 3);
    assert_string_equal(lw_tabular_class_names(t)[0], "Normal");
    assert_int_equal(lw_tabular_judge(t, f, NULL, result, &err), LW_OK);
    assert_true(result->all.accuracy > .95);
    assert_int_equal(result->n_unseen_rows, 0);
    assert_int_equal(result->n_new_word_rows, 0);
    cfg.table.level = LW_LEVEL_CLASS;
    lw_tabular_free(t);
    assert_int_equal(lw_tabular_train(&t, f, &cfg, &r, &err), LW_EFORMAT);
    assert_non_null(strstr(err.msg, "neither an attack nor a class of KDD'99"));
    mem_free(result);
    lw_frame_free(f);
    lw_schema_release(&schema);
}

static void other_tables_are_met_as_they_come(void **state)
{
    static const char *const texts[] = {
        /* other order, an unknown word, a label never seen */
        "word,b,a,Label\nx,1.5,3,normal\nnew,1.5,9,zeroday\nz,,9,1\n",
        "word,a,Label\nx,3,0\ny,9,1\n", "word,a,b,Label\nx,three,1,0\nz,4,1,1\n"};
    static const char *const wants[] = {"", "no column 'b'", "holds words"};
    const struct lw_tabular_config cfg = {.model = "tree", .table = {.lint = true}};
    struct lw_tabular_report r;
    struct lw_tabular *t = train(&cfg, &r);
    struct lw_tabular_result *result = mem_zalloc(1, sizeof *result);
    struct lw_error err;

    (void)state;
    assert_non_null(result);
    for (size_t i = 0; i < 3; i++) {
        struct lw_frame *f = read_text(texts[i]);
        enum lw_status st = lw_tabular_judge(t, f, NULL, result, &err);

        assert_int_equal(st, i == 0 ? LW_OK : LW_EFORMAT);
        if (i > 0)
            assert_non_null(strstr(err.msg, wants[i]));
        lw_frame_free(f);
        if (i > 0)
            continue;
        assert_int_equal(result->all.n_rows, 3);
        assert_int_equal(result->n_unseen_rows, 1);
        assert_int_equal(result->n_new_word_rows, 1);
        assert_string_equal(result->unseen_types, "zeroday");
    }
    mem_free(result);
    lw_tabular_free(t);
}

static void damaged_files_are_refused(void **state)
{
    char path[] = "/tmp/test_tabular-XXXXXX";
    const struct lw_tabular_config cfg = {.model = "tree", .table = {.lint = true}};
    static const char *const tags[] = {"TABLE", "ENCODER", "CLEAN", "MODEL"};
    struct lw_tabular_report r;
    struct lw_tabular *t = train(&cfg, &r);
    struct lw_error err;

    (void)state;
    make_file(path);
    assert_int_equal(lw_tabular_save(t, path, &err), LW_OK);
    lw_tabular_free(t);
    for (size_t k = 0; k < sizeof tags / sizeof tags[0]; k++) {
        struct lw_bundle *b = NULL;
        const void *p;
        size_t n;

        assert_int_equal(lw_bundle_load(&b, path, &err), LW_OK);
        p = lw_bundle_get(b, tags[k], &n);
        assert_non_null(p);
        lw_bundle_free(b);
        /* Cut off everywhere, as a checksum would not show. */
        for (size_t cut = 0; cut < n; cut += 1 + n / 97) {
            struct lw_tabular *bad = NULL;
            void *copy;

            assert_int_equal(lw_bundle_load(&b, path, &err), LW_OK);
            copy = mem_dup(lw_bundle_get(b, tags[k], &n), n);
            assert_non_null(copy);
            assert_int_equal(lw_bundle_put(b, tags[k], copy, cut, &err), LW_OK);
            assert_int_equal(lw_bundle_save(b, path, &err), LW_OK);
            assert_int_not_equal(lw_tabular_load(&bad, path, &err), LW_OK);
            assert_int_equal(lw_bundle_put(b, tags[k], copy, n, &err), LW_OK);
            assert_int_equal(lw_bundle_save(b, path, &err), LW_OK);
            lw_bundle_free(b);
            mem_free(copy);
        }
    }
    (void)remove(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(leaks_are_left_out_and_the_rule_is_found),
        cmocka_unit_test(what_is_kept_marks_the_model),
        cmocka_unit_test(a_model_is_the_same_after_a_file),
        cmocka_unit_test(names_are_classes_where_asked_for),
        cmocka_unit_test(other_tables_are_met_as_they_come),
        cmocka_unit_test(damaged_files_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

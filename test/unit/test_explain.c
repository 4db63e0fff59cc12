/* SPDX-License-Identifier: Apache-2.0 */
/* Scores taken apart, nearest normal records, smallest changes; and model files from
 * before there were sets and calibration. */
#include "base/buf.h"
#include "base/rng.h"
#include "detect/classifier_priv.h"
#include "learn/model_ops.h"
#include "test.h"

#include <lapwing/bundle.h>
#include <lapwing/explain.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { WIDTH = 41, KINDS = 6, ROWS_OF_KIND = 60 };

static char dir[] = "/tmp/lw-explain-XXXXXX";
static struct lw_frame *frame;
static struct lw_matrix table;
static struct lw_classifier *blend; /* of the preset's kind */

static const char *temp_path(const char *name)
{
    static char path[128];

    (void)snprintf(path, sizeof path, "%s/%s", dir, name);
    return path;
}

/* label, service, flag, bytes, count */
static const struct {
    const char *label;
    const char *service;
    const char *flag;
    int bytes;
    int count;
} kinds[KINDS] = {
    {"normal", "http", "SF", 300, 5},         {"normal", "smtp", "SF", 900, 1},
    {"neptune", "private", "S0", 0, 200},     {"satan", "other", "REJ", 0, 100},
    {"guess_passwd", "telnet", "SF", 125, 1}, {"rootkit", "ftp_data", "SF", 5000, 1},
};

static void make_table(struct buf *out)
{
    struct rng rng;

    rng_init(&rng, 5);
    for (int i = 0; i < ROWS_OF_KIND; i++)
        for (size_t k = 0; k < KINDS; k++) {
            int count = kinds[k].count + (int)rng_below(&rng, 5);
            int bytes = kinds[k].bytes + (int)rng_below(&rng, 20);

            buf_printf(out, "0,tcp,%s,%s,%d,%d,0,0,0", kinds[k].service, kinds[k].flag,
                       bytes, bytes / 2);
            for (int c = 9; c < 22; c++)
                buf_add_text(out, ",0");
            buf_printf(out, ",%d,%d", count, count / 2 + 1);
            for (int c = 24; c < 41; c++)
                buf_printf(out, ",0.%02d", (int)rng_below(&rng, 10));
            buf_printf(out, ",%s,20\n", kinds[k].label);
        }
}

static struct lw_classifier *train(const char *model, const char *options)
{
    const struct lw_train_config cfg = {.preset = "nsl-kdd",
                                        .model = model,
                                        .n_repeats = 1,
                                        .params = {.n_rounds = 5,
                                                   .max_depth = 3,
                                                   .n_steps = 100,
                                                   .hidden = 8,
                                                   .options = options,
                                                   .seed = 1}};
    struct lw_train_report report;
    struct lw_classifier *c = NULL;
    struct lw_error err = {LW_OK, ""};

    if (lw_train(frame, temp_path("m.lwm"), &cfg, &report, &err) != LW_OK ||
        lw_classifier_load(&c, temp_path("m.lwm"), &err) != LW_OK)
        fail_msg("%s", err.msg);
    return c;
}

static int make_all(void **state)
{
    struct lw_error err = {LW_OK, ""};
    struct buf text;

    (void)state;
    if (mkdtemp(dir) == NULL)
        return -1;
    buf_init(&text);
    make_table(&text);
    if (lw_frame_read_memory(&frame, text.data, text.len, "table", NULL, &err) !=
            LW_OK ||
        lw_view_map(lw_view_get("kdd"), frame, &table, &err) != LW_OK)
        return -1;
    buf_release(&text);
    blend = train(NULL, NULL);
    return 0;
}

static int release_all(void **state)
{
    (void)state;
    lw_classifier_free(blend);
    lw_matrix_release(&table);
    lw_frame_free(frame);
    (void)unlink(temp_path("m.lwm"));
    (void)unlink(temp_path("old.lwm"));
    (void)unlink(temp_path("full.lwm"));
    return rmdir(dir);
}

static void score_of(const struct lw_classifier *c, const float *row, float *margins)
{
    float x[512];

    assert_true(encoder_outputs(c->encoder) <= 512);
    encoder_apply(c->encoder, row, 1, x);
    model_margins(c->model, x, 1, margins);
}

static void assert_adds_up(const struct lw_classifier *c, enum lw_breakdown_kind kind)
{
    float margins[LW_MAX_CLASSES];
    struct lw_breakdown b;
    struct lw_error err = {LW_OK, ""};

    for (size_t r = 0; r < KINDS; r++) {
        const float *row = table.x + r * WIDTH;
        double sum;

        score_of(c, row, margins);
        for (uint32_t k = 0; k < c->n_classes; k++) {
            assert_int_equal(lw_classifier_breakdown(c, row, k, NULL, &b, &err), LW_OK);
            assert_int_equal(b.kind, kind);
            sum = b.base;
            for (size_t i = 0; i < WIDTH; i++)
                sum += b.part[i];
            assert_near(sum, b.score, 1e-9);
            assert_near(sum, margins[k], 1e-3 * (1 + fabs((double)margins[k])));
            assert_near(b.part[lw_view_find(c->view, "duration")], 0, 1e-9);
        }
    }
}

static void parts_add_up_to_the_score(void **state)
{
    struct lw_classifier *c;

    (void)state;
    assert_adds_up(blend, LW_BREAKDOWN_EXACT);
    c = train("bayes", "smoothing=0.1");
    assert_adds_up(c, LW_BREAKDOWN_SHUFFLED);
    lw_classifier_free(c);
    c = train("knn", "votes=distance");
    assert_adds_up(c, LW_BREAKDOWN_SHUFFLED);
    lw_classifier_free(c);
}

/* The shuffled parts of an additive score are its terms, from the mean record on. */
static void shuffled_parts_are_fair(void **state)
{
    struct lw_classifier *c = train("bayes", "smoothing=0.1");
    const struct lw_matrix one = {table.x, 1, WIDTH};
    struct lw_breakdown b[2];
    struct lw_error err = {LW_OK, ""};
    float row[WIDTH];
    float margins[2][LW_MAX_CLASSES];
    int count = lw_view_find(c->view, "count");

    (void)state;
    /* Against one normal record, one value changed: all of the difference is its. */
    memcpy(row, table.x, sizeof row);
    row[count] = 150;
    assert_int_equal(lw_classifier_breakdown(c, row, 1, &one, &b[0], &err), LW_OK);
    assert_int_equal(lw_classifier_breakdown(c, row, 1, &one, &b[1], &err), LW_OK);
    assert_memory_equal(&b[0], &b[1], sizeof b[0]);
    score_of(c, table.x, margins[0]);
    score_of(c, row, margins[1]);
    assert_near(b[0].part[count], (double)margins[1][1] - (double)margins[0][1], 1e-3);
    for (int i = 0; i < WIDTH; i++)
        if (i != count)
            assert_near(b[0].part[i], 0, 1e-9);
    lw_classifier_free(c);
}

static void a_normal_record_is_its_own_nearest(void **state)
{
    const struct lw_matrix *normals = lw_classifier_normals(blend);
    struct lw_neighbour near;
    struct lw_error err = {LW_OK, ""};
    const struct lw_matrix none = {NULL, 0, WIDTH};

    (void)state;
    assert_int_equal(normals->n_rows, 2 * ROWS_OF_KIND);
    for (size_t r = 0; r < normals->n_rows; r++) {
        assert_int_equal(
            lw_classifier_nearest(blend, normals->x + r * WIDTH, NULL, &near, &err),
            LW_OK);
        assert_true(near.distance <= 0);
    }
    assert_int_equal(
        lw_classifier_nearest(blend, table.x + 2 * WIDTH, NULL, &near, &err), LW_OK);
    assert_true(near.distance > 1);
    assert_true(near.apart[lw_view_find(blend->view, "service")] > 0.5f);
    assert_int_equal(lw_classifier_nearest(blend, table.x, &none, &near, &err),
                     LW_ENOTFOUND);
}

static bool is_observed(size_t feature, float v)
{
    const struct lw_matrix *normals = lw_classifier_normals(blend);

    for (size_t r = 0; r < normals->n_rows; r++)
        if (!(normals->x[r * WIDTH + feature] < v) &&
            !(normals->x[r * WIDTH + feature] > v))
            return true;
    return false;
}

/* Whatever is found does what it says, with values that occur, and none too many. */
static void changes_flip_and_are_not_too_large(void **state)
{
    size_t n_found = 0;

    (void)state;
    for (size_t r = 0; r < 5 * KINDS; r++) {
        struct lw_verdict v[2];
        struct lw_change ch;
        struct lw_error err = {LW_OK, ""};
        float row[WIDTH];

        memcpy(row, table.x + r * WIDTH, sizeof row);
        assert_int_equal(lw_classifier_judge(blend, row, 1, &v[0], &err), LW_OK);
        assert_int_equal(lw_classifier_change(blend, row, NULL, &ch, &err), LW_OK);
        if (ch.n == 0)
            continue;
        n_found++;
        assert_in_range(ch.n, 1, LW_CHANGE_MAX);
        for (size_t i = 0; i < ch.n; i++) {
            assert_true(is_observed(ch.feature_idx[i], ch.to[i]));
            row[ch.feature_idx[i]] = ch.to[i];
        }
        assert_int_equal(lw_classifier_judge(blend, row, 1, &v[1], &err), LW_OK);
        assert_memory_equal(&v[1], &ch.verdict, sizeof v[1]);
        assert_true((v[0].verdict == LW_VERDICT_NORMAL) !=
                    (v[1].verdict == LW_VERDICT_NORMAL));
        /* None of them can be spared. */
        for (size_t i = 0; ch.n > 1 && i < ch.n; i++) {
            uint16_t f = ch.feature_idx[i];
            float to = row[f];

            row[f] = table.x[r * WIDTH + f];
            assert_int_equal(lw_classifier_judge(blend, row, 1, &v[1], &err), LW_OK);
            assert_true((v[0].verdict == LW_VERDICT_NORMAL) ==
                        (v[1].verdict == LW_VERDICT_NORMAL));
            row[f] = to;
        }
    }
    assert_true(n_found > KINDS);
}

static void words_have_unit_and_usual_range(void **state)
{
    char words[128];
    int count = lw_view_find(blend->view, "count");
    float usual[2];

    (void)state;
    lw_classifier_usual(blend, (size_t)count, usual);
    (void)lw_classifier_say(blend, (size_t)count, 438, words, sizeof words);
    assert_int_equal(strncmp(words, "438 connections to this host in 2 s (usual: ", 44),
                     0);
    assert_true(usual[0] >= 1 && usual[1] <= 10);
    (void)lw_classifier_say(blend, (size_t)count, NAN, words, sizeof words);
    assert_string_equal(words, "count could not be measured");
    (void)lw_classifier_say(blend, (size_t)count, 438, words, 8);
    assert_string_equal(words, "438 con");
}

/* Every feature of every view says a value, alone and in a sentence. */
static void every_feature_has_words(void **state)
{
    const struct lw_view *view;

    (void)state;
    for (size_t i = 0; (view = lw_view_at(i)) != NULL; i++)
        for (size_t f = 0; f < view->n_features; f++) {
            const struct lw_feature *of = &view->features[f];
            char value[128];
            char words[256];

            assert_non_null(strstr(of->words, "%s"));
            assert_true(lw_feature_say_value(of, 1, value, sizeof value) > 0);
            assert_true(lw_feature_say(of, 1, words, sizeof words) >= strlen(value));
            assert_non_null(strstr(words, value));
        }
}

/* A file without the newer sections: same decisions, the rule's own probabilities. */
static void older_files_judge_as_they_did(void **state)
{
    static const char *const tags[] = {"VIEW",  "ENCODER", "MODEL",  "CLASSES",
                                       "RULE",  "NOVELTY", "NORMAL", "USUAL",
                                       "TYPES", "PROV"};
    static const char *const newer[] = {"SETS", "CALIB", "SAMPLE"};
    struct lw_bundle *b = NULL;
    struct lw_bundle *old = NULL;
    struct lw_classifier *c = NULL;
    struct lw_classifier *full = NULL;
    struct lw_error err = {LW_OK, ""};

    (void)state;
    lw_classifier_free(blend);
    blend = train(NULL, NULL);
    assert_int_equal(lw_bundle_load(&b, temp_path("m.lwm"), &err), LW_OK);
    assert_int_equal(lw_bundle_new(&old, &err), LW_OK);
    for (size_t i = 0; i < sizeof tags / sizeof tags[0]; i++) {
        size_t n;
        const void *p = lw_bundle_get(b, tags[i], &n);

        /* Their rules had no nearness, which comes last. */
        n -= strcmp(tags[i], "RULE") == 0 ? sizeof(float) : 0;
        assert_int_equal(lw_bundle_put(old, tags[i], p, n, &err), LW_OK);
    }
    assert_int_equal(lw_bundle_save(old, temp_path("old.lwm"), &err), LW_OK);
    assert_int_equal(lw_classifier_load(&c, temp_path("old.lwm"), &err), LW_OK);
    for (size_t i = 0; i < sizeof newer / sizeof newer[0]; i++) {
        size_t n;
        const void *p = lw_bundle_get(b, newer[i], &n);

        assert_int_equal(lw_bundle_put(old, newer[i], p, n, &err), LW_OK);
    }
    assert_int_equal(lw_bundle_save(old, temp_path("full.lwm"), &err), LW_OK);
    assert_int_equal(lw_classifier_load(&full, temp_path("full.lwm"), &err), LW_OK);
    assert_true(lw_classifier_calibrated(blend) && !lw_classifier_calibrated(c));
    assert_true(lw_classifier_level(blend) > 0 && lw_classifier_level(c) <= 0);
    for (size_t r = 0; r < table.n_rows; r++) {
        const float *row = table.x + r * WIDTH;
        float margins[LW_MAX_CLASSES];
        float squashed[CLASSIFIER_FEATURES_MAX];
        float p[LW_MAX_CLASSES];
        struct lw_verdict v[2];

        assert_int_equal(lw_classifier_judge(full, row, 1, &v[0], &err), LW_OK);
        assert_int_equal(lw_classifier_judge(c, row, 1, &v[1], &err), LW_OK);
        assert_int_equal(v[0].decision, v[1].decision);
        assert_int_equal(v[0].n_classes_p, 5);
        assert_int_equal(v[1].n_classes_p, 0);
        score_of(c, row, margins);
        (void)classifier_squashed(c->view, row, squashed);
        (void)classifier_decide(c, margins, squashed, p);
        assert_memory_equal(p, v[1].score, 5 * sizeof p[0]);
    }
    lw_classifier_free(full);
    lw_classifier_free(c);
    lw_bundle_free(old);
    lw_bundle_free(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts_add_up_to_the_score),
        cmocka_unit_test(shuffled_parts_are_fair),
        cmocka_unit_test(a_normal_record_is_its_own_nearest),
        cmocka_unit_test(changes_flip_and_are_not_too_large),
        cmocka_unit_test(words_have_unit_and_usual_range),
        cmocka_unit_test(every_feature_has_words),
        cmocka_unit_test(older_files_judge_as_they_did),
    };

    return cmocka_run_group_tests(tests, make_all, release_all);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Models made of models: means, cascades and versus. */
#include "base/buf.h"
#include "base/mem.h"
#include "learn/members.h"
#include "sample.h"
#include "test.h"

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

enum { N_ROWS = SAMPLE_ROWS, N_COLS = SAMPLE_COLS, N_CLASSES = 3 };

static struct lw_model *fit(const char *kind, const char *options,
                            const struct lw_matrix *x, const uint32_t *labels,
                            uint32_t n_classes, const float *weights)
{
    const struct lw_model_params params = {
        .n_rounds = 2, .max_depth = 3, .seed = 4, .options = options};
    struct lw_model *m = NULL;
    struct lw_error err = {.msg = ""};

    if (lw_model_fit(&m, kind, &params, x, labels, n_classes, weights, &err) != LW_OK)
        fail_msg("%s: %s", kind, err.msg);
    return m;
}

static struct lw_model *fit_sample(const char *kind, const char *options,
                                   const struct sample *s)
{
    return fit(kind, options, &s->x, s->labels, s->n_classes, s->weights);
}

static void a_mean_is_that_of_its_members(void **state)
{
    struct sample s;
    struct lw_model *m[4];
    float p[4][N_ROWS * N_CLASSES];

    (void)state;
    sample_init(&s, N_CLASSES, 1);
    m[0] = fit_sample("bayes", NULL, &s);
    m[1] = fit_sample("tree", "depth=2", &s);
    m[2] = fit_sample("mean", "tree.depth=2,of=bayes+tree", &s);
    m[3] = fit_sample("mean", "of=bayes+tree,by=score,tree.depth=2", &s);
    for (size_t i = 0; i < 3; i++)
        lw_model_predict(m[i], s.x.x, N_ROWS, p[i]);
    for (size_t i = 0; i < N_ROWS * N_CLASSES; i++)
        assert_true(p[2][i] == (p[0][i] + p[1][i]) / 2);
    model_margins(m[0], s.x.x, N_ROWS, p[0]);
    model_margins(m[1], s.x.x, N_ROWS, p[1]);
    model_margins(m[3], s.x.x, N_ROWS, p[3]);
    for (size_t i = 0; i < N_ROWS * N_CLASSES; i++)
        assert_true(p[3][i] == (p[0][i] + p[1][i]) / 2);
    for (size_t i = 0; i < 4; i++)
        lw_model_free(m[i]);
    sample_release(&s);
}

/* The same two models, fitted by hand. */
static void a_cascade_multiplies_its_stages(void **state)
{
    struct sample s;
    struct lw_matrix attacks;
    uint32_t side[N_ROWS];
    uint32_t which[N_ROWS];
    float weight[N_ROWS];
    size_t n = 0;
    struct lw_model *m[3];
    float first[N_ROWS * 2];
    float second[N_ROWS * 2];
    float p[N_ROWS * N_CLASSES];
    double phi[2][N_COLS + 1];

    (void)state;
    sample_init(&s, N_CLASSES, 2);
    assert_int_equal(lw_matrix_init(&attacks, N_ROWS, N_COLS, NULL), LW_OK);
    for (size_t r = 0; r < N_ROWS; r++) {
        side[r] = s.labels[r] != 0;
        if (side[r] == 0)
            continue;
        memcpy(attacks.x + n * N_COLS, s.x.x + r * N_COLS, N_COLS * sizeof *s.x.x);
        weight[n] = s.weights[r];
        which[n++] = s.labels[r] - 1;
    }
    attacks.n_rows = n;
    m[0] = fit("tree", "depth=4", &s.x, side, 2, s.weights);
    m[1] = fit("bayes", NULL, &attacks, which, 2, weight);
    m[2] = fit_sample("cascade", "of=tree+bayes,tree.depth=4", &s);
    lw_model_predict(m[0], s.x.x, N_ROWS, first);
    lw_model_predict(m[1], s.x.x, N_ROWS, second);
    lw_model_predict(m[2], s.x.x, N_ROWS, p);
    for (size_t r = 0; r < N_ROWS; r++) {
        assert_true(p[3 * r] == first[2 * r]);
        assert_true(p[3 * r + 1] == first[2 * r + 1] * second[2 * r]);
        assert_true(p[3 * r + 2] == first[2 * r + 1] * second[2 * r + 1]);
    }
    /* Reasons are the first stage's: what made it an attack. */
    assert_int_equal(lw_model_contributions(m[2], s.x.x, 2, phi[0], NULL), LW_OK);
    assert_int_equal(lw_model_contributions(m[0], s.x.x, 1, phi[1], NULL), LW_OK);
    assert_memory_equal(phi[0], phi[1], sizeof phi[0]);
    for (size_t i = 0; i < 3; i++)
        lw_model_free(m[i]);
    lw_matrix_release(&attacks);
    sample_release(&s);
}

/* The model of the second class, fitted by hand on its rows and the normal ones. */
static void versus_asks_for_each_class_alone(void **state)
{
    struct sample s;
    struct lw_matrix pair;
    uint32_t side[N_ROWS];
    float weight[N_ROWS];
    size_t n = 0;
    struct lw_model *m[2];
    float alone[N_ROWS * 2];
    float margins[N_ROWS * N_CLASSES];
    double phi[2][N_COLS + 1];

    (void)state;
    sample_init(&s, N_CLASSES, 2);
    assert_int_equal(lw_matrix_init(&pair, N_ROWS, N_COLS, NULL), LW_OK);
    for (size_t r = 0; r < N_ROWS; r++) {
        if (s.labels[r] == 1)
            continue;
        memcpy(pair.x + n * N_COLS, s.x.x + r * N_COLS, N_COLS * sizeof *s.x.x);
        weight[n] = s.weights[r];
        side[n++] = s.labels[r] == 2;
    }
    pair.n_rows = n;
    m[0] = fit("gbdt", NULL, &pair, side, 2, weight);
    m[1] = fit_sample("versus", NULL, &s);
    model_margins(m[0], s.x.x, N_ROWS, alone);
    model_margins(m[1], s.x.x, N_ROWS, margins);
    for (size_t r = 0; r < N_ROWS; r++) {
        assert_true(margins[3 * r] == 0);
        assert_near(margins[3 * r + 2], alone[2 * r + 1] - alone[2 * r], 1e-6);
    }
    assert_int_equal(lw_model_contributions(m[1], s.x.x, 2, phi[0], NULL), LW_OK);
    assert_int_equal(lw_model_contributions(m[0], s.x.x, 1, phi[1], NULL), LW_OK);
    assert_memory_equal(phi[0], phi[1], sizeof phi[0]);
    for (size_t i = 0; i < 2; i++)
        lw_model_free(m[i]);
    lw_matrix_release(&pair);
    sample_release(&s);
}

static void of_two_classes_the_first_stage_answers(void **state)
{
    struct sample s;
    struct lw_model *m[2];
    float p[2][N_ROWS * 2];

    (void)state;
    sample_init(&s, 2, 3);
    m[0] = fit_sample("tree", NULL, &s);
    m[1] = fit_sample("cascade", "of=tree+bayes", &s);
    for (size_t i = 0; i < 2; i++) {
        lw_model_predict(m[i], s.x.x, N_ROWS, p[i]);
        lw_model_free(m[i]);
    }
    assert_memory_equal(p[0], p[1], sizeof p[0]);
    sample_release(&s);
}

static void every_other_kind_can_be_a_member(void **state)
{
    struct lw_model_kind kind;
    size_t n = 0;

    (void)state;
    for (size_t i = 0; lw_model_kind_at(i, &kind); i++) {
        size_t at = 0;

        while (members_kinds[at] != NULL && strcmp(members_kinds[at], kind.name) != 0)
            at++;
        if (strcmp(kind.name, "blend") == 0 || strcmp(kind.name, "mean") == 0 ||
            strcmp(kind.name, "cascade") == 0 || strcmp(kind.name, "versus") == 0)
            assert_null(members_kinds[at]);
        else
            assert_non_null(members_kinds[at]);
        n += members_kinds[at] != NULL ? 1 : 0;
    }
    assert_null(members_kinds[n]);
    assert_string_equal(members_kinds[MEMBERS_GBDT], "gbdt");
    assert_string_equal(members_kinds[MEMBERS_FOREST], "forest");
    assert_string_equal(members_kinds[MEMBERS_LOGIT], "logit");
}

static void bad_options_are_refused(void **state)
{
    static const struct {
        const char *kind;
        const char *options;
        const char *says;
    } bad[] = {
        {"mean", "of=tree", "name 2 to 8"},
        {"mean", "of=", "name 2 to 8"},
        {"mean", "of=tree+tree", "tree is named twice"},
        {"mean", "of=tree+blend", "it can be gbdt, tree"},
        {"mean", "of=tree++bayes", "it can be"},
        {"mean", "of=gbdt+tree+forest+ada+bayes+knn+iforest+lof+pca", "name 2 to 8"},
        {"mean", "of=tree+bayes,forest.trees=3", "forest.trees=3: no member"},
        {"mean", "of=tree+bayes,tree.trees=3", "tree has no parameter \"trees\""},
        {"mean", "of=tree+bayes,depth=3", "mean has no parameter \"depth\""},
        {"cascade", "of=tree+bayes+ada", "name 2 to 2"},
        {"cascade", "of=tree+iforest", "iforest learns what is normal"},
        {"cascade", "of=tree+bayes,ada.trees=3", "no member"},
        {"tree", "a.b=3", "tree has no parameter \"a.b\""},
    };
    struct sample s;

    (void)state;
    sample_init(&s, N_CLASSES, 4);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        const struct lw_model_params params = {.options = bad[i].options};
        struct lw_model *m = NULL;
        struct lw_error err = {.msg = ""};

        assert_int_equal(lw_model_fit(&m, bad[i].kind, &params, &s.x, s.labels,
                                      N_CLASSES, NULL, &err),
                         LW_EINVAL);
        if (strstr(err.msg, bad[i].says) == NULL)
            fail_msg("%s %s: %s", bad[i].kind, bad[i].options, err.msg);
    }
    sample_release(&s);
}

/* One byte of a stored model changed; the message must name the trouble. */
static void expect_refused(struct buf *b, size_t at, int value, const char *says)
{
    char before = b->data[at];
    struct lw_model *m = NULL;
    struct lw_error err = {.msg = ""};

    b->data[at] = (char)value;
    assert_int_equal(model_load(&m, span_of(b->data, b->len), &err), LW_EFORMAT);
    if (strstr(err.msg, says) == NULL)
        fail_msg("byte %zu: %s", at, err.msg);
    b->data[at] = before;
}

static void files_that_do_not_fit_together_are_refused(void **state)
{
    struct sample s;
    struct lw_model *m;
    struct buf b;

    (void)state;
    sample_init(&s, N_CLASSES, 5);
    m = fit_sample("cascade", "of=tree+bayes", &s);
    buf_init(&b);
    model_save(m, &b);
    expect_refused(&b, 16, 4, "fit together"); /* classes */
    expect_refused(&b, 16, 2, "fit together");
    expect_refused(&b, 12, N_COLS + 1, "fit together");
    expect_refused(&b, 20, 1, "behind its last member");
    memcpy(b.data + 25, "cascade", 8); /* the first member's kind */
    expect_refused(&b, 20, 2, "a member is a blend, mean, cascade or versus");
    buf_release(&b);
    lw_model_free(m);
    m = fit_sample("mean", "of=tree+bayes", &s);
    buf_init(&b);
    model_save(m, &b);
    expect_refused(&b, 20, 2, "of 2");
    expect_refused(&b, 16, 4, "fit together");
    buf_release(&b);
    lw_model_free(m);
    sample_release(&s);
}

static void attacks_are_needed(void **state)
{
    const struct lw_model_params params = {.options = "of=tree+bayes"};
    struct sample s;
    struct lw_model *m = NULL;
    uint32_t labels[N_ROWS] = {0};

    (void)state;
    sample_init(&s, N_CLASSES, 6);
    assert_int_equal(
        lw_model_fit(&m, "cascade", &params, &s.x, labels, N_CLASSES, NULL, NULL),
        LW_EINVAL);
    sample_release(&s);
}

static void memory_may_run_out_anywhere(void **state)
{
    static const char *const kinds[] = {"mean", "cascade"};
    const struct lw_model_params params = {.options = "of=tree+bayes,tree.depth=2"};
    struct sample s;

    (void)state;
    sample_init(&s, N_CLASSES, 7);
    for (size_t k = 0; k < 2; k++) {
        struct lw_model *m = NULL;
        struct lw_model *back = NULL;
        struct lw_error err;
        struct buf b;

        for (uint64_t n = 1; m == NULL; n++) {
            mem_fail_at(n, 0);
            if (lw_model_fit(&m, kinds[k], &params, &s.x, s.labels, N_CLASSES,
                             s.weights, &err) != LW_OK)
                assert_int_equal(err.code, LW_ENOMEM);
        }
        mem_fail_at(0, 0);
        buf_init(&b);
        model_save(m, &b);
        for (uint64_t n = 1; back == NULL; n++) {
            mem_fail_at(n, 0);
            if (model_load(&back, span_of(b.data, b.len), &err) != LW_OK)
                assert_int_equal(err.code, LW_ENOMEM);
        }
        mem_fail_at(0, 0);
        buf_release(&b);
        lw_model_free(back);
        lw_model_free(m);
    }
    sample_release(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_mean_is_that_of_its_members),
        cmocka_unit_test(a_cascade_multiplies_its_stages),
        cmocka_unit_test(versus_asks_for_each_class_alone),
        cmocka_unit_test(of_two_classes_the_first_stage_answers),
        cmocka_unit_test(every_other_kind_can_be_a_member),
        cmocka_unit_test(bad_options_are_refused),
        cmocka_unit_test(files_that_do_not_fit_together_are_refused),
        cmocka_unit_test(attacks_are_needed),
        cmocka_unit_test(memory_may_run_out_anywhere),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

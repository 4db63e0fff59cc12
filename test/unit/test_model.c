/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"
#include "base/mem.h"
#include "base/rng.h"
#include "learn/forest.h"
#include "learn/forest_kernel.h"
#include "learn/gbdt_xgboost.h"
#include "learn/model_ops.h"
#include "sample.h"
#include "test.h"

#include <lapwing/model.h>

#include <cmocka.h>

#include <math.h>
#include <string.h>

enum { N_ROWS = SAMPLE_ROWS, N_COLS = SAMPLE_COLS };

static void matrix_make(struct lw_matrix *m, size_t n_rows, size_t n_cols)
{
    assert_int_equal(lw_matrix_init(m, n_rows, n_cols, NULL), LW_OK);
}

static struct model_task task_of(const struct sample *s,
                                 const struct lw_model_params *params)
{
    return (struct model_task){.params = params,
                               .x = &s->x,
                               .labels = s->labels,
                               .weights = s->weights,
                               .n_classes = s->n_classes};
}

static struct lw_model *fit(const struct sample *s,
                            const struct lw_model_params *params)
{
    struct lw_model *m = NULL;
    struct lw_error err = {.msg = ""};

    if (lw_model_fit(&m, "gbdt", params, &s->x, s->labels, s->n_classes, s->weights,
                     &err) != LW_OK)
        fail_msg("%s", err.msg);
    return m;
}

/* Noise that falls where the rest rises: with a constraint the score never falls. */
static void constraints_hold(void **state)
{
    enum { ROWS = 400 };
    static const int8_t rising[1] = {1};
    struct lw_model_params params = {.n_rounds = 20, .monotone = rising};
    uint32_t labels[ROWS];
    struct lw_model *m = NULL;
    struct lw_matrix x;
    float before = 0;
    struct rng r;

    (void)state;
    rng_init(&r, 5);
    matrix_make(&x, ROWS, 1);
    for (size_t i = 0; i < ROWS; i++) {
        x.x[i] = (float)i / ROWS;
        labels[i] = rng_unit(&r) < (i / 50 % 2 == 0 ? 0.5 : 0.2) + 0.3 * (double)x.x[i];
    }
    for (int with = 0; with < 2; with++) {
        bool fell = false;

        params.monotone = with == 1 ? rising : NULL;
        assert_int_equal(lw_model_fit(&m, "gbdt", &params, &x, labels, 2, NULL, NULL),
                         LW_OK);
        before = 0;
        for (size_t i = 0; i < ROWS; i++) {
            float proba[2];

            lw_model_predict(m, &x.x[i], 1, proba);
            fell = fell || proba[1] < before;
            before = proba[1];
        }
        assert_int_equal(fell, with == 0);
        lw_model_free(m);
    }
    lw_matrix_release(&x);
}

/* Rows that nobody trained on: random ones, and every threshold of the forest with its
 * neighbours in every column. */
static void probe_rows(struct lw_matrix *out, const struct forest *f)
{
    struct rng r;
    size_t n = 3 * (size_t)f->n_nodes;

    rng_init(&r, 99);
    matrix_make(out, n, N_COLS);
    for (size_t i = 0; i < n; i++)
        for (size_t c = 0; c < N_COLS; c++)
            out->x[i * N_COLS + c] = sample_value(&r, c);
    for (uint32_t k = 0; k < f->n_nodes; k++) {
        const struct forest_node *node = &f->nodes[k];
        float *three = out->x + 3 * (size_t)k * N_COLS;

        if (node->feature == FOREST_LEAF)
            continue;
        three[node->feature] = node->value;
        three[N_COLS + node->feature] = nextafterf(node->value, -INFINITY);
        three[2 * N_COLS + node->feature] = nextafterf(node->value, INFINITY);
    }
}

/* XGBoost's own answer. */
static void ask_booster(const struct booster *b, const float *rows, size_t n_rows,
                        enum booster_output what, float *out, size_t n_out)
{
    struct lw_error err = {.msg = ""};

    if (booster_predict(b, rows, n_rows, what, out, n_out, &err) != LW_OK)
        fail_msg("%s", err.msg);
}

static size_t n_groups_of(const struct sample *s)
{
    return s->n_classes == 2 ? 1 : s->n_classes;
}

/* Every kernel gives the bits of XGBoost's own margins. */
static void check_margins(const struct sample *s, const struct lw_model_params *params)
{
    struct model_task task = task_of(s, params);
    struct booster *b = NULL;
    struct forest *f = NULL;
    struct lw_matrix rows;
    struct lw_matrix ours;
    struct lw_matrix theirs;
    size_t k = n_groups_of(s);

    assert_int_equal(booster_fit(&b, &task, NULL), LW_OK);
    assert_int_equal(booster_export(&f, b, NULL), LW_OK);
    assert_true(f->n_nodes > f->n_trees);
    probe_rows(&rows, f);
    matrix_make(&ours, rows.n_rows, k);
    matrix_make(&theirs, rows.n_rows, k);
    ask_booster(b, rows.x, rows.n_rows, BOOSTER_MARGIN, theirs.x, rows.n_rows * k);
    for (size_t i = 0; forest_kernel_at(i) != NULL; i++) {
        if (forest_use(f, forest_kernel_at(i), NULL) != LW_OK)
            continue;
        forest_margins(f, rows.x, rows.n_rows, ours.x);
        assert_memory_equal(ours.x, theirs.x, rows.n_rows * k * sizeof(float));
    }
    lw_matrix_release(&rows);
    lw_matrix_release(&ours);
    lw_matrix_release(&theirs);
    forest_free(f);
    booster_free(b);
}

static void margins_equal_xgboost(void **state)
{
    static const struct lw_model_params shapes[] = {
        {.n_rounds = 20},
        {.n_rounds = 1, .max_depth = 1},
        {.n_rounds = 10, .max_depth = 12, .min_child_weight = 0.01}, /* > 64 leaves */
        {.n_rounds = 300,
         .max_depth = 2,
         .subsample = 0.5,
         .colsample = 0.5,
         .seed = 5},
    };
    static const uint32_t classes[] = {2, 3, 5};
    struct sample s;

    (void)state;
    for (size_t c = 0; c < sizeof classes / sizeof classes[0]; c++) {
        sample_init(&s, classes[c], 1 + c);
        for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++)
            check_margins(&s, &shapes[i]);
        sample_release(&s);
    }
}

static void probabilities_equal_xgboost(void **state)
{
    static const struct lw_model_params params = {.n_rounds = 30};
    struct sample s;

    (void)state;
    for (uint32_t k = 2; k <= 5; k++) {
        struct booster *b = NULL;
        struct forest *f = NULL;
        float ours[N_ROWS * 5];
        float theirs[N_ROWS * 5];
        struct model_task task;

        sample_init(&s, k, k);
        task = task_of(&s, &params);
        assert_int_equal(booster_fit(&b, &task, NULL), LW_OK);
        assert_int_equal(booster_export(&f, b, NULL), LW_OK);
        ask_booster(b, s.x.x, N_ROWS, BOOSTER_PROBABILITY, theirs,
                    N_ROWS * n_groups_of(&s));
        forest_predict(f, s.x.x, N_ROWS, ours);
        for (size_t i = 0; i < N_ROWS * (size_t)k; i++) {
            float p = k > 2        ? theirs[i]
                      : i % 2 == 1 ? theirs[i / 2]
                                   : 1 - theirs[i / 2];

            assert_near(ours[i], p, 1e-7);
        }
        forest_free(f);
        booster_free(b);
        sample_release(&s);
    }
}

static void a_row_does_not_see_its_batch(void **state)
{
    struct sample s;
    struct lw_model *m;
    float all[N_ROWS * 5];
    float some[N_ROWS * 5];

    (void)state;
    sample_init(&s, 5, 3);
    m = fit(&s, &(struct lw_model_params){.n_rounds = 15});
    lw_model_predict(m, s.x.x, N_ROWS, all);
    for (size_t step = 1; step < 70; step += 3) {
        for (size_t i = 0; i < N_ROWS; i += step)
            lw_model_predict(m, s.x.x + i * N_COLS,
                             i + step <= N_ROWS ? step : N_ROWS - i, some + i * 5);
        assert_memory_equal(all, some, sizeof all);
    }
    lw_model_free(m);
    sample_release(&s);
}

static void same_seed_same_bytes(void **state)
{
    const struct lw_model_params params = {
        .n_rounds = 10, .seed = 42, .subsample = 0.7, .colsample = 0.7};
    struct lw_model_params other = params;
    struct lw_model *m[3];
    struct buf bytes[3];
    struct sample s;

    (void)state;
    other.seed = 43;
    sample_init(&s, 4, 4);
    m[0] = fit(&s, &params);
    m[1] = fit(&s, &params);
    m[2] = fit(&s, &other);
    for (size_t i = 0; i < 3; i++) {
        buf_init(&bytes[i]);
        model_save(m[i], &bytes[i]);
        assert_true(buf_ok(&bytes[i]));
    }
    assert_int_equal(bytes[0].len, bytes[1].len);
    assert_memory_equal(bytes[0].data, bytes[1].data, bytes[0].len);
    assert_true(bytes[0].len != bytes[2].len ||
                memcmp(bytes[0].data, bytes[2].data, bytes[0].len) != 0);
    for (size_t i = 0; i < 3; i++) {
        buf_release(&bytes[i]);
        lw_model_free(m[i]);
    }
    sample_release(&s);
}

static void a_loaded_model_is_the_same(void **state)
{
    struct sample s;
    struct lw_model *m;
    struct lw_model *back = NULL;
    float before[N_ROWS * 5];
    float after[N_ROWS * 5];
    struct buf bytes;
    struct buf again;

    (void)state;
    sample_init(&s, 5, 6);
    m = fit(&s, &(struct lw_model_params){.n_rounds = 15});
    buf_init(&bytes);
    buf_init(&again);
    model_save(m, &bytes);
    assert_int_equal(model_load(&back, span_of(bytes.data, bytes.len), NULL), LW_OK);
    model_save(back, &again);
    assert_int_equal(bytes.len, again.len);
    assert_memory_equal(bytes.data, again.data, bytes.len);
    lw_model_predict(m, s.x.x, N_ROWS, before);
    lw_model_predict(back, s.x.x, N_ROWS, after);
    assert_memory_equal(before, after, sizeof before);
    assert_int_equal(lw_model_classes(back), 5);
    assert_int_equal(lw_model_columns(back), N_COLS);
    assert_string_equal(lw_model_kind(back), "gbdt");
    buf_release(&bytes);
    buf_release(&again);
    lw_model_free(m);
    lw_model_free(back);
    sample_release(&s);
}

/* A model whose bytes were altered or cut off is refused or, where the change makes
 * sense (another threshold), predicts; never anything else. */
static void damaged_models_do_no_harm(void **state)
{
    struct sample s;
    struct lw_model *m;
    struct buf bytes;

    (void)state;
    sample_init(&s, 3, 7);
    m = fit(&s, &(struct lw_model_params){.n_rounds = 2, .max_depth = 3});
    buf_init(&bytes);
    model_save(m, &bytes);
    for (size_t i = 0; i < bytes.len; i++) {
        struct lw_error err = {.msg = ""};
        struct lw_model *back = NULL;

        assert_int_not_equal(model_load(&back, span_of(bytes.data, i), &err), LW_OK);
        assert_string_not_equal(err.msg, "");
        assert_null(back);
        for (int v = 1; v < 256; v++) {
            float p[N_ROWS * 3];

            bytes.data[i] = (char)(bytes.data[i] ^ v);
            if (model_load(&back, span_of(bytes.data, bytes.len), &err) == LW_OK) {
                if (lw_model_columns(back) <= N_COLS && lw_model_classes(back) <= 3)
                    lw_model_predict(back, s.x.x, 20, p);
                lw_model_free(back);
                back = NULL;
            }
            bytes.data[i] = (char)(bytes.data[i] ^ v);
        }
    }
    buf_release(&bytes);
    lw_model_free(m);
    sample_release(&s);
}

/* Append a node to a forest made by hand. */
static void add(struct forest *f, uint16_t feature, float value)
{
    const struct forest_node n = {.feature = feature, .value = value, .cover = 1};

    assert_int_equal(forest_add(f, &n, NULL), LW_OK);
}

static void forests_are_checked(void **state)
{
    /* One fault each; the message must name it. */
    static const struct {
        struct forest_node nodes[3];
        uint32_t n;
        const char *says;
    } bad[] = {
        {{{.feature = 0, .cover = 1}, {.feature = FOREST_LEAF}}, 2, "before its last"},
        {{{.feature = 5}, {.feature = FOREST_LEAF}, {.feature = FOREST_LEAF}},
         3,
         "splits column 5 of 2"},
        {{{.feature = FOREST_LEAF, .value = NAN}}, 1, "not finite"},
        {{{.feature = FOREST_LEAF, .value = 1e30f}}, 1, "out of range"},
        {{{.feature = FOREST_LEAF, .cover = -1}}, 1, "cover"},
        {{{.feature = FOREST_LEAF}}, 1, "1 trees cannot be dealt to 3 classes"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct forest *f = NULL;
        struct lw_error err = {.msg = ""};

        assert_int_equal(forest_new(&f, 2, 3, 0, NULL), LW_OK);
        for (uint32_t k = 0; k < bad[i].n; k++)
            assert_int_equal(forest_add(f, &bad[i].nodes[k], NULL), LW_OK);
        assert_int_equal(forest_finish(f, &err), LW_EFORMAT);
        assert_non_null(strstr(err.msg, bad[i].says));
        forest_free(f);
    }
}

static void forests_have_limits(void **state)
{
    struct forest *f = NULL;
    float row[1] = {0};
    float p[2];

    (void)state;
    assert_int_equal(forest_new(&f, 0, 3, 0, NULL), LW_ELIMIT);
    assert_int_equal(forest_new(&f, 1, 1, 0, NULL), LW_ELIMIT);
    assert_int_equal(forest_new(&f, FOREST_COLS_MAX + 1, 3, 0, NULL), LW_ELIMIT);
    for (int depth = FOREST_DEPTH_MAX; depth <= FOREST_DEPTH_MAX + 1; depth++) {
        assert_int_equal(forest_new(&f, 1, 2, 0, NULL), LW_OK);
        for (int i = 0; i < depth; i++)
            add(f, 0, 1);
        for (int i = 0; i <= depth; i++)
            add(f, FOREST_LEAF, 2);
        assert_int_equal(forest_finish(f, NULL),
                         depth == FOREST_DEPTH_MAX ? LW_OK : LW_ELIMIT);
        if (depth == FOREST_DEPTH_MAX) {
            forest_predict(f, row, 1, p);
            assert_near(p[1], 1 / (1 + exp(-2.0)), 1e-7);
            assert_near(p[0] + p[1], 1, 1e-7);
        }
        forest_free(f);
    }
}

static void bad_tasks_are_refused(void **state)
{
    struct sample s;
    struct lw_model *m = NULL;
    struct lw_error err;
    float nan_weights[N_ROWS];

    (void)state;
    sample_init(&s, 3, 8);
    assert_int_equal(lw_model_fit(&m, "oracle", NULL, &s.x, s.labels, 3, NULL, &err),
                     LW_EINVAL);
    assert_non_null(strstr(err.msg, "oracle"));
    assert_int_equal(lw_model_fit(&m, "gbdt", NULL, &s.x, s.labels, 1, NULL, &err),
                     LW_EINVAL);
    s.labels[17] = 3;
    assert_int_equal(lw_model_fit(&m, "gbdt", NULL, &s.x, s.labels, 3, NULL, &err),
                     LW_EINVAL);
    assert_non_null(strstr(err.msg, "row 17: label 3"));
    s.labels[17] = 0;
    memcpy(nan_weights, s.weights, sizeof nan_weights);
    nan_weights[5] = NAN;
    assert_int_equal(
        lw_model_fit(&m, "gbdt", NULL, &s.x, s.labels, 3, nan_weights, &err),
        LW_EINVAL);
    assert_non_null(strstr(err.msg, "row 5: weight"));
    assert_int_equal(lw_model_fit(&m, "gbdt",
                                  &(struct lw_model_params){.learning_rate = 2}, &s.x,
                                  s.labels, 3, NULL, &err),
                     LW_EINVAL);
    assert_non_null(strstr(err.msg, "eta is 2"));
    assert_null(m);
    sample_release(&s);
}

static void count_rounds(void *ctx, double done, const char *what)
{
    double *last = ctx;

    assert_true(done > *last && done <= 1);
    assert_non_null(what);
    *last = done;
}

static void progress_is_told(void **state)
{
    struct sample s;
    double last = 0;

    (void)state;
    sample_init(&s, 3, 9);
    lw_model_free(fit(&s, &(struct lw_model_params){.n_rounds = 5,
                                                    .progress = count_rounds,
                                                    .progress_ctx = &last}));
    assert_near(last, 1, 0);
    sample_release(&s);
}

/* Fit, save and load with the n-th allocation failing, until none fails. */
static enum lw_status scenario(const struct sample *s)
{
    const struct lw_model_params params = {.n_rounds = 2, .max_depth = 2};
    struct lw_model *m = NULL;
    struct lw_model *back = NULL;
    struct buf bytes;
    enum lw_status st = lw_model_fit(&m, "gbdt", &params, &s->x, s->labels,
                                     s->n_classes, s->weights, NULL);

    buf_init(&bytes);
    if (st == LW_OK)
        model_save(m, &bytes);
    if (st == LW_OK && !buf_ok(&bytes))
        st = LW_ENOMEM;
    if (st == LW_OK)
        st = model_load(&back, span_of(bytes.data, bytes.len), NULL);
    buf_release(&bytes);
    lw_model_free(m);
    lw_model_free(back);
    return st;
}

static void survives_lack_of_memory(void **state)
{
    struct sample s;
    enum lw_status st = LW_ENOMEM;
    uint64_t n;

    (void)state;
    sample_init(&s, 3, 10);
    for (n = 1; st != LW_OK; n++) {
        mem_fail_at(n, 1);
        st = scenario(&s);
        mem_fail_at(0, 0);
        assert_true(st == LW_OK || st == LW_ENOMEM);
    }
    assert_true(n > 15);
    sample_release(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(constraints_hold),
        cmocka_unit_test(margins_equal_xgboost),
        cmocka_unit_test(probabilities_equal_xgboost),
        cmocka_unit_test(a_row_does_not_see_its_batch),
        cmocka_unit_test(same_seed_same_bytes),
        cmocka_unit_test(a_loaded_model_is_the_same),
        cmocka_unit_test(damaged_models_do_no_harm),
        cmocka_unit_test(forests_are_checked),
        cmocka_unit_test(forests_have_limits),
        cmocka_unit_test(bad_tasks_are_refused),
        cmocka_unit_test(progress_is_told),
        cmocka_unit_test(survives_lack_of_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

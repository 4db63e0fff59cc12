/* SPDX-License-Identifier: Apache-2.0 */
/* The perceptron, and the mean of trees and perceptron. */
#include "base/buf.h"
#include "base/mem.h"
#include "base/rng.h"
#include "learn/dense.h"
#include "learn/link.h"
#include "learn/mlp.h"
#include "learn/model_ops.h"
#include "sample.h"
#include "test.h"

#include <lapwing/model.h>

#include <cmocka.h>

#include <math.h>
#include <string.h>

enum { N_ROWS = SAMPLE_ROWS, N_COLS = SAMPLE_COLS, N_CLASSES = 3 };

static const struct lw_model_params small = {.n_rounds = 5,
                                             .hidden = 12,
                                             .n_steps = 150,
                                             .noise = 0.1,
                                             .dropout = 0.1,
                                             .seed = 3};

static struct lw_model *fit(const char *kind, const struct sample *s,
                            const struct lw_model_params *params)
{
    struct lw_model *m = NULL;
    struct lw_error err = {.msg = ""};

    if (lw_model_fit(&m, kind, params, &s->x, s->labels, s->n_classes, s->weights,
                     &err) != LW_OK)
        fail_msg("%s", err.msg);
    return m;
}

static double accuracy(const struct lw_model *m, const struct sample *s)
{
    float p[N_ROWS * N_CLASSES];
    double hits = 0;

    lw_model_predict(m, s->x.x, N_ROWS, p);
    for (size_t r = 0; r < N_ROWS; r++) {
        const float *q = p + r * N_CLASSES;
        uint32_t best = q[1] > q[0] ? 1 : 0;

        best = q[2] > q[best] ? 2 : best;
        hits += best == s->labels[r] ? 1 : 0;
    }
    return hits / N_ROWS;
}

static void check_product(size_t n, size_t n_inner, size_t n_cols, const float *a,
                          const float *b, const float *bias)
{
    float out[1024];
    float turned[1024];
    float again[1024];

    assert_true(n * n_cols <= 1024 && n * n_inner <= 1024);
    dense_multiply(out, a, b, bias, n, n_inner, n_cols);
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n_cols; j++) {
            float sum = bias == NULL ? 0.0F : bias[j];

            for (size_t k = 0; k < n_inner; k++)
                sum += a[i * n_inner + k] * b[k * n_cols + j];
            assert_true(out[i * n_cols + j] == sum);
        }
    dense_transpose(turned, a, n, n_inner);
    dense_multiply_turned(again, turned, b, n, n_inner, n_cols);
    dense_multiply(out, a, b, NULL, n, n_inner, n_cols);
    assert_memory_equal(again, out, n * n_cols * sizeof *out);
}

static void products_are_summed_in_order(void **state)
{
    enum { N = 13, INNER = 7, COLS = 77 };
    float a[N * INNER];
    float b[INNER * COLS];
    float bias[COLS];
    float out[N * COLS];
    struct rng r;

    (void)state;
    rng_init(&r, 5);
    for (size_t i = 0; i < N * INNER; i++)
        a[i] = (float)(rng_unit(&r) * 1e4 - 5e3);
    for (size_t i = 0; i < INNER * COLS; i++)
        b[i] = (float)(rng_unit(&r) - 0.5);
    for (size_t i = 0; i < COLS; i++)
        bias[i] = (float)rng_unit(&r);
    /* Every way of filling vectors and tiles, with a bias and without. */
    for (size_t n = 1; n <= N; n++)
        for (size_t cols = 1; cols <= COLS; cols++)
            check_product(n, INNER, cols, a, b, cols % 3 == 0 ? NULL : bias);
    dense_multiply(out, a, b, NULL, 1, 0, COLS);
    assert_true(out[0] == 0 && out[COLS - 1] == 0);
}

/* A ring around the middle: no single column tells it, nor any plane. */
static void a_perceptron_learns_what_is_not_linear(void **state)
{
    enum { N = 800 };
    static const struct lw_model_params params = {
        .hidden = 16, .n_steps = 600, .seed = 1};
    struct lw_model *m = NULL;
    struct lw_matrix x;
    uint32_t label[N];
    float p[N * 2];
    size_t hits = 0;
    struct rng r;

    (void)state;
    rng_init(&r, 2);
    assert_int_equal(lw_matrix_init(&x, N, 2, NULL), LW_OK);
    for (size_t i = 0; i < N; i++) {
        float u = (float)(2 * rng_unit(&r) - 1);
        float v = (float)(2 * rng_unit(&r) - 1);

        x.x[2 * i] = u;
        x.x[2 * i + 1] = v;
        label[i] = u * u + v * v > 0.5f;
    }
    assert_int_equal(lw_model_fit(&m, "mlp", &params, &x, label, 2, NULL, NULL), LW_OK);
    lw_model_predict(m, x.x, N, p);
    for (size_t i = 0; i < N; i++)
        hits += (p[2 * i + 1] > p[2 * i]) == label[i];
    assert_true(hits > N * 95 / 100);
    lw_model_free(m);
    lw_matrix_release(&x);
}

static void rows_without_weight_teach_nothing(void **state)
{
    static const struct lw_model_params params = {
        .hidden = 8, .n_steps = 1000, .seed = 1};
    float values[] = {0, 1, 0, 1};
    const struct lw_matrix x = {values, 4, 1};
    const uint32_t label[] = {0, 1, 1, 0};
    const float weight[] = {1, 1, 0, 0};
    const float none[] = {0, 0, 0, 0};
    struct lw_model *m = NULL;
    struct lw_error err;
    float p[4];

    (void)state;
    assert_int_equal(lw_model_fit(&m, "mlp", &params, &x, label, 2, weight, &err),
                     LW_OK);
    lw_model_predict(m, values, 2, p);
    assert_true(p[0] > 0.9f && p[3] > 0.9f);
    lw_model_free(m);
    assert_int_equal(lw_model_fit(&m, "mlp", &params, &x, label, 2, none, &err),
                     LW_EINVAL);
}

static void a_blend_is_the_mean_of_its_members(void **state)
{
    struct sample s;
    struct lw_model *both;
    struct lw_model *trees;
    struct lw_model *mlp;
    float one[N_ROWS * N_CLASSES];
    float two[N_ROWS * N_CLASSES];
    float mean[N_ROWS * N_CLASSES];
    double phi[N_COLS + 1];
    double theirs[2][N_COLS + 1];
    double sum;

    (void)state;
    sample_init(&s, N_CLASSES, 1);
    both = fit("blend", &s, &small);
    trees = fit("gbdt", &s, &small);
    mlp = fit("mlp", &s, &small);
    model_margins(trees, s.x.x, N_ROWS, one);
    model_margins(mlp, s.x.x, N_ROWS, two);
    model_margins(both, s.x.x, N_ROWS, mean);
    for (size_t i = 0; i < N_ROWS * N_CLASSES; i++)
        assert_true(mean[i] == (one[i] + two[i]) / 2);
    assert_true(accuracy(both, &s) > 0.7);
    /* Reasons, too, and they sum to the score. */
    for (size_t r = 0; r < 20; r++) {
        const float *row = s.x.x + r * N_COLS;

        assert_int_equal(lw_model_contributions(both, row, 1, phi, NULL), LW_OK);
        assert_int_equal(lw_model_contributions(trees, row, 1, theirs[0], NULL), LW_OK);
        assert_int_equal(lw_model_contributions(mlp, row, 1, theirs[1], NULL), LW_OK);
        sum = 0;
        for (size_t c = 0; c <= N_COLS; c++) {
            assert_near(phi[c], (theirs[0][c] + theirs[1][c]) / 2, 1e-12);
            sum += phi[c];
        }
        assert_near(sum, (double)mean[r * N_CLASSES + 1], 1e-4);
    }
    lw_model_free(both);
    lw_model_free(trees);
    lw_model_free(mlp);
    sample_release(&s);
}

static void probabilities_are_the_softmax_of_scores(void **state)
{
    static const char *const kinds[] = {"gbdt", "mlp", "blend"};

    (void)state;
    for (uint32_t classes = 2; classes <= N_CLASSES; classes++) {
        for (size_t i = 0; i < 3; i++) {
            struct sample s;
            struct lw_model *m;
            float p[10 * N_CLASSES];
            float q[10 * N_CLASSES];

            sample_init(&s, classes, 4);
            m = fit(kinds[i], &s, &small);
            lw_model_predict(m, s.x.x, 10, p);
            model_margins(m, s.x.x, 10, q);
            for (size_t r = 0; r < 10; r++)
                link_softmax(q + r * classes, classes);
            for (size_t k = 0; k < 10 * classes; k++)
                assert_near(p[k], q[k], 1e-6);
            lw_model_free(m);
            sample_release(&s);
        }
    }
}

static void a_row_does_not_see_its_batch(void **state)
{
    struct sample s;
    struct lw_model *m;
    float all[N_ROWS * N_CLASSES];
    float one[N_CLASSES];

    (void)state;
    sample_init(&s, N_CLASSES, 6);
    m = fit("blend", &s, &small);
    model_margins(m, s.x.x, N_ROWS, all);
    for (size_t r = 0; r < N_ROWS; r++) {
        model_margins(m, s.x.x + r * N_COLS, 1, one);
        assert_memory_equal(one, all + r * N_CLASSES, sizeof one);
    }
    lw_model_free(m);
    sample_release(&s);
}

static void stored(const struct lw_model *m, struct buf *out)
{
    buf_init(out);
    model_save(m, out);
    assert_true(buf_ok(out));
}

static void what_is_stored_comes_back(void **state)
{
    struct sample s;
    struct lw_model *m;
    struct lw_model *again;
    struct lw_model *loaded = NULL;
    struct buf bytes[3];
    float one[N_ROWS * N_CLASSES];
    float two[N_ROWS * N_CLASSES];

    (void)state;
    sample_init(&s, N_CLASSES, 7);
    m = fit("blend", &s, &small);
    again = fit("blend", &s, &small);
    stored(m, &bytes[0]);
    stored(again, &bytes[1]);
    assert_int_equal(bytes[0].len, bytes[1].len);
    assert_memory_equal(bytes[0].data, bytes[1].data, bytes[0].len);
    assert_int_equal(model_load(&loaded, span_of(bytes[0].data, bytes[0].len), NULL),
                     LW_OK);
    stored(loaded, &bytes[2]);
    assert_memory_equal(bytes[0].data, bytes[2].data, bytes[0].len);
    lw_model_predict(m, s.x.x, N_ROWS, one);
    lw_model_predict(loaded, s.x.x, N_ROWS, two);
    assert_memory_equal(one, two, sizeof one);
    for (size_t i = 0; i < 3; i++)
        buf_release(&bytes[i]);
    lw_model_free(loaded);
    lw_model_free(again);
    lw_model_free(m);
    sample_release(&s);
}

/* Odd rows of hostile values never give scores that are none. */
static void scores_are_finite_whatever_the_row(void **state)
{
    static const float odd[] = {NAN, INFINITY, -INFINITY, 3e38f, -3e38f, 0, -1};
    struct sample s;
    struct lw_model *m;
    float row[N_COLS];
    float score[N_CLASSES];

    (void)state;
    sample_init(&s, N_CLASSES, 8);
    m = fit("mlp", &s, &small);
    for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++) {
        for (size_t c = 0; c < N_COLS; c++)
            row[c] = odd[(i + c) % (sizeof odd / sizeof odd[0])];
        model_margins(m, row, 1, score);
        for (size_t k = 0; k < N_CLASSES; k++)
            assert_true(isfinite(score[k]));
    }
    lw_model_free(m);
    sample_release(&s);
}

static void expect_refused(const void *bytes, size_t n, const char *word)
{
    struct lw_model *m = NULL;
    struct lw_error err = {.msg = ""};

    if (model_load(&m, span_of(bytes, n), &err) == LW_OK)
        fail_msg("loaded, though %s", word);
    assert_null(m);
    if (strstr(err.msg, word) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", err.msg, word);
}

static void damaged_models_are_refused(void **state)
{
    static const struct lw_model_params tiny = {
        .n_rounds = 1, .max_depth = 1, .hidden = 2, .n_steps = 1, .seed = 3};
    struct sample s;
    struct lw_model *m;
    struct buf b;
    struct buf nested;

    (void)state;
    sample_init(&s, N_CLASSES, 9);
    m = fit("blend", &s, &tiny);
    stored(m, &b);
    for (size_t n = 0; n < b.len; n++)
        expect_refused(b.data, n, n < 20 ? "cut off" : "");
    b.data[20] = 0;
    expect_refused(b.data, b.len, "0 members");
    b.data[20] = 9;
    expect_refused(b.data, b.len, "9 members");
    b.data[20] = 1;
    expect_refused(b.data, b.len, "behind its last member");
    b.data[20] = 2;
    b.data[12]++; /* the blend's columns, which its members do not have */
    expect_refused(b.data, b.len, "fit together");
    b.data[12]--;
    /* A blend in a blend. */
    buf_init(&nested);
    buf_add(&nested, b.data, 20);
    buf_add_u8(&nested, 1);
    buf_add_le32(&nested, (uint32_t)b.len);
    buf_add(&nested, b.data, b.len);
    expect_refused(nested.data, nested.len, "a member is a blend");
    buf_release(&nested);
    buf_release(&b);
    lw_model_free(m);

    m = fit("mlp", &s, &tiny);
    stored(m, &b);
    b.data[20] = 3;
    expect_refused(b.data, b.len, "do not fit its 3 units");
    b.data[20] = 2;
    memset(b.data + 28, 0, 4); /* the first column's deviation */
    expect_refused(b.data, b.len, "impossible");
    memset(b.data + 28, 0x41, 4);
    memset(b.data + b.len - 4, 0x7f, 4); /* the last bias */
    expect_refused(b.data, b.len, "impossible");
    buf_release(&b);
    lw_model_free(m);
    sample_release(&s);
}

static void bad_parameters_are_refused(void **state)
{
    struct lw_model_params p = small;
    struct sample s;
    struct lw_model *m = NULL;
    struct lw_error err;

    (void)state;
    sample_init(&s, N_CLASSES, 10);
    p.dropout = 1;
    assert_int_equal(lw_model_fit(&m, "mlp", &p, &s.x, s.labels, N_CLASSES, NULL, &err),
                     LW_EINVAL);
    assert_non_null(strstr(err.msg, "dropout"));
    p = small;
    p.noise = (double)NAN;
    assert_int_equal(
        lw_model_fit(&m, "blend", &p, &s.x, s.labels, N_CLASSES, NULL, &err),
        LW_EINVAL);
    p = small;
    p.hidden = 100000;
    assert_int_equal(lw_model_fit(&m, "mlp", &p, &s.x, s.labels, N_CLASSES, NULL, &err),
                     LW_ELIMIT);
    sample_release(&s);
}

static void count(void *ctx, double done, const char *what)
{
    double *last = ctx;

    assert_non_null(what);
    assert_true(done >= *last && done <= 1);
    *last = done;
}

static void progress_grows(void **state)
{
    struct lw_model_params p = small;
    struct sample s;
    double last = 0;

    (void)state;
    sample_init(&s, N_CLASSES, 11);
    p.progress = count;
    p.progress_ctx = &last;
    lw_model_free(fit("blend", &s, &p));
    assert_true(last > 0.5);
    sample_release(&s);
}

static void memory_may_run_out_anywhere(void **state)
{
    static const struct lw_model_params tiny = {.hidden = 2, .n_steps = 1, .seed = 3};
    struct lw_model *m = NULL;
    struct lw_model *back = NULL;
    struct sample s;
    struct lw_error err;
    struct buf b;

    (void)state;
    sample_init(&s, N_CLASSES, 12);
    for (uint64_t n = 1; m == NULL; n++) {
        mem_fail_at(n, 0);
        if (lw_model_fit(&m, "mlp", &tiny, &s.x, s.labels, N_CLASSES, NULL, &err) !=
            LW_OK)
            assert_int_equal(err.code, LW_ENOMEM);
    }
    mem_fail_at(0, 0);
    lw_model_free(m);
    m = fit("blend", &s, &small);
    stored(m, &b);
    for (uint64_t n = 1; back == NULL; n++) {
        mem_fail_at(n, 0);
        if (model_load(&back, span_of(b.data, b.len), &err) != LW_OK)
            assert_int_equal(err.code, LW_ENOMEM);
    }
    mem_fail_at(0, 0);
    lw_model_free(back);
    lw_model_free(m);
    buf_release(&b);
    sample_release(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(products_are_summed_in_order),
        cmocka_unit_test(a_perceptron_learns_what_is_not_linear),
        cmocka_unit_test(rows_without_weight_teach_nothing),
        cmocka_unit_test(a_blend_is_the_mean_of_its_members),
        cmocka_unit_test(probabilities_are_the_softmax_of_scores),
        cmocka_unit_test(a_row_does_not_see_its_batch),
        cmocka_unit_test(what_is_stored_comes_back),
        cmocka_unit_test(scores_are_finite_whatever_the_row),
        cmocka_unit_test(damaged_models_are_refused),
        cmocka_unit_test(bad_parameters_are_refused),
        cmocka_unit_test(progress_grows),
        cmocka_unit_test(memory_may_run_out_anywhere),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Learning what is normal: from rows to a model file and its p-values. */
#include "base/buf.h"
#include "base/rng.h"
#include "learn/model_ops.h"
#include "test.h"

#include <cmocka.h>

#include <math.h>
#include <string.h>

enum { ROWS = 1200, COLS = 6 };

static float x[ROWS * COLS];
static uint32_t label[ROWS];

/* Normal rows lie on a curve in space; of the last rows, which are the others, each
 * column alone looks normal. */
static void make_rows(bool with_others)
{
    struct rng rng;

    rng_init(&rng, 4);
    for (size_t r = 0; r < ROWS; r++) {
        bool other = with_others && r >= ROWS - ROWS / 4;
        float t = (float)(2 * rng_unit(&rng) - 1);

        label[r] = other ? 1 : 0;
        for (size_t c = 0; c < COLS; c++) {
            float at = other ? (float)(2 * rng_unit(&rng) - 1) : t;

            x[r * COLS + c] = c % 2 == 0 ? at : at * at;
        }
    }
}

static struct lw_model *fit(const char *kind, const char *options)
{
    const struct lw_matrix m = {x, ROWS, COLS};
    const struct lw_model_params params = {.options = options, .seed = 2};
    struct lw_model *out = NULL;
    struct lw_error err = {.msg = ""};

    if (lw_model_fit(&out, kind, &params, &m, label, 2, NULL, &err) != LW_OK)
        fail_msg("%s: %s", kind, err.msg);
    return out;
}

/* Share of pairs in which the other row has the higher score. */
static double auc(const struct lw_model *m)
{
    static double score[ROWS];
    double wins = 0;
    double n = 0;

    for (size_t r = 0; r < ROWS; r++)
        score[r] = m->ops->score(m, x + r * COLS);
    for (size_t i = 0; i < ROWS; i++)
        for (size_t k = 0; k < ROWS; k++)
            if (label[i] == 1 && label[k] == 0) {
                wins += score[i] > score[k] ? 1 : 0;
                n++;
            }
    return wins / n;
}

#define SMALL "units=24,latent=3,epochs=60,rate=5e-3,scale=standard"

/* How columns belong together is what single columns cannot tell. */
static void an_autoencoder_beats_single_columns(void **state)
{
    struct lw_model *m;
    double by_columns;

    (void)state;
    make_rows(true);
    m = fit("hist", NULL);
    by_columns = auc(m);
    lw_model_free(m);
    m = fit("autoencoder", SMALL);
    if (!(auc(m) > 0.95 && auc(m) > by_columns + 0.05))
        fail_msg("autoencoder %g, histograms %g", auc(m), by_columns);
    lw_model_free(m);
}

/* Reasons sum up to the margin; what is missing is none.  A network spreads one odd
 * value over the columns that it belongs to, so which one is blamed is not certain. */
static void reasons_add_up(void **state)
{
    struct lw_model *m;
    float row[COLS] = {0.5f, 0.25f, 0.5f, 0.25f, 0.5f, 0.25f};
    double phi[COLS + 1];
    float margin[2];
    double sum = 0;
    struct lw_error err;

    (void)state;
    make_rows(true);
    m = fit("autoencoder", SMALL);
    row[3] = 1;
    assert_int_equal(lw_model_contributions(m, row, 1, phi, &err), LW_OK);
    for (size_t c = 0; c < COLS; c++) {
        assert_true(phi[c] >= 0);
        sum += phi[c];
    }
    model_margins(m, row, 1, margin);
    assert_near(sum + phi[COLS], margin[1], 1e-4);
    /* What is missing is no reason. */
    row[3] = NAN;
    assert_int_equal(lw_model_contributions(m, row, 1, phi, &err), LW_OK);
    assert_near(phi[3], 0, 0);
    lw_model_free(m);
}

/* By the middle layer, where there are labels; without any it is by error. */
static void the_middle_tells_classes(void **state)
{
    static float p[ROWS * 2];
    struct lw_model *m;
    size_t n = 0;

    (void)state;
    make_rows(true);
    m = fit("autoencoder", SMALL ",latent=16,verdict=latent");
    lw_model_predict(m, x, ROWS, p);
    for (size_t r = 0; r < ROWS; r++)
        n += (p[2 * r + 1] > 0.5f) == (label[r] == 1) ? 1 : 0;
    assert_true(n > ROWS * 8 / 10);
    lw_model_free(m);
    make_rows(false);
    m = fit("autoencoder", SMALL ",verdict=latent");
    lw_model_predict(m, x, 1, p);
    assert_true(p[0] > 0.3f);
    lw_model_free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_autoencoder_beats_single_columns),
        cmocka_unit_test(reasons_add_up),
        cmocka_unit_test(the_middle_tells_classes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

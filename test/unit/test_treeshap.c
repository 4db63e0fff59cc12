/* SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"
#include "base/rng.h"
#include "learn/forest.h"
#include "learn/gbdt_xgboost.h"
#include "learn/treeshap.h"
#include "sample.h"
#include "test.h"

#include <cmocka.h>

#include <math.h>

enum { N_COLS = SAMPLE_COLS };

/* The value of the game for one coalition, straight from its definition: splits on
 * columns outside go both ways by cover. */
static double coalition_value(const struct forest *f, uint32_t i, const float *row,
                              unsigned coalition)
{
    const struct forest_node *n = &f->nodes[i];
    double left;
    float x;

    if (n->feature == FOREST_LEAF)
        return (double)n->value;
    x = row[n->feature];
    left = forest_left_share(f, i);
    if (coalition >> n->feature & 1)
        left = (isnan(x) ? n->default_left : x < n->value) ? 1 : 0;
    return left * coalition_value(f, i + 1, row, coalition) +
           (1 - left) * coalition_value(f, n->right, row, coalition);
}

static double factorial(unsigned n)
{
    return n < 2 ? 1 : n * factorial(n - 1);
}

/* Shapley values of all trees of one group by going through every coalition. */
static void brute_force(const struct forest *f, const float *row, uint32_t group,
                        double *phi)
{
    for (uint32_t c = 0; c < f->n_cols; c++) {
        phi[c] = 0;
        for (unsigned s = 0; s < 1u << f->n_cols; s++) {
            unsigned size = (unsigned)__builtin_popcount(s);
            double weight;

            if (s >> c & 1)
                continue;
            weight = factorial(size) * factorial(f->n_cols - size - 1) /
                     factorial(f->n_cols);
            for (uint32_t t = group; t < f->n_trees; t += f->n_groups)
                phi[c] += weight * (coalition_value(f, f->root[t], row, s | 1u << c) -
                                    coalition_value(f, f->root[t], row, s));
        }
    }
}

/* A random tree, splitting columns again and again, some covers zero. */
static void grow(struct forest *f, struct rng *r, uint32_t depth, float cover)
{
    bool leaf = depth == 0 || rng_below(r, 8) == 0;
    const struct forest_node n = {
        .feature = leaf ? FOREST_LEAF : (uint16_t)rng_below(r, N_COLS),
        .value = (float)(rng_unit(r) * 4 - 2),
        .cover = cover,
        .default_left = rng_below(r, 2) == 0,
    };

    assert_int_equal(forest_add(f, &n, NULL), LW_OK);
    if (leaf)
        return;
    float left = rng_below(r, 10) == 0 ? 0 : cover * (float)rng_unit(r);
    grow(f, r, depth - 1, left);
    grow(f, r, depth - 1, cover - left);
}

static struct forest *random_forest(uint32_t n_trees, uint32_t n_classes,
                                    uint32_t depth, uint64_t seed)
{
    struct forest *f = NULL;
    struct rng r;

    rng_init(&r, seed);
    assert_int_equal(forest_new(&f, N_COLS, n_classes, 0.5f, NULL), LW_OK);
    for (uint32_t t = 0; t < n_trees; t++)
        grow(f, &r, depth, 100);
    assert_int_equal(forest_finish(f, NULL), LW_OK);
    return f;
}

static void random_row(struct rng *r, float *row)
{
    for (size_t c = 0; c < N_COLS; c++)
        row[c] = rng_below(r, 6) == 0 ? NAN : (float)(rng_unit(r) * 4 - 2);
}

/* Depths on both sides of the quadratures' limits, up to more splits than columns. */
static void equals_the_definition(void **state)
{
    struct rng r;

    (void)state;
    rng_init(&r, 2);
    for (uint32_t depth = 0; depth <= 10; depth++) {
        struct forest *f = random_forest(3, 3, depth, depth);

        for (int i = 0; i < 10; i++) {
            double ours[N_COLS + 1];
            double defined[N_COLS];
            float row[N_COLS];

            random_row(&r, row);
            assert_int_equal(treeshap_row(f, row, 1, ours, NULL), LW_OK);
            brute_force(f, row, 1, defined);
            for (size_t c = 0; c < N_COLS; c++)
                assert_near(ours[c], defined[c], 1e-12);
        }
        forest_free(f);
    }
}

static void sums_to_the_margin(void **state)
{
    static const uint32_t depths[] = {6, 8, 9, 16, 17, 32};
    struct rng r;

    (void)state;
    rng_init(&r, 3);
    for (size_t d = 0; d < sizeof depths / sizeof depths[0]; d++) {
        struct forest *f = NULL;
        float row[N_COLS];
        float margin;
        double phi[N_COLS + 1];
        double sum = 0;

        /* A comb: as deep as can be with few nodes. */
        assert_int_equal(forest_new(&f, N_COLS, 2, 0, NULL), LW_OK);
        for (uint32_t i = 0; i < depths[d]; i++) {
            const struct forest_node split = {.feature = (uint16_t)(i % N_COLS),
                                              .value = (float)rng_unit(&r),
                                              .cover = (float)(depths[d] - i + 1)};
            const struct forest_node leaf = {
                .feature = FOREST_LEAF, .value = (float)i, .cover = 1};

            assert_int_equal(forest_add(f, &split, NULL), LW_OK);
            assert_int_equal(forest_add(f, &leaf, NULL), LW_OK);
        }
        const struct forest_node last = {
            .feature = FOREST_LEAF, .value = -3, .cover = 1};
        assert_int_equal(forest_add(f, &last, NULL), LW_OK);
        assert_int_equal(forest_finish(f, NULL), LW_OK);
        random_row(&r, row);
        forest_margins(f, row, 1, &margin);
        assert_int_equal(treeshap_row(f, row, 1, phi, NULL), LW_OK);
        for (size_t c = 0; c <= N_COLS; c++)
            sum += phi[c];
        assert_near(sum, margin, 1e-9);
        assert_int_equal(treeshap_row(f, row, 0, phi, NULL), LW_OK);
        for (size_t c = 0; c <= N_COLS; c++)
            sum += phi[c];
        assert_near(sum, 0, 1e-9); /* class 0 has the negated values */
        forest_free(f);
    }
}

static void check_against_xgboost(uint32_t n_classes)
{
    const struct lw_model_params params = {.n_rounds = 30};
    uint32_t k = n_classes == 2 ? 1 : n_classes;
    size_t n = (size_t)SAMPLE_ROWS * k * (N_COLS + 1);
    float *theirs = mem_zalloc(n, sizeof *theirs);
    struct booster *b = NULL;
    struct forest *f = NULL;
    struct sample s;

    sample_init(&s, n_classes, 77);
    const struct model_task task = {.params = &params,
                                    .x = &s.x,
                                    .labels = s.labels,
                                    .weights = s.weights,
                                    .n_classes = n_classes};

    /* XGBoost takes no infinities here. */
    for (size_t i = 0; i < s.x.n_rows * s.x.n_cols; i++)
        if (isinf(s.x.x[i]))
            s.x.x[i] = NAN;
    assert_int_equal(booster_fit(&b, &task, NULL), LW_OK);
    assert_int_equal(booster_export(&f, b, NULL), LW_OK);
    assert_int_equal(
        booster_predict(b, s.x.x, SAMPLE_ROWS, BOOSTER_CONTRIBUTIONS, theirs, n, NULL),
        LW_OK);
    for (size_t i = 0; i < SAMPLE_ROWS; i++) {
        for (uint32_t g = 0; g < k; g++) {
            const float *t = theirs + (i * k + g) * (N_COLS + 1);
            double phi[N_COLS + 1];

            assert_int_equal(
                treeshap_row(f, s.x.x + i * N_COLS, k == 1 ? 1 : g, phi, NULL), LW_OK);
            for (size_t c = 0; c <= N_COLS; c++)
                assert_near(phi[c], t[c], 1e-4);
        }
    }
    booster_free(b);
    forest_free(f);
    sample_release(&s);
    mem_free(theirs);
}

static void equals_xgboost(void **state)
{
    (void)state;
    check_against_xgboost(2);
    check_against_xgboost(5);
}

static void reports_lack_of_memory(void **state)
{
    struct forest *f = random_forest(3, 3, 3, 1);
    float row[N_COLS] = {0};
    double phi[N_COLS + 1];
    enum lw_status st = LW_ENOMEM;
    uint64_t n;

    (void)state;
    for (n = 1; st != LW_OK; n++) {
        mem_fail_at(n, 0);
        st = treeshap_row(f, row, 0, phi, NULL);
        mem_fail_at(0, 0);
        assert_true(st == LW_OK || st == LW_ENOMEM);
    }
    assert_true(n > 2);
    forest_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equals_the_definition),
        cmocka_unit_test(sums_to_the_margin),
        cmocka_unit_test(equals_xgboost),
        cmocka_unit_test(reports_lack_of_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"
#include "learn/ensemble.h"
#include "learn/feature_map.h"
#include "test.h"

#include <math.h>
#include <string.h>

enum { COLS = 12, ROWS = 4000, MOST = 4 };

static float rows[ROWS][COLS];
static uint8_t group[COLS];
static size_t n_groups;

/* Three causes, each behind every third column. */
static void make_rows(void)
{
    struct rng r;

    rng_init(&r, 3);
    for (unsigned i = 0; i < ROWS; i++) {
        float cause[3];

        for (unsigned k = 0; k < 3; k++)
            cause[k] = (float)rng_unit(&r);
        for (unsigned c = 0; c < COLS; c++)
            rows[i][c] = (float)(c + 1) * cause[c % 3] + 0.01F * (float)rng_unit(&r);
    }
}

static void make_map(struct feature_map *m)
{
    struct lw_error err;

    assert_int_equal(feature_map_init(m, COLS, &err), LW_OK);
    for (unsigned i = 0; i < ROWS; i++) {
        feature_map_range(m, rows[i]);
        feature_map_add(m, rows[i]);
    }
    n_groups = feature_map_groups(m, MOST, group);
}

static void fit(struct ensemble *e)
{
    struct feature_map m;
    struct lw_error err;
    struct rng r;
    float least[COLS];
    float most[COLS];
    float errors[COLS];

    make_rows();
    make_map(&m);
    rng_init(&r, 1);
    assert_int_equal(ensemble_init(e, COLS, group, m.least, m.most, 3.0F, &r, &err),
                     LW_OK);
    feature_map_release(&m);
    for (unsigned i = 0; i < 10 * ROWS; i++)
        ensemble_fit_groups(e, rows[i % ROWS], 0.1F);
    for (unsigned k = 0; k < e->n_nets; k++) {
        least[k] = INFINITY;
        most[k] = 0;
    }
    for (unsigned i = 0; i < ROWS; i++) {
        ensemble_errors(e, rows[i], errors);
        for (unsigned k = 0; k < e->n_nets; k++) {
            least[k] = fminf(least[k], errors[k]);
            most[k] = fmaxf(most[k], errors[k]);
        }
    }
    ensemble_set_errors(e, least, most);
    for (unsigned i = 0; i < 2 * ROWS; i++) {
        ensemble_errors(e, rows[i % ROWS], errors);
        ensemble_fit_top(e, errors, 0.1F);
    }
}

static void score_at(const struct ensemble *e, const float *row, unsigned lane,
                     float filler, float *out)
{
    float x[COLS * ENSEMBLE_BLOCK];
    float scores[ENSEMBLE_BLOCK];

    for (unsigned i = 0; i < COLS * ENSEMBLE_BLOCK; i++)
        x[i] = filler;
    for (unsigned c = 0; c < COLS; c++)
        x[c * ENSEMBLE_BLOCK + lane] = row[c];
    ensemble_score(e, x, scores);
    *out = scores[lane];
}

static void columns_of_a_cause_go_together(void **state)
{
    struct feature_map m;

    (void)state;
    make_rows();
    make_map(&m);
    feature_map_release(&m);
    assert_int_equal(n_groups, 3);
    for (unsigned c = 0; c < COLS; c++)
        assert_int_equal(group[c], c % 3);
}

static void groups_are_small_and_complete(void **state)
{
    struct feature_map m;

    (void)state;
    make_rows();
    make_map(&m);
    for (size_t most = 1; most <= COLS; most++) {
        size_t size[COLS] = {0};
        size_t n = feature_map_groups(&m, most, group);

        for (unsigned c = 0; c < COLS; c++) {
            assert_true(group[c] < n);
            size[group[c]]++;
        }
        for (size_t k = 0; k < n; k++)
            assert_in_range(size[k], 1, most);
    }
    feature_map_release(&m);
}

/* What breaks the tie between columns stands out, though each value is usual. */
static void broken_ties_stand_out(void **state)
{
    struct ensemble e;
    float usual = 0;
    float odd;
    float row[COLS];

    (void)state;
    fit(&e);
    for (unsigned i = 0; i < ROWS; i += 10) {
        score_at(&e, rows[i], 0, 0, &odd);
        usual = fmaxf(usual, odd);
    }
    memcpy(row, rows[0], sizeof row);
    for (unsigned c = 0; c < COLS; c += 3)
        row[c] = (float)(c + 1) * (c % 2 == 0 ? 0.99F : 0.01F);
    score_at(&e, row, 0, 0, &odd);
    assert_true(odd > 2 * usual);
    assert_int_equal(ensemble_worst(&e, row) % 3, 0);
    ensemble_release(&e);
}

static void a_score_depends_on_its_row_alone(void **state)
{
    struct ensemble e;

    (void)state;
    fit(&e);
    for (unsigned i = 0; i < 50; i++) {
        float first;
        float other;

        score_at(&e, rows[i], 0, 0, &first);
        score_at(&e, rows[i], i % ENSEMBLE_BLOCK, 1e6F * (float)i, &other);
        assert_memory_equal(&first, &other, sizeof first);
    }
    ensemble_release(&e);
}

static void saved_and_loaded_it_is_the_same(void **state)
{
    struct ensemble e;
    struct ensemble f;
    struct lw_error err;
    struct buf saved;
    struct buf again;

    (void)state;
    fit(&e);
    buf_init(&saved);
    buf_init(&again);
    ensemble_save(&e, &saved);
    assert_int_equal(ensemble_load(&f, span_of(saved.data, saved.len), COLS, &err),
                     LW_OK);
    ensemble_save(&f, &again);
    assert_int_equal(saved.len, again.len);
    assert_memory_equal(saved.data, again.data, saved.len);
    for (unsigned i = 0; i < 50; i++) {
        float a;
        float b;

        score_at(&e, rows[i], 3, 0, &a);
        score_at(&f, rows[i], 3, 0, &b);
        assert_memory_equal(&a, &b, sizeof a);
    }
    ensemble_release(&f);
    for (size_t n = 0; n < saved.len; n += n < 80 ? 1 : 37)
        assert_int_equal(ensemble_load(&f, span_of(saved.data, n), COLS, &err),
                         LW_EFORMAT);
    for (size_t i = 0; i < 40; i++) {
        saved.data[i] ^= 0x7f;
        if (ensemble_load(&f, span_of(saved.data, saved.len), COLS, &err) == LW_OK)
            ensemble_release(&f);
        saved.data[i] ^= 0x7f;
    }
    buf_release(&saved);
    buf_release(&again);
    ensemble_release(&e);
}

static void it_survives_without_memory(void **state)
{
    struct ensemble e;
    struct feature_map m;
    struct lw_error err;
    struct rng r;

    (void)state;
    make_rows();
    make_map(&m);
    rng_init(&r, 1);
    mem_fail_at(1, 0);
    assert_int_equal(ensemble_init(&e, COLS, group, m.least, m.most, 3.0F, &r, &err),
                     LW_ENOMEM);
    mem_fail_at(0, 0);
    feature_map_release(&m);
    for (unsigned i = 1; i <= 5; i++) {
        mem_fail_at(i, 0);
        assert_int_equal(feature_map_init(&m, COLS, &err), LW_ENOMEM);
        mem_fail_at(0, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(columns_of_a_cause_go_together),
        cmocka_unit_test(groups_are_small_and_complete),
        cmocka_unit_test(broken_ties_stand_out),
        cmocka_unit_test(a_score_depends_on_its_row_alone),
        cmocka_unit_test(saved_and_loaded_it_is_the_same),
        cmocka_unit_test(it_survives_without_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

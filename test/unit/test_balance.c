/* SPDX-License-Identifier: Apache-2.0 */
/* Made-up rows are judged by a search of all pairs, written down as Chawla's paper has
 * it and not as the code does. */
#include "learn/balance.h"
#include "test.h"

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { N_ROWS = 300, N_COLS = 4, WORD = 2, GAPPED = 3, N_RARE = 40, K = 5 };

static float values[N_ROWS * N_COLS];
static uint32_t labels[N_ROWS];
static const struct lw_matrix x = {values, N_ROWS, N_COLS};
static const bool with_words[N_COLS] = {false, false, true, false};
static const bool numbers_only[N_COLS] = {false, false, false, false};

/* The last N_RARE rows are of class 1; no class 2 has rows; class 3 has one. */
static int make_rows(void **state)
{
    uint32_t seed = 7;

    (void)state;
    for (size_t r = 0; r < N_ROWS; r++) {
        for (size_t i = 0; i < N_COLS; i++) {
            seed = seed * 1664525 + 1013904223;
            values[r * N_COLS + i] = (float)(seed >> 16 & 1023) * (i == 1 ? 10 : .5f);
        }
        values[r * N_COLS + WORD] = (float)((unsigned)values[r * N_COLS] % 4);
        labels[r] = r == 0 ? 3 : r >= N_ROWS - N_RARE ? 1 : 0;
        if (r % 10 == 9)
            values[r * N_COLS + GAPPED] = r % 20 == 9 ? NAN : INFINITY;
    }
    return 0;
}

static struct balanced balance(const char *text, const bool *is_category)
{
    struct balance_config cfg;
    struct balanced b = {0};
    struct lw_error err;

    assert_int_equal(balance_config_read(&cfg, text, &err), LW_OK);
    if (balance_rows(&b, &cfg, &x, is_category, labels, 4, 5, &err) != LW_OK)
        fail_msg("%s", err.msg);
    return b;
}

static size_t rows_of(const struct balanced *b, uint32_t label)
{
    size_t n = 0;

    for (size_t r = 0; r < b->x.n_rows; r++)
        n += labels[b->source[r]] == label ? 1 : 0;
    return n;
}

static void classes_get_the_rows_that_are_asked_for(void **state)
{
    static const struct {
        const char *text;
        size_t n[4];
    } cases[] = {
        {"under", {1, 1, 0, 1}},
        {"under=0.1", {10, 10, 0, 1}},
        {"over=0.5", {259, 129, 0, 129}},
        {"smote-nc", {259, 259, 0, 259}},
        {"under=0.02,smote-nc=0.5", {50, 40, 0, 25}},
        {"weights=class", {259, 40, 0, 1}},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct balanced b = balance(cases[i].text, with_words);
        struct balanced again = balance(cases[i].text, with_words);

        for (uint32_t c = 0; c < 4; c++)
            assert_int_equal(rows_of(&b, c), cases[i].n[c]);
        assert_int_equal(b.x.n_rows, again.x.n_rows);
        assert_memory_equal(b.x.x, again.x.x, b.x.n_rows * N_COLS * sizeof *b.x.x);
        balanced_release(&b);
        balanced_release(&again);
    }
}

static void rows_that_stay_are_as_they_were(void **state)
{
    static const char *const texts[] = {"under=0.1", "over"};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct balanced b = balance(texts[i], with_words);

        for (size_t r = 0; r < b.x.n_rows; r++)
            assert_memory_equal(b.x.x + r * N_COLS, values + b.source[r] * N_COLS,
                                N_COLS * sizeof(float));
        for (size_t r = 1; i == 0 && r < b.x.n_rows; r++)
            assert_true(b.source[r - 1] < b.source[r]);
        balanced_release(&b);
    }
}

/* ---- all pairs ---- */

static double deviation(size_t col, size_t from)
{
    double sum = 0;
    double squares = 0;
    double n = 0;

    for (size_t r = from; r < N_ROWS; r++) {
        double v = (double)values[r * N_COLS + col];

        if (!isfinite(v))
            continue;
        sum += v;
        squares += v * v;
        n++;
    }
    return sqrt(squares / n - sum / n * (sum / n));
}

static double mean_of_rare(size_t col)
{
    double sum = 0;
    double n = 0;

    for (size_t r = N_ROWS - N_RARE; r < N_ROWS; r++)
        if (isfinite(values[r * N_COLS + col])) {
            sum += (double)values[r * N_COLS + col];
            n++;
        }
    return sum / n;
}

static int ascending(const void *a, const void *b)
{
    double u = *(const double *)a;
    double v = *(const double *)b;

    return (u > v) - (u < v);
}

static double distance(size_t a, size_t b, const bool *is_category)
{
    double spread[N_COLS];
    double sum = 0;
    size_t n = 0;
    size_t n_apart = 0;
    double middle;

    for (size_t i = 0; i < N_COLS; i++) {
        double all = deviation(i, 0);
        double u = (double)values[a * N_COLS + i];
        double v = (double)values[b * N_COLS + i];

        if (is_category[i]) {
            n_apart += u < v || u > v ? 1 : 0;
            continue;
        }
        spread[n++] = deviation(i, N_ROWS - N_RARE) / all;
        u = isfinite(u) ? u : mean_of_rare(i);
        v = isfinite(v) ? v : mean_of_rare(i);
        sum += (u - v) * (u - v) / all / all;
    }
    qsort(spread, n, sizeof *spread, ascending);
    middle = n % 2 == 1 ? spread[n / 2] : (spread[n / 2 - 1] + spread[n / 2]) / 2;
    return sum + (double)n_apart * middle * middle;
}

struct pair {
    double distance;
    size_t row;
};

static int nearer(const void *a, const void *b)
{
    return ascending(&((const struct pair *)a)->distance,
                     &((const struct pair *)b)->distance);
}

static void find_near(size_t row, const bool *is_category, size_t *out)
{
    struct pair pairs[N_RARE];
    size_t n = 0;

    for (size_t r = N_ROWS - N_RARE; r < N_ROWS; r++)
        if (r != row)
            pairs[n++] = (struct pair){distance(row, r, is_category), r};
    qsort(pairs, n, sizeof *pairs, nearer);
    for (size_t i = 0; i < K; i++)
        out[i] = pairs[i].row;
}

/* Is the row between the two, all of its numbers by the same share?  The share is that
 * of the number with the longest way, which is known best. */
static bool lies_between(const float *row, const float *a, const float *b,
                         const bool *is_category)
{
    double longest = 0;
    double gap = 0;

    for (size_t i = 0; i < N_COLS; i++) {
        double step = (double)b[i] - (double)a[i];

        if (is_category[i] || !isfinite(step) || fabs(step) <= longest)
            continue;
        longest = fabs(step);
        gap = ((double)row[i] - (double)a[i]) / step;
    }
    for (size_t i = 0; i < N_COLS; i++) {
        double step = (double)b[i] - (double)a[i];

        if (!is_category[i] && isfinite(step) &&
            fabs((double)a[i] + gap * step - (double)row[i]) > 2e-3)
            return false;
    }
    return gap > -1e-6 && gap < 1 + 1e-6;
}

static bool is_a_mode(float v, const size_t *near)
{
    size_t most = 0;
    size_t mine = 0;

    for (size_t i = 0; i < K; i++) {
        size_t n = 0;

        for (size_t k = 0; k < K; k++)
            n += values[near[k] * N_COLS + WORD] == values[near[i] * N_COLS + WORD] ? 1
                                                                                    : 0;
        most = n > most ? n : most;
        mine = values[near[i] * N_COLS + WORD] == v ? n : mine;
    }
    return mine == most;
}

static void made_up_rows_lie_between_neighbours(void **state)
{
    static const struct {
        const char *text;
        const bool *is_category;
    } cases[] = {{"smote", numbers_only}, {"smote-nc", with_words}};

    (void)state;
    for (size_t c = 0; c < 2; c++) {
        struct balanced b = balance(cases[c].text, cases[c].is_category);
        size_t n_made = 0;

        for (size_t r = N_ROWS; r < b.x.n_rows; r++) {
            const float *row = b.x.x + r * N_COLS;
            const float *base = values + b.source[r] * N_COLS;
            size_t near[K];
            bool found = false;

            if (labels[b.source[r]] != 1)
                continue;
            find_near(b.source[r], cases[c].is_category, near);
            for (size_t k = 0; k < K; k++)
                found = found || lies_between(row, base, values + near[k] * N_COLS,
                                              cases[c].is_category);
            assert_true(found);
            if (cases[c].is_category[WORD])
                assert_true(is_a_mode(row[WORD], near));
            if (!isfinite(base[GAPPED]))
                assert_memory_equal(&row[GAPPED], &base[GAPPED], sizeof *row);
            n_made++;
        }
        assert_int_equal(n_made, 259 - N_RARE);
        balanced_release(&b);
    }
}

static void weights_are_as_said(void **state)
{
    float w[N_ROWS];
    struct lw_error err;
    double sum = 0;

    (void)state;
    assert_int_equal(balance_weigh(BALANCE_BY_CLASS, labels, N_ROWS, 4, w, &err),
                     LW_OK);
    assert_near(w[N_ROWS - 1], N_ROWS / 3.0 / N_RARE, 1e-4);
    assert_near(w[0], N_ROWS / 3.0, 1e-4);
    assert_int_equal(balance_weigh(BALANCE_BY_TYPE, labels, N_ROWS, 4, w, &err), LW_OK);
    assert_near(w[N_ROWS - 1] / w[1], sqrt(259.0 / N_RARE), 1e-4);
    for (size_t r = 0; r < N_ROWS; r++)
        sum += (double)w[r];
    assert_near(sum, N_ROWS, 1e-2);
}

static void what_makes_no_sense_is_refused(void **state)
{
    static const struct {
        const char *text;
        const char *want;
    } cases[] = {
        {"before-split", "each fold's training rows"},
        {"smote=2", "'2'"},
        {"neighbours=0", "1 to"},
        {"weights=all", "none, class, type"},
        {"more", "'more'"},
        {"over,over,over,over,over", "at most 4"},
    };
    struct balance_config cfg;
    struct balanced b = {0};
    struct lw_error err;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(balance_config_read(&cfg, cases[i].text, &err), LW_EINVAL);
        assert_non_null(strstr(err.msg, cases[i].want));
    }
    assert_int_equal(balance_config_read(&cfg, "smote", &err), LW_OK);
    assert_int_equal(balance_rows(&b, &cfg, &x, with_words, labels, 4, 1, &err),
                     LW_EINVAL);
    assert_non_null(strstr(err.msg, "smote-nc"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(classes_get_the_rows_that_are_asked_for),
        cmocka_unit_test(rows_that_stay_are_as_they_were),
        cmocka_unit_test(made_up_rows_lie_between_neighbours),
        cmocka_unit_test(weights_are_as_said),
        cmocka_unit_test(what_makes_no_sense_is_refused),
    };

    return cmocka_run_group_tests(tests, make_rows, NULL);
}

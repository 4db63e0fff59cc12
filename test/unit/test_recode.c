/* SPDX-License-Identifier: Apache-2.0 */
#include "data/recode.h"
#include "test.h"

#include <cmocka.h>

#include <math.h>
#include <string.h>

enum { N_ROWS = 600, N_COLS = 3, N_WORDS = 8, N_CLASSES = 3, UNIQUE = 2 };

static float values[N_ROWS * N_COLS];
static uint32_t labels[N_ROWS];
static const struct lw_matrix x = {values, N_ROWS, N_COLS};
static const struct encode_input inputs[N_COLS] = {
    {.type = ENCODE_CATEGORY, .n_categories = N_WORDS},
    {.type = ENCODE_NUMBER},
    {.type = ENCODE_CATEGORY, .n_categories = N_ROWS}};

/* Word 7 does not occur, words 5 and 6 are rare; the last column is another in every
 * row. */
static int make_rows(void **state)
{
    (void)state;
    for (size_t r = 0; r < N_ROWS; r++) {
        values[r * N_COLS] = (float)(r < 4 ? 5 : r < 7 ? 6 : r % 5);
        values[r * N_COLS + 1] = (float)r / 2;
        values[r * N_COLS + UNIQUE] = (float)r;
        labels[r] = (uint32_t)(r % 5 == 0 ? r % 3 : r % 7 == 0 ? 1 : 0);
    }
    return 0;
}

static struct recoder *fit(enum recode_kind kind, uint32_t rare, struct lw_matrix *rows)
{
    const struct recode_config cfg = {
        .kind = kind, .rare = rare, .n_classes = N_CLASSES, .seed = 4};
    struct recoder *r = NULL;
    struct lw_error err;

    assert_int_equal(recoder_fit(&r, &cfg, inputs, &x, labels, rows, &err), LW_OK);
    assert_int_equal(rows->n_rows, N_ROWS);
    assert_int_equal(rows->n_cols, recoder_outputs(r));
    return r;
}

/* Counted apart: rows of a word, of a class (any below 0). */
static double count(int word, int label)
{
    double n = 0;

    for (size_t r = 0; r < N_ROWS; r++)
        n += (word < 0 || (int)values[r * N_COLS] == word) &&
                     (label < 0 || (int)labels[r] == label)
                 ? 1
                 : 0;
    return n;
}

static void shares_are_those_of_the_training_rows(void **state)
{
    const float new_row[N_COLS] = {7, 1.5f, 3};
    const float odd_row[N_COLS] = {-1, 1.5f, 3};
    float out[N_COLS];
    struct lw_matrix rows = {0};
    struct recoder *r = fit(RECODE_FREQUENCY, 0, &rows);

    (void)state;
    for (size_t i = 0; i < N_ROWS; i++) {
        assert_near(rows.x[i * N_COLS], count((int)values[i * N_COLS], -1) / N_ROWS,
                    1e-6);
        assert_near(rows.x[i * N_COLS + 1], values[i * N_COLS + 1], 0);
    }
    recoder_apply(r, new_row, 1, out);
    assert_near(out[0], 0, 0);
    assert_int_equal(recoder_unseen(r, new_row), 1);
    recoder_apply(r, odd_row, 1, out);
    assert_near(out[0], 0, 0);
    lw_matrix_release(&rows);
    recoder_free(r);
}

static void targets_are_shares_drawn_to_the_average(void **state)
{
    struct lw_matrix rows = {0};
    struct recoder *r = fit(RECODE_TARGET, 0, &rows);
    float out[2 * 2 + 1];

    (void)state;
    assert_int_equal(recoder_outputs(r), 5);
    for (int word = 0; word < N_WORDS; word++) {
        const float row[N_COLS] = {(float)word, 0, 0};

        recoder_apply(r, row, 1, out);
        for (int y = 1; y < N_CLASSES; y++)
            assert_near(out[y - 1],
                        (count(word, y) + 10 * count(-1, y) / N_ROWS) /
                            (count(word, -1) + 10),
                        1e-6);
    }
    lw_matrix_release(&rows);
    recoder_free(r);
}

/* A word of one row alone says what the other folds' rows are, not what it is itself:
 * with five folds, five values. */
static void a_row_does_not_see_its_own_label(void **state)
{
    struct lw_matrix rows = {0};
    struct recoder *r = fit(RECODE_TARGET, 0, &rows);
    float seen[5];
    size_t n = 0;

    (void)state;
    for (size_t i = 0; i < N_ROWS; i++) {
        float v = rows.x[i * rows.n_cols + 3];
        size_t k = 0;

        while (k < n && memcmp(&seen[k], &v, sizeof v) != 0)
            k++;
        assert_true(k < 5);
        seen[k] = v;
        n = k == n ? n + 1 : n;
    }
    assert_int_equal(n, 5);
    lw_matrix_release(&rows);
    recoder_free(r);
}

static void rare_and_new_words_are_one(void **state)
{
    struct encode_input described[N_COLS];
    struct lw_matrix rows = {0};
    struct recoder *r = fit(RECODE_ONE_HOT, 5, &rows);
    const float row[N_COLS] = {7, 0, 0};
    float out[N_COLS];

    (void)state;
    recoder_describe(r, described);
    assert_int_equal(described[0].type, ENCODE_CATEGORY);
    assert_int_equal(described[0].n_categories, N_WORDS + 1);
    for (size_t i = 0; i < N_ROWS; i++)
        assert_near(rows.x[i * N_COLS],
                    values[i * N_COLS] >= 5 ? N_WORDS : values[i * N_COLS], 0);
    recoder_apply(r, row, 1, out);
    assert_int_equal(recoder_unseen(r, row), 1);
    lw_matrix_release(&rows);
    recoder_free(r);
    r = fit(RECODE_ORDINAL, 0, &rows);
    recoder_apply(r, row, 1, out);
    assert_true(isnan(out[0]));
    lw_matrix_release(&rows);
    recoder_free(r);
}

static void saved_ones_do_the_same_and_damage_is_refused(void **state)
{
    (void)state;
    for (int kind = 0; kind < RECODE_N_KINDS; kind++) {
        struct lw_matrix rows = {0};
        struct recoder *r = fit((enum recode_kind)kind, 3, &rows);
        struct recoder *again = NULL;
        float a[N_COLS * 2];
        float b[N_COLS * 2];
        struct lw_error err;
        struct buf bytes;
        struct span in;

        buf_init(&bytes);
        recoder_save(r, &bytes);
        in = span_of(buf_text(&bytes), bytes.len);
        assert_int_equal(recoder_load(&again, &in, &err), LW_OK);
        assert_int_equal(in.n, 0);
        for (size_t i = 0; i < N_ROWS; i++) {
            recoder_apply(r, values + i * N_COLS, 1, a);
            recoder_apply(again, values + i * N_COLS, 1, b);
            assert_memory_equal(a, b, recoder_outputs(r) * sizeof *a);
        }
        recoder_free(again);
        for (size_t n = 0; n < bytes.len; n += 1 + bytes.len / 200) {
            in = span_of(buf_text(&bytes), n);
            again = NULL;
            assert_int_equal(recoder_load(&again, &in, &err), LW_EFORMAT);
        }
        buf_release(&bytes);
        lw_matrix_release(&rows);
        recoder_free(r);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shares_are_those_of_the_training_rows),
        cmocka_unit_test(targets_are_shares_drawn_to_the_average),
        cmocka_unit_test(a_row_does_not_see_its_own_label),
        cmocka_unit_test(rare_and_new_words_are_one),
        cmocka_unit_test(saved_ones_do_the_same_and_damage_is_refused),
    };

    return cmocka_run_group_tests(tests, make_rows, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"
#include "base/rng.h"
#include "data/encode.h"
#include "test.h"

#include <cmocka.h>

#include <math.h>
#include <string.h>

/* Two numbers around a category of four, of which the training rows have 2 and 0. */
static const struct encode_input inputs[] = {
    {.type = ENCODE_NUMBER},
    {.type = ENCODE_CATEGORY, .n_categories = 4},
    {.type = ENCODE_NUMBER},
};
static float training_values[] = {1, 2, 10, 3, 0, 10, 5, 2, NAN};
static const struct lw_matrix training = {training_values, 3, 3};

static const struct encode_scale as_is = {false, false};

static struct encoder *fitted(struct encode_scale scale)
{
    struct encoder *e = NULL;
    struct lw_error err;

    assert_int_equal(encoder_fit_scaled(&e, inputs, 3, scale, &training, &err), LW_OK);
    return e;
}

static void categories_become_columns_of_training_rows(void **state)
{
    struct encoder *e = NULL;
    struct lw_error err;
    float out[8];

    (void)state;
    assert_int_equal(encoder_fit(&e, inputs, 3, &training, &err), LW_OK);
    assert_int_equal(encoder_inputs(e), 3);
    assert_int_equal(encoder_outputs(e), 4);
    assert_int_equal(encoder_source(e, 0), 0);
    assert_int_equal(encoder_source(e, 1), 1);
    assert_int_equal(encoder_source(e, 2), 1);
    assert_int_equal(encoder_source(e, 3), 2);
    assert_int_equal(encoder_category(e, 0), -1);
    assert_int_equal(encoder_category(e, 1), 0);
    assert_int_equal(encoder_category(e, 2), 2);
    encoder_apply(e, training_values, 2, out);
    assert_true(out[0] == 1 && out[1] == 0 && out[2] == 1 && out[3] == 10);
    assert_true(out[4] == 3 && out[5] == 1 && out[6] == 0 && out[7] == 10);
    encoder_free(e);
}

static void unseen_categories_are_counted_and_missing_ones_stay_missing(void **state)
{
    static const float odd[] = {-1, 1, 3, 4, 1.5f, INFINITY};
    static const float missing[] = {0, NAN, 99};
    struct encoder *e = fitted(as_is);
    size_t first = 77;
    float out[4];

    (void)state;
    encoder_apply(e, missing, 1, out);
    assert_true(isnan(out[1]) && isnan(out[2]) && out[3] == 99);
    assert_int_equal(encoder_unseen(e, missing, &first), 0);
    assert_int_equal(encoder_unseen(e, training_values, &first), 0);
    assert_int_equal(first, 77);
    for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++) {
        const float row[] = {0, odd[i], 0};

        encoder_apply(e, row, 1, out);
        assert_true(out[1] == 0 && out[2] == 0);
        assert_int_equal(encoder_unseen(e, row, NULL), 1);
        assert_int_equal(encoder_unseen(e, row, &first), 1);
        assert_int_equal(first, 1);
    }
    encoder_free(e);
}

static void categories_of_a_group_share_a_column(void **state)
{
    static const uint8_t group[] = {7, 3, 3, 0}; /* 0 and 2 are seen: of 7 and of 3 */
    static const struct encode_input grouped[] = {
        {.type = ENCODE_NUMBER},
        {.type = ENCODE_CATEGORY, .n_categories = 4, .group = group},
        {.type = ENCODE_NUMBER},
    };
    static const float rows[] = {0, 0, 0, 0, 1, 0, 0, 2, 0, 0, 3, 0, 0, NAN, 0};
    struct encoder *e = NULL;
    struct encoder *back = NULL;
    struct lw_error err;
    struct buf b;
    struct span in;
    float out[5 * 4];

    (void)state;
    assert_int_equal(encoder_fit(&e, grouped, 3, &training, &err), LW_OK);
    buf_init(&b);
    encoder_save(e, &b);
    in = span_of(b.data, b.len);
    assert_int_equal(encoder_load(&back, &in, &err), LW_OK);
    encoder_free(e);
    assert_int_equal(encoder_outputs(back), 4);
    assert_int_equal(encoder_category(back, 1), 0);
    assert_int_equal(encoder_category(back, 2), 1);
    encoder_apply(back, rows, 5, out);
    assert_true(out[1] == 1 && out[2] == 0);
    assert_true(out[5] == 0 && out[6] == 1); /* known by its group */
    assert_true(out[9] == 0 && out[10] == 1);
    assert_true(out[13] == 0 && out[14] == 0); /* a group without a seen member */
    assert_true(isnan(out[17]) && isnan(out[18]));
    for (size_t r = 0; r < 5; r++)
        assert_int_equal(encoder_unseen(back, rows + 3 * r, NULL), r == 1 || r == 3);
    for (size_t n = 0; n < b.len; n++) {
        struct encoder *cut = NULL;

        in = span_of(b.data, n);
        assert_int_equal(encoder_load(&cut, &in, &err), LW_EFORMAT);
    }
    buf_release(&b);
    encoder_free(back);
}

static void numbers_are_scaled_by_training_rows_alone(void **state)
{
    const float far[] = {-7, 0, 99};
    struct encoder *e = fitted((struct encode_scale){.standardise = true});
    float out[4];

    (void)state;
    /* 1, 3, 5: mean 3, variance (4 + 0 + 4) / 3.  10, 10: no spread, so only shifted;
     * the missing one does not count, and stays missing. */
    encoder_apply(e, training_values, 1, out);
    assert_near(out[0], -2 / sqrt(8.0 / 3), 1e-6);
    assert_near(out[3], 0, 0);
    encoder_apply(e, far, 1, out);
    assert_near(out[3], 89, 1e-5);
    encoder_apply(e, training_values + 6, 1, out);
    assert_true(isnan(out[3]));
    encoder_free(e);

    /* log 2, log 4, log 6: mean 1.2904003, variance .617268 / 3. */
    e = fitted((struct encode_scale){.log1p = true, .standardise = true});
    encoder_apply(e, training_values, 1, out);
    assert_near(out[0], (log(2) - 1.2904003) / .453603, 1e-5);
    encoder_free(e);

    e = fitted((struct encode_scale){.log1p = true});
    encoder_apply(e, far, 1, out);
    assert_near(out[0], -log(8), 1e-6);
    encoder_free(e);
}

static void impossible_tables_are_refused(void **state)
{
    const struct encode_input many = {.type = ENCODE_CATEGORY, .n_categories = 65536};
    const uint8_t no_group[] = {0, 255};
    const struct encode_input beyond = {
        .type = ENCODE_CATEGORY, .n_categories = 2, .group = no_group};
    const struct lw_matrix one = {training_values, 9, 1};
    const struct lw_matrix none = {training_values, 0, 3};
    const struct lw_matrix wide = {training_values, 1, 4097};
    struct encoder *e = NULL;
    struct lw_error err;

    (void)state;
    assert_int_equal(encoder_fit(&e, inputs, 2, &training, &err), LW_EINVAL);
    assert_int_equal(encoder_fit(&e, inputs, 0, &training, &err), LW_EINVAL);
    assert_int_equal(encoder_fit(&e, inputs, 3, &none, &err), LW_EINVAL);
    assert_int_equal(encoder_fit(&e, inputs, 4097, &wide, &err), LW_EINVAL);
    assert_int_equal(encoder_fit(&e, &many, 1, &one, &err), LW_EINVAL);
    assert_int_equal(encoder_fit(&e, &beyond, 1, &one, &err), LW_EINVAL);
    assert_null(e);
}

static void bytes_round_trip(void **state)
{
    static const struct encode_scale scales[] = {
        {false, false}, {true, false}, {false, true}, {true, true}};
    struct lw_error err;

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        struct encoder *e = fitted(scales[i]);
        struct encoder *back = NULL;
        struct buf b;
        struct buf again;
        struct span in;
        float one[12];
        float two[12];

        buf_init(&b);
        buf_init(&again);
        encoder_save(e, &b);
        buf_add_char(&b, 'x');
        in = span_of(b.data, b.len);
        assert_int_equal(encoder_load(&back, &in, &err), LW_OK);
        assert_int_equal(in.n, 1);
        encoder_save(back, &again);
        assert_int_equal(b.len, again.len + 1);
        assert_memory_equal(b.data, again.data, again.len);
        encoder_apply(e, training_values, 3, one);
        encoder_apply(back, training_values, 3, two);
        assert_memory_equal(one, two, sizeof one);
        assert_int_equal(encoder_category(back, 2), 2);
        encoder_free(back);
        encoder_free(e);
        buf_release(&b);
        buf_release(&again);
    }
}

/* A category of four, of which 0 and 2 were seen; a scaled number with mean 0 and
 * deviation 1. */
static const uint8_t image[] = {2, 0, 0, 0, 1, 4, 0, 0, 0, 1,    0,   1,
                                0, 2, 0, 0, 0, 0, 1, 0, 0, 0,    0,   0,
                                0, 0, 0, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f};

static void expect_damaged(const uint8_t *bytes, size_t n)
{
    struct span in = span_of(bytes, n);
    struct encoder *e = NULL;
    struct lw_error err;

    assert_int_equal(encoder_load(&e, &in, &err), LW_EFORMAT);
    assert_null(e);
    assert_non_null(strstr(err.msg, "encoder is damaged"));
}

static void damaged_bytes_are_refused(void **state)
{
    static const struct {
        size_t at;
        uint8_t value;
        const char *what;
    } harm[] = {
        {0, 0, "no inputs"},
        {1, 0x10, "more than 4,096 inputs"},
        {4, 4, "an unknown kind"},
        {7, 1, "too many categories"},
        {9, 2, "a mark that is neither 0 nor 1"},
        {14, 1, "a number with categories"},
        {18, 2, "log1p neither yes nor no"},
        {34, 0xbf, "a negative deviation"},
        {34, 0x7f, "a deviation that is infinite"},
        {26, 0x7f, "an odd mean"},
    };
    uint8_t bytes[sizeof image];
    struct span in = span_of(image, sizeof image);
    struct encoder *e = NULL;
    struct lw_error err;

    (void)state;
    assert_int_equal(encoder_load(&e, &in, &err), LW_OK);
    assert_int_equal(encoder_outputs(e), 3);
    encoder_free(e);
    for (size_t n = 0; n < sizeof image; n++)
        expect_damaged(image, n);
    for (size_t i = 0; i < sizeof harm / sizeof harm[0]; i++) {
        memcpy(bytes, image, sizeof bytes);
        bytes[harm[i].at] = harm[i].value;
        if (harm[i].at == 26)
            bytes[25] = 0xf0; /* exponent of all ones: infinite */
        expect_damaged(bytes, sizeof bytes);
    }
}

static void too_many_columns_are_refused(void **state)
{
    /* Two categories of 40,000, all of them seen. */
    enum { N = 40000 };
    struct buf b;

    (void)state;
    buf_init(&b);
    buf_add_le32(&b, 2);
    for (int i = 0; i < 2; i++) {
        buf_add_u8(&b, 1);
        buf_add_le32(&b, N);
        for (int k = 0; k < N; k++)
            buf_add_u8(&b, 1);
    }
    expect_damaged((const uint8_t *)b.data, b.len);
    buf_release(&b);
}

static void fill_at_random(struct rng *rng, struct encode_input *in,
                           struct lw_matrix *x)
{
    for (size_t c = 0; c < x->n_cols; c++) {
        in[c] = (struct encode_input){.type = ENCODE_NUMBER};
        if (rng_below(rng, 2) == 0)
            in[c] = (struct encode_input){.type = ENCODE_CATEGORY,
                                          .n_categories =
                                              (uint32_t)(1 + rng_below(rng, 20))};
        for (size_t r = 0; r < x->n_rows; r++)
            x->x[r * x->n_cols + c] = (float)rng_below(
                rng, in[c].type == ENCODE_NUMBER ? 1000 : in[c].n_categories);
    }
}

/* On training rows the columns of a category hold exactly one 1, and what is summed
 * back by encoder_source() is whole. */
static void random_tables_keep_the_invariants(void **state)
{
    enum { ROWS = 60, COLS = 9, OUT_MAX = COLS * 20 };
    float out[ROWS * OUT_MAX];
    struct rng rng;

    (void)state;
    rng_init(&rng, 42);
    for (int round = 0; round < 50; round++) {
        struct encode_input in[COLS];
        struct lw_matrix x;
        struct encoder *e = NULL;
        struct lw_error err;

        assert_int_equal(lw_matrix_init(&x, ROWS, COLS, &err), LW_OK);
        fill_at_random(&rng, in, &x);
        assert_int_equal(encoder_fit(&e, in, COLS, &x, &err), LW_OK);
        encoder_apply(e, x.x, ROWS, out);
        for (size_t r = 0; r < ROWS; r++) {
            double back[COLS] = {0};

            for (size_t o = 0; o < encoder_outputs(e); o++)
                back[encoder_source(e, o)] += (double)out[r * encoder_outputs(e) + o];
            for (size_t c = 0; c < COLS; c++)
                assert_near(back[c],
                            in[c].type == ENCODE_NUMBER ? x.x[r * COLS + c] : 1, 0);
            assert_int_equal(encoder_unseen(e, x.x + r * COLS, NULL), 0);
        }
        lw_matrix_release(&x);
        encoder_free(e);
    }
}

static void memory_may_run_out_anywhere(void **state)
{
    struct encoder *e = NULL;
    struct encoder *back = NULL;
    struct lw_error err;

    (void)state;
    for (uint64_t n = 1; e == NULL; n++) {
        mem_fail_at(n, 0);
        if (encoder_fit(&e, inputs, 3, &training, &err) != LW_OK) {
            assert_int_equal(err.code, LW_ENOMEM);
            assert_null(e);
        }
    }
    for (uint64_t n = 1; back == NULL; n++) {
        struct span in = span_of(image, sizeof image);

        mem_fail_at(n, 0);
        if (encoder_load(&back, &in, &err) != LW_OK) {
            assert_int_equal(err.code, LW_ENOMEM);
            assert_null(back);
        }
    }
    mem_fail_at(0, 0);
    encoder_free(back);
    encoder_free(e);
    encoder_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(categories_become_columns_of_training_rows),
        cmocka_unit_test(unseen_categories_are_counted_and_missing_ones_stay_missing),
        cmocka_unit_test(categories_of_a_group_share_a_column),
        cmocka_unit_test(numbers_are_scaled_by_training_rows_alone),
        cmocka_unit_test(impossible_tables_are_refused),
        cmocka_unit_test(bytes_round_trip),
        cmocka_unit_test(damaged_bytes_are_refused),
        cmocka_unit_test(too_many_columns_are_refused),
        cmocka_unit_test(random_tables_keep_the_invariants),
        cmocka_unit_test(memory_may_run_out_anywhere),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

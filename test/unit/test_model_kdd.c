/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The trees of a real data set: our engine against XGBoost on every row of NSL-KDD's
 * training file.  Skipped where the file is not beside the source tree.
 */
#include "base/mem.h"
#include "data/encode.h"
#include "learn/forest.h"
#include "learn/forest_kernel.h"
#include "learn/gbdt_xgboost.h"
#include "test.h"

#include <lapwing/dataset.h>
#include <lapwing/model.h>

#include <cmocka.h>

#include <math.h>
#include <string.h>
#include <unistd.h>

enum { N_FEATURES = 41, N_CLASSES = LW_N_KDD_CLASSES };

static const char train_file[] = "../shared/data/records/nsl-kdd/KDDTrain+.txt.xz";

struct kdd {
    struct lw_matrix x; /* encoded rows */
    uint32_t *labels;   /* (n_rows), owned */
};

static void copy_column(const struct lw_frame *frame, size_t c, struct lw_matrix *out,
                        struct encode_input *input)
{
    struct lw_column col;

    lw_frame_column(frame, c, &col);
    *input = (struct encode_input){
        .type = col.type == LW_COLUMN_TEXT ? ENCODE_CATEGORY : ENCODE_NUMBER,
        .n_categories = col.n_words,
    };
    for (size_t i = 0; i < out->n_rows; i++)
        out->x[i * out->n_cols + c] =
            col.type == LW_COLUMN_TEXT ? (float)col.codes[i] : col.numbers[i];
}

static void kdd_load(struct kdd *k)
{
    struct lw_frame *frame = NULL;
    struct lw_matrix raw;
    struct encode_input inputs[N_FEATURES];
    struct encoder *e = NULL;
    struct lw_column attack;
    size_t n;

    assert_int_equal(lw_frame_read(&frame, test_source_path(train_file), NULL, NULL),
                     LW_OK);
    n = lw_frame_rows(frame);
    assert_int_equal(n, 125973);
    assert_int_equal(lw_matrix_init(&raw, n, N_FEATURES, NULL), LW_OK);
    for (size_t c = 0; c < N_FEATURES; c++)
        copy_column(frame, c, &raw, &inputs[c]);
    assert_int_equal(encoder_fit(&e, inputs, N_FEATURES, &raw, NULL), LW_OK);
    assert_int_equal(lw_matrix_init(&k->x, n, encoder_outputs(e), NULL), LW_OK);
    encoder_apply(e, raw.x, n, k->x.x);
    k->labels = mem_zalloc(n, sizeof *k->labels);
    assert_true(lw_frame_find(frame, "label") >= 0);
    lw_frame_column(frame, (size_t)lw_frame_find(frame, "label"), &attack);
    for (size_t i = 0; i < n; i++)
        k->labels[i] = (uint32_t)lw_kdd_class_of(attack.dictionary[attack.codes[i]]);
    encoder_free(e);
    lw_matrix_release(&raw);
    lw_frame_free(frame);
}

static void kdd_release(struct kdd *k)
{
    lw_matrix_release(&k->x);
    mem_free(k->labels);
}

static void every_row_of_kddtrain_equals_xgboost(void **state)
{
    const struct lw_model_params params = {.n_rounds = 20};
    struct booster *b = NULL;
    struct forest *f = NULL;
    struct kdd kdd;
    float *ours;
    float *theirs;
    size_t n;

    (void)state;
    kdd_load(&kdd);
    const struct model_task task = {
        .params = &params, .x = &kdd.x, .labels = kdd.labels, .n_classes = N_CLASSES};
    n = kdd.x.n_rows * N_CLASSES;
    ours = mem_zalloc(n, sizeof *ours);
    theirs = mem_zalloc(n, sizeof *theirs);
    assert_int_equal(booster_fit(&b, &task, NULL), LW_OK);
    assert_int_equal(booster_export(&f, b, NULL), LW_OK);
    assert_string_equal(f->plan->kernel->name, "quick");

    assert_int_equal(
        booster_predict(b, kdd.x.x, kdd.x.n_rows, BOOSTER_MARGIN, theirs, n, NULL),
        LW_OK);
    forest_margins(f, kdd.x.x, kdd.x.n_rows, ours);
    assert_memory_equal(ours, theirs, n * sizeof *ours);

    assert_int_equal(
        booster_predict(b, kdd.x.x, kdd.x.n_rows, BOOSTER_PROBABILITY, theirs, n, NULL),
        LW_OK);
    forest_predict(f, kdd.x.x, kdd.x.n_rows, ours);
    for (size_t i = 0; i < n; i++)
        assert_near(ours[i], theirs[i], 1.2e-7);
    mem_free(ours);
    mem_free(theirs);
    forest_free(f);
    booster_free(b);
    kdd_release(&kdd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_of_kddtrain_equals_xgboost),
    };

    if (access(test_source_path(train_file), R_OK) != 0)
        return test_skip_all("KDDTrain+ is not beside the source tree");
    return cmocka_run_group_tests(tests, NULL, NULL);
}

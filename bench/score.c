/* SPDX-License-Identifier: Apache-2.0 */
/*
 * score_bench FILE - our scoring beside XGBoost's, on the same trees and rows.
 *
 * Trains 100 rounds of five classes on a labelled KDD file and scores rows of it, one
 * at a time and in batches: ours, and XGBoost's in-place prediction through its C
 * interface on one thread.  The two take turns, so that both see the same machine;
 * medians and the spread of all turns, in processor time.
 */
#include "base/mem.h"
#include "base/rng.h"
#include "bench.h"
#include "data/encode.h"
#include "learn/forest.h"
#include "learn/gbdt_xgboost.h"
#include "learn/treeshap.h"

#include <lapwing/dataset.h>
#include <lapwing/model.h>

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    N_FEATURES = 41,
    N_CLASSES = LW_N_KDD_CLASSES,
    TURNS = 11,
    SINGLE_ROWS = 1000,
    BATCH_ROWS = 10000
};

struct bench {
    struct lw_matrix x; /* what is trained on */
    uint32_t *labels;   /* (n_rows), owned */
    struct booster *booster;
    struct forest *forest;
    float *rows; /* (BATCH_ROWS, n_cols), owned: rows of x in random order */
    float *ours; /* (BATCH_ROWS, N_CLASSES), owned */
    float *theirs;
};

static void copy_column(const struct lw_frame *frame, size_t c, struct lw_matrix *out,
                        struct encode_input *input)
{
    struct lw_column col;

    lw_frame_column(frame, c, &col);
    *input = (struct encode_input){.type = col.type == LW_COLUMN_TEXT ? ENCODE_CATEGORY
                                                                      : ENCODE_NUMBER,
                                   .n_categories = col.n_words};
    for (size_t i = 0; i < out->n_rows; i++)
        out->x[i * out->n_cols + c] =
            col.type == LW_COLUMN_TEXT ? (float)col.codes[i] : col.numbers[i];
}

static void read_labels(struct bench *b, const struct lw_frame *frame)
{
    int idx = lw_frame_find(frame, "label");
    struct lw_column attack;

    if (idx < 0) {
        (void)fprintf(stderr, "score_bench: the file has no column \"label\"\n");
        exit(1);
    }
    lw_frame_column(frame, (size_t)idx, &attack);
    b->labels = must_have(mem_zalloc(b->x.n_rows, sizeof *b->labels));
    for (size_t i = 0; i < b->x.n_rows; i++) {
        int k = lw_kdd_class_of(attack.dictionary[attack.codes[i]]);

        b->labels[i] = k < 0 ? 0 : (uint32_t)k;
    }
}

/* Categories as their codes (41 columns), or one-hot as our models have them. */
static void read_rows(struct bench *b, const char *path, bool one_hot)
{
    struct encode_input inputs[N_FEATURES];
    struct lw_frame *frame = NULL;
    struct encoder *e = NULL;
    struct lw_matrix raw;
    struct lw_error err;

    must(lw_frame_read(&frame, path, NULL, &err), &err);
    must(lw_matrix_init(&raw, lw_frame_rows(frame), N_FEATURES, &err), &err);
    for (size_t c = 0; c < N_FEATURES; c++)
        copy_column(frame, c, &raw, &inputs[c]);
    if (one_hot) {
        must(encoder_fit(&e, inputs, N_FEATURES, &raw, &err), &err);
        must(lw_matrix_init(&b->x, raw.n_rows, encoder_outputs(e), &err), &err);
        encoder_apply(e, raw.x, raw.n_rows, b->x.x);
        encoder_free(e);
        lw_matrix_release(&raw);
    } else {
        b->x = raw;
    }
    read_labels(b, frame);
    lw_frame_free(frame);
}

static void train(struct bench *b)
{
    static const struct lw_model_params params = {.n_rounds = 100, .max_depth = 6};
    const struct model_task task = {
        .params = &params, .x = &b->x, .labels = b->labels, .n_classes = N_CLASSES};
    struct lw_error err;
    double start = seconds();

    must(booster_fit(&b->booster, &task, &err), &err);
    must(booster_export(&b->forest, b->booster, &err), &err);
    (void)printf("%zu rows, %u columns: %u trees, %u nodes, trained in %.1f s\n",
                 b->x.n_rows, b->forest->n_cols, b->forest->n_trees, b->forest->n_nodes,
                 seconds() - start);
}

static void pick_rows(struct bench *b)
{
    struct rng r;

    rng_init(&r, 1);
    b->rows = must_have(mem_zalloc(BATCH_ROWS * b->x.n_cols, sizeof *b->rows));
    b->ours = must_have(mem_zalloc((size_t)BATCH_ROWS * N_CLASSES, sizeof *b->ours));
    b->theirs =
        must_have(mem_zalloc((size_t)BATCH_ROWS * N_CLASSES, sizeof *b->theirs));
    for (size_t i = 0; i < BATCH_ROWS; i++)
        memcpy(b->rows + i * b->x.n_cols,
               b->x.x + rng_below(&r, b->x.n_rows) * b->x.n_cols,
               b->x.n_cols * sizeof *b->rows);
}

static void score_ours(const struct bench *b, size_t first, size_t n)
{
    forest_predict(b->forest, b->rows + first * b->x.n_cols, n,
                   b->ours + first * N_CLASSES);
}

static void score_theirs(const struct bench *b, size_t first, size_t n)
{
    struct lw_error err;

    must(booster_predict(b->booster, b->rows + first * b->x.n_cols, n,
                         BOOSTER_PROBABILITY, b->theirs + first * N_CLASSES,
                         n * N_CLASSES, &err),
         &err);
}

typedef void (*score_fn)(const struct bench *b, size_t first, size_t n);

/* Seconds per row. */
static double time_rows(const struct bench *b, score_fn score, size_t n, size_t step)
{
    double start = seconds();

    for (size_t i = 0; i < n; i += step)
        score(b, i, step);
    return (seconds() - start) / (double)n;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;

    return (x > y) - (x < y);
}

static void run(const struct bench *b, const char *what, size_t n, size_t step)
{
    double ours[TURNS];
    double theirs[TURNS];
    double ratio[TURNS];

    score_ours(b, 0, BATCH_ROWS); /* warm up */
    score_theirs(b, 0, BATCH_ROWS);
    for (size_t i = 0; i < TURNS; i++) {
        ours[i] = time_rows(b, score_ours, n, step);
        theirs[i] = time_rows(b, score_theirs, n, step);
        ratio[i] = theirs[i] / ours[i];
    }
    qsort(ours, TURNS, sizeof *ours, compare);
    qsort(theirs, TURNS, sizeof *theirs, compare);
    qsort(ratio, TURNS, sizeof *ratio, compare);
    (void)printf("  %-6s ours %7.3f us a row (%.3f-%.3f), %8.0f rows/s; xgboost %7.3f "
                 "us (%.3f-%.3f), %8.0f rows/s; ratio %.1f (%.1f-%.1f)\n",
                 what, ours[TURNS / 2] * 1e6, ours[0] * 1e6, ours[TURNS - 1] * 1e6,
                 1 / ours[TURNS / 2], theirs[TURNS / 2] * 1e6, theirs[0] * 1e6,
                 theirs[TURNS - 1] * 1e6, 1 / theirs[TURNS / 2], ratio[TURNS / 2],
                 ratio[0], ratio[TURNS - 1]);
}

static void run_reasons(const struct bench *b)
{
    double *phi = must_have(mem_zalloc(b->x.n_cols + 1, sizeof *phi));
    double times[TURNS];
    struct lw_error err;

    for (size_t t = 0; t < TURNS; t++) {
        double start = seconds();

        for (size_t i = 0; i < SINGLE_ROWS; i++)
            must(treeshap_row(b->forest, b->rows + i * b->x.n_cols,
                              (uint32_t)(i % N_CLASSES), phi, &err),
                 &err);
        times[t] = (seconds() - start) / SINGLE_ROWS;
    }
    qsort(times, TURNS, sizeof *times, compare);
    (void)printf("  reasons (TreeSHAP, one class): %.1f us a row (%.1f-%.1f)\n",
                 times[TURNS / 2] * 1e6, times[0] * 1e6, times[TURNS - 1] * 1e6);
    mem_free(phi);
}

static void print_difference(const struct bench *b)
{
    float worst = 0;

    for (size_t i = 0; i < (size_t)BATCH_ROWS * N_CLASSES; i++)
        worst = fmaxf(worst, fabsf(b->ours[i] - b->theirs[i]));
    (void)printf("  largest difference of a probability: %.1e\n", (double)worst);
}

static void run_all(const char *path, bool one_hot)
{
    struct bench b = {0};

    read_rows(&b, path, one_hot);
    train(&b);
    pick_rows(&b);
    run(&b, "single", SINGLE_ROWS, 1);
    run(&b, "batch", BATCH_ROWS, BATCH_ROWS);
    run_reasons(&b);
    print_difference(&b);
    booster_free(b.booster);
    forest_free(b.forest);
    lw_matrix_release(&b.x);
    mem_free(b.labels);
    mem_free(b.rows);
    mem_free(b.ours);
    mem_free(b.theirs);
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        (void)fprintf(stderr, "usage: score_bench KDD-FILE\n");
        return 2;
    }
    run_all(argv[1], false);
    run_all(argv[1], true);
    return 0;
}

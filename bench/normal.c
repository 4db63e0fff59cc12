/* SPDX-License-Identifier: Apache-2.0 */
/*
 * normal_bench KDD-FILE [ROUNDS] - how long the autoencoders take to fit and to score.
 *
 * Normal rows of a labelled KDD file, 41 columns (words as numbers).  The preset
 * ddos-autoencoder (8,000 rows, 10 epochs, 100-50-50-100) and the default autoencoder
 * are fitted ROUNDS times (default 3) and score 20,000 rows in batches three times as
 * often, on one thread; medians of processor time, and the spread of all rounds.
 */
#include "base/mem.h"
#include "bench.h"

#include <lapwing/dataset.h>
#include <lapwing/model.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { N_COLS = 41, ROWS = 20000, ROUNDS_MAX = 99, SCORINGS = 3 };

#define DDOS_AUTOENCODER                                                               \
    "scale=minmax,clip=0,units=100,latent=50,act=tanh,output=relu,epochs=10,"          \
    "batch=256,optimiser=adadelta,rate=1,activity-l1=1e-4,validation=0.2,patience=0,"  \
    "max-rows=8000,score=plain"

/* Up to ROWS normal rows. */
static void read_rows(struct lw_matrix *out, const char *path)
{
    struct lw_frame *frame = NULL;
    struct lw_column label;
    struct lw_error err;
    size_t n = 0;
    int idx;

    must(lw_frame_read(&frame, path, NULL, &err), &err);
    idx = lw_frame_find(frame, "label");
    if (idx < 0)
        exit(1);
    lw_frame_column(frame, (size_t)idx, &label);
    must(lw_matrix_init(out, ROWS, N_COLS, &err), &err);
    for (size_t r = 0; r < lw_frame_rows(frame) && n < ROWS; r++) {
        if (lw_kdd_class_of(label.dictionary[label.codes[r]]) != LW_KDD_NORMAL)
            continue;
        for (size_t c = 0; c < N_COLS; c++) {
            struct lw_column col;

            lw_frame_column(frame, c, &col);
            out->x[n * N_COLS + c] =
                col.type == LW_COLUMN_TEXT ? (float)col.codes[r] : col.numbers[r];
        }
        n++;
    }
    out->n_rows = n;
    lw_frame_free(frame);
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;

    return x < y ? -1 : x > y ? 1 : 0;
}

static void sort(double *v, size_t n)
{
    qsort(v, n, sizeof *v, ascending);
}

static void measure(const char *name, const char *options, const struct lw_matrix *x,
                    size_t rounds)
{
    const struct lw_model_params params = {.options = options, .seed = 1};
    uint32_t *label = must_have(mem_zalloc(x->n_rows, sizeof *label));
    float *out = must_have(mem_zalloc(2 * x->n_rows, sizeof *out));
    double fit[ROUNDS_MAX];
    double score[SCORINGS * ROUNDS_MAX];
    struct lw_error err;

    for (size_t i = 0; i < rounds; i++) {
        struct lw_model *m = NULL;
        double start = seconds();

        must(lw_model_fit(&m, "autoencoder", &params, x, label, 2, NULL, &err), &err);
        fit[i] = seconds() - start;
        for (size_t k = 0; k < SCORINGS; k++) {
            start = seconds();
            lw_model_predict(m, x->x, x->n_rows, out);
            score[SCORINGS * i + k] = (double)x->n_rows / (seconds() - start) / 1e6;
        }
        lw_model_free(m);
    }
    sort(fit, rounds);
    sort(score, SCORINGS * rounds);
    (void)printf("%-18s fit %.2f s (%.2f to %.2f)   score %.2f million rows/s (%.2f to "
                 "%.2f)\n",
                 name, fit[rounds / 2], fit[0], fit[rounds - 1],
                 score[SCORINGS * rounds / 2], score[0], score[SCORINGS * rounds - 1]);
    mem_free(label);
    mem_free(out);
}

int main(int argc, char **argv)
{
    size_t rounds = argc > 2 ? (size_t)atoi(argv[2]) : 3;
    struct lw_matrix x;

    if (argc < 2 || rounds == 0 || rounds > ROUNDS_MAX) {
        (void)fprintf(stderr, "usage: normal_bench KDD-FILE [ROUNDS]\n");
        return 2;
    }
    read_rows(&x, argv[1]);
    (void)printf("%zu normal rows, %d columns\n", x.n_rows, N_COLS);
    measure("ddos-autoencoder", DDOS_AUTOENCODER, &x, rounds);
    measure("autoencoder", "epochs=2", &x, rounds);
    lw_matrix_release(&x);
    return 0;
}

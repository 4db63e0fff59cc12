/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fit_model KIND OPTIONS COLS CLASSES TRAIN LABELS TEST OUT [SECONDS]: fit a kind of
 * model, store it, read it back and write its probabilities for other rows, for
 * test/parity/sklearn.  Into SECONDS, as text, goes the processor time of fitting and
 * answering once, for bench/train.
 *
 * TRAIN, TEST and OUT are rows of 32-bit floats, LABELS 32-bit numbers, without a
 * header, in the machine's byte order.  Exit status 3 when the model that was read back
 * answers otherwise.
 */
#include "base/buf.h"
#include "base/mem.h"
#include "learn/model_ops.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static void die(const char *what)
{
    (void)fprintf(stderr, "fit_model: %s\n", what);
    exit(1);
}

static void *read_all(const char *path, size_t *n_bytes)
{
    FILE *f = fopen(path, "rb");
    size_t cap = 0;
    char *data = NULL;

    *n_bytes = 0;
    if (f == NULL)
        die(path);
    do {
        data = mem_grow(data, &cap, *n_bytes + 65536, 1);
        if (data == NULL)
            die("out of memory");
        *n_bytes += fread(data + *n_bytes, 1, cap - *n_bytes, f);
    } while (*n_bytes == cap);
    (void)fclose(f);
    return data;
}

static void read_rows(struct lw_matrix *m, const char *path, size_t n_cols)
{
    size_t n_bytes;

    m->x = read_all(path, &n_bytes);
    m->n_cols = n_cols;
    m->n_rows = n_bytes / sizeof(float) / n_cols;
}

static void write_all(const char *path, const float *v, size_t n)
{
    FILE *f = fopen(path, "wb");

    if (f == NULL || fwrite(v, sizeof *v, n, f) != n || fclose(f) != 0)
        die(path);
}

static void write_seconds(const char *path, clock_t ticks)
{
    FILE *f = fopen(path, "w");

    if (f == NULL || fprintf(f, "%.6f\n", (double)ticks / CLOCKS_PER_SEC) < 0 ||
        fclose(f) != 0)
        die(path);
}

int main(int argc, char **argv)
{
    struct lw_model_params params = {.seed = 1};
    struct lw_matrix train;
    struct lw_matrix test;
    struct lw_model *m = NULL;
    struct lw_model *back = NULL;
    struct lw_error err;
    struct buf bytes;
    uint32_t *labels;
    uint32_t n_classes;
    size_t n_bytes;
    size_t n_out;
    float *before;
    float *after;
    clock_t start;
    clock_t used;

    if (argc != 9 && argc != 10)
        die("wrong number of arguments");
    params.options = argv[2];
    n_classes = (uint32_t)strtoul(argv[4], NULL, 10);
    read_rows(&train, argv[5], strtoul(argv[3], NULL, 10));
    labels = read_all(argv[6], &n_bytes);
    read_rows(&test, argv[7], train.n_cols);
    if (n_bytes != train.n_rows * sizeof *labels)
        die("not as many labels as rows");
    start = clock();
    if (lw_model_fit(&m, argv[1], &params, &train, labels, n_classes, NULL, &err) !=
        LW_OK)
        die(err.msg);
    used = clock() - start;
    buf_init(&bytes);
    model_save(m, &bytes);
    if (!buf_ok(&bytes) ||
        model_load(&back, span_of(bytes.data, bytes.len), &err) != LW_OK)
        die(err.msg);
    n_out = test.n_rows * n_classes;
    before = mem_zalloc(n_out, sizeof *before);
    after = mem_zalloc(n_out, sizeof *after);
    if (before == NULL || after == NULL)
        die("out of memory");
    start = clock();
    lw_model_predict(m, test.x, test.n_rows, before);
    used += clock() - start;
    if (argc == 10)
        write_seconds(argv[9], used);
    lw_model_predict(back, test.x, test.n_rows, after);
    write_all(argv[8], after, n_out);
    n_bytes = memcmp(before, after, n_out * sizeof *before) == 0 ? 0 : 3;
    buf_release(&bytes);
    lw_model_free(m);
    lw_model_free(back);
    lw_matrix_release(&train);
    lw_matrix_release(&test);
    mem_free(labels);
    mem_free(before);
    mem_free(after);
    return (int)n_bytes;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * batch_bench MODEL FILE ROUNDS [ANSWERS]: records a second through what `POST
 * /api/v1/classify` does with a body, without HTTP: read, judge, answer.  FILE is CSV
 * with a header, or JSON lines where its name ends in "l".  Prints the processor time
 * of each round; the answers of the last go to ANSWERS.
 */
#include "serve/batch.h"

#include "base/mem.h"
#include "serve/view_names.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { PIECE = 64 * 1024 };

static double cpu_s(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void must(bool ok, const char *what)
{
    if (ok)
        return;
    (void)fprintf(stderr, "batch_bench: %s\n", what);
    exit(1);
}

static struct span read_file(const char *path)
{
    FILE *f = fopen(path, "rb");
    char *bytes;
    long n;

    must(f != NULL && fseek(f, 0, SEEK_END) == 0, path);
    n = ftell(f);
    must(n > 0 && fseek(f, 0, SEEK_SET) == 0, path);
    bytes = mem_alloc((size_t)n);
    must(bytes != NULL && fread(bytes, 1, (size_t)n, f) == (size_t)n, path);
    (void)fclose(f);
    return span_of(bytes, (size_t)n);
}

static void keep_answers(struct batch *b, const char *path)
{
    static char bytes[PIECE];
    FILE *f = fopen(path, "wb");
    ssize_t n;

    must(f != NULL, path);
    while ((n = spool_read(batch_answers(b), bytes, sizeof bytes)) > 0)
        must(fwrite(bytes, 1, (size_t)n, f) == (size_t)n, path);
    must(n == 0 && fclose(f) == 0, path);
}

static void run(const struct batch_config *cfg, struct span in, const char *keep)
{
    double begin = cpu_s();
    struct lw_error err = {0};
    struct batch *b;
    double took;

    must(batch_new(&b, cfg, &err) == LW_OK, err.msg);
    while (in.n > 0) {
        struct span piece = span_first(in, in.n < PIECE ? in.n : PIECE);

        must(batch_feed(b, piece, &err) == LW_OK, err.msg);
        in = span_from(in, piece.n);
    }
    must(batch_finish(b, &err) == LW_OK, err.msg);
    took = cpu_s() - begin;
    (void)printf("%" PRIu64 " records, %.3f s of processor time, %.0f records/s\n",
                 batch_records(b), took, (double)batch_records(b) / took);
    if (keep != NULL)
        keep_answers(b, keep);
    batch_free(b);
}

int main(int argc, char **argv)
{
    struct batch_config cfg = {.spool_dir = "/tmp", .n_models = 1};
    struct lw_classifier *c = NULL;
    struct view_names *names = NULL;
    struct lw_error err = {0};
    struct span in;
    int rounds;

    must(argc >= 4, "usage: batch_bench MODEL FILE ROUNDS [ANSWERS]");
    must(lw_classifier_load(&c, argv[1], &err) == LW_OK, err.msg);
    must(view_names_new(&names, lw_classifier_view(c), &err) == LW_OK, err.msg);
    cfg.models[0] = (struct batch_model){c, names};
    cfg.format = argv[2][strlen(argv[2]) - 1] == 'l' ? BATCH_JSON_LINES : BATCH_CSV;
    in = read_file(argv[2]);
    rounds = (int)strtol(argv[3], NULL, 10);
    for (int i = 0; i < rounds; i++)
        run(&cfg, in, i + 1 == rounds && argc > 4 ? argv[4] : NULL);
    mem_free((void *)(uintptr_t)in.p);
    view_names_free(names);
    lw_classifier_free(c);
    return 0;
}

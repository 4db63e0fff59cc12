/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stream_bench CAPTURE [ROUNDS] - how fast packets of a stream are scored.
 *
 * Trains on the capture (without rivals), keeps up to a million of its packets in
 * memory and scores them ROUNDS times (default 5) with a fresh table each, on one
 * thread, in processor time: the whole, and its two halves alone, the statistics (with
 * decoding) and the ensemble.  Medians with the spread of all rounds.
 */
#include "base/mem.h"
#include "bench.h"
#include "detect/packet_stream_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { PACKETS_MAX = 1000000, ROUNDS_MAX = 99 };

struct bench {
    struct lw_stream_model *model;
    struct lw_packet *pkts; /* (n), owned, as their data */
    size_t n;
    float sink; /* so that nothing is left out as unused */
};

static void train(struct bench *b, const char *path)
{
    const char *captures[] = {path};
    const struct lw_stream_train_config cfg = {
        .captures = captures, .n_captures = 1, .seed = 1, .no_rivals = true};
    struct lw_stream_train_report report;
    char file[] = "/tmp/lw-stream-bench-XXXXXX";
    int fd = mkstemp(file);
    struct lw_error err;

    if (fd < 0)
        exit(1);
    (void)close(fd);
    must(lw_stream_train(file, &cfg, &report, &err), &err);
    must(lw_stream_model_load(&b->model, file, &err), &err);
    (void)unlink(file);
    (void)printf("%llu packets, %u autoencoders, trained in %.1f s\n",
                 (unsigned long long)report.n_packets, report.n_groups,
                 report.train_seconds);
}

static void read_packets(struct bench *b, const char *path)
{
    struct lw_capture *cap = NULL;
    struct lw_packet pkt;
    struct lw_error err;

    b->pkts = must_have(mem_zalloc(PACKETS_MAX, sizeof *b->pkts));
    must(lw_capture_open(&cap, path, NULL, &err), &err);
    while (b->n < PACKETS_MAX && lw_capture_next(cap, &pkt, &err) == LW_OK) {
        /* Headers are enough: no payload is looked at. */
        uint32_t kept = pkt.captured_bytes < 128 ? pkt.captured_bytes : 128;

        b->pkts[b->n] = pkt;
        b->pkts[b->n].data = must_have(mem_dup(pkt.data, kept));
        b->pkts[b->n++].captured_bytes = kept;
    }
    lw_capture_close(cap);
}

static void on_packet(void *ctx, const struct lw_stream_packet *p)
{
    struct bench *b = ctx;

    b->sink += p->score;
}

static void score_all(struct bench *b)
{
    const struct lw_stream_config cfg = {.packet = on_packet, .ctx = b};
    struct lw_stream *s = NULL;
    struct lw_error err;

    must(lw_stream_new(&s, b->model, &cfg, &err), &err);
    for (size_t i = 0; i < b->n; i++)
        must(lw_stream_add(s, &b->pkts[i], &err), &err);
    lw_stream_flush(s);
    lw_stream_free(s);
}

static void take_statistics(struct bench *b)
{
    const struct damped_config cfg = {0};
    struct damped *d = must_have(damped_new(&cfg));
    float lanes[STREAM_LANES];
    struct damped_packet p;

    for (size_t i = 0; i < b->n; i++) {
        if (!packet_stream_look(&b->pkts[i], &p))
            continue;
        if (!damped_add(d, &p, lanes))
            exit(1);
        damped_spread(lanes);
        b->sink += lanes[0];
    }
    damped_free(d);
}

/* One block over and over: the work does not depend on the values. */
static void ask_ensemble(struct bench *b)
{
    float x[DAMPED_FEATURES * ENSEMBLE_BLOCK];
    float scores[ENSEMBLE_BLOCK];

    for (size_t i = 0; i < sizeof x / sizeof x[0]; i++)
        x[i] = (float)(i % 17);
    for (size_t i = 0; i < b->n; i += ENSEMBLE_BLOCK) {
        x[i % DAMPED_FEATURES] = b->sink;
        ensemble_score(&b->model->ensemble, x, scores);
        b->sink += 1e-20F * scores[0];
    }
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;

    return x < y ? -1 : x > y ? 1 : 0;
}

static void measure(struct bench *b, const char *what, void (*fn)(struct bench *b),
                    size_t rounds)
{
    double rate[ROUNDS_MAX];

    for (size_t i = 0; i < rounds; i++) {
        double start = seconds();

        fn(b);
        rate[i] = (double)b->n / (seconds() - start) / 1e6;
    }
    qsort(rate, rounds, sizeof rate[0], ascending);
    (void)printf("%-12s %6.2f million packets/s (%.2f to %.2f)\n", what,
                 rate[rounds / 2], rate[0], rate[rounds - 1]);
}

int main(int argc, char **argv)
{
    struct bench b = {0};
    size_t rounds = argc > 2 ? (size_t)atoi(argv[2]) : 5;

    if (argc < 2 || rounds == 0 || rounds > ROUNDS_MAX) {
        (void)fprintf(stderr, "usage: stream_bench CAPTURE [ROUNDS]\n");
        return 2;
    }
    train(&b, argv[1]);
    read_packets(&b, argv[1]);
    measure(&b, "all of it", score_all, rounds);
    measure(&b, "statistics", take_statistics, rounds);
    measure(&b, "ensemble", ask_ensemble, rounds);
    return b.sink < 0 ? 1 : 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * table_bench - the flow table when there are many flows, and when there are too many.
 *
 *   memory   1,000,000 flows at once, none of them over: what the process grows by
 *   calm     10 million packets of 50,000 connections
 *   flood    10 million half-open connections, each packet another one, against a table
 *            of 100,000 flows, while 1,000 connections that were there before go on
 *            sending.  The limit must hold, nobody but the flood be evicted, and the
 *            1,000 be reported with every packet.
 *
 * Prints memory, and packets a second of processor time of calm and flood, which take
 * turns; ends with status 1 when the flood broke a promise.
 */
#include <lapwing/flow.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
    MANY_FLOWS = 1000000,
    PACKETS = 10000000,
    CALM_FLOWS = 50000,
    LIMIT = 100000,
    LEGIT = 1000,
    LEGIT_EVERY = 10, /* one packet in so many is theirs */
    BATCH = 256,
    TURNS = 5,
    FRAME_BYTES = 54
};

static const uint8_t frame_of_syn[FRAME_BYTES] = {
    2,    0, 0, 0,  0,  2,   2, 0, 0,  0, 0, 1, 8,    0,   /* Ethernet */
    0x45, 0, 0, 40, 0,  0,   0, 0, 64, 6, 0, 0,            /* IPv4, TCP */
    10,   0, 0, 0,  10, 255, 0, 1,                         /* addresses */
    0x10, 0, 0, 80, 0,  0,   0, 1, 0,  0, 0, 0, 0x50, 0x02 /* ports ... flags */
};

enum { SRC_AT = 26, DST_AT = 30, SRC_PORT_AT = 34, DST_PORT_AT = 36, FLAGS_AT = 47 };
enum { SYN = 0x02, ACK = 0x10 };

/* Packets wait here until there are enough of them. */
struct feeder {
    struct lw_meter *meter;
    lw_record_fn fn;
    void *ctx;
    uint8_t frames[BATCH][FRAME_BYTES];
    struct lw_packet pkts[BATCH];
    size_t n;
    int64_t time_ns;
};

static void flush_feeder(struct feeder *f)
{
    lw_meter_add_batch(f->meter, f->pkts, f->n, f->fn, f->ctx);
    f->n = 0;
}

static void swap_ends(uint8_t *frame)
{
    uint8_t side[4];

    memcpy(side, frame + SRC_AT, 4);
    memcpy(frame + SRC_AT, frame + DST_AT, 4);
    memcpy(frame + DST_AT, side, 4);
    memcpy(side, frame + SRC_PORT_AT, 2);
    memcpy(frame + SRC_PORT_AT, frame + DST_PORT_AT, 2);
    memcpy(frame + DST_PORT_AT, side, 2);
}

/* A packet of connection `id` of network 10.`net`.0.0, or the answer to one. */
static void feed(struct feeder *f, uint8_t net, uint32_t id, uint8_t flags, bool answer)
{
    uint8_t *frame = f->frames[f->n];

    memcpy(frame, frame_of_syn, FRAME_BYTES);
    frame[SRC_AT + 1] = net;
    frame[SRC_AT + 2] = (uint8_t)(id >> 16);
    frame[SRC_AT + 3] = (uint8_t)(id >> 8);
    frame[SRC_PORT_AT + 1] = (uint8_t)id;
    frame[FLAGS_AT] = flags;
    if (answer)
        swap_ends(frame);
    f->time_ns += 1000;
    f->pkts[f->n] = (struct lw_packet){f->time_ns, frame, FRAME_BYTES, FRAME_BYTES, 1};
    if (++f->n == BATCH)
        flush_feeder(f);
}

static bool feeder_init(struct feeder *f, uint32_t max_flows, lw_record_fn fn,
                        void *ctx)
{
    const struct lw_meter_config cfg = {.max_flows = max_flows};
    struct lw_error err;

    memset(f, 0, sizeof *f);
    f->fn = fn;
    f->ctx = ctx;
    if (lw_meter_new(&f->meter, &cfg, &err) == LW_OK)
        return true;
    (void)fprintf(stderr, "table_bench: %s\n", err.msg);
    return false;
}

static double cpu_s(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static double resident_mb(void)
{
    FILE *f = fopen("/proc/self/statm", "r");
    long pages = 0;
    long resident = 0;

    if (f == NULL || fscanf(f, "%ld %ld", &pages, &resident) != 2)
        resident = 0;
    if (f != NULL)
        (void)fclose(f);
    return (double)resident * (double)sysconf(_SC_PAGESIZE) / 1e6;
}

/* ---- memory -----------------------------------------------------------------------
 */

static void measure_memory(struct feeder *f)
{
    double before = resident_mb();
    struct lw_meter_stats s;

    if (!feeder_init(f, 1U << 20, NULL, NULL))
        exit(1);
    for (uint32_t i = 0; i < MANY_FLOWS; i++)
        feed(f, (uint8_t)(i >> 24), i, SYN, false);
    flush_feeder(f);
    lw_meter_get_stats(f->meter, &s);
    printf("memory: %" PRIu64 " flows at once, %.0f MB\n", s.active,
           resident_mb() - before);
    lw_meter_free(f->meter);
}

/* ---- calm and flood ---------------------------------------------------------------
 */

struct legit {
    uint64_t reported;
    uint64_t packets;
    uint64_t evicted;
};

static void on_record(void *ctx, const struct lw_record *rec)
{
    struct legit *l = ctx;
    const uint8_t *addr = rec->addr[rec->initiator].bytes;

    if (addr[1] != 200)
        return;
    l->reported++;
    l->packets += rec->side[0].packets + rec->side[1].packets;
    l->evicted += rec->end_reason == LW_END_EVICTED;
}

static double run_calm(struct feeder *f)
{
    double start;

    if (!feeder_init(f, LIMIT, on_record, &(struct legit){0}))
        exit(1);
    start = cpu_s();
    for (uint32_t i = 0; i < PACKETS; i++)
        feed(f, 1, i % CALM_FLOWS, i < CALM_FLOWS ? SYN : ACK, false);
    flush_feeder(f);
    start = cpu_s() - start;
    lw_meter_free(f->meter);
    return PACKETS / start / 1e6;
}

static bool promise(bool kept, const char *what)
{
    if (!kept)
        printf("BROKEN: %s\n", what);
    return kept;
}

static double run_flood(struct feeder *f, bool *kept)
{
    struct legit l = {0};
    struct lw_meter_stats s;
    uint64_t n_legit = 0;
    double start;

    if (!feeder_init(f, LIMIT, on_record, &l))
        exit(1);
    for (uint32_t i = 0; i < LEGIT; i++) {
        feed(f, 200, i, SYN, false);
        feed(f, 200, i, SYN | ACK, true);
        n_legit += 2;
    }
    start = cpu_s();
    for (uint32_t i = 0; i < PACKETS; i++) {
        feed(f, (uint8_t)(1 + (i >> 24)), i, SYN, false);
        if (i % LEGIT_EVERY == 0) {
            feed(f, 200, (uint32_t)(n_legit % LEGIT), ACK, n_legit % 2 == 1);
            n_legit++;
        }
    }
    flush_feeder(f);
    start = cpu_s() - start;
    lw_meter_get_stats(f->meter, &s);
    lw_meter_flush(f->meter, on_record, &l);
    *kept &= promise(s.active_max <= LIMIT, "more flows than the limit");
    *kept &= promise(s.evicted_unanswered == PACKETS + LEGIT - LIMIT,
                     "another number of unanswered flows evicted");
    *kept &= promise(s.evicted_answered == 0, "an answered flow was evicted");
    *kept &= promise(l.reported == LEGIT && l.evicted == 0 && l.packets == n_legit,
                     "the connections that were there before are not reported right");
    lw_meter_free(f->meter);
    return (PACKETS + (double)PACKETS / LEGIT_EVERY) / start / 1e6;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;

    return (x > y) - (x < y);
}

int main(void)
{
    static struct feeder f;
    double calm[TURNS];
    double flood[TURNS];
    bool kept = true;

    measure_memory(&f);
    for (unsigned i = 0; i < TURNS; i++) {
        calm[i] = run_calm(&f);
        flood[i] = run_flood(&f, &kept);
    }
    qsort(calm, TURNS, sizeof calm[0], by_value);
    qsort(flood, TURNS, sizeof flood[0], by_value);
    printf("calm:  %.1f Mpackets per CPU second (%.1f-%.1f)\n", calm[TURNS / 2],
           calm[0], calm[TURNS - 1]);
    printf("flood: %.1f Mpackets per CPU second (%.1f-%.1f)%s\n", flood[TURNS / 2],
           flood[0], flood[TURNS - 1],
           kept ? "; limit held, nobody else evicted, the others right" : "");
    return kept ? 0 : 1;
}

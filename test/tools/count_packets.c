/* SPDX-License-Identifier: Apache-2.0 */
/*
 * count_packets FILE... - what the reader and the decoder make of captures, one line of
 * tab-separated key=value pairs a file; test/captures compares it with capinfos.
 *
 * Every packet is decoded by the general way and by the short one, where it has one.
 * Every capture is metered by a meter that takes the short way with plain packets, by
 * one that keeps statistics besides, and by one that keeps them and decodes all
 * packets. `differing` packets and `differing_records` are those where they do not say
 * the same.
 */
#include "base/assert.h"
#include "base/hash.h"
#include "decoded.h"
#include "flow/arrival.h"
#include "packet/decode_priv.h"

#include <lapwing/flow.h>
#include <lapwing/flow_stats.h>

#include <inttypes.h>
#include <stdio.h>

struct counts {
    uint64_t outcome[DECODE_MALFORMED + 1];
    uint64_t bytes;
    uint64_t fast;
    uint64_t differing;
};

/* What a meter said, in short. */
struct told {
    struct lw_meter *meter; /* owned */
    uint64_t n;
    uint64_t hash;
    uint64_t stats_hash;
};

/* Meters that are to agree, for each way to cut flows. */
enum { PLAIN, WITH_STATS, DECODED, N_WAYS, N_CUTS = 2 };

static uint64_t hash_of_stats(const struct lw_flow_stats *s, uint64_t hash)
{
    hash = hash_bytes(s->side, sizeof s->side, hash);
    hash = hash_bytes(&s->gap, sizeof s->gap, hash);
    hash = hash_bytes(&s->active, sizeof s->active, hash);
    hash = hash_bytes(&s->idle, sizeof s->idle, hash);
    hash = hash_bytes(&s->subflows, sizeof s->subflows, hash);
    for (unsigned i = 0; i < 2; i++)
        hash = hash_bytes(s->start.head[i], s->start.n_head[i], hash);
    return hash_bytes(s->start.packet, s->start.n_packets * sizeof s->start.packet[0],
                      hash);
}

static void on_record(void *ctx, const struct lw_record *rec)
{
    struct told *t = ctx;
    struct lw_record without = *rec;
    char line[LW_BINETFLOW_LINE_MAX];

    if (rec->stats != NULL)
        t->stats_hash = hash_of_stats(rec->stats, t->stats_hash);
    without.stats = NULL;
    for (unsigned i = 0; i < 2; i++)
        t->hash = hash_bytes(&without.side[i], sizeof without.side[i], t->hash);
    t->hash = hash_bytes(line, lw_binetflow_format(&without, "", line), t->hash);
    t->hash = hash_bytes(&without.conn, sizeof without.conn, t->hash);
    t->n++;
}

static void make_meters(struct told told[N_CUTS][N_WAYS])
{
    for (unsigned cuts = 0; cuts < N_CUTS; cuts++) {
        for (unsigned way = 0; way < N_WAYS; way++) {
            const struct lw_meter_config cfg = {.cuts = cuts == 0 ? LW_CUTS_PLAIN
                                                                  : LW_CUTS_ARGUS,
                                                .flow_stats = way != PLAIN};

            told[cuts][way] = (struct told){.meter = NULL};
            LW_ASSERT(lw_meter_new(&told[cuts][way].meter, &cfg, NULL) == LW_OK);
            if (way == DECODED)
                meter_decode_all(told[cuts][way].meter);
        }
    }
}

static void meter(struct told told[N_CUTS][N_WAYS], const struct lw_packet *pkts,
                  size_t n)
{
    for (unsigned i = 0; i < N_CUTS * N_WAYS; i++) {
        struct told *t = &told[i / N_WAYS][i % N_WAYS];

        lw_meter_add_batch(t->meter, pkts, n, on_record, t);
    }
}

/* The records of meters that do not agree. */
static uint64_t differing_records(struct told told[N_CUTS][N_WAYS])
{
    uint64_t n = 0;

    for (unsigned cuts = 0; cuts < N_CUTS; cuts++) {
        struct told *t = told[cuts];

        for (unsigned way = 0; way < N_WAYS; way++) {
            lw_meter_flush(t[way].meter, on_record, &t[way]);
            lw_meter_free(t[way].meter);
        }
        for (unsigned way = 0; way < DECODED; way++) {
            if (t[way].n != t[DECODED].n || t[way].hash != t[DECODED].hash)
                n += t[way].n + 1;
        }
        if (t[WITH_STATS].stats_hash != t[DECODED].stats_hash)
            n += t[WITH_STATS].n + 1;
    }
    return n;
}

static void count_packet(const struct lw_packet *pkt, struct counts *n)
{
    struct decoded fast;
    struct decoded d;

    n->outcome[decode_steps(pkt, &d)]++;
    n->bytes += pkt->wire_bytes;
    if (!decode_fast(pkt, &fast))
        return;
    n->fast++;
    n->differing += !decoded_same(&fast, &d);
}

static enum lw_status count(struct lw_capture *cap, struct counts *n,
                            struct told told[N_CUTS][N_WAYS], struct lw_error *err)
{
    enum { BATCH = 100 };
    struct lw_packet pkts[BATCH];
    size_t n_pkts;
    enum lw_status st;

    while ((st = lw_capture_next_batch(cap, pkts, BATCH, &n_pkts, err)) == LW_OK) {
        for (size_t i = 0; i < n_pkts; i++)
            count_packet(&pkts[i], n);
        meter(told, pkts, n_pkts);
    }
    return st == LW_END ? LW_OK : st;
}

static void report(const char *path)
{
    struct lw_capture *cap = NULL;
    struct lw_capture_stats stats;
    struct counts n = {0};
    struct told told[N_CUTS][N_WAYS];
    struct lw_error err = {0};
    enum lw_status st = lw_capture_open(&cap, path, NULL, &err);

    printf("file=%s", path);
    make_meters(told);
    if (st == LW_OK) {
        st = count(cap, &n, told, &err);
        lw_capture_get_stats(cap, &stats);
        printf("\tpackets=%" PRIu64 "\tbytes=%" PRIu64 "\tok=%" PRIu64
               "\ttruncated=%" PRIu64 "\tunsupported=%" PRIu64 "\tmalformed=%" PRIu64
               "\tfast=%" PRIu64 "\tdiffering=%" PRIu64 "\tcut_off=%d\twarning=%s",
               stats.seen, n.bytes, n.outcome[DECODE_OK], n.outcome[DECODE_TRUNCATED],
               n.outcome[DECODE_UNSUPPORTED], n.outcome[DECODE_MALFORMED], n.fast,
               n.differing, stats.cut_off, stats.warning);
    }
    printf("\tdiffering_records=%" PRIu64, differing_records(told));
    if (st != LW_OK)
        printf("\terror=%s", err.msg);
    printf("\n");
    lw_capture_close(cap);
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        report(argv[i]);
    return 0;
}

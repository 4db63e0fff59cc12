/* SPDX-License-Identifier: Apache-2.0 */
/* Capture files of any kind, compressed or not, through decoding; every other input
 * also through a filter.  Packets one by one, in batches, and through a run of the
 * meter are the same. */
#include "base/assert.h"
#include "base/hash.h"
#include "fuzz.h"
#include "packet/decode.h"

#include <lapwing/capture.h>
#include <lapwing/flow.h>

#include <string.h>

enum { BATCH_MAX = 40 };

/* What one reading came to. */
struct reading {
    uint64_t n_packets;
    uint64_t hash; /* of all of them */
    enum lw_status end;
    struct lw_capture_stats stats;
};

static struct lw_capture *open_capture(const uint8_t *data, size_t n)
{
    const struct lw_capture_config cfg = {.filter = n % 2 == 0 ? NULL : "tcp or vlan"};
    struct lw_capture *cap = NULL;

    return lw_capture_open_memory(&cap, data, n, &cfg, NULL) == LW_OK ? cap : NULL;
}

/* Touches every byte that a packet is said to have. */
static void see(struct reading *r, const struct lw_packet *pkt)
{
    const uint64_t numbers[] = {(uint64_t)pkt->time_ns, pkt->captured_bytes,
                                pkt->wire_bytes, pkt->link_type};

    r->n_packets++;
    r->hash = hash_bytes(numbers, sizeof numbers, r->hash);
    r->hash = hash_bytes(pkt->data, pkt->captured_bytes, r->hash);
}

static struct reading read_singly(const uint8_t *data, size_t n)
{
    struct lw_capture *cap = open_capture(data, n);
    struct reading r = {.end = LW_ENOMEM};
    struct lw_packet pkt;
    struct decoded d;

    if (cap == NULL)
        return r;
    while ((r.end = lw_capture_next(cap, &pkt, NULL)) == LW_OK) {
        LW_ASSERT(pkt.time_ns >= 0 && pkt.time_ns <= LW_TIME_MAX_NS);
        LW_ASSERT(pkt.captured_bytes <= pkt.wire_bytes);
        see(&r, &pkt);
        (void)packet_decode(&pkt, &d);
    }
    lw_capture_get_stats(cap, &r.stats);
    LW_ASSERT(r.stats.seen == r.n_packets + r.stats.filtered);
    lw_capture_close(cap);
    return r;
}

static struct reading read_batches(const uint8_t *data, size_t n)
{
    struct lw_capture *cap = open_capture(data, n);
    struct reading r = {.end = LW_ENOMEM};
    struct lw_packet pkts[BATCH_MAX];
    const size_t max = 1 + n % BATCH_MAX;
    size_t n_pkts;

    if (cap == NULL)
        return r;
    while ((r.end = lw_capture_next_batch(cap, pkts, max, &n_pkts, NULL)) == LW_OK) {
        LW_ASSERT(n_pkts >= 1 && n_pkts <= max);
        for (size_t i = 0; i < n_pkts; i++)
            see(&r, &pkts[i]);
    }
    LW_ASSERT(n_pkts == 0);
    lw_capture_get_stats(cap, &r.stats);
    lw_capture_close(cap);
    return r;
}

static enum lw_status on_batch(void *ctx, const struct lw_run_batch *batch,
                               struct lw_error *err)
{
    struct reading *r = ctx;

    (void)err;
    for (size_t i = 0; i < batch->n_packets; i++)
        see(r, &batch->packets[i]);
    return LW_OK;
}

static struct reading read_run(const uint8_t *data, size_t n)
{
    const struct lw_meter_config cfg = {.max_flows = 64};
    struct lw_capture *cap = open_capture(data, n);
    struct reading r = {.end = LW_ENOMEM};
    const struct lw_run run = {.batch = on_batch, .batch_ctx = &r};
    struct lw_meter *meter = NULL;
    struct lw_meter_stats s;

    if (cap != NULL && lw_meter_new(&meter, &cfg, NULL) == LW_OK) {
        r.end = lw_meter_run(meter, cap, &run, NULL);
        if (r.end == LW_OK)
            r.end = LW_END;
        lw_capture_get_stats(cap, &r.stats);
        lw_meter_get_stats(meter, &s);
        LW_ASSERT(s.seen == r.n_packets || r.end == LW_ENOMEM);
    }
    lw_meter_free(meter);
    lw_capture_close(cap);
    return r;
}

/* Unless memory was out in one of them. */
static void check_same(const struct reading *a, const struct reading *b)
{
    if (a->end == LW_ENOMEM || b->end == LW_ENOMEM)
        return;
    LW_ASSERT(a->end == b->end);
    LW_ASSERT(a->n_packets == b->n_packets && a->hash == b->hash);
    LW_ASSERT(a->stats.seen == b->stats.seen);
    LW_ASSERT(a->stats.filtered == b->stats.filtered);
    LW_ASSERT(a->stats.cut_off == b->stats.cut_off);
    LW_ASSERT(strcmp(a->stats.warning, b->stats.warning) == 0);
}

void fuzz_one(const uint8_t *data, size_t n)
{
    const struct reading singly = read_singly(data, n);
    const struct reading batches = read_batches(data, n);
    const struct reading run = read_run(data, n);

    check_same(&singly, &batches);
    check_same(&singly, &run);
}

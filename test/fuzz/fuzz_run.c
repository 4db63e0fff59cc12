/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The packets of a sequence (sequence.h) as a capture file, run through the meter by
 * one thread and by several: the same records in the same order, and between them the
 * same counts and promises.  No allocation fails here: which one it is would be chance.
 */
#include "base/assert.h"
#include "base/hash.h"
#include "fuzz.h"
#include "sequence.h"

#include <lapwing/flowlog.h>

#include <string.h>

/* What one run told. */
struct run {
    struct lw_meter *meter;
    struct lw_flowlog *log;
    struct buf text;
    uint64_t told; /* hash of what the meter promised with each record */
    uint64_t n_packets;
    struct lw_meter_stats stats;
};

/* The packets, and again, to make more than one batch of a thread (2,048 packets). */
static void make_capture(struct buf *out, const uint8_t head[SEQUENCE_HEAD],
                         struct span packets)
{
    enum { NS_PER_S = 1000000000, PACKETS_ENOUGH = 5000 };
    uint64_t now_ns = UINT64_C(1) << 60;
    unsigned n = 0;

    /* Little-endian, nanoseconds, version 2.4, no limit of length to speak of. */
    buf_add(out, "\x4d\x3c\xb2\xa1\2\0\4\0\0\0\0\0\0\0\0\0\xff\xff\3\0", 20);
    buf_add_le32(out, sequence_link_type(head));
    for (unsigned i = 0; i <= head[3] && n < PACKETS_ENOUGH; i++) {
        struct span in = packets;
        struct sequence_entry e;

        while (sequence_take(&in, &e)) {
            now_ns += (uint64_t)sequence_step_ns(e.step);
            now_ns %= UINT64_C(1) << 61;
            buf_add_le32(out, (uint32_t)(now_ns / NS_PER_S));
            buf_add_le32(out, (uint32_t)(now_ns % NS_PER_S));
            buf_add_le32(out, (uint32_t)e.bytes.n);
            buf_add_le32(out, (uint32_t)e.bytes.n + e.missing);
            buf_add(out, e.bytes.p, e.bytes.n);
            n++;
        }
    }
    LW_ASSERT(buf_ok(out));
}

static void take_text(struct run *r)
{
    const char *text;
    size_t n;

    LW_ASSERT(lw_flowlog_take(r->log, &text, &n, NULL) == LW_OK);
    buf_add(&r->text, text, n);
}

static void on_record(void *ctx, const struct lw_record *rec)
{
    struct run *r = ctx;
    const int64_t promised_ns = lw_meter_watermark_ns(r->meter);

    r->told = hash_bytes(&promised_ns, sizeof promised_ns, r->told);
    r->told = sequence_hash_streams(rec, r->told);
    lw_flowlog_record(r->log, rec);
    r->n_packets += rec->side[0].packets + rec->side[1].packets;
    take_text(r);
}

static void run(struct run *r, const struct buf *capture,
                const struct lw_meter_config *cfg, unsigned n_threads)
{
    const struct lw_run how = {
        .n_threads = n_threads, .record = on_record, .record_ctx = r};
    const struct lw_flowlog_config log = {.format = "json"};
    struct lw_capture *cap = NULL;

    LW_ASSERT(lw_capture_open_memory(&cap, capture->data, capture->len, NULL, NULL) ==
              LW_OK);
    LW_ASSERT(lw_meter_new(&r->meter, cfg, NULL) == LW_OK);
    LW_ASSERT(lw_flowlog_new(&r->log, &log, NULL) == LW_OK);
    LW_ASSERT(lw_meter_run(r->meter, cap, &how, NULL) == LW_OK);
    lw_meter_flush(r->meter, on_record, r);
    lw_meter_get_stats(r->meter, &r->stats);
    LW_ASSERT(r->n_packets == r->stats.in_flows + r->stats.inner_in_flows);
    LW_ASSERT(buf_ok(&r->text));
    lw_capture_close(cap);
}

static void clear(struct run *r)
{
    lw_flowlog_free(r->log);
    lw_meter_free(r->meter);
    buf_release(&r->text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    const struct span in = span_of(data, n);
    struct lw_meter_config cfg;
    struct run alone = {0};
    struct run together = {0};
    uint8_t head[SEQUENCE_HEAD];
    struct buf capture;

    if (!span_copy(in, 0, head, sizeof head))
        return 0;
    buf_init(&capture);
    make_capture(&capture, head, span_from(in, sizeof head));
    cfg = sequence_config(head);
    run(&alone, &capture, &cfg, 1);
    run(&together, &capture, &cfg, 2 + head[2] / 16U % 3);
    LW_ASSERT(strcmp(buf_text(&alone.text), buf_text(&together.text)) == 0);
    LW_ASSERT(alone.told == together.told);
    LW_ASSERT(memcmp(&alone.stats, &together.stats, sizeof alone.stats) == 0);
    clear(&alone);
    clear(&together);
    buf_release(&capture);
    return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * count_packets FILE... - what the reader and the decoder make of captures, one line of
 * tab-separated key=value pairs a file; test/captures compares it with capinfos.
 */
#include "decoded.h"
#include "packet/decode_priv.h"

#include <lapwing/capture.h>

#include <inttypes.h>
#include <stdio.h>

struct counts {
    uint64_t outcome[DECODE_MALFORMED + 1];
    uint64_t bytes;
    uint64_t fast;
    uint64_t differing;
};

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
                            struct lw_error *err)
{
    enum { BATCH = 100 };
    struct lw_packet pkts[BATCH];
    size_t n_pkts;
    enum lw_status st;

    while ((st = lw_capture_next_batch(cap, pkts, BATCH, &n_pkts, err)) == LW_OK) {
        for (size_t i = 0; i < n_pkts; i++)
            count_packet(&pkts[i], n);
    }
    return st == LW_END ? LW_OK : st;
}

static void report(const char *path)
{
    struct lw_capture *cap = NULL;
    struct lw_capture_stats stats;
    struct counts n = {0};
    struct lw_error err = {0};
    enum lw_status st = lw_capture_open(&cap, path, NULL, &err);

    printf("file=%s", path);
    if (st == LW_OK) {
        st = count(cap, &n, &err);
        lw_capture_get_stats(cap, &stats);
        printf("\tpackets=%" PRIu64 "\tbytes=%" PRIu64 "\tok=%" PRIu64
               "\ttruncated=%" PRIu64 "\tunsupported=%" PRIu64 "\tmalformed=%" PRIu64
               "\tfast=%" PRIu64 "\tdiffering=%" PRIu64 "\tcut_off=%d\twarning=%s",
               stats.seen, n.bytes, n.outcome[DECODE_OK], n.outcome[DECODE_TRUNCATED],
               n.outcome[DECODE_UNSUPPORTED], n.outcome[DECODE_MALFORMED], n.fast,
               n.differing, stats.cut_off, stats.warning);
    }
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

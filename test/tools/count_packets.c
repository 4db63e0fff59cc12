/* SPDX-License-Identifier: Apache-2.0 */
/*
 * count_packets FILE... - what the reader and the decoder make of captures, one line of
 * tab-separated key=value pairs a file; test/captures compares it with capinfos.
 */
#include "packet/decode_priv.h"

#include <lapwing/capture.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct counts {
    uint64_t outcome[DECODE_MALFORMED + 1];
    uint64_t bytes;
    uint64_t fast;
    uint64_t differing;
};

static bool same_span(struct span a, struct span b)
{
    return a.n == b.n && (a.n == 0 || a.p == b.p);
}

/* Field by field, as padding may be anything. */
static bool same(const struct decoded *a, const struct decoded *b)
{
    return a->outcome == b->outcome && a->layer == b->layer &&
           a->frame_bytes == b->frame_bytes && a->has_macs == b->has_macs &&
           memcmp(a->mac, b->mac, sizeof a->mac) == 0 &&
           a->ether_type == b->ether_type && a->vlan_id == b->vlan_id &&
           a->n_vlans == b->n_vlans && a->ip_version == b->ip_version &&
           a->protocol == b->protocol && a->tos == b->tos && a->ttl == b->ttl &&
           a->ip_bytes == b->ip_bytes && a->is_fragment == b->is_fragment &&
           a->bad_fragment == b->bad_fragment &&
           a->fragment_offset == b->fragment_offset &&
           a->fragment_id == b->fragment_id &&
           memcmp(a->addr, b->addr, sizeof a->addr) == 0 &&
           memcmp(a->port, b->port, sizeof a->port) == 0 &&
           a->transport_bytes == b->transport_bytes && a->tcp_flags == b->tcp_flags &&
           a->tcp_seq == b->tcp_seq && a->tcp_ack == b->tcp_ack &&
           a->tcp_window == b->tcp_window && a->tcp_urgent == b->tcp_urgent &&
           a->icmp_type == b->icmp_type && a->payload_bytes == b->payload_bytes &&
           same_span(a->segment, b->segment) && same_span(a->payload, b->payload);
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
    n->differing += !same(&fast, &d);
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

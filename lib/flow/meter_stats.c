/* SPDX-License-Identifier: Apache-2.0 */
/* What the meter tells of itself: counts, the time it has come to, what records lend. */
#include "meter_priv.h"
#include "stats.h"

#include <lapwing/flow.h>
#include <lapwing/handshake.h>

static void add_streams(const struct stream_counts *c, struct lw_meter_stats *out)
{
    out->streams = c->begun;
    out->streams_refused = c->refused;
    out->stream_bytes = c->delivered_bytes;
    out->stream_bytes_missing = c->missing_bytes;
    out->stream_bytes_repeated = c->repeated_bytes;
}

static void add_reassembly(const struct reassembly_stats *r, struct lw_meter_stats *out)
{
    out->fragments = r->fragments;
    out->fragments_unusable = r->unusable;
    out->fragments_duplicate = r->duplicates;
    out->fragments_overlapping = r->overlaps;
    out->datagrams = r->begun;
    out->datagrams_reassembled = r->completed;
    out->datagrams_malformed = r->malformed;
    out->datagrams_timed_out = r->timed_out;
    out->datagrams_evicted = r->evicted;
    out->datagrams_dropped = r->dropped;
}

struct meter_lends meter_lends(const struct lw_meter *m)
{
    return (struct meter_lends){
        .stats_bytes = m->table.beside_bytes != 0 ? sizeof(struct lw_flow_stats) : 0,
        .tapped_bytes = streams_tapped_bytes(&m->streams),
        .handshake_bytes =
            m->streams.reads_handshakes ? sizeof(struct lw_handshake) : 0};
}

int64_t meter_watermark_ns(const struct lw_meter *m)
{
    return timers_oldest_ns(&m->timers);
}

void meter_now(const struct lw_meter *m, struct meter_moment *out)
{
    out->watermark_ns = meter_watermark_ns(m);
    out->stats = m->stats;
    out->stats.active = m->table.n_flows;
    add_reassembly(&m->reassembly.stats, &out->stats);
    add_streams(&m->streams.counts, &out->stats);
}

void meter_show(struct lw_meter *m, const struct meter_moment *shown)
{
    m->shown = shown;
}

int64_t lw_meter_watermark_ns(const struct lw_meter *m)
{
    return m->shown != NULL ? m->shown->watermark_ns : meter_watermark_ns(m);
}

void lw_meter_get_stats(const struct lw_meter *m, struct lw_meter_stats *out)
{
    struct meter_moment now;

    if (m->shown == NULL)
        meter_now(m, &now);
    *out = m->shown != NULL ? m->shown->stats : now.stats;
}

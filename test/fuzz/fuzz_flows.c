/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Packets of any kind and order, through the meter, to printed records.
 *
 *     0  table size, 1 to 256
 *     1  bit 0: raw IP instead of Ethernet; bit 1: conn_log; bit 2: wrong checksums,
 * too; bit 3: cut as Zeek does then packets: time step, exponent 5 bits, sign 1 bit;
 * length in bytes; the bytes
 *
 * Every packet that is in a flow must be in a record in the end, and no record may end
 * before the time that the meter had promised.
 */
#include "base/assert.h"
#include "base/span.h"
#include "fuzz.h"

#include <lapwing/flow.h>

#include <string.h>

enum { LINKTYPE_ETHERNET = 1, LINKTYPE_RAW = 101, BACKWARDS = 0x20 };

struct check {
    struct lw_meter *meter;
    uint64_t n_packets;
    uint64_t last_id;
    int64_t promised_ns;
    bool in_order;
};

static void on_record(void *ctx, const struct lw_record *rec)
{
    struct check *c = ctx;
    char line[LW_BINETFLOW_LINE_MAX];
    char id[LW_COMMUNITY_ID_MAX];
    size_t n = lw_binetflow_format(rec, "label", line);

    LW_ASSERT(n == strlen(line) && line[n - 1] == '\n');
    lw_record_community_id(rec, 0, id);
    LW_ASSERT((id[0] == '\0') == (rec->ip_version == 0));
    LW_ASSERT(rec->start_ns <= rec->end_ns);
    LW_ASSERT(rec->flow_id >= 1);
    LW_ASSERT(rec->conn_log.history[LW_HISTORY_MAX - 1] == '\0');
    LW_ASSERT(rec->conn_log.duration_ns >= 0);
    LW_ASSERT(!c->in_order || rec->end_ns >= c->promised_ns);
    c->n_packets += rec->side[0].packets + rec->side[1].packets;
}

/* Steps from a nanosecond to more than any timeout. */
static int64_t step_ns(uint8_t code)
{
    int64_t step = INT64_C(1) << (code & 0x1f) << (code >> 6 & 3) * 3;

    return code & BACKWARDS ? -step : step;
}

static void add_packets(struct check *c, struct span in, uint32_t link_type)
{
    int64_t time_ns = 0;
    uint8_t code;
    uint8_t n;
    struct span bytes;

    while (span_take_u8(&in, &code) && span_take_u8(&in, &n)) {
        struct lw_packet pkt = {.link_type = link_type};

        if (!span_take(&in, n, &bytes))
            return;
        time_ns += step_ns(code);
        c->in_order = c->in_order && !(code & BACKWARDS);
        pkt.time_ns = time_ns;
        pkt.data = n == 0 ? NULL : bytes.p;
        pkt.captured_bytes = n;
        pkt.wire_bytes = n;
        (void)lw_meter_add(c->meter, &pkt, on_record, c);
        c->promised_ns = lw_meter_watermark_ns(c->meter);
    }
}

void fuzz_one(const uint8_t *data, size_t n)
{
    struct span in = span_of(data, n);
    struct lw_meter_config cfg = {.status_interval_ns = INT64_C(1) << 36};
    struct check c = {.promised_ns = INT64_MIN, .in_order = true};
    struct lw_meter_stats s;
    uint8_t size;
    uint8_t kind;

    if (!span_take_u8(&in, &size) || !span_take_u8(&in, &kind))
        return;
    cfg.max_flows = size + 1U;
    cfg.conn_log = (kind & 2) != 0;
    cfg.ignore_checksums = (kind & 4) != 0;
    cfg.cuts = kind & 8 ? LW_CUTS_ZEEK : kind & 16 ? LW_CUTS_ARGUS : LW_CUTS_PLAIN;
    if (lw_meter_new(&c.meter, &cfg, NULL) != LW_OK)
        return;
    add_packets(&c, in, kind & 1 ? LINKTYPE_RAW : LINKTYPE_ETHERNET);
    lw_meter_flush(c.meter, on_record, &c);
    lw_meter_get_stats(c.meter, &s);
    LW_ASSERT(s.seen == s.decoded + s.truncated + s.unsupported + s.malformed);
    LW_ASSERT(s.decoded == s.in_flows + s.not_in_flows);
    LW_ASSERT(c.n_packets == s.in_flows);
    LW_ASSERT(s.active == 0 && s.active_max <= cfg.max_flows);
    lw_meter_free(c.meter);
}

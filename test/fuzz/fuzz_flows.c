/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Packets of any kind and order, through the meter, to printed records.
 *
 *     0  table size, 1 to 256
 *     1  bit 0: raw IP instead of Ethernet; bit 1: conn_log; bit 2: wrong checksums,
 *        too; bit 3: cut as Zeek does; bits 4 and 5: which flows of tunnels, outer
 *        (also 3), inner, both; bit 6: few datagrams are put together at once;
 *        bit 7: with statistics of packets
 *     then packets: time step, exponent 5 bits, sign 1 bit; length in bytes; the
 *        bytes
 *
 * Every packet that is in a flow must be in a record in the end, and no record may end
 * before the time that the meter had promised.  Statistics must agree with the record.
 * Every format writes every record, in a line of its own, and JSON must be JSON.
 * The meter of CICFlowMeter's own flows sees the same packets.
 */
#include "base/assert.h"
#include "base/json.h"
#include "base/span.h"
#include "fuzz.h"

#include <lapwing/cic.h>
#include <lapwing/flow.h>
#include <lapwing/flow_stats.h>
#include <lapwing/flowlog.h>

#include <string.h>

enum { LINKTYPE_ETHERNET = 1, LINKTYPE_RAW = 101, BACKWARDS = 0x20, FORMATS_MAX = 16 };

struct check {
    struct lw_meter *meter;
    struct lw_cic_meter *cic;
    struct lw_flowlog *logs[FORMATS_MAX]; /* (n_logs), one a format */
    size_t n_logs;
    bool with_stats;
    uint64_t n_packets;
    uint64_t last_id;
    int64_t promised_ns;
    bool in_order;
};

/* Memory may be out, in the parser or the log. */
static void check_log(struct lw_flowlog *log, const struct lw_record *rec)
{
    struct json_doc *doc = NULL;
    const char *text;
    size_t n;

    lw_flowlog_record(log, rec);
    if (lw_flowlog_take(log, &text, &n, NULL) != LW_OK || n == 0)
        return;
    LW_ASSERT(text[n - 1] == '\n' && memchr(text, '\n', n) == text + n - 1);
    if (text[0] == '{')
        LW_ASSERT(json_parse(&doc, text, n, 4, NULL) != LW_EFORMAT);
    json_free(doc);
}

static void check_stats(const struct lw_record *rec)
{
    const struct lw_flow_stats *s = rec->stats;
    uint64_t n = rec->side[0].packets + rec->side[1].packets;

    for (unsigned i = 0; i < 2; i++) {
        LW_ASSERT(s->side[i].payload.n == rec->side[i].packets);
        LW_ASSERT(s->side[i].payload.sum_bytes == rec->side[i].payload_bytes);
        LW_ASSERT(s->side[i].frame.sum_bytes == rec->side[i].frame_bytes);
        LW_ASSERT(!(lw_length_variance(&s->side[i].payload) < 0));
        LW_ASSERT(s->side[i].bulk.packets >= s->side[i].bulk.n * LW_BULK_PACKETS);
    }
    LW_ASSERT(s->gap.n == n - 1);
    LW_ASSERT(s->subflows >= 1 && s->idle.n < s->subflows);
    LW_ASSERT(s->n_first == (n < LW_FIRST_PACKETS ? n : LW_FIRST_PACKETS));
}

static void on_cic_line(void *ctx, const char *line, size_t n)
{
    size_t commas = 0;

    (void)ctx;
    for (size_t i = 0; i < n; i++)
        commas += line[i] == ',';
    LW_ASSERT(commas == 84 && line[n - 1] == '\n' && line[n] == '\0');
}

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
    LW_ASSERT((rec->tunnel_depth == 0) == (rec->tunnel_kind == LW_TUNNEL_NONE));
    LW_ASSERT(!c->in_order || rec->end_ns >= c->promised_ns);
    LW_ASSERT((rec->stats != NULL) == c->with_stats);
    if (rec->stats != NULL)
        check_stats(rec);
    for (size_t i = 0; i < c->n_logs; i++)
        check_log(c->logs[i], rec);
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
        lw_cic_meter_add(c->cic, &pkt, on_cic_line, NULL);
        c->promised_ns = lw_meter_watermark_ns(c->meter);
    }
}

static void check_account(const struct lw_meter_stats *s, uint32_t max_flows)
{
    LW_ASSERT(s->seen == s->decoded + s->truncated + s->unsupported + s->malformed);
    LW_ASSERT(s->decoded == s->in_flows + s->not_in_flows);
    LW_ASSERT(s->active == 0 && s->active_max <= max_flows);
}

static bool open_logs(struct check *c)
{
    const struct lw_flow_format *f;

    for (size_t i = 0; (f = lw_flow_format_at(i)) != NULL; i++) {
        const struct lw_flowlog_config cfg = {.format = lw_flow_format_name(f),
                                              .label = "a \"label\", or two",
                                              .no_header = true};

        LW_ASSERT(i < FORMATS_MAX);
        if (lw_flowlog_new(&c->logs[i], &cfg, NULL) != LW_OK)
            return false;
        c->n_logs++;
    }
    return true;
}

static bool set_up(struct check *c, uint32_t max_flows, uint8_t kind)
{
    const bool with_stats = (kind & 128) != 0;
    const struct lw_meter_config cfg = {
        .max_flows = max_flows,
        .status_interval_ns = INT64_C(1) << 36,
        .conn_log = (kind & 2) != 0,
        .ignore_checksums = (kind & 4) != 0,
        .cuts = kind & 8 ? LW_CUTS_ZEEK : kind & 16 ? LW_CUTS_ARGUS : LW_CUTS_PLAIN,
        .tunnels = (enum lw_tunnel_mode)((kind >> 4 & 3) % LW_N_TUNNEL_MODES),
        .reassembly_datagrams = kind & 64 ? 3 : 64,
        .flow_stats = with_stats};
    const struct lw_cic_config cic = {.max_flows = max_flows};

    c->with_stats = with_stats;
    return lw_meter_new(&c->meter, &cfg, NULL) == LW_OK &&
           lw_cic_meter_new(&c->cic, &cic, NULL) == LW_OK && open_logs(c);
}

void fuzz_one(const uint8_t *data, size_t n)
{
    struct span in = span_of(data, n);
    struct check c = {.promised_ns = INT64_MIN, .in_order = true};
    struct lw_meter_stats s;
    uint8_t size;
    uint8_t kind;

    if (!span_take_u8(&in, &size) || !span_take_u8(&in, &kind))
        return;
    if (set_up(&c, size + 1U, kind)) {
        add_packets(&c, in, kind & 1 ? LINKTYPE_RAW : LINKTYPE_ETHERNET);
        lw_meter_flush(c.meter, on_record, &c);
        lw_meter_get_stats(c.meter, &s);
        check_account(&s, size + 1U);
        LW_ASSERT(c.n_packets == s.in_flows + s.inner_in_flows);
        lw_cic_meter_flush(c.cic, on_cic_line, NULL);
        lw_cic_meter_get_stats(c.cic, &s);
        check_account(&s, size + 1U);
    }
    lw_meter_free(c.meter);
    lw_cic_meter_free(c.cic);
    for (size_t i = 0; i < c.n_logs; i++)
        lw_flowlog_free(c.logs[i]);
}

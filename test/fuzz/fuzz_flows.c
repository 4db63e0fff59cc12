/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Packets of any kind and order (sequence.h), through the meter, to records in every
 * format (an input prints a quarter of them).
 *
 * Every packet that is in a flow must be in a record in the end, and no record may end
 * before the time that the meter had promised.  Statistics must agree with the record.
 * What a tap hears of a stream, bytes and gaps, is the stream. The meter of
 * CICFlowMeter's own flows sees the same packets.  Packets one by one and in batches
 * give the same text.  What we can read of it ourselves has the right number of
 * records.
 *
 * When an allocation is to fail, one way through is enough: what counts must still add
 * up, and nothing else is promised.
 */
#include "base/assert.h"
#include "base/json.h"
#include "base/mem.h"
#include "fuzz.h"
#include "sequence.h"

#include <lapwing/cic.h>
#include <lapwing/dataset.h>
#include <lapwing/flow.h>
#include <lapwing/flow_stats.h>
#include <lapwing/flowlog.h>

#include <string.h>

enum { FORMATS_MAX = 24, BATCH_MAX = 80, FIELD_NAMES_MAX = 8192 };

/* One way through. */
struct way {
    struct lw_meter *meter;
    struct lw_cic_meter *cic;
    struct lw_flowlog *logs[FORMATS_MAX]; /* NULL: not this time */
    struct buf text[FORMATS_MAX];
    struct buf cic_text;
    size_t n_formats;
    bool starved; /* an allocation fails: text may be lost */
    bool with_stats;
    bool with_streams;
    uint64_t stream_bytes; /* that the tap was told, and gaps */
    uint64_t streams;      /* hash of what the records say of them */
    uint64_t n_packets;
    int64_t promised_ns;
    bool in_order;
    int64_t now_ns;
};

/* ---- records -------------------------------------------------------------------- */

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
    LW_ASSERT(s->start.n_packets >= (n < LW_FIRST_PACKETS ? n : LW_FIRST_PACKETS));
}

/* What a flow's last record carries was told all. */
static void check_streams(struct way *w, const struct lw_record *rec)
{
    const struct sequence_heard *h = rec->tapped;

    LW_ASSERT(w->with_streams ||
              (rec->app == LW_APP_UNKNOWN && h == NULL && rec->handshake == NULL));
    w->streams = sequence_hash_streams(rec, w->streams);
    if (h == NULL)
        return;
    LW_ASSERT(h->has_begun && h->has_ended == (rec->end_reason != LW_END_STATUS));
    for (unsigned i = 0; i < 2 && h->has_ended; i++)
        w->stream_bytes += h->data_bytes[i] + h->gap_bytes[i];
}

static void check_record(const struct lw_record *rec)
{
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
}

/* Records are lines of their own; a header with a date comes together with the first.
 */
static void take_text(struct way *w, size_t i)
{
    const char *text;
    size_t n;

    if (lw_flowlog_take(w->logs[i], &text, &n, NULL) != LW_OK) {
        LW_ASSERT(w->starved);
        return;
    }
    LW_ASSERT(n == 0 || text[n - 1] == '\n');
    LW_ASSERT(n == 0 || text[0] == '#' || memchr(text, '\n', n) == text + n - 1);
    buf_add(&w->text[i], text, n);
}

static void on_record(void *ctx, const struct lw_record *rec)
{
    struct way *w = ctx;

    check_record(rec);
    LW_ASSERT(!w->in_order || rec->end_ns >= w->promised_ns);
    LW_ASSERT((rec->stats != NULL) == w->with_stats);
    if (rec->stats != NULL)
        check_stats(rec);
    check_streams(w, rec);
    w->n_packets += rec->side[0].packets + rec->side[1].packets;
    for (size_t i = 0; i < w->n_formats; i++) {
        if (w->logs[i] == NULL)
            continue;
        lw_flowlog_record(w->logs[i], rec);
        take_text(w, i);
    }
}

static void on_cic_line(void *ctx, const char *line, size_t n)
{
    struct way *w = ctx;
    size_t commas = 0;

    for (size_t i = 0; i < n; i++)
        commas += line[i] == ',';
    LW_ASSERT(commas == 84 && line[n - 1] == '\n' && line[n] == '\0');
    buf_add(&w->cic_text, line, n);
}

/* ---- packets -------------------------------------------------------------------- */

static struct lw_packet packet_of(struct way *w, const struct sequence_entry *e,
                                  uint32_t link_type)
{
    struct lw_packet pkt = {.link_type = link_type};

    int64_t now_ns;

    if (!__builtin_add_overflow(w->now_ns, sequence_step_ns(e->step), &now_ns))
        w->now_ns = now_ns;
    w->in_order = w->in_order && !(e->step & SEQUENCE_BACKWARDS);
    pkt.time_ns = w->now_ns;
    pkt.data = e->bytes.n == 0 ? NULL : e->bytes.p;
    pkt.captured_bytes = (uint32_t)e->bytes.n;
    pkt.wire_bytes = (uint32_t)e->bytes.n + e->missing;
    return pkt;
}

static void keep_promise(struct way *w)
{
    w->promised_ns = lw_meter_watermark_ns(w->meter);
}

/* Each in memory of its own and of its exact size, which is gone after the call:
 * reading past its end, or later, is found. */
static void add_one(struct way *w, struct lw_packet *pkt)
{
    uint8_t *own = mem_dup(pkt->data, pkt->captured_bytes);

    if (pkt->data != NULL && own != NULL)
        pkt->data = own;
    (void)lw_meter_add(w->meter, pkt, on_record, w);
    lw_cic_meter_add(w->cic, pkt, on_cic_line, w);
    mem_free(own);
    keep_promise(w);
}

static void add_singly(struct way *w, struct span in, uint32_t link_type)
{
    struct sequence_entry e;

    while (sequence_take(&in, &e)) {
        struct lw_packet pkt = packet_of(w, &e, link_type);

        add_one(w, &pkt);
    }
}

/* The longest of the meter's own batches is 32. */
static void add_in_batches(struct way *w, struct span in, uint32_t link_type,
                           size_t batch)
{
    struct lw_packet pkts[BATCH_MAX];
    struct sequence_entry e;
    size_t n = 0;

    LW_ASSERT(batch <= BATCH_MAX);
    while (sequence_take(&in, &e)) {
        pkts[n++] = packet_of(w, &e, link_type);
        if (n < batch)
            continue;
        lw_meter_add_batch(w->meter, pkts, n, on_record, w);
        keep_promise(w);
        n = 0;
    }
    lw_meter_add_batch(w->meter, pkts, n, on_record, w);
}

/* ---- a way ---------------------------------------------------------------------- */

/* All fields of a format, those too that are written only when asked for. */
static const char *fields_of(const struct lw_flow_format *f, char *out)
{
    struct lw_flow_field field;
    size_t at = 0;

    for (size_t i = 0; lw_flow_format_field(f, i, &field); i++) {
        size_t n = strlen(field.name);

        LW_ASSERT(at + n + 2 < FIELD_NAMES_MAX);
        if (i > 0)
            out[at++] = ',';
        memcpy(out + at, field.name, n);
        at += n;
    }
    out[at] = '\0';
    return at == 0 ? NULL : out;
}

static bool open_log(struct way *w, size_t i, bool all_fields)
{
    static char names[FORMATS_MAX][FIELD_NAMES_MAX];
    const struct lw_flow_format *f = lw_flow_format_at(i);
    struct lw_flowlog_config cfg = {.format = lw_flow_format_name(f),
                                    .label = "a \"label\", <b>\t\\"};

    LW_ASSERT(i < FORMATS_MAX);
    if (all_fields)
        cfg.fields = fields_of(f, names[i]);
    if (lw_flowlog_new(&w->logs[i], &cfg, NULL) != LW_OK) {
        LW_ASSERT(w->starved);
        return false;
    }
    lw_flowlog_header(w->logs[i]);
    take_text(w, i);
    return true;
}

/* A quarter of the formats: printing all would take most of the time. */
static bool open_logs(struct way *w, size_t which, bool all_fields)
{
    for (size_t i = 0; lw_flow_format_at(i) != NULL; i++) {
        if ((i + which) % 4 == 0 && !open_log(w, i, all_fields))
            return false;
        w->n_formats = i + 1;
    }
    return true;
}

static bool open_way(struct way *w, const uint8_t head[SEQUENCE_HEAD], size_t n)
{
    const struct lw_meter_config cfg = sequence_config(head);
    const struct lw_cic_config cic = {.max_flows = cfg.max_flows};

    w->with_stats = cfg.flow_stats;
    w->with_streams = cfg.tap != NULL;
    w->in_order = true;
    w->promised_ns = INT64_MIN;
    return lw_meter_new(&w->meter, &cfg, NULL) == LW_OK &&
           lw_cic_meter_new(&w->cic, &cic, NULL) == LW_OK &&
           open_logs(w, n, n / 4 % 8 == 0);
}

static void check_account(const struct lw_meter_stats *s, uint32_t max_flows)
{
    LW_ASSERT(s->seen == s->decoded + s->truncated + s->unsupported + s->malformed);
    LW_ASSERT(s->decoded == s->in_flows + s->not_in_flows);
    LW_ASSERT(s->datagrams >= s->datagrams_reassembled + s->datagrams_malformed +
                                  s->datagrams_timed_out + s->datagrams_evicted +
                                  s->datagrams_dropped);
    LW_ASSERT(s->active == 0 && s->active_max <= max_flows);
}

static void finish(struct way *w, uint32_t max_flows)
{
    struct lw_meter_stats s;
    uint64_t records;

    lw_meter_flush(w->meter, on_record, w);
    lw_meter_get_stats(w->meter, &s);
    check_account(&s, max_flows);
    LW_ASSERT(w->n_packets == s.in_flows + s.inner_in_flows);
    records = s.records;
    if (!w->starved)
        LW_ASSERT(w->stream_bytes == s.stream_bytes + s.stream_bytes_missing);
    lw_cic_meter_flush(w->cic, on_cic_line, w);
    lw_cic_meter_get_stats(w->cic, &s);
    check_account(&s, max_flows);
    for (size_t i = 0; i < w->n_formats; i++) {
        struct lw_flowlog_stats written;

        if (w->logs[i] == NULL)
            continue;
        lw_flowlog_end(w->logs[i]);
        take_text(w, i);
        lw_flowlog_get_stats(w->logs[i], &written);
        LW_ASSERT(written.records == records);
        LW_ASSERT(written.records == written.written + written.left_out);
    }
}

static void close_way(struct way *w)
{
    for (size_t i = 0; i < FORMATS_MAX; i++) {
        lw_flowlog_free(w->logs[i]);
        buf_release(&w->text[i]);
    }
    buf_release(&w->cic_text);
    lw_meter_free(w->meter);
    lw_cic_meter_free(w->cic);
}

/* ---- what came out -------------------------------------------------------------- */

static void check_same(const struct way *a, const struct way *b)
{
    struct lw_meter_stats s;
    struct lw_meter_stats t;

    for (size_t i = 0; i < a->n_formats; i++) {
        LW_ASSERT(buf_ok(&a->text[i]) && buf_ok(&b->text[i]));
        LW_ASSERT(strcmp(buf_text(&a->text[i]), buf_text(&b->text[i])) == 0);
    }
    LW_ASSERT(a->streams == b->streams);
    lw_meter_get_stats(a->meter, &s);
    lw_meter_get_stats(b->meter, &t);
    LW_ASSERT(memcmp(&s, &t, sizeof s) == 0);
}

/* JSON, one object a line. */
static uint64_t count_objects(const char *text)
{
    uint64_t n = 0;

    while (*text != '\0') {
        size_t line = strcspn(text, "\n");
        struct json_doc *doc = NULL;

        LW_ASSERT(json_parse(&doc, text, line, 8, NULL) == LW_OK);
        LW_ASSERT(json_kind(json_root(doc)) == JSON_KIND_OBJECT);
        json_free(doc);
        text += line + (text[line] != '\0');
        n++;
    }
    return n;
}

static uint64_t count_rows(const struct buf *b)
{
    struct lw_frame *frame = NULL;
    struct lw_error err;
    uint64_t n;

    LW_ASSERT(lw_frame_read_memory(&frame, b->data, b->len, "flows", NULL, &err) ==
              LW_OK);
    n = lw_frame_rows(frame);
    lw_frame_free(frame);
    return n;
}

/* Read a format again. */
static void read_again(const struct way *w, size_t i)
{
    const char *format = lw_flow_format_name(lw_flow_format_at(i));
    struct lw_flowlog_stats s;

    if (w->logs[i] == NULL)
        return;
    lw_flowlog_get_stats(w->logs[i], &s);
    if (s.written == 0)
        return;
    if (strcmp(format, "json") == 0 || strcmp(format, "eve") == 0)
        LW_ASSERT(count_objects(buf_text(&w->text[i])) == s.written);
    else
        LW_ASSERT(count_rows(&w->text[i]) == s.written);
}

/* ---- entries -------------------------------------------------------------------- */

static void run(struct way *w, const uint8_t head[SEQUENCE_HEAD], struct span packets,
                bool batches)
{
    const uint32_t link_type = sequence_link_type(head);

    if (!open_way(w, head, packets.n)) {
        LW_ASSERT(w->starved);
        return;
    }
    if (batches)
        add_in_batches(w, packets, link_type, 1 + (size_t)(head[2] >> 4) * 5);
    else
        add_singly(w, packets, link_type);
    finish(w, head[0] + 1U);
}

/* Not fuzz_one(): which allocation fails is part of the input. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    const struct span in = span_of(data, n);
    struct way ways[2] = {0};
    uint8_t head[SEQUENCE_HEAD];

    if (!span_copy(in, 0, head, sizeof head))
        return 0;
    ways[0].starved = head[3] != 0;
    mem_fail_at(head[3], (head[2] & SEQUENCE_STARVES) != 0);
    run(&ways[0], head, span_from(in, sizeof head), head[3] % 2 != 0);
    mem_fail_at(0, 0);
    if (head[3] == 0) {
        run(&ways[1], head, span_from(in, sizeof head), true);
        check_same(&ways[0], &ways[1]);
        for (size_t i = 0; i < ways[0].n_formats; i++)
            read_again(&ways[0], i);
    }
    close_way(&ways[0]);
    close_way(&ways[1]);
    return 0;
}

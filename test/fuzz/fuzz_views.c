/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The packets of a sequence (sequence.h) as rows of every view, with room for few hosts
 * and few waiting rows: each record has a row or none, shares are shares, and nothing
 * is infinite or what its definition says it cannot be.
 */
#include "base/assert.h"
#include "fuzz.h"
#include "sequence.h"

#include <lapwing/view.h>

#include <math.h>
#include <string.h>

struct way {
    const struct lw_view *view;
    struct lw_meter *meter;
    struct lw_extractor *extractor;
    bool starved;
    uint64_t n_records;
    uint64_t n_rows;
};

/* Packets that came back, distances from a mean, and skewness. */
static bool may_be_negative(const struct lw_feature *f)
{
    size_t n = strlen(f->name);

    return strncmp(f->name, "packet_", 7) == 0 || strcmp(f->name + n - 2, "_z") == 0 ||
           *f->unit == '\0';
}

/* Sums are rounded, and a deviation may be more than the mean. */
static void check_value(const struct lw_feature *f, float v)
{
    if (isnan(v))
        return;
    LW_ASSERT(f->evidence[LW_SOURCE_PACKETS] != LW_EVIDENCE_UNAVAILABLE);
    LW_ASSERT(isfinite(v));
    if (f->type == LW_FEATURE_CATEGORY)
        LW_ASSERT(v >= 0 && v < (float)f->n_categories && v == truncf(v));
    else if (strcmp(f->unit, "share") == 0)
        LW_ASSERT(v >= 0 && (v <= 1.00001F || strstr(f->name, "variation") != NULL));
    else if (strcmp(f->unit, "yes/no") == 0)
        LW_ASSERT(v == 0 || v == 1);
    else if (strcmp(f->unit, "bits") == 0)
        LW_ASSERT(v >= 0 && v <= 6);
    else if (!may_be_negative(f))
        LW_ASSERT(v >= 0);
}

static void on_row(void *ctx, const struct lw_row *row)
{
    struct way *w = ctx;

    for (unsigned i = 0; i < w->view->n_features; i++)
        check_value(&w->view->features[i], row->values[i]);
    w->n_rows++;
}

static void on_record(void *ctx, const struct lw_record *rec)
{
    struct way *w = ctx;

    if (!w->starved &&
        lw_extractor_add(w->extractor, rec, lw_meter_watermark_ns(w->meter), on_row,
                         w) == LW_OK)
        w->n_records++;
    else
        w->starved = true;
}

static void run_packets(struct way *w, struct span in)
{
    int64_t now_ns = INT64_C(1) << 60;
    struct sequence_entry e;

    while (sequence_take(&in, &e)) {
        struct lw_packet pkt = {.data = e.bytes.p,
                                .captured_bytes = (uint32_t)e.bytes.n,
                                .wire_bytes = (uint32_t)e.bytes.n + e.missing,
                                .link_type = 1};

        now_ns = (int64_t)((uint64_t)now_ns + (uint64_t)sequence_step_ns(e.step)) &
                 INT64_MAX >> 1;
        pkt.time_ns = now_ns;
        (void)lw_meter_add(w->meter, &pkt, on_record, w);
    }
    lw_meter_flush(w->meter, on_record, w);
    lw_extractor_flush(w->extractor, on_row, w);
}

static void check_stats(const struct way *w)
{
    struct lw_extractor_stats s;

    lw_extractor_get_stats(w->extractor, &s);
    LW_ASSERT(s.records == w->n_records && s.rows == w->n_rows);
    LW_ASSERT(s.records == s.rows + s.no_row && s.waiting == 0);
    LW_ASSERT(s.hosts <= 3 * 4);
}

static void run_view(const struct lw_view *view, const uint8_t head[SEQUENCE_HEAD],
                     struct span packets)
{
    const struct lw_extractor_config cfg = {
        .max_waiting = 1 + head[3] % 16U, .max_hosts = 4, .max_contacts = 16};
    struct lw_meter_config meter = sequence_config(head);
    struct way w = {.view = view};
    struct lw_error err;

    meter.status_packets = head[3] / 16U;
    lw_view_meter_needs(view, &meter);
    if (lw_meter_new(&w.meter, &meter, &err) == LW_OK &&
        lw_extractor_new(&w.extractor, view, &cfg, &err) == LW_OK) {
        run_packets(&w, packets);
        check_stats(&w);
    }
    lw_extractor_free(w.extractor);
    lw_meter_free(w.meter);
}

void fuzz_one(const uint8_t *data, size_t n)
{
    const struct span in = span_of(data, n);
    const struct lw_view *view;
    uint8_t head[SEQUENCE_HEAD];

    if (!span_copy(in, 0, head, sizeof head))
        return;
    for (size_t i = 0; (view = lw_view_at(i)) != NULL; i++)
        run_view(view, head, span_from(in, sizeof head));
}

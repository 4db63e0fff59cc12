/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/capture_rows.h"

struct metering {
    struct lw_meter *meter;
    struct lw_extractor *extractor;
    lw_row_fn fn;
    void *ctx;
    enum lw_status failed;
};

static void on_record(void *ctx, const struct lw_record *rec)
{
    struct metering *m = ctx;

    if (m->failed == LW_OK)
        m->failed = lw_extractor_add(m->extractor, rec, lw_meter_watermark_ns(m->meter),
                                     m->fn, m->ctx);
}

enum lw_status capture_rows_run(const struct lw_view *view, struct lw_capture *cap,
                                lw_row_fn fn, void *ctx, struct lw_error *err)
{
    struct lw_meter_config cfg = {0};
    struct metering m = {.fn = fn, .ctx = ctx};
    struct lw_run run = {.record = on_record, .record_ctx = &m};
    enum lw_status st;

    lw_view_meter_needs(view, &cfg);
    st = lw_meter_new(&m.meter, &cfg, err);
    if (st == LW_OK)
        st = lw_extractor_new(&m.extractor, view, NULL, err);
    if (st == LW_OK)
        st = lw_meter_run(m.meter, cap, &run, err);
    if (st == LW_OK) {
        lw_meter_flush(m.meter, on_record, &m);
        lw_extractor_flush(m.extractor, fn, ctx);
    }
    if (st == LW_OK && m.failed != LW_OK)
        st = lw_fail(err, m.failed, "out of memory for flows");
    lw_meter_free(m.meter);
    lw_extractor_free(m.extractor);
    return st;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From flow records to rows.  A view with windows sorts its records first; one without
 * makes its row at once.  `kdd31` is `kdd` with some columns left out.
 */
#include "base/mem.h"
#include "feature/extract_priv.h"
#include "feature/reorder.h"
#include "feature/view_table.h"

enum { COLUMNS_MAX = 64 };

struct lw_extractor {
    const struct lw_view *view;
    bool windows;          /* records must come in order */
    int64_t max_delay_ns;  /* 0: wait as long as needed */
    int64_t latest_end_ns; /* of all records so far */
    struct reorder waiting;
    struct kdd_windows kdd;
    uint8_t column[COLUMNS_MAX]; /* of `kdd`, by column of the view */
};

_Static_assert((int)N_KDD_COLUMNS <= (int)COLUMNS_MAX &&
                   (int)N_NETFLOW_COLUMNS <= (int)COLUMNS_MAX,
               "a view has more columns than a row has room for");

enum lw_status lw_extractor_new(struct lw_extractor **out, const struct lw_view *view,
                                const struct lw_extractor_config *cfg,
                                struct lw_error *err)
{
    struct lw_extractor *x;

    if (view != &view_kdd && view != &view_kdd31 && view != &view_netflow)
        return lw_fail(err, LW_EUNSUPPORTED, "view %s cannot be made from traffic",
                       view->name);
    x = mem_zalloc(1, sizeof *x);
    if (x == NULL)
        return lw_fail(err, LW_ENOMEM, "out of memory for view %s", view->name);
    x->view = view;
    x->windows = view != &view_netflow;
    x->max_delay_ns = cfg == NULL ? 0 : cfg->max_delay_ns;
    x->latest_end_ns = INT64_MIN;
    reorder_init(&x->waiting);
    kdd_windows_init(&x->kdd);
    for (size_t i = 0; x->windows && i < view->n_features; i++)
        x->column[i] = (uint8_t)lw_view_find(&view_kdd, view->features[i].name);
    *out = x;
    return LW_OK;
}

void lw_extractor_free(struct lw_extractor *x)
{
    if (x == NULL)
        return;
    reorder_release(&x->waiting);
    mem_free(x);
}

static void report(struct lw_extractor *x, const struct lw_record *rec, lw_row_fn fn,
                   void *ctx)
{
    float all[COLUMNS_MAX];
    float values[COLUMNS_MAX];
    struct lw_row row = {.flow_id = rec->flow_id, .values = values, .rec = rec};

    if (!x->windows) {
        netflow_make_row(rec, values);
    } else {
        kdd_make_row(&x->kdd, rec, all);
        for (size_t i = 0; i < x->view->n_features; i++)
            values[i] = all[x->column[i]];
    }
    fn(ctx, &row);
}

static void report_before(struct lw_extractor *x, int64_t before_ns, lw_row_fn fn,
                          void *ctx)
{
    struct lw_record rec;

    while (reorder_pop(&x->waiting, before_ns, &rec))
        report(x, &rec, fn, ctx);
}

void lw_extractor_advance(struct lw_extractor *x, int64_t watermark_ns, lw_row_fn fn,
                          void *ctx)
{
    int64_t before_ns = watermark_ns;

    if (x->max_delay_ns > 0 && x->latest_end_ns != INT64_MIN &&
        x->latest_end_ns - x->max_delay_ns > before_ns)
        before_ns = x->latest_end_ns - x->max_delay_ns;
    report_before(x, before_ns, fn, ctx);
}

enum lw_status lw_extractor_add(struct lw_extractor *x, const struct lw_record *rec,
                                int64_t watermark_ns, lw_row_fn fn, void *ctx)
{
    if (!x->windows) {
        report(x, rec, fn, ctx);
        return LW_OK;
    }
    if (kdd_has_row(rec)) {
        if (!reorder_push(&x->waiting, rec))
            return LW_ENOMEM;
        if (rec->end_ns > x->latest_end_ns)
            x->latest_end_ns = rec->end_ns;
    }
    lw_extractor_advance(x, watermark_ns, fn, ctx);
    return LW_OK;
}

void lw_extractor_flush(struct lw_extractor *x, lw_row_fn fn, void *ctx)
{
    report_before(x, INT64_MAX, fn, ctx);
}

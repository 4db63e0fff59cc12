/* SPDX-License-Identifier: Apache-2.0 */
/*
 * feature/extract.c - from flow records to rows.
 *
 * A view with windows puts its records in order first; one without makes its row at
 * once.  `kdd31` is `kdd` with some columns left out.  Memory is bounded: more than
 * max_waiting records do not wait, the first of them leaves early and is counted.
 */
#include "base/hash.h"
#include "base/mem.h"
#include "feature/extract_priv.h"
#include "feature/kdd_names.h"
#include "feature/netflow_names.h"
#include "feature/reorder.h"

#include <lapwing/view.h>

enum { COLUMNS_MAX = 64, MAX_WAITING = 262144 };

_Static_assert((int)N_KDD <= (int)COLUMNS_MAX && (int)N_NETFLOW <= (int)COLUMNS_MAX,
               "a view has more columns than a row has room for");

struct lw_extractor {
    const struct lw_view *view;
    struct kdd_windows *kdd; /* owned; NULL: a view without windows */
    struct reorder waiting;
    size_t max_waiting;
    int64_t max_delay_ns;  /* 0: wait as long as needed */
    int64_t latest_end_ns; /* of all records so far */
    int64_t last_out_ns;   /* end of the last row reported, of any so far the latest */
    struct lw_extractor_stats stats;
    uint8_t column[COLUMNS_MAX]; /* of `kdd`, by column of the view */
};

static enum lw_status set_view(struct lw_extractor *x, const struct lw_view *view,
                               struct lw_error *err)
{
    const struct lw_view *kdd = lw_view_get("kdd");

    x->view = view;
    if (view == lw_view_get("netflow"))
        return LW_OK;
    if (view != kdd && view != lw_view_get("kdd31"))
        return lw_fail(err, LW_EUNSUPPORTED, "view %s cannot be made from traffic",
                       view->name);
    x->kdd = mem_alloc(sizeof *x->kdd);
    if (x->kdd == NULL)
        return lw_fail(err, LW_ENOMEM, "out of memory for the windows of view %s",
                       view->name);
    kdd_windows_init(x->kdd, hash_random_seed());
    for (size_t i = 0; i < view->n_features; i++)
        x->column[i] = (uint8_t)lw_view_find(kdd, view->features[i].name);
    return LW_OK;
}

enum lw_status lw_extractor_new(struct lw_extractor **out, const struct lw_view *view,
                                const struct lw_extractor_config *cfg,
                                struct lw_error *err)
{
    static const struct lw_extractor_config defaults = {0};
    struct lw_extractor *x = mem_zalloc(1, sizeof *x);
    enum lw_status st;

    if (x == NULL)
        return lw_fail(err, LW_ENOMEM, "out of memory for view %s", view->name);
    if (cfg == NULL)
        cfg = &defaults;
    x->max_delay_ns = cfg->max_delay_ns;
    x->max_waiting = cfg->max_waiting == 0 ? MAX_WAITING : cfg->max_waiting;
    x->latest_end_ns = INT64_MIN;
    x->last_out_ns = INT64_MIN;
    reorder_init(&x->waiting);
    st = set_view(x, view, err);
    if (st != LW_OK) {
        lw_extractor_free(x);
        return st;
    }
    *out = x; /* ownership moves to the caller */
    return LW_OK;
}

void lw_extractor_free(struct lw_extractor *x)
{
    if (x == NULL)
        return;
    reorder_release(&x->waiting);
    mem_free(x->kdd);
    mem_free(x);
}

static void report(struct lw_extractor *x, const struct lw_record *rec, lw_row_fn fn,
                   void *ctx)
{
    float all[COLUMNS_MAX];
    float values[COLUMNS_MAX];
    struct lw_row row = {.flow_id = rec->flow_id, .values = values, .rec = rec};

    if (x->kdd == NULL) {
        netflow_make_row(rec, values);
    } else {
        kdd_make_row(x->kdd, rec, all);
        for (size_t i = 0; i < x->view->n_features; i++)
            values[i] = all[x->column[i]];
    }
    x->stats.rows++;
    fn(ctx, &row);
}

static void report_first(struct lw_extractor *x, int64_t watermark_ns, lw_row_fn fn,
                         void *ctx)
{
    const struct lw_record *rec = reorder_pop(&x->waiting);

    if (rec->end_ns < x->last_out_ns)
        x->stats.late++;
    else
        x->last_out_ns = rec->end_ns;
    if (rec->end_ns >= watermark_ns)
        x->stats.early++;
    report(x, rec, fn, ctx);
}

void lw_extractor_advance(struct lw_extractor *x, int64_t watermark_ns, lw_row_fn fn,
                          void *ctx)
{
    int64_t before_ns = watermark_ns;

    if (x->max_delay_ns > 0 && x->waiting.n > 0 &&
        x->latest_end_ns - x->max_delay_ns > before_ns)
        before_ns = x->latest_end_ns - x->max_delay_ns;
    while (x->waiting.n > 0 && reorder_first_end_ns(&x->waiting) < before_ns)
        report_first(x, watermark_ns, fn, ctx);
}

enum lw_status lw_extractor_add(struct lw_extractor *x, const struct lw_record *rec,
                                int64_t watermark_ns, lw_row_fn fn, void *ctx)
{
    if (x->kdd == NULL) {
        x->stats.records++;
        report(x, rec, fn, ctx);
        return LW_OK;
    }
    if (kdd_has_row(rec)) {
        if (!reorder_push(&x->waiting, rec))
            return LW_ENOMEM;
        if (rec->end_ns > x->latest_end_ns)
            x->latest_end_ns = rec->end_ns;
    } else {
        x->stats.no_row++;
    }
    x->stats.records++;
    lw_extractor_advance(x, watermark_ns, fn, ctx);
    while (x->waiting.n > x->max_waiting)
        report_first(x, watermark_ns, fn, ctx);
    return LW_OK;
}

void lw_extractor_flush(struct lw_extractor *x, lw_row_fn fn, void *ctx)
{
    while (x->waiting.n > 0)
        report_first(x, INT64_MAX, fn, ctx);
}

void lw_extractor_get_stats(const struct lw_extractor *x,
                            struct lw_extractor_stats *out)
{
    *out = x->stats;
    out->waiting = x->waiting.n;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * feature/extract.c - from flow records to rows.
 *
 * A view with windows puts its records in order first; one without makes its row at
 * once.  What is particular to a view is in its row maker (extract_priv.h); `kdd31` is
 * `kdd` with some columns left out.  Memory is bounded: more than max_waiting records
 * do not wait, the first of them leaves early and is counted.
 */
#include "base/assert.h"
#include "base/mem.h"
#include "feature/extract_priv.h"
#include "feature/reorder.h"

#include <lapwing/view.h>

enum { COLUMNS_MAX = 256, MAX_WAITING = 262144 };

struct lw_extractor {
    const struct lw_view *view;
    const struct row_maker *maker;
    void *state; /* the maker's, owned */
    struct reorder waiting;
    size_t max_waiting;
    int64_t max_delay_ns;  /* 0: wait as long as needed */
    int64_t latest_end_ns; /* of all records so far */
    int64_t last_out_ns;   /* end of the last row reported, of any so far the latest */
    struct lw_extractor_stats stats;
    uint8_t column[COLUMNS_MAX]; /* of what is made, by column of the view */
};

/* Whose rows a view's rows are, or are part of. */
static const struct {
    const char *view;
    const struct row_maker *maker;
} makers[] = {
    {"kdd", &kdd_rows},         {"kdd31", &kdd_rows},
    {"netflow", &netflow_rows}, {"netflow_host", &netflow_host_rows},
    {"flow", &flow_rows},
};

static const struct row_maker *maker_of(const struct lw_view *view)
{
    for (size_t i = 0; i < sizeof makers / sizeof makers[0]; i++) {
        if (view == lw_view_get(makers[i].view))
            return makers[i].maker;
    }
    return NULL;
}

static enum lw_status set_view(struct lw_extractor *x, const struct lw_view *view,
                               const struct lw_extractor_config *cfg,
                               struct lw_error *err)
{
    const struct lw_view *made;

    x->view = view;
    x->maker = maker_of(view);
    if (x->maker == NULL)
        return lw_fail(err, LW_EUNSUPPORTED, "view %s cannot be made from traffic",
                       view->name);
    LW_ASSERT(x->maker->n_columns <= COLUMNS_MAX);
    made = lw_view_get(x->maker->view);
    for (size_t i = 0; i < view->n_features; i++)
        x->column[i] = (uint8_t)lw_view_find(made, view->features[i].name);
    reorder_init(&x->waiting, x->maker->n_own);
    if (x->maker->begin != NULL && x->maker->begin(&x->state, cfg) != LW_OK)
        return lw_fail(err, LW_ENOMEM, "out of memory for the windows of view %s",
                       view->name);
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
    st = set_view(x, view, cfg, err);
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
    if (x->state != NULL)
        x->maker->end(x->state);
    mem_free(x);
}

static void report(struct lw_extractor *x, const struct lw_record *rec,
                   const float *own, lw_row_fn fn, void *ctx)
{
    float all[COLUMNS_MAX];
    float chosen[COLUMNS_MAX];
    struct lw_row row = {.flow_id = rec->flow_id, .values = all, .rec = rec};

    x->maker->make(x->state, rec, own, all);
    if (x->view->n_features != x->maker->n_columns) {
        for (size_t i = 0; i < x->view->n_features; i++)
            chosen[i] = all[x->column[i]];
        row.values = chosen;
    }
    x->stats.rows++;
    fn(ctx, &row);
}

/* While a row is made, what the next one needs is on its way from memory. */
static void report_first(struct lw_extractor *x, int64_t watermark_ns, lw_row_fn fn,
                         void *ctx)
{
    const float *own;
    const struct lw_record *rec = reorder_pop(&x->waiting, &own);
    const struct lw_record *next = reorder_coming(&x->waiting);

    if (next != NULL && x->maker->fetch != NULL)
        x->maker->fetch(x->state, next, 0);
    if (rec->end_ns < x->last_out_ns)
        x->stats.late++;
    else
        x->last_out_ns = rec->end_ns;
    if (rec->end_ns >= watermark_ns)
        x->stats.early++;
    report(x, rec, own, fn, ctx);
    if (next != NULL && x->maker->fetch != NULL)
        x->maker->fetch(x->state, next, 1);
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

static void report_at_once(struct lw_extractor *x, const struct lw_record *rec,
                           lw_row_fn fn, void *ctx)
{
    float own[COLUMNS_MAX];

    if (x->maker->take != NULL)
        x->maker->take(rec, own);
    report(x, rec, own, fn, ctx);
}

static bool wait_for_turn(struct lw_extractor *x, const struct lw_record *rec)
{
    float *own;

    if (!reorder_push(&x->waiting, rec, &own))
        return false;
    if (x->maker->take != NULL)
        x->maker->take(rec, own);
    if (rec->end_ns > x->latest_end_ns)
        x->latest_end_ns = rec->end_ns;
    return true;
}

enum lw_status lw_extractor_add(struct lw_extractor *x, const struct lw_record *rec,
                                int64_t watermark_ns, lw_row_fn fn, void *ctx)
{
    if (x->maker->has_row != NULL && !x->maker->has_row(rec))
        x->stats.no_row++;
    else if (!x->maker->in_order)
        report_at_once(x, rec, fn, ctx);
    else if (!wait_for_turn(x, rec))
        return LW_ENOMEM;
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
    out->contact_memory_ns = INT64_MAX;
    if (x->maker->get_stats != NULL)
        x->maker->get_stats(x->state, out);
}

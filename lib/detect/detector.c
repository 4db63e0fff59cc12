/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The whole stream: packets to flows, flows to rows, rows to verdicts.
 *
 *     lw_meter_add -> on_record -> lw_extractor_add -> on_row -> batch -> judge
 *
 * The meter and the extractor report through callbacks that cannot fail.  The first
 * failure inside one is kept and everything after it dropped, until the call that
 * started it returns the failure; a detector that failed stays failed.
 *
 * Rows are judged in batches, because a forest walks many rows at once in less time
 * than one by one.  A row's verdict depends on the row alone, so the size of a batch
 * shows in nothing but speed.  On a live source no row waits in a batch for more than
 * a second of packet time.
 */
#include "base/assert.h"
#include "base/mem.h"
#include "base/timefmt.h"
#include "detect/budget.h"
#include "detect/flow_verdicts.h"
#include "detect/sign_said.h"
#include "detect/signs.h"

#include <lapwing/detect.h>

#include <string.h>

enum { BATCH_ROWS = 64 };

#define LOOK_INTERVAL_NS NS_PER_S

struct lw_detector {
    const struct lw_classifier *classifier; /* borrowed until free */
    const struct lw_view *view;             /* static */
    struct lw_detector_config cfg;
    struct lw_meter *meter;         /* owned */
    struct lw_extractor *extractor; /* owned */
    float *rows;                    /* (BATCH_ROWS, view->n_features), owned */
    struct lw_record *recs;         /* (BATCH_ROWS), owned */
    struct lw_verdict *verdicts;    /* (BATCH_ROWS), owned */
    size_t n_waiting;               /* rows in the batch */
    struct signs *signs;            /* owned; NULL: the classifier judges alone */
    struct budget budget;
    struct flow_verdicts flows;
    int64_t next_look_ns;
    enum lw_status failed; /* LW_OK, or the first failure, kept in `why` */
    struct lw_error why;
    struct lw_detector_stats stats;
};

/* ---- judging -------------------------------------------------------------------- */

/* A sign decides, whatever the classifier says: it does not know all attacks. */
static void heed_signs(struct lw_detector *d, struct lw_finding *f)
{
    struct lw_reason why;

    if (d->signs == NULL)
        return;
    f->sign = signs_find(d->signs, f->rec, f->values, &why);
    if (f->sign == NULL)
        return;
    f->verdict.verdict = f->verdict.decision = f->sign->verdict;
    f->verdict.confidence = 1;
    f->verdict.attack_score = 1;
    f->reasons[f->n_reasons++] = why;
}

static enum lw_status report_one(struct lw_detector *d, size_t i)
{
    const float *values = d->rows + i * d->view->n_features;
    struct lw_verdict *v = &d->verdicts[i];
    struct lw_finding f = {.rec = &d->recs[i], .view = d->view, .values = values};
    enum lw_status st = LW_OK;

    budget_move(&d->budget, d->classifier, 1, f.rec->end_ns);
    budget_decide(&d->budget, d->classifier, v);
    LW_ASSERT(v->verdict < LW_N_VERDICTS);
    f.verdict = *v;
    heed_signs(d, &f);
    v = &f.verdict;
    f.alert = v->verdict != LW_VERDICT_NORMAL;
    f.again = flow_verdicts_count(&d->flows, f.rec, v->verdict, d->stats.by_class);
    if (f.alert && f.sign == NULL && !d->cfg.no_reasons)
        st = lw_classifier_explain(d->classifier, values, v, f.reasons, LW_MAX_REASONS,
                                   &f.n_reasons, &d->why);
    if (st != LW_OK)
        return st;
    d->stats.rows++;
    d->stats.alerts += f.alert ? 1 : 0;
    if (d->cfg.finding != NULL)
        d->cfg.finding(d->cfg.ctx, &f);
    return LW_OK;
}

static void judge_batch(struct lw_detector *d)
{
    size_t n = d->n_waiting;

    d->n_waiting = 0;
    if (n == 0 || d->failed != LW_OK)
        return;
    d->failed = lw_classifier_judge(d->classifier, d->rows, n, d->verdicts, &d->why);
    for (size_t i = 0; i < n && d->failed == LW_OK; i++)
        d->failed = report_one(d, i);
}

static void on_row(void *ctx, const struct lw_row *row)
{
    struct lw_detector *d = ctx;
    size_t width = d->view->n_features;

    memcpy(d->rows + d->n_waiting * width, row->values, width * sizeof(float));
    d->recs[d->n_waiting] = *row->rec;
    d->recs[d->n_waiting].stats = NULL; /* borrowed for the call only, as is the rest */
    d->recs[d->n_waiting].tapped = NULL;
    d->recs[d->n_waiting].handshake = NULL;
    if (++d->n_waiting == BATCH_ROWS)
        judge_batch(d);
}

static void on_record(void *ctx, const struct lw_record *rec)
{
    struct lw_detector *d = ctx;
    struct lw_record tagged;

    if (d->failed != LW_OK)
        return;
    if (d->signs != NULL) {
        tagged = *rec;
        tagged.tag = sign_said_tag(rec);
        rec = &tagged;
    }
    if (lw_extractor_add(d->extractor, rec, lw_meter_watermark_ns(d->meter), on_row,
                         d) != LW_OK &&
        d->failed == LW_OK)
        d->failed = lw_fail(&d->why, LW_ENOMEM, "out of memory for features");
}

/* ---- the public face ------------------------------------------------------------ */

static enum lw_status new_parts(struct lw_detector *d, struct lw_error *err)
{
    size_t width = d->view->n_features;
    enum lw_status st;

    st = budget_init(&d->budget, d->classifier, d->cfg.false_alarm,
                     d->cfg.alerts_per_day, err);
    if (st != LW_OK)
        return st;
    st = flow_verdicts_init(&d->flows, err);
    if (st != LW_OK)
        return st;
    lw_view_meter_needs(d->view, &d->cfg.meter);
    if (!d->cfg.no_signs && signs_apply(d->view))
        d->cfg.meter.tap = &sign_tap;
    st = lw_meter_new(&d->meter, &d->cfg.meter, err);
    if (st != LW_OK)
        return st;
    st = lw_extractor_new(&d->extractor, d->view, &d->cfg.extractor, err);
    if (st != LW_OK)
        return st;
    if (!d->cfg.no_signs && signs_apply(d->view)) {
        d->signs = signs_new(d->view, d->cfg.extractor.max_hosts);
        if (d->signs == NULL)
            return lw_fail(err, LW_ENOMEM, "out of memory for signs of attacks");
    }
    d->rows = mem_zalloc((size_t)BATCH_ROWS * width, sizeof d->rows[0]);
    d->recs = mem_zalloc(BATCH_ROWS, sizeof d->recs[0]);
    d->verdicts = mem_zalloc(BATCH_ROWS, sizeof d->verdicts[0]);
    if (d->rows == NULL || d->recs == NULL || d->verdicts == NULL)
        return lw_fail(err, LW_ENOMEM, "out of memory for a detector");
    return LW_OK;
}

enum lw_status lw_detector_new(struct lw_detector **out, const struct lw_classifier *c,
                               const struct lw_detector_config *cfg,
                               struct lw_error *err)
{
    struct lw_detector *d = mem_zalloc(1, sizeof *d);
    enum lw_status st;

    LW_ASSERT(c != NULL);
    if (d == NULL)
        return lw_fail(err, LW_ENOMEM, "out of memory for a detector");
    d->classifier = c;
    d->view = lw_classifier_view(c);
    if (cfg != NULL)
        d->cfg = *cfg;
    d->next_look_ns = INT64_MIN;
    st = new_parts(d, err);
    if (st != LW_OK) {
        lw_detector_free(d);
        return st;
    }
    *out = d;
    return LW_OK;
}

/* Rows that no record will push out any more: let time do it. */
static void look(struct lw_detector *d, int64_t now_ns)
{
    lw_extractor_advance(d->extractor, lw_meter_watermark_ns(d->meter), on_row, d);
    judge_batch(d);
    d->next_look_ns = now_ns + LOOK_INTERVAL_NS;
}

static enum lw_status outcome(const struct lw_detector *d, struct lw_error *err)
{
    if (d->failed != LW_OK && err != NULL)
        *err = d->why;
    return d->failed;
}

enum lw_status lw_detector_add(struct lw_detector *d, const struct lw_packet *pkt,
                               struct lw_error *err)
{
    if (d->failed == LW_OK) {
        (void)lw_meter_add(d->meter, pkt, on_record, d);
        if (pkt->data == NULL || pkt->time_ns >= d->next_look_ns)
            look(d, pkt->time_ns);
    }
    return outcome(d, err);
}

struct detector_run {
    struct lw_detector *detector;
    const struct lw_run *told;
};

static enum lw_status on_batch(void *ctx, const struct lw_run_batch *batch,
                               struct lw_error *err)
{
    struct detector_run *r = ctx;
    struct lw_detector *d = r->detector;
    const struct lw_packet *last = &batch->packets[batch->n_packets - 1];

    if (d->failed == LW_OK && (last->data == NULL || last->time_ns >= d->next_look_ns))
        look(d, last->time_ns);
    if (d->failed != LW_OK)
        return outcome(d, err);
    return r->told->batch == NULL ? LW_OK
                                  : r->told->batch(r->told->batch_ctx, batch, err);
}

enum lw_status lw_detector_run(struct lw_detector *d, struct lw_capture *cap,
                               const struct lw_run *run, struct lw_error *err)
{
    struct detector_run r = {d, run};
    const struct lw_run mine = {.n_threads = run->n_threads,
                                .record = on_record,
                                .record_ctx = d,
                                .batch = on_batch,
                                .batch_ctx = &r};

    if (d->failed != LW_OK)
        return outcome(d, err);
    return lw_meter_run(d->meter, cap, &mine, err);
}

enum lw_status lw_detector_flush(struct lw_detector *d, struct lw_error *err)
{
    if (d->failed == LW_OK) {
        lw_meter_flush(d->meter, on_record, d);
        lw_extractor_flush(d->extractor, on_row, d);
        judge_batch(d);
    }
    return outcome(d, err);
}

void lw_detector_get_stats(const struct lw_detector *d, struct lw_detector_stats *out)
{
    *out = d->stats;
    lw_meter_get_stats(d->meter, &out->meter);
}

void lw_detector_free(struct lw_detector *d)
{
    if (d == NULL)
        return;
    lw_meter_free(d->meter);
    lw_extractor_free(d->extractor);
    signs_free(d->signs);
    flow_verdicts_release(&d->flows);
    mem_free(d->rows);
    mem_free(d->recs);
    mem_free(d->verdicts);
    mem_free(d);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A pass over the file for each detector, which keeps its worst verdict of each flow,
 * and a last one that makes the flows and looks up what was said of them.
 *
 * Why not one pass: the detectors release their rows at different times (each waits for
 * older ones as its windows want it), so one pass would have to hold back flows anyway,
 * and by much more than a verdict.  And a detector has rows only of what its view
 * knows: there are flows that none of them judges.
 */
#include "serve/judge.h"

#include "base/assert.h"
#include "base/jsonw.h"
#include "base/timefmt.h"
#include "serve/host_names.h"
#include "serve/judge_flow.h"
#include "serve/models.h"
#include "serve/opinion.h"
#include "sink/eve.h"

#include <lapwing/capture.h>
#include <lapwing/flow_stats.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

/* How long the passes take, about; the last makes the flows. */
static const double pass_shares[N_JUDGES + 1] = {0.35, 0.25, 0.2, 0.2};

struct judge_run {
    const struct judge_config *cfg;
    struct judge_totals totals;
    struct opinions opinions[N_JUDGES];
    struct host_names names;
    struct buf shape;             /* scratch: of the flow that is made */
    struct lw_detector *detector; /* of the present pass, owned */
    struct opinions *asked;       /* by the present pass */
    double pass;                  /* work done before it, and its share */
    double pass_share;
    enum lw_status failed; /* in a callback */
    struct lw_error why;
};

static void on_opinion(void *ctx, const struct lw_finding *f)
{
    struct judge_run *j = ctx;

    if (j->failed == LW_OK)
        j->failed = opinions_add(j->asked, f, &j->why);
}

/* ---- verdicts -------------------------------------------------------------------- */

static bool is_of(const struct store_score *s, enum model_role role)
{
    return strcmp(s->detector, model_role_names[role]) == 0;
}

/* The traffic model's verdict is the flow's; of the others the first to alert is told,
 * that of attacks before that of bots, as it knows more classes. */
static void unite(struct store_flow *f, const struct store_score *scores, uint32_t n)
{
    f->scores = scores;
    f->n_scores = n;
    f->verdict = LW_VERDICT_NORMAL;
    f->confidence = NAN;
    for (uint32_t i = 0; i < n; i++) {
        const struct store_score *s = &scores[i];

        if (is_of(s, MODEL_ROLE_TRAFFIC)) {
            f->detector = (uint8_t)i;
            f->score = s->score;
            f->alerted = s->alert;
            f->verdict = s->verdict;
            f->confidence = s->confidence;
        } else if (s->alert && !f->told) {
            f->told = true;
            f->told_verdict = s->verdict;
        }
    }
    f->severity = judge_severity(f->verdict);
    f->attack_id = f->alerted ? eve_attack_id(f->verdict) : NULL;
}

/* ---- flows ----------------------------------------------------------------------- */

/* The shape of the first packets, as JSON in j->shape; NULL: not known. */
static const char *draw_shape(struct judge_run *j, const struct lw_record *rec)
{
    const struct lw_flow_start *s = rec->stats == NULL ? NULL : &rec->stats->start;
    unsigned source = lw_record_initiator(rec);
    struct jsonw w;

    if (s == NULL || s->n_packets == 0)
        return NULL;
    buf_reset(&j->shape);
    jsonw_init(&w, &j->shape);
    jsonw_array(&w);
    for (uint32_t i = 0; i < s->n_packets; i++) {
        const struct lw_first_packet *p = &s->packet[i];

        jsonw_object(&w);
        jsonw_put_f64(&w, "offset", (double)p->offset_ns / (double)NS_PER_S);
        jsonw_put_u64(&w, "bytes", p->ip_bytes);
        jsonw_put_bool(&w, "from_source", p->from == source);
        jsonw_object_end(&w);
    }
    jsonw_array_end(&w);
    return buf_ok(&j->shape) ? buf_text(&j->shape) : NULL;
}

static void count(struct judge_run *j, const struct store_flow *f)
{
    struct judge_totals *t = &j->totals;
    int64_t end = f->start_ns + f->duration_ns;

    t->flows++;
    t->alerted += f->alerted ? 1 : 0;
    if (t->first_ns == 0 || f->start_ns < t->first_ns)
        t->first_ns = f->start_ns;
    if (end > t->last_ns)
        t->last_ns = end;
}

/* In the order of detectors; *words is why the traffic model says what it does. */
static uint32_t gather_scores(const struct judge_run *j, const struct lw_record *rec,
                              struct store_score scores[N_JUDGES], const char **words)
{
    uint32_t n = 0;

    *words = NULL;
    for (int i = 0; i < N_JUDGES; i++) {
        const struct opinion *p = opinions_get(&j->opinions[i], rec);

        if (p == NULL)
            continue;
        if (i == JUDGE_TRAFFIC && p->detail != NULL)
            *words = p->detail->words;
        scores[n++] = opinion_score(&j->opinions[i], p);
    }
    return n;
}

static bool has_detail(const struct store_score *scores, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        if (scores[i].vector != NULL)
            return true;
    return false;
}

static void report_flow(struct judge_run *j, struct store_flow *f)
{
    if (j->totals.flows >= j->cfg->max_flows) {
        j->failed = lw_fail(&j->why, LW_ELIMIT, "more than %llu flows",
                            (unsigned long long)j->cfg->max_flows);
        return;
    }
    count(j, f);
    j->failed =
        j->cfg->flow(j->cfg->ctx, f, has_detail(f->scores, f->n_scores), &j->why);
}

static void on_record(void *ctx, const struct lw_record *rec)
{
    struct judge_run *j = ctx;
    struct store_score scores[N_JUDGES];
    struct flow_texts texts;
    struct store_flow f;
    const char *words;
    uint32_t n;

    if (j->failed != LW_OK)
        return;
    judge_describe(j->cfg, &j->names, rec, &f, &texts);
    n = gather_scores(j, rec, scores, &words);
    unite(&f, scores, n);
    if (f.alerted)
        f.words = words;
    if (has_detail(scores, n))
        f.first_packets = draw_shape(j, rec);
    judge_suppress(j->cfg, &f);
    report_flow(j, &f);
}

/* ---- passes ---------------------------------------------------------------------- */

static enum lw_status on_batch(void *ctx, const struct lw_run_batch *batch,
                               struct lw_error *err)
{
    struct judge_run *j = ctx;
    const struct lw_capture_stats *s = batch->capture;
    double share =
        s->bytes_total == 0 ? 0 : (double)s->bytes_read / (double)s->bytes_total;

    if (j->failed != LW_OK) {
        *err = j->why;
        return j->failed;
    }
    /* Names are known before there are flows. */
    for (size_t i = 0; j->asked == &j->opinions[JUDGE_TRAFFIC] && i < batch->n_packets;
         i++)
        host_names_read(&j->names, &batch->packets[i]);
    if (j->names.failed)
        return lw_fail(err, LW_ENOMEM, "out of memory for host names");
    j->totals.packets = s->seen;
    if (!j->cfg->progress(j->cfg->ctx, j->pass + j->pass_share * share, &j->totals))
        return lw_fail(err, LW_EPERM, "stopped");
    return LW_OK;
}

static void note_capture(struct judge_run *j, const struct lw_capture *cap)
{
    struct lw_capture_stats s;

    lw_capture_get_stats(cap, &s);
    j->totals.packets = s.seen;
    (void)snprintf(j->totals.warning, sizeof j->totals.warning, "%s", s.warning);
}

static enum lw_status run_detector(struct judge_run *j, struct lw_capture *cap,
                                   struct lw_error *err)
{
    const struct lw_detector_config cfg = {
        .meter = {.apps = true}, .finding = on_opinion, .ctx = j, .no_reasons = true};
    const struct lw_run run = {.n_threads = 1, .batch = on_batch, .batch_ctx = j};
    enum lw_status st =
        lw_detector_new(&j->detector, j->asked->model->classifier, &cfg, err);

    if (st == LW_OK)
        st = lw_detector_run(j->detector, cap, &run, err);
    if (st == LW_OK)
        st = lw_detector_flush(j->detector, err);
    lw_detector_free(j->detector);
    j->detector = NULL;
    return st;
}

static enum lw_status run_meter(struct judge_run *j, struct lw_capture *cap,
                                struct lw_error *err)
{
    const struct lw_meter_config cfg = {.apps = true, .flow_stats = true};
    const struct lw_run run = {.n_threads = 1,
                               .record = on_record,
                               .record_ctx = j,
                               .batch = on_batch,
                               .batch_ctx = j};
    struct lw_meter *meter = NULL;
    enum lw_status st = lw_meter_new(&meter, &cfg, err);

    if (st == LW_OK)
        st = lw_meter_run(meter, cap, &run, err);
    if (st == LW_OK)
        lw_meter_flush(meter, on_record, j);
    lw_meter_free(meter);
    return st;
}

static enum lw_status run_pass(struct judge_run *j, int pass, struct lw_error *err)
{
    struct lw_capture *cap = NULL;
    enum lw_status st = lw_capture_open_fd(&cap, j->cfg->fd, j->cfg->name, NULL, err);

    if (st != LW_OK)
        return st;
    j->pass_share = pass_shares[pass];
    if (pass < N_JUDGES) {
        j->asked = &j->opinions[pass];
        st = run_detector(j, cap, err);
    } else {
        j->asked = NULL;
        st = run_meter(j, cap, err);
    }
    j->pass += j->pass_share;
    note_capture(j, cap);
    lw_capture_close(cap);
    if (st == LW_OK && j->failed != LW_OK) {
        *err = j->why;
        st = j->failed;
    }
    return st;
}

enum lw_status judge_capture(const struct judge_config *cfg, struct judge_totals *out,
                             struct lw_error *err)
{
    static const enum opinion_key keys[N_JUDGES] = {
        [JUDGE_TRAFFIC] = OPINION_BY_NUMBER,
        [JUDGE_ATTACK] = OPINION_BY_TIME, /* its meter numbers other flows */
        [JUDGE_BOTNET] = OPINION_BY_NUMBER};
    struct judge_run j = {.cfg = cfg};
    enum lw_status st = LW_OK;

    LW_ASSERT(cfg->models[JUDGE_TRAFFIC] != NULL && cfg->models[JUDGE_ATTACK] != NULL &&
              cfg->max_flows > 0);
    for (int i = 0; i < N_JUDGES; i++)
        opinions_init(&j.opinions[i], cfg->models[i], cfg->thresholds[i], keys[i],
                      (size_t)cfg->max_flows);
    j.opinions[JUDGE_TRAFFIC].keeps_normals = true;
    host_names_init(&j.names);
    buf_init(&j.shape);
    for (int i = 0; st == LW_OK && i <= N_JUDGES; i++)
        if (i == N_JUDGES || cfg->models[i] != NULL)
            st = run_pass(&j, i, err);
    for (int i = 0; i < N_JUDGES; i++)
        opinions_release(&j.opinions[i]);
    host_names_release(&j.names);
    buf_release(&j.shape);
    *out = j.totals;
    return st;
}

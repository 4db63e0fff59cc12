/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/fuse.h"

#include "base/assert.h"
#include "base/hash.h"
#include "base/mem.h"
#include "cmd/command.h"
#include "serve/opinion.h"

#include <string.h>

enum { MODELS_MAX = OPT_LIST_MAX + 1, FIRST_SLOTS = 1024 };

/* What a model said of a flow. */
struct said {
    bool used;
    float p;
    float confidence;
    enum lw_verdict_class verdict;
    struct lw_reason *reasons; /* (n_reasons) owned; NULL: it would not have alarmed */
    size_t n_reasons;
    uint8_t key[OPINION_KEY_BYTES];
};

/* A model; of the main one nothing is kept. */
struct voice {
    struct lw_classifier *owned;
    const struct lw_classifier *classifier;
    enum opinion_key by;
    struct said *slots; /* (cap) owned, a power of two, at most half full */
    size_t cap;
    size_t n;
    uint64_t n_heard;
    uint64_t n_alone;
};

struct fuse {
    struct voice voices[MODELS_MAX]; /* (n) the main one first */
    size_t n;
    double level;
    bool explains; /* alerts get reasons */
    uint64_t seed;
    struct fuse_totals totals;
    struct lw_fused_said said[MODELS_MAX]; /* of the present finding */
    struct lw_fused_finding fused;
    /* While a pass goes on: */
    struct voice *heard;
    struct lw_detector *detector; /* owned */
    enum lw_status failed;
    struct lw_error why;
};

static void voice_release(struct voice *v)
{
    for (size_t i = 0; i < v->cap; i++)
        mem_free(v->slots[i].reasons);
    mem_free(v->slots);
    lw_classifier_free(v->owned);
}

void fuse_free(struct fuse *f)
{
    if (f == NULL)
        return;
    for (size_t i = 0; i < f->n; i++)
        voice_release(&f->voices[i]);
    mem_free(f);
}

static bool counts_otherwise(const struct lw_classifier *c)
{
    return strncmp(lw_classifier_view(c)->name, "kdd", 3) == 0;
}

static enum lw_status check(const struct lw_classifier *c, const char *path,
                            struct lw_error *err)
{
    if (lw_classifier_normal_p(c, NULL, NULL))
        return LW_OK;
    return lw_fail(err, LW_EUNSUPPORTED,
                   "%s: the model keeps no record of how normal flows look, which "
                   "fusion compares by; one trained by this version does",
                   path);
}

enum lw_status fuse_new(struct fuse **out, const struct lw_classifier *main,
                        const struct opt_list *models, double level,
                        struct lw_error *err)
{
    struct fuse *f = mem_zalloc(1, sizeof *f);
    enum lw_status st;

    if (f == NULL)
        return lw_fail(err, LW_ENOMEM, "out of memory");
    f->level = level > 0 ? level : FUSE_LEVEL;
    f->seed = hash_random_seed();
    f->voices[f->n++].classifier = main;
    st = check(main, "the main model", err);
    for (size_t i = 0; st == LW_OK && i < models->n; i++) {
        struct voice *v = &f->voices[f->n];

        st = lw_classifier_load(&v->owned, models->items[i], err);
        if (st != LW_OK)
            break;
        f->n++;
        v->classifier = v->owned;
        v->by = counts_otherwise(main) || counts_otherwise(v->owned)
                    ? OPINION_BY_TIME
                    : OPINION_BY_NUMBER;
        st = check(v->owned, models->items[i], err);
    }
    if (st != LW_OK) {
        fuse_free(f);
        return st;
    }
    *out = f;
    return LW_OK;
}

/* ---- listening ------------------------------------------------------------------- */

static struct said *find_slot(const struct fuse *f, const struct voice *v,
                              const uint8_t key[OPINION_KEY_BYTES])
{
    size_t at = (size_t)hash_bytes(key, OPINION_KEY_BYTES, f->seed) & (v->cap - 1);

    while (v->slots[at].used && memcmp(v->slots[at].key, key, OPINION_KEY_BYTES) != 0)
        at = (at + 1) & (v->cap - 1);
    return &v->slots[at];
}

static bool make_room(const struct fuse *f, struct voice *v)
{
    struct voice larger = *v;

    if (v->cap > 0 && v->n < v->cap / 2)
        return true;
    larger.cap = v->cap == 0 ? FIRST_SLOTS : v->cap * 2;
    larger.slots = mem_zalloc(larger.cap, sizeof larger.slots[0]);
    if (larger.slots == NULL)
        return false;
    for (size_t i = 0; i < v->cap; i++)
        if (v->slots[i].used)
            *find_slot(f, &larger, v->slots[i].key) = v->slots[i];
    mem_free(v->slots);
    *v = larger;
    return true;
}

/* The attack that a row is taken for, whatever the model's own threshold says. */
static enum lw_verdict_class likeliest_attack(const struct lw_classifier *c,
                                              const struct lw_verdict *v)
{
    uint32_t best = 1;

    if (v->verdict != LW_VERDICT_NORMAL)
        return v->verdict;
    for (uint32_t i = 2; i < lw_classifier_classes(c); i++)
        if (v->score[i] > v->score[best])
            best = i;
    for (int k = 0; k < LW_N_VERDICTS; k++)
        if (strcmp(lw_verdict_name((enum lw_verdict_class)k),
                   lw_classifier_class_name(c, best)) == 0)
            return (enum lw_verdict_class)k;
    return LW_VERDICT_ANOMALY;
}

/* Only of what could be alarmed with the whole level, or a flood costs its reasons. */
static enum lw_status keep_reasons(struct said *s, const struct voice *v,
                                   const struct lw_finding *f, double level,
                                   struct lw_error *err)
{
    struct lw_reason reasons[LW_MAX_REASONS];
    struct lw_verdict verdict = f->verdict;
    enum lw_status st;

    mem_free(s->reasons);
    s->reasons = NULL;
    s->n_reasons = 0;
    if ((double)s->p > level)
        return LW_OK;
    verdict.verdict = verdict.decision = s->verdict;
    st = lw_classifier_explain(v->classifier, f->values, &verdict, reasons,
                               LW_MAX_REASONS, &s->n_reasons, err);
    if (st == LW_EUNSUPPORTED)
        return LW_OK;
    if (st != LW_OK)
        return st;
    s->reasons = mem_dup(reasons, s->n_reasons * sizeof *reasons);
    return s->reasons != NULL || s->n_reasons == 0
               ? LW_OK
               : lw_fail(err, LW_ENOMEM, "out of memory");
}

static enum lw_status hear(struct fuse *f, const struct lw_finding *finding,
                           struct lw_error *err)
{
    struct voice *v = f->heard;
    uint8_t key[OPINION_KEY_BYTES];
    struct said *s;
    float p;

    if (!lw_classifier_normal_p(v->classifier, &finding->verdict, &p))
        return LW_OK;
    if (!make_room(f, v))
        return lw_fail(err, LW_ENOMEM,
                       "out of memory for what a model said of %zu flows", v->n);
    opinion_make_key(v->by, finding->rec, key);
    s = find_slot(f, v, key);
    if (s->used && s->p <= p)
        return LW_OK;
    if (!s->used) {
        s->used = true;
        memcpy(s->key, key, sizeof key);
        v->n++;
    }
    s->p = p;
    s->verdict = likeliest_attack(v->classifier, &finding->verdict);
    s->confidence =
        finding->verdict.verdict == s->verdict ? finding->verdict.confidence : 1 - p;
    return keep_reasons(s, v, finding, f->level, err);
}

static void on_finding(void *ctx, const struct lw_finding *finding)
{
    struct fuse *f = ctx;

    if (f->failed == LW_OK)
        f->failed = hear(f, finding, &f->why);
}

static enum lw_status run_detector(void *ctx, struct lw_capture *cap,
                                   struct lw_run *run, struct lw_error *err)
{
    struct fuse *f = ctx;

    return lw_detector_run(f->detector, cap, run, err);
}

static void get_meter(void *ctx, struct lw_meter_stats *out)
{
    struct fuse *f = ctx;
    struct lw_detector_stats stats;

    lw_detector_get_stats(f->detector, &stats);
    *out = stats.meter;
}

static int listen_to(struct fuse *f, struct voice *v, struct lw_detector_config cfg,
                     const struct capture_job *job)
{
    struct capture_report report;
    struct lw_error err;
    int status;

    f->heard = v;
    cfg.finding = on_finding;
    cfg.ctx = f;
    cfg.no_reasons = true;
    cfg.no_signs = true;
    cfg.false_alarm = 0;
    cfg.alerts_per_day = 0;
    if (lw_detector_new(&f->detector, v->classifier, &cfg, &err) != LW_OK)
        return command_error(&err);
    status = capture_loop(job, &report);
    if (status == STATUS_OK && lw_detector_flush(f->detector, &err) != LW_OK)
        status = command_error(&err);
    if (status == STATUS_OK && f->failed != LW_OK)
        status = command_error(&f->why);
    lw_detector_free(f->detector);
    f->detector = NULL;
    return status;
}

int fuse_listen(struct fuse *f, const struct lw_detector_config *cfg,
                char *const *filter, size_t n_filter)
{
    const struct capture_job job = {.filter = filter,
                                    .n_filter = n_filter,
                                    .run = run_detector,
                                    .meter = get_meter,
                                    .ctx = f};
    int status = STATUS_OK;

    f->explains = !cfg->no_reasons;
    for (size_t i = 1; status == STATUS_OK && i < f->n; i++)
        status = listen_to(f, &f->voices[i], *cfg, &job);
    return status;
}

/* ---- fusing ---------------------------------------------------------------------- */

/* What the models say of a flow: f->said, and the opinions that lw_fuse() takes. */
static size_t gather(struct fuse *f, const struct lw_finding *finding,
                     struct lw_opinion opinion[MODELS_MAX])
{
    size_t n_heard = 0;

    for (size_t i = 0; i < f->n; i++) {
        struct voice *v = &f->voices[i];
        struct lw_fused_said *out = &f->said[i];

        *out = (struct lw_fused_said){.classifier = v->classifier};
        if (i == 0) {
            out->is_heard =
                lw_classifier_normal_p(v->classifier, &finding->verdict, &out->p);
            out->verdict = likeliest_attack(v->classifier, &finding->verdict);
            out->confidence = out->verdict == finding->verdict.verdict
                                  ? finding->verdict.confidence
                                  : 1 - out->p;
            out->reasons = finding->reasons;
            out->n_reasons = finding->n_reasons;
        } else if (v->cap > 0) {
            uint8_t key[OPINION_KEY_BYTES];
            const struct said *s;

            opinion_make_key(v->by, finding->rec, key);
            s = find_slot(f, v, key);
            if (s->used)
                *out = (struct lw_fused_said){v->classifier, true,          s->p,
                                              s->verdict,    s->confidence, s->reasons,
                                              s->n_reasons};
        }
        opinion[i] =
            (struct lw_opinion){1, out->is_heard, (double)out->p, out->verdict};
        n_heard += out->is_heard ? 1 : 0;
        v->n_heard += out->is_heard ? 1 : 0;
        v->n_alone += out->is_heard && (double)out->p <= f->level ? 1 : 0;
    }
    return n_heard;
}

static void count(struct fuse *f, const struct lw_finding *out, size_t n_heard)
{
    struct fuse_totals *t = &f->totals;

    t->rows++;
    t->alerts += out->alert ? 1 : 0;
    t->by_class[out->verdict.verdict]++;
    if (out->sign != NULL)
        t->by_sign++;
    else if (n_heard < 2)
        t->one_voice++;
    else if (f->fused.is_disputed)
        t->disputed++;
    else if (out->alert)
        t->agreed_attack++;
    else
        t->agreed_normal++;
}

/* An alert's verdict and reasons, by the model that decides. */
static enum lw_status decide(const struct fuse *f, const struct lw_fused_said *by,
                             struct lw_finding *out, struct lw_error *err)
{
    out->verdict.confidence = by->confidence;
    if (by != &f->said[0]) {
        out->n_reasons = by->n_reasons;
        if (by->n_reasons > 0)
            memcpy(out->reasons, by->reasons, by->n_reasons * sizeof *by->reasons);
        return LW_OK;
    }
    /* The main model has none ready for what it would not have alarmed itself. */
    if (!f->explains || out->n_reasons > 0)
        return LW_OK;
    return lw_classifier_explain(by->classifier, out->values, &out->verdict,
                                 out->reasons, LW_MAX_REASONS, &out->n_reasons, err);
}

enum lw_status fuse_finding(struct fuse *f, const struct lw_finding *finding,
                            struct lw_finding *out, struct lw_error *err)
{
    struct lw_opinion opinion[MODELS_MAX];
    size_t n_heard = gather(f, finding, opinion);
    struct lw_fused fused;
    enum lw_status st = lw_fuse(&fused, opinion, f->n, f->level, err);

    if (st != LW_OK)
        return st;
    *out = *finding;
    f->fused = (struct lw_fused_finding){.said = f->said,
                                         .n = f->n,
                                         .by = fused.by,
                                         .p = (float)fused.p,
                                         .is_disputed = fused.is_disputed};
    out->fused = &f->fused;
    if (finding->sign == NULL) {
        out->alert = fused.alert;
        out->verdict.verdict = fused.verdict;
        if (fused.alert) {
            st = decide(f, &f->said[fused.by], out, err);
        } else {
            out->verdict.confidence = out->verdict.score[0];
            out->n_reasons = 0;
        }
    }
    count(f, out, n_heard);
    return st;
}

/* ---- totals ---------------------------------------------------------------------- */

const struct fuse_totals *fuse_get(const struct fuse *f)
{
    return &f->totals;
}

double fuse_level(const struct fuse *f)
{
    return f->level;
}

size_t fuse_models(const struct fuse *f)
{
    return f->n;
}

const struct lw_classifier *fuse_model(const struct fuse *f, size_t i,
                                       uint64_t *n_heard, uint64_t *n_alone)
{
    LW_ASSERT(i < f->n);
    *n_heard = f->voices[i].n_heard;
    *n_alone = f->voices[i].n_alone;
    return f->voices[i].classifier;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two passes over the file.  The first runs the attack detector and keeps its worst
 * verdict of each connection; the second makes the flows, judges them with the botnet
 * detector and looks up what the first one said.
 *
 * Why not one pass: the two detectors release their rows at different times (each waits
 * for older ones as its windows want it), so one pass would have to hold back flows
 * anyway, and by much more than a verdict.
 *
 * A connection is known again by its protocol, endpoints and first packet's time;
 * messages of ICMP by protocol and endpoints alone.
 */
#include "serve/judge.h"

#include "base/assert.h"
#include "base/hash.h"
#include "base/jsonw.h"
#include "base/mem.h"
#include "serve/models.h"
#include "sink/eve.h"

#include <lapwing/capture.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { KEY_BYTES = 48, WORDS_BYTES = 400, FIRST_SLOTS = 1024 };

/* Scores from here on are worth their reasons, alert or not. */
#define DETAIL_SCORE 0.2f

/* The attack detector's worst verdict of a connection. */
struct opinion {
    uint8_t key[KEY_BYTES];
    struct lw_verdict verdict;
    char *reasons; /* JSON, owned; NULL */
    char *words;   /* owned; NULL */
    float *vector; /* (of the view), owned; NULL */
    bool used;     /* the slot is */
};

/* Open addressing, never more than half full. */
struct opinions {
    struct opinion *slots; /* (cap), owned; cap is a power of two */
    size_t cap;
    size_t n;
    uint64_t seed;
};

struct judge {
    const struct judge_config *cfg;
    struct judge_totals totals;
    struct opinions opinions;
    struct lw_detector *detector; /* of the present pass, owned */
    double pass;                  /* work done before it, and its share */
    double pass_share;
    enum lw_status failed; /* in a callback */
    struct lw_error why;
    struct buf json; /* scratch */
};

/* ---- opinions -------------------------------------------------------------------- */

static bool is_icmp(const struct lw_record *rec)
{
    return rec->kind == LW_FLOW_ICMP || rec->kind == LW_FLOW_ICMP6;
}

/* The end with the smaller bytes comes first, so that direction does not matter. */
static void make_key(const struct lw_record *rec, uint8_t key[KEY_BYTES])
{
    uint8_t end[2][18];
    unsigned first;

    memset(key, 0, KEY_BYTES);
    for (unsigned side = 0; side < 2; side++) {
        memcpy(end[side], rec->addr[side].bytes, 16);
        memcpy(end[side] + 16, &rec->port[side], 2);
    }
    first = memcmp(end[0], end[1], sizeof end[0]) <= 0 ? 0 : 1;
    memcpy(key, end[first], 18);
    memcpy(key + 18, end[1 - first], 18);
    key[36] = (uint8_t)rec->kind;
    key[37] = rec->protocol;
    key[38] = rec->ip_version;
    if (!is_icmp(rec))
        memcpy(key + 40, &rec->start_ns, sizeof rec->start_ns);
}

static struct opinion *find_slot(const struct opinions *o, const uint8_t key[KEY_BYTES])
{
    size_t at = (size_t)hash_bytes(key, KEY_BYTES, o->seed) & (o->cap - 1);

    while (o->slots[at].used && memcmp(o->slots[at].key, key, KEY_BYTES) != 0)
        at = (at + 1) & (o->cap - 1);
    return &o->slots[at];
}

static bool make_room(struct opinions *o)
{
    struct opinions larger = {.seed = o->seed, .n = o->n};

    if (o->cap > 0 && o->n < o->cap / 2)
        return true;
    larger.cap = o->cap == 0 ? FIRST_SLOTS : o->cap * 2;
    larger.slots = mem_zalloc(larger.cap, sizeof larger.slots[0]);
    if (larger.slots == NULL)
        return false;
    for (size_t i = 0; i < o->cap; i++)
        if (o->slots[i].used)
            *find_slot(&larger, o->slots[i].key) = o->slots[i];
    mem_free(o->slots);
    *o = larger;
    return true;
}

static void opinions_release(struct opinions *o)
{
    for (size_t i = 0; i < o->cap; i++) {
        mem_free(o->slots[i].reasons);
        mem_free(o->slots[i].words);
        mem_free(o->slots[i].vector);
    }
    mem_free(o->slots);
}

/* ---- reasons --------------------------------------------------------------------- */

static char *reasons_json(struct judge *j, const struct lw_view *view,
                          const struct lw_reason *reasons, size_t n)
{
    struct jsonw w;

    buf_reset(&j->json);
    jsonw_init(&w, &j->json);
    jsonw_array(&w);
    for (size_t i = 0; i < n; i++) {
        jsonw_object(&w);
        jsonw_put_text(&w, "feature", view->features[reasons[i].feature_idx].name);
        jsonw_key(&w, "value");
        jsonw_f32(&w, reasons[i].value);
        jsonw_key(&w, "contribution");
        jsonw_f32(&w, reasons[i].contribution);
        jsonw_put_text(&w, "words", reasons[i].words);
        jsonw_object_end(&w);
    }
    jsonw_array_end(&w);
    return buf_ok(&j->json) ? mem_strdup(buf_text(&j->json)) : NULL;
}

/* The two weightiest reasons in a sentence. */
static void say_why(const struct lw_reason *reasons, size_t n, char out[WORDS_BYTES])
{
    out[0] = '\0';
    if (n >= 2)
        (void)snprintf(out, WORDS_BYTES, "%s; %s", reasons[0].words, reasons[1].words);
    else if (n == 1)
        (void)snprintf(out, WORDS_BYTES, "%s", reasons[0].words);
}

/* ---- first pass ------------------------------------------------------------------ */

static bool explain(struct judge *j, const struct model *m, const float *values,
                    const struct lw_verdict *v, char **json, char words[WORDS_BYTES])
{
    struct lw_reason reasons[LW_MAX_REASONS];
    size_t n = 0;

    if (lw_classifier_explain(m->classifier, values, v, reasons, LW_MAX_REASONS, &n,
                              NULL) != LW_OK)
        return false;
    *json = reasons_json(j, lw_classifier_view(m->classifier), reasons, n);
    say_why(reasons, n, words);
    return *json != NULL;
}

static bool fill_opinion(struct judge *j, struct opinion *o, const struct lw_finding *f)
{
    char words[WORDS_BYTES];

    mem_free(o->reasons);
    mem_free(o->words);
    mem_free(o->vector);
    o->reasons = NULL;
    o->words = NULL;
    o->vector = NULL;
    o->verdict = f->verdict;
    if (f->verdict.attack_score < DETAIL_SCORE &&
        f->verdict.attack_score < j->cfg->attack_threshold)
        return true;
    if (!explain(j, j->cfg->attack, f->values, &f->verdict, &o->reasons, words))
        return false;
    o->words = mem_strdup(words);
    o->vector = mem_dup(f->values, f->view->n_features * sizeof f->values[0]);
    return o->words != NULL && o->vector != NULL;
}

static void on_opinion(void *ctx, const struct lw_finding *f)
{
    struct judge *j = ctx;
    uint8_t key[KEY_BYTES];
    struct opinion *o;

    if (j->failed != LW_OK)
        return;
    if (j->opinions.n >= j->cfg->max_flows) {
        j->failed = lw_fail(&j->why, LW_ELIMIT, "more than %llu flows",
                            (unsigned long long)j->cfg->max_flows);
        return;
    }
    make_key(f->rec, key);
    o = make_room(&j->opinions) ? find_slot(&j->opinions, key) : NULL;
    if (o != NULL && o->used && o->verdict.attack_score >= f->verdict.attack_score)
        return;
    if (o == NULL || !fill_opinion(j, o, f)) {
        j->failed = lw_fail(&j->why, LW_ENOMEM, "out of memory for verdicts");
        return;
    }
    if (!o->used) {
        o->used = true;
        memcpy(o->key, key, KEY_BYTES);
        j->opinions.n++;
    }
}

/* ---- verdicts -------------------------------------------------------------------- */

static uint8_t severity_of(enum lw_verdict_class verdict)
{
    /* ORDER lw_verdict_class; 1 low to 4 critical */
    static const uint8_t severities[LW_N_VERDICTS] = {
        [LW_VERDICT_NORMAL] = 0,  [LW_VERDICT_DOS] = 3,
        [LW_VERDICT_PROBE] = 2,   [LW_VERDICT_R2L] = 3,
        [LW_VERDICT_U2R] = 4,     [LW_VERDICT_BOTNET] = 3,
        [LW_VERDICT_ANOMALY] = 1, [LW_VERDICT_NOT_RECOGNIZED] = 1,
    };

    return severities[verdict];
}

/* A score that reaches the threshold is an attack even where the model's own rule would
 * have said normal: then its likeliest class. */
static enum lw_verdict_class class_of(const struct model *m, const struct lw_verdict *v,
                                      bool alert)
{
    const struct lw_classifier *c = m->classifier;
    uint32_t best = 0;

    if (!alert)
        return LW_VERDICT_NORMAL;
    if (v->verdict != LW_VERDICT_NORMAL)
        return v->verdict;
    for (uint32_t i = 1; i < lw_classifier_classes(c); i++)
        if (best == 0 || v->score[i] > v->score[best])
            best = i;
    for (int k = 0; k < LW_N_VERDICTS; k++)
        if (strcmp(lw_verdict_name((enum lw_verdict_class)k),
                   lw_classifier_class_name(c, best)) == 0)
            return (enum lw_verdict_class)k;
    return LW_VERDICT_NOT_RECOGNIZED;
}

static struct store_score score_of(const struct model *m, const struct lw_verdict *v,
                                   float threshold)
{
    bool alert = v->attack_score >= threshold;

    return (struct store_score){.detector = model_role_names[m->role],
                                .model = lw_classifier_id(m->classifier),
                                .verdict = class_of(m, v, alert),
                                .score = v->attack_score,
                                .threshold = threshold,
                                .p_value = v->p_value,
                                .confidence = v->confidence,
                                .unavailable = v->unavailable,
                                .view = lw_classifier_view(m->classifier)->name,
                                .alert = alert};
}

/* Whose verdict is the flow's: a detector that alerts before one that does not, the
 * attack's, which knows more classes, before the others'; else the higher score. */
static void unite(struct store_flow *f, const struct store_score *scores, uint32_t n)
{
    f->scores = scores;
    f->n_scores = n;
    f->verdict = LW_VERDICT_NORMAL;
    for (uint32_t i = 0; i < n; i++) {
        if (scores[i].score > f->score)
            f->score = scores[i].score;
        if (scores[i].alert && !f->alerted) {
            f->alerted = true;
            f->detector = (uint8_t)i;
            f->verdict = scores[i].verdict;
            f->confidence = scores[i].confidence;
        }
    }
    if (!f->alerted && n > 0)
        f->confidence = scores[0].confidence;
    f->severity = severity_of(f->verdict);
    f->attack_id = f->alerted ? eve_attack_id(f->verdict) : NULL;
}

/* ---- flows ----------------------------------------------------------------------- */

static bool is_home(const struct judge_config *cfg, const struct store_addr *a)
{
    for (size_t i = 0; i < cfg->n_home; i++)
        if (store_net_has(&cfg->home[i], a))
            return true;
    return false;
}

static const char *direction(const struct judge_config *cfg, const struct store_flow *f)
{
    bool from = is_home(cfg, &f->addr[0]);
    bool to = is_home(cfg, &f->addr[1]);

    if (cfg->n_home == 0)
        return NULL;
    return from ? (to ? "internal" : "outbound") : (to ? "inbound" : "external");
}

/* Room for the texts of a flow. */
struct flow_texts {
    char proto[16];
    char community_id[LW_COMMUNITY_ID_MAX];
};

static void describe(const struct judge *j, const struct lw_record *rec,
                     struct store_flow *f, struct flow_texts *texts)
{
    unsigned from = lw_record_initiator(rec);

    *f = (struct store_flow){.start_ns = rec->start_ns,
                             .duration_ns = rec->end_ns - rec->start_ns,
                             .state = rec->state};
    f->proto = lw_record_proto_text(rec, texts->proto);
    f->service = rec->app == LW_APP_UNKNOWN ? NULL : lw_app_name(rec->app);
    for (unsigned i = 0; i < 2; i++) {
        unsigned side = i == 0 ? from : 1 - from;

        f->addr[i] = store_addr_of(rec, side);
        f->port[i] = rec->has_ports ? (int32_t)rec->port[side] : -1;
        f->packets[i] = rec->side[side].packets;
        f->bytes[i] = rec->side[side].frame_bytes;
    }
    lw_record_community_id(rec, 0, texts->community_id);
    f->community_id = texts->community_id;
    f->tags = direction(j->cfg, f);
}

static void suppress(const struct judge_config *cfg, struct store_flow *f)
{
    for (size_t i = 0; f->alerted && i < cfg->n_suppressions; i++)
        if (store_suppression_covers(&cfg->suppressions[i], f)) {
            f->alerted = false;
            f->suppressed = true;
        }
}

static void count(struct judge *j, const struct store_flow *f)
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

static void attack_score(struct judge *j, const struct lw_record *rec,
                         struct store_score *scores, uint32_t *n, const char **words)
{
    uint8_t key[KEY_BYTES];
    const struct opinion *o;

    if (j->opinions.cap == 0)
        return;
    make_key(rec, key);
    o = find_slot(&j->opinions, key);
    if (!o->used)
        return;
    scores[*n] = score_of(j->cfg->attack, &o->verdict, j->cfg->attack_threshold);
    scores[*n].reasons = o->reasons;
    scores[*n].vector = o->vector;
    if (o->vector != NULL)
        scores[*n].n_vector =
            lw_classifier_view(j->cfg->attack->classifier)->n_features;
    *words = o->words;
    ++*n;
}

/* What botnet says of the row; the caller frees *json. */
static bool botnet_score(struct judge *j, const struct lw_finding *f,
                         struct store_score *scores, uint32_t *n, char **json,
                         char words[WORDS_BYTES])
{
    struct store_score *s = &scores[*n];

    *s = score_of(j->cfg->botnet, &f->verdict, j->cfg->botnet_threshold);
    ++*n;
    if (!s->alert && s->score < DETAIL_SCORE)
        return true;
    if (!explain(j, j->cfg->botnet, f->values, &f->verdict, json, words))
        return false;
    s->reasons = *json;
    s->vector = f->values;
    s->n_vector = f->view->n_features;
    return true;
}

static void take_flow(struct judge *j, const struct lw_record *rec,
                      const struct lw_finding *finding)
{
    struct store_score scores[2];
    struct flow_texts texts;
    struct store_flow f;
    const char *attack_words = NULL;
    char botnet_words[WORDS_BYTES] = "";
    char *json = NULL;
    uint32_t n = 0;

    if (j->failed != LW_OK)
        return;
    describe(j, rec, &f, &texts);
    attack_score(j, rec, scores, &n, &attack_words);
    if (finding != NULL && !botnet_score(j, finding, scores, &n, &json, botnet_words))
        j->failed = lw_fail(&j->why, LW_ENOMEM, "out of memory for reasons");
    unite(&f, scores, n);
    if (f.alerted)
        f.words = strcmp(scores[f.detector].detector, "attack") == 0 ? attack_words
                                                                     : botnet_words;
    suppress(j->cfg, &f);
    if (j->failed == LW_OK && j->totals.flows >= j->cfg->max_flows)
        j->failed = lw_fail(&j->why, LW_ELIMIT, "more than %llu flows",
                            (unsigned long long)j->cfg->max_flows);
    if (j->failed == LW_OK) {
        count(j, &f);
        j->failed = j->cfg->flow(j->cfg->ctx, &f, f.score >= DETAIL_SCORE, &j->why);
    }
    mem_free(json);
}

static void on_finding(void *ctx, const struct lw_finding *f)
{
    take_flow(ctx, f->rec, f);
}

static void on_record(void *ctx, const struct lw_record *rec)
{
    take_flow(ctx, rec, NULL);
}

/* ---- passes ---------------------------------------------------------------------- */

static enum lw_status on_batch(void *ctx, const struct lw_run_batch *batch,
                               struct lw_error *err)
{
    struct judge *j = ctx;
    const struct lw_capture_stats *s = batch->capture;
    double share =
        s->bytes_total == 0 ? 0 : (double)s->bytes_read / (double)s->bytes_total;

    if (j->failed != LW_OK) {
        *err = j->why;
        return j->failed;
    }
    j->totals.packets = s->seen;
    if (!j->cfg->progress(j->cfg->ctx, j->pass + j->pass_share * share, &j->totals))
        return lw_fail(err, LW_EPERM, "stopped");
    return LW_OK;
}

static void note_capture(struct judge *j, const struct lw_capture *cap)
{
    struct lw_capture_stats s;

    lw_capture_get_stats(cap, &s);
    j->totals.packets = s.seen;
    (void)snprintf(j->totals.warning, sizeof j->totals.warning, "%s", s.warning);
}

static enum lw_status run_detector(struct judge *j, struct lw_capture *cap,
                                   const struct model *m, lw_finding_fn fn,
                                   struct lw_error *err)
{
    const struct lw_detector_config cfg = {
        .meter = {.apps = true}, .finding = fn, .ctx = j, .no_reasons = true};
    const struct lw_run run = {.n_threads = 1, .batch = on_batch, .batch_ctx = j};
    enum lw_status st = lw_detector_new(&j->detector, m->classifier, &cfg, err);

    if (st == LW_OK)
        st = lw_detector_run(j->detector, cap, &run, err);
    if (st == LW_OK)
        st = lw_detector_flush(j->detector, err);
    lw_detector_free(j->detector);
    j->detector = NULL;
    return st;
}

/* Without a botnet model: the same flows from the meter alone. */
static enum lw_status run_meter(struct judge *j, struct lw_capture *cap,
                                struct lw_error *err)
{
    const struct lw_meter_config cfg = {.apps = true};
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

static enum lw_status run_pass(struct judge *j, bool second, struct lw_error *err)
{
    struct lw_capture *cap = NULL;
    enum lw_status st = lw_capture_open_fd(&cap, j->cfg->fd, j->cfg->name, NULL, err);

    if (st != LW_OK)
        return st;
    j->pass = second ? 0.5 : 0;
    j->pass_share = 0.5;
    if (!second)
        st = run_detector(j, cap, j->cfg->attack, on_opinion, err);
    else if (j->cfg->botnet != NULL)
        st = run_detector(j, cap, j->cfg->botnet, on_finding, err);
    else
        st = run_meter(j, cap, err);
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
    struct judge j = {.cfg = cfg, .opinions = {.seed = hash_random_seed()}};
    enum lw_status st;

    LW_ASSERT(cfg->attack != NULL && cfg->max_flows > 0);
    buf_init(&j.json);
    st = run_pass(&j, false, err);
    if (st == LW_OK)
        st = run_pass(&j, true, err);
    opinions_release(&j.opinions);
    buf_release(&j.json);
    *out = j.totals;
    return st;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How bots are learnt.
 *
 * The captures there are differ more from each other than bots from people: a model
 * that may use everything learns the networks, and does worse on another one than the
 * rule "TCP, and no reply".  Three things keep it from that:
 *
 *   few columns   what every source tells, about failure and the past of the hosts
 *   direction     more failures, and a new peer, never speak against malice (monotone
 *                 constraints); an answer never speaks for it
 *   weights       a capture counts with at most WEIGHT_ROWS flows of either kind
 *
 * All of them were chosen by leaving out groups of captures (docs/evaluation.md).
 */
#include "base/jsonw.h"
#include "base/mem.h"
#include "detect/botnet_set.h"
#include "detect/classifier_priv.h"
#include "detect/columns.h"
#include "detect/provenance.h"
#include "detect/usual.h"

#include <lapwing/eval.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { WEIGHT_ROWS = 2500, LEAVE_NONE = -1 };

static const float threshold = 0.3F;

/* What the trees may split on, and which way. */
static const struct column_use used[] = {
    {"protocol", "tcp", 1},      {"protocol", "icmp", 0},
    {"conn_state", "OTH", 0}, /* the start was not seen */
    {"answered", NULL, -1},      {"failed", NULL, 1},
    {"to_group", NULL, 0},       {"src_failed_10s", NULL, 1},
    {"src_failed_60s", NULL, 1}, {"src_failed_600s", NULL, 1},
    {"tie_failed", NULL, 1},     {"new_peer", NULL, 1},
    {"src_peers_60s", NULL, 1},  {"src_peers_600s", NULL, 1},
    {"new_port", NULL, 0},
};

enum { N_USED = sizeof used / sizeof used[0] };

static const struct lw_model_params recipe = {
    .n_rounds = 100,
    .max_depth = 3,
    .learning_rate = 0.08,
    .lambda = 5,
    .min_child_weight = 10,
};

/* ---- fit ------------------------------------------------------------------------ */

/* Rows to learn from: all but those of a group. */
struct gathered {
    struct lw_matrix rows;
    uint32_t *label; /* owned, as the next */
    float *weight;
};

static void gathered_release(struct gathered *g)
{
    lw_matrix_release(&g->rows);
    mem_free(g->label);
    mem_free(g->weight);
}

static bool is_kept(const struct botnet_set *s, size_t row, int left_out)
{
    return s->group[s->capture[row]] != left_out;
}

/* So that a capture with very many flows of a kind is not all there is. */
static float weight_of(size_t n_rows)
{
    return n_rows > WEIGHT_ROWS ? (float)WEIGHT_ROWS / (float)n_rows : 1.0F;
}

static enum lw_status gather(struct gathered *g, const struct botnet_set *s,
                             int left_out, struct lw_error *err)
{
    size_t count[LW_BOTNET_CAPTURES_MAX][2] = {{0}};
    size_t width = s->view->n_features;
    size_t n = 0;
    enum lw_status st;

    for (size_t r = 0; r < s->n; r++) {
        count[s->group[s->capture[r]]][s->label[r]]++;
        n += is_kept(s, r, left_out) ? 1 : 0;
    }
    st = lw_matrix_init(&g->rows, n, width, err);
    g->label = mem_zalloc(n, sizeof *g->label);
    g->weight = mem_zalloc(n, sizeof *g->weight);
    if (st == LW_OK && (g->label == NULL || g->weight == NULL))
        st = lw_fail(err, LW_ENOMEM, "out of memory for %zu rows", n);
    n = 0;
    for (size_t r = 0; st == LW_OK && r < s->n; r++) {
        size_t rows = count[s->group[s->capture[r]]][s->label[r]];

        if (!is_kept(s, r, left_out))
            continue;
        memcpy(g->rows.x + n * width, s->x + r * width, width * sizeof *s->x);
        g->label[n] = s->label[r];
        g->weight[n++] = weight_of(rows);
    }
    return st;
}

static enum lw_status check_labels(const struct gathered *g, struct lw_error *err)
{
    size_t n = 0;

    for (size_t i = 0; i < g->rows.n_rows; i++)
        n += g->label[i];
    if (n > 0 && n < g->rows.n_rows)
        return LW_OK;
    return lw_fail(err, LW_EFORMAT,
                   "no %s flows to learn from, or none without one group of captures",
                   n == 0 ? "malicious" : "benign");
}

/* *c must be released whatever comes of it. */
static enum lw_status fit(struct lw_classifier *c, const struct botnet_set *s,
                          int left_out, uint64_t seed, struct lw_error *err)
{
    struct lw_model_params params = recipe;
    int8_t monotone[COLUMNS_MAX];
    struct gathered g = {.label = NULL};
    struct lw_matrix x = {0};
    enum lw_status st = gather(&g, s, left_out, err);

    c->view = s->view;
    c->n_classes = 2;
    c->class_of[0] = LW_VERDICT_NORMAL;
    c->class_of[1] = LW_VERDICT_BOTNET;
    c->cut = threshold;
    params.monotone = monotone;
    params.seed = seed;
    if (st == LW_OK)
        st = check_labels(&g, err);
    if (st == LW_OK)
        st = columns_fit(&c->encoder, s->view, used, N_USED, &g.rows, err);
    if (st == LW_OK)
        st = columns_encode(c->encoder, s->view, used, N_USED, &g.rows, &x, monotone,
                            err);
    if (st == LW_OK)
        st = lw_model_fit(&c->model, "gbdt", &params, &x, g.label, 2, g.weight, err);
    lw_matrix_release(&x);
    gathered_release(&g);
    return st;
}

static void clear(struct lw_classifier *c)
{
    encoder_free(c->encoder);
    lw_model_free(c->model);
    mem_free(c->types);
    mem_free(c->provenance);
    mem_free(c->tail);
}

/* ---- figures -------------------------------------------------------------------- */

static int descending(const void *a, const void *b)
{
    float x = *(const float *)a;
    float y = *(const float *)b;

    return x > y ? -1 : x < y ? 1 : 0;
}

/* Share of the malicious with a score above what so many of the benign reach. */
static double recall_at(const float *benign, size_t n_benign, const float *malicious,
                        size_t n_malicious, double false_alarm)
{
    size_t allowed = (size_t)(false_alarm * (double)n_benign + 1e-9);
    size_t n = 0;

    if (allowed >= n_benign)
        return 1;
    for (size_t i = 0; i < n_malicious; i++)
        n += malicious[i] > benign[allowed] ? 1 : 0;
    return (double)n / (double)n_malicious;
}

/* The chance that a malicious one has the higher score, ties half; both sorted. */
static double auc_of(const float *benign, size_t n_benign, const float *malicious,
                     size_t n_malicious)
{
    double wins = 0;
    size_t above = 0;
    size_t not_below = 0;

    for (size_t i = 0; i < n_malicious; i++) {
        while (above < n_benign && benign[above] > malicious[i])
            above++;
        not_below = not_below > above ? not_below : above;
        while (not_below < n_benign && benign[not_below] >= malicious[i])
            not_below++;
        wins += (double)(n_benign - not_below) + 0.5 * (double)(not_below - above);
    }
    return wins / (double)n_benign / (double)n_malicious;
}

static double share_from(const float *scores, size_t n, float cut)
{
    size_t above = 0;

    while (above < n && scores[above] >= cut)
        above++;
    return (double)above / (double)n;
}

/* What scores are judged by. */
struct scored {
    const struct botnet_set *set;
    const float *score; /* (set rows) */
    float cut;
    const float *weight; /* (set rows) as they are learnt from; NULL: not asked for */
};

/* Rows whose capture is in `which`. */
static enum lw_status judge(struct lw_botnet_figures *f, const struct scored *by,
                            const bool *which, struct lw_error *err)
{
    const struct botnet_set *s = by->set;
    const float *score = by->score;
    float *of[2] = {mem_zalloc(s->n, sizeof **of), mem_zalloc(s->n, sizeof **of)};
    size_t n[2] = {0, 0};
    size_t by_rule[2] = {0, 0};
    enum lw_status st = LW_OK;

    *f = (struct lw_botnet_figures){0,           0,           0,           (double)NAN,
                                    (double)NAN, (double)NAN, (double)NAN, (double)NAN,
                                    (double)NAN, (double)NAN};
    if (of[0] == NULL || of[1] == NULL) {
        st = lw_fail(err, LW_ENOMEM, "out of memory for %zu scores", s->n);
        goto out;
    }
    for (size_t r = 0; r < s->n; r++) {
        if (!which[s->capture[r]])
            continue;
        of[s->label[r]][n[s->label[r]]++] = score[r];
        by_rule[s->label[r]] += s->by_rule[r] ? 1 : 0;
    }
    for (uint32_t i = 0; i < s->n_captures; i++)
        f->n_background += which[i] ? s->n_background[i] : 0;
    f->n_benign = n[0];
    f->n_malicious = n[1];
    for (unsigned k = 0; k < 2; k++)
        qsort(of[k], n[k], sizeof *of[k], descending);
    if (n[0] > 0) {
        f->rule_false_alarm = (double)by_rule[0] / (double)n[0];
        f->false_alarm = share_from(of[0], n[0], by->cut);
    }
    if (n[1] > 0) {
        f->rule_recall = (double)by_rule[1] / (double)n[1];
        f->recall = share_from(of[1], n[1], by->cut);
    }
    if (n[0] > 0 && n[1] > 0) {
        f->roc_auc = auc_of(of[0], n[0], of[1], n[1]);
        f->recall_at_rule = recall_at(of[0], n[0], of[1], n[1], f->rule_false_alarm);
        f->recall_at_1e2 = recall_at(of[0], n[0], of[1], n[1], 0.01);
    }
out:
    mem_free(of[0]);
    mem_free(of[1]);
    return st;
}

static enum lw_status judge_captures(const struct scored *by,
                                     struct lw_botnet_report *report,
                                     struct lw_error *err)
{
    const struct botnet_set *s = by->set;
    bool pooled[LW_BOTNET_CAPTURES_MAX] = {false};
    enum lw_status st = LW_OK;

    report->n_captures = s->n_captures;
    for (uint32_t i = 0; st == LW_OK && i < s->n_captures; i++) {
        bool only[LW_BOTNET_CAPTURES_MAX] = {false};
        struct lw_botnet_figures *f = &report->capture[i].figures;

        only[i] = true;
        st = judge(f, by, only, err);
        memcpy(report->capture[i].name, s->name[i], sizeof s->name[i]);
        pooled[i] = f->n_benign >= LW_BOTNET_FEW && f->n_malicious >= LW_BOTNET_FEW;
        report->capture[i].is_pooled = pooled[i];
    }
    return st == LW_OK ? judge(&report->pooled, by, pooled, err) : st;
}

/* ---- validation ----------------------------------------------------------------- */

/* Scores of a group's rows by a model that knows nothing of it. */
static enum lw_status score_group(const struct botnet_set *s, int group, uint64_t seed,
                                  float *score, struct lw_error *err)
{
    struct lw_classifier c = {.view = s->view};
    size_t width = s->view->n_features;
    enum lw_status st = fit(&c, s, group, seed, err);

    for (size_t r = 0; st == LW_OK && r < s->n; r++) {
        struct lw_verdict v;

        if (is_kept(s, r, group))
            continue;
        st = lw_classifier_judge(&c, s->x + r * width, 1, &v, err);
        if (st == LW_OK)
            score[r] = v.attack_score;
    }
    clear(&c);
    return st;
}

static void weigh(const struct botnet_set *s, float *weight)
{
    size_t count[LW_BOTNET_CAPTURES_MAX][2] = {{0}};

    for (size_t r = 0; r < s->n; r++)
        count[s->group[s->capture[r]]][s->label[r]]++;
    for (size_t r = 0; r < s->n; r++)
        weight[r] = weight_of(count[s->group[s->capture[r]]][s->label[r]]);
}

/* score (set rows) */
static enum lw_status validate(const struct botnet_set *s,
                               const struct lw_botnet_config *cfg, float *score,
                               struct lw_botnet_report *report, struct lw_error *err)
{
    const struct scored by = {s, score, threshold, NULL};
    enum lw_status st = LW_OK;

    for (size_t g = 0; st == LW_OK && g < cfg->n_groups; g++) {
        st = score_group(s, (int)g, cfg->seed, score, err);
        if (cfg->progress != NULL)
            cfg->progress(cfg->progress_ctx, (double)(g + 1) / (double)cfg->n_groups,
                          "leaving out captures");
    }
    return st == LW_OK ? judge_captures(&by, report, err) : st;
}

/* ---- what scores mean ----------------------------------------------------------- */

/* A curve for either class, of the rows but those of a group; p has room for all. */
static void calibrate(struct calibration *c, const struct scored *by, int left_out,
                      struct calibration_point *p)
{
    const struct botnet_set *s = by->set;

    c->n_classes = 2;
    for (uint32_t k = 0; k < 2; k++) {
        size_t n = 0;

        for (size_t r = 0; r < s->n; r++) {
            if (!is_kept(s, r, left_out))
                continue;
            p[n] = (struct calibration_point){.score = k == 1 ? by->score[r]
                                                              : 1 - by->score[r],
                                              .weight = by->weight[r],
                                              .idx = (uint32_t)n,
                                              .is_class = s->label[r] == k};
            n++;
        }
        calibration_fit(&c->curve[k], p, n);
    }
}

/* Each row's score as the other groups' rows calibrate it. */
static enum lw_status calibrate_across(const struct scored *by, size_t n_groups,
                                       struct calibration_point *points, float *out,
                                       struct lw_error *err)
{
    const struct botnet_set *s = by->set;
    struct calibration *c = mem_zalloc(1, sizeof *c);

    if (c == NULL)
        return lw_fail(err, LW_ENOMEM, "out of memory");
    for (size_t g = 0; g < n_groups; g++) {
        calibrate(c, by, (int)g, points);
        for (size_t r = 0; r < s->n; r++) {
            float p[2] = {1 - by->score[r], by->score[r]};

            if (is_kept(s, r, (int)g))
                continue;
            calibration_apply(c, p);
            out[r] = p[1];
        }
    }
    mem_free(c);
    return LW_OK;
}

static double brier_of(const struct scored *by, const float *p)
{
    double sum = 0;
    double weight = 0;

    for (size_t r = 0; r < by->set->n; r++) {
        double miss = (double)p[r] - (double)by->set->label[r];

        sum += (double)by->weight[r] * miss * miss;
        weight += (double)by->weight[r];
    }
    return sum / weight;
}

/* How high the benign rows score by models that did not know them. */
static enum lw_status set_tail(struct lw_classifier *c, const struct scored *by,
                               float *scratch, struct lw_error *err)
{
    size_t n = 0;

    c->tail = mem_zalloc(LW_MAX_CLASSES, sizeof *c->tail);
    if (c->tail == NULL)
        return lw_fail(err, LW_ENOMEM, "out of memory");
    for (size_t r = 0; r < by->set->n; r++)
        if (by->set->label[r] == 0)
            scratch[n++] = by->score[r];
    tail_fit(&c->tail[1], scratch, n);
    return LW_OK;
}

/* What the scores of rows left out mean: into the model, and how well it holds. */
static enum lw_status learn_meaning(struct lw_classifier *c, const struct scored *by,
                                    size_t n_groups, struct lw_botnet_report *report,
                                    struct lw_error *err)
{
    size_t n = by->set->n;
    struct calibration_point *points = mem_zalloc(n, sizeof *points);
    float *calibrated = mem_zalloc(n, sizeof *calibrated);
    uint32_t *truth = mem_zalloc(n, sizeof *truth);
    enum lw_status st = LW_OK;

    if (points == NULL || calibrated == NULL || truth == NULL)
        st = lw_fail(err, LW_ENOMEM, "out of memory for %zu scores", n);
    for (size_t r = 0; st == LW_OK && r < n; r++)
        truth[r] = by->set->label[r];
    if (st == LW_OK)
        st = calibrate_across(by, n_groups, points, calibrated, err);
    if (st == LW_OK) {
        report->brier[0] = brier_of(by, by->score);
        report->brier[1] = brier_of(by, calibrated);
        st = lw_curve_compute(&report->curve, truth, by->score, n, err);
    }
    if (st == LW_OK)
        st = lw_curve_compute(&report->calibrated, truth, calibrated, n, err);
    if (st == LW_OK) {
        /* What does not mend the scores of captures left out stays away. */
        if (report->brier[1] < report->brier[0])
            calibrate(&c->calibration, by, LEAVE_NONE, points);
        st = set_tail(c, by, calibrated, err);
    }
    mem_free(points);
    mem_free(calibrated);
    mem_free(truth);
    return st;
}

/* ---- the model file ------------------------------------------------------------- */

static const float *benign_row(const void *of, size_t i)
{
    const struct botnet_set *s = of;

    return s->label[i] == 0 ? s->x + i * s->view->n_features : NULL;
}

static void put_figures(struct jsonw *w, const struct lw_botnet_figures *f)
{
    jsonw_put_u64(w, "benign", f->n_benign);
    jsonw_put_u64(w, "malicious", f->n_malicious);
#define PUT_SHARE(name) jsonw_put_f64(w, #name, f->name);
    LW_BOTNET_SHARE_LIST(PUT_SHARE)
#undef PUT_SHARE
}

static void put_captures(struct jsonw *w, const struct lw_botnet_report *report)
{
    jsonw_key(w, "captures");
    jsonw_array(w);
    for (uint32_t i = 0; i < report->n_captures; i++) {
        jsonw_object(w);
        jsonw_put_text(w, "name", report->capture[i].name);
        put_figures(w, &report->capture[i].figures);
        jsonw_object_end(w);
    }
    jsonw_array_end(w);
}

static enum lw_status describe(struct lw_classifier *c, const struct botnet_set *s,
                               const struct lw_botnet_config *cfg,
                               const struct lw_botnet_report *report,
                               struct lw_error *err)
{
    struct provenance p;
    struct jsonw *w = &p.w;

    c->types = mem_strdup("malicious");
    if (c->types == NULL)
        return lw_fail(err, LW_ENOMEM, "out of memory");
    provenance_begin(&p, true);
    jsonw_put_text(w, "preset", "botnet");
    jsonw_put_text(w, "view", s->view->name);
    provenance_put_rows(&p, s->x, s->n * s->view->n_features);
    jsonw_put_u64(w, "seed", cfg->seed);
    jsonw_put_f64(w, "threshold", (double)threshold);
    jsonw_key(w, "leave_captures_out");
    jsonw_object(w);
    put_figures(w, &report->pooled);
    put_captures(w, report);
    jsonw_put_f64(w, "brier", report->brier[0]);
    jsonw_put_f64(w, "brier_calibrated", report->brier[1]);
    jsonw_object_end(w);
    return provenance_end(&p, &c->provenance, err);
}

enum lw_status lw_botnet_train(const char *path, const struct lw_botnet_config *cfg,
                               struct lw_botnet_report *report, struct lw_error *err)
{
    struct lw_classifier c = {.view = NULL};
    float *score = NULL;
    float *weight = NULL;
    struct botnet_set s;
    clock_t start;
    enum lw_status st;

    memset(report, 0, sizeof *report);
    report->threshold = (double)threshold;
    if (cfg->n_groups < 2)
        return lw_fail(err, LW_EINVAL,
                       "%zu groups of captures; needed are 2 to %d, to leave one out",
                       cfg->n_groups, LW_BOTNET_CAPTURES_MAX);
    st = botnet_set_read(&s, cfg, err);
    if (st == LW_OK) {
        score = mem_zalloc(s.n, sizeof *score);
        weight = mem_zalloc(s.n, sizeof *weight);
        if (score == NULL || weight == NULL)
            st = lw_fail(err, LW_ENOMEM, "out of memory for %zu scores", s.n);
    }
    if (st == LW_OK)
        st = validate(&s, cfg, score, report, err);
    start = clock();
    if (st == LW_OK)
        st = fit(&c, &s, LEAVE_NONE, cfg->seed, err);
    report->train_seconds = (double)(clock() - start) / CLOCKS_PER_SEC;
    if (st == LW_OK)
        st = usual_find(&c, benign_row, &s, s.n, err);
    if (st == LW_OK) {
        const struct scored by = {&s, score, threshold, weight};

        weigh(&s, weight);
        st = learn_meaning(&c, &by, cfg->n_groups, report, err);
    }
    if (st == LW_OK)
        st = describe(&c, &s, cfg, report, err);
    if (st == LW_OK)
        st = classifier_save(&c, path, err);
    clear(&c);
    mem_free(score);
    mem_free(weight);
    botnet_set_release(&s);
    return st;
}

/* ---- testing -------------------------------------------------------------------- */

static enum lw_status judge_all(const struct scored *by, struct lw_botnet_result *out,
                                struct lw_error *err)
{
    const struct botnet_set *s = by->set;
    uint32_t *truth = mem_zalloc(s->n, sizeof *truth);
    uint32_t *said = mem_zalloc(s->n, sizeof *said);
    enum lw_status st = LW_OK;

    if (truth == NULL || said == NULL)
        st = lw_fail(err, LW_ENOMEM, "out of memory for %zu answers", s->n);
    for (size_t r = 0; st == LW_OK && r < s->n; r++) {
        truth[r] = s->label[r];
        said[r] = by->score[r] >= by->cut ? 1 : 0;
    }
    if (st == LW_OK)
        st = lw_eval_compute(&out->all, truth, said, s->n, 2, by->score, err);
    if (st == LW_OK)
        st = lw_curve_compute(&out->curve, truth, by->score, s->n, err);
    mem_free(truth);
    mem_free(said);
    return st;
}

static enum lw_status score_set(const struct lw_classifier *c,
                                const struct botnet_set *s, float *score,
                                struct lw_error *err)
{
    size_t width = s->view->n_features;
    enum lw_status st = LW_OK;

    for (size_t r = 0; st == LW_OK && r < s->n; r++) {
        struct lw_verdict v;

        st = lw_classifier_judge(c, s->x + r * width, 1, &v, err);
        if (st == LW_OK)
            score[r] = v.attack_score;
    }
    return st;
}

static enum lw_status test(const struct lw_classifier *c, const struct botnet_set *s,
                           struct lw_botnet_report *report,
                           struct lw_botnet_result *result, struct lw_error *err)
{
    float *score = mem_zalloc(s->n, sizeof *score);
    const struct scored by = {s, score, c->cut, NULL};
    enum lw_status st = LW_OK;

    if (score == NULL)
        return lw_fail(err, LW_ENOMEM, "out of memory for %zu scores", s->n);
    if (s->n == 0)
        st =
            lw_fail(err, LW_EFORMAT,
                    "no flow has a label with \"botnet\", \"malicious\", \"normal\" or "
                    "\"benign\" in it");
    if (st == LW_OK)
        st = score_set(c, s, score, err);
    if (st == LW_OK)
        st = judge_captures(&by, report, err);
    if (st == LW_OK)
        st = judge_all(&by, result, err);
    mem_free(score);
    return st;
}

enum lw_status lw_botnet_test(const struct lw_classifier *c,
                              const struct lw_botnet_config *cfg,
                              struct lw_botnet_report *report,
                              struct lw_botnet_result *result, struct lw_error *err)
{
    struct botnet_set s;
    enum lw_status st;

    memset(report, 0, sizeof *report);
    memset(result, 0, sizeof *result);
    report->threshold = (double)c->cut;
    if (c->n_classes != 2 || c->class_of[1] != LW_VERDICT_BOTNET ||
        c->view != lw_view_get("netflow_host"))
        return lw_fail(err, LW_EUNSUPPORTED,
                       "the model does not tell bots by flow records (view %s)",
                       c->view->name);
    st = botnet_set_read(&s, cfg, err);
    if (st == LW_OK)
        st = test(c, &s, report, result, err);
    botnet_set_release(&s);
    return st;
}

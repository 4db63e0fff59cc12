/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How attacks in captures are learnt.
 *
 * A model that may use everything learns the laboratory: the lengths that one tool
 * sends, the time-to-live of one machine.  What keeps it from that is as in botnet.c:
 *
 *   few columns   what a flow and its hosts do, not who they are: no addresses, ports,
 *                 times-to-live, lengths of single packets, fingerprints of programs
 *   direction     more flows, failures, peers and ports of a host lately never speak
 *                 for it (monotone constraints)
 *   weights       a capture counts with at most WEIGHT_ROWS rows of a class
 *
 * Each class of attack is told from normal by trees of its own (learn/versus.c): what a
 * flood looks like has no say in what a guessed password looks like, and each has the
 * threshold that it deserves (detect/cut.h).
 *
 * The thresholds come from a budget of false alarms.  Every capture is scored by a
 * model that was fitted without its group; a threshold is what the normal rows of
 * captures without attacks reach as seldom as the class's part of the budget says.
 * Normal rows beside attacks do not count there: a web server's visitors are part of
 * what a flood on it looks like (counts of the host's flows), and whoever is told of
 * the flood does not mind.
 */
#include "base/jsonw.h"
#include "base/mem.h"
#include "detect/classifier_priv.h"
#include "detect/columns.h"
#include "detect/cut.h"
#include "detect/provenance.h"
#include "detect/quantile.h"
#include "detect/traffic_set.h"
#include "detect/usual.h"

#include <lapwing/eval.h>

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { WEIGHT_ROWS = 300, FOLD_PATH_MAX = 4096 };

/* Signs (detect/signs.h) cost some false alarms, too. */
#define FALSE_ALARM_DEFAULT 2e-4

static const enum lw_verdict_class class_of[LW_TRAFFIC_CLASSES] = {
    LW_VERDICT_NORMAL, LW_VERDICT_DOS,    LW_VERDICT_PROBE,
    LW_VERDICT_R2L,    LW_VERDICT_BOTNET,
};

const char *lw_traffic_class_name(uint32_t i)
{
    return lw_verdict_name(class_of[i]);
}

#define PAST(name, way)                                                                \
    {name "_1s", NULL, way}, {name "_10s", NULL, way}, {name "_60s", NULL, way},       \
    {                                                                                  \
        name "_600s", NULL, way                                                        \
    }

/* What asks who one is: a guessed password looks alike in all of them. */
#define LOGIN_APPS                                                                     \
    "ssh|ftp|telnet|rlogin|rsh|rexec|pop3|imap|smtp|vnc|rdp|smb|ldap|kerberos|mysql|"  \
    "postgresql|mongodb|redis"

/* What the trees may split on, and which way. */
static const struct column_use used[] = {
    {"protocol", "tcp", 0},
    {"protocol", "udp", 0},
    {"protocol", "icmp|ipv6-icmp", 0},
    {"protocol", "arp", 0},
    {"conn_state", "S0", 0},
    {"conn_state", "REJ", 0},
    {"conn_state", "SF", 0},
    {"conn_state", "RSTO|RSTR", 0},
    {"conn_state", "RSTOS0|RSTRH|SH|SHR", 0},
    {"conn_state", "OTH", 0},
    {"app", LOGIN_APPS, 0},
    {"app", "http", 0},
    {"app", "dns", 0},
    {"app", "tls|dtls|quic", 0},
    {"rows_before", NULL, 0},
    {"flow_duration", NULL, 0},
    {"total_fwd_packets", NULL, 0},
    {"total_backward_packets", NULL, 0},
    {"total_length_of_fwd_packets", NULL, 0},
    {"total_length_of_bwd_packets", NULL, 0},
    {"flow_packets_s", NULL, 0},
    {"down_up_ratio", NULL, 0},
    {"fwd_packet_length_mean", NULL, 0},
    {"fwd_packet_length_std", NULL, 0},
    {"bwd_packet_length_mean", NULL, 0},
    {"bwd_packet_length_std", NULL, 0},
    {"fwd_iat_mean", NULL, 0},
    {"fwd_iat_std", NULL, 0},
    {"fwd_zero_windows", NULL, 0},
    {"fwd_entropy", NULL, 0},
    {"bwd_entropy", NULL, 0},
    {"fwd_printable", NULL, 0},
    {"bwd_printable", NULL, 0},
    {"wrong_fragments", NULL, 1},
    {"overlapping_fragments", NULL, 1},
    PAST("src_flows", 1),
    PAST("src_failed", 1),
    PAST("src_peers", 1),
    PAST("src_new_peers", 1),
    PAST("src_ports", 1),
    PAST("dst_flows", 1),
    PAST("dst_failed", 1),
    PAST("dst_peers", 1),
    PAST("dst_new_peers", 1),
    PAST("dst_ports", 1),
    PAST("srv_flows", 1),
    PAST("srv_failed", 1),
    PAST("srv_peers", 1),
    PAST("srv_new_peers", 1),
};

#undef PAST

enum { N_USED = sizeof used / sizeof used[0] };

static const struct lw_model_params recipe = {
    .n_rounds = 100,
    .max_depth = 4,
    .learning_rate = 0.1,
    .lambda = 5,
    .min_child_weight = 3,
    .colsample = 0.5,
};

/* ---- fit ------------------------------------------------------------------------- */

/* The captures that a model may know. */
typedef bool (*knows_fn)(const struct traffic_capture *c, uint32_t fold);

static bool knows_all(const struct traffic_capture *c, uint32_t fold)
{
    (void)c;
    (void)fold;
    return true;
}

static bool knows_others(const struct traffic_capture *c, uint32_t fold)
{
    return c->group % LW_TRAFFIC_FOLDS != fold;
}

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

static enum lw_status gather(struct gathered *g, const struct traffic_set *s,
                             knows_fn knows, uint32_t fold, struct lw_error *err)
{
    size_t width = s->view->n_features;
    bool any[2] = {false};
    size_t n = 0;
    enum lw_status st;

    for (size_t r = 0; r < s->n; r++)
        n += knows(&s->captures[s->capture[r]], fold) ? 1 : 0;
    st = lw_matrix_init(&g->rows, n, width, err);
    g->label = mem_zalloc(n + 1, sizeof *g->label);
    g->weight = mem_zalloc(n + 1, sizeof *g->weight);
    if (st == LW_OK && (g->label == NULL || g->weight == NULL))
        st = lw_fail(err, LW_ENOMEM, "out of memory for %zu rows", n);
    n = 0;
    for (size_t r = 0; st == LW_OK && r < s->n; r++) {
        const struct traffic_capture *c = &s->captures[s->capture[r]];
        uint64_t kept = c->kept[s->label[r]];

        if (!knows(c, fold))
            continue;
        memcpy(g->rows.x + n * width, s->x + r * width, width * sizeof *s->x);
        g->label[n] = s->label[r];
        g->weight[n++] = kept > WEIGHT_ROWS ? (float)WEIGHT_ROWS / (float)kept : 1.0F;
        any[s->label[r] > 0] = true;
    }
    if (st == LW_OK && !(any[0] && any[1]))
        st =
            lw_fail(err, LW_EFORMAT,
                    "no %s flows to learn from, or none without one part of the groups",
                    any[0] ? "malicious" : "normal");
    return st;
}

/* Labels without gaps: the classes of the model are those that there are. */
static void settle_classes(struct lw_classifier *c, struct gathered *g)
{
    uint32_t place[LW_TRAFFIC_CLASSES];
    bool any[LW_TRAFFIC_CLASSES] = {false};

    for (size_t r = 0; r < g->rows.n_rows; r++)
        any[g->label[r]] = true;
    for (uint32_t i = 0; i < LW_TRAFFIC_CLASSES; i++) {
        place[i] = c->n_classes;
        if (any[i])
            c->class_of[c->n_classes++] = class_of[i];
    }
    for (size_t r = 0; r < g->rows.n_rows; r++)
        g->label[r] = place[g->label[r]];
}

/* *c must be released whatever comes of it. */
static enum lw_status fit(struct lw_classifier *c, const struct traffic_set *s,
                          knows_fn knows, uint32_t fold, uint64_t seed,
                          struct lw_error *err)
{
    struct lw_model_params params = recipe;
    int8_t monotone[COLUMNS_MAX];
    struct gathered g = {.label = NULL};
    struct lw_matrix x = {0};
    enum lw_status st = gather(&g, s, knows, fold, err);

    c->view = s->view;
    c->cut = 1;
    params.monotone = monotone;
    params.seed = seed;
    if (st == LW_OK) {
        settle_classes(c, &g);
        st = columns_fit(&c->encoder, s->view, used, N_USED, &g.rows, err);
    }
    if (st == LW_OK)
        st = columns_encode(c->encoder, s->view, used, N_USED, &g.rows, &x, monotone,
                            err);
    if (st == LW_OK)
        st = lw_model_fit(&c->model, "versus", &params, &x, g.label, c->n_classes,
                          g.weight, err);
    lw_matrix_release(&x);
    gathered_release(&g);
    return st;
}

static void clear(struct lw_classifier *c)
{
    encoder_free(c->encoder);
    lw_model_free(c->model);
    mem_free(c->tail);
    mem_free(c->types);
    mem_free(c->provenance);
}

/* ---- validation ------------------------------------------------------------------ */

/* What the models that did not know a row's group say of it, and these models. */
struct held_out {
    float *likeness; /* (set rows, LW_TRAFFIC_CLASSES) to each class, owned */
    struct lw_classifier of[LW_TRAFFIC_FOLDS];
    uint32_t n;
};

static void held_out_release(struct held_out *h)
{
    mem_free(h->likeness);
    for (uint32_t f = 0; f < h->n; f++)
        clear(&h->of[f]);
}

static uint32_t index_of(enum lw_verdict_class v)
{
    uint32_t i = 0;

    while (class_of[i] != v)
        i++;
    return i;
}

static enum lw_status score_fold(struct held_out *h, const struct traffic_set *s,
                                 uint32_t fold, uint64_t seed, struct lw_error *err)
{
    struct lw_classifier *c = &h->of[fold];
    size_t width = s->view->n_features;
    enum lw_status st = fit(c, s, knows_others, fold, seed, err);

    for (size_t r = 0; st == LW_OK && r < s->n; r++) {
        struct lw_verdict v;

        if (s->captures[s->capture[r]].group % LW_TRAFFIC_FOLDS != fold)
            continue;
        st = lw_classifier_judge(c, s->x + r * width, 1, &v, err);
        for (uint32_t i = 1; st == LW_OK && i < c->n_classes; i++)
            h->likeness[r * LW_TRAFFIC_CLASSES + index_of(c->class_of[i])] =
                cut_likeness(c, &v, i);
    }
    return st;
}

static enum lw_status hold_out(struct held_out *h, const struct traffic_set *s,
                               const struct lw_traffic_config *cfg,
                               struct lw_error *err)
{
    uint32_t n = s->n_groups < LW_TRAFFIC_FOLDS ? s->n_groups : LW_TRAFFIC_FOLDS;
    enum lw_status st = LW_OK;

    h->likeness = mem_zalloc(s->n + 1, LW_TRAFFIC_CLASSES * sizeof *h->likeness);
    if (h->likeness == NULL)
        return lw_fail(err, LW_ENOMEM, "out of memory for %zu rows", s->n);
    for (uint32_t f = 0; st == LW_OK && f < n; f++) {
        h->n = f + 1;
        st = score_fold(h, s, f, cfg->seed, err);
        if (cfg->progress != NULL)
            cfg->progress(cfg->progress_ctx, (f + 1.0) / n, "leaving out groups");
    }
    return st;
}

/* Of a capture of which only some rows were drawn, each stands for several. */
static double stands_for(const struct traffic_set *s, size_t r)
{
    const struct traffic_capture *c = &s->captures[s->capture[r]];

    return (double)c->seen[s->label[r]] / (double)c->kept[s->label[r]];
}

static bool is_clean(const struct traffic_set *s, size_t r)
{
    return s->label[r] == 0 && !s->captures[s->capture[r]].has_attack;
}

/* How normal rows score for each class of a classifier, by the models that did not know
 * them. */
static enum lw_status set_tails(struct lw_classifier *c, const struct held_out *h,
                                const struct traffic_set *s, struct lw_error *err)
{
    float *scores = mem_zalloc(s->n + 1, sizeof *scores);
    size_t n = 0;

    c->tail = mem_zalloc(LW_MAX_CLASSES, sizeof *c->tail);
    if (scores == NULL || c->tail == NULL) {
        mem_free(scores);
        return lw_fail(err, LW_ENOMEM, "out of memory for %zu scores", s->n);
    }
    for (uint32_t i = 1; i < c->n_classes; i++) {
        n = 0;
        for (size_t r = 0; r < s->n; r++)
            if (is_clean(s, r))
                scores[n++] =
                    h->likeness[r * LW_TRAFFIC_CLASSES + index_of(c->class_of[i])];
        if (n > 0)
            tail_fit(&c->tail[i], scores, n);
    }
    mem_free(scores);
    return n > 0 ? LW_OK
                 : lw_fail(err, LW_EFORMAT,
                           "no capture without attacks: nothing says how seldom normal "
                           "traffic is to be alarmed");
}

static void set_cuts(struct lw_classifier *c, double budget)
{
    float cuts[LW_MAX_CLASSES];

    cut_budget(c, budget, cuts);
    c->cut = fminf(cuts[1], 1);
    for (uint32_t i = 2; i < c->n_classes; i++)
        c->more_cuts[i] = fminf(cuts[i], 1);
}

static double share(double part, double all)
{
    return all > 0 ? part / all : (double)NAN;
}

/* Which class a row is said to be, by the thresholds and tails of the final model. */
static uint32_t said_of(const struct lw_classifier *c, const float *likeness)
{
    struct lw_verdict v = {.score = {1}};
    float cuts[LW_MAX_CLASSES];

    for (uint32_t i = 1; i < c->n_classes; i++) {
        float q = likeness[index_of(c->class_of[i])];

        /* With P(normal) at 1 these odds are the likeness again. */
        v.score[i] = c->n_classes == 2 ? q : q < 1 ? q / (1 - q) : 1e9F;
    }
    cut_own(c, cuts);
    cut_decide(c, cuts, &v);
    return index_of(v.verdict);
}

static void judge(struct lw_traffic_report *report, const struct lw_classifier *c,
                  const struct held_out *h, const struct traffic_set *s)
{
    double all[LW_TRAFFIC_CLASSES + 1] = {0}; /* [0] clean, the last beside attacks */
    double alarmed[LW_TRAFFIC_CLASSES + 1] = {0};
    double named[LW_TRAFFIC_CLASSES] = {0};

    for (size_t r = 0; r < s->n; r++) {
        uint32_t kind =
            s->label[r] == 0 && !is_clean(s, r) ? LW_TRAFFIC_CLASSES : s->label[r];
        uint32_t said = said_of(c, h->likeness + r * LW_TRAFFIC_CLASSES);
        double n = stands_for(s, r);

        all[kind] += n;
        if (said == 0)
            continue;
        alarmed[kind] += n;
        if (said == kind)
            named[kind] += n;
    }
    report->n_clean = (uint64_t)(all[0] + 0.5);
    report->n_beside = (uint64_t)(all[LW_TRAFFIC_CLASSES] + 0.5);
    report->clean_alarmed = share(alarmed[0], all[0]);
    report->beside_alarmed =
        share(alarmed[LW_TRAFFIC_CLASSES], all[LW_TRAFFIC_CLASSES]);
    report->found[0] = report->named[0] = (double)NAN;
    for (uint32_t i = 1; i < LW_TRAFFIC_CLASSES; i++) {
        report->n_attack[i] = (uint64_t)(all[i] + 0.5);
        report->found[i] = share(alarmed[i], all[i]);
        report->named[i] = share(named[i], alarmed[i]);
    }
}

/* ---- the model file -------------------------------------------------------------- */

static const float *normal_row(const void *of, size_t i)
{
    const struct traffic_set *s = of;

    return s->label[i] == 0 ? s->x + i * s->view->n_features : NULL;
}

static void put_figures(struct jsonw *w, const struct lw_traffic_report *r)
{
    jsonw_key(w, "groups_left_out");
    jsonw_object(w);
    jsonw_put_u64(w, "clean_rows", r->n_clean);
    jsonw_put_f64(w, "clean_alarmed", r->clean_alarmed);
    jsonw_put_u64(w, "rows_beside_attacks", r->n_beside);
    jsonw_put_f64(w, "beside_alarmed", r->beside_alarmed);
    for (uint32_t i = 1; i < LW_TRAFFIC_CLASSES; i++) {
        jsonw_key(w, lw_traffic_class_name(i));
        jsonw_object(w);
        jsonw_put_u64(w, "rows", r->n_attack[i]);
        jsonw_put_f64(w, "found", r->found[i]);
        jsonw_put_f64(w, "named", r->named[i]);
        jsonw_object_end(w);
    }
    jsonw_object_end(w);
}

static enum lw_status describe(struct lw_classifier *c, const struct traffic_set *s,
                               const struct lw_traffic_config *cfg,
                               const struct lw_traffic_report *report,
                               struct lw_error *err)
{
    struct provenance p;
    struct jsonw *w = &p.w;

    c->types = mem_strdup("DoS,Probe,R2L,Botnet");
    if (c->types == NULL)
        return lw_fail(err, LW_ENOMEM, "out of memory");
    provenance_begin(&p, true);
    jsonw_put_text(w, "preset", "traffic");
    jsonw_put_text(w, "view", s->view->name);
    provenance_put_rows(&p, s->x, s->n * s->view->n_features);
    jsonw_put_u64(w, "captures", s->n_captures);
    jsonw_put_u64(w, "groups", s->n_groups);
    jsonw_put_u64(w, "seed", cfg->seed);
    jsonw_put_f64(w, "false_alarm", report->false_alarm);
    put_figures(w, report);
    return provenance_end(&p, &c->provenance, err);
}

/* Thresholds, and what goes into a file besides the trees. */
static enum lw_status finish(struct lw_classifier *c, const struct held_out *h,
                             const struct traffic_set *s, double budget,
                             struct lw_error *err)
{
    enum lw_status st = set_tails(c, h, s, err);

    if (st != LW_OK)
        return st;
    set_cuts(c, budget);
    return usual_find(c, normal_row, s, s->n, err);
}

/* The models that did not know a part of the groups, in files of their own. */
static enum lw_status save_folds(struct held_out *h, const struct traffic_set *s,
                                 const struct lw_traffic_config *cfg,
                                 const struct lw_traffic_report *report,
                                 struct lw_error *err)
{
    char path[FOLD_PATH_MAX];
    enum lw_status st = LW_OK;

    for (uint32_t f = 0; st == LW_OK && f < h->n; f++) {
        if (snprintf(path, sizeof path, "%s%u.lwm", cfg->folds, f) >= FOLD_PATH_MAX)
            return lw_fail(err, LW_EINVAL, "the folds' path is too long");
        st = finish(&h->of[f], h, s, report->false_alarm, err);
        if (st == LW_OK)
            st = describe(&h->of[f], s, cfg, report, err);
        if (st == LW_OK)
            st = classifier_save(&h->of[f], path, err);
    }
    return st;
}

static enum lw_status train(struct lw_classifier *c, const struct traffic_set *s,
                            const struct lw_traffic_config *cfg,
                            struct lw_traffic_report *report, struct lw_error *err)
{
    struct held_out h = {.likeness = NULL};
    clock_t start;
    enum lw_status st;

    if (s->n_groups < 2)
        return lw_fail(err, LW_EINVAL,
                       "%u groups of captures; needed are 2, to leave one out",
                       s->n_groups);
    report->n_captures = s->n_captures;
    report->n_groups = s->n_groups;
    report->false_alarm = cfg->false_alarm > 0 ? cfg->false_alarm : FALSE_ALARM_DEFAULT;
    st = hold_out(&h, s, cfg, err);
    start = clock();
    if (st == LW_OK)
        st = fit(c, s, knows_all, 0, cfg->seed, err);
    report->train_seconds = (double)(clock() - start) / CLOCKS_PER_SEC;
    if (st == LW_OK)
        st = finish(c, &h, s, report->false_alarm, err);
    if (st == LW_OK) {
        judge(report, c, &h, s);
        st = describe(c, s, cfg, report, err);
    }
    if (st == LW_OK && cfg->folds != NULL)
        st = save_folds(&h, s, cfg, report, err);
    held_out_release(&h);
    return st;
}

enum lw_status lw_traffic_train(const char *path, const struct lw_traffic_config *cfg,
                                struct lw_traffic_report *report, struct lw_error *err)
{
    struct lw_classifier c = {.view = NULL};
    struct traffic_set s;
    enum lw_status st;

    memset(report, 0, sizeof *report);
    st = traffic_set_read(&s, cfg, err);
    if (st == LW_OK)
        st = train(&c, &s, cfg, report, err);
    if (st == LW_OK)
        st = classifier_save(&c, path, err);
    clear(&c);
    traffic_set_release(&s);
    return st;
}

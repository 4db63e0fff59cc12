/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a model of packet streams is trained.
 *
 * The paper trains on each packet once, as it comes by.  A capture is there to be read
 * again, so here three passes go over it:
 *
 *     count    how many packets of each capture can be scored
 *     fit      the first four fifths: ranges, correlations, and a sample of rows evenly
 *              spread over all captures (bounded memory: SAMPLE_MAX rows)
 *     hold out the last fifth: scores, from which p-values and thresholds come
 *
 * Between the last two the sample is gone through in random order, several times over,
 * each row one step of gradient descent.  In the order of time the nets would remember
 * best what came last.
 */
#include "base/mem.h"
#include "detect/packet_stream_priv.h"
#include "detect/provenance.h"
#include "learn/feature_map.h"
#include "learn/model_option.h"

#include <math.h>
#include <string.h>
#include <time.h>

enum {
    SAMPLE_MAX = 131072,    /* rows that are fitted on: 60 MB */
    HELD_MAX = 1 << 24,     /* scores that are kept */
    RIVAL_ROWS = 20000,     /* that a rival is fitted on, */
    RIVAL_SLOW_ROWS = 500,  /* where that takes long, */
    RIVAL_HELD_MAX = 50000, /* and whose scores give its threshold */
    LEAST_PACKETS = 1000,
    HELD_SHARE = 5,
    N = DAMPED_FEATURES
};

#define FALSE_ALARM_DEFAULT 1e-4

enum { O_INPUTS, O_EPOCHS, O_RATE, O_CLIP, N_OPTIONS };

static const struct lw_model_option options[N_OPTIONS] = {
    MODEL_WHOLE("inputs", 10, 1, 64, "statistics that one autoencoder sees at most"),
    MODEL_WHOLE("epochs", 5, 1, 100, "times that the sample is gone through"),
    MODEL_NUMBER("rate", 0.1, 1e-6, 1, "of the first steps; the last are a tenth"),
    MODEL_NUMBER("clip", 3, 0, 1000,
                 "ranges beyond its own that a statistic counts at most"),
};

void lw_stream_kind(struct lw_model_kind *out)
{
    *out = (struct lw_model_kind){
        .name = "packet-stream",
        .doc = "small autoencoders over statistics of packets; learns from captures",
        .options = options,
        .n_options = N_OPTIONS,
    };
}

static const struct {
    const char *name;
    const char *kind;
    const char *options;
    size_t most_rows;
} rivals[] = {
    {"autoencoder", "autoencoder", NULL, RIVAL_ROWS},
    {"mahalanobis", "mahal", NULL, RIVAL_ROWS},
    {"pca residual", "pca", NULL, RIVAL_ROWS},
    {"isolation forest", "iforest", NULL, RIVAL_ROWS},
    {"local outlier factor", "lof", NULL, RIVAL_SLOW_ROWS},
    {"one-class svm", "ocsvm", "nu=0.05", RIVAL_SLOW_ROWS},
    {"histograms", "hist", NULL, RIVAL_ROWS},
    {"one threshold per feature", "limits", NULL, RIVAL_ROWS},
};

enum { N_RIVALS = sizeof rivals / sizeof rivals[0] };

/* Rows of which every n-th is kept, so that `most` are enough. */
struct sample {
    float *rows; /* (n, N), owned */
    size_t n;
    size_t most;
    uint64_t every;
    uint64_t seen;
};

struct capture_part {
    uint64_t n; /* packets that can be scored */
    uint64_t n_fit;
};

struct training {
    const struct lw_stream_train_config *cfg;
    struct capture_part *parts; /* (cfg->n_captures), owned */
    double option[LW_MODEL_OPTIONS_MAX];
    struct feature_map map;
    struct sample fitted;
    struct sample held; /* for the rivals */
    float *scores;      /* (n_scores), owned: of held-out packets */
    size_t n_scores;
    uint64_t score_every;
    uint64_t n_held;
    /* scores are computed in blocks */
    float x[N * ENSEMBLE_BLOCK];
    unsigned n_x;
    struct lw_stream_model *model; /* owned */
    struct lw_stream_train_report *report;
};

static enum lw_status out_of_memory(struct lw_error *err)
{
    return lw_fail(err, LW_ENOMEM, "out of memory for the packets' statistics");
}

static void tell(const struct training *t, double done, const char *what)
{
    if (t->cfg->progress != NULL)
        t->cfg->progress(t->cfg->progress_ctx, done, what);
}

/* ---- samples --------------------------------------------------------------------- */

static bool sample_init(struct sample *s, uint64_t all, size_t most)
{
    *s = (struct sample){.most = most, .every = (all + most - 1) / most};
    s->every = s->every > 0 ? s->every : 1;
    s->rows = mem_zalloc(most < all ? most : (size_t)all + 1, N * sizeof *s->rows);
    return s->rows != NULL;
}

static bool sample_wants(struct sample *s)
{
    return s->seen++ % s->every == 0 && s->n < s->most;
}

static void sample_add(struct sample *s, const float *row)
{
    memcpy(s->rows + s->n++ * N, row, N * sizeof *row);
}

/* ---- passes ---------------------------------------------------------------------- */

typedef void (*row_fn)(struct training *t, const float row[N]);

/* One capture through a fresh table of statistics; rows of the part that is asked for
 * go to `fn`. */
static enum lw_status read_rows(struct training *t, struct lw_capture *cap, size_t c,
                                bool held_out, row_fn fn, struct lw_error *err)
{
    const struct capture_part *part = &t->parts[c];
    const struct damped_config cfg = {0};
    struct damped *damped = damped_new(&cfg);
    float lanes[STREAM_LANES];
    float row[N];
    struct damped_packet d;
    struct lw_packet pkt;
    enum lw_status st = damped == NULL ? out_of_memory(err) : LW_OK;

    for (uint64_t i = 0; st == LW_OK && (held_out || i < part->n_fit);) {
        st = lw_capture_next(cap, &pkt, err);
        if (st != LW_OK || !packet_stream_look(&pkt, &d))
            continue;
        if (!damped_add(damped, &d, lanes)) {
            st = out_of_memory(err);
            break;
        }
        if ((i++ >= part->n_fit) != held_out)
            continue;
        damped_spread(lanes);
        packet_stream_row(lanes, row);
        fn(t, row);
    }
    damped_free(damped);
    return st == LW_END ? LW_OK : st;
}

static enum lw_status pass(struct training *t, bool held_out, row_fn fn,
                           const char *what, struct lw_error *err)
{
    enum lw_status st = LW_OK;

    for (size_t c = 0; st == LW_OK && c < t->cfg->n_captures; c++) {
        struct lw_capture *cap = NULL;

        tell(t, (double)c / (double)t->cfg->n_captures, what);
        st = lw_capture_open(&cap, t->cfg->captures[c], NULL, err);
        if (st == LW_OK)
            st = read_rows(t, cap, c, held_out, fn, err);
        lw_capture_close(cap);
    }
    return st;
}

static enum lw_status count_capture(struct lw_capture *cap, struct capture_part *part,
                                    struct lw_error *err)
{
    struct damped_packet d;
    struct lw_packet pkt;
    enum lw_status st;

    while ((st = lw_capture_next(cap, &pkt, err)) == LW_OK)
        part->n += packet_stream_look(&pkt, &d) ? 1 : 0;
    part->n_fit = part->n - part->n / HELD_SHARE;
    return st == LW_END ? LW_OK : st;
}

static enum lw_status count(struct training *t, struct lw_error *err)
{
    enum lw_status st = LW_OK;

    for (size_t c = 0; st == LW_OK && c < t->cfg->n_captures; c++) {
        const char *path = t->cfg->captures[c];
        struct lw_capture *cap = NULL;

        if (strcmp(path, "-") == 0)
            return lw_fail(err, LW_EINVAL,
                           "standard input cannot be read three times; name a file");
        tell(t, (double)c / (double)t->cfg->n_captures, "counting packets");
        st = lw_capture_open(&cap, path, NULL, err);
        if (st == LW_OK)
            st = count_capture(cap, &t->parts[c], err);
        lw_capture_close(cap);
        t->report->n_packets += t->parts[c].n;
        t->report->n_fitted += t->parts[c].n_fit;
    }
    t->report->n_held_out = t->report->n_packets - t->report->n_fitted;
    if (st == LW_OK && t->report->n_packets < LEAST_PACKETS)
        st = lw_fail(err, LW_EFORMAT,
                     "%llu packets that can be scored; at least %d are needed, and "
                     "many more are better",
                     (unsigned long long)t->report->n_packets, LEAST_PACKETS);
    return st;
}

static void fit_row(struct training *t, const float row[N])
{
    feature_map_range(&t->map, row);
    if (!sample_wants(&t->fitted))
        return;
    feature_map_add(&t->map, row);
    sample_add(&t->fitted, row);
}

static void close_scores(struct training *t)
{
    float scores[ENSEMBLE_BLOCK];

    ensemble_score(&t->model->ensemble, t->x, scores);
    for (unsigned i = 0; i < t->n_x; i++)
        t->scores[t->n_scores++] = scores[i];
    t->n_x = 0;
}

static void hold_row(struct training *t, const float row[N])
{
    if (sample_wants(&t->held))
        sample_add(&t->held, row);
    if (t->n_held++ % t->score_every != 0)
        return;
    for (unsigned c = 0; c < N; c++)
        t->x[c * ENSEMBLE_BLOCK + t->n_x] = row[c];
    if (++t->n_x == ENSEMBLE_BLOCK)
        close_scores(t);
}

/* ---- the nets -------------------------------------------------------------------- */

/* From the rate to a tenth of it. */
static float rate_at(const struct training *t, size_t done, size_t all)
{
    return (float)(t->option[O_RATE] * (1 - 0.9 * (double)done / (double)all));
}

typedef void (*step_fn)(struct ensemble *e, const float *row, float rate);

/* Several times through rows of a width, each time in another order. */
static enum lw_status descend(struct training *t, const float *rows, size_t n,
                              size_t width, step_fn step, struct rng *rng,
                              const char *what, struct lw_error *err)
{
    size_t epochs = (size_t)t->option[O_EPOCHS];
    uint32_t *idx = mem_alloc(n * sizeof *idx);

    if (idx == NULL)
        return out_of_memory(err);
    for (size_t i = 0; i < n; i++)
        idx[i] = (uint32_t)i;
    for (size_t k = 0; k < epochs; k++) {
        rng_shuffle(rng, idx, n);
        tell(t, (double)k / (double)epochs, what);
        for (size_t i = 0; i < n; i++)
            step(&t->model->ensemble, rows + idx[i] * width,
                 rate_at(t, k * n + i, epochs * n));
    }
    mem_free(idx);
    return LW_OK;
}

/* The groups' errors on the sample; their ranges scale them. */
static float *errors_of_groups(struct training *t)
{
    struct ensemble *e = &t->model->ensemble;
    float *errors = mem_zalloc(t->fitted.n, e->n_nets * sizeof *errors);
    float least[ENSEMBLE_COLS_MAX];
    float most[ENSEMBLE_COLS_MAX];

    for (uint32_t k = 0; k < e->n_nets; k++) {
        least[k] = INFINITY;
        most[k] = -INFINITY;
    }
    for (size_t i = 0; errors != NULL && i < t->fitted.n; i++) {
        float *row = errors + i * e->n_nets;

        ensemble_errors(e, t->fitted.rows + i * N, row);
        for (uint32_t k = 0; k < e->n_nets; k++) {
            least[k] = fminf(least[k], row[k]);
            most[k] = fmaxf(most[k], row[k]);
        }
    }
    ensemble_set_errors(e, least, most);
    return errors;
}

static enum lw_status fit_nets(struct training *t, struct lw_error *err)
{
    struct ensemble *e = &t->model->ensemble;
    uint8_t group[N];
    struct rng rng;
    float *errors;
    enum lw_status st;

    rng_init(&rng, t->cfg->seed);
    t->report->n_groups =
        (uint32_t)feature_map_groups(&t->map, (size_t)t->option[O_INPUTS], group);
    st = ensemble_init(e, N, group, t->map.least, t->map.most, (float)t->option[O_CLIP],
                       &rng, err);
    if (st == LW_OK)
        st = descend(t, t->fitted.rows, t->fitted.n, N, ensemble_fit_groups, &rng,
                     "fitting the autoencoders", err);
    if (st != LW_OK)
        return st;
    errors = errors_of_groups(t);
    if (errors == NULL)
        return out_of_memory(err);
    st = descend(t, errors, t->fitted.n, e->n_nets, ensemble_fit_top, &rng,
                 "fitting the one over them", err);
    mem_free(errors);
    return st;
}

/* ---- thresholds ------------------------------------------------------------------ */

static enum lw_status hold_out(struct training *t, struct lw_error *err)
{
    uint64_t n = t->report->n_held_out;
    enum lw_status st;

    t->score_every = (n + HELD_MAX - 1) / HELD_MAX;
    t->score_every = t->score_every > 0 ? t->score_every : 1;
    t->scores =
        mem_zalloc((size_t)(n / t->score_every) + ENSEMBLE_BLOCK, sizeof *t->scores);
    if (t->scores == NULL || !sample_init(&t->held, n, RIVAL_HELD_MAX))
        return out_of_memory(err);
    st = pass(t, true, hold_row, "scoring what was held out", err);
    if (st != LW_OK)
        return st;
    close_scores(t);
    if (t->n_scores == 0)
        return lw_fail(err, LW_EFORMAT,
                       "no packet was held out; the captures are "
                       "shorter than when they were counted");
    tail_fit(&t->model->tail, t->scores, t->n_scores);
    t->model->threshold = tail_threshold(&t->model->tail, t->model->false_alarm);
    for (size_t i = 0; i < t->n_scores; i++)
        t->report->n_alarmed += t->scores[i] >= t->model->threshold ? 1 : 0;
    t->report->threshold = t->model->threshold;
    return LW_OK;
}

static enum lw_status set_rival_threshold(struct training *t, struct stream_rival *r,
                                          struct lw_error *err)
{
    struct tail *tail = mem_zalloc(1, sizeof *tail);
    float *scores = mem_zalloc(t->held.n + 1, sizeof *scores);

    if (tail == NULL || scores == NULL || t->held.n == 0) {
        mem_free(tail);
        mem_free(scores);
        return out_of_memory(err);
    }
    for (size_t i = 0; i < t->held.n; i++)
        scores[i] = (float)r->model->ops->score(r->model, t->held.rows + i * N);
    tail_fit(tail, scores, t->held.n);
    r->threshold = tail_threshold(tail, t->model->false_alarm);
    mem_free(tail);
    mem_free(scores);
    return LW_OK;
}

static enum lw_status fit_rival(struct training *t, size_t k, struct lw_error *err)
{
    const struct lw_model_params params = {.options = rivals[k].options,
                                           .seed = t->cfg->seed};
    struct stream_rival *r = &t->model->rivals[t->model->n_rivals];
    size_t n = t->fitted.n < rivals[k].most_rows ? t->fitted.n : rivals[k].most_rows;
    struct lw_matrix x = {0};
    uint32_t *label = mem_zalloc(n, sizeof *label);
    enum lw_status st = label == NULL ? out_of_memory(err) : LW_OK;

    if (st == LW_OK)
        st = lw_matrix_init(&x, n, N, err);
    for (size_t i = 0; st == LW_OK && i < n; i++)
        memcpy(x.x + i * N, t->fitted.rows + i * t->fitted.n / n * N, N * sizeof *x.x);
    if (st == LW_OK)
        st = lw_model_fit(&r->model, rivals[k].kind, &params, &x, label, 2, NULL, err);
    if (st == LW_OK) {
        t->model->n_rivals++;
        memcpy(r->name, rivals[k].name, strlen(rivals[k].name) + 1);
        st = set_rival_threshold(t, r, err);
    }
    lw_matrix_release(&x);
    mem_free(label);
    return st;
}

static enum lw_status fit_rivals(struct training *t, struct lw_error *err)
{
    enum lw_status st = LW_OK;

    for (size_t k = 0; st == LW_OK && !t->cfg->no_rivals && k < N_RIVALS; k++) {
        tell(t, (double)k / N_RIVALS, "fitting the rivals");
        st = fit_rival(t, k, err);
    }
    return st;
}

/* ---- the whole ------------------------------------------------------------------- */

static enum lw_status describe(struct training *t, struct lw_error *err)
{
    struct provenance p;
    struct jsonw *w = &p.w;

    provenance_begin(&p, false);
    jsonw_put_text(w, "model", "packet-stream");
    jsonw_put_text(w, "options", t->cfg->options == NULL ? "" : t->cfg->options);
    provenance_put_rows(&p, t->fitted.rows, t->fitted.n * N);
    jsonw_put_u64(w, "captures", t->cfg->n_captures);
    jsonw_put_u64(w, "packets", t->report->n_packets);
    jsonw_put_u64(w, "packets_held_out", t->report->n_held_out);
    jsonw_put_u64(w, "autoencoders", t->report->n_groups);
    jsonw_put_u64(w, "seed", t->cfg->seed);
    jsonw_put_f64(w, "false_alarm", t->model->false_alarm);
    jsonw_put_f64(w, "threshold", (double)t->model->threshold);
    return provenance_end(&p, &t->model->provenance, err);
}

static enum lw_status prepare(struct training *t, struct lw_error *err)
{
    struct lw_model_kind kind;
    double share = t->cfg->false_alarm;
    enum lw_status st;

    lw_stream_kind(&kind);
    st = model_options_read(t->option, &kind, t->cfg->options, err);
    if (st != LW_OK)
        return st;
    if (!(share >= 0 && share < 1))
        return lw_fail(err, LW_EINVAL, "a share of packets is from 0 to below 1");
    t->parts = mem_zalloc(t->cfg->n_captures, sizeof *t->parts);
    t->model = mem_zalloc(1, sizeof *t->model);
    if (t->parts == NULL || t->model == NULL)
        return out_of_memory(err);
    t->model->false_alarm = share > 0 ? share : FALSE_ALARM_DEFAULT;
    t->report->false_alarm = t->model->false_alarm;
    return feature_map_init(&t->map, N, err);
}

static enum lw_status train(struct training *t, struct lw_error *err)
{
    enum lw_status st = prepare(t, err);

    if (st == LW_OK)
        st = count(t, err);
    if (st == LW_OK && !sample_init(&t->fitted, t->report->n_fitted, SAMPLE_MAX))
        st = out_of_memory(err);
    if (st == LW_OK)
        st = pass(t, false, fit_row, "reading packets", err);
    if (st == LW_OK)
        st = fit_nets(t, err);
    if (st == LW_OK)
        st = hold_out(t, err);
    if (st == LW_OK)
        st = fit_rivals(t, err);
    return st == LW_OK ? describe(t, err) : st;
}

enum lw_status lw_stream_train(const char *path,
                               const struct lw_stream_train_config *cfg,
                               struct lw_stream_train_report *report,
                               struct lw_error *err)
{
    struct training *t = mem_zalloc(1, sizeof *t);
    clock_t start = clock();
    enum lw_status st;

    memset(report, 0, sizeof *report);
    if (t == NULL)
        return out_of_memory(err);
    t->cfg = cfg;
    t->report = report;
    st = train(t, err);
    if (st == LW_OK)
        st = packet_stream_save(t->model, path, err);
    report->train_seconds = (double)(clock() - start) / CLOCKS_PER_SEC;
    feature_map_release(&t->map);
    mem_free(t->fitted.rows);
    mem_free(t->held.rows);
    mem_free(t->scores);
    mem_free(t->parts);
    lw_stream_model_free(t->model);
    mem_free(t);
    return st;
}

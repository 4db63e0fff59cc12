/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An autoencoder: a network that learns to give normal rows back through a narrow
 * middle (Hinton and Salakhutdinov, Science 313, 2006).  What it cannot give back is
 * not like them.  Five layers: d -> units -> latent (rectified) -> latent -> units ->
 * d.
 *
 * Two detectors share it.  By `error` the score is the logarithm of the mean squared
 * residual, each column's either as it is or over what normal rows have there; no label
 * is needed.  By `latent` a linear classifier on the middle layer tells the classes,
 * where rows of more than one are there to learn from.
 *
 * A value that is missing goes in as its column's mean and has no residual.
 *
 * In a file: scales (prep.h); f32 clip; curve (anomaly.h); f32 (n_cols) 1 over the
 * normal rows' mean squared residual; f64 usual score; network (net.c); u8 1 when a
 * latent classifier follows to the end (model.c).
 */
#include "base/mem.h"
#include "learn/anomaly.h"
#include "learn/link.h"
#include "learn/model_option.h"
#include "learn/net.h"
#include "learn/prep.h"
#include "learn/proba.h"
#include "learn/store.h"

#include <math.h>
#include <string.h>

enum { LAYERS = 5, MIDDLE = 2 };

/* Rows at work together: as many as BLOCK_FLOATS hold of the widest layer. */
enum { BLOCK_FLOATS = 8192, BLOCK_ROWS_MAX = 48 };

enum {
    SCALE,
    CLIP,
    UNITS,
    LATENT,
    ACT,
    OUTPUT,
    EPOCHS,
    BATCH,
    OPTIMISER,
    RATE,
    MOMENTUM,
    LOSS,
    NOISE,
    DROPOUT,
    ACTIVITY_L1,
    ACTIVITY_L2,
    L1,
    L2,
    VALIDATION,
    PATIENCE,
    MAX_ROWS,
    SCORE,
    VERDICT
};

/* Added to mean squared residuals of scaled columns: one that is always given back
 * exactly must not decide alone. */
#define LEAST_RESIDUAL 1e-3f

static const char *const scores[] = {"weighted", "plain", NULL};
static const char *const verdicts[] = {"error", "latent", NULL};

static const struct lw_model_option ae_options[] = {
    [SCALE] = PREP_OPTION,
    [CLIP] = MODEL_NUMBER("clip", 5, 0, 1e6, "scaled values are cut off here; 0: not"),
    [UNITS] = MODEL_WHOLE("units", 64, 1, NET_WIDTH_MAX, "in the outer hidden layers"),
    [LATENT] = MODEL_WHOLE("latent", 8, 1, NET_WIDTH_MAX, "units in the middle"),
    [ACT] = {.name = "act",
             .words = net_acts,
             .initial = NET_TANH,
             .help = "of the hidden layers but the middle one"},
    [OUTPUT] = MODEL_WORD("output", net_acts, "activation of the last layer"),
    [EPOCHS] = MODEL_WHOLE("epochs", 30, 1, NET_EPOCHS_MAX, "passes over the rows"),
    [BATCH] = MODEL_WHOLE("batch", 256, 1, 65536, "rows to a step"),
    [OPTIMISER] = MODEL_WORD("optimiser", net_optimisers, "how steps are taken"),
    [RATE] = MODEL_NUMBER("rate", 2e-3, 1e-9, 1e3, "of learning"),
    [MOMENTUM] = MODEL_NUMBER("momentum", 0.9, 0, 0.9999, "of optimiser sgd"),
    [LOSS] = MODEL_WORD("loss", net_losses, "of residuals; huber turns straight at 1"),
    [NOISE] = MODEL_NUMBER("noise", 0, 0, 100, "added to inputs in training"),
    [DROPOUT] = MODEL_NUMBER("dropout", 0, 0, 0.99, "share of hidden outputs left out"),
    [ACTIVITY_L1] =
        MODEL_NUMBER("activity-l1", 0, 0, 1e3, "penalty on the first layer's outputs"),
    [ACTIVITY_L2] = MODEL_NUMBER("activity-l2", 0, 0, 1e3, "the same of their squares"),
    [L1] = MODEL_NUMBER("l1", 0, 0, 1e3, "penalty on weights"),
    [L2] = MODEL_NUMBER("l2", 0, 0, 1e3, "penalty on squares of weights"),
    [VALIDATION] =
        MODEL_NUMBER("validation", 0.1, 0, 0.9, "share of the rows to stop early by"),
    [PATIENCE] = MODEL_WHOLE("patience", 5, 0, NET_EPOCHS_MAX,
                             "epochs without gain before it stops; 0: never"),
    [MAX_ROWS] = MODEL_WHOLE("max-rows", 0, 0, 1e9, "first normal rows used; 0: all"),
    [SCORE] = MODEL_WORD("score", scores, "how residuals are added up"),
    [VERDICT] = MODEL_WORD("verdict", verdicts, "what a score is taken from"),
};

struct autoencoder {
    struct lw_model base;
    struct prep prep;
    float clip; /* 0: none */
    struct anomaly_link link;
    float *weight; /* (n_cols) of squared residuals, owned */
    double usual;  /* median score of normal rows */
    struct net net;
    struct lw_model *latent; /* (n_latent) to classes, owned; NULL: by error */
};

/* Room for one block of rows at work. */
struct bench {
    float x[BLOCK_FLOATS];
    float out[BLOCK_FLOATS];
    float scratch[2 * BLOCK_FLOATS];
};

/* At least 8. */
static size_t block_rows(const struct autoencoder *a)
{
    size_t n = BLOCK_FLOATS / (net_scratch(&a->net, 1) / 2);

    return n < BLOCK_ROWS_MAX ? n : BLOCK_ROWS_MAX;
}

static const struct autoencoder *ae_of(const struct lw_model *m)
{
    return (const struct autoencoder *)m;
}

static void ae_free(struct lw_model *m)
{
    struct autoencoder *a = (struct autoencoder *)m;

    prep_release(&a->prep);
    anomaly_release(&a->link);
    net_release(&a->net);
    lw_model_free(a->latent);
    mem_free(a->weight);
    mem_free(a);
}

static enum lw_status ae_new(struct autoencoder **out, uint32_t n_cols,
                             uint32_t n_classes, struct lw_error *err)
{
    struct autoencoder *a;

    if (n_cols > NET_WIDTH_MAX)
        return lw_fail(err, LW_ELIMIT, "an autoencoder of %u columns; %d are possible",
                       n_cols, NET_WIDTH_MAX);
    a = mem_zalloc(1, sizeof *a);
    if (a == NULL)
        return lw_fail(err, LW_ENOMEM, "out of memory for an autoencoder");
    a->base = (struct lw_model){&model_autoencoder, n_cols, n_classes};
    a->weight = mem_zalloc(n_cols, sizeof *a->weight);
    if (a->weight == NULL) {
        mem_free(a);
        return lw_fail(err, LW_ENOMEM, "out of memory for an autoencoder");
    }
    *out = a;
    return LW_OK;
}

/* ---- use ---- */

static void scale_row(const struct autoencoder *a, const float *row, float *out)
{
    prep_row(&a->prep, row, out);
    for (uint32_t c = 0; a->clip > 0 && c < a->base.n_cols; c++) {
        out[c] = out[c] < a->clip ? out[c] : a->clip;
        out[c] = out[c] > -a->clip ? out[c] : -a->clip;
    }
}

/* n <= block_rows() rows through the first layers of the network, into b->out. */
static void run_layers(const struct autoencoder *a, uint32_t n_layers,
                       const float *rows, size_t n, struct bench *b)
{
    size_t d = a->base.n_cols;

    for (size_t r = 0; r < n; r++)
        scale_row(a, rows + r * d, b->x + r * d);
    net_run(&a->net, 0, n_layers, b->x, n, b->out, b->scratch);
}

/* Weighted squared residuals of n <= block_rows() rows into b->out; NaN: the value is
 * missing. */
static void residuals(const struct autoencoder *a, const float *rows, size_t n,
                      struct bench *b)
{
    size_t d = a->base.n_cols;

    run_layers(a, LAYERS, rows, n, b);
    for (size_t r = 0; r < n; r++)
        for (size_t c = 0; c < d; c++) {
            float v = b->out[r * d + c] - b->x[r * d + c];

            b->out[r * d + c] = isnan(rows[r * d + c]) ? NAN : v * v * a->weight[c];
        }
}

/* Logarithms of the mean squares of n rows, a few at a time: each sum has its order,
 * and waits for itself alone. */
static void scores_of(const float *squares, size_t d, size_t n, double *out)
{
    enum { TOGETHER = 4 };

    for (size_t r = 0; r < n; r += TOGETHER) {
        const float *row[TOGETHER];
        double sum[TOGETHER] = {0};
        double seen[TOGETHER] = {0};

        for (size_t i = 0; i < TOGETHER; i++)
            row[i] = squares + (r + i < n ? r + i : r) * d;
        for (size_t c = 0; c < d; c++)
            for (size_t i = 0; i < TOGETHER; i++) {
                double v = (double)row[i][c];

                sum[i] += v >= 0 ? v : 0; /* not if it is missing */
                seen[i] += v >= 0 ? 1 : 0;
            }
        for (size_t i = 0; i < TOGETHER && r + i < n; i++)
            out[r + i] = link_log(seen[i] > 0 ? sum[i] / seen[i] + 1e-12 : 1e-12);
    }
}

static double ae_score(const struct lw_model *m, const float *row)
{
    struct bench b;
    double score;

    residuals(ae_of(m), row, 1, &b);
    scores_of(b.out, m->n_cols, 1, &score);
    return score;
}

static void ae_predict(const struct lw_model *m, const float *rows, size_t n_rows,
                       float *out)
{
    const struct autoencoder *a = ae_of(m);
    size_t block = block_rows(a);
    double score[BLOCK_ROWS_MAX];
    struct bench b;

    for (size_t at = 0; at < n_rows; at += block) {
        size_t n = n_rows - at < block ? n_rows - at : block;

        if (a->latent != NULL) {
            run_layers(a, MIDDLE, rows + at * m->n_cols, n, &b);
            lw_model_predict(a->latent, b.out, n, out + at * m->n_classes);
            continue;
        }
        residuals(a, rows + at * m->n_cols, n, &b);
        scores_of(b.out, m->n_cols, n, score);
        for (size_t r = 0; r < n; r++)
            anomaly_odds(&a->link, score[r], out + (at + r) * m->n_classes);
    }
}

static void ae_margins(const struct lw_model *m, const float *rows, size_t n_rows,
                       float *out)
{
    ae_predict(m, rows, n_rows, out);
    proba_log(out, n_rows * m->n_classes);
}

/* What the margin is away from that of a usual normal row, shared out as the squared
 * residuals are. */
static enum lw_status ae_contributions(const struct lw_model *m, const float *row,
                                       uint32_t class_idx, double *phi,
                                       struct lw_error *err)
{
    const struct autoencoder *a = ae_of(m);
    float usual[MODEL_CLASSES_MAX];
    float now[MODEL_CLASSES_MAX];
    struct bench b;
    double score;
    double sum = 1e-30;

    if (a->latent != NULL)
        return lw_fail(
            err, LW_EUNSUPPORTED,
            "the latent classifier does not say which columns moved a score");
    residuals(a, row, 1, &b);
    anomaly_odds(&a->link, a->usual, usual);
    scores_of(b.out, m->n_cols, 1, &score);
    anomaly_odds(&a->link, score, now);
    proba_log(usual, m->n_classes);
    proba_log(now, m->n_classes);
    for (uint32_t c = 0; c < m->n_cols; c++) {
        b.out[c] = isnan(b.out[c]) ? 0 : b.out[c];
        sum += (double)b.out[c];
    }
    for (uint32_t c = 0; c < m->n_cols; c++)
        phi[c] = ((double)now[class_idx] - (double)usual[class_idx]) *
                 (double)b.out[c] / sum;
    phi[m->n_cols] = (double)usual[class_idx];
    return LW_OK;
}

/* ---- fitting ---- */

static void take_plan(struct net_plan *p, const struct model_task *t)
{
    const double *o = t->option;

    *p = (struct net_plan){
        .optimiser = (enum net_optimiser)o[OPTIMISER],
        .loss = (enum net_loss)o[LOSS],
        .rate = (float)o[RATE],
        .momentum = (float)o[MOMENTUM],
        .huber = 1,
        .l1 = (float)o[L1],
        .l2 = (float)o[L2],
        .activity_l1 = {(float)o[ACTIVITY_L1]},
        .activity_l2 = {(float)o[ACTIVITY_L2]},
        .dropout = (float)o[DROPOUT],
        .noise = (float)o[NOISE],
        .batch = (uint32_t)o[BATCH],
        .n_epochs = (uint32_t)o[EPOCHS],
        .patience = (uint32_t)o[PATIENCE],
        .validation = o[VALIDATION],
        .seed = t->params->seed,
        .progress = t->params->progress,
        .progress_ctx = t->params->progress_ctx,
    };
}

static enum lw_status fit_net(struct autoencoder *a, const struct lw_matrix *x,
                              const struct model_task *t, struct lw_error *err)
{
    const double *o = t->option;
    const uint32_t width[] = {a->base.n_cols,      (uint32_t)o[UNITS],
                              (uint32_t)o[LATENT], (uint32_t)o[LATENT],
                              (uint32_t)o[UNITS],  a->base.n_cols};
    enum net_act inner = (enum net_act)o[ACT];
    const enum net_act act[] = {inner, NET_RELU, inner, inner, (enum net_act)o[OUTPUT]};
    struct net_state state = {0};
    struct net_plan plan;
    enum lw_status st = net_init(&a->net, LAYERS, width, act, err);

    take_plan(&plan, t);
    if (st == LW_OK)
        st = net_state_init(&state, &a->net, err);
    if (st == LW_OK) {
        net_begin(&a->net, plan.seed);
        st = net_fit(&a->net, &state, &plan, x, x, NULL, NULL, err);
    }
    net_state_release(&state);
    return st;
}

/* Weights that give each column's residuals over x, which is raw, about the mean 1. */
static void weigh(struct autoencoder *a, const struct lw_matrix *x)
{
    size_t d = x->n_cols;
    double sum[NET_WIDTH_MAX] = {0};
    size_t block = block_rows(a);
    struct bench b;

    for (size_t c = 0; c < d; c++)
        a->weight[c] = 1;
    for (size_t at = 0; at < x->n_rows; at += block) {
        size_t n = x->n_rows - at < block ? x->n_rows - at : block;

        residuals(a, x->x + at * d, n, &b);
        for (size_t i = 0; i < n * d; i++)
            sum[i % d] += isnan(b.out[i]) ? 0 : (double)b.out[i];
    }
    for (size_t c = 0; c < d; c++)
        a->weight[c] = 1 / ((float)(sum[c] / (double)x->n_rows) + LEAST_RESIDUAL);
}

static enum lw_status fit_latent(struct autoencoder *a, const struct model_task *t,
                                 struct lw_error *err)
{
    size_t d = t->x->n_cols;
    size_t block = block_rows(a);
    struct lw_matrix z = {0};
    struct bench b;
    enum lw_status st =
        lw_matrix_init(&z, t->x->n_rows, a->net.layer[MIDDLE - 1].n_out, err);

    for (size_t at = 0; st == LW_OK && at < t->x->n_rows; at += block) {
        size_t n = t->x->n_rows - at < block ? t->x->n_rows - at : block;

        run_layers(a, MIDDLE, t->x->x + at * d, n, &b);
        memcpy(z.x + at * z.n_cols, b.out, n * z.n_cols * sizeof *z.x);
    }
    if (st == LW_OK)
        st = lw_model_fit(&a->latent, "logit", NULL, &z, t->labels, t->n_classes,
                          t->weights, err);
    lw_matrix_release(&z);
    return st;
}

static bool has_others(const struct model_task *t)
{
    for (size_t r = 0; r < t->x->n_rows; r++)
        if (t->labels[r] != 0)
            return true;
    return false;
}

/* The median score of at most 1,001 normal rows, evenly spread. */
static void find_usual(struct autoencoder *a, const struct lw_matrix *normal)
{
    double v[1001];
    size_t n = normal->n_rows < 1001 ? normal->n_rows : 1001;

    for (size_t i = 0; i < n; i++) {
        double s =
            ae_score(&a->base, normal->x + i * normal->n_rows / n * normal->n_cols);
        size_t k = i;

        for (; k > 0 && v[k - 1] > s; k--)
            v[k] = v[k - 1];
        v[k] = s;
    }
    a->usual = v[n / 2];
}

static enum lw_status learn(struct autoencoder *a, const struct model_task *t,
                            struct lw_error *err)
{
    struct lw_matrix raw = {0};
    struct lw_matrix x = {0};
    size_t most = (size_t)t->option[MAX_ROWS];
    enum lw_status st = prep_gather(&raw, t->x, t->labels, 0, err);

    if (st != LW_OK)
        return st;
    if (most > 0 && most < raw.n_rows)
        raw.n_rows = most;
    a->clip = (float)t->option[CLIP];
    st = prep_fit(&a->prep, (enum prep_scale)t->option[SCALE], &raw, NULL, 0, err);
    if (st == LW_OK)
        st = lw_matrix_init(&x, raw.n_rows, raw.n_cols, err);
    for (size_t r = 0; st == LW_OK && r < raw.n_rows; r++)
        scale_row(a, raw.x + r * raw.n_cols, x.x + r * raw.n_cols);
    if (st == LW_OK)
        st = fit_net(a, &x, t, err);
    if (st == LW_OK) {
        weigh(a, &raw);
        for (size_t c = 0; (size_t)t->option[SCORE] == 1 && c < raw.n_cols; c++)
            a->weight[c] = 1;
        find_usual(a, &raw);
    }
    lw_matrix_release(&raw);
    lw_matrix_release(&x);
    return st;
}

static enum lw_status ae_fit(struct lw_model **out, const struct model_task *t,
                             struct lw_error *err)
{
    struct autoencoder *a = NULL;
    enum lw_status st = ae_new(&a, (uint32_t)t->x->n_cols, t->n_classes, err);

    if (a == NULL)
        return st;
    st = learn(a, t, err);
    if (st == LW_OK)
        st = anomaly_fit(&a->link, &a->base, ae_score, NULL, t, err);
    if (st == LW_OK && (size_t)t->option[VERDICT] == 1 && has_others(t))
        st = fit_latent(a, t, err);
    if (st == LW_OK)
        *out = &a->base;
    else
        ae_free(&a->base);
    return st;
}

/* ---- storage ---- */

static void ae_save(const struct lw_model *m, struct buf *out)
{
    const struct autoencoder *a = ae_of(m);

    prep_save(&a->prep, out);
    buf_add_f32(out, a->clip);
    anomaly_save(&a->link, out);
    store_floats(out, a->weight, m->n_cols);
    buf_add_f64(out, a->usual);
    net_save(&a->net, out);
    buf_add_u8(out, a->latent != NULL);
    if (a->latent != NULL)
        model_save(a->latent, out);
}

static enum lw_status load_latent(struct autoencoder *a, struct span s,
                                  struct lw_error *err)
{
    enum lw_status st;
    uint8_t has;

    if (!span_take_u8(&s, &has) || has > 1 || (has == 0 && s.n != 0))
        return lw_fail(err, LW_EFORMAT, "autoencoder: its end is damaged");
    if (has == 0)
        return LW_OK;
    st = model_load(&a->latent, s, err);
    if (st == LW_OK && (a->latent->ops != &model_logit ||
                        a->latent->n_cols != a->net.layer[MIDDLE - 1].n_out ||
                        a->latent->n_classes != a->base.n_classes))
        st = lw_fail(err, LW_EFORMAT, "autoencoder: another one's latent classifier");
    return st;
}

static bool load_weights(struct autoencoder *a, struct span *s)
{
    if (s->n / sizeof(float) < a->base.n_cols ||
        !store_take_floats(s, a->weight, a->base.n_cols, 2 / LEAST_RESIDUAL) ||
        !store_take_doubles(s, &a->usual, 1, 1e6))
        return false;
    for (uint32_t c = 0; c < a->base.n_cols; c++)
        if (!(a->weight[c] >= 0))
            return false;
    return true;
}

static enum lw_status load_parts(struct autoencoder *a, struct span s,
                                 struct lw_error *err)
{
    uint32_t d = a->base.n_cols;
    enum lw_status st = prep_load(&a->prep, &s, d, err);

    if (st != LW_OK)
        return st;
    if (!store_take_floats(&s, &a->clip, 1, 1e6f) || !(a->clip >= 0))
        return lw_fail(err, LW_EFORMAT, "autoencoder: its scales are damaged");
    st = anomaly_load(&a->link, &s, a->base.n_classes, err);
    if (st != LW_OK)
        return st;
    if (!load_weights(a, &s))
        return lw_fail(err, LW_EFORMAT, "autoencoder: its weights are damaged");
    st = net_load(&a->net, &s, err);
    if (st == LW_OK && (a->net.n_layers != LAYERS || a->net.layer[0].n_in != d ||
                        a->net.layer[LAYERS - 1].n_out != d))
        st = lw_fail(err, LW_EFORMAT, "autoencoder: a network of another shape");
    return st == LW_OK ? load_latent(a, s, err) : st;
}

static enum lw_status ae_load(struct lw_model **out, struct span s, uint32_t n_cols,
                              uint32_t n_classes, struct lw_error *err)
{
    struct autoencoder *a = NULL;
    enum lw_status st = ae_new(&a, n_cols, n_classes, err);

    if (a == NULL)
        return st;
    st = load_parts(a, s, err);
    if (st == LW_OK)
        *out = &a->base;
    else
        ae_free(&a->base);
    return st;
}

static uint32_t ae_latent(const struct lw_model *m, const float *rows, size_t n_rows,
                          float *out)
{
    const struct autoencoder *a = ae_of(m);
    uint32_t width = a->net.layer[MIDDLE - 1].n_out;
    size_t block = block_rows(a);
    struct bench b;

    for (size_t at = 0; out != NULL && at < n_rows; at += block) {
        size_t n = n_rows - at < block ? n_rows - at : block;

        run_layers(a, MIDDLE, rows + at * m->n_cols, n, &b);
        memcpy(out + at * width, b.out, n * width * sizeof *out);
    }
    return width;
}

const struct model_ops model_autoencoder = {
    .name = "autoencoder",
    .stored = "autoenc",
    .doc = "gives normal rows back through a narrow middle; learns from them only",
    .options = ae_options,
    .n_options = sizeof ae_options / sizeof ae_options[0],
    .fit = ae_fit,
    .predict = ae_predict,
    .margins = ae_margins,
    .latent = ae_latent,
    .contributions = ae_contributions,
    .score = ae_score,
    .save = ae_save,
    .load = ae_load,
    .free = ae_free,
};

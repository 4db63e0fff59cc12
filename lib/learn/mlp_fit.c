/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fitting a perceptron: Adam (Kingma and Ba, ICLR 2015) on the cross entropy, batches
 * drawn with the chance of the rows' weights, so that the work does not grow with the
 * table.
 *
 * Inputs get noise, and some are dropped (set to their mean), so that no score hangs on
 * one column: on attack types that were left out of the training both help more than
 * anything about the layers does (Srivastava et al., JMLR 15, 2014; Bishop, Neural
 * Computation 7:1, 1995).
 *
 * Sums are taken in a fixed order and random numbers are our own, so the same rows and
 * seed give the same bits on every machine.
 */
#include "base/mem.h"
#include "base/rng.h"
#include "learn/dense.h"
#include "learn/link.h"
#include "learn/mlp.h"

#include <math.h>
#include <string.h>

enum { BATCH = 256, DEFAULT_STEPS = 4000, DEFAULT_HIDDEN = 64 };

/* The schedule falls from here to 0; decay is on the weights, not on the biases. */
#define RATE      2e-3f
#define DECAY     1e-5f
#define MOMENTUM  0.9f
#define MOMENTUM2 0.999f
#define TINY      1e-8f

/* A column without spread must not blow up what test rows have there. */
#define LEAST_DEVIATION 0.02

/* Columns that reach beyond this are counts, bytes or times and are squashed. */
#define SHARE_MAX 1.5f

/* Parameters of one layer, their gradient and its running moments. */
struct moments {
    float *first;  /* (n), owned */
    float *second; /* (n), owned */
};

struct fitter {
    const struct model_task *task;
    struct mlp *m;
    struct rng rng;
    double *upto; /* (n_rows) running sum of weights, owned */
    float *x;     /* (n_rows, n_cols) scaled, owned */
    float noise;
    uint32_t drop; /* of 65,536 */
    struct moments w[MLP_LAYERS];
    struct moments bias[MLP_LAYERS];
    float *act[MLP_LAYERS + 1];  /* (BATCH, width) inputs of each layer, owned */
    float *grad[MLP_LAYERS + 1]; /* the same, of the loss, owned */
    float *turned;               /* a transposed matrix, owned */
    float *step;                 /* the gradient of a layer's weights, owned */
    float *bias_step;            /* (widest), owned */
    float correct1;              /* 1 - MOMENTUM^t */
    float correct2;
    float rate;
};

/* ---- inputs ---- */

static void scale_column(struct fitter *f, uint32_t c)
{
    const struct lw_matrix *x = f->task->x;
    const float *weight = f->task->weights;
    bool squash = false;
    double sum = 0;
    double mean = 0;
    double squares = 0;

    for (size_t r = 0; r < x->n_rows; r++)
        squash = squash || fabsf(x->x[r * x->n_cols + c]) > SHARE_MAX;
    for (size_t r = 0; r < x->n_rows; r++) {
        float v = x->x[r * x->n_cols + c];
        double w = weight == NULL ? 1 : (double)weight[r];
        double from_mean;

        if (isnan(v) || w <= 0)
            continue;
        v = squash ? link_squash(v) : v;
        from_mean = (double)v - mean;
        sum += w;
        mean += from_mean * w / sum; /* West, CACM 22:9, 1979 */
        squares += w * from_mean * ((double)v - mean);
    }
    f->m->squash[c] = squash;
    f->m->mean[c] = (float)mean;
    f->m->deviation[c] =
        (float)fmax(sum > 0 ? sqrt(squares / sum) : 0, (double)LEAST_DEVIATION);
}

static void scale_rows(struct fitter *f)
{
    const struct lw_matrix *x = f->task->x;
    double sum = 0;

    for (uint32_t c = 0; c < f->m->base.n_cols; c++)
        scale_column(f, c);
    for (size_t r = 0; r < x->n_rows; r++) {
        mlp_scale(f->m, x->x + r * x->n_cols, f->x + r * x->n_cols);
        sum += f->task->weights == NULL ? 1 : (double)f->task->weights[r];
        f->upto[r] = sum;
    }
}

/* A row, with the chance of its weight. */
static size_t draw_row(struct fitter *f)
{
    size_t lo = 0;
    size_t hi = f->task->x->n_rows - 1;
    double at = rng_unit(&f->rng) * f->upto[hi];

    while (lo < hi) {
        size_t mid = (lo + hi) / 2;

        if (f->upto[mid] <= at)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

/* One number decides over an input: 16 bits whether it is dropped, and three times 16
 * that add up to noise of nearly normal distribution, mean 0 and deviation 1. */
static float disturb(struct fitter *f, float v)
{
    uint64_t bits = rng_next(&f->rng);
    int32_t sum = (int32_t)(bits >> 16 & 0xffff) + (int32_t)(bits >> 32 & 0xffff) +
                  (int32_t)(bits >> 48);

    if ((bits & 0xffff) < f->drop)
        return 0.0f;
    return v + f->noise * (float)(2 * sum - 3 * 0xffff) / 65536.0f;
}

static void draw_batch(struct fitter *f, uint32_t *label)
{
    size_t n_cols = f->m->base.n_cols;

    for (size_t i = 0; i < BATCH; i++) {
        size_t r = draw_row(f);

        label[i] = f->task->labels[r];
        for (size_t c = 0; c < n_cols; c++)
            f->act[0][i * n_cols + c] = disturb(f, f->x[r * n_cols + c]);
    }
}

/* ---- one step ---- */

static void forward(struct fitter *f)
{
    for (size_t l = 0; l < MLP_LAYERS; l++) {
        const struct mlp_layer *y = &f->m->layer[l];
        float *out = f->act[l + 1];

        dense_multiply(out, f->act[l], y->w, y->bias, BATCH, y->n_in, y->n_out);
        for (size_t i = 0; l + 1 < MLP_LAYERS && i < (size_t)BATCH * y->n_out; i++)
            out[i] = out[i] > 0 ? out[i] : 0.0f;
    }
}

/* Gradient of the mean cross entropy by the scores: softmax less the truth. */
static void judge(struct fitter *f, const uint32_t *label)
{
    size_t k = f->m->base.n_classes;

    memcpy(f->grad[MLP_LAYERS], f->act[MLP_LAYERS], BATCH * k * sizeof(float));
    for (size_t i = 0; i < BATCH; i++) {
        float *g = f->grad[MLP_LAYERS] + i * k;

        link_softmax(g, k);
        g[label[i]] -= 1;
        for (size_t c = 0; c < k; c++)
            g[c] /= BATCH;
    }
}

static void adam(const struct fitter *f, float *restrict v, const float *restrict grad,
                 struct moments *of, size_t n, float decay)
{
    for (size_t i = 0; i < n; i++) {
        float g = grad[i] + decay * v[i];
        float first = MOMENTUM * of->first[i] + (1 - MOMENTUM) * g;
        float second = MOMENTUM2 * of->second[i] + (1 - MOMENTUM2) * g * g;

        of->first[i] = first;
        of->second[i] = second;
        v[i] -= f->rate * (first / f->correct1) / (sqrtf(second / f->correct2) + TINY);
    }
}

/* From the gradient of a layer's outputs to that of its inputs, and a step. */
static void backward_layer(struct fitter *f, size_t l)
{
    struct mlp_layer *y = &f->m->layer[l];
    const float *g = f->grad[l + 1];

    if (l > 0) {
        dense_transpose(f->turned, y->w, y->n_in, y->n_out);
        dense_multiply(f->grad[l], g, f->turned, NULL, BATCH, y->n_out, y->n_in);
        for (size_t i = 0; i < (size_t)BATCH * y->n_in; i++)
            f->grad[l][i] = f->act[l][i] > 0 ? f->grad[l][i] : 0.0f;
    }
    dense_multiply_turned(f->step, f->act[l], g, y->n_in, BATCH, y->n_out);
    memset(f->bias_step, 0, y->n_out * sizeof(float));
    for (size_t i = 0; i < BATCH; i++)
        for (size_t j = 0; j < y->n_out; j++)
            f->bias_step[j] += g[i * y->n_out + j];
    adam(f, y->w, f->step, &f->w[l], (size_t)y->n_in * y->n_out, DECAY);
    adam(f, y->bias, f->bias_step, &f->bias[l], y->n_out, 0);
}

/* From 1 to 0, level at both ends. */
static float schedule(double done)
{
    return (float)(1 - done * done * (3 - 2 * done));
}

static void run(struct fitter *f, uint32_t n_steps)
{
    const struct lw_model_params *p = f->task->params;
    uint32_t label[BATCH];
    float power1 = 1;
    float power2 = 1;

    for (uint32_t t = 0; t < n_steps; t++) {
        double done = (double)t / n_steps;

        if (p->progress != NULL && t % 64 == 0)
            p->progress(p->progress_ctx, done, "training");
        power1 *= MOMENTUM;
        power2 *= MOMENTUM2;
        f->correct1 = 1 - power1;
        f->correct2 = 1 - power2;
        f->rate = RATE * schedule(done);
        draw_batch(f, label);
        forward(f);
        judge(f, label);
        for (size_t l = MLP_LAYERS; l-- > 0;)
            backward_layer(f, l);
    }
}

/* ---- beginning and end ---- */

/* Uniform with the variance 2 / n_in (He et al., ICCV 2015). */
static void begin_weights(struct fitter *f)
{
    for (size_t l = 0; l < MLP_LAYERS; l++) {
        struct mlp_layer *y = &f->m->layer[l];
        double reach = sqrt(6.0 / y->n_in);

        for (size_t i = 0; i < (size_t)y->n_in * y->n_out; i++)
            y->w[i] = (float)(reach * (2 * rng_unit(&f->rng) - 1));
    }
}

static bool moments_init(struct moments *m, size_t n)
{
    m->first = mem_zalloc(n, sizeof *m->first);
    m->second = mem_zalloc(n, sizeof *m->second);
    return m->first != NULL && m->second != NULL;
}

static enum lw_status make_room(struct fitter *f, struct lw_error *err)
{
    size_t n_rows = f->task->x->n_rows;
    size_t n_cols = f->m->base.n_cols;
    size_t widest = n_cols;
    size_t largest = 0;
    bool ok;

    f->upto = mem_zalloc(n_rows, sizeof *f->upto);
    f->x = mem_zalloc(n_rows * n_cols, sizeof *f->x);
    ok = f->upto != NULL && f->x != NULL;
    for (size_t l = 0; l <= MLP_LAYERS; l++) {
        size_t width = l == 0 ? n_cols : f->m->layer[l - 1].n_out;

        widest = width > widest ? width : widest;
        f->act[l] = mem_zalloc(BATCH * width, sizeof *f->act[l]);
        f->grad[l] = mem_zalloc(BATCH * width, sizeof *f->grad[l]);
        ok = ok && f->act[l] != NULL && f->grad[l] != NULL;
    }
    for (size_t l = 0; l < MLP_LAYERS; l++) {
        const struct mlp_layer *y = &f->m->layer[l];
        size_t n = (size_t)y->n_in * y->n_out;

        largest = n > largest ? n : largest;
        ok = moments_init(&f->w[l], n) && ok;
        ok = moments_init(&f->bias[l], y->n_out) && ok;
    }
    largest = BATCH * widest > largest ? BATCH * widest : largest;
    f->turned = mem_zalloc(largest, sizeof *f->turned);
    f->step = mem_zalloc(largest, sizeof *f->step);
    f->bias_step = mem_zalloc(widest, sizeof *f->bias_step);
    ok = ok && f->turned != NULL && f->step != NULL && f->bias_step != NULL;
    return ok ? LW_OK
              : lw_fail(err, LW_ENOMEM, "out of memory: %zu rows to train on", n_rows);
}

static void fitter_release(struct fitter *f)
{
    for (size_t l = 0; l < MLP_LAYERS; l++) {
        mem_free(f->w[l].first);
        mem_free(f->w[l].second);
        mem_free(f->bias[l].first);
        mem_free(f->bias[l].second);
    }
    for (size_t l = 0; l <= MLP_LAYERS; l++) {
        mem_free(f->act[l]);
        mem_free(f->grad[l]);
    }
    mem_free(f->upto);
    mem_free(f->x);
    mem_free(f->turned);
    mem_free(f->step);
    mem_free(f->bias_step);
    mlp_free(f->m);
}

static bool is_sane(const struct mlp *m)
{
    for (size_t l = 0; l < MLP_LAYERS; l++) {
        const struct mlp_layer *y = &m->layer[l];

        for (size_t i = 0; i < (size_t)y->n_in * y->n_out; i++)
            if (!(fabsf(y->w[i]) <= MLP_WEIGHT_MAX))
                return false;
        for (size_t i = 0; i < y->n_out; i++)
            if (!(fabsf(y->bias[i]) <= MLP_WEIGHT_MAX))
                return false;
    }
    return true;
}

static enum lw_status check_params(const struct lw_model_params *p,
                                   struct lw_error *err)
{
    if (!(p->dropout >= 0 && p->dropout < 1))
        return lw_fail(err, LW_EINVAL, "dropout is %g; possible is 0 to below 1",
                       p->dropout);
    if (!(p->noise >= 0 && p->noise <= 100))
        return lw_fail(err, LW_EINVAL, "noise is %g; possible is 0 to 100", p->noise);
    return LW_OK;
}

enum lw_status mlp_fit(struct lw_model **out, const struct model_task *task,
                       struct lw_error *err)
{
    const struct lw_model_params *p = task->params;
    struct fitter f = {
        .task = task, .noise = (float)p->noise, .drop = (uint32_t)(p->dropout * 65536)};
    enum lw_status st = check_params(p, err);

    if (st == LW_OK && task->x->n_cols > MLP_WIDTH_MAX)
        st = lw_fail(err, LW_ELIMIT, "a perceptron over %zu columns; %d are possible",
                     task->x->n_cols, MLP_WIDTH_MAX);
    if (st == LW_OK)
        st = mlp_new(&f.m, (uint32_t)task->x->n_cols,
                     p->hidden == 0 ? DEFAULT_HIDDEN : p->hidden, task->n_classes, err);
    if (st == LW_OK)
        st = make_room(&f, err);
    if (st == LW_OK) {
        rng_init(&f.rng, p->seed);
        scale_rows(&f);
        if (!(f.upto[task->x->n_rows - 1] > 0))
            st = lw_fail(err, LW_EINVAL, "no row has a weight");
    }
    if (st == LW_OK) {
        begin_weights(&f);
        run(&f, p->n_steps == 0 ? DEFAULT_STEPS : p->n_steps);
        if (!is_sane(f.m))
            st = lw_fail(err, LW_EINVAL, "the perceptron's weights ran away");
    }
    if (st == LW_OK) {
        *out = &f.m->base;
        f.m = NULL;
    }
    fitter_release(&f);
    return st;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fitting a dense network by mini-batches; the optimisers are in net_step.c.
 *
 * Dropout divides by the share kept (Srivastava et al., JMLR 15, 2014), so that nothing
 * changes in use; noise on inputs makes a denoising autoencoder when the targets are
 * the inputs (Vincent et al., ICML 2008).
 *
 * Random numbers of an epoch depend on the seed and the epoch's number only, so fitting
 * can be interrupted and taken up again.
 */
#include "base/assert.h"
#include "base/mem.h"
#include "base/rng.h"
#include "learn/dense.h"
#include "learn/net.h"
#include "learn/net_step.h"

#include <math.h>
#include <string.h>

struct fitter {
    struct net *net;
    struct net_state *state;
    const struct net_plan *plan;
    const struct lw_matrix *x;
    const struct lw_matrix *y;
    struct rng rng;
    uint32_t *order;                /* (training rows), owned */
    float *act[NET_LAYERS_MAX + 1]; /* (batch, width) inputs of each layer, owned */
    float *target;                  /* (batch, n_out), owned */
    float *grad[2];                 /* (batch, widest) of the loss by outputs, owned */
    float *turned;                  /* a transposed matrix, owned */
    uint8_t *kept[NET_LAYERS_MAX];  /* (batch, n_out) by dropout, owned */
    float *step;                    /* (n_params) the gradient, owned */
    float *best;                    /* (n_params), owned; NULL without patience */
    bool disturb;
};

enum lw_status net_state_init(struct net_state *s, const struct net *net,
                              struct lw_error *err)
{
    *s = (struct net_state){.n_params = net->n_params};
    s->first = mem_zalloc(net->n_params, sizeof *s->first);
    s->second = mem_zalloc(net->n_params, sizeof *s->second);
    if (s->first != NULL && s->second != NULL)
        return LW_OK;
    net_state_release(s);
    return lw_fail(err, LW_ENOMEM, "out of memory for a network");
}

void net_state_release(struct net_state *s)
{
    mem_free(s->first);
    mem_free(s->second);
    memset(s, 0, sizeof *s);
}

/* ---- forward ---- */

/* Nearly normal: the sum of three even ones, mean 0 and deviation 1. */
static float draw_noise(struct rng *rng)
{
    uint64_t bits = rng_next(rng);
    int32_t sum = (int32_t)(bits & 0xffff) + (int32_t)(bits >> 16 & 0xffff) +
                  (int32_t)(bits >> 32 & 0xffff);

    return (float)(2 * sum - 3 * 0xffff) / 65536.0f;
}

static void add_noise(struct fitter *f, size_t n)
{
    if (!f->disturb || !(f->plan->noise > 0))
        return;
    for (size_t i = 0; i < n; i++)
        f->act[0][i] += f->plan->noise * draw_noise(&f->rng);
}

static void drop(struct fitter *f, uint32_t l, size_t n)
{
    uint64_t limit = (uint64_t)((double)f->plan->dropout * 65536);
    float scale = 1 / (1 - f->plan->dropout);
    uint64_t bits = 0;

    if (!f->disturb || limit == 0 || l + 1 == f->net->n_layers)
        return;
    for (size_t i = 0; i < n; i++, bits >>= 16) {
        if (i % 4 == 0)
            bits = rng_next(&f->rng);
        f->kept[l][i] = (bits & 0xffff) >= limit;
        f->act[l + 1][i] = f->kept[l][i] ? f->act[l + 1][i] * scale : 0.0f;
    }
}

static void forward(struct fitter *f, size_t n)
{
    for (uint32_t l = 0; l < f->net->n_layers; l++) {
        net_run(f->net, l, l + 1, f->act[l], n, f->act[l + 1], f->turned);
        drop(f, l, n * f->net->layer[l].n_out);
    }
}

/* Sum of the losses of a batch of which `all` is the mean's count, and the gradient of
 * that mean (NULL: not wanted). */
static double judge(const struct net_plan *p, const float *said, const float *target,
                    size_t n, size_t all, float *grad)
{
    double sum = 0;

    for (size_t i = 0; i < n; i++) {
        float d = said[i] - target[i];
        float size = fabsf(d);
        bool straight = p->loss == NET_HUBER && size > p->huber;
        float slope = p->loss == NET_MSE ? 2 * d
                      : straight         ? copysignf(p->huber, d)
                                         : d;

        if (p->loss == NET_MSE)
            sum += (double)d * (double)d;
        else
            sum += straight ? (double)(p->huber * (size - 0.5f * p->huber))
                            : 0.5 * (double)d * (double)d;
        if (grad != NULL)
            grad[i] = slope / (float)all;
    }
    return sum;
}

/* ---- backward ---- */

/* From the gradient by a layer's outputs to that by its sums, with the penalties on its
 * activity (mean over n_rows).  Dropout divided outputs by the share kept: that is
 * undone here, where they are looked at for the last time. */
static void through_activation(struct fitter *f, uint32_t l, float *g, size_t n_rows)
{
    const struct net_layer *y = &f->net->layer[l];
    bool dropped = f->disturb && f->plan->dropout > 0 && l + 1 < f->net->n_layers;
    float keep = 1 - f->plan->dropout;
    float l1 = f->plan->activity_l1[l] / (float)n_rows;
    float l2 = 2 * f->plan->activity_l2[l] / (float)n_rows;
    float *out = f->act[l + 1];
    size_t n = n_rows * y->n_out;

    for (size_t i = 0; dropped && i < n; i++) {
        g[i] /= keep;
        out[i] *= keep;
    }
    net_slopes(y->act, out, l1, l2, g, n);
    for (size_t i = 0; dropped && i < n; i++)
        g[i] = f->kept[l][i] ? g[i] : 0;
}

static void backward_layer(struct fitter *f, uint32_t l, const float *g, float *before,
                           size_t n)
{
    const struct net_layer *y = &f->net->layer[l];
    const float *w = f->net->param + y->w;
    float *step = f->step + y->w;
    float *bias = f->step + y->bias;
    float l1 = f->plan->l1;
    float l2 = f->plan->l2;

    if (l > 0) {
        dense_transpose(f->turned, w, y->n_in, y->n_out);
        dense_multiply(before, g, f->turned, NULL, n, y->n_out, y->n_in);
    }
    dense_multiply_turned(step, f->act[l], g, y->n_in, n, y->n_out);
    memset(bias, 0, y->n_out * sizeof *bias);
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < y->n_out; j++)
            bias[j] += g[i * y->n_out + j];
    if (!(l1 > 0) && !(l2 > 0))
        return;
    for (size_t i = 0; i < (size_t)y->n_in * y->n_out; i++)
        step[i] += 2 * l2 * w[i] + (w[i] > 0 ? l1 : w[i] < 0 ? -l1 : 0);
}

/* The whole gradient of a batch into f->step; returns the sum of its losses. */
static double batch_gradient(struct fitter *f, size_t n)
{
    uint32_t last = f->net->n_layers;
    size_t n_out = n * f->net->layer[last - 1].n_out;
    double loss;

    add_noise(f, n * f->net->layer[0].n_in);
    forward(f, n);
    loss = judge(f->plan, f->act[last], f->target, n_out, n_out, f->grad[last % 2]);
    for (uint32_t l = last; l-- > 0;) {
        through_activation(f, l, f->grad[(l + 1) % 2], n);
        backward_layer(f, l, f->grad[(l + 1) % 2], f->grad[l % 2], n);
    }
    return loss;
}

/* ---- epochs ---- */

static void load_batch(struct fitter *f, const uint32_t *order, size_t first, size_t n)
{
    size_t n_in = f->x->n_cols;
    size_t n_out = f->y->n_cols;

    for (size_t i = 0; i < n; i++) {
        size_t r = order == NULL ? first + i : order[first + i];

        memcpy(f->act[0] + i * n_in, f->x->x + r * n_in, n_in * sizeof(float));
        memcpy(f->target + i * n_out, f->y->x + r * n_out, n_out * sizeof(float));
    }
}

static double train_epoch(struct fitter *f, size_t n_train)
{
    double loss = 0;

    f->disturb = true;
    rng_init(&f->rng, f->plan->seed ^ (0x9e3779b97f4a7c15u * (f->state->n_epochs + 1)));
    for (size_t i = 0; i < n_train; i++)
        f->order[i] = (uint32_t)i;
    rng_shuffle(&f->rng, f->order, n_train);
    for (size_t at = 0; at < n_train; at += f->plan->batch) {
        size_t n = n_train - at < f->plan->batch ? n_train - at : f->plan->batch;

        load_batch(f, f->order, at, n);
        loss += batch_gradient(f, n);
        net_step(f->plan, f->state, f->net->param, f->step);
    }
    f->state->n_epochs++;
    return loss / (double)(n_train * f->y->n_cols);
}

/* Mean loss of the rows from n_train on. */
static double validate(struct fitter *f, size_t n_train)
{
    size_t n_rows = f->x->n_rows;
    double loss = 0;

    f->disturb = false;
    for (size_t at = n_train; at < n_rows; at += f->plan->batch) {
        size_t n = n_rows - at < f->plan->batch ? n_rows - at : f->plan->batch;

        load_batch(f, NULL, at, n);
        forward(f, n);
        loss += judge(f->plan, f->act[f->net->n_layers], f->target, n * f->y->n_cols, 1,
                      NULL);
    }
    return n_rows > n_train ? loss / (double)((n_rows - n_train) * f->y->n_cols)
                            : (double)NAN;
}

static bool is_sane(const struct net *net)
{
    for (size_t i = 0; i < net->n_params; i++)
        if (!(fabsf(net->param[i]) <= NET_WEIGHT_MAX))
            return false;
    return true;
}

static enum lw_status run(struct fitter *f, size_t n_train, net_epoch_fn epoch,
                          void *ctx, struct lw_error *err)
{
    const struct net_plan *p = f->plan;
    double best = (double)INFINITY;
    uint32_t since = 0;

    for (uint32_t e = 0; e < p->n_epochs; e++) {
        double loss = train_epoch(f, n_train);
        double held = validate(f, n_train);

        if (!is_sane(f->net) || !isfinite(loss))
            return lw_fail(err, LW_EINVAL,
                           "the network's weights ran away: choose a lower rate");
        if (epoch != NULL)
            epoch(ctx, f->state->n_epochs, loss, held);
        if (p->progress != NULL)
            p->progress(p->progress_ctx, (double)(e + 1) / p->n_epochs, "training");
        if (f->best == NULL)
            continue;
        since = held < best ? 0 : since + 1;
        if (held < best) {
            best = held;
            memcpy(f->best, f->net->param, f->net->n_params * sizeof *f->best);
        }
        if (since >= p->patience)
            break;
    }
    if (f->best != NULL && isfinite(best))
        memcpy(f->net->param, f->best, f->net->n_params * sizeof *f->best);
    return LW_OK;
}

/* ---- beginning and end ---- */

static void fitter_release(struct fitter *f)
{
    for (size_t l = 0; l <= NET_LAYERS_MAX; l++)
        mem_free(f->act[l]);
    for (size_t l = 0; l < NET_LAYERS_MAX; l++)
        mem_free(f->kept[l]);
    mem_free(f->order);
    mem_free(f->target);
    mem_free(f->grad[0]);
    mem_free(f->grad[1]);
    mem_free(f->turned);
    mem_free(f->step);
    mem_free(f->best);
}

static enum lw_status make_room(struct fitter *f, size_t batch, struct lw_error *err)
{
    const struct net *net = f->net;
    size_t widest = net->layer[0].n_in;
    size_t most = 0;
    bool ok = true;

    for (uint32_t l = 0; l < net->n_layers; l++) {
        const struct net_layer *y = &net->layer[l];
        size_t n = (size_t)y->n_in * y->n_out;

        widest = y->n_out > widest ? y->n_out : widest;
        most = n > most ? n : most;
        f->act[l + 1] = mem_zalloc(batch * y->n_out, sizeof *f->act[l + 1]);
        f->kept[l] = mem_zalloc(batch * y->n_out, 1);
        ok = ok && f->act[l + 1] != NULL && f->kept[l] != NULL;
    }
    most = 2 * batch * widest > most ? 2 * batch * widest : most;
    f->act[0] = mem_zalloc(batch * net->layer[0].n_in, sizeof *f->act[0]);
    f->order = mem_zalloc(f->x->n_rows, sizeof *f->order);
    f->target = mem_zalloc(batch * f->y->n_cols, sizeof *f->target);
    f->grad[0] = mem_zalloc(batch * widest, sizeof *f->grad[0]);
    f->grad[1] = mem_zalloc(batch * widest, sizeof *f->grad[1]);
    f->turned = mem_zalloc(most, sizeof *f->turned);
    f->step = mem_zalloc(net->n_params, sizeof *f->step);
    ok = ok && f->act[0] != NULL && f->order != NULL && f->target != NULL &&
         f->grad[0] != NULL && f->grad[1] != NULL && f->turned != NULL &&
         f->step != NULL;
    return ok ? LW_OK
              : lw_fail(err, LW_ENOMEM, "out of memory: %zu rows to train on",
                        f->x->n_rows);
}

static enum lw_status check(const struct net_plan *p, const struct lw_matrix *x,
                            struct lw_error *err)
{
    if (x->n_rows == 0 || x->n_rows > UINT32_MAX)
        return lw_fail(err, LW_EINVAL, "a network cannot learn from %zu rows",
                       x->n_rows);
    if (!(p->rate > 0) || !(p->dropout >= 0 && p->dropout < 1) || p->batch < 1 ||
        !(p->validation >= 0 && p->validation < 1) || p->n_epochs > NET_EPOCHS_MAX ||
        !(p->noise >= 0) || !(p->l1 >= 0) || !(p->l2 >= 0) ||
        (p->loss == NET_HUBER && !(p->huber > 0)))
        return lw_fail(err, LW_EINVAL, "a setting of the network is out of range");
    return LW_OK;
}

enum lw_status net_fit(struct net *net, struct net_state *state,
                       const struct net_plan *plan, const struct lw_matrix *x,
                       const struct lw_matrix *y, net_epoch_fn epoch, void *ctx,
                       struct lw_error *err)
{
    struct fitter f = {.net = net, .state = state, .plan = plan, .x = x, .y = y};
    size_t n_held = (size_t)(plan->validation * (double)x->n_rows);
    enum lw_status st = check(plan, x, err);

    LW_ASSERT(x->n_rows == y->n_rows && x->n_cols == net->layer[0].n_in &&
              y->n_cols == net->layer[net->n_layers - 1].n_out &&
              state->n_params == net->n_params);
    if (st == LW_OK)
        st = make_room(&f, plan->batch, err);
    if (st == LW_OK && plan->patience > 0 && n_held > 0) {
        f.best = mem_zalloc(net->n_params, sizeof *f.best);
        if (f.best == NULL)
            st = lw_fail(err, LW_ENOMEM, "out of memory for a network");
    }
    if (st == LW_OK)
        st = run(&f, x->n_rows - n_held, epoch, ctx, err);
    fitter_release(&f);
    return st;
}

static double penalties(const struct fitter *f)
{
    const struct net_plan *p = f->plan;
    double sum = 0;

    for (uint32_t l = 0; l < f->net->n_layers; l++) {
        const struct net_layer *y = &f->net->layer[l];

        for (size_t i = y->w; i < y->bias; i++) {
            double w = (double)f->net->param[i];

            sum += (double)p->l1 * fabs(w) + (double)p->l2 * w * w;
        }
        for (size_t i = 0; i < f->x->n_rows * y->n_out; i++) {
            double a = (double)f->act[l + 1][i];

            sum += ((double)p->activity_l1[l] * fabs(a) +
                    (double)p->activity_l2[l] * a * a) /
                   (double)f->x->n_rows;
        }
    }
    return sum;
}

enum lw_status net_gradient(const struct net *net, const struct net_plan *plan,
                            const struct lw_matrix *x, const struct lw_matrix *y,
                            double *loss, float *gradient, struct lw_error *err)
{
    struct net copy = *net; /* borrows the parameters; nothing writes to them */
    struct fitter f = {.net = &copy, .plan = plan, .x = x, .y = y};
    enum lw_status st = make_room(&f, x->n_rows, err);

    if (st == LW_OK) {
        load_batch(&f, NULL, 0, x->n_rows);
        *loss = batch_gradient(&f, x->n_rows) / (double)(x->n_rows * y->n_cols) +
                penalties(&f);
        memcpy(gradient, f.step, net->n_params * sizeof *gradient);
    }
    fitter_release(&f);
    return st;
}

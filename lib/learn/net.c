/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Form, use and storage of a dense network.
 *
 * The exponential of the activations is in single precision and free of branches, so
 * that the compiler makes vectors of it: e^x = 2^k e^r with k = round(x / ln 2) and the
 * Taylor sum to r^7, which leaves 0.347^8 / 8! < 6e-9.  Only additions, multiplications
 * and bit patterns, so every machine gives the same bits.
 */
#include "learn/net.h"

#include "base/mem.h"
#include "base/quick.h"
#include "base/rng.h"
#include "base/simd.h"
#include "learn/dense.h"
#include "learn/store.h"

#include <math.h>
#include <string.h>

const char *const net_acts[] = {"linear", "relu", "tanh", "sigmoid", NULL};
const char *const net_optimisers[] = {"adam", "adadelta", "sgd", NULL};
const char *const net_losses[] = {"mse", "huber", NULL};

void net_release(struct net *net)
{
    mem_free(net->param);
    memset(net, 0, sizeof *net);
}

enum lw_status net_init(struct net *net, uint32_t n_layers, const uint32_t *width,
                        const enum net_act *act, struct lw_error *err)
{
    memset(net, 0, sizeof *net);
    if (n_layers < 1 || n_layers > NET_LAYERS_MAX)
        return lw_fail(err, LW_ELIMIT, "a network of %u layers; 1 to %d are possible",
                       n_layers, NET_LAYERS_MAX);
    for (uint32_t l = 0; l <= n_layers; l++)
        if (width[l] < 1 || width[l] > NET_WIDTH_MAX)
            return lw_fail(err, LW_ELIMIT,
                           "a layer of %u units in a network; 1 to %d are possible",
                           width[l], NET_WIDTH_MAX);
    for (uint32_t l = 0; l < n_layers; l++) {
        struct net_layer *y = &net->layer[l];

        *y = (struct net_layer){width[l], width[l + 1], act[l], net->n_params, 0};
        y->bias = y->w + (size_t)y->n_in * y->n_out;
        net->n_params = y->bias + y->n_out;
    }
    net->n_layers = n_layers;
    net->param = mem_zalloc(net->n_params, sizeof *net->param);
    return net->param == NULL ? lw_fail(err, LW_ENOMEM, "out of memory for a network")
                              : LW_OK;
}

void net_begin(struct net *net, uint64_t seed)
{
    struct rng rng;

    rng_init(&rng, seed);
    for (uint32_t l = 0; l < net->n_layers; l++) {
        const struct net_layer *y = &net->layer[l];
        double reach =
            y->act == NET_RELU ? sqrt(6.0 / y->n_in) : sqrt(6.0 / (y->n_in + y->n_out));

        for (size_t i = y->w; i < y->bias; i++)
            net->param[i] = (float)(reach * (2 * rng_unit(&rng) - 1));
        memset(net->param + y->bias, 0, y->n_out * sizeof *net->param);
    }
}

/* ---- use ---- */

/* e^x for |x| <= 80, eight at a time, in place. */
QUICK_INLINE void small_exp(quick8 *x)
{
    static const float round = 0x1.8p+23f;
    quick8 k = (*x * 0x1.715476p+0f + round) - round;
    quick8 r = (*x - k * 0x1.62e4p-1f) - k * 0x1.7f7d1cp-20f;
    quick8 sum = (quick8){0} + 1.0f / 5040;

    sum = sum * r + 1.0f / 720;
    sum = sum * r + 1.0f / 120;
    sum = sum * r + 1.0f / 24;
    sum = sum * r + 1.0f / 6;
    sum = sum * r + 0.5f;
    sum = sum * r + 1.0f;
    sum = sum * r + 1.0f;
    *x = sum * (quick8)((__builtin_convertvector(k, quick8_bits) + 127) * (1 << 23));
}

QUICK_INLINE void bounded(quick8 *v, float most)
{
    quick8_put(v, most, ~(*v < most));
    quick8_put(v, -most, ~(*v > -most));
}

QUICK_INLINE void activate_some(enum net_act act, quick8 *v)
{
    if (act == NET_RELU) {
        quick8_put(v, 0.0f, ~(*v > 0.0f));
    } else if (act == NET_TANH) {
        bounded(v, 10);
        *v *= 2.0f;
        small_exp(v);
        *v = 1.0f - 2.0f / (*v + 1.0f);
    } else {
        bounded(v, 80);
        *v = -*v;
        small_exp(v);
        *v = 1.0f / (1.0f + *v);
    }
}

/* Whole vectors, and one more with what is left. */
QUICK_INLINE void activate_loop(enum net_act act, float *v, size_t n)
{
    enum { SOME = sizeof(quick8) / sizeof(float) };
    quick8 x = {0};
    size_t i = 0;

    for (; i + SOME <= n; i += SOME) {
        memcpy(&x, v + i, sizeof x);
        activate_some(act, &x);
        memcpy(v + i, &x, sizeof x);
    }
    if (i == n)
        return;
    x = (quick8){0};
    memcpy(&x, v + i, (n - i) * sizeof *v);
    activate_some(act, &x);
    memcpy(v + i, &x, (n - i) * sizeof *v);
}

QUICK_INLINE void activate_as(enum net_act act, float *v, size_t n)
{
    if (act == NET_RELU)
        activate_loop(NET_RELU, v, n);
    else if (act == NET_TANH)
        activate_loop(NET_TANH, v, n);
    else if (act == NET_SIGMOID)
        activate_loop(NET_SIGMOID, v, n);
}

/* The same operations with the vectors that the processor has: the same bits. */
SIMD_AVX2 static void activate_avx2(enum net_act act, float *v, size_t n)
{
    activate_as(act, v, n);
}

static void activate(enum net_act act, float *v, size_t n)
{
    if (simd_has_avx2()) {
        activate_avx2(act, v, n);
        return;
    }
    activate_as(act, v, n);
}

static uint32_t widest(const struct net *net)
{
    uint32_t most = net->layer[0].n_in;

    for (uint32_t l = 0; l < net->n_layers; l++)
        most = net->layer[l].n_out > most ? net->layer[l].n_out : most;
    return most;
}

size_t net_scratch(const struct net *net, size_t n_rows)
{
    return 2 * n_rows * widest(net);
}

void net_run(const struct net *net, uint32_t from, uint32_t upto, const float *rows,
             size_t n_rows, float *out, float *scratch)
{
    float *half[2] = {scratch, scratch + n_rows * widest(net)};
    const float *in = rows;

    for (uint32_t l = from; l < upto; l++) {
        const struct net_layer *y = &net->layer[l];
        float *to = l + 1 == upto ? out : half[l % 2];

        dense_multiply(to, in, net->param + y->w, net->param + y->bias, n_rows, y->n_in,
                       y->n_out);
        activate(y->act, to, n_rows * y->n_out);
        in = to;
    }
}

/* ---- storage ---- */

void net_save(const struct net *net, struct buf *out)
{
    buf_add_le32(out, net->n_layers);
    buf_add_le32(out, net->layer[0].n_in);
    for (uint32_t l = 0; l < net->n_layers; l++) {
        buf_add_le32(out, net->layer[l].n_out);
        buf_add_u8(out, (uint8_t)net->layer[l].act);
    }
    store_floats(out, net->param, net->n_params);
}

/* Parameters of layers of that shape. */
static uint64_t count_params(uint32_t n_layers, const uint32_t *width)
{
    uint64_t n = 0;

    for (uint32_t l = 0; l < n_layers; l++)
        n += ((uint64_t)width[l] + 1) * width[l + 1];
    return n;
}

enum lw_status net_load(struct net *net, struct span *s, struct lw_error *err)
{
    uint32_t width[NET_LAYERS_MAX + 1];
    enum net_act act[NET_LAYERS_MAX];
    uint32_t n_layers;
    enum lw_status st;

    memset(net, 0, sizeof *net);
    if (!span_take_le32(s, &n_layers) || !span_take_le32(s, &width[0]))
        return lw_fail(err, LW_ETRUNCATED, "network: cut off in its header");
    if (n_layers < 1 || n_layers > NET_LAYERS_MAX)
        return lw_fail(err, LW_EFORMAT, "network: %u layers", n_layers);
    for (uint32_t l = 0; l < n_layers; l++) {
        uint8_t which;

        if (!span_take_le32(s, &width[l + 1]) || !span_take_u8(s, &which))
            return lw_fail(err, LW_ETRUNCATED, "network: cut off in its layers");
        if (which >= NET_N_ACTS || width[l] > NET_WIDTH_MAX ||
            width[l + 1] > NET_WIDTH_MAX)
            return lw_fail(err, LW_EFORMAT, "network: layer %u is impossible", l);
        act[l] = (enum net_act)which;
    }
    /* Before memory is asked for: the bytes must be there. */
    if (s->n / sizeof(float) < count_params(n_layers, width))
        return lw_fail(err, LW_ETRUNCATED, "network: %zu bytes do not fill its layers",
                       s->n);
    st = net_init(net, n_layers, width, act, err);
    if (st != LW_OK)
        return st;
    if (store_take_floats(s, net->param, net->n_params, NET_WEIGHT_MAX))
        return LW_OK;
    net_release(net);
    return lw_fail(err, LW_EFORMAT, "network: a weight is impossible");
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Optimisers: stochastic gradient descent with momentum (Polyak, 1964), Adam (Kingma
 * and Ba, ICLR 2015) and Adadelta (Zeiler, arXiv:1212.5701, 2012), with the constants
 * of their papers.
 *
 * Eight numbers at a time, which the compiler does not do by itself where there are
 * square roots; what is left over is done as one more vector.  The operations are those
 * of IEEE, so every machine makes the same steps.
 */
#include "learn/net_step.h"

#include "base/quick.h"
#include "base/simd.h"

#include <string.h>

#define ADAM_MOMENTUM  0.9f
#define ADAM_MOMENTUM2 0.999f
#define ADAM_TINY      1e-8f
#define DELTA_DECAY    0.95f
#define DELTA_TINY     1e-6f

enum { LANES = sizeof(quick8) / sizeof(float) };

/* ---- optimisers ---- */

struct optimiser {
    enum net_optimiser kind;
    float rate;
    float momentum;
    float correct1; /* of Adam: 1 - momentum^steps */
    float correct2;
};

QUICK_INLINE void step_adam(const struct optimiser *o, quick8 *v, quick8 *m1,
                            quick8 *m2, const quick8 *g)
{
    quick8 root;

    *m1 = ADAM_MOMENTUM * *m1 + (1 - ADAM_MOMENTUM) * *g;
    *m2 = ADAM_MOMENTUM2 * *m2 + (1 - ADAM_MOMENTUM2) * *g * *g;
    root = *m2 / o->correct2;
    quick8_sqrt(&root);
    *v -= o->rate * (*m1 / o->correct1) / (root + ADAM_TINY);
}

QUICK_INLINE void step_adadelta(const struct optimiser *o, quick8 *v, quick8 *of_step,
                                quick8 *of_grad, const quick8 *g)
{
    quick8 root = *of_step + DELTA_TINY;
    quick8 below;
    quick8 d;

    *of_grad = DELTA_DECAY * *of_grad + (1 - DELTA_DECAY) * *g * *g;
    below = *of_grad + DELTA_TINY;
    quick8_sqrt(&root);
    quick8_sqrt(&below);
    d = root / below * *g;
    *of_step = DELTA_DECAY * *of_step + (1 - DELTA_DECAY) * d * d;
    *v -= o->rate * d;
}

QUICK_INLINE void step_sgd(const struct optimiser *o, quick8 *v, quick8 *speed,
                           const quick8 *g)
{
    *speed = o->momentum * *speed + *g;
    *v -= o->rate * *speed;
}

/* n <= LANES numbers of each. */
QUICK_INLINE void step_some(const struct optimiser *o, float *v, float *first,
                            float *second, const float *g, size_t n)
{
    quick8 some[4] = {{0}};

    memcpy(&some[0], v, n * sizeof *v);
    memcpy(&some[1], first, n * sizeof *v);
    memcpy(&some[2], second, n * sizeof *v);
    memcpy(&some[3], g, n * sizeof *v);
    if (o->kind == NET_ADAM)
        step_adam(o, &some[0], &some[1], &some[2], &some[3]);
    else if (o->kind == NET_ADADELTA)
        step_adadelta(o, &some[0], &some[1], &some[2], &some[3]);
    else
        step_sgd(o, &some[0], &some[1], &some[3]);
    memcpy(v, &some[0], n * sizeof *v);
    memcpy(first, &some[1], n * sizeof *v);
    memcpy(second, &some[2], n * sizeof *v);
}

QUICK_INLINE void step_body(const struct optimiser *o, float *v, float *first,
                            float *second, const float *g, size_t n)
{
    size_t i = 0;

    for (; i + LANES <= n; i += LANES)
        step_some(o, v + i, first + i, second + i, g + i, LANES);
    step_some(o, v + i, first + i, second + i, g + i, n - i);
}

static void step_plain(const struct optimiser *o, float *v, float *first, float *second,
                       const float *g, size_t n)
{
    step_body(o, v, first, second, g, n);
}

SIMD_AVX2 static void step_avx2(const struct optimiser *o, float *v, float *first,
                                float *second, const float *g, size_t n)
{
    step_body(o, v, first, second, g, n);
}

/* 1 - base^n by repeated multiplication: pow() is not the same everywhere. */
static float correction(float base, uint64_t n)
{
    double power = 1;
    double b = (double)base;

    for (; n > 0; n >>= 1) {
        power *= n & 1 ? b : 1;
        b *= b;
    }
    return (float)(1 - power);
}

void net_step(const struct net_plan *plan, struct net_state *state, float *param,
              const float *gradient)
{
    struct optimiser o = {plan->optimiser, plan->rate, plan->momentum, 1, 1};

    state->n_steps++;
    o.correct1 = correction(ADAM_MOMENTUM, state->n_steps);
    o.correct2 = correction(ADAM_MOMENTUM2, state->n_steps);
    (simd_has_avx2() ? step_avx2 : step_plain)(&o, param, state->first, state->second,
                                               gradient, state->n_params);
}

/* ---- slopes ---- */

/* What g is times: the activation's slope by what it gave. */
QUICK_INLINE void slope_of(enum net_act act, const quick8 *out, quick8 *slope)
{
    *slope = (quick8){0} + 1.0f;
    if (act == NET_RELU)
        quick8_put(slope, 0.0f, ~(*out > 0.0f));
    else if (act == NET_TANH)
        *slope = 1.0f - *out * *out;
    else if (act == NET_SIGMOID)
        *slope = *out * (1.0f - *out);
}

QUICK_INLINE void slopes_some(enum net_act act, const float *out, float l1, float l2,
                              float *g, size_t n)
{
    quick8 o = {0};
    quick8 v = {0};
    quick8 push = {0};
    quick8 slope;

    memcpy(&o, out, n * sizeof *out);
    memcpy(&v, g, n * sizeof *g);
    quick8_put(&push, l1, o > 0.0f);
    quick8_put(&push, -l1, o < 0.0f);
    slope_of(act, &o, &slope);
    v = (v + l2 * o + push) * slope;
    memcpy(g, &v, n * sizeof *g);
}

QUICK_INLINE void slopes_as(enum net_act act, const float *out, float l1, float l2,
                            float *g, size_t n)
{
    size_t i = 0;

    for (; i + LANES <= n; i += LANES)
        slopes_some(act, out + i, l1, l2, g + i, LANES);
    slopes_some(act, out + i, l1, l2, g + i, n - i);
}

QUICK_INLINE void slopes_body(enum net_act act, const float *out, float l1, float l2,
                              float *g, size_t n)
{
    if (act == NET_RELU)
        slopes_as(NET_RELU, out, l1, l2, g, n);
    else if (act == NET_TANH)
        slopes_as(NET_TANH, out, l1, l2, g, n);
    else if (act == NET_SIGMOID)
        slopes_as(NET_SIGMOID, out, l1, l2, g, n);
    else
        slopes_as(NET_LINEAR, out, l1, l2, g, n);
}

static void slopes_plain(enum net_act act, const float *out, float l1, float l2,
                         float *g, size_t n)
{
    slopes_body(act, out, l1, l2, g, n);
}

SIMD_AVX2 static void slopes_avx2(enum net_act act, const float *out, float l1,
                                  float l2, float *g, size_t n)
{
    slopes_body(act, out, l1, l2, g, n);
}

void net_slopes(enum net_act act, const float *out, float l1, float l2, float *g,
                size_t n)
{
    (simd_has_avx2() ? slopes_avx2 : slopes_plain)(act, out, l1, l2, g, n);
}

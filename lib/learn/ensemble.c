/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Scoring goes by blocks of sixteen rows, one a lane: each sum is in the order of the
 * inputs whatever the vectors, and no operation is fused, so a row's score has the same
 * bits alone, in any block and on any processor.
 *
 * The gradient is that of the cross-entropy between input and output, both within 0 and
 * 1: unlike that of the squared error it does not vanish where a sigmoid is flat.
 */
#include "learn/ensemble.h"

#include "base/assert.h"
#include "base/mem.h"
#include "base/quick.h"
#include "base/simd.h"
#include "learn/store.h"

#include <math.h>
#include <string.h>

enum { LANES = ENSEMBLE_BLOCK, HALF = LANES / 2 };

#define FORCE_INLINE static inline __attribute__((always_inline))

#define WEIGHT_MOST 1e6F
#define RANGE_MOST  1e30F

/* ---- setting up ------------------------------------------------------------------ */

static uint32_t hidden_of(uint32_t n)
{
    return (3 * n + 3) / 4;
}

static size_t weights_of(uint32_t n)
{
    return 2 * (size_t)n * hidden_of(n) + n + hidden_of(n);
}

static float *place(struct small_net *net, uint32_t n, uint32_t first, float *w)
{
    net->n = n;
    net->hidden = hidden_of(n);
    net->first = first;
    net->w1 = w;
    net->b1 = net->w1 + (size_t)net->hidden * n;
    net->w2 = net->b1 + net->hidden;
    net->b2 = net->w2 + (size_t)n * net->hidden;
    return net->b2 + n;
}

/* Memory for groups of these sizes. */
static bool lay_out(struct ensemble *e, const uint32_t *sizes, uint32_t n_nets)
{
    uint32_t first = 0;
    float *w;

    e->n_nets = n_nets;
    e->n_weights = weights_of(n_nets);
    for (uint32_t k = 0; k < n_nets; k++)
        e->n_weights += weights_of(sizes[k]);
    e->weights = mem_zalloc(e->n_weights, sizeof *e->weights);
    if (e->weights == NULL)
        return false;
    w = e->weights;
    for (uint32_t k = 0; k < n_nets; k++) {
        w = place(&e->nets[k], sizes[k], first, w);
        first += sizes[k];
    }
    (void)place(&e->nets[n_nets], n_nets, 0, w);
    return true;
}

/* What never varied in training stands out by any change that a float shows well. */
static float scale_of(float least, float most)
{
    float narrowest = 1e-3F * fmaxf(1.0F, fmaxf(fabsf(least), fabsf(most)));

    return 1.0F / fmaxf(most - least, narrowest);
}

static void randomise(struct small_net *net, struct rng *rng)
{
    float span = 1.0F / (float)net->n;

    for (size_t i = 0; i < (size_t)net->n * net->hidden; i++) {
        net->w1[i] = span * (float)(2 * rng_unit(rng) - 1);
        net->w2[i] = span * (float)(2 * rng_unit(rng) - 1);
    }
}

enum lw_status ensemble_init(struct ensemble *e, uint32_t n_cols, const uint8_t *group,
                             const float *least, const float *most, float clip,
                             struct rng *rng, struct lw_error *err)
{
    uint32_t sizes[ENSEMBLE_COLS_MAX] = {0};
    uint32_t n_nets = 0;
    uint32_t n = 0;

    LW_ASSERT(n_cols > 0 && n_cols <= ENSEMBLE_COLS_MAX);
    *e = (struct ensemble){.n_cols = n_cols, .clip = clip};
    for (uint32_t c = 0; c < n_cols; c++) {
        sizes[group[c]]++;
        n_nets = group[c] >= n_nets ? group[c] + 1U : n_nets;
    }
    for (uint32_t k = 0; k < n_nets; k++)
        for (uint32_t c = 0; c < n_cols; c++) {
            if (group[c] != k)
                continue;
            e->order[n] = (uint8_t)c;
            e->low[n] = least[c];
            e->scale[n++] = scale_of(least[c], most[c]);
        }
    if (!lay_out(e, sizes, n_nets))
        return lw_fail(err, LW_ENOMEM, "out of memory");
    for (uint32_t k = 0; k <= n_nets; k++)
        randomise(&e->nets[k], rng);
    return LW_OK;
}

void ensemble_release(struct ensemble *e)
{
    mem_free(e->weights);
    *e = (struct ensemble){0};
}

/* ---- one row --------------------------------------------------------------------- */

static inline float scaled(float x, float low, float scale, float clip)
{
    float v = (x - low) * scale;

    v = v < -clip ? -clip : v;
    return v > 1.0F + clip ? 1.0F + clip : v;
}

static void take_inputs(const struct ensemble *e, const struct small_net *net,
                        const float *row, float *x)
{
    for (uint32_t i = 0; i < net->n; i++) {
        uint32_t at = net->first + i;

        x[i] = scaled(row[e->order[at]], e->low[at], e->scale[at], e->clip);
    }
}

static void layer(const float *x, const float *w, const float *b, uint32_t n_in,
                  uint32_t n_out, float *out)
{
    for (uint32_t j = 0; j < n_out; j++) {
        float sum = b[j];

        for (uint32_t i = 0; i < n_in; i++)
            sum += w[j * n_in + i] * x[i];
        out[j] = quick_sigmoid(sum);
    }
}

/* Root mean squared difference of input and output; h and y are what comes about. */
static float give_back(const struct small_net *net, const float *x, float *h, float *y)
{
    float sum = 0;

    layer(x, net->w1, net->b1, net->n, net->hidden, h);
    layer(h, net->w2, net->b2, net->hidden, net->n, y);
    for (uint32_t i = 0; i < net->n; i++)
        sum += (y[i] - x[i]) * (y[i] - x[i]);
    return sqrtf(sum / (float)net->n);
}

static void step(struct small_net *net, const float *x, float rate)
{
    float h[ENSEMBLE_COLS_MAX];
    float y[ENSEMBLE_COLS_MAX];
    float back[ENSEMBLE_COLS_MAX] = {0};

    (void)give_back(net, x, h, y);
    for (uint32_t i = 0; i < net->n; i++) {
        float d = y[i] - x[i];
        float *w = net->w2 + (size_t)i * net->hidden;

        for (uint32_t j = 0; j < net->hidden; j++) {
            back[j] += d * w[j];
            w[j] -= rate * d * h[j];
        }
        net->b2[i] -= rate * d;
    }
    for (uint32_t j = 0; j < net->hidden; j++) {
        float d = back[j] * h[j] * (1.0F - h[j]);
        float *w = net->w1 + (size_t)j * net->n;

        for (uint32_t i = 0; i < net->n; i++)
            w[i] -= rate * d * x[i];
        net->b1[j] -= rate * d;
    }
}

void ensemble_fit_groups(struct ensemble *e, const float *row, float rate)
{
    float x[ENSEMBLE_COLS_MAX];

    for (uint32_t k = 0; k < e->n_nets; k++) {
        take_inputs(e, &e->nets[k], row, x);
        step(&e->nets[k], x, rate);
    }
}

void ensemble_errors(const struct ensemble *e, const float *row, float *out)
{
    float x[ENSEMBLE_COLS_MAX];
    float h[ENSEMBLE_COLS_MAX];
    float y[ENSEMBLE_COLS_MAX];

    for (uint32_t k = 0; k < e->n_nets; k++) {
        take_inputs(e, &e->nets[k], row, x);
        out[k] = give_back(&e->nets[k], x, h, y);
    }
}

void ensemble_set_errors(struct ensemble *e, const float *least, const float *most)
{
    for (uint32_t k = 0; k < e->n_nets; k++) {
        e->net_low[k] = least[k];
        e->net_scale[k] = 1.0F / fmaxf(most[k] - least[k], 1e-3F);
    }
}

void ensemble_fit_top(struct ensemble *e, const float *errors, float rate)
{
    float x[ENSEMBLE_COLS_MAX];

    for (uint32_t k = 0; k < e->n_nets; k++)
        x[k] = scaled(errors[k], e->net_low[k], e->net_scale[k], e->clip);
    step(&e->nets[e->n_nets], x, rate);
}

uint32_t ensemble_worst(const struct ensemble *e, const float *row)
{
    float errors[ENSEMBLE_COLS_MAX];
    float x[ENSEMBLE_COLS_MAX] = {0};
    float h[ENSEMBLE_COLS_MAX];
    float y[ENSEMBLE_COLS_MAX];
    const struct small_net *net = &e->nets[0];
    float most = -1.0F;
    uint32_t worst = 0;

    ensemble_errors(e, row, errors);
    for (uint32_t k = 0; k < e->n_nets; k++) {
        float v = scaled(errors[k], e->net_low[k], e->net_scale[k], e->clip);

        if (v > most) {
            most = v;
            net = &e->nets[k];
        }
    }
    take_inputs(e, net, row, x);
    (void)give_back(net, x, h, y);
    most = -1.0F;
    for (uint32_t i = 0; i < net->n; i++)
        if (fabsf(y[i] - x[i]) > most) {
            most = fabsf(y[i] - x[i]);
            worst = e->order[net->first + i];
        }
    return worst;
}

/* ---- a block of rows ------------------------------------------------------------- */

_Static_assert(sizeof(quick8) == HALF * sizeof(float), "half a block is a vector");

typedef quick8 half;

enum { TOGETHER = 6 }; /* outputs: their sums, of two halves each, stay in registers */

/* n outputs, a constant where it is called: sums in memory would be most of the work.
 */
FORCE_INLINE void sum_some(const half *x, const float *w, const float *b, uint32_t n_in,
                           uint32_t n, half *out)
{
    half sum[2 * TOGETHER];

#pragma GCC unroll 6
    for (uint32_t j = 0; j < n; j++)
        sum[2 * j] = sum[2 * j + 1] = (half){0} + b[j];
    for (uint32_t i = 0; i < n_in; i++)
#pragma GCC unroll 6
        for (uint32_t j = 0; j < n; j++) {
            sum[2 * j] += w[j * n_in + i] * x[2 * i];
            sum[2 * j + 1] += w[j * n_in + i] * x[2 * i + 1];
        }
#pragma GCC unroll 6
    for (uint32_t j = 0; j < n; j++) {
        quick8_sigmoid(&sum[2 * j]);
        quick8_sigmoid(&sum[2 * j + 1]);
        out[2 * j] = sum[2 * j];
        out[2 * j + 1] = sum[2 * j + 1];
    }
}

FORCE_INLINE void block_layer(const half *x, const float *w, const float *b,
                              uint32_t n_in, uint32_t n_out, half *out)
{
    while (n_out > 0) {
        uint32_t n = n_out <= TOGETHER ? n_out : n_out <= 8 ? 4 : TOGETHER;

        switch (n) {
        case 1:
            sum_some(x, w, b, n_in, 1, out);
            break;
        case 2:
            sum_some(x, w, b, n_in, 2, out);
            break;
        case 3:
            sum_some(x, w, b, n_in, 3, out);
            break;
        case 4:
            sum_some(x, w, b, n_in, 4, out);
            break;
        case 5:
            sum_some(x, w, b, n_in, 5, out);
            break;
        default:
            sum_some(x, w, b, n_in, TOGETHER, out);
            break;
        }
        w += (size_t)n * n_in;
        b += n;
        out += 2 * (size_t)n;
        n_out -= n;
    }
}

/* Two halves a column. */
struct block {
    half x[2 * ENSEMBLE_COLS_MAX];
    half h[2 * ENSEMBLE_COLS_MAX];
    half y[2 * ENSEMBLE_COLS_MAX];
    float errors[LANES * ENSEMBLE_COLS_MAX];
};

/* Loaded as it is used: a vector that was stored in parts makes its load wait. */
FORCE_INLINE void block_scaled(const float *from, float low, float scale, float clip,
                               half *to)
{
    for (uint32_t i = 0; i < 2; i++) {
        half v = (*(const quick8_at *)(from + (size_t)i * HALF) - low) * scale;

        quick8_put(&v, -clip, v < -clip);
        quick8_put(&v, 1.0F + clip, v > 1.0F + clip);
        to[i] = v;
    }
}

FORCE_INLINE void block_give_back(const struct small_net *net, struct block *b,
                                  float *out)
{
    half sum[2] = {{0}, {0}};

    block_layer(b->x, net->w1, net->b1, net->n, net->hidden, b->h);
    block_layer(b->h, net->w2, net->b2, net->hidden, net->n, b->y);
    for (uint32_t i = 0; i < net->n; i++)
        for (uint32_t k = 0; k < 2; k++) {
            half d = b->y[2 * i + k] - b->x[2 * i + k];

            sum[k] += d * d;
        }
    for (uint32_t k = 0; k < 2; k++) {
        sum[k] /= (float)net->n;
        quick8_sqrt(&sum[k]);
        *(quick8_at *)(out + (size_t)k * HALF) = sum[k];
    }
}

FORCE_INLINE void score_loop(const struct ensemble *e, const float *x, float *out)
{
    struct block b;

    for (uint32_t k = 0; k < e->n_nets; k++) {
        const struct small_net *net = &e->nets[k];

        for (uint32_t i = 0; i < net->n; i++) {
            uint32_t at = net->first + i;

            block_scaled(x + (size_t)e->order[at] * LANES, e->low[at], e->scale[at],
                         e->clip, b.x + 2 * (size_t)i);
        }
        block_give_back(net, &b, b.errors + (size_t)k * LANES);
    }
    for (uint32_t k = 0; k < e->n_nets; k++)
        block_scaled(b.errors + (size_t)k * LANES, e->net_low[k], e->net_scale[k],
                     e->clip, b.x + 2 * (size_t)k);
    block_give_back(&e->nets[e->n_nets], &b, out);
}

SIMD_AVX2 static void score_avx2(const struct ensemble *e, const float *x, float *out)
{
    score_loop(e, x, out);
}

void ensemble_score(const struct ensemble *e, const float *x, float out[ENSEMBLE_BLOCK])
{
    if (simd_has_avx2()) {
        score_avx2(e, x, out);
        return;
    }
    score_loop(e, x, out);
}

/* ---- the stored form --------------------------------------------------------------
 *
 *     u32 n_cols, n_nets    f32 clip    u8 size of each group    u8 order (n_cols)
 *     f32 low, scale (n_cols)    f32 net_low, net_scale (n_nets)
 *     f32 weights, net by net: w1, b1, w2, b2
 */

void ensemble_save(const struct ensemble *e, struct buf *out)
{
    buf_add_le32(out, e->n_cols);
    buf_add_le32(out, e->n_nets);
    buf_add_f32(out, e->clip);
    for (uint32_t k = 0; k < e->n_nets; k++)
        buf_add_u8(out, (uint8_t)e->nets[k].n);
    for (uint32_t i = 0; i < e->n_cols; i++)
        buf_add_u8(out, e->order[i]);
    store_floats(out, e->low, e->n_cols);
    store_floats(out, e->scale, e->n_cols);
    store_floats(out, e->net_low, e->n_nets);
    store_floats(out, e->net_scale, e->n_nets);
    store_floats(out, e->weights, e->n_weights);
}

static bool load_groups(struct ensemble *e, struct span *in)
{
    uint32_t sizes[ENSEMBLE_COLS_MAX] = {0};
    uint32_t n = 0;

    for (uint32_t k = 0; k < e->n_nets; k++) {
        uint8_t size;

        if (!span_take_u8(in, &size) || size == 0)
            return false;
        sizes[k] = size;
        n += size;
    }
    for (uint32_t i = 0; n == e->n_cols && i < n; i++)
        if (!span_take_u8(in, &e->order[i]) || e->order[i] >= n)
            return false;
    return n == e->n_cols && lay_out(e, sizes, e->n_nets);
}

enum lw_status ensemble_load(struct ensemble *e, struct span in, uint32_t n_cols,
                             struct lw_error *err)
{
    bool ok;

    *e = (struct ensemble){0};
    ok = span_take_le32(&in, &e->n_cols) && e->n_cols == n_cols &&
         n_cols <= ENSEMBLE_COLS_MAX && span_take_le32(&in, &e->n_nets) &&
         e->n_nets > 0 && e->n_nets <= n_cols && span_take_f32(&in, &e->clip) &&
         e->clip >= 0.0F && e->clip <= WEIGHT_MOST && load_groups(e, &in) &&
         store_take_floats(&in, e->low, n_cols, RANGE_MOST) &&
         store_take_floats(&in, e->scale, n_cols, RANGE_MOST) &&
         store_take_floats(&in, e->net_low, e->n_nets, RANGE_MOST) &&
         store_take_floats(&in, e->net_scale, e->n_nets, RANGE_MOST) &&
         store_take_floats(&in, e->weights, e->n_weights, WEIGHT_MOST) && in.n == 0;
    if (ok)
        return LW_OK;
    ensemble_release(e);
    return lw_fail(err, LW_EFORMAT, "the ensemble of autoencoders is damaged");
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A multilayer perceptron of two hidden layers with rectifiers.
 *
 * In a file: u32 hidden width; per column f32 mean, f32 deviation, u8 squash (0 or 1);
 * then per layer f32 weights (n_in, n_out) and f32 bias (n_out).
 */
#include "learn/mlp.h"

#include "base/assert.h"
#include "base/mem.h"
#include "base/simd.h"
#include "learn/dense.h"
#include "learn/link.h"
#include "learn/mlp_c.h"

#include <math.h>
#include <string.h>

static const struct mlp *mlp_of(const struct lw_model *m)
{
    return (const struct mlp *)m;
}

void mlp_free(struct mlp *m)
{
    if (m == NULL)
        return;
    mem_free(m->mean);
    mem_free(m->deviation);
    mem_free(m->squash);
    for (size_t l = 0; l < MLP_LAYERS; l++) {
        mem_free(m->layer[l].w);
        mem_free(m->layer[l].bias);
    }
    mem_free(m);
}

static void free_model(struct lw_model *m)
{
    mlp_free((struct mlp *)m);
}

enum lw_status mlp_new(struct mlp **out, uint32_t n_cols, uint32_t hidden,
                       uint32_t n_classes, struct lw_error *err)
{
    const uint32_t width[MLP_LAYERS + 1] = {n_cols, hidden, hidden, n_classes};
    struct mlp *m;
    bool ok;

    if (n_cols < 1 || n_cols > MLP_WIDTH_MAX || hidden < 1 || hidden > MLP_WIDTH_MAX ||
        n_classes < 2 || n_classes > MLP_CLASSES_MAX)
        return lw_fail(err, LW_ELIMIT,
                       "a perceptron of %u columns, %u hidden units and %u classes",
                       n_cols, hidden, n_classes);
    m = mem_zalloc(1, sizeof *m);
    if (m == NULL)
        return lw_fail(err, LW_ENOMEM, "out of memory for a perceptron");
    m->base.ops = &model_mlp;
    m->base.n_cols = n_cols;
    m->base.n_classes = n_classes;
    m->mean = mem_zalloc(n_cols, sizeof *m->mean);
    m->deviation = mem_zalloc(n_cols, sizeof *m->deviation);
    m->squash = mem_zalloc(n_cols, sizeof *m->squash);
    ok = m->mean != NULL && m->deviation != NULL && m->squash != NULL;
    for (size_t l = 0; l < MLP_LAYERS; l++) {
        struct mlp_layer *y = &m->layer[l];

        y->n_in = width[l];
        y->n_out = width[l + 1];
        y->w = mem_zalloc((size_t)y->n_in * y->n_out, sizeof *y->w);
        y->bias = mem_zalloc(y->n_out, sizeof *y->bias);
        ok = ok && y->w != NULL && y->bias != NULL;
    }
    if (!ok) {
        mlp_free(m);
        return lw_fail(err, LW_ENOMEM, "out of memory for a perceptron");
    }
    *out = m;
    return LW_OK;
}

/* ---- use ---- */

SIMD_BODY void scale_body(const struct mlp *m, float *v)
{
    for (uint32_t c = 0; c < m->base.n_cols; c++) {
        float x = (v[c] - m->mean[c]) / m->deviation[c];

        x = x > MLP_CLIP ? MLP_CLIP : x;
        x = x < -MLP_CLIP ? -MLP_CLIP : x;
        v[c] = isnan(x) ? 0.0f : x;
    }
}

static void scale_plain(const struct mlp *m, float *v)
{
    scale_body(m, v);
}

SIMD_AVX2 static void scale_avx2(const struct mlp *m, float *v)
{
    scale_body(m, v);
}

void mlp_scale(const struct mlp *m, const float *row, float *out)
{
    uint32_t n = m->base.n_cols;

    for (uint32_t c = 0, end; c < n; c = end) {
        for (end = c + 1; end < n && m->squash[end] == m->squash[c];)
            end++;
        if (m->squash[c])
            link_squash_all(row + c, end - c, out + c);
        else
            memcpy(out + c, row + c, (end - c) * sizeof *out);
    }
    (simd_has_avx2() ? scale_avx2 : scale_plain)(m, out);
}

static void rectify(float *v, size_t n)
{
    for (size_t i = 0; i < n; i++)
        v[i] = v[i] > 0 ? v[i] : 0.0f;
}

/* Rows that fit `BLOCK_FLOATS` in the widest layer are done side by side. */
enum { BLOCK_FLOATS = 4 * MLP_WIDTH_MAX };

static size_t block_rows(const struct mlp *m)
{
    uint32_t widest = m->base.n_cols;

    for (size_t l = 0; l < MLP_LAYERS; l++)
        widest = m->layer[l].n_out > widest ? m->layer[l].n_out : widest;
    return BLOCK_FLOATS / widest;
}

/* The second hidden layer of no more than block_rows() rows: out (n_rows, n_out). */
static void hidden_of(const struct mlp *m, const float *rows, size_t n_rows, float *out)
{
    const struct mlp_layer *y = m->layer;
    float in[BLOCK_FLOATS];
    float one[BLOCK_FLOATS];

    in[0] = 0; /* there is a row, but compilers do not know */
    for (size_t r = 0; r < n_rows; r++)
        mlp_scale(m, rows + r * y[0].n_in, in + r * y[0].n_in);
    dense_multiply(one, in, y[0].w, y[0].bias, n_rows, y[0].n_in, y[0].n_out);
    rectify(one, n_rows * y[0].n_out);
    dense_multiply(out, one, y[1].w, y[1].bias, n_rows, y[1].n_in, y[1].n_out);
    rectify(out, n_rows * y[1].n_out);
}

static void mlp_margins(const struct lw_model *model, const float *rows, size_t n_rows,
                        float *out)
{
    const struct mlp *m = mlp_of(model);
    const struct mlp_layer *y = m->layer;
    size_t block = block_rows(m);
    float two[BLOCK_FLOATS];

    LW_ASSERT(y[0].n_in == model->n_cols && y[1].n_in == y[0].n_out &&
              y[2].n_in == y[1].n_out);
    for (size_t at = 0; at < n_rows; at += block) {
        size_t n = n_rows - at < block ? n_rows - at : block;

        hidden_of(m, rows + at * model->n_cols, n, two);
        dense_multiply(out + at * model->n_classes, two, y[2].w, y[2].bias, n,
                       y[2].n_in, y[2].n_out);
    }
}

static uint32_t mlp_latent(const struct lw_model *model, const float *rows,
                           size_t n_rows, float *out)
{
    const struct mlp *m = mlp_of(model);
    uint32_t width = m->layer[1].n_out;
    size_t block = block_rows(m);

    for (size_t at = 0; out != NULL && at < n_rows; at += block) {
        size_t n = n_rows - at < block ? n_rows - at : block;

        hidden_of(m, rows + at * model->n_cols, n, out + at * width);
    }
    return width;
}

static void mlp_predict(const struct lw_model *m, const float *rows, size_t n_rows,
                        float *out)
{
    mlp_margins(m, rows, n_rows, out);
    for (size_t r = 0; r < n_rows; r++)
        link_softmax(out + r * m->n_classes, m->n_classes);
}

/* ---- reasons ---- */

/*
 * DeepLIFT's rescale rule (Shrikumar et al., "Learning important features through
 * propagating activation differences", ICML 2017): what a score differs from that of a
 * reference is handed back layer by layer, through a rectifier in proportion to how
 * much its output and its input differ.  The reference is the mean training row, which
 * is 0 in scaled columns; a missing value is taken for it, so it gets nothing.  One
 * walk back costs as much as one row's score, and the shares sum to the difference.
 * Shapley values of the network would cost thousands of scores.
 */

/* Below this a rectifier's input is as the reference's, and its slope is taken. */
#define SAME_INPUT 1e-9

/* Sums a unit gets: bias and the layer below, out (n_out). */
static void feed(const struct mlp_layer *y, const double *in, double *out)
{
    for (uint32_t j = 0; j < y->n_out; j++)
        out[j] = (double)y->bias[j];
    for (uint32_t i = 0; i < y->n_in; i++)
        for (uint32_t j = 0; j < y->n_out; j++)
            out[j] += in[i] * (double)y->w[(size_t)i * y->n_out + j];
}

/* Rectify the sums of a row and of the reference; slope: how much of a difference goes
 * through. */
static void rectify_both(double *row, double *reference, double *slope, uint32_t n)
{
    for (uint32_t j = 0; j < n; j++) {
        double before = row[j] - reference[j];
        double left = row[j] > 0 ? 1 : 0;

        row[j] = fmax(row[j], 0);
        reference[j] = fmax(reference[j], 0);
        slope[j] = fabs(before) > SAME_INPUT ? (row[j] - reference[j]) / before : left;
    }
}

/* From the shares of a layer's outputs to those of its inputs, in (n_in). */
static void hand_back(const struct mlp_layer *y, const double *out, double *in)
{
    for (uint32_t i = 0; i < y->n_in; i++) {
        in[i] = 0;
        for (uint32_t j = 0; j < y->n_out; j++)
            in[i] += out[j] * (double)y->w[(size_t)i * y->n_out + j];
    }
}

static enum lw_status mlp_contributions(const struct lw_model *model, const float *row,
                                        uint32_t class_idx, double *phi,
                                        struct lw_error *err)
{
    const struct mlp *m = mlp_of(model);
    const struct mlp_layer *y = m->layer;
    uint32_t k = y[2].n_out;
    float scaled[MLP_WIDTH_MAX];
    double x[2][MLP_WIDTH_MAX] = {{0}}; /* the row's values, the reference's */
    double a[2][MLP_WIDTH_MAX];
    double b[2][MLP_WIDTH_MAX];
    double slope_a[MLP_WIDTH_MAX];
    double slope_b[MLP_WIDTH_MAX];

    (void)err;
    mlp_scale(m, row, scaled);
    for (uint32_t c = 0; c < model->n_cols; c++)
        x[0][c] = (double)scaled[c];
    for (size_t s = 0; s < 2; s++)
        feed(&y[0], x[s], a[s]);
    rectify_both(a[0], a[1], slope_a, y[0].n_out);
    for (size_t s = 0; s < 2; s++)
        feed(&y[1], a[s], b[s]);
    rectify_both(b[0], b[1], slope_b, y[1].n_out);
    phi[model->n_cols] = (double)y[2].bias[class_idx];
    for (uint32_t j = 0; j < y[2].n_in; j++) {
        double w = (double)y[2].w[(size_t)j * k + class_idx];

        phi[model->n_cols] += b[1][j] * w;
        slope_b[j] *= w;
    }
    hand_back(&y[1], slope_b, a[0]);
    for (uint32_t j = 0; j < y[0].n_out; j++)
        slope_a[j] *= a[0][j];
    hand_back(&y[0], slope_a, x[1]);
    for (uint32_t c = 0; c < model->n_cols; c++)
        phi[c] = x[0][c] * x[1][c];
    return LW_OK;
}

/* ---- storage ---- */

static void save_floats(struct buf *out, const float *v, size_t n)
{
    for (size_t i = 0; i < n; i++)
        buf_add_f32(out, v[i]);
}

static void mlp_save(const struct lw_model *model, struct buf *out)
{
    const struct mlp *m = mlp_of(model);

    buf_add_le32(out, m->layer[0].n_out);
    for (uint32_t c = 0; c < model->n_cols; c++) {
        buf_add_f32(out, m->mean[c]);
        buf_add_f32(out, m->deviation[c]);
        buf_add_u8(out, m->squash[c] ? 1 : 0);
    }
    for (size_t l = 0; l < MLP_LAYERS; l++) {
        const struct mlp_layer *y = &m->layer[l];

        save_floats(out, y->w, (size_t)y->n_in * y->n_out);
        save_floats(out, y->bias, y->n_out);
    }
}

static bool load_weights(struct span *s, float *v, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!span_take_f32(s, &v[i]) || !(fabsf(v[i]) <= MLP_WEIGHT_MAX))
            return false;
    return true;
}

static bool load_inputs(struct span *s, struct mlp *m)
{
    for (uint32_t c = 0; c < m->base.n_cols; c++) {
        uint8_t squash;

        if (!span_take_f32(s, &m->mean[c]) || !isfinite(m->mean[c]) ||
            !span_take_f32(s, &m->deviation[c]) || !isfinite(m->deviation[c]) ||
            !(m->deviation[c] > 0) || !span_take_u8(s, &squash) || squash > 1)
            return false;
        m->squash[c] = squash == 1;
    }
    return true;
}

/* Bytes of a perceptron behind its hidden width. */
static uint64_t stored_bytes(uint64_t n_cols, uint64_t hidden, uint64_t n_classes)
{
    return 9 * n_cols + 4 * (n_cols * hidden + hidden + hidden * hidden + hidden +
                             hidden * n_classes + n_classes);
}

static enum lw_status mlp_load(struct lw_model **out, struct span s, uint32_t n_cols,
                               uint32_t n_classes, struct lw_error *err)
{
    struct mlp *m = NULL;
    uint32_t hidden;
    enum lw_status st;
    bool ok;

    if (!span_take_le32(&s, &hidden))
        return lw_fail(err, LW_ETRUNCATED, "perceptron: cut off in its header");
    /* Before memory is asked for: the bytes must be there. */
    if (hidden > MLP_WIDTH_MAX || n_cols > MLP_WIDTH_MAX ||
        n_classes > MLP_CLASSES_MAX || s.n != stored_bytes(n_cols, hidden, n_classes))
        return lw_fail(err, LW_EFORMAT, "perceptron: %zu bytes do not fit its %u units",
                       s.n, hidden);
    st = mlp_new(&m, n_cols, hidden, n_classes, err);
    if (st != LW_OK)
        return st;
    LW_ASSERT(m != NULL);
    ok = load_inputs(&s, m);
    for (size_t l = 0; ok && l < MLP_LAYERS; l++) {
        struct mlp_layer *y = &m->layer[l];

        ok = load_weights(&s, y->w, (size_t)y->n_in * y->n_out) &&
             load_weights(&s, y->bias, y->n_out);
    }
    if (!ok) {
        mlp_free(m);
        return lw_fail(err, LW_EFORMAT, "perceptron: a weight or scale is impossible");
    }
    *out = &m->base;
    return LW_OK;
}

const struct model_ops model_mlp = {
    .name = "mlp",
    .doc = "a perceptron of two hidden layers",
    .fit = mlp_fit,
    .predict = mlp_predict,
    .margins = mlp_margins,
    .latent = mlp_latent,
    .contributions = mlp_contributions,
    .to_c = mlp_to_c,
    .save = mlp_save,
    .load = mlp_load,
    .free = free_model,
};

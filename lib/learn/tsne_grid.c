/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Points spread their charge over the nodes of a grid, the grid is convolved with the
 * potential of one charge, and points read the potential and its slope from the nodes
 * around them.  This is the idea of Linderman and others, "Fast interpolation-based
 * t-SNE for improved visualization of single-cell RNA-seq data" (Nature Methods 2019),
 * in the form that is usual for electrostatics (Essmann and others, "A smooth particle
 * mesh Ewald method", J. Chem. Phys. 1995): with cubic B-splines, whose slope is
 * smooth, the force is the slope of the potential, and one convolution is enough where
 * interpolation by polynomials needs four.
 *
 * The potential of a unit charge, 1 / (1 + r^2), is smooth on the scale of 1, and its
 * spectrum falls off like exp(-k): nodes a third of a unit apart catch it, and where a
 * smaller map leaves nodes over they stand closer. Spreading and reading multiply the
 * spectrum by that of the spline, which is divided out of the kernel.
 *
 * The grid of M by M nodes is convolved by Fourier transforms of length N = 2 M, the
 * rest being zero (fourier.h).  Two real columns make a complex one.  What a point
 * feels of itself is known beforehand, and taken away.
 */
#include "learn/tsne_grid.h"

#include "base/assert.h"
#include "base/mem.h"
#include "base/simd.h"
#include "learn/fourier.h"

#include <math.h>
#include <string.h>

enum {
    SIDE = FOURIER_SIDE,
    NODES_MIN = 64,
    NODES_MAX = 1024,
    MARGIN = 3,
    NEAR = 7,
    SELF = 33
};

/* Between nodes, in units of the map. */
#define SPACING_MAX  0.34
#define SPACING_MIN  0.06
#define SPACING_STEP 0.84

struct tsne_grid {
    size_t m;            /* nodes a side */
    size_t n;            /* 2 m */
    size_t stride;       /* of rows in `charge` and `wave`: no power of two, which would
  put all rows of a strip in the same lines of the cache */
    size_t n_waves;      /* m + 1, padded to SIDE */
    double spacing;      /* between nodes */
    float *charge;       /* (m, m), then the potential; owned */
    float *wave_re;      /* (n_waves, m), owned */
    float *wave_im;      /* (n_waves, m), owned */
    float *kernel;       /* (n, n_waves), owned: rows in the order of the transform */
    struct fourier turn; /* of length n */
    struct fourier_strip *work; /* (n), owned */
    float self[SELF][SELF][3];  /* what a point feels of itself, by where it is between
  nodes: potential, and its slopes over x and y */
};

static void release(struct tsne_grid *g)
{
    mem_free(g->charge);
    mem_free(g->wave_re);
    mem_free(g->wave_im);
    mem_free(g->kernel);
    fourier_release(&g->turn);
    mem_free(g->work);
    *g = (struct tsne_grid){0};
}

void tsne_grid_free(struct tsne_grid *g)
{
    if (g == NULL)
        return;
    release(g);
    mem_free(g);
}

enum lw_status tsne_grid_new(struct tsne_grid **out, struct lw_error *err)
{
    struct tsne_grid *g = mem_zalloc(1, sizeof *g);

    if (g == NULL)
        return lw_fail(err, LW_ENOMEM, "out of memory for a grid");
    *out = g;
    return LW_OK;
}

/* ---- tables for a number of nodes ---- */

/* Squared spectrum of a cubic B-spline at frequency k of n; e^(-2 pi i k / n) has the
 * cosine. */
static double spline_spectrum(const struct tsne_grid *g, size_t k)
{
    double b = (2 + (double)g->turn.wave[2 * (k % g->n)]) / 3;

    return b * b;
}

static double unit_potential(const struct tsne_grid *g, size_t i, size_t j)
{
    double x = (double)(i <= g->m ? i : g->n - i) * g->spacing;
    double y = (double)(j <= g->m ? j : g->n - j) * g->spacing;

    return 1 / (1 + x * x + y * y);
}

/* The potential is even both ways, so its spectrum is real. */
static enum lw_status make_kernel(struct tsne_grid *g, struct lw_error *err)
{
    size_t n = g->n;
    float *half = mem_zalloc(g->n_waves * n, sizeof *half);

    if (half == NULL)
        return lw_fail(err, LW_ENOMEM, "out of memory for a grid");
    for (size_t x = 0; x < n; x += SIDE) {
        memset(g->work, 0, n * sizeof *g->work);
        for (size_t y = 0; y < n; y++)
            for (size_t i = 0; i < SIDE; i++)
                g->work[y].re[i] = (float)unit_potential(g, x + i, y);
        fourier_forward(&g->turn, g->work);
        for (size_t k = 0; k <= g->m; k++)
            memcpy(half + k * n + x, g->work[g->turn.place[k]].re, sizeof g->work->re);
    }
    for (size_t k = 0; k < g->n_waves; k += SIDE) {
        memset(g->work, 0, n * sizeof *g->work);
        for (size_t x = 0; x < n; x++)
            for (size_t i = 0; i < SIDE; i++)
                g->work[x].re[i] = half[(k + i) * n + x];
        fourier_forward(&g->turn, g->work);
        for (size_t w = 0; w < n; w++)
            for (size_t i = 0; i < SIDE; i++) {
                double by = spline_spectrum(g, w) * spline_spectrum(g, k + i);

                g->kernel[g->turn.place[w] * g->n_waves + k + i] =
                    (float)((double)g->work[g->turn.place[w]].re[i] / by /
                            ((double)n * (double)n));
            }
    }
    mem_free(half);
    return LW_OK;
}

static enum lw_status make_tables(struct tsne_grid *g, size_t m, double spacing,
                                  struct lw_error *err)
{
    size_t n = 2 * m;

    release(g);
    g->m = m;
    g->n = n;
    g->n_waves = m + SIDE;
    g->stride = m + SIDE;
    g->spacing = spacing;
    g->charge = mem_alloc_table(m * g->stride, sizeof *g->charge);
    g->wave_re = mem_alloc_table(g->n_waves * g->stride, sizeof *g->wave_re);
    g->wave_im = mem_alloc_table(g->n_waves * g->stride, sizeof *g->wave_im);
    g->kernel = mem_alloc_table(n * g->n_waves, sizeof *g->kernel);
    g->work = mem_alloc_table(n, sizeof *g->work);
    if (g->charge == NULL || g->wave_re == NULL || g->wave_im == NULL ||
        g->kernel == NULL || g->work == NULL || !fourier_init(&g->turn, n)) {
        release(g);
        return lw_fail(err, LW_ENOMEM, "out of memory for a grid of %zu nodes", m * m);
    }
    memset(g->wave_re, 0, g->n_waves * g->stride * sizeof *g->wave_re);
    memset(g->wave_im, 0, g->n_waves * g->stride * sizeof *g->wave_im);
    return make_kernel(g, err);
}

/* ---- convolution ---- */

/* One frequency of two real columns, `far` apart in re and im, from that of the complex
 * one that they were and its mirror. */
SIMD_BODY void part(const struct fourier_strip *restrict a,
                    const struct fourier_strip *restrict b, float *restrict re,
                    float *restrict im, size_t far)
{
    for (size_t i = 0; i < SIDE; i++) {
        re[i] = 0.5f * (a->re[i] + b->re[i]);
        im[i] = 0.5f * (a->im[i] - b->im[i]);
    }
    for (size_t i = 0; i < SIDE; i++) {
        re[far + i] = 0.5f * (a->im[i] + b->im[i]);
        im[far + i] = 0.5f * (b->re[i] - a->re[i]);
    }
}

/* The other way round. */
SIMD_BODY void unite(struct fourier_strip *restrict a, struct fourier_strip *restrict b,
                     const float *restrict re, const float *restrict im, size_t far)
{
    for (size_t i = 0; i < SIDE; i++) {
        a->re[i] = re[i] - im[far + i];
        a->im[i] = im[i] + re[far + i];
        b->re[i] = re[i] + im[far + i];
        b->im[i] = re[far + i] - im[i];
    }
}

/* Columns x and x + m / 2 are the real and the imaginary part of one. */
SIMD_BODY void columns_forward(struct tsne_grid *g, size_t x)
{
    size_t m = g->m;
    size_t far = x + m / 2;

    for (size_t y = 0; y < m; y++) {
        memcpy(g->work[y].re, g->charge + y * g->stride + x, sizeof g->work->re);
        memcpy(g->work[y].im, g->charge + y * g->stride + far, sizeof g->work->im);
    }
    memset(g->work + m, 0, m * sizeof *g->work);
    fourier_forward(&g->turn, g->work);
    for (size_t k = 0; k <= m; k++)
        part(&g->work[g->turn.place[k]], &g->work[g->turn.place[k == 0 ? 0 : g->n - k]],
             g->wave_re + k * g->stride + x, g->wave_im + k * g->stride + x, m / 2);
}

SIMD_BODY void columns_backward(struct tsne_grid *g, size_t x)
{
    size_t m = g->m;
    size_t far = x + m / 2;

    for (size_t k = 1; k < m; k++)
        unite(&g->work[g->turn.place[k]], &g->work[g->turn.place[g->n - k]],
              g->wave_re + k * g->stride + x, g->wave_im + k * g->stride + x, m / 2);
    /* Their own mirrors, which are real. */
    for (size_t k = 0; k <= m; k += m) {
        struct fourier_strip *a = &g->work[g->turn.place[k]];

        memcpy(a->re, g->wave_re + k * g->stride + x, sizeof a->re);
        memcpy(a->im, g->wave_re + k * g->stride + far, sizeof a->im);
    }
    fourier_backward(&g->turn, g->work);
    for (size_t y = 0; y < m; y++) {
        memcpy(g->charge + y * g->stride + x, g->work[y].re, sizeof g->work->re);
        memcpy(g->charge + y * g->stride + far, g->work[y].im, sizeof g->work->im);
    }
}

typedef float four __attribute__((vector_size(16)));

/* Four rows of four become columns. */
SIMD_BODY void turn_tile(float *to, size_t to_stride, const float *from,
                         size_t from_stride)
{
    four a;
    four b;
    four c;
    four d;
    four t[4];

    memcpy(&a, from, sizeof a);
    memcpy(&b, from + from_stride, sizeof b);
    memcpy(&c, from + 2 * from_stride, sizeof c);
    memcpy(&d, from + 3 * from_stride, sizeof d);
    t[0] = __builtin_shufflevector(a, b, 0, 4, 1, 5);
    t[1] = __builtin_shufflevector(c, d, 0, 4, 1, 5);
    t[2] = __builtin_shufflevector(a, b, 2, 6, 3, 7);
    t[3] = __builtin_shufflevector(c, d, 2, 6, 3, 7);
    a = __builtin_shufflevector(t[0], t[1], 0, 1, 4, 5);
    b = __builtin_shufflevector(t[0], t[1], 2, 3, 6, 7);
    c = __builtin_shufflevector(t[2], t[3], 0, 1, 4, 5);
    d = __builtin_shufflevector(t[2], t[3], 2, 3, 6, 7);
    memcpy(to, &a, sizeof a);
    memcpy(to + to_stride, &b, sizeof b);
    memcpy(to + 2 * to_stride, &c, sizeof c);
    memcpy(to + 3 * to_stride, &d, sizeof d);
}

enum { TILE = 4, STRIP_STRIDE = sizeof(struct fourier_strip) / sizeof(float) };

/* 16 rows of waves as columns. */
SIMD_BODY void turn_in(struct fourier_strip *to, const struct tsne_grid *g, size_t k)
{
    for (size_t x = 0; x < g->m; x += TILE)
        for (size_t i = 0; i < SIDE; i += TILE) {
            size_t from = (k + i) * g->stride + x;

            turn_tile(to[x].re + i, STRIP_STRIDE, g->wave_re + from, g->stride);
            turn_tile(to[x].im + i, STRIP_STRIDE, g->wave_im + from, g->stride);
        }
}

SIMD_BODY void turn_out(struct tsne_grid *g, const struct fourier_strip *from, size_t k)
{
    for (size_t x = 0; x < g->m; x += TILE)
        for (size_t i = 0; i < SIDE; i += TILE) {
            size_t to = (k + i) * g->stride + x;

            turn_tile(g->wave_re + to, g->stride, from[x].re + i, STRIP_STRIDE);
            turn_tile(g->wave_im + to, g->stride, from[x].im + i, STRIP_STRIDE);
        }
}

SIMD_BODY void rows_convolve(struct tsne_grid *g, size_t k)
{
    turn_in(g->work, g, k);
    memset(g->work + g->m, 0, g->m * sizeof *g->work);
    fourier_forward(&g->turn, g->work);
    for (size_t w = 0; w < g->n; w++) {
        const float *restrict by = g->kernel + w * g->n_waves + k;
        struct fourier_strip *restrict v = &g->work[w];

        for (size_t i = 0; i < SIDE; i++) {
            v->re[i] *= by[i];
            v->im[i] *= by[i];
        }
    }
    fourier_backward(&g->turn, g->work);
    turn_out(g, g->work, k);
}

SIMD_BODY void convolve_body(struct tsne_grid *g)
{
    for (size_t x = 0; x < g->m / 2; x += SIDE)
        columns_forward(g, x);
    for (size_t k = 0; k < g->n_waves; k += SIDE)
        rows_convolve(g, k);
    for (size_t x = 0; x < g->m / 2; x += SIDE)
        columns_backward(g, x);
}

SIMD_AVX2 static void convolve_avx2(struct tsne_grid *g)
{
    convolve_body(g);
}

/* The same operations with the vectors that the processor has: the same bits. */
static void convolve(struct tsne_grid *g)
{
    if (simd_has_avx2()) {
        convolve_avx2(g);
        return;
    }
    convolve_body(g);
}

/* ---- points ---- */

/* The first of four nodes, and a cubic B-spline's weights there. */
static size_t spline(float at, float w[4])
{
    size_t i = (size_t)at;
    float f = at - (float)i;
    float g = 1 - f;

    w[0] = g * g * g / 6;
    w[1] = (3 * f * f * f - 6 * f * f + 4) / 6;
    w[2] = (3 * g * g * g - 6 * g * g + 4) / 6;
    w[3] = f * f * f / 6;
    return i - 1;
}

static void spline_slope(float at, float w[4])
{
    float f = at - (float)(size_t)at;
    float g = 1 - f;

    w[0] = -g * g / 2;
    w[1] = (3 * f * f - 4 * f) / 2;
    w[2] = (4 * g - 3 * g * g) / 2;
    w[3] = f * f / 2;
}

/* What a unit charge makes of the nodes around it. */
static void find_near(struct tsne_grid *g, float near[NEAR][NEAR])
{
    size_t middle = g->m / 2;

    memset(g->charge, 0, g->m * g->stride * sizeof *g->charge);
    g->charge[middle * g->stride + middle] = 1;
    convolve(g);
    for (size_t r = 0; r < NEAR; r++)
        for (size_t c = 0; c < NEAR; c++)
            near[r][c] =
                g->charge[(middle + r - NEAR / 2) * g->stride + middle + c - NEAR / 2];
}

static void find_self_at(float out[3], float near[NEAR][NEAR], float x, float y)
{
    float w[2][4];
    float slope[2][4];

    (void)spline(1 + x, w[0]);
    (void)spline(1 + y, w[1]);
    spline_slope(1 + x, slope[0]);
    spline_slope(1 + y, slope[1]);
    memset(out, 0, 3 * sizeof *out);
    for (size_t r = 0; r < 4; r++)
        for (size_t c = 0; c < 4; c++) {
            float at = 0;

            for (size_t a = 0; a < 4; a++)
                for (size_t b = 0; b < 4; b++)
                    at += near[3 + r - a][3 + c - b] * w[1][a] * w[0][b];
            out[0] += w[1][r] * w[0][c] * at;
            out[1] += w[1][r] * slope[0][c] * at;
            out[2] += slope[1][r] * w[0][c] * at;
        }
}

/* A point's own charge pushes it towards the middle between nodes, or away; where
 * points are sparse that is not small beside what others do. */
static void find_self(struct tsne_grid *g)
{
    float near[NEAR][NEAR];

    find_near(g, near);
    for (size_t y = 0; y < SELF; y++)
        for (size_t x = 0; x < SELF; x++) /* the last is 1, as good as 0 but for the
                                             node it is counted from */
            find_self_at(g->self[y][x], near,
                         x + 1 < SELF ? (float)x / (SELF - 1) : 0.9999999f,
                         y + 1 < SELF ? (float)y / (SELF - 1) : 0.9999999f);
}

static void take_self(const struct tsne_grid *g, float u, float v, float felt[3])
{
    float x = (u - (float)(size_t)u) * (SELF - 1);
    float y = (v - (float)(size_t)v) * (SELF - 1);
    size_t c = (size_t)x;
    size_t r = (size_t)y;
    float fx = x - (float)c;
    float fy = y - (float)r;

    for (size_t i = 0; i < 3; i++) {
        float low = g->self[r][c][i] * (1 - fx) + g->self[r][c + 1][i] * fx;
        float high = g->self[r + 1][c][i] * (1 - fx) + g->self[r + 1][c + 1][i] * fx;

        felt[i] -= low * (1 - fy) + high * fy;
    }
}

struct frame {
    float low[2];
    float per_unit; /* nodes */
};

static float node_of(const struct frame *f, const float *y, size_t axis)
{
    return (y[axis] - f->low[axis]) * f->per_unit + MARGIN;
}

static enum lw_status choose_nodes(struct tsne_grid *g, struct frame *f, const float *y,
                                   size_t n, struct lw_error *err)
{
    float high[2] = {y[0], y[1]};
    double span;
    double spacing = SPACING_MAX;
    double fit;
    enum lw_status st;
    size_t m = NODES_MIN;

    f->low[0] = y[0];
    f->low[1] = y[1];
    for (size_t i = 1; i < n; i++)
        for (size_t a = 0; a < 2; a++) {
            f->low[a] = y[2 * i + a] < f->low[a] ? y[2 * i + a] : f->low[a];
            high[a] = y[2 * i + a] > high[a] ? y[2 * i + a] : high[a];
        }
    span =
        fmax((double)high[0] - (double)f->low[0], (double)high[1] - (double)f->low[1]);
    while (m < NODES_MAX && span > spacing * (double)(m - 2 * (size_t)MARGIN))
        m = m % 3 == 0 ? m / 3 * 4 : m / 2 * 3;
    fit = span / (double)(m - 2 * (size_t)MARGIN);
    while (spacing < fit)
        spacing /= SPACING_STEP;
    while (spacing * SPACING_STEP > fit && spacing > SPACING_MIN)
        spacing *= SPACING_STEP;
    f->per_unit = (float)(1 / spacing);
    if (g->m == m && g->spacing >= spacing && g->spacing <= spacing)
        return LW_OK;
    st = make_tables(g, m, spacing, err);
    if (st == LW_OK)
        find_self(g);
    return st;
}

static void spread(struct tsne_grid *g, const struct frame *f, const float *y, size_t n)
{
    float wx[4];
    float wy[4];

    memset(g->charge, 0, g->m * g->stride * sizeof *g->charge);
    for (size_t i = 0; i < n; i++) {
        size_t x0 = spline(node_of(f, y + 2 * i, 0), wx);
        size_t y0 = spline(node_of(f, y + 2 * i, 1), wy);

        for (size_t r = 0; r < 4; r++) {
            float *row = g->charge + (y0 + r) * g->stride + x0;

            for (size_t c = 0; c < 4; c++)
                row[c] += wy[r] * wx[c];
        }
    }
}

/* Potential and slopes at a place between nodes. */
static void feel(const struct tsne_grid *g, float u, float v, float felt[3])
{
    float w[2][4];
    float slope[2][4];
    size_t x0 = spline(u, w[0]);
    size_t y0 = spline(v, w[1]);

    spline_slope(u, slope[0]);
    spline_slope(v, slope[1]);
    felt[0] = felt[1] = felt[2] = 0;
    for (size_t r = 0; r < 4; r++) {
        const float *row = g->charge + (y0 + r) * g->stride + x0;
        float across = (row[0] * w[0][0] + row[1] * w[0][1]) +
                       (row[2] * w[0][2] + row[3] * w[0][3]);

        felt[0] += w[1][r] * across;
        felt[1] += w[1][r] * ((row[0] * slope[0][0] + row[1] * slope[0][1]) +
                              (row[2] * slope[0][2] + row[3] * slope[0][3]));
        felt[2] += slope[1][r] * across;
    }
}

static double read_back(const struct tsne_grid *g, const struct frame *f,
                        const float *y, size_t n, float *push)
{
    double total = 0;

    for (size_t i = 0; i < n; i++) {
        float u = node_of(f, y + 2 * i, 0);
        float v = node_of(f, y + 2 * i, 1);
        float felt[3];

        feel(g, u, v, felt);
        take_self(g, u, v, felt);
        total += (double)felt[0];
        push[2 * i] = -0.5f * f->per_unit * felt[1];
        push[2 * i + 1] = -0.5f * f->per_unit * felt[2];
    }
    return total;
}

enum lw_status tsne_grid_push(struct tsne_grid *g, const float *y, size_t n,
                              float *push, double *total, struct lw_error *err)
{
    struct frame f = {.per_unit = 1};
    enum lw_status st = choose_nodes(g, &f, y, n, err);

    if (st != LW_OK)
        return st;
    spread(g, &f, y, n);
    convolve(g);
    *total = read_back(g, &f, y, n, push);
    return LW_OK;
}

void tsne_pairs_push(const float *y, size_t n, float *push, double *total)
{
    double all = 0;

    for (size_t i = 0; i < n; i++) {
        double x_push = 0;
        double y_push = 0;

        for (size_t j = 0; j < n; j++) {
            float dx = y[2 * i] - y[2 * j];
            float dy = y[2 * i + 1] - y[2 * j + 1];
            float q = 1 / (1 + dx * dx + dy * dy);

            all += j == i ? 0.0 : (double)q;
            x_push += (double)(q * q * dx);
            y_push += (double)(q * q * dy);
        }
        push[2 * i] = (float)x_push;
        push[2 * i + 1] = (float)y_push;
    }
    *total = all;
}

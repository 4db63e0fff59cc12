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
 * rest being zero.  The transform is our own: 16 columns go side by side through it, so
 * that all of it is plain loops over 16 floats, which compilers make vectors of without
 * changing a bit, and neither the order of sums nor the twiddle factors depend on the
 * machine.  Forward goes by decimation in frequency, back by decimation in time, so
 * nothing needs to be put in order in between.  Two real columns make a complex one.
 */
#include "learn/tsne_grid.h"

#include "base/assert.h"
#include "base/mem.h"

#include <math.h>
#include <string.h>

enum { SIDE = 16, NODES_MIN = 64, NODES_MAX = 1024, MARGIN = 3 };

/* Between nodes, in units of the map. */
#define SPACING_MAX  0.34
#define SPACING_MIN  0.06
#define SPACING_STEP 0.84

struct strip {
    float re[SIDE];
    float im[SIDE];
};

struct tsne_grid {
    size_t m;           /* nodes a side */
    size_t n;           /* 2 m */
    size_t n_waves;     /* m + 1, padded to SIDE */
    double spacing;     /* between nodes */
    float *charge;      /* (m, m), then the potential; owned */
    float *wave_re;     /* (n_waves, m), owned */
    float *wave_im;     /* (n_waves, m), owned */
    float *kernel;      /* (n, n_waves), owned: rows in the order of the transform */
    float *twiddle;     /* (n / 2, 2), owned: e^(-2 pi i k / n) */
    size_t *place;      /* (n), owned: where the transform puts frequency k */
    struct strip *work; /* (n), owned */
};

static void release(struct tsne_grid *g)
{
    mem_free(g->charge);
    mem_free(g->wave_re);
    mem_free(g->wave_im);
    mem_free(g->kernel);
    mem_free(g->twiddle);
    mem_free(g->place);
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

/* ---- transform ---- */

/* By half angles and products: square roots are the same everywhere, sines are not. */
static void make_twiddles(float *t, size_t n)
{
    for (size_t k = 0; k < n / 2; k++) {
        double c = -1; /* of pi, and of its halves in turn */
        double s = 0;
        double re = 1;
        double im = 0;

        for (size_t bit = n / 4; bit > 0; bit /= 2) {
            double half = c < 0 && s <= 0 ? 0 : sqrt((1 + c) / 2);

            s = half > 0 ? s / (2 * half) : 1;
            c = half;
            if (k & bit) {
                double r = re * c + im * s;

                im = im * c - re * s;
                re = r;
            }
        }
        t[2 * k] = (float)re;
        t[2 * k + 1] = (float)im;
    }
}

static inline __attribute__((always_inline)) void
forward_loop(const struct tsne_grid *g, struct strip *v)
{
    for (size_t len = g->n, step = 1; len > 1; len /= 2, step *= 2)
        for (size_t from = 0; from < g->n; from += len)
            for (size_t j = 0; j < len / 2; j++) {
                struct strip *restrict a = &v[from + j];
                struct strip *restrict b = a + len / 2;
                float c = g->twiddle[2 * j * step];
                float s = g->twiddle[2 * j * step + 1];

                for (int i = 0; i < SIDE; i++) {
                    float re = a->re[i] - b->re[i];
                    float im = a->im[i] - b->im[i];

                    a->re[i] += b->re[i];
                    a->im[i] += b->im[i];
                    b->re[i] = re * c - im * s;
                    b->im[i] = re * s + im * c;
                }
            }
}

/* Times n. */
static inline __attribute__((always_inline)) void
backward_loop(const struct tsne_grid *g, struct strip *v)
{
    for (size_t len = 2, step = g->n / 2; len <= g->n; len *= 2, step /= 2)
        for (size_t from = 0; from < g->n; from += len)
            for (size_t j = 0; j < len / 2; j++) {
                struct strip *restrict a = &v[from + j];
                struct strip *restrict b = a + len / 2;
                float c = g->twiddle[2 * j * step];
                float s = g->twiddle[2 * j * step + 1];

                for (int i = 0; i < SIDE; i++) {
                    float re = b->re[i] * c + b->im[i] * s;
                    float im = b->im[i] * c - b->re[i] * s;

                    b->re[i] = a->re[i] - re;
                    b->im[i] = a->im[i] - im;
                    a->re[i] += re;
                    a->im[i] += im;
                }
            }
}

/* The same loops with the vectors that the processor has: no operation is fused, so the
 * bits are the same. */
#if defined(__x86_64__)
static __attribute__((target("avx2"))) void forward_avx2(const struct tsne_grid *g,
                                                         struct strip *v)
{
    forward_loop(g, v);
}

static __attribute__((target("avx2"))) void backward_avx2(const struct tsne_grid *g,
                                                          struct strip *v)
{
    backward_loop(g, v);
}
#endif

static void forward(const struct tsne_grid *g, struct strip *v)
{
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx2")) {
        forward_avx2(g, v);
        return;
    }
#endif
    forward_loop(g, v);
}

static void backward(const struct tsne_grid *g, struct strip *v)
{
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx2")) {
        backward_avx2(g, v);
        return;
    }
#endif
    backward_loop(g, v);
}

/* ---- tables for a number of nodes ---- */

/* Squared spectrum of a cubic B-spline at frequency k of n; e^(-2 pi i k / n) has the
 * cosine. */
static double spline_spectrum(const struct tsne_grid *g, size_t k)
{
    size_t mirrored = k <= g->n / 2 ? k : g->n - k;
    double c = mirrored == g->n / 2 ? -1 : (double)g->twiddle[2 * mirrored];
    double b = (2 + c) / 3;

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
        forward(g, g->work);
        for (size_t k = 0; k <= g->m; k++)
            memcpy(half + k * n + x, g->work[g->place[k]].re, sizeof g->work->re);
    }
    for (size_t k = 0; k < g->n_waves; k += SIDE) {
        memset(g->work, 0, n * sizeof *g->work);
        for (size_t x = 0; x < n; x++)
            for (size_t i = 0; i < SIDE; i++)
                g->work[x].re[i] = half[(k + i) * n + x];
        forward(g, g->work);
        for (size_t w = 0; w < n; w++)
            for (size_t i = 0; i < SIDE; i++) {
                double by = spline_spectrum(g, w) * spline_spectrum(g, k + i);

                g->kernel[g->place[w] * g->n_waves + k + i] =
                    (float)((double)g->work[g->place[w]].re[i] / by /
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
    g->spacing = spacing;
    g->charge = mem_alloc_table(m * m, sizeof *g->charge);
    g->wave_re = mem_alloc_table(g->n_waves * m, sizeof *g->wave_re);
    g->wave_im = mem_alloc_table(g->n_waves * m, sizeof *g->wave_im);
    g->kernel = mem_alloc_table(n * g->n_waves, sizeof *g->kernel);
    g->twiddle = mem_zalloc(n, sizeof *g->twiddle);
    g->place = mem_zalloc(n, sizeof *g->place);
    g->work = mem_alloc_table(n, sizeof *g->work);
    if (g->charge == NULL || g->wave_re == NULL || g->wave_im == NULL ||
        g->kernel == NULL || g->twiddle == NULL || g->place == NULL ||
        g->work == NULL) {
        release(g);
        return lw_fail(err, LW_ENOMEM, "out of memory for a grid of %zu nodes", m * m);
    }
    make_twiddles(g->twiddle, n);
    for (size_t k = 1; k < n; k++)
        g->place[k] = g->place[k / 2] / 2 + (k & 1 ? n / 2 : 0);
    memset(g->wave_re, 0, g->n_waves * m * sizeof *g->wave_re);
    memset(g->wave_im, 0, g->n_waves * m * sizeof *g->wave_im);
    return make_kernel(g, err);
}

/* ---- convolution ---- */

/* Columns x and x + m / 2 are the real and the imaginary part of one. */
static void columns_forward(struct tsne_grid *g, size_t x)
{
    size_t m = g->m;
    size_t far = x + m / 2;

    for (size_t y = 0; y < m; y++) {
        memcpy(g->work[y].re, g->charge + y * m + x, sizeof g->work->re);
        memcpy(g->work[y].im, g->charge + y * m + far, sizeof g->work->im);
    }
    memset(g->work + m, 0, m * sizeof *g->work);
    forward(g, g->work);
    for (size_t k = 0; k <= m; k++) {
        const struct strip *a = &g->work[g->place[k]];
        const struct strip *b = &g->work[g->place[k == 0 ? 0 : g->n - k]];

        for (size_t i = 0; i < SIDE; i++) {
            g->wave_re[k * m + x + i] = 0.5f * (a->re[i] + b->re[i]);
            g->wave_im[k * m + x + i] = 0.5f * (a->im[i] - b->im[i]);
            g->wave_re[k * m + far + i] = 0.5f * (a->im[i] + b->im[i]);
            g->wave_im[k * m + far + i] = 0.5f * (b->re[i] - a->re[i]);
        }
    }
}

static void columns_backward(struct tsne_grid *g, size_t x)
{
    size_t m = g->m;
    size_t far = x + m / 2;

    for (size_t k = 0; k <= m; k++) {
        struct strip *a = &g->work[g->place[k]];
        struct strip *b = &g->work[g->place[k == 0 ? 0 : g->n - k]];
        const float *re = g->wave_re + k * m;
        const float *im = g->wave_im + k * m;

        for (size_t i = 0; i < SIDE; i++) {
            float re_near = re[x + i];
            float im_near = k == 0 || k == m ? 0.0f : im[x + i];
            float re_far = re[far + i];
            float im_far = k == 0 || k == m ? 0.0f : im[far + i];

            a->re[i] = re_near - im_far;
            a->im[i] = im_near + re_far;
            b->re[i] = re_near + im_far;
            b->im[i] = re_far - im_near;
        }
    }
    backward(g, g->work);
    for (size_t y = 0; y < m; y++) {
        memcpy(g->charge + y * m + x, g->work[y].re, sizeof g->work->re);
        memcpy(g->charge + y * m + far, g->work[y].im, sizeof g->work->im);
    }
}

static void rows_convolve(struct tsne_grid *g, size_t k)
{
    size_t m = g->m;

    for (size_t i = 0; i < SIDE; i++)
        for (size_t x = 0; x < m; x++) {
            g->work[x].re[i] = g->wave_re[(k + i) * m + x];
            g->work[x].im[i] = g->wave_im[(k + i) * m + x];
        }
    memset(g->work + m, 0, m * sizeof *g->work);
    forward(g, g->work);
    for (size_t w = 0; w < g->n; w++) {
        const float *by = g->kernel + w * g->n_waves + k;

        for (size_t i = 0; i < SIDE; i++) {
            g->work[w].re[i] *= by[i];
            g->work[w].im[i] *= by[i];
        }
    }
    backward(g, g->work);
    for (size_t i = 0; i < SIDE; i++)
        for (size_t x = 0; x < m; x++) {
            g->wave_re[(k + i) * m + x] = g->work[x].re[i];
            g->wave_im[(k + i) * m + x] = g->work[x].im[i];
        }
}

static void convolve(struct tsne_grid *g)
{
    for (size_t x = 0; x < g->m / 2; x += SIDE)
        columns_forward(g, x);
    for (size_t k = 0; k < g->n_waves; k += SIDE)
        rows_convolve(g, k);
    for (size_t x = 0; x < g->m / 2; x += SIDE)
        columns_backward(g, x);
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
        m *= 2;
    fit = span / (double)(m - 2 * (size_t)MARGIN);
    while (spacing < fit)
        spacing /= SPACING_STEP;
    while (spacing * SPACING_STEP > fit && spacing > SPACING_MIN)
        spacing *= SPACING_STEP;
    f->per_unit = (float)(1 / spacing);
    if (g->m == m && g->spacing >= spacing && g->spacing <= spacing)
        return LW_OK;
    return make_tables(g, m, spacing, err);
}

static void spread(struct tsne_grid *g, const struct frame *f, const float *y, size_t n)
{
    float wx[4];
    float wy[4];

    memset(g->charge, 0, g->m * g->m * sizeof *g->charge);
    for (size_t i = 0; i < n; i++) {
        size_t x0 = spline(node_of(f, y + 2 * i, 0), wx);
        size_t y0 = spline(node_of(f, y + 2 * i, 1), wy);

        for (size_t r = 0; r < 4; r++) {
            float *row = g->charge + (y0 + r) * g->m + x0;

            for (size_t c = 0; c < 4; c++)
                row[c] += wy[r] * wx[c];
        }
    }
}

static double read_back(const struct tsne_grid *g, const struct frame *f,
                        const float *y, size_t n, float *push)
{
    float wx[4];
    float wy[4];
    float sx[4];
    float sy[4];
    double total = 0;

    for (size_t i = 0; i < n; i++) {
        float u = node_of(f, y + 2 * i, 0);
        float v = node_of(f, y + 2 * i, 1);
        size_t x0 = spline(u, wx);
        size_t y0 = spline(v, wy);
        float value = 0;
        float dx = 0;
        float dy = 0;

        spline_slope(u, sx);
        spline_slope(v, sy);
        for (size_t r = 0; r < 4; r++) {
            const float *row = g->charge + (y0 + r) * g->m + x0;
            float across =
                (row[0] * wx[0] + row[1] * wx[1]) + (row[2] * wx[2] + row[3] * wx[3]);

            value += wy[r] * across;
            dy += sy[r] * across;
            dx += wy[r] * ((row[0] * sx[0] + row[1] * sx[1]) +
                           (row[2] * sx[2] + row[3] * sx[3]));
        }
        total += (double)value;
        push[2 * i] = -0.5f * f->per_unit * dx;
        push[2 * i + 1] = -0.5f * f->per_unit * dy;
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
    *total = read_back(g, &f, y, n, push) - (double)n;
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

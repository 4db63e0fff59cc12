/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Points go down the slope of the Kullback-Leibler divergence (van der Maaten and
 * Hinton, JMLR 2008) with momentum and a gain of each coordinate (Jacobs, 1988).  In
 * the early steps neighbours pull harder, so that groups find together.  The rate of
 * learning grows with the number of rows, and falls with how hard neighbours pull
 * (Belkina and others, "Automated optimized parameters for t-distributed stochastic
 * neighbor embedding", Nature Communications 2019): so it rises when they cease to pull
 * harder.  Gains are those of the authors' own program; the momenta are higher than
 * theirs, which halves the steps to the same divergence (docs/maps.md).
 */
#include "learn/tsne.h"

#include "base/mem.h"
#include "base/simd.h"
#include "learn/link.h"
#include "learn/tsne_grid.h"

#include <math.h>
#include <string.h>

#define MOMENTUM_EARLY 0.8f
#define MOMENTUM_LATE  0.95f
/* Learning of a map of few rows is slow with what their number asks for. */
#define RATE_MIN 50.0
#define GAIN_MIN 0.01f

struct descent {
    const struct tsne_pull *p;
    const struct lw_embed_config *cfg;
    struct tsne_grid *grid; /* NULL: pair by pair; owned */
    float *y;               /* (n, 2) */
    float *pull;            /* (n, 2), owned */
    float *push;            /* (n, 2), owned */
    float *speed;           /* (n, 2), owned */
    float *gain;            /* (n, 2), owned */
    size_t n;
};

/* Eight sums side by side, added at the end in a fixed order. */
enum { LANES = 8 };

#define FORCE_INLINE static inline __attribute__((always_inline))

FORCE_INLINE float add_lanes(const float s[LANES])
{
    return ((s[0] + s[1]) + (s[2] + s[3])) + ((s[4] + s[5]) + (s[6] + s[7]));
}

FORCE_INLINE void pull_loop(const struct tsne_pull *m, const float *y, size_t i,
                            float out[2])
{
    float sx[LANES] = {0};
    float sy[LANES] = {0};
    float x_i = y[2 * i];
    float y_i = y[2 * i + 1];
    size_t end = m->from[i + 1];

    for (size_t at = m->from[i]; at < end; at += LANES) {
        float dx[LANES];
        float dy[LANES];
        float p[LANES];

        for (size_t l = 0; l < LANES; l++) {
            bool is_one = at + l < end;
            const float *other = y + 2 * (size_t)m->row[is_one ? at + l : at];

            p[l] = is_one ? m->p[at + l] : 0;
            dx[l] = x_i - other[0];
            dy[l] = y_i - other[1];
        }
        for (size_t l = 0; l < LANES; l++) {
            float by = p[l] / (1 + dx[l] * dx[l] + dy[l] * dy[l]);

            sx[l] += by * dx[l];
            sy[l] += by * dy[l];
        }
    }
    out[0] = add_lanes(sx);
    out[1] = add_lanes(sy);
}

/* out: (n, 2). */
FORCE_INLINE void pull_loop_all(const struct tsne_pull *m, const float *y, float *out)
{
    for (size_t i = 0; i < m->n; i++)
        pull_loop(m, y, i, out + 2 * i);
}

SIMD_AVX2 static void pull_all_avx2(const struct tsne_pull *m, const float *y,
                                    float *out)
{
    pull_loop_all(m, y, out);
}

/* The same bits whatever the vectors: no operation is fused. */
static void pull_all(const struct tsne_pull *m, const float *y, float *out)
{
    if (simd_has_avx2()) {
        pull_all_avx2(m, y, out);
        return;
    }
    pull_loop_all(m, y, out);
}

static double divergence_by(const struct tsne_pull *m, const float *y, double total)
{
    double sum = 0;
    double log_total = link_log(total);

    for (size_t i = 0; i < m->n; i++)
        for (size_t at = m->from[i]; at < m->from[i + 1]; at++) {
            const float *other = y + 2 * (size_t)m->row[at];
            double dx = (double)y[2 * i] - (double)other[0];
            double dy = (double)y[2 * i + 1] - (double)other[1];
            double p = (double)m->p[at];

            if (p > 1e-30)
                sum += p * (link_log(p) + link_log(1 + dx * dx + dy * dy) + log_total);
        }
    return sum;
}

double tsne_divergence(const struct tsne_pull *p, const float *y, float *slope,
                       float *room)
{
    double total;

    tsne_pairs_push(y, p->n, room, &total);
    if (slope != NULL)
        pull_all(p, y, slope);
    for (size_t i = 0; slope != NULL && i < 2 * p->n; i++)
        slope[i] = 4 * (slope[i] - (float)((double)room[i] / total));
    return divergence_by(p, y, total);
}

static enum lw_status push_all(struct descent *d, double *total, struct lw_error *err)
{
    if (d->grid != NULL)
        return tsne_grid_push(d->grid, d->y, d->n, d->push, total, err);
    tsne_pairs_push(d->y, d->n, d->push, total);
    return LW_OK;
}

static void move(struct descent *d, size_t at, float slope, float momentum, float rate)
{
    bool same_way = (slope > 0) == (d->speed[at] > 0);

    d->gain[at] = same_way ? d->gain[at] * 0.8f : d->gain[at] + 0.2f;
    d->gain[at] = d->gain[at] < GAIN_MIN ? GAIN_MIN : d->gain[at];
    d->speed[at] = momentum * d->speed[at] - rate * d->gain[at] * slope;
}

static float rate_of(const struct descent *d, float more)
{
    if (d->cfg->learning_rate > 0)
        return (float)d->cfg->learning_rate;
    return (float)fmax((double)d->n / (double)more / 4, RATE_MIN);
}

static enum lw_status step(struct descent *d, uint32_t number, struct lw_error *err)
{
    bool early = number < d->cfg->n_early;
    float momentum = early ? MOMENTUM_EARLY : MOMENTUM_LATE;
    float more = early ? (float)d->cfg->exaggeration : 1;
    float rate = rate_of(d, more);
    double total = 0;
    enum lw_status st = push_all(d, &total, err);

    if (st != LW_OK)
        return st;
    pull_all(d->p, d->y, d->pull);
    for (size_t i = 0; i < 2 * d->n; i++)
        move(d, i, 4 * (more * d->pull[i] - (float)((double)d->push[i] / total)),
             momentum, rate);
    for (size_t i = 0; i < 2 * d->n; i++)
        d->y[i] += d->speed[i];
    return LW_OK;
}

static void centre(float *y, size_t n)
{
    for (size_t a = 0; a < 2; a++) {
        double sum = 0;

        for (size_t i = 0; i < n; i++)
            sum += (double)y[2 * i + a];
        for (size_t i = 0; i < n; i++)
            y[2 * i + a] -= (float)(sum / (double)n);
    }
}

static enum lw_status descend(struct descent *d, struct lw_error *err)
{
    const struct lw_embed_config *cfg = d->cfg;

    for (uint32_t s = 0; s < cfg->n_steps; s++) {
        enum lw_status st = step(d, s, err);

        if (st != LW_OK)
            return st;
        centre(d->y, d->n);
        if (cfg->progress != NULL)
            cfg->progress(cfg->progress_ctx, (double)s / (double)cfg->n_steps,
                          "arranging points");
    }
    return LW_OK;
}

enum lw_status tsne_run(float *y, const struct tsne_pull *p,
                        const struct lw_embed_config *cfg, double *kl,
                        struct lw_error *err)
{
    struct descent d = {.p = p, .cfg = cfg, .y = y, .n = p->n};
    enum lw_status st = LW_OK;
    double total = 0;

    d.pull = mem_zalloc(2 * d.n, sizeof *d.pull);
    d.push = mem_zalloc(2 * d.n, sizeof *d.push);
    d.speed = mem_zalloc(2 * d.n, sizeof *d.speed);
    d.gain = mem_zalloc(2 * d.n, sizeof *d.gain);
    if (d.pull == NULL || d.push == NULL || d.speed == NULL || d.gain == NULL)
        st = lw_fail(err, LW_ENOMEM, "out of memory for a map");
    else if (cfg->push == LW_EMBED_PUSH_GRID)
        st = tsne_grid_new(&d.grid, err);
    for (size_t i = 0; st == LW_OK && i < 2 * d.n; i++)
        d.gain[i] = 1;
    if (st == LW_OK)
        st = descend(&d, err);
    if (st == LW_OK)
        st = push_all(&d, &total, err);
    if (st == LW_OK)
        *kl = divergence_by(p, y, total);
    tsne_grid_free(d.grid);
    mem_free(d.pull);
    mem_free(d.push);
    mem_free(d.speed);
    mem_free(d.gain);
    return st;
}

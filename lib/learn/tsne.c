/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Points go down the slope of the Kullback-Leibler divergence (van der Maaten and
 * Hinton, JMLR 2008) with momentum and a gain of each coordinate (Jacobs, 1988).  In
 * the early steps neighbours pull harder, so that groups find together.  The rate of
 * learning grows with the number of rows (Belkina and others, "Automated optimized
 * parameters for t-distributed stochastic neighbor embedding", Nature Communications
 * 2019); gains and momenta are those of the authors' own program.
 */
#include "learn/tsne.h"

#include "base/mem.h"
#include "learn/link.h"
#include "learn/tsne_grid.h"

#include <math.h>
#include <string.h>

#define MOMENTUM_EARLY 0.5f
#define MOMENTUM_LATE  0.8f
#define GAIN_MIN       0.01f

struct descent {
    const struct tsne_pull *p;
    const struct lw_embed_config *cfg;
    struct tsne_grid *grid; /* NULL: pair by pair; owned */
    float *y;               /* (n, 2) */
    float *push;            /* (n, 2), owned */
    float *speed;           /* (n, 2), owned */
    float *gain;            /* (n, 2), owned */
    size_t n;
};

/* Eight sums side by side, added at the end in a fixed order. */
enum { LANES = 8 };

static void pull_of(const struct tsne_pull *m, const float *y, size_t i, float out[2])
{
    float sx[LANES] = {0};
    float sy[LANES] = {0};
    size_t at = m->from[i];
    size_t end = m->from[i + 1];

    for (; at < end; at += LANES) {
        size_t n = end - at < LANES ? end - at : LANES;

        for (size_t l = 0; l < n; l++) {
            const float *other = y + 2 * (size_t)m->row[at + l];
            float dx = y[2 * i] - other[0];
            float dy = y[2 * i + 1] - other[1];
            float by = m->p[at + l] / (1 + dx * dx + dy * dy);

            sx[l] += by * dx;
            sy[l] += by * dy;
        }
    }
    out[0] = ((sx[0] + sx[1]) + (sx[2] + sx[3])) + ((sx[4] + sx[5]) + (sx[6] + sx[7]));
    out[1] = ((sy[0] + sy[1]) + (sy[2] + sy[3])) + ((sy[4] + sy[5]) + (sy[6] + sy[7]));
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
    for (size_t i = 0; slope != NULL && i < p->n; i++) {
        float pull[2];

        pull_of(p, y, i, pull);
        for (size_t a = 0; a < 2; a++)
            slope[2 * i + a] = 4 * (pull[a] - (float)((double)room[2 * i + a] / total));
    }
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

static enum lw_status step(struct descent *d, uint32_t number, struct lw_error *err)
{
    bool early = number < d->cfg->n_early;
    float momentum = early ? MOMENTUM_EARLY : MOMENTUM_LATE;
    float more = early ? (float)d->cfg->exaggeration : 1;
    double total = 0;
    enum lw_status st = push_all(d, &total, err);

    if (st != LW_OK)
        return st;
    for (size_t i = 0; i < d->n; i++) {
        float pull[2];

        pull_of(d->p, d->y, i, pull);
        for (size_t a = 0; a < 2; a++) {
            float away = (float)((double)d->push[2 * i + a] / total);

            move(d, 2 * i + a, 4 * (more * pull[a] - away), momentum,
                 (float)d->cfg->learning_rate);
        }
    }
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

    d.push = mem_zalloc(2 * d.n, sizeof *d.push);
    d.speed = mem_zalloc(2 * d.n, sizeof *d.speed);
    d.gain = mem_zalloc(2 * d.n, sizeof *d.gain);
    if (d.push == NULL || d.speed == NULL || d.gain == NULL)
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
    mem_free(d.push);
    mem_free(d.speed);
    mem_free(d.gain);
    return st;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Maps: arguments and defaults, the projection on two principal components, and t-SNE
 * from there or from a random start.  Points start at a deviation of 1e-4, as scikit-
 * learn's do: Kobak and Linderman, "Initialization is critical for preserving global
 * data structure in both t-SNE and UMAP" (Nature Biotechnology 2021).
 */
#include "base/mem.h"
#include "base/rng.h"
#include "learn/eigen.h"
#include "learn/link.h"
#include "learn/tsne.h"

#include <lapwing/embed.h>

#include <math.h>
#include <string.h>

#define START_DEVIATION 1e-4

/* Of that: rows that are the same must not start in the same place, for nothing would
 * push them apart. */
#define APART 0.01

static enum lw_status check(struct lw_embed_config *c, const struct lw_matrix *x,
                            struct lw_error *err)
{
    if (x->n_rows < 4 || x->n_cols < 1)
        return lw_fail(err, LW_EINVAL, "a map of %zu rows; it takes at least 4",
                       x->n_rows);
    for (size_t i = 0; i < x->n_rows * x->n_cols; i++)
        if (!isfinite(x->x[i]))
            return lw_fail(err, LW_EINVAL, "row %zu: a value that is no finite number",
                           i / x->n_cols);
    c->perplexity = c->perplexity > 0 ? c->perplexity : 30;
    c->exaggeration = c->exaggeration > 0 ? c->exaggeration : 12;
    c->n_steps = c->n_steps > 0 ? c->n_steps : 500;
    c->n_early = c->n_early > 0 ? c->n_early : c->n_steps / 6;
    if (c->push == LW_EMBED_PUSH_AUTO)
        c->push =
            x->n_rows <= LW_EMBED_PAIRS_MAX ? LW_EMBED_PUSH_PAIRS : LW_EMBED_PUSH_GRID;
    if (!(c->perplexity >= 1 && c->perplexity <= 80))
        return lw_fail(err, LW_EINVAL, "perplexity %g; 1 to 80 are possible",
                       c->perplexity);
    return LW_OK;
}

/* ---- principal components ---- */

static void project(float *y, const struct lw_matrix *x, const float *mean,
                    const double *vector)
{
    for (size_t r = 0; r < x->n_rows; r++)
        for (size_t a = 0; a < 2; a++) {
            double sum = 0;

            for (size_t c = 0; a < x->n_cols && c < x->n_cols; c++)
                sum += ((double)x->x[r * x->n_cols + c] - (double)mean[c]) *
                       vector[a * x->n_cols + c];
            y[2 * r + a] = (float)sum;
        }
}

static void explain(const double *value, size_t n, double explained[2])
{
    double all = 0;

    for (size_t i = 0; i < n; i++)
        all += value[i] > 0 ? value[i] : 0;
    for (size_t a = 0; a < 2; a++)
        explained[a] = all > 0 && a < n ? fmax(value[a], 0) / all : 0;
}

static enum lw_status principal(float *y, const struct lw_matrix *x,
                                double explained[2], struct lw_error *err)
{
    size_t d = x->n_cols;
    double value[EIGEN_MAX];
    float mean[EIGEN_MAX];
    double *room;

    if (d > EIGEN_MAX)
        return lw_fail(err, LW_ELIMIT,
                       "principal components of %zu columns; %d are possible", d,
                       EIGEN_MAX);
    room = mem_zalloc(2 * d * d, sizeof *room);
    if (room == NULL)
        return lw_fail(err, LW_ENOMEM, "out of memory for a covariance");
    eigen_covariance(x->x, x->n_rows, d, mean, room);
    eigen_symmetric(room, d, value, room + d * d);
    project(y, x, mean, room + d * d);
    explain(value, d, explained);
    mem_free(room);
    return LW_OK;
}

/* ---- where t-SNE starts ---- */

static void shrink(float *y, size_t n)
{
    double sum = 0;

    for (size_t i = 0; i < n; i++)
        sum += (double)y[2 * i] * (double)y[2 * i];
    if (sum > 0)
        for (size_t i = 0; i < 2 * n; i++)
            y[i] = (float)((double)y[i] * START_DEVIATION / sqrt(sum / (double)n));
}

/* Add normal deviates, by Marsaglia's polar method. */
static void scatter(float *y, size_t n, double deviation, uint64_t seed)
{
    struct rng rng;

    rng_init(&rng, seed);
    for (size_t i = 0; i < n; i++) {
        double u;
        double v;
        double s;

        do {
            u = 2 * rng_unit(&rng) - 1;
            v = 2 * rng_unit(&rng) - 1;
            s = u * u + v * v;
        } while (s >= 1 || s < 1e-300);
        s = deviation * sqrt(-2 * link_log(s) / s);
        y[2 * i] += (float)(u * s);
        y[2 * i + 1] += (float)(v * s);
    }
}

static enum lw_status tsne(float *y, const struct lw_matrix *x,
                           const struct lw_embed_config *cfg,
                           struct lw_embed_report *report, struct lw_error *err)
{
    struct tsne_pull pull = {0};
    double explained[2];
    enum lw_status st = LW_OK;

    if (cfg->start == LW_EMBED_START_RANDOM)
        scatter(y, x->n_rows, START_DEVIATION, cfg->seed);
    else
        st = principal(y, x, explained, err);
    if (st == LW_OK && cfg->start == LW_EMBED_START_PCA) {
        shrink(y, x->n_rows);
        scatter(y, x->n_rows, APART * START_DEVIATION, cfg->seed);
    }
    if (st == LW_OK)
        st = tsne_pull_make(&pull, x, cfg->perplexity, cfg, err);
    if (st == LW_OK)
        st = tsne_run(y, &pull, cfg, &report->kl, err);
    report->n_neighbours = pull.n_neighbours;
    tsne_pull_release(&pull);
    return st;
}

enum lw_status lw_embed(struct lw_matrix *out, const struct lw_matrix *x,
                        const struct lw_embed_config *cfg,
                        struct lw_embed_report *report, struct lw_error *err)
{
    struct lw_embed_config c = cfg == NULL ? (struct lw_embed_config){0} : *cfg;
    struct lw_embed_report r = {.kl = (double)NAN,
                                .explained = {(double)NAN, (double)NAN}};
    struct lw_matrix y = {0};
    enum lw_status st = check(&c, x, err);

    if (st == LW_OK)
        st = lw_matrix_init(&y, x->n_rows, 2, err);
    if (st == LW_OK && c.method == LW_EMBED_PCA)
        st = principal(y.x, x, r.explained, err);
    else if (st == LW_OK)
        st = tsne(y.x, x, &c, &r, err);
    if (st != LW_OK) {
        lw_matrix_release(&y);
        return st;
    }
    *out = y;
    if (report != NULL)
        *report = r;
    return LW_OK;
}

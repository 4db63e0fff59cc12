/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How much rows belong together (van der Maaten and Hinton, "Visualizing data using
 * t-SNE", JMLR 2008, section 2): a Gaussian around each row, as wide as gives its
 * neighbours the perplexity asked for, then the mean of both directions.  Only three
 * times as many neighbours as the perplexity count (van der Maaten, "Accelerating t-SNE
 * using tree-based algorithms", JMLR 2014).
 */
#include "base/mem.h"
#include "learn/link.h"
#include "learn/near_forest.h"
#include "learn/tsne.h"

#include <math.h>

enum { BISECTIONS = 64 };

/* Of what one row gives its k neighbours; all zero is fine. */
struct given {
    uint32_t *row; /* (n, k), owned */
    float *p;      /* (n, k), owned */
    uint32_t k;
};

void tsne_pull_release(struct tsne_pull *p)
{
    mem_free(p->from);
    mem_free(p->row);
    mem_free(p->p);
    *p = (struct tsne_pull){0};
}

/* Entropy in nats of weights exp(-beta (d - d[0])), which go to p, adding up to 1. */
static double weigh(const struct neighbour *near, uint32_t k, double beta, float *p)
{
    double sum = 0;
    double mean = 0;

    for (uint32_t i = 0; i < k; i++) {
        double d = (double)near[i].distance - (double)near[0].distance;

        p[i] = link_exp((float)(-beta * d));
        sum += (double)p[i];
        mean += d * (double)p[i];
    }
    for (uint32_t i = 0; i < k; i++)
        p[i] = (float)((double)p[i] / sum);
    return link_log(sum) + beta * mean / sum;
}

static void give(const struct neighbour *near, uint32_t k, double perplexity, float *p)
{
    double wanted = link_log(perplexity);
    double low = 0;
    double high = (double)INFINITY;
    double beta = 1;

    for (int step = 0; step < BISECTIONS; step++) {
        double rest = weigh(near, k, beta, p) - wanted;

        if (fabs(rest) < 1e-5)
            return;
        if (rest > 0) {
            low = beta;
            beta = isinf(high) ? 2 * beta : (beta + high) / 2;
        } else {
            high = beta;
            beta = (beta + low) / 2;
        }
    }
}

static enum lw_status find_exactly(struct neighbour *near, const struct lw_matrix *x,
                                   uint32_t k, const struct lw_embed_config *cfg,
                                   struct lw_error *err)
{
    struct neighbours *index = NULL;
    enum lw_status st = neighbours_new(&index, x, NEIGHBOURS_EUCLID, err);

    for (uint32_t r = 0; st == LW_OK && r < x->n_rows; r++) {
        (void)neighbours_find(index, x->x + (size_t)r * x->n_cols, k, r,
                              near + (size_t)r * k);
        if (cfg->progress != NULL && r % 256 == 0)
            cfg->progress(cfg->progress_ctx, (double)r / (double)x->n_rows,
                          "finding neighbours");
    }
    neighbours_free(index);
    return st;
}

static enum lw_status give_all(struct given *g, const struct lw_matrix *x,
                               double perplexity, const struct lw_embed_config *cfg,
                               struct lw_error *err)
{
    size_t n = x->n_rows * g->k;
    struct neighbour *near = mem_zalloc(n, sizeof *near);
    bool exactly =
        cfg->search == LW_EMBED_SEARCH_EXACT ||
        (cfg->search == LW_EMBED_SEARCH_AUTO && x->n_rows <= LW_EMBED_EXACT_MAX);
    enum lw_status st;

    g->row = mem_zalloc(n, sizeof *g->row);
    g->p = mem_zalloc(n, sizeof *g->p);
    if (g->row == NULL || g->p == NULL || near == NULL)
        st = lw_fail(err, LW_ENOMEM, "out of memory for neighbours");
    else if (exactly)
        st = find_exactly(near, x, g->k, cfg, err);
    else
        st = near_forest_find(near, x, g->k, cfg->seed, err);
    for (size_t i = 0; st == LW_OK && i < n; i += g->k)
        give(near + i, g->k, perplexity, g->p + i);
    for (size_t i = 0; st == LW_OK && i < n; i++)
        g->row[i] = near[i].row;
    mem_free(near);
    return st;
}

/* Entries of both directions one behind the other: a pair that gave to each other has
 * two, which add up in every use. */
static enum lw_status both_ways(struct tsne_pull *out, const struct given *g, size_t n,
                                struct lw_error *err)
{
    size_t *next = mem_zalloc(n, sizeof *next);
    float by = 1 / (2 * (float)n);

    out->from = mem_zalloc(n + 1, sizeof *out->from);
    out->row = mem_zalloc(2 * n * g->k, sizeof *out->row);
    out->p = mem_zalloc(2 * n * g->k, sizeof *out->p);
    if (next == NULL || out->from == NULL || out->row == NULL || out->p == NULL) {
        mem_free(next);
        return lw_fail(err, LW_ENOMEM, "out of memory for neighbours");
    }
    for (size_t i = 0; i < n * g->k; i++)
        next[g->row[i]]++;
    for (size_t r = 0; r < n; r++) {
        out->from[r + 1] = out->from[r] + g->k + next[r];
        next[r] = out->from[r];
    }
    for (size_t r = 0; r < n; r++)
        for (size_t i = r * g->k; i < (r + 1) * g->k; i++) {
            uint32_t to = g->row[i];

            out->row[next[r]] = to;
            out->p[next[r]++] = g->p[i] * by;
            out->row[next[to]] = (uint32_t)r;
            out->p[next[to]++] = g->p[i] * by;
        }
    mem_free(next);
    return LW_OK;
}

static void put_entry(uint32_t *row, float *p, size_t at, uint32_t r, float v)
{
    row[at] = r;
    p[at] = v;
}

static void sift(uint32_t *row, float *p, size_t i, size_t n)
{
    uint32_t r = row[i];
    float v = p[i];

    for (size_t c = 2 * i + 1; c < n; c = 2 * i + 1) {
        if (c + 1 < n && row[c + 1] > row[c])
            c++;
        if (row[c] <= r)
            break;
        put_entry(row, p, i, row[c], p[c]);
        i = c;
    }
    put_entry(row, p, i, r, v);
}

/* In the order of the rows (heapsort: the same whatever the C library). */
static void sort_entries(uint32_t *row, float *p, size_t n)
{
    for (size_t i = n / 2; i-- > 0;)
        sift(row, p, i, n);
    for (size_t i = n; i-- > 1;) {
        uint32_t r = row[i];
        float v = p[i];

        put_entry(row, p, i, row[0], p[0]);
        put_entry(row, p, 0, r, v);
        sift(row, p, 0, i);
    }
}

/* One entry a pair. */
static void add_up(struct tsne_pull *m)
{
    size_t to = 0;

    for (size_t r = 0; r < m->n; r++) {
        size_t from = m->from[r];
        size_t end = m->from[r + 1];

        sort_entries(m->row + from, m->p + from, end - from);
        m->from[r] = to;
        for (size_t i = from; i < end; i++) {
            if (to > m->from[r] && m->row[to - 1] == m->row[i])
                m->p[to - 1] += m->p[i];
            else
                put_entry(m->row, m->p, to++, m->row[i], m->p[i]);
        }
    }
    m->from[m->n] = to;
}

enum lw_status tsne_pull_make(struct tsne_pull *out, const struct lw_matrix *x,
                              double perplexity, const struct lw_embed_config *cfg,
                              struct lw_error *err)
{
    struct given g = {.k = (uint32_t)(3 * perplexity + 1)};
    struct tsne_pull m = {.n = x->n_rows};
    enum lw_status st;

    if (x->n_rows > UINT32_MAX || g.k >= x->n_rows)
        return lw_fail(err, LW_EINVAL,
                       "%zu rows for perplexity %g; it needs more than %u of them",
                       x->n_rows, perplexity, g.k);
    m.n_neighbours = g.k;
    st = give_all(&g, x, perplexity, cfg, err);
    if (st == LW_OK)
        st = both_ways(&m, &g, x->n_rows, err);
    mem_free(g.row);
    mem_free(g.p);
    if (st != LW_OK) {
        tsne_pull_release(&m);
        return st;
    }
    add_up(&m);
    *out = m;
    return LW_OK;
}

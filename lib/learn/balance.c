/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Steps work on a list of rows (which row it is, or was made from) and, for rows that
 * are made up, on their values; the matrix is put together at the end of each step.
 *
 * Neighbours are sought by the index of learn/neighbours.h, in a space where a number
 * has variance 1 over all training rows and a category is a column for each of its
 * values, m / sqrt(2) where it has it: two that differ are m apart.
 */
#include "learn/balance.h"

#include "base/assert.h"
#include "base/mem.h"
#include "base/rng.h"
#include "learn/neighbours.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { DEFAULT_NEIGHBOURS = 5 };

void balanced_release(struct balanced *b)
{
    lw_matrix_release(&b->x);
    mem_free(b->source);
    *b = (struct balanced){0};
}

static enum lw_status out_of_memory(struct lw_error *err)
{
    return lw_fail(err, LW_ENOMEM, "out of memory to balance classes");
}

/* What a step has before it. */
struct state {
    const struct balance_config *cfg;
    const bool *is_category;
    struct lw_matrix x; /* owned */
    uint32_t *label;    /* (n_rows), owned */
    uint32_t *source;   /* (n_rows), owned */
    size_t *n_of;       /* (n_classes), owned */
    uint32_t n_classes;
    struct rng rng;
};

static void state_release(struct state *s)
{
    lw_matrix_release(&s->x);
    mem_free(s->label);
    mem_free(s->source);
    mem_free(s->n_of);
}

static enum lw_status state_init(struct state *s, const struct lw_matrix *x,
                                 const uint32_t *labels, struct lw_error *err)
{
    enum lw_status st = lw_matrix_init(&s->x, x->n_rows, x->n_cols, err);

    s->label = mem_dup(labels, x->n_rows * sizeof *s->label);
    s->source = mem_zalloc(x->n_rows, sizeof *s->source);
    s->n_of = mem_zalloc(s->n_classes, sizeof *s->n_of);
    if (st != LW_OK)
        return st;
    if (s->label == NULL || s->source == NULL || s->n_of == NULL)
        return out_of_memory(err);
    memcpy(s->x.x, x->x, x->n_rows * x->n_cols * sizeof *x->x);
    for (size_t r = 0; r < x->n_rows; r++) {
        s->source[r] = (uint32_t)r;
        s->n_of[labels[r]]++;
    }
    return LW_OK;
}

static size_t largest(const struct state *s)
{
    size_t most = 0;

    for (uint32_t c = 0; c < s->n_classes; c++)
        most = s->n_of[c] > most ? s->n_of[c] : most;
    return most;
}

/* Of classes that have rows. */
static size_t smallest(const struct state *s)
{
    size_t least = largest(s);

    for (uint32_t c = 0; c < s->n_classes; c++)
        least = s->n_of[c] > 0 && s->n_of[c] < least ? s->n_of[c] : least;
    return least;
}

/* ---- fewer rows ---- */

/* Each row with the chance that makes what is left come out even (Knuth, TAOCP
 * 2, 3.4.2, algorithm S). */
static enum lw_status under_sample(struct state *s, double ratio, struct lw_error *err)
{
    size_t most = (size_t)((double)smallest(s) / ratio);
    size_t *left = mem_dup(s->n_of, s->n_classes * sizeof *left);
    size_t width = s->x.n_cols;
    size_t n = 0;

    if (left == NULL)
        return out_of_memory(err);
    for (uint32_t c = 0; c < s->n_classes; c++)
        s->n_of[c] = s->n_of[c] > most ? most : s->n_of[c];
    for (size_t r = 0; r < s->x.n_rows; r++) {
        uint32_t c = s->label[r];

        if (rng_below(&s->rng, left[c]--) >= s->n_of[c])
            continue;
        s->n_of[c]--;
        s->label[n] = c;
        s->source[n] = s->source[r];
        memmove(s->x.x + n++ * width, s->x.x + r * width, width * sizeof *s->x.x);
    }
    s->x.n_rows = n;
    for (size_t r = 0; r < n; r++)
        s->n_of[s->label[r]]++;
    mem_free(left);
    return LW_OK;
}

/* ---- more rows ---- */

static enum lw_status grow(struct state *s, size_t n_rows, struct lw_error *err)
{
    float *x;
    uint32_t *p;

    if (n_rows >= UINT32_MAX)
        return lw_fail(err, LW_ELIMIT, "balanced classes have too many rows");
    x = mem_resize(s->x.x, n_rows, s->x.n_cols * sizeof *x);
    if (x == NULL)
        return out_of_memory(err);
    s->x.x = x;
    p = mem_resize(s->label, n_rows, sizeof *p);
    if (p == NULL)
        return out_of_memory(err);
    s->label = p;
    p = mem_resize(s->source, n_rows, sizeof *p);
    if (p == NULL)
        return out_of_memory(err);
    s->source = p;
    return LW_OK;
}

/* A class that is to have more rows. */
struct growing {
    struct state *s;
    uint32_t class_idx;
    uint32_t *member; /* (n) rows that it has, owned */
    size_t n;
    /* For made-up rows: */
    struct neighbours *index; /* of the members, owned; NULL: one row has none */
    float *space;             /* (width) the row asked about, owned */
    float *deviation;         /* (n_cols) of numbers over all rows, owned */
    float *mean;              /* (n_cols) of the class's numbers, owned */
    uint32_t *first_column;   /* (n_cols) in the space, owned */
    uint32_t width;
    float apart;      /* value of a category's column */
    uint32_t *near;   /* (n, k) members, owned; found when first needed */
    uint32_t *n_near; /* (n), owned; 0: not found yet */
    uint32_t k;
};

static void growing_release(struct growing *g)
{
    mem_free(g->member);
    neighbours_free(g->index);
    mem_free(g->space);
    mem_free(g->deviation);
    mem_free(g->mean);
    mem_free(g->first_column);
    mem_free(g->near);
    mem_free(g->n_near);
}

static enum lw_status find_members(struct growing *g, struct lw_error *err)
{
    const struct state *s = g->s;

    g->member = mem_zalloc(s->n_of[g->class_idx], sizeof *g->member);
    if (g->member == NULL)
        return out_of_memory(err);
    for (size_t r = 0; r < s->x.n_rows; r++)
        if (s->label[r] == g->class_idx)
            g->member[g->n++] = (uint32_t)r;
    return LW_OK;
}

/* ---- the space ---- */

struct moments {
    double mean;
    double deviation;
};

/* Of a column's finite values, in rows of a list (NULL: all). */
static struct moments moments_of(const struct lw_matrix *x, size_t col,
                                 const uint32_t *rows, size_t n_rows)
{
    struct moments m = {0, 0};
    double squares = 0;
    size_t n = 0;

    for (size_t i = 0; i < n_rows; i++) {
        double v = (double)x->x[(rows == NULL ? i : rows[i]) * x->n_cols + col];
        double step = v - m.mean;

        if (!isfinite(v))
            continue;
        m.mean += step / (double)++n;
        squares += step * (v - m.mean);
    }
    m.deviation = n > 0 ? sqrt(squares / (double)n) : 0;
    return m;
}

static int by_value(const void *a, const void *b)
{
    float x = *(const float *)a;
    float y = *(const float *)b;

    return (x > y) - (x < y);
}

static float median(float *v, size_t n)
{
    qsort(v, n, sizeof *v, by_value);
    return n == 0 ? 1 : n % 2 == 1 ? v[n / 2] : (v[n / 2 - 1] + v[n / 2]) / 2;
}

/* Values of a category among all rows. */
static uint32_t categories(const struct lw_matrix *x, size_t col)
{
    float most = -1;

    for (size_t r = 0; r < x->n_rows; r++)
        most = fmaxf(most, x->x[r * x->n_cols + col]);
    return (uint32_t)(most + 1);
}

static enum lw_status lay_out(struct growing *g, struct lw_error *err)
{
    const struct lw_matrix *x = &g->s->x;
    size_t n_numbers = 0;
    size_t width = 0;
    float *spread = mem_zalloc(x->n_cols, sizeof *spread);

    g->deviation = mem_zalloc(x->n_cols, sizeof *g->deviation);
    g->mean = mem_zalloc(x->n_cols, sizeof *g->mean);
    g->first_column = mem_zalloc(x->n_cols, sizeof *g->first_column);
    if (spread == NULL || g->deviation == NULL || g->mean == NULL ||
        g->first_column == NULL) {
        mem_free(spread);
        return out_of_memory(err);
    }
    for (size_t i = 0; i < x->n_cols; i++) {
        struct moments all;
        struct moments own;

        g->first_column[i] = (uint32_t)width;
        width += g->s->is_category[i] ? categories(x, i) : 1;
        if (g->s->is_category[i])
            continue;
        all = moments_of(x, i, NULL, x->n_rows);
        own = moments_of(x, i, g->member, g->n);
        g->deviation[i] = all.deviation > 0 ? (float)all.deviation : 1;
        g->mean[i] = (float)own.mean;
        spread[n_numbers++] = (float)(own.deviation / (double)g->deviation[i]);
    }
    g->apart = median(spread, n_numbers) / sqrtf(2);
    mem_free(spread);
    if (width > NEIGHBOURS_COLS_MAX)
        return lw_fail(err, LW_ELIMIT,
                       "%zu numbers and different words: rows are made up from at most "
                       "%d; take rare words together, or repeat rows (over)",
                       width, NEIGHBOURS_COLS_MAX);
    g->width = (uint32_t)width;
    g->space = mem_zalloc(width, sizeof *g->space);
    return g->space == NULL ? out_of_memory(err) : LW_OK;
}

static void place(const struct growing *g, const float *row, float *out)
{
    memset(out, 0, g->width * sizeof *out);
    for (size_t i = 0; i < g->s->x.n_cols; i++) {
        float *to = out + g->first_column[i];

        if (!g->s->is_category[i])
            *to = (isfinite(row[i]) ? row[i] : g->mean[i]) / g->deviation[i];
        else if (row[i] >= 0)
            to[(uint32_t)row[i]] = g->apart;
    }
}

static enum lw_status make_index(struct growing *g, struct lw_error *err)
{
    struct lw_matrix points = {0};
    enum lw_status st = lay_out(g, err);

    g->k = g->s->cfg->neighbours > 0 ? g->s->cfg->neighbours : DEFAULT_NEIGHBOURS;
    g->k = g->k > g->n - 1 ? (uint32_t)(g->n - 1) : g->k;
    if (st != LW_OK || g->k == 0)
        return st;
    g->near = mem_zalloc(g->n, g->k * sizeof *g->near);
    g->n_near = mem_zalloc(g->n, sizeof *g->n_near);
    if (g->near == NULL || g->n_near == NULL)
        return out_of_memory(err);
    st = lw_matrix_init(&points, g->n, g->width, err);
    for (size_t i = 0; st == LW_OK && i < g->n; i++)
        place(g, g->s->x.x + g->member[i] * g->s->x.n_cols, points.x + i * g->width);
    if (st == LW_OK)
        st = neighbours_new(&g->index, &points, NEIGHBOURS_EUCLID, err);
    lw_matrix_release(&points);
    return st;
}

/* Neighbours of a member, as members. */
static const uint32_t *near_of(struct growing *g, uint32_t member)
{
    struct neighbour found[NEIGHBOURS_MAX];
    uint32_t *out = g->near + (size_t)member * g->k;

    if (g->n_near[member] > 0)
        return out;
    place(g, g->s->x.x + g->member[member] * g->s->x.n_cols, g->space);
    g->n_near[member] = neighbours_find(g->index, g->space, g->k, member, found);
    LW_ASSERT(g->n_near[member] == g->k);
    for (uint32_t i = 0; i < g->k; i++)
        out[i] = found[i].row;
    return out;
}

/* ---- rows that are made up ---- */

/* The most frequent among the neighbours; of several the nearest one's. */
static float most_frequent(const struct growing *g, const uint32_t *near, size_t col)
{
    const struct lw_matrix *x = &g->s->x;
    float best = 0;
    uint32_t most = 0;

    for (uint32_t i = 0; i < g->k; i++) {
        float v = x->x[g->member[near[i]] * x->n_cols + col];
        uint32_t n = 0;

        for (uint32_t j = 0; j < g->k; j++)
            n += x->x[g->member[near[j]] * x->n_cols + col] == v ? 1 : 0;
        if (n > most) {
            most = n;
            best = v;
        }
    }
    return best;
}

static void make_up(struct growing *g, uint32_t member, float *out)
{
    const struct lw_matrix *x = &g->s->x;
    const float *base = x->x + g->member[member] * x->n_cols;
    const uint32_t *near;
    const float *other;
    float gap;

    memcpy(out, base, x->n_cols * sizeof *out);
    if (g->k == 0)
        return;
    near = near_of(g, member);
    other = x->x + g->member[near[rng_below(&g->s->rng, g->k)]] * x->n_cols;
    gap = (float)rng_unit(&g->s->rng);
    for (size_t i = 0; i < x->n_cols; i++) {
        if (g->s->is_category[i])
            out[i] = most_frequent(g, near, i);
        else if (isfinite(base[i]) && isfinite(other[i]))
            out[i] = base[i] + gap * (other[i] - base[i]);
    }
}

/* Rows for the class, from `at` on where there is room for them. */
static enum lw_status add_rows(struct growing *g, enum balance_kind kind, size_t n,
                               size_t at, struct lw_error *err)
{
    struct state *s = g->s;
    size_t width = s->x.n_cols;
    enum lw_status st = find_members(g, err);

    if (st == LW_OK && kind != BALANCE_OVER)
        st = make_index(g, err);
    for (size_t i = at; st == LW_OK && i < at + n; i++) {
        uint32_t member = (uint32_t)rng_below(&s->rng, g->n);
        float *row = s->x.x + i * width;

        s->label[i] = g->class_idx;
        s->source[i] = s->source[g->member[member]];
        if (kind == BALANCE_OVER)
            memcpy(row, s->x.x + g->member[member] * width, width * sizeof *row);
        else
            make_up(g, member, row);
    }
    growing_release(g);
    return st;
}

static enum lw_status over_sample(struct state *s, const struct balance_step *step,
                                  struct lw_error *err)
{
    size_t least = (size_t)(step->ratio * (double)largest(s));
    size_t n_rows = s->x.n_rows;
    size_t at = n_rows;
    enum lw_status st;

    for (uint32_t c = 0; c < s->n_classes; c++)
        n_rows += s->n_of[c] > 0 && s->n_of[c] < least ? least - s->n_of[c] : 0;
    st = grow(s, n_rows, err);
    for (uint32_t c = 0; st == LW_OK && c < s->n_classes; c++) {
        struct growing g = {.s = s, .class_idx = c};

        if (s->n_of[c] == 0 || s->n_of[c] >= least)
            continue;
        st = add_rows(&g, step->kind, least - s->n_of[c], at, err);
        at += least - s->n_of[c];
        s->n_of[c] = least;
    }
    /* Only now: new rows are made of those that were there. */
    s->x.n_rows = n_rows;
    return st;
}

/* ---- the whole ---- */

static enum lw_status check(const struct balance_config *cfg, const struct lw_matrix *x,
                            const bool *is_category, struct lw_error *err)
{
    size_t n = 0;

    for (size_t i = 0; i < x->n_cols; i++)
        n += is_category[i] ? 1 : 0;
    for (size_t i = 0; n > 0 && i < cfg->n_steps; i++)
        if (cfg->step[i].kind == BALANCE_SMOTE)
            return lw_fail(err, LW_EINVAL,
                           "smote makes up numbers, and %zu of the columns hold words: "
                           "smote-nc takes both",
                           n);
    if (x->n_rows >= UINT32_MAX)
        return lw_fail(err, LW_ELIMIT, "%zu rows are too many to balance", x->n_rows);
    return LW_OK;
}

enum lw_status balance_rows(struct balanced *out, const struct balance_config *cfg,
                            const struct lw_matrix *x, const bool *is_category,
                            const uint32_t *labels, uint32_t n_classes, uint64_t seed,
                            struct lw_error *err)
{
    struct state s = {.cfg = cfg, .is_category = is_category, .n_classes = n_classes};
    enum lw_status st = check(cfg, x, is_category, err);

    rng_init(&s.rng, seed);
    if (st == LW_OK)
        st = state_init(&s, x, labels, err);
    for (size_t i = 0; st == LW_OK && i < cfg->n_steps; i++)
        st = cfg->step[i].kind == BALANCE_UNDER
                 ? under_sample(&s, cfg->step[i].ratio, err)
                 : over_sample(&s, &cfg->step[i], err);
    if (st == LW_OK) {
        *out = (struct balanced){.x = s.x, .source = s.source};
        s.x = (struct lw_matrix){0};
        s.source = NULL;
    }
    state_release(&s);
    return st;
}

enum lw_status balance_weigh(enum balance_weights how, const uint32_t *kinds,
                             size_t n_rows, uint32_t n_kinds, float *out,
                             struct lw_error *err)
{
    double *of = mem_zalloc(n_kinds, sizeof *of);
    double sum = 0;

    if (of == NULL)
        return out_of_memory(err);
    for (size_t r = 0; r < n_rows; r++)
        of[kinds[r]]++;
    for (uint32_t k = 0; k < n_kinds; k++) {
        double n = of[k];

        of[k] = how == BALANCE_NO_WEIGHTS || !(n > 0) ? 1
                : how == BALANCE_BY_CLASS             ? 1 / n
                                                      : 1 / sqrt(n);
        sum += n * of[k];
    }
    for (size_t r = 0; r < n_rows; r++)
        out[r] = (float)(of[kinds[r]] / sum * (double)n_rows);
    mem_free(of);
    return LW_OK;
}

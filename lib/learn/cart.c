/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Classification trees (Breiman, Friedman, Olshen and Stone, 1984) on histograms.
 *
 * A node is a range of the samples.  For each column that is looked at, the weights of
 * its classes are added up by interval; one pass over the intervals then knows both
 * sides of every split.  Only intervals that occur in the node are visited, so a small
 * node costs what its samples cost, not what the histogram is long.
 *
 * How good a split is, but for what all splits of a node have in common: with class
 * weights l_k, r_k and sums L, R of the two sides,
 *     Gini       sum l_k^2 / L + sum r_k^2 / R
 *     entropy    sum l_k log l_k - L log L + sum r_k log r_k - R log R
 *
 * Missing values are tried on either side.  Where a node has none, they go to the side
 * of more weight.
 *
 * As in other implementations of random forests, columns are drawn until enough were
 * looked at and one of them could be split; those that are constant in a node are so in
 * all nodes below it and are known there without looking.
 */
#include "learn/cart.h"

#include "base/assert.h"
#include "base/mem.h"
#include "learn/link.h"

#include <float.h>
#include <math.h>
#include <string.h>

enum { WORDS = 4, STACK_MAX = FOREST_DEPTH_MAX + 2 };

/* One column's weights in a node. */
struct histogram {
    double *weight; /* (BINS_MAX + 1, n_classes), owned; zero between uses */
    uint32_t count[BINS_MAX + 1];
    uint64_t there[WORDS]; /* bit set of the intervals that occur */
};

struct split {
    double score;
    uint32_t column;
    float threshold;
    uint32_t last_left; /* highest interval that goes left; none where `only_missing` */
    bool missing_left;
    bool only_missing; /* missing values go left, all others right */
    bool found;
};

/* A range of the samples that is still to become a node. */
struct range {
    uint32_t from;
    uint32_t to;
    uint32_t depth;
    uint32_t n_constant; /* of cart.constant, known when the parent was split */
};

struct cart {
    const struct bins *bins; /* borrowed */
    uint32_t n_classes;
    struct histogram h;
    double *total;        /* (n_classes), owned: of the node */
    double *left;         /* (n_classes), owned */
    float *share;         /* (n_classes), owned: of a leaf */
    uint32_t *column;     /* (n_cols), owned: in the order last drawn */
    uint32_t *constant;   /* (n_cols), owned: columns known as constant here */
    uint8_t *is_constant; /* (n_cols), owned */
    uint32_t n_constant;
    struct cart_sample *scratch;      /* (n_max), owned */
    const struct cart_params *params; /* borrowed for a growth */
};

void cart_free(struct cart *c)
{
    if (c == NULL)
        return;
    mem_free(c->h.weight);
    mem_free(c->total);
    mem_free(c->left);
    mem_free(c->share);
    mem_free(c->column);
    mem_free(c->constant);
    mem_free(c->is_constant);
    mem_free(c->scratch);
    mem_free(c);
}

enum lw_status cart_new(struct cart **out, const struct bins *bins, uint32_t n_classes,
                        size_t n_max, struct lw_error *err)
{
    struct cart *c = mem_zalloc(1, sizeof *c);

    if (c == NULL)
        return lw_fail(err, LW_ENOMEM, "out of memory for a tree");
    c->bins = bins;
    c->n_classes = n_classes;
    c->h.weight = mem_zalloc((size_t)(BINS_MAX + 1) * n_classes, sizeof *c->h.weight);
    c->total = mem_zalloc(n_classes, sizeof *c->total);
    c->left = mem_zalloc(n_classes, sizeof *c->left);
    c->share = mem_zalloc(n_classes, sizeof *c->share);
    c->column = mem_zalloc(bins->n_cols, sizeof *c->column);
    c->constant = mem_zalloc(bins->n_cols, sizeof *c->constant);
    c->is_constant = mem_zalloc(bins->n_cols, sizeof *c->is_constant);
    c->scratch = mem_zalloc(n_max, sizeof *c->scratch);
    if (c->h.weight == NULL || c->total == NULL || c->left == NULL ||
        c->share == NULL || c->column == NULL || c->constant == NULL ||
        c->is_constant == NULL || c->scratch == NULL) {
        cart_free(c);
        return lw_fail(err, LW_ENOMEM, "out of memory for a tree");
    }
    *out = c;
    return LW_OK;
}

/* ---- histograms ---- */

static void histogram_fill(struct cart *c, uint32_t column,
                           const struct cart_sample *samples, size_t n)
{
    const uint8_t *codes = bins_codes(c->bins, column);
    double *weight = c->h.weight;
    uint32_t k = c->n_classes;

    for (size_t i = 0; i < n; i++) {
        uint32_t code = codes[samples[i].row];

        weight[code * k + samples[i].label] += (double)samples[i].weight;
        c->h.count[code]++;
        c->h.there[code / 64] |= UINT64_C(1) << (code % 64);
    }
}

/* The lowest interval that occurs, from `from` on; BINS_MAX + 1 where there is none. */
static uint32_t histogram_next(const struct histogram *h, uint32_t from)
{
    for (uint32_t w = from / 64; w < WORDS; w++) {
        uint64_t bits = h->there[w];

        if (w == from / 64)
            bits &= ~UINT64_C(0) << (from % 64);
        if (bits != 0)
            return w * 64 + (uint32_t)__builtin_ctzll(bits);
    }
    return BINS_MAX + 1;
}

static void histogram_clear(struct cart *c)
{
    for (uint32_t b = histogram_next(&c->h, 0); b <= BINS_MAX;
         b = b == BINS_MAX ? b + 1 : histogram_next(&c->h, b + 1)) {
        memset(c->h.weight + (size_t)b * c->n_classes, 0,
               c->n_classes * sizeof *c->h.weight);
        c->h.count[b] = 0;
    }
    memset(c->h.there, 0, sizeof c->h.there);
}

/* ---- splits ---- */

static double x_log_x(double x)
{
    return x > DBL_MIN ? x * link_log(x) : 0;
}

/* Of class weights left, with those of `missing` (NULL: none), against the rest. */
static double split_score(const struct cart *c, const double *missing)
{
    bool entropy = c->params->entropy;
    double sum_l = 0;
    double sum_r = 0;
    double l_part = 0;
    double r_part = 0;

    for (uint32_t k = 0; k < c->n_classes; k++) {
        double l = c->left[k] + (missing == NULL ? 0 : missing[k]);
        double r = c->total[k] - l;

        r = r > 0 ? r : 0;
        sum_l += l;
        sum_r += r;
        l_part += entropy ? x_log_x(l) : l * l;
        r_part += entropy ? x_log_x(r) : r * r;
    }
    if (entropy)
        return l_part - x_log_x(sum_l) + r_part - x_log_x(sum_r);
    return (sum_l > 0 ? l_part / sum_l : 0) + (sum_r > 0 ? r_part / sum_r : 0);
}

/* Try the split as left now stands; n_left rows, of n. */
static void try_split(struct cart *c, struct split *best, const struct split *as,
                      const double *missing, size_t n_left, size_t n)
{
    double score;

    if (n_left < c->params->min_leaf || n - n_left < c->params->min_leaf)
        return;
    score = split_score(c, missing);
    if (best->found && !(score > best->score))
        return;
    *best = *as;
    best->score = score;
    best->found = true;
}

/* All splits of the column whose histogram is filled, of a node of n rows. */
static void try_column(struct cart *c, struct split *best, uint32_t column, size_t n)
{
    const struct histogram *h = &c->h;
    size_t n_missing = h->count[BINS_MISSING];
    const double *missing = h->weight + (size_t)BINS_MISSING * c->n_classes;
    struct split s = {.column = column};
    size_t n_left = 0;
    uint32_t b = histogram_next(h, 0);

    memset(c->left, 0, c->n_classes * sizeof *c->left);
    if (n_missing > 0) {
        s.threshold = -FLT_MAX;
        s.only_missing = s.missing_left = true;
        try_split(c, best, &s, missing, n_missing, n);
        s.only_missing = false;
    }
    while (b < BINS_MISSING) {
        uint32_t next = histogram_next(h, b + 1);

        for (uint32_t k = 0; k < c->n_classes; k++)
            c->left[k] += h->weight[(size_t)b * c->n_classes + k];
        n_left += h->count[b];
        if (next >= BINS_MISSING)
            return;
        s.last_left = b;
        s.threshold = bins_between(c->bins, column, b, next);
        s.missing_left = false;
        try_split(c, best, &s, NULL, n_left, n);
        s.missing_left = true;
        if (n_missing > 0)
            try_split(c, best, &s, missing, n_left + n_missing, n);
        b = next;
    }
}

static void set_constant(struct cart *c, uint32_t column)
{
    c->is_constant[column] = 1;
    c->constant[c->n_constant++] = column;
}

/* Look at columns drawn without return. */
static struct split find_split(struct cart *c, const struct cart_sample *samples,
                               size_t n, struct rng *rng)
{
    uint32_t n_cols = (uint32_t)c->bins->n_cols;
    struct split best = {.found = false};
    bool any = false; /* one of those looked at varies */

    for (uint32_t i = 0; i < n_cols && (i < c->params->n_features || !any); i++) {
        uint32_t j = i + (uint32_t)rng_below(rng, n_cols - i);
        uint32_t column = c->column[j];
        uint32_t first;

        c->column[j] = c->column[i];
        c->column[i] = column;
        if (c->is_constant[column])
            continue;
        histogram_fill(c, column, samples, n);
        first = histogram_next(&c->h, 0);
        if (c->h.count[first] == n) {
            set_constant(c, column);
        } else {
            any = true;
            try_column(c, &best, column, n);
        }
        histogram_clear(c);
    }
    return best;
}

/* ---- growth ---- */

static size_t partition(struct cart *c, struct cart_sample *samples, size_t n,
                        const struct split *s)
{
    const uint8_t *codes = bins_codes(c->bins, s->column);
    size_t n_left = 0;
    size_t n_right = 0;

    for (size_t i = 0; i < n; i++) {
        uint8_t code = codes[samples[i].row];
        bool left = code == BINS_MISSING ? s->missing_left
                                         : !s->only_missing && code <= s->last_left;

        if (left)
            samples[n_left++] = samples[i];
        else
            c->scratch[n_right++] = samples[i];
    }
    memcpy(samples + n_left, c->scratch, n_right * sizeof *samples);
    return n_left;
}

static double weight_of(const struct cart_sample *samples, size_t n)
{
    double sum = 0;

    for (size_t i = 0; i < n; i++)
        sum += (double)samples[i].weight;
    return sum;
}

/* Sum up the node's classes; says whether there is more than one. */
static bool count_classes(struct cart *c, const struct cart_sample *samples, size_t n)
{
    bool mixed = false;

    memset(c->total, 0, c->n_classes * sizeof *c->total);
    for (size_t i = 0; i < n; i++) {
        c->total[samples[i].label] += (double)samples[i].weight;
        mixed = mixed || samples[i].label != samples[0].label;
    }
    return mixed;
}

static enum lw_status add_leaf(struct cart *c, struct trees *out, double cover,
                               struct lw_error *err)
{
    for (uint32_t k = 0; k < c->n_classes; k++)
        c->share[k] = (float)(c->total[k] / cover);
    return trees_add(
        out, &(struct trees_node){.cover = (float)cover, .feature = FOREST_LEAF},
        c->share, err);
}

/* Where a node saw no missing value, one goes where more weight went. */
static bool default_left(const struct cart *c, const struct split *s,
                         const struct cart_sample *samples, size_t n, size_t n_left)
{
    const uint8_t *codes = bins_codes(c->bins, s->column);

    for (size_t i = 0; i < n; i++)
        if (codes[samples[i].row] == BINS_MISSING)
            return s->missing_left;
    return 2 * weight_of(samples, n_left) > weight_of(samples, n);
}

/* Make a node of a range and put what it is split into on the stack. */
static enum lw_status grow_node(struct cart *c, struct trees *out,
                                struct cart_sample *samples, struct range at,
                                struct range *stack, size_t *n_stack, struct rng *rng,
                                struct lw_error *err)
{
    struct cart_sample *here = samples + at.from;
    size_t n = at.to - at.from;
    struct split s = {.found = false};
    double cover = weight_of(here, n);
    size_t n_left;
    uint32_t mid;

    if (count_classes(c, here, n) && at.depth < c->params->max_depth &&
        n >= c->params->min_split)
        s = find_split(c, here, n, rng);
    if (!s.found)
        return add_leaf(c, out, cover, err);
    n_left = partition(c, here, n, &s);
    LW_ASSERT(n_left > 0 && n_left < n && *n_stack + 2 <= STACK_MAX);
    mid = at.from + (uint32_t)n_left;
    stack[(*n_stack)++] = (struct range){mid, at.to, at.depth + 1, c->n_constant};
    stack[(*n_stack)++] = (struct range){at.from, mid, at.depth + 1, c->n_constant};
    return trees_add(
        out,
        &(struct trees_node){.threshold = s.threshold,
                             .cover = (float)cover,
                             .feature = (uint16_t)s.column,
                             .default_left = default_left(c, &s, here, n, n_left)},
        NULL, err);
}

enum lw_status cart_grow(struct cart *c, struct trees *out, struct cart_sample *samples,
                         size_t n, const struct cart_params *params, struct rng *rng,
                         struct lw_error *err)
{
    struct range stack[STACK_MAX];
    size_t n_stack = 0;
    enum lw_status st = LW_OK;

    LW_ASSERT(n > 0 && params->max_depth <= FOREST_DEPTH_MAX);
    c->params = params;
    for (uint32_t i = 0; i < c->bins->n_cols; i++)
        c->column[i] = i;
    stack[n_stack++] = (struct range){.to = (uint32_t)n};
    while (n_stack > 0 && st == LW_OK) {
        struct range at = stack[--n_stack];

        while (c->n_constant > at.n_constant)
            c->is_constant[c->constant[--c->n_constant]] = 0;
        st = grow_node(c, out, samples, at, stack, &n_stack, rng, err);
    }
    while (c->n_constant > 0)
        c->is_constant[c->constant[--c->n_constant]] = 0;
    return st;
}

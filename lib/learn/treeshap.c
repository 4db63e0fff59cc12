/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TreeSHAP with path-dependent expectations: the Shapley values of the game in which a
 * split on a column outside the coalition sends the row both ways, in proportion to the
 * training covers (Lundberg et al., "From local explanations to global understanding
 * with explainable AI for trees", Nature Machine Intelligence 2020, algorithm 2).
 *
 * Algorithm 2 keeps, per path, a weight for each coalition size and takes O(leaves *
 * depth^2).  We use another form of the same numbers, linear in depth.  On the path to
 * a leaf of value v let column i have the share z_i of the training rows that went this
 * way (a product over its splits) and o_i = 1 if the row goes this way, else 0.  With d
 * columns on the path the Shapley weight of a coalition of k others is
 *
 *     k! (d-1-k)! / d!  =  integral over t in [0,1] of t^k (1-t)^(d-1-k),
 *
 * so that the sum over all coalitions becomes a product under the integral:
 *
 *     phi_i += v (o_i - z_i) integral of  product over l != i of  f_l(t),
 *              f_l(t) = z_l (1-t) + o_l t.
 *
 * The product is a polynomial of degree d-1, which Gauss-Legendre quadrature with n >=
 * d/2 points integrates exactly.  At each point a leaf needs only G = product of all
 * f_l, and phi_i takes G / f_i.  What the leaves below an edge have in common is summed
 * before it is divided, so every edge is handled once.  (Yu et al., "Linear TreeSHAP",
 * NeurIPS 2022, sum up in this way too, but over polynomials' coefficients.)
 *
 * A column that splits a second time on one path has one factor for both splits: below
 * the second the combined factor replaces the first one's, in G and in what phi gets.
 *
 * Nodes are in preorder, so one pass forwards finds every parent's G before its
 * children's, and one backwards every child's sum before its parent's.
 *
 * All terms of the sums are positive until they are multiplied by v: nothing cancels.
 */
#include "learn/treeshap.h"

#include "base/assert.h"
#include "base/mem.h"

#include <math.h>

enum { POINTS_MAX = 16 };

/* Gauss-Legendre points and weights on [0, 1]: n points are exact to degree 2n - 1. */
struct quadrature {
    uint32_t n;
    double t[POINTS_MAX];
    double w[POINTS_MAX];
};

static const struct quadrature quadratures[] = {
    {4,
     {0.06943184420297371, 0.33000947820757187, 0.6699905217924281, 0.9305681557970263},
     {0.17392742256872692, 0.32607257743127305, 0.32607257743127305,
      0.17392742256872692}},
    {8,
     {0.019855071751231884, 0.10166676129318664, 0.2372337950418355, 0.4082826787521751,
      0.591717321247825, 0.7627662049581645, 0.8983332387068134, 0.9801449282487681},
     {0.05061426814518813, 0.11119051722668724, 0.15685332293894363, 0.181341891689181,
      0.181341891689181, 0.15685332293894363, 0.11119051722668724,
      0.05061426814518813}},
    {16,
     {0.005299532504175033, 0.02771248846338371, 0.06718439880608412,
      0.12229779582249849, 0.19106187779867811, 0.2709916111713863, 0.35919822461037054,
      0.4524937450811813, 0.5475062549188188, 0.6408017753896295, 0.7290083888286137,
      0.8089381222013219, 0.8777022041775016, 0.9328156011939158, 0.9722875115366163,
      0.994700467495825},
     {0.013576229705877048, 0.031126761969323947, 0.04757925584124639,
      0.06231448562776694, 0.07479799440828837, 0.08457825969750127,
      0.09130170752246179, 0.09472530522753425, 0.09472530522753425,
      0.09130170752246179, 0.08457825969750127, 0.07479799440828837,
      0.06231448562776694, 0.04757925584124639, 0.031126761969323947,
      0.013576229705877048}},
};

_Static_assert(FOREST_DEPTH_MAX <= 2 * POINTS_MAX, "the largest table must be exact");

#define NOWHERE UINT32_MAX

/* What is known of a node: the edge that leads to it. */
struct place {
    double zero;     /* z of the edge's column on the path from the root to here */
    double one;      /* o of that column */
    uint32_t parent; /* NOWHERE at the root */
    uint32_t same;   /* nearest node above whose edge has the same column, or NOWHERE */
    uint16_t column; /* that the parent compares */
};

/* One tree's work; the numbers at the quadrature's points follow one another. */
struct walk {
    const struct quadrature *q;
    struct place *places; /* (nodes of the largest tree), owned */
    double *inverse;      /* (nodes, n), owned: 1 / f of the edge's column */
    double *product;      /* (nodes, n), owned: f of all columns down to here */
    double *below;        /* (nodes, n), owned: sum over the leaves below of v G */
};

/* The nearest node at or above `i` whose edge has this column. */
static uint32_t find_column(const struct place *places, uint32_t i, uint16_t column)
{
    while (i != NOWHERE && places[i].column != column)
        i = places[i].parent;
    return i;
}

/* Go over the edge from `parent`, whose split compares `column`, to `child`. */
static inline void open_edge(struct walk *w, uint32_t n, uint32_t parent,
                             uint32_t child, double share, bool taken)
{
    struct place *to = &w->places[child];
    const double *above = w->product + (size_t)parent * n;
    double *inverse = w->inverse + (size_t)child * n;
    double *product = w->product + (size_t)child * n;

    to->zero = share;
    to->one = taken ? 1 : 0;
    if (to->same != NOWHERE) {
        to->zero *= w->places[to->same].zero;
        to->one *= w->places[to->same].one;
    }
    for (uint32_t k = 0; k < n; k++) {
        double factor = to->zero * (1 - w->q->t[k]) + to->one * w->q->t[k];

        /* A factor of 0 is at all points: no coalition comes here. */
        inverse[k] = factor > 0 ? 1 / factor : 0;
        product[k] = above[k] * factor;
    }
    if (to->same == NOWHERE)
        return;
    for (uint32_t k = 0; k < n; k++)
        product[k] *= w->inverse[(size_t)to->same * n + k];
}

/* Forwards: open both edges of every split, value every leaf. */
static inline void spread(struct walk *w, uint32_t n, const struct forest *f,
                          uint32_t root, uint32_t end, const float *row)
{
    for (uint32_t i = 0; i < end - root; i++) {
        const struct forest_node *node = &f->nodes[root + i];
        uint32_t right = node->right - root;
        double left_share;
        float x;
        bool left;

        if (node->feature == FOREST_LEAF) {
            for (uint32_t k = 0; k < n; k++)
                w->below[(size_t)i * n + k] =
                    (double)node->value * w->product[(size_t)i * n + k];
            continue;
        }
        x = row[node->feature];
        left = isnan(x) ? node->default_left : x < node->value;
        left_share = forest_left_share(f, root + i);
        w->places[i + 1].same = find_column(w->places, i, node->feature);
        w->places[i + 1].parent = i;
        w->places[i + 1].column = node->feature;
        w->places[right] = w->places[i + 1];
        open_edge(w, n, i, i + 1, left_share, left);
        open_edge(w, n, i, right, 1 - left_share, !left);
    }
}

/* What the column of place `i` gets from leaves whose sum is `below`. */
static inline double credit(const struct walk *w, uint32_t n, uint32_t i,
                            const double *below)
{
    double sum = 0;

    for (uint32_t k = 0; k < n; k++)
        sum += w->q->w[k] * below[k] * w->inverse[(size_t)i * n + k];
    return (w->places[i].one - w->places[i].zero) * sum;
}

/* Backwards: add up what lies below, give every split's column its share. */
static inline void gather(struct walk *w, uint32_t n, const struct forest *f,
                          uint32_t root, uint32_t end, double *phi)
{
    for (uint32_t i = end - root; i-- > 0;) {
        const struct forest_node *node = &f->nodes[root + i];
        uint32_t right = node->right - root;
        uint32_t same;
        double *below = w->below + (size_t)i * n;
        double sum;

        if (node->feature == FOREST_LEAF)
            continue;
        for (uint32_t k = 0; k < n; k++)
            below[k] = below[n + k] + w->below[(size_t)right * n + k];
        sum = credit(w, n, i + 1, below + n) +
              credit(w, n, right, w->below + (size_t)right * n);
        same = w->places[i + 1].same;
        if (same != NOWHERE)
            sum -= credit(w, n, same, below);
        phi[node->feature] += sum;
    }
}

static inline void explain_trees(struct walk *w, uint32_t n, const struct forest *f,
                                 uint32_t group, const float *row, double *phi)
{
    for (uint32_t t = group; t < f->n_trees; t += f->n_groups) {
        spread(w, n, f, f->root[t], f->root[t + 1], row);
        gather(w, n, f, f->root[t], f->root[t + 1], phi);
    }
}

static const struct quadrature *quadrature_for(uint32_t depth)
{
    const struct quadrature *q = quadratures;

    while (2 * q->n < depth)
        q++;
    return q;
}

static void walk_release(struct walk *w)
{
    mem_free(w->places);
    mem_free(w->inverse);
    mem_free(w->product);
    mem_free(w->below);
}

static enum lw_status walk_init(struct walk *w, const struct forest *f,
                                struct lw_error *err)
{
    size_t n = f->largest;

    *w = (struct walk){.q = quadrature_for(f->depth)};
    w->places = mem_zalloc(n, sizeof *w->places);
    w->inverse = mem_zalloc(n * w->q->n, sizeof *w->inverse);
    w->product = mem_zalloc(n * w->q->n, sizeof *w->product);
    w->below = mem_zalloc(n * w->q->n, sizeof *w->below);
    if (w->places == NULL || w->inverse == NULL || w->product == NULL ||
        w->below == NULL) {
        walk_release(w);
        return lw_fail(err, LW_ENOMEM, "out of memory");
    }
    w->places[0] =
        (struct place){.parent = NOWHERE, .same = NOWHERE, .column = FOREST_LEAF};
    for (uint32_t k = 0; k < w->q->n; k++)
        w->product[k] = 1;
    return LW_OK;
}

enum lw_status treeshap_row(const struct forest *f, const float *row,
                            uint32_t class_idx, double *phi, struct lw_error *err)
{
    uint32_t group = f->n_groups == 1 ? 0 : class_idx;
    struct walk w;
    enum lw_status st;

    LW_ASSERT(class_idx < f->n_classes);
    st = walk_init(&w, f, err);
    if (st != LW_OK)
        return st;
    for (uint32_t i = 0; i < f->n_cols; i++)
        phi[i] = 0;
    phi[f->n_cols] = f->expected[group];
    /* The usual depth gets code of its own, with loops of fixed length. */
    if (w.q->n == 4)
        explain_trees(&w, 4, f, group, row, phi);
    else
        explain_trees(&w, w.q->n, f, group, row, phi);
    if (f->n_groups == 1 && class_idx == 0)
        for (uint32_t i = 0; i <= f->n_cols; i++)
            phi[i] = -phi[i];
    walk_release(&w);
    return LW_OK;
}

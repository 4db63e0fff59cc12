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

/* An edge of the path from the root to the node in hand; edge 0 leads to the root. */
struct edge {
    uint16_t column;            /* that the split above it compares */
    double zero;                /* z of this column on this path down to here */
    double one;                 /* o of this column */
    double inverse[POINTS_MAX]; /* 1 / f of this column */
    double product[POINTS_MAX]; /* f of all columns down to here */
    double below[POINTS_MAX];   /* sum over the leaves below of v G */
};

struct walk {
    const struct forest *f; /* borrowed */
    const float *row;       /* borrowed */
    const struct quadrature *q;
    double *phi; /* borrowed */
    struct edge path[FOREST_DEPTH_MAX + 1];
};

/* The last edge on the path above `depth` whose split compares `column`, or NULL. */
static const struct edge *earlier(const struct walk *w, uint32_t depth, uint16_t column)
{
    for (uint32_t i = depth; i > 0; i--)
        if (w->path[i].column == column)
            return &w->path[i];
    return NULL;
}

/* What column of `e` gets from the leaves whose sum is `below`. */
static double share_of(const struct walk *w, const struct edge *e, const double *below)
{
    double sum = 0;

    for (uint32_t k = 0; k < w->q->n; k++)
        sum += w->q->w[k] * below[k] * e->inverse[k];
    return (e->one - e->zero) * sum;
}

static void open_edge(const struct walk *w, struct edge *e, const double *above,
                      const struct edge *same)
{
    for (uint32_t k = 0; k < w->q->n; k++) {
        double t = w->q->t[k];
        double factor = e->zero * (1 - t) + e->one * t;

        e->inverse[k] = 1 / factor;
        e->product[k] = above[k] * factor * (same == NULL ? 1 : same->inverse[k]);
    }
}

static void visit(struct walk *w, uint32_t node, uint32_t depth);

/* Go down one side of the split `node`, credit its column, add up to the path. */
static void visit_side(struct walk *w, uint32_t child, uint32_t depth, double share,
                       bool taken, uint16_t column)
{
    const struct edge *same = earlier(w, depth, column);
    struct edge *e = &w->path[depth + 1];

    e->column = column;
    e->zero = share * (same == NULL ? 1 : same->zero);
    e->one = taken ? (same == NULL ? 1 : same->one) : 0;
    if (e->zero == 0 && e->one == 0)
        return; /* no coalition comes here */
    open_edge(w, e, w->path[depth].product, same);
    visit(w, child, depth + 1);
    w->phi[column] += share_of(w, e, e->below);
    if (same != NULL)
        w->phi[column] -= share_of(w, same, e->below);
    for (uint32_t k = 0; k < w->q->n; k++)
        w->path[depth].below[k] += e->below[k];
}

/* The recursion is as deep as the tree, at most FOREST_DEPTH_MAX. */
static void visit(struct walk *w, uint32_t node,
                  uint32_t depth) /* NOLINT(misc-no-recursion) */
{
    const struct forest_node *n = &w->f->nodes[node];
    struct edge *e = &w->path[depth];
    bool leaf = n->feature == FOREST_LEAF;
    double left;
    float x;
    bool goes_left;

    for (uint32_t k = 0; k < w->q->n; k++)
        e->below[k] = leaf ? (double)n->value * e->product[k] : 0;
    if (leaf)
        return;
    x = w->row[n->feature];
    goes_left = isnan(x) ? n->default_left : x < n->value;
    left = forest_left_share(w->f, node);
    visit_side(w, node + 1, depth, left, goes_left, n->feature);
    visit_side(w, n->right, depth, 1 - left, !goes_left, n->feature);
}

static const struct quadrature *quadrature_for(uint32_t depth)
{
    const struct quadrature *q = quadratures;

    while (2 * q->n < depth)
        q++;
    return q;
}

enum lw_status treeshap_row(const struct forest *f, const float *row,
                            uint32_t class_idx, double *phi, struct lw_error *err)
{
    struct walk *w = mem_zalloc(1, sizeof *w);
    uint32_t group = f->n_groups == 1 ? 0 : class_idx;

    LW_ASSERT(class_idx < f->n_classes);
    if (w == NULL)
        return lw_fail(err, LW_ENOMEM, "out of memory");
    w->f = f;
    w->row = row;
    w->q = quadrature_for(f->depth);
    w->phi = phi;
    for (uint32_t k = 0; k < w->q->n; k++)
        w->path[0].product[k] = 1;
    for (uint32_t i = 0; i < f->n_cols; i++)
        phi[i] = 0;
    phi[f->n_cols] = f->expected[group];
    for (uint32_t t = group; t < f->n_trees; t += f->n_groups)
        visit(w, f->root[t], 0);
    if (f->n_groups == 1 && class_idx == 0)
        for (uint32_t i = 0; i <= f->n_cols; i++)
            phi[i] = -phi[i];
    mem_free(w);
    return LW_OK;
}

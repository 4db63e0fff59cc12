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
 * All that does not depend on the row is laid out once per forest: splits and leaves
 * apart, each with the places of its edges, so that no loop has a branch a row decides.
 * (Deciding branches took most of the time, for a processor cannot guess them.)  Splits
 * are in preorder: forwards every parent's G comes before its children's, backwards
 * every child's sum before its parent's.
 *
 * All terms of the sums are positive until they are multiplied by v: nothing cancels.
 */
#include "learn/treeshap.h"

#include "base/assert.h"
#include "base/mem.h"
#include "base/simd.h"

#include <math.h>
#include <stdbool.h>

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

#define FORCE_INLINE static inline __attribute__((always_inline))

/* ---- what does not depend on the row --------------------------------------------- */

/*
 * Every node has a place in its tree: the root 0, the children of split s (the first is
 * 0) 2s + 1 and 2s + 2.  Place `spare` of the walk stands for the edge above with the
 * same column where there is none: z = o = f = 1.
 */
struct split {
    uint32_t place;
    uint32_t same; /* place of the nearest edge above with this column, or NOWHERE */
    float threshold;
    uint16_t feature;
    bool default_left;
    double left_share;
};

struct leaf {
    uint32_t place;
    float value;
};

struct treeshap_plan {
    struct split *splits;  /* of all trees, owned */
    struct leaf *leaves;   /* of all trees, owned */
    uint32_t *first_split; /* (n_trees + 1), owned */
    uint32_t *first_leaf;  /* (n_trees + 1), owned */
    uint32_t most_splits;  /* of one tree */
};

void treeshap_plan_free(struct treeshap_plan *p)
{
    if (p == NULL)
        return;
    mem_free(p->splits);
    mem_free(p->leaves);
    mem_free(p->first_split);
    mem_free(p->first_leaf);
    mem_free(p);
}

/* The splits above the node looked at. */
struct path {
    struct {
        uint32_t split;
        uint32_t place;
        uint32_t column; /* of the edge that leads here */
        uint32_t right;  /* its right child's node */
        uint32_t end;    /* behind the last node below */
    } at[FOREST_DEPTH_MAX + 1];
    uint32_t depth;
};

static uint32_t find_column(const struct path *path, uint32_t column)
{
    for (uint32_t d = path->depth; d-- > 0;)
        if (path->at[d].column == column)
            return path->at[d].place;
    return NOWHERE;
}

/* Lay out tree t, whose splits and leaves begin at those of the plan. */
static void lay_out(struct treeshap_plan *p, const struct forest *f, uint32_t t)
{
    uint32_t first = p->first_split[t];
    uint32_t s = first;
    uint32_t l = p->first_leaf[t];
    struct path path = {.depth = 0};

    for (uint32_t i = f->root[t]; i < f->root[t + 1]; i++) {
        const struct forest_node *node = &f->nodes[i];
        uint32_t column = f->n_cols; /* none, at the root */
        uint32_t place = 0;
        uint32_t end = f->root[t + 1];
        uint32_t d;

        while (path.depth > 0 && path.at[path.depth - 1].end <= i)
            path.depth--;
        d = path.depth;
        if (d > 0) {
            bool right = i == path.at[d - 1].right;

            column = p->splits[path.at[d - 1].split].feature;
            place = 2 * (path.at[d - 1].split - first) + (right ? 2 : 1);
            end = right ? path.at[d - 1].end : path.at[d - 1].right;
        }
        if (node->feature == FOREST_LEAF) {
            p->leaves[l++] = (struct leaf){place, node->value};
            continue;
        }
        LW_ASSERT(d < FOREST_DEPTH_MAX);
        path.at[d].split = s;
        path.at[d].place = place;
        path.at[d].column = column;
        path.at[d].right = node->right;
        path.at[d].end = end;
        path.depth++;
        p->splits[s++] = (struct split){.place = place,
                                        .same = find_column(&path, node->feature),
                                        .threshold = node->value,
                                        .feature = node->feature,
                                        .default_left = node->default_left,
                                        .left_share = forest_left_share(f, i)};
    }
    p->first_split[t + 1] = s;
    p->first_leaf[t + 1] = l;
    p->most_splits = s - first > p->most_splits ? s - first : p->most_splits;
}

enum lw_status treeshap_plan_new(struct treeshap_plan **out, const struct forest *f,
                                 struct lw_error *err)
{
    struct treeshap_plan *p = mem_zalloc(1, sizeof *p);
    size_t n_splits = (f->n_nodes - f->n_trees) / 2; /* each has one node more below */

    if (p != NULL) {
        p->splits = mem_zalloc(n_splits + 1, sizeof *p->splits);
        p->leaves = mem_zalloc((size_t)f->n_nodes + 1, sizeof *p->leaves);
        p->first_split = mem_zalloc((size_t)f->n_trees + 1, sizeof *p->first_split);
        p->first_leaf = mem_zalloc((size_t)f->n_trees + 1, sizeof *p->first_leaf);
    }
    if (p == NULL || p->splits == NULL || p->leaves == NULL || p->first_split == NULL ||
        p->first_leaf == NULL) {
        treeshap_plan_free(p);
        return lw_fail(err, LW_ENOMEM, "out of memory for reasons");
    }
    for (uint32_t t = 0; t < f->n_trees; t++)
        lay_out(p, f, t);
    *out = p;
    return LW_OK;
}

/* ---- one row --------------------------------------------------------------------- */

/* Numbers at four of the quadrature's points, worked on at once.  Element by element
 * it is the same arithmetic with any vectors, and nothing is fused: the same bits. */
typedef double quad __attribute__((vector_size(32), aligned(8)));
typedef int64_t quad_bits __attribute__((vector_size(32), aligned(8)));

enum { QUADS_MAX = POINTS_MAX / 4 };

/* The edge that leads to a place: its column's factor on the path down to there. */
struct edge {
    double zero;
    double one;
};

/* One tree's work, by places, of which the last is spare.  n: quads. */
struct walk {
    uint32_t n;
    uint32_t spare;
    quad t[QUADS_MAX];
    quad rest[QUADS_MAX]; /* 1 - t */
    quad w[QUADS_MAX];
    struct edge *edges; /* owned */
    quad *inverse;      /* (places, n), owned: 1 / f of the edge's column */
    quad *product;      /* (places, n), owned: f of all columns down to here */
    quad *below;        /* (places, n), owned: sum over the leaves below of v G */
};

/* Go over an edge, whose column's factor takes the place of one divided out. */
FORCE_INLINE void open_edge(struct walk *w, uint32_t n, uint32_t to, double zero,
                            double one, const quad *above)
{
    quad *inverse = w->inverse + (size_t)to * n;
    quad *product = w->product + (size_t)to * n;

    w->edges[to] = (struct edge){zero, one};
    for (uint32_t k = 0; k < n; k++) {
        quad factor = zero * w->rest[k] + one * w->t[k];
        quad_bits some = factor > 0;

        /* A factor of 0 is at all points: no coalition comes here. */
        inverse[k] = (quad)((quad_bits)(1 / factor) & some);
        product[k] = above[k] * factor;
    }
}

/* Forwards: open both edges of every split. */
FORCE_INLINE void spread(struct walk *w, uint32_t n, const struct split *splits,
                         uint32_t n_splits, const float *row)
{
    for (uint32_t s = 0; s < n_splits; s++) {
        const struct split *p = &splits[s];
        uint32_t same = p->same == NOWHERE ? w->spare : p->same;
        struct edge old = w->edges[same];
        const quad *product = w->product + (size_t)p->place * n;
        const quad *inverse = w->inverse + (size_t)same * n;
        float x = row[p->feature];
        int left = (x < p->threshold) | ((x != x) & p->default_left);
        quad above[QUADS_MAX];

        for (uint32_t k = 0; k < n; k++)
            above[k] = product[k] * inverse[k];
        open_edge(w, n, 2 * s + 1, old.zero * p->left_share, old.one * left, above);
        open_edge(w, n, 2 * s + 2, old.zero * (1 - p->left_share), old.one * (1 - left),
                  above);
    }
}

/* Add what the column of an edge gets from leaves whose sum is `below`, or take it
 * away. */
FORCE_INLINE void credit(const struct walk *w, uint32_t n, uint32_t k, uint32_t place,
                         const quad *below, double sign, quad *sum)
{
    *sum += sign * (w->edges[place].one - w->edges[place].zero) *
            (w->w[k] * *below * w->inverse[(size_t)place * n + k]);
}

/* Backwards: add up what lies below, give every split's column its share: that of both
 * edges, in place of what the same column's edge above would get for all below. */
FORCE_INLINE void gather(struct walk *w, uint32_t n, const struct split *splits,
                         uint32_t n_splits, double *phi)
{
    for (uint32_t s = n_splits; s-- > 0;) {
        const struct split *p = &splits[s];
        uint32_t same = p->same == NOWHERE ? w->spare : p->same;
        quad *below = w->below + (size_t)p->place * n;
        const quad *left = w->below + (size_t)(2 * s + 1) * n;
        quad sum = {0};

        for (uint32_t k = 0; k < n; k++) {
            below[k] = left[k] + left[n + k];
            credit(w, n, k, 2 * s + 1, &left[k], 1, &sum);
            credit(w, n, k, 2 * s + 2, &left[n + k], 1, &sum);
            credit(w, n, k, same, &below[k], -1, &sum);
        }
        phi[p->feature] += sum[0] + sum[1] + (sum[2] + sum[3]);
    }
}

FORCE_INLINE void explain_trees(struct walk *w, uint32_t n, const struct forest *f,
                                uint32_t group, const float *row, double *phi)
{
    const struct treeshap_plan *p = f->reasons;

    for (uint32_t t = group; t < f->n_trees; t += f->n_groups) {
        const struct split *splits = p->splits + p->first_split[t];
        uint32_t n_splits = p->first_split[t + 1] - p->first_split[t];

        spread(w, n, splits, n_splits, row);
        for (uint32_t l = p->first_leaf[t]; l < p->first_leaf[t + 1]; l++)
            for (uint32_t k = 0; k < n; k++)
                w->below[(size_t)p->leaves[l].place * n + k] =
                    (double)p->leaves[l].value *
                    w->product[(size_t)p->leaves[l].place * n + k];
        gather(w, n, splits, n_splits, phi);
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
    mem_free(w->edges);
    mem_free(w->inverse);
    mem_free(w->product);
    mem_free(w->below);
}

static enum lw_status walk_init(struct walk *w, const struct forest *f,
                                struct lw_error *err)
{
    const struct quadrature *q = quadrature_for(f->depth);
    size_t n = 2 * (size_t)f->reasons->most_splits + 2;
    size_t spare = n - 1;

    *w = (struct walk){.n = q->n / 4, .spare = (uint32_t)spare};
    w->edges = mem_zalloc(n, sizeof *w->edges);
    w->inverse = mem_zalloc(n * w->n, sizeof *w->inverse);
    w->product = mem_zalloc(n * w->n, sizeof *w->product);
    w->below = mem_zalloc(n * w->n, sizeof *w->below);
    if (w->edges == NULL || w->inverse == NULL || w->product == NULL ||
        w->below == NULL) {
        walk_release(w);
        return lw_fail(err, LW_ENOMEM, "out of memory for reasons");
    }
    w->edges[spare] = (struct edge){1, 1};
    for (uint32_t k = 0; k < q->n; k++) {
        w->t[k / 4][k % 4] = q->t[k];
        w->rest[k / 4][k % 4] = 1 - q->t[k];
        w->w[k / 4][k % 4] = q->w[k];
        w->product[k / 4][k % 4] = 1;
        w->inverse[spare * w->n + k / 4][k % 4] = 1;
    }
    return LW_OK;
}

/* The usual depth gets code of its own, with loops of fixed length. */
SIMD_AVX2 static void explain_avx2(struct walk *w, const struct forest *f,
                                   uint32_t group, const float *row, double *phi)
{
    explain_trees(w, 1, f, group, row, phi);
}

static void explain_group(struct walk *w, const struct forest *f, uint32_t group,
                          const float *row, double *phi)
{
    if (w->n == 1 && simd_has_avx2()) {
        explain_avx2(w, f, group, row, phi);
        return;
    }
    if (w->n == 1)
        explain_trees(w, 1, f, group, row, phi);
    else
        explain_trees(w, w->n, f, group, row, phi);
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
    explain_group(&w, f, group, row, phi);
    if (f->n_groups == 1 && class_idx == 0)
        for (uint32_t i = 0; i <= f->n_cols; i++)
            phi[i] = -phi[i];
    walk_release(&w);
    return LW_OK;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "learn/forest.h"

#include "base/assert.h"
#include "base/mem.h"
#include "learn/forest_kernel.h"
#include "learn/link.h"
#include "learn/treeshap.h"

#include <math.h>

/* Below, a kernel for many rows is slower than row after row. */
enum { MANY_ROWS = 16 };

/* In order of preference; the last suits every forest. */
static const struct forest_kernel *const kernels[] = {
#if defined(__x86_64__)
    &forest_kernel_bits_avx512, &forest_kernel_bits_avx2,
#endif
    &forest_kernel_block,       &forest_kernel_small,
    &forest_kernel_quick,       &forest_kernel_walk,
};

enum { N_KERNELS = sizeof kernels / sizeof kernels[0] };

const struct forest_kernel *forest_kernel_at(size_t i)
{
    return i < N_KERNELS ? kernels[i] : NULL;
}

enum lw_status forest_check_size(uint32_t n_cols, uint32_t n_classes,
                                 struct lw_error *err)
{
    if (n_cols < 1 || n_cols > FOREST_COLS_MAX)
        return lw_fail(err, LW_ELIMIT, "trees over %u columns; 1 to %d are possible",
                       n_cols, FOREST_COLS_MAX);
    if (n_classes < 2 || n_classes > FOREST_CLASSES_MAX)
        return lw_fail(err, LW_ELIMIT, "trees for %u classes; 2 to %d are possible",
                       n_classes, FOREST_CLASSES_MAX);
    return LW_OK;
}

enum lw_status forest_new(struct forest **out, uint32_t n_cols, uint32_t n_classes,
                          float base, struct lw_error *err)
{
    enum lw_status st = forest_check_size(n_cols, n_classes, err);
    struct forest *f;

    if (st != LW_OK)
        return st;
    f = mem_zalloc(1, sizeof *f);
    if (f == NULL)
        return lw_fail(err, LW_ENOMEM, "out of memory");
    f->n_cols = n_cols;
    f->n_classes = n_classes;
    f->n_groups = n_classes == 2 ? 1 : n_classes;
    f->base = base;
    *out = f;
    return LW_OK;
}

enum lw_status forest_add(struct forest *f, const struct forest_node *node,
                          struct lw_error *err)
{
    struct forest_node *grown;

    LW_ASSERT(f->root == NULL);
    if (f->n_nodes == FOREST_NODES_MAX)
        return lw_fail(err, LW_ELIMIT, "more than %d tree nodes", FOREST_NODES_MAX);
    grown = mem_grow(f->nodes, &f->cap_nodes, (size_t)f->n_nodes + 1, sizeof *grown);
    if (grown == NULL)
        return lw_fail(err, LW_ENOMEM, "out of memory");
    f->nodes = grown;
    f->nodes[f->n_nodes++] = *node;
    return LW_OK;
}

static enum lw_status check_node(const struct forest *f, uint32_t i,
                                 struct lw_error *err)
{
    const struct forest_node *n = &f->nodes[i];

    if (!isfinite(n->value))
        return lw_fail(err, LW_EFORMAT, "tree %u, node %u: value is not finite",
                       f->n_trees, i - f->root[f->n_trees]);
    if (n->feature == FOREST_LEAF && !(fabsf(n->value) <= FOREST_VALUE_MAX))
        return lw_fail(err, LW_EFORMAT, "tree %u, node %u: leaf value is out of range",
                       f->n_trees, i - f->root[f->n_trees]);
    if (!isfinite(n->cover) || n->cover < 0)
        return lw_fail(err, LW_EFORMAT, "tree %u, node %u: cover is no weight",
                       f->n_trees, i - f->root[f->n_trees]);
    if (n->feature != FOREST_LEAF && n->feature >= f->n_cols)
        return lw_fail(err, LW_EFORMAT, "tree %u, node %u: splits column %u of %u",
                       f->n_trees, i - f->root[f->n_trees], n->feature, f->n_cols);
    return LW_OK;
}

/* Find one tree's right children: a leaf completes the left side of the innermost split
 * that still waits for its right child, or the tree.  Returns the node after the tree.
 * In preorder no sequence of nodes can form anything but a tree; only its end can be
 * missing. */
static enum lw_status link_tree(struct forest *f, uint32_t *next, struct lw_error *err)
{
    uint32_t waiting[FOREST_DEPTH_MAX]; /* splits whose right child is to come */
    uint32_t depth_of[FOREST_DEPTH_MAX];
    uint32_t n_waiting = 0;
    uint32_t depth = 0;

    for (uint32_t i = *next; i < f->n_nodes; i++) {
        enum lw_status st = check_node(f, i, err);

        if (st != LW_OK)
            return st;
        if (f->nodes[i].feature != FOREST_LEAF) {
            if (depth == FOREST_DEPTH_MAX)
                return lw_fail(err, LW_ELIMIT, "tree %u is deeper than %d", f->n_trees,
                               FOREST_DEPTH_MAX);
            waiting[n_waiting] = i;
            depth_of[n_waiting++] = ++depth;
        } else {
            if (depth > f->depth)
                f->depth = depth;
            if (n_waiting == 0) {
                *next = i + 1;
                return LW_OK;
            }
            n_waiting--;
            f->nodes[waiting[n_waiting]].right = i + 1;
            depth = depth_of[n_waiting];
        }
    }
    return lw_fail(err, LW_EFORMAT, "tree %u ends before its last leaf", f->n_trees);
}

static enum lw_status link_trees(struct forest *f, struct lw_error *err)
{
    uint32_t next = 0;

    f->root[0] = 0;
    while (next < f->n_nodes) {
        enum lw_status st = link_tree(f, &next, err);

        if (st != LW_OK)
            return st;
        if (f->n_trees == FOREST_TREES_MAX)
            return lw_fail(err, LW_ELIMIT, "more than %d trees", FOREST_TREES_MAX);
        f->root[++f->n_trees] = next;
    }
    if (f->n_trees % f->n_groups != 0)
        return lw_fail(err, LW_EFORMAT, "%u trees cannot be dealt to %u classes",
                       f->n_trees, f->n_groups);
    return LW_OK;
}

/* A tree's mean over its covers.  Children come after their parent, so going backwards
 * every child's mean is ready when its parent asks. */
static double tree_mean(const struct forest *f, uint32_t t, double *mean)
{
    uint32_t from = f->root[t];

    for (uint32_t i = f->root[t + 1]; i-- > from;) {
        const struct forest_node *n = &f->nodes[i];

        if (n->feature == FOREST_LEAF) {
            mean[i - from] = (double)n->value;
        } else {
            double left = forest_left_share(f, i);

            mean[i - from] =
                left * mean[i + 1 - from] + (1 - left) * mean[n->right - from];
        }
    }
    return mean[0];
}

static enum lw_status expect(struct forest *f, struct lw_error *err)
{
    double *mean;

    f->largest = 1;
    for (uint32_t t = 0; t < f->n_trees; t++)
        if (f->root[t + 1] - f->root[t] > f->largest)
            f->largest = f->root[t + 1] - f->root[t];
    mean = mem_zalloc(f->largest, sizeof *mean);
    f->expected = mem_zalloc(f->n_groups, sizeof *f->expected);
    if (mean == NULL || f->expected == NULL) {
        mem_free(mean);
        return lw_fail(err, LW_ENOMEM, "out of memory");
    }
    for (uint32_t g = 0; g < f->n_groups; g++)
        f->expected[g] = (double)f->base;
    for (uint32_t t = 0; t < f->n_trees; t++)
        f->expected[t % f->n_groups] += tree_mean(f, t, mean);
    mem_free(mean);
    return LW_OK;
}

static void free_plan(struct forest_plan **plan)
{
    if (*plan != NULL)
        (*plan)->kernel->free(*plan);
    *plan = NULL;
}

enum lw_status forest_use(struct forest *f, const struct forest_kernel *kernel,
                          struct lw_error *err)
{
    struct forest_plan *plan = NULL;
    enum lw_status st;

    if (!kernel->suits(f))
        return lw_fail(err, LW_EUNSUPPORTED, "kernel %s cannot run these trees",
                       kernel->name);
    st = kernel->build(&plan, f, err);
    if (st != LW_OK)
        return st;
    free_plan(&f->plan);
    free_plan(&f->plan_many);
    f->plan = plan;
    return LW_OK;
}

/* The first kernel of either kind that suits; for many rows there may be none. */
static enum lw_status choose(struct forest_plan **out, const struct forest *f,
                             bool for_many, struct lw_error *err)
{
    for (size_t k = 0; k < N_KERNELS; k++) {
        enum lw_status st;

        if (kernels[k]->for_many != for_many || !kernels[k]->suits(f))
            continue;
        st = kernels[k]->build(out, f, err);
        if (st != LW_EUNSUPPORTED)
            return st;
    }
    return LW_OK;
}

enum lw_status forest_finish(struct forest *f, struct lw_error *err)
{
    enum lw_status st;

    LW_ASSERT(f->root == NULL);
    /* No tree is smaller than one node. */
    f->root = mem_zalloc((size_t)f->n_nodes + 1, sizeof *f->root);
    if (f->root == NULL)
        return lw_fail(err, LW_ENOMEM, "out of memory");
    st = link_trees(f, err);
    if (st == LW_OK)
        st = expect(f, err);
    if (st == LW_OK)
        st = choose(&f->plan, f, false, err);
    if (st == LW_OK)
        st = choose(&f->plan_many, f, true, err);
    if (st == LW_OK)
        st = treeshap_plan_new(&f->reasons, f, err);
    return st;
}

void forest_free(struct forest *f)
{
    if (f == NULL)
        return;
    treeshap_plan_free(f->reasons);
    free_plan(&f->plan);
    free_plan(&f->plan_many);
    mem_free(f->nodes);
    mem_free(f->root);
    mem_free(f->expected);
    mem_free(f);
}

void forest_margins(const struct forest *f, const float *rows, size_t n_rows,
                    float *out)
{
    const struct forest_plan *plan = f->plan;

    LW_ASSERT(plan != NULL);
    if (f->plan_many != NULL && n_rows >= MANY_ROWS)
        plan = f->plan_many;
    plan->kernel->margins(f, plan, rows, n_rows, out);
}

void forest_predict(const struct forest *f, const float *rows, size_t n_rows,
                    float *out)
{
    size_t k = f->n_classes;

    if (f->n_groups == k) {
        forest_margins(f, rows, n_rows, out);
        for (size_t r = 0; r < n_rows; r++)
            link_softmax(out + r * k, k);
        return;
    }
    /* The margins go to the first half of `out` and move outwards from the end. */
    forest_margins(f, rows, n_rows, out);
    for (size_t r = n_rows; r-- > 0;) {
        float p = link_logistic(out[r]);

        out[2 * r] = 1 - p;
        out[2 * r + 1] = p;
    }
}

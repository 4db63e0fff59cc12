/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The plain kernel: from each root down to a leaf.  It needs no plan, takes trees of
 * any size, and is what the others are checked against.
 */
#include "base/mem.h"
#include "learn/forest_kernel.h"

#include <math.h>

static bool walk_suits(const struct forest *f)
{
    (void)f;
    return true;
}

static enum lw_status walk_build(struct forest_plan **out, const struct forest *f,
                                 struct lw_error *err)
{
    struct forest_plan *plan = mem_zalloc(1, sizeof *plan);

    (void)f;
    if (plan == NULL)
        return lw_fail(err, LW_ENOMEM, "out of memory");
    plan->kernel = &forest_kernel_walk;
    *out = plan;
    return LW_OK;
}

static void walk_free(struct forest_plan *plan)
{
    mem_free(plan);
}

static float walk_tree(const struct forest_node *nodes, uint32_t i, const float *row)
{
    while (nodes[i].feature != FOREST_LEAF) {
        float x = row[nodes[i].feature];
        bool left = isnan(x) ? nodes[i].default_left : x < nodes[i].value;

        i = left ? i + 1 : nodes[i].right;
    }
    return nodes[i].value;
}

static void walk_margins(const struct forest *f, const struct forest_plan *plan,
                         const float *rows, size_t n_rows, float *out)
{
    (void)plan;
    for (size_t r = 0; r < n_rows; r++) {
        const float *row = rows + r * f->n_cols;
        float *margin = out + r * f->n_groups;
        uint32_t t = 0;

        for (uint32_t g = 0; g < f->n_groups; g++)
            margin[g] = f->base;
        while (t < f->n_trees)
            for (uint32_t g = 0; g < f->n_groups; g++, t++)
                margin[g] += walk_tree(f->nodes, f->root[t], row);
    }
}

const struct forest_kernel forest_kernel_walk = {
    .name = "walk",
    .suits = walk_suits,
    .build = walk_build,
    .margins = walk_margins,
    .free = walk_free,
};

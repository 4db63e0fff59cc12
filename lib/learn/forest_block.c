/* SPDX-License-Identifier: Apache-2.0 */
#include "learn/forest_block.h"

#include "base/assert.h"
#include "base/mem.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SLICE_THRESHOLDS = 254, STEP = 16, RANK_MISSING = 255 };

static const struct block_plan *block_of(const struct forest_plan *plan)
{
    return (const struct block_plan *)plan;
}

bool block_suits(const struct forest *f)
{
    return f->n_groups <= BLOCK_GROUPS_MAX && f->largest < 2 * BLOCK_LEAVES_MAX;
}

void block_free(struct forest_plan *plan)
{
    struct block_plan *b = (struct block_plan *)plan;

    if (b == NULL)
        return;
    mem_free(b->splits);
    mem_free(b->trees);
    mem_free(b->leaves);
    mem_free(b->slices);
    mem_free(b->thresholds);
    mem_free(b);
}

/* ---- the plan ---------------------------------------------------------------------
 */

struct cut {
    uint32_t column;
    float threshold;
};

static int compare_cuts(const void *pa, const void *pb)
{
    const struct cut *a = pa;
    const struct cut *b = pb;

    if (a->column != b->column)
        return a->column < b->column ? -1 : 1;
    return (a->threshold > b->threshold) - (a->threshold < b->threshold);
}

/* The distinct thresholds in order of columns; returns how many. */
static uint32_t gather_cuts(const struct forest *f, struct cut *cuts)
{
    uint32_t n = 0;
    uint32_t n_out = 0;

    for (uint32_t i = 0; i < f->n_nodes; i++)
        if (f->nodes[i].feature != FOREST_LEAF)
            cuts[n++] = (struct cut){f->nodes[i].feature, f->nodes[i].value};
    qsort(cuts, n, sizeof *cuts, compare_cuts);
    for (uint32_t i = 0; i < n; i++)
        if (n_out == 0 || compare_cuts(&cuts[n_out - 1], &cuts[i]) != 0)
            cuts[n_out++] = cuts[i];
    return n_out;
}

/* Deal the thresholds to slices, each with at least one NaN at its end; false: there
 * are more slices than ranks have room for. */
static bool make_slices(struct block_plan *b, const struct cut *cuts, uint32_t n_cuts)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < n_cuts;) {
        struct block_slice *s = &b->slices[b->n_slices];
        uint32_t from = i;

        if (b->n_slices == BLOCK_SLICES_MAX)
            return false;
        *s = (struct block_slice){.column = cuts[i].column, .first = n};
        while (i < n_cuts && cuts[i].column == s->column && i - from < SLICE_THRESHOLDS)
            b->thresholds[n++] = cuts[i++].threshold;
        do
            b->thresholds[n++] = NAN;
        while ((n - s->first) % STEP != 0);
        s->n_padded = n - s->first;
        b->n_slices++;
    }
    return true;
}

/* The slice and rank of a split: the last slice of its column that begins at or below
 * its threshold has it. */
static struct block_split find_split(const struct block_plan *b,
                                     const struct forest_node *node)
{
    uint32_t lo = 0;
    uint32_t hi = b->n_slices;
    const float *t;
    uint32_t rank = 0;

    while (hi - lo > 1) {
        uint32_t mid = lo + (hi - lo) / 2;
        const struct block_slice *s = &b->slices[mid];

        if (s->column < node->feature ||
            (s->column == node->feature && b->thresholds[s->first] <= node->value))
            lo = mid;
        else
            hi = mid;
    }
    t = b->thresholds + b->slices[lo].first;
    while (t[rank] < node->value)
        rank++;
    LW_ASSERT(b->slices[lo].column == node->feature && t[rank] <= node->value);
    return (struct block_split){.ranks = (uint16_t)(2 * lo + node->default_left),
                                .rank = (uint8_t)(rank + 1)};
}

/* One tree's nodes, which are in preorder: a node's place is known once the splits and
 * leaves before it are counted. */
static void lay_tree(struct block_plan *b, const struct forest *f, uint32_t t)
{
    const struct forest_node *nodes = f->nodes + f->root[t];
    uint32_t n_nodes = f->root[t + 1] - f->root[t];
    struct block_tree *tree = &b->trees[t];
    uint8_t place[2 * BLOCK_LEAVES_MAX];
    uint8_t n_splits = 0;
    uint8_t n_leaves = 0;

    for (uint32_t i = 0; i < n_nodes; i++) {
        if (nodes[i].feature == FOREST_LEAF) {
            place[i] = (uint8_t)(BLOCK_LEAF_PLACE + n_leaves);
            b->leaves[tree->first_leaf + n_leaves++] = nodes[i].value;
        } else {
            place[i] = n_splits++;
        }
    }
    for (uint32_t i = 0; i < n_nodes; i++) {
        struct block_split *s;

        if (nodes[i].feature == FOREST_LEAF)
            continue;
        s = &b->splits[tree->first_split + place[i]];
        *s = find_split(b, &nodes[i]);
        s->left = place[i + 1];
        s->right = place[nodes[i].right - f->root[t]];
    }
    tree->n_leaves = n_leaves;
}

static void lay_trees(struct block_plan *b, const struct forest *f)
{
    uint32_t n_splits = 0;
    uint32_t n_leaves = 0;

    for (uint32_t t = 0; t < f->n_trees; t++) {
        b->trees[t].first_split = n_splits;
        b->trees[t].first_leaf = n_leaves;
        lay_tree(b, f, t);
        n_leaves += b->trees[t].n_leaves;
        n_splits += b->trees[t].n_leaves - 1;
    }
}

static struct block_plan *block_alloc(const struct forest *f, size_t size,
                                      uint32_t n_cuts)
{
    struct block_plan *b = mem_zalloc(1, size);

    if (b == NULL)
        return NULL;
    b->splits = mem_zalloc(f->n_nodes, sizeof *b->splits);
    b->trees = mem_zalloc(f->n_trees, sizeof *b->trees);
    b->leaves = mem_zalloc((size_t)f->n_nodes + BLOCK_LEAVES_MAX, sizeof *b->leaves);
    b->slices = mem_zalloc(BLOCK_SLICES_MAX, sizeof *b->slices);
    /* Each slice has at most STEP of padding. */
    b->thresholds =
        mem_zalloc((size_t)n_cuts + BLOCK_SLICES_MAX * STEP, sizeof *b->thresholds);
    if (b->splits == NULL || b->trees == NULL || b->leaves == NULL ||
        b->slices == NULL || b->thresholds == NULL) {
        block_free(&b->base);
        return NULL;
    }
    return b;
}

enum lw_status block_build(const struct forest_kernel *kernel, size_t size,
                           struct forest_plan **out, const struct forest *f,
                           struct lw_error *err)
{
    struct cut *cuts = mem_zalloc((size_t)f->n_nodes + 1, sizeof *cuts);
    enum lw_status st = LW_OK;
    struct block_plan *b;
    uint32_t n_cuts;

    if (cuts == NULL)
        return lw_fail(err, LW_ENOMEM, "out of memory");
    n_cuts = gather_cuts(f, cuts);
    LW_ASSERT(size >= sizeof *b);
    b = block_alloc(f, size, n_cuts);
    if (b == NULL) {
        st = lw_fail(err, LW_ENOMEM, "out of memory");
    } else if (!make_slices(b, cuts, n_cuts)) {
        st = lw_fail(err, LW_EUNSUPPORTED, "too many columns and thresholds");
        block_free(&b->base);
    } else {
        b->base.kernel = kernel;
        lay_trees(b, f);
        *out = &b->base;
    }
    mem_free(cuts);
    return st;
}

/* ---- ranks ------------------------------------------------------------------------
 */

/* How many of a slice's thresholds are not above each value.  First whole steps of 16,
 * then within one; a NaN, value or threshold, is never counted. */
static void rank_values(const float *t, uint32_t n_padded, const float *values,
                        uint8_t *out)
{
    int32_t steps[BLOCK_ROWS] = {0};

    for (uint32_t last = STEP - 1; last + STEP < n_padded; last += STEP)
        for (size_t r = 0; r < BLOCK_ROWS; r++)
            steps[r] += t[last] <= values[r];
    for (size_t r = 0; r < BLOCK_ROWS; r++) {
        uint32_t n = (uint32_t)steps[r] * STEP;
        float x = values[r];

        n += t[n + 7] <= x ? 8 : 0;
        n += t[n + 3] <= x ? 4 : 0;
        n += t[n + 1] <= x ? 2 : 0;
        n += t[n] <= x ? 1 : 0;
        out[r] = (uint8_t)n;
    }
}

/* The same for few thresholds. */
static void rank_few(const float *t, const float *values, uint8_t *out)
{
    int32_t n[BLOCK_ROWS] = {0};

    for (; !isnan(*t); t++)
        for (size_t r = 0; r < BLOCK_ROWS; r++)
            n[r] += *t <= values[r];
    for (size_t r = 0; r < BLOCK_ROWS; r++)
        out[r] = (uint8_t)n[r];
}

/* Past the last row, values are 0 and nobody asks what becomes of them. */
void block_rank(const struct forest *f, const struct block_plan *b, const float *rows,
                size_t n_rows, uint8_t *out, size_t stride)
{
    float values[BLOCK_ROWS] = {0};
    uint32_t column = UINT32_MAX;

    for (uint32_t s = 0; s < b->n_slices; s++) {
        const struct block_slice *slice = &b->slices[s];
        const float *t = b->thresholds + slice->first;
        uint8_t *missing_right = out + 2 * s * stride;
        uint8_t *missing_left = missing_right + stride;

        if (slice->column != column) {
            column = slice->column;
            for (size_t r = 0; r < n_rows; r++)
                values[r] = rows[r * f->n_cols + column];
        }
        if (slice->n_padded == STEP)
            rank_few(t, values, missing_left);
        else
            rank_values(t, slice->n_padded, values, missing_left);
        for (size_t r = 0; r < BLOCK_ROWS; r++)
            missing_right[r] = isnan(values[r]) ? RANK_MISSING : missing_left[r];
    }
}

void block_margins(const struct forest *f, const struct forest_plan *plan,
                   block_sum_fn *sum, const float *rows, size_t n_rows, float *out)
{
    const struct block_plan *b = block_of(plan);
    _Alignas(64) block_ranks ranks[2 * BLOCK_SLICES_MAX];
    _Alignas(64) float sums[BLOCK_GROUPS_MAX][BLOCK_ROWS];

    for (size_t from = 0; from < n_rows; from += BLOCK_ROWS) {
        size_t n = n_rows - from < BLOCK_ROWS ? n_rows - from : BLOCK_ROWS;

        block_rank(f, b, rows + from * f->n_cols, n, ranks[0], BLOCK_ROWS);
        for (uint32_t g = 0; g < f->n_groups; g++)
            for (size_t r = 0; r < BLOCK_ROWS; r++)
                sums[g][r] = f->base;
        sum(f, b, ranks, sums);
        for (size_t r = 0; r < n; r++)
            for (uint32_t g = 0; g < f->n_groups; g++)
                out[(from + r) * f->n_groups + g] = sums[g][r];
    }
}

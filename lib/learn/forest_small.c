/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Forests of trees with at most 8 leaves: QuickScorer (forest_quick.c) with a byte for
 * each tree, and with marks.
 *
 * The splits of a column that send a value right are a prefix of its list, which is
 * sorted by threshold.  What 32 of them, 64, 96 and so on do to all trees together is
 * known before any row comes: a mark has a byte for each tree.  So a value's prefix is
 * one mark, 32 trees in a vector, and fewer than 32 single splits.
 */
#include "base/assert.h"
#include "base/mem.h"
#include "base/simd.h"
#include "learn/forest_kernel.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LEAVES_MAX = 8, TREES_MAX = 1024, STEP = 32, LANES = 32 };

typedef uint8_t lanes __attribute__((vector_size(LANES)));

struct small_split {
    float threshold;
    uint16_t tree;
    uint16_t column;
    uint8_t mask; /* the leaves that stay when the split sends right */
};

/* Splits [begin, end) by threshold, [end, missing_end) those that send a missing value
 * right. */
struct small_column {
    uint32_t column;
    uint32_t begin;
    uint32_t end;
    uint32_t missing_end;
    uint32_t first_mark;
};

struct small_plan {
    struct forest_plan base;
    struct small_split *splits;   /* (n_splits), owned */
    struct small_column *columns; /* (n_columns), owned */
    uint8_t *marks;               /* (n_marks, n_padded), owned */
    float *leaves;                /* (n_trees, LEAVES_MAX), owned */
    uint32_t n_splits;
    uint32_t n_columns;
    uint32_t n_padded; /* trees, a multiple of LANES */
};

static void small_free(struct forest_plan *plan)
{
    struct small_plan *s = (struct small_plan *)plan;

    if (s == NULL)
        return;
    mem_free(s->splits);
    mem_free(s->columns);
    mem_free(s->marks);
    mem_free(s->leaves);
    mem_free(s);
}

static bool small_suits(const struct forest *f)
{
    return f->largest < 2 * LEAVES_MAX && f->n_trees <= TREES_MAX;
}

/* ---- the plan ---------------------------------------------------------------------
 */

static int compare_splits(const void *pa, const void *pb)
{
    const struct small_split *a = pa;
    const struct small_split *b = pb;

    if (a->column != b->column)
        return a->column < b->column ? -1 : 1;
    if (a->threshold < b->threshold || a->threshold > b->threshold)
        return a->threshold < b->threshold ? -1 : 1;
    return (a->tree > b->tree) - (a->tree < b->tree);
}

/* A split's left leaves follow those seen before it: see forest_quick.c. */
static uint8_t split_mask(const struct forest *f, uint32_t split, uint32_t n_before)
{
    uint32_t n_left = (f->nodes[split].right - split) / 2;

    LW_ASSERT(n_left > 0 && n_left + n_before < LEAVES_MAX);
    return (uint8_t) ~(((1u << n_left) - 1) << n_before);
}

/* All splits, or those that send a missing value right, to out; returns how many. */
static uint32_t gather_splits(const struct forest *f, bool missing,
                              struct small_split *out)
{
    uint32_t n = 0;

    for (uint32_t t = 0; t < f->n_trees; t++) {
        uint32_t n_leaves = 0;

        for (uint32_t i = f->root[t]; i < f->root[t + 1]; i++) {
            const struct forest_node *node = &f->nodes[i];

            if (node->feature == FOREST_LEAF)
                n_leaves++;
            else if (!missing || !node->default_left)
                out[n++] = (struct small_split){
                    .mask = split_mask(f, i, n_leaves),
                    .threshold = node->value,
                    .tree = (uint16_t)t,
                    .column = node->feature,
                };
        }
    }
    qsort(out, n, sizeof *out, compare_splits);
    return n;
}

/* Lay each column's splits and then its missing ones, from two sorted lists. */
static void lay_columns(struct small_plan *s, const struct small_split *all,
                        uint32_t n_all, const struct small_split *missing,
                        uint32_t n_missing)
{
    uint32_t m = 0;
    uint32_t n_marks = 0;

    for (uint32_t i = 0; i < n_all;) {
        struct small_column *c = &s->columns[s->n_columns++];

        *c = (struct small_column){
            .column = all[i].column, .begin = s->n_splits, .first_mark = n_marks};
        while (i < n_all && all[i].column == c->column)
            s->splits[s->n_splits++] = all[i++];
        c->end = s->n_splits;
        while (m < n_missing && missing[m].column == c->column)
            s->splits[s->n_splits++] = missing[m++];
        c->missing_end = s->n_splits;
        n_marks += (c->end - c->begin) / STEP;
    }
    LW_ASSERT(m == n_missing);
}

static void lay_marks(struct small_plan *s)
{
    for (uint32_t k = 0; k < s->n_columns; k++) {
        const struct small_column *c = &s->columns[k];
        uint8_t live[TREES_MAX];
        uint8_t *mark = s->marks + (size_t)c->first_mark * s->n_padded;

        memset(live, 0xff, sizeof live);
        for (uint32_t i = c->begin; i < c->end; i++) {
            live[s->splits[i].tree] &= s->splits[i].mask;
            if ((i - c->begin) % STEP != STEP - 1)
                continue;
            memcpy(mark, live, s->n_padded);
            mark += s->n_padded;
        }
    }
}

static void copy_leaves(struct small_plan *s, const struct forest *f)
{
    for (uint32_t t = 0; t < f->n_trees; t++) {
        float *leaf = s->leaves + (size_t)t * LEAVES_MAX;

        for (uint32_t i = f->root[t]; i < f->root[t + 1]; i++)
            if (f->nodes[i].feature == FOREST_LEAF)
                *leaf++ = f->nodes[i].value;
    }
}

static enum lw_status small_build(struct forest_plan **out, const struct forest *f,
                                  struct lw_error *err)
{
    struct small_plan *s = mem_zalloc(1, sizeof *s);
    size_t most = (size_t)f->n_nodes + 1;
    struct small_split *all = mem_zalloc(2 * most, sizeof *all);
    uint32_t n_all;

    if (s == NULL || all == NULL)
        goto no_memory;
    s->base.kernel = &forest_kernel_small;
    s->n_padded = (f->n_trees + LANES - 1) / LANES * LANES;
    s->splits = mem_zalloc(2 * most, sizeof *s->splits);
    s->columns = mem_zalloc(most, sizeof *s->columns);
    s->leaves = mem_zalloc((size_t)s->n_padded * LEAVES_MAX, sizeof *s->leaves);
    s->marks = mem_zalloc(most / STEP + 1, s->n_padded + 1);
    if (s->splits == NULL || s->columns == NULL || s->leaves == NULL ||
        s->marks == NULL)
        goto no_memory;
    n_all = gather_splits(f, false, all);
    lay_columns(s, all, n_all, all + n_all, gather_splits(f, true, all + n_all));
    lay_marks(s);
    copy_leaves(s, f);
    *out = &s->base;
    mem_free(all);
    return LW_OK;
no_memory:
    mem_free(all);
    small_free(s == NULL ? NULL : &s->base);
    return lw_fail(err, LW_ENOMEM, "out of memory");
}

/* ---- use --------------------------------------------------------------------------
 */

/* Strike out the leaves that a value of the column cannot reach. */
SIMD_BODY void strike(const struct small_plan *s, const struct small_column *c, float x,
                      uint8_t *live)
{
    const struct small_split *i = s->splits + c->begin;
    const struct small_split *end = s->splits + c->end;
    uint32_t n_padded = s->n_padded;
    const uint8_t *mark = s->marks + (size_t)c->first_mark * n_padded;

    if (isnan(x)) {
        for (i = end, end = s->splits + c->missing_end; i < end; i++)
            live[i->tree] &= i->mask;
        return;
    }
    if (end - i >= STEP && i[STEP - 1].threshold <= x) {
        for (; end - i >= 2 * STEP && i[2 * STEP - 1].threshold <= x; i += STEP)
            mark += n_padded;
        i += STEP;
        for (uint32_t t = 0; t < n_padded; t += LANES) {
            lanes of_live;
            lanes of_mark;

            memcpy(&of_live, live + t, sizeof of_live);
            memcpy(&of_mark, mark + t, sizeof of_mark);
            of_live &= of_mark;
            memcpy(live + t, &of_live, sizeof of_live);
        }
    }
    for (; i < end && i->threshold <= x; i++)
        live[i->tree] &= i->mask;
}

SIMD_BODY void margins_body(const struct forest *f, const struct small_plan *s,
                            const float *row, float *margin)
{
    uint8_t live[TREES_MAX];

    memset(live, 0xff, s->n_padded);
    for (uint32_t k = 0; k < s->n_columns; k++)
        strike(s, &s->columns[k], row[s->columns[k].column], live);
    for (uint32_t g = 0; g < f->n_groups; g++) {
        float sum = f->base;

        for (uint32_t t = g; t < f->n_trees; t += f->n_groups)
            sum += s->leaves[(size_t)t * LEAVES_MAX +
                             (unsigned)__builtin_ctz(live[t] | 0x100u)];
        margin[g] = sum;
    }
}

static void margins_plain(const struct forest *f, const struct small_plan *s,
                          const float *row, float *margin)
{
    margins_body(f, s, row, margin);
}

SIMD_AVX2 static void margins_avx2(const struct forest *f, const struct small_plan *s,
                                   const float *row, float *margin)
{
    margins_body(f, s, row, margin);
}

static void small_margins(const struct forest *f, const struct forest_plan *plan,
                          const float *rows, size_t n_rows, float *out)
{
    const struct small_plan *s = (const struct small_plan *)plan;

    for (size_t r = 0; r < n_rows; r++)
        (simd_has_avx2() ? margins_avx2 : margins_plain)(f, s, rows + r * f->n_cols,
                                                         out + r * f->n_groups);
}

const struct forest_kernel forest_kernel_small = {
    .name = "small",
    .suits = small_suits,
    .build = small_build,
    .margins = small_margins,
    .free = small_free,
};

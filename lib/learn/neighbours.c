/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A k-d tree (Bentley, 1975; the distance to a far part is kept up to date column by
 * column as in Arya and Mount, "Algorithms for fast vector quantization", 1993) whose
 * leaves are searched row by row.
 *
 * Rows are put in the order of the tree, so a leaf's rows lie side by side, and padded
 * to a multiple of 8 columns: a distance is summed in 8 lanes whose order is fixed,
 * which compilers make vectors of without changing a bit.  A row is given up as soon as
 * what was summed exceeds the farthest neighbour so far.
 *
 * Whether a part is skipped is decided with a margin for rounding, so that skipping
 * never changes the answer.
 */
#include "learn/neighbours.h"

#include "base/assert.h"
#include "base/mem.h"

#include <math.h>
#include <string.h>

enum { LANES = 8, CHUNK = 32, LEAF_ROWS = 24 };

struct kd_node {
    uint32_t from; /* rows, in the order of the tree */
    uint32_t to;
    uint32_t right; /* 0: a leaf; the left child is the next node */
    uint32_t column;
    float left_high; /* largest value left */
    float right_low; /* least value right */
};

struct neighbours {
    float *x;              /* (n_rows, width), owned */
    uint32_t *row;         /* (n_rows), owned: number as given */
    uint32_t *place;       /* (n_rows), owned: the other way round */
    struct kd_node *nodes; /* (n_nodes), owned */
    size_t cap_nodes;
    uint32_t n_nodes;
    uint32_t n_rows;
    uint32_t n_cols;
    uint32_t width; /* n_cols padded to LANES */
    enum neighbours_metric metric;
};

void neighbours_free(struct neighbours *n)
{
    if (n == NULL)
        return;
    mem_free(n->x);
    mem_free(n->row);
    mem_free(n->place);
    mem_free(n->nodes);
    mem_free(n);
}

uint32_t neighbours_rows(const struct neighbours *n)
{
    return n->n_rows;
}

void neighbours_row(const struct neighbours *n, uint32_t row, float *out)
{
    memcpy(out, n->x + (size_t)n->place[row] * n->width, n->n_cols * sizeof *out);
}

/* ---- building ---- */

/* The column whose values lie farthest apart. */
static uint32_t widest(const struct neighbours *n, const struct lw_matrix *rows,
                       uint32_t from, uint32_t to, float *low, float *high)
{
    uint32_t best = 0;

    for (uint32_t c = 0; c < n->n_cols; c++) {
        low[c] = INFINITY;
        high[c] = -INFINITY;
    }
    for (uint32_t i = from; i < to; i++) {
        const float *v = rows->x + (size_t)n->row[i] * n->n_cols;

        for (uint32_t c = 0; c < n->n_cols; c++) {
            low[c] = v[c] < low[c] ? v[c] : low[c];
            high[c] = v[c] > high[c] ? v[c] : high[c];
        }
    }
    for (uint32_t c = 1; c < n->n_cols; c++)
        if (high[c] - low[c] > high[best] - low[best])
            best = c;
    return best;
}

/* Bring rows with a value below `pivot` in front; returns where the others begin. */
static uint32_t divide(struct neighbours *n, const struct lw_matrix *rows,
                       uint32_t from, uint32_t to, uint32_t column, float pivot)
{
    for (uint32_t i = from; i < to; i++) {
        uint32_t row = n->row[i];

        if (!(rows->x[(size_t)row * n->n_cols + column] < pivot))
            continue;
        n->row[i] = n->row[from];
        n->row[from++] = row;
    }
    return from;
}

static enum lw_status add_node(struct neighbours *n, uint32_t from, uint32_t to,
                               struct lw_error *err)
{
    struct kd_node *grown =
        mem_grow(n->nodes, &n->cap_nodes, (size_t)n->n_nodes + 1, sizeof *grown);

    if (grown == NULL)
        return lw_fail(err, LW_ENOMEM, "out of memory for an index of rows");
    n->nodes = grown;
    n->nodes[n->n_nodes++] = (struct kd_node){.from = from, .to = to};
    return LW_OK;
}

/* Halving the range of values, not the rows, needs no median, and keeps the parts as
 * compact as they can be.  A part that cannot be divided is a leaf. */
static bool split_node(struct neighbours *n, const struct lw_matrix *rows, uint32_t at,
                       float *low, float *high, uint32_t *mid)
{
    uint32_t from = n->nodes[at].from;
    uint32_t to = n->nodes[at].to;
    uint32_t column;
    float pivot;

    if (to - from <= LEAF_ROWS)
        return false;
    column = widest(n, rows, from, to, low, high);
    pivot = low[column] / 2 + high[column] / 2;
    if (!(pivot > low[column]))
        pivot = high[column];
    *mid = divide(n, rows, from, to, column, pivot);
    if (*mid == from || *mid == to)
        return false;
    n->nodes[at].column = column;
    n->nodes[at].left_high = -INFINITY;
    n->nodes[at].right_low = INFINITY;
    for (uint32_t i = from; i < to; i++) {
        float v = rows->x[(size_t)n->row[i] * n->n_cols + column];

        if (i < *mid && v > n->nodes[at].left_high)
            n->nodes[at].left_high = v;
        if (i >= *mid && v < n->nodes[at].right_low)
            n->nodes[at].right_low = v;
    }
    return true;
}

/* Halving values can leave one row on a side each time: the depth is bounded, and what
 * lies deeper is one leaf. */
enum { DEPTH_MAX = 64 };

struct todo {
    uint32_t from;
    uint32_t to;
    uint32_t parent; /* whose right child it is; NEIGHBOURS_NONE: a left one */
    uint32_t depth;
};

static enum lw_status build(struct neighbours *n, const struct lw_matrix *rows,
                            float *low, float *high, struct lw_error *err)
{
    struct todo stack[DEPTH_MAX + 2];
    size_t n_stack = 0;
    enum lw_status st = LW_OK;

    stack[n_stack++] = (struct todo){.to = n->n_rows, .parent = NEIGHBOURS_NONE};
    while (n_stack > 0 && st == LW_OK) {
        struct todo t = stack[--n_stack];
        uint32_t at = n->n_nodes;
        uint32_t mid;

        if (t.parent != NEIGHBOURS_NONE)
            n->nodes[t.parent].right = at;
        st = add_node(n, t.from, t.to, err);
        if (st != LW_OK || t.depth == DEPTH_MAX ||
            !split_node(n, rows, at, low, high, &mid))
            continue;
        stack[n_stack++] = (struct todo){mid, t.to, at, t.depth + 1};
        stack[n_stack++] = (struct todo){t.from, mid, NEIGHBOURS_NONE, t.depth + 1};
    }
    return st;
}

static void copy_rows(struct neighbours *n, const struct lw_matrix *rows)
{
    for (uint32_t i = 0; i < n->n_rows; i++) {
        n->place[n->row[i]] = i;
        memcpy(n->x + (size_t)i * n->width, rows->x + (size_t)n->row[i] * n->n_cols,
               n->n_cols * sizeof *n->x);
    }
}

enum lw_status neighbours_new(struct neighbours **out, const struct lw_matrix *rows,
                              enum neighbours_metric metric, struct lw_error *err)
{
    struct neighbours *n;
    float *bounds;
    enum lw_status st;

    LW_ASSERT(rows->n_rows > 0);
    if (rows->n_rows > UINT32_MAX / 2 || rows->n_cols > NEIGHBOURS_COLS_MAX)
        return lw_fail(err, LW_ELIMIT, "an index of %zu rows of %zu columns",
                       rows->n_rows, rows->n_cols);
    n = mem_zalloc(1, sizeof *n);
    if (n == NULL)
        return lw_fail(err, LW_ENOMEM, "out of memory for an index of rows");
    n->n_rows = (uint32_t)rows->n_rows;
    n->n_cols = (uint32_t)rows->n_cols;
    n->width = (n->n_cols + LANES - 1) / LANES * LANES;
    n->metric = metric;
    n->x = mem_zalloc((size_t)n->n_rows * n->width, sizeof *n->x);
    n->row = mem_zalloc(n->n_rows, sizeof *n->row);
    n->place = mem_zalloc(n->n_rows, sizeof *n->place);
    bounds = mem_zalloc(2 * (size_t)n->n_cols, sizeof *bounds);
    if (n->x == NULL || n->row == NULL || n->place == NULL || bounds == NULL) {
        st =
            lw_fail(err, LW_ENOMEM, "out of memory for an index of %u rows", n->n_rows);
    } else {
        for (uint32_t i = 0; i < n->n_rows; i++)
            n->row[i] = i;
        st = build(n, rows, bounds, bounds + n->n_cols, err);
    }
    mem_free(bounds);
    if (st != LW_OK) {
        neighbours_free(n);
        return st;
    }
    copy_rows(n, rows);
    *out = n;
    return LW_OK;
}

/* ---- search ---- */

struct search {
    const struct neighbours *n;
    const float *query; /* (width) */
    float *side;        /* (n_cols): distance to the part in this column */
    struct neighbour *found;
    uint32_t n_found;
    uint32_t k;
    uint32_t except;
};

/* What a distance must not exceed to be of interest. */
static float limit(const struct search *s)
{
    return s->n_found < s->k ? INFINITY : s->found[s->k - 1].distance;
}

static float lanes_sum(const float *acc)
{
    return ((acc[0] + acc[1]) + (acc[2] + acc[3])) +
           ((acc[4] + acc[5]) + (acc[6] + acc[7]));
}

/* Sums of parts that are not negative only grow, rounded or not: giving up early never
 * drops a row that the whole sum would keep. */
static float euclid(const float *a, const float *b, uint32_t width, float most)
{
    float acc[LANES] = {0};

    for (uint32_t c = 0; c < width;) {
        uint32_t end = width - c < CHUNK ? width : c + CHUNK;

        for (; c < end; c += LANES)
            for (uint32_t j = 0; j < LANES; j++) {
                float d = a[c + j] - b[c + j];

                acc[j] += d * d;
            }
        if (lanes_sum(acc) > most)
            break;
    }
    return lanes_sum(acc);
}

static float manhattan(const float *a, const float *b, uint32_t width, float most)
{
    float acc[LANES] = {0};

    for (uint32_t c = 0; c < width;) {
        uint32_t end = width - c < CHUNK ? width : c + CHUNK;

        for (; c < end; c += LANES)
            for (uint32_t j = 0; j < LANES; j++)
                acc[j] += fabsf(a[c + j] - b[c + j]);
        if (lanes_sum(acc) > most)
            break;
    }
    return lanes_sum(acc);
}

static void keep(struct search *s, float distance, uint32_t row)
{
    uint32_t at = s->n_found;

    while (at > 0 &&
           (s->found[at - 1].distance > distance ||
            (s->found[at - 1].distance >= distance && s->found[at - 1].row > row)))
        at--;
    if (at == s->k)
        return;
    if (s->n_found < s->k)
        s->n_found++;
    memmove(s->found + at + 1, s->found + at, (s->n_found - 1 - at) * sizeof *s->found);
    s->found[at] = (struct neighbour){distance, row};
}

static void search_leaf(struct search *s, const struct kd_node *node)
{
    const struct neighbours *n = s->n;

    for (uint32_t i = node->from; i < node->to; i++) {
        const float *v = n->x + (size_t)i * n->width;
        float most = limit(s);
        float d = n->metric == NEIGHBOURS_EUCLID
                      ? euclid(s->query, v, n->width, most)
                      : manhattan(s->query, v, n->width, most);

        if (d <= most && n->row[i] != s->except)
            keep(s, d, n->row[i]);
    }
}

static void search_node(struct search *s, uint32_t at, float so_far)
{
    const struct kd_node *node = &s->n->nodes[at];
    float to_left;
    float to_right;
    float off;
    float old;
    float far_distance;

    if (node->right == 0) {
        search_leaf(s, node);
        return;
    }
    to_left = s->query[node->column] - node->left_high;
    to_right = node->right_low - s->query[node->column];
    search_node(s, to_left < to_right ? at + 1 : node->right, so_far);
    off = to_left < to_right ? to_right : to_left; /* to the farther child */
    if (off < 0)
        off = 0;
    old = s->side[node->column];
    if (off < old)
        off = old;
    far_distance = s->n->metric == NEIGHBOURS_EUCLID ? so_far - old * old + off * off
                                                     : so_far - old + off;
    /* The margin covers what rounding may add up to on the way down. */
    if (far_distance * 0.9999f > limit(s))
        return;
    s->side[node->column] = off;
    search_node(s, to_left < to_right ? node->right : at + 1, far_distance);
    s->side[node->column] = old;
}

uint32_t neighbours_find(const struct neighbours *n, const float *query, uint32_t k,
                         uint32_t except, struct neighbour *out)
{
    float padded[NEIGHBOURS_COLS_MAX + LANES];
    float side[NEIGHBOURS_COLS_MAX];
    struct search s = {
        .n = n, .query = padded, .side = side, .found = out, .k = k, .except = except};

    LW_ASSERT(k > 0 && k <= NEIGHBOURS_MAX);
    memset(padded, 0, n->width * sizeof *padded);
    memcpy(padded, query, n->n_cols * sizeof *padded);
    memset(side, 0, n->n_cols * sizeof *side);
    search_node(&s, 0, 0);
    return s.n_found;
}

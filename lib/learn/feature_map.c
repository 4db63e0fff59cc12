/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Clusters are joined two at a time, always those with the least mean distance between
 * their columns (average linkage, updated by Lance and Williams' formula).  Single
 * linkage, which the paper's own program uses, makes chains: cut, they fall into many
 * single columns, which say nothing of what belongs together.
 */
#include "learn/feature_map.h"

#include "base/assert.h"
#include "base/mem.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

enum { NODES_MAX = 2 * FEATURE_MAP_COLS_MAX };

enum lw_status feature_map_init(struct feature_map *m, size_t n_cols,
                                struct lw_error *err)
{
    LW_ASSERT(n_cols > 0 && n_cols <= FEATURE_MAP_COLS_MAX);
    *m = (struct feature_map){.n_cols = n_cols};
    m->sum = mem_zalloc(n_cols, sizeof *m->sum);
    m->products = mem_zalloc(n_cols * n_cols, sizeof *m->products);
    m->shift = mem_zalloc(n_cols, sizeof *m->shift);
    m->least = mem_zalloc(n_cols, sizeof *m->least);
    m->most = mem_zalloc(n_cols, sizeof *m->most);
    if (m->sum == NULL || m->products == NULL || m->shift == NULL || m->least == NULL ||
        m->most == NULL) {
        feature_map_release(m);
        return lw_fail(err, LW_ENOMEM, "out of memory");
    }
    for (size_t c = 0; c < n_cols; c++) {
        m->least[c] = INFINITY;
        m->most[c] = -INFINITY;
    }
    return LW_OK;
}

void feature_map_release(struct feature_map *m)
{
    mem_free(m->sum);
    mem_free(m->products);
    mem_free(m->shift);
    mem_free(m->least);
    mem_free(m->most);
    *m = (struct feature_map){0};
}

void feature_map_range(struct feature_map *m, const float *row)
{
    for (size_t c = 0; c < m->n_cols; c++) {
        m->least[c] = fminf(m->least[c], row[c]);
        m->most[c] = fmaxf(m->most[c], row[c]);
    }
}

void feature_map_add(struct feature_map *m, const float *row)
{
    double x[FEATURE_MAP_COLS_MAX];

    if (m->n_rows++ == 0)
        memcpy(m->shift, row, m->n_cols * sizeof *m->shift);
    for (size_t c = 0; c < m->n_cols; c++) {
        x[c] = (double)row[c] - (double)m->shift[c];
        m->sum[c] += x[c];
    }
    for (size_t r = 0; r < m->n_cols; r++)
        for (size_t c = 0; c <= r; c++)
            m->products[r * m->n_cols + c] += x[r] * x[c];
}

/* ---- clusters -------------------------------------------------------------------- */

/* Nodes 0 to n_cols - 1 are the columns, the others join two. */
struct tree {
    float distance[NODES_MAX][NODES_MAX];
    uint16_t child[NODES_MAX][2];
    uint16_t size[NODES_MAX];
    bool is_root[NODES_MAX];
    size_t n;
};

static double covariance(const struct feature_map *m, size_t r, size_t c)
{
    double n = (double)m->n_rows;

    return m->products[r * m->n_cols + c] / n - m->sum[r] / n * (m->sum[c] / n);
}

/* A column that hardly varies goes with no other. */
static float distance(const struct feature_map *m, size_t r, size_t c)
{
    double vr = covariance(m, r, r);
    double vc = covariance(m, c, c);

    if (m->n_rows == 0 || !(vr > 1e-12) || !(vc > 1e-12))
        return 1.0F;
    return (float)(1 - covariance(m, r, c) / sqrt(vr * vc));
}

static void find_nearest(const struct tree *t, size_t *a, size_t *b)
{
    float least = INFINITY;

    *a = *b = 0;
    for (size_t i = 0; i < t->n; i++)
        for (size_t j = 0; t->is_root[i] && j < i; j++)
            if (t->is_root[j] && t->distance[i][j] < least) {
                least = t->distance[i][j];
                *a = j;
                *b = i;
            }
}

static void join(struct tree *t, size_t a, size_t b)
{
    size_t k = t->n++;
    float na = (float)t->size[a];
    float nb = (float)t->size[b];

    t->child[k][0] = (uint16_t)a;
    t->child[k][1] = (uint16_t)b;
    t->size[k] = (uint16_t)(t->size[a] + t->size[b]);
    t->is_root[a] = t->is_root[b] = false;
    t->is_root[k] = true;
    for (size_t i = 0; i < k; i++) {
        float d = (na * t->distance[a][i] + nb * t->distance[b][i]) / (na + nb);

        t->distance[i][k] = t->distance[k][i] = d;
    }
}

static void grow(struct tree *t, const struct feature_map *m)
{
    t->n = m->n_cols;
    for (size_t i = 0; i < m->n_cols; i++) {
        t->size[i] = 1;
        t->is_root[i] = true;
        for (size_t j = 0; j < i; j++)
            t->distance[i][j] = t->distance[j][i] = distance(m, i, j);
    }
    while (t->n < 2 * m->n_cols - 1) {
        size_t a;
        size_t b;

        find_nearest(t, &a, &b);
        join(t, a, b);
    }
}

/* Mark the columns below a node; a stack instead of recursion. */
static void mark(const struct tree *t, size_t node, size_t n_cols, uint8_t *group,
                 uint8_t number)
{
    size_t stack[NODES_MAX];
    size_t n = 0;

    stack[n++] = node;
    while (n > 0) {
        size_t at = stack[--n];

        if (at < n_cols) {
            group[at] = number;
            continue;
        }
        stack[n++] = t->child[at][0];
        stack[n++] = t->child[at][1];
    }
}

/* Numbers in the order of the first columns, so that they tell nothing of the tree. */
static size_t renumber(uint8_t *group, size_t n_cols)
{
    uint8_t to[FEATURE_MAP_COLS_MAX];
    size_t n = 0;

    memset(to, UINT8_MAX, sizeof to);
    for (size_t c = 0; c < n_cols; c++) {
        if (to[group[c]] == UINT8_MAX)
            to[group[c]] = (uint8_t)n++;
        group[c] = to[group[c]];
    }
    return n;
}

size_t feature_map_groups(const struct feature_map *m, size_t most, uint8_t *group)
{
    struct tree *t = mem_zalloc(1, sizeof *t);
    uint8_t number = 0;

    /* Without memory every column is by itself: still a map. */
    for (size_t c = 0; c < m->n_cols; c++)
        group[c] = (uint8_t)c;
    if (t == NULL)
        return m->n_cols;
    grow(t, m);
    for (size_t i = 0; i < t->n; i++) {
        bool above_fits = false;

        for (size_t k = i + 1; k < t->n; k++)
            above_fits |= k >= m->n_cols &&
                          (t->child[k][0] == i || t->child[k][1] == i) &&
                          t->size[k] <= most;
        if (t->size[i] <= most && !above_fits)
            mark(t, i, m->n_cols, group, number++);
    }
    mem_free(t);
    return renumber(group, m->n_cols);
}

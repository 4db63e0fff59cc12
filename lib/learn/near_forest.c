/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Trees that split rows at random planes put rows that are alike in the same leaf, most
 * of the time (Dasgupta and Freund, "Random projection trees and low dimensional
 * manifolds", STOC 2008); of all leaves that a row is in, the nearest are kept.  What
 * was missed is found among the neighbours of neighbours (Dong, Moses and Li,
 * "Efficient k-nearest neighbor graph construction for generic similarity measures",
 * WWW 2011).
 *
 * Each row's list is made from the lists of the round before, so the answer does not
 * depend on the order of the work.
 */
#include "learn/near_forest.h"

#include "base/mem.h"
#include "base/rng.h"
#include "learn/distance.h"

#include <string.h>

enum { TREES = 8, LEAF = 256, ROUNDS = 2, LOOKED_AT = 48, DEPTH_MAX = 64 };

struct search {
    const struct lw_matrix *x;
    uint32_t k;
    uint32_t *order[TREES];  /* (n): rows, leaf by leaf; owned */
    uint32_t *leaf[TREES];   /* (n): where in `order` a row's leaf begins; owned */
    uint32_t *length[TREES]; /* (n): and how many rows it has; owned */
    uint32_t *stamp;         /* (n): the row that looked here last, + 1; owned */
    struct neighbour *last;  /* (n, k): lists of the round before; owned */
};

static void release(struct search *s)
{
    for (size_t t = 0; t < TREES; t++) {
        mem_free(s->order[t]);
        mem_free(s->leaf[t]);
        mem_free(s->length[t]);
    }
    mem_free(s->stamp);
    mem_free(s->last);
}

static enum lw_status prepare(struct search *s, struct lw_error *err)
{
    size_t n = s->x->n_rows;
    bool ok = true;

    for (size_t t = 0; t < TREES; t++) {
        s->order[t] = mem_zalloc(n, sizeof *s->order[t]);
        s->leaf[t] = mem_zalloc(n, sizeof *s->leaf[t]);
        s->length[t] = mem_zalloc(n, sizeof *s->length[t]);
        ok = ok && s->order[t] != NULL && s->leaf[t] != NULL && s->length[t] != NULL;
    }
    s->stamp = mem_zalloc(n, sizeof *s->stamp);
    s->last = mem_zalloc(n * s->k, sizeof *s->last);
    return ok && s->stamp != NULL && s->last != NULL
               ? LW_OK
               : lw_fail(err, LW_ENOMEM, "out of memory for neighbours");
}

/* ---- trees ---- */

/* Rows nearer to a than to b go to the front; returns how many. */
static uint32_t part(const struct lw_matrix *x, uint32_t *row, uint32_t n, uint32_t a,
                     uint32_t b)
{
    const float *xa = x->x + (size_t)a * x->n_cols;
    const float *xb = x->x + (size_t)b * x->n_cols;
    uint32_t front = 0;

    for (uint32_t i = 0; i < n; i++) {
        const float *v = x->x + (size_t)row[i] * x->n_cols;

        if (distance_squared(v, xa, x->n_cols) < distance_squared(v, xb, x->n_cols)) {
            uint32_t r = row[i];

            row[i] = row[front];
            row[front++] = r;
        }
    }
    return front;
}

static void end_leaf(struct search *s, size_t t, uint32_t from, uint32_t n)
{
    for (uint32_t i = from; i < from + n; i++) {
        s->leaf[t][s->order[t][i]] = from;
        s->length[t][s->order[t][i]] = n;
    }
}

/* The smaller part is split first, so that few parts wait. */
static void grow(struct search *s, size_t t, struct rng *rng)
{
    uint32_t waiting[DEPTH_MAX][2] = {{0, (uint32_t)s->x->n_rows}};
    size_t n_waiting = 1;

    for (size_t i = 0; i < s->x->n_rows; i++)
        s->order[t][i] = (uint32_t)i;
    /* Rows that are the same must not be together in every tree. */
    rng_shuffle(rng, s->order[t], s->x->n_rows);
    while (n_waiting > 0) {
        uint32_t from = waiting[--n_waiting][0];
        uint32_t n = waiting[n_waiting][1];
        uint32_t *row = s->order[t] + from;
        uint32_t front = 0;

        if (n <= LEAF || n_waiting + 2 > DEPTH_MAX) {
            end_leaf(s, t, from, n);
            continue;
        }
        /* Like rows give no plane: a few more tries, then by halves. */
        for (int tries = 0; tries < 4 && (front == 0 || front == n); tries++)
            front = part(s->x, row, n, row[rng_below(rng, n)], row[rng_below(rng, n)]);
        if (front == 0 || front == n)
            front = n / 2;
        waiting[n_waiting][0] = front < n - front ? from + front : from;
        waiting[n_waiting++][1] = front < n - front ? n - front : front;
        waiting[n_waiting][0] = front < n - front ? from : from + front;
        waiting[n_waiting++][1] = front < n - front ? front : n - front;
    }
}

/* ---- lists ---- */

struct list {
    struct neighbour *of; /* (k) */
    uint32_t n;
};

static void offer(struct search *s, struct list *l, uint32_t i, uint32_t row)
{
    size_t d = s->x->n_cols;
    struct neighbour v;
    uint32_t at;

    if (row == i || s->stamp[row] == i + 1)
        return;
    s->stamp[row] = i + 1;
    v.row = row;
    v.distance = distance_squared(s->x->x + i * d, s->x->x + row * d, d);
    if (l->n == s->k && !(v.distance < l->of[s->k - 1].distance))
        return;
    at = l->n < s->k ? l->n++ : s->k - 1;
    for (; at > 0 && l->of[at - 1].distance > v.distance; at--)
        l->of[at] = l->of[at - 1];
    l->of[at] = v;
}

static void from_leaves(struct search *s, uint32_t i, struct list *l)
{
    for (size_t t = 0; t < TREES; t++)
        for (uint32_t c = 0; c < s->length[t][i]; c++)
            offer(s, l, i, s->order[t][s->leaf[t][i] + c]);
    /* Leaves may hold fewer than k rows. */
    for (uint32_t r = 0; l->n < s->k; r++)
        offer(s, l, i, r);
}

static void from_neighbours(struct search *s, uint32_t i, struct list *l)
{
    const struct neighbour *mine = s->last + (size_t)i * s->k;
    uint32_t n = s->k < LOOKED_AT ? s->k : LOOKED_AT;

    memcpy(l->of, mine, s->k * sizeof *mine);
    l->n = s->k;
    for (uint32_t a = 0; a < s->k; a++)
        s->stamp[mine[a].row] = i + 1;
    for (uint32_t a = 0; a < n; a++)
        for (uint32_t b = 0; b < n; b++)
            offer(s, l, i, s->last[(size_t)mine[a].row * s->k + b].row);
}

enum lw_status near_forest_find(struct neighbour *out, const struct lw_matrix *x,
                                uint32_t k, uint64_t seed, struct lw_error *err)
{
    struct search s = {.x = x, .k = k};
    enum lw_status st = prepare(&s, err);
    struct rng rng;

    rng_init(&rng, seed);
    for (size_t t = 0; st == LW_OK && t < TREES; t++)
        grow(&s, t, &rng);
    for (int round = 0; st == LW_OK && round <= ROUNDS; round++) {
        memset(s.stamp, 0, x->n_rows * sizeof *s.stamp);
        for (uint32_t i = 0; i < x->n_rows; i++) {
            struct list l = {out + (size_t)i * k, 0};

            (round == 0 ? from_leaves : from_neighbours)(&s, i, &l);
        }
        memcpy(s.last, out, x->n_rows * k * sizeof *out);
    }
    release(&s);
    return st;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/calibration.h"

#include "detect/quantile.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* This share of the score goes straight through, so that rows on a flat part of a curve
 * keep their order, and nothing is ever held for impossible. */
#define STRAIGHT 1e-3f

struct block {
    double weight;
    double hits;  /* weight of the rows that were of the class */
    double score; /* weighted sum */
};

static int point_order(const void *a, const void *b)
{
    const struct calibration_point *x = a;
    const struct calibration_point *y = b;

    if (x->score < y->score || x->score > y->score)
        return x->score < y->score ? -1 : 1;
    return x->idx < y->idx ? -1 : x->idx > y->idx ? 1 : 0;
}

static void add(struct block *to, const struct block *b)
{
    to->weight += b->weight;
    to->hits += b->hits;
    to->score += b->score;
}

static double share(const struct block *b)
{
    return b->hits / b->weight;
}

/* What the squared error of probabilities grows by if two neighbours become one (Ward).
 */
static double loss(const struct block *a, const struct block *b)
{
    double apart = share(a) - share(b);

    return a->weight * b->weight / (a->weight + b->weight) * apart * apart;
}

/* Merge the two neighbours that are missed least. */
static size_t thin(struct block *blocks, size_t n)
{
    size_t best = 0;

    for (size_t i = 1; i + 1 < n; i++)
        if (loss(&blocks[i], &blocks[i + 1]) < loss(&blocks[best], &blocks[best + 1]))
            best = i;
    add(&blocks[best], &blocks[best + 1]);
    memmove(&blocks[best + 1], &blocks[best + 2], (n - best - 2) * sizeof *blocks);
    return n - 1;
}

/* Pool adjacent violators.  There are never more than KNOTS_MAX blocks and one: beyond
 * that two neighbours are merged at once, which keeps the order of their shares. */
void calibration_fit(struct calibration_curve *out, struct calibration_point *points,
                     size_t n)
{
    struct block blocks[CALIBRATION_KNOTS_MAX + 1];
    size_t n_blocks = 0;

    qsort(points, n, sizeof *points, point_order);
    for (size_t i = 0; i < n;) {
        struct block b = {0, 0, 0};
        float score = points[i].score;

        for (; i < n && points[i].score <= score; i++) {
            b.weight += (double)points[i].weight;
            b.hits += points[i].is_class ? (double)points[i].weight : 0;
            b.score += (double)points[i].weight * (double)points[i].score;
        }
        while (n_blocks > 0 && share(&blocks[n_blocks - 1]) >= share(&b)) {
            add(&b, &blocks[n_blocks - 1]);
            n_blocks--;
        }
        blocks[n_blocks++] = b;
        if (n_blocks > CALIBRATION_KNOTS_MAX)
            n_blocks = thin(blocks, n_blocks);
    }
    out->n = (uint32_t)n_blocks;
    for (size_t i = 0; i < n_blocks; i++) {
        out->score[i] = (float)(blocks[i].score / blocks[i].weight);
        out->probability[i] = (float)share(&blocks[i]);
    }
}

static float read_curve(const struct calibration_curve *c, float score)
{
    size_t i = quantile_below(c->score, c->n, score);
    float t;

    if (i == 0)
        return c->probability[0];
    if (i == c->n)
        return c->probability[c->n - 1];
    t = (score - c->score[i - 1]) / (c->score[i] - c->score[i - 1]);
    return c->probability[i - 1] + t * (c->probability[i] - c->probability[i - 1]);
}

void calibration_apply(const struct calibration *c, float *p)
{
    float sum = 0;

    for (uint32_t k = 0; k < c->n_classes; k++)
        p[k] = (1 - STRAIGHT) * read_curve(&c->curve[k], p[k]) + STRAIGHT * p[k];
    for (uint32_t k = 1; k < c->n_classes; k++)
        sum += p[k];
    for (uint32_t k = 1; k < c->n_classes; k++)
        p[k] = sum > 0 ? (1 - p[0]) * (p[k] / sum)
                       : (1 - p[0]) / (float)(c->n_classes - 1);
}

void calibration_save(const struct calibration *c, struct buf *out)
{
    buf_add_u8(out, (uint8_t)c->n_classes);
    for (uint32_t k = 0; k < c->n_classes; k++) {
        const struct calibration_curve *curve = &c->curve[k];

        buf_add_u8(out, (uint8_t)curve->n);
        for (uint32_t i = 0; i < curve->n; i++) {
            buf_add_f32(out, curve->score[i]);
            buf_add_f32(out, curve->probability[i]);
        }
    }
}

/* No comparison holds for NaN. */
static bool load_curve(struct calibration_curve *c, struct span *in)
{
    uint8_t n;

    if (!span_take_u8(in, &n) || n == 0 || n > CALIBRATION_KNOTS_MAX)
        return false;
    c->n = n;
    for (uint32_t i = 0; i < n; i++) {
        if (!span_take_f32(in, &c->score[i]) ||
            !span_take_f32(in, &c->probability[i]) ||
            !(c->score[i] >= 0 && c->score[i] <= 1) ||
            !(c->probability[i] >= 0 && c->probability[i] <= 1))
            return false;
        if (i > 0 && !(c->score[i] > c->score[i - 1] &&
                       c->probability[i] >= c->probability[i - 1]))
            return false;
    }
    return true;
}

enum lw_status calibration_load(struct calibration *c, struct span in,
                                struct lw_error *err)
{
    uint8_t n = 0;
    bool ok = span_take_u8(&in, &n) && n >= 2 && n <= LW_MAX_CLASSES;

    for (uint32_t k = 0; ok && k < n; k++)
        ok = load_curve(&c->curve[k], &in);
    c->n_classes = n;
    return ok && in.n == 0 ? LW_OK
                           : lw_fail(err, LW_EFORMAT,
                                     "the calibration of probabilities is damaged");
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A grid: four numbers are few, and a grid finds the same point on every machine.  What
 * each rule costs and alarms is kept fold by fold, so that leaving a fold out costs a
 * subtraction and not another pass.
 *
 * A decision asks only which expected cost is least, so probabilities are never brought
 * to a sum of 1: e^(margin / temperature) is taken once for all rules of a temperature,
 * and the rest are products.
 */
#include "detect/tune.h"

#include "base/assert.h"
#include "base/mem.h"
#include "learn/link.h"

#include <math.h>
#include <stdlib.h>

static const float temperatures[] = {1, 1.5f, 2, 3};
static const float factors[] = {0.03125f, 0.0625f, 0.125f, 0.25f, 0.5f, 1, 2, 4};
static const float powers[] = {0, 0.25f, 0.5f, 0.75f, 1, 1.5f};
static const float mixes[] = {0, 0.2f};

enum {
    N_TEMPERATURES = sizeof temperatures / sizeof temperatures[0],
    N_FACTORS = sizeof factors / sizeof factors[0],
    N_POWERS = sizeof powers / sizeof powers[0],
    N_MIXES = sizeof mixes / sizeof mixes[0],
    N_POINTS = N_TEMPERATURES * N_FACTORS * N_POWERS * N_MIXES
};

struct cell {
    double cost;
    double alarms; /* normal trials said to be attacks */
};

struct tune {
    const struct lw_cost *by; /* borrowed while trials are tried */
    struct cell *cells;       /* (N_POINTS, n_folds), owned */
    double *n_normal;         /* (n_folds) normal trials, owned */
    size_t n_folds;
};

static size_t point_at(size_t temperature, size_t power, size_t factor, size_t mix)
{
    return ((temperature * N_POWERS + power) * N_FACTORS + factor) * N_MIXES + mix;
}

static void set_point(struct rule *r, size_t point)
{
    r->mix = mixes[point % N_MIXES];
    r->attack_factor = factors[point / N_MIXES % N_FACTORS];
    r->novelty_power = powers[point / N_MIXES / N_FACTORS % N_POWERS];
    r->temperature = temperatures[point / N_MIXES / N_FACTORS / N_POWERS];
}

static void add_decision(struct tune *t, const struct rule *rule, size_t point,
                         const struct tune_trial *trial, const float *weight)
{
    struct cell *cell = &t->cells[point * t->n_folds + trial->fold];
    uint32_t said = rule_decide(rule, weight);

    cell->cost += (double)trial->weight * (double)t->by->of[trial->truth][said];
    cell->alarms += trial->truth == 0 && said != 0 ? 1 : 0;
}

/* p (n_classes): e^(margin / temperature). */
static void try_factors(struct tune *t, const struct rule *rule, size_t temperature,
                        const struct tune_trial *trial, const float *p)
{
    uint32_t n = rule->cost.n_classes;
    float q[LW_MAX_CLASSES];

    for (size_t g = 0; g < N_POWERS; g++) {
        q[0] = p[0] * link_exp(powers[g] * trial->log_p);
        for (size_t a = 0; a < N_FACTORS; a++) {
            for (size_t u = 0; u < N_MIXES; u++) {
                float sum = 0;

                for (uint32_t i = 1; i < n; i++)
                    sum += p[i];
                for (uint32_t i = 1; i < n; i++)
                    q[i] = factors[a] *
                           ((1 - mixes[u]) * p[i] + mixes[u] * sum / (float)(n - 1));
                add_decision(t, rule, point_at(temperature, g, a, u), trial, q);
            }
        }
    }
}

static void try_trial(struct tune *t, const struct rule *rule,
                      const struct tune_trial *trial)
{
    uint32_t n = rule->cost.n_classes;
    float p[LW_MAX_CLASSES];

    for (size_t i = 0; i < N_TEMPERATURES; i++) {
        for (uint32_t k = 0; k < n; k++)
            p[k] = trial->margins[k] / temperatures[i];
        link_softmax(p, n);
        try_factors(t, rule, i, trial, p);
    }
    if (trial->truth == 0)
        t->n_normal[trial->fold]++;
}

enum lw_status tune_new(struct tune **out, const struct rule *rule,
                        const struct lw_cost *by, const struct tune_trial *trials,
                        size_t n, size_t n_folds, struct lw_error *err)
{
    struct tune *t = mem_zalloc(1, sizeof *t);

    LW_ASSERT(n_folds <= TUNE_FOLDS_MAX);
    if (t != NULL) {
        t->n_folds = n_folds;
        t->by = by;
        t->cells = mem_zalloc(N_POINTS * n_folds, sizeof *t->cells);
        t->n_normal = mem_zalloc(n_folds, sizeof *t->n_normal);
    }
    if (t == NULL || t->cells == NULL || t->n_normal == NULL) {
        tune_free(t);
        return lw_fail(err, LW_ENOMEM, "out of memory for decision rules");
    }
    for (size_t i = 0; i < n; i++)
        try_trial(t, rule, &trials[i]);
    t->by = NULL;
    *out = t;
    return LW_OK;
}

void tune_free(struct tune *t)
{
    if (t == NULL)
        return;
    mem_free(t->cells);
    mem_free(t->n_normal);
    mem_free(t);
}

static int share_order(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;

    return x < y ? -1 : x > y ? 1 : 0;
}

/* Sorts in place; of an even number the mean of the middle two. */
static double median(double *v, size_t n)
{
    qsort(v, n, sizeof *v, share_order);
    return (v[(n - 1) / 2] + v[n / 2]) / 2;
}

/* Cost of a rule over folds; *share: of a fold's normal trials that it alarms, the
 * median of the folds that have any. */
static double look_up(const struct tune *t, size_t point,
                      const struct tune_folds *folds, double *share)
{
    double shares[TUNE_FOLDS_MAX];
    double cost = 0;
    size_t n = 0;

    for (size_t f = folds->from; f < folds->upto; f++) {
        const struct cell *cell = &t->cells[point * t->n_folds + f];

        if (f == folds->leave)
            continue;
        cost += cell->cost;
        if (t->n_normal[f] > 0)
            shares[n++] = cell->alarms / t->n_normal[f];
    }
    *share = n > 0 ? median(shares, n) : 0;
    return cost;
}

void tune_choose(const struct tune *t, const struct tune_folds *folds,
                 const struct tune *known, double budget, struct rule *rule)
{
    double best = (double)INFINITY;
    double calmest = (double)INFINITY;
    size_t chosen = 0;

    for (size_t p = 0; p < N_POINTS; p++) {
        double share;
        double cost = look_up(t, p, folds, &share);

        if (known != NULL) {
            const struct tune_folds all = {0, known->n_folds, known->n_folds};
            double other;

            (void)look_up(known, p, &all, &other);
            share = fmax(share, other);
        }
        /* Where no rule is within the budget, the one that alarms least. */
        share = fmax(share, budget);
        if (share < calmest || (share <= calmest && cost < best)) {
            calmest = share;
            best = cost;
            chosen = p;
        }
    }
    set_point(rule, chosen);
}

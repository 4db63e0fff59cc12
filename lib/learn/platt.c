/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Platt, "Probabilistic outputs for support vector machines" (1999), by Newton's method
 * with backtracking as in Lin, Lin and Weng, "A note on Platt's probabilistic outputs"
 * (Machine Learning, 2007): targets a little inside 0 and 1, so the curve stays finite
 * where the classes do not overlap.
 */
#include "learn/platt.h"

#include "learn/link.h"

#include <math.h>

enum { STEPS_MAX = 100 };

struct curve {
    const double *score;
    const uint8_t *is_class;
    size_t n;
    double target[2]; /* of rows that are not and that are */
    double weight[2];
    double shift; /* scores are measured from here, in units of */
    double unit;
};

static double log_one_plus_exp(double z)
{
    return z > 0 ? z + link_log(1 + (double)link_exp((float)-z))
                 : link_log(1 + (double)link_exp((float)z));
}

static double logistic(double z)
{
    double e = (double)link_exp((float)(z > 0 ? -z : z));

    return z > 0 ? 1 / (1 + e) : e / (1 + e);
}

static double at(const struct curve *c, size_t i)
{
    return (c->score[i] - c->shift) / c->unit;
}

static double loss(const struct curve *c, double a, double b)
{
    double sum = 0;

    for (size_t i = 0; i < c->n; i++) {
        double z = a * at(c, i) + b;

        sum += c->weight[c->is_class[i]] *
               (log_one_plus_exp(z) - c->target[c->is_class[i]] * z);
    }
    return sum;
}

/* One step of Newton's method; says whether there is more to gain. */
static int step(const struct curve *c, double *a, double *b, double *now)
{
    double g[2] = {0, 0};
    double h[3] = {1e-9, 0, 1e-9};
    double det;
    double da;
    double db;

    for (size_t i = 0; i < c->n; i++) {
        double s = at(c, i);
        double p = logistic(*a * s + *b);
        double w = c->weight[c->is_class[i]];
        double d = w * (p - c->target[c->is_class[i]]);
        double q = w * p * (1 - p);

        g[0] += d * s;
        g[1] += d;
        h[0] += q * s * s;
        h[1] += q * s;
        h[2] += q;
    }
    det = h[0] * h[2] - h[1] * h[1];
    if (!(det > 0) || (fabs(g[0]) < 1e-5 && fabs(g[1]) < 1e-5))
        return 0;
    da = -(h[2] * g[0] - h[1] * g[1]) / det;
    db = -(h[0] * g[1] - h[1] * g[0]) / det;
    for (double size = 1; size > 1e-10; size /= 2) {
        double then = loss(c, *a + size * da, *b + size * db);

        if (then < *now + 1e-4 * size * (g[0] * da + g[1] * db)) {
            *a += size * da;
            *b += size * db;
            *now = then;
            return 1;
        }
    }
    return 0;
}

static void measure(struct curve *c)
{
    double sum = 0;
    double squares = 0;

    for (size_t i = 0; i < c->n; i++)
        sum += c->score[i];
    c->shift = sum / (double)c->n;
    for (size_t i = 0; i < c->n; i++)
        squares += (c->score[i] - c->shift) * (c->score[i] - c->shift);
    c->unit = sqrt(squares / (double)c->n);
    if (!(c->unit > 1e-30))
        c->unit = 1;
}

void platt_fit(struct platt *out, const double *score, const uint8_t *is_class,
               size_t n, int balanced)
{
    struct curve c = {.score = score, .is_class = is_class, .n = n};
    double n_is = 0;
    double n_not;
    double a = 0;
    double b;
    double now;

    for (size_t i = 0; i < n; i++)
        n_is += is_class[i];
    n_not = (double)n - n_is;
    c.target[0] = 1 / (n_not + 2);
    c.target[1] = (n_is + 1) / (n_is + 2);
    c.weight[0] = balanced ? (double)n / (2 * n_not) : 1;
    c.weight[1] = balanced ? (double)n / (2 * n_is) : 1;
    measure(&c);
    b = balanced ? 0 : link_log((n_is + 1) / (n_not + 1));
    now = loss(&c, a, b);
    for (int i = 0; i < STEPS_MAX && step(&c, &a, &b, &now); i++)
        ;
    out->slope = a / c.unit;
    out->offset = b - a * c.shift / c.unit;
}

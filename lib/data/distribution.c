/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tails through the incomplete beta and gamma functions, by their continued fractions
 * (DLMF 8.17.22 and 8.9.2) or the power series (DLMF 8.7.1) where that converges
 * faster.  Fractions are evaluated by Lentz's method as Thompson and Barnett changed it
 * (J. Comput. Phys. 64, 1986).  test/parity/profile compares with SciPy.
 */
#include "data/distribution.h"

#include "base/assert.h"

#include <float.h>
#include <math.h>
#include <stdbool.h>

/* A fraction needs about sqrt(df) steps. */
enum { STEPS_MAX = 200000 };

/* Keeps Lentz's method from dividing by zero. */
static const double tiny = 1e-300;

struct lentz {
    double value;
    double c;
    double d;
};

/* Take in the next term a/(b + ...); true once it changes nothing. */
static bool lentz_step(struct lentz *l, double a, double b)
{
    double change;

    l->d = b + a * l->d;
    l->d = 1 / (l->d == 0 ? tiny : l->d);
    l->c = b + a / l->c;
    l->c = l->c == 0 ? tiny : l->c;
    change = l->c * l->d;
    l->value *= change;
    return fabs(change - 1) < DBL_EPSILON;
}

static double log_gamma(double v)
{
    int sign;

    return lgamma_r(v, &sign);
}

double normal_two_sided(double z)
{
    return erfc(fabs(z) / M_SQRT2);
}

/* I_x(a, b) for x < (a + 1) / (a + b + 2); x is given with 1 - x, for precision. */
static double beta_fraction(double x, double y, double a, double b)
{
    double front =
        exp(log_gamma(a + b) - log_gamma(a) - log_gamma(b) + a * log(x) + b * log(y));
    struct lentz l = {1, 1, 0};

    for (int m = 1; m < STEPS_MAX; m++) {
        double k = floor(m / 2.0);
        double term =
            m % 2 == 0 ? k * (b - k) * x / ((a + 2 * k - 1) * (a + 2 * k))
                       : -(a + k) * (a + b + k) * x / ((a + 2 * k) * (a + 2 * k + 1));

        if (lentz_step(&l, term, 1))
            break;
    }
    return front / (a * l.value);
}

static double beta_regularised(double x, double y, double a, double b)
{
    if (x <= 0)
        return 0;
    if (y <= 0)
        return 1;
    if (x < (a + 1) / (a + b + 2))
        return beta_fraction(x, y, a, b);
    return 1 - beta_fraction(y, x, b, a);
}

double student_two_sided(double t, double df)
{
    double square = t * t;

    LW_ASSERT(df > 0);
    if (isnan(t))
        return (double)NAN;
    if (isinf(square))
        return 0;
    return beta_regularised(df / (df + square), square / (df + square), df / 2, 0.5);
}

/* The lower tail by its power series, for x < a + 1. */
static double gamma_series(double a, double x)
{
    double term = 1 / a;
    double sum = term;

    for (int n = 1; n < STEPS_MAX && term > sum * DBL_EPSILON; n++) {
        term *= x / (a + n);
        sum += term;
    }
    return sum * exp(a * log(x) - x - log_gamma(a));
}

/* The upper tail by its continued fraction. */
static double gamma_fraction(double a, double x)
{
    double first = x + 1 - a;
    struct lentz l = {first == 0 ? tiny : first, first == 0 ? tiny : first, 0};

    for (int n = 1; n < STEPS_MAX; n++)
        if (lentz_step(&l, n * (a - n), x + 2 * n + 1 - a))
            break;
    return exp(a * log(x) - x - log_gamma(a)) / l.value;
}

double chi_square_upper(double x, double df)
{
    double a = df / 2;

    LW_ASSERT(df > 0);
    if (isnan(x))
        return (double)NAN;
    if (x <= 0)
        return 1;
    if (isinf(x))
        return 0;
    x /= 2;
    return x < a + 1 ? 1 - gamma_series(a, x) : gamma_fraction(a, x);
}

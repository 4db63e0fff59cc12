/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Jacobi's method: rotate away one element off the diagonal after the other, over and
 * over, until none is left that matters (Golub and Van Loan, Matrix Computations, 8.5).
 * Slower than LAPACK's, but it needs nothing beyond additions, multiplications and
 * square roots, is accurate for small eigenvalues too, and a few hundred columns take
 * it less than a second or two.
 */
#include "learn/eigen.h"

#include "base/assert.h"

#include <math.h>
#include <string.h>

enum { SWEEPS_MAX = 60 };

static double off_diagonal(const double *a, size_t n)
{
    double sum = 0;

    for (size_t p = 0; p < n; p++)
        for (size_t q = p + 1; q < n; q++)
            sum += a[p * n + q] * a[p * n + q];
    return sum;
}

static void turn(double *x, double *y, double c, double s)
{
    double t = *x;

    *x = c * t - s * *y;
    *y = s * t + c * *y;
}

/* Rotate rows and columns p < q so that a[p][q] becomes 0. */
static void rotate(double *a, double *v, size_t n, size_t p, size_t q)
{
    double apq = a[p * n + q];
    double tau = (a[q * n + q] - a[p * n + p]) / (2 * apq);
    double t = (tau >= 0 ? 1 : -1) / (fabs(tau) + sqrt(1 + tau * tau));
    double c = 1 / sqrt(1 + t * t);
    double s = t * c;

    for (size_t k = 0; k < n; k++)
        turn(&a[k * n + p], &a[k * n + q], c, s);
    for (size_t k = 0; k < n; k++)
        turn(&a[p * n + k], &a[q * n + k], c, s);
    for (size_t k = 0; k < n; k++)
        turn(&v[p * n + k], &v[q * n + k], c, s);
}

static void swap_rows(double *v, size_t n, size_t i, size_t k)
{
    for (size_t c = 0; c < n; c++) {
        double t = v[i * n + c];

        v[i * n + c] = v[k * n + c];
        v[k * n + c] = t;
    }
}

/* A vector and its opposite are as good: the largest part decides. */
static void settle_sign(double *v, size_t n)
{
    size_t largest = 0;

    for (size_t c = 1; c < n; c++)
        if (fabs(v[c]) > fabs(v[largest]))
            largest = c;
    for (size_t c = 0; v[largest] < 0 && c < n; c++)
        v[c] = c == largest ? v[c] : -v[c];
    if (v[largest] < 0)
        v[largest] = -v[largest];
}

void eigen_symmetric(double *a, size_t n, double *value, double *v)
{
    double all = off_diagonal(a, n);

    LW_ASSERT(n > 0 && n <= EIGEN_MAX);
    memset(v, 0, n * n * sizeof *v);
    for (size_t i = 0; i < n; i++) {
        v[i * n + i] = 1;
        all += a[i * n + i] * a[i * n + i];
    }
    for (int sweep = 0; sweep < SWEEPS_MAX && off_diagonal(a, n) > 1e-26 * all; sweep++)
        for (size_t p = 0; p < n; p++)
            for (size_t q = p + 1; q < n; q++)
                if (fabs(a[p * n + q]) > 1e-300)
                    rotate(a, v, n, p, q);
    for (size_t i = 0; i < n; i++)
        value[i] = a[i * n + i];
    for (size_t i = 0; i < n; i++) {
        size_t best = i;

        for (size_t k = i + 1; k < n; k++)
            if (value[k] > value[best])
                best = k;
        if (best != i) {
            double t = value[i];

            value[i] = value[best];
            value[best] = t;
            swap_rows(v, n, i, best);
        }
        settle_sign(v + i * n, n);
    }
}

void eigen_covariance(const float *x, size_t n_rows, size_t n, float *mean, double *cov)
{
    double z[EIGEN_MAX] = {0};

    LW_ASSERT(n > 0 && n <= EIGEN_MAX && n_rows > 0);
    for (size_t r = 0; r < n_rows; r++)
        for (size_t c = 0; c < n; c++)
            z[c] += (double)x[r * n + c];
    for (size_t c = 0; c < n; c++)
        mean[c] = (float)(z[c] / (double)n_rows);
    for (size_t r = 0; r < n_rows; r++) {
        for (size_t c = 0; c < n; c++)
            z[c] = (double)x[r * n + c] - (double)mean[c];
        for (size_t i = 0; i < n; i++)
            for (size_t j = 0; j <= i; j++)
                cov[i * n + j] += z[i] * z[j];
    }
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j <= i; j++) {
            cov[i * n + j] /= (double)n_rows;
            cov[j * n + i] = cov[i * n + j];
        }
}

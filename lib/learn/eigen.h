/* SPDX-License-Identifier: Apache-2.0 */
/* learn/eigen.h - eigenvalues of symmetric matrices, the same bits on every machine. */
#ifndef LEARN_EIGEN_H
#define LEARN_EIGEN_H

#include <stddef.h>

enum { EIGEN_MAX = 300 };

/** Eigenvalues of the symmetric a (n, n), largest first, and their vectors in the rows
 * of v (n, n), each of length 1 with its largest part positive.  Destroys a.  n is at
 * most EIGEN_MAX. */
void eigen_symmetric(double *a, size_t n, double *value, double *v);

/** Means and covariance (with n) of the rows x (n_rows, n): mean (n), cov (n, n), which
 *  is zero before. */
void eigen_covariance(const float *x, size_t n_rows, size_t n, float *mean,
                      double *cov);

#endif /* LEARN_EIGEN_H */

/* SPDX-License-Identifier: Apache-2.0 */
/* data/distribution.h - tails of the distributions that tests are judged by. */
#ifndef DATA_DISTRIBUTION_H
#define DATA_DISTRIBUTION_H

/** The chance of a value at least as far from 0 as z, normal with variance 1. */
double normal_two_sided(double z);

/** The same for Student's t with df > 0 degrees of freedom. */
double student_two_sided(double t, double df);

/** The chance of at least x, chi-square with df > 0 degrees of freedom. */
double chi_square_upper(double x, double df);

#endif /* DATA_DISTRIBUTION_H */

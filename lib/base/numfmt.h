/* SPDX-License-Identifier: Apache-2.0 */
/* base/numfmt.h - numbers as text and back, in the C locale whatever the locale. */
#ifndef BASE_NUMFMT_H
#define BASE_NUMFMT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { NUMFMT_MAX = 32 };

/** Shortest decimal that reads back as the same value ("0.1", "1e+20", "255"; NaN is
 *  "nan").  Returns the length. */
size_t numfmt_f32(float v, char out[NUMFMT_MAX]);
size_t numfmt_f64(double v, char out[NUMFMT_MAX]);

/** Whole text to number: digits, sign, point, exponent; also nan and inf in any case.
 *  False when anything is left over or nothing is there.  Huge exponents saturate. */
bool numfmt_parse(const char *s, size_t n, double *out);

#endif /* BASE_NUMFMT_H */

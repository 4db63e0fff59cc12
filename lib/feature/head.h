/* SPDX-License-Identifier: Apache-2.0 */
/* feature/head.h - what the first bytes of a payload look like. */
#ifndef FEATURE_HEAD_H
#define FEATURE_HEAD_H

#include <stddef.h>
#include <stdint.h>

/** Entropy of a byte, in bits, of n (at most LW_HEAD_BYTES) bytes; NaN when n is 0. */
float head_entropy(const uint8_t *bytes, size_t n);

/** Share of bytes that are printable ASCII, tabs or line ends; NaN when n is 0. */
float head_printable(const uint8_t *bytes, size_t n);

#endif /* FEATURE_HEAD_H */

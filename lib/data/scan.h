/* SPDX-License-Identifier: Apache-2.0 */
/*
 * data/scan.h - plain decimals of a table, number and delimiter in one pass.
 *
 * These are the cells that nearly all numbers of the data sets are; whatever else there
 * is has another way.  Bytes are looked at once and only as far as the line goes.
 */
#ifndef DATA_SCAN_H
#define DATA_SCAN_H

#include "base/span.h"

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

static inline bool scan_is_digit(char c)
{
    return (unsigned)(c - '0') <= 9;
}

/* Most cells of the data sets are one digit, and most others a share of two decimals,
 * or nothing: a missing value.  NULL for any other cell. */
static inline const char *scan_short(const char *p, const char *end, char stop,
                                     double *out, bool *is_spelt)
{
    if (end - p < 2)
        return NULL;
    if (p[0] == stop) {
        *out = (double)NAN;
        return p;
    }
    if (!scan_is_digit(p[0]))
        return NULL;
    if (p[1] == stop) {
        *out = p[0] - '0';
        return p + 1;
    }
    if (end - p < 5 || p[1] != '.' || p[4] != stop || !scan_is_digit(p[2]) ||
        !scan_is_digit(p[3]))
        return NULL;
    *is_spelt = true;
    *out = ((p[0] - '0') * 100 + (p[2] - '0') * 10 + (p[3] - '0')) / 100.0;
    return p + 4;
}

/* Up to seven digits and `stop`, all eight bytes at once; NULL for any other cell.  A
 * byte of the word that is not one of ten digits, or is zero, shows in its upper half
 * (Mycroft 1987); pairs of digits, then fours and all are put together by
 * multiplications (Lemire 2018). */
static inline const char *scan_digits(const char *p, const char *end, char stop,
                                      double *out, bool *is_spelt)
{
    const uint64_t each = UINT64_C(0x0101010101010101);
    uint64_t word;
    uint64_t at;
    unsigned n;

    if (!span_get_le64(span_of(p, (size_t)(end - p)), 0, &word))
        return NULL;
    at = word ^ each * (uint8_t)stop;
    at = (at - each) & ~at & each * 0x80;
    n = at == 0 ? 0 : (unsigned)__builtin_ctzll(at) / 8;
    if (n == 0)
        return NULL;
    word = (word ^ each * '0') << (64 - 8 * n);
    if (((word | (word + each * 6)) & each * 0xf0) != 0)
        return NULL;
    word = word * 10 + (word >> 8);
    word =
        ((word & UINT64_C(0x000000ff000000ff)) * (100 + (UINT64_C(1000000) << 32)) +
         (word >> 16 & UINT64_C(0x000000ff000000ff)) * (1 + (UINT64_C(10000) << 32))) >>
        32;
    *is_spelt |= p[0] == '0' && n > 1;
    *out = (double)(uint32_t)word;
    return p + n;
}

/* A plain decimal from `p` up to `stop` or `end`.  NULL for any other text.  At most 15
 * digits and 15 decimals make one exact division (Clinger 1990), so the value is the
 * one that numfmt_parse() gives.  *is_spelt becomes true unless is_only_spelling(). */
static inline const char *scan_decimal(const char *p, const char *end, char stop,
                                       double *out, bool *is_spelt)
{
    static const double pow10[] = {1e0, 1e1, 1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                   1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};
    const char *start = p;
    const char *point = NULL;
    uint64_t mantissa = 0;
    ptrdiff_t digits;

    p = scan_short(start, end, stop, out, is_spelt);
    if (p == NULL)
        p = scan_digits(start, end, stop, out, is_spelt);
    if (p != NULL)
        return p;
    p = start;
    for (; p < end && *p != stop; p++) {
        unsigned digit = (unsigned)(*p - '0');

        if (digit <= 9)
            mantissa = mantissa * 10 + digit;
        else if (*p == '.' && point == NULL)
            point = p;
        else
            return NULL;
    }
    digits = p - start - (point != NULL ? 1 : 0);
    if (digits < 1 || digits > 15)
        return NULL;
    *is_spelt |= point != NULL || digits > 7 || (*start == '0' && digits > 1);
    *out = (double)mantissa;
    if (point != NULL)
        *out /= pow10[p - point - 1];
    return p;
}

#endif /* DATA_SCAN_H */

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * serve/plain.h - numbers of a few digits, which most are, without the general parser.
 *
 * A decimal of up to 15 digits over a power of ten up to 10^15 is one division of two
 * exact doubles, so its rounding is right (Clinger, PLDI 1990).
 */
#ifndef SERVE_PLAIN_H
#define SERVE_PLAIN_H

#include <stddef.h>
#include <stdint.h>

/** 15 digits and a point. */
enum { PLAIN_MAX = 16 };

/** Digits with at most one point, which digits stand on both sides of, from `s` on; no
 *  more than 15 digits.  Returns where they end, at `end` or before something else;
 * NULL when it is anything but plain. */
static inline const char *plain_read(const char *s, const char *end, float *out)
{
    static const double powers[] = {1e0, 1e1, 1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                    1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};
    const char *most = end - s > PLAIN_MAX ? s + PLAIN_MAX : end;
    const char *point = NULL;
    const char *p = s;
    uint64_t v = 0;
    unsigned digit;

    for (; p < most && (digit = (unsigned)(uint8_t)*p - '0') <= 9; p++)
        v = v * 10 + digit;
    if (p < most && p > s && *p == '.')
        for (point = ++p; p < most && (digit = (unsigned)(uint8_t)*p - '0') <= 9; p++)
            v = v * 10 + digit;
    if (p == s || p == point)
        return NULL;
    if (point == NULL) {
        *out = (float)v;
        return p - s < PLAIN_MAX ? p : NULL;
    }
    *out = (float)((double)v / powers[p - point]);
    return p;
}

#endif /* SERVE_PLAIN_H */

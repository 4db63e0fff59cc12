/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The C library's number functions follow the locale; Lapwing never calls setlocale(),
 * so they stay in the C locale.  A program that links the library and does call it
 * would get decimal commas, hence the check in put_shortest() and the fast path of
 * numfmt_parse(), which takes the great majority of numbers without strtod().
 */
#include "base/numfmt.h"

#include "base/put.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static size_t put_shortest(double v, bool single, char out[NUMFMT_MAX])
{
    int n = 0;

    if (isnan(v))
        return (size_t)snprintf(out, NUMFMT_MAX, "nan");
    if (isinf(v))
        return (size_t)snprintf(out, NUMFMT_MAX, v < 0 ? "-inf" : "inf");
    if (v == floor(v) && fabs(v) < 1e15)
        return (size_t)snprintf(out, NUMFMT_MAX, "%.0f", v == 0 ? 0.0 : v);
    for (int digits = single ? 6 : 15; digits <= 17; digits++) {
        n = snprintf(out, NUMFMT_MAX, "%.*g", digits, v);
        if (single ? strtof(out, NULL) == (float)v : strtod(out, NULL) == v)
            break;
    }
    for (char *p = out; *p != '\0'; p++)
        if (*p == ',')
            *p = '.';
    return (size_t)n;
}

/* Most numbers that are written are whole, or shares of two decimals.  Returns 0 for
 * all others. */
static size_t put_plain(float v, char out[NUMFMT_MAX])
{
    const double size = fabs((double)v);
    char *p = out;
    uint32_t hundredths;

    if (!(size < 1e4))
        return 0;
    hundredths = (uint32_t)(size * 100 + 0.5);
    if ((float)(hundredths / 100.0) != (float)size)
        return 0;
    if (v < 0)
        *p++ = '-';
    p = put_u64(p, hundredths / 100);
    if (hundredths % 100 != 0) {
        *p++ = '.';
        p = put_pair(p, hundredths % 100);
        if (p[-1] == '0')
            p--;
    }
    *p = '\0';
    return (size_t)(p - out);
}

size_t numfmt_f32(float v, char out[NUMFMT_MAX])
{
    size_t n = put_plain(v, out);

    if (n > 0)
        return n;
    return put_shortest((double)v, true, out);
}

size_t numfmt_f64(double v, char out[NUMFMT_MAX])
{
    return put_shortest(v, false, out);
}

/* Up to 15 digits and a power of ten up to 22 are exact in a double, so one division
 * or multiplication rounds correctly (Clinger 1990, the fast path). */
static bool parse_fast(const char *s, size_t n, double *out)
{
    static const double pow10[] = {1e0, 1e1, 1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                   1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};
    bool negative = n > 0 && s[0] == '-';
    size_t i = negative ? 1 : 0;
    uint64_t mantissa = 0;
    int digits = 0;
    int decimals = 0;
    bool point = false;

    for (; i < n; i++) {
        if (s[i] == '.' && !point) {
            point = true;
            continue;
        }
        if (s[i] < '0' || s[i] > '9' || ++digits > 15)
            return false;
        mantissa = mantissa * 10 + (uint64_t)(s[i] - '0');
        decimals += point ? 1 : 0;
    }
    if (digits == 0)
        return false;
    *out = (double)mantissa / pow10[decimals];
    if (negative)
        *out = -*out;
    return true;
}

bool numfmt_parse(const char *s, size_t n, double *out)
{
    char copy[128];
    char *end;
    double v;

    if (parse_fast(s, n, out))
        return true;
    /* strtod() takes leading blanks and hexadecimal; a table's number has neither. */
    if (n == 0 || n >= sizeof copy || strchr("+-.0123456789nNiI", s[0]) == NULL ||
        memchr(s, 'x', n) != NULL || memchr(s, 'X', n) != NULL)
        return false;
    memcpy(copy, s, n);
    copy[n] = '\0';
    v = strtod(copy, &end);
    if (end != copy + n)
        return false;
    *out = v;
    return true;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The C library's number functions follow the locale; Lapwing never calls setlocale(),
 * so they stay in the C locale.  A program that links the library and does call it
 * would get decimal commas, hence the check in put_shortest() and the fast path of
 * numfmt_parse(), which takes the great majority of numbers without strtod().
 *
 * Nearly all floats are printed without snprintf() as well.  With six to nine digits a
 * float times a power of ten is a whole number below 10^9, to which a double adds an
 * error below 10^-6: where rounding it is not a matter of that, it is right.  Whether
 * those digits read back as the same float, one division tells, unless the quotient is
 * where two floats meet.  What is left goes the slow way.
 */
#include "base/numfmt.h"

#include "base/put.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const double pow10[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                               1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                               1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

enum { POW10_MAX = 22 }; /* exact in a double */

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
    if (v < 0)
        *p++ = '-';
    if ((double)(uint32_t)size == size) {
        p = put_u64(p, (uint32_t)size);
    } else {
        hundredths = (uint32_t)(size * 100 + 0.5);
        if ((float)(hundredths / 100.0) != (float)size)
            return 0;
        p = put_u64(p, hundredths / 100);
        *p++ = '.';
        p = put_pair(p, hundredths % 100);
        if (p[-1] == '0')
            p--;
    }
    *p = '\0';
    return (size_t)(p - out);
}

/* ---- floats, the fast way ------------------------------------------------------- */

/* v = digits * 10^(exponent - n + 1), with the point after the first of n digits. */
struct decimal {
    uint32_t digits;
    int n;
    int exponent;
};

/* 10^k times v, or v by 10^-k, in two steps where one power is not exact. */
static double scale_up(double v, int k)
{
    return k <= POW10_MAX ? v * pow10[k] : v * pow10[POW10_MAX] * pow10[k - POW10_MAX];
}

static double scale_down(double v, int k)
{
    return k <= POW10_MAX ? v / pow10[k] : v / pow10[POW10_MAX] / pow10[k - POW10_MAX];
}

/* The power of ten that v, from 10^-30 to below 10^9, begins with. */
static int exponent_of(double v)
{
    int e = 0;

    if (v >= 1) {
        while (v >= pow10[e + 1])
            e++;
        return e;
    }
    /* 2^b <= v < 2^(b + 1); 1233 / 4096 is a little more than log10(2). */
    e = (int)((unsigned)-ilogb(v) * 1233 >> 12);
    while (scale_up(v, e) < 1)
        e++;
    return -e;
}

/* Whether a double is so near the middle of two floats that rounding it is not safe. */
static bool is_between(double v)
{
    enum { LOST_BITS = 29, NEAR = 8 };
    const uint64_t middle = UINT64_C(1) << (LOST_BITS - 1);
    uint64_t bits;
    uint64_t lost;

    memcpy(&bits, &v, sizeof bits);
    lost = bits & ((UINT64_C(1) << LOST_BITS) - 1);
    return lost + NEAR >= middle && lost <= middle + NEAR;
}

/* The digits of v > 0 if `n` of them are enough: 1; 0 if not; -1: it cannot be told. */
static int try_digits(float v, int n, struct decimal *out)
{
    /* 24 bits of a float and those of 5^12 fit 53: halves are halves, and go to even.
     */
    enum { EXACT = 12 };
    const double near = 1e-6;
    int k = n - 1 - out->exponent;
    double x = scale_up((double)v, k);
    double back;

    if (k > EXACT && fabs(x - floor(x) - 0.5) < near)
        return -1;
    out->digits = (uint32_t)rint(x);
    out->n = n;
    back = scale_down((double)out->digits, k);
    if (is_between(back))
        return -1;
    return (float)back == v;
}

/* As %g does it. */
static char *put_decimal(char *p, struct decimal d)
{
    while (d.n > 1 && d.digits % 10 == 0) {
        d.digits /= 10;
        d.n--;
    }
    if (d.exponent < -4) {
        char *first = p + 1;

        p = put_digits(first, d.digits, (unsigned)d.n);
        first[-1] = first[0];
        first[0] = '.';
        p -= d.n == 1 ? 1 : 0;
        *p++ = 'e';
        *p++ = '-';
        return put_digits(p, (uint64_t)-d.exponent, 2);
    }
    if (d.exponent < 0) {
        *p++ = '0';
        *p++ = '.';
        for (int i = -1; i > d.exponent; i--)
            *p++ = '0';
        return put_digits(p, d.digits, (unsigned)d.n);
    }
    p = put_digits(p, d.digits, (unsigned)d.n);
    /* A whole number was printed before: there are digits behind the point. */
    memmove(p - (d.n - d.exponent - 1) + 1, p - (d.n - d.exponent - 1),
            (size_t)(d.n - d.exponent - 1));
    p[-(d.n - d.exponent - 1)] = '.';
    return p + 1;
}

/* 0: it is left to put_shortest(). */
static size_t put_fast(float v, char out[NUMFMT_MAX])
{
    const float least = 1e-30F;
    float a = fabsf(v);
    struct decimal d;
    char *p = out;
    int enough = 0;

    if (signbit(v))
        *p++ = '-';
    if (a < 1e9F && a == truncf(a) && a > 0)
        return (size_t)(put_u64(p, (uint64_t)a) - out);
    if (!(a >= 2 * least && a < 1e9F))
        return 0;
    d.exponent = exponent_of((double)a);
    /* It is not whole and below 2^24, so digits before the point are not enough. */
    for (int n = d.exponent > 4 ? d.exponent + 2 : 6; n <= 9 && enough == 0; n++)
        enough = try_digits(a, n, &d);
    /* Rounded up to another power of ten. */
    if (enough != 1 || d.digits >= (uint32_t)pow10[d.n])
        return 0;
    return (size_t)(put_decimal(p, d) - out);
}

size_t numfmt_f32(float v, char out[NUMFMT_MAX])
{
    size_t n = put_plain(v, out);

    if (n > 0)
        return n;
    n = put_fast(v, out);
    if (n == 0)
        return put_shortest((double)v, true, out);
    out[n] = '\0';
    return n;
}

size_t numfmt_f64(double v, char out[NUMFMT_MAX])
{
    return put_shortest(v, false, out);
}

/* A decimal before it is one number: mantissa * 10^exponent. */
struct scanned {
    uint64_t mantissa; /* of at most 19 digits */
    int exponent;
    int digits; /* without zeros in front */
    bool negative;
};

/* "e-5": false when it is something else, or too much. */
static bool scan_exponent(const char *s, size_t n, int *out)
{
    bool negative = n > 0 && s[0] == '-';
    size_t i = n > 0 && (s[0] == '-' || s[0] == '+') ? 1 : 0;
    int v = 0;

    if (i == n || n - i > 3)
        return false;
    for (; i < n; i++) {
        if (s[i] < '0' || s[i] > '9')
            return false;
        v = v * 10 + (s[i] - '0');
    }
    *out = negative ? -v : v;
    return true;
}

static bool scan_parts(const char *s, size_t n, struct scanned *d)
{
    size_t i = n > 0 && s[0] == '-' ? 1 : 0;
    bool any = false;
    bool point = false;
    int decimals = 0;

    *d = (struct scanned){.negative = i == 1};
    for (; i < n; i++) {
        unsigned digit = (unsigned)(s[i] - '0');

        if (digit <= 9) {
            any = true;
            d->mantissa = d->mantissa * 10 + digit;
            d->digits += d->mantissa != 0 ? 1 : 0;
            decimals += point ? 1 : 0;
            if (d->digits > 19 || decimals > 64)
                return false;
        } else if (s[i] == '.' && !point) {
            point = true;
        } else {
            break;
        }
    }
    if (!any || (i < n && ((s[i] | 0x20) != 'e' ||
                           !scan_exponent(s + i + 1, n - i - 1, &d->exponent))))
        return false;
    d->exponent -= decimals;
    return true;
}

/* Up to 15 digits and a power of ten up to 22 are exact in a double, so one division
 * or multiplication rounds correctly (Clinger 1990, the fast path).  The same holds for
 * 19 digits and 10^27 in the 64 bits that x86 has; rounding that once more to a double
 * is right unless the first rounding ended exactly between two doubles. */
static bool parse_fast(const char *s, size_t n, double *out)
{
    struct scanned d;
    double v = 0;

    if (!scan_parts(s, n, &d))
        return false;
    if (d.digits <= 15 && d.exponent >= -22 && d.exponent <= 22) {
        v = (double)d.mantissa;
        v = d.exponent < 0 ? v / pow10[-d.exponent] : v * pow10[d.exponent];
    } else {
#if defined(__x86_64__) && LDBL_MANT_DIG == 64
        static const long double pow10l[] = {
            1e0L,  1e1L,  1e2L,  1e3L,  1e4L,  1e5L,  1e6L,  1e7L,  1e8L,  1e9L,
            1e10L, 1e11L, 1e12L, 1e13L, 1e14L, 1e15L, 1e16L, 1e17L, 1e18L, 1e19L,
            1e20L, 1e21L, 1e22L, 1e23L, 1e24L, 1e25L, 1e26L, 1e27L};
        long double wide = (long double)d.mantissa;
        uint64_t bits;

        if (d.exponent < -27 || d.exponent > 27)
            return false;
        wide = d.exponent < 0 ? wide / pow10l[-d.exponent] : wide * pow10l[d.exponent];
        memcpy(&bits, &wide, sizeof bits);
        if ((bits & 0x7ff) == 0x400)
            return false;
        v = (double)wide;
#else
        return false;
#endif
    }
    *out = d.negative ? -v : v;
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

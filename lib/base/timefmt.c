/* SPDX-License-Identifier: Apache-2.0 */
#include "base/timefmt.h"

#include "base/put.h"

struct civil {
    int64_t year;
    uint32_t month;
    uint32_t day;
};

/* Days since 1970-01-01 to a date, Howard Hinnant's civil_from_days (public domain
 * algorithm, "chrono-Compatible Low-Level Date Algorithms"). */
static struct civil civil_from_days(int64_t days)
{
    int64_t z = days + 719468;
    int64_t era = (z >= 0 ? z : z - 146096) / 146097;
    uint32_t doe = (uint32_t)(z - era * 146097);
    uint32_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    uint32_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    uint32_t mp = (5 * doy + 2) / 153;
    struct civil c;

    c.day = doy - (153 * mp + 2) / 5 + 1;
    c.month = mp < 10 ? mp + 3 : mp - 9;
    c.year = (int64_t)yoe + era * 400 + (c.month <= 2 ? 1 : 0);
    return c;
}

/* Floor division, so that times before 1970 come out right too. */
static int64_t floor_div(int64_t a, int64_t b)
{
    int64_t q = a / b;

    return a % b < 0 ? q - 1 : q;
}

static char *put_time(char *p, int64_t time_ns, char date_sep, char mid)
{
    int64_t s = floor_div(time_ns, NS_PER_S);
    int64_t us = (time_ns - s * NS_PER_S) / NS_PER_US;
    int64_t days = floor_div(s, 86400);
    uint64_t sod = (uint64_t)(s - days * 86400);
    struct civil c = civil_from_days(days);

    /* int64 nanoseconds reach from 1677 to 2262: four digits always. */
    p = put_digits(p, (uint64_t)c.year, 4);
    *p++ = date_sep;
    p = put_digits(p, c.month, 2);
    *p++ = date_sep;
    p = put_digits(p, c.day, 2);
    *p++ = mid;
    p = put_digits(p, sod / 3600, 2);
    *p++ = ':';
    p = put_digits(p, sod / 60 % 60, 2);
    *p++ = ':';
    p = put_digits(p, sod % 60, 2);
    *p++ = '.';
    return put_digits(p, (uint64_t)us, 6);
}

size_t timefmt_argus(int64_t time_ns, char out[TIMEFMT_MAX])
{
    char *p = put_time(out, time_ns, '/', ' ');

    *p = '\0';
    return (size_t)(p - out);
}

size_t timefmt_eve(int64_t time_ns, char out[TIMEFMT_MAX])
{
    static const char zone[] = "+0000";
    char *p = put_time(out, time_ns, '-', 'T');

    for (size_t i = 0; i < sizeof zone; i++)
        *p++ = zone[i];
    return (size_t)(p - out) - 1;
}

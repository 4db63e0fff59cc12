/* SPDX-License-Identifier: Apache-2.0 */
#include "base/timefmt.h"

#include "base/numfmt.h"
#include "base/put.h"

#include <math.h>

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
    enum { DAY_S = 86400 };
    int64_t s = floor_div(time_ns, NS_PER_S);
    int64_t rest_ns = time_ns % NS_PER_S; /* has the sign of the time */
    uint32_t us = (uint32_t)((rest_ns < 0 ? rest_ns + NS_PER_S : rest_ns) / NS_PER_US);
    int64_t days = floor_div(s, DAY_S);
    uint32_t sod = (uint32_t)(s - days * DAY_S);
    struct civil c = civil_from_days(days);

    /* int64 nanoseconds reach from 1677 to 2262: four digits always. */
    p = put_pair(put_pair(p, (unsigned)c.year / 100), (unsigned)c.year % 100);
    *p++ = date_sep;
    p = put_pair(p, c.month);
    *p++ = date_sep;
    p = put_pair(p, c.day);
    *p++ = mid;
    p = put_pair(p, sod / 3600);
    *p++ = ':';
    p = put_pair(p, sod / 60 % 60);
    *p++ = ':';
    p = put_pair(p, sod % 60);
    *p++ = '.';
    return put_pair(put_pair(put_pair(p, us / 10000), us / 100 % 100), us % 100);
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

/* ---- and back ---------------------------------------------------------------------
 */

/* A fixed number of digits. */
static bool take_digits(const char **p, const char *end, int n, int *out)
{
    *out = 0;
    for (int i = 0; i < n; i++, ++*p) {
        if (*p == end || **p < '0' || **p > '9')
            return false;
        *out = *out * 10 + (**p - '0');
    }
    return true;
}

static bool take_char(const char **p, const char *end, char c)
{
    if (*p == end || **p != c)
        return false;
    ++*p;
    return true;
}

/* Days from 1970-01-01 in the Gregorian calendar: years begin in March, so that the
 * leap day is the last (H. Hinnant, "chrono-Compatible Low-Level Date Algorithms"). */
static int days_from_date(int year, int month, int day)
{
    int y = month <= 2 ? year - 1 : year;
    int era = y / 400;
    int year_of_era = y % 400;
    int day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;

    return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 +
           day_of_year - 719468;
}

static bool take_date(const char **p, const char *end, int *days)
{
    int year;
    int month;
    int day;
    char separator;

    if (!take_digits(p, end, 4, &year) || *p == end)
        return false;
    separator = **p;
    if ((separator != '/' && separator != '-') || !take_char(p, end, separator) ||
        !take_digits(p, end, 2, &month) || !take_char(p, end, separator) ||
        !take_digits(p, end, 2, &day) || month < 1 || month > 12 || day < 1 || day > 31)
        return false;
    *days = days_from_date(year, month, day);
    return true;
}

/* "Z", "+02:00" or "+0200" at the end, which it shortens; seconds east of Greenwich. */
static bool take_zone(const char *p, const char **end, int *east_s)
{
    const char *at = *end;
    int hours;
    int minutes;

    *east_s = 0;
    if (at > p && at[-1] == 'Z') {
        --*end;
        return true;
    }
    while (at > p && (at == *end || (*at != '+' && *at != '-')))
        at--;
    if (at == p)
        return true;
    p = at + 1;
    if (!take_digits(&p, *end, 2, &hours))
        return false;
    (void)take_char(&p, *end, ':');
    if (!take_digits(&p, *end, 2, &minutes) || p != *end)
        return false;
    *east_s = (hours * 60 + minutes) * 60 * (*at == '-' ? -1 : 1);
    *end = at;
    return true;
}

/* A date and the time of day to the minute, in seconds since 1970; what follows is the
 * seconds, up to *end. */
static bool take_minute(const char **p, const char **end, int64_t *out_s)
{
    int days;
    int hours;
    int minutes;
    int east_s;

    if (!take_date(p, *end, &days) ||
        (!take_char(p, *end, ' ') && !take_char(p, *end, 'T')) ||
        !take_zone(*p, end, &east_s) || !take_digits(p, *end, 2, &hours) ||
        !take_char(p, *end, ':') || !take_digits(p, *end, 2, &minutes) ||
        !take_char(p, *end, ':') || hours > 23 || minutes > 59)
        return false;
    *out_s = (int64_t)days * 86400 + hours * 3600 + minutes * 60 - east_s;
    return true;
}

static bool is_date(const char *s, size_t n)
{
    const char *p = s;
    int year;

    return n > 4 && (s[4] == '/' || s[4] == '-') && take_digits(&p, s + n, 4, &year);
}

bool timefmt_parse(const char *s, size_t n, double *out)
{
    const char *end = s + n;
    const char *p = s;
    int64_t minute_s;
    double seconds;

    if (!is_date(s, n))
        return numfmt_parse(s, n, out);
    if (!take_minute(&p, &end, &minute_s) ||
        !numfmt_parse(p, (size_t)(end - p), &seconds) ||
        !(seconds >= 0 && seconds < 61))
        return false;
    *out = (double)minute_s + seconds;
    return true;
}

/* Digits with a point among them or not, up to 10 before it. */
static bool take_seconds(const char *p, const char *end, int64_t *out_ns)
{
    int64_t whole = 0;
    int64_t part = 0;
    int64_t scale = NS_PER_S;
    const char *start = p;

    for (; p < end && *p >= '0' && *p <= '9'; p++) {
        if (p - start >= 10)
            return false;
        whole = whole * 10 + (*p - '0');
    }
    if (p == start)
        return false;
    if (p < end && *p == '.') {
        for (p++; p < end && *p >= '0' && *p <= '9'; p++) {
            scale /= 10;
            part += (*p - '0') * scale;
        }
    }
    if (p != end || whole > INT64_MAX / NS_PER_S - 1)
        return false;
    *out_ns = whole * NS_PER_S + part;
    return true;
}

bool timefmt_parse_ns(const char *s, size_t n, int64_t *out)
{
    /* So far that a minute more can still be counted in nanoseconds. */
    static const int64_t reach_s = INT64_MAX / NS_PER_S - 61;
    const char *end = s + n;
    const char *p = s;
    int64_t minute_s = 0;
    int64_t ns;
    double seconds;

    if (is_date(s, n) && (!take_minute(&p, &end, &minute_s) || minute_s < -reach_s ||
                          minute_s > reach_s))
        return false;
    if (take_seconds(p, end, &ns)) {
        if (p != s && ns >= 61 * NS_PER_S)
            return false;
        *out = minute_s * NS_PER_S + ns;
        return true;
    }
    /* With an exponent or a sign: rare, and as exact as a double is. */
    if (p != s || !numfmt_parse(s, n, &seconds) || !(fabs(seconds) < 9e9))
        return false;
    *out = (int64_t)(seconds * (double)NS_PER_S);
    return true;
}

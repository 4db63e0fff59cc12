/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Argus flows as ra prints them to CSV, in the columns of CTU-13 (others may be there
 * too).  Ports are text: ICMP has hexadecimal ones, ARP none.  The start time is read
 * as UTC, whatever the zone of the machine that printed it: only differences matter.
 */
#include "base/numfmt.h"
#include "data/table.h"

#include <math.h>

/* Columns of numbers; all the others are text. */
static const char *const number_names[] = {
    "Dur",     "sTos",    "dTos",     "TotPkts",  "TotBytes",
    "SrcPkts", "DstPkts", "SrcBytes", "DstBytes",
};

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

/* 2011/08/16 10:01:46.972101, or seconds since 1970. */
static bool parse_time(const char *s, size_t n, double *out)
{
    const char *end = s + n;
    const char *p = s;
    int date[3];
    int clock[2];
    double seconds;

    if (!take_digits(&p, end, 4, &date[0]) || !take_char(&p, end, '/'))
        return numfmt_parse(s, n, out);
    if (!take_digits(&p, end, 2, &date[1]) || !take_char(&p, end, '/') ||
        !take_digits(&p, end, 2, &date[2]) || !take_char(&p, end, ' ') ||
        !take_digits(&p, end, 2, &clock[0]) || !take_char(&p, end, ':') ||
        !take_digits(&p, end, 2, &clock[1]) || !take_char(&p, end, ':') ||
        !numfmt_parse(p, (size_t)(end - p), &seconds))
        return false;
    if (date[1] < 1 || date[1] > 12 || date[2] < 1 || date[2] > 31 || clock[0] > 23 ||
        clock[1] > 59 || !(seconds >= 0 && seconds < 61))
        return false;
    *out = days_from_date(date[0], date[1], date[2]) * 86400.0 + clock[0] * 3600 +
           clock[1] * 60 + seconds;
    return true;
}

static bool binetflow_probe(const struct table *t, struct span text)
{
    (void)text;
    return t->line.n > 2 && table_field_is(t->line.fields[0], "StartTime") &&
           table_field_is(t->line.fields[1], "Dur");
}

static enum lw_status binetflow_begin(struct table *t, struct span text,
                                      struct lw_error *err)
{
    enum lw_status st = table_name_columns(t, NULL, err);

    (void)text;
    if (st != LW_OK)
        return st;
    for (size_t i = 0; i < t->line.n; i++) {
        t->frame->columns[i].type = LW_COLUMN_TEXT;
        for (size_t k = 0; k < sizeof number_names / sizeof number_names[0]; k++)
            if (table_field_is(t->line.fields[i], number_names[k]))
                t->frame->columns[i].type = LW_COLUMN_NUMBER;
    }
    t->frame->columns[0].type = LW_COLUMN_NUMBER;
    t->frame->columns[0].parse = parse_time;
    return LW_OK;
}

const struct table_format table_format_binetflow = {"binetflow", binetflow_probe,
                                                    binetflow_begin, NULL};

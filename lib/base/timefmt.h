/* SPDX-License-Identifier: Apache-2.0 */
/* base/timefmt.h - times as text, always UTC, without the C library's locale. */
#ifndef BASE_TIMEFMT_H
#define BASE_TIMEFMT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NS_PER_S  INT64_C(1000000000)
#define NS_PER_US INT64_C(1000)

enum { TIMEFMT_MAX = 40 };

/** "2011/08/16 10:01:46.972101", as Argus' ra with %Y/%m/%d %T.%f prints it; rounded
 *  down to the microsecond.  Returns the length. */
size_t timefmt_argus(int64_t time_ns, char out[TIMEFMT_MAX]);

/** "2011-08-16T10:01:46.972101+0000", as Suricata's EVE log has it. */
size_t timefmt_eve(int64_t time_ns, char out[TIMEFMT_MAX]);

/** Text to seconds since 1970: a number, or "2011/08/16 10:01:46.972101" with - or /
 *  and a blank or T between, and perhaps Z or an offset such as +0200 at the end; UTC
 *  where none is.  False when it is neither. */
bool timefmt_parse(const char *s, size_t n, double *out);

/** The same, exact to the nanosecond; later digits are cut off.  False also for what 64
 *  bits cannot hold: years before 1678 and after 2261. */
bool timefmt_parse_ns(const char *s, size_t n, int64_t *out);

#endif /* BASE_TIMEFMT_H */

/* SPDX-License-Identifier: Apache-2.0 */
/* bench/bench.h - what every benchmark needs: to stop when something fails, and time.
 */
#ifndef BENCH_BENCH_H
#define BENCH_BENCH_H

#include <lapwing/error.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* Exit with the message unless all is well, or a stream has come to its end. */
static inline void must(enum lw_status st, const struct lw_error *err)
{
    if (st == LW_OK || st == LW_END)
        return;
    (void)fprintf(stderr, "%s: %s\n", program_invocation_short_name, err->msg);
    exit(1);
}

static inline void *must_have(void *p)
{
    if (p == NULL) {
        (void)fprintf(stderr, "%s: out of memory\n", program_invocation_short_name);
        exit(1);
    }
    return p;
}

/* Processor time of the process: other programs on the machine count little. */
static inline double seconds(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

#endif /* BENCH_BENCH_H */

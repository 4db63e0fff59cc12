/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lapwing/packet_rate.h - the simplest detector of floods: a box plot of packet rates.
 *
 * Packets are counted in windows of 10 s.  A window is alarmed when it has more than
 * the upper quartile of all windows plus 1.5 times the distance of the quartiles
 * (Tukey's outer whisker).  It needs no training, but it must have seen the whole
 * capture, and it says nothing of who sent what.  A detector that does not beat it has
 * learnt nothing.
 */
#ifndef LW_PACKET_RATE_H
#define LW_PACKET_RATE_H

#include <lapwing/error.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
    LW_RATE_LEAST_WINDOWS = 4,    /* fewer have no quartiles worth the name */
    LW_RATE_WINDOWS_MAX = 1 << 22 /* 485 days; packets beyond are not counted */
};

#define LW_RATE_WINDOW_NS INT64_C(10000000000)

struct lw_rate; /* opaque; one thread */

/** The caller owns *out.  LW_ENOMEM. */
LW_API LW_MUST enum lw_status lw_rate_new(struct lw_rate **out, struct lw_error *err);
/** NULL is fine. */
LW_API void lw_rate_free(struct lw_rate *r);

/** Count a packet.  The first one begins the first window; what comes before it counts
 *  there.  LW_ENOMEM. */
LW_API LW_MUST enum lw_status lw_rate_add(struct lw_rate *r, int64_t time_ns,
                                          struct lw_error *err);

struct lw_rate_report {
    int64_t start_ns; /* of the first window */
    size_t n_windows; /* up to the last one with a packet; empty ones count */
    size_t n_alarmed; /* 0 where there are too few windows to say */
    double limit;     /* packets in a window; NaN where there are too few */
    uint64_t most;    /* packets in the fullest window */
    int64_t most_ns;  /* and its start */
};

/** LW_ENOMEM. */
LW_API LW_MUST enum lw_status lw_rate_judge(const struct lw_rate *r,
                                            struct lw_rate_report *out,
                                            struct lw_error *err);

/** Packets in window i of the report. */
LW_API uint64_t lw_rate_window(const struct lw_rate *r, size_t i);

#ifdef __cplusplus
}
#endif

#endif /* LW_PACKET_RATE_H */

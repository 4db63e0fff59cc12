/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd/suspects.h - alerts, gathered so that a person can read them.
 *
 * A port scan is a thousand alerts and one story.  Alerts are gathered by class, source
 * and destination: a suspect is such a pair with the worst of its flows.  Groups then
 * put suspects together that share a source or a destination ("4,000 flows from 40
 * sources to 10.0.0.9"), and the list of the worst shows different suspects, not a
 * thousand times the same.
 *
 * Memory is bounded: when there are too many pairs (a flood from invented addresses),
 * further ones are gathered by class and destination alone.
 */
#ifndef CMD_SUSPECTS_H
#define CMD_SUSPECTS_H

#include <lapwing/detect.h>

enum {
    SUSPECT_VALUES_MAX = 256,
    SUSPECT_PAIRS_MAX = 16384,
    SUSPECT_GROUPS_MAX = 5,
    SUSPECT_SAID_MAX = 3
};

struct suspect {
    enum lw_verdict_class verdict;
    bool many_sources; /* sources that had no room of their own */
    uint64_t n_flows;
    uint32_t port_min; /* of the destination; min > max: none */
    uint32_t port_max;
    int64_t first_ns; /* start of the earliest flow, end of the latest */
    int64_t last_ns;
    struct lw_record worst; /* the most suspicious of the flows, and its verdict */
    struct lw_verdict worst_verdict;
    const struct lw_sign *sign; /* that it was found by; NULL: by the classifier */
    struct lw_reason sign_reason;
    struct lw_reason said[SUSPECT_SAID_MAX]; /* (n_said) by another model */
    size_t n_said;
    bool is_by_other;                 /* that one decided */
    float values[SUSPECT_VALUES_MAX]; /* (view's features) of it */
};

/** Suspects of one class that share a source, a destination, or both. */
struct suspect_group {
    const struct suspect *any; /* one of them: its addresses are the shared ones */
    uint64_t n_flows;
    uint64_t n_sources; /* 1: the source of `any` */
    uint64_t n_destinations;
    int64_t first_ns;
    int64_t last_ns;
    uint32_t port_min;
    uint32_t port_max;
    enum lw_verdict_class verdict;
    bool more_sources; /* n_sources is a lower bound */
};

struct suspects; /* opaque */

LW_MUST enum lw_status suspects_new(struct suspects **out, struct lw_error *err);
/** NULL is fine. */
void suspects_free(struct suspects *s);

/** Gather an alert.  *n_flows is how many flows of its pair there are now.
 *  LW_ENOMEM. */
LW_MUST enum lw_status suspects_add(struct suspects *s, const struct lw_finding *f,
                                    uint64_t *n_flows, struct lw_error *err);

/** Up to `max` suspects, the worst first; at most three of a class share a source or a
 *  destination, and those of the first round, which share none, come before those of
 * the second and third.  Borrowed until the next suspects_add().  Returns how many. */
size_t suspects_worst(const struct suspects *s, const struct suspect **out, size_t max);

/** The largest groups of a class, largest first; *rest is the number of flows in none
 *  of them.  LW_ENOMEM. */
LW_MUST enum lw_status suspects_groups(const struct suspects *s,
                                       enum lw_verdict_class verdict,
                                       struct suspect_group out[SUSPECT_GROUPS_MAX],
                                       size_t *n_out, uint64_t *rest,
                                       struct lw_error *err);

#endif /* CMD_SUSPECTS_H */

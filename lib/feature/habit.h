/* SPDX-License-Identifier: Apache-2.0 */
/*
 * feature/habit.h - what is usual for a host, and for a host with one of its services.
 *
 * A host's habit is mean and variance of the logarithms of what its flows had, damped,
 * where outliers move them as little as a value of three standard deviations would.
 * Its ties are its peers, the ports that it goes to, and both together; of the last a
 * tie knows how regular the gaps and the sizes of its flows are.
 *
 * Memory is limited: so many hosts, so many ties, those that come again longest.
 */
#ifndef FEATURE_HABIT_H
#define FEATURE_HABIT_H

#include <lapwing/record.h>

#include <stdbool.h>

struct lru_table;

enum habit_of { HABIT_BYTES, HABIT_PACKETS, HABIT_DURATION, N_HABITS };

struct habits {
    struct lru_table *hosts; /* owned */
    struct lru_table *ties;  /* owned */
};

/** What a flow has; NaN where that is not known. */
struct habit_flow {
    double bytes;
    double packets;
    double seconds;
    double src_bytes;
    bool failed;
};

/** What it is against what was.  Missing values are NaN. */
struct habit_view {
    float z[N_HABITS];
    float new_peer; /* 0 or 1 */
    float new_port;
    float peer_share;
    float port_share;
    float tie_flows;
    float tie_failed;
    float gap_s;
    float gap_variation;
    float size_variation;
};

/** False when memory is out. */
bool habits_init(struct habits *h, uint32_t max_hosts, uint32_t max_ties);
void habits_release(struct habits *h);

/** A flow's record has its turn. */
void habits_add(struct habits *h, const struct lw_record *rec,
                const struct habit_flow *flow, struct habit_view *out);

#endif /* FEATURE_HABIT_H */

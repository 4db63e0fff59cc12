/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store/alert_group.h - many flows, one alert.
 *
 * Alerted flows of one class are one alert while they share an endpoint and follow each
 * other within a gap: the source, for it is one host that scans, guesses or is
 * infected; of a flood the destination, because its sources are many, or invented.
 *
 * When all flows are there, alerts that are alike but for this endpoint become one:
 * many hosts that scan one target, guess its passwords or call home to it, one host
 * that floods many.  Fewer than ALERT_JOIN_MIN stay what they are.
 */
#ifndef STORE_ALERT_GROUP_H
#define STORE_ALERT_GROUP_H

#include "store/flows.h"
#include "store/key_table.h"

enum {
    ALERT_GROUPS_MAX = 100000, /* beyond that, one more for each class takes the rest */
    ALERT_JOIN_MIN = 3
};

struct alert_group {
    uint8_t verdict;
    uint8_t severity;
    bool one_source; /* all flows have the address in `first` */
    bool one_destination;
    float score;
    struct store_addr addr[2]; /* of the first flow */
    int64_t first_ns;
    int64_t last_ns;
    uint64_t flows;  /* 0: joined to another group */
    uint32_t joined; /* its number; 0: none */
    /* Filled in when all are there (flow_load.c). */
    uint64_t sources;
    uint64_t destinations;
    uint64_t ports;
    char *name[2];   /* owned; NULL: none, or many addresses */
    int64_t flow;    /* the one with the highest score, as what follows */
    char *detector;  /* owned, as the other texts */
    char *attack_id; /* "" */
    char *proto;     /* of the first flow */
    char *service;
    char *words;
};

struct alert_groups {
    int64_t gap_ns;
    struct key_table keys; /* (class, endpoint) */
    uint32_t *latest;      /* (keys.n) owned: group number by key */
    size_t latest_cap;
    struct alert_group *groups; /* (n) owned; number i is at i - 1 */
    size_t cap;
    size_t n;
    uint32_t rest[LW_N_VERDICTS]; /* groups that take what is too much; 0: none yet */
};

void alert_groups_init(struct alert_groups *g, int64_t gap_ns);
void alert_groups_release(struct alert_groups *g);
/** The number of the group that a flow belongs to; 0 when memory is out. */
uint32_t alert_groups_add(struct alert_groups *g, const struct store_flow *f);
/** Join groups that are alike; *n_joined of them are gone.  False when memory is out.
 */
bool alert_groups_join(struct alert_groups *g, size_t *n_joined);

#endif /* STORE_ALERT_GROUP_H */

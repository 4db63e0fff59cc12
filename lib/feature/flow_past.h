/* SPDX-License-Identifier: Apache-2.0 */
/*
 * feature/flow_past.h - what the hosts of a flow did lately.
 *
 * Three tables: of sources, of destinations, and of services (an address, a protocol
 * and a port).  Each holds a limited number of hosts, those that come again longest;
 * what a host did is a few damped sums, so memory does not grow with traffic.  Peers
 * and ports are counted with the errors that feature/seen.h states.
 */
#ifndef FEATURE_FLOW_PAST_H
#define FEATURE_FLOW_PAST_H

#include "feature/seen.h"

#include <lapwing/record.h>

struct lru_table;

/** Compared by its bytes: no padding. */
struct past_key {
    uint64_t addr[2];
    uint64_t more; /* IP version, and of a service its protocol and port */
};

/** The three hosts of a flow, and where they are found. */
struct past_parties {
    struct past_key source;
    struct past_key destination;
    struct past_key service;
    uint32_t source_hash;
    uint32_t destination_hash;
    uint32_t service_hash;
};

struct flow_past {
    struct lru_table *sources; /* owned, as the other two; entries: struct past_host */
    struct lru_table *destinations;
    struct lru_table *services;
    struct seen seen;
    struct past_coming {
        const struct lw_record *rec; /* borrowed; NULL: none */
        struct past_parties parties; /* of it */
    } coming[2];                     /* records whose turns were announced last */
    unsigned latest;                 /* of these */
};

/** What one host did, as source, destination or service. */
struct past_host {
    int64_t last_ns; /* the sums are of this time, in whole ticks */
    struct decayed flows;
    struct decayed bytes;
    struct decayed failed; /* flows */
    struct distinct peers;
    struct distinct ports; /* services: not used */
};

/** The hosts of a flow, it included; NULL where memory was out. */
struct flow_hosts {
    const struct past_host *source;
    const struct past_host *destination;
    const struct past_host *service;
};

/** Room for `max_hosts` in each table and for `max_contacts` of hosts with peers and
 *  ports.  False when memory is out. */
bool flow_past_init(struct flow_past *p, uint32_t max_hosts, uint32_t max_contacts);
void flow_past_release(struct flow_past *p);

/** A flow's record has its turn.  `again`: the flow had one before.  What is in *out is
 *  good until the next call. */
void flow_past_add(struct flow_past *p, const struct lw_record *rec, bool again,
                   struct flow_hosts *out);

/** A record has its turn next, unless another comes before it: ask memory for what it
 *  will need, with `step` 0 for the places in the tables, with 1 for the hosts. */
void flow_past_fetch(struct flow_past *p, const struct lw_record *rec, unsigned step);

/** Is the destination's address a multicast or the broadcast address; of a MAC address,
 *  has it the group bit? */
bool flow_to_group(const struct lw_record *rec);

/** Did it come to nothing?  A flow to a group did not: nobody need answer. */
bool flow_failed(const struct lw_record *rec);

#endif /* FEATURE_FLOW_PAST_H */

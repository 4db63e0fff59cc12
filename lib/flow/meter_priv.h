/* SPDX-License-Identifier: Apache-2.0 */
/* flow/meter_priv.h - what a meter is made of: meter_setup.c makes it, meter.c runs it.
 */
#ifndef FLOW_METER_PRIV_H
#define FLOW_METER_PRIV_H

#include "arrival.h"
#include "fragment.h"
#include "history.h"
#include "packet/reassembly.h"
#include "streams.h"
#include "timer.h"

#include <lapwing/flow.h>

struct lw_meter {
    struct flow_table table;
    struct timers timers;
    struct fragments fragments;
    struct histories histories;
    struct reassembly reassembly;
    struct streams streams;
    enum lw_tunnel_mode tunnels;
    bool takes_plain;         /* of most packets so little matters that they need not be
                                 decoded */
    struct flow_list ages[2]; /* unanswered, answered: in the order of eviction */
    int64_t status_interval_ns;
    uint32_t status_packets; /* 0: any number */
    enum lw_cuts cuts;
    bool icmp_messages; /* each is a flow */
    uint64_t last_id;
    struct lw_meter_stats stats;
    const struct meter_moment *shown; /* borrowed; NULL: the present (arrival.h) */
};

#endif /* FLOW_METER_PRIV_H */

/* SPDX-License-Identifier: Apache-2.0 */
/* feature/netflow_host_row.c - a flow record against the recent past of its hosts. */
#include "base/mem.h"
#include "feature/extract_priv.h"
#include "feature/flow_past.h"
#include "feature/habit.h"
#include "feature/netflow_host_names.h"

#include <math.h>

enum { MAX_HOSTS = 65536, MAX_CONTACTS = 262144, FIRST_HALF_LIFE = 1 };

_Static_assert(DECAY_N == FIRST_HALF_LIFE + 3, "three half-lives of the past");

struct netflow_past {
    struct flow_past hosts;
    struct habits habits;
};

static void fill_past(float *v, const struct decayed *d)
{
    for (unsigned i = 0; i < 3; i++)
        v[i] = d->v[FIRST_HALF_LIFE + i];
}

/* Where nothing is left of any flow there is no share of them. */
static void fill_share(float *v, const struct decayed *part,
                       const struct decayed *whole)
{
    for (unsigned i = 0; i < 3; i++) {
        float all = whole->v[FIRST_HALF_LIFE + i];

        v[i] = all > 0 ? part->v[FIRST_HALF_LIFE + i] / all : NAN;
    }
}

static void fill_hosts(const struct flow_hosts *h, float *v)
{
    if (h->source != NULL) {
        fill_past(v + NETFLOW_HOST_src_flows_10s, &h->source->flows);
        fill_share(v + NETFLOW_HOST_src_failed_10s, &h->source->failed,
                   &h->source->flows);
        fill_past(v + NETFLOW_HOST_src_peers_10s, &h->source->peers.n);
        fill_past(v + NETFLOW_HOST_src_new_peers_10s, &h->source->peers.new);
        fill_past(v + NETFLOW_HOST_src_ports_10s, &h->source->ports.n);
    }
    if (h->destination != NULL) {
        fill_past(v + NETFLOW_HOST_dst_flows_10s, &h->destination->flows);
        fill_share(v + NETFLOW_HOST_dst_failed_10s, &h->destination->failed,
                   &h->destination->flows);
        fill_past(v + NETFLOW_HOST_dst_peers_10s, &h->destination->peers.n);
        fill_past(v + NETFLOW_HOST_dst_ports_10s, &h->destination->ports.n);
    }
    if (h->service != NULL) {
        fill_past(v + NETFLOW_HOST_srv_flows_10s, &h->service->flows);
        fill_share(v + NETFLOW_HOST_srv_failed_10s, &h->service->failed,
                   &h->service->flows);
        fill_past(v + NETFLOW_HOST_srv_peers_10s, &h->service->peers.n);
    }
}

static void fill_habit(const struct habit_view *h, float *v)
{
    v[NETFLOW_HOST_new_peer] = h->new_peer;
    v[NETFLOW_HOST_new_port] = h->new_port;
    v[NETFLOW_HOST_peer_share] = h->peer_share;
    v[NETFLOW_HOST_port_share] = h->port_share;
    v[NETFLOW_HOST_bytes_z] = h->z[HABIT_BYTES];
    v[NETFLOW_HOST_packets_z] = h->z[HABIT_PACKETS];
    v[NETFLOW_HOST_duration_z] = h->z[HABIT_DURATION];
    v[NETFLOW_HOST_tie_flows] = h->tie_flows;
    v[NETFLOW_HOST_tie_failed] = h->tie_failed;
    v[NETFLOW_HOST_gap] = h->gap_s;
    v[NETFLOW_HOST_gap_variation] = h->gap_variation;
    v[NETFLOW_HOST_size_variation] = h->size_variation;
}

/* What every source has. */
static bool netflow_host_has_row(const struct lw_record *rec)
{
    return rec->kind == LW_FLOW_TCP || rec->kind == LW_FLOW_UDP ||
           rec->kind == LW_FLOW_ICMP || rec->kind == LW_FLOW_ICMP6;
}

static void netflow_host_fetch(void *state, const struct lw_record *rec, unsigned step)
{
    struct netflow_past *p = state;

    flow_past_fetch(&p->hosts, rec, step);
}

static void netflow_host_make(void *state, const struct lw_record *rec,
                              const float *own, float *values)
{
    struct netflow_past *p = state;
    struct flow_hosts hosts;
    struct habit_flow flow;
    struct habit_view habit;

    netflow_rows.make(NULL, rec, own, values);
    for (unsigned i = N_NETFLOW; i < N_NETFLOW_HOST; i++)
        values[i] = NAN;
    flow_past_add(&p->hosts, rec, false, &hosts);
    fill_hosts(&hosts, values);
    flow = (struct habit_flow){.bytes = (double)values[NETFLOW_bytes],
                               .packets = (double)values[NETFLOW_packets],
                               .seconds = (double)values[NETFLOW_duration],
                               .src_bytes = (double)values[NETFLOW_src_bytes],
                               .failed = flow_failed(rec)};
    habits_add(&p->habits, rec, &flow, &habit);
    fill_habit(&habit, values);
}

static enum lw_status netflow_host_begin(void **state,
                                         const struct lw_extractor_config *cfg)
{
    uint32_t max_hosts = cfg->max_hosts == 0 ? MAX_HOSTS : cfg->max_hosts;
    uint32_t max_contacts = cfg->max_contacts == 0 ? MAX_CONTACTS : cfg->max_contacts;
    struct netflow_past *p = mem_zalloc(1, sizeof *p);

    if (p == NULL)
        return LW_ENOMEM;
    if (flow_past_init(&p->hosts, max_hosts, max_contacts)) {
        if (habits_init(&p->habits, max_hosts, max_contacts)) {
            *state = p; /* ownership moves to the caller */
            return LW_OK;
        }
        flow_past_release(&p->hosts);
    }
    mem_free(p);
    return LW_ENOMEM;
}

static void netflow_host_end(void *state)
{
    struct netflow_past *p = state;

    flow_past_release(&p->hosts);
    habits_release(&p->habits);
    mem_free(p);
}

const struct row_maker netflow_host_rows = {
    .view = "netflow_host",
    .n_columns = N_NETFLOW_HOST,
    .in_order = true,
    .has_row = netflow_host_has_row,
    .begin = netflow_host_begin,
    .end = netflow_host_end,
    .fetch = netflow_host_fetch,
    .make = netflow_host_make,
};

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Making a meter: its configuration checked, its timeouts by whose rules flows are cut.
 */
#include "base/mem.h"
#include "base/timefmt.h"
#include "meter_priv.h"
#include "stats.h"

enum {
    MAX_FLOWS_DEFAULT = 1 << 20,
    MAX_FLOWS_LIMIT = 1 << 24,
    STREAM_FLOWS_LIMIT = 1 << 20,
    STREAM_POOL_MIN = 64 << 10,
    STREAM_POOL_LIMIT = 1 << 30,
    TAP_STATE_LIMIT = 4096
};

#define TIMEOUT_MAX_NS (INT64_C(1) << 60)

static enum lw_status check_streams(const struct lw_meter_config *cfg,
                                    struct lw_error *err)
{
    if (cfg->stream_flows > STREAM_FLOWS_LIMIT)
        return lw_fail(err, LW_EINVAL, "stream_flows is %u, at most %d is possible",
                       cfg->stream_flows, STREAM_FLOWS_LIMIT);
    if (cfg->stream_pool_bytes != 0 && (cfg->stream_pool_bytes < STREAM_POOL_MIN ||
                                        cfg->stream_pool_bytes > STREAM_POOL_LIMIT))
        return lw_fail(err, LW_EINVAL,
                       "stream_pool_bytes is %u, which is out of range (%d to %d)",
                       cfg->stream_pool_bytes, STREAM_POOL_MIN, STREAM_POOL_LIMIT);
    if (cfg->tap != NULL &&
        (cfg->tap->state_bytes == 0 || cfg->tap->state_bytes > TAP_STATE_LIMIT))
        return lw_fail(err, LW_EINVAL, "the state of tap %s has %zu bytes (1 to %d)",
                       cfg->tap->name, cfg->tap->state_bytes, TAP_STATE_LIMIT);
    return LW_OK;
}

static enum lw_status check_config(const struct lw_meter_config *cfg,
                                   struct lw_error *err)
{
    const int64_t timeouts[] = {cfg->status_interval_ns, cfg->idle_tcp_ns,
                                cfg->closed_tcp_ns,      cfg->idle_udp_ns,
                                cfg->idle_icmp_ns,       cfg->idle_arp_ns};

    if (cfg->max_flows > MAX_FLOWS_LIMIT)
        return lw_fail(err, LW_EINVAL, "max_flows is %u, at most %d is possible",
                       cfg->max_flows, MAX_FLOWS_LIMIT);
    if ((unsigned)cfg->cuts > LW_CUTS_ZEEK)
        return lw_fail(err, LW_EINVAL, "there are no cuts %u", (unsigned)cfg->cuts);
    if ((unsigned)cfg->tunnels >= LW_N_TUNNEL_MODES)
        return lw_fail(err, LW_EINVAL, "there is no tunnel mode %u",
                       (unsigned)cfg->tunnels);
    if (cfg->reassembly_datagrams > REASSEMBLY_DATAGRAMS_MAX ||
        cfg->reassembly_bytes > REASSEMBLY_BYTES_MAX ||
        (cfg->reassembly_bytes != 0 && cfg->reassembly_bytes < REASSEMBLY_BYTES_MIN))
        return lw_fail(err, LW_EINVAL,
                       "reassembly of %u datagrams in %u bytes is out of range (%d; %d "
                       "to %d)",
                       cfg->reassembly_datagrams, cfg->reassembly_bytes,
                       REASSEMBLY_DATAGRAMS_MAX, REASSEMBLY_BYTES_MIN,
                       REASSEMBLY_BYTES_MAX);
    for (size_t i = 0; i < sizeof timeouts / sizeof timeouts[0]; i++) {
        if (timeouts[i] < 0 || timeouts[i] > TIMEOUT_MAX_NS)
            return lw_fail(err, LW_EINVAL,
                           "a timeout of %lld ns is out of range (0 to %lld)",
                           (long long)timeouts[i], (long long)TIMEOUT_MAX_NS);
    }
    return check_streams(cfg, err);
}

static int64_t seconds_or(int64_t configured_ns, int64_t default_s)
{
    return configured_ns != 0 ? configured_ns : default_s * NS_PER_S;
}

/* By enum lw_cuts: Argus' idle timeouts (ARGUS_IP_TIMEOUT and so on in argus.conf(5)),
 * or Zeek's (tcp_inactivity_timeout and so on).  To Argus a closed connection is as
 * good as an open one. */
static const uint16_t idle_default_s[][N_TIMERS] = {
    [LW_CUTS_PLAIN] = {[TIMER_TCP] = 60,
                       [TIMER_CLOSED] = 5,
                       [TIMER_UDP] = 30,
                       [TIMER_ICMP] = 5,
                       [TIMER_ARP] = 5},
    [LW_CUTS_ARGUS] = {[TIMER_TCP] = 60,
                       [TIMER_CLOSED] = 60,
                       [TIMER_UDP] = 30,
                       [TIMER_ICMP] = 5,
                       [TIMER_ARP] = 5},
    [LW_CUTS_ZEEK] = {[TIMER_TCP] = 300,
                      [TIMER_CLOSED] = 5,
                      [TIMER_UDP] = 60,
                      [TIMER_ICMP] = 60,
                      [TIMER_ARP] = 5}};

static void init_timers(struct lw_meter *m, const struct lw_meter_config *cfg)
{
    const int64_t idle_ns[N_TIMERS] = {[TIMER_TCP] = cfg->idle_tcp_ns,
                                       [TIMER_CLOSED] = cfg->closed_tcp_ns,
                                       [TIMER_UDP] = cfg->idle_udp_ns,
                                       [TIMER_ICMP] = cfg->idle_icmp_ns,
                                       [TIMER_ARP] = cfg->idle_arp_ns};
    int64_t timeouts[N_TIMERS];

    m->cuts = cfg->cuts;
    m->status_interval_ns = seconds_or(cfg->status_interval_ns, 3600);
    for (unsigned c = 0; c < N_TIMERS; c++) {
        timeouts[c] = seconds_or(idle_ns[c], idle_default_s[cfg->cuts][c]);
        if (cfg->cuts == LW_CUTS_ARGUS && idle_ns[c] == 0)
            timeouts[c] += m->status_interval_ns;
    }
    timers_init(&m->timers, timeouts);
    for (unsigned c = 0; c < N_TIMERS; c++)
        m->timers.wheels[c].from_start = cfg->cuts == LW_CUTS_ARGUS && idle_ns[c] == 0;
    m->status_packets = cfg->status_packets;
    if (cfg->cuts == LW_CUTS_ZEEK) {
        m->status_interval_ns = INT64_MAX;
        m->status_packets = 0;
    }
}

static bool init_table(struct lw_meter *m, const struct lw_meter_config *cfg)
{
    if (!flow_table_init(&m->table,
                         cfg->max_flows != 0 ? cfg->max_flows : MAX_FLOWS_DEFAULT))
        return false;
    if (!cfg->flow_stats ||
        flow_table_attach(&m->table, sizeof(struct flow_stats), FLOW_STATS_HOT_BYTES))
        return true;
    flow_table_release(&m->table);
    return false;
}

enum lw_status lw_meter_new(struct lw_meter **out, const struct lw_meter_config *cfg,
                            struct lw_error *err)
{
    static const struct lw_meter_config defaults;
    struct lw_meter *m;
    enum lw_status st;

    if (cfg == NULL)
        cfg = &defaults;
    st = check_config(cfg, err);
    if (st != LW_OK)
        return st;
    m = mem_zalloc(1, sizeof *m);
    if (m == NULL || !init_table(m, cfg) ||
        ((cfg->conn_log || cfg->cuts == LW_CUTS_ZEEK) &&
         !histories_init(&m->histories, m->table.max_flows)) ||
        ((cfg->apps || cfg->handshakes || cfg->tap != NULL) &&
         !streams_init(&m->streams, m->table.max_flows, cfg))) {
        lw_meter_free(m);
        return lw_fail(err, LW_ENOMEM, "out of memory for a flow table");
    }
    m->histories.any_checksum = cfg->ignore_checksums;
    init_timers(m, cfg);
    fragments_init(&m->fragments);
    reassembly_init(&m->reassembly, cfg->reassembly_bytes, cfg->reassembly_datagrams);
    m->tunnels = cfg->tunnels;
    m->takes_plain =
        !histories_kept(&m->histories) && m->tunnels == LW_TUNNEL_MODE_OUTER;
    m->icmp_messages = cfg->icmp_messages;
    flow_list_init(&m->ages[0]);
    flow_list_init(&m->ages[1]);
    *out = m;
    return LW_OK;
}

void lw_meter_free(struct lw_meter *m)
{
    if (m == NULL)
        return;
    flow_table_release(&m->table);
    histories_release(&m->histories);
    streams_release(&m->streams);
    fragments_release(&m->fragments);
    reassembly_release(&m->reassembly);
    mem_free(m);
}

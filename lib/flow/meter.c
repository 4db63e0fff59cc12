/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The meter: decode, find or make the flow, count, and report what is over.
 *
 * Time is the packets' own and never goes back: a packet older than one before it
 * counts with its own time in its record, but ages nothing.  Before a packet is taken
 * in, every flow that has been silent for too long by then is reported, so what a
 * packet does never depends on when somebody looked.
 *
 * A TCP connection that is over stays for LINGER_NS, for the stragglers, and makes way
 * at once for a SYN on the same ports.
 */
#include "base/mem.h"
#include "base/timefmt.h"
#include "flow/fragments.h"
#include "flow/state_text.h"
#include "flow/table.h"

#include <lapwing/flow.h>

#include <string.h>

#define LINGER_NS (5 * NS_PER_S)

enum { MAX_FLOWS_DEFAULT = 1 << 20, MAX_FLOWS_LIMIT = 1 << 24 };

struct lw_meter {
    struct flow_table table;
    struct fragments fragments;
    int64_t idle_ns[N_FLOW_PATIENCES];
    int64_t status_interval_ns;
    int64_t now_ns;         /* the latest packet time */
    int64_t next_expiry_ns; /* no flow can expire before; INT64_MIN: look */
    uint64_t next_flow_id;
    struct lw_meter_stats stats;
};

static int64_t or_default(int64_t v, int64_t fallback)
{
    return v == 0 ? fallback : v;
}

enum lw_status lw_meter_new(struct lw_meter **out, const struct lw_meter_config *cfg,
                            struct lw_error *err)
{
    static const struct lw_meter_config none = {0};
    struct lw_meter *m;
    enum lw_status st;

    if (cfg == NULL)
        cfg = &none;
    if (cfg->max_flows > MAX_FLOWS_LIMIT)
        return lw_fail(err, LW_EINVAL, "max_flows is %u; at most %d", cfg->max_flows,
                       MAX_FLOWS_LIMIT);
    if (cfg->idle_tcp_ns < 0 || cfg->idle_udp_ns < 0 || cfg->idle_icmp_ns < 0 ||
        cfg->idle_arp_ns < 0 || cfg->status_interval_ns < 0)
        return lw_fail(err, LW_EINVAL, "a timeout cannot be negative");
    m = mem_zalloc(1, sizeof *m);
    if (m == NULL)
        return lw_fail(err, LW_ENOMEM, "out of memory for a flow meter");
    st = flow_table_init(&m->table,
                         cfg->max_flows == 0 ? MAX_FLOWS_DEFAULT : cfg->max_flows, err);
    if (st != LW_OK) {
        mem_free(m);
        return st;
    }
    /* Argus' own patience (argus.conf(5), ARGUS_*_TIMEOUT). */
    m->idle_ns[FLOW_PATIENCE_TCP] = or_default(cfg->idle_tcp_ns, 60 * NS_PER_S);
    m->idle_ns[FLOW_PATIENCE_CLOSED] = LINGER_NS < m->idle_ns[FLOW_PATIENCE_TCP]
                                           ? LINGER_NS
                                           : m->idle_ns[FLOW_PATIENCE_TCP];
    m->idle_ns[FLOW_PATIENCE_UDP] = or_default(cfg->idle_udp_ns, 30 * NS_PER_S);
    m->idle_ns[FLOW_PATIENCE_ICMP] = or_default(cfg->idle_icmp_ns, 5 * NS_PER_S);
    m->idle_ns[FLOW_PATIENCE_ARP] = or_default(cfg->idle_arp_ns, 5 * NS_PER_S);
    m->status_interval_ns = or_default(cfg->status_interval_ns, 3600 * NS_PER_S);
    m->now_ns = INT64_MIN;
    m->next_expiry_ns = INT64_MAX;
    m->next_flow_id = 1;
    *out = m;
    return LW_OK;
}

void lw_meter_free(struct lw_meter *m)
{
    if (m == NULL)
        return;
    flow_table_release(&m->table);
    mem_free(m);
}

static void report(struct lw_meter *m, struct flow *f, enum lw_end_reason reason,
                   lw_record_fn fn, void *ctx)
{
    f->rec.end_reason = reason;
    state_text_fill(&f->rec, &f->tcp);
    m->stats.records++;
    fn(ctx, &f->rec);
}

/* A flow that already gave everything in a status record ends without another. */
static void finish(struct lw_meter *m, struct flow *f, enum lw_end_reason reason,
                   lw_record_fn fn, void *ctx)
{
    if (f->rec.side[0].packets + f->rec.side[1].packets > 0)
        report(m, f, reason, fn, ctx);
    flow_table_remove(&m->table, f);
}

static int64_t expiry_of(const struct lw_meter *m, const struct flow *f)
{
    return f->touched_ns + m->idle_ns[f->patience];
}

/* Report what has been silent too long, in the order of expiry. */
static void expire(struct lw_meter *m, lw_record_fn fn, void *ctx)
{
    for (;;) {
        struct flow *first = NULL;

        for (int i = 0; i < 2 * N_FLOW_PATIENCES; i++) {
            struct flow *f =
                flow_table_oldest(&m->table, (enum flow_patience)(i / 2), i % 2 == 1);

            if (f != NULL && (first == NULL || expiry_of(m, f) < expiry_of(m, first)))
                first = f;
        }
        m->next_expiry_ns = first == NULL ? INT64_MAX : expiry_of(m, first);
        if (first == NULL || m->next_expiry_ns > m->now_ns)
            return;
        finish(m, first,
               first->patience == FLOW_PATIENCE_CLOSED ? LW_END_CLOSED : LW_END_IDLE,
               fn, ctx);
    }
}

static void advance(struct lw_meter *m, int64_t time_ns, lw_record_fn fn, void *ctx)
{
    if (time_ns <= m->now_ns) {
        m->stats.out_of_order += time_ns < m->now_ns ? 1 : 0;
        return;
    }
    m->now_ns = time_ns;
    if (time_ns >= m->next_expiry_ns)
        expire(m, fn, ctx);
}

static enum flow_patience patience_of(enum lw_flow_kind kind)
{
    switch (kind) {
    case LW_FLOW_TCP:
        return FLOW_PATIENCE_TCP;
    case LW_FLOW_ICMP:
    case LW_FLOW_ICMP6:
        return FLOW_PATIENCE_ICMP;
    case LW_FLOW_ARP:
    case LW_FLOW_OTHER:
        return FLOW_PATIENCE_ARP;
    case LW_FLOW_UDP:
    case LW_FLOW_IGMP:
    case LW_FLOW_ESP:
    case LW_FLOW_GRE:
    case LW_FLOW_SCTP:
    case LW_FLOW_IP:
    case LW_N_FLOW_KINDS:
        break;
    }
    return FLOW_PATIENCE_UDP;
}

static void make_room(struct lw_meter *m, lw_record_fn fn, void *ctx)
{
    struct flow *f = flow_table_oldest_of_all(&m->table, 0);

    if (f != NULL) {
        m->stats.evicted_unanswered++;
    } else {
        f = flow_table_oldest_of_all(&m->table, 1);
        m->stats.evicted_answered += f != NULL ? 1 : 0;
    }
    if (f != NULL)
        finish(m, f, LW_END_EVICTED, fn, ctx);
}

/* What does not change while a flow lives. */
static void describe(struct flow *f, const struct decoded *d, enum lw_flow_kind kind,
                     const uint16_t port[2])
{
    struct lw_record *r = &f->rec;

    r->kind = kind;
    r->ether_type = d->ether_type;
    r->vlan_id = d->vlan_id;
    r->ip_version = kind == LW_FLOW_OTHER ? 0 : d->ip_version;
    r->protocol = r->ip_version == 0 ? 0 : d->protocol;
    r->has_ports = kind == LW_FLOW_TCP || kind == LW_FLOW_UDP || kind == LW_FLOW_SCTP;
    r->icmp_type = d->icmp_type;
    r->icmp_code = d->icmp_code;
    r->icmp_id = d->icmp_id;
    r->spi = d->spi;
    r->addr[0] = f->key.addr[f->flipped ? 1 : 0];
    r->addr[1] = f->key.addr[f->flipped ? 0 : 1];
    r->port[0] = r->has_ports ? port[0] : 0;
    r->port[1] = r->has_ports ? port[1] : 0;
}

static void count_side(struct lw_side *s, const struct decoded *d, int64_t time_ns)
{
    if (s->packets++ == 0) {
        s->first_ns = time_ns;
        s->last_ns = time_ns;
        s->tos = d->tos;
        s->ttl = d->ttl;
    }
    if (time_ns > s->last_ns)
        s->last_ns = time_ns;
    s->frame_bytes += d->frame_bytes;
    if (d->layer >= DECODE_NETWORK)
        s->ip_bytes += d->ip_bytes;
    if (d->layer == DECODE_TRANSPORT)
        s->payload_bytes += d->payload_bytes;
    s->bad_fragments += d->bad_fragment ? 1 : 0;
}

static void count(struct flow *f, const struct decoded *d, unsigned side,
                  int64_t time_ns)
{
    struct lw_record *r = &f->rec;
    struct lw_side *s = &r->side[side];

    if (r->side[0].packets + r->side[1].packets == 0) {
        r->start_ns = time_ns;
        r->end_ns = time_ns;
    }
    r->start_ns = time_ns < r->start_ns ? time_ns : r->start_ns;
    r->end_ns = time_ns > r->end_ns ? time_ns : r->end_ns;
    count_side(s, d, time_ns);
    if (r->kind == LW_FLOW_TCP && d->layer == DECODE_TRANSPORT) {
        s->tcp_flags |= d->tcp_flags;
        s->urgent += (d->tcp_flags & LW_TCP_URG) != 0 ? 1 : 0;
        s->retransmitted += tcp_track_add(&f->tcp, d, side) ? 1 : 0;
    }
}

static struct flow *open_flow(struct lw_meter *m, const struct flow_key *key,
                              uint32_t hash, enum lw_flow_kind kind, lw_record_fn fn,
                              void *ctx)
{
    enum flow_patience patience = patience_of(kind);
    struct flow *f = flow_table_insert(&m->table, key, hash, patience, m->now_ns);

    if (f == NULL) {
        make_room(m, fn, ctx);
        f = flow_table_insert(&m->table, key, hash, patience, m->now_ns);
    }
    if (f == NULL)
        return NULL;
    f->rec.flow_id = m->next_flow_id++;
    m->stats.flows_created++;
    if (m->table.n_active > m->stats.active_max)
        m->stats.active_max = m->table.n_active;
    if (expiry_of(m, f) < m->next_expiry_ns)
        m->next_expiry_ns = expiry_of(m, f);
    return f;
}

/* Start the record anew; the flow goes on. */
static void report_status(struct lw_meter *m, struct flow *f, lw_record_fn fn,
                          void *ctx)
{
    report(m, f, LW_END_STATUS, fn, ctx);
    memset(f->rec.side, 0, sizeof f->rec.side);
}

static void find_ports(struct lw_meter *m, const struct decoded *d, uint16_t port[2])
{
    port[0] = d->layer == DECODE_TRANSPORT ? d->port[0] : 0;
    port[1] = d->layer == DECODE_TRANSPORT ? d->port[1] : 0;
    if (!d->is_fragment)
        return;
    if (d->fragment_offset == 0)
        fragments_note(&m->fragments, d);
    else
        (void)fragments_find(&m->fragments, d, port);
}

static uint64_t add_decoded(struct lw_meter *m, const struct decoded *d,
                            int64_t time_ns, lw_record_fn fn, void *ctx)
{
    enum lw_flow_kind kind = flow_kind_of(d);
    enum flow_patience patience;
    struct flow_key key;
    uint16_t port[2];
    uint32_t hash;
    struct flow *f;
    bool flipped;
    unsigned side;

    find_ports(m, d, port);
    if (kind == LW_FLOW_ICMP || kind == LW_FLOW_ICMP6)
        port[0] = port[1] = d->icmp_id; /* the same both ways */
    flipped = flow_key_make(&key, d, kind, port);
    f = flow_table_find(&m->table, &key, &hash);
    if (f != NULL && kind == LW_FLOW_TCP && d->layer == DECODE_TRANSPORT &&
        tcp_track_reopens(&f->tcp, d)) {
        finish(m, f, LW_END_CLOSED, fn, ctx);
        f = NULL;
    }
    if (f != NULL && time_ns - f->rec.start_ns >= m->status_interval_ns &&
        f->rec.side[0].packets + f->rec.side[1].packets > 0)
        report_status(m, f, fn, ctx);
    if (f == NULL) {
        f = open_flow(m, &key, hash, kind, fn, ctx);
        if (f == NULL)
            return 0;
        f->flipped = flipped;
        describe(f, d, kind, port);
    }
    side = flipped != f->flipped ? 1 : 0;
    count(f, d, side, time_ns);
    patience = kind == LW_FLOW_TCP && tcp_track_closed(&f->tcp) ? FLOW_PATIENCE_CLOSED
                                                                : patience_of(kind);
    flow_table_touch(&m->table, f, patience, f->answered || side == 1, m->now_ns);
    if (expiry_of(m, f) < m->next_expiry_ns)
        m->next_expiry_ns = expiry_of(m, f);
    return f->rec.flow_id;
}

/* A frame that names its endpoints belongs to a flow even when what follows is cut
 * off or damaged; one without them does not. */
static bool has_endpoints(const struct decoded *d)
{
    return d->layer >= DECODE_NETWORK || (d->layer == DECODE_LINK && d->has_macs);
}

uint64_t lw_meter_add(struct lw_meter *m, const struct lw_packet *pkt, lw_record_fn fn,
                      void *ctx)
{
    struct decoded d;
    uint64_t id = 0;

    advance(m, pkt->time_ns, fn, ctx);
    if (pkt->data == NULL)
        return 0;
    m->stats.seen++;
    switch (packet_decode(pkt, &d)) {
    case DECODE_OK:
        m->stats.decoded++;
        break;
    case DECODE_TRUNCATED:
        m->stats.truncated++;
        return 0;
    case DECODE_UNSUPPORTED:
        if (m->stats.unsupported++ == 0)
            m->stats.unsupported_link_type = pkt->link_type;
        return 0;
    case DECODE_MALFORMED:
        m->stats.malformed++;
        return 0;
    }
    if (has_endpoints(&d))
        id = add_decoded(m, &d, pkt->time_ns, fn, ctx);
    if (id != 0)
        m->stats.in_flows++;
    else
        m->stats.not_in_flows++;
    return id;
}

void lw_meter_flush(struct lw_meter *m, lw_record_fn fn, void *ctx)
{
    struct flow *f;

    while ((f = flow_table_oldest_of_all(&m->table, -1)) != NULL)
        finish(m, f, f->patience == FLOW_PATIENCE_CLOSED ? LW_END_CLOSED : LW_END_FLUSH,
               fn, ctx);
    m->next_expiry_ns = INT64_MAX;
}

int64_t lw_meter_watermark_ns(const struct lw_meter *m)
{
    const struct flow *f = flow_table_oldest_of_all(&m->table, -1);

    return f == NULL ? m->now_ns : f->touched_ns;
}

void lw_meter_get_stats(const struct lw_meter *m, struct lw_meter_stats *out)
{
    *out = m->stats;
    out->active = m->table.n_active;
}

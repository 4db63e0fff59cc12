/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CICFlowMeter as it was in 2017, when it made the CIC-IDS2017 data set, errors
 * included.  Its own output for its own test capture is the reference
 * (docs/cic-features.md).
 *
 * A flow is what two IPv4 addresses exchange over TCP or UDP between two ports, or over
 * anything else together (protocol 0).  Forward is from the sender of its first packet,
 * whoever began.  It ends
 *
 *     with a packet later than the flow timeout after its first one.  That packet
 * begins the next flow, and counts as forward there even if it comes from the other
 * side; with a packet that has FIN, from either side, which still belongs to it.  What
 *     follows is a flow of its own;
 *     with the capture.
 *
 * Nothing else ends it: no RST, no silence.  Flows of a single packet are not shown.
 *
 * That is another meter than meter.c, and shares with it the table only: what it must
 * do wrong would otherwise have to be asked for at every step of the right one.
 */
#include "cic_compat.h"

#include "base/mem.h"
#include "base/timefmt.h"
#include "list.h"
#include "table.h"

#include <string.h>

enum {
    MAX_FLOWS_DEFAULT = 1 << 20,
    MAX_FLOWS_LIMIT = 1 << 24,
    FLOW_TIMEOUT_S = 120,
    ACTIVITY_TIMEOUT_S = 5,
    UTC_OFFSET_MAX_S = 86400,
    PROTOCOL_TCP = 6,
    PROTOCOL_UDP = 17
};

/* Years 1897 to 2116, as in meter.c. */
#define TIME_MIN_NS    (-(INT64_C(1) << 61))
#define TIME_MAX_NS    (INT64_C(1) << 62)
#define TIMEOUT_MAX_NS (INT64_C(1) << 60)

struct lw_cic_meter {
    struct flow_table table; /* a struct cic_flow beside each flow */
    struct flow_list flows;  /* in the order of first packets */
    int64_t flow_timeout_us;
    int64_t activity_timeout_us;
    struct cic_style style;
    struct lw_meter_stats stats;
    char line[LW_CIC_LINE_MAX];
};

/* Where lines go, for the length of a call. */
struct sink {
    lw_cic_line_fn fn;
    void *ctx;
};

/* What the original keeps of a packet. */
struct packet {
    int64_t time_us;
    struct flow_key key;
    unsigned from; /* side of the key */
    uint32_t payload_bytes;
    uint32_t header_bytes;
    int32_t window; /* -1: none */
    uint8_t flags;
};

/* ---- life ----------------------------------------------------------------------- */

static enum lw_status check_config(const struct lw_cic_config *cfg,
                                   struct lw_error *err)
{
    if (cfg->max_flows > MAX_FLOWS_LIMIT)
        return lw_fail(err, LW_EINVAL, "max_flows is %u, at most %d is possible",
                       cfg->max_flows, MAX_FLOWS_LIMIT);
    if (cfg->flow_timeout_ns < 0 || cfg->flow_timeout_ns > TIMEOUT_MAX_NS ||
        cfg->activity_timeout_ns < 0 || cfg->activity_timeout_ns > TIMEOUT_MAX_NS)
        return lw_fail(err, LW_EINVAL, "a timeout is out of range (0 to %lld ns)",
                       (long long)TIMEOUT_MAX_NS);
    if (cfg->utc_offset_s < -UTC_OFFSET_MAX_S || cfg->utc_offset_s > UTC_OFFSET_MAX_S)
        return lw_fail(err, LW_EINVAL, "a time zone is at most a day away");
    if ((unsigned)cfg->names > LW_CIC_2018)
        return lw_fail(err, LW_EINVAL, "no such names of columns");
    if (cfg->label != NULL && (strlen(cfg->label) > LW_CIC_LABEL_MAX ||
                               strpbrk(cfg->label, ",\"\r\n") != NULL))
        return lw_fail(err, LW_EINVAL,
                       "a label has at most %d bytes and no commas, quotes or line "
                       "ends here",
                       LW_CIC_LABEL_MAX);
    return LW_OK;
}

static int64_t us_or(int64_t configured_ns, int64_t default_s)
{
    return (configured_ns != 0 ? configured_ns : default_s * NS_PER_S) / NS_PER_US;
}

static void set_up(struct lw_cic_meter *m, const struct lw_cic_config *cfg)
{
    flow_list_init(&m->flows);
    m->flow_timeout_us = us_or(cfg->flow_timeout_ns, FLOW_TIMEOUT_S);
    m->activity_timeout_us = us_or(cfg->activity_timeout_ns, ACTIVITY_TIMEOUT_S);
    m->style.names = cfg->names;
    m->style.utc_offset_s = cfg->utc_offset_s;
    if (cfg->label != NULL)
        memcpy(m->style.label, cfg->label, strlen(cfg->label) + 1);
}

enum lw_status lw_cic_meter_new(struct lw_cic_meter **out,
                                const struct lw_cic_config *cfg, struct lw_error *err)
{
    static const struct lw_cic_config defaults;
    struct lw_cic_meter *m;
    enum lw_status st;

    if (cfg == NULL)
        cfg = &defaults;
    st = check_config(cfg, err);
    if (st != LW_OK)
        return st;
    m = mem_zalloc(1, sizeof *m);
    if (m == NULL ||
        !flow_table_init(&m->table,
                         cfg->max_flows != 0 ? cfg->max_flows : MAX_FLOWS_DEFAULT) ||
        !flow_table_attach(&m->table, sizeof(struct cic_flow), 0)) {
        lw_cic_meter_free(m);
        return lw_fail(err, LW_ENOMEM, "out of memory for a flow table");
    }
    set_up(m, cfg);
    *out = m;
    return LW_OK;
}

void lw_cic_meter_free(struct lw_cic_meter *m)
{
    if (m == NULL)
        return;
    flow_table_release(&m->table);
    mem_free(m);
}

/* ---- packets -------------------------------------------------------------------- */

/* Java's bytes have a sign, and addresses are compared by them: 10.0.0.1 comes after
 * 192.168.0.1. */
static int compare_addr(const struct lw_addr *a, const struct lw_addr *b)
{
    for (unsigned i = 0; i < 4; i++)
        if (a->bytes[i] != b->bytes[i])
            return (int8_t)a->bytes[i] < (int8_t)b->bytes[i] ? -1 : 1;
    return 0;
}

static void set_key(const struct decoded *d, bool has_ports, struct packet *p)
{
    unsigned from = compare_addr(&d->addr[0], &d->addr[1]) > 0 ? 1 : 0;

    p->from = from;
    p->key = (struct flow_key){.kind = LW_FLOW_IP};
    p->key.addr[from] = d->addr[0];
    p->key.addr[1 - from] = d->addr[1];
    if (!has_ports)
        return;
    p->key.port[from] = d->port[0];
    p->key.port[1 - from] = d->port[1];
    p->key.protocol = d->protocol;
}

/* Everything after the transport header, up to the end of the frame: what pads a short
 * Ethernet frame counts as payload. */
static uint32_t rest_of_frame(const struct lw_packet *pkt, const struct decoded *d)
{
    struct span frame = span_of(pkt->data, pkt->captured_bytes);

    return (uint32_t)(frame.p + frame.n - d->payload.p);
}

/* False: the original does not see it. */
static bool read_packet(const struct lw_packet *pkt, const struct decoded *d,
                        struct packet *p)
{
    bool whole = d->layer == DECODE_TRANSPORT &&
                 (d->protocol == PROTOCOL_TCP || d->protocol == PROTOCOL_UDP);
    int64_t ns = pkt->time_ns;

    if (d->layer < DECODE_NETWORK || d->ip_version != 4)
        return false;
    ns = ns < TIME_MIN_NS ? TIME_MIN_NS : ns > TIME_MAX_NS ? TIME_MAX_NS : ns;
    *p = (struct packet){.window = -1};
    p->time_us = ns / NS_PER_US - (ns % NS_PER_US < 0);
    set_key(d, whole, p);
    if (!whole)
        return true;
    p->payload_bytes = rest_of_frame(pkt, d);
    p->header_bytes = d->transport_bytes;
    if (d->protocol == PROTOCOL_TCP) {
        p->window = d->tcp_window;
        p->flags = d->tcp_flags;
    }
    return true;
}

/* ---- flows ---------------------------------------------------------------------- */

static struct cic_flow *beside(const struct lw_cic_meter *m, const struct flow *f)
{
    return flow_beside(&m->table, f->index);
}

/* The first packet is forward and counts twice in the lengths of both sides together.
 */
static void begin(struct cic_flow *c, const struct packet *p, unsigned source)
{
    memset(c, 0, sizeof *c);
    c->start_us = p->time_us;
    c->last_us = p->time_us;
    c->side_last_us[CIC_FORWARD] = p->time_us;
    c->active_start_us = p->time_us;
    c->active_end_us = p->time_us;
    cic_moments_add(&c->length, p->payload_bytes);
    cic_moments_add(&c->length, p->payload_bytes);
    cic_moments_add(&c->side_length[CIC_FORWARD], p->payload_bytes);
    c->header_bytes[CIC_FORWARD] = p->header_bytes;
    c->header_min = p->header_bytes;
    c->window[CIC_FORWARD] = p->window;
    c->window[CIC_BACKWARD] = -1;
    c->first_flags = p->flags;
    c->source = (uint8_t)source;
}

static void note_active(struct cic_flow *c, int64_t now_us, int64_t timeout_us)
{
    if (now_us - c->active_end_us > timeout_us) {
        if (c->active_end_us > c->active_start_us)
            cic_moments_add(&c->active,
                            (double)(c->active_end_us - c->active_start_us));
        cic_moments_add(&c->idle, (double)(now_us - c->active_end_us));
        c->active_start_us = now_us;
    }
    c->active_end_us = now_us;
}

static void add_forward(struct cic_flow *c, const struct packet *p)
{
    if (p->payload_bytes > 0)
        c->data_packets++;
    if (p->header_bytes < c->header_min)
        c->header_min = p->header_bytes;
}

static void add(struct cic_flow *c, const struct packet *p)
{
    unsigned side = p->from == c->source ? CIC_FORWARD : CIC_BACKWARD;

    if (side == CIC_FORWARD)
        add_forward(c, p);
    else
        c->window[CIC_BACKWARD] = p->window;
    cic_moments_add(&c->length, p->payload_bytes);
    cic_moments_add(&c->side_length[side], p->payload_bytes);
    c->header_bytes[side] += p->header_bytes;
    if (c->side_length[side].n > 1)
        cic_moments_add(&c->side_gap[side],
                        (double)(p->time_us - c->side_last_us[side]));
    c->side_last_us[side] = p->time_us;
    cic_moments_add(&c->gap, (double)(p->time_us - c->last_us));
    c->last_us = p->time_us;
}

static void give_out(struct lw_cic_meter *m, const struct flow *f,
                     const struct sink *to)
{
    const struct cic_flow *c = beside(m, f);
    size_t n;

    if (c->gap.n == 0)
        return;
    m->stats.records++;
    if (to->fn == NULL)
        return;
    n = cic_line(c, &f->key, &m->style, m->line);
    to->fn(to->ctx, m->line, n);
}

static void end(struct lw_cic_meter *m, struct flow *f, const struct sink *to)
{
    give_out(m, f, to);
    flow_list_remove(&m->flows, &m->table, f, FLOW_LINK_AGE);
    flow_table_remove(&m->table, f);
}

static void begin_flow(struct lw_cic_meter *m, const struct packet *p, uint32_t hash,
                       unsigned source, const struct sink *to)
{
    struct flow *f;

    while ((f = flow_table_insert(&m->table, &p->key, hash)) == NULL) {
        m->stats.evicted_answered++;
        end(m, flow_at(&m->table, m->flows.head), to);
    }
    flow_list_push(&m->flows, &m->table, f, FLOW_LINK_AGE);
    begin(beside(m, f), p, source);
    m->stats.flows_created++;
    if (m->table.n_flows > m->stats.active_max)
        m->stats.active_max = m->table.n_flows;
}

static void add_packet(struct lw_cic_meter *m, const struct packet *p,
                       const struct sink *to)
{
    uint32_t hash = flow_key_hash(&p->key, m->table.seed);
    struct flow *f = flow_table_get(&m->table, &p->key, hash);
    struct cic_flow *c;

    if (f == NULL) {
        begin_flow(m, p, hash, p->from, to);
        return;
    }
    c = beside(m, f);
    if (p->time_us - c->start_us > m->flow_timeout_us) {
        unsigned source = c->source;

        end(m, f, to);
        begin_flow(m, p, hash, source, to);
        return;
    }
    if (!(p->flags & LW_TCP_FIN))
        note_active(c, p->time_us, m->activity_timeout_us);
    add(c, p);
    if (p->flags & LW_TCP_FIN)
        end(m, f, to);
}

void lw_cic_meter_add(struct lw_cic_meter *m, const struct lw_packet *pkt,
                      lw_cic_line_fn fn, void *ctx)
{
    const struct sink to = {fn, ctx};
    struct decoded d;
    struct packet p;

    if (pkt->data == NULL)
        return;
    m->stats.seen++;
    switch (packet_decode(pkt, &d)) {
    case DECODE_OK:
        m->stats.decoded++;
        if (!read_packet(pkt, &d, &p)) {
            m->stats.not_in_flows++;
            return;
        }
        m->stats.in_flows++;
        add_packet(m, &p, &to);
        break;
    case DECODE_TRUNCATED:
        m->stats.truncated++;
        break;
    case DECODE_UNSUPPORTED:
        if (m->stats.unsupported++ == 0)
            m->stats.unsupported_link_type = pkt->link_type;
        break;
    case DECODE_MALFORMED:
        m->stats.malformed++;
        break;
    }
}

void lw_cic_meter_flush(struct lw_cic_meter *m, lw_cic_line_fn fn, void *ctx)
{
    const struct sink to = {fn, ctx};

    while (m->flows.head != FLOW_NONE)
        end(m, flow_at(&m->table, m->flows.head), &to);
}

void lw_cic_meter_get_stats(const struct lw_cic_meter *m, struct lw_meter_stats *out)
{
    *out = m->stats;
    out->active = m->table.n_flows;
}

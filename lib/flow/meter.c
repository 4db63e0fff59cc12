/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The meter: decode, find or make the flow, count, and report what is over.
 *
 * Time is the packets' own and never goes back: a packet older than one before it
 * counts with its own time in its record, but ages nothing.  A flow that is silent for
 * longer than its timeout is over even if the wheel has not come to it yet: what a
 * packet does never depends on other traffic.
 *
 * A full table evicts unanswered flows first, oldest first, established ones only when
 * none of them remain.  Both are kept in the order in which they became so; one that
 * got packets since it was last looked at has a second chance at the end of the queue
 * (the clock algorithm, Corbato 1968), so that eviction, too, costs nothing per packet.
 */
#include "account.h"
#include "argus.h"
#include "arrival.h"
#include "base/assert.h"
#include "base/mem.h"
#include "base/prefetch.h"
#include "base/radix.h"
#include "icmp.h"
#include "meter_priv.h"
#include "packet/levels.h"
#include "report.h"
#include "stats.h"
#include "tcp_state.h"

#include <lapwing/flow.h>

enum {
    /* Bounds the work of one eviction; busier flows than that are given up. */
    SECOND_CHANCES = 16,
    /* Packets that are worked on together: their flows come from memory while as many
     * others are added. */
    PART = 16,
    FLUSH_AHEAD = 8, /* flows, of four lines each */
    REST_AHEAD = 2   /* and what is beside them, of many more */
};

/* Packet times are kept where sums of them cannot overflow: years 1897 to 2116. */
#define TIME_MIN_NS (-(INT64_C(1) << 61))
#define TIME_MAX_NS (INT64_C(1) << 62)

/* Where records go, for the length of a call. */
struct sink {
    lw_record_fn fn;
    void *ctx;
};

static struct flow_list *age_of(struct lw_meter *m, const struct flow *f)
{
    return &m->ages[f->flags & FLOW_ANSWERED ? 1 : 0];
}

/* NULL: nobody asked for them. */
static struct flow_stats *stats_of(const struct lw_meter *m, const struct flow *f)
{
    return m->table.beside_bytes != 0 ? flow_beside(&m->table, f->index) : NULL;
}

static void make_record(struct lw_meter *m, const struct flow *f,
                        enum lw_end_reason reason, struct lw_record *rec)
{
    struct flow_stats *stats = stats_of(m, f);

    flow_report(f, reason, rec);
    if (m->cuts == LW_CUTS_ARGUS)
        argus_report(f, rec);
    if (histories_kept(&m->histories))
        histories_report(&m->histories, f, rec);
    if (stats != NULL)
        rec->stats = flow_stats_finish(stats);
    if (streams_kept(&m->streams))
        streams_report(&m->streams, f, rec);
}

static void report(struct lw_meter *m, const struct flow *f, enum lw_end_reason reason,
                   const struct sink *to)
{
    struct lw_record rec;

    m->stats.records++;
    if (to->fn == NULL)
        return;
    make_record(m, f, reason, &rec);
    to->fn(to->ctx, &rec);
}

/* The last record of a flow: nothing more will come. */
static void report_last(struct lw_meter *m, const struct flow *f,
                        enum lw_end_reason reason, const struct sink *to)
{
    if (streams_kept(&m->streams))
        streams_end(&m->streams, f);
    report(m, f, reason, to);
    if (streams_kept(&m->streams))
        streams_forget(&m->streams, f);
}

static void forget_flow(struct lw_meter *m, struct flow *f)
{
    timers_remove(&m->timers, &m->table, f);
    flow_list_remove(age_of(m, f), &m->table, f, FLOW_LINK_AGE);
    flow_table_remove(&m->table, f);
}

static void end_flow(struct lw_meter *m, struct flow *f, enum lw_end_reason reason,
                     const struct sink *to)
{
    report_last(m, f, reason, to);
    forget_flow(m, f);
}

static enum lw_end_reason reason_of_silence(const struct flow *f)
{
    return f->flags & FLOW_CLOSED ? LW_END_CLOSED : LW_END_IDLE;
}

/* What a flow's last record is made of besides the flow itself. */
PREFETCHES static inline void prefetch_rest(const struct lw_meter *m,
                                            const struct flow *f)
{
    if (m->table.beside_bytes != 0)
        flow_prefetch_beside(&m->table, f->index, m->table.beside_bytes);
    if (streams_kept(&m->streams))
        streams_prefetch(&m->streams, f);
}

/* Flows that end in great numbers, for a flood or a leap in time, have not been touched
 * for long.  Ask for those whose turn comes soon in the list that they end by: the
 * third one itself, which the second one leads to, and the place of the second one in
 * the index. */
PREFETCHES static inline void prefetch_next(const struct lw_meter *m,
                                            const struct flow *f, unsigned link)
{
    for (unsigned ahead = 1; ahead <= 3; ahead++) {
        if (f->link[link].next == FLOW_NONE)
            return;
        f = flow_at(&m->table, f->link[link].next);
        if (ahead == 2) {
            flow_table_prefetch_slot(&m->table, f->hash);
            prefetch_rest(m, f);
        }
    }
    prefetch_lines(f, sizeof *f);
}

/* Out of line: what most packets do not need is not to cost them registers. */
__attribute__((noinline)) static void expire(struct lw_meter *m, const struct sink *to)
{
    struct flow *f;

    while ((f = timers_expired(&m->timers, &m->table)) != NULL) {
        prefetch_next(m, f, FLOW_LINK_TIMER);
        end_flow(m, f, reason_of_silence(f), to);
    }
    /* Often few end at a time: those of the next. */
    for (unsigned c = 0; c < N_TIMERS; c++) {
        const struct flow *first = timers_first(&m->timers, &m->table, c);

        if (first != NULL) {
            prefetch_lines(first, sizeof *first);
            prefetch_rest(m, first);
        }
    }
}

/* Move on to a packet's time; returns it, within bounds. */
static int64_t advance(struct lw_meter *m, int64_t time_ns, const struct sink *to)
{
    if (time_ns < TIME_MIN_NS)
        time_ns = TIME_MIN_NS;
    if (time_ns > TIME_MAX_NS)
        time_ns = TIME_MAX_NS;
    if (time_ns < m->timers.now_ns) {
        m->stats.out_of_order++;
        return time_ns;
    }
    m->timers.now_ns = time_ns;
    if (time_ns >= m->timers.next_ns)
        expire(m, to);
    return time_ns;
}

/* The flow to give up when the table is full. */
static struct flow *victim(struct lw_meter *m)
{
    struct flow_list *l = &m->ages[m->ages[0].head == FLOW_NONE ? 1 : 0];
    struct flow *f = flow_at(&m->table, l->head);

    for (unsigned i = 0; i < SECOND_CHANCES && f->flags & FLOW_TOUCHED; i++) {
        f->flags &= (uint8_t)~FLOW_TOUCHED;
        flow_list_remove(l, &m->table, f, FLOW_LINK_AGE);
        flow_list_push(l, &m->table, f, FLOW_LINK_AGE);
        f = flow_at(&m->table, l->head);
    }
    return f;
}

static void evict(struct lw_meter *m, const struct sink *to)
{
    struct flow *f = victim(m);

    prefetch_next(m, f, FLOW_LINK_AGE);

    if (f->flags & FLOW_ANSWERED)
        m->stats.evicted_answered++;
    else
        m->stats.evicted_unanswered++;
    end_flow(m, f, LW_END_EVICTED, to);
}

static uint8_t timer_class_of(enum lw_flow_kind kind)
{
    static const uint8_t classes[LW_N_FLOW_KINDS] = {
        [LW_FLOW_OTHER] = TIMER_UDP,  [LW_FLOW_TCP] = TIMER_TCP,
        [LW_FLOW_UDP] = TIMER_UDP,    [LW_FLOW_ICMP] = TIMER_ICMP,
        [LW_FLOW_ICMP6] = TIMER_ICMP, [LW_FLOW_IGMP] = TIMER_UDP,
        [LW_FLOW_ARP] = TIMER_ARP,    [LW_FLOW_ESP] = TIMER_UDP,
        [LW_FLOW_GRE] = TIMER_UDP,    [LW_FLOW_SCTP] = TIMER_UDP,
        [LW_FLOW_IP] = TIMER_UDP};

    return classes[kind];
}

static struct flow *begin_flow(struct lw_meter *m, const struct arrival *a,
                               const struct sink *to)
{
    struct flow *f;

    while ((f = flow_table_insert(&m->table, &a->key, a->hash)) == NULL)
        evict(m, to);
    f->id = ++m->last_id;
    f->flags = a->from == 1 ? FLOW_FIRST_SIDE : 0;
    f->last_ns = a->time_ns;
    f->start_ns = a->time_ns;
    flow_set_timer_class(f, timer_class_of(flow_kind(f)));
    f->vlan_id = a->d.vlan_id;
    f->icmp_type = a->d.icmp_type;
    f->icmp_code = a->d.icmp_code;
    f->ether_type = a->d.ether_type;
    f->link_bytes = a->d.link_bytes;
    if (m->cuts == LW_CUTS_ARGUS && flow_kind(f) == LW_FLOW_UDP)
        argus_udp_begin(f, &a->d);
    if (histories_kept(&m->histories))
        histories_begin(&m->histories, f);
    if (streams_kept(&m->streams))
        streams_begin(&m->streams, f);
    f->tunnel_id = a->d.tunnel_id;
    f->tunnel_depth = a->d.tunnel_depth;
    f->tunnel_kind = a->d.tunnel_kind;
    timers_add(&m->timers, &m->table, f);
    flow_list_push(&m->ages[0], &m->table, f, FLOW_LINK_AGE);
    m->stats.flows_created++;
    if (m->table.n_flows > m->stats.active_max)
        m->stats.active_max = m->table.n_flows;
    return f;
}

/* A connection that is over and begins again with the same ports. */
static bool is_reopened(const struct flow *f, const struct decoded *d)
{
    enum { OPENING = LW_TCP_SYN | LW_TCP_ACK | LW_TCP_RST | LW_TCP_FIN };

    return f->flags & FLOW_CLOSED && d->layer == DECODE_TRANSPORT &&
           (d->tcp_flags & OPENING) == LW_TCP_SYN;
}

/* A message of ICMP, where each is to be a flow; later fragments do not come here. */
static bool is_next_message(const struct lw_meter *m, const struct flow *f)
{
    return m->icmp_messages &&
           (flow_kind(f) == LW_FLOW_ICMP || flow_kind(f) == LW_FLOW_ICMP6);
}

/* As Argus does it: the new flow takes over what was known of the endpoints. */
static struct flow *reopen(struct lw_meter *m, struct flow *f, const struct arrival *a,
                           const struct sink *to)
{
    struct argus_heritage heritage;
    struct lw_record rec;

    m->stats.records++;
    if (streams_kept(&m->streams))
        streams_end(&m->streams, f);
    make_record(m, f, LW_END_CLOSED, &rec);
    argus_report_reopened(f, &a->d, a->from, a->time_ns, &rec);
    if (to->fn != NULL)
        to->fn(to->ctx, &rec);
    if (streams_kept(&m->streams))
        streams_forget(&m->streams, f);
    argus_bequeath(f, a->from, &heritage);
    forget_flow(m, f);
    f = begin_flow(m, a, to);
    argus_inherit(f, &heritage);
    return f;
}

static inline struct flow *flow_of(const struct lw_meter *m, const struct arrival *a)
{
    if (a->likely != NULL && flow_key_equal(&a->likely->key, &a->key))
        return a->likely;
    return flow_table_get(&m->table, &a->key, a->hash);
}

/* Is it time for a record of a flow that goes on? */
static inline bool is_status_due(const struct lw_meter *m, const struct flow *f,
                                 int64_t time_ns)
{
    return time_ns - f->start_ns >= m->status_interval_ns ||
           (m->status_packets != 0 &&
            f->side[0].packets + f->side[1].packets >= m->status_packets);
}

/* The packet's flow as far as it is still the same one. */
static struct flow *present_flow(struct lw_meter *m, const struct arrival *a,
                                 const struct sink *to)
{
    struct flow *f = flow_of(m, a);

    if (f == NULL)
        return NULL;
    if (timer_is_over(&m->timers, f, a->time_ns)) {
        end_flow(m, f, reason_of_silence(f), to);
        return NULL;
    }
    if (m->cuts == LW_CUTS_ARGUS) {
        if (flow_kind(f) == LW_FLOW_TCP && argus_tcp_reopens(f, &a->d))
            return reopen(m, f, a, to);
    } else if (m->cuts == LW_CUTS_ZEEK
                   ? histories_is_over(&m->histories, f, &a->d, a->time_ns)
                   : is_reopened(f, &a->d) || is_next_message(m, f)) {
        end_flow(m, f, LW_END_CLOSED, to);
        return NULL;
    }
    if (is_status_due(m, f, a->time_ns)) {
        report(m, f, LW_END_STATUS, to);
        flow_continue(f);
    }
    f->flags |= FLOW_TOUCHED;
    return f;
}

static unsigned first_side(const struct flow *f)
{
    return f->flags & FLOW_FIRST_SIDE ? 1 : 0;
}

static bool is_answer(const struct flow *f, unsigned from)
{
    return !(f->flags & FLOW_ANSWERED) && from != first_side(f);
}

static void note_answer(struct lw_meter *m, struct flow *f, unsigned from)
{
    if (!is_answer(f, from))
        return;
    flow_list_remove(age_of(m, f), &m->table, f, FLOW_LINK_AGE);
    f->flags |= FLOW_ANSWERED;
    flow_list_push(age_of(m, f), &m->table, f, FLOW_LINK_AGE);
}

/* Before the packet is counted: the first one of a record begins them anew. */
static void note_stats(struct lw_meter *m, const struct flow *f,
                       const struct arrival *a)
{
    struct flow_stats *stats = stats_of(m, f);
    struct stats_packet p;

    if (stats == NULL)
        return;
    if (f->side[0].packets + f->side[1].packets == 0) {
        if (f->flags & FLOW_CONTINUED)
            flow_stats_continue(stats);
        else
            flow_stats_begin(stats);
    }
    p = stats_packet_of(&a->d, a->from ^ first_side(f), a->time_ns);
    flow_stats_add(stats, &p);
}

/* The record had packets of that side before. */
static inline void note_stats_plain(const struct lw_meter *m, const struct flow *f,
                                    const struct arrival *a)
{
    struct flow_stats *stats = stats_of(m, f);
    struct stats_packet p;

    if (stats == NULL)
        return;
    p = stats_packet_of_plain(&a->plain, a->from ^ first_side(f), a->time_ns);
    flow_stats_add(stats, &p);
}

/* Only FIN and RST end a connection. */
static void note_close(struct lw_meter *m, struct flow *f, const struct decoded *d)
{
    if (!(d->tcp_flags & (LW_TCP_FIN | LW_TCP_RST)) || f->flags & FLOW_CLOSED ||
        !tcp_state_over(f->tcp_state))
        return;
    timers_remove(&m->timers, &m->table, f);
    f->flags |= FLOW_CLOSED;
    flow_set_timer_class(f, TIMER_CLOSED);
    timers_add(&m->timers, &m->table, f);
}

/* A later fragment belongs to the flow of the first one, if that is still there: unless
 * the datagram's ports came to light only with this one. */
static struct flow *flow_of_fragment(struct lw_meter *m, struct arrival *a)
{
    const struct fragment_entry *e = fragments_get(&m->fragments, &a->d, a->time_ns);
    struct flow *f;

    if (e == NULL)
        return NULL;
    f = flow_at(&m->table, e->flow);
    if (f->id != e->flow_id)
        return NULL;
    f->flags |= FLOW_TOUCHED;
    a->from = e->from;
    return f;
}

static struct flow *find_flow(struct lw_meter *m, struct arrival *a,
                              const struct sink *to)
{
    struct flow *f;

    f = present_flow(m, a, to);
    return f != NULL ? f : begin_flow(m, a, to);
}

static struct flow *find_flow_of_fragment(struct lw_meter *m, struct arrival *a,
                                          const struct sink *to)
{
    struct flow *f = NULL;

    if (a->d.fragment_offset > 0 && a->d.layer != DECODE_TRANSPORT)
        f = flow_of_fragment(m, a);
    if (f == NULL)
        f = find_flow(m, a, to);
    if (a->d.fragment_offset == 0)
        fragments_put(&m->fragments, &a->d, a->time_ns, f->index, f->id, a->from);
    return f;
}

/* Argus lets a flow last until the last complaint about it. */
static void tell_quoted(struct lw_meter *m, const struct arrival *a)
{
    struct decoded quoted;
    struct flow_key key;
    struct flow *f;
    unsigned from;

    if (!icmp_quoted(&a->d, &quoted) || !flow_key_make(&quoted, &key, &from))
        return;
    key.more ^= a->d.tunnel_tag;
    f = flow_table_get(&m->table, &key, flow_key_hash(&key, m->table.seed));
    if (f == NULL || timer_is_over(&m->timers, f, a->time_ns))
        return;
    argus_tell(f, a->time_ns);
    f->told_type = a->d.icmp_type;
    f->told_code = a->d.icmp_code;
}

static void add_to_flow(struct lw_meter *m, struct flow *f, const struct arrival *a)
{
    note_stats(m, f, a);
    flow_account(f, &a->d, a->from, a->time_ns);
    if (histories_kept(&m->histories))
        histories_add(&m->histories, f, &a->d, a->from, a->time_ns);
    if (streams_kept(&m->streams) && !flow_is_unheard(f))
        streams_add(&m->streams, f, &a->d, a->from);
    note_answer(m, f, a->from);
    note_close(m, f, &a->d);
    if (m->cuts == LW_CUTS_ARGUS && flow_kind(f) == LW_FLOW_ICMP)
        tell_quoted(m, a);
}

/* The packet's flow, or NULL when it is in none. */
static struct flow *add_decoded(struct lw_meter *m, struct arrival *a,
                                const struct sink *to)
{
    struct flow *f;

    if (!a->has_key) {
        m->stats.not_in_flows++;
        return NULL;
    }
    f = find_flow(m, a, to);
    add_to_flow(m, f, a);
    m->stats.in_flows++;
    return f;
}

/* ---- fragments and tunnels: packets that are more than one ----------------------- */

/* One level of a packet.  Its flow, or NULL when it belongs to none. */
static struct flow *add_level(struct lw_meter *m, const struct decoded *d,
                              int64_t time_ns, const struct sink *to)
{
    struct arrival a = {.d = *d, .time_ns = time_ns};
    struct flow *f;

    arrival_make_key(m, &a);
    if (!a.has_key)
        return NULL;
    f = d->is_fragment ? find_flow_of_fragment(m, &a, to) : find_flow(m, &a, to);
    if (d->overlaps && f->overlapping[a.from] < UINT16_MAX)
        f->overlapping[a.from]++;
    add_to_flow(m, f, &a);
    return f;
}

static void note_levels(struct lw_meter *m, const struct levels *l)
{
    if (l->n > 1)
        m->stats.tunnelled++;
    if (l->too_deep)
        m->stats.tunnels_too_deep++;
    if (l->end == DECODE_TRUNCATED)
        m->stats.inner_truncated++;
    if (l->end == DECODE_MALFORMED)
        m->stats.inner_malformed++;
}

/* The flow of the first level that counts, or NULL. */
static struct flow *add_levels(struct lw_meter *m, const struct decoded *d,
                               int64_t time_ns, const struct sink *to)
{
    struct levels l;
    unsigned first;
    struct flow *f;

    l.at[0] = *d;
    levels_follow(&l, &m->reassembly, time_ns, m->tunnels != LW_TUNNEL_MODE_OUTER);
    note_levels(m, &l);
    first = m->tunnels == LW_TUNNEL_MODE_INNER ? l.n - 1 : 0;
    f = add_level(m, &l.at[first], time_ns, to);
    if (f != NULL)
        m->stats.in_flows++;
    else
        m->stats.not_in_flows++;
    for (unsigned i = first + 1; i < l.n; i++) {
        if (add_level(m, &l.at[i], time_ns, to) != NULL)
            m->stats.inner_in_flows++;
    }
    return f;
}

/* ---- packets ------------------------------------------------------------------------
 */

/* The flow of a plain packet that adds to its totals and does nothing else; it is
 * counted.  NULL, with nothing done: the general way is needed. */
static inline struct flow *add_plain(struct lw_meter *m, const struct arrival *a)
{
    struct flow *f = a->likely;

    if (f == NULL || !flow_key_equal_plain(&f->key, &a->key))
        f = flow_table_get(&m->table, &a->key, a->hash);
    if (f == NULL || timer_is_over(&m->timers, f, a->time_ns) ||
        is_status_due(m, f, a->time_ns) || is_answer(f, a->from) ||
        (streams_kept(&m->streams) && !flow_is_unheard(f)) ||
        !flow_account_plain(f, &a->plain, a->from, a->time_ns))
        return NULL;
    note_stats_plain(m, f, a);
    f->flags |= FLOW_TOUCHED;
    m->stats.seen++;
    m->stats.decoded++;
    m->stats.in_flows++;
    return f;
}

/* By the general way. */
__attribute__((noinline)) static struct flow *
add_any(struct lw_meter *m, struct arrival *a, const struct sink *to)
{
    m->stats.seen++;
    switch (a->d.outcome) {
    case DECODE_OK:
        m->stats.decoded++;
        if ((unsigned)m->tunnels | a->d.is_fragment)
            return add_levels(m, &a->d, a->time_ns, to);
        return add_decoded(m, a, to);
    case DECODE_TRUNCATED:
        m->stats.truncated++;
        break;
    case DECODE_UNSUPPORTED:
        if (m->stats.unsupported++ == 0)
            m->stats.unsupported_link_type = a->link_type;
        break;
    case DECODE_MALFORMED:
        m->stats.malformed++;
        break;
    }
    return NULL;
}

static struct flow *add_arrival(struct lw_meter *m, struct arrival *a,
                                const struct sink *to)
{
    struct flow *f;

    a->time_ns = advance(m, a->time_ns, to);
    if (a->is_pause)
        return NULL;
    if (a->is_plain) {
        f = add_plain(m, a);
        if (f != NULL)
            return f;
        decode_plain(&a->plain, &a->d);
    }
    return add_any(m, a, to);
}

/* ---- packets in batches
 * ---------------------------------------------------------------
 *
 * Memory answers late.  While a part of a batch is added, the flows of the next part
 * are on their way, and the places in the index that lead to the flows of the part
 * after that. */

struct part {
    struct arrival *as;
    size_t n;
};

PREFETCHES static inline void fetch_slots(const struct lw_meter *m, struct part p)
{
    for (size_t i = 0; i < p.n; i++) {
        if (p.as[i].has_key)
            flow_table_prefetch_slot(&m->table, p.as[i].hash);
    }
}

PREFETCHES static inline void fetch_flows(const struct lw_meter *m, struct part p)
{
    for (size_t i = 0; i < p.n; i++) {
        struct arrival *a = &p.as[i];

        if (a->has_key)
            a->likely = flow_table_prefetch_flow(&m->table, a->hash, a->from);
    }
}

static void add_part(struct lw_meter *m, struct part p, const struct sink *to)
{
    for (size_t i = 0; i < p.n; i++)
        (void)add_arrival(m, &p.as[i], to);
}

static struct part part_of(struct arrival *as, size_t n, size_t at)
{
    size_t left = at < n ? n - at : 0;

    return (struct part){as + (n - left), left < PART ? left : PART};
}

void meter_add_arrivals(struct lw_meter *m, struct arrival *as, size_t n,
                        lw_record_fn fn, void *ctx)
{
    const struct sink to = {fn, ctx};

    fetch_slots(m, part_of(as, n, 0));
    fetch_slots(m, part_of(as, n, PART));
    fetch_flows(m, part_of(as, n, 0));
    for (size_t at = 0; at < n; at += PART) {
        fetch_slots(m, part_of(as, n, at + 2 * PART));
        fetch_flows(m, part_of(as, n, at + PART));
        add_part(m, part_of(as, n, at), &to);
    }
}

/* Three parts at a time are enough, and stay in the first cache. */
void lw_meter_add_batch(struct lw_meter *m, const struct lw_packet *pkts, size_t n,
                        lw_record_fn fn, void *ctx)
{
    const struct sink to = {fn, ctx};
    struct arrival as[3][PART];
    struct part parts[3] = {{as[0], 0}, {as[1], 0}, {as[2], 0}};

    /* Two turns more than there are packets for, to add what is on its way. */
    for (size_t at = 0; at < n + 2 * PART; at += PART) {
        struct part *new = &parts[at / PART % 3];
        size_t left = at < n ? n - at : 0;

        new->n = left < PART ? left : PART;
        if (new->n > 0)
            meter_prepare(m, pkts + at, new->n, new->as);
        fetch_slots(m, *new);
        fetch_flows(m, parts[(at / PART + 2) % 3]);
        add_part(m, parts[(at / PART + 1) % 3], &to);
        parts[(at / PART + 1) % 3].n = 0;
    }
}

uint64_t lw_meter_add(struct lw_meter *m, const struct lw_packet *pkt, lw_record_fn fn,
                      void *ctx)
{
    const struct sink to = {fn, ctx};
    struct arrival a;
    const struct flow *f;

    meter_prepare(m, pkt, 1, &a);
    f = add_arrival(m, &a, &to);
    return f != NULL ? f->id : 0;
}

/* In the order of the lists, which is near that of the last packets. */
static void flush_unsorted(struct lw_meter *m, const struct sink *to)
{
    for (unsigned i = 0; i < 2; i++) {
        while (m->ages[i].head != FLOW_NONE)
            end_flow(m, flow_at(&m->table, m->ages[i].head), LW_END_FLUSH, to);
    }
}

/* Sorting does not look at flows: by last packet, then by id. */
static void collect_last_packets(const struct lw_meter *m, struct radix_item *out)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < m->table.n_made; i++) {
        const struct flow *f = flow_at(&m->table, i);

        if (!flow_is_free(f))
            out[n++] =
                (struct radix_item){(uint64_t)(f->last_ns - TIME_MIN_NS), f->id, i};
    }
    LW_ASSERT(n == m->table.n_flows);
}

/* All are gone: nothing of them is taken out one by one. */
static void forget_flows(struct lw_meter *m)
{
    flow_table_clear(&m->table);
    timers_clear(&m->timers);
    flow_list_init(&m->ages[0]);
    flow_list_init(&m->ages[1]);
    fragments_release(&m->fragments);
    fragments_init(&m->fragments);
}

void lw_meter_flush(struct lw_meter *m, lw_record_fn fn, void *ctx)
{
    const struct sink to = {fn, ctx};
    const uint32_t n = m->table.n_flows;
    struct radix_item *order = mem_alloc(2 * n * sizeof *order);

    if (order == NULL) {
        /* Records matter more than their order. */
        flush_unsorted(m, &to);
        return;
    }
    collect_last_packets(m, order);
    radix_sort(order, order + n, n);
    for (uint32_t i = 0; i < n; i++) {
        const struct flow *f = flow_at(&m->table, order[i].value);

        if (i + FLUSH_AHEAD < n)
            prefetch_lines(flow_at(&m->table, order[i + FLUSH_AHEAD].value),
                           sizeof(struct flow));
        if (i + REST_AHEAD < n)
            prefetch_rest(m, flow_at(&m->table, order[i + REST_AHEAD].value));
        report_last(m, f, f->flags & FLOW_CLOSED ? LW_END_CLOSED : LW_END_FLUSH, &to);
    }
    forget_flows(m);
    mem_free(order);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * feature/flow_row.c - a flow record with statistics as a row of the flow view.
 *
 * The statistics are borrowed, and large: they become numbers as soon as the record
 * comes, and only these wait for older records.  When the row's turn has come, what its
 * hosts did lately is added (flow_past.c).
 */
#include "base/lru_table.h"
#include "base/mem.h"
#include "feature/extract_priv.h"
#include "feature/flow_clear.h"
#include "feature/flow_names.h"
#include "feature/flow_past.h"
#include "feature/head.h"
#include "feature/netflow_names.h"

#include <lapwing/flow_stats.h>

#include <math.h>
#include <string.h>

enum { MAX_HOSTS = 65536, MAX_CONTACTS = 262144 };

/* Bits of tcp_flags. */
enum { FIN, SYN, RST, PSH, ACK, URG, ECE, CWR };

/* The columns of one direction. */
struct columns {
    uint8_t packets, length, rate;
    uint8_t len_max, len_min, len_mean, len_std, len_skew;
    uint8_t header, data;
    uint8_t iat_total, iat_mean, iat_std, iat_max, iat_min;
    uint8_t bulk_bytes, bulk_packets, bulk_rate;
    uint8_t subflow_packets, subflow_bytes;
    uint8_t fin, syn, rst, psh, urg;
    uint8_t window, window_min, window_max, zero_windows;
    uint8_t duplicate_acks;
    uint8_t entropy, printable;
};

#define COLUMNS(d, packets_, length_, window_, data_)                                  \
    {                                                                                  \
        .packets = packets_, .length = length_, .rate = FLOW_##d##_packets_s,          \
        .len_max = FLOW_##d##_packet_length_max,                                       \
        .len_min = FLOW_##d##_packet_length_min,                                       \
        .len_mean = FLOW_##d##_packet_length_mean,                                     \
        .len_std = FLOW_##d##_packet_length_std,                                       \
        .len_skew = FLOW_##d##_packet_length_skew, .header = FLOW_##d##_header_length, \
        .data = data_, .iat_total = FLOW_##d##_iat_total,                              \
        .iat_mean = FLOW_##d##_iat_mean, .iat_std = FLOW_##d##_iat_std,                \
        .iat_max = FLOW_##d##_iat_max, .iat_min = FLOW_##d##_iat_min,                  \
        .bulk_bytes = FLOW_##d##_avg_bytes_bulk,                                       \
        .bulk_packets = FLOW_##d##_avg_packets_bulk,                                   \
        .bulk_rate = FLOW_##d##_avg_bulk_rate,                                         \
        .subflow_packets = FLOW_subflow_##d##_packets,                                 \
        .subflow_bytes = FLOW_subflow_##d##_bytes, .fin = FLOW_##d##_fin_flags,        \
        .syn = FLOW_##d##_syn_flags, .rst = FLOW_##d##_rst_flags,                      \
        .psh = FLOW_##d##_psh_flags, .urg = FLOW_##d##_urg_flags, .window = window_,   \
        .window_min = FLOW_##d##_window_min, .window_max = FLOW_##d##_window_max,      \
        .zero_windows = FLOW_##d##_zero_windows,                                       \
        .duplicate_acks = FLOW_##d##_duplicate_acks, .entropy = FLOW_##d##_entropy,    \
        .printable = FLOW_##d##_printable                                              \
    }

static const struct columns forward =
    COLUMNS(fwd, FLOW_total_fwd_packets, FLOW_total_length_of_fwd_packets,
            FLOW_init_win_bytes_forward, FLOW_act_data_pkt_fwd);
static const struct columns backward =
    COLUMNS(bwd, FLOW_total_backward_packets, FLOW_total_length_of_bwd_packets,
            FLOW_init_win_bytes_backward, FLOW_act_data_pkt_bwd);

static float us(double ns)
{
    return (float)(ns * 1e-3);
}

/* A quotient, missing where it is not defined. */
static float per(double part, double whole)
{
    return whole > 0 ? (float)(part / whole) : NAN;
}

/* ---- of the record -------------------------------------------------------------- */

/* NaN for what the record's source does not say. */
static double known(const struct lw_record *rec, uint32_t lack, uint64_t value)
{
    return rec->lacks & lack ? (double)NAN : (double)value;
}

static inline void fill_counts(const struct lw_record *rec, unsigned side,
                               const struct columns *c, double seconds, float *v)
{
    const struct lw_side *s = &rec->side[side];
    double packets = known(rec, LW_LACKS_SIDE_PACKETS, s->packets);

    v[c->packets] = (float)packets;
    v[c->length] = (float)known(rec, LW_LACKS_PAYLOAD, s->payload_bytes);
    v[c->rate] = per(packets, seconds);
}

static void fill_record(const struct lw_record *rec, float *v)
{
    const unsigned from = lw_record_initiator(rec);
    const struct lw_side *fwd = &rec->side[from];
    const struct lw_side *bwd = &rec->side[1 - from];
    double ns = known(rec, LW_LACKS_DURATION, (uint64_t)(rec->end_ns - rec->start_ns));
    double seconds = ns * 1e-9;

    v[FLOW_protocol] = (float)netflow_protocol_of(rec);
    v[FLOW_service] = (float)netflow_service_of(rec);
    if (rec->kind != LW_FLOW_TCP || !(rec->lacks & LW_LACKS_FLAGS))
        v[FLOW_conn_state] = (float)rec->conn;
    v[FLOW_flow_duration] = us(ns);
    fill_counts(rec, from, &forward, seconds, v);
    fill_counts(rec, 1 - from, &backward, seconds, v);
    v[FLOW_flow_bytes_s] = per(
        known(rec, LW_LACKS_PAYLOAD, fwd->payload_bytes + bwd->payload_bytes), seconds);
    v[FLOW_flow_packets_s] =
        per(known(rec, LW_LACKS_PACKETS, fwd->packets + bwd->packets), seconds);
    v[FLOW_down_up_ratio] =
        per((double)v[FLOW_total_backward_packets], (double)v[FLOW_total_fwd_packets]);
}

/* What only the meter tells, though it does not take statistics. */
static void fill_metered(const struct lw_record *rec, unsigned from, float *v)
{
    const struct lw_side *fwd = &rec->side[from];
    const struct lw_side *bwd = &rec->side[1 - from];

    v[FLOW_interim] = rec->end_reason == LW_END_STATUS ? 1.0F : 0.0F;
    v[FLOW_fwd_retransmitted] = (float)fwd->retransmitted;
    v[FLOW_bwd_retransmitted] = (float)bwd->retransmitted;
    if (fwd->has_ip)
        v[FLOW_fwd_ttl] = (float)fwd->ttl;
    if (bwd->has_ip)
        v[FLOW_bwd_ttl] = (float)bwd->ttl;
    v[FLOW_wrong_fragments] = (float)(fwd->bad_fragments + bwd->bad_fragments);
    v[FLOW_overlapping_fragments] =
        (float)(fwd->overlapping_fragments + bwd->overlapping_fragments);
}

/* ---- of the statistics ---------------------------------------------------------- */

static inline void fill_lengths(const struct lw_side_stats *s, const struct columns *c,
                                float *v)
{
    v[c->header] = (float)s->header_bytes;
    v[c->data] = (float)s->data_packets;
    if (s->payload.n == 0)
        return;
    v[c->len_max] = (float)s->payload.max_bytes;
    v[c->len_min] = (float)s->payload.min_bytes;
    v[c->len_mean] = (float)lw_length_mean(&s->payload);
    v[c->len_std] = (float)sqrt(lw_length_variance(&s->payload));
    v[c->len_skew] = (float)lw_length_skewness(&s->payload, s->payload_cubes);
}

/* max, min, mean and std in this order of arguments; `none` where there is no time. */
static inline void fill_times(const struct lw_time_stats *s, float none, float *max,
                              float *min, float *mean, float *std)
{
    if (s->n == 0) {
        *max = *min = *mean = *std = none;
        return;
    }
    *max = us((double)s->max_ns);
    *min = us((double)s->min_ns);
    *mean = us(s->mean_ns);
    *std = us(sqrt(lw_time_variance(s)));
}

static inline void fill_bulks(const struct lw_side_stats *s, const struct columns *c,
                              double subflows, float *v)
{
    const struct lw_bulk_stats *b = &s->bulk;

    v[c->bulk_bytes] = b->n == 0 ? 0 : per((double)b->payload_bytes, (double)b->n);
    v[c->bulk_packets] = b->n == 0 ? 0 : per((double)b->packets, (double)b->n);
    v[c->bulk_rate] =
        b->n == 0 ? 0 : per((double)b->payload_bytes, (double)b->duration_ns * 1e-9);
    v[c->subflow_packets] = per((double)s->payload.n, subflows);
    v[c->subflow_bytes] = per((double)s->payload.sum_bytes, subflows);
}

static inline void fill_tcp(const struct lw_side_stats *s, const struct columns *c,
                            float *v)
{
    v[c->fin] = (float)s->tcp_flags[FIN];
    v[c->syn] = (float)s->tcp_flags[SYN];
    v[c->rst] = (float)s->tcp_flags[RST];
    v[c->psh] = (float)s->tcp_flags[PSH];
    v[c->urg] = (float)s->tcp_flags[URG];
    v[c->zero_windows] = (float)s->zero_windows;
    v[c->duplicate_acks] = (float)s->duplicate_acks;
    if (!s->has_window)
        return;
    v[c->window] = (float)s->first_window;
    v[c->window_min] = (float)s->min_window;
    v[c->window_max] = (float)s->max_window;
}

static inline void fill_side(const struct lw_flow_stats *stats, unsigned side,
                             const struct columns *c, float *v)
{
    const struct lw_side_stats *s = &stats->side[side];
    const struct lw_flow_start *start = &stats->start;

    fill_lengths(s, c, v);
    if (s->gap.n > 0)
        v[c->iat_total] = us((double)s->gap.sum_ns);
    fill_times(&s->gap, NAN, &v[c->iat_max], &v[c->iat_min], &v[c->iat_mean],
               &v[c->iat_std]);
    fill_bulks(s, c, (double)stats->subflows, v);
    fill_tcp(s, c, v);
    v[c->entropy] = head_entropy(start->head[side], start->n_head[side]);
    v[c->printable] = head_printable(start->head[side], start->n_head[side]);
}

static void fill_both(const struct lw_flow_stats *s, unsigned from, float *v)
{
    static const uint8_t columns[LW_N_TCP_FLAGS] = {
        FLOW_fin_flag_count, FLOW_syn_flag_count, FLOW_rst_flag_count,
        FLOW_psh_flag_count, FLOW_ack_flag_count, FLOW_urg_flag_count,
        FLOW_ece_flag_count, FLOW_cwe_flag_count};
    struct lw_length_stats all = s->side[0].payload;

    lw_length_stats_merge(&all, &s->side[1].payload);
    v[FLOW_min_packet_length] = (float)all.min_bytes;
    v[FLOW_max_packet_length] = (float)all.max_bytes;
    v[FLOW_packet_length_mean] = (float)lw_length_mean(&all);
    v[FLOW_packet_length_std] = (float)sqrt(lw_length_variance(&all));
    if (s->side[from].min_header_bytes > 0)
        v[FLOW_min_seg_size_forward] = (float)s->side[from].min_header_bytes;
    fill_times(&s->gap, NAN, &v[FLOW_flow_iat_max], &v[FLOW_flow_iat_min],
               &v[FLOW_flow_iat_mean], &v[FLOW_flow_iat_std]);
    fill_times(&s->active, 0, &v[FLOW_active_max], &v[FLOW_active_min],
               &v[FLOW_active_mean], &v[FLOW_active_std]);
    fill_times(&s->idle, 0, &v[FLOW_idle_max], &v[FLOW_idle_min], &v[FLOW_idle_mean],
               &v[FLOW_idle_std]);
    for (unsigned i = 0; i < LW_N_TCP_FLAGS; i++)
        v[columns[i]] = (float)(s->side[0].tcp_flags[i] + s->side[1].tcp_flags[i]);
}

/* ---- how it began --------------------------------------------------------------- */

static void fill_start(const struct lw_flow_start *start, unsigned from, float *v)
{
    int64_t first_ns[2] = {-1, -1};

    for (unsigned i = 0; i < start->n_packets; i++) {
        const struct lw_first_packet *p = &start->packet[i];
        float bytes = (float)p->ip_bytes;

        v[FLOW_packet_1 + i] = p->from == from ? bytes : -bytes;
        if (first_ns[p->from] < 0)
            first_ns[p->from] = p->offset_ns;
    }
    if (first_ns[0] >= 0 && first_ns[1] >= 0) {
        int64_t delay_ns = first_ns[1 - from] - first_ns[from];

        v[FLOW_response_delay] = delay_ns > 0 ? us((double)delay_ns) : 0.0F;
    }
}

static void flow_take(const struct lw_record *rec, float *own)
{
    const struct lw_flow_stats *s = rec->stats;
    const unsigned from = lw_record_initiator(rec);

    for (unsigned i = 0; i < N_FLOW_OWN; i++)
        own[i] = NAN;
    fill_record(rec, own);
    if (s == NULL)
        return;
    fill_metered(rec, from, own);
    flow_clear_fill(rec, own);
    own[FLOW_rows_before] = (float)s->start.records;
    own[FLOW_flow_age] = us((double)(rec->end_ns - s->start.start_ns));
    fill_side(s, from, &forward, own);
    fill_side(s, 1 - from, &backward, own);
    fill_both(s, from, own);
    fill_start(&s->start, from, own);
}

/* ---- what the hosts did lately -------------------------------------------------- */

static void fill_past(float *v, const struct decayed *d)
{
    memcpy(v, d->v, sizeof d->v);
}

/* Where nothing is left of any flow there is no share of them. */
static void fill_share(float *v, const struct decayed *part,
                       const struct decayed *whole)
{
    for (unsigned i = 0; i < DECAY_N; i++)
        v[i] = whole->v[i] > 0 ? part->v[i] / whole->v[i] : NAN;
}

static void fill_hosts(const struct flow_hosts *h, float *v)
{
    for (unsigned i = N_FLOW_OWN; i < N_FLOW; i++)
        v[i] = NAN;
    if (h->source != NULL) {
        fill_past(v + FLOW_src_flows_1s, &h->source->flows);
        fill_past(v + FLOW_src_bytes_1s, &h->source->bytes);
        fill_share(v + FLOW_src_failed_1s, &h->source->failed, &h->source->flows);
        fill_past(v + FLOW_src_peers_1s, &h->source->peers.n);
        fill_past(v + FLOW_src_new_peers_1s, &h->source->peers.new);
        fill_past(v + FLOW_src_ports_1s, &h->source->ports.n);
    }
    if (h->destination != NULL) {
        fill_past(v + FLOW_dst_flows_1s, &h->destination->flows);
        fill_past(v + FLOW_dst_bytes_1s, &h->destination->bytes);
        fill_share(v + FLOW_dst_failed_1s, &h->destination->failed,
                   &h->destination->flows);
        fill_past(v + FLOW_dst_peers_1s, &h->destination->peers.n);
        fill_past(v + FLOW_dst_new_peers_1s, &h->destination->peers.new);
        fill_past(v + FLOW_dst_ports_1s, &h->destination->ports.n);
    }
    if (h->service != NULL) {
        fill_past(v + FLOW_srv_flows_1s, &h->service->flows);
        fill_past(v + FLOW_srv_bytes_1s, &h->service->bytes);
        fill_share(v + FLOW_srv_failed_1s, &h->service->failed, &h->service->flows);
        fill_past(v + FLOW_srv_peers_1s, &h->service->peers.n);
        fill_past(v + FLOW_srv_new_peers_1s, &h->service->peers.new);
    }
}

static void flow_fetch(void *state, const struct lw_record *rec, unsigned step)
{
    flow_past_fetch(state, rec, step);
}

static void flow_make(void *state, const struct lw_record *rec, const float *own,
                      float *values)
{
    struct flow_hosts hosts;

    memcpy(values, own, N_FLOW_OWN * sizeof *own);
    flow_past_add(state, rec, own[FLOW_rows_before] > 0, &hosts);
    fill_hosts(&hosts, values);
}

static enum lw_status flow_begin(void **state, const struct lw_extractor_config *cfg)
{
    struct flow_past *p = mem_alloc(sizeof *p);

    if (p == NULL ||
        !flow_past_init(p, cfg->max_hosts == 0 ? MAX_HOSTS : cfg->max_hosts,
                        cfg->max_contacts == 0 ? MAX_CONTACTS : cfg->max_contacts)) {
        mem_free(p);
        return LW_ENOMEM;
    }
    *state = p;
    return LW_OK;
}

static void flow_end(void *state)
{
    flow_past_release(state);
    mem_free(state);
}

static void flow_get_stats(const void *state, struct lw_extractor_stats *out)
{
    const struct flow_past *p = state;
    const struct lru_table *tables[] = {p->sources, p->destinations, p->services};

    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++) {
        out->hosts += lru_table_count(tables[i]);
        out->hosts_forgotten += lru_table_forgotten(tables[i]);
    }
    out->contacts_forgotten = p->seen.forgotten;
    out->contact_memory_ns = p->seen.least_lost_ns;
}

const struct row_maker flow_rows = {
    .view = "flow",
    .n_columns = N_FLOW,
    .n_own = N_FLOW_OWN,
    .in_order = true,
    .begin = flow_begin,
    .end = flow_end,
    .get_stats = flow_get_stats,
    .take = flow_take,
    .fetch = flow_fetch,
    .make = flow_make,
};

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * feature/kdd_row.c - a flow as a connection of KDD Cup 1999.
 *
 * One row per record.  For the view, the meter is told not to cut long connections in
 * pieces, and to make a flow of each message of ICMP (view_needs.c): the data set knows
 * no ICMP flows, all of its 283,602 ICMP rows have duration 0 and no answer, and in a
 * flood each echo reply is a row of 1,032 bytes.
 *
 * Records that come from elsewhere may have several messages.  They are one row, of
 * their average message, and enter the windows once for each message of their last two
 * seconds.
 *
 * The content of a connection is read by kdd_content.c while it goes on; what came of
 * it is taken on the way in, as it does not wait with the record.
 */
#include "base/hash.h"
#include "base/mem.h"
#include "base/timefmt.h"
#include "feature/extract_priv.h"
#include "feature/kdd_content.h"
#include "feature/kdd_record.h"
#include "feature/kdd_service.h"
#include "feature/kdd_window.h"

#include <math.h>
#include <string.h>

enum {
    ICMP_HEADER_BYTES = 8,
    N_CONTENT = KDD_is_guest_login - KDD_hot + 1 /* features */
};

/* The states that the data set lacks have seen no SYN: OTH. */
static const uint8_t flag_of_conn[LW_N_CONNS] = {
    [LW_CONN_NONE] = KDD_FLAG_SF,   [LW_CONN_S0] = KDD_FLAG_S0,
    [LW_CONN_S1] = KDD_FLAG_S1,     [LW_CONN_SF] = KDD_FLAG_SF,
    [LW_CONN_REJ] = KDD_FLAG_REJ,   [LW_CONN_S2] = KDD_FLAG_S2,
    [LW_CONN_S3] = KDD_FLAG_S3,     [LW_CONN_RSTO] = KDD_FLAG_RSTO,
    [LW_CONN_RSTR] = KDD_FLAG_RSTR, [LW_CONN_RSTOS0] = KDD_FLAG_RSTOS0,
    [LW_CONN_RSTRH] = KDD_FLAG_OTH, [LW_CONN_SH] = KDD_FLAG_SH,
    [LW_CONN_SHR] = KDD_FLAG_OTH,   [LW_CONN_OTH] = KDD_FLAG_OTH,
};

/* The originator reset what the responder was not heard in: RSTOS0 in Bro, from which
 * the data set's flags come, whether there was a SYN or not.  Zeek's conn_state now
 * asks for the SYN, and is OTH without. */
static enum kdd_flag flag_of(const struct lw_record *rec)
{
    if (rec->conn == LW_CONN_OTH &&
        rec->side[lw_record_initiator(rec)].tcp_flags & LW_TCP_RST)
        return KDD_FLAG_RSTOS0;
    return (enum kdd_flag)flag_of_conn[rec->conn];
}

static const enum kdd_error error_of_flag[N_KDD_FLAGS] = {
#define FLAG_ERROR(name, error) error,
    KDD_FLAG_LIST(FLAG_ERROR)
#undef FLAG_ERROR
};

static bool is_icmp(const struct lw_record *rec)
{
    return rec->kind == LW_FLOW_ICMP || rec->kind == LW_FLOW_ICMP6;
}

static bool kdd_has_row(const struct lw_record *rec)
{
    return rec->kind == LW_FLOW_TCP || rec->kind == LW_FLOW_UDP || is_icmp(rec);
}

static bool is_land(const struct lw_record *rec)
{
    return memcmp(&rec->addr[0], &rec->addr[1], sizeof rec->addr[0]) == 0 &&
           rec->port[0] == rec->port[1];
}

/* Of an ICMP flow, the average message with its header; whole bytes. */
static float share_of_message(float bytes, uint64_t messages)
{
    float mean = truncf(bytes / (float)(messages == 0 ? 1 : messages));

    return mean + (float)ICMP_HEADER_BYTES;
}

static enum kdd_protocol protocol_of(const struct lw_record *rec)
{
    if (rec->kind == LW_FLOW_TCP)
        return KDD_PROTOCOL_TCP;
    return rec->kind == LW_FLOW_UDP ? KDD_PROTOCOL_UDP : KDD_PROTOCOL_ICMP;
}

/* The index of the connection's source.  An answer of ICMP is a connection of its own,
 * from who answers; a record that has nothing else is that. */
static unsigned source_of(const struct lw_record *rec)
{
    unsigned from = lw_record_initiator(rec);

    return is_icmp(rec) && !lw_record_heard(rec, from) ? 1 - from : from;
}

static void fill_basic(const struct lw_record *rec, enum kdd_service service, float *v)
{
    unsigned from = source_of(rec);
    const struct lw_side *src = &rec->side[from];
    const struct lw_side *dst = &rec->side[1 - from];
    int64_t whole_seconds = (rec->end_ns - rec->start_ns) / NS_PER_S;

    v[KDD_duration] = rec->lacks & LW_LACKS_DURATION ? NAN : (float)whole_seconds;
    v[KDD_protocol_type] = (float)protocol_of(rec);
    v[KDD_service] = (float)service;
    v[KDD_flag] = rec->kind == LW_FLOW_TCP && rec->conn == LW_CONN_NONE
                      ? NAN
                      : (float)flag_of(rec);
    v[KDD_src_bytes] = kdd_payload(rec, from);
    v[KDD_dst_bytes] = kdd_payload(rec, 1 - from);
    if (is_icmp(rec)) {
        v[KDD_duration] = 0;
        v[KDD_src_bytes] = share_of_message(v[KDD_src_bytes], kdd_messages(rec, from));
        v[KDD_dst_bytes] = 0;
    }
    v[KDD_land] = is_land(rec) ? 1.0f : 0.0f;
    v[KDD_wrong_fragment] = NAN;
    v[KDD_urgent] = NAN;
    if (rec->lacks & LW_LACKS_DETAIL)
        return;
    v[KDD_wrong_fragment] =
        (float)(src->bad_fragments + dst->bad_fragments + src->overlapping_fragments +
                dst->overlapping_fragments);
    v[KDD_urgent] = (float)(src->urgent + dst->urgent);
}

/* As the data set was printed: the quotient in single precision, to two decimals, ties
 * to even.  Its 5 / 8 is 0.62, and its 13 / 40 is 0.32, which in double precision would
 * round to 0.33. */
static float rate(uint16_t part, uint16_t whole)
{
    float quotient = (float)part / (float)whole;

    return (float)(rint((double)quotient * 100.0) / 100.0);
}

/* Different ones, itself included, per connection; the data set has 0 where there is
 * only one: 2 connections to 2 services show 1.00. */
static float diff_rate(uint16_t different, uint16_t whole)
{
    return different > 1 ? rate(different, whole) : 0.0f;
}

static void fill_in_time(const struct kdd_counts *c, float *v)
{
    v[KDD_count] = c->host;
    v[KDD_srv_count] = c->service;
    v[KDD_serror_rate] = rate(c->host_error[KDD_ERROR_SYN], c->host);
    v[KDD_srv_serror_rate] = rate(c->service_error[KDD_ERROR_SYN], c->service);
    v[KDD_rerror_rate] = rate(c->host_error[KDD_ERROR_REJ], c->host);
    v[KDD_srv_rerror_rate] = rate(c->service_error[KDD_ERROR_REJ], c->service);
    v[KDD_same_srv_rate] = rate(c->both, c->host);
    v[KDD_diff_srv_rate] = diff_rate(c->n_services, c->host);
    v[KDD_srv_diff_host_rate] = diff_rate(c->n_hosts, c->service);
}

static void fill_in_host(const struct kdd_counts *c, float *v)
{
    v[KDD_dst_host_count] = c->host;
    v[KDD_dst_host_srv_count] = c->service;
    v[KDD_dst_host_same_srv_rate] = rate(c->both, c->host);
    v[KDD_dst_host_diff_srv_rate] = diff_rate(c->n_services, c->host);
    v[KDD_dst_host_same_src_port_rate] = rate(c->same_port, c->host);
    v[KDD_dst_host_srv_diff_host_rate] = diff_rate(c->n_hosts, c->service);
    v[KDD_dst_host_serror_rate] = rate(c->host_error[KDD_ERROR_SYN], c->host);
    v[KDD_dst_host_srv_serror_rate] = rate(c->service_error[KDD_ERROR_SYN], c->service);
    v[KDD_dst_host_rerror_rate] = rate(c->host_error[KDD_ERROR_REJ], c->host);
    v[KDD_dst_host_srv_rerror_rate] = rate(c->service_error[KDD_ERROR_REJ], c->service);
}

/* How many connections of the data set the record stands for, as far as they can be in
 * the time window: one, or an ICMP flow's messages of its last two seconds, evenly
 * spread over its duration. */
static uint64_t n_connections(const struct lw_record *rec)
{
    uint64_t messages = kdd_messages(rec, source_of(rec));
    double seconds = (double)(rec->end_ns - rec->start_ns) / (double)NS_PER_S;
    double window = (double)KDD_TIME_WINDOW_NS / (double)NS_PER_S;

    if (!is_icmp(rec) || messages < 2)
        return 1;
    if (seconds > window)
        messages = 1 + (uint64_t)((double)(messages - 1) * window / seconds);
    return messages < KDD_TIME_WINDOW_CONNS ? messages : KDD_TIME_WINDOW_CONNS;
}

static void kdd_make_row(void *state, const struct lw_record *rec, const float *own,
                         float *values)
{
    struct kdd_windows *w = state;
    unsigned from = source_of(rec);
    struct kdd_service_id service = kdd_service_of(rec);
    struct kdd_conn conn = {
        .dst = rec->addr[1 - from],
        .end_ns = rec->end_ns,
        .service_key = service.key,
        .src_port = rec->port[from],
        .error = error_of_flag[flag_of(rec)],
    };
    struct kdd_counts counts;

    for (uint64_t n = n_connections(rec); n > 0; n--)
        kdd_windows_add(w, &conn);
    fill_basic(rec, service.code, values);
    memcpy(values + KDD_hot, own, N_CONTENT * sizeof *own);
    kdd_windows_count(w, &w->in_time, &counts);
    fill_in_time(&counts, values);
    kdd_windows_count(w, &w->in_host, &counts);
    fill_in_host(&counts, values);
}

static void kdd_take(const struct lw_record *rec, float *own)
{
    float values[N_KDD];

    kdd_content_values(rec->tapped, rec, values);
    memcpy(own, values + KDD_hot, N_CONTENT * sizeof *own);
}

static enum lw_status kdd_begin(void **state, const struct lw_extractor_config *cfg)
{
    struct kdd_windows *w = mem_alloc(sizeof *w);

    (void)cfg;
    if (w == NULL)
        return LW_ENOMEM;
    kdd_windows_init(w, hash_random_seed());
    *state = w;
    return LW_OK;
}

const struct row_maker kdd_rows = {
    .view = "kdd",
    .n_columns = N_KDD,
    .n_own = N_CONTENT,
    .in_order = true,
    .has_row = kdd_has_row,
    .begin = kdd_begin,
    .end = mem_free,
    .take = kdd_take,
    .make = kdd_make_row,
};

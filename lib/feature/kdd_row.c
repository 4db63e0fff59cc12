/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A flow as a KDD'99 connection.  One row per record: a flow that status intervals cut
 * in pieces gives a row for each.  An ICMP flow stands for its messages: its byte
 * count is that of the average one, with the ICMP header, as the data set counts.
 */
#include "base/assert.h"
#include "base/timefmt.h"
#include "feature/extract_priv.h"
#include "feature/kdd_service.h"
#include "feature/view_table.h"

#include <math.h>
#include <string.h>

enum { ICMP_HEADER_BYTES = 8 };

bool kdd_has_row(const struct lw_record *rec)
{
    return rec->kind == LW_FLOW_TCP || rec->kind == LW_FLOW_UDP ||
           rec->kind == LW_FLOW_ICMP || rec->kind == LW_FLOW_ICMP6;
}

static bool is_icmp(const struct lw_record *rec)
{
    return rec->kind == LW_FLOW_ICMP || rec->kind == LW_FLOW_ICMP6;
}

/* The data set has no RSTRH and SHR: midstream, as far as its states go. */
static const char *flag_name(const struct lw_record *rec)
{
    if (rec->kind != LW_FLOW_TCP)
        return "SF";
    if (rec->conn == LW_CONN_RSTRH || rec->conn == LW_CONN_SHR ||
        rec->conn == LW_CONN_NONE)
        return "OTH";
    return lw_conn_name(rec->conn);
}

static float category(enum kdd_column column, const char *name)
{
    float code = lw_feature_category(&view_kdd.features[column], name);

    LW_DEBUG_ASSERT(code >= 0);
    return code;
}

static bool is_land(const struct lw_record *rec)
{
    return memcmp(&rec->addr[0], &rec->addr[1], sizeof rec->addr[0]) == 0 &&
           rec->port[0] == rec->port[1];
}

static void fill_basic(const struct lw_record *rec, float *v)
{
    const struct lw_side *src = &rec->side[lw_record_initiator(rec)];
    const struct lw_side *dst = &rec->side[1 - lw_record_initiator(rec)];
    const char *protocol = rec->kind == LW_FLOW_TCP   ? "tcp"
                           : rec->kind == LW_FLOW_UDP ? "udp"
                                                      : "icmp";

    v[KDD_protocol_type] = category(KDD_protocol_type, protocol);
    v[KDD_service] = category(KDD_service, kdd_service_name(rec));
    v[KDD_flag] = category(KDD_flag, flag_name(rec));
    v[KDD_duration] = (float)((rec->end_ns - rec->start_ns) / NS_PER_S);
    v[KDD_src_bytes] = (float)src->payload_bytes;
    v[KDD_dst_bytes] = (float)dst->payload_bytes;
    if (is_icmp(rec)) {
        uint64_t n = src->packets == 0 ? 1 : src->packets;

        v[KDD_duration] = 0;
        v[KDD_src_bytes] = (float)(src->payload_bytes / n + ICMP_HEADER_BYTES);
        v[KDD_dst_bytes] = 0;
    }
    v[KDD_land] = is_land(rec) ? 1.0f : 0.0f;
    v[KDD_wrong_fragment] = (float)(src->bad_fragments + dst->bad_fragments);
    v[KDD_urgent] = (float)(src->urgent + dst->urgent);
}

static void fill_windows(const struct kdd_window_counts *t,
                         const struct kdd_window_counts *h, float *v)
{
    v[KDD_count] = (float)t->host;
    v[KDD_srv_count] = (float)t->service;
    v[KDD_serror_rate] = t->serror_rate;
    v[KDD_srv_serror_rate] = t->srv_serror_rate;
    v[KDD_rerror_rate] = t->rerror_rate;
    v[KDD_srv_rerror_rate] = t->srv_rerror_rate;
    v[KDD_same_srv_rate] = t->same_srv_rate;
    v[KDD_diff_srv_rate] = t->diff_srv_rate;
    v[KDD_srv_diff_host_rate] = t->srv_diff_host_rate;
    v[KDD_dst_host_count] = (float)h->host;
    v[KDD_dst_host_srv_count] = (float)h->service;
    v[KDD_dst_host_same_srv_rate] = h->same_srv_rate;
    v[KDD_dst_host_diff_srv_rate] = h->diff_srv_rate;
    v[KDD_dst_host_same_src_port_rate] = h->same_src_port_rate;
    v[KDD_dst_host_srv_diff_host_rate] = h->srv_diff_host_rate;
    v[KDD_dst_host_serror_rate] = h->serror_rate;
    v[KDD_dst_host_srv_serror_rate] = h->srv_serror_rate;
    v[KDD_dst_host_rerror_rate] = h->rerror_rate;
    v[KDD_dst_host_srv_rerror_rate] = h->srv_rerror_rate;
}

void kdd_make_row(struct kdd_windows *w, const struct lw_record *rec, float *values)
{
    unsigned from = lw_record_initiator(rec);
    struct kdd_window_counts in_time;
    struct kdd_window_counts in_host;
    struct kdd_conn conn;

    for (size_t i = 0; i < N_KDD_COLUMNS; i++)
        values[i] = NAN; /* content features stay unavailable */
    fill_basic(rec, values);
    conn = (struct kdd_conn){
        .dst = rec->addr[1 - from],
        .end_ns = rec->end_ns,
        .src_port = rec->port[from],
        .service = (uint8_t)values[KDD_service],
        .serror = rec->conn == LW_CONN_S0 || rec->conn == LW_CONN_S1 ||
                  rec->conn == LW_CONN_S2 || rec->conn == LW_CONN_S3,
        .rerror = rec->conn == LW_CONN_REJ,
    };
    kdd_windows_add(w, &conn, &in_time, &in_host);
    fill_windows(&in_time, &in_host, values);
}

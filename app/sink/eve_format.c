/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A finding as EVE events (Suricata 7: doc/userguide/output/eve/eve-json-format.rst and
 * etc/schema.json).  Field by field:
 *
 *   timestamp   the flow's last packet: both events are about the flow as a whole, and
 *               a capture read twice gives the same lines
 *   flow_id     the meter's number; the same in a flow's alert and flow event
 *   src, dest   the initiator and the other, as Suricata has them
 *   bytes_to*   whole frames, as Suricata counts
 *   flow.state  new, established or closed; flow.reason timeout (also a TCP connection
 *               that is over), forced (pushed out of a full table), shutdown (end of
 *               the capture) or unknown (interim record of a flow that goes on)
 *   alert       gid 1, a signature id for each class; category and severity are those
 *               of Suricata's classification.config; metadata values are arrays of
 *               strings
 *   attack_id   MITRE ATT&CK technique or, where the class is no finer, tactic
 *
 * A flow that is not IP has no src_ip; its MAC addresses are in `ether`.
 */
#include "base/assert.h"
#include "base/jsonw.h"
#include "base/timefmt.h"
#include "sink/eve.h"

#include <ctype.h>
#include <stdio.h>

/* Local rules have the ids from 1,000,000 to 1,999,999 (sidallocation.org). */
enum { SIGNATURE_BASE = 1900000 };

/* ORDER lw_verdict_class */
static const struct verdict_info {
    const char *signature;
    const char *category;
    const char *attack_id; /* NULL: none */
    unsigned severity;     /* 1 is the gravest */
} verdict_info[LW_N_VERDICTS] = {
    [LW_VERDICT_NORMAL] = {"LAPWING normal", "Not Suspicious Traffic", NULL, 3},
    [LW_VERDICT_DOS] = {"LAPWING denial of service",
                        "Detection of a Denial of Service Attack", "T1498", 2},
    [LW_VERDICT_PROBE] = {"LAPWING probe", "Detection of a Network Scan", "T1046", 3},
    [LW_VERDICT_R2L] = {"LAPWING unauthorized access from remote",
                        "Attempted User Privilege Gain", "TA0001", 1},
    [LW_VERDICT_U2R] = {"LAPWING privilege escalation",
                        "Attempted Administrator Privilege Gain", "TA0004", 1},
    [LW_VERDICT_BOTNET] = {"LAPWING botnet",
                           "Malware Command and Control Activity Detected", "TA0011",
                           1},
    [LW_VERDICT_ANOMALY] = {"LAPWING anomaly", "Potentially Bad Traffic", NULL, 2},
    [LW_VERDICT_NOT_RECOGNIZED] = {"LAPWING not recognized", "Unknown Traffic", NULL,
                                   3},
};

/* ORDER lw_conn: flow.state and tcp.state in Suricata's words; NULL: not known. */
static const struct conn_info {
    const char *flow_state;
    const char *tcp_state;
} conn_info[LW_N_CONNS] = {
    [LW_CONN_NONE] = {"established", NULL},
    [LW_CONN_S0] = {"new", "syn_sent"},
    [LW_CONN_S1] = {"established", "established"},
    [LW_CONN_SF] = {"closed", "closed"},
    [LW_CONN_REJ] = {"closed", "closed"},
    [LW_CONN_S2] = {"established", "fin_wait2"},
    [LW_CONN_S3] = {"established", "close_wait"},
    [LW_CONN_RSTO] = {"closed", "closed"},
    [LW_CONN_RSTR] = {"closed", "closed"},
    [LW_CONN_RSTOS0] = {"closed", "closed"},
    [LW_CONN_RSTRH] = {"closed", "closed"},
    [LW_CONN_SH] = {"new", "syn_sent"},
    [LW_CONN_SHR] = {"new", "syn_recv"},
    [LW_CONN_OTH] = {"established", NULL},
};

/* ORDER lw_end_reason */
static const char *const end_reasons[LW_N_END_REASONS] = {
    [LW_END_IDLE] = "timeout",   [LW_END_STATUS] = "unknown",
    [LW_END_CLOSED] = "timeout", [LW_END_EVICTED] = "forced",
    [LW_END_FLUSH] = "shutdown",
};

static void put_text(struct jsonw *w, const char *key, const char *value)
{
    jsonw_key(w, key);
    jsonw_text(w, value);
}

static void put_number(struct jsonw *w, const char *key, uint64_t value)
{
    jsonw_key(w, key);
    jsonw_u64(w, value);
}

static void put_time(struct jsonw *w, const char *key, int64_t time_ns)
{
    char text[TIMEFMT_MAX];

    (void)timefmt_eve(time_ns, text);
    put_text(w, key, text);
}

static const char *proto_name(const struct lw_record *rec, char out[16])
{
    char text[16];
    const char *name = lw_record_proto_text(rec, text);
    size_t i = 0;

    if (rec->kind == LW_FLOW_ICMP6)
        return "IPv6-ICMP"; /* Suricata's spelling */
    for (; i < 15 && name[i] != '\0'; i++)
        out[i] = (char)toupper((unsigned char)name[i]);
    out[i] = '\0';
    return out;
}

/* ---- who talked to whom --------------------------------------------------------- */

static void put_endpoints(struct jsonw *w, const struct lw_record *rec)
{
    static const char *const ip[2] = {"src_ip", "dest_ip"};
    static const char *const mac[2] = {"src_mac", "dest_mac"};
    static const char *const port[2] = {"src_port", "dest_port"};
    bool is_ip = rec->kind != LW_FLOW_OTHER;
    unsigned from = lw_record_initiator(rec);
    char text[LW_ADDR_TEXT_MAX];

    if (!is_ip) {
        jsonw_key(w, "ether");
        jsonw_object(w);
    }
    for (unsigned i = 0; i < 2; i++) {
        (void)lw_record_addr_text(rec, from ^ i, text);
        put_text(w, is_ip ? ip[i] : mac[i], text);
        if (rec->has_ports)
            put_number(w, port[i], rec->port[from ^ i]);
    }
    if (!is_ip)
        jsonw_object_end(w);
}

static void put_head(struct jsonw *w, const struct lw_record *rec, const char *event)
{
    char proto[16];
    char community_id[LW_COMMUNITY_ID_MAX];

    put_time(w, "timestamp", rec->end_ns);
    put_number(w, "flow_id", rec->flow_id);
    put_text(w, "event_type", event);
    if (rec->vlan_id != 0) {
        jsonw_key(w, "vlan");
        jsonw_array(w);
        jsonw_u64(w, rec->vlan_id);
        jsonw_array_end(w);
    }
    put_endpoints(w, rec);
    put_text(w, "proto", proto_name(rec, proto));
    if (rec->kind == LW_FLOW_ICMP || rec->kind == LW_FLOW_ICMP6) {
        put_number(w, "icmp_type", rec->icmp_type);
        put_number(w, "icmp_code", rec->icmp_code);
    }
    lw_record_community_id(rec, 0, community_id);
    if (community_id[0] != '\0')
        put_text(w, "community_id", community_id);
}

/* ---- the flow -------------------------------------------------------------------- */

static const char *flow_state(const struct lw_record *rec)
{
    LW_ASSERT((unsigned)rec->conn < LW_N_CONNS);
    if (rec->kind != LW_FLOW_TCP &&
        (rec->side[0].packets == 0 || rec->side[1].packets == 0))
        return "new";
    return conn_info[rec->conn].flow_state;
}

/* Whole seconds between the seconds of start and end, as Suricata counts. */
static uint64_t age_s(const struct lw_record *rec)
{
    int64_t age = rec->end_ns / NS_PER_S - rec->start_ns / NS_PER_S;

    return age < 0 ? 0 : (uint64_t)age;
}

static void put_flow(struct jsonw *w, const struct lw_finding *f, bool whole)
{
    const struct lw_record *rec = f->rec;
    unsigned from = lw_record_initiator(rec);
    const struct lw_side *to_server = &rec->side[from];
    const struct lw_side *to_client = &rec->side[from ^ 1];

    LW_ASSERT((unsigned)rec->end_reason < LW_N_END_REASONS);
    jsonw_key(w, "flow");
    jsonw_object(w);
    put_number(w, "pkts_toserver", to_server->packets);
    put_number(w, "pkts_toclient", to_client->packets);
    put_number(w, "bytes_toserver", to_server->frame_bytes);
    put_number(w, "bytes_toclient", to_client->frame_bytes);
    put_time(w, "start", rec->start_ns);
    if (whole) {
        put_time(w, "end", rec->end_ns);
        put_number(w, "age", age_s(rec));
        put_text(w, "state", flow_state(rec));
        put_text(w, "reason", end_reasons[rec->end_reason]);
        jsonw_key(w, "alerted");
        jsonw_bool(w, f->alert);
    }
    jsonw_object_end(w);
}

static void put_flags(struct jsonw *w, const char *key, unsigned flags)
{
    char hex[8];

    (void)snprintf(hex, sizeof hex, "%02x", flags);
    put_text(w, key, hex);
}

static void put_tcp(struct jsonw *w, const struct lw_record *rec)
{
    static const struct {
        const char *name;
        unsigned bit;
    } bits[] = {{"syn", LW_TCP_SYN}, {"fin", LW_TCP_FIN}, {"rst", LW_TCP_RST},
                {"psh", LW_TCP_PSH}, {"ack", LW_TCP_ACK}, {"urg", LW_TCP_URG},
                {"ecn", LW_TCP_ECE}, {"cwr", LW_TCP_CWR}};
    unsigned from = lw_record_initiator(rec);
    unsigned all = rec->side[0].tcp_flags | rec->side[1].tcp_flags;

    jsonw_key(w, "tcp");
    jsonw_object(w);
    put_flags(w, "tcp_flags", all);
    put_flags(w, "tcp_flags_ts", rec->side[from].tcp_flags);
    put_flags(w, "tcp_flags_tc", rec->side[from ^ 1].tcp_flags);
    for (size_t i = 0; i < sizeof bits / sizeof bits[0]; i++) {
        if ((all & bits[i].bit) != 0) {
            jsonw_key(w, bits[i].name);
            jsonw_bool(w, true);
        }
    }
    if (conn_info[rec->conn].tcp_state != NULL)
        put_text(w, "state", conn_info[rec->conn].tcp_state);
    jsonw_object_end(w);
}

/* ---- the verdict ----------------------------------------------------------------- */

static void put_one_text(struct jsonw *w, const char *key, const char *value)
{
    jsonw_key(w, key);
    jsonw_array(w);
    jsonw_text(w, value);
    jsonw_array_end(w);
}

static void put_metadata(struct jsonw *w, const struct lw_finding *f)
{
    char score[16];

    (void)snprintf(score, sizeof score, "%.4f", (double)f->verdict.attack_score);
    jsonw_key(w, "metadata");
    jsonw_object(w);
    put_one_text(w, "score", score);
    put_one_text(w, "class", lw_verdict_name(f->verdict.verdict));
    jsonw_key(w, "reasons");
    jsonw_array(w);
    for (size_t i = 0; i < f->n_reasons; i++)
        jsonw_text(w, f->reasons[i].words);
    jsonw_array_end(w);
    jsonw_object_end(w);
}

static void put_alert(struct jsonw *w, const struct lw_finding *f)
{
    const struct verdict_info *info = &verdict_info[f->verdict.verdict];

    jsonw_key(w, "alert");
    jsonw_object(w);
    put_text(w, "action", "allowed");
    put_number(w, "gid", 1);
    put_number(w, "signature_id", SIGNATURE_BASE + (unsigned)f->verdict.verdict);
    put_number(w, "rev", 1);
    put_text(w, "signature", info->signature);
    put_text(w, "category", info->category);
    put_number(w, "severity", info->severity);
    put_metadata(w, f);
    jsonw_object_end(w);
}

static void put_share(struct jsonw *w, const char *key, float v)
{
    jsonw_key(w, key);
    jsonw_f32(w, v);
}

static void put_reasons(struct jsonw *w, const struct lw_finding *f)
{
    jsonw_key(w, "reasons");
    jsonw_array(w);
    for (size_t i = 0; i < f->n_reasons; i++) {
        const struct lw_reason *r = &f->reasons[i];

        jsonw_object(w);
        put_text(w, "feature", f->view->features[r->feature_idx].name);
        put_share(w, "value", r->value); /* null when unavailable */
        put_share(w, "contribution", r->contribution);
        put_text(w, "words", r->words);
        jsonw_object_end(w);
    }
    jsonw_array_end(w);
}

static void put_verdict(struct jsonw *w, const struct lw_classifier *c,
                        const struct lw_finding *f)
{
    const struct lw_verdict *v = &f->verdict;
    const struct verdict_info *info = &verdict_info[v->verdict];

    jsonw_key(w, "lapwing");
    jsonw_object(w);
    put_text(w, "class", lw_verdict_name(v->verdict));
    put_share(w, "confidence", v->confidence);
    jsonw_key(w, "scores");
    jsonw_object(w);
    for (uint32_t i = 0; i < lw_classifier_classes(c); i++)
        put_share(w, lw_classifier_class_name(c, i), v->score[i]);
    jsonw_object_end(w);
    jsonw_key(w, "p_values");
    jsonw_object(w);
    put_share(w, "known", v->p_value);
    jsonw_object_end(w);
    put_reasons(w, f);
    put_one_text(w, "models", lw_classifier_id(c));
    put_share(w, "unavailable", v->unavailable);
    put_number(w, "severity", f->alert ? info->severity : 0);
    jsonw_key(w, "attack_id");
    if (info->attack_id == NULL)
        jsonw_null(w);
    else
        jsonw_text(w, info->attack_id);
    jsonw_object_end(w);
}

static void put_event(struct buf *out, const struct lw_classifier *c,
                      const struct lw_finding *f, bool alert)
{
    struct jsonw w;

    jsonw_init(&w, out);
    jsonw_object(&w);
    put_head(&w, f->rec, alert ? "alert" : "flow");
    if (alert)
        put_alert(&w, f);
    put_flow(&w, f, !alert);
    if (!alert && f->rec->kind == LW_FLOW_TCP)
        put_tcp(&w, f->rec);
    put_verdict(&w, c, f);
    jsonw_object_end(&w);
    buf_add_char(out, '\n');
}

void eve_format(struct buf *out, const struct lw_classifier *c,
                const struct lw_finding *f)
{
    LW_ASSERT((unsigned)f->verdict.verdict < LW_N_VERDICTS);
    if (f->alert)
        put_event(out, c, f, true);
    put_event(out, c, f, false);
}

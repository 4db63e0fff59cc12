/* SPDX-License-Identifier: Apache-2.0 */
/* The summary of `lapwing detect --json`. */
#include "base/jsonw.h"
#include "base/timefmt.h"
#include "cmd/detect_summary.h"
#include "cmd/rate_print.h"

static void put_time(struct jsonw *w, const char *key, int64_t time_ns)
{
    char text[TIMEFMT_MAX];

    (void)timefmt_eve(time_ns, text);
    jsonw_put_text(w, key, text);
}

static void put_packets(struct jsonw *w, const struct detect_summary *s)
{
    const struct lw_capture_stats *c = &s->report->capture;
    const struct lw_meter_stats *m = &s->stats->meter;

    jsonw_key(w, "packets");
    jsonw_object(w);
    jsonw_put_u64(w, "seen", c->seen);
    jsonw_put_u64(w, "filtered", c->filtered);
    jsonw_put_u64(w, "decoded", m->decoded);
    jsonw_put_u64(w, "truncated", m->truncated);
    jsonw_put_u64(w, "unsupported", m->unsupported);
    jsonw_put_u64(w, "malformed", m->malformed);
    jsonw_put_u64(w, "in_flows", m->in_flows);
    jsonw_put_u64(w, "not_in_flows", m->not_in_flows);
    jsonw_put_u64(w, "kernel_drops", c->kernel_drops);
    jsonw_object_end(w);
}

static void put_facts(struct jsonw *w, const struct detect_summary *s)
{
    char damage[CAPTURE_DAMAGE_MAX];

    jsonw_put_text(w, "source", s->source);
    put_packets(w, s);
    if (s->report->any) {
        put_time(w, "first", s->report->first_ns);
        put_time(w, "last", s->report->last_ns);
    }
    jsonw_put_u64(w, "flows", s->stats->meter.flows_created);
    jsonw_put_u64(w, "verdicts", s->stats->rows);
    jsonw_put_u64(w, "alerts", s->stats->alerts);
    capture_damage(&s->report->capture, &s->stats->meter, damage);
    jsonw_put_text(w, "damage", damage);
    jsonw_put_bool(w, "interrupted", s->report->interrupted);
}

static void put_classes(struct jsonw *w, const struct detect_summary *s)
{
    jsonw_key(w, "classes");
    jsonw_object(w);
    for (unsigned c = 0; c < LW_N_VERDICTS; c++) {
        if (s->stats->by_class[c] > 0)
            jsonw_put_u64(w, lw_verdict_name((enum lw_verdict_class)c),
                          s->stats->by_class[c]);
    }
    jsonw_object_end(w);
}

static void put_addr(struct jsonw *w, const char *key, const struct lw_record *rec,
                     unsigned side)
{
    char addr[LW_ADDR_TEXT_MAX];

    (void)lw_record_addr_text(rec, lw_record_initiator(rec) ^ side, addr);
    jsonw_put_text(w, key, addr);
}

static void put_group(struct jsonw *w, const struct suspect_group *g)
{
    jsonw_object(w);
    jsonw_put_text(w, "class", lw_verdict_name(g->verdict));
    jsonw_put_u64(w, "flows", g->n_flows);
    jsonw_put_u64(w, "sources", g->n_sources);
    jsonw_put_u64(w, "destinations", g->n_destinations);
    jsonw_put_bool(w, "more_sources", g->more_sources);
    if (g->n_sources == 1 && !g->more_sources)
        put_addr(w, "src", &g->any->worst, 0);
    if (g->n_destinations == 1)
        put_addr(w, "dst", &g->any->worst, 1);
    if (g->port_min <= g->port_max) {
        jsonw_put_u64(w, "port_min", g->port_min);
        jsonw_put_u64(w, "port_max", g->port_max);
    }
    put_time(w, "start", g->first_ns);
    put_time(w, "end", g->last_ns);
    jsonw_object_end(w);
}

static enum lw_status put_groups(struct jsonw *w, const struct detect_summary *s,
                                 struct lw_error *err)
{
    jsonw_key(w, "groups");
    jsonw_array(w);
    for (unsigned c = 0; c < LW_N_VERDICTS; c++) {
        struct suspect_group groups[SUSPECT_GROUPS_MAX];
        size_t n = 0;
        uint64_t rest = 0;
        enum lw_status st = suspects_groups(s->suspects, (enum lw_verdict_class)c,
                                            groups, &n, &rest, err);

        if (st != LW_OK)
            return st;
        for (size_t i = 0; i < n; i++)
            put_group(w, &groups[i]);
    }
    jsonw_array_end(w);
    return LW_OK;
}

static enum lw_status put_reasons(struct jsonw *w, const struct detect_summary *s,
                                  const struct suspect *p, struct lw_error *err)
{
    const struct lw_view *view = lw_classifier_view(s->classifier);
    struct lw_reason reasons[SUMMARY_REASONS];
    size_t n_reasons = 0;
    enum lw_status st = summary_reasons(s, p, reasons, &n_reasons, err);

    if (st != LW_OK)
        return st;
    jsonw_key(w, "reasons");
    jsonw_array(w);
    for (size_t i = 0; i < n_reasons; i++) {
        const struct lw_reason *r = &reasons[i];

        jsonw_object(w);
        jsonw_put_text(w, "feature", view->features[r->feature_idx].name);
        jsonw_key(w, "value");
        jsonw_f32(w, r->value);
        jsonw_key(w, "contribution");
        jsonw_f32(w, r->contribution);
        jsonw_put_text(w, "words", r->words);
        jsonw_object_end(w);
    }
    jsonw_array_end(w);
    return LW_OK;
}

static enum lw_status put_suspect(struct jsonw *w, const struct detect_summary *s,
                                  const struct suspect *p, struct lw_error *err)
{
    const struct lw_record *rec = &p->worst;
    unsigned from = lw_record_initiator(rec);
    char proto[16];
    enum lw_status st;

    jsonw_object(w);
    jsonw_put_text(w, "class", lw_verdict_name(p->verdict));
    jsonw_key(w, "confidence");
    jsonw_f32(w, p->worst_verdict.confidence);
    jsonw_key(w, "attack_score");
    jsonw_f32(w, p->worst_verdict.attack_score);
    jsonw_put_u64(w, "flow_id", rec->flow_id);
    put_time(w, "start", rec->start_ns);
    jsonw_put_text(w, "proto", lw_record_proto_text(rec, proto));
    put_addr(w, "src", rec, 0);
    if (rec->has_ports)
        jsonw_put_u64(w, "src_port", rec->port[from]);
    put_addr(w, "dst", rec, 1);
    if (rec->has_ports)
        jsonw_put_u64(w, "dst_port", rec->port[from ^ 1]);
    jsonw_put_u64(w, "flows_alike", p->n_flows);
    st = put_reasons(w, s, p, err);
    jsonw_object_end(w);
    return st;
}

static enum lw_status put_worst(struct jsonw *w, const struct detect_summary *s,
                                struct lw_error *err)
{
    const struct suspect *worst[SUMMARY_TOP_MAX];
    size_t n = suspects_worst(s->suspects, worst, s->top);

    jsonw_key(w, "suspicious");
    jsonw_array(w);
    for (size_t i = 0; i < n; i++) {
        enum lw_status st = put_suspect(w, s, worst[i], err);

        if (st != LW_OK)
            return st;
    }
    jsonw_array_end(w);
    return LW_OK;
}

static void put_model(struct jsonw *w, const struct detect_summary *s)
{
    const struct lw_view *view = lw_classifier_view(s->classifier);

    jsonw_key(w, "model");
    jsonw_object(w);
    jsonw_put_text(w, "file", s->model_path);
    jsonw_put_text(w, "id", lw_classifier_id(s->classifier));
    jsonw_put_text(w, "view", view->name);
    jsonw_object_end(w);
    jsonw_key(w, "unavailable");
    jsonw_array(w);
    for (size_t i = 0; i < view->n_features; i++) {
        if (view->features[i].evidence[LW_SOURCE_PACKETS] == LW_EVIDENCE_UNAVAILABLE)
            jsonw_text(w, view->features[i].name);
    }
    jsonw_array_end(w);
}

static void put_fusion(struct jsonw *w, const struct fuse *fuse)
{
    const struct fuse_totals *t = fuse_get(fuse);

    jsonw_key(w, "fusion");
    jsonw_object(w);
    jsonw_put_f64(w, "level", fuse_level(fuse));
    jsonw_put_u64(w, "agreed_normal", t->agreed_normal);
    jsonw_put_u64(w, "agreed_attack", t->agreed_attack);
    jsonw_put_u64(w, "disputed", t->disputed);
    jsonw_put_u64(w, "one_model", t->one_voice);
    jsonw_put_u64(w, "by_sign", t->by_sign);
    jsonw_key(w, "models");
    jsonw_array(w);
    for (size_t i = 0; i < fuse_models(fuse); i++) {
        uint64_t n_heard;
        uint64_t n_alone;
        const struct lw_classifier *c = fuse_model(fuse, i, &n_heard, &n_alone);

        jsonw_object(w);
        jsonw_put_text(w, "id", lw_classifier_id(c));
        jsonw_put_text(w, "view", lw_classifier_view(c)->name);
        jsonw_put_u64(w, "judged", n_heard);
        jsonw_put_u64(w, "alarmed_alone", n_alone);
        jsonw_object_end(w);
    }
    jsonw_array_end(w);
    jsonw_object_end(w);
}

enum lw_status summary_json(struct buf *out, const struct detect_summary *s,
                            struct lw_error *err)
{
    struct jsonw w;
    enum lw_status st;

    jsonw_init(&w, out);
    jsonw_object(&w);
    put_facts(&w, s);
    put_classes(&w, s);
    st = put_groups(&w, s, err);
    if (st != LW_OK)
        return st;
    st = put_worst(&w, s, err);
    if (st != LW_OK)
        return st;
    put_model(&w, s);
    if (s->fuse != NULL)
        put_fusion(&w, s->fuse);
    if (s->rate != NULL) {
        jsonw_key(&w, "packet_rate");
        rate_put_json(&w, s->rate);
    }
    jsonw_object_end(&w);
    buf_add_char(out, '\n');
    return buf_ok(out) ? LW_OK
                       : lw_fail(err, LW_ENOMEM, "out of memory for the summary");
}

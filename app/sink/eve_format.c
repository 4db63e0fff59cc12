/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A finding as EVE events (Suricata 7: doc/userguide/output/eve/eve-json-format.rst and
 * etc/schema.json).  What is said of the flow is lib/flow/eve.c's; here is the verdict:
 *
 *   alert       gid 1, a signature id for each class; category and severity are those
 *               of Suricata's classification.config; metadata values are arrays of
 *               strings
 *   attack_id   MITRE ATT&CK technique or, where the class is no finer, tactic
 */
#include "base/assert.h"
#include "base/jsonw.h"
#include "base/timefmt.h"
#include "sink/eve.h"

#include <lapwing/flowlog.h>
#include <lapwing/fusion.h>

#include <math.h>
#include <stdbool.h>
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

const char *eve_attack_id(enum lw_verdict_class verdict)
{
    LW_ASSERT((unsigned)verdict < LW_N_VERDICTS);
    return verdict_info[verdict].attack_id;
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
    jsonw_put_text(w, "action", "allowed");
    jsonw_put_u64(w, "gid", 1);
    jsonw_put_u64(w, "signature_id", SIGNATURE_BASE + (unsigned)f->verdict.verdict);
    jsonw_put_u64(w, "rev", 1);
    jsonw_put_text(w, "signature", info->signature);
    jsonw_put_text(w, "category", info->category);
    jsonw_put_u64(w, "severity", info->severity);
    put_metadata(w, f);
    jsonw_object_end(w);
}

static void put_share(struct jsonw *w, const char *key, float v)
{
    jsonw_key(w, key);
    jsonw_f32(w, v);
}

/* The view whose features the reasons are of. */
static const struct lw_view *reasons_view(const struct lw_finding *f)
{
    return f->fused != NULL && f->sign == NULL
               ? lw_classifier_view(f->fused->said[f->fused->by].classifier)
               : f->view;
}

static void put_reasons(struct jsonw *w, const struct lw_finding *f)
{
    const struct lw_view *view = reasons_view(f);

    jsonw_key(w, "reasons");
    jsonw_array(w);
    for (size_t i = 0; i < f->n_reasons; i++) {
        const struct lw_reason *r = &f->reasons[i];

        jsonw_object(w);
        jsonw_put_text(w, "feature", view->features[r->feature_idx].name);
        put_share(w, "value", r->value); /* null when unavailable */
        put_share(w, "contribution", r->contribution);
        jsonw_put_text(w, "words", r->words);
        jsonw_object_end(w);
    }
    jsonw_array_end(w);
}

/* What the model was shown: enough to give the verdict again, bit for bit. */
static void put_input(struct jsonw *w, const struct lw_classifier *c,
                      const struct lw_finding *f)
{
    jsonw_key(w, "input");
    jsonw_object(w);
    jsonw_put_text(w, "view", f->view->name);
    jsonw_put_text(w, "view_hash", lw_classifier_view_hash(c));
    jsonw_key(w, "vector");
    jsonw_array(w);
    for (uint16_t i = 0; i < f->view->n_features; i++) {
        if (f->values[i] == 0 && signbit(f->values[i]))
            jsonw_raw(w,
                      "-0.0"); /* "-0" is read as a whole number, which has no sign */
        else
            jsonw_f32(w, f->values[i]); /* null when unavailable */
    }
    jsonw_array_end(w);
    jsonw_object_end(w);
}

static void put_p_values(struct jsonw *w, const struct lw_classifier *c,
                         const struct lw_verdict *v)
{
    jsonw_key(w, "p_values");
    jsonw_object(w);
    put_share(w, "known", v->p_value);
    for (uint32_t i = 0; i < v->n_classes_p; i++)
        put_share(w, lw_classifier_class_name(c, i), v->class_p[i]);
    jsonw_object_end(w);
    if (v->n_classes_p == 0)
        return;
    jsonw_key(w, "set");
    jsonw_array(w);
    for (uint32_t i = 0; i < v->n_classes_p; i++)
        if (v->class_set >> i & 1)
            jsonw_text(w, lw_classifier_class_name(c, i));
    jsonw_array_end(w);
}

/* When it was known: left out where that is the time of the event. */
static void put_sign(struct jsonw *w, const struct lw_finding *f)
{
    char known[TIMEFMT_MAX];

    jsonw_put_text(w, "sign", f->sign->name);
    if (f->known_ns <= f->rec->end_ns)
        return;
    (void)timefmt_eve(f->known_ns, known);
    jsonw_put_text(w, "known", known);
}

/* What each of several models said, and how one verdict came of it. */
static void put_fused(struct jsonw *w, const struct lw_fused_finding *fused)
{
    jsonw_key(w, "fused");
    jsonw_object(w);
    put_share(w, "p_value", fused->p);
    jsonw_put_text(w, "by", lw_classifier_id(fused->said[fused->by].classifier));
    jsonw_put_bool(w, "disputed", fused->is_disputed);
    jsonw_key(w, "opinions");
    jsonw_array(w);
    for (size_t i = 0; i < fused->n; i++) {
        const struct lw_fused_said *s = &fused->said[i];

        if (!s->is_heard)
            continue;
        jsonw_object(w);
        jsonw_put_text(w, "model", lw_classifier_id(s->classifier));
        put_share(w, "p_value", s->p);
        jsonw_put_text(w, "attack", lw_verdict_name(s->verdict));
        jsonw_object_end(w);
    }
    jsonw_array_end(w);
    jsonw_object_end(w);
}

/* The alert's own model would say the same again. */
static bool can_replay(const struct lw_finding *f)
{
    return f->fused == NULL || f->sign != NULL;
}

static void put_models(struct jsonw *w, const struct lw_classifier *c,
                       const struct lw_finding *f)
{
    if (f->fused == NULL) {
        put_one_text(w, "models", lw_classifier_id(c));
        return;
    }
    jsonw_key(w, "models");
    jsonw_array(w);
    for (size_t i = 0; i < f->fused->n; i++)
        jsonw_text(w, lw_classifier_id(f->fused->said[i].classifier));
    jsonw_array_end(w);
}

static void put_verdict(struct jsonw *w, const struct lw_classifier *c,
                        const struct lw_finding *f, bool alert)
{
    const struct lw_verdict *v = &f->verdict;
    const struct verdict_info *info = &verdict_info[v->verdict];

    jsonw_key(w, "lapwing");
    jsonw_object(w);
    jsonw_put_text(w, "class", lw_verdict_name(v->verdict));
    put_share(w, "confidence", v->confidence);
    jsonw_key(w, "scores");
    jsonw_object(w);
    for (uint32_t i = 0; i < lw_classifier_classes(c); i++)
        put_share(w, lw_classifier_class_name(c, i), v->score[i]);
    jsonw_object_end(w);
    put_p_values(w, c, v);
    if (f->sign != NULL)
        put_sign(w, f);
    put_reasons(w, f);
    put_models(w, c, f);
    if (f->fused != NULL)
        put_fused(w, f->fused);
    put_share(w, "unavailable", v->unavailable);
    jsonw_put_u64(w, "severity", f->alert ? info->severity : 0);
    jsonw_key(w, "attack_id");
    if (info->attack_id == NULL)
        jsonw_null(w);
    else
        jsonw_text(w, info->attack_id);
    if (alert && can_replay(f))
        put_input(w, c, f);
    jsonw_object_end(w);
}

static void put_event(struct buf *out, const struct lw_classifier *c,
                      const struct lw_finding *f, bool alert)
{
    enum lw_eve_flow what = alert      ? LW_EVE_FLOW_BRIEF
                            : f->alert ? LW_EVE_FLOW_ALERTED
                                       : LW_EVE_FLOW_QUIET;
    char part[LW_EVE_PART_MAX];
    struct jsonw w;

    jsonw_init(&w, out);
    jsonw_object(&w);
    (void)lw_eve_put_head(f->rec, alert ? "alert" : "flow", 0, part);
    jsonw_raw(&w, part);
    if (alert)
        put_alert(&w, f);
    (void)lw_eve_put_flow(f->rec, what, part);
    jsonw_raw(&w, part);
    if (!alert && f->rec->kind == LW_FLOW_TCP) {
        (void)lw_eve_put_tcp(f->rec, part);
        jsonw_raw(&w, part);
    }
    put_verdict(&w, c, f, alert);
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

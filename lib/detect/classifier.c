/* SPDX-License-Identifier: Apache-2.0 */
/* Rows to verdicts: encode, predict, decide by the rule, measure the distance. */
#include "base/assert.h"
#include "base/mem.h"
#include "detect/classifier_priv.h"
#include "detect/cut.h"
#include "detect/quantile.h"
#include "learn/link.h"
#include "learn/model_ops.h"

#include <math.h>
#include <string.h>

/* Rows judged at a time; only memory and speed depend on it. */
enum { BLOCK_ROWS = 64 };

const struct lw_view *lw_classifier_view(const struct lw_classifier *c)
{
    return c->view;
}

uint32_t lw_classifier_classes(const struct lw_classifier *c)
{
    return c->n_classes;
}

const char *lw_classifier_class_name(const struct lw_classifier *c, uint32_t i)
{
    LW_ASSERT(i < c->n_classes);
    return lw_verdict_name(c->class_of[i]);
}

const char *lw_classifier_id(const struct lw_classifier *c)
{
    return c->id;
}

const char *lw_classifier_view_hash(const struct lw_classifier *c)
{
    return c->view_hash;
}

const char *lw_classifier_provenance(const struct lw_classifier *c)
{
    return c->provenance;
}

size_t classifier_numbers(const struct lw_view *view, const float *row, float *out)
{
    size_t n = 0;

    for (size_t i = 0; i < view->n_features; i++)
        if (view->features[i].type == LW_FEATURE_NUMBER)
            out[n++] = row[i];
    return n;
}

size_t classifier_squashed(const struct lw_view *view, const float *row, float *out)
{
    size_t n = classifier_numbers(view, row, out);

    link_squash_all(out, n, out);
    return n;
}

static float unavailable_share(const struct lw_view *view, const float *row)
{
    size_t n = 0;

    for (size_t i = 0; i < view->n_features; i++)
        n += isnan(row[i]) ? 1 : 0;
    return (float)n / (float)view->n_features;
}

uint32_t classifier_decide(const struct lw_classifier *c, const float *margins,
                           const float *squashed, float *out)
{
    rule_posterior(&c->rule, margins, normality_log_p(&c->normality, squashed), out);
    return rule_decide(&c->rule, out);
}

float lw_classifier_level(const struct lw_classifier *c)
{
    return c->conformal_sets.n_classes > 0 ? c->conformal_sets.level : 0.0f;
}

bool lw_classifier_calibrated(const struct lw_classifier *c)
{
    return c->calibration.n_classes > 0;
}

/* How far the row is from all that is known, and from each class: distance
 * (n_classes), which older files do not say and whose rules do not ask for. */
static float measure(const struct lw_classifier *c, const float *squashed,
                     float *distance)
{
    if (c->conformal_sets.n_classes == 0)
        return mahalanobis_distance(c->novelty.distance, squashed, NULL);
    return mahalanobis_by_class(c->novelty.distance, squashed,
                                c->conformal_sets.class_of_group, c->n_classes,
                                distance);
}

/* Fills in which classes are left; whether that is none.  confidence: of the likeliest
 * class. */
static bool is_recognized(const struct lw_classifier *c, const float *margins,
                          const float *distance, float confidence, struct lw_verdict *v)
{
    if (c->conformal_sets.n_classes == 0)
        return !novelty_rejects(&c->novelty, confidence, v->novelty);
    conformal_p_values(&c->conformal_sets, margins, distance, v->class_p);
    v->class_set = conformal_set(&c->conformal_sets, v->class_p, v->novelty);
    v->n_classes_p = c->n_classes;
    return v->class_set != 0;
}

/* That nothing known is like it. */
static float strange_confidence(float confidence, const struct lw_verdict *v)
{
    float most = v->n_classes_p > 0 ? 0.0f : fminf(v->p_value, confidence);

    for (uint32_t k = 0; k < v->n_classes_p; k++)
        most = fmaxf(most, v->class_p[k]);
    return 1.0f - most;
}

static void judge_row(const struct lw_classifier *c, const float *row, float *margins,
                      struct lw_verdict *v)
{
    float squashed[CLASSIFIER_FEATURES_MAX];
    float distance[LW_MAX_CLASSES];
    float confidence; /* by the rule, which thresholds are set on */
    uint32_t best;
    bool recognized;

    *v = (struct lw_verdict){0};
    (void)classifier_squashed(c->view, row, squashed);
    v->novelty = measure(c, squashed, distance);
    rule_draw_near(&c->rule, margins, distance);
    best = classifier_decide(c, margins, squashed, v->score);
    confidence = v->score[best];
    recognized = is_recognized(c, margins, distance, confidence, v);
    v->p_value = novelty_p_value(&c->novelty, v->novelty);
    if (c->calibration.n_classes > 0)
        calibration_apply(&c->calibration, v->score);
    v->attack_score = 1.0f - v->score[0];
    v->unavailable = unavailable_share(c->view, row);
    v->decision = c->class_of[best];
    v->verdict = v->decision;
    v->confidence = v->score[best];
    if (encoder_unseen(c->encoder, row, NULL) > 0 || !recognized) {
        v->verdict = LW_VERDICT_NOT_RECOGNIZED;
        v->confidence = strange_confidence(confidence, v);
    }
}

/* No distance, no class that is not recognized. */
static void judge_by_cut(const struct lw_classifier *c, const float *row,
                         float *margins, struct lw_verdict *v)
{
    float cuts[LW_MAX_CLASSES];

    *v = (struct lw_verdict){.unavailable = unavailable_share(c->view, row)};
    memcpy(v->score, margins, c->n_classes * sizeof v->score[0]);
    link_softmax(v->score, c->n_classes);
    cut_own(c, cuts);
    cut_decide(c, cuts, v);
}

/* By the share of normal rows that were at least as strange. */
static void judge_by_p_value(const struct lw_classifier *c, const float *row,
                             const float *encoded, struct lw_verdict *v)
{
    float score = (float)c->model->ops->score(c->model, encoded);
    float p = quantile_p_value(c->conformal, CONFORMAL_QUANTILES, score);
    unsigned said = 1 - p >= c->cut ? 1 : 0;

    *v = (struct lw_verdict){.verdict = c->class_of[said],
                             .decision = c->class_of[said],
                             .confidence = said == 1 ? 1 - p : p,
                             .score = {p, 1 - p},
                             .attack_score = 1 - p,
                             .novelty = score,
                             .p_value = p,
                             .unavailable = unavailable_share(c->view, row)};
}

/* Nothing but p-values is needed then. */
static void judge_normality(const struct lw_classifier *c, const float *rows,
                            const float *x, size_t n, struct lw_verdict *out)
{
    for (size_t i = 0; i < n; i++)
        judge_by_p_value(c, rows + i * c->view->n_features, x + i * c->model->n_cols,
                         &out[i]);
}

enum lw_status lw_classifier_judge(const struct lw_classifier *c, const float *rows,
                                   size_t n_rows, struct lw_verdict *out,
                                   struct lw_error *err)
{
    size_t n_in = c->view->n_features;
    size_t n_cols = encoder_outputs(c->encoder);
    size_t block = n_rows < BLOCK_ROWS ? n_rows : BLOCK_ROWS;
    float margins[BLOCK_ROWS * LW_MAX_CLASSES];
    float *x = mem_alloc(block * n_cols * sizeof *x);

    if (x == NULL)
        return lw_fail(err, LW_ENOMEM, "out of memory for %zu rows", n_rows);
    for (size_t at = 0; at < n_rows; at += block) {
        size_t n = n_rows - at < block ? n_rows - at : block;

        encoder_apply(c->encoder, rows + at * n_in, n, x);
        if (c->conformal != NULL) {
            judge_normality(c, rows + at * n_in, x, n, out + at);
            continue;
        }
        model_margins(c->model, x, n, margins);
        for (size_t i = 0; i < n; i++)
            (c->cut > 0 ? judge_by_cut : judge_row)(
                c, rows + (at + i) * n_in, margins + i * c->n_classes, &out[at + i]);
    }
    mem_free(x);
    return LW_OK;
}

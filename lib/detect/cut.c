/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/cut.h"

#include <math.h>
#include <string.h>

float cut_likeness(const struct lw_classifier *c, const struct lw_verdict *v,
                   uint32_t i)
{
    float both = v->score[i] + v->score[0];

    if (c->n_classes == 2)
        return v->score[1];
    return both > 0 ? v->score[i] / both : 0;
}

void cut_own(const struct lw_classifier *c, float cuts[LW_MAX_CLASSES])
{
    for (uint32_t i = 1; i < c->n_classes; i++)
        cuts[i] = i == 1 ? c->cut : c->more_cuts[i];
}

bool lw_classifier_nearness(const struct lw_classifier *c, const struct lw_verdict *v,
                            float *score, float *threshold)
{
    float cuts[LW_MAX_CLASSES];
    uint32_t best = 1;

    if (!(c->cut > 0) || c->conformal != NULL || c->n_classes < 2)
        return false;
    cut_own(c, cuts);
    for (uint32_t i = 1; i < c->n_classes; i++) {
        if (c->class_of[i] == v->verdict) {
            best = i;
            break;
        }
        /* q_i / cut_i against q_best / cut_best */
        if (cut_likeness(c, v, i) * cuts[best] > cut_likeness(c, v, best) * cuts[i])
            best = i;
    }
    *score = cut_likeness(c, v, best);
    *threshold = cuts[best];
    return true;
}

void cut_budget(const struct lw_classifier *c, double share, float cuts[LW_MAX_CLASSES])
{
    for (uint32_t i = 1; i < c->n_classes; i++)
        cuts[i] = tail_threshold(&c->tail[i], share / (c->n_classes - 1));
}

/* What the probability of the class said turned out to mean, where that is known. */
static float meaning(const struct lw_classifier *c, const struct lw_verdict *v,
                     uint32_t said)
{
    float p[LW_MAX_CLASSES];

    memcpy(p, v->score, c->n_classes * sizeof p[0]);
    calibration_apply(&c->calibration, p);
    return p[said];
}

void cut_decide(const struct lw_classifier *c, const float *cuts, struct lw_verdict *v)
{
    uint32_t n = c->n_classes - 1;
    float least = 2;
    float most = 0;
    uint32_t said = 0;

    v->p_value = 1;
    v->attack_score = 0;
    for (uint32_t i = 1; i <= n; i++) {
        float q = cut_likeness(c, v, i);
        float p = c->tail == NULL ? 1 : tail_p_value(&c->tail[i], q);

        v->attack_score = fmaxf(v->attack_score, q);
        v->p_value = fminf(v->p_value, (float)n * p);
        if (q < cuts[i] || p > least || (p >= least && q <= most))
            continue;
        said = i;
        least = p;
        most = q;
    }
    v->verdict = v->decision = c->class_of[said];
    v->confidence = said > 0 ? most : n == 1 ? v->score[0] : 1 - v->attack_score;
    if (c->calibration.n_classes > 0)
        v->confidence = meaning(c, v, said);
}

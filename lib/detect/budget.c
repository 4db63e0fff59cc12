/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/budget.h"

#include "base/timefmt.h"
#include "detect/classifier_priv.h"

#include <math.h>
#include <string.h>

#define DAY_NS           (24 * 3600 * NS_PER_S)
#define LEAST_ELAPSED_NS (3600 * NS_PER_S)

enum lw_status lw_classifier_threshold(const struct lw_classifier *c, double share,
                                       float *out, struct lw_error *err)
{
    if (c->tail == NULL)
        return lw_fail(err, LW_EUNSUPPORTED,
                       "the model does not say how normal traffic scores, so it cannot "
                       "keep a budget of false alarms; traffic.lwm can");
    if (!(share > 0 && share < 1))
        return lw_fail(err, LW_EINVAL,
                       "a share of false alarms lies between 0 and 1, not at %g",
                       share);
    if (share * ((double)c->tail->n + 1) < 1)
        return lw_fail(err, LW_EINVAL,
                       "the model knows %u normal flows and cannot promise fewer false "
                       "alarms than a share of %.1g",
                       c->tail->n, 1 / ((double)c->tail->n + 1));
    *out = tail_threshold(c->tail, share);
    return LW_OK;
}

enum lw_status budget_init(struct budget *b, const struct lw_classifier *c,
                           double share, double per_day, struct lw_error *err)
{
    float any;

    memset(b, 0, sizeof *b);
    b->share = share;
    b->per_day = per_day;
    if (share != 0 && per_day != 0)
        return lw_fail(err, LW_EINVAL,
                       "a budget is a share of flows or a number of alerts a day, not "
                       "both");
    if (per_day < 0)
        return lw_fail(err, LW_EINVAL, "%g alerts a day: not below 0", per_day);
    if (share != 0)
        return lw_classifier_threshold(c, share, &b->cut, err);
    return per_day == 0 ? LW_OK : lw_classifier_threshold(c, 0.5, &any, err);
}

void budget_move(struct budget *b, const struct lw_classifier *c, uint64_t n_rows,
                 int64_t now_ns)
{
    double elapsed_ns;

    if (b->per_day == 0)
        return;
    if (b->n_rows == 0)
        b->first_ns = now_ns;
    b->n_rows += n_rows;
    elapsed_ns = fmax((double)(now_ns - b->first_ns), (double)LEAST_ELAPSED_NS);
    b->cut = tail_threshold(
        c->tail, b->per_day / ((double)b->n_rows * (double)DAY_NS / elapsed_ns));
}

void budget_decide(const struct budget *b, const struct lw_classifier *c,
                   struct lw_verdict *v)
{
    if (b->share != 0 || b->per_day != 0)
        classifier_cut(c, b->cut, v);
}

void classifier_cut(const struct lw_classifier *c, float cut, struct lw_verdict *v)
{
    uint32_t said = 0;

    for (uint32_t i = 1; v->attack_score >= cut && i < c->n_classes; i++)
        said = said == 0 || v->score[i] > v->score[said] ? i : said;
    v->verdict = v->decision = c->class_of[said];
    v->confidence = said == 0 ? 1 - v->attack_score : v->attack_score;
}

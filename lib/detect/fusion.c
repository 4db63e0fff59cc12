/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/classifier_priv.h"

#include <lapwing/fusion.h>

#include <math.h>

static bool is_share(double v)
{
    return v >= 0 && v <= 1;
}

static enum lw_status check(const struct lw_opinion *opinion, size_t n, double level,
                            struct lw_error *err)
{
    bool any = false;

    if (!is_share(level))
        return lw_fail(err, LW_EINVAL, "a level of %g; it is a share of flows", level);
    for (size_t i = 0; i < n; i++) {
        if (!(opinion[i].weight > 0) || !isfinite(opinion[i].weight))
            return lw_fail(err, LW_EINVAL, "detector %zu has the weight %g", i,
                           opinion[i].weight);
        if (opinion[i].is_heard && !is_share(opinion[i].p))
            return lw_fail(err, LW_EINVAL, "detector %zu has the p-value %g", i,
                           opinion[i].p);
        any = any || opinion[i].is_heard;
    }
    return any ? LW_OK : lw_fail(err, LW_EINVAL, "no detector says anything");
}

/* A class that can be alarmed with. */
static enum lw_verdict_class named(const struct lw_opinion *o)
{
    return o->verdict == LW_VERDICT_NORMAL ? LW_VERDICT_ANOMALY : o->verdict;
}

/* What it would say alone. */
static enum lw_verdict_class alone(const struct lw_opinion *o, double level)
{
    return o->p <= level ? named(o) : LW_VERDICT_NORMAL;
}

enum lw_status lw_fuse(struct lw_fused *out, const struct lw_opinion *opinion, size_t n,
                       double level, struct lw_error *err)
{
    enum lw_status st = check(opinion, n, level, err);
    double least = (double)INFINITY;
    double total = 0;

    if (st != LW_OK)
        return st;
    *out = (struct lw_fused){.verdict = LW_VERDICT_NORMAL};
    for (size_t i = 0; i < n; i++)
        total += opinion[i].weight;
    for (size_t i = 0; i < n; i++) {
        double p = opinion[i].p * (total / opinion[i].weight);

        if (!opinion[i].is_heard || p >= least)
            continue;
        least = p;
        out->by = i;
    }
    out->p = least < 1 ? least : 1;
    out->alert = out->p <= level;
    if (out->alert)
        out->verdict = named(&opinion[out->by]);
    for (size_t i = 0; i < n; i++)
        out->is_disputed =
            out->is_disputed || (i != out->by && opinion[i].is_heard &&
                                 alone(&opinion[i], level) != out->verdict);
    return LW_OK;
}

bool lw_classifier_normal_p(const struct lw_classifier *c, const struct lw_verdict *v,
                            float *p)
{
    bool by_class = c->conformal_sets.n_classes > 0;

    if (!by_class && c->tail == NULL && c->conformal == NULL)
        return false;
    if (v != NULL && p != NULL)
        *p = by_class ? v->class_p[0] : fminf(v->p_value, 1); /* a sum of several */
    return true;
}

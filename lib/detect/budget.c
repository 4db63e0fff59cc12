/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/budget.h"

#include "base/timefmt.h"
#include "detect/cut.h"

#include <math.h>
#include <string.h>

#define DAY_NS           (24 * 3600 * NS_PER_S)
#define LEAST_ELAPSED_NS (3600 * NS_PER_S)

enum lw_status budget_init(struct budget *b, const struct lw_classifier *c,
                           double share, double per_day, struct lw_error *err)
{
    memset(b, 0, sizeof *b);
    b->share = share;
    b->per_day = per_day;
    if (share == 0 && per_day == 0)
        return LW_OK;
    if (share != 0 && per_day != 0)
        return lw_fail(err, LW_EINVAL,
                       "a budget is a share of flows or a number of alerts a day, not "
                       "both");
    if (c->tail == NULL)
        return lw_fail(err, LW_EUNSUPPORTED,
                       "the model does not say how normal traffic scores, so it cannot "
                       "keep a budget of false alarms; traffic.lwm can");
    if (!(per_day >= 0))
        return lw_fail(err, LW_EINVAL, "%g alerts a day: not below 0", per_day);
    if (share != 0 && !(share > 0 && share < 1))
        return lw_fail(err, LW_EINVAL,
                       "a share of false alarms lies between 0 and 1, not at %g",
                       share);
    if (share != 0 && share * (double)c->tail[1].n < 1)
        return lw_fail(err, LW_EINVAL,
                       "the model knows %u normal flows and cannot promise fewer false "
                       "alarms than a share of %.1g",
                       c->tail[1].n, 1 / (double)c->tail[1].n);
    cut_budget(c, share, b->cuts);
    return LW_OK;
}

void budget_move(struct budget *b, const struct lw_classifier *c, uint64_t n_rows,
                 int64_t now_ns)
{
    double elapsed_ns;
    double share;

    if (b->per_day == 0)
        return;
    if (b->n_rows == 0)
        b->first_ns = now_ns;
    b->n_rows += n_rows;
    elapsed_ns = fmax((double)(now_ns - b->first_ns), (double)LEAST_ELAPSED_NS);
    share = b->per_day / ((double)b->n_rows * (double)DAY_NS / elapsed_ns);
    cut_budget(c, fmin(share, 1), b->cuts);
}

void budget_decide(const struct budget *b, const struct lw_classifier *c,
                   struct lw_verdict *v)
{
    if (b->share != 0 || b->per_day != 0)
        cut_decide(c, b->cuts, v);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What probabilities mean depends on what rows come.  Held-out rows count as in the
 * choice of the rule (detect/tune.h): half of the weight is normal, a quarter attacks
 * of known types, a quarter attacks of types left out, a type of n rows log(1 + n) of
 * its quarter. That two or three floods make up most rows of a training set says
 * nothing of a network.
 */
#include "detect/trial.h"

#include "base/mem.h"

#include <math.h>

static bool is_in(const struct trial_range *of, size_t i)
{
    size_t fold = of->all->tune[i].fold;

    return fold >= of->from && fold < of->upto && fold != of->leave;
}

static bool known_row(const void *ctx, size_t i, struct conformal_row *out)
{
    const struct trial_range *of = ctx;
    const struct trial *t = &of->all->t[i];

    if (t->unseen_type || !is_in(of, i))
        return false;
    *out = (struct conformal_row){.margins = of->all->tune[i].margins,
                                  .distance = t->class_distance,
                                  .truth = of->all->tune[i].truth};
    return true;
}

enum lw_status trials_conformal(const struct trial_range *of, const uint64_t *n_rows,
                                struct conformal *out, struct lw_error *err)
{
    return conformal_fit(out, TRIAL_CLASSES, n_rows, known_row, of, of->all->n, err);
}

enum lw_status trials_calibrate(const struct trial_range *of, struct calibration *out,
                                struct lw_error *err)
{
    struct calibration_point *points = mem_alloc(of->all->n * sizeof *points);
    size_t n = 0;

    if (points == NULL)
        return lw_fail(err, LW_ENOMEM, "out of memory for a calibration");
    out->n_classes = TRIAL_CLASSES;
    for (uint32_t k = 0; k < TRIAL_CLASSES; k++) {
        n = 0;
        for (size_t i = 0; i < of->all->n; i++) {
            const struct tune_trial *tune = &of->all->tune[i];

            if (is_in(of, i) && tune->weight > 0)
                points[n++] =
                    (struct calibration_point){.score = of->all->t[i].posterior[k],
                                               .weight = tune->weight,
                                               .idx = (uint32_t)i,
                                               .is_class = tune->truth == k};
        }
        if (n > 0)
            calibration_fit(&out->curve[k], points, n);
    }
    mem_free(points);
    return n > 0 ? LW_OK : lw_fail(err, LW_EINVAL, "too few rows to calibrate on");
}

/* ---- figures --------------------------------------------------------------------- */

/* Add a trial's attack score to a curve; p (TRIAL_CLASSES). */
static void add_score(struct lw_reliability *r, const float *p,
                      const struct tune_trial *tune)
{
    double w = (double)tune->weight;
    double score = 1 - (double)p[0];
    double is_attack = tune->truth != 0 ? 1 : 0;
    size_t bin = (size_t)(score * LW_CURVE_RELIABILITY);

    for (uint32_t k = 0; k < TRIAL_CLASSES; k++) {
        double miss = (double)p[k] - (k == tune->truth ? 1 : 0);

        r->brier_classes += w * miss * miss;
    }
    r->brier += w * (score - is_attack) * (score - is_attack);
    bin = bin < LW_CURVE_RELIABILITY ? bin : LW_CURVE_RELIABILITY - 1;
    r->weight[bin] += w;
    r->mean_score[bin] += w * score;
    r->attacks[bin] += w * is_attack;
}

static void finish(struct lw_reliability *r, double sum)
{
    r->brier /= sum;
    r->brier_classes /= sum;
    for (size_t b = 0; b < LW_CURVE_RELIABILITY; b++) {
        r->ece += fabs(r->mean_score[b] - r->attacks[b]) / sum;
        if (r->weight[b] > 0) {
            r->mean_score[b] /= r->weight[b];
            r->attacks[b] /= r->weight[b];
        }
        r->weight[b] /= sum;
    }
}

static void assess_scores(const struct trials *all, struct lw_train_report *report)
{
    double sum = 0;

    for (size_t i = 0; i < all->n; i++) {
        sum += (double)all->tune[i].weight;
        add_score(&report->uncalibrated, all->t[i].posterior, &all->tune[i]);
        add_score(&report->calibrated, all->t[i].calibrated, &all->tune[i]);
    }
    finish(&report->uncalibrated, sum);
    finish(&report->calibrated, sum);
}

static unsigned set_size(uint8_t set)
{
    unsigned n = 0;

    for (; set != 0; set = (uint8_t)(set & (set - 1)))
        n++;
    return n;
}

static void assess_sets(const struct trials *all, struct lw_train_report *report)
{
    struct lw_set_report *r = &report->sets;
    double n_class[TRIAL_CLASSES] = {0};
    double n[2] = {0, 0};

    for (size_t i = 0; i < all->n; i++) {
        const struct trial *t = &all->t[i];
        uint32_t truth = all->tune[i].truth;
        unsigned size = set_size(t->set);
        size_t k = t->unseen_type ? 1 : 0;

        n[k]++;
        r->one[k] += size == 1 ? 1 : 0;
        r->several[k] += size > 1 ? 1 : 0;
        r->by_distance[k] += t->too_unlike ? 1 : 0;
        if (t->unseen_type)
            continue;
        n_class[truth]++;
        r->covered[truth] += t->set >> truth & 1;
    }
    for (size_t k = 0; k < 2; k++) {
        r->one[k] /= fmax(n[k], 1);
        r->several[k] /= fmax(n[k], 1);
        r->by_distance[k] /= fmax(n[k], 1);
    }
    for (uint32_t c = 0; c < TRIAL_CLASSES; c++)
        r->covered[c] = n_class[c] > 0 ? r->covered[c] / n_class[c] : 1;
    r->level = (double)CONFORMAL_LEVEL;
}

static void assess_protocol(const struct trials *all, const struct lw_cost *cost,
                            struct lw_train_report *report)
{
    double sum[LW_REPEATS_MAX] = {0};
    double n_normal[LW_TRAIN_FOLDS] = {0};

    for (size_t i = 0; i < all->n; i++) {
        const struct tune_trial *tune = &all->tune[i];
        uint32_t said = all->t[i].said;
        size_t repeat = tune->fold / LW_TRAIN_FOLDS;
        size_t quarter = tune->fold % LW_TRAIN_FOLDS;

        sum[repeat] += (double)tune->weight;
        report->weighted_cost[repeat] +=
            (double)tune->weight * (double)cost->of[tune->truth][said];
        n_normal[quarter] += tune->truth == 0 ? 1 : 0;
        report->alarmed[quarter] += tune->truth == 0 && said != 0 ? 1 : 0;
    }
    for (size_t k = 0; k < LW_REPEATS_MAX; k++)
        report->weighted_cost[k] /= sum[k] > 0 ? sum[k] : 1;
    for (size_t f = 0; f < LW_TRAIN_FOLDS; f++)
        report->alarmed[f] /= fmax(n_normal[f], 1);
}

void trials_assess(const struct trials *all, const struct lw_cost *cost,
                   struct lw_train_report *report)
{
    assess_protocol(all, cost, report);
    assess_scores(all, report);
    assess_sets(all, report);
}

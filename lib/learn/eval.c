/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Definitions: precision, recall and F1 as everywhere; MCC for several classes is
 * Gorodkin's R_K (Comput. Biol. Chem. 28, 2004); ROC-AUC counts ties as half (the
 * Mann-Whitney statistic); PR-AUC is average precision, the step-wise sum that
 * scikit-learn documents, not the trapezoid, which is optimistic.
 */
#include "base/mem.h"

#include <lapwing/eval.h>

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

struct scored {
    float score;
    bool attack;
};

static int by_score_desc(const void *a, const void *b)
{
    float x = ((const struct scored *)a)->score;
    float y = ((const struct scored *)b)->score;

    return x < y ? 1 : x > y ? -1 : 0;
}

/* Walk down the scores, one step per distinct value. */
static void judge_scores(struct lw_eval *e, const struct scored *s, size_t n,
                         double n_attack)
{
    double n_normal = (double)n - n_attack;
    double tp = 0;
    double fp = 0;
    double area = 0;
    double precision_sum = 0;

    e->tpr_at_fpr_1e2 = 0;
    e->tpr_at_fpr_1e3 = 0;
    for (size_t i = 0; i < n;) {
        double tp_before = tp;
        double fp_before = fp;
        size_t j = i;

        for (; j < n && s[j].score == s[i].score; j++) {
            tp += s[j].attack ? 1 : 0;
            fp += s[j].attack ? 0 : 1;
        }
        area += (fp - fp_before) * (tp + tp_before) / 2;
        precision_sum += (tp - tp_before) * tp / (tp + fp);
        /* Multiplied out, as 0.001 has no exact double. */
        if (fp * 100 <= n_normal)
            e->tpr_at_fpr_1e2 = tp / n_attack;
        if (fp * 1000 <= n_normal)
            e->tpr_at_fpr_1e3 = tp / n_attack;
        i = j;
    }
    e->roc_auc = area / (n_attack * n_normal);
    e->pr_auc = precision_sum / n_attack;
}

/* NaN has no place in an order. */
static enum lw_status check_scores(const float *score, size_t n_rows,
                                   struct lw_error *err)
{
    for (size_t i = 0; i < n_rows; i++)
        if (isnan(score[i]))
            return lw_fail(err, LW_EINVAL, "row %zu: the attack score is not a number",
                           i);
    return LW_OK;
}

static enum lw_status judge_ranking(struct lw_eval *e, const uint32_t *truth,
                                    const float *attack_score, size_t n_rows,
                                    struct lw_error *err)
{
    struct scored *s;
    double n_attack = 0;
    enum lw_status st;

    if (attack_score == NULL)
        return LW_OK;
    st = check_scores(attack_score, n_rows, err);
    if (st != LW_OK)
        return st;
    s = mem_zalloc(n_rows, sizeof *s);
    if (s == NULL)
        return lw_fail(err, LW_ENOMEM, "out of memory for %zu scores", n_rows);
    for (size_t i = 0; i < n_rows; i++) {
        s[i] = (struct scored){attack_score[i], truth[i] != 0};
        n_attack += truth[i] != 0 ? 1 : 0;
    }
    if (n_attack > 0 && n_attack < (double)n_rows) {
        qsort(s, n_rows, sizeof *s, by_score_desc);
        judge_scores(e, s, n_rows, n_attack);
    }
    mem_free(s);
    return LW_OK;
}

static void judge_class(struct lw_eval *e, uint32_t c)
{
    double said = 0;
    double support = 0;
    double hit = (double)e->confusion[c][c];

    for (uint32_t k = 0; k < e->n_classes; k++)
        said += (double)e->confusion[k][c];
    for (uint32_t k = 0; k <= e->n_classes; k++)
        support += (double)e->confusion[c][k];
    e->support[c] = (uint64_t)support;
    e->precision[c] = said > 0 ? hit / said : (double)NAN;
    e->recall[c] = support > 0 ? hit / support : (double)NAN;
    e->f1[c] = hit > 0 ? 2 * hit / (said + support) : 0;
}

/* R_K from the confusion matrix; "none of them" is a class that is never true. */
static double matthews(const struct lw_eval *e)
{
    double n = (double)e->n_rows;
    double hit = 0;
    double cross = 0;
    double said_sq = 0;
    double true_sq = 0;
    double below;

    for (uint32_t c = 0; c <= e->n_classes; c++) {
        double said = 0;
        double truth = 0;

        for (uint32_t k = 0; k < e->n_classes; k++)
            said += (double)e->confusion[k][c];
        for (uint32_t k = 0; c < e->n_classes && k <= e->n_classes; k++)
            truth += (double)e->confusion[c][k];
        hit += c < e->n_classes ? (double)e->confusion[c][c] : 0;
        cross += said * truth;
        said_sq += said * said;
        true_sq += truth * truth;
    }
    below = sqrt(n * n - said_sq) * sqrt(n * n - true_sq);
    return below > 0 ? (hit * n - cross) / below : 0;
}

static void judge_answers(struct lw_eval *e)
{
    double hits = 0;
    double n_present = 0;
    double n_normal;
    double n_attack;
    double missed = 0;

    for (uint32_t c = 0; c < e->n_classes; c++) {
        judge_class(e, c);
        hits += (double)e->confusion[c][c];
        e->weighted_f1 += e->f1[c] * (double)e->support[c];
        if (e->support[c] > 0) {
            e->macro_f1 += e->f1[c];
            n_present++;
        }
        missed += c > 0 ? (double)e->confusion[c][0] : 0;
    }
    n_normal = (double)e->support[0];
    n_attack = (double)e->n_rows - n_normal;
    e->accuracy = hits / (double)e->n_rows;
    e->macro_f1 /= n_present;
    e->weighted_f1 /= (double)e->n_rows;
    e->mcc = matthews(e);
    e->false_alarm =
        n_normal > 0 ? 1 - (double)e->confusion[0][0] / n_normal : (double)NAN;
    e->detection = n_attack > 0 ? 1 - missed / n_attack : (double)NAN;
}

enum lw_status lw_eval_compute(struct lw_eval *out, const uint32_t *truth,
                               const uint32_t *said, size_t n_rows, uint32_t n_classes,
                               const float *attack_score, struct lw_error *err)
{
    struct lw_eval *e = out;

    if (n_classes < 2 || n_classes > LW_EVAL_MAX_CLASSES || n_rows == 0)
        return lw_fail(err, LW_EINVAL, "cannot judge %zu rows of %u classes", n_rows,
                       n_classes);
    *e = (struct lw_eval){.n_classes = n_classes, .n_rows = n_rows};
    e->average_cost = (double)NAN;
    e->roc_auc = e->pr_auc = e->tpr_at_fpr_1e2 = e->tpr_at_fpr_1e3 = (double)NAN;
    for (size_t i = 0; i < n_rows; i++) {
        if (truth[i] >= n_classes || said[i] > n_classes)
            return lw_fail(err, LW_EINVAL, "row %zu: class %u of %u", i,
                           truth[i] >= n_classes ? truth[i] : said[i], n_classes);
        e->confusion[truth[i]][said[i]]++;
    }
    judge_answers(e);
    return judge_ranking(e, truth, attack_score, n_rows, err);
}

enum lw_status lw_eval_merge(struct lw_eval *out, const struct lw_eval *in,
                             const uint32_t *group, uint32_t n_groups,
                             struct lw_error *err)
{
    struct lw_eval e = {.n_classes = n_groups, .n_rows = in->n_rows};

    if (n_groups < 2 || n_groups > LW_EVAL_MAX_CLASSES)
        return lw_fail(err, LW_EINVAL, "cannot judge %u classes", n_groups);
    for (uint32_t t = 0; t < in->n_classes; t++) {
        if (group[t] >= n_groups || (group[t] == 0) != (t == 0))
            return lw_fail(err, LW_EINVAL, "class %u cannot be in group %u", t,
                           group[t]);
        for (uint32_t s = 0; s <= in->n_classes; s++)
            e.confusion[group[t]][s == in->n_classes ? n_groups : group[s]] +=
                in->confusion[t][s];
    }
    judge_answers(&e);
    e.average_cost = in->average_cost;
    e.roc_auc = in->roc_auc;
    e.pr_auc = in->pr_auc;
    e.tpr_at_fpr_1e2 = in->tpr_at_fpr_1e2;
    e.tpr_at_fpr_1e3 = in->tpr_at_fpr_1e3;
    *out = e;
    return LW_OK;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every held-out row is judged once as a known one and, if it is an attack, once more
 * in the fold where its whole type was held out.  All of it is repeated with other
 * folds.
 *
 * What is chosen on held-out rows, the decision rule and the thresholds of "Not
 * recognized", must not be judged on the same: for the figures of a fold it is chosen
 * on the other folds of its repeat.  What the model gets is chosen on all.
 */
#include "detect/validate.h"

#include "base/mem.h"
#include "detect/trial.h"
#include "learn/baseline.h"
#include "learn/link.h"
#include "learn/model_ops.h"

#include <lapwing/split.h>

#include <math.h>
#include <string.h>

enum { FOLDS = LW_TRAIN_FOLDS, N_CLASSES = TRIAL_CLASSES };

static enum lw_status trials_init(struct trials *all, size_t most, struct lw_error *err)
{
    all->t = mem_zalloc(most, sizeof *all->t);
    all->tune = mem_zalloc(most, sizeof *all->tune);
    if (all->t == NULL || all->tune == NULL)
        return lw_fail(err, LW_ENOMEM, "out of memory for %zu judgements", most);
    return LW_OK;
}

static void trials_release(struct trials *all)
{
    mem_free(all->t);
    mem_free(all->tune);
}

void classifier_begin(struct lw_classifier *c, const struct lw_view *view)
{
    static const enum lw_verdict_class order[N_CLASSES] = {
        LW_VERDICT_NORMAL, LW_VERDICT_DOS, LW_VERDICT_PROBE, LW_VERDICT_R2L,
        LW_VERDICT_U2R};

    *c = (struct lw_classifier){.view = view, .n_classes = N_CLASSES};
    memcpy(c->class_of, order, sizeof order);
    rule_init(&c->rule, N_CLASSES);
}

void classifier_clear(struct lw_classifier *c)
{
    encoder_free(c->encoder);
    lw_model_free(c->model);
    novelty_release(&c->novelty);
    normality_release(&c->normality);
    conformal_release(&c->conformal_sets);
    lw_matrix_release(&c->sample);
    mem_free(c->types);
    mem_free(c->provenance);
    memset(c, 0, sizeof *c);
}

/* ---- trying rows ---------------------------------------------------------------- */

static void try_row(const struct lw_classifier *c, const float *row, float *x,
                    bool mask, struct trial *t, struct tune_trial *tune)
{
    float squashed[CLASSIFIER_FEATURES_MAX];
    float masked[CLASSIFIER_FEATURES_MAX];
    float distance[N_CLASSES];

    encoder_apply(c->encoder, row, 1, x);
    model_margins(c->model, x, 1, tune->margins);
    (void)classifier_squashed(c->view, row, squashed);
    tune->log_p = normality_log_p(&c->normality, squashed);
    t->distance = mahalanobis_by_class(c->novelty.distance, squashed,
                                       c->conformal_sets.class_of_group, N_CLASSES,
                                       t->class_distance);
    rule_draw_near(&c->rule, tune->margins, t->class_distance);
    t->unseen_category = encoder_unseen(c->encoder, row, NULL) > 0;
    if (!mask) {
        memcpy(t->masked, tune->margins, sizeof t->masked);
        t->masked_log_p = tune->log_p;
        return;
    }
    memcpy(masked, row, c->view->n_features * sizeof *row);
    fit_mask_rows(c->view, masked, 1);
    encoder_apply(c->encoder, masked, 1, x);
    model_margins(c->model, x, 1, t->masked);
    (void)classifier_squashed(c->view, masked, squashed);
    t->masked_log_p = normality_log_p(&c->normality, squashed);
    (void)mahalanobis_by_class(c->novelty.distance, squashed,
                               c->conformal_sets.class_of_group, N_CLASSES, distance);
    rule_draw_near(&c->rule, t->masked, distance);
}

/* The trivial rivals, fitted on the fold's training rows. */
static enum lw_status fit_rivals(const struct train_set *s, const uint8_t *part,
                                 uint32_t *majority, struct one_rule *rule,
                                 struct lw_error *err)
{
    bool is_category[CLASSIFIER_FEATURES_MAX];
    size_t width = s->view->n_features;
    struct lw_matrix x;
    uint32_t *label = mem_zalloc(s->x.n_rows, sizeof *label);
    enum lw_status st;
    size_t n = 0;

    if (label == NULL)
        return lw_fail(err, LW_ENOMEM, "out of memory for %zu rows", s->x.n_rows);
    st = lw_matrix_init(&x, s->x.n_rows, width, err);
    for (size_t r = 0; st == LW_OK && r < s->x.n_rows; r++) {
        if (part[r] != LW_PART_TRAIN)
            continue;
        memcpy(x.x + n * width, s->x.x + r * width, width * sizeof(float));
        label[n++] = s->label[r];
    }
    for (size_t i = 0; i < width; i++)
        is_category[i] = s->view->features[i].type == LW_FEATURE_CATEGORY;
    if (st == LW_OK) {
        x.n_rows = n;
        *majority = baseline_majority(label, n, N_CLASSES);
        st = one_rule_fit(rule, &x, is_category, label, N_CLASSES, err);
        lw_matrix_release(&x);
    }
    mem_free(label);
    return st;
}

struct fold {
    struct lw_classifier c;
    struct one_rule *rule; /* owned */
    uint32_t majority;
    float *x; /* one encoded row, owned */
};

static enum lw_status fold_fit(struct fold *f, const struct fit_task *task,
                               struct lw_error *err)
{
    enum lw_status st = LW_OK;

    *f = (struct fold){.rule = mem_zalloc(1, sizeof *f->rule)};
    classifier_begin(&f->c, task->set->view);
    f->c.rule.nearness = task->nearness;
    if (f->rule == NULL)
        return lw_fail(err, LW_ENOMEM, "out of memory");
    st = fit_rivals(task->set, task->part, &f->majority, f->rule, err);
    if (st == LW_OK)
        st = fit_classifier(&f->c, task, err);
    if (st != LW_OK)
        return st;
    f->x = mem_zalloc(encoder_outputs(f->c.encoder), sizeof *f->x);
    return f->x != NULL ? LW_OK : lw_fail(err, LW_ENOMEM, "out of memory");
}

static void fold_release(struct fold *f)
{
    mem_free(f->x);
    mem_free(f->rule);
    classifier_clear(&f->c);
}

/* Fit on a fold's training rows, judge the others. */
static enum lw_status try_fold(const struct fit_task *task, struct trials *out,
                               struct lw_error *err)
{
    const struct train_set *s = task->set;
    struct fold f;
    enum lw_status st = fold_fit(&f, task, err);

    for (size_t r = 0; st == LW_OK && r < s->x.n_rows; r++) {
        const float *row = s->x.x + r * s->view->n_features;
        struct trial *t = &out->t[out->n];
        struct tune_trial *tune = &out->tune[out->n];

        if (task->part[r] == LW_PART_TRAIN)
            continue;
        *t = (struct trial){.type = s->type[r], .by_majority = (uint8_t)f.majority};
        *tune = (struct tune_trial){.truth = (uint8_t)s->label[r],
                                    .fold = (uint16_t)out->n_folds};
        t->unseen_type = task->part[r] == LW_PART_TEST_UNSEEN;
        t->by_one_rule = (uint8_t)one_rule_predict(f.rule, row);
        try_row(&f.c, row, f.x, task->mask, t, tune);
        out->n++;
    }
    out->n_folds++;
    fold_release(&f);
    return st;
}

/* ---- choosing rule and thresholds ------------------------------------------------ */

/* How much each trial counts: see tune.h.  n_rows (n_types): rows of each type. */
static enum lw_status weigh(struct trials *all, const struct train_set *s,
                            struct lw_error *err)
{
    double *n = mem_zalloc(3 * (size_t)s->n_types, sizeof *n);
    double *n_trials = n; /* (2, n_types): as known, as left out */
    double *n_rows = n + 2 * (size_t)s->n_types;
    double sum[2] = {0, 0};

    if (n == NULL)
        return lw_fail(err, LW_ENOMEM, "out of memory for weights");
    for (size_t r = 0; r < s->x.n_rows; r++)
        n_rows[s->type[r]]++;
    for (size_t i = 0; i < all->n; i++)
        n_trials[(all->t[i].unseen_type ? s->n_types : 0) + all->t[i].type]++;
    for (uint32_t t = 0; t < s->n_types; t++)
        for (size_t k = 0; k < 2; k++)
            if (s->type_class[t] != LW_KDD_NORMAL && n_trials[k * s->n_types + t] > 0)
                sum[k] += link_log(1 + n_rows[t]);
    for (size_t i = 0; i < all->n; i++) {
        size_t k = all->t[i].unseen_type ? 1 : 0;
        uint32_t t = all->t[i].type;
        double each = n_trials[k * s->n_types + t];

        all->tune[i].weight =
            (float)(s->type_class[t] == LW_KDD_NORMAL
                        ? 0.5 / each
                        : 0.25 * link_log(1 + n_rows[t]) / sum[k] / each);
    }
    mem_free(n);
    return LW_OK;
}

/* Apply a rule to one trial. */
static void decide(const struct rule *rule, struct trial *t,
                   const struct tune_trial *tune)
{
    float p[N_CLASSES];

    rule_posterior(rule, t->masked, t->masked_log_p, p);
    t->said_masked = (uint8_t)rule_decide(rule, p);
    rule_posterior(rule, tune->margins, tune->log_p, p);
    memcpy(t->posterior, p, sizeof p);
    t->said = (uint8_t)rule_decide(rule, p);
    t->confidence = p[t->said];
    t->attack_score = 1.0f - p[0];
}

/* Thresholds from the known rows of the folds [from, upto) but `leave`. */
static enum lw_status calibrate(const struct trials *all, size_t from, size_t upto,
                                size_t leave, struct novelty *out, struct lw_error *err)
{
    float *confidence = mem_zalloc(all->n, sizeof *confidence);
    float *distance = mem_zalloc(all->n, sizeof *distance);
    size_t n = 0;

    if (confidence == NULL || distance == NULL) {
        mem_free(confidence);
        mem_free(distance);
        return lw_fail(err, LW_ENOMEM, "out of memory for a calibration");
    }
    for (size_t i = 0; i < all->n; i++) {
        size_t fold = all->tune[i].fold;

        if (all->t[i].unseen_type || fold == leave || fold < from || fold >= upto)
            continue;
        confidence[n] = all->t[i].confidence;
        distance[n++] = all->t[i].distance;
    }
    if (n > 0)
        novelty_calibrate(out, confidence, distance, n);
    mem_free(confidence);
    mem_free(distance);
    return n > 0 ? LW_OK : lw_fail(err, LW_EINVAL, "too few rows to calibrate on");
}

/* Set what says "Not recognized" and what probabilities mean from one range of folds,
 * and judge the fold left out of it by them. */
static enum lw_status judge_openly(const struct trial_range *others,
                                   const uint64_t *n_rows, struct lw_error *err)
{
    const struct trials *all = others->all;
    struct novelty novelty = {0};
    struct conformal sets = {0};
    struct calibration *curves = mem_zalloc(1, sizeof *curves);
    enum lw_status st = curves != NULL ? calibrate(all, others->from, others->upto,
                                                   others->leave, &novelty, err)
                                       : lw_fail(err, LW_ENOMEM, "out of memory");

    if (st == LW_OK)
        st = trials_conformal(others, n_rows, &sets, err);
    if (st == LW_OK)
        st = trials_calibrate(others, curves, err);
    for (size_t i = 0; st == LW_OK && i < all->n; i++) {
        struct trial *t = &all->t[i];
        float p[N_CLASSES];

        if (all->tune[i].fold != others->leave)
            continue;
        memcpy(t->calibrated, t->posterior, sizeof t->calibrated);
        calibration_apply(curves, t->calibrated);
        conformal_p_values(&sets, all->tune[i].margins, t->class_distance, p);
        t->set = (uint8_t)conformal_set(&sets, p, t->distance);
        t->rejected = t->unseen_category || t->set == 0;
        t->too_unlike =
            t->unseen_category || novelty_rejects(&novelty, t->confidence, t->distance);
    }
    conformal_release(&sets);
    mem_free(curves);
    return st;
}

/* Judge each fold by what the others of its repeat say. */
static enum lw_status decide_folds(struct trials *all, const struct tune *tune,
                                   const struct tune *known, const struct rule *base,
                                   double budget, const uint64_t *n_rows,
                                   struct lw_error *err)
{
    enum lw_status st = LW_OK;

    for (size_t f = 0; f < all->n_folds; f++) {
        size_t from = f / FOLDS * FOLDS;
        const struct tune_folds others = {from, from + FOLDS, f};
        struct rule rule = *base;

        tune_choose(tune, &others, known, budget, &rule);
        for (size_t i = 0; i < all->n; i++)
            if (all->tune[i].fold == f)
                decide(&rule, &all->t[i], &all->tune[i]);
    }
    for (size_t f = 0; st == LW_OK && f < all->n_folds; f++) {
        size_t from = f / FOLDS * FOLDS;
        const struct trial_range others = {all, from, from + FOLDS, f};

        st = judge_openly(&others, n_rows, err);
    }
    return st;
}

/* ---- figures --------------------------------------------------------------------- */

static uint32_t said_model(const struct trial *t)
{
    return t->said;
}

static uint32_t said_masked(const struct trial *t)
{
    return t->said_masked;
}

static uint32_t said_majority(const struct trial *t)
{
    return t->by_majority;
}

static uint32_t said_one_rule(const struct trial *t)
{
    return t->by_one_rule;
}

/* Trials of the folds [from, upto). */
struct selection {
    const struct trials *all;
    size_t from;
    size_t upto;
};

static enum lw_status judge(const struct selection *of,
                            uint32_t (*said_of)(const struct trial *t), bool scored,
                            struct lw_eval *out, struct lw_curve *curve,
                            struct lw_error *err)
{
    const struct trials *all = of->all;
    uint32_t *truth = mem_zalloc(all->n, sizeof *truth);
    uint32_t *said = mem_zalloc(all->n, sizeof *said);
    float *score = mem_zalloc(all->n, sizeof *score);
    enum lw_status st = LW_ENOMEM;
    size_t n = 0;

    if (truth == NULL || said == NULL || score == NULL) {
        (void)lw_fail(err, LW_ENOMEM, "out of memory for %zu answers", all->n);
        goto out;
    }
    for (size_t i = 0; i < all->n; i++) {
        if (all->tune[i].fold < of->from || all->tune[i].fold >= of->upto)
            continue;
        truth[n] = all->tune[i].truth;
        said[n] = said_of(&all->t[i]);
        score[n++] = all->t[i].attack_score;
    }
    st = lw_eval_compute(out, truth, said, n, N_CLASSES, scored ? score : NULL, err);
    if (st == LW_OK && curve != NULL)
        st = lw_curve_compute(curve, truth, score, n, err);
out:
    mem_free(truth);
    mem_free(said);
    mem_free(score);
    return st;
}

static void count_rejections(const struct trials *all, struct lw_train_report *report)
{
    double n_known = 0;
    double n_unseen = 0;

    for (size_t i = 0; i < all->n; i++) {
        const struct trial *t = &all->t[i];

        if (!t->unseen_type) {
            n_known++;
            report->known_rejected += t->rejected ? 1 : 0;
            continue;
        }
        n_unseen++;
        report->unseen_rejected += t->rejected ? 1 : 0;
        report->unseen_detected += t->rejected || t->said != 0 ? 1 : 0;
    }
    report->known_rejected /= n_known;
    report->unseen_rejected = n_unseen > 0 ? report->unseen_rejected / n_unseen : 0;
    report->unseen_detected = n_unseen > 0 ? report->unseen_detected / n_unseen : 0;
}

static enum lw_status judge_all(struct trials *all, const struct lw_cost *cost,
                                struct lw_train_report *report, struct lw_error *err)
{
    struct selection of = {all, 0, all->n_folds};
    enum lw_status st =
        judge(&of, said_model, true, &report->leave_attack_out, &report->curve, err);

    if (st == LW_OK)
        st =
            judge(&of, said_masked, false, &report->leave_attack_out_masked, NULL, err);
    if (st == LW_OK)
        st = judge(&of, said_majority, false, &report->baseline_majority, NULL, err);
    if (st == LW_OK)
        st = judge(&of, said_one_rule, false, &report->baseline_one_rule, NULL, err);
    for (size_t k = 0; st == LW_OK && k < all->n_folds / FOLDS; k++) {
        of.from = k * FOLDS;
        of.upto = of.from + FOLDS;
        st = judge(&of, said_model, true, &report->repeat[k], NULL, err);
    }
    if (st == LW_OK) {
        count_rejections(all, report);
        trials_assess(all, cost, report);
    }
    return st;
}

/* The final rule, thresholds, p-values and curves: on all trials. */
static enum lw_status settle(struct trials *all, struct lw_classifier *final,
                             const uint64_t *n_rows, struct lw_error *err)
{
    const struct trial_range every = {all, 0, all->n_folds, all->n_folds};
    enum lw_status st;

    for (size_t i = 0; i < all->n; i++)
        decide(&final->rule, &all->t[i], &all->tune[i]);
    st = calibrate(all, 0, all->n_folds, all->n_folds, &final->novelty, err);
    if (st == LW_OK)
        st = trials_conformal(&every, n_rows, &final->conformal_sets, err);
    if (st == LW_OK)
        st = trials_calibrate(&every, &final->calibration, err);
    return st;
}

/* Figures with what was chosen without them, then the final rule and thresholds. */
static enum lw_status conclude(struct trials *all, const struct tune *known,
                               const struct fit_task *task,
                               const struct validate_plan *plan,
                               struct lw_classifier *final,
                               struct lw_train_report *report, struct lw_error *err)
{
    const struct tune_folds every = {0, all->n_folds, all->n_folds};
    uint64_t n_rows[N_CLASSES] = {0};
    struct tune *tune = NULL;
    enum lw_status st = weigh(all, task->set, err);

    for (size_t r = 0; r < task->set->x.n_rows; r++)
        n_rows[task->set->label[r]]++;
    if (st == LW_OK)
        st = tune_new(&tune, &final->rule, &plan->tune_by, all->tune, all->n,
                      all->n_folds, err);
    if (st == LW_OK)
        st = decide_folds(all, tune, known, &final->rule, plan->budget, n_rows, err);
    if (st == LW_OK)
        st = judge_all(all, &final->rule.cost, report, err);
    if (st == LW_OK) {
        tune_choose(tune, &every, known, plan->budget, &final->rule);
        st = settle(all, final, n_rows, err);
    }
    tune_free(tune);
    return st;
}

static void say(const struct fit_task *task, double done, const char *what)
{
    if (task->params.progress != NULL)
        task->params.progress(task->params.progress_ctx, done, what);
}

/* One repeat: four folds of its own. */
static enum lw_status try_repeat(const struct fit_task *task, unsigned k,
                                 unsigned n_repeats, struct trials *all,
                                 struct lw_error *err)
{
    const struct train_set *s = task->set;
    struct fit_task fold_task = *task;
    struct lw_split split;
    enum lw_status st;

    /* Splitting takes two seeds from the one it is given. */
    st = lw_split_leave_attack_out(&split, s->type, s->x.n_rows, s->type_class,
                                   s->n_types, FOLDS,
                                   task->params.seed + 2 * (uint64_t)k, err);
    if (st != LW_OK)
        return st;
    fold_task.params.progress = NULL; /* the folds are the steps that are shown */
    for (unsigned f = 0; st == LW_OK && f < FOLDS; f++) {
        say(task, (double)(k * FOLDS + f) / (FOLDS * n_repeats), "leaving attacks out");
        fold_task.part = split.part + (size_t)f * s->x.n_rows;
        st = try_fold(&fold_task, all, err);
    }
    lw_split_release(&split);
    return st;
}

/* The naive protocol: 30 % of the rows at random, class by class.  Its figures are for
 * the likeliest class and nothing rejected, as it is usually run.  What it tells
 * besides is how often normal rows are alarmed by a model that has met every attack
 * type, as the final one will have: leaving types out leaves out what normal rows are
 * taken for. */
static enum lw_status try_random(const struct fit_task *task,
                                 const struct validate_plan *plan,
                                 const struct rule *base, struct tune **known,
                                 struct lw_train_report *report, struct lw_error *err)
{
    const struct train_set *s = task->set;
    struct fit_task once = *task;
    struct trials all = {0};
    const struct selection of = {&all, 0, 1};
    struct rule plain;
    struct lw_split split;
    enum lw_status st =
        lw_split_stratified(&split, s->type, s->x.n_rows, 0.3, task->params.seed, err);

    if (st != LW_OK)
        return st;
    say(task, 0, "random split");
    once.params.progress = NULL;
    once.part = split.part;
    st = trials_init(&all, s->x.n_rows, err);
    if (st == LW_OK)
        st = try_fold(&once, &all, err);
    rule_init(&plain, N_CLASSES);
    for (size_t i = 0; st == LW_OK && i < all.n; i++)
        decide(&plain, &all.t[i], &all.tune[i]);
    if (st == LW_OK)
        st = judge(&of, said_model, true, &report->random_split, NULL, err);
    if (st == LW_OK)
        st = tune_new(known, base, &plan->tune_by, all.tune, all.n, all.n_folds, err);
    trials_release(&all);
    lw_split_release(&split);
    return st;
}

enum lw_status validate(const struct fit_task *task, const struct validate_plan *plan,
                        struct lw_classifier *final, struct lw_train_report *report,
                        struct lw_error *err)
{
    struct trials all = {0};
    struct tune *known = NULL;
    enum lw_status st =
        trials_init(&all, 2 * (size_t)plan->n_repeats * task->set->x.n_rows, err);

    if (st == LW_OK)
        st = try_random(task, plan, &final->rule, &known, report, err);
    for (unsigned k = 0; st == LW_OK && k < plan->n_repeats; k++)
        st = try_repeat(task, k, plan->n_repeats, &all, err);
    report->n_repeats = plan->n_repeats;
    if (st == LW_OK)
        st = conclude(&all, known, task, plan, final, report, err);
    tune_free(known);
    trials_release(&all);
    return st;
}

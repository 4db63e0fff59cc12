/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every held-out row is judged once as a known one and, if it is an attack, once more
 * in the fold where its whole type was held out.  The thresholds that judge a fold come
 * from the known rows of the other folds.
 */
#include "detect/validate.h"

#include "base/mem.h"
#include "learn/baseline.h"

#include <lapwing/split.h>

#include <string.h>

enum { FOLDS = 4, N_CLASSES = LW_N_KDD_CLASSES, NOT_RECOGNIZED = LW_N_KDD_CLASSES };

/* One judgement of one held-out row. */
struct trial {
    uint32_t truth;
    uint32_t likeliest;
    uint32_t likeliest_masked; /* without what packets cannot give */
    uint32_t by_majority;
    uint32_t by_one_rule;
    float confidence;
    float distance;
    float attack_score;
    uint8_t fold;
    bool unseen_type;
    bool unseen_category;
    bool rejected;
};

struct trials {
    struct trial *t; /* (n), owned */
    size_t n;
};

void classifier_begin(struct lw_classifier *c, const struct lw_view *view)
{
    static const enum lw_verdict_class order[N_CLASSES] = {
        LW_VERDICT_NORMAL, LW_VERDICT_DOS, LW_VERDICT_PROBE, LW_VERDICT_R2L,
        LW_VERDICT_U2R};

    *c = (struct lw_classifier){.view = view, .n_classes = N_CLASSES};
    memcpy(c->class_of, order, sizeof order);
}

void classifier_clear(struct lw_classifier *c)
{
    encoder_free(c->encoder);
    lw_model_free(c->model);
    novelty_release(&c->novelty);
    mem_free(c->types);
    mem_free(c->provenance);
    memset(c, 0, sizeof *c);
}

static uint32_t likeliest(const float *proba)
{
    uint32_t best = 0;

    for (uint32_t i = 1; i < N_CLASSES; i++)
        best = proba[i] > proba[best] ? i : best;
    return best;
}

static void predict(const struct lw_classifier *c, const float *row, float *x,
                    float *proba)
{
    encoder_apply(c->encoder, row, 1, x);
    lw_model_predict(c->model, x, 1, proba);
}

static void try_row(const struct lw_classifier *c, const float *row, float *x,
                    bool mask, struct trial *t)
{
    float numbers[CLASSIFIER_FEATURES_MAX];
    float masked[CLASSIFIER_FEATURES_MAX];
    float proba[N_CLASSES];

    predict(c, row, x, proba);
    t->likeliest = likeliest(proba);
    t->confidence = proba[t->likeliest];
    t->attack_score = 1.0f - proba[0];
    (void)classifier_numbers(c->view, row, numbers);
    t->distance = mahalanobis_distance(c->novelty.distance, numbers, NULL);
    t->unseen_category = encoder_unseen(c->encoder, row, NULL) > 0;
    t->likeliest_masked = t->likeliest;
    if (mask) {
        memcpy(masked, row, c->view->n_features * sizeof *row);
        fit_mask_rows(c->view, masked, 1);
        predict(c, masked, x, proba);
        t->likeliest_masked = likeliest(proba);
    }
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

static enum lw_status try_fold(const struct fit_task *task, uint8_t fold,
                               struct trials *out, struct lw_error *err)
{
    const struct train_set *s = task->set;
    size_t width = s->view->n_features;
    struct lw_classifier c;
    struct one_rule *rule = mem_zalloc(1, sizeof *rule);
    uint32_t majority = 0;
    float *x = NULL;
    enum lw_status st;

    classifier_begin(&c, s->view);
    st = rule == NULL ? lw_fail(err, LW_ENOMEM, "out of memory") : LW_OK;
    if (st == LW_OK)
        st = fit_rivals(s, task->part, &majority, rule, err);
    if (st == LW_OK)
        st = fit_classifier(&c, task, err);
    if (st == LW_OK) {
        x = mem_zalloc(encoder_outputs(c.encoder), sizeof *x);
        st = x == NULL ? lw_fail(err, LW_ENOMEM, "out of memory") : LW_OK;
    }
    for (size_t r = 0; st == LW_OK && r < s->x.n_rows; r++) {
        const float *row = s->x.x + r * width;
        struct trial *t = &out->t[out->n];

        if (task->part[r] == LW_PART_TRAIN)
            continue;
        *t = (struct trial){.truth = s->label[r], .fold = fold};
        t->unseen_type = task->part[r] == LW_PART_TEST_UNSEEN;
        try_row(&c, row, x, task->mask, t);
        t->by_majority = majority;
        t->by_one_rule = one_rule_predict(rule, row);
        out->n++;
    }
    mem_free(x);
    mem_free(rule);
    classifier_clear(&c);
    return st;
}

/* Thresholds from the known rows of every fold but `leave` (FOLDS: of all). */
static enum lw_status calibrate(const struct trials *all, unsigned leave,
                                struct novelty *out, struct lw_error *err)
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
        if (all->t[i].unseen_type || all->t[i].fold == leave)
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

static enum lw_status reject_fold(struct trials *all, unsigned fold,
                                  struct lw_error *err)
{
    struct novelty n = {0};
    enum lw_status st = calibrate(all, fold, &n, err);

    for (size_t i = 0; st == LW_OK && i < all->n; i++)
        if (all->t[i].fold == fold)
            all->t[i].rejected =
                all->t[i].unseen_category ||
                novelty_rejects(&n, all->t[i].confidence, all->t[i].distance);
    return st;
}

static uint32_t said_model(const struct trial *t)
{
    return t->rejected ? (uint32_t)NOT_RECOGNIZED : t->likeliest;
}

static uint32_t said_masked(const struct trial *t)
{
    return t->likeliest_masked;
}

static uint32_t said_majority(const struct trial *t)
{
    return t->by_majority;
}

static uint32_t said_one_rule(const struct trial *t)
{
    return t->by_one_rule;
}

static enum lw_status judge(const struct trials *all,
                            uint32_t (*said_of)(const struct trial *t), bool scored,
                            struct lw_eval *out, struct lw_error *err)
{
    uint32_t *truth = mem_zalloc(all->n, sizeof *truth);
    uint32_t *said = mem_zalloc(all->n, sizeof *said);
    float *score = mem_zalloc(all->n, sizeof *score);
    enum lw_status st = LW_ENOMEM;

    if (truth == NULL || said == NULL || score == NULL) {
        (void)lw_fail(err, LW_ENOMEM, "out of memory for %zu answers", all->n);
        goto out;
    }
    for (size_t i = 0; i < all->n; i++) {
        truth[i] = all->t[i].truth;
        said[i] = said_of(&all->t[i]);
        score[i] = all->t[i].attack_score;
    }
    st = lw_eval_compute(out, truth, said, all->n, N_CLASSES, scored ? score : NULL,
                         err);
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
        report->unseen_detected += said_model(t) != 0 ? 1 : 0;
    }
    report->known_rejected /= n_known;
    report->unseen_rejected = n_unseen > 0 ? report->unseen_rejected / n_unseen : 0;
    report->unseen_detected = n_unseen > 0 ? report->unseen_detected / n_unseen : 0;
}

static enum lw_status judge_all(struct trials *all, struct novelty *final,
                                struct lw_train_report *report, struct lw_error *err)
{
    enum lw_status st = LW_OK;

    for (unsigned f = 0; st == LW_OK && f < FOLDS; f++)
        st = reject_fold(all, f, err);
    if (st == LW_OK)
        st = calibrate(all, FOLDS, final, err);
    if (st == LW_OK)
        st = judge(all, said_model, true, &report->leave_attack_out, err);
    if (st == LW_OK)
        st = judge(all, said_masked, false, &report->leave_attack_out_masked, err);
    if (st == LW_OK)
        st = judge(all, said_majority, false, &report->baseline_majority, err);
    if (st == LW_OK)
        st = judge(all, said_one_rule, false, &report->baseline_one_rule, err);
    if (st == LW_OK)
        count_rejections(all, report);
    return st;
}

static void say(const struct fit_task *task, double done, const char *what)
{
    if (task->params.progress != NULL)
        task->params.progress(task->params.progress_ctx, done, what);
}

enum lw_status validate_leave_attack_out(const struct fit_task *task,
                                         struct novelty *final,
                                         struct lw_train_report *report,
                                         struct lw_error *err)
{
    const struct train_set *s = task->set;
    struct fit_task fold_task = *task;
    struct trials all = {0};
    struct lw_split split;
    enum lw_status st =
        lw_split_leave_attack_out(&split, s->type, s->x.n_rows, s->type_class,
                                  s->n_types, FOLDS, task->params.seed, err);

    if (st != LW_OK)
        return st;
    fold_task.params.progress = NULL; /* the folds are the steps that are shown */
    all.t = mem_zalloc(2 * s->x.n_rows, sizeof *all.t);
    if (all.t == NULL)
        st = lw_fail(err, LW_ENOMEM, "out of memory for %zu rows", s->x.n_rows);
    for (unsigned f = 0; st == LW_OK && f < FOLDS; f++) {
        say(task, (double)f / FOLDS, "leaving attacks out");
        fold_task.part = split.part + f * s->x.n_rows;
        st = try_fold(&fold_task, (uint8_t)f, &all, err);
    }
    if (st == LW_OK)
        st = judge_all(&all, final, report, err);
    mem_free(all.t);
    lw_split_release(&split);
    return st;
}

enum lw_status validate_random(const struct fit_task *task,
                               struct lw_train_report *report, struct lw_error *err)
{
    const struct train_set *s = task->set;
    struct fit_task once = *task;
    struct trials all = {0};
    struct lw_split split;
    enum lw_status st =
        lw_split_stratified(&split, s->type, s->x.n_rows, 0.3, task->params.seed, err);

    if (st != LW_OK)
        return st;
    say(task, 0, "random split");
    once.params.progress = NULL;
    once.part = split.part;
    all.t = mem_zalloc(s->x.n_rows, sizeof *all.t);
    if (all.t == NULL)
        st = lw_fail(err, LW_ENOMEM, "out of memory for %zu rows", s->x.n_rows);
    if (st == LW_OK)
        st = try_fold(&once, 0, &all, err);
    if (st == LW_OK) /* nothing is rejected here: as the protocol is usually run */
        st = judge(&all, said_model, true, &report->random_split, err);
    mem_free(all.t);
    lw_split_release(&split);
    return st;
}

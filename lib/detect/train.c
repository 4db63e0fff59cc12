/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lapwing train: a labelled table in, a model file out.
 *
 * Everything is fitted on training rows; the thresholds come from rows that were held
 * out while their models were fitted.  The final model is fitted on all rows.  Nothing
 * of the machine, the clock or the output path enters the file.
 */
#include "base/digest.h"
#include "base/jsonw.h"
#include "base/mem.h"
#include "base/names.h"
#include "detect/provenance.h"
#include "detect/recipe.h"
#include "detect/usual.h"
#include "detect/validate.h"

#include <string.h>
#include <time.h>

enum { REPEATS = 3 }; /* of leaving attacks out, unless told */

static const float *normal_row(const void *of, size_t i)
{
    const struct train_set *s = of;

    return s->label[i] == LW_KDD_NORMAL ? s->x.x + i * s->x.n_cols : NULL;
}

static enum lw_status list_types(struct lw_classifier *c, const struct train_set *s,
                                 struct lw_error *err)
{
    uint8_t *present = mem_zalloc(s->n_types, sizeof *present);
    struct buf list;

    if (present == NULL)
        return lw_fail(err, LW_ENOMEM, "out of memory for the attack types");
    for (size_t r = 0; r < s->x.n_rows; r++)
        present[s->type[r]] = 1;
    buf_init(&list);
    for (uint32_t t = 0; t < s->n_types; t++) {
        if (!present[t])
            continue;
        if (list.len > 0)
            buf_add_char(&list, ',');
        buf_add(&list, s->type_name[t], strcspn(s->type_name[t], "."));
    }
    mem_free(present);
    c->types = buf_ok(&list) ? mem_strdup(buf_text(&list)) : NULL;
    buf_release(&list);
    return c->types == NULL
               ? lw_fail(err, LW_ENOMEM, "out of memory for a list of types")
               : LW_OK;
}

struct figure {
    const char *key;
    double value;
};

static void put_figures(struct jsonw *w, const struct figure *f, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        jsonw_put_f64(w, f[i].key, f[i].value);
    }
}

static void put_numbers(struct jsonw *w, const char *key, const double *v, size_t n)
{
    jsonw_key(w, key);
    jsonw_array(w);
    for (size_t i = 0; i < n; i++)
        jsonw_f64(w, v[i]);
    jsonw_array_end(w);
}

static void put_eval(struct jsonw *w, const char *key, const struct lw_eval *e)
{
    const struct figure figures[] = {
        {"accuracy", e->accuracy},
        {"macro_f1", e->macro_f1},
        {"mcc", e->mcc},
        {"average_cost", e->average_cost},
        {"false_alarm", e->false_alarm},
        {"detection", e->detection},
        {"pr_auc", e->pr_auc},
        {"tpr_at_fpr_1e3", e->tpr_at_fpr_1e3},
    };

    jsonw_key(w, key);
    jsonw_object(w);
    jsonw_put_u64(w, "rows", e->n_rows);
    put_figures(w, figures, sizeof figures / sizeof figures[0]);
    jsonw_key(w, "recall");
    jsonw_object(w);
    for (uint32_t c = 0; c < e->n_classes; c++) {
        jsonw_put_f64(w, lw_kdd_class_name((enum lw_kdd_class)c), e->recall[c]);
    }
    jsonw_object_end(w);
    jsonw_object_end(w);
}

static void put_rule(struct jsonw *w, const struct lw_train_report *r)
{
    const struct figure figures[] = {
        {"temperature", r->temperature},     {"attack_factor", r->attack_factor},
        {"novelty_power", r->novelty_power}, {"mix", r->mix},
        {"nearness", r->nearness},
    };

    jsonw_key(w, "rule");
    jsonw_object(w);
    put_figures(w, figures, sizeof figures / sizeof figures[0]);
    jsonw_key(w, "cost");
    jsonw_array(w);
    for (uint32_t i = 0; i < r->cost.n_classes; i++) {
        jsonw_array(w);
        for (uint32_t k = 0; k < r->cost.n_classes; k++)
            jsonw_f32(w, r->cost.of[i][k]);
        jsonw_array_end(w);
    }
    jsonw_array_end(w);
    jsonw_object_end(w);
}

/* Kinds that heed the parameters of boosted trees, and of a perceptron: all that may
 * have one among their members, too. */
static const char boosted[] = "gbdt,blend,mean,cascade";
static const char layered[] = "mlp,blend,mean,cascade";

static bool is_among(const struct fit_task *task, const char *kinds)
{
    return names_have(kinds, task->model, strlen(task->model));
}

static void put_params(struct jsonw *w, const struct fit_task *task)
{
    const struct lw_model_params *p = &task->params;

    jsonw_key(w, "parameters");
    jsonw_object(w);
    jsonw_put_text(w, "model", task->model);
    if (p->options != NULL)
        jsonw_put_text(w, "options", p->options);
    if (is_among(task, boosted)) {
        jsonw_put_u64(w, "rounds", p->n_rounds);
        jsonw_put_u64(w, "max_depth", p->max_depth);
        jsonw_put_f64(w, "learning_rate", p->learning_rate);
        jsonw_put_f64(w, "lambda", p->lambda);
    }
    if (is_among(task, layered)) {
        jsonw_put_u64(w, "hidden", p->hidden);
        jsonw_put_u64(w, "steps", p->n_steps);
        jsonw_put_f64(w, "noise", p->noise);
        jsonw_put_f64(w, "dropout", p->dropout);
    }
    jsonw_put_text(w, "weights", "n^-0.5 per attack type");
    jsonw_put_u64(w, "most_normal_rows", task->most_normal);
    jsonw_put_u64(w, "most_rows_of_a_type", task->most_of_type);
    jsonw_put_u64(w, "seed", p->seed);
    jsonw_object_end(w);
}

static void put_data(struct jsonw *w, const struct lw_frame *frame,
                     const struct lw_train_config *cfg, const struct lw_train_report *r)
{
    uint8_t sum[SHA256_BYTES];
    char hex[2 * SHA256_BYTES + 1];

    lw_frame_digest(frame, sum);
    digest_hex(sum, sizeof sum, hex);
    jsonw_key(w, "data");
    jsonw_object(w);
    jsonw_put_text(w, "format", lw_frame_format(frame));
    jsonw_put_text(w, "sha256", hex);
    jsonw_put_u64(w, "rows", r->n_rows);
    jsonw_put_u64(w, "distinct_rows", r->n_distinct_rows);
    jsonw_put_text(w, "excluded", cfg->exclude == NULL ? "" : cfg->exclude);
    jsonw_put_text(w, "label_mapping", "official KDD Cup 1999");
    jsonw_object_end(w);
}

static void put_reliability(struct jsonw *w, const char *key,
                            const struct lw_reliability *r)
{
    jsonw_key(w, key);
    jsonw_object(w);
    jsonw_put_f64(w, "brier", r->brier);
    jsonw_put_f64(w, "brier_classes", r->brier_classes);
    jsonw_put_f64(w, "ece", r->ece);
    jsonw_key(w, "curve");
    jsonw_array(w);
    for (size_t b = 0; b < LW_CURVE_RELIABILITY; b++) {
        jsonw_array(w);
        jsonw_f64(w, r->weight[b]);
        jsonw_f64(w, r->mean_score[b]);
        jsonw_f64(w, r->attacks[b]);
        jsonw_array_end(w);
    }
    jsonw_array_end(w);
    jsonw_object_end(w);
}

static void put_sets(struct jsonw *w, const struct lw_set_report *r, uint32_t n_classes)
{
    const struct figure figures[] = {
        {"level", r->level},
        {"known_one_class", r->one[0]},
        {"known_several", r->several[0]},
        {"unseen_one_class", r->one[1]},
        {"unseen_several", r->several[1]},
        {"known_rejected_by_distance", r->by_distance[0]},
        {"unseen_rejected_by_distance", r->by_distance[1]},
    };

    jsonw_key(w, "sets");
    jsonw_object(w);
    put_figures(w, figures, sizeof figures / sizeof figures[0]);
    jsonw_key(w, "coverage");
    jsonw_object(w);
    for (uint32_t c = 0; c < n_classes; c++)
        jsonw_put_f64(w, lw_kdd_class_name((enum lw_kdd_class)c), r->covered[c]);
    jsonw_object_end(w);
    jsonw_object_end(w);
}

static void put_validation(struct jsonw *w, const struct lw_train_report *r)
{
    const struct figure figures[] = {
        {"known_rejected", r->known_rejected},
        {"unseen_rejected", r->unseen_rejected},
        {"unseen_detected", r->unseen_detected},
    };

    jsonw_key(w, "validation");
    jsonw_object(w);
    jsonw_put_u64(w, "repeats", r->n_repeats);
    put_eval(w, "leave_attack_out", &r->leave_attack_out);
    put_numbers(w, "weighted_cost", r->weighted_cost, r->n_repeats);
    put_numbers(w, "alarmed_by_quarter", r->alarmed, LW_TRAIN_FOLDS);
    put_eval(w, "leave_attack_out_as_from_packets", &r->leave_attack_out_masked);
    put_eval(w, "random_split", &r->random_split);
    put_eval(w, "baseline_majority", &r->baseline_majority);
    put_eval(w, "baseline_one_rule", &r->baseline_one_rule);
    put_figures(w, figures, sizeof figures / sizeof figures[0]);
    put_sets(w, &r->sets, r->leave_attack_out.n_classes);
    put_reliability(w, "uncalibrated", &r->uncalibrated);
    put_reliability(w, "calibrated", &r->calibrated);
    jsonw_object_end(w);
}

static enum lw_status
write_provenance(struct lw_classifier *c, const struct lw_frame *frame,
                 const struct lw_train_config *cfg, const struct fit_task *task,
                 const struct lw_train_report *r, struct lw_error *err)
{
    struct provenance p;

    provenance_begin(&p, is_among(task, boosted));
    jsonw_put_text(&p.w, "preset", cfg->preset);
    jsonw_put_text(&p.w, "view", c->view->name);
    put_data(&p.w, frame, cfg, r);
    put_params(&p.w, task);
    put_rule(&p.w, r);
    put_validation(&p.w, r);
    return provenance_end(&p, &c->provenance, err);
}

/* A set without normal rows or without attacks teaches nothing. */
static enum lw_status check_labels(const struct train_set *s, struct lw_error *err)
{
    size_t n_normal = 0;

    for (size_t r = 0; r < s->x.n_rows; r++)
        n_normal += s->label[r] == LW_KDD_NORMAL ? 1 : 0;
    if (n_normal > 0 && n_normal < s->x.n_rows)
        return LW_OK;
    return lw_fail(err, LW_EFORMAT, "%s rows; training needs normal ones and attacks",
                   n_normal == 0 ? "no normal" : "only normal");
}

static enum lw_status fit_final(struct lw_classifier *c, const struct fit_task *task,
                                struct lw_train_report *report, struct lw_error *err)
{
    clock_t start = clock();
    enum lw_status st = fit_classifier(c, task, err);

    report->train_seconds = (double)(clock() - start) / CLOCKS_PER_SEC;
    if (st == LW_OK)
        st = usual_find(c, normal_row, task->set, task->set->x.n_rows, err);
    if (st == LW_OK)
        st = sample_choose(&c->sample, task->set, task->params.seed, err);
    return st == LW_OK ? list_types(c, task->set, err) : st;
}

static void report_costs(struct lw_train_report *r)
{
    struct lw_eval *const evals[] = {&r->random_split, &r->leave_attack_out,
                                     &r->leave_attack_out_masked, &r->baseline_majority,
                                     &r->baseline_one_rule};

    for (size_t i = 0; i < sizeof evals / sizeof evals[0]; i++)
        if (evals[i]->n_rows > 0)
            evals[i]->average_cost = lw_cost_average(&r->cost, evals[i]);
    for (uint32_t i = 0; i < r->n_repeats; i++)
        r->repeat[i].average_cost = lw_cost_average(&r->cost, &r->repeat[i]);
}

static void report_rule(const struct rule *r, struct lw_train_report *report)
{
    report->cost = r->cost;
    report->temperature = (double)r->temperature;
    report->attack_factor = (double)r->attack_factor;
    report->novelty_power = (double)r->novelty_power;
    report->mix = (double)r->mix;
    report->nearness = (double)r->nearness;
}

static enum lw_status train_on(const struct train_set *s, const struct lw_frame *frame,
                               const char *path, const struct lw_train_config *cfg,
                               struct lw_train_report *report, struct lw_error *err)
{
    const struct recipe *recipe = recipe_get(cfg->preset);
    struct validate_plan plan = {
        .n_repeats = cfg->n_repeats > 0 ? cfg->n_repeats : REPEATS,
        .budget = cfg->alarm_budget > 0 ? cfg->alarm_budget : recipe->alarm_budget,
    };
    struct fit_task task = {.set = s,
                            .model = cfg->model != NULL ? cfg->model : recipe->model,
                            .most_normal = recipe->most_normal,
                            .most_of_type = recipe->most_of_type,
                            .nearness = recipe->nearness,
                            .params = cfg->params};
    struct lw_classifier c;
    enum lw_status st = check_labels(s, err);

    /* `kdd31` is asked with records; `kdd` also with what packets show. */
    task.mask = strcmp(s->view->name, "kdd") == 0;
    recipe_fill(recipe, &task.params);
    classifier_begin(&c, s->view);
    recipe->cost(&c.rule.cost, c.n_classes);
    c.rule.nearness = recipe->nearness;
    recipe->tune_by(&plan.tune_by, c.n_classes);
    if (cfg->cost != NULL)
        c.rule.cost = plan.tune_by = *cfg->cost;
    if (st == LW_OK)
        st = validate(&task, &plan, &c, report, err);
    report_rule(&c.rule, report);
    if (st == LW_OK)
        report_costs(report);
    if (st == LW_OK)
        st = fit_final(&c, &task, report, err);
    if (st == LW_OK)
        st = write_provenance(&c, frame, cfg, &task, report, err);
    if (st == LW_OK)
        st = classifier_save(&c, path, err);
    classifier_clear(&c);
    return st;
}

static enum lw_status check_config(const struct lw_train_config *cfg,
                                   struct lw_error *err)
{
    if (recipe_get(cfg->preset) == NULL)
        return lw_fail(err, LW_EINVAL, "no preset '%s'; there are nsl-kdd and kddcup99",
                       cfg->preset);
    if (cfg->view != NULL && lw_view_get(cfg->view) == NULL)
        return lw_fail(err, LW_EINVAL, "no view '%s'; there are kdd and kdd31",
                       cfg->view);
    if (cfg->n_repeats > LW_REPEATS_MAX)
        return lw_fail(err, LW_EINVAL, "at most %d repeats", LW_REPEATS_MAX);
    if (!(cfg->alarm_budget >= 0 && cfg->alarm_budget <= 1))
        return lw_fail(err, LW_EINVAL, "the alarm budget is a share, 0 to 1");
    if (cfg->cost != NULL && cfg->cost->n_classes != LW_N_KDD_CLASSES)
        return lw_fail(err, LW_EINVAL, "the cost matrix is not one of five classes");
    return LW_OK;
}

enum lw_status lw_train(const struct lw_frame *frame, const char *path,
                        const struct lw_train_config *cfg,
                        struct lw_train_report *report, struct lw_error *err)
{
    struct train_set s;
    enum lw_status st = check_config(cfg, err);

    memset(report, 0, sizeof *report);
    if (st != LW_OK)
        return st;
    st = train_set_init(
        &s, lw_view_get(cfg->view == NULL ? recipe_get(cfg->preset)->view : cfg->view),
        frame, cfg->exclude, err);
    if (st != LW_OK)
        return st;
    report->n_rows = s.x.n_rows;
    st = train_set_drop_repeats(&s, err);
    report->n_distinct_rows = s.x.n_rows;
    if (st == LW_OK)
        st = train_on(&s, frame, path, cfg, report, err);
    train_set_release(&s);
    return st;
}

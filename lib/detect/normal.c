/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How it is learnt what is normal.
 *
 * Every method learns from normal rows alone and gives a row one score.  Folds leave
 * out whole attack types and a contiguous share of the normal rows; a method is fitted
 * on the remaining normal rows and judged on what was left out.  The rivals are always
 * judged beside: a network that is no better than an ellipsoid is not worth its
 * parameters, and the report says so.
 *
 * The final model is fitted on four fifths of the normal rows, in file order; the
 * scores of the last fifth, which it has not seen, make the p-values (Vovk, Gammerman
 * and Shafer, "Algorithmic learning in a random world", 2005; split conformal).
 */
#include "base/digest.h"
#include "base/jsonw.h"
#include "base/mem.h"
#include "detect/normal_priv.h"
#include "detect/provenance.h"

#include <lapwing/normal.h>
#include <lapwing/split.h>

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { FOLDS = 4, CALIBRATION_SHARE = 5 };

/* What one training run works with. */
struct run {
    const struct lw_normal_config *cfg;
    const struct train_set *set;
    struct normal_method method[NORMAL_METHODS + 1];
    size_t n_methods;
    struct lw_normal_figures sum[NORMAL_METHODS + 1][LW_NORMAL_REPEATS_MAX];
    double done;
};

/* ---- rows ----------------------------------------------------------------------- */

static size_t take_part(const struct train_set *s, const uint8_t *part, size_t *rows)
{
    size_t n = 0;

    for (size_t r = 0; r < s->x.n_rows; r++)
        if (s->label[r] == LW_KDD_NORMAL && (part == NULL || part[r] == LW_PART_TRAIN))
            rows[n++] = r;
    return n;
}

/* ---- validation ----------------------------------------------------------------- */

/* Room for the rows of a fold. */
struct fold {
    size_t *train;
    size_t n_train;
    struct normal_judged test;
};

static void fold_release(struct fold *f)
{
    mem_free(f->train);
    normal_judged_release(&f->test);
}

static enum lw_status fold_init(struct fold *f, size_t n_rows, struct lw_error *err)
{
    f->train = mem_zalloc(n_rows, sizeof *f->train);
    return f->train == NULL
               ? lw_fail(err, LW_ENOMEM, "out of memory for %zu rows", n_rows)
               : normal_judged_init(&f->test, n_rows, err);
}

/* Judged are normal rows left out, and all rows of the attack types left out. */
static void fold_fill(struct fold *f, const struct train_set *s, const uint8_t *part)
{
    f->n_train = take_part(s, part, f->train);
    f->test.n = 0;
    for (size_t r = 0; r < s->x.n_rows; r++) {
        bool is_normal = s->label[r] == LW_KDD_NORMAL;

        if (part[r] != (is_normal ? LW_PART_TEST : LW_PART_TEST_UNSEEN))
            continue;
        f->test.truth[f->test.n] = is_normal ? 0 : 1;
        f->test.rows[f->test.n++] = r;
    }
}

static void tick(struct run *run, const char *what)
{
    run->done += 1;
    if (run->cfg->progress != NULL)
        run->cfg->progress(
            run->cfg->progress_ctx,
            run->done / (double)(FOLDS * run->n_methods *
                                 (run->cfg->n_repeats > 0 ? run->cfg->n_repeats : 1)),
            what);
}

static enum lw_status judge_fold(struct run *run, struct fold *f, uint32_t repeat,
                                 struct lw_error *err)
{
    struct normal_judged *t = &f->test;
    enum lw_status st = LW_OK;

    for (size_t i = 0; st == LW_OK && i < run->n_methods; i++) {
        struct lw_normal_figures *sum = &run->sum[i][repeat];
        struct lw_classifier c = {.view = run->set->view};
        struct lw_eval e;

        st = normal_fit(&c, run->set, &run->method[i], f->train, f->n_train,
                        run->cfg->seed + repeat, err);
        if (st == LW_OK)
            st = normal_score(&c, run->set, t->rows, t->n, t->score, err);
        if (st == LW_OK)
            st = lw_eval_compute(&e, t->truth, t->truth, t->n, 2, t->score, err);
        normal_clear(&c);
        if (st != LW_OK)
            break;
        sum->roc_auc += e.roc_auc / FOLDS;
        sum->pr_auc += e.pr_auc / FOLDS;
        sum->tpr_at_fpr_1e2 += e.tpr_at_fpr_1e2 / FOLDS;
        sum->tpr_at_fpr_1e3 += e.tpr_at_fpr_1e3 / FOLDS;
        tick(run, run->method[i].name);
    }
    return st;
}

static enum lw_status validate(struct run *run, uint32_t n_repeats,
                               struct lw_error *err)
{
    const struct train_set *s = run->set;
    struct fold f = {0};
    enum lw_status st = fold_init(&f, s->x.n_rows, err);

    for (uint32_t k = 0; st == LW_OK && k < n_repeats; k++) {
        struct lw_split split = {0};

        st = lw_split_leave_attack_out(&split, s->type, s->x.n_rows, s->type_class,
                                       s->n_types, FOLDS, run->cfg->seed + k, err);
        for (size_t i = 0; st == LW_OK && i < FOLDS; i++) {
            fold_fill(&f, s, split.part + i * s->x.n_rows);
            st = judge_fold(run, &f, k, err);
        }
        lw_split_release(&split);
    }
    fold_release(&f);
    return st;
}

/* Two-sided 95 % of Student's t with n - 1 degrees of freedom, n from 2 to 10. */
static double student(uint32_t n)
{
    static const double t[] = {12.706, 4.303, 3.182, 2.776, 2.571,
                               2.447,  2.365, 2.306, 2.262};

    return t[n - 2];
}

static double figure_of(const struct lw_normal_figures *f, size_t i)
{
    const double all[] = {f->roc_auc, f->pr_auc, f->tpr_at_fpr_1e2, f->tpr_at_fpr_1e3};

    return all[i];
}

static void summarise(const struct lw_normal_figures *of, uint32_t n,
                      struct lw_normal_figures *mean, struct lw_normal_figures *half)
{
    double *const to[] = {&mean->roc_auc, &mean->pr_auc, &mean->tpr_at_fpr_1e2,
                          &mean->tpr_at_fpr_1e3};
    double *const wide[] = {&half->roc_auc, &half->pr_auc, &half->tpr_at_fpr_1e2,
                            &half->tpr_at_fpr_1e3};

    for (size_t i = 0; i < sizeof to / sizeof to[0]; i++) {
        double sum = 0;
        double squares = 0;

        for (uint32_t k = 0; k < n; k++)
            sum += figure_of(&of[k], i);
        *to[i] = sum / n;
        for (uint32_t k = 0; k < n; k++)
            squares +=
                (figure_of(&of[k], i) - *to[i]) * (figure_of(&of[k], i) - *to[i]);
        *wide[i] = n > 1 ? student(n) * sqrt(squares / (n - 1) / n) : (double)NAN;
    }
}

static double worth(const struct lw_normal_figures *f)
{
    return f->roc_auc + f->tpr_at_fpr_1e2 + f->tpr_at_fpr_1e3;
}

static void fill_report(const struct run *run, struct lw_normal_report *r)
{
    r->n_methods = run->n_methods;
    for (size_t i = 0; i < run->n_methods; i++) {
        (void)snprintf(r->method[i].name, sizeof r->method[i].name, "%s",
                       run->method[i].name);
        r->method[i].is_trivial = run->method[i].is_trivial;
        r->method[i].most_rows = run->method[i].most_rows;
        summarise(run->sum[i], r->n_repeats, &r->method[i].mean,
                  &r->method[i].half_width);
        if (worth(&r->method[i].mean) > worth(&r->method[r->winner].mean))
            r->winner = i;
    }
}

/* ---- the model file ------------------------------------------------------------- */

static void put_figures(struct jsonw *w, const struct lw_normal_figures *f)
{
    jsonw_put_f64(w, "roc_auc", f->roc_auc);
    jsonw_put_f64(w, "pr_auc", f->pr_auc);
    jsonw_put_f64(w, "tpr_at_fpr_1e2", f->tpr_at_fpr_1e2);
    jsonw_put_f64(w, "tpr_at_fpr_1e3", f->tpr_at_fpr_1e3);
}

static enum lw_status describe(struct lw_classifier *c, const struct run *run,
                               const struct lw_frame *frame,
                               const struct lw_normal_report *r, struct lw_error *err)
{
    const struct normal_method *m = &run->method[r->chosen];
    uint8_t sum[SHA256_BYTES];
    char hex[2 * SHA256_BYTES + 1];
    struct provenance p;
    struct jsonw *w = &p.w;

    c->types = mem_strdup("normal");
    if (c->types == NULL)
        return lw_fail(err, LW_ENOMEM, "out of memory");
    provenance_begin(&p, false);
    jsonw_put_text(w, "preset", "normal");
    jsonw_put_text(w, "view", run->set->view->name);
    lw_frame_digest(frame, sum);
    digest_hex(sum, sizeof sum, hex);
    jsonw_put_text(w, "data_sha256", hex);
    jsonw_put_u64(w, "rows", r->n_rows);
    jsonw_put_u64(w, "distinct_normal_rows", r->n_normal_rows);
    jsonw_put_text(w, "method", m->name);
    jsonw_put_text(w, "model", m->kind);
    jsonw_put_text(w, "options", m->options == NULL ? "" : m->options);
    jsonw_put_u64(w, "seed", run->cfg->seed);
    jsonw_put_u64(w, "repeats", r->n_repeats);
    jsonw_key(w, "attacks_left_out");
    jsonw_object(w);
    for (size_t i = 0; i < r->n_methods; i++) {
        jsonw_key(w, r->method[i].name);
        jsonw_object(w);
        put_figures(w, &r->method[i].mean);
        jsonw_object_end(w);
    }
    jsonw_object_end(w);
    return provenance_end(&p, &c->provenance, err);
}

static enum lw_status write_model(const struct run *run, const struct lw_frame *frame,
                                  const char *path, struct lw_normal_report *r,
                                  struct lw_error *err)
{
    const struct train_set *s = run->set;
    double budget = run->cfg->false_alarm > 0 ? run->cfg->false_alarm : 0.01;
    struct lw_classifier c = {.view = s->view,
                              .n_classes = 2,
                              .class_of = {LW_VERDICT_NORMAL, LW_VERDICT_ANOMALY},
                              .cut = (float)(1 - budget)};
    size_t *rows = mem_zalloc(s->x.n_rows, sizeof *rows);
    clock_t start = clock();
    enum lw_status st;
    size_t n;
    size_t n_fit;

    if (rows == NULL)
        return lw_fail(err, LW_ENOMEM, "out of memory for %zu rows", s->x.n_rows);
    n = take_part(s, NULL, rows);
    n_fit = n - n / CALIBRATION_SHARE;
    r->n_normal_rows = n;
    st = normal_fit(&c, s, &run->method[r->chosen], rows, n_fit, run->cfg->seed, err);
    r->train_seconds = (double)(clock() - start) / CLOCKS_PER_SEC;
    if (st == LW_OK)
        st = normal_calibrate(&c, s, rows + n_fit, n - n_fit, err);
    if (st == LW_OK)
        st = normal_usual(&c, s, rows, n, err);
    if (st == LW_OK)
        st = describe(&c, run, frame, r, err);
    if (st == LW_OK)
        st = classifier_save(&c, path, err);
    normal_clear(&c);
    mem_free(rows);
    return st;
}

/* ---- beginning and end ---------------------------------------------------------- */

static enum lw_status check_labels(const struct train_set *s, struct lw_error *err)
{
    size_t n = 0;

    for (size_t r = 0; r < s->x.n_rows; r++)
        n += s->label[r] == LW_KDD_NORMAL ? 1 : 0;
    if (n >= 100 && n < s->x.n_rows)
        return LW_OK;
    return lw_fail(err, LW_EFORMAT,
                   n < s->x.n_rows
                       ? "%zu distinct normal rows; at least 100 are needed"
                       : "%zu normal rows and no attack: nothing to judge methods by",
                   n);
}

enum lw_status lw_normal_train(const struct lw_frame *frame, const char *path,
                               const struct lw_normal_config *cfg,
                               struct lw_normal_report *report, struct lw_error *err)
{
    const struct lw_view *view = lw_view_get(cfg->view == NULL ? "kdd" : cfg->view);
    struct run run = {.cfg = cfg};
    struct train_set s;
    size_t asked = 0;
    enum lw_status st = normal_list_methods(run.method, &run.n_methods, &asked,
                                            cfg->preset, cfg->model, cfg->options, err);

    memset(report, 0, sizeof *report);
    report->n_repeats = cfg->n_repeats > 0 ? cfg->n_repeats : 1;
    if (st != LW_OK)
        return st;
    if (cfg->no_rivals && asked <= NORMAL_METHODS) {
        run.method[0] = run.method[asked];
        run.n_methods = 1;
        asked = 0;
    }
    if (view == NULL)
        return lw_fail(err, LW_EINVAL, "no view '%s'; there are kdd and kdd31",
                       cfg->view);
    if (report->n_repeats > LW_NORMAL_REPEATS_MAX)
        return lw_fail(err, LW_EINVAL, "at most %d repeats", LW_NORMAL_REPEATS_MAX);
    st = train_set_init(&s, view, frame, NULL, err);
    if (st != LW_OK)
        return st;
    run.set = &s;
    report->n_rows = s.x.n_rows;
    st = train_set_drop_repeats(&s, err);
    report->n_distinct_rows = s.x.n_rows;
    if (st == LW_OK)
        st = check_labels(&s, err);
    if (st == LW_OK)
        st = validate(&run, report->n_repeats, err);
    if (st == LW_OK) {
        fill_report(&run, report);
        report->chosen = asked <= NORMAL_METHODS ? asked : report->winner;
        st = write_model(&run, frame, path, report, err);
    }
    train_set_release(&s);
    return st;
}

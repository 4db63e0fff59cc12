/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Learning curves and importance, from the same folds as lapwing compare.
 *
 * Importance is by permutation: a column's values are dealt anew among held-out rows,
 * which keeps how it is distributed and takes what it says of the row.  It is of the
 * model, not of the world: of two columns that say the same, either may look useless.
 */
#include "base/mem.h"
#include "base/rng.h"
#include "detect/compare_table.h"
#include "detect/pipeline.h"
#include "detect/recipe.h"

#include <lapwing/learning.h>

#include <lapwing/split.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS_MAX = 4000 };

static const double shares[LW_LEARNING_POINTS] = {.1, .25, .5, 1};

static enum lw_status out_of_memory(struct lw_error *err)
{
    return lw_fail(err, LW_ENOMEM, "out of memory for a learning curve");
}

void lw_learning_release(struct lw_learning *l)
{
    mem_free(l->importance);
    l->importance = NULL;
    l->n_columns = 0;
}

/* ---- importance ---- */

struct held_out {
    const struct lw_compare_table *t;
    struct lw_learning *out;
    uint64_t seed;
    bool is_done;
    float *x;        /* (n, n_inputs), owned */
    float *column;   /* (n), owned */
    float *proba;    /* (n, n_classes), owned */
    uint32_t *truth; /* (n), owned */
    uint32_t *said;  /* (n), owned */
    uint32_t *order; /* (n), owned */
    size_t n;
};

static void held_out_release(struct held_out *h)
{
    mem_free(h->x);
    mem_free(h->column);
    mem_free(h->proba);
    mem_free(h->truth);
    mem_free(h->said);
    mem_free(h->order);
}

/* Rows of a fold's test part, evenly spaced. */
static enum lw_status take_rows(struct held_out *h, const uint8_t *part,
                                struct lw_error *err)
{
    const struct lw_compare_table *t = h->t;
    size_t width = t->x.n_cols;
    size_t n_test = 0;
    size_t seen = 0;
    size_t n;

    for (size_t i = 0; i < t->x.n_rows; i++)
        n_test += part[i] != LW_PART_TRAIN ? 1 : 0;
    n = n_test < ROWS_MAX ? n_test : ROWS_MAX;
    h->x = mem_zalloc(n, width * sizeof *h->x);
    h->column = mem_zalloc(n, sizeof *h->column);
    h->proba = mem_zalloc(n, t->n_classes * sizeof *h->proba);
    h->truth = mem_zalloc(n, sizeof *h->truth);
    h->said = mem_zalloc(n, sizeof *h->said);
    h->order = mem_zalloc(n, sizeof *h->order);
    if (h->x == NULL || h->column == NULL || h->proba == NULL || h->truth == NULL ||
        h->said == NULL || h->order == NULL)
        return out_of_memory(err);
    for (size_t i = 0; i < t->x.n_rows && h->n < n; i++) {
        if (part[i] == LW_PART_TRAIN || seen++ * n < h->n * n_test)
            continue;
        memcpy(h->x + h->n * width, t->x.x + i * width, width * sizeof *h->x);
        h->truth[h->n++] = t->label[i];
    }
    return LW_OK;
}

static enum lw_status judge(struct held_out *h, const struct pipeline *line,
                            double *out, struct lw_error *err)
{
    uint32_t k = h->t->n_classes;
    struct lw_eval eval;
    enum lw_status st = pipeline_predict(line, h->x, h->n, h->proba, err);

    for (size_t i = 0; st == LW_OK && i < h->n; i++) {
        const float *p = h->proba + i * k;

        h->said[i] = 0;
        for (uint32_t c = 1; c < k; c++)
            h->said[i] = p[c] > p[h->said[i]] ? c : h->said[i];
    }
    if (st == LW_OK)
        st = lw_eval_compute(&eval, h->truth, h->said, h->n, k, NULL, err);
    if (st == LW_OK)
        *out = eval.macro_f1;
    return st;
}

static enum lw_status deal_column(struct held_out *h, size_t column,
                                  const struct pipeline *line, double whole,
                                  struct lw_error *err)
{
    size_t width = h->t->x.n_cols;
    double f1 = 0;
    struct rng rng;
    enum lw_status st;

    rng_init(&rng, h->seed + column);
    for (size_t i = 0; i < h->n; i++) {
        h->order[i] = (uint32_t)i;
        h->column[i] = h->x[i * width + column];
    }
    rng_shuffle(&rng, h->order, h->n);
    for (size_t i = 0; i < h->n; i++)
        h->x[i * width + column] = h->column[h->order[i]];
    st = judge(h, line, &f1, err);
    for (size_t i = 0; i < h->n; i++)
        h->x[i * width + column] = h->column[i];
    h->out->importance[column] = (struct lw_importance){column, whole - f1};
    return st;
}

static int by_loss(const void *a, const void *b)
{
    double x = ((const struct lw_importance *)a)->loss;
    double y = ((const struct lw_importance *)b)->loss;

    size_t i = ((const struct lw_importance *)a)->feature;
    size_t k = ((const struct lw_importance *)b)->feature;

    return x != y ? (x < y) - (x > y) : (i > k) - (i < k);
}

static enum lw_status find_importance(void *ctx, const struct pipeline *line,
                                      const uint8_t *part, struct lw_error *err)
{
    struct held_out *h = ctx;
    double whole = 0;
    enum lw_status st;

    if (h->is_done)
        return LW_OK;
    h->is_done = true;
    h->out->importance = mem_zalloc(h->t->x.n_cols, sizeof *h->out->importance);
    st = h->out->importance == NULL ? out_of_memory(err) : take_rows(h, part, err);
    if (st == LW_OK)
        st = judge(h, line, &whole, err);
    for (size_t i = 0; st == LW_OK && i < h->t->x.n_cols; i++)
        st = deal_column(h, i, line, whole, err);
    if (st != LW_OK)
        return st;
    h->out->n_columns = h->t->x.n_cols;
    qsort(h->out->importance, h->out->n_columns, sizeof *h->out->importance, by_loss);
    return LW_OK;
}

/* ---- the whole ---- */

static void take_curve(void *ctx, const uint32_t *truth, const float *attack_score,
                       size_t n_rows)
{
    struct lw_learning *out = ctx;
    struct lw_error err;

    out->has_curve =
        lw_curve_compute(&out->curve, truth, attack_score, n_rows, &err) == LW_OK;
}

/* Progress of one run as a part of the whole's. */
struct part_of {
    const struct lw_compare_config *cfg;
    double before;
    double share;
};

static void tell(void *ctx, double done, const char *what)
{
    const struct part_of *p = ctx;

    (void)what;
    if (p->cfg->progress != NULL)
        p->cfg->progress(p->cfg->progress_ctx, p->before + done * p->share,
                         "learning curve");
}

static enum lw_status run_point(struct lw_learning *out, size_t i, struct held_out *h,
                                const struct lw_compare_model *model,
                                struct part_of *part, struct lw_error *err)
{
    struct lw_compare_config cfg = *part->cfg;
    struct lw_compare_score *score = mem_zalloc(1, sizeof *score);
    struct compare_hook hook = {.train_share = shares[i], .ctx = h};
    enum lw_status st;

    if (score == NULL)
        return out_of_memory(err);
    cfg.n_seeds = 1;
    cfg.progress = tell;
    cfg.progress_ctx = part;
    if (i + 1 == LW_LEARNING_POINTS) {
        hook.fitted = find_importance;
        cfg.answers = take_curve;
        cfg.answers_ctx = out;
    }
    st = compare_run(score, h->t, model, &cfg, &hook, err);
    if (st == LW_OK) {
        out->eval = score->eval[0];
        out->point[i] =
            (struct lw_learning_point){.share = shares[i],
                                       .n_train = score->n_train,
                                       .macro_f1 = out->eval.macro_f1,
                                       .mcc = out->eval.mcc,
                                       .roc_auc = out->eval.roc_auc,
                                       .tpr_at_fpr_1e2 = out->eval.tpr_at_fpr_1e2};
    }
    mem_free(score);
    return st;
}

enum lw_status lw_learning_run(struct lw_learning *out,
                               const struct lw_compare_table *t,
                               const struct lw_compare_model *model,
                               const struct lw_compare_config *cfg,
                               struct lw_error *err)
{
    struct held_out h = {.t = t, .out = out, .seed = cfg->seed};
    struct part_of part = {.cfg = cfg};
    enum lw_status st = LW_OK;
    double total = 0;

    memset(out, 0, sizeof *out);
    for (size_t i = 0; i < LW_LEARNING_POINTS; i++)
        total += shares[i];
    for (size_t i = 0; st == LW_OK && i < LW_LEARNING_POINTS; i++) {
        part.share = shares[i] / total;
        st = run_point(out, i, &h, model, &part, err);
        part.before += part.share;
    }
    held_out_release(&h);
    if (st != LW_OK)
        lw_learning_release(out);
    return st;
}

enum lw_status lw_learning_recipe(struct lw_compare_model *model, const char *preset,
                                  struct lw_error *err)
{
    const struct recipe *r = recipe_get(preset);

    if (r == NULL)
        return lw_fail(err, LW_EINVAL, "no preset '%s'", preset);
    if (model->kind == NULL)
        model->kind = r->model;
    recipe_fill(r, &model->params);
    return LW_OK;
}

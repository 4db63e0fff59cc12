/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How the five classes are learnt.
 *
 * Weights: a row of an attack type with n rows weighs n^-0.5.  The sets are dominated
 * by two or three floods; left as they are, the rare types that cost most are not
 * worth a split.
 *
 * Evidence dropout: packets do not show everything the records have (login counters of
 * an encrypted session), and a model that has never met a missing value there falls
 * apart on it.  So, where the view is to be served from packets, every training row
 * comes twice: as it is, and without the features that packets cannot give.
 */
#include "detect/fit.h"

#include "base/mem.h"
#include "learn/mahalanobis.h"

#include <lapwing/split.h>

#include <math.h>
#include <string.h>

struct gathered {
    struct lw_matrix rows;    /* (n_kept * copies, n_features): originals first */
    struct lw_matrix numbers; /* (n_kept, n_numbers) */
    uint32_t *label;          /* (rows), owned */
    uint32_t *type;           /* (n_kept), owned */
    float *weight;            /* (rows), owned */
    size_t n_kept;
};

static void gathered_release(struct gathered *g)
{
    lw_matrix_release(&g->rows);
    lw_matrix_release(&g->numbers);
    mem_free(g->label);
    mem_free(g->type);
    mem_free(g->weight);
}

void fit_mask_rows(const struct lw_view *view, float *rows, size_t n_rows)
{
    for (size_t i = 0; i < view->n_features; i++) {
        if (view->features[i].evidence[LW_SOURCE_PACKETS] != LW_EVIDENCE_UNAVAILABLE)
            continue;
        for (size_t r = 0; r < n_rows; r++)
            rows[r * view->n_features + i] = NAN;
    }
}

static bool is_kept(const struct fit_task *task, size_t row)
{
    return task->part == NULL || task->part[row] == LW_PART_TRAIN;
}

static void weigh(const struct fit_task *task, struct gathered *g, size_t *per_type)
{
    double sum = 0;

    for (size_t i = 0; i < g->n_kept; i++)
        per_type[g->type[i]]++;
    for (size_t i = 0; i < g->n_kept; i++) {
        g->weight[i] = (float)(1 / sqrt((double)per_type[g->type[i]]));
        sum += (double)g->weight[i];
    }
    /* A mean of 1, or of a half each where every row comes twice, keeps the weights on
     * the scale that regularisation expects. */
    for (size_t i = 0; i < g->n_kept; i++) {
        g->weight[i] *= (float)((double)g->n_kept / sum / (task->mask ? 2 : 1));
        if (task->mask)
            g->weight[g->n_kept + i] = g->weight[i];
    }
}

static void copy_rows(const struct fit_task *task, struct gathered *g)
{
    const struct train_set *s = task->set;
    size_t width = s->view->n_features;
    size_t n = 0;

    for (size_t r = 0; r < s->x.n_rows; r++) {
        if (!is_kept(task, r))
            continue;
        memcpy(g->rows.x + n * width, s->x.x + r * width, width * sizeof(float));
        (void)classifier_numbers(s->view, s->x.x + r * width,
                                 g->numbers.x + n * g->numbers.n_cols);
        g->type[n] = s->type[r];
        g->label[n++] = s->label[r];
    }
    if (task->mask) {
        memcpy(g->rows.x + n * width, g->rows.x, n * width * sizeof(float));
        memcpy(g->label + n, g->label, n * sizeof *g->label);
        fit_mask_rows(s->view, g->rows.x + n * width, n);
    }
}

static enum lw_status gather(struct gathered *g, const struct fit_task *task,
                             struct lw_error *err)
{
    const struct train_set *s = task->set;
    float scratch[CLASSIFIER_FEATURES_MAX];
    size_t n_numbers = classifier_numbers(s->view, s->x.x, scratch);
    size_t *per_type = mem_zalloc(s->n_types, sizeof *per_type);
    size_t n_rows;
    enum lw_status st;

    for (size_t r = 0; r < s->x.n_rows; r++)
        g->n_kept += is_kept(task, r) ? 1 : 0;
    n_rows = task->mask ? 2 * g->n_kept : g->n_kept;
    st = lw_matrix_init(&g->rows, n_rows, s->view->n_features, err);
    if (st == LW_OK)
        st = lw_matrix_init(&g->numbers, g->n_kept, n_numbers, err);
    g->label = mem_zalloc(n_rows, sizeof *g->label);
    g->type = mem_zalloc(g->n_kept, sizeof *g->type);
    g->weight = mem_zalloc(n_rows, sizeof *g->weight);
    if (st == LW_OK &&
        (per_type == NULL || g->label == NULL || g->type == NULL || g->weight == NULL))
        st = lw_fail(err, LW_ENOMEM, "out of memory for %zu training rows", n_rows);
    if (st == LW_OK) {
        copy_rows(task, g);
        weigh(task, g, per_type);
    }
    mem_free(per_type);
    return st;
}

static enum lw_status fit_encoder(struct lw_classifier *c, const struct gathered *g,
                                  struct lw_error *err)
{
    struct encode_input inputs[CLASSIFIER_FEATURES_MAX];

    for (size_t i = 0; i < c->view->n_features; i++) {
        const struct lw_feature *f = &c->view->features[i];

        inputs[i] = (struct encode_input){
            .type = f->type == LW_FEATURE_CATEGORY ? ENCODE_CATEGORY : ENCODE_NUMBER,
            .n_categories = f->n_categories,
        };
    }
    return encoder_fit(&c->encoder, inputs, c->view->n_features, &g->rows, err);
}

enum lw_status fit_classifier(struct lw_classifier *c, const struct fit_task *task,
                              struct lw_error *err)
{
    struct gathered g = {0};
    struct lw_matrix x = {0};
    enum lw_status st = gather(&g, task, err);

    if (st == LW_OK)
        st = fit_encoder(c, &g, err);
    if (st == LW_OK)
        st = lw_matrix_init(&x, g.rows.n_rows, encoder_outputs(c->encoder), err);
    if (st == LW_OK) {
        encoder_apply(c->encoder, g.rows.x, g.rows.n_rows, x.x);
        lw_matrix_release(&g.rows);
        st = lw_model_fit(&c->model, task->model, &task->params, &x, g.label, c->n_classes,
                          g.weight, err);
    }
    lw_matrix_release(&x);
    if (st == LW_OK)
        st = mahalanobis_fit(&c->novelty.distance, &g.numbers, g.type,
                             task->set->n_types, err);
    gathered_release(&g);
    return st;
}

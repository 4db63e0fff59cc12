/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How the five classes are learnt.
 *
 * Weights: the rows of an attack type with n distinct ones weigh n^0.5 together.  The
 * sets are dominated by two or three floods; left as they are, the rare types that cost
 * most are not worth a split.
 *
 * Of the floods and of normal a random part is enough to learn the classes from: its
 * rows weigh so much the more.  What is known and what is normal is measured on all.
 *
 * Evidence dropout: packets do not always show what the records have (login counters of
 * an encrypted session), and a model that has never met a missing value there falls
 * apart on it.  So, where the view is to be served from packets, every training row
 * comes twice: as it is, and without what may be missing.
 */
#include "detect/fit.h"

#include "base/mem.h"
#include "base/rng.h"
#include "detect/service_group.h"
#include "learn/mahalanobis.h"

#include <lapwing/split.h>

#include <math.h>
#include <string.h>

enum { SERVICES_MAX = 256 };

/* The rows that the classes are learnt from, originals first, and their copies. */
struct gathered {
    struct lw_matrix rows; /* (n_kept * copies, n_features) */
    uint32_t *label;       /* (rows), owned */
    float *weight;         /* (rows), owned */
    size_t n_kept;
};

static void gathered_release(struct gathered *g)
{
    lw_matrix_release(&g->rows);
    mem_free(g->label);
    mem_free(g->weight);
}

/* The features of KDD'99 that are read from what is said: nobody reads them from an
 * encrypted session. */
static const char content[] =
    " hot num_failed_logins logged_in num_compromised root_shell su_attempted num_root "
    "num_file_creations num_shells num_access_files num_outbound_cmds is_host_login "
    "is_guest_login ";

static bool may_be_missing(const struct lw_feature *f)
{
    const char *at = strstr(content, f->name);

    return f->evidence[LW_SOURCE_PACKETS] == LW_EVIDENCE_UNAVAILABLE ||
           (at != NULL && at[-1] == ' ' && at[strlen(f->name)] == ' ');
}

void fit_mask_rows(const struct lw_view *view, float *rows, size_t n_rows)
{
    for (size_t i = 0; i < view->n_features; i++) {
        if (!may_be_missing(&view->features[i]))
            continue;
        for (size_t r = 0; r < n_rows; r++)
            rows[r * view->n_features + i] = NAN;
    }
}

static bool is_kept(const struct fit_task *task, size_t row)
{
    return task->part == NULL || task->part[row] == LW_PART_TRAIN;
}

/* How many rows of a type, of n, the classes are learnt from. */
static size_t most_of(const struct fit_task *task, uint32_t type, size_t n)
{
    size_t most = task->set->type_class[type] == LW_KDD_NORMAL ? task->most_normal
                                                               : task->most_of_type;

    return most > 0 && most < n ? most : n;
}

/* Mark the rows to learn the classes from.  chosen (set rows); n_of, left (n_types):
 * training rows of each type, and how many of them are still to be passed.  Each row is
 * taken with the chance that makes what is left come out even, so exactly as many as
 * are wanted are taken (Knuth, TAOCP 2, 3.4.2, algorithm S). */
static void choose_rows(const struct fit_task *task, uint8_t *chosen,
                        const size_t *n_of, size_t *left, size_t *wanted)
{
    const struct train_set *s = task->set;
    struct rng rng;

    rng_init(&rng, task->params.seed);
    for (uint32_t t = 0; t < s->n_types; t++) {
        left[t] = n_of[t];
        wanted[t] = most_of(task, t, n_of[t]);
    }
    for (size_t r = 0; r < s->x.n_rows; r++) {
        uint32_t t = s->type[r];

        if (!is_kept(task, r))
            continue;
        if (rng_below(&rng, left[t]--) < wanted[t]) {
            chosen[r] = 1;
            wanted[t]--;
        }
    }
}

static void copy_rows(const struct fit_task *task, struct gathered *g,
                      const uint8_t *chosen, const size_t *n_of)
{
    const struct train_set *s = task->set;
    size_t width = s->view->n_features;
    size_t n = 0;
    double sum = 0;

    for (size_t r = 0; r < s->x.n_rows; r++) {
        double n_type = (double)n_of[s->type[r]];

        if (!chosen[r])
            continue;
        memcpy(g->rows.x + n * width, s->x.x + r * width, width * sizeof(float));
        g->label[n] = s->label[r];
        g->weight[n] =
            (float)(sqrt(n_type) / (double)most_of(task, s->type[r], n_of[s->type[r]]));
        sum += (double)g->weight[n++];
    }
    /* A mean of 1, or of a half each where every row comes twice, keeps the weights on
     * the scale that regularisation expects. */
    for (size_t i = 0; i < n; i++)
        g->weight[i] *= (float)((double)n / sum / (task->mask ? 2 : 1));
    if (task->mask) {
        memcpy(g->rows.x + n * width, g->rows.x, n * width * sizeof(float));
        memcpy(g->label + n, g->label, n * sizeof *g->label);
        memcpy(g->weight + n, g->weight, n * sizeof *g->weight);
        fit_mask_rows(s->view, g->rows.x + n * width, n);
    }
}

static enum lw_status make_room(struct gathered *g, const struct fit_task *task,
                                struct lw_error *err)
{
    size_t n_rows = task->mask ? 2 * g->n_kept : g->n_kept;
    enum lw_status st =
        lw_matrix_init(&g->rows, n_rows, task->set->view->n_features, err);

    g->label = mem_zalloc(n_rows, sizeof *g->label);
    g->weight = mem_zalloc(n_rows, sizeof *g->weight);
    if (st == LW_OK && (g->label == NULL || g->weight == NULL))
        return lw_fail(err, LW_ENOMEM, "out of memory for %zu training rows", n_rows);
    return st;
}

static enum lw_status gather(struct gathered *g, const struct fit_task *task,
                             struct lw_error *err)
{
    const struct train_set *s = task->set;
    uint8_t *chosen = mem_zalloc(s->x.n_rows, sizeof *chosen);
    size_t *n_of = mem_zalloc(3 * (size_t)s->n_types, sizeof *n_of);
    enum lw_status st = LW_ENOMEM;

    if (chosen == NULL || n_of == NULL) {
        (void)lw_fail(err, LW_ENOMEM, "out of memory for %zu rows", s->x.n_rows);
        goto out;
    }
    for (size_t r = 0; r < s->x.n_rows; r++)
        n_of[s->type[r]] += is_kept(task, r) ? 1 : 0;
    for (uint32_t t = 0; t < s->n_types; t++)
        g->n_kept += most_of(task, t, n_of[t]);
    choose_rows(task, chosen, n_of, n_of + s->n_types, n_of + 2 * (size_t)s->n_types);
    st = make_room(g, task, err);
    if (st == LW_OK)
        copy_rows(task, g, chosen, n_of);
out:
    mem_free(chosen);
    mem_free(n_of);
    return st;
}

/* What the training rows have of categories is taken from all of them. */
enum lw_status fit_encoder(struct lw_classifier *c, const struct lw_matrix *x,
                           struct lw_error *err)
{
    struct encode_input inputs[CLASSIFIER_FEATURES_MAX];
    uint8_t groups[SERVICES_MAX];

    for (size_t i = 0; i < c->view->n_features; i++) {
        const struct lw_feature *f = &c->view->features[i];

        inputs[i] = (struct encode_input){
            .type = f->type == LW_FEATURE_CATEGORY ? ENCODE_CATEGORY : ENCODE_NUMBER,
            .n_categories = f->n_categories,
        };
        if (f->n_categories <= SERVICES_MAX && service_groups(f, groups))
            inputs[i].group = groups;
    }
    return encoder_fit(&c->encoder, inputs, c->view->n_features, x, err);
}

/* All training rows: whole, their numbers, types and labels. */
struct everything {
    struct lw_matrix rows;    /* (n, n_features) */
    struct lw_matrix numbers; /* (n, n_numbers) */
    uint32_t *type;           /* (n), owned */
    uint32_t *label;          /* (n), owned */
};

static void everything_release(struct everything *e)
{
    lw_matrix_release(&e->rows);
    lw_matrix_release(&e->numbers);
    mem_free(e->type);
    mem_free(e->label);
}

static enum lw_status gather_everything(struct everything *e,
                                        const struct fit_task *task,
                                        struct lw_error *err)
{
    const struct train_set *s = task->set;
    float scratch[CLASSIFIER_FEATURES_MAX];
    size_t n_numbers = classifier_numbers(s->view, s->x.x, scratch);
    size_t width = s->view->n_features;
    size_t n = 0;
    enum lw_status st;

    for (size_t r = 0; r < s->x.n_rows; r++)
        n += is_kept(task, r) ? 1 : 0;
    st = lw_matrix_init(&e->rows, n, width, err);
    if (st == LW_OK)
        st = lw_matrix_init(&e->numbers, n, n_numbers, err);
    e->type = mem_zalloc(n, sizeof *e->type);
    e->label = mem_zalloc(n, sizeof *e->label);
    if (st != LW_OK)
        return st;
    if (e->type == NULL || e->label == NULL)
        return lw_fail(err, LW_ENOMEM, "out of memory for %zu training rows", n);
    n = 0;
    for (size_t r = 0; r < s->x.n_rows; r++) {
        if (!is_kept(task, r))
            continue;
        memcpy(e->rows.x + n * width, s->x.x + r * width, width * sizeof(float));
        (void)classifier_numbers(s->view, s->x.x + r * width,
                                 e->numbers.x + n * n_numbers);
        e->type[n] = s->type[r];
        e->label[n++] = s->label[r];
    }
    return LW_OK;
}

/* Whose class the groups of the distance are: they are the types that have rows. */
static enum lw_status name_groups(struct lw_classifier *c, const struct fit_task *task,
                                  const struct everything *e, struct lw_error *err)
{
    uint32_t n_types = task->set->n_types;
    uint8_t *class_of = mem_zalloc(n_types, 1);
    enum lw_status st;

    if (class_of == NULL)
        return lw_fail(err, LW_ENOMEM, "out of memory for groups of rows");
    memset(class_of, CONFORMAL_NO_CLASS, n_types);
    for (size_t r = 0; r < e->numbers.n_rows; r++)
        class_of[e->type[r]] = (uint8_t)e->label[r];
    st = conformal_groups(&c->conformal_sets, class_of, n_types, err);
    mem_free(class_of);
    return st;
}

/* Encoder and distances. */
static enum lw_status fit_known(struct lw_classifier *c, const struct fit_task *task,
                                struct lw_error *err)
{
    struct everything e = {0};
    enum lw_status st = gather_everything(&e, task, err);

    if (st == LW_OK)
        st = fit_encoder(c, &e.rows, err);
    if (st == LW_OK)
        st = mahalanobis_fit(&c->novelty.distance, &e.numbers, e.type,
                             task->set->n_types, err);
    if (st == LW_OK)
        st = name_groups(c, task, &e, err);
    if (st == LW_OK)
        st = normality_fit(&c->normality, &e.numbers, e.label, err);
    everything_release(&e);
    return st;
}

static enum lw_status fit_classes(struct lw_classifier *c, const struct fit_task *task,
                                  struct lw_error *err)
{
    struct gathered g = {0};
    struct lw_matrix x = {0};
    enum lw_status st = gather(&g, task, err);

    if (st == LW_OK)
        st = lw_matrix_init(&x, g.rows.n_rows, encoder_outputs(c->encoder), err);
    if (st == LW_OK) {
        encoder_apply(c->encoder, g.rows.x, g.rows.n_rows, x.x);
        lw_matrix_release(&g.rows);
        st = lw_model_fit(&c->model, task->model, &task->params, &x, g.label,
                          c->n_classes, g.weight, err);
    }
    lw_matrix_release(&x);
    gathered_release(&g);
    return st;
}

enum lw_status fit_classifier(struct lw_classifier *c, const struct fit_task *task,
                              struct lw_error *err)
{
    enum lw_status st = fit_known(c, task, err);

    return st == LW_OK ? fit_classes(c, task, err) : st;
}

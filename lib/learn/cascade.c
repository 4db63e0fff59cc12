/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two models, one after the other: the first tells normal (class 0) from attack, the
 * second, fitted on the attacks alone, which attack it is.  The probability of an
 * attack's class is the product of what both say.
 *
 * The first may be a kind that learns what is normal.  Of two classes the first alone
 * answers, and there is no second.  Reasons are the first's: what made it an attack.
 *
 * In a file: members.h.
 */
#include "base/mem.h"
#include "learn/members.h"
#include "learn/model_option.h"
#include "learn/prep.h"
#include "learn/proba.h"

#include <string.h>

enum { OF };
enum { FIRST, SECOND, N_STAGES };

static const struct lw_model_option cascade_options[] = {
    [OF] = MODEL_LIST("of", members_kinds, MODEL_LIST_OF_2(MEMBERS_GBDT, MEMBERS_GBDT),
                      N_STAGES, N_STAGES,
                      "normal or attack, which attack; KIND.NAME=VALUE is for one"),
};

struct cascade {
    struct lw_model base;
    struct members members; /* N_STAGES, or the first of two classes */
};

static const struct members *members_of(const struct lw_model *m)
{
    return &((const struct cascade *)m)->members;
}

static uint32_t stages(uint32_t n_classes)
{
    return n_classes > 2 ? N_STAGES : 1;
}

static void cascade_free(struct lw_model *m)
{
    members_release(&((struct cascade *)m)->members);
    mem_free(m);
}

static enum lw_status cascade_new(struct cascade **out, uint32_t n_cols,
                                  uint32_t n_classes, struct lw_error *err)
{
    struct cascade *c;

    if (n_classes < 2 || n_classes > MEMBERS_CLASSES_MAX)
        return lw_fail(err, LW_ELIMIT, "a cascade for %u classes; 2 to %d are possible",
                       n_classes, MEMBERS_CLASSES_MAX);
    c = mem_zalloc(1, sizeof *c);
    if (c == NULL)
        return lw_fail(err, LW_ENOMEM, "out of memory");
    c->base = (struct lw_model){&model_cascade, n_cols, n_classes};
    *out = c;
    return LW_OK;
}

/* ---- fitting ---- */

/* The attacks of a task, for the second stage. */
struct attacks {
    struct lw_matrix x; /* owned */
    uint32_t *labels;   /* (n_rows), owned: classes less one */
    float *weights;     /* (n_rows), owned; NULL: the task has none */
};

static void attacks_release(struct attacks *a)
{
    lw_matrix_release(&a->x);
    mem_free(a->labels);
    mem_free(a->weights);
}

static enum lw_status attacks_gather(struct attacks *a, const struct model_task *t,
                                     const uint32_t *side, struct lw_error *err)
{
    size_t n = 0;
    enum lw_status st = prep_gather(&a->x, t->x, side, 1, err);

    if (st != LW_OK)
        return st;
    a->labels = mem_zalloc(a->x.n_rows, sizeof *a->labels);
    a->weights =
        t->weights == NULL ? NULL : mem_zalloc(a->x.n_rows, sizeof *a->weights);
    if (a->labels == NULL || (t->weights != NULL && a->weights == NULL))
        return lw_fail(err, LW_ENOMEM, "out of memory for %zu attacks", a->x.n_rows);
    for (size_t r = 0; r < t->x->n_rows; r++) {
        if (side[r] == 0)
            continue;
        a->labels[n] = t->labels[r] - 1;
        if (a->weights != NULL)
            a->weights[n] = t->weights[r];
        n++;
    }
    return LW_OK;
}

static enum lw_status fit_second(struct cascade *c, const struct model_ops *kind,
                                 const struct model_task *t, const uint32_t *side,
                                 struct lw_error *err)
{
    struct attacks a = {0};
    enum lw_status st = attacks_gather(&a, t, side, err);

    if (st == LW_OK) {
        struct model_task second = *t;

        second.x = &a.x;
        second.labels = a.labels;
        second.weights = a.weights;
        second.n_classes = t->n_classes - 1;
        st = members_add(&c->members, kind, &second, N_STAGES, err);
    }
    attacks_release(&a);
    return st;
}

static enum lw_status fit_stages(struct cascade *c, const struct model_ops *const *kind,
                                 const struct model_task *t, struct lw_error *err)
{
    uint32_t *side = mem_zalloc(t->x->n_rows, sizeof *side);
    struct model_task first = *t;
    enum lw_status st;

    if (side == NULL)
        return lw_fail(err, LW_ENOMEM, "out of memory for %zu rows", t->x->n_rows);
    for (size_t r = 0; r < t->x->n_rows; r++)
        side[r] = t->labels[r] != 0;
    first.labels = side;
    first.n_classes = 2;
    st = members_add(&c->members, kind[FIRST], &first, stages(t->n_classes), err);
    if (st == LW_OK && stages(t->n_classes) > 1)
        st = fit_second(c, kind[SECOND], t, side, err);
    mem_free(side);
    return st;
}

static enum lw_status cascade_fit(struct lw_model **out, const struct model_task *t,
                                  struct lw_error *err)
{
    const struct model_ops *kind[N_STAGES];
    uint32_t at[LW_MODEL_LIST_MAX];
    struct cascade *c = NULL;
    enum lw_status st;

    (void)lw_model_option_list(t->option[OF], at);
    for (uint32_t i = 0; i < N_STAGES; i++)
        kind[i] = model_ops_get(members_kinds[at[i]]);
    if (kind[SECOND]->score != NULL)
        return lw_fail(err, LW_EINVAL,
                       "cascade: %s learns what is normal; it can only come first",
                       kind[SECOND]->name);
    st = members_check_options(t->params->options, kind, N_STAGES, err);
    if (st == LW_OK)
        st = cascade_new(&c, (uint32_t)t->x->n_cols, t->n_classes, err);
    if (st == LW_OK)
        st = fit_stages(c, kind, t, err);
    if (st == LW_OK)
        *out = &c->base;
    else if (c != NULL)
        cascade_free(&c->base);
    return st;
}

/* ---- use ---- */

static void cascade_predict(const struct lw_model *m, const float *rows, size_t n_rows,
                            float *out)
{
    const struct members *s = members_of(m);
    size_t k = m->n_classes;
    size_t most = MEMBERS_BLOCK_SCORES / k;
    float side[MEMBERS_BLOCK_SCORES];
    float attack[MEMBERS_BLOCK_SCORES];

    if (s->n == 1) {
        lw_model_predict(s->of[FIRST], rows, n_rows, out);
        return;
    }
    for (size_t at = 0; at < n_rows; at += most) {
        size_t n = n_rows - at < most ? n_rows - at : most;

        lw_model_predict(s->of[FIRST], rows + at * m->n_cols, n, side);
        lw_model_predict(s->of[SECOND], rows + at * m->n_cols, n, attack);
        for (size_t r = 0; r < n; r++) {
            float *p = out + (at + r) * k;

            p[0] = side[2 * r];
            for (size_t c = 1; c < k; c++)
                p[c] = side[2 * r + 1] * attack[r * (k - 1) + c - 1];
        }
    }
}

static void cascade_margins(const struct lw_model *m, const float *rows, size_t n_rows,
                            float *out)
{
    if (members_of(m)->n == 1) {
        model_margins(members_of(m)->of[FIRST], rows, n_rows, out);
        return;
    }
    cascade_predict(m, rows, n_rows, out);
    proba_log(out, n_rows * m->n_classes);
}

static enum lw_status cascade_contributions(const struct lw_model *m, const float *row,
                                            uint32_t class_idx, double *phi,
                                            struct lw_error *err)
{
    return lw_model_contributions(members_of(m)->of[FIRST], row, class_idx > 0 ? 1 : 0,
                                  phi, err);
}

static uint32_t cascade_latent(const struct lw_model *m, const float *rows,
                               size_t n_rows, float *out)
{
    return members_latent(members_of(m), rows, n_rows, out);
}

/* ---- storage ---- */

static void cascade_save(const struct lw_model *m, struct buf *out)
{
    members_save(members_of(m), out);
}

static enum lw_status check_stages(const struct cascade *c, struct lw_error *err)
{
    const struct members *s = &c->members;
    uint32_t k = c->base.n_classes;

    if (s->n != stages(k) || s->of[FIRST]->n_classes != 2 ||
        (s->n > 1 && s->of[SECOND]->n_classes != k - 1))
        return lw_fail(err, LW_EFORMAT, "cascade: its members do not fit together");
    return LW_OK;
}

static enum lw_status cascade_load(struct lw_model **out, struct span s,
                                   uint32_t n_cols, uint32_t n_classes,
                                   struct lw_error *err)
{
    struct cascade *c = NULL;
    enum lw_status st = cascade_new(&c, n_cols, n_classes, err);

    if (c == NULL)
        return st;
    st = members_load(&c->members, s, n_cols, model_cascade.name, err);
    if (st == LW_OK)
        st = check_stages(c, err);
    if (st == LW_OK)
        *out = &c->base;
    else
        cascade_free(&c->base);
    return st;
}

const struct model_ops model_cascade = {
    .name = "cascade",
    .doc = "one kind tells normal from attack, another which attack",
    .options = cascade_options,
    .n_options = sizeof cascade_options / sizeof cascade_options[0],
    .fit = cascade_fit,
    .predict = cascade_predict,
    .margins = cascade_margins,
    .latent = cascade_latent,
    .contributions = cascade_contributions,
    .save = cascade_save,
    .load = cascade_load,
    .free = cascade_free,
};

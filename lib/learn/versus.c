/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One model for each attack's class, fitted on its rows and the normal ones (class 0)
 * and on nothing else: how much more this looks like that attack than like normal.
 *
 * The odds of two classes are the ratio of their models' odds against normal, so the
 * margins (0, m1, m2, ...) give probabilities by softmax, and each model's own answer
 * can be had back from these.  A class has the threshold that it deserves, whatever the
 * other attacks are like, and a class with few rows is not drowned by one with many.
 *
 * Reasons are those of the class's model; those of normal speak against the likeliest
 * attack.  In a file: members.h.
 */
#include "base/mem.h"
#include "learn/link.h"
#include "learn/members.h"
#include "learn/model_c.h"
#include "learn/model_option.h"

#include <string.h>

enum { OF };

static const struct lw_model_option versus_options[] = {
    [OF] = MODEL_LIST("of", members_kinds, MODEL_LIST_OF_1(MEMBERS_GBDT), 1, 1,
                      "the kind of each; KIND.NAME=VALUE is for all of them"),
};

struct versus {
    struct lw_model base;
    struct members members; /* (n_classes - 1) */
};

static const struct members *members_of(const struct lw_model *m)
{
    return &((const struct versus *)m)->members;
}

static void versus_free(struct lw_model *m)
{
    members_release(&((struct versus *)m)->members);
    mem_free(m);
}

static enum lw_status versus_new(struct versus **out, uint32_t n_cols,
                                 uint32_t n_classes, struct lw_error *err)
{
    struct versus *v;

    if (n_classes < 2 || n_classes > MEMBERS_MAX + 1)
        return lw_fail(err, LW_ELIMIT, "versus for %u classes; 2 to %d are possible",
                       n_classes, MEMBERS_MAX + 1);
    v = mem_zalloc(1, sizeof *v);
    if (v == NULL)
        return lw_fail(err, LW_ENOMEM, "out of memory");
    v->base = (struct lw_model){&model_versus, n_cols, n_classes};
    *out = v;
    return LW_OK;
}

/* ---- fitting ---- */

/* The rows of one class and the normal ones. */
struct pair {
    struct lw_matrix x; /* owned, as the rest */
    uint32_t *labels;   /* (n_rows) 1: of the class */
    float *weights;     /* (n_rows); NULL: the task has none */
};

static void pair_release(struct pair *p)
{
    lw_matrix_release(&p->x);
    mem_free(p->labels);
    mem_free(p->weights);
}

static enum lw_status pair_gather(struct pair *p, const struct model_task *t,
                                  uint32_t class_idx, struct lw_error *err)
{
    size_t width = t->x->n_cols;
    size_t n = 0;
    enum lw_status st;

    for (size_t r = 0; r < t->x->n_rows; r++)
        n += t->labels[r] == 0 || t->labels[r] == class_idx ? 1 : 0;
    st = lw_matrix_init(&p->x, n, width, err);
    p->labels = mem_zalloc(n + 1, sizeof *p->labels);
    p->weights = t->weights == NULL ? NULL : mem_zalloc(n + 1, sizeof *p->weights);
    if (st != LW_OK)
        return st;
    if (p->labels == NULL || (t->weights != NULL && p->weights == NULL))
        return lw_fail(err, LW_ENOMEM, "out of memory for %zu rows", n);
    n = 0;
    for (size_t r = 0; r < t->x->n_rows; r++) {
        if (t->labels[r] != 0 && t->labels[r] != class_idx)
            continue;
        memcpy(p->x.x + n * width, t->x->x + r * width, width * sizeof *t->x->x);
        p->labels[n] = t->labels[r] != 0;
        if (p->weights != NULL)
            p->weights[n] = t->weights[r];
        n++;
    }
    return LW_OK;
}

static enum lw_status fit_class(struct versus *v, const struct model_ops *kind,
                                const struct model_task *t, uint32_t class_idx,
                                struct lw_error *err)
{
    struct pair p = {.labels = NULL};
    enum lw_status st = pair_gather(&p, t, class_idx, err);

    if (st == LW_OK) {
        struct model_task one = *t;

        one.x = &p.x;
        one.labels = p.labels;
        one.weights = p.weights;
        one.n_classes = 2;
        st = members_add(&v->members, kind, &one, t->n_classes - 1, err);
    }
    pair_release(&p);
    return st;
}

static enum lw_status versus_fit(struct lw_model **out, const struct model_task *t,
                                 struct lw_error *err)
{
    const struct model_ops *kind;
    uint32_t at[LW_MODEL_LIST_MAX];
    struct versus *v = NULL;
    enum lw_status st;

    (void)lw_model_option_list(t->option[OF], at);
    kind = model_ops_get(members_kinds[at[0]]);
    st = members_check_options(t->params->options, &kind, 1, err);
    if (st == LW_OK)
        st = versus_new(&v, (uint32_t)t->x->n_cols, t->n_classes, err);
    for (uint32_t i = 1; st == LW_OK && i < t->n_classes; i++)
        st = fit_class(v, kind, t, i, err);
    if (st == LW_OK)
        *out = &v->base;
    else if (v != NULL)
        versus_free(&v->base);
    return st;
}

/* ---- use ---- */

static void versus_margins(const struct lw_model *m, const float *rows, size_t n_rows,
                           float *out)
{
    const struct members *s = members_of(m);
    size_t k = m->n_classes;
    float side[MEMBERS_BLOCK_SCORES];

    for (size_t at = 0; at < n_rows; at += MEMBERS_BLOCK_SCORES / 2) {
        size_t left = n_rows - at;
        size_t n = left < MEMBERS_BLOCK_SCORES / 2 ? left : MEMBERS_BLOCK_SCORES / 2;

        for (uint32_t c = 1; c < k; c++) {
            model_margins(s->of[c - 1], rows + at * m->n_cols, n, side);
            for (size_t r = 0; r < n; r++) {
                out[(at + r) * k] = 0;
                out[(at + r) * k + c] = side[2 * r + 1] - side[2 * r];
            }
        }
    }
}

static void versus_predict(const struct lw_model *m, const float *rows, size_t n_rows,
                           float *out)
{
    versus_margins(m, rows, n_rows, out);
    for (size_t r = 0; r < n_rows; r++)
        link_softmax(out + r * m->n_classes, m->n_classes);
}

static uint32_t likeliest(const struct lw_model *m, const float *row)
{
    float margins[MEMBERS_MAX + 1];
    uint32_t best = 1;

    versus_margins(m, row, 1, margins);
    for (uint32_t c = 2; c < m->n_classes; c++)
        best = margins[c] > margins[best] ? c : best;
    return best;
}

static enum lw_status versus_contributions(const struct lw_model *m, const float *row,
                                           uint32_t class_idx, double *phi,
                                           struct lw_error *err)
{
    uint32_t c = class_idx > 0 ? class_idx : likeliest(m, row);

    return lw_model_contributions(members_of(m)->of[c - 1], row, class_idx > 0 ? 1 : 0,
                                  phi, err);
}

static enum lw_status versus_to_c(const struct lw_model *m, const char *name,
                                  struct buf *out, struct lw_error *err)
{
    const struct members *s = members_of(m);
    char part[MODEL_C_NAME_MAX];
    enum lw_status st = LW_OK;

    for (uint32_t i = 0; st == LW_OK && i < s->n; i++)
        st = model_part_to_c(s->of[i], model_c_member(name, i, part), out, err);
    if (st != LW_OK)
        return st;
    buf_printf(out,
               "static void %s_margins(const float *row, float *margin)\n{\n"
               "    float side[2];\n\n    margin[0] = 0;\n",
               name);
    for (uint32_t i = 0; i < s->n; i++)
        buf_printf(out,
                   "    %s_margins(row, side);\n    margin[%u] = side[1] - side[0];\n",
                   model_c_member(name, i, part), i + 1);
    buf_add_text(out, "}\n\n");
    return LW_OK;
}

/* ---- storage ---- */

static void versus_save(const struct lw_model *m, struct buf *out)
{
    members_save(members_of(m), out);
}

static enum lw_status check_members(const struct versus *v, struct lw_error *err)
{
    bool fits = v->members.n == v->base.n_classes - 1;

    for (uint32_t i = 0; i < v->members.n; i++)
        fits = fits && v->members.of[i]->n_classes == 2;
    return fits ? LW_OK
                : lw_fail(err, LW_EFORMAT, "versus: its members do not fit together");
}

static enum lw_status versus_load(struct lw_model **out, struct span s, uint32_t n_cols,
                                  uint32_t n_classes, struct lw_error *err)
{
    struct versus *v = NULL;
    enum lw_status st = versus_new(&v, n_cols, n_classes, err);

    if (v == NULL)
        return st;
    st = members_load(&v->members, s, n_cols, model_versus.name, err);
    if (st == LW_OK)
        st = check_members(v, err);
    if (st == LW_OK)
        *out = &v->base;
    else
        versus_free(&v->base);
    return st;
}

const struct model_ops model_versus = {
    .name = "versus",
    .doc = "for each attack one that tells it from normal",
    .options = versus_options,
    .n_options = sizeof versus_options / sizeof versus_options[0],
    .fit = versus_fit,
    .predict = versus_predict,
    .margins = versus_margins,
    .contributions = versus_contributions,
    .to_c = versus_to_c,
    .save = versus_save,
    .load = versus_load,
    .free = versus_free,
};

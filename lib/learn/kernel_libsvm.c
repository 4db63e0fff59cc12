/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libsvm draws the folds of its probability estimates with rand(), which belongs to the
 * whole process: it is seeded before.
 *
 * libsvm does not check whether it got the memory it asked for; the cache of kernel
 * values, by far the largest part, is bounded by the caller.
 */
#include "learn/kernel_libsvm.h"

#include "base/mem.h"

#include <libsvm/svm.h>
#include <stdlib.h>
#include <string.h>

struct rows {
    struct svm_node *nodes; /* owned */
    struct svm_node **row;  /* (n_rows), owned */
    double *label;          /* (n_rows), owned */
};

static enum lw_status rows_init(struct rows *r, const struct kernel_task *t,
                                struct lw_error *err)
{
    size_t d = t->x->n_cols;
    size_t n = t->x->n_rows;
    size_t n_nodes = n;
    struct svm_node *at;

    for (size_t i = 0; i < n * d; i++)
        n_nodes += t->x->x[i] < 0 || t->x->x[i] > 0 ? 1 : 0;
    r->nodes = mem_zalloc(n_nodes, sizeof *r->nodes);
    r->row = mem_zalloc(n, sizeof(struct svm_node *));
    r->label = mem_zalloc(n, sizeof *r->label);
    if (r->nodes == NULL || r->row == NULL || r->label == NULL)
        return lw_fail(err, LW_ENOMEM, "out of memory for %zu rows", n);
    at = r->nodes;
    for (size_t i = 0; i < n; i++) {
        r->row[i] = at;
        r->label[i] = t->labels == NULL ? 1 : (double)t->labels[i];
        for (size_t c = 0; c < d; c++) {
            float v = t->x->x[i * d + c];

            if (v < 0 || v > 0)
                *at++ = (struct svm_node){(int)c + 1, (double)v};
        }
        *at++ = (struct svm_node){-1, 0};
    }
    return LW_OK;
}

static void be_silent(const char *text)
{
    (void)text;
}

static enum lw_status copy_machine(struct kernel_machine *m,
                                   const struct svm_model *from, bool one_class,
                                   struct lw_error *err)
{
    size_t n = (size_t)from->l;
    enum lw_status st;

    m->n_present = one_class ? 1 : (uint32_t)from->nr_class;
    m->n_vectors = (uint32_t)n;
    st = kernel_alloc(m, err);
    if (st != LW_OK)
        return st;
    for (uint32_t i = 0; i < m->n_present; i++) {
        m->label[i] = one_class ? 0 : (uint32_t)from->label[i];
        m->n_of[i] = one_class ? m->n_vectors : (uint32_t)from->nSV[i];
    }
    for (uint32_t i = 0; i < kernel_weights(m); i++)
        memcpy(m->weight + i * n, from->sv_coef[i], n * sizeof *m->weight);
    memcpy(m->rho, from->rho, kernel_pairs(m) * sizeof *m->rho);
    for (uint32_t i = 0; !one_class && i < kernel_pairs(m); i++) {
        m->slope[i] = from->probA[i];
        m->offset[i] = from->probB[i];
    }
    for (size_t v = 0; v < n; v++)
        for (const struct svm_node *s = from->SV[v]; s->index > 0; s++)
            m->vector[v * m->n_cols + (size_t)s->index - 1] = (float)s->value;
    return LW_OK;
}

static enum lw_status train(struct kernel_machine *m, const struct kernel_task *t,
                            const struct rows *rows, int *label, double *weight,
                            struct lw_error *err)
{
    static const int kinds[] = {RBF, POLY, LINEAR};
    struct svm_parameter how = {
        .svm_type = t->labels == NULL ? ONE_CLASS : C_SVC,
        .kernel_type = kinds[m->kind],
        .degree = (int)m->degree,
        .gamma = m->gamma,
        .coef0 = m->coef0,
        .cache_size = t->cache_mb,
        .eps = t->tolerance,
        .C = t->cost,
        .nu = t->nu,
        .weight_label = label,
        .weight = weight,
        .shrinking = 1,
        .probability = t->labels == NULL ? 0 : 1,
    };
    const struct svm_problem problem = {(int)t->x->n_rows, rows->label, rows->row};
    const char *wrong;
    struct svm_model *model;
    enum lw_status st;

    /* Weights of the classes that have rows: of others libsvm complains aloud. */
    for (uint32_t k = 0; t->class_weight != NULL && k < t->n_classes; k++)
        if (t->class_weight[k] > 0) {
            label[how.nr_weight] = (int)k;
            weight[how.nr_weight++] = t->class_weight[k];
        }
    wrong = svm_check_parameter(&problem, &how);
    if (wrong != NULL)
        return lw_fail(err, LW_EINVAL, "libsvm: %s", wrong);
    svm_set_print_string_function(be_silent);
    srand((unsigned)t->seed);
    model = svm_train(&problem, &how);
    st = copy_machine(m, model, t->labels == NULL, err);
    svm_free_and_destroy_model(&model);
    return st;
}

enum lw_status kernel_train(struct kernel_machine *m, const struct kernel_task *t,
                            struct lw_error *err)
{
    struct rows rows = {NULL, NULL, NULL};
    int *label = mem_zalloc(t->n_classes, sizeof *label);
    double *weight = mem_zalloc(t->n_classes, sizeof *weight);
    size_t n_other = t->labels == NULL ? 1 : 0;
    enum lw_status st = LW_OK;

    for (size_t r = 0; t->labels != NULL && r < t->x->n_rows; r++)
        n_other += t->labels[r] != t->labels[0] ? 1 : 0;
    if (n_other == 0)
        st = lw_fail(err, LW_EINVAL, "rows of one class only");
    else if (label == NULL || weight == NULL)
        st = lw_fail(err, LW_ENOMEM, "out of memory");
    m->n_cols = (uint32_t)t->x->n_cols;
    if (st == LW_OK)
        st = rows_init(&rows, t, err);
    if (st == LW_OK)
        st = train(m, t, &rows, label, weight, err);
    mem_free(rows.nodes);
    mem_free(rows.row);
    mem_free(rows.label);
    mem_free(label);
    mem_free(weight);
    return st;
}

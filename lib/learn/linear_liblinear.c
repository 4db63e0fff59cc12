/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Only the primal solvers are used: they start from 0 and draw no random numbers, while
 * the dual ones shuffle with rand().
 *
 * liblinear does not check whether it got the memory it asked for.  That is a few
 * numbers a row; the copy of the rows made here, which is checked, is much larger.
 *
 * It knows weights of classes, not of rows.
 */
#include "learn/linear_liblinear.h"

#include "base/mem.h"

#include <linear.h>
#include <stdlib.h>

struct rows {
    struct feature_node *nodes; /* all rows', one behind the other; owned */
    struct feature_node **row;  /* (n_rows), owned */
    double *label;              /* (n_rows), owned */
};

static void rows_release(struct rows *r)
{
    mem_free(r->nodes);
    mem_free(r->row);
    mem_free(r->label);
}

/* Values that are not 0, then the constant, then the end. */
static enum lw_status rows_init(struct rows *r, const struct linear_task *t,
                                struct lw_error *err)
{
    size_t d = t->x->n_cols;
    size_t n = t->x->n_rows;
    size_t n_nodes = 2 * n;
    struct feature_node *at;

    for (size_t i = 0; i < n * d; i++)
        n_nodes += t->x->x[i] < 0 || t->x->x[i] > 0 ? 1 : 0;
    r->nodes = mem_zalloc(n_nodes, sizeof *r->nodes);
    r->row = mem_zalloc(n, sizeof(struct feature_node *));
    r->label = mem_zalloc(n, sizeof *r->label);
    if (r->nodes == NULL || r->row == NULL || r->label == NULL)
        return lw_fail(err, LW_ENOMEM, "out of memory for %zu rows", n);
    at = r->nodes;
    for (size_t i = 0; i < n; i++) {
        r->row[i] = at;
        r->label[i] = (double)t->labels[i];
        for (size_t c = 0; c < d; c++) {
            float v = t->x->x[i * d + c];

            if (v < 0 || v > 0)
                *at++ = (struct feature_node){(int)c + 1, (double)v};
        }
        *at++ = (struct feature_node){(int)d + 1, 1};
        *at++ = (struct feature_node){-1, 0};
    }
    return LW_OK;
}

static void be_silent(const char *text)
{
    (void)text;
}

/* liblinear numbers classes as they come; of two it keeps one plane. */
static void copy_planes(double *w, bool *has, const struct model *m, size_t width)
{
    size_t n_planes = m->nr_class == 2 ? 1 : (size_t)m->nr_class;

    for (int i = 0; i < m->nr_class; i++) {
        size_t k = (size_t)m->label[i];

        has[k] = true;
        for (size_t c = 0; c < width; c++)
            w[k * width + c] = n_planes == 1 ? (i == 0 ? m->w[c] : -m->w[c])
                                             : m->w[c * n_planes + (size_t)i];
    }
}

/* Weights of the classes that have rows: of others liblinear complains aloud. */
static int list_weights(const struct linear_task *t, int *label, double *weight)
{
    int n = 0;

    for (uint32_t k = 0; k < t->n_classes; k++)
        if (t->class_weight[k] > 0) {
            label[n] = (int)k;
            weight[n++] = t->class_weight[k];
        }
    return n;
}

enum lw_status linear_train(double *w, bool *has, const struct linear_task *t,
                            struct lw_error *err)
{
    size_t width = t->x->n_cols + 1;
    int *label = mem_zalloc(t->n_classes, sizeof *label);
    double *weight = mem_zalloc(t->n_classes, sizeof *weight);
    struct parameter how = {.solver_type = t->svm ? L2R_L2LOSS_SVC : L2R_LR,
                            .eps = t->tolerance,
                            .C = t->cost,
                            .weight_label = label,
                            .weight = weight};
    struct rows rows = {NULL, NULL, NULL};
    struct problem problem;
    struct model *m = NULL;
    size_t n_other = 0;
    enum lw_status st = LW_OK;

    for (size_t r = 0; r < t->x->n_rows; r++)
        n_other += t->labels[r] != t->labels[0] ? 1 : 0;
    if (n_other == 0)
        st = lw_fail(err, LW_EINVAL, "rows of one class only");
    else if (t->x->n_rows > INT32_MAX)
        st = lw_fail(err, LW_ELIMIT, "more rows than liblinear can number");
    else if (label == NULL || weight == NULL)
        st = lw_fail(err, LW_ENOMEM, "out of memory");
    if (st == LW_OK)
        st = rows_init(&rows, t, err);
    if (st == LW_OK) {
        how.nr_weight = list_weights(t, label, weight);
        problem =
            (struct problem){(int)t->x->n_rows, (int)width, rows.label, rows.row, 1};
        set_print_string_function(be_silent);
        m = train(&problem, &how);
        copy_planes(w, has, m, width);
        free_and_destroy_model(&m);
    }
    rows_release(&rows);
    mem_free(label);
    mem_free(weight);
    return st;
}

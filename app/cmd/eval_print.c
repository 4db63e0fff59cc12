/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/eval_print.h"

#include "cmd/text.h"

#include <lapwing/detect.h>

#include <math.h>

typedef double (*figure_fn)(const struct lw_eval *e);

static double accuracy(const struct lw_eval *e)
{
    return e->accuracy;
}

static double macro_f1(const struct lw_eval *e)
{
    return e->macro_f1;
}

static double weighted_f1(const struct lw_eval *e)
{
    return e->weighted_f1;
}

static double mcc(const struct lw_eval *e)
{
    return e->mcc;
}

static double false_alarm(const struct lw_eval *e)
{
    return e->false_alarm;
}

static double detection(const struct lw_eval *e)
{
    return e->detection;
}

static double roc_auc(const struct lw_eval *e)
{
    return e->roc_auc;
}

static double pr_auc(const struct lw_eval *e)
{
    return e->pr_auc;
}

static double tpr_1e2(const struct lw_eval *e)
{
    return e->tpr_at_fpr_1e2;
}

static double tpr_1e3(const struct lw_eval *e)
{
    return e->tpr_at_fpr_1e3;
}

static double average_cost(const struct lw_eval *e)
{
    return e->average_cost;
}

static const struct {
    const char *key;
    const char *text;
    figure_fn get;
} figures[] = {
    {"accuracy", "accuracy", accuracy},
    {"macro_f1", "macro F1", macro_f1},
    {"weighted_f1", "weighted F1", weighted_f1},
    {"mcc", "MCC", mcc},
    {"average_cost", "average cost", average_cost},
    {"false_alarm", "normal rows alarmed", false_alarm},
    {"detection", "attack rows alarmed", detection},
    {"roc_auc", "ROC-AUC", roc_auc},
    {"pr_auc", "PR-AUC", pr_auc},
    {"tpr_at_fpr_1e2", "TPR at FPR 1e-2", tpr_1e2},
    {"tpr_at_fpr_1e3", "TPR at FPR 1e-3", tpr_1e3},
};

enum { N_FIGURES = sizeof figures / sizeof figures[0] };

size_t eval_n_figures(void)
{
    return N_FIGURES;
}

const char *eval_figure_key(size_t i)
{
    return figures[i].key;
}

const char *eval_figure_text(size_t i)
{
    return figures[i].text;
}

struct eval_interval eval_interval_of(const double *v, size_t n)
{
    /* 97.5 % quantiles of Student's t with 1 to 9 degrees of freedom. */
    static const double t[] = {12.706, 4.303, 3.182, 2.776, 2.571,
                               2.447,  2.365, 2.306, 2.262};
    struct eval_interval out = {0, (double)NAN};
    double squares = 0;

    for (size_t i = 0; i < n; i++)
        out.mean += v[i] / (double)n;
    for (size_t i = 0; i < n; i++)
        squares += pow(v[i] - out.mean, 2);
    if (n >= 2 && n - 2 < sizeof t / sizeof t[0])
        out.half_width = t[n - 2] * sqrt(squares / (double)(n - 1) / (double)n);
    return out;
}

struct eval_interval eval_interval(size_t figure, const struct lw_eval *repeats,
                                   size_t n)
{
    double v[LW_REPEATS_MAX];

    n = n < LW_REPEATS_MAX ? n : LW_REPEATS_MAX;
    for (size_t i = 0; i < n; i++)
        v[i] = figures[figure].get(&repeats[i]);
    return eval_interval_of(v, n);
}

static void print_number(FILE *f, int width, double v)
{
    if (isnan(v))
        (void)fprintf(f, "%*s", width, "-");
    else
        (void)fprintf(f, "%*.4f", width, v);
}

/* Of the longest of the names, at least `least`. */
static size_t widest(const char *const *names, uint32_t n, size_t least)
{
    for (uint32_t i = 0; i < n; i++)
        if (text_length(names[i]) > least)
            least = text_length(names[i]);
    return least;
}

void eval_print_columns(FILE *f, const struct eval_column *columns, size_t n_columns,
                        const char *const *class_names)
{
    uint32_t n_classes = columns[0].eval->n_classes;
    size_t names = widest(class_names, n_classes, 13);
    int width = (int)names + 7;

    (void)fprintf(f, "%-*s", width, "");
    for (size_t c = 0; c < n_columns; c++)
        (void)fprintf(f, " %16s", columns[c].title);
    (void)fputc('\n', f);
    for (size_t i = 0; i < N_FIGURES; i++) {
        (void)fprintf(f, "%-*s", width, figures[i].text);
        for (size_t c = 0; c < n_columns; c++)
            print_number(f, 17, figures[i].get(columns[c].eval));
        (void)fputc('\n', f);
    }
    for (uint32_t k = 0; k < n_classes; k++) {
        (void)fputs("recall ", f);
        text_left(f, class_names[k], names);
        for (size_t c = 0; c < n_columns; c++)
            print_number(f, 17, columns[c].eval->recall[k]);
        (void)fputc('\n', f);
    }
}

void eval_print_confusion(FILE *f, const struct lw_eval *e,
                          const char *const *class_names)
{
    size_t width = widest(class_names, e->n_classes, 8) + 1;

    text_left(f, "true\\said", width + 1);
    for (uint32_t k = 0; k < e->n_classes; k++)
        text_right(f, class_names[k], width);
    (void)fprintf(f, "%9s%9s\n", "Not rec.", "recall");
    for (uint32_t t = 0; t < e->n_classes; t++) {
        text_left(f, class_names[t], width + 1);
        for (uint32_t k = 0; k < e->n_classes; k++)
            (void)fprintf(f, "%*llu", (int)width,
                          (unsigned long long)e->confusion[t][k]);
        (void)fprintf(f, "%9llu", (unsigned long long)e->confusion[t][e->n_classes]);
        print_number(f, 9, e->recall[t]);
        (void)fputc('\n', f);
    }
    text_left(f, "precision", width + 1);
    for (uint32_t k = 0; k < e->n_classes; k++)
        print_number(f, (int)width, e->precision[k]);
    (void)fputc('\n', f);
}

static void put_class(struct jsonw *w, const struct lw_eval *e, uint32_t k)
{
    jsonw_object(w);
    jsonw_put_f64(w, "precision", e->precision[k]);
    jsonw_put_f64(w, "recall", e->recall[k]);
    jsonw_put_f64(w, "f1", e->f1[k]);
    jsonw_put_u64(w, "support", e->support[k]);
    jsonw_object_end(w);
}

void eval_print_json(struct jsonw *w, const struct lw_eval *e,
                     const char *const *class_names)
{
    jsonw_put_u64(w, "rows", e->n_rows);
    for (size_t i = 0; i < N_FIGURES; i++) {
        jsonw_put_f64(w, figures[i].key, figures[i].get(e));
    }
    jsonw_key(w, "per_class");
    jsonw_object(w);
    for (uint32_t k = 0; k < e->n_classes; k++) {
        jsonw_key(w, class_names[k]);
        put_class(w, e, k);
    }
    jsonw_object_end(w);
    jsonw_key(w, "confusion");
    jsonw_array(w);
    for (uint32_t t = 0; t < e->n_classes; t++) {
        jsonw_array(w);
        for (uint32_t k = 0; k <= e->n_classes; k++)
            jsonw_u64(w, e->confusion[t][k]);
        jsonw_array_end(w);
    }
    jsonw_array_end(w);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/compare_print.h"

#include "cmd/eval_print.h"
#include "cmd/text.h"

#include <math.h>
#include <string.h>

/* Figures of the first table, by their keys in eval_print.c. */
static const struct {
    const char *key;
    const char *head;
} shown[] = {
    {"accuracy", "accuracy"},       {"macro_f1", "macro F1"},
    {"weighted_f1", "weight.F1"},   {"mcc", "MCC"},
    {"roc_auc", "ROC-AUC"},         {"pr_auc", "PR-AUC"},
    {"tpr_at_fpr_1e3", "TPR@1e-3"},
};

enum { N_SHOWN = sizeof shown / sizeof shown[0] };

static struct eval_interval figure(const struct lw_compare_score *s, const char *key)
{
    size_t i = 0;

    while (i + 1 < eval_n_figures() && strcmp(eval_figure_key(i), key) != 0)
        i++;
    return eval_interval(i, s->eval, s->n_seeds);
}

/* Mean over the seeds in which the class has a figure; NaN where none has. */
static double class_mean(const struct lw_compare_score *s, uint32_t k, bool recall)
{
    double sum = 0;
    uint32_t n = 0;

    for (uint32_t i = 0; i < s->n_seeds; i++) {
        double v = recall ? s->eval[i].recall[k] : s->eval[i].precision[k];

        if (isnan(v))
            continue;
        sum += v;
        n++;
    }
    return n == 0 ? (double)NAN : sum / n;
}

static void put_number(FILE *f, double v)
{
    if (isnan(v))
        (void)fprintf(f, " %9s", "-");
    else
        (void)fprintf(f, " %9.4f", v);
}

static void put_bytes(FILE *f, uint64_t n)
{
    char text[TEXT_MAX];

    (void)fprintf(f, " %9s", n == 0 ? "-" : text_bytes(n, text));
}

static void put_row(FILE *f, const struct compare_row *row)
{
    const struct lw_compare_score *s = &row->score;

    (void)fprintf(f, "%-9s", row->model.kind);
    if (row->error != NULL) {
        (void)fprintf(f, " %s\n", row->error);
        return;
    }
    (void)fprintf(f, " %8.2f %9.2f", s->fit_s, s->predict_s);
    put_bytes(f, s->model_bytes);
    put_bytes(f, s->peak_bytes);
    for (size_t i = 0; i < N_SHOWN; i++)
        put_number(f, figure(s, shown[i].key).mean);
    (void)fputc('\n', f);
    if (s->n_seeds < 2)
        return;
    (void)fprintf(f, "%47s", "+-");
    for (size_t i = 0; i < N_SHOWN; i++)
        put_number(f, figure(s, shown[i].key).half_width);
    (void)fputc('\n', f);
}

static void put_classes(FILE *f, const struct compare_result *r, bool recall)
{
    (void)fprintf(f, "\n%-9s", recall ? "recall" : "precision");
    for (uint32_t k = 0; k < r->n_classes; k++) {
        (void)fputc(' ', f);
        text_right(f, r->class_names[k], 9);
    }
    (void)fputc('\n', f);
    for (size_t i = 0; i < r->n; i++) {
        if (r->row[i].error != NULL)
            continue;
        (void)fprintf(f, "%-9s", r->row[i].model.kind);
        for (uint32_t k = 0; k < r->n_classes; k++) {
            /* As wide as the name above it. */
            for (size_t n = text_length(r->class_names[k]); n > 9; n--)
                (void)fputc(' ', f);
            put_number(f, class_mean(&r->row[i].score, k, recall));
        }
        (void)fputc('\n', f);
    }
}

static void put_published(FILE *f, const struct compare_result *r)
{
    bool any = false;

    for (size_t i = 0; i < r->n; i++) {
        const struct compare_row *row = &r->row[i];
        double ours;

        if (row->error != NULL || !(row->published > 0))
            continue;
        if (!any)
            (void)fprintf(f, "\nweighted F1  published      ours  difference\n");
        any = true;
        ours = figure(&row->score, "weighted_f1").mean;
        (void)fprintf(f, "%-11s %10.4f %9.4f %+11.4f\n", row->model.kind,
                      row->published, ours, ours - row->published);
    }
}

void compare_print(FILE *f, const struct compare_result *r)
{
    char rows[TEXT_MAX];
    char train[TEXT_MAX];
    char test[TEXT_MAX];
    const struct lw_compare_score *s = NULL;

    for (size_t i = 0; s == NULL && i < r->n; i++)
        s = r->row[i].error == NULL ? &r->row[i].score : NULL;
    (void)fprintf(f, "%s\n%s: %s\n", r->experiment->title,
                  lw_protocol_name(r->experiment->protocol),
                  lw_protocol_doc(r->experiment->protocol));
    (void)fprintf(f, "%s rows, %zu features", text_count(r->n_rows, rows),
                  r->n_features);
    if (s != NULL)
        (void)fprintf(f, "; %s to learn from a fit, %s judged; seeds: %u",
                      text_count(s->n_train, train), text_count(s->n_test, test),
                      s->n_seeds);
    if (r->experiment->threshold > 0)
        (void)fprintf(f, "; an attack from a probability of %g",
                      r->experiment->threshold);
    (void)fprintf(f, "\n\n%-9s %8s %9s %9s %9s", "model", "fit s", "s/M rows", "model",
                  "memory");
    for (size_t i = 0; i < N_SHOWN; i++)
        (void)fprintf(f, " %9s", shown[i].head);
    (void)fputc('\n', f);
    for (size_t i = 0; i < r->n; i++)
        put_row(f, &r->row[i]);
    put_classes(f, r, true);
    put_classes(f, r, false);
    put_published(f, r);
}

static void put_figures(struct jsonw *w, const struct compare_result *r,
                        const struct lw_compare_score *s)
{
    for (size_t i = 0; i < eval_n_figures(); i++) {
        struct eval_interval v = eval_interval(i, s->eval, s->n_seeds);

        jsonw_key(w, eval_figure_key(i));
        jsonw_object(w);
        jsonw_put_f64(w, "mean", v.mean);
        jsonw_put_f64(w, "half_width_95", v.half_width);
        jsonw_object_end(w);
    }
    jsonw_key(w, "per_class");
    jsonw_object(w);
    for (uint32_t k = 0; k < r->n_classes; k++) {
        jsonw_key(w, r->class_names[k]);
        jsonw_object(w);
        jsonw_put_f64(w, "precision", class_mean(s, k, false));
        jsonw_put_f64(w, "recall", class_mean(s, k, true));
        jsonw_object_end(w);
    }
    jsonw_object_end(w);
    jsonw_key(w, "seeds");
    jsonw_array(w);
    for (uint32_t i = 0; i < s->n_seeds; i++) {
        jsonw_object(w);
        eval_print_json(w, &s->eval[i], (const char *const *)r->class_names);
        jsonw_object_end(w);
    }
    jsonw_array_end(w);
}

static void put_model(struct jsonw *w, const struct compare_result *r,
                      const struct compare_row *row)
{
    const struct lw_compare_score *s = &row->score;

    jsonw_object(w);
    jsonw_put_text(w, "model", row->model.kind);
    if (row->model.options != NULL)
        jsonw_put_text(w, "params", row->model.options);
    if (row->error != NULL) {
        jsonw_put_text(w, "error", row->error);
        jsonw_object_end(w);
        return;
    }
    jsonw_put_f64(w, "fit_seconds", s->fit_s);
    jsonw_put_f64(w, "predict_seconds_per_million", s->predict_s);
    jsonw_put_u64(w, "model_bytes", s->model_bytes);
    jsonw_put_u64(w, "peak_bytes", s->peak_bytes);
    jsonw_put_u64(w, "rows_learnt_from", s->n_train);
    jsonw_put_u64(w, "rows_judged", s->n_test);
    if (row->published > 0)
        jsonw_put_f64(w, "published_weighted_f1", row->published);
    put_figures(w, r, s);
    jsonw_object_end(w);
}

void compare_print_json(struct jsonw *w, const struct compare_result *r)
{
    jsonw_object(w);
    jsonw_put_text(w, "title", r->experiment->title);
    jsonw_put_text(w, "protocol", lw_protocol_name(r->experiment->protocol));
    jsonw_put_u64(w, "rows", r->n_rows);
    jsonw_put_u64(w, "features", r->n_features);
    if (r->experiment->threshold > 0)
        jsonw_put_f64(w, "threshold", r->experiment->threshold);
    jsonw_key(w, "models");
    jsonw_array(w);
    for (size_t i = 0; i < r->n; i++)
        put_model(w, r, &r->row[i]);
    jsonw_array_end(w);
    jsonw_object_end(w);
}
